"""Language: what all languages share, and the one walk over the statements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from autograd_mini.compiler.expressions import Operand, Ref, Term
from autograd_mini.compiler.lower import Lowered
from autograd_mini.compiler.names import FreshNames, commented, identifier
from autograd_mini.compiler.statements import THETA, Statement
from autograd_mini.convert import number
from autograd_mini.ops import OPS, Op
from autograd_mini.symbols import Symbol


class Language:
    """A program in the making.

    A language says in `symbol` how rows of the table are written, in `read` what the text of a
    Ref is, and in `statement` and `text` how statements and programs are put together.

    Attributes:
        symbol: What rules are run on, to write themselves down.
        reserved: Names that the text may not give away.
        is_guarded: Whether its programs also return a number that is not finite where an operand
            has been outside of its row's domain.
        comment: What stands before a comment, and from which column on.
        buffers: The name of a buffer in the text, where that is not its own.
        body: The lines of its function, so far.
        namespace: The user's functions that the text calls and cannot define.
        arguments: The names of the arguments.
    """

    symbol: ClassVar[type[Symbol]] = Symbol
    reserved: ClassVar[frozenset[str]] = frozenset()
    is_guarded: ClassVar[bool] = False
    comment: ClassVar[tuple[str, int]] = "#", 0

    def __init__(self, lowered: Lowered) -> None:
        self.lowered = lowered
        self.plan = lowered.plan
        self.graph = lowered.plan.graph
        self.purpose = lowered.purpose
        self.names = FreshNames(self.reserved)
        self.arguments = [
            self.names.new(identifier(name) or f"x{k}") for k, name in enumerate(self.graph.names)
        ]
        self.buffers = {THETA: "theta", f"g_{THETA}": "gtheta"}
        for k, name in enumerate(self.arguments):
            self.buffers |= {f"x{k}": name, f"g_x{k}": f"g_{name}"}
        self.body: list[str] = []
        self.namespace: dict[str, Any] = {}
        self._function_names: dict[Any, str] = {}

    def program(self) -> str:
        """Return the text of the program."""
        for i, statement in enumerate(self.lowered.statements):
            if i == self.lowered.backward:
                self.line("", "backward")
            self.statement(statement)
        return self.text()

    def base(self, buffer: str) -> str:
        """Return the name of a whole buffer."""
        if buffer[0] == "t" and buffer not in self.buffers:
            self.buffers[buffer] = self.names.new("t", numbered=True)
        return self.buffers.get(buffer, buffer)

    def size(self, buffer: str) -> int:
        """Return how many rows a buffer has."""
        buffer = buffer.removeprefix("g_")
        if buffer[0] == "x":
            return len(self.graph.inputs[int(buffer[1:])])
        if buffer == THETA:
            return len(self.plan.parameters)
        return self.lowered.rows[buffer][0]

    def function_name(self, op: Op, f: Callable[..., Any]) -> str:
        """Return the name by which the text calls a function of a user's row."""
        if op.forward not in self._function_names:
            wish = f"{op.name}_row" if op.name in OPS else op.name
            name = self.names.new(identifier(wish) or "row")
            self._function_names[op.forward] = name
            self.namespace[name] = f
        return self._function_names[op.forward]

    def expression(self, x: Operand) -> Any:
        """Return an operand as text that takes part in arithmetic."""
        if isinstance(x, Ref):
            return self.symbol(self.read(x))
        if isinstance(x, Term):
            return self.term(x.op, x.operands)
        return self.symbol.of(float(x))

    def line(self, text: str, comment: str = "") -> None:
        """Write a line of the function."""
        sign, column = self.comment
        comment = f"{sign} {commented(comment)}" if comment else ""
        self.body.append(f"{text:<{column}}  {comment}" if text and comment else text or comment)

    def read(self, ref: Ref) -> str:
        """Return the text of what a statement reads."""
        raise NotImplementedError

    def term(self, op: Op, operands: tuple[Operand, ...]) -> Any:
        """Return a row applied to operands, as text that takes part in arithmetic."""
        raise NotImplementedError

    def statement(self, s: Statement) -> None:
        """Write one statement."""
        raise NotImplementedError

    def text(self) -> str:
        """Return the whole program."""
        raise NotImplementedError


def as_number(function: Callable[..., Any]) -> Callable[..., float]:
    """Return a user's function as one that gives floats or raises, as when a row is applied."""

    def converted(*operands: float) -> float:
        result = function(*operands)
        return result if type(result) is float else number(result)

    return converted

"""What the nodes of a graph are called, and its operations and rules written in these names."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final, TypeVar, cast

from autograd_mini import ops
from autograd_mini.graph.order import topological_order
from autograd_mini.ops import Op
from autograd_mini.symbols import ATOM, Symbol, written
from autograd_mini.value import Value

T = TypeVar("T")

_PLAIN_NAME: Final = re.compile(r"\w[\w.\[\]']*…?")
_LONGEST_NAME: Final = 40
_LONGEST_RULE: Final = 120
_MOST_OPERANDS: Final = 8
_SCREENFUL: Final = 2000  # characters


class Names:
    """What the nodes below a root are called: by label, else `n0`, `n1`, ... in topological order.

    Nothing is looked up before the first name is asked for: a pass that nobody prints pays nothing.
    """

    __slots__ = ("_node", "_positions", "_root", "_rules")

    def __init__(self, root: Value) -> None:
        self._root = root
        self._positions: dict[Value, int] = {}
        self._node: Value | None = None  # whose rules are in `_rules`
        self._rules: list[str] = []

    def id(self, node: Value) -> str:
        """Return `n7` for the node at position 7 of the topological order."""
        if not self._positions:
            self._positions = {n: i for i, n in enumerate(topological_order(self._root))}
        return f"n{self._positions[node]}"

    def of(self, node: Value) -> str:
        """Return the label of a node, quoted if it would be misread, or its id."""
        if not node.label:
            return self.id(node)
        label = shortened(node.label, _LONGEST_NAME)
        return label if _PLAIN_NAME.fullmatch(label) else repr(label)

    def operand(self, node: Value) -> str:
        """Return the name of an operand: a constant is its number."""
        return number_text(node.data) if node.is_constant else self.of(node)

    def expression(self, node: Value) -> str:
        """Return the operation of a node in names: `a * b`."""
        return written(cast(Op, node.op), abbreviated(node.inputs, self.operand))

    def rule(self, node: Value, argument: int, local: float) -> str:
        """Return the derivative of a node towards an argument in names: `d(a*b)/da = b`.

        A rule that does not run on names, such as one that calls `math`, gives its number.
        """
        op, inputs = cast(Op, node.op), node.inputs
        parent = inputs[argument]
        towards = self.of(parent)
        expression = written(
            op, abbreviated(inputs, lambda x: towards if x is parent else self.operand(x)), space=""
        )
        partial = self._partial(node, argument) or number_text(local)
        return f"d({expression})/d{towards} = {partial}"

    def _partial(self, node: Value, argument: int) -> str:
        op, inputs = cast(Op, node.op), node.inputs
        together = op.arity is None  # then the row gives all its partials at once
        if not (together and node is self._node):
            operands = [
                x.data if x.is_constant and (together or i != argument) else _Text(self.of(x))
                for i, x in enumerate(inputs)
            ]
            f = _Text(self.of(node))
            try:
                partials = (
                    op.partials(f, *operands)
                    if together
                    else (op.partials[argument](f, *operands),)
                )
                self._rules = [str(_Text.of(partial)) for partial in partials]
            except Exception:
                self._rules = [""] * len(inputs)
            self._node = node
        return shortened(self._rules[argument if together else 0], _LONGEST_RULE)


class _Text(Symbol):
    """A name in a rule that a person reads: the helpers that never raise look as in print.

    Beyond a screenful nobody reads it: then the rule is given up, and shows its number.
    """

    __slots__ = ()

    def __init__(self, text: str, level: int = ATOM) -> None:
        if len(text) > _SCREENFUL:
            raise ValueError("the rule is too long to be read")
        super().__init__(text, level)

    @classmethod
    def call(cls, op: Op, operands: tuple[Symbol, ...]) -> Symbol:
        if op is ops.POWER_SLOPE:
            x, y = operands
            return y * x ** (y - 1.0)
        if op is ops.QUOTIENT:
            return operands[0] / operands[1]
        if op is ops.LOG_OR_NAN:
            return super().call(ops.LOG, operands)
        if op is ops.GREATER or op is ops.LESS:
            return cls.compare(">" if op is ops.GREATER else "<", *operands)
        if op is ops.WHERE and operands[0].text == f"abs({operands[1].text}) > 0.0":
            return operands[1]  # `or_one`
        if op is ops.WHERE and operands[2].text.startswith("sqrt("):
            return operands[1]  # `unit`
        return super().call(op, operands)


def nodes_called(nodes: Sequence[Value], name: str) -> list[Value]:
    """Return the nodes with a label, or else the one with an id; `nodes` are in topological order.

    Example:
        >>> a = Value(2.0, "a")
        >>> nodes = [a, a * a]
        >>> nodes_called(nodes, "a"), nodes_called(nodes, "n1"), nodes_called(nodes, "b")
        ([Value(data=2.0, grad=0.0, label='a')], [Value(data=4.0, grad=0.0)], [])
    """
    found = [node for node in nodes if node.label == name]
    return found or [node for i, node in enumerate(nodes) if f"n{i}" == name]


def number_text(x: float) -> str:
    """Return a number as Python writes it."""
    return repr(float(x))


def shortened(text: str, length: int) -> str:
    """Return a text of at most `length` characters, the last a … if some are missing."""
    return text if len(text) <= length else text[: length - 1] + "…"


def abbreviated(operands: Sequence[T], text: Callable[[T], str]) -> list[str]:
    """Return the text of every operand, or of the first few and the last."""
    if len(operands) <= _MOST_OPERANDS:
        return [text(x) for x in operands]
    return [*[text(x) for x in operands[: _MOST_OPERANDS - 2]], "…", text(operands[-1])]

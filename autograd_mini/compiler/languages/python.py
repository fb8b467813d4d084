"""Python: straight-line code on floats, for a single example; it needs no NumPy."""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Final

from autograd_mini import ops
from autograd_mini.compiler.expressions import Operand, Ref, Term, extent, flat_index, indices
from autograd_mini.compiler.language import Language, as_number
from autograd_mini.compiler.lower import Lowered
from autograd_mini.compiler.names import identifier, place_of
from autograd_mini.compiler.plan import FORWARD, GRADIENT, INPUTS
from autograd_mini.compiler.rows import COMPARISONS, COPY, MATMUL_NT, MATMUL_TN, PRODUCTS, PUT, SUM
from autograd_mini.compiler.statements import CONSTANTS, SEED, SHARED, THETA, VALUES, Statement
from autograd_mini.compiler.sums import is_square
from autograd_mini.ops import Op
from autograd_mini.symbols import ATOM, PRODUCT, SIGN, SIGNS, TRUTH, Symbol
from autograd_mini.symbols import SUM as IN_SUM

_LINES: Final = 500  # lines up to which the text shows the user's


class MathSymbol(Symbol):
    """A symbol that writes plain Python on floats."""

    __slots__ = ()

    words: ClassVar = {x: f'float("{x}")' for x in ("nan", "inf", "-inf")}

    @classmethod
    def power(cls, base: Symbol, exponent: Symbol) -> Symbol:
        """Return the text of a power; only a whole exponent is sure to give a real number."""
        if exponent.level in (ATOM, SIGN) and exponent.text.lstrip("-").endswith(".0"):
            return super().power(base, exponent)
        return cls(f"pow({base.text}, {exponent.text})")


class Writer(Language):
    """A program of one example: every row of a buffer is a name.

    What is stored in a row is written when something reads it, so that a sum of contributions
    is one line.

    Attributes:
        known: For each row of a buffer, its name, or what will be stored under its name.
        pending: The rows that have no line yet.
        imports: The lines that define the functions that are called.
    """

    symbol = MathSymbol
    reserved: ClassVar[frozenset[str]] = frozenset(
        {*keyword.kwlist, *dir(builtins), *ops.OPS, "OPS", "theta", FORWARD, GRADIENT, INPUTS}
    )

    def __init__(self, lowered: Lowered) -> None:
        super().__init__(lowered)
        self.known: dict[tuple[str, int], Any] = {}
        self.pending: set[tuple[str, int]] = set()
        self.nodes: dict[tuple[str, int], int] = {}  # of the rows of `values` and `shared`
        self.adjoints: dict[str, tuple[str, int]] = {}  # whose each name is
        self.imports: dict[str, None] = {}
        for group in self.plan.groups:
            out = group.out
            self.nodes.update(((out.buffer, row), i) for row, i in zip(out.rows, group.members))  # noqa: B905
        self._unpack_all()

    def line(self, text: str, comment: str = "") -> None:
        """Write a line of the function; no comment stands alone."""
        if text:
            super().line(text, comment)

    # Names.

    def _unpack_all(self) -> None:
        labels = [self.graph.labels[i] for i in self.plan.parameters]
        wishes = [identifier(label) or f"p{row}" for row, label in enumerate(labels)]
        self._unpack("theta", THETA, wishes)
        for k, (name, ids, shape) in enumerate(
            zip(self.arguments, self.graph.inputs, self.graph.shapes, strict=True)
        ):
            if shape == ():
                self.known[f"x{k}", 0] = MathSymbol(name)
            else:
                self._unpack(name, f"x{k}", [f"{name}{row}" for row in range(len(ids))])

    def _unpack(self, source: str, buffer: str, wishes: Sequence[str]) -> None:
        names = [self.names.new(wish) for wish in wishes]
        for row, name in enumerate(names):
            self.known[buffer, row] = MathSymbol(name)
        if names:
            self.line(f"{', '.join(names)}{',' if len(names) == 1 else ''} = {source}")

    def _name(self, key: tuple[str, int]) -> str:
        """Return a name for what a row holds, after its node."""
        buffer, row = key
        if buffer[:2] == "g_":
            base = (buffer[2:], row)
            if base in self.known and base not in self.pending:
                name = f"g_{self.known[base]}"
                if self.adjoints.setdefault(name, key) == key:  # several rows may be one number
                    return name
            return self.names.new(f"d{row}", numbered=True)
        if buffer in (VALUES, SHARED):
            node = self.nodes[key]
            return self.names.new(identifier(self.graph.labels[node]) or f"v{node}")
        return self.names.new(f"{buffer}_{row}")

    # Numbers.

    def stored(self, buffer: str, row: int) -> Any:
        """Return a row as text that takes part in arithmetic."""
        if buffer == CONSTANTS:
            return MathSymbol.of(self.graph.data[row])
        if buffer == SEED:
            return 1.0
        key = buffer, row
        if key in self.pending:
            self.pending.discard(key)
            x = self.known[key]
            if not isinstance(x, float) and not x.text.isidentifier():
                name = self._name(key)
                node = self.nodes.get(key, -1)
                tell = node >= 0 and len(self.body) < _LINES
                self.line(f"{name} = {_float_text(x)}", place_of(self.plan, [node]) if tell else "")
                self.known[key] = MathSymbol(name)
        return self.known.get(key, 0.0)

    def element(self, x: Operand, index: Sequence[int]) -> Any:
        """Return one element of an operand."""
        if isinstance(x, Ref):
            return self.stored(x.buffer, x.rows[flat_index(x.shape, index)])
        if isinstance(x, Term):
            return self.applied(x.op, [self.element(y, index) for y in x.operands])
        return MathSymbol.of(float(x))

    def applied(self, op: Op, operands: list[Any]) -> Any:
        """Return a row applied to texts."""
        if op is COPY:
            return operands[0]
        if op is not ops.WHERE and all(map(_is_truth, operands)):  # True + True is an int
            operands = [MathSymbol(_float_text(operands[0]), PRODUCT), *operands[1:]]
        if op is ops.MUL or op is ops.NEG:  # a seed of 1 leaves no trace
            if all(isinstance(x, float) for x in operands):
                return op.forward(*operands)
            return MathSymbol.apply(op, *operands)
        texts = [MathSymbol.of(x) for x in operands]
        if op in COMPARISONS:
            a, b = [x.within(IN_SUM) for x in texts]
            return MathSymbol(f"({a} {COMPARISONS[op]} {b})", TRUTH)
        if op is ops.WHERE:
            cond, a, b = texts
            return MathSymbol(f"({a.text} if {cond.text} else {b.text})")
        if op.name in SIGNS and ops.OPS[op.name] is op:
            found = MathSymbol.apply(op, *texts)
            if found.text.startswith("pow("):
                self.function(op)
            return found
        return MathSymbol(f"{self.function(op)}({', '.join(map(_float_text, texts))})")

    def function(self, op: Op) -> str:
        """Return the name of a row's own forward."""
        f = op.forward
        if not ops.is_built_in(op):  # a name of the user's is never code
            return self.function_name(op, as_number(f))
        if op is ops.ABS:
            return "abs"
        if getattr(f, "__module__", "") == "math":
            alias = f" as {op.name}" if f.__name__ != op.name else ""
            line = f"from math import {f.__name__}{alias}"
        elif op is ops.PLACE:
            line = "from autograd_mini.ops.forwards import place"
        else:
            line = f"{op.name} = OPS[{op.name!r}].forward"
        self.imports[line] = None
        return op.name

    # Statements.

    def statement(self, s: Statement) -> None:
        """Write one statement, an element at a time."""
        if s.op is PUT:
            self._put(s)
            return
        for at, index in enumerate(indices(s.out.shape)):
            self._store(s.out.buffer, s.out.rows[at], self._element(s, index), add=s.add)

    def _element(self, s: Statement, index: Sequence[int]) -> Any:
        if s.op in PRODUCTS:
            return self._product(s, index)
        if s.op is ops.TAKE:
            at, table = s.refs
            k, n = table.shape
            m = flat_index(s.out.shape, index)
            column = [str(self.stored(table.buffer, table.rows[j * n + m])) for j in range(k)]
            return MathSymbol(f"({', '.join(column)},)[int({self.element(at, index)})]")
        if s.op is SUM or (s.op.arity is None and len(s.operands) == 1):
            (x,) = s.operands
            shape, _ = extent(x)
            column = [self.element(x, i) for i in _summed(shape, s.out.shape, index)]
            return self._total(column) if s.op is SUM else self.applied(s.op, column)
        return self.applied(s.op, [self.element(x, index) for x in s.operands])

    def _put(self, s: Statement) -> None:
        at, g = s.operands
        k, n = s.out.shape
        for m, index in enumerate(indices(extent(g)[0])):
            there, x = self.element(at, index), MathSymbol.of(self.element(g, index))
            for j in range(k):
                text = MathSymbol(f"({x} if {there} == {j}.0 else 0.0)")
                self._store(s.out.buffer, s.out.rows[j * n + m], text, add=True)

    def _product(self, s: Statement, index: Sequence[int]) -> Any:
        a, b = s.refs
        i, j = index
        inner = range(a.shape[0 if s.op is MATMUL_TN else 1])
        left = [self.element(a, (k, i) if s.op is MATMUL_TN else (i, k)) for k in inner]
        right = [self.element(b, (j, k) if s.op is MATMUL_NT else (k, j)) for k in inner]
        pairs = zip(left, right, strict=True)
        return self._total([self.applied(ops.MUL, [*pair]) for pair in pairs])

    def _total(self, terms: list[Any]) -> Any:
        if len(terms) == 1:
            return terms[0]
        texts = [MathSymbol.of(x) for x in terms]
        rest = [x.within(IN_SUM + 1) for x in texts[1:]]
        return MathSymbol(" + ".join([texts[0].within(IN_SUM), *rest]), IN_SUM)

    def _store(self, buffer: str, row: int, x: Any, *, add: bool) -> None:
        key = buffer, row
        if add:
            before = self.known.get(key, 0.0)
            if key not in self.pending:
                before = self.stored(buffer, row)
            x = x if isinstance(before, float) and before == 0.0 else self._total([before, x])
        self.known[key] = x
        self.pending.add(key)

    # The whole.

    def text(self) -> str:
        """Return the whole program."""
        results = [
            _float_text(MathSymbol.of(self.stored(ref.buffer, ref.rows[0])))
            for ref in self.plan.results
        ]
        for ref in self.lowered.watched:  # it raises outside of its domain, whoever reads it
            for row in ref.rows:
                x, node = self.stored(ref.buffer, row), self.nodes.get((ref.buffer, row), -1)
                if node >= 0 and self.graph.ops[node] is ops.PLACE:
                    self.line(f"if {x} != {x}: raise IndexError", "no such element")
                elif node in self.plan.squared or (node >= 0 and is_square(self.graph, node)):
                    self.line(f'if {x} == float("inf"): raise OverflowError', "a power, perhaps")
        if self.purpose == FORWARD:
            answer = f"({', '.join(results)}{',' if len(results) == 1 else ''})"
        else:
            wanted = {THETA: len(self.plan.parameters)}
            if self.purpose == INPUTS:
                wanted = {f"x{k}": len(ids) for k, ids in enumerate(self.graph.inputs)}
            gradients = [self.stored(f"g_{x}", i) for x, n in wanted.items() for i in range(n)]
            texts = ", ".join([str(MathSymbol.of(g)) for g in gradients])
            answer = f"{results[0]}, ({texts}{',' if gradients else ''})"
        head = sorted(self.imports, key=lambda line: not line.startswith("from"))
        if any("OPS[" in line for line in head):
            head.insert(0, "from autograd_mini import OPS")
        lines = [
            *([*head, "", ""] if head else []),
            f"def {self.purpose}({', '.join(['theta', *self.arguments])}):",
            '    """One example, in plain floats."""',
            *[f"    {line}" for line in [*self.body, f"return {answer}"]],
            "",
        ]
        return "\n".join(lines)


def _float_text(x: Any) -> str:
    """Return a text that is a float where a comparison alone is a truth value."""
    return f"1.0 * {x}" if _is_truth(x) else str(x)


def _is_truth(x: Any) -> bool:
    return isinstance(x, MathSymbol) and x.level == TRUTH


def _summed(
    shape: tuple[int, ...], out: tuple[int, ...], index: Sequence[int]
) -> Iterable[tuple[int, ...]]:
    """Return the places of an array that are summed up to one place of `out`."""
    lead = len(shape) - len(out)
    fixed = [
        None if i < lead or out[i - lead] < n else index[i - lead] for i, n in enumerate(shape)
    ]
    for at in indices(tuple([n if j is None else 1 for n, j in zip(shape, fixed, strict=True)])):
        yield tuple([i if j is None else j for i, j in zip(at, fixed, strict=True)])

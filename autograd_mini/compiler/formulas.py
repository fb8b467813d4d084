"""Formulas: what the user's own rows write, which may change with what they refer to.

A graph knows a row by its name, and a text has the numbers that its formulas read when they were
written out. So two runs of a function are the same program if these write the same, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd_mini.compiler.expressions import Operand, Ref, Term, as_expression
from autograd_mini.ops import Op, is_built_in

if TYPE_CHECKING:
    from autograd_mini.compiler.record import Graph


class Formulas:
    """What the user's rows of a graph write: forward and partials, as they were at first.

    Args:
        graph: Its operations.
    """

    def __init__(self, graph: Graph) -> None:
        own = {op for op in {*graph.ops} if op is not None and not is_built_in(op)}
        counts = {*zip(graph.ops, map(len, graph.args), strict=True)} if own else ()
        self._rows = [(op, count) for op, count in counts if op in own]
        self._numbers: dict[Any, int] = {}  # of parts: equal ones have the same
        self._written = [*map(self._write, self._rows)]

    def changed(self) -> str:
        """Return the name of a row that writes something else by now; "" if none does."""
        for row, before in zip(self._rows, self._written, strict=True):
            if self._write(row) != before:
                return row[0].name
        return ""

    def _write(self, row: tuple[Op, int]) -> list[list[int]]:
        op, count = row
        f, *operands = [Ref("x", [i], (1,), True) for i in range(count + 1)]
        rules = (op.partials,) if op.arity is None else op.partials
        texts: list[Any] = [as_expression(op.formula, *operands)]
        texts += [as_expression(rule, f, *operands) for rule in rules]
        seen: dict[int, int] = {}
        parts: list[tuple[Any, ...]] = [x if isinstance(x, tuple) else (x,) for x in texts]
        return [[self._number(x, seen) for x in part] for part in parts]

    def _number(self, x: Operand | None, seen: dict[int, int]) -> int:
        """Return the number of a part; what is written once and read twice is looked at once."""
        if id(x) not in seen:
            is_term = isinstance(x, Term)
            key = (x.op, *[self._number(y, seen) for y in x.operands]) if is_term else repr(x)
            seen[id(x)] = self._numbers.setdefault(key, len(self._numbers))
        return seen[id(x)]

"""Expressions: what a statement reads, and what a rule becomes when it is run on that."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, reduce
from itertools import product
from typing import Any, Final, NoReturn, TypeAlias

from autograd_mini import ops
from autograd_mini.compiler.rows import AT_LEAST, AT_MOST, COMPARISONS
from autograd_mini.ops import PLAIN, Number, Op
from autograd_mini.symbols import SIGNS


class Expression(Number):
    """What a rule is run on in place of a number, in order to be written down.

    It refuses whatever needs the number itself: a rule that branches, compares for equality or
    looks its operand up is not arithmetic, and stays a Python function.
    """

    __slots__ = ()

    refusals = 0  # how often: a rule may catch the error, and go on

    @classmethod
    def apply(cls, op: Op, *operands: Any) -> Any:
        """Return a row applied to operands; multiplying by 1 and the like leave no trace."""
        operands = tuple([x if isinstance(x, Expression) else _exact(x) for x in operands])
        if op not in ops.ELEMENTARY and ops.OPS.get(op.name) is op:  # it is made of other rows
            before = Expression.refusals
            whole = as_expression(op.formula, *operands)
            if whole is not None and not isinstance(whole, tuple):
                return whole
            Expression.refusals = before
        if op is ops.TOTAL or op is ops.DOT or op is ops.PRODUCT:
            return _chain(op, operands)
        found = _simplified(op, *operands) if op in _SIMPLIFIED else None
        return Term(op, operands) if found is None else found

    def __lt__(self, other: Any) -> Any:
        return self.apply(ops.LESS, self, other)

    def __gt__(self, other: Any) -> Any:
        return self.apply(ops.GREATER, self, other)

    def __le__(self, other: Any) -> Any:
        return self.apply(AT_MOST, self, other)

    def __ge__(self, other: Any) -> Any:
        return self.apply(AT_LEAST, self, other)

    def _refused(self, *others: object) -> NoReturn:
        Expression.refusals += 1
        raise TypeError("a rule that needs the number itself cannot be written as arithmetic")

    __bool__ = __eq__ = __ne__ = __hash__ = _refused  # type: ignore[assignment]  # pyright: ignore
    __float__ = __int__ = __index__ = __round__ = __floor__ = __ceil__ = __trunc__ = _refused


Operand: TypeAlias = "float | Expression"


class Ref(Expression):
    """Numbers that a statement reads or writes: rows of a buffer, as an array.

    Attributes:
        buffer: Where they are.
        rows: Which rows, in the order of the array.
        shape: Of the array, without the columns.
        varies: Whether there is a column for every example.
        nodes: The nodes of the graph, where these are known.
    """

    def __init__(
        self,
        buffer: str,
        rows: Sequence[int],
        shape: tuple[int, ...],
        varies: bool,
        nodes: Sequence[int] = (),
    ) -> None:
        self.buffer = buffer
        self.rows = rows
        self.shape = shape
        self.varies = varies
        self.nodes = nodes

    @cached_property
    def strides(self) -> tuple[int, ...] | None:
        """How many rows one step along each axis leads on, if it is the same everywhere."""
        return _strides(self.rows, self.shape)

    @property
    def span(self) -> tuple[int, int] | None:
        """Return (first, end) if the rows follow one another."""
        first, end = self.rows[0], self.rows[0] + len(self.rows)
        follow = self.rows[-1] == end - 1 and self.strides == dense(self.shape)
        return (first, end) if follow else None

    @property
    def block(self) -> str:
        """How the rows fill a block of the buffer: "rows", "columns" (transposed), or ""."""
        strides = self.strides
        if strides is None:
            return ""
        if strides == dense(self.shape):
            return "rows"
        if len(self.shape) == 2 and strides == (1, self.shape[0]):
            return "columns"
        return "rows" if len(self.shape) == 1 and strides[0] > 0 else ""

    def shaped(self, *shape: int) -> Ref:
        """Return the same rows as an array of another shape."""
        return Ref(self.buffer, self.rows, shape, self.varies, self.nodes)

    def elements(self, at: Iterable[int], *shape: int) -> Ref:
        """Return some of the elements as an array."""
        at = list(at)
        nodes = [self.nodes[i] for i in at] if self.nodes else ()
        return Ref(self.buffer, [self.rows[i] for i in at], shape, self.varies, nodes)

    def of(self, buffer: str) -> Ref:
        """Return the same rows of another buffer."""
        found = Ref(buffer, self.rows, self.shape, self.varies, self.nodes)
        found.strides = self.strides
        return found

    def __str__(self) -> str:
        span = self.span
        rows = f"{span[0]}:{span[1]}" if span else ",".join(map(str, self.rows[:8]))
        return f"{self.buffer}[{rows}]" + (str(self.shape) if len(self.shape) > 1 else "")

    __repr__ = __str__


class Term(Expression):
    """A row of the table applied to operands."""

    __slots__ = ("op", "operands")

    def __init__(self, op: Op, operands: tuple[Operand, ...]) -> None:
        self.op = op
        self.operands = operands

    def __str__(self) -> str:
        return row_text(self.op, self.operands)

    __repr__ = __str__


def row_text(op: Op, operands: tuple[Operand, ...]) -> str:
    """Return a row applied to operands as text, for a list that is printed."""
    sign = SIGNS.get(op.name) or COMPARISONS.get(op)
    if sign:
        return f"({operands[0]} {sign} {operands[1]})"
    return f"{op.name}({', '.join(map(str, operands))})"


def extent(x: Operand) -> tuple[tuple[int, ...], bool]:
    """Return the shape that an operand has, and whether it varies over the batch."""
    shape: tuple[int, ...] = ()
    varies = False
    for ref in reads(x):
        shape, varies = _broadcast(shape, ref.shape), varies or ref.varies
    return shape, varies


def _broadcast(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    if len(a) < len(b):
        a, b = b, a
    lead = len(a) - len(b)
    return (*a[:lead], *[max(x, y) for x, y in zip(a[lead:], b, strict=True)])


def reads(x: Operand) -> Iterable[Ref]:
    """Return all that an operand reads."""
    stack = [x]
    while stack:
        x = stack.pop()
        if isinstance(x, Ref):
            yield x
        elif isinstance(x, Term):
            stack += x.operands[::-1]


def dense(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return how far one step along each axis leads in an array without gaps."""
    if len(shape) == 1:
        return (1,) if shape[0] > 1 else (0,)
    k, n = shape
    return (n if k > 1 else 0, 1 if n > 1 else 0)


def _strides(rows: Sequence[int], shape: tuple[int, ...]) -> tuple[int, ...] | None:
    first = rows[0]
    if rows[-1] == first + len(rows) - 1 and list(rows) == list(range(first, first + len(rows))):
        return dense(shape)
    k, n = (1, *shape)[-2:]
    down = rows[n] - first if k > 1 else 0
    right = rows[1] - first if n > 1 else 0
    for i in range(k):
        start = first + i * down
        line = range(start, start + right * n, right) if right else [start] * n
        if list(rows[i * n : i * n + n]) != list(line):
            return None
    return (down, right)[-len(shape) :]


def indices(shape: tuple[int, ...]) -> Iterable[tuple[int, ...]]:
    """Return the index of every element of an array of some shape."""
    return product(*map(range, shape))


def flat_index(shape: tuple[int, ...], index: Sequence[int]) -> int:
    """Return which element stands at an index of an array that this one is broadcast to."""
    at = 0
    for n, i in zip(shape, index[len(index) - len(shape) :], strict=True):
        at = at * n + (i if n > 1 else 0)
    return at


# Arithmetic.


def _exact(x: Any) -> float:
    return x if type(x) is int else float(x)  # an exact 0 starts a sum


def identical(x: float, y: float) -> bool:
    """Return whether two floats are the same to the bit: 0.0 is not -0.0, nan is nan."""
    return repr(float(x)) == repr(float(y))


_SIMPLIFIED: Final = frozenset(
    {ops.ADD, ops.SUB, ops.MUL, ops.DIV, ops.POW, ops.NEG, ops.POWER_SLOPE}
)


def _simplified(op: Op, a: Any, b: Any = None) -> Any:
    """Return what an operation leaves as it is, to the bit, or writes shorter; else None."""
    if op is ops.NEG:
        return a.operands[0] if isinstance(a, Term) and a.op is ops.NEG else None  # -(-x) -> x
    left = a if isinstance(a, PLAIN) else None
    right = b if isinstance(b, PLAIN) else None
    if op is ops.ADD:  # 0 + x -> x for the exact 0 only: -0.0 + 0.0 is 0.0
        return b if type(left) is int and not left else None
    if op is ops.SUB:
        return a if right is not None and identical(right, 0.0) else None  # x - 0.0 -> x
    if op is ops.MUL:
        if left == 1.0:
            return b  # 1 * x -> x
        if right == 1.0:
            return a  # x * 1 -> x
        if left == -1.0:
            return -b  # -1 * x -> -x
        return -a if right == -1.0 else None  # x * -1 -> -x
    if op is ops.POWER_SLOPE:  # of a power that is known
        return right * a ** (right - 1.0) if right and math.isfinite(right) else None
    if right == 1.0:
        return a  # x / 1 -> x, x ** 1 -> x
    if op is ops.POW and right == 2.0 and isinstance(a, Ref):
        return a * a  # x ** 2 -> x * x
    return None


def _chain(op: Op, operands: tuple[Any, ...]) -> Any:
    """Return a sum, a product or a dot of expressions as binary operations, left to right."""
    if op is ops.DOT:
        n = len(operands) // 2
        pairs = zip(operands[:n], operands[n : 2 * n], strict=True)
        operands = (*[x * y for x, y in pairs], *operands[2 * n :])
    if not operands:
        return 1.0 if op is ops.PRODUCT else 0.0
    return reduce(operator.mul if op is ops.PRODUCT else operator.add, operands)


# Rules.


def as_expression(rule: Callable[..., Any], *operands: Operand) -> Any:
    """Return what a rule computes, as an expression or a tuple of them; None if it hides it."""
    before = Expression.refusals
    try:
        found = rule(*operands)
    except Exception:  # whatever a function of the user's does with what is not a number
        return None
    if Expression.refusals != before:
        return None
    many = isinstance(found, (tuple, list))
    whole: list[Any] = list(found) if many else [found]  # pyright: ignore[reportUnknownArgumentType]
    try:
        each = [x if isinstance(x, Expression) else float(x) for x in whole]
    except Exception:
        return None
    return tuple(each) if many else each[0]


def replaced(x: Operand, new: Callable[[Ref], Operand]) -> Operand:
    """Return an expression with something else in place of each Ref."""
    if isinstance(x, Term):
        return Term(x.op, tuple([replaced(y, new) for y in x.operands]))
    return new(x) if isinstance(x, Ref) else x

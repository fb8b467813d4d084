"""Hypothesis strategies: numbers, Values, points of an operation's domain, random programs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeAlias

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from autograd_mini.ops import OPS, UNDEFINED, Op, is_built_in
from autograd_mini.testing.checker import Report, check_gradients
from autograd_mini.testing.source import letters, source
from autograd_mini.value import Value, apply

Code: TypeAlias = tuple[tuple[str, tuple[int, ...]], ...]

# The sizes of the numbers in a program, besides 0: beyond, slopes leave the range of floats.
_SMALLEST, _LARGEST = 1e-6, 1e3


def finite(min_value: float = -10.0, max_value: float = 10.0) -> SearchStrategy[float]:
    """Return a strategy for finite floats, both ends included.

    Example:
        >>> finite(-3, 3)
        floats(min_value=-3.0, max_value=3.0, allow_subnormal=False)
    """
    return st.floats(float(min_value), float(max_value), allow_subnormal=False)


def positive(min_value: float = 1e-3, max_value: float = 10.0) -> SearchStrategy[float]:
    """Return a strategy for floats above 0.

    Raises:
        ValueError: If `min_value` is not above 0.

    Example:
        >>> positive(max_value=2.0)
        floats(min_value=0.001, max_value=2.0, allow_subnormal=False)
    """
    if not min_value > 0.0:
        raise ValueError(f"positive needs a min_value above 0, but got {min_value!r}")
    return finite(min_value, max_value)


def nonzero(min_value: float = -10.0, max_value: float = 10.0) -> SearchStrategy[float]:
    """Return a strategy for floats at least 0.001 away from 0.

    Raises:
        ValueError: If the range holds no such number.

    Example:
        >>> nonzero(0.0, 1.0)
        floats(min_value=0.001, max_value=1.0, allow_subnormal=False)
    """
    gap = 1e-3
    sides = [(max(gap, min_value), max_value), (min_value, min(-gap, max_value))]
    ranges = [finite(low, high) for low, high in sides if low <= high]
    if not ranges:
        raise ValueError(f"nonzero has nothing to draw from {min_value!r} to {max_value!r}")
    return st.one_of(ranges)


def values(numbers: SearchStrategy[float] | None = None) -> SearchStrategy[Value]:
    """Return a strategy for Values that are leaves, of any finite number.

    Args:
        numbers: What they hold.

    Example:
        >>> from hypothesis import given
        >>> @given(values(finite(0, 1)))
        ... def test(x):
        ...     assert 0 <= x.data <= 1
        >>> test()
    """
    return st.builds(Value, finite(-1e6, 1e6) if numbers is None else numbers)


def points(op: Op | str | int, *, count: int | None = None) -> SearchStrategy[tuple[float, ...]]:
    """Return a strategy for operands of an operation, where it is smooth.

    Args:
        op: A row or its name; or a number n, for any n numbers.
        count: How many operands, for a row that takes any number of them; by default 1 to 5, or
            as many as it lists ranges.

    Raises:
        ValueError: If no operation has that name, with what there is.

    Example:
        >>> from hypothesis import given
        >>> @given(points("log"))
        ... def test(operands):
        ...     assert OPS["log"].forward(*operands) < 1.1
        >>> test()
    """
    if isinstance(op, int):
        return st.tuples(*[finite()] * op)
    row = _as_op(op)
    if row.arity is None and count is None and not isinstance(row.smooth[0], tuple):
        return st.integers(1, 5).flatmap(lambda n: points(row, count=n))
    return st.tuples(*[finite(low, high) for low, high in row.smooth_ranges(count)])


def _as_op(op: Op | str) -> Op:
    if isinstance(op, Op):
        return op
    if op not in OPS:
        raise ValueError(f"no operation is called {op!r}: there are {', '.join(OPS)}")
    return OPS[op]


class StraightLineProgram:
    """Straight-line code: a function of a few numbers that can be run, checked and printed.

    Args:
        inputs: The point at which it is checked.
        code: Lines (operation, operands); operand k >= 0 is the result of line k, and operand
            -k the k-th input. The last line is the result.

    Example:
        >>> program = StraightLineProgram((3.0,), (("tanh", (-1,)), ("mul", (-1, 0))))
        >>> program
        from autograd_mini import Value, tanh
        a = Value(3.0)
        t0 = tanh(a)
        t1 = a * t0
        t1.backward()
        >>> program(0.0)
        0.0
        >>> print(program.check())
        ok: 1 gradient, 2 operations, 3 local derivatives
    """

    __slots__ = ("code", "inputs")

    def __init__(self, inputs: Iterable[float], code: Iterable[tuple[str, Sequence[int]]]) -> None:
        self.inputs = tuple(inputs)
        self.code: Code = tuple([(name, tuple(operands)) for name, operands in code])

    def run(self, *inputs: object) -> list[Any]:
        """Return the result of every line: Values where an operand is one."""
        results: list[Any] = []
        for name, operands in self.code:
            given = [results[k] if k >= 0 else inputs[-k - 1] for k in operands]
            results.append(apply(OPS[name], *given))
        return results

    def __call__(self, *inputs: Any) -> Any:
        """Return the result of the last line."""
        return self.run(*inputs)[-1] if self.code else inputs[-1]

    def build(self) -> tuple[list[Value], Value]:
        """Return the inputs as labeled Values, and the root of the graph over them."""
        leaves = [Value(x, name) for x, name in zip(self.inputs, letters(), strict=False)]
        return leaves, self(*leaves)

    def check(self, order: int = 1) -> Report:
        """Check its gradients at its inputs; see `check_gradients`."""
        return check_gradients(self, *self.inputs, order=order)

    def debug(self) -> None:
        """Step through its backward pass in the terminal."""
        root: Any = self.build()[1]
        root.debug()

    def source(self) -> str:
        """Return it as Python that runs."""
        return source(self.build()[1])

    def __repr__(self) -> str:
        try:
            return self.source()
        except Exception:  # an operation is broken, and this is the report of it
            return f"StraightLineProgram({self.inputs!r}, {self.code!r})"

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        for i, line in enumerate(repr(self).split("\n")):
            if i:
                printer.break_()
            printer.text(line)

    def __eq__(self, other: object) -> bool:
        is_one = isinstance(other, StraightLineProgram)
        return is_one and (self.inputs, self.code) == (other.inputs, other.code)

    def __hash__(self) -> int:
        return hash((self.inputs, self.code))


Program = StraightLineProgram  # its shorter name


def programs(
    ops: Iterable[Op | str] | None = None,
    *,
    max_ops: int = 8,
    numbers: SearchStrategy[float] | None = None,
) -> SearchStrategy[StraightLineProgram]:
    """Return a strategy for programs: straight-line code with shared results, and a point.

    Operands count back from the newest result, so sharing is common and a failure shrinks to
    few lines. An operand outside of an operation's domain is replaced by a new input inside it,
    and lines that make a gradient nan are left out: every program has a result and a gradient,
    and none is thrown away.

    Args:
        ops: Operations or their names; by default all, also those that you registered.
        max_ops: The most lines.
        numbers: What inputs are drawn from first; by default numbers from -3 to 3.

    Raises:
        ValueError: If `max_ops` is below 1, or no operation has a given name.

    Example:
        >>> from hypothesis import given
        >>> @given(programs(["add", "mul", "tanh"], max_ops=4))
        ... def test(program):
        ...     program.check()
        >>> test()
    """
    if max_ops < 1:
        raise ValueError(f"a program has one line or more, but max_ops is {max_ops}")
    table = list(OPS.values()) if ops is None else [_as_op(op) for op in ops]
    drawn = _telling_numbers() if numbers is None else numbers
    lines = st.lists(_lines(table, drawn), min_size=1, max_size=max_ops)
    return st.builds(_interpreted, drawn, lines)


def _telling_numbers() -> SearchStrategy[float]:
    """Numbers from -3 to 3 that shrink to 1: at 0 most mistakes do not show."""
    anywhere = finite(-4.0, 2.0).map(lambda x: x + 1.0 if abs(x + 1.0) >= _SMALLEST else 0.0)
    return anywhere | st.sampled_from([0.0, 1.0, -1.0, 2.0, 0.5])


_BACK: Final = (0, 0, 0, 0, 1, 1, 2, 3, 5)  # how many results an operand counts back
_Line: TypeAlias = tuple[Op, list[int | float], int]


@st.composite
def _lines(draw: DrawFn, table: list[Op], numbers: SearchStrategy[float]) -> _Line:
    """Draw a line by itself, so that Hypothesis can leave any of them out."""
    op = draw(st.sampled_from(table))
    operands: list[int | float] = []
    for _ in range(op.arity or draw(st.integers(1, 4))):
        k = draw(st.integers(0, len(_BACK)))
        operands.append(_BACK[k] if k < len(_BACK) else draw(numbers))
    return op, operands, draw(st.integers(0, 20))


def _interpreted(first: float, lines: list[_Line]) -> StraightLineProgram:
    """Return the program that lines describe; what has no part in its result is left out."""
    inputs = [first]
    code: list[tuple[str, tuple[int, ...]]] = []
    results: list[float] = []
    for op, drawn, twentieths in lines:
        operands: list[int] = []
        for x in drawn:
            if isinstance(x, float):
                inputs.append(x)
                operands.append(-len(inputs))
            else:  # the newest result first, then older ones, then the inputs
                back = x % (len(results) + len(inputs))
                operands.append(len(results) - 1 - back)
        given = [results[k] if k >= 0 else inputs[-k - 1] for k in operands]
        result = _result(op, given)
        for i, (low, high) in reversed(list(enumerate(op.smooth_ranges(len(given))))):
            if result is not None:
                break
            inputs.append(low + (high - low) * twentieths / 20)
            operands[i], given[i] = -len(inputs), inputs[-1]
            result = _result(op, given)
        if result is not None:
            code.append((op.name, tuple(operands)))
            results.append(result)
    while code:
        program = _pruned(inputs, code)
        if _has_a_gradient(program):
            return program
        code.pop()
    return StraightLineProgram(inputs[:1], [("neg", (-1,))])


def _has_a_gradient(program: StraightLineProgram) -> bool:
    """Return whether no gradient is nan, as 0 times an infinite slope is.

    What an operation of the user's gives is for a check to tell.
    """
    if not all(is_built_in(OPS[name]) for name, _ in program.code):
        return True
    leaves, root = program.build()
    root.backward()
    return not any(math.isnan(x.grad) for x in leaves)


def _result(op: Op, operands: Sequence[float]) -> float | None:
    """Return what an operation gives, if it is a number of moderate size."""
    try:
        result = float(op.forward(*operands))
    except UNDEFINED:
        return None
    return result if result == 0.0 or _SMALLEST <= abs(result) <= _LARGEST else None


def _pruned(inputs: list[float], code: list[tuple[str, tuple[int, ...]]]) -> StraightLineProgram:
    needed = {len(code) - 1}
    for k in range(len(code) - 1, -1, -1):
        if k in needed:
            needed.update(code[k][1])
    lines = [k for k in range(len(code)) if k in needed]
    kept = [k for k in range(len(inputs)) if -k - 1 in needed]
    place = {k: i for i, k in enumerate(lines)} | {-k - 1: -i - 1 for i, k in enumerate(kept)}
    return StraightLineProgram(
        [inputs[k] for k in kept], [(code[k][0], [place[x] for x in code[k][1]]) for k in lines]
    )

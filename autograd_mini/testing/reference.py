"""True derivatives: the recorded graph, replayed with a hundred digits and without the rules.

The derivative of one operation is a difference quotient with a step of 1e-35: at a hundred
digits its error is far below a float's, and no step of that size crosses a kink on which the
point does not lie.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from autograd_mini import contexts
from autograd_mini.graph import topological_order
from autograd_mini.nested import mapped
from autograd_mini.ops import UNDEFINED, Op, is_built_in
from autograd_mini.testing.numbers import Mpf, Precise, context, evaluate, precision, slopes_at_kink
from autograd_mini.value import Value, refuse_to_bake_in

_STEP: Final = "1e-35"
_AT_ZERO: Final = 1e-15  # a smaller step still: clamped_log has a kink at 4e-44
_AGREE: Final = 1e-20  # relative: on a smooth piece, slopes left and right differ by far less


class Slope(NamedTuple):
    """The derivative of an operation in one operand.

    Attributes:
        left: The slope below the operand; None outside of the domain, ±inf where it diverges.
        right: The slope above it.
        value: What the rule should give: the slope; on a kink, the convention of a built-in
            row; at a jump or the edge of the domain, the one finite slope; else None.
        nearby: On a kink, slopes at points around it.
    """

    left: Mpf
    right: Mpf
    value: Mpf
    nearby: tuple[Mpf, ...] = ()

    @property
    def smooth(self) -> bool:
        """Whether both sides agree, and no convention says otherwise."""
        return self.left is not None and self.left == self.right == self.value

    @property
    def is_jump(self) -> bool:
        """Whether the operation itself, not only its slope, jumps there."""
        ctx = context()
        sides = [side for side in (self.left, self.right) if side is not None]
        return self.bounds == (-ctx.inf, ctx.inf) and any(map(ctx.isinf, sides))

    @property
    def bounds(self) -> tuple[Mpf, Mpf]:
        """The least and the greatest slope that a gradient may be built from here."""
        ctx = context()
        if self.smooth and not self.nearby:
            return self.value, self.value
        sides = [s for s in (self.left, self.right) if s is not None]
        if self.value is not None and (not sides or not ctx.isfinite(self.value)):
            return self.value, self.value  # at the edge of the domain only the convention counts
        all_around = [*sides, *self.nearby, *([] if self.value is None else [self.value])]
        if not all_around or not all(map(ctx.isfinite, all_around)):
            return -ctx.inf, ctx.inf  # a jump
        return min(all_around), max(all_around)


def local_slopes(op: Op, operands: Sequence[Mpf], wanted: Sequence[bool]) -> list[Slope | None]:
    """Return the derivative of a row in each wanted operand; None in place of the others.

    Args:
        op: The row; its rule is not read.
        operands: mpmath numbers.
        wanted: For each operand, whether its derivative is asked for.

    Raises:
        Opaque: If the row's forward computes with floats only.
    """
    if is_built_in(op):
        return list(_remembered(op, tuple(operands), tuple(wanted)))
    return _local_slopes(op, operands, wanted)


def _local_slopes(op: Op, operands: Sequence[Mpf], wanted: Sequence[bool]) -> list[Slope | None]:
    with precision(operands):
        f = evaluate(op, operands)
        documented = _convention(op, operands)
        slopes: list[Slope | None] = []
        for i, asked in enumerate(wanted):
            convention = None if documented is None else documented[i]
            slopes.append(_slope(op, operands, i, f, convention) if asked else None)
        if documented is None and all(slope is None or slope.smooth for slope in slopes):
            return slopes
        around = list(_around(op, operands, wanted))
        return [
            None if slope is None else slope._replace(nearby=tuple([at[i] for at in around]))
            for i, slope in enumerate(slopes)
        ]


# A built-in row's reference never changes, and a graph is looked at several times.
_remembered: Final = lru_cache(maxsize=4096)(_local_slopes)


def _convention(op: Op, operands: Sequence[Mpf]) -> tuple[float | None, ...] | None:
    """Return the documented slopes of a built-in row, if the operands are exactly on a kink."""
    if not (op.kinks and is_built_in(op)):
        return None
    floats = [float(x) for x in operands]
    try:
        precise: list[Mpf] = [Precise(x) for x in operands]
        on_it = op.at_kink(*precise)
    except TypeError:  # a kink that is known in floats only
        on_it = op.at_kink(*floats) and floats == list(operands)
    return slopes_at_kink(op.name, floats) if on_it else None


def _difference(op: Op, operands: Sequence[Mpf], i: int, f: Mpf) -> Callable[[Mpf], Mpf]:
    """Return the difference quotient in operand i, as a function of the step."""
    before, x, after = operands[:i], operands[i], operands[i + 1 :]
    return lambda step: (evaluate(op, [*before, x + step, *after]) - f) / step


def _step(x: Mpf) -> Mpf:
    return context().mpf(_STEP) * (min(abs(x), 1) if x else _AT_ZERO)


def _slope(op: Op, operands: Sequence[Mpf], i: int, f: Mpf, convention: float | None) -> Slope:
    ctx = context()
    x = operands[i]
    h = _step(x)
    difference = _difference(op, operands, i, f)
    try:
        left, right = difference(-h), difference(h)
        size = min(abs(left), abs(right))
        if convention is None and x and size < 1e12 and abs(left - right) <= _AGREE * size:
            middle = (left + right) / 2
            return Slope(middle, middle, middle)
    except UNDEFINED:
        pass
    left, right = _limit(difference, -h), _limit(difference, h)
    if convention is not None:
        return Slope(left, right, ctx.mpf(convention))
    if left is not None and right is not None and ctx.isfinite(left) and ctx.isfinite(right):
        middle = (left + right) / 2
        if abs(left - right) <= _AGREE * abs(middle) + 1e-40:
            return Slope(middle, middle, middle)
    sides = [side for side in (left, right) if side is not None and ctx.isfinite(side)]
    return Slope(left, right, sides[0] if len(sides) == 1 else None)


def _limit(difference: Callable[[Mpf], Mpf], h: Mpf) -> Mpf:
    """Return the one-sided slope: extrapolated, ±inf if it diverges, None outside the domain."""
    ctx = context()
    try:
        near, far = difference(h / 4), difference(h)
    except UNDEFINED:
        return None
    if not (ctx.isfinite(near) and ctx.isfinite(far)):
        return None
    if abs(near - far) <= 1e-9 * abs(far) or abs(near) < abs(far):
        return (4 * near - far) / 3
    return ctx.sign(near) * ctx.inf


def _around(op: Op, operands: Sequence[Mpf], wanted: Sequence[bool]) -> Iterator[list[Mpf]]:
    """Yield the derivatives at points close by: each wanted operand moved down and up."""
    for j, asked in enumerate(wanted):
        for h in (-_step(operands[j]), _step(operands[j])):
            if asked:
                moved = [*operands[:j], operands[j] + h, *operands[j + 1 :]]
                try:
                    f = evaluate(op, moved)
                    if not context().isfinite(f):
                        continue
                    yield [
                        _difference(op, moved, i, f)(_step(x) * 1e-12) if wanted[i] else 0
                        for i, x in enumerate(moved)
                    ]
                except UNDEFINED:
                    continue


class Replay(NamedTuple):
    """A recorded graph, computed and differentiated with a hundred digits.

    Attributes:
        data: What each node should hold, if the leaves are exact.
        gradient: The derivative of the root with respect to each node; at kinks, by convention.
        low: The least derivative that one-sided slopes at kinks allow.
        high: The greatest.
        on_kink: The nodes that were computed exactly at a kink.
        jumps: The operands that stand exactly where a node jumps.
    """

    data: dict[Value, Mpf]
    gradient: dict[Value, Mpf]
    low: dict[Value, Mpf]
    high: dict[Value, Mpf]
    on_kink: list[Value]
    jumps: list[Value]


def replay_precisely(root: Value, *, exact: bool = True) -> Replay:
    """Replay a recorded graph forward and backward.

    Args:
        root: Where the backward pass starts.
        exact: Compute each node anew from the leaves. Otherwise take the recorded numbers: what
            was a tie in floats stays one.

    Raises:
        Opaque: If a primitive of the graph computes with floats only.
        ValueError, ZeroDivisionError: If the exact numbers leave the domain of an operation.
    """
    refuse_to_bake_in(root, "an exact gradient")
    ctx = context()
    order = topological_order(root)
    data: dict[Value, Mpf] = {}
    for node in order:
        if node.op is None or not exact:
            data[node] = ctx.mpf(node.data)
        else:
            data[node] = evaluate(node.op, [data[x] for x in node.inputs])
    gradient = {node: ctx.mpf(0) for node in order}
    low, high = dict(gradient), dict(gradient)
    gradient[root] = low[root] = high[root] = ctx.mpf(1)
    on_kink: list[Value] = []
    jumps: list[Value] = []
    for node in reversed(order):
        if node.op is None:
            continue
        inputs = node.inputs
        wanted = [not x.is_constant for x in inputs]
        slopes = local_slopes(node.op, [data[x] for x in inputs], wanted)
        for x, slope in zip(inputs, slopes, strict=True):
            if slope is None:
                continue
            if slope.nearby:
                on_kink.append(node)
            if slope.is_jump:
                jumps.append(x)
            value = ctx.nan if slope.value is None else slope.value
            gradient[x] += value * gradient[node]
            ends = [_times(s, u) for s in slope.bounds for u in (low[node], high[node])]
            low[x] += min(ends)
            high[x] += max(ends)
    return Replay(data, gradient, low, high, on_kink, jumps)


def _times(a: Mpf, b: Mpf) -> Mpf:
    """Return a product in which an unbounded slope times 0 is 0."""
    return a * b if a and b else context().mpf(0)


def reference_gradient(f: Any, *inputs: Any) -> Any:
    """Return true derivatives, without a look at the rules that are to be checked.

    The recorded graph is replayed in mpmath with a hundred digits; each operation is
    differentiated by a difference quotient. At a kink the slope is the documented convention.

    Args:
        f: A Value, the root of a graph; or a function of numbers or nested lists of numbers
            that returns one number.
        inputs: The arguments of the function.

    Returns:
        For a Value, a dictionary from every node to the derivative of the root with respect to
        it. For a function, the list of derivatives in the structure of its arguments.

    Raises:
        TypeError: If a primitive of the graph computes with floats only (`Opaque`), or the
            function returns something else than one number.
        ImportError: If mpmath is not installed.

    Example:
        >>> reference_gradient(lambda x, y: x * y, 2.0, 3.0)
        [3.0, 2.0]
        >>> a = Value(1.0)
        >>> reference_gradient(a.tanh())[a]
        0.4199743416140261
    """
    if isinstance(f, Value):
        return {node: float(g) for node, g in replay_precisely(f).gradient.items()}
    arguments = mapped(lambda x: x if isinstance(x, Value) else Value(x), inputs)
    with contexts.recording():
        root = f(*arguments)
    if not isinstance(root, (Value, int, float)):
        raise TypeError(f"reference_gradient needs a function of one number, but got {root!r}")
    found = replay_precisely(root).gradient if isinstance(root, Value) else dict[Value, Mpf]()
    return mapped(lambda x: float(found.get(x, 0.0)), arguments)

"""Derivatives from function values alone: Ridders' method, with an estimate of its error."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from autograd_mini.ops import UNDEFINED

EPSILON: Final = 2.0**-52
_UNDERFLOW: Final = 1e-300  # numbers below may have lost digits
_LEVELS: Final = 8  # how many times the step is halved
_STEPS: Final = (-4, -10, -16, -23, -30, -37, -44)  # powers of two


def same_numbers(a: Sequence[float], b: Sequence[float]) -> bool:
    """Return whether two lists hold the same numbers, NaN being the same as NaN."""
    return a == b or (
        len(a) == len(b) and all(x == y or (x != x and y != y) for x, y in zip(a, b, strict=True))
    )


class Estimate(NamedTuple):
    """A derivative from differences, and how far to trust it.

    Attributes:
        slope: The derivative.
        error: How far from it the true one may be.
    """

    slope: float
    error: float

    def allows(self, slope: float, doubt: float = 0.0) -> bool:
        """Return whether `slope`, give or take `doubt`, may be the true derivative."""
        return abs(slope - self.slope) <= self.error + doubt


def ridders(
    f: Callable[[float], float], x: float = 0.0, *, step: float = 0.0625, noise: float = 0.0
) -> Estimate:
    """Return f'(x) from central differences, extrapolated to step 0.

    Args:
        f: A function that is computed with floats.
        x: Where.
        step: The largest step, a power of two; `f` must have values from x - step to x + step.
        noise: The rounding error of a value of `f`, beyond that of the result itself.

    Returns:
        The slope; its error is 100 times the method's own estimate, which can be 20 times too
        small, plus the rounding of `f` over the step.

    Example:
        >>> found = ridders(math.tanh, 0.7)
        >>> found.allows(1 - math.tanh(0.7) ** 2), found.error < 1e-9
        (True, True)

    Reference:
        Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", Advances in Engineering
        Software 4 (1982).
    """
    best, smallest = math.nan, math.inf
    above: list[float] = []
    for level in range(_LEVELS):
        h = step / 2.0**level
        high, low = f(x + h), f(x - h)
        row = [(high - low) / (2.0 * h)]
        rounding = (noise + EPSILON * max(abs(high), abs(low)) + _UNDERFLOW) / h
        power = 1.0
        for column, older in enumerate(above):
            power *= 4.0  # the error of column k is of order h^(2k + 2)
            row.append((power * row[column] - older) / (power - 1.0))
            spread = max(abs(row[-1] - row[-2]), abs(row[-1] - older))
            error = 100.0 * spread + 4.0 * rounding + 16.0 * EPSILON * abs(row[-1])
            if error < smallest:
                best, smallest = row[-1], error
        if smallest <= 1e-9 * abs(best) + 1e-12:
            break
        above = row
    return Estimate(best, smallest)


class Judgment(NamedTuple):
    """What differences say about a slope.

    Attributes:
        fits: Whether it may be the derivative.
        expected: The derivative from differences; NaN if they say nothing.
        error: How far from it the true one may be.
        kink: Whether the slopes left and right differ.
    """

    fits: bool
    expected: float
    error: float
    kink: bool = False


def judge(
    f: Callable[[float], float],
    slope: float,
    *,
    size: float = 1.0,
    noise: float = 0.0,
    doubt: float = 0.0,
) -> Judgment:
    """Compare `slope` with differences of `f` at 0.

    At a kink any slope between the one-sided ones fits; where differences say nothing, every
    slope does.

    Args:
        f: A function that is computed with floats.
        slope: What is to be judged.
        size: The largest step is a sixteenth of it.
        noise: The rounding error of a value of `f`.
        doubt: The rounding error of `slope`.

    Example:
        >>> judge(abs, 0.0).fits, judge(abs, 2.0).fits, judge(math.sin, 1.0).fits
        (True, False, True)
    """
    unit = 2.0 ** min(math.ceil(math.log2(size)), 1023) if 0.0 < size < math.inf else 1.0
    estimates: list[Estimate] = []
    for exponent in _STEPS:
        try:
            found = ridders(f, step=unit * 2.0**exponent, noise=noise)
        except UNDEFINED:  # beyond the domain
            continue
        if _is_sure(found) and found.allows(slope, doubt):
            return Judgment(True, *found)
        estimates.append(found)
        if _settled(estimates[-2:]):
            break  # shorter steps have nothing to add
    sharpest = _sharpest(estimates)
    if math.isnan(sharpest.slope) or sharpest.allows(slope, doubt):
        return Judgment(True, *sharpest)
    left, right, error = _one_sided(f, unit * _short(noise, unit * abs(sharpest.slope)), noise)
    error += doubt
    ends = [side for side in (left, right) if not math.isnan(side)]
    apart = max(ends, default=0.0) - min(ends, default=0.0)
    kinked = len(ends) == 1 or apart > sharpest.error + 2.0 * error
    if not math.isfinite(slope):
        is_known = sharpest.error <= 1e-4 * abs(sharpest.slope) + 1e-9
        return Judgment(kinked or not is_known, *sharpest, kink=kinked)
    if kinked and min(ends) - error <= slope <= max(ends) + error:
        return Judgment(True, *sharpest, kink=True)
    if _is_rough(f, unit):  # every step is longer than a period
        return Judgment(True, math.nan, math.inf)
    return Judgment(False, *sharpest)


def _is_sure(found: Estimate) -> bool:
    return found.error <= 1e-9 * abs(found.slope) + 1e-12


def _settled(pair: list[Estimate]) -> bool:
    """Return whether two estimates are sure, and agree."""
    return (
        len(pair) == 2
        and all(map(_is_sure, pair))
        and abs(pair[0].slope - pair[1].slope) <= pair[0].error + pair[1].error
    )


def _sharpest(estimates: list[Estimate]) -> Estimate:
    """Return the estimate that is most sure, of those that shorter steps do not contradict.

    A long step may jump over a kink, a pole or whole periods, and be sure of what it saw.
    """
    trusted: list[Estimate] = []
    for found in reversed(estimates):
        near = [abs(found.slope - e.slope) <= found.error + e.error for e in trusted]
        if math.isfinite(found.slope) and all(near):
            trusted.append(found)
    return min(trusted, key=lambda e: e.error, default=Estimate(math.nan, math.inf))


def _is_rough(f: Callable[[float], float], unit: float) -> bool:
    """Return whether `f` moves about as far within the shortest steps as within the longest.

    Each side of 0 is looked at by itself: a jump from one to the other is no roughness.
    """

    def moved(step: float) -> float:
        values = [f(step * part) for part in (0.3, 0.45, 0.6, 0.8, 1.0)]
        return max(values) - min(values)

    try:
        return all(
            moved(side * 2.0 ** _STEPS[-1]) > moved(side * 2.0 ** _STEPS[0]) / 16.0
            for side in (-unit, unit)
        )
    except UNDEFINED:  # beyond the domain
        return False


def _short(noise: float, moves: float) -> float:
    """Return a step for one-sided slopes: short, but `f` moves by more than its rounding error."""
    longer = math.sqrt(noise / moves) if moves else 0.0
    return max(2.0**-24, min(longer, 2.0**-7))


def rounding_error(f: Callable[[float], float], spacing: float) -> float:
    """Return the rounding error of values of `f` near 0, a sum: where it is smooth, about.

    Fourth differences of close values hold nothing else. They are taken beside 0, where there
    may be a kink.

    Reference:
        Hamming, "Introduction to Applied Numerical Analysis", 1971, chapter 6.
    """
    found = 0.0
    for start in (-(2.0**-4), -(2.0**-9), 2.0**-9, 2.0**-4):
        try:
            ys = [f(start + k * spacing) for k in range(8)]
        except UNDEFINED:  # beyond the domain
            continue
        for _ in range(4):
            ys = [b - a for a, b in pairwise(ys)]
        found = max(found, *map(abs, ys))
    return found / 4.0


def _one_sided(f: Callable[[float], float], h: float, noise: float) -> tuple[float, float, float]:
    """Return the slopes of `f` left and right of 0, and their error; NaN outside the domain."""
    slopes: list[float] = []
    error = 4.0 * (noise + _UNDERFLOW) / h
    for side in (-h, h):
        try:
            here, near, far = f(0.0), f(side), f(2.0 * side)
        except UNDEFINED:
            slopes.append(math.nan)
            continue
        slopes.append((4.0 * near - 3.0 * here - far) / (2.0 * side))
        error += 8.0 * EPSILON * max(abs(near), abs(here), abs(far)) / h
    return slopes[0], slopes[1], error

"""Sums in which plain zeros and ones leave no trace in the graph."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TypeVar

from autograd_mini import dot, greater, is_tracing, total, where
from nn.activations import Scalar
from nn.losses.checks import varies

T = TypeVar("T")
U = TypeVar("U")


class OneHot(list[Scalar]):
    """A target of one class, 0 but for one 1; nobody asks for a gradient towards it.

    Attributes:
        beside_finite: Whether all that it is multiplied with is finite.
    """

    def __init__(self, numbers: Iterable[Scalar], *, beside_finite: bool = False) -> None:
        super().__init__(numbers)
        self.beside_finite = beside_finite


def weighted(cs: Sequence[Scalar], xs: Sequence[Scalar]) -> Scalar:
    """Return Σ c x; terms whose c is 0 are left out, also where x is -∞."""
    if isinstance(cs, OneHot) and is_tracing():
        if cs.beside_finite:
            return dot(cs, xs)
        chosen: list[Scalar] = [where(c, x, 0.0) for c, x in pairs(cs, xs)]
        return total(chosen)
    kept = [
        (c, _counted(c, x))
        for c, x in pairs(cs, xs)
        if (c != 0.0 if type(c) is float else varies(c) or c != 0.0)
    ]
    if len(kept) == 1:
        return scaled(*kept[0])
    if all(_is_one(c) for c, _ in kept):
        return total([x for _, x in kept])
    return dot([c for c, _ in kept], [x for _, x in kept])


def _counted(c: Scalar, x: Scalar) -> Scalar:
    """Return x; where c is not yet known, 0 for an -∞ whose c is 0."""
    if not varies(c):
        return x
    return where(greater(abs(c), 0.0) + greater(x, -math.inf), x, 0.0)


def scaled(c: Scalar, x: Scalar) -> Scalar:
    """Return c x; x itself where c is the plain number 1."""
    return x if _is_one(c) else c * x


def summed(xs: Sequence[Scalar]) -> Scalar:
    """Return Σ x; the x itself where there is one only."""
    return xs[0] if len(xs) == 1 else total(xs)


def mass(t: Sequence[Scalar]) -> Scalar:
    """Return Σ t, usually the plain number 1."""
    if isinstance(t, OneHot):
        return 1.0
    is_plain = {*map(type, t)} == {float} or not any(varies(x) for x in t)
    return math.fsum(t) if is_plain else total(t)


def pairs(xs: Sequence[T], ys: Sequence[U]) -> Iterable[tuple[T, U]]:
    """Pair two lists of one length."""
    return zip(xs, ys, strict=True)


def wrong_scores(e: list[Scalar], z: list[Scalar]) -> list[Scalar]:
    """Return the scores of the wrong classes; a target of unknown data hides the true one."""
    others = [
        where(greater(x, 0.5), -math.inf, s) if varies(x) else s
        for x, s in pairs(e, z)
        if varies(x) or x < 0.5
    ]
    return others or [-math.inf]


def squared_error(f: Scalar, y: Scalar) -> Scalar:
    """Return (f - y)²."""
    r = f - y
    return r * r


def raised(h: Scalar, p: float) -> Scalar:
    """Return h to the power p = 1, 2 or 3."""
    return h if p == 1 else h * h if p == 2 else h * h * h


def _is_one(c: Scalar) -> bool:
    return not varies(c) and c == 1.0

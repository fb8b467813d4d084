"""Sums in which plain zeros and ones leave no trace in the graph."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, cast

from autograd_mini import dot, greater, is_tracing, total, where
from nn.losses.checks import varies

__all__ = [
    "OneHot",
    "mass",
    "pairs",
    "raised",
    "scaled",
    "squared_error",
    "summed",
    "weighted",
    "wrong_scores",
]


class OneHot(list[Any]):
    """A target of one class, 0 but for one 1; nobody asks for a gradient towards it."""


def weighted(cs: Sequence[Any], xs: Sequence[Any]) -> Any:
    """Return Σ c x; terms whose c is 0 are left out, also where x is -∞."""
    if isinstance(cs, OneHot) and is_tracing():
        chosen: list[Any] = [where(c, x, 0.0) for c, x in pairs(cs, xs)]
        return total(chosen)
    kept = [(c, _counted(c, x)) for c, x in pairs(cs, xs) if varies(c) or c != 0.0]
    if len(kept) == 1:
        return scaled(*kept[0])
    if all(_is_one(c) for c, _ in kept):
        return total([x for _, x in kept])
    return dot([c for c, _ in kept], [x for _, x in kept])


def _counted(c: Any, x: Any) -> Any:
    """Return x; where c is not yet known, 0 in the place of an -∞ whose c is 0."""
    if not varies(c):
        return x
    counts: Any = greater(abs(c), 0.0) + cast(Any, greater(x, -math.inf))
    return cast(Any, where(counts, x, 0.0))


def scaled(c: Any, x: Any) -> Any:
    """Return c x; x itself where c is the plain number 1."""
    return x if _is_one(c) else c * x


def summed(xs: Sequence[Any]) -> Any:
    """Return Σ x; the x itself where there is one only."""
    return xs[0] if len(xs) == 1 else total(xs)


def mass(t: Sequence[Any]) -> Any:
    """Return Σ t, usually the plain number 1."""
    if isinstance(t, OneHot):
        return 1.0
    return math.fsum(t) if not any(varies(x) for x in t) else total(t)


def pairs(xs: Sequence[Any], ys: Sequence[Any]) -> Iterable[tuple[Any, Any]]:
    """Pair two lists of one length."""
    return zip(xs, ys, strict=True)


def wrong_scores(e: list[Any], z: list[Any]) -> list[Any]:
    """Return the scores of the wrong classes; a target of unknown data hides the true one."""
    others = [
        where(greater(x, 0.5), -math.inf, s) if varies(x) else s
        for x, s in pairs(e, z)
        if varies(x) or x < 0.5
    ]
    return others or [-math.inf]


def squared_error(f: Any, y: Any) -> Any:
    """Return (f - y)²."""
    r = f - y
    return r * r


def raised(h: Any, p: float) -> Any:
    """Return h to the power p = 1, 2 or 3."""
    return h if p == 1 else h * h if p == 2 else h * h * h


def _is_one(c: Any) -> bool:
    return not varies(c) and c == 1.0

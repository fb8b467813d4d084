"""A gradient that is doubted, and differences of the function to compare it with."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from autograd_mini.testing.differences import Judgment
from autograd_mini.testing.probes import Broken, Probe, inner_product, one_hot, random_direction
from autograd_mini.testing.tensors import Shape

FEW_ENTRIES: Final = 48  # entries that are differenced one by one


@dataclass(frozen=True, eq=False)
class Suspect:
    """A gradient that is wrong.

    Attributes:
        probe: The functions.
        argument: Which input it belongs to.
        upstream: The gradient of the result.
        point: The inputs.
        got: What the backward pass gave.
    """

    probe: Probe
    argument: int
    upstream: list[float]
    point: list[list[float]]
    got: list[float]

    @property
    def name(self) -> str:
        """What the function calls the input."""
        return self.probe.names[self.argument]

    @property
    def tensors(self) -> list[tuple[str, list[float], Shape]]:
        """The inputs and the result: name, numbers and shape."""
        probe = self.probe
        result = ("the result", probe.value(self.point), probe.output_shape)
        return [*zip(probe.names, self.point, probe.shapes, strict=True), result]

    def slope(self, direction: Sequence[float]) -> Judgment:
        """Return the true derivative along a direction of the input, as `expected`."""
        directions = {self.argument: direction}
        return self.probe.judged(math.nan, self.upstream, directions, self.point)

    def truth(self, i: int) -> float:
        """Return the true derivative in one entry."""
        return self.slope(one_hot(i, len(self.got))).expected

    @cached_property
    def _known(self) -> list[tuple[list[float], Judgment]]:
        """A few random directions, and the true derivative along each."""
        rng, x = random.Random(1), self.point[self.argument]
        directions = [random_direction(rng, x) for _ in range(3)]
        return [(d, self.slope(d)) for d in directions]

    def fits(self, candidate: Sequence[float] | None) -> bool:
        """Return whether another gradient agrees with differences along random directions."""
        if candidate is None or len(candidate) != len(self.point[self.argument]):
            return False
        for d, true in self._known:
            got = inner_product(candidate, d)
            slack = true.error + 1e-6 * (abs(true.expected) + abs(got)) + 1e-12
            if not abs(got - true.expected) <= slack:
                return False
        return True

    def factor(self) -> float:
        """Return the factor that would make the gradient right along the first direction."""
        d, true = self._known[0]
        got = inner_product(self.got, d)
        return true.expected / got if got else math.nan


def pulled(
    suspect: Suspect, upstream: Sequence[float], point: Sequence[Sequence[float]] | None = None
) -> list[float] | None:
    """Return what the backward pass gives for the input elsewhere; None if it cannot."""
    try:
        found = suspect.probe.pull(upstream, suspect.point if point is None else point)
    except Broken:
        return None
    gradient = found[suspect.argument]
    return None if gradient is None else gradient.flat


def pushed(suspect: Suspect, direction: Sequence[float], size: float) -> list[float]:
    """Return the derivative of every output along a direction of the input."""
    h = size * 2.0**-9

    def at(t: float) -> list[float]:
        there = [*suspect.point]
        there[suspect.argument] = [
            x + t * d for x, d in zip(there[suspect.argument], direction, strict=True)
        ]
        return suspect.probe.value(there)

    coarse = [(a - b) / (2.0 * h) for a, b in zip(at(h), at(-h), strict=True)]
    fine = [(a - b) / h for a, b in zip(at(h / 2.0), at(-h / 2.0), strict=True)]
    return [(4.0 * b - a) / 3.0 for a, b in zip(coarse, fine, strict=True)]


def worst(suspect: Suspect) -> int:
    """Return an entry that is wrong, found by halving."""
    n = len(suspect.got)
    if n <= FEW_ENTRIES:
        off = [abs(suspect.truth(i) - suspect.got[i]) for i in range(n)]
        return max(range(n), key=lambda i: off[i] if off[i] == off[i] else 0.0)
    low, high = 0, n
    while high - low > 1:
        middle = (low + high) // 2
        left, right = (_off(suspect, *half) for half in ((low, middle), (middle, high)))
        low, high = (low, middle) if left >= right else (middle, high)
    return low


def _off(suspect: Suspect, low: int, high: int) -> float:
    """Return how far a part of the gradient is from a plain difference."""
    rng = random.Random(low)
    size = max(map(abs, suspect.point[suspect.argument])) or 1.0
    d = [0.0] * len(suspect.got)
    for i in range(low, high):
        d[i] = rng.choice((-1.0, 1.0)) * size
    along = suspect.probe.moved(suspect.upstream, {suspect.argument: d}, suspect.point)
    h = 2.0**-12
    try:
        return abs((along(h) - along(-h)) / (2.0 * h) - inner_product(suspect.got, d))
    except Exception:  # outside of the domain
        return 0.0

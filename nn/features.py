"""Feature maps φ: what makes a linear model a kernel machine, y = wᵀφ(x).

A map takes one example, a list of numbers or Values, and returns a list. `compose` puts maps, and
a model behind them, one after another: the lecture's shift, bend, separate.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import combinations_with_replacement
from typing import Any, TypeAlias

from autograd_mini import Value, dot, exp, product, total
from nn.arrays import Floats, as_floats, as_lists, as_row, finite_array
from nn.errors import whole_number
from nn.layers import Module, under

__all__ = ["Composition", "affine", "compose", "polynomial", "radial", "squared_norm"]

Map: TypeAlias = Callable[[Any], Any]


def polynomial(degree: int) -> Map:
    """Return the map to all products of 1 to `degree` coordinates, in the order of scikit-learn.

    There is no constant 1 among them: that is the model's bias.

    Raises:
        ValueError: If `degree` is not a whole number above 0.

    Example:
        >>> polynomial(2)([3.0, 5.0])
        [3.0, 5.0, 9.0, 15.0, 25.0]
    """
    degree = whole_number("degree", degree)

    def powers(x: object) -> list[Any]:
        xs = as_row(x)
        return [
            factors[0] if len(factors) == 1 else product(factors)
            for d in range(1, degree + 1)
            for factors in combinations_with_replacement(xs, d)
        ]

    return powers


def squared_norm() -> Map:
    """Return the map that lifts x onto a paraboloid: (x₁, …, x_D, ‖x‖²).

    Example:
        >>> squared_norm()([3.0, 4.0])
        [3.0, 4.0, 25.0]
    """

    def lifted(x: object) -> list[Any]:
        xs = as_row(x)
        return [*xs, dot(xs, xs)]

    return lifted


def radial(centers: Sequence[Sequence[float]], gamma: float = 1.0) -> Map:
    """Return the map to how near each center is: exp(-gamma ‖x - c‖²), the RBF kernel.

    Args:
        centers: K points c of D numbers each; the map makes K numbers of D.
        gamma: How fast nearness fades with distance: 1/(2σ²) of a bell curve.

    Raises:
        ValueError: If there is no center, they differ in length, or gamma <= 0.

    Example:
        >>> radial([[0.0, 0.0], [1.0, 1.0]], gamma=2.0)([1.0, 1.0])
        [0.01831563888873418, 1.0]
    """
    points = finite_array("centers", centers).astype(float)
    if points.ndim != 2 or not points.size:
        raise ValueError(f"radial needs a list of centers, but got {centers!r:.200}")
    if not 0.0 < gamma < math.inf:
        raise ValueError(f"gamma must be above 0, but got {gamma}")
    rows: list[list[float]] = points.tolist()

    def nearness(x: object) -> list[Any]:
        xs = _coordinates(x, len(rows[0]), "radial")
        return [
            exp(-gamma * total([(a - b) * (a - b) for a, b in zip(xs, row, strict=True)]))
            for row in rows
        ]

    return nearness


def affine(W: Sequence[Sequence[Any]], b: Sequence[object]) -> Map:
    """Return the map x ↦ W x + b; each row of W makes one coordinate.

    Args:
        W: K rows of D numbers or Values.
        b: K numbers or Values.

    Raises:
        ValueError: If W is not a matrix with as many rows as b has numbers.

    Example:
        >>> affine([[0.0, 1.0], [2.0, 0.0]], [0.5, 0.0])([3.0, 4.0])
        [4.5, 6.0]
    """
    rows, shifts = [[*as_lists(row)] for row in as_lists(W)], [*as_lists(b)]
    if not rows or len({len(row) for row in rows}) != 1 or len(rows) != len(shifts):
        raise ValueError(
            f"affine needs rows of one length and one b for each, but got rows of lengths "
            f"{[len(row) for row in rows]} and {len(shifts)} numbers in b"
        )

    def moved(x: object) -> list[Any]:
        xs = _coordinates(x, len(rows[0]), "affine")
        return [dot(row, xs, shift) for row, shift in zip(rows, shifts, strict=True)]

    return moved


class Composition(Module):
    """Maps and models one after another, the first one first; trained like any model.

    Attributes:
        maps: The maps, in the order in which they are applied.

    Example:
        >>> from nn import FNN
        >>> model = Composition([squared_norm(), FNN([3, 1], seed=0)])  # x₁, x₂, x₁² + x₂² -> 1
        >>> len(model.parameters()), model.predict([[1.0, 2.0], [0.0, 0.0]]).shape
        (4, (2,))
    """

    def __init__(self, maps: Sequence[Map]) -> None:
        self.maps = list(maps)

    def __call__(self, x: Any) -> Any:
        """Return what the last map makes of what the maps before it made of `x`."""
        for one in self.maps:
            x = one(x)
        return x

    def predict(self, X: Any) -> Floats:
        """Return the outputs for many examples as an array, without building a graph.

        Args:
            X: N examples.

        Returns:
            An array of shape (N,) if the outputs are single numbers, else (N, k).
        """
        import numpy as np

        rows: Any = as_lists(X)
        for one in self.maps:
            predict = getattr(one, "predict", None)
            rows = [as_floats(one(row)) for row in rows] if predict is None else predict(rows)
        return np.asarray(rows, dtype=float)

    def named_parameters(self) -> list[tuple[str, Value]]:
        """Return the parameters of the models among the maps, named `maps.1.layers.0…`."""
        return under("maps", self.maps)

    def __repr__(self) -> str:
        shown = [getattr(one, "__qualname__", "").split(".")[0] or repr(one) for one in self.maps]
        return f"compose({', '.join(shown)})"


def compose(*maps: Map) -> Composition:
    """Return the maps applied one after another, the first one first.

    A model may stand among them, usually last; the whole then has its parameters, and trains.

    Raises:
        ValueError: If there is none.
        TypeError: If one cannot be called.

    Example:
        >>> from nn import FNN
        >>> shift, bend = affine([[1.0, 0.0], [0.0, 1.0]], [-1.0, 0.0]), squared_norm()
        >>> compose(shift, bend)([3.0, 1.0])
        [2.0, 1.0, 5.0]
        >>> len(compose(shift, bend, FNN([3, 1])).parameters())
        4
    """
    if not maps:
        raise ValueError("compose needs one map or more")
    for one in maps:
        if not callable(one):
            raise TypeError(f"compose takes functions of one example, but got {one!r}")
    return Composition(maps)


def _coordinates(x: object, count: int, who: str) -> list[Any]:
    xs = as_row(x)
    if len(xs) != count:
        raise ValueError(f"{who} is made for {count} numbers, but got {len(xs)}: {xs}")
    return xs

"""The data, weights and loss values that benchmarks share."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

Layers = list[tuple[NDArray[np.float64], NDArray[np.float64]]]

MOONS_SIZES = [2, 16, 16, 1]
MOONS_LOSSES = (1.586454359497, 0.324200115475)  # before update 1 and before update 20


def moons_data() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the two moons, 100 points, labels -1 and 1."""
    from sklearn.datasets import make_moons

    X, y = cast(Any, make_moons(n_samples=100, noise=0.1, random_state=1))
    return X, 2.0 * y - 1.0


def moons_layers() -> Layers:
    """Return the weights (n_in, n_out) and biases that training on the moons starts from."""
    rng = np.random.default_rng(1)
    pairs = pairwise(MOONS_SIZES)
    return [(rng.uniform(-1, 1, (n_in, n_out)), np.zeros(n_out)) for n_in, n_out in pairs]


def as_scalars(layers: Layers, scalar: Any) -> list[list[tuple[list[Any], Any]]]:
    """Return the same layers as lists of neurons, each its weights and its bias."""
    return [
        [([scalar(float(w)) for w in W[:, k]], scalar(float(b[k]))) for k in range(W.shape[1])]
        for W, b in layers
    ]

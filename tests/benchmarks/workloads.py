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


DIGITS_LOSSES = (2.322194200214, 2.230764501497)
WIDE_LOSSES = (2.306279163301, 1.900307730263)


def uniform_layers(sizes: list[int], seed: int) -> Layers:
    """Return weights uniform in ±1/√n_in and biases uniform in ±0.1."""
    rng = np.random.default_rng(seed)
    layers: Layers = []
    for n_in, n_out in pairwise(sizes):
        W = rng.uniform(-1, 1, (n_in, n_out)) / np.sqrt(n_in)
        layers.append((W, rng.uniform(-0.1, 0.1, n_out)))
    return layers


def digits_data() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the first 32 of scikit-learn's digits, pixels from 0 to 1."""
    from sklearn.datasets import load_digits

    X, y = cast(Any, load_digits(return_X_y=True))
    return X[:32] / 16, y[:32]


def wide_data() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return 64 random examples of 784 numbers in 10 classes."""
    rng = np.random.default_rng(3)
    return rng.normal(size=(64, 784)), rng.integers(0, 10, 64)

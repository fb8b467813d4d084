"""Data to learn from: five toy sets made here, and those that scikit-learn ships.

Each function returns `(X, y)`: an array of shape (N, D) and one of shape (N,), classes counted
from 0. `2 * y - 1` turns the classes 0 and 1 into the -1 and +1 of hinge losses.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

from nn.arrays import Array, as_array
from nn.errors import check_pairs, extra_module, from_zero, unknown_name, whole_number
from nn.guesses import keywords

Data: TypeAlias = tuple[Array, Array]  # X and y

__all__ = ["blobs", "circles", "load", "moons", "spirals", "split", "standardize", "xor"]

SHIPPED = ("iris", "wine", "breast_cancer", "digits", "diabetes", "linnerud")


@keywords
def xor(n: int = 4, noise: float = 0.0, seed: int = 0) -> Data:
    """Return the corners of a square, which no straight line separates.

    Args:
        n: How many points; corner follows corner.
        noise: The standard deviation of the noise in each coordinate.
        seed: The seed of the noise.

    Raises:
        ValueError: If `n` is not a whole number above 0, or `noise` is below 0.

    Example:
        >>> X, y = xor()
        >>> X.tolist(), y.tolist()
        ([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1, 0])
    """
    import numpy as np

    corner = np.arange(whole_number("n", n)) % 4
    X = np.stack([corner // 2, corner % 2], axis=1).astype(float)
    return _noisy(X, noise, seed), corner // 2 ^ corner % 2


@keywords
def moons(n: int = 100, noise: float = 0.1, seed: int = 0) -> Data:
    """Return two half circles of radius 1 that reach into each other.

    Args:
        n: How many points, half of them on each.
        noise: The standard deviation of the noise in each coordinate.
        seed: The seed of the noise.

    Raises:
        ValueError: If `n` is not a whole number above 0, or `noise` is below 0.

    Example:
        >>> X, y = moons(200)
        >>> X.shape, sorted(set(y.tolist()))
        ((200, 2), [0, 1])
    """
    import numpy as np

    outer, inner, y = _halves(n, np.pi)
    return _noisy(np.concatenate([outer, np.array([1.0, 0.5]) - inner]), noise, seed), y


@keywords
def circles(n: int = 100, noise: float = 0.05, factor: float = 0.5, seed: int = 0) -> Data:
    """Return a circle of radius 1, class 0, around one of radius `factor`, class 1.

    Args:
        n: How many points, half of them on each.
        noise: The standard deviation of the noise in each coordinate.
        factor: The radius of the inner circle, at least 0 and below 1.
        seed: The seed of the noise.

    Raises:
        ValueError: If `n` is not a whole number above 0, `noise` is below 0, or `factor` is not
            between 0 and 1.

    Example:
        >>> X, y = circles(10, noise=0.0)
        >>> (X[y == 1] ** 2).sum(axis=1).round(12).tolist()
        [0.25, 0.25, 0.25, 0.25, 0.25]
    """
    import numpy as np

    if not 0.0 <= factor < 1.0:
        raise ValueError(f"factor must be at least 0 and below 1, but got {factor}")
    outer, inner, y = _halves(n, 2.0 * np.pi, endpoint=False)
    return _noisy(np.concatenate([outer, factor * inner]), noise, seed), y


@keywords
def spirals(
    n: int = 200, noise: float = 0.02, classes: int = 2, turns: float = 1.0, seed: int = 0
) -> Data:
    """Return arms that wind around each other, one for each class.

    Args:
        n: How many points, all arms together.
        noise: The standard deviation of the noise in each coordinate.
        classes: The number of arms.
        turns: How many times an arm goes around.
        seed: The seed of the noise.

    Raises:
        ValueError: If `n` or `classes` is not a whole number above 0, or `noise` is below 0.

    Example:
        >>> X, y = spirals(90, classes=3)
        >>> [int((y == k).sum()) for k in range(3)]
        [30, 30, 30]
    """
    import numpy as np

    y = np.arange(whole_number("n", n)) * whole_number("classes", classes) // n
    radius = np.concatenate([np.linspace(0.1, 1.0, int((y == k).sum())) for k in range(classes)])
    angle = 2.0 * math.pi * (turns * radius + y / classes)
    X = radius[:, None] * _circle(angle)
    return _noisy(X, noise, seed), y


@keywords
def blobs(n: int = 100, centers: int | Any = 2, spread: float = 0.5, seed: int = 0) -> Data:
    """Return round clouds of points, one for each class.

    Args:
        n: How many points, all clouds together.
        centers: The number of clouds, set evenly on a circle of radius 2, or their centers.
        spread: The standard deviation of a cloud.
        seed: The seed of the points.

    Raises:
        ValueError: If `n` is not a whole number above 0, `spread` is below 0, or `centers` is
            neither a number nor a list of points.

    Example:
        >>> X, y = blobs(30, centers=[[0.0, 0.0, 0.0], [5.0, 5.0, 5.0]])
        >>> X.shape
        (30, 3)
    """
    import numpy as np

    if not np.ndim(centers):
        angle = 2.0 * math.pi * np.arange(whole_number("centers", centers)) / centers
        centers = 2.0 * _circle(angle)
    points = as_array(centers).astype(float)
    if points.ndim != 2 or not points.size:
        raise ValueError(f"centers must be a number or a list of points, but got {centers!r}")
    y = np.arange(whole_number("n", n)) * len(points) // n
    return _noisy(points[y], spread, seed), y


def load(name: str) -> Data:
    """Return a data set that scikit-learn ships, as it is there; no download.

    Args:
        name: "iris", "wine", "breast_cancer", "digits" (classes), "diabetes" or "linnerud"
            (numbers to predict).

    Raises:
        ValueError: If there is no such set.
        ImportError: If scikit-learn is not installed.

    Example:
        >>> import sklearn
        >>> X, y = load("iris")
        >>> X.shape
        (150, 4)
    """
    if name not in SHIPPED:
        raise unknown_name("data set", str(name), SHIPPED)
    why = f"the {name} data come with scikit-learn"
    shipped = extra_module("sklearn.datasets", why, "'autograd_mini[sklearn]'")
    return getattr(shipped, f"load_{name}")(return_X_y=True)


@keywords
def split(
    X: object, y: object, test_size: float = 0.25, seed: int = 0
) -> tuple[Array, Array, Array, Array]:
    """Return X_train, X_test, y_train, y_test: the examples shuffled, and a part of them put aside.

    The rows are those that scikit-learn's `train_test_split(X, y, test_size=test_size,
    random_state=seed)` chooses.

    Args:
        X: N examples.
        y: N targets.
        test_size: The share to put aside, between 0 and 1, rounded up to a whole example.
        seed: The seed of the order.

    Raises:
        ValueError: If X and y differ in length, or a part would be empty.

    Example:
        >>> X_train, X_test, y_train, y_test = split([[0.0], [1.0], [2.0], [3.0]], [0, 1, 2, 3])
        >>> y_train.tolist(), y_test.tolist()
        ([3, 1, 0], [2])
    """
    import numpy as np

    examples, targets = np.asarray(X), np.asarray(y)
    count = len(examples)
    check_pairs(examples, targets)
    n_test = math.ceil(test_size * count)
    if not 0.0 < test_size < 1.0 or n_test >= count:
        raise ValueError(
            f"test_size must leave examples in both parts, but {test_size} of {count} does not"
        )
    order = np.random.RandomState(seed).permutation(count)
    n_train = math.floor((1.0 - test_size) * count)
    test, train = order[:n_test], order[n_test : n_test + n_train]
    return examples[train], examples[test], targets[train], targets[test]


def standardize(train: object, *others: object) -> Any:
    """Return data with mean 0 and variance 1 in every column, by the training part's measure.

    Args:
        train: What mean and variance are taken from, shape (N, D) or (N,).
        others: More data to move and scale in the same way.

    Returns:
        One array if there is one argument, else a tuple of arrays. A constant column is moved,
        not scaled.

    Raises:
        ValueError: If there are no rows, columns differ, or one has no finite variance.
        TypeError: If there is text among the data.

    Example:
        >>> X_train, X_test = standardize([[0.0], [2.0]], [[4.0]])
        >>> X_train.tolist(), X_test.tolist()
        ([[-1.0], [1.0]], [[3.0]])
    """
    import numpy as np

    parts = [as_array(x).astype(float) for x in (train, *others)]
    if len({part.shape[1:] for part in parts}) > 1:
        raise ValueError(
            f"all parts need the same columns, but have shapes {[part.shape for part in parts]}"
        )
    mean, spread = mean_and_spread(parts[0])
    scale = np.where(spread > 0.0, spread, 1.0)
    scaled = tuple((part - mean) / scale for part in parts)
    return scaled if others else scaled[0]


def mean_and_spread(X: Any, names: Sequence[str] | None = None) -> tuple[Any, Any]:
    """Return the mean and the standard deviation of each column, 0 for a constant one.

    Raises:
        ValueError: If there are no rows, or a column has no finite variance.
    """
    import numpy as np

    if not len(X):
        raise ValueError("there is nothing to standardize: no rows")
    with np.errstate(over="ignore", invalid="ignore"):
        mean, spread = X.mean(axis=0), X.std(axis=0)
    bad = np.flatnonzero(~np.isfinite(spread)).tolist()
    if bad:
        raise ValueError(
            f"the variance of column {bad[0] if names is None else repr(names[bad[0]])} is not "
            "finite: a number in it is missing, or beyond 1e154"
        )
    noise = len(X) * np.finfo(float).eps * abs(mean)  # rounding lets a constant column vary
    return mean, np.where(spread > noise, spread, 0.0)


def _circle(angle: Any) -> Any:
    """Return the points of the circle of radius 1 at some angles."""
    import numpy as np

    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _halves(n: int, angle: float, *, endpoint: bool = True) -> tuple[Any, Any, Any]:
    """Return half of n points on a circle from 0 to an angle, the other half, and their classes."""
    import numpy as np

    counts = (whole_number("n", n) + 1) // 2, n // 2
    outer, inner = (_circle(np.linspace(0.0, angle, k, endpoint=endpoint)) for k in counts)
    return outer, inner, np.repeat([0, 1], counts)


def _noisy(X: Any, noise: float, seed: int) -> Any:
    import numpy as np

    shape: tuple[int, ...] = X.shape
    return X + from_zero("noise", noise) * np.random.default_rng(seed).normal(size=shape)

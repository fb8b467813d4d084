"""Metrics: what is reported, not minimized. As for losses, the prediction comes first.

All take arrays or lists of numbers and return a float or an array; nothing is differentiated.
"""

from __future__ import annotations

from typing import Any

from nn.arrays import Array, Floats, as_array, plain_rows
from nn.losses.batches import class_row

__all__ = ["accuracy", "confusion_matrix", "mean_absolute_error", "r2_score"]


def accuracy(prediction: Any, target: Any, *, threshold: float | None = None) -> float:
    """Return the share of examples whose class is predicted right.

    Args:
        prediction: Class labels; or a score for each class, shape (N, C), of which the largest
            counts; or one score for each example.
        target: Class labels; for C scores also one-hot rows, or labels and rows mixed.
        threshold: A single score above it means the second class. By default 0 for targets -1
            and +1, ½ for targets 0 and 1; for logits of 0 and 1 say 0. If all targets are 1, it
            is ½ for scores in [0, 1].

    Raises:
        ValueError: If there is not one prediction for each target.

    Example:
        >>> accuracy([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]], [1, 0, 0])
        0.6666666666666666
        >>> accuracy([0.7, -2.0], [1, -1])
        1.0
    """
    labels, targets = _labels(prediction, target, threshold)
    return float((labels == targets).mean())


def confusion_matrix(
    prediction: object, target: object, *, threshold: float | None = None
) -> Array:
    """Return how many examples of class i (row) were predicted as class j (column).

    Args:
        prediction: As for `accuracy`.
        target: As for `accuracy`.
        threshold: As for `accuracy`.

    Returns:
        One row and one column for each class that occurs, in sorted order; with C scores, for
        each of the C classes.

    Raises:
        ValueError: If there is not one prediction for each target, or a target is not a class of C.

    Example:
        >>> confusion_matrix([0, 1, 1, 1], [0, 0, 1, 1])
        array([[1, 1],
               [0, 2]])
    """
    import numpy as np

    labels, targets = _labels(prediction, target, threshold)
    scores = _array(prediction)
    found = {*labels.tolist(), *targets.tolist()}
    classes = sorted(found) if scores.ndim == 1 else list(range(scores.shape[1]))
    if not found <= set(classes):
        raise ValueError(
            f"targets are classes from 0 to {len(classes) - 1}, but there is a "
            f"{next(iter(found - set(classes)))}"
        )
    matrix = np.zeros((len(classes), len(classes)), dtype=np.int64)
    np.add.at(matrix, (np.searchsorted(classes, targets), np.searchsorted(classes, labels)), 1)
    return matrix


def r2_score(prediction: object, target: object) -> float:
    """Return R² = 1 - Σ(y - f)² / Σ(y - ȳ)², the mean over outputs.

    1 is perfect, 0 is no better than always predicting the mean. For a constant target it
    is 1 if the prediction is perfect, else 0.

    Args:
        prediction: f, shape (N,) or (N, C).
        target: y, in the same shape.

    Raises:
        ValueError: If the shapes differ, or there are fewer than two examples.

    Example:
        >>> r2_score([1.0, 2.0, 4.0], [1.0, 2.0, 3.0])
        0.5
    """
    import numpy as np

    f, y = _float_arrays(prediction, target)
    if len(y) < 2:
        raise ValueError(f"r2_score needs two examples or more, but got {len(y)}")
    around, missed = y - y.mean(axis=0), y - f
    scale = np.maximum(abs(around), abs(missed)).max(axis=0)  # so that no square is too large
    scale = np.where(scale > 0.0, scale, 1.0)
    wrong, spread = ((missed / scale) ** 2).sum(axis=0), ((around / scale) ** 2).sum(axis=0)
    safe = np.where(spread > 0.0, spread, 1.0)
    constant = np.where(wrong > 0.0, 0.0, 1.0)
    return float(np.mean(np.where(spread > 0.0, 1.0 - wrong / safe, constant)))


def mean_absolute_error(prediction: object, target: object) -> float:
    """Return the mean of |y - f| over all numbers, in the unit of the targets.

    With C outputs it is `losses.mae_loss` divided by C.

    Args:
        prediction: f, shape (N,) or (N, C).
        target: y, in the same shape.

    Raises:
        ValueError: If the shapes differ.

    Example:
        >>> mean_absolute_error([1.0, 2.0], [0.0, 4.0])
        1.5
    """
    f, y = _float_arrays(prediction, target)
    return float(abs(y - f).mean())


def _array(x: object) -> Array:
    import numpy as np

    array: Any = x
    try:
        return array if isinstance(x, np.ndarray) else np.asarray(plain_rows(x))
    except ValueError:
        raise ValueError(f"a metric needs rows of one length, but got {x!r:.200}") from None


def _targets(target: object, scores: Array) -> Array:
    """Return targets as an array: rows, if there are both indices of classes and rows."""
    import numpy as np

    try:
        return _array(target)
    except ValueError:
        if scores.ndim != 2:
            raise
    count = scores.shape[1]
    rows = [class_row(one, count, f"target[{n}]") for n, one in enumerate(plain_rows(target))]
    return np.asarray(rows)


def _float_arrays(prediction: object, target: object) -> tuple[Floats, Floats]:
    try:
        f, y = (as_array(_array(x)).astype(float) for x in (prediction, target))
    except TypeError as error:
        raise ValueError(f"predictions and targets are numbers here: {error}") from None
    if f.shape != y.shape or not f.size or not f.ndim:
        raise ValueError(
            f"one target per prediction, please: got shapes {f.shape} and {y.shape}; they must be "
            "equal and not empty"
        )
    return f, y


def _labels(prediction: object, target: object, threshold: float | None) -> tuple[Array, Array]:
    """Return the predicted and the true class of each example."""
    import numpy as np

    f = _array(prediction)
    y = _targets(target, f)
    if f.ndim not in (1, 2) or not f.size or len(f) != len(np.atleast_1d(y)):
        raise ValueError(f"one target per prediction, please: got shapes {f.shape} and {y.shape}")
    if isinstance(f.flat[0], str) != isinstance(y.flat[0], str):
        raise ValueError(
            f"labels are compared with labels, but the first prediction is {f.tolist()[0]!r} and "
            f"the first target {y.tolist()[0]!r}: make both texts, or both places among the classes"
        )
    if f.dtype.kind == "f" and np.isnan(f).any():
        place = np.argwhere(np.isnan(f))[0].tolist()
        raise ValueError(f"prediction{place} is nan, which is of no class")
    if f.ndim == 2:
        if f.shape[1] == 1:
            raise ValueError(
                f"scores for each class need two columns or more, but got shape {f.shape}: ravel() "
                "makes one column flat"
            )
        if y.ndim == 2 and y.shape != f.shape:
            raise ValueError(f"one-hot targets need the shape {f.shape}, but have {y.shape}")
        return f.argmax(axis=1), y.argmax(axis=1) if y.ndim == 2 else y
    if y.ndim != 1:
        raise ValueError(f"single scores need targets of shape ({len(f)},), but got {y.shape}")
    if f.dtype.kind != "f" and threshold is None:
        return f, y
    if threshold is None and (y == 1).all():  # of 0 and 1, or of -1 and +1: the scores may tell
        threshold = 0.5 if f.min() >= 0.0 and f.max() <= 1.0 else None
        if threshold is None and ((f > 0.0) & (f <= 0.5)).any():
            raise ValueError(
                "all targets are 1, which may mean 0 and 1 or -1 and +1: say threshold=0.5 for "
                "probabilities, threshold=0.0 for logits and scores"
            )
    for lower, middle in ((-1, 0.0), (0, 0.5)):
        if ((y == lower) | (y == 1)).all():
            return np.where(f > (middle if threshold is None else threshold), 1, lower), y
    if threshold is not None:
        found = set(y.tolist())
        raise ValueError(f"a threshold needs targets 0 and 1 or -1 and +1, but got {found}")
    return f, y

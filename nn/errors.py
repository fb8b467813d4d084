"""The error of `nn`; all others are ValueErrors and those of `autograd_mini.errors`."""

from __future__ import annotations

from autograd_mini import AnomalyError

__all__ = ["DivergedError"]


class DivergedError(AnomalyError):
    """A loss or a gradient was not finite; the model is as it was before that update.

    Example:
        >>> from nn import FNN, SGD, fit
        >>> model = FNN([1, 1], seed=0)
        >>> sgd = SGD(model.parameters(), lr=1e3)  # far too large
        >>> fit(model, [[1.0], [2.0]], [1.0, 2.0], loss="mse", optimizer=sgd, backend="eager")
        Traceback (most recent call last):
            ...
        nn.errors.DivergedError: training stopped in epoch ... a lower learning rate than 1000, ...
    """

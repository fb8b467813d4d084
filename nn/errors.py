"""The error of `nn`; all others are ValueErrors and those of `autograd_mini.errors`."""

from __future__ import annotations

from autograd_mini import AnomalyError

__all__ = ["DivergedError"]


class DivergedError(AnomalyError):
    """A loss or a gradient was not finite; the model is as it was before that update."""

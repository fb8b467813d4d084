"""Penalties: model -> Value, for `fit(penalty=...)`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from autograd_mini import Value, dot, total
from nn.errors import from_zero

__all__ = ["l1_penalty", "l2_penalty"]


def l1_penalty(strength: float) -> Callable[[Any], Any]:
    """Return the penalty strength · Σ|w| over a model's weights; biases are free.

    Args:
        strength: Its weight beside the loss, from 0 up.

    Raises:
        ValueError: If strength < 0.

    Example:
        >>> from nn import FNN
        >>> l1_penalty(0.1)(FNN([2, 1], init=lambda n_in, n_out, rng: -2.0)).data
        0.4
    """
    return partial(_l1, from_zero("strength", strength))


def l2_penalty(strength: float) -> Callable[[Any], Any]:
    """Return the penalty strength/2 · Σw² over a model's weights; biases are free.

    Args:
        strength: Its weight beside the loss, from 0 up.

    Raises:
        ValueError: If strength < 0.

    Example:
        >>> from nn import FNN
        >>> l2_penalty(0.1)(FNN([2, 1], init=lambda n_in, n_out, rng: -2.0)).data
        0.4
    """
    return partial(_l2, from_zero("strength", strength))


def _l1(strength: float, model: object) -> Any:
    return strength * total([abs(w) for w in _weights(model)])


def _l2(strength: float, model: object) -> Any:
    ws = _weights(model)
    return (0.5 * strength) * dot(ws, ws)


def _weights(model: Any) -> list[Value]:
    """Return what a penalty shrinks; a user's model says so in `weights()` or by labels."""
    if hasattr(model, "weights"):
        return model.weights()
    return [p for p in model.parameters() if p.label.rpartition(".")[2] != "b"]

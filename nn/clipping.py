"""Clipping: gradients are kept from being too large."""

from __future__ import annotations

import math
from collections.abc import Iterable

from autograd_mini import Value
from autograd_mini.compiler.parameters import settle_gradients


def clip_grad_norm(params: Iterable[Value], max_norm: float) -> float:
    """Scale all gradients by min(1, max_norm / (‖g‖₂ + 1e-6)) and return ‖g‖₂ as it was.

    Args:
        params: The Values whose gradients, all together, are the vector g.
        max_norm: The longest g that is not scaled down.

    Raises:
        ValueError: If `max_norm` is not above 0.

    Example:
        >>> x, y = Value(1.0), Value(1.0)
        >>> (3 * x + 4 * y).backward()
        >>> clip_grad_norm([x, y], 1.0)
        5.0
        >>> round(x.grad, 5), round(y.grad, 5)
        (0.6, 0.8)

    Reference:
        Pascanu, Mikolov, Bengio, "On the difficulty of training recurrent neural networks",
        ICML 2013.
    """
    params = list(params)
    settle_gradients(params)
    norm = math.hypot(*(float(p.grad or 0.0) for p in params))
    factor = norm_factor(norm, max_norm)
    for p in params:
        p.grad = float(p.grad or 0.0) * factor
    return norm


def norm_factor(norm: float, max_norm: float) -> float:
    """Return the factor that brings gradients of this norm down to `max_norm`; 1 at most."""
    check_limit("max_norm", max_norm)
    return min(1.0, max_norm / (norm + 1e-6))


def clip_grad_value(params: Iterable[Value], clip_value: float) -> None:
    """Clip each gradient to the range from -clip_value to clip_value.

    Raises:
        ValueError: If `clip_value` is not above 0.

    Example:
        >>> x = Value(1.0)
        >>> (30 * x).backward()
        >>> clip_grad_value([x], 0.5)
        >>> x.grad
        0.5
    """
    check_limit("clip_value", clip_value)
    params = list(params)
    settle_gradients(params)
    for p in params:
        p.grad = min(max(float(p.grad or 0.0), -clip_value), clip_value)


def check_limit(name: str, limit: float) -> None:
    """Raise ValueError unless `limit`, a bound for gradients, is above 0."""
    if not (hasattr(limit, "__float__") and limit > 0):
        raise ValueError(f"{name} must be above 0, but got {limit!r}")

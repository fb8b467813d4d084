"""Activations, and the functions that losses are made of."""

from __future__ import annotations

from autograd_mini import ops
from autograd_mini.functions.signatures import Scalar, of_first, unary
from autograd_mini.value import apply

__all__ = [
    "clamped_log",
    "clamped_log1p",
    "elu",
    "gelu",
    "hardtanh",
    "huber",
    "leaky_relu",
    "log_cosh",
    "log_sigmoid",
    "mish",
    "relu",
    "sigmoid",
    "silu",
    "softplus",
    "softshrink",
    "softsign",
    "tanhshrink",
]


@unary
def sigmoid(x: Scalar) -> Scalar:
    """Return 1 / (1 + e⁻ˣ), in (0, 1), for any x.

    Example:
        >>> sigmoid(0.0)
        0.5
    """
    return apply(ops.SIGMOID, x)


@unary
def relu(x: Scalar) -> Scalar:
    """Return max(x, 0); its slope at 0 is 0.

    Example:
        >>> relu(-1.0)
        0.0
    """
    return apply(ops.RELU, x)


@unary
def softplus(x: Scalar) -> Scalar:
    """Return ln(1 + eˣ), a smooth relu, for any x.

    Example:
        >>> softplus(-800.0)
        0.0
    """
    return apply(ops.SOFTPLUS, x)


@unary
def log_sigmoid(x: Scalar) -> Scalar:
    """Return ln sigmoid(x) = -softplus(-x), for any x.

    Example:
        >>> log_sigmoid(800.0)
        -0.0
    """
    return apply(ops.LOG_SIGMOID, x)


@unary
def silu(x: Scalar) -> Scalar:
    """Return x sigmoid(x), also called swish.

    Example:
        >>> silu(0.0)
        0.0
    """
    return apply(ops.SILU, x)


@unary
def gelu(x: Scalar) -> Scalar:
    """Return x Φ(x), with Φ the distribution function of the standard normal.

    Example:
        >>> gelu(0.0)
        0.0
    """
    return apply(ops.GELU, x)


@unary
def mish(x: Scalar) -> Scalar:
    """Return x tanh(softplus(x)).

    Example:
        >>> mish(0.0)
        0.0
    """
    return apply(ops.MISH, x)


@unary
def softsign(x: Scalar) -> Scalar:
    """Return x / (1 + |x|), smooth at 0.

    Example:
        >>> softsign(1.0)
        0.5
    """
    return apply(ops.SOFTSIGN, x)


@unary
def tanhshrink(x: Scalar) -> Scalar:
    """Return x - tanh x, without cancellation at small x.

    Example:
        >>> tanhshrink(0.0)
        0.0
    """
    return apply(ops.TANHSHRINK, x)


@of_first
def hardtanh(x: Scalar, low: Scalar = -1.0, high: Scalar = 1.0) -> Scalar:
    """Return x, or the bound it is beyond; the slope at the bounds is 0.

    Raises:
        DomainError: If low > high.

    Example:
        >>> hardtanh(5.0)
        1.0
    """
    return apply(ops.HARDTANH, x, low, high)


@of_first
def leaky_relu(x: Scalar, negative_slope: Scalar = 0.01) -> Scalar:
    """Return x for x > 0, else negative_slope x, which is its slope at 0 as well.

    Example:
        >>> leaky_relu(-2.0, 0.5)
        -1.0
    """
    return apply(ops.LEAKY_RELU, x, negative_slope)


@of_first
def elu(x: Scalar, alpha: Scalar = 1.0) -> Scalar:
    """Return x for x > 0, else alpha (eˣ - 1); its slope at 0 is alpha.

    Example:
        >>> elu(3.0)
        3.0
    """
    return apply(ops.ELU, x, alpha)


@of_first
def softshrink(x: Scalar, lambd: Scalar = 0.5) -> Scalar:
    """Return x moved towards 0 by lambd, and 0 where |x| <= lambd.

    Raises:
        DomainError: If lambd < 0.

    Example:
        >>> softshrink(2.0)
        1.5
    """
    return apply(ops.SOFTSHRINK, x, lambd)


@unary
def log_cosh(x: Scalar) -> Scalar:
    """Return ln cosh x, for any x.

    Example:
        >>> log_cosh(0.0)
        0.0
    """
    return apply(ops.LOG_COSH, x)


@of_first
def huber(r: Scalar, delta: Scalar = 1.0) -> Scalar:
    """Return ½r² where |r| <= delta, else delta (|r| - delta/2).

    Raises:
        DomainError: If delta < 0.

    Example:
        >>> huber(3.0)
        2.5
    """
    return apply(ops.HUBER, r, delta)


@unary
def clamped_log(x: Scalar) -> Scalar:
    """Return max(ln x, -100), also at 0, and NaN below; its slope is 0 up to e⁻¹⁰⁰.

    Example:
        >>> clamped_log(0.0)
        -100.0
    """
    return apply(ops.CLAMPED_LOG, x)


@unary
def clamped_log1p(x: Scalar) -> Scalar:
    """Return max(ln(1 + x), -100), also at -1, and NaN below; its slope is 0 at -1.

    Example:
        >>> clamped_log1p(-1.0)
        -100.0
    """
    return apply(ops.CLAMPED_LOG1P, x)

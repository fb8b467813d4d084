"""Elementary functions: exponentials, angles, lengths, the error function."""

from __future__ import annotations

from autograd_mini import ops
from autograd_mini.functions.signatures import Scalar, binary, unary
from autograd_mini.value import apply

__all__ = [
    "acos",
    "asin",
    "atan",
    "atan2",
    "cos",
    "cosh",
    "erf",
    "erfc",
    "exp",
    "expm1",
    "hypot",
    "log",
    "log1p",
    "log_or_nan",
    "quotient",
    "sin",
    "sinh",
    "sqrt",
    "tan",
    "tanh",
    "xlogy",
]


@unary
def exp(x: Scalar) -> Scalar:
    """Return eˣ.

    Raises:
        RangeError: If x > 709.78.

    Example:
        >>> exp(0.0)
        1.0
    """
    return apply(ops.EXP, x)


@unary
def log(x: Scalar) -> Scalar:
    """Return the natural logarithm ln x.

    Raises:
        DomainError: If x <= 0.

    Example:
        >>> log(1.0)
        0.0
    """
    return apply(ops.LOG, x)


@unary
def log1p(x: Scalar) -> Scalar:
    """Return ln(1 + x), exact for small x.

    Raises:
        DomainError: If x <= -1.

    Example:
        >>> log1p(0.0)
        0.0
    """
    return apply(ops.LOG1P, x)


@unary
def expm1(x: Scalar) -> Scalar:
    """Return eˣ - 1, exact for small x.

    Raises:
        RangeError: If x > 709.78.

    Example:
        >>> expm1(0.0)
        0.0
    """
    return apply(ops.EXPM1, x)


@unary
def sqrt(x: Scalar) -> Scalar:
    """Return the square root; its slope at 0 is infinite.

    Raises:
        DomainError: If x < 0.

    Example:
        >>> sqrt(9.0)
        3.0
    """
    return apply(ops.SQRT, x)


@unary
def sin(x: Scalar) -> Scalar:
    """Return the sine of an angle in radians.

    Raises:
        DomainError: If x is infinite.

    Example:
        >>> sin(0.0)
        0.0
    """
    return apply(ops.SIN, x)


@unary
def cos(x: Scalar) -> Scalar:
    """Return the cosine of an angle in radians.

    Raises:
        DomainError: If x is infinite.

    Example:
        >>> cos(0.0)
        1.0
    """
    return apply(ops.COS, x)


@unary
def tan(x: Scalar) -> Scalar:
    """Return the tangent of an angle in radians.

    Raises:
        DomainError: If x is infinite.

    Example:
        >>> tan(0.0)
        0.0
    """
    return apply(ops.TAN, x)


@unary
def sinh(x: Scalar) -> Scalar:
    """Return the hyperbolic sine.

    Raises:
        RangeError: If |x| > 710.47.

    Example:
        >>> sinh(0.0)
        0.0
    """
    return apply(ops.SINH, x)


@unary
def cosh(x: Scalar) -> Scalar:
    """Return the hyperbolic cosine.

    Raises:
        RangeError: If |x| > 710.47.

    Example:
        >>> cosh(0.0)
        1.0
    """
    return apply(ops.COSH, x)


@unary
def tanh(x: Scalar) -> Scalar:
    """Return the hyperbolic tangent.

    Example:
        >>> tanh(0.0)
        0.0
    """
    return apply(ops.TANH, x)


@unary
def asin(x: Scalar) -> Scalar:
    """Return the angle in radians whose sine is x; slope ∞ at ±1.

    Raises:
        DomainError: If |x| > 1.

    Example:
        >>> asin(0.0)
        0.0
    """
    return apply(ops.ASIN, x)


@unary
def acos(x: Scalar) -> Scalar:
    """Return the angle in radians whose cosine is x; slope -∞ at ±1.

    Raises:
        DomainError: If |x| > 1.

    Example:
        >>> acos(1.0)
        0.0
    """
    return apply(ops.ACOS, x)


@unary
def atan(x: Scalar) -> Scalar:
    """Return the angle in radians, in (-π/2, π/2), whose tangent is x.

    Example:
        >>> atan(0.0)
        0.0
    """
    return apply(ops.ATAN, x)


@binary
def atan2(y: Scalar, x: Scalar) -> Scalar:
    """Return the angle in radians of the point (x, y), in [-π, π]; slopes at the origin are 0.

    Example:
        >>> atan2(0.0, 1.0)
        0.0
    """
    return apply(ops.ATAN2, y, x)


@binary
def hypot(x: Scalar, y: Scalar) -> Scalar:
    """Return √(x² + y²) without overflow; slopes at the origin are 0.

    Example:
        >>> hypot(3.0, 4.0)
        5.0
    """
    return apply(ops.HYPOT, x, y)


@unary
def erf(x: Scalar) -> Scalar:
    """Return the error function (2/√π) ∫₀ˣ exp(-t²) dt.

    Example:
        >>> erf(0.0)
        0.0
    """
    return apply(ops.ERF, x)


@unary
def erfc(x: Scalar) -> Scalar:
    """Return 1 - erf(x), exact for large x.

    Example:
        >>> erfc(0.0)
        1.0
    """
    return apply(ops.ERFC, x)


@binary
def xlogy(x: Scalar, y: Scalar) -> Scalar:
    """Return x ln y, with 0 ln 0 = 0 and slope 0 there; NaN for y < 0.

    Example:
        >>> xlogy(0.0, 0.0)
        0.0
    """
    return apply(ops.XLOGY, x, y)


@binary
def quotient(a: Scalar, b: Scalar) -> Scalar:
    """Return IEEE division: a / 0 is infinite and 0 / 0 is NaN, for rules, which must not raise.

    Example:
        >>> quotient(1.0, 0.0)
        inf
    """
    return apply(ops.QUOTIENT, a, b)


@unary
def log_or_nan(x: Scalar) -> Scalar:
    """Return ln x, -∞ at 0 and NaN below: for rules, which must not raise.

    Example:
        >>> log_or_nan(1.0)
        0.0
    """
    return apply(ops.LOG_OR_NAN, x)

"""Elementary: exp, log, tanh and log1p of vectors, by polynomials; the others by the C library.

Each is within 2 units in the last place of the function, over the whole range, with the infinities,
signed zeros, denormals and nans that NumPy gives. Single precision is computed in double.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

from autograd_mini.compiler.native.vectors import BITS, Function, Vector
from autograd_mini.compiler.untyped import np

_LN2_HIGH: Final = 6.93147180369123816490e-01  # ln 2, the last bits 0: times 2048 it is exact
_LN2_LOW: Final = 1.90821492927058770002e-10
_MAGIC: Final = 6755399441055744.0  # 1.5 2⁵²: added to a number it leaves the nearest integer
_MAGIC_BITS: Final = 0x4338000000000000
_SQRT_HALF_BITS: Final = 0x3FE6A09E667F3BCD
_EXP: Final = [1.0 / math.factorial(k) for k in range(13, -1, -1)]
# Of (log(1 + f) - f + f²/2) / s over s², with s = f / (2 + f); FreeBSD, e_log.c.
# fmt: off
_LOG: Final = [
    1.479819860511658591e-01, 1.531383769920937332e-01, 1.818357216161805012e-01,
    2.222219843214978396e-01, 2.857142874366239149e-01, 3.999999999940941908e-01,
    6.666666666666735130e-01,
]
# Of (tanh(x) - x) / x³ over x², for |x| < 0.625; Moshier, Cephes.
_TANH_TOP: Final = [
    -9.64399179425052238628e-1, -9.92877231001918586564e1, -1.61468768441708447952e3,
]
_TANH_BOTTOM: Final = [
    1.0, 1.12811678491632931402e2, 2.23548839060100448583e3, 4.84406305325125486048e3,
]
# fmt: on


def _polynomial(x: Vector, coefficients: Sequence[float]) -> Any:
    found: Any = coefficients[0]
    for c in coefficients[1:]:
        found = x.function.muladd(found, x, c)
    return found


def _exp(x: Any) -> Any:
    """2ⁿ eʳ, with x = n ln 2 + r; 2ⁿ in two factors, so that what is tiny is rounded once."""
    f = x.function
    x = np.where(x > 710.0, 710.0, x)
    x = np.where(x < -750.0, -750.0, x)
    shifted = f.muladd(x, 1.0 / math.log(2.0), _MAGIC)
    n = shifted - _MAGIC
    r = f.muladd(n, -_LN2_LOW, f.muladd(n, -_LN2_HIGH, x))

    def power(n: Vector) -> Vector:
        return f.cast("bitcast", (n + 1023) << 52, f.element)

    exponent = f.cast("bitcast", shifted, BITS) - _MAGIC_BITS
    half = ((exponent + 2048) >> 1) - 1024
    return _polynomial(r, _EXP) * power(half) * power(exponent - half)


def _log(x: Any) -> Any:
    """E ln 2 + log m, with x = 2ᵉ m and m between √½ and √2."""
    f = x.function
    tiny = x < 2.2250738585072014e-308
    bits = f.cast("bitcast", np.where(tiny, x * 2.0**54, x), BITS)
    exponent = ((bits - _SQRT_HALF_BITS + (1 << 62)) >> 52) - 1024
    m = f.cast("bitcast", bits - (exponent << 52), f.element)
    e = f.cast("sitofp", exponent, f.element) - np.where(tiny, 54.0, 0.0)
    m = m - 1.0
    s = m / (m + 2.0)
    square = s * s
    half = 0.5 * (m * m)
    rest = f.muladd(s, half + square * _polynomial(square, _LOG), e * _LN2_LOW)
    found = f.muladd(e, _LN2_HIGH, m - (half - rest))
    found = np.where(np.equal(x, 0.0), -math.inf, found)
    found = np.where(x < 0.0, math.nan, found)
    found = np.where(np.equal(x, math.inf), math.inf, found)
    return np.where(np.equal(x, x), found, x)


def _tanh(x: Any) -> Any:
    """1 - 2 / (e²ˣ + 1), and a quotient of polynomials where that cancels."""
    size, square = abs(x), x * x
    quotient = _polynomial(square, _TANH_TOP) / _polynomial(square, _TANH_BOTTOM)
    small = x.function.muladd(size * square, quotient, size)
    large = 1.0 - 2.0 / (np.exp(size + size) + 1.0)
    return np.copysign(np.where(size < 0.625, small, large), x)


def _log1p(x: Any) -> Any:
    """Log u + (x - (u - 1)) / u, where u is 1 + x as it was rounded."""
    u = 1.0 + x
    lost = np.where(np.isfinite(u) & np.not_equal(u, 0.0), (x - (u - 1.0)) / u, 0.0)
    return np.where(np.equal(x, 0.0), x, np.log(u) + lost)


ELEMENTARY: Final[dict[str, Callable[[Any], Any]]] = {
    "exp": _exp,
    "log": _log,
    "tanh": _tanh,
    "log1p": _log1p,
}


def library(f: Function, name: str, xs: Sequence[Vector]) -> Vector:
    """Return a function of the C library, called for each lane."""
    f.module.declare(name, "double", *["double"] * len(xs))
    lanes = xs[0].lanes
    kind, found = f.type(lanes), "poison"
    for i in range(lanes):
        each = [x if lanes == 1 else f.shuffled(x, x, [i]) for x in xs]
        texts = ", ".join([f.typed(x, 1) for x in each])
        found, before = f.named(f"call double @{name}({texts})"), found
        if lanes > 1:
            found = f.named(f"insertelement {kind} {before}, double {found}, i64 {i}")
    return Vector(f, found, lanes)

"""A NumPy function for every elementary row, and the symbols that write programs.

A composite row needs none: a program writes it out.

It takes the row's operands as arrays, and `out=`. It is as stable as the row's forward,
and never raises: outside of a domain it gives NaN or an infinity.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from operator import attrgetter
from typing import Any, ClassVar, Final, TypeAlias

from autograd_mini import ops
from autograd_mini.compiler.language import as_number
from autograd_mini.compiler.untyped import np
from autograd_mini.ops import Op
from autograd_mini.symbols import PRODUCT, TRUTH, Symbol

Array: TypeAlias = Any


def _into(result: Array, out: Array | None) -> Array:
    if out is None:
        return result
    np.copyto(out, result)
    return out


def sigmoid(x: Array, out: Array | None = None) -> Array:
    """1 / (1 + e⁻ˣ), without overflow."""
    e = np.exp(-np.abs(x))
    return np.divide(np.where(np.greater_equal(x, 0.0), 1.0, e), 1.0 + e, out=out)


def softplus(x: Array, out: Array | None = None) -> Array:
    """ln(1 + eˣ), without overflow."""
    return np.add(np.maximum(x, 0.0), np.log1p(np.exp(-np.abs(x))), out=out)


def relu(x: Array, out: Array | None = None) -> Array:
    """max(x, 0)."""
    return np.maximum(x, 0.0, out=out)


def maximum(x: Array, y: Array, out: Array | None = None) -> Array:
    """Return the larger, never -0.0: of two zeros processors take either."""
    return np.add(np.maximum(x, y, out=out), 0.0, out=out)


def minimum(x: Array, y: Array, out: Array | None = None) -> Array:
    """Return the smaller, never -0.0."""
    return np.add(np.minimum(x, y, out=out), 0.0, out=out)


def where(cond: Array, a: Array, b: Array, out: Array | None = None) -> Array:
    """`a` where the condition holds, else `b`."""
    return _into(np.where(cond, a, b), out)


def greater(x: Array, y: Array, out: Array | None = None) -> Array:
    """1.0 where x > y, else 0.0."""
    return _into(np.greater(x, y) * 1.0, out)


def less(x: Array, y: Array, out: Array | None = None) -> Array:
    """1.0 where x < y, else 0.0."""
    return _into(np.less(x, y) * 1.0, out)


def clip(x: Array, low: Array, high: Array, out: Array | None = None) -> Array:
    """`x`, or the bound it is beyond; NaN if low > high."""
    inside = np.where(np.less(x, low), low, np.where(np.greater(x, high), high, x))
    return _into(np.where(np.greater(low, high), np.nan, inside), out)


def place(index: Array, count: Array, out: Array | None = None) -> Array:
    """Return the place of an element of `count`, from 0 on; NaN if there is none."""
    at = np.where(index < 0.0, index + count, index)
    there = np.minimum(np.floor(at), count - 1.0) == np.maximum(at, 0.0)
    return _into(np.where(there, at, np.nan), out)


def tanhshrink(x: Array, out: Array | None = None) -> Array:
    """Return x - tanh x, by its series near 0, where the difference cancels."""
    q = x * x
    series = x * q * (1 / 3 - q * (2 / 15 - q * (17 / 315 - q * (62 / 2835))))
    return _into(np.where(np.abs(x) < 0.03, series, x - np.tanh(x)), out)


def log_cosh(x: Array, out: Array | None = None) -> Array:
    """Return ln cosh x, without overflow or cancellation."""
    size = np.abs(x)
    large = size + np.log1p(np.exp(-2.0 * size)) - math.log(2.0)
    small = np.log1p(2.0 * np.sinh(0.5 * np.minimum(size, 1.0)) ** 2)
    return _into(np.where(size > 1.0, large, small), out)


def log_or_nan(x: Array, out: Array | None = None) -> Array:
    """Return ln x, -∞ at 0, NaN below."""
    return np.log(x, out=out)


def xlogy(x: Array, y: Array, out: Array | None = None) -> Array:
    """Return x ln y, and 0 at x = 0."""
    zero = np.equal(x, 0.0) & np.greater_equal(y, 0.0)
    return _into(np.where(zero, 0.0, x * np.log(np.where(zero, 1.0, y))), out)


def clamped_log1p(x: Array, out: Array | None = None) -> Array:
    """max(ln(1 + x), -100)."""
    return np.maximum(np.log1p(x), -100.0, out=out)


def pow(x: Array, y: Array, out: Array | None = None) -> Array:
    """Return xʸ, also where NumPy takes the root of -0.0 or -∞ for a y of 0.5."""
    end = (np.equal(x, 0.0) | np.equal(x, -np.inf)) & np.equal(y, 0.5)
    return _into(np.where(end, np.abs(x), np.power(x, y)), out)


def power_slope(x: Array, y: Array, out: Array | None = None) -> Array:
    """Slope y xʸ⁻¹ of a power in its base; 0 for y = 0."""
    slope = y * pow(np.add(x, 0.0), np.subtract(y, 1.0))  # -0.0 counts as 0.0
    return _into(np.where(np.equal(y, 0.0), 0.0, slope), out)


def erf(x: Array, out: Array | None = None) -> Array:
    """Error function; Cody, "Rational Chebyshev approximations for the error function" (1969)."""
    size = np.abs(x)
    small = x * _ratio(np.minimum(size, 0.5) ** 2, *_ERF_SMALL)
    return _into(np.where(size <= 0.46875, small, np.copysign(1.0 - _erfc_tail(size), x)), out)


def erfc(x: Array, out: Array | None = None) -> Array:
    """1 - erf(x), exact for large x."""
    size = np.abs(x)
    small = 1.0 - x * _ratio(np.minimum(size, 0.5) ** 2, *_ERF_SMALL)
    tail = _erfc_tail(size)
    return _into(np.where(size <= 0.46875, small, np.where(np.less(x, 0.0), 2.0 - tail, tail)), out)


def _ratio(x: Array, top: tuple[float, ...], bottom: tuple[float, ...]) -> Array:
    """Return a quotient of two polynomials, highest coefficient first."""
    p: Array = top[0]
    q: Array = bottom[0]
    for a, b in zip(top[1:], bottom[1:], strict=True):
        p = p * x + a
        q = q * x + b
    return p / q


def _erfc_tail(size: Array) -> Array:
    """Return erfc of numbers from 0.46875 on."""
    size = np.maximum(size, 0.46875)
    inverse = 1.0 / (size * size)
    far = inverse * _ratio(inverse, *_ERFC_FAR)
    far = (1.0 / math.sqrt(math.pi) - far) / size
    near = _ratio(np.minimum(size, 4.0), *_ERFC_NEAR)
    high = np.trunc(np.minimum(size, 30.0) * 16.0) / 16.0  # size² = high² + rest, without rounding
    rest = (size - high) * (size + high)
    return np.where(
        size > 28.0, 0.0, np.exp(-high * high) * np.exp(-rest) * np.where(size <= 4.0, near, far)
    )


# fmt: off
_ERF_SMALL: Final = (
    (1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2, 3.77485237685302021e2,
     3.20937758913846947e3),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3,
     2.84423683343917062e3),
)
_ERFC_NEAR: Final = (
    (2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0, 6.61191906371416295e1,
     2.98635138197400131e2, 8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3,
     1.23033935479799725e3),
    (1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2,
     1.62138957456669019e3, 3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3,
     1.23033935480374942e3),
)
_ERFC_FAR: Final = (
    (1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1,
     1.25781726111229246e-1, 1.60837851487422766e-2, 6.58749161529837803e-4),
    (1.0, 2.56852019228982242e0, 1.87295284992346725e0, 5.27905102951428412e-1,
     6.05183413124413191e-2, 2.33520497626869185e-3),
)
# fmt: on


# Rows of any number of operands take them as the first axis of one array.


def amax(xs: Array, out: Array | None = None) -> Array:
    """Return the largest over the first axis, never -0.0."""
    return np.add(np.maximum.reduce(xs, axis=0, out=out), 0.0, out=out)


def logsumexp(xs: Array, out: Array | None = None) -> Array:
    """Return log Σ exp over the first axis, without overflow."""
    largest = np.maximum.reduce(xs, axis=0)
    shift = np.where(np.isfinite(largest), largest, 0.0)
    return np.add(np.log(np.add.reduce(np.exp(xs - shift), axis=0)), shift, out=out)


def norm(xs: Array, out: Array | None = None) -> Array:
    """Euclidean length over the first axis, without overflow; infinite beside NaN, too."""
    largest = np.fmax.reduce(np.abs(xs), axis=0)
    scale = np.where((largest > 0.0) & np.isfinite(largest), largest, 1.0)
    length = np.sqrt(np.add.reduce(np.square(xs / scale), axis=0)) * scale
    return _into(np.where(np.isinf(largest), largest, length), out)


def dot(xs: Array, out: Array | None = None) -> Array:
    """Σ w x + bias, with ws, xs and the bias along the first axis."""
    n = len(xs) // 2
    f = np.add.reduce(xs[:n] * xs[n : 2 * n], axis=0)
    return _into(f + xs[-1] if len(xs) % 2 else f, out)


_OTHERS: Final = {
    "sub": "subtract",
    "mul": "multiply",
    "div": "divide",
    "neg": "negative",
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "atan2": "arctan2",
    "detach": "positive",
    "quotient": "divide",
    "total": "add.reduce",
    "product": "multiply.reduce",
}
# A row's function has its name: it stands above, or is NumPy's, which has other names for some.
FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    op.name: globals().get(op.name) or attrgetter(_OTHERS.get(op.name, op.name))(np)
    for op in (*ops.ELEMENTARY, ops.DETACH, ops.PLACE)
}


def qualified_name(f: Callable[..., Any]) -> str:
    """Return the name of one of NumPy's own functions, with its module; "" for one of ours.

    Example:
        >>> [qualified_name(FUNCTIONS[name]) for name in ("neg", "total", "norm")]
        ['np.negative', 'np.add.reduce', '']
    """
    of: Any = getattr(f, "__self__", None)
    if isinstance(of, np.ufunc):
        return f"np.{of.__name__}.reduce"
    return f"np.{f.__name__}" if isinstance(f, np.ufunc) else ""


def over_elements(op: Op) -> Callable[..., Any]:
    """Return a function of arrays that maps a row over their elements.

    A row of any number of operands takes them as the first axis of one array.
    """
    row = as_number(op.forward)
    mapped = np.frompyfunc(row, op.arity or 1, 1)

    def over(*operands: Array, out: Array | None = None) -> Array:
        if op.arity is None:
            (xs,) = operands
            result = np.empty(xs.shape[1:], xs.dtype)
            columns = xs.reshape(len(xs), -1).T.tolist()
            result.reshape(-1)[:] = [row(*column) for column in columns]
            return _into(result, out)
        return _into(np.asarray(mapped(*[np.asarray(x, float) for x in operands]), float), out)

    return over


class NumPySymbol(Symbol):
    """A symbol that writes NumPy."""

    __slots__ = ()

    words: ClassVar = {"nan": "np.nan", "inf": "np.inf", "-inf": "-np.inf"}

    @classmethod
    def call(cls, op: Op, operands: tuple[Symbol, ...]) -> Symbol:
        """Return the text of a row that is one of NumPy's own functions."""
        return cls(f"np.{FUNCTIONS[op.name].__name__}({', '.join(x.text for x in operands)})")

    @classmethod
    def apply(cls, op: Op, *operands: Any) -> Any:
        """Return the text of a row; NumPy's truth values take part in products only."""
        if op in (ops.ADD, ops.SUB, ops.NEG, ops.DIV, ops.POW, ops.ABS):
            operands = tuple([_as_float(x) for x in operands])
        elif op is ops.MUL and all(isinstance(x, Symbol) and x.level == TRUTH for x in operands):
            a, b = operands
            return cls(f"({a.text} & {b.text})", TRUTH)
        return super().apply(op, *operands)


def _as_float(x: Any) -> Any:
    if isinstance(x, Symbol) and x.level == TRUTH:
        return NumPySymbol(f"1.0 * {x.text}", PRODUCT)
    return x

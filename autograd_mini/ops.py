"""The rule table: one row per primitive, and the functions its rules are written in.

A row (`Op`) holds what every part of the project needs to know of an operation: how to compute
it, its partial derivatives, where it has a real result, and where it is smooth. A rule is plain
arithmetic plus the functions of this module: run on floats it computes, on Values it grows the
graph of the gradient, on Symbols it writes itself as text, on high-precision numbers it checks.

A rule takes the output `f` first, then the operands. A row with a fixed number of operands has
one partial for each; a row with any number of them has one function that returns all partials.
Second derivatives where a slope jumps: a slope made of pieces, as that of abs, relu or maximum,
is flat on either side, so that its own slope is 0 there; that of a length (norm, hypot) or an
angle (atan2), which turns about at once, has the slope NaN at the origin.
No rule may branch on its operands with `if` or compare with `==`: `where`, `greater`, `less` and
the total helpers `quotient`, `xlogy`, `log_or_nan` serve every kind of number.
"""

# A rule takes any kind of number, and a lambda cannot say so.
# pyright: reportUnknownLambdaType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final, Self, TypeAlias, cast

__all__ = ["OPS", "Number", "Op", "is_built_in", "register"]

Rule: TypeAlias = Callable[..., Any]
Range: TypeAlias = tuple[float, float]

UNDEFINED: Final = (ValueError, ArithmeticError)  # what a forward raises outside of its domain
PLAIN: Final = (float, int)  # what `math` computes with; float first, since it nearly always is one


class Op:
    """One primitive operation: a row of the rule table.

    Attributes:
        name: What it is called, unique in the table.
        forward: The value for float operands. Outside of the domain it raises ValueError,
            ZeroDivisionError or OverflowError.
        partials: One function `(f, *operands)` per operand, or, for any number of operands,
            one function that returns the tuple of all partials. None in the place of a function
            says that the operand is a condition: nothing flows into it, not even 0 times
            something.
        arity: The number of operands; None for any number.
        roles: What the operands are called in the rules: a domain speaks of them by these names.
        receives: The positions of the operands into which gradients flow; None for all.
        domain: In words, the operands that have a real result; empty where all have one.
        smooth: A box without kinks in which the row is well conditioned: one range for all
            operands, or one range for each.
        kinks: Where the slope, or the slope's slope, jumps: numbers for the first operand, or
            functions of the operands that are 0 there.

    Example:
        >>> cube = Op("cube", lambda x: x * x * x, (lambda f, x: 3.0 * x * x,))
        >>> cube.local(8.0, 2.0)
        (12.0,)
    """

    __slots__ = (
        "arity",
        "domain",
        "forward",
        "kinks",
        "name",
        "partials",
        "receives",
        "roles",
        "smooth",
    )

    def __init__(
        self,
        name: str,
        forward: Callable[..., float],
        partials: Sequence[Rule | None] | Rule,
        *,
        domain: str = "",
        smooth: Range | tuple[Range, ...] = (-3.0, 3.0),
        kinks: Sequence[float | Callable[..., Any]] = (),
    ) -> None:
        rules = (partials,) if callable(partials) else tuple(partials)
        if not rules or not all(rule is None or callable(rule) for rule in rules):
            raise TypeError(
                f"{name}: partials are functions (f, *operands), one for each operand, or one "
                f"function that returns them all, but got {partials!r}"
            )
        self.name = name
        self.forward = forward
        self.partials: Any = (
            partials if callable(partials) else tuple([rule or _nothing for rule in rules])
        )
        self.arity = None if callable(partials) else len(rules)
        self.receives: tuple[int, ...] | None = None
        named = getattr(next((rule for rule in rules if rule), None), "__code__", None)
        self.roles: tuple[str, ...] = (
            named.co_varnames[1 : named.co_argcount] if named is not None else ()
        )
        if None in rules:
            self.receives = tuple([i for i, rule in enumerate(rules) if rule is not None])
        self.domain = domain
        self.smooth = smooth
        self.kinks = tuple(kinks)

    def local(self, f: Any, *operands: Any) -> tuple[Any, ...]:
        """Return the partial derivative with respect to every operand, in argument order."""
        if self.arity is None:
            return self.partials(f, *operands)
        return tuple([partial(f, *operands) for partial in self.partials])

    def smooth_ranges(self, count: int | None = None) -> tuple[Range, ...]:
        """Return a range for each operand in which the row is smooth.

        Args:
            count: The number of operands of a row that takes any number of them.
        """
        if isinstance(self.smooth[0], tuple):
            return cast(tuple[Range, ...], self.smooth)
        return (cast(Range, self.smooth),) * (self.arity or count or 3)

    def at_kink(self, *operands: float) -> bool:
        """Say whether exactly these operands are a kink."""
        return any(
            kink(*operands) == 0.0 if callable(kink) else operands[0] == kink for kink in self.kinks
        )

    def __repr__(self) -> str:
        return f"Op({self.name!r})"

    def __reduce__(self) -> str | tuple[Any, ...]:
        return find, (self.name,)  # pickles store rows by name


def _nothing(_f: Any, *_operands: Any) -> float:
    """Return the slope towards a condition."""
    return 0.0


class Number:
    """What a rule asks of a number that is not a float: arithmetic, and functions as methods.

    A subclass says in `apply` what it means to apply a row to operands of its own kind.
    """

    __slots__ = ()

    @classmethod
    def apply(cls, op: Op, *operands: Any) -> Any:
        """Apply a row to operands of which at least one is of this kind."""
        raise NotImplementedError

    def __add__(self, other: Any) -> Any:
        return self.apply(ADD, self, other)

    def __radd__(self, other: Any) -> Any:
        return self.apply(ADD, other, self)

    def __sub__(self, other: Any) -> Any:
        return self.apply(SUB, self, other)

    def __rsub__(self, other: Any) -> Any:
        return self.apply(SUB, other, self)

    def __mul__(self, other: Any) -> Any:
        return self.apply(MUL, self, other)

    def __rmul__(self, other: Any) -> Any:
        return self.apply(MUL, other, self)

    def __truediv__(self, other: Any) -> Any:
        return self.apply(DIV, self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self.apply(DIV, other, self)

    def __pow__(self, other: Any) -> Any:
        return self.apply(POW, self, other)

    def __rpow__(self, other: Any) -> Any:
        return self.apply(POW, other, self)

    def __neg__(self) -> Self:
        return self.apply(NEG, self)

    def __abs__(self) -> Self:
        return self.apply(ABS, self)

    def exp(self) -> Self:
        """Return eˣ."""
        return self.apply(EXP, self)

    def log(self) -> Self:
        """Return the natural logarithm."""
        return self.apply(LOG, self)

    def log1p(self) -> Self:
        """Return ln(1 + x), exact for small x."""
        return self.apply(LOG1P, self)

    def expm1(self) -> Self:
        """Return eˣ - 1, exact for small x."""
        return self.apply(EXPM1, self)

    def sqrt(self) -> Self:
        """Return the square root."""
        return self.apply(SQRT, self)

    def sin(self) -> Self:
        """Return the sine of an angle in radians."""
        return self.apply(SIN, self)

    def cos(self) -> Self:
        """Return the cosine of an angle in radians."""
        return self.apply(COS, self)

    def tan(self) -> Self:
        """Return the tangent of an angle in radians."""
        return self.apply(TAN, self)

    def sinh(self) -> Self:
        """Return the hyperbolic sine."""
        return self.apply(SINH, self)

    def cosh(self) -> Self:
        """Return the hyperbolic cosine."""
        return self.apply(COSH, self)

    def tanh(self) -> Self:
        """Return the hyperbolic tangent."""
        return self.apply(TANH, self)

    def asin(self) -> Self:
        """Return the angle in radians whose sine this is."""
        return self.apply(ASIN, self)

    def acos(self) -> Self:
        """Return the angle in radians whose cosine this is."""
        return self.apply(ACOS, self)

    def atan(self) -> Self:
        """Return the angle in radians whose tangent this is."""
        return self.apply(ATAN, self)

    def erf(self) -> Self:
        """Return the error function."""
        return self.apply(ERF, self)

    def erfc(self) -> Self:
        """Return 1 - erf(x), exact for large x."""
        return self.apply(ERFC, self)

    def sigmoid(self) -> Self:
        """Return 1 / (1 + e⁻ˣ)."""
        return self.apply(SIGMOID, self)

    def relu(self) -> Self:
        """Return max(x, 0)."""
        return self.apply(RELU, self)

    def softplus(self) -> Self:
        """Return ln(1 + eˣ)."""
        return self.apply(SOFTPLUS, self)


# The functions that rules are written in: math on plain numbers, else the number's own method.


def exp(x: Any) -> Any:
    """Exponential; like all functions here, it asks what is not a plain number for its own."""
    return math.exp(x) if isinstance(x, PLAIN) else x.exp()


def expm1(x: Any) -> Any:
    """Return eˣ - 1."""
    return math.expm1(x) if isinstance(x, PLAIN) else x.expm1()


def sqrt(x: Any) -> Any:
    """Square root."""
    return math.sqrt(x) if isinstance(x, PLAIN) else x.sqrt()


def sin(x: Any) -> Any:
    """Sine."""
    return math.sin(x) if isinstance(x, PLAIN) else x.sin()


def cos(x: Any) -> Any:
    """Cosine."""
    return math.cos(x) if isinstance(x, PLAIN) else x.cos()


def sinh(x: Any) -> Any:
    """Hyperbolic sine."""
    return math.sinh(x) if isinstance(x, PLAIN) else x.sinh()


def cosh(x: Any) -> Any:
    """Hyperbolic cosine."""
    return math.cosh(x) if isinstance(x, PLAIN) else x.cosh()


def tanh(x: Any) -> Any:
    """Hyperbolic tangent."""
    return math.tanh(x) if isinstance(x, PLAIN) else x.tanh()


def erfc(x: Any) -> Any:
    """Complementary error function."""
    return math.erfc(x) if isinstance(x, PLAIN) else x.erfc()


def sigmoid(x: Any) -> Any:
    """1 / (1 + e⁻ˣ)."""
    return _sigmoid(x) if isinstance(x, PLAIN) else x.sigmoid()


def softplus(x: Any) -> Any:
    """Softplus, ln(1 + eˣ)."""
    return _softplus(x) if isinstance(x, PLAIN) else x.softplus()


def relu(x: Any) -> Any:
    """Rectifier, max(x, 0)."""
    return _relu(x) if isinstance(x, PLAIN) else x.relu()


def where(cond: Any, a: Any, b: Any) -> Any:
    """`a` where the condition holds, else `b`; both are computed."""
    if isinstance(cond, PLAIN):
        return a if cond else b
    return cond.apply(WHERE, cond, a, b)


def greater(x: Any, y: Any) -> Any:
    """1.0 where x > y, else 0.0."""
    if isinstance(x, PLAIN) and isinstance(y, PLAIN):
        return 1.0 if x > y else 0.0
    return _dispatch(GREATER, x, y)


def less(x: Any, y: Any) -> Any:
    """1.0 where x < y, else 0.0."""
    if isinstance(x, PLAIN) and isinstance(y, PLAIN):
        return 1.0 if x < y else 0.0
    return _dispatch(LESS, x, y)


def maximum(x: Any, y: Any) -> Any:
    """The larger of two."""
    return _dispatch(MAXIMUM, x, y)


def minimum(x: Any, y: Any) -> Any:
    """The smaller of two."""
    return _dispatch(MINIMUM, x, y)


def clip(x: Any, low: Any, high: Any) -> Any:
    """`x`, or the bound it is beyond."""
    return _dispatch(CLIP, x, low, high)


def hypot(x: Any, y: Any) -> Any:
    """√(x² + y²)."""
    return _dispatch(HYPOT, x, y)


def quotient(a: Any, b: Any) -> Any:
    """IEEE division: a / 0 is infinite, 0 / 0 is NaN, and nothing raises."""
    return _dispatch(QUOTIENT, a, b)


def xlogy(x: Any, y: Any) -> Any:
    """Return x ln y, and 0 at x = 0; NaN for y < 0."""
    return _dispatch(XLOGY, x, y)


def log_or_nan(x: Any) -> Any:
    """Return ln x, -∞ at 0, NaN below; nothing raises."""
    if isinstance(x, PLAIN):
        return math.log(x) if x > 0.0 else -math.inf if x == 0.0 else math.nan
    return x.apply(LOG_OR_NAN, x)


def power_slope(x: Any, y: Any) -> Any:
    """Slope y xʸ⁻¹ of a power in its base: 0 for y = 0, infinite at x = 0 for 0 < y < 1."""
    if isinstance(x, PLAIN) and isinstance(y, PLAIN):
        try:
            f: Any = x ** (y - 1.0)
        except ZeroDivisionError:
            f = math.inf
        except OverflowError:
            if x < 0.0 and y % 1.0:
                return math.nan  # it was the complex power that overflowed
            f = -math.inf if x < 0.0 and (y - 1.0) % 2.0 == 1.0 else math.inf
        return math.nan if type(f) is complex else y * f if y else 0.0
    if isinstance(y, PLAIN) and y >= 1.0:
        return y * x ** (y - 1.0)  # a constant exponent stays plain arithmetic
    return _dispatch(POWER_SLOPE, x, y)


def lower_power(f: Any, x: Any, y: Any) -> Any:
    """Return xʸ⁻¹ from f = y xʸ⁻¹, also at y = 0, where it is the slope of f in y."""
    far = greater(abs(y), 0.5)
    large, small = where(far, y, 1.0), where(far, 0.0, y)
    near = power_slope(x, small + 1.0) / ((small + 1.0) * nonzero(x))
    return where(far, f / large, near)


def log_or_zero(x: Any) -> Any:
    """Return ln x, 0 at 0, NaN below: what a vanishing power is multiplied with."""
    if isinstance(x, PLAIN):
        return math.log(x) if x > 0.0 else 0.0 if x == 0.0 else math.nan
    return log_or_nan(nonzero(x))


def nonzero(x: Any) -> Any:
    """`x`, or 1 where x is 0: a denominator under a numerator that is 0 as well."""
    if isinstance(x, PLAIN):
        return x or 1.0
    return where(greater(abs(x), 0.0), x, 1.0 + 0.0 * x)  # which is nan where x is


def unit(x: Any, length: Any) -> Any:
    """Return x / length: the slope of a length, by convention 0 where the length is 0.

    The slope jumps there, so that its own slope is NaN: √length in place of 0 says so.
    """
    if isinstance(x, PLAIN) and isinstance(length, PLAIN):
        return x / length if length > 0.0 else length
    return where(greater(length, 0.0), x / nonzero(length), sqrt(length))


def sign(x: Any) -> Any:
    """-1, 0 or 1."""
    return greater(x, 0.0) - less(x, 0.0)


def _dispatch(op: Op, *operands: Any) -> Any:
    for x in operands:
        if not isinstance(x, PLAIN):
            return x.apply(op, *operands)
    return op.forward(*operands)


# What the rows compute, where that takes more than a line.


def _power(x: float, y: float) -> float:
    f: Any = x**y
    if type(f) is complex:
        raise ValueError("complex")
    return f


def _sigmoid(x: float) -> float:
    if x >= 0.0:
        return 1.0 / (1.0 + math.exp(-x))
    e = math.exp(x)  # exp(-x) would overflow below -709
    return e / (1.0 + e)


def _relu(x: float) -> float:
    return max(x, 0.0)  # in this order NaN stays NaN


def _softplus(x: float) -> float:
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def _maximum(x: float, y: float) -> float:
    return x if x >= y or x != x else y


def _minimum(x: float, y: float) -> float:
    return x if x <= y or x != x else y


def _clip(x: float, low: float, high: float) -> float:
    if low > high:
        raise ValueError("bounds")
    return low if x < low else high if x > high else x


def _quotient(a: float, b: float) -> float:
    try:
        return a / b
    except ZeroDivisionError:
        return math.nan if a == 0.0 or a != a else a * math.copysign(math.inf, b)


def _xlogy(x: float, y: float) -> float:
    return 0.0 if x == 0.0 and y >= 0.0 else x * log_or_nan(y)


def _log1p_or_nan(x: float) -> float:
    return math.log1p(x) if x > -1.0 else -math.inf if x == -1.0 else math.nan


def _tanhshrink(x: float) -> float:
    if abs(x) < 0.03:  # x - tanh(x) cancels: its Taylor series, exact to a float here
        q = x * x
        return x * q * (1 / 3 - q * (2 / 15 - q * (17 / 315 - q * (62 / 2835))))
    return x - math.tanh(x)


def _log_cosh(x: float) -> float:
    if abs(x) > 1.0:
        return abs(x) + math.log1p(math.exp(-2.0 * abs(x))) - _LN2
    return math.log1p(2.0 * math.sinh(0.5 * x) ** 2)


def _huber(r: float, delta: float) -> float:
    if delta < 0.0:
        raise ValueError("delta")
    return 0.5 * r * r if abs(r) <= delta else delta * (abs(r) - 0.5 * delta)


def _softshrink(x: float, lambd: float) -> float:
    if lambd < 0.0:
        raise ValueError("lambd")
    return x - math.copysign(lambd, x) if abs(x) > lambd else 0.0 * x


def _dot(*operands: float) -> float:
    n = len(operands) // 2
    f = 0.0
    for w, x in zip(operands, operands[n : 2 * n]):  # noqa: B905 # it ends with the xs
        f += w * x
    return f + operands[-1] if len(operands) % 2 else f


def _dot_partials(_f: Any, *operands: Any) -> tuple[Any, ...]:
    n = len(operands) // 2
    return (*operands[n : 2 * n], *operands[:n], *((1.0,) * (len(operands) % 2)))


def _total(*xs: float) -> float:
    f = 0.0
    for x in xs:  # left to right as `+` does: the built-in sum compensates from Python 3.12 on
        f += x
    return f


def _product(*xs: float) -> float:
    f = 1.0
    for x in xs:
        f *= x
    return f


def _product_partials(_f: Any, *xs: Any) -> tuple[Any, ...]:
    before: list[Any] = [1.0]
    for x in xs[:-1]:
        before.append(before[-1] * x)
    after: Any = 1.0
    partials: list[Any] = []
    for x, left in zip(reversed(xs), reversed(before), strict=True):
        partials.append(left * after)
        after = after * x
    return tuple(reversed(partials))


def _logsumexp(*xs: float) -> float:
    if not xs:
        raise ValueError("empty")
    largest = max(xs)
    if math.isinf(largest) or any(x != x for x in xs):
        return largest if not any(x != x for x in xs) else math.nan
    return largest + math.log(math.fsum([math.exp(x - largest) for x in xs]))


def _amax(*xs: float) -> float:
    return math.nan if any(x != x for x in xs) else max(xs)


def _amax_partials(f: Any, *xs: Any) -> tuple[Any, ...]:
    largest = [1.0 - greater(f, x) for x in xs]
    count: Any = largest[0]
    for x in largest[1:]:
        count = count + x
    return tuple([x / count for x in largest])


def _amax_lead(*xs: float) -> float:
    first, *others = sorted(xs, reverse=True)
    return first - others[0] if others else 1.0


_LN2: Final = math.log(2.0)
_SQRT2: Final = math.sqrt(2.0)
_TWO_OVER_SQRT_PI: Final = 2.0 / math.sqrt(math.pi)
_DENSITY: Final = 1.0 / math.sqrt(2.0 * math.pi)

# fmt: off
# Arithmetic       name       forward                       ∂f/∂x, ∂f/∂y
ADD     = Op("add",     lambda x, y: x + y,           (lambda f, x, y: 1.0, lambda f, x, y: 1.0))
SUB     = Op("sub",     lambda x, y: x - y,           (lambda f, x, y: 1.0, lambda f, x, y: -1.0))
MUL     = Op("mul",     lambda x, y: x * y,           (lambda f, x, y: y, lambda f, x, y: x))
DIV     = Op("div",     lambda x, y: x / y,           (lambda f, dividend, divisor: 1.0 / divisor, lambda f, x, y: -f / y), domain="divisor != 0", smooth=((-3.0, 3.0), (0.5, 3.0)))
NEG     = Op("neg",     lambda x: -x,                 (lambda f, x: -1.0,))
POW     = Op("pow",     _power,                       (lambda f, base, exponent: power_slope(base, exponent), lambda f, x, y: where(greater(abs(x), 0.0), f * log_or_zero(x), f * greater(y, 0.0))),
             domain="base > 0, or a whole number as exponent (not below 0 where base is 0)", smooth=((0.3, 3.0), (-2.0, 3.0)), kinks=(lambda x, y: x,))
ABS     = Op("abs",     lambda x: abs(x),             (lambda f, x: sign(x),), smooth=(0.1, 3.0), kinks=(0.0,))

# Exponentials and logarithms
EXP     = Op("exp",     math.exp,                     (lambda f, x: f,), domain="x < 709.78")
LOG     = Op("log",     math.log,                     (lambda f, x: 1.0 / x,), domain="x > 0", smooth=(0.1, 3.0))
LOG1P   = Op("log1p",   math.log1p,                   (lambda f, x: 1.0 / (1.0 + x),), domain="x > -1", smooth=(-0.8, 3.0))
EXPM1   = Op("expm1",   math.expm1,                   (lambda f, x: exp(x),), domain="x < 709.78")
SQRT    = Op("sqrt",    math.sqrt,                    (lambda f, x: quotient(0.5, f),), domain="x >= 0", smooth=(0.1, 3.0), kinks=(0.0,))
LOGSUMEXP = Op("logsumexp", _logsumexp,               lambda f, *xs: tuple([exp(x - f) for x in xs]), domain="at least one number")

# Circular and hyperbolic functions
SIN     = Op("sin",     math.sin,                     (lambda f, x: cos(x),), domain="a finite x")
COS     = Op("cos",     math.cos,                     (lambda f, x: -sin(x),), domain="a finite x")
TAN     = Op("tan",     math.tan,                     (lambda f, x: 1.0 + f * f,), domain="a finite x", smooth=(-1.2, 1.2))
SINH    = Op("sinh",    math.sinh,                    (lambda f, x: cosh(x),), domain="|x| < 710.47")
COSH    = Op("cosh",    math.cosh,                    (lambda f, x: sinh(x),), domain="|x| < 710.47")
TANH    = Op("tanh",    math.tanh,                    (lambda f, x: 1.0 - f * f,))
ASIN    = Op("asin",    math.asin,                    (lambda f, x: quotient(1.0, sqrt((1.0 - x) * (1.0 + x))),), domain="-1 <= x <= 1", smooth=(-0.9, 0.9), kinks=(-1.0, 1.0))
ACOS    = Op("acos",    math.acos,                    (lambda f, x: quotient(-1.0, sqrt((1.0 - x) * (1.0 + x))),), domain="-1 <= x <= 1", smooth=(-0.9, 0.9), kinks=(-1.0, 1.0))
ATAN    = Op("atan",    math.atan,                    (lambda f, x: 1.0 / (1.0 + x * x),))
ATAN2   = Op("atan2",   math.atan2,                   (lambda f, y, x: unit(x, hypot(y, x)) / nonzero(hypot(y, x)), lambda f, y, x: -unit(y, hypot(y, x)) / nonzero(hypot(y, x))), smooth=((-3.0, 3.0), (0.5, 3.0)), kinks=(hypot,))
HYPOT   = Op("hypot",   math.hypot,                   (lambda f, x, y: unit(x, f), lambda f, x, y: unit(y, f)), smooth=(0.1, 3.0), kinks=(hypot,))
NORM    = Op("norm",    math.hypot,                   lambda f, *xs: tuple([unit(x, f) for x in xs]), smooth=(0.1, 3.0), kinks=(math.hypot,))

# Error function
ERF     = Op("erf",     math.erf,                     (lambda f, x: _TWO_OVER_SQRT_PI * exp(-x * x),))
ERFC    = Op("erfc",    math.erfc,                    (lambda f, x: -_TWO_OVER_SQRT_PI * exp(-x * x),))

# Choice; slopes at the kinks are PyTorch's
MAXIMUM = Op("maximum", _maximum,                     (lambda f, x, y: 0.5 * (1.0 + greater(x, y) - less(x, y)), lambda f, x, y: 0.5 * (1.0 + less(x, y) - greater(x, y))), smooth=((-3.0, -0.1), (0.1, 3.0)), kinks=(lambda x, y: x - y,))
MINIMUM = Op("minimum", _minimum,                     (lambda f, x, y: 0.5 * (1.0 + less(x, y) - greater(x, y)), lambda f, x, y: 0.5 * (1.0 + greater(x, y) - less(x, y))), smooth=((-3.0, -0.1), (0.1, 3.0)), kinks=(lambda x, y: x - y,))
AMAX    = Op("amax",    _amax,                        _amax_partials, domain="at least one number", smooth=((-3.0, -2.0), (1.0, 3.0), (-1.0, 0.0)), kinks=(_amax_lead,))  # ties share evenly
GREATER = Op("greater", greater,                      (None, None), smooth=((-3.0, -0.1), (0.1, 3.0)), kinks=(lambda x, y: x - y,))
LESS    = Op("less",    less,                         (None, None), smooth=((-3.0, -0.1), (0.1, 3.0)), kinks=(lambda x, y: x - y,))
WHERE   = Op("where",   lambda cond, a, b: a if cond else b, (None, lambda f, cond, a, b: where(cond, 1.0, 0.0), lambda f, cond, a, b: where(cond, 0.0, 1.0)),
             smooth=((0.5, 1.0), (-3.0, 3.0), (-3.0, 3.0)), kinks=(0.0,))
CLIP    = Op("clip",    _clip,                        (lambda f, x, low, high: 1.0 - less(x, low) - greater(x, high), lambda f, x, low, high: less(x, low), lambda f, x, low, high: greater(x, high)),
             domain="low <= high", smooth=((-0.9, 0.9), (-3.0, -1.0), (1.0, 3.0)), kinks=(lambda x, low, high: x - low, lambda x, low, high: x - high))

# Sums and products of any number of operands; dot has ws, xs and then, if there is one, the bias
DOT     = Op("dot",     _dot,                         _dot_partials)
TOTAL   = Op("total",   _total,                       lambda f, *xs: (1.0,) * len(xs))
PRODUCT = Op("product", _product,                     _product_partials)

# Activations
SIGMOID = Op("sigmoid", _sigmoid,                     (lambda f, x: f * sigmoid(-x),))
SOFTPLUS = Op("softplus", _softplus,                  (lambda f, x: sigmoid(x),))
LOG_SIGMOID = Op("log_sigmoid", lambda x: -_softplus(-x), (lambda f, x: sigmoid(-x),))
RELU    = Op("relu",    _relu,                        (lambda f, x: greater(x, 0.0),), smooth=(0.1, 3.0), kinks=(0.0,))  # 0 at the kink
LEAKY_RELU = Op("leaky_relu", lambda x, slope: x if x > 0.0 else slope * x, (lambda f, x, slope: where(greater(x, 0.0), 1.0, slope), lambda f, x, slope: minimum(x, 0.0)), smooth=((0.1, 3.0), (0.01, 0.5)), kinks=(0.0,))
ELU     = Op("elu",     lambda x, alpha: x if x > 0.0 else alpha * math.expm1(x), (lambda f, x, alpha: where(greater(x, 0.0), 1.0, alpha * exp(minimum(x, 0.0))), lambda f, x, alpha: expm1(minimum(x, 0.0))), smooth=((-3.0, -0.1), (0.5, 2.0)), kinks=(0.0,))
SILU    = Op("silu",    lambda x: x * _sigmoid(x),    (lambda f, x: sigmoid(x) * (1.0 + x * sigmoid(-x)),))
GELU    = Op("gelu",    lambda x: 0.5 * x * math.erfc(-x / _SQRT2), (lambda f, x: 0.5 * erfc(-x / _SQRT2) + _DENSITY * x * exp(-0.5 * x * x),))
MISH    = Op("mish",    lambda x: x * math.tanh(_softplus(x)), (lambda f, x: tanh(softplus(x)) + x * sigmoid(x) * (1.0 - tanh(softplus(x)) * tanh(softplus(x))),))
SOFTSIGN = Op("softsign", lambda x: x / (1.0 + abs(x)), (lambda f, x: 1.0 / ((1.0 + abs(x)) * (1.0 + abs(x))),), smooth=(0.1, 3.0), kinks=(0.0,))
TANHSHRINK = Op("tanhshrink", _tanhshrink,            (lambda f, x: tanh(x) * tanh(x),))
HARDTANH = Op("hardtanh", _clip,                      (lambda f, x, low, high: greater(x, low) * less(x, high), lambda f, x, low, high: 1.0 - greater(x, low), lambda f, x, low, high: greater(x, low) * (1.0 - less(x, high))),
             domain="low <= high", smooth=((-0.9, 0.9), (-3.0, -1.0), (1.0, 3.0)), kinks=(lambda x, low, high: x - low, lambda x, low, high: x - high))  # 0 at both bounds
SOFTSHRINK = Op("softshrink", _softshrink,            (lambda f, x, lambd: greater(abs(x), lambd), lambda f, x, lambd: -sign(x) * greater(abs(x), lambd)), domain="lambd >= 0", smooth=((0.6, 3.0), (0.1, 0.5)), kinks=(lambda x, lambd: abs(x) - lambd,))

# Losses
LOG_COSH = Op("log_cosh", _log_cosh,                  (lambda f, x: tanh(x),))
HUBER   = Op("huber",   _huber,                       (lambda f, r, delta: clip(r, -delta, delta), lambda f, r, delta: relu(abs(r) - delta)), domain="delta >= 0", smooth=((-0.9, 0.9), (1.0, 2.0)), kinks=(lambda r, delta: abs(r) - delta,))
XLOGY   = Op("xlogy",   _xlogy,                       (lambda f, x, y: log_or_nan(where(greater(abs(x) + greater(y, 0.0), 0.0), y, 1.0)), lambda f, x, y: quotient(x, where(greater(abs(x) + abs(y), 0.0), y, 1.0))), smooth=((-3.0, 3.0), (0.1, 3.0)), kinks=(lambda x, y: y,))
CLAMPED_LOG = Op("clamped_log", lambda x: max(log_or_nan(x), -100.0), (lambda f, x: greater(f, -100.0) / where(greater(f, -100.0), x, 1.0),), smooth=(0.1, 3.0), kinks=(math.exp(-100.0),))
CLAMPED_LOG1P = Op("clamped_log1p", lambda x: max(_log1p_or_nan(x), -100.0), (lambda f, x: greater(f, -100.0) / where(greater(f, -100.0), 1.0 + x, 1.0),), smooth=(-0.8, 3.0), kinks=(-1.0,))

# Total helpers of the rules: they never raise
QUOTIENT = Op("quotient", _quotient,                  (lambda f, x, y: quotient(1.0, y), lambda f, x, y: -quotient(f, y)), smooth=((-3.0, 3.0), (0.5, 3.0)), kinks=(lambda x, y: y,))
LOG_OR_NAN = Op("log_or_nan", log_or_nan,            (lambda f, x: quotient(1.0, x),), smooth=(0.1, 3.0), kinks=(0.0,))
POWER_SLOPE = Op("power_slope", power_slope,          (lambda f, x, y: y * power_slope(x, where(greater(abs(y) + x * x, 1e-300), y - 1.0, 0.0)), lambda f, x, y: lower_power(f, x, y) + f * log_or_nan(nonzero(x))), smooth=((0.3, 3.0), (-2.0, 3.0)), kinks=(lambda x, y: x,))
# fmt: on

OPS: Final[dict[str, Op]] = {op.name: op for op in list(globals().values()) if isinstance(op, Op)}
_BUILT_IN: Final = frozenset(OPS)

# What `detach` is in a program: its slope is 0 by decree, so that it is no row of the table.
DETACH: Final = Op("detach", lambda x: x, (None,))


def register(op: Op) -> Op:
    """Add a row to the table: drawing, stepping, checking and compiling know it from now on.

    Registering a name again replaces the row, so that a notebook cell can be run twice; a row
    of the project itself cannot be replaced.

    Raises:
        ValueError: If the name is that of a built-in row.

    Example:
        >>> register(Op("cube", lambda x: x**3, (lambda f, x: 3.0 * x**2,)))
        Op('cube')
        >>> del OPS["cube"]
    """
    if op.name in _BUILT_IN:
        raise ValueError(
            f"{op.name!r} is a built-in operation and cannot be replaced: choose another name"
        )
    OPS[op.name] = op
    return op


def is_built_in(op: Op) -> bool:
    """Return whether a row is one of the project's own.

    Example:
        >>> is_built_in(TANH), is_built_in(Op("tanh", TANH.forward, TANH.partials))
        (True, False)
    """
    return op.name in _BUILT_IN and OPS.get(op.name) is op


def find(name: str) -> Op:
    """Return the row with this name.

    Raises:
        ValueError: If there is none, with what to do.
    """
    try:
        return OPS[name]
    except KeyError:
        raise ValueError(
            f"no operation is called {name!r}: define it again with @primitive (or register it) "
            "before its graphs are loaded"
        ) from None

"""THE rule table: one row per primitive, and the functions that rules are written in.

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
from functools import partial
from types import FunctionType
from typing import Any, Final

from autograd_mini.ops import forwards
from autograd_mini.ops.op import OPS, PLAIN, Op, function

_SQRT2: Final = math.sqrt(2.0)
_TWO_OVER_SQRT_PI: Final = 2.0 / math.sqrt(math.pi)
_DENSITY: Final = 1.0 / math.sqrt(2.0 * math.pi)

# The functions of rules that are more than a row, and the two that rules call most: what a plain
# number gives is written here.


def where(cond: Any, a: Any, b: Any) -> Any:
    """`a` where the condition holds, else `b`; both are computed."""
    if isinstance(cond, PLAIN):
        return a if cond else b
    return cond.apply(WHERE, cond, a, b)


def greater(x: Any, y: Any) -> Any:
    """1.0 where x > y, else 0.0."""
    if isinstance(x, PLAIN) and isinstance(y, PLAIN):
        return 1.0 if x > y else 0.0
    return _asked(GREATER, x, y)


def less(x: Any, y: Any) -> Any:
    """1.0 where x < y, else 0.0."""
    if isinstance(x, PLAIN) and isinstance(y, PLAIN):
        return 1.0 if x < y else 0.0
    return _asked(LESS, x, y)


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
    return _asked(POWER_SLOPE, x, y)


def _asked(op: Op, x: Any, y: Any) -> Any:
    return (y if isinstance(x, PLAIN) else x).apply(op, x, y)


def lower_power(f: Any, x: Any, y: Any) -> Any:
    """Return xʸ⁻¹ from f = y xʸ⁻¹, also at y = 0, where it is the slope of f in y."""
    far = greater(abs(y), where(greater(abs(x), 0.0), 0.5, 0.0))
    large, small = where(far, y, 1.0), where(far, 0.0, y)
    near = power_slope(x, small + 1.0) / ((small + 1.0) * or_one(x)) * greater(abs(x), 0.0)
    return where(far, f / large, near)


def log_or_zero(x: Any) -> Any:
    """Return ln x, 0 at 0, NaN below: what a vanishing power is multiplied by."""
    if isinstance(x, PLAIN):
        return math.log(x) if x > 0.0 else 0.0 if x == 0.0 else math.nan
    return log_or_nan(or_one(x))


def or_one(x: Any) -> Any:
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
    return where(greater(length, 0.0), x / or_one(length), sqrt(length))


def sign(x: Any) -> Any:
    """-1, 0 or 1."""
    return greater(x, 0.0) - less(x, 0.0)


def _dot_partials(_f: Any, *operands: Any) -> tuple[Any, ...]:
    n = len(operands) // 2
    return (*operands[n : 2 * n], *operands[:n], *((1.0,) * (len(operands) % 2)))


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


def _amax_partials(f: Any, *xs: Any) -> tuple[Any, ...]:
    largest = [1.0 - greater(f, x) for x in xs]
    count: Any = largest[0]
    for x in largest[1:]:
        count = count + x
    return tuple([x / count for x in largest])


def _amax_lead(*xs: float) -> float:
    first, *others = sorted(xs, reverse=True)
    return first - others[0] if others else 1.0


def _huber(r: Any, delta: Any) -> Any:
    size = abs(r)
    inside = clip(size, 0.0, delta)
    return inside * (size - 0.5 * inside)


# fmt: off
# Arithmetic       name       forward                       ∂f/∂x, ∂f/∂y
ADD     = Op("add",     lambda x, y: x + y,              (lambda f, x, y: 1.0, lambda f, x, y: 1.0))
SUB     = Op("sub",     lambda x, y: x - y,              (lambda f, x, y: 1.0, lambda f, x, y: -1.0))
MUL     = Op("mul",     lambda x, y: x * y,              (lambda f, x, y: y, lambda f, x, y: x))
DIV     = Op("div",     lambda x, y: x / y,              (lambda f, dividend, divisor: 1.0 / divisor, lambda f, x, y: -f / y), domain="divisor != 0", smooth=((-3.0, 3.0), (0.5, 3.0)))
NEG     = Op("neg",     lambda x: -x,                    (lambda f, x: -1.0,))
POW     = Op("pow",     forwards.power,                  (lambda f, base, exponent: power_slope(base, exponent), lambda f, x, y: where(greater(abs(x), 0.0), f * log_or_zero(x), f * greater(y, 0.0))),
             domain="base > 0, or a whole number as exponent (not below 0 where base is 0)", smooth=((0.3, 3.0), (-2.0, 3.0)), kinks=(0.0,))
ABS     = Op("abs",     lambda x: abs(x),                (lambda f, x: sign(x),), smooth=(0.1, 3.0), kinks=(0.0,))

# Exponentials and logarithms
EXP     = Op("exp",     math.exp,                        (lambda f, x: f,), domain="x < 709.78")
LOG     = Op("log",     math.log,                        (lambda f, x: 1.0 / x,), domain="x > 0", smooth=(0.1, 3.0))
LOG1P   = Op("log1p",   math.log1p,                      (lambda f, x: 1.0 / (1.0 + x),), domain="x > -1", smooth=(-0.8, 3.0))
EXPM1   = Op("expm1",   math.expm1,                      (lambda f, x: exp(x),), domain="x < 709.78")
SQRT    = Op("sqrt",    math.sqrt,                       (lambda f, x: quotient(0.5, f),), domain="x >= 0", smooth=(0.1, 3.0), kinks=(0.0,))
LOGSUMEXP = Op("logsumexp", forwards.logsumexp,          lambda f, *xs: tuple([exp(x - f) for x in xs]), domain="at least one number")

# Circular and hyperbolic functions
SIN     = Op("sin",     math.sin,                        (lambda f, x: cos(x),), domain="a finite x")
COS     = Op("cos",     math.cos,                        (lambda f, x: -sin(x),), domain="a finite x")
TAN     = Op("tan",     math.tan,                        (lambda f, x: 1.0 + f * f,), domain="a finite x", smooth=(-1.2, 1.2))
SINH    = Op("sinh",    math.sinh,                       (lambda f, x: cosh(x),), domain="|x| < 710.47")
COSH    = Op("cosh",    math.cosh,                       (lambda f, x: sinh(x),), domain="|x| < 710.47")
TANH    = Op("tanh",    math.tanh,                       (lambda f, x: 1.0 - f * f,))
ASIN    = Op("asin",    math.asin,                       (lambda f, x: quotient(1.0, sqrt((1.0 - x) * (1.0 + x))),), domain="-1 <= x <= 1", smooth=(-0.9, 0.9), kinks=(-1.0, 1.0))
ACOS    = Op("acos",    math.acos,                       (lambda f, x: quotient(-1.0, sqrt((1.0 - x) * (1.0 + x))),), domain="-1 <= x <= 1", smooth=(-0.9, 0.9), kinks=(-1.0, 1.0))
ATAN    = Op("atan",    math.atan,                       (lambda f, x: 1.0 / (1.0 + x * x),))
ATAN2   = Op("atan2",   math.atan2,                      (lambda f, y, x: unit(x, hypot(y, x)) / or_one(hypot(y, x)), lambda f, y, x: -unit(y, hypot(y, x)) / or_one(hypot(y, x))), smooth=((-3.0, 3.0), (0.5, 3.0)), kinks=(lambda x, y: hypot(x, y),))
HYPOT   = Op("hypot",   math.hypot,                      (lambda f, x, y: unit(x, f), lambda f, x, y: unit(y, f)), smooth=(0.1, 3.0), kinks=(lambda x, y: hypot(x, y),))
NORM    = Op("norm",    math.hypot,                      lambda f, *xs: tuple([unit(x, f) for x in xs]), smooth=(0.1, 3.0), kinks=(math.hypot,))

# Error function
ERF     = Op("erf",     math.erf,                        (lambda f, x: _TWO_OVER_SQRT_PI * exp(-x * x),))
ERFC    = Op("erfc",    math.erfc,                       (lambda f, x: -_TWO_OVER_SQRT_PI * exp(-x * x),))

# Choice; slopes at the kinks are PyTorch's
MAXIMUM = Op("maximum", forwards.maximum,                (lambda f, x, y: 0.5 * (1.0 + greater(x, y) - less(x, y)), lambda f, x, y: 0.5 * (1.0 + less(x, y) - greater(x, y))), smooth=((-3.0, -0.1), (0.1, 3.0)), kinks=(lambda x, y: x - y,))
MINIMUM = Op("minimum", forwards.minimum,                (lambda f, x, y: 0.5 * (1.0 + less(x, y) - greater(x, y)), lambda f, x, y: 0.5 * (1.0 + greater(x, y) - less(x, y))), smooth=((-3.0, -0.1), (0.1, 3.0)), kinks=(lambda x, y: x - y,))
AMAX    = Op("amax",    forwards.amax,                   _amax_partials, domain="at least one number", smooth=((-3.0, -2.0), (1.0, 3.0), (-1.0, 0.0)), kinks=(_amax_lead,))  # ties share evenly
GREATER = Op("greater", forwards.greater,                (None, None), smooth=((-3.0, -0.1), (0.1, 3.0)), kinks=(lambda x, y: x - y,))
LESS    = Op("less",    forwards.less,                   (None, None), smooth=((-3.0, -0.1), (0.1, 3.0)), kinks=(lambda x, y: x - y,))
WHERE   = Op("where",   lambda cond, a, b: a if cond else b, (None, lambda f, cond, a, b: where(cond, 1.0, 0.0), lambda f, cond, a, b: where(cond, 0.0, 1.0)),
             smooth=((0.5, 1.0), (-3.0, 3.0), (-3.0, 3.0)), kinks=(0.0,))
CLIP    = Op("clip",    forwards.clip,                   (lambda f, x, low, high: 1.0 - less(x, low) - greater(x, high), lambda f, x, low, high: less(x, low), lambda f, x, low, high: greater(x, high)),
             domain="low <= high", smooth=((-0.9, 0.9), (-3.0, -1.0), (1.0, 3.0)), kinks=(lambda x, low, high: x - low, lambda x, low, high: x - high))

# Sums and products of any number of operands; dot has ws, xs and then, if there is one, the bias
DOT     = Op("dot",     forwards.dot,                    _dot_partials)
TOTAL   = Op("total",   forwards.total,                  lambda f, *xs: (1.0,) * len(xs))
PRODUCT = Op("product", forwards.product,                _product_partials)

# Activations
SIGMOID = Op("sigmoid", forwards.sigmoid,                (lambda f, x: f * sigmoid(-x),))
SOFTPLUS = Op("softplus", forwards.softplus,             (lambda f, x: sigmoid(x),))
RELU    = Op("relu",    forwards.relu,                   (lambda f, x: greater(x, 0.0),), smooth=(0.1, 3.0), kinks=(0.0,))  # 0 at the kink
TANHSHRINK = Op("tanhshrink", forwards.tanhshrink,       (lambda f, x: tanh(x) * tanh(x),))

# Losses
LOG_COSH = Op("log_cosh", forwards.log_cosh,             (lambda f, x: tanh(x),))
XLOGY   = Op("xlogy",   forwards.xlogy,                  (lambda f, x, y: log_or_nan(where(greater(abs(x) + greater(y, 0.0), 0.0), y, 1.0)), lambda f, x, y: quotient(where(greater(abs(x) + abs(y), 0.0), x, 0.0), where(greater(abs(x) + abs(y), 0.0), y, 1.0))), smooth=((-3.0, 3.0), (0.1, 3.0)), kinks=(lambda x, y: y,))
CLAMPED_LOG1P = Op("clamped_log1p", lambda x: max(forwards.log1p_or_nan(x), -100.0), (lambda f, x: greater(f, -100.0) / where(greater(f, -100.0), 1.0 + x, 1.0),), smooth=(-0.8, 3.0), kinks=(-1.0,))

# Total helpers of the rules: they never raise
QUOTIENT = Op("quotient", forwards.quotient,             (lambda f, x, y: quotient(1.0, y), lambda f, x, y: -quotient(f, y)), smooth=((-3.0, 3.0), (0.5, 3.0)), kinks=(lambda x, y: y,))
LOG_OR_NAN = Op("log_or_nan", forwards.log_or_nan,       (lambda f, x: quotient(1.0, x),), smooth=(0.1, 3.0), kinks=(0.0,))
POWER_SLOPE = Op("power_slope", power_slope,             (lambda f, x, y: y * power_slope(x, where(greater(abs(y) + x * x, 1e-300), y - 1.0, 0.0)), lambda f, x, y: lower_power(f, x, y) + where(greater(abs(x), 0.0), f * log_or_nan(or_one(x)), 0.0)), smooth=((0.3, 3.0), (-2.0, 3.0)), kinks=(0.0,))

ELEMENTARY: Final = frozenset([op for op in list(globals().values()) if isinstance(op, Op)])

# Composites: their forward is written in the functions of rules, as that of a user's primitive
# may be, and is all that a program, a page and the checker need.
LOG_SIGMOID = Op("log_sigmoid", lambda x: -softplus(-x), (lambda f, x: sigmoid(-x),))
LEAKY_RELU = Op("leaky_relu", lambda x, slope: where(greater(x, 0.0), x, slope * x), (lambda f, x, slope: where(greater(x, 0.0), 1.0, slope), lambda f, x, slope: where(greater(x, 0.0), 0.0, x)), smooth=((0.1, 3.0), (0.01, 0.5)), kinks=(0.0,))
ELU     = Op("elu",     lambda x, alpha: where(greater(x, 0.0), x, alpha * expm1(minimum(x, 0.0))), (lambda f, x, alpha: where(greater(x, 0.0), 1.0, alpha * exp(where(greater(x, 0.0), 0.0, x))), lambda f, x, alpha: expm1(where(greater(x, 0.0), 0.0, x))), smooth=((-3.0, -0.1), (0.5, 2.0)), kinks=(0.0,))
SILU    = Op("silu",    lambda x: x * sigmoid(x),        (lambda f, x: sigmoid(x) * (1.0 + x * sigmoid(-x)),))
GELU    = Op("gelu",    lambda x: 0.5 * x * erfc(-x / _SQRT2), (lambda f, x: 0.5 * erfc(-x / _SQRT2) + _DENSITY * x * exp(-0.5 * x * x),))
MISH    = Op("mish",    lambda x: x * tanh(softplus(x)), (lambda f, x: tanh(softplus(x)) + x * sigmoid(x) * (1.0 - tanh(softplus(x)) * tanh(softplus(x))),))
SOFTSIGN = Op("softsign", lambda x: x / (1.0 + abs(x)),  (lambda f, x: 1.0 / ((1.0 + abs(x)) * (1.0 + abs(x))),), smooth=(0.1, 3.0), kinks=(0.0,))
HARDTANH = Op("hardtanh", lambda x, low, high: clip(x, low, high), (lambda f, x, low, high: greater(x, low) * less(x, high), lambda f, x, low, high: 1.0 - greater(x, low), lambda f, x, low, high: greater(x, low) * (1.0 - less(x, high))),
             domain="low <= high", smooth=((-0.9, 0.9), (-3.0, -1.0), (1.0, 3.0)), kinks=(lambda x, low, high: x - low, lambda x, low, high: x - high))  # 0 at both bounds
SOFTSHRINK = Op("softshrink", lambda x, lambd: x - clip(x, -lambd, lambd), (lambda f, x, lambd: greater(abs(x), lambd), lambda f, x, lambd: -sign(x) * greater(abs(x), lambd)), domain="lambd >= 0", smooth=((0.6, 3.0), (0.1, 0.5)), kinks=(lambda x, lambd: abs(x) - lambd,))
HUBER   = Op("huber",   _huber,                          (lambda f, r, delta: clip(r, -delta, delta), lambda f, r, delta: relu(abs(r) - delta)), domain="delta >= 0", smooth=((-0.9, 0.9), (1.0, 2.0)), kinks=(lambda r, delta: abs(r) - delta,))
CLAMPED_LOG = Op("clamped_log", lambda x: maximum(log_or_nan(x), -100.0), (lambda f, x: greater(f, -100.0) / where(greater(f, -100.0), x, 1.0),), smooth=(0.1, 3.0), kinks=(math.exp(-100.0),))
# fmt: on

# The functions of rules that are a row: on a plain number they compute, any other is asked.
_asking = partial(function, is_method=True)
exp, expm1, sqrt, sin, cos = map(_asking, (EXP, EXPM1, SQRT, SIN, COS))
sinh, cosh, tanh, erfc = map(_asking, (SINH, COSH, TANH, ERFC))
sigmoid, softplus, relu = map(_asking, (SIGMOID, SOFTPLUS, RELU))
maximum, minimum, clip, hypot = map(function, (MAXIMUM, MINIMUM, CLIP, HYPOT))
quotient, xlogy, log_or_nan = map(function, (QUOTIENT, XLOGY, LOG_OR_NAN))

# Composites compute with floats all the time: the same code, on the functions of floats alone.
_FORWARDS: Final = globals() | {op.name: op.forward for op in ELEMENTARY}
for _op in {op for op in list(globals().values()) if isinstance(op, Op)} - ELEMENTARY:
    _op.forward = FunctionType(_op.formula.__code__, _FORWARDS, _op.name)

OPS.update({op.name: op for op in list(globals().values()) if isinstance(op, Op)})
_BUILT_IN: Final = frozenset(OPS)

# What `detach` is in a program: its slope is 0 by decree, so it is not a row of the table.
DETACH: Final = Op("detach", lambda x: x, (None,))


def _take_partials(f: Any, at: Any, *xs: Any) -> tuple[Any, ...]:
    each = map(float, range(len(xs)))
    return 0.0, *[(1.0 - greater(at, i)) * (1.0 - less(at, i)) for i in each]


# What `take` is in a program that an example brings the index of: where the element is, counted
# from 0 (NaN where there is none), and the element.
PLACE: Final = Op("place", forwards.place, (None, None), domain="an index of the table")
TAKE: Final = Op("take", forwards.take, _take_partials)


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
    return OPS.get(op.name) is op if op.name in _BUILT_IN else op is PLACE or op is TAKE

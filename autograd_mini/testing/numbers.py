"""The second opinion: every row of the rule table as an mpmath function, a hundred digits long.

Nothing here reads a rule. `Precise` is a kind of number that applies these functions, so that a
rule, run on it, can be compared with a derivative that does not come from the rule.
"""

# What a lambda takes has no types.
# pyright: reportUnknownLambdaType=false, reportUnknownArgumentType=false
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from functools import cache
from typing import Any, Final, TypeAlias

from autograd_mini.ops import OPS, Number, Op

Mpf: TypeAlias = Any  # an mpmath number: each context makes a class of them for itself

DIGITS: Final = 100
_FAR: Final = 1e6  # from where on mpmath gives no erfc


class Opaque(TypeError):
    """A primitive whose forward computes with floats only, so that it cannot be replayed."""


@cache
def context() -> Any:
    """Return an mpmath context of our own: nobody else's precision is touched.

    Raises:
        ImportError: If mpmath is not installed.
    """
    import mpmath  # pyright: ignore[reportMissingTypeStubs] # it has none

    own = mpmath.MPContext()
    own.dps = DIGITS
    return own


@cache
def available() -> bool:
    """Return whether mpmath is installed; without it, all references are finite differences."""
    try:
        context()
    except ImportError:
        return False
    return True


@contextmanager
def precision(numbers: Iterable[Mpf]) -> Generator[Any]:
    """Work with enough digits to add numbers of such sizes to each other and to 1."""
    ctx = context()
    exponents = [0, *[ctx.mag(x) for x in numbers if x and ctx.isfinite(x)]]
    before = ctx.dps
    spread = max(exponents) - min(exponents)
    ctx.dps = max(before, DIGITS + int(0.61 * spread))  # 0.61 > 2 log10(2): products, too
    try:
        yield ctx
    finally:
        ctx.dps = before


@cache
def functions() -> dict[str, Callable[..., Mpf]]:
    """Return the mpmath function of every built-in row.

    Outside of a row's domain it raises ValueError or ZeroDivisionError, or gives a complex
    number, which `evaluate` refuses.
    """
    ctx = context()
    known = {name: getattr(ctx, name) for name in _KNOWN}
    return known | _ARITHMETIC | _sums(ctx) | _choices(ctx) | _logarithms(ctx) | _units(ctx)


_KNOWN: Final = (  # to mpmath, by the names of the table
    *("exp", "expm1", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh"),
    *("asin", "acos", "atan", "atan2"),
)
_ARITHMETIC: Final[dict[str, Callable[..., Mpf]]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "neg": operator.neg,
    "pow": operator.pow,
    "abs": abs,
}


def _sums(ctx: Any) -> dict[str, Callable[..., Mpf]]:
    def norm(*xs: Mpf) -> Mpf:
        return ctx.sqrt(sum((x * x for x in xs), ctx.zero))

    def logsumexp(*xs: Mpf) -> Mpf:
        largest = max(xs)
        return largest + ctx.log(sum(ctx.exp(x - largest) for x in xs))

    def dot(*operands: Mpf) -> Mpf:
        n = len(operands) // 2
        terms = [w * x for w, x in zip(operands[:n], operands[n : 2 * n], strict=True)]
        return sum([*terms, *operands[2 * n :]], ctx.zero)

    def total(*xs: Mpf) -> Mpf:
        return sum(xs, ctx.zero)

    def product(*xs: Mpf) -> Mpf:
        return ctx.fprod(xs)

    named = {"norm": norm, "hypot": norm, "logsumexp": logsumexp, "dot": dot}
    return named | {"total": total, "product": product}


def _choices(ctx: Any) -> dict[str, Callable[..., Mpf]]:
    one, zero = ctx.one, ctx.zero

    def clip(x: Mpf, low: Mpf, high: Mpf) -> Mpf:
        if low > high:
            raise ValueError("clip")
        return min(max(x, low), high)

    def huber(r: Mpf, delta: Mpf) -> Mpf:
        return r * r / 2 if abs(r) <= delta else delta * (abs(r) - delta / 2)

    def softshrink(x: Mpf, lambd: Mpf) -> Mpf:
        return x - ctx.sign(x) * lambd if abs(x) > lambd else zero

    choices: dict[str, Callable[..., Mpf]] = {
        "maximum": max,
        "minimum": min,
        "amax": lambda *xs: max(xs),
        "greater": lambda x, y: one if x > y else zero,
        "less": lambda x, y: one if x < y else zero,
        "where": lambda cond, a, b: a if cond else b,
        "relu": lambda x: max(x, zero),
        "leaky_relu": lambda x, slope: x if x > 0 else slope * x,
        "elu": lambda x, alpha: x if x > 0 else alpha * ctx.expm1(x),
    }
    return choices | {"clip": clip, "hardtanh": clip, "huber": huber, "softshrink": softshrink}


def _logarithms(ctx: Any) -> dict[str, Callable[..., Mpf]]:
    def log(x: Mpf) -> Mpf:
        if x <= 0:
            raise ValueError("log")
        return ctx.log(x)

    def log1p(x: Mpf) -> Mpf:
        if x <= -1:
            raise ValueError("log1p")
        return ctx.log1p(x)

    def log_or_nan(x: Mpf) -> Mpf:
        return ctx.log(x) if x > 0 else -ctx.inf if x == 0 else ctx.nan

    def quotient(a: Mpf, b: Mpf) -> Mpf:
        return a / b if b else ctx.inf * a if a else ctx.nan

    def power_slope(x: Mpf, y: Mpf) -> Mpf:
        return y * x ** (y - 1) if y else ctx.zero

    def xlogy(x: Mpf, y: Mpf) -> Mpf:
        return x * log_or_nan(y) if x or y < 0 else ctx.zero

    least = ctx.mpf(-100)
    return {
        "log": log,
        "log1p": log1p,
        "log_or_nan": log_or_nan,
        "quotient": quotient,
        "power_slope": power_slope,
        "xlogy": xlogy,
        "clamped_log": lambda x: max(log_or_nan(x), least),
        "clamped_log1p": lambda x: max(log_or_nan(1 + x), least),
    }


def _units(ctx: Any) -> dict[str, Callable[..., Mpf]]:
    def sigmoid(x: Mpf) -> Mpf:
        e = ctx.exp(-abs(x))
        return (1 if x >= 0 else e) / (1 + e)

    def softplus(x: Mpf) -> Mpf:
        return max(x, ctx.zero) + ctx.log1p(ctx.exp(-abs(x)))

    def erfc(x: Mpf) -> Mpf:
        return ctx.erfc(x) if abs(x) < _FAR else 1 - ctx.sign(x)

    def log_cosh(x: Mpf) -> Mpf:
        if abs(x) > 1:
            return abs(x) + ctx.log1p(ctx.exp(-2 * abs(x))) - ctx.log(2)
        return ctx.log1p(2 * ctx.sinh(x / 2) ** 2)

    return {
        "erf": lambda x: 1 - erfc(x) if abs(x) > _FAR else ctx.erf(x),
        "erfc": erfc,
        "sigmoid": sigmoid,
        "softplus": softplus,
        "log_sigmoid": lambda x: -softplus(-x),
        "silu": lambda x: x * sigmoid(x),
        "gelu": lambda x: x * erfc(-x / ctx.sqrt(2)) / 2,
        "mish": lambda x: x * ctx.tanh(softplus(x)),
        "softsign": lambda x: x / (1 + abs(x)),
        "tanhshrink": lambda x: x - ctx.tanh(x),
        "log_cosh": log_cosh,
    }


def is_built_in(op: Op) -> bool:
    """Return whether a row is one of the table's own, of which `functions` has a second opinion."""
    return OPS.get(op.name) is op and op.name in functions()


def evaluate(op: Op, operands: Iterable[Mpf]) -> Mpf:
    """Return what a row computes for mpmath operands.

    A row that is not built in is asked for its forward, which works if it is plain arithmetic.

    Raises:
        ValueError, ZeroDivisionError: If there is no real result.
        Opaque: If the row's forward computes with floats only.
    """
    if is_built_in(op):
        result = functions()[op.name](*operands)
    else:
        try:
            result = op.forward(*[Precise(x) for x in operands])
        except (TypeError, AttributeError) as error:
            raise Opaque(f"{op.name} computes with floats only") from error
        result = Precise.unwrap(result)
    if isinstance(result, context().mpc):
        raise ValueError(f"{op.name} is complex there")
    return result


class Precise(Number):
    """An mpmath number that rules accept.

    It has no `__float__` on purpose: code that would round it to a float fails instead.
    """

    __slots__ = ("x",)

    def __init__(self, x: Mpf) -> None:
        self.x = x

    @classmethod
    def unwrap(cls, x: Any) -> Mpf:
        """Return the mpmath number that `x` stands for."""
        return x.x if isinstance(x, Precise) else context().mpf(x)

    @classmethod
    def apply(cls, op: Op, *operands: Any) -> Any:
        """Apply a row with a hundred digits."""
        return cls(evaluate(op, [cls.unwrap(x) for x in operands]))

    def __lt__(self, other: Any) -> bool:
        return self.x < self.unwrap(other)

    def __le__(self, other: Any) -> bool:
        return self.x <= self.unwrap(other)

    def __gt__(self, other: Any) -> bool:
        return self.x > self.unwrap(other)

    def __ge__(self, other: Any) -> bool:
        return self.x >= self.unwrap(other)

    def __eq__(self, other: object) -> bool:
        return self.x == self.unwrap(other)

    def __hash__(self) -> int:
        return hash(self.x)

    def __bool__(self) -> bool:
        return bool(self.x)

    def __repr__(self) -> str:
        return f"Precise({context().nstr(self.x, 20)})"


# The slopes by convention where left and right slopes differ or do not exist; None: no statement.


def _power_at_zero(_x: float, y: float) -> tuple[float, float]:
    return (0.0 if y == 0.0 or y > 1.0 else 1.0 if y == 1.0 else math.inf), 0.0


def _tie(x: float, y: float) -> tuple[float, float]:
    return 0.5, 0.5


def _share(*xs: float) -> tuple[float, ...]:
    return tuple([float(x == max(xs)) / xs.count(max(xs)) for x in xs])


def _flat(*operands: float) -> tuple[float, ...]:
    return (0.0,) * len(operands)


def _xlogy_at_zero(x: float, y: float) -> tuple[float, float]:
    return (0.0, 0.0) if x == 0.0 else (-math.inf, math.copysign(math.inf, x))


AT_KINKS: Final[dict[str, Callable[..., tuple[float | None, ...]]]] = {
    "pow": _power_at_zero,
    "abs": _flat,
    "sqrt": lambda x: (math.inf,),
    "asin": lambda x: (math.inf,),
    "acos": lambda x: (-math.inf,),
    "atan2": _flat,
    "hypot": _flat,
    "norm": _flat,
    "maximum": _tie,
    "minimum": _tie,
    "amax": _share,
    "greater": _flat,
    "less": _flat,
    "where": lambda cond, a, b: (0.0, 0.0, 1.0),
    "clip": lambda x, low, high: (1.0, 0.0, 0.0),
    "relu": _flat,
    "leaky_relu": lambda x, slope: (slope, 0.0),
    "elu": lambda x, alpha: (alpha, 0.0),
    "softsign": lambda x: (1.0,),
    "hardtanh": lambda x, low, high: (0.0, float(x == low), float(x == high > low)),
    "softshrink": lambda x, lambd: (0.0, 0.0),
    "huber": lambda r, delta: (r, 0.0),
    "xlogy": _xlogy_at_zero,
    "clamped_log": lambda x: (0.0,),
    "clamped_log1p": lambda x: (0.0,),
    "quotient": lambda x, y: (math.inf, None),
    "log_or_nan": lambda x: (math.inf,),
    "power_slope": lambda x, y: (None, None),
}

"""The second opinion: every row of the rule table as an mpmath function, a hundred digits long.

Nothing here reads a rule. `Precise` is a kind of number that applies these functions, so that a
rule, run on it, can be compared with a derivative that does not come from the rule.
"""

# mpmath's numbers are of a class that each context makes for itself.
# pyright: reportUnknownLambdaType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

from autograd_mini.ops import OPS, Number, Op

__all__ = [
    "AT_KINKS",
    "Opaque",
    "Precise",
    "available",
    "evaluate",
    "functions",
    "is_built_in",
    "precision",
]

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
    """Say whether mpmath is installed; without it, all references are finite differences."""
    try:
        context()
    except ImportError:
        return False
    return True


@contextmanager
def precision(numbers: Iterable[Any]) -> Generator[Any]:
    """Work with so many digits that numbers of such sizes can be added to each other and to 1."""
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
def functions() -> dict[str, Callable[..., Any]]:
    """Return the mpmath function of every built-in row.

    Outside of a row's domain it raises ValueError or ZeroDivisionError, or gives a complex
    number, which `evaluate` refuses.
    """
    ctx = context()
    zero, one, half = ctx.mpf(0), ctx.mpf(1), ctx.mpf(1) / 2

    def log(x: Any) -> Any:
        if x <= 0:
            raise ValueError("log")
        return ctx.log(x)

    def log1p(x: Any) -> Any:
        if x <= -1:
            raise ValueError("log1p")
        return ctx.log1p(x)

    def log_or_nan(x: Any) -> Any:
        return ctx.log(x) if x > 0 else -ctx.inf if x == 0 else ctx.nan

    def quotient(a: Any, b: Any) -> Any:
        return a / b if b else ctx.inf * a if a else ctx.nan

    def clip(x: Any, low: Any, high: Any) -> Any:
        if low > high:
            raise ValueError("clip")
        return min(max(x, low), high)

    def sigmoid(x: Any) -> Any:
        e = ctx.exp(-abs(x))
        return (one if x >= 0 else e) / (1 + e)

    def softplus(x: Any) -> Any:
        return max(x, zero) + ctx.log1p(ctx.exp(-abs(x)))

    def norm(*xs: Any) -> Any:
        return ctx.sqrt(sum((x * x for x in xs), zero))

    def logsumexp(*xs: Any) -> Any:
        largest = max(xs)
        return largest + ctx.log(sum(ctx.exp(x - largest) for x in xs))

    def dot(*operands: Any) -> Any:
        n = len(operands) // 2
        terms = [w * x for w, x in zip(operands[:n], operands[n : 2 * n], strict=True)]
        return sum([*terms, *operands[2 * n :]], zero)

    def erfc(x: Any) -> Any:
        return ctx.erfc(x) if abs(x) < _FAR else one - ctx.sign(x)

    def log_cosh(x: Any) -> Any:
        return (
            abs(x) + ctx.log1p(ctx.exp(-2 * abs(x))) - ctx.log(2)
            if abs(x) > 1
            else (ctx.log1p(2 * ctx.sinh(x / 2) ** 2))
        )

    return {
        "add": lambda x, y: x + y,
        "sub": lambda x, y: x - y,
        "mul": lambda x, y: x * y,
        "div": lambda x, y: x / y,
        "neg": lambda x: -x,
        "pow": lambda x, y: x**y,
        "abs": abs,
        "exp": ctx.exp,
        "log": log,
        "log1p": log1p,
        "expm1": ctx.expm1,
        "sqrt": ctx.sqrt,
        "logsumexp": logsumexp,
        "sin": ctx.sin,
        "cos": ctx.cos,
        "tan": ctx.tan,
        "sinh": ctx.sinh,
        "cosh": ctx.cosh,
        "tanh": ctx.tanh,
        "asin": ctx.asin,
        "acos": ctx.acos,
        "atan": ctx.atan,
        "atan2": ctx.atan2,
        "hypot": norm,
        "norm": norm,
        "erf": lambda x: 1 - erfc(x) if abs(x) > _FAR else ctx.erf(x),
        "erfc": erfc,
        "maximum": max,
        "minimum": min,
        "amax": lambda *xs: max(xs),
        "greater": lambda x, y: one if x > y else zero,
        "less": lambda x, y: one if x < y else zero,
        "where": lambda cond, a, b: a if cond else b,
        "clip": clip,
        "dot": dot,
        "total": lambda *xs: sum(xs, zero),
        "product": lambda *xs: ctx.fprod(xs),
        "sigmoid": sigmoid,
        "softplus": softplus,
        "log_sigmoid": lambda x: -softplus(-x),
        "relu": lambda x: max(x, zero),
        "leaky_relu": lambda x, slope: x if x > 0 else slope * x,
        "elu": lambda x, alpha: x if x > 0 else alpha * ctx.expm1(x),
        "silu": lambda x: x * sigmoid(x),
        "gelu": lambda x: half * x * erfc(-x / ctx.sqrt(2)),
        "mish": lambda x: x * ctx.tanh(softplus(x)),
        "softsign": lambda x: x / (1 + abs(x)),
        "tanhshrink": lambda x: x - ctx.tanh(x),
        "hardtanh": clip,
        "softshrink": lambda x, lambd: x - ctx.sign(x) * lambd if abs(x) > lambd else zero,
        "log_cosh": log_cosh,
        "huber": lambda r, delta: (
            half * r * r if abs(r) <= delta else (delta * (abs(r) - half * delta))
        ),
        "xlogy": lambda x, y: x * log_or_nan(y) if x or y < 0 else zero,
        "clamped_log": lambda x: max(log_or_nan(x), ctx.mpf(-100)),
        "clamped_log1p": lambda x: max(log_or_nan(1 + x), ctx.mpf(-100)),
        "quotient": quotient,
        "log_or_nan": log_or_nan,
        "power_slope": lambda x, y: y * x ** (y - 1) if y else zero,
    }


def is_built_in(op: Op) -> bool:
    """Say whether a row is one of the table's own, of which `functions` has a second opinion."""
    return OPS.get(op.name) is op and op.name in functions()


def evaluate(op: Op, operands: Iterable[Any]) -> Any:
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

    def __init__(self, x: Any) -> None:
        self.x = x

    @classmethod
    def unwrap(cls, x: Any) -> Any:
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

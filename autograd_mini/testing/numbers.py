"""Numbers of a hundred digits, for a second opinion on what the rule table says in floats.

`Precise` is a kind of number that applies the functions of `precise`, so that a rule, run on it,
can be compared with a derivative that does not come from the rule.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, Final, TypeAlias

from autograd_mini.ops import Number, Op, is_built_in

Mpf: TypeAlias = Any  # an mpmath number: each context makes a class of them for itself

DIGITS: Final = 100


class Opaque(TypeError):
    """A primitive whose forward computes with floats only, so that it cannot be replayed."""


@cache
def context() -> Any:
    """Return an mpmath context of our own: nobody else's precision is touched.

    Raises:
        ImportError: If mpmath is not installed.
    """
    own = importlib.import_module("mpmath").MPContext()
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


def evaluate(op: Op, operands: Iterable[Mpf]) -> Mpf:
    """Return what a row computes for mpmath operands.

    A row that is not built in is asked for its forward, which works if it is plain arithmetic.

    Raises:
        ValueError, ZeroDivisionError: If there is no real result.
        Opaque: If the row's forward computes with floats only.
    """
    if is_built_in(op):
        from autograd_mini.testing import precise

        result = getattr(precise, op.name)(*operands)
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
    def unwrap(cls, x: object) -> Mpf:
        """Return the mpmath number that `x` stands for."""
        return x.x if isinstance(x, Precise) else context().mpf(x)

    @classmethod
    def apply(cls, op: Op, *operands: object) -> Any:
        """Apply a row with a hundred digits."""
        return cls(evaluate(op, [cls.unwrap(x) for x in operands]))

    def __lt__(self, other: object) -> bool:
        return self.x < self.unwrap(other)

    def __le__(self, other: object) -> bool:
        return self.x <= self.unwrap(other)

    def __gt__(self, other: object) -> bool:
        return self.x > self.unwrap(other)

    def __ge__(self, other: object) -> bool:
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


_Slopes: TypeAlias = tuple[float | None, ...]


def _power_at_zero(_x: float, y: float) -> _Slopes:
    return (0.0 if y == 0.0 or y > 1.0 else 1.0 if y == 1.0 else math.inf), 0.0


def _share(*xs: float) -> _Slopes:
    return tuple([float(x == max(xs)) / xs.count(max(xs)) for x in xs])


def _zeros(*operands: float) -> _Slopes:
    return (0.0,) * len(operands)


def _xlogy_at_zero(x: float, y: float) -> _Slopes:
    return (0.0, 0.0) if x == 0.0 else (-math.inf, math.copysign(math.inf, x))


def _hardtanh_at_bounds(x: float, low: float, high: float) -> _Slopes:
    return 0.0, float(x == low), float(x == high > low)


def _lower_slope(_x: float, slope: float) -> _Slopes:
    return slope, 0.0


def _huber_at_delta(r: float, _delta: float) -> _Slopes:
    return r, 0.0


AT_KINKS: Final[dict[str, _Slopes | Callable[..., _Slopes]]] = {
    **dict.fromkeys(("abs", "relu", "greater", "less", "atan2", "hypot", "norm"), _zeros),
    **dict.fromkeys(("softshrink", "clamped_log", "clamped_log1p"), _zeros),
    **dict.fromkeys(("maximum", "minimum", "amax"), _share),
    **dict.fromkeys(("sqrt", "asin", "log_or_nan"), (math.inf,)),
    "acos": (-math.inf,),
    "softsign": (1.0,),
    "where": (0.0, 0.0, 1.0),
    "clip": (1.0, 0.0, 0.0),
    "quotient": (math.inf, None),
    "power_slope": (None, None),
    "pow": _power_at_zero,
    "xlogy": _xlogy_at_zero,
    "leaky_relu": _lower_slope,
    "elu": _lower_slope,
    "hardtanh": _hardtanh_at_bounds,
    "huber": _huber_at_delta,
}


def slopes_at_kink(name: str, operands: Sequence[float]) -> _Slopes:
    """Return the slopes that a row has by convention at operands that are a kink of it."""
    slopes = AT_KINKS[name]
    return slopes(*operands) if callable(slopes) else slopes

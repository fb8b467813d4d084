"""What the rows of the table compute on floats, where that takes more than a line.

Outside of its domain a function raises ValueError, ZeroDivisionError or OverflowError.
"""

from __future__ import annotations

import math
from typing import Any, Final

_LN2: Final = math.log(2.0)


def power(x: float, y: float) -> float:
    f: Any = x**y
    if type(f) is complex:
        raise ValueError("complex")
    return f


def sigmoid(x: float) -> float:
    if x >= 0.0:
        return 1.0 / (1.0 + math.exp(-x))
    e = math.exp(x)  # exp(-x) would overflow below -709
    return e / (1.0 + e)


def relu(x: float) -> float:
    return 0.0 if x <= 0.0 else x  # in this order NaN stays NaN, and -0.0 is 0.0 as in NumPy


def softplus(x: float) -> float:
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def maximum(x: float, y: float) -> float:
    return (x if x >= y or x != x else y) + 0.0  # of 0.0 and -0.0 processors take either


def minimum(x: float, y: float) -> float:
    return (x if x <= y or x != x else y) + 0.0


def clip(x: float, low: float, high: float) -> float:
    if low > high:
        raise ValueError("bounds")
    return low if x < low else high if x > high else x


def quotient(a: float, b: float) -> float:
    try:
        return a / b
    except ZeroDivisionError:
        return math.nan if a == 0.0 or a != a else a * math.copysign(math.inf, b)


def xlogy(x: float, y: float) -> float:
    return 0.0 if x == 0.0 and y >= 0.0 else x * log_or_nan(y)


def log1p_or_nan(x: float) -> float:
    return math.log1p(x) if x > -1.0 else -math.inf if x == -1.0 else math.nan


def tanhshrink(x: float) -> float:
    if abs(x) < 0.03:  # x - tanh(x) cancels: its Taylor series, exact to a float here
        q = x * x
        return x * q * (1 / 3 - q * (2 / 15 - q * (17 / 315 - q * (62 / 2835))))
    return x - math.tanh(x)


def log_cosh(x: float) -> float:
    if abs(x) > 1.0:
        return abs(x) + math.log1p(math.exp(-2.0 * abs(x))) - _LN2
    return math.log1p(2.0 * math.sinh(0.5 * x) ** 2)


def dot(*operands: float) -> float:
    n = len(operands) // 2
    f = 0.0
    for w, x in zip(operands, operands[n : 2 * n]):  # noqa: B905 # it ends with the xs
        f += w * x
    return f + operands[-1] if len(operands) % 2 else f


def total(*xs: float) -> float:
    f = 0.0
    for x in xs:  # left to right as `+` does: the built-in sum compensates from Python 3.12 on
        f += x
    return f


def product(*xs: float) -> float:
    f = 1.0
    for x in xs:
        f *= x
    return f


def logsumexp(*xs: float) -> float:
    if not xs:
        raise ValueError("empty")
    largest = max(xs)
    if math.isinf(largest):
        return math.nan if any(x != x for x in xs) else largest
    return largest + math.log(math.fsum([math.exp(x - largest) for x in xs]))


def amax(*xs: float) -> float:
    return math.nan if any(x != x for x in xs) else max(xs) + 0.0


def place(index: float, count: float) -> float:
    at = index + count if index < 0.0 else index
    return at if 0.0 <= at < count and at % 1.0 == 0.0 else math.nan


def take(at: float, *xs: float) -> float:
    return xs[int(at)] if at == at else math.nan


def log_or_nan(x: float) -> float:
    return math.log(x) if x > 0.0 else -math.inf if x == 0.0 else math.nan


def greater(x: float, y: float) -> float:
    return 1.0 if x > y else 0.0


def less(x: float, y: float) -> float:
    return 1.0 if x < y else 0.0

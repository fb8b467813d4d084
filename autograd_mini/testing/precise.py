"""Every row of the rule table as an mpmath function of its name, a hundred digits long.

Outside of a row's domain a function raises ValueError or ZeroDivisionError, or gives a complex
number, which `numbers.evaluate` refuses. Nothing here reads a rule.
"""

from __future__ import annotations

import operator

from autograd_mini.testing.numbers import Mpf, context

ctx = context()
_FAR = 1e6  # from where on mpmath gives no erfc

add, sub, mul, neg, abs = operator.add, operator.sub, operator.mul, operator.neg, operator.abs
exp, expm1, sqrt = ctx.exp, ctx.expm1, ctx.sqrt
sin, cos, tan, sinh, cosh, tanh = ctx.sin, ctx.cos, ctx.tan, ctx.sinh, ctx.cosh, ctx.tanh
asin, acos, atan, atan2 = ctx.asin, ctx.acos, ctx.atan, ctx.atan2
maximum, minimum = max, min


# Powers, quotients and logarithms.


def pow(x: Mpf, y: Mpf) -> Mpf:
    return x**y


def div(x: Mpf, y: Mpf) -> Mpf:
    return x / y


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


def clamped_log(x: Mpf) -> Mpf:
    return max(log_or_nan(x), ctx.mpf(-100))


def clamped_log1p(x: Mpf) -> Mpf:
    return clamped_log(1 + x)


def xlogy(x: Mpf, y: Mpf) -> Mpf:
    return x * log_or_nan(y) if x or y < 0 else ctx.zero


def quotient(a: Mpf, b: Mpf) -> Mpf:
    return a / b if b else ctx.inf * a if a else ctx.nan


def power_slope(x: Mpf, y: Mpf) -> Mpf:
    return y * x ** (y - 1) if y else ctx.zero


# Any number of numbers.


def total(*xs: Mpf) -> Mpf:
    return sum(xs, ctx.zero)


def product(*xs: Mpf) -> Mpf:
    return ctx.fprod(xs)


def dot(*operands: Mpf) -> Mpf:
    n = len(operands) // 2
    return total(*map(mul, operands[:n], operands[n : 2 * n]), *operands[2 * n :])


def norm(*xs: Mpf) -> Mpf:
    return sqrt(dot(*xs, *xs))


hypot = norm


def logsumexp(*xs: Mpf) -> Mpf:
    largest = max(xs)
    return largest + ctx.log(sum([exp(x - largest) for x in xs]))


def amax(*xs: Mpf) -> Mpf:
    return max(xs)


# Choices.


def greater(x: Mpf, y: Mpf) -> Mpf:
    return ctx.one if x > y else ctx.zero


def less(x: Mpf, y: Mpf) -> Mpf:
    return greater(y, x)


def where(cond: Mpf, a: Mpf, b: Mpf) -> Mpf:
    return a if cond else b


def clip(x: Mpf, low: Mpf, high: Mpf) -> Mpf:
    if low > high:
        raise ValueError("clip")
    return min(max(x, low), high)


hardtanh = clip


def relu(x: Mpf) -> Mpf:
    return max(x, ctx.zero)


def leaky_relu(x: Mpf, slope: Mpf) -> Mpf:
    return x if x > 0 else slope * x


def elu(x: Mpf, alpha: Mpf) -> Mpf:
    return x if x > 0 else alpha * expm1(x)


def huber(r: Mpf, delta: Mpf) -> Mpf:
    return r * r / 2 if abs(r) <= delta else delta * (abs(r) - delta / 2)


def softshrink(x: Mpf, lambd: Mpf) -> Mpf:
    return x - ctx.sign(x) * lambd if abs(x) > lambd else ctx.zero


# Smooth units.


def sigmoid(x: Mpf) -> Mpf:
    e = exp(-abs(x))
    return (1 if x >= 0 else e) / (1 + e)


def softplus(x: Mpf) -> Mpf:
    return relu(x) + ctx.log1p(exp(-abs(x)))


def log_sigmoid(x: Mpf) -> Mpf:
    return -softplus(-x)


def erfc(x: Mpf) -> Mpf:
    return ctx.erfc(x) if abs(x) < _FAR else 1 - ctx.sign(x)


def erf(x: Mpf) -> Mpf:
    return ctx.erf(x) if abs(x) <= _FAR else 1 - erfc(x)


def silu(x: Mpf) -> Mpf:
    return x * sigmoid(x)


def gelu(x: Mpf) -> Mpf:
    return x * erfc(-x / sqrt(2)) / 2


def mish(x: Mpf) -> Mpf:
    return x * tanh(softplus(x))


def softsign(x: Mpf) -> Mpf:
    return x / (1 + abs(x))


def tanhshrink(x: Mpf) -> Mpf:
    return x - tanh(x)


def log_cosh(x: Mpf) -> Mpf:
    if abs(x) > 1:
        return abs(x) + ctx.log1p(exp(-2 * abs(x))) - ctx.log(2)
    return ctx.log1p(2 * sinh(x / 2) ** 2)

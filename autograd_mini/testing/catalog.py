"""The operations that a scalar engine may have: how they are written, and what is right.

A row gives an operation's names, its value and its derivatives as text. The text is Python on
x, y (the operands) and f (the result); `mistakes` changes it in one place to name what a wrong
derivative has done.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from autograd_mini import functions


class Row(NamedTuple):
    """What is right for one operation.

    Attributes:
        value: Its value, as text.
        rules: For each operand, its derivative: one text or several that are equal.
        domain: Where it is smooth and of moderate size, as text.
        names: What methods and functions for it are called.
    """

    value: str
    rules: tuple[tuple[str, ...], ...]
    domain: str = "True"
    names: tuple[str, ...] = ()


def _row(value: str, *rules: str, domain: str = "True", names: str = "") -> Row:
    split = tuple([tuple(rule.split(" | ")) for rule in rules])
    return Row(value, split, domain, tuple(names.split()))


# What the texts may call: plain mathematics of floats.
FUNCTIONS: Final[dict[str, Callable[..., Any]]] = dict(
    vars(math), sigmoid=functions.sigmoid, gelu=functions.gelu, abs=abs, max=max, min=min
)

# fmt: off
CATALOG: Final = {
    "add": _row("x + y", "1.0", "1.0", names="add plus __add__"),
    "mul": _row("x * y", "y", "x", names="mul multiply times mult __mul__"),
    "sub": _row("x - y", "1.0", "-1.0", names="sub subtract minus __sub__"),
    "div": _row("x / y", "1.0 / y", "-x / (y * y) | -x / y ** 2.0 | -f / y", domain="abs(y) > 0.25", names="div divide truediv __truediv__"),
    "pow": _row("x ** y", "y * x ** (y - 1.0) | y * f / x", "f * log(x)", domain="abs(y) < 4 and (x > 0.2 or x < -0.2 and y in (2.0, 3.0, -1.0))", names="pow power __pow__"),
    "neg": _row("-x", "-1.0", names="neg negative __neg__"),
    "abs": _row("abs(x)", "1.0 if x > 0.0 else -1.0", domain="abs(x) > 0.1", names="abs __abs__ absolute"),
    "exp": _row("exp(x)", "f", domain="x < 3", names="exp"),
    "log": _row("log(x)", "1.0 / x", domain="x > 0.1", names="log ln"),
    "tanh": _row("tanh(x)", "1.0 - f * f | 1.0 - f ** 2.0", names="tanh"),
    "sigmoid": _row("sigmoid(x)", "f * (1.0 - f) | f - f ** 2.0", names="sigmoid sigm logistic"),
    "relu": _row("max(x, 0.0)", "1.0 if x > 0.0 else 0.0", domain="abs(x) > 0.1", names="relu ReLU Relu"),
    "sqrt": _row("sqrt(x)", "0.5 / f | 1.0 / (2.0 * f) | 0.5 * x ** -0.5", domain="x > 0.1", names="sqrt"),
    "sin": _row("sin(x)", "cos(x)", names="sin"),
    "cos": _row("cos(x)", "-sin(x)", names="cos"),
    "tan": _row("tan(x)", "1.0 + f * f | 1.0 / cos(x) ** 2.0", domain="abs(x) < 1.2", names="tan"),
    "sinh": _row("sinh(x)", "cosh(x)", domain="abs(x) < 3", names="sinh"),
    "cosh": _row("cosh(x)", "sinh(x)", domain="abs(x) < 3", names="cosh"),
    "asin": _row("asin(x)", "1.0 / sqrt(1.0 - x * x)", domain="abs(x) < 0.9", names="asin arcsin"),
    "acos": _row("acos(x)", "-1.0 / sqrt(1.0 - x * x)", domain="abs(x) < 0.9", names="acos arccos"),
    "atan": _row("atan(x)", "1.0 / (1.0 + x * x)", names="atan arctan"),
    "log1p": _row("log1p(x)", "1.0 / (1.0 + x)", domain="x > -0.8", names="log1p"),
    "expm1": _row("expm1(x)", "f + 1.0 | exp(x)", domain="x < 3", names="expm1"),
    "erf": _row("erf(x)", "1.1283791670955126 * exp(-x * x)", names="erf"),
    "softplus": _row("log1p(exp(x))", "1.0 / (1.0 + exp(-x))", names="softplus"),
    "silu": _row("x * sigmoid(x)", "sigmoid(x) + f * (1.0 - sigmoid(x)) | sigmoid(x) + x * sigmoid(x) * (1.0 - sigmoid(x))", names="silu swish"),
    "softsign": _row("x / (1.0 + abs(x))", "1.0 / (1.0 + abs(x)) ** 2.0", domain="abs(x) > 0.1", names="softsign"),
    "square": _row("x * x", "2.0 * x", names="square sq squared"),
    "cube": _row("x * x * x", "3.0 * x * x | 3.0 * x ** 2.0", names="cube cubed"),
    "reciprocal": _row("1.0 / x", "-f * f | -1.0 / (x * x) | -1.0 / x ** 2.0", domain="abs(x) > 0.25", names="reciprocal recip inv inverse"),
    "maximum": _row("max(x, y)", "1.0 if x > y else 0.0", "1.0 if y > x else 0.0", domain="abs(x - y) > 0.1", names="maximum max"),
    "minimum": _row("min(x, y)", "1.0 if x < y else 0.0", "1.0 if y < x else 0.0", domain="abs(x - y) > 0.1", names="minimum min"),
    "hypot": _row("hypot(x, y)", "x / f", "y / f", domain="abs(x) > 0.1", names="hypot"),
}
# fmt: on
NAMED: Final = {name: key for key, row in CATALOG.items() for name in row.names}
# Methods that give a number back on purpose without its history, or do something else entirely.
DETACHED: Final = frozenset(
    """
    backward zero_grad detach detach_ copy clone item numpy data grad value stop_gradient
    stop_grad no_grad const constant freeze draw show plot render save print debug view trace
    parameters step reset backprop toposort topo build_topo update eval train requires_grad_
    graph display summary repr str float int bool
    """.split()  # noqa: SIM905 # a list of words
)

"""Activations: the nonlinear half of a unit, h = σ(z).

Each takes a Value and gives a Value, or takes a number and gives a number. softmax and
log_softmax take a whole layer's pre-activations and give as many numbers back.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, Final, TypeAlias

import autograd_mini
from autograd_mini import (
    Program,
    Value,
    amax,
    compile,
    elu,
    exp,
    is_tracing,
    leaky_relu,
    log,
    log_sigmoid,
    logsumexp,
    mish,
    relu,
    sigmoid,
    silu,
    sin,
    softplus,
    softshrink,
    softsign,
    tanh,
    tanhshrink,
    total,
)
from autograd_mini.functions.signatures import Scalar, of_first, unary
from autograd_mini.nested import elements
from nn.errors import function_of, one_of

__all__ = [
    "ACTIVATIONS",
    "VECTOR_ACTIVATIONS",
    "Activation",
    "abs",
    "elu",
    "exp",
    "gaussian",
    "gelu",
    "gelu_tanh",
    "get",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "identity",
    "is_vector",
    "leaky_relu",
    "log_sigmoid",
    "log_softmax",
    "logsumexp",
    "mish",
    "name_of",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "sin",
    "softmax",
    "softplus",
    "softshrink",
    "softsign",
    "square",
    "tanh",
    "tanhshrink",
]

Activation: TypeAlias = Callable[..., Any]

_SELU_SCALE: Final = 1.0507009873554805
_SELU_ALPHA: Final = 1.6732632423543772
_GELU_SLOPE: Final = 2.0 * math.sqrt(2.0 / math.pi)


@unary
def identity(x: Scalar) -> Scalar:
    """Return x: a linear unit.

    Example:
        >>> identity(-2.0)
        -2.0
    """
    return x


@unary
def selu(x: Scalar) -> Scalar:
    """Return λ elu(x, α), with the λ and α that keep mean 0 and variance 1 from layer to layer.

    Example:
        >>> selu(1.0)
        1.0507009873554805

    Reference:
        Klambauer, Unterthiner, Mayr, Hochreiter, "Self-Normalizing Neural Networks", NeurIPS 2017.
    """
    return _SELU_SCALE * elu(x, _SELU_ALPHA)


@of_first
def gelu(x: Scalar, approximate: str = "none") -> Scalar:
    """Return x Φ(x), with Φ the distribution function of the standard normal.

    Args:
        x: The pre-activation.
        approximate: "tanh" for x sigmoid(u) with u = 2 √(2/π) (x + 0.044715 x³), which is
            ½ x (1 + tanh(u/2)) without its cancellation.

    Raises:
        ValueError: If `approximate` is something else.

    Example:
        >>> round(gelu(1.0), 4), round(gelu(1.0, approximate="tanh"), 4)
        (0.8413, 0.8412)

    Reference:
        Hendrycks, Gimpel, "Gaussian Error Linear Units (GELUs)", arXiv 1606.08415.
    """
    if one_of("approximate", approximate, ("none", "tanh")) == "none":
        return autograd_mini.gelu(x)
    return x * sigmoid(_GELU_SLOPE * (x + 0.044715 * (x * x * x)))


@unary
def gelu_tanh(x: Scalar) -> Scalar:
    """Return gelu(x, approximate="tanh").

    Example:
        >>> round(gelu_tanh(1.0), 4)
        0.8412
    """
    return gelu(x, approximate="tanh")


@of_first
def hardtanh(x: Scalar, min_val: float = -1.0, max_val: float = 1.0) -> Scalar:
    """Return x, or the bound it is beyond; the slope at the bounds is 0.

    Args:
        x: The pre-activation.
        min_val: The lowest answer.
        max_val: The highest.

    Raises:
        DomainError: If min_val > max_val.

    Example:
        >>> hardtanh(5.0)
        1.0
    """
    return autograd_mini.hardtanh(x, min_val, max_val)


@unary
def relu6(x: Scalar) -> Scalar:
    """Return x between 0 and 6, else the bound it is beyond; the slope at the bounds is 0.

    Example:
        >>> relu6(7.0)
        6.0

    Reference:
        Krizhevsky, "Convolutional Deep Belief Networks on CIFAR-10" (2010).
    """
    return autograd_mini.hardtanh(x, 0.0, 6.0)


@unary
def hardsigmoid(x: Scalar) -> Scalar:
    """Return x/6 + ½ between -3 and 3, where it reaches 0 and 1; the slope there is 0.

    Example:
        >>> hardsigmoid(0.0)
        0.5
    """
    return autograd_mini.hardtanh(x, -3.0, 3.0) / 6.0 + 0.5


@unary
def hardswish(x: Scalar) -> Scalar:
    """Return x hardsigmoid(x): 0 below -3, x above 3.

    Example:
        >>> hardswish(4.0)
        4.0

    Reference:
        Howard et al., "Searching for MobileNetV3", ICCV 2019.
    """
    return x * hardsigmoid(x)


@unary
def abs(x: Scalar) -> Scalar:
    """Return |x|, the lecture's simple nonlinearity that folds space; its slope at 0 is 0.

    Example:
        >>> abs(-2.0)
        2.0
    """
    return builtins.abs(x)


@unary
def square(x: Scalar) -> Scalar:
    """Return x².

    Example:
        >>> square(-3.0)
        9.0
    """
    return x * x


@unary
def gaussian(x: Scalar) -> Scalar:
    """Return exp(-x²), a bump: 1 at 0, near 0 from ±3 on.

    Example:
        >>> gaussian(0.0)
        1.0
    """
    return exp(-(x * x))


def below_largest(xs: Iterable[Scalar]) -> list[Any]:
    """Return x - max(xs) for each x, which has the same softmax.

    The maximum goes first, then the log of the sum: in `x - (max + ln Σ)` a large maximum
    swallows the logarithm. The maximum is a number, so that no gradient flows through it; while
    a function is recorded it is a node, for every example has its own.

    Example:
        >>> below_largest([1e16, 1e16, 0.0])
        [0.0, 0.0, -1e+16]
    """
    xs = list(elements(xs))
    if not xs:
        return xs
    if is_tracing():
        largest: Any = amax(xs)
        largest = largest.detach() if isinstance(largest, Value) else largest
    else:
        largest = max([x.data if isinstance(x, Value) else x for x in xs])
        if not math.isfinite(largest):
            return xs
    return [x - largest for x in xs]


def log_of_sum(xs: list[Any]) -> Any:
    """Return ln Σ exp(x) for numbers of which 0 is the largest; a program needs no more than that.

    Example:
        >>> round(log_of_sum([0.0, 0.0]), 12)  # ln 2
        0.69314718056
    """
    if is_tracing() and xs:
        exponentials: list[Any] = [exp(x) for x in xs]
        return log(total(exponentials))
    return logsumexp(xs)


def log_softmax(xs: Iterable[Scalar]) -> list[Any]:
    """Return ln softmax(xs): log-probabilities, finite where ln(softmax) is not.

    Args:
        xs: C numbers or Values, the logits; C come back.

    Raises:
        DomainError: If `xs` is empty.

    Example:
        >>> log_softmax([1000.0, 0.0])
        [0.0, -1000.0]
    """
    xs = below_largest(xs)
    f = log_of_sum(xs)
    return [x - f for x in xs]


def softmax(xs: Iterable[Scalar]) -> list[Any]:
    """Return exp(x) / Σ exp(x) for each x: positive numbers that add up to 1.

    Args:
        xs: C numbers or Values, the logits; C come back.

    Raises:
        DomainError: If `xs` is empty.

    Example:
        >>> softmax([0.0, 0.0])
        [0.5, 0.5]
    """
    return [exp(x) for x in log_softmax(xs)]


_BY_NAME: Final[tuple[Any, ...]] = (
    identity, sigmoid, tanh, relu, leaky_relu, elu, selu, softplus, softsign, silu, gelu, gelu_tanh,
    mish, hardtanh, relu6, hardsigmoid, hardswish, log_sigmoid, tanhshrink, softshrink, abs, square,
    sin, gaussian, exp, softmax, log_softmax, logsumexp,
)  # fmt: skip
ACTIVATIONS: Final[dict[str, Activation]] = {f.__name__: f for f in _BY_NAME}
VECTOR_ACTIVATIONS: Final = frozenset((softmax, log_softmax, logsumexp))
_ALIASES: Final = {"linear": identity, "swish": silu, "logsigmoid": log_sigmoid}


def get(name: str | Activation | None) -> Activation:
    """Return an activation by its name; a function is returned as it is, None is identity.

    Raises:
        ValueError: If the name is not known; the message lists the names.
        TypeError: If it is neither a name nor a function.

    Example:
        >>> get("relu")(-1.0)
        0.0
    """
    return identity if name is None else function_of("activation", name, ACTIVATIONS | _ALIASES)


def of_units(name: str | Activation | None) -> Activation:
    """Return an activation as `get` does, but refuse one that acts on a whole layer.

    Raises:
        ValueError: If it is one of those, too.

    Example:
        >>> of_units("relu")(-1.0)
        0.0
    """
    activation = get(name)
    if is_vector(activation):
        raise ValueError(
            f"{activation.__name__} acts on a whole layer, not on one unit: use it as the "
            "activation of an output layer, output_activation in FNN"
        )
    return activation


def is_vector(activation: Activation) -> bool:
    """Return whether an activation acts on a whole layer; functions without a hash do not.

    Example:
        >>> is_vector(softmax), is_vector(tanh)
        (True, False)
    """
    return any(activation is known for known in VECTOR_ACTIVATIONS)


def of_rows(activation: Activation, zs: Any) -> Any:
    """Return what one of this package's activations makes of pre-activations, one row an example.

    Args:
        activation: One that has a name here.
        zs: An array of shape (N, units).

    Example:
        >>> import numpy as np
        >>> of_rows(relu, np.array([[-1.0, 2.0], [3.0, -4.0]])).tolist()
        [[0.0, 2.0], [3.0, 0.0]]
    """
    if activation is identity:
        return zs
    if is_vector(activation):
        return _program(activation, zs.shape[1]).evaluate(zs)
    return _program(activation).evaluate(zs.ravel()).reshape(zs.shape)


@cache
def _program(activation: Activation, width: int = 0) -> Program:
    return compile(activation, [0.5] * width if width else 0.5, check=False)


def name_of(activation: Activation | None) -> str | None:
    """Return the name by which `get` finds this function; None for one of the user's own.

    Example:
        >>> name_of(tanh)
        'tanh'
    """
    return next((name for name, known in ACTIVATIONS.items() if known is activation), None)


def display_name(activation: Activation) -> str:
    """Return what an activation is called in pictures and tables: a function of the user's, too.

    Example:
        >>> display_name(tanh), display_name(lambda z: z)
        ('tanh', '<lambda>')
    """
    return name_of(activation) or getattr(activation, "__name__", repr(activation))

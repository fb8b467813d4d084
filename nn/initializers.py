"""Initializers: where the weights of a network start.

An initializer is a function `(fan_in, fan_out, rng) -> float`, called once for each weight, with
`rng` a `random.Random`; the functions here make one. Biases start at 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any, Final, TypeAlias

from nn.errors import from_zero, function_of, one_of

__all__ = [
    "INITIALIZERS",
    "Initializer",
    "constant",
    "gain",
    "get",
    "kaiming_normal",
    "kaiming_uniform",
    "lecun_normal",
    "lecun_uniform",
    "normal",
    "uniform",
    "xavier_normal",
    "xavier_uniform",
    "zeros",
]

Initializer: TypeAlias = Callable[[int, int, Random], float]
MODES: Final = ("fan_in", "fan_out")


def uniform(low: float = -1.0, high: float = 1.0) -> Initializer:
    """Make every weight uniform between `low` and `high`, whatever the sizes of the layer.

    Raises:
        ValueError: If low > high.

    Example:
        >>> -1.0 <= uniform(-1.0, 1.0)(2, 3, Random(0)) <= 1.0
        True
    """
    if low > high:
        raise ValueError(f"uniform needs low <= high, but got low={low} and high={high}")
    return lambda fan_in, fan_out, rng: rng.uniform(low, high)


def normal(mean: float = 0.0, std: float = 1.0) -> Initializer:
    """Make every weight normal with this mean and standard deviation.

    Raises:
        ValueError: If std < 0.

    Example:
        >>> normal(3.0, 0.0)(2, 3, Random(0))
        3.0
    """
    std = from_zero("std", std)
    return lambda fan_in, fan_out, rng: rng.gauss(mean, std)


def constant(c: float = 0.0) -> Initializer:
    """Make every weight `c`; equal units of a hidden layer then stay equal.

    Example:
        >>> constant(0.5)(2, 3, Random(0))
        0.5
    """
    return lambda fan_in, fan_out, rng: c


def zeros() -> Initializer:
    """Make every weight 0.

    Example:
        >>> zeros()(2, 3, Random(0))
        0.0
    """
    return constant(0.0)


def xavier_uniform(gain: float = 1.0) -> Initializer:
    """Make weights uniform in ±gain √(6 / (fan_in + fan_out)).

    Args:
        gain: 1 as in the paper; `gain(activation)` for PyTorch's.

    Example:
        >>> abs(xavier_uniform()(2, 4, Random(0))) <= 1.0
        True

    Reference:
        Glorot, Bengio, "Understanding the difficulty of training deep feedforward neural
        networks", AISTATS 2010.
    """
    return lambda fan_in, fan_out, rng: rng.uniform(
        -(bound := gain * math.sqrt(6 / (fan_in + fan_out))), bound
    )


def xavier_normal(gain: float = 1.0) -> Initializer:
    """Make weights normal with standard deviation gain √(2 / (fan_in + fan_out)).

    Args:
        gain: As for `xavier_uniform`.

    Example:
        >>> xavier_normal(gain=0.0)(2, 4, Random(0))
        0.0

    Reference:
        Glorot, Bengio, "Understanding the difficulty of training deep feedforward neural
        networks", AISTATS 2010.
    """
    return lambda fan_in, fan_out, rng: rng.gauss(0.0, gain * math.sqrt(2 / (fan_in + fan_out)))


def kaiming_uniform(gain: float = math.sqrt(2), mode: str = "fan_in") -> Initializer:
    """Make weights uniform in ±gain √(3 / fan), with fan that of `mode`.

    Args:
        gain: √2 keeps the size of what goes through a relu.
        mode: "fan_in" keeps sizes in the forward pass, "fan_out" in the backward pass.

    Raises:
        ValueError: If there is no such mode.

    Example:
        >>> abs(kaiming_uniform()(6, 3, Random(0))) <= 1.0
        True

    Reference:
        He, Zhang, Ren, Sun, "Delving Deep into Rectifiers", ICCV 2015.
    """
    forward = one_of("mode", mode, MODES) == "fan_in"
    return lambda fan_in, fan_out, rng: rng.uniform(
        -(bound := gain * math.sqrt(3 / (fan_in if forward else fan_out))), bound
    )


def kaiming_normal(gain: float = math.sqrt(2), mode: str = "fan_in") -> Initializer:
    """Make weights normal with standard deviation gain / √fan, with fan that of `mode`.

    Args:
        gain: As for `kaiming_uniform`.
        mode: As for `kaiming_uniform`.

    Raises:
        ValueError: If there is no such mode.

    Example:
        >>> kaiming_normal(gain=0.0)(6, 3, Random(0))
        0.0

    Reference:
        He, Zhang, Ren, Sun, "Delving Deep into Rectifiers", ICCV 2015.
    """
    forward = one_of("mode", mode, MODES) == "fan_in"
    return lambda fan_in, fan_out, rng: rng.gauss(
        0.0, gain / math.sqrt(fan_in if forward else fan_out)
    )


def lecun_uniform() -> Initializer:
    """Make weights uniform with variance 1 / fan_in.

    Example:
        >>> abs(lecun_uniform()(3, 1, Random(0))) <= 1.0
        True

    Reference:
        LeCun, Bottou, Orr, Müller, "Efficient BackProp" (1998).
    """
    return kaiming_uniform(1.0)


def lecun_normal() -> Initializer:
    """Make weights normal with variance 1 / fan_in: what selu is made for.

    Example:
        >>> rng = Random(0)
        >>> weights = [lecun_normal()(100, 1, rng) for _ in range(1000)]
        >>> 0.008 < sum(w * w for w in weights) / 1000 < 0.012
        True

    Reference:
        Klambauer, Unterthiner, Mayr, Hochreiter, "Self-Normalizing Neural Networks", NeurIPS 2017.
    """
    return kaiming_normal(1.0)


INITIALIZERS: Final[dict[str, Callable[..., Initializer]]] = {make.__name__: make for make in (
    xavier_uniform, xavier_normal, kaiming_uniform, kaiming_normal, lecun_uniform, lecun_normal,
    uniform, normal, constant, zeros,
)}  # fmt: skip


def gain(activation: str, negative_slope: float = 0.01) -> float:
    """Return the factor by which a unit's weights make up for what its activation shrinks.

    The values are those of PyTorch's `calculate_gain`; 1 for an activation it does not know.

    Args:
        activation: The name of an activation.
        negative_slope: The slope of leaky_relu below 0.

    Example:
        >>> gain("tanh")
        1.6666666666666667
    """
    gains = {
        "tanh": 5 / 3,
        "relu": math.sqrt(2),
        "leaky_relu": math.sqrt(2 / (1 + negative_slope**2)),
        "selu": 0.75,
    }
    return gains.get(activation, 1.0)


def get(init: Any, activation: str = "identity") -> Initializer:
    """Return an initializer: by name, by the activation it feeds ("auto"), or as given.

    Args:
        init: "auto", the name of a function of this module, such a function, or an initializer.
        activation: The name of the activation, which "auto" goes by: kaiming_uniform for relu
            and its like, the same with gain 1 for abs, lecun_normal for selu, xavier_uniform
            for everything else.

    Raises:
        ValueError: If the name is not known.
        TypeError: If `init` is neither a name nor a function.

    Example:
        >>> abs(get("auto", "relu")(6, 3, Random(0))) <= 1.0
        True
    """
    makers = {"auto": _AUTO.get(activation, xavier_uniform), **INITIALIZERS}
    made: Any = function_of("initializer", init, makers)
    return made() if made in makers.values() else made


_AUTO: Final[dict[str, Callable[[], Initializer]]] = {  # for all others xavier_uniform
    **dict.fromkeys(
        ("relu", "relu6", "elu", "silu", "gelu", "gelu_tanh", "mish", "softplus", "hardswish"),
        kaiming_uniform,
    ),
    "leaky_relu": partial(kaiming_uniform, gain("leaky_relu")),
    "abs": lecun_uniform,  # E|z|² is the variance of z: nothing is lost
    "selu": lecun_normal,
}


def plain_seed(seed: Any) -> Any:
    """Return a seed as `random` takes it: NumPy's integers become Python's."""
    return seed.__index__() if hasattr(seed, "__index__") else seed

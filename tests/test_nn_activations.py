"""Activations: exact identities, slopes at kinks, tails, and the lecture's remarks."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_mini import DomainError, RangeError, Value, derivative, tanh
from autograd_mini.testing import check_gradients
from nn import FNN, activations

SCALAR = sorted(activations.ACTIVATIONS.keys() - {"softmax", "log_softmax", "logsumexp"})

FORMULAS = {  # written anew, in mpmath
    "identity": lambda m, x: x,
    "sigmoid": lambda m, x: 1 / (1 + m.exp(-x)),
    "tanh": lambda m, x: 2 / (1 + m.exp(-2 * x)) - 1,
    "relu": lambda m, x: x if x > 0 else 0 * x,
    "leaky_relu": lambda m, x: x if x > 0 else x * 0.01,
    "elu": lambda m, x: x if x > 0 else m.exp(x) - 1,
    "selu": lambda m, x: 1.0507009873554805 * (x if x > 0 else 1.6732632423543772 * (m.exp(x) - 1)),
    "softplus": lambda m, x: m.log(1 + m.exp(x)),
    "softsign": lambda m, x: x / (1 + abs(x)),
    "silu": lambda m, x: x / (1 + m.exp(-x)),
    "gelu": lambda m, x: x * m.erfc(-x / m.sqrt(2)) / 2,
    "gelu_tanh": lambda m, x: x / (1 + m.exp(-2 * m.sqrt(2 / m.pi) * (x + m.mpf(0.044715) * x**3))),
    "mish": lambda m, x: x * m.tanh(m.log(1 + m.exp(x))),
    "hardtanh": lambda m, x: max(-1, min(1, x)),
    "relu6": lambda m, x: max(0, min(6, x)),
    "hardsigmoid": lambda m, x: max(0, min(1, x / 6 + m.mpf(0.5))),
    "hardswish": lambda m, x: x * max(0, min(1, x / 6 + m.mpf(0.5))),
    "log_sigmoid": lambda m, x: -m.log(1 + m.exp(-x)),
    "tanhshrink": lambda m, x: x - m.tanh(x),
    "softshrink": lambda m, x: x - m.sign(x) / 2 if abs(x) > 0.5 else 0 * x,
    "abs": lambda m, x: abs(x),
    "square": lambda m, x: x**2,
    "sin": lambda m, x: m.sin(x),
    "gaussian": lambda m, x: m.exp(-(x**2)),
    "exp": lambda m, x: m.exp(x),
}
STEEP = ("sin", "gelu", "gelu_tanh", "gaussian", "exp", "tanhshrink")  # x itself is rounded
KINKS = {"softshrink": (0.5,), "hardtanh": (1.0,), "relu6": (6.0,), "hardsigmoid": (3.0,)}


@pytest.mark.parametrize("name", SCALAR)
@given(x=st.floats(-200.0, 200.0).filter(lambda x: abs(x) > 1e-3))
def test_values_and_slopes_are_the_formula_to_the_last_digits(name: str, x: float) -> None:
    digits = 60 if name == "gelu" else 250  # 1 + e⁻²⁰⁰ needs them, erfc is slow with them
    with mpmath.workdps(digits):
        exact = float(FORMULAS[name](mpmath, mpmath.mpf(x)))
        h = mpmath.mpf(10) ** -(digits // 3)
        right = FORMULAS[name](mpmath, mpmath.mpf(x) + h)
        slope = float((right - FORMULAS[name](mpmath, mpmath.mpf(x) - h)) / (2 * h))
    v = Value(x)
    y = activations.get(name)(v + 0.0)
    y.backward()
    spread = 1e-12 * (1.0 + abs(x)) if name in STEEP else 1e-13
    assert y.data == pytest.approx(exact, rel=spread, abs=1e-300)
    if not any(abs(abs(x) - kink) < 1e-9 for kink in (*KINKS.get(name, ()), 0.0, 3.0, 1.0)):
        # a slope that passes through 0 is judged beside the terms that cancel
        assert v.grad == pytest.approx(slope, rel=1e-9, abs=3e-15)


@pytest.mark.parametrize("name", SCALAR)
@pytest.mark.parametrize("x", [-2.7, -0.8, -0.2, 0.3, 0.9, 2.2])
def test_activations_are_differentiated_twice(name: str, x: float) -> None:
    check_gradients(activations.get(name), x, order=2)


@pytest.mark.parametrize(
    ("name", "x", "slope"),
    [
        ("relu", 0.0, 0.0),
        ("leaky_relu", 0.0, 0.01),
        ("elu", 0.0, 1.0),
        ("selu", 0.0, 1.0507009873554805 * 1.6732632423543772),
        ("softsign", 0.0, 1.0),
        ("hardtanh", 1.0, 0.0),
        ("hardtanh", -1.0, 0.0),
        ("relu6", 0.0, 0.0),
        ("relu6", 6.0, 0.0),
        ("hardsigmoid", 3.0, 0.0),
        ("hardsigmoid", -3.0, 0.0),
        ("hardsigmoid", 1.0, 1 / 6),
        ("hardswish", -3.0, 0.0),
        ("hardswish", 3.0, 1.0),
        ("softshrink", 0.5, 0.0),
        ("softshrink", -0.5, 0.0),
        ("abs", 0.0, 0.0),
    ],
)
def test_slopes_at_kinks_are_the_documented_ones(name: str, x: float, slope: float) -> None:
    assert derivative(activations.get(name))(x) == pytest.approx(slope, rel=1e-15)


@pytest.mark.parametrize("name", ["relu", "abs", "leaky_relu", "hardtanh", "relu6"])
def test_piecewise_linear_units_have_no_curvature_even_at_the_kink(name: str) -> None:
    for x in (-7.0, -1.0, 0.0, 0.5, 1.0, 6.0):
        assert derivative(activations.get(name), order=2)(x) == 0.0


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("sigmoid", 0.0, 1.0),
        ("tanh", -1.0, 1.0),
        ("elu", -1.0, math.inf),
        ("selu", -1.7581, math.inf),
        ("softsign", -1.0, 1.0),
        ("silu", -0.27847, math.inf),
        ("gelu", -0.16998, math.inf),
        ("gelu_tanh", -0.17005, math.inf),
        ("mish", -0.30885, math.inf),
        ("hardswish", -0.375, math.inf),
        ("gaussian", 0.0, 1.0),
        ("log_sigmoid", -math.inf, 0.0),
        ("softplus", 0.0, math.inf),
    ],
)
def test_ranges_are_those_of_the_table(name: str, low: float, high: float) -> None:
    reached = [activations.get(name)(x / 100.0) for x in range(-1000, 1001)]
    assert low <= min(reached)
    assert max(reached) <= high
    if math.isfinite(low):
        assert min(reached) == pytest.approx(low, abs=2e-1 if name == "softsign" else 1e-2)


# What the lecture says of its units


@given(x=st.floats(-30.0, 30.0))
def test_tanh_is_a_stretched_sigmoid(x: float) -> None:
    assert tanh(x) == pytest.approx(2.0 * activations.sigmoid(2.0 * x) - 1.0, abs=1e-15)


def test_sigmoid_saturates_and_kills_gradients() -> None:
    slope = derivative(activations.sigmoid)
    assert slope(10.0) == pytest.approx(4.54e-5, rel=1e-3)
    assert slope(1000.0) == slope(-1000.0) == 0.0
    assert slope(40.0) == pytest.approx(math.exp(-40.0))  # σ(1 - σ) would be 0 here
    weight = Value(1000.0)
    activations.sigmoid(weight * 1.0).backward()
    assert weight.grad == 0.0


def test_tanh_saturates_too_but_is_steeper_around_the_center() -> None:
    assert derivative(activations.tanh)(0.0) == 1.0
    assert derivative(activations.sigmoid)(0.0) == 0.25
    assert derivative(activations.tanh)(20.0) == 0.0


def pieces(values: list[float], step: float) -> int:
    """Count the straight pieces of a function sampled at equal steps."""
    slopes = np.diff(values) / step
    return 1 + int((np.abs(np.diff(slopes)) > 1e-6).sum())


def test_a_relu_network_is_piecewise_linear() -> None:
    model = FNN([1, 8, 1], "relu", seed=3)
    for unit in model.layers[0].neurons:
        assert unit.b is not None
        unit.b.data = round(unit.w[0].data, 1)
    x = np.linspace(-4.0, 4.0, 4001)
    kinks = {-unit.b.data / unit.w[0].data for unit in model.layers[0].neurons if unit.b}
    inside = [k for k in kinks if -4 < k < 4]
    slopes = np.diff(model.predict(x)) / np.diff(x)
    jumps = np.abs(np.diff(slopes)) > 1e-9
    away = np.array([min(abs(p - k) for k in kinks) > 0.003 for p in x[1:-1]])
    assert not jumps[away].any()
    assert inside
    assert jumps.any()


@pytest.mark.parametrize("depth", range(1, 9))
def test_composing_tents_doubles_the_pieces_with_every_layer(depth: int) -> None:
    """L compositions of 1 - 2|x - ½| have 2^L pieces, of slope ±2^L."""
    model = FNN([1, *[1] * depth, 1], "abs", init="zeros")
    for i, layer in enumerate(model.layers[:-1]):
        (unit,) = layer.neurons
        unit.w[0].data = 1.0 if i == 0 else -2.0
        unit.b.data = -0.5 if i == 0 else 0.5  # pyright: ignore[reportOptionalMemberAccess]
    (last,) = model.layers[-1].neurons
    last.w[0].data, last.b.data = -2.0, 1.0  # pyright: ignore[reportOptionalMemberAccess]
    x = np.arange(2**12 + 1) / 2**12
    y = model.predict(x)
    assert set(np.abs(np.diff(y) * 2**12).tolist()) == {2.0**depth}
    assert pieces(y.tolist(), 2**-12) == 2**depth


# Vectors


@given(xs=st.lists(st.floats(-700.0, 700.0), min_size=1, max_size=6))
def test_softmax_is_a_distribution_and_log_softmax_its_logarithm(xs: list[float]) -> None:
    p, logs = activations.softmax(xs), activations.log_softmax(xs)
    assert sum(p) == pytest.approx(1.0, abs=1e-12)
    assert [math.exp(x) for x in logs] == pytest.approx(p, rel=1e-12)
    shifted = activations.softmax([x + 100.0 for x in xs])
    assert shifted == pytest.approx(p, rel=1e-9, abs=1e-300)


def test_softmax_has_the_jacobian_of_the_table() -> None:
    xs = [Value(0.3), Value(-1.0), Value(2.0)]
    ps = activations.softmax(xs)
    for i, p in enumerate(ps):
        p.zero_grad()
        p.backward()
        expected = [p.data * ((i == j) - ps[j].data) for j in range(3)]
        assert [x.grad for x in xs] == pytest.approx(expected, rel=1e-12)


def test_extreme_logits_neither_overflow_nor_vanish() -> None:
    assert activations.softmax([1000.0, -1000.0]) == [1.0, 0.0]
    assert activations.log_softmax([1000.0, -1000.0]) == [0.0, -2000.0]
    assert activations.logsumexp([1000.0, 1000.0]) == 1000.0 + math.log(2.0)
    with pytest.raises(DomainError, match="at least one number"):
        activations.softmax([])


# Names


def test_names_aliases_and_functions_are_found() -> None:
    get = activations.get
    assert get("linear") is get(None) is get("identity") is activations.identity
    assert get("swish") is activations.silu
    assert get("logsigmoid") is activations.log_sigmoid
    assert get("gelu_tanh")(1.3) == activations.gelu(1.3, approximate="tanh")
    assert get(math.cosh) is math.cosh
    for name, function in activations.ACTIVATIONS.items():
        assert activations.name_of(get(name)) == name
        assert get(name) is function
        assert getattr(activations, name) is function
    assert activations.name_of(math.cosh) is None
    with pytest.raises(ValueError, match=r"'reLU'.*relu.*swish"):
        get("reLU")


def test_options_have_the_names_of_pytorch() -> None:
    assert activations.leaky_relu(-2.0, negative_slope=0.5) == -1.0
    assert activations.elu(-800.0, alpha=2.0) == -2.0
    assert activations.hardtanh(9.0, min_val=-2.0, max_val=3.0) == 3.0
    assert activations.softshrink(3.0, lambd=1.0) == 2.0
    with pytest.raises(ValueError, match="one of none, tanh"):
        activations.gelu(1.0, approximate="erf")
    with pytest.raises(RangeError, match=r"709\.78"):
        activations.exp(1000.0)

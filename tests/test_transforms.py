from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autograd_mini import (
    DetachedWarning,
    Value,
    atan2,
    compile,
    derivative,
    elu,
    exp,
    grad,
    hessian,
    hvp,
    hypot,
    jacobian,
    leaky_relu,
    no_grad,
    norm,
    sin,
    tanh,
    value_and_grad,
    xlogy,
)
from autograd_mini.value import ZERO

numbers = st.floats(-2, 2)


def f(v: list[Any]) -> Any:
    x, y, z = v
    return sin(x * y) * exp(z) + x**3 * y - tanh(z * x)


@given(numbers)
def test_derivatives_of_any_order_are_those_of_the_closed_form(x: float) -> None:
    for order, expected in enumerate([math.sin(x), math.cos(x), -math.sin(x), -math.cos(x)]):
        assert derivative(sin, order)(x) == pytest.approx(expected, abs=1e-12)


@given(st.lists(numbers, min_size=3, max_size=3))
def test_the_hessian_is_symmetric_and_is_the_jacobian_of_the_gradient(v: list[float]) -> None:
    rows = hessian(f)(v)
    assert rows == jacobian(grad(f))(v)
    for i in range(3):
        for j in range(3):
            assert rows[i][j] == pytest.approx(rows[j][i], rel=1e-9, abs=1e-9)


@given(st.lists(numbers, min_size=3, max_size=3), st.lists(numbers, min_size=3, max_size=3))
def test_hvp_is_the_hessian_times_the_vector(x: list[float], v: list[float]) -> None:
    expected = [sum(h * t for h, t in zip(row, v, strict=True)) for row in hessian(f)(x)]
    assert hvp(f)(x, v) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_the_answer_has_the_structure_of_the_argument() -> None:
    def g(x: Any, w: Any) -> Any:
        return x[0][0] * w + x[1] * 2

    assert grad(g)([[3.0], 4.0], 5.0) == [[5.0], 2.0]
    assert grad(g, argnums=1)([[3.0], 4.0], 5.0) == 3.0
    assert grad(g, argnums=(0, 1))([[3.0], 4.0], 5.0) == ([[5.0], 2.0], 3.0)
    assert value_and_grad(g, -1)([[3.0], 4.0], 5.0) == (23.0, 3.0)


def test_transforms_nest_without_confusing_their_variables() -> None:
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0) == 1.0
    assert grad(lambda x: x * grad(lambda y: x + y)(x))(1.0) == 1.0
    assert grad(lambda x: grad(lambda y: x * y)(2.0))(3.0) == 1.0
    assert grad(grad(grad(lambda x: x**4)))(2.0) == 48.0


def test_given_values_the_answer_can_be_differentiated_again() -> None:
    x = Value(2.0)
    slope = grad(lambda x: x**3)(x)
    assert isinstance(slope, Value)
    slope.backward()
    assert x.grad == 12.0


def test_existing_gradients_are_left_as_they_were_also_after_an_error() -> None:
    w = Value(2.0)
    (w * 3).backward()
    assert grad(lambda x: w * x)(1.0) == 2.0
    assert w.grad == 3.0
    with pytest.raises(ValueError, match="log"):
        grad(lambda x: (w * x).log())(-1.0)
    assert w.grad == 3.0
    fresh = Value(1.0)
    hessian(lambda x: x[0] * x[1] * fresh)([1.0, 2.0])
    assert fresh.grad is ZERO


def test_no_grad_around_a_transform_does_not_reach_into_it() -> None:
    x = Value(2.0)
    with no_grad():
        assert grad(lambda x: x * grad(lambda y: x * y * y)(3.0))(2.0) == 24.0
        assert hessian(lambda x: x[0] ** 2 * x[1])([3.0, 2.0]) == [[4.0, 6.0], [6.0, 0.0]]
        inside = grad(lambda y: y**3)(x)
    assert inside.is_leaf
    assert inside.data == 12.0


def test_no_grad_inside_of_a_function_makes_constants() -> None:
    def half_constant(x: Any) -> Any:
        with no_grad():
            slope = grad(lambda y: y * y)(x)
        return x * slope

    assert grad(half_constant)(3.0) == 6.0


def test_a_constant_function_has_slope_zero() -> None:
    assert grad(lambda x: 5.0)(1.0) == 0.0
    assert hessian(lambda x: x[0])([1.0, 2.0]) == [[0.0, 0.0], [0.0, 0.0]]


def test_wrong_calls_say_what_is_needed() -> None:
    with pytest.raises(TypeError, match="use jacobian"):
        grad(lambda x: [x, x])(1.0)
    with pytest.raises(ValueError, match="argnums has 2"):
        grad(lambda x: x, argnums=2)(1.0)
    for wrong in ("x", None, 1.0, (0, "x")):
        with pytest.raises(TypeError, match="argnums is a position or a tuple of them"):
            grad(lambda x: x, argnums=wrong)(1.0)  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="whole number"):
        derivative(sin, -1)
    with pytest.raises(ValueError, match="one shape"):
        hvp(f)([1.0, 2.0, 3.0], [1.0])
    with pytest.raises(ValueError, match="one shape"):
        hvp(f)([1.0, 2.0, 3.0], [[1.0, 2.0], 3.0])
    with pytest.raises(TypeError, match="text"):
        grad(sin)("1")


def test_arrays_are_accepted_as_arguments() -> None:
    np = pytest.importorskip("numpy")
    assert grad(f)(np.array([1.0, 0.0, 0.0])) == grad(f)([1.0, 0.0, 0.0])


def sorts(xs: list[Any]) -> Any:
    xs.sort(key=float)
    return 2 * xs[0] + 5 * xs[1]


def pops(xs: list[Any]) -> Any:
    last = xs.pop()
    xs[0] = xs[0] * xs[0]
    xs.append(1.0)
    return last * 3.0 + xs[0]


def test_what_a_function_does_to_its_list_changes_nothing() -> None:
    given, other = [3.0, 2.0], [1.0]
    assert grad(sorts)(given) == [5.0, 2.0]
    assert grad(pops)(given) == [6.0, 3.0]
    assert hessian(pops)(given) == [[2.0, 0.0], [0.0, 0.0]]
    assert grad(lambda x, ys: x * ys.pop())(3.0, other) == 1.0
    assert grad(lambda x, ys: x * ys.pop())(3.0, ys=other) == 1.0
    assert (given, other) == ([3.0, 2.0], [1.0])
    array = np.array([2.0])
    assert grad(lambda x, ys: x * ys.__imul__(3.0)[0])(1.0, array) == 6.0
    assert array.tolist() == [2.0]


def test_a_function_of_math_has_no_gradient_and_that_is_said() -> None:
    for transform in (grad, value_and_grad, jacobian):
        with pytest.warns(DetachedWarning, match=r"math\.exp leaves the graph") as caught:
            transform(math.exp)(0.0)
        assert caught[0].filename == __file__
    assert grad(math.floor)(0.5) == 0.0


def test_positions_and_orders_may_be_numpys_and_results_arrays_without_axes() -> None:
    one: Any = np.int64(1)
    assert grad(lambda x, y: x * y, one)(2.0, 3.0) == 2.0
    assert derivative(lambda x: x**3, one + one)(2.0) == 12.0
    assert grad(lambda x: np.array(x * x))(3.0) == 6.0
    assert compile(lambda x: np.array(x * x), 1.0)([3.0]).tolist() == [9.0]


@given(st.floats(-3.0, -0.3), st.integers(-4, 6), st.integers(0, 6))
def test_powers_of_negative_numbers_have_derivatives_of_any_order(x: float, n: int, k: int) -> None:
    factor = math.prod([n - i for i in range(k)])
    expected = factor * x ** (n - k)
    assert derivative(lambda x: x**n, k)(x) == pytest.approx(expected, rel=1e-9, abs=1e-12)


LENGTHS: dict[str, Any] = {
    "norm": norm,
    "twice": lambda x: norm([2.0 * x[0], 2.0 * x[1]]),
    "hypot": lambda x: hypot(*x),
    "angle": lambda x: atan2(*x),
}


@pytest.mark.parametrize("name", LENGTHS)
def test_where_the_slope_of_a_length_or_an_angle_jumps_its_slope_is_not_a_number(name: str) -> None:
    length = LENGTHS[name]
    assert grad(length)([0.0, 0.0]) == [0.0, 0.0]
    for f in (length, lambda x: length(x) ** 2):
        assert all(math.isnan(h) for row in hessian(f)([0.0, 0.0]) for h in row)


@given(st.just(0.0) | st.floats(1e-3, 3.0), st.floats(1.0, 3.0))
@example(0.0, 1.0)
@example(0.0, 2.0)
def test_the_hessian_of_a_power_is_symmetric_also_at_0(x: float, y: float) -> None:
    (_, xy), (yx, _) = hessian(lambda v: v[0] ** v[1])([x, y])
    assert xy == pytest.approx(yx, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("name", ["norm", "hypot", "angle"])
def test_the_slopes_of_a_length_that_is_not_a_number_are_not_numbers(name: str) -> None:
    def length(x: Any, y: Any) -> Any:
        return LENGTHS[name]([x, y])

    assert all(map(math.isnan, grad(length, (0, 1))(1.0, math.nan)))
    slopes = compile(length, 1.0, 2.0).input_grad([1.0], [math.nan])
    assert all(math.isnan(float(slope[0])) for slope in slopes)


@pytest.mark.parametrize(
    ("f", "at"),
    [
        (lambda v: v[0] ** v[1], [0.0, 0.0]),
        (lambda v: v[0] ** v[1], [0.0, 0.3]),
        (lambda v: v[0] ** v[1], [0.0, 0.5]),
        (lambda v: v[0] ** v[1], [0.0, 1.0]),
        (lambda v: v[0] ** v[1], [2.0, 0.0]),
        (lambda v: xlogy(*v), [0.0, 0.0]),
        (lambda v: elu(*v), [0.0, 1.0]),
        (lambda v: leaky_relu(*v), [0.0, 0.1]),
    ],
)
def test_the_order_of_two_derivatives_does_not_matter_where_a_slope_jumps(
    f: Any, at: list[float]
) -> None:
    (_, right), (left, _) = hessian(f)(at)
    assert right == left


def test_a_derivative_at_a_constant_follows_the_numbers_that_a_program_closes_over() -> None:
    """In the function it is a plain number; in the program, one that is computed anew."""
    w = Value(2.0, "w")
    functions: list[Any] = [
        lambda x: x * grad(lambda z: w * z**2)(3.0),
        lambda x: x * value_and_grad(lambda z: w * z**2)(3.0)[0],
        lambda x: x * derivative(lambda z: w * z**4, 2)(3.0),
        lambda x: x * jacobian(lambda z: [w * z[0], z[0] ** 2])([3.0])[0][0],
        lambda x: x * hessian(lambda z: w * z[0] ** 3)([3.0])[0][0],
        lambda x: x * hvp(lambda z: w * z[0] ** 3)([3.0], [2.0])[0],
        lambda x: x * grad(lambda z: z**2)(3.0),
        lambda x: x * grad(lambda z: x * w * z**2)(3.0),
    ]
    for f in functions:
        w.data = 2.0
        program = compile(lambda x, f=f: f(x) + w, 1.0)
        for w.data in 2.0, 5.0:
            assert program([1.0, -2.0]).tolist() == [f(1.0) + w.data, f(-2.0) + w.data]
            assert program.value_and_grad([1.0, -2.0])[1] == [1.0]
    of_another = compile(lambda x: grad(lambda z, q: w * q * z**2)(3.0, x), 1.0)
    assert of_another([1.0, -2.0]).tolist() == [30.0, -60.0]


def test_given_a_value_in_any_argument_a_derivative_is_one() -> None:
    y = Value(2.0, "y")
    for slope in (
        grad(lambda x, y: x**2 * y)(3.0, y),
        grad(lambda x, y: x**2 * y)(3.0, y=y),
        grad(lambda x, ys: x**2 * ys[0])(3.0, [y]),
        hvp(lambda x: x[0] ** 2 * 3.0)([1.0], [y])[0],
    ):
        y.zero_grad()
        slope.backward()
        assert (slope.data, y.grad) == (12.0, 6.0)
    rows = np.ones((3, 2))
    assert grad(lambda x, rows: x * rows.sum())(3.0, rows) == 6.0

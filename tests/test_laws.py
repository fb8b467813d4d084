"""The laws of calculus, over random programs: what every derivative must obey, whoever computes it.

Each law is an equation between derivatives, so that it holds or fails without a reference. The
programs stay on smooth operations: at kinks, the conventions do not obey the laws.
"""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from autograd_mini import (
    OPS,
    Value,
    acos,
    apply,
    asin,
    atan,
    cos,
    cosh,
    derivative,
    exp,
    expm1,
    grad,
    hessian,
    hvp,
    jacobian,
    log,
    log1p,
    log_sigmoid,
    logsumexp,
    norm,
    sigmoid,
    sin,
    sinh,
    softplus,
    sqrt,
    tan,
    tanh,
    value_and_grad,
)
from autograd_mini.testing import StraightLineProgram, finite, positive, programs

SMOOTH = [
    *["add", "sub", "mul", "neg", "sin", "cos", "tanh", "atan", "sigmoid", "softplus", "erf"],
    *["dot", "total", "product", "logsumexp", "silu", "gelu", "log_cosh", "tanhshrink"],
]
FEWER = settings(max_examples=max(15, settings().max_examples // 3))
small_programs = programs(SMOOTH, max_ops=5)
numbers = finite(-2, 2)


def close(a: Any, b: Any, size: float = 1.0) -> bool:
    """Compare numbers or nested lists of them, up to rounding."""
    if isinstance(a, list):
        return len(a) == len(b) and all(close(x, y, size) for x, y in zip(a, b, strict=True))
    return math.isclose(a, b, rel_tol=1e-7, abs_tol=1e-8 * max(1.0, size))


def on_line(program: StraightLineProgram) -> Any:
    """Return a program as a function of one number: all its inputs move with it."""
    start = program.inputs

    def f(t: Any) -> Any:
        return program(*[x + (i + 1) * t for i, x in enumerate(start)])

    return f


def gradient(program: StraightLineProgram) -> Any:
    """Return the gradient of a program in all its inputs, as a function of a list."""
    return grad(lambda xs: program(*xs))


# Linearity, product, quotient, chain.


@given(small_programs, small_programs, numbers, numbers)
def test_derivatives_are_linear(
    p: StraightLineProgram, q: StraightLineProgram, a: float, b: float
) -> None:
    f, g = on_line(p), on_line(q)
    combined = grad(lambda t: a * f(t) + b * g(t))(0.0)
    assert close(combined, a * grad(f)(0.0) + b * grad(g)(0.0))


@given(small_programs, small_programs)
def test_the_derivative_of_a_product_is_leibniz(
    p: StraightLineProgram, q: StraightLineProgram
) -> None:
    f, g = on_line(p), on_line(q)
    (u, du), (v, dv) = value_and_grad(f)(0.0), value_and_grad(g)(0.0)
    assert close(grad(lambda t: f(t) * g(t))(0.0), du * v + u * dv, abs(du * v) + abs(u * dv))


@FEWER
@given(small_programs, small_programs)
def test_the_second_derivative_of_a_product_is_leibniz(
    p: StraightLineProgram, q: StraightLineProgram
) -> None:
    f, g = on_line(p), on_line(q)
    u, v = [[derivative(h, k)(0.0) for k in range(3)] for h in (f, g)]
    expected = [u[2] * v[0], 2 * u[1] * v[1], u[0] * v[2]]
    found = derivative(lambda t: f(t) * g(t), 2)(0.0)
    assert close(found, sum(expected), sum(map(abs, expected)))


@given(small_programs, small_programs)
def test_the_derivative_of_a_quotient(p: StraightLineProgram, q: StraightLineProgram) -> None:
    f, g = on_line(p), on_line(q)
    (u, du), (v, dv) = value_and_grad(f)(0.0), value_and_grad(g)(0.0)
    assume(abs(v) > 1e-3)
    expected = (du * v - u * dv) / v**2
    size = (abs(du * v) + abs(u * dv)) / v**2
    assert close(grad(lambda t: f(t) / g(t))(0.0), expected, size)


@given(small_programs, small_programs)
def test_the_chain_rule(p: StraightLineProgram, q: StraightLineProgram) -> None:
    f, g = on_line(p), on_line(q)
    inner, slope = value_and_grad(g)(0.0)
    outer = grad(f)(inner)
    assert close(grad(lambda t: f(g(t)))(0.0), outer * slope, abs(outer * slope))


@given(small_programs)
def test_a_jacobian_of_a_composition_is_the_product_of_jacobians(
    program: StraightLineProgram,
) -> None:
    """x -> (p(x), sum x) -> (product, difference)."""

    def first(xs: Any) -> list[Any]:
        return [program(*xs), sum(xs) * 0.5]

    def second(ys: Any) -> list[Any]:
        return [ys[0] * ys[1], ys[0] - ys[1].sin(), ys[1] * ys[1]]

    xs = list(program.inputs)
    inner, outer = jacobian(first)(xs), jacobian(second)([float(y) for y in first(xs)])
    expected = [
        [sum(row[k] * inner[k][j] for k in range(2)) for j in range(len(xs))] for row in outer
    ]
    size = sum(abs(x) for row in outer for x in row) * sum(abs(x) for row in inner for x in row)
    assert close(jacobian(lambda xs: second(first(xs)))(xs), expected, size)


# Inverse functions: (f⁻¹)′(f(x)) f′(x) = 1.

INVERSES = [
    (exp, log, finite(-3, 3)),
    (expm1, log1p, finite(-2, 2)),
    (tan, atan, finite(-1.2, 1.2)),
    (sin, asin, finite(-1.2, 1.2)),
    (cos, acos, finite(0.3, 2.8)),
    (lambda x: x * x, sqrt, positive(0.1)),
    (softplus, lambda y: log(expm1(y)), finite(-3, 3)),
    (sigmoid, lambda y: log(y) - log1p(-y), finite(-3, 3)),
    (tanh, lambda y: 0.5 * (log1p(y) - log1p(-y)), finite(-2, 2)),
]


@pytest.mark.parametrize(
    ("f", "inverse", "where"),
    INVERSES,
    ids=["exp", "expm1", "tan", "sin", "cos", "square", "softplus", "sigmoid", "tanh"],
)
@FEWER
@given(data=st.data())
def test_the_slope_of_an_inverse_is_one_over_the_slope(
    f: Any, inverse: Any, where: Any, data: st.DataObject
) -> None:
    x = data.draw(where)
    y, slope = value_and_grad(f)(x)
    assert inverse(y) == pytest.approx(x, rel=1e-9, abs=1e-9)
    assert grad(inverse)(y) * slope == pytest.approx(1.0, rel=1e-8)
    assert grad(lambda x: inverse(f(x)))(x) == pytest.approx(1.0, rel=1e-8)
    assert derivative(lambda x: inverse(f(x)), 2)(x) == pytest.approx(0.0, abs=1e-6)


# Identities: both sides are the same function, so all derivatives are.

IDENTITIES = [
    (lambda x: sin(x) ** 2 + cos(x) ** 2, lambda x: 1.0 + 0.0 * x),
    (lambda x: cosh(x) ** 2 - sinh(x) ** 2, lambda x: 1.0 + 0.0 * x),
    (lambda x: tanh(x), lambda x: 2.0 * sigmoid(2.0 * x) - 1.0),
    (lambda x: softplus(x) - softplus(-x), lambda x: x * 1.0),
    (lambda x: log_sigmoid(x), lambda x: log(sigmoid(x))),
    (lambda x: logsumexp([x, 0.0]), softplus),
    (lambda x: logsumexp([x, x, -x]), lambda x: log(2.0 * exp(x) + exp(-x))),
    (lambda x: norm([3.0 * x + 20.0, 4.0 * x]), lambda x: sqrt((3 * x + 20) ** 2 + 16 * x * x)),
    (lambda x: 2.0**x, lambda x: exp(x * math.log(2.0))),
    (lambda x: apply(OPS["erf"], x), lambda x: 1.0 - apply(OPS["erfc"], x)),
    (lambda x: apply(OPS["log_cosh"], x), lambda x: log(cosh(x))),
    (lambda x: apply(OPS["silu"], x), lambda x: x * sigmoid(x)),
    (lambda x: apply(OPS["mish"], x), lambda x: x * tanh(softplus(x))),
    (lambda x: apply(OPS["tanhshrink"], x), lambda x: x - tanh(x)),
    (lambda x: apply(OPS["product"], x, x, x), lambda x: x**3),
    (lambda x: apply(OPS["atan2"], x, 2.0), lambda x: atan(x / 2.0)),
]


@pytest.mark.parametrize(("f", "g"), IDENTITIES, ids=range(len(IDENTITIES)))
@FEWER
@given(x=finite(-2, 2))
def test_two_spellings_of_a_function_have_the_same_derivatives(f: Any, g: Any, x: float) -> None:
    for order in range(4):
        assert close(derivative(f, order)(x), derivative(g, order)(x), 1.0)


# Second derivatives.


@FEWER
@given(small_programs)
def test_second_derivatives_are_symmetric(program: StraightLineProgram) -> None:
    """Schwarz: ∂²f/∂xᵢ∂xⱼ = ∂²f/∂xⱼ∂xᵢ."""
    H = hessian(lambda xs: program(*xs))(list(program.inputs))
    size = max(abs(x) for row in H for x in row)
    assert close(H, [list(column) for column in zip(*H, strict=True)], size)


@FEWER
@given(small_programs, st.integers(0, 2**16))
def test_a_hessian_times_a_vector_is_the_slope_of_the_gradient_along_it(
    program: StraightLineProgram, seed: int
) -> None:
    xs = list(program.inputs)
    v = [((seed >> i) % 7 - 3) / 2 for i in range(len(xs))]
    H = hessian(lambda xs: program(*xs))(xs)
    found = hvp(lambda xs: program(*xs))(xs, v)
    expected = [sum(h * t for h, t in zip(row, v, strict=True)) for row in H]
    size = max(abs(x) for row in H for x in row) * max(map(abs, v))
    assert close(found, expected, size)


@FEWER
@given(small_programs)
def test_the_second_derivative_along_a_line_is_the_hessian_twice_contracted(
    program: StraightLineProgram,
) -> None:
    v = [i + 1.0 for i in range(len(program.inputs))]
    H = hessian(lambda xs: program(*xs))(list(program.inputs))
    expected = [a * h * b for a, row in zip(v, H, strict=True) for h, b in zip(row, v, strict=True)]
    found = derivative(on_line(program), 2)(0.0)
    assert close(found, math.fsum(expected), sum(map(abs, expected)))


# Scaling and integrals.


@given(numbers, positive(0.1, 3.0), positive(0.1, 3.0))
def test_eulers_theorem_for_homogeneous_functions(x: float, y: float, z: float) -> None:
    """f(tx) = tᵏf(x) gives Σ xᵢ ∂f/∂xᵢ = k f."""

    def f(xs: Any) -> Any:
        x, y, z = xs
        return x**4 / z + x * y * norm([x, y, z]) + y * z * apply(OPS["hypot"], y, z)

    point = [x, y, z]
    terms = [a * g for a, g in zip(point, grad(f)(point), strict=True)]
    assert close(3.0 * float(f([Value(t) for t in point])), sum(terms), sum(map(abs, terms)))


@FEWER
@given(programs(SMOOTH, max_ops=3))
@example(StraightLineProgram((1.0,), [("total", [-1] * 3), ("product", [0] * 3), ("sin", [1])]))
def test_the_integral_of_the_derivative_is_the_difference(program: StraightLineProgram) -> None:
    """Gauss-Legendre on [0, ½], in panels of five points: no rule in sight.

    What waves faster than panels can see makes the sums of 8 and of 16 panels disagree.
    """
    f = on_line(program)
    nodes = [0.0, 0.5384693101056831, 0.9061798459386640]
    weights = [0.5688888888888889, 0.4786286704993665, 0.2369268850561891]
    slope, value = grad(f), f

    def integral(panels: int) -> float:
        half = 0.25 / panels
        return math.fsum(
            w * half * slope((2 * k + 1) * half + half * side)
            for k in range(panels)
            for x, w in zip(nodes, weights, strict=True)
            for side in {x, -x}
        )

    coarse, fine = integral(8), integral(16)
    difference = value(0.5) - value(0.0)
    largest = max(abs(slope(k / 20)) for k in range(11))
    curved = max(abs(derivative(f, 2)(k / 20)) for k in range(11))
    assert abs(fine - difference) <= 1e-6 * (1.0 + largest + curved) + abs(fine - coarse)


@given(small_programs)
def test_gradients_do_not_depend_on_the_seed_but_scale_with_it(
    program: StraightLineProgram,
) -> None:
    leaves, root = program.build()
    root.backward()
    once = [x.grad for x in leaves]
    for x in leaves:
        x.grad = 0.0
    root.backward(-4.0)  # a power of two: exact
    assert [x.grad for x in leaves] == [-4.0 * g for g in once]

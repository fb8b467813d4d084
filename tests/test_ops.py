"""The rule table against mpmath: every number, every partial to second order, every kink.

A row is tested by being in the table.
"""

from __future__ import annotations

import math
from operator import attrgetter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_mini import OPS, Op, Value, apply, derivative, grad, hessian
from autograd_mini.backprop import adjoints
from autograd_mini.testing import check_gradients, points, precise
from autograd_mini.testing.numbers import AT_KINKS, context, evaluate
from autograd_mini.testing.reference import local_slopes

EVERY_ROW = pytest.mark.parametrize("op", OPS.values(), ids=attrgetter("name"))
FEW = settings(max_examples=max(6, settings().max_examples // 8))  # for each row
INF = math.inf
NAN = math.nan


def test_every_row_has_a_second_opinion() -> None:
    assert [name for name in OPS if not hasattr(precise, name)] == []
    assert set(AT_KINKS) == {op.name for op in OPS.values() if op.kinks}


@EVERY_ROW
@FEW
@given(data=st.data())
def test_a_row_computes_its_function(op: Op, data: st.DataObject) -> None:
    operands = data.draw(points(op))
    exact = evaluate(op, [context().mpf(x) for x in operands])
    size = sum(map(abs, operands)) if op.arity is None else 1e-3
    assert op.forward(*operands) == pytest.approx(float(exact), rel=1e-12, abs=1e-13 * size)


@EVERY_ROW
@FEW
@given(data=st.data())
def test_partials_are_the_derivatives_of_forward_to_second_order(
    op: Op, data: st.DataObject
) -> None:
    operands = data.draw(points(op))
    ctx = context()
    exact = [ctx.mpf(x) for x in operands]

    def slope_of_partial(i: int, j: int) -> Any:
        """Return ∂²f/∂xᵢ∂xⱼ as the slope of a difference quotient, without any rule."""
        h = ctx.mpf(10) ** -25

        def slope(step: Any) -> Any:
            moved = [*exact[:j], exact[j] + step, *exact[j + 1 :]]
            found = local_slopes(op, moved, [k == i for k in range(len(moved))])[i]
            assert found is not None
            return found.value

        return (slope(h) - slope(-h)) / (2 * h)

    leaves = [Value(x) for x in operands]
    node = apply(op, *leaves)
    first = op.local(node, *leaves)
    for i, partial in enumerate(first):
        expected = local_slopes(op, exact, [k == i for k in range(len(exact))])[i]
        assert expected is not None
        assert float(partial) == pytest.approx(float(expected.value), rel=1e-9, abs=1e-12)
        second = adjoints(partial) if isinstance(partial, Value) else {}
        for j, leaf in enumerate(leaves):
            assert second.get(leaf, 0.0) == pytest.approx(
                float(slope_of_partial(i, j)), rel=1e-8, abs=1e-10
            )


@EVERY_ROW
@FEW
@given(data=st.data())
def test_a_node_of_each_row_passes_the_whole_check(op: Op, data: st.DataObject) -> None:
    operands = data.draw(points(op))
    check_gradients(lambda *xs: apply(op, *xs), *operands)


# Kinks: the slopes are PyTorch's, but for those where PyTorch gives nan or a complex number.

KINKS = [
    ("relu", (0.0,), (0.0,)),
    ("relu", (-0.0,), (0.0,)),
    ("leaky_relu", (0.0, 0.01), (0.01, 0.0)),
    ("elu", (0.0, 1.5), (1.5, 0.0)),
    ("abs", (0.0,), (0.0,)),
    ("softsign", (0.0,), (1.0,)),
    ("softshrink", (0.5, 0.5), (0.0, 0.0)),
    ("softshrink", (-0.5, 0.5), (0.0, 0.0)),
    ("hardtanh", (-1.0, -1.0, 1.0), (0.0, 1.0, 0.0)),
    ("hardtanh", (1.0, -1.0, 1.0), (0.0, 0.0, 1.0)),
    ("clip", (-1.0, -1.0, 1.0), (1.0, 0.0, 0.0)),
    ("clip", (1.0, -1.0, 1.0), (1.0, 0.0, 0.0)),
    ("maximum", (2.0, 2.0), (0.5, 0.5)),
    ("minimum", (2.0, 2.0), (0.5, 0.5)),
    ("amax", (1.0, 3.0, 3.0), (0.0, 0.5, 0.5)),
    ("greater", (2.0, 2.0), (0.0, 0.0)),
    ("less", (2.0, 2.0), (0.0, 0.0)),
    ("where", (0.0, 5.0, 7.0), (0.0, 0.0, 1.0)),
    ("norm", (0.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
    ("hypot", (0.0, 0.0), (0.0, 0.0)),
    ("atan2", (0.0, 0.0), (0.0, 0.0)),
    ("sqrt", (0.0,), (INF,)),
    ("asin", (1.0,), (INF,)),
    ("asin", (-1.0,), (INF,)),
    ("acos", (1.0,), (-INF,)),
    ("acos", (-1.0,), (-INF,)),
    ("pow", (0.0, 0.0), (0.0, 0.0)),
    ("pow", (0.0, 0.5), (INF, 0.0)),
    ("pow", (0.0, 1.0), (1.0, 0.0)),
    ("pow", (0.0, 1.5), (0.0, 0.0)),
    ("pow", (0.0, 2.0), (0.0, 0.0)),
    ("pow", (-2.0, 3.0), (12.0, NAN)),
    ("huber", (1.0, 1.0), (1.0, 0.0)),
    ("huber", (-1.0, 1.0), (-1.0, 0.0)),
    ("xlogy", (0.0, 0.0), (0.0, 0.0)),
    ("xlogy", (0.0, 2.0), (math.log(2.0), 0.0)),
    ("xlogy", (2.0, 0.0), (-INF, INF)),
    ("clamped_log", (0.0,), (0.0,)),
    ("clamped_log1p", (-1.0,), (0.0,)),
    ("log_or_nan", (0.0,), (INF,)),
]


@pytest.mark.parametrize(
    ("name", "operands", "slopes"), KINKS, ids=[f"{name}{operands}" for name, operands, _ in KINKS]
)
def test_a_kink_has_the_documented_slope(
    name: str, operands: tuple[float, ...], slopes: tuple[float, ...]
) -> None:
    op = OPS[name]
    leaves = [Value(x) for x in operands]
    apply(op, *leaves).backward()
    assert [x.grad for x in leaves] == pytest.approx(list(slopes), nan_ok=True)


def test_every_row_with_a_kink_is_among_the_kinks() -> None:
    helpers = {"quotient", "power_slope"}  # of the rules: not for users
    assert {name for name, _, _ in KINKS} == set(AT_KINKS) - helpers


@pytest.mark.parametrize(
    ("name", "operands"), [case[:2] for case in KINKS], ids=[f"{n}{x}" for n, x, _ in KINKS]
)
def test_a_documented_slope_lies_between_those_on_either_side(
    name: str, operands: tuple[float, ...]
) -> None:
    op, ctx = OPS[name], context()
    slopes = local_slopes(op, [ctx.mpf(x) for x in operands], [True] * len(operands))
    for slope in slopes:
        assert slope is not None
        if slope.value is not None and not op.at_kink(*operands):
            assert slope.value in (slope.left, slope.right)
        elif slope.value is not None and ctx.isfinite(slope.value):
            low, high = slope.bounds
            assert low <= slope.value <= high


@pytest.mark.parametrize("f", [lambda x: x.relu(), abs], ids=["relu", "abs"])
def test_higher_derivatives_at_a_kink_stay_on_the_same_piece(f: Any) -> None:
    assert derivative(f, order=2)(0.0) == 0.0
    assert derivative(f, order=3)(0.0) == 0.0


def test_maximum_of_a_number_with_itself_has_slope_one() -> None:
    assert grad(lambda x: apply(OPS["maximum"], x, x))(3.0) == 1.0
    assert grad(lambda x: apply(OPS["clip"], x, x, x))(3.0) == 1.0
    assert grad(lambda x: apply(OPS["hardtanh"], x, x, x))(3.0) == 1.0


# Edges that once bit.


def test_the_mixed_derivative_of_x_log_y_is_right_at_zero() -> None:
    assert hessian(lambda v: apply(OPS["xlogy"], v[0], v[1]))([0.0, 2.0]) == [[0.0, 0.5], [0.5, 0]]


def test_the_hessian_of_a_power_is_right_at_exponent_zero() -> None:
    """∂²/∂x∂y xʸ = xʸ⁻¹(1 + y ln x), which is 1/x at y = 0."""
    assert hessian(lambda v: v[0] ** v[1])([2.0, 0.0])[0] == [0.0, 0.5]

    def slope(y: Any) -> Any:
        return grad(lambda x: x**y)(2.0)

    assert derivative(slope, order=2)(0.0) == pytest.approx(math.log(2.0))


@pytest.mark.parametrize(
    ("name", "x", "expected"),
    [
        ("sigmoid", -745.0, math.exp(-745.0)),
        ("sigmoid", 40.0, math.exp(-40.0)),
        ("softplus", -800.0, 0.0),
        ("softplus", 800.0, 1.0),
        ("tanh", 26.0, 0.0),
        ("gelu", -30.0, 0.0),
        ("log_cosh", 800.0, 1.0),
        ("log_sigmoid", -800.0, 1.0),
        ("mish", -800.0, 0.0),
        ("silu", -800.0, 0.0),
    ],
)
def test_slopes_far_out_neither_overflow_nor_lose_their_digits(
    name: str, x: float, expected: float
) -> None:
    leaf = Value(x)
    apply(OPS[name], leaf).backward()
    assert leaf.grad == pytest.approx(expected, rel=1e-12, abs=1e-30)

from __future__ import annotations

import inspect
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_mini
from autograd_mini import (
    OPS,
    Op,
    Value,
    amax,
    compile,
    dot,
    functions,
    grad,
    logsumexp,
    mean,
    norm,
    ops,
    primitive,
    product,
    register,
    take,
    total,
    where,
)
from autograd_mini.testing import check_gradients
from nn import FNN
from nn.activations import softmax

MANY = (total, mean, product, norm, logsumexp, amax)
UNARY = [op.name for op in OPS.values() if op.arity == 1 and hasattr(functions, op.name)]


@pytest.mark.parametrize("name", UNARY)
def test_a_function_gives_a_float_for_a_number_and_a_node_for_a_value(name: str) -> None:
    function, (low, high) = getattr(autograd_mini, name), OPS[name].smooth_ranges()[0]
    x = (low + high) / 2 + 0.01
    node = function(Value(x))
    assert type(function(x)) is float
    assert node.op is OPS[name]
    assert node.data == function(x)


METHODS = (
    "exp log log1p expm1 sqrt sin cos tan sinh cosh tanh asin acos atan erf sigmoid relu softplus"
)


@pytest.mark.parametrize("name", METHODS.split())
def test_methods_and_functions_are_the_same_rows(name: str) -> None:
    assert getattr(Value(0.5), name)().op is getattr(functions, name)(Value(0.5)).op is OPS[name]


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5)), max_size=6), st.floats(-5, 5))
def test_dot_equals_the_chain_of_products_and_sums_bit_for_bit(
    pairs: list[tuple[float, float]], bias: float
) -> None:
    ws, xs = [[Value(pair[i]) for pair in pairs] for i in (0, 1)]
    b = Value(bias)
    fused = dot(ws, xs, b)
    chain = Value(0.0)
    for w, x in zip(ws, xs, strict=True):
        chain = chain + w * x
    chain = chain + b
    assert fused.data == chain.data
    fused.backward()
    first = [v.grad for v in (*ws, *xs, b)]
    for v in (*ws, *xs, b):
        v.zero_grad()
    chain.backward()
    assert [v.grad for v in (*ws, *xs, b)] == first


def test_a_bias_that_is_the_number_zero_adds_no_leaf() -> None:
    w, x = Value(2.0), Value(3.0)
    assert dot([w], [x]).inputs == (w, x)
    assert dot([w], [x], 0).inputs == (w, x)
    assert len(dot([w], [x], Value(0.0)).inputs) == 3
    assert dot([w], [x], 1).inputs[2].is_constant


def test_dot_refuses_different_lengths() -> None:
    with pytest.raises(ValueError, match="1 ws and 2 xs"):
        dot([1.0], [1.0, 2.0])


def test_empty_sums_are_the_neutral_elements() -> None:
    assert (total([]), autograd_mini.product([]), norm([]), dot([], [])) == (0.0, 1.0, 0.0, 0.0)


def test_functions_of_many_numbers_take_any_iterable() -> None:
    xs = [Value(3.0), Value(4.0)]
    assert norm(x for x in xs).data == 5.0
    assert total(iter(xs)).inputs == tuple(xs)


@pytest.mark.parametrize("wrong", [{2.0, 1.0}, frozenset([2.0]), {0: 5.0}, 2.0, Value(2.0), None])
def test_functions_of_many_numbers_need_them_in_an_order(wrong: Any) -> None:
    """A set has none, and keeps equal numbers once."""
    for f in (*MANY, softmax, lambda xs: dot(xs, [1.0]), lambda xs: dot([1.0], xs)):
        with pytest.raises(TypeError, match=f"a list of numbers is needed.*{type(wrong).__name__}"):
            f(wrong)


def test_where_always_records_condition_and_both_branches() -> None:
    a, b = Value(1.0), Value(2.0)
    node = where(True, a, b)
    assert node.op is OPS["where"]
    assert [x.data for x in node.inputs] == [1.0, 1.0, 2.0]
    assert node.inputs[1:] == (a, b)
    node.backward()
    assert (a.grad, b.grad) == (1.0, 0.0)


@pytest.mark.parametrize("name", [n for n in functions.__all__ if n != "primitive"])
def test_every_public_function_refuses_text_with_a_type_error(name: str) -> None:
    function = getattr(functions, name)
    count = len(inspect.signature(function).parameters)
    takes_lists = next(iter(inspect.signature(function).parameters)) in ("xs", "ws")
    arguments: list[Any] = [["a"] if takes_lists else "a"] * (2 if name == "dot" else count)
    with pytest.raises(TypeError, match="'a'"):
        function(*arguments)


# New primitives.


@pytest.fixture
def cubed() -> Any:
    @primitive(partials=(lambda f, x: 3.0 * x * x,), domain="any x", smooth=(-2.0, 2.0))
    def cubed(x: float) -> float:
        """x³."""
        return x**3

    return cubed


def test_a_primitive_is_a_row_of_the_table(cubed: Any) -> None:
    x = Value(2.0)
    y = cubed(x)
    y.backward()
    assert (y.data, x.grad) == (8.0, 12.0)
    assert y.op is OPS["cubed"]
    assert cubed(2) == 8.0
    assert cubed.__name__ == "cubed"
    assert cubed.__doc__ == "x³."
    assert autograd_mini.derivative(cubed, 2)(2.0) == 12.0


def test_defining_a_primitive_again_replaces_it_but_built_in_rows_stay(cubed: Any) -> None:
    again = primitive(partials=(lambda f, x: 1.0,), name="cubed")(lambda x: x)
    assert again(Value(3.0)).op is OPS["cubed"]
    assert OPS["cubed"].forward(3.0) == 3.0
    with pytest.raises(ValueError, match="'tanh' is a built-in operation"):
        register(Op("tanh", math.tanh, (lambda f, x: 1.0,)))


def test_partials_that_are_not_functions_are_refused() -> None:
    for partials in ((1.0,), ()):
        with pytest.raises(TypeError, match="partials are functions"):
            Op("bad", math.tanh, partials)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    "rule", [lambda f, x: 3.0 * x**2, lambda f, x: (3.0 * x**2,)], ids=["bare", "tuple"]
)
def test_a_primitive_of_one_argument_may_give_its_rule_as_it_is(rule: Any) -> None:
    cube = primitive(partials=rule, name="bare_cube")(lambda x: x**3)
    assert autograd_mini.grad(cube)(2.0) == 12.0


def test_a_primitive_takes_defaults_and_keywords_as_its_function_does() -> None:
    def scaled(x: float, by: float = 2.0) -> float:
        return x * by

    scale = primitive(partials=(lambda f, x, by: by, lambda f, x, by: x))(scaled)
    assert (scale(3.0), scale(3.0, 5.0), scale(x=3.0, by=4.0)) == (6.0, 15.0, 12.0)
    assert autograd_mini.grad(lambda x: scale(x, by=x))(3.0) == 6.0
    with pytest.raises(TypeError, match="'x'"):
        scale(by=1.0)


def test_partials_that_do_not_fit_the_function_are_refused_where_they_are_written() -> None:
    def one(x: float) -> float:
        return x

    with pytest.raises(TypeError, match="one has 2 partials, one for each argument"):
        primitive(partials=(lambda f, x: 1.0, lambda f, x: 1.0))(one)
    with pytest.raises(TypeError, match="a partial of one takes the result f, then every argument"):
        primitive(partials=(lambda x: 1.0,))(one)
    assert "one" not in OPS


def test_a_primitive_of_many_arguments_has_one_function_for_all_partials() -> None:
    mean = Op(
        "mean_of", lambda *xs: sum(xs) / len(xs), lambda f, *xs: tuple([1.0 / len(xs)] * len(xs))
    )
    xs = [Value(1.0), Value(2.0), Value(6.0)]
    y = autograd_mini.apply(mean, *xs)
    y.backward()
    assert (y.data, [x.grad for x in xs]) == (3.0, [1 / 3] * 3)


def test_what_a_forward_returns_becomes_a_float_or_is_refused() -> None:
    one = Op("one", lambda x: 1, (lambda f, x: 0.0,))
    assert type(autograd_mini.apply(one, Value(2.0)).data) is float
    with pytest.raises(TypeError, match="real number"):
        autograd_mini.apply(Op("i", lambda x: 1j, (lambda f, x: 0.0,)), Value(1.0))  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("helper", [ops.quotient, ops.xlogy, ops.power_slope])
@given(a=st.floats(), b=st.floats())
def test_the_total_helpers_never_raise(helper: Any, a: float, b: float) -> None:
    assert isinstance(helper(a, b), float)
    assert isinstance(ops.log_or_nan(a), float)


def test_the_total_helpers_follow_ieee_at_the_edges() -> None:
    inf, nan = math.inf, math.nan
    assert [ops.quotient(1.0, 0.0), ops.quotient(-1.0, 0.0), ops.quotient(1.0, -0.0)] == [
        inf,
        -inf,
        -inf,
    ]
    assert math.isnan(ops.quotient(0.0, 0.0))
    assert (ops.xlogy(0.0, 0.0), ops.xlogy(2.0, 0.0)) == (0.0, -inf)
    assert math.isnan(ops.xlogy(0.0, -1.0))
    assert (ops.log_or_nan(0.0), ops.log_or_nan(1.0)) == (-inf, 0.0)
    assert math.isnan(ops.log_or_nan(-1.0))
    assert math.isnan(ops.log_or_nan(nan))
    assert [ops.power_slope(0.0, y) for y in (0.0, 0.5, 1.0, 2.0)] == [0.0, inf, 1.0, 0.0]
    assert math.isnan(ops.power_slope(-1e-116, -2.5))  # its complex value overflows
    assert ops.power_slope(-1e-200, -2.0) == inf


def test_take_is_the_element_at_a_whole_number() -> None:
    rows = [[Value(1.0)], [Value(2.0)]]
    assert take(rows, 1) is take(rows, -1) is take(rows, Value(1.0)) is rows[1]
    with pytest.raises(IndexError, match="no element 2: there are 2"):
        take(rows, 2)
    for wrong in (0.5, math.nan, math.inf):
        with pytest.raises(TypeError, match="whole number"):
            take(rows, wrong)


def test_the_mean_is_the_total_over_the_count() -> None:
    xs = [Value(1.0), Value(2.0)]
    mean(xs).backward()
    assert [x.grad for x in xs] == [0.5, 0.5]
    with pytest.raises(ZeroDivisionError, match="mean of no numbers"):
        mean([])


def test_a_table_is_its_rows_in_order_and_a_dict_is_no_list() -> None:
    """Going through a table by itself gives the names of its columns, which may be numbers."""
    pd = pytest.importorskip("pandas")
    one = pd.DataFrame([[5.0], [6.0]])
    table = pd.DataFrame([[5.0, 6.0], [7.0, 8.0]])
    column = pd.Series([5.0, 6.0], index=[1, 0])  # what is called 0 stands last
    for f in MANY:
        assert f(column) == f([5.0, 6.0])
        for wrong in (one, table, {0: 5.0}):
            with pytest.raises(TypeError):
                f(wrong)
    assert dot(column, column) == 61.0
    with pytest.raises(TypeError):
        dot(table, [1.0, 1.0])
    assert take(column, 0) == 5.0
    assert list(take(table, 1)) == [7.0, 8.0]
    assert grad(lambda x: total(x[1]))(table) == [[0.0, 0.0], [1.0, 1.0]]
    program = compile(lambda x: total(x[1]), table)
    assert program([[[1.0, 2.0], [3.0, 4.0]]]) == [7.0]
    check_gradients(lambda x: total(x[0]) * total(x[1]), table)
    model = FNN([2, 3, 1], seed=0)
    assert model(column).data == model([5.0, 6.0]).data
    for wrong in ({0: 5.0, 1: 6.0}, {5.0, 6.0}):
        with pytest.raises(TypeError, match="a Value holds a number, but got"):
            model(wrong)

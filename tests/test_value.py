from __future__ import annotations

import builtins
import copy
import io
import math
import pickle
import random
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_mini import (
    OPS,
    DivisionError,
    DomainError,
    Op,
    RangeError,
    Trace,
    Value,
    apply,
    backprop,
    clip,
    derivative,
    detect_anomaly,
    dot,
    grad,
    graph,
    greater,
    less,
    logsumexp,
    maximum,
    no_grad,
    product,
    text_tree,
    to_dot,
    to_mermaid,
    to_svg,
    topological_order,
    total,
    value,
    where,
)
from autograd_mini.backprop import adjoints, chain_rule, opened_order
from autograd_mini.graph import gradient_order, interior_order
from autograd_mini.value import ZERO

numbers = st.floats(-3, 3)


def tangled(x: Value, y: Value) -> Value:
    """A graph with sharing, constants, an n-ary node and both kinds of operand slots."""
    s = x * y + x
    return total([s, s.tanh(), dot([x, y, 2.0], [y, s, x], 0.5)]) / (1.5 + y * y) - 3 * s**2


# Construction.


@pytest.mark.parametrize(
    "number",
    [True, 3, 2.5, Fraction(1, 3), Decimal("0.1"), np.float32(0.5), np.int64(7), np.array(4.0)],
    ids=lambda x: type(x).__name__,
)
def test_any_real_number_is_accepted_and_becomes_a_float(number: Any) -> None:
    value = Value(number)
    assert type(value.data) is float
    assert value.data == float(number)


@pytest.mark.parametrize(
    "wrong",
    [
        "3",
        b"3",
        1j,
        np.complex128(1),
        None,
        [1.0],
        np.ones((1, 1)),
        object,
        Value(1.0),
        np.array("3"),
        np.array(None),
        np.array(Value(1.0)),
        np.datetime64("2020-01-01"),
    ],
    ids=repr,
)
def test_what_is_not_one_real_number_is_refused_with_advice(wrong: Any) -> None:
    with pytest.raises(TypeError, match="Value"):
        Value(wrong)


@pytest.mark.parametrize(
    "huge", [10**400, Fraction(10**400), Decimal("1e400")], ids=lambda x: type(x).__name__
)
def test_a_number_too_large_for_a_float_is_a_range_error(huge: Any) -> None:
    with pytest.raises(RangeError, match="too large for a float"):
        Value(huge)


def test_a_number_of_very_many_digits_is_not_written_out() -> None:
    with pytest.raises(RangeError, match="a Fraction of many digits is too large for a float"):
        Value(Fraction(10**5000))


def test_infinity_itself_is_a_number() -> None:
    assert Value(Decimal("Infinity")).data == math.inf
    assert Value(math.inf).data == math.inf


def test_a_label_that_is_not_a_string_is_refused() -> None:
    with pytest.raises(TypeError, match="@primitive"):
        Value(1.0, ())  # pyright: ignore[reportArgumentType]


def test_what_a_node_is_made_of_is_read_only() -> None:
    x = Value(2.0)
    for name in ("op", "inputs", "is_leaf", "is_constant", "source"):
        with pytest.raises(AttributeError):
            setattr(x, name, None)


def test_a_value_has_seven_slots_and_no_dictionary() -> None:
    assert len(Value.__slots__) == 7
    assert not hasattr(Value(1.0), "__dict__")


def test_inputs_keep_argument_order_and_repeats() -> None:
    a, b = Value(2.0), Value(3.0)
    assert (a - b).inputs == (a, b)
    assert (b - a).inputs == (b, a)
    assert (a * a).inputs == (a, a)
    assert dot([a, b], [b, b], a).inputs == (a, b, b, b, a)
    assert a.inputs == ()


def test_the_graph_shows_what_was_written() -> None:
    x = Value(2.0)
    for expression, name in [(5 - x, "sub"), (5 / x, "div"), (-x, "neg"), (2**x, "pow")]:
        assert expression.op is OPS[name]
    assert (5 - x).inputs[0].is_constant
    assert (5 - x).inputs[1] is x


def test_sum_drops_only_the_exact_integer_zero() -> None:
    a, b = Value(1.0), Value(2.0)
    both: Any = sum([a, b])
    assert both.inputs == (a, b)
    assert sum([a]) is a
    assert (0.0 + a).op is OPS["add"]
    assert (a + 0).op is OPS["add"]
    assert (False + a).op is OPS["add"]


def test_repr_is_short_and_does_not_descend() -> None:
    assert repr(Value(3.0)) == "Value(data=3.0, grad=0.0)"
    assert repr(Value(3.0, label="x")) == "Value(data=3.0, grad=0.0, label='x')"


# Behaving as a number.


def test_conversions_act_on_the_data() -> None:
    x = Value(2.75)
    assert float(x) == 2.75
    assert int(x) == 2
    assert round(x, 1) == 2.8
    assert round(x) == 3
    assert f"{x:.1f}" == "2.8"
    assert bool(x)
    assert not Value(0.0)
    assert x.item() == 2.75


def test_order_compares_data_and_equality_is_identity() -> None:
    a, b = Value(1.0), Value(1.0)
    assert a <= b
    assert a >= 1
    assert not a < b
    assert a < 2
    assert a != b
    assert a == a
    assert len({a, b}) == 2
    with pytest.raises(TypeError):
        a < "1"  # noqa: B015 # pyright: ignore[reportOperatorIssue, reportUnusedExpression]


def test_detach_gives_a_leaf_with_the_same_number_and_name() -> None:
    y = Value(2.0) * 3
    y.label = "y"
    d = y.detach()
    assert d.is_leaf
    assert (d.data, d.label) == (6.0, "y")


@pytest.mark.parametrize(
    "other", [2, 0.5, True, Fraction(1, 2), Decimal("2.5"), np.float64(3), np.int32(3)]
)
@pytest.mark.parametrize("symbol", ["+", "-", "*", "/", "**"])
def test_numbers_work_on_either_side_of_an_operator(symbol: str, other: Any) -> None:
    x = Value(1.5)
    for expression in (f"x {symbol} other", f"other {symbol} x"):
        result = eval(expression, {"x": x, "other": other})
        assert isinstance(result, Value)
        assert result.data == eval(expression, {"x": 1.5, "other": float(other)})


@pytest.mark.parametrize("symbol", ["+", "-", "*", "/", "**"])
def test_operators_map_over_the_elements_of_arrays(symbol: str) -> None:
    x, array = Value(1.5, "x"), np.array([[1.0, 2.0], [3.0, 4.0]])
    for expression in (f"x {symbol} array", f"array {symbol} x"):
        result = eval(expression, {"x": x, "array": array})
        assert result.shape == (2, 2)
        expected = eval(expression, {"x": 1.5, "array": array})
        assert np.array_equal(np.vectorize(float)(result), expected)
        result.sum().backward()
    assert (x < array).tolist() == [[False, True], [True, True]]


def test_a_value_inside_a_zero_dimensional_array_stays_in_the_graph() -> None:
    x, y = Value(3.0), Value(2.0)
    (x * np.array(y) + np.array(y) * x).backward()
    assert (x.grad, y.grad) == (4.0, 6.0)


def test_matrix_products_of_object_arrays_are_graphs() -> None:
    w = np.array([[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]])
    x = np.array([Value(5.0), 6.0], dtype=object)
    y = w @ x
    y[1].backward()
    assert [v.data for v in y] == [17.0, 39.0]
    assert x[0].grad == 3.0
    assert w[1, 1].grad == 6.0
    assert w[0, 0].grad is ZERO
    assert np.exp(np.array([Value(0.0)]))[0].data == 1.0


@pytest.mark.parametrize("wrong", ["1", None, 1j, b"2"])
def test_operands_that_can_never_work_are_refused_with_advice(wrong: Any) -> None:
    for operation in (
        lambda: Value(1.0) + wrong,
        lambda: wrong * Value(1.0),
        lambda: Value(1.0) ** wrong,
    ):
        with pytest.raises(TypeError, match="a Value holds a"):
            operation()


def test_foreign_operands_get_their_turn() -> None:
    class Foreign:
        def __radd__(self, other: Any) -> str:
            return "mine"

    assert Value(1.0) + Foreign() == "mine"


# Errors.


@pytest.mark.parametrize(
    ("operation", "kind", "words"),
    [
        (lambda x, z: x.log(), DomainError, ["log(-2.0)", "x > 0", "'x' is -2.0"]),
        (lambda x, z: x.sqrt(), DomainError, ["sqrt(-2.0)", "x >= 0", "'x' is -2.0"]),
        (lambda x, z: x.asin(), DomainError, ["asin(-2.0)", "-1 <= x <= 1"]),
        (
            lambda x, z: x**0.5,
            DomainError,
            ["pow(-2.0, 0.5)", "base > 0", "the base 'x' is -2.0 and the exponent is 0.5"],
        ),
        (lambda x, z: z**-1, DivisionError, ["pow(0.0, -1.0)", "not below 0 where base is 0"]),
        (
            lambda x, z: x / z,
            DivisionError,
            ["div(-2.0, 0.0)", "divisor != 0", "the divisor 'z' is 0.0"],
        ),
        (lambda x, z: 1 / z, DivisionError, ["div(1.0, 0.0)", "'z' is 0.0"]),
        (lambda x, z: (x * -500).exp(), RangeError, ["exp(1000.0)", "709.78"]),
        (lambda x, z: (x * 1e300) ** 2, RangeError, ["pow(-2e+300, 2.0)", "1.797e308"]),
        (lambda x, z: (x * math.inf).sin(), DomainError, ["sin(-inf)", "finite"]),
        (lambda x, z: logsumexp([]), DomainError, ["at least one number"]),
        (lambda x, z: x * 10**400, RangeError, ["too large"]),
    ],
)
def test_outside_a_domain_the_error_quotes_operands_labels_and_need(
    operation: Callable[..., Any], kind: type[Exception], words: list[str]
) -> None:
    with pytest.raises(kind) as caught:
        operation(Value(-2.0, "x"), Value(0.0, "z"))
    for word in words:
        assert word in str(caught.value)


def test_domain_errors_are_the_errors_python_programs_expect() -> None:
    assert issubclass(DomainError, ValueError)
    assert issubclass(DivisionError, (DomainError, ZeroDivisionError))
    assert issubclass(RangeError, (DomainError, OverflowError))


def test_sums_and_products_overflow_to_infinity_as_floats_do() -> None:
    x = Value(1e308)
    assert (x + x).data == math.inf
    assert (x * 10).data == math.inf
    assert (-x - x).data == -math.inf


def test_apply_counts_its_operands() -> None:
    with pytest.raises(TypeError, match="tanh takes 1 operands, but got 2"):
        apply(OPS["tanh"], Value(1.0), 2.0)
    with pytest.raises(TypeError, match="div takes 2"):
        apply(OPS["div"], Value(1.0))


# Backward.


@given(numbers, numbers)
def test_a_second_backward_doubles_the_leaves_exactly(p: float, q: float) -> None:
    x, y = Value(p), Value(q)
    root = tangled(x, y)
    root.backward()
    once = (x.grad, y.grad)
    interior = [node.grad for node in interior_order(root)]
    root.backward()
    assert (x.grad, y.grad) == (2 * once[0], 2 * once[1])
    assert [node.grad for node in interior_order(root)] == interior


def test_leaves_add_up_over_different_roots() -> None:
    x = Value(3.0)
    (x * 2).backward()
    (x * x).backward()
    assert x.grad == 8.0


def test_seed_scales_the_gradient_and_backward_on_a_leaf_gives_the_seed() -> None:
    x = Value(3.0)
    (x * x).backward(seed=0.5)
    assert x.grad == 3.0
    x.backward(2.0)
    assert x.grad == 5.0
    x.backward(Value(1.0))
    assert x.grad == 6.0


def test_an_operand_used_twice_gets_both_contributions() -> None:
    a = Value(3.0)
    y = a + a
    y.backward()
    assert a.grad == 2.0
    b = Value(-2.0)
    (b * b * b).backward()
    assert b.grad == 12.0


@given(numbers, numbers)
def test_the_fast_loop_is_the_chain_rule_over_the_edges_bit_for_bit(p: float, q: float) -> None:
    x, y = Value(p), Value(q)
    root = tangled(x, y)
    root.backward()
    fast = [node.grad for node in topological_order(root)]
    root.zero_grad()
    root.grad = 1.0
    chain_rule(gradient_order(root))
    assert repr([node.grad for node in topological_order(root)]) == repr(fast)  # NaN != NaN


@given(numbers, numbers)
def test_adjoints_are_the_gradients_and_touch_nothing(p: float, q: float) -> None:
    x, y = Value(p), Value(q)
    root = tangled(x, y)
    found = adjoints(root)
    assert all(node.grad is ZERO for node in topological_order(root))
    root.backward()
    for node, slope in found.items():
        assert node.grad == pytest.approx(slope, rel=1e-12, abs=1e-12, nan_ok=True)


def test_a_second_pass_imports_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    x = Value(3.0)
    y = x * x
    y.backward()
    imported: list[str] = []
    find = builtins.__import__

    def noted(name: str, *rest: Any) -> Any:
        imported.append(name)
        return find(name, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(builtins, "__import__", noted)
        x.zero_grad()
        y.backward()
    assert (x.grad, imported) == (6.0, [])


def test_the_inner_loops_share_no_variable_with_a_function_within() -> None:
    """Such a variable is slower to read and to write wherever it stands."""
    loops = (opened_order, backprop._chain_rule_fast, graph.ordered, value.apply_to)
    assert [loop.__code__.co_cellvars for loop in loops] == [()] * len(loops)


def test_the_two_orders_agree() -> None:
    root = tangled(Value(1.0), Value(2.0))
    whole = topological_order(root)
    assert [node for node in whole if not node.is_leaf] == interior_order(root)
    assert opened_order(root, []) == gradient_order(root) == interior_order(root)
    assert len(set(whole)) == len(whole)
    for i, node in enumerate(whole):
        assert all(whole.index(x) < i for x in node.inputs)


def test_the_order_does_not_depend_on_addresses() -> None:
    def names() -> list[str]:
        x, y = Value(1.0, "x"), Value(2.0, "y")
        return [node.label or node._op for node in topological_order(tangled(x, y))]

    first = names()
    ballast = [object() for _ in range(1000)]
    assert names() == first
    assert ballast


def broken_rule(f: float, x: float) -> float:
    raise RuntimeError("broken rule")


def test_a_rule_that_raises_leaves_the_leaves_as_they_were() -> None:
    broken = Op("broken", lambda x: x, (broken_rule,))
    x, y = Value(2.0), Value(3.0)
    (x * y).backward()
    root = x * y + apply(broken, x)
    with pytest.raises(RuntimeError, match="broken rule"):
        root.backward()
    assert (x.grad, y.grad) == (3.0, 2.0)


def conditioned(x: Any) -> Any:
    """Return 3x at 1, past conditions whose own slopes there are infinite."""
    far = ((x - 1.0) * (x - 1.0)).sqrt()
    return where(less(far, 1e-3), 2.0 * x, x) + greater(far, 0.5) + x


def test_nothing_flows_into_a_condition() -> None:
    x = Value(1.0)
    y = conditioned(x)
    with detect_anomaly():
        y.backward()
    far = y.inputs[0].inputs[1].inputs[0]
    assert (x.grad, far.grad) == (3.0, 0.0)
    assert grad(conditioned)(1.0) == 3.0
    assert derivative(conditioned, 2)(1.0) == 0.0
    assert adjoints(y)[x] == 3.0
    assert far not in adjoints(y)
    x.grad = 0.0
    steps = list(y.backward_steps())
    assert x.grad == 3.0
    assert all(step.parent is not far and math.isfinite(step.contribution) for step in steps)
    assert [step.contribution for step in Trace(y)] == [step.contribution for step in steps]
    y.zero_grad()
    y.backward(create_graph=True)
    assert float(x.grad) == 3.0


def test_what_lies_below_conditions_only_has_no_gradient_of_an_earlier_pass() -> None:
    x = Value(4.0)
    root = x.sqrt()
    root.backward()
    (x + greater(root, 1.0)).backward()
    assert (x.grad, root.grad) == (1.25, 0.0)


def test_an_operand_without_a_partial_is_a_condition() -> None:
    gate = Op("gate", lambda c, x: x if c > 0.0 else 0.0, (None, lambda f, c, x: greater(c, 0.0)))
    c, x = Value(0.0), Value(3.0)
    y = apply(gate, c.sqrt() + 1.0, x)
    y.backward()
    assert (c.grad, x.grad) == (0.0, 1.0)


def test_a_gradient_of_none_counts_as_not_computed() -> None:
    x = Value(3.0)
    for backward in ((x * x).backward, lambda: list((x * x).backward_steps())):
        x.grad = cast(Any, None)
        backward()
        assert x.grad == 6.0
    x.grad = cast(Any, None)
    (x * x).backward(create_graph=True)
    assert float(x.grad) == 6.0
    x.grad = cast(Any, None)
    assert copy.deepcopy(x).grad == 0.0


def test_a_gradient_of_none_is_drawn_as_none_computed() -> None:
    x = Value(2.0, "x")
    y = x * x
    x.grad = cast(Any, None)
    assert "grad not computed yet" in text_tree(y)
    for draws in (to_svg, to_dot, to_mermaid):
        assert draws(y, partials=True)


def test_a_square_does_not_take_the_logarithm_of_its_base(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    by_base, _ = OPS["pow"].partials

    def refused(f: Any, x: Any, y: Any) -> Any:
        raise AssertionError("the exponent is a number")

    monkeypatch.setattr(OPS["pow"], "partials", (by_base, refused))
    x = Value(3.0)
    (x**2).backward()
    assert x.grad == 6.0


def test_zero_grad_forgets_the_whole_graph() -> None:
    x = Value(2.0)
    y = x * x
    root = y + 1
    root.backward(create_graph=True)
    root.zero_grad()
    assert all(node.grad is ZERO for node in topological_order(root))


def test_a_graph_with_exponentially_many_paths_takes_linear_time() -> None:
    x = y = Value(1.0)
    for _ in range(60):
        y = y + y
    y.backward()
    assert x.grad == 2.0**60


def test_create_graph_is_kept_inside_no_grad() -> None:
    x = Value(2.0)
    y = x**3
    with no_grad():
        y.backward(create_graph=True)
    slope: Any = x.grad
    x.zero_grad()
    slope.backward()
    assert x.grad == 12.0


def test_gradients_made_with_create_graph_can_be_differentiated_again() -> None:
    x = Value(2.0)
    (x**3).backward(create_graph=True)
    first = x.grad
    assert isinstance(first, Value)
    assert float(first) == 12.0
    x.zero_grad()
    first.backward()
    assert x.grad == 12.0
    y = Value(2.0)
    (y**3).backward(create_graph=True)
    (y**2).backward(create_graph=True)
    assert float(y.grad) == 16.0


# Recompute.


@given(numbers, numbers, numbers, numbers)
def test_recompute_gives_what_building_anew_gives(p: float, q: float, r: float, s: float) -> None:
    x, y = Value(p), Value(q)
    root = tangled(x, y) + where(greater(x, y), x.relu(), maximum(x, y))
    x.data, y.data = r, s
    root.recompute()
    u, v = Value(r), Value(s)
    again = tangled(u, v) + where(greater(u, v), u.relu(), maximum(u, v))
    assert root.data == again.data
    root.backward()
    again.backward()
    assert (x.grad, y.grad) == (u.grad, v.grad)


def test_a_plain_bool_given_to_where_stays_as_it_was() -> None:
    x = Value(1.0)
    y = where(x > 0, x, -x)
    x.data = -2.0
    y.recompute()
    assert y.data == -2.0


def test_a_recompute_that_fails_leaves_the_data_as_it_was() -> None:
    x = Value(1.0, "x")
    y = (x * 2 + 1).log() + 1
    before = [node.data for node in topological_order(y)[1:]]
    x.data = -5.0
    with pytest.raises(DomainError, match="log"):
        y.recompute()
    assert [node.data for node in topological_order(y)[1:]] == before


def test_gradients_of_gradients_are_recomputed_too() -> None:
    x = Value(2.0)
    (x.relu() * x).backward(create_graph=True)
    slope: Any = x.grad
    x.data = -2.0
    slope.recompute()
    assert slope.data == 0.0


# Copies, pickles, size.


@pytest.mark.parametrize(
    "duplicate",
    [
        lambda x: pickle.loads(pickle.dumps(x)),
        lambda x: pickle._loads(pickle._dumps(x)),  # pyright: ignore[reportAttributeAccessIssue] # the pure Python pickler
        copy.deepcopy,
    ],
    ids=["pickle", "pure Python pickle", "deepcopy"],
)
def test_copies_keep_sharing_names_numbers_and_gradients(duplicate: Callable[[Any], Any]) -> None:
    x, y = Value(0.5, "x"), Value(-1.0, "y")
    inner = x * y
    root = inner * inner + tangled(x, y)
    root.backward()
    (inner_copy, root_copy, x_copy) = duplicate((inner, root, x))
    for old, new in zip(topological_order(root), topological_order(root_copy), strict=True):
        assert (old.data, old.grad, old.label, old.op) == (new.data, new.grad, new.label, new.op)
        assert (old.is_constant, old.source) == (new.is_constant, new.source)
    assert inner_copy in topological_order(root_copy)
    assert x_copy in topological_order(root_copy)
    assert topological_order(root_copy)[0] is not topological_order(root)[0]
    assert duplicate(Value(1.0)).grad is ZERO


def test_a_gradient_that_is_a_value_is_pickled_as_its_float() -> None:
    x = Value(3.0)
    (x * x).backward(create_graph=True)
    assert type(pickle.loads(pickle.dumps(x)).grad) is float


def test_a_shallow_copy_shares_its_inputs() -> None:
    y = Value(2.0) * Value(3.0)
    assert copy.copy(y).inputs == y.inputs


def test_a_pickle_with_an_unknown_operation_says_what_to_do() -> None:
    odd = Op("odd_operation", lambda x: x, (lambda f, x: 1.0,))
    text = pickle.dumps(apply(odd, Value(1.0)))
    with pytest.raises(ValueError, match=r"odd_operation.*@primitive"):
        pickle.loads(text)


def test_long_chains_do_not_exhaust_the_stack() -> None:
    x = Value(1.0)
    y = x
    for _ in range(20_000):
        y = y + x
    y.backward()
    assert x.grad == 20_001.0
    y.recompute()
    assert len(repr(y)) < 100
    assert pickle.loads(pickle.dumps(y)).data == y.data
    assert copy.deepcopy(y).data == y.data
    y.backward(create_graph=True)
    y.zero_grad()
    del y


# micrograd's programs.


def test_micrograds_own_program_gives_its_numbers() -> None:
    a, b = Value(-4.0), Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    assert f"{g.data:.4f} {a.grad:.4f} {b.grad:.4f}" == "24.7041 138.8338 645.5773"


def test_random_programs_agree_with_micrograd() -> None:
    micrograd = pytest.importorskip("micrograd.engine")
    rng = random.Random(0)
    for _ in range(30):
        start = [rng.uniform(-2, 2) for _ in range(3)]
        ours, theirs = [Value(x) for x in start], [micrograd.Value(x) for x in start]
        for _ in range(12):
            symbol, i, j = rng.choice("+-*/"), rng.randrange(len(ours)), rng.randrange(len(ours))
            if symbol == "/" and abs(ours[j].data) < 0.1:
                symbol = "-"
            for nodes in (ours, theirs):
                made = eval(f"(x {symbol} y).relu() + x", {"x": nodes[i], "y": nodes[j]})
                nodes.append(made)
        total(ours).backward()
        root: Any = sum(theirs)
        root.backward()
        for x, y in zip(ours[:3], theirs[:3], strict=True):
            assert x.grad == pytest.approx(y.grad, rel=1e-9)


def test_micrograds_names_are_there_for_drawing_code() -> None:
    a, b = Value(2.0), Value(3.0)
    assert [(a + b)._op, (a * b)._op, (a**2)._op, a.relu()._op, a.tanh()._op] == [
        "+",
        "*",
        "**2",
        "ReLU",
        "tanh",
    ]
    assert (a * b)._prev == {a, b}
    assert a._prev == set()
    assert a._op == ""


def test_product_has_exact_partials_at_zeros() -> None:
    xs = [Value(0.0), Value(2.0), Value(3.0)]
    product(xs).backward()
    assert [x.grad for x in xs] == [6.0, 0.0, 0.0]


@pytest.mark.parametrize(
    "two",
    [2, 2.0, Fraction(2), Decimal(2), np.float64(2), np.int32(2), np.array(2.0)],
    ids=lambda x: type(x).__name__,
)
def test_equality_with_a_plain_number_compares_data(two: Any) -> None:
    x = Value(2.0)
    assert x == two
    assert two == x
    assert Value(3.0) != two
    assert (Value(3.0) == two) is (x != two) is False
    assert Value(math.nan) != two
    assert x not in (Value(2.0), None, "2")
    assert x in [1.0, two]


def test_values_are_equal_to_themselves_alone_and_are_keys() -> None:
    x, y = Value(2.0), Value(2.0)
    assert x == x
    assert x != y
    assert len({x, y}) == 2
    assert {x: 1}[x] == 1
    assert [x, y].index(y) == 1
    compared: Any = x == np.array([1.0, 2.0])
    assert compared.tolist() == [False, True]
    assert (np.array([1.0, 2.0]) != x).tolist() == [True, False]


def test_an_error_names_the_operand_that_is_wrong_and_not_its_neighbor() -> None:
    with pytest.raises(DivisionError) as caught:
        _ = Value(2.0, "x") / 0
    assert str(caught.value).endswith("div needs divisor != 0, and the divisor is 0.0")
    with pytest.raises(DivisionError, match=r"and the divisor 'x' is 0.0"):
        _ = Value(2.0, "y") / Value(0.0, "x")
    with pytest.raises(DomainError, match=r"and the base 'y' is -1.0 and the exponent is 0.5"):
        _ = Value(-1.0, "y") ** 0.5
    with pytest.raises(DomainError, match=r"low <= high, and low 'a' is 2.0 and high is 1.0"):
        clip(Value(0.0, "x"), Value(2.0, "a"), 1.0)


class Slow(pickle._Pickler):  # pyright: ignore[reportAttributeAccessIssue, reportUntypedBaseClass] # written in Python
    pass


@pytest.mark.parametrize(
    ("make", "protocol"),
    [
        *[(pickle.Pickler, protocol) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)],
        *[(Slow, protocol) for protocol in (0, 2, pickle.HIGHEST_PROTOCOL)],
    ],
)
def test_graphs_are_pickled_in_any_order_by_any_pickler(make: Any, protocol: int) -> None:
    nodes = [Value(1.0)]
    for _ in range(2000):
        nodes.append(nodes[-1] + nodes[len(nodes) // 2])
    keep_alive: list[Any] = []
    for order in (nodes, nodes[::-1], nodes[1000:] + nodes[:1000], nodes[-1:]):
        file = io.BytesIO()
        keep_alive.append(make(file, protocol))
        keep_alive[-1].dump(order)
        again = pickle.loads(file.getvalue())
        assert [x.data for x in again] == [x.data for x in order]
        assert len(set(topological_order(again[0])) | set(again)) == len(
            set(topological_order(order[0])) | set(order)
        )
        assert len(file.getvalue()) < 300 * len(nodes)


def test_a_pickler_that_failed_leaves_nothing_behind() -> None:
    x = y = Value(1.0)
    for _ in range(100):
        y = x + 1.0
    y.label = type("Local", (str,), {})("cannot be pickled")
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps([x, y])
    y.label = ""
    assert pickle.loads(pickle.dumps(y)).data == 2.0


def test_a_shallow_copy_is_a_node_of_the_same_inputs_and_a_deep_one_of_copies() -> None:
    x = Value(2.0, "x")
    y = x * x
    y.backward()
    twin = copy.copy(y)
    assert (twin.data, twin.grad, twin.op, twin.inputs) == (4.0, 1.0, y.op, (x, x))
    assert twin is not y
    both = copy.deepcopy([y, x])
    assert both[0].inputs == (both[1], both[1])
    assert both[1] is not x
    conditioned = copy.copy(greater(x, y))
    assert conditioned.inputs == (x, y)

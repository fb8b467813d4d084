"""The checker is silent where nothing is wrong; where something is, its report can be run."""

from __future__ import annotations

import contextlib
import io
import math
import pickle
import random
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import DeadlineExceeded

import autograd_mini.testing
from autograd_mini import (
    OPS,
    DomainError,
    Value,
    apply,
    dot,
    grad,
    greater,
    maximum,
    no_grad,
    norm,
    primitive,
    product,
    tanh,
    topological_order,
    total,
    where,
)
from autograd_mini.cli.check import main
from autograd_mini.testing import (
    GradientMismatchError,
    StraightLineProgram,
    check_gradients,
    finite,
    gradcheck,
    nonzero,
    numbers,
    points,
    positive,
    programs,
    reference_gradient,
    values,
)
from autograd_mini.testing.differences import judge, ridders
from autograd_mini.testing.source import source
from tests.shared import python


@pytest.fixture
def wrong_tanh(monkeypatch: pytest.MonkeyPatch) -> None:
    """A factor is missing: the derivative is 1 - t², the rule gives 1 - t."""
    monkeypatch.setattr(OPS["tanh"], "partials", (lambda f, x: 1.0 - f,))


# Silence.


@given(programs())
def test_right_programs_pass(program: StraightLineProgram) -> None:
    program.check()


@settings(max_examples=max(10, settings().max_examples // 4))
@given(programs(max_ops=4))
def test_right_programs_pass_to_second_order(program: StraightLineProgram) -> None:
    program.check(order=2)


@settings(max_examples=max(20, settings().max_examples // 2))
@given(programs())
def test_checking_leaves_everything_as_it_was(program: StraightLineProgram) -> None:
    leaves, root = program.build()
    order = topological_order(root)
    for i, node in enumerate(order):
        node.grad = float(i)
    before = [(n.data, n.grad, n.label, n.op, n.inputs) for n in order]
    check_gradients(lambda: program(*leaves))
    check_gradients(lambda: root)
    assert [(n.data, n.grad, n.label, n.op, n.inputs) for n in order] == before


def test_at_a_kink_any_slope_between_those_on_either_side_is_right() -> None:
    """relu(x) - relu(-x) is x, but the conventions give 0: nothing is wrong with that."""
    report = check_gradients(lambda x: x.relu() - (-x).relu(), 0.0)
    assert "from 0 to 2" in str(report)
    check_gradients(lambda x: x if x > 0 else -x, 0.0)  # an `if` of the function's own
    check_gradients(lambda x: maximum(x, -x) * abs(x), 0.0)
    check_gradients(lambda x, y: norm([x, y, x - y]), 0.0, 0.0)
    check_gradients(lambda x: where(x + x, x + x, x), 0.0)  # a condition and a branch move


def test_a_slope_that_nobody_knows_may_be_nan_and_is_told() -> None:
    """(-1) ** y has no slope in y: there is no value nearby."""
    report = check_gradients(lambda y: (-1.0) ** y, 1.0)
    assert "a slope on the way is not defined: the gradient is nan" in str(report)


@pytest.mark.parametrize(
    ("f", "x", "culprit"),
    [
        (lambda x: x ** maximum(1.0, x), -1.0, "t1 = pow"),
        (lambda x: (x**4).sqrt(), 0.0, "t1 = sqrt"),
        (lambda x: x * (x * x) ** 0.5, 0.0, "t1 = pow"),
        (lambda x: where(greater(x, -1.0), x, (x * x).sqrt()), 0.0, "t2 = sqrt"),
        (lambda x: ((x * x).sqrt() - 5.0).relu() + x, 0.0, "t1 = sqrt"),
    ],
    ids=["0 nan", "0 inf", "inf 0", "not chosen", "switched off"],
)
def test_nan_is_wrong_where_differences_know_the_slope(f: Any, x: float, culprit: str) -> None:
    with pytest.raises(GradientMismatchError, match="autograd nan, expected") as caught:
        check_gradients(f, x)
    assert f"{culprit} has no finite slope there" in str(caught.value)
    assert "baked in" not in str(caught.value)


def test_a_slope_that_is_not_finite_is_told_where_there_is_none() -> None:
    for f, x in (
        (lambda x: (x * x).sqrt(), 0.0),  # |x|
        (lambda x: x.sqrt() ** 2, 0.0),  # nothing on the left
        (lambda x: x.sin().asin(), math.pi / 2),  # a tip
    ):
        check_gradients(f, x)


def test_where_a_condition_flips_differences_say_nothing() -> None:
    """The function is x / 4 everywhere but at 0 itself."""
    report = check_gradients(lambda x: product([x, where(x, 0.5, x), where(x, 0.5, x)]), 0.0)
    assert "at a jump" in str(report)


def test_a_small_part_that_is_cut_off_is_noticed() -> None:
    with pytest.raises(GradientMismatchError, match=r"expected 4\.000004"):
        check_gradients(lambda x: x * x + 1e-6 * (x * x).detach(), 2.0)


def test_many_leaves_do_not_share_one_tolerance() -> None:
    xs = [0.5 + i / 100 for i in range(100)]
    with pytest.raises(GradientMismatchError, match=r"d/dxs_0: .*expected 1\.0"):
        check_gradients(lambda xs: total([x * 1.0 for x in xs]) + (0.02 * xs[0]).detach(), xs)

    def uneven(xs: Any) -> Any:
        return total([x * 1e6 for x in xs[1:]]) + xs[0] + (xs[0] * 0.5).detach()

    with pytest.raises(GradientMismatchError, match="d/dxs_0"):
        check_gradients(uneven, xs)


@pytest.mark.parametrize("speed", [1e3, 1e6, 1e9, 1e11, 1e12])
def test_a_fast_function_is_right_and_can_be_wrong(speed: float) -> None:
    check_gradients(lambda x: (x * speed).sin(), 1.0)
    with pytest.raises(GradientMismatchError):
        check_gradients(lambda x: (x * speed).sin() + (x * speed * 0.3).detach(), 1.0)


def test_a_function_with_periods_shorter_than_any_step_is_no_mistake() -> None:
    for speed in (1e14, 1e15, 1e17):
        check_gradients(lambda x, k=speed: (x * k).cos() * 2.0 + x, 1.0)
    check_gradients(lambda x: (x * 500.0).exp().sin(), 0.07)
    with pytest.raises(GradientMismatchError):  # what does not move is no such function
        check_gradients(lambda x: x * 1e13 - (x * 1e13).detach(), 1.0)


def test_gradients_that_are_all_zero_prove_nothing_and_the_report_says_so() -> None:
    assert "all zero proves nothing" in str(check_gradients(lambda x, w: (w * x).relu(), 1.0, -1.0))
    assert "all zero" not in str(check_gradients(lambda x, w: (w * x).relu(), 1.0, 1.0))


def test_a_slow_check_has_no_deadline_unless_the_user_sets_one() -> None:
    def slow(x: Any) -> Any:
        time.sleep(0.12)  # the checker calls it several times
        return x * x

    default = settings.get_profile("default").deadline
    few = {"max_examples": 1, "phases": (Phase.generate,)}
    settings(**few, deadline=default)(gradcheck(x=finite(1, 2))(slow))()
    with pytest.raises(DeadlineExceeded):
        settings(**few, deadline=150)(gradcheck(x=finite(1, 2))(slow))()


def test_lost_digits_are_told_and_are_no_error() -> None:
    report = check_gradients(lambda x: (x * 1e9 + 1.0).tanh() - x.tanh() + x, 26.0)
    assert report.leaves == 1
    report = check_gradients(lambda x: 1.0 - x.tanh() * x.tanh(), 18.0)
    assert "digits to cancellation" in str(report)


def test_lists_and_lists_of_lists_are_arguments() -> None:
    def f(W: Any, x: Any) -> Any:
        return [dot(row, x).tanh() for row in W]

    report = check_gradients(f, [[0.1, 0.2], [0.3, -0.4]], [1.0, -2.0])
    assert report.leaves == 6


def test_leaves_that_the_function_closes_over_are_checked_too() -> None:
    w, b = Value(0.5, "w"), Value(-0.2, "b")
    assert check_gradients(lambda x: (w * x + b).tanh(), 2.0).leaves == 3
    assert check_gradients(lambda: (w * 2.0 + b).tanh()).leaves == 2
    assert (w.data, b.data, w.grad) == (0.5, -0.2, 0.0)


def test_a_network_is_checked_over_all_its_parameters() -> None:
    from nn import FNN

    model = FNN([3, 5, 4, 1], activation="tanh", seed=0)
    report = check_gradients(lambda *x: (model(list(x)) - 0.3) ** 2, 0.1, -0.4, 0.7)
    assert report.leaves == 3 + len(list(model.parameters()))


def test_a_wrong_rule_in_a_network_is_named(wrong_tanh: None) -> None:
    from nn import FNN

    model = FNN([3, 5, 4, 1], activation="tanh", seed=0)
    with pytest.raises(GradientMismatchError) as caught:
        check_gradients(lambda *x: model(list(x)), 0.1, -0.4, 0.7)
    assert caught.value.op == "tanh"
    assert len(caught.value.source.splitlines()) == 4
    assert "Found in a graph of" in str(caught.value)


# The report.


def test_the_report_of_a_wrong_rule_has_numbers_program_table_cause_and_command(
    wrong_tanh: None,
) -> None:
    with pytest.raises(GradientMismatchError) as caught:
        check_gradients(lambda x, y: (x * y).tanh() + x, 0.5, 2.0)
    report = str(caught.value)
    assert report.splitlines()[0].startswith("d/dy: autograd 0.119202")
    assert ", expected 0.209987" in report.splitlines()[0]
    assert "rule gives 0.238406, derivative is 0.419974  <- wrong rule" in report
    assert "    a = Value(1.0)\n    t0 = tanh(a)\n    t0.backward()\n" in report
    assert "t0.debug()" in report
    assert (caught.value.kind, caught.value.op, caught.value.argument) == ("rule", "tanh", 0)
    assert caught.value.got == 1.0 - math.tanh(1.0)
    assert caught.value.expected == pytest.approx(1.0 - math.tanh(1.0) ** 2)


def test_a_report_survives_pickling_as_parallel_test_runners_need(wrong_tanh: None) -> None:
    with pytest.raises(GradientMismatchError) as caught:
        check_gradients(lambda x: x.tanh(), 0.5)
    twin = pickle.loads(pickle.dumps(caught.value))
    assert str(twin) == str(caught.value)
    assert (twin.kind, twin.op, twin.source) == ("rule", "tanh", caught.value.source)


def test_the_program_of_a_report_runs_and_shows_the_failure(wrong_tanh: None) -> None:
    with pytest.raises(GradientMismatchError) as caught:
        check_gradients(lambda x, y: (x * y).tanh() + x, 0.5, 2.0)
    names: dict[str, Any] = {}
    exec(caught.value.source, names)
    assert names["a"].grad == caught.value.got
    assert caught.value.root is not None
    assert names["t0"].data == caught.value.root.data


@pytest.mark.parametrize(
    ("row", "rule", "hint"),
    [
        ("exp", lambda f, x: -f, "opposite sign"),
        ("exp", lambda f, x: 2.0 * f, "2 times the derivative"),
        ("sin", lambda f, x: 0.0, "gives 0: is a term missing"),
        ("log", lambda f, x: 1.0, "factor too many: rule / derivative is x, 0.7"),
        ("tanh", lambda f, x: f, "off by"),
        ("exp", lambda f, x: 1.0, "factor is missing: derivative / rule is the output"),
        ("relu", lambda f, x: 1.0 / 0.0, "raises ZeroDivisionError"),
        ("relu", lambda f, x: "one", "raises ValueError"),
    ],
    ids=["sign", "twice", "zero", "one", "output", "factor", "raises", "no number"],
)
def test_the_report_guesses_the_cause(
    row: str, rule: Any, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OPS[row], "partials", (rule,))
    with pytest.raises(GradientMismatchError, match=hint):
        check_gradients(lambda x: apply(OPS[row], x), 0.7)


def test_the_report_guesses_that_arguments_are_swapped(monkeypatch: pytest.MonkeyPatch) -> None:
    row = OPS["mul"]
    monkeypatch.setattr(row, "partials", row.partials[::-1])
    with pytest.raises(GradientMismatchError, match="are the arguments swapped"):
        check_gradients(lambda x, y: x * y, 0.7, 3.0)


@given(programs())
def test_printed_programs_compute_the_same_numbers(program: StraightLineProgram) -> None:
    leaves, root = program.build()
    names: dict[str, Any] = {}
    text = repr(program)
    exec(text, names)
    again = names[text.splitlines()[-1].removesuffix(".backward()")]
    assert repr(again.data) == repr(root.data)
    root.backward()
    for leaf in leaves:
        if leaf.label in names:
            assert repr(names[leaf.label].grad) == repr(leaf.grad)


def test_labels_name_the_values_of_a_printed_graph_where_they_can() -> None:
    x, y = Value(2.0, "tanh"), Value(-1.0, "rate")
    text = source((x * y + 3.0) ** 2.0)
    assert text.splitlines()[1:-1] == [
        "a = Value(2.0)",
        "rate = Value(-1.0)",
        "t0 = a * rate",
        "t1 = t0 + 3.0",
        "t2 = t1 ** 2.0",
    ]


# Functions that are not what they record.


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * float(x),
        lambda x: x * x.data,
        lambda x: x * x.detach(),
        lambda x: x.data**2,
        lambda x: float(x) ** 2,
    ],
    ids=["float", "data", "detach", "only data", "only float"],
)
def test_a_number_that_is_baked_in_is_found(f: Any) -> None:
    with pytest.raises(GradientMismatchError, match="baked in") as caught:
        check_gradients(f, 3.0)
    assert caught.value.kind == "rerun"
    assert caught.value.expected == pytest.approx(6.0)


def test_a_function_inside_no_grad_is_found_out() -> None:
    def f(x: Any) -> Any:
        with no_grad():
            y = x * x
        return y + 1.0

    with pytest.raises(GradientMismatchError, match="no_grad"):
        check_gradients(f, 3.0)


def test_a_baked_in_parameter_among_many_is_found() -> None:
    weights = [Value(0.1 * i + 0.05, f"w{i}") for i in range(40)]

    def f(x: Any) -> Any:
        return total(w * x for w in weights[:-1]).tanh() * weights[-1].data + weights[-1]

    with pytest.raises(GradientMismatchError, match=r"d/dw39: autograd 1\.0"):
        check_gradients(f, 0.1)


def test_a_random_function_is_told_apart() -> None:
    with pytest.raises(GradientMismatchError, match="two calls, two answers"):
        check_gradients(lambda x: x * random.random(), 3.0)


def test_a_function_that_changes_its_input_is_told_apart() -> None:
    def moves(x: Any) -> Any:
        x.data += 1.0
        return x * x

    with pytest.raises(GradientMismatchError, match=r"changes x: it was 3.0 and is 4.0"):
        check_gradients(moves, 3.0)


def test_a_function_gets_a_list_of_its_own() -> None:
    def sorts(xs: Any) -> Any:
        xs.sort(key=float)
        return xs.pop() * xs[0]

    given = [3.0, 1.0]
    assert check_gradients(sorts, given, order=2).leaves == 2
    assert given == [3.0, 1.0]


def test_a_function_must_return_a_number() -> None:
    with pytest.raises(TypeError, match="a Value or a list of Values is needed"):
        check_gradients(lambda x: "x", 1.0)
    with pytest.raises(ValueError, match="order is 1 for gradients"):
        check_gradients(lambda x: x, 1.0, order=0)
    with pytest.raises(DomainError, match="log"):
        check_gradients(lambda x: x.log(), -1.0)


# Your own primitives.


def test_a_primitive_in_plain_arithmetic_is_replayed_with_a_hundred_digits() -> None:
    @primitive(partials=(lambda f, x: 3.0 * x**2,))
    def cube(x: float) -> float:
        return x**3

    assert check_gradients(lambda x: cube(x) + x, 1.7, order=2).notes == ()

    @primitive(partials=(lambda f, x: 3.0000001 * x**2,))
    def cubed(x: float) -> float:
        return x**3

    with pytest.raises(GradientMismatchError) as caught:
        check_gradients(lambda x: cubed(x) + x, 1.7)
    assert caught.value.op == "cubed"


def test_without_mpmath_the_report_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbers, "available", lambda: False)
    report = str(check_gradients(lambda x: x * x, 3.0))
    assert report.startswith("ok: 1 gradient")
    assert "pip install 'autograd_mini[check]'" in report


def test_a_primitive_in_floats_is_checked_by_differences() -> None:
    @primitive(partials=(lambda f, x: 3.0 * math.pow(x, 2),))
    def cube(x: float) -> float:
        return math.pow(x, 3)

    report = check_gradients(lambda x: cube(x) * x, 1.7)
    assert "checked by differences" in str(report)

    @primitive(partials=(lambda f, x: 3.01 * math.pow(x, 2),))
    def cubed(x: float) -> float:
        return math.pow(x, 3)

    with pytest.raises(GradientMismatchError) as caught:
        check_gradients(lambda x: cubed(x) * x, 1.7)
    assert (caught.value.kind, caught.value.op) == ("rule", "cubed")


def test_a_rule_that_is_a_plain_float_fails_the_second_order() -> None:
    @primitive(partials=(lambda f, x: 3.0 * float(x) ** 2,))
    def cube(x: float) -> float:
        return x**3

    check_gradients(lambda x: cube(x), 1.7)
    with pytest.raises(GradientMismatchError, match="baked in"):
        check_gradients(lambda x: cube(x), 1.7, order=2)


def test_a_kink_of_your_own_may_have_any_slope_between_left_and_right() -> None:
    @primitive(partials=(lambda f, x: 0.3 if x == 0 else 1.0 if x > 0 else -1.0,), kinks=(0.0,))
    def fold(x: float) -> float:
        return x if x > 0 else -x

    check_gradients(lambda x: fold(x) * 2.0, 0.0)

    @primitive(partials=(lambda f, x: 1.3 if x == 0 else 1.0 if x > 0 else -1.0,), kinks=(0.0,))
    def folded(x: float) -> float:
        return x if x > 0 else -x

    with pytest.raises(GradientMismatchError, match="not between the slopes left and right"):
        check_gradients(lambda x: folded(x) * 2.0, 0.0)


def test_without_mpmath_everything_is_checked_by_differences(
    wrong_tanh: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from autograd_mini.testing import numbers

    def missing() -> Any:
        raise ImportError("mpmath")

    monkeypatch.setattr(numbers, "available", lambda: False)
    monkeypatch.setattr(numbers, "context", missing)
    check_gradients(lambda x, y: (x * y).sigmoid() + x.exp() / y, 0.5, 2.0)
    check_gradients(lambda x: x.relu(), 0.0)
    with pytest.raises(GradientMismatchError) as caught:
        check_gradients(lambda x, y: (x * y).tanh() + x, 0.5, 2.0)
    assert (caught.value.op, caught.value.argument) == ("tanh", 0)


# References.


def test_a_check_inside_no_grad_records_all_the_same() -> None:
    with no_grad():
        assert check_gradients(lambda x: x * x, 3.0).nodes == 1
        assert reference_gradient(lambda x: x * x, 3.0) == [6.0]


def test_a_point_that_is_not_finite_is_noted() -> None:
    report = check_gradients(lambda x, y: x * y, math.nan, 2.0)
    assert report.notes == ("nothing is near x = nan: no difference was taken",)


def test_a_reference_gradient_is_that_of_one_number() -> None:
    with pytest.raises(TypeError, match="one number"):
        reference_gradient(lambda x: [x, x], 1.0)


def test_reference_gradients_are_right_where_floats_cancel() -> None:
    """tanh'(26) is 4 e⁻⁵² to twenty digits; 1 - f² gives 0."""
    x = Value(26.0)
    exact = reference_gradient(tanh(x))[x]
    assert exact == pytest.approx(4.0 * math.exp(-52.0), rel=1e-15)
    assert grad(tanh)(26.0) == 0.0


@given(programs())
def test_reference_gradients_agree_with_the_engine_where_that_keeps_its_digits(
    program: StraightLineProgram,
) -> None:
    leaves, root = program.build()
    report = program.check()
    if not report.notes:
        exact = reference_gradient(root)
        root.backward()
        for x in leaves:
            if not math.isnan(exact.get(x, math.nan)):
                assert x.grad == pytest.approx(exact[x], rel=1e-6, abs=1e-9)


def test_reference_gradients_of_a_function_have_the_structure_of_its_arguments() -> None:
    found = reference_gradient(lambda x, ys: x * ys[0] - ys[1], 2.0, [3.0, 4.0])
    assert found == [3.0, [2.0, -1.0]]


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    [
        (math.tanh, 0.7, 1 - math.tanh(0.7) ** 2),
        (lambda x: x**5, 1.7, 5 * 1.7**4),
        (lambda x: 1e6 + math.tanh(x), 0.7, 1 - math.tanh(0.7) ** 2),
        (math.exp, -20.0, math.exp(-20.0)),
    ],
    ids=["tanh", "power", "a large number more", "tiny"],
)
def test_ridders_method_knows_its_own_error(f: Any, x: float, slope: float) -> None:
    found = ridders(f, x)
    assert found.allows(slope)
    assert found.error < 1e-4 * abs(slope)


@pytest.mark.parametrize("size", [0.0, 5e-324, 2.3e-308, 2.0**1023 * 1.01, 1.7e308, math.inf])
def test_differences_judge_at_any_size_of_argument(size: float) -> None:
    assert judge(lambda t: 3.0 * t, 3.0, size=size).fits
    if 5e-324 < size <= 1.7e308:
        check_gradients(lambda x: abs(x) * 0.25, size)


def test_differences_judge_near_the_end_of_a_domain_and_beside_a_kink() -> None:
    assert judge(lambda t: math.log(0.001 + t), 1000.0).fits
    assert not judge(lambda t: math.log(0.001 + t), 1010.0).fits
    assert judge(lambda t: abs(1e-3 + t), 1.0).fits
    assert not judge(lambda t: abs(1e-3 + t), 0.5).fits
    assert judge(lambda t: math.sqrt(t), math.inf).fits  # no value on the left: no verdict


# Strategies.


@given(finite(-3, 3), positive(), nonzero(), nonzero(0, 5), points(3), values(finite(0, 1)))
def test_strategies_draw_what_they_say(
    x: float, p: float, n: float, q: float, xs: tuple[float, ...], v: Value
) -> None:
    assert -3 <= x <= 3
    assert p > 0
    assert abs(n) >= 1e-3
    assert q >= 1e-3
    assert len(xs) == 3
    assert v.is_leaf
    assert 0 <= v.data <= 1


@given(st.data())
def test_points_lie_in_the_domain(data: st.DataObject) -> None:
    op = data.draw(st.sampled_from(list(OPS.values())))
    assert math.isfinite(op.forward(*data.draw(points(op))))
    assert data.draw(points(op.name, count=4)) is not None


def test_a_straight_line_program_keeps_its_shorter_name() -> None:
    assert autograd_mini.testing.Program is StraightLineProgram


@given(programs(max_ops=5), programs(["add", OPS["log"]], max_ops=3))
def test_programs_have_a_finite_result_and_the_operations_asked_for(
    any_program: StraightLineProgram, program: StraightLineProgram
) -> None:
    for p, most in ((any_program, 5), (program, 3)):
        assert 1 <= len(p.code) <= most
        assert all(math.isfinite(r.data) for r in p.run(*map(Value, p.inputs)))
    assert {name for name, _ in program.code} <= {"add", "log", "neg"}


def test_programs_share_results_often() -> None:
    shared = 0
    drawn: list[StraightLineProgram] = []

    @settings(max_examples=40, database=None, derandomize=True)
    @given(programs(max_ops=8))
    def collect(program: StraightLineProgram) -> None:
        drawn.append(program)

    collect()
    for p in drawn:
        used = [k for _, operands in p.code for k in operands]
        shared += len(used) != len(set(used))
    assert shared > len(drawn) / 4


def test_bad_questions_are_answered() -> None:
    with pytest.raises(ValueError, match="no operation is called 'tahn'"):
        programs(["tahn"])
    with pytest.raises(ValueError, match="one line or more"):
        programs(max_ops=0)
    with pytest.raises(ValueError, match="above 0"):
        positive(-1)
    with pytest.raises(ValueError, match="nothing to draw"):
        nonzero(-1e-9, 1e-9)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        autograd_mini.testing.nonsense  # noqa: B018
    assert set(dir(autograd_mini.testing)) >= set(autograd_mini.testing.__all__)


def test_an_own_primitive_is_at_once_among_the_programs() -> None:
    @primitive(partials=(lambda f, x: 2.0 * x + 1.0,))
    def wobble(x: float) -> float:
        return x * x + x

    options = settings(max_examples=2000, database=None, phases=[Phase.generate])
    find(programs(), lambda p: "wobble" in [name for name, _ in p.code], settings=options)


# Property tests.


@gradcheck(x=finite(-3, 3), y=nonzero())
def test_a_decorated_function_is_a_property_test(x: Any, y: Any) -> Any:
    return (x / y).tanh() + x


@pytest.fixture(scope="module")
def shift() -> float:
    return 20.0


@settings(max_examples=10)
@gradcheck(xs=st.lists(finite(), min_size=1, max_size=4), order=2)
def test_a_decorated_function_may_take_a_list_and_a_fixture(xs: Any, shift: float) -> Any:
    return norm([x + shift for x in xs])


def test_a_decorated_function_reports_the_smallest_failure(wrong_tanh: None) -> None:
    @gradcheck(x=finite(-3, 3))
    def check_me(x: Any) -> Any:
        return x.tanh() * x

    with pytest.raises(GradientMismatchError) as caught:
        settings(database=None)(check_me)()
    assert caught.value.op == "tanh"
    assert abs(caught.value.got) < 3.0


def test_gradcheck_says_what_it_needs() -> None:
    with pytest.raises(TypeError, match="no argument 'z': it has x"):

        @gradcheck(z=finite())
        def f(x: Any) -> Any:
            return x

    with pytest.raises(TypeError, match="needs a strategy"):

        @gradcheck(x=3.0)
        def g(x: Any) -> Any:
            return x


def test_the_plugin_teaches_hypothesis_what_a_value_is() -> None:
    script = """
        import sys
        from autograd_mini.testing import _hypothesis_setup_hook
        assert "mpmath" not in sys.modules and "hypothesis" not in sys.modules
        _hypothesis_setup_hook()
        assert "mpmath" not in sys.modules and "autograd_mini.testing.strategies" not in sys.modules
        from autograd_mini import Value
        from hypothesis import find, strategies as st
        assert find(st.from_type(Value), lambda v: v.data > 3).data == 4.0
    """
    python("-c", textwrap.dedent(script), check=True)


# The command.


@pytest.fixture
def module(tmp_path: Path) -> Path:
    path = tmp_path / "losses_to_check.py"
    path.write_text(
        textwrap.dedent(
            """
            from autograd_mini import Value, primitive

            @primitive(partials=(lambda f, x: 2.0 * x + 1.0,))
            def wiggle(x):
                return x * x

            def good(x, ys):
                return (x * ys[0]).tanh() + ys[1]

            def bad(x):
                return wiggle(x) * 3.0

            def closed():
                return W * 2.0

            W = Value(1.0, "W")
            number = 3
            """
        )
    )
    return path


def run(*arguments: str) -> tuple[int, str]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        status = main(arguments)
    return status, out.getvalue()


def test_the_command_checks_a_function_of_a_file(module: Path) -> None:
    assert run(f"{module}:good", "--inputs", "-1e-3", "[0.5,2]", "--order", "2")[0] == 0
    assert run(f"{module}:closed") == (0, "ok: 1 gradient, 1 operation, 1 local derivative\n")
    status, text = run(f"{module}:bad", "--inputs=1.5")
    assert status == 1
    assert text.startswith("GradientMismatchError: d/dx: autograd 12.0, expected 9.0")
    assert "wiggle, argument 0" in text


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (["{}:god"], "did you mean good?"),
        (["{}:number"], "is not a function"),
        (["nowhere.py:f"], "no file 'nowhere.py'"),
        (["{}.broken.py:f"], "cannot be loaded: SyntaxError: "),
        (["nowhere_at_all:f"], "no module 'nowhere_at_all'"),
        (["{}"], "one MODULE:FUNCTION is needed"),
        (["{}:good", "--inputs", "one"], "an input is a number or a list"),
        (["{}:good", "--order", "two"], "--order needs a whole number"),
        (["{}:good", "--points", "2"], "no option '--points'"),
        (["{}:good", "--inputs", "2"], "fails: TypeError"),
        (["{}:good"], "--inputs is missing: a number or a list for each of "),
        (["{}:good", "--inptus", "2"], "no option '--inptus': did you mean --inputs?"),
        (["{}:good", "--inputs", "2", "inf"], "and finite, but got 'inf'"),
        (["{}:good", "--inputs", "[1,NaN]"], "and finite, but got '[1,NaN]'"),
        (["{}:Value"], "it is a class: write --engine"),
    ],
)
def test_the_command_answers_a_bad_question_with_advice(
    arguments: list[str], advice: str, module: Path
) -> None:
    Path(f"{module}.broken.py").write_text("def f(:\n")
    status, text = run(*[a.replace("{}", str(module)) for a in arguments])
    assert status == 2
    assert advice in text


def test_inputs_may_be_abbreviated_and_stand_before_the_function(module: Path) -> None:
    told = "ok: 3 gradients"
    for words in (
        ("--inputs", "-1", "[0.5,2]", f"{module}:good"),
        (f"{module}:good", "--inp", "-1", "[0.5,2]"),
        ("--in=-1", "[0.5,2]", f"{module}:good", "--ord", "2"),
    ):
        status, text = run(*words)
        assert (status, text[: len(told)]) == (0, told)


def test_the_command_is_one_of_the_packages_own() -> None:
    done = python("-m", "autograd_mini", "check", "math:tanh", "--inputs", "1")
    assert done.returncode == 1
    assert "baked in" in done.stdout

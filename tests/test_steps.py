"""Stepping: events equal the fast pass bit for bit, say what they do, and disturb nothing."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_mini import (
    OPS,
    AnomalyError,
    Op,
    Step,
    Trace,
    Value,
    apply,
    detect_anomaly,
    dot,
    product,
    register,
    topological_order,
    total,
)
from autograd_mini.testing import programs
from autograd_mini.testing.strategies import StraightLineProgram


def built(program: StraightLineProgram) -> Value:
    """Return the root of a program's graph, with numbers in it that an operator wrapped."""
    return program.build()[1] * 2.0 - 1.0


def bits(gradients: Sequence[float]) -> list[bytes]:
    return [struct.pack("d", math.nan if x != x else x) for x in gradients]


@given(program=programs(), seed=st.floats(-2.0, 2.0), passes=st.integers(1, 3))
def test_exhausted_steps_equal_backward_bit_for_bit(
    program: StraightLineProgram, seed: float, passes: int
) -> None:
    fast, stepped = built(program), built(program)
    for _ in range(passes):
        fast.backward(seed)
        for step in stepped.backward_steps(seed):
            assert bits([step.parent.grad]) == bits([step.after])
    assert bits([node.grad for node in topological_order(fast)]) == bits(
        [node.grad for node in topological_order(stepped)]
    )


@given(program=programs(), seed=st.floats(-2.0, 2.0))
def test_a_trace_tells_the_steps_of_the_live_pass_and_touches_no_gradient(
    program: StraightLineProgram, seed: float
) -> None:
    root = built(program)
    nodes = topological_order(root)
    for node in nodes:
        node.grad = 7.0
    trace = Trace(root, seed)
    assert [node.grad for node in nodes] == [7.0] * len(nodes)
    root.zero_grad()
    live = list(root.backward_steps(seed))
    assert list(map(fields, trace)) == list(map(fields, live))
    assert list(map(str, trace)) == list(map(str, live))
    shown = [node for node in nodes if not node.is_constant]
    assert bits([trace.at(len(trace)).get(node, 0.0) for node in shown]) == bits(
        [node.grad for node in shown]
    )


def fields(step: Step) -> tuple[Any, ...]:
    numbers = (step.local, step.upstream, step.contribution, step.before, step.after)
    return step.index, step.total, step.node, step.parent, step.argument, *map(repr, numbers)


@given(program=programs())
def test_the_arithmetic_of_a_step_is_a_true_sentence(program: StraightLineProgram) -> None:
    names = {"nan": math.nan, "inf": math.inf}
    for step in Trace(built(program)):
        sum_, _, after = step.arithmetic.partition(": ")[2].rpartition(" = ")
        assert repr(eval(sum_, names)) == repr(eval(after, names)) == repr(step.after)


@given(program=programs())
def test_the_rule_in_a_step_is_the_derivative_it_used(program: StraightLineProgram) -> None:
    """Run on the numbers, the text on the right of `=` gives the local derivative."""
    root = built(program)
    trace = Trace(root)
    numbers: dict[str, Any] = {trace.name(node): node.data for node in trace.nodes}
    names = {name: op.forward for name, op in OPS.items()} | {"abs": abs} | numbers
    for step in trace:
        try:
            local = eval(step.rule.rpartition(" = ")[2], names)
        except (ValueError, ArithmeticError, SyntaxError):
            continue  # the helpers of the table never raise; or the text was cut
        if not isinstance(local, complex):
            assert local == pytest.approx(step.local, rel=1e-12, nan_ok=True)


@given(program=programs())
def test_forward_steps_recompute_every_operation(program: StraightLineProgram) -> None:
    root = built(program)
    trace = Trace(root)
    assert [step.node for step in trace.forward] == [
        node for node in topological_order(root) if not node.is_leaf
    ]
    for index, step in enumerate(trace.forward):
        assert (step.index, step.total) == (index, len(trace.forward))
        assert repr(step.op.forward(*step.operands)) == repr(step.value)
        assert step.operands == tuple(x.data for x in step.node.inputs) or math.nan in step.operands


@given(program=programs(), data=st.data())
def test_gradients_at_a_moment_are_the_sums_of_the_contributions_so_far(
    program: StraightLineProgram, data: st.DataObject
) -> None:
    root = built(program)
    trace = Trace(root, 2.0)
    moment = data.draw(st.integers(0, len(trace)))
    expected: dict[Value, float] = {root: 2.0}
    for step in trace[:moment]:
        expected[step.parent] = expected.get(step.parent, 0.0) + step.contribution
    assert repr(trace.at(moment)) == repr(expected)


def test_steps_read_as_the_chain_rule_with_numbers() -> None:
    a, z = Value(3.0, "a"), Value(0.0, "z")
    assert [str(step) for step in Trace(a * a)] == [
        "a.grad: 0.0 + 3.0 * 1.0 = 3.0   (d(a*a)/da = a, argument 0)",
        "a.grad: 3.0 + 3.0 * 1.0 = 6.0   (d(a*a)/da = a, argument 1)",
    ]
    h = z.tanh()
    h.label = "h"
    assert [str(step) for step in Trace(h * a - 2.0 * a)][3:] == [
        "h.grad: 0.0 + 3.0 * 1.0 = 3.0   (d(h*a)/dh = a, argument 0)",
        "a.grad: -2.0 + 0.0 * 1.0 = -2.0   (d(h*a)/da = h, argument 1)",
        "z.grad: 0.0 + 1.0 * 3.0 = 3.0   (d(tanh(z))/dz = 1.0 - h * h, argument 0)",
    ]


def test_nodes_without_a_label_go_by_their_place_in_topological_order() -> None:
    a, b = Value(2.0, "a"), Value(-3.0, "b")
    trace = Trace(a * b + Value(10.0))
    assert [str(step) for step in trace.forward] == [
        "n2 = a * b = 2.0 * -3.0 = -6.0",
        "n4 = n2 + n3 = -6.0 + 10.0 = 4.0",
    ]
    assert str(trace[1]) == "n3.grad: 0.0 + 1.0 * 1.0 = 1.0   (d(n2+n3)/dn3 = 1.0, argument 1)"
    assert [trace.id(node) for node in trace.nodes] == ["n0", "n1", "n2", "n3", "n4"]
    assert [trace.name(node) for node in trace.nodes] == ["a", "b", "n2", "n3", "n4"]


def test_a_number_that_an_operator_wrapped_shows_itself_and_receives_no_step() -> None:
    x = Value(3.0, "x")
    trace = Trace((-2.0) ** (x * 1.0))
    assert [str(step) for step in trace.forward] == [
        "n3 = x * 1.0 = 3.0 * 1.0 = 3.0",
        "n4 = (-2.0) ** n3 = (-2.0) ** 3.0 = -8.0",
    ]
    assert [step.rule for step in trace] == [
        "d((-2.0)**n3)/dn3 = n4 * nan",
        "d(x*1.0)/dx = 1.0",
    ]


def test_labels_that_would_be_misread_are_quoted_and_long_ones_cut() -> None:
    odd, long = Value(1.0, "a + b\n"), Value(2.0, "w" * 10_000)
    trace = Trace(odd * long)
    assert str(trace[0]).startswith(r"'a + b\n'.grad: 0.0 + 2.0 * 1.0 = 2.0   (d('a + b\n'*wwww")
    assert all(len(str(event)) < 300 for event in (*trace, *trace.forward))


def test_an_operation_on_many_numbers_is_told_in_a_short_sentence() -> None:
    xs = [Value(1.0, f"x{i}") for i in range(500)]
    trace = Trace(dot(xs, xs) + total(xs))
    assert "total(x0, x1, x2, x3, x4, x5, …, x499)" in str(trace.forward[1])
    assert all(len(str(event)) < 300 for event in (*trace, *trace.forward))
    assert [step.rule.rpartition(" = ")[2] for step in trace[502:504]] == ["x0", "x1"]


def test_a_rule_that_does_not_run_on_names_shows_its_number() -> None:
    op = register(Op("opaque_sine", math.sin, (lambda f, x: math.cos(x),)))
    (step,) = Trace(apply(op, Value(0.0, "x")))
    assert step.rule == "d(opaque_sine(x))/dx = 1.0"


def test_a_pass_closed_half_way_gives_the_leaves_back_what_they_had_and_the_steps_taken() -> None:
    a, b = Value(2.0, "a"), Value(3.0, "b")
    y = a * b
    y.backward()
    steps = y.backward_steps()
    next(steps)
    assert (a.grad, b.grad) == (3.0, 0.0)
    steps.close()
    assert (a.grad, b.grad) == (3.0 + 3.0, 2.0)
    y.backward()
    assert (a.grad, b.grad) == (9.0, 4.0)


def test_breaking_out_of_the_loop_ends_the_pass() -> None:
    a = Value(2.0, "a")
    for _ in (a * a).backward_steps():
        break
    assert a.grad == 2.0
    (a * a).backward()
    assert a.grad == 6.0


def test_a_second_pass_over_the_same_leaves_is_refused_while_one_is_open() -> None:
    a, b, c = Value(2.0, "a"), Value(3.0, "b"), Value(4.0, "c")
    y = a * b
    steps = y.backward_steps()
    next(steps)
    for second in (lambda: next((b * c).backward_steps()), (b + c).backward, y.backward):
        with pytest.raises(RuntimeError, match=r"backward_steps\(\) over \w = .* not finished"):
            second()
    (c * c).backward()
    assert c.grad == 8.0
    assert len(Trace(y)) == 2
    assert len(list(steps)) == 1
    y.backward()
    assert (a.grad, b.grad) == (6.0, 4.0)


def test_a_generator_that_nobody_consumes_does_nothing() -> None:
    a = Value(2.0, "a")
    y = a * a
    steps = y.backward_steps()
    y.backward()
    assert a.grad == 4.0
    assert len(list(steps)) == 2
    assert a.grad == 8.0


@pytest.mark.parametrize("seed", ["1", None, 1j])
def test_a_seed_that_is_no_number_is_refused_at_the_call(seed: Any) -> None:
    with pytest.raises(TypeError):
        Value(1.0).backward_steps(seed)
    with pytest.raises(TypeError):
        Trace(Value(1.0), seed)


def test_a_rule_that_raises_leaves_the_leaves_as_backward_does() -> None:
    def broken(f: float, x: float) -> float:
        raise ZeroDivisionError("no slope today")

    x = Value(2.0, "x")
    (x * x).backward()
    y = apply(Op("broken", math.sin, (broken,)), x) + x
    for run in (y.backward, lambda: list(y.backward_steps())):
        with pytest.raises(ZeroDivisionError, match="no slope today"):
            run()
        assert x.grad == 4.0
    (x * x).backward()
    assert x.grad == 8.0


def test_inside_detect_anomaly_stepping_raises_what_backward_raises() -> None:
    x = Value(0.0, "x")
    y = x.sqrt() * 3.0
    said: list[str] = []
    with detect_anomaly():
        for run in (y.backward, lambda: list(y.backward_steps())):
            with pytest.raises(AnomalyError) as caught:
                run()
            said.append(str(caught.value))
    assert said[0] == said[1]
    assert "the gradient of sqrt is inf" in said[0]


def test_a_leaf_alone_has_no_steps_and_its_seed_as_gradient() -> None:
    x = Value(2.0, "x")
    assert list(x.backward_steps(3.0)) == []
    assert x.grad == 3.0
    trace = Trace(x, 3.0)
    assert (len(trace), trace.forward, trace.at(0)) == (0, (), {x: 3.0})


def test_a_moment_or_step_outside_of_the_pass_is_an_index_error_that_says_how_long_it_is() -> None:
    trace = Trace(Value(1.0) * Value(2.0))
    for moment in (-1, 3):
        with pytest.raises(IndexError, match=f"from 0 to 2, but got {moment}"):
            trace.at(moment)
    with pytest.raises(IndexError, match="there is no step 2: the pass has 2"):
        trace[2]
    assert trace[-1] is trace[1]
    assert list(reversed(trace)) == [trace[1], trace[0]]


@pytest.mark.parametrize("wrong", [3.0, None, [Value(1.0)]], ids=["float", "None", "list"])
def test_a_trace_starts_at_a_value(wrong: Any) -> None:
    with pytest.raises(TypeError, match="a Trace starts at a Value, but got"):
        Trace(wrong)


def test_a_trace_is_of_the_moment_it_was_made() -> None:
    x = Value(2.0, "x")
    y = x * x
    trace = Trace(y)
    x.data = 5.0
    y.recompute()
    assert trace[0].local == 2.0
    assert str(trace.forward[0]) == "n1 = x * x = 2.0 * 2.0 = 4.0"


def test_long_chains_are_stepped_and_traced_without_recursion_and_shown_briefly() -> None:
    x = y = Value(1.0, "x")
    for _ in range(20_000):
        y = y + 1.0
    trace = Trace(y)
    assert len(trace) == 20_000
    assert trace.at(20_000)[x] == 1.0
    for _ in y.backward_steps():
        pass
    assert x.grad == 1.0
    assert max(len(repr(thing)) for thing in (trace, trace[-1], trace.forward[-1])) < 200


def test_a_step_of_a_product_of_thousands_is_told_in_linear_time() -> None:
    step = Trace(product([Value(1.0, f"x{i}") for i in range(8000)]))[7]
    assert str(step).endswith(" = 1.0, argument 7)")

from __future__ import annotations

import asyncio
import cmath
import io
import math
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from operator import attrgetter
from typing import Any

import numpy as np
import pytest

from autograd_mini import (
    OPS,
    DetachedWarning,
    Op,
    StaleWarning,
    Trace,
    Value,
    apply,
    contexts,
    derivative,
    detect_anomaly,
    exp,
    grad,
    hessian,
    jacobian,
    log,
    no_grad,
    record_source,
    sqrt,
    to_dot,
    to_mermaid,
    to_svg,
    total,
    value_and_grad,
)
from autograd_mini.errors import AnomalyError
from autograd_mini.graph import stale
from autograd_mini.testing import GradientMismatchError, check_gradients


def test_inside_no_grad_operations_give_plain_leaves() -> None:
    x = Value(2.0)
    with no_grad():
        results = [x * 3, x.exp(), total([x, x]), -x]
    assert all(y.is_leaf for y in results)
    assert not (x * 3).is_leaf


def test_the_contexts_are_decorators_too() -> None:
    @no_grad()
    def double(x: Value) -> Value:
        """Twice x."""
        return x * 2

    assert double(Value(1.0)).is_leaf
    assert double(Value(1.0)).is_leaf
    assert double.__doc__ == "Twice x."


def test_a_coroutine_runs_inside_of_its_block_and_a_generator_is_refused() -> None:
    @no_grad()
    async def double(x: Value) -> Value:
        await asyncio.sleep(0)
        return x * 2

    assert asyncio.run(double(Value(1.0))).is_leaf
    with pytest.raises(TypeError, match=r"'doubles' is a generator: .* open the block inside"):

        @no_grad()
        def doubles(x: Value) -> Iterator[Value]:
            yield x * 2


def test_an_abandoned_generator_may_be_closed_by_another_task() -> None:
    async def doubles() -> AsyncIterator[Value]:
        with no_grad():
            yield Value(1.0) * 2
            yield Value(2.0) * 2

    async def first() -> Value:
        async for value in doubles():
            return value  # asyncio closes the generator in a task of its own
        raise AssertionError

    assert asyncio.run(first()).is_leaf
    assert contexts.state.open == 0


def test_threads_may_share_one_block() -> None:
    block, inside, leave = no_grad(), threading.Event(), threading.Event()
    recorded: list[bool] = []

    def other() -> None:
        with block:
            inside.set()
            leave.wait(10)
        recorded.append(not (Value(1.0) * 2).is_leaf)

    thread = threading.Thread(target=other)
    with block:
        thread.start()
        inside.wait(10)
    recorded.append(not (Value(1.0) * 2).is_leaf)
    leave.set()
    thread.join()
    assert recorded == [True, True]
    with pytest.raises(IndexError):
        block.__exit__()
    assert contexts.state.open == 0


def test_blocks_nest_and_close_after_an_error() -> None:
    before = contexts.state.open
    with pytest.raises(KeyError), no_grad(), record_source(), no_grad():
        raise KeyError
    assert contexts.state.open == before
    assert not (Value(1.0) * 2).is_leaf


def test_a_recorded_source_is_the_callers_own_line() -> None:
    with record_source():
        a = Value(2.0) * 3
        b = log(a)
    line = test_a_recorded_source_is_the_callers_own_line.__code__.co_firstlineno
    assert a.source == f"{__file__}:{line + 2}"
    assert b.source == f"{__file__}:{line + 3}"
    assert (a + b).source is None
    assert a.inputs[1].is_constant


def wrong(*_: Any) -> float:
    return math.nan


def test_the_first_infinity_raises_with_node_inputs_and_line() -> None:
    x = Value(1e200, label="x")
    with (
        pytest.raises(
            AnomalyError, match=r"mul gives inf: x = 1e\+200, x = 1e\+200 \(made at .*:\d+\)"
        ),
        detect_anomaly(),
    ):
        x.__mul__(x)
    assert (x * x).data == math.inf


def test_the_first_bad_gradient_raises_and_leaves_the_leaves_alone() -> None:
    x, y = Value(0.0, "x"), Value(3.0, "y")
    (x * y).backward()
    with detect_anomaly():
        root = sqrt(x) + y
        with pytest.raises(AnomalyError, match=r"gradient of sqrt is inf.*x = 0\.0.*made at"):
            root.backward()
    assert (x.grad, y.grad) == (3.0, 0.0)
    root.backward()
    assert x.grad == math.inf


def test_the_slope_of_a_wrapped_number_does_not_count() -> None:
    with detect_anomaly():
        y = Value(-3.0) ** 2
        y.backward()
    assert y.inputs[0].grad == -6.0


@pytest.mark.parametrize(
    "transform", [grad, value_and_grad, jacobian, hessian, derivative], ids=attrgetter("__name__")
)
def test_transforms_raise_at_the_first_bad_gradient_too(transform: Callable[..., Any]) -> None:
    with detect_anomaly(), pytest.raises(AnomalyError, match=r"sqrt|quotient"):
        transform(lambda x: sqrt(x * x))(0.0)


def test_a_recompute_raises_at_the_first_infinity_and_keeps_the_data() -> None:
    x = Value(1.0, "x")
    y = (x * 1e200) * 1e200
    x.data = 1e200
    with detect_anomaly(), pytest.raises(AnomalyError, match=r"mul gives inf: x = 1e\+200"):
        y.recompute()
    assert y.inputs[0].data == 1e200
    y.recompute()
    assert y.data == math.inf


def test_a_wrong_rule_is_found_by_its_node() -> None:
    with detect_anomaly(), pytest.raises(AnomalyError, match="gradient of rotten is nan"):
        apply(Op("rotten", lambda x: x, (wrong,)), Value(1.0)).backward()


def test_each_thread_has_its_own_settings() -> None:
    inside, leave = threading.Event(), threading.Event()

    def other() -> None:
        with no_grad():
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=other)
    thread.start()
    inside.wait(10)
    assert not (Value(1.0) * 2).is_leaf
    leave.set()
    thread.join()


def test_each_asyncio_task_has_its_own_settings() -> None:
    async def recorded(
        setting: Callable[[], Any], first: asyncio.Event, then: asyncio.Event
    ) -> bool:
        with setting():
            first.set()
            await then.wait()
            return not (Value(1.0) * 2).is_leaf

    async def both() -> list[bool]:
        a, b = asyncio.Event(), asyncio.Event()
        return list(await asyncio.gather(recorded(no_grad, a, b), recorded(record_source, b, a)))

    assert asyncio.run(both()) == [False, True]
    assert contexts.state.open == 0


@pytest.mark.parametrize("op", OPS.values(), ids=attrgetter("name"))
def test_where_a_row_is_smooth_there_is_no_anomaly(op: Op) -> None:
    middle = [Value((low + high) / 2) for low, high in op.smooth_ranges()]
    with detect_anomaly():
        apply(op, *middle).backward()
    assert all(math.isfinite(x.grad) for x in middle)


@pytest.mark.parametrize(
    "leaves",
    [
        "math.exp(k)",
        "cmath.exp(k)",
        "np.interp(k, [0.0, 1.0], [0.0, 1.0])",
        "exp(-k * 2)",
        "3 + math.sin(k) ** 2",
    ],
)
def test_a_function_that_takes_the_float_of_a_value_warns_once_for_each_place(leaves: str) -> None:
    names = {"k": Value(0.5, "k"), "math": math, "cmath": cmath, "np": np, "exp": math.exp}
    code = compile(leaves, "program", "eval")
    with pytest.warns(DetachedWarning, match=r"so 'k' gets no gradient there: use"):
        eval(code, names)
    eval(code, names)
    with pytest.warns(DetachedWarning, match="use autograd_mini") as caught:
        eval(compile(leaves, "program", "eval"), names)
    assert caught[0].filename == "program"


@pytest.mark.parametrize(
    ("leaves", "ours"),
    [("math.fabs(k)", r"abs\(x\)"), ("math.fsum([k])", r"total\(xs\)"), ("math.pow(k, 2)", "x ")],
)
def test_what_others_call_otherwise_is_answered_with_what_to_write(leaves: str, ours: str) -> None:
    names = {"k": Value(0.5, "k"), "math": math}
    with pytest.warns(DetachedWarning, match=f"use {ours}"):
        eval(compile(leaves, "program", "eval"), names)


def test_a_place_that_floats_have_warmed_up_warns_once_too() -> None:
    def decay(x: Any) -> Any:
        return math.exp(x)

    for _ in range(50):
        decay(0.5)
    with pytest.warns(DetachedWarning) as caught:
        assert [decay(Value(0.5, "a\nb")) for _ in range(50)]
    assert len(caught) == 1
    assert str(caught[0].message).isprintable()
    with pytest.warns(DetachedWarning) as caught:
        assert [math.sin(Value(0.5, "k")) for _ in range(50)]
    assert len(caught) == 1


@pytest.mark.parametrize(
    "silent",
    [
        *("float(k)", "k.item()", "k.data", "round(k, 2)", "f'{k:.2f}'", "str(k)", "int(k)"),
        *("math.exp(float(k))", "math.isfinite(k)", "'%.3f' % k", "np.float64(k)", "exp(k)"),
        *("np.array([k], float)", "np.exp(np.array([k], object))", "list(map(float, [k]))"),
    ],
)
def test_a_float_that_was_asked_for_is_silent(silent: str) -> None:
    eval(silent, {"k": Value(0.5, "k"), "math": math, "np": np, "exp": exp})


def test_where_nothing_is_recorded_nothing_leaves_the_graph() -> None:
    with no_grad():
        assert math.exp(Value(0.0, "k")) == 1.0


def test_a_graph_whose_numbers_do_not_follow_from_its_leaves_is_said_to_be_stale() -> None:
    x = Value(2.0, "x")
    y = x * x
    x.data = 5.0
    said = r"the graph is stale: mul gave 4.0, but with x = 5.0 it gives 25.0"
    with pytest.warns(StaleWarning, match=said):
        assert "it gives 25.0" in Trace(y).stale
    with detect_anomaly(), pytest.warns(StaleWarning, match=said):
        y.backward()
    y.recompute()
    assert Trace(y).stale == ""


def test_of_a_stale_graph_an_input_that_stands_twice_is_named_once() -> None:
    x, twin = Value(2.0, "x"), Value(2.0, "x")
    once, both = x * x, x * twin
    x.data = 5.0
    assert "but with x = 5.0 it gives 25.0" in stale(once)
    assert "but with x = 5.0, x = 2.0 it gives 10.0" in stale(both)


def test_drawings_with_partials_the_debugger_and_the_checker_say_that_a_graph_is_stale() -> None:
    x = Value(2.0, "x")
    y = x * x
    x.data = 5.0
    said = "the graph is stale: mul gave 4.0, but with x = 5.0 it gives 25.0"
    for draws in (to_svg, to_dot, to_mermaid):
        with pytest.warns(StaleWarning, match=said):
            assert "recompute()" in draws(y, partials=True)
        assert "recompute()" not in draws(y)
    out = io.StringIO()
    y.debug(stdin=io.StringIO("q\n"), stdout=out)
    assert said in out.getvalue()
    with pytest.raises(GradientMismatchError, match=said):
        check_gradients(lambda: y)
    y.recompute()
    assert "recompute()" not in to_svg(y, partials=True)

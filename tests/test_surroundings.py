"""What a function reads beside its arguments counts as it is, or its program refuses to run."""

from __future__ import annotations

import functools
import math
import random
import types
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest

from autograd_mini import TraceError, Value, atan2, compile, jit, sin, tanh
from nn import FNN, SGD, fit

w = Value(2.0, "w")
module: Any = types.ModuleType("settings")


class Model:
    scale = 1.0

    def __init__(self) -> None:
        self.rate = 1.0

    def __call__(self, x: Any) -> Any:
        return w * x * self.rate * self.scale


class Slotted:
    __slots__ = ("rate",)

    def __call__(self, x: Any) -> Any:
        return w * x * self.rate


def helper(x: Any) -> Any:
    return x * module.beta


def cases() -> dict[str, tuple[Callable[..., Any], Callable[[], Any]]]:
    beta, numbers, table, array = 1.0, [1.0, 2.0], {"k": 1.0}, np.array([1.0, 2.0])
    number = np.array(1.0)
    function, model, slotted, weights = tanh, Model(), Slotted(), [Value(1.0), Value(2.0)]
    module.beta = slotted.rate = 1.0
    parameter = Value(3.0)

    def rebind() -> None:
        nonlocal beta, function, parameter
        beta, function, parameter = 2.0, sin, Value(7.0)

    def change(owner: Any, name: str) -> Callable[[], None]:
        return lambda: setattr(owner, name, 5.0)

    return {
        "a closed-over number": (lambda x: w * x * beta, rebind),
        "a choice": (lambda x: w * x if beta < 2.0 else x, rebind),
        "a function": (lambda x: function(w * x), rebind),
        "a parameter": (lambda x: parameter * x, rebind),
        "a helper's": (lambda x: w * helper(x), change(module, "beta")),
        "a module's": (lambda x: w * x * module.beta, change(module, "beta")),
        "a list": (lambda x: w * x * numbers[0], lambda: numbers.reverse()),
        "a longer list": (lambda x: w * x * sum(numbers), lambda: numbers.append(3.0)),
        "Values of a list": (lambda x: x * sum(weights), lambda: weights.append(Value(3.0))),
        "a dictionary": (lambda x: w * x * table["k"], lambda: table.update(k=3.0)),
        "an array": (lambda x: w * x * array[0], lambda: array.fill(3.0)),
        "an array of one number": (lambda x: w * x * float(number), lambda: number.fill(3.0)),
        "an attribute": (model, change(model, "rate")),
        "a method": (model.__call__, change(model, "rate")),
        "a class": (model, change(Model, "scale")),
        "a slot": (slotted, change(slotted, "rate")),
        "a partial": (functools.partial(lambda k, x: k * x * beta, w), rebind),
        "a cache": (functools.lru_cache(lambda x: w * x * beta), rebind),
    }


@pytest.mark.parametrize("name", cases())
def test_a_program_of_what_has_changed_since_does_not_run(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Model, "scale", 1.0)
    f, change = cases()[name]
    program, step = compile(f, 1.0), jit(f)
    batch = [1.0, 2.0]
    for p in (program, step):
        for call in (p, p.value_and_grad, p.input_grad):
            call(batch)
    change()
    for p in (program, step):
        resident = [] if name == "Values of a list" else [p.gradient]  # it looks at no Values
        for call in (p, p.value_and_grad, *resident, p.input_grad):
            with pytest.raises(TraceError, match=r"two runs, between which '.*' became "):
                call(batch)


def test_another_zero_is_another_number_and_nan_is_nan() -> None:
    around = {"k": 0.0, "u": Value(1.0), "atan2": atan2}
    exec("def f(x): return atan2(k, x) * u", around)
    program = compile(cast(Any, around["f"]), -1.0)
    assert program([-1.0, -2.0]).tolist() == [math.pi, math.pi]
    for name, other in (("k", -0.0), ("u", Value(1.0))):
        before, around[name] = around[name], other
        with pytest.raises(TraceError, match="became"):
            program([-1.0, -2.0])
        around[name] = before
    scale = {"k": math.nan, "u": Value(1.0)}
    exec("def f(x): return u * x * k", scale)
    program = compile(cast(Any, scale["f"]), 1.0)
    program([1.0, 2.0])
    scale["k"] = float("nan")
    assert all(map(math.isnan, program([1.0, 2.0])))


def test_the_number_of_a_value_that_is_no_parameter_is_not_read_while_recording() -> None:
    values, square = [Value(3.0)], w * w
    reading: list[Callable[[Any], Any]] = [
        lambda x: w.data * x,
        lambda x: w.grad * x,
        lambda x: values[0].data * x,
        lambda x: square.data * x,
        lambda x: x * len(repr(w)),
        lambda x: x * len(f"{values[0]:.3f}"),
        lambda x: w * x if "5" not in repr(x) else x,
        lambda x: w * x if "5" not in f"{[x]}" else x,
    ]
    for f in reading:
        with pytest.raises(TraceError, match="would be decided once and for all"):
            compile(f, 1.0)
    assert type(w) is type(values[0]) is type(square) is Value


def test_what_makes_the_same_program_may_change() -> None:
    calls: list[Any] = []
    epoch = 0

    def f(x: Any) -> Any:
        calls.append(x)
        return w * x if epoch >= 0 else x

    program = compile(f, 1.0)
    for _ in range(3):
        assert program([1.0, 2.0]).tolist() == [2.0, 4.0]
        epoch += 1
    factor = 1.0
    constant = compile(lambda: w * w * factor)
    assert constant.value_and_grad() == constant.value_and_grad() == (4.0, [4.0])
    factor = 2.0
    with pytest.raises(TraceError, match=r"'factor' became 2\.0"):
        constant.value_and_grad()


def test_numbers_that_seldom_decide_are_random_nevertheless() -> None:
    own, generator = random.Random(1), np.random.default_rng(0)
    draws: list[Callable[[], float]] = [random.random, np.random.rand, own.random, generator.random]
    draws += [lambda: random.gauss(0.0, 1e-9), lambda: np.random.rand()]
    for draw in draws:
        with pytest.raises(TraceError, match="draws random numbers"):
            compile(lambda x, draw=draw: w * x if draw() < 0.999999999999 else x, 1.0)

    def seeded(x: Any) -> Any:
        return w * x * random.Random(0).random() * np.random.default_rng(0).normal()

    assert compile(seeded, 1.0)([3.0]).tolist() == [float(seeded(3.0))]


def test_a_penalty_that_changes_while_training_counts_as_it_does_eagerly() -> None:
    x, y = [[0.0, 1.0], [1.0, 0.0]] * 8, [0.0, 1.0] * 8

    def trained(backend: Any) -> Any:
        rate = 0.0

        def slower(_: Any) -> None:
            nonlocal rate
            rate += 0.01

        model = FNN([2, 3, 1], seed=0)
        return fit(
            model, x, y, loss="mse", optimizer=SGD(model.parameters(), lr=0.1), epochs=9,
            penalty=lambda m: rate * sum([p * p for p in m.parameters()]),
            callbacks=[slower], backend=backend, progress=False,
        )  # fmt: skip

    eager = trained("eager")
    with pytest.warns(UserWarning, match="running eagerly"):
        auto = trained("auto")
    assert auto.loss == pytest.approx(eager.loss, rel=1e-9)
    assert "'rate' became 0.01" in auto.reason

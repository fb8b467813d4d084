"""Where a function raises, its program raises, too, also where no result shows it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd_mini import TraceError, Value, compile, jit, log, primitive, sqrt, take, tanh, where
from autograd_mini.compiler.native import is_installed
from autograd_mini.ops import UNDEFINED
from nn import FNN, fit
from nn.activations import softmax

CALLS = ("__call__", "value_and_grad", "input_grad", "evaluate", "gradient")
SEEN = 80  # batches, after which no further example is compared


@pytest.fixture
def half() -> Callable[..., Any]:
    """Return an operation of the user's that raises for negative numbers."""

    def forward(x: float) -> float:
        if x < 0.0:
            raise ArithmeticError(f"half({x})")
        return x / 2.0

    name = f"half{next(_numbers)}"
    return primitive(name=name, partials=(lambda f, x: 0.5,))(forward)


_numbers = itertools.count()


def trained(f: Callable[..., Any], *example: Any) -> Any:
    """Return a program that has seen its examples, in batches of one and of four."""
    program = compile(f, *example)
    for _, call, factors in itertools.product(range(SEEN), CALLS, ((1.0,), (1.0, 1.2, 1.4, 1.6))):
        getattr(program, call)(*[[x * factor for factor in factors] for x in example])
    return program


def same_error(f: Callable[..., Any], program: Any, *example: Any, kinds: Any = UNDEFINED) -> None:
    """Check that each call raises what the function raises, wherever the example stands."""
    with pytest.raises(kinds) as own:
        f(*example)
    for call, count in itertools.product(CALLS, (1, 4)):
        batch = [[1.0] * (count - 1) + [x] for x in example]
        with pytest.raises(type(own.value)):
            getattr(program, call)(*batch)


OF_PARAMETERS: dict[str, tuple[Callable[[Value], Any], float]] = {
    "division": (lambda w: 1.0 / w, 0.0),
    "log": (log, -1.0),
    "square": (lambda w: w**2, 1e200),
    "what is read by an unread sum": (lambda w: (1.0 / w + 1.0) * 2.0, 0.0),
    "below another": (lambda w: sqrt(1.0 / w), 0.0),
    "a square in a sum": (lambda w: 1.0 / (w**2 + w + w**3 + w**2), 1e200),
}


@pytest.mark.parametrize("name", OF_PARAMETERS)
def test_an_unread_operation_of_parameters_raises_as_eagerly(name: str) -> None:
    unread, moved = OF_PARAMETERS[name]
    w = Value(2.0, "w")

    def f(x: Any) -> Any:
        unread(w)
        return x * w

    program = trained(f, 1.0)
    assert program([1.0, 3.0]).tolist() == [2.0, 6.0]
    assert program.value_and_grad([1.0, 3.0]) == (4.0, [2.0])
    w.data = moved
    same_error(f, program, 1.0)
    w.data = 3.0
    assert program([2.0]).tolist() == [6.0]


@pytest.mark.parametrize("name", OF_PARAMETERS)
def test_an_unread_operation_of_arguments_raises_as_eagerly(name: str) -> None:
    unread, moved = OF_PARAMETERS[name]
    w = Value(2.0, "w")

    def f(x: Any) -> Any:
        unread(x * w)
        return x * w

    program = trained(f, 1.0)
    same_error(f, program, moved)
    assert program([2.0]).tolist() == [4.0]


def test_an_unread_operation_of_the_users_raises_as_eagerly(half: Callable[..., Any]) -> None:
    w, v = Value(2.0), Value(1.0)

    def f(x: Any) -> Any:
        half(v)  # which nothing else reads
        return x * w

    program = trained(f, 1.0)
    v.data = -1.0
    same_error(f, program, 1.0)
    assert dict(zip(program.parameters, program.gtheta.tolist(), strict=True))[v] == 0.0


def test_an_unread_index_out_of_range_raises_as_eagerly() -> None:
    def f(x: Any, n: Any) -> Any:
        take([x, 2.0 * x], n)
        return x * x

    def plain(x: float, n: Any) -> Any:  # for plain numbers alone
        return f(x.real, n)

    for g in (f, plain):
        program = compile(g, 1.0, 1)
        for call in (program, program.value_and_grad, program.input_grad):
            for _ in range(SEEN):
                call([1.0, 2.0], [0, 1])
                call([1.0], [1])
            for error, index in ((IndexError, 2), (IndexError, -3), (TypeError, 0.5)):
                with pytest.raises(error, match="take"):
                    call([1.0, 2.0], [0, index])
                with pytest.raises(error, match="take"):
                    call([1.0], [index])


def test_a_program_without_arguments_raises_as_eagerly() -> None:
    w = Value(2.0)

    def f() -> Any:
        log(w)
        return w * w

    program = compile(f)
    for _ in range(3):
        assert program.value_and_grad() == (4.0, [4.0])
    w.data = -1.0
    for call in ("__call__", "value_and_grad", "gradient"):
        with pytest.raises(UNDEFINED):
            getattr(program, call)()


def test_no_gradient_comes_from_what_nobody_reads() -> None:
    """Neither one of its own, nor a zero that an infinite slope makes nan."""
    w, v = Value(4.0), Value(0.0)

    def f(x: Any) -> Any:
        sqrt(v)  # its slope is infinite
        return sqrt(w) * x + sqrt(x)

    program = compile(f, 1.0)
    for batch in ([4.0], [4.0, 4.0], [4.0] * 7):
        value, gradient = program.value_and_grad(batch)
        slopes = dict(zip(program.parameters, gradient, strict=True))
        assert (value, slopes[w], slopes[v]) == (10.0, pytest.approx(1.0), 0.0)
        assert program.input_grad(batch)[0].tolist() == [2.25] * len(batch)


def test_one_probability_of_a_softmax_is_the_same_in_a_program() -> None:
    w = Value(0.5)

    def f(xs: Any) -> Any:
        return softmax([w * x for x in xs])[0]

    program = compile(f, [1.0, 2.0, 3.0])
    rows = np.random.default_rng(0).normal(size=(6, 3))
    wanted = [f(row).data for row in rows.tolist()]
    assert program(rows).tolist() == pytest.approx(wanted, rel=1e-12)


def test_a_function_that_changes_what_nobody_reads_is_another_program() -> None:
    calls: list[int] = []
    w = Value(2.0)

    def f(x: Any) -> Any:
        calls.append(1)
        for _ in calls:
            log(w)
        return x * w

    with pytest.raises(TraceError, match="different graphs"):
        compile(f, 1.0)


def test_jit_raises_as_eagerly() -> None:
    w = Value(2.0)

    @jit
    def f(x: Any) -> Any:
        log(w)
        return x * w

    for _ in range(SEEN):
        f.value_and_grad([1.0, 2.0])
    w.data = -1.0
    with pytest.raises(UNDEFINED):
        f.value_and_grad([1.0, 2.0])


@pytest.mark.parametrize("backend", ["eager", "compiled"])
def test_a_training_raises_as_eagerly(backend: Any) -> None:
    model = FNN([1, 1], seed=0)
    scale = Value(1.0)

    def loss(y: Any, t: Any) -> Any:
        _ = 1.0 / scale
        return (y - t) ** 2

    def move(state: Any) -> None:
        if state.epoch == 80:
            scale.data = 0.0

    with pytest.raises(UNDEFINED):
        fit(model, [[1.0], [2.0]], [1.0, 2.0], loss=loss, callbacks=[move], backend=backend)


@pytest.mark.parametrize("count", [2, 32])
def test_an_error_that_no_result_shows_is_found_in_any_example_of_a_batch(count: int) -> None:
    def f(x: Any) -> Any:
        return tanh(1.0 / x)

    program = compile(f, 1.0)
    batch = np.linspace(1.0, 2.0, count)
    for _, call in itertools.product(range(SEEN), CALLS):
        getattr(program, call)(batch)
    batch[-1] = 0.0
    for call in CALLS:
        with pytest.raises(UNDEFINED):
            getattr(program, call)(batch)


SQUARES: dict[str, Callable[[Any], Any]] = {
    "alone": lambda x: 1.0 / (x**2 + 1.0),
    "in a sum of many": lambda x: 1.0 / (x**2 + (x + 1.0) ** 2 + (x + 2.0) ** 2 + (x + 3.0) ** 2),
    "saturated": lambda x: tanh(x**2 + x + 1.0),
}


@pytest.mark.parametrize("name", SQUARES)
def test_a_square_that_is_too_large_raises_where_its_result_is_finite(name: str) -> None:
    w = Value(1.0)

    def f(x: Any) -> Any:
        return SQUARES[name](w * x)

    program = trained(f, 1.0)
    same_error(f, program, 1e200)
    w.data = 1e200
    same_error(f, program, 1.0)


@pytest.mark.parametrize("count", [1, 4])
def test_the_gradient_of_a_result_outside_of_its_domain_raises(count: int) -> None:
    program = compile(log, 1.0)
    batch = [1.0, 2.0, 3.0, 4.0][:count]
    for _ in range(SEEN):
        program.input_grad(batch)
    with pytest.raises(UNDEFINED):  # its slope is a number
        program.input_grad([*batch[1:], -1.0])


NO_NUMBERS: dict[str, Callable[[float], Any]] = {
    "a complex power": lambda x: x**0.5 if x < 9.0 else x,
    "a complex number": lambda x: 1j * x if x < 0.0 else x,
    "a complex number of NumPy": lambda x: np.complex128(1j * x) if x < 0.0 else x,
    "None": lambda x: x if x > 0.0 else None,
    "text": lambda x: x if x > 0.0 else "1.0",
}


@pytest.mark.parametrize("name", NO_NUMBERS)
@pytest.mark.parametrize("read", ["itself", "its size", "nothing"])
def test_what_an_operation_of_the_users_gives_that_is_no_number_raises(
    name: str, read: str
) -> None:
    row = primitive(name=f"row{next(_numbers)}", partials=(lambda f, x: 1.0,))(NO_NUMBERS[name])

    def f(x: Any) -> Any:
        y = row(x)
        return {"itself": y, "its size": abs(y), "nothing": 0.0}[read] + x

    program = trained(f, 1.0)
    same_error(f, program, -1.0, kinds=TypeError)


@pytest.mark.skipif(not is_installed(), reason="needs llvmlite")
def test_machine_code_raises_as_eagerly() -> None:
    w, v = Value(2.0), Value(1.0)

    def f(x: Any) -> Any:
        log(v)
        _ = 1.0 / x
        return tanh(w * x) + where(x > 0.0, x, 2.0 * x)

    program = compile(f, 1.0)
    batch = np.linspace(1.0, 2.0, 32)
    for _ in range(SEEN):
        program.gradient(batch)
    program.to_machine_code(batch)
    value, slopes = program.gradient(batch), program.gtheta.copy()
    program._machine.codes.clear()
    assert program.gradient(batch) == pytest.approx(value, rel=1e-12)
    assert program.gtheta.tolist() == pytest.approx(slopes.tolist(), rel=1e-12)
    program.to_machine_code(batch)
    with pytest.raises(UNDEFINED):
        program.gradient(np.where(batch > 1.9, 0.0, batch))
    program.gradient(batch)
    v.data = -1.0
    with pytest.raises(UNDEFINED):
        program.value_and_grad(batch)

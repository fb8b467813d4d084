"""A gradient on arrays like those before runs the text alone, and misses nothing by that."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import numpy as np
import pytest

from autograd_mini import DomainError, TraceError, Value, compile, exp, jit, log, primitive
from autograd_mini.compiler import intake

w = [Value(0.5, "w.0"), Value(-1.0, "w.1"), Value(2.0, "w.2")]
rng = np.random.default_rng(0)


def of_a_number(x: Any) -> Any:
    return exp(w[0] * x) - w[1]


def of_rows(x: Any, t: Any) -> Any:
    return (w[0] * x[0] + w[2] * x[1] - t) ** 2


def of_tables(x: Any) -> Any:
    return w[0] * x[0][0] * x[1][2] + w[1] * x[1][0]


@pytest.mark.parametrize(("f", "shapes"), [
    (of_a_number, [()]), (of_rows, [(2,), ()]), (of_tables, [(2, 3)]),
])  # fmt: skip
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_later_calls_give_the_bits_of_the_first(f: Any, shapes: Any, dtype: Any) -> None:
    def batch(count: int) -> list[Any]:
        return [rng.normal(size=(count, *shape)).astype(dtype) for shape in shapes]

    def program() -> Any:
        example = [x.tolist() for x in [np.ones(shape) for shape in shapes]]
        return compile(f, *example, check=False, float32=dtype is np.float32)

    often = program()
    for count in (5, 5, 3, 3, 1, 5):  # a short last batch stands between others
        given = batch(count)
        for form in (given, [np.asfortranarray(x) for x in given], [x.tolist() for x in given]):
            once = program()
            assert often.gradient(*form) == once.gradient(*form)
            assert often.gtheta.tolist() == once.gtheta.tolist()


def test_a_short_last_batch_leaves_the_others_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    program = compile(of_rows, [1.0, 2.0], 0.0, check=False)
    batches = [(rng.normal(size=(count, 2)), rng.normal(size=count)) for count in (5, 3)]
    known = [program.gradient(*batch) for batch in batches]
    monkeypatch.setattr(intake, "columns_of", None)  # which the long way calls
    assert [program.gradient(*batch) for batch in batches * 2] == known * 2


def test_arrays_of_another_shape_or_type_are_told_as_at_the_first_call() -> None:
    program = compile(of_rows, [1.0, 2.0], 0.0, check=False)
    x, t = np.ones((4, 2)), np.ones(4)
    known = [program.gradient(x, t) for _ in range(3)][-1]
    for wrong in ((x.T, t), (x, t[:3]), (x,), (x[:0], t[:0]), (x, t[:, None])):
        with pytest.raises(ValueError, match=r"argument|example"):
            program.gradient(*wrong)
    for unreal, error in ((x + 0j, "real"), (x.astype(str), "text")):
        with pytest.raises(TypeError, match=error):
            program.gradient(unreal, t)
    whole = x.astype(int), t.astype(np.float32)
    assert program.gradient(*whole) == program.gradient(x, t) == known
    large = 2**40 * whole[0]  # whose squares no integer of NumPy's holds
    assert program.gradient(large, t.astype(int)) == program.gradient(1.0 * large, t)


def test_what_is_yet_to_be_compared_is() -> None:
    program = compile(lambda x: w[0] * x * (2.0 if type(x) is int else 1.0), 1.0)
    program.gradient(np.array([1.5, 2.5]))
    with pytest.raises(TraceError, match="does not do the same"):
        program.gradient(np.array([1, 2]))


def test_one_example_given_often_leaves_others_to_be_compared() -> None:
    step = jit(lambda x: w[0] * x[0] if isinstance(x[0], Value) or x[0] < 2 else w[0] * x[1])
    for form in ([[1.0, 5.0]], np.array([[1.0, 5.0]])):
        assert [step.gradient(form) for _ in range(5)] == [0.5] * 5
    with pytest.raises(TraceError):
        step.gradient([[3.0, 5.0]])


def test_another_row_in_a_table_of_the_users_counts_at_every_call() -> None:
    class Model:
        def __init__(self) -> None:
            self.table: list[list[Any]] = [w[:1], w[1:2]]

    model = Model()
    step = jit(lambda x: model.table[0][0] * x[0], parameters=w)
    assert [step.gradient([[3.0]]) for _ in range(3)] == [1.5] * 3
    for row in ([w[2]], [2.0], [w[2], w[1]]):
        model.table[0] = row
        with pytest.raises(TraceError, match="table"):
            step.gradient([[3.0]])
    model.table[0] = w[:1]
    assert step.gradient([[3.0]]) == 1.5


def test_what_is_not_finite_raises_the_words_of_the_function() -> None:
    program = compile(lambda x: w[0] * log(x), 1.0, check=False)
    x = np.array([1.0, 2.0])
    for bad in (-1.0, 0.0):
        for _ in range(2):
            program.gradient(x)
        with pytest.raises(DomainError, match="log"):
            program.gradient(np.array([1.0, bad]))
    steep = compile(lambda x: w[0] * x + w[1] * x + w[2] * x, 1.0, check=False)
    steep.gradient(x)
    for _ in range(3):  # a gradient whose square is too large is one
        assert steep.gradient(np.array([1e300, 2e300])) == pytest.approx(2.25e300)
    hidden = compile(lambda x: w[0] / exp(x), 1.0, check=False)  # 1 / inf is finite
    hidden.gradient(x)
    with pytest.raises(DomainError, match="exp"):
        hidden.gradient(np.array([1.0, 1000.0]))


def test_surroundings_and_recordings_count_at_every_call() -> None:
    scale = 1.0
    program = compile(lambda x: w[0] * x * scale, 1.0, check=False)
    x = np.array([1.0, 2.0])
    for _ in range(3):
        program.gradient(x)
    with pytest.raises(TraceError, match="a compiled program"):
        compile(lambda y: program.gradient(x) * w[0] * y, 1.0)
    scale = 2.0
    with pytest.raises(TraceError, match=r"'scale' became 2\.0"):
        program.gradient(x)


def test_gradients_of_programs_on_one_array_do_not_mix() -> None:
    u = [Value(1.0), Value(2.0), Value(3.0)]
    step = jit(lambda x: sum([p * x_ for p, x_ in zip(u, x, strict=False)]), parameters=u)
    long, short = np.ones((4, 3)), 2.0 * np.ones((4, 2))
    for _ in range(3):  # what a shape does not reach has gradient 0
        for batch, slopes in ((long, [1.0] * 3), (short, [2.0, 2.0, 0.0])):
            step.gradient(batch)
            assert step.gtheta.tolist() == slopes
        for program in step.programs.values():
            program.trust()
    constant = compile(lambda: u[0] * u[1], check=False)
    other = compile(lambda: u[2] * u[2], check=False)
    linear = compile(lambda x: u[0] * x + u[1], 1.0, check=False)
    for _ in range(3):  # those without arguments write their gradients late
        assert constant.value_and_grad() == (2.0, [2.0, 1.0])
        assert other.value_and_grad() == (9.0, [6.0])
        assert constant.gtheta.tolist() == [2.0, 1.0]
        assert other.gtheta.tolist() == [6.0]
        assert constant.value_and_grad() == (2.0, [2.0, 1.0])
        linear.gradient(np.array([3.0, 3.0]))
        assert linear.gtheta.tolist() == [3.0, 1.0]


def test_a_program_goes_on_in_the_array_that_it_is_moved_to() -> None:
    u = [Value(1.0), Value(2.0)]
    step = jit(lambda x: sum([p * x_ for p, x_ in zip(u, x, strict=False)]))
    short, long = np.ones((4, 1)), np.ones((4, 2))
    step.gradient(short)
    for program in step.programs.values():
        program.trust()
    assert [step.gradient(short) for _ in range(3)] == [1.0] * 3
    step.gradient(long)
    step.parameters.store.theta[:] = 5.0, 7.0
    assert step.gradient(short) == 5.0
    assert step.gtheta.tolist() == [1.0, 0.0]


def test_a_row_of_the_users_runs_where_its_user_is() -> None:
    place = ContextVar("place", default="nowhere")
    seen: set[str] = set()

    @primitive(partials=lambda f, x: 2.0 * x)
    def square(x: float) -> float:
        seen.add(place.get())
        return float(x) ** 2  # which no arithmetic of arrays is

    called: Callable[..., Any] = square
    program = compile(lambda x: called(w[0] * x), 1.0, check=False)
    seen.clear()
    token = place.set("here")
    x = np.array([1.0, 2.0])
    assert len({program.gradient(x) for _ in range(4)}) == 1
    place.reset(token)
    assert seen == {"here"}

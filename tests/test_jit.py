"""A jit has a program for each shape, all on one vector, and means what the function means."""

from __future__ import annotations

import math
from collections.abc import Callable
from importlib import import_module
from typing import Any, cast

import numpy as np
import pytest

from autograd_mini import (
    TraceError,
    Value,
    compile,
    dot,
    exp,
    hessian,
    jit,
    logsumexp,
    mean,
    take,
)
from autograd_mini.compiler.lower import lower
from autograd_mini.compiler.plan import GRADIENT
from autograd_mini.compiler.slots import own_data
from demos._gpt import GPT, encoded
from nn import SGD, Adam


def weights(count: int) -> list[Value]:
    return [Value(0.5 + i / 7, f"w{i}") for i in range(count)]


def test_unequal_examples_are_grouped_by_shape_and_their_mean_is_the_batch_s() -> None:
    w = weights(4)

    def f(x: list[float], t: float) -> Any:
        return (dot(w[: len(x)], x).tanh() - t) ** 2

    X, T = [[0.1, 0.2], [0.3], [0.5, -0.6, 0.7], [1.0, 2.0]], [0.0, 1.0, 0.5, 0.25]
    step = jit(f)
    losses = [f(x, t) for x, t in zip(X, T, strict=True)]
    value, gradients = step.value_and_grad(X, T)
    loss = mean(losses)
    loss.backward()
    assert value == pytest.approx(loss.data, rel=1e-13)
    assert dict(zip(step.parameters, gradients, strict=True)) == pytest.approx(
        {p: p.grad for p in w[:3]}, rel=1e-12
    )
    assert step(X, T).tolist() == pytest.approx([y.data for y in losses], rel=1e-13)
    assert sorted(step.programs) == [((1,), ()), ((2,), ()), ((3,), ())]
    assert "3 programs, 3 parameters" in str(step)


def test_arrays_whose_program_is_there_are_told_what_is_wrong_as_at_the_first_call() -> None:
    (w,) = weights(1)
    step = jit(lambda x, t: (w * x - t) ** 2)
    x, t = np.array([1.0, 2.0]), np.array([0.5, 0.0])
    known = step(x, t).tolist()
    assert step.gradient(x, t) == pytest.approx(sum(known) / 2)
    for _ in range(2):
        for form in ((x, t), (x.tolist(), t), (x.astype(int), t), (x, t.astype(np.float32))):
            assert step(*form).tolist() == known
        assert step(x[:1], t[:1]).tolist() == known[:1]
        for wrong in ((x, t[:1]), (x[:0], t[:0]), (x[0], t[0]), (np.array(1.0), np.array(2.0))):
            with pytest.raises(ValueError, match="example"):
                step(*wrong)
        assert list(step.programs) == [((), ())]


def test_a_shape_that_does_not_reach_a_parameter_leaves_its_gradient_at_0() -> None:
    w = weights(3)
    step = jit(lambda x: dot(w[: len(x)], x), parameters=w)
    step.gradient([[1.0, 1.0, 1.0]])
    step.gradient([[2.0]])
    assert dict(zip(step.parameters, step.gtheta.tolist(), strict=True)) == {
        w[0]: 2.0, w[1]: 0.0, w[2]: 0.0
    }  # fmt: skip


def test_parameters_found_later_have_gradient_0_where_a_shape_does_not_reach_them() -> None:
    w = weights(3)
    step = jit(lambda x: dot(w[: len(x)], x))
    for lengths in ([1], [3], [1], [1, 3], [2, 1]):
        examples = [[1.0] * n for n in lengths]
        _, gradients = step.value_and_grad(examples)
        by = dict(zip(step.parameters, gradients, strict=True))
        for k, p in enumerate(w):
            reached = sum(k < n for n in lengths) / len(lengths)
            assert by.get(p, 0.0) == pytest.approx(reached)


@pytest.mark.parametrize("made", [jit, lambda f: compile(f, 1.0)], ids=["jit", "program"])
def test_what_was_written_last_counts_a_value_or_a_gradient_of_a_jit(made: Any) -> None:
    w = Value(2.0)
    step = made(lambda x: w * x * x)
    step.value_and_grad([1.0])
    w.data, w.grad = 5.0, 7.0
    assert step.gradient([1.0]) == 5.0
    step.value_and_grad([3.0])
    SGD([w], lr=1.0).step()
    assert w.data == 5.0 - 9.0


def test_an_optimizer_of_a_jit_moves_all_shapes_and_no_value_until_somebody_looks() -> None:
    w, again = weights(3), weights(3)
    step = jit(lambda x: dot(w[: len(x)], x) ** 2, parameters=w)
    step([[1.0, 2.0], [0.5], [1.0, 1.0, -1.0]])  # a new program reads the Values
    adam, slow = Adam(step.parameters, lr=0.1), Adam(again, lr=0.1)
    held: list[float] = []
    for x in ([1.0, 2.0], [0.5], [1.0, 1.0, -1.0], *[[2.0]] * 9):
        held = [own_data.__get__(p) for p in w]
        step.gradient([x])
        adam.step()
        slow.zero_grad()
        (dot(again[: len(x)], x) ** 2).backward()
        slow.step()
    assert held == [own_data.__get__(p) for p in w]  # once a text is compared
    assert [p.data for p in w] == pytest.approx([p.data for p in again], rel=1e-12)
    assert [p.grad for p in w] == pytest.approx([p.grad for p in again], rel=1e-12)


def test_programs_over_the_same_values_share_one_vector() -> None:
    w = weights(2)
    loss = jit(lambda x, t: (dot(w, x) - t) ** 2)
    loss.gradient([[1.0, 2.0]], [1.0])
    output = jit(lambda x: dot(w, x), parameters=loss.parameters)
    output([[1.0, 1.0]])
    SGD(loss.parameters, lr=0.1).step()
    assert output([[1.0, 1.0]])[0] == pytest.approx(loss.theta.sum())
    assert np.shares_memory(output.theta, loss.theta)


def test_a_parameter_that_is_missing_is_named_and_nothing_has_changed() -> None:
    w = weights(3)
    step = jit(lambda x: dot(w[: len(x)], x), parameters=w[:2])
    assert step([[1.0, 1.0]]).shape == (1,)
    with pytest.raises(ValueError, match=r"1 Values that are not among the 2 parameters.*w2"):
        step([[1.0, 1.0, 1.0]])
    assert list(step.programs) == [((2,),)]
    assert step([[1.0, 1.0]]).tolist() == [w[0].data + w[1].data]


def test_a_batch_that_fails_at_one_shape_leaves_no_program_of_another() -> None:
    w = weights(3)

    def short(x: list[Any]) -> Any:
        return dot(w[: len(x)], x)

    def branching(x: list[Any]) -> Any:
        return short(x) if len(x) < 3 or x[0] > 0 else w[0]

    for step, error in (
        (jit(short, parameters=w[:2]), "w2"),
        (jit(branching), "traced"),
        (jit(lambda x: dot(w[:2], x)), "as many xs"),
    ):
        before = list(step.parameters)
        with pytest.raises((ValueError, TraceError), match=error):
            step([[1.0, 1.0], [1.0, 1.0, 1.0]])
        assert (step.programs, list(step.parameters)) == ({}, before)
        assert step([[2.0, 2.0]]).tolist() == [2.0 * (w[0].data + w[1].data)]


def test_what_is_no_list_of_leaves_is_no_parameters() -> None:
    w = weights(2)
    jit(lambda x: w[0] * x, parameters=cast(Any, np.array(w)))([1.0])
    for parameters, error in (
        (w[0], "list of Values"), ([1.0], "are Values"), ([w], "are Values"),
        ([w[0] * 2.0], "was computed"), ([w[0], w[0]], "twice"),
    ):  # fmt: skip
        with pytest.raises((TypeError, ValueError), match=error):
            jit(lambda x: w[0] * x, parameters=cast(Any, parameters))
    with pytest.raises(TypeError, match="takes a function"):
        jit(cast(Any, 3))
    inner = jit(lambda x: w[0] * x)
    with pytest.raises(TraceError, match="the function that it was made of"):
        jit(lambda x: inner([x])[0])([1.0])


def test_more_shapes_than_anybody_means_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("autograd_mini.compiler.jit"), "PROGRAMS", 2)
    w = weights(3)
    step = jit(lambda x: dot(w[: len(x)], x), parameters=w)
    step([[1.0], [1.0, 2.0]])
    with pytest.raises(ValueError, match="2 shapes of arguments have a program already"):
        step([[1.0, 2.0, 3.0]])
    with pytest.raises(ValueError, match="2 shapes"):
        step([[1.0, 2.0], [1.0, 2.0, 3.0]])
    assert len(step.programs) == 2
    with pytest.raises(ValueError, match="0 shapes of arguments have a program already"):
        jit(lambda x: dot(w[: len(x)], x))([[1.0], [1.0, 2.0], [1.0, 2.0, 3.0]])
    assert step([[5.0, 6.0]]).tolist() == [5.0 * w[0].data + 6.0 * w[1].data]


@pytest.mark.parametrize("batch", [([[1.0], [2.0]], [1.0]), ([], [])])
def test_batches_that_do_not_fit_are_refused(batch: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match="example"):
        jit(lambda x, t: x[0] * t)(*batch)


def test_an_example_of_unequal_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="different shapes"):
        jit(lambda x: x[0][0])([[[1.0, 2.0], [3.0]]])


def test_an_element_taken_by_an_example_s_number_is_the_eager_one() -> None:
    table = [[Value(10.0 * i + j, f"t{i}.{j}") for j in range(3)] for i in range(4)]

    def f(i: int, y: int) -> Any:
        row = take(table, i)
        return logsumexp(row) - take(row, y)

    program = compile(f, 0, 0)
    indices, classes = [3, 1, 0, 2, -1], [0, 2, 1, 1, 0]
    value, gradients = program.value_and_grad(indices, classes)
    loss = mean([f(i, y) for i, y in zip(indices, classes, strict=True)])
    loss.backward()
    assert value == pytest.approx(loss.data, rel=1e-12)
    for p, gradient in zip(program.parameters, gradients, strict=True):
        assert gradient == pytest.approx(p.grad, abs=1e-14)


def tables() -> dict[str, Callable[..., Any]]:
    """Functions that take elements of tables of every kind, some of them twice."""
    w = [[Value(0.3 * i - 0.2 * j, f"w{i}.{j}") for j in range(2)] for i in range(3)]
    v = [Value(0.5 + i, f"v{i}") for i in range(3)]

    def rows(x: Any, i: Any, k: Any) -> Any:
        return sum(a * b for a, b in zip(take(w, i), take(w, k), strict=True)) * x[0]

    return {
        "parameters": lambda x, i, k: take(v, i) * x[0] + take(v, k) ** 2,
        "rows of parameters": rows,
        "what varies": lambda x, i, k: take(x, i) * take([z * v[0] for z in x], k),
        "what is shared": lambda x, i, k: take([exp(p) for p in v], i) * x[1] + take(v, k),
        "numbers": lambda x, i, k: take([1.0, 4.0, 9.0], i) * v[1] * x[2] + k,
        "a mixture": lambda x, i, k: take([x[0], v[1], 2.0 * v[0]], i) * take([v[0], 3.0, 1.0], k),
        "one twice": lambda x, i, k: take([x[0], x[0], v[0] * x[0]], i) + take([v[0]] * 3, k),
        "the place alone": lambda x, i, k: take([v[0] * x[0]], i - i) + take(v, k),
    }


@pytest.mark.parametrize("name", tables())
def test_elements_of_every_kind_of_table_are_the_eager_ones_in_all_languages(name: str) -> None:
    f = tables()[name]
    program = compile(f, [0.5, -1.5, 2.0], 0, 1)
    rng = np.random.default_rng(0)
    batch = rng.normal(size=(7, 3)), rng.integers(-3, 3, 7), rng.integers(-3, 3, 7)
    for count in (7, 1):  # arrays, and plain floats
        part = [x[:count] for x in batch]
        value, gradients = program.value_and_grad(*part)
        own = program.input_grad(*part)[0]
        result = 0.0
        for p in program.parameters:
            p.grad = 0.0
        for n in range(count):
            x = [Value(z) for z in batch[0][n].tolist()]
            y = f(x, int(batch[1][n]), int(batch[2][n]))
            y.backward()
            result += y.data
            assert own[n] == pytest.approx([z.grad for z in x], rel=1e-12)
        assert value == pytest.approx(result / count, rel=1e-12)
        slopes = [p.grad / count for p in program.parameters]
        assert gradients == pytest.approx(slopes, rel=1e-12)
    single = compile(f, [0.5, -1.5, 2.0], 0, 1, float32=True)
    assert single(*batch) == pytest.approx(program(*batch), rel=1e-5)


def test_the_slope_of_an_element_can_be_compiled_and_differentiated_again() -> None:
    def f(x: Any, i: Any) -> Any:
        return take([x[0] ** 3, x[0] * x[1], exp(x[1])], i)

    program = compile(hessian(f), [0.5, 2.0], 0)
    got = program([[0.5, 2.0]] * 3, [0, 1, 2])
    for n, matrix in enumerate(got):
        assert matrix == pytest.approx(np.array(hessian(f)([0.5, 2.0], n)), rel=1e-12)


def test_an_index_that_is_no_whole_number_is_refused_in_a_program_as_without() -> None:
    program = compile(lambda i: take(weights(4), i), 0, check=False)
    with pytest.raises(TypeError, match="whole number"):
        program([0.0] * 20 + [1.5])


def test_what_take_cannot_choose_from_is_told() -> None:
    table: Any = [[Value(1.0), Value(2.0)], [Value(3.0)]]
    assert take(table, 1) is table[1]
    with pytest.raises(TraceError, match="rows of 1, 2"):
        compile(lambda i: take(table, i)[0], 0)
    for values in (Value(1.0), 2.0, None, (x for x in "ab")):
        with pytest.raises(TypeError, match="needs a sequence"):
            take(cast(Any, values), 0)
    with pytest.raises(IndexError, match=r"1e\+300"):
        take([1.0], 1e300)


@pytest.mark.parametrize("index", [4, -5])
def test_an_index_outside_of_the_table_is_an_index_error_in_a_program_too(index: int) -> None:
    table = weights(4)
    program = compile(lambda i: take(table, i), 0)
    with pytest.raises(IndexError, match="no element"):
        program([0] * 20 + [index])


def test_attention_over_unequal_lengths_is_a_text_that_can_be_read() -> None:
    model = GPT()
    program = compile(model.loss, encoded("iterate"), check=False)
    plan = program._plan  # pyright: ignore[reportPrivateUsage]
    assert len(lower(plan, GRADIENT).statements) < 120
    assert len(program.source.splitlines()) < 600
    assert "[...] = np.bincount" in program.source  # what is first in its place is not added to 0
    assert "axis=None" not in program.source  # the guard
    value, gradients = program.value_and_grad([encoded("iterate"), encoded("integer")])
    loss = mean([model.loss(encoded("iterate")), model.loss(encoded("integer"))])
    loss.backward()
    assert value == pytest.approx(loss.data, rel=1e-13)
    slopes = [p.grad for p in program.parameters]
    assert gradients == pytest.approx(slopes, abs=1e-14 * max(map(abs, slopes)))


@pytest.mark.torch
def test_the_examples_of_a_batch_are_its_rows_whatever_holds_them() -> None:
    pd, pl, torch = map(pytest.importorskip, ("pandas", "polars", "torch"))
    w = [Value(2.0), Value(-1.0)]
    rows = [[1.0, 4.0], [2.0, 6.0]]
    tables = [pd.DataFrame(rows), pd.DataFrame(rows, columns=["a", "b"]), torch.tensor(rows)]
    tables += [pl.DataFrame(rows, orient="row"), [[Value(1.0), 4], (2, 6.0)]]
    series = [pd.Series([1.0, 2.0], index=[1, 0]), pd.Series([1, 2], index=["a", "b"])]
    series += [pl.Series([1.0, 2.0]), torch.tensor([1, 2]), [Value(1.0), 2], range(1, 3)]
    for f, example, batches in (
        (lambda x: dot(w, x), rows[0], tables),
        (lambda x: w[0] * x, 1.0, series),
    ):
        expected = compile(f, example)([rows, [1.0, 2.0]][batches is series]).tolist()
        for batch in batches:
            assert compile(f, example)(batch).tolist() == expected
            assert jit(f)(batch).tolist() == expected
    for nothing in (3.0, np.array(3.0), None, {0: 1.0}, iter([1.0])):
        with pytest.raises(ValueError, match="one entry for each example"):
            jit(lambda x: w[0] * x)(nothing)
    program = compile(lambda x: w[0] * x, 1.0)
    assert program([math.inf, -math.inf, 0.5]).tolist() == [math.inf, -math.inf, 1.0]


def test_a_jit_shares_the_array_of_the_programs_over_the_same_values() -> None:
    w = weights(2)
    program = compile(lambda x: dot(w, x), [1.0, 1.0])
    step = jit(lambda x: dot(w, x))
    step([[1.0, 1.0]])
    assert np.shares_memory(program.theta, step.theta)
    program.theta[:] = 1.0, 2.0
    assert step([[1.0, 1.0]]).tolist() == [3.0]
    for one in (program, step):  # in place, as a loop writes it
        one.gradient([[1.0, 1.0]])
        one.theta -= 0.5 * one.gtheta
    assert step.theta.tolist() == program.theta.tolist() == [0.0, 1.0]
    program.theta[:] = 1.0, 2.0
    found = program.input_grad([[1.0, 1.0]], wrt=cast(Any, np.int64(0)))
    assert found.tolist() == [[1.0, 2.0]]


def test_the_numbers_of_values_are_an_example_too() -> None:
    w = Value(2.0)
    for example in (Value(3.0), 3, True, np.array(3.0), np.float32(3.0)):
        assert compile(lambda x: w * x, example)([5.0]).tolist() == [10.0]


def test_a_large_function_of_words_is_called_for_few_of_them(monkeypatch: Any) -> None:
    """A row of whole numbers may be a class; where each takes long, only what is one-hot counts."""
    w = [Value(0.5), Value(2.0), Value(-1.0)]

    def calls(rows: list[list[int]]) -> int:
        count = 0

        def f(x: list[Any]) -> Any:
            nonlocal count
            count += 1
            return dot(w, x)

        step = jit(f)
        for row in rows:
            step.gradient([row])
        return count

    words = [[i, i + 1, 5] for i in range(12)]
    one_hot = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    before = calls(words), calls(one_hot)
    monkeypatch.setattr("autograd_mini.compiler.check.LARGE", 1)
    after = calls(words), calls(one_hot)
    assert after[0] <= before[0] - 7
    assert after[1] == before[1]

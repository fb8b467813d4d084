"""One meaning: `fit` computes what the model and the loss say, whatever runs it."""

from __future__ import annotations

import gc
import math
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd_mini import TraceError, Value, softplus
from nn import FNN, SGD, Trainer, fit, losses

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 1))
LABELS = (X[:, 0] > 0.0).astype(int)

BRANCHING: dict[str, Callable[[Any, int], Any]] = {
    "==": lambda f, y: softplus(-f) if y == 1 else softplus(f),
    "%": lambda f, y: softplus(-f * (2 * (y % 2) - 1)),
    "//": lambda f, y: softplus(-f) if y // 1 else softplus(f),
    "dict": lambda f, y: softplus(-f * {0: -1.0, 1: 1.0}[y]),
    "list": lambda f, y: softplus(-f * [-1.0, 1.0][y]),
    "range": lambda f, y: softplus(-f * sum([2.0 for _ in range(y)], -1.0)),
    "in": lambda f, y: softplus(-f) if y in (1,) else softplus(f),
    "isinstance": lambda f, y: (f - y) ** 2 if isinstance(y, int) else (f + y) ** 2,
    "data": lambda f, y: (f - y) ** 2 if f.data > 0.0 else 2.0 * (f - y) ** 2,
}


def run(loss: Any, backend: str, **options: Any) -> tuple[list[float], Any]:
    model = FNN([1, 1], seed=0)
    sgd = SGD(model.parameters(), lr=0.1)
    options = {"epochs": 3, **options}
    history = fit(model, X, LABELS, loss=loss, optimizer=sgd, backend=backend, **options)
    return [p.data for p in model.parameters()], history


@pytest.mark.filterwarnings("ignore:running eagerly")
@pytest.mark.parametrize("batch_size", [None, 1])
@pytest.mark.parametrize("name", BRANCHING)
def test_a_loss_that_decides_by_its_numbers_trains_as_it_is_written(
    name: str, batch_size: int | None
) -> None:
    wanted, _ = run(BRANCHING[name], "eager", batch_size=batch_size)
    weights, history = run(BRANCHING[name], "auto", batch_size=batch_size)
    assert weights == pytest.approx(wanted, rel=1e-9)
    assert history.backend == "compiled" or history.reason


ROWS: dict[str, Any] = {
    "numbers": lambda y: y,
    "lists": lambda y: [y],
    "tuples": lambda y: (y,),
    "arrays": lambda y: np.array([y]),
    "lists and tuples": lambda y: [y] if y else (y,),
}


@pytest.mark.parametrize("rows", ROWS)
def test_numbers_of_several_types_in_a_list_are_of_one_type_however_it_runs(rows: str) -> None:
    targets: list[Any] = [0.0, 0.0, 0.0, 0.0, 1, True]

    def loss(f: Value, y: Any) -> Value:
        y = y if rows == "numbers" else y[0]
        return (f - y) ** 2 * (3.0 if type(y) in (int, bool) else 1.0)

    def trained(backend: Any) -> list[float]:
        model = FNN([1, 1], seed=0)
        trainer = Trainer(model, loss, SGD(model.parameters(), lr=0.1), backend=backend)
        for part in (slice(0, 4), slice(2, 4), slice(2, 6)):
            trainer.step([[1.0], [0.5], [2.0], [0.0], [3.0], [4.0]][part], given[part])
        return [p.data for p in model.parameters()]

    given = [*map(ROWS[rows], targets)]
    assert trained("compiled") == pytest.approx(trained("eager"), rel=1e-9)


@pytest.mark.parametrize("name", BRANCHING)
def test_compiled_is_right_or_says_why_not(name: str) -> None:
    wanted, _ = run(BRANCHING[name], "eager")
    try:
        weights, _ = run(BRANCHING[name], "compiled")
    except TraceError:
        return
    assert weights == pytest.approx(wanted, rel=1e-9)


class Masked:
    """Three classes, of which the last is never possible."""

    def __init__(self) -> None:
        self.inner = FNN([1, 2], seed=0)

    def parameters(self) -> list[Value]:
        return self.inner.parameters()

    def __call__(self, x: Any) -> list[Any]:
        return [*self.inner(x), -math.inf]


@pytest.mark.filterwarnings("ignore:running eagerly")
@pytest.mark.parametrize("name", ["cross_entropy", "multi_margin", "log_loss_of_mine"])
def test_a_masked_class_trains_as_eagerly(name: str) -> None:
    loss: Any = name if name in losses.LOSSES else losses.squared_log_loss
    found: list[list[float]] = []
    for backend in ("eager", "auto"):
        model = Masked()
        sgd = SGD(model.parameters(), lr=0.1)
        history = fit(model, X, LABELS, loss=loss, optimizer=sgd, epochs=5, backend=backend)
        assert history.epochs == 5
        found.append([p.data for p in model.parameters()])
    assert found[1] == pytest.approx(found[0], rel=1e-9)


@pytest.mark.parametrize("kind", [np.asarray, np.ndarray.tolist])
def test_what_a_model_or_a_loss_does_to_its_arguments_changes_no_data(kind: Any) -> None:
    inner = FNN([2, 2], seed=0)

    class Spoiling:
        def parameters(self) -> list[Value]:
            return inner.parameters()

        def __call__(self, x: list[float]) -> Any:
            x[0] = x[0] * 2.0
            x.sort(key=float)
            return inner([x.pop(), x.pop()])

    def spoiling(f: list[Any], y: list[float]) -> Any:
        y.reverse()
        return (f[0] - y.pop()) ** 2 + (f[1] - y.pop()) ** 2

    inputs, targets = rng.normal(size=(8, 2)), rng.normal(size=(8, 2))
    given = kind(inputs.copy()), kind(targets.copy())
    sgd = SGD(inner.parameters(), lr=0.0)
    history = fit(Spoiling(), *given, loss=spoiling, optimizer=sgd, epochs=3, backend="eager")
    assert len(set(history.loss)) == 1
    assert np.array_equal(given[0], inputs)
    assert np.array_equal(given[1], targets)


@pytest.mark.parametrize("backend", ["eager", "compiled"])
@pytest.mark.parametrize("options", [{}, {"validation": (X, LABELS), "metrics": ["accuracy"]}])
def test_a_model_is_freed_when_fit_returns(backend: str, options: dict[str, Any]) -> None:
    gc.collect()
    gc.disable()
    try:
        model = FNN([1, 4, 1], seed=0)
        fit(model, X, LABELS, loss="bce_with_logits", epochs=2, backend=backend, **options)
        there = weakref.ref(model)
        trainer = Trainer(model, "mse", SGD(model.parameters()), backend=backend)
        trainer.step(X, LABELS)
        del model, trainer
        assert there() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.uint8, np.float64])
def test_arrays_of_any_type_train_as_the_same_numbers_in_lists(dtype: Any, tmp_path: Any) -> None:
    numbers = rng.integers(0, 5, size=(40, 3)).astype(dtype)
    y = rng.integers(0, 2, size=40)
    mapped = np.memmap(tmp_path / "x", dtype=dtype, mode="w+", shape=numbers.shape)
    mapped[:] = numbers
    found: list[list[float]] = []
    for inputs, targets in ((numbers, y), (mapped, y.astype(np.int8)), (numbers.tolist(), list(y))):
        model = FNN([3, 4, 2], seed=0)
        fit(model, inputs, targets, loss="cross_entropy", epochs=3, batch_size=7)
        found.append([p.data for p in model.parameters()])
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("name", list(losses.LOSSES))
def test_a_loss_offers_its_function_of_one_example(name: str) -> None:
    function = losses.get(name)
    formula = losses.formula(function)
    assert formula is not None
    outputs = [Value(0.3), Value(0.5), Value(0.2)]
    if function in losses.CLASS_LOSSES:
        wanted = function([outputs], [1])
        found = formula.example(outputs, [0.0, 1.0, 0.0])
    else:
        wanted = function([outputs], [[1.0, 1.0, 1.0]])
        found = formula.example(outputs, [1.0, 1.0, 1.0])
    assert found.data == wanted.data
    assert losses.formula(lambda f, y: f - y) is None

"""What can be said in several ways means the same in each, however it runs."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd_mini import TraceError, Value
from nn import FNN, SGD, Adam, Optimizer, Trainer, fit, metrics
from tests.shared import BACKENDS

Rule = Callable[..., tuple[Any, ...]]


def numbers(seed: int, *shape: int) -> Any:
    return np.random.default_rng(seed).integers(-3, 4, shape)


X, Y = numbers(0, 24, 2) / 2, numbers(1, 24) / 2


@pytest.mark.parametrize("dtype", [np.int64, np.float32, float])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("way", ["steps", "callback", "metric"])
def test_what_is_written_into_arrays_counts_at_the_next_update(
    way: str, order: Any, dtype: Any
) -> None:
    found: list[list[float]] = []
    for backend in BACKENDS:
        model = FNN([2, 3, 1], seed=0)
        sgd = SGD(model.parameters(), lr=0.05)
        inputs, targets = np.ones((8, 2), dtype, order=order), np.ones(8, dtype)

        def refill(n: int, inputs: Any = inputs, targets: Any = targets) -> float:
            inputs[:], targets[:] = numbers(n, 8, 2), numbers(99 - n, 8)
            return 0.0

        if way == "steps":
            trainer = Trainer(model, "mse", sgd, backend=backend)
            losses_: list[float] = []
            for n in range(5):
                refill(n)
                losses_.append(trainer.step(inputs, targets))
        else:
            options: dict[str, Any] = {"callbacks": [lambda run, f=refill: f(run.epoch)]}
            if way == "metric":
                options = {"metrics": [lambda f, y, refill=refill: refill(3)]}
            losses_ = fit(
                model, inputs, targets, loss="mse", optimizer=sgd, epochs=5, batch_size=4,
                backend=backend, **options,
            ).loss  # fmt: skip
        found.append([*losses_, *[p.data for p in model.parameters()]])
    for other in found[1:]:
        assert other == pytest.approx(found[0], rel=1e-9)


def test_accuracy_is_counted_alike_by_name_and_as_a_function() -> None:
    history = fit(
        FNN([2, 3, 1], seed=0), X, X[:, 0] > 0, loss="bce_with_logits", epochs=3,
        metrics=["accuracy", metrics.accuracy],
    )  # fmt: skip
    assert history.metrics["accuracy"] == history.metrics["accuracy_2"]


class Own(Optimizer):
    """How people write optimizers."""

    _moment_names = ("m",)

    def __init__(self, params: Any, lr: float = 0.05) -> None:
        super().__init__(params, lr)


class InPlace(Own):
    def _rule(self) -> Rule:
        def move(theta: Any, grad: Any, m: Any) -> tuple[Any, ...]:
            m *= 0.5
            m += grad
            theta -= self.lr / self.steps * m
            return theta, m

        return move


class NewNumbers(Own):
    def _rule(self) -> Rule:
        return lambda theta, grad, m: (theta - self.lr * (0.5 * m + grad), 0.5 * m + grad)


class KeepsTheGradient(Own):
    def _rule(self) -> Rule:
        return lambda theta, grad, m: (theta - self.lr * (2.0 * grad - m), grad)


class ChangesTheGradient(Own):
    def _rule(self) -> Rule:
        def move(theta: Any, grad: Any, m: Any) -> tuple[Any, ...]:
            grad *= self.lr
            theta -= grad
            return theta, m

        return move


class OldNumbers(Own):  # nothing for arrays: `old` is changed with m
    def _rule(self) -> Rule:
        def move(theta: Any, grad: Any, m: Any) -> tuple[Any, ...]:
            old = m
            m *= 0.5
            m += grad
            theta -= self.lr * (2.0 * m - old)
            return theta, m

        return move


class Decides(Own):  # nothing for arrays, which it has moved before it fails
    def _rule(self) -> Rule:
        def move(theta: Any, grad: Any, m: Any) -> tuple[Any, ...]:
            m *= 0.5
            m += grad
            theta -= self.lr / self.steps * m
            theta -= self.lr * 0.1 if grad > 0 else 0.0
            return theta, m

        return move


class Rooted(Own):
    def _rule(self) -> Rule:
        def move(theta: Any, grad: Any, m: Any) -> tuple[Any, ...]:
            m += grad * grad
            theta -= self.lr * grad / math.sqrt(m + 1e-9)
            return theta, m

        return move


class Shrinks(SGD):  # as a subclass of PyTorch's would
    def step(self) -> None:
        super().step()
        for p in self.params:
            p.data *= 0.99


class Grows(SGD):
    def update(self, theta: Any, grad: Any, order: Any = None) -> None:
        super().update(theta, grad, order)
        theta *= 1.01


class Both(Shrinks):
    def update(self, theta: Any, grad: Any, order: Any = None) -> None:
        SGD.update(self, theta, grad, order)
        theta *= 0.99

    def step(self) -> None:
        super().step()


@pytest.mark.parametrize("way", ["fit", "trainer"])
@pytest.mark.parametrize(
    ("kind", "compiles"),
    [
        *[(kind, True) for kind in (InPlace, NewNumbers, KeepsTheGradient, ChangesTheGradient)],
        (Both, True),
        *[(kind, False) for kind in (OldNumbers, Decides, Rooted, Shrinks, Grows)],
    ],
)
def test_an_optimizer_of_ones_own_moves_arrays_as_it_moves_values(
    kind: Any, compiles: bool, way: str
) -> None:
    def run(backend: str) -> list[float]:
        model = FNN([2, 3, 1], seed=0)
        own = kind(model.parameters(), lr=0.05)
        if way == "fit":
            told = fit(
                model, X, Y, loss="mse", optimizer=own, epochs=6, batch_size=8, backend=backend
            ).loss
        else:
            trainer = Trainer(model, "mse", own, backend=backend)
            told = [trainer.step(X, Y) for _ in range(7)]
        moments = own.state_dict().get("m", [])
        slopes = [float(p.grad) for p in model.parameters()]
        return [*told, *[p.data for p in model.parameters()], *slopes, *moments, float(own.steps)]

    eager = run("eager")
    if compiles:
        assert run("auto") == pytest.approx(eager, rel=1e-9)
        assert run("compiled") == pytest.approx(eager, rel=1e-9)
        return
    with pytest.warns(UserWarning, match="running eagerly"):
        auto = run("auto")
    assert auto == pytest.approx(eager, rel=1e-9)
    with pytest.raises(TraceError):
        run("compiled")


@pytest.mark.parametrize("part", ["replaced", "shortened", "one for another", "all in place"])
def test_an_optimizer_may_move_other_parameters_from_some_epoch_on(part: str) -> None:
    found: list[list[float]] = []
    for backend in BACKENDS:
        model = FNN([2, 3, 1], seed=0)
        sgd = SGD(model.parameters(), lr=0.05)

        def freeze(run: Any, model: FNN = model, sgd: SGD = sgd) -> None:
            if run.epoch == 2 and part == "replaced":
                sgd.params = model.layers[1].parameters()
            elif run.epoch == 2 and part == "shortened":
                del sgd.params[:9]
            elif run.epoch == 2 and part == "one for another":
                sgd.params[1] = Value(5.0)
            elif run.epoch == 2:
                sgd.params[:] = [Value(5.0), *sgd.params[1:]]

        told = fit(
            model, X, Y, loss="mse", optimizer=sgd, epochs=5, batch_size=8, backend=backend,
            callbacks=[freeze],
        ).loss  # fmt: skip
        found.append([*told, *[p.data for p in model.parameters()]])
    for other in found[1:]:
        assert other == pytest.approx(found[0], rel=1e-9)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_run_in_two_parts_has_the_bits_of_a_whole_one(backend: str, tmp_path: Path) -> None:
    def run(name: str, epochs: int) -> list[float]:
        model = FNN([2, 4, 3], "silu", seed=0)
        told = fit(
            model, X, np.arange(24) % 3, loss="categorical_hinge", epochs=epochs, batch_size=8,
            optimizer=Adam(model.parameters(), lr=0.05, weight_decay=0.1), backend=backend,
            checkpoint=tmp_path / name,
        ).loss  # fmt: skip
        return [*told, *[p.data for p in model.parameters()]]

    for n in range(1, 6):
        run(f"{n}", n)
    assert [run(f"{n}", 6) for n in range(1, 6)] == [run("whole", 6)] * 5


def test_classes_may_be_indices_and_rows_in_one_y() -> None:
    y = [0, [0.0, 1.0, 0.0], 2] * 8
    told = [
        fit(
            FNN([2, 3], seed=0), X, targets, loss="cross_entropy", metrics=["accuracy"],
            validation=(X, targets), epochs=3,
        ).metrics
        for targets in (y, [0, 1, 2] * 8)
    ]  # fmt: skip
    assert told[0] == told[1]


@pytest.mark.parametrize("targets", [(1.0, -1.0), (1.0, 2.0, -3.0)])
def test_what_rounding_leaves_of_examples_that_cancel_is_no_difference(
    targets: tuple[float, ...],
) -> None:
    for seed in range(5):
        model = FNN([1, 4, 1], "silu", "tanh", bias=False, output_bias=False, seed=seed)
        X, y = [[-1.0]] * len(targets), list(targets)
        history = fit(model, X, y, loss=lambda f, y: f * y, epochs=2, backend="compiled")
        assert history.loss == pytest.approx([0.0, 0.0], abs=1e-12)


def test_what_a_mask_hides_is_not_learned_from() -> None:
    hidden = np.ma.MaskedArray(X, mask=X > 1.0)
    with pytest.raises(ValueError, match=r"X must be numbers in equal rows, but: .* are masked"):
        fit(FNN([2, 1]), hidden, Y, loss="mse")
    with pytest.raises(ValueError, match="some are masked"):
        FNN([2, 1]).predict(hidden)
    with pytest.raises(ValueError, match="sample_weight"):
        fit(
            FNN([2, 1]), X, Y, loss="mse", sample_weight=np.ma.MaskedArray(X[:, 0] ** 2, mask=Y > 1)
        )
    bare = np.ma.MaskedArray(X)
    for backend in BACKENDS:
        runs = [
            fit(FNN([2, 1], seed=0), inputs, np.ma.MaskedArray(Y), loss="mse", backend=backend)
            for inputs in (X, bare)
        ]
        assert runs[0].loss == runs[1].loss

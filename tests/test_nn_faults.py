"""Small inputs that once failed."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from autograd_mini import Value, tanh
from nn import FNN, SGD, Adam, fit, metrics


def test_accuracy_of_probabilities_does_not_depend_on_which_classes_occur() -> None:
    assert metrics.accuracy([0.3, 0.9], [1, 1]) == 0.5
    assert metrics.accuracy([0.3, 0.9], [0, 1]) == 1.0
    assert metrics.accuracy([-0.3, 0.9], [1, 1]) == 0.5
    with pytest.raises(ValueError, match="say threshold"):
        metrics.accuracy([0.3, 1.9], [1, 1])


@dataclass
class Scaled:
    """Equal by its fields, so it has no hash."""

    factors: list[float] = field(default_factory=lambda: [1.0])

    def __call__(self, x: Any) -> Any:
        return tanh(x) * self.factors[0]


@dataclass
class Squared:
    power: list[int] = field(default_factory=lambda: [2])

    def __call__(self, f: Any, y: Any) -> Any:
        return (f - y) ** self.power[0]


def test_callables_without_a_hash_are_activations_and_losses() -> None:
    model = FNN([1, 2, 1], Scaled(), seed=0)
    history = fit(model, [[0.0], [1.0]], [0.0, 1.0], loss=Squared(), epochs=3)
    assert history.epochs == 3
    assert "Scaled" in repr(model)


def test_clipping_knows_gradients_whose_square_is_no_float() -> None:
    found: list[float] = []
    for backend in ("eager", "compiled"):
        model = FNN([1, 1], output_bias=False, init="zeros")
        model.parameters()[0].data = 0.5
        sgd = SGD(model.parameters(), lr=0.1)
        fit(
            model, [[1e199]], [0.0], loss=lambda f, y: f - y, optimizer=sgd, epochs=1,
            clip_norm=1.0, backend=backend,
        )  # fmt: skip
        found.append(model.parameters()[0].data)
    assert found == pytest.approx([0.4, 0.4])


def test_adam_without_eps_is_refused() -> None:
    with pytest.raises(ValueError, match="eps must be above 0"):
        Adam([Value(1.0)], eps=0.0)


def test_a_finished_run_still_says_what_ran(tmp_path: Any) -> None:
    path = tmp_path / "run.safetensors"
    X, y = np.eye(4), np.arange(4.0)
    for _ in range(2):
        model = FNN([4, 1], seed=0)
        history = fit(model, X, y, loss="mse", epochs=2, checkpoint=path, backend="compiled")
        assert history.backend == "compiled"


def test_a_checkpoint_of_an_optimizer_of_other_parameters_is_refused(tmp_path: Any) -> None:
    path = tmp_path / "run.safetensors"
    X, y = np.eye(4), np.arange(4.0)
    model = FNN([4, 2, 1], seed=0)
    fit(model, X, y, loss="mse", optimizer=SGD(model.parameters()), epochs=1, checkpoint=path)
    model = FNN([4, 2, 1], seed=0)
    sgd = SGD(model.layers[-1].parameters())
    before = [p.data for p in model.parameters()]
    with pytest.raises(ValueError, match="the parameters that the optimizer moves"):
        fit(model, X, y, loss="mse", optimizer=sgd, epochs=2, checkpoint=path)
    assert [p.data for p in model.parameters()] == before


def test_a_name_that_is_nearly_right_is_guessed() -> None:
    with pytest.raises(ValueError, match="did you mean 'relu'"):
        FNN([2, 3, 1], "rellu")
    with pytest.raises(ValueError, match="did you mean 'mse'"):
        fit(FNN([1, 1]), [[0.0]], [0.0], loss="MSE")


def test_a_debugger_that_uses_monitoring_sees_single_nodes(monkeypatch: Any) -> None:
    real = getattr(sys, "monitoring", SimpleNamespace())  # which measures coverage meanwhile
    attached = {"DEBUGGER_ID": 0, "get_tool": {0: "a debugger"}.get}
    monkeypatch.setattr(sys, "monitoring", SimpleNamespace(**vars(real) | attached), raising=False)
    X, y = np.eye(4).repeat(50, axis=0), np.arange(200.0)
    history = fit(FNN([4, 1], seed=0), X, y, loss="mse", epochs=2)
    assert history.backend == "eager"
    assert "debugger" in history.reason

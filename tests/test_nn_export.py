from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from nn import FNN, activations
from nn.export import from_torch, to_onnx, to_torch

X = np.random.default_rng(0).normal(size=(40, 3)) * 3
LAST_ONLY = ("softmax", "log_softmax")
NAMES = [name for name in activations.ACTIVATIONS if name != "logsumexp"]


def network(name: str) -> FNN:
    """Two hidden layers with this activation, or a last layer with it where it is for layers."""
    hidden, last = ("tanh", name) if name in LAST_ONLY else (name, "identity")
    return FNN([3, 4, 4, 2], hidden, last, seed=1)


def run_onnx(model: Any, X: Any) -> Any:
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"x": X})[0]


@pytest.mark.parametrize("name", NAMES)
def test_an_onnx_runtime_gives_the_same_predictions(name: str) -> None:
    pytest.importorskip("onnx")
    model = network(name)
    expected = model.predict(X)
    close = 1e-6 if name == "gelu" else 1e-12  # runtimes have Erf in single precision only
    assert run_onnx(to_onnx(model), X) == pytest.approx(expected, rel=close, abs=close)


@pytest.mark.torch
@pytest.mark.parametrize("name", NAMES)
def test_pytorch_gives_the_same_predictions_and_the_way_back_the_same_bits(name: str) -> None:
    torch = pytest.importorskip("torch")
    model = network(name)
    expected = model.predict(X)
    module = to_torch(model)
    assert module(torch.from_numpy(X)).detach().numpy() == pytest.approx(
        expected, rel=1e-12, abs=1e-12
    )
    again = from_torch(module)
    assert np.array_equal(again.predict(X), expected)
    assert repr(again) == repr(model)


def test_a_network_without_output_bias_and_with_one_output_keeps_its_shape(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    model = FNN([3, 4, 1], output_bias=False, seed=2)
    to_onnx(model, tmp_path / "model.onnx")
    result = run_onnx(onnx.load(str(tmp_path / "model.onnx")), X)
    assert result.shape == (40, 1)
    assert result[:, 0] == pytest.approx(model.predict(X), rel=1e-12)


@pytest.mark.torch
def test_biases_are_left_out_in_pytorch_where_there_are_none() -> None:
    pytest.importorskip("torch")
    module = to_torch(FNN([3, 4, 1], output_bias=False, seed=2))
    assert module[0].bias is not None
    assert module[-1].bias is None
    assert from_torch(module).output_bias is False


def test_an_activation_of_the_users_own_is_refused_by_name() -> None:
    pytest.importorskip("onnx")

    def wave(x: Any) -> Any:
        return x.sin() * 2

    with pytest.raises(ValueError, match="wave"):
        to_onnx(FNN([2, 3, 1], wave, seed=0))


@pytest.mark.torch
def test_what_is_no_plain_stack_is_refused_by_name() -> None:
    torch = pytest.importorskip("torch")
    nn = torch.nn
    mixed = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
    for module, named in (
        (nn.Sequential(nn.Linear(2, 3), nn.Dropout(), nn.Linear(3, 1)), "Dropout"),
        (nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.ReLU()), "ReLU"),
        (nn.Sequential(nn.Linear(2, 3), nn.ELU(alpha=2.0), nn.Linear(3, 1)), "ELU"),
        (mixed, "relu"),
        (nn.Sequential(nn.Linear(2, 3), nn.Softplus(beta=2.0), nn.Linear(3, 1)), "beta=2.0"),
        (nn.Sequential(nn.Linear(2, 3), nn.Softplus(threshold=1.0)), "threshold=1.0"),
        (nn.Sequential(nn.Linear(2, 3), nn.Softmax(dim=0)), "dim=0"),
        (nn.Sequential(nn.Linear(2, 3), nn.Linear(4, 1)), "in_features=4"),
        (nn.Linear(2, 3), "torch.nn.Sequential"),
    ):
        with pytest.raises(ValueError, match=named):
            from_torch(module)


def test_what_is_no_network_is_refused_before_it_is_exported() -> None:
    for export in (to_onnx, to_torch):
        with pytest.raises(TypeError, match="takes an FNN, but got 3"):
            export(cast(Any, 3))


@pytest.mark.torch
def test_a_network_that_was_changed_is_exported_as_it_computes() -> None:
    pytest.importorskip("onnx")
    torch = pytest.importorskip("torch")

    def units(model: FNN) -> None:
        for unit in model.layers[1].neurons:
            unit.activation = activations.relu

    def name(model: FNN) -> None:
        model.layers[0].activation = activations.relu  # the units go on with theirs

    def last(model: FNN) -> None:
        model.layers.pop()

    for change in (units, name, last):
        model = network("tanh")
        change(model)
        expected = np.array([[h.data for h in model(x)] for x in X.tolist()])
        assert run_onnx(to_onnx(model), X) == pytest.approx(expected, abs=1e-12)
        assert to_torch(model)(torch.from_numpy(X)).detach().numpy() == pytest.approx(
            expected, abs=1e-12
        )

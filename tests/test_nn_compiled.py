"""Every loss and every activation compiles, and agrees with eager to rounding."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from autograd_mini import Value, compile
from autograd_mini.compiler.check import Check
from nn import FNN, SGD, Adam, Trainer, activations, datasets, fit, losses

BATCH = 7
POSITIVE = {"msle"}
PROBABILITIES = {"bce", "binary_cross_entropy", "kl", "kl_divergence", "emd", "squared_emd"}


def batch_for(name: str, rng: random.Random) -> tuple[list[Any], list[Any]]:
    """Return inputs and targets: one-hot rows for losses of classes."""
    X = [[rng.gauss(0.0, 1.0) for _ in range(3)] for _ in range(BATCH)]
    if losses.get(name) in losses.CLASS_LOSSES:
        return X, [[float(i == k) for i in range(3)] for k in (rng.randrange(3) for _ in X)]
    if "hinge" in name:
        return X, [rng.choice((-1.0, 1.0)) for _ in X]
    return X, [rng.uniform(0.1, 0.9) for _ in X]


@pytest.mark.parametrize("name", sorted(losses.LOSSES))
def test_losses_compile_to_the_numbers_of_eager(name: str) -> None:
    X, targets = batch_for(name, random.Random(1))
    loss = losses.get(name)
    classes = loss in losses.CLASS_LOSSES
    unit = "softmax" if classes else "sigmoid"
    squashed = name in PROBABILITIES | POSITIVE
    model = FNN([3, 4, 3 if classes else 1], "tanh", unit if squashed else "identity", seed=1)

    def example_loss(x: Any, y: Any) -> Any:
        return loss([model(x)], [y])

    program = compile(example_loss, X[0], targets[0])
    value, gradients = program.value_and_grad(np.array(X), np.array(targets))
    model.zero_grad()
    mean = loss([model(x) for x in X], targets)
    mean.backward()
    assert value == pytest.approx(mean.data, rel=1e-12)
    eager = [p.grad for p in program.parameters]
    assert [float(g) for g in gradients] == pytest.approx(eager, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", sorted(activations.ACTIVATIONS.keys() - {"logsumexp"}))
def test_activations_compile_to_the_numbers_of_eager(name: str) -> None:
    vector = activations.get(name) in activations.VECTOR_ACTIVATIONS
    model = FNN([2, 3, 2], "tanh" if vector else name, name, seed=2)
    X = np.random.default_rng(0).normal(size=(BATCH, 2)) * 2.0
    X[0] = [0.0, 0.0]  # biases are 0: every unit is at its kink
    program = compile(model, X[1].tolist())
    assert program(X) == pytest.approx(model.predict(X), rel=1e-12, abs=1e-14)


def test_a_program_with_a_loss_does_not_branch_on_data() -> None:
    """The example it was made from is on the other side of every kink than the batch."""
    model = FNN([1, 1], "identity", init="zeros")
    model.load_state_dict({"layers.0.neurons.0.w.0": 1.0, "layers.0.neurons.0.b": 0.0})
    for name, inside, outside in (("hinge", 0.2, 5.0), ("huber", 0.2, 5.0), ("mae", 2.0, -2.0)):
        loss = losses.get(name)
        program = compile(lambda x, y, f=loss: f([model(x)], [y]), [inside], 1.0)
        X, y = np.array([[outside], [inside]]), np.array([1.0, 1.0])
        value, _ = program.value_and_grad(X, y)
        assert value == pytest.approx(loss(model.predict(X), y), rel=1e-14)


def test_steps_with_and_without_weights_keep_a_program_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[int] = []

    def counted(f: Any, *example: Any, **options: Any) -> Any:
        made.append(len(example))
        return compile(f, *example, **options)

    monkeypatch.setattr("nn.training.compiled.compile", counted)
    rng = np.random.default_rng(0)
    X, y, w = rng.normal(size=(8, 2)), rng.normal(size=8), rng.uniform(1.0, 2.0, 8)
    runs: list[list[float]] = []
    for backend in ("compiled", "eager"):
        model = FNN([2, 3, 1], seed=0)
        sgd = SGD(model.parameters(), lr=0.1, momentum=0.9)
        trainer = Trainer(model, "mse", sgd, backend=backend)
        runs.append([trainer.step(X, y, weights) for weights in (None, w, None, w, w, None)])
    assert made == [2, 3]
    assert runs[0] == pytest.approx(runs[1], rel=1e-12)


def test_a_function_around_a_loss_of_classes_compiles_with_their_indices() -> None:
    X, y = datasets.blobs(60, seed=0)
    count = int(max(y)) + 1

    def trained(loss: Any, backend: str) -> Any:
        model = FNN([len(X[0]), count], seed=0)
        sgd = SGD(model.parameters(), lr=0.1)
        return fit(model, X, y, loss=loss, optimizer=sgd, epochs=4, batch_size=16, backend=backend)

    for loss in (losses.cross_entropy, losses.categorical_hinge_loss):
        around = lambda f, y, loss=loss: loss(f, y)  # noqa: E731
        compiled = trained(around, "compiled")
        for other in (trained(around, "eager"), trained(loss, "compiled")):
            assert compiled.loss == pytest.approx(other.loss, rel=1e-9)
    w = [Value(0.5), Value(-0.3), Value(0.1)]
    program = compile(lambda x, y: losses.cross_entropy([p * x for p in w], y), 1.0, 2)
    for call in (program, program.value_and_grad):
        call([1.0, 2.0], [2, 0])
        with pytest.raises(ValueError, match="the target is class 3, but there are 3 classes"):
            call([1.0, 2.0], [2, 3])


def test_metrics_of_a_known_network_look_for_examples_to_compare_in_the_first_epoch_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks: list[int] = []
    choose = Check.choose

    def counted(check: Check, *batch: Any) -> int:
        looks.append(1)
        return choose(check, *batch)

    monkeypatch.setattr(Check, "choose", counted)
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(200, 2)), rng.integers(0, 3, 200)

    def looked(epochs: int) -> int:
        looks.clear()
        model = FNN([2, 3, 3], seed=0)
        adam = Adam(model.parameters())
        fit(model, X, y, loss="cross_entropy", optimizer=adam, epochs=epochs, progress=False,
            metrics=["accuracy"], validation=(X[:100], y[:100]), backend="compiled")  # fmt: skip
        return len(looks)

    assert 0 < looked(1) == looked(4)

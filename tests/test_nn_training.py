"""Training: updates, epochs, seeds, stopping, interruption, errors."""

from __future__ import annotations

import gc
import math
import os
import signal
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from autograd_mini import (
    TraceError,
    Value,
    detect_anomaly,
    greater,
    no_grad,
    record_source,
    where,
)
from autograd_mini.contexts import collector_paused
from nn import FNN, SGD, Adam, History, StepLR, Trainer, datasets, fit, losses
from nn.losses import half_mse_loss, l1_penalty, l2_penalty, mse_loss
from nn.schedules import ReduceLROnPlateau
from nn.training import DivergedError, RunState

X, Y = datasets.moons(60, noise=0.1, seed=3)
SIGNS = [2 * label - 1 for label in np.asarray(Y).tolist()]


def network(seed: int = 1, sizes: tuple[int, ...] = (2, 5, 1)) -> FNN:
    return FNN(list(sizes), "tanh", seed=seed)


def weights(model: Any) -> list[float]:
    return [p.data for p in model.parameters()]


def run(backend: str = "eager", **options: Any) -> tuple[FNN, History]:
    model = network()
    rate = options.pop("lr", 0.1)
    momentum = options.pop("momentum", 0.0)
    optimizer = SGD(model.parameters(), lr=rate, momentum=momentum)
    defaults = {"loss": "hinge", "epochs": 4, "batch_size": 16, "backend": backend}
    return model, fit(model, X, SIGNS, optimizer=optimizer, **(defaults | options))


# What an epoch is.


def test_gradient_descent_on_the_lectures_loss_is_the_formula_by_hand() -> None:
    model = FNN([1, 1], output_bias=False, seed=0)
    (w,) = model.parameters()
    w.data = 1.0
    xs, ys = [1.0, 2.0, -1.0], [3.0, 3.0, 3.0]
    history = fit(
        model,
        [[x] for x in xs],
        ys,
        loss="half_mse",
        optimizer=SGD([w], lr=0.1),
        epochs=1,
        backend="eager",
    )
    assert history.loss == [pytest.approx((2**2 + 1**2 + 4**2) / 2 / 3)]
    assert w.data == pytest.approx(1.0 + 0.1 * (2 * 1 + 1 * 2 - 4 * 1) / 3)


def test_the_loss_decreases_on_a_convex_problem() -> None:
    model = FNN([2, 1], seed=0)
    optimizer = SGD(model.parameters(), lr=0.05)
    history = fit(model, X, SIGNS, loss="mse", optimizer=optimizer, epochs=30)
    assert history.loss == sorted(history.loss, reverse=True)


def test_an_epochs_loss_is_the_example_weighted_mean_before_each_update() -> None:
    model, twin = network(), network()
    history = fit(
        model,
        X[:10],
        SIGNS[:10],
        loss="mse",
        optimizer=SGD(model.parameters(), lr=0.1),
        epochs=1,
        batch_size=4,
        shuffle=False,
        backend="eager",
    )
    sgd = SGD(twin.parameters(), lr=0.1)
    seen = 0.0
    for start in (0, 4, 8):
        sgd.zero_grad()
        xs, ys = X[start : start + 4][: 10 - start], SIGNS[start : start + 4][: 10 - start]
        loss = mse_loss([twin(x) for x in xs], ys)
        loss.backward()
        sgd.step()
        seen += loss.data * len(xs)
    assert history.loss == [pytest.approx(seen / 10, rel=1e-12)]
    assert weights(model) == pytest.approx(weights(twin), rel=1e-12)


@pytest.mark.parametrize("backend", ["eager", "compiled"])
def test_the_same_seed_gives_the_same_bits_and_another_one_does_not(backend: str) -> None:
    (first, one), (second, two) = run(backend), run(backend)
    assert weights(first) == weights(second)
    assert one.to_dict() == two.to_dict()
    assert weights(run(backend, seed=1)[0]) != weights(first)


def test_the_global_random_generator_is_left_alone() -> None:
    import random

    random.seed(5)
    before = random.getstate()
    run()
    assert random.getstate() == before


# Eager and compiled.


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"momentum": 0.9, "lr": 0.02},
        {"batch_size": None},
        {"batch_size": 1, "epochs": 2, "lr": 0.02},
        {"penalty": l2_penalty(0.1)},
        {"penalty": l1_penalty(0.01), "loss": "mse"},
        {"clip_norm": 0.1},
        {"clip_value": 0.01},
        {"sample_weight": [n % 3 for n in range(60)]},
        {"validation": (X[:7], SIGNS[:7]), "metrics": ["accuracy"]},
        {"loss": half_mse_loss},
    ],
    ids=lambda options: "-".join(options) or "plain",
)
def test_eager_and_compiled_agree_over_a_run(options: dict[str, Any]) -> None:
    (eager, one), (compiled, two) = run("eager", **options), run("compiled", **options)
    assert (one.backend, two.backend) == ("eager", "compiled")
    assert weights(compiled) == pytest.approx(weights(eager), rel=1e-9)
    columns = one.columns()
    for name, column in two.columns().items():
        assert column == pytest.approx(columns[name], rel=1e-9)
    gradients = [p.grad for p in eager.parameters()]
    assert [p.grad for p in compiled.parameters()] == pytest.approx(gradients, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("kind", [SGD, Adam])
def test_both_backends_move_some_of_the_parameters_and_decay_those_out_of_reach(kind: Any) -> None:
    found = []
    for backend in ("eager", "compiled"):
        model, stray = network(), Value(1.0)
        moved = [*model.layers[1].parameters()[::-1], stray, *model.layers[0].parameters()[2:]]
        fit(
            model,
            X,
            SIGNS,
            loss="hinge",
            optimizer=kind(moved, lr=0.05, weight_decay=0.1),
            epochs=4,
            batch_size=16,
            backend=backend,
        )
        assert weights(model)[:2] == weights(network())[:2]
        assert stray.data < 1.0
        found.append([*weights(model), stray.data])
    assert found[1] == pytest.approx(found[0], rel=1e-9)


@pytest.mark.parametrize("backend", ["eager", "compiled"])
def test_classes_are_indices_one_hot_rows_or_distributions(backend: str) -> None:
    labels = [n % 3 for n in range(60)]
    rows = np.eye(3)[labels]
    found = []
    for y in (labels, np.array(labels), rows, rows.tolist()):
        model = network(sizes=(2, 4, 3))
        fit(model, X, y, loss="cross_entropy", epochs=3, backend=backend)
        found.append(weights(model))
    assert found[0] == found[1] == found[2] == found[3]


def test_auto_compiles_by_counts_and_says_what_ran() -> None:
    assert run("auto")[1].backend == "compiled"
    assert run("auto", epochs=1)[1].backend == "eager"  # 60 examples do not pay


@pytest.mark.parametrize("block", [record_source, detect_anomaly])
def test_auto_is_eager_while_somebody_watches_the_nodes(block: Any) -> None:
    with block():
        assert run("auto")[1].backend == "eager"


def test_auto_is_eager_under_a_debugger() -> None:
    before = sys.gettrace()
    sys.settrace(lambda *_: None)
    try:
        _, history = run("auto")
    finally:
        sys.settrace(before)
    assert history.backend == "eager"


def branching_loss(prediction: Any, target: Any) -> Any:
    return (prediction - target) ** 2 if prediction > target else target - prediction


def where_loss(f: Any, y: Any) -> Any:
    return where(greater(f, y), (f - y) ** 2, y - f)


def test_auto_runs_eagerly_what_cannot_be_compiled_and_compiled_says_why() -> None:
    with pytest.warns(UserWarning, match="running eagerly") as warned:
        model, history = run("auto", loss=branching_loss)
    assert len(warned) == 1
    assert history.backend == "eager"
    assert history.reason in str(warned[0].message)
    twin, history = run("auto", loss=where_loss)
    assert (history.backend, history.reason) == ("compiled", "")
    assert weights(model) == pytest.approx(weights(twin), rel=1e-9)
    with pytest.raises(TraceError):
        run("compiled", loss=branching_loss)


# The trainer.


def test_a_loss_with_options_is_compiled_and_measured_like_its_name() -> None:
    y = [(s + 1) // 2 for s in SIGNS]
    for name, options, sizes in (
        ("cross_entropy", {"label_smoothing": 0.0}, (2, 3, 2)),
        ("bce_with_logits", {"pos_weight": 1.0}, (2, 3, 1)),
    ):
        runs = []
        for loss in (name, partial(losses.get(name), **options)):
            model = network(sizes=sizes)
            runs.append(fit(model, X, y, loss=loss, metrics=["accuracy"], epochs=9))
        assert runs[0].to_dict() == runs[1].to_dict()
        assert runs[1].backend == "compiled"


def test_a_loss_that_asks_for_a_class_index_compiles() -> None:
    def smoothed(f: Any, y: Any) -> Any:
        return losses.cross_entropy(f, y, label_smoothing=0.1)

    def masked(f: Any, y: Any) -> Any:  # a list is indexed by a plain number only
        return losses.cross_entropy(f, y) * [1.0, 2.0][y]

    y = [(s + 1) // 2 for s in SIGNS]
    runs = [
        fit(network(sizes=(2, 3, 2)), X, y, loss=smoothed, epochs=9, backend=backend)
        for backend in ("auto", "eager")
    ]
    assert runs[0].backend == "compiled"
    assert runs[0].loss == pytest.approx(runs[1].loss, rel=1e-9)
    model = network(sizes=(2, 3, 2))
    with pytest.warns(UserWarning, match="running eagerly: .*take"):
        assert fit(model, X, y, loss=masked, epochs=9).backend == "eager"
    with pytest.raises(TraceError, match="take"):
        fit(model, X, y, loss=masked, backend="compiled")


@pytest.mark.parametrize("backend", ["eager", "compiled"])
def test_a_lone_step_leaves_the_values_current(backend: str) -> None:
    model, twin = network(), network()
    trainer = Trainer(model, "mse", SGD(model.parameters(), lr=0.1), backend=backend)
    sgd = SGD(twin.parameters(), lr=0.1)
    for _ in range(3):
        sgd.zero_grad()
        loss = mse_loss([twin(x) for x in X], SIGNS)
        loss.backward()
        sgd.step()
        assert trainer.step(X, SIGNS) == pytest.approx(loss.data, rel=1e-12)
        assert weights(model) == pytest.approx(weights(twin), rel=1e-11)
        assert [p.grad for p in model.parameters()] == pytest.approx(
            [p.grad for p in twin.parameters()], rel=1e-9, abs=1e-14
        )
    assert trainer.backend == backend


def test_a_resident_trainer_brings_the_values_up_to_date_at_sync_and_on_exit() -> None:
    model, twin = network(), network()
    trainer = Trainer(model, "mse", Adam(model.parameters()), backend="compiled")
    other = Trainer(twin, "mse", Adam(twin.parameters()), backend="compiled")
    with trainer:
        trainer.step(X, SIGNS)
        assert weights(model) == weights(network())
        trainer.sync()
        other.step(X, SIGNS)
        assert weights(model) == weights(twin)
        trainer.step(X, SIGNS)
    other.step(X, SIGNS)
    assert weights(model) == weights(twin)
    assert trainer.optimizer.state_dict() == other.optimizer.state_dict()


def test_a_step_takes_changed_values_into_account() -> None:
    model = network()
    trainer = Trainer(model, "mse", SGD(model.parameters()), backend="compiled")
    first = trainer.step(X, SIGNS)
    model.load_state_dict(network().state_dict())
    assert trainer.step(X, SIGNS) == first


def test_the_collector_is_paused_during_a_step_and_restored_also_after_an_error() -> None:
    seen: list[bool] = []

    def loss(f: Any, y: Any) -> Any:
        seen.append(gc.isenabled())
        if len(seen) == 3:
            raise RuntimeError("stop here")
        return (f - y) ** 2

    assert gc.isenabled()
    with pytest.raises(RuntimeError, match="stop here"):
        run("eager", loss=loss)
    assert seen == [False] * 3
    assert gc.isenabled()
    with collector_paused():
        with collector_paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()
    gc.disable()
    try:
        with collector_paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


# Penalties, weights, clipping, schedules.


@pytest.mark.parametrize("backend", ["eager", "compiled"])
def test_a_penalty_counts_once_per_update(backend: str) -> None:
    model = network()
    expected = mse_loss([model(x) for x in X], SIGNS).data + l2_penalty(3.0)(model).data
    _, history = run(backend, loss="mse", penalty=l2_penalty(3.0), batch_size=None, epochs=1)
    assert history.loss == [pytest.approx(expected, rel=1e-12)]
    for size in (7, 60):
        sizes = l2_penalty(3.0)(network()).data
        _, history = run(backend, loss="mse", penalty=l2_penalty(3.0), batch_size=size, lr=0.0)
        assert history.loss[0] == pytest.approx(expected, rel=1e-12)
        assert sizes > 1.0


def test_a_weight_of_zero_leaves_out_and_of_two_repeats() -> None:
    weighted, repeated = network(), network()
    kept = [n for n in range(60) if n % 3]
    twice = [n for n in kept for _ in range(n % 3)]
    common: dict[str, Any] = {"loss": "mse", "epochs": 3, "backend": "eager"}
    fit(weighted, X, SIGNS, sample_weight=[n % 3 for n in range(60)], **common)
    fit(repeated, [X[n] for n in twice], [SIGNS[n] for n in twice], **common)
    assert weights(weighted) == pytest.approx(weights(repeated), rel=1e-9)

    masked, removed = network(), network()
    fit(masked, X, SIGNS, sample_weight=[n % 3 > 0 for n in range(60)], batch_size=8, **common)
    fit(removed, [X[n] for n in kept], [SIGNS[n] for n in kept], batch_size=8, **common)
    assert weights(masked) == pytest.approx(weights(removed), rel=1e-12)


def test_a_clipped_step_is_no_longer_than_lr_times_the_limit() -> None:
    model, _ = run(batch_size=None, epochs=1, lr=1.0, clip_norm=0.01)
    moved = [a - b for a, b in zip(weights(model), weights(network()), strict=True)]
    assert math.hypot(*moved) == pytest.approx(0.01, rel=1e-3)
    model, _ = run(batch_size=None, epochs=1, lr=1.0, clip_value=0.001)
    moved = [a - b for a, b in zip(weights(model), weights(network()), strict=True)]
    assert max(map(abs, moved)) == pytest.approx(0.001)


def test_a_schedule_is_stepped_after_every_epoch_and_recorded() -> None:
    model = network()
    optimizer = SGD(model.parameters(), lr=0.4)
    schedule = StepLR(optimizer, 2, 0.5)
    history = fit(model, X, SIGNS, loss="mse", schedule=schedule, epochs=5)
    assert history.lr == [0.4, 0.4, 0.2, 0.2, 0.1]
    plateau = ReduceLROnPlateau(SGD(model.parameters(), lr=0.0), factor=0.5, patience=1)
    plateau.optimizer.lr = 1e-300
    history = fit(model, X, SIGNS, loss="mse", schedule=plateau, epochs=5)
    assert history.lr == [1e-300, 1e-300, 1e-300, 5e-301, 5e-301]


# Stopping.


@pytest.mark.parametrize("backend", ["eager", "compiled"])
def test_patience_stops_and_gives_the_best_weights_back(backend: str) -> None:
    model = network()
    seen: list[list[float]] = []
    history = fit(
        model,
        X[:20],
        SIGNS[:20],
        loss="mse",
        optimizer=SGD(model.parameters(), lr=0.4, momentum=0.9),
        epochs=200,
        validation=(X[20:], SIGNS[20:]),
        patience=5,
        callbacks=[lambda state: seen.append(weights(state.model))],
        backend=backend,
    )
    best = history.val_loss.index(min(history.val_loss))
    assert history.stopped == "patience"
    assert history.epochs == best + 1 + 5
    assert history.best_epoch == best + 1
    assert weights(model) == seen[best]


@pytest.mark.parametrize("backend", ["eager", "compiled"])
def test_the_best_weights_by_the_training_loss_are_those_that_it_was_measured_at(
    backend: str,
) -> None:
    model, w = network(sizes=(2, 1)), weights(network(sizes=(2, 1)))
    seen = [w]
    history = fit(
        model,
        X,
        SIGNS,
        loss="mse",
        optimizer=SGD(model.parameters(), lr=0.01),
        epochs=50,
        patience=2,
        callbacks=[
            lambda state: seen.append(weights(state.model)),
            lambda state: vars(state.optimizer).update(lr=2.0) if state.epoch == 5 else None,
        ],
        backend=backend,
    )
    best = history.best_epoch
    assert history.stopped == "patience"
    assert best == 6
    assert weights(model) == seen[best - 1]
    loss = float(np.mean((model.predict(X) - np.array(SIGNS)) ** 2))
    assert loss == pytest.approx(min(history.loss))


def test_callbacks_see_the_state_and_stop_by_returning_true() -> None:
    states: list[RunState] = []

    def stop_after_two(state: RunState) -> bool:
        states.append(state)
        return state.epoch == 2

    model, history = run("auto", callbacks=[stop_after_two], epochs=50)
    assert [state.epoch for state in states] == [1, 2]
    assert history.epochs == 2
    assert history.stopped == "callback"
    assert states[0].model is model
    assert states[0].history is history
    assert isinstance(states[0].optimizer, SGD)


@pytest.mark.parametrize(("answer", "epochs"), [(np.True_, 1), (1, 3), ("stop", 3), (None, 3)])
def test_only_a_true_answer_stops_and_numpys_is_one(answer: Any, epochs: int) -> None:
    _, history = run(callbacks=[lambda state: answer], epochs=3)
    assert history.epochs == epochs


def test_callbacks_may_change_the_values_of_a_compiled_run() -> None:
    def clamp(state: RunState) -> None:
        for p in state.model.parameters():
            p.data = max(min(p.data, 0.2), -0.2)

    for backend in ("eager", "compiled"):
        model, _ = run(backend, callbacks=[clamp])
        assert max(map(abs, weights(model))) <= 0.2
    assert weights(run("eager", callbacks=[clamp])[0]) == pytest.approx(
        weights(run("compiled", callbacks=[clamp])[0]), rel=1e-9
    )


@pytest.mark.parametrize("backend", ["eager", "compiled"])
def test_ctrl_c_keeps_model_and_history_and_says_so(
    backend: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # in the background of a shell
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def press(state: RunState) -> None:
        if state.epoch == 3:
            os.kill(os.getpid(), signal.SIGINT)

    model, history = run(backend, callbacks=[press], epochs=1000)
    assert history.stopped == "interrupted"
    assert history.epochs == 3
    assert weights(model) == weights(run(backend, epochs=3)[0])
    assert "stopped by Ctrl-C after 3 of 1000 epochs" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupt_inside_a_loss_ends_the_run_as_well(
    capsys: pytest.CaptureFixture[str],
) -> None:
    calls = []

    def loss(f: Any, y: Any) -> Any:
        calls.append(y)
        if len(calls) == 100:
            raise KeyboardInterrupt
        return (f - y) ** 2

    model, history = run("eager", loss=loss, epochs=10)
    assert history.epochs == 1
    assert history.stopped == "interrupted"
    assert all(map(math.isfinite, weights(model)))
    assert "Ctrl-C" in capsys.readouterr().err


@pytest.mark.parametrize("backend", ["eager", "compiled"])
def test_a_diverging_run_names_the_epoch_the_example_and_what_to_try(backend: str) -> None:
    model = FNN([2, 1], seed=0)
    optimizer = SGD(model.parameters(), lr=1e150)
    before: list[list[float]] = [weights(model)]

    def keep(state: RunState) -> None:
        before.append(weights(state.model))

    with pytest.raises(
        DivergedError, match=r"epoch \d+, update 1: at example \d+ .*lower lear"
    ) as e:
        fit(
            model,
            X,
            SIGNS,
            loss="mse",
            optimizer=optimizer,
            callbacks=[keep],
            backend=backend,
        )
    assert "clip_norm" in str(e.value)
    assert isinstance(e.value, ValueError)
    assert weights(model) == before[-1]
    assert all(map(math.isfinite, weights(model)))


@pytest.mark.parametrize("backend", ["eager", "compiled"])
@pytest.mark.parametrize("bad", [0, 1])
def test_an_output_that_cannot_be_computed_names_the_example(backend: str, bad: int) -> None:
    model = FNN([1, 1], output_activation="exp", init="zeros")
    xs = [[0.0], [0.0]]
    xs[bad] = [1.0]
    model.parameters()[0].data = 1000.0
    with pytest.raises(DivergedError, match=rf"epoch 1.* at example {bad}.* exp"):
        fit(model, xs, [1.0, 1.0], loss="mse", epochs=100, backend=backend)


def test_an_infinite_gradient_stops_before_it_reaches_the_weights() -> None:
    def loss(f: Any, y: Any) -> Any:
        return abs(f - f.detach()).sqrt()  # 0, with an infinite slope

    model = network()
    with pytest.raises(DivergedError, match=r"in epoch 1, update 1: the gradient of layers"):
        fit(model, X, SIGNS, loss=loss, backend="eager")
    assert weights(model) == weights(network())


# What is measured and shown.


def test_metrics_are_measured_on_training_and_validation_data() -> None:
    def bias(prediction: Any, target: Any) -> float:
        return float(np.mean(np.asarray(prediction) - np.asarray(target)))

    model, history = run(metrics=["accuracy", bias], validation=(X[:9], SIGNS[:9]), epochs=3)
    assert set(history.metrics) == {"accuracy", "bias", "val_accuracy", "val_bias"}
    assert all(len(column) == 3 for column in history.columns().values())
    right = sum((model(x).data > 0) == (s > 0) for x, s in zip(X, SIGNS, strict=True))
    assert history.metrics["accuracy"][-1] == right / len(X)


def test_a_metric_of_ones_own_sees_the_targets_as_they_were_given() -> None:
    labels = [(s + 1) // 2 for s in SIGNS]

    def right(prediction: Any, target: Any) -> float:
        assert target == labels
        return float(np.mean(prediction.argmax(axis=1) == target))

    model = network(sizes=(2, 3, 2))
    history = fit(model, X, labels, loss="cross_entropy", metrics=[right, "accuracy"], epochs=2)
    assert history.metrics["right"] == history.metrics["accuracy"]


def test_metrics_of_one_name_are_numbered() -> None:
    _, history = run(metrics=[lambda f, y: 1.0, lambda f, y: 2.0, lambda f, y: 3.0], epochs=1)
    assert history.metrics == {"<lambda>": [1.0], "<lambda>_2": [2.0], "<lambda>_3": [3.0]}


def test_accuracy_of_logits_is_counted_from_zero() -> None:
    y = [(s + 1) // 2 for s in SIGNS]
    model = network()
    history = fit(model, X, y, loss="bce_with_logits", metrics=["accuracy"], epochs=20)
    right = sum((model(x).data > 0) == (t > 0) for x, t in zip(X, y, strict=True))
    assert history.metrics["accuracy"][-1] == right / len(X)


@pytest.mark.parametrize("epochs", [1, 4])
def test_a_plot_counts_epochs_in_whole_numbers_and_shows_a_single_one(epochs: int) -> None:
    pytest.importorskip("matplotlib")
    _, history = run(epochs=epochs, validation=(X[:9], SIGNS[:9]))
    (axes,) = history.plot().axes
    assert {float(tick) % 1.0 for tick in axes.get_xticks()} == {0.0}
    assert [line.get_marker() == "." for line in axes.lines[:2]] == [epochs == 1] * 2


def test_a_history_prints_plots_and_exports(tmp_path: Path) -> None:
    _, history = run(epochs=12, validation=(X[:9], SIGNS[:9]))
    lines = str(history).splitlines()
    assert len(lines) == 11
    assert lines[0].split() == ["epoch", "loss", "val_loss", "lr"]
    assert lines[-1].split()[0] == "12"
    assert "12 epochs" in repr(history)
    history.to_csv(tmp_path / "h.csv")
    rows = (tmp_path / "h.csv").read_text().splitlines()
    assert rows[0] == "epoch,loss,val_loss,lr"
    assert [float(row.split(",")[1]) for row in rows[1:]] == history.loss
    history.to_json(tmp_path / "h.json")
    import json

    again = History.from_dict(json.loads((tmp_path / "h.json").read_text()))
    assert again.to_dict() == history.to_dict()
    pytest.importorskip("matplotlib")
    history.plot(tmp_path / "h.png")
    assert (tmp_path / "h.png").read_bytes().startswith(b"\x89PNG")


def test_progress_is_quiet_unless_asked_or_on_a_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run()
    assert capsys.readouterr() == ("", "")
    run(progress=True)
    assert "epoch 4/4" in capsys.readouterr().err
    run(progress=False)
    assert capsys.readouterr() == ("", "")


# Refusals.


class Plain:
    """A model that is nothing but a function with parameters."""

    def __init__(self) -> None:
        self.w = Value(0.1)

    def parameters(self) -> list[Value]:
        return [self.w]

    def __call__(self, x: Any) -> Any:
        return self.w * x[0]


@pytest.mark.parametrize("backend", ["eager", "compiled"])
def test_anything_with_parameters_can_be_trained(backend: str) -> None:
    model = Plain()
    history = fit(
        model,
        [[1.0], [2.0]],
        [3.0, 6.0],
        loss="mse",
        metrics=["r2_score"],
        optimizer=SGD(model.parameters(), lr=0.1),
        epochs=100,
        backend=backend,
    )
    assert model.w.data == pytest.approx(3.0)
    assert history.metrics["r2_score"][-1] == pytest.approx(1.0)


def test_no_epochs_change_nothing() -> None:
    model, history = run(epochs=0)
    assert history.epochs == 0
    assert weights(model) == weights(network())
    assert str(history)


@pytest.mark.parametrize(
    ("loss", "output", "targets"),
    [
        ("bce_with_logits", "sigmoid", [1.0] * 60),
        ("msle", "identity", [1.0] * 60),
        ("cross_entropy", "softmax", [1] * 60),
    ],
)
def test_a_loss_that_cannot_be_meant_for_the_output_unit_is_warned_of(
    loss: str, output: str, targets: Any
) -> None:
    model = FNN([2, 2 if output == "softmax" else 1], output_activation=output)
    for p in model.parameters():
        p.data = 0.01
    xs = [[abs(a) + 1.0, abs(b) + 1.0] for a, b in np.asarray(X).tolist()]
    with pytest.warns(UserWarning, match=f"{loss} takes .*: use output_activation") as caught:
        fit(model, xs, targets, loss=loss, epochs=1)
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loss": "msee"}, "no loss is called 'msee'"),
        ({"epochs": -1}, "epochs must be 0 or more, but got -1"),
        ({"epochs": 2.5}, "epochs must be a whole number, but got 2.5"),
        ({"batch_size": 0}, "batch_size must be 1 or more"),
        ({"patience": 0}, "patience must be 1 or more"),
        ({"backend": "gpu"}, "backend must be one of auto, eager, compiled, native, but got 'gpu'"),
        ({"clip_norm": 0.0}, "clip_norm must be above 0"),
        ({"clip_value": -1.0}, "clip_value must be above 0"),
        ({"metrics": ["accurate"]}, "called 'accurate': there are accuracy"),
        ({"metrics": ["confusion_matrix"]}, "no metric that is one number"),
        ({"sample_weight": [1.0]}, "a number from 0 up for each of 60 examples"),
        ({"sample_weight": [0.0] * 60}, "and one above 0"),
        ({"sample_weight": [-1.0] * 60}, "sample_weight needs"),
        ({"validation": (X[:2], SIGNS[:3])}, "validation: .* 2 examples, 3 targets"),
        ({"validation": X}, r"validation is a pair \(X, y\), but got array"),
        ({"validation": 0.2}, r"validation is a pair \(X, y\), but got 0.2"),
        ({"validation": ([[1.0]], [1])}, "validation: this network takes 2 numbers"),
        ({"loss": "cross_entropy"}, "a loss of classes needs one output for each class"),
        ({"loss": "bce_with_logits"}, r"y\[\d+\] = -1 does not go .* must be in \[0, 1\]"),
        ({"optimizer": SGD([Value(1.0)])}, "moves none of the model's 21 parameters"),
        ({"schedule": StepLR(SGD([Value(1.0)]), 1)}, "the schedule moves .* another optimizer"),
    ],
    ids=lambda case: case if isinstance(case, str) else ", ".join(case),
)
def test_settings_that_cannot_be_meant_are_refused(options: dict[str, Any], message: str) -> None:
    model = network()
    defaults: dict[str, Any] = {"loss": "hinge", "optimizer": SGD(model.parameters())}
    with pytest.raises(ValueError, match=message):
        fit(model, X, SIGNS, **(defaults | options))
    assert weights(model) == weights(network())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"optimizer": "sgd"}, r"such as SGD\(model.parameters\(\), lr=0.1\), but got 'sgd'"),
        ({"optimizer": SGD}, "optimizer is an object"),
        ({"schedule": "step"}, "schedule is an object .* but got 'step'"),
        ({"penalty": "l2"}, r"such as losses.l2_penalty\(1e-4\), but got 'l2'"),
        ({"metrics": "accuracy"}, r"such as \['accuracy'\], but got 'accuracy'"),
        ({"metrics": None}, "such as .*, but got None"),
        ({"callbacks": print}, "callbacks is a list of functions"),
        ({"callbacks": None}, "callbacks is a list of functions of the run, but got None"),
        ({"callbacks": [3]}, r"callbacks is a list of functions of the run, but got \[3\]"),
    ],
    ids=lambda case: case if isinstance(case, str) else ", ".join(case),
)
def test_what_is_of_another_kind_is_refused_before_the_first_epoch(
    options: dict[str, Any], message: str
) -> None:
    model = network()
    with pytest.raises(TypeError, match=message):
        fit(model, X, SIGNS, loss="hinge", **options)
    assert weights(model) == weights(network())


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(TypeError, match=r"a model is called .* but got 3"):
        fit(3, X, SIGNS, loss="hinge")


def test_an_eager_run_inside_no_grad_says_that_nothing_is_learned() -> None:
    with no_grad(), pytest.raises(ValueError, match=r"inside no_grad\(\) nothing is learned"):
        run("eager")


@pytest.mark.parametrize("place", ["missing/run", "."])
def test_a_checkpoint_that_cannot_be_written_is_refused_before_the_first_epoch(
    place: str, tmp_path: Path
) -> None:
    model = network()
    with pytest.raises(OSError, match="directory"):
        fit(model, X, SIGNS, loss="hinge", checkpoint=tmp_path / place)
    assert weights(model) == weights(network())


def test_a_table_of_targets_has_a_row_for_each_example() -> None:
    pandas = pytest.importorskip("pandas")
    targets = np.column_stack([SIGNS, X[:, 0]])
    runs = []
    for given in (targets, pandas.DataFrame(targets, columns=["sign", "first"])):
        model = network(sizes=(2, 3, 2))
        fit(model, X, given, loss="mse", epochs=2)
        runs.append(weights(model))
    assert runs[0] == runs[1]


@pytest.mark.parametrize("backend", ["eager", "compiled"])
def test_a_step_refuses_bad_data_also_after_good_ones(backend: str) -> None:
    model = network()
    trainer = Trainer(model, "mse", SGD(model.parameters()), backend=backend)
    trainer.step(X, np.array(SIGNS, dtype=float))
    before = weights(model)
    for xs, ys, message in (
        (X, None, "y needs one target for each example, but got None"),
        (X, np.array(1.0), "y needs one target for each example, but got array"),
        (np.array(1.0), np.array([1.0]), "X must be numbers in equal rows"),
        ([[1.0, 2.0]], [math.nan], r"y\[0\] is nan: leave example 0 out"),
        ([[1.0, 2.0, 3.0]], [1.0], "this network takes 2 numbers"),
        ([[1.0, 2.0]], 1.0, "y needs one target for each example, but got 1.0"),
        (X + 1j, SIGNS, "some are complex"),
        ([["1.0", "2.0"]], [1.0], "some are text"),
    ):
        with pytest.raises(ValueError, match=message) as caught:
            trainer.step(xs, ys)
        assert not isinstance(caught.value, DivergedError)
    assert weights(model) == before
    named = Trainer(model, lambda f, y: (f - len(y)) ** 2, SGD(model.parameters()))
    named.step(X, ["a"] * len(X))
    with pytest.raises(ValueError, match="y needs one target for each example, but got None"):
        named.step(X, None)


@pytest.mark.parametrize(
    ("xs", "ys", "loss", "message"),
    [
        ([], [], "mse", "there is nothing to learn from"),
        ([[1.0, 2.0]], [1.0, 2.0], "mse", "1 examples, 2 targets"),
        ([[1.0, math.nan]], [1.0], "mse", r"X\[0, 1\] is nan"),
        ([[1.0, 2.0], [1.0]], [1.0, 2.0], "mse", "X must be numbers in equal rows"),
        ([["a", "b"]], [1.0], "mse", "X must be numbers"),
        ([[1.0, None]], [1.0], "mse", "X must be numbers .* but some are missing"),
        ([[1.0, []]], [1.0], "mse", "X must be numbers in equal rows"),
        ([[1.0, 2j]], [1.0], "mse", "X must be numbers .* but some are complex"),
        ([[1.0, 2.0, 3.0]], [1.0], "mse", "takes 2 numbers"),
        ([[1.0, 2.0]], [[1.0]], "mse", r"y\[0\] = \[1.0\] does not go .* y.ravel\(\) makes"),
        ([[1.0, 2.0]], ["one"], "mse", "does not go with this model and loss"),
        ([[1.0, 2.0]], [0], "hinge", "turns 0 and 1 into -1 and"),
        (3.0, [0], "mse", "X needs one entry for each example"),
        ({1.0, 2.0}, [0, 1], "mse", "X must be numbers"),
        (SimpleNamespace(toarray=None), [0], "mse", r"give its toarray\(\)"),
    ],
    ids=str,
)
def test_data_that_cannot_be_meant_is_refused(xs: Any, ys: Any, loss: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit(network(), xs, ys, loss=loss)


def test_callbacks_and_metrics_may_be_anything_that_is_gone_through() -> None:
    told = fit(
        network(), X, SIGNS, loss="hinge", epochs=5,
        callbacks=cast(Any, (end for end in [lambda state: state.epoch == 2])),
        metrics=cast(Any, iter(["accuracy"])),
    )  # fmt: skip
    assert told.epochs == len(told.metrics["accuracy"]) == 2


def test_examples_may_be_anything_that_is_gone_through() -> None:
    xs = [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    rows = [(0.0, 1.0, 0.0), (1.0, 0.0, 0.0), (0.5, 0.5, 0.0)]

    def learned(examples: Any, targets: Any) -> list[float]:
        return fit(network(sizes=(2, 3)), examples, targets, loss="cross_entropy", epochs=2).loss

    wanted = learned(xs, [[*row] for row in rows])
    for again in (lambda: map(tuple, xs), lambda: (x for x in xs), dict(enumerate(xs)).values):
        for targets in (rows, tuple(rows), iter(rows), np.array(rows), np.array(rows, "f4")):
            assert learned(again(), targets) == wanted
    assert network().predict(map(tuple, xs)).tolist() == network().predict(xs).tolist()


@pytest.mark.parametrize(
    ("label", "message"),
    [
        (3, r"y\[1\] is class 3, but there are 3 classes: 0 to 2"),
        (1.0, r"a class is an int .* y.astype\(int\)"),
        (True, "a class is"),
        ("1", "a class is an int .* numpy.unique"),
    ],
    ids=str,
)
def test_a_label_that_is_no_class_is_refused(label: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit(network(sizes=(2, 3)), [[0.0, 0.0]] * 2, [0, label], loss="cross_entropy")


@pytest.mark.parametrize("loss", ["cross_entropy", "mse", "bce_with_logits"])
def test_a_step_on_arrays_like_the_last_checks_their_numbers_all_the_same(loss: str) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 2))
    y: Any = rng.integers(0, 2, 30)
    y = y if loss == "cross_entropy" else y.astype(float)
    twins = [FNN([2, 3, 2 if loss == "cross_entropy" else 1], seed=0) for _ in range(2)]
    quick, eager = (
        Trainer(model, loss, SGD(model.parameters(), lr=0.1), backend=backend)
        for model, backend in zip(twins, ("compiled", "eager"), strict=True)
    )
    for part in (slice(0, 20), slice(10, 30), slice(5, 12), slice(0, 1)):
        found = quick.step(X[part], y[part])
        assert found == pytest.approx(eager.step(X[part], y[part]), rel=1e-9)
    assert quick.step(X.astype(np.float32), y.tolist()) == pytest.approx(
        eager.step(X.astype(np.float32), y), rel=1e-9
    )
    quick.step(X, y)
    before = [p.data for p in twins[0].parameters()]
    for bad in (math.nan, math.inf, -math.inf):
        worse = X.copy()
        worse[4, 1] = bad
        with pytest.raises(ValueError, match=r"X\[4, 1\] is -?(nan|inf)"):
            quick.step(worse, y)
    for label in (-1, 2) if loss != "mse" else (math.nan,):
        wrong = y.copy()
        wrong[3] = label
        with pytest.raises(ValueError, match=r"y\[3\]"):
            quick.step(X, wrong)
    with pytest.raises(ValueError, match="30 examples, 29"):
        quick.step(X, y[:-1])
    assert [p.data for p in twins[0].parameters()] == before
    large = X * 1e200  # whose squares are not finite
    assert quick.step(large, y) == pytest.approx(eager_loss(large, y, twins[0], before, loss))


def eager_loss(X: Any, y: Any, model: FNN, weights: list[float], loss: str) -> float:
    twin = FNN(model.sizes, seed=0)
    for p, data in zip(twin.parameters(), weights, strict=True):
        p.data = data
    return Trainer(twin, loss, SGD(twin.parameters(), lr=0.1), backend="eager").step(X, y)

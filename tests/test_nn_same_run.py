"""A run of `fit` is the same through every door: backend, forms of the data, loops of one's own.

Random runs are made eagerly from lists; then once more, said in another way. Compared is all that
a user sees afterwards: history, weights, gradients, the optimizer's memory, predictions.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, NamedTuple

import numpy as np
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

import nn
from nn import (
    FNN,
    SGD,
    Adam,
    AdamW,
    DivergedError,
    Trainer,
    clip_grad_norm,
    clip_grad_value,
    fit,
    losses,
    metrics,
)
from tests.shared import BACKENDS, THOROUGH

LOSSES = {
    "numbers": ("mse", "mae", "huber", "log_cosh", "gaussian_nll"),
    "rows": ("mse", "mae", "huber", "half_mse"),
    "binary": ("bce_with_logits",),
    "signs": ("hinge", "squared_hinge"),
    "classes": ("cross_entropy", "multi_margin", "categorical_hinge", "one_hot_l2"),
}
OPTIMIZERS: tuple[tuple[Any, dict[str, Any]], ...] = (
    (SGD, {}),
    (SGD, {"momentum": 0.5, "nesterov": True, "weight_decay": 0.01}),
    (SGD, {"momentum": 0.5, "dampening": 0.3}),
    (SGD, {"maximize": True}),
    (Adam, {"weight_decay": 0.1, "betas": (0.8, 0.9), "eps": 1e-3}),
    (AdamW, {"eps": 1e-3}),  # a smaller one makes steps of what is rounding alone
)
SCHEDULES: tuple[tuple[str, dict[str, Any]] | None, ...] = (
    None,
    ("StepLR", {"step_size": 1, "gamma": 0.5}),
    ("LinearLR", {"total_iters": 3}),
    ("ReduceLROnPlateau", {"factor": 0.5, "patience": 0}),
)


class Setup(NamedTuple):
    """All that says what a run is, but not how it is said."""

    kind: str
    sizes: list[int]
    activation: str
    biases: tuple[bool, bool]
    loss: str
    X: list[list[float]]
    y: list[Any]
    optimizer: tuple[Any, dict[str, Any]]
    schedule: tuple[str, dict[str, Any]] | None
    is_partial: bool
    penalty: Any
    options: dict[str, Any]  # of fit, said in one way only

    def model(self) -> FNN:
        bias, output_bias = self.biases
        return FNN(self.sizes, self.activation, bias=bias, output_bias=output_bias, seed=1)

    def tools(self, model: FNN) -> tuple[Any, Any]:
        moved = model.layers[-1] if self.is_partial else model
        kind, options = self.optimizer
        optimizer = kind(moved.parameters(), lr=0.05, **options)
        schedule = self.schedule and getattr(nn, self.schedule[0])(optimizer, **self.schedule[1])
        return optimizer, schedule

    def run(self, backend: str = "eager", **changed: Any) -> dict[str, Any]:
        model = self.model()
        optimizer, schedule = self.tools(model)
        told: dict[str, Any] = {"X": self.X, "y": self.y, "loss": self.loss} | self.options
        history = fit(
            model, optimizer=optimizer, schedule=schedule, penalty=self.penalty, backend=backend,
            progress=False, **told | changed,
        )  # fmt: skip
        return self.seen(model, optimizer) | {
            "loss": history.loss,
            "val_loss": history.val_loss,
            "metrics": list(history.metrics.values()),
            "lr": history.lr,
            "epochs": [history.epochs],
        }

    def seen(self, model: FNN, optimizer: Any) -> dict[str, Any]:
        state = optimizer.state_dict()
        return {
            "weights": [p.data for p in model.parameters()],
            "gradients": [float(p.grad) for p in optimizer.params],
            "memory": [x for _, x in sorted(state.items())],
            "predictions": model.predict(self.X).tolist(),
            "calls": [np.ravel([np.float64(f) for f in np.ravel(model(x))]) for x in self.X],
        }

    def batches(self) -> Iterator[list[list[int]]]:
        """Yield the places of the batches of each epoch, as `fit` takes them."""
        weights = self.options["sample_weight"] or [1.0] * len(self.X)
        kept = [n for n, weight in enumerate(weights) if weight]
        size, rng = min(self.options["batch_size"] or len(kept), len(kept)), Random(3)
        for _ in range(self.options["epochs"]):
            order = kept
            if self.options["shuffle"] and size < len(kept):
                drawn = np.frombuffer(rng.randbytes(8 * len(kept)), "<u8").argsort()
                order = [kept[i] for i in drawn]
            yield [order[i : i + size] for i in range(0, len(order), size)]

    def loop(self, step: Callable[..., float], schedule: Any) -> list[float]:
        """Run a loop of one's own; return the losses of its epochs."""
        given, found = self.options["sample_weight"], []
        for batches in self.batches():
            whole = mass = 0.0
            for places in batches:
                weights = given and [given[n] for n in places]
                counted = sum(weights) if weights else len(places)
                chosen = [self.X[n] for n in places], [self.y[n] for n in places]
                whole += counted * step(*chosen, weights)
                mass += counted
            found.append(whole / mass)
            if schedule is not None:
                schedule.step(found[-1])
        return found


@st.composite
def setups(draw: DrawFn) -> Setup:
    def one_of(*choices: Any) -> Any:
        return draw(st.sampled_from(choices))

    kind = one_of(*LOSSES)
    outputs = one_of(2, 3) if kind in ("rows", "classes") else 1
    number = st.integers(-16, 16).map(lambda n: n / 8)
    inputs = one_of(1, 2, 3)
    row = st.lists(number, min_size=inputs, max_size=inputs)
    target: Any = {
        "numbers": number,
        "rows": st.lists(number, min_size=outputs, max_size=outputs),
        "binary": st.integers(0, 1),
        "signs": st.sampled_from([-1, 1]),
        "classes": st.integers(0, outputs - 1),
    }[kind]
    examples = draw(st.lists(st.tuples(row, target), min_size=1, max_size=one_of(3, 12)))
    X, y = [list(column) for column in zip(*examples, strict=True)]
    weights = one_of(None, None, [one_of(1, 2, 0.5, 0, 1) for _ in range(len(X) - 1)] + [1.5])
    counted = kind in ("binary", "signs", "classes")
    strength, penalty = one_of(None, None, 0.0, 0.1), one_of(losses.l1_penalty, losses.l2_penalty)
    return Setup(
        kind=kind,
        sizes=[inputs, *one_of([], [3], [4, 2]), outputs],
        activation=one_of("tanh", "relu", "silu", "abs", "sigmoid"),
        biases=(one_of(True, False), one_of(True, False)),
        loss=one_of(*LOSSES[kind]),
        X=X,
        y=y,
        optimizer=one_of(*OPTIMIZERS),
        schedule=one_of(*SCHEDULES),
        is_partial=one_of(False, False, False, True),
        penalty=None if strength is None else penalty(strength),
        options={
            "epochs": one_of(1, 2, 4),
            "batch_size": one_of(None, 1, 2, 5, len(X), 99),
            "shuffle": one_of(True, False),
            "seed": 3,
            "validation": one_of(None, None, (X[:2], y[:2])),
            "patience": one_of(None, None, 1),
            "metrics": one_of([], ["accuracy"] if counted else ["mean_absolute_error"]),
            "clip_norm": one_of(None, None, 0.1),
            "clip_value": one_of(None, None, 0.05),
            "sample_weight": weights,
        },
    )  # fmt: skip


def in_another_form(setup: Setup, form: str) -> dict[str, Any]:
    """Return the data in a form that means the same."""
    X, y = np.array(setup.X), np.array(setup.y)
    given: dict[str, Any] = {
        "arrays": (X, y),
        "columns first": (np.asfortranarray(X), np.asfortranarray(y)),
        "single precision": (X.astype(np.float32), y.astype(np.float32)),
        "views": (np.repeat(X, 2, axis=0)[::2], y[::-1].copy()[::-1]),
        "foreign bytes": (X.astype(">f8"), y.astype(y.dtype.newbyteorder())),
        "objects": (X.astype(object), y.astype(object)),
        "generators": ((list(x) for x in setup.X), map(copy.copy, setup.y)),
        "tuples": (tuple(map(tuple, setup.X)), tuple(setup.y)),
        "lists of arrays": ([*X], [*y]),
    }
    inputs, targets = given[form]
    if setup.kind == "classes":
        if form == "single precision":  # numbers that are no classes, but rows of them are
            targets = np.eye(setup.sizes[-1], dtype=np.float32)[y]
        elif form == "views":
            targets = y.astype(np.uint8)
    if setup.kind == "binary" and form in ("arrays", "lists of arrays"):
        targets = y.astype(bool)
    weights, validation = setup.options["sample_weight"], setup.options["validation"]
    return {
        "X": inputs,
        "y": targets,
        "sample_weight": weights and np.array(weights, np.float32),
        "validation": validation and (np.array(validation[0]), np.array(validation[1])),
    }


FORMS = (
    *("arrays", "columns first", "single precision", "views", "foreign bytes", "objects"),
    *("generators", "tuples", "lists of arrays"),
)


class Around:
    """A model of the user's own that is a network."""

    def __init__(self, net: FNN) -> None:
        self.net = net
        self.parameters, self.weights = net.parameters, net.weights

    def __call__(self, x: Any) -> Any:
        return self.net(x)


def through_a_model_of_ones_own(setup: Setup, backend: str) -> dict[str, Any]:
    model = setup.model()
    optimizer, schedule = setup.tools(model)
    history = fit(
        Around(model), setup.X, setup.y, loss=setup.loss, optimizer=optimizer, schedule=schedule,
        penalty=setup.penalty, backend=backend, progress=False, **setup.options,
    )  # fmt: skip
    return setup.seen(model, optimizer) | {"loss": history.loss, "lr": history.lr}


def through_functions(setup: Setup, backend: str) -> dict[str, Any]:
    """Give functions where there are names; one of several outputs takes a batch of one."""
    named: Any = losses.get(setup.loss)
    function = (lambda f, y: named([f], [y])) if setup.kind == "rows" else named
    measured = [getattr(metrics, name) for name in setup.options["metrics"]]
    return setup.run(backend, loss=function, metrics=measured)


def by_trainer(setup: Setup, backend: str, form: str) -> dict[str, Any]:
    """Make the steps one by one, from lists, arrays or arrays that are written anew."""
    model = setup.model()
    optimizer, schedule = setup.tools(model)
    trainer = Trainer(
        model, setup.loss, optimizer, penalty=setup.penalty, backend=backend,
        clip_norm=setup.options["clip_norm"], clip_value=setup.options["clip_value"],
    )  # fmt: skip
    kept: dict[int, Any] = {}

    def step(X: Any, y: Any, weights: Any) -> float:
        if form != "lists":
            X, y = np.array(X, np.float32), np.array(y)
        if form == "the same arrays":
            inputs, targets = kept.setdefault(len(X), (X, y))
            inputs[:], targets[:] = X, y
            X, y = inputs, targets
        return trainer.step(X, y, weights)

    if form == "resident":
        with trainer:
            found = setup.loop(step, schedule)
    else:
        found = setup.loop(step, schedule)
    return setup.seen(model, optimizer) | {"loss": found}


def by_hand(setup: Setup) -> dict[str, Any]:
    """Make the steps as README's loop does."""
    model = setup.model()
    optimizer, schedule = setup.tools(model)
    function = losses.get(setup.loss)

    def step(X: Any, y: Any, weights: Any) -> float:
        model.zero_grad()
        each = function([model(x) for x in X], y, reduction="none")
        weights = weights or [1.0] * len(X)
        whole: Any = sum(w * one for w, one in zip(weights, each, strict=True)) / sum(weights)
        if setup.penalty is not None:
            whole = whole + setup.penalty(model)
        whole.backward()
        if setup.options["clip_value"] is not None:
            clip_grad_value(optimizer.params, setup.options["clip_value"])
        if setup.options["clip_norm"] is not None:
            clip_grad_norm(optimizer.params, setup.options["clip_norm"])
        optimizer.step()
        return whole.data

    found = setup.loop(step, schedule)
    return setup.seen(model, optimizer) | {"loss": found}


def difference(wanted: dict[str, Any], got: dict[str, Any]) -> str | None:
    for name in wanted.keys() & got.keys():
        xs, ys = (np.hstack([*map(np.ravel, run[name]), 0.0]) for run in (wanted, got))
        size = max(abs(xs).max(), 1.0 if name == "gradients" else 1e-9)
        if xs.shape != ys.shape or not (abs(xs - ys) <= 1e-9 * size).all():
            return f"{name}: {xs.tolist()} through one door, {ys.tolist()} through another"
    return None


DOORS: dict[str, Callable[..., dict[str, Any]]] = {
    "backend": Setup.run,
    "functions": through_functions,
    "model": through_a_model_of_ones_own,
    **{
        form: lambda setup, backend, f=form: setup.run(backend, **in_another_form(setup, f))
        for form in FORMS
    },
    **{
        f"steps, {form}": lambda setup, backend, f=form: by_trainer(setup, backend, f)
        for form in ("lists", "arrays", "the same arrays", "resident")
    },
    "by hand": lambda setup, _: by_hand(setup),
}


@settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    max_examples=settings().max_examples * (5 if THOROUGH else 1),
)
@given(
    setups(),
    st.lists(
        st.tuples(st.sampled_from([*DOORS]), st.sampled_from(["auto", *BACKENDS])),
        min_size=2,
        max_size=4,
    ),
)
def test_a_run_is_the_same_through_every_door(setup: Setup, doors: list[tuple[str, str]]) -> None:
    try:
        wanted = setup.run()
    except DivergedError:  # uphill, say
        reject()
    assume(max(map(abs, wanted["weights"])) < 1e6)
    for door, backend in doors:
        is_loop = door == "by hand" or door.startswith("steps")
        plateau = setup.schedule is not None and setup.schedule[0] == "ReduceLROnPlateau"
        validates = setup.options["validation"] is not None
        if is_loop and (setup.options["patience"] or (plateau and validates)):
            continue  # these loops watch no validation
        differs = difference(wanted, DOORS[door](setup, backend))
        assert differs is None, f"{door}, {backend}: {differs}"

"""Playback: record a training run as one HTML page, to be played epoch by epoch, edge by edge.

It is the playground's page with the weights of some epochs, each a place to train on from. What
does not compile cannot be trained there; its run is played all the same. An operation that hides
its arithmetic has no JavaScript; then the page holds the numbers of a few points.
"""

from __future__ import annotations

import base64
import math
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import Any, Final

from autograd_mini import Program, Trace, TraceError, compile, no_grad
from autograd_mini.drawing.javascript import OpaqueError, rules
from autograd_mini.nested import is_nested
from autograd_mini.player import javascript_programs, numbers_json
from nn.arrays import as_array, as_floats, as_lists, as_row, plain_rows
from nn.errors import check_pairs
from nn.layers import holding
from nn.optimizers import OURS, SGD
from nn.playback.examples import examples_json
from nn.playback.graphs import Graphs
from nn.playback.names import parameters_json
from nn.playback.page import Page, packed_floats, page
from nn.playback.playground import Playground
from nn.playback.units import layers, units_of
from nn.training.data import ExampleLoss

MOST_EPOCHS: Final = 60
MOST_EXAMPLES: Final = 300
FEW_POINTS: Final = 6  # with numbers instead of rules
GRID: Final = 40
_FINE: Final = 1.01  # candidates for the epochs to keep lie this far apart, as a ratio


class Playback(Page):
    """A callback of `fit` that records a run for the training player.

    The page is a playground that opens at the first epoch: the network, the loss curve, the
    points and, for two inputs, what the model says about the plane around them, at up to 60
    epochs of the run. From each it trains on; the optimizer starts there without memory. A click
    on a point opens the graph of its loss at that epoch, to be stepped through.

    Args:
        X: The examples to show, N rows of numbers.
        y: Their targets, as `fit` takes them.
        loss: What to differentiate for a point; without it, what `fit` minimizes.

    Raises:
        ValueError: If there is not one target per example.

    Example:
        >>> from nn import FNN
        >>> playback = Playback([[0.0, 1.0], [1.0, 0.0]], [0, 1], loss="mse")
        >>> playback.record(1, FNN([2, 2, 1], seed=0))
        >>> len(playback.epochs)
        1
    """

    def __init__(self, X: Any, y: Any, *, loss: str | Callable[..., Any] | None = None) -> None:
        for name, given in (("X", X), ("y", y)):
            if not hasattr(given, "__iter__"):
                raise ValueError(f"{name} is a list, one entry for each example, but got {given!r}")
        self.X = [[float(number) for number in as_row(x)] for x in as_lists(X)]
        self.y = [plain_rows(target) for target in as_lists(y)]
        check_pairs(self.X, self.y)
        self._loss, self._is_loss_given = loss, loss is not None
        self._model: Any = None
        self._state: Any = None  # of the run, after its last epoch
        self._weights: dict[int, array[float]] = {}
        self._next = 0.0
        self._last = 0
        self._passing: int | None = None

    def __repr__(self) -> str:
        return f"Playback({len(self.X)} examples, {self._last} epochs)"

    def __call__(self, state: Any) -> None:
        """Record the state of a run after an epoch."""
        if not self._is_loss_given:
            self._loss = getattr(state, "loss", None)
        self._state = state
        self.record(state.epoch, state.model)

    def record(self, epoch: int, model: Any) -> None:
        """Record a model's weights, as a loop that a user wrote does after each epoch.

        An epoch that is not later than the last belongs to another run, which takes the place of
        what was recorded from there on.
        """
        self._model = model
        if epoch <= self._last:
            self._weights = {e: kept for e, kept in self._weights.items() if e < epoch}
            self._passing, self._next = None, max(self._weights, default=0) * _FINE
        if self._passing is not None:
            del self._weights[self._passing]
        self._passing = None
        if epoch < self._next:
            self._passing = epoch  # it stays only if the run ends here
        else:
            self._next = epoch * _FINE
        self._weights[epoch] = array("d", [p.data for p in model.parameters()])
        self._last = epoch

    @property
    def epochs(self) -> list[int]:
        """The epochs that the page will show: even in the logarithm, first and last among them."""
        recorded = sorted(self._weights)
        if len(recorded) <= MOST_EPOCHS:
            return recorded
        chosen = [recorded[0], recorded[-1]]
        for count in range(MOST_EPOCHS, len(recorded) * MOST_EPOCHS):
            denser = _log_even(recorded, count)  # early ones meet: ask for more than are wanted
            if len(denser) > MOST_EPOCHS:
                break
            chosen = denser
        return chosen

    def _repr_html_(self) -> str | None:
        return super()._repr_html_() if self._weights else None

    def html(self, max_nodes: int = 500) -> str:
        """Return the page: one to train on, or where that cannot be one that plays the run."""
        if not self._weights:
            raise ValueError(
                "nothing is recorded: pass this Playback to fit(..., callbacks=[playback]), and "
                "write the page afterwards"
            )
        if self._loss is None:
            raise ValueError(
                'which loss was minimized is not known: say Playback(X, y, loss="mse"), for example'
            )
        loss = ExampleLoss(self._loss)
        epochs = self.epochs
        chosen = _evenly(len(self.X), MOST_EXAMPLES)
        history = getattr(self._state, "history", None)
        run = {
            "epochs": epochs,
            "weights": packed_floats([x for epoch in epochs for x in self._weights[epoch]]),
            "loss": [*getattr(history, "loss", ())],
            "validation": [*getattr(history, "val_loss", ())],
        }
        notes: list[str] = []
        if len(chosen) < len(self.X):
            notes.append(f"{len(chosen):,} of {len(self.X):,} points are here")
        if len(epochs) < self._last:
            notes.append(f"{len(epochs)} epochs of {self._last:,} kept: {_epoch_list(epochs)}")
        X, y = [self.X[n] for n in chosen], [self.y[n] for n in chosen]
        optimizer: Any = getattr(self._state, "optimizer", None)
        try:
            if type(optimizer) not in OURS:
                lr = getattr(optimizer, "lr", 0.1)
                optimizer = SGD(self._model.parameters(), lr=lr)
                notes.append(f"the page trains on with SGD at a learning rate of {lr:g}")
            size = getattr(self._state, "batch_size", None)
            playground = Playground(
                self._model, X, y, loss=loss.given, optimizer=optimizer, batch_size=size
            )
            return playground.html(max_nodes, run, notes)
        except (TraceError, TypeError, ValueError) as error:  # it can be played all the same
            why = f"this page plays the run and does not train on: {error}"
            return self._played(run, X, y, loss, [why, *notes], max_nodes)

    def _played(
        self,
        run: dict[str, Any],
        X: list[Any],
        y: list[Any],
        loss: ExampleLoss,
        notes: list[str],
        max_nodes: int,
    ) -> str:
        """Return the page of a run that cannot be trained on."""
        model, epochs = self._model, run["epochs"]
        graphs = Graphs(model, loss, max_nodes)
        points = [graphs.add(x, target) for x, target in zip(X, y, strict=True)]
        indices = [graph for graph, _ in points]
        stored: dict[str, Any] = {}
        try:
            code = rules(graphs.nodes())
        except OpaqueError:
            code, stored = "const RULES = {};", self._runs(graphs, X, y, indices, epochs)
            indices = [graph if str(i) in stored else None for i, graph in enumerate(indices)]
            notes = [f"the graphs of {len(stored)} points are stored, and no others open", *notes]
        graphs.notes.extend(notes)
        units = self._units()
        described = {
            **examples_json(X, y, loss.sample_output(model, as_array(X[0])), loss),
            **parameters_json(model, units),
            "layers": layers(model) if units else [],
            "points": indices,
            "own": [own for _, own in points],
            "stored": stored,
            "cells": "",
        }
        if not units and len(X[0]) == 2:
            described["cells"] = self._cells(described, epochs)
        facts = f"{len(model.parameters()):,} parameters · {self._last:,} epochs"
        code += javascript_programs(units)
        return page("Training, step by step", facts, model, described, graphs, code, {"run": run})

    def _units(self) -> dict[str, Program]:
        """Return the program of all units; empty if they cannot be compiled."""
        try:
            units = {"units": compile(units_of(self._model), self.X[0])}
            javascript_programs(units)
        except (TraceError, OpaqueError):
            return {}
        return units

    def _runs(
        self,
        graphs: Graphs,
        X: list[Any],
        y: list[Any],
        indices: list[int | None],
        epochs: list[int],
    ) -> dict[str, Any]:
        """Data and local derivatives of a few points at all epochs, computed here."""
        able = [i for i, graph in enumerate(indices) if graph is not None]
        few = [able[i] for i in _evenly(len(able), FEW_POINTS)]
        runs: dict[str, Any] = {str(i): [] for i in few}
        for epoch in epochs:
            with holding(self._model.parameters(), self._weights[epoch]):
                for i in few:
                    runs[str(i)].append(numbers_json(Trace(graphs.build(X[i], y[i])[0])))
        return runs

    def _cells(self, described: dict[str, Any], epochs: list[int]) -> str:
        """Return what the model says about a grid over the plane: a byte a cell, at each epoch."""
        (left, bottom), (right, top) = described["low"], described["high"]
        cells = [
            [left + (i + 0.5) / GRID * (right - left), top - (j + 0.5) / GRID * (top - bottom)]
            for j in range(GRID)
            for i in range(GRID)
        ]
        center, spread = described["scale"]["center"], described["scale"]["spread"]
        pictures = [
            bytes([_byte(f, center, spread) for f in outputs])
            for outputs in self._outputs(cells, epochs)
        ]
        return base64.b64encode(b"".join(pictures)).decode("ascii")

    def _outputs(self, cells: list[list[float]], epochs: list[int]) -> Iterator[Any]:
        """Yield the model's outputs for the cells, at each epoch."""
        try:
            program = compile(self._model, cells[0])
        except TraceError:  # a model that decides by numbers
            program = None
        for epoch in epochs:
            with holding(self._model.parameters(), self._weights[epoch]):
                if program is not None:
                    program.push()
                    yield program(cells).tolist()
                else:
                    with no_grad():
                        yield [as_floats(self._model(cell)) for cell in cells]


def _byte(output: Any, center: float, spread: float) -> int:
    if is_nested(output):
        return max(range(len(output)), key=output.__getitem__) % 256
    if math.isnan(output):
        return 128
    return round(128 + 127 * max(-1.0, min(1.0, (output - center) / spread)))


def _evenly(count: int, most: int) -> list[int]:
    if count <= most:
        return list(range(count))
    return [round(i * (count - 1) / (most - 1)) for i in range(most)]


def _log_even(recorded: list[int], count: int) -> list[int]:
    """Return those next to `count` places, even in the logarithm from the first to the last."""
    first, last = max(recorded[0], 1), recorded[-1]
    places = [first * (last / first) ** (i / (count - 1)) for i in range(1, count - 1)]
    indices = [min(bisect_left(recorded, place), len(recorded) - 1) for place in places]
    return sorted({recorded[0], recorded[-1], *[recorded[i] for i in indices]})


def _epoch_list(epochs: list[int]) -> str:
    texts = [f"{epoch:,}" for epoch in epochs]
    return ", ".join(texts if len(texts) <= 9 else [*texts[:6], "…", *texts[-2:]])

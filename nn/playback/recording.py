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
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any, Final

from autograd_mini import TraceError, compile, no_grad
from autograd_mini.drawing.javascript import OpaqueError, rules
from autograd_mini.player import numbers_json, open_page, programs
from autograd_mini.steps import Trace
from nn.arrays import as_floats, as_lists, as_row
from nn.optimizers import SGD, Adam, AdamW
from nn.playback.graphs import Graphs, is_list
from nn.playback.names import parameter_names
from nn.playback.page import packed_floats, page
from nn.playback.plane import bounds, scale
from nn.playback.playground import Playground
from nn.playback.units import layers, units_of
from nn.training.data import ExampleLoss

MOST_EPOCHS: Final = 60
MOST_POINTS: Final = 300
FEW_POINTS: Final = 6  # with numbers instead of rules
GRID: Final = 40
_FINE: Final = 1.01  # candidates for the epochs to keep lie this far apart, as a ratio


class Playback:
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
        self.X = [_row(x) for x in as_lists(X)]
        self.y = [_plain(target) for target in as_lists(y)]
        if len(self.X) != len(self.y) or not self.X:
            raise ValueError(
                f"one target per example, please, and one example at least: got {len(self.X)} "
                f"examples and {len(self.y)} targets"
            )
        self._loss = loss
        self._model: Any = None
        self._history: Any = None
        self._optimizer: Any = None
        self._batch_size: int | None = None
        self._weights: dict[int, array[float]] = {}
        self._next = 0.0
        self._last = 0
        self._passing: int | None = None

    def __call__(self, state: Any) -> None:
        """Record the state of a run after an epoch."""
        if self._loss is None:
            self._loss = getattr(state, "loss", None)
        self._history = state.history
        self._optimizer = getattr(state, "optimizer", None)
        self._batch_size = getattr(state, "batch_size", None)
        self.record(state.epoch, state.model)

    def record(self, epoch: int, model: Any) -> None:
        """Record a model's weights, as a loop that a user wrote does after each epoch."""
        self._model = model
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

    def to_html(self, path: str | PathLike[str], *, max_nodes: int = 500) -> None:
        """Write the page: one HTML file that asks for nothing from anywhere.

        Args:
            path: Where to write it.
            max_nodes: How many boxes of a graph to draw at most, nearest the loss first.

        Raises:
            ValueError: If nothing was recorded yet, or the loss is not known.
        """
        Path(path).write_text(self._page(max_nodes), "utf-8")

    def show(self, path: str | PathLike[str] | None = None) -> Path | None:
        """Open the page in a notebook's cell or in the browser, or say where its file is.

        Args:
            path: Where to keep the file; without it, it is a temporary one.

        Returns:
            The file; None in a notebook without `path`.
        """
        return open_page(self._page(), path, height=760)

    def _page(self, max_nodes: int = 500) -> str:
        if not self._weights:
            raise ValueError(
                "nothing is recorded: pass this Playback to fit(..., callbacks=[playback]), and "
                "write the page afterwards"
            )
        loss = self._example_loss()
        epochs = self.epochs
        chosen = _evenly(len(self.X), MOST_POINTS)
        run = {
            "epochs": epochs,
            "weights": packed_floats([x for epoch in epochs for x in self._weights[epoch]]),
            "loss": _curve(self._history, "loss"),
            "validation": _curve(self._history, "val_loss"),
        }
        notes: list[str] = []
        if len(chosen) < len(self.X):
            notes.append(f"{len(chosen):,} of {len(self.X):,} points are here")
        if len(epochs) < self._last:
            notes.append(f"{len(epochs)} epochs of {self._last:,} kept: {_listed(epochs)}")
        X, y = [self.X[n] for n in chosen], [self.y[n] for n in chosen]
        optimizer = self._optimizer
        try:
            if type(optimizer) not in (SGD, Adam, AdamW):
                lr = getattr(optimizer, "lr", 0.1)
                optimizer = SGD(self._model.parameters(), lr=lr)
                notes.append(f"the page trains on with SGD at a learning rate of {lr:g}")
            size = self._batch_size
            playground = Playground(
                self._model, X, y, loss=loss.given, optimizer=optimizer, batch_size=size
            )
            return playground._page(max_nodes, run, notes)  # pyright: ignore[reportPrivateUsage] # the two are one page
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
        """The page of a run that cannot be trained on."""
        model, epochs = self._model, run["epochs"]
        graphs = Graphs(model, loss, max_nodes)
        points = [graphs.add(n, x, target) for n, (x, target) in enumerate(zip(X, y, strict=True))]
        stored: dict[str, Any] = {}
        try:
            code = rules(graphs.nodes())
        except OpaqueError:
            code, stored = "const RULES = {};", self._runs(graphs, X, y, points, epochs)
            graphs.note(f"the graphs of {len(stored)} points are stored, and no others open")
        graphs.notes.extend(notes)
        network, program = self._network()
        rows = [_numbers(target) for target in y]
        kind, center, spread = _scale(model, X, y, self._loss)
        low, high = bounds(X)
        described = {
            "X": packed_floats([number for x in X for number in x]),
            "Y": packed_floats([number for row in rows for number in row]),
            "widths": [len(X[0]), len(rows[0])],
            "isClasses": kind == "classes",
            "outputs": len(graphs.pages[0]["outputs"]),
            "layers": layers(model) if program else [],
            "scale": {"kind": kind, "center": center, "spread": spread},
            "low": low,
            "high": high,
            "names": parameter_names(model),
            "theta": packed_floats([p.data for p in model.parameters()]),
            "places": {"loss": [], **network},
            "points": [point["graph"] for point in points],
            "own": [point["own"] for point in points],
            "stored": stored,
            "cells": "",
        }
        if not program and len(low) == 2:
            described["cells"] = self._cells(low, high, epochs, center, spread)
        facts = f"{len(model.parameters()):,} parameters · {self._last:,} epochs"
        code += program or programs({})
        return page("Training, step by step", facts, model, described, graphs, code, {"run": run})

    def _network(self) -> tuple[dict[str, list[int]], str]:
        """Where parameters stand in the program of all units, and it; nothing if there is none."""
        try:
            units = compile(units_of(self._model), self.X[0])
            program = programs({"units": units})
        except (TraceError, OpaqueError):
            return {"units": []}, ""
        place = {p: i for i, p in enumerate(self._model.parameters())}
        if not place.keys() >= set(units.parameters):
            return {"units": []}, ""
        return {"units": [place[p] for p in units.parameters]}, program

    def _example_loss(self) -> ExampleLoss:
        """The loss of one example, as `fit` calls it."""
        loss = self._loss
        if loss is None:
            raise ValueError(
                'which loss was minimized is not known: say Playback(X, y, loss="mse"), for example'
            )
        return ExampleLoss(loss)

    @contextmanager
    def _at(self, epoch: int) -> Generator[None]:
        """The model with the weights of an epoch."""
        parameters = self._model.parameters()
        before = [p.data for p in parameters]
        try:
            for p, data in zip(parameters, self._weights[epoch], strict=True):
                p.data = data
            yield
        finally:
            for p, data in zip(parameters, before, strict=True):
                p.data = data

    def _runs(
        self,
        graphs: Graphs,
        X: list[Any],
        y: list[Any],
        points: list[dict[str, Any]],
        epochs: list[int],
    ) -> dict[str, Any]:
        """Data and local derivatives of a few points at all epochs, computed here."""
        able = [i for i, point in enumerate(points) if point["graph"] is not None]
        few = [able[i] for i in _evenly(len(able), FEW_POINTS)]
        runs: dict[str, Any] = {str(i): [] for i in few}
        for epoch in epochs:
            with self._at(epoch):
                for i in few:
                    runs[str(i)].append(numbers_json(Trace(graphs.build(X[i], y[i])[0])))
        for i, point in enumerate(points):
            if i not in few:
                point["graph"] = None
        return runs

    def _cells(
        self, low: list[float], high: list[float], epochs: list[int], center: float, spread: float
    ) -> str:
        """What the model says about a grid over the plane: a byte a cell, at each epoch."""
        cells = [
            [
                low[0] + (i + 0.5) / GRID * (high[0] - low[0]),
                high[1] - (j + 0.5) / GRID * (high[1] - low[1]),
            ]
            for j in range(GRID)
            for i in range(GRID)
        ]
        pictures = [
            bytes([_byte(f, center, spread) for f in outputs])
            for outputs in self._outputs(cells, epochs)
        ]
        return base64.b64encode(b"".join(pictures)).decode("ascii")

    def _outputs(self, cells: list[list[float]], epochs: list[int]) -> Iterator[Any]:
        """The model's outputs for the cells, at each epoch."""
        try:
            program = compile(self._model, cells[0])
        except TraceError:  # a model that decides by numbers
            program = None
        for epoch in epochs:
            with self._at(epoch):
                if program is not None:
                    program.push()
                    yield program(cells).tolist()
                else:
                    with no_grad():
                        yield [as_floats(self._model(cell)) for cell in cells]


def _plain(x: Any) -> Any:
    """A number or a list of numbers, from whatever array it came."""
    plain = as_lists(x)
    return list(plain) if is_list(plain) else plain


def _row(x: Any) -> list[float]:
    return [float(number) for number in as_row(x)]


def _numbers(target: Any) -> list[float]:
    """A target as numbers; what is none is nan."""
    try:
        return [float(x) for x in (target if is_list(target) else [target])]
    except (TypeError, ValueError):
        return [math.nan]


def _scale(model: Any, X: list[Any], y: list[Any], loss: Any) -> tuple[str, float, float]:
    try:
        return scale(model(X[0]), y, loss)
    except (TypeError, ValueError):  # targets that are no numbers
        return "numbers", 0.0, 1.0


def _byte(output: Any, center: float, spread: float) -> int:
    if is_list(output):
        return max(range(len(output)), key=output.__getitem__) % 256
    if math.isnan(output):
        return 128
    return round(128 + 127 * max(-1.0, min(1.0, (output - center) / spread)))


def _evenly(count: int, most: int) -> list[int]:
    if count <= most:
        return list(range(count))
    return [round(i * (count - 1) / (most - 1)) for i in range(most)]


def _log_even(recorded: list[int], count: int) -> list[int]:
    """Those next to `count` places that are even in the logarithm from the first to the last."""
    first, last = max(recorded[0], 1), recorded[-1]
    places = [first * (last / first) ** (i / (count - 1)) for i in range(1, count - 1)]
    indices = [min(bisect_left(recorded, place), len(recorded) - 1) for place in places]
    return sorted({recorded[0], recorded[-1], *[recorded[i] for i in indices]})


def _listed(epochs: list[int]) -> str:
    texts = [f"{epoch:,}" for epoch in epochs]
    return ", ".join(texts if len(texts) <= 9 else [*texts[:6], "…", *texts[-2:]])


def _curve(history: Any, name: str) -> list[float]:
    curve: list[Any] = getattr(history, name, None) or []
    return [float(x) for x in curve]

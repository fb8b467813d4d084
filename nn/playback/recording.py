"""Playback: record a training run as one HTML page, to be played epoch by epoch, edge by edge.

The page holds weights, not graphs: each graph is laid out once, and the page runs it forward and
backward in JavaScript that the rule table wrote. A model with an operation that hides its
arithmetic has no JavaScript; then the page holds the numbers of a few points.
"""

from __future__ import annotations

import base64
import html
import math
from array import array
from bisect import bisect_left
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from importlib import resources
from os import PathLike
from pathlib import Path
from typing import Any, Final

from autograd_mini import TraceError, compile, no_grad
from autograd_mini.drawing.javascript import OpaqueError, functions, rules
from autograd_mini.player import (
    PLAYER,
    document,
    numbers_json,
    part,
    programs,
)
from autograd_mini.steps import Trace
from nn.arrays import as_floats, as_lists
from nn.playback.graphs import Graphs, is_list
from nn.playback.names import parameter_names
from nn.playback.plane import bounds, scale
from nn.playback.units import diagram, layers, units_of
from nn.training.data import ExampleLoss

__all__ = ["Playback"]

MOST_EPOCHS: Final = 60
MOST_POINTS: Final = 300
FEW_POINTS: Final = 6  # with numbers instead of rules
GRID: Final = 40
_SCRIPTS: Final = ("largest.js", "colors.js", "forward.js", "network.js", "training.js")
_FINE: Final = 1.01  # candidates for the epochs to keep lie this far apart, as a ratio


class Playback:
    """A callback of `fit` that records a run for the training player.

    The page shows the loss curve, the points and, for two inputs, what the model says about the
    plane around them, at up to 60 epochs of the run. A click on a point opens the graph of its
    loss at that epoch, to be stepped through forward and backward.

    Args:
        X: The examples to show, N rows of numbers.
        y: Their targets, as `fit` takes them.
        loss: What to differentiate for a point; without it, what `fit` minimises.

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
        self._weights: dict[int, array[float]] = {}
        self._next = 0.0
        self._last = 0
        self._passing: int | None = None

    def __call__(self, state: Any) -> None:
        """Record the state of a run after an epoch."""
        if self._loss is None:
            self._loss = getattr(state, "loss", None)
        self._history = state.history
        self.record(state.epoch, state.model)

    def record(self, epoch: int, model: Any) -> None:
        """Record a model's weights, as a loop of one's own does after each epoch."""
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

    def to_html(self, path: str | PathLike[str], *, max_nodes: int = 300) -> None:
        """Write the training player: one HTML file that asks for nothing from anywhere.

        Args:
            path: Where to write it.
            max_nodes: How many boxes of a graph to draw at most, nearest the loss first.

        Raises:
            ValueError: If nothing was recorded yet, or the loss is not known.
        """
        Path(path).write_text(self._page(max_nodes), "utf-8")

    def _page(self, max_nodes: int = 300) -> str:
        if not self._weights:
            raise ValueError(
                "nothing is recorded: pass this Playback to fit(..., callbacks=[playback]), and "
                "write the page afterwards"
            )
        epochs = self.epochs
        chosen = _evenly(len(self.X), MOST_POINTS)
        graphs = Graphs(self._model, self._example_loss(), max_nodes)
        points = [graphs.add(n, self.X[n], self.y[n]) for n in chosen]
        try:
            code, runs = rules(graphs.nodes()), None
        except OpaqueError as error:
            code, runs = "const RULES = {};", self._runs(graphs, chosen, points, epochs)
            graphs.note(
                f"{error}. So the graphs of {len(runs)} points are stored, and no others can be "
                "opened."
            )
        plane = self._plane(epochs)
        if len(chosen) < len(self.X):
            graphs.note(f"showing {len(chosen):,} of {len(self.X):,} points")
        if len(epochs) < self._last:
            graphs.note(f"{len(epochs)} epochs of {self._last:,} kept: {_listed(epochs)}")
        network, program = self._network()
        data = {
            **network,
            "graphs": [graph for graph, _ in graphs.pages],
            "points": points,
            "epochs": epochs,
            "weights": _base64(b"".join([self._weights[epoch].tobytes() for epoch in epochs])),
            "parameters": len(self._model.parameters()),
            "loss": _curve(self._history, "loss"),
            "validation": _curve(self._history, "val_loss"),
            "plane": plane,
            "runs": runs,
        }
        templates = [
            f'<template id="graph-{i}">{svg}</template>' for i, (_, svg) in enumerate(graphs.pages)
        ]
        templates.append(diagram(self._model) if network else "")
        notes = "".join([f"<p>{html.escape(note)}</p>" for note in graphs.notes])
        body = part("body.html").format_map(
            {
                "heading": "Training, step by step",
                "facts": html.escape(
                    f"{len(self._model.parameters()):,} parameters · {len(self.X):,} points · "
                    f"{self._last:,} epochs"
                ),
                "svg": '<p class="quiet choose">Click a point: its graph opens here.</p>',
                "panel": _file("training.html").format_map({"notes": notes}),
            }
        )
        return document(
            "Training, step by step",
            "\n".join([body, *templates]),
            data={"training": data},
            scripts=PLAYER,
            styles=_file("network.css") + _file("training.css"),
            code="\n".join([functions(), code, program, *map(_file, _SCRIPTS)]),
        )

    def _network(self) -> tuple[dict[str, Any], str]:
        """What the page needs to show every unit, and the program that computes them."""
        if not layers(self._model):
            return {}, ""
        try:
            units = compile(units_of(self._model), self.X[0])
            program = programs({"units": units})
        except (TraceError, OpaqueError):
            return {}, ""
        place = {p: i for i, p in enumerate(self._model.parameters())}
        if not place.keys() >= set(units.parameters):
            return {}, ""
        return {
            "layers": layers(self._model),
            "names": parameter_names(self._model),
            "places": [place[p] for p in units.parameters],
        }, program

    def _example_loss(self) -> Callable[[Any, Any], Any]:
        """The loss of one example, as `fit` calls it."""
        loss = self._loss
        if loss is None:
            raise ValueError(
                'which loss was minimised is not known: say Playback(X, y, loss="mse"), for example'
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
        self, graphs: Graphs, chosen: list[int], points: list[dict[str, Any]], epochs: list[int]
    ) -> dict[str, Any]:
        """Data and local derivatives of a few points at all epochs, computed here."""
        able = [i for i, point in enumerate(points) if point["graph"] is not None]
        few = [able[i] for i in _evenly(len(able), FEW_POINTS)]
        runs: dict[str, Any] = {}
        for i in few:
            steps: list[Any] = []
            for epoch in epochs:
                with self._at(epoch):
                    root, _ = graphs.build(self.X[chosen[i]], self.y[chosen[i]])
                    steps.append(numbers_json(Trace(root)))
            runs[str(i)] = steps
        for i, point in enumerate(points):
            if i not in few:
                point["graph"] = None
        return runs

    def _plane(self, epochs: list[int]) -> dict[str, Any] | None:
        """What the model says about a grid over the plane: a byte a cell, at each epoch."""
        if any(len(x) != 2 for x in self.X):
            return None
        low, high = bounds(self.X)
        cells = [
            [
                low[0] + (i + 0.5) / GRID * (high[0] - low[0]),
                high[1] - (j + 0.5) / GRID * (high[1] - low[1]),
            ]
            for j in range(GRID)
            for i in range(GRID)
        ]
        kind, center, spread = scale(self._model(self.X[0]), self.y, self._loss)
        pictures = [
            bytes([_byte(f, center, spread) for f in outputs])
            for outputs in self._outputs(cells, epochs)
        ]
        return {
            "low": low,
            "high": high,
            "size": GRID,
            "kind": kind,
            "center": center,
            "spread": spread,
            "cells": _base64(b"".join(pictures)),
            "points": [
                _target_byte(self.y[n], kind, center, spread)
                for n in _evenly(len(self.X), MOST_POINTS)
            ],
        }

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
    row = _plain(x)
    return [float(number) for number in (row if is_list(row) else [row])]


def _number(target: Any) -> float:
    return float(target[0] if is_list(target) else target)


def _byte(output: Any, center: float, spread: float) -> int:
    if is_list(output):
        return max(range(len(output)), key=output.__getitem__) % 256
    if math.isnan(output):
        return 128
    return round(128 + 127 * max(-1.0, min(1.0, (output - center) / spread)))


def _target_byte(target: Any, kind: str, center: float, spread: float) -> int:
    if kind == "classes":
        return _byte(target, 0.0, 1.0) if is_list(target) else int(target) % 256
    if kind == "sides":
        return 255 if _number(target) > center else 1
    return _byte(_number(target), center, spread)


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


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _file(name: str) -> str:
    return (resources.files("nn") / "playback" / "page" / name).read_text("utf-8")

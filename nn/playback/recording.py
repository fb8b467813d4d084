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
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from os import PathLike
from pathlib import Path
from typing import Any, Final

from autograd_mini import TraceError, Value, compile, no_grad, topological_order
from autograd_mini.drawing.javascript import OpaqueError, functions, key, rules
from autograd_mini.player import (
    PLAYER,
    document,
    graph_json,
    numbers_json,
    part,
    scene,
)
from autograd_mini.steps import Trace
from nn.arrays import as_floats, as_lists
from nn.training.data import ExampleLoss

__all__ = ["Playback"]

MOST_EPOCHS: Final = 60
MOST_POINTS: Final = 300
MOST_GRAPHS: Final = 12  # pictures in one page; points whose graph is another one are only shown
FEW_POINTS: Final = 6  # with numbers instead of rules
GRID: Final = 40
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
        graphs = _Graphs(self._model, self._example_loss(), max_nodes)
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
        data = {
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
            styles=_file("training.css"),
            code="\n".join([functions(), code, _file("training.js")]),
        )

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
        self, graphs: _Graphs, chosen: list[int], points: list[dict[str, Any]], epochs: list[int]
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
        low = [min(x[i] for x in self.X) for i in (0, 1)]
        high = [max(x[i] for x in self.X) for i in (0, 1)]
        margin = [0.12 * (b - a) or 1.0 for a, b in zip(low, high, strict=True)]
        low = [a - m for a, m in zip(low, margin, strict=True)]
        high = [b + m for b, m in zip(high, margin, strict=True)]
        cells = [
            [
                low[0] + (i + 0.5) / GRID * (high[0] - low[0]),
                high[1] - (j + 0.5) / GRID * (high[1] - low[1]),
            ]
            for j in range(GRID)
            for i in range(GRID)
        ]
        kind, center, spread = self._scale()
        pictures = [
            bytes([_byte(f, center, spread) for f in outputs])
            for outputs in self._outputs(cells, epochs)
        ]
        return {
            "low": low,
            "high": high,
            "size": GRID,
            "kind": kind,
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

    def _scale(self) -> tuple[str, float, float]:
        """How to color an output: what it means, its middle and how far it goes to each side."""
        if _is_list(self._model(self.X[0])):
            return "classes", 0.0, 1.0
        targets = sorted({_number(target) for target in self.y})
        if len(targets) > 2:
            return "numbers", (targets[0] + targets[-1]) / 2, (targets[-1] - targets[0]) / 2 or 1.0
        name = self._loss if isinstance(self._loss, str) else getattr(self._loss, "__name__", "")
        if "logits" in name:
            return "sides", 0.0, 3.0
        return "sides", (targets[0] + targets[-1]) / 2, (targets[-1] - targets[0]) / 2 or 1.0


class _Graphs:
    """The graphs of all points: those that differ in numbers only share one picture.

    Attributes:
        pages: For each graph its JSON and its SVG.
        notes: What the page should say.
    """

    def __init__(self, model: Any, loss: Callable[[Any, Any], Any], max_nodes: int) -> None:
        self.model = model
        self.loss = loss
        self.max_nodes = max_nodes
        self.parameters: dict[Value, int] = {p: i for i, p in enumerate(model.parameters())}
        self.pages: list[tuple[dict[str, Any], str]] = []
        self.roots: list[Value] = []
        self.notes: list[str] = []
        self._found: dict[Any, int] = {}
        self._left_out = False

    def note(self, text: str) -> None:
        """Add a remark to the page."""
        self.notes.append(text)

    def nodes(self) -> Iterator[Value]:
        """Every node of every graph."""
        for root in self.roots:
            yield from topological_order(root)

    def add(self, number: int, x: Sequence[float], target: Any) -> dict[str, Any]:
        """Return what the page knows of a point, and remember its graph."""
        root, outputs = self.build(x, target)
        nodes = topological_order(root)
        position = {node: i for i, node in enumerate(nodes)}
        own = [i for i, node in enumerate(nodes) if self._is_own(node)]
        shape = tuple(
            [
                (key(node), node.label, tuple([position[x] for x in node.inputs]))
                if node.op
                else (node.label, node.data if node.is_constant else self.parameters.get(node))
                for node in nodes
            ]
        )
        if shape not in self._found and len(self.pages) < MOST_GRAPHS:
            self._found[shape] = len(self.pages)
            self.pages.append((self._json(nodes, own, outputs), self._picture(root)))
            self.roots.append(root)
        graph = self._found.get(shape)
        if graph is None and not self._left_out:
            self._left_out = True
            self.note(
                f"the points have more than {MOST_GRAPHS} different graphs; the others' "
                "cannot be opened"
            )
        return {
            "number": number,
            "x": list(x),
            "target": target,
            "graph": graph,
            "own": [nodes[i].data for i in own],
        }

    def build(self, x: Sequence[float], target: Any) -> tuple[Value, list[Value]]:
        """Return the loss of an example, and the model's outputs on the way."""
        inputs = [Value(number, f"x{i + 1}") for i, number in enumerate(x)]
        prediction = self.model(inputs)
        wrapped = _wrapped(target)
        try:
            root = self.loss(prediction, wrapped)
        except (TypeError, ValueError, ArithmeticError):
            if wrapped is target:
                raise
            root = self.loss(prediction, target)  # a class index, say, is no number to wrap
        if not isinstance(root, Value):
            raise ValueError(f"the loss of an example is a Value, but got {root!r}")
        outputs: list[Value] = prediction if _is_list(prediction) else [prediction]
        if not root.label:
            root.label = "loss"
        return root, outputs

    def _is_own(self, node: Value) -> bool:
        return node.is_leaf and not node.is_constant and node not in self.parameters

    def _json(self, nodes: list[Value], own: list[int], outputs: list[Value]) -> dict[str, Any]:
        found = set(outputs)
        return {
            **graph_json(Trace(nodes[-1])),
            "seed": 1.0,
            "parameters": [
                [i, self.parameters[node]]
                for i, node in enumerate(nodes)
                if node in self.parameters
            ],
            "own": own,
            "fixed": [[i, node.data] for i, node in enumerate(nodes) if node.is_constant],
            "outputs": [i for i, node in enumerate(nodes) if node in found],
        }

    def _picture(self, root: Value) -> str:
        return scene(Trace(root), max_nodes=self.max_nodes)


def _wrapped(target: Any) -> Any:
    """The target as leaves of the graph, so that points with other targets share its picture."""
    if _is_list(target):
        return [Value(t, f"y{i + 1}") for i, t in enumerate(target)]
    return Value(target, "y")


def _is_list(x: Any) -> bool:
    return isinstance(x, (list, tuple))


def _plain(x: Any) -> Any:
    """A number or a list of numbers, from whatever array it came."""
    plain = as_lists(x)
    return list(plain) if _is_list(plain) else plain


def _row(x: Any) -> list[float]:
    row = _plain(x)
    return [float(number) for number in (row if _is_list(row) else [row])]


def _number(target: Any) -> float:
    return float(target[0] if _is_list(target) else target)


def _byte(output: Any, center: float, spread: float) -> int:
    if _is_list(output):
        return max(range(len(output)), key=output.__getitem__) % 256
    if math.isnan(output):
        return 128
    return round(128 + 127 * max(-1.0, min(1.0, (output - center) / spread)))


def _target_byte(target: Any, kind: str, center: float, spread: float) -> int:
    if kind == "classes":
        return _byte(target, 0.0, 1.0) if _is_list(target) else int(target) % 256
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

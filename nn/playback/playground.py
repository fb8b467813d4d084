"""Playground: one offline page in which a model trains.

The page runs the compiled program as JavaScript: the same statements, the same order of batches,
the same updates as `fit` makes, so that its numbers are Python's.
"""

# Programs and arrays are Any here.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import base64
import html
import re
from array import array
from collections.abc import Iterable
from importlib import resources
from os import PathLike
from pathlib import Path
from random import Random
from typing import Any, Final

from autograd_mini import compile
from autograd_mini.drawing.javascript import functions, rules
from autograd_mini.player import PLAYER, document, open_page, part, programs
from nn.guesses import keywords
from nn.initializers import plain_seed
from nn.losses import Loss
from nn.network import FNN
from nn.optimizers import SGD, Adam, AdamW, Optimizer
from nn.playback.graphs import Graphs
from nn.playback.names import parameter_names
from nn.playback.plane import bounds, scale
from nn.playback.units import diagram, layers, units_of
from nn.training.data import Examples
from nn.training.trainer import Trainer

__all__ = ["Playground"]

SCRIPTS: Final = (
    "largest.js",
    "random.js",
    "optimizer.js",
    "trainer.js",
    "colors.js",
    "forward.js",
    "curve.js",
    "points.js",
    "data.js",
    "network.js",
    "buttons.js",
    "playground_api.js",
    "playground.js",
)
_TITLE: Final = re.compile(r"<title>[^<]*</title>\n?")


class Playground:
    """A page in which a model trains: drag a point, press Train, look into every unit.

    The page begins before the first update. What it computes is what `fit` would: the same
    batches in the same order, the same updates. It is one file that asks for nothing from
    anywhere.

    Args:
        model: An FNN, or anything that `fit` trains compiled.
        X: N examples.
        y: Their targets, as for `fit`.
        loss: A name, or a function of one example's (model(x), y).
        optimizer: SGD, Adam or AdamW, over the model's parameters.
        batch_size: Examples per update; None for all, as for `fit`.
        seed: Of the orders of the examples.

    Raises:
        ValueError: If the data or a setting cannot be meant, or if the page does not know the
            optimizer.

    Example:
        >>> from nn import FNN, SGD, datasets
        >>> X, y = datasets.xor()
        >>> model = FNN([2, 4, 1], seed=0)
        >>> sgd = SGD(model.parameters(), lr=0.2)
        >>> Playground(model, X, y, loss="mse", optimizer=sgd)
        Playground(17 parameters, 4 examples, SGD)
    """

    @keywords
    def __init__(
        self,
        model: Any,
        X: Any,
        y: Any,
        *,
        loss: str | Loss,
        optimizer: Optimizer,
        batch_size: int | None = None,
        seed: int | None = 0,
    ) -> None:
        self._trainer = Trainer(model, loss, optimizer)
        if type(optimizer) not in (SGD, Adam, AdamW):
            raise ValueError(
                f"the page makes the updates of SGD, Adam and AdamW, but got {optimizer!r}"
            )
        if batch_size is not None and (
            isinstance(batch_size, bool) or not hasattr(batch_size, "__index__") or batch_size < 1
        ):
            raise ValueError(f"batch_size must be a whole number from 1 up, but got {batch_size!r}")
        self._data = Examples(model, self._trainer.loss, X, y)
        if not self._data.is_numeric:
            raise ValueError(f"the page takes targets that are numbers, but got {y!r:.200}")
        self._rows, self._targets = self._data.arrays(self._data.everything())
        self.batch_size = batch_size
        self._random = Random(plain_seed(seed)).getstate()[1]

    def __repr__(self) -> str:
        optimizer = type(self._trainer.optimizer).__name__
        count = len(self._trainer.parameters)
        return f"Playground({count} parameters, {len(self._data)} examples, {optimizer})"

    def to_html(self, path: str | PathLike[str], *, max_nodes: int = 300) -> None:
        """Write the page: one HTML file that asks for nothing from anywhere.

        Args:
            path: Where to write it.
            max_nodes: How many boxes of an example's graph to draw at most.

        Raises:
            TraceError: If model or loss cannot be compiled.
            ValueError: If one of their operations cannot be written as JavaScript.
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

    def _page(self, max_nodes: int = 300) -> str:
        model, X, Y = self._trainer.model, self._rows.tolist(), self._targets.tolist()
        loss = compile(self._example_loss, X[0], Y[0])
        units = compile(units_of(model), X[0])
        graphs = Graphs(model, self._trainer.loss, max_nodes)
        points = self._graphs(graphs, X, Y)
        code = [functions(), rules(graphs.nodes()), programs({"loss": loss, "units": units})]
        templates = [  # the page shows the numbers itself: no titles
            f'<template id="graph-{i}">{_TITLE.sub("", svg)}</template>'
            for i, (_, svg) in enumerate(graphs.pages)
        ]
        templates.append(diagram(model))
        described = {
            **self._examples_json(),
            **self._parameters_json(loss, units),
            "graphs": [graph for graph, _ in graphs.pages],
            "points": points,
        }
        notes = "".join([f"<p>{html.escape(note)}</p>" for note in graphs.notes])
        title = "Playground"
        body = part("body.html").format_map(
            {
                "heading": title,
                "facts": html.escape(self._facts()),
                "svg": "",
                "panel": page_file("playground.html").format_map({"notes": notes}),
            }
        )
        return document(
            title,
            "\n".join([body, *templates]),
            data={"playground": described},
            scripts=PLAYER,
            styles=page_file("network.css") + page_file("playground.css"),
            code="\n".join([*code, *map(page_file, SCRIPTS)]),
        )

    def _graphs(self, graphs: Graphs, X: list[Any], Y: list[Any]) -> list[int | None]:
        """Return which graph each example has."""
        first: int = graphs.add(0, X[0], Y[0])["graph"]
        sources = [source[0] for source in graphs.pages[first][0]["sources"] if source]
        if "y" in sources:  # what compiles has one graph for all numbers
            return [first] * len(X)
        return [graphs.add(n, X[n], Y[n])["graph"] for n in range(len(X))]

    def _example_loss(self, x: Any, y: Any) -> Any:
        return self._trainer.loss(self._trainer.model(x), y)

    def _facts(self) -> str:
        model = self._trainer.model
        name = repr(model) if isinstance(model, FNN) else type(model).__name__
        loss = self._trainer.loss.name
        return f"{name} · {len(self._trainer.parameters):,} parameters · loss {loss}"

    def _examples_json(self) -> dict[str, Any]:
        model, loss, count = self._trainer.model, self._trainer.loss, len(self._data)
        rows, targets = self._rows.reshape(count, -1), self._targets.reshape(count, -1)
        output = loss.sample_output(model, self._rows[0])
        kind, center, spread = scale(output, self._targets.tolist(), loss.given)
        low, high = bounds(rows.tolist())
        return {
            "X": packed_floats(rows.ravel()),
            "Y": packed_floats(targets.ravel()),
            "widths": [rows.shape[1], targets.shape[1]],
            "isClasses": bool(loss.has_classes),
            "outputs": len(output) if isinstance(output, list) else 1,
            "layers": layers(model),
            "scale": {"kind": kind, "center": center, "spread": spread},
            "low": low,
            "high": high,
            "batch": self.batch_size,
            "random": base64.b64encode(array("I", self._random).tobytes()).decode("ascii"),
        }

    def _parameters_json(self, loss: Any, units: Any) -> dict[str, Any]:
        """The model's parameters, and where each of them stands in the programs."""
        optimizer = self._trainer.optimizer
        own = self._trainer.parameters
        everything = list(dict.fromkeys([*own, *loss.parameters, *units.parameters]))
        place = {p: i for i, p in enumerate(everything)}
        moved = [place[p] for p in optimizer.params if p in place]
        kept = [i for i, p in enumerate(optimizer.params) if p in place]
        return {
            "names": parameter_names(self._trainer.model),
            "theta": packed_floats([p.data for p in everything]),
            "places": {
                "loss": [place[p] for p in loss.parameters],
                "units": [place[p] for p in units.parameters],
            },
            "moved": moved,
            "optimizer": {
                "kind": type(optimizer).__name__,
                **optimizer.settings(),
                "steps": optimizer.steps,
                "moments": [[float(m[i]) for i in kept] for m in optimizer.moments],
            },
        }


def packed_floats(numbers: Iterable[float]) -> str:
    """Return numbers as base64 of 64-bit floats."""
    return base64.b64encode(array("d", numbers).tobytes()).decode("ascii")


def page_file(name: str) -> str:
    """Return a file of the page."""
    return (resources.files("nn") / "playback" / "page" / name).read_text("utf-8")

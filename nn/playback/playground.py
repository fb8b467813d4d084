"""Playground: one offline page in which a model trains.

The page runs the compiled program as JavaScript: the same statements, the same order of batches,
the same updates as `fit` makes, so that its numbers are Python's.
"""

from __future__ import annotations

import base64
from array import array
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from random import Random
from typing import Any, cast

from autograd_mini.drawing.javascript import rules
from autograd_mini.player import open_page, programs
from nn.guesses import keywords
from nn.initializers import plain_seed
from nn.losses import Loss
from nn.network import FNN
from nn.optimizers import SGD, Adam, AdamW, Optimizer
from nn.playback.names import parameter_names
from nn.playback.page import packed_floats, page
from nn.playback.plane import bounds, scale
from nn.playback.sets import data_sets
from nn.playback.units import layers
from nn.playback.variants import others, variant
from nn.training.data import Examples
from nn.training.trainer import Trainer


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

    def to_html(self, path: str | PathLike[str], *, max_nodes: int = 500) -> None:
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

    def _page(
        self, max_nodes: int = 500, run: Mapping[str, Any] | None = None, notes: Sequence[str] = ()
    ) -> str:
        """The page, of a run that has been if one is given."""
        model, loss = self._trainer.model, self._trainer.loss
        X, Y = self._rows.tolist(), self._targets.tolist()
        own = variant(model, loss, X, Y, max_nodes)
        nodes, activations = [*own.graphs.nodes()], dict[str, dict[str, Any]]()
        for name, other in others(model, loss, X, Y, own):
            named = {f"loss_{name}": other.loss, f"units_{name}": other.units}
            nodes += other.graphs.nodes()
            activations[name] = {
                "graphs": other.graphs.pages,
                "code": programs(named, more=True),
            }
        own.graphs.notes.extend(notes)
        described: dict[str, Any] = {
            **self._examples_json(),
            **self._parameters_json(own.loss, own.units),
            "points": own.indices,
            "activations": list(activations),
            "activation": getattr(model.activation, "__name__", "") if activations else "",
            "sets": data_sets(len(self._data)) if self._rows.shape[1:] == (2,) else None,
        }
        if run is not None:  # where it goes on from, no memory of an optimizer is known
            described["optimizer"] |= {"steps": 0, "moments": []}
        code = rules(nodes) + programs({"loss": own.loss, "units": own.units})
        blocks: dict[str, Any] = {f"activation-{name}": read for name, read in activations.items()}
        blocks |= {} if run is None else {"run": run}
        title = "Playground" if run is None else "Training, step by step"
        return page(title, self._facts(), model, described, own.graphs, code, blocks)

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
            "outputs": len(cast("list[Any]", output)) if isinstance(output, list) else 1,
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

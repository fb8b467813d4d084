"""Playground: one offline page in which a model trains.

The page runs the compiled program as JavaScript: the same statements, the same order of batches,
the same updates as `fit` makes, so that its numbers are Python's.
"""

from __future__ import annotations

import base64
from array import array
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from autograd_mini import Value
from autograd_mini.drawing.javascript import rules
from autograd_mini.player import javascript_programs
from nn.errors import whole_number
from nn.guesses import keywords
from nn.initializers import plain_seed
from nn.losses import Loss
from nn.network import FNN
from nn.optimizers import OURS, Optimizer
from nn.playback.examples import examples_json
from nn.playback.names import parameter_numbers, parameters_json
from nn.playback.page import Page, page
from nn.playback.sets import data_sets
from nn.playback.units import layers
from nn.playback.variants import changes, other_variants, variant
from nn.training.data import Examples
from nn.training.trainer import Trainer


class Playground(Page):
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
        seed: The seed of the orders of the examples.

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
        if type(optimizer) not in OURS:
            raise ValueError(
                f"the page makes the updates of SGD, Adam and AdamW, but got {optimizer!r}"
            )
        self._data = Examples(model, self._trainer.loss, X, y)
        if not self._data.is_numeric:
            raise ValueError(f"the page takes targets that are numbers, but got {y!r:.200}")
        self._rows, self._targets = self._data.arrays(self._data.everything())
        self.batch_size = None if batch_size is None else whole_number("batch_size", batch_size)
        self._random = Random(plain_seed(seed)).getstate()[1]

    def __repr__(self) -> str:
        optimizer = type(self._trainer.optimizer).__name__
        count = len(self._trainer.parameters)
        return f"Playground({count} parameters, {len(self._data)} examples, {optimizer})"

    def html(
        self, max_nodes: int = 500, run: Mapping[str, Any] | None = None, notes: Sequence[str] = ()
    ) -> str:
        """Return the page; with `run`, that of a run that is over."""
        model, loss = self._trainer.model, self._trainer.loss
        X, Y = self._rows.tolist(), self._targets.tolist()
        own = variant(model, loss, X, Y, max_nodes)
        mine = {"loss": own.loss, "units": own.units}
        nodes, activations = [*own.graphs.nodes()], dict[str, dict[str, Any]]()
        for name, other in other_variants(model, loss, X, Y, own):
            named = {f"loss_{name}": other.loss, f"units_{name}": other.units}
            nodes += other.graphs.nodes()
            activations[name] = {
                "graphs": [*map(changes, own.graphs.pages, other.graphs.pages)],
                "code": javascript_programs(named, more=True),
            }
        own.graphs.notes.extend(notes)
        described: dict[str, Any] = {
            **examples_json(
                self._rows.reshape(len(X), -1).tolist(),
                self._targets.reshape(len(X), -1).tolist(),
                loss.sample_output(model, self._rows[0]),
                loss,
            ),
            **parameters_json(model, mine),
            **self._updates_json(parameter_numbers(model, mine.values())),
            "layers": layers(model),
            "points": own.indices,
            "activations": list(activations),
            "activation": getattr(model.activation, "__name__", "") if activations else "",
            "sets": data_sets(len(self._data)) if self._rows.shape[1:] == (2,) else None,
        }
        if run is not None:  # where it goes on from, no memory of an optimizer is known
            described["optimizer"] |= {"steps": 0, "moments": []}
        code = rules(nodes) + javascript_programs(mine)
        blocks: dict[str, Any] = {f"activation-{name}": read for name, read in activations.items()}
        blocks |= {} if run is None else {"run": run}
        title = "Playground" if run is None else "Training, step by step"
        return page(title, self._facts(), model, described, own.graphs, code, blocks)

    def _facts(self) -> str:
        model = self._trainer.model
        name = repr(model) if isinstance(model, FNN) else type(model).__name__
        loss = self._trainer.loss.name
        return f"{name} · {len(self._trainer.parameters):,} parameters · loss {loss}"

    def _updates_json(self, number: Mapping[Value, int]) -> dict[str, Any]:
        """Return what an update is: which examples it sees, how it moves which parameters."""
        optimizer = self._trainer.optimizer
        kept = [i for i, p in enumerate(optimizer.params) if p in number]
        return {
            "batch": self.batch_size,
            "random": base64.b64encode(array("I", self._random).tobytes()).decode("ascii"),
            "moved": [number[optimizer.params[i]] for i in kept],
            "optimizer": {
                "kind": type(optimizer).__name__,
                **optimizer.settings(),
                "steps": optimizer.steps,
                "moments": [[float(m[i]) for i in kept] for m in optimizer.moments],
            },
        }

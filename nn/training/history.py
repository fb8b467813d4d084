"""History: what a training run measured, epoch by epoch."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

from autograd_mini.words import aligned


class History:
    """The record of a training run; `fit` returns one.

    Attributes:
        loss: The training loss of each epoch: the mean of the batch losses before their updates,
            weighted by examples, penalty included.
        val_loss: The validation loss after each epoch; empty without validation data.
        metrics: Each metric after each epoch by name, `val_`... on the validation data.
        lr: The learning rate of each epoch.
        backend: What ran: "eager", "compiled" or "native".
        reason: Why it ran eagerly, where "auto" chose that; else "".
        stopped: Why it ended: "epochs" (all done), "patience", "callback" or "interrupted";
            "" while it runs.

    Example:
        >>> from nn import FNN, fit
        >>> history = fit(FNN([1, 1], seed=0), [[0.0], [1.0]], [0.0, 1.0], loss="mse", epochs=3)
        >>> history.epochs, history.stopped
        (3, 'epochs')
    """

    def __init__(self) -> None:
        self.loss: list[float] = []
        self.val_loss: list[float] = []
        self.metrics: dict[str, list[float]] = {}
        self.lr: list[float] = []
        self.backend = ""
        self.reason = ""
        self.stopped = ""

    @property
    def epochs(self) -> int:
        """How many epochs were completed."""
        return len(self.loss)

    @property
    def best_epoch(self) -> int:
        """The epoch, from 1, of the lowest validation (else training) loss; 0 for none."""
        losses = self.val_loss or self.loss
        finite = [(loss, i) for i, loss in enumerate(losses, start=1) if not math.isnan(loss)]
        return min(finite)[1] if finite else 0

    def columns(self) -> dict[str, list[float]]:
        """Return what was measured as columns of equal length, by name."""
        columns: dict[str, list[float]] = {"loss": self.loss}
        if self.val_loss:
            columns["val_loss"] = self.val_loss
        return {**columns, **self.metrics, "lr": self.lr}

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain lists, strings and numbers."""
        return dict(vars(self))

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> History:
        """Return the history that `to_dict` described."""
        history = cls()
        for name in vars(history):
            setattr(history, name, record[name])
        return history

    def to_json(self, path: str | Path) -> None:
        """Write everything to a JSON file."""
        Path(path).write_text(json.dumps(self.to_dict(), indent=1) + "\n", "utf-8")

    def to_csv(self, path: str | Path) -> None:
        """Write one line per epoch to a CSV file, under a line of names."""
        columns = self.columns()
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["epoch", *columns])
            writer.writerows(enumerated(columns))

    def plot(self, path: str | Path | None = None) -> Any:
        """Draw the losses against the epochs with matplotlib, and save the picture at `path`.

        Returns:
            The matplotlib figure.
        """
        from nn.plots import plot_history

        return plot_history(self, path)

    def _repr_png_(self) -> bytes | None:
        """Show the loss curve in a notebook, where matplotlib is installed."""
        try:
            return self.plot()._repr_png_()
        except ImportError:
            return None

    def __str__(self) -> str:
        columns = self.columns()
        rows = enumerated(columns)
        if len(rows) > 10:
            step = (len(rows) - 1) / 9
            rows = [rows[round(i * step)] for i in range(10)]
        table = [["epoch", *columns], *[[str(n), *[f"{x:.6g}" for x in r]] for n, *r in rows]]
        return "\n".join(aligned(table, ">" * len(table[0])))

    def __repr__(self) -> str:
        last = f", loss {self.loss[-1]:.6g}" if self.loss else ""
        last += f", val_loss {self.val_loss[-1]:.6g}" if self.val_loss else ""
        return f"<History: {self.epochs} epochs{last}, {self.backend or 'not run'}>"


def enumerated(columns: dict[str, list[float]]) -> list[tuple[Any, ...]]:
    """Return one row per epoch, its number first."""
    return [(n, *row) for n, row in enumerate(zip(*columns.values(), strict=True), start=1)]

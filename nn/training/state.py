"""One run of `fit`: its settings and how far it has come, and what a callback sees of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from nn.initializers import plain_seed
from nn.losses import Loss
from nn.optimizers import Optimizer
from nn.schedules import Schedule
from nn.training.data import Examples
from nn.training.history import History
from nn.training.trainer import Trainer


class RunState(NamedTuple):
    """What a callback of `fit` sees after an epoch; the Values are current.

    Attributes:
        epoch: How many epochs are completed.
        model: The model.
        optimizer: Its optimizer.
        history: What was measured so far.
        loss: What is minimized, as `fit` was given it.
        batch_size: Examples per update; None for all.

    Example:
        >>> from nn import FNN, fit
        >>> def stop_early(state):
        ...     return state.epoch == 3
        >>> X, y = [[0.0], [1.0]], [0.0, 1.0]
        >>> history = fit(FNN([1, 1], seed=0), X, y, loss="mse", callbacks=[stop_early])
        >>> history.epochs, history.stopped
        (3, 'callback')
    """

    epoch: int
    model: Any
    optimizer: Optimizer
    history: History
    loss: str | Loss
    batch_size: int | None = None


@dataclass
class Run:
    """One call of `fit`.

    Attributes:
        rng: Draws the orders of the examples.
        history: What was measured so far.
        best: With `patience`, the weights of the lowest loss so far, and
        best_loss: that loss, and
        waited: for how many epochs it has been the lowest.
    """

    trainer: Trainer
    data: Examples
    validation: Examples | None
    epochs: int
    batch_size: int | None
    shuffle: bool
    seed: int | None
    patience: int | None
    metrics: dict[str, Callable[..., Any]]
    schedule: Schedule | None
    callbacks: list[Callable[[RunState], Any]]
    checkpoint: Path | None
    progress: bool | None
    history: History = field(default_factory=History)
    best: list[float] | None = None
    best_loss: float = math.inf
    waited: int = 0

    def __post_init__(self) -> None:
        self.seed = plain_seed(self.seed)
        self.rng = Random(self.seed)

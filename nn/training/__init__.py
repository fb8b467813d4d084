"""Training: `fit` runs epochs, `Trainer` makes single updates.

fit          epochs of updates, and what is measured after each
trainer      one update, and the choice of what runs it
eager        an update on a graph of Values
compiled     the same update by a NumPy program
data         examples and targets, checked once
state        one run of `fit`, and what callbacks see of it
checkpoints  a run in a file, from which it goes on
progress     the bar, and Ctrl-C
history      what was measured, epoch by epoch
"""

from __future__ import annotations

from nn.errors import DivergedError
from nn.training.fit import fit
from nn.training.history import History
from nn.training.state import RunState
from nn.training.trainer import Trainer

__all__ = ["DivergedError", "History", "RunState", "Trainer", "fit"]

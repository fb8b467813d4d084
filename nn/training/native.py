"""Native updates: the program's machine code with the optimizer's step in it, called directly.

What it cannot take (another size, a short last batch, data that are not numbers of its type) and
what is not finite goes the way of every compiled update: `None` says so, and nothing has moved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from autograd_mini.frames import is_watched
from nn.optimizers import SGD, Adam, AdamW, Optimizer
from nn.training.data import Examples

if TYPE_CHECKING:
    from nn.training.compiled import Compiled

COPIED: Final = 1 << 20  # numbers of data that are copied as a whole to have the program's type

_sgd: Final = attrgetter("_momentum", "_moment_names", "nesterov", "weight_decay", "maximize")
_adam: Final = attrgetter("betas", "eps", "weight_decay", "maximize")
SETTINGS: Final[dict[type[Optimizer], Callable[[Any], Any]]] = {  # those that are in the code
    SGD: _sgd,
    Adam: _adam,
    AdamW: _adam,
}


def native_updates(
    compiled: Compiled, data: Examples, columns: Sequence[Any]
) -> NativeUpdates | None:
    """Turn a program into machine code; return whole updates, where there is a form of them.

    Args:
        compiled: Whose program it is.
        data: Examples as those to come.
        columns: A batch of them, for the program.

    Raises:
        TraceError: If there is no llvmlite or no native form, or if numbers differ.
    """
    task, program = compiled.task, compiled.program
    if (
        type(task.optimizer) in SETTINGS
        and task.clip_norm is None
        and task.clip_value is None
        and compiled.moved is None
        and not compiled.weighted
        and program.parameters.start == 0
    ):
        return NativeUpdates(compiled, data, columns)
    program.to_machine_code(*columns)
    return None


class NativeUpdates:
    """Updates of a compiled trainer on batches of one size, as machine code."""

    def __init__(self, compiled: Compiled, data: Examples, columns: Sequence[Any]) -> None:
        from autograd_mini.compiler.native import Update

        self._compiled = compiled
        self._optimizer: Any = compiled.task.optimizer
        self._settings = SETTINGS[type(self._optimizer)]
        self._fixed = self._settings(self._optimizer)
        self._types = compiled.dtype, np.dtype(np.int64) if data.classes else compiled.dtype
        self._given: tuple[Examples | None, int] = None, 0
        self._bases: Any = None
        self._is_bound = False  # whether the code takes rows by their numbers
        loss = compiled.task.loss
        # Rows of numbers for classes are checked as rows, which `Examples` does.
        self._takes_batches = bool(data.classes) or not loss.has_classes
        refused = loss.suspicious if self._takes_batches and not data.classes else None
        self._code: Any = None
        update = Update(
            self._optimizer._rule,
            self._optimizer.rates(),
            (compiled.store.theta, compiled.store.gtheta),
            self._remembered(),
            [0, data.classes],
            [None, refused or None],
        )
        self._code = compiled.program.to_machine_code(*columns, update=update)

    def _remembered(self) -> list[Any]:
        compiled, optimizer = self._compiled, self._optimizer
        moments: list[Any] = optimizer.resident(compiled.dtype, compiled.order)
        self._known = [*map(id, moments)]
        return moments

    def batch(self, X: Any, y: Any) -> float | None:
        """Make an update on examples as a caller gave them; None if they need another look."""
        if not self._takes_batches or type(X) is list or type(y) is list:
            return None
        return self._made(self._code.update, X, y)

    def rows(self, data: Examples, batch: Any) -> float | None:
        """Make an update on some of the data, a slice or their numbers; None if it cannot."""
        if self._given[0] is not data or self._given[1] != data.version:
            self._take(data)
        if self._bases is None:
            return None
        if self._is_bound and type(batch) is not slice:
            return self._made(self._code.pick, batch)
        return self._made(self._code.update, *self._typed([x[batch] for x in self._bases]))

    def _take(self, data: Examples) -> None:
        """Have rows taken from these data: as they stand, or from a copy that is not large."""
        self._given, self._bases = (data, data.version), None
        if data.kept is None and bool(data.classes) == (self._types[1].kind == "i"):
            bases: list[Any] = [data.X, data.targets]
            sizes = [
                0 if x.dtype == dtype and x.flags.c_contiguous else x.size
                for x, dtype in zip(bases, self._types, strict=True)
            ]
            self._is_bound = max(sizes) <= COPIED
            self._bases = self._typed(bases) if self._is_bound else bases
            if self._is_bound:
                self._code.bind(*self._bases)

    def _typed(self, arrays: Sequence[Any]) -> list[Any]:
        return [
            np.ascontiguousarray(x, dtype) for x, dtype in zip(arrays, self._types, strict=True)
        ]

    def _made(self, update: Callable[..., float | None], *given: Any) -> float | None:
        optimizer, store = self._optimizer, self._compiled.store
        if (
            is_watched()
            or self._settings(optimizer) != self._fixed
            or not self._compiled.moves_the_same()
            or not self._compiled.is_current()
        ):
            return None
        with store.lock:
            _ = store.theta, store.gtheta  # up to date, and known to change
            moments = optimizer._moments
            if (moments and [*map(id, moments)] != self._known) or (
                optimizer._order is not self._compiled.order
            ):
                self._code.remember(self._remembered())
            optimizer.steps += 1
            loss = update(*given, *optimizer.rates())
            if loss is None:
                optimizer.steps -= 1
                return None
            store.left_gradient(seen=store.has_gradient)
        self._compiled.has_moved = True
        return loss

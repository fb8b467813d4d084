"""Training data: `Examples`, checked once, and the loss of one of them."""

# Programs and arrays are Any here.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Final, cast

from autograd_mini import no_grad
from nn import losses
from nn.arrays import as_array, as_floats, as_lists
from nn.errors import DivergedError
from nn.losses import Loss

__all__ = ["ExampleLoss", "Examples"]

MEMORY: Final = 10_000  # targets that are remembered as checked


class ExampleLoss:
    """The loss of one example: a named loss sees a batch of one, a function (model(x), y)."""

    def __init__(self, loss: str | Loss) -> None:
        self.given = loss
        self.function = losses.get(loss)
        self.is_named = isinstance(loss, str)
        self.kind: Any = self.function  # without the options that a partial binds
        while isinstance(self.kind, partial):
            self.kind = self.kind.func
        self.has_classes = self.kind in losses.CLASS_LOSSES
        self.name = loss if isinstance(loss, str) else function_name(loss)
        self._outputs: dict[tuple[int, ...], Any] = {}
        self._checked: set[Any] = set()

    def __call__(self, prediction: Any, target: Any) -> Any:
        """Return the loss of one example."""
        if self.is_named:
            return self.function([prediction], [target])
        return self.function(prediction, target)

    def sample_output(self, model: Any, row: Any) -> Any:
        """Return the model's output for one example as a float or a list of floats.

        It is asked once for each shape that examples have: an FNN refuses all but one.
        """
        if row.shape not in self._outputs:
            try:
                with no_grad():
                    output = model(row.tolist())
            except ArithmeticError as error:
                raise DivergedError(
                    f"before epoch 1, at example 0: the model's output cannot be computed: {error}"
                ) from error
            self._outputs[row.shape] = as_floats(output)
        return self._outputs[row.shape]

    def check_targets(self, output: Any, targets: list[Any]) -> None:
        """Let a named loss check every target, beside some prediction; each kind once."""
        finite = all(map(math.isfinite, output if isinstance(output, list) else [output]))
        if not (self.is_named and finite):
            return  # a run that starts with infinity will say so, with the epoch
        for n, target in enumerate(targets):
            key = tuple(target) if isinstance(target, list) else target
            try:
                if key in self._checked:
                    continue
                self(output, target)
            except (ValueError, TypeError) as error:
                column = isinstance(target, list) and not isinstance(output, list)
                advice = "; the model has one output: y.ravel() makes a column flat"
                raise ValueError(
                    f"y[{n}] = {target!r} does not go with this model and loss: {error}"
                    f"{advice if column else ''}"
                ) from None
            if not all(map(math.isfinite, target if isinstance(target, list) else [target])):
                raise ValueError(f"y[{n}] is {target}: leave example {n} out, or fill the gap")
            if len(self._checked) < MEMORY:
                self._checked.add(key)


def function_name(function: Any) -> str:
    """Return a name that is the same in every process."""
    if isinstance(function, partial):
        given = [*map(repr, function.args), *[f"{k}={v!r}" for k, v in function.keywords.items()]]
        return f"{function_name(function.func)}({', '.join(given)})"
    return getattr(function, "__qualname__", type(function).__qualname__)


class Examples:
    """Examples and targets, checked once, as nested lists and, if they are numbers, as arrays."""

    def __init__(
        self, model: Any, loss: ExampleLoss, X: Any, y: Any, sample_weight: Any = None
    ) -> None:
        rows = _numbers("X", X)
        targets = _targets(y)
        if len(rows) != len(targets):
            raise ValueError(
                f"one target per example, please: X has {len(rows)} examples, y has "
                f"{len(targets)} targets"
            )
        if not targets:
            raise ValueError("there is nothing to learn from: X and y are empty")
        output = loss.sample_output(model, rows[0])
        given = targets
        if loss.has_classes:
            targets = _as_distributions(targets, output)
        loss.check_targets(output, targets)
        self.numbers: Sequence[int] = range(len(targets))  # as the caller counts them
        self.weights: Any = None
        if sample_weight is not None:
            weights = _numbers("sample_weight", sample_weight)
            if weights.shape != (len(targets),) or (weights < 0).any() or not weights.any():
                raise ValueError(
                    f"sample_weight needs a number from 0 up for each of {len(targets)} examples, "
                    f"and one above 0, but got {sample_weight!r:.200}"
                )
            self.numbers = weights.nonzero()[0].tolist()
            self.weights, rows = weights[self.numbers], rows[self.numbers]
            targets, given = ([ys[n] for n in self.numbers] for ys in (targets, given))
        self.rows, self.xs = rows, rows.tolist()
        self.ys, self.targets = targets, _as_array(targets)
        self.given = given  # before class indices became one-hot rows

    def __len__(self) -> int:
        return len(self.xs)

    @property
    def is_numeric(self) -> bool:
        """Whether the targets are numbers, so that a program can take them."""
        return self.targets is not None

    def mass(self, batch: Sequence[int]) -> float:
        """Return the weight of a batch: how many examples, or the sum of their weights."""
        return len(batch) if self.weights is None else float(self.weights[list(batch)].sum())

    def checksum(self) -> str:
        """Return a fingerprint of the examples, targets and weights."""
        digest = hashlib.sha256(self.rows.tobytes() + repr(self.ys).encode())
        if self.weights is not None:
            digest.update(self.weights.tobytes())
        return digest.hexdigest()


def _numbers(name: str, X: Any) -> Any:
    """Return an array of finite numbers, or say which one is not."""
    import numpy as np

    try:
        array = as_array(X)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be numbers in equal rows, but: {error}") from None
    if not array.ndim:
        raise ValueError(f"{name} needs one entry for each example, but got {X!r}")
    if not np.isfinite(array).all():
        place = tuple(np.argwhere(~np.isfinite(array))[0].tolist())
        raise ValueError(
            f"{name}[{', '.join(map(str, place))}] is {array[place]}: leave example {place[0]} "
            "out, or fill the gap"
        )
    return array


def _targets(y: Any) -> list[Any]:
    """Return the targets as a list: numbers, lists of them, or whatever the loss takes."""
    try:
        return list(as_lists(y))
    except TypeError:
        raise ValueError(f"y needs one target for each example, but got {y!r:.200}") from None


def _as_distributions(targets: list[Any], output: Any) -> list[Any]:
    """Return class indices as one-hot rows, which a program can take; other targets as they are."""
    if not isinstance(output, list):
        raise ValueError(
            "a loss of classes needs one output for each class, but this model has one output: "
            'give it more, or use loss="bce_with_logits" or "hinge"'
        )
    count = len(cast(list[Any], output))
    rows: list[Any] = []
    for n, target in enumerate(targets):
        if isinstance(target, (list, tuple)) or hasattr(target, "tolist"):
            rows.append([float(t) for t in cast(Iterable[Any], target)])
        elif isinstance(target, bool) or not hasattr(target, "__index__"):
            raise ValueError(
                f"y[{n}] is {target!r}: a class is an int from 0 to {count - 1}, or a row of "
                f"{count} probabilities"
            )
        elif not 0 <= target < count:
            raise ValueError(
                f"y[{n}] is class {target}, but the model has {count} outputs, classes 0 to "
                f"{count - 1}"
            )
        else:
            rows.append([1.0 if j == target else 0.0 for j in range(count)])
    return rows


def _as_array(targets: list[Any]) -> Any:
    import numpy as np

    try:
        array = np.asarray(targets, dtype=float)
    except (TypeError, ValueError):
        return None
    return array if np.isfinite(array).all() else None

"""The eager backend: an update on one graph of Values."""

# Programs and arrays are Any here.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

from autograd_mini import DomainError, TraceError, Value, dot, no_grad, total
from autograd_mini.contexts import collector_paused
from nn.arrays import as_floats
from nn.errors import DivergedError
from nn.optimizers import ZERO, Optimizer, clip_grad_norm, clip_grad_value
from nn.training.data import ExampleLoss, Examples

__all__ = ["Eager", "Task"]


class Task(Protocol):
    """What a backend works on; a `Trainer` is one."""

    model: Any
    loss: ExampleLoss
    optimizer: Optimizer
    parameters: list[Value]
    penalty: Callable[[Any], Any] | None
    clip_norm: float | None
    clip_value: float | None


class Eager:
    """Updates on graphs of Values."""

    name = "eager"

    def __init__(self, task: Task) -> None:
        self.task = task

    def update(self, data: Examples, batch: Sequence[int]) -> float:
        """Make one update on some of the examples and return the loss before it."""
        task, optimizer = self.task, self.task.optimizer
        with collector_paused():
            for p in task.parameters:
                p.grad = ZERO
            optimizer.zero_grad()
            whole = self._mean(data, batch)
            if task.penalty is not None:
                whole = whole + task.penalty(task.model)
            if whole.is_leaf:
                raise ValueError("inside no_grad() nothing is learned: train outside of the block")
            if not math.isfinite(whole.data):
                raise DivergedError(f"the loss with its penalty is {whole.data}")
            try:
                whole.backward()
            except (ValueError, ArithmeticError) as error:
                raise DivergedError(f"the gradient cannot be computed: {error}") from error
            bad = next((p for p in optimizer.params if not math.isfinite(p.grad)), None)
            if bad is not None:
                raise DivergedError(f"the gradient of {bad.label or 'a parameter'} is {bad.grad}")
            if task.clip_value is not None:
                clip_grad_value(optimizer.params, task.clip_value)
            if task.clip_norm is not None:
                clip_grad_norm(optimizer.params, task.clip_norm)
            optimizer.step()
        return whole.data

    def can(self, data: Examples) -> bool:
        """Whether the loss of the first example can be computed."""
        try:
            with no_grad():
                self._example(data, 0)
        except (ValueError, ArithmeticError):
            return False
        return True

    def evaluate(self, data: Examples) -> float:
        """Return the mean loss, penalty included, over all examples."""
        with no_grad():
            mean = float(self._mean(data, range(len(data))))
            penalty = self.task.penalty
            return mean + (0.0 if penalty is None else float(penalty(self.task.model)))

    def predict(self, data: Examples) -> Any:
        """Return the model's outputs as an array, `(N,)` or `(N, C)`."""
        return _outputs(self.task.model, data.xs)

    def _mean(self, data: Examples, batch: Sequence[int]) -> Any:
        found = [self._example(data, n) for n in batch]
        if data.weights is None:
            return total(found) / float(len(found))
        return dot(data.weights[list(batch)].tolist(), found) / data.mass(batch)

    def _example(self, data: Examples, n: int) -> Any:
        place = f"at example {data.numbers[n]}"
        prediction: Any = None
        try:
            prediction = self.task.model(data.xs[n])
            loss = self.task.loss(prediction, data.ys[n])
        except TraceError:
            raise
        except (ValueError, ArithmeticError) as error:
            in_model = prediction is None
            undefined = (ArithmeticError, DomainError) if in_model else ArithmeticError
            if isinstance(error, undefined) or not (in_model or _is_finite(prediction)):
                raise DivergedError(f"{place} the loss cannot be computed: {error}") from error
            raise ValueError(f"{place}: {error}") from error
        if not isinstance(loss, Value):
            if not isinstance(loss, (int, float)):
                raise TypeError(
                    f"a loss is one Value for one example, but {self.task.loss.name} gave {loss!r}"
                )
            loss = Value(loss)  # it does not depend on the model here
        if not math.isfinite(loss.data):
            raise DivergedError(f"{place} the loss is {loss.data}")
        return loss


def _is_finite(prediction: Any) -> bool:
    outputs = cast(list[Any], prediction) if isinstance(prediction, list) else [prediction]
    return all(isinstance(f, Value) and math.isfinite(f.data) for f in outputs)


def _outputs(model: Any, xs: list[Any]) -> Any:
    import numpy as np

    if hasattr(model, "predict"):
        return model.predict(xs)
    with no_grad():
        return np.array([as_floats(model(x)) for x in xs])

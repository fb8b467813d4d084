"""The eager backend: an update on one graph of Values."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from autograd_mini import DomainError, TraceError, Value, dot, no_grad, total
from autograd_mini.contexts import collector_paused
from nn.arrays import as_floats
from nn.clipping import clip_grad_norm, clip_grad_value
from nn.errors import DivergedError
from nn.optimizers import ZERO, Optimizer
from nn.training.data import ExampleLoss, Examples


@dataclass
class Task:
    """What is minimized and how: all that a backend needs to know."""

    model: Any
    loss: ExampleLoss
    optimizer: Optimizer
    parameters: list[Value]
    penalty: Callable[[Any], Any] | None
    clip_norm: float | None
    clip_value: float | None


class Eager:
    """Updates on graphs of Values."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def update(self, data: Examples, batch: Any) -> float:
        """Make one update on some of the examples and return the loss before it."""
        with collector_paused():
            loss = self.gradient(data, batch)
            self.task.optimizer.step()
        return loss

    def gradient(self, data: Examples, batch: Any) -> float:
        """Return the loss of a batch with its penalty, and leave the clipped gradients.

        Raises:
            DivergedError: If the loss or a gradient is not finite.
        """
        task, optimizer = self.task, self.task.optimizer
        for p in {*task.parameters, *optimizer.params}:
            p.grad = ZERO
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
        return whole.data

    def evaluate(self, data: Examples) -> float:
        """Return the mean loss, penalty included, over all examples."""
        with no_grad():
            mean = float(self._mean(data, data.everything()))
            penalty = self.task.penalty
            return mean + (0.0 if penalty is None else float(penalty(self.task.model)))

    def predict(self, data: Examples) -> Any:
        """Return the model's outputs as an array, `(N,)` or `(N, C)`."""
        import numpy as np

        with no_grad():
            pairs = data.one_by_one(data.everything())
            return np.array([as_floats(self.task.model(x)) for _, x, _ in pairs])

    def measure(
        self, data: Examples, batch: Any, leaves: list[Value]
    ) -> tuple[list[float], list[float]]:
        """Return each example's loss with the penalty, and the gradient of their mean.

        Gradients of `leaves` stay as they are.
        """
        task, before = self.task, [p.grad for p in leaves]
        try:
            for p in leaves:
                p.grad = ZERO
            found = [self._example(data, n, x, y) for n, x, y in data.one_by_one(batch)]
            if task.penalty is not None:
                penalty = task.penalty(task.model)
                found = [loss + penalty for loss in found]
            (total(found) / float(len(found))).backward()
            return [loss.data for loss in found], [float(p.grad) for p in leaves]
        finally:
            for p, grad in zip(leaves, before, strict=True):
                p.grad = grad

    def _mean(self, data: Examples, batch: Any) -> Any:
        found = [self._example(data, n, x, y) for n, x, y in data.one_by_one(batch)]
        if data.weights is None:
            return total(found) / float(len(found))
        weights: list[float] = data.weights[batch].tolist()
        return dot(weights, found) / data.weight_of(batch)

    def _example(self, data: Examples, n: int, x: Any, y: Any) -> Any:
        prediction: Any = None
        try:
            prediction = self.task.model(x)
            loss = self.task.loss.of_checked(prediction, y)
        except TypeError as error:
            if prediction is None or self.task.loss.is_named or isinstance(error, TraceError):
                raise
            raise TypeError(
                f"{self.task.loss.name} fails at example {data.index_of(n)}: {error}. A loss sees "
                f"one example, (prediction, target) = ({prediction!r:.60}, {y!r:.60}); the mean "
                "is taken here"
            ) from error
        except (ValueError, ArithmeticError) as error:
            place = f"at example {data.index_of(n)}"
            in_model = prediction is None
            undefined = (ArithmeticError, DomainError) if in_model else ArithmeticError
            if isinstance(error, undefined) or not (in_model or _is_finite(prediction)):
                raise DivergedError(f"{place} the loss cannot be computed: {error}") from error
            raise ValueError(f"{place}: {error}") from error
        if not isinstance(loss, (Value, int, float)):
            raise TypeError(
                f"a loss is one Value for one example, but {self.task.loss.name} gave {loss!r}"
            )
        if not isinstance(loss, Value):
            loss = Value(loss)  # it does not depend on the model here
        if not math.isfinite(loss.data):
            raise DivergedError(f"at example {data.index_of(n)} the loss is {loss.data}")
        return loss


def _is_finite(prediction: Any) -> bool:
    outputs = cast(list[Any], prediction) if isinstance(prediction, list) else [prediction]
    return all(isinstance(f, Value) and math.isfinite(f.data) for f in outputs)

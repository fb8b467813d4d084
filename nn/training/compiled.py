"""The compiled backend: the same update by a NumPy program, made from one example's graph.

The parameters stay in an array until somebody looks.
"""

# Programs and arrays are Any here.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, cast

from autograd_mini import TraceError, no_grad
from nn.errors import DivergedError
from nn.optimizers import ZERO, norm_factor
from nn.training.data import Examples
from nn.training.eager import Eager, Task

__all__ = ["Compiled"]


class Compiled:
    """Updates on arrays, by a program made from one example's graph."""

    name = "compiled"

    def __init__(self, task: Task, data: Examples) -> None:
        from autograd_mini import compile

        self.task = task
        self.weighted = data.weights is not None
        example: list[Any] = [data.xs[0], data.targets[0].tolist()]
        if self.weighted:
            example.append(1.0)
        self.program: Any = compile(self._loss, *example)
        self._outputs: Any = None
        self._is_in = False
        program, params = self.program, task.optimizer.params
        place = {p: i for i, p in enumerate(params)}
        reached = set(program.parameters)
        self._unreached = [p for p in task.parameters if p not in reached]
        # Where each of the program's parameters stands in the optimizer's list; if the two do not
        # move the same ones, the optimizer gets arrays of its own.
        self._is_same = reached == set(params)
        self._theirs = [place[p] for p in program.parameters if p in place]
        self._ours = [i for i, p in enumerate(program.parameters) if p in place]
        self._theta: Any = []

    def _loss(self, x: Any, y: Any, weight: Any = None) -> Any:
        loss = self.task.loss(self.task.model(x), y)
        if weight is not None:
            loss = weight * loss
        penalty = self.task.penalty
        return loss if penalty is None else loss + penalty(self.task.model)

    def _output(self, x: Any) -> Any:
        return self.task.model(x)

    def enter(self) -> None:
        """Take the parameters and the optimizer's memory into arrays."""
        import numpy as np

        if self._is_in:
            return
        self._is_in = True
        optimizer = self.task.optimizer
        self.program.push()
        if self._is_same:
            optimizer.moments = [np.asarray(m)[self._theirs] for m in optimizer.moments]
        else:
            self._theta = np.array([p.data for p in optimizer.params])

    def leave(self) -> None:
        """Give them back to the Values and the optimizer."""
        import numpy as np

        if not self._is_in:
            return
        self._is_in = False
        optimizer = self.task.optimizer
        self.program.pull()
        for p in self._unreached:
            p.grad = ZERO
        if self._is_same:
            moments: list[Any] = []
            for m in optimizer.moments:
                moments.append(np.empty(len(m)))
                moments[-1][self._theirs] = m
            optimizer.moments = moments
        else:
            for p, theta in zip(optimizer.params, self._theta.tolist(), strict=True):
                p.data = theta

    def update(self, data: Examples, batch: Sequence[int]) -> float:
        """Make one update on some of the examples and return the loss before it."""
        import numpy as np

        self.enter()
        program, optimizer = self.program, self.task.optimizer
        try:
            loss = program.gradient(*self._columns(data, batch))
        except TraceError:
            raise
        except (ValueError, ArithmeticError) as error:
            raise self._explained(data, batch, str(error)) from error
        grad = program.gtheta
        if not (math.isfinite(loss) and np.isfinite(grad).all()):
            raise self._explained(data, batch, f"the loss is {loss}, or a gradient is not finite")
        if self._is_same:
            self._clip(grad)
            optimizer.update(program.theta, grad)
            return loss
        grads = np.zeros(len(optimizer.params))
        grads[self._theirs] = grad[self._ours]
        self._clip(grads)
        grad[self._ours] = grads[self._theirs]
        optimizer.update(self._theta, grads)
        program.theta[self._ours] = self._theta[self._theirs]
        return loss

    def _columns(self, data: Examples, batch: Sequence[int]) -> list[Any]:
        import numpy as np

        if isinstance(batch, range):
            batch = cast(Any, slice(batch.start, batch.stop))
        columns: list[Any] = [data.rows[batch], data.targets[batch]]
        if self.weighted:
            w = np.ones(len(data)) if data.weights is None else data.weights
            w = w[batch]
            columns.append(w * (len(w) / w.sum()))
        return columns

    def _clip(self, grad: Any) -> None:
        """Clip in place, as clip_grad_value and clip_grad_norm do it on Values."""
        import numpy as np

        task = self.task
        if task.clip_value is not None:
            np.clip(grad, -task.clip_value, task.clip_value, out=grad)
        if task.clip_norm is not None:
            grad *= norm_factor(float(np.linalg.norm(grad)), task.clip_norm)

    def _explained(self, data: Examples, batch: Sequence[int], reason: str) -> Exception:
        """Return the error of the same update made eagerly, which knows the example."""
        self.leave()
        eager = Eager(self.task)
        try:
            with no_grad():
                for n in batch:
                    eager._example(data, n)  # pyright: ignore[reportPrivateUsage]
        except ValueError as error:
            return error
        return DivergedError(reason)

    def evaluate(self, data: Examples) -> float:
        """Return the mean loss, penalty included, over all examples."""
        import numpy as np

        try:
            mean = float(np.mean(self.program(*self._columns(data, range(len(data))))))
        except TraceError:
            raise
        except (ValueError, ArithmeticError) as error:
            raise self._explained(data, range(len(data)), str(error)) from error
        if not math.isfinite(mean):
            raise self._explained(data, range(len(data)), f"the loss is {mean}")
        return mean

    def predict(self, data: Examples) -> Any:
        """Return the model's outputs as an array, `(N,)` or `(N, C)`."""
        from autograd_mini import compile

        if self._outputs is None:
            self._outputs = compile(self._output, data.xs[0])
        return self._outputs(data.rows)

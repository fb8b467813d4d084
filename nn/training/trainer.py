"""`Trainer`: updates one by one, eagerly or compiled.

An update is the same whatever runs it: the mean loss over a batch plus the penalty, its gradient,
clipping, one step of the optimizer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, cast

from autograd_mini import TraceError, Value
from autograd_mini.frames import is_watched
from nn.guesses import keywords
from nn.losses import Loss
from nn.optimizers import Optimizer, check_limit
from nn.training.compiled import Compiled
from nn.training.data import ExampleLoss, Examples
from nn.training.eager import Eager

__all__ = ["Trainer"]

WORTH_COMPILING: Final = 100  # examples to come from which on compiling pays
BACKENDS: Final = ("auto", "eager", "compiled")


class Trainer:
    """Makes updates one by one; what `fit` is built on, for loops of one's own.

    After `step` the Values are current. Inside `with trainer:` a compiled trainer leaves the
    parameters in its array from step to step, and the Values follow at `sync()` and on exit.

    Args:
        model: An FNN, or anything with `parameters()` that maps one example to its output.
        loss: A name, or a function of one example's (model(x), y).
        optimizer: Moves the parameters, some or all.
        penalty: A function model -> Value, added once per update.
        backend: As for `fit`; "auto" compiles once a hundred examples have gone by.
        clip_norm: As for `fit`.
        clip_value: As for `fit`.

    Attributes:
        backend: What ran last: "eager" or "compiled"; before the first step what was asked for.

    Example:
        >>> from nn import FNN, SGD, Trainer
        >>> model = FNN([1, 1], seed=0)
        >>> trainer = Trainer(model, "mse", SGD(model.parameters(), lr=0.1))
        >>> losses = [trainer.step([[0.0], [1.0]], [1.0, 3.0]) for _ in range(100)]
        >>> losses[-1] < losses[0]
        True
    """

    @keywords
    def __init__(
        self,
        model: Any,
        loss: str | Loss,
        optimizer: Optimizer,
        *,
        penalty: Callable[[Any], Any] | None = None,
        backend: str = "auto",
        clip_norm: float | None = None,
        clip_value: float | None = None,
    ) -> None:
        if backend not in BACKENDS:
            raise ValueError(f"backend must be one of {', '.join(BACKENDS)}, but got {backend!r}")
        if not hasattr(optimizer, "params"):
            raise TypeError(
                f"an optimizer is an object such as SGD(model.parameters(), lr=0.1), but got "
                f"{optimizer!r}"
            )
        if penalty is not None and not callable(penalty):
            raise TypeError(
                f"a penalty is a function model -> Value, such as losses.l2_penalty(1e-4), but "
                f"got {penalty!r}"
            )
        for name, limit in (("clip_norm", clip_norm), ("clip_value", clip_value)):
            if limit is not None:
                check_limit(name, limit)
        self.model = model
        self.loss = ExampleLoss(loss)
        self.optimizer = optimizer
        self.penalty = penalty
        self.clip_norm, self.clip_value = clip_norm, clip_value
        self.backend = backend
        self._asked = backend
        self._seen = 0
        self._eager = Eager(self)
        self._compiled: Compiled | None = None
        self._kept: dict[bool, Compiled] = {}  # the program without and that with weights
        self._resident = False
        self.parameters = parameters_of(model)
        if not set(self.parameters) & set(optimizer.params):
            raise ValueError(
                f"this {type(optimizer).__name__} moves none of the model's {len(self.parameters)} "
                "parameters: make it with model.parameters()"
            )

    def step(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Make one update on a batch and return the loss before it, penalty included.

        Args:
            X: The batch's examples.
            y: Their targets, as for `fit`.
            sample_weight: A weight for each of them, as for `fit`.

        Raises:
            ValueError: If the data cannot be meant.
            DivergedError: If the loss or a gradient is not finite; then nothing is changed.
        """
        data = Examples(self.model, self.loss, X, y, sample_weight)
        self._seen += len(data)
        loss = self.update(data, range(len(data)), self._seen)
        if not self._resident:
            self.sync()
        return loss

    def sync(self) -> None:
        """Bring the Values' data and gradients, and the optimizer's memory, up to date."""
        if self._compiled is not None:
            self._compiled.leave()

    def __enter__(self) -> Trainer:
        self._resident = True
        return self

    def __exit__(self, *exception: object) -> None:
        self._resident = False
        self.sync()

    def update(self, data: Examples, batch: Sequence[int], work: int) -> float:
        """Make one update on some of the examples; `work` is how many are to come in all."""
        backend = self._choose(data, work)
        try:
            loss = backend.update(data, batch)
        except TraceError:
            if self._asked == "compiled":
                raise
            self._give_up_compiling()
            backend = self._eager
            loss = backend.update(data, batch)
        self.backend = backend.name
        return loss

    def evaluate(self, data: Examples) -> float:
        """Return the mean loss, penalty included, over all examples."""
        self.sync()
        backend = self._compiled if self.backend == "compiled" and data.is_numeric else None
        return (backend or self._eager).evaluate(data)

    def predict(self, data: Examples) -> Any:
        """Return the model's outputs as an array, `(N,)` or `(N, C)`."""
        self.sync()
        backend = self._compiled if self.backend == "compiled" else None
        return (backend or self._eager).predict(data)

    def _choose(self, data: Examples, work: int) -> Eager | Compiled:
        if self._asked == "eager":
            return self._eager
        if self._asked == "compiled" and not data.is_numeric:
            raise TraceError("a program takes targets that are numbers, and these are not")
        if self._asked == "auto" and (
            not data.is_numeric or is_watched() or work < WORTH_COMPILING
        ):
            self.sync()
            return self._eager
        is_weighted = data.weights is not None
        if self._compiled is None or self._compiled.weighted != is_weighted:
            self.sync()
            try:
                if is_weighted not in self._kept:
                    self._kept[is_weighted] = Compiled(self, data)
                self._compiled = self._kept[is_weighted]
            except TraceError:
                if self._asked == "compiled":
                    raise
                self._give_up_compiling()
                return self._eager
            except (ValueError, ArithmeticError) as error:
                if not self._eager.can(data):
                    return self._eager  # which says at which example
                if self._asked == "compiled":
                    raise TraceError(f"what runs eagerly cannot be compiled: {error}") from error
                self._give_up_compiling()
                return self._eager
        return self._compiled

    def _give_up_compiling(self) -> None:
        self.sync()
        self._asked, self._compiled = "eager", None
        self._kept.clear()


def parameters_of(model: Any) -> list[Value]:
    """Return a model's parameters.

    Raises:
        TypeError: If it is no model.
    """
    if not (callable(model) and hasattr(model, "parameters")):
        raise TypeError(
            f"a model is called with an example and has parameters(), but got {model!r:.200}"
        )
    return list(cast(Any, model).parameters())

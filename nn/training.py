"""Training: `fit` runs epochs, `Trainer` makes single updates, eagerly or compiled.

An update is the same whatever runs it: the mean loss over a batch plus the penalty, its gradient,
clipping, one step of the optimizer. The eager backend builds that loss as one graph of Values; the
compiled one runs a NumPy program made from one example's graph, and keeps the parameters in an
array until somebody looks.
"""

# Programs and arrays are Any here.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import hashlib
import math
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple, cast

from autograd_mini import AnomalyError, TraceError, Value, dot, no_grad, total
from autograd_mini.contexts import collector_paused, is_watched
from nn import activations, losses, tensorfile
from nn import metrics as known_metrics
from nn.history import History
from nn.losses import Loss
from nn.optimizers import (
    ZERO,
    Adam,
    Optimizer,
    check_limit,
    clip_grad_norm,
    clip_grad_value,
    norm_factor,
)
from nn.schedules import Schedule

__all__ = ["DivergedError", "RunState", "Trainer", "fit"]

MEMORY: Final = 10_000  # targets that are remembered as checked
WORTH_COMPILING: Final = 100  # examples to come from which on compiling pays
BACKENDS: Final = ("auto", "eager", "compiled")


class DivergedError(AnomalyError):
    """A loss or a gradient was not finite; the model is as it was before that update."""


class RunState(NamedTuple):
    """What a callback of `fit` sees after an epoch; the Values are current.

    Attributes:
        epoch: How many epochs are completed.
        model: The model.
        optimizer: Its optimizer.
        history: What was measured so far.
        loss: What is minimised, as `fit` was given it.
    """

    epoch: int
    model: Any
    optimizer: Optimizer
    history: History
    loss: str | Loss


def fit(
    model: Any,
    X: Any,
    y: Any,
    *,
    loss: str | Loss,
    optimizer: Optimizer | None = None,
    epochs: int = 100,
    batch_size: int | None = None,
    shuffle: bool = True,
    seed: int | None = 0,
    penalty: Callable[[Any], Any] | None = None,
    validation: tuple[Any, Any] | None = None,
    patience: int | None = None,
    metrics: Sequence[str | Callable[..., Any]] = (),
    schedule: Schedule | None = None,
    clip_norm: float | None = None,
    clip_value: float | None = None,
    sample_weight: Any = None,
    callbacks: Sequence[Callable[[RunState], Any]] = (),
    checkpoint: str | Path | None = None,
    backend: str = "auto",
    progress: bool | None = None,
) -> History:
    """Train a model on examples and return what was measured.

    Ctrl-C ends the run after the update under way, and keeps the model, the history and the
    checkpoint. The same seed on the same machine gives the same run, bit for bit.

    Args:
        model: An FNN, or anything with `parameters()` that maps one example to its output.
        X: N examples.
        y: N targets: numbers, lists of as many numbers as there are outputs, or class indices.
        loss: A name, or a function of one example's (model(x), y).
        optimizer: By default Adam with lr=0.01.
        epochs: How many times to go through the examples.
        batch_size: Examples per update: None for all (gradient descent), 1 for stochastic
            gradient descent in the strict sense. The last batch may be shorter.
        shuffle: Draw a new order every epoch, where there is more than one batch.
        seed: Of the orders.
        penalty: A function model -> Value, added to the loss once per update.
        validation: A pair (X, y) to measure the loss on after every epoch.
        patience: Stop once so many epochs in a row bring no lower validation loss (training loss
            without validation), and give the model its best weights back.
        metrics: Names from `nn.metrics` or functions (predictions, targets) -> number.
        schedule: A schedule of this optimizer, stepped after every epoch.
        clip_norm: The longest gradient an update may use.
        clip_value: The largest entry of a gradient an update may use.
        sample_weight: A weight for each example: the loss is Σwℓ/Σw. 0 leaves an example out.
        callbacks: Called with a `RunState` after every epoch; returning True ends the run.
        checkpoint: A file to save the run in after every epoch. The same call again resumes from
            it, to the same bits; a finished run returns at once.
        backend: "eager" (a graph of Values), "compiled" (a NumPy program), or "auto": compiled
            if there is enough to do and the model and loss can be compiled, but eager while a
            debugger, `detect_anomaly` or `record_source` is active.
        progress: Show a bar; by default on a terminal and in a notebook only.

    Raises:
        ValueError: If the data or a setting cannot be meant.
        DivergedError: If a loss or a gradient is not finite: it names the epoch, the example and
            what to try, and the model is as it was before that update.
        TraceError: With backend="compiled", if the model or the loss cannot be compiled.

    Example:
        >>> from nn import FNN, SGD, datasets, fit
        >>> X, y = datasets.xor()
        >>> model = FNN([2, 4, 1], seed=0)
        >>> sgd = SGD(model.parameters(), lr=0.2)
        >>> history = fit(model, X, y, loss="mse", optimizer=sgd, epochs=500)
        >>> history.loss[0] > 0.2, history.loss[-1] < 0.01
        (True, True)
    """
    if optimizer is None:
        optimizer = schedule.optimizer if schedule else Adam(model.parameters(), lr=0.01)
    _check_settings(epochs, batch_size, patience, schedule, optimizer)
    trainer = Trainer(
        model,
        loss,
        optimizer,
        penalty=penalty,
        backend=backend,
        clip_norm=clip_norm,
        clip_value=clip_value,
    )
    _warn_of_mismatch(model, loss)
    run = _Run(
        trainer=trainer,
        data=Examples(model, trainer.loss, X, y, sample_weight),
        validation=None if validation is None else Examples(model, trainer.loss, *validation),
        epochs=epochs,
        batch_size=batch_size,
        shuffle=shuffle,
        seed=seed,
        patience=patience,
        metrics=dict(map(partial(_metric, trainer.loss), metrics)),
        schedule=schedule,
        callbacks=list(callbacks),
        checkpoint=None if checkpoint is None else Path(checkpoint),
        progress=progress,
    )
    return run.run()


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
        self._eager = _Eager(self)
        self._compiled: _Compiled | None = None
        self._resident = False
        self.parameters: list[Value] = list(model.parameters())
        if not set(self.parameters) & set(optimizer.params):
            raise ValueError(
                f"this {type(optimizer).__name__} moves none of the model's {len(self.parameters)} "
                "parameters: make it with model.parameters()"
            )

    def step(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Make one update on a batch and return the loss before it, penalty included.

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
        backend = self._compiled if self.backend == "compiled" else None
        return (backend or self._eager).evaluate(data)

    def predict(self, data: Examples) -> Any:
        """Return the model's outputs as an array, `(N,)` or `(N, C)`."""
        self.sync()
        backend = self._compiled if self.backend == "compiled" else None
        return (backend or self._eager).predict(data)

    def _choose(self, data: Examples, work: int) -> _Eager | _Compiled:
        if self._asked == "eager":
            return self._eager
        if self._asked == "auto" and (
            not data.is_numeric or is_watched() or work < WORTH_COMPILING
        ):
            self.sync()
            return self._eager
        if self._compiled is None or self._compiled.weighted != (data.weights is not None):
            self.sync()
            try:
                self._compiled = _Compiled(self, data)
            except TraceError:
                if self._asked == "compiled":
                    raise
                self._give_up_compiling()
                return self._eager
            except (ValueError, ArithmeticError):
                return self._eager  # which says at which example
        return self._compiled

    def _give_up_compiling(self) -> None:
        self.sync()
        self._asked, self._compiled = "eager", None


# Losses and data.


class ExampleLoss:
    """The loss of one example: a named loss sees a batch of one, a function (model(x), y)."""

    def __init__(self, loss: str | Loss) -> None:
        self.given = loss
        self.function = losses.get(loss)
        self.is_named = isinstance(loss, str)
        self.has_classes = self.function in losses.CLASS_LOSSES
        self.name = loss if isinstance(loss, str) else _function_name(loss)
        self._output: Any = None
        self._checked: set[Any] = set()

    def __call__(self, prediction: Any, target: Any) -> Any:
        if self.is_named:
            return self.function([prediction], [target])
        return self.function(prediction, target)

    def sample_output(self, model: Any, x: Any) -> Any:
        """Return the model's output for one example as a float or a list of floats."""
        if self._output is None:
            try:
                with no_grad():
                    output = model(x)
            except ArithmeticError as error:
                raise DivergedError(
                    f"before epoch 1, at example 0: the model's output cannot be computed: {error}"
                ) from error
            is_vector = isinstance(output, (list, tuple))
            self._output = [float(f) for f in output] if is_vector else float(output)
        return self._output

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
                raise ValueError(
                    f"y[{n}] = {target!r} does not go with this model and loss: {error}"
                ) from None
            if len(self._checked) < MEMORY:
                self._checked.add(key)


def _function_name(function: Any) -> str:
    """Return a name that is the same in every process."""
    if isinstance(function, partial):
        given = [*map(repr, function.args), *[f"{k}={v!r}" for k, v in function.keywords.items()]]
        return f"{_function_name(function.func)}({', '.join(given)})"
    return getattr(function, "__qualname__", type(function).__qualname__)


class Examples:
    """Examples and targets, checked once, as nested lists and, if they are numbers, as arrays."""

    def __init__(
        self, model: Any, loss: ExampleLoss, X: Any, y: Any, sample_weight: Any = None
    ) -> None:
        rows = _numbers("X", X)
        targets: list[Any] = y.tolist() if hasattr(y, "tolist") else list(y)
        if len(rows) != len(targets):
            raise ValueError(
                f"one target per example, please: X has {len(rows)} examples, y has "
                f"{len(targets)} targets"
            )
        if not targets:
            raise ValueError("there is nothing to learn from: X and y are empty")
        output = loss.sample_output(model, rows[0].tolist())
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
            targets = [targets[n] for n in self.numbers]
        self.rows, self.xs = rows, rows.tolist()
        self.ys, self.targets = targets, _as_array(targets)

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
        array = np.asarray(X, dtype=float)
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


# Backends.


class _Eager:
    """Updates on graphs of Values."""

    name = "eager"

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer

    def update(self, data: Examples, batch: Sequence[int]) -> float:
        trainer, optimizer = self.trainer, self.trainer.optimizer
        with collector_paused():
            for p in trainer.parameters:
                p.grad = ZERO
            optimizer.zero_grad()
            whole = self._mean(data, batch)
            if trainer.penalty is not None:
                whole = whole + trainer.penalty(trainer.model)
            if not math.isfinite(whole.data):
                raise _Diverged(f"the loss with its penalty is {whole.data}")
            try:
                whole.backward()
            except (ValueError, ArithmeticError) as error:
                raise _Diverged(f"the gradient cannot be computed: {error}") from error
            bad = next((p for p in optimizer.params if not math.isfinite(p.grad)), None)
            if bad is not None:
                raise _Diverged(f"the gradient of {bad.label or 'a parameter'} is {bad.grad}")
            if trainer.clip_value is not None:
                clip_grad_value(optimizer.params, trainer.clip_value)
            if trainer.clip_norm is not None:
                clip_grad_norm(optimizer.params, trainer.clip_norm)
            optimizer.step()
        return whole.data

    def evaluate(self, data: Examples) -> float:
        with no_grad():
            mean = float(self._mean(data, range(len(data))))
            penalty = self.trainer.penalty
            return mean + (0.0 if penalty is None else float(penalty(self.trainer.model)))

    def predict(self, data: Examples) -> Any:
        return _outputs(self.trainer.model, data.xs)

    def _mean(self, data: Examples, batch: Sequence[int]) -> Any:
        found = [self._example(data, n) for n in batch]
        if data.weights is None:
            return total(found) / float(len(found))
        return dot(data.weights[list(batch)].tolist(), found) / data.mass(batch)

    def _example(self, data: Examples, n: int) -> Any:
        place = f"at example {data.numbers[n]}"
        prediction: Any = None
        try:
            prediction = self.trainer.model(data.xs[n])
            loss = self.trainer.loss(prediction, data.ys[n])
        except TraceError:
            raise
        except (ValueError, ArithmeticError) as error:
            if isinstance(error, ArithmeticError) or not _is_finite(prediction):
                raise _Diverged(f"{place} the loss cannot be computed: {error}") from error
            raise ValueError(f"{place}: {error}") from error
        if not isinstance(loss, Value):
            if not isinstance(loss, (int, float)):
                raise TypeError(
                    f"a loss is one Value for one example, but {self.trainer.loss.name} gave "
                    f"{loss!r}"
                )
            loss = Value(loss)  # it does not depend on the model here
        if not math.isfinite(loss.data):
            raise _Diverged(f"{place} the loss is {loss.data}")
        return loss


class _Compiled:
    """Updates on arrays, by a program made from one example's graph."""

    name = "compiled"

    def __init__(self, trainer: Trainer, data: Examples) -> None:
        from autograd_mini import compile

        if not data.is_numeric:
            raise TraceError("a program takes targets that are numbers, and these are not")
        self.trainer = trainer
        self.weighted = data.weights is not None
        example: list[Any] = [data.xs[0], data.targets[0].tolist()]
        self.program: Any = compile(
            self._weighted_loss if self.weighted else self._loss,
            *example,
            *([1.0] if self.weighted else []),
        )
        self._outputs: Any = None
        self._is_in = False
        program, params = self.program, trainer.optimizer.params
        place = {p: i for i, p in enumerate(params)}
        reached = set(program.parameters)
        self._unreached = [p for p in trainer.parameters if p not in reached]
        # Where each of the program's parameters stands in the optimizer's list; if the two do not
        # move the same ones, the optimizer gets arrays of its own.
        self._is_same = reached == set(params)
        self._theirs = [place[p] for p in program.parameters if p in place]
        self._ours = [i for i, p in enumerate(program.parameters) if p in place]
        self._theta: Any = []

    def _loss(self, x: Any, y: Any) -> Any:
        loss = self.trainer.loss(self.trainer.model(x), y)
        penalty = self.trainer.penalty
        return loss if penalty is None else loss + penalty(self.trainer.model)

    def _weighted_loss(self, x: Any, y: Any, weight: Any) -> Any:
        loss = weight * self.trainer.loss(self.trainer.model(x), y)
        penalty = self.trainer.penalty
        return loss if penalty is None else loss + penalty(self.trainer.model)

    def _output(self, x: Any) -> Any:
        return self.trainer.model(x)

    def enter(self) -> None:
        """Take the parameters and the optimizer's memory into arrays."""
        import numpy as np

        if self._is_in:
            return
        self._is_in = True
        optimizer = self.trainer.optimizer
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
        optimizer = self.trainer.optimizer
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
        import numpy as np

        self.enter()
        program, optimizer = self.program, self.trainer.optimizer
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

        trainer = self.trainer
        if trainer.clip_value is not None:
            np.clip(grad, -trainer.clip_value, trainer.clip_value, out=grad)
        if trainer.clip_norm is not None:
            grad *= norm_factor(float(np.linalg.norm(grad)), trainer.clip_norm)

    def _explained(self, data: Examples, batch: Sequence[int], reason: str) -> Exception:
        """Return the error of the same update made eagerly, which knows the example."""
        self.leave()
        eager = _Eager(self.trainer)
        try:
            with no_grad():
                for n in batch:
                    eager._example(data, n)  # pyright: ignore[reportPrivateUsage]
        except ValueError as error:
            return error
        return _Diverged(reason)

    def evaluate(self, data: Examples) -> float:
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
        from autograd_mini import compile

        if self._outputs is None:
            self._outputs = compile(self._output, data.xs[0])
        return self._outputs(data.rows)


class _Diverged(DivergedError):
    """What went wrong in one update, before it is known in which epoch."""


def _is_finite(prediction: Any) -> bool:
    outputs = cast(list[Any], prediction) if isinstance(prediction, list) else [prediction]
    return all(isinstance(f, Value) and math.isfinite(f.data) for f in outputs)


def _outputs(model: Any, xs: list[Any]) -> Any:
    import numpy as np

    if hasattr(model, "predict"):
        return model.predict(xs)
    with no_grad():
        outputs = [model(x) for x in xs]
    return np.array(
        [[float(f) for f in row] if isinstance(row, list) else float(row) for row in outputs]
    )


# One run of fit.


class _Run:
    """The state of one call of `fit`, and what a checkpoint keeps of it."""

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

    def __init__(self, **settings: Any) -> None:
        vars(self).update(settings)
        self.model = self.trainer.model
        self.optimizer = self.trainer.optimizer
        self.rng = Random(self.seed)
        self.history = History()
        self.best: list[float] | None = None
        self.best_loss = math.inf
        self.waited = 0

    def run(self) -> History:
        history = self.history
        if self.checkpoint is not None and self.checkpoint.exists():
            self._resume(self.checkpoint)
            history = self.history
            if history.stopped in ("patience", "callback"):
                self._restore_best()
                return history
        history.stopped = ""
        size = min(self.batch_size or len(self.data), len(self.data))
        updates = -(-len(self.data) // size)
        bar = _bar(self.progress, self.epochs, history.epochs, updates)
        try:
            with _CtrlC() as ctrl_c, self.trainer:
                while history.epochs < self.epochs and not history.stopped:
                    try:
                        complete = self._epoch(size, bar, ctrl_c)
                    except KeyboardInterrupt:  # raised by a callback or a loss
                        complete = False
                    if not complete:
                        history.stopped = "interrupted"
            if not history.stopped:
                history.stopped = "epochs"
        finally:
            history.backend = self.trainer.backend
            if history.backend == "auto":
                history.backend = "eager"
            if bar is not None:
                bar.close()
        if history.stopped == "interrupted":
            self._say_interrupted()
        self._restore_best()
        return history

    def _epoch(self, size: int, bar: Any, ctrl_c: _CtrlC) -> bool:
        """Run one epoch; return False if Ctrl-C came first."""
        data, history, trainer = self.data, self.history, self.trainer
        epoch = history.epochs + 1
        order: Sequence[int] = range(len(data))
        if self.shuffle and size < len(data):
            order = list(order)
            self.rng.shuffle(order)
        work = self.epochs * len(data)
        losses_: list[float] = []
        for start in range(0, len(data), size):
            if ctrl_c.pressed:
                return False
            batch = order[start : start + size]
            try:
                loss = trainer.update(data, batch, work)
            except _Diverged as error:
                raise self._diverged(epoch, start // size + 1, str(error)) from error
            losses_.append(loss * data.mass(batch))
            if bar is not None:
                bar.set_description(f"epoch {epoch}/{self.epochs}", refresh=False)
                bar.set_postfix(loss=f"{loss:.4g}", refresh=False)
                bar.update()
        lr = self.optimizer.lr
        loss = sum(losses_) / data.mass(range(len(data)))
        measured = self._measure(epoch)
        history.loss.append(loss)
        history.lr.append(lr)
        for name, value in measured.items():
            column = (
                history.val_loss if name == "val_loss" else history.metrics.setdefault(name, [])
            )
            column.append(value)
        history.backend = trainer.backend
        watched = measured.get("val_loss", loss)
        if self.schedule is not None:
            self.schedule.step(watched)
        self._watch(watched)
        if self.callbacks or self.checkpoint is not None:
            trainer.sync()
        state = RunState(epoch, self.model, self.optimizer, history, trainer.loss.given)
        stops = [callback(state) is True for callback in self.callbacks]
        if any(stops) and not history.stopped:
            history.stopped = "callback"
        if self.checkpoint is not None:
            self._save(self.checkpoint)
        return not ctrl_c.pressed or epoch == self.epochs or bool(history.stopped)

    def _measure(self, epoch: int) -> dict[str, float]:
        """Return what is measured after an epoch, by name."""
        measured: dict[str, float] = {}
        if self.validation is not None:
            try:
                measured["val_loss"] = self.trainer.evaluate(self.validation)
            except _Diverged as error:
                raise self._diverged(epoch, None, f"validation: {error}") from error
        for prefix, data in (("", self.data), ("val_", self.validation)):
            if self.metrics and data is not None:
                prediction = self.trainer.predict(data)
                for name, metric in self.metrics.items():
                    measured[prefix + name] = float(metric(prediction, data.ys))
        return measured

    def _watch(self, loss: float) -> None:
        """Keep the best weights, and stop when they have been the best for long enough."""
        if self.patience is None:
            return
        if loss < self.best_loss:
            self.trainer.sync()
            self.best_loss, self.waited = loss, 0
            self.best = [p.data for p in self.trainer.parameters]
            return
        self.waited += 1
        if self.waited >= self.patience:
            self.history.stopped = "patience"

    def _restore_best(self) -> None:
        if self.best is not None:
            for p, data in zip(self.trainer.parameters, self.best, strict=True):
                p.data = data

    def _diverged(self, epoch: int, update: int | None, reason: str) -> DivergedError:
        where = f"in epoch {epoch}" + ("" if update is None else f", update {update}")
        return DivergedError(
            f"training stopped {where}: {reason}. The model is as it was before that update. Try "
            f"a lower learning rate than {self.optimizer.lr:g}, clip_norm=1.0, or inputs that are "
            "standardized (nn.datasets.standardize); detect_anomaly() shows the first operation "
            "that went wrong"
        )

    def _say_interrupted(self) -> None:
        done = self.history.epochs
        kept = f"; {self.checkpoint} holds epoch {done}, the same call resumes from it"
        print(
            f"fit: stopped by Ctrl-C after {done} of {self.epochs} epochs; the model keeps its "
            f"weights and the history its epochs{kept if self.checkpoint and done else ''}",
            file=sys.stderr,
        )

    # Checkpoints.

    def _description(self) -> dict[str, Any]:
        """Return what makes it this run: a checkpoint of another one is refused."""
        settings = self.optimizer.settings()
        del settings["lr"]  # schedules move it
        settings = {n: list(s) if isinstance(s, tuple) else s for n, s in settings.items()}
        return {
            "parameters": [len(self._named()), _digest(repr([n for n, _ in self._named()]))],
            "optimizer": [type(self.optimizer).__name__, settings],
            "schedule": None if self.schedule is None else type(self.schedule).__name__,
            "loss": self.trainer.loss.name,
            "data": self.data.checksum(),
            "batch_size": self.batch_size,
            "shuffle": self.shuffle,
            "seed": self.seed,
            "clip_norm": self.trainer.clip_norm,
            "clip_value": self.trainer.clip_value,
        }

    def _named(self) -> list[tuple[str, Value]]:
        if hasattr(self.model, "named_parameters"):
            return self.model.named_parameters()
        return [(str(i), p) for i, p in enumerate(self.trainer.parameters)]

    def _save(self, path: Path) -> None:
        import numpy as np

        optimizer = self.optimizer.state_dict()
        arrays = {"parameters": np.array([p.data for p in self.trainer.parameters])}
        if self.best is not None:
            arrays["best"] = np.array(self.best)
        for name, value in list(optimizer.items()):
            if isinstance(value, list):
                arrays[f"optimizer.{name}"] = np.array(optimizer.pop(name))
        done = self.history.stopped or self.history.epochs == self.epochs
        tensorfile.write(
            path,
            "checkpoint",
            arrays,
            {
                "run": self._description(),
                "optimizer": optimizer,
                "schedule": None if self.schedule is None else self.schedule.state_dict(),
                "rng": self.rng.getstate(),
                "history": self.history.to_dict() | ({"stopped": "epochs"} if done is True else {}),
                "best_loss": self.best_loss,
                "waited": self.waited,
            },
        )

    def _resume(self, path: Path) -> None:
        """Go on where the checkpoint stands; if it cannot be used, nothing has been changed."""
        arrays, described = tensorfile.read(path, "checkpoint")
        try:
            self._check_same_run(path, described["run"])
            parameters = arrays["parameters"].tolist()
            state = described["optimizer"] | {
                name.partition(".")[2]: array.tolist()
                for name, array in arrays.items()
                if name.startswith("optimizer.")
            }
            version, internal, gauss = described["rng"]
            rng = Random()
            rng.setstate((version, tuple(internal), gauss))
            history = History.from_dict(described["history"])
            best_loss, waited = float(described["best_loss"]), int(described["waited"])
            if len(parameters) != len(self.trainer.parameters):
                raise ValueError(f"it has {len(parameters)} parameters")
            if self.schedule is not None:
                self.schedule.load_state_dict(described["schedule"])
            self.optimizer.load_state_dict(state)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path} is no checkpoint this program knows: {error!r}") from None
        self.rng, self.history = rng, history
        self.best_loss, self.waited = best_loss, waited
        self.best = arrays["best"].tolist() if "best" in arrays else None
        for p, data in zip(self.trainer.parameters, parameters, strict=True):
            p.data = data

    def _check_same_run(self, path: Path, described: dict[str, Any]) -> None:
        for name, here in self._description().items():
            there = described[name]
            if there != here:
                what = (
                    "" if name in ("data", "parameters") else f" ({there!r} there, {here!r} here)"
                )
                raise ValueError(
                    f"{path} is the checkpoint of another run: its {name} is different{what}; "
                    "use another file, or delete this one to start anew"
                )


class _CtrlC:
    """A block in which Ctrl-C waits for the update under way; pressed twice, it does not."""

    def __enter__(self) -> _CtrlC:
        self.pressed = False
        self._before: Any = None
        if (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        ):
            self._before = signal.signal(signal.SIGINT, self._on_signal)
        return self

    def __exit__(self, *exception: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _on_signal(self, number: int, frame: Any) -> None:
        if self.pressed:
            raise KeyboardInterrupt
        self.pressed = True


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _bar(progress: bool | None, epochs: int, done: int, updates: int) -> Any:
    """Return a progress bar over all updates; None where there is nobody to see it."""
    if progress is None:
        progress = sys.stderr.isatty() or "ipykernel" in sys.modules
    if not progress:
        return None
    from tqdm import tqdm

    return tqdm(total=epochs * updates, initial=done * updates, unit="step", leave=True)


def _metric(loss: ExampleLoss, metric: str | Callable[..., Any]) -> tuple[str, Callable[..., Any]]:
    """Return a metric's name and function."""
    if callable(metric):
        return getattr(metric, "__name__", repr(metric)), metric
    names = [name for name in known_metrics.__all__ if name != "confusion_matrix"]
    if metric not in names:
        raise ValueError(
            f"no metric that is one number is called {metric!r}: there are {', '.join(names)}"
        )
    function = getattr(known_metrics, metric)
    if metric == "accuracy" and loss.function is losses.binary_cross_entropy_with_logits:
        return metric, partial(function, threshold=0.0)  # a logit of 0 is a probability of ½
    return metric, function


def _warn_of_mismatch(model: Any, loss: str | Loss) -> None:
    output = activations.name_of(getattr(model, "output_activation", None) or (lambda: None))
    problem = None if output is None else losses.mismatch(loss, output)
    if problem is not None:
        warnings.warn(
            f"the model's output unit is {output}, but {problem}", UserWarning, stacklevel=3
        )


def _check_settings(
    epochs: int,
    batch_size: int | None,
    patience: int | None,
    schedule: Schedule | None,
    optimizer: Optimizer,
) -> None:
    for name, value, least in (
        ("epochs", epochs, 0),
        ("batch_size", batch_size, 1),
        ("patience", patience, 1),
    ):
        if value is not None and (isinstance(value, bool) or not hasattr(value, "__index__")):
            raise ValueError(f"{name} must be a whole number, but got {value!r}")
        if value is not None and value < least:
            raise ValueError(f"{name} must be {least} or more, but got {value}")
    if schedule is not None and schedule.optimizer is not optimizer:
        raise ValueError(
            "the schedule moves the learning rate of another optimizer: make it with the one "
            "that is given to fit"
        )

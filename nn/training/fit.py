"""`fit` takes a model through epochs of updates and returns what was measured."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain, count
from pathlib import Path
from random import Random
from typing import Any

from autograd_mini.frames import warn
from nn import activations, losses
from nn import metrics as known_metrics
from nn.errors import DivergedError, unknown_name, whole_number
from nn.files import tensorfile
from nn.guesses import keywords, unlike
from nn.layers import set_data
from nn.losses import Loss
from nn.optimizers import Adam, Optimizer
from nn.schedules import Schedule
from nn.training import checkpoints
from nn.training.data import ExampleLoss, Examples
from nn.training.history import History
from nn.training.progress import CtrlC, progress_bar
from nn.training.state import Run, RunState
from nn.training.trainer import Trainer, parameters_of


@keywords
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
    dtype: Any = "float64",
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
        seed: The seed of the orders.
        penalty: A function model -> Value, added to the loss once per update.
        validation: A pair (X, y) to measure the loss on after every epoch.
        patience: Stop once this many epochs in a row bring no lower validation loss (training loss
            without validation), and give the model its best weights back: those of the lowest
            loss. A training loss over several batches has no weights of its own, and counts for
            those after its epoch.
        metrics: Names from `nn.metrics` or functions (predictions, targets) -> number.
        schedule: A schedule of this optimizer, stepped after every epoch.
        clip_norm: The longest gradient an update may use.
        clip_value: The largest entry of a gradient an update may use.
        sample_weight: A weight for each example: the loss is Σwℓ/Σw. 0 leaves an example out.
        callbacks: Called with a `RunState` after every epoch; returning True ends the run.
        checkpoint: A file to save the run in after every epoch. The same call again resumes from
            it, to the same bits; a finished run returns at once.
        backend: "eager" (a graph of Values), "compiled" (a NumPy program), "native" (that program
            as machine code for full batches; needs llvmlite), or "auto": compiled
            if there is enough to do and the model and loss can be compiled, native if some
            thousand updates are to come and llvmlite is there, but eager while a
            debugger, `detect_anomaly` or `record_source` is active. It goes on eagerly where the
            compiled program fails or differs; `history.reason` says why.
        dtype: "float32" computes in single precision: half the memory, up to twice the speed, and
            losses that are right to some six digits. It needs a program: what runs eagerly is
            always float64.
        progress: Show a bar; by default on a terminal and in a notebook only.

    Raises:
        ValueError: If the data or a setting cannot be meant.
        DivergedError: If a loss or a gradient is not finite: it names the epoch, the example and
            what to try, and the model is as it was before that update.
        TraceError: With backend="compiled" or "native", if the model or the loss cannot be
            compiled.

    Example:
        >>> from nn import FNN, SGD, datasets, fit
        >>> X, y = datasets.xor()
        >>> model = FNN([2, 4, 1], seed=0)
        >>> sgd = SGD(model.parameters(), lr=0.2)
        >>> history = fit(model, X, y, loss="mse", optimizer=sgd, epochs=500)
        >>> history.loss[0] > 0.2, history.loss[-1] < 0.01
        (True, True)
    """
    epochs = whole_number("epochs", epochs, 0)
    batch_size = None if batch_size is None else whole_number("batch_size", batch_size)
    patience = None if patience is None else whole_number("patience", patience)
    optimizer = _scheduled(optimizer, schedule) or Adam(parameters_of(model), lr=0.01)
    if checkpoint is not None:
        checkpoint = Path(checkpoint)
        tensorfile.check_place(checkpoint)
    trainer = Trainer(
        model,
        loss,
        optimizer,
        penalty=penalty,
        backend=backend,
        clip_norm=clip_norm,
        clip_value=clip_value,
        dtype=dtype,
    )
    _warn_of_mismatch(model, loss)
    run = Run(
        trainer=trainer,
        data=Examples(model, trainer.loss, X, y, sample_weight),
        validation=None if validation is None else _validation(trainer, validation),
        epochs=epochs,
        batch_size=batch_size,
        shuffle=shuffle,
        seed=seed,
        patience=patience,
        metrics=_named_metrics(trainer.loss, metrics),
        schedule=schedule,
        callbacks=_functions(callbacks),
        checkpoint=checkpoint,
        progress=progress,
    )
    return _all_epochs(run)


def _all_epochs(run: Run) -> History:
    """Run the epochs that are left."""
    history = run.history
    if run.checkpoint is not None:
        tensorfile.sweep(run.checkpoint)
    if run.checkpoint is not None and run.checkpoint.exists():
        checkpoints.resume_run(run, run.checkpoint)
        history = run.history
        if history.stopped in ("patience", "callback"):
            _restore_best(run)
            return history
    history.stopped = ""
    size = min(run.batch_size or len(run.data), len(run.data))
    updates = -(-len(run.data) // size)
    run.trainer.updates = run.epochs * (len(run.data) // size)
    bar = progress_bar(run.progress, run.epochs, history.epochs, updates)
    try:
        with CtrlC() as ctrl_c, run.trainer:
            while history.epochs < run.epochs and not history.stopped:
                try:
                    complete = _epoch(run, size, bar, ctrl_c)
                except KeyboardInterrupt:  # raised by a loss, or Ctrl-C pressed again
                    complete = False
                if not complete:
                    history.stopped = "interrupted"
        if not history.stopped:
            history.stopped = "epochs"
    finally:
        history.backend = history.backend or "eager"
        if bar is not None:
            bar.close()
    if history.stopped == "interrupted":
        _say_interrupted(run)
    _restore_best(run)
    return history


def _epoch(run: Run, size: int, bar: Any, ctrl_c: CtrlC) -> bool:
    """Run one epoch; return False if Ctrl-C came first."""
    data, history, trainer = run.data, run.history, run.trainer
    epoch = history.epochs + 1
    order = _random_order(run.rng, len(data)) if run.shuffle and size < len(data) else None
    work = run.epochs * len(data)
    # One update an epoch, and what is watched is the loss before it: these weights' own.
    is_before = run.patience is not None and run.validation is None and size == len(data)
    weights = _weights(run) if is_before else None
    batch_losses: list[float] = []
    for start in range(0, len(data), size):
        if ctrl_c.pressed:
            return False
        stop = min(start + size, len(data))
        batch = slice(start, stop) if order is None else order[start:stop]
        try:
            loss = trainer.update(data, batch, work)
        except DivergedError as error:
            raise _diverged(run, epoch, start // size + 1, str(error)) from error
        batch_losses.append(loss * data.weight_of(batch))
        if bar is not None:
            bar.set_description(f"epoch {epoch}/{run.epochs}", refresh=False)
            bar.set_postfix(loss=f"{loss:.4g}", refresh=False)
            bar.update()
    lr = run.trainer.optimizer.lr
    loss = sum(batch_losses) / data.weight_of(data.everything())
    measured = _measure(run, epoch)
    history.loss.append(loss)
    history.lr.append(lr)
    for name, value in measured.items():
        column = history.val_loss if name == "val_loss" else history.metrics.setdefault(name, [])
        column.append(value)
    history.backend, history.reason = trainer.backend, trainer.reason
    watched = measured.get("val_loss", loss)
    if run.schedule is not None:
        run.schedule.step(watched)
    _watch(run, watched, weights)
    if run.callbacks or run.checkpoint is not None:
        trainer.sync()
    state = RunState(
        epoch, trainer.model, trainer.optimizer, history, trainer.loss.given, run.batch_size
    )
    try:
        stops = [_is_true(callback(state)) for callback in run.callbacks]
    except KeyboardInterrupt:
        stops, ctrl_c.pressed = [], True
    if run.callbacks or run.metrics:
        data.version += 1  # who saw the arrays may have changed them
    if any(stops) and not history.stopped:
        history.stopped = "callback"
    if run.checkpoint is not None:
        checkpoints.save_run(run, run.checkpoint)
    return not ctrl_c.pressed or epoch == run.epochs or bool(history.stopped)


def _random_order(rng: Random, count: int) -> Any:
    """Return the numbers below `count` in random order, by sorting random numbers."""
    import numpy as np

    return np.frombuffer(rng.randbytes(8 * count), "<u8").argsort()


def _measure(run: Run, epoch: int) -> dict[str, float]:
    """Return what is measured after an epoch, by name."""
    measured: dict[str, float] = {}
    if run.validation is not None:
        try:
            measured["val_loss"] = run.trainer.evaluate(run.validation)
        except DivergedError as error:
            raise _diverged(run, epoch, None, f"validation: {error}") from error
    for prefix, data in (("", run.data), ("val_", run.validation)):
        if run.metrics and data is not None:
            prediction = run.trainer.predict(data)
            for name, metric in run.metrics.items():
                measured[prefix + name] = float(metric(prediction, data.metric_targets()))
    return measured


def _weights(run: Run) -> list[float]:
    run.trainer.sync()
    return [p.data for p in run.trainer.parameters]


def _watch(run: Run, loss: float, weights: list[float] | None) -> None:
    """Keep the best weights, and stop when they have been the best for long enough.

    Args:
        run: The run.
        loss: What is watched.
        weights: Whose loss it is; None for those of now.
    """
    if run.patience is None:
        return
    if loss < run.best_loss:
        run.best_loss, run.waited = loss, 0
        run.best = weights or _weights(run)
        return
    run.waited += 1
    if run.waited >= run.patience:
        run.history.stopped = "patience"


def _restore_best(run: Run) -> None:
    if run.best is not None:
        set_data(run.trainer.parameters, run.best)


def _diverged(run: Run, epoch: int, update: int | None, reason: str) -> DivergedError:
    where = f"in epoch {epoch}" + ("" if update is None else f", update {update}")
    return DivergedError(
        f"training stopped {where}: {reason}. The model is as it was before that update. Try "
        f"a lower learning rate than {run.trainer.optimizer.lr:g}, clip_norm=1.0, or inputs that "
        "are standardized (nn.datasets.standardize); detect_anomaly() shows the first operation "
        "that went wrong"
    )


def _say_interrupted(run: Run) -> None:
    done = run.history.epochs
    kept = f"; {run.checkpoint} holds epoch {done}, the same call resumes from it"
    print(
        f"fit: stopped by Ctrl-C after {done} of {run.epochs} epochs; the model keeps its "
        f"weights and the history its epochs{kept if run.checkpoint and done else ''}",
        file=sys.stderr,
    )


def _validation(trainer: Trainer, validation: Any) -> Examples:
    try:
        X, y = validation
    except (TypeError, ValueError):
        raise ValueError(unlike("validation", validation)) from None
    try:
        return Examples(trainer.model, trainer.loss, X, y)
    except ValueError as error:
        kind = DivergedError if isinstance(error, DivergedError) else ValueError
        raise kind(f"validation: {error}") from error


def _named_metrics(
    loss: ExampleLoss, metrics: Iterable[str | Callable[..., Any]]
) -> dict[str, Callable[..., Any]]:
    if isinstance(metrics, str) or not hasattr(metrics, "__iter__"):
        raise TypeError(unlike("metrics", metrics))
    named: dict[str, Callable[..., Any]] = {}
    for name, function in map(partial(_metric, loss), metrics):
        names = chain([name], (f"{name}_{i}" for i in count(2)))
        named[next(n for n in names if n not in named)] = function
    return named


def _metric(loss: ExampleLoss, metric: str | Callable[..., Any]) -> tuple[str, Callable[..., Any]]:
    """Return a metric's name and function."""
    if metric is known_metrics.accuracy:  # counted as by its name
        metric = "accuracy"
    if callable(metric):
        return getattr(metric, "__name__", repr(metric)), metric
    names = [name for name in known_metrics.__all__ if name != "confusion_matrix"]
    if metric not in names:
        raise unknown_name("metric that is one number", metric, names)
    function = getattr(known_metrics, metric)
    if metric == "accuracy" and any(loss.bare is losses.get(name) for name in _OF_SCORES):
        return metric, partial(function, threshold=0.0)  # a logit of 0 is a probability of ½
    return metric, function


_OF_SCORES = ("bce_with_logits", "hinge", "squared_hinge", "cubed_hinge")


def _warn_of_mismatch(model: Any, loss: str | Loss) -> None:
    output = activations.name_of(getattr(model, "output_activation", None))
    problem = None if output is None else losses.mismatch(loss, output)
    if problem is not None:
        warn(f"the model's output unit is {output}, but {problem}")


def _is_true(answer: Any) -> bool:
    """Whether a callback answered True, Python's or NumPy's, and not just anything."""
    return getattr(answer, "tolist", lambda: answer)() is True


def _functions(callbacks: Any) -> list[Callable[[RunState], Any]]:
    found: list[Any] = [*callbacks] if hasattr(callbacks, "__iter__") else [None]
    if not all(map(callable, found)):
        raise TypeError(unlike("callbacks", callbacks))
    return found


def _scheduled(optimizer: Optimizer | None, schedule: Schedule | None) -> Optimizer | None:
    """Return the optimizer that is given, or else the schedule's."""
    if schedule is not None and not hasattr(schedule, "optimizer"):
        raise TypeError(unlike("schedule", schedule))
    if schedule is not None and optimizer not in (None, schedule.optimizer):
        raise ValueError(
            "the schedule moves the learning rate of another optimizer: make it with the one "
            "that is given to fit"
        )
    return optimizer or (schedule and schedule.optimizer)

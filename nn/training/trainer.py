"""`Trainer`: updates one by one, eagerly or compiled.

An update is the same whatever runs it: the mean loss over a batch plus the penalty, its gradient,
clipping, one step of the optimizer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, cast

from autograd_mini import TraceError, Value
from autograd_mini.compiler.machine import OFTEN
from autograd_mini.compiler.surroundings import Surroundings
from autograd_mini.contexts import collector_paused
from autograd_mini.frames import is_watched, warn
from nn.clipping import check_limit
from nn.errors import one_of
from nn.guesses import keywords, unlike
from nn.losses import Loss
from nn.network import WORTH_COMPILING
from nn.optimizers import Optimizer
from nn.training.data import ExampleLoss, Examples
from nn.training.eager import Eager, Task

if TYPE_CHECKING:
    from nn.training.compiled import Compiled

BACKENDS: Final = ("auto", "eager", "compiled", "native")
INSISTING: Final = ("compiled", "native")


class Trainer:
    """Makes updates one by one; what `fit` is built on, for your own loops.

    After `step` the Values are current: a compiled trainer leaves the parameters in its array, and
    all Values are written when one of them is looked at. Inside `with trainer:` they stay as they
    are, and follow at `sync()` and on exit.

    Args:
        model: An FNN, or anything with `parameters()` that maps one example to its output.
        loss: A name, or a function of one example's (model(x), y).
        optimizer: Moves the parameters, some or all.
        penalty: A function model -> Value, added once per update.
        backend: As for `fit`; "auto" compiles once a hundred examples have gone by, to machine
            code after some thousand steps on batches of one size.
        clip_norm: As for `fit`.
        clip_value: As for `fit`.
        dtype: As for `fit`.

    Attributes:
        backend: What ran last: "eager", "compiled" or "native"; before the first step what was
            asked for.
        reason: Why the last step ran eagerly; "" if it was compiled or asked for.
        updates: How many updates of one size are to come in all, where that is known.

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
        dtype: Any = "float64",
    ) -> None:
        one_of("backend", backend, BACKENDS)
        if not hasattr(optimizer, "params"):
            raise TypeError(unlike("optimizer", optimizer))
        if penalty is not None and not callable(penalty):
            raise TypeError(unlike("penalty", penalty))
        for name, limit in (("clip_norm", clip_norm), ("clip_value", clip_value)):
            if limit is not None:
                check_limit(name, limit)
        self.dtype = _known_dtype(dtype, backend)
        self.parameters = parameters_of(model)
        self.optimizer = optimizer
        self.loss = ExampleLoss(loss)
        self.task = Task(
            model, self.loss, optimizer, self.parameters, penalty, clip_norm, clip_value
        )
        self.backend = backend
        self.reason = ""
        self.updates: int | None = None
        self._doubt = False  # whether a reason is to be told once an eager update was made
        self._asked = backend
        self._seen = 0
        self._eager = Eager(self.task)
        self._compiled: Compiled | None = None
        self._kept: dict[tuple[bool, bool], Compiled] = {}  # by what the data have
        self._resident = False
        self._last: Examples | None = None  # what the last step was made on
        if set(self.parameters).isdisjoint(optimizer.params):
            raise ValueError(
                f"this {type(optimizer).__name__} moves none of the model's {len(self.parameters)} "
                "parameters: make it with model.parameters()"
            )

    @property
    def model(self) -> Any:
        """What is trained."""
        return self.task.model

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
        if not self._resident:
            self._read()
        native = self._compiled and self._compiled.native
        loss = native.batch(X, y) if native and sample_weight is None else None
        if loss is None:
            data = self._last
            if data is None or sample_weight is not None or not data.turn_to(X, y):
                data = self._last = Examples(self.model, self.loss, X, y, sample_weight)
            self._seen += len(data)
            loss = self.update(data, data.everything(), self._seen)
        else:
            self.backend, self.reason = "native", ""
        if not self._resident:
            self.sync()
        return loss

    def sync(self) -> None:
        """Bring the Values' data and gradients, and the optimizer's memory, up to date."""
        if self._compiled is not None:
            self._compiled.leave()

    def _read(self) -> None:
        """Take over what was written to Values, whoever has looked at the array since."""
        if self._compiled is not None:
            self._compiled.store.refresh()

    def __enter__(self) -> Trainer:
        self._read()
        self._resident = True
        return self

    def __exit__(self, *exception: object) -> None:
        self._resident = False
        self.sync()

    def update(self, data: Examples, batch: Any, work: int) -> float:
        """Make one update on some of the examples; `work` is how many are to come in all."""
        reason = self._against_compiling(data, work)
        if reason is None:
            tried = self._before_compiling()
            try:
                compiled = self._program(data)
                loss = compiled.update(data, batch)
            except Exception as error:
                if tried is not None:
                    tried.rewind()  # what follows draws the same numbers as if none had been tried
                self._go_on_eagerly(error, data, batch)
            else:
                self.backend, self.reason = compiled.name, ""
                return loss
        else:
            self.reason = reason
        self.sync()
        loss = self._eager.update(data, batch)
        if self._doubt:
            warn(f"running eagerly: {self.reason}")
            self._doubt = False
        self.backend = "eager"
        return loss

    def evaluate(self, data: Examples) -> float:
        """Return the mean loss, penalty included, over all examples."""
        return self._measured("evaluate", data)

    def predict(self, data: Examples) -> Any:
        """Return the model's outputs as an array, `(N,)` or `(N, C)`."""
        return self._measured("predict", data)

    def _measured(self, what: str, data: Examples) -> Any:
        """Return what a program measures, or else the eager engine, which has the words, too."""
        refused = None
        if self.backend in INSISTING and self._compiled is not None and data.is_numeric:
            try:
                return getattr(self._program(data), what)(data)
            except Exception as error:
                refused = error
        self.sync()
        measured = getattr(self._eager, what)(data)
        if self._asked in INSISTING and isinstance(refused, TraceError):
            raise refused
        return measured

    def _against_compiling(self, data: Examples, work: int) -> str | None:
        """Return why an update runs eagerly; None if it is to be compiled."""
        if self._asked == "eager":
            return self.reason
        if not data.is_numeric:
            if self._asked in INSISTING:
                raise TraceError("a program takes targets that are numbers, and these are not")
            return "the targets are not numbers"
        if self._asked == "auto":
            if is_watched():
                return "a debugger, detect_anomaly or record_source is active, which looks at nodes"
            if work < WORTH_COMPILING and self.dtype == "float64":
                return f"compiling pays from {WORTH_COMPILING} examples on, and this run has {work}"
        return None

    def _before_compiling(self) -> Surroundings | None:
        """Return what model, loss and penalty read, before they are recorded for the first time."""
        if self._compiled is not None or self._asked != "auto":
            return None
        return Surroundings([self.model, self.loss.given, self.task.penalty])

    def _program(self, data: Examples) -> Compiled:
        kind, compiled = data.kind, self._compiled
        if compiled is not None and not compiled.moves_the_same():
            self.sync()
            self._kept.clear()
            compiled = None
        if compiled is None or (kind[0] > compiled.kind[0] or kind[1] > compiled.kind[1]):
            self.sync()
            if kind not in self._kept:
                from nn.training.compiled import Compiled

                after = self._native_after()
                with collector_paused():  # once for all of it: it makes and drops large graphs
                    self._kept[kind] = Compiled(self.task, data, self.dtype, native_after=after)
            compiled = self._compiled = self._kept[kind]
        return compiled

    def _native_after(self) -> float:
        """Return after how many updates of one size a program becomes machine code: by counts."""
        if self._asked == "native":
            return -1
        if self._asked == "compiled":
            return math.inf
        if self.updates is None:
            return OFTEN
        return 0 if self.updates >= OFTEN else math.inf

    def _go_on_eagerly(self, error: Exception, data: Examples, batch: Any) -> None:
        """Give up compiling; whoever asked for it gets the eager error, or the reason."""
        said = str(error) if isinstance(error, TraceError) else f"{type(error).__name__}: {error}"
        self.sync()
        if self._asked in INSISTING:
            if isinstance(error, TraceError):
                raise error
            self._eager.gradient(data, batch)  # raises what is wrong with the data
            raise TraceError(f"what runs eagerly cannot be compiled: {said}") from error
        self._asked, self._compiled = "eager", None
        self._kept.clear()
        self.reason, self._doubt = said, True


def _known_dtype(dtype: Any, backend: str) -> str:
    name = getattr(dtype, "name", None) or getattr(dtype, "__name__", dtype)
    if one_of("dtype", name, ("float64", "float32")) == "float32" and backend == "eager":
        raise ValueError(
            "single precision is for compiled programs, and Values are float64: leave dtype out, "
            'or say backend="compiled"'
        )
    return name


def parameters_of(model: Any) -> list[Value]:
    """Return a model's parameters.

    Raises:
        TypeError: If it is not a model.
    """
    if isinstance(model, type) or not (callable(model) and hasattr(model, "parameters")):
        raise TypeError(
            f"a model is called with an example and has parameters(), but got {model!r:.200}"
        )
    return list(cast(Any, model).parameters())

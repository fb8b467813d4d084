"""The compiled backend: the same update by a NumPy program, made from one example's graph.

The parameters stay in an array until somebody looks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, Final, cast

import numpy as np

from autograd_mini import TraceError, compile
from nn.arrays import spans
from nn.clipping import norm_factor
from nn.errors import DivergedError
from nn.layers import holding
from nn.losses import penalties
from nn.losses.terms import OneHot
from nn.network import AGREEMENT, has_known_units
from nn.optimizers import Optimizer
from nn.training.data import Examples
from nn.training.eager import Eager, Task
from nn.training.native import NativeUpdates, native_updates

MEASURED: Final = 1024  # examples that are measured at once


class Compiled:
    """Updates on arrays, by a program made from one example's graph.

    Attributes:
        store: The array of the parameters.
        moved: Where those that the optimizer moves stand in it; None if they are all.
        order: Where each entry of the array stands in the optimizer; None for the same order.
        has_moved: Whether the array has changed since the Values last followed.
        native: Whole updates as machine code, or None.
    """

    name = "compiled"

    def __init__(
        self, task: Task, data: Examples, dtype: Any, *, native_after: float = math.inf
    ) -> None:
        own, other = _methods_apart(task.optimizer)
        if own:
            raise TraceError(
                f"{type(task.optimizer).__name__} has its own {own}, but no {other} that does the "
                "same: what says in _rule how one parameter moves has both"
            )
        self.task = task
        self.dtype: Any = np.dtype(dtype)
        self.kind = data.kind
        self.weighted, has_rows = self.kind
        _, x, _ = next(data.one_by_one(slice(0, 1)))
        y = data.arrays(slice(0, 1))[1][0].tolist()
        example = [x, y, 1.0] if self.weighted else [x, y]
        self._is_single = self.dtype.itemsize == 4
        self.program: Any = compile(_loss(task, has_rows), *example, float32=self._is_single)
        self._outputs: Any = None
        self._example = x
        self.has_moved = False
        self._is_left = False  # whether somebody can have changed the model since
        params = [*task.parameters, *task.optimizer.params]
        self.program.move(self.program.parameters.beside(params))
        self.store: Any = self.program.parameters.store
        self._arrange()
        if _is_known(task):
            self.program.trust()
        self._compare(data)
        self.native: NativeUpdates | None = None  # whole updates
        self.program.stay()
        self._native_after = native_after  # updates on batches of one size; -1: at once
        self._updates: dict[int, int] = {}  # by the size of their batches

    def _compare(self, data: Examples) -> None:
        """Compare the program with the eager engine, which calls model and loss as they are.

        The examples are few and differ: one of each class of a discrete target is among them. One
        stands alone, too, where a batch of one runs another text.

        Raises:
            TraceError: If the numbers differ by more than rounding.
        """
        alone = [slice(0, 1)] if self.program.has_text_of_one else []
        for batch in (np.array(data.representatives()), *alone):
            try:
                with np.errstate(all="ignore"):
                    unlike = self._difference(data, batch)
                if unlike and unlike[0] == "gradient":  # at a kink, rounding decides a slope
                    parameters = self.program.parameters
                    with holding(parameters, _nearby([p.data for p in parameters])):
                        unlike = self._difference(data, batch, looks_at_each=True)
            except DivergedError:
                return  # the update that comes next says it
            if unlike:
                what, expected, got = unlike
                if self._is_single and not math.isfinite(got):
                    raise TraceError(
                        f"the {what} is {expected!r}, but in single precision it is {got!r}: "
                        "numbers end at 3e38 there; standardize the data, or leave dtype out"
                    )
                raise TraceError(
                    f"the compiled {what} is {got!r}, but calling the model and the loss gives "
                    f"{expected!r}: they do not do the same operations for every example; choose "
                    "with where() instead of if, and keep numbers Values (not .data)"
                )

    def _difference(
        self, data: Examples, batch: Any, *, looks_at_each: bool = False
    ) -> tuple[str, float, float] | None:
        """Return what differs between the program and the eager engine, with both numbers.

        Where examples cancel, all that is left of the mean is rounding: it is small beside them.
        """
        program, eager = self.program, Eager(self.task)
        losses, slopes = eager.measure(data, batch, program.parameters)
        each: list[float] = []
        if looks_at_each and type(batch) is not slice:
            for n in batch.tolist():
                each += eager.measure(data, np.array([n]), program.parameters)[1]
        columns = data.arrays(batch, self.dtype)
        if self.weighted:
            columns.append(np.ones(len(columns[0]), self.dtype))
        program.push()
        mean = program.gradient(*columns)
        for what, expected, found, parts in (
            ("loss", [math.fsum(losses) / len(losses)], [mean], losses),
            ("gradient", slopes, program.gtheta, each),
        ):
            wanted, got = np.array(expected, float), np.array(found, float)
            sizes: Any = np.concatenate([wanted, got, parts])
            size = abs(sizes[np.isfinite(sizes)]).max(initial=0.0)
            slack = (1e-2 if self._is_single else AGREEMENT) * size
            unlike = np.flatnonzero(np.isfinite(wanted) & ~(abs(wanted - got) <= slack))
            if len(unlike):
                return what, float(wanted[unlike[0]]), float(got[unlike[0]])
        return None

    def _arrange(self) -> None:
        """Find where the optimizer's parameters stand in the arrays.

        If it moves all of them it works on the arrays themselves, and keeps its memory in their
        order; else on copies of the part that it moves, in its own order.
        """
        values, params = self.store.values, self.task.optimizer.params
        self._params = params, getattr(params, "version", len(params))
        self.moved: Any = None
        self.order: Any = None
        place = dict(zip(params, count()))
        if place.keys() != self.store.place.keys():
            self.moved = np.array([self.store.place[p] for p in params])
        elif values != params:
            self.order = np.array([place[p] for p in values])

    def moves_the_same(self) -> bool:
        """Return whether the optimizer still has the parameters that it had."""
        params = self.task.optimizer.params
        known, version = self._params
        return params is known and getattr(params, "version", len(params)) == version

    def leave(self) -> None:
        """Let the Values follow what has moved since: they are written when somebody looks.

        What has been written to them meanwhile counts at the next update, which looks at the
        model, too.
        """
        self._is_left = True
        if self.has_moved:
            self.store.follow()
        elif not self.store.is_followed:
            self.store.sync()
        self.has_moved = False

    def is_current(self) -> bool:
        """Return whether model, loss and penalty are as they were, as far as anybody can know."""
        is_current: bool = self.program.is_current(resident=not self._is_left)
        self._is_left = self._is_left and not is_current
        return is_current

    def update(self, data: Examples, batch: Any) -> float:
        """Make one update on some of the examples and return the loss before it.

        Raises:
            FloatingPointError: If the loss or a gradient is not finite; nothing has moved.
        """
        if self.native is not None:
            loss = self.native.rows(data, batch)
            if loss is not None:
                return loss
        optimizer = self.task.optimizer
        columns = self._columns(data, batch)
        theta, grad = self.store.theta, self.store.gtheta
        if self._becomes_native(data, columns):
            return self.update(data, batch)  # by the code that all others are made by
        if self._is_left and not self.is_current():  # else the program looks by itself
            self.program.follow()
        loss = self.program.gradient(*columns)
        if not (self.program.is_finite or (math.isfinite(loss) and np.isfinite(grad).all())):
            raise FloatingPointError(f"the program's loss is {loss}, or a gradient is not finite")
        self.has_moved = True
        if self.moved is None:
            self._clip(grad)
            optimizer.update(theta, grad, self.order)
        else:
            part, slopes = theta[self.moved], grad[self.moved]
            self._clip(slopes)
            optimizer.update(part, slopes)
            theta[self.moved], grad[self.moved] = part, slopes
        return loss

    def _becomes_native(self, data: Examples, columns: list[Any]) -> bool:
        """Note an update, and become machine code when the time has come.

        Raises:
            TraceError: If that was insisted on, and there is none.
        """
        size = len(columns[0])
        updates = self._updates[size] = self._updates.get(size, 0) + 1
        if updates <= self._native_after:
            return False
        insists, self._native_after = self._native_after < 0, math.inf
        try:
            self.native = native_updates(self, data, columns)
        except Exception:
            if insists:
                raise
        else:
            self.name = "native"
        return self.native is not None

    def _columns(self, data: Examples, batch: Any) -> list[Any]:
        columns = data.arrays(batch, self.dtype)
        if self.weighted:
            w = np.ones(len(columns[0])) if data.weights is None else data.weights[batch]
            columns.append(np.asarray(w * (len(w) / w.sum()), self.dtype))
        return columns

    def _clip(self, grad: Any) -> None:
        """Clip in place, as clip_grad_value and clip_grad_norm do it on Values."""
        task = self.task
        if task.clip_value is not None:
            grad.clip(-task.clip_value, task.clip_value, out=grad)
        if task.clip_norm is not None:
            grad *= norm_factor(_norm(grad), task.clip_norm)

    def evaluate(self, data: Examples) -> float:
        """Return the mean loss, penalty included, over all examples.

        Raises:
            FloatingPointError: If it is not finite.
        """
        total = 0.0
        for batch in spans(len(data), MEASURED):
            losses = self.program.evaluate(*self._columns(data, batch))
            total += float(losses.sum(dtype=float)) * data.weight_of(batch) / len(losses)
        mean = total / data.weight_of(data.everything())
        if not math.isfinite(mean):
            raise FloatingPointError(f"the program's loss is {mean}")
        return mean

    def predict(self, data: Examples) -> Any:
        """Return the model's outputs as an array, `(N,)` or `(N, C)`."""
        is_new = self._outputs is None
        if is_new:
            self._outputs = compile(self.task.model, self._example, float32=self._is_single)
        shares = self._outputs.parameters.store is self.store
        run = self._outputs.evaluate if shares else self._outputs
        if is_new and has_known_units(self.task.model):  # comparing its texts once is enough
            for few in ([0, *data.representatives()], [0]):
                run(data.arrays(np.array(few), self.dtype)[0])
            self._outputs.trust()
        found = [run(data.arrays(batch, self.dtype)[0]) for batch in spans(len(data), MEASURED)]
        return np.concatenate(found).astype(float, copy=False)


def _methods_apart(optimizer: Any) -> tuple[str, str]:
    """Return which of `step` and `update` was written anew without the other; else two "".

    `step` moves Values and `update` moves arrays. An `update` may also stand beside the `_rule`
    that `step` goes by.
    """
    kind = cast(Any, type(optimizer))
    owners = [optimizer, *kind.__mro__]
    step, update, rule = [
        next((i for i, owner in enumerate(owners) if name in vars(owner)), len(owners))
        for name in ("step", "update", "_rule")
    ]
    if step == update or (update == rule < step and kind.step is Optimizer.step):
        return "", ""
    return ("step", "update") if step < update else ("update", "step")


def _nearby(data: Sequence[float]) -> list[float]:
    """Return numbers nearby."""
    return [x + 1e-4 * (1.0 + abs(x)) * math.sin(i + 1.0) for i, x in enumerate(data)]


def _is_known(task: Task) -> bool:
    """Whether all that is computed is this package's own.

    Then comparing the program once, as `Compiled` does, is enough.
    """
    penalty = getattr(task.penalty, "__module__", None)
    is_ours = task.loss.is_named and penalty in (None, penalties.__name__)
    return is_ours and has_known_units(task.model)


def _loss(task: Task, has_rows: bool) -> Callable[..., Any]:
    """Return what is compiled: the loss of one example, and with a weight that times the loss."""
    target = _target(task, has_rows)
    # Not the task, since what a function refers to is looked at, and an optimizer is large.
    model, loss_of, penalty = task.model, task.loss.of_checked, task.penalty

    def loss(x: Any, y: Any, weight: Any = None) -> Any:
        whole = loss_of(model(x), target(y))
        whole = whole if weight is None else weight * whole
        return whole if penalty is None else whole + penalty(model)

    return loss


def _target(task: Task, has_rows: bool) -> Callable[[Any], Any]:
    if has_rows:
        return lambda y: y
    # Outputs of known units are finite wherever they are of use.
    # No partial: that might be changed, so it would be looked at before every step.
    finite = has_known_units(task.model)
    return lambda y: OneHot(y, beside_finite=finite)


def _norm(grad: Any) -> float:
    """Return ‖grad‖₂ without overflow, as math.hypot does."""
    with np.errstate(all="ignore"):
        norm = float(np.linalg.norm(grad))
    if math.isfinite(norm):
        return norm
    largest = float(abs(grad).max())
    return largest * float(np.linalg.norm(grad / largest))

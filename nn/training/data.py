"""Training data: `Examples`, checked once, and the loss of one of them.

X and y stay the arrays that they are. A program gets a batch as arrays, the eager backend as
fresh lists: what a model or a loss does to its arguments changes no data.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any, Final, TypeGuard, cast

from autograd_mini import no_grad
from autograd_mini.nested import flat
from nn import losses
from nn.arrays import as_array, as_floats, as_lists, blocks, finite_array, first_not_finite
from nn.errors import DivergedError, check_pairs
from nn.losses import Loss
from nn.losses.batches import class_row

ALIKE: Final = 8  # classes of a target, at most, of which each is compared before a program is used


class ExampleLoss:
    """The loss of one example: a named loss sees a batch of one, a function (model(x), y)."""

    def __init__(self, loss: str | Loss) -> None:
        self.given = loss
        self.function = losses.get(loss)
        self.is_named = isinstance(loss, str)
        self.bare: Any = losses.without_options(self.function)
        self.has_classes = any(self.bare is known for known in losses.CLASS_LOSSES)
        self.name = loss if isinstance(loss, str) else stable_name(loss)
        self._outputs: dict[tuple[int, ...], Any] = {}
        is_ours = self.is_named or self.has_classes
        formula = losses.formula(self.function) if is_ours else None
        self.suspicious = formula and formula.suspicious
        self.of_checked = formula.example if formula else self.function

    def __call__(self, prediction: Any, target: Any) -> Any:
        """Return the loss of one example; `of_checked` does the same for data of `Examples`."""
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

    def check_target(self, output: Any, n: int, target: Any) -> None:
        """Let a named loss check a target, beside some prediction."""
        try:
            self(output, target)
        except (ValueError, TypeError) as error:
            column = isinstance(target, list) and not isinstance(output, list)
            advice = "; the model has one output: y.ravel() makes a column flat"
            raise ValueError(
                f"y[{n}] = {target!r} does not go with this model and loss: {error}"
                f"{advice if column else ''}"
            ) from None
        if not all(map(math.isfinite, flat(target))):
            raise ValueError(f"y[{n}] is {target}: leave example {n} out, or fill the gap")


def stable_name(function: Any) -> str:
    """Return a name that is the same in every process."""
    if isinstance(function, partial):
        given = [*map(repr, function.args), *[f"{k}={v!r}" for k, v in function.keywords.items()]]
        return f"{stable_name(function.func)}({', '.join(given)})"
    return getattr(function, "__qualname__", type(function).__qualname__)


class Examples:
    """Examples and targets, checked once.

    Attributes:
        X: The examples, an array of any type.
        given: The targets as the caller gave them: an array or a list; numbers of several types
            count as those of an array do.
        targets: They as an array of numbers; None if they are something else.
        classes: How many classes there are, where `targets` are indices of classes; else 0.
        weights: The weights of the examples that have one above 0, or None, and
        kept: the places of those examples, or None.
        version: Differs once the caller may have changed numbers in the arrays.
    """

    def __init__(
        self, model: Any, loss: ExampleLoss, X: Any, y: Any, sample_weight: Any = None
    ) -> None:
        self.version = 0
        self.X = finite_array("X", X)
        self.given: Any = _given(y)
        check_pairs(self.X, self.given)
        output = loss.sample_output(model, self._floats(self.X[:1])[0])
        self.targets: Any = None
        with suppress(TypeError, ValueError):
            self.targets = as_array(self.given)
        self.classes = 0
        self._is_checked = loss.is_named or loss.has_classes
        if not self._is_checked and self.targets is not None and _mixes_types(self.given):
            self.given = self.targets  # a loss may ask for the type, and arrays have one
        self._suspicious = loss.suspicious
        if loss.has_classes:
            self._take_classes(output)
        if loss.is_named and all(map(math.isfinite, flat(output))):  # else a run says so itself
            self._check_targets(loss, output)
        if self.targets is not None and first_not_finite(self.targets) is not None:
            self.targets = None  # a function of the user's may know what to do
        self.weights: Any = None
        self.kept: Any = None
        if sample_weight is not None:
            self._take_weights(sample_weight)

    def turn_to(self, X: Any, y: Any) -> bool:
        """Be arrays of the same kind from now on, their numbers checked; False for any others.

        What needs words, or a closer look, gets them where Examples are made.
        """
        if not self._is_checked or self.given is not self.targets or self.weights is not None:
            return False
        if not (_is_alike(X, self.X) and _is_alike(y, self.targets) and len(X) == len(y) > 0):
            return False
        if self.classes:
            indices = y.view(self._unsigned)
            is_sound = indices.item(indices.argmax()) < self.classes
        else:
            look = self._suspicious
            is_sound = look and first_not_finite(y) is None and not look(y).any()
        if not is_sound or first_not_finite(X) is not None:
            return False
        vars(self).update(X=X, given=y, targets=y, version=self.version + 1)
        return True

    def __len__(self) -> int:
        return len(self.X if self.kept is None else self.kept)

    @property
    def is_numeric(self) -> bool:
        """Whether the targets are numbers, so that a program can take them."""
        return self.targets is not None

    @property
    def kind(self) -> tuple[bool, bool]:
        """Whether they have weights, and whether their targets are more than classes."""
        return self.weights is not None, not self.classes

    def index_of(self, n: int) -> int:
        """Return the place of an example as the caller counts them."""
        return n if self.kept is None else int(self.kept[n])

    def weight_of(self, batch: Any) -> float:
        """Return the weight of a batch: how many examples, or the sum of their weights."""
        if self.weights is not None:
            return float(self.weights[batch].sum())
        return batch.stop - batch.start if type(batch) is slice else len(batch)

    def everything(self) -> slice:
        """Return the batch of all examples."""
        return slice(0, len(self))

    def arrays(self, batch: Any, dtype: Any = float) -> list[Any]:
        """Return the examples and the targets of a batch as arrays, for a program."""
        chosen = batch if self.kept is None else self.kept[batch]
        assert self.targets is not None  # a program is made for numbers only
        targets = self.targets[chosen]
        if self.classes:
            # by columns, as a program reads them
            targets = _one_hot_rows(self.classes, dtype).take(targets, axis=1).T
        elif self._is_checked or targets.dtype.kind not in "iu":  # else a loss may ask for a class
            targets = targets.astype(dtype, subok=False, copy=False)
        return [self._floats(self.X[chosen], dtype), targets]

    def one_by_one(self, batch: Any) -> Iterator[tuple[int, Any, Any]]:
        """Yield (place, example, target) of a batch as plain numbers and fresh lists."""
        if self._is_checked and self.targets is not None:
            rows, ys = self.arrays(batch)
        else:
            chosen = batch if self.kept is None else self.kept[batch]
            rows, ys = self._floats(self.X[chosen]), self._given_at(chosen)
        yield from zip(_places(batch), rows.tolist(), map(_copied, as_lists(ys)), strict=True)

    def metric_targets(self) -> Any:
        """Return the targets that metrics see: as they were given, of the examples kept."""
        return self.given if self.kept is None else self._given_at(self.kept)

    def _given_at(self, chosen: Any) -> Any:
        given = self.given
        return [given[n] for n in _places(chosen)] if isinstance(given, list) else given[chosen]

    def representatives(self) -> list[int]:
        """Return a few examples that differ: one of each class of a discrete target."""
        import numpy as np

        count = len(self)
        chosen = [0, count - 1]
        if self.targets is not None and self.targets.ndim == 1:
            head = self.targets[: 1 << 16] if self.kept is None else self.targets[self.kept]
            found, first = np.unique(head, return_index=True)
            if len(found) <= ALIKE:
                chosen += first.tolist()
        return list(dict.fromkeys(chosen))

    def checksum(self) -> str:
        """Return a fingerprint of the examples, targets and weights."""
        digest = hashlib.sha256()
        for block in blocks(self.X):
            digest.update(self._floats(self.X[block]).tobytes())
        if self.targets is None:
            digest.update(repr(self.given).encode())
        else:
            digest.update(self._floats(self.targets).tobytes())
        if self.weights is not None:
            digest.update(self.kept.tobytes() + self.weights.tobytes())
        return digest.hexdigest()

    def _floats(self, rows: Any, dtype: Any = float) -> Any:
        return rows.astype(dtype, order="C", subok=False, copy=False)

    def _take_weights(self, sample_weight: Any) -> None:
        weights = self._floats(finite_array("sample_weight", sample_weight))
        if weights.shape != (len(self.X),) or (weights < 0).any() or not weights.any():
            raise ValueError(
                f"sample_weight needs a number from 0 up for each of {len(self.X)} examples, "
                f"and one above 0, but got {sample_weight!r:.200}"
            )
        self.kept = weights.nonzero()[0]
        self.weights = weights[self.kept]

    def _take_classes(self, output: Any) -> None:
        """Make targets indices of classes, or rows of a number for each class."""
        import numpy as np

        if not isinstance(output, list):
            raise ValueError(
                "a loss of classes needs one output for each class, but this model has one output: "
                'give it more, or use loss="bce_with_logits" or "hinge"'
            )
        count = len(cast(list[Any], output))
        y = self.targets
        if y is not None and y.ndim == 2:
            return
        has_bool = _is_list(self.given) and bool in set(map(type, self.given))
        if y is None or y.ndim != 1 or y.dtype.kind not in "iu" or has_bool:
            given = enumerate(as_lists(self.given))
            self.targets = as_array([class_row(target, count, f"y[{n}]") for n, target in given])
            return
        for n in ((y < 0) | (y >= count)).nonzero()[0].tolist():
            class_row(y[n], count, f"y[{n}]")  # raises what is wrong with it
        self.classes = count
        self._unsigned = np.dtype(y.dtype.str.replace("i", "u"))  # numbers below 0 are large there

    def _check_targets(self, loss: ExampleLoss, output: Any) -> None:
        import numpy as np

        if self.targets is None:
            for n, target in enumerate(self.given):
                loss.check_target(output, n, target)
            raise ValueError(f"y must be numbers in equal rows, but got {self.given!r:.200}")
        if self.classes:
            return
        floats = self._floats(self.targets)
        loss.check_target(output, 0, as_lists(self.given[0]))
        refused = loss.suspicious(floats) if loss.suspicious else floats != floats
        rows = (len(floats), -1)
        bad = refused.reshape(rows).any(axis=1) | ~np.isfinite(floats).reshape(rows).all(axis=1)
        for n in bad.nonzero()[0].tolist():
            loss.check_target(output, n, as_lists(self.given[n]))


def _is_alike(x: Any, known: Any) -> bool:
    """Return whether something is an array like a known one, with rows of its shape."""
    if type(x) is not type(known) or x.dtype is not known.dtype:
        return False
    return x.shape == known.shape or (x.ndim == known.ndim and x.shape[1:] == known.shape[1:])


def _given(y: Any) -> Any:
    """Return the targets as an array of numbers, as it is, or as a list of whatever there is."""
    import numpy as np

    if hasattr(y, "to_numpy"):
        y = y.to_numpy()
    array: Any = y
    if isinstance(y, np.ndarray) and array.ndim and array.dtype.kind in "biuf":
        return array
    try:
        return list(as_lists(y))
    except TypeError:
        raise ValueError(f"y needs one target for each example, but got {y!r:.200}") from None


@lru_cache(maxsize=8)
def _one_hot_rows(count: int, dtype: Any) -> Any:
    import numpy as np

    return np.eye(count, dtype=dtype)


def _copied(target: Any) -> Any:
    return [_copied(t) for t in target] if _is_list(target) else target


def _is_list(x: Any) -> TypeGuard[list[Any]]:
    return isinstance(x, list)


def _mixes_types(targets: Any) -> bool:
    """Return whether a list has numbers of several types, one by one or in rows of any kind."""
    return _is_list(targets) and len({*map(type, flat(targets))}) > 1


def _places(batch: Any) -> Sequence[int]:
    """Return the places of a batch: a slice from its start on, or an array of them."""
    return range(batch.start, batch.stop) if type(batch) is slice else batch.tolist()

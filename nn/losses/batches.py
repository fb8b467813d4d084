"""Batches: taking them apart, example by example, and putting losses together.

`of_components` and `of_classes` make a loss of one example into one that takes batches, checks
shapes and targets, and reduces. Asked for `FORMULA`, they give the loss of one example itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple, TypeAlias, cast

from autograd_mini import Value, is_tracing, norm, take
from autograd_mini.ops import Number
from nn.arrays import SCALARS, as_lists, nested
from nn.errors import check_pairs, one_of
from nn.losses.checks import (
    Refusal,
    check_distribution,
    data_of,
    is_nan,
    suspicious_distributions,
    varies,
)
from nn.losses.terms import pairs, summed

Loss: TypeAlias = Callable[..., Any]
Component: TypeAlias = Callable[[Any, Any], Any]  # the loss or error of one component

REDUCTIONS: Final = ("mean", "sum", "none")
FORMULA: Final = object()  # a loss that is given this as prediction returns its Formula


class Formula(NamedTuple):
    """A loss of one example, for data that were checked as a whole.

    Attributes:
        example: A function of a model's output and a target, which is a number or a list of
            numbers: no shapes and no targets are checked.
        suspicious: A function of an array of targets: which of them the loss may refuse.
    """

    example: Callable[..., Any]
    suspicious: Callable[[Any], Any]


def of_components(
    loss: Component, prediction: Any, target: Any, reduction: str, refusal: Refusal | None = None
) -> Any:
    """Apply a loss of one component: summed over an example's C, reduced over the examples.

    Args:
        loss: A function of one component of prediction and target.
        prediction: A number, N of them, or N lists of C.
        target: The same shape.
        reduction: "mean", "sum" or "none".
        refusal: What the loss refuses.
    """
    one_of("reduction", reduction, REDUCTIONS)
    if prediction is FORMULA:
        return _formula_of_components(loss, refusal)
    examples, single = _paired(prediction, target, refusal)
    losses = [summed([loss(f, y) for f, y in pairs(fs, ys)]) for fs, ys in examples]
    return _reduced(losses, single, reduction)


def of_classes(
    loss: Callable[[list[Any], list[Any]], Any],
    prediction: Any,
    target: Any,
    reduction: str,
    *,
    probabilities: bool = False,
    one_hot: bool = False,
) -> Any:
    """Apply a loss of one example of C classes, and reduce over the examples.

    Args:
        loss: A function of C predictions and C targets.
        prediction: C numbers, or N lists of C.
        target: A class index or a list of C numbers for each example.
        reduction: "mean", "sum" or "none".
        probabilities: Refuse predictions that are no distribution.
        one_hot: Refuse targets that are not a single class.
    """
    one_of("reduction", reduction, REDUCTIONS)
    formula = _formula_of_classes(loss, probabilities, one_hot)
    if prediction is FORMULA:
        return formula
    predictions = nested(prediction)
    shape = _shape(predictions, "prediction")
    single = len(shape) == 1
    if len(shape) not in (1, 2):
        raise ValueError(
            f"prediction needs one number for each class, shape (C,) or (N, C), but has shape "
            f"{shape}"
        )
    if single:
        predictions, targets = [predictions], [target]
    else:
        targets = _target_list(target)
        check_pairs(predictions, targets, "prediction")
    losses: list[Any] = []
    for n, (p, t) in enumerate(zip(predictions, targets, strict=True)):
        place = "" if single else f" of example {n}"
        distribution = class_row(t, len(p), f"the target{place}")
        if type(t) is not int and not is_tracing():  # an index has been checked
            check_distribution(distribution, f"the target{place}", one_hot=one_hot)
        losses.append(formula.example(p, distribution, place))
    return _reduced(losses, single, reduction)


def _formula_of_components(loss: Component, refusal: Refusal | None) -> Formula:
    refuse = refusal.refuse if refusal and refusal.of_prediction else None

    def example(prediction: Any, target: Any) -> Any:
        if not isinstance(prediction, (Number, float)):
            return summed([example(f, y) for f, y in pairs(as_lists(prediction), target)])
        if refuse is not None and not is_tracing():
            refuse(data_of(prediction), data_of(target))
        return loss(prediction, target)

    return Formula(example, refusal.is_wrong if refusal else is_nan)


def _formula_of_classes(
    loss: Callable[[list[Any], list[Any]], Any], probabilities: bool, one_hot: bool
) -> Formula:
    def example(prediction: Any, target: Any, place: str = "") -> Any:
        p = cast(list[Any], prediction if type(prediction) is list else list(as_lists(prediction)))
        if probabilities and not is_tracing():
            check_distribution(p, f"the prediction{place}", one_hot=False)
        value = loss(p, target)
        if not varies(value) and any(varies(x) for x in p):
            return Value(value)  # every term was left out
        return value

    return Formula(example, suspicious_distributions(one_hot))


def root_mean(
    error: Component, prediction: Any, target: Any, refusal: Refusal | None = None
) -> Any:
    """Return √((1/N) Σ error²) over all components of N examples; slope 0 where all are 0."""
    examples, _ = _paired(prediction, target, refusal)
    errors = [error(f, y) for fs, ys in examples for f, y in pairs(fs, ys)]
    return norm(errors) / math.sqrt(len(examples))


def _paired(
    prediction: Any, target: Any, refusal: Refusal | None
) -> tuple[list[tuple[list[Any], list[Any]]], bool]:
    """Return (components, targets) for each example, and whether it is one bare number."""
    fs, ys = nested(prediction), nested(target)
    shape, other = _shape(fs, "prediction"), _shape(ys, "target")
    if shape != other:
        raise ValueError(
            f"prediction and target need the same shape, and nothing is broadcast: got "
            f"{_described(shape)} and {_described(other)}"
        )
    if len(shape) > 2:
        raise ValueError(
            f"prediction needs shape (), (N,) or (N, C), N examples of C outputs, but has {shape}"
        )
    if not shape:
        fs, ys = [[fs]], [[ys]]
    elif len(shape) == 1:
        fs, ys = [[f] for f in fs], [[y] for y in ys]
    examples = list(pairs(fs, ys))
    if refusal is not None and not is_tracing():
        for example in examples:
            for f, y in pairs(*example):
                refusal.refuse(data_of(f), data_of(y))
    return examples, not shape


def class_row(target: Any, count: int, what: str) -> list[Any]:
    """Return a target of C classes as C numbers; `what` is its name in an error."""
    if isinstance(target, Number) and is_tracing():  # an index that every example has its own of
        rows = [[1.0 if j == i else 0.0 for j in range(count)] for i in range(count)]
        return [take(row, cast(Any, target)) for row in rows]
    if isinstance(target, Number):
        raise ValueError(
            f"{what} is a Value, which cannot be a class index: use an int, or a one-hot list"
        )
    target = target if type(target) is int else as_lists(target)
    if hasattr(target, "__index__") and not isinstance(target, bool):
        if not 0 <= target < count:
            raise ValueError(
                f"{what} is class {target}, but there are {count} classes: 0 to {count - 1}"
            )
        one_hot = [0.0] * count
        one_hot[target] = 1.0
        return one_hot
    if isinstance(target, str) or not isinstance(target, Iterable):
        raise ValueError(
            f"{what} is {target!r}: a class is an int from 0 to {count - 1}, or a list of {count} "
            f"numbers{_AS_TEXTS if isinstance(target, str) else _AS_FLOATS}"
        )
    entries: list[Any] = nested(cast(Any, target))
    if len(entries) != count or any(isinstance(x, list) for x in entries):
        raise ValueError(
            f"{what} needs one number for each of {count} classes, but has shape "
            f"{_shape(entries, 'target')}"
        )
    return entries


_AS_TEXTS: Final = (
    "; numpy.unique(y, return_inverse=True)[1] numbers texts, FNNClassifier takes them"
)
_AS_FLOATS: Final = "; y.astype(int) makes an array of whole numbers one of ints"


def _target_list(target: Any) -> list[Any]:
    target = as_lists(target)
    if isinstance(target, Number) or not isinstance(target, Iterable):
        raise ValueError(f"a batch needs a list of targets, one per example, but got {target!r}")
    return list(cast(Iterable[Any], target))


def _shape(x: Any, name: str) -> tuple[int, ...]:
    """Return the shape of nested lists; empty and ragged ones are refused."""
    if not isinstance(x, list):
        return ()
    rows = cast("list[Any]", x)
    if not rows:
        raise ValueError(f"{name} is empty: a loss needs at least one number")
    if SCALARS.issuperset(map(type, rows)):
        return (len(rows),)
    first, *others = [_shape(row, name) for row in rows]
    for i, other in enumerate(others, start=1):
        if other != first:
            raise ValueError(
                f"{name} is ragged: {name}[0] has shape {first} and {name}[{i}] has {other}"
            )
    return (len(rows), *first)


def _described(shape: tuple[int, ...]) -> str:
    return f"shape {shape}" if shape else "a number"


def _reduced(losses: list[Any], single: bool, reduction: str) -> Any:
    if single:
        return losses[0]
    if reduction == "none":
        return losses
    whole = summed(losses)
    return whole / len(losses) if reduction == "mean" and len(losses) > 1 else whole

"""What losses refuse: the data of numbers and Values alike, but not while tracing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final, NamedTuple, TypeGuard

from autograd_mini import Value, is_tracing
from autograd_mini.ops import Number

_LOOSE: Final = 1e-3  # how far a sum of probabilities may be off: a checker moves one entry


def varies(x: object) -> TypeGuard[Value]:
    """Return whether this is more than a plain number: a Value, whose data may change."""
    return isinstance(x, Number)


def plain(x: Any) -> float:
    """Return an option as a float; text and the like are refused at the door for numbers."""
    return Value(x).data


def data_of(x: Any) -> float | None:
    """Return the number that a float or a Value holds; None for one that is being traced."""
    return x.data if isinstance(x, Value) else None if isinstance(x, Number) else x


def check_distribution(entries: list[Any], what: str, *, one_hot: bool) -> None:
    """Refuse C numbers that are not a distribution, or not a single class."""
    known = [data_of(x) for x in entries]
    numbers = [x for x in known if x is not None]
    if one_hot and any(min(abs(x), abs(x - 1.0)) > _LOOSE or x != x for x in numbers):
        raise ValueError(f"{what} must be a class index or a one-hot list, but got {known}")
    for x in numbers:
        if not -_LOOSE * one_hot <= x <= 1.0 + _LOOSE * one_hot:
            raise ValueError(
                f"the entries of {what} are probabilities, in [0, 1], but one of them is {x}"
            )
    if len(numbers) == len(known) and abs(sum(numbers) - 1.0) > _LOOSE:
        raise ValueError(f"{what} must add up to 1, but adds up to {sum(numbers)}: {known}")


def check_positive(x: object, name: str) -> None:
    """Refuse an option that is not above 0."""
    known = None if is_tracing() else data_of(x if varies(x) else plain(x))
    if known is not None and not known > 0.0:
        raise ValueError(f"{name} must be above 0, but got {known}")


class Refusal(NamedTuple):
    """What a loss of components refuses.

    Attributes:
        is_wrong: A function of a number, or of an array of them.
        of_target: What to say of a target that is wrong.
        of_prediction: What to say of a prediction; None for a loss that takes them all.
    """

    is_wrong: Callable[[Any], Any]
    of_target: Callable[[float], str]
    of_prediction: Callable[[float], str] | None = None

    def refuse(self, prediction: float | None, target: float | None) -> None:
        """Raise ValueError for a number that is wrong; None stands for one that is not known."""
        if target is not None and self.is_wrong(target):
            raise ValueError(self.of_target(target))
        if self.of_prediction and prediction is not None and self.is_wrong(prediction):
            raise ValueError(self.of_prediction(prediction))


def is_nan(x: object) -> Any:
    """Return which numbers no loss can take."""
    return x != x


def _is_no_sign(y: Any) -> Any:
    return abs(y) != 1.0


def _is_no_probability(x: Any) -> Any:
    return (x < 0.0) | (x > 1.0) | (x != x)


def _no_sign(y: float) -> str:
    advice = ": 2*y - 1 turns 0 and 1 into -1 and +1" if y == 0.0 else ""
    return f"a hinge target must be -1 or +1, but got {y}{advice}"


def _no_binary_target(y: float) -> str:
    advice = ": (y + 1) / 2 turns -1 and +1 into 0 and 1" if y == -1.0 else ""
    return f"a binary target must be in [0, 1], but got {y}{advice}"


def _no_probability(p: float) -> str:
    return (
        f"a probability must be in [0, 1], but got {p}: use a sigmoid output unit, or "
        "bce_with_logits for logits"
    )


SIGNS: Final = Refusal(_is_no_sign, _no_sign)
BINARY_TARGETS: Final = Refusal(_is_no_probability, _no_binary_target)
PROBABILITIES: Final = Refusal(_is_no_probability, _no_binary_target, _no_probability)


def having_logarithms(log1p: bool) -> Refusal:
    """Return the refusal of numbers that have no logarithm, log(x) or log(1 + x)."""
    low = -1.0 if log1p else 0.0

    def has_none(x: Any) -> Any:
        return x <= low

    def told(name: str, x: float) -> str:
        advice = "" if log1p else ", or log1p=True for numbers above -1"
        return (
            f"msle needs numbers above {low:g}, but a {name} is {x}: use a positive output "
            f"unit such as softplus or exp{advice}"
        )

    return Refusal(has_none, partial(told, "target"), partial(told, "prediction"))


def suspicious_distributions(one_hot: bool) -> Callable[[Any], Any]:
    """Return a function of rows of C numbers that tells which may not be a class of C."""

    def suspicious(rows: Any) -> Any:
        far = abs(rows.sum(axis=1) - 1.0) > _LOOSE
        if one_hot:
            off = abs(rows) > _LOOSE
            off &= abs(rows - 1.0) > _LOOSE
        else:
            off = (rows < 0.0) | (rows > 1.0)
        return far | off.any(axis=1)

    return suspicious

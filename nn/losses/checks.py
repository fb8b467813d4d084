"""What losses refuse: the data of numbers and Values alike, but not while tracing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, TypeGuard

from autograd_mini import Value, is_tracing
from autograd_mini.ops import Number

_LOOSE: Final = 1e-3  # how far a sum of probabilities may be off: a checker moves one entry


def varies(x: object) -> TypeGuard[Value]:
    """Return whether this is more than a plain number: a Value, whose data may change."""
    return isinstance(x, Number)


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


def check_positive(name: str, x: Any) -> None:
    """Refuse an option that is not above 0."""
    known = None if is_tracing() else data_of(x if varies(x) else Value(x))
    if known is not None and not known > 0.0:
        raise ValueError(f"{name} must be above 0, but got {known}")


class Refusal(NamedTuple):
    """What a loss of components refuses.

    Attributes:
        is_wrong: A function of a number, or of an array of them.
        of_target: What to say of a target that is wrong; {} stands for it.
        of_prediction: What to say of a prediction; "" for a loss that takes them all.
        advice: What to add for certain targets.
    """

    is_wrong: Callable[[Any], Any]
    of_target: str
    of_prediction: str = ""
    advice: Mapping[float, str] = {}

    def refuse(self, prediction: float | None, target: float | None) -> None:
        """Raise ValueError for a number that is wrong; None stands for one that is not known."""
        if target is not None and self.is_wrong(target):
            raise ValueError(self.of_target.format(target) + self.advice.get(target, ""))
        if self.of_prediction and prediction is not None and self.is_wrong(prediction):
            raise ValueError(self.of_prediction.format(prediction))


def is_nan(x: object) -> Any:
    """Return which numbers no loss can take."""
    return x != x


def _is_no_sign(y: Any) -> Any:
    return abs(y) != 1.0


def _is_no_probability(x: Any) -> Any:
    return (x < 0.0) | (x > 1.0) | (x != x)


SIGNS: Final = Refusal(
    _is_no_sign,
    "a hinge target must be -1 or +1, but got {}",
    advice={0.0: ": 2*y - 1 turns 0 and 1 into -1 and +1"},
)
BINARY_TARGETS: Final = Refusal(
    _is_no_probability,
    "a binary target must be in [0, 1], but got {}",
    advice={-1.0: ": (y + 1) / 2 turns -1 and +1 into 0 and 1"},
)
PROBABILITIES: Final = BINARY_TARGETS._replace(
    of_prediction="a probability must be in [0, 1], but got {}: use a sigmoid output unit, or "
    "bce_with_logits for logits"
)


def having_logarithms(log1p: bool) -> Refusal:
    """Return the refusal of numbers that have no logarithm, log(x) or log(1 + x)."""
    low = -1.0 if log1p else 0.0

    def has_none(x: Any) -> Any:
        return x <= low

    advice = "" if log1p else ", or log1p=True for numbers above -1"
    target, prediction = (
        f"msle needs numbers above {low:g}, but a {name} is {{}}: use a positive output unit "
        f"such as softplus or exp{advice}"
        for name in ("target", "prediction")
    )
    return Refusal(has_none, target, prediction)


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

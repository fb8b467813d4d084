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


def check_logarithms(f: float | None, y: float | None, *, low: float) -> None:
    """Refuse a prediction or target without a logarithm."""
    for x, name in ((f, "prediction"), (y, "target")):
        if x is not None and x <= low:
            advice = "" if low else ", or log1p=True for numbers above -1"
            raise ValueError(
                f"msle needs numbers above {low:g}, but a {name} is {x}: use a positive output "
                f"unit such as softplus or exp{advice}"
            )


def check_probability_target(_z: float | None, y: float | None) -> None:
    """Refuse a target of two classes outside of [0, 1]."""
    if y is not None and not 0.0 <= y <= 1.0:
        advice = ": (y + 1) / 2 turns -1 and +1 into 0 and 1" if y == -1.0 else ""
        raise ValueError(f"a binary target must be in [0, 1], but got {y}{advice}")


def check_probability_pair(p: float | None, y: float | None) -> None:
    """Refuse a probability or a target outside of [0, 1]."""
    check_probability_target(p, y)
    if p is not None and not 0.0 <= p <= 1.0:
        raise ValueError(
            f"a probability must be in [0, 1], but got {p}: use a sigmoid output unit, or "
            "bce_with_logits for logits"
        )


def check_sign(_f: float | None, y: float | None) -> None:
    """Refuse a target other than -1 and +1."""
    if y is not None and y not in (-1.0, 1.0):
        advice = ": 2*y - 1 turns 0 and 1 into -1 and +1" if y == 0.0 else ""
        raise ValueError(f"a hinge target must be -1 or +1, but got {y}{advice}")


def check_distribution(entries: list[Any], what: str, *, one_hot: bool) -> None:
    """Refuse C numbers that are no distribution, or no single class."""
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


def check_not_negative(x: float, name: str) -> None:
    """Refuse an option below 0."""
    if not plain(x) >= 0.0:
        raise ValueError(f"{name} must not be below 0, but got {x}")


def check_choice(x: object, choices: tuple[object, ...], name: str) -> None:
    """Refuse an option that is not among the choices."""
    if x not in choices:
        raise ValueError(f"{name} must be one of {', '.join(map(str, choices))}, but got {x!r}")


class Refusal(NamedTuple):
    """What a loss of components refuses.

    Attributes:
        refuse: A function of a prediction and a target that raises ValueError; None stands for
            one that is not known.
        suspicious: A function of an array of targets: which of them it may refuse.
        of_targets: Whether it looks at targets only.
    """

    refuse: Callable[[float | None, float | None], None]
    suspicious: Callable[[Any], Any]
    of_targets: bool = False


def is_nan(y: object) -> Any:
    """Return which of an array of targets no loss can take."""
    return y != y


def _is_no_sign(y: Any) -> Any:
    return abs(y) != 1.0


def _is_no_probability(y: Any) -> Any:
    return (y < 0.0) | (y > 1.0)


SIGNS: Final = Refusal(check_sign, _is_no_sign, of_targets=True)
SHARES: Final = Refusal(check_probability_target, _is_no_probability, of_targets=True)
PROBABILITIES: Final = Refusal(check_probability_pair, _is_no_probability)


def having_logarithms(log1p: bool) -> Refusal:
    """Refuse numbers without a logarithm, or, for log1p, without that."""
    low = -1.0 if log1p else 0.0

    def has_none(y: Any) -> Any:
        return y <= low

    return Refusal(partial(check_logarithms, low=low), has_none)


def suspicious_distributions(one_hot: bool) -> Callable[[Any], Any]:
    """Return a function of rows of C numbers that tells which may be no class of C."""

    def suspicious(rows: Any) -> Any:
        far = abs(rows.sum(axis=1) - 1.0) > _LOOSE
        if one_hot:
            off = abs(rows) > _LOOSE
            off &= abs(rows - 1.0) > _LOOSE
        else:
            off = (rows < 0.0) | (rows > 1.0)
        return far | off.any(axis=1)

    return suspicious

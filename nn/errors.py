"""The error of `nn`; all others are ValueErrors and those of `autograd_mini.errors`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence, Sized
from difflib import get_close_matches
from importlib import import_module
from typing import Any, TypeVar, cast

from autograd_mini import AnomalyError
from nn.guesses import SYNONYMS

T = TypeVar("T")


def unknown_name(what: str, name: str, known: Iterable[str]) -> ValueError:
    """Return the error for a name that is not known: all of them, and the nearest one.

    Example:
        >>> print(unknown_name("loss", "MSE", ["mse", "mae"]))
        no loss is called 'MSE': there are mse, mae; did you mean 'mse'?
    """
    names = list(known)
    near = nearest(name, names)
    guess = f"; did you mean {near!r}?" if near is not None else ""
    return ValueError(f"no {what} is called {name!r}: there are {', '.join(names)}{guess}")


def function_of(what: str, given: object, known: Mapping[str, T]) -> T:
    """Return what a name stands for; a function stands for itself.

    Raises:
        ValueError: If the name is not known; the message lists the names.
        TypeError: If it is neither a name nor a function.

    Example:
        >>> function_of("size", len, {"max": max})([1, 2])
        2
    """
    if callable(given):
        return cast(Any, given)
    if not isinstance(given, str):
        raise TypeError(f"{what} is a name or a function, but got {given!r}")
    if given not in known:
        raise unknown_name(what, given, known)
    return known[given]


def extra_module(module: str, why: str, install: str) -> Any:
    """Return a module that an extra brings.

    Raises:
        ImportError: If it is not installed; the message says why it is needed, and how to get it.

    Example:
        >>> extra_module("no_such", "pictures need no_such", "no_such")
        Traceback (most recent call last):
            ...
        ImportError: pictures need no_such: pip install no_such
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise ImportError(f"{why}: pip install {install}", name=error.name) from None


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that means the same elsewhere, or is most like it; None if none is.

    Example:
        >>> nearest("Price", ["size", "price"]), nearest("weight", ["size", "price"])
        ('price', None)
        >>> nearest("squared_error", ["mae", "mse"])
        'mse'
    """
    wanted = name.casefold()
    folded = {other.casefold(): other for other in known}
    meant = [*SYNONYMS.get(wanted, ()), wanted.removesuffix("_loss")]
    near = [one for one in meant if one in folded] or get_close_matches(wanted, folded, n=1)
    return folded[near[0]] if near else None


def listed(texts: Sequence[str], most: int = 6) -> str:
    """Return texts as an error lists them: of many only the first.

    Example:
        >>> listed(["x", "y", "z"], 2)
        'x, y, … (3 in all)'
    """
    return ", ".join(texts[:most]) + (f", … ({len(texts)} in all)" if len(texts) > most else "")


def check_state(owner: object, wanted: Iterable[str], state: Iterable[str]) -> None:
    """Raise ValueError unless a state has the entries that its owner keeps, and no others."""
    if {*state} != {*wanted}:
        raise ValueError(
            f"{type(owner).__name__} keeps {', '.join(sorted(wanted))}, "
            f"but this state has {', '.join(sorted(state))}"
        )


def check_pairs(X: Sized, y: Sized, what: str = "example") -> None:
    """Raise ValueError unless there is one target for each example, and one example at least."""
    if len(X) != len(y):
        raise ValueError(f"one target per {what}, please: got {len(X)} {what}s, {len(y)} targets")
    if not len(X):
        raise ValueError(f"there is nothing to learn from: no {what}s and no targets")


def one_of(name: str, x: T, choices: Sequence[T]) -> T:
    """Return a setting, or raise ValueError if it is none of a few."""
    if x not in choices:
        raise ValueError(f"{name} must be one of {', '.join(map(str, choices))}, but got {x!r}")
    return x


def from_zero(name: str, x: Any) -> float:
    """Return a setting as a float, or raise ValueError if it is below 0 or not finite."""
    if not (hasattr(x, "__float__") and 0.0 <= x < math.inf):
        raise ValueError(f"{name} must be a number from 0 up, but got {x!r}")
    return float(x)


def whole_number(name: str, x: Any, least: int = 1) -> int:
    """Return a setting as a plain int, or raise ValueError if it is not whole or too small."""
    if isinstance(x, bool) or not hasattr(x, "__index__"):
        raise ValueError(f"{name} must be a whole number, but got {x!r}")
    if x < least:
        raise ValueError(f"{name} must be {least} or more, but got {x}")
    return x.__index__()


class DivergedError(AnomalyError):
    """A loss or a gradient was not finite; the model is as it was before that update.

    Example:
        >>> from nn import FNN, SGD, fit
        >>> model = FNN([1, 1], seed=0)
        >>> sgd = SGD(model.parameters(), lr=1e3)  # far too large
        >>> fit(model, [[1.0], [2.0]], [1.0, 2.0], loss="mse", optimizer=sgd, backend="eager")
        Traceback (most recent call last):
            ...
        nn.errors.DivergedError: training stopped in epoch ... a lower learning rate than 1000, ...
    """

"""Nested lists of numbers: what transforms, compiled programs and the checker take as arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, cast

_NUMBER_TYPES: Final = frozenset({int, float})


def is_nested(x: object) -> bool:
    """Return whether `x` is a list, a tuple or an array rather than one number."""
    return isinstance(x, (list, tuple)) or bool(getattr(x, "ndim", 0))


def elements(structure: Any) -> Iterable[Any]:
    """Return what a structure is made of: of a table its rows, not the names of its columns.

    Raises:
        TypeError: If it is a number; a dict, which would give its keys; or a set, whose order
            nobody chose and which keeps equal numbers once.
    """
    row: list[Any] | tuple[Any, ...] = structure
    if type(row) is list or type(row) is tuple:
        return row  # the most frequent case
    if isinstance(structure, (dict, set, frozenset)) or not hasattr(structure, "__iter__"):
        given = f"{type(cast(object, structure)).__name__} {structure!r:.200}"
        raise TypeError(f"a list of numbers is needed, but got the {given}")
    return structure.to_numpy() if hasattr(structure, "to_numpy") else structure


def flat(structure: Any) -> list[Any]:
    """Return the numbers of a structure in one list.

    Example:
        >>> flat([1, (2, [3])])
        [1, 2, 3]
    """
    row: list[Any] = structure
    if type(row) is list and _NUMBER_TYPES.issuperset(map(type, row)):
        return [*row]  # the most frequent case, without a call for each number
    if is_nested(row):
        return [number for part in elements(row) for number in flat(part)]
    return [row]


def mapped(function: Callable[[Any], Any], structure: Any) -> Any:
    """Apply a function to each number of a structure; tuples and arrays come back as lists.

    Example:
        >>> mapped(abs, [-1, (2, [-3])])
        [1, [2, [3]]]
    """
    if is_nested(structure):
        return [mapped(function, part) for part in elements(structure)]
    return function(structure)


def unwrapped(x: Any) -> Any:
    """Return what an array without axes holds; anything else as it is."""
    return x.item() if getattr(x, "ndim", None) == 0 and x.dtype == object else x

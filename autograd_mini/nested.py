"""Nested lists of numbers: what transforms, compiled programs and the checker take as arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def is_nested(x: object) -> bool:
    """Return whether `x` is a list, a tuple or an array rather than one number."""
    return isinstance(x, (list, tuple)) or bool(getattr(x, "ndim", 0))


def flat(structure: Any) -> list[Any]:
    """Return the numbers of a structure in one list.

    Example:
        >>> flat([1, (2, [3])])
        [1, 2, 3]
    """
    if is_nested(structure):
        return [number for part in structure for number in flat(part)]
    return [structure]


def mapped(function: Callable[[Any], Any], structure: Any) -> Any:
    """Apply a function to each number of a structure; tuples and arrays come back as lists.

    Example:
        >>> mapped(abs, [-1, (2, [-3])])
        [1, [2, [3]]]
    """
    if is_nested(structure):
        return [mapped(function, part) for part in structure]
    return function(structure)


def unwrapped(x: Any) -> Any:
    """Return what an array without axes holds; anything else as it is."""
    return x.item() if getattr(x, "ndim", None) == 0 and x.dtype == object else x

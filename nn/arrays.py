"""What a caller gave, as numbers: lists, arrays and tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

__all__ = ["as_array", "as_floats", "as_lists"]


def as_lists(x: Any) -> Any:
    """Return arrays and tables as lists, row by row; what else there is as it is."""
    if hasattr(x, "to_numpy"):  # going through a table by itself gives the names of its columns
        x = x.to_numpy()
    return x.tolist() if hasattr(x, "tolist") else x  # Python's floats are faster than NumPy's


def as_floats(output: Any) -> Any:
    """Return what a model gave for one example as a float or a list of floats."""
    if isinstance(output, (list, tuple)):
        return [float(h) for h in cast(Iterable[Any], output)]
    return float(output)


def as_array(X: Any) -> Any:
    """Return nested real numbers as an array of floats.

    Raises:
        TypeError: If there is text among them, a complex number, or anything else.
        ValueError: If the rows are not equally long, or a number is too large for a float.
    """
    import numpy as np

    array = np.asarray(X)
    if array.dtype.kind not in "biufO" or any(isinstance(x, str) for x in _objects(array)):
        found = {"c": "complex", "M": "dates", "m": "times"}.get(array.dtype.kind, "text")
        raise TypeError(f"real numbers are needed, but some are {found}")
    try:
        return array.astype(float, copy=False)
    except OverflowError as error:
        raise ValueError(f"a number is too large: {error}") from None


def _objects(array: Any) -> Iterable[Any]:
    return array.flat if array.dtype.kind == "O" else ()

"""What a caller gave, as numbers: lists, arrays of any type, tables, memory-mapped files.

Arrays keep their type and are not copied; they are checked in whole blocks.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from autograd_mini import Value
from autograd_mini.ops import Number

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

Array: TypeAlias = "NDArray[Any]"
Floats: TypeAlias = "NDArray[float64]"

CHECKED: Final = 1 << 18  # numbers that are checked at once
_LISTS: Final = frozenset({list, tuple})
SCALARS: Final = frozenset({float, Value})  # what nearly all numbers are


def as_array(X: object) -> Any:
    """Return nested real numbers as an array: one of numbers as it is, anything else as floats.

    Raises:
        TypeError: If there is text among them, a complex number, or anything else.
        ValueError: If the rows are not equally long, or a number is too large for a float.

    Example:
        >>> as_array([[1, 2], [3, 4]]).dtype.kind
        'i'
    """
    import numpy as np

    is_special = isinstance(X, np.ndarray) and type(cast(Any, X)) is not np.ndarray
    if is_special and np.ma.is_masked(cast(Any, X)):
        raise TypeError("real numbers are needed, but some are masked")
    array = np.asarray(X)
    if not array.ndim and _has_elements(cast(object, X)):
        array = np.asarray(list(cast(Iterable[Any], X)))  # a generator, or the values of a dict
    if array.dtype.kind in "biuf":
        return array
    if array.dtype.kind != "O":
        found = {"c": "complex", "M": "dates", "m": "times"}.get(array.dtype.kind, "text")
        raise TypeError(f"real numbers are needed, but some are {found}")
    return cast(Any, np.frompyfunc(_number, 1, 1)(array)).astype(float)


def finite_array(name: str, X: object) -> Any:
    """Return an array of finite numbers, one entry or row for each example.

    Raises:
        ValueError: If it is not that; the message names the number that is not finite.
    """
    try:
        array = as_array(X)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be numbers in equal rows, but: {error}") from None
    if not array.ndim:
        raise ValueError(f"{name} needs one entry for each example, but got {X!r}")
    place = first_not_finite(array)
    if place is not None:
        raise ValueError(
            f"{name}[{', '.join(map(str, place))}] is {array[place]}: leave example {place[0]} "
            "out, or fill the gap"
        )
    return array


def first_not_finite(array: Any) -> tuple[int, ...] | None:
    """Return the place of the first number that is not finite; None if there is none."""
    import numpy as np

    if array.dtype.kind != "f":
        return None
    if array.size <= CHECKED and math.isfinite(cast(Any, np.vdot(array, array))):  # never warns
        return None
    for block in blocks(array):
        finite = np.isfinite(array[block])
        if not finite.all():
            n, *rest = np.argwhere(~finite)[0].tolist()
            return (block.start + n, *rest)
    return None


def blocks(array: Any) -> list[slice]:
    """Return slices of whole rows, small enough to be worked on at once."""
    return spans(len(array), max(1, CHECKED * len(array) // max(array.size, 1)))


def spans(count: int, size: int) -> list[slice]:
    """Return slices that are `size` long, but for the last, and make up `count` together."""
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]


def as_lists(x: Any) -> Any:
    """Return arrays and tables as lists, row by row; what else there is as it is."""
    if type(x) in _LISTS:
        return x
    if hasattr(x, "to_numpy"):  # going through a table by itself gives the names of its columns
        x = x.to_numpy()
    if isinstance(x, (Mapping, Set)):
        raise TypeError(f"a Value holds a number, but got {x!r:.200}, which is not a list")
    if isinstance(x, Iterator):
        return list(cast("Iterator[Any]", x))
    return x.tolist() if hasattr(x, "tolist") else x  # Python's floats are faster than NumPy's


def as_row(x: Any) -> list[Any]:
    """Return one example as a list; a bare number is a row of one."""
    row = as_lists(x)
    if type(row) in _LISTS:
        return list(row)
    is_one = isinstance(row, Number) or not isinstance(row, Iterable)
    return [row] if is_one else list(cast("Iterable[Any]", row))


def nested(x: Any) -> Any:
    """Return nested lists of floats and Values; arrays and other sequences become lists."""
    if type(x) in SCALARS or isinstance(x, (Number, float)):
        return x
    x = as_lists(x)
    if type(x) in _LISTS or _has_elements(x):
        return [element if type(element) in SCALARS else nested(element) for element in x]
    return Value(x).data  # the door for numbers, and its errors


def _has_elements(x: object) -> bool:
    return isinstance(x, Iterable) and not isinstance(x, (str, bytes, Mapping, Set))


def as_floats(output: Any) -> Any:
    """Return what a model gave for one example as a float or a list of floats."""
    output = as_lists(output)
    if isinstance(output, (list, tuple)):
        return [float(h) for h in cast(Iterable[Any], output)]
    return float(output)


def plain_rows(x: object) -> Any:
    """Return nested lists in which Values are their data, and all lists are new."""
    x = as_lists(x)
    if isinstance(x, (list, tuple)):
        return [plain_rows(element) for element in cast(list[Any], x)]
    return x.data if isinstance(x, Value) else x


def _number(x: Any) -> float:
    """Return one entry of an array of objects as a float."""
    if isinstance(x, (str, bytes)):
        raise TypeError("real numbers are needed, but some are text")
    if isinstance(x, Value):
        return x.data
    if hasattr(x, "toarray"):
        raise TypeError("a sparse matrix holds no rows of numbers: give its toarray()")
    try:
        return float(x)
    except OverflowError as error:
        raise ValueError(f"a number is too large: {error}") from None
    except TypeError:
        name = type(x).__name__
        found = "missing" if name in ("NoneType", "NAType", "NaTType") else f"of type {name}"
        raise TypeError(f"real numbers are needed, but some are {found}") from None

"""Intake: the batches that a program is called with, as matrices of one column per example."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any, TypeAlias

from autograd_mini.convert import number
from autograd_mini.value import Value

Array: TypeAlias = Any


def examples_of(x: Any) -> Any:
    """Return an argument's batch as a sequence by position: a list, a tuple or an array.

    Raises:
        ValueError: If it is one number, or something else without examples.
    """
    import numpy as np

    # A table's [0] is not its first row, and a tensor's dtype not NumPy's.
    rows: Any = x if issubclass(type(x), (list, tuple, np.ndarray)) else np.asarray(x)
    if getattr(rows, "ndim", 1) == 0:
        raise ValueError(f"an argument needs one entry for each example of a batch, but got {x!r}")
    return rows


def columns_of(
    batch: Sequence[Any], names: Sequence[str], shapes: Sequence[tuple[int, ...]], dtype: Any
) -> tuple[list[Array], int]:
    """Return each argument as a matrix with one column per example, and their number.

    Raises:
        ValueError: If an argument is missing, or has another shape.
    """
    import numpy as np

    if len(batch) != len(shapes):
        raise ValueError(
            f"the program takes {len(shapes)} arguments ({', '.join(names)}), but got {len(batch)}"
        )
    if not batch:
        return [], 1
    columns: list[Array] = []
    count = -1
    for name, x, shape in zip(names, batch, shapes, strict=True):
        array = x if type(x) is np.ndarray and x.dtype is dtype else _converted(x, dtype)
        if array.ndim != len(shape) + 1 or array.shape[1:] != shape:
            raise ValueError(
                f"argument {name!r} needs the shape (B, "
                f"{''.join(f'{n}, ' for n in shape)}) for a batch of B examples, but got "
                f"{array.shape}".replace(", )", ")" if shape else ",)")
            )
        if count not in (-1, len(array)):
            raise ValueError(
                f"all arguments need as many examples: {names[0]!r} has {count}, "
                f"but {name!r} has {len(array)}"
            )
        count = len(array)
        columns.append(array.T if array.ndim == 2 else array.reshape(count, math.prod(shape)).T)
    if count == 0:
        raise ValueError("a batch needs at least one example, but got none")
    return columns, count


def _converted(x: Any, dtype: Any) -> Array:
    """Return an argument as an array of the program's precision."""
    import numpy as np

    array = np.asarray(x)
    if array.dtype.kind not in "biuf":  # objects; text and complex numbers are refused
        array = np.frompyfunc(_float_of, 1, 1)(array.astype(object))
    return np.asarray(array, dtype)


def _float_of(x: Any) -> float:
    return x.data if isinstance(x, Value) else number(x)


def example_at(columns: Sequence[Array], shapes: Sequence[tuple[int, ...]], n: int) -> list[Any]:
    """Return one example of a batch, as the function takes it."""
    return [
        x[:, n].reshape(shape).tolist() if shape else float(x[0, n])
        for x, shape in zip(columns, shapes, strict=True)
    ]


def asked_for(wrt: Any, names: Sequence[str]) -> tuple[int, ...]:
    """Return the numbers of the arguments that are asked for.

    Raises:
        ValueError: If no argument has that name or number.
    """
    found: list[int] = []
    count = len(names)
    for one in [wrt] if is_one(wrt) else wrt:
        if not isinstance(one, str):
            place = operator.index(one)
        else:
            place = names.index(one) if one in names else count
        if not -count <= place < count:
            raise ValueError(
                f"no argument is called {one!r}: wrt takes {', '.join(map(repr, names))}, or a "
                f"number below {count}"
            )
        found.append(place % count)
    return tuple(found)


def selected(of_arguments: Sequence[Any], wrt: Sequence[int] | None) -> Sequence[Any]:
    """Return what there is of the arguments that are asked for; None means all."""
    return of_arguments if wrt is None else [of_arguments[k] for k in wrt]


def is_one(wrt: Any) -> bool:
    """Return whether one argument is asked for, by name or number, rather than several."""
    return isinstance(wrt, str) or hasattr(wrt, "__index__")


def all_finite(result: Array) -> bool:
    """Return whether no number of a result is infinite or NaN."""
    import numpy as np

    # The fastest look, which never warns.
    if math.isfinite(np.vdot(result, result)):  # pyright: ignore[reportUnknownArgumentType]
        return True
    with np.errstate(all="ignore"):  # of large numbers the squares may be too large
        return math.isfinite(result.sum())

"""Choice: the larger, the smaller, one of two, an element of many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, SupportsFloat, TypeVar, cast

from autograd_mini import contexts, ops
from autograd_mini.convert import as_float
from autograd_mini.errors import TraceError
from autograd_mini.functions.signatures import Scalar, binary, of_first, ternary
from autograd_mini.nested import elements, is_nested
from autograd_mini.value import Value, apply

__all__ = ["clip", "greater", "less", "maximum", "minimum", "take", "where"]

T = TypeVar("T")


@binary
def maximum(x: Scalar, y: Scalar) -> Scalar:
    """Return the larger of two, never -0.0; at a tie each has slope ½.

    Example:
        >>> maximum(2.0, 3.0)
        3.0
    """
    return apply(ops.MAXIMUM, x, y)


@binary
def minimum(x: Scalar, y: Scalar) -> Scalar:
    """Return the smaller of two, never -0.0; at a tie each has slope ½.

    Example:
        >>> minimum(2.0, 3.0)
        2.0
    """
    return apply(ops.MINIMUM, x, y)


@binary
def greater(x: Scalar, y: Scalar) -> Scalar:
    """Return 1.0 where x > y, else 0.0: a condition that is part of the graph.

    Example:
        >>> greater(2.0, 3.0)
        0.0
    """
    return apply(ops.GREATER, x, y)


@binary
def less(x: Scalar, y: Scalar) -> Scalar:
    """Return 1.0 where x < y, else 0.0: a condition that is part of the graph.

    Example:
        >>> less(2.0, 3.0)
        1.0
    """
    return apply(ops.LESS, x, y)


@ternary
def where(cond: Scalar, a: Scalar, b: Scalar) -> Scalar:
    """Return `a` where the condition holds, else `b`; both have been computed.

    A plain bool is a constant; a condition made by `greater` or `less` is decided anew by
    `recompute()` and in compiled programs.

    Example:
        >>> where(2.0 > 1.0, 5.0, 7.0)
        5.0
    """
    return apply(ops.WHERE, cond, a, b)


@of_first
def clip(x: Scalar, low: Scalar, high: Scalar) -> Scalar:
    """Return x, or the bound it is beyond; the slope at the bounds is 1.

    Raises:
        DomainError: If low > high.

    Example:
        >>> clip(5.0, -1.0, 1.0)
        1.0
    """
    return apply(ops.CLIP, x, low, high)


def take(values: Sequence[T], index: SupportsFloat) -> T:
    """Return the element of a sequence at an integer: a Value, a number, or a row of them.

    Args:
        values: What to choose from: a list, a tuple, an array.
        index: A whole number; a float or a Value that holds one will do. As everywhere in
            Python, -1 is the last.

    Raises:
        IndexError: If there is no such element.
        TypeError: If `index` is not a whole number, or `values` not a sequence.

    Example:
        >>> take([10.0, 20.0, 30.0], 1.0)
        20.0
    """
    if not hasattr(values, "__len__"):
        raise TypeError(f"take needs a sequence and an index in it, but got {values!r}")
    values = cast(Sequence[T], elements(values))
    if contexts.state.tracing and isinstance(index, Value) and not _is_known(index):
        return _taken(values, apply(ops.PLACE, index, float(len(values))))
    number = as_float(index)
    if number % 1.0 != 0.0:  # NaN and infinity, too
        raise TypeError(f"take needs a whole number as index, but got {index!r}")
    if not -len(values) <= number < len(values):
        raise IndexError(
            f"take found no element {number:.16g}: there are {len(values)}, numbered from 0"
        )
    return values[int(number)]


def _is_known(index: Value) -> bool:
    tracer = contexts.tracer.get()
    return tracer is None or tracer.is_known(index)


def _taken(values: Sequence[Any], at: Value) -> Any:
    """Return the element at a place that is not known yet: a node that chooses it.

    Where no element has that index it is NaN: the program then calls the function, whose error
    tells the index.
    """
    if not len(values):
        raise IndexError("take found no element: there are none")
    if is_nested(values[0]):
        lengths = sorted({len(row) if is_nested(row) else 0 for row in values})
        if len(lengths) > 1:
            raise TraceError(
                "take chooses among rows of one length in a compiled program, but got rows of "
                f"{', '.join(map(str, lengths))}: pad the shorter ones"
            )
        return [_taken(column, at) for column in zip(*values, strict=True)]
    return apply(ops.TAKE, at, *values)

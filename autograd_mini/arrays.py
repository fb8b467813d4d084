"""Values beside NumPy arrays: an operator maps over the elements."""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable
from typing import Any

from autograd_mini import contexts
from autograd_mini.convert import number
from autograd_mini.ops import Op
from autograd_mini.value import Value


def elementwise(op: Op, a: object, b: object) -> Any:
    """Map an operator over an array; refuse what can never be an operand, with advice."""
    other: Any = b if isinstance(a, Value) else a
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(other, numpy.ndarray):
        return numpy.frompyfunc(op.forward, 2, 1)(*[_boxed(x, numpy) for x in (a, b)])
    if other is None or isinstance(other, (str, bytes, complex)):
        number(other)
    return NotImplemented


def compared(symbol: Callable[[Any, Any], Any], x: Value, y: Any) -> Any:
    """Compare a Value with what is neither a Value nor a plain number.

    With an array it is element by element, with a NumPy scalar as a number.
    """
    if not hasattr(y, "__float__") and not hasattr(y, "dtype"):
        return NotImplemented
    if (tracer := contexts.tracer.get()) is not None:
        return tracer.compare(symbol, x, y)
    numpy = sys.modules.get("numpy")
    if numpy is None or not isinstance(y, (numpy.ndarray, numpy.generic)):
        unordered = x.data != x.data or y != y  # an order of NaN makes Decimal raise
        return symbol is operator.ne if unordered else symbol(x.data, y)
    if y.ndim:
        return numpy.frompyfunc(symbol, 2, 1)(_boxed(x, numpy), y).astype(bool)
    return symbol(x, y.item())  # NumPy would round x to the type of y


def _boxed(x: Any, numpy: Any) -> Any:
    """Return a Value as a 0-d array, which ufuncs accept although Values refuse ufuncs."""
    if not isinstance(x, Value):
        return x
    box = numpy.empty((), dtype=object)
    box[()] = x
    return box

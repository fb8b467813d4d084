"""The door: what becomes a float, and what is turned away with advice."""

from __future__ import annotations

import math
from typing import Any, SupportsFloat

from autograd_mini.errors import too_large
from autograd_mini.ops import Number


def number(x: Any) -> float:
    """Return `x` as a float, or say why it is not a number."""
    if type(x) is int:
        try:
            return float(x)
        except OverflowError:
            raise too_large(x) from None
    if isinstance(x, Number):
        raise TypeError(f"{x!r} is a Value already: use it as it is, or its .data or .detach()")
    if isinstance(x, (str, bytes)):
        raise TypeError(f"a Value holds a number, but got the text {x!r}: convert it with float()")
    kind = getattr(getattr(x, "dtype", None), "kind", "")
    if isinstance(x, complex) or kind == "c":
        raise TypeError(
            f"a Value holds a real number, but got {x!r}: use its .real, .imag or abs()"
        )
    if getattr(x, "ndim", 0):
        shape = x.shape
        raise TypeError(
            f"a Value holds one number, but got an array of shape {shape}: wrap its elements, "
            "as in [Value(element) for element in array]"
        )
    if not hasattr(x, "__float__"):
        raise TypeError(f"a Value holds a number, but got {x!r} of type {type(x).__name__}")
    if kind and kind not in "biuf":  # an array around one object: a Value, a text, a date
        return number(x.item())
    try:
        data = float(x)
    except OverflowError:
        raise too_large(x) from None
    if math.isinf(data) and x != data:  # float(Decimal("1e400")) is inf without an error
        raise too_large(x)
    return data


def as_float(x: SupportsFloat) -> float:
    """Return a number, or the one that a Value holds, as a float."""
    if type(x) is float:
        return x
    return float(x) if isinstance(x, Number) else number(x)

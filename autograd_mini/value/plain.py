"""What a Value answers where a plain number is asked for: conversions and comparisons."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from autograd_mini import contexts, frames
from autograd_mini.ops import Number

if TYPE_CHECKING:
    from autograd_mini.value import Scalar

CONSTANT: Final = "constant"  # in place of a source line
_state = contexts.state


class Plain(Number):
    """A Value as the number that it holds.

    While a function is compiled, a number that leaves the graph is refused.
    """

    __slots__ = ()
    data: float

    def item(self) -> float:
        """Return the data, a float."""
        if _state.tracing:
            refuse_to_bake_in(self, "item()")
        return self.data

    def __float__(self: Any) -> float:
        if _state.tracing:
            refuse_to_bake_in(self, "float()")
        elif self._source is not CONSTANT:
            frames.note_float(self)
        return self.data

    def __int__(self) -> int:
        if _state.tracing:
            refuse_to_bake_in(self, "int()")
        return int(self.data)

    def __bool__(self) -> bool:
        if _state.tracing:
            refuse_to_bake_in(self, "bool()")
        return self.data != 0.0

    def __round__(self, digits: int | None = None) -> float:
        if _state.tracing:
            refuse_to_bake_in(self, "round()")
        return round(self.data, digits)

    def __format__(self, spec: str) -> str:
        return format(self.data, spec)

    def __eq__(self, other: object) -> bool:
        return NotImplemented if isinstance(other, Plain) else _compare(operator.eq, self, other)

    def __ne__(self, other: object) -> bool:
        return NotImplemented if isinstance(other, Plain) else _compare(operator.ne, self, other)

    __hash__ = object.__hash__

    def __lt__(self, other: Scalar) -> bool:
        return _compare(operator.lt, self, other)

    def __le__(self, other: Scalar) -> bool:
        return _compare(operator.le, self, other)

    def __gt__(self, other: Scalar) -> bool:
        return _compare(operator.gt, self, other)

    def __ge__(self, other: Scalar) -> bool:
        return _compare(operator.ge, self, other)


def _compare(symbol: Callable[[Any, Any], Any], x: Any, y: Any) -> Any:
    if isinstance(y, Plain):
        other = y.data
    elif type(y) is float or type(y) is int:
        other = y
    else:
        from autograd_mini.arrays import compared

        return compared(symbol, x, y)
    if _state.tracing and (tracer := contexts.tracer.get()) is not None:
        return tracer.compare(symbol, x, y)
    return symbol(x.data, other)


def refuse_to_bake_in(x: Plain, how: str) -> None:
    """While a function is compiled, a number that leaves the graph would be frozen into it."""
    if (tracer := contexts.tracer.get()) is not None:
        tracer.refuse(x, how)

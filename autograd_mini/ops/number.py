"""Number: what a rule asks of a number that is not a float."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self, TypeVar

from autograd_mini.ops import table
from autograd_mini.ops.op import Op

T = TypeVar("T", bound="Number")


def _method(op: Op) -> Callable[[T], T]:
    """Return a row as a method; the function of its name tells what it computes."""

    def method(self: T) -> T:
        return self.apply(op, self)

    method.__name__ = op.name
    method.__qualname__ = f"Number.{op.name}"
    method.__doc__ = f"Return what the function `autograd_mini.{op.name}` does of this number."
    return method


class Number:
    """What a rule asks of a number that is not a float: arithmetic, and functions as methods.

    A subclass applies rows to operands of its own kind in `apply`.
    """

    __slots__ = ()

    @classmethod
    def apply(cls, op: Op, *operands: Any) -> Any:
        """Apply a row to operands of which at least one is of this kind."""
        raise NotImplementedError

    def __add__(self, other: Any) -> Any:
        return self.apply(table.ADD, self, other)

    def __radd__(self, other: Any) -> Any:
        return self.apply(table.ADD, other, self)

    def __sub__(self, other: Any) -> Any:
        return self.apply(table.SUB, self, other)

    def __rsub__(self, other: Any) -> Any:
        return self.apply(table.SUB, other, self)

    def __mul__(self, other: Any) -> Any:
        return self.apply(table.MUL, self, other)

    def __rmul__(self, other: Any) -> Any:
        return self.apply(table.MUL, other, self)

    def __truediv__(self, other: Any) -> Any:
        return self.apply(table.DIV, self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self.apply(table.DIV, other, self)

    def __pow__(self, other: Any) -> Any:
        return self.apply(table.POW, self, other)

    def __rpow__(self, other: Any) -> Any:
        return self.apply(table.POW, other, self)

    def __neg__(self) -> Self:
        return self.apply(table.NEG, self)

    def __abs__(self) -> Self:
        return self.apply(table.ABS, self)

    exp = _method(table.EXP)
    log = _method(table.LOG)
    log1p = _method(table.LOG1P)
    expm1 = _method(table.EXPM1)
    sqrt = _method(table.SQRT)
    sin = _method(table.SIN)
    cos = _method(table.COS)
    tan = _method(table.TAN)
    sinh = _method(table.SINH)
    cosh = _method(table.COSH)
    tanh = _method(table.TANH)
    asin = _method(table.ASIN)
    acos = _method(table.ACOS)
    atan = _method(table.ATAN)
    erf = _method(table.ERF)
    erfc = _method(table.ERFC)
    sigmoid = _method(table.SIGMOID)
    relu = _method(table.RELU)
    softplus = _method(table.SOFTPLUS)

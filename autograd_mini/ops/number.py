"""Number: what a rule asks of a number that is not a float."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self, TypeVar

from autograd_mini.ops.op import Op
from autograd_mini.ops.table import (
    ABS,
    ACOS,
    ADD,
    ASIN,
    ATAN,
    COS,
    COSH,
    DIV,
    ERF,
    ERFC,
    EXP,
    EXPM1,
    LOG,
    LOG1P,
    MUL,
    NEG,
    POW,
    RELU,
    SIGMOID,
    SIN,
    SINH,
    SOFTPLUS,
    SQRT,
    SUB,
    TAN,
    TANH,
)

__all__ = ["Number"]

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
        return self.apply(ADD, self, other)

    def __radd__(self, other: Any) -> Any:
        return self.apply(ADD, other, self)

    def __sub__(self, other: Any) -> Any:
        return self.apply(SUB, self, other)

    def __rsub__(self, other: Any) -> Any:
        return self.apply(SUB, other, self)

    def __mul__(self, other: Any) -> Any:
        return self.apply(MUL, self, other)

    def __rmul__(self, other: Any) -> Any:
        return self.apply(MUL, other, self)

    def __truediv__(self, other: Any) -> Any:
        return self.apply(DIV, self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self.apply(DIV, other, self)

    def __pow__(self, other: Any) -> Any:
        return self.apply(POW, self, other)

    def __rpow__(self, other: Any) -> Any:
        return self.apply(POW, other, self)

    def __neg__(self) -> Self:
        return self.apply(NEG, self)

    def __abs__(self) -> Self:
        return self.apply(ABS, self)

    exp = _method(EXP)
    log = _method(LOG)
    log1p = _method(LOG1P)
    expm1 = _method(EXPM1)
    sqrt = _method(SQRT)
    sin = _method(SIN)
    cos = _method(COS)
    tan = _method(TAN)
    sinh = _method(SINH)
    cosh = _method(COSH)
    tanh = _method(TANH)
    asin = _method(ASIN)
    acos = _method(ACOS)
    atan = _method(ATAN)
    erf = _method(ERF)
    erfc = _method(ERFC)
    sigmoid = _method(SIGMOID)
    relu = _method(RELU)
    softplus = _method(SOFTPLUS)

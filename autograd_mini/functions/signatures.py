"""What a type checker knows of functions: a Value gives a Value, numbers give a float."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeAlias, cast, overload

from autograd_mini.value import Value

__all__ = ["Scalar", "many", "unary"]

Scalar: TypeAlias = "Value | float"


class Unary(Protocol):
    @overload
    def __call__(self, x: Value, /) -> Value: ...
    @overload
    def __call__(self, x: float, /) -> float: ...
    @overload
    def __call__(self, x: Any, /) -> Any: ...


class Many(Protocol):
    @overload
    def __call__(self, xs: Iterable[Value], /) -> Value: ...
    @overload
    def __call__(self, xs: Iterable[float], /) -> float: ...
    @overload
    def __call__(self, xs: Iterable[Any], /) -> Any: ...


def unary(function: Callable[..., Any]) -> Unary:
    """Tell a type checker that a Value gives a Value, and a number a float."""
    return cast(Unary, function)


def many(function: Callable[..., Any]) -> Many:
    """Tell a type checker that Values give a Value, and numbers a float."""
    return cast(Many, function)

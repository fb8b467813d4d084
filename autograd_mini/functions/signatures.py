"""What a type checker knows of functions: a Value among the arguments gives a Value."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Concatenate, ParamSpec, Protocol, TypeAlias, cast, overload

from autograd_mini.value import Scalar, Value

__all__ = ["Scalar", "binary", "many", "of_first", "of_pairs", "ternary", "unary"]

P = ParamSpec("P")
Scalars: TypeAlias = "Iterable[Value | float]"

# The last overload of each is for any other kind of number, and for numbers whose kind is unknown.


class Unary(Protocol):
    @overload
    def __call__(self, x: Value, /) -> Value: ...
    @overload
    def __call__(self, x: float, /) -> float: ...
    @overload
    def __call__(self, x: Any, /) -> Any: ...


class Binary(Protocol):
    @overload
    def __call__(self, x: Value, y: Scalar, /) -> Value: ...
    @overload
    def __call__(self, x: Scalar, y: Value, /) -> Value: ...
    @overload
    def __call__(self, x: float, y: float, /) -> float: ...
    @overload
    def __call__(self, x: Any, y: Any, /) -> Any: ...


class OfFirst(Protocol[P]):
    @overload
    def __call__(self, x: Value, /, *args: P.args, **kwargs: P.kwargs) -> Value: ...
    @overload
    def __call__(self, x: Any, /, *args: P.args, **kwargs: P.kwargs) -> Any: ...


class Ternary(Protocol):
    @overload
    def __call__(self, cond: Scalar, a: Value, b: Scalar) -> Value: ...
    @overload
    def __call__(self, cond: Scalar, a: Scalar, b: Value) -> Value: ...
    @overload
    def __call__(self, cond: Value, a: Scalar, b: Scalar) -> Value: ...
    @overload
    def __call__(self, cond: float, a: float, b: float) -> float: ...
    @overload
    def __call__(self, cond: Any, a: Any, b: Any) -> Any: ...


class Many(Protocol):
    @overload
    def __call__(self, xs: Iterable[Value], /) -> Value: ...
    @overload
    def __call__(self, xs: Iterable[float], /) -> float: ...
    @overload
    def __call__(self, xs: Iterable[Any], /) -> Any: ...


class OfPairs(Protocol):
    @overload
    def __call__(self, ws: Iterable[Value], xs: Scalars, bias: Scalar = 0.0) -> Value: ...
    @overload
    def __call__(self, ws: Scalars, xs: Iterable[Value], bias: Scalar = 0.0) -> Value: ...
    @overload
    def __call__(self, ws: Iterable[float], xs: Iterable[float], bias: float = 0.0) -> float: ...
    @overload
    def __call__(self, ws: Iterable[Any], xs: Iterable[Any], bias: Any = 0.0) -> Any: ...


def unary(function: Callable[[Scalar], Scalar]) -> Unary:
    """Tell a type checker that a Value gives a Value, and a number a float."""
    return cast(Unary, function)


def binary(function: Callable[[Scalar, Scalar], Scalar]) -> Binary:
    """Tell a type checker that a Value on either side gives a Value, and numbers a float."""
    return cast(Binary, function)


def of_first(function: Callable[Concatenate[Scalar, P], Scalar]) -> OfFirst[P]:
    """Tell a type checker that a Value as the first argument gives a Value."""
    return cast(OfFirst[P], function)


def ternary(function: Callable[[Scalar, Scalar, Scalar], Scalar]) -> Ternary:
    """Tell a type checker that a Value in any place gives a Value, and numbers a float."""
    return cast(Ternary, function)


def many(function: Callable[[Scalars], Scalar]) -> Many:
    """Tell a type checker that Values give a Value, and numbers a float."""
    return cast(Many, function)


def of_pairs(function: Callable[[Scalars, Scalars, Scalar], Scalar]) -> OfPairs:
    """Tell a type checker that Values among the pairs give a Value, and numbers a float."""
    return cast(OfPairs, function)

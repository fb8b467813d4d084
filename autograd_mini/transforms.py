"""Derivatives as functions of functions, with JAX's names: grad, jacobian, hessian, ...

Each takes a function of numbers, or of nested lists of numbers, and returns one that computes a
derivative. They nest, and they touch no `.grad`: gradients are collected beside the graph.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from functools import wraps
from typing import Any, TypeAlias, cast

from autograd_mini import contexts, frames
from autograd_mini.backprop import adjoints
from autograd_mini.calls import answered
from autograd_mini.convert import as_float
from autograd_mini.nested import flat, is_nested, mapped, unwrapped
from autograd_mini.value import Value

__all__ = ["derivative", "grad", "hessian", "hvp", "jacobian", "value_and_grad"]

Function: TypeAlias = Callable[..., Any]

# Inside the function of an outer transform, results stay Values so that it can differentiate them.
_nested: ContextVar[bool] = ContextVar("nested", default=False)


@answered
def grad(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """Return the function that computes the gradient of `f`.

    Args:
        f: A function of numbers or nested lists of them, which returns one number.
        argnums: Which argument to differentiate, or several: then the answer is a tuple.

    Returns:
        A function of the same arguments; its answer has the structure of the argument. Given
        Values, it answers with Values that can be differentiated again.

    Raises:
        TypeError: If `f` returns something else than one number (use `jacobian`).
        ValueError: If `argnums` names an argument that the call does not have.

    Example:
        >>> grad(lambda x, y: x * x * y)(3.0, 2.0)
        12.0
        >>> grad(grad(lambda x: x**3))(2.0)
        12.0
        >>> grad(lambda xs: xs[0] * xs[1])([3.0, 2.0])
        [2.0, 3.0]
    """
    both = value_and_grad(f, argnums)

    @wraps(f)
    def gradient(*args: object, **kwargs: object) -> Any:
        return both(*args, **kwargs)[1]

    return gradient


@answered
def value_and_grad(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """Return the function that computes `f` and its gradient in one go; see `grad`.

    Example:
        >>> value_and_grad(lambda x: x**3)(2.0)
        (8.0, 12.0)
    """

    @wraps(f)
    def both(*args: object, **kwargs: object) -> tuple[Any, Any]:
        call = _Call(f, args, kwargs, argnums)
        if is_nested(call.output):
            raise TypeError(
                f"grad needs a function that returns one number, but {_name(f)} returned a list "
                f"of {len(call.output)}: use jacobian"
            )
        return call.finished(call.output), call.gradient(call.output)

    return both


@answered
def jacobian(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """Return the function that computes all first derivatives of `f`.

    The answer has the structure of the output of `f`, with the structure of the argument in the
    place of each number.

    Example:
        >>> jacobian(lambda x: [x[0] * x[1], x[0] + x[1]])([3.0, 2.0])
        [[2.0, 3.0], [1.0, 1.0]]
    """

    @wraps(f)
    def rows(*args: object, **kwargs: object) -> Any:
        call = _Call(f, args, kwargs, argnums)
        return mapped(call.gradient, call.output)

    return rows


@answered
def hessian(f: Function, argnums: int = 0) -> Function:
    """Return the function that computes all second derivatives of `f`.

    Example:
        >>> hessian(lambda x: x[0] ** 2 * x[1])([3.0, 2.0])
        [[4.0, 6.0], [6.0, 0.0]]
    """
    return jacobian(grad(f, argnums), argnums)


@answered
def derivative(f: Function, order: int = 1) -> Function:
    """Return the derivative of a function of one number, of any order.

    Raises:
        ValueError: If `order` is negative or not a whole number.

    Example:
        >>> derivative(lambda x: x**4, order=3)(2.0)
        48.0
    """
    if not hasattr(order, "__index__") or order < 0:
        raise ValueError(
            f"the order of a derivative is a whole number from 0 on, but got {order!r}"
        )
    for _ in range(order):
        f = grad(f)
    return f


@answered
def hvp(f: Function) -> Function:
    """Return the function (x, v) that computes the Hessian of `f` at x times v, in one pass.

    Raises:
        ValueError: If x and v differ in shape.

    Example:
        >>> hvp(lambda x: x[0] ** 2 * x[1])([3.0, 2.0], [1.0, 0.0])
        [4.0, 6.0]

    Reference:
        Pearlmutter, "Fast exact multiplication by the Hessian", Neural Computation 6 (1994).
    """

    def product(x: object, v: object) -> Any:
        def slope_along_v(x: object, v: object) -> Any:
            return sum(g * t for g, t in zip(flat(grad(f)(x)), flat(v), strict=True))

        if mapped(lambda _: None, x) != mapped(lambda _: None, v):
            raise ValueError(f"hvp needs x and v of one shape, but got {x!r} and {v!r}")
        return grad(slope_along_v)(x, v)

    return product


class _Call:
    """One call of a function on fresh Values, and what its derivatives need."""

    def __init__(
        self, f: Function, args: tuple[Any, ...], kwargs: dict[str, Any], argnums: Any
    ) -> None:
        self.several = not hasattr(argnums, "__index__")
        chosen = tuple(argnums) if hasattr(argnums, "__iter__") else (argnums,)
        for i in chosen:
            if not hasattr(i, "__index__"):
                raise TypeError(f"argnums is a position or a tuple of them, but got {argnums!r}")
            if not -len(args) <= i < len(args):
                raise ValueError(
                    f"argnums has {i}, but {_name(f)} was called with {len(args)} arguments"
                )
        inputs = list(args)
        for i in chosen:
            inputs[i] = mapped(_fresh, inputs[i])
        self.arguments = [inputs[i] for i in chosen]
        inputs = [_copied(x) for x in inputs]  # what `f` does to its lists changes nothing
        kwargs = {name: _copied(x) for name, x in kwargs.items()}
        self.is_inner = _nested.get()
        self.stays_graph = self.is_inner or any(map(_has_values, (*args, *kwargs.values())))
        self.given = [*args, *kwargs.values()] if contexts.is_tracing() else []
        self.is_compiled = contexts.is_tracing() and not self.stays_graph
        token = _nested.set(True)
        try:
            with contexts.recording():
                self.output = unwrapped(f(*inputs, **kwargs))
        finally:
            _nested.reset(token)
        if not isinstance(self.output, Value):
            frames.note_function(f, [x for argument in self.arguments for x in flat(argument)])

    def finished(self, x: Any) -> Any:
        """Return a result as the caller sees it: a Value where it may be differentiated again."""
        if self.is_compiled and isinstance(x, Value):
            return x.detach()  # what a plain number is in a compiled program
        if not self.stays_graph:
            return as_float(x)
        if not self.is_inner and (tracer := contexts.tracer.get()) is not None:
            tracer.differentiated(flat(self.given), x)
        return x if contexts.grad_enabled.get() else Value(as_float(x))

    def gradient(self, output: Any) -> Any:
        """Return the derivatives of one output number, in the structure of the arguments."""
        if isinstance(output, Value):
            with contexts.recording():
                found = adjoints(output, create_graph=self.stays_graph or self.is_compiled)
        else:
            as_float(output)  # a constant function; anything but a number is an error here
            found = dict[Value, Any]()

        def derivative_at(x: Value) -> Any:
            return self.finished(found.get(x, 0.0))

        each = tuple(mapped(derivative_at, argument) for argument in self.arguments)
        return each if self.several else each[0]


def _has_values(x: object) -> bool:
    """Return whether an argument is a Value, or holds one."""
    if getattr(getattr(x, "dtype", None), "kind", "O") in "biufc":
        return False  # an array of numbers, which may be large
    return any(isinstance(number, Value) for number in flat(x))


def _copied(x: Any) -> Any:
    """Return a list or array of its own, of lists of their own; all else as it is."""
    if type(x) is tuple:
        return tuple([_copied(part) for part in cast("tuple[Any, ...]", x)])
    if type(x) is list:
        return [_copied(part) for part in cast("list[Any]", x)]
    return x.copy() if getattr(x, "ndim", 0) and hasattr(x, "copy") else x


def _fresh(x: Any) -> Value:
    """Return a new node to differentiate at; a Value stays reachable from it, for an outer grad."""
    return x * 1.0 if isinstance(x, Value) else Value(x)


def _name(f: Function) -> str:
    return getattr(f, "__name__", repr(f))

"""`primitive`: a function of floats becomes an operation of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

from autograd_mini import ops
from autograd_mini.functions.signatures import Scalar
from autograd_mini.ops import Op, Range, Rule
from autograd_mini.value import apply

if TYPE_CHECKING:
    from inspect import Signature

__all__ = ["primitive"]


def primitive(
    *,
    partials: Sequence[Rule] | Rule,
    name: str | None = None,
    domain: str = "",
    smooth: Range | tuple[Range, ...] = (-3.0, 3.0),
    kinks: Sequence[float | Callable[..., Any]] = (),
) -> Callable[[Callable[..., float]], Callable[..., Any]]:
    """Make a function of floats into an operation of its own: a new row of the rule table.

    The operation is at once drawn, stepped, checked and compiled like any other.

    Args:
        partials: One function `(f, *operands)` for each argument, written in plain arithmetic
            and the functions of this package; or, for a function of any number of arguments,
            one function that returns the tuple of all partials. A function of one argument may
            give its rule as it is.
        name: The row's name; the function's own by default.
        domain: In words, where the function has a real result.
        smooth: A range of arguments without kinks, one for all or one for each.
        kinks: Where the slope jumps, as in `Op`.

    Raises:
        ValueError: If a built-in row has that name.
        TypeError: If there is not one partial for each argument, or one takes something else
            than the result and the arguments.

    Example:
        >>> from autograd_mini import Value
        >>> @primitive(partials=(lambda f, x: 3.0 * x**2,))
        ... def cube(x):
        ...     return x**3
        >>> x = Value(2.0)
        >>> cube(x).backward()
        >>> x.grad
        12.0
        >>> cube(2.0)
        8.0
    """

    def decorate(forward: Callable[..., float]) -> Callable[..., Any]:
        signature = _signature(forward)
        rules = partials
        if callable(partials) and _is_unary(signature):
            rules = (_only(partials),)
        options: dict[str, Any] = {"domain": domain, "smooth": smooth, "kinks": kinks}
        row = Op(name or forward.__name__, forward, rules, **options)
        if row.arity is not None:
            _check_signatures(row, signature)
        return _as_function(ops.register(row), signature)

    return decorate


def _as_function(row: Op, signature: Signature) -> Callable[..., Any]:
    """Return a row as a function that takes its arguments as the row's forward does."""
    forward = row.forward

    def operation(*operands: Scalar, **named: Scalar) -> Any:
        if named or (row.arity is not None and len(operands) < row.arity):
            bound = signature.bind(*operands, **named)
            bound.apply_defaults()
            operands = bound.args
        return apply(row, *operands)

    operation.__name__ = operation.__qualname__ = row.name
    operation.__doc__ = forward.__doc__
    operation.__module__ = forward.__module__
    vars(operation)["__wrapped__"] = forward  # as functools.wraps does
    return operation


def _signature(forward: Callable[..., float]) -> Signature:
    """Return the signature of a function; one written in C that does not tell takes any number."""
    from inspect import Parameter, Signature, signature

    try:
        return signature(forward)
    except (TypeError, ValueError):
        return Signature([Parameter("xs", Parameter.VAR_POSITIONAL)])


def _is_unary(signature: Signature) -> bool:
    from inspect import Parameter

    kinds = [p.kind for p in signature.parameters.values()]
    return len(kinds) == 1 and kinds[0] < Parameter.VAR_POSITIONAL


def _only(rule: Rule) -> Rule:
    """Return the rule of one operand, which may give its partial alone or as a tuple of one."""

    def slope(f: object, x: object) -> Any:
        found: Any = rule(f, x)
        return cast(Any, found)[0] if isinstance(found, tuple) else found

    return slope


def _check_signatures(row: Op, signature: Signature) -> None:
    """Refuse partials whose number, or whose parameters, do not match the function."""
    import inspect

    operands = [0.0] * cast(int, row.arity)
    needed = f"{row.name} has {len(operands)} partials, one for each argument, but cannot be called"
    try:
        signature.bind(*operands)
        needed = f"a partial of {row.name} takes the result f, then every argument"
        for rule in row.partials:
            inspect.signature(rule).bind(0.0, *operands)
    except TypeError as error:
        raise TypeError(f"{needed}: {error}") from None
    except ValueError:  # a function written in C may not tell
        pass

"""Calls: a function of one example, called as its user does or on Values, and what it gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, TypeAlias

from autograd_mini import contexts
from autograd_mini.errors import DomainError, TraceError
from autograd_mini.nested import flat, is_nested, mapped, unwrapped
from autograd_mini.value import Value

Shape: TypeAlias = "tuple[int, ...]"
Block: TypeAlias = Callable[[], AbstractContextManager[None]]  # in which a function is called


def eager(
    f: Callable[..., Any], example: Sequence[Any], block: Block = contexts.recording
) -> tuple[list[Value], list[list[Value]]]:
    """Run `f` on Values; return its results and, for each argument, its Values."""
    leaves: list[list[Value]] = []
    arguments = [as_leaves(x, leaves, Value) for x in example]
    with block():
        results, _ = results_of(f(*arguments))
    return results, leaves


def called(
    f: Callable[..., Any], example: Sequence[Any], block: Block = contexts.recording
) -> list[Value]:
    """Call `f` as its user does, on plain numbers and lists of their own; return its results."""
    with block():
        results, _ = results_of(f(*[mapped(plain, x) for x in example]))
    return results


def called_or_eager(
    f: Callable[..., Any], example: Sequence[Any], block: Block = contexts.recording
) -> list[Value]:
    """Call `f` as its user does; on Values, where it cannot be called on plain numbers."""
    try:
        return called(f, example, block)
    except AttributeError:  # `x.exp()`, say
        return eager(f, example, block)[0]
    except TypeError as own:
        try:
            return eager(f, example, block)[0]
        except AttributeError:  # the function is for plain numbers: `x.real`, say
            raise own from None
    except Exception as own:
        try:
            eager(f, example)
        except (ArithmeticError, DomainError):  # which says more
            raise
        except Exception:
            raise own from None
        raise


def shape_of(x: Any) -> Shape:
    """Return the shape of a number or of nested sequences of numbers.

    Raises:
        ValueError: If rows differ in length.
    """
    if not is_nested(x):
        return ()
    shape = getattr(x, "shape", None)
    if shape is not None:
        return tuple(shape)
    below = {shape_of(row) for row in x}
    if len(below) > 1:
        raise ValueError(
            f"the rows of an argument have different shapes: {sorted(below)}; give rows of one "
            "length, or pass them as arguments of their own"
        )
    return (len(x), *(below.pop() if below else ()))


def plain(x: Any) -> Any:
    """Return the number of a Value or of a NumPy scalar; a number of Python's is itself."""
    return x.item() if hasattr(x, "item") else x


def as_leaves(x: Any, leaves: list[list[Value]], kind: type[Value]) -> Any:
    """Return an argument with Values in place of numbers, and list them."""
    mine: list[Value] = []
    leaves.append(mine)

    def leaf(x: Any) -> Value:
        mine.append(kind(x))
        return mine[-1]

    return mapped(leaf, x)


def results_of(result: Any) -> tuple[list[Value], Shape]:
    """Return the roots in one list, and the shape of what the function returned."""
    result = unwrapped(result)
    if isinstance(result, Value):
        return [result], ()
    try:
        shape = shape_of(result)
    except ValueError:
        raise TraceError(
            f"a compiled function returns a number or rows of one length, but got {result!r:.200}"
        ) from None
    return [_result(y) for y in flat(result)], shape


def _result(y: Any) -> Value:
    if isinstance(y, Value):
        return y
    if not hasattr(y, "__float__"):
        raise TraceError(f"a compiled function returns numbers or lists of them, but got {y!r}")
    return Value(y)

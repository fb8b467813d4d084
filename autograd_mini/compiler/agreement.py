"""Agreement: whether a program gives the numbers of its function, and what is said if not."""

# Values' own slots are read here: of what a function computes, most leaves are constants.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import chain
from typing import Any, Final

from autograd_mini.compiler.calls import called_or_eager, eager
from autograd_mini.compiler.intake import Array
from autograd_mini.compiler.kinks import rounding_bounds
from autograd_mini.errors import TraceError
from autograd_mini.value import CONSTANT, Value

AGREEMENT: Final = 1e-6  # most wrong programs differ by far more
SINGLE: Final = 1e-2  # the same in single precision
NOISE: Final = 1e-3  # of the slack, relative to the largest number: what cancellation leaves
TINY: Final = 1e-300  # below, floats lose their digits
SAME: Final = (
    "the function does not do the same operations for every example; choose with where() instead "
    "of if, and keep numbers Values (not .data); check=False skips this test"
)


def alike(wanted: Array, got: Array, sizes: Array, slack: float) -> Array:
    """Return which numbers agree.

    Args:
        wanted: The function's.
        got: The program's.
        sizes: Numbers of the same kind, of which noise may be left.
        slack: How far apart they may be, relative to them.

    Example:
        >>> import numpy as np
        >>> alike(np.array([1.0, 2.0]), np.array([1.0, 2.5]), np.array([1.0]), 1e-6).tolist()
        [True, False]
    """
    import numpy as np

    def size(x: Array) -> Array:
        return np.where(np.isfinite(x), np.abs(x), 0.0)

    least = NOISE * size(sizes).max(initial=0.0)
    distance = TINY + slack * np.maximum(np.maximum(size(wanted), size(got)), least)
    is_near = np.isfinite(wanted) & np.isfinite(got) & (np.abs(wanted - got) <= distance)
    return _are_same(wanted, got) | is_near


def _are_same(wanted: Array, got: Array) -> Array:
    """Return which numbers are equal, nan to nan."""
    return (wanted == got) | ((wanted != wanted) & (got != got))


def compare_on_values(f: Callable[..., Any], example: Sequence[Any], wanted: Array) -> None:
    """Compare what a function computes from Values with what it computes from numbers.

    Both do the same operations in the same order, so they differ by their rounding alone.

    Args:
        f: The function.
        example: Its arguments, as plain numbers.
        wanted: What it gives for them.

    Raises:
        TraceError: If they differ.
    """
    import numpy as np

    try:
        on_values = eager(f, example)[0]
    except Exception:  # it is for plain numbers alone
        return
    got = np.array([y.data for y in on_values])
    is_same = _are_same(wanted, got)
    if not is_same.all():
        with suppress(Exception):  # of a function of the user's
            is_same |= abs(wanted - got) <= [rounding_bounds(y, (), 2.0**-52)[0] for y in on_values]
    if not is_same.all():
        raise disagreement("value", wanted, got, ~is_same, [example])


def refuse_strangers(
    f: Callable[..., Any], example: Sequence[Any], root: Value, known: Iterable[Value]
) -> None:
    """Raise TraceError if a function reads Values of which its recording knows nothing."""
    strangers = _unknown_leaves(root, known)
    if strangers:  # those that it makes itself are others the next time
        strangers &= _unknown_leaves(called_or_eager(f, example)[0], known)
    for p in strangers:
        raise TraceError(
            f"the function reads the Value {p.label or p.data!r} for the example "
            f"{short(example)}, but it did not when it was recorded: {SAME}"
        )


def _unknown_leaves(root: Value, known: Iterable[Value]) -> set[Value]:
    """Return the leaves below a node that are neither known nor plain numbers."""
    found: set[Value] = set()
    fresh = {root}.difference(known)
    while fresh:
        found |= fresh
        below = chain.from_iterable([x.inputs for x in fresh])
        fresh = {x for x in below if x._source is not CONSTANT}.difference(known, found)
    return {x for x in found if x.is_leaf and not x.is_constant}


def disagreement(
    what: str, wanted: Array, got: Array, where: Array, examples: Sequence[Any]
) -> TraceError:
    """Return the error that quotes the first of the numbers that differ."""
    import numpy as np

    theirs, ours = [float(np.broadcast_to(x, where.shape)[where][0]) for x in (wanted, got)]
    distinct: list[Any] = []
    for example in examples:
        if example not in distinct:
            distinct.append(example)
    on = " and ".join(map(short, distinct[:3]))
    one = f"the example {on}" if len(distinct) == 1 else f"the examples {on}"
    return TraceError(
        f"the compiled {what} is {ours!r}, but running the function on {one} gives {theirs!r}: "
        f"{SAME}"
    )


def short(example: Sequence[Any]) -> str:
    """Return an example as text of 80 characters at most."""
    text = repr(example)
    return text if len(text) < 80 else f"{text[:76]}...]"

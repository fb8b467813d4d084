"""Agreement: whether a program gives the numbers of its function, and what is said if not."""

# NumPy arrays are Any here.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from autograd_mini.errors import TraceError

Array: TypeAlias = Any

AGREEMENT: Final = 1e-6  # wrong programs differ by far more
SINGLE: Final = 1e-2  # the same in single precision
NOISE: Final = 1e-3  # of the slack, relative to the largest number: what cancellation leaves
TINY: Final = 1e-300  # below, floats lose their digits
SAME: Final = (
    "the function does not do the same operations for every example; choose with where() instead "
    "of if, and keep numbers Values (not .data); check=False skips this test"
)


def alike(wanted: Array, got: Array, sizes: Array, slack: float, largest: float = 0.0) -> Array:
    """Return which numbers agree.

    Args:
        wanted: The function's.
        got: The program's.
        sizes: Numbers of the same kind, of which noise may be left.
        slack: How far apart they may be, relative to them.
        largest: One more such number.

    Example:
        >>> import numpy as np
        >>> alike(np.array([1.0, 2.0]), np.array([1.0, 2.5]), np.array([1.0]), 1e-6).tolist()
        [True, False]
    """
    import numpy as np

    def size(x: Array) -> Array:
        return np.where(np.isfinite(x), np.abs(x), 0.0)

    least = NOISE * size(sizes).max(initial=largest)
    distance = TINY + slack * np.maximum(np.maximum(size(wanted), size(got)), least)
    is_same = (wanted == got) | ((wanted != wanted) & (got != got))
    is_near = np.isfinite(wanted) & np.isfinite(got) & (np.abs(wanted - got) <= distance)
    return is_same | is_near


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

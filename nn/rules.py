"""Rules of somebody's own: how an optimizer moves one parameter, tried on arrays of them.

A rule may be written for floats. Then a name that is kept for an array which is changed in place
afterwards is the changed one, a random number is one for all, and a new array is not the old one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from autograd_mini import TraceError

__all__ = ["move_as_floats"]

Move: TypeAlias = Callable[..., tuple[Any, ...]]

PLACES: Final = 16  # parameters for which arrays are compared with floats


def move_as_floats(make: Callable[[], Move], columns: Sequence[Any], *, compares: bool) -> None:
    """Move arrays in place, as a rule moves floats; where that fails they stay as they are.

    Args:
        make: Returns the rule of this step.
        columns: Parameters and their gradients, which stay, and what is remembered of each.
        compares: Whether some parameters are moved as floats, too.

    Raises:
        TraceError: If floats move otherwise.

    Example:
        >>> import numpy as np
        >>> theta, grad = np.array([1.0, 2.0]), np.array([10.0, 10.0])
        >>> move_as_floats(lambda: lambda x, g: (x - 0.1 * g,), [theta, grad], compares=True)
        >>> theta.tolist()
        [0.0, 1.0]
    """
    import numpy as np

    theta, grad, *moments = columns
    before = [column.copy() for column in columns]
    moved = [before[0], *before[2:]]
    try:
        found = [np.broadcast_to(x, theta.shape).copy() for x in make()(*columns)]
        if len(found) != len(moved):
            raise ValueError(f"a rule returns {len(moved)} numbers, but got {len(found)}")
        if compares:
            _compare(make, before, found)
        moved = found
    finally:
        for column, x in zip(
            [theta, grad, *moments], [moved[0], before[1], *moved[1:]], strict=True
        ):
            column[...] = x


def _compare(make: Callable[[], Move], before: Sequence[Any], moved: Sequence[Any]) -> None:
    import numpy as np

    slack = 1e-9 if before[0].itemsize == 8 else 1e-3
    for i in {*np.linspace(0, len(before[0]) - 1, PLACES).astype(int).tolist()}:
        wanted = make()(*[float(column[i]) for column in before])
        got = [float(x[i]) for x in moved]
        if not np.allclose(got, wanted, slack, 1e-12, equal_nan=True):
            raise TraceError(
                f"the optimizer's rule makes {got} of arrays where it makes {[*wanted]} of floats: "
                "write it in arithmetic that is the same for both"
            )

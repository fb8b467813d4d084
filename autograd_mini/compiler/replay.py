"""Replay: what the function itself says of an example for which a program is not finite."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from autograd_mini.backprop import adjoints
from autograd_mini.compiler.calls import called_or_eager
from autograd_mini.compiler.check import Check, TextKey
from autograd_mini.compiler.intake import Array
from autograd_mini.compiler.plan import FORWARD, INPUTS
from autograd_mini.compiler.record import Graph, record_again
from autograd_mini.compiler.runs import eager_or_recorded
from autograd_mini.errors import TraceError

SUSPECTS: Final = 8  # examples that are replayed when a result is not finite
SEARCHED: Final = 1_000  # those among which one is looked for, when the program has no result


def suspects(count: int, shown: Array | None) -> list[int]:
    """Return the examples of a batch to replay, those first that show numbers not finite."""
    import numpy as np

    if shown is None:
        return list(range(min(count, SEARCHED)))
    return np.isfinite(shown).all(axis=1).argsort(kind="stable")[:SUSPECTS].tolist()


def symptoms(function: Callable[..., Any], guarded: bool, columns: Sequence[Array]) -> Array:
    """Return a number for each example alone, which is not finite if anything there is not.

    Args:
        function: Computes the results of one example.
        guarded: Whether it returns a guard, too.
        columns: The batch.
    """
    import numpy as np

    found: list[float] = []
    for n in range(min(columns[0].shape[1], SEARCHED)):
        try:
            result = function(*[x[:, n : n + 1] for x in columns])
            values, guard = result if guarded else (result, 0.0)
            found.append(float(guard) + float(np.add.reduce(values, axis=None)))
        except Exception:  # of a function of the user's
            found.append(np.nan)
    return np.array(found)[:, None]


def replay(
    f: Callable[..., Any],
    graph: Graph,
    check: Check | None,
    example: Sequence[Any],
    result: Array | None,
    purpose: str,
) -> None:
    """Call a function on an example, so that its user gets its own error, if there is one.

    Raises:
        TraceError: If there is none, but another result than the program's, or another graph.
    """
    results = called_or_eager(f, example)
    if purpose == INPUTS:
        results = eager_or_recorded(f, example)[0]
    if check is not None and result is not None:
        check.compare_values(example, results, result)
    if purpose != FORWARD and graph.scalar:
        adjoints(results[0])
    if check is not None and not check.is_large:
        record_again(f, example, graph)


def compare_slopes(check: Check, purpose: str, slopes: Iterable[tuple[Any, Sequence[Any]]]) -> None:
    """Compare slopes that are not finite with the function's own, for some examples.

    An element that `take` does not choose is no part of the function's graph. In a program its
    slope is 0 times what may be infinite.

    Args:
        check: Knows the function.
        purpose: Whether the slopes are by parameters or by arguments.
        slopes: The program's slopes for each example, in one or several arrays, and the example.

    Raises:
        TraceError: If the function has a number where the program has none.
    """
    import numpy as np

    with np.errstate(all="ignore"):
        searched = islice(slopes, SEARCHED)
        flat = ((np.concatenate([*map(np.ravel, own)]), example) for own, example in searched)
        bad = (one for one in flat if not np.isfinite(one[0]).all())
        for own, example in islice(bad, SUSPECTS):
            wanted = check.answer([*example], TextKey(purpose)).gradient
            if wanted is not None and (differs := np.isfinite(wanted) & ~np.isfinite(own)).any():
                raise TraceError(
                    f"the compiled gradient is {own[differs][0]}, but running the function on the "
                    f"example {[*example]} gives {wanted[differs][0]}: in a program, an element "
                    "that take() does not choose has a gradient, too, and 0 times infinity is no "
                    "number; keep all elements finite"
                )


def own_slopes(
    run: Callable[[list[Array]], object], columns: list[Array], gtheta: Array
) -> Iterator[Array]:
    """Yield the gradient of each example of a batch; `gtheta` is at the end what it was."""
    import numpy as np

    kept = gtheta.copy()
    try:
        for n in range(columns[0].shape[1]):
            with np.errstate(all="ignore"):
                run([x[:, n : n + 1] for x in columns])
            yield gtheta.copy()
    finally:
        gtheta[:] = kept


def mean_of(slopes: Iterable[Array], count: int) -> Array:
    """Return the mean of the examples' own gradients, where that of the batch is not finite.

    A program sums over the batch first, and `(a + b) inf` is not `a inf + b inf`.
    """
    import numpy as np

    with np.errstate(all="ignore"):
        return sum(slope / count for slope in slopes)

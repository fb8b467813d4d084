"""Replay: what the function itself says of an example for which a program is not finite."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from autograd_mini.backprop import adjoints
from autograd_mini.compiler.calls import called_or_eager
from autograd_mini.compiler.check import Check
from autograd_mini.compiler.plan import FORWARD, INPUTS
from autograd_mini.compiler.record import Graph, record_again
from autograd_mini.compiler.runs import differentiable

Array: TypeAlias = Any

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
        results = differentiable(f, example)[0]
    if check is not None and result is not None:
        check.compare_values(example, results, result)
    if purpose != FORWARD and graph.scalar:
        adjoints(results[0])
    if check is not None and not check.is_large:
        record_again(f, example, graph)


def one_by_one(run: Callable[[list[Array]], object], columns: list[Array], gtheta: Array) -> None:
    """Make a gradient that is not finite the mean of the examples' own.

    A program sums over the batch first, and `(a + b) inf` is not `a inf + b inf`.
    """
    import numpy as np

    mean = np.zeros_like(gtheta)
    count = columns[0].shape[1]
    with np.errstate(all="ignore"):
        for n in range(count):
            run([x[:, n : n + 1] for x in columns])
            mean += gtheta / count
    gtheta[:] = mean

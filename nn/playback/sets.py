"""The data sets that nn ships, for a page that lets the reader choose one and its noise."""

from __future__ import annotations

from typing import Any, Final

from nn import datasets
from nn.playback.page import packed_floats

NAMES: Final = ("moons", "circles", "spirals", "xor", "blobs")
MOST_POINTS: Final = 500


def data_sets(count: int) -> dict[str, Any]:
    """Return data sets of two classes in a plane: points without noise, and the noise of seed 0.

    A set with noise is `points + noise * deviations`, as `nn.datasets` makes it.

    Args:
        count: How many points each has, up to 500.

    Example:
        >>> sorted(data_sets(4)), data_sets(4)["sets"]["xor"][1]
        (['deviations', 'sets'], [0, 1, 1, 0])
    """
    n = min(count, MOST_POINTS)
    sets: dict[str, Any] = {}
    for name in NAMES:
        X, y = getattr(datasets, name)(n, **{"spread" if name == "blobs" else "noise": 0.0})
        sets[name] = [packed_floats(X.ravel()), y.tolist()]
    deviations, _ = datasets.blobs(n, centers=[[0.0, 0.0]], spread=1.0)
    return {"sets": sets, "deviations": packed_floats(deviations.ravel())}

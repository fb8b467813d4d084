"""A long drawing in rows, as text is: a chain of fifty operations fits a page.

The layout is cut where few edges pass, and what is to the right of a cut goes below. An edge that
is cut leaves its row to the right, passes between the rows and comes back from the left.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import ceil, sqrt
from typing import Final

from autograd_mini.drawing.layout import MARGIN, Layout, Point, Size

LONG: Final = 1500.0  # points; what is shorter, or not that much wider than high, stays as it is
SLIM: Final = 8.0
SHAPE: Final = 2.0  # width to height of what comes out
MOST_CUT: Final = 2  # edges, at one place
AFTER: Final = 6.0  # a column
LANE: Final = 7.0  # between two cut edges
TURN: Final = 16.0  # between a row and the edges that turn beside it


def in_rows(placed: Layout, sizes: Sequence[Size]) -> Layout:
    """Return a layout from left to right in rows, if it is long and can be cut.

    Args:
        placed: From `layout`.
        sizes: Width and height of each box.

    Example:
        >>> from autograd_mini.drawing.layout import layout
        >>> sizes, edges = [(100, 40)] * 20, [(i, i + 1) for i in range(19)]
        >>> long = layout(sizes, edges)
        >>> short = in_rows(long, sizes)
        >>> [(round(long.width), round(long.height)), (round(short.width), round(short.height))]
        [(2746, 64), (766, 301)]
    """
    if placed.width < max(LONG, SLIM * placed.height):
        return placed
    bounds = [
        (x - width / 2, x + width / 2)
        for (x, _), (width, _) in zip(placed.centers, sizes, strict=True)
    ]
    rows = ceil(sqrt(placed.width / (SHAPE * (placed.height + 2 * TURN))))
    cuts = _cuts(_gaps(bounds), placed.routes, placed.width / rows)
    if not cuts:
        return placed
    return _Rows(placed, sizes, [0.0, *cuts, placed.width]).layout()


def _gaps(bounds: Sequence[tuple[float, float]]) -> list[float]:
    """Return the places that no box covers, each just after a column: labels are further on."""
    gaps: list[float] = []
    reach = -1.0
    for left, right in sorted(bounds):
        if reach >= 0.0 and left > reach:
            gaps.append(min(reach + AFTER, (reach + left) / 2))
        reach = max(reach, right)
    return gaps


def _cuts(gaps: list[float], routes: list[list[Point]], width: float) -> list[float]:
    """Return where to cut: as far to the right as the width allows, where few edges pass."""
    cuts: list[float] = []
    start, best = 0.0, 0.0
    for gap in gaps:
        if len({y for route in routes for y, _ in _heights_at(route, gap)}) > MOST_CUT:
            continue
        if best > start and gap - start > 1.05 * width:
            cuts.append(best)
            start = best
        best = gap
    return cuts


def _heights_at(route: list[Point], x: float) -> list[tuple[float, float]]:
    """Return the heights at which a route comes to a place, and leaves it."""
    return [(a[1], b[1]) for a, b in pairwise(route) if a[0] < x <= b[0]]


class _Rows:
    """The rows between cuts, and where they go."""

    def __init__(self, placed: Layout, sizes: Sequence[Size], cuts: list[float]) -> None:
        self.placed, self.sizes, self.cuts = placed, sizes, cuts
        spans = list(pairwise(cuts))
        lanes = [
            sorted({y for route in placed.routes for y, _ in _heights_at(route, cut)})
            for cut in cuts[1:-1]
        ]
        self.lanes = lanes
        most = max(map(len, lanes))
        self.side = MARGIN + TURN + LANE * most  # what edges need beside the rows
        self.right = self.side + max(b - a for a, b in spans)
        self.shifts: list[Point] = []  # what moves a row to its place
        self.bottoms: list[float] = []
        top = MARGIN
        for row, (a, _) in enumerate(spans):
            low, high = self._extent(row)
            self.shifts.append((self.side - a, top - low))
            self.bottoms.append(top + high - low)
            top += high - low + (2 * TURN + LANE * len(lanes[row]) if row < len(lanes) else 0.0)
        self.height = top + MARGIN

    def _row(self, x: float) -> int:
        return sum(x >= cut for cut in self.cuts[1:-1])

    def _extent(self, row: int) -> tuple[float, float]:
        """Return the top and the bottom of a row, its boxes and edges."""
        ys = [
            edge
            for (x, y), (_, height) in zip(self.placed.centers, self.sizes, strict=True)
            if self._row(x) == row
            for edge in (y - height / 2, y + height / 2)
        ]
        ys += [y for route in self.placed.routes for x, y in route if self._row(x) == row]
        return min(ys), max(ys)

    def _moved(self, point: Point, row: int) -> Point:
        dx, dy = self.shifts[row]
        return point[0] + dx, point[1] + dy

    def _route(self, route: list[Point]) -> list[Point]:
        row = self._row(route[0][0])
        points = [self._moved(route[0], row)]
        for a, b in pairwise(route):
            leaving = a[1]
            while row < self._row(b[0]):
                lane = self.lanes[row].index(leaving) if leaving in self.lanes[row] else 0
                away = TURN / 2 + LANE * lane
                _, height = self._moved((0.0, leaving), row)
                between = self.bottoms[row] + TURN + LANE * lane
                row += 1
                leaving = b[1]
                _, arriving = self._moved((0.0, leaving), row)
                right, left = self.right + away, self.side - away
                points += [(right, height), (right, between), (left, between), (left, arriving)]
            points.append(self._moved(b, row))
        return points

    def layout(self) -> Layout:
        """Return the layout in rows."""
        placed = self.placed
        return Layout(
            self.right + self.side,
            self.height,
            [self._moved(center, self._row(center[0])) for center in placed.centers],
            [self._route(route) for route in placed.routes],
            [label and self._moved(label, self._row(label[0])) for label in placed.labels],
        )

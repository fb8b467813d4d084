"""The built-in layered layout: where boxes and edges go, in plain Python.

It knows boxes only by their sizes and edges only by the numbers of their ends, so anything
can be laid out with it. Five steps, after Sugiyama, Tagawa and Toda, "Methods for visual
understanding of hierarchical system structures" (1981):

1. columns: every box stands just before its nearest consumer;
2. dummies: a long edge gets a slot in each column it crosses, and all long edges of one box
   share one chain of slots;
3. order: sweeps that put each vertex at the mean of its neighbors, keeping the order with the
   fewest crossings;
4. straighten: boxes move towards their neighbors without changing places;
5. route: an edge bends only in the gap between two columns and crosses a column level, in its
   own slot, so that no edge can meet a box.

The code speaks of LR, where columns are side by side; TB is the same picture with x and y
exchanged. The same input gives the same picture, always.
"""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from math import inf
from typing import Final, NamedTuple, TypeAlias

Point: TypeAlias = tuple[float, float]
Size: TypeAlias = tuple[float, float]

BOX_SPACE: Final = 16.0  # between two boxes of a column
SLOT_SPACE: Final = 9.0  # beside the slot of a long edge
SLOT: Final = 2.0  # the breadth of such a slot
PORT_SPACE: Final = 11.0  # between two arrowheads at one box, where there is room
WIDE_PORT_SPACE: Final = 20.0  # in TB, where the index of an argument stands between them
GAP: Final = 38.0  # between two columns, more where edges travel far
WIDEST_GAP: Final = 130.0
ARROW: Final = 8.0  # the straight end of an edge, for its arrowhead
MARGIN: Final = 12.0
OWN: Final = 24  # columns that each of several long edges of one box shows for itself

STRAIGHT: Final = 50.0  # the pull along a long edge, where an edge between two boxes pulls with 1
ASIDE: Final = 0.02  # the pull of an input off the longest paths: it follows, the others stay

SWEEPS: Final = 8  # passes over the columns that look for fewer crossings
LARGE: Final = 1_000  # vertices; above, half the sweeps


class Layout(NamedTuple):
    """Where everything goes, in points, with y growing downwards.

    Attributes:
        width: Of the whole picture, margins included.
        height: Of the whole picture, margins included.
        centers: The middle of each box.
        routes: The way of each edge: between two points that differ in both coordinates lies
            an S-shaped curve, else a straight line. The last point is the tip of the arrow.
            Very long edges of one box share their way: the longest shows it from the box on,
            the others from 24 columns before they arrive.
        labels: The middle of each edge's label, None for an edge without one.
    """

    width: float
    height: float
    centers: list[Point]
    routes: list[list[Point]]
    labels: list[Point | None]


def layout(
    sizes: Sequence[Size],
    edges: Sequence[tuple[int, int]],
    labels: Sequence[Size | None] = (),
    rankdir: str = "LR",
) -> Layout:
    """Lay out a directed graph without cycles in columns (LR) or rows (TB).

    Args:
        sizes: Width and height of each box.
        edges: For each edge the index of the box it leaves and of the box it enters. The
            order of a box's edges is kept where nothing speaks against it.
        labels: Width and height of each edge's label, None for an edge without one.
        rankdir: "LR", left to right, or "TB", top to bottom.

    Raises:
        ValueError: If the edges form a cycle.

    Example:
        >>> layout([(40, 20), (40, 20)], [(0, 1)]).routes
        [[(52.0, 22.0), (90.0, 22.0)]]
    """
    upright = rankdir == "TB"
    if upright:
        sizes = [(height, width) for width, height in sizes]
        labels = [size and (size[1], size[0]) for size in labels]
    graph = _Layers(sizes, edges, labels)
    graph.port_space = WIDE_PORT_SPACE if upright else PORT_SPACE
    columns = _ordered(graph)
    across = _straightened(graph, columns)
    placed = _routed(graph, columns, across)
    return _transposed(placed) if upright else placed


def columns_crossed(count: int, edges: Sequence[tuple[int, int]]) -> int:
    """Return how many columns the edges between `count` boxes pass over, all together.

    Example:
        >>> columns_crossed(4, [(0, 1), (1, 2), (2, 3), (0, 3)])
        2
    """
    column, _ = _columns(count, edges)
    return sum(column[target] - column[source] - 1 for source, target in edges)


def _transposed(placed: Layout) -> Layout:
    return Layout(
        placed.height,
        placed.width,
        [(y, x) for x, y in placed.centers],
        [[(y, x) for x, y in route] for route in placed.routes],
        [point and (point[1], point[0]) for point in placed.labels],
    )


class _Layers:
    """The graph in columns: the boxes, then the slots and labels of long edges.

    A vertex is a number. Boxes come first, with the caller's numbers.
    """

    def __init__(
        self, sizes: Sequence[Size], edges: Sequence[tuple[int, int]], labels: Sequence[Size | None]
    ) -> None:
        self.boxes = len(sizes)
        self.port_space = PORT_SPACE
        self.length = [width for width, _ in sizes]
        self.breadth = [height for _, height in sizes]
        self.column, depth = _columns(len(sizes), edges)
        self.label_of: list[int | None] = [None] * len(edges)
        labeled = any(labels)
        if labeled:  # every second column is for labels
            self.column = [2 * column for column in self.column]

        # Neighbors, and how strongly each pulls when edges are straightened.
        self.before: list[list[tuple[int, float]]] = [[] for _ in sizes]
        self.after: list[list[tuple[int, float]]] = [[] for _ in sizes]
        self.paths: list[list[int]] = []
        self.chains: dict[int, list[int]] = {}
        for number, (source, target) in enumerate(edges):
            chain = self.chains.setdefault(source, [source])
            size = labels[number] if labeled else None
            end = self.column[target] - (2 if size else 1)
            while self.column[chain[-1]] < end:
                slot = self._vertex(self.column[chain[-1]] + 1, 0.0, SLOT)
                self._link(chain[-1], slot, STRAIGHT if len(chain) > 1 else 1.0)
                chain.append(slot)
            path = chain[: end - self.column[source] + 1]
            pull = 1.0 if depth[source] == depth[target] - 1 else ASIDE
            if size:
                label = self._vertex(end + 1, *size)
                self.label_of[number] = label
                self._link(path[-1], label, pull)
                path.append(label)
            self._link(path[-1], target, pull)
            path.append(target)
            self.paths.append(path)

    def _vertex(self, column: int, length: float, breadth: float) -> int:
        self.column.append(column)
        self.length.append(length)
        self.breadth.append(breadth)
        self.before.append([])
        self.after.append([])
        return len(self.column) - 1

    def _link(self, source: int, target: int, pull: float) -> None:
        self.after[source].append((target, pull))
        self.before[target].append((source, pull))


def _columns(count: int, edges: Sequence[tuple[int, int]]) -> tuple[list[int], list[int]]:
    """Return each box's column, just before its nearest consumer, and its depth from the leaves."""
    inputs: list[list[int]] = [[] for _ in range(count)]
    consumers: list[list[int]] = [[] for _ in range(count)]
    for source, target in edges:
        consumers[source].append(target)
        inputs[target].append(source)
    try:
        order = list(TopologicalSorter(dict(enumerate(inputs))).static_order())
    except CycleError as error:
        stuck = min(error.args[1])
        raise ValueError(
            f"a layered layout needs a graph without cycles; box {stuck} is on one"
        ) from None
    depth = [0] * count
    for box in order:
        depth[box] = max([depth[source] + 1 for source in inputs[box]], default=0)
    column = list(depth)
    for box in reversed(order):
        if consumers[box]:
            column[box] = min(column[target] for target in consumers[box]) - 1
    first = min(column, default=0)
    return [number - first for number in column], depth


def _ordered(graph: _Layers) -> list[list[int]]:
    """Return the vertices of each column, top to bottom, with few crossings."""
    columns = _as_first_met(graph)
    place = [0.0] * len(graph.column)
    for column in columns:
        _set_places(column, place)
    best, fewest = [list(column) for column in columns], _crossings(graph, columns)
    is_large = len(place) > LARGE
    for sweep in range(SWEEPS // 2 if is_large else SWEEPS):
        if not fewest:
            break
        leftwards = sweep % 2 == 0
        near, far = (graph.after, graph.before) if leftwards else (graph.before, graph.after)
        for column in reversed(columns) if leftwards else columns:
            want = {v: _mean(place, near[v] or far[v] or [(v, 1.0)]) for v in column}
            column.sort(key=want.__getitem__)
            _set_places(column, place)
        if is_large and leftwards:
            continue  # counting takes as long as sweeping: only there and back
        crossings = _crossings(graph, columns)
        if crossings < fewest:
            best, fewest = [list(column) for column in columns], crossings
    return best


def _as_first_met(graph: _Layers) -> list[list[int]]:
    """Columns in the order of a walk from the last boxes to their inputs, which untangles trees."""
    columns: list[list[int]] = [[] for _ in range(max(graph.column, default=-1) + 1)]
    seen = [False] * len(graph.column)
    stack = [v for v in reversed(range(len(graph.column))) if not graph.after[v]]
    while stack:
        v = stack.pop()
        if not seen[v]:
            seen[v] = True
            columns[graph.column[v]].append(v)
            stack.extend([source for source, _ in reversed(graph.before[v])])
    return columns


def _set_places(column: list[int], place: list[float]) -> None:
    """Give each vertex its place in the column, between 0 and 1."""
    step = 1.0 / len(column)
    for index, v in enumerate(column):
        place[v] = (index + 0.5) * step


def _mean(place: list[float], neighbors: list[tuple[int, float]]) -> float:
    if len(neighbors) == 1:
        return place[neighbors[0][0]]
    return sum([place[v] for v, _ in neighbors]) / len(neighbors)


def _crossings(graph: _Layers, columns: list[list[int]]) -> int:
    """Return how many pairs of edges cross, counted with a Fenwick tree in each gap."""
    total = 0
    rank = [0] * len(graph.column)
    for column in columns:
        for index, v in enumerate(column):
            rank[v] = index
    for left, right in pairwise(columns):
        size = len(right)
        tree = [0] * (size + 1)
        met = 0
        for v in left:
            ends = [rank[target] + 1 for target, _ in graph.after[v]]
            for index in ends:  # those met before that end below this one
                total += met
                while index:
                    total -= tree[index]
                    index &= index - 1
            for index in ends:
                while index <= size:
                    tree[index] += 1
                    index += index & -index
            met += len(ends)
    return total


def _straightened(graph: _Layers, columns: list[list[int]]) -> list[float]:
    """Return the middle of each vertex across the columns."""
    across = [0.0] * len(graph.column)
    room = [_room(graph, column) for column in columns]
    for column, gaps in zip(columns, room, strict=True):
        position = -0.5 * sum(gaps)
        for v, gap in zip(column, gaps, strict=True):
            position += gap
            across[v] = position
    inwards, outwards = graph.before, graph.after
    for passing in range(2 if len(across) > LARGE else 0, 6):
        leftwards = passing % 2 == 0
        sides = (inwards, outwards) if passing >= 4 else (outwards,) if leftwards else (inwards,)
        for index in range(len(columns))[:: -1 if leftwards else 1]:
            column = columns[index]
            want: list[float] = []
            pull: list[float] = []
            for v in column:
                weight = total = 0.0
                for neighbors in sides:
                    for other, strength in neighbors[v]:
                        weight += strength
                        total += strength * across[other]
                want.append(total / weight if weight else across[v])
                pull.append(weight or 0.1)
            _spread(want, pull, room[index])
            for v, position in zip(column, want, strict=True):
                across[v] = position
    _level(graph, columns, room, across)
    return [round(position, 2) for position in across]


def _level(
    graph: _Layers, columns: list[list[int]], room: list[list[float]], across: list[float]
) -> None:
    """Put the slots of each chain at one level for as long as there is room, then at the next."""
    above = [-1] * len(across)
    below = [-1] * len(across)
    gap = [0.0] * len(across)  # to the one above
    for column, gaps in zip(columns, room, strict=True):
        for upper, lower, space in zip(column, column[1:], gaps[1:], strict=False):
            above[lower], below[upper], gap[lower] = upper, lower, space
    for source, *chain in graph.chains.values():
        run: list[int] = []
        low, high, level = -inf, inf, across[source]
        for v in chain:
            top = across[above[v]] + gap[v] if above[v] >= 0 else -inf
            bottom = across[below[v]] - gap[below[v]] if below[v] >= 0 else inf
            if max(low, top) > min(high, bottom):
                for slot in run:
                    across[slot] = max(low, min(high, level))
                run, low, high, level = [], -inf, inf, across[v]
            run.append(v)
            low, high = max(low, top), min(high, bottom)
        for slot in run:
            across[slot] = max(low, min(high, level))


def _room(graph: _Layers, column: list[int]) -> list[float]:
    """Return how far each vertex of a column must stay from the one above it; 0 for the first."""
    gaps = [0.0]
    for above, below in pairwise(column):
        boxes = above < graph.boxes and below < graph.boxes
        space = BOX_SPACE if boxes else SLOT_SPACE
        gaps.append((graph.breadth[above] + graph.breadth[below]) / 2 + space)
    return gaps


def _spread(want: list[float], pull: list[float], gaps: Sequence[float]) -> None:
    """Move positions, as little as possible, until each is its gap below the one before.

    Pool adjacent violators: neighbors that would be too close move as one block to the mean
    of what they want. Least squares, in one pass.
    """
    blocks: list[tuple[float, float, int]] = []  # mean, weight, number of members
    offset = 0.0
    for position, weight, gap in zip(want, pull, gaps, strict=True):
        offset += gap
        mean, count = position - offset, 1
        while blocks and blocks[-1][0] >= mean:
            above, heavier, more = blocks.pop()
            mean = (above * heavier + mean * weight) / (heavier + weight)
            weight += heavier
            count += more
        blocks.append((mean, weight, count))
    start, offset = 0, 0.0
    for mean, _, count in blocks:
        for index in range(start, start + count):
            offset += gaps[index]
            want[index] = mean + offset
        start += count


def _routed(graph: _Layers, columns: list[list[int]], across: list[float]) -> Layout:
    """Coordinates: ports at the boxes, gaps between the columns, and the way of each edge."""
    top = min((across[v] - graph.breadth[v] / 2 for v in range(len(across))), default=0.0)
    across = [position - top + MARGIN for position in across]
    bottom = max((across[v] + graph.breadth[v] / 2 for v in range(len(across))), default=0.0)

    leave, arrive = _ports(graph, across)
    along, starts, ends = _main_axis(graph, columns, across)
    routes: list[list[Point]] = []
    by_length = sorted(enumerate(graph.paths), key=lambda numbered: len(numbered[1]))
    longest = {path[0]: number for number, path in by_length}
    for number, path in enumerate(graph.paths):
        if len(path) > OWN and longest[path[0]] != number:
            path = path[-OWN:]
        source, target = path[0], path[-1]
        level = across[source] if source >= graph.boxes else leave[number]
        points = [(round(along[source] + graph.length[source] / 2, 2), level)]
        for v in path[1:-1]:
            column = graph.column[v]
            if across[v] != level:
                points.append((ends[column - 1], level))
                level = across[v]
                points.append((starts[column], level))
        tip = round(along[target] - graph.length[target] / 2, 2)
        if arrive[number] != level:
            column = graph.column[target]
            points.append((ends[column - 1], level))
            points.append((starts[column] - ARROW, arrive[number]))
        points.append((tip, arrive[number]))
        routes.append(points)
    return Layout(
        ends[-1] + MARGIN if ends else 2 * MARGIN,
        bottom + MARGIN,
        [(along[v], across[v]) for v in range(graph.boxes)],
        routes,
        [None if v is None else (along[v], across[v]) for v in graph.label_of],
    )


def _ports(graph: _Layers, across: list[float]) -> tuple[list[float], list[float]]:
    """Return where each edge leaves its source and enters its target, across the columns.

    Edges enter a box one below the other, in the order they come from, each as level as the
    box and the other edges let it. Two edges between the same boxes leave apart as well.
    """
    leave = [across[path[0]] for path in graph.paths]
    arrive = [across[path[-1]] for path in graph.paths]
    entering: list[list[int]] = [[] for _ in range(graph.boxes)]
    for number, path in enumerate(graph.paths):
        entering[path[-1]].append(number)
    origin = [across[path[-2]] for path in graph.paths]
    for target, numbers in enumerate(entering):
        half = graph.breadth[target] / 2 - 5.0
        if len(numbers) < 2:
            for number in numbers:
                shift = origin[number] - across[target]
                if abs(shift) <= half / 2:
                    arrive[number] += shift
            continue
        numbers.sort(key=origin.__getitem__)
        space = min(graph.port_space, 2 * half / (len(numbers) - 1))
        reach = (len(numbers) - 1) / 2
        level = [  # where the ports would be for an edge to run straight
            origin[number] - space * (index - reach)
            for index, number in enumerate(numbers)
            if abs(origin[number] - across[target]) <= half / 2
        ]
        center = sum(level or [origin[number] for number in numbers]) / len(level or numbers)
        free = half - space * reach
        middle = max(across[target] - free, min(across[target] + free, center))
        beside: dict[int, list[int]] = {}
        for index, number in enumerate(numbers):
            arrive[number] = round(middle + space * (index - reach), 2)
            if len(graph.paths[number]) == 2:
                beside.setdefault(graph.paths[number][0], []).append(number)
        for source, together in beside.items():
            room = graph.breadth[source] / 2 - 5.0
            for number in together if len(together) > 1 else ():
                shift = arrive[number] - across[source]
                leave[number] += max(-room, min(room, shift))
    return leave, arrive


def _main_axis(
    graph: _Layers, columns: list[list[int]], across: list[float]
) -> tuple[list[float], list[float], list[float]]:
    """Return the middle of each vertex along the columns; where each column starts and ends."""
    travel = [0.0] * len(columns)  # into each column from the one before
    for v, sources in enumerate(graph.before):
        column = graph.column[v]
        for source, _ in sources:
            travel[column] = max(travel[column], abs(across[v] - across[source]))
    along = [0.0] * len(across)
    starts: list[float] = []
    ends: list[float] = []
    position = MARGIN
    for number, column in enumerate(columns):
        if number:
            position = round(position + min(GAP + travel[number] * 0.12, WIDEST_GAP), 2)
        length = max(graph.length[v] for v in column)
        for v in column:
            along[v] = position + length / 2
        starts.append(position)
        position = round(position + length, 2)
        ends.append(position)
    return along, starts, ends

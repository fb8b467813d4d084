"""The built-in layout, as geometry: nothing overlaps, and no edge meets a box."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_mini.drawing.layout import Layout, Point, Size, layout
from autograd_mini.drawing.wrap import in_rows

Edges = list[tuple[int, int]]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[Size], Edges, list[Size | None]]:
    count = draw(st.integers(1, 25))
    side = st.floats(8.0, 200.0)
    sizes = draw(st.lists(st.tuples(side, side), min_size=count, max_size=count))
    ends = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1))
    edges = [(a, b) for a, b in draw(st.lists(ends, max_size=60)) if a < b]
    label = st.none() | st.tuples(st.floats(10.0, 80.0), st.just(14.0))
    labels = draw(st.lists(label, min_size=len(edges), max_size=len(edges)))
    return sizes, edges, labels


def rectangle(center: Point, size: Size, shrink: float = 0.01) -> tuple[float, float, float, float]:
    (x, y), (width, height) = center, size
    half, tall = width / 2 - shrink, height / 2 - shrink
    return x - half, y - tall, x + half, y + tall


def overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def drawn(route: list[Point], rankdir: str) -> list[Point]:
    """Points along a route, its curves sampled as they are drawn."""
    points = [route[0]]
    for (x, y), (nx, ny) in pairwise(route):
        if x != nx and y != ny:
            for k in range(1, 17):
                t = k / 16
                ease = 3 * t * t * (1 - t) + t**3  # level at both ends
                half = 1.5 * t * (1 - t) ** 2 + 1.5 * t * t * (1 - t) + t**3
                go = (half, ease) if rankdir == "LR" else (ease, half)
                points.append((x + (nx - x) * go[0], y + (ny - y) * go[1]))
        points.append((nx, ny))
    return points


def meets(points: list[Point], box: tuple[float, float, float, float]) -> bool:
    """Whether a line through the points enters a rectangle."""
    for (x, y), (nx, ny) in pairwise(points):
        low, high = 0.0, 1.0
        for start, step, near, far in ((x, nx - x, box[0], box[2]), (y, ny - y, box[1], box[3])):
            if step:
                first, last = sorted(((near - start) / step, (far - start) / step))
                low, high = max(low, first), min(high, last)
            elif not near < start < far:
                low, high = 1.0, 0.0
        if low < high:
            return True
    return False


def check(placed: Layout, sizes: list[Size], edges: Edges, labels: list[Size | None]) -> None:
    boxes = [rectangle(c, size) for c, size in zip(placed.centers, sizes, strict=True)]
    texts = [
        rectangle(c, size) if c and size else None
        for c, size in zip(placed.labels, labels, strict=True)
    ]
    solid = boxes + [text for text in texts if text]
    for i, box in enumerate(solid):
        assert min(box) >= 0
        assert box[2] <= placed.width
        assert box[3] <= placed.height
        assert not any(overlap(box, other) for other in solid[:i])


@pytest.mark.parametrize("rankdir", ["LR", "TB"])
@given(graph=graphs())
def test_no_edge_meets_a_box_or_another_edges_label(
    graph: tuple[list[Size], Edges, list[Size | None]], rankdir: str
) -> None:
    sizes, edges, labels = graph
    placed = layout(sizes, edges, labels, rankdir)
    boxes = [rectangle(c, size) for c, size in zip(placed.centers, sizes, strict=True)]
    for number, route in enumerate(placed.routes):
        points = drawn(route, rankdir)
        assert not any(meets(points, box) for box in boxes)
        for other, center in enumerate(placed.labels):
            size = labels[other]
            if other != number and center and size:
                assert not meets(points, rectangle(center, size))


@pytest.mark.parametrize("rankdir", ["LR", "TB"])
@given(graph=graphs())
def test_boxes_and_labels_stay_apart_and_on_the_canvas(
    graph: tuple[list[Size], Edges, list[Size | None]], rankdir: str
) -> None:
    sizes, edges, labels = graph
    check(layout(sizes, edges, labels, rankdir), sizes, edges, labels)


@given(graph=graphs())
def test_an_edge_runs_forward_from_its_source_to_its_target(
    graph: tuple[list[Size], Edges, list[Size | None]],
) -> None:
    sizes, edges, labels = graph
    placed = layout(sizes, edges, labels)
    for (source, target), route in zip(edges, placed.routes, strict=True):
        left = rectangle(placed.centers[source], sizes[source], shrink=-0.01)
        right = rectangle(placed.centers[target], sizes[target], shrink=-0.01)
        assert route[0][0] == pytest.approx(left[2], abs=0.02)
        assert left[1] <= route[0][1] <= left[3]
        assert route[-1][0] == pytest.approx(right[0], abs=0.02)
        assert right[1] <= route[-1][1] <= right[3]
        assert all(a[0] <= b[0] for a, b in pairwise(route))


@given(count=st.integers(2, 9))
def test_edges_between_the_same_two_boxes_arrive_apart(count: int) -> None:
    placed = layout([(60.0, 60.0)] * 2, [(0, 1)] * count)
    tips = [route[-1] for route in placed.routes]
    assert len(set(tips)) == count


@given(graph=graphs())
def test_the_same_graph_gives_the_same_layout(
    graph: tuple[list[Size], Edges, list[Size | None]],
) -> None:
    assert layout(*graph) == layout(*graph)


def test_a_top_to_bottom_layout_is_the_left_to_right_one_with_x_and_y_exchanged() -> None:
    edges = [(0, 2), (1, 2), (0, 3), (2, 3)]
    wide = layout([(30.0, 20.0)] * 4, edges)
    tall = layout([(20.0, 30.0)] * 4, edges, rankdir="TB")
    assert tall.centers == [(y, x) for x, y in wide.centers]
    assert (tall.width, tall.height) == (wide.height, wide.width)


def test_a_tree_has_no_crossings() -> None:
    edges = [(0, 4), (1, 4), (2, 5), (3, 5), (4, 6), (5, 6)]
    placed = layout([(40.0, 20.0)] * 7, edges)
    heights = [y for _, y in placed.centers[:4]]
    assert heights in (sorted(heights), sorted(heights, reverse=True))
    assert len(set(heights)) == 4


def test_one_input_of_many_steps_shares_one_chain_of_slots() -> None:
    """With a chain for each edge, 300 steps would need 44,551 slots and minutes."""
    steps = 300
    edges = [(0, step) for step in range(1, steps)] + [(s, s + 1) for s in range(1, steps - 1)]
    placed = layout([(40.0, 20.0)] * steps, edges)
    points = sum(len(route) for route in placed.routes)
    assert points < 60 * steps


def test_nothing_at_all_is_laid_out() -> None:
    placed = layout([], [])
    assert placed.centers == []
    assert placed.width > 0


def test_a_cycle_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="without cycles; box 1 is on one"):
        layout([(10.0, 10.0)] * 3, [(0, 1), (1, 2), (2, 1)])


@given(st.integers(20, 120), st.integers(0, 30), st.booleans())
def test_long_chains_go_into_rows_and_no_edge_meets_a_box(
    count: int, every: int, is_labeled: bool
) -> None:
    edges = [(i, i + 1) for i in range(count - 1)]
    if every:  # the first box is used again, as a recurrent weight is
        edges += [(0, i) for i in range(2, count) if i % (every + 1) == 0]
    sizes = [(70.0 + 37.0 * (i % 3), 45.0) for i in range(count)]
    labels = [(90.0, 14.0) if is_labeled else None for _ in edges]
    long = layout(sizes, edges, labels)
    short = in_rows(long, sizes)
    if long.width > 2500.0:
        assert short.width < 0.7 * long.width
        assert short.width / short.height < 6.0
    boxes = [rectangle(*box) for box in zip(short.centers, sizes, strict=True)]
    for left, top, right, bottom in boxes:
        assert 0.0 <= left < right <= short.width
        assert 0.0 <= top < bottom <= short.height
    for i, box in enumerate(boxes):
        assert not any(overlap(box, other) for other in boxes[i + 1 :])
    for (source, target), route in zip(edges, short.routes, strict=True):
        points = drawn(route, "LR")
        for x, y in points:
            assert 0.0 <= x <= short.width
            assert 0.0 <= y <= short.height
        for i, box in enumerate(boxes):
            assert i in (source, target) or not meets(points, box)
    for label in short.labels:
        if label is not None:
            middle = rectangle(label, (90.0, 14.0))
            assert middle[0] >= 0.0
            assert not any(overlap(middle, box) for box in boxes)


def test_what_is_not_long_or_cannot_be_cut_stays_as_it_is() -> None:
    sizes, edges = [(100.0, 40.0)] * 8, [(i, i + 1) for i in range(7)]
    placed = layout(sizes, edges)
    assert in_rows(placed, sizes) == placed
    sizes = [(100.0, 40.0)] * 40
    edges = [(i, i + d) for d in range(1, 8) for i in range(40 - d)]
    placed = layout(sizes, edges)
    assert in_rows(placed, sizes) == placed

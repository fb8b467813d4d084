"""What a drawing holds: boxes, edges, labels, what is folded, collapsed or left out."""

from __future__ import annotations

import html
import math
import re
import xml.etree.ElementTree as ET
from collections import Counter
from inspect import Signature, signature
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_mini import (
    Value,
    amax,
    clip,
    draw,
    maximum,
    norm,
    record_source,
    save,
    text_tree,
    to_dot,
    to_mermaid,
    to_svg,
    topological_order,
    total,
)
from autograd_mini import dot as dot_product
from autograd_mini.drawing import labels, style
from autograd_mini.drawing.dot import dot
from autograd_mini.drawing.mermaid import MOST_EDGES, MOST_TEXT, mermaid
from autograd_mini.drawing.model import NOT_YET, Options, picture
from autograd_mini.drawing.picture import Box, Picture
from autograd_mini.drawing.svg import layout_of, svg
from autograd_mini.drawing.text import text
from nn import FNN
from tests.shared import HARD_LABELS, SVG, python


@st.composite
def graphs(draw: st.DrawFn) -> Value:
    """A random graph with much sharing, some labels, some constants, after backward or not."""
    values = [Value(draw(st.floats(-2.0, 2.0)), f"x{i}") for i in range(draw(st.integers(1, 3)))]
    for _ in range(draw(st.integers(1, 14))):
        a, b = (values[-1 - draw(st.integers(0, min(4, len(values) - 1)))] for _ in range(2))
        kind = draw(st.sampled_from(["add", "sub", "mul", "tanh", "twice", "max", "total"]))
        made = {
            "add": lambda a, b: a + b,
            "sub": lambda a, b: a - b,
            "mul": lambda a, b: a * b,
            "tanh": lambda a, b: a.tanh(),
            "twice": lambda a, b: 2.0 * a,
            "max": lambda a, b: maximum(a, b),
            "total": lambda a, b: total([a, b, a]),
        }[kind](a, b)
        made.label = draw(
            st.sampled_from(["", "", "h", "layers.0.neurons.1", "layers.1.neurons.0"])
        )
        values.append(made)
    if draw(st.booleans()):
        values[-1].backward()
    return values[-1]


def groups(svg_text: str, kind: str) -> dict[str, ET.Element]:
    """The groups of an SVG of one class, by id."""
    root = ET.fromstring(svg_text)
    return {
        g.attrib["id"]: g for g in root.iter(f"{SVG}g") if g.get("class", "").split()[:1] == [kind]
    }


def hover(node: ET.Element) -> str:
    titles = [t.text or "" for t in node.iter(f"{SVG}title")]
    return titles[1]


def names(p: Picture) -> list[str]:
    return [box.lines[0].text for box in p.boxes]


def boxes_of(p: Picture) -> dict[str, Box]:
    return {box.lines[0].text: box for box in p.boxes}


def real(p: Picture) -> list[Box]:
    return [box for box in p.boxes if box.kind != "more"]


def pairs(p: Picture) -> Counter[tuple[str, str]]:
    ids = [box.id for box in p.boxes]
    return Counter((ids[edge.source], ids[edge.target]) for edge in p.edges)


# Boxes and edges.


@given(root=graphs())
def test_there_is_a_box_for_each_value_and_an_edge_for_each_argument(root: Value) -> None:
    order = topological_order(root)
    number = {node: i for i, node in enumerate(order)}
    drawn = svg(picture(root))
    assert set(groups(drawn, "node")) == {
        f"n{i}" for i, node in enumerate(order) if not node.is_constant
    }
    expected = {
        f"e{i}_{k}": f"n{number[x]}->n{i}"
        for i, node in enumerate(order)
        for k, x in enumerate(node.inputs)
        if not x.is_constant
    }
    found = {name: g.findtext(f"{SVG}title") for name, g in groups(drawn, "edge").items()}
    assert found == expected


@given(root=graphs(), partials=st.booleans())
def test_dot_and_svg_hold_the_same_nodes_and_edges(root: Value, partials: bool) -> None:
    source = to_dot(root, partials=partials)
    drawn = svg(picture(root, partials=partials))
    assert set(re.findall(r"^\t(\w+) \[id=", source, re.M)) == set(groups(drawn, "node"))
    assert set(re.findall(r"-> \w+ \[id=(\w+)", source)) == set(groups(drawn, "edge"))


@given(root=graphs())
def test_drawing_changes_nothing(root: Value) -> None:
    order = topological_order(root)
    slots = Value.__slots__
    before = [[getattr(node, slot) for slot in slots] for node in order]
    for write in (to_svg_built_in, to_dot, to_mermaid, text_tree, draw):
        write(root, partials=True, collapse="labels")
    after = [[getattr(node, slot) for slot in slots] for node in order]
    assert all(x is y for old, new in zip(before, after, strict=True) for x, y in zip(old, new))  # noqa: B905


def to_svg_built_in(root: Value, **options: Any) -> str:
    return svg(picture(root, **options))


def test_the_same_graph_gives_the_same_bytes_in_every_process() -> None:
    program = (
        "from autograd_mini import *\n"
        "from autograd_mini.drawing.model import picture\n"
        "from autograd_mini.drawing.svg import svg\n"
        "from nn import FNN\n"
        "loss = sum(FNN([2, 3, 2], seed=0)([0.5, -1.0]))\n"
        "loss.backward()\n"
        "drawn = picture(loss, collapse='neurons', max_nodes=6)\n"
        "print(svg(drawn), to_dot(loss), to_mermaid(loss), ascii(text_tree(loss)))"
    )
    written = {python("-c", program, check=True, PYTHONHASHSEED=seed).stdout for seed in ("1", "2")}
    assert len(written) == 1


def test_a_times_a_has_two_edges_with_their_index() -> None:
    a = Value(3.0, "a")
    drawn = picture(a * a)
    assert [(edge.id, edge.argument) for edge in drawn.edges] == [("e1_0", "0"), ("e1_1", "1")]
    routes = layout_of(drawn).routes
    assert routes[0][0] != routes[1][0]
    assert routes[0][-1] != routes[1][-1]


def test_the_index_is_shown_where_the_order_of_arguments_matters() -> None:
    a, b = Value(1.0), Value(2.0)
    for root in (a - b, a / b):
        assert [edge.argument for edge in picture(root).edges] == ["0", "1"]
    for root in (a + b, a * b, maximum(a, b), amax([a, b]), norm([a, b])):
        assert [edge.argument for edge in picture(root).edges] == ["", ""]
    assert [edge.argument for edge in picture(a - 1).edges] == [""]
    h = (a * b).tanh()
    h.label = "h"
    drawn = picture(h - a, collapse="labels")
    into = {names(drawn)[e.source]: e.argument for e in drawn.edges if e.target == 2}
    assert into == {"h = tanh": "0", "leaf": "1"}
    assert {e.argument for e in drawn.edges if e.target != 2} == {""}


def test_before_a_backward_pass_a_box_says_so_and_shows_no_zero() -> None:
    x = Value(2.0, "x")
    y = x * 3
    assert [box.lines[-1].text for box in picture(y).boxes] == [NOT_YET, NOT_YET]
    y.backward()
    assert [box.lines[-1].text for box in picture(y).boxes] == ["grad 3", "grad 1"]
    y.zero_grad()
    assert [box.lines[-1].text for box in picture(y).boxes] == [NOT_YET, NOT_YET]
    (x * 0).backward()
    assert picture(x).boxes[0].lines[-1].text == "grad 0"


@pytest.mark.parametrize(
    ("make", "operation"),
    [
        (lambda x: x * 2, "x * 2"),
        (lambda x: 2 - x, "2 - x"),
        (lambda x: x**3, "x ** 3"),
        (lambda x: maximum(x, 0), "maximum(x, 0)"),
        (lambda x: maximum(0, x), "maximum(0, x)"),
        (lambda x: clip(x, 0, 1), "clip(x, 0, 1)"),
        (lambda x: x * Value(2.0), "mul"),
        (lambda x: x.tanh(), "tanh"),
    ],
)
def test_constants_fold_into_their_consumer_and_values_never(make: Any, operation: str) -> None:
    root = make(Value(0.5, "x"))
    drawn = picture(root)
    assert drawn.boxes[-1].operation == operation
    assert len(drawn.boxes) == len([v for v in topological_order(root) if not v.is_constant])


def test_kinds_are_told_apart_by_shape_in_every_format() -> None:
    w, x = Value(2.0, "layers.0.w"), Value(3.0, "x")
    h = w * x
    h.label = "h"
    y = h.tanh()
    drawn = picture(y, collapse=["h"])
    plain = picture(y)
    kinds = {box.lines[0].text: box.kind for box in (*plain.boxes, *drawn.boxes)}
    assert kinds["layers.0.w"] == "parameter"
    assert kinds["x"] == "input"
    assert kinds["tanh"] == "operation"
    shapes: dict[str, Any] = {}
    for name, g in groups(svg(plain), "node").items():
        rects = [(r.get("rx"), r.get("stroke-width")) for r in g.iter(f"{SVG}rect")]
        shapes[name] = tuple(rects)
    assert len(set(shapes.values())) == len(shapes) == 4  # parameter, input, operation, root
    assert "box3d" in dot(drawn)
    assert "peripheries=2" in dot(plain)
    assert "rounded" in dot(plain)
    assert "penwidth" in dot(plain)
    assert "n0[[" in mermaid(plain)
    assert "n1([" in mermaid(plain)


def test_show_chooses_the_lines() -> None:
    with record_source():
        y = Value(2.0, "x") * 3
    line = Path(__file__).name
    shown = [line.text for line in picture(y, show="id, source,data").boxes[-1].lines]
    assert shown[0] == "x * 3"
    assert shown[1] == "n2"
    assert shown[2].startswith(line + ":")
    assert shown[3] == "data 6"
    assert picture(y).boxes[-1].hover.endswith(f"made at {y.source}")
    assert [len(box.lines) for box in picture(y, show="").boxes] == [1, 1]


def test_a_gradient_that_is_a_value_is_shown_as_a_number() -> None:
    x = Value(3.0, "x")
    (x * x).backward(create_graph=True)
    assert picture(x).boxes[0].lines[-1].text == "grad 6"
    x.zero_grad()


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_hatched_and_named(number: float) -> None:
    x = Value(1.0, "x")
    y = x * 1.0
    y.backward()
    x.grad = number
    drawn = picture(y)
    assert f"grad {number}" in svg(drawn)
    assert svg(drawn).count('class="hatching"') == 1
    assert "striped" in dot(drawn)


@given(a=st.floats(-1e300, 1e300), b=st.floats(-1e300, 1e300))
def test_color_diverges_around_zero_and_never_hides_the_text(a: float, b: float) -> None:
    scale = style.color_scale([a, b])
    for gradient in (a, b):
        color = style.fill(gradient, scale)
        red, green, blue = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
        light = [
            c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue)
        ]
        assert (0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2] + 0.05) / 0.05 >= 9.0
        if gradient > 0:
            assert red > blue
        elif gradient < 0:
            assert blue > green
        else:
            assert color == style.NEUTRAL
    if abs(a) <= abs(b):
        assert int(style.fill(abs(a), scale)[5:], 16) >= int(style.fill(abs(b), scale)[5:], 16)


@given(root=graphs(), rankdir=st.sampled_from(["LR", "TB"]))
def test_every_line_of_text_fits_its_box(root: Value, rankdir: str) -> None:
    for g in groups(svg(picture(root, rankdir=rankdir, show="data,grad,id")), "node").values():
        rect = next(g.iter(f"{SVG}rect"))
        left, top = float(rect.attrib["x"]), float(rect.attrib["y"])
        right, bottom = left + float(rect.attrib["width"]), top + float(rect.attrib["height"])
        for line in g.iter(f"{SVG}text"):
            x, y = float(line.attrib["x"]), float(line.attrib["y"])
            half = style.text_width(line.text or "") / 2
            assert left <= x - half
            assert x + half <= right
            assert top <= y - 9
            assert y + 3 <= bottom + 8  # the sheets of a stack are drawn first, a bit above


# Partials.


@pytest.mark.parametrize("count", [2, 12])
def test_from_top_to_bottom_an_index_stands_between_the_arrowheads(count: int) -> None:
    root = dot_product([Value(1.0)] * (count // 2), [Value(2.0)] * (count // 2))
    edges = groups(svg(picture(root, rankdir="TB")), "edge").values()
    taken: list[tuple[float, float]] = []
    for edge in edges:
        (arrow,), (index,) = edge.iter(f"{SVG}polygon"), edge.iter(f"{SVG}text")
        xs = [float(point.split(",")[0]) for point in arrow.attrib["points"].split()]
        left = float(index.attrib["x"])
        taken.append((min(xs), max(xs)))
        taken.append((left, left + style.text_width(index.text or "", style.TINY)))
    for (_, end), (start, _) in pairwise(sorted(taken)):
        assert end <= start


def test_partials_show_the_chain_rule_or_before_a_backward_the_local_derivative() -> None:
    a, b = Value(2.0, "a"), Value(-3.0, "b")
    y = (a * b) * 2
    assert [edge.text for edge in picture(y, partials=True).edges] == ["-3", "2", "2"]
    y.backward()
    texts = [edge.text for edge in picture(y, partials=True).edges]
    assert texts == ["-3 · 2 = -6", "2 · 2 = 4", "2 · 1 = 2"]
    assert "-3 · 2 = -6" in svg(picture(y, partials=True))
    assert [edge.text for edge in picture(y).edges] == [""] * 3


@given(root=graphs())
def test_what_flows_into_a_node_adds_up_to_its_gradient(root: Value) -> None:
    for node in topological_order(root):
        node.zero_grad()
    root.backward()
    drawn = picture(root, partials=True)
    flows = Counter[int]()
    sizes = Counter[int]()
    for edge in drawn.edges:
        contribution = float(edge.text.rpartition("= ")[2])
        flows[edge.source] += contribution  # pyright: ignore[reportArgumentType]
        sizes[edge.source] += abs(contribution)  # pyright: ignore[reportArgumentType]
    for i, flow in flows.items():
        gradient = drawn.boxes[i].gradient
        assert gradient is not None
        assert flow == pytest.approx(gradient, abs=1e-3 * sizes[i] + 1e-12)


def test_an_edge_into_a_collapsed_box_carries_the_sum_of_its_contributions() -> None:
    x = Value(2.0, "x")
    h = x * x + x
    h.label = "h"
    y = h * (x + 1)
    y.backward()
    drawn = picture(y, partials=True, collapse="labels")
    (into,) = [e for e in drawn.edges if names(drawn)[e.target] == "h = add"]
    assert names(drawn)[into.source] == "x"
    assert into.text == f"Σ = {style.short_number(h.grad * (2 * x.data + 1))}"


# Labels are data.


@pytest.mark.parametrize("label", HARD_LABELS)
def test_a_label_comes_out_as_written_in_every_format(label: str) -> None:
    x = Value(1.0, label)
    root = x.tanh()
    drawn = picture(root)
    line = label.replace("\n", "↵")
    node = groups(svg(drawn), "node")["n0"]
    assert hover(node).startswith(label + "\n")
    assert next(node.iter(f"{SVG}text")).text == labels.shorten(line)
    assert line in text(drawn)
    (written,) = re.findall(r'^ +n0\(\["(.*?)<br/>', mermaid(drawn), re.M)
    assert read_mermaid(written) == line
    (quoted,) = re.findall(r'n0 \[.*? tooltip=("(?:[^"\\]|\\.)*")', dot(drawn))
    assert re.sub(r"\\(.)", r"\1", read_dot(quoted)).startswith(label + "\n")  # read twice


@given(label=st.text(max_size=40))
def test_any_text_at_all_is_a_label(label: str) -> None:
    root = Value(1.0, label) * Value(2.0, label[::-1])
    root.label = label
    drawn = picture(root)
    parsed = groups(svg(drawn), "node")
    cleaned = labels.clean(label)
    if label:
        assert hover(parsed["n0"]).startswith(cleaned)
    line = labels.one_line(label).strip()
    assert drawn.boxes[0].label == line
    assert "\n" not in drawn.boxes[0].lines[0].text
    assert all(line.text.strip() for box in drawn.boxes for line in box.lines)
    if line:
        assert line in text(drawn)
    assert text(drawn, ascii=True).isascii()
    mermaid(drawn).encode()
    dot(drawn).encode()


def read_mermaid(written: str) -> str:
    named = {"quot": '"', "lt": "<", "gt": ">", "amp": "&"}
    return re.sub(r"#(\w+);", lambda m: named.get(m[1]) or chr(int(m[1])), written)


def read_dot(quoted: str) -> str:
    """What DOT makes of a quoted string: its escapes, then its entities."""
    escapes = {"n": "\n", "l": "\n", "r": "\n", '"': '"', "\\": "\\"}
    plain = re.sub(r"\\(.)", lambda m: escapes.get(m[1], "?"), quoted[1:-1])
    return html.unescape(plain)


def test_mermaid_does_not_take_a_label_for_a_list_or_a_link() -> None:
    for first in ("- x", "+ x", "1. x", "12) x", "* x"):
        written = labels.mermaid_string(first)
        assert not re.match(r'"(?:[-+*]|\d+[.)]) ', written)
        assert read_mermaid(written) == f'"{first}"'
    assert "www." not in labels.mermaid_string("www.example.com")
    assert "@" not in labels.mermaid_string("a@b.c")


# Too much to draw.


@given(root=graphs(), most=st.integers(1, 8))
def test_the_nodes_nearest_the_root_are_kept_and_the_others_counted(root: Value, most: int) -> None:
    whole, drawn = picture(root), picture(root, max_nodes=most)
    kept = {box.id for box in real(drawn)}
    assert len(kept) == min(most, len(whole.boxes))
    inputs: dict[str, set[str]] = {box.id: set() for box in whole.boxes}
    for source, target in pairs(whole):
        inputs[target].add(source)
    distance = {whole.boxes[-1].id: 0}
    queue = [whole.boxes[-1].id]
    for node in queue:
        for x in inputs[node] - distance.keys():
            distance[x] = distance[node] + 1
            queue.append(x)
    hidden = distance.keys() - kept
    assert max(distance[i] for i in kept) <= min((distance[i] for i in hidden), default=99)
    counted = [int(box.lines[0].text.split()[1]) for box in drawn.boxes if box.kind == "more"]
    assert sum(counted) == len(hidden)
    cut = {target for target in kept if inputs[target] & hidden}
    stubs = {target for source, target in pairs(drawn) if source.startswith("more")}
    assert stubs == cut
    assert bool(drawn.caption) == bool(hidden)
    layout_of(drawn)  # raises if the dashed boxes made a cycle


def test_the_caption_says_what_is_shown_and_how_to_see_more() -> None:
    y = Value(0.5, "x")
    for _ in range(1345):
        y = y.tanh()
    drawn = picture(y)
    assert drawn.caption == 'showing 300 of 1,346; collapse="labels" or max_nodes=2000 shows more'
    assert "… 1,046 more nodes" in names(drawn)
    for written in (svg(drawn), dot(drawn), mermaid(drawn), text(drawn)):
        assert "showing 300 of 1,346" in written
    assert not picture(y, max_nodes=2000).caption


def test_depth_limits_the_distance_from_the_root() -> None:
    x = Value(0.5, "x")
    y = ((x + 1) * x).tanh().exp()
    drawn = picture(y, depth=1)
    assert names(drawn) == ["tanh", "exp", "… 3 more nodes"]
    assert drawn.caption == "showing 2 of 5; depth=2 shows more"
    assert names(picture(y, depth=0))[0] == "exp"
    assert not picture(y, depth=4).caption


def test_around_shows_the_neighborhood_of_a_node() -> None:
    x = Value(0.5, "x")
    h = (x * 2).sin()
    h.label = "h"
    y = (h + 1).exp().tanh().cos()
    for around in ("h", h, "n3"):
        drawn = picture(y, around=around, depth=1)
        assert names(drawn)[:3] == ["x * 2", "h = sin", "h + 1"]
        assert sorted(box.kind for box in drawn.boxes[3:]) == ["more", "more"]
    assert len(real(picture(y, around="h"))) == 5
    with pytest.raises(ValueError, match="around='g' is not in this graph"):
        picture(y, around="g")
    with pytest.raises(ValueError, match="not in this graph"):
        picture(y, around=Value(1.0))


# Collapsing.


def test_a_labeled_node_swallows_what_is_used_only_through_it() -> None:
    """w and b go into the box; x is used outside of it as well, and the root is no box."""
    x, w, b = Value(2.0, "x"), Value(-3.0, "w"), Value(1.0, "b")
    h = (w * x + b).tanh()
    h.label = "h"
    root = h * x
    root.label = "y"
    root.backward()
    drawn = picture(root, collapse="labels")
    assert names(drawn) == ["x", "h = tanh", "y = mul"]
    box = drawn.boxes[1]
    assert box.kind == "group"
    assert [line.text for line in box.lines] == [
        "h = tanh",
        "+4: 2 inputs, 1 mul, …",
        f"data {h.data:.4g}",
        f"grad {h.grad:.4g}",
    ]
    assert Counter(pairs(drawn).values()) == {1: 3}


@given(root=graphs(), data=st.data())
def test_boxes_hold_every_node_once_and_never_make_a_cycle(
    root: Value, data: st.DataObject
) -> None:
    how: Any = data.draw(
        st.sampled_from(["labels", "neurons", "layers", "whole", ["h"], lambda v: len(v.label) > 1])
    )
    drawn = picture(root, collapse=how)
    layout_of(drawn)  # raises on a cycle
    held = 0
    for box in drawn.boxes:
        if box.kind == "group":
            kinds = box.hover.partition(": ")[2].partition("\n")[0]
            held += sum(int(part.split()[0]) for part in kinds.split(", "))
        else:
            held += 1
    assert held == len([v for v in topological_order(root) if not v.is_constant])
    assert [box.is_root for box in drawn.boxes].count(True) == 1


def test_a_list_of_labels_or_a_function_chooses_what_to_collapse() -> None:
    x = Value(1.0, "x")
    f, g = (x * 2).sin(), (x * 3).cos()
    f.label, g.label = "f", "g"
    root = f + g
    assert names(picture(root, collapse=["f"])) == ["x", "f = sin", "x * 3", "g = cos", "add"]
    chosen = picture(root, collapse=lambda v: v.label == "g")
    assert names(chosen) == ["x", "x * 2", "f = sin", "g = cos", "add"]


def test_a_network_draws_as_neurons_as_layers_or_whole() -> None:
    model = FNN([3, 4, 2], seed=0)
    x = [Value(0.1 * i, f"x{i}") for i in range(3)]
    loss = total([y * y for y in model(x)])
    loss.backward()
    units = [f"layers.0.neurons.{k} = tanh" for k in range(4)]
    drawn = boxes_of(picture(loss, collapse="neurons"))
    assert set(units) | {"x0", "x1", "x2"} < set(drawn)
    assert drawn[units[0]].lines[1].text == "+5: 4 parameters, 1 dot"
    layers = picture(loss, collapse="layers")
    assert [n for n in names(layers) if n.startswith("layers")] == ["layers.0", "layers.1"]
    assert boxes_of(layers)["layers.0"].lines[1].text == "+20: 16 parameters, 4 dot"
    data = [line.text for line in boxes_of(layers)["layers.1"].lines if line.kind == "data"]
    low, high = sorted(y.data for y in model(x))
    assert data == [f"data {low:.4g} … {high:.4g}"]
    whole = picture(loss, collapse="whole")
    assert sorted(names(whole)) == ["mul", "mul", "network", "total", "x0", "x1", "x2"]


def test_many_examples_still_draw_as_one_network() -> None:
    model = FNN([2, 3, 1], seed=0)
    loss = total([model([0.1 * i, 1.0]) ** 2 for i in range(5)])
    shown = names(picture(loss, collapse="layers"))
    assert [n for n in shown if n.startswith("layers")] == ["layers.0", "layers.1"]


def test_a_layer_used_again_on_its_own_results_is_drawn_once_for_each_use() -> None:
    """One box would be part of a cycle: layers.0 feeds layers.1 feeds layers.0."""
    model = FNN([1, 2, 1], seed=0)
    y = model([model([Value(0.5, "x")])])
    drawn = picture(y, collapse="layers")
    assert [n.partition(" = ")[0] for n in names(drawn)].count("layers.0.neurons.0") == 2
    layout_of(drawn)


def test_a_large_network_is_a_picture_of_layers() -> None:
    model = FNN([200, 20, 5], seed=0)
    loss = total(model([Value(i / 200) for i in range(200)]))
    loss.label = "loss"
    drawn = picture(loss, collapse="layers")
    assert names(drawn) == ["200 inputs", "layers.0", "layers.1", "loss = total"]
    assert len(drawn.edges) == 3
    assert not drawn.caption


# Text.


def test_the_text_tree_tells_each_node_once() -> None:
    a, b = Value(2.0, "a"), Value(-3.0, "b")
    root = a * b + a
    root.label = "L"
    root.backward()
    assert text_tree(root).splitlines() == [
        "L = add  data -4  grad 1",
        "├─ n2 mul  data -6  grad 1",
        "│  ├─ a  data 2  grad -2",
        "│  └─ b  data -3  grad 2",
        "└─ a (above)",
    ]
    assert text_tree(root, ascii=True).splitlines()[1:3] == [
        "|- n2 mul  data -6  grad 1",
        "|  |- a  data 2  grad -2",
    ]


@given(root=graphs())
def test_the_text_tree_has_a_line_for_each_node_and_a_reference_for_each_other_use(
    root: Value,
) -> None:
    drawn = picture(root)
    lines = text(drawn).splitlines()
    assert len([line for line in lines if " (above)" not in line]) == len(drawn.boxes)
    assert len(lines) == 1 + len(drawn.edges)


@pytest.mark.parametrize("two_inputs", [False, True])
def test_a_deep_graph_makes_text_no_wider_and_no_longer_than_it_is_large(two_inputs: bool) -> None:
    y = Value(0.5, "x")
    for i in range(3_000):
        y = (y * Value(0.9, f"w{i}") + Value(0.1)) if two_inputs else (y.sin() + 0.5)
    lines = text_tree(y, max_nodes=10**6).splitlines()
    nodes = len([v for v in topological_order(y) if not v.is_constant])
    assert nodes <= len(lines) <= 1.2 * nodes
    assert max(map(len, lines)) < 120


def test_a_graph_of_a_fifty_thousand_nodes_is_drawn_without_recursion() -> None:
    y = Value(0.5)
    for _ in range(50_000):
        y = y.sin()
    assert "showing 300 of 50,001" in svg(picture(y))
    assert "… 49,701 more nodes" in text_tree(y)


def test_a_mermaid_chart_stays_within_what_mermaid_draws() -> None:
    x = [Value(i / 9, f"input number {i}") for i in range(30)]
    hidden = [total([v * w for w, v in enumerate(x)]).tanh() for _ in range(40)]
    chart = to_mermaid(total(hidden), max_nodes=10_000)
    assert chart.count("-->") <= MOST_EDGES
    assert len(chart) <= MOST_TEXT
    assert "showing" in chart


# Options.


def test_each_function_that_draws_shows_the_options_of_draw_and_their_defaults() -> None:
    shown = "rankdir='LR', show='data,grad', partials=False, collapse=None, max_nodes=300, "
    shown += "depth=None, around=None, parameters=True, engine=None"
    own = {draw: "*, format='svg', ", to_dot: "*, ", to_svg: "*, ", to_mermaid: "*, "}
    for function, first in (own | {text_tree: "*, ascii=False, ", save: "path, *, "}).items():
        plain = [p.replace(annotation=p.empty) for p in signature(function).parameters.values()]
        assert str(Signature(plain)) == f"(root, {first}{shown})"
    assert [*signature(picture).parameters] == ["root", *Options.__annotations__]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rankdir": "RL"}, "'LR' or 'TB', but got 'RL'"),
        ({"show": "data,gradient"}, "but got 'gradient'"),
        ({"show": ["data"]}, r"a text such as 'data,grad', but got \['data'\]"),
        ({"max_nodes": 0}, "max_nodes is 1 or more, but got 0"),
        ({"max_nodes": None}, "max_nodes is 1 or more, but got None"),
        ({"max_nodes": 2.5}, "max_nodes is 1 or more, but got 2.5"),
        ({"collapse": 3}, "a list of labels or a function of a Value, but got 3"),
        ({"depth": -1}, "depth is 0 or more edges, but got -1"),
        ({"collapse": "layer"}, r"'layers'.*but got 'layer'.*collapse=\['layer'\]"),
    ],
)
def test_an_option_without_meaning_says_what_would_have_one(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        to_svg(Value(1.0), **options)


def test_numbers_of_numpy_bound_a_drawing() -> None:
    y = Value(2.0, "x") ** 2 + 1.0
    bound: Any = np.int64(2)
    assert to_svg(y, max_nodes=bound, depth=bound) == to_svg(y, max_nodes=2, depth=2)


def test_a_drawing_starts_at_a_value() -> None:
    wrong: Any = [Value(1.0)]
    with pytest.raises(TypeError, match=r"starts at a Value, but got \[Value"):
        draw(wrong)


@pytest.mark.parametrize("rankdir", ["LR", "TB"])
def test_the_text_of_an_edge_keeps_clear_of_a_vertical_line(rankdir: str) -> None:
    y = Value(2.0, "a") * Value(3.0, "b")
    y.backward()
    texts = re.findall(r'[^d]label="( *)3 · 1 = 3( *)"', to_dot(y, partials=True, rankdir=rankdir))
    assert texts == [("  ", "  ") if rankdir == "TB" else ("", "")]


def test_parameters_can_be_left_out() -> None:
    w, x = Value(2.0, "layers.0.w"), Value(3.0, "x")
    root = (w * x).tanh() * w
    drawn = picture(root, parameters=False)
    assert {box.kind for box in drawn.boxes} == {"input", "operation"}
    assert len(drawn.boxes) == len(picture(root).boxes) - 1
    assert picture(w, parameters=False).boxes


def test_a_notebook_shows_a_large_network_by_its_units_and_says_so() -> None:
    model = FNN([4, 12, 12, 1], seed=0)
    shown = model([0.1, 0.2, 0.3, 0.4])._repr_svg_()
    assert "collapsed to neurons; draw(..., collapse=None) shows them" in shown
    assert len(re.findall(r'<g id="n[0-9]+"', shown)) <= 60
    assert "collapsed" not in str((Value(2.0) * 3)._repr_svg_())


def test_no_style_of_a_page_reaches_the_colors() -> None:
    drawn = svg(picture(Value(2.0, "x") * 3))
    for tag, attributes in re.findall(r"<(rect|text|path|polygon)\b([^>]*)>", drawn):
        given = dict(re.findall(r'\b(fill|stroke)="([^"]*)"', attributes))
        own = re.search(r'style="([^"]*)"', attributes)
        assert own is not None
        assert tag != "text" or "fill:" in own[1]
        for name, color in given.items():
            assert f"{name}:{color}" in own[1]


@pytest.mark.parametrize("label", [r"\nabla L", "direction LR", "fa:fa-car", "$$x$$", "%%{init}%%"])
def test_mermaid_shows_what_it_would_obey(label: str) -> None:
    (written,) = re.findall(r'^ +n0\(\["(.*?)<br/>', mermaid(picture(Value(1.0, label))), re.M)
    read = read_mermaid(written)
    assert read.replace("\u2060", "") == label
    assert not re.search(r"\\n|\bfa[a-z]?:|\$\$", read)
    assert not re.search(r"direction\s|%%", written)


def test_a_drawing_says_what_it_draws() -> None:
    x = Value(2.0, "x")
    y = x * x
    y.label = "y"
    assert repr(draw(y)) == "<Drawing of y: 2 boxes, 2 edges>"

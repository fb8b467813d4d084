"""From a graph of Values to a picture: what is drawn, folded, collapsed or left out.

Nothing here changes a Value. `boxes` says which nodes stand together; here the boxes to draw are
chosen and described, and the edges between them.
"""

from __future__ import annotations

import math
import operator
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, SupportsIndex, TypedDict

from autograd_mini.drawing import labels, style
from autograd_mini.drawing.boxes import BoxedGraph, Cluster, Collapse, is_parameter
from autograd_mini.drawing.picture import Arrow, Box, Line, Picture
from autograd_mini.errors import StaleWarning
from autograd_mini.frames import warn
from autograd_mini.graph import stale
from autograd_mini.graph.names import nodes_called
from autograd_mini.paths import magnitude
from autograd_mini.symbols import SIGNS
from autograd_mini.value import ZERO, Value

FIELDS: Final = ("data", "grad", "id", "source")
DIRECTIONS: Final = ("LR", "TB")
ENGINES: Final = ("built-in", "dot")
NOT_YET: Final = "grad not computed yet"
LONGEST_OPERAND: Final = 12  # characters of a label inside of what a box computes
COMMUTATIVE: Final = frozenset(
    (
        *("add", "mul", "maximum", "minimum", "hypot"),
        *("total", "product", "logsumexp", "norm", "amax"),
    )
)


class Options(TypedDict, total=False):
    """What `draw` accepts, and with it every function that draws; `picture` has the defaults."""

    rankdir: str
    show: str
    partials: bool
    collapse: Collapse
    max_nodes: int
    depth: int | None
    around: Value | str | None
    parameters: bool
    engine: str | None


def picture(
    root: Value,
    *,
    rankdir: str = "LR",
    show: str = "data,grad",
    partials: bool = False,
    collapse: Collapse = None,
    max_nodes: int = 300,
    depth: int | None = None,
    around: Value | str | None = None,
    parameters: bool = True,
    engine: str | None = None,
) -> Picture:
    """Return what to draw for `root`; the options are those of `draw`."""
    engine = ENGINES[0] if engine is None else engine
    fields = _checked_fields(root, rankdir, show, max_nodes, depth, engine)
    if around is not None and depth is None:
        depth = 2
    graph = BoxedGraph(root)
    graph.collapse(collapse)
    if not parameters:
        graph.leave_out_parameters()
    kept, limit = _near(graph, max_nodes, depth, around)
    boxes = [_box(graph, i, fields) for i in kept]
    edges = _edges(graph, kept, boxes, partials, both_ways=around is not None)
    total = len(graph.boxes())
    caption = _caption(limit, len(kept), total, collapse, depth) if len(kept) < total else ""
    if partials and (said := stale(root)):
        warn(said, StaleWarning)
        caption = " · ".join(filter(None, ["stale: compute it anew, or call recompute()", caption]))
    scale = style.color_scale(box.gradient for box in boxes)
    name = labels.one_line(root.label) or "a Value"
    title = f"computation graph of {labels.shorten(name)}: {len(boxes)} boxes"
    return Picture(tuple(boxes), tuple(edges), caption, rankdir, scale, title, engine)


def check_root(root: object) -> None:
    """Refuse what is not a Value, and say where a model is drawn and saved."""
    if isinstance(root, Value):
        return
    advice = ""
    if hasattr(root, "state_dict"):
        advice = "; for a model: nn.save(model, path), model.diagram(path), or draw(model(x))"
    elif isinstance(root, (str, Path)):
        advice = "; the Value comes first: save(root, path)"
    raise TypeError(
        f"a drawing starts at a Value, but got {root!r:.200} of type {type(root).__name__}{advice}"
    )


def _checked_fields(
    root: object, rankdir: object, show: object, max_nodes: object, depth: object, engine: object
) -> list[str]:
    """Refuse what cannot be drawn, and return the fields to show."""
    check_root(root)
    for name, given, known in (("rankdir", rankdir, DIRECTIONS), ("engine", engine, ENGINES)):
        if given not in known:
            raise ValueError(f"{name} is {known[0]!r} or {known[1]!r}, but got {given!r}")
    if not isinstance(show, str):
        raise ValueError(f"show is a text such as 'data,grad', but got {show!r}")
    fields = [field.strip() for field in show.split(",") if field.strip()]
    for field in fields:
        if field not in FIELDS:
            raise ValueError(
                f"show lists some of {', '.join(FIELDS)}, but got {field!r} in {show!r}"
            )
    if not isinstance(max_nodes, SupportsIndex) or operator.index(max_nodes) < 1:
        raise ValueError(f"max_nodes is 1 or more, but got {max_nodes!r}")
    if depth is not None and (not isinstance(depth, SupportsIndex) or operator.index(depth) < 0):
        raise ValueError(f"depth is 0 or more edges, but got {depth!r}")
    return fields


def _caption(limit: str, shown: int, total: int, collapse: Collapse, depth: int | None) -> str:
    counts = f"showing {shown:,} of {total:,}"
    if limit == "depth":
        return f"{counts}; depth={(depth or 0) + 1} shows more"
    power = 10 ** (len(str(total)) - 1)
    enough = -(-total // power) * power
    how = f"max_nodes={enough}" if collapse else f'collapse="labels" or max_nodes={enough}'
    return f"{counts}; {how} shows more"


# Choosing what is near.


def _near(
    graph: BoxedGraph, max_nodes: int, depth: int | None, around: Value | str | None
) -> tuple[list[int], str]:
    """Return the boxes to draw, and which limit left others out: "depth", "max_nodes" or ""."""
    level = [graph.box_of[-1]] if around is None else _found(graph, around)
    consumers = graph.consumers() if around is not None else {}
    seen = set(level)
    kept: list[int] = []
    distance = 0
    while level and len(kept) + len(level) <= max_nodes and (depth is None or distance <= depth):
        kept += level
        met = {x for box in level for x in (*graph.sources(box), *consumers.get(box, ()))} - seen
        seen |= met
        level = sorted(met)
        distance += 1
    limit = ""
    if level and depth is not None and distance > depth:
        limit = "depth"
    elif level:
        limit = "max_nodes"
        kept += level[: max_nodes - len(kept)]
    return sorted(kept), limit


def _found(graph: BoxedGraph, around: Value | str) -> list[int]:
    """Return the boxes of the node or nodes that `around` names."""
    found = nodes_called(graph.order, around) if isinstance(around, str) else [around]
    numbers = [graph.number[node] for node in found if node in graph.number]
    boxes = sorted({graph.box_of[i] for i in numbers} - {-1})
    if not boxes:
        raise ValueError(
            f"around={around!r} is not in this graph: give one of its Values, a label or an "
            f"id from n0 to n{len(graph.order) - 1}"
        )
    return boxes


# Describing.


def _box(graph: BoxedGraph, i: int, fields: Sequence[str]) -> Box:
    """Return the box that node `i` stands for."""
    group = graph.groups.get(i, Cluster("", [i], [i], {}))
    values = [graph.order[e] for e in group.exits]
    head = graph.order[group.exits[-1]]
    computed = [_gradient(v) for v in values if _is_computed(v)]
    label = group.name or head.label
    name = labels.one_line(label).strip()
    op = _operation(graph, group.exits[-1]) if len(values) == 1 else ""
    title = " = ".join([labels.shorten(part) for part in (name, op) if part]) or "leaf"
    lines = [Line("title", title)]
    exits = set(group.exits)
    hidden = _kinds(graph, [j for j in group.members if j not in exits])
    if hidden:
        lines.append(Line("hidden", f"+{hidden.total():,}: {_tally(hidden, 2)}"))
    for field in fields:
        if field == "data":
            lines.append(Line("data", f"data {_range([v.data for v in values])}"))
        elif field == "grad":
            text = f"grad {_range(computed)}" if computed else NOT_YET
            lines.append(Line("grad", text))
        elif field == "id":
            lines.append(Line("id", f"n{i}"))
        elif head.source is not None:
            lines.append(Line("source", labels.shorten(file_name(head.source), 32)))
    kind = "group"
    if len(group.members) == 1:
        kind = "operation" if op else _kind_of_leaf(head)
    hover = [label] if label else []
    hover.append(f"n{i}: {kind} {_operation(graph, i, 8) if kind == 'operation' else ''}".rstrip())
    if kind == "group":
        hover[-1] = f"n{i}: {_tally(hidden + _kinds(graph, group.exits), 99)}"
    if len(values) == 1:
        hover.append(f"data = {head.data!r}")
        hover.append(f"grad = {computed[0]!r}" if computed else NOT_YET)
    if head.source is not None:
        hover.append(f"made at {head.source}")
    return Box(
        id=f"n{i}",
        kind=kind,
        label=name,
        operation=op,
        lines=tuple(lines),
        hover="\n".join(hover),
        gradient=max(computed, key=magnitude) if computed else None,
        is_root=i == graph.box_of[-1],
    )


def _operation(graph: BoxedGraph, i: int, most: int = 5) -> str:
    """Return the operation of a node; with numbers what it computes: `z ** 2`, `clip(z, 0, 1)`."""
    node = graph.order[i]
    if node.op is None:
        return ""
    name = node.op.name
    if not any(x.is_constant and graph.box_of[graph.number[x]] < 0 for x in node.inputs):
        return name
    operands = [_operand(graph, x) for x in node.inputs]
    if (sign := SIGNS.get(name)) and len(operands) == 2:
        return f"{operands[0]} {sign} {operands[1]}"
    more = ["…"] if len(operands) > most else []
    return f"{name}({', '.join(operands[:most] + more)})"


def _operand(graph: BoxedGraph, node: Value) -> str:
    number = graph.number[node]
    if node.is_constant and graph.box_of[number] < 0:
        return style.short_number(node.data)
    label = labels.one_line(node.label).strip()
    return label if 0 < len(label) <= LONGEST_OPERAND else f"n{number}"


def _kinds(graph: BoxedGraph, nodes: Iterable[int]) -> Counter[str]:
    """Return how many nodes of each kind there are."""
    values = [graph.order[i] for i in nodes]
    return Counter([node.op.name if node.op else _kind_of_leaf(node) for node in values])


def _kind_of_leaf(node: Value) -> str:
    return "parameter" if is_parameter(node) else "constant" if node.is_constant else "input"


# Edges.


def _edges(
    graph: BoxedGraph, kept: list[int], boxes: list[Box], partials: bool, both_ways: bool
) -> list[Arrow]:
    """Return the edges between kept boxes, and add to `boxes` a dashed one for each cut.

    With `both_ways` consumers may be cut off as well as inputs.
    """
    place = {box: index for index, box in enumerate(kept)}
    stubs = _stubs(graph, kept, place, boxes)
    edges: list[Arrow] = []
    for target in kept:
        indexed = _is_indexed(graph, target)
        merged: list[Arrow] = []
        single: list[tuple[int, int, int]] = []
        cut: dict[int, Arrow] = {}
        for source, links in graph.sources(target).items():
            if source not in place:
                stub = stubs[source]
                if stub not in cut:
                    cut[stub] = Arrow(f"e{target}_cut{len(cut)}", stub, place[target])
            elif source in graph.groups or target in graph.groups:
                text = _total_flow(graph, links) if partials else ""
                alone = indexed and len(links) == 1 and target not in graph.groups
                index = str(links[0][1]) if alone else ""
                edge_id = f"e{target}_n{source}"
                merged.append(Arrow(edge_id, place[source], place[target], index, text))
            else:
                single += [(consumer, argument, source) for consumer, argument in links]
        edges += merged
        single.sort()
        local = _locals(graph, target) if partials and single else ()
        for consumer, argument, source in single:
            text = _chain_rule(graph, target, local[argument]) if partials else ""
            index = str(argument) if indexed else ""
            edge_id = f"e{consumer}_{argument}"
            edges.append(Arrow(edge_id, place[source], place[target], index, text))
        edges += cut.values()
    if both_ways:
        consumers = graph.consumers()
        for source in kept:
            if count := len([box for box in consumers.get(source, ()) if box not in place]):
                edges.append(Arrow(f"e{source}_on", place[source], len(boxes)))
                boxes.append(_stub(f"more_on_n{source}", count))
    return edges


def _stubs(
    graph: BoxedGraph, kept: list[int], place: dict[int, int], boxes: list[Box]
) -> dict[int, int]:
    """Return the dashed box that stands for each box left out.

    A box left out counts at the first kept box that leads to it, nearest first.
    """
    leads: dict[int, int] = {}
    level = [(x, box) for box in reversed(kept) for x in graph.sources(box) if x not in place]
    while level:
        deeper: list[tuple[int, int]] = []
        for x, box in level:
            if x not in leads:
                leads[x] = box
                deeper += [(y, box) for y in graph.sources(x) if y not in place]
        level = deeper
    counts = Counter(leads.values())
    index: dict[int, int] = {}
    for box in kept:
        if counts[box]:
            index[box] = len(boxes)
            boxes.append(_stub(f"more_n{box}", counts[box]))
    return {x: index[box] for x, box in leads.items()}


def _is_indexed(graph: BoxedGraph, i: int) -> bool:
    """Return whether the arguments of a node need their index."""
    node = graph.order[i]
    drawn = [x for x in graph.inputs[i] if graph.box_of[x] >= 0]
    if node.op is None or len(drawn) < 2:
        return False
    return node.op.name not in COMMUTATIVE or len(set(drawn)) < len(drawn)


def _locals(graph: BoxedGraph, i: int) -> Sequence[float]:
    node = graph.order[i]
    try:
        return node.op.local(node.data, *[x.data for x in node.inputs]) if node.op else ()
    except (ArithmeticError, ValueError):  # a user's own rule outside its domain
        return [math.nan] * len(node.inputs)


def _chain_rule(graph: BoxedGraph, i: int, local: float) -> str:
    """`local · upstream = contribution`; the local derivative alone before a backward pass."""
    node = graph.order[i]
    if not _is_computed(node):
        return style.short_number(local)
    upstream = _gradient(node)
    product = style.short_number(local * upstream)
    return f"{style.short_number(local)} · {style.short_number(upstream)} = {product}"


def _total_flow(graph: BoxedGraph, links: list[tuple[int, int]]) -> str:
    """Return what flows over several edges drawn as one."""
    if not any(_is_computed(graph.order[consumer]) for consumer, _ in links):
        return ""
    rules = {consumer: _locals(graph, consumer) for consumer in {c for c, _ in links}}
    terms = [rules[c][argument] * _gradient(graph.order[c]) for c, argument in links]
    return ("Σ = " if len(terms) > 1 else "") + style.short_number(sum(terms))


def _tally(kinds: Counter[str], most: int) -> str:
    """Return what there is, the most frequent first: `3 mul, 2 parameters, …`."""
    counts = kinds.most_common()
    parts = [
        f"{count:,} {kind}{'s' if count > 1 and kind in ('parameter', 'input') else ''}"
        for kind, count in counts[:most]
    ]
    return ", ".join(parts + (["…"] if len(counts) > most else []))


def _is_computed(node: Value) -> bool:
    """Return whether a pass has left a gradient; users of PyTorch write None where none has."""
    gradient: Any = node.grad
    return gradient is not ZERO and gradient is not None


def _gradient(node: Value) -> float:
    """Return the gradient as a float, also after `backward(create_graph=True)`."""
    gradient: Any = node.grad
    return gradient.data if isinstance(gradient, Value) else gradient


def _range(numbers: list[float]) -> str:
    """Return one number, or the smallest and the largest."""
    if len(numbers) == 1:
        return style.short_number(numbers[0])
    if any(math.isnan(x) for x in numbers):
        return "nan"
    low, high = style.short_number(min(numbers)), style.short_number(max(numbers))
    return low if low == high else f"{low} … {high}"


def file_name(source: str) -> str:
    """Return where a node was made, without the directories of the author's machine."""
    return source.replace("\\", "/").rsplit("/", 1)[-1]


def _stub(box_id: str, count: int) -> Box:
    text = f"… {count:,} more node{'s' if count > 1 else ''}"
    return Box(box_id, "more", "", "", (Line("title", text),), f"{text}: see the caption")

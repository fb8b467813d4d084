"""From a graph of Values to a picture: what is drawn, folded, collapsed or left out.

Nothing here changes a Value. Every step is a sweep over nodes or edges, so that a graph of a
hundred thousand nodes becomes a picture of a few layers in well under a second.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple, TypeAlias, TypedDict

from autograd_mini.drawing import labels, style
from autograd_mini.drawing.picture import Box, Edge, Line, Picture
from autograd_mini.symbols import SIGNS
from autograd_mini.value import ZERO, Value, topological_order

Collapse: TypeAlias = "str | Iterable[str] | Callable[[Value], bool] | None"

FIELDS: Final = ("data", "grad", "id", "source")
NOT_YET: Final = "grad not computed yet"
COMMUTATIVE: Final = frozenset(
    (
        *("add", "mul", "maximum", "minimum", "hypot"),
        *("total", "product", "logsumexp", "norm", "amax"),
    )
)
MOST_INPUTS: Final = 12  # inputs of a collapsed network drawn one by one; more become one box
_UNITS: Final = {  # what comes before the unit, and its number
    kind: re.compile(rf"(?:[^.]*\.)*?{kind}\.[^.]+").match for kind in ("neurons", "layers")
}
_DOTTED: Final = re.compile(r"[^\W\d]\w*(\.\w+)+").fullmatch  # layers.0.neurons.2.b


class Options(TypedDict, total=False):
    """What `draw` accepts, and with it every function that draws."""

    rankdir: str
    show: str
    partials: bool
    collapse: Collapse
    max_nodes: int
    depth: int | None
    around: Value | str | None


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
) -> Picture:
    """Return what to draw for `root`; the options are those of `draw`."""
    fields = _checked(root, rankdir, show, max_nodes, depth)
    if around is not None and depth is None:
        depth = 2
    graph = _Graph(root)
    graph.collapse(collapse)
    kept, limit = graph.near(max_nodes, depth, around)
    boxes = [graph.box(i, fields) for i in kept]
    edges = graph.edges(kept, boxes, partials, both_ways=around is not None)
    total = len(graph.boxes())
    caption = _caption(limit, len(kept), total, collapse, depth) if len(kept) < total else ""
    scale = style.color_scale(box.gradient for box in boxes)
    name = labels.one_line(root.label) or "a Value"
    title = f"computation graph of {labels.shorten(name)}: {len(boxes)} boxes"
    return Picture(tuple(boxes), tuple(edges), caption, rankdir, scale, title)


def _checked(root: Any, rankdir: str, show: str, max_nodes: int, depth: int | None) -> list[str]:
    """Refuse what cannot be drawn, and return the fields to show."""
    if not isinstance(root, Value):
        raise TypeError(
            f"a drawing starts at a Value, but got {root!r} of type {type(root).__name__}"
        )
    if rankdir not in ("LR", "TB"):
        raise ValueError(f"rankdir is 'LR' or 'TB', but got {rankdir!r}")
    fields = [field.strip() for field in show.split(",") if field.strip()]
    for field in fields:
        if field not in FIELDS:
            raise ValueError(
                f"show lists some of {', '.join(FIELDS)}, but got {field!r} in {show!r}"
            )
    if max_nodes < 1:
        raise ValueError(f"max_nodes is 1 or more, but got {max_nodes!r}")
    if depth is not None and depth < 0:
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


class _Group(NamedTuple):
    """A collapsed part of the graph.

    Attributes:
        name: What it is called when it has several results.
        members: Node numbers in topological order.
        exits: Those whose results leave the group.
        sources: The boxes it takes inputs from, each with its (consumer, argument).
    """

    name: str
    members: list[int]
    exits: list[int]
    sources: dict[int, list[tuple[int, int]]]


class _Graph:
    """The nodes below a root by number, and which of them stand together in one box.

    Attributes:
        order: The nodes in topological order.
        number: The place of each node in it.
        box_of: For each node the number of the node that stands for its box; -1 for a constant
            that its consumer shows.
        groups: Boxes of more than one node, by that number.
    """

    def __init__(self, root: Value) -> None:
        self.order = topological_order(root)
        number = self.number = {node: i for i, node in enumerate(self.order)}
        self.inputs: list[Sequence[int]] = [
            [number[x] for x in node.inputs] if node.op else () for node in self.order
        ]
        self.box_of = [-1 if node.is_constant else i for i, node in enumerate(self.order)]
        self.box_of[-1] = len(self.order) - 1
        self.groups: dict[int, _Group] = {}

    def boxes(self) -> list[int]:
        """The numbers of all boxes, in order."""
        return sorted({*self.box_of} - {-1})

    def sources(self, box: int) -> dict[int, list[tuple[int, int]]]:
        """The boxes that a box takes inputs from, each with its (consumer, argument)."""
        if box in self.groups:
            return self.groups[box].sources
        return self._links([box])

    def _links(self, members: Iterable[int]) -> dict[int, list[tuple[int, int]]]:
        box_of = self.box_of
        links: dict[int, list[tuple[int, int]]] = {}
        for consumer in members:
            target = box_of[consumer]
            for argument, x in enumerate(self.inputs[consumer]):
                source = box_of[x]
                if source != target and source >= 0:
                    links.setdefault(source, []).append((consumer, argument))
        return links

    # Collapsing.

    def collapse(self, how: Collapse) -> None:
        """Put nodes together in boxes."""
        if how is None:
            return
        if how == "labels":
            self._box_private([bool(node.label) for node in self.order])
        elif callable(how):
            self._box_private([bool(how(node)) for node in self.order])
        elif how in ("neurons", "layers", "whole"):
            self._box_by_name([_unit(node.label, how) for node in self.order])
        elif isinstance(how, str):
            raise ValueError(
                "collapse is None, 'labels', 'neurons', 'layers', 'whole', a list of labels or a "
                f"function of a Value, but got {how!r}; for one label write collapse=[{how!r}]"
            )
        else:
            chosen = list(how)
            self._box_private([node.label != "" and node.label in chosen for node in self.order])

    def _box_private(self, heads: list[bool]) -> None:
        """Make each head one box with the nodes that are used only through it.

        The root is no head: it would swallow the graph.
        """
        last = len(self.order) - 1
        claims = [last if i == last else None for i in range(last + 1)]
        owner = list(range(last + 1))
        for i in range(last, -1, -1):
            if heads[i] and self.inputs[i] and i != last:
                own = i
            else:
                own = claims[i]
                if own is None or own == last:
                    own = last
                else:
                    owner[i] = own
            for x in self.inputs[i]:
                claims[x] = own if claims[x] in (None, own) else last
        self._set_boxes(owner, {})

    def _box_by_name(self, names: list[str]) -> None:
        """Make all nodes of one unit a box, with the unnamed nodes used only through them.

        Inputs stay outside, in one box if they are many. Where a unit is used again on its own
        results, as over time, one box would be part of a cycle: then each use is a box.
        """
        exits = [False] * len(names)
        claims: list[str | None] = [None] * len(names)
        own = list(names)
        for i in range(len(names) - 1, -1, -1):
            claim = claims[i]
            if names[i]:
                exits[i] = claim != names[i]
            elif claim and (self.inputs[i] or _is_parameter(self.order[i])):
                own[i] = claim
            for x in self.inputs[i]:
                claims[x] = own[i] if claims[x] in (None, own[i]) else ""
        last: dict[str, int] = {}
        for i, name in enumerate(own):
            last[name] = i
        owner = [last[name] if name else i for i, name in enumerate(own)]
        self._set_boxes(owner, {i: name for name, i in last.items()})
        if self._is_cyclic():
            self._box_private(exits)
        else:
            self._box_inputs()

    def _box_inputs(self) -> None:
        """Make one box of many inputs that all feed the same boxes."""
        feeds: dict[int, list[int]] = {}
        for target in self.boxes():
            for source in self.sources(target):
                if self.order[source].is_leaf and not _is_parameter(self.order[source]):
                    feeds.setdefault(source, []).append(target)
        together: dict[tuple[int, ...], list[int]] = {}
        for source in sorted(feeds):
            together.setdefault(tuple(feeds[source]), []).append(source)
        for targets, inputs in together.items():
            if len(inputs) <= MOST_INPUTS:
                continue
            box = inputs[-1]
            for i in inputs:
                self.box_of[i] = box
            for target in targets:
                if target in self.groups:
                    sources = self.groups[target].sources
                    sources[box] = [link for i in inputs for link in sources.pop(i)]
            self.groups[box] = _Group(f"{len(inputs):,} inputs", inputs, inputs, {})

    def _set_boxes(self, owner: list[int], names: dict[int, str]) -> None:
        """Let each node stand in its owner's box; name the boxes."""
        box_of = self.box_of = [
            -1 if before < 0 else box for before, box in zip(self.box_of, owner, strict=True)
        ]
        members: dict[int, list[int]] = {}
        for i, box in enumerate(box_of):
            if box >= 0:
                members.setdefault(box, []).append(i)
        leaving = {len(self.order) - 1}
        for target, inputs in zip(box_of, self.inputs, strict=True):
            if inputs:
                leaving.update([x for x in inputs if box_of[x] != target])
        self.groups = {
            box: _Group(
                names.get(box, ""), nodes, [i for i in nodes if i in leaving], self._links(nodes)
            )
            for box, nodes in members.items()
            if len(nodes) > 1
        }

    def _is_cyclic(self) -> bool:
        consumers = self._consumers()
        waiting = {box: len(self.sources(box)) for box in self.boxes()}
        ready = [box for box, count in waiting.items() if not count]
        for box in ready:
            for target in consumers.get(box, ()):
                waiting[target] -= 1
                if not waiting[target]:
                    ready.append(target)
        return len(ready) < len(waiting)

    # Choosing what is near.

    def near(
        self, max_nodes: int, depth: int | None, around: Value | str | None
    ) -> tuple[list[int], str]:
        """The boxes to draw, and which limit left others out: "depth", "max_nodes" or ""."""
        level = [self.box_of[-1]] if around is None else self._found(around)
        consumers = self._consumers() if around is not None else {}
        seen = set(level)
        kept: list[int] = []
        distance = 0
        while (
            level and len(kept) + len(level) <= max_nodes and (depth is None or distance <= depth)
        ):
            kept += level
            met = {x for box in level for x in (*self.sources(box), *consumers.get(box, ()))} - seen
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

    def _consumers(self) -> dict[int, list[int]]:
        """For each box those that take it as an input."""
        consumers: dict[int, list[int]] = {}
        for target in self.boxes():
            for source in self.sources(target):
                consumers.setdefault(source, []).append(target)
        return consumers

    def _found(self, around: Value | str) -> list[int]:
        """The boxes of the node or nodes that `around` names."""
        if isinstance(around, str):
            found = [i for i, node in enumerate(self.order) if node.label == around]
            if not found and around[:1] == "n" and around[1:].isdecimal():
                found = [i for i in range(len(self.order)) if f"n{i}" == around]
        else:
            found = [self.number[around]] if around in self.number else []
        boxes = sorted({self.box_of[i] for i in found} - {-1})
        if not boxes:
            raise ValueError(
                f"around={around!r} is not in this graph: give one of its Values, a label or an "
                f"id from n0 to n{len(self.order) - 1}"
            )
        return boxes

    # Describing.

    def box(self, i: int, fields: Sequence[str]) -> Box:
        """The box that node `i` stands for."""
        group = self.groups.get(i, _Group("", [i], [i], {}))
        values = [self.order[e] for e in group.exits]
        head = self.order[group.exits[-1]]
        computed = [_gradient(v) for v in values if v.grad is not ZERO]
        label = group.name or head.label
        name = labels.one_line(label).strip()
        op = self._operation(group.exits[-1]) if len(values) == 1 else ""
        title = " = ".join([labels.shorten(part) for part in (name, op) if part]) or "leaf"
        lines = [Line("title", title)]
        exits = set(group.exits)
        hidden = self._kinds([j for j in group.members if j not in exits])
        if hidden:
            lines.append(Line("hidden", f"+{hidden.total():,}: {_counted(hidden, 2)}"))
        for field in fields:
            if field == "data":
                lines.append(Line("data", f"data {_range([v.data for v in values])}"))
            elif field == "grad":
                text = f"grad {_range(computed)}" if computed else NOT_YET
                lines.append(Line("grad", text))
            elif field == "id":
                lines.append(Line("id", f"n{i}"))
            elif head.source is not None:
                lines.append(Line("source", labels.shorten(_file_name(head.source), 32)))
        kind = "group"
        if len(group.members) == 1:
            kind = "operation" if op else "parameter" if _is_parameter(head) else "input"
            if head.is_constant:
                kind = "constant"
        hover = [label] if label else []
        hover.append(
            f"n{i}: {kind} {self._operation(i, 8) if kind == 'operation' else ''}".rstrip()
        )
        if kind == "group":
            hover[-1] = f"n{i}: {_counted(hidden + self._kinds(group.exits), 99)}"
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
            gradient=max(computed, key=_size) if computed else None,
            is_root=i == self.box_of[-1],
        )

    def _operation(self, i: int, most: int = 5) -> str:
        """The operation of a node, with the constants that it swallowed: `* 2`, `clip(·, 0, 1)`."""
        node = self.order[i]
        if node.op is None:
            return ""
        name = node.op.name
        operands = [
            style.number(x.data) if self.box_of[self.number[x]] < 0 else "·" for x in node.inputs
        ]
        if all(operand == "·" for operand in operands):
            return name
        if (sign := SIGNS.get(name)) and "·" in operands:
            return f"{sign} {operands[1]}" if operands[0] == "·" else f"{operands[0]} {sign}"
        more = ["…"] if len(operands) > most else []
        return f"{name}({', '.join(operands[:most] + more)})"

    def _kinds(self, nodes: Iterable[int]) -> Counter[str]:
        """How many nodes of which kind there are."""
        order = self.order
        return Counter(
            [
                node.op.name if node.op else "parameter" if _is_parameter(node) else "input"
                for node in [order[i] for i in nodes]
            ]
        )

    # Edges.

    def edges(
        self, kept: list[int], boxes: list[Box], partials: bool, both_ways: bool
    ) -> list[Edge]:
        """The edges between kept boxes; adds to `boxes` a dashed one for each cut.

        With `both_ways` consumers may be cut off as well as inputs.
        """
        place = {box: index for index, box in enumerate(kept)}
        stubs = self._cuts(kept, place, boxes)
        edges: list[Edge] = []
        for target in kept:
            indexed = self._is_indexed(target)
            merged: list[Edge] = []
            single: list[tuple[int, int, int]] = []
            cut: dict[int, Edge] = {}
            for source, links in self.sources(target).items():
                if source not in place:
                    stub = stubs[source]
                    if stub not in cut:
                        cut[stub] = Edge(f"e{target}_cut{len(cut)}", stub, place[target])
                elif source in self.groups or target in self.groups:
                    text = self._summed(links) if partials else ""
                    alone = indexed and len(links) == 1 and target not in self.groups
                    index = str(links[0][1]) if alone else ""
                    edge_id = f"e{target}_n{source}"
                    merged.append(Edge(edge_id, place[source], place[target], index, text))
                else:
                    single += [(consumer, argument, source) for consumer, argument in links]
            edges += merged
            single.sort()
            local = self._locals(target) if partials and single else ()
            for consumer, argument, source in single:
                text = self._chain_rule(target, local[argument]) if partials else ""
                index = str(argument) if indexed else ""
                edge_id = f"e{consumer}_{argument}"
                edges.append(Edge(edge_id, place[source], place[target], index, text))
            edges += cut.values()
        if both_ways:
            consumers = self._consumers()
            for source in kept:
                if count := len([box for box in consumers.get(source, ()) if box not in place]):
                    edges.append(Edge(f"e{source}_on", place[source], len(boxes)))
                    boxes.append(_stub(f"more_on_n{source}", count))
        return edges

    def _cuts(self, kept: list[int], place: dict[int, int], boxes: list[Box]) -> dict[int, int]:
        """For each box left out, the dashed box that stands for it.

        A box left out counts at the first kept box that leads to it, nearest first.
        """
        leads: dict[int, int] = {}
        level = [(x, box) for box in reversed(kept) for x in self.sources(box) if x not in place]
        while level:
            deeper: list[tuple[int, int]] = []
            for x, box in level:
                if x not in leads:
                    leads[x] = box
                    deeper += [(y, box) for y in self.sources(x) if y not in place]
            level = deeper
        counts = Counter(leads.values())
        index: dict[int, int] = {}
        for box in kept:
            if counts[box]:
                index[box] = len(boxes)
                boxes.append(_stub(f"more_n{box}", counts[box]))
        return {x: index[box] for x, box in leads.items()}

    def _is_indexed(self, i: int) -> bool:
        """Whether the arguments of a node need their index."""
        node = self.order[i]
        drawn = [x for x in self.inputs[i] if self.box_of[x] >= 0]
        if node.op is None or len(drawn) < 2:
            return False
        return node.op.name not in COMMUTATIVE or len(set(drawn)) < len(drawn)

    def _locals(self, i: int) -> Sequence[Any]:
        node = self.order[i]
        try:
            return node.op.local(node.data, *[x.data for x in node.inputs]) if node.op else ()
        except (ArithmeticError, ValueError):  # a user's own rule outside its domain
            return [math.nan] * len(node.inputs)

    def _chain_rule(self, i: int, local: Any) -> str:
        """`local · upstream = contribution`; the local derivative alone before a backward pass."""
        node = self.order[i]
        if node.grad is ZERO:
            return style.number(float(local))
        upstream = _gradient(node)
        product = style.number(local * upstream)
        return f"{style.number(local)} · {style.number(upstream)} = {product}"

    def _summed(self, links: list[tuple[int, int]]) -> str:
        """What flows over several edges drawn as one."""
        if all(self.order[consumer].grad is ZERO for consumer, _ in links):
            return ""
        rules: dict[int, Sequence[Any]] = {}
        for consumer, _ in links:
            if consumer not in rules:
                rules[consumer] = self._locals(consumer)
        terms = [rules[c][argument] * _gradient(self.order[c]) for c, argument in links]
        return ("Σ = " if len(terms) > 1 else "") + style.number(sum(terms))


def _unit(label: str, kind: str) -> str:
    """The unit a dotted label belongs to: `layers.0` or `layers.0.neurons.2`; "" for none."""
    if kind == "whole":
        return "network" if _UNITS["layers"](label) else ""
    found = _UNITS[kind](label)
    return found[0] if found else ""


def _is_parameter(node: Value) -> bool:
    return node.is_leaf and "." in node.label and _DOTTED(node.label) is not None


def _counted(kinds: Counter[str], most: int) -> str:
    """What there is, the most frequent first: `3 mul, 2 parameters, …`."""
    counts = kinds.most_common()
    parts = [
        f"{count:,} {kind}{'s' if count > 1 and kind in ('parameter', 'input') else ''}"
        for kind, count in counts[:most]
    ]
    return ", ".join(parts + (["…"] if len(counts) > most else []))


def _gradient(node: Value) -> float:
    """The gradient as a float, also after `backward(create_graph=True)`."""
    gradient: Any = node.grad
    return gradient.data if isinstance(gradient, Value) else gradient


def _size(gradient: float) -> float:
    return math.inf if math.isnan(gradient) else abs(gradient)


def _range(numbers: list[float]) -> str:
    """One number, or the smallest and the largest."""
    if len(numbers) == 1:
        return style.number(numbers[0])
    if any(math.isnan(x) for x in numbers):
        return "nan"
    low, high = style.number(min(numbers)), style.number(max(numbers))
    return low if low == high else f"{low} … {high}"


def _file_name(source: str) -> str:
    return source.replace("\\", "/").rsplit("/", 1)[-1]


def _stub(box_id: str, count: int) -> Box:
    text = f"… {count:,} more node{'s' if count > 1 else ''}"
    return Box(box_id, "more", "", "", (Line("title", text),), f"{text}: see the caption")

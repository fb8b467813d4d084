"""Which nodes of a graph stand together in one box.

Every step is a sweep over nodes or edges, so that a graph of a hundred thousand nodes becomes a
few layers in well under a second.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple, TypeAlias

from autograd_mini.graph import topological_order
from autograd_mini.value import Value, refuse_to_bake_in

Collapse: TypeAlias = "str | Iterable[str] | Callable[[Value], bool] | None"
Links: TypeAlias = dict[int, list[tuple[int, int]]]  # source: its (consumer, argument) pairs

MOST_INPUTS: Final = 12  # inputs of a collapsed network drawn one by one; more become one box
COLLAPSES: Final = ("labels", "neurons", "layers", "whole")  # what may be one box, by name
_UNITS: Final = {  # what comes before the unit, and its number
    kind: re.compile(rf"(?:[^.]*\.)*?{kind}\.[^.]+").match for kind in ("neurons", "layers")
}
_DOTTED: Final = re.compile(r"[^\W\d]\w*(\.\w+)+").fullmatch  # layers.0.neurons.2.b


class Cluster(NamedTuple):
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
    sources: Links


class BoxedGraph:
    """The nodes below a root by number, and which of them stand together in one box.

    Attributes:
        order: The nodes in topological order.
        number: The place of each node in it.
        box_of: For each node the number of the node that stands for its box; -1 for a constant
            that its consumer shows, and for what is left out.
        groups: Boxes of more than one node, by that number.
    """

    def __init__(self, root: Value) -> None:
        refuse_to_bake_in(root, "a drawing")
        self.order = topological_order(root)
        number = self.number = {node: i for i, node in enumerate(self.order)}
        self.inputs: list[Sequence[int]] = [
            [number[x] for x in node.inputs] if node.op else () for node in self.order
        ]
        self.box_of = [-1 if node.is_constant else i for i, node in enumerate(self.order)]
        self.box_of[-1] = len(self.order) - 1
        self.groups: dict[int, Cluster] = {}

    def leave_out_parameters(self) -> None:
        """Draw no box for a parameter, unless it is the root."""
        for i, node in enumerate(self.order[:-1]):
            if self.box_of[i] == i and is_parameter(node):
                self.box_of[i] = -1
        for group in self.groups.values():
            for i in [source for source in group.sources if self.box_of[source] < 0]:
                del group.sources[i]

    def boxes(self) -> list[int]:
        """Return the numbers of all boxes, in order."""
        return sorted({*self.box_of} - {-1})

    def sources(self, box: int) -> Links:
        """Return the boxes that a box takes inputs from, each with its (consumer, argument)."""
        if box in self.groups:
            return self.groups[box].sources
        return self._links([box])

    def _links(self, members: Iterable[int]) -> Links:
        box_of = self.box_of
        links: Links = {}
        for consumer in members:
            target = box_of[consumer]
            for argument, x in enumerate(self.inputs[consumer]):
                source = box_of[x]
                if source != target and source >= 0:
                    links.setdefault(source, []).append((consumer, argument))
        return links

    def consumers(self) -> dict[int, list[int]]:
        """Return the boxes that take each box as an input."""
        consumers: dict[int, list[int]] = {}
        for target in self.boxes():
            for source in self.sources(target):
                consumers.setdefault(source, []).append(target)
        return consumers

    # Collapsing.

    def collapse(self, how: Collapse) -> None:
        """Put nodes together in boxes."""
        if how is None:
            return
        if how == "labels":
            self._box_private([bool(node.label) for node in self.order])
        elif callable(how):
            self._box_private([bool(how(node)) for node in self.order])
        elif isinstance(how, str) and how in COLLAPSES:
            self._box_by_name([_unit(node.label, how) for node in self.order])
        elif isinstance(how, str) or not hasattr(how, "__iter__"):
            one = f"; for one label write collapse=[{how!r}]" if isinstance(how, str) else ""
            raise ValueError(
                "collapse is None, 'labels', 'neurons', 'layers', 'whole', a list of labels or a "
                f"function of a Value, but got {how!r}{one}"
            )
        else:
            chosen = list(how)
            self._box_private([node.label != "" and node.label in chosen for node in self.order])

    def _box_private(self, heads: list[bool]) -> None:
        """Make each head one box with the nodes that are used only through it.

        The root is not a head: it would swallow the graph.
        """
        last = len(self.order) - 1
        claims = [last if i == last else None for i in range(last + 1)]
        owner = list(range(last + 1))
        for i in range(last, -1, -1):
            own = i if heads[i] and self.inputs[i] and i != last else claims[i]
            if own is None:
                own = last
            elif own != last:
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
            elif claim and (self.inputs[i] or is_parameter(self.order[i])):
                own[i] = claim
            for x in self.inputs[i]:
                claims[x] = own[i] if claims[x] in (None, own[i]) else ""
        last = {name: i for i, name in enumerate(own)}
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
                if self.order[source].is_leaf and not is_parameter(self.order[source]):
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
            self.groups[box] = Cluster(f"{len(inputs):,} inputs", inputs, inputs, {})

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
            box: Cluster(
                names.get(box, ""), nodes, [i for i in nodes if i in leaving], self._links(nodes)
            )
            for box, nodes in members.items()
            if len(nodes) > 1
        }

    def _is_cyclic(self) -> bool:
        consumers = self.consumers()
        waiting = {box: len(self.sources(box)) for box in self.boxes()}
        ready = [box for box, count in waiting.items() if not count]
        for box in ready:
            for target in consumers.get(box, ()):
                waiting[target] -= 1
                if not waiting[target]:
                    ready.append(target)
        return len(ready) < len(waiting)


def is_parameter(node: Value) -> bool:
    """Return whether a leaf is a model's parameter: its label is a dotted name."""
    return node.is_leaf and "." in node.label and _DOTTED(node.label) is not None


def _unit(label: str, kind: str) -> str:
    """Return the unit of a dotted label: `layers.0` or `layers.0.neurons.2`; "" for none."""
    if kind == "whole":
        return "network" if _UNITS["layers"](label) else ""
    found = _UNITS[kind](label)
    return found[0] if found else ""

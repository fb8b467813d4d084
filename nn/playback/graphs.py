"""The scalar graphs of examples for a page; those that differ in numbers only share one picture."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, Final

from autograd_mini import Trace, Value, topological_order
from autograd_mini.drawing.javascript import key
from autograd_mini.nested import is_nested, mapped
from autograd_mini.player import graph_json
from autograd_mini.player.graphs import drawn, drawn_scene

MOST_GRAPHS: Final = 12  # pictures in one page; points whose graph is another one are only shown
LEFT_OUT: Final = f"the points have more than {MOST_GRAPHS} different graphs; others are not opened"


class Graphs:
    """The graphs of all points: those that differ in numbers only share one picture.

    Attributes:
        pages: For each graph its JSON.
        pictures: The SVG of each graph, `across-0`, …, and from top to bottom, for a phone,
            `upright-0`, ….
        notes: What the page should say.
    """

    def __init__(
        self, model: Any, loss: Callable[[Any, Any], Any], max_nodes: int, is_drawn: bool = True
    ) -> None:
        self.model = model
        self.loss = loss
        self.max_nodes = max_nodes
        self.is_drawn = is_drawn
        self.parameters: dict[Value, int] = {p: i for i, p in enumerate(model.parameters())}
        self.pages: list[dict[str, Any]] = []
        self.pictures: dict[str, str] = {}
        self.roots: list[Value] = []
        self.notes: list[str] = []
        self._found: dict[Any, int] = {}
        self._largest: dict[Any, list[tuple[list[int], list[int]]]] = {}

    def nodes(self) -> Iterator[Value]:
        """Yield every node of every graph."""
        for root in self.roots:
            yield from topological_order(root)

    def sources(self, page: int) -> set[str]:
        """Return what the numbers of a graph's own leaves are, of "x" and "y"."""
        return {source[0] for source in self.pages[page]["sources"] if source}

    def add(self, x: Any, target: Any) -> tuple[int | None, list[float]]:
        """Remember a point's graph; return its place, if it can be opened, and its own numbers."""
        root, outputs = self.build(x, target)
        nodes = topological_order(root)
        position = {node: i for i, node in enumerate(nodes)}
        own = [i for i, node in enumerate(nodes) if self._is_own(node)]
        structure = tuple(
            [
                (key(node), node.label, tuple([position[x] for x in node.inputs]))
                if node.op
                else (node.label, node.is_constant or self.parameters.get(node))
                for node in nodes
            ]
        )
        if structure not in self._largest:
            self._largest[structure] = self._maxima(nodes, x, target)
        largest = self._largest[structure]
        moving = {i for constants, _ in largest for i in constants}
        constants = [
            node.data for i, node in enumerate(nodes) if node.is_constant and i not in moving
        ]
        shape = structure, tuple(constants)
        if shape not in self._found and len(self.pages) < MOST_GRAPHS:
            self._found[shape] = len(self.pages)
            self.pages.append({**self._json(nodes, own, outputs), "largest": largest})
            if self.is_drawn:
                self._draw(root)
            self.roots.append(root)
        graph = self._found.get(shape)
        if graph is None and LEFT_OUT not in self.notes:
            self.notes.append(LEFT_OUT)
        return graph, [nodes[i].data for i in own]

    def build(self, x: Any, target: Any) -> tuple[Value, list[Value]]:
        """Return the loss of an example, and the model's outputs on the way."""
        inputs = as_leaves(x, "x")
        prediction = self.model(inputs)
        try:
            root = self.loss(prediction, as_leaves(target, "y"))
        except (TypeError, ValueError, ArithmeticError):
            root = self.loss(prediction, target)  # a class index, say, is not a number to wrap
        if not isinstance(root, Value):
            raise ValueError(f"the loss of an example is a Value, but got {root!r}")
        outputs: list[Value] = prediction if is_nested(prediction) else [prediction]
        if not root.label:
            root.label = "loss"
        return root, outputs

    def _maxima(self, nodes: list[Value], x: Any, target: Any) -> list[tuple[list[int], list[int]]]:
        """Return the constants that are the largest of some nodes, and these nodes.

        A softmax takes the largest logit away as a plain number. It is found by looking at
        another example.
        """
        others = topological_order(self.build(mapped(lambda number: number + 0.1234, x), target)[0])
        if len(others) != len(nodes):
            return []
        position = {node: i for i, node in enumerate(nodes)}
        groups: dict[float, tuple[list[int], list[int]]] = {}
        for node in nodes:
            if node.op is None or node.op.name != "sub":
                continue
            z, c = [position[operand] for operand in node.inputs]
            if nodes[c].is_constant and others[c].data != nodes[c].data:
                constants, sources = groups.setdefault(nodes[c].data, ([], []))
                constants.append(c)
                sources.append(z)
        return [
            (constants, sources)
            for number, (constants, sources) in groups.items()
            if number == max(nodes[z].data for z in sources)
        ]

    def _is_own(self, node: Value) -> bool:
        return node.is_leaf and not node.is_constant and node not in self.parameters

    def _json(self, nodes: list[Value], own: list[int], outputs: list[Value]) -> dict[str, Any]:
        found = set(outputs)
        return {
            **graph_json(Trace(nodes[-1])),
            "seed": 1.0,
            "parameters": [
                [i, self.parameters[node]]
                for i, node in enumerate(nodes)
                if node in self.parameters
            ],
            "own": own,
            "sources": [_example_input(nodes[i].label) for i in own],
            "kept": [nodes[i].data for i in own],
            "fixed": [[i, node.data] for i, node in enumerate(nodes) if node.is_constant],
            "outputs": [i for i, node in enumerate(nodes) if node in found],
        }

    def _draw(self, root: Value) -> None:
        trace = Trace(root)
        seen = drawn(trace, self.max_nodes)
        self.pictures[f"across-{len(self.roots)}"] = drawn_scene(trace, seen)
        upright = seen._replace(rankdir="TB")
        self.pictures[f"upright-{len(self.roots)}"] = drawn_scene(trace, upright)


def as_leaves(numbers: Any, name: str) -> Any:
    """Return numbers as leaves of a graph, so that other numbers can take their places.

    Example:
        >>> [x.label for x in as_leaves([0.5, 1.0], "x")], as_leaves(0.5, "y").label
        (['x1', 'x2'], 'y')
    """
    if not is_nested(numbers):
        return Value(numbers, name)
    place = count(1)
    return mapped(lambda number: Value(number, f"{name}{next(place)}"), numbers)


def _example_input(label: str) -> tuple[str, int] | None:
    """Return which number of an example a leaf is: ("x", 2) is the third of its inputs."""
    found = re.fullmatch(r"([xy])(\d*)", label)
    return (found[1], int(found[2] or 1) - 1) if found else None

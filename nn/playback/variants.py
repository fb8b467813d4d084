"""A model as programs and graphs, and the same network with other activations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple, cast

from autograd_mini import Op, Program, TraceError, Value, apply, compile, topological_order
from autograd_mini.ops import function
from nn import activations
from nn.layers import set_data
from nn.losses import Loss
from nn.network import FNN, difference_from_settings, has_layers_only, options_of
from nn.playback.graphs import Graphs
from nn.playback.units import units_of

LONGEST_RULE: Final = 60  # characters: a page shows the number instead of a longer one


class Variant(NamedTuple):
    """What a page computes with.

    Attributes:
        loss: The program of the loss of an example (x, y).
        units: What all units say of an x.
        graphs: The graphs of the examples.
        indices: Which graph each example has; None if it cannot be opened.
    """

    loss: Program
    units: Program
    graphs: Graphs
    indices: list[int | None]

    def shape(self, model: Any) -> Any:
        """Return what variants of a model must agree in to exchange their rules only."""
        place = {p: i for i, p in enumerate(model.parameters())}
        programs = [[place.get(p) for p in run.parameters] for run in (self.loss, self.units)]
        return programs, self.indices, [_drawn_inputs(graph) for graph in self.graphs.pages]


def _drawn_inputs(graph: dict[str, Any]) -> list[list[int]]:
    """Return the inputs of each node but for constants, which no picture shows."""
    constants = set(graph["constants"])
    shown = [i for i in range(len(graph["inputs"])) if i not in constants]
    place = {i: n for n, i in enumerate(shown)}
    return [[place[x] for x in graph["inputs"][i] if x in place] for i in shown]


def variant(
    model: Any, loss: Loss, X: Sequence[Any], Y: Sequence[Any], max_nodes: int, is_own: bool = True
) -> Variant:
    """Compile a model and its loss, and take the examples' graphs.

    Of the model itself programs are checked and graphs are drawn; of its likes they are not.

    Raises:
        TraceError: If model or loss cannot be compiled.
    """

    def of_example(x: Any, y: Any) -> Any:
        return loss(model(x), y)

    program = compile(of_example, X[0], Y[0], check=is_own)
    units = compile(units_of(model), X[0], check=is_own)
    graphs = Graphs(model, loss, max_nodes, is_own)
    first, _ = graphs.add(X[0], Y[0])
    if "y" in graphs.sources(0):  # what compiles has one graph for all numbers
        return Variant(program, units, graphs, [first] * len(X))
    indices = [graphs.add(x, y)[0] for x, y in zip(X, Y, strict=True)]
    return Variant(program, units, graphs, indices)


def other_variants(
    model: Any, loss: Loss, X: Sequence[Any], Y: Sequence[Any], own: Variant
) -> Iterator[tuple[str, Variant]]:
    """Iterate over the same network with other activations of its hidden layers, by name.

    Each is one operation, so that a graph keeps its shape and one picture serves all. There are
    none for another model, or if the network's own activation is more than one operation.

    Example:
        >>> model, X, Y = FNN([1, 2, 1], seed=0), [[0.5]], [1.0]
        >>> loss = lambda f, y: (f - y) ** 2
        >>> own = variant(model, loss, X, Y, max_nodes=300)
        >>> [name for name, _ in other_variants(model, loss, X, Y, own)][:5]
        ['identity', 'sigmoid', 'relu', 'leaky_relu', 'elu']
    """
    if (
        not has_layers_only(model)
        or len(model.sizes) < 3
        or difference_from_settings(model) is not None
    ):
        return
    for name, activation in activations.ACTIVATIONS.items():
        if activation is model.activation or activations.is_vector(activation):
            continue
        other = _with_activation(model, as_one_operation(name, activation))
        try:
            found = variant(other, loss, X, Y, own.graphs.max_nodes, is_own=False)
        except (TraceError, ArithmeticError):
            continue
        if found.shape(other) == own.shape(model):
            for graph in found.graphs.pages:
                rows: list[list[str]] = graph["partials"]
                graph["partials"] = [[x * (len(x) <= LONGEST_RULE) for x in row] for row in rows]
            yield name, found


def as_one_operation(name: str, activation: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return an activation as one operation of one number, whatever it is made of.

    Its slope is the chain rule over its own graph, which runs on plain numbers and on symbols.

    Example:
        >>> swish = as_one_operation("hardswish", activations.get("hardswish"))
        >>> x = Value(1.5)
        >>> swish(x).backward()
        >>> x.grad, swish(x).op.name
        (1.0, 'hardswish')
    """
    z = Value(0.5)
    nodes = topological_order(activation(z))
    if nodes[-1].inputs == (z,):
        return activation

    def slope(_f: object, x: object) -> Any:
        at: dict[Value, Any] = {z: x}
        for node in nodes:
            if node.op:
                at[node] = function(node.op)(*[at[operand] for operand in node.inputs])
            else:
                at.setdefault(node, node.data)
        slopes: dict[Value, Any] = {nodes[-1]: 1.0}
        for node in reversed(nodes):
            if node.op and node in slopes:
                local = node.op.local(at[node], *[at[operand] for operand in node.inputs])
                for operand, partial in zip(node.inputs, local, strict=True):
                    if not operand.is_constant:
                        part = partial * slopes[node]
                        slopes[operand] = slopes[operand] + part if operand in slopes else part
        return slopes[z]

    row = Op(name, activation, (slope,))

    def unit(x: Any) -> Any:
        return apply(row, x)

    unit.__name__ = name
    return unit


def changes(own: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Return in what a graph differs from another one: places of lists, or what is of other size.

    Example:
        >>> changes({"op": ["", "tanh"], "own": [0]}, {"op": ["", "sin"], "own": [0]})
        {'places': {'op': [[1, 'sin']]}, 'whole': {}}
    """
    found: dict[str, Any] = {"places": {}, "whole": {}}
    for key, value in other.items():
        before: Any = own[key]
        if before == value:
            continue
        if isinstance(value, list) and len(cast("list[Any]", value)) == len(before):
            pairs = enumerate(zip(before, cast("list[Any]", value), strict=True))
            found["places"][key] = [[i, y] for i, (x, y) in pairs if x != y]
        else:
            found["whole"][key] = value
    return found


def _with_activation(model: FNN, activation: str | Callable[[Any], Any]) -> FNN:
    """Return a network with the same numbers and another activation."""
    options: dict[str, Any] = {**options_of(model), "activation": activation}
    like = FNN(model.sizes, seed=0, **options)
    set_data(like.parameters(), [p.data for p in model.parameters()])
    return like

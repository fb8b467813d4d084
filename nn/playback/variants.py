"""A model as programs and graphs, and the same network with other activations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from autograd_mini import Program, TraceError, compile
from nn import activations
from nn.network import FNN, has_layers_only
from nn.playback.graphs import Graphs
from nn.playback.units import units_of

CHOICES: Final = (  # each is one node of a graph
    "tanh", "relu", "sigmoid", "leaky_relu", "elu", "silu", "gelu", "mish", "softplus", "softsign",
    "hardtanh", "sin", "abs",
)  # fmt: skip


class Variant(NamedTuple):
    """What a page computes with.

    Attributes:
        loss: Of an example (x, y).
        units: What all units say of an x.
        graphs: Of the examples.
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
        return programs, self.indices, [_edges(graph) for graph in self.graphs.pages]


def _edges(graph: dict[str, Any]) -> list[list[int]]:
    """The inputs of each node but for constants, which no picture shows."""
    constants = set(graph["constants"])
    shown = [i for i in range(len(graph["inputs"])) if i not in constants]
    place = {i: n for n, i in enumerate(shown)}
    return [[place[x] for x in graph["inputs"][i] if x in place] for i in shown]


def variant(
    model: Any,
    loss: Callable[[Any, Any], Any],
    X: Sequence[Any],
    Y: Sequence[Any],
    max_nodes: int,
    is_drawn: bool = True,
) -> Variant:
    """Compile a model and its loss, and take the examples' graphs.

    Raises:
        TraceError: If model or loss cannot be compiled.
    """

    def of_example(x: Any, y: Any) -> Any:
        return loss(model(x), y)

    program = compile(of_example, X[0], Y[0])
    units = compile(units_of(model), X[0])
    graphs = Graphs(model, loss, max_nodes, is_drawn)
    first: int = graphs.add(0, X[0], Y[0])["graph"]
    if "y" in graphs.sources(first):  # what compiles has one graph for all numbers
        return Variant(program, units, graphs, [first] * len(X))
    indices = [graphs.add(n, X[n], Y[n])["graph"] for n in range(len(X))]
    return Variant(program, units, graphs, indices)


def others(
    model: Any, loss: Callable[[Any, Any], Any], X: Sequence[Any], Y: Sequence[Any], own: Variant
) -> Iterator[tuple[str, Variant]]:
    """Iterate over the same network with other activations of its hidden layers, by name.

    But for constants a graph keeps its shape, so that one picture serves all. There are none for
    another model, or if the network's own activation is of another shape.

    Example:
        >>> model, X, Y = FNN([1, 2, 1], seed=0), [[0.5]], [1.0]
        >>> loss = lambda f, y: (f - y) ** 2
        >>> own = variant(model, loss, X, Y, max_nodes=300)
        >>> [name for name, _ in others(model, loss, X, Y, own)][:5]
        ['relu', 'sigmoid', 'leaky_relu', 'elu', 'silu']
    """
    if not _is_plain(model):
        return
    for name in CHOICES:
        if name == activations.name_of(model.activation):
            continue
        other = _with(model, name)
        try:
            found = variant(other, loss, X, Y, own.graphs.max_nodes, is_drawn=False)
        except (TraceError, ArithmeticError):
            continue
        if found.shape(other) == own.shape(model):
            yield name, found


def _is_plain(model: Any) -> bool:
    """Return whether a network has hidden layers and is still what its settings say."""
    if not has_layers_only(model) or len(model.sizes) < 3:
        return False
    hidden = [unit for layer in model.layers[:-1] for unit in layer.neurons]
    names = [name for name, _ in model.named_parameters()]
    return all(unit.activation is model.activation for unit in hidden) and names == [
        name for name, _ in _with(model, "tanh").named_parameters()
    ]


def _with(model: FNN, activation: str) -> FNN:
    """Return a network with the same numbers and another activation."""
    like = FNN(
        model.sizes,
        activation,
        model.output_activation,
        bias=model.bias,
        output_bias=model.output_bias,
        fused=model.fused,
        seed=0,
    )
    for ours, theirs in zip(like.parameters(), model.parameters(), strict=False):
        ours.data = theirs.data
    return like

"""Plan: find the arrays and matrices in a graph, and give every number its place.

`flatten` turns chains of additions into sums of products, `grouped` puts equal operations
together (a sum of products by its inputs: that is a matrix), `placed` numbers the parameters and
the rows of the buffers so that operands become slices.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate, chain, pairwise
from typing import Final, NamedTuple

from autograd_mini import ops
from autograd_mini.compiler.expressions import Ref
from autograd_mini.compiler.groups import Group, Part
from autograd_mini.compiler.padding import padded
from autograd_mini.compiler.record import CONSTANT, INPUT, PARAMETER, VARYING, Graph
from autograd_mini.compiler.schedule import buffers_of, grouped
from autograd_mini.compiler.statements import STEADY, THETA, VALUES
from autograd_mini.compiler.sums import FEW_TERMS, Sum, flatten, stretches

# What a program is for.
FORWARD, GRADIENT, INPUTS = "forward", "loss_and_gradient", "input_gradient"
FLAGS: Final = {FORWARD: 0, GRADIENT: 1, INPUTS: 2}  # and the nodes that need a gradient then
SHOWN: Final = 100  # groups of a plan that is printed
WRITTEN_OUT: Final = 20_000  # nodes of the longest graph that is written in plain floats


class Plan:
    """A graph in groups, every number in its place.

    Attributes:
        recorded: The recorded graph.
        graph: The same, with sums of different lengths padded.
        groups: In the order in which they run.
        parameters: The parameters' nodes, in the order of the flat vector.
        rows: The number of rows of the workspaces of kind "v" and "p".
        results: Where the roots are.
        flags: For each node, whether a parameter (1) or an input (2) is below it.
        multiplications: How many products the sums of one example have.
        squared: The nodes of sums that powers are part of.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = self.recorded = graph
        self.groups: list[Group] = []
        self.parameters: list[int] = []
        self.rows = {VARYING: 0, PARAMETER: 0}
        self.results: list[Ref] = []
        self.flags = bytearray()
        self.multiplications = 0
        self.squared: set[int] = set()

    @property
    def matrices(self) -> int:
        """The number of matrix products."""
        return sum(group.is_matrix for group in self.groups)

    @property
    def suits_floats(self) -> bool:
        """Whether plain floats beat arrays for one example, by counting operations."""
        nodes = len(self.recorded.ops)
        work = nodes + self.multiplications
        return nodes <= WRITTEN_OUT and work <= 25 * max(len(self.groups), 4)

    def __str__(self) -> str:
        lines = [str(group) for group in self.groups[:SHOWN]]
        if len(self.groups) > SHOWN:
            lines.append(f"... {len(self.groups) - SHOWN:,} more groups")
        return "\n".join(lines)


def plan(graph: Graph) -> Plan:
    """Return the graph in groups."""
    recorded = graph
    chains, absorbed, squared = flatten(graph)
    multiplications = sum(len(pairs) for pairs, _ in chains.values())
    graph = padded(graph, chains)
    absorbed += bytes(len(graph.ops) - len(absorbed))
    buffers = buffers_of(graph)
    groups = list(grouped(graph, chains, absorbed, buffers))
    result = placed(graph, groups, buffers)
    result.recorded = recorded
    result.multiplications = multiplications
    result.squared = squared
    return result


# Places.


def placed(graph: Graph, groups: list[Group], buffers: list[str]) -> Plan:
    """Number the parameters and the rows of the buffers; note what every statement reads."""
    result = Plan(graph)
    at = list(range(len(buffers)))  # the row of each node in its buffer: constants stay
    result.parameters = _ordered_parameters(graph, groups)
    for ids in (*graph.inputs, result.parameters):
        for row, i in enumerate(ids):
            at[i] = row
    places = _Places(at, buffers)
    for group in groups:
        _sort_members(group, graph, places)
        if group.op is ops.DETACH and places.is_copy(graph, group.members[0]):
            for i in group.members:
                at[i] = at[graph.args[i][0]]
            continue
        result.groups.append(group)
        group.lo = result.rows[group.kind]
        for row, i in enumerate(group.members, group.lo):
            at[i] = row
        result.rows[group.kind] += len(group.members)
        if group.op is None:
            group.parts = list(_parts(group, places))
            group.sums = []
        else:
            columns = zip(*[graph.args[i] for i in group.members], strict=True)
            group.operands = [places.ref(column, len(column)) for column in columns]
    result.results = [places.ref([root], 1) for root in graph.roots]
    result.flags = flags(graph, range(len(graph.inputs)))
    return result


class _Places(NamedTuple):
    """The row of each node, and the buffer that it is a row of."""

    rows: list[int]
    buffers: list[str]

    def ref(self, nodes: Iterable[int], *shape: int) -> Ref:
        """Return nodes of one buffer as an array."""
        nodes = list(nodes)
        buffer = self.buffers[nodes[0]]
        rows = [*map(self.rows.__getitem__, nodes)]
        return Ref(buffer, rows, shape, buffer not in STEADY, nodes)

    def is_copy(self, graph: Graph, node: int) -> bool:
        """Return whether what detaches has the place of its operand, which is not a parameter's."""
        (x,) = graph.args[node]
        return self.buffers[node] == VALUES == self.buffers[x]


def _ordered_parameters(graph: Graph, groups: Sequence[Group]) -> list[int]:
    """Give every matrix one block, its biases the next, and then all others a place."""
    known = graph.parameters
    order = [*graph.layout]
    for group in groups:
        if group.op is None and group.sums[0].weights:
            rows: list[Sum] = group.sums[:: group.positions]
            classes = rows[0].classes
            for (buffer, *_), (lo, hi) in zip(classes, _bounds(classes), strict=True):
                if buffer == THETA:
                    order += chain.from_iterable([terms.weights[lo:hi] for terms in rows])
            order += [x for terms in rows for x in terms.rest if x in known]
    found = dict.fromkeys(order)
    return [*found] if len(found) == len(known) else [*dict.fromkeys([*found, *known])]


def _bounds(classes: Iterable[tuple[str, str, int]]) -> Iterable[tuple[int, int]]:
    """Return where each class begins and ends."""
    return pairwise(accumulate([count for _, _, count in classes], initial=0))


def _sort_members(group: Group, graph: Graph, places: _Places) -> None:
    """Order the members by where their operands are."""
    at, buffers = places
    if group.op is not None:
        # By the operand that is another for most of them: the others are then repeated, which a
        # view can do, and what a matrix has written is read in the order in which it stands.
        if len(group.members) > 1:
            operands = zip(*[graph.args[i] for i in group.members], strict=True)
            columns = [[*map(at.__getitem__, nodes)] for nodes in operands]
            columns.sort(key=lambda column: -len({*column}))
            ranks = dict(zip(group.members, zip(*columns, strict=True), strict=True))
            group.members.sort(key=ranks.__getitem__)
    elif not group.sums[0].weights:
        if len(group.sums) == 1:
            (terms,) = group.sums
            terms.products.sort(
                key=lambda ab: (buffers[ab[0]], at[ab[0]], buffers[ab[1]], at[ab[1]])
            )
            terms.rest.sort(key=lambda x: (buffers[x], at[x]))
        else:
            group.sums.sort(key=lambda terms: [at[x] for x in chain(*terms.products, terms.rest)])
            group.members = [terms.node for terms in group.sums]


def _parts(group: Group, places: _Places) -> Iterable[Part]:
    """Return the terms of a group's sums of products."""
    sums, positions, buffers = group.sums, group.positions, places.buffers
    rows, first, count = sums[::positions], sums[:positions], len(sums)
    for lo, hi in _bounds(sums[0].classes):
        weights = [w for terms in rows for w in terms.weights[lo:hi]]
        inputs = [terms.inputs[j] for j in range(lo, hi) for terms in first]
        left = places.ref(weights, len(rows), hi - lo)
        yield Part("matrix", left, places.ref(inputs, hi - lo, positions))
    products = [terms.products for terms in sums]
    for lo, hi in stretches([(buffers[a], buffers[b]) for a, b in products[0]]):
        pairs = [row[j] for j in range(lo, hi) for row in products]
        left, right = [places.ref(side, hi - lo, count) for side in zip(*pairs, strict=True)]
        yield Part("products", left, right)
    rest = [terms.rest for terms in sums]
    for lo, hi in stretches([buffers[x] for x in rest[0]]):
        if hi - lo >= FEW_TERMS:
            nodes = [row[j] for j in range(lo, hi) for row in rest]
            yield Part("total", places.ref(nodes, hi - lo, count))
        else:
            for j in range(lo, hi):
                yield Part("add", places.ref([row[j] for row in rest], count))


def flags(graph: Graph, wrt: Iterable[int]) -> bytearray:
    """Return for each node whether a parameter (1) or one of some arguments (2) is below it."""
    ones = bytes.maketrans(f"{PARAMETER}{CONSTANT}{INPUT}{VARYING}".encode(), b"\1\0\0\0")
    found = bytearray("".join(graph.kinds).encode().translate(ones))
    for k in wrt:
        for i in graph.inputs[k]:
            found[i] = 2
    for i in graph.inner:
        if graph.kinds[i] == VARYING and graph.ops[i] is not ops.DETACH:  # no gradient goes there
            below = 0
            for x in graph.args[i]:
                below |= found[x]
                if below == 3:
                    break
            found[i] = below
    return found

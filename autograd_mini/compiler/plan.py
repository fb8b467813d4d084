"""Plan: find the arrays and matrices in a graph, and give every number its place.

`flatten` turns chains of additions into sums of products, `grouped` puts equal operations
together (a sum of products by its inputs: that is a matrix), `placed` numbers the parameters and
the rows of the buffers so that operands become slices.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate, chain, pairwise
from typing import Final

from autograd_mini import ops
from autograd_mini.compiler.expressions import Ref
from autograd_mini.compiler.padding import padded
from autograd_mini.compiler.record import CONSTANT, INPUT, PARAMETER, VARYING, Graph
from autograd_mini.compiler.schedule import MATRIX, PLAIN_UNIT, Units, buffers_of, grouped
from autograd_mini.compiler.statements import CONSTANTS, SHARED, THETA, VALUES
from autograd_mini.compiler.sums import SHORT, Sum, flatten, runs
from autograd_mini.ops import Op

FORWARD, GRADIENT, INPUTS = (
    "forward",
    "loss_and_gradient",
    "input_gradient",
)  # what a program is for
FLAGS: Final = {FORWARD: 0, GRADIENT: 1, INPUTS: 2}  # and the nodes that need a gradient then
SHOWN: Final = 100  # groups of a plan that is printed
WRITTEN_OUT: Final = 20_000  # nodes of the longest graph that is written in plain floats


class Part:
    """One term of a sum of products, for all members of its group.

    A "matrix" part is weights (rows, columns) times inputs (columns, positions); a "products"
    part is the sum over the first axis of `left * right`; a "total" part that of `left`; an
    "add" part is `left` itself.
    """

    __slots__ = ("kind", "left", "right")

    def __init__(self, kind: str, left: Ref, right: Ref | None = None) -> None:
        self.kind = kind
        self.left = left
        self.right = right

    def __str__(self) -> str:
        return f"{self.kind} {self.left}" + (f" {self.right}" if self.right is not None else "")


class Group:
    """Nodes that one statement computes.

    Attributes:
        op: The row, or None for a sum of products.
        kind: "v" or "p".
        members: The nodes.
        lo: The first member's row in the workspace of its kind.
        operands: Of a row: what it reads.
        parts: Of a sum of products: its terms.
        positions: How many inputs share the weights of a matrix.
        sums: Of a sum of products, until it has its place: each member's terms.
    """

    __slots__ = ("kind", "lo", "members", "name", "op", "operands", "parts", "positions", "sums")

    def __init__(self, op: Op | None, kind: str, members: list[int], positions: int = 1) -> None:
        self.op = op
        self.kind = kind
        self.members = members
        self.positions = positions
        self.lo = 0
        self.name = ""
        self.operands: list[Ref] = []
        self.parts: list[Part] = []
        self.sums: list[Sum] = []

    @property
    def out(self) -> Ref:
        """What the statement writes."""
        varies = self.kind == VARYING
        rows = range(self.lo, self.lo + len(self.members))
        return Ref(VALUES if varies else SHARED, rows, (len(rows),), varies, self.members)

    @property
    def is_matrix(self) -> bool:
        """Whether this is a matrix product."""
        return any(part.kind == "matrix" for part in self.parts)

    @property
    def refs(self) -> list[Ref]:
        """All that the statement reads."""
        refs = list(self.operands)
        for part in self.parts:
            refs += [part.left] if part.right is None else [part.left, part.right]
        return refs

    def __str__(self) -> str:
        what = self.op.name if self.op else " + ".join(map(str, self.parts))
        reads = " ".join(map(str, self.operands))
        name = self.name or (VALUES if self.kind == VARYING else SHARED)
        return f"{name}[{self.lo}:{self.lo + len(self.members)}] = {what} {reads}".rstrip()


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
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = self.recorded = graph
        self.groups: list[Group] = []
        self.parameters: list[int] = []
        self.rows = {VARYING: 0, PARAMETER: 0}
        self.results: list[Ref] = []
        self.flags = bytearray()
        self.multiplications = 0

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
    chains, absorbed = flatten(graph)
    multiplications = sum(len(pairs) for pairs, _ in chains.values())
    graph = padded(graph, chains)
    absorbed += bytes(len(graph.ops) - len(absorbed))
    buffers = buffers_of(graph)
    groups = [_group(graph, units) for units in grouped(graph, chains, absorbed, buffers)]
    result = placed(graph, groups, buffers)
    result.recorded = recorded
    result.multiplications = multiplications
    return result


def _group(graph: Graph, units: Units) -> Group:
    """Return equal units as one group; positions of a matrix stand side by side."""
    if units.what == PLAIN_UNIT:
        return Group(graph.ops[units.nodes[0]], units.kind, units.nodes)
    sums = [terms for row in zip(*units.sums, strict=True) for terms in row]
    positions = len(units.sums) if units.what == MATRIX else 1
    group = Group(None, units.kind, [terms.node for terms in sums], positions)
    group.sums = sums
    return group


# Places.


def placed(graph: Graph, groups: list[Group], buffers: list[str]) -> Plan:
    """Number the parameters and the rows of the buffers; note what every statement reads."""
    result = Plan(graph)
    result.groups = groups
    places = [-1] * len(buffers)  # the row of each node in its buffer
    for i, kind in enumerate(graph.kinds):
        if kind == CONSTANT:
            places[i] = i
    for ids in graph.inputs:
        for row, i in enumerate(ids):
            places[i] = row
    _place_parameters(result, places)
    for group in groups:
        _sort_members(group, graph, places, buffers)
        group.lo = result.rows[group.kind]
        for row, i in enumerate(group.members, group.lo):
            places[i] = row
        result.rows[group.kind] += len(group.members)
        _read(group, graph, places, buffers)
    result.results = [_ref([root], (1,), places, buffers) for root in graph.roots]
    result.flags = _flags(graph)
    return result


def _place_parameters(result: Plan, places: list[int]) -> None:
    """Give every matrix one block, its biases the next, and then all others a place."""
    known = result.graph.parameters
    order = [*result.graph.layout]
    for group in result.groups:
        if group.op is None and group.sums[0].weights:
            rows: list[Sum] = group.sums[:: group.positions]
            for lo, hi in _bounds(rows[0].classes):
                order += chain.from_iterable([terms.weights[lo:hi] for terms in rows])
            order += chain.from_iterable([terms.rest for terms in rows])
    result.parameters = [*filter(known.__contains__, dict.fromkeys([*order, *known]))]
    for row, i in enumerate(result.parameters):
        places[i] = row


def _bounds(classes: Iterable[tuple[str, str, int]]) -> Iterable[tuple[int, int]]:
    """Return where each class begins and ends."""
    return pairwise(accumulate([count for _, _, count in classes], initial=0))


def _sort_members(group: Group, graph: Graph, places: list[int], buffers: list[str]) -> None:
    """Order the members by where their operands are."""
    if group.op is not None:
        # By the operand that is another for most of them: the others are then repeated, which a
        # view can do, and what a matrix has written is read in the order in which it stands.
        columns = [[places[x] for x in graph.args[i]] for i in group.members]
        order = range(len(columns[0]))
        if len(columns) > 1 and len(order) > 1:
            order = sorted(order, key=lambda j: -len({row[j] for row in columns}))
        ranks = dict(zip(group.members, columns, strict=True))
        group.members.sort(key=lambda i: [ranks[i][j] for j in order])
    elif not group.sums[0].weights:
        for terms in group.sums:
            if len(group.sums) == 1:
                terms.products.sort(key=lambda pair: [(buffers[x], places[x]) for x in pair])
                terms.rest.sort(key=lambda x: (buffers[x], places[x]))
        group.sums.sort(key=lambda terms: [places[x] for x in chain(*terms.products, terms.rest)])
        group.members = [terms.node for terms in group.sums]


def _ref(nodes: list[int], shape: tuple[int, ...], places: list[int], buffers: list[str]) -> Ref:
    buffer = buffers[nodes[0]]
    varies = buffer not in (CONSTANTS, THETA, SHARED)
    return Ref(buffer, [places[i] for i in nodes], shape, varies, nodes)


def _read(group: Group, graph: Graph, places: list[int], buffers: list[str]) -> None:
    """Write down what the group's statement reads."""
    members, args = group.members, graph.args
    count = len(members)
    if group.op is not None:
        widths = {len(args[i]) for i in members}
        for j in range(widths.pop()):
            group.operands.append(_ref([args[i][j] for i in members], (count,), places, buffers))
        return
    sums, positions = group.sums, group.positions
    rows, first = sums[::positions], sums[:positions]
    for lo, hi in _bounds(sums[0].classes):
        weights = [w for terms in rows for w in terms.weights[lo:hi]]
        inputs = [terms.inputs[j] for j in range(lo, hi) for terms in first]
        group.parts.append(
            Part(
                "matrix",
                _ref(weights, (len(rows), hi - lo), places, buffers),
                _ref(inputs, (hi - lo, positions), places, buffers),
            )
        )
    products = [terms.products for terms in sums]
    for lo, hi in runs([(buffers[a], buffers[b]) for a, b in products[0]]):
        sides = [
            _ref(
                [row[j][side] for j in range(lo, hi) for row in products],
                (hi - lo, count),
                places,
                buffers,
            )
            for side in (0, 1)
        ]
        group.parts.append(Part("products", *sides))
    rest = [terms.rest for terms in sums]
    for lo, hi in runs([buffers[x] for x in rest[0]]):
        if hi - lo >= SHORT:
            nodes = [row[j] for j in range(lo, hi) for row in rest]
            group.parts.append(Part("total", _ref(nodes, (hi - lo, count), places, buffers)))
        else:
            for j in range(lo, hi):
                group.parts.append(
                    Part("add", _ref([row[j] for row in rest], (count,), places, buffers))
                )
    group.sums = []


def _flags(graph: Graph) -> bytearray:
    """Say for each node whether a parameter (1) or an input (2) is below it."""
    flag = {CONSTANT: 0, PARAMETER: 1, INPUT: 2, VARYING: 2}
    flags = bytearray(map(flag.__getitem__, graph.kinds))
    for i, operands in enumerate(graph.args):
        if flags[i] == 2:
            if graph.ops[i] is ops.DETACH:
                flags[i] = 0  # no gradient goes through it
                continue
            for x in operands:
                if flags[x] & 1:
                    flags[i] = 3
                    break
    return flags

"""Group: find the arrays and matrices in a graph, and give every number its place.

`flatten` turns chains of additions into sums of products, `grouped` puts equal operations of
one level together (a sum of products by its inputs: that is a matrix), `placed` numbers the
parameters and the rows of the workspace so that operands become slices.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate, chain, pairwise
from operator import attrgetter, itemgetter
from typing import Final, TypeAlias

from autograd_mini import ops
from autograd_mini.compiler.record import CONSTANT, INPUT, PARAMETER, VARYING, Graph
from autograd_mini.ops import Op

__all__ = ["Group", "Part", "Plan", "Ref", "buffers_of", "flatten", "grouped", "placed"]

Pair: TypeAlias = tuple[int, int]
Chains: TypeAlias = "dict[int, tuple[list[Pair], list[int]]]"
_SumKey: TypeAlias = tuple[int, str, tuple[tuple[object, ...], ...]]

THETA, STEADY, ROWS, BAKED = "theta", "U", "V", "c"  # buffers; an argument's is "x0", "x1", ...
FORWARD, GRADIENT, INPUTS = "forward", "loss_and_gradient", "input_gradient"  # what a plan is for
FLAGS: Final = {FORWARD: 0, GRADIENT: 1, INPUTS: 2}  # and the nodes that need a gradient then
SHORT: Final = 4  # fewer terms than this, and no weights among them: single operations read better
SHOWN: Final = 100  # groups of a plan that is printed


class Ref:
    """Numbers that a statement reads: `rows` of a buffer, `shape` many of them.

    For constants, `rows` are the ids of the nodes.
    """

    __slots__ = ("_span", "buffer", "nodes", "rows", "shape")

    def __init__(
        self, buffer: str, rows: Sequence[int], shape: tuple[int, ...], nodes: Sequence[int]
    ) -> None:
        self.buffer = buffer
        self.rows = rows
        self.shape = shape
        self.nodes = nodes
        self._span: tuple[int, int] | None = None

    @property
    def span(self) -> tuple[int, int] | None:
        """Return (first, end) if the rows follow one another."""
        if self._span is None:
            first, end = self.rows[0], self.rows[0] + len(self.rows)
            follow = self.rows[-1] == end - 1 and list(self.rows) == list(range(first, end))
            self._span = (first, end) if follow else (0, 0)
        return self._span if self._span[1] else None

    @property
    def single(self) -> bool:
        """Whether all rows are the same one."""
        return self.rows[-1] == self.rows[0] and len(set(self.rows)) == 1

    def __str__(self) -> str:
        span = self.span
        rows = f"{span[0]}:{span[1]}" if span else ",".join(map(str, self.rows[:8]))
        return f"{self.buffer}[{rows}]" + (str(self.shape) if len(self.shape) > 1 else "")


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
        return f"{self.kind} {self.left}" + (f" {self.right}" if self.right else "")


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
        self.sums: list[_Sum] = []

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
        name = self.name or ("V" if self.kind == VARYING else "U")
        return f"{name}[{self.lo}:{self.lo + len(self.members)}] = {what} {reads}".rstrip()


class Plan:
    """A graph in groups, every number in its place.

    Attributes:
        graph: The recorded graph.
        groups: In the order in which they run.
        parameters: The parameters' nodes, in the order of the flat vector.
        rows: The number of rows of the workspaces of kind "v" and "p".
        results: Where the roots are.
        flags: For each node, whether a parameter (1) or an input (2) is below it.
        multiplications: How many products the sums of one example have.
    """

    __slots__ = (
        "flags",
        "graph",
        "groups",
        "multiplications",
        "parameters",
        "results",
        "rows",
    )

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
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

    def __str__(self) -> str:
        lines = [str(group) for group in self.groups[:SHOWN]]
        if len(self.groups) > SHOWN:
            lines.append(f"... {len(self.groups) - SHOWN:,} more groups")
        return "\n".join(lines)


def plan(graph: Graph) -> Plan:
    """Return the graph in groups."""
    chains, absorbed = flatten(graph)
    buffers = buffers_of(graph)
    return placed(graph, chains, grouped(graph, chains, absorbed, buffers), buffers)


# Sums of products.


def flatten(graph: Graph) -> tuple[Chains, bytearray]:
    """Return additions, totals and dots as (pairs, rest), and mark the nodes they absorb.

    An inner addition and a product join only if nobody else uses them.
    """
    rows, args, kinds = graph.ops, graph.args, graph.kinds
    uses = [0] * len(rows)
    for operands in args:
        for x in operands:
            uses[x] += 1
    for root in graph.roots:
        uses[root] += 1
    chains: Chains = {}
    absorbed = bytearray(len(rows))
    for i in range(len(rows) - 1, -1, -1):
        if absorbed[i] or rows[i] not in _CHAINS or kinds[i] == CONSTANT:
            continue
        pairs, rest, inner = _terms(graph, i, uses)
        weighted = any((kinds[a], kinds[b]) in _WEIGHTED for a, b in pairs)
        if weighted or rows[i] is not ops.ADD or len(pairs) + len(rest) >= SHORT:
            chains[i] = (pairs, rest)
            for x in inner:
                absorbed[x] = 1
    return chains, absorbed


_CHAINS: Final = frozenset({ops.ADD, ops.TOTAL, ops.DOT})
_WEIGHTED: Final = {pair for x in (INPUT, VARYING) for pair in ((PARAMETER, x), (x, PARAMETER))}


def _terms(graph: Graph, root: int, uses: list[int]) -> tuple[list[Pair], list[int], list[int]]:
    """Return a sum's products, its other terms, and the nodes between."""
    rows, args, kinds = graph.ops, graph.args, graph.kinds
    kind = kinds[root]
    pairs: list[Pair] = []
    rest: list[int] = []
    inner = [root]
    stack = _opened(rows[root], args[root], pairs)
    while stack:
        node = stack.pop()
        if uses[node] != 1 or kinds[node] != kind:
            rest.append(node)
            continue
        op = rows[node]
        if op is ops.MUL:
            pairs.append(args[node])  # pyright: ignore[reportArgumentType] # two operands
        elif op is ops.ADD:
            x, y = args[node]
            stack += (y, x)
        elif op in _CHAINS:
            stack += _opened(op, args[node], pairs)
        elif op is ops.POW and _is_square(graph, node):
            pairs.append((args[node][0], args[node][0]))
        else:
            rest.append(node)
            continue
        inner.append(node)
    return pairs, rest, inner[1:]


def _opened(op: Op | None, operands: tuple[int, ...], pairs: list[Pair]) -> list[int]:
    """Return the terms of a sum, last one first; a dot's products go to `pairs`."""
    if op is ops.DOT:
        n = len(operands) // 2
        pairs += zip(operands[:n], operands[n : 2 * n], strict=True)
        operands = operands[2 * n :]
    return list(operands[::-1])


def _is_square(graph: Graph, node: int) -> bool:
    exponent = graph.args[node][1]
    return graph.kinds[exponent] == CONSTANT and graph.data[exponent] == 2.0


# Groups.


def buffers_of(graph: Graph) -> list[str]:
    """Return the buffer in which each node's number will be."""
    names = {CONSTANT: BAKED, PARAMETER: STEADY, VARYING: ROWS, INPUT: "x"}
    buffers = [names[kind] for kind in graph.kinds]
    for i in graph.parameters:
        buffers[i] = THETA
    for k, ids in enumerate(graph.inputs):
        for i in ids:
            buffers[i] = f"x{k}"
    return buffers


_RANK: Final = {BAKED: 0, THETA: 1, STEADY: 2}
_second: Final = itemgetter(1)


class _Sum:
    """A sum of products, its terms sorted by what they are.

    Attributes:
        weights: The factors that are the same for all examples.
        inputs: What each of them is multiplied with.
        classes: The buffers of weights and inputs, with how many follow one another there.
        products: The other products.
        rest: The terms that are no products.
    """

    __slots__ = ("classes", "inputs", "node", "products", "rest", "weights")

    def __init__(self, node: int, pairs: list[Pair], rest: list[int], buffers: list[str]) -> None:
        self.node = node
        weighted: list[Pair] = []
        self.products: list[Pair] = []
        if _is_layer(pairs, buffers):
            weighted = sorted(pairs, key=_second)
            self.classes = ((THETA, buffers[pairs[0][1]], len(pairs)),)
        else:
            for a, b in pairs:
                x, y = _RANK.get(buffers[a], 3), _RANK.get(buffers[b], 3)
                if x == y:
                    self.products.append((a, b) if buffers[a] <= buffers[b] else (b, a))
                else:
                    weighted.append((a, b) if x < y else (b, a))
            weighted.sort(key=lambda pair: (buffers[pair[0]], buffers[pair[1]], pair[1]))
            self.products.sort(key=lambda pair: (buffers[pair[0]], buffers[pair[1]]))
            classes = [(buffers[a], buffers[b]) for a, b in weighted]
            self.classes = tuple([(*classes[lo], hi - lo) for lo, hi in _runs(classes)])
        self.weights, self.inputs = zip(*weighted, strict=True) if weighted else ((), ())
        self.rest = sorted(rest, key=lambda x: (buffers[x], x))


def _is_layer(pairs: list[Pair], buffers: list[str]) -> bool:
    """Say whether these are several parameters, each times a number of the same varying buffer."""
    if len(pairs) < 2:
        return False
    left, right = zip(*pairs, strict=True)
    sides = {*map(buffers.__getitem__, left)}, {*map(buffers.__getitem__, right)}
    return sides[0] == {THETA} and len(sides[1]) == 1 and not sides[1] & _RANK.keys()


def grouped(
    graph: Graph, chains: Chains, absorbed: bytearray, buffers: list[str]
) -> list[list[Group]]:
    """Return the groups of each level, before anything has a place.

    A level is one more than the highest operand's. A sum of products is grouped with those that
    have the same inputs, and these with those that have the same weights.
    """
    rows, args, kinds, data = graph.ops, graph.args, graph.kinds, graph.data
    levels = [0] * len(rows)
    sums: dict[_SumKey, list[_Sum]] = {}
    plain: dict[tuple[object, ...], list[int]] = {}
    for i, op in enumerate(rows):
        if op is None or absorbed[i] or kinds[i] == CONSTANT:
            continue
        if i in chains:
            pairs, rest = chains[i]
            terms = _Sum(i, pairs, rest, buffers)
            reads = chain(terms.weights, terms.inputs, *terms.products, terms.rest)
            level = max(map(levels.__getitem__, reads))
            key = (
                terms.inputs,
                terms.classes,
                tuple([(buffers[a], buffers[b]) for a, b in terms.products]),
                tuple([buffers[x] for x in terms.rest]),
            )
            sums.setdefault((level + 1, kinds[i], key), []).append(terms)
        else:
            level = max([levels[x] for x in args[i]])
            exponent = data[args[i][1]] if op is ops.POW and kinds[args[i][1]] == CONSTANT else None
            key = (op, tuple([buffers[x] for x in args[i]]), exponent)
            plain.setdefault((level + 1, kinds[i], key), []).append(i)
        levels[i] = level + 1
    found: dict[int, list[Group]] = {}
    for (level, kind, _), members in plain.items():
        assert isinstance(level, int)
        found.setdefault(level, []).append(Group(rows[members[0]], str(kind), members))
    for level, group in _stacked(sums):
        found.setdefault(level, []).append(group)
    for groups in found.values():
        groups.sort(key=lambda group: group.members[0])
    return [found[level] for level in sorted(found)]


def _stacked(sums: dict[_SumKey, list[_Sum]]) -> Iterable[tuple[int, Group]]:
    """Put matrices together that have the same weights: their inputs become columns of one."""
    merged: dict[tuple[object, ...], list[list[_Sum]]] = {}
    for (level, kind, key), members in sums.items():
        inputs, *others = key
        if not inputs:
            merged[level, kind, key] = [members]
            continue
        members.sort(key=attrgetter("weights"))
        weights = tuple([terms.weights for terms in members])
        merged.setdefault((level, kind, weights, *others), []).append(members)
    for (level, kind, *_), positions in merged.items():
        assert isinstance(level, int)
        members = [terms for row in zip(*positions, strict=True) for terms in row]
        group = Group(None, str(kind), [terms.node for terms in members], len(positions))
        group.sums = members
        yield level, group


# Places.


def placed(graph: Graph, chains: Chains, levels: list[list[Group]], buffers: list[str]) -> Plan:
    """Number the parameters and the rows of the workspaces; say what every statement reads."""
    result = Plan(graph)
    places = [-1] * len(buffers)  # the row of each node in its buffer
    for ids in graph.inputs:
        for row, i in enumerate(ids):
            places[i] = row
    _place_parameters(result, levels, places, buffers)
    for groups in levels:
        for group in groups:
            _sort_members(group, graph, places, buffers)
            group.lo = result.rows[group.kind]
            for row, i in enumerate(group.members, group.lo):
                places[i] = row
            result.rows[group.kind] += len(group.members)
            _read(group, graph, places, buffers)
            result.groups.append(group)
    result.results = [_ref([root], (1,), places, buffers) for root in graph.roots]
    result.flags = _flags(graph)
    result.multiplications = sum(len(pairs) for pairs, _ in chains.values())
    return result


def _place_parameters(
    result: Plan, levels: list[list[Group]], places: list[int], buffers: list[str]
) -> None:
    """Give every matrix one block, its biases the next, and then all others a place."""

    def put(nodes: Iterable[int]) -> None:
        fresh = dict.fromkeys([i for i in nodes if buffers[i] == THETA and places[i] < 0])
        for row, i in enumerate(fresh, len(result.parameters)):
            places[i] = row
        result.parameters += fresh

    for groups in levels:
        for group in groups:
            if group.op is None and group.sums[0].weights:
                rows: list[_Sum] = group.sums[:: group.positions]
                for lo, hi in _bounds(rows[0].classes):
                    put(w for terms in rows for w in terms.weights[lo:hi])
                put(x for terms in rows for x in terms.rest)
    put(result.graph.parameters)


def _bounds(classes: Iterable[tuple[str, str, int]]) -> Iterable[tuple[int, int]]:
    """Return where each class begins and ends."""
    return pairwise(accumulate([count for _, _, count in classes], initial=0))


def _runs(classes: Sequence[object]) -> list[tuple[int, int]]:
    """Return the stretches of equal neighbors."""
    cuts = [j for j in range(1, len(classes)) if classes[j] != classes[j - 1]]
    return list(zip([0, *cuts], [*cuts, len(classes)], strict=True)) if classes else []


def _sort_members(group: Group, graph: Graph, places: list[int], buffers: list[str]) -> None:
    """Order the members by where their operands are."""
    if group.op is not None:
        args = graph.args
        group.members.sort(key=lambda i: [places[x] for x in args[i]])
    elif not group.sums[0].weights:
        for terms in group.sums:
            if len(group.sums) == 1:
                terms.products.sort(key=lambda pair: [(buffers[x], places[x]) for x in pair])
                terms.rest.sort(key=lambda x: (buffers[x], places[x]))
        group.sums.sort(key=lambda terms: [places[x] for x in chain(*terms.products, terms.rest)])
        group.members = [terms.node for terms in group.sums]


def _ref(nodes: list[int], shape: tuple[int, ...], places: list[int], buffers: list[str]) -> Ref:
    buffer = buffers[nodes[0]]
    return Ref(buffer, nodes if buffer == BAKED else [places[i] for i in nodes], shape, nodes)


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
    for lo, hi in _runs([(buffers[a], buffers[b]) for a, b in products[0]]):
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
    for lo, hi in _runs([buffers[x] for x in rest[0]]):
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
            for x in operands:
                if flags[x] & 1:
                    flags[i] = 3
                    break
    return flags

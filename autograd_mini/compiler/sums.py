"""Sums: chains of additions, totals and dots as sums of products.

Their order is the program's own. So are its roundings, and the sign of a sum of zeros: a product of
matrices starts from 0.0, an addition from its first term.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from operator import itemgetter
from typing import Final, TypeAlias

from autograd_mini import ops
from autograd_mini.compiler.record import CONSTANT, INPUT, PARAMETER, VARYING, Graph
from autograd_mini.compiler.statements import CONSTANTS, SHARED, THETA
from autograd_mini.ops import Op

Pair: TypeAlias = tuple[int, int]
Chains: TypeAlias = "dict[int, tuple[list[Pair], list[int]]]"

FEW_TERMS: Final = (
    4  # fewer terms than this, and no weights among them: single operations read better
)


def flatten(graph: Graph) -> tuple[Chains, bytearray, set[int]]:
    """Return additions, totals and dots as (pairs, rest), and mark the nodes they absorb.

    An inner addition and a product join only if nobody else uses them. The third set has the sums
    that absorb a power: as a product, it does not raise where it is too large.
    """
    rows, args, kinds = graph.ops, graph.args, graph.kinds
    uses = [0] * len(rows)
    for i in graph.inner:
        for x in args[i]:
            uses[x] += 1
    for root in graph.roots:
        uses[root] += 1
    chains: Chains = {}
    absorbed = bytearray(len(rows))
    squared: set[int] = set()
    for i in reversed(graph.inner):
        if absorbed[i] or rows[i] not in _CHAINS or kinds[i] == CONSTANT:
            continue
        pairs, rest, inner = _terms(graph, i, uses)
        is_sum = rows[i] is not ops.ADD or len(pairs) + len(rest) >= FEW_TERMS
        if is_sum or any((kinds[a], kinds[b]) in _WEIGHTED for a, b in pairs):
            chains[i] = (pairs, rest)
            for x in inner:
                absorbed[x] = 1
                if rows[x] is ops.POW:
                    squared.add(i)
    return chains, absorbed, squared


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
        elif is_square(graph, node):
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


def is_square(graph: Graph, node: int) -> bool:
    """Return whether a node is a power that is written as a product."""
    if graph.ops[node] is not ops.POW:
        return False
    exponent = graph.args[node][1]
    return graph.kinds[exponent] == CONSTANT and graph.data[exponent] == 2.0


_RANK: Final = {CONSTANTS: 0, THETA: 1, SHARED: 2}
_second: Final = itemgetter(1)


class Sum:
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
        self.classes: tuple[tuple[str, str, int], ...] = ()
        left, right = {buffers[a] for a, _ in pairs}, {buffers[b] for _, b in pairs}
        if left == {THETA} and len(right) == 1 and right.isdisjoint(_RANK) and len(pairs) > 1:
            weighted = sorted(pairs, key=_second)  # the row of a layer
            self.classes = ((THETA, right.pop(), len(pairs)),)
        elif left == right and len(left) == 1:
            self.products = [*pairs]
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
            self.classes = tuple([(*classes[lo], hi - lo) for lo, hi in stretches(classes)])
        self.weights, self.inputs = zip(*weighted, strict=True) if weighted else ((), ())
        self.rest = sorted(rest, key=lambda x: (buffers[x], x))

    @property
    def reads(self) -> list[int]:
        """What it reads that may have been computed: of weights, those that are not parameters."""
        weights = self.weights if any(side != THETA for side, *_ in self.classes) else ()
        return [*weights, *self.inputs, *chain.from_iterable(self.products), *self.rest]


def stretches(classes: Sequence[object]) -> list[tuple[int, int]]:
    """Return the stretches of equal neighbors."""
    cuts = [j for j in range(1, len(classes)) if classes[j] != classes[j - 1]]
    return list(zip([0, *cuts], [*cuts, len(classes)], strict=True)) if classes else []

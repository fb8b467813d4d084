"""Schedule: put equal operations together, wherever in the graph they stand.

A *unit* is a plain operation, or a sum of products with all those that have the same inputs: the
rows of one matrix at one position. Units of equal operations become one group, unless one needs
another.
"""

from __future__ import annotations

import heapq
from collections.abc import Container, Iterable, Sequence
from itertools import chain
from operator import attrgetter
from typing import TypeAlias

from autograd_mini import ops
from autograd_mini.compiler.groups import Group
from autograd_mini.compiler.record import CONSTANT, INPUT, PARAMETER, VARYING, Graph
from autograd_mini.compiler.rows import COPY
from autograd_mini.compiler.statements import CONSTANTS, SHARED, THETA, VALUES
from autograd_mini.compiler.sums import Chains, Sum

_Key: TypeAlias = tuple[object, ...]
PLAIN_UNIT, SUMS, MATRIX = "plain", "sums", "matrix"


def buffers_of(graph: Graph) -> list[str]:
    """Return the buffer in which each node's number will be."""
    names = {CONSTANT: CONSTANTS, PARAMETER: SHARED, VARYING: VALUES, INPUT: "x"}
    buffers = [names[kind] for kind in graph.kinds]
    for i in graph.parameters:
        buffers[i] = THETA
    for k, ids in enumerate(graph.inputs):
        for i in ids:
            buffers[i] = f"x{k}"
    return buffers


def grouped(
    graph: Graph, chains: Chains, absorbed: bytearray, buffers: list[str]
) -> Iterable[Group]:
    """Return the units that run together as groups, each after all that it reads."""
    rows, args, kinds = graph.ops, graph.args, graph.kinds
    inner = graph.inner
    pads = [i for i in inner if rows[i] is COPY]  # what others are padded with: first
    reached = _reached(graph, chains)
    unit_of = [-1] * len(rows)
    levels: list[int] = []  # of each unit
    nodes: list[int] = []  # the first of each unit
    sums: list[list[Sum]] = []
    keys: list[_Key] = []
    below: list[set[int]] = []  # the units that a unit reads
    blocks: dict[_Key, int] = {}  # the sums that have the same inputs
    for i in chain(pads, inner[: len(inner) - len(pads)]):
        op = rows[i]
        if absorbed[i] or kinds[i] == CONSTANT:
            continue
        terms = [Sum(i, *chains[i], buffers)] if i in chains else []
        needed = {unit_of[x] for x in (terms[0].reads if terms else args[i])} - {-1}
        level = max([levels[u] for u in needed], default=0) + 1
        unit = len(nodes)
        if terms:
            key = (SUMS, kinds[i], i in reached, *_sum_key(terms[0], buffers))
            if terms[0].inputs:
                unit = blocks.setdefault((level, *key), unit)
        else:
            key = (PLAIN_UNIT, kinds[i], i in reached, op, *_plain_key(graph, i, buffers))
        if unit == len(nodes):
            nodes.append(i)
            sums.append(terms)
            keys.append(key)
            levels.append(level)
            below.append(needed)
        else:
            sums[unit] += terms
            below[unit] |= needed
        unit_of[i] = unit
    for unit, terms in enumerate(sums):
        if terms and terms[0].inputs:  # by weights, in place of inputs
            terms.sort(key=attrgetter("weights"))
            _, kind, is_reached, _, *others = keys[unit]
            weights = tuple([one.weights for one in terms])
            keys[unit] = (MATRIX, kind, is_reached, weights, *others)
    for units in _scheduled(keys, below):
        what, kind = map(str, keys[units[0]][:2])
        if what == PLAIN_UNIT:
            yield Group(rows[nodes[units[0]]], kind, [nodes[u] for u in units])
        else:  # positions of a matrix stand side by side
            members = chain.from_iterable(zip(*[sums[u] for u in units], strict=True))
            yield Group(None, kind, list(members), len(units) if what == MATRIX else 1)


def _reached(graph: Graph, chains: Chains) -> Container[int]:
    """Return the nodes that the gradient reaches: no condition, and nothing that nobody reads.

    A gradient of zero is no substitute: times an infinite slope, it is NaN.
    """
    if not graph.watched and all(op is None or op.receives is None for op in {*graph.ops}):
        return range(len(graph.ops))
    reached = {*graph.roots}
    for i in reversed(graph.inner):
        op = graph.ops[i]
        if i not in reached or op is None:
            continue
        if i in chains:
            pairs, rest = chains[i]
            reached.update(chain.from_iterable(pairs), rest)
        elif op.receives is None:
            reached.update(graph.args[i])
        else:
            reached.update([graph.args[i][j] for j in op.receives])
    return reached


def _sum_key(terms: Sum, buffers: list[str]) -> _Key:
    products = tuple([(buffers[a], buffers[b]) for a, b in terms.products])
    return terms.inputs, terms.classes, products, tuple([buffers[x] for x in terms.rest])


def _plain_key(graph: Graph, i: int, buffers: list[str]) -> _Key:
    args = graph.args[i]
    fixed = graph.ops[i] is ops.POW and graph.kinds[args[1]] == CONSTANT
    return tuple([buffers[x] for x in args]), repr(graph.data[args[1]]) if fixed else ""


def _scheduled(keys: Sequence[_Key], below: Sequence[set[int]]) -> Iterable[list[int]]:
    """Return the units in groups of equal keys, each after all that it reads.

    Those are run of which all that are left can run. Where equal units wait for one another,
    those are run in part of which most can.
    """
    number: dict[_Key, int] = {}
    signature = [number.setdefault(key, len(number)) for key in keys]
    last = [key[0] == MATRIX for key in number]  # the larger it is, the more it gains
    left = [0] * len(number)
    for s in signature:
        left[s] += 1
    above: list[list[int]] = [[] for _ in keys]
    waits = list(map(len, below))
    for u, needed in enumerate(below):
        for x in needed:
            above[x].append(u)
    ready: dict[int, list[int]] = {}
    complete: list[tuple[int, int]] = []
    fresh: list[int] = [u for u, n in enumerate(waits) if not n]
    while fresh or ready:
        for u in fresh:
            s = signature[u]
            units = ready.setdefault(s, [])
            units.append(u)
            if len(units) == left[s]:
                heapq.heappush(complete, (min(units), s))
        if complete:
            _, s = heapq.heappop(complete)
        else:
            s = min(ready, key=lambda s: (last[s], -len(ready[s]) / left[s], ready[s][0]))
        units = sorted(ready.pop(s))
        left[s] -= len(units)
        yield units
        fresh = []
        for u in units:
            for v in above[u]:
                waits[v] -= 1
                if not waits[v]:
                    fresh.append(v)

"""Padding: sums of different lengths that are alike get one length, so that they are one group.

Attention over one to eight positions has eight kinds of sums, one of each length. With terms that
leave no trace, 0 times 0 or exp(-∞), they are rows of one array.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import copy
from itertools import chain
from typing import Final, TypeAlias

from autograd_mini import ops
from autograd_mini.compiler.record import CONSTANT, VARYING, Graph
from autograd_mini.compiler.rows import COPY
from autograd_mini.compiler.sums import Chains, Pair
from autograd_mini.ops import Op

_Kind: TypeAlias = "tuple[Op | None, frozenset[object]]"  # a row, and where its terms come from
_NEUTRAL: Final[dict[Op, float]] = {
    ops.LOGSUMEXP: -math.inf,
    ops.NORM: 0.0,
    ops.AMAX: -math.inf,  # where nothing but `detach` reads it: a tie with it has a slope
}
_LENGTHS: Final = 3  # fewer lengths are left as they are
_WASTE: Final = 2  # times the terms that there were, at most


def padded(graph: Graph, chains: Chains) -> Graph:
    """Return a graph in which sums that differ in length alone have one length."""
    found: dict[_Kind, list[int]] = {}
    others = [i for i in graph.inner if graph.ops[i] in _NEUTRAL]
    sloped: set[int] = set()
    if ops.AMAX in [graph.ops[i] for i in others]:
        readers = [graph.args[i] for i in graph.inner if graph.ops[i] is not ops.DETACH]
        maxima = {x for x in others if graph.ops[x] is ops.AMAX}
        sloped = maxima.intersection(chain(graph.roots, *readers))
    for i in sorted({*chains, *others} - sloped):
        kind = _kind(graph, chains, i)
        if kind is not None:
            found.setdefault(kind, []).append(i)
    result = graph
    pads: dict[float, int] = {}
    for (op, _), nodes in found.items():
        lengths = [max(map(len, _terms(graph, chains, i))) for i in nodes]
        longest = max(lengths)
        if len({*lengths}) < _LENGTHS or longest * len(nodes) > _WASTE * sum(lengths):
            continue
        if result is graph:
            result = _copied(graph)
        neutral = 0.0 if op is None else _NEUTRAL[op]
        if neutral not in pads:
            pads[neutral] = _pad(result, neutral)
        pad = pads[neutral]
        for i, length in zip(nodes, lengths, strict=True):
            more = longest - length
            if i not in chains:
                result.args[i] = (*graph.args[i], *(pad,) * more)
            elif chains[i][0]:
                chains[i][0].extend([(pad, pad)] * more)
            else:
                chains[i][1].extend([pad] * more)
    return result


def _kind(graph: Graph, chains: Chains, i: int) -> _Kind | None:
    """Return what sums of one kind have in common: where their terms come from."""
    rows, (pairs, rest) = graph.ops, _terms(graph, chains, i)
    if bool(pairs) == bool(rest):
        return None
    if any(graph.kinds[x] != VARYING for x in chain((i,), chain.from_iterable(pairs), rest)):
        return None
    sources = {(rows[a], rows[b]) for a, b in pairs} if pairs else {rows[x] for x in rest}
    return None if i in chains else rows[i], frozenset(sources)


def _terms(graph: Graph, chains: Chains, i: int) -> tuple[Sequence[Pair], Sequence[int]]:
    return chains[i] if i in chains else ((), graph.args[i])


def _copied(graph: Graph) -> Graph:
    result = copy(graph)
    for name in ("ops", "args", "inner", "kinds", "data", "labels", "sources"):
        setattr(result, name, [*getattr(graph, name)])
    return result


def _pad(graph: Graph, number: float) -> int:
    """Add a row that holds a number for every example."""
    constant = graph.add(None, (), CONSTANT, number, "padding")
    return graph.add(COPY, (constant,), VARYING, number, "padding")

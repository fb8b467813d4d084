"""Kinks: where rounding alone may decide a slope, the slopes of two texts are not compared.

Nor is what is left of a slope where a function is flat, as tanh is at 16.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Final

from autograd_mini import ops
from autograd_mini.graph import interior_order, ordered, receiving, topological_order
from autograd_mini.value import Value


def near_kink(nodes: Iterable[Value]) -> bool:
    """Return whether rounding alone may decide a slope of these nodes, or a condition of theirs."""
    for node in nodes:
        op = node.op
        if op is None or not op.kinks or all(x.op is None for x in node.inputs):
            continue  # what was given is exact
        xs = [x.data for x in node.inputs]
        if op is ops.WHERE:
            condition = node.inputs[0]
            if near_kink(interior_order(condition)):
                return True
            if xs[0] in (0.0, 1.0) and _is_decided(condition):
                continue
        for kink in op.kinks:
            deciding = xs if callable(kink) else xs[:1]  # whatever the exponent of a power is
            distance = kink(*xs) if callable(kink) else xs[0] - kink
            if not abs(distance) > 1e-9 * max(1.0, *map(abs, deciding)):
                return True
    return False


def _is_decided(condition: Value) -> bool:
    """Return whether a condition is given, or made of comparisons: no rounding reaches it."""
    made = ordered([condition], lambda x: () if x.op in _COMPARISONS else x.inputs)
    return condition.op is None or all(
        x.op in _COMPARISONS or x.op in _EXACT or (x.op is None and x.data in (0.0, 1.0))
        for x in made
    )


def rounding_bounds(root: Value, wanted: Sequence[Value], ulp: float) -> list[float]:
    """Return how far a root and its slopes may move if the last places of what is computed do.

    Args:
        root: What is differentiated.
        wanted: By what.
        ulp: The last place of 1.

    Example:
        >>> x = Value(16.0)
        >>> rounding_bounds(x.tanh(), [x], 2.0**-52)[1] > 1e-14
        True
    """
    nodes = topological_order(root)
    exact, *others = [_perturbed(nodes, wanted, n * ulp, random.Random(n)) for n in (0, 1, 2, 3, 4)]
    moved = zip(exact, *others, strict=True)
    return [_ROUNDINGS * max(abs(x - y) for y in ys) for x, *ys in moved]


def _perturbed(
    nodes: Sequence[Value], wanted: Sequence[Value], size: float, moves: random.Random
) -> list[float]:
    """Return the last node and its slopes where all that is computed is off by some size."""
    data: dict[Value, float] = {}
    compared: dict[Value, float] = {}  # with an operand perhaps, as the largest of some is
    for node in nodes:
        op = node.op
        xs = [data[y] for y in node.inputs]
        is_exact = op is None or op in _COMPARISONS or op in _PLACES
        if op is not None and op.arity is None and not (is_exact or op.kinks):
            xs = [x * (1.0 + moves.uniform(-size, size)) for x in xs]  # a sum rounds at each term
        x = node.data if op is None else float(op.forward(*xs))
        data[node] = x if is_exact else x * (1.0 + moves.uniform(-size, size))
        if op is not None:
            compared[node] = x if op.kinks else data[node]
    slopes = dict.fromkeys([*nodes, *wanted], 0.0)
    slopes[nodes[-1]] = 1.0
    for node in reversed(nodes) if wanted else ():
        if node.op is not None:
            local = node.op.local(compared[node], *[data[x] for x in node.inputs])
            for k in receiving(node):
                off = moves.uniform(-size, size)
                slopes[node.inputs[k]] += float(local[k]) * slopes[node] * (1.0 + off)
    return [data[nodes[-1]], *[slopes[x] for x in wanted]]


_COMPARISONS: Final = (ops.GREATER, ops.LESS)
_ROUNDINGS: Final = 100  # that are forgiven
_PLACES: Final = (ops.TAKE, ops.PLACE)
_EXACT: Final = (ops.ADD, ops.SUB, ops.MUL, ops.NEG, ops.MAXIMUM, ops.MINIMUM, ops.WHERE)

"""Kinks: where rounding alone may decide a slope, the slopes of two texts are not compared."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from autograd_mini import ops
from autograd_mini.graph import interior_order, ordered
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
        size = 1e-9 * max(1.0, *[abs(x) for x in xs])
        for kink in op.kinks:
            distance = kink(*xs) if callable(kink) else xs[0] - kink
            if not abs(distance) > size:
                return True
    return False


def _is_decided(condition: Value) -> bool:
    """Return whether a condition is given, or made of comparisons: no rounding reaches it."""
    made = ordered([condition], lambda x: () if x.op in _COMPARISONS else x.inputs)
    return condition.op is None or all(
        x.op in _COMPARISONS or x.op in _EXACT or (x.op is None and x.data in (0.0, 1.0))
        for x in made
    )


_COMPARISONS: Final = (ops.GREATER, ops.LESS)
_EXACT: Final = (ops.ADD, ops.SUB, ops.MUL, ops.NEG, ops.MAXIMUM, ops.MINIMUM, ops.WHERE)

"""Whether the numbers of a graph follow from its leaves, and computing them again."""

from __future__ import annotations

import math
from typing import cast

from autograd_mini import contexts
from autograd_mini.errors import bad_result, explained, stale_message
from autograd_mini.graph.order import interior_order
from autograd_mini.ops import UNDEFINED, Op
from autograd_mini.value import Value


def stale(root: Value) -> str:
    """Return what to say about a graph whose numbers do not follow from its leaves, or "".

    Example:
        >>> x = Value(2.0, "x")
        >>> y = x * x
        >>> stale(y)
        ''
        >>> x.data = 5.0
        >>> stale(y)
        'the graph is stale: mul gave 4.0, but with x = 5.0 it gives 25.0: compute ...'
    """
    for node in interior_order(root):
        op = cast(Op, node.op)
        try:
            now = float(op.forward(*[x.data for x in node.inputs]))
        except UNDEFINED:
            now = None
        if now != node.data and not (now is not None and now != now and node.data != node.data):
            return stale_message(node, now)
    return ""


def recompute(root: Value) -> None:
    """Run a graph forward again, in place; see `Value.recompute`."""
    order = interior_order(root)
    before = [node.data for node in order]
    checked = bool(contexts.state.open) and contexts.anomaly_detected.get()
    try:
        for node in order:
            op, inputs = cast(Op, node.op), node.inputs
            try:
                node.data = float(op.forward(*[x.data for x in inputs]))
            except UNDEFINED as error:
                raise explained(op, inputs, error) from None
            if checked and not math.isfinite(node.data):
                raise bad_result(op, node.data, inputs, node)
    except BaseException:
        for node, data in zip(order, before, strict=True):
            node.data = data
        raise

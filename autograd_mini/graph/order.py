"""The order of a graph: each node once, inputs before their consumers, without recursion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from autograd_mini import ops
from autograd_mini.ops import Op
from autograd_mini.value import Value


def topological_order(root: Value) -> list[Value]:
    """Return `root` and all that it was computed from, inputs before their consumers.

    Depth first, inputs left to right, each node once, leaves included; no gradient is touched.

    Example:
        >>> a, b = Value(2.0, "a"), Value(3.0, "b")
        >>> [node.label or node._op for node in topological_order(a * b + a)]
        ['a', 'b', '*', '+']
    """
    return ordered([root])


def interior_order(root: Value) -> list[Value]:
    """Return the computed nodes of `topological_order`: all but the leaves."""
    return [node for node in topological_order(root) if node.op is not None]


def gradient_order(root: Value) -> list[Value]:
    """Return the computed nodes that a gradient reaches: `interior_order` without conditions."""
    return [node for node in ordered([root], receivers) if node.op is not None]


def receiving(node: Value) -> Sequence[int]:
    """Return the positions of the inputs that a computed node hands a gradient to.

    These are all but conditions, and the exponent of `x ** 2`: the slope towards that number
    would take the logarithm of x.
    """
    op = cast(Op, node.op)
    if op is ops.POW and node.inputs[1].is_constant:
        return (0,)
    return range(len(node.inputs)) if op.receives is None else op.receives


def receivers(node: Value) -> Sequence[Value]:
    """Return the inputs of a node but for conditions."""
    row, inputs = node.op, node.inputs
    if row is None or row.receives is None:
        return inputs
    return [inputs[i] for i in row.receives]


def ordered(
    roots: list[Value], below: Callable[[Value], Sequence[Value]] | None = None
) -> list[Value]:
    """Return the roots and all below them, each node once.

    Args:
        roots: Where to start.
        below: Gives the inputs of a computed node to follow; None for all.
    """
    order: list[Value] = []
    seen: set[Value] = set()
    stack: list[Any] = [*roots]  # None after a node: all its inputs are done
    while stack:
        node = stack.pop()
        if node is None:
            order.append(stack.pop())
        elif node not in seen:
            seen.add(node)
            a, b = node._a, node._b
            if a is None:
                order.append(node)
            elif below is not None:
                stack += (node, None, *below(node)[::-1])
            elif b is not None:
                stack += (node, None, b, a)
            elif type(a) is tuple:
                stack += (node, None, *a[::-1])
            else:
                stack += (node, None, a)
    return order

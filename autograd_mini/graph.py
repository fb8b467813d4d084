"""The order of a graph: each node once, inputs before their consumers, without recursion."""

# A node's operand slots hold a Value, a tuple of them or nothing.
# pyright: reportPrivateUsage=false, reportUnknownVariableType=false
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from typing import Any

from autograd_mini.value import ZERO, Value

__all__ = ["interior_order", "opened_order", "topological_order"]


def topological_order(root: Value) -> list[Value]:
    """Return `root` and all that it was computed from, inputs before their consumers.

    Depth first, inputs left to right, each node once, leaves included; no gradient is touched.

    Example:
        >>> a, b = Value(2.0, "a"), Value(3.0, "b")
        >>> [node.label or node._op for node in topological_order(a * b + a)]
        ['a', 'b', '*', '+']
    """
    order: list[Value] = []
    seen: set[Value] = set()
    stack: list[Any] = [root]
    while stack:
        node = stack.pop()
        if node is None:
            order.append(stack.pop())  # all its inputs are in `order`
        elif node not in seen:
            seen.add(node)
            if node._a is None:
                order.append(node)
            else:
                stack += (node, None, *node.inputs[::-1])
    return order


def interior_order(root: Value) -> list[Value]:
    """Return the computed nodes of `topological_order`: all but the leaves."""
    return [node for node in topological_order(root) if node._row is not None]


def opened_order(root: Value, kept: list[tuple[Value, float]]) -> list[Value]:
    """Return the computed nodes in topological order, every gradient set to 0.

    The first half of a backward pass: `topological_order` without the leaves, unrolled for one
    and two operands; what the leaves held goes to `kept`. There is no set of visited nodes: a
    gradient that is yet to come is one of two fresh zeros, which tell how far the walk is.
    """
    opened = ZERO + 0.0  # its inputs are being visited
    done = ZERO + 0.0  # it is in `order`
    zero = ZERO
    order: list[Value] = []
    if root._row is None:
        if root.grad is not zero:
            kept.append((root, root.grad))
        return order
    stack = [root]
    while stack:
        node = stack.pop()
        if node.grad is opened:
            node.grad = done
            order.append(node)
            continue
        if node.grad is done:
            continue
        while True:  # down along the first inputs
            a = node._a
            b = node._b
            if b is not None:
                if b._row is None:
                    if b.grad is not zero:
                        kept.append((b, b.grad))
                        b.grad = zero
                    b = None
                elif b.grad is done:
                    b = None
            elif type(a) is tuple:
                node.grad = opened
                stack.append(node)
                for x in reversed(a):
                    if x._row is None:
                        if x.grad is not zero:
                            kept.append((x, x.grad))
                            x.grad = zero
                    elif x.grad is not done:
                        stack.append(x)
                break
            if a._row is None:
                if a.grad is not zero:
                    kept.append((a, a.grad))
                    a.grad = zero
            elif a.grad is not done:
                node.grad = opened
                stack.append(node)
                if b is not None:
                    stack.append(b)
                node = a
                continue
            if b is not None:
                node.grad = opened
                stack.append(node)
                node = b
                continue
            node.grad = done
            order.append(node)
            break
    return order

"""The order of a graph: each node once, inputs before their consumers, without recursion."""

# A node's operand slots hold a Value, a tuple of them or nothing.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from autograd_mini import ops
from autograd_mini.ops import Op
from autograd_mini.value import ZERO, Value


def topological_order(root: Value) -> list[Value]:
    """Return `root` and all that it was computed from, inputs before their consumers.

    Depth first, inputs left to right, each node once, leaves included; no gradient is touched.

    Example:
        >>> a, b = Value(2.0, "a"), Value(3.0, "b")
        >>> [node.label or node._op for node in topological_order(a * b + a)]
        ['a', 'b', '*', '+']
    """
    return ordered([root], _inputs)


def interior_order(root: Value) -> list[Value]:
    """Return the computed nodes of `topological_order`: all but the leaves."""
    return [node for node in topological_order(root) if node._row is not None]


def gradient_order(root: Value) -> list[Value]:
    """Return the computed nodes that a gradient reaches: `interior_order` without conditions."""
    return [node for node in ordered([root], _receivers) if node._row is not None]


def receiving(node: Value) -> Sequence[int]:
    """Return the positions of the inputs that a computed node hands a gradient to.

    These are all but conditions, and the exponent of `x ** 2`: the slope towards that number
    would take the logarithm of x.
    """
    op = cast(Op, node._row)
    if op is ops.POW and node._b.is_constant:
        return (0,)
    return range(len(node.inputs)) if op.receives is None else op.receives


def _inputs(node: Value) -> Sequence[Value]:
    return node.inputs


def _receivers(node: Value) -> Sequence[Value]:
    row, inputs = node._row, node.inputs
    if row is None or row.receives is None:
        return inputs
    return [inputs[i] for i in row.receives]


def ordered(roots: list[Value], below: Callable[[Value], Sequence[Value]]) -> list[Value]:
    """Return the roots and all below them, each node once; `below` gives the inputs to follow."""
    order: list[Value] = []
    seen: set[Value] = set()
    stack: list[Any] = [*roots]
    while stack:
        node = stack.pop()
        if node is None:
            order.append(stack.pop())  # all its inputs are in `order`
        elif node not in seen:
            seen.add(node)
            if node._a is None:
                order.append(node)
            else:
                stack += (node, None, *below(node)[::-1])
    return order


def opened_order(root: Value, kept: list[tuple[Value, Any]]) -> list[Value]:
    """Return the computed nodes in topological order, every gradient set to 0.

    The first half of a backward pass: `gradient_order`, unrolled for one and two operands. What
    the leaves held goes to `kept`. There is no set of visited nodes: a gradient that is yet to
    come is one of two fresh zeros, which tell how far the walk is.
    """
    opened = ZERO + 0.0  # its inputs are being visited
    done = ZERO + 0.0  # it is in `order`
    zero = ZERO
    order: list[Value] = []
    skipped: list[Value] = []  # below conditions
    stack: list[Value] = []
    _open_inputs((root,), stack, kept, done)
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
                row: Any = node._row
                if row.receives is not None:
                    skipped += a
                    a = _receivers(node)
                _open_inputs(a, stack, kept, done)  # pyright: ignore[reportUnknownArgumentType]
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
    for node in ordered(skipped, _inputs) if skipped else ():
        if node._row is not None and node.grad is not done:
            node.grad = zero
    return order


def _open_inputs(
    inputs: Sequence[Value], stack: list[Value], kept: list[tuple[Value, Any]], done: float
) -> None:
    """Put the computed ones among a node's inputs on the stack, the first on top."""
    for x in reversed(inputs):
        if x._row is None:
            if x.grad is not ZERO:
                kept.append((x, x.grad))
                x.grad = ZERO
        elif x.grad is not done:
            stack.append(x)

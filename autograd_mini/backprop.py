"""Backpropagation: the chain rule, from the root to the leaves."""

# pyright: reportPrivateUsage=false, reportUnknownVariableType=false
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, cast

from autograd_mini import contexts, ops
from autograd_mini.convert import as_seed
from autograd_mini.errors import anomaly, described
from autograd_mini.graph import interior_order, opened_order, topological_order
from autograd_mini.ops import Op
from autograd_mini.value import ZERO, Scalar, Value

__all__ = ["adjoints", "backward", "refuse_second_pass"]


def backward(root: Value, seed: Scalar = 1.0, *, create_graph: bool = False) -> None:
    """Perform a backward pass; `Value.backward` tells the details."""
    start = seed if type(seed) is float else as_seed(seed)
    if contexts.state.on_backward is not None:
        contexts.state.on_backward(root, start)
    if contexts.state.stepped:
        refuse_second_pass(topological_order(root))
    if create_graph:
        _backward_with_graph(root, seed)
        return
    if contexts.state.open and contexts.anomaly_detected.get():
        propagate = _propagate_and_check
    else:
        propagate = _propagate
    kept: list[tuple[Value, float]] = []
    try:
        order = opened_order(root, kept)
        root.grad = start
        propagate(order)
    except BaseException:
        for node in topological_order(root):
            node.grad = ZERO
        for leaf, before in kept:
            leaf.grad = before
        raise
    for leaf, before in kept:
        leaf.grad += before


def _propagate(order: list[Value]) -> None:
    """Send gradients from each node to its inputs, last node first.

    This is `for x, local in zip(node.inputs, node.op.local(...)): x.grad += local * node.grad`,
    unrolled for one and two operands, with the rules of add, sub, mul, div and dot written out.
    """
    add, sub, mul, div, dot = ops.ADD, ops.SUB, ops.MUL, ops.DIV, ops.DOT
    a: Any
    b: Any
    for node in reversed(order):
        op: Any = node._row
        a = node._a
        b = node._b
        upstream = node.grad
        if b is not None:
            if op is mul:
                a.grad += b.data * upstream
                b.grad += a.data * upstream
            elif op is add:
                a.grad += upstream
                b.grad += upstream
            elif op is sub:
                a.grad += upstream
                b.grad -= upstream
            elif op is div:
                y = b.data
                a.grad += 1.0 / y * upstream
                b.grad += -node.data / y * upstream
            else:
                f, x, y = node.data, a.data, b.data
                by_x, by_y = op.partials
                a.grad += by_x(f, x, y) * upstream  # chain rule
                b.grad += by_y(f, x, y) * upstream
        elif type(a) is not tuple:
            a.grad += op.partials[0](node.data, a.data) * upstream  # chain rule
        elif op is dot:
            n = len(a) // 2
            ws, xs = a[:n], a[n : 2 * n]
            for w, x in zip(ws, xs):  # noqa: B905 # the halves of one tuple
                w.grad += x.data * upstream
            for w, x in zip(ws, xs):  # noqa: B905
                x.grad += w.data * upstream
            if len(a) % 2:
                a[-1].grad += upstream
        else:
            for x, local in zip(a, op.local(node.data, *[x.data for x in a])):  # noqa: B905
                x.grad += local * upstream  # chain rule


def _propagate_and_check(order: list[Value]) -> None:
    """Do what `_propagate` does, and raise at the first contribution that is not finite."""
    for node in reversed(order):
        op, inputs = cast(Op, node._row), node.inputs
        for x, local in zip(inputs, op.local(node.data, *[x.data for x in inputs]), strict=True):
            contribution = local * node.grad
            x.grad += contribution
            if not math.isfinite(contribution) and not x.is_constant:
                raise anomaly(node, local, node.grad)


def refuse_second_pass(nodes: Iterable[Value]) -> None:
    """While a `backward_steps()` is under way, no other pass may add to the same leaves."""
    for node in nodes:
        if node in contexts.state.stepped:
            raise RuntimeError(
                f"a backward_steps() over {described([node])} is not finished: exhaust it or "
                "close() it before the next pass over the same leaves"
            )


def adjoints(root: Value, seed: Scalar = 1.0, *, create_graph: bool = False) -> dict[Value, Any]:
    """Return the derivative of `root` with respect to every node below it; touch no `.grad`.

    Args:
        root: Where to start.
        seed: The derivative of the root itself.
        create_graph: Make the derivatives Values that can be differentiated again. Numbers that
            an operator wrapped are then left out.

    Example:
        >>> x = Value(3.0)
        >>> adjoints(x * x)[x]
        6.0
    """
    order = interior_order(root)
    checked = bool(contexts.state.open) and not create_graph and contexts.anomaly_detected.get()
    result: dict[Value, Any] = {root: seed}
    for node in reversed(order):
        op, inputs = cast(Op, node._row), node.inputs
        upstream = result[node]
        if not create_graph:
            locals_ = op.local(node.data, *[x.data for x in inputs])
        else:
            operands = [x.data if x.is_constant else x for x in inputs]
            locals_ = _needed_partials(op, node, operands)
        for x, local in zip(inputs, locals_, strict=True):
            if local is not None:
                contribution = _product(local, upstream)
                if checked and not math.isfinite(contribution) and not x.is_constant:
                    raise anomaly(node, local, upstream)
                result[x] = result[x] + contribution if x in result else contribution
    return result


def _needed_partials(op: Op, node: Value, operands: list[Scalar]) -> list[Any]:
    """Return the partials as Values, and None for each operand that is a plain number."""
    if op.arity is None:
        partials = op.partials(node, *operands)
        return [
            p if isinstance(x, Value) else None for p, x in zip(partials, operands, strict=True)
        ]
    return [
        partial(node, *operands) if isinstance(x, Value) else None
        for partial, x in zip(op.partials, operands, strict=True)
    ]


def _product(local: Any, upstream: Any) -> Any:
    """Return local * upstream, without a node for a factor that is the number 1."""
    if type(local) is float and local == 1.0:
        return upstream
    if type(upstream) is float and upstream == 1.0:
        return local
    return local * upstream


def _backward_with_graph(root: Value, seed: Scalar) -> None:
    with contexts.recording():  # it was asked for by name, also inside no_grad()
        derivatives = adjoints(root, seed, create_graph=True)
        for node, derivative in derivatives.items():
            gradient = derivative if isinstance(derivative, Value) else Value(derivative)
            if node.is_leaf and node.grad is not ZERO:
                gradient = gradient + node.grad
            node.grad = cast(float, gradient)

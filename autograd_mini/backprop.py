"""Backpropagation: the chain rule, from the root to the leaves."""

# The fast loops read a Value's slots.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from operator import attrgetter
from typing import Any, Final, TypeAlias, cast

from autograd_mini import contexts, frames, ops
from autograd_mini.convert import as_float
from autograd_mini.errors import StaleWarning, anomaly, described
from autograd_mini.graph import (
    gradient_order,
    ordered,
    receivers,
    receiving,
    stale,
    topological_order,
)
from autograd_mini.ops import Op
from autograd_mini.value import CONSTANT, ZERO, Scalar, Value

Edge: TypeAlias = tuple[Value, int, Value, Any]
_GRADIENT: Final = attrgetter("grad")
_TUPLE: Any = tuple  # what a slot may hold in place of a Value


def edges(order: Sequence[Value]) -> Iterator[Edge]:
    """Yield (node, argument, input, local derivative) for every edge, the root's first."""
    for node in reversed(order):
        local = cast(Op, node.op).local(node.data, *[x.data for x in node.inputs])
        for argument in receiving(node):
            yield node, argument, node.inputs[argument], local[argument]


def chain_rule(order: Sequence[Value]) -> None:
    """Each node hands local * upstream to its inputs."""
    for node, _, x, local in edges(order):
        x.grad += local * node.grad


def backward(root: Value, seed: Scalar = 1.0, create_graph: bool = False) -> None:
    """Perform a backward pass; see `Value.backward`."""
    start = seed if type(seed) is float else as_float(seed)
    state = contexts.state
    if state.on_backward is not None:
        state.on_backward(root, start)
    if state.stepped:
        refuse_second_pass(topological_order(root))
    if create_graph:
        _backward_with_graph(root, seed)
        return
    propagate = _chain_rule_fast
    if state.open and contexts.anomaly_detected.get():
        propagate = _chain_rule_checked
        if said := stale(root):
            frames.warn(said, StaleWarning)
    kept: list[tuple[Value, Any]] = []
    try:
        order = opened_order(root, kept)
        root.grad = start
        propagate(order)
    except BaseException:
        undo(topological_order(root), kept)
        raise
    for leaf, before in kept:
        try:
            leaf.grad += before
        except TypeError:  # None, as PyTorch's users write it: not computed
            if before is not None:
                raise


def undo(nodes: Iterable[Value], kept: Iterable[tuple[Value, Any]]) -> None:
    """Take back a pass that failed: the leaves hold again what they held."""
    for node in nodes:
        node.grad = ZERO
    for leaf, before in kept:
        leaf.grad = before


def opened_order(root: Value, kept: list[tuple[Value, Any]]) -> list[Value]:
    """Return the computed nodes in topological order, every gradient set to 0.

    The first half of a backward pass: `gradient_order`, unrolled for one and two operands. What
    the leaves held goes to `kept`. There is no set of visited nodes: a gradient that is yet to
    come is one of two fresh zeros, which tell how far the walk is.
    """
    zero, opened, done = ZERO, ZERO + 0.0, ZERO + 0.0  # to come; visiting its inputs; in `order`
    order: list[Value] = []
    skipped: list[Value] = []  # below conditions
    if root._row is None:
        return _order_of_a_leaf(root, kept)
    stack: list[Any] = [root]
    while stack:
        node = stack.pop()
        if node.grad is opened:
            node.grad = done
            order.append(node)
            continue
        if node.grad is done:
            continue
        while True:  # down along the first inputs
            a, b = node._a, node._b
            if b is not None:
                if b._row is None:
                    if b.grad is not zero:
                        kept.append((b, b.grad))
                        b.grad = zero
                    b = None
                elif b.grad is done:
                    b = None
            elif type(a) is _TUPLE:
                node.grad = opened
                stack.append(node)
                if node._row.receives is not None:
                    a = _spare_conditions(node, skipped)
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
    if skipped:
        _forget(skipped, done)
    return order


def _order_of_a_leaf(leaf: Value, kept: list[tuple[Value, Any]]) -> list[Value]:
    if leaf.grad is not ZERO:
        kept.append((leaf, leaf.grad))
    return []


def _spare_conditions(node: Value, skipped: list[Value]) -> Sequence[Value]:
    """Return the inputs that a gradient flows into; all of them go to `skipped`."""
    skipped += node.inputs
    return receivers(node)


def _forget(conditions: list[Value], done: float) -> None:
    """Set the gradients below conditions to 0, where the pass does not come."""
    for node in ordered(conditions):
        if node._row is not None and node.grad is not done:
            node.grad = ZERO


def _chain_rule_fast(order: list[Value]) -> None:
    """Do what `chain_rule` does, bit for bit, faster.

    It is unrolled for one and two operands, with the rules of add, sub, mul, div, pow with a
    constant exponent and dot written out.
    """
    add, sub, mul, div, pow_, dot = ops.ADD, ops.SUB, ops.MUL, ops.DIV, ops.POW, ops.DOT
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
            elif op is pow_ and b._source is CONSTANT:
                a.grad += op.partials[0](node.data, a.data, b.data) * upstream
            else:
                f, x, y = node.data, a.data, b.data
                by_x, by_y = op.partials
                a.grad += by_x(f, x, y) * upstream  # chain rule
                b.grad += by_y(f, x, y) * upstream
        elif type(a) is not _TUPLE:
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
        elif op.receives is None:
            for x, local in zip(a, op.local(node.data, *[x.data for x in a])):  # noqa: B905
                x.grad += local * upstream  # chain rule
        else:
            chain_rule([node])


def _chain_rule_checked(order: Sequence[Value]) -> None:
    """Do what `chain_rule` does, and raise at the first contribution that is not finite."""
    for node, _, x, local in checked(edges(order), _GRADIENT):
        x.grad += local * node.grad


def checked(found: Iterable[Edge], upstream: Callable[[Value], float]) -> Iterator[Edge]:
    """Pass edges on; raise at the first contribution that is not finite.

    A contribution to a constant does not count.
    """
    for edge in found:
        node, _, x, local = edge
        above = upstream(node)
        if not math.isfinite(local * above) and not x.is_constant:
            raise anomaly(node, local, above)
        yield edge


def refuse_second_pass(nodes: Iterable[Value]) -> None:
    """While a `backward_steps()` is under way, no other pass may add to the same leaves."""
    for node in nodes:
        if node in contexts.state.stepped:
            raise RuntimeError(
                f"a backward_steps() over {described([node])} is not finished: exhaust it or "
                "close() it before the next pass over the same leaves"
            )


@contextmanager
def spared(nodes: Sequence[Value]) -> Generator[None]:
    """Restore every gradient afterwards, and let no debugger stop in between."""
    kept = [(node, node.grad) for node in nodes]
    waiting, contexts.state.on_backward = contexts.state.on_backward, None
    try:
        yield
    finally:
        contexts.state.on_backward = waiting
        for node, grad in kept:
            node.grad = grad


def gradient(
    root: Value, wanted: Iterable[Value], given: Collection[Value]
) -> tuple[list[float], list[Value]]:
    """Return the derivatives of `root` with respect to some nodes, and all nodes that received one.

    It is as fast as `backward`.

    Args:
        root: Where to start.
        wanted: The nodes.
        given: Nodes of before which the graph may reach: they keep the `.grad` they had.

    Example:
        >>> x = Value(3.0)
        >>> gradient(x * x, [x], given=[x])[0], x.grad
        ([6.0], 0.0)
    """
    before = [node.grad for node in given]
    try:
        for node in given:
            node.grad = ZERO
        order = opened_order(root, [])
        root.grad = 1.0
        _chain_rule_fast(order)
        return [node.grad for node in wanted], order
    finally:
        for node, grad in zip(given, before, strict=True):
            node.grad = grad


def adjoints(root: Value, seed: Scalar = 1.0, *, create_graph: bool = False) -> dict[Value, Any]:
    """Return the derivative of `root` with respect to every node below it; touch no `.grad`.

    Args:
        root: Where to start.
        seed: The derivative of the root itself.
        create_graph: Make the derivatives Values that can be differentiated again. Constants
            are then left out.

    Example:
        >>> x = Value(3.0)
        >>> adjoints(x * x)[x]
        6.0
    """
    result: dict[Value, Any] = {root: seed}
    order = gradient_order(root)
    found = _recorded_edges(order) if create_graph else edges(order)
    if contexts.state.open and not create_graph and contexts.anomaly_detected.get():
        found = checked(found, result.__getitem__)
    for node, _, x, local in found:
        contribution = _product(local, result[node])
        result[x] = result[x] + contribution if x in result else contribution
    return result


def _recorded_edges(order: Sequence[Value]) -> Iterator[Edge]:
    """Yield what `edges` does, but to plain numbers, with local derivatives that are Values."""
    for node in reversed(order):
        op, inputs = cast(Op, node.op), node.inputs
        operands = [x.data if x.is_constant else x for x in inputs]
        together = op.partials(node, *operands) if op.arity is None else ()
        for argument in receiving(node):
            if not inputs[argument].is_constant:
                local = together[argument] if together else op.partials[argument](node, *operands)
                yield node, argument, inputs[argument], local


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
            before: Any = node.grad
            if node.is_leaf and before is not ZERO and before is not None:
                gradient = gradient + before
            node.grad = cast(float, gradient)

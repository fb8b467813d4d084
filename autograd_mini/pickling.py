"""Copies and pickles of a graph, of any depth, without recursion.

A pickler saves the inputs of a node before the node, which for a deep graph would exhaust its
stack. From some depth on, a node therefore has everything below it listed first, inputs before
their consumers, so that each finds its inputs done. No node is listed twice in one go.
"""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator, Sequence
from typing import Any, Final, SupportsIndex

from autograd_mini import ops
from autograd_mini.graph import ordered
from autograd_mini.value import CONSTANT, ZERO, Value

_DEEPEST: Final = (
    30  # nodes inside of each other; a pickler written in Python has 5 frames for each
)


class _Nest(threading.local):
    """The nodes that a pickler of this thread is inside of, and those that have been listed."""

    def __init__(self) -> None:
        self.inside: list[weakref.ref[_End]] = []
        self.listed: set[Value] = set()


_nest: Final = _Nest()


class _End:
    """The items of a node, of which there are none: a pickler that asks for them is done with it.

    If it fails instead, nobody holds this any longer.
    """

    __slots__ = ("__weakref__",)

    def __iter__(self) -> Iterator[Value]:
        return self

    def __next__(self) -> Value:
        while _nest.inside and _nest.inside.pop()() is not self:
            pass
        if not _nest.inside:
            _nest.listed.clear()
        raise StopIteration


class _Below(list[Value]):
    """Nodes to be saved one after the other: iterating over them needs no stack."""

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        return list, (), None, iter(self)


def reduced(node: Value) -> tuple[Any, ...]:
    """Return what `pickle` asks of a node: how to make it again."""
    inside, listed = _nest.inside, _nest.listed
    while inside and inside[-1]() is None:
        inside.pop()
    if not inside:
        listed.clear()
    below = None
    if len(inside) >= _DEEPEST and node not in listed:
        below = _Below(ordered([node], lambda x: [y for y in x.inputs if y not in listed])[:-1])
        listed.update(below)
    end = _End()
    inside.append(weakref.ref(end))
    op = None if node._row is None else node._row.name
    fields = (op, node.inputs, node.data, _gradient(node), node.label, node._source)
    return _restore, (below, *fields), None, end


def copied(node: Value, inputs: Sequence[Value]) -> Value:
    """Return a node like this one, of these inputs."""
    twin = Value(node.data, node.label)
    gradient = _gradient(node)
    twin.grad = ZERO if gradient is None else gradient
    twin._source = node._source
    twin._row = node._row
    twin._a, twin._b = node._a, node._b
    if type(node._a) is tuple:
        twin._a = tuple(inputs)
    elif inputs:
        twin._a, twin._b = (*inputs, None)[:2]
    return twin


def deeply_copied(root: Value, memo: dict[int, Value]) -> Value:
    """Return a copy of a graph; `memo` holds what has been copied already, by address."""
    for node in ordered([root], lambda x: [y for y in x.inputs if id(y) not in memo]):
        memo[id(node)] = copied(node, [memo[id(x)] for x in node.inputs])
    return memo[id(root)]


def _gradient(node: Value) -> float | None:
    """Return a node's gradient as a float, None if it has not been computed."""
    gradient: Any = node.grad
    return None if gradient is ZERO or gradient is None else float(gradient)


def _restore(
    _below: list[Value] | None,
    name: str | None,
    inputs: tuple[Value, ...],
    data: float,
    grad: float | None,
    label: str,
    source: str | None,
) -> Value:
    value = Value(data, label)
    value.grad = ZERO if grad is None else grad
    value._source = CONSTANT if source == CONSTANT else source
    if name is not None:
        op = value._row = ops.find(name)
        if op.arity in (1, 2) and op.receives is None:
            value._a, value._b = (*inputs, None)[:2]
        else:
            value._a = inputs
    return value

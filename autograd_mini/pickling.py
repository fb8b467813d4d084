"""Copies and pickles of a graph, of any depth, without recursion.

A pickler saves the inputs of a node before the node, which for a deep graph would exhaust its
stack. From some depth on, a node therefore has everything below it listed first, inputs before
their consumers, so that each finds its inputs done. No node is listed twice in one go.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator, Sequence
from typing import Any, Final, SupportsIndex

from autograd_mini import ops
from autograd_mini.graph import ordered
from autograd_mini.value import CONSTANT, ZERO, Value, remade

_DEEPEST: Final = 30  # nodes in each other; a pickler written in Python has 5 frames for each


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
    op = None if node.op is None else node.op.name
    return _restore, (below, op, node.inputs, *_fields(node)), None, end


def copied(node: Value, inputs: Sequence[Value]) -> Value:
    """Return a node like this one, of these inputs."""
    return remade(node.op, inputs, *_fields(node))


def deeply_copied(root: Value, memo: dict[int, Value]) -> Value:
    """Return a copy of a graph; `memo` holds what has been copied already, by address."""
    for node in ordered([root], lambda x: [y for y in x.inputs if id(y) not in memo]):
        memo[id(node)] = copied(node, [memo[id(x)] for x in node.inputs])
    return memo[id(root)]


def _fields(node: Value) -> tuple[float, float | None, str, str]:
    """Return a node's data, its gradient if it has been computed, its label and its source."""
    gradient: Any = node.grad  # a Value after create_graph, None from users of PyTorch
    computed = None if gradient is ZERO or gradient is None else float(gradient)
    source = CONSTANT if node.is_constant else node.source or ""
    return node.data, computed, node.label, source


def _restore(
    _below: list[Value] | None,
    name: str | None,
    inputs: tuple[Value, ...],
    *fields: Any,
) -> Value:
    return remade(None if name is None else ops.find(name), inputs, *fields)

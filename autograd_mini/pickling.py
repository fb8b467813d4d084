"""Copies and pickles of a graph, of any depth, without recursion."""

# pyright: reportPrivateUsage=false, reportUnknownVariableType=false
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterable
from typing import Any

from autograd_mini import ops
from autograd_mini.graph import topological_order
from autograd_mini.value import CONSTANT, ZERO, Value

__all__ = ["reduced"]


def reduced(node: Value) -> tuple[Any, ...]:
    """Return what `copy` and `pickle` ask of a node: how to make it again."""
    op = None if node._row is None else node._row.name
    grad: Any = node.grad
    grad = None if grad is ZERO or grad is None else float(grad)
    fields = (op, node.inputs, node.data, grad, node.label, node._source)
    if op is None or _already_listed(node):
        return _restore, (None, *fields)
    # Listing everything below first, inputs before their consumers, keeps pickle and
    # deepcopy from descending into the graph: each inner node finds its inputs done.
    below = _Below(topological_order(node)[:-1])
    _listed.references = [r for r in _listed.references if r() is not None]
    _listed.references.append(weakref.ref(below))
    return _restore, (below, *fields)


class _Below(list[Value]):
    """The nodes below one that is being pickled; alive as long as the pickler remembers it."""

    __slots__ = ("__weakref__", "ids")

    def __init__(self, nodes: Iterable[Value] = ()) -> None:
        super().__init__(nodes)
        self.ids = {id(node) for node in self}

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return list, (), None, iter(self)


class _Listed(threading.local):
    def __init__(self) -> None:
        self.references: list[weakref.ref[_Below]] = []


_listed = _Listed()


def _already_listed(node: Value) -> bool:
    for reference in _listed.references:
        below = reference()
        if below is not None and id(node) in below.ids:
            return True
    return False


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

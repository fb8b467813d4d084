"""Peers to measure against: the whole of a small engine in the style of microgpt, and micrograd.

In microgpt's style each node keeps a tuple of its children and a tuple of the local derivatives;
backward is recursive over a set of visited nodes. micrograd is used as released, where it is
installed, and lent the two functions that a cross-entropy needs, written as its own are.
"""

from __future__ import annotations

import math
from typing import Any


class Node:
    """A scalar with its children and the local derivative towards each of them."""

    __slots__ = ("children", "data", "grad", "locals")

    def __init__(self, data: float, children: tuple[Any, ...] = (), locals_: Any = ()) -> None:
        self.data = data
        self.grad = 0.0
        self.children = children
        self.locals = locals_

    def __add__(self, other: Any) -> Node:
        other = other if isinstance(other, Node) else Node(other)
        return Node(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other: Any) -> Node:
        other = other if isinstance(other, Node) else Node(other)
        return Node(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, exponent: float) -> Node:
        return Node(self.data**exponent, (self,), (exponent * self.data ** (exponent - 1),))

    def relu(self) -> Node:
        return Node(max(0.0, self.data), (self,), (float(self.data > 0.0),))

    def exp(self) -> Node:
        e = math.exp(self.data)
        return Node(e, (self,), (e,))

    def log(self) -> Node:
        return Node(math.log(self.data), (self,), (1.0 / self.data,))

    def __neg__(self) -> Node:
        return self * -1.0

    def __radd__(self, other: float) -> Node:
        return self + other

    def __sub__(self, other: Any) -> Node:
        return self + (-other)

    def __rsub__(self, other: float) -> Node:
        return (-self) + other

    def __rmul__(self, other: float) -> Node:
        return self * other

    def __truediv__(self, other: Any) -> Node:
        return self * other**-1.0

    def backward(self) -> None:
        order: list[Node] = []
        visited: set[Node] = set()

        def build(node: Node) -> None:
            if node not in visited:
                visited.add(node)
                for child in node.children:
                    build(child)
                order.append(node)

        build(self)
        self.grad = 1.0
        for node in reversed(order):
            for child, local in zip(node.children, node.locals, strict=True):
                child.grad += local * node.grad


def micrograd_value() -> Any:
    """Return micrograd's Value, able to do exp and log.

    Raises:
        ImportError: If micrograd is not installed.
    """
    from micrograd import engine

    Value: Any = engine.Value

    def exp(self: Any) -> Any:
        out = Value(math.exp(self.data), (self,), "exp")

        def backward() -> None:
            self.grad += out.data * out.grad

        out._backward = backward
        return out

    def log(self: Any) -> Any:
        out = Value(math.log(self.data), (self,), "log")

        def backward() -> None:
            self.grad += out.grad / self.data

        out._backward = backward
        return out

    Value.exp, Value.log = exp, log
    return Value

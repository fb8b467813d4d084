"""Slots: a Value's own places, under the properties of a class that has others in front of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any, Final

from autograd_mini.value import Value

own_data: Final[Any] = Value.__dict__["data"]
own_grad: Final[Any] = Value.__dict__["grad"]
own_class: Final[Any] = object.__dict__["__class__"]
data_of: Final[Callable[[Value], float]] = own_data.__get__


def each(do: Callable[..., object], *columns: Iterable[Any]) -> None:
    """Call a function for what it does, once for each row of some columns."""
    deque(map(do, *columns), maxlen=0)


def recomputed(node: Value, number: Callable[[Value], float] = attrgetter("data")) -> float:
    """Return what a node's operation gives for the numbers that its inputs have now."""
    assert node.op is not None
    return float(node.op.forward(*map(number, node.inputs)))

"""A backward pass at one of its moments.

A moment is a number of events done: first those of the forward pass, then those of the backward
pass, which is where a session starts.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import TypeAlias

from autograd_mini.steps import ForwardStep, Step, Trace
from autograd_mini.value import ZERO, Value

Event: TypeAlias = "ForwardStep | Step"


class Moment:
    """A backward pass at one of its moments: the graph's gradients are as of `position`.

    Attributes:
        trace: The events.
        events: Those of the forward pass, then the steps of the backward pass.
        start: The number of forward events: the moment at which the backward pass starts.
        end: The number of all events.
        position: How many events are done.
        looked_back: Whether a NaN of the forward pass has been announced.
    """

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.events: list[Event] = [*trace.forward, *trace]
        self.start = len(trace.forward)
        self.end = len(self.events)
        self.position = 0
        self.looked_back = False
        for node in trace.nodes:
            node.grad = ZERO
        self.go(self.start)
        trace.root.grad = trace.seed

    def go(self, position: int) -> None:
        """Do or undo events until `position` of them are done."""
        while self.position < position:
            event = self.events[self.position]
            if isinstance(event, Step):
                event.parent.grad = event.after
            self.position += 1
            if self.position == self.start:
                self.trace.root.grad = self.trace.seed
        while self.position > position:
            if self.position == self.start:
                self.trace.root.grad = ZERO
            self.position -= 1
            event = self.events[self.position]
            if isinstance(event, Step):
                event.parent.grad = event.before

    @property
    def event(self) -> Event | None:
        """What was done last; None at the start."""
        return self.events[self.position - 1] if self.position not in (0, self.start) else None

    @property
    def node(self) -> Value:
        """The node of the last event; at the start the root."""
        event = self.event
        return event.node if event is not None else self.trace.root

    @cached_property
    def first_bad(self) -> int:
        """The first moment at which a number is not finite; -1 if all are."""
        return next((i for i, event in enumerate(self.events, 1) if not is_finite(event)), -1)

    # Where other moments are.

    def after_step(self, count: int) -> int:
        """Return the moment with `count` steps of the trace done."""
        return min(self.start + count, self.end)

    def end_of_node(self, position: int) -> int:
        """Return the moment after the last event of the node that comes next."""
        position += 1
        while position < self.end and self._goes_on(position):
            position += 1
        return min(position, self.end)

    def start_of_node(self, position: int) -> int:
        """Return the moment before the first event of the node that was last."""
        position -= 1
        while position > 0 and self._goes_on(position):
            position -= 1
        return max(position, 0)

    def _goes_on(self, position: int) -> bool:
        """Return whether the events around a moment belong to one node in one direction."""
        same = self.events[position].node is self.events[position - 1].node
        return same and position != self.start

    # Nodes of the graph.

    @property
    def last_id(self) -> str:
        """The id of the last node."""
        return f"n{len(self.trace.nodes) - 1}"

    def is_called(self, node: Value, kind: str, target: str) -> bool:
        """Return whether a node has this label, operation or id."""
        if kind == "label":
            return node.label == target
        if kind == "op":
            return node.op is not None and node.op.name == target
        return self.trace.id(node) == target

    def find(self, kind: str, target: str) -> list[Value]:
        """Return the nodes with a label, an operation or an id."""
        return [node for node in self.trace.nodes if self.is_called(node, kind, target)]

    def labels(self) -> set[str]:
        """Return the labels of the graph."""
        return {node.label for node in self.trace.nodes if node.label}

    def operations(self) -> set[str]:
        """Return the names of the operations of the graph."""
        return {node.op.name for node in self.trace.nodes if node.op}

    def path(self) -> list[Value]:
        """Return a shortest path from the root down to the node of this moment."""
        met = [self.trace.root]  # grows, nearest first
        consumer: dict[Value, Value | None] = {self.trace.root: None}
        for x in met:
            if x is self.node:
                break
            for y in x.inputs:
                if y not in consumer:
                    consumer[y] = x
                    met.append(y)
        path = [self.node]
        while (above := consumer[path[-1]]) is not None:
            path.append(above)
        return path[::-1]


def is_finite(event: Event) -> bool:
    """Return whether an event has only finite numbers."""
    if isinstance(event, ForwardStep):
        return math.isfinite(event.value)
    numbers = (event.local, event.contribution, event.after)
    return all(map(math.isfinite, numbers))

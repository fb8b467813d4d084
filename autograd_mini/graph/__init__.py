"""The graph below a Value.

```
order         each node once, inputs before their consumers, without recursion
recomputing   whether its numbers follow from its leaves, and computing them again
names         what its nodes are called, and operations and rules written in these names
```
"""

from __future__ import annotations

from autograd_mini.graph.order import (
    gradient_order,
    interior_order,
    ordered,
    receivers,
    receiving,
    topological_order,
)
from autograd_mini.graph.recomputing import recompute, stale

__all__ = [
    "gradient_order",
    "interior_order",
    "ordered",
    "receivers",
    "receiving",
    "recompute",
    "stale",
    "topological_order",
]

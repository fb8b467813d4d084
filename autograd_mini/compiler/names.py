"""Names: what the numbers of a program are called, after their labels and their roles."""

from __future__ import annotations

import keyword
import re
from collections.abc import Sequence
from typing import Final

from autograd_mini import ops
from autograd_mini.compiler import spelling
from autograd_mini.compiler.group import FORWARD, GRADIENT, INPUTS, Plan
from autograd_mini.compiler.record import VARYING

__all__ = ["RESERVED", "Names", "common_label", "identifier", "name_groups"]

RESERVED: Final = {
    *keyword.kwlist,
    *spelling.__dict__,
    *("np", "theta", "gtheta", "B", "U", "V", "G", "GU", "ones", "seed", "average", "out", "bind"),
    *("float", "pow", "sum", "min", "max", "abs", FORWARD, GRADIENT, INPUTS, *ops.OPS),
}


def identifier(label: str) -> str:
    """Return a label as a Python name, or "" if nothing of it is left."""
    name = re.sub(r"\W+", "_", label, flags=re.ASCII).strip("_")
    return f"_{name}" if name[:1].isdigit() else name


class Names:
    """Names that are not taken yet."""

    def __init__(self, taken: Sequence[str] = ()) -> None:
        self.taken = {*RESERVED, *taken}
        self.counts: dict[str, int] = {}

    def new(self, wish: str, *, numbered: bool = False) -> str:
        """Return `wish`, with a number if it is taken or always."""
        name = wish
        while numbered or name in self.taken or f"g_{name}" in self.taken:
            self.counts[wish] = self.counts.get(wish, 0) + 1
            name = f"{wish}{self.counts[wish]}"
            numbered = name in self.taken
        self.taken.add(name)
        return name


def common_label(labels: Sequence[str]) -> str:
    """Return what dotted labels share, as `layers.0.neurons.*.w`."""
    parts = [label.split(".") for label in labels if label]
    if not parts or len(parts) < len(labels):
        return ""
    shared = [column[0] if len(set(column)) == 1 else "*" for column in zip(*parts, strict=False)]
    if any(len(row) != len(shared) for row in parts):
        shared.append("*")
    while len(shared) > 1 and shared[-1] == "*":
        shared.pop()
    return "" if shared == ["*"] else ".".join(shared)


def name_groups(plan: Plan) -> dict[int, str]:
    """Give every group a name by its role; return the names of matrices' layers by group."""
    graph = plan.graph
    names = Names([identifier(name) for name in graph.names])
    owner = {i: group for group in plan.groups for i in group.members}
    layer = 0
    numbers: dict[int, str] = {}
    roots = set(graph.roots)
    for group in plan.groups:
        reads = group.refs
        source = owner.get(reads[0].nodes[0]) if reads else None
        if group.is_matrix:
            layer += 1
            numbers[id(group)] = str(layer)
        if roots & set(group.members) and len(plan.groups) > 1 and group.kind == VARYING:
            wish, numbered = "loss" if graph.scalar else "y", False
        elif group.is_matrix:
            wish, numbered = f"z{layer}", False
        elif len(group.members) == 1:
            (node,) = group.members
            wish, numbered = identifier(graph.labels[node]) or f"v{node}", False
        elif group.op and group.op.arity == 1 and source and source.name[:1] == "z":
            wish, numbered = f"h{source.name[1:]}", False
        else:
            wish, numbered = group.op.name if group.op else "sum", True
        group.name = names.new(wish, numbered=numbered)
    return numbers

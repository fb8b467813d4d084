"""Names: what the numbers of a program are called, after their labels and their roles.

No text of a user's is ever code: a name is made here, of letters, digits and underscores, and is
none that the language or the program uses for something else.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from autograd_mini.compiler.groups import Group
from autograd_mini.compiler.plan import Plan
from autograd_mini.compiler.record import VARYING
from autograd_mini.compiler.rows import COPY

MANY: Final = 1000  # labels from which on those of a unit are taken together


def identifier(label: str) -> str:
    """Return a label as a name, or "" if nothing of it is left.

    Example:
        >>> identifier("layers.0.w"), identifier("2nd try"), identifier("μ")
        ('layers_0_w', '_2nd_try', '')
    """
    name = re.sub(r"\W+", "_", label, flags=re.ASCII).strip("_")
    return f"_{name}" if name[:1].isdigit() else name


def commented(text: str) -> str:
    r"""Return a text on one line, of characters that print: fit for a comment.

    Example:
        >>> commented("w\n    print('label') # \u2028")
        "w     print('label') #  "
    """
    return text if text.isprintable() else "".join([c if c.isprintable() else " " for c in text])


class FreshNames:
    """Names that are not taken yet; with each goes that of its gradient, `g_...`."""

    def __init__(self, reserved: Iterable[str]) -> None:
        self.taken = set(reserved)
        self.counts: dict[str, int] = {}

    def new(self, wish: str, *, numbered: bool = False) -> str:
        """Return `wish`, with a number if it is taken or always."""
        name = wish
        while numbered or name in self.taken or f"g_{name}" in self.taken:
            self.counts[wish] = self.counts.get(wish, 0) + 1
            name = f"{wish}{self.counts[wish]}"
            numbered = False
        self.taken |= {name, f"g_{name}"}
        return name


def common_label(labels: Sequence[str]) -> str:
    """Return what dotted labels share, as `layers.0.neurons.*.w`."""
    if not labels or not all(labels):
        return ""
    if len(labels) > MANY and all(heads := {label.rpartition(".")[0] for label in labels}):
        labels = [f"{head}.*" for head in heads]  # the weights of a unit share all but the last
    parts = [label.split(".") for label in labels]
    shared = [column[0] if len(set(column)) == 1 else "*" for column in zip(*parts, strict=False)]
    if any(len(row) != len(shared) for row in parts):
        shared.append("*")
    while len(shared) > 1 and shared[-1] == "*":
        shared.pop()
    return "" if shared == ["*"] else ".".join(shared)


def place_of(plan: Plan, nodes: Sequence[int]) -> str:
    """Return where nodes come from: the label that they share, or else `file:line`."""
    graph = plan.graph
    label = common_label([graph.labels[i] for i in nodes])
    if label:
        return label
    sources = {graph.sources[i] for i in nodes}
    source = sources.pop() if len(sources) == 1 else None
    path, _, line = (source or "").rpartition(":")
    return f"{os.path.basename(path)}:{line}" if path else ""


def wishes(plan: Plan) -> list[tuple[Group, str, bool]]:
    """Return what each group would be called by its role, and whether always with a number.

    Matrices are numbered, `z1`, `z2`, ..., in the order of their groups.
    """
    graph, roots, layer = plan.graph, set(plan.graph.roots), 0
    found: dict[int, str] = {}  # by node
    result: list[tuple[Group, str, bool]] = []
    for group in plan.groups:
        reads = group.refs
        source = found.get(reads[0].nodes[0], "") if reads else ""
        layer += group.is_matrix
        numbered = False
        if roots & set(group.members) and len(plan.groups) > 1 and group.kind == VARYING:
            wish = "loss" if graph.scalar else "y"
        elif group.is_matrix:
            wish = f"z{layer}"
        elif group.op is COPY:
            wish = "padding"
        elif len(group.members) == 1:
            (node,) = group.members
            wish = identifier(graph.labels[node]) or f"v{node}"
        elif group.op and group.op.arity == 1 and re.fullmatch(r"z\d+", source):
            wish = f"h{source[1:]}"
        else:
            wish, numbered = identifier(group.op.name) if group.op else "sum", True
        found.update(dict.fromkeys(group.members, wish))
        result.append((group, wish or "v", numbered or not wish))
    return result


def summary(program: Any, name: str, plan: Plan) -> str:
    """Return what a program is in one line, and its groups in one line each."""
    names = FreshNames(())
    for group, wish, numbered in wishes(plan):
        group.name = names.new(wish, numbered=numbered)
    arguments = ", ".join(
        f"{name} {shape}" if shape else name
        for name, shape in zip(plan.recorded.names, program.shapes, strict=True)
    )
    head = (
        f"{name.strip('<>')}({arguments}): {program.nodes} scalar nodes in {program.groups} "
        f"groups, {program.matrices} of them matrices; {len(program.parameters)} parameters"
    )
    return "\n".join([head, *[f"  {line}" for line in str(plan).splitlines()]])

"""Graphs as Python: the lines that compute the same numbers again."""

from __future__ import annotations

import keyword
import math
from collections.abc import Iterator, Sequence
from itertools import count

from autograd_mini import functions
from autograd_mini.graph import topological_order
from autograd_mini.ops import OPS, Op
from autograd_mini.symbols import SIGNS, written
from autograd_mini.value import Value


def expression(op: Op, operands: Sequence[str]) -> str:
    """Return the Python text of a row applied to operands.

    Example:
        >>> expression(OPS["mul"], ["a", "b"]), expression(OPS["norm"], ["a", "b"])
        ('a * b', 'norm([a, b])')
    """
    is_public = op.name in (*SIGNS, "neg", "abs", *functions.__all__)
    if OPS.get(op.name) is not op or not is_public:
        return f"apply(OPS[{op.name!r}], {', '.join(operands)})"
    if op.name == "dot":
        n = len(operands) // 2
        lists = [f"[{', '.join(operands[:n])}]", f"[{', '.join(operands[n : 2 * n])}]"]
        return written(op, [*lists, *operands[2 * n :]])
    if op.arity is None:
        return written(op, [f"[{', '.join(operands)}]"])
    return written(op, operands)


def letters() -> Iterator[str]:
    """Yield names for inputs: a, b, ..., s, then x0, x1, ..."""
    yield from "abcdefghijklmnopqrs"
    yield from (f"x{n}" for n in count())


def names_of(root: Value) -> dict[Value, str]:
    """Return a Python name for each node: its label if that can be one, else a, b, ... or t0, t1.

    Numbers that an operator wrapped go by their own text.
    """
    order = topological_order(root)
    names: dict[Value, str] = {}
    taken = {"Value", "OPS", "apply", *functions.__all__}
    for node in order:
        label = node.label
        if label.isidentifier() and not keyword.iskeyword(label) and label not in taken:
            names[node] = label
            taken.add(label)
    leaves = (name for name in letters() if name not in taken)
    steps = (name for n in count() if (name := f"t{n}") not in taken)
    for node in order:
        if node.is_constant and node is not root:
            names[node] = _float_literal(node.data)
        elif node not in names:
            names[node] = next(leaves if node.op is None else steps)
    return names


def _float_literal(x: float) -> str:
    return repr(x) if math.isfinite(x) else f'float("{x!r}")'


def source(root: Value, names: dict[Value, str] | None = None) -> str:
    """Return Python that builds the graph below `root` again and starts a backward pass there.

    Example:
        >>> a = Value(3.0, "a")
        >>> print(source(a * a.tanh()))
        from autograd_mini import Value, tanh
        a = Value(3.0)
        t0 = tanh(a)
        t1 = a * t0
        t1.backward()
    """
    names = names or names_of(root)
    used = {"Value"}
    lines: list[str] = []
    for node in topological_order(root):
        if node.op is not None:
            text = expression(node.op, [names[x] for x in node.inputs])
            called = text.partition("(")[0]
            used.update({"OPS", "apply"} if called == "apply" else {called})
            lines.append(f"{names[node]} = {text}")
        elif not node.is_constant or node is root:
            lines.append(f"{names[node]} = Value({_float_literal(node.data)})")
    importable = sorted(used & {"Value", "OPS", "apply", *functions.__all__})
    importable.sort(key=lambda name: (not name[0].isupper(), name))
    head = f"from autograd_mini import {', '.join(importable)}"
    return "\n".join([head, *lines, f"{names[root]}.backward()"])

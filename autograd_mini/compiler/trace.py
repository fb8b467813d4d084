"""Trace: run a function of one example on Values and write its graph down as lists.

A graph is recorded twice. The leaves that are the same objects both times are parameters; all
other leaves are constants of the program, so they must hold the same numbers both times.
"""

# Values' own slots are read here: a graph may have hundreds of thousands of nodes.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import inspect
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from autograd_mini import contexts
from autograd_mini.contexts import Setting, record_source
from autograd_mini.errors import TraceError
from autograd_mini.functions import greater, less
from autograd_mini.nested import is_nested, mapped
from autograd_mini.ops import Op
from autograd_mini.value import Value

__all__ = ["Graph", "Shape", "eager", "shape_of", "trace"]

Shape: TypeAlias = "tuple[int, ...]"

INPUT, VARYING, PARAMETER, CONSTANT = "x", "v", "p", "c"
RECORD_LINES: Final = 5_000  # nodes up to which the text shows the user's lines

_ADVICE: Final = {
    "bool()": "write the choice as where(greater(x, 0), a, b), maximum, relu or clip, which a "
    "compiled program can make anew for every example",
    "compare": "compare with greater() or less() and choose with where()",
    "else": "keep the number a Value: a compiled program cannot follow it as a float; to pick an "
    "element by its index, use dot with a one-hot list",
}


class Graph:
    """One example's computation: parallel lists, one entry a node, inputs before consumers.

    Attributes:
        ops: The row of each node; None for a leaf and for a number known in advance.
        args: The operands' ids.
        kinds: "x" input, "v" varies with the example, "p" parameters only, "c" constant.
        data: The example's numbers.
        labels: The Values' labels.
        sources: `file:line`, where it was recorded.
        inputs: For each argument of the function, the ids of its numbers.
        shapes: The shape of each argument; () for a number.
        names: The name of each argument.
        roots: The ids of the results.
        scalar: Whether the function returns one number rather than a list.
        parameters: The Value of each parameter's id.
    """

    __slots__ = (
        "args",
        "data",
        "inputs",
        "kinds",
        "labels",
        "leaves",
        "names",
        "ops",
        "parameters",
        "roots",
        "scalar",
        "shapes",
        "sources",
    )

    def __init__(self) -> None:
        self.ops: list[Op | None] = []
        self.args: list[tuple[int, ...]] = []
        self.kinds: list[str] = []
        self.data: list[float] = []
        self.labels: list[str] = []
        self.sources: list[str | None] = []
        self.inputs: list[list[int]] = []
        self.shapes: list[Shape] = []
        self.names: list[str] = []
        self.roots: list[int] = []
        self.scalar = True
        self.parameters: dict[int, Value] = {}
        self.leaves: dict[int, Value] = {}

    def __str__(self) -> str:
        lines: list[str] = []
        for i, op in enumerate(self.ops):
            what = f"{self.data[i]!r}" if op is None else f"{op.name} {self.args[i]}"
            lines.append(f"{i:5} {self.kinds[i]} {what:30} {self.labels[i]}".rstrip())
        return "\n".join([*lines, f"roots {self.roots}"])


def trace(f: Callable[..., Any], example: Sequence[Any]) -> Graph:
    """Return the graph of `f` on one example.

    Raises:
        TraceError: If `f` branches on a traced number, lets one out of the graph, draws random
            numbers, or returns something that is not made of numbers.
    """
    graph = _recorded(f, example)
    if len(graph.ops) <= RECORD_LINES:
        with record_source():
            again = _recorded(f, example)
        graph.sources = again.sources
    else:
        again = _recorded(f, example)
    compare(graph, again, f, example, "two runs on the same example")
    _mark_kinds(graph, again)
    return graph


def retrace(f: Callable[..., Any], example: Sequence[Any], graph: Graph) -> None:
    """Record another example, and raise if it is not the same program.

    Raises:
        TraceError: If the graph has another form or other constants.
    """
    compare(graph, _recorded(f, example), f, example, "two examples")


def eager(f: Callable[..., Any], example: Sequence[Any]) -> tuple[list[Value], list[list[Value]]]:
    """Run `f` as the user wrote it; return its results and, for each argument, its Values."""
    leaves: list[list[Value]] = []
    arguments = [_wrapped(x, leaves) for x in example]
    with Setting(contexts.grad_enabled, True):
        results, _ = _results(f(*arguments))
    return results, leaves


# Examples.


def shape_of(x: Any) -> Shape:
    """Return the shape of a number or of nested sequences of numbers.

    Raises:
        ValueError: If rows differ in length.
    """
    if not is_nested(x):
        return ()
    shape = getattr(x, "shape", None)
    if shape is not None:
        return tuple(shape)
    below = {shape_of(row) for row in x}
    if len(below) > 1:
        raise ValueError(
            f"the rows of an argument have different shapes: {sorted(below)}; give rows of one "
            "length, or pass them as arguments of their own"
        )
    return (len(x), *(below.pop() if below else ()))


def _wrapped(x: Any, leaves: list[list[Value]]) -> Any:
    """Return an argument with Values in place of numbers, and list them."""
    mine: list[Value] = []
    leaves.append(mine)

    def leaf(x: Any) -> Value:
        mine.append(Value(x))
        return mine[-1]

    return mapped(leaf, x)


def _results(result: Any) -> tuple[list[Value], bool]:
    """Return the roots, and whether the function returned a single number."""
    if isinstance(result, Value):
        return [result], True
    if is_nested(result):
        return [_result(y) for y in result], False
    return [_result(result)], True


def _result(y: Any) -> Value:
    if isinstance(y, Value):
        return y
    if is_nested(y) or not hasattr(y, "__float__"):
        raise TraceError(
            f"a compiled function returns a number or a flat list of numbers, but got {y!r}"
        )
    return Value(y)


def argument_names(f: Callable[..., Any], count: int) -> list[str]:
    """Return the names of the first `count` positional arguments of `f`."""
    names: list[str] = []
    try:
        for p in inspect.signature(f).parameters.values():
            if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD):
                names.append(p.name)
            elif p.kind is p.VAR_POSITIONAL:
                names += [f"{p.name}{i}" for i in range(count - len(names))]
    except (TypeError, ValueError):  # a callable that hides its signature
        pass
    return (names + [f"x{i}" for i in range(len(names), count)])[:count]


# Recording.


class _Tracer:
    """Hears of every number that is about to leave the graph."""

    def refuse(self, value: Value, how: str) -> None:
        """Raise unless the number is the same for every example."""
        if value.is_constant or _is_known(value):
            return
        advice = _ADVICE.get(how, _ADVICE["else"])
        name = f" {value.label!r}" if value.label else ""
        raise TraceError(
            f"{how} of the traced number{name} ({value.data!r}) at {contexts.calling_line()} would "
            f"be decided once and for all while compiling: {advice}"
        )

    def compare(self, symbol: Callable[[Any, Any], Any], x: Value, y: Any) -> Any:
        """Return the comparison as a condition for `where`."""
        if getattr(y, "ndim", 0):
            import numpy as np

            return np.array([self.compare(symbol, x, z) for z in y.ravel()], object).reshape(
                y.shape
            )
        if not isinstance(y, Value) and not hasattr(y, "__float__"):
            return NotImplemented
        if _is_known(x) and (not isinstance(y, Value) or _is_known(y)):
            return symbol(x.data, y.data if isinstance(y, Value) else y)
        if symbol is operator.gt:
            return greater(x, y)
        if symbol is operator.lt:
            return less(x, y)
        return 1.0 - (less(x, y) if symbol is operator.ge else greater(x, y))


def _is_known(value: Value) -> bool:
    """Say whether a number depends only on numbers that operators wrapped."""
    stack, seen = [value], {value}
    while stack:
        node = stack.pop()
        if node._row is None and not node.is_constant:
            return False
        for x in node.inputs:
            if x not in seen:
                seen.add(x)
                stack.append(x)
    return True


def _recorded(f: Callable[..., Any], example: Sequence[Any]) -> Graph:
    graph = Graph()
    leaves: list[list[Value]] = []
    arguments = [_wrapped(x, leaves) for x in example]
    with (
        Setting(contexts.tracer, _Tracer()),
        Setting(contexts.grad_enabled, True),
        Setting(contexts.anomaly_detected, False),
    ):
        try:
            roots, graph.scalar = _results(f(*arguments))
        except TypeError as error:
            if "indices must be integers" not in str(error):
                raise
            raise TraceError(
                f"a traced number cannot be an index ({error}): pick an element with dot() and a "
                "one-hot list, or pass the index by closure"
            ) from error
    graph.shapes = [shape_of(x) for x in example]
    graph.names = argument_names(f, len(leaves))
    _write_down(graph, roots, leaves)
    return graph


def _write_down(graph: Graph, roots: list[Value], leaves: list[list[Value]]) -> None:
    ids: dict[Value, int] = {}
    nodes: list[Value] = []
    for argument in leaves:
        graph.inputs.append(list(range(len(nodes), len(nodes) + len(argument))))
        for leaf in argument:
            ids[leaf] = len(nodes)
            nodes.append(leaf)
    count = len(nodes)
    stack: list[Any] = roots[::-1]
    while stack:
        node = stack.pop()
        if node is None:
            node = stack.pop()
            ids[node] = len(nodes)
            nodes.append(node)
        elif node not in ids:
            fresh = [x for x in node.inputs if x not in ids]
            if any(x._row is not None for x in fresh):
                ids[node] = -1  # under way
                stack += (node, None, *fresh[::-1])
                continue
            fresh = [*dict.fromkeys(fresh), node]  # only leaves are missing: no need to wait
            ids.update(zip(fresh, range(len(nodes), len(nodes) + len(fresh)), strict=True))
            nodes += fresh
    graph.ops = [node._row for node in nodes]
    graph.args = [_ids(node._a, node._b, ids) for node in nodes]
    graph.data = [node.data for node in nodes]
    graph.labels = [node.label for node in nodes]
    graph.sources = [None if node._row is None else node._source for node in nodes]
    graph.roots = [ids[root] for root in roots]
    graph.kinds = [INPUT] * count
    graph.leaves = {i: node for i, node in enumerate(nodes) if i >= count and node._row is None}


def _ids(a: Any, b: Value | None, ids: dict[Value, int]) -> tuple[int, ...]:
    """Return the ids of a node's operands."""
    if a is None:
        return ()
    if type(a) is tuple:
        return tuple(map(ids.__getitem__, a))  # pyright: ignore[reportUnknownArgumentType]
    return (ids[a],) if b is None else (ids[a], ids[b])


def compare(
    one: Graph, two: Graph, f: Callable[..., Any], example: Sequence[Any], which: str
) -> None:
    """Raise unless two recordings are the same program with the same constants.

    Raises:
        TraceError: With the constant, its consumer and the line.
    """
    if one.ops != two.ops or one.args != two.args or one.roots != two.roots:
        place = next(
            (
                i
                for i, pair in enumerate(zip(zip(one.ops, one.args), zip(two.ops, two.args)))  # noqa: B905
                if pair[0] != pair[1]
            ),
            min(len(one.ops), len(two.ops)) - 1,
        )
        raise TraceError(
            f"{which} gave different graphs{_line(f, example, place)}: a compiled function does "
            "the same operations every time; draw random numbers outside and pass them in, and "
            "choose with where() instead of if"
        )
    known = [i for i, leaf in two.leaves.items() if one.leaves.get(i, leaf) is not leaf]
    for i in known:
        x, y = one.data[i], two.data[i]
        if x != y and not (math.isnan(x) and math.isnan(y)):
            consumer = next(
                (op.name for op, args in zip(one.ops, one.args, strict=True) if op and i in args),
                "",
            )
            raise TraceError(
                f"{which} gave different constants, {x!r} and {y!r}, as an operand of "
                f"{consumer or 'the result'}{_line(f, example, i)}: such a number would be frozen "
                "into the program; keep it a Value (not .data), or draw random numbers outside "
                "and pass them in as an argument"
            )


def _line(f: Callable[..., Any], example: Sequence[Any], node: int) -> str:
    """Return ` (file:line)` of the first consumer of a node, if another run can tell."""
    try:
        with record_source():
            graph = _recorded(f, example)
        lines = [graph.sources[i] for i, args in enumerate(graph.args) if node in args or i == node]
        line = next(filter(None, lines), None)
    except Exception:  # the line is an extra
        return ""
    return f" ({line})" if line else ""


def _mark_kinds(graph: Graph, again: Graph) -> None:
    """Tell inputs, parameters, constants and what varies apart."""
    kinds, args, leaves = graph.kinds, graph.args, graph.leaves
    for i in range(len(kinds), len(graph.ops)):
        if graph.ops[i] is None:
            leaf = leaves[i]
            if leaf is again.leaves[i] and not leaf.is_constant:
                kinds.append(PARAMETER)
                graph.parameters[i] = leaf
            else:
                kinds.append(CONSTANT)
            continue
        below = {kinds[x] for x in args[i]}
        if below & {INPUT, VARYING}:
            kinds.append(VARYING)
        elif PARAMETER in below:
            kinds.append(PARAMETER)
        else:
            kinds.append(CONSTANT)
    graph.leaves = {i: leaf for i, leaf in leaves.items() if kinds[i] == CONSTANT}

"""Record: run a function of one example on Values and write its graph down as lists.

A graph is recorded twice. The leaves that are the same objects both times are parameters; all
other leaves are constants of the program, so they must hold the same numbers both times.
"""

# Values' own slots are read here: a graph may have hundreds of thousands of nodes.
# pyright: reportPrivateUsage=false, reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

import inspect
import math
import operator
from collections.abc import Callable, Sequence
from contextlib import ExitStack, nullcontext
from itertools import count
from typing import Any, Final, NamedTuple, TypeAlias

from autograd_mini import contexts
from autograd_mini.contexts import Setting, record_source
from autograd_mini.errors import TraceError
from autograd_mini.frames import calling_line
from autograd_mini.functions import greater, less
from autograd_mini.nested import is_nested, mapped
from autograd_mini.ops import Op
from autograd_mini.value import Value

__all__ = ["Graph", "Shape", "eager", "record", "record_again", "shape_of"]

Shape: TypeAlias = "tuple[int, ...]"

CONSTANT, PARAMETER, VARYING, INPUT = "c", "p", "v", "x"  # what reads two kinds is of the larger
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

    def __str__(self) -> str:
        lines: list[str] = []
        for i, op in enumerate(self.ops):
            what = f"{self.data[i]!r}" if op is None else f"{op.name} {self.args[i]}"
            lines.append(f"{i:5} {self.kinds[i]} {what:30} {self.labels[i]}".rstrip())
        return "\n".join([*lines, f"roots {self.roots}"])


def record(f: Callable[..., Any], example: Sequence[Any]) -> Graph:
    """Return the graph of `f` on one example.

    Raises:
        TraceError: If `f` branches on a recorded number, lets one out of the graph, draws random
            numbers, or returns something that is not made of numbers.
    """
    one = _run(f, example)
    graph, nodes = _written_down(one)
    graph.shapes = [shape_of(x) for x in example]
    graph.names = argument_names(f, len(example))
    with record_source() if len(nodes) <= RECORD_LINES else nullcontext():
        two = _run(f, example)
    again = _paired(graph, two)
    if again is None:
        raise _different_graphs(graph, two, f, example, "two runs on the same example")
    graph.sources = [None if node._row is None else node._source for node in again]
    _mark_kinds(graph, nodes, again)
    _compare_constants(graph, again, f, example, "two runs on the same example")
    return graph


def record_again(f: Callable[..., Any], example: Sequence[Any], graph: Graph) -> None:
    """Record another example, and raise if it is not the same program.

    Raises:
        TraceError: If the graph has another form or other constants.
    """
    other = _run(f, example)
    nodes = _paired(graph, other)
    if nodes is None or any(nodes[i] is not p for i, p in graph.parameters.items()):
        raise _different_graphs(graph, other, f, example, "two examples")
    _compare_constants(graph, nodes, f, example, "two examples")


def eager(f: Callable[..., Any], example: Sequence[Any]) -> tuple[list[Value], list[list[Value]]]:
    """Run `f` as the user wrote it; return its results and, for each argument, its Values."""
    leaves: list[list[Value]] = []
    arguments = [_wrapped(x, leaves) for x in example]
    with contexts.recording():
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


class _Recorder:
    """Hears of every number that is about to leave the graph."""

    def refuse(self, value: Value, how: str) -> None:
        """Raise unless the number is the same for every example."""
        if value.is_constant or _is_known(value):
            return
        advice = _ADVICE.get(how, _ADVICE["else"])
        name = f" {value.label!r}" if value.label else ""
        raise TraceError(
            f"{how} of the traced number{name} ({value.data!r}) at {calling_line()} would "
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
        if symbol is operator.eq or symbol is operator.ne:
            self.refuse(x, "==" if symbol is operator.eq else "!=")
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


_row_of: Final = operator.attrgetter("_row")


class _Recording(NamedTuple):
    """What a function returned, and the Values that stood for each argument's numbers."""

    roots: list[Value]
    scalar: bool
    arguments: list[list[Value]]


def _run(f: Callable[..., Any], example: Sequence[Any]) -> _Recording:
    leaves: list[list[Value]] = []
    arguments = [_wrapped(x, leaves) for x in example]
    with ExitStack() as blocks:
        blocks.enter_context(Setting(contexts.tracer, _Recorder()))
        for variable, value in (
            (contexts.grad_enabled, True),
            (contexts.anomaly_detected, False),
        ):
            if variable.get() is not value:  # an open block makes every node dearer
                blocks.enter_context(Setting(variable, value))
        try:
            roots, scalar = _results(f(*arguments))
        except TypeError as error:
            if "indices must be integers" not in str(error):
                raise
            raise TraceError(
                f"a traced number cannot be an index ({error}): pick an element with dot() and a "
                "one-hot list, or pass the index by closure"
            ) from error
    return _Recording(roots, scalar, leaves)


def _written_down(recording: _Recording) -> tuple[Graph, list[Value]]:
    """Return a recording as lists, and the nodes.

    The arguments' numbers come first, then inputs before consumers, left to right.
    """
    graph = Graph()
    nodes = [leaf for argument in recording.arguments for leaf in argument]
    ids = dict(zip(nodes, range(len(nodes)), strict=True))
    args = graph.args = [()] * len(nodes)
    stack: list[Any] = recording.roots[::-1]
    while stack:
        node = stack.pop()
        if node is None:  # all inputs of the next have their ids
            node = stack.pop()
            a, b = node._a, node._b
            if b is not None:
                args.append((ids[a], ids[b]))
            else:
                args.append(tuple(map(ids.__getitem__, a)) if type(a) is tuple else (ids[a],))
        elif node in ids:
            continue
        else:
            a, b = node._a, node._b
            if b is not None and a._row is None and b._row is None:  # no need to come back
                for x in (a, b):
                    if x not in ids:
                        ids[x] = len(nodes)
                        nodes.append(x)
                        args.append(())
                args.append((ids[a], ids[b]))
            elif a is None:
                args.append(())
            else:
                ids[node] = -1  # under way
                stack += (node, None)
                if type(a) is tuple:
                    fresh = [x for x in a if x not in ids]
                    if any(map(_row_of, fresh)):
                        stack += fresh[::-1]
                    else:
                        fresh = dict.fromkeys(fresh)
                        ids.update(zip(fresh, count(len(nodes))))
                        nodes += fresh
                        args += [()] * len(fresh)
                elif b is None:
                    stack.append(a)
                else:
                    stack += (b, a)
                continue
        ids[node] = len(nodes)
        nodes.append(node)
    graph.scalar = recording.scalar
    graph.ops = [node._row for node in nodes]
    graph.data = [node.data for node in nodes]
    graph.labels = [node.label for node in nodes]
    graph.roots = [ids[root] for root in recording.roots]
    graph.inputs = [[ids[leaf] for leaf in argument] for argument in recording.arguments]
    return graph, nodes


def _paired(graph: Graph, recording: _Recording) -> list[Value] | None:
    """Return the nodes of another recording in the graph's order; None if it has another form."""
    nodes: list[Any] = [None] * len(graph.ops)
    for ids, others in zip(
        [*graph.inputs, graph.roots], [*recording.arguments, recording.roots], strict=True
    ):
        if len(ids) != len(others):
            return None
        for i, other in zip(ids, others, strict=True):
            if nodes[i] not in (None, other):
                return None
            nodes[i] = other
    ops, args = graph.ops, graph.args
    for i in range(len(nodes) - 1, -1, -1):
        node, op = nodes[i], ops[i]
        if node._row is not op:
            return None
        if op is None:
            continue
        a, b = node._a, node._b
        if b is not None:  # unrolled: this is most of a large graph
            x, y = args[i]
            if nodes[x] is None:
                nodes[x] = a
            elif nodes[x] is not a:
                return None
            if nodes[y] is None:
                nodes[y] = b
            elif nodes[y] is not b:
                return None
            continue
        others = a if type(a) is tuple else (a,)
        if len(args[i]) != len(others):
            return None
        for x, other in zip(args[i], others):  # noqa: B905 # of one length
            if nodes[x] is None:
                nodes[x] = other
            elif nodes[x] is not other:
                return None
    leaves = {node for node in nodes if node._row is None}
    return nodes if len(leaves) == ops.count(None) else None


def _different_graphs(
    graph: Graph, other: _Recording, f: Callable[..., Any], example: Sequence[Any], which: str
) -> TraceError:
    """Return the error of two recordings that are not the same operations."""
    two, _ = _written_down(other)
    steps = zip(graph.ops, graph.args), zip(two.ops, two.args)  # noqa: B905 # lengths may differ
    unlike = (i for i, (x, y) in enumerate(zip(*steps)) if x != y)  # noqa: B905
    place = next(unlike, min(len(graph.ops), len(two.ops)) - 1)
    return TraceError(
        f"{which} gave different graphs{_line(f, example, place)}: a compiled function does "
        "the same operations every time; draw random numbers outside and pass them in, and "
        "choose with where() instead of if"
    )


def _compare_constants(
    graph: Graph, again: list[Value], f: Callable[..., Any], example: Sequence[Any], which: str
) -> None:
    """Raise if a number that would be frozen into the program is not always the same.

    Raises:
        TraceError: With the constant, its consumer and the line.
    """
    for i, kind in enumerate(graph.kinds):
        if kind != CONSTANT or graph.ops[i] is not None:
            continue
        x, y = graph.data[i], again[i].data
        if x != y and not (math.isnan(x) and math.isnan(y)):
            consumer = next(
                (
                    op.name
                    for op, args in zip(graph.ops, graph.args, strict=True)
                    if op and i in args
                ),
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
            graph, nodes = _written_down(_run(f, example))
        found = [nodes[i].source for i, args in enumerate(graph.args) if node in args or i == node]
        line = next(filter(None, found), None)
    except Exception:  # the line is an extra
        return ""
    return f" ({line})" if line else ""


def _mark_kinds(graph: Graph, nodes: list[Value], again: list[Value]) -> None:
    """Tell inputs, parameters, constants and what varies apart."""
    kinds: list[str] = []
    inputs = sum(map(len, graph.inputs))
    for i, (op, args) in enumerate(zip(graph.ops, graph.args, strict=True)):
        if op is not None:
            first, last = kinds[args[0]], kinds[args[-1]]
            kind = first if first > last else last
            if len(args) > 2:
                kind = max({*map(kinds.__getitem__, args)})
            kinds.append(VARYING if kind == INPUT else kind)
        elif i < inputs:
            kinds.append(INPUT)
        elif nodes[i] is again[i] and not nodes[i].is_constant:
            kinds.append(PARAMETER)
            graph.parameters[i] = nodes[i]
        else:
            kinds.append(CONSTANT)
    graph.kinds = kinds

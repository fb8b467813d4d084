"""Record: run a function of one example on Values and write its graph down as lists.

A graph is recorded twice. The leaves that are the same objects both times are parameters; all
other leaves are constants of the program, so they must hold the same numbers both times. The
second time every argument and parameter is a little different, so that a constant that was
computed from one of them gives itself away.
"""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import chain, compress, count
from typing import Any, Final

from autograd_mini.calls import argument_names
from autograd_mini.compiler.calls import Shape, shape_of
from autograd_mini.compiler.expressions import identical
from autograd_mini.compiler.formulas import Formulas
from autograd_mini.compiler.recorded import Hiding, Recorded
from autograd_mini.compiler.runs import Recording, recording_elsewhere, recording_of
from autograd_mini.compiler.slots import data_of, each
from autograd_mini.compiler.surroundings import Surroundings
from autograd_mini.errors import TraceError
from autograd_mini.ops import Op
from autograd_mini.value import CONSTANT as KNOWN
from autograd_mini.value import Value

CONSTANT, PARAMETER, VARYING, INPUT = "c", "p", "v", "x"  # what reads two kinds is of the larger
RECORD_LINES: Final = 5_000  # nodes up to which the text shows the user's lines


class Graph:
    """One example's computation: parallel lists, one entry a node, inputs before consumers.

    Attributes:
        ops: The row of each node; None for a leaf and for a number known in advance.
        args: The operands' ids.
        inner: The ids of the nodes that have a row: most of a large graph are leaves.
        kinds: "x" input, "v" varies with the example, "p" parameters only, "c" constant.
        data: The example's numbers.
        labels: The Values' labels.
        sources: `file:line`, where it was recorded.
        inputs: For each argument of the function, the ids of its numbers.
        shapes: The shape of each argument; () for a number.
        names: The name of each argument.
        roots: The ids of the results.
        risky: How many operations there were that may raise.
        watched: The ids of those that no result needs: their function raises, and so does a
            program.
        cut: Where it takes a derivative at a plain number that depends on parameters, if it does.
        shape: The shape of the result; () for one number.
        parameters: The Value of each parameter's id.
        computed: Values that the function closes over and that were computed before, inputs
            before consumers: the program computes them anew from their leaves.
        layout: Parameters' ids in the order in which they must lie; others follow.
        unread: Those of parameters that no operation reads.
        example: The arguments it was recorded on.
        around: What the function reads that is neither an argument nor a parameter.
        formulas: What the user's own rows write.
    """

    around: Surroundings
    example: Sequence[Any]
    formulas: Formulas

    def __init__(self) -> None:
        self.ops: list[Op | None] = []
        self.args: list[tuple[int, ...]] = []
        self.inner: list[int] = []
        self.kinds: list[str] = []
        self.data: list[float] = []
        self.labels: list[str] = []
        self.sources: list[str | None] = []
        self.inputs: list[list[int]] = []
        self.shapes: list[Shape] = []
        self.names: list[str] = []
        self.roots: list[int] = []
        self.risky = 0
        self.watched: list[int] = []
        self.cut = ""
        self.shape: Shape = ()
        self.parameters: dict[int, Value] = {}
        self.computed: list[Value] = []
        self.layout: list[int] = []
        self.unread: set[int] = set()

    @property
    def scalar(self) -> bool:
        """Whether the function returns one number rather than a list."""
        return self.shape == ()

    def add(
        self, op: Op | None, args: tuple[int, ...], kind: str, data: float, label: str = ""
    ) -> int:
        """Add a node, and return its id."""
        if op is not None:
            self.inner.append(len(self.ops))
        self.ops.append(op)
        self.args.append(args)
        self.kinds.append(kind)
        self.data.append(data)
        self.labels.append(label)
        self.sources.append(None)
        return len(self.ops) - 1

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
    one = recording_of(f, example)
    around = Surroundings(f)
    graph, nodes = _written_down(one)
    graph.around, graph.example = around, example
    graph.shapes = [shape_of(x) for x in example]
    graph.names = argument_names(f, len(example))
    given = sum(map(len, graph.inputs))
    own = enumerate(nodes[given:], given)
    leaves = {i: x for i, x in own if x._row is None and x._source is not KNOWN}
    graph.computed = [x for i in graph.inner if type(x := nodes[i]) is not Recorded]
    with Hiding(chain(around.values, leaves.values(), graph.computed)):
        two = recording_elsewhere(f, example, graph.computed, lines=len(nodes) <= RECORD_LINES)
    graph.formulas = Formulas(graph)
    around.settle()
    again, error = _compared(graph, two, f, example, "two examples", leaves)
    if error is not None:  # perhaps already two runs on the same example are not the same
        which = "two runs on the same example"
        _, other = _compared(graph, recording_of(f, example), f, example, which, leaves)
        raise other or error
    graph.sources = [node._source if node._row else None for node in again]
    if around.is_random:
        _refuse_generators(f, example, around)
    return graph


def _compared(
    graph: Graph,
    other: Recording,
    f: Callable[..., Any],
    example: Sequence[Any],
    which: str,
    leaves: Mapping[int, Value] | None = None,
) -> tuple[list[Any], TraceError | None]:
    """Return another recording's nodes, and the error if it is not the same program.

    What is a parameter is found out if the graph's own leaves are given, else it must be the same.
    """
    again = _paired(graph, other, graph.parameters if leaves is None else leaves)
    fixed = graph.parameters.items() if leaves is None else ()
    if again is None or any(again[i] is not p for i, p in fixed):
        return [], _different_graphs(graph, other, f, example, which)
    if leaves is not None:
        _mark_kinds(graph, leaves, again)
    found = _unlike_constants(graph, again)
    return again, None if found is None else _frozen(graph, *found, f, example, which)


def _refuse_generators(f: Callable[..., Any], example: Sequence[Any], around: Surroundings) -> None:
    """Raise if every run moves a generator of random numbers; another thread moves it at times."""
    for _ in range(3):
        recording_of(f, example)
        around.settle()
        if not around.is_random:
            return
    code = getattr(f, "__code__", None)
    where = f" at {code.co_filename}:{code.co_firstlineno}" if code else ""
    raise TraceError(
        f"the function{where} draws random numbers, which would be frozen into the program: draw "
        "them outside and pass them in as an argument"
    )


def record_if_changed(f: Callable[..., Any], graph: Graph, *, resident: bool = False) -> None:
    """Record once more where something that the function reads has changed since.

    Args:
        f: The function.
        graph: What was recorded.
        resident: Whether models are not looked at, as the Values are not.

    Raises:
        TraceError: If that makes another program of it.
    """
    if not graph.around.is_same(resident=resident):
        change = graph.around.change()
        which = f"two runs, between which {change},"
        with graph.around.moved():
            record_again(f, graph.example, graph, which)
            if changed := graph.formulas.changed():
                raise TraceError(
                    f"{which} gave different formulas of the operation {changed!r}: such a number "
                    "would be frozen into the program; make it an operand of the operation"
                )


def record_again(
    f: Callable[..., Any], example: Sequence[Any], graph: Graph, which: str = "two examples"
) -> None:
    """Record another example, and raise if it is not the same program.

    Raises:
        TraceError: If the graph has another form or other constants.
    """
    _, error = _compared(graph, recording_of(f, example), f, example, which)
    if error is not None:
        raise error


# Recordings as lists.


_row_of: Final = operator.attrgetter("_row")


def _written_down(recording: Recording) -> tuple[Graph, list[Any]]:
    """Return a recording as lists, and the nodes.

    The arguments' numbers come first, then inputs before consumers, left to right.
    """
    graph = Graph()
    nodes: list[Any] = [leaf for argument in recording.arguments for leaf in argument]
    # By identity, since what would be a plain number has no hash; whoever has none gets the next.
    ids: defaultdict[int, int] = defaultdict(count().__next__)
    place = ids.__getitem__
    each(place, map(id, nodes))
    args = graph.args = [()] * len(nodes)
    live = 0
    stacks: list[list[Any]] = [recording.roots[::-1], recording.risky[::-1]]
    for stack in stacks:
        live = len(nodes)  # what raises, and no result needs, comes after these
        while stack:  # a node waits there until all of its inputs have their ids
            node = stack.pop()
            if id(node) in ids:
                continue
            a, b = node._a, node._b
            if b is not None:  # most of a large graph
                if (a._row and id(a) not in ids) or (b._row and id(b) not in ids):
                    stack += (node, b, a)
                    continue
                numbers = i, j = ids[id(a)], ids[id(b)]
                for k, x in ((i, a), (j, b)):
                    if k == len(nodes):
                        nodes.append(x)
                        args.append(())
            elif a is None:
                numbers = ()
            else:
                inputs: tuple[Any, ...] = a if type(a) is tuple else (a,)  # pyright: ignore[reportUnknownVariableType]
                if [x for x in inputs if x._row and id(x) not in ids]:
                    stack += (node, *inputs[::-1])
                    continue
                numbers = tuple(map(place, map(id, inputs)))
                if (end := len(nodes)) < len(ids):
                    fresh = {i: x for i, x in zip(numbers, inputs) if i >= end}  # noqa: B905
                    nodes += fresh.values()
                    args += [()] * len(fresh)
            args.append(numbers)
            place(id(node))
            nodes.append(node)
    graph.shape = recording.shape
    graph.ops = list(map(_row_of, nodes))
    graph.inner = [*compress(count(), graph.ops)]
    graph.data = list(map(data_of, nodes))
    graph.labels = [node.label for node in nodes]
    graph.roots = [ids[id(root)] for root in recording.roots]
    graph.risky, graph.cut = len(recording.risky), recording.cut
    graph.watched = [i for i in map(place, map(id, recording.risky)) if i >= live]
    graph.inputs = [[*map(place, map(id, argument))] for argument in recording.arguments]
    return graph, nodes


def _paired(graph: Graph, recording: Recording, leaves: Mapping[int, Value]) -> list[Any] | None:
    """Return the nodes of another recording in the graph's order; None if it has another form.

    Args:
        graph: The graph.
        recording: The other one.
        leaves: The graph's own by their ids, but for arguments and what operators wrapped.
    """
    nodes: list[Any] = [None] * len(graph.ops)
    if len(recording.risky) != graph.risky:
        return None
    watched: list[Value] = []
    if graph.watched:
        two, written = _written_down(recording)
        watched = [written[i] for i in two.watched]
    for ids, others in zip(
        [*graph.inputs, graph.roots, graph.watched],
        [*recording.arguments, recording.roots, watched],
        strict=True,
    ):
        if len(ids) != len(others):
            return None
        for i, other in zip(ids, others, strict=True):
            if nodes[i] is not None and nodes[i] is not other:
                return None
            nodes[i] = other
    ops, args = graph.ops, graph.args
    for i in reversed(graph.inner):
        node = nodes[i]
        if node._row is not ops[i]:
            return None
        a, b = node._a, node._b
        operands: tuple[Any, ...] = (a, b)
        if b is None:
            operands = a if type(a) is tuple else (a,)  # pyright: ignore[reportUnknownVariableType]
        if len(args[i]) != len(operands):
            return None
        for x, other in zip(args[i], operands):  # noqa: B905 # of one length
            if nodes[x] is not other:
                if nodes[x] is not None:
                    return None
                nodes[x] = other
    for i in graph.unread:
        nodes[i] = graph.parameters[i]
    own = leaves.get
    others = [x for i, x in enumerate(nodes) if ops[i] is None and x is not own(i)]
    made = {x for x in others if x._source is not KNOWN and type(x) is not Recorded}
    has_moved = bool(made) and not made.isdisjoint(leaves.values())
    are_leaves = not any(map(_row_of, others)) and len({*map(id, others)}) == len(others)
    return nodes if are_leaves and not has_moved else None


def _different_graphs(
    graph: Graph, other: Recording, f: Callable[..., Any], example: Sequence[Any], which: str
) -> TraceError:
    """Return the error of two recordings that are not the same operations."""
    two, _ = _written_down(other)
    steps = zip(graph.ops, graph.args), zip(two.ops, two.args)  # noqa: B905 # lengths may differ
    unlike = (i for i, (x, y) in enumerate(zip(*steps)) if x != y)  # noqa: B905
    place = next(unlike, min(len(graph.ops), len(two.ops)) - 1)
    return TraceError(
        f"{which} gave different graphs{_line_of(f, example, place)}: a compiled function does "
        "the same operations every time; draw random numbers outside and pass them in, and "
        "choose with where() instead of if"
    )


def _unlike_constants(graph: Graph, again: list[Value]) -> tuple[int, float] | None:
    """Return the first constant that is another number this time, and that number."""
    for i, kind in enumerate(graph.kinds):
        if kind == CONSTANT and graph.ops[i] is None:
            x, y = graph.data[i], data_of(again[i])
            if x is not y and not identical(x, y):
                return i, y
    return None


def _frozen(
    graph: Graph, i: int, other: float, f: Callable[..., Any], example: Sequence[Any], which: str
) -> TraceError:
    """Return the error of a constant that is not always the same, with its consumer and line."""
    readers = (op.name for op, args in zip(graph.ops, graph.args, strict=True) if op and i in args)
    return TraceError(
        f"{which} gave different constants, {graph.data[i]!r} and {other!r}, as an operand of "
        f"{next(readers, 'the result')}{_line_of(f, example, i)}: such a number would be frozen "
        "into the program; keep it a Value (not .data), or draw random numbers outside "
        "and pass them in as an argument"
    )


def _line_of(f: Callable[..., Any], example: Sequence[Any], node: int) -> str:
    """Return ` (file:line)` of the first consumer of a node, if another run can tell."""
    try:
        graph, nodes = _written_down(recording_of(f, example, lines=True))
        readers = (nodes[i] for i, args in enumerate(graph.args) if node in args or i == node)
        line: str = next((x.source for x in readers if x.source), "")
    except Exception:  # the line is an extra
        return ""
    return f" ({line})" if line else ""


def _mark_kinds(graph: Graph, leaves: Mapping[int, Value], again: list[Any]) -> None:
    """Tell inputs, parameters, constants and what varies apart."""
    graph.parameters = {i: x for i, x in leaves.items() if x is again[i]}
    given = sum(map(len, graph.inputs))
    kinds = graph.kinds = [INPUT] * given + [CONSTANT] * (len(again) - given)
    for i in graph.parameters:
        kinds[i] = PARAMETER
    for i in graph.inner:
        args = graph.args[i]
        if args:
            first, last = kinds[args[0]], kinds[args[-1]]
            kind = first if first > last else last
            if len(args) > 2:
                kind = max({kinds[x] for x in args})
            kinds[i] = VARYING if kind == INPUT else kind

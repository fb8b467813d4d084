"""The report of a wrong gradient: numbers, a runnable program, a table, the likely cause."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from autograd_mini.backprop import spared
from autograd_mini.graph import ordered, stale, topological_order
from autograd_mini.ops import ADD
from autograd_mini.testing.inspection import (
    CheckedEdge,
    Finding,
    edges_of,
    engine_gradients,
    first_wrong,
)
from autograd_mini.testing.source import names_of, source
from autograd_mini.testing.verdicts import EngineReport
from autograd_mini.value import Value, apply, constant
from autograd_mini.words import aligned, first_and_last

_ROWS: Final = 12  # of the node table
_LINES: Final = 40  # of the program
_SMALL: Final = 60  # nodes; above it the program is not shrunk node by node
_OF_OPERATIONS: Final = ("forward", "rule")  # the findings that an operation is to blame for
_TWO_ANSWERS: Final = Finding("repeat", Value(math.nan), 0, math.nan, math.nan)


class GradientMismatchError(AssertionError):
    """A gradient, or what it is computed from, is wrong. Its text is the report.

    Attributes:
        kind: What is wrong: "forward" (an operation's number), "rule" (a local derivative),
            "sum" (a gradient is not the sum of its contributions), "again" (a second backward
            pass), "rerun" (the function has another slope than the graph it recorded),
            "repeat" (two calls, two answers), "input" (an input was changed).
        op: The name of the operation to blame, or "".
        argument: Which operand a wrong rule belongs to.
        got: The number found.
        expected: The number that should be there.
        source: Python that shows the failure in a few lines.
        root: The Value that these lines compute; `root.debug()` steps through it.
        entry: Which entry of an array, such as "[1, 2]", or "".
        report: What else was checked, if the gradients are somebody else's.

    Example:
        >>> from autograd_mini import primitive
        >>> from autograd_mini.testing import check_gradients
        >>> @primitive(partials=(lambda f, x: x,))  # it is 2x
        ... def squared(x):
        ...     return x * x
        >>> try:
        ...     check_gradients(squared, 3.0)
        ... except GradientMismatchError as error:
        ...     print(error.kind, error.op, error.got, error.expected)
        rule squared 3.0 6.0
    """

    __module__ = "autograd_mini.testing"  # where people import it from

    def __init__(
        self,
        message: str,
        *,
        finding: Finding = _TWO_ANSWERS,
        source: str = "",
        root: Value | None = None,
    ) -> None:
        super().__init__(message)
        self.kind, node, self.argument, self.got, self.expected, *_ = finding
        self.op = node.op.name if node.op and self.kind in _OF_OPERATIONS else ""
        self.source = source
        self.root = root
        self.entry = ""
        self.report: EngineReport | None = None


# doctest takes it for a name of another module
__test__ = {"GradientMismatchError": GradientMismatchError}


def refused(report: EngineReport) -> GradientMismatchError:
    """Return the error of a report on somebody else's gradients, about the first that is wrong."""
    error = GradientMismatchError(str(report))
    error.report = report
    error.op, wrong = next((name, x) for name, x in report.operations.items() if not x.ok)
    error.kind, error.source = wrong.kind, wrong.program
    return error


# The smallest program that still fails.


def rebuilt(root: Value, cut: Iterable[Value] = ()) -> Value:
    """Return a copy of a graph in which the nodes of `cut` are leaves."""
    leaves = {*cut}
    copies: dict[Value, Value] = {}

    def inputs(node: Value) -> Sequence[Value]:
        return () if node in leaves else node.inputs

    for node in ordered([root], inputs):
        copies[node] = _copy(node, [copies[x] for x in inputs(node)])
    return copies[root]


def _copy(node: Value, inputs: list[Value]) -> Value:
    if not inputs or node.op is None:
        copy = constant(node.data) if node.is_constant else Value(node.data)
    else:
        copy = apply(node.op, *inputs)
    copy.label = node.label
    return copy


def minimal(root: Value, finding: Finding) -> tuple[Value, Finding]:
    """Return a smaller graph with the same kind of failure, and what is found in it."""
    best, found = root, finding

    def fails(build: Callable[[], Value]) -> bool:
        nonlocal best, found
        try:
            smaller = build()
            now = first_wrong(smaller)
        except Exception:  # a broken operation may do anything; then this graph does not help
            return False
        if now is None or now.kind != finding.kind:
            return False
        if finding.kind in _OF_OPERATIONS and now.node.op is not finding.node.op:
            return False
        best, found = smaller, now
        return True

    node = finding.node
    if finding.kind in _OF_OPERATIONS:
        fails(lambda: rebuilt(node, cut=node.inputs))
        return best, found
    if any(fails(build) for build in _small_sums(root, node)):
        return best, found
    order = [n for n in topological_order(best) if n.op is not None and n is not best]
    if len(order) <= _SMALL:
        for n in topological_order(best):
            if n.op is not None and fails(lambda n=n: rebuilt(n)):
                break
        k = 0
        while k < len(cuttable := [n for n in topological_order(best)[:-1] if n.op is not None]):
            whole = best
            if not fails(lambda n=cuttable[k], whole=whole: rebuilt(whole, cut=[n])):
                k += 1
    return best, found


def _small_sums(root: Value, node: Value) -> Iterator[Callable[[], Value]]:
    """Yield small graphs in which a node is used as it is in a large one, simplest first."""
    order = topological_order(root)
    consumers = [n for n in order if any(x is node for x in n.inputs)]
    for pair in [(node, node), *[(c,) for c in consumers], *[(c, node) for c in consumers]]:
        cut = [n for n in order if n not in pair or n is node]
        yield lambda pair=pair, cut=cut: rebuilt(
            pair[0] if len(pair) == 1 else apply(ADD, *pair), cut=cut
        )


# The text.


def explain(root: Value, finding: Finding, headline: str = "") -> GradientMismatchError:
    """Return the error that reports a finding in a recorded graph."""
    small, found = minimal(root, finding)
    names = names_of(small)
    order = topological_order(small)
    gradient: dict[Value, float] = {}
    with spared(order), suppress(Exception):  # a rule that raises is what is being reported
        gradient = engine_gradients(small, order)
    edges = [edge for node in reversed(order) for edge in edges_of(node)]
    program = source(small, names)
    case = _Case(found, edges, names, gradient)
    parts = [
        headline or case.headline(),
        case.blame(),
        *program_excerpt(program),
        *case.table(),
        case.hint(),
        step_through(names[small]),
    ]
    if small is not root and (size := len(topological_order(root))) > len(order):
        parts.insert(1, f"Found in a graph of {size} nodes; the same in {len(order)}:")
    return GradientMismatchError(
        "\n".join([part for part in parts if part]), finding=found, source=program, root=small
    )


def program_excerpt(program: str) -> list[str]:
    """Return the lines of a program, indented; of a long one the first and the last."""
    return first_and_last([f"    {line}" for line in program.splitlines()], _LINES, "    ...")


def step_through(name: str) -> str:
    """Return how to step through the graph below a Value of this name."""
    return f"Step through it: {name}.debug() instead of {name}.backward()"


def mismatch_line(name: str, got: float, expected: float, error: float = 0.0) -> str:
    """Return the line that shows autograd's number beside the true one."""
    text = f"d/d{name}: autograd {got!r}, expected {expected!r}"
    if error:
        text += f" (±{error:.0e})"
    if expected and math.isfinite(got - expected):
        text += f", relative error {abs(got - expected) / abs(expected):.2g}"
    return text


class _Case(NamedTuple):
    """A finding in a graph, and what its report is written from."""

    finding: Finding
    edges: list[CheckedEdge]
    names: dict[Value, str]
    gradient: dict[Value, float]

    @property
    def op(self) -> str:
        """The operation in question."""
        op = self.finding.node.op
        return op.name if op is not None else "leaf"

    def headline(self) -> str:
        """Return what is wrong, in one line."""
        kind, node, _, got, expected, *_ = self.finding
        name = self.names[node]
        if kind == "forward":
            return f"{name}: {self.op} gives {got!r}, expected {expected!r}"
        if kind == "again":
            return f"d/d{name}: {got!r} after a second backward(), expected {expected!r}"
        if kind == "rule":
            return f"a local derivative of {self.op} is wrong"
        return mismatch_line(name, got, expected)

    def blame(self) -> str:
        """Return which operation is to blame, and at which operands."""
        kind, node, argument, got, expected, _, text = self.finding
        named = [(self.names[x], x.data) for x in node.inputs]
        at = ", ".join([f"{name} = {x!r}" if name.isidentifier() else name for name, x in named])
        if kind == "forward":
            return f"{self.op} at {at}: forward gives {got!r}  <- wrong number"
        if kind != "rule":
            return ""
        if text == "wrong rule":
            truth = f"derivative is {expected:.6g}"
            if math.isnan(expected):
                truth = "which is not between the slopes left and right"
            text = f"gives {got:.6g}, {truth}"
        return f"{self.op}, argument {argument}, at {at}: rule {text}  <- wrong rule"

    def contribution(self, edge: CheckedEdge) -> float:
        """Return what an edge should hand on."""
        return edge.local * self.gradient.get(edge.node, math.nan)

    def table(self) -> list[str]:
        """Return a line for each local derivative."""
        finding, names = self.finding, self.names
        shown = [e for e in self.edges if not e.node.inputs[e.argument].is_constant]
        rows = [("node", "argument", "local", "expected", "contribution", "")]
        for edge in shown[:_ROWS]:
            node, i = edge.node, edge.argument
            remark = f"<- {edge.verdict}" if edge.verdict else "at a kink" if edge.kink else ""
            rows.append(
                (
                    f"{names[node]} {'' if node.op is None else node.op.name}",
                    f"{i} ({names[node.inputs[i]]})",
                    f"{edge.local:.6g}",
                    "" if edge.expected is None else f"{edge.expected:.6g}",
                    f"{self.contribution(edge):.6g}",
                    remark,
                )
            )
        lines = [f"  {line}" for line in aligned(rows, "<<<<<<")]
        if len(shown) > _ROWS:
            lines.append(f"  ... and {len(shown) - _ROWS} more")
        if finding.kind == "sum":
            name = names[finding.node]
            lines.append(
                f"  contributions to {name} add up to {finding.expected:.6g}; "
                f"{name}.grad is {finding.got:.6g}"
            )
        return lines

    def hint(self) -> str:
        """Return the likely cause, or nothing."""
        kind, node = self.finding.kind, self.finding.node
        if kind == "rule" and self.finding.text == "wrong rule":
            return self._rule_hint()
        if kind == "sum":
            return self._sum_hint()
        if kind == "again":
            return "In a second pass a leaf accumulates, and a computed node starts anew."
        if kind == "forward":
            right = "The rule may be right: it is the operation's own number that is wrong."
            return stale(node) or right
        return ""

    def _rule_hint(self) -> str:
        _, node, argument, got, expected, *_ = self.finding
        own = [edge for edge in self.edges if edge.node is node]
        if next(edge.kink for edge in own if edge.argument == argument):
            return (
                f"These operands are exactly on a kink of {self.op}; the rule takes a slope that "
                "is not the convention, or not between the slopes left and right."
            )
        hints: list[str] = []
        if got == 0.0 != expected:
            hints.append("The rule gives 0: is a term missing?")
        elif _close(got, -expected):
            hints.append("The rule has the opposite sign.")
        else:
            for other in own:
                if other.expected and _close(got, other.expected):
                    hints.append(
                        f"The rule gives the derivative in argument {other.argument}: "
                        "are the arguments swapped?"
                    )
            ratio = expected / got if got else math.nan
            for factor in (2.0, 3.0, 0.5):
                if _close(got, factor * expected):
                    hints.append(f"The rule gives {factor:g} times the derivative.")
            numbers = [*[(self.names[x], x.data) for x in node.inputs], ("the output", node.data)]
            for name, x in numbers:
                if x not in (0.0, 1.0) and _close(ratio, x):
                    hints.append(f"A factor is missing: derivative / rule is {name}, {x:.6g}.")
                elif x not in (0.0, 1.0) and _close(ratio * x, 1.0):
                    hints.append(f"A factor too many: rule / derivative is {name}, {x:.6g}.")
        if not hints:
            hints.append(f"The rule is off by {got - expected:.6g}: is a term missing or too many?")
        return " ".join([*hints[:2], f"See the partials of {self.op}."])

    def _sum_hint(self) -> str:
        _, node, _, got, expected, *_ = self.finding
        into = [e for e in self.edges if e.node.inputs[e.argument] is node]
        parts = [self.contribution(edge) for edge in into]
        if len(parts) > 1 and any(_close(got, part) for part in parts):
            return (
                "Every rule is right and the sum is not: is a gradient overwritten (`=`) where it "
                "should be added to (`+=`)?"
            )
        missing = [part for part in parts if _close(got, expected - part)]
        if missing:
            return f"Every rule is right, but the contribution {missing[0]:.6g} was left out."
        return (
            "Every rule is right and the sum is not: does the backward pass visit a node before "
            "all nodes that use it?"
        )


def _close(a: float, b: float) -> bool:
    return math.isfinite(a - b) and abs(a - b) <= 1e-9 * max(abs(a), abs(b), 1e-300)

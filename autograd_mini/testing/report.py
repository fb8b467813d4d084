"""The report of a wrong gradient: numbers, a runnable program, a table, the likely cause."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from autograd_mini.backprop import spared
from autograd_mini.graph import stale, topological_order
from autograd_mini.ops import ADD
from autograd_mini.testing.inspection import CheckedEdge, Finding, Pass, edges_of, first_wrong
from autograd_mini.testing.source import names_of, source
from autograd_mini.testing.verdicts import EngineReport
from autograd_mini.value import ZERO, Value, apply

_ROWS: Final = 12  # of the node table
_LINES: Final = 40  # of the program
_SMALL: Final = 60  # nodes; above it the program is not shrunk node by node


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
        report: What else was checked, where it is about somebody else's gradients.

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
        finding: Finding | None = None,
        source: str = "",
        root: Value | None = None,
    ) -> None:
        super().__init__(message)
        blamed = finding is not None and finding.kind in ("forward", "rule")
        op = finding.node.op if finding is not None and blamed else None
        self.kind = finding.kind if finding is not None else "repeat"
        self.op = op.name if op is not None else ""
        self.argument = finding.argument if finding is not None else 0
        self.got = finding.got if finding is not None else math.nan
        self.expected = finding.expected if finding is not None else math.nan
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
    leaves = set(cut)
    copies: dict[Value, Value] = {}
    stack = [root]
    while stack:  # only what is reachable without passing through `cut`
        node = stack[-1]
        inputs = () if node in leaves else node.inputs
        missing = [x for x in inputs if x not in copies]
        if node in copies or not missing:
            stack.pop()
            if node not in copies:
                copies[node] = _copy(node, [copies[x] for x in inputs])
        else:
            stack.extend(missing)
    return copies[root]


def _copy(node: Value, inputs: list[Value]) -> Value:
    if not inputs or node.op is None:
        copy = Value(node.data, node.label)
        copy._source = node._source if node.is_constant else None  # pyright: ignore[reportPrivateUsage] # a constant stays one
        return copy
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
        except Exception:  # a broken operation may do anything; then this graph is no help
            return False
        if now is None or now.kind != finding.kind:
            return False
        if finding.kind in ("forward", "rule") and now.node.op is not finding.node.op:
            return False
        best, found = smaller, now
        return True

    node = finding.node
    if finding.kind in ("forward", "rule"):
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
    with spared(order):
        done = _engine_pass(small, order)
    edges = [edge for node in reversed(order) for edge in edges_of(node)]
    program = source(small, names=names)
    lines = program.split("\n")
    if len(lines) > _LINES:
        lines = [*lines[: _LINES // 2], "...", *lines[-_LINES // 2 :]]
    parts = [
        headline or _headline(found, names),
        _blame(found, names),
        *[f"    {line}" for line in lines],
        *_table(found, edges, names, done),
        *_hints(found, edges, names, done),
        f"Step through it: {names[small]}.debug() in the place of {names[small]}.backward()",
    ]
    if small is not root and (size := len(topological_order(root))) > len(order):
        parts.insert(1, f"Found in a graph of {size} nodes; the same in {len(order)}:")
    return GradientMismatchError(
        "\n".join([part for part in parts if part]), finding=found, source=program, root=small
    )


def _engine_pass(root: Value, order: list[Value]) -> Pass | None:
    """Return what the engine's pass gives, where it gives anything."""
    try:
        for node in order:
            node.grad = ZERO
        root.backward()
    except Exception:  # a rule that raises is what is being reported
        return None
    return Pass({node: float(node.grad) for node in order}, {})


def _headline(finding: Finding, names: dict[Value, str]) -> str:
    name = names[finding.node]
    if finding.kind == "forward":
        return f"{name}: {_op(finding)} gives {finding.got!r}, expected {finding.expected!r}"
    if finding.kind == "again":
        return (
            f"d/d{name}: {finding.got!r} after a second backward(), expected {finding.expected!r}"
        )
    if finding.kind == "rule":
        return f"a local derivative of {_op(finding)} is wrong"
    return mismatch(name, finding.got, finding.expected)


def mismatch(name: str, got: float, expected: float, error: float = 0.0) -> str:
    """Return the line that shows autograd's number beside the true one."""
    text = f"d/d{name}: autograd {got!r}, expected {expected!r}"
    if error:
        text += f" (±{error:.0e})"
    if expected and math.isfinite(got - expected):
        text += f", relative error {abs(got - expected) / abs(expected):.2g}"
    return text


def _op(finding: Finding) -> str:
    return finding.node.op.name if finding.node.op is not None else "leaf"


def _blame(finding: Finding, names: dict[Value, str]) -> str:
    node = finding.node
    at = ", ".join(
        f"{names[x]} = {x.data!r}" if names[x].isidentifier() else names[x] for x in node.inputs
    )
    if finding.kind == "forward":
        return f"{_op(finding)} at {at}: forward gives {finding.got!r}  <- wrong number"
    if finding.kind == "rule":
        where = f"{_op(finding)}, argument {finding.argument}, at {at}: rule "
        if finding.text != "wrong rule":
            return f"{where}{finding.text}  <- wrong rule"
        truth = (
            "which is not between the slopes left and right"
            if math.isnan(finding.expected)
            else f"derivative is {finding.expected:.6g}"
        )
        return f"{where}gives {finding.got:.6g}, {truth}  <- wrong rule"
    return ""


def _table(
    finding: Finding, edges: list[CheckedEdge], names: dict[Value, str], done: Pass | None
) -> list[str]:
    shown = [e for e in edges if not e.node.inputs[e.argument].is_constant]
    rows = [("node", "argument", "local", "expected", "contribution", "")]
    for edge in shown[:_ROWS]:
        node, i = edge.node, edge.argument
        name = node.op.name if node.op is not None else ""
        contribution = math.nan if done is None else edge.local * done.gradient[node]
        remark = ""
        if edge.verdict:
            remark = f"<- {edge.verdict}"
        elif edge.kink:
            remark = "at a kink"
        rows.append(
            (
                f"{names[node]} {name}",
                f"{i} ({names[node.inputs[i]]})",
                f"{edge.local:.6g}",
                "" if edge.expected is None else f"{edge.expected:.6g}",
                f"{contribution:.6g}",
                remark,
            )
        )
    widths = [max(len(row[k]) for row in rows) for k in range(5)]
    lines = [
        "  "
        + "  ".join([f"{cell:{w}}" for cell, w in zip(row, [*widths, 0], strict=True)]).rstrip()
        for row in rows
    ]
    if len(shown) > _ROWS:
        lines.append(f"  ... and {len(shown) - _ROWS} more")
    if finding.kind == "sum":
        name = names[finding.node]
        lines.append(
            f"  contributions to {name} add up to {finding.expected:.6g}; "
            f"{name}.grad is {finding.got:.6g}"
        )
    return lines


def _hints(
    finding: Finding, edges: list[CheckedEdge], names: dict[Value, str], done: Pass | None
) -> list[str]:
    if finding.kind == "rule" and finding.text == "wrong rule":
        return _rule_hints(finding, edges, names)
    if finding.kind == "sum":
        return _sum_hints(finding, edges, done)
    if finding.kind == "again":
        return ["In a second pass a leaf accumulates, and a computed node starts anew."]
    if finding.kind == "forward":
        said = stale(finding.node)
        return [said or "The rule may be right: it is the operation's own number that is wrong."]
    return []


def _rule_hints(finding: Finding, edges: list[CheckedEdge], names: dict[Value, str]) -> list[str]:
    node, got, expected = finding.node, finding.got, finding.expected
    edge = next(e for e in edges if e.node is node and e.argument == finding.argument)
    if edge.kink:
        return [
            f"These operands are exactly on a kink of {_op(finding)}; the rule takes a slope that "
            "is not the convention, or not between the slopes left and right."
        ]
    hints: list[str] = []
    if got == 0.0 != expected:
        hints.append("The rule gives 0: is a term missing?")
    elif _close(got, -expected):
        hints.append("The rule has the opposite sign.")
    else:
        for other in edges:
            if other.node is node and other.expected and _close(got, other.expected):
                hints.append(
                    f"The rule gives the derivative in argument {other.argument}: "
                    "are the arguments swapped?"
                )
        ratio = expected / got if got else math.nan
        for factor in (2.0, 3.0, 0.5):
            if _close(got, factor * expected):
                hints.append(f"The rule gives {factor:g} times the derivative.")
        candidates = [(names[x], x.data) for x in node.inputs] + [("the output", node.data)]
        for name, number in candidates:
            if number not in (0.0, 1.0) and _close(ratio, number):
                hints.append(f"A factor is missing: derivative / rule is {name}, {number:.6g}.")
            elif number not in (0.0, 1.0) and _close(ratio * number, 1.0):
                hints.append(f"A factor too many: rule / derivative is {name}, {number:.6g}.")
    if not hints:
        hints.append(f"The rule is off by {got - expected:.6g}: is a term missing or too many?")
    return [" ".join(hints[:2]) + f" See the partials of {_op(finding)}."]


def _sum_hints(finding: Finding, edges: list[CheckedEdge], done: Pass | None) -> list[str]:
    parts = [
        e.local * done.gradient[e.node]
        for e in edges
        if done is not None and e.node.inputs[e.argument] is finding.node
    ]
    if len(parts) > 1 and any(_close(finding.got, part) for part in parts):
        return [
            "Every rule is right and the sum is not: is a gradient overwritten (`=`) where it "
            "should be added to (`+=`)?"
        ]
    missing = [p for p in parts if _close(finding.got, finding.expected - p)]
    if missing:
        return [f"Every rule is right, but the contribution {missing[0]:.6g} was left out."]
    return [
        "Every rule is right and the sum is not: does the backward pass visit a node before all "
        "nodes that use it?"
    ]


def _close(a: float, b: float) -> bool:
    return math.isfinite(a - b) and abs(a - b) <= 1e-9 * max(abs(a), abs(b), 1e-300)

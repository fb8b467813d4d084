"""What can be wrong with a recorded graph: each operation, each rule, each sum, by itself.

A comparison that fails names its cause, because it looks at one operation at a time; and
rounding raises no false alarm, because the numbers compared have a hundred digits where floats
would cancel.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from autograd_mini.backprop import edges, spared
from autograd_mini.graph import gradient_order, topological_order
from autograd_mini.ops import UNDEFINED, Op
from autograd_mini.testing import numbers
from autograd_mini.testing.differences import EPSILON, judge
from autograd_mini.testing.numbers import Mpf, Opaque, Precise, evaluate, precision
from autograd_mini.testing.reference import Slope, local_slopes
from autograd_mini.value import ZERO, Value

_FORWARD: Final = 1e-13  # relative to the conditioning of the operation
_RULE: Final = 1e-9
_SQUARED_STEP: Final = 1e-60  # the error of a derivative at 0, with room
_SUM: Final = 1e-12  # relative to the sum of the absolute contributions


class CheckedEdge(NamedTuple):
    """One argument of one operation.

    Attributes:
        node: The result.
        argument: Which of its operands.
        local: What the rule gives in floats.
        expected: What it should give, if that is known.
        verdict: "" if the two agree; else what is wrong with the rule.
        kink: Whether the operands lie exactly on a kink.
    """

    node: Value
    argument: int
    local: float
    expected: float | None
    verdict: str = ""
    kink: bool = False


class Finding(NamedTuple):
    """Something that is wrong.

    Attributes:
        kind: "forward", "rule", "sum", "again" (in a recorded graph), or "rerun",
            "repeat", "input" (in the function that made it).
        node: Where: the operation, or the node whose gradient is a wrong sum.
        argument: The operand of a wrong rule.
        got: The number found.
        expected: The number that should be there.
        error: How far `expected` may be from the truth.
        text: What happened, in words, where numbers do not say it.
    """

    kind: str
    node: Value
    argument: int
    got: float
    expected: float
    error: float = 0.0
    text: str = ""


class Pass(NamedTuple):
    """What a backward pass left in the graph.

    Attributes:
        gradient: Each node's gradient.
        contributions: The contributions that each node should have received.
    """

    gradient: dict[Value, float]
    contributions: dict[Value, list[float]]

    def size(self, node: Value) -> float:
        """Return S, the sum of the absolute contributions to a node."""
        return sum(map(abs, self.contributions[node]))


def first_wrong(root: Value) -> Finding | None:
    """Return the first thing that is wrong with a recorded graph, or None.

    First each operation's number is compared with mpmath, then, from the root down, each rule
    with a derivative that does not come from it, then each gradient with the sum of the
    contributions, then a second pass with the first.
    """
    order = topological_order(root)
    for node in order:
        if (finding := _wrong_forward(node)) is not None:
            return finding
    for node in reversed(order):
        for edge in edges_of(node):
            if edge.verdict:
                expected = math.nan if edge.expected is None else edge.expected
                return Finding("rule", node, edge.argument, edge.local, expected, text=edge.verdict)
    return backward_twice(root)[1]


def _wrong_forward(node: Value) -> Finding | None:
    op = node.op
    floats = [x.data for x in node.inputs]
    if op is None or not numbers.available() or not all(map(math.isfinite, [node.data, *floats])):
        return None
    if "-0.0" in map(repr, floats):
        return None  # mpmath has no -0, for which atan2 has values of its own
    ctx = numbers.context()
    operands = [ctx.mpf(x) for x in floats]
    with precision(operands):
        try:
            exact = evaluate(op, operands)
        except Opaque:
            return None
        except UNDEFINED:
            return Finding("forward", node, 0, node.data, math.nan)
        error = abs(exact - node.data)
        if error <= _FORWARD * abs(exact) + 1e-307:
            return None
        slopes = local_slopes(op, operands, [True] * len(operands))
        size = abs(exact)
        for x, slope in zip(operands, slopes, strict=True):
            if slope is not None and slope.value is not None and ctx.isfinite(slope.value):
                size += abs(x * slope.value)
        if error <= _FORWARD * size:
            return None
    return Finding("forward", node, 0, node.data, float(exact))


def edges_of(node: Value) -> list[CheckedEdge]:
    """Return each argument of a node with its local derivative and the true one."""
    op = node.op
    if op is None:
        return []
    floats = [x.data for x in node.inputs]
    try:
        locals_ = [float(x) for x in op.local(node.data, *floats)]
    except Exception as error:  # whatever a rule raises is the rule's fault
        verdict = f"raises {type(error).__name__}: {error}"
        return [CheckedEdge(node, 0, math.nan, None, verdict)]
    if len(locals_) != len(floats):
        verdict = f"gives {len(locals_)} partials for {len(floats)} operands"
        return [CheckedEdge(node, 0, math.nan, None, verdict)]
    wanted = [i for i, x in enumerate(node.inputs) if not x.is_constant]
    unknown = [CheckedEdge(node, i, locals_[i], None) for i in wanted]
    if not all(map(math.isfinite, (node.data, *floats))):
        return unknown
    try:
        return _precise_edges(node, op, floats, locals_)
    except (ImportError, Opaque):
        return [_differenced(node, op, i, floats, locals_[i]) for i in wanted]
    except UNDEFINED:  # the operation itself is wrong, and was found to be
        return unknown


def _precise_edges(
    node: Value, op: Op, floats: list[float], locals_: list[float]
) -> list[CheckedEdge]:
    ctx = numbers.context()
    operands = [ctx.mpf(x) for x in floats]
    with precision(operands):
        f = evaluate(op, operands)
        slopes = local_slopes(op, operands, [not x.is_constant for x in node.inputs])
        try:
            exact = op.local(Precise(f), *[Precise(x) for x in operands])
            rule = [Precise.unwrap(x) for x in exact]
        except (TypeError, AttributeError, *UNDEFINED):
            rule = [ctx.mpf(x) for x in locals_]  # a rule that computes with floats only
        edges: list[CheckedEdge] = []
        for i, slope in enumerate(slopes):
            if slope is None:
                continue
            expected = None if slope.value is None else float(slope.value)
            edge = CheckedEdge(node, i, locals_[i], expected, "", not slope.smooth)
            size = abs(f / operands[i]) if operands[i] and slope.smooth else 0
            if not _agree(rule[i], slope, size) or not _agree_in_floats(locals_[i], rule[i], slope):
                edge = edge._replace(verdict="wrong rule")
            edges.append(edge)
        return edges


def _agree(rule: Mpf, slope: Slope, size: Mpf) -> bool:
    ctx = numbers.context()
    if slope.value is not None:
        if not ctx.isfinite(slope.value):
            return rule == slope.value
        slack = _RULE * max(abs(rule), abs(slope.value)) + 1e-15 * size + _SQUARED_STEP
        return abs(rule - slope.value) <= slack
    if slope.left is None and slope.right is None:
        return True  # no neighbor to compare with: the exponent of a negative base
    low, high = slope.bounds
    slack = _RULE * (1 + abs(rule))
    return low - slack <= rule <= high + slack


def _agree_in_floats(local: float, rule: Mpf, slope: Slope) -> bool:
    """Return whether floats lost no more than rounding: 1 - f² at f = tanh(26) may be 0."""
    ctx = numbers.context()
    if slope.value is None or not ctx.isfinite(rule) or abs(rule) > 1e290:
        return True
    return abs(local - float(rule)) <= 1e-6 * max(1.0, abs(float(rule)))


def _differenced(node: Value, op: Op, i: int, floats: list[float], local: float) -> CheckedEdge:
    """Compare a rule with differences of the row's own forward, in floats."""
    x = floats[i]

    def along(t: float) -> float:
        return float(op.forward(*floats[:i], x + t, *floats[i + 1 :]))

    found = judge(along, local, size=abs(x) or 1.0, noise=EPSILON * abs(x * local))
    kink = found.kink or op.at_kink(*floats)
    return CheckedEdge(node, i, local, found.expected, "" if found.fits else "wrong rule", kink)


def engine_gradients(root: Value, order: Sequence[Value]) -> dict[Value, float]:
    """Run the engine's backward pass and return the gradient that it leaves in each node."""
    for node in order:
        node.grad = ZERO
    root.backward()
    return {node: float(node.grad) for node in order}


def backward_twice(root: Value) -> tuple[Pass, Finding | None]:
    """Run the engine's backward pass twice and add up the contributions ourselves."""
    order = topological_order(root)
    with spared(order):
        gradient = engine_gradients(root, order)
        contributions: dict[Value, list[float]] = {node: [] for node in order}
        contributions[root].append(1.0)
        for node, _, x, local in edges(gradient_order(root)):
            contributions[x].append(float(local) * gradient[node])
        done = Pass(gradient, contributions)
        for node in reversed(order):
            if (finding := _wrong_sum(node, done)) is not None:
                return done, finding
        root.backward()
        for node in order:
            first, again = gradient[node], float(node.grad)
            twice = 2.0 * first if node.is_leaf else first
            if not node.is_constant and math.isfinite(twice) and again != twice:
                return done, Finding("again", node, 0, again, twice)
    return done, None


def _wrong_sum(node: Value, done: Pass) -> Finding | None:
    parts = done.contributions[node]
    if node.is_constant or not all(map(math.isfinite, parts)):
        return None
    try:
        expected = math.fsum(parts)
    except OverflowError:
        return None
    got = done.gradient[node]
    if abs(got - expected) <= _SUM * done.size(node) + 1e-307:
        return None
    return Finding("sum", node, 0, got, expected)

"""Where a gradient comes from: the paths that carry it, the strongest first, and what bends them.

`paths` gives the data and `why` the words; `Trace.why` and the debugger's `why` show them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from autograd_mini.graph.names import nodes_called
from autograd_mini.guesses import did_you_mean
from autograd_mini.value import Value
from autograd_mini.words import first_and_last

if TYPE_CHECKING:
    from autograd_mini.steps import Step, Trace

_MOST_PATHS: Final = 3
_MOST_NAMES: Final = 12
_MOST_REMARKS: Final = 4
_WEAK: Final = 1e-3
_STRONG: Final = 1e3
_few: Final = partial(first_and_last, most=_MOST_NAMES, gap="…")
_CHOOSING: Final = ("where", "clip", "maximum", "minimum", "take")
_SATURATING: Final = ("tanh", "sigmoid", "erf", "softplus")


class Path(NamedTuple):
    """One path along which a gradient comes: its steps from the root on, and their product."""

    steps: list[Step]
    product: float

    @property
    def contribution(self) -> float:
        """What its last step hands on: more than the product if other paths join on the way."""
        return self.steps[-1].contribution


def paths(trace: Trace, node: Value) -> list[Path]:
    """Return the strongest paths from the root to a node, one for each of its strongest steps."""
    strongest: dict[Value, Step] = {}
    into: list[Step] = []
    for step in trace:
        if step.parent is node:
            into.append(step)
        known = strongest.get(step.parent)
        if known is None or magnitude(step.contribution) > magnitude(known.contribution):
            strongest[step.parent] = step
    into.sort(key=lambda step: magnitude(step.contribution), reverse=True)
    result: list[Path] = []
    for last in into[:_MOST_PATHS]:
        steps = [last]
        while steps[-1].node is not trace.root:
            steps.append(strongest[steps[-1].node])
        product = trace.seed
        for step in reversed(steps):
            product *= step.local
        result.append(Path(steps[::-1], product))
    return result


def remark(trace: Trace, step: Step) -> str:
    """Return what is remarkable about the factor of a step, or nothing."""
    node, local, size = step.node, step.local, abs(step.local)
    kind = node.op.name if node.op else ""
    name, z = trace.name(node), node.inputs[0].data
    if math.isnan(local):
        return f"{name} = {kind} has no slope here: nan"
    if math.isinf(local):
        return f"the slope of {name} = {kind} is infinite here"
    if size > _STRONG:
        return f"{name} = {kind} makes it {size:.3g} times larger"
    if size > _WEAK:
        return ""
    if kind == "relu" and local == 0:
        return f"the relu {name} is switched off: its input is {z:.3g}"
    if kind in _SATURATING:
        return f"the {kind} {name} is saturated: at {z:.3g} its slope is {local:.3g}"
    if local == 0 and kind in _CHOOSING:
        return f"{name} = {kind} takes another number"
    if local == 0:
        zero = [x for i, x in enumerate(node.inputs) if i != step.argument and x.data == 0]
        zero += node.inputs[:1] if kind == "pow" and z == 0 else ()
        because = ""
        if kind in ("mul", "product", "pow") and zero:
            other = "a number beside it" if zero[0].is_constant else trace.name(zero[0])
            because = f": {other} is 0"
        return f"the factor at {name} = {kind} is 0{because}"
    return f"{name} = {kind} makes it small: its slope is {local:.3g}"


def why(trace: Trace, node: Value) -> Iterator[str]:
    """Yield the answer as lines of text; each path is one, its remarks below it."""
    name = trace.name(node)
    if node is trace.root:
        yield f"{name}.grad = {trace.seed:.6g}: it is the seed, where the backward pass starts."
        return
    received = [step for step in trace if step.parent is node]
    if not received:
        constant, condition = "an operator wrapped it", "it decides conditions alone"
        yield f"{name} receives nothing: {constant if node.is_constant else condition}."
        return
    strongest, count, gradient = paths(trace, node), len(received), received[-1].after
    more = f"; the strongest {len(strongest)}:" if count > len(strongest) else ":"
    over = ", along one edge." if count == 1 else f", the sum over {count} edges{more}"
    yield f"{name}.grad = {gradient:.6g}{over}"
    for path in strongest:
        yield from _told(trace, path)
    largest = magnitude(strongest[0].contribution)
    if count > 1 and math.isnan(gradient) and not math.isnan(strongest[0].contribution):
        yield "  ! inf and -inf meet in the sum: it is nan"
    elif count > 1 and abs(gradient) <= 1e-9 * largest and largest > 0 and math.isfinite(largest):
        yield "  ! the edges cancel"


def _told(trace: Trace, path: Path) -> Iterator[str]:
    nodes = [path.steps[0].node, *[step.parent for step in path.steps]]
    way = " → ".join(_few([trace.name(x) for x in nodes]))
    factors = " · ".join(_few([f"{step.local:.6g}" for step in path.steps]))
    seed = "" if trace.seed == 1 else f"{trace.seed:.6g} · "
    same = path.product == path.contribution or path.product != path.product
    total = "" if same else f" of {path.contribution:.6g}"  # several paths meet on the way
    yield f"{way}: {seed}{factors} = {path.product:.6g}{total}"
    remarkable = [step for step in path.steps if remark(trace, step)]
    chosen = sorted(remarkable, key=_extremity, reverse=True)[:_MOST_REMARKS]
    for step in sorted(chosen, key=lambda step: step.index):
        yield f"  ! {remark(trace, step)}"
    if len(remarkable) > _MOST_REMARKS:
        yield f"  ! and {len(remarkable) - _MOST_REMARKS} more"
    if not remarkable and not _WEAK < abs(trace.seed) < _STRONG:
        yield f"  ! the seed is {trace.seed:.3g}"
    elif not remarkable and not _WEAK < abs(path.product) < _STRONG:
        yield f"  ! no factor alone does it: {len(path.steps)} of them multiply"


def node_of(trace: Trace, value: object) -> Value:
    """Return the node that a Value, a label or an id such as `n7` means.

    Raises:
        ValueError: If it is not in the graph, or several nodes have the label.
        TypeError: If it is neither a Value nor a text.
    """
    if isinstance(value, Value):
        if not any(node is value for node in trace.nodes):
            raise ValueError(f"{value!r} is not in the graph of {trace.name(trace.root)}")
        return value
    if not isinstance(value, str):
        raise TypeError(
            f"a node is given as a Value, a label or an id such as n0, but got {value!r}"
        )
    nodes = nodes_called(trace.nodes, value)
    if len(nodes) > 1:
        ids = ", ".join(_few([trace.id(node) for node in nodes]))
        raise ValueError(
            f"{len(nodes)} nodes are called {value!r}: give the Value, or one of {ids}"
        )
    if not nodes:
        near = did_you_mean(value, {n.label for n in trace.nodes if n.label})
        advice = near or ": give a Value, a label or an id such as n0"
        raise ValueError(f"no node is called {value!r}{advice}")
    return nodes[0]


def magnitude(x: float) -> float:
    """Return |x|, infinite for nan: the worst is the largest."""
    return math.inf if math.isnan(x) else abs(x)


def _extremity(step: Step) -> float:
    size = magnitude(step.local)
    return abs(math.log(size)) if 0 < size < math.inf else math.inf

"""check_gradients: is the gradient of this function right, and if not, whose fault is it?"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeAlias, cast

from autograd_mini import contexts
from autograd_mini.backprop import adjoints, edges
from autograd_mini.calls import argument_names
from autograd_mini.errors import described
from autograd_mini.graph import gradient_order, topological_order
from autograd_mini.nested import elements, flat, is_nested, mapped
from autograd_mini.ops import UNDEFINED
from autograd_mini.testing import numbers
from autograd_mini.testing.differences import EPSILON, Judgment, judge, same_numbers
from autograd_mini.testing.inspection import Finding, Pass, backward_twice, first_wrong
from autograd_mini.testing.numbers import Opaque
from autograd_mini.testing.reference import Replay, replay_precisely
from autograd_mini.testing.report import (
    GradientMismatchError,
    explain,
    mismatch_line,
    program_excerpt,
    step_through,
)
from autograd_mini.testing.source import letters, names_of, source
from autograd_mini.value import Scalar, Value
from autograd_mini.words import counted

Build: TypeAlias = Callable[[], Scalar]

_ONE_BY_ONE: Final = 16  # more leaves than this are moved together, in one direction
_ALL_ZERO: Final = "all gradients are 0, and all zero proves nothing: check at another point too"
_REPLAY: Final = 1e-9  # relative to S, the sum of the absolute contributions


class Report(NamedTuple):
    """What a passed check has looked at.

    Attributes:
        nodes: How many operations.
        edges: How many local derivatives.
        leaves: How many gradients.
        notes: What is worth knowing: digits lost to cancellation, kinks, opaque primitives.
        operations: The names of the operations.

    Example:
        >>> report = check_gradients(lambda x: x * x, 3.0)
        >>> print(report)
        ok: 1 gradient, 1 operation, 2 local derivatives
        >>> report.leaves, report.notes, report.operations
        (1, (), ('mul',))
    """

    nodes: int
    edges: int
    leaves: int
    notes: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()

    def __str__(self) -> str:
        counts = (
            f"ok: {counted(self.leaves, 'gradient')}, {counted(self.nodes, 'operation')}, "
            f"{counted(self.edges, 'local derivative')}"
        )
        return "\n".join([counts, *self.notes])


def check_gradients(f: Callable[..., object], *inputs: object, order: int = 1) -> Report:
    """Check the derivatives of a function at one point: every input, every node, every rule.

    Each operation's number and each local derivative are compared with mpmath's at a hundred
    digits; each gradient with the sum of its contributions; a second pass with the first; and
    the whole with differences of the function itself, called again nearby. At a kink the slope
    must be the documented one, or, for your own operations, between the slopes left and right.

    Args:
        f: A function of numbers or nested lists of numbers that returns a Value, or a list of
            them. Leaves that it closes over, such as a model's parameters, are checked as well.
        inputs: The point. Numbers become Values; Values are used as they are.
        order: 2 checks the gradient's gradient too, and so on.

    Returns:
        What was checked, with notes.

    Raises:
        GradientMismatchError: With the report: autograd against the truth, a runnable program,
            the local derivatives, the wrong rule, the likely cause.
        TypeError: If `f` returns something else than Values and numbers.
        ValueError: If `order` is not a whole number from 1 on.

    Example:
        >>> print(check_gradients(lambda x, y: (x * y).tanh() + x, 0.3, -2.0))
        ok: 2 gradients, 3 operations, 5 local derivatives
    """
    if not hasattr(order, "__index__") or order < 1:
        raise ValueError(f"order is 1 for gradients, 2 for their gradients, but got {order!r}")
    reports: list[Report] = []
    with contexts.recording():
        given = _Arguments(f, inputs)
        outputs = given.call()
        for i in range(len(outputs)):
            build: Build = functools.partial(given.output, i)
            leaves = [*dict.fromkeys([*given.values, *_leaves_below(outputs[i])])]
            for nth in range(order):
                reports.append(_check_one(build, leaves, nth == 0))
                build = functools.partial(_slope_along, build, leaves)
    return Report(
        sum(r.nodes for r in reports),
        sum(r.edges for r in reports),
        max((r.leaves for r in reports), default=0),
        tuple(dict.fromkeys(note for r in reports for note in r.notes)),
        tuple(dict.fromkeys(name for r in reports for name in r.operations)),
    )


# The function and the point.


class _Arguments:
    """A function and the Values that it is called with."""

    def __init__(self, f: Callable[..., object], inputs: Sequence[object]) -> None:
        self.f = f
        self.values: list[Value] = []
        names = argument_names(f, len(inputs), letters())
        self.structure = [self._wrap(x, name) for x, name in zip(inputs, names, strict=True)]

    def _wrap(self, x: object, name: str) -> object:
        if is_nested(x):
            return [self._wrap(element, f"{name}_{i}") for i, element in enumerate(elements(x))]
        value = x if isinstance(x, Value) else Value(cast(float, x), name)
        self.values.append(value)
        return value

    def call(self) -> list[Scalar]:
        """Call the function twice and return its outputs, if both answers are the same."""
        before = [(x, x.data) for x in self.values]
        first = self.once()
        self._must_be_unchanged(before, first)
        below = {n: n.data for y in first for n in _leaves_below(y)}
        second = self.once()
        self._must_be_unchanged([*before, *below.items()], first)
        a, b = ([float(y) for y in outputs] for outputs in (first, second))
        if not same_numbers(a, b):
            answers = [repr(xs[0] if len(xs) == 1 else xs) for xs in (a, b)]
            raise GradientMismatchError(
                f"two calls, two answers: {', then '.join(answers)}\n"
                "The function draws random numbers or keeps a state: seed it inside, or pass what "
                "changes as an argument.",
            )
        return first

    def once(self) -> list[Scalar]:
        """Call the function and return its outputs as a flat list."""
        outputs = flat(self.f(*mapped(lambda x: x, self.structure)))
        for y in outputs:
            if not isinstance(y, (Value, int, float)):
                raise TypeError(f"a Value or a list of Values is needed, but f returned {y!r}")
        return outputs

    def output(self, i: int) -> Scalar:
        """Call the function and return one of its outputs."""
        return self.once()[i]

    def _must_be_unchanged(
        self, before: Sequence[tuple[Value, float]], outputs: Sequence[Scalar]
    ) -> None:
        for x, data in before:
            if not same_numbers([x.data], [data]):
                graphs = [names_of(y) for y in outputs if isinstance(y, Value)]
                names = {node: name for graph in graphs for node, name in graph.items()}
                name = x.label or names.get(x, "an input")
                raise GradientMismatchError(
                    f"the function changes {name}: it was {data!r} and is {x.data!r} afterwards",
                    finding=Finding("input", x, 0, x.data, data),
                )


def _leaves_below(output: Scalar) -> list[Value]:
    """Return the leaves below an output that are no constants."""
    order = topological_order(output) if isinstance(output, Value) else ()
    return [n for n in order if n.is_leaf and not n.is_constant]


def _slope_along(build: Build, leaves: list[Value]) -> Scalar:
    """Return the derivative of `build` along a fixed direction: a function to check in turn."""
    root = build()
    if not isinstance(root, Value):
        return 0.0
    found = adjoints(root, create_graph=True)
    weights = _direction(len(leaves))
    return sum([w * found[x] for w, x in zip(weights, leaves, strict=True) if x in found])


def _direction(count: int) -> list[float]:
    """Return fixed weights, the first 1, all different: no symmetry hides an error."""
    return [1.0 + (i * 0.6180339887498949) % 1.0 for i in range(count)]


# One output.


class _Output(NamedTuple):
    """An output of the function: how to compute it anew, and its graph.

    A plain number is a graph of one leaf, which no gradient comes to.
    """

    build: Build
    root: Value

    def moved(self, leaves: list[Value], direction: list[float]) -> Callable[[float], float]:
        """Return the output as a function of a step t, by which the leaves are moved."""

        def along(t: float) -> float:
            before = [x.data for x in leaves]
            y: Scalar | None = None
            try:
                for x, data, weight in zip(leaves, before, direction, strict=True):
                    x.data = data + t * weight
                y = self.build()
                if y is self.root:  # the function only hands it out
                    self.root.recompute()
                return float(y)
            finally:
                for x, data in zip(leaves, before, strict=True):
                    x.data = data
                if y is self.root:
                    self.root.recompute()

        return along


def _check_one(build: Build, leaves: list[Value], first: bool) -> Report:
    y = build()
    root = y if isinstance(y, Value) else Value(y)
    order = topological_order(root)
    exact = _replayed(root, exact=True)
    finding = first_wrong(root)
    if finding is not None:
        raise explain(root, finding, _worst_leaf(root, leaves, finding, exact))
    done, _ = backward_twice(root)
    notes = _notes(root, leaves, done, exact)
    at_kinks = _replayed(root, exact=False)
    notes += _check_again(_Output(build, root), leaves, done, at_kinks)
    if first and leaves and not any(done.gradient.get(x, 0.0) for x in leaves):
        notes.append(_ALL_ZERO)
    edges = sum(1 for node in order for x in node.inputs if not x.is_constant)
    rows = [node.op.name for node in order if node.op is not None]
    return Report(len(rows), edges, len(leaves), tuple(notes), tuple(rows))


def _replayed(root: Value, *, exact: bool) -> Replay | None:
    if not numbers.available():
        return None
    try:
        return replay_precisely(root, exact=exact)
    except (Opaque, *UNDEFINED):
        return None


def _worst_leaf(root: Value, leaves: list[Value], finding: Finding, exact: Replay | None) -> str:
    """Return the line about the leaf whose gradient is furthest off, if that is known."""
    if exact is None or finding.kind not in ("rule", "sum"):
        return ""
    try:
        done, _ = backward_twice(root)
    except Exception:  # a rule raises, which the report says in its own line
        return ""
    names = names_of(root)
    worst, line = 0.0, ""
    for x in leaves:
        if x in exact.gradient:
            got, expected = done.gradient[x], float(exact.gradient[x])
            off = abs(got - expected) / (abs(expected) or 1.0)
            if off > max(worst, _REPLAY) or math.isnan(off):
                worst, line = off, mismatch_line(names[x], got, expected)
    return line


def _notes(root: Value, leaves: list[Value], done: Pass, exact: Replay | None) -> list[str]:
    if exact is None:
        if not numbers.available():
            return ["checked by differences: more needs pip install 'autograd_mini[check]'"]
        return ["a primitive computes with floats only: checked by differences"]
    notes: list[str] = []
    names = names_of(root)
    for x in leaves:
        if x in exact.gradient and not exact.on_kink:
            truth = float(exact.gradient[x])
            off, size = abs(done.gradient[x] - truth), done.size(x)
            if math.isfinite(off) and off > _REPLAY * size and off > 1e-300:
                digits = 16 + math.log10(off / max(abs(truth), abs(done.gradient[x])))
                notes.append(
                    f"d/d{names[x]} lost about {min(16, round(digits))} of 16 digits to "
                    "cancellation: every rule is right"
                )
    return notes


def _check_again(
    output: _Output, leaves: list[Value], done: Pass, at_kinks: Replay | None
) -> list[str]:
    """Compare the gradients with differences of the function itself, called again nearby."""
    parts = [output.root.data, *[n.data * g for n, g in done.gradient.items()]]
    noise = EPSILON * sum([abs(part) for part in parts if math.isfinite(part)])
    slopes = [done.gradient.get(x, 0.0) for x in leaves]
    movable = [i for i, x in enumerate(leaves) if math.isfinite(x.data)]
    fixed = [x for x in leaves if not math.isfinite(x.data)]
    notes = [f"nothing is near {described(fixed)}: no difference was taken"] if fixed else []
    for i in _suspects(output, leaves, movable, slopes, noise):
        x, slope = leaves[i], slopes[i]
        found = judge(output.moved([x], [1.0]), slope, size=abs(x.data) or 1.0, noise=noise)
        if found.fits:
            if math.isnan(slope) and not fixed:
                notes.append("a slope on the way is not defined: the gradient is nan")
            continue
        if at_kinks is not None and at_kinks.on_kink and x in at_kinks.gradient:
            low, high = float(at_kinks.low[x]), float(at_kinks.high[x])
            slack = found.error + _REPLAY * (abs(low) + abs(high))
            if low - slack <= min(slope, found.expected) and max(slope, found.expected) <= (
                high + slack
            ):
                notes.append(
                    f"at a kink: the slope may be anything from {low:.6g} to {high:.6g}, "
                    f"the conventions give {slope:.6g}"
                )
                continue
        if at_kinks is not None and any(x in topological_order(c) for c in at_kinks.jumps):
            notes.append("at a jump: differences say nothing of the slope there")
            continue
        raise _not_the_slope(leaves, x, slope, found, output.root)
    return notes


def _suspects(
    output: _Output, leaves: list[Value], movable: list[int], slopes: list[float], noise: float
) -> list[int]:
    """Return the leaves to look at one by one: many that are right are moved together.

    Only gradients of similar size share a sum, and with it a tolerance.
    """
    if len(movable) <= _ONE_BY_ONE or not all(map(math.isfinite, slopes)):
        return movable
    groups: dict[int | None, list[int]] = {}
    for i in movable:
        size = math.frexp(slopes[i])[1] // 6 if slopes[i] else None
        groups.setdefault(size, []).append(i)
    suspects: list[int] = []
    for group in groups.values():
        weights = _direction(len(group))
        slope = math.fsum(w * slopes[i] for w, i in zip(weights, group, strict=True))
        size = max(abs(leaves[i].data) for i in group) or 1.0
        moved = output.moved([leaves[i] for i in group], weights)
        if len(group) == 1 or not judge(moved, slope, size=size, noise=noise).fits:
            suspects += group
    return sorted(suspects)


def _not_finite(root: Value, names: dict[Value, str]) -> str:
    """Return what to do about a gradient of nan or infinity at a point that has a slope."""
    for node, _, _, local in edges(gradient_order(root)):
        if node.op is not None and not math.isfinite(local):
            return (
                f"Every rule is right, but {names[node]} = {node.op.name} has no finite slope "
                "there, and 0 times that is nan: write it so that it stays away from this point, "
                "as in sqrt(x*x + 1e-12), also where it is not chosen."
            )
    return "Every rule is right, but a number on the way is too large: scale it."


def _not_the_slope(
    leaves: list[Value], x: Value, slope: float, found: Judgment, root: Value
) -> GradientMismatchError:
    is_recorded = not root.is_leaf or root in leaves
    names = names_of(root) if is_recorded else {}
    name = names.get(x, x.label or "an input")
    named = [leaf for leaf in leaves if names.get(leaf, leaf.label)]
    at = ", ".join(f"{names.get(leaf, leaf.label)} = {leaf.data!r}" for leaf in named[:8])
    if math.isfinite(slope):
        what = f"The function, called again near {at}, has another slope than what it recorded."
        cause = (
            "Every rule is right: is a number baked in (.data, float(), detach(), no_grad()), or "
            f"does an `if` depend on {name}?"
        )
    else:
        what = f"The function has a slope at {at}."
        cause = _not_finite(root, names)
    program, steps = "", "It recorded nothing: its answer is a plain number."
    if is_recorded:
        program, steps = source(root), step_through(names[root])
    lines = [
        mismatch_line(name, slope, found.expected, found.error),
        what,
        *program_excerpt(program),
        *[f"{name} does not appear in the graph."] * (x not in names),
        cause,
        steps,
    ]
    finding = Finding("rerun", x, 0, slope, found.expected, found.error)
    small = root if is_recorded else None
    return GradientMismatchError("\n".join(lines), finding=finding, source=program, root=small)

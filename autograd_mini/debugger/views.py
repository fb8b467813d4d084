"""What the commands show: each function returns text about a moment, a node or the stops."""

from __future__ import annotations

import linecache
import os
import shutil
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from autograd_mini.debugger.moment import Event, Moment, is_finite
from autograd_mini.debugger.stops import Stop
from autograd_mini.graph.names import shortened
from autograd_mini.steps import ForwardStep, Trace
from autograd_mini.value import ZERO, Value
from autograd_mini.words import aligned

NEAR: Final = 5  # lines listed before and after the current one
_MOST_LINES: Final = 200
_WIDEST_NODE: Final = 60
_ESCAPES: Final = {"bold": "1", "dim": "2", "red": "31", "green": "32", "cyan": "36"}


class Style(NamedTuple):
    """How text looks where it goes: in colors or plain, and how wide it may be.

    Attributes:
        colored: Whether the stream knows colors.
        fits_terminal: Whether long lines break where the terminal ends.
    """

    colored: bool
    fits_terminal: bool

    def __call__(self, text: str, *styles: str) -> str:
        """Return a text in styles such as "bold" and "red"."""
        if not self.colored or not styles:
            return text
        return f"\x1b[{';'.join([_ESCAPES[style] for style in styles])}m{text}\x1b[0m"

    @property
    def columns(self) -> int:
        """How many characters a line has room for."""
        return shutil.get_terminal_size().columns if self.fits_terminal else 1_000

    def wrapped(self, text: str, indent: int = 0) -> str:
        """Return a text in lines that fit; each but the first is indented."""
        width = max(self.columns, indent + 20)
        margin = " " * indent
        return textwrap.fill(text, width, subsequent_indent=margin, break_on_hyphens=False)


# Moments.


def line(moment: Moment, position: int, style: Style) -> str:
    """Return the sentence of a moment."""
    trace = moment.trace
    if position == moment.start:
        name = f"{trace.name(trace.root)} = {trace.root.data!r}"
        return style(f"> backward() of {name}: {len(trace)} steps", "bold")
    if position == 0:
        return style(f"> forward pass: {moment.start} operations", "bold")
    return sentence(moment.events[position - 1], style)


def sentence(event: Event, style: Style) -> str:
    """Return what an event did."""
    count = f"{event.index + 1}/{event.total}]"
    bad = () if is_finite(event) else ("red",)
    if isinstance(event, ForwardStep):
        return f"{style('[forward ' + count, 'dim')} {style(str(event), *bad)}"
    rule = style(f"({event.rule}, argument {event.argument})", "cyan")
    arithmetic = style(event.arithmetic, "bold", *bad)
    wide = len(count) + len(event.arithmetic) + len(event.rule) + 25 > style.columns
    gap = "\n    " if wide else "   "
    return f"{style('[' + count, 'dim')} {arithmetic}{gap}{rule}"


# Nodes.


def node_line(trace: Trace, node: Value) -> str:
    """Return a node with its operation and its numbers: `h = tanh(z)  data 0.5  grad 1`."""
    return f"{_definition(trace, node)}  {_data_and_grad(node)}"


def path(trace: Trace, nodes: Sequence[Value], selected: int) -> Iterator[str]:
    """Yield a line for each node of a path, the selected one marked."""
    half = _MOST_LINES // 2
    hidden = range(half, len(nodes) - half)
    names = [shortened(_definition(trace, node), _WIDEST_NODE) for node in nodes]
    width = max(map(len, names))
    for i, (node, name) in enumerate(zip(nodes, names, strict=True)):
        if i not in hidden:
            mark = ">" if i == selected else " "
            yield f"{mark} {name:{width}}  {_data_and_grad(node)}"
        elif i == hidden[0]:
            yield f"  ... {len(hidden)} more"


def operands(moment: Moment, node: Value) -> Iterator[str]:
    """Yield a node, then each operand: its number, the derivative, what it receives."""
    trace = moment.trace
    if node.is_leaf:
        yield f"{trace.name(node)} is a leaf: it was given, not computed"
        return
    yield node_line(trace, node)
    steps = [step for step in trace if step.node is node]
    for step in steps[:_MOST_LINES]:
        yield f"  {step.argument}  {trace.name(step.parent)} = {step.parent.data!r}"
        yield f"     local {step.local!r}: {step.rule}"
        yield f"     contribution {step.local!r} * {step.upstream!r} = {step.contribution!r}"
    if len(steps) > _MOST_LINES:
        yield f"  ... {len(steps) - _MOST_LINES} more"


def checks(trace: Trace, node: Value, style: Style) -> Iterator[str]:
    """Yield what each rule of a node gives beside the true derivative."""
    from autograd_mini.testing.inspection import edges_of

    for edge in edges_of(node):
        name = trace.name(node.inputs[edge.argument])
        operation = node.op.name if node.op else ""
        rule = f"{operation}, argument {edge.argument} ({name}): rule gives {edge.local!r}"
        expected = "" if edge.expected is None else f", the derivative is {edge.expected!r}"
        if edge.verdict:
            verdict = style(f"WRONG: {edge.verdict}", "red")
        elif edge.expected is None:
            verdict = "not checked, as the numbers are not finite"
        else:
            verdict = style("ok", "green") + (", at a kink" if edge.kink else "")
        yield f"{rule}{expected}: {verdict}"


def gradients(trace: Trace) -> Iterator[str]:
    """Yield a table of the nodes that have a gradient by now."""
    nodes = [n for n in reversed(trace.nodes) if n.grad is not ZERO and not n.is_constant]
    table = [("name", "op", "data", "grad")]
    for n in nodes[:_MOST_LINES]:
        op = n.op.name if n.op else "leaf"
        table.append((trace.name(n), op, f"{n.data:.6g}", f"{n.grad:.6g}"))
    yield from aligned(table, "<<>>")
    if len(nodes) > _MOST_LINES:
        yield f"... {len(nodes) - _MOST_LINES} more"


def _definition(trace: Trace, node: Value) -> str:
    name = trace.name(node)
    return name if node.is_leaf else f"{name} = {trace.expression(node)}"


def _data_and_grad(node: Value) -> str:
    gradient = "not computed yet" if node.grad is ZERO else f"{node.grad:.6g}"
    return f"data {node.data:.6g}  grad {gradient}"


# Lines of the program.


def source_line(source: str, style: Style) -> str:
    """Return the line of the program at `file:line`, indented below what it belongs to."""
    file, number = _file_and_line(source)
    text = linecache.getline(file, number).strip()
    return style(f"    {_short_path(file)}:{number}  {text}".rstrip(), "dim")


def source_around(name: str, source: str, style: Style) -> Iterator[str]:
    """Yield the lines around the one at `file:line` that made the node of this name."""
    file, made = _file_and_line(source)
    yield f"{name} was made at {_short_path(file)}:{made}"
    for i in range(max(made - NEAR, 1), made + NEAR + 1):
        if text := linecache.getline(file, i):
            mark = "->" if i == made else "  "
            numbered = f"{i:4} {mark} {text.rstrip()}".rstrip()
            yield style(numbered, "bold") if i == made else numbered


def _file_and_line(source: str) -> tuple[str, int]:
    file, _, number = source.rpartition(":")
    return file, int(number)


def _short_path(file: str) -> str:
    try:
        relative = os.path.relpath(file)
    except ValueError:  # on another drive
        return file
    return file if relative.startswith("..") else relative


# Stops.


def stop_table(stops: Mapping[int, Stop]) -> Iterator[str]:
    """Yield a table of the stops."""
    if not stops:
        yield "no stops: b where sets one"
        return
    yield "Num  Keep  On   Hits  Where"
    for number, stop in stops.items():
        keep, on = ("once" if stop.temporary else "yes"), ("yes" if stop.enabled else "no")
        ignored = f"  (skipped {stop.ignore} more times)" if stop.ignore else ""
        yield f"{number:<4} {keep:<5} {on:<4} {stop.hits:<5} {stop}{ignored}"

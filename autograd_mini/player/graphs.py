"""What a page knows of a graph: names, rules, edges and numbers as JSON, and its picture."""

from __future__ import annotations

import re
from typing import Final

from autograd_mini.drawing import labels, style, svg
from autograd_mini.drawing.javascript import key
from autograd_mini.drawing.model import LONGEST_OPERAND, file_name, picture
from autograd_mini.drawing.picture import Box, Line, Picture
from autograd_mini.graph.names import abbreviated
from autograd_mini.ops import Op
from autograd_mini.steps import Trace
from autograd_mini.symbols import written
from autograd_mini.value import Value

__all__ = ["drawn", "drawn_scene"]  # to nn

_LONGEST: Final = 30  # characters of what a box computes
NO_NUMBER: Final = "–"
WIDEST: Final = len("-1.234e-05")  # a number as a box shows it
_MARK: Final = 0xE000  # where an operand's number goes in a sentence: a private-use character
_BRACKETED: Final = 0xF000  # the same, in parentheses if it is negative
_TITLE: Final = re.compile(r"<title>[^<]*</title>")


def graph_json(trace: Trace) -> dict[str, object]:
    """Return what the page knows of a graph whatever its numbers are: names, rules, edges."""
    position = {node: i for i, node in enumerate(trace.nodes)}
    receives: list[list[int]] = [[] for _ in trace.nodes]  # no step leads to a condition
    partials: list[list[str]] = [[""] * len(node.inputs) for node in trace.nodes]
    for step in trace:
        receives[position[step.node]].append(step.argument)
        partials[position[step.node]][step.argument] = step.rule.rpartition(" = ")[2]
    expressions, numbers = [""] * len(position), [""] * len(position)
    for step in trace.forward:
        i = position[step.node]
        expressions[i], numbers[i] = step.expression, _sentence(step.op, len(step.operands))
    return {
        "inputs": [[position[x] for x in node.inputs] for node in trace.nodes],
        "label": [labels.clean(node.label) for node in trace.nodes],
        "name": [labels.clean(trace.name(node)) for node in trace.nodes],
        "op": [node.op.name if node.op else "" for node in trace.nodes],
        "source": [file_name(node.source or "") for node in trace.nodes],
        "constants": [i for i, node in enumerate(trace.nodes) if node.is_constant],
        "expression": expressions,
        "numbers": numbers,
        "partials": partials,
        "receives": receives,
        "rule": [key(node) for node in trace.nodes],
        "domain": [node.op.domain if node.op else "" for node in trace.nodes],
    }


def numbers_json(trace: Trace) -> dict[str, object]:
    """Return the numbers of a pass: the data of each node, and its local derivatives."""
    local: list[list[float | None]] = [[None] * len(node.inputs) for node in trace.nodes]
    position = {node: i for i, node in enumerate(trace.nodes)}
    for step in trace:
        local[position[step.node]][step.argument] = step.local
    return {"data": [node.data for node in trace.nodes], "local": local}


def _sentence(op: Op, count: int) -> str:
    """An operation on numbers that are still to come, each a private-use character."""
    marks = [chr(_MARK + i) for i in range(count)]
    plain = written(op, abbreviated(marks, str))
    negative = written(op, abbreviated(marks, lambda mark: f"-{mark}"))
    for i, mark in enumerate(marks):
        if f"(-{mark})" in negative and f"({mark})" not in plain:
            plain = plain.replace(mark, chr(_BRACKETED + i))
    return plain


def drawn(trace: Trace, max_nodes: int) -> Picture:
    """Return the boxes and edges of a trace's page."""
    drawn = picture(trace.root, max_nodes=max_nodes)
    return drawn._replace(caption=drawn.caption.replace('collapse="labels" or ', ""))


def drawn_scene(trace: Trace, drawn: Picture) -> str:
    """Return boxes and edges as SVG, with the numbers of the last frame and room for any other."""
    last = trace.at(len(trace))
    values = {f"n{i}": node for i, node in enumerate(trace.nodes)}
    boxes: list[Box] = []
    for box in drawn.boxes:
        node = values.get(box.id)
        if node is None:
            boxes.append(box)
            continue
        gradient = last.get(node)
        lines = [_line("data", node.data), _line("grad", gradient)]
        title = box.lines[0]
        if node.op and not node.label:
            text = f"{box.id} = {_computes(trace, node)}"
            title = title._replace(text=labels.shorten(text, _LONGEST))
        boxes.append(box._replace(lines=(title, *lines), gradient=gradient))
    scale = style.color_scale(box.gradient for box in boxes)
    found = svg.svg(drawn._replace(boxes=tuple(boxes), scale=scale), own_colors=False)
    return _TITLE.sub("", found)  # the page itself tells more of what is pointed at


def _computes(trace: Trace, node: Value) -> str:
    """What an operation computes, in names: `z ** 2`."""

    def name(x: Value) -> str:
        if x.is_constant:
            return style.short_number(x.data)
        label = labels.one_line(trace.name(x))
        return label if len(label) <= LONGEST_OPERAND else trace.id(x)

    return written(node.op, abbreviated(node.inputs, name)) if node.op else ""


def _line(kind: str, x: float | None) -> Line:
    number = NO_NUMBER if x is None else style.short_number(x)
    text = f"{kind} {number.rjust(WIDEST)}".replace(" ", "\N{NO-BREAK SPACE}")
    return Line(kind, text)

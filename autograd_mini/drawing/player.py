"""The HTML player: one offline file that steps through a pass, forward and backward.

Python lays the graph out once and writes it as SVG; the numbers of the pass come as one JSON
block; plain JavaScript replays them. Labels are data throughout: they are escaped on the way in
and set as text on the way out. The files of `page/` are part of the package.
"""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from typing import Any, Final

from autograd_mini.drawing import labels, style, svg
from autograd_mini.drawing.model import picture
from autograd_mini.drawing.picture import Box, Line, Picture
from autograd_mini.ops import Op
from autograd_mini.steps import Trace, abbreviated
from autograd_mini.symbols import written
from autograd_mini.value import Value

__all__ = [
    "WIDEST",
    "document",
    "embedded",
    "graph_json",
    "numbers_json",
    "part",
    "scene",
    "script_json",
    "trace_page",
]

NOT_YET: Final = "–"
WIDEST: Final = len("-1.234e-05")  # a number as a box shows it
_MARK: Final = 0xE000  # where an operand's number goes in a sentence: a private-use character
_BRACKETED: Final = 0xF000  # the same, in parentheses if it is negative
_NO_SCRIPT: Final = """
.needs-script { display: none !important; }
.stage { grid-template: minmax(0, 1fr) / minmax(0, 1fr); grid-template-areas: "canvas"; }
#drawing { cursor: auto; touch-action: auto; }
.final { padding: 0 16px 12px; }
"""


def trace_page(trace: Trace, *, max_nodes: int = 300) -> str:
    """Return the player of a trace as one HTML page.

    Args:
        trace: What to play.
        max_nodes: How many boxes to draw at most, nearest the root first. Steps between nodes
            that are not drawn are passed over; their gradients count all the same.

    Example:
        >>> a, b = Value(2.0, "a"), Value(-3.0, "b")
        >>> "<title>Backpropagation of a Value</title>" in trace_page(Trace(a * b))
        True
    """
    graph = graph_json(trace)
    graph["seed"] = trace.seed
    data = {"graph": graph, **numbers_json(trace)}
    drawn = _drawn(trace, max_nodes)
    body = part("body.html").format_map(
        {
            "heading": _heading(trace.root),
            "facts": _facts(trace, drawn),
            "svg": _scene(trace, drawn),
            "panel": "",
        }
    )
    return document(
        f"Backpropagation of {labels.one_line(trace.root.label) or 'a Value'}",
        body,
        data={"trace": data},
        scripts=("player.js", "trace.js"),
    )


def embedded(page: str, height: int = 640) -> str:
    """Return a page as an `<iframe>` for a notebook, apart from everything around it.

    Example:
        >>> embedded("<p>", height=100)  # doctest: +ELLIPSIS
        '<iframe sandbox="allow-scripts" srcdoc="&lt;p&gt;"...height:100px;...></iframe>'
    """
    look = f"width:100%;height:{height}px;border:1px solid #8884;border-radius:8px"
    return (
        f'<iframe sandbox="allow-scripts" srcdoc="{html.escape(page, quote=True)}" '
        f'style="{look}" title="Backpropagation, step by step"></iframe>'
    )


def document(
    title: str,
    body: str,
    *,
    data: Mapping[str, Any],
    scripts: Sequence[str] = (),
    styles: str = "",
    code: str = "",
) -> str:
    """Return a whole page: nothing outside of it is ever asked for.

    Args:
        title: Of the window, as plain text.
        body: HTML.
        data: JSON blocks by element id.
        scripts: Files of `page/`, in order.
        styles: More CSS.
        code: More JavaScript, after the files.
    """
    blocks = [
        f'<script type="application/json" id="{name}">{script_json(value)}</script>'
        for name, value in data.items()
    ]
    source = "\n".join([*[part(name) for name in scripts], code])
    fields = {
        "title": labels.xml(title),
        "css": part("player.css") + styles,
        "noscript_css": _NO_SCRIPT,
        "body": "\n".join([body, *blocks, f"<script>\n{source}</script>"]),
    }
    # one pass over the template: what is put in is never looked at again
    return re.sub(r"\{\{(\w+)\}\}", lambda field: fields[field[1]], part("player.html"))


def part(name: str) -> str:
    """Return a file of the page."""
    return (resources.files(__package__ or "autograd_mini.drawing") / "page" / name).read_text(
        "utf-8"
    )


def script_json(value: Any) -> str:
    r"""Return `value` as JSON that can stand in a `<script>`; nan and infinities become text.

    Example:
        >>> script_json({"label": "</script>", "data": [1.0, float("nan")]})
        '{"label":"\\u003c/script\\u003e","data":[1.0,"nan"]}'
    """
    text = json.dumps(_finite(value), allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    if isinstance(value, Mapping):
        return {key: _finite(x) for key, x in value.items()}  # pyright: ignore[reportUnknownVariableType] # JSON
    if isinstance(value, (list, tuple)):
        return [_finite(x) for x in value]  # pyright: ignore[reportUnknownVariableType] # JSON
    return value


def graph_json(trace: Trace) -> dict[str, Any]:
    """Return what the page knows of a graph whatever its numbers are: names, rules, edges."""
    position = {node: i for i, node in enumerate(trace.nodes)}
    rules: list[list[str]] = [[""] * len(node.inputs) for node in trace.nodes]
    for step in trace:
        rules[position[step.node]][step.argument] = step.rule
    expressions, numbers = [""] * len(position), [""] * len(position)
    for step in trace.forward:
        i = position[step.node]
        expressions[i], numbers[i] = step.expression, _sentence(step.op, len(step.operands))
    return {
        "inputs": [[position[x] for x in node.inputs] for node in trace.nodes],
        "label": [labels.clean(node.label) for node in trace.nodes],
        "name": [labels.clean(trace.name(node)) for node in trace.nodes],
        "op": [node.op.name if node.op else "" for node in trace.nodes],
        "source": [node.source or "" for node in trace.nodes],
        "constants": [i for i, node in enumerate(trace.nodes) if node.is_constant],
        "expression": expressions,
        "numbers": numbers,
        "rules": rules,
    }


def numbers_json(trace: Trace) -> dict[str, Any]:
    """Return the numbers of a pass: the data of each node, and its local derivatives."""
    local: list[list[float]] = [[0.0] * len(node.inputs) for node in trace.nodes]
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


def scene(trace: Trace, *, max_nodes: int = 300, width: int | None = None) -> str:
    """Return the picture of a trace's last frame as SVG, with room for the numbers of all frames.

    Args:
        trace: What to draw, and whose numbers to write.
        max_nodes: How many boxes to draw at most.
        width: How many characters to keep for a number; without it, as many as this trace needs.
    """
    return _scene(trace, _drawn(trace, max_nodes), width)


def _drawn(trace: Trace, max_nodes: int) -> Picture:
    drawn = picture(trace.root, max_nodes=max_nodes)
    return drawn._replace(caption=drawn.caption.replace('collapse="labels" or ', ""))


def _scene(trace: Trace, drawn: Picture, width: int | None = None) -> str:
    last = trace.at(len(trace))
    widest = {node: max(len(style.number(node.data)), 1) for node in trace.nodes}
    for node, gradient in _every_gradient(trace):
        widest[node] = max(widest[node], len(style.number(gradient)))
    values = {f"n{i}": node for i, node in enumerate(trace.nodes)}
    boxes: list[Box] = []
    for box in drawn.boxes:
        node = values.get(box.id)
        if node is None:
            boxes.append(box)
            continue
        room = width or widest[node]
        gradient = last.get(node)
        numbers = [("data", node.data), ("grad", gradient)]
        lines = [Line(kind, _row(kind, x, room)) for kind, x in numbers]
        boxes.append(box._replace(lines=(box.lines[0], *lines), gradient=gradient))
    scale = style.color_scale(box.gradient for box in boxes)
    return svg.svg(drawn._replace(boxes=tuple(boxes), scale=scale))


def _row(kind: str, x: float | None, room: int) -> str:
    number = NOT_YET if x is None else style.number(x)
    return f"{kind} {number.rjust(room)}".replace(" ", "\N{NO-BREAK SPACE}")


def _every_gradient(trace: Trace) -> Iterable[tuple[Value, float]]:
    yield trace.root, trace.seed
    for step in trace:
        yield step.parent, step.after


def _heading(root: Value) -> str:
    name = labels.xml(labels.shorten(labels.one_line(root.label), 60))
    return f"Backpropagation of <code>{name}</code>" if name else "Backpropagation, step by step"


def _facts(trace: Trace, drawn: Picture) -> str:
    constants = sum([node.is_constant for node in trace.nodes])
    counts = [
        (len(trace.nodes) - len(trace.forward) - constants, "leaf", "leaves"),
        (len(trace.forward), "operation", "operations"),
        (len(trace), "edge", "edges"),
    ]
    text = " · ".join([f"{n:,} {one if n == 1 else many}" for n, one, many in counts])
    return labels.xml(f"{text} · {drawn.caption}" if drawn.caption else text)

"""The player of a trace: one offline file that steps through a pass, forward and backward.

Python lays the graph out once and writes it as SVG; the numbers of the pass come as one JSON
block; plain JavaScript replays them.
"""

from __future__ import annotations

from autograd_mini.drawing import labels
from autograd_mini.drawing.javascript import OpaqueError, functions, rules
from autograd_mini.drawing.picture import Picture
from autograd_mini.player.document import PLAYER, document, part
from autograd_mini.player.graphs import drawn, drawn_scene, graph_json, numbers_json
from autograd_mini.steps import Trace
from autograd_mini.value import Value


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
    seen = drawn(trace, max_nodes)
    body = part("body.html").format(
        heading=_heading(trace.root),
        facts=_facts(trace, seen),
        svg=drawn_scene(trace, seen),
        panel="",
    )
    upright = drawn_scene(trace, seen._replace(rankdir="TB"))
    return document(
        f"Backpropagation of {labels.one_line(trace.root.label) or 'a Value'}",
        body,
        data={"trace": data, "upright": upright},
        code="\n".join([_rules(trace), *[part(name) for name in (*PLAYER, "trace.js")]]),
    )


def _rules(trace: Trace) -> str:
    """The operations of a graph as JavaScript, or "": then its numbers are shown but fixed."""
    try:
        return "\n".join([functions(), rules(trace.nodes)])
    except OpaqueError:
        return ""


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

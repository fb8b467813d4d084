"""A picture as a Mermaid flowchart, which GitHub, GitLab and many notebooks render."""

from __future__ import annotations

from typing import Final

from autograd_mini.drawing import labels, style
from autograd_mini.drawing.picture import Box, Picture

MOST_EDGES: Final = 500  # Mermaid's `maxEdges`: it draws nothing beyond
MOST_TEXT: Final = 50_000  # and its `maxTextSize`
_SHAPES: Final = {
    "operation": ("[", "]"),
    "input": ("([", "])"),
    "parameter": ("[[", "]]"),
    "constant": ("[", "]"),
    "group": ("{{", "}}"),
    "more": ("[", "]"),
}


def mermaid(picture: Picture) -> str:
    """Return a picture as a Mermaid flowchart."""
    lines = [f"flowchart {picture.rankdir}"]
    lines += [f"    {_box(box)}" for box in picture.boxes]
    for edge in picture.edges:
        source, target = picture.boxes[edge.source].id, picture.boxes[edge.target].id
        text = "  ".join([part for part in (edge.argument, edge.text) if part])
        arrow = f"-->|{labels.mermaid_string(text)}|" if text else "-->"
        lines.append(f"    {source} {arrow} {target}")
    lines += [f"    {_look(box, picture.scale)}" for box in picture.boxes]
    if picture.caption:
        lines.append(f"    caption[{labels.mermaid_string(picture.caption)}]")
        lines.append("    style caption fill:none,stroke:none")
    return "\n".join([*lines, ""])


def fits(picture: Picture, text: str) -> bool:
    """Return whether Mermaid, with its default limits, draws a flowchart."""
    return len(picture.edges) <= MOST_EDGES and len(text) <= MOST_TEXT


def _box(box: Box) -> str:
    first, last = _SHAPES[box.kind]
    lines = [box.title, *[line.text for line in box.lines[1:]]]
    return f"{box.id}{first}{labels.mermaid_string(*lines)}{last}"


def _look(box: Box, scale: float) -> str:
    look = f"fill:{style.fill(box.gradient, scale)},stroke:{style.border(box.gradient)},color:#000"
    if box.kind == "more":
        look = f"fill:#fff,stroke:{style.BORDER},color:#000"
    if box.kind in ("more", "constant") or style.is_hatched(box.gradient):
        look += f",stroke-dasharray:{style.DASHES}"
    if box.is_root:
        look += ",stroke-width:3px"
    return f"style {box.id} {look}"

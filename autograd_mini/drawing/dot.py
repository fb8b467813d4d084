"""A picture as DOT, the language of Graphviz.

The text is written here, line by line, so that every engine reads the same bytes; labels go
through `labels.dot_string`, and node names are ours, never the user's.
"""

from __future__ import annotations

from typing import Final

from autograd_mini.drawing import labels, style
from autograd_mini.drawing.picture import Arrow, Box, Picture

_LOOKS: Final = {
    "operation": "style=filled",
    "input": 'style="filled,rounded"',
    "parameter": "style=filled peripheries=2",
    "constant": 'style="filled,dotted"',
    "group": "style=filled shape=box3d",
    "more": "style=dashed",
}
_STRIPES: Final = ":".join([style.NEUTRAL, style.HATCH] * 5)


def dot(picture: Picture) -> str:
    """Return a picture as a DOT document."""
    return "".join(["digraph {\n", *lines(picture), "}\n"])


def lines(picture: Picture) -> list[str]:
    """Return the lines inside the braces of a DOT document."""
    font = f"fontname={labels.dot_string(style.FONT)}"
    crowd = len(picture.edges) / max(1, len(picture.boxes))  # many edges need room to part
    written = [
        f"rankdir={picture.rankdir} bgcolor=white nodesep=0.25 ranksep={0.4 + 0.1 * crowd:.2f}",
        f"node [shape=box fillcolor={labels.dot_string(style.NEUTRAL)} "
        f"color={labels.dot_string(style.BORDER)} "
        f'{font} fontsize={style.FONT_SIZE:g} margin="0.1,0.05"]',
        f"edge [color={labels.dot_string(style.EDGE)} arrowsize=0.6 "
        f"{font} fontsize={style.SMALL:g} labelfontsize={style.TINY:g} "
        "labeldistance=1.5 labelangle=25]",
    ]
    if picture.caption:
        caption = f"label={labels.dot_string(picture.caption)} labelloc=b labeljust=l"
        written.append(f"graph [{caption} {font} fontsize={style.SMALL:g}]")
    written += [_box(box, picture.scale) for box in picture.boxes]
    written += [_edge(edge, picture) for edge in picture.edges]
    return [f"\t{line}\n" for line in written]


def _box(box: Box, scale: float) -> str:
    look = _LOOKS[box.kind]
    color = style.fill(box.gradient, scale)
    if style.is_hatched(box.gradient):
        look, color = look.replace("filled", "striped").replace(",rounded", ""), _STRIPES
    width, height = style.box_size([line.text for line in box.lines])
    attributes = [
        f"id={box.id}",
        f'class="{box.kind} root"' if box.is_root else f"class={box.kind}",
        f"label={labels.dot_string(*[line.text for line in box.lines])}",
        f"tooltip={labels.dot_tooltip(box.hover)}",
        look,
        # Some engines cannot measure the font: the box is made as large as the text needs.
        f"width={width / 72:.2f} height={height / 72:.2f}",
    ]
    if box.kind != "more":
        attributes.append(f'fillcolor="{color}" color="{style.border(box.gradient)}"')
    if box.is_root:
        attributes.append(f"penwidth={style.ROOT_BORDER:g}")
    return f"{box.id} [{' '.join(attributes)}]"


def _edge(edge: Arrow, picture: Picture) -> str:
    attributes = [f"id={edge.id}"]
    if edge.argument:
        attributes.append(f"headlabel={labels.dot_string(edge.argument)}")
    if edge.text:
        gap = "  " if picture.rankdir == "TB" else ""  # a vertical edge runs along its text
        attributes.append(f"label={labels.dot_string(gap + edge.text + gap)}")
    source, target = picture.boxes[edge.source].id, picture.boxes[edge.target].id
    return f"{source} -> {target} [{' '.join(attributes)}]"

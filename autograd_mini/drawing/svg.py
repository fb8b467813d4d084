"""A picture as SVG, drawn by the built-in layout: standard library only, the same bytes always.

Each box is a group with the id of its node (`n7`), each edge a group with the id of its argument
(`e7_1`); inside, lines of text have their kind as class. The HTML player finds them by these.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from autograd_mini.drawing import labels, style
from autograd_mini.drawing.layout import Layout, Point, layout
from autograd_mini.drawing.picture import Arrow, Box, Picture
from autograd_mini.drawing.wrap import in_rows

__all__ = ["opening"]  # to nn

STACK: Final = 4.0  # how far the sheets behind a collapsed box look out
DOUBLE: Final = 3.0  # between the two lines of a double border
PORT: Final = 9.0  # between two arrowheads at a box that grows to have room for them
WIDE_PORT: Final = 19.0  # in TB, where the index of an argument stands between them
MOST_PORTS: Final = 40  # beyond which a box no longer grows, and its arguments go without index
_CAPTION: Final = 24.0
_TAG: Final = re.compile(r"<(svg|rect|text|tspan|path|polygon|circle|line)\b([^>]*?)(/?)>")
_LOOK: Final = re.compile(r'\b(fill|stroke|stroke-width|stroke-dasharray|font-size)="([^"]*)"')


def svg(picture: Picture, *, own_colors: bool = True) -> str:
    """Return a picture as an SVG document.

    Args:
        picture: What to draw.
        own_colors: Keep them under the styles of any page; the player has its own styles.
    """
    placed = layout_of(picture)
    width, height = placed.width, placed.height
    if picture.caption:
        width = max(width, style.text_width(picture.caption, style.SMALL) + 24.0)
        height += _CAPTION
    parts = [opening(width, height, picture.title), '<g id="graph0" class="graph">']
    inputs = Counter([edge.target for edge in picture.edges])
    for edge, route, middle in zip(picture.edges, placed.routes, placed.labels, strict=True):
        indexed = inputs[edge.target] <= MOST_PORTS
        parts.append(_edge(edge, picture, route, middle, indexed))
    for box, center, extent in zip(picture.boxes, placed.centers, sizes(picture), strict=True):
        parts.append(_box(box, center, extent, picture.scale))
    if picture.caption:
        parts.append(
            f'<text class="caption" x="12" y="{_n(height - 10)}" font-size="{_n(style.SMALL)}"'
            f' fill="{style.QUIET}">{labels.xml(picture.caption)}</text>'
        )
    parts += ["</g>", "</svg>", ""]
    drawn = "\n".join(parts)
    return with_own_colors(drawn) if own_colors else drawn


def with_own_colors(drawn: str) -> str:
    """Return an SVG whose colors and fonts the styles of the page around it cannot override.

    A page's styles win over attributes, and lose against an element's own style.
    """

    def styled(tag: re.Match[str]) -> str:
        found = dict(_LOOK.findall(tag[2]))
        if tag[1] in ("text", "tspan"):
            found = {"fill": "#000", "stroke": "none"} | found
        elif tag[1] == "svg":
            found = {"fill": "#000", "stroke": "none", "opacity": "1"} | found
        if not found:
            return tag[0]
        look = ";".join([f"{name}:{value}" for name, value in found.items()])
        return f'<{tag[1]}{tag[2]} style="{look}"{tag[3]}>'

    return _TAG.sub(styled, drawn)


def opening(width: float, height: float, title: str) -> str:
    """Return what every SVG starts with: its size, its font, a white canvas.

    Args:
        width: In points.
        height: In points.
        title: What screen readers say.
    """
    w, h = _n(width), _n(height)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{w}pt" height="{h}pt"'
        f' viewBox="0 0 {w} {h}" role="img" aria-label="{labels.xml(title)}"'
        f' font-family="{style.FONT}" font-size="{_n(style.FONT_SIZE)}" xml:space="preserve">\n'
        f'<rect class="canvas" width="{w}" height="{h}" fill="white"/>'
    )


def layout_of(picture: Picture) -> Layout:
    """Return the built-in layout of a picture; what is long goes into rows."""
    texts = [
        (style.text_width(edge.text, style.SMALL) + 8.0, style.SMALL + 4.0) if edge.text else None
        for edge in picture.edges
    ]
    edges = [(edge.source, edge.target) for edge in picture.edges]
    extents = sizes(picture)
    placed = layout(extents, edges, texts, picture.rankdir)
    return in_rows(placed, extents) if picture.rankdir == "LR" else placed


def sizes(picture: Picture) -> list[tuple[float, float]]:
    """Return the width and height of each box, with border, stack and room for its inputs."""
    inputs = Counter([edge.target for edge in picture.edges])
    found: list[tuple[float, float]] = []
    for number, box in enumerate(picture.boxes):
        width, height = style.box_size([line.text for line in box.lines])
        more = {"parameter": 2 * DOUBLE, "group": 2 * STACK}.get(box.kind, 0.0)
        ports = min(inputs[number], MOST_PORTS)
        room = (WIDE_PORT if picture.rankdir == "TB" else PORT) * ports + 10.0
        if picture.rankdir == "TB":
            found.append((max(width + more, room), height + more))
        else:
            found.append((width + more, max(height + more, room)))
    return found


def path_data(route: list[Point], upright: bool = False) -> str:
    """Return a route of the layout as the `d` of an SVG path.

    Args:
        route: From `Layout.routes`.
        upright: Whether columns are rows, as in TB.
    """
    (x, y), *rest = route
    parts = [f"M{_at(x, y)}"]
    for nx, ny in rest:
        if x == nx or y == ny:
            parts.append(f"L{_at(nx, ny)}")
        elif upright:
            middle = (y + ny) / 2
            parts.append(f"C{_at(x, middle)} {_at(nx, middle)} {_at(nx, ny)}")
        else:
            middle = (x + nx) / 2
            parts.append(f"C{_at(middle, y)} {_at(middle, ny)} {_at(nx, ny)}")
        x, y = nx, ny
    return "".join(parts)


def _edge(
    edge: Arrow, picture: Picture, route: list[Point], middle: Point | None, indexed: bool
) -> str:
    upright = picture.rankdir == "TB"
    source, target = picture.boxes[edge.source].id, picture.boxes[edge.target].id
    x, y = route[-1]
    if upright:
        tip = f"{_at(x, y)} {_at(x - 3, y - 8)} {_at(x + 3, y - 8)}"
        beside = f'x="{_n(x + 5)}" y="{_n(y - 3)}"'
        end = (x, y - 6)
    else:
        tip = f"{_at(x, y)} {_at(x - 8, y - 3)} {_at(x - 8, y + 3)}"
        beside = f'x="{_n(x - 4)}" y="{_n(y - 4)}" text-anchor="end"'
        end = (x - 6, y)
    parts = [
        f'<g id="{edge.id}" class="edge"><title>{source}-&gt;{target}</title>',
        f'<path d="{path_data([*route[:-1], end], upright)}" fill="none" stroke="{style.EDGE}"/>',
        f'<polygon points="{tip}" fill="{style.EDGE}"/>',
    ]
    if edge.argument and indexed:
        parts.append(
            f'<text class="argument" {beside} font-size="{_n(style.TINY)}" fill="{style.QUIET}"'
            f' stroke="white" stroke-width="2" paint-order="stroke">{edge.argument}</text>'
        )
    if middle:
        width, height = style.text_width(edge.text, style.SMALL) + 6.0, style.SMALL + 4.0
        x, y = middle
        parts.append(
            f'<rect x="{_n(x - width / 2)}" y="{_n(y - height / 2)}" width="{_n(width)}"'
            f' height="{_n(height)}" fill="white"/>'
            f'<text class="partial" x="{_n(x)}" y="{_n(y + 3.5)}" text-anchor="middle"'
            f' font-size="{_n(style.SMALL)}">{labels.xml(edge.text)}</text>'
        )
    return "".join([*parts, "</g>"])


def _box(box: Box, center: Point, extent: tuple[float, float], scale: float) -> str:
    width, height = extent
    left, top = center[0] - width / 2, center[1] - height / 2
    kinds = f"node {box.kind} root" if box.is_root else f"node {box.kind}"
    look = (
        f'fill="{style.fill(box.gradient, scale)}" stroke="{style.border(box.gradient)}"'
        f' stroke-width="{style.ROOT_BORDER if box.is_root else 1}"'
    )
    shapes: list[str] = []
    if box.kind == "group":
        width, height = width - 2 * STACK, height - 2 * STACK
        shapes.append(_rect(left + 2 * STACK, top, width, height, look))
        shapes.append(_rect(left + STACK, top + STACK, width, height, look))
        top += 2 * STACK
    radius = 2.0
    if box.kind == "input":
        radius = 13.0
    elif box.kind == "more":
        look = f'fill="white" stroke="{style.BORDER}" stroke-dasharray="{style.DASHES}"'
    elif box.kind == "constant":
        look += ' stroke-dasharray="1.5 2"'
    shapes.append(_rect(left, top, width, height, look, radius))
    if style.is_hatched(box.gradient):
        inside = 0.3 * radius  # what a round corner leaves free
        shapes.append(
            _hatching(left + inside, top + inside, width - 2 * inside, height - 2 * inside)
        )
    if box.kind == "parameter":
        inset = DOUBLE
        line = f'fill="none" stroke="{style.border(box.gradient)}"'
        shapes.append(
            _rect(left + inset, top + inset, width - 2 * inset, height - 2 * inset, line, radius)
        )
    x = left + width / 2
    y = top + (height - style.LINE * len(box.lines)) / 2 + 0.8 * style.LINE
    for number, line in enumerate(box.lines):
        weight = ' font-weight="bold"' if line.kind == "title" else ""
        shapes.append(
            f'<text class="{line.kind}" x="{_n(x)}" y="{_n(y + number * style.LINE)}"'
            f' text-anchor="middle"{weight}>{labels.xml(line.text)}</text>'
        )
    hover = f"<title>{labels.xml(box.hover)}</title>"
    return "".join(
        [f'<g id="{box.id}" class="{kinds}"><title>{box.id}</title><g>', hover, *shapes, "</g></g>"]
    )


def _rect(x: float, y: float, width: float, height: float, look: str, radius: float = 2.0) -> str:
    return (
        f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"'
        f' rx="{_n(radius)}" {look}/>'
    )


def _hatching(x: float, y: float, width: float, height: float) -> str:
    """Slanted lines inside a box, without a pattern, whose id could meet another drawing's."""
    lines: list[str] = []
    offset = 6.0
    while offset < width + height:
        start = _at(x + min(offset, width), y + max(0.0, offset - width))
        end = _at(x + max(0.0, offset - height), y + min(offset, height))
        lines.append(f"M{start}L{end}")
        offset += 6.0
    return f'<path class="hatching" d="{"".join(lines)}" stroke="{style.HATCH}" fill="none"/>'


def _at(x: float, y: float) -> str:
    return f"{_n(x)},{_n(y)}"


def _n(x: float) -> str:
    """Return a coordinate, to a hundredth of a point and no longer than it must be."""
    return f"{x:.2f}".rstrip("0").rstrip(".")

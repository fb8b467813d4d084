"""A picture as a tree of text, for terminals, logs and doctests."""

from __future__ import annotations

from typing import IO, Final, NamedTuple

from autograd_mini.drawing.picture import Box, Picture

DEEPEST: Final = 16  # levels of indentation; what is deeper follows below, starting at the margin


class _Lines(NamedTuple):
    branch: str
    last: str
    beside: str
    under: str
    on: str


_UNICODE: Final = _Lines("├─ ", "└─ ", "│  ", "   ", "← ")
_ASCII: Final = _Lines("|- ", "`- ", "|  ", "   ", "<- ")
_SPELLED: Final = str.maketrans({"·": "*", "…": "...", "∂": "d", "Σ": "sum", "↵": "\\n"})


def text(picture: Picture, *, ascii: bool = False) -> str:
    """Return a picture as a tree: each node once, with its inputs below it.

    A node met again is a reference, `a (above)`. The only input of a node follows at the same
    indent, after an arrow, and what would stand too far to the right comes `(below)`: the text
    is never much longer than the graph is large.
    """
    signs = _ASCII if ascii else _UNICODE
    inputs: list[list[tuple[int, str]]] = [[] for _ in picture.boxes]
    for edge in picture.edges:
        inputs[edge.target].append((edge.source, edge.text))
    used = {edge.source for edge in picture.edges}
    told: set[int] = set()
    lines: list[str] = []
    # Boxes to tell: number, edge text, what stands before it and before what is under it.
    roots = [i for i in range(len(picture.boxes)) if i not in used]
    later = sorted(roots, key=lambda i: not picture.boxes[i].is_root)
    for root in later:  # grows
        if root in told:
            continue
        stack = [(root, "", "", "", 0)]
        while stack:
            i, rule, before, indent, level = stack.pop()
            box = picture.boxes[i]
            if i in told:
                lines.append(f"{before}{_name(box)} (above){_edge_text(rule)}")
                continue
            if level > DEEPEST and inputs[i]:
                lines.append(f"{before}{_name(box)} (below){_edge_text(rule)}")
                later.append(i)
                continue
            told.add(i)
            lines.append(before + _line(box, rule))
            if len(inputs[i]) == 1:
                ((x, rule),) = inputs[i]
                stack.append((x, rule, indent + signs.on, indent, level))
                continue
            for place, (x, rule) in reversed(list(enumerate(inputs[i]))):
                is_last = place == len(inputs[i]) - 1
                mark = signs.last if is_last else signs.branch
                under = indent + (signs.under if is_last else signs.beside)
                stack.append((x, rule, indent + mark, under, level + 1))
    if picture.caption:
        lines.append(picture.caption)
    written = "\n".join(lines)
    if ascii:
        return written.translate(_SPELLED).encode("ascii", "backslashreplace").decode()
    return written


def _line(box: Box, rule: str) -> str:
    named = box.label or box.kind == "more"
    title = box.title if named else f"{box.id} {box.operation or 'leaf'}"
    more = [f"({line.text})" if line.kind == "hidden" else line.text for line in box.lines[1:]]
    return "  ".join([title, *more]) + _edge_text(rule)


def _edge_text(text: str) -> str:
    return f"  ∂ {text}" if text else ""


def _name(box: Box) -> str:
    return box.label or box.id


def needs_ascii(stream: IO[str]) -> bool:
    """Return whether a stream cannot write the lines of a tree."""
    try:
        "├─└│←·…∂Σ↵".encode(getattr(stream, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return True
    return False

"""Pictures of computation graphs: DOT, SVG, Mermaid and text, with or without Graphviz.

```
model    a graph of Values -> a picture: boxes, edges, what is left out
boxes    which nodes stand together in one box
picture  what a picture holds, before any format
labels   users' text, as each format writes it
style    fonts, colors, the size of a box
dot  svg  mermaid  text      a picture in one format
layout   where boxes and edges go, without Graphviz; wrap puts what is long into rows
engines  who renders, and what to install
drawing  the graphviz.Digraph that `draw` returns
javascript                   the rule table for pages that compute; page/ holds its functions
```
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, Unpack

from autograd_mini.calls import with_options_of
from autograd_mini.drawing import engines, labels, style
from autograd_mini.drawing.dot import dot
from autograd_mini.drawing.mermaid import MOST_EDGES, fits, mermaid
from autograd_mini.drawing.model import Options, check_root, picture
from autograd_mini.drawing.picture import Picture
from autograd_mini.drawing.text import text
from autograd_mini.graph import topological_order
from autograd_mini.value import Value

if TYPE_CHECKING:
    from autograd_mini.drawing.drawing import Drawing

__all__ = ["draw", "labels", "save", "style", "text_tree", "to_dot", "to_mermaid", "to_svg"]


@with_options_of(picture)
def draw(root: Value, *, format: str = "svg", **options: Unpack[Options]) -> Drawing:
    """Draw the computation graph of a Value; a notebook shows it, with or without Graphviz.

    An operation is a rectangle, an input has round corners, a parameter (a leaf with a dotted
    label, as a network's are) a double border, the root a thick one. Colors tell the gradient:
    orange positive, purple negative, the stronger the larger. Numbers that an operator wrapped
    stand in their operation: `z ** 2`. Drawing changes nothing.

    Args:
        root: Where to start; all that it was computed from is drawn.
        format: What `render()` writes: "svg", "png", "pdf", ….
        rankdir: "LR", left to right, or "TB", top to bottom.
        show: What boxes show besides label and operation, of `data,grad,id,source`; `source` is
            the line that made the node, inside `record_source()`.
        partials: Show on each edge `local · upstream = contribution`.
        collapse: Draw a part of the graph as one box. "labels": each labeled node with the nodes
            used only through it; a list of labels or a function of a Value: those only;
            "neurons", "layers", "whole": the units of a network.
        max_nodes: Draw this many boxes at most, those nearest the root; a dashed box tells how
            many are left out at each cut.
        depth: Draw only what is at most this many edges away.
        around: A Value, a label or an id such as "n7": draw its neighborhood, inputs and
            consumers, two edges deep unless `depth` says otherwise.
        parameters: Draw the parameters of a model; False leaves them out.
        engine: Who lays out an SVG: the built-in layout, the same on every machine, or with
            "dot" Graphviz. PNG and PDF are always Graphviz's.

    Returns:
        A `graphviz.Digraph`: read its `source`, change it, `render()` it.

    Raises:
        TypeError: If `root` is not a Value.
        ValueError: If an option has no meaning.

    Example:
        >>> x = Value(3.0, "x")
        >>> y = x * x
        >>> print(draw(y, show="data").source.count("->"))
        2
    """
    from autograd_mini.drawing.drawing import Drawing

    return Drawing(picture=picture(root, **options), format=format)


@with_options_of(picture)
def to_dot(root: Value, **options: Unpack[Options]) -> str:
    """Return the graph as DOT, the language of Graphviz; the options are those of `draw`.

    Example:
        >>> print(to_dot(Value(3.0, "x")).splitlines()[0])
        digraph {
    """
    return dot(picture(root, **options))


@with_options_of(picture)
def to_svg(root: Value, **options: Unpack[Options]) -> str:
    """Return the graph as SVG; the options are those of `draw`.

    The built-in layout needs nothing. With `engine="dot"` the system's `dot` renders, else
    graphviz-pure; what is too large for them, or where both are missing, is the built-in layout's.

    Example:
        >>> "</svg>" in to_svg(Value(3.0, "x"))
        True
    """
    return engines.render_svg(picture(root, **options))


@with_options_of(picture)
def to_mermaid(root: Value, **options: Unpack[Options]) -> str:
    """Return the graph as a Mermaid flowchart; the options are those of `draw`.

    Mermaid draws at most 500 edges and 50,000 characters: fewer nodes are shown if need be.

    Example:
        >>> print(to_mermaid(Value(3.0, "x"), show="data"))
        flowchart LR
            n0(["x<br/>data 3"])
            style n0 fill:#f7f7f7,stroke:#555555,color:#000,stroke-width:3px
        <BLANKLINE>
    """
    while True:
        drawn = picture(root, **options)
        written = mermaid(drawn)
        if fits(drawn, written) or len(drawn.boxes) == 1:
            return written
        shown = sum([box.kind != "more" for box in drawn.boxes])
        options["max_nodes"] = MOST_EDGES if shown > MOST_EDGES else shown * 4 // 5


@with_options_of(picture)
def text_tree(root: Value, *, ascii: bool = False, **options: Unpack[Options]) -> str:
    """Return the graph as a tree of text; the options are those of `draw`.

    Each node is shown once, with its inputs below it in argument order; where it is met again,
    a reference stands. The only input of a node follows at the same indent.

    Args:
        root: Where to start.
        ascii: Use no other characters, for terminals that have none.
        **options: Those of `draw`.

    Example:
        >>> a, b = Value(2.0, "a"), Value(-3.0, "b")
        >>> print(text_tree(a * b + a, show="data"))
        n3 add  data -4
        ├─ n2 mul  data -6
        │  ├─ a  data 2
        │  └─ b  data -3
        └─ a (above)
    """
    return text(picture(root, **options), ascii=ascii)


MOST_BOXES: Final = 60  # that a notebook shows at once
_PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
</head>
<body>
{svg}
</body>
</html>
"""


@with_options_of(picture)
def save(root: Value, path: str | Path, **options: Unpack[Options]) -> Path:
    """Write the graph to a file in the format of its suffix; the options are those of `draw`.

    Args:
        root: Where to start.
        path: `.svg .html .dot .gv .mmd .txt` need nothing, `.png .jpg` need Graphviz or
            graphviz-pure, `.pdf .ps .eps .gif .webp .tif` need Graphviz.
        **options: Those of `draw`.

    Returns:
        The path.

    Raises:
        ValueError: If the suffix is unknown.
        RenderError: If the program that the suffix needs is missing; it says how to get it.

    Example:
        >>> import tempfile
        >>> x = Value(2.0, "x")
        >>> path = save(x * x, Path(tempfile.mkdtemp(), "graph.mmd"), show="data")
        >>> print(path.read_text("utf-8").splitlines()[0])
        flowchart LR
    """
    check_root(root)
    path, format = Path(path), format_of(path)
    if format in _WRITERS:
        path.write_bytes(_WRITERS[format](root, **options).encode("utf-8"))
    else:
        path.write_bytes(engines.render(to_dot(root, **options), format))
    return path


def _to_html(root: Value, **options: Unpack[Options]) -> str:
    drawn = picture(root, **options)
    inline = engines.render_svg(drawn)
    return _PAGE.format(title=labels.xml(drawn.title), svg=inline[inline.index("<svg") :])


def _to_text(root: Value, **options: Unpack[Options]) -> str:
    return text_tree(root, **options) + "\n"


_WRITERS: Final[dict[str, Callable[..., str]]] = {  # what needs no other program, by suffix
    "svg": to_svg,
    **dict.fromkeys(("html", "htm"), _to_html),
    **dict.fromkeys(("dot", "gv"), to_dot),
    **dict.fromkeys(("mmd", "mermaid"), to_mermaid),
    "txt": _to_text,
}


def format_of(path: str | Path) -> str:
    """Return the suffix of a drawing, without its dot.

    Raises:
        ValueError: If it is unknown.
    """
    format = Path(path).suffix.lstrip(".").lower()
    if format not in (*engines.RASTER, *engines.PAPER, *_WRITERS):
        known = ", ".join([f".{suffix}" for suffix in (*_WRITERS, *engines.RASTER, *engines.PAPER)])
        raise ValueError(f"the suffix of a drawing is one of {known}, but got {Path(path).name!r}")
    return format


def _readable(root: Value) -> Picture:
    """Return the whole graph; if it is large its neurons or layers, and a caption that says so."""
    drawn = picture(root, max_nodes=MOST_BOXES)
    total = len(topological_order(root))
    if not drawn.caption:
        return drawn
    for how in ("neurons", "layers", "whole"):
        collapsed = picture(root, collapse=how, max_nodes=MOST_BOXES)
        if any(box.kind == "group" for box in collapsed.boxes) and not collapsed.caption:
            caption = f"{total:,} nodes, collapsed to {how}; draw(..., collapse=None) shows them"
            return collapsed._replace(caption=caption)
    return drawn


def display(root: Value) -> str | None:
    """Return what a notebook shows of a Value; None, never an error, if there is no picture."""
    try:
        return engines.render_svg(_readable(root))
    except Exception:  # a broken display would hide the result of the user's cell
        return None

"""The page of a model and its data: what playground and recorded run have in common."""

from __future__ import annotations

import base64
from array import array
from collections.abc import Iterable, Mapping
from importlib import resources
from os import PathLike
from pathlib import Path
from typing import Any, Final

from autograd_mini.drawing.javascript import functions
from autograd_mini.drawing.labels import xml
from autograd_mini.player import PLAYER, document, embedded, open_page, part
from nn.playback.graphs import Graphs
from nn.playback.units import diagram

SCRIPTS: Final = (
    "largest.js", "random.js", "optimizer.js", "trainer.js", "colors.js", "forward.js",
    "curve.js", "points.js", "examples.js", "data.js", "sets.js", "network.js", "run.js",
    "example.js", "activation.js", "training.js", "settings.js", "link.js", "buttons.js",
    "playground_api.js", "playground.js",
)  # fmt: skip
STYLES: Final = ("network.css", "playground.css")
HEIGHT: Final = 760  # of a notebook's frame, in pixels


class Page:
    """What is shown as one HTML page."""

    def to_html(self, path: str | PathLike[str], *, max_nodes: int = 500) -> None:
        """Write the page: one HTML file that asks for nothing from anywhere.

        Args:
            path: Where to write it.
            max_nodes: How many boxes of a graph to draw at most, nearest the loss first.

        Raises:
            TraceError: If the model or the loss of a playground cannot be compiled.
            ValueError: If one of their operations cannot be written as JavaScript; if a playback
                has recorded nothing yet, or its loss is not known.
        """
        Path(path).write_text(self.html(max_nodes), "utf-8")

    def show(self, path: str | PathLike[str] | None = None) -> Path | None:
        """Open the page in a notebook's cell or in the browser, or say where its file is.

        Args:
            path: Where to keep the file; a temporary one by default.

        Returns:
            The file; None in a notebook without `path`.
        """
        return open_page(self.html(), path, HEIGHT)

    def _repr_html_(self) -> str | None:
        """Show the page as the last line of a notebook's cell."""
        return embedded(self.html(), HEIGHT)

    def html(self, max_nodes: int = 500) -> str:
        """Return the page."""
        raise NotImplementedError


def page(
    title: str,
    facts: str,
    model: object,
    described: Mapping[str, object],
    graphs: Graphs,
    code: str,
    blocks: Mapping[str, Any] | None = None,
) -> str:
    """Return the page as one HTML document.

    Args:
        title: The title of the window, and the heading.
        facts: What stands beside the heading.
        model: Whose network is drawn.
        described: All that the page knows but the graphs.
        graphs: The graphs of the examples.
        code: JavaScript: rules and programs.
        blocks: More JSON, by element id, that the page reads when it is wanted.
    """
    notes = "".join([f"<p>{xml(note)}</p>" for note in graphs.notes])
    panel = page_file("playground.html").format_map({"notes": notes})
    body = part("body.html").format_map(
        {"heading": title, "facts": xml(facts), "svg": "", "panel": panel}
    )
    return document(
        title,
        body,
        data={
            "playground": {**described, "graphs": graphs.pages},
            "diagram": diagram(model),
            **graphs.pictures,
            **(blocks or {}),
        },
        scripts=PLAYER,
        styles="".join(map(page_file, STYLES)),
        code="\n".join([functions(), code, *map(page_file, SCRIPTS)]),
    )


def packed_floats(numbers: Iterable[float]) -> str:
    """Return numbers as base64 of 64-bit floats.

    Example:
        >>> packed_floats([1.0])
        'AAAAAAAA8D8='
    """
    return base64.b64encode(array("d", numbers).tobytes()).decode("ascii")


def page_file(name: str) -> str:
    """Return a file of the page."""
    return (resources.files("nn") / "playback" / "page" / name).read_text("utf-8")

"""Who renders: for SVG the built-in layout, the same everywhere; for PNG and PDF Graphviz.

Where Graphviz is asked for, the system's `dot` goes first, then graphviz-pure. One that is missing,
fails or takes too long gives way to the next, at last to the built-in layout, so that an SVG can
always be had. Other formats need a program; without it the error says how to get it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from autograd_mini.drawing.dot import dot
from autograd_mini.drawing.layout import columns_crossed
from autograd_mini.drawing.picture import Picture
from autograd_mini.drawing.svg import svg
from autograd_mini.errors import RenderError

PATIENCE: Final = 20.0  # seconds for one engine
# Above these, Graphviz needs many seconds and the built-in layout does not.
LARGEST: Final = 1_000  # boxes
MOST_CROSSED: Final = 1_000  # columns that all edges cross: where 80 steps share an input, 3,240

RASTER: Final = ("png", "jpg", "jpeg")  # what graphviz-pure writes as well
PAPER: Final = ("pdf", "ps", "eps", "gif", "webp", "tif", "tiff")
_ADVICE: Final = (
    "Install it (Debian, Ubuntu: `apt-get install graphviz`; macOS: `brew install graphviz`; "
    "Windows: `choco install graphviz`)"
)
_WORKS: Final = "or save as .svg or .html, which work now."


class Engine(NamedTuple):
    """A program that reads DOT.

    Attributes:
        name: "dot" or "graphviz-pure".
        path: Where it is.
    """

    name: str
    path: str


def installed() -> Iterator[Engine]:
    """Yield the engines that are installed, best first."""
    import shutil
    import sysconfig

    if path := shutil.which("dot"):
        yield Engine("dot", path)
    pure = "graphviz-pure"  # pip may put it where PATH does not look
    if path := shutil.which(pure) or shutil.which(pure, path=sysconfig.get_path("scripts")):
        yield Engine(pure, path)


def render_svg(picture: Picture) -> str:
    """Return a picture as SVG by the engine that it asks for."""
    if picture.engine == "dot" and _suits_graphviz(picture):
        source = dot(picture).encode()
        for engine in installed():
            if engine.name == "dot" or not _has_texts_side_by_side(picture):
                written, _ = _run(engine, source, "svg")
                if written is not None and b"<svg" in written:
                    return written.decode("utf-8", "replace")
    return svg(picture)


def _has_texts_side_by_side(picture: Picture) -> bool:
    """Return whether edges' texts may overlap where, as in graphviz-pure, no font is measured."""
    return picture.rankdir == "TB" and any(edge.text for edge in picture.edges)


def _suits_graphviz(picture: Picture) -> bool:
    """Return whether Graphviz draws a picture in a second or two."""
    if len(picture.boxes) > LARGEST:
        return False
    ends = [(edge.source, edge.target) for edge in picture.edges]
    ranks = 2 if any(edge.text for edge in picture.edges) else 1  # labels have ranks of their own
    return ranks * columns_crossed(len(picture.boxes), ends) <= MOST_CROSSED


def render(source: str, format: str) -> bytes:
    """Return a DOT document in a format that needs an engine.

    Raises:
        RenderError: If no engine that is installed can write the format.
    """
    said, pure_writes = "", format in (*RASTER, "svg")
    for engine in installed():
        if engine.name == "dot" or pure_writes:
            asked = "jpeg" if format == "jpg" else format
            written, error = _run(engine, source.encode(), asked)
            if written:
                return written
            said = said or f"`{engine.name}` could not write {format.upper()}: {error}"
    if said:
        raise RenderError(f"{said}. Try another format, {_WORKS}", source)
    other, install = "", ""
    if pure_writes:
        other, install = ", or graphviz-pure", ", or `pip install 'autograd_mini[dot]'`"
    needs = f"{format.upper()} needs Graphviz's `dot`, which is not on PATH{other}"
    raise RenderError(f"{needs}. {_ADVICE}{install}, {_WORKS}", source)


def _run(engine: Engine, source: bytes, format: str) -> tuple[bytes | None, str]:
    """Return what an engine wrote; None, and why, if it failed."""
    import subprocess

    try:
        done = subprocess.run(
            [engine.path, f"-T{format}"],
            input=source,
            capture_output=True,
            timeout=PATIENCE,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode("utf-8", "replace").strip().splitlines()
        return None, said[-1] if said else f"exit status {error.returncode}"
    except (OSError, subprocess.SubprocessError) as error:
        return None, str(error)
    return done.stdout, ""

"""How a page is shown: in a browser, in a notebook, or as a file whose name is printed."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from functools import partial
from os import PathLike
from pathlib import Path

from autograd_mini.calls import answered
from autograd_mini.player.document import embedded
from autograd_mini.player.trace import trace_page
from autograd_mini.steps import Trace
from autograd_mini.value import Value


@answered
def show(
    root: Value | Trace, *, path: str | PathLike[str] | None = None, max_nodes: int = 300
) -> Path | None:
    """Open the player of a graph: step through it, and change its numbers.

    A notebook shows it in the cell; elsewhere it opens in the browser. Where there is none, as
    on a server, the file is named.

    Args:
        root: A Value, or a Trace with its seed.
        path: Where to keep the file; without it, it is a temporary one.
        max_nodes: How many boxes to draw at most, nearest the root first.

    Returns:
        The file; None in a notebook without `path`.

    Example:
        >>> import os, tempfile
        >>> os.environ["BROWSER"] = "true"  # a program that does nothing
        >>> a = Value(2.0, "a")
        >>> show(a * a, path=tempfile.mkdtemp() + "/square.html").name
        'square.html'
    """
    trace = root if isinstance(root, Trace) else Trace(root)
    return open_page(trace_page(trace, max_nodes=max_nodes), path)


def open_page(page: str, path: str | PathLike[str] | None = None, height: int = 640) -> Path | None:
    """Show a page in the notebook or the browser, or say where its file is.

    Args:
        page: The HTML.
        path: Where to keep it.
        height: Of the frame in a notebook, in pixels.

    Returns:
        The file; None in a notebook without `path`.

    Example:
        >>> import os, tempfile
        >>> os.environ["BROWSER"] = "true"  # a program that does nothing
        >>> open_page("<p>", tempfile.mkdtemp() + "/page.html").read_text()
        '<p>'
    """
    display = _notebook()
    if display is not None:
        display({"text/html": embedded(page, height), "text/plain": "a page"})
        if path is None:
            return None
    elif path is None:
        import tempfile

        handle, path = tempfile.mkstemp(".html", "autograd_mini-")
        os.close(handle)
    written = Path(path).resolve()
    written.write_text(page, "utf-8")
    if display is None and not _browse(written.as_uri()):
        print(f"open {written} in a browser")
    return written


def _notebook() -> Callable[..., object] | None:
    """A function that shows a page in the notebook's cell; None outside of one."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None or not hasattr(shell, "kernel"):
        return None
    # as it is: of a frame, HTML(text) warns that IFrame(address) might be meant
    return partial(importlib.import_module("IPython.display").display, raw=True)


def _browse(address: str) -> bool:
    """Open a browser and return whether there is one."""
    has_screen = sys.platform in ("win32", "darwin") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    )
    if not has_screen:  # a text browser would take the terminal
        return False
    import webbrowser

    try:
        return webbrowser.open(address)
    except webbrowser.Error:
        return False

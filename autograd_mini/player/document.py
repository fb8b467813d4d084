"""A page as one file: HTML, styles, scripts and data, and nothing from anywhere else.

Labels are data throughout: they are escaped on the way in and set as text on the way out.
"""

from __future__ import annotations

import base64
import html
import json
import math
import re
import zlib
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any, Final, cast

from autograd_mini.drawing import labels

__all__ = ["PLAYER", "document", "embedded", "packed", "part", "script_json"]

PLAYER: Final = (  # the modules of the player, in the order in which they build on each other
    *("numbers.js", "elements.js", "packed.js", "address.js", "evaluate.js", "pass.js", "why.js"),
    *("camera.js", "scene.js", "edits.js", "compare.js", "quiz.js", "table.js", "details.js"),
    *("player.js", "controls.js", "api.js"),
)
_LARGE: Final = 5000  # characters of JSON that are worth packing
_NO_SCRIPT: Final = """
.needs-script { display: none !important; }
.stage { grid-template: minmax(0, 1fr) / minmax(0, 1fr); grid-template-areas: "canvas"; }
#drawing { cursor: auto; touch-action: auto; }
.final { padding: 0 16px 12px; }
"""


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
    data: Mapping[str, object],
    scripts: Sequence[str] = (),
    styles: str = "",
    code: str = "",
) -> str:
    """Return a whole page: nothing outside of it is ever asked for.

    Args:
        title: Of the window, as plain text.
        body: HTML.
        data: JSON blocks by element id, packed where it pays.
        scripts: Files of `page/`, in order.
        styles: More CSS.
        code: More JavaScript, after the files.
    """
    blocks = [_block(name, script_json(value)) for name, value in data.items()]
    source = "\n".join([*[part(name) for name in scripts], code])
    fields = {
        "title": labels.xml(title),
        "css": part("player.css") + styles,
        "noscript_css": _NO_SCRIPT,
        "body": "\n".join([body, *blocks, f'<script>\n"use strict";\n{source}</script>']),
    }
    # one pass over the template: what is put in is never looked at again
    return re.sub(r"\{\{(\w+)\}\}", lambda field: fields[field[1]], part("player.html"))


def part(name: str) -> str:
    """Return a file of the page."""
    return (resources.files("autograd_mini.player") / "page" / name).read_text("utf-8")


def packed(text: str) -> str:
    """Return a text deflated, as base64, which the page's `unpacked` reads.

    Example:
        >>> len(packed("box " * 1000)) < 100
        True
    """
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    squeezed = deflate.compress(text.encode("utf-8")) + deflate.flush()
    return base64.b64encode(squeezed).decode("ascii")


def _block(name: str, text: str) -> str:
    start = f'<script type="application/json" id="{name}"'
    squeezed = packed(text) if len(text) > _LARGE else text
    if len(squeezed) < 0.7 * len(text):  # numbers hardly shrink
        return f"{start} data-packed>{squeezed}</script>"
    return f"{start}>{text}</script>"


def script_json(value: object) -> str:
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
        return {key: _finite(x) for key, x in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, (list, tuple)):
        return [_finite(x) for x in cast("Sequence[Any]", value)]
    return value

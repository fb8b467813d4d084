"""Labels are data: whatever a user wrote is shown as written, in every format.

A label may hold quotes, markup, newlines, emoji or ten thousand characters. Each format has its
own way of writing such things; all of them are here, side by side.
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Final

from autograd_mini.graph.names import shortened

LONGEST: Final = 24  # characters of a label inside a box; hovering shows the rest

# What XML has no way to write: control characters, halves of a surrogate pair, two non-characters.
_UNWRITABLE: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]"
)
_MERMAID: Final = {ord(c): f"#{ord(c)};" for c in "#`\\[]*_~|!@:%$"} | str.maketrans(
    {'"': "#quot;", "<": "#lt;", ">": "#gt;", "&": "#amp;"}
)
# Mermaid also obeys what it has decoded: newlines, icons, formulas. An invisible sign parts them.
_COMMAND: Final = re.compile(r"\\(?=n\w)|\bfa[a-z]?(?=:)|\$(?=\$)")
_DIRECTION: Final = re.compile(r"(\bdirection) ")  # a statement, wherever it stands
# Mermaid reads a label as Markdown and refuses lists and links: their first signs are encoded.
_MARKDOWN: Final = re.compile(r"^(\s*)([-+=])|(?:(?<=^\d)|(?<=^\d\d)|(?<=www))([.)])")


def clean(text: str) -> str:
    r"""Return `text` without the characters that no drawing can hold.

    Example:
        >>> clean("a\x00b")
        'ab'
    """
    return _UNWRITABLE.sub("", text)


def one_line(text: str) -> str:
    r"""Return `text` as one line: a newline becomes a visible sign.

    Example:
        >>> one_line("two\nlines")
        'two↵lines'
    """
    return re.sub("\r\n?|[\n\x85\u2028\u2029]", "↵", clean(text)).replace("\t", " ")


def shorten(text: str, longest: int = LONGEST) -> str:
    """Return `text`, cut at `longest` characters with an ellipsis.

    Example:
        >>> shorten("the pre-activation of unit 2")
        'the pre-activation of u…'
    """
    return shortened(text, longest)


def xml(text: str) -> str:
    """Return `text` as the content of an SVG or HTML element or attribute.

    Example:
        >>> xml('</script> & "more"')
        '&lt;/script&gt; &amp; &quot;more&quot;'
    """
    return html.escape(clean(text)).replace("\r", "&#13;")


def dot_string(*lines: str) -> str:
    r"""Return lines of text as one DOT attribute, quotes included.

    Backslashes are DOT's escapes and `&lt;` its entities: both are written so that they mean
    themselves.

    Example:
        >>> print(dot_string("a \\N", 'say "x"'))
        "a \\N\nsay \"x\""
    """
    written = [
        clean(line).replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
        for text in lines
        for line in text.splitlines() or [""]
    ]
    return '"' + "\\n".join(written) + '"'


def dot_tooltip(text: str) -> str:
    r"""Return text of any number of lines as a DOT tooltip, quotes included.

    Graphviz reads the escapes of a tooltip twice: a backslash is written as four.

    Example:
        >>> print(dot_tooltip(r"a \l"))
        "a \\\\l"
    """
    return dot_string(text.replace("\\", "\\\\"))


def mermaid_string(*lines: str) -> str:
    """Return lines of text as a Mermaid label, quotes included.

    Example:
        >>> mermaid_string('a "b"', "data 2")
        '"a #quot;b#quot;<br/>data 2"'
    """
    parted = [_COMMAND.sub(lambda m: m[0] + "\u2060", one_line(line)) for line in lines]
    written = [_DIRECTION.sub("\\1#32;", line.translate(_MERMAID)) for line in parted]
    encoded = [
        _MARKDOWN.sub(lambda m: f"{m[1] or ''}#{ord(m[2] or m[3])};", line) for line in written
    ]
    return '"' + "<br/>".join(encoded) + '"'


def width(text: str) -> int:
    """Return how many columns of a fixed-width font `text` takes.

    Example:
        >>> width("data"), width("損失")
        (4, 4)
    """
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )

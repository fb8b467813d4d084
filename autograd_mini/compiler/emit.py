"""Emit: write statements in a language.

A language is a file in `languages`: its class `Writer` says how the rows of the table are written,
what an array is, and how statements and programs are put together. All walk the same statements.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Final, NamedTuple

from autograd_mini.compiler import languages
from autograd_mini.compiler.language import Language
from autograd_mini.compiler.lower import lower
from autograd_mini.compiler.plan import Plan

LANGUAGES: Final = sorted(file.name for file in iter_modules(languages.__path__))


class Text(NamedTuple):
    """A program's text: a whole module.

    Attributes:
        source: The text; running it defines `bind` (or the function itself, for one example).
        namespace: The user's own functions that the text calls; without any it runs by itself.
        guarded: Whether the function also returns a number that is not finite if an operand may
            have been outside of its row's domain.
    """

    source: str
    namespace: dict[str, Any]
    guarded: bool


def emit(plan: Plan, purpose: str, language: str | type[Language] = "numpy") -> Text:
    """Return the program of a plan.

    Args:
        plan: What to write.
        purpose: `plan.FORWARD`, `GRADIENT` or `INPUTS`.
        language: "numpy", over a batch; "python", plain floats for a single example;
            "javascript", over a batch in Float64Arrays (`languages/javascript.py` says how to
            call it); or a class of the caller's.

    Raises:
        OpaqueError: If an operation of the user's cannot be written as JavaScript.
    """
    kind = _language(language) if isinstance(language, str) else language
    writer = kind(lower(plan, purpose))
    source = writer.program()
    return Text(source, writer.namespace, writer.is_guarded and bool(writer.lowered.watched))


def _language(name: str) -> type[Language]:
    if name not in LANGUAGES:
        known = ", ".join(LANGUAGES)
        raise ValueError(f"no language is called {name!r}: choose one of {known}")
    return import_module(f"{languages.__name__}.{name}").Writer

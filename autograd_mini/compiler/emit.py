"""Emit: write statements in a language.

A language is a class in `languages`: how the rows of the table are spelled, what an array is,
and how statements and programs are put together. All walk the same list of statements.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from autograd_mini.compiler.languages.language import Language
from autograd_mini.compiler.lower import lower
from autograd_mini.compiler.plan import Plan

LANGUAGES = ("numpy", "python", "javascript")


class Text:
    """A program's text: a whole module.

    Attributes:
        source: The text; running it defines `bind` (or the function itself, for one example).
        namespace: The user's own functions that the text calls; without any it runs by itself.
        guarded: Whether the function also returns a number that is not finite if an operand may
            have been outside of its row's domain.
    """

    __slots__ = ("guarded", "namespace", "source")

    def __init__(self, source: str, namespace: dict[str, Any], *, guarded: bool) -> None:
        self.source = source
        self.namespace = namespace
        self.guarded = guarded


def emit(plan: Plan, purpose: str, language: str = "numpy") -> Text:
    """Return the program of a plan.

    Args:
        plan: What to write.
        purpose: `plan.FORWARD`, `GRADIENT` or `INPUTS`.
        language: "numpy", over a batch; "python", plain floats for a single example; or
            "javascript", over a batch in Float64Arrays (`languages/javascript.py` says how to
            call it).

    Raises:
        OpaqueError: If an operation of the user's cannot be written as JavaScript.
    """
    program = _language(language)(lower(plan, purpose))
    source = program.run()
    guarded = bool(program.lowered.watched) and language == "numpy"
    return Text(source, program.namespace, guarded=guarded)


@cache
def _language(name: str) -> type[Language]:
    if name == "numpy":
        from autograd_mini.compiler.languages.numpy import NumPy

        return NumPy
    if name == "python":
        from autograd_mini.compiler.languages.python import Python

        return Python
    if name == "javascript":
        from autograd_mini.compiler.languages.javascript import JavaScriptProgram

        return JavaScriptProgram
    raise ValueError(f"no language is called {name!r}: choose one of {', '.join(LANGUAGES)}")

"""Compiled programs in a page: the same statements as the NumPy text, as JavaScript."""

from __future__ import annotations

import re
from collections.abc import Mapping

from autograd_mini.compiler import Program
from autograd_mini.compiler.emit import emit
from autograd_mini.compiler.languages.javascript import functions
from autograd_mini.compiler.plan import FORWARD, GRADIENT


def javascript_programs(named: Mapping[str, Program], *, more: bool = False) -> str:
    """Return JavaScript that defines PROGRAMS: for each name what binds a program to a batch size.

    It stands after `functions()`, which it calls. With `more`, it adds to the PROGRAMS that are
    there.

    `PROGRAMS.loss(theta, gtheta, B)` is a function of one Float64Array for each argument, number
    `i` of example `b` at `i * B + b`. A program of one number returns the mean and fills
    `gtheta`; one of a list returns rows of results.

    Raises:
        OpaqueError: If an operation cannot be written as JavaScript.

    Example:
        >>> from autograd_mini import Value, compile
        >>> w = Value(3.0)
        >>> print(javascript_programs({"loss": compile(lambda x: w * x, 2.0)})[:33])
        const PROGRAMS = {
        loss: (() => {
    """
    texts = [
        f"{name}: (() => {{\n{_script(program)}return bind;\n}})(),"
        for name, program in named.items()
    ]
    start, end = ("Object.assign(PROGRAMS, {", "});") if more else ("const PROGRAMS = {", "};")
    return "\n".join([start, *texts, end])


def _script(program: Program) -> str:
    plan = program._plan  # pyright: ignore[reportPrivateUsage] # the two are one machine
    purpose = GRADIENT if program._graph.scalar else FORWARD  # pyright: ignore[reportPrivateUsage]
    source = emit(plan, purpose, "javascript").source
    own = source.replace(functions(), "")  # one for all of a page's programs
    return re.sub(r"[ ]*//[^\n]*\n", "\n", own)  # comments name lines of the author's files

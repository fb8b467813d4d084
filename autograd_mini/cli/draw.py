"""`python -m autograd_mini draw script.py`: the graph that a script differentiates.

`python -m autograd_mini draw module:name` draws a Value of a module, or what a function returns.
"""

from __future__ import annotations

import errno
import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import cast

from autograd_mini.calls import parameters
from autograd_mini.cli.parser import Parser
from autograd_mini.cli.screen import refuse, say
from autograd_mini.cli.scripts import resolve_name, run_script
from autograd_mini.drawing import format_of, save, text_tree
from autograd_mini.drawing.boxes import COLLAPSES
from autograd_mini.drawing.model import DIRECTIONS, ENGINES, FIELDS, Options, picture
from autograd_mini.drawing.text import needs_ascii
from autograd_mini.errors import RenderError
from autograd_mini.steps import Trace
from autograd_mini.value import ZERO, Value


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says and return the exit status."""
    asked, own = _command_line(arguments)
    options = cast(Options, {name: getattr(asked, name) for name in Options.__annotations__})
    try:  # before the script runs, which may take long
        _check_place(asked.path)
        text_tree(Value(0.0), **{**options, "around": None})
    except (ValueError, OSError) as error:
        return refuse(error)
    if ":" in asked.script and not os.path.exists(asked.script):
        return _draw_named(asked.script, asked.path, options)
    passes, here = 0, os.getcwd()

    def visit(root: Value, seed: float) -> None:
        nonlocal passes
        passes += 1
        if passes != asked.nth:
            return
        trace = Trace(root, seed)
        gradients = trace.at(len(trace))
        for node in trace.nodes:
            node.grad = gradients.get(node, ZERO)
        os.chdir(here)  # wherever the script went
        raise SystemExit(_show(root, asked.path, options))

    try:
        status = run_script(asked.script, own, visit)
    except SystemExit as end:  # the script's own, or that of `visit`
        if passes >= asked.nth or end.code:
            raise
        status = 0
    if status == 0:
        called = "never called" if not passes else "called once"
        called = f"called {passes} times" if passes > 1 else called
        say(f"{asked.script} ended, and backward() was {called}", sys.stderr)
        return 1
    return status


def _command_line(arguments: Sequence[str]) -> tuple[Namespace, list[str]]:
    """Return what the command line asks for, and the script's own arguments."""
    parser = Parser(
        "python -m autograd_mini draw",
        usage="%(prog)s [OPTIONS] SCRIPT [OPTIONS] [-- ARGUMENTS]",
        description="Run a script up to a backward(), and draw its graph with the gradients; "
        "or draw a Value of a module, or the one that a function of it returns.",
    )
    add = parser.add_argument
    add(
        "-o",
        dest="path",
        metavar="FILE",
        help="where to write it: .svg .html .dot .mmd .txt .png .pdf; without it print a tree",
    )
    add("-n", dest="nth", metavar="N", type=int, default=1, help="the Nth backward() (default: 1)")
    add("--collapse", choices=COLLAPSES, help="draw each of these as one box")
    add("--partials", action="store_true", help="local derivatives on the edges")
    add("--max-nodes", metavar="N", type=int, help="(default: %(default)s)")
    add("--depth", metavar="N", type=int, help="edges from the root, or from --around")
    add("--around", metavar="NODE", help="a label or an id such as n7: draw its neighborhood")
    add("--rankdir", choices=DIRECTIONS, help="(default: %(default)s)")
    add("--no-parameters", dest="parameters", action="store_false", help="leave parameters out")
    add("--engine", choices=ENGINES, help="who lays out an .svg (default: built-in)")
    add("--show", metavar="FIELDS", help=f"some of {','.join(FIELDS)}")
    parser.set_defaults(**{option.name: option.default for option in parameters(picture)[1:]})
    add("script", metavar="SCRIPT", nargs="?", help="the Python file to run, or module:name")
    add("own", metavar="ARGUMENTS", nargs="*", help="the script's own, after -- if it has options")
    arguments = list(arguments)
    at = arguments.index("--") if "--" in arguments else len(arguments)
    asked, unknown = parser.parse_known_intermixed_args(arguments[:at])
    own = arguments[at + 1 :]
    if asked.script is None and own:
        asked.script, *own = own
    if asked.script is None:
        parser.error("a SCRIPT is needed, or module:name")
    if unknown:
        mine = " ".join([*unknown, *asked.own])
        parser.error(
            f"{parser.unknown(unknown)} (the script's own arguments come after --, as in "
            f"draw {asked.script} -- {mine})"
        )
    if asked.nth < 1:
        parser.error(f"-n counts from 1, but got {asked.nth}")
    return asked, [*asked.own, *own]


def _check_place(path: str | None) -> None:
    """Raise ValueError or OSError if no drawing can be written there."""
    if path is not None:
        format_of(path)
        folder = os.path.dirname(path)
        if folder and not os.path.isdir(folder):
            raise FileNotFoundError(errno.ENOENT, "there is no such directory", folder)
        if os.path.isdir(path):
            raise IsADirectoryError(errno.EISDIR, "this is a directory, not a file", path)


def _show(root: Value, path: str | None, options: Options) -> int:
    """Write the graph to a path, or print it as a tree, and return the exit status."""
    try:
        if path:
            say(f"wrote {save(root, path, **options)}")
        else:
            say(text_tree(root, ascii=needs_ascii(sys.stdout), **options))
    except (ValueError, OSError, RenderError) as error:
        return refuse(error)
    return 0


def _draw_named(target: str, path: str | None, options: Options) -> int:
    """Draw what `module:name` is or, if it is a function, returns."""
    try:
        root = resolve_name(target)
        root = root() if callable(root) else root
    except (TypeError, ValueError) as error:
        return refuse(f"{target} cannot be drawn: {error}")
    if not isinstance(root, Value):
        return refuse(f"a drawing starts at a Value, but {target} is {root!r}")
    return _show(root, path, options)

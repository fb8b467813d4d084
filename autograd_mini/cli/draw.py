"""`python -m autograd_mini draw script.py`: the graph that a script differentiates.

`python -m autograd_mini draw module:name` draws a Value of a module, or what a function returns.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from autograd_mini.cli.scripts import named, run
from autograd_mini.drawing import save, text_tree
from autograd_mini.drawing.model import Options
from autograd_mini.drawing.text import needs_ascii
from autograd_mini.errors import RenderError
from autograd_mini.steps import Trace
from autograd_mini.value import ZERO, Value

__all__ = ["main"]


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says and return the exit status."""
    parser = argparse.ArgumentParser(
        "python -m autograd_mini draw",
        description="Run a script up to a backward(), and draw its graph with the gradients; "
        "or draw a Value of a module, or the one that a function of it returns.",
    )
    parser.add_argument(
        "-o",
        dest="path",
        help="where to write it: .svg .html .dot .mmd .txt .png .pdf; without it print a tree",
    )
    parser.add_argument(
        "-n", dest="nth", type=int, default=1, help="which backward() of the script (default: 1)"
    )
    parser.add_argument("--collapse", help="one box for each: labels, neurons, layers, whole")
    parser.add_argument("--partials", action="store_true", help="local derivatives on the edges")
    parser.add_argument("--max-nodes", type=int, default=300, help="(default: %(default)s)")
    parser.add_argument("--depth", type=int, help="edges from the root, or from --around")
    parser.add_argument("--around", help="a label or an id such as n7: draw its neighborhood")
    parser.add_argument("--rankdir", default="LR", help="LR or TB (default: %(default)s)")
    parser.add_argument("--show", default="data,grad", help="data,grad,id,source")
    parser.add_argument("script", help="the Python file to run, or module:name")
    parser.add_argument("args", nargs=argparse.REMAINDER, help="the script's own arguments")
    asked = parser.parse_args(arguments)
    options: Options = {
        "rankdir": asked.rankdir,
        "show": asked.show,
        "partials": asked.partials,
        "collapse": asked.collapse,
        "max_nodes": asked.max_nodes,
        "depth": asked.depth,
        "around": asked.around,
    }
    if "-o" in asked.args and asked.path is None:
        told = f"-o comes before {asked.script}: what follows are its own arguments"
        print(told, file=sys.stderr)
    if ":" in asked.script and not os.path.exists(asked.script):
        return _draw_named(asked.script, asked.path, options)
    passes = 0

    def visit(root: Value, seed: float) -> None:
        nonlocal passes
        passes += 1
        if passes != asked.nth:
            return
        trace = Trace(root, seed)
        gradients = trace.at(len(trace))
        for node in trace.nodes:
            node.grad = gradients.get(node, ZERO)
        raise SystemExit(_show(root, asked.path, options))

    status = run(asked.script, asked.args, visit)
    if status == 0:
        called = f"called {passes} times" if passes else "never called"
        print(f"{asked.script} ended, and backward() was {called}", file=sys.stderr)
        return 1
    return status


def _show(root: Value, path: str | None, options: Options) -> int:
    """Write the graph to a path, or print it as a tree, and return the exit status."""
    try:
        if path:
            print(f"wrote {save(root, path, **options)}")
        else:
            print(text_tree(root, ascii=needs_ascii(sys.stdout), **options))
    except (ValueError, OSError, RenderError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _draw_named(target: str, path: str | None, options: Options) -> int:
    """Draw what `module:name` is or, if it is a function, returns."""
    try:
        root = named(target)
        root = root() if callable(root) else root
    except (TypeError, ValueError) as error:
        print(f"{target} cannot be drawn: {error}", file=sys.stderr)
        return 2
    if not isinstance(root, Value):
        print(f"a drawing starts at a Value, but {target} is {root!r}", file=sys.stderr)
        return 2
    return _show(root, path, options)

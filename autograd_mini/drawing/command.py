"""`python -m autograd_mini draw script.py`: the graph that a script differentiates."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from autograd_mini.drawing import save, text_tree
from autograd_mini.drawing.model import Options
from autograd_mini.drawing.text import needs_ascii
from autograd_mini.errors import RenderError
from autograd_mini.value import Value

__all__ = ["main"]


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says and return the exit status."""
    parser = argparse.ArgumentParser(
        "python -m autograd_mini draw",
        description="Run a script up to a backward(), and draw its graph with the gradients.",
    )
    parser.add_argument(
        "-o",
        dest="path",
        help="where to write it: .svg .html .dot .mmd .txt .png .pdf; without it print a tree",
    )
    parser.add_argument(
        "-n", dest="nth", type=int, default=1, help="which backward() of the script (default: 1)"
    )
    parser.add_argument("--collapse", help="one box for each labels, layers, neurons, ...")
    parser.add_argument("--partials", action="store_true", help="local derivatives on the edges")
    parser.add_argument("--max-nodes", type=int, default=300, help="(default: %(default)s)")
    parser.add_argument("script", help="the Python file to run")
    parser.add_argument("args", nargs=argparse.REMAINDER, help="the script's own arguments")
    asked = parser.parse_args(arguments)
    options: Options = {"partials": asked.partials, "max_nodes": asked.max_nodes}
    if asked.collapse:
        options["collapse"] = asked.collapse
    # The debugger stands above drawing, and is what knows how to run scripts.
    from autograd_mini.debugger import Moment, run
    from autograd_mini.steps import Trace

    passes = 0

    def visit(root: Value, seed: float) -> None:
        nonlocal passes
        passes += 1
        if passes != asked.nth:
            return
        moment = Moment(Trace(root, seed))
        moment.go(moment.end)
        try:
            if asked.path:
                print(f"wrote {save(root, asked.path, **options)}")
            else:
                print(text_tree(root, ascii=needs_ascii(sys.stdout), **options))
        except (ValueError, OSError, RenderError) as error:
            print(error, file=sys.stderr)
            raise SystemExit(2) from None
        raise SystemExit(0)

    status = run(asked.script, asked.args, visit)
    if status == 0:
        times = "never" if passes == 0 else f"{passes} times"
        print(f"{asked.script} ended, and backward() was called {times}", file=sys.stderr)
        return 1
    return status

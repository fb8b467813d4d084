"""List the demos, or run one: `python -m demos [NAME [--option VALUE]...]`."""

from __future__ import annotations

import argparse
import ast
import importlib
import inspect
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from autograd_mini import __version__
from autograd_mini.cli.screen import Parser, refuse, say, until_enough_is_read, wrapped


def found() -> dict[str, str]:
    """Return each demo's name and the first line of its docstring, without importing any."""
    return {
        path.stem: (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").partition("\n")[0]
        for path in sorted(Path(__file__).parent.glob("[!_]*.py"))
    }


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says and return the exit status."""
    with until_enough_is_read():
        return _main(arguments)
    return 0


def _main(arguments: Sequence[str]) -> int:
    demos = found()
    if not arguments or arguments[0] in ("-h", "--help"):
        width = max(map(len, demos), default=0)
        seen = sys.stdout.isatty()
        for name, line in demos.items():
            listed = f"{name:{width}}  {line}"
            say(wrapped(listed, indent=width + 2) if seen else listed)
        say("\nRun one with  python -m demos NAME  (--help lists its options)")
        return 0
    name, *options = arguments
    if name == "--version":
        say(f"autograd_mini {__version__}")
        return 0
    if name not in demos:
        near = get_close_matches(name, demos, n=1)
        advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(demos)}"
        return refuse(f"no demo is called {name!r}: {advice}")
    demo = importlib.import_module(f"demos.{name}")
    parser = Parser(f"python -m demos {name}", description=demos[name])
    for parameter in inspect.signature(demo.main).parameters.values():
        option = "--" + parameter.name.replace("_", "-")
        default = parameter.default
        if isinstance(default, bool):
            parser.add_argument(option, action=argparse.BooleanOptionalAction, default=default)
        else:
            parser.add_argument(
                option, type=type(default), default=default, help="default: %(default)s"
            )
    demo.main(**vars(parser.parse_args(options)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

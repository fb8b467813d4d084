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


def found() -> dict[str, str]:
    """Return each demo's name and the first line of its docstring, without importing any."""
    return {
        path.stem: (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").partition("\n")[0]
        for path in sorted(Path(__file__).parent.glob("[!_]*.py"))
    }


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says and return the exit status."""
    demos = found()
    if not arguments or arguments[0] in ("-h", "--help"):
        width = max(map(len, demos), default=0)
        print(*[f"{name:{width}}  {line}" for name, line in demos.items()], sep="\n")
        print("\nRun one with  python -m demos NAME  (--help lists its options)")
        return 0
    name, *options = arguments
    if name not in demos:
        near = get_close_matches(name, demos, n=1)
        advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(demos)}"
        print(f"no demo is called {name!r}: {advice}", file=sys.stderr)
        return 2
    demo = importlib.import_module(f"demos.{name}")
    parser = argparse.ArgumentParser(f"python -m demos {name}", description=demos[name])
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

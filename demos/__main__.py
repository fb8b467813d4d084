"""List the demos, or run one: `python -m demos [NAME [--option VALUE]...]`."""

from __future__ import annotations

import argparse
import ast
import importlib
import inspect
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograd_mini.cli.parser import Parser, chosen, say_commands
from autograd_mini.cli.screen import refuse, say, until_enough_is_read

if TYPE_CHECKING:
    from nn import History


def found() -> dict[str, str]:
    """Return each demo's name and the first line of its docstring, without importing any."""
    return {
        path.stem: (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").partition("\n")[0]
        for path in sorted(Path(__file__).parent.glob("[!_]*.py"))
    }


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says and return the exit status."""
    with until_enough_is_read():
        try:
            return _main(arguments)
        except ModuleNotFoundError as error:
            return refuse(f"error: {_missing(error)}")
        except (ImportError, OSError, ValueError) as error:
            return refuse(error, "error: ")
    return 0


def _main(arguments: Sequence[str]) -> int:
    demos = found()
    if not arguments:
        _help()
        return 0
    name = chosen(arguments, demos, prog="python -m demos", help=_help, noun="demo")
    if isinstance(name, int):
        return name
    demo: Any = importlib.import_module(f"demos.{name}")
    parser = Parser(f"python -m demos {name}", description=demos[name])
    for parameter in inspect.signature(demo.main).parameters.values():
        option = "--" + parameter.name.replace("_", "-")
        default = parameter.default
        if isinstance(default, bool):
            parser.add_argument(option, action=argparse.BooleanOptionalAction, default=default)
        else:
            is_count = type(default) is int and default > 0 and parameter.name != "seed"
            kind = _count if is_count else type(default)
            parser.add_argument(option, type=kind, default=default, help="(default: %(default)s)")
    options = vars(parser.read(arguments[1:]))
    if hasattr(demo, "fit"):
        demo.fit = _ending_with(demo.fit)
    demo.main(**options)
    return 0


def _missing(error: ModuleNotFoundError) -> str:
    sources = {"sklearn": "'autograd_mini[sklearn]'", "pytest": "--group test"}
    source = sources.get(error.name or "")
    return f"this demo needs {error.name}: pip install {source}" if source else str(error)


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _ending_with(fit: Callable[..., History]) -> Callable[..., History]:
    """Let Ctrl-C, which `fit` survives, end the demo as well: pictures of whole runs stay."""

    def run(*args: Any, **options: Any) -> History:
        history = fit(*args, **options)
        if history.stopped == "interrupted":
            sys.exit(130)
        return history

    return run


def _help() -> None:
    say("usage: python -m demos [NAME [--option VALUE]...]\n")
    say_commands(found(), "  ")
    say("\nRun one with  python -m demos NAME  (--help lists its options)")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

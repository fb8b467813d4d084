"""The commands of `python -m autograd_mini [COMMAND [ARGUMENTS]...]`.

Without a command it is a one-minute tour. A command's module has `main(arguments) -> status`.

```
tour      what the package does, on one screen
debug     step through each backward() of a script
draw      draw the graph of a script
check     check a gradient
scripts   what they share: running a user's script, finding a name in a module
```
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

__all__ = ["COMMANDS", "main"]

COMMANDS: Final = {  # command: (module, what it does)
    "debug": ("autograd_mini.cli.debug", "run a script and step through each backward() of it"),
    "draw": ("autograd_mini.cli.draw", "run a script and draw the graph of a backward()"),
    "check": ("autograd_mini.cli.check", "check the gradient of a function at a point"),
}


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says and return the exit status."""
    if not arguments:
        from autograd_mini.cli.tour import tour

        tour()
        print("Commands, each with --help:")
        _list_commands()
        return 0
    if arguments[0] in ("-h", "--help"):
        print("usage: python -m autograd_mini [COMMAND [ARGUMENTS]...]\n")
        _list_commands()
        return 0
    if arguments[0] == "--version":
        from autograd_mini import __version__

        print(f"autograd_mini {__version__}")
        return 0
    name, *rest = arguments
    if name not in COMMANDS:
        near = get_close_matches(name, COMMANDS, n=1)
        advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(COMMANDS)}"
        print(f"no command is called {name!r}: {advice}", file=sys.stderr)
        return 2
    return importlib.import_module(COMMANDS[name][0]).main(rest)


def _list_commands() -> None:
    for name, (_, does) in COMMANDS.items():
        print(f"  python -m autograd_mini {name:8} {does}")

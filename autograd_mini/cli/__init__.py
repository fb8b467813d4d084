"""The commands of `python -m autograd_mini [COMMAND [ARGUMENTS]...]`.

Without a command it is a one-minute tour. A command's module has `main(arguments) -> status`.

```
tour      what the package does, on one screen
debug     step through each backward() of a script
draw      draw the graph of a script
check     check a gradient
scripts   what they share: running a user's script, finding a name in a module
screen    printing on any console, to a reader who may leave
```
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

from autograd_mini.cli.screen import refuse, say, until_enough_is_read, wrapped

__all__ = ["COMMANDS", "main"]

COMMANDS: Final = {  # command: (module, what it does)
    "debug": ("autograd_mini.cli.debug", "step through each backward() of a script"),
    "draw": ("autograd_mini.cli.draw", "draw the graph that a script differentiates"),
    "check": ("autograd_mini.cli.check", "check the gradient of a function at a point"),
}


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says and return the exit status."""
    with until_enough_is_read():
        return _main(arguments)
    return 0


def _main(arguments: Sequence[str]) -> int:
    if not arguments:
        from autograd_mini.cli.tour import tour

        tour()
        say("Commands, each with --help:")
        _list_commands()
        return 0
    name, *rest = arguments
    if name in ("-h", "--help"):
        say("usage: python -m autograd_mini [COMMAND [ARGUMENTS]...]\n")
        say("A tour without a command. The commands, each with --help:")
        _list_commands()
        return 0
    if name in ("-V", "--version"):
        from autograd_mini import __version__

        say(f"autograd_mini {__version__}")
        return 0
    if name in COMMANDS:
        return importlib.import_module(COMMANDS[name][0]).main(rest)
    near = get_close_matches(name.lower(), COMMANDS, n=1)
    advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(COMMANDS)}"
    if name.endswith(".py"):
        advice = f"write {' or '.join(f'{command} {name}' for command in ('debug', 'draw'))}"
    return refuse(f"no command is called {name!r}: {advice}")


def _list_commands() -> None:
    for name, (_, does) in COMMANDS.items():
        say(wrapped(f"  python -m autograd_mini {name:5}  {does}", indent=33))

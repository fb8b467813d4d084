"""The commands of `python -m autograd_mini [COMMAND [ARGUMENTS]...]`.

Without a command it is a one-minute tour. A command's module has `main(arguments) -> status`.

```
tour      what the package does, on one screen
debug     step through each backward() of a script
draw      draw the graph of a script
check     check a gradient
parser    what they share: options, commands, and what is said of wrong ones
scripts   running a user's script, finding a name in a module
screen    printing on any console, to a reader who may leave
```
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Final

from autograd_mini.cli.parser import chosen, say_commands
from autograd_mini.cli.screen import refuse, say, until_enough_is_read

__all__ = ["COMMANDS", "main"]

COMMANDS: Final = {  # each a module here
    "debug": "step through each backward() of a script",
    "draw": "draw the graph that a script differentiates",
    "check": "check the gradient of a function at a point",
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
    if name.endswith(".py"):
        return refuse(f"{name} is a script: write debug {name} or draw {name}")
    command = chosen(arguments, COMMANDS, prog="python -m autograd_mini", help=_help)
    if isinstance(command, int):
        return command
    return importlib.import_module(f"autograd_mini.cli.{command}").main(rest)


def _help() -> None:
    say("usage: python -m autograd_mini [COMMAND [ARGUMENTS]...]\n")
    say("A tour without a command. The commands, each with --help:")
    _list_commands()


def _list_commands() -> None:
    say_commands(COMMANDS, "  python -m autograd_mini ")

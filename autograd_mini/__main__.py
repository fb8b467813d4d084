"""The command line: `python -m autograd_mini [COMMAND [ARGUMENTS]...]`.

Without a command it is a one-minute tour. A command's module has `main(arguments) -> status`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

COMMANDS: Final = {  # command: (module, what it does)
    "debug": ("autograd_mini.debugger", "run a script and step through each backward() of it"),
    "check": ("autograd_mini.testing.command", "check the gradient of a function at a point"),
}


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says and return the exit status."""
    if not arguments:
        _tour()
        return 0
    if arguments[0] in ("-h", "--help"):
        print("usage: python -m autograd_mini [COMMAND [ARGUMENTS]...]\n")
        _list_commands()
        return 0
    name, *rest = arguments
    if name not in COMMANDS:
        near = get_close_matches(name, COMMANDS, n=1)
        advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(COMMANDS)}"
        print(f"no command is called {name!r}: {advice}", file=sys.stderr)
        return 2
    return importlib.import_module(COMMANDS[name][0]).main(rest)


def _tour() -> None:
    from autograd_mini import Value

    a, b = Value(2.0, "a"), Value(-3.0, "b")
    y = (a * b + a**2).tanh()
    y.backward()
    print("A Value is a float that remembers how it was computed:\n")
    print("    a, b = Value(2.0, 'a'), Value(-3.0, 'b')")
    print("    y = (a * b + a**2).tanh()")
    print("    y.backward()\n")
    print(f"y is {y.data:.6f}; dy/da is {a.grad:.6f} and dy/db is {b.grad:.6f}.\n")
    _list_commands()


def _list_commands() -> None:
    for name, (_, does) in COMMANDS.items():
        print(f"  python -m autograd_mini {name:8} {does}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The command line: `python -m autograd_mini [COMMAND [ARGUMENTS]...]`.

Without a command it is a one-minute tour. A command's module has `main(arguments) -> status`.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import sys
import textwrap
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

COMMANDS: Final = {  # command: (module, what it does)
    "debug": ("autograd_mini.debugger", "run a script and step through each backward() of it"),
    "draw": ("autograd_mini.drawing.command", "run a script and draw the graph of a backward()"),
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


TOUR: Final = (
    (
        "A Value is a float that remembers how it was computed.",
        """
from autograd_mini import Trace, Value, compile, text_tree
x, w, b = Value(2.0, "x"), Value(-3.0, "w"), Value(6.5, "b")
y = w * x + b * x
y.backward()
w.grad, b.grad, x.grad
""",
    ),
    ("See what was recorded, with every gradient.", "print(text_tree(y))"),
    ("Step through backpropagation, edge by edge.", "print(*Trace(y), sep='\\n')"),
    (
        "Trust no rule: each is compared with a derivative that does not come from it.",
        """
from autograd_mini.testing import check_gradients
print(check_gradients(lambda x, w: (w * x).tanh() / w, 2.0, -3.0))
""",
    ),
    (
        "Compile one example's arithmetic to NumPy over a batch.",
        """
program = compile(lambda x: (w * x + b).tanh(), 2.0)
program([1.0, 2.0, 3.0])
""",
    ),
)


def _tour() -> None:
    from autograd_mini.drawing.text import needs_ascii

    names: dict[str, object] = {"__name__": "__tour__"}
    plain = needs_ascii(sys.stdout)
    for title, lines in TOUR:
        print(title)
        for line in lines.strip().splitlines():
            if plain:
                line = line.replace("text_tree(y)", "text_tree(y, ascii=True)")
            print(f"  >>> {line}")
            with contextlib.redirect_stdout(io.StringIO()) as said:
                exec(compile(line, "<tour>", "single"), names)
            print(textwrap.indent(said.getvalue(), "  "), end="")
        print()
    print("Commands, each with --help:")
    _list_commands()


def _list_commands() -> None:
    for name, (_, does) in COMMANDS.items():
        print(f"  python -m autograd_mini {name:8} {does}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`python -m autograd_mini`: what the package does, on one screen."""

from __future__ import annotations

import contextlib
import io
import sys
import textwrap
from typing import Final

from autograd_mini.cli.screen import say

# Each part is what it shows, and the lines that show it.
TOUR: Final = """\
A Value is a float that remembers how it was computed.
from autograd_mini import Trace, Value, compile, text_tree
x, w, b = Value(2.0, "x"), Value(-3.0, "w"), Value(6.5, "b")
y = w * x + b * x
y.backward()
w.grad, b.grad, x.grad

See what was recorded, with every gradient.
print(text_tree(y))

Step through backpropagation, edge by edge.
print(*Trace(y), sep='\\n')

Trust no rule: each is compared with a derivative that does not come from it.
from autograd_mini.testing import check_gradients
print(check_gradients(lambda x, w: (w * x).tanh() / w, 2.0, -3.0))

Compile one example's arithmetic to NumPy over a batch.
program = compile(lambda x: (w * x + b).tanh(), 2.0)
program([1.0, 2.0, 3.0])
"""


def tour() -> None:
    """Print the tour: each line, and what it gives when it is run."""
    from autograd_mini.drawing.text import needs_ascii

    names: dict[str, object] = {"__name__": "__tour__"}
    plain = needs_ascii(sys.stdout)
    for part in TOUR.split("\n\n"):
        title, *lines = part.splitlines()
        say(title)
        for line in lines:
            if plain:
                line = line.replace("text_tree(y)", "text_tree(y, ascii=True)")
            say(f"  >>> {line}")
            with contextlib.redirect_stdout(io.StringIO()) as said:
                exec(compile(line, "<tour>", "single"), names)
            if said.getvalue():
                say(textwrap.indent(said.getvalue().rstrip("\n"), "  "))
        say("")

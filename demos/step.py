"""Find out in the stepper why a weight does not learn: walk backwards to where its gradient died.

The unit is a ReLU, and for this example its pre-activation is negative. Then the rule of relu
is 0, and by the chain rule everything behind it receives 0 times something: the unit is dead.
The stepper stops at the very edge, and shows the line of this file that made the node.
Run it:  python -m demos step          (type yourself; in a pipe it is done for you)
"""

from __future__ import annotations

import io
import sys

from autograd_mini import Value, record_source, relu

COMMANDS = """\
watch w
c
restart
b step.local == 0
c
where
source
p z.data
check
rs
q
"""


def main(x: float = 2.0) -> None:
    w, b = Value(-3.0, "w"), Value(1.0, "b")
    with record_source():
        z = w * Value(x, "x") + b
        h = relu(z)
        loss = (h - 1.0) ** 2
    z.label, h.label, loss.label = "z", "h", "loss"

    if sys.stdin.isatty() and sys.stdout.isatty():
        print("dloss/dw is 0. Where did the gradient die? Type, one to a line:")
        print(*COMMANDS.splitlines(), sep=", ")
        loss.debug()
    else:
        loss.debug(stdin=io.StringIO(COMMANDS), stdout=sys.stdout)
    loss.backward()
    print(f"\nAt x = {x:g}, z is {z.data:g} and dloss/dw is {w.grad:g}.")
    print("Where z > 0 the unit lives: python -m demos step --x=-1")


if __name__ == "__main__":
    main()

"""Write scalars, run matrices: a network, the NumPy program found in it, and their speeds.

The loss of one example is a graph of scalars. The compiler records it, puts equal operations
together, finds the matrices, and writes the program that you would have written by hand, with
its backward pass. Left is what you wrote, right what runs; then both take the same step.
Run it:  python -m demos compile          (a few seconds)
"""

from __future__ import annotations

from itertools import zip_longest
from timeit import repeat
from typing import Any

import numpy as np

from autograd_mini import compile, text_tree, total
from nn import FNN
from nn.datasets import moons

SMALL = {"batch": 10, "repeats": 1}


def loss(model: FNN, x: list[float], t: float) -> Any:
    return (model(x) - t) ** 2


def side_by_side(left: str, right: str, width: int = 34) -> None:
    """Print two texts in two columns."""
    for a, b in zip_longest(left.splitlines(), right.splitlines(), fillvalue=""):
        a, b = a.partition("  data")[0], b.partition("  #")[0]  # without numbers and comments
        print(f"{a:{width}}{b}".rstrip())


def main(batch: int = 100, repeats: int = 5) -> None:
    small = FNN([2, 3, 1], output_bias=False, seed=0)
    program = compile(lambda x, t: loss(small, x, t), [0.5, -1.0], 1.0)
    print(f"{program!r}\n")
    side_by_side(text_tree(loss(small, [0.5, -1.0], 1.0)), program.source)

    X, y = moons(batch, noise=0.1, seed=1)
    model = FNN([2, 16, 16, 1], seed=1)
    program = compile(lambda x, t: loss(model, x, t), X[0], y[0])

    def eager() -> float:
        model.zero_grad()
        mean = total([loss(model, x, t) for x, t in zip(X, y, strict=True)]) * (1 / batch)
        mean.backward()
        return mean.data

    value, gradients = program.value_and_grad(X, y)
    eager()
    difference = max(abs(g - p.grad) for g, p in zip(gradients, program.parameters, strict=True))
    columns = np.array(X), np.array(y)
    slow = min(repeat(eager, number=1, repeat=repeats))  # in seconds
    fast = min(repeat(lambda: program.gradient(*columns), number=1, repeat=20 * repeats))
    print(f"\n{batch} moons, a network [2, 16, 16, 1]: {program.nodes * batch} scalar operations")
    print(f"eager     {1e3 * slow:8.2f} ms   loss {eager():.12f}")
    print(f"compiled  {1e3 * fast:8.2f} ms   loss {value:.12f}   {slow / fast:.0f} times faster")
    print(f"largest difference of {len(gradients)} gradients: {difference:.1e}")


if __name__ == "__main__":
    main()

"""Teach a recurrent cell to add numbers of any length, digit by digit.

The cell reads one digit of each number, lowest first, and hands eight numbers on to itself, which
must include the carry. Sequences of different lengths are different graphs over the same weights;
`jit` makes a program for each. It learns from up to 8 binary digits, and adds 24.
Run it:  python -m demos sequence          (about ten seconds)
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from tqdm import trange

from autograd_mini import jit, mean, no_grad, softplus
from nn import Adam, Layer

SMALL = {"steps": 3, "digits": 4}
Pairs = list[list[int]]


class Adder:
    """One recurrent layer and one output unit, used anew at every digit."""

    def __init__(self, width: int = 8, seed: int = 0) -> None:
        rng = random.Random(seed)
        self.width = width
        self.cell = Layer(2 + width, width, "tanh", rng=rng)
        self.output = Layer(width, 1, "identity", rng=rng)

    def parameters(self) -> list[Any]:
        """Return all weights and biases."""
        return [*self.cell.parameters(), *self.output.parameters()]

    def __call__(self, pairs: Sequence[Sequence[Any]]) -> list[Any]:
        """Return a logit for each digit of the sum."""
        state: list[Any] = [0.0] * self.width
        logits: list[Any] = []
        for a, b in pairs:
            state = self.cell([a, b, *state])
            logits.append(self.output(state)[0])
        return logits

    def loss(self, pairs: Sequence[Sequence[Any]], digits: Sequence[Any]) -> Any:
        """Return the mean cross-entropy of the sum's digits."""
        return mean([softplus(z) - y * z for z, y in zip(self(pairs), digits, strict=True)])


def exercise(rng: random.Random, digits: int) -> tuple[Pairs, list[int]]:
    """Return two numbers, digit by digit, lowest first, and their sum."""
    a, b = rng.getrandbits(digits), rng.getrandbits(digits)
    places = range(digits + 1)
    return [[a >> k & 1, b >> k & 1] for k in places], [a + b >> k & 1 for k in places]


def main(steps: int = 2500, digits: int = 24, seed: int = 0) -> None:
    rng = random.Random(seed)
    adder = Adder(seed=seed)
    step = jit(adder.loss, parameters=adder.parameters())
    adam = Adam(step.parameters, lr=0.03)
    loss = 0.0
    for _ in trange(steps, desc="batches", leave=False, disable=None):
        X, Y = zip(*[exercise(rng, rng.choice([2, 4, 8])) for _ in range(32)], strict=True)
        loss = step.gradient(X, Y)  # a batch of three lengths
        adam.step()
    step.pull()
    print(step)
    print(f"loss of the last batch: {loss:.5f}")
    right = 0
    with no_grad():
        for _ in range(100):
            pairs, total = exercise(rng, digits)
            right += [float(z) > 0.0 for z in adder(pairs)] == [y == 1 for y in total]
    print(f"sums of two numbers of {digits} digits that are right: {right} of 100")


if __name__ == "__main__":
    main()

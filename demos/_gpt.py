"""A GPT in scalars, on one screen: every number in it is a Value.

Each letter is a vector. It looks back at the letters before it (attention), thinks on its own (a
small network), and bets on the next letter. Sizes and initial numbers are those of A. Karpathy,
"microgpt" (2026).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, TypeAlias

from autograd_mini import Value, dot, logsumexp, mean, relu, take
from nn.activations import softmax

Vector: TypeAlias = "list[Any]"

LETTERS = ".abcdefghijklmnopqrstuvwxyz"  # the dot stands before and behind every word


def encoded(word: str) -> list[int]:
    """Return the numbers of a word's letters, between two dots."""
    return [LETTERS.index(letter) for letter in f".{word}."]


class GPT:
    """One transformer block over letters; its tables of Values are its parameters."""

    def __init__(self, width: int = 16, heads: int = 4, block: int = 16, seed: int = 0) -> None:
        rng = random.Random(seed)

        def table(name: str, rows: int, columns: int) -> list[list[Value]]:
            labels = [[f"{name}.{i}.{j}" for j in range(columns)] for i in range(rows)]
            return [[Value(rng.gauss(0.0, 0.08), label) for label in row] for row in labels]

        self.letters = table("letters", len(LETTERS), width)
        self.places = table("places", block, width)
        self.query, self.key, self.value = (table(name, width, width) for name in ("q", "k", "v"))
        self.join = table("join", width, width)
        self.up, self.down = table("up", 4 * width, width), table("down", width, 4 * width)
        self.bets = table("bets", len(LETTERS), width)
        self.size = width // heads

    def parameters(self) -> list[Value]:
        """Return all numbers that are learned."""
        tables = [value for value in vars(self).values() if isinstance(value, list)]
        return [p for table in tables for row in table for p in row]

    def __call__(self, letters: Sequence[int]) -> tuple[list[Vector], list[list[Vector]]]:
        """Return each position's logits for the next letter, and the weights of its heads."""
        keys: list[Vector] = []
        values: list[Vector] = []
        logits: list[Vector] = []
        looks: list[list[Vector]] = []
        for position, letter in enumerate(letters):
            x = normalized(added(take(self.letters, letter), self.places[position]))
            h = normalized(x)
            query = linear(self.query, h)
            keys.append(linear(self.key, h))
            values.append(linear(self.value, h))
            looks.append([])
            mixed: Vector = []
            for lo in range(0, len(x), self.size):  # each head has its share of the vector
                hi = lo + self.size
                scores = [dot(query[lo:hi], key[lo:hi]) / self.size**0.5 for key in keys]
                looks[-1].append(softmax(scores))
                mixed += [dot(looks[-1][-1], [v[j] for v in values]) for j in range(lo, hi)]
            x = added(x, linear(self.join, mixed))
            h = [relu(z) for z in linear(self.up, normalized(x))]
            x = added(x, linear(self.down, h))
            logits.append(linear(self.bets, x))
        return logits, looks

    def loss(self, letters: Sequence[int]) -> Any:
        """Return the mean surprise at each next letter: minus the logarithm of its probability."""
        logits, _ = self(letters[:-1])
        return mean([logsumexp(z) - take(z, y) for z, y in zip(logits, letters[1:], strict=True)])


def added(a: Sequence[Any], b: Sequence[Any]) -> Vector:
    return [x + y for x, y in zip(a, b, strict=True)]


def linear(W: Sequence[Sequence[Any]], x: Sequence[Any]) -> Vector:
    return [dot(row, x) for row in W]


def normalized(x: Sequence[Any]) -> Vector:
    scale = (dot(x, x) / len(x) + 1e-5) ** -0.5
    return [scale * a for a in x]

"""Train a GPT written in scalars to invent words, letter by letter, at NumPy speed.

The model is one screen of additions and products of Values (demos/_gpt.py). A student steps
through them one by one, here in a page; `jit` runs them as arrays, one program for each length
of word. The words are names in Python's standard library.
Run it:  python -m demos gpt          (twenty seconds; --eager computes one Value at a time)
"""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
from tqdm import trange

from autograd_mini import Trace, jit, no_grad
from demos import out
from demos._gpt import GPT, LETTERS, encoded
from demos._plot import losses_and_looks
from nn import Adam

SMALL = {"steps": 1, "samples": 1}


def invented(model: GPT, rng: random.Random, temperature: float = 0.5) -> str:
    """Return a word, each letter drawn by the bets that the model makes on it."""
    word = [0]
    while len(word) < 16 and (len(word) == 1 or word[-1] != 0):
        logits, _ = model(word)
        bets = np.array([z.data for z in logits[-1]]) / temperature
        word += rng.choices(range(len(LETTERS)), np.exp(bets - bets.max()))
    return "".join(LETTERS[i] for i in word).strip(".")


def main(steps: int = 1000, samples: int = 20, seed: int = 0, eager: bool = False) -> None:
    rng = random.Random(seed)
    words = Path(__file__).with_name("words.txt").read_text("utf-8").split()
    rng.shuffle(words)
    model = GPT(seed=seed)
    step = jit(model.loss, parameters=model.parameters())
    if eager:
        for word in words[:5]:
            slow, fast = model.loss(encoded(word)).data, step([encoded(word)])[0]
            print(f"{word:12} one Value at a time {slow:.12f}, compiled {fast:.12f}")
        return
    adam = Adam(step.parameters, betas=(0.85, 0.99))
    losses: list[float] = []
    for i in trange(steps, desc="words", leave=False, disable=None):
        adam.lr = 0.01 * (1 - i / steps)
        losses.append(step.gradient([encoded(words[i % len(words)])]))
        adam.step()
    step.pull()  # the Values follow
    print(step)
    print(f"surprise at a letter: {losses[0]:.2f} at first, {np.mean(losses[-100:]):.2f} at last")
    with no_grad():
        print("invented:", *[invented(model, rng) for _ in range(samples)])
        _, looks = model(encoded("iterator")[:-1])
    losses_and_looks(losses, ".iterator", looks, "gpt.png")
    tiny = GPT(width=2, heads=1, block=3, seed=seed)
    Trace(tiny.loss(encoded("go"))).to_html(page := out("gpt.html"), max_nodes=400)
    print(f"step through the loss of one word: open {page}")


if __name__ == "__main__":
    main()

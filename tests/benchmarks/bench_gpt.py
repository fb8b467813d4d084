"""How fast does a GPT of 4,192 numbers learn a word, beside NumPy by hand, PyTorch, JAX, microgpt?

taskset -c 0 env OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 \
    XLA_FLAGS="--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1" \
    python tests/benchmarks/bench_gpt.py

A step is: gradients, loss as a Python float, Adam; float64. The words of a batch have seven
letters, so that all contenders compute the same arrays. Every contender proves its loss before
step 1 and before step 3 first.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from interleaved import race, table, versions
from scalar_peers import Node

from autograd_mini import jit
from demos._gpt import GPT, encoded
from nn import Adam, Trainer

WORDS = [
    word
    for word in (Path(__file__).parents[2] / "demos" / "words.txt").read_text("utf-8").split()
    if len(word) == 7
][:16]
RATE, BETAS, EPS = 0.01, (0.85, 0.99), 1e-8
HEADS = 4
NAMES = ("letters", "places", "query", "key", "value", "join", "up", "down", "bets")

Step = Callable[[], float]


def batch(count: int) -> Any:
    """Return the numbers of so many words' letters, (count, 9)."""
    return np.array([encoded(word) for word in WORDS[:count]])


def arrays() -> list[Any]:
    """Return the tables that every contender starts from."""
    model = GPT()
    return [np.array([[p.data for p in row] for row in getattr(model, name)]) for name in NAMES]


def compiled(count: int) -> Step:
    """Do steps with a jit that stays resident."""
    model, words = GPT(), batch(count).tolist()
    step = jit(model.loss, parameters=model.parameters())
    adam = Adam(step.parameters, lr=RATE, betas=BETAS, eps=EPS)

    def run() -> float:
        loss = step.gradient(words)
        adam.step()
        return loss

    return run


class Surprise:
    """A GPT whose output for a word is the loss of it."""

    def __init__(self) -> None:
        self.gpt = GPT()

    def parameters(self) -> list[Any]:
        return self.gpt.parameters()

    def __call__(self, word: Any) -> Any:
        return self.gpt.loss(word)


def native(count: int) -> Step:
    """Do steps with a Trainer, as machine code."""
    model, words, nothing = Surprise(), batch(count).astype(float), np.zeros(count)
    adam = Adam(model.parameters(), lr=RATE, betas=BETAS, eps=EPS)
    trainer = Trainer(model, lambda surprise, _: surprise, adam, backend="native")
    trainer.__enter__()  # the parameters stay in their array
    return lambda: trainer.step(words, nothing)


def eager(count: int) -> Step:
    """Do steps one Value at a time."""
    model, words = GPT(), batch(count).tolist()
    parameters = model.parameters()
    adam = Adam(parameters, lr=RATE, betas=BETAS, eps=EPS)

    def run() -> float:
        for p in parameters:
            p.grad = 0.0
        loss: Any = sum([model.loss(word) for word in words]) / len(words)
        loss.backward()
        adam.step()
        return loss.data

    return run


def by_hand(count: int) -> Step:
    """Do steps with NumPy, the backward pass and Adam by hand."""
    p, words = arrays(), batch(count)
    theta = np.concatenate([a.ravel() for a in p])
    cuts = np.cumsum([0, *[a.size for a in p]])
    p = [theta[lo:hi].reshape(a.shape) for lo, hi, a in zip(cuts[:-1], cuts[1:], p, strict=True)]
    m, v, t = np.zeros_like(theta), np.zeros_like(theta), 0

    def run() -> float:
        nonlocal t
        loss, gradients = loss_and_gradient(p, words)
        g = np.concatenate([a.ravel() for a in gradients])
        t += 1
        m.__imul__(BETAS[0]).__iadd__((1 - BETAS[0]) * g)
        v.__imul__(BETAS[1]).__iadd__((1 - BETAS[1]) * g * g)
        size = np.sqrt(v / (1 - BETAS[1] ** t)) + EPS
        theta.__isub__(RATE / (1 - BETAS[0] ** t) * m / size)
        return loss

    return run


def loss_and_gradient(p: list[Any], words: Any) -> tuple[float, list[Any]]:
    """Return the mean loss and the gradient of every table, derived by hand."""
    letters, places, query, key, value, join, up, down, bets = p
    inputs, targets = words[:, :-1], words[:, 1:]
    B, T = inputs.shape
    width = letters.shape[1]
    size = width // HEADS

    def normalized(x: Any) -> tuple[Any, Any]:
        scale = ((x * x).mean(-1, keepdims=True) + 1e-5) ** -0.5
        return x * scale, scale

    def normalized_back(g: Any, x: Any, scale: Any) -> Any:
        return scale * g - x * (scale**3 * (g * x).mean(-1, keepdims=True))

    def heads(x: Any) -> Any:
        return x.reshape(B, T, HEADS, size).transpose(0, 2, 1, 3)

    def joined(x: Any) -> Any:
        return x.transpose(0, 2, 1, 3).reshape(B * T, width)

    e = (letters[inputs] + places[:T]).reshape(B * T, width)
    x, s1 = normalized(e)
    h, s2 = normalized(x)
    q, k, w = heads(h @ query.T), heads(h @ key.T), heads(h @ value.T)
    scores = q @ k.transpose(0, 1, 3, 2) / size**0.5
    scores += np.where(np.tri(T), 0.0, -np.inf)
    a = np.exp(scores - scores.max(-1, keepdims=True))
    a /= a.sum(-1, keepdims=True)
    mixed = joined(a @ w)
    y = x + mixed @ join.T
    n, s3 = normalized(y)
    z = n @ up.T
    r = np.maximum(z, 0.0)
    o = y + r @ down.T
    logits = o @ bets.T
    largest = logits.max(-1, keepdims=True)
    exps = np.exp(logits - largest)
    total = exps.sum(-1, keepdims=True)
    rows, chosen = np.arange(B * T), targets.ravel()
    loss = float((np.log(total) + largest).mean() - logits[rows, chosen].mean())

    g_logits = exps / total
    g_logits[rows, chosen] -= 1.0
    g_logits /= B * T
    g_o = g_logits @ bets
    g_z = (g_o @ down) * (z > 0.0)
    g_y = g_o + normalized_back(g_z @ up, y, s3)
    g_mixed = heads(g_y @ join)
    g_a = g_mixed @ w.transpose(0, 1, 3, 2)
    g_scores = a * (g_a - (g_a * a).sum(-1, keepdims=True)) / size**0.5
    g_q, g_k = joined(g_scores @ k), joined(g_scores.transpose(0, 1, 3, 2) @ q)
    g_w = joined(a.transpose(0, 1, 3, 2) @ g_mixed)
    g_h = g_q @ query + g_k @ key + g_w @ value
    g_e = normalized_back(g_y + normalized_back(g_h, x, s2), e, s1)
    g_letters, g_places = np.zeros_like(letters), np.zeros_like(places)
    np.add.at(g_letters, inputs.ravel(), g_e)
    g_places[:T] = g_e.reshape(B, T, width).sum(0)
    squares = [g_q.T @ h, g_k.T @ h, g_w.T @ h, g_y.T @ mixed]
    return loss, [g_letters, g_places, *squares, g_z.T @ n, g_o.T @ r, g_logits.T @ o]


def loss_of(np_: Any, p: Any, words: Any, mask: Any, relu: Any, logsumexp: Any) -> Any:
    """Return the mean loss, in the words that PyTorch and JAX share."""
    letters, places, query, key, value, join, up, down, bets = p
    inputs, targets = words[:, :-1], words[:, 1:]
    B, T = inputs.shape
    width = letters.shape[1]

    def normalized(x: Any) -> Any:
        return x * ((x * x).mean(-1)[..., None] + 1e-5) ** -0.5

    def heads(x: Any) -> Any:
        return np_.swapaxes(x.reshape(B, T, HEADS, width // HEADS), 1, 2)

    x = normalized(letters[inputs] + places[:T])
    h = normalized(x)
    q, k, w = heads(h @ query.T), heads(h @ key.T), heads(h @ value.T)
    scores = q @ np_.swapaxes(k, 2, 3) / (width // HEADS) ** 0.5 + mask
    a = np_.exp(scores - logsumexp(scores)[..., None])
    x = x + np_.swapaxes(a @ w, 1, 2).reshape(B, T, width) @ join.T
    x = x + relu(normalized(x) @ up.T) @ down.T
    logits = x @ bets.T
    rows, columns = np.arange(B)[:, None], np.arange(T)[None]
    return (logsumexp(logits) - logits[rows, columns, targets]).mean()


def in_torch(count: int) -> Step:
    """Do steps with PyTorch, eager, one thread."""
    import torch

    torch.set_num_threads(1)
    p = [torch.tensor(a, requires_grad=True) for a in arrays()]
    words = torch.tensor(batch(count))
    mask = torch.tensor(np.where(np.tri(words.shape[1] - 1), 0.0, -np.inf))
    adam = torch.optim.Adam(p, lr=RATE, betas=BETAS, eps=EPS)

    def run() -> float:
        adam.zero_grad()
        loss = loss_of(torch, p, words, mask, torch.relu, lambda x: torch.logsumexp(x, -1))
        loss.backward()
        adam.step()
        return loss.item()

    return run


def in_jax(count: int) -> Step:
    """Do steps with a jitted update."""
    import jax
    from jax import numpy as jnp

    jax.config.update("jax_enable_x64", True)
    words = batch(count)
    mask = np.where(np.tri(words.shape[1] - 1), 0.0, -np.inf)

    def f(p: Any) -> Any:
        return loss_of(jnp, p, words, mask, jax.nn.relu, lambda x: jax.nn.logsumexp(x, axis=-1))

    @jax.jit
    def update(p: Any, m: Any, v: Any, t: Any) -> Any:
        loss, g = jax.value_and_grad(f)(p)
        m = [BETAS[0] * a + (1 - BETAS[0]) * b for a, b in zip(m, g, strict=True)]
        v = [BETAS[1] * a + (1 - BETAS[1]) * b * b for a, b in zip(v, g, strict=True)]
        sizes = [jnp.sqrt(a / (1 - BETAS[1] ** t)) + EPS for a in v]
        rate = RATE / (1 - BETAS[0] ** t)
        return loss, [a - rate * b / s for a, b, s in zip(p, m, sizes, strict=True)], m, v

    p = [jnp.asarray(a) for a in arrays()]
    state: list[Any] = [p, [0.0 * a for a in p], [0.0 * a for a in p]]
    steps = [0.0]

    def run() -> float:
        steps[0] += 1.0
        p, m, v = state
        loss, *state[:] = update(p, m, v, steps[0])
        return float(loss)

    return run


def microgpt(count: int) -> Step:
    """Do steps with a small engine of scalars, as microgpt is published."""
    p = [[[Node(x) for x in row] for row in a.tolist()] for a in arrays()]
    letters, places, query, key, value, join, up, down, bets = p
    flat = [x for rows in p for row in rows for x in row]
    words = batch(count).tolist()
    m, v, steps = [0.0] * len(flat), [0.0] * len(flat), [0]
    size = 16 // HEADS

    def linear(W: Any, x: Any) -> Any:
        return [sum([a * b for a, b in zip(row, x, strict=True)]) for row in W]

    def normalized(x: Any) -> Any:
        scale = (sum([a * a for a in x]) / len(x) + 1e-5) ** -0.5
        return [a * scale for a in x]

    def softmax(x: Any) -> Any:
        largest = max(a.data for a in x)
        exps = [(a - largest).exp() for a in x]
        total: Any = sum(exps)
        return [a / total for a in exps]

    def loss_of_word(word: list[int]) -> Any:
        keys: list[Any] = []
        values: list[Any] = []
        losses: list[Any] = []
        for t, letter in enumerate(word[:-1]):
            x = normalized([a + b for a, b in zip(letters[letter], places[t], strict=True)])
            h = normalized(x)
            q = linear(query, h)
            keys.append(linear(key, h))
            values.append(linear(value, h))
            mixed: list[Any] = []
            for lo in range(0, 16, size):
                hi = lo + size
                scores = [
                    sum([a * b for a, b in zip(q[lo:hi], k[lo:hi], strict=True)]) / size**0.5
                    for k in keys
                ]
                looks = softmax(scores)
                mixed += [
                    sum([a * w[j] for a, w in zip(looks, values, strict=True)])
                    for j in range(lo, hi)
                ]
            x = [a + b for a, b in zip(x, linear(join, mixed), strict=True)]
            h = [z.relu() for z in linear(up, normalized(x))]
            x = [a + b for a, b in zip(x, linear(down, h), strict=True)]
            losses.append(-softmax(linear(bets, x))[word[t + 1]].log())
        return sum(losses) / len(losses)

    def run() -> float:
        loss: Any = sum([loss_of_word(word) for word in words]) / len(words)
        for x in flat:
            x.grad = 0.0
        loss.backward()
        steps[0] += 1
        for i, x in enumerate(flat):
            m[i] = BETAS[0] * m[i] + (1 - BETAS[0]) * x.grad
            v[i] = BETAS[1] * v[i] + (1 - BETAS[1]) * x.grad**2
            mean, square = m[i] / (1 - BETAS[0] ** steps[0]), v[i] / (1 - BETAS[1] ** steps[0])
            x.data -= RATE * mean / (square**0.5 + EPS)
        return loss.data

    return run


FAST: dict[str, Callable[[int], Step]] = {
    "autograd_mini, compiled": compiled,
    "NumPy by hand": by_hand,
}
for package, name, make in (
    ("llvmlite", "autograd_mini, native", native),
    ("torch", "PyTorch eager, one thread", in_torch),
    ("jax", "jax.jit", in_jax),
):
    if importlib.util.find_spec(package) is not None:
        FAST[name] = make
SLOW: dict[str, Callable[[int], Step]] = {
    "autograd_mini, eager": eager,
    "microgpt-style": microgpt,
}


def proven(make: Callable[[int], Step], count: int) -> Step:
    """Return a step that has shown the losses of NumPy by hand."""
    step, reference = make(count), by_hand(count)
    for _ in range(3):
        assert step() == pytest.approx(reference(), rel=1e-9)
    return step


@pytest.mark.parametrize("name", FAST)
def test_a_step_of_a_gpt(benchmark: BenchmarkFixture, name: str) -> None:
    benchmark(proven(FAST[name], 2))


@pytest.mark.parametrize("name", SLOW)
def test_a_step_of_a_gpt_one_number_at_a_time(benchmark: BenchmarkFixture, name: str) -> None:
    benchmark(proven(SLOW[name], 1))


def main() -> None:
    """Print a table for one word at a time and for sixteen."""
    sys.setrecursionlimit(100_000)
    print(versions("numpy", "torch", "jax"))
    for count in (1, 16):
        steps = {name: proven(make, count) for name, make in FAST.items()}
        print(table(f"a batch of {count}", race(steps, rounds=20)))
    slow = {name: proven(make, 1) for name, make in SLOW.items()}
    print(table("one number at a time, a batch of 1", race(slow, rounds=5)))


if __name__ == "__main__":
    main()

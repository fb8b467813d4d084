"""How fast is a step of compiled training beside NumPy by hand, PyTorch, JAX and CasADi?

taskset -c 0 env OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 \
    XLA_FLAGS="--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1" \
    python tests/benchmarks/bench_compiled.py

A step is: gradients, loss as a Python float, plain SGD; float64; the compiled program is resident.
Every contender proves its loss before step 1 and before step 20 first.
"""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from interleaved import race, table, versions
from workloads import (
    DIGITS_LOSSES,
    MOONS_LOSSES,
    WIDE_LOSSES,
    Layers,
    as_scalars,
    digits_data,
    moons_data,
    moons_layers,
    uniform_layers,
    wide_data,
)

from autograd_mini import Program, Value, compile, dot, logsumexp

PENALTY = 1e-4


class Work(NamedTuple):
    """A network, a batch, a learning rate and the losses to expect."""

    hinge: bool
    layers: Layers
    X: Any
    y: Any
    lr: float
    losses: tuple[float, float]

    def copied(self) -> list[Any]:
        """Return the weights and biases in one list, to be changed."""
        return [array.copy() for layer in self.layers for array in layer]

    def targets(self) -> Any:
        """Return the labels, ±1 or one-hot."""
        return self.y if self.hinge else np.eye(10)[self.y]


WORKS: dict[str, Callable[[], Work]] = {
    "moons": lambda: Work(True, moons_layers(), *moons_data(), 0.05, MOONS_LOSSES),
    "digits": lambda: Work(
        False, uniform_layers([64, 32, 10], 2), *digits_data(), 0.05, DIGITS_LOSSES
    ),
    "784-128-10": lambda: Work(
        False, uniform_layers([784, 128, 10], 4), *wide_data(), 0.01, WIDE_LOSSES
    ),
}


# Contenders: each makes a function that does one step and returns the loss before it.


def example_loss(work: Work, binary: bool = False) -> tuple[Callable[..., Any], list[Any]]:
    """Return the loss of one example, written with scalars, and its example."""
    layers = as_scalars(work.layers, Value)
    parameters = [p for layer in layers for ws, b in layer for p in (*ws, b)]

    def network(x: list[Any]) -> list[Any]:
        for layer in layers:
            z: list[Any] = [
                sum([w * v for w, v in zip(ws, x, strict=True)], b) if binary else dot(ws, x, b)
                for ws, b in layer
            ]
            x = z if layer is layers[-1] else [value.relu() for value in z]
        return x

    def hinge(x: list[Any], t: Any) -> Any:
        penalty: Any = PENALTY * dot(parameters, parameters)
        return (1.0 - t * network(x)[0]).relu() + penalty

    def cross_entropy(x: list[Any], t: list[Any]) -> Any:
        z = network(x)
        return logsumexp(z) - dot(t, z)

    example = [work.X[0].tolist(), work.targets()[0].tolist()]
    return (hinge if work.hinge else cross_entropy), example


def compiled_program(work: Work, binary: bool = False) -> Program:
    """Return the compiled loss."""
    f, example = example_loss(work, binary)
    return compile(f, *example, check=False)


def compiled(work: Work) -> Callable[[], float]:
    """Do steps with a compiled program that stays resident."""
    program = compiled_program(work)
    X, t, lr = work.X, work.targets(), work.lr

    def step() -> float:
        loss = program.gradient(X, t)
        program.theta -= lr * program.gtheta
        return loss

    return step


def by_hand(work: Work) -> Callable[[], float]:
    """Do steps with NumPy as one writes it by hand."""
    p = work.copied()
    X, t, lr, n = work.X, work.targets(), work.lr, len(work.X)

    def forward_backward() -> tuple[float, list[Any]]:
        hs = [X]
        for W, b in zip(p[:-2:2], p[1:-2:2], strict=True):
            hs.append(np.maximum(hs[-1] @ W + b, 0.0))
        z = hs[-1] @ p[-2] + p[-1]
        if work.hinge:
            margin = 1.0 - t[:, None] * z
            loss = np.maximum(margin, 0.0).sum() / n
            loss += PENALTY * sum([(a * a).sum() for a in p])
            g = (margin > 0.0) * (t[:, None] * (-1.0 / n))
        else:
            largest = z.max(axis=1, keepdims=True)
            e = np.exp(z - largest)
            s = e.sum(axis=1, keepdims=True)
            loss = (np.log(s) + largest).sum() / n - (t * z).sum() / n
            g = (e / s - t) / n
        gradients: list[Any] = []
        for k in range(len(hs) - 1, -1, -1):
            gradients += [g.sum(axis=0), hs[k].T @ g]
            if k:
                g = (g @ p[2 * k].T) * (hs[k] > 0.0)
        return float(loss), gradients[::-1]

    def step() -> float:
        loss, gradients = forward_backward()
        for a, g in zip(p, gradients, strict=True):
            if work.hinge:
                g += 2.0 * PENALTY * a
            a -= lr * g
        return loss

    return step


def torch_eager(work: Work) -> Callable[[], float]:
    """Do steps with PyTorch, one thread."""
    import torch

    torch.set_num_threads(1)
    p = [torch.tensor(a, requires_grad=True) for a in work.copied()]
    X, t = torch.tensor(work.X), torch.tensor(work.y)
    optimizer = torch.optim.SGD(p, lr=work.lr, weight_decay=2 * PENALTY if work.hinge else 0.0)

    def step() -> float:
        optimizer.zero_grad()
        h = X
        for k in range(0, len(p) - 2, 2):
            h = torch.relu(torch.addmm(p[k + 1], h, p[k]))
        z = torch.addmm(p[-1], h, p[-2])
        if work.hinge:
            loss = torch.relu(1.0 - t * z[:, 0]).mean()
        else:
            loss = torch.nn.functional.cross_entropy(z, t)
        loss.backward()
        penalty = PENALTY * sum([float((a.detach() ** 2).sum()) for a in p]) if checking else 0.0
        optimizer.step()
        return loss.item() + (penalty if work.hinge else 0.0)

    return step


checking = True  # torch's penalty is its weight_decay: its value is computed for the proof only


def jax_jit(work: Work) -> Callable[[], float]:
    """Do steps with a jitted update."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    X, t, lr = jnp.asarray(work.X), jnp.asarray(work.targets()), work.lr
    state = [[jnp.asarray(a) for a in work.copied()]]

    def loss_of(p: list[Any]) -> Any:
        h = X
        for k in range(0, len(p) - 2, 2):
            h = jax.nn.relu(h @ p[k] + p[k + 1])
        z = h @ p[-2] + p[-1]
        if work.hinge:
            penalty = PENALTY * sum((a * a).sum() for a in p)
            return jax.nn.relu(1.0 - t * z[:, 0]).mean() + penalty
        return (jax.nn.logsumexp(z, axis=1) - (t * z).sum(axis=1)).mean()

    @jax.jit
    def update(p: list[Any]) -> tuple[Any, list[Any]]:
        loss, gradients = jax.value_and_grad(loss_of)(p)
        return loss, [a - lr * g for a, g in zip(p, gradients, strict=True)]

    def step() -> float:
        loss, state[0] = update(state[0])
        return float(loss)

    return step


def casadi_buffer(work: Work) -> Callable[[], float]:
    """Do steps with a CasADi function called through its buffer, updated in NumPy."""
    import casadi as ca

    sizes = [(a.shape[0], a.shape[1] if a.ndim == 2 else 1) for a in work.copied()]
    theta = ca.MX.sym("theta", sum(m * n for m, n in sizes))
    parts, lo = [], 0
    for m, n in sizes:
        parts.append(ca.reshape(theta[lo : lo + m * n], m, n))
        lo += m * n
    h, t, count = ca.DM(work.X.T), work.targets(), len(work.X)
    for k in range(0, len(parts) - 2, 2):
        h = ca.fmax(ca.mtimes(parts[k].T, h) + ca.repmat(parts[k + 1], 1, count), 0.0)
    z = ca.mtimes(parts[-2].T, h) + ca.repmat(parts[-1], 1, count)
    if work.hinge:
        loss = ca.sum2(ca.fmax(1.0 - ca.DM(t).T * z, 0.0)) / count
        loss += PENALTY * ca.dot(theta, theta)
    else:
        largest = ca.repmat(ca.mmax(z), z.shape[0], count)
        lse = ca.log(ca.sum1(ca.exp(z - largest))) + ca.mmax(z)
        loss = (ca.sum2(lse) - ca.sum2(ca.sum1(ca.DM(t.T) * z))) / count
    f = ca.Function("f", [theta], [loss, ca.gradient(loss, theta)])
    buffer, run = f.buffer()
    p = np.concatenate([a.ravel(order="F") for a in work.copied()])
    value, gradient = np.zeros(1), np.zeros(len(p))
    views: list[Any] = [memoryview(cast(Any, array)) for array in (p, value, gradient)]
    buffer.set_arg(0, views[0])
    buffer.set_res(0, views[1])
    buffer.set_res(1, views[2])
    lr = work.lr

    def step() -> float:
        run()
        p.__isub__(lr * gradient)
        return float(value[0])

    step.__dict__["alive"] = f, buffer  # the buffer owns memory that `run` uses
    return step


PEERS: dict[str, Callable[[Work], Callable[[], float]]] = {
    "autograd_mini, compiled": compiled,
    "NumPy by hand": by_hand,
}
for package, name, make in (
    ("torch", "PyTorch eager, one thread", torch_eager),
    ("jax", "jax.jit", jax_jit),
    ("casadi", "CasADi buffer", casadi_buffer),
):
    if importlib.util.find_spec(package) is not None:
        PEERS[name] = make


def proven(work: Work, make: Callable[[Work], Callable[[], float]]) -> Callable[[], float]:
    """Return a step that has shown the right losses."""
    global checking
    checking = True
    step = make(work)
    losses = [step() for _ in range(20)]
    assert losses[0] == pytest.approx(work.losses[0], rel=1e-11)
    assert losses[-1] == pytest.approx(work.losses[1], rel=1e-9)
    checking = False
    return step


def tiny(call: Callable[[Value, Value], Any]) -> tuple[Program, Value, Value]:
    """Return W1 as a program of two parameters."""
    a, b = Value(-41.0), Value(2.0)
    return compile(lambda: call(a, b), check=False), a, b


def w1(a: Any, b: Any) -> Any:
    """Compute the tiny expression."""
    c = a + b
    d = a * b + b**3
    e = c - d
    f = e**2
    return f / 2


def w1_floats(a: float, b: float) -> tuple[float, float, float]:
    """Do W1 and its gradient by hand."""
    e = (a + b) - (a * b + b**3)
    return e * e / 2, e * (1 - b), e * (1 - a - 3 * b * b)


@pytest.mark.parametrize("name", WORKS)
@pytest.mark.parametrize("peer", PEERS)
def test_a_step_of_training(benchmark: BenchmarkFixture, name: str, peer: str) -> None:
    pytest.importorskip("sklearn")
    benchmark(proven(WORKS[name](), PEERS[peer]))


def test_a_tiny_program(benchmark: BenchmarkFixture) -> None:
    program, _, _ = tiny(w1)
    value, gradients = benchmark(program.value_and_grad)
    assert (value, gradients) == (612.5, [-35.0, 1050.0])


@pytest.mark.parametrize("name", ["moons", "digits"])
@pytest.mark.parametrize("binary", [False, True], ids=["dot", "binary operators"])
def test_compiling(benchmark: BenchmarkFixture, name: str, binary: bool) -> None:
    pytest.importorskip("sklearn")
    f, example = example_loss(WORKS[name](), binary)
    program = benchmark(lambda: compile(f, *example))
    assert program.matrices == (3 if name == "moons" else 2)


def main() -> None:
    """Print every table."""
    print(versions("autograd_mini", "numpy", "torch", "jax", "casadi"))
    program, a, b = tiny(w1)
    assert program.value_and_grad() == (612.5, [-35.0, 1050.0])
    runs: dict[str, Callable[[], object]] = {
        "autograd_mini, compiled": program.value_and_grad,
        "floats by hand": lambda: w1_floats(a.data, b.data),
    }
    print(table("W1", race(runs), unit="us"))
    for name, make in WORKS.items():
        if len(sys.argv) > 1 and name not in sys.argv[1:]:
            continue
        work = make()
        steps = {peer: proven(work, f) for peer, f in PEERS.items()}
        print(table(f"{name} step", race(steps, rounds=20)))
    for name, make in WORKS.items():
        for binary in (False, True):
            f, example = example_loss(make(), binary)
            times: list[float] = []
            for _ in range(3 if name[0] == "7" else 10):
                start = time.process_time()
                program = compile(f, *example, check=False)
                _ = program.source
                times.append(time.process_time() - start)
            how = "binary operators" if binary else "dot"
            print(f"trace and compile {name}, {how}: {1e3 * min(times):.1f} ms CPU")


if __name__ == "__main__":
    main()

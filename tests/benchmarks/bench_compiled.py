"""How fast is a step of compiled training beside NumPy by hand, PyTorch, JAX, CasADi, micrograd?

taskset -c 0 env OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 \
    XLA_FLAGS="--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1" \
    python tests/benchmarks/bench_compiled.py

A step is: gradients, loss as a Python float, plain SGD; float64; the compiled program is resident.
Every contender proves its loss before step 1 and before step 20 first; the scalar engines, which
take a second for each step, that before step 1. Names of workloads as arguments choose among them.
"""

from __future__ import annotations

import gc
import importlib.util
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench_engine import tiny_graph
from interleaved import race, table, versions
from scalar_peers import Node, micrograd_value
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
from autograd_mini.compiler.emit import emit
from autograd_mini.compiler.plan import plan
from autograd_mini.compiler.record import record
from autograd_mini.contexts import collector_paused
from nn import FNN, SGD, Trainer

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
    program.stay()  # machine code has a row of its own
    X, t, lr = work.X, work.targets(), work.lr

    def step() -> float:
        loss = program.gradient(X, t)
        program.theta -= lr * program.gtheta
        return loss

    return step


def native(work: Work) -> Callable[[], float]:
    """Do steps with a Trainer, as machine code."""
    sizes = [len(work.layers[0][0]), *[len(b) for _, b in work.layers]]
    model = FNN(sizes, "relu", seed=0)
    for layer, (W, b) in zip(model.layers, work.layers, strict=True):
        for k, neuron in enumerate(layer.neurons):
            for p, number in zip(neuron.parameters(), [*W[:, k], b[k]], strict=True):
                p.data = float(number)
    penalty: Any = None
    if work.hinge:
        parameters = model.parameters()
        penalty = lambda _: PENALTY * dot(parameters, parameters)  # noqa: E731
    loss, sgd = "hinge" if work.hinge else "cross_entropy", SGD(model.parameters(), lr=work.lr)
    trainer = Trainer(model, loss, sgd, penalty=penalty, backend="native")
    trainer.__enter__()  # the parameters stay in their array
    return lambda: trainer.step(work.X, work.y)


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
    buffer: Any
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
    ("llvmlite", "autograd_mini, native", native),
    ("torch", "PyTorch eager, one thread", torch_eager),
    ("jax", "jax.jit", jax_jit),
    ("casadi", "CasADi buffer", casadi_buffer),
):
    if importlib.util.find_spec(package) is not None:
        PEERS[name] = make


def scalar_step(work: Work, scalar: Any) -> Callable[[], float]:
    """Do steps with an engine of scalars, one example after the other."""
    layers = as_scalars(work.layers, scalar)
    parameters = [p for layer in layers for ws, b in layer for p in (*ws, b)]
    targets = work.y.tolist()

    def network(x: list[Any]) -> list[Any]:
        for layer in layers:
            z: list[Any] = [sum([w * v for w, v in zip(ws, x, strict=True)], b) for ws, b in layer]
            x = z if layer is layers[-1] else [value.relu() for value in z]
        return x

    def example_loss(x: list[float], t: Any) -> Any:
        z = network([scalar(v) for v in x])
        if work.hinge:
            return (1 - t * z[0]).relu()
        largest = max(value.data for value in z)
        exps: Any = sum([(value - largest).exp() for value in z])
        return exps.log() + largest - z[t]

    def step() -> float:
        for p in parameters:
            p.grad = 0.0
        losses = [example_loss(x, t) for x, t in zip(work.X.tolist(), targets, strict=True)]
        loss: Any = sum(losses) * (1.0 / len(losses))
        if work.hinge:
            loss = loss + PENALTY * sum([p * p for p in parameters])
        loss.backward()
        for p in parameters:
            p.data -= work.lr * p.grad
        return loss.data

    return step


SCALAR_PEERS: dict[str, Callable[[], Any]] = {"microgpt-style": lambda: Node}
if importlib.util.find_spec("micrograd") is not None:
    SCALAR_PEERS["micrograd"] = micrograd_value


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


def w1(a: Any, b: Any) -> Any:
    """Compute the tiny expression."""
    c = a + b
    d = a * b + b**3
    e = c - d
    f = e**2
    return f / 2


def w1_compiled() -> Callable[[], tuple[float, float, float]]:
    """Run W1 as a program of two parameters."""
    a, b = Value(-41.0), Value(2.0)
    program = compile(lambda: w1(a, b), check=False)

    def run() -> tuple[float, float, float]:
        value, (slope_a, slope_b) = program.value_and_grad()
        return value, slope_a, slope_b

    return run


def w1_floats() -> Callable[[], tuple[float, float, float]]:
    """Do W1 and its gradient by hand, on the numbers of two Values."""
    x, y = Value(-41.0), Value(2.0)

    def run() -> tuple[float, float, float]:
        a, b = x.data, y.data
        e = (a + b) - (a * b + b**3)
        return e * e / 2, e * (1 - b), e * (1 - a - 3 * b * b)

    return run


def w1_torch() -> Callable[[], tuple[float, float, float]]:
    """Build W1 anew with PyTorch."""
    import torch

    torch.set_num_threads(1)
    a = torch.tensor(-41.0, dtype=torch.float64, requires_grad=True)
    b = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)

    def run() -> tuple[float, float, float]:
        a.grad = b.grad = None
        g = w1(a, b)
        g.backward()
        assert a.grad is not None
        assert b.grad is not None
        return g.item(), a.grad.item(), b.grad.item()

    return run


def w1_jax() -> Callable[[], tuple[float, float, float]]:
    """Call W1's jitted value and gradient."""
    import jax

    jax.config.update("jax_enable_x64", True)
    both = jax.jit(jax.value_and_grad(w1, (0, 1)))

    def run() -> tuple[float, float, float]:
        value, (slope_a, slope_b) = both(-41.0, 2.0)
        return float(value), float(slope_a), float(slope_b)

    return run


def w1_casadi() -> Callable[[], tuple[float, float, float]]:
    """Call W1's CasADi function through its buffer."""
    import casadi as ca

    a, b = ca.SX.sym("a"), ca.SX.sym("b")
    g = w1(a, b)
    f = ca.Function("f", [ca.vertcat(a, b)], [ca.vertcat(g, ca.gradient(g, a), ca.gradient(g, b))])
    buffer: Any
    buffer, call = f.buffer()
    numbers, result = np.array([-41.0, 2.0]), np.zeros(3)
    buffer.set_arg(0, memoryview(cast(Any, numbers)))
    buffer.set_res(0, memoryview(cast(Any, result)))

    def run() -> tuple[float, float, float]:
        numbers[:] = -41.0, 2.0
        call()
        value, slope_a, slope_b = result.tolist()
        return value, slope_a, slope_b

    run.__dict__["alive"] = f, buffer
    return run


W1_PEERS: dict[str, Callable[[], Callable[[], tuple[float, float, float]]]] = {
    "autograd_mini, compiled": w1_compiled,
    "floats by hand": w1_floats,
    "autograd_mini, eager": lambda: partial(tiny_graph, Value),
    **{
        name: lambda engine=engine: partial(tiny_graph, engine())
        for name, engine in SCALAR_PEERS.items()
    },
}
for package, name, make_w1 in (
    ("torch", "PyTorch eager, one thread", w1_torch),
    ("jax", "jax.jit", w1_jax),
    ("casadi", "CasADi buffer", w1_casadi),
):
    if importlib.util.find_spec(package) is not None:
        W1_PEERS[name] = make_w1


@pytest.mark.parametrize("name", WORKS)
@pytest.mark.parametrize("peer", PEERS)
def test_a_step_of_training(benchmark: BenchmarkFixture, name: str, peer: str) -> None:
    pytest.importorskip("sklearn")
    benchmark(proven(WORKS[name](), PEERS[peer]))


@pytest.mark.parametrize("peer", W1_PEERS)
def test_a_tiny_program(benchmark: BenchmarkFixture, peer: str) -> None:
    assert benchmark(W1_PEERS[peer]()) == (612.5, -35.0, 1050.0)


@pytest.mark.parametrize("engine", SCALAR_PEERS)
@pytest.mark.parametrize("name", ["moons", "digits"])
def test_a_step_of_a_scalar_engine(benchmark: BenchmarkFixture, name: str, engine: str) -> None:
    pytest.importorskip("sklearn")
    work = WORKS[name]()
    few = work._replace(X=work.X[:2], y=work.y[:2])
    loss = benchmark.pedantic(scalar_step(few, SCALAR_PEERS[engine]()))
    assert loss == pytest.approx(by_hand(few)(), rel=1e-11)


@pytest.mark.parametrize("name", ["moons", "digits"])
@pytest.mark.parametrize("binary", [False, True], ids=["dot", "binary operators"])
def test_compiling(benchmark: BenchmarkFixture, name: str, binary: bool) -> None:
    pytest.importorskip("sklearn")
    f, example = example_loss(WORKS[name](), binary)
    program = benchmark(lambda: compile(f, *example))
    assert program.matrices == (3 if name == "moons" else 2)


def compile_times(work: Work, binary: bool, rounds: int) -> dict[str, float]:
    """Return the CPU ms of the stages of compiling, each the smallest of all rounds.

    The last two are of the first batch, beyond an ordinary step: they compare examples with the
    eager engine, and a program compiled with `check=False` does without them.
    """
    f, example = example_loss(work, binary)
    X, t = work.X, work.targets()
    best: dict[str, float] = {}
    for _ in range(rounds):
        gc.collect()
        times = [time.process_time()]
        with collector_paused():
            graph = record(f, example)
            times.append(time.process_time())
            found = plan(graph)
            times.append(time.process_time())
            emit(found, "loss_and_gradient")
            times.append(time.process_time())
        del graph, found
        gc.collect()
        start = time.process_time()
        program = compile(f, *example)
        _ = program.source
        total = time.process_time() - start
        times.append(time.process_time())
        program.gradient(X, t)
        checked = time.process_time() - times[-1]
        start = time.process_time()
        program.gradient(X, t)
        checked -= time.process_time() - start
        stages = {
            "trace (the function runs twice)": times[1] - times[0],
            "passes": times[2] - times[1],
            "text": times[3] - times[2],
            "compile and source, in all": total,
            "checks on the first batch": checked,
        }
        best = {name: min(1e3 * s, best.get(name, 1e9)) for name, s in stages.items()}
    return best


def main() -> None:
    """Print every table."""
    print(versions("autograd_mini", "numpy", "torch", "jax", "casadi", "micrograd"))
    chosen = [name for name in WORKS if name in sys.argv[1:] or len(sys.argv) == 1]
    runs = {name: make() for name, make in W1_PEERS.items()}
    for run in runs.values():
        assert run() == (612.5, -35.0, 1050.0)
    print(table("W1", race(runs), unit="us"))
    for name in chosen:
        work = WORKS[name]()
        steps = {peer: proven(work, f) for peer, f in PEERS.items()}
        print(table(f"{name} step", race(steps, rounds=20)))
        if name[0] == "7":
            continue  # minutes for each step of a scalar engine
        steps = {"autograd_mini, compiled": steps["autograd_mini, compiled"]}
        for engine, make in SCALAR_PEERS.items():
            steps[engine] = scalar_step(work, make())
            assert steps[engine]() == pytest.approx(work.losses[0], rel=1e-11)
        print(table(f"{name} step beside scalar engines", race(steps)))
    for name in chosen:
        for binary in (False, True):
            times = compile_times(WORKS[name](), binary, rounds=3 if name[0] == "7" else 10)
            print(f"compiling {name}, {'binary operators' if binary else 'dot'}  [ms CPU: min]")
            for stage, ms in times.items():
                print(f"  {stage:34} {ms:10.1f}")


if __name__ == "__main__":
    main()

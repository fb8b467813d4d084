"""How fast is the eager engine beside other scalar engines, and how large is a node?

taskset -c 0 python tests/benchmarks/bench_engine.py
"""

from __future__ import annotations

import gc
import sys
import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from interleaved import race, table, versions
from scalar_peers import Node
from workloads import MOONS_LOSSES, as_scalars, moons_data, moons_layers

from autograd_mini import Value, dot, total


def tiny_graph(scalar: Any) -> tuple[float, float, float]:
    """W1: seven operations, built anew and differentiated."""
    a, b = scalar(-41.0), scalar(2.0)
    c = a + b
    d = a * b + b**3
    e = c - d
    f = e**2
    g = f / 2
    g.backward()
    return g.data, a.grad, b.grad


class Moons:
    """Training on the two moons, whole batch, hinge loss with a penalty on the weights."""

    def __init__(self, scalar: Any, fused: bool = False) -> None:
        X, y = moons_data()
        self.X, self.y = X.tolist(), y.tolist()
        self.scalar, self.fused = scalar, fused
        self.layers = as_scalars(moons_layers(), scalar)
        self.parameters = [p for layer in self.layers for ws, b in layer for p in (*ws, b)]

    def score(self, x: list[Any]) -> Any:
        """Return the network's output for one example."""
        for layer in self.layers:
            last = layer is self.layers[-1]
            z: list[Any] = [
                dot(ws, x, b) if self.fused else sum([w * v for w, v in zip(ws, x, strict=True)], b)
                for ws, b in layer
            ]
            x = z if last else [value.relu() for value in z]
        return x[0]

    def step(self) -> float:
        """Do one update; return the loss before it."""
        for p in self.parameters:
            p.grad = 0.0
        inputs = [[self.scalar(v) for v in x] for x in self.X]
        hinge = [(1 - t * self.score(x)).relu() for x, t in zip(inputs, self.y, strict=True)]
        if self.fused:
            loss = total(hinge) * (1.0 / len(hinge)) + 1e-4 * dot(self.parameters, self.parameters)
        else:
            squares: Any = sum([p * p for p in self.parameters])
            loss = sum(hinge) * (1.0 / len(hinge)) + 1e-4 * squares
        loss.backward()
        for p in self.parameters:
            p.data -= 0.05 * p.grad
        return loss.data


def chain(length: int) -> tuple[Value, Value]:
    """Return x and a sum of `length` more of it, built one addition at a time."""
    x = Value(1.0)
    y = x
    for _ in range(length):
        y = y + x
    return x, y


def bytes_per_node(count: int = 100_000) -> float:
    """Return the memory of an interior node, its float included."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        _, y = chain(count)
        return (tracemalloc.get_traced_memory()[0] - before) / count if y else 0.0
    finally:
        tracemalloc.stop()


ENGINES: dict[str, Callable[[], Any]] = {
    "autograd_mini": lambda: Value,
    "microgpt-style": lambda: Node,
}
try:
    from micrograd.engine import Value as MicrogradValue

    ENGINES["micrograd"] = lambda: MicrogradValue
except ImportError:
    pass


@pytest.mark.parametrize("engine", ENGINES)
def test_a_tiny_graph_built_anew(benchmark: BenchmarkFixture, engine: str) -> None:
    scalar = ENGINES[engine]()
    assert tiny_graph(scalar) == (612.5, -35.0, 1050.0)
    benchmark(tiny_graph, scalar)


@pytest.mark.parametrize("fused", [False, True], ids=["binary operators", "dot"])
def test_a_step_of_training_on_the_moons(benchmark: BenchmarkFixture, fused: bool) -> None:
    pytest.importorskip("sklearn")
    moons = Moons(Value, fused)
    losses = [moons.step() for _ in range(20)]
    assert losses[0] == pytest.approx(MOONS_LOSSES[0], rel=1e-11)
    assert losses[-1] == pytest.approx(MOONS_LOSSES[1], rel=1e-9)
    benchmark(moons.step)


@pytest.mark.parametrize("length", [100, 1_000, 10_000])
def test_a_chain_forward_and_backward(benchmark: BenchmarkFixture, length: int) -> None:
    x, y = chain(length)
    y.backward()
    assert x.grad == length + 1
    benchmark(lambda: chain(length)[1].backward())


def test_an_interior_node_takes_at_most_112_bytes() -> None:
    assert bytes_per_node(10_000) < 112.5


def main() -> None:
    """Print every table."""
    print(versions("autograd_mini", "micrograd", "numpy", "scikit-learn"))
    tiny = {name: partial(tiny_graph, engine()) for name, engine in ENGINES.items()}
    print(table("W1", race(tiny), unit="us"))
    for collector in ("on", "off"):
        steps = {"autograd_mini, dot": Moons(Value, fused=True).step}
        steps |= {name: Moons(engine()).step for name, engine in ENGINES.items()}
        if collector == "off":
            gc.disable()
        print(table(f"moons step, collector {collector}", race(steps)))
        gc.enable()
    x, y = chain(1)
    for collector in ("on", "off"):
        gc.collect()
        if collector == "off":
            gc.disable()
        start = time.process_time()
        x, y = chain(1_000_000)
        built = time.process_time()
        y.backward()
        end = time.process_time()
        gc.enable()
        assert x.grad == 1_000_001.0
        times = f"build {built - start:.2f} s, backward {end - built:.2f} s CPU"
        print(f"chain of a million, collector {collector}: {times}")
    print(f"bytes per interior node: {bytes_per_node():.0f}")


if __name__ == "__main__":
    main()

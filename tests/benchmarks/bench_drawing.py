"""How long does a large graph take to draw without Graphviz, and a large network as layers?

taskset -c 0 python -m pytest tests/benchmarks/bench_drawing.py --benchmark-enable
"""

from __future__ import annotations

from random import Random

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from autograd_mini import Value, logsumexp
from autograd_mini.drawing.model import picture
from autograd_mini.drawing.svg import layout_of, svg
from nn import FNN


def loss_of(examples: int) -> Value:
    """The loss of three units over some examples, every product and sum a node: 20 for each."""
    rng = Random(0)
    units = [[Value(rng.uniform(-1, 1), f"w{k}.{d}") for d in range(2)] for k in range(3)]
    loss = Value(0.0)
    for _ in range(examples):
        x, y = rng.random(), rng.random()
        hidden = [(w[0] * x + w[1] * y).tanh() for w in units]
        loss = loss + (sum(h * Value(0.5, f"v{k}") for k, h in enumerate(hidden)) - 1) ** 2
    loss.backward()
    return loss


@pytest.mark.parametrize("examples", [16, 58, 160])
def test_the_built_in_layout(benchmark: BenchmarkFixture, examples: int) -> None:
    drawn = picture(loss_of(examples), max_nodes=10**6)
    assert len(drawn.boxes) > 20 * examples
    placed = layout_of(drawn)
    assert len(set(placed.centers)) == len(drawn.boxes)
    benchmark.extra_info["boxes"] = len(drawn.boxes)
    benchmark(lambda: layout_of(drawn))


def test_a_784_128_10_network_as_layers(benchmark: BenchmarkFixture) -> None:
    scores = FNN([784, 128, 10], seed=0)([Value(i / 784) for i in range(784)])
    loss = logsumexp(scores) - scores[3]
    loss.backward()
    titles = [box.lines[0].text for box in picture(loss, collapse="layers").boxes]
    assert titles == ["784 inputs", "layers.0", "layers.1", "logsumexp", "sub"]
    benchmark(lambda: svg(picture(loss, collapse="layers")))

"""Do stepping and seeking stay smooth at a thousand nodes? Below 16 ms nobody sees a delay.

python -m pytest tests/benchmarks/bench_steps.py --benchmark-enable
"""

from __future__ import annotations

import io
from random import Random

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from autograd_mini import Trace, Value
from autograd_mini.debugger import Moment

NODES = [1_000, 10_000]


def shared_graph(nodes: int) -> Value:
    """Return the root of a graph in which each operation takes two of the last ten results."""
    random = Random(0)
    values = [Value(random.uniform(-1.0, 1.0)) for _ in range(10)]
    for i in range(nodes - 20):
        a, b = random.sample(values[-10:], 2)
        values.append(a * b if i % 3 == 0 else a - b if i % 3 == 1 else a.tanh())
    root = values[-1]
    for x in values[-10:-1]:
        root = root + x
    return root


@pytest.mark.parametrize("nodes", NODES)
def test_a_trace_is_made(benchmark: BenchmarkFixture, nodes: int) -> None:
    root = shared_graph(nodes)
    trace = benchmark(Trace, root)
    gradients = trace.at(len(trace))
    root.backward()
    assert all(gradients[node] == node.grad for node in trace.nodes)


@pytest.mark.parametrize("nodes", NODES)
def test_a_trace_seeks_anywhere(benchmark: BenchmarkFixture, nodes: int) -> None:
    trace = Trace(shared_graph(nodes))
    moments = [Random(1).randrange(len(trace) + 1) for _ in range(100)]
    for moment in moments[:5]:
        assert trace.at(moment)[trace.root] == 1.0

    def seek() -> None:
        trace.at(moments[0])
        moments.append(moments.pop(0))

    benchmark(seek)


@pytest.mark.parametrize("nodes", NODES)
def test_the_stepper_goes_to_the_end_and_back(benchmark: BenchmarkFixture, nodes: int) -> None:
    moment = Moment(Trace(shared_graph(nodes)))

    def there_and_back() -> None:
        moment.go(moment.end)
        moment.go(moment.start)

    benchmark(there_and_back)
    assert moment.trace.root.grad == 1.0


@pytest.mark.parametrize("nodes", NODES)
def test_the_stepper_continues_past_an_expression(benchmark: BenchmarkFixture, nodes: int) -> None:
    root = shared_graph(nodes)

    def run() -> str:
        stdout = io.StringIO()
        root.debug(stdin=io.StringIO(), stdout=stdout, commands=["b step.local > 1e9", "c", "q"])
        return stdout.getvalue()

    assert "the pass is done" in benchmark(run)


@pytest.mark.parametrize("nodes", NODES)
def test_a_pass_by_steps(benchmark: BenchmarkFixture, nodes: int) -> None:
    """`backward()` itself is timed in bench_engine.py."""
    root = shared_graph(nodes)
    trace = Trace(root)
    count = benchmark(lambda: sum(1 for _ in root.backward_steps()))
    assert count == len(trace)

"""What breaks programs in the long run: size, threads, time, processes."""

from __future__ import annotations

import gc
import sys
import threading
import tracemalloc
from typing import Any

import pytest

from autograd_mini import (
    Value,
    compile,
    logsumexp,
    product,
    text_tree,
    to_dot,
    to_svg,
    topological_order,
    total,
)
from nn import FNN, SGD, Trainer, fit
from tests.shared import python

X = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
Y = [0.0, 1.0, 1.0, 0.0]


def trained(seed: int, backend: str) -> list[float]:
    model = FNN([2, 3, 1], seed=seed)
    optimizer = SGD(model.parameters(), lr=0.1, momentum=0.9)
    fit(
        model,
        X,
        Y,
        loss="mse",
        optimizer=optimizer,
        epochs=15,
        batch_size=2,
        backend=backend,
        progress=False,
    )
    return [p.data for p in model.parameters()]


def bits() -> list[list[float]]:
    return [trained(5, backend) for backend in ("eager", "compiled")]


def test_a_node_may_have_a_hundred_thousand_inputs() -> None:
    xs = [Value(1e-6 * i) for i in range(100_000)]
    for function, count in ((total, 100_000), (logsumexp, 20_000), (product, 20_000)):
        root = function(xs[:count])
        root.backward()
        assert len(root.inputs) == len(topological_order(root)) - 1 == count
    root = total(xs[:5_000])
    assert "more nodes" in to_svg(root)
    assert len(to_dot(root)) + len(text_tree(root)) < 500_000


@pytest.mark.parametrize("backend", ["eager", "compiled"])
def test_eight_threads_train_to_the_bits_of_one(backend: str) -> None:
    alone = [trained(seed, backend) for seed in range(8)]
    together: dict[int, list[float]] = {}

    def work(seed: int) -> None:
        together[seed] = trained(seed, backend)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[seed] for seed in range(8)] == alone


@pytest.mark.parametrize("backend", ["eager", "compiled"])
def test_memory_stays_flat_over_many_steps(backend: str) -> None:
    model = FNN([2, 2, 1], seed=0)
    trainer = Trainer(model, "mse", SGD(model.parameters(), lr=0.01), backend=backend)

    def run(steps: int) -> int:
        for _ in range(steps):
            trainer.step(X, Y)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        first = run(50)
        assert run(300) - first < 4_000
    finally:
        tracemalloc.stop()


def test_the_same_seed_gives_the_same_bits_in_another_process() -> None:
    program = "from tests.test_hardening import bits; print(bits())"
    outputs = {python("-c", program, check=True, PYTHONHASHSEED=seed).stdout for seed in ("1", "2")}
    assert outputs == {f"{bits()}\n"}


def test_programs_are_made_while_other_threads_compute_with_the_same_values() -> None:
    w = Value(2.0, "w")
    seen: set[Any] = set()
    is_done = threading.Event()

    def f(x: Any) -> Any:
        for _ in range(100):
            x = x * w * 0.5 + 0.1
        return x

    def watch() -> None:
        while not is_done.is_set():
            x = Value(1.0)
            (w * x).backward()
            seen.update({w.data, x.grad, w.detach().op or 0.0})

    def make() -> None:
        try:
            for _ in range(5):
                seen.add(compile(f, 1.0)([1.0, 2.0])[0] - f(1.0).data)
        except Exception as error:
            seen.add(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=t) for t in (watch, make, make)]
        for thread in threads:
            thread.start()
        for thread in threads[1:]:
            thread.join()
        is_done.set()
        threads[0].join()
    finally:
        sys.setswitchinterval(interval)
    assert seen == {2.0, 0.0}
    assert type(w) is Value

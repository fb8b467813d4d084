"""How fast is what people call: `Trainer.step`, `fit`, `predict`?

taskset -c 0 env OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 \
    python tests/benchmarks/bench_users.py

Beside them stand NumPy by hand, scikit-learn and PyTorch. Steps start from the same weights and
must have the same losses; a fit must reach the accuracy of its peers; predictions must be equal.
"""

from __future__ import annotations

import importlib.util
import re
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench_compiled import WORKS, Work, by_hand, compiled, proven, torch_eager
from interleaved import race, table, versions

from nn import FNN, SGD, Adam, Trainer, fit, metrics

EPOCHS = 20


def model_of(work: Work) -> FNN:
    """Return the network with a workload's weights."""
    sizes = [work.layers[0][0].shape[0], *[W.shape[1] for W, _ in work.layers]]
    model = FNN(sizes, "relu", seed=0)
    for layer, (W, b) in zip(model.layers, work.layers, strict=True):
        for unit, ws, bias in zip(layer.neurons, W.T.tolist(), b.tolist(), strict=True):
            assert unit.b is not None
            unit.b.data = bias
            for w, x in zip(unit.w, ws, strict=True):
                w.data = x
    return model


def trainer_of(work: Work) -> Trainer:
    """Return a trainer of the workload."""
    model = model_of(work)
    sgd = SGD(model.parameters(), lr=work.lr)
    return Trainer(model, "cross_entropy", sgd, backend="compiled")


def inside(work: Work) -> Callable[[], float]:
    """Do steps inside `with trainer:`."""
    trainer = trainer_of(work).__enter__()
    return lambda: trainer.step(work.X, work.y)


def outside(work: Work) -> Callable[[], float]:
    """Do steps after each of which the Values are current."""
    trainer = trainer_of(work)
    return lambda: trainer.step(work.X, work.y)


STEPS: dict[str, Callable[[Work], Callable[[], float]]] = {
    "Trainer.step inside `with`": inside,
    "Trainer.step outside": outside,
    "NumPy by hand": by_hand,
    "the bound program": compiled,
}
if importlib.util.find_spec("torch") is not None:
    STEPS["PyTorch, one thread"] = torch_eager


def digits() -> tuple[Any, Any]:
    """Return all of the digits, in [0, 1]."""
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    return X / 16.0, y


def fit_ours(X: Any, y: Any, batch_size: int, hidden: int = 32, epochs: int = EPOCHS) -> Any:
    """Train a network of one hidden layer with `fit`, and return the predicted classes."""
    model = FNN([X.shape[1], hidden, 10], "relu", seed=0)
    adam = Adam(model.parameters(), lr=1e-3)
    fit(model, X, y, loss="cross_entropy", optimizer=adam, epochs=epochs, batch_size=batch_size,
        progress=False)  # fmt: skip
    return model.predict(X).argmax(axis=1)


def fit_sklearn(X: Any, y: Any, batch_size: int, hidden: int = 32, epochs: int = EPOCHS) -> Any:
    """Do the same with scikit-learn."""
    from sklearn.neural_network import MLPClassifier

    size: Any = batch_size  # whose stub says text
    network = MLPClassifier((hidden,), batch_size=size, max_iter=epochs, alpha=0.0, tol=0.0,
                            n_iter_no_change=epochs, random_state=0)  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it has not converged
        return network.fit(X, y).predict(X)


def fit_torch(X: Any, y: Any, batch_size: int, hidden: int = 32, epochs: int = EPOCHS) -> Any:
    """Do the same with PyTorch, one thread."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Linear(X.shape[1], hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, 10)
    ).double()
    adam = torch.optim.Adam(network.parameters(), lr=1e-3)
    rows, targets = torch.tensor(X), torch.tensor(y)
    for _ in range(epochs):
        for batch in torch.randperm(len(rows)).split(batch_size):
            adam.zero_grad()
            torch.nn.functional.cross_entropy(network(rows[batch]), targets[batch]).backward()
            adam.step()
    return network(rows).argmax(dim=1).numpy()


FITS: dict[str, Callable[..., Any]] = {"fit": fit_ours, "scikit-learn": fit_sklearn}
if importlib.util.find_spec("torch") is not None:
    FITS["PyTorch, one thread"] = fit_torch


def wide(peer: str, rows: int = 20_000) -> tuple[float, float]:
    """Return CPU seconds and MB over the data of a fit of 784-128-10, two epochs.

    Each peer needs a process of its own: memory is counted at its peak.
    """
    rng = np.random.default_rng(0)
    X = rng.normal(size=(rows, 784))
    y = (X @ rng.normal(size=(784, 10))).argmax(axis=1)
    FITS[peer](X[:64, :8], y[:64], 32, 4, 1)  # imports are not counted
    seconds, memory = time.process_time(), peak()
    FITS[peer](X, y, 64, 128, 2)
    return time.process_time() - seconds, peak() - memory


def peak() -> float:
    """Return the most memory that this program has had, in MB.

    Linux hands a parent's `ru_maxrss` on to the program that a child starts, so that a small one
    would seem to need nothing.
    """
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.findall(r"VmHWM:\s*(\d+)", status.read_text())[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def validated(share: float) -> Callable[[], object]:
    """Train on digits for `EPOCHS` epochs; `share` of them are for validation."""
    X, y = digits()
    held = int(share * len(X))

    def run() -> object:
        model = FNN([64, 32, 10], "relu", seed=0)
        adam = Adam(model.parameters(), lr=1e-3)
        return fit(model, X, y, loss="cross_entropy", optimizer=adam, epochs=EPOCHS, batch_size=32,
                   validation=(X[:held], y[:held]) if held else None, progress=False)  # fmt: skip

    return run


def predictions(rows: int) -> dict[str, Callable[[], Any]]:
    """Return ways to predict many points, proven equal."""
    model = FNN([2, 16, 16, 1], seed=0)
    X = np.random.default_rng(0).normal(size=(rows, 2))
    layers = [
        (
            np.array([[w.data for w in unit.w] for unit in layer.neurons]).T,
            np.array([unit.b.data if unit.b is not None else 0.0 for unit in layer.neurons]),
        )
        for layer in model.layers
    ]

    def forward() -> Any:
        h = X
        for W, b in layers[:-1]:
            h = np.tanh(h @ W + b)
        return (h @ layers[-1][0] + layers[-1][1])[:, 0]

    assert model.predict(X) == pytest.approx(forward(), rel=1e-12, abs=1e-12)
    return {"predict": lambda: model.predict(X), "NumPy by hand": forward}


@pytest.mark.parametrize("name", ["digits", "784-128-10"])
@pytest.mark.parametrize("peer", STEPS)
def test_a_step(benchmark: BenchmarkFixture, name: str, peer: str) -> None:
    pytest.importorskip("sklearn")
    benchmark(proven(WORKS[name](), STEPS[peer]))


@pytest.mark.parametrize("batch_size", [32, 200])
@pytest.mark.parametrize("peer", FITS)
def test_a_fit_of_digits(benchmark: BenchmarkFixture, batch_size: int, peer: str) -> None:
    pytest.importorskip("sklearn")
    X, y = digits()
    found = benchmark(FITS[peer], X, y, batch_size)
    assert metrics.accuracy(found, y) > 0.7


@pytest.mark.parametrize("peer", ["predict", "NumPy by hand"])
def test_predictions_of_ten_thousand(benchmark: BenchmarkFixture, peer: str) -> None:
    benchmark(predictions(10_000)[peer])


def main() -> None:
    """Print every table."""
    print(versions("autograd_mini", "numpy", "scikit-learn", "torch"))
    for name in ("digits", "784-128-10"):
        work = WORKS[name]()
        steps = {peer: proven(work, f) for peer, f in STEPS.items()}
        print(table(f"{name}, a step", race(steps, rounds=20)))
    X, y = digits()
    for size in (32, 200):
        fits = {peer: lambda f=f, size=size: f(X, y, size) for peer, f in FITS.items()}
        print(table(f"digits, {EPOCHS} epochs, batches of {size}", race(fits, rounds=5)))
    both = {"without": validated(0.0), "a tenth of the data": validated(0.1)}
    print(table("digits, validation", race(both, rounds=5)))
    print("784-128-10, 20,000 rows, two epochs, each in a process of its own")
    for peer in FITS:
        ran = subprocess.run([sys.executable, __file__, peer], capture_output=True, text=True)
        print(f"  {peer:28} {ran.stdout.strip()}")
    print(table("10,000 predictions, 2-16-16-1", race(predictions(10_000))))


if __name__ == "__main__":
    if sys.argv[1:]:
        print("{:.2f} s CPU, {:.0f} MB over the data".format(*wide(sys.argv[1])))
    else:
        main()

"""Time several ways of doing one thing, fairly: one process, round by round, CPU and wall time.

Run a benchmark as a program for its table, pinned to one core and one BLAS thread:

    taskset -c 0 env OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 \
        python tests/benchmarks/bench_engine.py
"""

from __future__ import annotations

import gc
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from importlib import metadata
from typing import NamedTuple


class Timing(NamedTuple):
    """Seconds per call: the smallest and the median of all rounds."""

    cpu: float
    cpu_median: float
    wall: float
    wall_median: float


def race(
    contenders: Mapping[str, Callable[[], object]], *, rounds: int = 10, at_least: float = 0.01
) -> dict[str, Timing]:
    """Time each contender once a round, in turn.

    Each timing repeats its contender until it lasts `at_least` seconds; the collector runs
    between contenders, so that none pays for the garbage of another.
    """
    repeats: dict[str, int] = {}
    for name, run in contenders.items():
        count = 1
        while (elapsed := _timed(run, count)[1]) < at_least:
            count = max(2 * count, int(count * at_least / max(elapsed, 1e-9)))
        repeats[name] = count
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            gc.collect()
            cpu, wall = _timed(run, repeats[name])
            measured[name].append((cpu / repeats[name], wall / repeats[name]))
    return {
        name: Timing(
            min(cpu for cpu, _ in times),
            statistics.median(cpu for cpu, _ in times),
            min(wall for _, wall in times),
            statistics.median(wall for _, wall in times),
        )
        for name, times in measured.items()
    }


def table(title: str, timings: Mapping[str, Timing], *, unit: str = "ms") -> str:
    """Return the timings as lines of text, each with its ratio to the first."""
    scale = {"s": 1.0, "ms": 1e3, "us": 1e6}[unit]
    first = next(iter(timings.values()))
    lines = [f"{title}  [{unit} CPU: min (median); wall: min (median)]"]
    for name, t in timings.items():
        cpu = f"{t.cpu * scale:10.4g} ({t.cpu_median * scale:.4g})"
        wall = f"{t.wall * scale:10.4g} ({t.wall_median * scale:.4g})"
        lines.append(f"  {name:28} {cpu:24} {wall:24} {t.cpu / first.cpu:8.2f}x")
    return "\n".join(lines)


def versions(*packages: str) -> str:
    """Return the versions that a table was measured with."""
    found = [f"Python {platform.python_version()}"]
    for package in packages:
        try:
            found.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            found.append(f"{package} not installed")
    return ", ".join(found)


def _timed(run: Callable[[], object], count: int) -> tuple[float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(count):
        run()
    return time.process_time() - cpu, time.perf_counter() - wall

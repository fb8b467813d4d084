"""Time a step of training: four models beside NumPy by hand, PyTorch, JAX and microgpt.

A step is gradients, the loss as a float and the optimizer's update, in double precision. Who
takes part is what is installed here, and shows the right loss before it is timed. All take turns
in one process; a time is the least of all rounds, in CPU time. A Value in the style of microgpt
takes one step with one example, and its time is multiplied by their number.
Run it:  python -m demos speed          (a minute; OMP_NUM_THREADS=1 keeps all to one thread)
"""

from __future__ import annotations

import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from demos._plot import BLUE, GREY, INK, ORANGE, panels, save

SMALL = {"rounds": 1, "models": "moons", "who": "hand"}
SCALARS = "a Value as in microgpt"


def measured(rounds: int, models: str, who: str) -> dict[str, dict[str, float]]:
    """Return the microseconds of a step for each model and each who can do it."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "benchmarks"))
    # They need the test group.
    networks, gpt = import_module("bench_compiled"), import_module("bench_gpt")
    race = import_module("interleaved").race
    sys.setrecursionlimit(100_000)  # microgpt's backward is recursive
    found: dict[str, dict[str, float]] = {}
    for name in (*networks.WORKS, "GPT"):
        if models and name not in models.split(","):
            continue
        if name == "GPT":
            steps = {n: gpt.proven(make, 1) for n, make in gpt.FAST.items() if who in n}
            scalars, count = gpt.proven(gpt.microgpt, 1), 1
        else:
            work = networks.WORKS[name]()
            steps = {n: networks.proven(work, f) for n, f in networks.PEERS.items() if who in n}
            one, count = work._replace(X=work.X[:1], y=work.y[:1]), len(work.X)
            scalars = networks.scalar_step(one, networks.SCALAR_PEERS["microgpt-style"]())
        timings = race(steps, rounds=rounds)
        start = time.process_time()
        scalars()
        slow = 1e6 * count * (time.process_time() - start)
        found[name] = {n: 1e6 * timing.cpu for n, timing in timings.items()} | {SCALARS: slow}
    return found


def draw(table: dict[str, dict[str, float]]) -> None:
    """Draw a bar for each time, on a scale of powers of ten."""
    figure, axes = panels([f"{name}: µs a step" for name in table], columns=2, size=(4.8, 2.5))
    for ax, row in zip(axes, table.values(), strict=True):
        names = sorted(row, key=lambda name: -row[name])
        colors = [
            ORANGE if "native" in name else BLUE if "mini" in name else GREY for name in names
        ]
        ax.barh(names, [row[name] for name in names], color=colors, log=True)
        ax.set_xlim(1.0, 30.0 * max(row.values()))
        for name in names:
            text: Any = f" {row[name]:,.0f}"
            ax.annotate(text, (row[name], name), va="center", fontsize=8, color=INK)
    save(figure, "speed.png")


def main(rounds: int = 15, models: str = "", who: str = "") -> None:
    table = measured(rounds, models, who)
    print(f"{'µs a step':28}{''.join([f'{name:>14}' for name in table])}")
    for name in dict.fromkeys(name for row in table.values() for name in row):
        times = [f"{row[name]:,.1f}" if name in row else "" for row in table.values()]
        print(f"{name:28}{''.join([f'{text:>14}' for text in times])}")
    draw(table)


if __name__ == "__main__":
    main()

"""Let compositions of |x| find the kernel: fold the plane until a line separates two moons.

A layer h = |Wᵀx + b| of two units turns and stretches the plane, and folds it along two lines,
where a unit's sum is 0. Watch the grid: what lay on both sides of a fold comes to lie together.
After three folds the two moons are on two sides of one line, the linear readout of a kernel
machine; seen through the folds, that line is the boundary in the plane of the inputs.
Run it:  python -m demos abs_kernel          (ten seconds; writes out/abs_kernel.png)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from demos import _plot as plot
from nn import FNN, Adam, datasets, fit
from nn.losses import l2_penalty
from nn.metrics import accuracy


def best(X: Any, y: Any, folds: int, epochs: int, tries: int) -> FNN:
    """Return the best of a few trained networks: narrow ones are easily stuck."""
    found: list[tuple[float, FNN]] = []
    for seed in range(tries):
        model = FNN([2, *[2] * folds, 1], "abs", seed=seed)
        adam = Adam(model.parameters(), lr=0.02)
        history = fit(model, X, y, loss="squared_hinge", optimizer=adam, epochs=epochs,
                      batch_size=30, penalty=l2_penalty(2e-2))  # fmt: skip
        found.append((history.loss[-1], model))
    return min(found, key=lambda one: one[0])[1]


def main(n: int = 150, epochs: int = 250, tries: int = 6, folds: int = 3) -> None:
    X, y = datasets.moons(n, noise=0.08)
    y = 2 * y - 1
    model = best(X, y, folds, epochs, tries)
    print(f"accuracy after {folds} folds: {accuracy(model.predict(X), y):.3f}")
    heads = ["the plane, and where it will be folded"]
    heads += [f"after {k} fold{'s'[: k - 1]}, and where next" for k in range(1, folds)]
    heads += [f"after {folds} folds a line separates"]
    figure, axes = plot.panels(heads, columns=2, size=(6.2, 5.2))
    (x1, x2), (low1, low2) = X.max(axis=0) + 0.25, X.min(axis=0) - [0.25, 0.5]
    meshes = np.meshgrid(np.linspace(low1, x1, 13), np.linspace(low2, x2, 100))
    upright = np.stack(meshes, axis=-1).swapaxes(0, 1)
    meshes = np.meshgrid(np.linspace(low1, x1, 100), np.linspace(low2, x2, 13))
    grid = np.concatenate([upright, np.stack(meshes, axis=-1)])
    plot.regions(axes[0], model.predict, grid.reshape(-1, 2))
    axes[0].plot([], color=plot.INK, lw=1.4, label="decision boundary")
    points = X
    for k, (ax, layer) in enumerate(zip(axes, model.layers, strict=True)):
        for i, line in enumerate(grid):
            ax.plot(*line.T, color="#8073ac" if i < len(upright) else "#35978f", lw=0.7, alpha=0.5)
        plot.points(ax, points, y, size=26)
        limits = ax.axis() if k else (low1, x1, low2, x2)
        for j, unit in enumerate(layer.neurons if k < folds else ()):
            w1, w2, b = (p.data for p in unit.parameters())
            a, c = np.array([-w1, -w2]) * b / (w1**2 + w2**2), np.array([-w2, w1]) * 99.0
            ax.plot(*np.array([a - c, a + c]).T, color=plot.INK, lw=2.0, ls=("--", "-.")[j],
                    label=f"unit {j + 1} folds here")  # fmt: skip
        W, b = layer.arrays()
        if k == folds:
            plot.regions(ax, lambda rows, W=W, b=b: rows @ W + b, grid.reshape(-1, 2))
        name = "x" if k == 0 else "h"
        ax.axis(limits)
        ax.set(xlabel=f"{name}₁", ylabel=f"{name}₂")
        if k < folds:
            ax.legend(fontsize=12, loc="upper right" if k else "lower left", framealpha=1.0)
            grid, points = np.abs(grid @ W + b), np.abs(points @ W + b)
    plot.save(figure, "abs_kernel.png")


SMALL = {"n": 12, "epochs": 2, "tries": 1}

if __name__ == "__main__":
    main()

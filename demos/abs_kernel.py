"""Let compositions of |x| find the kernel: space is folded until a line separates.

A layer h = |Wᵀx + b| turns, stretches and folds the plane along two lines. Each row is a network
with L folds, trained on circles or moons: the boundary it finds, and where the points lie after
the last fold, where its linear readout, the kernel machine, cuts them apart. The last column is
the one-dimensional case: the tent 1 - 2|x - ½|, composed L times, has 2^L straight pieces.
Run it:  python -m demos abs_kernel          (half a minute; writes out/abs_kernel.png)
"""

from __future__ import annotations

import numpy as np

from demos import _plot as plot
from demos.depth import pieces, tents
from nn import FNN, Adam, datasets, fit
from nn.metrics import accuracy


def folded(model: FNN, X: np.ndarray, folds: int) -> np.ndarray:
    """Return where the points lie after so many folds."""
    rows = X.tolist()
    for layer in model.layers[:folds]:
        rows = [layer.numbers(row) for row in rows]
    return np.array(rows)


def best(X: np.ndarray, y: np.ndarray, depth: int, epochs: int, tries: int) -> FNN:
    """Return the most accurate of a few trained networks: narrow ones are easily stuck."""
    models: list[FNN] = []
    for seed in range(tries):
        models.append(FNN([2, *[2] * depth, 1], "abs", seed=seed))
        adam = Adam(models[-1].parameters(), lr=0.02)
        fit(models[-1], X, y, loss="squared_hinge", optimizer=adam, epochs=epochs, batch_size=30)
    return max(models, key=lambda model: accuracy(model.predict(X), y))


def main(n: int = 120, epochs: int = 250, tries: int = 6, deepest: int = 3) -> None:
    sets = {"circles": datasets.circles(n, noise=0.08), "moons": datasets.moons(n, noise=0.1)}
    depths = range(1, deepest + 1)
    shown = ("circles", "circles, folded", "moons", "moons, folded", "tent")
    heads = [f"L = {depth}: {what}" for depth in depths for what in shown]
    figure, axes = plot.panels(heads, columns=5, size=(2.9, 2.6))
    places = iter(axes)
    xs = np.arange(2**10 + 1) / 2**10
    print("folds  " + "  ".join([f"accuracy on {name}" for name in sets]) + "  tent's pieces")
    for depth in depths:
        shares: list[float] = []
        for X, y in sets.values():
            y = 2 * y - 1
            model = best(X, y, depth, epochs, tries)
            shares.append(accuracy(model.predict(X), y))
            plane, space = next(places), next(places)
            plot.regions(plane, model.predict, X)
            plot.points(plane, X, y)
            H, readout = folded(model, X, depth), model.layers[-1]
            plot.regions(space, lambda rows, r=readout: [r.numbers(h)[0] for h in rows], H)
            plot.points(space, H, y)
        tent = tents(depth).predict(xs)
        next(places).plot(xs, tent, color=plot.INK, lw=1.3)
        accuracies = "  ".join([f"{share:19.3f}" for share in shares])
        print(f"{depth:5}  {accuracies}  {pieces(xs, tent):13}")
    plot.save(figure, "abs_kernel.png")


SMALL = {"n": 12, "epochs": 2, "tries": 1, "deepest": 1}

if __name__ == "__main__":
    main()

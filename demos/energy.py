"""Watch the energy fall: gradient descent and stochastic gradient descent.

Left, a linear model, whose loss is a convex quadratic: gradient descent decreases it at every
step as long as lr < 2/λ, λ the largest curvature, and diverges beyond. Right, a network on two
moons: after as many gradients of single examples, small batches are further down than the whole
set, and noisier.
Run it:  python -m demos energy          (some ten seconds; writes out/energy.png)
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from demos import _plot as plot
from nn import FNN, SGD, datasets, fit


def main(n: int = 100, epochs: int = 60) -> None:
    figure, (left, right) = plot.panels(
        ["a convex quadratic: three learning rates", "moons: full batch, small batches"],
        size=(5.0, 3.8),
    )
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 2)) * [1.0, 0.3]
    y = X @ [1.0, -2.0]
    steepest = float(np.linalg.eigvalsh(2 * X.T @ X / n).max())  # curvature of the mean of r²
    print(f"largest curvature {steepest:.3f}: gradient descent needs lr < {2 / steepest:.3f}")
    for share, color in zip((0.5, 1.9, 2.05), plot.COLORS, strict=False):
        model = FNN([2, 1], output_bias=False, seed=1)
        sgd = SGD(model.parameters(), lr=share / steepest)
        losses = fit(model, X, y, loss="mse", optimizer=sgd, epochs=epochs).loss
        falling = all(b < a for a, b in pairwise(losses))
        print(f"lr = {share:4} / curvature: loss {losses[0]:.3g} -> {losses[-1]:.3g}, "
              f"{'falls at every step' if falling else 'does not fall at every step'}")  # fmt: skip
        left.plot(losses, color=color, lw=1.6, label=f"lr = {share} / λ")
    X, y = datasets.moons(n, noise=0.15)
    for batch_size, lr, color in ((None, 0.5, plot.BLUE), (16, 0.2, plot.GREEN),
                                  (1, 0.05, plot.ORANGE)):  # fmt: skip
        model = FNN([2, 12, 1], "tanh", seed=2)
        sgd = SGD(model.parameters(), lr=lr)
        history = fit(model, X, y, loss="bce_with_logits", optimizer=sgd, epochs=epochs,
                      batch_size=batch_size)  # fmt: skip
        name = "GD: all examples" if batch_size is None else f"SGD: batches of {batch_size}"
        right.plot(history.loss, color=color, lw=1.6, label=f"{name}, lr = {lr}")
        print(f"{name:20} loss {history.loss[0]:.3f} -> {history.loss[-1]:.3f}")
    left.set_yscale("log")
    for ax in (left, right):
        ax.set(xlabel="epoch", ylabel="loss")
        ax.legend(fontsize=8)
    plot.save(figure, "energy.png")


SMALL = {"n": 12, "epochs": 3}

if __name__ == "__main__":
    main()

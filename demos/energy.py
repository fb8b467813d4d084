"""Watch the energy fall: gradient descent and stochastic gradient descent.

Left, the paths of gradient descent over the loss of a linear model, a convex quadratic: it falls
at every step as long as lr < 2/λ, λ the largest curvature, zigzags close to that, and diverges
beyond. Right, a network on two moons: after the same number of gradients of single examples, small
batches have a lower loss than the whole set, and a noisier one.
Run it:  python -m demos energy          (some ten seconds; writes out/energy.png)
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import numpy as np

from demos import _plot as plot
from nn import FNN, SGD, datasets, fit

LINES = ("-", "--", "-.")  # for those who cannot tell the colors apart


def main(n: int = 100, epochs: int = 60) -> None:
    figure, (paths, left, right) = plot.panels(
        ["gradient descent at three learning rates", "the loss along these paths",
         "two moons: all examples, or batches"], size=(5.2, 4.6))  # fmt: skip
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 2)) * [1.0, 0.4]
    y = X @ [1.0, -2.0]
    steepest = float(np.linalg.eigvalsh(2 * X.T @ X / n).max())  # curvature of the mean of r²
    print(f"largest curvature {steepest:.3f}: gradient descent needs lr < {2 / steepest:.3f}")
    w1, w2 = np.meshgrid(np.linspace(-1.0, 3.0, 90), np.linspace(-3.2, 0.9, 90))
    bowl = sum((x[0] * (w1 - 1.0) + x[1] * (w2 + 2.0)) ** 2 for x in X) / n
    paths.contourf(w1, w2, bowl, 2.0 ** np.arange(-8, 4), cmap="Greys", alpha=0.4, extend="both")
    paths.contour(w1, w2, bowl, 2.0 ** np.arange(-8, 4), colors=plot.GREY, linewidths=0.6)
    for share, color, mark, line in zip((0.5, 1.9, 2.05), plot.COLORS, "os^", LINES, strict=False):
        model = FNN([2, 1], output_bias=False, seed=1)
        model.load_state_dict(dict(zip(model.state_dict(), (-0.5, 0.5), strict=True)))
        sgd = SGD(model.parameters(), lr=share / steepest)
        path = [[w.data for w in sgd.params]]
        watch = partial(
            lambda path, run: path.append([w.data for w in run.model.parameters()]), path
        )
        losses = fit(model, X, y, loss="mse", optimizer=sgd, epochs=epochs, callbacks=[watch]).loss
        falling = all(b < a for a, b in pairwise(losses))
        print(f"lr = {share:4} / curvature: loss {losses[0]:.3g} -> {losses[-1]:.3g}, "
              f"{'falls at every step' if falling else 'does not fall at every step'}")  # fmt: skip
        style = {"color": color, "label": f"lr = {share} / λ"}
        paths.plot(
            *np.array(path[:40] if falling else path[:7]).T, marker=mark, ms=3.5, lw=1.3, **style
        )
        left.plot(losses, ls=line, lw=1.8, **style)
    paths.plot(1.0, -2.0, "*", color=plot.INK, ms=13, label="the minimum")
    paths.set(xlabel="w₁", ylabel="w₂", xlim=(-1.0, 3.0), ylim=(-3.2, 0.9))
    X, y = datasets.moons(n, noise=0.15)
    for batch_size, lr, color, line in zip(
        (None, 16, 1), (0.5, 0.2, 0.05), (plot.BLUE, plot.GREEN, plot.ORANGE), LINES, strict=True
    ):
        model = FNN([2, 12, 1], "tanh", seed=2)
        sgd = SGD(model.parameters(), lr=lr)
        history = fit(model, X, y, loss="bce_with_logits", optimizer=sgd, epochs=epochs,
                      batch_size=batch_size)  # fmt: skip
        name = "GD: all examples" if batch_size is None else f"SGD: batches of {batch_size}"
        right.plot(history.loss, color=color, ls=line, lw=1.8, label=f"{name}, lr = {lr}")
        print(f"{name:20} loss {history.loss[0]:.3f} -> {history.loss[-1]:.3f}")
    left.set(xlabel="update", ylabel="mean squared error", yscale="log")
    right.set(xlabel="epoch: each example's gradient once", ylabel="cross-entropy")
    for ax in (paths, left, right):
        ax.legend(fontsize=11, framealpha=1.0, handlelength=3.0)
    plot.save(figure, "energy.png")


SMALL = {"n": 12, "epochs": 3}

if __name__ == "__main__":
    main()

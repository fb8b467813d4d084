"""See the sigmoid kill gradients: how much of one arrives at each layer of a deep network.

The backward pass multiplies by σ'(z) ≤ ¼ at each sigmoid, so that the first of ten layers gets
about a millionth of what the last one gets, and does not learn. tanh is steeper around the center,
σ' = 1 there; relu passes gradients through unchanged or not at all. The lecture: "sigmoid saturates
and can kill gradients". Each curve is a mean over seeds, at the start; then all three are trained.
Run it:  python -m demos vanishing          (ten seconds; writes out/vanishing.png)
"""

from __future__ import annotations

import numpy as np

from demos import _plot as plot
from nn import FNN, Adam, datasets, fit, losses

UNITS = {"sigmoid": plot.ORANGE, "tanh": plot.BLUE, "relu": plot.GREEN}


def sizes_by_layer(model: FNN, X: np.ndarray, y: np.ndarray) -> list[float]:
    """Return the root mean square of the loss's gradient in the weights of each layer."""
    model.zero_grad()
    losses.bce_with_logits_loss([model(x) for x in X], y).backward()
    return [
        float(np.sqrt(np.mean([w.grad**2 for unit in layer.neurons for w in unit.w])))
        for layer in model.layers
    ]


def main(depth: int = 10, width: int = 8, seeds: int = 10, n: int = 40, epochs: int = 150) -> None:
    X, y = datasets.moons(n, noise=0.1)
    figure, (left, right) = plot.panels(
        [f"{depth} hidden layers of {width} units, before training", "and what they learn from it"],
        columns=2, size=(5.6, 4.4))  # fmt: skip
    print("gradient in   " + "  ".join([f"layer {k:2}" for k in (1, depth // 2, depth)]) + "  loss")
    layers = range(1, depth + 2)
    for (unit, color), mark in zip(UNITS.items(), ("o-", "s--", "^-."), strict=True):
        sizes = [2, *[width] * depth, 1]
        models = [FNN(sizes, unit, seed=seed) for seed in range(seeds)]
        found = np.array([sizes_by_layer(model, X, y) for model in models])
        left.plot(layers, found.T, color=color, lw=0.6, alpha=0.25)
        typical = np.exp(np.log(found + 1e-300).mean(axis=0))
        left.plot(layers, typical, mark, color=color, lw=2.2, label=f"{unit}, mean")
        adam = Adam(models[0].parameters(), lr=0.01)
        history = fit(models[0], X, y, loss="bce_with_logits", optimizer=adam, epochs=epochs)
        right.plot(range(1, epochs + 1), history.loss, mark[1:], color=color, lw=2.2, label=unit)
        shown = "  ".join([f"{typical[k - 1]:8.1e}" for k in (1, depth // 2, depth)])
        print(f"{unit:12}  {shown}  {history.loss[-1]:.3f}")
    right.axhline(np.log(2), color=plot.GREY, ls=":", lw=1.2, label="always ½: ln 2")
    left.set(xlabel="layer, from the inputs to the output", yscale="log", xticks=layers,
             ylabel="size of the gradient in its weights")  # fmt: skip
    right.set(xlabel="epoch", ylabel="cross-entropy", ylim=(0.0, 1.0))
    left.plot([], color=plot.GREY, lw=0.6, label="one seed each")
    left.legend(fontsize=12, loc="lower right")
    right.legend(fontsize=12)
    plot.save(figure, "vanishing.png")


SMALL = {"depth": 3, "width": 2, "seeds": 2, "n": 6, "epochs": 2}

if __name__ == "__main__":
    main()

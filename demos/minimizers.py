"""See that local minimizers are reasonably good: fifty random starts, by width.

Training ends wherever the start leads it. For narrow networks that is a lottery: some starts end
in poor minimizers, and stay there. The wider the network, the closer together and the lower its
minimizers lie, so any of them will do. Choromanska et al., "The loss surfaces of multilayer
networks" (2015), found the same at scale. Each dot is the loss at the end of one run.
Run it:  python -m demos minimizers          (half a minute; writes out/minimizers.png)
"""

from __future__ import annotations

import numpy as np

from demos import _plot as plot
from nn import FNN, Adam, fit


def main(seeds: int = 50, n: int = 40, epochs: int = 600, widest: int = 32) -> None:
    x = np.linspace(-2.0, 2.0, n)
    noise = np.random.default_rng(0).normal(0.0, 0.1, n)
    y = np.sin(3.0 * x) + noise
    widths = [2**k for k in range(1, widest.bit_length())]
    figure, (left, right) = plot.panels(
        [f"{seeds} starts for each width", "how many starts end below a loss"],
        columns=2, size=(5.6, 4.4))  # fmt: skip
    print("width    best  median   worst")
    for place, width in enumerate(widths):
        final: list[float] = []
        for seed in range(seeds):
            model = FNN([1, width, 1], "tanh", seed=seed)
            adam = Adam(model.parameters(), lr=0.03)
            history = fit(model, x, y, loss="mse", optimizer=adam, epochs=epochs)
            final.append(history.loss[-1])
        final.sort()
        color = plot.COLORS[place % len(plot.COLORS)]
        spread = place + np.random.default_rng(0).uniform(-0.25, 0.25, seeds)
        left.scatter(spread, final, s=16, color=color, alpha=0.6, lw=0)
        middle = float(np.median(final))
        left.hlines(middle, place - 0.35, place + 0.35, color=plot.INK, lw=2)
        right.step(final, np.arange(1, seeds + 1) / seeds, where="post", color=color, lw=2,
                   label=f"{width} hidden units")  # fmt: skip
        print(f"{width:5}  {final[0]:6.3f}  {middle:6.3f}  {final[-1]:6.3f}")
    for line in (left.axhline, right.axvline):
        line(float(np.mean(noise**2)), color=plot.GREY, ls=":", lw=1.4, label="noise of the data")
    left.legend(fontsize=11)
    right.legend(fontsize=9, loc="center right", bbox_to_anchor=(0.86, 0.63))
    left.set(xlabel="hidden units (line: the median)", ylabel="mean squared error at the end",
             yscale="log", xticks=range(len(widths)), xticklabels=widths)  # fmt: skip
    right.set(xlabel="mean squared error", ylabel="share of the starts", xscale="log")
    plot.save(figure, "minimizers.png")


SMALL = {"seeds": 2, "n": 6, "epochs": 2, "widest": 4}

if __name__ == "__main__":
    main()

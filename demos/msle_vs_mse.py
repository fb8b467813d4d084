"""Compare MSE with MSLE: the lecture's 600, 1000, 1400, and what a logarithm forgives.

Both predictions miss 1000 by 400, and the RMSE cannot tell them apart. The RMSLE charges 0.5108
for the prediction that is too low and 0.3365 for the one that is too high. It sees ratios: being
off by a factor costs the same for tens and for millions.
Run it:  python -m demos msle_vs_mse          (a second; writes out/msle_vs_mse.png)
"""

from __future__ import annotations

import numpy as np

from demos import _plot as plot
from nn.losses import rmse, rmsle

TRUE = 1000.0


def main(points: int = 181) -> None:
    print("prediction  target  RMSE    RMSLE")
    for prediction in (600.0, 1400.0):
        loss, log_loss = rmse(prediction, TRUE), rmsle(prediction, TRUE)
        print(f"{prediction:10g}  {TRUE:6g}  {loss:g}     {log_loss:.4f}")
    figure, (left, middle, right) = plot.panels(
        ["RMSE: both miss by 400", "RMSLE: too low costs more", "the same factor, any size"]
    )
    fs = np.linspace(200.0, 2000.0, points)
    for ax, loss, unit in ((left, rmse, "{:.0f}"), (middle, rmsle, "{:.4f}")):
        ax.plot(fs, [loss(f, TRUE) for f in fs], color=plot.INK, lw=1.6)
        ax.axvline(TRUE, color=plot.GREY, lw=0.8, ls=":")
        for f, color in ((600.0, plot.ORANGE), (1400.0, plot.BLUE)):
            cost = loss(f, TRUE)
            ax.plot([f, f], [0.0, cost], color=color, lw=1.2, ls="--")
            ax.plot(f, cost, "o", color=color)
            ax.annotate(unit.format(cost), (f, cost), (-6 if f < TRUE else 6, -14),
                        textcoords="offset points", ha="right" if f < TRUE else "left",
                        color=color, fontsize=9)  # fmt: skip
        ax.set(xlabel="prediction, the target is 1000", ylabel="loss")
        ax.set_ylim(bottom=0.0)
    sizes = 10.0 ** np.arange(0, 7)
    right.plot(sizes, [rmse(0.6 * y, y) for y in sizes], "o-", color=plot.INK, ms=3, lw=1.2,
               label="RMSE of 0.6 y and of 1.4 y")  # fmt: skip
    for factor, color, mark in ((0.6, plot.ORANGE, "s--"), (1.4, plot.BLUE, "^:")):
        right.plot(sizes, [rmsle(factor * y, y) for y in sizes], mark, color=color, ms=4, lw=1.2,
                   label=f"RMSLE of {factor} y")  # fmt: skip
    right.set(xscale="log", yscale="log", xlabel="target y", ylabel="loss")
    right.legend(fontsize=8)
    plot.save(figure, "msle_vs_mse.png")


SMALL = {"points": 21}

if __name__ == "__main__":
    main()

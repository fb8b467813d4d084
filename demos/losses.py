"""Plot all losses with their gradients: regression, margins, and the twelve for classes.

Regression losses are drawn against the error r = f - y; hinge losses and the cross-entropy
against the margin y·f; the twelve losses of Janocha and Czarnecki (arXiv 1702.05659) against
the logit o_y of the true class, when the two other logits are 0. Watch the gradients at the left
end: losses that are flat there do not learn from a confident mistake.
Run it:  python -m demos losses          (three seconds; writes out/losses.png)
"""

from __future__ import annotations

from functools import partial

import numpy as np

from autograd_mini import Value
from demos import _plot as plot
from nn import losses

REGRESSION = ("mse", "mae", "huber", "log_cosh")
MARGIN = ("hinge", "squared_hinge", "cubed_hinge", "bce_with_logits")


COLORS = {  # the same loss, the same color
    "mae": "#2166ac", "L1": "#2166ac", "mse": "#d6604d", "L2": "#d6604d", "log_cosh": "#8073ac",
    "hinge": "#35978f", "squared_hinge": "#1b7837", "hinge²": "#1b7837", "cubed_hinge": "#b8860b",
    "hinge³": "#b8860b", "bce_with_logits": "#542788", "log": "#542788", "log²": "#de77ae",
    "L1∘σ": "#c51b7d", "L2∘σ": "#4d4d4d", "L∞∘σ": "#7f3b08", "tan": "#222222", "D_CS": "#4393c3",
    "huber": "#66bd63"}  # fmt: skip
STYLES = ("-", "--", "-.") * 2  # for those who cannot tell the colors apart
GROUPS = (  # what the curves are drawn against
    ("regression", "error r = f - y"),
    ("margins", "margin y·f"),
    ("classes, the first six of the twelve", "logit o_y of the true class"),
    ("classes, the other six", "logit o_y of the true class"),
)


def main(points: int = 400) -> None:
    shown = [(0, name, partial(losses.get(name), target=0.0)) for name in REGRESSION]
    shown += [(1, name, partial(losses.get(name), target=1.0)) for name in MARGIN]
    for i, (symbol, f) in enumerate(losses.JANOCHA_CZARNECKI.items()):
        shown += [(2 if i < 6 else 3, symbol, lambda o, f=f: f([o, 0.0, 0.0], 0))]
    titles = [*[title for title, _ in GROUPS], *[""] * 4]
    figure, axes = plot.panels(titles, columns=4, size=(3.7, 3.3))
    xs = np.linspace(-4.0, 4.0, points)
    for place, name, loss in shown:
        for ax, ys in zip((axes[place], axes[place + 4]), plot.sampled(loss, xs), strict=True):
            style = STYLES[len(ax.get_legend_handles_labels()[0])]
            plot.curve(ax, xs, ys, color=COLORS[name], lw=1.7, ls=style, label=name)
    for i, ax in enumerate(axes):
        plot.cross(ax)
        ax.set_xlabel(GROUPS[i % 4][1])
        ax.set_ylim((-1.2, 5.0) if i < 4 else (-4.0, 4.0) if i == 4 else (-4.0, 1.2))
        if i >= 4:  # where no curve is
            ax.legend(fontsize=8, loc="lower right", handlelength=3.0)
    axes[0].set_ylabel("loss", fontsize=11)
    axes[4].set_ylabel("its gradient", fontsize=11)
    plot.save(figure, "losses.png")
    print("gradient in o_y when the model is wrong by 30 (o = 30, 0, -30; the last is true):")
    for symbol, f in losses.JANOCHA_CZARNECKI.items():
        logits = [Value(30.0), Value(0.0), Value(-30.0)]
        f(logits, 2).backward()
        print(f"  {symbol:7} {logits[2].grad:10.2g}")


SMALL = {"points": 16}

if __name__ == "__main__":
    main()

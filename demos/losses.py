"""Plot all losses with their gradients: regression, margins, and the twelve for classes.

Regression losses are drawn against the error r = f - y; hinge losses and the cross-entropy
against the margin y·f; the twelve losses of Janocha and Czarnecki (arXiv 1702.05659) against
the logit o_y of the true class, when the two other logits are 0. Watch the gradients at the left
end: losses that are flat there do not learn from a confident mistake.
Run it:  python -m demos losses          (three seconds; writes out/losses.png)
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from autograd_mini import Value
from demos import _plot as plot
from nn import losses

REGRESSION = ("mse", "mae", "huber", "log_cosh")
MARGIN = ("hinge", "squared_hinge", "cubed_hinge", "bce_with_logits")


def sampled(loss: Callable[[Value], Any], xs: np.ndarray) -> tuple[list[float], list[float]]:
    values, slopes = [], []
    for x in map(Value, xs):
        y = loss(x + 0.0)
        y.backward()
        values.append(y.data)
        slopes.append(x.grad)
    return values, slopes


def main(points: int = 121) -> None:
    shown = [(0, name, partial(losses.get(name), target=0.0)) for name in REGRESSION]
    shown += [(2, name, partial(losses.get(name), target=1.0)) for name in MARGIN]
    for i, (symbol, f) in enumerate(losses.JANOCHA_CZARNECKI.items()):
        shown += [(4 if i < 6 else 6, symbol, lambda o, f=f: f([o, 0.0, 0.0], 0))]
    heads = [
        f"{what} against {axis}"
        for axis in ("the error r", "the margin y·f", "the true logit", "the true logit, 2")
        for what in ("loss", "gradient")
    ]
    figure, axes = plot.panels(heads, columns=4, size=(3.5, 3.2))
    xs, seen = np.linspace(-4.0, 4.0, points), {0: 0, 2: 0, 4: 0, 6: 0}
    for place, name, loss in shown:
        color = plot.COLORS[seen[place]]
        seen[place] += 1
        for ax, curve in zip(axes[place:], sampled(loss, xs), strict=False):
            ax.plot(xs, curve, color=color, lw=1.6, label=name)
    for i, ax in enumerate(axes):
        plot.cross(ax)
        ax.set_ylim((-1.2, 5.0) if i % 2 == 0 else (-4.0, 4.0) if i < 2 else (-4.0, 1.2))
        if i % 2 == 0:
            ax.legend(fontsize=7, loc="upper center" if i % 4 == 0 else "upper right")
    plot.save(figure, "losses.png")
    print("gradient in o_y when the model is wrong by 30 (o = 30, 0, -30; the last is true):")
    for symbol, f in losses.JANOCHA_CZARNECKI.items():
        logits = [Value(30.0), Value(0.0), Value(-30.0)]
        f(logits, 2).backward()
        print(f"  {symbol:7} {logits[2].grad:10.2g}")


SMALL = {"points": 15}

if __name__ == "__main__":
    main()

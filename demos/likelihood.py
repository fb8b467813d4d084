"""Show that a loss is a noise model: maximum likelihood finds the mean, the median, or neither.

A model that always says f is fitted to one skewed sample under the lecture's three noise models.
J(f), the mean of -ln p(y), is smallest at the mean for Gaussian noise (MSE), at the median for
Laplace noise (MAE), and at the geometric mean for Gaussian noise on ln y (MSLE). The noise level
changes the height of the curve, not the place where it is lowest; it is learned as well.
Run it:  python -m demos likelihood          (a few seconds; writes out/likelihood.png)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_mini import Value, log
from demos import _plot as plot
from nn.losses import gaussian_nll_loss, laplace_nll_loss

Noise = Callable[[Any, Any, Any], Any]  # (f, one y, level) -> -ln p(y)


def log_gaussian(f: Any, y: Any, level: Any) -> Any:
    return gaussian_nll_loss(log(f), log(y), sigma=level) + log(y)


MODELS: list[tuple[str, Noise, Callable[[np.ndarray], Any]]] = [
    ("Gaussian: mean", lambda f, y, s: gaussian_nll_loss(f, y, sigma=s), np.mean),
    ("Laplace: median", lambda f, y, s: laplace_nll_loss(f, y, b=s), np.median),
    ("Gaussian on ln y: geometric mean", log_gaussian, lambda y: np.exp(np.log(y).mean())),
]


def most_likely(noise: Noise, sample: np.ndarray, steps: int) -> tuple[float, float]:
    """Return the f and the level where J is smallest, by its gradients' signs."""
    f, level = Value(4.0), Value(2.0)
    for step in range(steps):
        J: Any = sum([noise(f, y, level) for y in sample]) / len(sample)
        f.grad = level.grad = 0.0
        J.backward()
        for x in (f, level):
            x.data *= math.exp(-0.3 * 0.93**step * math.copysign(1.0, x.grad))
    return f.data, level.data


def main(count: int = 61, steps: int = 120) -> None:
    sample = np.random.default_rng(0).lognormal(1.0, 0.6, count)
    heads = [*[name for name, _, _ in MODELS], *["-ln likelihood, for three noise levels"] * 3]
    figure, axes = plot.panels(heads, size=(4.3, 3.4))
    grid, fs = np.linspace(0.05, 12.0, 300), np.linspace(1.0, 6.0, 60)
    print("noise                              found f   expected   found level")
    for (name, noise, expected), above, below in zip(MODELS, axes, axes[3:], strict=False):
        f, level = most_likely(noise, sample, steps)
        print(f"{name:34} {f:7.4f}   {expected(sample):8.4f}   {level:11.4f}")
        above.hist(sample, bins=24, range=(0, 12), density=True, color=plot.GREY, alpha=0.3,
                   label="their histogram")  # fmt: skip
        above.plot(sample, np.full(count, -0.012), "|", color=plot.INK, ms=7, alpha=0.6,
                   label=f"the {count} samples y")  # fmt: skip
        density = [math.exp(-noise(f, y, level)) for y in grid]
        above.plot(grid, density, color=plot.BLUE, lw=2.0, label="fitted density p(y)")
        above.axvline(f, color=plot.ORANGE, lw=1.4, ls="--", label=f"fitted f = {f:.3f}")
        above.set(xlabel="y", ylabel="density", ylim=(-0.03, 0.42))
        for factor, color in zip((0.7, 1.0, 1.6), (plot.GREEN, plot.BLUE, "#8073ac"), strict=True):
            J = [np.mean([noise(x, y, factor * level) for y in sample]) for x in fs]
            name = f"level {factor * level:.2f}, {factor} × the fitted"
            below.plot(fs, J, color=color, lw=1.6, label=name)
        below.axvline(f, color=plot.ORANGE, lw=1.4, ls="--", label=f"all are lowest at {f:.3f}")
        below.set(xlabel="the model's answer f", ylabel="J(f) = mean of -ln p(y)")
        below.set_ylim(top=1.25 * below.get_ylim()[1])
        above.legend(fontsize=8, framealpha=1.0)
        below.legend(fontsize=8, loc="upper center", framealpha=1.0)
    plot.save(figure, "likelihood.png")


SMALL = {"count": 7, "steps": 5}

if __name__ == "__main__":
    main()

"""Plot every activation with its slope, and shade where a unit is saturated.

The lecture: the sigmoid saturates and can kill gradients; tanh saturates too, but is steeper
around the center; relu is cheap and makes piecewise linear functions. A unit is saturated where
its slope is below 0.05 and, further out, goes to 0: a gradient that passes it backward is lost.
Run it:  python -m demos activations          (four seconds; writes out/activations.png)
"""

from __future__ import annotations

import numpy as np

from demos import _plot as plot
from nn.activations import ACTIVATIONS, VECTOR_ACTIVATIONS

LECTURE = ("sigmoid", "tanh", "relu")


def saturated(name: str, slopes: list[float]) -> np.ndarray:
    """Mark the two tails in which the slope is small and goes to 0."""
    small = np.abs(slopes) < 0.05
    _, far = plot.sampled(ACTIVATIONS[name], (-40.0, 40.0))
    left, right = (abs(slope) < 0.005 for slope in far)
    tails = np.logical_and.accumulate(small), np.logical_and.accumulate(small[::-1])[::-1]
    return left & tails[0] | right & tails[1]


def main(reach: float = 8.0, points: int = 400, count: int = 25) -> None:
    scalar = [name for name, f in ACTIVATIONS.items() if f not in VECTOR_ACTIVATIONS]
    names = [*LECTURE, *[name for name in scalar if name not in LECTURE]][:count]
    xs = np.linspace(-reach, reach, points)
    figure, axes = plot.panels(names, columns=6, size=(2.4, 1.9), large=3)
    for i, (ax, name) in enumerate(zip(axes, names, strict=True)):
        values, slopes = plot.sampled(ACTIVATIONS[name], xs)
        wide = 2.6 if i < 3 else 1.8
        plot.cross(ax)
        plot.curve(ax, xs, values, color=plot.BLUE, lw=wide, label="the unit, f(z)")
        plot.curve(ax, xs, slopes, color=plot.ORANGE, lw=0.7 * wide, label="its slope, f'(z)")
        ax.fill_between(xs, 0, 1, saturated(name, slopes), transform=ax.get_xaxis_transform(),
                        color=plot.GREY, alpha=0.18, lw=0, label="saturated")  # fmt: skip
        ax.set_ylim(-1.5, 2.6)
        ax.set_xticks(range(-8, 9, 4))
        ax.set_xlabel("pre-activation z" if i < 3 else "z", fontsize=10 if i < 3 else 8)
    axes[0].legend(fontsize=9, loc="upper left", framealpha=1.0)
    plot.save(figure, "activations.png")
    print("slope at    z = 0      z = 10     z = 40")
    for name in LECTURE:
        _, slopes = plot.sampled(ACTIVATIONS[name], (0.0, 10.0, 40.0))
        print(f"{name:8}", *[f"{slope:10.3g}" for slope in slopes])


SMALL = {"points": 26, "count": 4}

if __name__ == "__main__":
    main()

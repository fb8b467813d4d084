"""Plot every activation with its slope, and shade where a unit is saturated.

The lecture: the sigmoid saturates and can kill gradients; tanh saturates too, but is steeper
around the center; relu is cheap and makes piecewise linear functions. A unit is shaded where its
slope stays below 0.05: a gradient that passes it backward is all but gone.
Run it:  python -m demos activations          (two seconds; writes out/activations.png)
"""

from __future__ import annotations

import numpy as np

from autograd_mini import Value
from demos import _plot as plot
from nn.activations import ACTIVATIONS, VECTOR_ACTIVATIONS

LECTURE = ("sigmoid", "tanh", "relu")


def sampled(name: str, xs: np.ndarray) -> tuple[list[float], list[float]]:
    values, slopes = [], []
    for x in map(Value, xs):
        y = ACTIVATIONS[name](x + 0.0)
        y.backward()
        values.append(y.data)
        slopes.append(x.grad)
    return values, slopes


def saturated(slopes: list[float], width: int) -> np.ndarray:
    """Mark the runs of small slopes that are at least so wide."""
    flat, marked = np.abs(slopes) < 0.05, np.zeros(len(slopes), bool)
    for i in range(len(slopes) - width):
        if flat[i : i + width].all():
            marked[i : i + width] = True
    return marked


def main(reach: float = 6.0, points: int = 241, count: int = 25) -> None:
    scalar = [name for name, f in ACTIVATIONS.items() if f not in VECTOR_ACTIVATIONS]
    names = [*LECTURE, *[name for name in scalar if name not in LECTURE]][:count]
    xs = np.linspace(-reach, reach, points)
    figure, axes = plot.panels(names, columns=5, size=(2.7, 2.1))
    for ax, name in zip(axes, names, strict=True):
        values, slopes = sampled(name, xs)
        plot.cross(ax)
        ax.plot(xs, values, color=plot.BLUE, lw=2, label="f(x)")
        ax.plot(xs, slopes, color=plot.ORANGE, lw=1.3, label="f'(x)")
        shade = saturated(slopes, points // 14)
        ax.fill_between(xs, 0, 1, shade, transform=ax.get_xaxis_transform(), label="saturated",
                        color=plot.GREY, alpha=0.18, lw=0)  # fmt: skip
        ax.set_xticks(range(-6, 7, 2))
        ax.set_ylim(-1.6, 3.1)
    axes[0].legend(fontsize=7, loc="upper left", framealpha=1.0)
    plot.save(figure, "activations.png")
    print("slope at    x = 0      x = 10     x = 40")
    for name in LECTURE:
        print(f"{name:8}", *[f"{s:10.3g}" for s in sampled(name, np.array([0.0, 10.0, 40.0]))[1]])


SMALL = {"points": 25, "count": 4}

if __name__ == "__main__":
    main()

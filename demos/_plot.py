"""How the demos' pictures look: panels without clutter, named axes, one set of colors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_mini import Value
from demos import out

INK, BLUE, ORANGE, GREEN, GREY = "#222222", "#2166ac", "#d6604d", "#1b7837", "#9a9a9a"
DPI, LAYOUT = 130, "constrained"
COLORS = (BLUE, ORANGE, GREEN, "#8073ac", "#b8860b", "#35978f")


def panels(
    titles: Sequence[str],
    *,
    columns: int = 3,
    size: tuple[float, float] = (3.8, 3.4),
    large: int = 0,
    solid: Sequence[int] = (),
) -> Any:
    """Return (figure, axes): one panel for each title, row after row.

    The first `large` panels share the width of the first row, which is twice as high; those at
    the places `solid` are three-dimensional.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    scale = max(size[0] / 3.8, 1.0)  # large panels are shown smaller
    columns = min(columns, len(titles))
    top = 2 if large else 0
    rows = top + -(-(len(titles) - large) // columns)
    figure = plt.figure(figsize=(size[0] * columns, size[1] * rows), layout=LAYOUT)
    grid = figure.add_gridspec(rows, columns)
    axes: list[Any] = []
    for i, title in enumerate(titles):
        place: Any = grid[top + (i - large) // columns, (i - large) % columns]
        if i < large:
            place = grid[:2, columns * i // large : columns * (i + 1) // large]
        ax: Any = figure.add_subplot(place, projection="3d" if i in solid else None)
        ax.set_title(title, fontsize=13 if i < large else 10.5 * scale, color=INK)
        ax.tick_params(labelsize=8 * scale, colors=INK)
        for axis in (ax.xaxis, ax.yaxis):
            axis.label.set_size(9.5 * scale)
        if i not in solid:
            ax.spines[["top", "right"]].set_visible(False)
        axes.append(ax)
    return figure, axes


def cross(ax: Any) -> None:
    """Draw the two axes through the origin, thinly."""
    ax.axhline(0.0, color=GREY, lw=0.6, zorder=0)
    ax.axvline(0.0, color=GREY, lw=0.6, zorder=0)


def sampled(f: Callable[[Value], Any], xs: Any) -> tuple[list[float], list[float]]:
    """Return the values of a function at some points, and its slopes there."""
    values, slopes = [], []
    for x in map(Value, xs):
        y = f(x + 0.0)  # whatever f is, a node of its own
        y.backward()
        values.append(y.data)
        slopes.append(x.grad)
    return values, slopes


def curve(ax: Any, xs: Any, ys: Any, **style: Any) -> None:
    """Draw a curve that is broken where it jumps; dots lead from one end to the other."""
    xs, ys = np.asarray(xs, dtype=float), np.asarray(ys, dtype=float)
    steps = np.pad(np.abs(np.diff(ys)), 1)
    beside = np.maximum(np.roll(steps, 1), np.roll(steps, -1))
    jumps = np.flatnonzero(steps > np.maximum(0.08, 4 * beside))
    ax.plot(np.insert(xs, jumps, xs[jumps]), np.insert(ys, jumps, np.nan), **style)
    for i in jumps:
        ax.plot(xs[[i, i]], ys[[i - 1, i]], color=style["color"], lw=1.0, ls=":")


def points(ax: Any, X: Any, y: Any, size: float = 14, names: Sequence[str] = ("", "")) -> None:
    """Draw points of two classes in two or three dimensions, the second class in orange."""
    for label, color, marker, name in ((0, BLUE, "o", names[0]), (1, ORANGE, "s", names[1])):
        chosen = np.asarray(X)[(np.asarray(y) > 0) == bool(label)]
        ax.scatter(*chosen.T, s=size, c=color, marker=marker, lw=0.4, ec="white", label=name)


def regions(ax: Any, score: Callable[[Any], Any], X: Any, levels: Sequence[float] = (0.0,)) -> None:
    """Tint the plane by the sign of a score, and draw lines where it has these values."""
    low, high = X.min(axis=0), X.max(axis=0)
    pad = 0.12 * (high - low)
    xs, ys = (np.linspace(a, b, 121) for a, b in zip(low - pad, high + pad, strict=True))
    scores = np.asarray(score(np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)))
    scores = scores.reshape(len(ys), len(xs))
    ax.contourf(xs, ys, scores, [-np.inf, 0.0, np.inf], colors=[BLUE, ORANGE], alpha=0.13)
    styles = ["-" if level == 0.0 else "--" for level in levels]
    ax.contour(xs, ys, scores, sorted(levels), colors=INK, linewidths=1.4, linestyles=styles)


def save(figure: Any, name: str) -> None:
    """Write the figure to out/ and say so."""
    import matplotlib.pyplot as plt

    figure.savefig(out(name), dpi=DPI)
    plt.close(figure)
    print(f"wrote {out(name)}")


def losses_and_looks(losses: Sequence[float], word: str, looks: Any, name: str) -> None:
    """Draw a loss curve, and for each head how much each letter of a word looks at which."""
    heads = len(looks[0])
    titles = ["surprise at the next letter", *[f"where head {k + 1} looks" for k in range(heads)]]
    figure, (curve, *maps) = panels(titles, columns=len(titles), size=(2.9, 3.0))
    width = max(len(losses) // 50, 1)
    smooth = np.convolve(losses, np.ones(width) / width, "valid")
    curve.plot(losses, color=GREY, lw=0.4)
    curve.plot(np.arange(len(smooth)) + width, smooth, color=BLUE)
    curve.set(xlabel="words seen", ylabel="cross-entropy, mean of a word")
    for k, ax in enumerate(maps):
        weights = np.full((len(looks), len(looks)), np.nan)
        for row, heads_of_letter in enumerate(looks):
            weights[row, : row + 1] = [float(w) for w in heads_of_letter[k]]
        ax.imshow(weights, cmap="Blues", vmin=0.0, vmax=1.0)
        ax.set_xticks(range(len(word)), word)
        ax.set_yticks(range(len(word)), word)
        ax.set(xlabel="letter looked at", ylabel="letter being read" if k == 0 else "")
    save(figure, name)

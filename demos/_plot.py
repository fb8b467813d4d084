"""How the demos' pictures look: panels without clutter, one set of colours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from demos import out

INK, BLUE, ORANGE, GREEN, GREY = "#222222", "#2166ac", "#d6604d", "#1b7837", "#9a9a9a"
COLORS = (BLUE, ORANGE, GREEN, "#8073ac", "#b8860b", "#35978f")


def panels(
    titles: Sequence[str], *, columns: int = 3, size: tuple[float, float] = (3.6, 3.2)
) -> Any:
    """Return (figure, axes): one panel for each title, row after row, empty places hidden."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    columns = min(columns, len(titles))
    rows = -(-len(titles) // columns)
    figure, grid = plt.subplots(
        rows,
        columns,
        figsize=(size[0] * columns, size[1] * rows),
        squeeze=False,
        layout="constrained",
    )
    for ax in grid.flat:
        ax.set_visible(False)
    axes = list(grid.flat)[: len(titles)]
    for ax, title in zip(axes, titles, strict=True):
        ax.set_visible(True)
        ax.set_title(title, fontsize=10, color=INK)
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(labelsize=8, colors=INK)
    return figure, axes


def cross(ax: Any) -> None:
    """Draw the two axes through the origin, thinly."""
    ax.axhline(0.0, color=GREY, lw=0.6, zorder=0)
    ax.axvline(0.0, color=GREY, lw=0.6, zorder=0)


def points(ax: Any, X: Any, y: Any, size: float = 14) -> None:
    """Draw points of two classes, the second one in orange."""
    for label, color, marker in ((0, BLUE, "o"), (1, ORANGE, "s")):
        chosen = X[(y > 0) == bool(label)]
        ax.scatter(chosen[:, 0], chosen[:, 1], s=size, c=color, marker=marker, lw=0.4, ec="white")


def regions(ax: Any, score: Callable[[Any], Any], X: Any, levels: Sequence[float] = (0.0,)) -> None:
    """Tint the plane by the sign of a score, and draw lines where it has these values."""
    import numpy as np

    low, high = X.min(axis=0), X.max(axis=0)
    pad = 0.12 * (high - low)
    xs, ys = (np.linspace(a, b, 121) for a, b in zip(low - pad, high + pad, strict=True))
    scores = np.asarray(score(np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)))
    scores = scores.reshape(len(ys), len(xs))
    ax.contourf(xs, ys, scores, [-np.inf, 0.0, np.inf], colors=[BLUE, ORANGE], alpha=0.13)
    styles = ["-" if level == 0.0 else "--" for level in levels]
    ax.contour(xs, ys, scores, sorted(levels), colors=INK, linewidths=1.2, linestyles=styles)


def save(figure: Any, name: str) -> None:
    """Write the figure to out/ and say so."""
    import matplotlib.pyplot as plt

    figure.savefig(out(name), dpi=130)
    plt.close(figure)
    print(f"wrote {out(name)}")

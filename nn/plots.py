"""Pictures of training, with matplotlib: the loss curve and the decision boundary."""

from __future__ import annotations

import functools
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from autograd_mini.words import counted
from nn.arrays import Floats, finite_array
from nn.errors import extra_module

if TYPE_CHECKING:
    from nn.training import History

__all__ = ["plot_decision_boundary", "plot_history"]

_COLORS: Final = tuple([f"C{i}" for i in range(10)])  # matplotlib's own
_SIDES: Final = ("#2166ac", "#b2182b")  # below the boundary and above it


def plot_history(history: History, path: str | Path | None = None) -> Any:
    """Draw training and validation loss against the epochs, logarithmic where that helps.

    Args:
        history: What `fit` returned.
        path: Where to save the picture; its suffix gives the format.

    Returns:
        The matplotlib figure.

    Raises:
        ImportError: If matplotlib is not installed.

    Example:
        >>> import matplotlib
        >>> from nn import FNN, fit, plots
        >>> history = fit(FNN([1, 1], seed=0), [[0.0], [1.0]], [0.0, 1.0], loss="mse", epochs=3)
        >>> plots.plot_history(history).axes[0].get_ylabel()
        'loss'
    """
    figure, axes = _figure((6.4, 4.0))
    epochs = range(1, history.epochs + 1)
    dots = "." if history.epochs == 1 else None  # one point makes no line
    axes.plot(epochs, history.loss, marker=dots, label="training")
    if history.val_loss:
        axes.plot(epochs, history.val_loss, marker=dots, label="validation")
        best = history.best_epoch
        axes.plot(
            [best], [history.val_loss[best - 1]], "o", color="C1", label=f"best, epoch {best}"
        )
        axes.legend(frameon=False)
    losses = [*history.loss, *history.val_loss]
    if losses and min(losses) > 0.0 and max(losses) > 20.0 * min(losses):
        axes.set_yscale("log")
    axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss")
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    return _saved(figure, path)


def plot_decision_boundary(
    model: Any,
    X: Any,
    y: Any,
    path: str | Path | None = None,
    *,
    threshold: float | None = None,
    title: str = "",
    steps: int = 120,
) -> Any:
    """Draw where a model of two inputs puts each class, and the examples on top, mistakes ringed.

    Args:
        model: One output, whose level `threshold` is the boundary; or one output per class.
        X: N examples of two numbers.
        y: Their classes; for one output two numbers, such as 0 and 1, or -1 and +1.
        path: Where to save the picture; its suffix gives the format.
        threshold: By default halfway between the two targets for probabilities and 0 for scores:
            ½ if all outputs are in [0, 1], else 0.
        title: Stands above the picture.
        steps: The number of points along each axis at which the model is evaluated.

    Returns:
        The matplotlib figure.

    Raises:
        ImportError: If matplotlib is not installed.
        ValueError: If the examples do not have two numbers.

    Example:
        >>> import matplotlib
        >>> from nn import FNN, datasets, plots
        >>> X, y = datasets.xor()
        >>> model = FNN([2, 4, 1], seed=0)
        >>> figure = plots.plot_decision_boundary(model, X, y, title="XOR", steps=20)
        >>> figure.axes[0].get_title()
        'XOR'
    """
    import numpy as np

    points, labels = _plane(X), np.asarray(y)
    xs, ys = _ticks(points, steps)
    scores = model.predict(np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2))
    outputs = model.predict(points)
    classes: list[Any] = sorted(set(labels.tolist()))
    figure, axes = _figure((6.4, 4.8))
    if scores.ndim == 1:
        level = threshold
        if level is None:
            level = 0.5 if scores.min() >= 0.0 and scores.max() <= 1.0 else 0.0
        _shade_sides(figure, axes, xs, ys, scores.reshape(steps, steps) - level, level)
        decided = [classes[-1] if is_above else classes[0] for is_above in outputs > level]
        colors = [*_SIDES, *_COLORS]
    else:
        _shade_classes(axes, xs, ys, scores.argmax(axis=1).reshape(steps, steps), scores.shape[1])
        decided = outputs.argmax(axis=1)
        colors = [*_COLORS]
    for i, label in enumerate(classes):
        chosen = points[labels == label]
        name = f"y = {label:g}" if isinstance(label, (int, float)) else str(label)
        look = {"color": colors[i % len(colors)], "edgecolors": "white", "linewidths": 0.5}
        axes.scatter(chosen[:, 0], chosen[:, 1], s=18, label=name, **look)
    wrong = points[labels != decided]
    if len(wrong):
        name = counted(len(wrong), "mistake")
        look = {"facecolors": "none", "edgecolors": "black", "linewidths": 1.3}
        axes.scatter(wrong[:, 0], wrong[:, 1], s=90, label=name, **look)
    axes.legend(loc="upper right", framealpha=0.9)
    axes.set_title(title)
    axes.set_xlabel("$x_1$")
    axes.set_ylabel("$x_2$")
    return _saved(figure, path)


def _plane(X: object) -> Floats:
    """Return examples of two numbers as an array."""
    points = finite_array("X", X).astype(float)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(
            f"a decision boundary is drawn over two inputs, but X has shape {points.shape}"
        )
    return points


def _ticks(points: Floats, steps: int) -> list[Floats]:
    """Return where the model is asked along each axis: a tenth beyond the examples."""
    import numpy as np

    low, high = points.min(axis=0), points.max(axis=0)
    margin = 0.1 * np.where(high > low, high - low, 1.0)
    return [*np.linspace(low - margin, high + margin, steps, axis=1)]


def _shade_sides(
    figure: Any, axes: Any, xs: Floats, ys: Floats, heights: Floats, level: float
) -> None:
    """Shade a single output by its height over the level, which is drawn as a line."""
    import numpy as np
    from matplotlib.ticker import MaxNLocator

    reach = float(abs(heights).max()) or 1.0
    levels = level + np.linspace(-reach, reach, 15)
    shades = axes.contourf(xs, ys, heights + level, levels=levels, cmap="RdBu_r", alpha=0.55)
    told = f"the model's output; the boundary is at {level:g}"
    figure.colorbar(shades, ticks=MaxNLocator(7), label=told)
    if heights.min() < 0.0 < heights.max():
        axes.contour(xs, ys, heights, levels=[0.0], colors="black", linewidths=1.5)


def _shade_classes(axes: Any, xs: Floats, ys: Floats, winners: Any, count: int) -> None:
    """Shade each place in the color of the class with the largest output."""
    colors = [_COLORS[i % len(_COLORS)] for i in range(count)]
    levels = [i - 0.5 for i in range(count + 1)]
    axes.contourf(xs, ys, winners, levels=levels, colors=colors, alpha=0.3)


def picture_path(path: Path) -> Path:
    """Return the name that matplotlib gives a picture: with `.png`, if it has no suffix.

    Raises:
        ImportError: If matplotlib is not installed.
        ValueError: If it writes no such files.
    """
    canvas = _matplotlib("backend_bases").FigureCanvasBase
    kinds: list[str] = sorted(canvas.get_supported_filetypes())
    path = path if path.suffix else path.with_suffix(".png")
    if path.suffix[1:].lower() not in kinds:
        raise ValueError(
            f"a picture cannot be named {path.name!r}: its name ends in .{', .'.join(kinds)}"
        )
    return path


def _matplotlib(module: str) -> Any:
    install = "'autograd_mini[plot]'"
    return extra_module(f"matplotlib.{module}", "pictures need matplotlib", install)


def _figure(size: tuple[float, float]) -> tuple[Any, Any]:
    """Return a figure that belongs to nobody else: no window, no global state."""
    figure = _figure_class()(figsize=size, layout="constrained")
    return figure, figure.subplots()


@functools.cache
def _figure_class() -> Any:
    """Matplotlib's figure, which a notebook shows also without pyplot."""

    def _repr_png_(figure: Any) -> bytes:
        file = io.BytesIO()
        figure.savefig(file, format="png", dpi=90)
        return file.getvalue()

    return type("Figure", (_matplotlib("figure").Figure,), {"_repr_png_": _repr_png_})


def _saved(figure: Any, path: str | Path | None) -> Any:
    if path is not None:
        figure.savefig(path, dpi=120)
    return figure

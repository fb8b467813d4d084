"""What a page says in colors: of an output, and of the plane of two inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nn.playback.graphs import is_list


def scale(output: Any, targets: Sequence[Any], loss: Any) -> tuple[str, float, float]:
    """Return how to color outputs: what they mean, the middle, and how far it is to each side.

    Args:
        output: One output of the model.
        targets: Of all examples.
        loss: A loss of logits has its middle at 0.

    Example:
        >>> scale(0.3, [0, 1, 1], "mse"), scale(0.3, [0.5, 1.0, 2.5], "mse")
        (('sides', 0.5, 0.5), ('numbers', 1.5, 1.0))
        >>> scale([0.1, 0.2], [0, 1, 1], "cross_entropy")
        ('classes', 0.0, 1.0)
    """
    if is_list(output):
        return "classes", 0.0, 1.0
    levels = sorted({_number(target) for target in targets})
    middle, spread = (levels[0] + levels[-1]) / 2, (levels[-1] - levels[0]) / 2 or 1.0
    if len(levels) > 2:
        return "numbers", middle, spread
    name = loss if isinstance(loss, str) else getattr(loss, "__name__", "")
    return ("sides", 0.0, 3.0) if "logits" in name else ("sides", middle, spread)


def bounds(X: Sequence[Sequence[float]]) -> tuple[list[float], list[float]]:
    """Return the lowest and the highest of each input, with a margin around them.

    Example:
        >>> bounds([[0.0, 5.0], [100.0, 5.0]])
        ([-12.0, 4.0], [112.0, 6.0])
    """
    low = [min(column) for column in zip(*X, strict=True)]
    high = [max(column) for column in zip(*X, strict=True)]
    margin = [0.12 * (b - a) or 1.0 for a, b in zip(low, high, strict=True)]
    return (
        [a - m for a, m in zip(low, margin, strict=True)],
        [b + m for b, m in zip(high, margin, strict=True)],
    )


def _number(target: Any) -> float:
    return float(target[0] if is_list(target) else target)

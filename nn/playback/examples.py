"""The examples of a page: their numbers, and how to color outputs and the plane of inputs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from autograd_mini.nested import is_nested
from nn.playback.page import packed_floats
from nn.training.data import ExampleLoss


def examples_json(
    X: Sequence[Sequence[float]], y: Sequence[Any], output: Any, loss: ExampleLoss
) -> dict[str, Any]:
    """Return the examples' numbers, what they are, and how to color outputs.

    Args:
        X: N rows of numbers.
        y: Their targets.
        output: What the model says of one of them.
        loss: What it is trained on.
    """
    rows = [target_numbers(target) for target in y]
    kind, center, spread = output_scale(output, rows, loss.given)
    low, high = input_bounds(X)
    return {
        "X": packed_floats([number for x in X for number in x]),
        "Y": packed_floats([number for row in rows for number in row]),
        "widths": [len(X[0]), len(rows[0])],
        "isClasses": bool(loss.has_classes),
        "outputs": len(output) if is_nested(output) else 1,
        "scale": {"kind": kind, "center": center, "spread": spread},
        "low": low,
        "high": high,
    }


def target_numbers(target: Any) -> list[float]:
    """Return a target as numbers; anything else is nan.

    Example:
        >>> target_numbers(2), target_numbers([0.5, 1.0]), target_numbers("cat")
        ([2.0], [0.5, 1.0], [nan])
    """
    try:
        return [float(x) for x in (target if is_nested(target) else [target])]
    except (TypeError, ValueError):
        return [math.nan]


def output_scale(
    output: Any, targets: Sequence[Sequence[float]], loss: Any
) -> tuple[str, float, float]:
    """Return how to color outputs: what they mean, the middle, and how far it is to each side.

    Args:
        output: One output of the model.
        targets: The targets of all examples, as numbers.
        loss: A loss of logits has its middle at 0.

    Example:
        >>> output_scale(0.3, [[0.0], [1.0], [1.0]], "mse")
        ('sides', 0.5, 0.5)
        >>> output_scale(0.3, [[0.5], [1.0], [2.5]], "mse")
        ('numbers', 1.5, 1.0)
        >>> output_scale([0.1, 0.2], [[0.0], [1.0], [1.0]], "cross_entropy")
        ('classes', 0.0, 1.0)
    """
    if is_nested(output):
        return "classes", 0.0, 1.0
    levels = sorted({row[0] for row in targets})
    if any(map(math.isnan, levels)):
        return "numbers", 0.0, 1.0
    middle, spread = (levels[0] + levels[-1]) / 2, (levels[-1] - levels[0]) / 2 or 1.0
    if len(levels) > 2:
        return "numbers", middle, spread
    name = loss if isinstance(loss, str) else getattr(loss, "__name__", "")
    return ("sides", 0.0, 3.0) if "logits" in name else ("sides", middle, spread)


def input_bounds(X: Sequence[Sequence[float]]) -> tuple[list[float], list[float]]:
    """Return the lowest and the highest of each input, with a margin around them.

    Example:
        >>> input_bounds([[0.0, 5.0], [100.0, 5.0]])
        ([-12.0, 4.0], [112.0, 6.0])
    """
    low = [min(column) for column in zip(*X, strict=True)]
    high = [max(column) for column in zip(*X, strict=True)]
    margin = [0.12 * (b - a) or 1.0 for a, b in zip(low, high, strict=True)]
    return (
        [a - m for a, m in zip(low, margin, strict=True)],
        [b + m for b, m in zip(high, margin, strict=True)],
    )

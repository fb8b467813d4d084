"""How drawings look: fonts, colors, and the size of a box.

Gradients are colored around 0 with ColorBrewer's PuOr, which color-blind readers can tell
apart: purple for negative, orange for positive, white for 0. The number is always printed too.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final

from autograd_mini.drawing import labels

FONT: Final = "DejaVu Sans Mono, Menlo, Consolas, monospace"
FONT_SIZE: Final = 12.0
SMALL: Final = 10.0  # on edges and in captions
TINY: Final = 8.0  # indices
CHARACTER: Final = 0.61  # of the font size: the width of a character
LINE: Final = 15.0  # from one line of text to the next
PADDING: Final = (9.0, 6.0)

# The player paints by itself: its player.css and scene.js have these colors and decades.
NEUTRAL: Final = "#f7f7f7"
NEGATIVE, POSITIVE = "#b2abd2", "#fdb863"
NEGATIVE_BORDER, POSITIVE_BORDER = "#5e3c99", "#e66101"
DECADES: Final = 4.0  # from the palest tint to the full color
PALEST: Final = 0.1  # of the full color

BORDER: Final = "#555555"
ROOT_BORDER: Final = 2.5  # how wide
EDGE: Final = "#666666"
HATCH: Final = "#c8c8c8"
QUIET: Final = "#333333"  # text that is not in a box
DASHES: Final = "4 3"


def text_width(text: str, size: float = FONT_SIZE) -> float:
    """Return how wide `text` is in the font of the drawings, in points.

    Example:
        >>> round(text_width("data 2"), 2)
        43.92
    """
    return labels.width(text) * CHARACTER * size


def box_size(lines: Sequence[str]) -> tuple[float, float]:
    """Return the width and height of a box around lines of text."""
    widest = max([text_width(line) for line in lines], default=0.0)
    return max(34.0, widest + 2 * PADDING[0]), LINE * len(lines) + 2 * PADDING[1]


def short_number(x: float) -> str:
    """Return a number as a box shows it.

    Example:
        >>> short_number(0.1 + 0.2), short_number(-4.0), short_number(float("nan"))
        ('0.3', '-4', 'nan')
    """
    return f"{x:.4g}"


def color_scale(gradients: Iterable[float | None]) -> float:
    """Return the largest finite size among gradients: the full color stands for it."""
    return max([abs(g) for g in gradients if g is not None and math.isfinite(g)], default=0.0)


def fill(gradient: float | None, scale: float) -> str:
    """Return the color of a box, logarithmic in the gradient's size.

    Args:
        gradient: None where there is none.
        scale: The size that the full color stands for, from `color_scale`.

    Example:
        >>> fill(-2.0, 2.0), fill(0.0, 2.0), fill(0.02, 2.0)
        ('#b2abd2', '#f7f7f7', '#fad8ad')
    """
    if not gradient or not scale or not math.isfinite(gradient):
        return NEUTRAL
    ratio = abs(gradient) / scale
    strength = max(PALEST, min(1.0, 1.0 + math.log10(ratio) / DECADES)) if ratio else PALEST
    full = POSITIVE if gradient > 0 else NEGATIVE
    channels = [
        round(int(NEUTRAL[i : i + 2], 16) * (1 - strength) + int(full[i : i + 2], 16) * strength)
        for i in (1, 3, 5)
    ]
    return "#{:02x}{:02x}{:02x}".format(*channels)


def border(gradient: float | None) -> str:
    """Return the color of a box's border, which shows the sign of even a faint gradient."""
    if not gradient or math.isnan(gradient):
        return BORDER
    return POSITIVE_BORDER if gradient > 0 else NEGATIVE_BORDER


def is_hatched(gradient: float | None) -> bool:
    """Return whether a gradient is nan or infinite, which no color can show."""
    return gradient is not None and not math.isfinite(gradient)

"""A feedforward network as the lecture draws it: columns of units, joined by their weights.

A line's width tells the size of a weight and its color the sign: orange positive, purple
negative. Hovering over a line or a unit shows its numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, TypeAlias

from autograd_mini.drawing import labels, style
from autograd_mini.drawing.svg import opening
from nn import activations
from nn.layers import Layer, Neuron

Places: TypeAlias = dict[int, tuple[float, float]]  # of the units that are drawn

MOST_UNITS: Final = 16  # of a layer, drawn one by one; of more, the first and the last
RADIUS: Final = 15.0
ROW: Final = 42.0
COLUMN: Final = 175.0
WIDEST: Final = 5.0
_TOP: Final = 52.0
_BOTTOM: Final = 34.0
_SIDE: Final = 62.0


class Drawn(str):
    """SVG that a notebook shows as the picture it is."""

    __slots__ = ()

    def _repr_svg_(self) -> str:
        return str(self)


def network(layers: Sequence[Layer], title: str = "feedforward network") -> Drawn:
    """Return a network as SVG.

    Args:
        layers: The layers, first to last.
        title: What screen readers say.

    Example:
        >>> picture = network([Layer(2, 1)])
        >>> picture.count("<line"), picture.count("<circle")
        (2, 3)
    """
    sizes = [layers[0].n_in, *[layer.n_out for layer in layers]]
    columns = [_drawn_units(size) for size in sizes]
    tallest = max(len(column) for column in columns)
    height = _TOP + (tallest - 1) * ROW + 2 * RADIUS + _BOTTOM
    width = 2 * _SIDE + (len(columns) - 1) * COLUMN
    weights = [w.data for layer in layers for unit in layer.neurons for w in unit.w]
    scale = style.color_scale(weights)
    places: list[Places] = []
    for number, column in enumerate(columns):
        top = _TOP + RADIUS + (tallest - len(column)) * ROW / 2
        x = _SIDE + number * COLUMN
        places.append(
            {unit: (x, top + row * ROW) for row, unit in enumerate(column) if unit is not None}
        )
    parts = [opening(width, height, title)]
    thickest = max(2.5, WIDEST - 0.15 * tallest)  # where lines are many, they are thinner
    for number, layer in enumerate(layers):
        parts += _lines(layer, number, places[number], places[number + 1], scale, thickest)
    for number, (column, size) in enumerate(zip(columns, sizes, strict=True)):
        x = _SIDE + number * COLUMN
        letter = "x" if not number else "y" if number == len(layers) else "h"
        name, what = "x", "input" if size == 1 else "inputs"
        if number:
            name = f"layers.{number - 1}"
            what = activations.display_name(layers[number - 1].activation)
        parts.append(_caption(x, name, f"{size:,} {labels.xml(labels.shorten(what))}"))
        for unit, (_, y) in places[number].items():
            index = None if letter == "y" and size == 1 else unit + 1
            neuron = layers[number - 1].neurons[unit] if number else None
            told = f"{name}.neurons.{unit}: {what}" if number else f"input {unit}"
            parts.append(_circle(x, y, letter, index, told, neuron))
        if None in column:
            y = places[number][0][1] + column.index(None) * ROW
            parts.append(_more(x, y, size - len(column) + 1))
    parts.append(_legend(height - 12, scale, thickest))
    return Drawn("\n".join([*parts, "</svg>", ""]))


def _drawn_units(size: int) -> list[int | None]:
    """Return the units of a layer to draw; None stands for those left out."""
    if size <= MOST_UNITS:
        return list(range(size))
    half = (MOST_UNITS - 2) // 2
    return [*range(half), None, *range(size - half, size)]


def _lines(
    layer: Layer, number: int, sources: Places, targets: Places, scale: float, thickest: float
) -> list[str]:
    """Return the weights of a layer, the largest on top; what is not a number is dashed."""
    drawn: list[tuple[float, int, int]] = []
    for unit in targets:
        row = [abs(w.data) for w in layer.neurons[unit].w]
        drawn += [(row[i] if math.isfinite(row[i]) else math.inf, unit, i) for i in sources]
    lines: list[str] = []
    for size, unit, source in sorted(drawn):
        weight = layer.neurons[unit].w[source].data
        share = min(size / scale, 1.0) if scale else float(size > 0.0)
        (x, y), (tx, ty) = sources[source], targets[unit]
        name = f"layers.{number}.neurons.{unit}.w.{source} = {weight!r}"
        dashed = "" if math.isfinite(weight) else f' stroke-dasharray="{style.DASHES}"'
        lines.append(
            f'<line x1="{x + RADIUS:g}" y1="{y:g}" x2="{tx - RADIUS:g}" y2="{ty:g}"'
            f' stroke="{style.border(weight)}"'
            f' stroke-width="{0.3 + share * (thickest - 0.3):.2f}"'
            f' stroke-opacity="{0.2 + 0.65 * share:.2f}"{dashed}><title>{name}</title></line>'
        )
    return lines


def _circle(
    x: float, y: float, letter: str, index: int | None, hover: str, neuron: Neuron | None
) -> str:
    bias = neuron.b.data if neuron and neuron.b is not None else None
    if neuron:
        hover += ", no bias" if bias is None else f", b = {bias!r}"
    ring = style.BORDER if not bias else style.border(bias)
    fill = style.NEUTRAL if neuron else "white"
    below = "" if index is None else f'<tspan dy="3" font-size="{style.TINY:g}">{index}</tspan>'
    return (
        f'<g class="unit"><title>{labels.xml(hover)}</title>'
        f'<circle cx="{x:g}" cy="{y:g}" r="{RADIUS:g}" fill="{fill}" stroke="{ring}"'
        f' stroke-width="1.5"/><text x="{x:g}" y="{y + 4:g}" text-anchor="middle">{letter}{below}'
        "</text></g>"
    )


def _caption(x: float, name: str, what: str) -> str:
    return (
        f'<text x="{x:g}" y="20" text-anchor="middle" font-weight="bold">{name}</text>'
        f'<text x="{x:g}" y="36" text-anchor="middle" font-size="{style.SMALL:g}">{what}</text>'
    )


def _more(x: float, y: float, count: int) -> str:
    return (
        f'<text x="{x:g}" y="{y + 2:g}" text-anchor="middle" font-size="16">⋮</text>'
        f'<text x="{x:g}" y="{y + 15:g}" text-anchor="middle" font-size="{style.TINY:g}">'
        f"{count:,} more</text>"
    )


def _legend(y: float, scale: float, thickest: float) -> str:
    """Return what the colors are, and what the widest line stands for."""
    parts: list[str] = []
    x = 14.0
    for text, sign in (("negative", -1.0), ("positive", 1.0)):
        parts.append(
            f'<path d="M{x:g},{y - 3.5:g}h26" stroke="{style.border(sign)}"'
            f' stroke-width="{thickest:g}" stroke-opacity="0.85"/>'
            f'<text x="{x + 32:g}" y="{y:g}" font-size="{style.SMALL:g}">{text}</text>'
        )
        x += 32 + style.text_width(text, style.SMALL) + 14
    widest = f"widest: {style.short_number(scale)}"
    parts.append(f'<text x="{x:g}" y="{y:g}" font-size="{style.SMALL:g}">{widest}</text>')
    return "".join(parts) if scale else ""

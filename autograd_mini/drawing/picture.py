"""What a drawing holds, before any format: boxes, edges and a caption."""

from __future__ import annotations

from typing import NamedTuple


class Line(NamedTuple):
    """One line of text in a box.

    Attributes:
        kind: "title", "hidden", "data", "grad", "id" or "source".
        text: Never empty.
    """

    kind: str
    text: str


class Box(NamedTuple):
    """One box of a drawing.

    Attributes:
        id: `n7` for the Value at place 7 in topological order, the same in every process.
        kind: "input", "parameter", "constant", "operation", "group" or "more".
        label: The whole label on one line, or "".
        operation: What it computes, with its constants: `add`, `* 2`; "" for a leaf.
        lines: What the box shows.
        hover: What hovering over it shows: the whole label, all digits.
        gradient: What colors it; None before a backward pass.
        is_root: Whether this is what was drawn.
    """

    id: str
    kind: str
    label: str
    operation: str
    lines: tuple[Line, ...]
    hover: str
    gradient: float | None = None
    is_root: bool = False

    @property
    def title(self) -> str:
        """The first line with the whole label: `h = tanh`."""
        return " = ".join([part for part in (self.label, self.operation) if part]) or (
            self.lines[0].text
        )


class Arrow(NamedTuple):
    """One argument of one operation.

    Attributes:
        id: `e7_1` for argument 1 of node 7.
        source: The index of the box it leaves.
        target: The index of the box it enters.
        argument: The argument's index where it matters, else "".
        text: Local derivative and contribution where they are asked for, else "".
    """

    id: str
    source: int
    target: int
    argument: str = ""
    text: str = ""


class Picture(NamedTuple):
    """A drawing before any format.

    Attributes:
        boxes: Inputs before their consumers.
        edges: By consumer, then by argument.
        caption: What was left out and how to see it, or "".
        rankdir: "LR" or "TB".
        scale: The gradient that the full color stands for.
        title: What screen readers say.
        engine: Who lays it out as SVG: "built-in" or "dot".
    """

    boxes: tuple[Box, ...]
    edges: tuple[Arrow, ...]
    caption: str = ""
    rankdir: str = "LR"
    scale: float = 0.0
    title: str = "computation graph"
    engine: str = "built-in"

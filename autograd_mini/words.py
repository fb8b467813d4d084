"""How numbers of things, long lists and tables are written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

__all__ = ["aligned", "counted"]  # to nn


def counted(count: int, noun: str) -> str:
    """Return a number of things in words.

    Example:
        >>> counted(1, "edge"), counted(1200, "edge")
        ('1 edge', '1200 edges')
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def first_and_last(lines: list[str], most: int, gap: str) -> list[str]:
    """Return lines; of more than `most` only the first and the last ones, around a gap.

    Example:
        >>> first_and_last(["a", "b", "c"], 4, "…"), first_and_last([*"abcdef"], 4, "…")
        (['a', 'b', 'c'], ['a', 'b', '…', 'e', 'f'])
    """
    half = most // 2
    return lines if len(lines) <= most else [*lines[:half], gap, *lines[-half:]]


def aligned(rows: Sequence[Sequence[str]], sides: str) -> Iterator[str]:
    r"""Yield rows as lines of one table, each column with its side: `<` left or `>` right.

    Example:
        >>> print(*aligned([("name", "size"), ("w", "3")], "<>"), sep="\n")
        name  size
        w        3
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = zip(row, sides, widths, strict=True)
        yield "  ".join([f"{cell:{side}{width}}" for cell, side, width in cells]).rstrip()

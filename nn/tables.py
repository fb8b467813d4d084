"""Tables: CSV files as names, texts and numbers."""

from __future__ import annotations

import csv
import math
from pathlib import Path

__all__ = ["is_number", "label_order", "numbers", "read_table"]


def read_table(path: Path) -> tuple[list[str], list[list[str]]]:
    """Return the header and the rows of a CSV file.

    Raises:
        ValueError: If the file is empty, not UTF-8, or a row has more or fewer cells than the
            header.
        OSError: If there is no such file.
    """
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            header, *rows = [row for row in csv.reader(file) if row] or [[]]
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} is not UTF-8 text (byte {error.start}): save it as CSV UTF-8"
        ) from None
    except csv.Error as error:
        raise ValueError(f"{path} is not a CSV file: {error}") from None
    header = [name.strip() for name in header]
    if not rows:
        raise ValueError(f"{path} has no rows: it needs a line of column names and then numbers")
    repeated = {name for name in header if header.count(name) > 1}
    if repeated:
        raise ValueError(f"{path} has several columns called {', '.join(sorted(repeated))}")
    for i, row in enumerate(rows):
        if len(row) != len(header):
            raise ValueError(
                f"{path}, row {i + 2}: {len(row)} cells, but the header has {len(header)}"
            )
    return header, [[cell.strip() for cell in row] for row in rows]


def numbers(
    path: Path, header: list[str], rows: list[list[str]], columns: list[str]
) -> list[list[float]]:
    """Return some columns as floats.

    Raises:
        ValueError: If a cell is not a finite number; the message names row and column.
    """
    places = [header.index(name) for name in columns]
    table: list[list[float]] = []
    for i, row in enumerate(rows):
        for place in places:
            if not is_number(row[place]):
                raise ValueError(
                    f"{path}, row {i + 2}, column {header[place]!r}: {row[place]!r} is not a "
                    "finite number; leave the row out, or encode the column as numbers"
                )
        table.append([float(row[place]) for place in places])
    return table


def is_number(text: str) -> bool:
    """Return whether a cell is a finite number."""
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def label_order(text: str) -> tuple[int, float, str]:
    """Return a key that sorts labels: numbers by size, then texts."""
    return (0, float(text), "") if is_number(text) else (1, 0.0, text)

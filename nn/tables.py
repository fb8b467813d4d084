"""Tables: CSV files as names, texts and numbers."""

from __future__ import annotations

import csv
import io
import math
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from nn.errors import listed

_MISSING: Final = {"", "na", "n/a", "#n/a", "<na>", "nan", "null", "inf", "infinity"}


class Table(NamedTuple):
    """A CSV file: the names of its columns, and of each row its cells and its line in the file."""

    path: Path
    header: list[str]
    rows: list[list[str]]
    lines: list[int]

    def column(self, name: str) -> list[str]:
        """Return the cells of a column."""
        place = self.header.index(name)
        return [row[place] for row in self.rows]


def read_table(path: Path) -> Table:
    """Return the header and the rows of a CSV file; blank lines are no rows.

    Raises:
        ValueError: If the file is empty, not UTF-8, a quote is left open, or a row has more or
            fewer cells than the header.
        OSError: If there is no such file.
    """
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            found = list(_records(path, file.read()))
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} is not UTF-8 text (byte {error.start}): save it as CSV UTF-8"
        ) from None
    (_, header), *rest = found or [(1, [])]
    header = [name.strip() for name in header]
    if not rest:
        raise ValueError(f"{path} has no rows: it needs a line of column names and then numbers")
    repeated = {name for name in header if header.count(name) > 1}
    if repeated:
        raise ValueError(f"{path} has several columns called {quoted_list(sorted(repeated))}")
    for line, row in rest:
        if len(row) != len(header):
            spanned = sum(cell.count("\n") for cell in row)
            advice = f"; it goes on to row {line + spanned}: is a quote missing?" if spanned else ""
            raise ValueError(
                f"{path}, row {line}: {len(row)} cells, but the header has {len(header)}{advice}"
            )
    rows = [[cell.strip() for cell in row] for _, row in rest]
    return Table(path, header, rows, [line for line, _ in rest])


def _records(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not blank, with the number of the line it begins on."""
    lines = list(io.StringIO(text, newline=""))
    reader = csv.reader(lines)
    line = begun = 1
    try:
        for row in reader:
            if row:
                yield line, row
            begun, line = line, reader.line_num + 1
        list(csv.reader(lines[begun - 1 :], strict=True))  # only the last can be left open
    except csv.Error as error:
        opened = {"unexpected end of data": begun}.get(str(error))
        opened = line if "field limit" in str(error) else opened  # it took in all that follows
        if opened is not None:
            raise ValueError(
                f'{path}, row {opened}: a quote (") is opened and never closed'
            ) from None
        if "expected after" not in str(error):  # a quote amid a cell is but a quote
            raise ValueError(f"{path}, row {line} is not CSV: {error}") from None


def numeric_columns(
    table: Table, columns: list[str], *, are_needed: bool = False
) -> list[list[float]]:
    """Return some columns as floats.

    Args:
        table: Where they are.
        columns: Their names.
        are_needed: Whether none can be left out, as for a network that has learned from all.

    Raises:
        ValueError: If a cell is not a finite number; the message names row and column, or says
            how to get along with a column of texts.
    """
    places = [table.header.index(name) for name in columns]
    for line, row in zip(table.lines, table.rows, strict=True):
        for place in places:
            if not is_number(row[place]):
                raise ValueError(
                    f"{table.path}, row {line}, column {quoted(table.header[place])}: "
                    f"{quoted(row[place])} is not a finite number; "
                    f"{_advice(table, place, row[place], are_needed)}"
                )
    return [[float(row[place]) for place in places] for row in table.rows]


def _advice(table: Table, place: int, cell: str, is_needed: bool) -> str:
    """Return what to do about a cell that is not a number: a slip, or one of a column of texts."""
    name = shell_argument(table.header[place])
    cells = [row[place] for row in table.rows]
    texts = [text for text in cells if not is_number(text) and not is_missing(text)]
    if 2 * len(texts) > len(cells):
        kinds = sorted(set(texts))
        some = ", ".join(map(quoted, kinds[:3])) + (", …" if len(kinds) > 3 else "")
        if is_needed:
            return f"the column holds texts ({some}), but the network has learned from numbers"
        return (
            f"the column holds texts ({some}): leave it out with --without {name}, or encode it "
            "as numbers, for instance as one column of 0 and 1 for each text"
        )
    if is_needed:
        return "leave the row out" + ", or fill the gap" * is_missing(cell)
    if is_missing(cell):
        return f"leave the row out, fill the gap, or do without the column (--without {name})"
    return "leave the row out, or encode the column as numbers"


def quoted(text: str, longest: int = 60) -> str:
    """Return a cell or a name as an error quotes it, in quotes; of a long one only the beginning.

    Example:
        >>> print(quoted("Bern"), quoted("Bern" * 100, 12))
        'Bern' 'BernBernBer…'
    """
    return repr(text if len(text) <= longest else text[: longest - 1] + "…")


def quoted_list(names: Sequence[str], most: int = 20) -> str:
    """Return names as an error lists them: of many only the first, of a long one the beginning.

    Example:
        >>> print(quoted_list(["age", "sex", "Bern" * 100], 2))
        'age', 'sex', … (3 in all)
    """
    return listed([*map(quoted, names)], most)


def shell_argument(name: str) -> str:
    """Return the name of a column as an argument in a shell: with a comma, in quotes of CSV, too.

    Example:
        >>> print(shell_argument("city"), shell_argument("city, country"))
        city '"city, country"'
    """
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([name])
    return shlex.quote(line.getvalue())


def is_number(text: str) -> bool:
    """Return whether a cell is a finite number; 10_20 is text."""
    try:
        return "_" not in text and math.isfinite(float(text))
    except ValueError:
        return False


def is_missing(text: str) -> bool:
    """Return whether a cell says that there is no value: empty, NA, nan, inf and their like."""
    return text.lstrip("+-").casefold() in _MISSING


def label_order(text: str) -> tuple[int, float, str]:
    """Return a key that sorts labels: numbers by size, then texts."""
    return (0, float(text), text) if is_number(text) else (1, 0.0, text)

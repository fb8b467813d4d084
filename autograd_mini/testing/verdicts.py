"""What a check of somebody else's gradients says: a report that prints, and is JSON."""

from __future__ import annotations

import textwrap
from typing import NamedTuple

from autograd_mini.words import counted


class OperationReport(NamedTuple):
    """What was found of one operation.

    Attributes:
        ok: Whether it is right.
        kind: The kind of mistake, such as "sign" or "overwritten".
        words: What it is.
        numbers: What the program gives, and what it should give.
        program: The smallest program that shows it.
    """

    ok: bool
    kind: str = ""
    words: str = ""
    numbers: str = ""
    program: str = ""

    @property
    def mistake(self) -> str:
        """The mistake in one line; "" if there is none."""
        return f"{self.kind}: {self.words}" if self.kind else ""


class EngineReport(NamedTuple):
    """What was found of a class; it prints.

    Attributes:
        operations: For each operation, and for `backward`, what was found.
        notes: What is not supported, or worth knowing.
    """

    operations: dict[str, OperationReport]
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether all is right."""
        return all(found.ok for found in self.operations.values())

    def __str__(self) -> str:
        return self.text()

    def text(self, points: float | None = None) -> str:
        """Return the report; with `points`, what each operation is worth."""
        wrong = [name for name, found in self.operations.items() if not found.ok]
        if wrong:
            head = f"wrong: {', '.join(wrong)} ({len(wrong)} of {len(self.operations)})"
        else:
            head = f"ok: {self._counted()}"
        lines, width = [head], max(map(len, self.operations), default=0)
        for name, found in self.operations.items():
            lines.append(f"  {'ok   ' if found.ok else 'WRONG'} {name:{width}}".rstrip())
            if not found.ok:
                lines[-1] += f"  {found.mistake}"
                if found.program:
                    lines.append(textwrap.indent(found.program, "          "))
        lines += [f"note: {note}" for note in self.notes]
        if points is not None:
            lines.append(f"{self.score(points):g} of {points:g} points")
        return "\n".join(lines)

    def _counted(self) -> str:
        count = len(self.operations) - ("backward" in self.operations)
        return f"{counted(count, 'operation')}, backward"

    def score(self, points: float) -> float:
        """Return the points that the right operations are worth."""
        right = sum(found.ok for found in self.operations.values())
        return round(points * right / len(self.operations), 2)

    def as_dict(self, points: float | None = None) -> dict[str, object]:
        """Return the report as JSON knows it."""
        operations: dict[str, dict[str, object]] = {
            name: {"ok": found.ok, "mistake": found.mistake, "program": found.program}
            for name, found in self.operations.items()
        }
        report: dict[str, object] = {"ok": self.ok, "operations": operations}
        if self.notes:
            report["notes"] = list(self.notes)
        if points is not None:
            each = points / len(self.operations)
            for name, found in self.operations.items():
                operations[name]["points"] = round(each * found.ok, 2)
            report["points"] = {"got": self.score(points), "of": points}
        return report


class BackwardReport(EngineReport):
    """What was found of a backward pass, for each input; it prints."""

    def _counted(self) -> str:
        return counted(len(self.operations), "gradient")

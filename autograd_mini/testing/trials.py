"""Programs over somebody else's class, run and compared with what is right."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final, NamedTuple

from autograd_mini.testing.forms import Form, Slopes, Snippet, Truth, alone
from autograd_mini.testing.isolation import Isolated, NoAnswerError
from autograd_mini.testing.subject import Names, Ran, Seen
from autograd_mini.testing.verdicts import OperationReport

_PATIENCE: Final = 6  # programs without an answer, and the engine gets no more time
_TOLERANCE: Final = 1e-6


class Wrong(NamedTuple):
    """A program that gives something wrong.

    Attributes:
        program: Which.
        kind: "raises", "value", "changed" or "gradient".
        words: What it gives, and what it should give.
        where: The leaf or line whose number is wrong.
        got: Gradients of all leaves and lines.
        truth: What is right.
        after: Lines of Python after the first pass.
    """

    program: Snippet
    kind: str
    words: str
    where: int = 0
    got: Sequence[float] = ()
    truth: Truth | None = None
    after: str = ""


class Trials:
    """What is known of a class, and what was found wrong so far.

    Args:
        ask: Answers questions about the class.
        names: What it calls its parts.
        seed: Of the random programs.
    """

    def __init__(self, ask: Isolated, names: Names, seed: int = 0) -> None:
        self.ask = ask
        self.names = names
        self.rng = random.Random(seed)
        self.silent = 0
        self.notes: list[str] = []
        self.found: dict[str, OperationReport] = {}
        self.seen: Seen = ask(("look",))
        self.usable: dict[str, list[Form]] = {}

    @property
    def right(self) -> list[Form]:
        """The forms of those operations in which nothing was found wrong."""
        return [f for key, forms in self.usable.items() if key not in self.found for f in forms]

    def _run(self, program: Snippet, after: str = "", *, backward: bool = True) -> Ran:
        """Run a program, and lines of Python after it."""
        if self.silent >= _PATIENCE:
            return Ran({}, "was not tried, since earlier programs do not end")
        text = program.text(self.seen, backward=backward)
        try:
            return self.ask(("run", f"{text}\n{after}", program.names))
        except NoAnswerError as silence:
            self.silent += 1
            return Ran({}, str(silence))

    def _unknown(self, form: Form, xs: tuple[float, ...]) -> Slopes | None:
        """Return value and slopes of an operation without a name, from its own numbers."""
        ran = self._run(alone(form, xs), backward=False)
        if ran.raised:
            return None
        slopes: list[float] = []
        for i in range(len(xs)):
            slope, error = self.ask(("slope", form.text, xs, i))
            if not error <= 1e-7 * (1.0 + abs(slope)):
                return None
            slopes.append(slope)
        return ran.numbers["y"][0], slopes

    def _wrong(self, program: Snippet) -> Wrong | None:
        """Run a program and return what is wrong with it, if anything is."""
        truth = program.truth(self._unknown)
        if truth is None or max(truth.size) > 1e6:
            return None
        ran = self._run(program)
        if ran.raised:
            return Wrong(program, "raises", ran.raised, truth=truth)
        got = [ran.gradient(name) for name in program.names]
        for i, name in enumerate(program.names):
            number = ran.numbers[name][0]
            if not self._agree(number, truth.data[i], abs(truth.data[i])):
                kind = "changed" if i < len(program.leaves) else "value"
                words = f"{name} is {number:.6g}, expected {truth.data[i]:.6g}"
                return Wrong(program, kind, words, i, got, truth)
        for i in range(len(program.leaves)):
            if not self._agree(got[i], truth.grad[i], truth.size[i]):
                words = self._words(program, i, got[i], truth.grad[i])
                return Wrong(program, "gradient", words, i, got, truth)
        return None

    def _words(self, program: Snippet, i: int, got: float, expected: float) -> str:
        return f"{program.names[i]}.{self.names.grad} is {got:.6g}, expected {expected:.6g}"

    def _agree(self, a: float, b: float, size: float) -> bool:
        return abs(a - b) <= _TOLERANCE * size + 1e-9

    def _blame(self, key: str, wrong: Wrong, kind: str, words: str) -> None:
        name = wrong.program.names[wrong.where]
        attribute = self.names.data if wrong.kind in ("value", "changed") else self.names.grad
        shown = f"print({name}.{attribute})  " if wrong.kind != "raises" else ""
        lines = [self.seen.imports, wrong.program.text(self.seen), wrong.after]
        text = "\n".join(filter(None, [*lines, f"{shown}# {wrong.words}"]))
        self.found.setdefault(key, OperationReport(False, kind, words, wrong.words, text))

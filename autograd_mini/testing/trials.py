"""Programs over somebody else's class, run and compared with what is right."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from autograd_mini.testing.forms import Form, Slopes, Snippet, Truth, alone
from autograd_mini.testing.isolation import Isolated, NoAnswerError
from autograd_mini.testing.subject import Ran, Seen, Terms
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


class Blame(NamedTuple):
    """What is to blame for a wrong program.

    Attributes:
        key: The operation, or "backward" for the pass itself.
        wrong: The program.
        kind: The kind of the mistake.
        words: What it is.
    """

    key: str
    wrong: Wrong
    kind: str
    words: str


class Candidate:
    """Somebody else's class: it runs programs, which are compared with what is right.

    Args:
        ask: Answers questions about the class.
        names: What it calls its parts.
        seed: Of the points and of the random programs.

    Attributes:
        seen: What a look at the class has found.
        silent: How many programs had no answer.
    """

    def __init__(self, ask: Isolated, names: Terms, seed: int = 0) -> None:
        self.ask = ask
        self.names = names
        self.rng = random.Random(seed)
        self.silent = 0
        self.seen: Seen = ask(("look",))

    def run(self, program: Snippet, after: str = "", *, backward: bool = True) -> Ran:
        """Run a program, and lines of Python after it."""
        if self.silent >= _PATIENCE:
            return Ran({}, "was not tried, since earlier programs do not end")
        text = program.text(self.seen, backward=backward)
        try:
            return self.ask(("run", f"{text}\n{after}", program.names))
        except NoAnswerError as silence:
            self.silent += 1
            return Ran({}, str(silence))

    def truth(self, program: Snippet) -> Truth | None:
        """Return what a program should give; None where it leaves a domain."""
        return program.truth(self._unknown)

    def _unknown(self, form: Form, xs: tuple[float, ...]) -> Slopes | None:
        """Return value and slopes of an operation without a name, from its own numbers."""
        ran = self.run(alone(form, xs), backward=False)
        if ran.raised:
            return None
        slopes: list[float] = []
        for i in range(len(xs)):
            slope, error = self.ask(("slope", form.text, xs, i))
            if not error <= 1e-7 * (1.0 + abs(slope)):
                return None
            slopes.append(slope)
        return ran.numbers["y"][0], slopes

    def wrong(self, program: Snippet) -> Wrong | None:
        """Run a program and return what is wrong with it, if anything is."""
        truth = self.truth(program)
        if truth is None or max(truth.size) > 1e6:
            return None
        ran = self.run(program)
        if ran.raised:
            return Wrong(program, "raises", ran.raised, truth=truth)
        got = [ran.gradient(name) for name in program.names]
        for i, name in enumerate(program.names):
            number = ran.numbers[name][0]
            if not _agree(number, truth.data[i], abs(truth.data[i])):
                kind = "changed" if i < len(program.leaves) else "value"
                words = f"{name} is {number:.6g}, expected {truth.data[i]:.6g}"
                return Wrong(program, kind, words, i, got, truth)
        for i in range(len(program.leaves)):
            if not _agree(got[i], truth.grad[i], truth.size[i]):
                return self.wrong_gradient(program, i, got, truth.grad[i], truth)
        return None

    def wrong_gradient(
        self,
        program: Snippet,
        i: int,
        got: Sequence[float],
        expected: float,
        truth: Truth | None = None,
        after: str = "",
    ) -> Wrong:
        """Return that the gradient of a leaf or line is not what it should be."""
        words = f"{program.names[i]}.{self.names.grad} is {got[i]:.6g}, expected {expected:.6g}"
        return Wrong(program, "gradient", words, i, got, truth, after)

    def failures(self, programs: Iterable[Snippet]) -> Iterator[Wrong]:
        """Yield what is wrong with each program that gives something wrong."""
        return (wrong for program in programs if (wrong := self.wrong(program)) is not None)

    def report(self, blame: Blame) -> OperationReport:
        """Return what the user is told, with the program that shows it."""
        wrong = blame.wrong
        name = wrong.program.names[wrong.where]
        attribute = self.names.data if wrong.kind in ("value", "changed") else self.names.grad
        shown = f"print({name}.{attribute})  " if wrong.kind != "raises" else ""
        lines = [self.seen.imports, wrong.program.text(self.seen), wrong.after]
        text = "\n".join(filter(None, [*lines, f"{shown}# {wrong.words}"]))
        return OperationReport(False, blame.kind, blame.words, wrong.words, text)


def _agree(a: float, b: float, size: float) -> bool:
    return abs(a - b) <= _TOLERANCE * size + 1e-9

"""Programs over somebody else's class, run and compared with what is right."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from autograd_mini.testing.differences import EPSILON
from autograd_mini.testing.forms import Form, Slopes, Snippet, Truth, alone
from autograd_mini.testing.isolation import Isolated, NoAnswerError
from autograd_mini.testing.mistakes import close
from autograd_mini.testing.subject import Ran, Seen, Terms
from autograd_mini.testing.verdicts import OperationReport

_PATIENCE: Final = 6  # programs without an answer, and the engine gets no more time
_ROUNDED: Final = 4  # times that an engine's rounding is tried
_MORE: Final = 16.0  # what it may do, of what it did then


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
        precision: The rounding error of its numbers, relative to their size.
    """

    def __init__(self, ask: Isolated, names: Terms, seed: int = 0) -> None:
        self.ask = ask
        self.names = names
        self.rng = random.Random(seed)
        self.silent = 0
        self.precision = EPSILON
        self.seen: Seen = ask(("look",))

    def run(self, program: Snippet, after: str = "", *, backward: bool = True) -> Ran:
        """Run a program, and lines of Python after it."""
        if self.silent >= _PATIENCE:
            return Ran({}, "was not tried, since earlier programs do not end")
        text = program.text(self.seen, backward=backward)
        try:
            ran: Ran = self.ask(("run", f"{text}\n{after}", program.names))
        except NoAnswerError as silence:
            self.silent += 1
            return Ran({}, str(silence))
        self.precision = max(self.precision, ran.precision)
        return ran

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
        data, grad = self._slack(program, truth)
        for i, name in enumerate(program.names):
            number = ran.numbers[name][0]
            if not abs(number - truth.data[i]) <= data[i]:
                kind = "changed" if i < len(program.leaves) else "value"
                words = f"{name} is {number:.6g}, expected {truth.data[i]:.6g}"
                return Wrong(program, kind, words, i, got, truth)
        for i in range(len(program.leaves)):
            if not abs(got[i] - truth.grad[i]) <= grad[i]:
                words = self.told(program.names[i], got[i], truth.grad[i])
                return Wrong(program, "gradient", words, i, got, truth)
        return None

    def _slack(self, program: Snippet, truth: Truth) -> tuple[list[float], list[float]]:
        """Return how far a right engine's numbers and gradients may be off, as it rounds."""
        rng = random.Random(0)

        def rounded(x: float) -> float:
            return x + rng.choice((-1.0, 1.0)) * self.precision * (1.0 + abs(x))

        few = _MORE * self.precision
        data = [1e-6 * abs(x) + 1e-9 + few * (1.0 + abs(x)) for x in truth.data]
        grad = [1e-6 * size + 1e-9 + few * (1.0 + size) for size in truth.size]
        for _ in range(_ROUNDED if self.precision > EPSILON else 0):
            if (other := program.truth(self._unknown, rounded)) is not None:
                data = _widened(data, truth.data, other.data)
                grad = _widened(grad, truth.grad, other.grad)
        return data, grad

    def close(self, a: float, b: float) -> bool:
        """Return whether two of its numbers agree, but for what rounding may do to them."""
        return close(a, b, self.tolerance)

    @property
    def tolerance(self) -> float:
        """How far its numbers may be from right ones, relative to their size."""
        return max(1e-6, min(1e3 * self.precision, 0.05))

    def told(self, name: str, got: float, expected: float) -> str:
        """Return what the gradient of a leaf or line is, and what it should be."""
        return f"{name}.{self.names.grad} is {got:.6g}, expected {expected:.6g}"

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


def _widened(slack: list[float], right: list[float], rounded: list[float]) -> list[float]:
    pairs = zip(slack, right, rounded, strict=True)
    return [max(s, _MORE * abs(a - b)) for s, a, b in pairs]

"""Each operation of somebody else's class by itself: its value and its derivatives."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final, TypeAlias

from autograd_mini.testing.forms import Form, Snippet, alone, evaluated, sampled
from autograd_mini.testing.mistakes import Sample, close, named
from autograd_mini.testing.trials import Trials, Wrong

_POINTS: Final = 6  # at which an operation is tried by itself


Found: TypeAlias = tuple[Wrong, str, str]  # a program, the kind of its mistake, the words


class Singles(Trials):
    """One operation at a time, at a few points."""

    def _singles(self, forms: list[Form]) -> Found | None:
        """Return the first form that is wrong: the program, the kind, the words."""
        for form in forms:
            wrongs: list[Wrong] = []
            rights: list[Snippet] = []
            for xs in sampled(form, self.rng, _POINTS):
                program = alone(form, xs)
                wrong = self._wrong(program)
                if wrong is None:
                    rights.append(program)
                    continue
                wrongs.append(wrong)
                if wrong.kind == "raises":
                    break
            if wrongs:
                kind, words = self._single_mistake(form, wrongs, rights)
                if form.has_constant and form is not forms[0]:
                    side = "left" if form.constant_on_the_left else "right"
                    shown = form.text.format("x")
                    if form.key != "pow" or side == "left":
                        words = f"{shown} is wrong ({kind}): {words}"
                        kind = f"constants on the {side}"
                return wrongs[0], kind, words
        return None

    def _single_mistake(
        self, form: Form, wrongs: list[Wrong], rights: list[Snippet]
    ) -> tuple[str, str]:
        first = wrongs[0]
        if first.kind == "raises":
            kind = "no end" if first.words.startswith("does not end") else "raises"
            return ("not tried" if first.words.startswith("was not") else kind), first.words
        if first.kind == "value" and self._is_swapped(form, wrongs):
            return "wrong value", "the operands are swapped"
        if first.kind == "value":
            return "wrong value", "the operation's own number is wrong"
        if first.kind == "changed":
            return "changes its operand", "an operand holds another number afterwards"
        k = first.where
        position = form.slots.index(k)
        samples = [_sample(form, wrong, k) for wrong in wrongs]
        for program in rights:
            truth = program.truth(self._unknown)
            if truth is not None:
                operands = tuple(form.operands(program.leaves))
                samples.append(Sample(operands, truth.data[-1], truth.grad[k], truth.grad[k]))
        return named(form.row, position, samples)

    def _is_swapped(self, form: Form, wrongs: list[Wrong]) -> bool:
        """Return whether each value is the operation's with its operands the other way round."""
        if form.row is None or len(form.slots) != 2:
            return False
        for wrong in wrongs:
            ran = self._run(wrong.program, backward=False)
            try:
                swapped = evaluated(form.row.value, form.operands(wrong.program.leaves)[::-1])
            except (ArithmeticError, ValueError, TypeError):
                return False
            if ran.raised or not close(ran.numbers["y"][0], swapped):
                return False
        return True

    def _is_the_pass_itself(self, singles: Mapping[str, Found | None]) -> bool:
        """Blame the pass if every operation is wrong in the same way: then it is none of them."""
        wrongs = [wrong for wrong in singles.values() if wrong is not None]
        mistake = self._mistake_of_all(wrongs) if len(wrongs) == len(singles) > 0 else None
        if mistake is not None:
            self._blame("backward", wrongs[0][0], *mistake)
        return mistake is not None

    def _mistake_of_all(self, wrongs: list[Found]) -> tuple[str, str] | None:
        """Return the pass's kind of mistake and the words; None if operations are to blame."""
        first, kind, words = wrongs[0]
        programs = [wrong for wrong, _, _ in wrongs]
        if all(wrong.kind == "raises" for wrong in programs):
            same = len({wrong.words for wrong in programs}) == 1
            if len(wrongs) == 1 or not (same or kind == "no end"):
                return None
            return kind, f"backward() {words}" if kind == "no end" else words
        if not all(wrong.kind == "gradient" for wrong in programs):
            return None
        seed = first.got[-1]
        if len(wrongs) > 1 and not any(any(w.got[: len(w.program.leaves)]) for w in programs):
            if self._seeded(first.program):
                return "dropped term", "the root's gradient is never set to 1"
            if seed == 0.0:
                return "cleared too late", (
                    "gradients are cleared after they were computed, or too late in the pass"
                )
            return "dropped term", "the pass reaches no operand"
        if seed not in (0.0, 1.0) and all(
            close(g, seed * t)
            for wrong in programs
            if wrong.truth
            for g, t in zip(wrong.got, wrong.truth.grad, strict=True)
        ):
            return "factor", f"the root's gradient is {seed:g} and not 1"
        return None

    def _seeded(self, program: Snippet) -> bool:
        """Return whether the pass works once the root's gradient is set by hand."""
        start = f"y.{self.names.grad} = 1.0\n{self.seen.backward.format('y')}"
        ran = self._run(program, start, backward=False)
        truth = program.truth(self._unknown)
        if ran.raised or truth is None:
            return False
        slopes = zip(program.names, truth.grad, strict=True)
        return all(close(ran.gradient(name), slope) for name, slope in slopes)


def _sample(form: Form, wrong: Wrong, k: int) -> Sample:
    assert wrong.truth is not None
    operands = tuple(form.operands(wrong.program.leaves))
    return Sample(
        operands, wrong.truth.data[-1], wrong.truth.grad[k], wrong.got[k] if wrong.got else math.nan
    )

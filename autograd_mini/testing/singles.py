"""Each operation of somebody else's class by itself: its value and its derivatives."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from autograd_mini.testing.forms import Form, Program, evaluated, sampled
from autograd_mini.testing.mistakes import Sample, close, named
from autograd_mini.testing.trials import Trials, Wrong

__all__ = ["Singles"]

_POINTS: Final = 6  # at which an operation is tried by itself


class Singles(Trials):
    """One operation at a time, at a few points."""

    def _singles(self, forms: list[Form]) -> tuple[Wrong, str, str] | None:
        """Return the first form that is wrong: the program, the kind, the words."""
        for form in forms:
            wrongs: list[Wrong] = []
            rights: list[Program] = []
            for xs in sampled(form, self.rng, _POINTS):
                program = Program(xs, ((form, tuple(range(form.arity))),))
                wrong = self._wrong(program)
                if wrong is not None:
                    wrongs.append(wrong)
                else:
                    rights.append(program)
                if wrong is not None and wrong.kind == "raises":
                    break
            if wrongs:
                kind, words = self._single_mistake(form, wrongs, rights)
                if form.has_constant and form is not forms[0]:
                    side = "left" if form.constant_on_the_left else "right"
                    shown = form.text.format("x")
                    if form.key != "pow" or side == "left":
                        kind, words = (
                            f"constants on the {side}",
                            f"{shown} is wrong ({kind}): {words}",
                        )
                return wrongs[0], kind, words
        return None

    def _single_mistake(
        self, form: Form, wrongs: list[Wrong], rights: list[Program]
    ) -> tuple[str, str]:
        first = wrongs[0]
        if first.kind == "raises":
            kind = "no end" if first.words.startswith("does not end") else "raises"
            return ("not tried" if first.words.startswith("was not") else kind), first.words
        if first.kind == "value" and self._is_swapped(form, wrongs):
            return "wrong value", "the operands are swapped"
        if first.kind != "gradient":
            kind = "wrong value" if first.kind == "value" else "changes its operand"
            return kind, "the operation's own number is wrong" if kind == "wrong value" else (
                "an operand holds another number afterwards"
            )
        k = first.where
        position = form.slots.index(k)
        samples = [_sample(form, wrong, k) for wrong in wrongs]
        for program in rights:
            truth = program.truth(self._unknown)
            if truth is not None:
                operands = tuple(form.operands(program.leaves))
                samples.append(Sample(operands, truth.data[-1], truth.grad[k], truth.grad[k]))
        kind, words = named(form.row, position, samples)
        return kind, words

    def _is_swapped(self, form: Form, wrongs: list[Wrong]) -> bool:
        """Return whether each value is the operation's with its operands the other way round."""
        if form.row is None or len(form.slots) != 2:
            return False
        for wrong in wrongs:
            ran = self._run(wrong.program.text(self.seen, backward=False), wrong.program)
            try:
                swapped = evaluated(form.row.value, form.operands(wrong.program.leaves)[::-1])
            except (ArithmeticError, ValueError, TypeError):
                return False
            if ran.raised or not close(ran.numbers["y"][0], swapped):
                return False
        return True

    def _is_the_pass_itself(self, singles: Mapping[str, tuple[Wrong, str, str] | None]) -> bool:
        """Say it if every operation is wrong in the same way: then it is none of them."""
        wrongs = [wrong for wrong in singles.values() if wrong is not None]
        if len(wrongs) < max(2, len(singles)) and not (len(singles) == 1 and wrongs):
            return False
        first, kind, words = wrongs[0]
        if all(wrong.kind == "raises" for wrong, _, _ in wrongs):
            same = len({wrong.words for wrong, _, _ in wrongs}) == 1
            if not (same or kind == "no end") or len(wrongs) == 1:
                return False
            self._blame(
                "backward", first, kind, f"backward() {words}" if kind == "no end" else words
            )
            return True
        if not all(wrong.kind == "gradient" for wrong, _, _ in wrongs):
            return False
        seeds = [wrong.got[-1] for wrong, _, _ in wrongs]
        zero = all(not any(wrong.got[: len(wrong.program.leaves)]) for wrong, _, _ in wrongs)
        if zero and len(wrongs) > 1:
            seeded = self._seeded(first.program)
            if seeded:
                self._blame(
                    "backward", first, "dropped term", "the root's gradient is never set to 1"
                )
            elif seeds[0] == 0.0:
                self._blame(
                    "backward",
                    first,
                    "cleared too late",
                    "gradients are cleared after they were computed, or too late in the pass",
                )
            else:
                self._blame("backward", first, "dropped term", "the pass reaches no operand")
            return True
        c = seeds[0]
        if c not in (0.0, 1.0) and all(
            close(g, c * t)
            for wrong, _, _ in wrongs
            if wrong.truth
            for g, t in zip(wrong.got, wrong.truth.grad, strict=True)
        ):
            self._blame("backward", first, "factor", f"the root's gradient is {c:g} and not 1")
            return True
        return False

    def _seeded(self, program: Program) -> bool:
        """Return whether the pass works once the root's gradient is set by hand."""
        text = program.text(self.seen, backward=False)
        start = f"y.{self.names.grad} = 1.0\n{self.seen.backward.format('y')}"
        ran = self._run(text, program, start)
        truth = program.truth(self._unknown)
        return (
            not ran.raised
            and truth is not None
            and all(
                close(ran.numbers[name][1] or 0.0, slope)
                for name, slope in zip(program.names, truth.grad, strict=True)
            )
        )


def _sample(form: Form, wrong: Wrong, k: int) -> Sample:
    assert wrong.truth is not None
    operands = tuple(form.operands(wrong.program.leaves))
    return Sample(
        operands, wrong.truth.data[-1], wrong.truth.grad[k], wrong.got[k] if wrong.got else math.nan
    )

"""Each operation of somebody else's class by itself: its value and its derivatives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from autograd_mini.testing.forms import NO_VALUE, Form, Snippet, alone, evaluated, sampled
from autograd_mini.testing.mistakes import Mistake, Sample, rule_mistake
from autograd_mini.testing.trials import Blame, Candidate, Wrong

_POINTS: Final = 6  # at which an operation is tried by itself


def single(candidate: Candidate, forms: Sequence[Form]) -> Blame | None:
    """Return what is wrong with the first form of an operation that is wrong, if one is."""
    for form in forms:
        wrongs: list[Wrong] = []
        rights: list[Snippet] = []
        for xs in sampled(form, candidate.rng, _POINTS):
            program = alone(form, xs)
            wrong = candidate.wrong(program)
            if wrong is None:
                rights.append(program)
                continue
            wrongs.append(wrong)
            if wrong.kind == "raises":
                break
        if wrongs:
            kind, words = _mistake(candidate, form, wrongs, rights)
            if form.has_constant and form is not forms[0]:
                side = "left" if form.constant_on_the_left else "right"
                if form.key != "pow" or side == "left":
                    words = f"{form.text.format('x')} is wrong ({kind}): {words}"
                    kind = f"constants on the {side}"
            return Blame(form.key, wrongs[0], kind, words)
    return None


def _mistake(
    candidate: Candidate, form: Form, wrongs: Sequence[Wrong], rights: Sequence[Snippet]
) -> Mistake:
    """Return the kind of a form's mistake, and what it is."""
    first = wrongs[0]
    if first.kind == "raises":
        kind = "no end" if first.words.startswith("does not end") else "raises"
        return ("not tried" if first.words.startswith("was not") else kind), first.words
    if first.kind == "value" and _is_swapped(candidate, form, wrongs):
        return "wrong value", "the operands are swapped"
    if first.kind == "value":
        return "wrong value", "the operation's own number is wrong"
    if first.kind == "changed":
        return "changes its operand", "an operand holds another number afterwards"
    k = first.where
    cases = [(wrong.program, wrong.truth, wrong.got) for wrong in wrongs]
    cases += [
        (program, truth := candidate.truth(program), truth and truth.grad) for program in rights
    ]
    samples = [
        Sample(
            tuple(form.operands(program.leaves)),
            truth.data[-1],
            truth.grad[k],
            got[k] if got else math.nan,
        )
        for program, truth, got in cases
        if truth is not None
    ]
    return rule_mistake(form.row, form.slots.index(k), samples, candidate.tolerance)


def _is_swapped(candidate: Candidate, form: Form, wrongs: Sequence[Wrong]) -> bool:
    """Return whether each value is the operation's with its operands the other way round."""
    if form.row is None or len(form.slots) != 2:
        return False
    for wrong in wrongs:
        ran = candidate.run(wrong.program, backward=False)
        try:
            swapped = evaluated(form.row.value, form.operands(wrong.program.leaves)[::-1])
        except NO_VALUE:
            return False
        if ran.raised or not candidate.close(ran.numbers["y"][0], swapped):
            return False
    return True


def mistake_of_all(candidate: Candidate, blames: Sequence[Blame]) -> Blame | None:
    """Return the mistake of the pass if every operation is wrong in the same way, else None.

    Args:
        candidate: Whose operations they are.
        blames: What is wrong with each of all its operations.
    """
    _, first, kind, words = blames[0]
    wrongs = [blame.wrong for blame in blames]
    if all(wrong.kind == "raises" for wrong in wrongs):
        same = len({wrong.words for wrong in wrongs}) == 1
        if len(wrongs) == 1 or not (same or kind == "no end"):
            return None
        return Blame("backward", first, kind, f"backward() {words}" if kind == "no end" else words)
    if not all(wrong.kind == "gradient" for wrong in wrongs):
        return None
    seed = first.got[-1]
    if len(wrongs) > 1 and not any(any(w.got[: len(w.program.leaves)]) for w in wrongs):
        kind = "dropped term"
        words = "operands stay at 0: the pass does not reach them, or clears them too late"
        if _works_once_seeded(candidate, first.program):
            words = "the root's gradient is never set to 1"
        elif seed == 0.0:
            kind = "cleared too late"
            words = "gradients are cleared after they were computed, or too late in the pass"
        return Blame("backward", first, kind, words)
    if seed not in (0.0, 1.0) and all(
        candidate.close(g, seed * t)
        for wrong in wrongs
        if wrong.truth
        for g, t in zip(wrong.got, wrong.truth.grad, strict=True)
    ):
        return Blame("backward", first, "factor", f"the root's gradient is {seed:g} and not 1")
    return None


def _works_once_seeded(candidate: Candidate, program: Snippet) -> bool:
    """Return whether the pass works once the root's gradient is set by hand."""
    start = f"y.{candidate.names.grad} = 1.0\n{candidate.seen.backward.format('y')}"
    ran, truth = candidate.run(program, start, backward=False), candidate.truth(program)
    if ran.raised or truth is None:
        return False
    slopes = zip(program.names, truth.grad, strict=True)
    return all(candidate.close(ran.gradient(name), slope) for name, slope in slopes)

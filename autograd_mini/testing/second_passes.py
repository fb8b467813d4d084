"""Second passes through graphs of somebody else's class: what does an earlier one leave behind?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from autograd_mini.testing.combinations import below, roots
from autograd_mini.testing.forms import Form, Snippet
from autograd_mini.testing.trials import Blame, Candidate, Wrong


def second_passes(candidate: Candidate, right: Sequence[Form], notes: list[str]) -> Iterator[Blame]:
    """Yield what an earlier pass leaves behind, if that is a mistake; note what is unusual."""
    program = next(_deep(candidate, right), None)
    if program is None or candidate.silent:
        return
    shallow = Snippet(program.leaves[:1] * program.lines[0][0].arity, program.lines[:1])
    again = candidate.seen.backward.format("y")
    cleared = [f"{name}.{candidate.names.grad} = 0.0" for name in program.names]
    anew = _later(
        candidate, program, "\n".join([*cleared, again]), _multiples(candidate, program, 1.0)
    )
    if anew is not None and any(anew.got[: len(program.leaves)]):
        yield _never_cleared(
            anew,
            "after all gradients were set to 0, a second pass gives other ones: something of "
            "the first pass is kept",
        )
        return
    once_or_twice = _multiples(candidate, program, 1.0, 2.0)
    if anew is not None:
        notes.append("a second backward() through the same graph gives nothing")
    elif wrong := _later(candidate, shallow, again, _multiples(candidate, shallow, 1.0, 2.0)):
        yield _never_cleared(wrong, "a second backward() counts what the first one left")
        return
    found = [*_second_graph(candidate, program)]
    if anew is None and candidate.seen.zero_grad and not found:
        found += _zero_grad(candidate, program)
    yield from found
    if anew is None and not found and _later(candidate, program, again, once_or_twice):
        notes.append(
            "a second backward() through the same graph counts the gradients of computed "
            "numbers twice, as micrograd does: they are never cleared"
        )


def _never_cleared(wrong: Wrong, words: str) -> Blame:
    return Blame("backward", wrong, "never cleared", words)


def _deep(candidate: Candidate, right: Sequence[Form]) -> Iterator[Snippet]:
    """Yield programs of two operations."""
    for form in right:
        if root := next((f for f in roots(right, form) if f.key != form.key), None):
            yield from filter(candidate.truth, below(candidate, root, form))


def _gradients(candidate: Candidate, program: Snippet) -> list[float]:
    """Return the true gradients of the leaves."""
    truth = candidate.truth(program)
    return truth.grad[: len(program.leaves)] if truth is not None else []


def _multiples(candidate: Candidate, program: Snippet, *factors: float) -> list[list[float]]:
    return [[factor * g for factor in factors] for g in _gradients(candidate, program)]


def _later(
    candidate: Candidate, program: Snippet, after: str, allowed: Sequence[Sequence[float]]
) -> Wrong | None:
    """Return what is wrong after more lines, if anything is.

    Args:
        candidate: Runs it.
        program: What is run first.
        after: Lines of Python.
        allowed: For each leaf, or leaf and line, the gradients that are right, the best last.
    """
    ran = candidate.run(program, after)
    if ran.raised:
        return Wrong(program, "raises", ran.raised, after=after)
    got = [ran.gradient(name) for name in program.names]
    for i, gradients in enumerate(allowed):
        if not any(candidate.close(got[i], g) for g in gradients):
            words = candidate.told(program.names[i], got[i], gradients[-1])
            return Wrong(program, "gradient", words, i, got, after=after)
    return None


def _second_graph(candidate: Candidate, program: Snippet) -> Iterator[Blame]:
    """Check a new graph over leaves that have been through a pass."""
    form, operands = program.lines[0]
    called = form.text.format(*[program.names[k] for k in operands])
    after = f"z = {called}\n{candidate.seen.backward.format('z')}"
    first = _gradients(candidate, program)
    then = _gradients(candidate, Snippet(program.leaves, program.lines[:1]))
    allowed = [[b, *[a] * (b == 0.0), a + b] for a, b in zip(first, then, strict=True)]
    wrong = _later(candidate, program, after, allowed)
    if wrong is not None and wrong.kind == "gradient":
        yield _never_cleared(
            wrong,
            "a second graph over the same numbers gets more than its own gradient: "
            "something of the first pass is kept",
        )


def _zero_grad(candidate: Candidate, program: Snippet) -> Iterator[Blame]:
    after = "\n".join([f"{name}.zero_grad()" for name in program.names])
    wrong = _later(candidate, program, after, [[0.0]] * len(program.names))
    if wrong is not None and wrong.kind == "gradient":
        yield _never_cleared(wrong, "zero_grad() leaves the gradient as it is")

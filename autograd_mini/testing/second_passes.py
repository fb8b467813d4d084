"""Second passes through graphs of somebody else's class: what does an earlier one leave behind?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from autograd_mini.testing.combinations import below, roots
from autograd_mini.testing.forms import Form, Snippet
from autograd_mini.testing.mistakes import close
from autograd_mini.testing.trials import Blame, Engine, Wrong


def second_passes(engine: Engine, right: Sequence[Form], notes: list[str]) -> Iterator[Blame]:
    """Yield what an earlier pass leaves behind, if that is a mistake; note what is unusual."""
    program = next(_deep(engine, right), None)
    if program is None or engine.silent:
        return
    shallow = Snippet(program.leaves[:1] * program.lines[0][0].arity, program.lines[:1])
    again = engine.seen.backward.format("y")
    cleared = [f"{name}.{engine.names.grad} = 0.0" for name in program.names]
    anew = _later(engine, program, "\n".join([*cleared, again]), _multiples(engine, program, 1.0))
    if anew is not None and any(anew.got[: len(program.leaves)]):
        yield _kept(
            anew,
            "after all gradients were set to 0, a second pass gives other ones: something of "
            "the first pass is kept",
        )
        return
    once_or_twice = _multiples(engine, program, 1.0, 2.0)
    if anew is not None:
        notes.append("a second backward() through the same graph gives nothing")
    elif wrong := _later(engine, shallow, again, _multiples(engine, shallow, 1.0, 2.0)):
        yield _kept(wrong, "a second backward() counts what the first one left")
        return
    found = [*_second_graph(engine, program)]
    if anew is None and engine.seen.zero_grad and not found:
        found += _zero_grad(engine, program)
    yield from found
    if anew is None and not found and _later(engine, program, again, once_or_twice):
        notes.append(
            "a second backward() through the same graph counts the gradients of computed "
            "numbers twice, as micrograd does: they are never cleared"
        )


def _kept(wrong: Wrong, words: str) -> Blame:
    return Blame("backward", wrong, "never cleared", words)


def _deep(engine: Engine, right: Sequence[Form]) -> Iterator[Snippet]:
    """Yield programs of two operations."""
    for form in right:
        if root := next((f for f in roots(right, form) if f.key != form.key), None):
            yield from filter(engine.truth, below(engine, root, form))


def _gradients(engine: Engine, program: Snippet) -> list[float]:
    """Return the true gradients of the leaves."""
    truth = engine.truth(program)
    return truth.grad[: len(program.leaves)] if truth is not None else []


def _multiples(engine: Engine, program: Snippet, *factors: float) -> list[list[float]]:
    return [[factor * g for factor in factors] for g in _gradients(engine, program)]


def _later(
    engine: Engine, program: Snippet, after: str, allowed: Sequence[Sequence[float]]
) -> Wrong | None:
    """Return what is wrong after more lines, if anything is.

    Args:
        engine: Runs it.
        program: What is run first.
        after: Lines of Python.
        allowed: For each leaf, or leaf and line, the gradients that are right, the best last.
    """
    ran = engine.run(program, after)
    if ran.raised:
        return Wrong(program, "raises", ran.raised, after=after)
    got = [ran.gradient(name) for name in program.names]
    for i, gradients in enumerate(allowed):
        if not any(close(got[i], g) for g in gradients):
            return engine.wrong_gradient(program, i, got, gradients[-1], after=after)
    return None


def _second_graph(engine: Engine, program: Snippet) -> Iterator[Blame]:
    """Check a new graph over leaves that have been through a pass."""
    form, operands = program.lines[0]
    called = form.text.format(*[program.names[k] for k in operands])
    after = f"z = {called}\n{engine.seen.backward.format('z')}"
    first = _gradients(engine, program)
    then = _gradients(engine, Snippet(program.leaves, program.lines[:1]))
    allowed = [[b, *[a] * (b == 0.0), a + b] for a, b in zip(first, then, strict=True)]
    wrong = _later(engine, program, after, allowed)
    if wrong is not None and wrong.kind == "gradient":
        yield _kept(
            wrong,
            "a second graph over the same numbers gets more than its own gradient: "
            "something of the first pass is kept",
        )


def _zero_grad(engine: Engine, program: Snippet) -> Iterator[Blame]:
    after = "\n".join([f"{name}.zero_grad()" for name in program.names])
    wrong = _later(engine, program, after, [[0.0]] * len(program.names))
    if wrong is not None and wrong.kind == "gradient":
        yield _kept(wrong, "zero_grad() leaves the gradient as it is")

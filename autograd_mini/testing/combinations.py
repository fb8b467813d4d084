"""Operations of somebody else's class together: below one another, beside, shared, at random.

Each look takes the forms that are right by themselves, and yields what is to blame for the
programs that are wrong all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from autograd_mini.testing.forms import Form, Snippet, sampled
from autograd_mini.testing.mistakes import Mistake
from autograd_mini.testing.trials import Blame, Candidate, Wrong

_RANDOM: Final = 60  # programs with shared results
_OVERWRITTEN: Final = "a gradient is overwritten (=) where it should be accumulated (+=)"
_FIRST_ROOTS: Final = ("mul", "div", "tanh", "sigmoid", "exp", "pow", "square")


def roots(right: Iterable[Form], form: Form) -> Iterator[Form]:
    """Yield right operations that hand a gradient on which is not 1, and the form itself."""
    for key in _FIRST_ROOTS:
        yield from (f for f in right if f.key == key and f.key != form.key)
    others = (*_FIRST_ROOTS, "add", "sub", form.key)
    yield from (f for f in right if f.row is not None and f.key not in others)
    if not form.has_constant:
        yield form


def below(candidate: Candidate, root: Form, form: Form) -> Iterator[Snippet]:
    """Yield programs root(form(leaves), another leaf)."""
    n = form.arity
    for xs in sampled(form, candidate.rng, 3):
        for spare in (0.7, 1.7, 2.3, -0.6):
            leaves = (*xs, spare)[: n + root.arity - 1]
            yield Snippet(leaves, ((form, tuple(range(n))), (root, (len(leaves), n)[: root.arity])))


def _wrongs(
    candidate: Candidate, right: Sequence[Form], programs: Callable[[Form], Iterable[Snippet]]
) -> dict[str, Wrong]:
    """Return the first of its programs that is wrong, for each operation that has one."""
    wrongs: dict[str, Wrong] = {}
    for form in right:
        if form.key not in wrongs and (wrong := next(candidate.failures(programs(form)), None)):
            wrongs[form.key] = wrong
    return wrongs


# Below one another.


def chains(candidate: Candidate, right: Sequence[Form]) -> Iterator[Blame]:
    """Check that each operation multiplies by the gradient it is handed."""

    def programs(form: Form) -> Iterable[Snippet]:
        root = next(roots(right, form), None)
        return below(candidate, root, form) if root is not None else ()

    wrongs = _wrongs(candidate, right, programs)
    tried = {form.key for form in right if any(roots(right, form))}
    if (
        len(wrongs) > 1
        and set(wrongs) == tried
        and all(w.kind == "gradient" and w.got[w.where] == 0.0 for w in wrongs.values())
    ):
        words = "the gradient does not pass beyond the last operation (no topological sort)"
        yield Blame("backward", next(iter(wrongs.values())), "wrong order", words)
        return
    for key, wrong in wrongs.items():
        yield Blame(key, wrong, *_chain_mistake(candidate, wrong))


def _chain_mistake(candidate: Candidate, wrong: Wrong) -> Mistake:
    if wrong.kind != "gradient" or wrong.truth is None:
        return wrong.kind, wrong.words
    program, i = wrong.program, wrong.where
    inner = candidate.truth(Snippet(program.leaves, program.lines[:1]))
    if inner is not None and candidate.close(wrong.got[i], inner.grad[i]):
        return "factor", "it is not multiplied by the gradient of its result (the chain rule)"
    upstream = wrong.truth.grad[len(program.leaves)]
    if candidate.close(wrong.got[i], upstream * wrong.truth.grad[i]):
        return "factor", "it is multiplied by the gradient of its result twice"
    return "factor", "it is wrong where the gradient of its result is not 1"


# With an operand used twice.


def reuse(candidate: Candidate, right: Sequence[Form]) -> Iterator[Blame]:
    """Check that each operation adds to the gradient of its operand."""
    joins = _joins(right)
    joins = [j for j in joins if not any(candidate.failures(_uses(candidate, j, j)))] or joins

    def programs(form: Form) -> list[Snippet]:
        others = [f for f in joins if f.key != form.key] or joins
        return [p for join in others[:2] for p in _uses(candidate, form, join)]

    for key, wrong in _wrongs(candidate, right, programs).items():
        if wrong.kind == "gradient":
            words = _OVERWRITTEN
            if not _is_one_part(candidate, wrong):
                words = f"an operand that is used twice gets a wrong sum: {words}?"
            yield Blame(key, wrong, "overwritten", words)
        else:
            yield Blame(key, wrong, wrong.kind, wrong.words)


def _is_one_part(candidate: Candidate, wrong: Wrong) -> bool:
    """Return whether only one of several contributions to a gradient is left."""
    parts = wrong.truth.parts[wrong.where] if wrong.truth is not None else []
    got = wrong.got[wrong.where]
    return len(parts) > 1 and any(candidate.close(got, part) for part in parts)


def _joins(right: Iterable[Form]) -> list[Form]:
    """Return the right operations of two numbers, those that hide nothing first."""
    rank = {"mul": 0, "sub": 1, "add": 2}
    known = [f for f in right if f.row is not None and f.arity == 2]
    return sorted(known, key=lambda f: rank.get(f.key, 3))


def _uses(candidate: Candidate, form: Form, join: Form) -> Iterator[Snippet]:
    """Yield programs in which a leaf goes into `form` twice, or into `join` above it."""
    n = form.arity
    for x in (1.5, 0.7, 2.5) if n == 2 else ():
        yield Snippet((x,), ((form, (0, 0)),))
    for xs in sampled(form, candidate.rng, 2):
        for k in range(n):
            line = (form, tuple(range(n)))
            yield Snippet(xs, (line, (join, (n, k))))
            yield Snippet(xs, (line, (join, (k, n))))


# With results used twice.


def order(candidate: Candidate, right: Sequence[Form]) -> Iterator[Blame]:
    """Run random programs whose results are shared."""
    known = [f for f in right if f.row is not None]
    programs = [*_diamonds(known), *[_random(candidate, known) for _ in range(_RANDOM)]]
    wrong = next(candidate.failures([p for p in programs if p is not None]), None)
    if wrong is None:
        return
    wrong = _shrunk(candidate, wrong)
    if wrong.program.shares_results and wrong.kind == "gradient":
        words = (
            "a node hands its gradient on before all nodes that use it have added theirs "
            "(no topological sort), or does so more than once"
        )
        yield Blame("backward", wrong, "wrong order", words)
    else:
        key = wrong.program.lines[0][0].key
        if wrong.kind == "gradient" and _is_one_part(candidate, wrong):
            yield Blame(key, wrong, "overwritten", _OVERWRITTEN)
        else:
            yield Blame(key, wrong, "wrong in a larger program", wrong.words)


def _diamonds(known: Sequence[Form]) -> Iterator[Snippet]:
    ones = [f for f in known if f.arity == 1][:6]
    joins = _joins(known)[:3]
    for join in joins:
        for one in ones or joins:
            first = (join, (0, 1))
            again, last = (2, 0)[: one.arity], (3, 2)[: one.arity]
            for ends in ((2, 3), (3, 2), (2, 4), (4, 2)):
                lines = [first, (one, again)] + [(one, last)] * (4 in ends)
                yield Snippet((0.6, 0.9), (*lines, (join, ends)))


def _random(candidate: Candidate, known: Sequence[Form]) -> Snippet | None:
    """Return a program of up to nine lines, which operands often share."""
    rng = candidate.rng
    leaves = tuple(rng.choice((0.4, 0.6, 0.9, 1.3, 1.7, -0.7)) for _ in range(rng.randint(1, 3)))
    program = Snippet(leaves, ())
    for _ in range(rng.randint(3, 9) if known else 0):
        form = rng.choice(known)
        count = len(leaves) + len(program.lines)
        operands = tuple(max(rng.randrange(count), rng.randrange(count)) for _ in range(form.arity))
        longer = Snippet(leaves, (*program.lines, (form, operands)))
        if candidate.truth(longer) is not None:
            program = longer
    return program if program.lines else None


def _shrunk(candidate: Candidate, wrong: Wrong) -> Wrong:
    """Return the smallest program that fails in the same way."""
    while smaller := next(
        (w for w in candidate.failures(_shorter(wrong.program)) if w.kind == wrong.kind), None
    ):
        wrong = smaller
    return wrong


def _shorter(program: Snippet) -> Iterator[Snippet]:
    """Yield programs that are one line shorter: its uses become one of its operands."""
    n, last = len(program.leaves), len(program.lines) - 1
    for i in range(last, -1, -1) if last else ():
        for instead in dict.fromkeys(program.lines[i][1]):
            if i < last or instead == n + i - 1:
                yield _without_idle_leaves(program.without(n + i, instead))
    for i in range(last - 1, -1, -1):
        if program.uses(n + i) == 0:
            yield _without_idle_leaves(program.without(n + i))


def _without_idle_leaves(program: Snippet) -> Snippet:
    for k in reversed(range(len(program.leaves))):
        if program.uses(k) == 0:
            program = program.without(k)
    return program

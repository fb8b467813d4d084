"""check_engine: somebody else's scalar class, its operations found, tried, and the wrong one named.

The order of the questions makes the answers certain. First each operation by itself: its value
and its derivatives. Then below another one, which hands it a gradient that is not 1. Then with
an operand that is used twice: is a gradient added, or overwritten? Only operations that passed
take part in random programs with shared results, which show whether the pass visits nodes in a
right order; and in second passes, which show what an earlier one left behind.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from autograd_mini.testing.catalog import NAMED
from autograd_mini.testing.forms import Form, Program, Truth, forms_of, sampled
from autograd_mini.testing.isolation import Isolated, NoAnswerError
from autograd_mini.testing.mistakes import Sample, close, named
from autograd_mini.testing.report import GradientMismatchError
from autograd_mini.testing.subject import Names, Operations, Ran, Seen, subject
from autograd_mini.testing.verdicts import EngineReport, OperationReport

__all__ = ["check_engine", "engine_report"]

_POINTS: Final = 6  # at which an operation is tried by itself
_RANDOM: Final = 60  # programs with shared results
_PATIENCE: Final = 6  # programs without an answer, and the engine gets no more time
_UNSUPPORTED: Final = (
    "TypeError",
    "AttributeError",
    "AssertionError",
    "NotImplementedError",
    "ValueError",
)
_ALIASES: Final = {"+": "add", "-": "sub", "*": "mul", "/": "div", "**": "pow"}


def check_engine(
    Value: Callable[..., Any],  # it is a class
    ops: Operations = None,
    backward: str | Callable[[Any], Any] = "backward",
    data: str = "data",
    grad: str = "grad",
) -> EngineReport:
    """Check somebody else's scalar automatic differentiation, and name what is wrong with it.

    Programs run in a process of their own, each for a limited time: what they print, raise or
    leave behind stays there.

    Args:
        Value: The class, or a function that makes one of its numbers of a float.
        ops: Which operations: names, or a dictionary of names and functions. By default all
            that can be found: operators, methods, functions beside the class.
        backward: The method that starts the pass, or a function of the root.
        data: The attribute that holds the number.
        grad: The attribute that holds the gradient.

    Returns:
        What was checked.

    Raises:
        GradientMismatchError: If something is wrong; `error.report` tells each operation.
        ValueError: If it cannot be run: no such attribute, no such operation.

    Example:
        >>> from autograd_mini import Value
        >>> print(check_engine(Value, ops=["mul", "tanh"]))
        ok: 2 operations, backward
          ok    mul
          ok    tanh
          ok    backward
    """
    report = engine_report(lambda: Value, ops, Names(backward, data, grad))
    if not report.ok:
        error = GradientMismatchError(str(report))
        error.report = report
        wrong = next(name for name, found in report.operations.items() if not found.ok)
        error.op, error.kind = wrong, report.operations[wrong].kind
        error.source = report.operations[wrong].program
        raise error
    return report


def engine_report(
    load: Callable[[], Any],
    ops: Operations = None,
    names: Names | None = None,
    *,
    seconds: float = 0.5,
) -> EngineReport:
    """Check the class that `load` returns, which is called in the child, and return the report."""
    names = names or Names()
    with Isolated(lambda: subject(load, names, ops), seconds=seconds) as ask:
        try:
            return _Check(ask, ops, names).report()
        except NoAnswerError as silence:
            raise ValueError(f"it cannot be loaded: it {silence}") from None


class _Wrong(NamedTuple):
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

    program: Program
    kind: str
    words: str
    where: int = 0
    got: Sequence[float] = ()
    truth: Truth | None = None
    after: str = ""


class _Check:
    """One check: what was found so far."""

    def __init__(self, ask: Isolated, ops: Operations, names: Names) -> None:
        self.ask = ask
        self.names = names
        self.rng = random.Random(0)
        self.silent = 0
        self.notes: list[str] = []
        self.found: dict[str, OperationReport] = {}
        self.seen: Seen = ask(("look",))
        self.tolerance = 1e-6
        self.usable: dict[str, list[Form]] = {}
        self.right: list[Form] = []
        self._discover(ops)

    def report(self) -> EngineReport:
        """Ask all questions and return the report."""
        singles = {key: self._singles(forms) for key, forms in self.usable.items()}
        if not self._is_the_pass_itself(singles):
            for key, wrong in singles.items():
                if wrong is None:
                    self.right += self.usable[key]
                else:
                    self._blame(key, *wrong)
            self._chains()
            if "backward" not in self.found:
                self._reuse()
            if "backward" not in self.found:
                self._order()
            if "backward" not in self.found:
                self._again()
        self._derive()
        for key in [*self.usable, "backward"]:
            self.found.setdefault(key, OperationReport(True))
        ordered = {key: self.found[key] for key in [*self.usable, "backward"]}
        return EngineReport(ordered, tuple(self.notes))

    # What there is.

    def _discover(self, ops: Operations) -> None:
        given = list(ops) if isinstance(ops, Mapping) else ()
        refused: dict[str, _Wrong] = {}
        for form in forms_of(self.seen, given):
            if self._is_known(form) or (given and form.row is None and form.key in self.usable):
                continue
            wrong = self._tried(form)
            if wrong is None:
                self.usable.setdefault(form.key, []).append(form)
            else:
                self._refuse(form, wrong, refused)
        for key, wrong in refused.items():
            if key not in self.usable and (form := wrong.program.lines[0][0]).row is not None:
                self.usable[key] = [form]
        if ops is not None and not isinstance(ops, Mapping):
            self._restrict(ops)
        if not self.usable:
            raise ValueError(
                "no operation was found: operators, methods or functions beside the class; "
                "or hand them over, ops={'add': my_add}"
            )

    def _is_known(self, form: Form) -> bool:
        return any(form.text == other.text for other in self.usable.get(form.key, ()))

    def _tried(self, form: Form) -> _Wrong | None:
        """Return what happens if a form cannot be computed anywhere."""
        wrong: _Wrong | None = None
        for xs in sampled(form, self.rng, 3) or [(0.5,) * form.arity]:
            program = Program(xs, ((form, tuple(range(form.arity))),))
            ran = self._run(program.text(self.seen, backward=False), program)
            if not ran.raised:
                return None
            wrong = _Wrong(program, "raises", ran.raised)
        return wrong

    def _refuse(self, form: Form, wrong: _Wrong, refused: dict[str, _Wrong]) -> None:
        """Note that a form is not supported, or keep it if it is meant to be."""
        known = self.usable.get(form.key, ())
        typical = wrong.words.startswith(_UNSUPPORTED)
        twin = any(f.has_constant and not f.constant_on_the_left for f in known)
        if known and (not typical or (form.constant_on_the_left and twin and form.key != "pow")):
            self.usable[form.key].append(form)
        elif form.row is not None and not form.has_constant:
            refused.setdefault(form.key, wrong)
        if known or form.has_constant:
            shown = form.text.format(*"xy"[: form.arity])
            self.notes.append(f"{shown} is not supported: {wrong.words}")

    def _restrict(self, ops: Iterable[str]) -> None:
        wanted = [ops] if isinstance(ops, str) else list(ops)
        kept: dict[str, list[Form]] = {}
        for name in wanted:
            key = _ALIASES.get(name, name)
            key = key if key in self.usable else NAMED.get(key, key)
            if key not in self.usable:
                has = ", ".join(self.usable) or "none"
                raise ValueError(f"the class has no operation {name!r}: found were {has}")
            kept[key] = self.usable[key]
        self.usable = kept

    # Running.

    def _run(self, text: str, program: Program, after: str = "") -> Ran:
        if self.silent >= _PATIENCE:
            return Ran({}, "was not tried, since earlier programs do not end")
        try:
            return self.ask(("run", "\n".join(filter(None, [text, after])), program.names))
        except NoAnswerError as silence:
            self.silent += 1
            return Ran({}, str(silence))

    def _unknown(self, form: Form, xs: tuple[float, ...]) -> tuple[float, list[float]] | None:
        """Return value and slopes of an operation without a name, from its own numbers."""
        program = Program(xs, ((form, tuple(range(len(xs)))),))
        ran = self._run(program.text(self.seen, backward=False), program)
        if ran.raised:
            return None
        slopes: list[float] = []
        for i in range(len(xs)):
            slope, error = self.ask(("slope", form.text, xs, i))
            if not error <= 1e-7 * (1.0 + abs(slope)):
                return None
            slopes.append(slope)
        return ran.numbers["y"][0], slopes

    def _wrong(self, program: Program) -> _Wrong | None:
        """Run a program and return what is wrong with it, if anything is."""
        truth = program.truth(self._unknown)
        if truth is None or max(truth.size) > 1e6:
            return None
        ran = self._run(program.text(self.seen), program)
        if ran.raised:
            return _Wrong(program, "raises", ran.raised, truth=truth)
        got = [ran.numbers[name][1] or 0.0 for name in program.names]
        for i, name in enumerate(program.names):
            number = ran.numbers[name][0]
            if not self._agree(number, truth.data[i], abs(truth.data[i])):
                kind = "changed" if i < len(program.leaves) else "value"
                words = f"{name} is {number:.6g}, expected {truth.data[i]:.6g}"
                return _Wrong(program, kind, words, i, got, truth)
        for i in range(len(program.leaves)):
            if not self._agree(got[i], truth.grad[i], truth.size[i]):
                words = self._words(program, i, got[i], truth.grad[i])
                return _Wrong(program, "gradient", words, i, got, truth)
        return None

    def _words(self, program: Program, i: int, got: float, expected: float) -> str:
        return f"{program.names[i]}.{self.names.grad} is {got:.6g}, expected {expected:.6g}"

    def _agree(self, a: float, b: float, size: float) -> bool:
        return abs(a - b) <= self.tolerance * size + 1e-9

    # Each operation by itself.

    def _singles(self, forms: list[Form]) -> tuple[_Wrong, str, str] | None:
        """Return the first form that is wrong: the program, the kind, the words."""
        for form in forms:
            wrongs: list[_Wrong] = []
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
        self, form: Form, wrongs: list[_Wrong], rights: list[Program]
    ) -> tuple[str, str]:
        first = wrongs[0]
        if first.kind == "raises":
            kind = "no end" if first.words.startswith("does not end") else "raises"
            return ("not tried" if first.words.startswith("was not") else kind), first.words
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

    def _is_the_pass_itself(self, singles: Mapping[str, tuple[_Wrong, str, str] | None]) -> bool:
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
                "backward", first, kind, f"every program {words}" if kind == "no end" else words
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

    # Below another operation, and beside itself.

    def _roots(self, form: Form) -> Iterator[Form]:
        """Yield right operations that hand a gradient on which is not 1, and the form itself."""
        order = ("mul", "div", "tanh", "sigmoid", "exp", "pow", "square")
        for key in order:
            yield from (f for f in self.right if f.key == key and f.key != form.key)
        yield from (
            f
            for f in self.right
            if f.row is not None and f.key not in (*order, "add", "sub", form.key)
        )
        if not form.has_constant:
            yield form

    def _chains(self) -> None:
        """Check that each operation multiplies by the gradient it is handed."""
        wrongs: dict[str, _Wrong] = {}
        tried: set[str] = set()
        for form in self.right:
            if form.key in wrongs:
                continue
            root = next(self._roots(form), None)
            if root is None:
                continue
            tried.add(form.key)
            for wrong in self._failures(self._below(root, form)):
                wrongs[form.key] = wrong
                break
        if (
            len(wrongs) > 1
            and set(wrongs) == tried
            and all(w.kind == "gradient" and w.got[w.where] == 0.0 for w in wrongs.values())
        ):
            first = next(iter(wrongs.values()))
            self._blame(
                "backward",
                first,
                "wrong order",
                "the gradient does not pass beyond the last operation (no topological sort)",
            )
            return
        for key, wrong in wrongs.items():
            self._blame(key, wrong, *self._chain_mistake(wrong))

    def _chain_mistake(self, wrong: _Wrong) -> tuple[str, str]:
        if wrong.kind != "gradient" or wrong.truth is None:
            return wrong.kind, wrong.words
        program, i = wrong.program, wrong.where
        inner = Program(program.leaves, program.lines[:1]).truth(self._unknown)
        if inner is not None and close(wrong.got[i], inner.grad[i]):
            return "factor", "it is not multiplied by the gradient of its result (the chain rule)"
        upstream = wrong.truth.grad[len(program.leaves)]
        if close(wrong.got[i], upstream * wrong.truth.grad[i]):
            return "factor", "it is multiplied by the gradient of its result twice"
        return "factor", "it is wrong where the gradient of its result is not 1"

    def _below(self, root: Form, form: Form) -> Iterator[Program]:
        """Yield programs root(form(leaves), another leaf)."""
        n = form.arity
        for xs in sampled(form, self.rng, 3):
            for spare in (0.7, 1.7, 2.3, -0.6):
                leaves = (*xs, spare)[: n + root.arity - 1]
                yield Program(
                    leaves, ((form, tuple(range(n))), (root, (len(leaves), n)[: root.arity]))
                )

    def _failures(self, programs: Iterable[Program]) -> Iterator[_Wrong]:
        for program in programs:
            if (wrong := self._wrong(program)) is not None:
                yield wrong

    def _joins(self) -> list[Form]:
        """Return the right operations of two numbers, those that hide nothing first."""
        two = [
            f
            for f in self.right
            if f.arity == 2 and f.row is not None and not self.found.get(f.key)
        ]
        return sorted(
            two,
            key=lambda f: (
                ("mul", "sub", "add").index(f.key) if f.key in ("mul", "sub", "add") else 9
            ),
        )

    def _reuse(self) -> None:
        """Check that each operation adds to the gradient of its operand."""
        self.right = [f for f in self.right if f.key not in self.found]
        wrongs: dict[str, _Wrong] = {}
        joins = self._joins()
        alone = [j for j in joins if not any(self._failures(self._uses(j, j)))]
        joins = alone or joins
        for form in self.right:
            if form.key in wrongs:
                continue
            others = [f for f in joins if f.key != form.key] or joins
            programs = [p for join in others[:2] for p in self._uses(form, join)]
            wrong = next(self._failures(programs), None)
            if wrong is not None:
                wrongs[form.key] = wrong
        for key, wrong in wrongs.items():
            kind, words = wrong.kind, wrong.words
            if wrong.kind == "gradient" and wrong.truth is not None:
                kind = "overwritten"
                words = "a gradient is overwritten (=) where it should be accumulated (+=)"
                parts = wrong.truth.parts[wrong.where]
                if not any(close(wrong.got[wrong.where], part) for part in parts):
                    words = f"an operand that is used twice gets a wrong sum: {words}?"
            self._blame(key, wrong, kind, words)
        self.right = [f for f in self.right if f.key not in self.found]

    def _uses(self, form: Form, join: Form) -> Iterator[Program]:
        """Yield programs in which a leaf goes into `form` twice, or into `join` above it."""
        n = form.arity
        for x in (1.5, 0.7, 2.5) if n == 2 else ():
            yield Program((x,), ((form, (0, 0)),))
        for xs in sampled(form, self.rng, 2):
            for k in range(n):
                line = (form, tuple(range(n)))
                yield Program(xs, (line, (join, (n, k))))
                yield Program(xs, (line, (join, (k, n))))

    # The order of the pass.

    def _order(self) -> None:
        """Run random programs whose results are shared."""
        programs = [*self._diamonds(), *[self._random() for _ in range(_RANDOM)]]
        wrong = next(self._failures([p for p in programs if p is not None]), None)
        if wrong is None:
            return
        wrong = self._shrunk(wrong)
        if wrong.program.shares_results and wrong.kind == "gradient":
            self._blame(
                "backward",
                wrong,
                "wrong order",
                "a node hands its gradient on before all nodes that use it have added theirs "
                "(no topological sort), or does so more than once",
            )
            return
        key = wrong.program.lines[0][0].key
        self._blame(key, wrong, "wrong in a larger program", wrong.words)

    def _diamonds(self) -> Iterator[Program]:
        ones = [f for f in self.right if f.arity == 1 and f.row is not None][:6]
        joins = self._joins()[:3]
        for join in joins:
            for one in ones or joins:
                first = (join, (0, 1))
                again = (2,) if one.arity == 1 else (2, 0)
                last = (3,) if one.arity == 1 else (3, 2)
                for ends in ((2, 3), (3, 2), (2, 4), (4, 2)):
                    lines = [first, (one, again)] + [(one, last)] * (4 in ends)
                    yield Program((0.6, 0.9), (*lines, (join, ends)))

    def _random(self) -> Program | None:
        rng, forms = self.rng, [f for f in self.right if f.row is not None]
        leaves = tuple(
            rng.choice((0.4, 0.6, 0.9, 1.3, 1.7, -0.7)) for _ in range(rng.randint(1, 3))
        )
        program: Program | None = None
        lines: list[tuple[Form, tuple[int, ...]]] = []
        for _ in range(rng.randint(3, 9) if forms else 0):
            form = rng.choice(forms)
            count = len(leaves) + len(lines)
            operands = tuple(
                max(rng.randrange(count), rng.randrange(count)) for _ in range(form.arity)
            )
            longer = Program(leaves, (*lines, (form, operands)))
            if longer.truth() is not None:
                lines.append((form, operands))
                program = longer
        return program

    def _shrunk(self, wrong: _Wrong) -> _Wrong:
        """Return the smallest program that fails in the same way."""
        smaller = True
        while smaller:
            smaller = False
            for program in _shorter(wrong.program):
                found = self._wrong(program)
                if found is not None and found.kind == wrong.kind:
                    wrong, smaller = found, True
                    break
        return wrong

    # Second passes.

    def _again(self) -> None:
        """Check what an earlier pass leaves behind."""
        program = next(self._deep(), None)
        if program is None or self.silent:
            return
        shallow = Program(program.leaves[:1] * program.lines[0][0].arity, program.lines[:1])
        start = self.seen.backward.format
        names, grad = program.names, self.names.grad
        cleared = "\n".join([f"{name}.{grad} = 0.0" for name in names])
        plain = self._second(program, f"{cleared}\n{start('y')}")
        if plain is not None and plain[1] != "raises":
            self._blame(
                "backward",
                plain[0],
                "never cleared",
                "after all gradients were set to 0, a second pass gives other ones: something of "
                "the first pass is kept",
            )
            return
        if (found := self._second(shallow, start("y"), factors=(1.0, 2.0))) is not None:
            self._blame(
                "backward",
                found[0],
                "never cleared",
                "a second backward() counts what the first one left",
            )
            return
        self._two_roots(program)
        if self.seen.zero_grad and "backward" not in self.found:
            self._zero_grad(program)
        if "backward" not in self.found and self._second(program, start("y"), factors=(1.0, 2.0)):
            self.notes.append(
                "a second backward() through the same graph counts the gradients of computed "
                "numbers twice, as micrograd does: they are never cleared"
            )

    def _deep(self) -> Iterator[Program]:
        for form in self.right:
            if root := next((f for f in self._roots(form) if f.key != form.key), None):
                for program in self._below(root, form):
                    if program.truth(self._unknown) is not None:
                        yield program

    def _second(
        self, program: Program, after: str, factors: tuple[float, ...] = (1.0,)
    ) -> tuple[_Wrong, str] | None:
        """Return what is wrong after more lines: gradients that are no allowed multiple."""
        truth = program.truth(self._unknown)
        ran = self._run(program.text(self.seen), program, after)
        if truth is None:
            return None
        if ran.raised:
            return _Wrong(program, "raises", ran.raised, after=after), "raises"
        got = [ran.numbers[name][1] or 0.0 for name in program.names]
        for i in range(len(program.leaves)):
            if not any(close(got[i], factor * truth.grad[i]) for factor in factors):
                words = self._words(program, i, got[i], factors[-1] * truth.grad[i])
                return _Wrong(program, "gradient", words, i, got, truth, after), "gradient"
        return None

    def _two_roots(self, program: Program) -> None:
        """Check a new graph over leaves that have been through a pass."""
        form, operands = program.lines[0]
        other = Program(program.leaves, program.lines[:1])
        first, then = program.truth(self._unknown), other.truth(self._unknown)
        if first is None or then is None:
            return
        called = form.text.format(*[program.names[k] for k in operands])
        after = f"z = {called}\n{self.seen.backward.format('z')}"
        ran = self._run(program.text(self.seen), program, after)
        if ran.raised:
            return
        for i, name in enumerate(program.names[: len(program.leaves)]):
            got = ran.numbers[name][1] or 0.0
            both = first.grad[i] + then.grad[i]
            if not (close(got, both) or close(got, then.grad[i])):
                if then.grad[i] == 0.0 and close(got, first.grad[i]):
                    continue
                words = self._words(program, i, got, both)
                wrong = _Wrong(program, "gradient", words, i, [got], first, after)
                self._blame(
                    "backward",
                    wrong,
                    "never cleared",
                    "a second graph over the same numbers gets more than its own gradient: "
                    "something of the first pass is kept",
                )
                return

    def _zero_grad(self, program: Program) -> None:
        after = "\n".join([f"{name}.zero_grad()" for name in program.names])
        ran = self._run(program.text(self.seen), program, after)
        left = [name for name in program.names if not ran.raised and ran.numbers[name][1]]
        if left:
            words = f"{left[0]}.{self.names.grad} is {ran.numbers[left[0]][1]:.6g}, expected 0"
            wrong = _Wrong(program, "gradient", words, after=after)
            self._blame(
                "backward", wrong, "never cleared", "zero_grad() leaves the gradient as it is"
            )

    # The report.

    def _derive(self) -> None:
        """Blame the operation that others are built on, and not those."""
        wrong = [key for key in self.found if key != "backward"]
        below = {key: self._built_on(key) & set(wrong) for key in wrong} if len(wrong) > 1 else {}
        for key, on in below.items():
            first = [other for other in on if not below[other]]
            if first:
                words = f"it is built on {' and '.join(sorted(first))}"
                was = self.found[key]
                self.found[key] = was._replace(kind=f"follows from {first[0]}", words=words)

    def _built_on(self, key: str) -> set[str]:
        on: set[str] = set()
        for form in self.usable[key]:
            for xs in sampled(form, self.rng, 1):
                text = Program(xs, ((form, tuple(range(form.arity))),)).text(
                    self.seen, backward=False
                )
                for name in self.ask(("calls", text)):
                    on.add(NAMED.get(name.replace("__r", "__", 1)) or name)
        return on - {key}

    def _blame(self, key: str, wrong: _Wrong, kind: str, words: str) -> None:
        program = wrong.program.text(self.seen)
        lines = [self.seen.imports, program, wrong.after]
        remark = f"  # {wrong.words}" if wrong.kind != "raises" else ""
        name = wrong.program.names[wrong.where]
        attribute = self.names.data if wrong.kind in ("value", "changed") else self.names.grad
        lines.append(f"print({name}.{attribute}){remark}")
        if wrong.kind == "raises":
            lines[-1] = f"# {wrong.words}"
        text = "\n".join(filter(None, lines))
        self.found.setdefault(key, OperationReport(False, kind, words, wrong.words, text))


def _sample(form: Form, wrong: _Wrong, k: int) -> Sample:
    assert wrong.truth is not None
    operands = tuple(form.operands(wrong.program.leaves))
    return Sample(
        operands, wrong.truth.data[-1], wrong.truth.grad[k], wrong.got[k] if wrong.got else math.nan
    )


def _shorter(program: Program) -> Iterator[Program]:
    """Yield programs with one line less: its uses become one of its operands."""
    n = len(program.leaves)
    for i in range(len(program.lines) - 1, -1, -1):
        slot = n + i
        for instead in dict.fromkeys(program.lines[i][1]):
            if i == len(program.lines) - 1 and instead != slot - 1:
                continue
            lines = [
                (form, tuple(instead if k == slot else k - (k > slot) for k in operands))
                for j, (form, operands) in enumerate(program.lines)
                if j != i
            ]
            if lines:
                yield _without_idle_leaves(Program(program.leaves, tuple(lines)))
    for i in range(len(program.lines) - 1, 0, -1):  # what nothing uses
        if program.uses(n + i - 1) == 0:
            lines = [
                (form, tuple(k - (k > n + i - 1) for k in operands))
                for j, (form, operands) in enumerate(program.lines)
                if j != i - 1
            ]
            yield _without_idle_leaves(Program(program.leaves, tuple(lines)))


def _without_idle_leaves(program: Program) -> Program:
    kept = [k for k in range(len(program.leaves)) if program.uses(k)]
    place = {k: i for i, k in enumerate(kept)}
    by = len(program.leaves) - len(kept)
    lines = tuple(
        (form, tuple(place[k] if k in place else k - by for k in operands))
        for form, operands in program.lines
    )
    return Program(tuple(program.leaves[k] for k in kept), lines)

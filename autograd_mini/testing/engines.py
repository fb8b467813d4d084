"""check_engine: somebody else's scalar class, its operations found, tried, and the wrong one named.

The order of the questions makes the answers certain. First each operation by itself: its value
and its derivatives. Then below another one, which hands it a gradient that is not 1. Then with
an operand that is used twice: is a gradient added, or overwritten? Only operations that passed
take part in random programs with shared results, which show whether the pass visits nodes in a
right order; and in second passes, which show what an earlier one left behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from autograd_mini.calls import answered
from autograd_mini.symbols import SIGNS
from autograd_mini.testing.catalog import NAMED
from autograd_mini.testing.combinations import chains, order, reuse
from autograd_mini.testing.forms import Form, alone, forms_of, sampled
from autograd_mini.testing.isolation import Isolated, NoAnswerError
from autograd_mini.testing.report import refused
from autograd_mini.testing.second_passes import second_passes
from autograd_mini.testing.singles import mistake_of_all, single
from autograd_mini.testing.subject import Operations, Subject, Terms
from autograd_mini.testing.trials import Blame, Candidate, Wrong
from autograd_mini.testing.verdicts import EngineReport, OperationReport

_UNSUPPORTED: Final = (
    "TypeError",
    "AttributeError",
    "AssertionError",
    "NotImplementedError",
    "ValueError",
)
_OPERATORS: Final = {sign: name for name, sign in SIGNS.items()}


@answered
def check_engine(
    Value: Callable[..., object],  # it is a class
    ops: Operations = None,
    backward: str | Callable[..., object] = "backward",
    data: str = "data",
    grad: str = "grad",
) -> EngineReport:
    """Check somebody else's scalar automatic differentiation, and name what is wrong with it.

    Programs run in a process of their own, each for a limited time: what they print, raise or
    leave behind stays there. What is computed in single precision is compared as
    far as its rounding allows.

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
    report = engine_report(lambda: Value, ops, Terms(backward, data, grad))
    if not report.ok:
        raise refused(report)
    return report


def engine_report(
    load: Callable[[], object],
    ops: Operations = None,
    names: Terms | None = None,
    *,
    seed: int = 0,
) -> EngineReport:
    """Check the class that `load` returns, which is called in the child, and return the report."""
    names = names or Terms()
    with Isolated(lambda: Subject(load(), names, ops).answer) as ask:
        try:
            return _EngineCheck(Candidate(ask, names, seed), ops).report()
        except NoAnswerError as silence:
            raise ValueError(f"it cannot be loaded: it {silence}") from None


class _EngineCheck:
    """One check: the operations that the class has, and what was found of them so far."""

    def __init__(self, candidate: Candidate, ops: Operations) -> None:
        self.candidate = candidate
        self.notes: list[str] = []
        self.found: dict[str, OperationReport] = {}
        self.usable: dict[str, list[Form]] = {}
        self._discover(ops)

    def report(self) -> EngineReport:
        """Ask all questions and return the report."""
        candidate = self.candidate
        singles = [
            blame for f in self.usable.values() if (blame := single(candidate, f)) is not None
        ]
        of_all = mistake_of_all(candidate, singles) if len(singles) == len(self.usable) else None
        if of_all is not None:
            self._blame([of_all])
        else:
            self._blame(singles)
            self._blame(chains(candidate, self._right()))
            if "backward" in self.found:
                self._spare_those_built_on_others()
            for look in (reuse, order):
                if "backward" not in self.found:
                    self._blame(look(candidate, self._right()))
            if "backward" not in self.found:  # hidden numbers of those built on others stay
                plain = [f for f in self._right() if not self._built_on(f.key) & {*self.usable}]
                self._blame(second_passes(candidate, plain, self.notes))
        self._derive()
        names = [*self.usable, "backward"]
        right = OperationReport(True)
        return EngineReport({key: self.found.get(key, right) for key in names}, tuple(self.notes))

    def _blame(self, blames: Iterable[Blame]) -> None:
        for blame in blames:
            self.found.setdefault(blame.key, self.candidate.report(blame))

    def _right(self) -> list[Form]:
        """Return the forms of those operations in which nothing was found wrong."""
        return [f for key, forms in self.usable.items() if key not in self.found for f in forms]

    # What the class has.

    def _discover(self, ops: Operations) -> None:
        given: list[str] = [*ops] if isinstance(ops, Mapping) else []
        refused: dict[str, Wrong] = {}
        for form in forms_of(self.candidate.seen, given):
            known = self.usable.get(form.key, [])
            if any(form.text == other.text for other in known) or (
                given and form.row is None and known
            ):
                continue
            wrong = self._tried(form)
            if wrong is None:
                self.usable.setdefault(form.key, []).append(form)
            else:
                self._refuse(form, wrong, refused)
        for key, wrong in refused.items():
            if key not in self.usable:
                self.usable[key] = [wrong.program.lines[0][0]]
        if ops is not None and not isinstance(ops, Mapping):
            self._restrict(ops)
        if not self.usable:
            raise ValueError(
                "no operation was found: operators, methods or functions beside the class; "
                "or hand them over, ops={'add': my_add}"
            )

    def _tried(self, form: Form) -> Wrong | None:
        """Return what goes wrong if a form cannot be computed at any point."""
        wrong: Wrong | None = None
        for xs in sampled(form, self.candidate.rng, 3) or [(0.5,) * form.arity]:
            program = alone(form, xs)
            ran = self.candidate.run(program, backward=False)
            if not ran.raised:
                return None
            wrong = Wrong(program, "raises", ran.raised)
        return wrong

    def _refuse(self, form: Form, wrong: Wrong, refused: dict[str, Wrong]) -> None:
        """Note that a form is not supported, or keep it if it is meant to be."""
        known = self.usable.get(form.key, ())
        typical = wrong.words.startswith(_UNSUPPORTED)
        if known and (not typical or self._is_meant(form)):
            self.usable[form.key].append(form)
            return
        if form.row is not None and not form.has_constant:
            refused.setdefault(form.key, wrong)
        is_operator = not form.text.endswith(")")
        if known if is_operator else form.has_constant and form.key == "pow":
            shown = form.text.format(*"xy"[: form.arity])
            self.notes.append(f"{shown} is not supported: {wrong.words}")

    def _is_meant(self, form: Form) -> bool:
        """Return whether a form with a constant on the left should work.

        It should if the class has a method for it, or for others and takes one on the right.
        """
        if not form.constant_on_the_left or form.key == "pow":
            return False
        methods = [name for name in self.candidate.seen.methods if name.startswith("__r")]
        reflected = {NAMED.get(name.replace("__r", "__", 1)) for name in methods}
        twin = any(f.has_constant and not f.constant_on_the_left for f in self.usable[form.key])
        return form.key in reflected or bool(reflected and twin and form.key in ("add", "mul"))

    def _restrict(self, ops: Iterable[str]) -> None:
        wanted = [ops] if isinstance(ops, str) else list(ops)
        kept: dict[str, list[Form]] = {}
        for name in wanted:
            key = _OPERATORS.get(name, name)
            key = key if key in self.usable else NAMED.get(key, key)
            if key not in self.usable:
                has = ", ".join(self.usable) or "none"
                raise ValueError(f"the class has no operation {name!r}: found were {has}")
            kept[key] = self.usable[key]
        self.usable = kept

    # What is built on what.

    def _derive(self) -> None:
        """Blame the operation that others are built on, and not those."""
        wrong = [key for key in self.found if key != "backward"]
        below = {key: self._built_on(key) & set(wrong) for key in wrong} if len(wrong) > 1 else {}
        for key, on in below.items():
            if first := sorted(other for other in on if not below[other]):
                words = f"it is built on {' and '.join(first)}"
                was = self.found[key]
                self.found[key] = was._replace(kind=f"follows from {first[0]}", words=words)

    def _spare_those_built_on_others(self) -> None:
        """Clear operations built on others: a wrong order alone makes them fail."""
        for key in [*self.found]:
            built = key != "backward" and self._built_on(key) & set(self.usable)
            if built and self.found[key].kind == "dropped term":
                del self.found[key]

    def _built_on(self, key: str) -> set[str]:
        on: set[str] = set()
        for form in self.usable[key]:
            for xs in sampled(form, self.candidate.rng, 1):
                text = alone(form, xs).text(self.candidate.seen, backward=False)
                called = self.candidate.ask(("calls", text))
                on.update([NAMED.get(name.replace("__r", "__", 1)) or name for name in called])
        return on - {key}

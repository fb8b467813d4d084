"""check_backward: somebody's backward pass, written by hand, and what is wrong with it.

Random directions come first: one comparison looks at every entry of every input, so a million
entries cost a few evaluations. Only what disagrees is searched for its worst entry and for the
kind of the mistake.
"""

from __future__ import annotations

import copy
import math
import random
from collections.abc import Callable, Sequence
from operator import mul
from typing import Final

from autograd_mini.calls import answered
from autograd_mini.testing.compared import Suspect, worst
from autograd_mini.testing.differences import EPSILON
from autograd_mini.testing.isolation import Isolated, NoAnswerError
from autograd_mini.testing.mistakes import Mistake
from autograd_mini.testing.probes import Broken, Function, Probe, one_hot, random_direction
from autograd_mini.testing.report import refused
from autograd_mini.testing.suspects import mistake, shape_mistake
from autograd_mini.testing.tensors import Shape, entry, flattened, literal
from autograd_mini.testing.verdicts import BackwardReport, OperationReport

_UPSTREAM: Final = [x / 10 for x in (*range(-29, -3), *range(4, 30)) if abs(x) not in (10, 20)]
_SHOWN: Final = 40  # numbers in a program


@answered
def check_backward(forward: Function, backward: Function, *inputs: object) -> BackwardReport:
    """Check a backward pass that was written by hand, and name what is wrong with it.

    Args:
        forward: A function of numbers, nested lists or arrays that returns one of these.
        backward: `backward(upstream, *inputs) -> gradients`, one for each input; None for an
            input that has none; of one input alone it may be the gradient itself. `upstream`
            is laid out as the result of `forward` is.
        inputs: The point. True and False, and whole numbers that only work as such (labels, an
            axis), stay as they are; all others are moved, in double precision if `forward` takes
            it. What is computed in single precision is compared as far as its rounding allows.

    Returns:
        What was checked; it prints.

    Raises:
        GradientMismatchError: If something is wrong: `error.op` is the input's name, `kind` the
            kind of mistake, `entry` where, `got` and `expected` the numbers, `report` all of it.
        ValueError: If it cannot be checked: `forward` fails or gives nan.

    Example:
        >>> def forward(x, w):
        ...     return sum(a * b for a, b in zip(x, w))
        >>> def backward(upstream, x, w):
        ...     return [upstream * b for b in w], [upstream * a for a in x]
        >>> print(check_backward(forward, backward, [1.0, 2.0], [3.0, -4.0]))
        ok: 2 gradients
          ok    x
          ok    w
    """
    check = _BackwardCheck(forward, backward, inputs)
    report = check.report()
    if not report.ok:
        error = refused(report)
        if error.op in check.numbers:
            error.argument, error.entry, error.got, error.expected = check.numbers[error.op]
        raise error
    return report


def isolated_report(
    load: Callable[[], tuple[Function, Function, Sequence[object]]],
    *,
    seconds: float = 10.0,
) -> BackwardReport:
    """Check what `load` returns in a process of its own: it may loop, crash, print or exit.

    Args:
        load: Returns (forward, backward, inputs); called in that process.
        seconds: How long forward, and how long the check, may compute.
    """

    def answers() -> Callable[[str], BackwardReport | None]:
        forward, backward, inputs = load()

        def answer(question: str) -> BackwardReport | None:
            if question == "check":
                return _BackwardCheck(forward, backward, inputs).report()
            try:
                forward(*copy.deepcopy(list(inputs)))
            except Exception as error:
                raise ValueError(f"forward fails: {type(error).__name__}: {error}") from None
            return None

        return answer

    with Isolated(answers, seconds=seconds) as ask:
        try:
            ask("forward")
        except NoAnswerError as silence:
            raise ValueError(f"forward {silence}") from None
        try:
            report = ask("check")
        except NoAnswerError as silence:
            report = BackwardReport(
                {"backward": OperationReport(False, "no answer", f"it {silence}")}
            )
    return report


class _BackwardCheck:
    """One check: what was found so far."""

    def __init__(self, forward: Function, backward: Function, inputs: Sequence[object]) -> None:
        self.functions = forward, backward
        self.inputs = inputs
        self.rng = random.Random(0)
        self.notes: list[str] = []
        self.found: dict[str, OperationReport] = {}
        self.numbers: dict[str, tuple[int, str, float, float]] = {}
        self.precision = 0.0  # of the gradients

    def report(self) -> BackwardReport:
        """Ask all questions and return the report."""
        forward, backward = self.functions
        try:
            self.probe = Probe(forward, backward, self.inputs)
        except Broken as broken:
            self.found["forward"] = OperationReport(False, broken.kind, broken.words)
            return BackwardReport(self.found)
        except Exception as error:
            raise ValueError(f"forward fails: {type(error).__name__}: {error}") from error
        probe = self.probe
        if not probe.result or not all(map(math.isfinite, probe.result)):
            raise ValueError(f"forward gives {probe.output!r}: there is nothing to compare with")
        if len(probe.fixed) == len(self.inputs):
            raise ValueError("no input can be moved: numbers or arrays are needed")
        self.upstream = self._random_upstream()
        try:
            self._gradients(probe.point)
        except Broken as broken:
            program = self._program(probe.point)
            self.found["backward"] = OperationReport(False, broken.kind, broken.words, "", program)
        for i, name in enumerate(probe.names):
            if i not in probe.fixed and "backward" not in self.found:
                self.found.setdefault(name, OperationReport(True))
        return BackwardReport(self.found, tuple(dict.fromkeys(self.notes)))

    def _random_upstream(self) -> list[float]:
        """Return numbers as the upstream holds them: in single precision they are rounded."""
        numbers = [self.rng.choice(_UPSTREAM) for _ in self.probe.result]
        return flattened(self.probe.upstream(numbers))[0]

    # One point.

    def _gradients(self, point: list[list[float]], *, again: bool = True) -> None:
        """Check all gradients at a point."""
        probe = self.probe
        pulled = probe.pull(self.upstream, point)
        fine: dict[int, list[float]] = {}
        suspects: list[Suspect] = []
        for i, gradient in enumerate(pulled):
            if i in probe.fixed:
                continue
            if gradient is None:
                self.notes.append(f"{probe.names[i]}: backward gives None, so it was not checked")
                continue
            self.precision = max(self.precision, gradient.precision)
            suspect = Suspect(probe, i, self.upstream, point, gradient.flat)
            if self._has_right_shape(suspect, gradient.shape) and self._is_finite(suspect):
                fine[i] = gradient.flat
                suspects.append(suspect)
        if not fine:
            return
        if not self._agree(fine, point):
            for suspect in suspects:
                if not self._agree({suspect.argument: suspect.got}, point):
                    k = worst(suspect)
                    self._record(suspect, mistake(suspect), k, suspect.truth(k))
        if not self.found:
            self._must_be_linear(fine, point)
        if again and not self.found:
            self._zeros([i for i in fine if not any(fine[i])])

    def _has_right_shape(self, suspect: Suspect, shape: Shape) -> bool:
        wanted = self.probe.shapes[suspect.argument]
        if shape == wanted and len(suspect.got) == len(suspect.point[suspect.argument]):
            return True
        self._record(suspect, shape_mistake(suspect, shape))
        return False

    def _is_finite(self, suspect: Suspect) -> bool:
        """Return whether there is no nan or infinity; one is wrong if differences give a slope."""
        i, got = suspect.argument, suspect.got
        bad = [k for k, g in enumerate(got) if not math.isfinite(g)]
        for k in bad[:3]:
            true = suspect.slope(one_hot(k, len(got)))
            if math.isfinite(true.expected) and true.error <= 1e-4 * abs(true.expected) + 1e-6:
                kind = "nan" if got[k] != got[k] else "infinite"
                wrong = kind, f"{self._entry(i, k)} is {got[k]}"
                self._record(suspect, wrong, k, true.expected)
                return False
        if bad:
            self.notes.append(
                f"{self._entry(i, bad[0])} is {got[bad[0]]}, where differences give no slope: it "
                "was not checked"
            )
        return not bad

    def _agree(
        self,
        gradients: dict[int, list[float]],
        point: list[list[float]],
        upstream: list[float] | None = None,
    ) -> bool:
        """Return whether gradients agree with differences along random directions."""
        upstream = self.upstream if upstream is None else upstream
        for _ in range(2 if len(gradients) > 1 else 3):
            directions = {i: random_direction(self.rng, point[i]) for i in gradients}
            terms = [x for i, d in directions.items() for x in map(mul, gradients[i], d)]
            slope, doubt = math.fsum(terms), self.precision * math.fsum(map(abs, terms))
            if not self.probe.judged(slope, upstream, directions, point, doubt).fits:
                return False
        return True

    def _must_be_linear(self, gradients: dict[int, list[float]], point: list[list[float]]) -> None:
        """Check another upstream: a backward pass is linear in it."""
        first = self.upstream
        other = self._random_upstream()
        third = [a + 2.0 * b for a, b in zip(first, other, strict=True)]
        seconds, thirds = self.probe.pull(other, point), self.probe.pull(third, point)
        for i, gradient in gradients.items():
            two, three = seconds[i], thirds[i]
            if two is None or three is None or len(two.flat) != len(gradient) != len(three.flat):
                raise Broken("upstream", f"{self.probe.names[i]} gets a gradient only sometimes")
            sizes = [abs(a) + 2.0 * abs(b) for a, b in zip(gradient, two.flat, strict=True)]
            slack = 1e3 * max(self.probe.epsilon, self.precision) * max(sizes)
            for k, (a, b, c) in enumerate(zip(gradient, two.flat, three.flat, strict=True)):
                if abs(a + 2.0 * b - c) > slack + 1e-9 * sizes[k]:
                    if self.probe.epsilon > EPSILON and self._agree({i: three.flat}, point, third):
                        break  # what has canceled is small beside its rounding
                    wrong = "upstream ignored", f"{self._entry(i, k)} is not linear in upstream"
                    suspect = Suspect(self.probe, i, third, point, three.flat)
                    self._record(suspect, wrong, k, a + 2.0 * b)
                    break

    # Gradients that are zero.

    def _zeros(self, arguments: list[int]) -> None:
        """All zero proves nothing: look at other points, unless the function is constant."""
        if not arguments:
            return
        probe = self.probe
        names = ", ".join([probe.names[i] for i in arguments])
        moved = False
        for point in self._elsewhere(arguments):
            try:
                changed = probe.value(point) != probe.result
                if not changed or not all(map(math.isfinite, probe.value(point))):
                    continue
                moved = True
                gradients = [g for g in probe.pull(self.upstream, point) if g is not None]
            except Exception:  # outside of the domain
                continue
            self._gradients(point, again=False)
            if self.found or any(any(g.flat) for g in gradients):
                where = "it is wrong" if self.found else "it was checked, too"
                self.notes.append(
                    f"the gradient of {names} is 0 at these inputs, which proves nothing: "
                    f"elsewhere {where}"
                )
                return
        words = "is 0 wherever it was tried" if moved else "is 0, and the function does not change"
        self.notes.append(f"the gradient of {names} {words}: all zero proves nothing")

    def _elsewhere(self, arguments: list[int]) -> list[list[list[float]]]:
        rng = random.Random(2)

        def other(change: Callable[[float], float], all_of_them: bool) -> list[list[float]]:
            return [
                [change(a) for a in x] if all_of_them or i in arguments else x
                for i, x in enumerate(self.probe.point)
            ]

        def add(a: float) -> float:
            return a + rng.uniform(-1.5, 1.5)

        return [
            other(lambda a: -a, False),
            *[other(lambda a: a * rng.uniform(0.3, 1.7) or add(a), True) for _ in range(2)],
            *[other(add, True) for _ in range(4)],
        ]

    # The report.

    def _entry(self, i: int, k: int) -> str:
        return f"the gradient of {self.probe.names[i]}{entry(self.probe.shapes[i], k)}"

    def _record(
        self, suspect: Suspect, wrong: Mistake, k: int | None = None, expected: float = math.nan
    ) -> None:
        """Note what is wrong with a gradient, and the number that entry k should be."""
        (kind, words), i, name = wrong, suspect.argument, suspect.name
        where = "" if k is None else entry(self.probe.shapes[i], k)
        got = math.nan if k is None else suspect.got[k]
        numbers = f"{name}{where} gets {got:.6g}, expected {expected:.6g}"
        numbers = "" if expected != expected else numbers
        index = f"[{i}]" if len(self.inputs) > 1 else ""
        program = self._program(suspect.point, index, numbers or words)
        self.found[name] = OperationReport(False, kind, words, numbers, program)
        self.numbers[name] = i, where, got, expected

    def _program(self, point: list[list[float]], index: str = "", remark: str = "") -> str:
        """Return Python that shows the mistake."""
        probe = self.probe
        backward = getattr(probe.backward, "__name__", "backward")
        backward = backward if backward.isidentifier() else "backward"
        home = getattr(probe.backward, "__module__", "")
        lines: list[str] = []
        shown = [*zip(probe.names, probe.arguments(point), point, strict=True)]
        shown.append(("upstream", probe.upstream(self.upstream), self.upstream))
        for j, (name, value, numbers) in enumerate(shown):
            if len(numbers) > _SHOWN:
                lines.append(f"# {name}: {len(numbers)} numbers, laid out as you gave it")
            else:
                lines.append(f"{name} = {repr(value) if j in probe.fixed else literal(value)}")
        made = "\n".join(lines)
        for name, line in (("np", "numpy as np"), ("torch", "torch"), ("jax", "jax")):
            if f"= {name}." in made:
                lines.insert(0, f"import {line}")
        if home not in ("__main__", "", None) and "<" not in probe.backward.__qualname__:
            lines.insert(0, f"from {home} import {backward}")
        called = f"{backward}({', '.join(['upstream', *probe.names])})"
        lines.append(f"print({called}{index}){'  # ' * bool(remark)}{remark}")
        return "\n".join(lines)

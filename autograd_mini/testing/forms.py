"""Programs over somebody else's scalar class: how they are written, and what they should give."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from types import CodeType
from typing import Final, NamedTuple, TypeAlias

from autograd_mini.ops import UNDEFINED
from autograd_mini.symbols import SIGNS
from autograd_mini.testing.catalog import CATALOG, FUNCTIONS, NAMED, Row
from autograd_mini.testing.subject import Seen

Slopes: TypeAlias = tuple[float, list[float]]  # an operation's value, and its derivatives

NO_VALUE: Final = (TypeError, *UNDEFINED)  # what `evaluated` raises outside of a domain
_CONSTANT: Final = 3.0
# Away from 0, 1 and 2, where mistakes coincide: 2 * 2 is 2 + 2 is 2 ** 2.
_NUMBERS: Final = [x / 10 for x in (*range(-29, -2), *range(3, 30)) if abs(x) not in (10, 20)]
_LEAVES: Final = "abcdeghjkmnopqrsuvw"


class Form(NamedTuple):
    """One way of writing an operation.

    Attributes:
        key: The operation.
        text: Python with {0}, {1} for the operands.
        slots: The operands of the catalog's row: which of ours, or a constant.
        row: What is right; None if only differences can say.
    """

    key: str
    text: str
    slots: tuple[int | float, ...]
    row: Row | None

    @property
    def arity(self) -> int:
        """How many operands are numbers of the class."""
        return sum(isinstance(slot, int) for slot in self.slots)

    @property
    def has_constant(self) -> bool:
        """Whether an operand is a plain number."""
        return self.arity < len(self.slots)

    @property
    def constant_on_the_left(self) -> bool:
        """Whether the plain number comes first."""
        return isinstance(self.slots[0], float)

    def operands(self, xs: Sequence[float]) -> list[float]:
        """Return the operands of the row."""
        return [xs[slot] if isinstance(slot, int) else slot for slot in self.slots]


def forms_of(seen: Seen, given: Iterable[str] = ()) -> Iterator[Form]:
    """Yield each way of writing an operation that the class may know, plainest first.

    Args:
        seen: What the class has.
        given: Names of functions that the user handed over: these and no others.
    """
    given = list(given)
    if given:
        for name in given:
            row = NAMED.get(name)
            for arity in (len(CATALOG[row].rules),) if row else (1, 2, 3):
                yield from _called(row or name, name, arity)
        return
    for key, sign in SIGNS.items():
        dunder, row = "truediv" if key == "div" else key, CATALOG[key]
        if f"__{dunder}__" not in seen.methods:
            continue
        yield Form(key, f"{{0}} {sign} {{1}}", (0, 1), row)
        for constant in (2.0, _CONSTANT, -1.0, 0.5) if key == "pow" else (_CONSTANT,):
            shown = int(constant) if key == "pow" and constant.is_integer() else constant
            yield Form(key, f"{{0}} {sign} {shown}", (0, constant), row)
        if key != "pow" or "__rpow__" in seen.methods:
            yield Form(key, f"{_CONSTANT} {sign} {{0}}", (_CONSTANT, 0), row)
    for key, dunder, text in (("neg", "__neg__", "-{0}"), ("abs", "__abs__", "abs({0})")):
        if dunder in seen.methods:
            yield Form(key, text, (0,), CATALOG[key])
    for name in seen.methods:
        if not name.startswith("__"):
            key = NAMED.get(name, name)
            arity = len(CATALOG[key].rules) if name in NAMED else 1
            yield from _called(key, name, arity, is_method=True)
    for name in seen.functions:
        yield from _called(NAMED[name], name, len(CATALOG[NAMED[name]].rules))


def _called(key: str, name: str, arity: int, *, is_method: bool = False) -> Iterator[Form]:
    def text(first: str, *others: str) -> str:
        if is_method:
            return f"{first}.{name}({', '.join(others)})"
        return f"{name}({', '.join([first, *others])})"

    operands = [f"{{{i}}}" for i in range(arity)]
    row = CATALOG.get(key) if name in NAMED else None
    yield Form(key, text(*operands), tuple(range(arity)), row)
    if row is not None and arity == 2:
        constant = "3" if key == "pow" else str(_CONSTANT)
        yield Form(key, text("{0}", constant), (0, _CONSTANT), row)


# What is right.


@cache
def _code(text: str) -> CodeType:
    return compile(text, "<rule>", "eval")


def evaluated(text: str | CodeType, xs: Sequence[float], f: float = 0.0) -> float:
    """Return the number that a text of the catalog gives."""
    names = {"x": xs[0], "y": xs[1] if len(xs) > 1 else 0.0, "f": f}
    return float(eval(_code(text) if isinstance(text, str) else text, FUNCTIONS, names))


def alone(form: Form, xs: Sequence[float]) -> Snippet:
    """Return the program that applies a form to leaves, and nothing else."""
    return Snippet(tuple(xs), ((form, tuple(range(form.arity))),))


def true_slopes(form: Form, xs: Sequence[float]) -> Slopes | None:
    """Return an operation's value and its derivatives; None outside of the domain."""
    assert form.row is not None
    operands = form.operands(xs)
    try:
        if not evaluated(form.row.domain, operands):
            return None
        f = evaluated(form.row.value, operands)
        slopes = [
            evaluated(rules[0], operands, f)
            for rules, slot in zip(form.row.rules, form.slots, strict=True)
            if isinstance(slot, int)
        ]
    except NO_VALUE:
        return None
    fine = 0.02 < abs(f) < 40.0 or f == 0.0
    return (f, slopes) if fine and max(map(abs, slopes), default=0.0) < 100.0 else None


def sampled(form: Form, rng: random.Random, count: int) -> list[tuple[float, ...]]:
    """Return points at which a form can be tried."""
    points: list[tuple[float, ...]] = []
    for _ in range(60 * count):
        xs = tuple(rng.choice(_NUMBERS) for _ in range(form.arity))
        positive = tuple(map(abs, xs)) if rng.random() < 0.5 else xs
        point = positive if len(set(positive)) == len(positive) else xs
        distinct = len(set(point)) == len(point)
        if (
            distinct
            and point not in points
            and (form.row is None or true_slopes(form, point) is not None)
        ):
            points.append(point)
        if len(points) == count:
            break
    return points


class Truth(NamedTuple):
    """What a program should give: for leaves, then lines, in order.

    Attributes:
        data: Numbers.
        grad: Derivatives of the last.
        size: Sums of absolute contributions.
        parts: The contributions that each receives.
    """

    data: list[float]
    grad: list[float]
    size: list[float]
    parts: list[list[float]]


class Snippet(NamedTuple):
    """Straight-line code: leaves, and lines (form, operands); operands count leaves first."""

    leaves: tuple[float, ...]
    lines: tuple[tuple[Form, tuple[int, ...]], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the leaves and the lines."""
        steps = [f"t{i}" for i in range(len(self.lines) - 1)]
        return (*_LEAVES[: len(self.leaves)], *steps, "y")

    def text(self, seen: Seen, *, backward: bool = True) -> str:
        """Return the program as Python in the class's own terms."""
        names = self.names
        lines = [
            f"{name} = {seen.constructor.format(repr(x))}"
            for name, x in zip(names, self.leaves, strict=False)
        ]
        for i, (form, operands) in enumerate(self.lines):
            called = form.text.format(*[names[k] for k in operands])
            lines.append(f"{names[len(self.leaves) + i]} = {called}")
        return "\n".join([*lines, *[seen.backward.format("y")] * backward])

    def truth(
        self,
        unknown: Callable[[Form, tuple[float, ...]], Slopes | None],
        rounded: Callable[[float], float] = float,
    ) -> Truth | None:
        """Return what the program should give; None where it leaves a domain.

        Args:
            unknown: Returns value and slopes of an operation that the catalog does not have.
            rounded: What becomes of each leaf, value and slope.
        """
        data = [*map(rounded, self.leaves)]
        slopes: list[list[float]] = []
        for form, operands in self.lines:
            xs = tuple(data[k] for k in operands)
            found = true_slopes(form, xs) if form.row is not None else unknown(form, xs)
            if found is None or not all(map(math.isfinite, (found[0], *found[1]))):
                return None
            data.append(rounded(found[0]))
            slopes.append([*map(rounded, found[1])])
        count = len(data)
        parts: list[list[float]] = [[] for _ in range(count)]
        parts[-1].append(1.0)
        grad, size = [0.0] * count, [0.0] * count
        for i in range(count - 1, -1, -1):
            grad[i], size[i] = math.fsum(parts[i]), math.fsum(map(abs, parts[i]))
            if i >= len(self.leaves):
                operands = self.lines[i - len(self.leaves)][1]
                for k, slope in zip(operands, slopes[i - len(self.leaves)], strict=True):
                    parts[k].append(slope * grad[i])
        return Truth(data, grad, size, parts)

    def without(self, k: int, instead: int = 0) -> Snippet:
        """Return the program without leaf or line `k`; what used it uses `instead`, before it."""
        lines = [
            (form, tuple(instead if x == k else x - (x > k) for x in operands))
            for i, (form, operands) in enumerate(self.lines)
            if len(self.leaves) + i != k
        ]
        return Snippet((*self.leaves[:k], *self.leaves[k + 1 :]), tuple(lines))

    def uses(self, k: int) -> int:
        """Return how many times a leaf or a line is an operand."""
        return sum(operands.count(k) for _, operands in self.lines)

    @property
    def shares_results(self) -> bool:
        """Whether a computed number is used more than once."""
        count = len(self.leaves) + len(self.lines)
        return any(self.uses(k) > 1 for k in range(len(self.leaves), count))

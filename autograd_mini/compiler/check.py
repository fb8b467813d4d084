"""Check: compare the texts that will run with the function, called as its user calls it.

The principle of `recorded` sees most of what a program could do differently from its function;
this is the net for the rest: functions that ask for `type(x)`, operations whose rows are not
what they compute, faults of our own. Compared are the recorded example, three that differ from it,
and one of each class of an argument that takes few values. Each text is compared when it
first runs, at the batch size at which it runs; at further sizes three examples are compared.
Batches are watched until three examples that differ were seen (`ASKED` examples, where a function
may ask for the class of a number), and for new classes over `WATCHED` batches more. As the
parameters will move, the first example whose answer is finite there is compared at other numbers of
theirs, too: what is the same at the first may not be later. For a function that may ask for the
class of a number these are more examples, and numbers `FAR` off. Any other function is called, for
each text, at most `CLASSES` + `OTHERS` + `MOVES` + 1 times (in small graphs once more for each, on
Values), in large graphs `OTHERS` + 2 times with its gradient; `OTHERS` times more at each of the
other numbers where it is not finite.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from itertools import chain
from typing import Any, Final, NamedTuple, TypeAlias

from autograd_mini.backprop import gradient
from autograd_mini.compiler.agreement import (
    AGREEMENT,
    SINGLE,
    alike,
    compare_on_values,
    disagreement,
    refuse_strangers,
)
from autograd_mini.compiler.calls import called_or_eager, eager, plain
from autograd_mini.compiler.intake import Array, examples_of, selected
from autograd_mini.compiler.kinks import near_kink, rounding_bounds
from autograd_mini.compiler.parameters import Within
from autograd_mini.compiler.plan import FORWARD, GRADIENT, INPUTS
from autograd_mini.compiler.record import Graph, record_again
from autograd_mini.compiler.recorded import elsewhere
from autograd_mini.compiler.runs import eager_or_recorded
from autograd_mini.compiler.sums import stretches
from autograd_mini.contexts import collector_paused, no_grad
from autograd_mini.errors import TraceError
from autograd_mini.graph import ordered, stale
from autograd_mini.nested import flat, mapped
from autograd_mini.value import Value

_Point: TypeAlias = "tuple[TextKey, Array]"  # which text, and the parameters that it is run at

OTHERS: Final = 3  # examples that differ from the recorded one
ASKED: Final = 64  # the same, for a function that may ask for the class of a number
CLASSES: Final = 16  # values of an argument that count as classes, and examples compared for them
WATCHED: Final = 64  # further batches in which new classes are looked for
MOVES: Final = 3  # other numbers of the parameters, and
FAR: Final = (10.0, 1e3, 1e5)  # how far away, for a function that may ask for a class
SMALL: Final = 200  # operands of a graph up to which all of these are tried, beyond it one
# Operands of a graph beyond which classes are compared by value alone, and rows of numbers are no
# classes, if they are not one-hot.
LARGE: Final = 20_000
CLASS_WIDTH: Final = 64  # numbers of an argument that may be a class: a row of them, one-hot
SEARCHED: Final = 1_000  # examples of a batch among which one that differs is looked for
SEARCHED_IN_ALL: Final = 10_000
_LOST: Final = 1e-36  # numbers below may be 0 in single precision


class TextKey(NamedTuple):
    """Which of a program's texts.

    Attributes:
        purpose: What it computes.
        in_floats: Whether it is that of one example.
        wrt: The arguments whose gradients it computes, if not all.
    """

    purpose: str
    in_floats: bool = False
    wrt: tuple[int, ...] | None = None


class _Answer(NamedTuple):
    """What the function gives for one example."""

    values: Array
    gradient: Array | None
    is_near_kink: bool


class Check:
    """What is to be compared of one program.

    Attributes:
        examples: Those chosen so far, as the user's numbers.
        is_large: Whether a recording or gradient of the function takes long.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        example: Sequence[Any],
        graph: Graph,
        parameters: Sequence[Value],
        *,
        single: bool,
    ) -> None:
        self._f, self._graph, self._parameters = f, graph, parameters
        below = ordered([*graph.computed])
        self._given = dict.fromkeys([*parameters, *below])  # there before the function is called
        size = sum(map(len, graph.args))
        self.is_large = size > LARGE
        self._asks = graph.around.asks and not self.is_large
        self._others = ASKED if self._asks else OTHERS
        self._is_small = size <= SMALL
        self._slack = SINGLE if single else AGREEMENT
        self._classes: list[dict[Any, Any]] = [{} for _ in example]  # and the example of each
        self._known: dict[Any, list[Any]] = {}  # the example of these numbers, of these types
        self._left = WATCHED
        self._to_search = SEARCHED_IN_ALL
        self._texts: set[TextKey] = set()
        self._elsewhere_too: set[TextKey] = set()  # texts compared at other parameters
        self._sizes: set[tuple[TextKey, int]] = set()
        self._first = [mapped(plain, x) for x in example]
        self.examples: list[list[Any]] = [self._first]
        self._asked = {id(self._first)}  # those of the batch at hand

    # Which examples.

    @property
    def is_done(self) -> bool:
        """Return whether no further example is chosen."""
        return self._left <= 0

    def knows(self, batch: Sequence[Any], columns: Sequence[Any]) -> bool:
        """Return whether no example of a batch would be compared, at a size that has been."""
        if self._left <= 0:
            return True
        return bool(columns) and columns[0].shape[1] == 1 and _key(batch, columns, 0) in self._known

    def choose(self, batch: Sequence[Any], columns: Sequence[Any]) -> int:
        """Choose examples of a batch, remember them, and return how many are new.

        Args:
            batch: As the user gave it.
            columns: The same as arrays, one column for each example.
        """
        if not columns:
            return 0
        self._asked.clear()
        if self._left <= 0:
            return 0
        batch = list(map(examples_of, batch))
        before = len(self.examples)

        def choose(n: int) -> list[Any]:
            key = _key(batch, columns, n)
            if key not in self._known:
                one = [_example(x, n) for x in batch]
                first = self.examples[:1]
                if [one] == first and repr([one]) == repr(first):  # 2 is not 2.0
                    one = first[0]
                else:
                    self.examples.append(one)
                self._known[key] = one
            self._asked.add(id(self._known[key]))
            return self._known[key]

        count = columns[0].shape[1]
        self._choose_classes(batch, columns, count, choose)
        apart = (count - 1, 0, count // 2)  # neighbors are alike in a table that is sorted
        for n in chain(apart, range(min(count, SEARCHED))):
            if len(self.examples) > self._others or self._to_search <= 0:
                self._left -= before == len(self.examples)
                break
            self._to_search -= 1
            choose(n)
        return len(self.examples) - before

    def _choose_classes(
        self,
        batch: Sequence[Any],
        columns: Sequence[Any],
        count: int,
        choose: Callable[[int], list[Any]],
    ) -> None:
        for x, column, seen in zip(batch, columns, self._classes, strict=True):
            width = len(column)
            is_one_hot = width == 1 or (column.sum(axis=0) == 1.0).all()
            most = OTHERS if self.is_large and not is_one_hot else CLASSES  # words take long
            if not 0 < width <= CLASS_WIDTH or len(seen) >= most:
                continue
            keys: list[Any] = (
                column[0].tolist() if width == 1 else list(map(tuple, column.T.tolist()))
            )
            first = dict(zip(reversed(keys), range(count - 1, -1, -1), strict=True))
            if len(first) > CLASSES or (2 * len(first) > count and not _is_whole(column)):
                continue
            kind = _types([x], 0)
            for key, n in first.items():
                if (kind, key) not in seen and len(seen) < most:
                    seen[kind, key] = choose(n)

    # Comparing.

    def compare(
        self,
        text: TextKey,
        count: int,
        fresh: int,
        theta: Array,
        run: Callable[[list[Any], Array], Any],
    ) -> None:
        """Compare a text with the function, where that has not been done yet.

        Args:
            text: Which text.
            count: The size of its batches.
            fresh: How many examples have been chosen just now.
            theta: The parameters' numbers.
            run: Returns what the text gives for `count` examples and numbers of the parameters:
                values; or the mean and the gradient; or the inputs' gradients in one matrix, one
                row for each example.

        Raises:
            TraceError: If the text and the function disagree.
            DomainError: If the function itself fails for an example of this batch. An earlier one
                that has left the domain since is passed over.
        """
        examples = self.examples
        if text in self._texts:
            new = fresh if (text, count) in self._sizes else max(fresh, OTHERS)
            examples = examples[max(len(examples) - new, 0) :]
        if not examples:
            return
        import numpy as np

        with (
            Within(self._parameters, theta.tolist(), self._graph.computed),
            collector_paused(),
            np.errstate(all="ignore"),
        ):
            examples, answers = self._answered(examples, text)
            is_due = text not in self._elsewhere_too and len(theta)
            others = [*self._elsewhere(text, theta)] if is_due else []
            alone = [a.gradient is None or a.is_near_kink for a in answers]  # by their values
            is_mean = text.purpose == GRADIENT
            compared = self._compare_means if is_mean else self._compare_rows
            for start, size in _batches(alone, count):
                part = [start + n % size for n in range(count)]
                mine, chosen = [answers[i] for i in part], [examples[i] for i in part]
                compared(mine, run(chosen, theta), chosen, (text, theta))
            for numbers, example, answer in others:
                mine, chosen = [answer] * count, [example] * count
                try:
                    compared(mine, run(chosen, numbers), chosen, (text, numbers))
                except TraceError as error:
                    if not self._is_cached(example, numbers):
                        raise TraceError(f"at other parameters, {error}") from None
        if others:
            self._elsewhere_too.add(text)
        if examples:
            self._texts.add(text)
            self._sizes.add((text, count))

    def _elsewhere(self, text: TextKey, theta: Array) -> Iterator[tuple[Array, list[Any], _Answer]]:
        """Yield other parameters, an example that has a finite answer there, and that.

        One example is enough, but nearby for a function that may ask for the class of a number.
        """
        import numpy as np

        near = MOVES if self._is_small else 1
        for n, numbers in enumerate(_moved(theta, near, FAR if self._asks else ())):
            for example in self.examples[: 1 + OTHERS]:
                try:
                    with self._at(numbers):
                        answer = self.answer(example, text, eager)
                except TraceError:
                    raise
                except Exception:  # out of a domain, say
                    continue
                slopes = np.zeros(0) if answer.gradient is None else answer.gradient
                if np.isfinite(answer.values).all() and np.isfinite(slopes).all():
                    yield numbers, example, answer
                    if not self._asks or n >= near:
                        break

    def _at(self, theta: Array) -> AbstractContextManager[None]:
        """Return a block in which the parameters hold other numbers, for this thread alone."""
        return elsewhere(self._parameters, theta.tolist(), self._graph.computed)

    def _rounding(self, point: _Point, what: str, examples: Sequence[Any]) -> Array:
        """Return how far rounding may move values or gradients of these examples."""
        import numpy as np

        text, theta = point
        most: Any = _LOST if self._slack == SINGLE else 0.0
        for example in {id(x): x for x in examples}.values():
            with suppress(Exception), self._at(theta):  # out of a domain, say
                results, leaves = eager(self._f, example)
                wanted = self._wanted(leaves, text)
                ulp = 2.0**-23 if self._slack == SINGLE else 2.0**-52
                found = [rounding_bounds(root, wanted, ulp) for root in results]
                most = np.fmax(most, found[0][1:] if what == "gradient" else [x[0] for x in found])
        return most if what == "gradient" else np.fmin(most, self._slack)

    def _is_cached(self, example: list[Any], theta: Array) -> bool:
        """Return whether the function returns what it computed for other parameters."""
        with self._at(theta):
            return any(map(stale, called_or_eager(self._f, example)))

    def is_due(self, text: TextKey, count: int, fresh: int) -> bool:
        """Return whether a text is still to be compared at this size of batches."""
        return bool(fresh) or (bool(self.examples) and (text, count) not in self._sizes)

    def _answered(
        self, examples: list[list[Any]], text: TextKey
    ) -> tuple[list[list[Any]], list[_Answer]]:
        """Return the examples that the function has an answer for, and the answers.

        Where it raises, for an example of this batch, that is what its user is to see. An earlier
        example is forgotten: this call does not ask for it.
        """
        asked: list[list[Any]] = []
        answers: list[_Answer] = []
        for i, example in enumerate(examples):
            try:
                if text.purpose == GRADIENT and i > OTHERS and self.is_large:
                    results = called_or_eager(self._f, example, no_grad)
                    answers.append(_Answer(_data(results), None, False))
                else:
                    answers.append(self.answer(example, text))
                    if self._is_small and text.purpose != INPUTS:
                        compare_on_values(self._f, example, answers[-1].values)
            except TraceError:
                self._forget(example)
                raise
            except Exception:
                self._forget(example)
                if id(example) in self._asked:
                    raise
            else:
                asked.append(example)
        return asked, answers

    def _forget(self, example: list[Any]) -> None:
        """Let other examples stand for what this one was chosen for."""
        self.examples = [x for x in self.examples if x is not example]
        for known in (self._known, *self._classes):
            for key in [key for key, chosen in known.items() if chosen is example]:
                del known[key]

    def answer(
        self,
        example: list[Any],
        text: TextKey,
        on_values: Callable[..., Any] = eager_or_recorded,
    ) -> _Answer:
        """Call the function as its user does; on Values, where it cannot be called on numbers."""
        import numpy as np

        leaves: list[list[Value]] = []
        if text.purpose == INPUTS:
            results, leaves = on_values(self._f, example)
        else:
            results = called_or_eager(self._f, example)
        if text.purpose == GRADIENT and not self.is_large:
            refuse_strangers(self._f, example, results[0], self._given)
        values = _data(results)
        if text.purpose == FORWARD:
            return _Answer(values, None, False)
        slopes, order = gradient(results[0], self._wanted(leaves, text), self._given)
        return _Answer(values, np.array(slopes), near_kink(order))

    def _wanted(self, leaves: Sequence[Sequence[Value]], text: TextKey) -> Sequence[Value]:
        """Return the Values whose gradients are compared; the leaves are the arguments'."""
        if text.purpose != INPUTS:
            return self._parameters
        return [*chain.from_iterable(selected(leaves, text.wrt))]

    def _compare_rows(
        self, answers: list[_Answer], got: Array, examples: list[Any], point: _Point
    ) -> None:
        places: dict[int, list[int]] = {}
        for n, answer in enumerate(answers):
            places.setdefault(id(answer), []).append(n)
        for rows in places.values():
            answer, example = answers[rows[0]], examples[rows[0]]
            if not answer.is_near_kink:
                what = "value" if answer.gradient is None else "gradient"
                wanted = answer.values if answer.gradient is None else answer.gradient
                self._agree(what, wanted, got[rows], [example], wanted, point)

    def _compare_means(
        self, answers: list[_Answer], got: Any, examples: list[Any], point: _Point
    ) -> None:
        import numpy as np

        value, gradient = got
        values = np.concatenate([a.values for a in answers])
        mean = values.mean(keepdims=True)
        self._agree("value", mean, np.array([value]), examples, values, point)
        if any(a.is_near_kink or a.gradient is None for a in answers):
            return
        distinct = {id(a): a for a in answers}
        times = Counter(map(id, answers))
        gradients = np.array([a.gradient for a in distinct.values()])
        weights = np.array([times[i] for i in distinct]) / len(answers)
        self._agree("gradient", weights @ gradients, gradient, examples, gradients, point)

    def _agree(
        self,
        what: str,
        wanted: Array,
        got: Array,
        examples: list[Any],
        sizes: Array,
        point: _Point,
    ) -> None:
        is_same = alike(wanted, got, sizes, self._slack)
        if not is_same.all():
            is_same |= abs(wanted - got) <= self._rounding(point, what, examples)
        if is_same.all():
            return
        for example in examples:
            self._forget(example)  # whoever asks for it again is told again
            record_again(self._f, example, self._graph)  # which may know the line
        raise disagreement(what, wanted, got, ~is_same, examples)

    def compare_values(self, example: Sequence[Any], results: Sequence[Value], got: Array) -> None:
        """Compare what the function gave for an example whose numbers are not all finite.

        Raises:
            TraceError: If the program gave other numbers.
        """
        import numpy as np

        with np.errstate(all="ignore"):
            wanted = _data(results)
            theta = np.array([p.data for p in self._parameters])
            point = TextKey(FORWARD), theta
            self._agree("value", wanted, got, [list(example)], wanted, point)


def _is_whole(column: Array) -> bool:
    return bool((column == column.round()).all())


def _data(results: Sequence[Value]) -> Array:
    import numpy as np

    return np.array([y.data for y in results])


def _moved(theta: Array, count: int, far: Iterable[float]) -> Iterable[Array]:
    """Yield other parameters: nearby ones, some of the same size and of either sign, and far ones.

    The last are all larger by the same factors, with their own signs and with the others.
    """
    import numpy as np

    places = np.arange(1, len(theta) + 1)
    shows = (abs(theta) > 1e-6) & (abs(theta) < 1e6)  # what is 0 does as little as nan
    base = np.where(shows, theta, 0.1)
    for n in range(count):
        wave = np.sqrt(2.0) * np.cos(2.4 * n * places + n + places)
        yield base * (wave if n else 1.0 + 0.2 * wave).astype(theta.dtype)
    for factor in far:
        yield base * theta.dtype.type(factor)
        yield base * theta.dtype.type(-factor)


def _batches(differ: Sequence[bool], count: int) -> Iterable[tuple[int, int]]:
    """Return the places and sizes of stretches of equal entries, of at most `count` each."""
    for lo, hi in stretches(differ):
        for start in range(lo, hi, count):
            yield start, min(count, hi - start)


def _types(batch: Sequence[Any], n: int) -> tuple[Any, ...]:
    """Return the types of an example's numbers: a function may tell 2 from 2.0."""
    return tuple([x.dtype if hasattr(x, "dtype") else (*map(type, flat(x[n])),) for x in batch])


def _key(batch: Sequence[Any], columns: Sequence[Array], n: int) -> tuple[bytes, tuple[Any, ...]]:
    return b"".join([column[:, n].tobytes() for column in columns]), _types(batch, n)


def _example(x: Any, n: int) -> Any:
    """Return an argument of example `n` as the user's numbers: whole ones stay whole."""
    one = x[n]
    return one.tolist() if hasattr(one, "tolist") else mapped(plain, one)

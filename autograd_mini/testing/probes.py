"""A function and its backward pass, seen as functions of flat lists of numbers."""

from __future__ import annotations

import copy
import math
import random
from collections.abc import Callable, Mapping, Sequence
from operator import mul
from typing import Any, NamedTuple, TypeAlias, cast

from autograd_mini.calls import argument_names
from autograd_mini.testing.differences import EPSILON, Judgment, judge, rounding_error, same_numbers
from autograd_mini.testing.source import letters
from autograd_mini.testing.tensors import Shape, flattened, is_list, precision_of, shape_of
from autograd_mini.words import counted

Function: TypeAlias = Callable[..., object]  # of numbers, nested lists or arrays


class Broken(Exception):
    """The backward pass does something that none may do: its kind, and what to say about it."""

    def __init__(self, kind: str, words: str) -> None:
        super().__init__(f"{kind}: {words}")
        self.kind, self.words = kind, words


class Gradient(NamedTuple):
    """What a backward pass returns for one input."""

    flat: list[float]
    shape: Shape
    precision: float = EPSILON


class Probe:
    """What is asked of the two functions; everything in and out is a flat list of floats.

    Args:
        forward: The function.
        backward: Its backward pass.
        inputs: The point, as the user gave it.
    """

    def __init__(self, forward: Function, backward: Function, inputs: Sequence[object]) -> None:
        self.forward, self.backward, self.given = forward, backward, list(inputs)
        self.names = argument_names(forward, len(inputs), letters())
        self.shapes = [shape_of(x) for x in inputs]
        self._layouts: list[Callable[[Sequence[float]], Any] | None] = []
        self.point: list[list[float]] = []
        self.fixed: set[int] = set()  # inputs that cannot be moved: labels, an axis
        for i, x in enumerate(inputs):
            try:
                flat, laid_out = flattened(x)
            except TypeError:
                flat, laid_out = [], None
            self.point.append(flat)
            self._layouts.append(laid_out)
            if laid_out is None or isinstance(x, str) or _all_are(bool, x) or not flat:
                self.fixed.add(i)
        self._fix_integers()
        self.output = y = self._first()
        self.output_shape = shape_of(y)
        self.result, self.upstream = flattened(y, is_own=True)
        held = [x for i, x in enumerate(self.arguments(self.point)) if i not in self.fixed]
        self.epsilon = max(EPSILON, precision_of(y), *map(precision_of, held))

    def _first(self) -> object:
        """Return the result; what works in single precision only is asked in that."""
        try:
            return self._called(self.point, twice=True)
        except Broken:
            raise
        except Exception:
            held = [precision_of(x) for i, x in enumerate(self.given) if i not in self.fixed]
            if not EPSILON < max(held, default=0.0) <= 2.0**-23:  # half has too few digits
                raise
            self._layouts = [
                laid_out and flattened(x, is_own=True)[1]
                for x, laid_out in zip(self.given, self._layouts, strict=True)
            ]
            return self._called(self.point, twice=True)

    def _fix_integers(self) -> None:
        """Find inputs that only work as whole numbers: indices, labels, an axis."""
        whole = [i for i, x in enumerate(self.given) if i not in self.fixed and _all_are(int, x)]
        if not whole:
            return
        self.forward(*copy.deepcopy(self.given))  # if this fails, the type is not the reason
        self.fixed.update(whole)
        for i in whole:
            self.fixed.discard(i)
            try:
                self.value(self.point)
            except Broken:
                raise
            except Exception:
                self.fixed.add(i)

    def arguments(self, point: Sequence[Sequence[float]]) -> list[object]:
        """Return the inputs with other numbers in them."""
        return [
            copy.deepcopy(x) if i in self.fixed or laid_out is None else laid_out(list(point[i]))
            for i, (x, laid_out) in enumerate(zip(self.given, self._layouts, strict=True))
        ]

    def _called(self, point: Sequence[Sequence[float]], *, twice: bool = False) -> object:
        arguments = self.arguments(point)
        laid_out = self._numbers(arguments)
        y = self.forward(*arguments)
        self._must_be_unchanged("forward", arguments, laid_out)
        if twice and not same_numbers(flattened(self.forward(*arguments))[0], flattened(y)[0]):
            raise Broken("repeat", "forward gives two answers to the same question: seed it inside")
        return y

    def _numbers(self, arguments: Sequence[object]) -> list[list[float]]:
        """Return what the arguments hold: single precision rounds what is laid out in it."""
        return [[] if i in self.fixed else flattened(x)[0] for i, x in enumerate(arguments)]

    def _must_be_unchanged(
        self, who: str, arguments: Sequence[object], laid_out: list[list[float]]
    ) -> None:
        for name, now, before in zip(self.names, self._numbers(arguments), laid_out, strict=True):
            if not same_numbers(now, before):
                raise Broken("input changed", f"{who} changes {name} in place: work on a copy")

    def value(self, point: Sequence[Sequence[float]]) -> list[float]:
        """Return the numbers of the result."""
        return flattened(self._called(point))[0]

    def pull(
        self, upstream: Sequence[float], point: Sequence[Sequence[float]]
    ) -> list[Gradient | None]:
        """Return what the backward pass gives for each input; None where it gives none.

        Raises:
            Broken: If it raises, returns something else, or changes what it is given.
        """
        arguments = self.arguments(point)
        v = self.upstream(list(upstream))
        laid_out, before = self._numbers(arguments), flattened(v)[0]
        try:
            returned = self.backward(v, *arguments)
        except Exception as error:
            raise Broken("raises", f"{type(error).__name__}: {error}") from error
        self._must_be_unchanged("backward", arguments, laid_out)
        if not same_numbers(flattened(v)[0], before):
            raise Broken("input changed", "backward changes the upstream gradient in place")
        return [self._gradient(i, g) for i, g in enumerate(self._each(returned))]

    def _each(self, returned: object) -> list[object]:
        count = len(self.given)
        if count == 1:  # it may be the gradient itself, which may be a list, too
            is_tuple, fits = isinstance(returned, tuple), shape_of(returned) == self.shapes[0]
            is_one = is_list(returned) and len(returned) == 1
            if not (is_one and (is_tuple or not fits)):
                if is_list(returned) and is_tuple and not fits:
                    words = f"backward returns {len(returned)} gradients for 1 input"
                    raise Broken("wrong number", words)
                return [returned]
        if isinstance(returned, dict):
            return [cast("dict[str, Any]", returned).get(name) for name in self.names]
        movable = [i for i in range(count) if i not in self.fixed]
        if not is_list(returned):
            if len(movable) == 1:
                return [returned if i in movable else None for i in range(count)]
            kind = type(returned).__name__
            raise Broken("wrong number", f"backward returns one {kind} for {count} inputs")
        found = list(returned)
        if len(found) == len(movable) < count:  # labels and the like get none
            for i in sorted(self.fixed):
                found.insert(i, None)
        if len(found) != count:
            given = counted(len(found), "gradient")
            raise Broken("wrong number", f"backward returns {given} for {count} inputs")
        return found

    def _gradient(self, i: int, g: object) -> Gradient | None:
        if g is None or i in self.fixed:
            return None
        try:
            return Gradient(flattened(g)[0], shape_of(g), precision_of(g))
        except TypeError as error:
            raise Broken("raises", f"the gradient of {self.names[i]} is {error}") from None

    def moved(
        self,
        upstream: Sequence[float],
        directions: Mapping[int, Sequence[float]],
        point: Sequence[Sequence[float]],
    ) -> Callable[[float], float]:
        """Return Σ upstream * result as a function of a step along directions of some inputs."""

        def along(t: float) -> float:
            there = [*point]
            for i, direction in directions.items():
                there[i] = [a + t * b for a, b in zip(point[i], direction, strict=True)]
            total = inner_product(upstream, self.value(there))
            if not math.isfinite(total):
                raise ValueError("the function has no value there")
            return total

        return along

    def judged(
        self,
        slope: float,
        upstream: Sequence[float],
        directions: Mapping[int, Sequence[float]],
        point: Sequence[Sequence[float]],
        doubt: float = 0.0,
    ) -> Judgment:
        """Compare a slope along a direction, give or take `doubt`, with differences."""
        size = math.fsum(abs(v * y) for v, y in zip(upstream, self.result, strict=True))
        along = self.moved(upstream, directions, point)
        noise = self.epsilon * size
        found = judge(along, slope, noise=noise, doubt=doubt)
        if not found.fits:  # inputs and all on the way are rounded, too: by how much?
            spacing = min(max(2.0**-24, 512.0 * self.epsilon), 2.0**-7)
            noise = max(noise, rounding_error(along, spacing))
            found = judge(along, slope, noise=noise, doubt=doubt)
        return found


def one_hot(i: int, count: int) -> list[float]:
    """Return a step of 1 in entry i, and of 0 in the others."""
    return [float(k == i) for k in range(count)]


def inner_product(a: Sequence[float], b: Sequence[float]) -> float:
    """Return Σ a b, rounded once."""
    return math.fsum(map(mul, a, b))


def random_direction(rng: random.Random, x: Sequence[float]) -> list[float]:
    """Return a step in every entry of `x`, of about the size of its largest."""
    size = max(map(abs, x), default=1.0) or 1.0
    return [rng.choice((-1, 1)) * rng.uniform(0.5, 1.0) * size for _ in x]


def _all_are(kind: type[int], x: object) -> bool:
    """Return whether a number, an array or everything in a list is of a kind: bool or int."""
    if is_list(x):
        return len(x) > 0 and all(_all_are(kind, part) for part in x)
    return isinstance(x, kind) or kind.__name__ in str(getattr(x, "dtype", ""))

"""What a wrong backward pass has done: the repair that makes its gradient right names the mistake.

Nothing is known of the function but its values. So a suspicion is tried: the gradient is
negated, scaled, transposed, summed, computed with another tensor in place of a saved one;
the one that then agrees with differences of the function, along random directions, is the
mistake. For what is left, the entries of the Jacobian are compared one by one.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, TypeAlias

from autograd_mini.testing.differences import Estimate
from autograd_mini.testing.probes import Broken, Gradient, Probe, random_direction
from autograd_mini.testing.tensors import Shape, entry, permuted, summed

Named: TypeAlias = "tuple[str, str]"
_OUTPUTS: Final = 48  # of a Jacobian's row
_SMALL: Final = 48  # entries that are differenced one by one


class Suspect(NamedTuple):
    """A gradient that is wrong.

    Attributes:
        probe: The functions.
        argument: Which input it belongs to.
        upstream: The gradient of the result.
        point: The inputs.
        got: What the backward pass gave.
    """

    probe: Probe
    argument: int
    upstream: list[float]
    point: list[list[float]]
    got: list[float]

    @property
    def name(self) -> str:
        """What the function calls the input."""
        return self.probe.names[self.argument]

    @property
    def tensors(self) -> list[tuple[str, list[float], Shape]]:
        """The inputs and the result: name, numbers and shape."""
        probe = self.probe
        result = ("the result", probe.value(self.point), probe.output_shape)
        return [*zip(probe.names, self.point, probe.shapes, strict=True), result]

    def slope(self, direction: Sequence[float]) -> Estimate:
        """Return the true derivative along a direction of the input."""
        directions = {self.argument: direction}
        found = self.probe.judged(math.nan, self.upstream, directions, self.point)
        return Estimate(found.expected, found.error)

    def truth(self, i: int) -> float:
        """Return the true derivative in one entry."""
        return self.slope([float(k == i) for k in range(len(self.got))]).slope


class _Test:
    """Whether a repaired gradient agrees with differences, along a few random directions."""

    def __init__(self, suspect: Suspect) -> None:
        rng, x = random.Random(1), suspect.point[suspect.argument]
        self.directions = [random_direction(rng, x) for _ in range(3)]
        self.slopes = [suspect.slope(d) for d in self.directions]

    def __call__(self, candidate: Sequence[float] | None) -> bool:
        if candidate is None or len(candidate) != len(self.directions[0]):
            return False
        for d, true in zip(self.directions, self.slopes, strict=True):
            got = dot(candidate, d)
            slack = true.error + 1e-6 * (abs(true.slope) + abs(got)) + 1e-12
            if not abs(got - true.slope) <= slack:
                return False
        return True

    def scale(self, candidate: Sequence[float]) -> float:
        """Return the factor that would make it right along the first direction."""
        got = dot(candidate, self.directions[0])
        return self.slopes[0].slope / got if got else math.nan


def dot(a: Sequence[float], b: Sequence[float]) -> float:
    """Return Σ a b."""
    return math.fsum(map(float.__mul__, map(float, a), map(float, b)))


def mistake(suspect: Suspect) -> Named:
    """Return the kind of a mistake and what it is, in words."""
    test = _Test(suspect)
    for look in (_upstream, _constant, _layout, _saved, _elementwise, _jacobian, _residual):
        if (found := look(suspect, test)) is not None:
            return found
    return "wrong derivative", (
        f"the gradient of {suspect.name} is another function's: is a term dropped or overwritten?"
    )


def shape_mistake(suspect: Suspect, shape: Shape) -> Named:
    """Return the kind of a mistake, and what it is, of a gradient of another shape."""
    name, wanted = suspect.name, suspect.probe.shapes[suspect.argument]
    words = f"the gradient of {name} has shape {_shown(shape)}, {name} has {_shown(wanted)}"
    if shape is None or wanted is None:
        return "wrong shape", words
    sums = summed(suspect.got, shape, wanted)
    if sums is not None and math.prod(shape) > math.prod(wanted):
        right = _Test(suspect)(sums)
        more = "summed, it is right" if right else "and the sum is wrong, too"
        return "missing sum", f"{words}: the sum over the broadcast axis is missing ({more})"
    if shape == wanted[::-1]:
        return "transposed", f"{words}: it is transposed"
    return "wrong shape", words


def _shown(shape: Shape) -> str:
    return "none" if shape is None else f"({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"


# A sign, a factor.


def _constant(suspect: Suspect, test: _Test) -> Named | None:
    name, got = suspect.name, suspect.got
    if not any(got):
        return "dropped term", f"no gradient reaches {name}: all its entries are 0"
    if test([-g for g in got]):
        return "sign", f"the gradient of {name} has the opposite sign"
    c = test.scale(got)
    if not math.isfinite(c) or c == 0.0 or not test([c * g for g in got]):
        return None
    many, share = 1.0 / c, f"the gradient of {name} is {1.0 / c:.6g} times what it should be"
    sizes = _sizes(suspect.probe)
    for n in sizes:
        if math.isclose(many, n, rel_tol=1e-5):
            return "missing 1/N", f"{share}: the 1/N of a mean is missing, N = {n}"
    for n in sizes:
        if math.isclose(c, n, rel_tol=1e-5) and n > 1:
            words = f"{share}: a 1/N too many, N = {n}, or a mean that should be a sum"
            return "factor", words
    return "factor", share


def _sizes(probe: Probe) -> list[int]:
    """Return each N of which there may be a mean: the axes that the result no longer has."""
    found: dict[int, None] = {}
    kept = tuple([n for n in probe.output_shape or () if n > 1])
    for shape in probe.shapes:
        axes = [n for n in shape or () if n > 1]
        for places in itertools.combinations(range(len(axes)), len(kept)):
            if tuple([axes[k] for k in places]) == kept:
                gone = [n for k, n in enumerate(axes) if k not in places]
                for count in range(1, len(gone) + 1):
                    for group in itertools.combinations(gone, count):
                        found[math.prod(group)] = None
    return list(found)


# The same numbers in other places.


def _layout(suspect: Suspect, test: _Test) -> Named | None:
    name, got = suspect.name, suspect.got
    shape = suspect.probe.shapes[suspect.argument]
    if not shape or len(got) < 2:
        return None
    axes = range(len(shape))
    for order in itertools.permutations(axes) if len(shape) < 5 else ():
        moved = [shape[a] for a in order]
        if order == tuple(axes):
            continue
        if tuple(moved) == shape and test(permuted(got, shape, order)):
            return "transposed", f"the gradient of {name} is transposed"
        # laid out as the transposed array, and read in rows
        if test(permuted(got, moved, [order.index(a) for a in axes])):
            return "transposed", f"the gradient of {name} is reshaped where it should be transposed"
    if test(got[::-1]):
        return "reversed", f"the gradient of {name} comes in the opposite order"
    for k in (1, -1):
        if test([*got[k:], *got[:k]]):
            return "shifted", f"the gradient of {name} is shifted by one entry"
    return None


# The upstream gradient.


def _upstream(suspect: Suspect, test: _Test) -> Named | None:
    name, v = suspect.name, suspect.upstream
    doubled = _pulled(suspect, [2.0 * x for x in v])
    if doubled is None or not any(doubled):
        return None
    if all(
        math.isclose(a, 4.0 * b, rel_tol=1e-9, abs_tol=1e-300)
        for a, b in zip(doubled, suspect.got, strict=True)
    ):
        return "factor", f"the gradient of {name} is multiplied by upstream twice"
    if doubled == suspect.got:
        return "upstream ignored", (
            f"the gradient of {name} is the same whatever upstream is: multiply by it"
        )
    return None


def _pulled(
    suspect: Suspect, upstream: Sequence[float], point: Sequence[Sequence[float]] | None = None
) -> list[float] | None:
    """Return what the backward pass gives for the input elsewhere; None if it cannot."""
    try:
        found = suspect.probe.pull(upstream, suspect.point if point is None else point)
    except Broken:
        return None
    gradient = found[suspect.argument]
    return gradient.flat if isinstance(gradient, Gradient) else None


# Another tensor in place of the one that should have been saved.


def _saved(suspect: Suspect, test: _Test) -> Named | None:
    probe, point = suspect.probe, suspect.point
    tensors = suspect.tensors
    for i, other in itertools.product(range(len(point)), range(len(tensors))):
        name, numbers, shape = tensors[other]
        if i == other or i in probe.fixed or shape != probe.shapes[i]:
            continue
        for swap in (False, True):
            there = [*point]
            there[i] = numbers
            if swap and other < len(point):
                there[other] = point[i]
            elif swap:
                continue
            of = f"the gradient of {suspect.name}"
            words = f"{tensors[i][0]} stands where {name} should, for {of}"
            if test(_pulled(suspect, suspect.upstream, there)):
                return "saved the wrong tensor", words
            if _is_gradient_at(suspect, there):
                return "saved the wrong tensor", (
                    f"{of} is computed at {name} instead of {tensors[i][0]}"
                )
    return None


def _is_gradient_at(suspect: Suspect, there: list[list[float]]) -> bool:
    elsewhere = suspect._replace(point=there)
    try:
        return _Test(elsewhere)(suspect.got)
    except Exception:  # the function may not be defined there
        return False


# A factor in each entry.


def _elementwise(suspect: Suspect, test: _Test) -> Named | None:
    probe, got = suspect.probe, suspect.got
    shape = probe.shapes[suspect.argument]
    upstream = ("upstream", suspect.upstream, probe.output_shape)
    for name, numbers, its in [*suspect.tensors, upstream]:
        spread = len(numbers) == 1 and its == ()
        if not spread and its != shape:
            continue
        factors = numbers * len(got) if spread else numbers
        if all(factors) and test([g / x for g, x in zip(got, factors, strict=True)]):
            return "factor", f"the gradient of {suspect.name} has a factor too many: {name}"
        if test([g * x for g, x in zip(got, factors, strict=True)]):
            return "factor", f"the gradient of {suspect.name} lacks a factor: {name}"
    return None


# Entry by entry.


def _jacobian(suspect: Suspect, test: _Test) -> Named | None:
    """Compare the row of the worst entry: which outputs does its gradient come from?"""
    probe, n = suspect.probe, len(suspect.got)
    if len(probe.result) < 2:
        return None
    i = worst(suspect)
    true = _column(suspect, i)
    size = max(map(abs, true)) or 1.0
    outputs = [j for j, x in enumerate(true) if abs(x) > 1e-6 * size]
    strangers = [j for j in range(len(true)) if j not in set(outputs)][:_OUTPUTS]
    if len(outputs) > _OUTPUTS:
        outputs = [*outputs[: _OUTPUTS // 2], *outputs[-_OUTPUTS // 2 :]]
    got: dict[int, float] = {}
    for j in [*outputs, *strangers]:
        found = _pulled(suspect, [float(k == j) for k in range(len(true))])
        if found is None or len(found) != n:
            return None
        got[j] = found[i]
    near = 1e-4 * size
    if any(abs(got[j]) > near for j in strangers):
        return None  # it gets what it has nothing to do with: not one of these mistakes
    right = [j for j in outputs if abs(got[j] - true[j]) <= near]
    none = [j for j in outputs if abs(got[j]) <= 1e-9 * size]
    turned = [j for j in outputs if abs(got[j] + true[j]) <= near]
    where = f"{suspect.name}{entry(probe.shapes[suspect.argument], i)}"
    if none and len(right) + len(none) == len(outputs) and right:
        return _missing(where, outputs, right)
    if turned and len(turned) + len(right) == len(outputs):
        return "sign", (
            f"part of the gradient of {where} has the opposite sign: what comes from result"
            f"{entry(probe.output_shape, turned[0])}"
        )
    if i in got and probe.output_shape == probe.shapes[suspect.argument] and len(outputs) > 1:
        others = [j for j in outputs if j != i]
        if all(j in none for j in others):
            return "dropped term", (
                f"the gradient of {where} lacks what comes through the other entries of the "
                "result: the term with a sum or a mean"
            )
        if all(j in turned for j in others):
            return "sign", (
                f"what comes to {where} through the other entries of the result has the "
                "opposite sign"
            )
        if all(j in right for j in others):
            return "dropped term", f"the gradient of {where} lacks a term of its own entry"
    return None


def _missing(where: str, outputs: list[int], right: list[int]) -> Named:
    count = f"{len(right)} of {len(outputs)} contributions arrive"
    if right == [outputs[-1]]:
        return "overwritten", (
            f"only the last contribution to {where} is left ({count}): overwritten (=) where it "
            "should be accumulated (+=)"
        )
    if right == [outputs[0]]:
        return "missing sum", f"only the first contribution to {where} arrives ({count}): sum them"
    return "dropped term", f"contributions to {where} are missing: {count}"


def _column(suspect: Suspect, i: int) -> list[float]:
    """Return the derivative of every output in one entry of the input."""
    x = suspect.point[suspect.argument]
    h = (abs(x[i]) or 1.0) * 2.0**-9

    def at(t: float) -> list[float]:
        moved = [*x]
        moved[i] += t
        there = [*suspect.point]
        there[suspect.argument] = moved
        return suspect.probe.value(there)

    coarse = [(a - b) / (2.0 * h) for a, b in zip(at(h), at(-h), strict=True)]
    fine = [(a - b) / h for a, b in zip(at(h / 2.0), at(-h / 2.0), strict=True)]
    return [(4.0 * b - a) / 3.0 for a, b in zip(coarse, fine, strict=True)]


def worst(suspect: Suspect) -> int:
    """Return an entry that is wrong, found by halving."""
    n = len(suspect.got)
    if n <= _SMALL:
        off = [abs(suspect.truth(i) - suspect.got[i]) for i in range(n)]
        return max(range(n), key=lambda i: off[i] if off[i] == off[i] else 0.0)
    low, high = 0, n
    while high - low > 1:
        middle = (low + high) // 2
        left, right = (_off(suspect, *half) for half in ((low, middle), (middle, high)))
        low, high = (low, middle) if left >= right else (middle, high)
    return low


def _off(suspect: Suspect, low: int, high: int) -> float:
    """Return how far a part of the gradient is from a plain difference."""
    rng = random.Random(low)
    size = max(map(abs, suspect.point[suspect.argument])) or 1.0
    d = [0.0] * len(suspect.got)
    for i in range(low, high):
        d[i] = rng.choice((-1.0, 1.0)) * size
    along = suspect.probe.moved(suspect.upstream, {suspect.argument: d}, suspect.point)
    h = 2.0**-12
    try:
        return abs((along(h) - along(-h)) / (2.0 * h) - dot(suspect.got, d))
    except Exception:  # outside of the domain
        return 0.0


# What is left over.


def _residual(suspect: Suspect, test: _Test) -> Named | None:
    """Name what the true gradient minus the one found is a multiple of."""
    probe, got, name = suspect.probe, suspect.got, suspect.name
    n = len(got)
    if n > _SMALL:
        return None
    rest = [suspect.truth(i) - got[i] for i in range(n)]
    size = max(map(abs, rest))
    if not size < math.inf:
        return None
    wrong = [i for i in range(n) if abs(rest[i]) > 1e-6 * (abs(got[i]) + size)]
    shape = probe.shapes[suspect.argument]
    for words, term in _terms(suspect):
        top = max(range(n), key=lambda i: abs(term[i]))
        c = rest[top] / term[top] if term[top] else math.nan
        if math.isfinite(c) and all(
            abs(r - c * t) <= 1e-5 * size for r, t in zip(rest, term, strict=True)
        ):
            times = "" if math.isclose(c, 1.0, rel_tol=1e-5) else f"{c:.4g} * "
            return "dropped term", (
                f"the gradient of {name} lacks a term, {times}{words}: it is dropped, overwritten "
                "(=) or has the wrong sign"
            )
    if len(wrong) * 2 <= n:
        places = ", ".join([entry(shape, i) for i in wrong[:4]]) + ", ..." * (len(wrong) > 4)
        kind = "dropped term" if not any(got[i] for i in wrong) else "wrong entries"
        return kind, f"of {n} entries of {name}, {len(wrong)} are wrong: {places}"
    along = _same_along_an_axis(rest, shape)
    if n > 1 and along is not None:
        return "dropped term", (
            f"the gradient of {name} is off by the same number along axis {along}: a sum or a mean "
            "is missing, or has the wrong sign"
        )
    return None


def _terms(suspect: Suspect) -> Iterator[tuple[str, list[float]]]:
    """Yield terms that may be missing: products of upstream and a tensor, of the input's shape."""
    probe, n = suspect.probe, len(suspect.got)
    shape = probe.shapes[suspect.argument]

    def spread(numbers: list[float], its: Shape) -> list[float] | None:
        return numbers if its == shape else numbers * n if len(numbers) == 1 else None

    v = spread(suspect.upstream, probe.output_shape)
    if v is not None:
        yield "upstream", v
    for name, numbers, its in suspect.tensors:
        if (x := spread(numbers, its)) is None:
            continue
        if v is not None:
            yield f"upstream * {name}", [a * b for a, b in zip(v, x, strict=True)]
        if n > 1:
            yield name, x


def _same_along_an_axis(numbers: list[float], shape: Shape) -> int | None:
    if not shape:
        return None
    size = max(map(abs, numbers))
    for axis, count in enumerate(shape):
        if count > 1:
            order = [*[a for a in range(len(shape)) if a != axis], axis]
            moved = permuted(numbers, shape, order)
            rows = [moved[k : k + count] for k in range(0, len(moved), count)]
            if all(max(row) - min(row) <= 1e-5 * size for row in rows):
                return axis
    return None

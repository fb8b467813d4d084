"""What a wrong backward pass has done: the repair that makes its gradient right names the mistake.

Nothing is known of the function but its values. So a suspicion is tried: the gradient is
negated, scaled, transposed, summed, computed with another tensor in place of a saved one;
the one that then agrees with differences of the function, along random directions, is the
mistake. For what is left, the entries of the Jacobian are compared one by one.
"""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from autograd_mini.testing.catalog import FUNCTIONS
from autograd_mini.testing.compared import FEW_ENTRIES, Suspect, pulled, pushed, worst
from autograd_mini.testing.mistakes import Mistake
from autograd_mini.testing.probes import Probe, one_hot
from autograd_mini.testing.tensors import Shape, entry, permuted, unbroadcast

_FACTORS: Final[dict[str, Callable[[float], float]]] = {
    "{0}": float,
    "{0} * {0}": lambda x: x * x,
    "1 / {0}": lambda x: 1.0 / x,
    **{f"{name}({{0}})": FUNCTIONS[name] for name in ("exp", "log", "sqrt", "sin", "cos", "tanh")},
    "sigmoid({0})": FUNCTIONS["sigmoid"],
    "{0} * (1 - {0})": lambda x: x * (1.0 - x),
    "(1 - {0} * {0})": lambda x: 1.0 - x * x,
}
_OUTPUTS: Final = 48  # of a Jacobian's row


def mistake(suspect: Suspect) -> Mistake:
    """Return the kind of a mistake and what it is, in words."""
    for suspicion in _SUSPICIONS:
        if (found := suspicion(suspect)) is not None:
            return found
    return "wrong derivative", (
        f"the gradient of {suspect.name} is another function's: is a term dropped or overwritten?"
    )


def shape_mistake(suspect: Suspect, shape: Shape) -> Mistake:
    """Return the kind of a mistake, and what it is, of a gradient of another shape."""
    name, wanted = suspect.name, suspect.probe.shapes[suspect.argument]
    got, own = ["none" if x is None else str(x) for x in (shape, wanted)]
    words = f"the gradient of {name} has shape {got}, {name} has {own}"
    if shape is None or wanted is None:
        return "wrong shape", words
    sums = unbroadcast(suspect.got, shape, wanted)
    if (found := _exchanged(suspect)) is not None:
        return found
    if sums is not None and math.prod(shape) > math.prod(wanted):
        more = "summed, it is right" if suspect.fits(sums) else "and the sum is wrong, too"
        return "missing sum", f"{words}: the sum over the broadcast axis is missing ({more})"
    if shape == wanted[::-1]:
        return "transposed", f"{words}: it is transposed"
    return "wrong shape", words


# A sign, a factor.


def _constant(suspect: Suspect) -> Mistake | None:
    name, got = suspect.name, suspect.got
    if not any(got):
        return "dropped term", f"no gradient reaches {name}: all its entries are 0"
    if suspect.fits([-g for g in got]):
        return "sign", f"the gradient of {name} has the opposite sign"
    c = suspect.factor()
    if not math.isfinite(c) or c == 0.0 or not suspect.fits([c * g for g in got]):
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
    return ("factor", share) if _is_factor_elsewhere(suspect, c) else None


def _is_factor_elsewhere(suspect: Suspect, c: float) -> bool:
    """Return whether a factor is one at other inputs, too: at a single number, any error is."""
    scales = itertools.cycle((0.7, 0.9, 0.8))
    there = [
        x if i in suspect.probe.fixed else [a * next(scales) for a in x]
        for i, x in enumerate(suspect.point)
    ]
    got = pulled(suspect, suspect.upstream, there)
    return got is None or _fits_at(suspect, there, [c * g for g in got]) is not False


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


def _layout(suspect: Suspect) -> Mistake | None:
    name, got = suspect.name, suspect.got
    shape = suspect.probe.shapes[suspect.argument]
    if not shape or len(got) < 2:
        return None
    axes = range(len(shape))
    for order in itertools.permutations(axes) if len(shape) < 5 else ():
        moved = [shape[a] for a in order]
        if order == tuple(axes):
            continue
        if tuple(moved) == shape and suspect.fits(permuted(got, shape, order)):
            return "transposed", f"the gradient of {name} is transposed"
        # laid out as the transposed array, and read in rows
        if suspect.fits(permuted(got, moved, [order.index(a) for a in axes])):
            return "transposed", f"the gradient of {name} is reshaped where it should be transposed"
    if suspect.fits(got[::-1]):
        return "reversed", f"the gradient of {name} comes in the opposite order"
    for k in (1, -1):
        if suspect.fits([*got[k:], *got[:k]]):
            return "shifted", f"the gradient of {name} is shifted by one entry"
    return None


def _jacobian_itself(suspect: Suspect) -> Mistake | None:
    """Find J v where its transpose times v should be."""
    v, got = suspect.upstream, suspect.got
    if len(v) != len(got) or len(got) < 2:
        return None
    size = max(map(abs, suspect.point[suspect.argument])) / max(map(abs, v)) or 1.0
    try:
        moved = pushed(suspect, v, size)
    except Exception:  # outside of the domain
        return None
    slack = 1e-5 * max(map(abs, moved))
    if any(abs(a - b) > slack for a, b in zip(moved, got, strict=True)):
        return None
    return "transposed", (
        f"the gradient of {suspect.name} is what a step along upstream does to the result: a "
        "matrix or an order is not transposed on the way back"
    )


def _exchanged(suspect: Suspect) -> Mistake | None:
    """Find the gradient in the place of another input's."""
    probe, i = suspect.probe, suspect.argument
    for j, other in enumerate(probe.pull(suspect.upstream, suspect.point)):
        if j != i and other and other.shape == probe.shapes[i] and suspect.fits(other.flat):
            words = f"the gradient of {suspect.name} is returned in the place of {probe.names[j]}"
            return "wrong place", f"{words}: return one for each input, in their order"
    return None


# The upstream gradient.


def _upstream(suspect: Suspect) -> Mistake | None:
    name, v = suspect.name, suspect.upstream
    doubled = pulled(suspect, [2.0 * x for x in v])
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


# Another tensor in place of the one that should have been saved.


def _saved(suspect: Suspect) -> Mistake | None:
    probe, point = suspect.probe, suspect.point
    tensors = suspect.tensors
    for i, other in itertools.product(range(len(point)), range(len(tensors))):
        name, numbers, shape = tensors[other]
        if i == other or i in probe.fixed or shape != probe.shapes[i]:
            continue
        for is_swapped in (False, True) if other < len(point) else (False,):
            there = [*point]
            there[i] = numbers
            if is_swapped:
                there[other] = point[i]
            of = f"the gradient of {suspect.name}"
            words = f"{tensors[i][0]} stands where {name} should, for {of}"
            if suspect.fits(pulled(suspect, suspect.upstream, there)):
                return "saved the wrong tensor", words
            if _fits_at(suspect, there, suspect.got):
                return "saved the wrong tensor", (
                    f"{of} is computed at {name} instead of {tensors[i][0]}"
                )
    return None


def _turned(suspect: Suspect) -> Mistake | None:
    """Find another tensor that is used the other way round."""
    for j, (name, x, shape) in enumerate(suspect.tensors[:-1]):
        if j == suspect.argument or j in suspect.probe.fixed or not shape or len(x) < 2:
            continue
        turns = [("reversed", "used in the opposite order", x[::-1])]
        if len(shape) == 2 and shape[0] == shape[1]:
            turns.append(("transposed", "not transposed", permuted(x, shape, (1, 0))))
        for kind, words, turned in turns:
            there = [*suspect.point]
            there[j] = turned
            if suspect.fits(pulled(suspect, suspect.upstream, there)):
                words = f"{name} is {words}, or is and should not be"
                return kind, f"{words}, for the gradient of {suspect.name}"
    return None


def _fits_at(suspect: Suspect, there: list[list[float]], gradient: list[float]) -> bool | None:
    """Return whether a gradient is right elsewhere; None if nothing can be said."""
    try:
        return replace(suspect, point=there).fits(gradient)
    except Exception:  # the function may not be defined there
        return None


# A factor in each entry.


def _elementwise(suspect: Suspect) -> Mistake | None:
    probe, got, gradient = suspect.probe, suspect.got, f"the gradient of {suspect.name}"
    shape, n = probe.shapes[suspect.argument], len(suspect.got)
    upstream = ("upstream", suspect.upstream, probe.output_shape)
    for name, numbers, its in [*suspect.tensors, upstream]:
        spread = len(numbers) == 1 and its == ()
        if not spread and its != shape:
            continue
        simple = n > FEW_ENTRIES**2 or name == "upstream"
        found: dict[str, list[float]] = {}
        for text, function in [*_FACTORS.items()][: 1 if simple else None]:
            with contextlib.suppress(ArithmeticError, ValueError):
                factors = [function(x) for x in numbers]
                found[text.format(name)] = factors * n if spread else factors
        for lacks, factors in found.items():
            if suspect.fits([g * x for g, x in zip(got, factors, strict=True)]):
                return "factor", f"{gradient} lacks a factor: {lacks}"
        for has, factors in found.items():
            if not all(factors):
                continue
            divided = [g / x for g, x in zip(got, factors, strict=True)]
            if suspect.fits(divided):
                return "factor", f"{gradient} has a factor too many: {has}"
            for lacks, others in found.items():
                if "-" not in has + lacks and suspect.fits(
                    [g * x for g, x in zip(divided, others, strict=True)]
                ):
                    words = f"{has} stands where {lacks} should, for {gradient}"
                    return "saved the wrong tensor", words
    return None


# Entry by entry.


def _jacobian(suspect: Suspect) -> Mistake | None:
    """Compare the row of the worst entry: which outputs does its gradient come from?"""
    probe, n = suspect.probe, len(suspect.got)
    if len(probe.result) < 2:
        return None
    i = worst(suspect)
    true = pushed(suspect, one_hot(i, n), abs(suspect.point[suspect.argument][i]) or 1.0)
    size = max(map(abs, true)) or 1.0
    outputs = [j for j, x in enumerate(true) if abs(x) > 1e-6 * size]
    strangers = [j for j in range(len(true)) if j not in set(outputs)][:_OUTPUTS]
    if len(outputs) > _OUTPUTS:
        outputs = [*outputs[: _OUTPUTS // 2], *outputs[-_OUTPUTS // 2 :]]
    got: dict[int, float] = {}
    for j in [*outputs, *strangers]:
        found = pulled(suspect, one_hot(j, len(true)))
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
    if none and len(right) + len(none) == len(outputs) and right:
        return _missing(where, outputs, right)
    return None


def _missing(where: str, outputs: list[int], right: list[int]) -> Mistake:
    count = f"{len(right)} of {len(outputs)} contributions arrive"
    if right == [outputs[-1]]:
        return "overwritten", (
            f"only the last contribution to {where} is left ({count}): overwritten (=) where it "
            "should be accumulated (+=)"
        )
    if right == [outputs[0]]:
        return "missing sum", f"only the first contribution to {where} arrives ({count}): sum them"
    return "dropped term", f"contributions to {where} are missing: {count}"


# What is left over.


def _residual(suspect: Suspect) -> Mistake | None:
    """Name what the true gradient minus the one found is a multiple of."""
    probe, got, name = suspect.probe, suspect.got, suspect.name
    n = len(got)
    if n > FEW_ENTRIES:
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


_SUSPICIONS: Final = (
    *(_upstream, _constant, _layout, _saved, _exchanged, _turned, _jacobian_itself),
    *(_elementwise, _jacobian, _residual),
)

"""Nests: loops around expressions, written with vectors along the loop that allows them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from typing import Any, Final

import numpy as np

from autograd_mini.compiler.native.operations import Access, Load, Lookup, Nest, Transpose, Tree
from autograd_mini.compiler.native.vectors import Function, Variable, Vector

NEUTRAL: Final[dict[Any, float]] = {
    np.add: 0.0,
    np.multiply: 1.0,
    np.maximum: -math.inf,
    np.fmax: -math.inf,
}
CHAINS: Final = 4  # sums that run side by side: one alone would wait for each addition


def address(
    f: Function, access: Access, at: Sequence[str], more: int = 0, row: tuple[str, int] = ("0", 0)
) -> str:
    """Return the address of an element at some loops' variables, and at a row of its table."""
    terms = [*zip(at, access.strides, strict=True)]
    if access.table >= 0:
        steps = [row, *zip(at, access.steps, strict=True)]
        place = f.address(f.place("qtable", access.table), 0, steps)
        terms.append((f.once(f"load i64, ptr {place}, align 8"), 1))
    return f.address(f.place(access.buffer, access.offset), more, terms)


def covered(n: int, *steps: int) -> Iterable[tuple[int, int, int]]:
    """Return how these steps, each as often as there is room for it, cover `n` numbers.

    For each step that is used: from, to, and the step.
    """
    start = 0
    for step in steps:
        end = start + (n - start) // step * step
        if end > start:
            yield start, end, step
        start = end


def halves(lanes: int) -> Iterable[int]:
    """Return how many lanes vectors may have, the most first."""
    return [lanes >> k for k in range(lanes.bit_length())]


def write_nest(f: Function, nest: Nest) -> None:
    """Write a nest."""
    (_map if nest.fold is None else _fold)(f, nest)


def _wide(nest: Nest, axes: Iterable[int], *, stores: bool) -> int | None:
    """Return the loop along which all elements follow one another, or are one; the longest."""
    best: int | None = None
    reads, written = nest.reads(), nest.writes() if stores else []
    for d in axes:
        fits = all(a.strides[d] in (0, 1) for a in reads)
        fits = fits and all(a.strides[d] == 1 for a in written)
        fits = fits and not any(a.steps and a.steps[d] for a in (*reads, *written))
        if fits and (best is None or nest.dims[d] >= min(8, nest.dims[best])):
            best = d
    return best


def _evaluated(
    f: Function, tree: Tree, at: Sequence[str], d: int | None, lanes: int, known: dict[Any, Any]
) -> Any:
    """Write an expression, its lanes along loop `d`."""
    if isinstance(tree, (float, int)):
        return tree
    key = tree.access if isinstance(tree, Load) else id(tree)
    if key not in known:
        if isinstance(tree, Load):
            place = address(f, tree.access, at)
            is_wide = d is not None and tree.access.strides[d] != 0
            known[key] = f.load(place, lanes) if is_wide else f.spread(place, lanes)
        else:
            operands = [_evaluated(f, x, at, d, lanes, known) for x in tree.operands]
            found = tree.function(*operands)
            known[key] = found if isinstance(found, Vector) else float(found)
    return known[key]


def _loops(
    f: Function,
    dims: Sequence[int],
    axes: Iterable[int],
    at: list[str],
    body: Callable[[int], None],
    wide: int | None = None,
) -> None:
    """Write loops around what `body` writes for a number of lanes, which go along loop `wide`."""
    axes = [d for d in axes if d != wide]
    if axes:
        with f.loop(dims[axes[0]]) as at[axes[0]]:
            _loops(f, dims, axes[1:], at, body, wide)
    elif wide is None:
        body(1)
    else:
        for start, end, lanes in covered(dims[wide], *halves(f.module.lanes)):
            with f.loop(end, lanes, start) as at[wide]:
                body(lanes)


def _map(f: Function, nest: Nest) -> None:
    axes, at = range(len(nest.dims)), ["0"] * len(nest.dims)
    d = _wide(nest, axes, stores=True)

    def body(lanes: int) -> None:
        known: dict[Any, Any] = {}
        for target, tree in nest.stores:
            x = f.number(_evaluated(f, tree, at, d, lanes, known), lanes)
            f.store(address(f, target, at), x, lanes)
            known[target] = x  # whoever reads it next need not look it up

    _loops(f, nest.dims, axes, at, body, d)


def _fold(f: Function, nest: Nest) -> None:
    """Write sums, products and maxima: lanes along what is kept, or along what is folded."""
    dims, fold, start = nest.dims, nest.fold, NEUTRAL[nest.fold]
    axes, at = range(len(dims)), ["0"] * len(dims)
    kept, folded = axes[: len(dims) - nest.reduced], axes[len(dims) - nest.reduced :]
    ((target, tree),) = nest.stores
    across = _wide(nest, kept, stores=True)
    along = _wide(nest, folded, stores=False) if across is None else None

    d = across if along is None else along

    def body(lanes: int) -> None:
        runs, most = [(0, lanes, lanes)], f.module.lanes
        if along is not None:
            runs = [*covered(dims[along], CHAINS * most, *halves(most))]
        sums = [[Variable(f, start, min(n, most)) for _ in range(0, n, most)] for _, _, n in runs]

        def inner(_: int) -> None:
            for (first, last, step), chains in zip(runs, sums, strict=True):
                with f.loop(last, step, first) as variable:
                    for c, whole in enumerate(chains):
                        if along is not None:
                            at[along] = f.plus(variable, c * most)
                        width = whole.value.lanes
                        x = f.number(_evaluated(f, tree, at, d, width, {}), width)
                        whole.value = fold(whole.value, x)

        _loops(f, dims, [axis for axis in folded if axis != along], at, inner)
        parts = [reduce(fold, [whole.value for whole in chains]) for chains in sums]
        if along is not None:
            parts = [f.joined(fold, part) for part in parts]
        found = reduce(fold, parts)
        place = address(f, target, at)
        f.store(place, f.load(place, lanes) + found if nest.add else found, lanes)

    _loops(f, dims, kept, at, body, across)


def write_lookup(f: Function, lookup: Lookup) -> None:
    """Write elements of a table, one after the other."""
    at = ["0"] * len(lookup.dims)

    def body(_: int) -> None:
        x: Any = f.load(address(f, lookup.at, at), 1)
        is_place = (x >= 0.0) & (x < float(lookup.places)) & np.equal(np.trunc(x), x)
        index = f.named(f"fptosi {f.typed(f.chosen(is_place, x, 0.0, 1), 1)} to i64")
        place = address(f, lookup.table, at, 0, (index, lookup.width))
        other = address(f, lookup.whole, at)
        if lookup.add:
            f.store(place, f.load(place, 1) + f.chosen(is_place, f.load(other, 1), math.nan, 1), 1)
        else:
            f.store(other, f.chosen(is_place, f.load(place, 1), math.nan, 1), 1)

    _loops(f, lookup.dims, range(len(lookup.dims)), at, body)


def write_transpose(f: Function, move: Transpose) -> None:
    """Write a transpose: four by four numbers at a time, and one by one at the edges."""
    for top, bottom, down in covered(move.rows, 4, 1):
        for left, right, across in covered(move.columns, 4, 1):
            n = min(down, across)
            with f.loop(right, n, left) as c, f.loop(bottom, n, top) as r:
                lines = [f.load(address(f, move.source, (f.plus(r, i), c)), n) for i in range(n)]
                for i, x in enumerate(_turned(f, *lines) if n > 1 else lines):
                    f.store(address(f, move.target, (f.plus(c, i), r)), x, n)


def _turned(f: Function, a: Vector, b: Vector, c: Vector, d: Vector) -> Iterable[Vector]:
    """Return the columns of four by four numbers."""
    for halves in ((0, 1, 4, 5), (2, 3, 6, 7)):
        for places in ((0, 4, 2, 6), (1, 5, 3, 7)):
            yield f.shuffled(f.shuffled(a, b, places), f.shuffled(c, d, places), halves)

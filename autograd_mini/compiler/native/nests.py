"""Nests: loops around expressions, written with vectors along the loop that allows them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import numpy as np

from autograd_mini.compiler.native.operations import (
    Access,
    Choice,
    Load,
    Nest,
    Transpose,
    Tree,
    loads,
)
from autograd_mini.compiler.native.vectors import Function, Variable, Vector

__all__ = ["address", "pieces", "write_choice", "write_nest", "write_transpose"]

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


def pieces(n: int, lanes: int) -> Iterable[tuple[int, int, int]]:
    """Return how vectors cover `n` numbers, long ones first: from, to, and lanes."""
    start = 0
    while lanes:
        end = start + (n - start) // lanes * lanes
        if end > start:
            yield start, end, lanes
        start, lanes = end, lanes // 2


def write_nest(f: Function, nest: Nest) -> None:
    """Write a nest."""
    if nest.fold is None:
        _map(f, nest)
    else:
        _Fold(f, nest).write()


def _wide(nest: Nest, axes: Iterable[int], *, stores: bool) -> int | None:
    """Return the loop along which all elements follow one another, or are one; the longest."""
    best: int | None = None
    for d in axes:
        accesses = [a for _, tree in nest.stores for a in loads(tree)]
        targets = [target for target, _ in nest.stores]
        fits = all(a.strides[d] in (0, 1) and not (a.steps and a.steps[d]) for a in accesses)
        if stores:
            fits = fits and all(a.strides[d] == 1 and not (a.steps and a.steps[d]) for a in targets)
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
            if any(isinstance(x, Vector) for x in operands):
                known[key] = tree.function(*operands)
            else:
                known[key] = float(tree.function(*operands))
    return known[key]


def _loops(
    f: Function, dims: Sequence[int], axes: Sequence[int], at: list[str], inner: Callable[[], None]
) -> None:
    """Write loops around what `inner` writes."""
    if not axes:
        inner()
        return
    with f.loop(dims[axes[0]]) as variable:
        at[axes[0]] = variable
        _loops(f, dims, axes[1:], at, inner)


def _map(f: Function, nest: Nest) -> None:
    d = _wide(nest, range(len(nest.dims)), stores=True)
    at = ["0"] * len(nest.dims)

    def body(lanes: int) -> None:
        known: dict[Any, Any] = {}
        for target, tree in nest.stores:
            x = f.number(_evaluated(f, tree, at, d, lanes, known), lanes)
            f.store(address(f, target, at), x, lanes)
            known[target] = x  # whoever reads it next need not look it up

    def inner() -> None:
        if d is None:
            body(1)
            return
        for start, end, lanes in pieces(nest.dims[d], f.module.lanes):
            with f.loop(end, lanes, start) as variable:
                at[d] = variable
                body(lanes)

    _loops(f, nest.dims, [k for k in range(len(nest.dims)) if k != d], at, inner)


class _Fold:
    """Sums, products and maxima: lanes along what is kept, or along what is folded."""

    def __init__(self, f: Function, nest: Nest) -> None:
        self.f = f
        self.nest = nest
        self.dims = nest.dims
        kept = len(nest.dims) - nest.reduced
        self.kept, self.folded = range(kept), range(kept, len(nest.dims))
        ((self.target, self.tree),) = nest.stores
        self.start = NEUTRAL[nest.fold]
        self.at = ["0"] * len(nest.dims)

    def write(self) -> None:
        """Write it."""
        d = _wide(self.nest, self.kept, stores=True)
        if d is None:
            _loops(self.f, self.dims, self.kept, self.at, self._along_folded)
            return

        def inner() -> None:
            for start, end, lanes in pieces(self.dims[d], self.f.module.lanes):
                with self.f.loop(end, lanes, start) as variable:
                    self.at[d] = variable
                    self._along_kept(d, lanes)

        _loops(self.f, self.dims, [k for k in self.kept if k != d], self.at, inner)

    def _value(self, d: int | None, lanes: int) -> Vector:
        return self.f.number(_evaluated(self.f, self.tree, self.at, d, lanes, {}), lanes)

    def _join(self, variable: Variable, x: Vector) -> None:
        variable.set(self.nest.fold(variable.get(), x))

    def _finish(self, x: Vector) -> None:
        place = address(self.f, self.target, self.at)
        if self.nest.add:
            x = self.f.load(place, x.lanes) + x
        self.f.store(place, x, x.lanes)

    def _along_kept(self, d: int, lanes: int) -> None:
        whole = Variable(self.f, self.start, lanes)
        _loops(
            self.f,
            self.dims,
            self.folded,
            self.at,
            lambda: self._join(whole, self._value(d, lanes)),
        )
        self._finish(whole.get())

    def _along_folded(self) -> None:
        f, fold = self.f, self.nest.fold
        d = _wide(self.nest, self.folded, stores=False)
        runs = list(pieces(self.dims[d], f.module.lanes)) if d is not None else [(0, 1, 1)]
        start, end, lanes = runs[0]
        chains = CHAINS if (end - start) // lanes >= CHAINS else 1
        wholes = [Variable(f, self.start, lanes) for _ in range(chains)]

        def inner() -> None:
            if d is None:
                self._join(wholes[0], self._value(None, 1))
                return
            step = chains * lanes
            middle = end // step * step
            with f.loop(middle, step) as variable:
                for c, whole in enumerate(wholes):
                    self.at[d] = f.plus(variable, c * lanes)
                    self._join(whole, self._value(d, lanes))
            rest = [(middle, end, lanes), *runs[1:]]
            for first, last, narrow in rest[middle == end :]:
                with f.loop(last, narrow, first) as self.at[d]:
                    self._join(wholes[0], f.widened(self._value(d, narrow), lanes, self.start))

        _loops(f, self.dims, [k for k in self.folded if k != d], self.at, inner)
        found = wholes[0].get()
        for whole in wholes[1:]:
            found = fold(found, whole.get())
        self._finish(f.joined(fold, found))


def write_choice(f: Function, choice: Choice) -> None:
    """Write elements of a table, one after the other."""
    at = ["0"] * len(choice.dims)

    def inner() -> None:
        x: Any = f.load(address(f, choice.at, at), 1)
        is_place = (x >= 0.0) & (x < float(choice.places)) & np.equal(np.trunc(x), x)
        index = f.named(f"fptosi {f.typed(f.chosen(is_place, x, 0.0, 1), 1)} to i64")
        place = address(f, choice.table, at, 0, (index, choice.width))
        other = address(f, choice.whole, at)
        if choice.add:
            f.store(place, f.load(place, 1) + f.chosen(is_place, f.load(other, 1), math.nan, 1), 1)
        else:
            f.store(other, f.chosen(is_place, f.load(place, 1), math.nan, 1), 1)

    _loops(f, choice.dims, range(len(choice.dims)), at, inner)


def write_transpose(f: Function, move: Transpose) -> None:
    """Write a transpose: four by four numbers at a time, and one by one at the edges."""
    four = 4
    rows, columns = move.rows // four * four, move.columns // four * four
    if rows and columns:
        with f.loop(columns, four) as c, f.loop(rows, four) as r:
            a, b, p, q = [
                f.load(address(f, move.source, (f.plus(r, i), c)), four) for i in range(four)
            ]
            even, odd = (0, 4, 2, 6), (1, 5, 3, 7)
            low, high = (0, 1, 4, 5), (2, 3, 6, 7)
            x, y = f.shuffled(a, b, even), f.shuffled(a, b, odd)
            z, w = f.shuffled(p, q, even), f.shuffled(p, q, odd)
            for i, (u, v, halves) in enumerate(
                ((x, z, low), (y, w, low), (x, z, high), (y, w, high))
            ):
                f.store(address(f, move.target, (f.plus(c, i), r)), f.shuffled(u, v, halves), four)
    else:
        rows = columns = 0
    for top, bottom, left, right in (
        (0, move.rows, columns, move.columns),
        (rows, move.rows, 0, columns),
    ):
        if top < bottom and left < right:
            with f.loop(right, 1, left) as c, f.loop(bottom, 1, top) as r:
                x = f.load(address(f, move.source, (r, c)), 1)
                f.store(address(f, move.target, (c, r)), x, 1)

"""Products: matrices multiplied in tiles that stay in registers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import chain, product
from typing import Final

import numpy as np

from autograd_mini.compiler.native.nests import address, pieces
from autograd_mini.compiler.native.operations import Access, Product
from autograd_mini.compiler.native.vectors import Function, Variable, Vector

__all__ = ["write_product"]

BLOCK: Final = 128  # of the inner axis: what a tile reads stays in the fastest cache
CACHE: Final = 1 << 15  # bytes of the fastest
ROWS: Final = 4  # of tiles from which on copying what they read pays
DOTS: Final = 4  # rows and columns of a block of dot products


def write_product(f: Function, p: Product) -> None:
    """Write a product: as tiles if rows of `b` and of `out` are contiguous, or their columns."""
    a, b, out = p.a.strides, p.b.strides, p.out.strides
    if p.n > 1 and b[1] == 1 and out[1] == 1:
        _tiles(f, p)
    elif p.m > 1 and a[0] == 1 and out[0] == 1:
        _tiles(f, _flipped(p))
    elif p.k > 1 and a[1] == 1 and b[0] == 1:
        _dots(f, p)
    else:
        _one_by_one(f, p)


def _flipped(p: Product) -> Product:
    """Return the product of the transposes."""
    out, a, b = [Access(x.buffer, x.offset, x.strides[::-1]) for x in (p.out, p.a, p.b)]
    return Product(p.n, p.m, p.k, out, b, a, p.add)


def _runs(n: int, step: int) -> Iterable[tuple[int, int, int]]:
    """Return how steps of one size cover `n`, and what is left: from, to, step."""
    whole = n // step * step
    if whole:
        yield 0, whole, step
    if n > whole:
        yield whole, n, n - whole


def _tiles(f: Function, p: Product) -> None:
    """Write `out` in tiles, sums of columns of `a` times rows of `b` that stay in registers.

    A long inner axis is taken in blocks, which are added to `out` one after the other.
    """
    depth = p.k if p.k <= 2 * BLOCK else -(-p.k // -(-p.k // BLOCK))
    whole, rest = divmod(p.k, depth)
    add = p.add or depth < p.k
    if add and not p.add:
        for start, end, lanes in pieces(p.n, f.module.lanes):
            with f.loop(p.m) as i, f.loop(end, lanes, start) as j:
                f.store(address(f, p.out, (i, j)), 0.0, lanes)
    for first, last, size in ((0, whole, depth), (whole, whole + 1, rest))[: 1 + (rest > 0)]:
        with f.loop(last, 1, first) as block:
            for start, end, lanes in pieces(p.n, f.module.lanes):
                rows, wide = _tile(p.m, (end - start) // lanes, size, f.module.registers)
                for lo, hi, step in _runs((end - start) // lanes, wide):
                    with f.loop(start + hi * lanes, step * lanes, start + lo * lanes) as j:
                        part = p._replace(k=size, add=add)
                        _strip(f, part, (block, depth), j, (rows, step), lanes)


def _tile(m: int, vectors: int, depth: int, registers: int) -> tuple[int, int]:
    """Return rows and vectors of a tile, by counting cycles."""
    best, chosen = math.inf, (1, 1)
    for rows in range(1, min(m, 16) + 1):
        for wide in range(1, min(vectors, 8) + 1):
            if rows * wide + wide + 1 > registers:
                continue
            down, right = list(_runs(m, rows)), list(_runs(vectors, wide))
            cycles = 0.0
            for (top, bottom, r), (lo, hi, v) in product(down, right):
                each = depth * max(r * v, v + r / 2, 4.0) + 12 + r * v
                cycles += (bottom - top) // r * ((hi - lo) // v) * each
            cycles *= 1.0 + 0.01 * len(down) * len(right)
            if cycles < best:
                best, chosen = cycles, (rows, wide)
    return chosen


def _strip(
    f: Function, p: Product, block: tuple[str, int], j: str, tile: tuple[int, int], lanes: int
) -> None:
    """Write the tiles one below the other, for a block of the inner axis.

    Rows of `b` that are far apart would push one another out of the cache: then they are copied
    side by side before.
    """
    (at, depth), (rows, wide) = block, tile
    columns = range(0, wide * lanes, lanes)
    a, b = [
        Access(x.buffer, x.offset, (depth * step, step, other))
        for x, step, other in ((p.a, p.a.strides[1], p.a.strides[0]), (p.b, p.b.strides[0], 1))
    ]
    if p.m >= ROWS * rows and p.k * p.b.strides[0] * f.width >= CACHE:
        panel = Access(f.room(wide * lanes * p.k), 0, (0, wide * lanes, 0))
        with f.loop(p.k) as k:
            for c in columns:
                x = f.load(address(f, b, (at, k, j), c), lanes)
                f.store(address(f, panel, (at, k, j), c), x, lanes)
        b = panel
    for lo, hi, step in _runs(p.m, rows):
        with f.loop(hi, step, lo) as i:
            places = [
                [address(f, p.out, (f.plus(i, r), j), c) for c in columns] for r in range(step)
            ]
            sums = [
                [Variable(f, f.load(place, lanes) if p.add else 0.0, lanes) for place in row]
                for row in places
            ]
            with f.loop(p.k) as k:
                right = [f.load(address(f, b, (at, k, j), c), lanes) for c in columns]
                for r, row in enumerate(sums):
                    left = f.spread(address(f, a, (at, k, f.plus(i, r))), lanes)
                    for x, whole in zip(right, row, strict=True):
                        whole.add_product(left, x)
            for place, whole in zip(chain(*places), chain(*sums), strict=True):
                f.store(place, whole.get(), lanes)


def _dots(f: Function, p: Product) -> None:
    """Write dot products, some rows and columns at a time: lanes along the inner axis."""
    runs = list(pieces(p.k, f.module.lanes))
    lanes = runs[0][2]
    height = 2 * DOTS if p.n == 1 else DOTS
    width = 2 * DOTS if p.m == 1 else DOTS
    for top, bottom, rows in _runs(p.m, min(height, p.m)):
        for left, right, columns in _runs(p.n, min(width, p.n)):
            with f.loop(bottom, rows, top) as i, f.loop(right, columns, left) as j:
                sums = [[Variable(f, 0.0, lanes) for _ in range(columns)] for _ in range(rows)]
                for start, end, size in runs:
                    with f.loop(end, size, start) as k:
                        xs = [
                            f.load(address(f, p.b, (k, f.plus(j, c))), size) for c in range(columns)
                        ]
                        xs = [f.widened(x, lanes, 0.0) for x in xs]
                        for r, row in enumerate(sums):
                            y = f.load(address(f, p.a, (f.plus(i, r), k)), size)
                            y = f.widened(y, lanes, 0.0)
                            for x, whole in zip(xs, row, strict=True):
                                whole.add_product(y, x)
                for r, row in enumerate(sums):
                    _store_sums(f, p, f.plus(i, r), j, [whole.get() for whole in row])


def _store_sums(f: Function, p: Product, i: str, j: str, sums: Sequence[Vector]) -> None:
    """Write the sum of each vector's lanes; four of them at once, where they stand in a row."""
    if len(sums) == DOTS and sums[0].lanes >= DOTS and p.out.strides[1] == 1:
        while sums[0].lanes > DOTS:
            half = sums[0].lanes // 2
            low, high = range(half), range(half, 2 * half)
            sums = [f.shuffled(x, x, low) + f.shuffled(x, x, high) for x in sums]
        a, b = [
            f.shuffled(x, y, (0, 4, 2, 6)) + f.shuffled(x, y, (1, 5, 3, 7))
            for x, y in (sums[:2], sums[2:])
        ]
        found = [f.shuffled(a, b, (0, 1, 4, 5)) + f.shuffled(a, b, (2, 3, 6, 7))]
    else:
        found = [f.joined(np.add, x) for x in sums]
    for c, x in enumerate(found):
        place = address(f, p.out, (i, f.plus(j, c)))
        f.store(place, f.load(place, x.lanes) + x if p.add else x, x.lanes)


def _one_by_one(f: Function, p: Product) -> None:
    with f.loop(p.m) as i, f.loop(p.n) as j:
        place = address(f, p.out, (i, j))
        whole = Variable(f, f.load(place, 1) if p.add else 0.0, 1)
        with f.loop(p.k) as k:
            left, right = [address(f, p.a, (i, k)), address(f, p.b, (k, j))]
            whole.add_product(f.load(left, 1), f.load(right, 1))
        f.store(place, whole.get(), 1)

"""Products: matrices multiplied in tiles that stay in registers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import chain, product
from typing import Final

from autograd_mini.compiler.native.nests import address, covered, halves
from autograd_mini.compiler.native.operations import Access, Product
from autograd_mini.compiler.native.vectors import Function, Variable

BLOCK: Final = 128  # of the inner axis: what a tile reads stays in the fastest cache
CACHE: Final = 1 << 15  # bytes of the fastest
ROWS: Final = 4  # of tiles from which on copying what they read pays


def write_product(f: Function, p: Product) -> None:
    """Write `out` in tiles, sums of columns of `a` times rows of `b` that stay in registers.

    A long inner axis is taken in blocks, which are added to `out` one after the other.
    """
    depth = p.k if p.k <= 2 * BLOCK else -(-p.k // -(-p.k // BLOCK))
    add = p.add or depth < p.k
    pieces = [*covered(p.n, *halves(f.module.lanes))]
    if add and not p.add:
        for start, end, lanes in pieces:
            with f.loop(p.m) as i, f.loop(end, lanes, start) as j:
                f.store(address(f, p.out, (i, j)), 0.0, lanes)
    for first, last, size in _divided(p.k, depth):
        part = p._replace(k=size, add=add)
        with f.loop(last, size, first) as block:
            for start, end, lanes in pieces:
                rows, wide = _tile(p.m, (end - start) // lanes, size, f.module.registers)
                for lo, hi, step in _divided((end - start) // lanes, wide):
                    with f.loop(start + hi * lanes, step * lanes, start + lo * lanes) as j:
                        _strip(f, part, block, j, (rows, step), lanes)


def _divided(n: int, step: int) -> Iterable[tuple[int, int, int]]:
    """Return how steps of one size, and one for what is left, cover `n`: from, to, step."""
    return covered(n, step, n % step or 1)


def _tile(m: int, vectors: int, depth: int, registers: int) -> tuple[int, int]:
    """Return rows and vectors of a tile, by counting cycles."""
    best, chosen = math.inf, (1, 1)
    for rows in range(1, min(m, 16) + 1):
        for wide in range(1, min(vectors, 8) + 1):
            if rows * wide + wide + 1 > registers:
                continue
            down, right = list(_divided(m, rows)), list(_divided(vectors, wide))
            cycles = 0.0
            for (top, bottom, r), (lo, hi, v) in product(down, right):
                each = depth * max(r * v, v + r / 2, 4.0) + 12 + r * v
                cycles += (bottom - top) // r * ((hi - lo) // v) * each
            cycles *= 1.0 + 0.01 * len(down) * len(right)
            if cycles < best:
                best, chosen = cycles, (rows, wide)
    return chosen


def _strip(f: Function, p: Product, block: str, j: str, tile: tuple[int, int], lanes: int) -> None:
    """Write the tiles one below the other, for a block of the inner axis.

    Rows of `b` that are far apart would push one another out of the cache: then they are copied
    side by side before.
    """
    rows, wide = tile
    columns = range(0, wide * lanes, lanes)
    a, b = [
        Access(x.buffer, x.offset, (step, step, other))
        for x, step, other in ((p.a, p.a.strides[1], p.a.strides[0]), (p.b, p.b.strides[0], 1))
    ]
    if p.m >= ROWS * rows and p.k * p.b.strides[0] * f.width >= CACHE:
        panel = Access(f.room(wide * lanes * p.k), 0, (0, wide * lanes, 0))
        with f.loop(p.k) as k:
            for c in columns:
                x = f.load(address(f, b, (block, k, j), c), lanes)
                f.store(address(f, panel, (block, k, j), c), x, lanes)
        b = panel
    for lo, hi, step in _divided(p.m, rows):
        with f.loop(hi, step, lo) as i:
            places = [
                [address(f, p.out, (f.plus(i, r), j), c) for c in columns] for r in range(step)
            ]
            sums = [
                [Variable(f, f.load(place, lanes) if p.add else 0.0, lanes) for place in row]
                for row in places
            ]
            with f.loop(p.k) as k:
                right = [f.load(address(f, b, (block, k, j), c), lanes) for c in columns]
                for r, row in enumerate(sums):
                    left = f.spread(address(f, a, (block, k, f.plus(i, r))), lanes)
                    for x, whole in zip(right, row, strict=True):
                        whole.value = f.muladd(left, x, whole.value)
            for place, whole in zip(chain(*places), chain(*sums), strict=True):
                f.store(place, whole.value, lanes)

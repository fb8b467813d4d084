"""Operations: nests of loops around expressions, products of matrices, transposes.

An `Access` says where an element is, by a stride for each loop. Expressions are trees of `Load`s
and of functions as NumPy spells them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any, NamedTuple, TypeAlias

from numpy.lib.mixins import NDArrayOperatorsMixin


class NoNativeFormError(ValueError):
    """A program that machine code is not written for: it stays on NumPy."""


class Access(NamedTuple):
    """An element of a buffer: where the first is, and a stride for each loop.

    `table` is where a list of offsets begins, to which another stride for each loop leads: -1 if
    there is none.
    """

    buffer: str
    offset: int
    strides: tuple[int, ...]
    table: int = -1
    steps: tuple[int, ...] = ()

    def along(self, axes: Sequence[int]) -> Access:
        """Return the access with some of the loops, in this order."""
        steps = tuple([self.steps[d] for d in axes]) if self.steps else ()
        strides = tuple([self.strides[d] for d in axes])
        return Access(self.buffer, self.offset, strides, self.table, steps)


class Load(NamedTuple):
    """An element that is read."""

    access: Access


class Apply(NamedTuple):
    """A function, as NumPy spells it, of expressions."""

    function: Callable[..., Any]
    operands: tuple[Tree, ...]


Tree: TypeAlias = "float | Load | Apply"


class Stack(NDArrayOperatorsMixin):
    """Numbers along a first axis, of which NumPy's functions write a tree.

    `reduced` writes how they are joined over that axis: of a fold, the tree and the length.
    """

    def __init__(
        self, tree: Tree, length: int = 1, reduced: Callable[[Any, Tree, int], Tree] | None = None
    ) -> None:
        self.tree = tree
        self.length = length
        self.reduced = reduced

    def __array_ufunc__(self, f: Any, method: str, *operands: Any, **_: Any) -> Stack:
        if method == "reduce" and self.reduced:
            return Stack(self.reduced(f, self.tree, self.length), 1, self.reduced)
        trees = [x.tree if isinstance(x, Stack) else float(x) for x in operands]
        length = max([x.length for x in operands if isinstance(x, Stack)])
        return Stack(Apply(f, tuple(trees)), length, self.reduced)

    def __array_function__(self, f: Any, types: Any, operands: Any, named: Any) -> Stack:
        return self.__array_ufunc__(f, "__call__", *operands)


class Nest(NamedTuple):
    """Loops around expressions that are stored, or folded over the last of the loops.

    Attributes:
        dims: How many rounds each loop has.
        stores: Where each expression goes, in this order.
        fold: None, or np.add, np.multiply or np.maximum, which joins what is stored.
        reduced: How many of the loops, the last ones, are folded.
        add: Whether a folded result is added to what is there.
    """

    dims: list[int]
    stores: list[tuple[Access, Tree]]
    fold: Any = None
    reduced: int = 0
    add: bool = False

    def reads(self) -> list[Access]:
        """Return all that the expressions read."""
        return [a for _, tree in self.stores for a in loads(tree)]

    def writes(self) -> list[Access]:
        """Return where the values of the expressions are stored."""
        return [target for target, _ in self.stores]


class Product(NamedTuple):
    """The matrix product out (m, n) = a (m, k) b (k, n), or added to `out`.

    The rows of `b` and of `out` are contiguous.
    """

    m: int
    n: int
    k: int
    out: Access
    a: Access
    b: Access
    add: bool

    def flipped(self) -> Product:
        """Return the product of the transposes."""
        out, a, b = [x.along((1, 0)) for x in (self.out, self.a, self.b)]
        return Product(self.n, self.m, self.k, out, b, a, self.add)


class Transpose(NamedTuple):
    """What stands in rows (one example after the other), in columns."""

    rows: int
    columns: int
    source: Access
    target: Access


class Lookup(NamedTuple):
    """Elements of a table, at places that are known when it runs, read or added to.

    `table` finds the place 0; `width` numbers on stands the next. What is no place gives nan.
    """

    dims: list[int]
    places: int
    width: int
    at: Access
    table: Access
    whole: Access
    add: bool


Operation: TypeAlias = "Nest | Product | Transpose | Lookup"


def along(tree: Tree, axes: Sequence[int]) -> Tree:
    """Return an expression with its loops in another order; what is shared stays shared."""
    known: dict[int, Tree] = {}

    def again(x: Tree) -> Tree:
        if isinstance(x, (float, int)):
            return x
        if id(x) not in known:
            known[id(x)] = (
                Load(x.access.along(axes))
                if isinstance(x, Load)
                else Apply(x.function, tuple(map(again, x.operands)))
            )
        return known[id(x)]

    return again(tree)


def loads(tree: Tree) -> list[Access]:
    """Return all that an expression reads."""
    seen: dict[int, Load | Apply] = {}
    stack = [tree]
    while stack:
        x = stack.pop()
        if isinstance(x, (Load, Apply)) and id(x) not in seen:
            seen[id(x)] = x
            stack += x.operands if isinstance(x, Apply) else ()
    return list(dict.fromkeys([x.access for x in seen.values() if isinstance(x, Load)]))


def coalesced(nest: Nest) -> Nest:
    """Return the nest without loops of one round, neighbors that all walk as one joined."""
    accesses = [*nest.writes(), *nest.reads()]
    kept = len(nest.dims) - nest.reduced
    axes: list[int] = []  # the last of each run of loops that are one
    dims: list[int] = []
    for d, n in enumerate(nest.dims):
        if n == 1:
            continue
        before = axes[-1] if axes else -1
        if before >= 0 and (before < kept) == (d < kept) and _are_even(accesses, before, d, n):
            axes[-1], dims[-1] = d, dims[-1] * n
        else:
            axes.append(d)
            dims.append(n)
    stores = [(target.along(axes), along(tree, axes)) for target, tree in nest.stores]
    reduced = sum(d >= kept for d in axes)
    return Nest(dims, stores, nest.fold, reduced, nest.add)


def _are_even(accesses: list[Access], before: int, d: int, n: int) -> bool:
    """Return whether two loops, the inner one of `n` rounds, are one to all accesses."""
    walks = [walk for x in accesses for walk in (x.strides, x.steps) if walk]
    return all(walk[before] == walk[d] * n for walk in walks)


def fused(operations: Sequence[Operation]) -> list[Operation]:
    """Join neighboring maps over the same loops: each needs one pass over what both read."""
    found: list[Operation] = []
    for operation in operations:
        last = found[-1] if found else None
        if (
            isinstance(operation, Nest)
            and isinstance(last, Nest)
            and operation.fold is None
            and last.fold is None
            and operation.dims == last.dims
            and _may_join(last, operation)
        ):
            last.stores.extend(operation.stores)
        else:
            found.append(operation)
    return found


def _may_join(first: Nest, second: Nest) -> bool:
    """Return whether each round of `second` needs the same round of `first` only."""
    reads, written = product(second.reads(), first.writes()), second.writes()
    return not any(
        _overlap(a, b, first.dims) and (a != b or a.table >= 0 or 0 in a.strides)
        for a, b in (*reads, *product(written, [*first.writes(), *first.reads()]))
    )


def _overlap(a: Access, b: Access, dims: list[int]) -> bool:
    if a.buffer != b.buffer:
        return False
    if a.table >= 0 or b.table >= 0:
        return True
    (low, high), (least, most) = _span(a, dims), _span(b, dims)
    return low <= most and least <= high


def _span(x: Access, dims: list[int]) -> tuple[int, int]:
    """Return the least and the largest offset of all that is accessed."""
    ways = [step * (n - 1) for step, n in zip(x.strides, dims, strict=True)]
    return x.offset + sum(min(0, way) for way in ways), x.offset + sum(max(0, way) for way in ways)

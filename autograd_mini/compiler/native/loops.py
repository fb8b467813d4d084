"""Loops: statements as loops over buffers, for one batch size.

Everything that a program computes stands in one array, `work`; an `Access` says where in it an
element is, by a stride for each loop. Four kinds of operations are all that is left: a `Nest` of
loops around an expression, a `Product` of matrices, a `Transpose` of what stands the other way
round, and a `Lookup` of elements at places that are computed.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np

from autograd_mini import ops
from autograd_mini.compiler.expressions import Operand, Ref, Term, dense, extent, reads, replaced
from autograd_mini.compiler.languages.numpy import functions
from autograd_mini.compiler.lower import Lowered
from autograd_mini.compiler.native.builtin import CHECK
from autograd_mini.compiler.native.operations import (
    Access,
    Apply,
    Load,
    Lookup,
    Nest,
    NoNativeFormError,
    Operation,
    Product,
    Stack,
    Transpose,
    Tree,
    along,
    coalesced,
    fused,
)
from autograd_mini.compiler.plan import FORWARD, GRADIENT
from autograd_mini.compiler.rows import (
    AT_LEAST,
    AT_MOST,
    COPY,
    MATMUL_NT,
    MATMUL_TN,
    PRODUCTS,
    PUT,
    SUM,
)
from autograd_mini.compiler.statements import CONSTANTS, SEED, Statement
from autograd_mini.ops import Op, is_built_in

ALIGNED: Final = 16  # elements: the longest vector
LOSS: Final = 0


class _Place(NamedTuple):
    """Where a buffer is: how far its rows, and the examples in a row, are apart."""

    buffer: str
    offset: int
    row: int
    example: int


class Loops:
    """The operations of a program.

    Attributes:
        operations: In the order in which they run.
        size: How many elements `work` has.
        constants: What stands in `work` from the beginning, in double precision, and where.
        table: The offsets that accesses look up.
        results: Where the results are, for any purpose but a gradient.
    """

    def __init__(self, lowered: Lowered, count: int) -> None:
        self.lowered = lowered
        self.count = count
        self.inputs = [len(ids) for ids in lowered.plan.graph.inputs]
        self.operations: list[Operation] = []
        self.size = ALIGNED  # the first are the loss, and what is at CHECK and RATES
        self.constants: dict[bytes, int] = {}
        self.table: list[int] = []
        self.results: list[tuple[int, int]] = []
        self._tables: dict[tuple[int, ...], int] = {}
        self._places: dict[str, _Place] = {}
        self._transposes: list[Transpose] = []
        for name, (rows, varies) in lowered.rows.items():
            self._reserve(name, rows, varies)
        for k, rows in enumerate(self.inputs):
            if lowered.purpose not in (FORWARD, GRADIENT):
                self._reserve(f"g_x{k}", rows, varies=True)
        for statement in lowered.statements:
            self._statement(statement)
        self._finish()
        self.operations = fused([*self._transposes, *self.operations])

    # Places.

    def allocate(self, size: int) -> int:
        """Return where there is room in `work` for `count` numbers."""
        offset = self.size
        self.size += -(-size // ALIGNED) * ALIGNED
        return offset

    def _reserve(self, name: str, rows: int, varies: bool) -> _Place:
        count = self.count if varies else 1
        place = _Place("work", self.allocate(rows * count), count, 1 if varies else 0)
        self._places[name] = place
        return place

    def _temporary(self, shape: tuple[int, ...], varies: bool) -> Ref:
        name = f"n{len(self._places)}"
        self._reserve(name, math.prod(shape), varies)
        return Ref(name, range(math.prod(shape)), shape, varies)

    def _place(self, buffer: str, *, given: bool = False) -> _Place:
        """Return where a buffer is; `given` is as the caller gave it, example after example."""
        if buffer in ("theta", "g_theta"):
            return _Place(buffer.replace("_", ""), 0, 1, 0)
        if buffer[0] != "x":
            return self._places[buffer]
        rows = self.inputs[int(buffer[1:])]
        if given or rows == 1 or self.count == 1:
            return _Place(buffer, 0, 1, rows)
        if buffer not in self._places:
            place = self._reserve(buffer, rows, varies=True)
            source = Access(buffer, 0, (rows, 1))
            target = Access("work", place.offset, (self.count, 1))
            self._transposes.append(Transpose(self.count, rows, source, target))
        return self._places[buffer]

    def _tabulated(self, offsets: tuple[int, ...]) -> int:
        if offsets not in self._tables:
            self._tables[offsets] = len(self.table)
            self.table += offsets
        return self._tables[offsets]

    def _located(self, ref: Ref, *, given: bool = False) -> tuple[_Place, Ref]:
        """Return where the rows of an array are; constants stand one after the other."""
        if ref.buffer != CONSTANTS:
            return self._place(ref.buffer, given=given), ref
        data = np.array([float(self.lowered.plan.graph.data[i]) for i in ref.rows]).tobytes()
        if data not in self.constants:
            self.constants[data] = self.allocate(len(ref.rows))
        rows = range(len(ref.rows))
        return _Place("work", self.constants[data], 1, 0), Ref(CONSTANTS, rows, ref.shape, False)

    def _access(self, ref: Ref, shape: tuple[int, ...]) -> Access:
        """Return how loops over `shape` and the batch find an element of `ref`."""
        lead = len(shape) - len(ref.shape)
        if lead < 0 or any(n not in (1, m) for n, m in zip(ref.shape, shape[lead:], strict=True)):
            raise NoNativeFormError(f"{ref} does not have the shape {shape}")
        place, ref = self._located(ref)
        example = place.example if ref.varies else 0

        def along(steps: Sequence[int], last: int) -> tuple[int, ...]:
            wide = [step if n > 1 else 0 for step, n in zip(steps, ref.shape, strict=True)]
            return (*[0] * lead, *wide, last)

        if ref.strides is not None:
            strides = along([step * place.row for step in ref.strides], example)
            return Access(place.buffer, place.offset + ref.rows[0] * place.row, strides)
        table = self._tabulated(tuple([row * place.row for row in ref.rows]))
        steps = along(dense(ref.shape), 0)
        return Access(
            place.buffer, place.offset, along([0] * len(ref.shape), example), table, steps
        )

    # Expressions.

    def _tree(self, x: Operand, shape: tuple[int, ...]) -> Tree:
        known: dict[int, Tree] = {}

        def tree(x: Operand) -> Tree:
            if not isinstance(x, (Ref, Term)):
                return float(x)
            if id(x) not in known:
                if isinstance(x, Term) and x.op.arity is None:
                    known[id(x)] = Load(self._access(self._row(x), shape))
                elif isinstance(x, Term):
                    known[id(x)] = applied(x.op, [tree(y) for y in x.operands])
                elif x.buffer == SEED:
                    return 1.0 / self.count
                else:
                    known[id(x)] = Load(self._access(x, shape))
            return known[id(x)]

        return tree(x)

    # Statements.

    def _statement(self, s: Statement) -> None:
        if s.op in PRODUCTS:
            self._product(s)
        elif s.op in (ops.TAKE, PUT):
            self._lookup(s)
        elif s.op is SUM:
            self._fold(np.add, s.out, s.operands[0], add=s.add)
        elif s.op.arity is None and len(s.operands) == 1:
            self._reduction(s)
        else:
            self._map(s.out, Term(s.op, s.operands), add=s.add)

    def _nest(self, dims: list[int], stores: list[tuple[Access, Tree]], *details: Any) -> None:
        self.operations.append(coalesced(Nest(dims, stores, *details)))

    def _map(self, out: Ref, x: Operand, *, add: bool = False) -> None:
        if add and out.strides is None and out.buffer in self.lowered.rows:
            out, x = self._scattered(out, x)
        if extent(x)[1] and not out.varies and self.count > 1:
            raise NoNativeFormError(f"{out} has no column for every example")
        target = self._access(out, out.shape)
        tree = self._tree(x, out.shape)
        if add:
            tree = Apply(np.add, (Load(target), tree))
        self._nest([*out.shape, self._columns(out)], [(target, tree)])

    def _scattered(self, out: Ref, x: Operand) -> tuple[Ref, Operand]:
        """Leave out what is added to rows that nobody reads, and keep equal rows apart.

        Padded sums have such rows. What is added to one row twice in a row would wait.
        """
        nth: Counter[int] = Counter()
        found: list[tuple[int, int]] = []
        for i, row in enumerate(out.rows):
            if row in self._needed.get(out.buffer, ()):
                found.append((nth[row], i))
                nth[row] += 1
        at = [i for _, i in sorted(found)]

        def chosen(ref: Ref) -> Ref:
            places = np.broadcast_to(np.arange(len(ref.rows)).reshape(ref.shape), out.shape)
            return ref.elements(places.reshape(-1)[at].tolist(), len(at))

        return chosen(out), replaced(x, chosen)

    @cached_property
    def _needed(self) -> dict[str, set[int]]:
        """The rows of each buffer that are read."""
        found: dict[str, set[int]] = {}
        operands = [x for s in self.lowered.statements for x in s.operands]
        for x in (*operands, *self.lowered.plan.results, *self.lowered.watched):
            for ref in reads(x):
                found.setdefault(ref.buffer, set()).update(ref.rows)
        return found

    def _columns(self, ref: Ref) -> int:
        return self.count if ref.varies else 1

    def _fold(self, fold: Any, out: Ref, x: Operand, *, add: bool = False) -> None:
        """Join the elements of an array until it has the shape of `out`."""
        shape, varies = extent(x)
        whole = np.broadcast_shapes(shape, out.shape)
        target = (1,) * (len(whole) - len(out.shape)) + out.shape
        dims = [*whole, self.count if varies or out.varies else 1]
        kept = [d for d, n in enumerate(target) if n == whole[d]]
        (kept if out.varies or dims[-1] == 1 else []).append(len(whole))
        order = [*kept, *[d for d in range(len(dims)) if d not in kept]]
        goal = self._access(out, whole).along(order)
        tree = along(self._tree(x, whole), order)
        self._nest([dims[d] for d in order], [(goal, tree)], fold, len(dims) - len(kept), add)

    def _reduction(self, s: Statement) -> None:
        """Write a row of any number of operands, which stand along the first axis."""
        (x,) = s.operands
        if not is_built_in(s.op) or not isinstance(x, Ref) or s.add:
            raise NoNativeFormError(f"{s.op.name} is a Python function")
        stack, out = x.shaped(x.shape[0], *s.out.shape), s.out.shaped(1, *s.out.shape)
        load = Load(self._access(stack, stack.shape))
        dims = [*out.shape, self._columns(out)]

        def reduced(fold: Any, tree: Tree, length: int) -> Tree:
            goal = self._access(self._temporary(out.shape, out.varies), out.shape)
            order = [*range(1, len(dims)), 0]
            stores = [(goal.along(order), along(tree, order))]
            self._nest([*dims[1:], length], stores, fold, 1)
            return Load(goal)

        found = functions.FUNCTIONS[s.op.name](Stack(load, x.shape[0], reduced))
        self._nest(dims, [(self._access(out, out.shape), found.tree)])

    def _row(self, x: Term) -> Ref:
        """Return what a row of any number of operands gives, which stand one by one."""
        shape, varies = extent(x)
        n = math.prod(shape)
        stack = self._temporary((len(x.operands), *shape), varies)
        for k, operand in enumerate(x.operands):
            self._map(stack.elements(range(k * n, k * n + n), *shape), operand)
        out = self._temporary(shape, varies)
        self._reduction(Statement(x.op, out, (stack,)))
        return out

    def _lookup(self, s: Statement) -> None:
        """Read elements of a table, or add to them, at places that are computed."""
        at, x = s.operands
        if not isinstance(at, Ref) or not isinstance(x, Ref):
            raise NoNativeFormError(f"{s} has operands that stand nowhere")
        whole, table = (s.out, x) if s.op is ops.TAKE else (x, s.out)
        places, width = table.shape
        place, table = self._located(table)
        known = self._tabulated(tuple([row * place.row for row in table.rows]))
        strides = *[0] * len(whole.shape), place.example if table.varies else 0
        steps = (*dense(whole.shape), 0)
        found = Access(place.buffer, place.offset, strides, known, steps)
        dims = [*whole.shape, self.count if whole.varies or at.varies else 1]
        accesses = self._access(at, whole.shape), found, self._access(whole, whole.shape)
        self.operations.append(Lookup(dims, places, width, *accesses, s.op is PUT))

    # Matrices.

    def _product(self, s: Statement) -> None:
        a, b = s.refs
        left, (m, k) = self._matrix(a, flipped=s.op is MATMUL_TN)
        right, (depth, n) = self._matrix(b, flipped=s.op is MATMUL_NT)
        found = self._regular(s.out)
        if k != depth or found is None or found[1] != (m, n):
            raise NoNativeFormError(f"{s} has matrices that do not go together")
        self._multiply(Product(m, n, k, found[0], left, right, s.add))

    def _multiply(self, p: Product) -> None:
        """Write a product so that vectors run along rows, or as sums along the inner axis."""
        ways = [q for q in (p, p.flipped()) if q.n > 1 and q.out.strides[1] == 1]
        for q in ways:
            if q.b.strides[1] == 1:
                self.operations.append(q)
                return
        for q in ways:
            if q.m > 1 and q.b.strides[0] == 1:
                rows = Access("work", self.allocate(q.k * q.n), (q.n, 1))
                self.operations.append(Transpose(q.n, q.k, q.b.along((1, 0)), rows))
                self.operations.append(q._replace(b=rows))
                return
        a, b, out = [x.strides for x in (p.a, p.b, p.out)]
        left = p.a._replace(strides=(a[0], 0, a[1]))
        right = p.b._replace(strides=(0, b[1], b[0]))
        term = Apply(np.multiply, (Load(left), Load(right)))
        goal = p.out._replace(strides=(*out, 0))
        self._nest([p.m, p.n, p.k], [(goal, term)], np.add, 1, p.add)

    def _matrix(self, ref: Ref, *, flipped: bool) -> tuple[Access, tuple[int, int]]:
        """Return a matrix, or its transpose, and its shape; what is not regular is copied."""
        found = self._regular(ref, given=flipped)
        if found is None:
            whole = self._temporary(ref.shape, ref.varies)
            self._map(whole, ref)
            found = self._regular(whole)
            assert found is not None
        access, (m, n) = found
        return (access.along((1, 0)), (n, m)) if flipped else found

    def _regular(self, ref: Ref, *, given: bool = False) -> tuple[Access, tuple[int, int]] | None:
        """Return a matrix with two strides, the batch beside the second axis, or None."""
        k, p = ref.shape
        shape = (k, p * self._columns(ref))
        given = given and p == 1 and ref.buffer[0] == "x" and k >= 8
        place, ref = self._located(ref, given=given)
        if ref.strides is None:
            return None
        down, right = [step * place.row for step in ref.strides]
        if ref.varies and self.count > 1:
            if p > 1 and right != place.example * self.count:
                return None
            right = place.example
        return Access(place.buffer, place.offset + ref.rows[0] * place.row, (down, right)), shape

    # Results.

    def _finish(self) -> None:
        """Write the results, and a number that is 0 if all of them are finite."""
        lowered = self.lowered
        checked = [*lowered.watched]
        self._places["result"] = _Place("work", 0, 1, 0)
        loss, check = [Ref("result", [row], (1,), False) for row in (LOSS, CHECK)]
        self._map(check, 0.0)
        if lowered.purpose == GRADIENT:
            (ref,) = lowered.plan.results
            mean = Term(ops.MUL, (self._read(ref), 1.0 / self.count if ref.varies else 1.0))
            self._fold(np.add, loss, mean)
            rows = len(lowered.plan.parameters)
            unwritten = np.ones(rows, bool)
            for s in lowered.statements:
                if s.out.buffer == "g_theta":
                    unwritten[slice(*s.out.span) if s.out.span else s.out.rows] = False
            rest = np.flatnonzero(unwritten).tolist()
            if rest:
                self._map(Ref("g_theta", rest, (len(rest),), False), 0.0)
            checked.append(loss)
            if rows:
                checked.append(Ref("g_theta", range(rows), (rows,), False))
        else:
            slopes = [Ref(f"g_x{k}", range(n), (n,), True) for k, n in enumerate(self.inputs)]
            outcome = [self._values()] if lowered.purpose == FORWARD else slopes
            self.results = [(self._places[ref.buffer].offset, len(ref.rows)) for ref in outcome]
            checked += [ref for ref in outcome if ref.rows]
        for ref in checked:
            self._fold(np.add, check, Term(ops.MUL, (ref, 0.0)), add=True)

    def _values(self) -> Ref:
        """Return the values of the roots."""
        roots = self.lowered.plan.results
        out = self._temporary((len(roots),), True)
        for row, root in enumerate(roots):
            self._map(Ref(out.buffer, [row], (1,), True), self._read(root))
        return out

    def _read(self, ref: Ref) -> Operand:
        return self.lowered.plan.graph.data[ref.rows[0]] if ref.buffer == CONSTANTS else ref


_WITH_EQUALS: Final = {AT_LEAST: np.greater_equal, AT_MOST: np.less_equal}


def applied(op: Op, operands: list[Tree]) -> Tree:
    """Return a row applied to expressions."""
    if op is COPY:
        return operands[0]
    if op in _WITH_EQUALS:
        return Apply(_WITH_EQUALS[op], tuple(operands))
    if not is_built_in(op) or op.name not in functions.FUNCTIONS:
        raise NoNativeFormError(f"{op.name} is a Python function")
    return Apply(functions.FUNCTIONS[op.name], tuple(operands))

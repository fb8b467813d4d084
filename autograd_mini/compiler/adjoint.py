"""Adjoint: the groups in reverse; each sends upstream * local to what it read.

The local derivative is the row's own rule, run on expressions. The first contribution to a
gradient is stored, later ones are added; where a contribution is the upstream itself, its array
is shared.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, Final, TypeAlias, cast

from autograd_mini import ops
from autograd_mini.compiler.expressions import (
    Expression,
    Operand,
    Ref,
    Term,
    as_expression,
    extent,
    reads,
    replaced,
)
from autograd_mini.compiler.groups import Group, Part
from autograd_mini.compiler.lower import (
    Forward,
    Lowered,
    joined_operands,
    laid_out,
    narrowed,
    shared_terms,
)
from autograd_mini.compiler.plan import FLAGS, INPUTS
from autograd_mini.compiler.record import VARYING
from autograd_mini.compiler.rows import COPY, MATMUL_NT, MATMUL_TN, PRODUCTS, PUT, SUM
from autograd_mini.compiler.statements import CONSTANTS, SEED, SHARED, THETA, VALUES, Statement
from autograd_mini.compiler.sums import stretches
from autograd_mini.ops import Op

# A float is a multiple of the seed, for all members. One row for several is the same for all.
Upstream: TypeAlias = "float | Ref"


class Backward:
    """The statements that differentiate.

    Attributes:
        touched: For each buffer, the rows of its gradient that something was written to.
        cleared: The rows that are added to before anything is stored.
        shared: Gradients that need no array of their own, by the group's id.
        consumers: How many statements send a group its gradient, by the group's id.
    """

    def __init__(self, lowered: Lowered, forward: Forward) -> None:
        plan = lowered.plan
        self.lowered = lowered
        self.plan = plan
        self.forward = forward
        self.append = forward.append
        self.flag = FLAGS[lowered.purpose]
        self.owner = {i: group for group in plan.groups for i in group.members}
        self.consumers = self._counted()
        self.shared: dict[int, Upstream] = {}
        self.cleared: defaultdict[str, set[int]] = defaultdict(set)
        self.touched: defaultdict[str, set[int]] = defaultdict(set)

    def write(self) -> None:
        """Write all of them."""
        (ref,) = self.plan.results
        if ref.buffer == CONSTANTS or not self._needed(ref):
            return
        start = len(self.lowered.statements)
        group = self.owner.get(ref.nodes[0])
        if group is not None and len(group.members) == 1 and self.consumers[id(group)] == 1:
            self.shared[id(group)] = 1.0
        else:
            self._accumulate(ref, COPY, (self._seed(1.0, ref.varies),))
        # What is the same for all examples comes last: nothing that varies waits for it, and a
        # penalty finds the gradients of all weights stored, to be added to by one statement.
        for group in sorted(self.plan.groups, key=lambda group: group.kind == VARYING)[::-1]:
            upstream = self._upstream(group) if self._leads_on(group.members) else None
            if upstream is None:
                continue
            if group.op is None:
                self._sum(group, upstream)
            elif group.op is ops.TAKE:
                self._take(group, upstream)
            elif group.op.arity is None:
                self._reduction(group, group.op, upstream)
            else:
                self._row(group, group.op, upstream)
        self.lowered.statements[start:start] = self._clearing()

    def _counted(self) -> dict[int, int]:
        counts: Counter[int] = Counter()

        def count(refs: Sequence[Ref]) -> None:
            for ref in filter(self._needed, refs):
                if ref.buffer in (VALUES, SHARED):
                    counts.update({id(self.owner[i]) for i in ref.nodes if i in self.owner})

        count(self.plan.results)
        for group in self.plan.groups[::-1]:
            if id(group) in counts:
                count(_receiving(group))
        return counts

    def _leads_on(self, nodes: Sequence[int]) -> bool:
        """Return whether something whose gradient is wanted is below any of the nodes."""
        flags, wanted = self.plan.flags, self.flag
        return any(flags[i] & wanted for i in nodes)

    def _needed(self, ref: Ref) -> bool:
        return ref.buffer != CONSTANTS and self._leads_on(ref.nodes)

    def _seed(self, factor: float, varies: bool) -> Operand:
        """Return the gradient of the result times a factor; averaged, where it varies."""
        if not varies or self.lowered.purpose == INPUTS:
            return factor
        return factor * Ref(SEED, [0], (1,), False)

    def _upstream(self, group: Group) -> Upstream | None:
        """Return the finished gradient of a group, None if nothing came."""
        if id(group) in self.shared:
            return self.shared[id(group)]
        out = group.out
        if self.touched[out.buffer].isdisjoint(out.rows):
            return None
        self._clear(out.buffer, out.rows)
        return out.of(f"g_{out.buffer}")

    def _factor(self, upstream: Upstream, varies: bool) -> Operand:
        return upstream if isinstance(upstream, Ref) else self._seed(upstream, varies)

    def _array(self, upstream: Upstream, count: int, varies: bool) -> Ref:
        """Return a gradient with all of its rows and columns."""
        if isinstance(upstream, Ref) and len(upstream.rows) == count:
            return upstream
        whole = self.forward.temporary((count,), varies)
        self.append(COPY, whole, (self._factor(upstream, varies),))
        return whole

    # Rows.

    def _row(self, group: Group, op: Op, upstream: Upstream) -> None:
        out, refs = laid_out(group.out, group.operands)
        operands = [self.forward.read(ref) for ref in refs]
        for j, ref in enumerate(refs):
            if self._needed(ref) and (op.receives is None or j in op.receives):  # no condition
                (local,) = self.forward.cut([self._rule(op, j, out, operands)], op)
                self._contribute(out, ref, upstream, local)

    def _rule(self, op: Op, j: int, out: Ref, operands: list[Operand]) -> Operand:
        """Return a partial derivative: the rule run on expressions, or a call of it."""
        local = as_expression(op.partials[j], out, *operands)
        if local is None or isinstance(local, tuple):
            return _opaque(op, j, out, operands)
        return local

    def _reduction(self, group: Group, op: Op, upstream: Upstream) -> None:
        if not any(map(self._needed, group.operands)):
            return
        out = group.out
        joined = joined_operands(group.operands)
        members = [self._own(ref) for ref in group.operands]
        partials = as_expression(op.partials, out, *members)
        template = _common_partial(partials, members)
        if template is not None and joined is not None:
            stack = self.forward.operand_stack(group)
            whole = replaced(template, lambda ref: stack if ref is members[0] else ref)
            (local,) = self.forward.cut([whole], op)
            g = self._factor(upstream, out.varies)
            self._accumulate_stack(joined, len(group.members), _times(g, local))
            return
        if not isinstance(partials, tuple):
            operands = [self.forward.read(ref) for ref in group.operands]
            locals_: list[Any] = [_opaque(op, j, out, operands) for j in range(len(operands))]
        else:
            locals_ = self.forward.cut(cast("tuple[Operand, ...]", partials), op)
        for ref, local in zip(group.operands, locals_, strict=True):
            if self._needed(ref):
                self._contribute(out, ref, upstream, local)

    def _take(self, group: Group, upstream: Upstream) -> None:
        elements, n = group.operands[1:], len(group.members)
        if not any(map(self._needed, elements)):
            return
        out, (at,) = laid_out(group.out, group.operands[:1])
        operands = self.forward.read(at), self._array(upstream, n, out.varies).shaped(*out.shape)
        table = joined_operands(elements)
        if table is not None:
            self._clear(table.buffer, table.rows)
            self.append(PUT, table.of(f"g_{table.buffer}"), operands, add=True)
            return
        whole = self.forward.temporary((len(elements), n), out.varies)
        self.append(COPY, whole, (0.0,))
        self.append(PUT, whole, operands, add=True)
        for j, ref in enumerate(elements):
            if self._needed(ref):
                line = whole.elements(range(j * n, j * n + n), n)
                self._contribute(group.out, ref, line, 1.0)

    def _own(self, ref: Ref) -> Ref:
        """Return what a member reads as an object of its own, to be told from the others'."""
        x = self.forward.read(ref)
        return (x if isinstance(x, Ref) else ref).of(ref.buffer)

    def _contribute(self, out: Ref, ref: Ref, upstream: Upstream, local: Operand) -> None:
        """Send upstream * local to what one operand of every member of `out` reads."""
        ref = narrowed(ref)
        over_batch = out.varies and not ref.varies
        members = len(out.rows) // len(ref.rows)  # that read each
        over_members = members > 1
        target = self._whole(ref)
        two_axes = len(out.shape) > 1 and isinstance(local, Expression)
        if two_axes or (isinstance(upstream, Ref) and (over_batch or over_members)):
            upstream = self._array(upstream, len(out.rows), out.varies)
        if isinstance(upstream, float) and not isinstance(local, Expression):
            factor = upstream * local * members
            if target is not None:
                self.shared[id(target)] = factor
            else:
                self._accumulate(ref, COPY, (self._seed(factor, ref.varies),))
            return
        if isinstance(upstream, Ref):
            is_whole = len(upstream.rows) == len(out.rows)
            product = _times(upstream.shaped(*out.shape) if is_whole else upstream, local)
        else:
            shape, varies = extent(local)
            over_members = len(ref.rows) < math.prod(shape)
            factor = upstream * members * len(ref.rows) / max(math.prod(shape), len(ref.rows))
            if over_batch and not varies:  # the seed, summed over the batch, is 1
                over_batch = False
                product = factor * local
            else:
                product = _times(self._seed(factor, out.varies), local)
        if over_batch or over_members:
            self._accumulate(ref, SUM, (product,))
        elif target is not None and isinstance(product, Ref) and isinstance(upstream, Ref):
            self.shared[id(target)] = upstream
        else:
            self._accumulate(ref, COPY, (product,))

    def _whole(self, ref: Ref) -> Group | None:
        """Return the group of which this is all, if nobody else reads it."""
        group = self.owner.get(ref.nodes[0]) if ref.buffer in (VALUES, SHARED) else None
        if group is None or self.consumers[id(group)] != 1:
            return None
        return group if ref.span == (group.lo, group.lo + len(group.members)) else None

    # Sums of products.

    def _sum(self, group: Group, upstream: Upstream) -> None:
        total: Ref | None = None  # over the batch
        n, varies = len(group.members), group.kind == VARYING
        for part in group.parts:
            if part.kind == "add":
                if self._needed(part.left):
                    out, (left,) = laid_out(group.out, [part.left])
                    self._contribute(out, left, upstream, 1.0)
                continue
            if not any(map(self._needed, part.sides)):
                continue
            g: Upstream = upstream
            if varies and not part.varies and isinstance(upstream, Ref):
                if total is None:
                    total = self.forward.temporary((n,), False)
                    self.append(SUM, total, (self._array(upstream, n, True),))
                g = total
            if part.kind == "matrix":
                self._matrix(part, self._array(g, n, part.varies), group.positions)
            elif part.right is not None or not self._handed_on(part.left, n, g):
                self._products(part, n, self._factor(g, part.varies))

    def _matrix(self, part: Part, g: Ref, positions: int) -> None:
        assert part.right is not None
        g = g.shaped(part.left.shape[0], positions)
        if self._needed(part.left):
            self._accumulate(part.left, MATMUL_NT, (g, part.right))
        if self._needed(part.right):
            self._accumulate(part.right, MATMUL_TN, (part.left, g))

    def _handed_on(self, left: Ref, n: int, g: Upstream) -> bool:
        """Let groups that are summed up share the gradients of their sums, if these are all."""
        k = left.shape[0]
        targets = [self._whole(left.elements(range(m, k * n, n), k)) for m in range(n)]
        if None in targets or len({*map(id, targets)}) < n:
            return False
        for m, target in enumerate(targets):
            self.shared[id(target)] = g.elements([m % len(g.rows)], 1) if isinstance(g, Ref) else g
        return True

    def _products(self, part: Part, n: int, g: Operand) -> None:
        left, right = part.left, part.right
        if right is None:
            self._accumulate_stack(left, n, g)
        elif left.buffer == right.buffer and left.rows == right.rows:
            self._accumulate_stack(left, n, _times(_times(2.0, g), self.forward.stack(left)))
        else:
            for side, other in ((left, right), (right, left)):
                if self._needed(side):
                    self._accumulate_stack(side, n, _times(g, self.forward.stack(other)))

    # Accumulating.

    def _accumulate_stack(self, ref: Ref, n: int, term: Operand) -> None:
        """Add to terms along the first axis, members along the second, if there are several."""
        if n == 1:
            self._accumulate(ref.shaped(ref.shape[0]), COPY, (term,))
            return
        shared = shared_terms(ref)
        if shared is None:
            self._accumulate(ref, COPY, (term,))
        elif extent(term)[0][-1:] == (n,):
            self._accumulate(shared, SUM, (term,))
        else:
            self._accumulate(shared, COPY, (n * term,))

    def _accumulate(self, ref: Ref, op: Op, operands: tuple[Operand, ...]) -> None:
        """Send a contribution to the gradient of what `ref` reads: the first one is stored."""
        touched, rows = self.touched[ref.buffer], ref.rows
        gradient = ref.of(f"g_{ref.buffer}")
        are_different = ref.span or len(set(rows)) == len(rows)
        add = not are_different or not touched.isdisjoint(rows)
        is_first = add and touched.isdisjoint(self.lowered.sloped(ref))
        if add:
            self._clear(ref.buffer, rows)
        wide = op in PRODUCTS and ref.varies  # its columns must stand beside the second axis
        if op is not COPY and gradient.block not in (("rows",) if wide else ("rows", "columns")):
            whole = self.forward.temporary(ref.shape, ref.varies)
            self.append(op, whole, operands)
            op, operands = COPY, (whole,)
        self.append(op, gradient, operands, add=add)
        if is_first:
            self.lowered.first.add(id(self.lowered.statements[-1]))
        touched.update(rows)

    def _clear(self, buffer: str, rows: Sequence[int]) -> None:
        """Note the rows of a gradient that nothing was written to: they are set to 0 first."""
        fresh = {*rows} - self.touched[buffer]
        if fresh:
            self.cleared[buffer] |= fresh
            self.touched[buffer] |= fresh

    def _clearing(self) -> list[Statement]:
        found: list[Statement] = []
        for buffer, cleared in self.cleared.items():
            rows = sorted(cleared)
            blocks = stretches([row - i for i, row in enumerate(rows)])
            if len(blocks) > _BLOCKS:
                if rows[-1] - rows[0] < 2 * len(rows):
                    rows = list(range(rows[0], rows[-1] + 1))  # what is between is written later
                blocks = [(0, len(rows))]
            for lo, hi in blocks:
                ref = Ref(f"g_{buffer}", rows[lo:hi], (hi - lo,), buffer not in (THETA, SHARED))
                found.append(Statement(COPY, ref, (0.0,)))
        return found


_BLOCKS: Final = 8  # of rows side by side that are cleared one by one


def _receiving(group: Group) -> list[Ref]:
    """Return the operands into which gradients flow; there is none in a condition or a place."""
    if group.op is None:
        return group.refs
    if group.op is ops.TAKE:
        return group.operands[1:]
    kept = group.op.receives
    return group.operands if kept is None else [group.operands[j] for j in kept]


def _times(g: Operand, local: Any) -> Any:
    return g if not isinstance(local, Expression) and local == 1.0 else g * local


def _opaque(op: Op, j: int, out: Ref, operands: Sequence[Operand]) -> Term:
    """Return a partial whose rule only knows numbers: a call of it, as a row of its own."""

    def partial(f: Any, *xs: Any) -> Any:
        return op.partials(f, *xs)[j]

    rule: Any = partial if op.arity is None else op.partials[j]
    row = Op(f"{op.name}_slope{j}", rule, (rule,))
    row.arity = len(operands) + 1
    return Term(row, (out, *operands))


def _common_partial(partials: Any, operands: list[Ref]) -> Operand | None:
    """Return the first partial if all are alike, each of its own operand."""
    if not isinstance(partials, tuple):
        return None
    texts: set[str] = set()
    probe = Ref("?", [0], (1,), False)
    alike = cast("tuple[Operand, ...]", partials)
    for mine, partial in zip(operands, alike, strict=True):
        if any(x is y for x in reads(partial) for y in operands if y is not mine):
            return None
        texts.add(str(replaced(partial, lambda ref, mine=mine: probe if ref is mine else ref)))
    return alike[0] if len(texts) == 1 else None

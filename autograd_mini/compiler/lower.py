"""Lower: the groups of a plan as statements, forward, and backward in reverse."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any, Final

from autograd_mini import ops
from autograd_mini.compiler.expressions import (
    Expression,
    Operand,
    Ref,
    Term,
    as_expression,
    extent,
    identical,
)
from autograd_mini.compiler.groups import Group
from autograd_mini.compiler.plan import FLAGS, FORWARD, GRADIENT, INPUTS, Plan
from autograd_mini.compiler.record import VARYING
from autograd_mini.compiler.rows import COPY, MATMUL, SUM, may_raise
from autograd_mini.compiler.statements import CONSTANTS, SHARED, VALUES, Statement
from autograd_mini.errors import TraceError
from autograd_mini.ops import ELEMENTARY, Op, is_built_in

# rows that are not finite where an operand is not; of a quotient that is the first
_SHOWING: Final = {ops.ADD, ops.SUB, ops.NEG, ops.MUL, ops.DIV, ops.LOG, ops.TOTAL, ops.DETACH}
_ORDER: Final = {"matrix": 0, "products": 1, "total": 2, "add": 3}
_DEEP: Final = 24  # operations of one expression that stand inside one another


class Lowered:
    """A program as statements.

    Attributes:
        plan: Where they come from.
        purpose: What the program is for.
        statements: In the order in which they run; from `backward` on those of the backward pass.
        rows: How many rows each buffer of the program's own has, and whether it varies.
        watched: Results that are not finite if an operand was outside of its row's domain.
        first: The ids of statements that add to rows which have only been cleared so far.
    """

    def __init__(self, plan: Plan, purpose: str) -> None:
        self.plan = plan
        self.purpose = purpose
        self.statements: list[Statement] = []
        self.backward = 0
        self.rows: dict[str, tuple[int, bool]] = {}
        self.watched: list[Ref] = []
        self.first: set[int] = set()
        for kind, buffer in ((VARYING, VALUES), ("p", SHARED)):
            if plan.rows[kind]:
                self.rows[buffer] = plan.rows[kind], kind == VARYING
                if purpose != FORWARD:
                    self.rows[f"g_{buffer}"] = self.rows[buffer]

    def sloped(self, ref: Ref) -> list[int]:
        """Return the rows of a gradient that lead to something that is asked for: no padding."""
        flags, wanted = self.plan.flags, FLAGS[self.purpose]
        pairs = zip(ref.rows, ref.nodes, strict=False)  # of what is no node, all
        return sorted({row for row, i in pairs if flags[i] & wanted} or {*ref.rows})

    def __str__(self) -> str:
        return "\n".join(map(str, self.statements))


def lower(plan: Plan, purpose: str) -> Lowered:
    """Return a plan as statements: the forward pass, and where it is wanted the backward pass.

    Example:
        >>> from autograd_mini import Value
        >>> from autograd_mini.compiler.plan import GRADIENT, plan
        >>> from autograd_mini.compiler.record import record
        >>> w = Value(3.0)
        >>> print(lower(plan(record(lambda x: (w * x).tanh(), [2.0])), GRADIENT))
        values[0:1] = (theta[0:1] * x0[0:1])
        values[1:2] = tanh(values[0:1])
        g_values[0:1] = (seed[0:1] * (1.0 - (values[1:2] * values[1:2])))
        g_theta[0:1] = sum((g_values[0:1] * x0[0:1]))
    """
    if purpose == GRADIENT and (cut := plan.recorded.cut):
        raise TraceError(
            f"the function takes a derivative at a plain number ({cut}). The derivative is a plain "
            "number, too: no gradient of a parameter flows through it, but in a program one would; "
            "write the derivative as a formula"
        )
    from autograd_mini.compiler.adjoint import Backward

    result = Lowered(plan, purpose)
    forward = Forward(result)
    for group in plan.groups:
        forward.group(group)
    result.backward = len(result.statements)
    if purpose != FORWARD:
        Backward(result, forward).write()
    return result


class Forward:
    """The statements that compute, and what these have in common with those that differentiate."""

    def __init__(self, lowered: Lowered) -> None:
        self.lowered = lowered
        self.plan = lowered.plan
        self.graph = lowered.plan.graph
        self.stacks: dict[int, Ref] = {}  # the operands of rows of any number, by the group's id

    def append(
        self, op: Op, out: Ref, operands: Iterable[Operand], comment: str = "", *, add: bool = False
    ) -> None:
        """Add a statement; a term that is only copied becomes the statement itself."""
        operands = tuple(operands)
        while op is COPY and isinstance(x := operands[0], Term) and not add:
            op, operands = x.op, x.operands
        self.lowered.statements.append(Statement(op, out, operands, comment, add))

    def temporary(self, shape: tuple[int, ...], varies: bool) -> Ref:
        """Return rows of a new buffer."""
        count = math.prod(shape)
        name = f"t{len(self.lowered.rows)}"
        self.lowered.rows[name] = count, varies
        return Ref(name, range(count), shape, varies)

    # Reading.

    def read(self, ref: Ref) -> Operand:
        """Return what a statement reads: a float, or one row for all, if all are the same."""
        if ref.buffer == CONSTANTS:
            first = self.graph.data[ref.rows[0]]
            if all(identical(self.graph.data[i], first) for i in ref.rows):
                return first
        return narrowed(ref)

    def stack(self, ref: Ref) -> Operand:
        """Return terms along the first axis, members along the second, if there are several."""
        k, n = ref.shape
        if ref.buffer == CONSTANTS and not isinstance(x := self.read(ref), Ref):
            return x
        if n == 1:
            return ref.shaped(k)
        shared = shared_terms(ref)
        return ref if shared is None else shared

    # Groups.

    def group(self, group: Group) -> None:
        """Write a group's statements."""
        out, op = group.out, group.op
        if op is None:
            self._sum(group, out)
            if not self.plan.squared.isdisjoint(group.members):
                self._watch(group, out)
            return
        if op is ops.TAKE:
            out, (at,) = laid_out(out, group.operands[:1])
            self.append(op, out, (self.read(at), self.table(group)))
        else:
            refs = group.operands
            if op.arity is not None:
                out, refs = laid_out(out, refs)
            self._row(op, out, [self.read(ref) for ref in refs], group)
        last = self.lowered.statements[-1]
        is_part = op is ops.DIV and last.op is ops.DIV and _is_fixed(last.operands[1])
        if op is not COPY and not is_part and may_raise(op):
            self._watch(group, out)

    def _watch(self, group: Group, out: Ref) -> None:
        if not self.shown.issuperset(group.members):
            self.lowered.watched.append(out)

    @cached_property
    def shown(self) -> set[int]:
        """The nodes without which the result is not finite: nobody has to watch them, too."""
        shown = set(self.graph.roots if self.lowered.purpose != INPUTS else ())
        stack = list(shown)
        while stack:
            i = stack.pop()
            fresh = {*_showing(self.graph.ops[i], self.graph.args[i])} - shown
            shown |= fresh
            stack += fresh
        return shown

    def _row(self, op: Op, out: Ref, operands: list[Operand], group: Group) -> None:
        """Write a row, or the rows it is made of."""
        x = operands[0]
        if op is ops.POW and isinstance(operands[1], float) and operands[1] == 2.0:
            self.append(ops.MUL, out, (x, x))
            return
        varies = any(isinstance(x, Expression) for x in operands)
        if varies and op is not COPY and op not in ELEMENTARY:
            whole = as_expression(op.formula, *operands)
            if whole is not None and not isinstance(whole, tuple):
                self.append(COPY, out, self.cut([whole], op), op.name)
                return
        self.append(op, out, operands if op.arity is not None else [self.operand_stack(group)])

    def operand_stack(self, group: Group) -> Ref:
        """Return the operands of a row that takes any number of them, along the first axis."""
        if id(group) not in self.stacks:
            n, k = len(group.members), len(group.operands)
            joined = joined_operands(group.operands)
            if joined is None or joined.buffer == CONSTANTS:
                joined = self._stacked(group.operands, n, group.kind == VARYING)
            self.stacks[id(group)] = joined.shaped(k, n) if n > 1 else joined.shaped(k)
        return self.stacks[id(group)]

    def table(self, group: Group) -> Ref:
        """Return what elements are taken from, those of each member along the first axis."""
        elements = group.operands[1:]
        found = joined_operands(elements)
        if found is not None:
            return found
        return self._stacked(elements, len(group.members), group.kind == VARYING)

    def _stacked(self, refs: Sequence[Ref], n: int, varies: bool) -> Ref:
        stack = self.temporary((len(refs), n), varies)
        for j, ref in enumerate(refs):
            self.append(COPY, stack.elements(range(j * n, j * n + n), n), (self.read(ref),))
        return stack

    def _sum(self, group: Group, out: Ref) -> None:
        """Write a sum of products, what varies first: the rest is added to every example."""
        varies = group.kind == VARYING
        order = sorted(
            group.parts, key=lambda part: (varies and not part.varies, _ORDER[part.kind])
        )
        for part in order:
            add = part is not order[0]
            left, right = part.left, part.right
            if part.kind == "add":
                wide, (left,) = laid_out(out, [left])
                self.append(COPY, wide, (self.read(left),), add=add)
            elif part.kind == "matrix":
                assert right is not None
                wide = out.shaped(left.shape[0], group.positions)
                if varies and not part.varies:
                    wide = self.temporary(wide.shape, False)
                    self.append(MATMUL, wide, (left, right))
                    self.append(COPY, out, (wide.shaped(len(out.rows)),), add=add)
                else:
                    self.append(MATMUL, wide, (left, right), add=add)
            else:
                term = self.stack(left)
                if right is not None:
                    term = ops.MUL.forward(term, self.stack(right))
                if isinstance(term, float):
                    self.append(COPY, out, (term * left.shape[0],), add=add)
                else:
                    self.append(SUM, out, (term,), add=add)

    # Expressions.

    def cut(self, roots: Sequence[Operand], op: Op) -> list[Any]:
        """Return expressions in which nothing is written twice and nothing nests too deep.

        They are written in place of `op`. A row of the user's may ask its functions for numbers
        outside of their domains and choose others: these are watched.
        """
        hidden = set[int]() if is_built_in(op) else _hidden_terms(roots)
        uses: dict[int, int] = {}
        order: list[Term] = []
        stack: list[Any] = list(roots[::-1])
        while stack:
            x = stack.pop()
            if x is None:
                order.append(stack.pop())
            elif isinstance(x, Term):
                uses[id(x)] = uses.get(id(x), 0) + 1
                if uses[id(x)] == 1:
                    stack += (x, None, *x.operands[::-1])
        done: dict[int, Operand] = {}
        depth: dict[int, int] = {}
        for x in order:
            inner = max([depth.get(id(y), 0) for y in x.operands], default=0) + 1
            term = Term(x.op, tuple([done.get(id(y), y) for y in x.operands]))
            done[id(x)] = term
            large = inner > 1 and any(isinstance(y, Term) for y in term.operands)
            if (uses[id(x)] > 1 and large) or inner > _DEEP or id(x) in hidden:
                shape, varies = extent(term)
                done[id(x)] = whole = self.temporary(shape or (1,), varies)
                self.append(COPY, whole, (term,))
                if id(x) in hidden:
                    self.lowered.watched.append(whole)
                inner = 0
            depth[id(x)] = inner
        return [done.get(id(x), x) for x in roots]


def laid_out(out: Ref, refs: Sequence[Ref]) -> tuple[Ref, list[Ref]]:
    """Return what is written and read with two axes, where that makes all of it regular.

    Sixteen sums at eight positions, each divided by its position's size, read these sizes in
    the order 0 to 7, sixteen times: with two axes, one number serves the first of them.
    """
    n = len(out.rows)
    for ref in refs:
        if ref.buffer == CONSTANTS or ref.strides is not None:
            continue
        step = ref.rows[1] - ref.rows[0]
        c = next(i for i in range(1, n) if ref.rows[i] - ref.rows[i - 1] != step)
        if c == 1 or n % c:
            continue
        shaped = [x.shaped(n // c, c) for x in refs]
        if all(x.buffer == CONSTANTS or x.strides is not None for x in shaped):
            return out.shaped(n // c, c), shaped
    return out, list(refs)


def narrowed(ref: Ref) -> Ref:
    """Return an array with one element along the axes on which all are the same."""
    strides = ref.strides
    if strides is None or all(step or n == 1 for step, n in zip(strides, ref.shape, strict=True)):
        return ref
    kept = tuple([n if step else 1 for step, n in zip(strides, ref.shape, strict=True)])
    at = [0]
    for n, m in zip(kept, ref.shape, strict=True):
        at = [k * m + i for k in at for i in range(n)]
    return ref.elements(at, *((1,) if max(kept) == 1 else kept))


def joined_operands(refs: Sequence[Ref]) -> Ref | None:
    """Return the operands of a row as one array, if they are in the same buffer."""
    if len({ref.buffer for ref in refs}) != 1:
        return None
    rows = [row for ref in refs for row in ref.rows]
    nodes = [i for ref in refs for i in ref.nodes]
    return Ref(refs[0].buffer, rows, (len(refs), len(refs[0].rows)), refs[0].varies, nodes)


def shared_terms(ref: Ref) -> Ref | None:
    """Return the terms, with one member for all, if they are the same for all members."""
    k, n = ref.shape
    first = ref.elements(range(0, k * n, n), k, 1)
    whole = [row for row in first.rows for _ in range(n)]
    return first if whole == list(ref.rows) else None


def _is_fixed(x: Operand) -> bool:
    return not isinstance(x, Expression) and x != 0.0


def _showing(op: Op | None, operands: Sequence[Any]) -> Sequence[Any]:
    """Return the operands without which the result of a row is not finite."""
    return () if op not in _SHOWING else operands[:1] if op is ops.DIV else operands


def _hidden_terms(roots: Sequence[Operand]) -> set[int]:
    """Return the terms, by id, whose rows may raise where no root shows it."""
    shown = _terms_below(roots, lambda x: _showing(x.op, x.operands))
    return {
        i
        for i, x in _terms_below(roots, lambda x: x.operands).items()
        if i not in shown and may_raise(x.op) and not (x.op is ops.DIV and _is_fixed(x.operands[1]))
    }


def _terms_below(
    roots: Sequence[Operand], below: Callable[[Term], Iterable[Operand]]
) -> dict[int, Term]:
    """Return the terms of expressions, by id."""
    terms: dict[int, Term] = {}
    stack = [*roots]
    while stack:
        x = stack.pop()
        if isinstance(x, Term) and id(x) not in terms:
            terms[id(x)] = x
            stack += below(x)
    return terms

"""Backward: the groups in reverse; each sends upstream * local to what it read.

The local derivative is the row's own rule, called on symbols. The first contribution to a
gradient is stored, later ones are added; where a contribution is the upstream itself, the array
is shared.
"""

# Spellings and symbols are Any to the type checker.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from autograd_mini.compiler.forward import Forward
from autograd_mini.compiler.group import BAKED, INPUTS, ROWS, STEADY, THETA, Group, Ref
from autograd_mini.compiler.record import VARYING
from autograd_mini.compiler.spelling import (
    NumPySymbol,
    is_spelled,
    local_arrays,
    spelling,
    stacked,
)
from autograd_mini.compiler.writer import Upstream, as_symbol, as_text
from autograd_mini.ops import Op
from autograd_mini.symbols import PRODUCT, Symbol

__all__ = ["Backward"]


# Truth values times numbers, and what our own functions return, are doubles also in single
# precision: np.dot does not write them into its arrays, np.matmul does.
_MAY_BE_DOUBLE: Final = re.compile(r"[<>]|(?<![\w.])[a-z_]\w*\(")


class Backward(Forward):
    """The statements that differentiate."""

    def _backward(self) -> None:
        (ref,) = self.plan.results
        if ref.buffer == BAKED or not self._needed(ref):
            return
        group = self.owner.get(ref.nodes[0])
        if group is not None and len(group.members) == 1 and self.consumers[id(group)] == 1:
            self.shared[id(group)] = 1.0
        else:
            self._assign(ref, "flat", ("copy", self._seed(1.0, ref.buffer not in (THETA, STEADY))))
        # What is the same for all examples comes last: nothing that varies waits for it, and a
        # penalty finds the gradients of all weights stored, to be added to by one statement.
        groups = self.plan.groups[::-1]
        groups.sort(key=lambda group: group.kind != VARYING)
        for group in groups:
            if not self._leads_on(group.members):
                continue
            upstream = self._upstream(group)
            if upstream is None:
                continue
            if group.op is None:
                self._sum_backward(group, upstream)
            else:
                self._row_backward(group, group.op, upstream)

    def _leads_on(self, nodes: Sequence[int]) -> bool:
        """Say whether something whose gradient is wanted is below any of the nodes."""
        flags, wanted = self.plan.flags, self.flag
        return any(flags[i] & wanted for i in nodes)

    def _needed(self, ref: Ref) -> bool:
        return ref.buffer != BAKED and self._leads_on(ref.nodes)

    def _seed(self, factor: float, varies: bool) -> Symbol:
        """Return the gradient of the result times a factor; averaged, where it varies."""
        if not varies or self.purpose == INPUTS:
            return NumPySymbol.of(factor)
        self._hoist("seed", "1.0 / B")
        return NumPySymbol("seed") * factor if factor != 1.0 else NumPySymbol("seed")

    def _upstream(self, group: Group) -> Upstream | None:
        """Return the finished gradient of a group, None if nothing came."""
        if id(group) in self.shared:
            return self.shared[id(group)]
        buffer = ROWS if group.kind == VARYING else STEADY
        lo, hi = group.lo, group.lo + len(group.members)
        written = self.written[buffer]
        if not any(written[lo:hi]):
            return None
        self._clear(buffer, range(lo, hi))
        return NumPySymbol(self._slice(buffer, lo, hi, gradient=True))

    def _clear(self, buffer: str, rows: Sequence[int]) -> None:
        """Set those rows of a gradient to 0 that nothing was written to."""
        written = self.written[buffer]
        fresh = sorted({row for row in rows if not written[row]})
        while fresh:
            end = next((j for j in range(1, len(fresh)) if fresh[j] != fresh[0] + j), len(fresh))
            view = self._slice(buffer, fresh[0], fresh[0] + end, gradient=True)
            self._line(f"{view}.fill(0.0)" if "[" not in view else f"{view} = 0.0")
            for row in fresh[:end]:
                written[row] = 1
            fresh = fresh[end:]

    def _row_backward(self, group: Group, op: Op, upstream: Upstream) -> None:
        out = NumPySymbol(group.name)
        if op.arity is None:
            self._reduction_backward(group, op, out, upstream)
            return
        operands = [self._symbol(ref) for ref in group.operands]
        for j, ref in enumerate(group.operands):
            if self._needed(ref):
                self._contribute(group, ref, upstream, self._local(op, j, out, operands))

    def _local(self, op: Op, j: int, out: Symbol, operands: list[Any]) -> Any:
        """Return a partial derivative as text: the rule itself, called on symbols."""
        try:
            local = op.partials[j](out, *operands)
            if isinstance(local, Symbol):
                self._mention(local.text)
                return local
            return float(local)
        except TypeError:  # the rule needs a number: map it over the elements
            row = Op(f"{op.name}_slope{j}", op.partials[j], (op.partials[j],))
            row.arity = (op.arity or 0) + 1
            name = self._foreign(op, f"slope{j}", spelling(row))
            texts = [NumPySymbol.of(x).text for x in (out, *operands)]
            return NumPySymbol(f"{name}({', '.join(texts)})")

    def _reduction_backward(self, group: Group, op: Op, out: Symbol, upstream: Upstream) -> None:
        n, k = len(group.members), len(group.operands)
        if not any(self._needed(ref) for ref in group.operands):
            return
        stack = self._operand_stack(group)
        template = _shared_rule(op, out, stack)
        if template is not None:
            self._mention(template.text)
            local: Any = template
        else:
            f = f"{out}[0]" if n == 1 else out.text
            if is_spelled(op):
                whole, rule = self._helper(stacked), self._helper(op.partials)
                local = NumPySymbol(f"{whole}({rule}({f}, *{stack}), {f}.shape)")
            else:
                name = self._foreign(op, "slopes", partial(local_arrays, op))
                local = NumPySymbol(f"{name}({f}, {stack})")
        g = self._array(upstream, group)
        if len({ref.buffer for ref in group.operands}) == 1:
            self._assign_stack(group, self._joined(group), ("mul", g, local))
            return
        d = self.names.new("d", numbered=True)
        self._line(f"{d} = np.asarray({g * local}, theta.dtype)")
        for j, ref in enumerate(group.operands):
            if self._needed(ref):
                term = f"{d}[{j}:{j + 1}]" if n == 1 else f"{d}[{j}]"
                self._contribute(group, ref, NumPySymbol(term), 1.0)
        assert k

    def _array(self, upstream: Upstream, group: Group) -> Symbol:
        """Return a gradient with all of its rows and columns."""
        if isinstance(upstream, Symbol):
            return upstream
        n = len(group.members)
        varies = group.kind == VARYING
        key = ("full", n, varies, upstream)
        if key not in self.cache:
            name = self.names.new("s", numbered=True)
            shape = f"({n}, {'B' if varies else 1})"
            seed = self._seed(upstream, varies)
            self.cache[key] = self._hoist(name, f"np.full({shape}, {seed}, theta.dtype)")
        return NumPySymbol(self.cache[key])

    def _summed(self, upstream: Upstream, group: Group) -> Upstream:
        """Return a gradient summed over the batch."""
        if not isinstance(upstream, Symbol):
            return upstream
        key = ("summed", upstream.text)
        if key not in self.cache:
            self.cache[key] = self._gathered(f"np.dot({upstream}, {self._ones()})")
        return NumPySymbol(self.cache[key])

    def _contribute(self, group: Group, ref: Ref, upstream: Upstream, local: Any) -> None:
        """Send upstream * local to what one operand of every member reads."""
        if isinstance(local, float) and local == 0.0:
            return
        n = len(group.members)
        over_batch = group.kind == VARYING and ref.buffer in (THETA, STEADY)
        over_members = n > 1 and ref.single
        target = self._whole(ref)
        if isinstance(upstream, float) and isinstance(local, float):
            factor = upstream * local * (n if over_members else 1)
            if target is not None:
                self.shared[id(target)] = factor
                return
            seed = self._seed(factor, ref.buffer not in (THETA, STEADY))
            if not over_members and ref.span is None:
                self._assign(ref, "flat", ("copy", self._array(upstream * local, group)))
            else:
                self._assign(ref, "flat", ("copy", seed))
            return
        if over_batch or over_members or ref.span is None:
            g = self._array(upstream, group)
        elif isinstance(upstream, Symbol):
            g = upstream
        else:
            g = self._seed(upstream, group.kind == VARYING)
        if not over_batch and not over_members:
            form = _times(g, local)
            if target is not None and form[0] == "copy":
                self.shared[id(target)] = form[1]
            else:
                self._assign(ref, "flat", form)
            return
        product: Any = g * local
        if over_batch and not over_members:
            kind = "matmul" if _MAY_BE_DOUBLE.search(str(product)) else "dot"
            self._assign(ref, "flat", (kind, product, NumPySymbol(self._ones())))
            return
        axis = "(0, 1)" if over_batch else "0"
        text = f"np.add.reduce({product}, axis={axis}, keepdims=True)"
        self._assign(ref, "flat", ("copy", NumPySymbol(text)))

    def _whole(self, ref: Ref) -> Group | None:
        """Return the group of which this is all, if nobody else reads it."""
        group = self.owner.get(ref.nodes[0])
        if group is None or self.consumers[id(group)] != 1 or ref.buffer not in (ROWS, STEADY):
            return None
        if ref.single and len(group.members) == 1:
            return group
        return group if ref.span == (group.lo, group.lo + len(group.members)) else None

    def _sum_backward(self, group: Group, upstream: Upstream) -> None:
        layer = self.layers.get(id(group), "")
        n = len(group.members)
        varies = group.kind == VARYING
        for part in group.parts:
            if part.kind == "add":
                if self._needed(part.left):
                    self._contribute(group, part.left, upstream, 1.0)
                continue
            sides = [side for side in (part.left, part.right) if side and self._needed(side)]
            if not sides:
                continue
            steady = self._is_steady(part.left) and self._is_steady(part.right)
            g: Any
            if varies and steady:
                g = self._summed(upstream, group)
                if isinstance(g, float):
                    g = (
                        self._array_of(g, n)
                        if part.kind == "matrix" or n > 1
                        else NumPySymbol.of(g)
                    )
            elif isinstance(upstream, float) and part.kind != "matrix" and n == 1:
                g = self._seed(upstream, varies)
            else:
                g = self._array(upstream, group)
            if part.kind == "matrix":
                assert part.right is not None
                if group.positions > 1:
                    g = NumPySymbol(f"{g.within(PRODUCT + 3)}.reshape({part.left.shape[0]}, -1)")
                if self._needed(part.left):
                    x = NumPySymbol(f"{self._inputs(part.right)}.T")
                    self._assign(part.left, f"weights{layer}", ("dot", g, x))
                if self._needed(part.right):
                    w = NumPySymbol(f"{self._weights(part.left, layer)}.T")
                    self._assign_inputs(part.right, ("dot", w, g))
            elif part.kind == "total":
                self._assign_stack(group, part.left, ("copy", g))
            else:
                assert part.right is not None
                left, right = self._stack(part.left), self._stack(part.right)
                if part.left.buffer == part.right.buffer and part.left.rows == part.right.rows:
                    self._assign_stack(group, part.left, ("mul", 2.0 * g, as_symbol(left)))
                    continue
                for side, other in ((part.left, right), (part.right, left)):
                    if self._needed(side):
                        self._assign_stack(group, side, ("mul", g, as_symbol(other)))

    def _array_of(self, factor: float, n: int) -> Symbol:
        key = ("full", n, False, factor)
        if key not in self.cache:
            name = self.names.new("s", numbered=True)
            self.cache[key] = self._hoist(
                name, f"np.full(({n}, 1), {as_text(factor)}, theta.dtype)"
            )
        return NumPySymbol(self.cache[key])

    # Accumulating.

    def _assign_inputs(self, ref: Ref, form: tuple[Any, ...]) -> None:
        k, positions = ref.shape
        if positions == 1:
            target = self._whole(ref) if ref.span is not None else None
            if target is not None:
                buffer = ref.buffer
                view = self._slice(buffer, target.lo, target.lo + k, gradient=True)
                self._store(view, form, add=False)
                self.shared[id(target)] = NumPySymbol(view)
                return
            self._assign(Ref(ref.buffer, ref.rows, (k,), ref.nodes), "flat", form, single=False)
            return
        _, a, b = form
        text = f"np.dot({a}, {b}).reshape({k * positions}, -1)"
        flat = Ref(ref.buffer, ref.rows, (k * positions,), ref.nodes)
        self._assign(flat, "flat", ("copy", NumPySymbol(text)), single=False)

    def _assign_stack(self, group: Group, ref: Ref, form: tuple[Any, ...]) -> None:
        """Accumulate terms along the first axis, members along the second."""
        k, n = ref.shape
        columns = 1 if ref.buffer in (THETA, STEADY) else "B"
        if n == 1:
            flat = Ref(ref.buffer, ref.rows, (k,), ref.nodes)
            if ref.span is None:
                form = ("copy", NumPySymbol(f"np.broadcast_to({_written(form)}, ({k}, {columns}))"))
            self._assign(flat, "flat", form, single=False)
            return
        shared = self._shared_terms(ref)
        full = NumPySymbol(f"np.broadcast_to({_written(form)}, ({k}, {n}, {columns}))")
        if shared is not None:
            text = f"np.add.reduce({full}, axis=1)"
            self._assign(shared, "flat", ("copy", NumPySymbol(text)), single=False)
            return
        lo, hi = min(ref.rows), max(ref.rows) + 1
        view = self._stack_view(ref, gradient=True) if hi - lo == k * n else None
        written = self.written[ref.buffer]
        if view is not None:
            add = any(written[lo:hi])
            if add:
                self._clear(ref.buffer, range(lo, hi))
            view = (
                self._hoist(self.names.new("gs", numbered=True), view)
                if ref.buffer[0] != "x"
                else view
            )
            self._store(view, form, add=add)
            for row in range(lo, hi):
                written[row] = 1
            return
        text = f"{full}.reshape({k * n}, {columns})"
        flat = Ref(ref.buffer, ref.rows, (k * n,), ref.nodes)
        self._assign(flat, "flat", ("copy", NumPySymbol(text)), single=False)

    def _assign(self, ref: Ref, layout: str, form: tuple[Any, ...], *, single: bool = True) -> None:
        """Write a contribution to the gradient of what `ref` reads: the first one is stored."""
        buffer, rows = ref.buffer, list(ref.rows)
        if layout == "flat" and single and len(rows) > 1 and ref.single:
            rows = rows[:1]
        written = self.written[buffer]
        unique = ref.span is not None or len(set(rows)) == len(rows)
        add = any(map(written.__getitem__, rows))
        view: str | None = None
        if layout != "flat":
            found = self._matrix_view(ref, layout.removeprefix("weights"), gradient=True)
            if found:
                view, contiguous = found
                if not contiguous and form[0] == "dot":
                    form = ("matmul", *form[1:])
        elif unique and rows[-1] - rows[0] == len(rows) - 1 and Ref(buffer, rows, (), rows).span:
            view = self._slice(buffer, rows[0], rows[-1] + 1, gradient=True)
        if add or (view is None and not unique):
            self._clear(buffer, rows)
            add = True
        if view is not None:
            self._store(view, form, add=add)
        else:
            self._scatter(ref, rows, layout, form, add=add)
        for row in rows:
            written[row] = 1

    def _scatter(
        self, ref: Ref, rows: list[int], layout: str, form: tuple[Any, ...], *, add: bool
    ) -> None:
        base = self._base(ref.buffer, gradient=True)
        text = _written(form)
        if layout != "flat":
            text = f"{text}.reshape({len(rows)}, 1)"
        tail = ", None" if ref.buffer == THETA else ""
        if len(set(rows)) == len(rows):
            index = self._index(rows, (len(rows),))
            self._line(f"{base}[{index}{tail}] {'+=' if add else '='} {text}")
            return
        order = sorted(range(len(rows)), key=lambda j: rows[j])
        starts = [j for j in range(len(rows)) if not j or rows[order[j]] != rows[order[j - 1]]]
        index = self._index([rows[order[j]] for j in starts], (len(starts),))
        o, s = self._index(order, (len(order),)), self._index(starts, (len(starts),))
        self._line(f"{base}[{index}{tail}] += np.add.reduceat({text}[{o}], {s}, axis=0)")

    def _store(self, view: str, form: tuple[Any, ...], *, add: bool) -> None:
        kind, *operands = form
        if add:
            if kind == "neg":
                self._line(f"np.subtract({view}, {operands[0]}, out={view})")
            else:
                self._line(f"np.add({view}, {_bare(form)}, out={view})")
        elif kind == "copy":
            self._line(f"np.copyto({view}, {operands[0]})")
        elif kind == "neg":
            self._line(f"np.negative({operands[0]}, out={view})")
        else:
            f = {"mul": "np.multiply", "dot": "np.dot", "matmul": "np.matmul"}[kind]
            a, b = operands
            self._line(f"{f}({a}, {b}, out={view})")


def _times(g: Symbol, local: Any) -> tuple[Any, ...]:
    if isinstance(local, float):
        if local == 1.0:
            return ("copy", g)
        if local == -1.0:
            return ("neg", g)
    return ("mul", g, local)


def _bare(form: tuple[Any, ...]) -> str:
    """Return a form as an expression."""
    kind, a, *others = form
    if kind == "copy":
        return str(a)
    if kind == "neg":
        return str(-a)
    if kind == "mul":
        return str(a * others[0])
    return f"np.dot({a}, {others[0]})"


def _written(form: tuple[Any, ...]) -> str:
    """Return a form as an expression that can be indexed."""
    text = _bare(form)
    return text if re.fullmatch(r"[\w.]+", text) or form[0] in ("dot", "matmul") else f"({text})"


def _shared_rule(op: Op, out: Symbol, stack: str) -> Symbol | None:
    """Return the partials of a row of any number of operands as one text for all of them."""
    partials: Any = ()
    texts: set[str] = set()
    for count in (3, 5):  # what is the same for both does not depend on how many there are
        probes = [NumPySymbol(f"probe{j}_") for j in range(count)]
        try:
            partials = op.partials(out, *probes)
        except (TypeError, ValueError):
            return None
        texts |= {str(p).replace(f"probe{j}_", stack) for j, p in enumerate(partials)}
    if len(texts) != 1 or "probe" in (text := texts.pop()):
        return None
    level = partials[0].level if isinstance(partials[0], Symbol) else PRODUCT
    return NumPySymbol(text, level)

"""Forward: one statement for each group, inputs before consumers."""

# Spellings and symbols are Any to the type checker.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false

from __future__ import annotations

from typing import Any, Final

import numpy as np

from autograd_mini import ops
from autograd_mini.compiler.group import BAKED, ROWS, STEADY, THETA, Group, Part
from autograd_mini.compiler.record import VARYING
from autograd_mini.compiler.spelling import NumPySymbol, is_spelled, spelling
from autograd_mini.compiler.writer import Writer, as_symbol, as_text
from autograd_mini.ops import Op
from autograd_mini.symbols import SIGNS, SUM, Symbol

__all__ = ["Forward"]

# rows whose domain is not about single operands' values
_TOTAL: Final = {ops.LOGSUMEXP, ops.AMAX}
_PART_ORDER: Final = {"matrix": 0, "products": 1, "total": 2, "add": 3}


class Forward(Writer):
    """The statements that compute."""

    def _forward(self, group: Group) -> str | None:
        """Write a group's statement; return its name if its domain must be watched."""
        buffer = ROWS if group.kind == VARYING else STEADY
        out = self._slice(buffer, group.lo, group.lo + len(group.members))
        if group.op is None:
            self._sum(group, out)
            return None
        op = group.op
        if op.arity is None:
            self._line(self._reduction(op, self._operand_stack(group), group, out))
        else:
            operands = [self._symbol(ref) for ref in group.operands]
            self._row(op, operands, out)
        watch = (bool(op.domain) or not is_spelled(op)) and op not in _TOTAL
        final = any(i in self.graph.roots for i in group.members) and len(group.members) == 1
        return out if watch and not final else None

    def _row(self, op: Op, operands: list[Any], out: str) -> None:
        texts = [NumPySymbol.of(x).within(SUM) for x in operands]
        if op is ops.POW and operands[1] == 2.0:
            return self._line(f"np.multiply({texts[0]}, {texts[0]}, out={out})", f"{texts[0]} ** 2")
        if op is ops.RELU:
            return self._line(f"np.maximum({texts[0]}, 0.0, out={out})", f"relu({texts[0]})")
        if is_spelled(op):
            f = spelling(op)
            name = NumPySymbol.names[op.name] if isinstance(f, np.ufunc) else self._helper(f)
        else:
            try:
                written = op.forward(*[NumPySymbol.of(x) for x in operands])
            except TypeError:
                written = None
            if isinstance(written, Symbol):
                return self._line(f"{out}[...] = {written}", op.name)
            name = self._foreign(op, "row", spelling(op))
        sign = SIGNS.get(op.name)
        comment = f"{out} = {texts[0]} {sign} {texts[1]}" if sign else ""
        return self._line(f"{name}({', '.join(texts)}, out={out})", comment)

    def _operand_stack(self, group: Group) -> str:
        """Return the operands of rows that take any number of them, along the first axis."""
        n, k = len(group.members), len(group.operands)
        key = ("stack", id(group))
        if key in self.cache:
            return self.cache[key]
        columns = "B" if group.kind == VARYING else "1"
        if len({ref.buffer for ref in group.operands}) == 1 and group.operands[0].buffer != BAKED:
            joined = self._joined(group)
            stack = as_text(self._stack(joined))
            if n > 1 and self._is_same_for_all(joined):
                stack = self._gathered(f"np.broadcast_to({stack}, ({k}, {n}, {columns}))")
        else:
            stack = self.names.new("t", numbered=True)
            self._hoist(stack, f"np.empty(({k}, {n}, {columns}), theta.dtype)")
            for j, ref in enumerate(group.operands):
                self._line(f"{stack}[{j}] = {as_text(self._columns(ref))}")
            if n == 1:
                stack = f"{stack}[:, 0]"
        self.cache[key] = stack
        return stack

    def _reduction(self, op: Op, stack: str, group: Group, out: str) -> str:
        target = f"{out}[0]" if len(group.members) == 1 else out
        if is_spelled(op):
            name = self._helper(spelling(op))
        else:
            name = self._foreign(op, "row", spelling(op))
        return f"{name}({stack}, out={target})"

    def _sum(self, group: Group, out: str) -> None:
        """Write a sum of products."""
        layer = self.layers.get(id(group), "")
        varies = group.kind == VARYING
        for part in group.parts:
            if layer and part.kind == "add" and part.left.buffer == THETA and part.left.span:
                self._view_name(THETA, *part.left.span, f"b{layer}")
        order = sorted(
            group.parts,
            key=lambda part: (varies and self._is_narrow(part), _PART_ORDER[part.kind]),
        )
        for part in order:
            text, stored, comment = self._term(group, part, out, layer)
            if part is not order[0]:
                self._line(f"np.add({out}, {text}, out={out})", comment)
            elif stored and varies <= (not self._is_narrow(part)):
                self._line(stored, comment)
            else:
                self._line(f"np.copyto({out}, {text})", comment)

    def _term(self, group: Group, part: Part, out: str, layer: str) -> tuple[str, str, str]:
        """Return a term as an expression, as a statement if there is one, and a comment."""
        count, left, right = len(group.members), part.left, part.right
        if part.kind == "add":
            return as_text(self._columns(left)), "", ""
        if part.kind == "matrix":
            assert right is not None
            w, x = self._weights(left, layer), self._inputs(right)
            text, comment = f"np.dot({w}, {x})", f"{out} = {w} {x}"
            if group.positions == 1:
                return text, f"{text[:-1]}, out={out})", comment
            columns = 1 if self._is_narrow(part) else "B"
            return f"{text}.reshape({count}, {columns})", "", comment
        a = self._stack(left)
        b = 1.0 if right is None else self._stack(right)
        if not isinstance(a, str) and not isinstance(b, str):
            return as_text(a * b * left.shape[0]), "", ""
        if count == 1 and isinstance(a, str) and isinstance(b, str) and self._is_narrow(part):
            return f"np.dot({a}.T, {b})", f"np.dot({a}.T, {b}, out={out})", ""
        terms = str(as_symbol(a) * as_symbol(b))
        axis = "axis=0, keepdims=True" if count == 1 else "axis=0"
        text = f"np.add.reduce({terms}, {axis})"
        if count > 1 and self._is_same_for_all(left) and self._is_same_for_all(right):
            return text, "", ""
        return text, f"{text[:-1]}, out={out})", ""

    # Results.

    def _results(self) -> str:
        results = self.plan.results
        self._line(f"out = np.empty(({len(results)}, B), theta.dtype)")
        j = 0
        while j < len(results):
            ref = results[j]
            end = j + 1
            if ref.buffer != BAKED:
                row = ref.rows[0]
                while (
                    end < len(results)
                    and results[end].buffer == ref.buffer
                    and results[end].rows[0] == row + end - j
                ):
                    end += 1
                text = self._slice(ref.buffer, row, row + end - j)
            else:
                text = NumPySymbol.literal(self.graph.data[ref.rows[0]])
            self._line(f"out[{j}:{end}] = {text}")
            j = end
        return "out"

    def _mean(self) -> str:
        (ref,) = self.plan.results
        if ref.buffer == BAKED:
            return NumPySymbol.literal(self.graph.data[ref.rows[0]])
        row = self._slice(ref.buffer, ref.rows[0], ref.rows[0] + 1)
        if ref.buffer in (THETA, STEADY):
            return f"{row}.item()"
        average = self._hoist("average", "np.full(B, 1.0 / B, theta.dtype)")
        return f"np.dot({row}, {average}).item()"

"""Emit: write a plan as the text of a NumPy program.

The text is written by the rows themselves: a forward by its spelling, a derivative by calling the
row's rule on symbols, times the upstream gradient.
"""

# Spellings and symbols are Any to the type checker.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, TypeAlias

import numpy as np

from autograd_mini import ops
from autograd_mini.compiler import spelling
from autograd_mini.compiler.group import (
    BAKED,
    FORWARD,
    GRADIENT,
    INPUTS,
    ROWS,
    STEADY,
    THETA,
    Group,
    Part,
    Plan,
    Ref,
)
from autograd_mini.compiler.names import RESERVED, Names, common_label, identifier, name_groups
from autograd_mini.compiler.prelude import array_text, definitions, index_text
from autograd_mini.compiler.spelling import NumPySymbol
from autograd_mini.compiler.trace import VARYING
from autograd_mini.ops import Op
from autograd_mini.symbols import PRODUCT, SUM, Symbol

__all__ = ["FLAGS", "INFIX", "Text", "emit"]

Upstream: TypeAlias = "float | Symbol"  # a float is the same for all members and examples

FLAGS: Final = {FORWARD: 0, GRADIENT: 1, INPUTS: 2}
INFIX: Final = {ops.ADD: "+", ops.SUB: "-", ops.MUL: "*", ops.DIV: "/"}
# rows whose domain is not about single operands' values
_TOTAL: Final = {ops.LOGSUMEXP, ops.AMAX}


class Text:
    """A program's text: a whole module.

    Attributes:
        source: The text; running it defines `bind` (or the function itself, for one example).
        namespace: The user's own functions that the text calls; without any it runs by itself.
        guarded: Whether the function also returns a number that is not finite if an operand may
            have been outside of its row's domain.
    """

    __slots__ = ("guarded", "namespace", "source")

    def __init__(self, source: str, namespace: dict[str, Any], *, guarded: bool) -> None:
        self.source = source
        self.namespace = namespace
        self.guarded = guarded


def emit(plan: Plan, purpose: str) -> Text:
    """Return the NumPy program of a plan for a batch."""
    return _Writer(plan, purpose).text()


class _Writer:
    def __init__(self, plan: Plan, purpose: str) -> None:
        self.plan = plan
        self.graph = plan.graph
        self.purpose = purpose
        self.flag = FLAGS[purpose]
        self.layers = name_groups(plan)
        self.arguments = [identifier(name) or f"x{k}" for k, name in enumerate(self.graph.names)]
        self.names = Names([*self.arguments, *[group.name for group in plan.groups]])
        self.arguments = [
            name if name not in RESERVED else self.names.new(f"{name}_") for name in self.arguments
        ]
        self.body: list[str] = []
        self.helpers: dict[str, Callable[..., Any]] = {}  # ours, which the text defines
        self.foreign: dict[str, Callable[..., Any]] = {}  # the user's, which it cannot
        self.cache: dict[Any, Any] = {}
        self.hoisted: dict[str, tuple[str, str]] = {}
        self.at: dict[tuple[str, int], Group] = {}
        for group in plan.groups:
            if len(group.members) > 0:
                buffer = ROWS if group.kind == VARYING else STEADY
                self.at[buffer, group.lo] = group
        self.owner = {i: group for group in plan.groups for i in group.members}
        self.consumers: dict[int, int] = {}
        for refs in [*[group.refs for group in plan.groups], plan.results]:
            for ref in refs:
                if ref.buffer not in (ROWS, STEADY):
                    continue
                for group in {id(self.owner[i]): 0 for i in ref.nodes}:
                    self.consumers[group] = self.consumers.get(group, 0) + 1
        self.shared: dict[int, Upstream] = {}  # gradients that need no array of their own
        self.written: dict[str, bytearray] = {
            THETA: bytearray(len(plan.parameters)),
            ROWS: bytearray(plan.rows[VARYING]),
            STEADY: bytearray(plan.rows["p"]),
            **{f"x{k}": bytearray(len(ids)) for k, ids in enumerate(self.graph.inputs)},
        }

    def text(self) -> Text:
        plan, graph = self.plan, self.graph
        forward = [self._forward(group) for group in plan.groups]
        watched = [name for name in forward if name]
        if self.purpose == GRADIENT:
            self._line("", comment="backward")
            self._backward()
            answer = self._mean()
        elif self.purpose == INPUTS:
            self._line("", comment="backward")
            self._backward()
            answer = f"({', '.join(f'g_{name}' for name in self.arguments)},)"
        else:
            answer = self._results()
        if watched:
            answer += f", {' + '.join(f'{name}.sum()' for name in watched)}"
            self._line("", comment="with a number that is finite if all domains were kept to")
        shapes = ", ".join(
            f"{name} ({len(ids)}, B)"
            for name, ids in zip(self.arguments, graph.inputs, strict=True)
        )
        what = {FORWARD: "", GRADIENT: ", averaged over a batch of B", INPUTS: ", by its inputs"}
        title = "loss" if graph.scalar else "outputs"
        lines = [
            *self._prelude(),
            "",
            "",
            "def bind(theta, gtheta, B):",
            f'    """{title}({", ".join(self.arguments)}){what[self.purpose]}: {len(plan.groups)} '
            f'groups, {plan.matrices} of them matrices."""',
            *self._workspace(),
            *[f"    {line}" for line in self._head()],
            "",
            f"    def {self.purpose}({', '.join(self.arguments)}):"
            + (f"  # {shapes}" if shapes else ""),
            *[f"        {line}" for line in self.body],
            f"        return {answer}",
            "",
            f"    return {self.purpose}",
            "",
        ]
        return Text("\n".join(lines), self.foreign, guarded=bool(watched))

    def _prelude(self) -> list[str]:
        """Return the imports, and the definitions of functions that NumPy lacks."""
        lines: list[str] = []
        for text in definitions(self.helpers.values()):
            lines += ["", "", text] if text.startswith("def ") else [text]
        for name in self.foreign:
            lines += [
                "",
                f"if {name!r} not in globals():  # a Python function, which cannot be written here",
                f"    raise RuntimeError({_FOREIGN.format(name)!r})",
            ]
        return lines

    def _workspace(self) -> list[str]:
        lines: list[str] = []
        kinds = [(ROWS, "G", "B", VARYING), (STEADY, "GU", "1", "p")]
        for buffer, gradient, columns, kind in kinds:
            if self.plan.rows[kind]:
                shape = f"({self.plan.rows[kind]}, {columns})"
                lines.append(f"    {buffer} = np.empty({shape}, theta.dtype)")
                if self.flag:
                    lines.append(f"    {gradient} = np.empty({shape}, theta.dtype)")
        if self.purpose == INPUTS:
            for name, ids in zip(self.arguments, self.graph.inputs, strict=True):
                lines.append(f"    g_{name} = np.zeros(({len(ids)}, B), theta.dtype)")
        return lines

    # Lines.

    def _line(self, text: str, comment: str = "") -> None:
        if comment:
            text = f"{text:<46}  # {comment}" if text else f"# {comment}"
        self.body.append(text)

    def _hoist(self, name: str, text: str, comment: str = "") -> str:
        """Define a name once, outside of the function."""
        self.hoisted.setdefault(name, (text, comment))
        return name

    def _head(self) -> list[str]:
        """Return the definitions outside of the function, gradients beside their numbers."""
        lines: list[str] = []
        for name, (text, comment) in self.hoisted.items():
            if name[:2] == "g_" and name[2:] in self.hoisted:
                continue
            if f"g_{name}" in self.hoisted:
                name, text = f"{name}, g_{name}", f"{text}, {self.hoisted[f'g_{name}'][0]}"
            line = f"{name} = {text}"
            lines.append(f"{line:<62}  # {comment}" if comment else line)
        return lines

    def _array_named(self, wish: str, text: str) -> str:
        """Return a name for an array that is the same at every call."""
        return self._hoist(self.names.new(wish, numbered=True), text)

    def _helper(self, f: Callable[..., Any]) -> str:
        """Return the name of a function of ours that the text calls."""
        self.helpers[f.__name__] = f
        return f.__name__

    def _foreign(self, wish: str, f: Callable[..., Any]) -> str:
        """Return a name for a function of the user's that the text calls."""
        key = ("foreign", wish)
        if key not in self.cache:
            self.cache[key] = self.names.new(identifier(wish))
            self.foreign[self.cache[key]] = f
        return self.cache[key]

    def _ones(self) -> str:
        return self._hoist("ones", "np.ones((B, 1), theta.dtype)", "to sum over the batch")

    # Reading.

    def _numbers(self, ref: Ref, shape: tuple[int, ...]) -> float | str:
        """Return constants: a float if all are equal, else the name of an array."""
        data = [self.graph.data[i] for i in ref.rows]
        if all(x == data[0] for x in data):
            return data[0]
        key = ("numbers", shape, tuple(data))
        if key not in self.cache:
            self.cache[key] = self._array_named("c", array_text(data, shape))
        return self.cache[key]

    def _index(self, rows: Sequence[int], shape: tuple[int, ...]) -> str:
        key = ("index", tuple(rows), shape)
        if key not in self.cache:
            self.cache[key] = self._array_named("i", index_text(rows, shape))
        return self.cache[key]

    def _gathered(self, text: str) -> str:
        """Return the name of a copy that was made where it is first needed."""
        key = ("copy", text)
        if key not in self.cache:
            self.cache[key] = self.names.new("t", numbered=True)
            self._line(f"{self.cache[key]} = {text}")
        return self.cache[key]

    def _base(self, buffer: str, *, gradient: bool) -> str:
        if buffer[0] == "x":
            name = self.arguments[int(buffer[1:])]
            return f"g_{name}" if gradient else name
        return _GRADIENTS[buffer] if gradient else buffer

    def _slice(self, buffer: str, lo: int, hi: int, *, gradient: bool = False) -> str:
        """Return rows that follow one another as a two-dimensional view."""
        base = self._base(buffer, gradient=gradient)
        prefix = "g_" if gradient else ""
        if buffer[0] == "x":
            whole = hi - lo == len(self.graph.inputs[int(buffer[1:])])
            return base if whole else f"{base}[{lo}:{hi}]"
        group = self.at.get((buffer, lo))
        if group is not None and buffer != THETA and len(group.members) == hi - lo:
            comment = self._comment(group) if not gradient else ""
            return self._hoist(prefix + group.name, f"{base}[{lo}:{hi}]", comment)
        name = self._view_name(buffer, lo, hi)
        if buffer == THETA:
            label = common_label([self.graph.labels[i] for i in self.plan.parameters[lo:hi]])
            return self._hoist(prefix + name, f"{base}[{lo}:{hi}, None]", "" if gradient else label)
        return self._hoist(prefix + name, f"{base}[{lo}:{hi}]")

    def _view_name(
        self, buffer: str, lo: int, hi: int, wish: str = "", form: tuple[int, ...] = ()
    ) -> str:
        key = ("view", buffer, lo, hi, form)
        if key not in self.cache:
            if not wish and buffer == THETA and hi - lo == 1:
                wish = identifier(self.graph.labels[self.plan.parameters[lo]]) or "p"
            if not wish:
                letter = "p" if buffer == THETA else buffer.lower()
                wish = letter if hi - lo == self._size(buffer) else f"{letter}{lo}_{hi}"
            self.cache[key] = self.names.new(wish)
        return self.cache[key]

    def _size(self, buffer: str) -> int:
        return len(self.written[buffer])

    def _comment(self, group: Group) -> str:
        graph = self.graph
        label = common_label([graph.labels[i] for i in group.members])
        if label:
            return label
        sources = {graph.sources[i] for i in group.members}
        source = sources.pop() if len(sources) == 1 else None
        if source is None:
            return ""
        path, _, line = source.rpartition(":")
        return f"{os.path.basename(path)}:{line}"

    def _columns(self, ref: Ref, *, whole: bool = False) -> float | str:
        """Return what a statement reads, one row for each member, or one row for all.

        Args:
            ref: What to read.
            whole: Repeat a row that is read by all.
        """
        count = len(ref.rows)
        if ref.buffer == BAKED:
            return self._numbers(ref, (count, 1))
        if not whole and count > 1 and ref.single:
            return self._slice(ref.buffer, ref.rows[0], ref.rows[0] + 1)
        span = ref.span
        if span is not None:
            return self._slice(ref.buffer, *span)
        index = self._index(ref.rows, (count,))
        tail = ", None" if ref.buffer == THETA else ""
        return self._gathered(f"{self._base(ref.buffer, gradient=False)}[{index}{tail}]")

    def _symbol(self, ref: Ref) -> Any:
        return _text(self._columns(ref))

    def _weights(self, ref: Ref, layer: str) -> str:
        """Return a matrix of weights."""
        m, k = ref.shape
        if ref.buffer == BAKED:
            key = ("weights", tuple(ref.rows), ref.shape)
            if key not in self.cache:
                data = [self.graph.data[i] for i in ref.rows]
                self.cache[key] = self._array_named("C", array_text(data, (m, k)))
            return self.cache[key]
        view = self._matrix_view(ref, layer, gradient=False)
        if view:
            return view[0]
        index = self._index(ref.rows, (m, k))
        column = "" if ref.buffer == THETA else ", 0"
        return self._gathered(f"{self._base(ref.buffer, gradient=False)}[{index}{column}]")

    def _matrix_view(self, ref: Ref, layer: str, *, gradient: bool) -> tuple[str, bool] | None:
        """Return a view of weights that lie in one block, and whether it is contiguous."""
        m, k = ref.shape
        lo, hi = min(ref.rows), max(ref.rows) + 1
        if hi - lo != m * k:
            return None
        block = f"{self._base(ref.buffer, gradient=gradient)}[{lo}:{hi}]"
        prefix = "g_" if gradient else ""
        if ref.span is not None:
            name = self._view_name(ref.buffer, lo, hi, f"W{layer}", (m, k))
            comment = "" if gradient else common_label([self.graph.labels[i] for i in ref.nodes])
            return self._hoist(prefix + name, f"{block}.reshape({m}, {k})", comment), True
        if all(ref.rows[i * k + j] == lo + j * m + i for i in range(m) for j in range(k)):
            name = self._view_name(ref.buffer, lo, hi, f"W{layer}_T", (k, m, -1))
            return self._hoist(prefix + name, f"{block}.reshape({k}, {m}).T"), False
        return None

    def _inputs(self, ref: Ref) -> str:
        """Return a matrix's inputs, one row each; several positions stand side by side."""
        k, positions = ref.shape
        if positions == 1:
            return str(self._columns(ref, whole=True))
        index = self._index(ref.rows, ref.shape)
        return self._gathered(f"{self._base(ref.buffer, gradient=False)}[{index}].reshape({k}, -1)")

    def _stack(self, ref: Ref) -> float | str:
        """Return terms along the first axis, members along the second (if there are several)."""
        k, n = ref.shape
        if n == 1:
            if ref.buffer == BAKED:
                return self._numbers(ref, (k, 1))
            return self._columns(ref, whole=True)
        if ref.buffer == BAKED:
            return self._numbers(ref, (k, n, 1))
        shared = self._shared_terms(ref)
        if shared is not None:
            return f"{self._columns(shared, whole=True)}[:, None]"
        view = self._stack_view(ref, gradient=False)
        if view:
            return view
        index = self._index(ref.rows, ref.shape)
        tail = ", None" if ref.buffer == THETA else ""
        return self._gathered(f"{self._base(ref.buffer, gradient=False)}[{index}{tail}]")

    def _shared_terms(self, ref: Ref) -> Ref | None:
        """Return the terms if they are the same for all members."""
        k, n = ref.shape
        first = [ref.rows[j * n] for j in range(k)]
        if all(ref.rows[j * n + i] == first[j] for j in range(k) for i in range(n)):
            return Ref(ref.buffer, first, (k,), [ref.nodes[j * n] for j in range(k)])
        return None

    def _is_same_for_all(self, ref: Ref | None) -> bool:
        """Say whether every member reads the same terms, so that they have one row for all."""
        if ref is None:
            return True
        if ref.buffer == BAKED:
            return not isinstance(self._stack(ref), str)
        return self._shared_terms(ref) is not None

    def _stack_view(self, ref: Ref, *, gradient: bool) -> str | None:
        k, n = ref.shape
        lo, hi = min(ref.rows), max(ref.rows) + 1
        if hi - lo != k * n:
            return None
        base = self._slice(ref.buffer, lo, hi, gradient=gradient)
        columns = 1 if ref.buffer in (THETA, STEADY) else "B"
        if ref.span is not None:
            return f"{base}.reshape({k}, {n}, {columns})"
        if all(ref.rows[j * n + i] == lo + i * k + j for i in range(n) for j in range(k)):
            return f"{base}.reshape({n}, {k}, {columns}).transpose(1, 0, 2)"
        return None

    # Forward.

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
        known = ops.OPS.get(op.name) is op and op.name in spelling.SPELLINGS
        watch = (bool(op.domain) or not known) and op not in _TOTAL
        final = any(i in self.graph.roots for i in group.members) and len(group.members) == 1
        return out if watch and not final else None

    def _row(self, op: Op, operands: list[Any], out: str) -> None:
        texts = [NumPySymbol.of(x).within(SUM) for x in operands]
        if op is ops.POW and operands[1] == 2.0:
            return self._line(f"np.multiply({texts[0]}, {texts[0]}, out={out})", f"{texts[0]} ** 2")
        if op is ops.RELU:
            return self._line(f"np.maximum({texts[0]}, 0.0, out={out})", f"relu({texts[0]})")
        if op.name in spelling.SPELLINGS and ops.OPS.get(op.name) is op:
            f = spelling.SPELLINGS[op.name]
            name = NumPySymbol.names[op.name] if isinstance(f, np.ufunc) else self._helper(f)
        else:
            try:
                written = op.forward(*[NumPySymbol.of(x) for x in operands])
            except TypeError:
                written = None
            if isinstance(written, Symbol):
                return self._line(f"{out}[...] = {written}", op.name)
            name = self._foreign(f"{op.name}_row", spelling.spelling(op))
        sign = INFIX.get(op)
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
            stack = str(self._stack(joined))
            if n > 1 and self._is_same_for_all(joined):
                stack = self._gathered(f"np.broadcast_to({stack}, ({k}, {n}, {columns}))")
        else:
            stack = self.names.new("t", numbered=True)
            self._hoist(stack, f"np.empty(({k}, {n}, {columns}), theta.dtype)")
            for j, ref in enumerate(group.operands):
                self._line(f"{stack}[{j}] = {self._columns(ref)}")
            if n == 1:
                stack = f"{stack}[:, 0]"
        self.cache[key] = stack
        return stack

    def _joined(self, group: Group) -> Ref:
        refs = group.operands
        return Ref(
            refs[0].buffer,
            [row for ref in refs for row in ref.rows],
            (len(refs), len(group.members)),
            [i for ref in refs for i in ref.nodes],
        )

    def _reduction(self, op: Op, stack: str, group: Group, out: str) -> str:
        target = f"{out}[0]" if len(group.members) == 1 else out
        if op.name in spelling.SPELLINGS and ops.OPS.get(op.name) is op:
            name = self._helper(spelling.SPELLINGS[op.name])
        else:
            name = self._foreign(f"{op.name}_row", spelling.spelling(op))
        return f"{name}({stack}, out={target})"

    def _is_steady(self, ref: Ref | None) -> bool:
        return ref is None or ref.buffer in (BAKED, THETA, STEADY)

    def _is_narrow(self, part: Part) -> bool:
        """Say whether a term is the same for all examples."""
        return self._is_steady(part.left) and self._is_steady(part.right)

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
            return str(self._columns(left)), "", ""
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
            return repr(a * b * left.shape[0]), "", ""
        if count == 1 and isinstance(a, str) and isinstance(b, str) and self._is_narrow(part):
            return f"np.dot({a}.T, {b})", f"np.dot({a}.T, {b}, out={out})", ""
        terms = str(_text(a) * _text(b))
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

    # Backward.

    def _backward(self) -> None:
        (ref,) = self.plan.results
        if ref.buffer == BAKED or not self._needed(ref):
            return
        group = self.owner.get(ref.nodes[0])
        if group is not None and len(group.members) == 1 and self.consumers[id(group)] == 1:
            self.shared[id(group)] = 1.0
        else:
            self._assign(ref, "flat", ("copy", self._seed(1.0, ref.buffer not in (THETA, STEADY))))
        for group in reversed(self.plan.groups):
            if not any(self.graph_flags(i) for i in group.members):
                continue
            upstream = self._upstream(group)
            if upstream is None:
                continue
            if group.op is None:
                self._sum_backward(group, upstream)
            else:
                self._row_backward(group, group.op, upstream)

    def graph_flags(self, node: int) -> int:
        return self.plan.flags[node] & self.flag

    def _needed(self, ref: Ref) -> bool:
        return ref.buffer != BAKED and any(self.graph_flags(i) for i in ref.nodes)

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
            name = self._foreign(row.name, spelling.spelling(row))
            texts = [NumPySymbol.of(x).text for x in (out, *operands)]
            return NumPySymbol(f"{name}({', '.join(texts)})")

    def _mention(self, text: str) -> None:
        """Note the functions of ours that a text calls."""
        for name in re.findall(r"(?<![\w.])([a-z_]\w*)\(", text):
            f = getattr(spelling, name, None)
            if f is not None:
                self._helper(f)

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
            if ops.OPS.get(op.name) is op and op.name in spelling.SPELLINGS:
                stacked, name = self._helper(spelling.stacked), self._helper(op.partials)
                local = NumPySymbol(f"{stacked}({name}({f}, *{stack}), {f}.shape)")
            else:
                name = self._foreign(f"{op.name}_slopes", partial(spelling.local_arrays, op))
                local = NumPySymbol(f"{name}({f}, {stack})")
        g = self._array(upstream, group)
        if len({ref.buffer for ref in group.operands}) == 1:
            self._assign_stack(group, self._joined(group), ("mul", g, local))
            return
        d = self.names.new("d", numbered=True)
        self._line(f"{d} = {g * local}")
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
            self._assign(ref, "flat", ("dot", product, NumPySymbol(self._ones())))
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
                    self._assign_stack(group, part.left, ("mul", 2.0 * g, _text(left)))
                    continue
                for side, other in ((part.left, right), (part.right, left)):
                    if self._needed(side):
                        self._assign_stack(group, side, ("mul", g, _text(other)))

    def _array_of(self, factor: float, n: int) -> Symbol:
        key = ("full", n, False, factor)
        if key not in self.cache:
            name = self.names.new("s", numbered=True)
            self.cache[key] = self._hoist(name, f"np.full(({n}, 1), {factor!r}, theta.dtype)")
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


_FOREIGN: Final = (
    "this program calls {}, a Python function of an operation that you registered: run it through "
    "the program that it was compiled for, or define the function first"
)
_GRADIENTS: Final = {THETA: "gtheta", STEADY: "GU", ROWS: "G"}
_PART_ORDER: Final = {"matrix": 0, "products": 1, "total": 2, "add": 3}


def _text(x: float | str) -> Any:
    return NumPySymbol(x) if isinstance(x, str) else x


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

"""Writer: the lines of a NumPy program, and the names of what its statements read and write."""

# Spellings and symbols are Any to the type checker.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from autograd_mini.compiler import spelling
from autograd_mini.compiler.group import BAKED, FLAGS, ROWS, STEADY, THETA, Group, Part, Plan, Ref
from autograd_mini.compiler.names import RESERVED, Names, common_label, identifier, name_groups
from autograd_mini.compiler.prelude import array_text, index_text
from autograd_mini.compiler.record import VARYING
from autograd_mini.compiler.spelling import NumPySymbol
from autograd_mini.ops import Op
from autograd_mini.symbols import Symbol

__all__ = ["Upstream", "Writer", "as_symbol", "as_text"]

Upstream: TypeAlias = "float | Symbol"  # a float is the same for all members and examples

_GRADIENTS: Final = {THETA: "gtheta", STEADY: "GU", ROWS: "G"}


class Writer:
    """A program in the making.

    Attributes:
        body: The lines of its function, so far.
        hoisted: What is defined once, outside of the function: name, text and comment.
        helpers: Functions of ours that the text calls, and defines.
        foreign: Functions of the user's that it calls, and cannot define.
        at: The group whose rows begin there.
        cache: Names of what was written once and is read again.
        owner: The group that computes a node.
        consumers: How many statements read of a group, by the group's id.
        written: For each buffer, the rows of its gradient that something was written to.
        shared: Gradients that need no array of their own, by the group's id.
    """

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
        self.helpers: dict[str, Callable[..., Any]] = {}
        self.foreign: dict[str, Callable[..., Any]] = {}
        self.cache: dict[Any, Any] = {}
        self.hoisted: dict[str, tuple[str, str]] = {}
        self.at: dict[tuple[str, int], Group] = {}
        for group in plan.groups:
            self.at[ROWS if group.kind == VARYING else STEADY, group.lo] = group
        self.owner = {i: group for group in plan.groups for i in group.members}
        self.consumers: dict[int, int] = {}
        for refs in [*[group.refs for group in plan.groups], plan.results]:
            for ref in refs:
                if ref.buffer not in (ROWS, STEADY):
                    continue
                for group in {id(self.owner[i]): 0 for i in ref.nodes}:
                    self.consumers[group] = self.consumers.get(group, 0) + 1
        self.shared: dict[int, Upstream] = {}
        self.written: dict[str, bytearray] = {
            THETA: bytearray(len(plan.parameters)),
            ROWS: bytearray(plan.rows[VARYING]),
            STEADY: bytearray(plan.rows["p"]),
            **{f"x{k}": bytearray(len(ids)) for k, ids in enumerate(self.graph.inputs)},
        }

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

    def _foreign(self, op: Op, what: str, f: Callable[..., Any]) -> str:
        """Return a name for a function of a user's row that the text calls."""
        key = ("foreign", op, what)
        if key not in self.cache:
            self.cache[key] = self.names.new(identifier(f"{op.name}_{what}"))
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
            labels = [] if gradient else [self.graph.labels[i] for i in self.plan.parameters[lo:hi]]
            return self._hoist(prefix + name, f"{base}[{lo}:{hi}, None]", common_label(labels))
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
        return as_symbol(self._columns(ref))

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
            return as_text(self._columns(ref, whole=True))
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

    def _mention(self, text: str) -> None:
        """Note the functions of ours that a text calls."""
        for name in re.findall(r"(?<![\w.])([a-z_]\w*)\(", text):
            f = getattr(spelling, name, None)
            if f is not None:
                self._helper(f)

    def _joined(self, group: Group) -> Ref:
        refs = group.operands
        return Ref(
            refs[0].buffer,
            [row for ref in refs for row in ref.rows],
            (len(refs), len(group.members)),
            [i for ref in refs for i in ref.nodes],
        )

    def _is_steady(self, ref: Ref | None) -> bool:
        return ref is None or ref.buffer in (BAKED, THETA, STEADY)

    def _is_narrow(self, part: Part) -> bool:
        """Say whether a term is the same for all examples."""
        return self._is_steady(part.left) and self._is_steady(part.right)


def as_symbol(x: float | str) -> Any:
    """Return a text as a symbol; a number stays one."""
    return NumPySymbol(x) if isinstance(x, str) else x


def as_text(x: float | str) -> str:
    """Return what a statement reads as text: a number as its literal."""
    return x if isinstance(x, str) else NumPySymbol.literal(x)

"""Arrays: what the rows of a buffer are called as NumPy's arrays, views wherever these will do."""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Callable
from typing import Any, ClassVar

from autograd_mini.compiler.expressions import Ref
from autograd_mini.compiler.groups import Group
from autograd_mini.compiler.language import Language
from autograd_mini.compiler.languages.numpy import functions
from autograd_mini.compiler.languages.numpy.definitions import array_text, index_text
from autograd_mini.compiler.languages.numpy.functions import NumPySymbol
from autograd_mini.compiler.lower import Lowered
from autograd_mini.compiler.names import commented, common_label, identifier, place_of, wishes
from autograd_mini.compiler.plan import FORWARD, GRADIENT, INPUTS
from autograd_mini.compiler.statements import CONSTANTS, SEED, SHARED, THETA, VALUES


class Arrays(Language):
    """The names of a program over a batch, with an array for every buffer.

    Attributes:
        group_names: The name of what each group computes, by the group's id.
        hoisted: What is defined once, outside of the function: name, text and comment.
        helpers: Functions of ours that the text calls, and defines.
        gathered: Copies that the function has made so far.
    """

    symbol = NumPySymbol
    comment = "#", 46
    reserved: ClassVar[frozenset[str]] = frozenset(
        {
            *keyword.kwlist,
            *dir(builtins),
            *functions.__dict__,
            *("np", "theta", "gtheta", "B", "bind", "out", "average", "ones", "column"),
            *("columns", "times"),
            *(VALUES, SHARED, SEED, FORWARD, GRADIENT, INPUTS),
        }
    )

    def __init__(self, lowered: Lowered) -> None:
        super().__init__(lowered)
        self.group_names = {
            id(group): self.names.new(wish, numbered=numbered)
            for group, wish, numbered in wishes(self.plan)
        }
        self.hoisted: dict[str, tuple[str, str]] = {}
        self.helpers: dict[str, Callable[..., Any]] = {}
        self.named: dict[Any, str] = {}
        self.views: dict[Any, str] = {}
        self.gathered: dict[Any, str] = {}
        self.groups = {(group.out.buffer, group.lo): group for group in self.plan.groups}
        for name, (rows, varies) in lowered.rows.items():
            if name[0] == "t":
                shape = f"({rows}, {'B' if varies else 1})"
                self.hoisted[self.base(name)] = f"np.empty({shape}, theta.dtype)", ""
        self._name_weights()

    def _name_weights(self) -> None:
        """Give weights, biases and the like the names that the lecture gives them."""
        layer = 0
        for group in self.plan.groups:
            if not group.is_matrix:
                continue
            layer += 1
            for part in group.parts:
                if part.kind == "matrix" and part.left.buffer != CONSTANTS:
                    self.wish(part.left, f"W{layer}")
                elif part.kind == "add" and part.left.buffer == THETA:
                    self.wish(part.left, f"b{layer}")

    # Lines.

    def hoist(self, name: str, text: str, comment: str = "") -> str:
        """Define a name once, outside of the function."""
        self.hoisted.setdefault(name, (text, comment))
        return name

    def head(self) -> list[str]:
        """Return the definitions outside of the function, gradients beside their numbers."""
        lines: list[str] = []
        for name, (text, comment) in self.hoisted.items():
            if name[:2] == "g_" and name[2:] in self.hoisted:
                continue
            if f"g_{name}" in self.hoisted:
                name, text = f"{name}, g_{name}", f"{text}, {self.hoisted[f'g_{name}'][0]}"
            line = f"{name} = {text}"
            lines.append(f"{line:<62}  # {commented(comment)}" if comment else line)
        return lines

    # Arrays.

    def wish(self, ref: Ref, name: str) -> None:
        """Call a block of a buffer by a name, if it has none."""
        key = self._key(ref)
        if ref.block and key not in self.named:
            self.named[key] = self.names.new(name + ("_T" if ref.block == "columns" else ""))

    def _key(self, ref: Ref) -> Any:
        return ref.buffer.removeprefix("g_"), ref.rows[0], ref.shape, ref.strides

    def read(self, ref: Ref) -> str:
        """Return the name of an array that has the shape of `ref`, and the columns."""
        if ref.buffer == CONSTANTS:
            return self._constants(ref, (*ref.shape, 1))
        if ref.buffer == SEED:
            return self.hoist(SEED, "np.array(1.0 / B, theta.dtype)")
        view = self.view(ref)
        if view:
            return view
        key = ref.buffer, tuple(ref.rows), ref.shape
        text = f"{self._rows(ref.buffer)}.take({self.index(ref.rows, ref.shape)}, axis=0)"
        if ref.buffer[:2] == "g_":
            return text
        if key not in self.gathered:
            self.gathered[key] = self.names.new("t", numbered=True)
            self.line(f"{self.gathered[key]} = {text}")
        return self.gathered[key]

    def _rows(self, buffer: str) -> str:
        """Return a buffer as an array of rows and columns."""
        base = self.base(buffer)
        if buffer not in (THETA, "g_theta"):
            return base
        return self.hoist(f"{_prefix(buffer)}column", f"{base}[:, None]")

    def view(self, ref: Ref, *, matrix: bool = False) -> str:
        """Return the name of a view; "" if only a copy has this shape.

        Args:
            ref: What to view.
            matrix: Without the columns, or with these beside the second axis.
        """
        if not ref.block:
            return ""
        key = ref.buffer, ref.rows[0], ref.shape, ref.strides, matrix
        if key not in self.views:
            self.views[key] = self._view(ref, matrix=matrix)
        return self.views[key]

    def rows_vector(self, ref: Ref) -> str:
        """Return the name of rows that follow one another as a vector; "" if they do not."""
        if not ref.span or ref.buffer[0] == "x" or ref.buffer in (THETA, "g_theta", SEED):
            return ""
        lo, hi = ref.span
        text = f"{self.base(ref.buffer)}[{lo}:{hi}].reshape(-1)"
        name = self._group_name(ref) or f"{self.base(ref.buffer)}{lo}_{hi}"
        wish = f"{_prefix(ref.buffer)}{name.removeprefix('g_')}_flat"
        return self._once(wish, text, numbered=False)

    def buffer_vector(self, ref: Ref) -> str:
        """Return the name of the whole of a buffer as a vector; "" if it is not the program's."""
        if ref.buffer.removeprefix("g_")[0] == "x" or ref.buffer in (THETA, "g_theta", CONSTANTS):
            return ""
        base = self.base(ref.buffer)
        return self.hoist(f"{base}_flat", f"{base}.reshape(-1)")

    def blocks(self, ref: Ref) -> tuple[str, str]:
        """Return the name of a view of rows in blocks of one size, if there is one; its shape."""
        rows, n, width = ref.rows, len(ref.rows), "B" if ref.varies else "1"
        whole = f"-1, {width}"
        if ref.block:
            return self.view(ref), whole
        size = next((i for i in range(1, n) if rows[i] != rows[i - 1] + 1), n)
        count, step = n // size, rows[size % n] - rows[0]
        start, end = rows[-1] + 1 - count * step, rows[-1] + 1
        regular = [rows[0] + k * step + i for k in range(count) for i in range(size)]
        if start < 0 or step <= size or list(rows) != regular:
            return "", whole
        text = f"{self._rows(ref.buffer)}[{start}:{end}].reshape({count}, {step}, {width})"
        wish = f"{_prefix(ref.buffer)}v{rows[0]}_{end}"
        name = self._once(wish, f"{text}[:, {step - size}:]", numbered=False)
        return name, f"{count}, {size}, {width}"

    def _view(self, ref: Ref, *, matrix: bool) -> str:
        lo, hi = ref.rows[0], ref.rows[-1] + 1
        base = self.base(ref.buffer)
        argument = ref.buffer.removeprefix("g_")[0] == "x"
        whole = hi - lo == self.size(ref.buffer) and ref.buffer not in (THETA, "g_theta")
        assert ref.strides is not None  # it is a block
        step = f":{ref.strides[0]}" if len(ref.shape) == 1 and ref.strides[0] > 1 else ""
        text = base if whole and not step else f"{base}[{lo}:{hi}{step}]"
        shape = ref.shape
        if matrix and not ref.varies:
            text += _reshaped(ref, "")
        elif matrix and len(shape) == 2:
            if shape[1] > 1:
                if ref.block != "rows":
                    return ""
                text += f".reshape({shape[0]}, -1)"
        elif len(shape) == 2:
            columns = "B" if ref.varies else "1"
            text += _reshaped(ref, f", {columns}")
        elif ref.buffer in (THETA, "g_theta"):
            text = f"{text[:-1]}, None]"
        if argument or text == base:
            return text
        prefix = _prefix(ref.buffer)
        flat = len(shape) == 1 or (matrix and ref.varies and shape[1] == 1)
        name = self._array_name(ref, (matrix and not ref.varies, flat, ref.varies and matrix))
        return self.hoist(prefix + name, text, "" if prefix else self._comment(ref))

    def _group(self, ref: Ref) -> Group | None:
        """Return the group of which this is all, or all of the gradient."""
        group = self.groups.get((ref.buffer.removeprefix("g_"), ref.rows[0]))
        return group if group is not None and len(group.members) == len(ref.rows) else None

    def _group_name(self, ref: Ref) -> str:
        group = self._group(ref)
        return self.group_names[id(group)] if group is not None else ""

    def _array_name(self, ref: Ref, form: tuple[bool, ...]) -> str:
        if form[1] and ref.span and (name := self._group_name(ref)):
            return name
        key = self._key(ref)
        if key in self.named and (form[0] or len(ref.shape) == 1):
            return self.named[key]
        if (key, form) not in self.named:
            self.named[key, form] = self.names.new(self._wish(ref, wide=form[2]))
        return self.named[key, form]

    def _wish(self, ref: Ref, *, wide: bool) -> str:
        buffer = ref.buffer.removeprefix("g_")
        lo, hi = ref.rows[0], ref.rows[-1] + 1
        if buffer == THETA:
            if hi - lo == 1:
                label = self.graph.labels[self.plan.parameters[lo]]
                return identifier(label) or "p"
            return "p" if hi - lo == len(self.plan.parameters) else f"p{lo}_{hi}"
        if name := self._group_name(ref):
            return f"{name}_{'wide' if wide else 'x'.join(map(str, ref.shape))}"
        letter = {VALUES: "v", SHARED: "u"}.get(buffer, self.base(buffer))
        return f"{letter}{lo}_{hi}" if len(letter) == 1 else f"{letter}_{lo}_{hi}"

    def _comment(self, ref: Ref) -> str:
        if ref.buffer == THETA:
            labels, nodes = self.graph.labels, self.plan.parameters
            return common_label([labels[nodes[row]] for row in ref.rows])
        group = self._group(ref)
        return "" if group is None else place_of(self.plan, group.members)

    def matrix(self, ref: Ref) -> str:
        """Return the name of an array of two axes, the columns in the second."""
        if ref.buffer == CONSTANTS:
            return self._constants(ref, ref.shape)
        view = self.view(ref, matrix=True)
        if view:
            return view
        text = self.read(ref)
        if not ref.varies:
            return f"{text}[..., 0]"
        return f"{text}.reshape({ref.shape[0]}, -1)"

    def _constants(self, ref: Ref, shape: tuple[int, ...]) -> str:
        data = [self.graph.data[i] for i in ref.rows]
        return self._once("c", array_text(data, shape))

    def index(self, rows: Any, shape: tuple[int, ...]) -> str:
        """Return the name of an array of indices."""
        return self._once("i", index_text(rows, shape))

    def _once(self, wish: str, text: str, *, numbered: bool = True) -> str:
        if ("once", text) not in self.named:
            self.named["once", text] = self.names.new(wish, numbered=numbered)
        return self.hoist(self.named["once", text], text)


def _prefix(buffer: str) -> str:
    """Return what the name of a gradient begins with."""
    return "g_" if buffer[:2] == "g_" else ""


def _reshaped(ref: Ref, tail: str) -> str:
    if len(ref.shape) == 1:
        return ""
    k, n = ref.shape
    if ref.block == "rows":
        return f".reshape({k}, {n}{tail})"
    return f".reshape({n}, {k}{tail})" + (".transpose(1, 0, 2)" if tail else ".T")

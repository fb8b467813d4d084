"""JavaScript: loops over Float64Arrays, over a batch.

The text defines `bind(theta, gtheta, B)`, which takes Float64Arrays for the parameters and their
gradient and a batch size, and returns a function of one Float64Array for each argument. There the
numbers of an argument are rows with a column for every example: number `i` of example `b` is
`x[i * B + b]`. What the function returns is for `GRADIENT` the mean of the results (`gtheta` is
filled), for `FORWARD` a Float64Array of rows of results, for `INPUTS` an array of one Float64Array
for each argument. A mean is NaN if an operand was outside of its row's domain.

What the rows of the table compute stands in `rules.js`; their derivatives are the table's rules.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any, ClassVar, Final

from autograd_mini import ops
from autograd_mini.compiler.expressions import Operand, Ref, dense, extent
from autograd_mini.compiler.language import Language
from autograd_mini.compiler.lower import Lowered
from autograd_mini.compiler.names import place_of
from autograd_mini.compiler.plan import FORWARD, GRADIENT, INPUTS
from autograd_mini.compiler.rows import COMPARISONS, COPY, MATMUL, MATMUL_NT, PRODUCTS, PUT, SUM
from autograd_mini.compiler.statements import CONSTANTS, SEED, SHARED, THETA, VALUES, Statement
from autograd_mini.ops import Op
from autograd_mini.symbols import SIGNS, Symbol
from autograd_mini.symbols import SUM as IN_SUM

_DEFINED: Final = re.compile(r"^F\.(\w+) =", re.MULTILINE)
_WORDS: Final = """
arguments await break case catch class const continue debugger default delete do else enum eval
export extends false finally for function if implements import in instanceof interface let new
null package private protected public return static super switch this throw true try typeof
undefined var void while with yield async of get set
Array Float64Array Infinity Math NaN Number Object F B byExample bind i j k b a s w sum out average
"""


class OpaqueError(ValueError):
    """An operation that cannot be written as JavaScript, because its Python hides what it does."""


class JavaScript(Symbol):
    """A text of JavaScript that takes part in arithmetic.

    Example:
        >>> from autograd_mini.ops import OPS
        >>> str(OPS["sqrt"].partials[0](JavaScript("f"), JavaScript("x")))
        'F.quotient(0.5, f)'
    """

    __slots__ = ()

    words: ClassVar = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}

    @classmethod
    def call(cls, op: Op, operands: tuple[Symbol, ...]) -> Symbol:
        """Return a call of the page's own function."""
        if ops.is_built_in(op) and op.name in _page_functions():
            return cls(f"F.{op.name}({', '.join([x.text for x in operands])})")
        raise OpaqueError(
            f"{op.name} cannot be written as JavaScript: its forward and its partials must be "
            "arithmetic and functions of autograd_mini, without math, if or loops over numbers"
        )

    @classmethod
    def power(cls, base: Symbol, exponent: Symbol) -> Symbol:
        """Return a power; `-x ** 2` is a syntax error in JavaScript."""
        return cls(f"F.pow({base.text}, {exponent.text})")

    @classmethod
    def compare(cls, sign: str, x: Any, y: Any) -> Symbol:
        """Return a comparison as a number, as `greater` and `less` give it."""
        return cls(f"Number({cls.of(x).within(IN_SUM)} {sign} {cls.of(y).within(IN_SUM)})")

    @classmethod
    def applied(cls, op: Op, operands: Sequence[Any]) -> Any:
        """Return a row applied to texts; nothing is simplified."""
        if op is COPY:
            return operands[0]
        if op in COMPARISONS and op not in (ops.GREATER, ops.LESS):
            return cls.compare(COMPARISONS[op], *operands)
        if op in (ops.NEG, *_INFIX):
            return cls.apply(op, *map(cls.of, operands))
        return cls.call(op, tuple(map(cls.of, operands)))


_INFIX: Final = tuple(ops.OPS[name] for name in SIGNS)


def functions() -> str:
    """Return JavaScript that defines F, what each row of the table computes."""
    return (resources.files(__package__ or "") / "rules.js").read_text("utf-8")


@cache
def _page_functions() -> frozenset[str]:
    return frozenset(_DEFINED.findall(functions()))


class Writer(Language):
    """A program over a batch: every statement is a loop.

    Attributes:
        hoisted: What is defined once, outside of the function: name and text.
        lists: The names of the lists of numbers among that, by their texts.
        axes: The names of the loops' variables; the last is that of the last axis.
    """

    symbol = JavaScript
    comment = "//", 0
    reserved: ClassVar[frozenset[str]] = frozenset(
        {*_WORDS.split(), THETA, "gtheta", VALUES, SHARED, SEED, FORWARD, GRADIENT, INPUTS}
    )

    def __init__(self, lowered: Lowered) -> None:
        super().__init__(lowered)
        self.hoisted: dict[str, str] = {}
        self.lists: dict[str, str] = {}
        self.axes = ""
        for name, (rows, varies) in lowered.rows.items():
            text = f"new Float64Array({rows}{' * B' if varies else ''})"
            self.hoisted[self.base(name)] = text

    def line(self, text: str, comment: str = "") -> None:
        """Write a line of the function."""
        # `</script>` and `<!--` would end or hide a script in a page.
        super().line(text, comment.replace("<", "‹"))

    def read(self, ref: Ref) -> str:
        """Return the element of an array at the loops' variables."""
        return self.at(ref, self.axes)

    def at(self, ref: Ref, axes: Sequence[str]) -> str:
        """Return the element of an array at some variables, its own last axis at the last one."""
        if ref.buffer == SEED:
            self.hoisted.setdefault(SEED, "1 / B")
            return SEED
        if ref.buffer == CONSTANTS:
            data = [JavaScript.literal(self.graph.data[i]) for i in ref.rows]
            base, where = self._listed("c", data), _offset(0, ref.shape, dense(ref.shape), axes)
            return f"{base}[{where}]"
        base = self.base(ref.buffer)
        if ref.strides is not None:
            row = _offset(ref.rows[0], ref.shape, ref.strides, axes)
        else:
            where = _offset(0, ref.shape, dense(ref.shape), axes)
            row = f"{self._listed('i', list(map(str, ref.rows)))}[{where}]"
        if not ref.varies:
            return f"{base}[{row}]"
        row = f"({row})" if " " in row else row
        return f"{base}[b]" if row == "0" else f"{base}[{row} * B + b]"

    def _listed(self, wish: str, items: list[str]) -> str:
        text = f"[{', '.join(items)}]"
        if text not in self.lists:
            self.lists[text] = self.names.new(wish, numbered=True)
            self.hoisted[self.lists[text]] = text
        return self.lists[text]

    def term(self, op: Op, operands: tuple[Operand, ...]) -> Any:
        """Return a row applied to operands, as text that takes part in arithmetic."""
        return JavaScript.applied(op, [self.expression(x) for x in operands])

    # Statements.

    def statement(self, s: Statement) -> None:
        """Write one statement."""
        comment = s.comment
        if s.out.buffer in (VALUES, SHARED):
            group = s.out.nodes
            comment = comment or f"{s.op.name}: {place_of(self.plan, group)}" if group else comment
        self.line("", comment or s.op.name)
        if s.op in PRODUCTS:
            self._product(s)
        elif s.op is SUM:
            self._sum(s)
        elif s.op is ops.TAKE or s.op is PUT:
            self._take(s)
        else:
            self._map(s)

    def _loops(self, shape: tuple[int, ...], varies: bool, inner: str) -> str:
        """Return a statement within loops over an array."""
        head = [_loop(axis, n) for axis, n in zip("ijk", shape, strict=False) if n > 1]
        return "".join(head) + (_BATCH if varies else "") + inner

    def _map(self, s: Statement) -> None:
        shape, x = s.out.shape, s.operands[0]
        self.axes = _AXES[: len(shape)]
        if s.op.arity is None and len(s.operands) == 1:
            assert isinstance(x, Ref)
            lead = "a" + self.axes[len(self.axes) + 1 - len(x.shape) :]
            column = f"Array.from({{ length: {x.shape[0]} }}, (_, a) => {self.at(x, lead)})"
            text: Any = JavaScript.call(s.op, (JavaScript(f"...{column}"),))
        else:
            text = self.term(s.op, s.operands)
        sign = "+=" if s.add else "="
        self.line(self._loops(shape, s.out.varies, f"{self.at(s.out, self.axes)} {sign} {text};"))

    def _take(self, s: Statement) -> None:
        """Write `out = table[at]`, or `table[at] += g`."""
        at, x = s.refs
        whole, table = (s.out, x) if s.op is ops.TAKE else (x, s.out)
        self.axes = _AXES[: len(whole.shape)]
        member = _offset(0, whole.shape, dense(whole.shape), self.axes)
        element = self.at(table, (self.at(at, self.axes), f"({member})"))
        mine = self.at(whole, self.axes)
        text = f"{mine} = {element};" if s.op is ops.TAKE else f"{element} += {mine};"
        self.line(self._loops(whole.shape, whole.varies, text))

    def _sum(self, s: Statement) -> None:
        (x,) = s.operands
        shape, varies = extent(x)
        lead = max(len(shape) - len(s.out.shape), 0)
        out = (1,) * lead + s.out.shape
        shape = (1,) * (len(out) - len(shape)) + shape
        whole = tuple([max(n, m) for n, m in zip(shape, out, strict=True)])
        self.axes = _AXES[: len(whole)]
        goal = self.at(s.out, self.axes[lead:])
        if not s.add:
            self.line(self._loops(out, s.out.varies, f"{goal} = 0;"))
        inner = f"{goal} += {self.expression(x)};"
        self.line(self._loops(whole, varies or s.out.varies, inner))

    def _product(self, s: Statement) -> None:
        a, b = s.refs
        goal, rows, columns = self.at(s.out, "ij"), *map(_loop, "ij", s.out.shape)
        if s.op is MATMUL_NT:
            inner = _loop("a", a.shape[1]) + (_BATCH if a.varies or b.varies else "")
            term = f"{self.at(a, 'ia')} * {self.at(b, 'ja')}"
            store = f"{goal} {'+=' if s.add else '='} sum;"
            self.line(f"{rows}{columns}{{ let sum = 0; {inner}sum += {term}; {store} }}")
            return
        columns += _BATCH if s.out.varies else ""
        if not s.add:
            self.line(f"{rows}{columns}{goal} = 0;")
        left, count = ("ia", a.shape[1]) if s.op is MATMUL else ("ai", a.shape[0])
        inner = f"{columns}{goal} += w * {self.at(b, 'aj')};"
        self.line(f"{rows}{_loop('a', count)}{{ const w = {self.at(a, left)}; {inner} }}")

    # The whole.

    def _answer(self) -> list[str]:
        results = self.plan.results
        if self.purpose == INPUTS:
            return [f"return [{', '.join(f'g_{name}' for name in self.arguments)}];"]
        if self.purpose == FORWARD:
            lines = [f"const out = new Float64Array({len(results)} * B);"]
            for row, ref in enumerate(results):
                lines.append(f"{_BATCH}out[{row} * B + b] = {self.at(ref, 'i')};")
            return [*lines, "return out;"]
        (ref,) = results
        lines = ["let sum = 0;"]
        for watched in self.lowered.watched:
            text = f"if (!Number.isFinite({self.at(watched, 'i')})) return NaN;"
            lines.append(self._loops(watched.shape, watched.varies, text))
        lines.append(f"{_BATCH}sum += {self.at(ref, 'i')};")
        return [*lines, "return sum / B;"]

    def text(self) -> str:
        """Return the whole program."""
        answer = self._answer()
        if self.purpose == INPUTS:
            for name, ids in zip(self.arguments, self.graph.inputs, strict=True):
                self.hoisted[f"g_{name}"] = f"new Float64Array({len(ids)} * B)"
        start, end = ("byExample(", "})") if self.purpose == GRADIENT else ("", "}")
        lines = [
            "const bind = (() => {",
            functions(),
            f"return {start}(theta, gtheta, B) => {{",
            *[f"  const {name} = {text};" for name, text in self.hoisted.items()],
            f"  return ({', '.join(self.arguments)}) => {{",
            *[f"    {line}" for line in [*self.body, *answer]],
            "  };",
            f"{end};",
            "})();",
            "",
        ]
        return "\n".join(lines)


_AXES: Final = "ijk"
_BATCH: Final = "for (let b = 0; b < B; b += 1) "


def _loop(axis: str, n: int) -> str:
    return f"for (let {axis} = 0; {axis} < {n}; {axis} += 1) "


def _offset(
    first: int, shape: tuple[int, ...], strides: tuple[int, ...], axes: Sequence[str]
) -> str:
    """Return the text of a row: where it starts, and a stride for each axis longer than 1."""
    mine = axes[len(axes) - len(shape) :] if len(axes) >= len(shape) else axes
    terms = [str(first)] if first else []
    for n, step, axis in zip(shape, strides, mine, strict=True):
        if n > 1 and step:
            terms.append(axis if step == 1 else f"{step} * {axis}")
    return " + ".join(terms) or "0"

"""NumPy: one array statement for each statement, over a batch."""

from __future__ import annotations

from itertools import chain
from typing import Any, Final

from autograd_mini import ops
from autograd_mini.compiler.expressions import (
    Operand,
    Ref,
    Term,
    extent,
    flat_index,
    identical,
    indices,
    reads,
)
from autograd_mini.compiler.languages.numpy import functions
from autograd_mini.compiler.languages.numpy.definitions import defined
from autograd_mini.compiler.languages.numpy.functions import NumPySymbol, over_elements
from autograd_mini.compiler.languages.numpy.sums import Sums, may_be_double, ufunc_of
from autograd_mini.compiler.plan import FORWARD, GRADIENT, INPUTS
from autograd_mini.compiler.rows import (
    COMPARISONS,
    COPY,
    MATMUL,
    MATMUL_NT,
    MATMUL_TN,
    PRODUCTS,
    PUT,
    SUM,
)
from autograd_mini.compiler.statements import CONSTANTS, SEED, SHARED, THETA, VALUES, Statement
from autograd_mini.compiler.sums import stretches
from autograd_mini.ops import Op, is_built_in
from autograd_mini.symbols import ATOM, SIGNS, TRUTH
from autograd_mini.symbols import SUM as IN_SUM


class Writer(Sums):
    """A program over a batch: one array statement for each statement."""

    is_guarded = True

    # Expressions.

    def call(self, op: Op) -> str:
        """Return the name of the function that computes a row on arrays."""
        if not is_built_in(op):
            return self.function_name(op, over_elements(op))
        f = functions.FUNCTIONS[op.name]
        if name := functions.qualified_name(f):
            return name
        self.helpers[f.__name__] = f
        return f.__name__

    def operand(self, x: Operand) -> str:
        """Return an operand of a function."""
        if isinstance(x, (float, int)):
            return self.number_name(x)
        text = self.expression(x).text
        is_fixed = isinstance(x, Term) and {ref.buffer for ref in reads(x)} == {SEED}
        return self._once("seed", text) if is_fixed else text

    def number_name(self, x: float) -> str:
        """Return the name of a number: as an array it costs half of one of Python's."""
        literal = NumPySymbol.literal(float(x))
        if not abs(x) < _SINGLE:
            return literal
        name = literal.removesuffix(".0").translate(str.maketrans(".-", "_m", "+"))
        name = "zero" if identical(x, 0.0) else f"c{name}"
        return self._once(name, f"np.array({literal}, theta.dtype)", numbered=False)

    def term(self, op: Op, operands: tuple[Operand, ...]) -> Any:
        """Return a row applied to operands, as an expression."""
        if op is COPY:
            return self.expression(operands[0])
        if op in COMPARISONS:
            texts = [self.comparand(x) for x in operands]
            return NumPySymbol(f"({texts[0]} {COMPARISONS[op]} {texts[1]})", TRUTH)
        if op is ops.WHERE and _is_mask(operands):
            return NumPySymbol(f"({self.comparand(operands[0])} != {self.number_name(0.0)})", TRUTH)
        if op is ops.MUL and isinstance(operands[0], float):
            seed = operands[1]
            if isinstance(seed, Ref) and seed.buffer == SEED:
                return NumPySymbol(self._once("seed", f"{operands[0]!r} * {self.read(seed)}"))
        if op in _INFIX:
            return NumPySymbol.apply(op, *[self._operand_of_sign(op, x) for x in operands])
        name, texts = self.call(op), [self.operand(x) for x in operands]
        if op.arity is None and len(operands) > 1:
            texts = [f"np.stack(np.broadcast_arrays({', '.join(texts)}))"]
        return NumPySymbol(f"{name}({', '.join(texts)})")

    def _operand_of_sign(self, op: Op, x: Operand) -> Any:
        """Return an operand of a sign such as `+`.

        An exponent is an array, which costs less than a number, but for those that NumPy knows
        only as numbers, and has a function for: a square, a root.
        """
        if op is ops.POW and isinstance(x, float) and x not in _EXPONENTS:
            return NumPySymbol(self.number_name(x))
        return self.expression(x)

    def comparand(self, x: Operand) -> str:
        """Return what stands beside the sign of a comparison."""
        if isinstance(x, (float, int)):
            return self.number_name(x)
        return self.expression(x).within(IN_SUM)

    # Elements.

    def _table_places(self, at: Ref, table: Ref, shape: tuple[int, ...]) -> str:
        """Return the name of the rows at which elements of a table stand in its buffer."""
        key = "places", at.buffer, tuple(at.rows), table.buffer, tuple(table.rows)
        if key not in self.gathered:
            k, n = table.shape
            rows = range(k * n) if table.buffer == CONSTANTS else table.rows
            step = rows[n] - rows[0] if k > 1 else 0
            lines = [[row + step * j for row in rows[:n]] for j in range(k)]
            regular = list(chain.from_iterable(lines)) == list(rows)
            first = rows[:n] if regular else range(n)
            start = self.index(first, (*shape, 1)) if n > 1 else str(first[0])
            # Where the buffer is read as a vector, a row is B numbers of it.
            stride, in_vector = step if regular else n, self.buffer_vector(table) and table.varies
            width = " * B" if in_vector and regular else ""
            if width:
                start = self._once("start", f"{start} * B + np.arange(B)")
            text = f"np.fmax({self.read(at)}, {self.number_name(0.0)}).astype(np.intp)"
            text = f"{start} + {stride}{width} * {text}".replace(" + 1 * ", " + ")
            text = text.removeprefix("0 + ")
            if not regular:
                text = f"{self.index(rows, (k * n,))}[{text}]"
                text += " * B + np.arange(B)" if in_vector else ""
            self.gathered[key] = self.names.new("at", numbered=True)
            self.line(f"{self.gathered[key]} = {text}")
        return self.gathered[key]

    def _take(self, s: Statement) -> None:
        at, table = s.refs
        rows, out = self._table_places(at, table, s.out.shape), self.read(s.out)
        if table.buffer == CONSTANTS:
            text = f"{self._constants(table, (len(table.rows),))}[{rows}]"
        elif table.buffer == THETA:
            text = f"theta[{rows}]"
        elif vector := self.buffer_vector(table):
            text = f"{vector}[{rows}]"
        else:
            text = f"{self.base(table.buffer)}[{rows}, {self._columns(table)}]"
        if self.purpose == FORWARD:  # elsewhere, the place is watched
            text = f"np.where(np.isnan({self.read(at)}), np.nan, {text})"
        self.line(f"{out}[...] = {text}", s.comment)

    def _put(self, s: Statement) -> None:
        at, g = s.refs
        table, base, g_text = s.out, self.base(s.out.buffer), self.operand(g)
        rows = self._table_places(at, table.of(table.buffer.removeprefix("g_")), g.shape)
        vector = self.buffer_vector(table)
        if table.varies and len(set(table.rows)) == len(table.rows):
            where = f"{vector}[{rows}]" if vector else f"{base}[{rows}, {self._columns(table)}]"
            return self.line(f"{where} += {g_text}")
        lo, hi = min(table.rows), max(table.rows) + 1
        counted = f"np.bincount({{}}.ravel(), {g_text}.ravel(), {{}})".format
        if table.varies:
            rows = rows if vector else f"({rows} * B + {self._columns(table)})"
            text = counted(rows, f"{hi} * B")
            return self.line(f"{base}[:{hi}] += {text}.reshape(-1, B)")
        text = counted(f"({rows} - {lo})" if lo else rows, hi - lo)
        return self.line(f"{base}[{lo}:{hi}{'' if base == 'gtheta' else ', 0'}] += {text}")

    def _columns(self, ref: Ref) -> str:
        return self.hoist("columns", "np.arange(B)") if ref.varies else "0"

    # Statements.

    def statement(self, s: Statement) -> None:
        """Write one statement."""
        if s.op is PUT:
            self._put(s)
        elif s.op is ops.TAKE:
            self._take(s)
        elif not s.out.block:
            self._scatter(s)
        elif s.op in PRODUCTS:
            self._product(s)
        elif s.op is SUM:
            self._sum(s)
        else:
            self._map(s)

    def _map(self, s: Statement) -> None:
        out, operands = self.read(s.out), s.operands
        x = operands[0]
        if s.add:  # which only copies do, and sums
            if isinstance(x, Term) and x.op is ops.NEG:
                return self.line(f"np.subtract({out}, {self.operand(x.operands[0])}, out={out})")
            if isinstance(x, Term) and x.op is ops.MUL and self._is_full(x, s.out):
                text = self.product(x, s.out.shape)
            else:
                text = self.operand(x)
            return self.line(f"np.add({out}, {text}, out={out})", s.comment)
        if s.op is COPY:
            if isinstance(x, (float, int)):
                return self.line(f"{out}.fill({NumPySymbol.literal(float(x))})", s.comment)
            return self.line(f"{out}[...] = {self.operand(x)}", s.comment)
        if s.op is ops.RELU:
            text, zero = self.operand(x), self.number_name(0.0)
            return self.line(f"np.maximum({text}, {zero}, out={out})", f"relu({text})")
        truth = s.op is not ops.MUL and any(_is_truth(y) for y in operands)
        if s.op in COMPARISONS or truth or (s.op.arity is None and len(operands) > 1):
            return self.line(f"{out}[...] = {self.term(s.op, operands)}", s.comment)
        name, texts = self.call(s.op), [self.operand(x) for x in operands]
        if s.op.arity is None and len(s.out.rows) == 1:
            out = f"{out}[0]" if len(extent(x)[0]) == 1 else out
        self.line(f"{name}({', '.join(texts)}, out={out})", s.comment or self._sense(s, out, texts))
        return None

    def _is_full(self, x: Term, out: Ref) -> bool:
        """Return whether an expression has a number for each that it is added to."""
        return out.varies and extent(x) == (out.shape, True) and not may_be_double(x)

    def _sense(self, s: Statement, out: str, texts: list[str]) -> str:
        """Return what a forward statement means, as in print."""
        if s.out.buffer not in (VALUES, SHARED):
            return ""
        if s.op is ops.MUL and s.operands[0] is s.operands[1]:
            return f"{self.expression(s.operands[0]).within(IN_SUM)} ** 2"
        if s.op.name not in SIGNS:
            return ""
        a, b = [
            NumPySymbol.literal(float(x)) if isinstance(x, (float, int)) else text
            for x, text in zip(s.operands, texts, strict=True)
        ]
        return f"{out} = {a} {SIGNS[s.op.name]} {b}"

    def _product(self, s: Statement) -> None:
        a, b = map(self.matrix, s.refs)
        out = self.matrix(s.out)
        comment = f"{out} = {a} {b}" if s.op is MATMUL else ""
        comment = comment if len(comment) < _COMMENT else ""
        if s.op is not MATMUL:
            a, b = (f"{a}.T", b) if s.op is MATMUL_TN else (a, f"{b}.T")
        times = self._product_function(s)
        product = f"{times}({a}, {b})" if times else f"{a}.dot({b})"
        self.write_call(out, product, comment, add=s.add)

    def _product_function(self, s: Statement) -> str:
        """Return the function for a product that `dot` gets wrong, or ""."""
        if s.out.block == "columns":
            return "np.matmul"
        left, right = s.refs
        rows, inner = left.shape[::-1] if s.op is MATMUL_TN else left.shape
        columns = right.shape[0 if s.op is MATMUL_NT else 1]
        if inner > 1 or min(rows, columns) > 1:
            return ""
        if (left.varies or right.varies) and (s.op is MATMUL_NT or rows > 1):
            return self.hoist("times", _TIMES, "dot leaves out 0 times infinity")
        return "np.multiply"

    def _scatter(self, s: Statement) -> None:
        """Write to rows that are not a view."""
        out = s.out
        base, rows = self._rows(out.buffer), list(out.rows)
        term = self.term(s.op, s.operands)
        x = s.operands[0]
        if len(set(rows)) == len(rows):
            index = self.index(rows, out.shape)
            if s.op is COPY and isinstance(x, Term) and ufunc_of(x.op) is not None:
                term = f"{self.call(x.op)}({', '.join([self.operand(y) for y in x.operands])})"
            self.line(f"{base}[{index}] {'+=' if s.add else '='} {term}", s.comment)
            return
        text = term.within(ATOM)
        shape, varies = extent(Term(s.op, s.operands))
        if shape and varies == out.varies and self._taken(s, shape, text):
            return
        if (shape, varies) != (out.shape, out.varies):
            whole = (*map(str, out.shape), "B" if out.varies else "1")
            text = f"np.broadcast_to({term}, ({', '.join(whole)}))"
        self._count(s, f"{text}.ravel()")

    def _taken(self, s: Statement, shape: tuple[int, ...], text: str) -> bool:
        """Add to rows if all take the same number of terms, padding aside; else return False."""
        out, sloped = s.out, self.lowered.sloped(s.out)
        sources: dict[int, list[int]] = {row: [] for row in sloped}
        for row, index in zip(out.rows, indices(out.shape), strict=True):
            if row in sources:
                sources[row].append(flat_index(shape, index))
        each = [*zip(*sources.values(), strict=False)]
        if len(each) > _TERMS or any(len(found) != len(each) for found in sources.values()):
            return False
        many = (len(each), len(sloped))[len(each) == 1 :]
        flat = text if len(shape) == 1 else f"{text}.reshape(-1, {'B' if out.varies else '1'})"
        taken = f"{flat}.take({self.index(list(chain(*each)), many)}, axis=0)"
        if len(each) > 1:
            taken = f"np.add.reduce({taken}, axis=0)"
        self._grow(s, sloped, taken)
        return True

    def _grow(self, s: Statement, sloped: list[int], text: str) -> None:
        """Add to rows in order: to a view, if they are blocks of one size, one step apart."""
        target = Ref(s.out.buffer, sloped, (len(sloped),), s.out.varies)
        name, shape = self.blocks(target)
        text, is_first = f"{text}.reshape({shape})", id(s) in self.lowered.first
        if name and not is_first:
            return self.line(f"np.add({name}, {text}, out={name})", s.comment)
        at = "..." if name else self.index(target.rows, target.shape)
        sign = "=" if is_first else "+="
        return self.line(f"{name or self._rows(target.buffer)}[{at}] {sign} {text}", s.comment)

    def _count(self, s: Statement, text: str) -> None:
        """Add to rows of which some are the same: `np.bincount` sums up what goes to each.

        What goes to padding has a slot of its own, which is dropped.
        """
        out, rows, sloped = s.out, list(s.out.rows), self.lowered.sloped(s.out)
        lo, hi, count = sloped[0], sloped[-1] + 1, len(sloped)
        padded = not {*sloped}.issuperset(rows)
        if hi - lo == count:
            index = self.index(rows, out.shape)
            slots = f"{index} - {lo}" if lo else index
            if padded:
                slots = f"np.where(({index} < {lo}) | ({index} >= {hi}), {count}, {slots})"
        else:
            number = dict(zip(sloped, range(count), strict=True))
            slots = self.index([number.get(row, count) for row in rows], out.shape)
        width = "B" if out.varies else "1"
        if out.varies:
            slots = f"({slots})[..., None] * B + np.arange(B)"
        slots = self._once("slots", f"({slots}).ravel()")
        total = f"np.bincount({slots}, {text}, {count + padded} * {width})"
        total += f"[:-{width}]" if padded else ""
        self._grow(s, sloped, total)

    # The whole.

    def answer(self) -> str:
        """Return what the function returns."""
        if self.purpose == GRADIENT:
            answer = self._mean()
        elif self.purpose == INPUTS:
            answer = f"({', '.join(f'g_{name}' for name in self.arguments)},)"
        else:
            answer = self._outputs()
        if self.lowered.watched:
            answer += f", {' + '.join([self.guard(x) for x in self.lowered.watched])}"
            self.line("", "with a number that is finite if all domains were kept to")
        return answer

    def _outputs(self) -> str:
        results = self.plan.results
        self.line(f"out = np.empty(({len(results)}, B), theta.dtype)")
        keys = [
            (ref.buffer, j if ref.buffer == CONSTANTS else ref.rows[0] - j)
            for j, ref in enumerate(results)
        ]
        for lo, hi in stretches(keys):
            ref = results[lo]
            if ref.buffer == CONSTANTS:
                text = NumPySymbol.literal(self.graph.data[ref.rows[0]])
            else:
                rows = [x.rows[0] for x in results[lo:hi]]
                text = self.read(Ref(ref.buffer, rows, (hi - lo,), ref.varies))
            self.line(f"out[{lo}:{hi}] = {text}")
        return "out"

    def _mean(self) -> str:
        (ref,) = self.plan.results
        if ref.buffer == CONSTANTS:
            return NumPySymbol.literal(self.graph.data[ref.rows[0]])
        row = self.read(ref)
        if not ref.varies:
            return f"{row}.item()"
        average = self.hoist("average", "np.full(B, 1.0 / B, theta.dtype)")
        return f"{row}.dot({average}).item()"

    def text(self) -> str:
        """Return the whole program."""
        answer = self.answer()
        shapes = ", ".join(
            f"{name} ({len(ids)}, B)"
            for name, ids in zip(self.arguments, self.graph.inputs, strict=True)
        )
        what = {FORWARD: "", GRADIENT: ", averaged over a batch of B", INPUTS: ", by its inputs"}
        title = "loss" if self.graph.scalar else "outputs"
        plan = self.plan
        lines = [
            *self._definitions(),
            "",
            "",
            "def bind(theta, gtheta, B):",
            f'    """{title}({", ".join(self.arguments)}){what[self.purpose]}: {len(plan.groups)} '
            f'groups, {plan.matrices} of them matrices."""',
            *[f"    {line}" for line in self._buffers()],
            *[f"    {line}" for line in self.head()],
            "",
            f"    def {self.purpose}({', '.join(self.arguments)}):"
            + (f"  # {shapes}" if shapes else ""),
            *[f"        {line}" for line in self.body],
            f"        return {answer}",
            "",
            f"    return {self.purpose}",
            "",
        ]
        return "\n".join(lines)

    def _definitions(self) -> list[str]:
        """Return the imports, and the definitions of functions that NumPy lacks."""
        lines: list[str] = []
        for text in defined(self.helpers.values()):
            lines += ["", "", text] if text.startswith("def ") else [text]
        for name in self.namespace:
            lines += [
                "",
                f"if {name!r} not in globals():  # a Python function, which cannot be written here",
                f"    raise RuntimeError({_FOREIGN.format(name)!r})",
            ]
        return lines

    def _buffers(self) -> list[str]:
        """Return the arrays for what is computed."""
        lines = [
            f"{name} = np.empty(({rows}, {'B' if varies else 1}), theta.dtype)"
            for name, (rows, varies) in self.lowered.rows.items()
            if name[0] != "t"
        ]
        if self.purpose == INPUTS:
            for name, ids in zip(self.arguments, self.graph.inputs, strict=True):
                lines.append(f"g_{name} = np.zeros(({len(ids)}, B), theta.dtype)")
        return lines


_INFIX: Final = frozenset({ops.ADD, ops.SUB, ops.MUL, ops.DIV, ops.NEG, ops.POW, ops.ABS})


def _is_truth(x: Operand) -> bool:
    """Return whether NumPy computes truth values, which its functions do not take for numbers."""
    if not isinstance(x, Term):
        return False
    if x.op is ops.WHERE:
        return _is_mask(x.operands)
    return x.op in COMPARISONS or (x.op is ops.MUL and all(map(_is_truth, x.operands)))


def _is_mask(operands: tuple[Operand, ...]) -> bool:
    """Return whether `where` chooses between 1 and 0."""
    return tuple(map(repr, operands[1:])) == ("1.0", "0.0")


_EXPONENTS: Final = frozenset({-1.0, 0.0, 0.5, 1.0, 2.0})  # that NumPy has a function for
_SINGLE: Final = 1e38  # less than the largest number of single precision
_TERMS: Final = 8  # numbers that a row may receive to be taken one by one
_COMMENT: Final = 50  # characters: a longer one only repeats the statement
# Of a matrix with one number, as in a batch of one, `dot` leaves out the products with 0.
_TIMES: Final = "np.ndarray.dot if B > 1 else np.multiply"
_FOREIGN: Final = (
    "this program calls {}, a Python function of an operation that you registered: run it through "
    "the program that it was compiled for, or define the function first"
)

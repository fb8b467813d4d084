"""Vectors: numbers of which NumPy's functions write LLVM's instructions.

A `Vector` takes part in NumPy's arithmetic, as `value.Value` does in Python's. So the NumPy
functions of the rows of the table are run on Vectors to write machine code,
and none of them has to be written a second time. The instructions carry no flags of fast
arithmetic: what they compute is what NumPy computes.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from numpy.lib.mixins import NDArrayOperatorsMixin

from autograd_mini.compiler.untyped import np

TRUTH, BITS = "i1", "i64"  # in LLVM's words
WIDTHS: Final = {"float": 4, "double": 8}  # bytes


class Vector(NDArrayOperatorsMixin):
    """As many numbers as there are lanes, by the name that an instruction gave them.

    `element` says what they are: the function's numbers, "float" or "double", if nothing is said,
    or truth values, or integers.
    """

    __slots__ = ("element", "function", "lanes", "text")

    def __init__(self, function: Function, text: str, lanes: int, element: str = "") -> None:
        self.function = function
        self.text = text
        self.lanes = lanes
        self.element = element or function.element

    def __array_ufunc__(self, ufunc: Any, method: str, *operands: Any, **_: Any) -> Any:
        assert method == "__call__"
        return self.function.applied(ufunc.__name__, operands, self.lanes)

    def __array_function__(self, f: Any, types: Any, operands: Any, named: Any) -> Any:
        assert f is np.where
        cond, a, b = operands
        return self.function.chosen(cond, a, b, self.lanes)

    @property
    def type(self) -> str:
        """The type in LLVM's words."""
        return self.function.type(self.lanes, self.element)

    @property
    def typed(self) -> str:
        """What it is called, with its type."""
        return f"{self.type} {self.text}"


class LLVMModule:
    """Functions in the making, each written once.

    Attributes:
        element: What numbers are, "float" or "double".
        lanes: How many of them a register holds.
        registers: How many registers the processor has for them.
        helpers: The texts of functions of vectors, by their names.
        declared: What is called from elsewhere.
    """

    def __init__(self, element: str, lanes: int, registers: int) -> None:
        self.element = element
        self.lanes = lanes
        self.registers = registers
        self.helpers: dict[str, str] = {}
        self.declared: dict[str, str] = {}

    def text(self) -> str:
        """Return what was declared and written for others, and of which kinds functions are."""
        width = 8 * WIDTHS[self.element] * self.lanes
        lines = [*self.declared.values(), *self.helpers.values()]
        for number, kind in enumerate((f'"prefer-vector-width"="{width}"', "optnone")):
            lines.append(f"attributes #{number} = {{ nounwind noinline {kind} }}")
        return "\n".join(lines)

    def declare(self, name: str, result: str, *arguments: str) -> None:
        """Note the type of a function from elsewhere."""
        self.declared[name] = f"declare {result} @{name}({', '.join(arguments)})"


class Variable:
    """A vector that changes from round to round of the loops around which it was made."""

    __slots__ = ("value",)

    def __init__(self, function: Function, start: Any, lanes: int) -> None:
        self.value = function.number(start, lanes)
        function.variables.append(self)


_ARITHMETIC: Final = {"add": "fadd", "subtract": "fsub", "multiply": "fmul", "divide": "fdiv"}
_COMPARISON: Final = {
    "greater": "fcmp ogt",
    "greater_equal": "fcmp oge",
    "equal": "fcmp oeq",
    "less": "fcmp olt",
    "less_equal": "fcmp ole",
    "not_equal": "fcmp une",
}
_WHOLE: Final = {"add": "add", "subtract": "sub", "left_shift": "shl", "right_shift": "lshr"}
_LOGICAL: Final = {"bitwise_and": "and", "logical_and": "and", "bitwise_or": "or"}
_INTRINSIC: Final = {
    "absolute": "fabs",
    **{name: name for name in ("sqrt", "trunc", "floor", "ceil", "copysign")},
}
# Of the first operand, and the last; powers by their exponents. nan stays.
_COMPOSED: Final[dict[Any, Callable[[Any, Any], Any]]] = {
    "maximum": lambda x, y: np.where(np.equal(x, x), np.where(x > y, x, y), x),
    "minimum": lambda x, y: np.where(np.equal(x, x), np.where(x < y, x, y), x),
    "negative": lambda x, _: -0.0 - x,
    "positive": lambda x, _: 1.0 * x,
    "square": lambda x, _: x * x,
    "isfinite": lambda x, _: abs(x) < math.inf,
    "isinf": lambda x, _: np.equal(abs(x), math.inf),
    "sign": lambda x, _: np.where(x > 0.0, 1.0, np.where(x < 0.0, -1.0, x)),
    1.0: lambda x, _: x,
    2.0: lambda x, _: x * x,
    3.0: lambda x, _: x * x * x,
    -1.0: lambda x, _: 1.0 / x,
    0.5: lambda x, _: np.where(np.equal(x, -math.inf), math.inf, np.sqrt(x + 0.0)),
}
_COMPOSED["fmax"] = _COMPOSED["maximum"]  # as good where nan is no result
_LIBRARY: Final = {
    **{name: name for name in ("sin", "cos", "tan", "sinh", "cosh", "expm1", "hypot")},
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "arctan2": "atan2",
    "power": "pow",
}


class Function:
    """One function of LLVM's, in the making, of the module's numbers or of others."""

    def __init__(self, module: LLVMModule, element: str = "") -> None:
        self.module = module
        self.element = element or module.element
        self.width = WIDTHS[self.element]
        self.entry: list[str] = []
        self.lines: list[str] = []
        self.block = "entry"
        self.places: dict[tuple[str, int], str] = {}  # what it is given: by buffer and offset
        self.variables: list[Variable] = []  # of the loops that are open
        self._count = 0
        self._rooms: list[str] = []
        self._known: list[dict[Any, str]] = [{}]  # of each loop: texts that need no second line

    # Lines.

    def name(self, letter: str = "v") -> str:
        """Return a new name."""
        self._count += 1
        return f"%{letter}{self._count}"

    def write(self, text: str) -> None:
        """Write a line."""
        self.lines.append(f"  {text}")

    def value(self, text: str, lanes: int, element: str = "") -> Vector:
        """Write an instruction and return what it gives."""
        return Vector(self, self.named(text), lanes, element)

    def named(self, text: str, letter: str = "v") -> str:
        """Write an instruction and return the name of what it gives."""
        name = self.name(letter)
        self.write(f"{name} = {text}")
        return name

    def once(self, text: str) -> str:
        """Return the name of what an instruction gives, written before or now."""
        for known in self._known:
            if text in known:
                return known[text]
        name = self._known[-1][text] = self.named(text)
        return name

    def type(self, lanes: int, element: str = "") -> str:
        """Return a type in LLVM's words."""
        one = element or self.element
        return one if lanes == 1 else f"<{lanes} x {one}>"

    def typed(self, x: Any, lanes: int) -> str:
        """Return a number, with its type."""
        return self.number(x, lanes).typed

    # Numbers.

    def repeated(self, text: str, lanes: int, element: str = "") -> Vector:
        """Return a constant in all lanes."""
        if lanes > 1:
            text = f"<{', '.join([f'{self.type(1, element)} {text}'] * lanes)}>"
        return Vector(self, text, lanes, element)

    def number(self, x: Any, lanes: int) -> Vector:
        """Return a constant, or truth values as numbers, as a vector of numbers."""
        if not isinstance(x, Vector):
            x = np.float32(x) if self.element == "float" else x
            (bits,) = struct.unpack("<Q", struct.pack("<d", x))
            return self.repeated(f"0x{bits:016X}", lanes)
        return self.cast("uitofp", x, self.element) if x.element == TRUTH else x

    def truth(self, x: Any, lanes: int) -> Vector:
        """Return whether numbers are not 0."""
        if isinstance(x, Vector) and x.element == TRUTH:
            return x
        return self.applied("not_equal", (x, 0.0), lanes)

    def integer(self, x: Any, lanes: int) -> Vector:
        """Return a constant as a vector of integers."""
        return x if isinstance(x, Vector) else self.repeated(str(x), lanes, BITS)

    def chosen(self, cond: Any, a: Any, b: Any, lanes: int) -> Vector:
        """Return `a` where a condition holds, else `b`."""
        if not isinstance(cond, Vector):
            return self.number(a if cond else b, lanes)
        cond = self.truth(cond, lanes)
        x, y = self.typed(a, lanes), self.typed(b, lanes)
        return self.value(f"select {cond.typed}, {x}, {y}", lanes)

    def cast(self, how: str, x: Vector, element: str) -> Vector:
        """Return numbers of another type: "bitcast", or a conversion."""
        return self.value(f"{how} {x.typed} to {self.type(x.lanes, element)}", x.lanes, element)

    def muladd(self, a: Any, b: Any, c: Any) -> Vector:
        """Return a b + c, in one rounding where the processor can."""
        lanes = next(x.lanes for x in (a, b, c) if isinstance(x, Vector))
        return self.intrinsic("fmuladd", [a, b, c], lanes)

    def intrinsic(self, name: str, operands: Sequence[Any], lanes: int) -> Vector:
        """Return what an instruction that LLVM writes as a function gives."""
        kind = self.type(lanes)
        full = f"llvm.{name}.{'' if lanes == 1 else f'v{lanes}'}f{8 * self.width}"
        self.module.declare(full, kind, *[kind] * len(operands))
        texts = ", ".join([self.typed(x, lanes) for x in operands])
        return self.value(f"call {kind} @{full}({texts})", lanes)

    def shuffled(self, a: Vector, b: Vector, places: Sequence[int]) -> Vector:
        """Return lanes of two vectors, those of `b` counted after those of `a`."""
        if len(places) == 1:
            return self.value(f"extractelement {a.typed}, i64 {places[0]}", 1)
        order = ", ".join([f"i32 {i}" for i in places])
        mask = f"<{len(places)} x i32> <{order}>"
        return self.value(f"shufflevector {a.typed}, {b.typed}, {mask}", len(places))

    def joined(self, fold: Any, x: Vector) -> Vector:
        """Return all lanes joined by np.add, np.multiply or np.maximum, half by half."""
        while x.lanes > 1:
            half = x.lanes // 2
            low, high = range(half), range(half, x.lanes)
            x = fold(self.shuffled(x, x, low), self.shuffled(x, x, high))
        return x

    # NumPy's functions.

    def applied(self, name: str, operands: Sequence[Any], lanes: int) -> Vector:
        """Return what a function of NumPy's gives."""
        whole = any(isinstance(x, Vector) and x.element == BITS for x in operands)
        for names, read, element in (
            (_WHOLE if whole else {}, self.integer, BITS),
            (_ARITHMETIC, self.number, self.element),
            (_COMPARISON, self.number, TRUTH),
            (_LOGICAL, self.truth, TRUTH),
        ):
            if name in names:
                x, y = [read(x, lanes) for x in operands]
                return self.value(f"{names[name]} {x.typed}, {y.text}", lanes, element)
        if name in _INTRINSIC:
            return self.intrinsic(_INTRINSIC[name], operands, lanes)
        is_fixed = name == "power" and not isinstance(operands[1], Vector)
        f = _COMPOSED.get(operands[1] if is_fixed else name)
        if f is not None:
            return self.number(f(operands[0], operands[-1]), lanes)
        return self._called(name, operands, lanes)

    def _called(self, name: str, operands: Sequence[Any], lanes: int) -> Vector:
        """Return a call of a function of vectors, which is written when it is first called."""
        from autograd_mini.compiler.native.elementary import ELEMENTARY, library

        full = f"{name}{lanes}"
        if full not in self.module.helpers:
            body = Function(self.module, "double")
            xs = [Vector(body, f"%x{i}", lanes) for i in range(len(operands))]
            f = ELEMENTARY.get(name)
            result = f(xs[0]) if f else library(body, _LIBRARY[name], xs)
            self.module.helpers[full] = body.text(full, [x.typed for x in xs], result)
        single = self.element == "float"
        xs = [self.number(x, lanes) for x in operands]
        texts = [self.cast("fpext", x, "double").typed if single else x.typed for x in xs]
        wide = self.type(lanes, "double")
        found = self.value(f"call fastcc {wide} @{full}({', '.join(texts)})", lanes, "double")
        return self.cast("fptrunc", found, self.element) if single else found

    # Memory.

    def place(self, buffer: str, offset: int) -> str:
        """Return the name by which the function is given a place, or that of its own room."""
        if buffer in self._rooms:
            return buffer
        letter = "q" if buffer == "qtable" else "p"
        return self.places.setdefault((buffer, offset), f"{letter}{len(self.places)}")

    def address(self, buffer: str, offset: int, terms: Sequence[tuple[str, int]]) -> str:
        """Return the address of an element: variables or numbers, each with its stride."""
        element = "i64" if buffer[0] == "q" else self.element
        place = f"%{buffer}"
        index = ""
        for variable, step in sorted(terms):
            if variable.isdigit():
                offset += int(variable) * step
            elif step:
                term = variable if step == 1 else self.once(f"mul nsw i64 {variable}, {step}")
                index = self.once(f"add nsw i64 {index}, {term}") if index else term
        if index:
            place = self.once(f"getelementptr inbounds {element}, ptr {place}, i64 {index}")
        if offset:
            place = self.once(f"getelementptr inbounds {element}, ptr {place}, i64 {offset}")
        return place

    def room(self, size: int) -> str:
        """Return a buffer of the function's own."""
        name = self.name("r")
        self.entry.append(f"  {name} = alloca [{size} x {self.element}], align 64")
        self._rooms.append(name[1:])
        return name[1:]

    def load(self, address: str, lanes: int) -> Vector:
        """Return what stands at an address."""
        return self.value(f"load {self.type(lanes)}, ptr {address}, align {self.width}", lanes)

    def spread(self, address: str, lanes: int) -> Vector:
        """Return the one number at an address in all lanes."""
        x = self.load(address, 1)
        if lanes == 1:
            return x
        kind = self.type(lanes)
        one = self.named(f"insertelement {kind} poison, {x.typed}, i64 0")
        mask = f"<{lanes} x i32> zeroinitializer"
        return self.value(f"shufflevector {kind} {one}, {kind} poison, {mask}", lanes)

    def store(self, address: str, x: Any, lanes: int) -> None:
        """Put a vector at an address."""
        self.write(f"store {self.typed(x, lanes)}, ptr {address}, align {self.width}")

    # Loops.

    @contextmanager
    def loop(self, end: int, step: int = 1, start: int = 0) -> Generator[str]:
        """A block that is run for each of some numbers; yields the number's name."""
        if start + step >= end:
            yield str(start)
            return
        variable, following, more = self.name("i"), self.name("n"), self.name("c")
        label = f"L{variable[2:]}"
        self.write(f"br label %{label}")
        self.lines.append(f"{label}:")
        before, self.block = self.block, label
        place = len(self.lines)
        self._known.append({})
        starts = [x.value for x in self.variables]
        for x in self.variables:
            x.value = Vector(self, self.name("s"), x.value.lanes)
        rounds = [x.value for x in self.variables]
        yield variable
        del self.variables[len(starts) :]
        self._known.pop()
        self.write(f"{following} = add nsw i64 {variable}, {step}")
        self.write(f"{more} = icmp slt i64 {following}, {end}")
        self.write(f"br i1 {more}, label %{label}, label %{label}E")
        changing = [
            (x.text, x.type, first.text, last.value.text)
            for x, first, last in zip(rounds, starts, self.variables, strict=True)
        ]
        self.lines[place:place] = [
            f"  {name} = phi {kind} [ {first}, %{before} ], [ {last}, %{self.block} ]"
            for name, kind, first, last in [(variable, "i64", start, following), *changing]
        ]
        self.lines.append(f"{label}E:")
        self.block = f"{label}E"

    def plus(self, variable: str, more: int) -> str:
        """Return a loop's variable and a number."""
        if not more:
            return variable
        if variable.isdigit():
            return str(int(variable) + more)
        return self.once(f"add nsw i64 {variable}, {more}")

    # The whole.

    def text(
        self, name: str, arguments: Sequence[str], result: Vector | None = None, kind: int = 0
    ) -> str:
        """Return the whole function; of kind 1 are those that only call others."""
        gives, answer = (result.type, result.typed) if result else ("void", "void")
        head = f"define internal fastcc {gives} @{name}({', '.join(arguments)}) #{kind} {{"
        lines = [head, "entry:", *self.entry, *self.lines, f"  ret {answer}", "}"]
        return "\n".join(lines)

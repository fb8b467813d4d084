"""Recorded: the numbers that a function works with while it is recorded.

A recorded number answers as the plain number would, or raises TraceError that says what to write
instead. Where it is read from tells the two apart: the engine computes with it, the function that
is being recorded may only hand it on.
"""

from __future__ import annotations

import inspect
import operator
import os
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from itertools import repeat
from types import FrameType, MappingProxyType
from typing import Any, ClassVar, Final

from autograd_mini import contexts, ops
from autograd_mini.compiler.parameters import Following
from autograd_mini.compiler.rows import may_raise
from autograd_mini.compiler.slots import data_of, each, own_class, own_data, own_grad, recomputed
from autograd_mini.contexts import state
from autograd_mini.errors import TraceError
from autograd_mini.frames import (
    calling_frame,
    calling_line,
    get_frame,
    is_ours,
    is_pythons,
    is_watched,
)
from autograd_mini.functions import greater, less
from autograd_mini.ops import Op
from autograd_mini.value import ZERO, Value, _mixed  # pyright: ignore[reportPrivateUsage]

_CHOOSE: Final = (
    "write the choice as where(greater(x, 0), a, b), maximum, relu or clip, which a compiled "
    "program can make anew for every example"
)
_COMPARE: Final = (
    "compare with greater() or less(), and choose with where(); whole numbers are equal to 1 "
    "where greater(x, 0.5) * less(x, 1.5) is 1"
)
_INDEX: Final = "pick an element with take(values, index), or with dot and a one-hot list"
_WORDS: Final = {
    "bool()": _CHOOSE,
    "==": _COMPARE,
    "!=": _COMPARE,
    "an index or range": _INDEX,
    "int()": _INDEX,
    "hash()": f"{_INDEX}; a dictionary or a set cannot follow it",
    "isinstance()": "a compiled program computes with floats alone: let the type decide outside "
    "of the function",
    **dict.fromkeys(
        ["str()", "dir()", "a Trace", "a drawing", "an exact gradient"],
        "look at the number where the function runs eagerly",
    ),
    "backward()": "differentiate with grad() or hvp(), which a program can follow",
    "no_grad()": "take what has no gradient out of the function, and pass it in as an argument",
    "%": "a remainder has no derivative: compute it outside, and pass it in as an argument",
    "//": "a floor has no derivative: compute it outside, and pass it in as an argument",
    "&": "multiply conditions instead",
    "assignment": "make a new number instead",
    "a compiled program": "call the function that it was made of",
}
_ELSE: Final = (
    "keep the number a Value: a compiled program cannot follow it as a float; to pick an element "
    "by its index, use take(values, index), or dot with a one-hot list"
)

_HERE: Final = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_ABC: Final = "<frozen abc"
_set_data: Final = own_data.__set__
_set_grad: Final = own_grad.__set__
_new: Final = object.__new__
# The rows that have a result for all numbers that reach them; a user's own may raise anything.
_SAFE: Final = {op for op in (*ops.OPS.values(), ops.TAKE) if not may_raise(op)}


def refuse(value: Value | None, how: str) -> None:
    """Raise, while a function is recorded, unless the number is the same for every example."""
    tracer = contexts.tracer.get()
    if tracer is None or (value is not None and is_known(value)):
        return
    what = ""
    if value is not None:
        name = f" {value.label!r}" if value.label else ""
        shown = f" ({data_of(value)!r})" if type(value) is Recorded else ""
        what = f" of the traced number{name}{shown}"
    error = TraceError(
        f"{how}{what} at {_line()} would be decided once and for all while compiling: "
        f"{_WORDS.get(how, _ELSE)}"
    )
    tracer.error = tracer.error or error
    raise error


def _line() -> str:
    """Return `file:line` of the user's code, also where a module of Python's asks for it."""
    frame = calling_frame()
    while is_pythons(frame.f_code.co_filename) and frame.f_back is not None:
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def _leaves(value: Value, seen: dict[int, Value]) -> Iterator[Value]:
    """Yield the leaves below a number that no operator wrapped, but for what has been seen."""
    stack: list[Any] = [value]
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen[id(node)] = node
        if node._row is None and not node.is_constant:
            yield node
        stack += node.inputs


def is_known(value: Value) -> bool:
    """Return whether a number depends only on numbers that operators wrapped."""
    return next(_leaves(value, {}), None) is None


class Recorder:
    """Makes the nodes of a recording, and hears of every number that is about to leave it.

    Args:
        lines: Whether nodes remember the line that made them.
        shown: What number a hidden Value is in this recording, and for nobody else.
    """

    __slots__ = ("_differentiated", "_lines", "cut", "error", "risky", "shown")
    refuse = staticmethod(refuse)
    is_known = staticmethod(is_known)

    def __init__(self, *, lines: bool, shown: Callable[[Value], float]) -> None:
        self._lines = lines
        self.shown = shown
        self.error: TraceError | None = None  # the first, which the function may have caught
        self.risky: list[Value] = []  # the operations that may raise, as they came
        self._differentiated: dict[int, Value] = {}  # what is below derivatives
        self.cut = ""  # where a gradient of a parameter would flow, but for a plain number

    def node(self, data: float, op: Op, a: Any, b: Value | None) -> Value:
        """Return a new node."""
        if not contexts.grad_enabled.get():
            refuse(None, "no_grad()")
        node: Any = _new(Recorded)
        _set_data(node, data)
        _set_grad(node, ZERO)
        node.label = ""
        node._row = op
        node._a = a
        node._b = b
        node._source = calling_line() if self._lines else None
        if op not in _SAFE:
            self.risky.append(node)
        return node

    def fails(self, operands: Sequence[Value], error: Exception) -> None:
        """Note an operation that has no result: for another example it may have one."""
        if self.error is None and not all(map(is_known, operands)):
            self.error = TraceError(
                f"the function goes on after an error at {_line()}, {error}; a compiled program "
                f"cannot: {_CHOOSE}"
            )

    def differentiated(self, at: Sequence[Any], slope: Any) -> None:
        """Note a derivative: at plain numbers it is a plain number, whatever it depends on."""
        if self.cut or not isinstance(slope, Value):
            return
        if all(type(leaf) is Recorded for leaf in _leaves(slope, self._differentiated)):
            return
        self._differentiated = {}  # what reads parameters is to be found again
        below = [leaf for x in at if isinstance(x, Value) for leaf in _leaves(x, {})]
        if all(type(leaf) is Recorded for leaf in below):
            self.cut = _line()

    def compare(self, symbol: Callable[[Any, Any], Any], x: Value, y: Any) -> Any:
        """Return the comparison as a condition for `where`."""
        if getattr(y, "ndim", 0):
            import numpy as np

            row = [self.compare(symbol, x, z) for z in y.ravel()]
            return np.array(row, object).reshape(y.shape)
        if not isinstance(y, Value) and not hasattr(y, "__float__"):
            return NotImplemented
        if is_known(x) and (not isinstance(y, Value) or is_known(y)):
            return symbol(x.data, y.data if isinstance(y, Value) else y)
        if symbol is operator.eq or symbol is operator.ne:
            self.refuse(x, "==" if symbol is operator.eq else "!=")
        if symbol is operator.gt:
            return greater(x, y)
        if symbol is operator.lt:
            return less(x, y)
        is_number = greater(abs(x) + abs(y), -1.0)  # 0 where one of them is nan
        return is_number * (1.0 - (less(x, y) if symbol is operator.ge else greater(x, y)))


def _in_engine(frame: FrameType) -> bool:
    return frame.f_code.co_filename.startswith(_HERE)


def _in_ours(frame: FrameType) -> bool:
    """Return whether the engine or nn asks, be it through the module `abc`."""
    name = frame.f_code.co_filename
    if name.startswith(_ABC) and frame.f_back is not None:
        name = frame.f_back.f_code.co_filename
    return is_ours(name)


def _kept(own: Any, how: str, read: Callable[[Any], float]) -> Any:
    """Return one of a Value's places, which the engine alone reads and writes."""
    write_own = own.__set__

    def number(self: Any) -> float:
        if state.tracing and not get_frame(1).f_code.co_filename.startswith(_HERE):
            refuse(self, how)
        return read(self)

    def write(self: Any, x: float) -> None:
        if state.tracing and not _in_engine(get_frame(1)):
            refuse(self, "assignment")
        write_own(self, x)

    return property(number, write)


def _refusing(how: str, own: Callable[..., Any] | None = None) -> Any:
    """Return a method that no recorded number has, unless it is the same for every example."""

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        refuse(self, how)
        if own is None:
            raise TypeError(f"a Value does not know {how}")
        return own(self, *args, **kwargs)

    return method


def _shown(own: Hidden) -> float:
    """Return the number of a hidden Value, which may be another in this recording."""
    if state.tracing and (recorder := contexts.tracer.get()) is not None:
        return recorder.shown(own)
    number = _elsewhere.get().get(own)
    return data_of(own) if number is None else number


class Hidden(Value):
    """A Value whose number only the engine sees: what a parameter is while it is recorded."""

    __slots__ = ()
    unhidden: ClassVar[type[Value]] = Value  # the class where nothing is recorded

    data: float = _kept(own_data, ".data", _shown)
    grad: float = _kept(own_grad, ".grad", own_grad.__get__)

    def __eq__(self, other: object) -> Any:
        if self is other or isinstance(other, Value) or not hasattr(other, "__float__"):
            return self is other
        refuse(self, "==")
        return data_of(self) == other

    def __ne__(self, other: object) -> Any:
        return not self == other

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        if not (_in_ours(get_frame(1)) or is_watched()):
            refuse(self, "str()")
        return Value.__repr__(self)


for _how, _names in {
    "backward()": "backward backward_steps zero_grad",
    "assignment": "recompute",
    "a copy or pickle": "__reduce_ex__ __copy__ __deepcopy__",
    "str()": "__str__ __format__",
}.items():
    for _name in _names.split():
        setattr(Hidden, _name, _refusing(_how, getattr(Value, _name)))


class Elsewhere(Hidden):
    """A Value that holds another number for one thread, where nobody records it."""

    __slots__ = ()
    data: Any = property(_shown, _set_data)
    grad: Any = own_grad


class Hiding:
    """A block in which Values are hidden; several threads may hide the same ones.

    Args:
        values: Values of the user's.
        kind: The class that those of Value's own class have then, if nobody records them.
    """

    def __init__(self, values: Iterable[Value], kind: type[Hidden] = Hidden) -> None:
        self.values = {*values}
        self.kind = kind

    def __enter__(self) -> None:
        with _lock:
            _hiding.append(self)
            _reclassed(self.values, lambda own: _hidden_class(own, self.kind))

    def __exit__(self, *exception: object) -> None:
        with _lock:
            _hiding.remove(self)
            others = [other.values for other in _hiding]
            _reclassed(self.values.difference(*others) if others else self.values, _unhidden_class)


def _reclassed(values: set[Value], new: Callable[[type[Value]], type[Value]]) -> None:
    """Give the user's Values another class, which their own decides: most often all have one."""
    kinds = {*map(type, values)}
    for kind in kinds - {Recorded}:
        alike = values if len(kinds) == 1 else [x for x in values if type(x) is kind]
        each(own_class.__set__, alike, repeat(new(kind)))


def _unhidden_class(kind: type[Value]) -> type[Value]:
    return kind.unhidden if issubclass(kind, Hidden) else kind


@cache
def _hidden_class(kind: type[Value], wanted: type[Hidden]) -> type[Hidden]:
    """Return the class of a hidden Value, of Value's own class or of one of the user's."""
    if kind in (Value, Following, Elsewhere):
        return wanted
    if issubclass(kind, Hidden):
        return kind
    made: Any = type  # of the user's class first: its own operators stay
    return made(kind.__name__, (kind, Hidden), {"__slots__": (), "unhidden": kind})


_hiding: Final[list[Hiding]] = []
_lock: Final = threading.RLock()
_elsewhere: Final = ContextVar[Mapping[Value, float]]("_elsewhere", default=MappingProxyType({}))


@contextmanager
def elsewhere(
    values: Sequence[Value], numbers: Sequence[float], computed: Sequence[Value]
) -> Generator[None]:
    """Open a block in which Values hold other numbers, for this thread and no other.

    Args:
        values: Leaves.
        numbers: What they hold inside of the block.
        computed: Nodes above them, inputs before consumers, that follow.
    """
    with Hiding([*values, *computed], Elsewhere):
        held = dict(zip(values, numbers, strict=True))
        token = _elsewhere.set(held)
        try:
            for node in computed:
                held[node] = recomputed(node)
            yield
        finally:
            _elsewhere.reset(token)


def _comparison(sign: str, compare: Callable[[Any, Any], Any]) -> Any:
    def method(self: Any, other: object) -> Any:
        is_number = isinstance(other, Value) or hasattr(other, "__float__")
        if _in_engine(get_frame(1)) or not is_number:
            return compare(self is other, True)
        refuse(self, sign)
        return compare(data_of(self), other.data if isinstance(other, Value) else other)

    return method


class Recorded(Hidden):
    """A number that is a plain one where the function is called: an argument, or a result."""

    __slots__ = ()

    data: float = _kept(own_data, ".data", data_of)
    imag = 0.0

    @property
    def __class__(self) -> type:  # pyright: ignore[reportIncompatibleMethodOverride] # what isinstance(x, float) asks for
        if not _in_ours(get_frame(1)):
            refuse(self, "isinstance()")
        return Recorded

    __eq__ = _comparison("==", operator.eq)
    __ne__ = _comparison("!=", operator.ne)

    def __hash__(self) -> int:
        if not _in_ours(get_frame(1)):
            refuse(self, "hash()")
        return object.__hash__(self)

    def __copy__(self, memo: object = None) -> Recorded:  # as a float is its own copy
        return self

    __deepcopy__ = conjugate = __copy__
    real = property(__copy__)

    def __dir__(self) -> list[str]:
        if not (_in_ours(get_frame(1)) or is_watched()):
            refuse(self, "dir()")
        return dir(Value)

    def __repr__(self) -> str:
        if not (_in_ours(get_frame(1)) or is_watched()):
            refuse(self, "str()")
        name = f" {self.label!r}" if self.label else ""
        return f"<traced number{name}>"


# What a plain number does not have.


def _of_values(name: str, how: str) -> Any:
    own = inspect.getattr_static(Value, name)

    def read(self: Recorded) -> Any:
        if not _in_ours(get_frame(1)):
            refuse(self, how)
        return own.__get__(self, Recorded)

    return property(read)


for _how, _names in {
    "backward()": "backward backward_steps zero_grad debug",
    "assignment": "recompute",
    "": "op inputs is_leaf is_constant source show _prev _op",
}.items():
    for _name in _names.split():
        setattr(Recorded, _name, _of_values(_name, _how or f".{_name}"))


# The operators of Values read `data`; these go past the guards.


def _operator(op: Op) -> Callable[[Any, Any], Any]:
    forward, number, current = op.forward, data_of, contexts.tracer.get

    def operation(a: Any, b: Any) -> Any:
        recorder = current()
        if recorder is None or op is ops.DIV or not (isinstance(a, Value) and isinstance(b, Value)):
            return _mixed(op, a, b)
        return recorder.node(forward(number(a), number(b)), op, a, b)  # which never raises

    return operation


def _reflected(op: Op) -> Callable[[Any, Any], Any]:
    operation = _operator(op)

    def method(self: Any, other: Any) -> Any:
        if op is ops.ADD and type(other) is int and not other:
            return self  # as a Value's own
        return operation(other, self)

    return method


for _name, _row in {"add": ops.ADD, "sub": ops.SUB, "mul": ops.MUL, "truediv": ops.DIV}.items():
    setattr(Hidden, f"__{_name}__", _operator(_row))
    setattr(Hidden, f"__r{_name}__", _reflected(_row))


for _how, _names in {
    "an index or range": "index",
    "%": "mod rmod",
    "//": "floordiv rfloordiv divmod rdivmod",
    "&": "and rand or ror xor rxor invert",
}.items():
    for _name in _names.split():
        setattr(Recorded, f"__{_name}__", _refusing(_how))


def _of_a_float(name: str) -> Any:
    """Return an attribute that plain numbers have and Values lack: nobody may ask for it."""

    def attribute(self: Any) -> Any:
        refuse(self, f".{name}")
        raise AttributeError(f"a Value has no attribute {name!r}")

    return property(attribute)


for _name in {*dir(float), *dir(int)}.difference(dir(Recorded)):
    if not _name.startswith("_"):
        setattr(Recorded, _name, _of_a_float(_name))

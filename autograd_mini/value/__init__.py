"""Value: a number that remembers how it was computed. Operators choose a row, `_node` records it.

A node knows its operands; no node knows who uses it, so a graph has no cycle and is freed as
soon as nobody holds its root. Nothing here recurses: a graph may be a million operations deep.
"""

# A node's operand slots hold a Value, a tuple of them or nothing.
# pyright: reportPrivateUsage=false, reportUnknownVariableType=false
# pyright: reportIncompatibleMethodOverride=false

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final, Never, Protocol, SupportsFloat, TypeAlias, cast, overload

from autograd_mini import contexts, frames, ops
from autograd_mini.convert import number
from autograd_mini.errors import bad_result, explained, too_large
from autograd_mini.guesses import METHODS, MODULES, advise, answer_imports, wrong_argument
from autograd_mini.ops import UNDEFINED, Number, Op
from autograd_mini.symbols import SIGNS
from autograd_mini.value.plain import CONSTANT, Plain, refuse_to_bake_in
from autograd_mini.value.root import ZERO, Root

__all__ = ["CONSTANT", "ZERO", "Value", "apply", "refuse_to_bake_in"]

Scalar: TypeAlias = "Value | float"

_new = object.__new__
_state = contexts.state


class _Operator(Protocol):
    """With a Value or a number it gives a Value; with an array, an array of them."""

    @overload
    def __call__(self, other: Scalar, /) -> Value: ...
    @overload
    def __call__(self, other: Any, /) -> Any: ...


def _operator(method: Callable[[Value, Any], Value]) -> _Operator:
    """Tell a type checker that a number or a Value on the other side gives a Value."""
    return cast(_Operator, method)


class Value(Root, Plain):
    """A float that records the operations it goes through, and differentiates them.

    Args:
        data: Any number with `__float__`: bool, int, float, Fraction, Decimal, NumPy scalars.
        label: A name for drawings, the stepper and error messages.

    Attributes:
        data: The number, a float.
        grad: d(root)/d(self) from the last backward pass; leaves add up over passes.
        label: Its name, or "".

    Raises:
        TypeError: If `data` is a string, complex, None, an array or a Value.
        RangeError: If `data` is too large for a float.

    Example:
        >>> a, b = Value(2.0, "a"), Value(-3.0, "b")
        >>> y = a * b + a**2
        >>> y.backward()
        >>> y.data, a.grad, b.grad
        (-2.0, 1.0, 2.0)
    """

    __slots__ = ("_a", "_b", "_row", "_source", "data", "grad", "label")
    __array_ufunc__ = None  # NumPy leaves `array + value` to us
    __array_priority__ = 1000.0

    data: float
    grad: float
    label: str
    _a: Any
    _b: Any
    _row: Op | None
    _source: str | None

    def __init__(self, data: SupportsFloat, label: str = "", **wrong: Never) -> None:
        if wrong:
            raise wrong_argument(*wrong)
        if type(label) is not str and not isinstance(cast(object, label), str):
            raise TypeError(
                f"a label is a string, but got {label!r}; a node with its own derivative is made "
                "with @primitive, not by hand"
            )
        self.data = data if type(data) is float else number(data)
        self.grad = ZERO
        self.label = label
        self._row = None
        self._a = None
        self._b = None
        self._source = None

    # What it is made of.

    @property
    def op(self) -> Op | None:
        """The row of the rule table that computed this Value; None for a leaf."""
        return self._row

    @property
    def inputs(self) -> tuple[Value, ...]:
        """The Values this one was computed from, in argument order, repeats kept."""
        a = self._a
        if a is None:
            return ()
        if type(a) is tuple:
            return a
        return (a,) if self._b is None else (a, self._b)

    @property
    def is_leaf(self) -> bool:
        """Whether this Value was given rather than computed."""
        return self._row is None

    @property
    def is_constant(self) -> bool:
        """Whether this is a constant: a number that an operator wrapped, as the 2 of `2 * x`."""
        return self._source is CONSTANT

    @property
    def source(self) -> str | None:
        """`file:line` of the code that made this node, inside `record_source()`; else None."""
        return None if self._source is CONSTANT else self._source

    @property
    def _prev(self) -> set[Value]:
        return set(self.inputs)

    @property
    def _op(self) -> str:
        op = self._row
        if op is None:
            return ""
        if op is ops.POW and self._b.is_constant:
            return f"**{self._b.data:g}"
        return _MICROGRAD_NAMES.get(op.name, op.name)

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if name not in METHODS]

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        return f"Value(data={self.data!r}, grad={self.grad!r}{label})"

    def detach(self) -> Value:
        """Return a leaf with the same data and label: gradients stop there.

        In a compiled program it is the number of each example.
        """
        if _state.tracing and contexts.is_tracing():
            return _node(self.data, ops.DETACH, self)
        return Value(self.data, self.label)

    # Operators. Values and plain numbers are the common cases; all else goes to `_mixed`.

    @_operator
    def __add__(self, other: object) -> Value:
        if type(other) is not Value:
            if type(other) is not float and type(other) is not int:
                return _mixed(ops.ADD, self, other)
            other = constant(other)
        return _node(self.data + other.data, ops.ADD, self, other)

    @_operator
    def __radd__(self, other: object) -> Value:
        if type(other) is int and other == 0:
            return self  # so that sum(values) has no `0 +` node
        if type(other) is not float and type(other) is not int:
            return _mixed(ops.ADD, other, self)
        other = constant(other)
        return _node(other.data + self.data, ops.ADD, other, self)

    @_operator
    def __sub__(self, other: object) -> Value:
        if type(other) is not Value:
            if type(other) is not float and type(other) is not int:
                return _mixed(ops.SUB, self, other)
            other = constant(other)
        return _node(self.data - other.data, ops.SUB, self, other)

    @_operator
    def __rsub__(self, other: object) -> Value:
        if type(other) is not float and type(other) is not int:
            return _mixed(ops.SUB, other, self)
        other = constant(other)
        return _node(other.data - self.data, ops.SUB, other, self)

    @_operator
    def __mul__(self, other: object) -> Value:
        if type(other) is not Value:
            if type(other) is not float and type(other) is not int:
                return _mixed(ops.MUL, self, other)
            other = constant(other)
        return _node(self.data * other.data, ops.MUL, self, other)

    @_operator
    def __rmul__(self, other: object) -> Value:
        if type(other) is not float and type(other) is not int:
            return _mixed(ops.MUL, other, self)
        other = constant(other)
        return _node(other.data * self.data, ops.MUL, other, self)

    @_operator
    def __truediv__(self, other: object) -> Value:
        if type(other) is not Value:
            if type(other) is not float and type(other) is not int:
                return _mixed(ops.DIV, self, other)
            other = constant(other)
        if other.data == 0.0:
            return _mixed(ops.DIV, self, other)  # which has the words for it
        return _node(self.data / other.data, ops.DIV, self, other)

    @_operator
    def __rtruediv__(self, other: object) -> Value:
        return _mixed(ops.DIV, other, self)

    @_operator
    def __pow__(self, other: object) -> Value:
        return _mixed(ops.POW, self, other)

    @_operator
    def __rpow__(self, other: object) -> Value:
        return _mixed(ops.POW, other, self)

    def __neg__(self) -> Value:
        return _node(-self.data, ops.NEG, self)

    def __pos__(self) -> Value:
        return self

    def __abs__(self) -> Value:
        return _node(abs(self.data), ops.ABS, self)

    @staticmethod
    def apply(op: Op, *operands: Any) -> Any:
        """Apply a row of the rule table to Values and plain numbers, or to another kind of Number.

        Every function and method of Values comes here.

        Returns:
            A Value that remembers its operands, or a float if no operand is a Value.

        Raises:
            DomainError: If the row has no real result for these operands.
            TypeError: If an operand is not a number, or their number is not the row's.

        Example:
            >>> from autograd_mini import OPS, apply
            >>> apply(OPS["atan2"], Value(1.0), 1.0).data
            0.7853981633974483
        """
        arity = op.arity
        if arity is None:
            return apply_to(op, operands)
        if len(operands) != arity:
            raise TypeError(f"{op.name} takes {arity} operands, but got {len(operands)}")
        if arity == 1 and type(x := operands[0]) is Value and op.receives is None:
            try:
                data: Any = op.forward(x.data)
            except UNDEFINED as error:
                raise _undefined(op, operands, error) from None
            return _node(data if type(data) is float else number(data), op, x)
        return _apply_to_any(op, operands)


advise(Value, METHODS)  # no __getattr__, which slows every attribute down
answer_imports("autograd_mini", MODULES)

_MICROGRAD_NAMES: Final = SIGNS | {"relu": "ReLU"}


def constant(x: Any) -> Value:
    """Return a number that an operator met as a constant, a leaf of the graph."""
    kind = type(x)
    leaf = _new(Value)
    try:
        leaf.data = x if kind is float else float(x) if kind is int else number(x)
    except OverflowError:
        raise too_large(x) from None
    leaf.grad = ZERO
    leaf.label = ""
    leaf._row = None
    leaf._a = None
    leaf._b = None
    leaf._source = CONSTANT
    return leaf


def apply_to(op: Op, operands: tuple[Any, ...]) -> Any:
    """Apply a row that takes any number of operands to a tuple of them, as `apply` does."""
    if _state.tracing and contexts.is_tracing():
        numbers = _seen_while_tracing(operands)
    else:
        numbers = [x.data for x in operands if type(x) is Value]
    if 0 < len(numbers) < len(operands) and (not _state.open or contexts.grad_enabled.get()):
        operands, numbers = _with_constants(operands, numbers)
    if len(numbers) < len(operands) or not operands:
        return _apply_to_any(op, operands)
    try:
        data: Any = op.forward(*numbers)
    except UNDEFINED as error:
        raise _undefined(op, operands, error) from None
    return _node(data if type(data) is float else number(data), op, operands)


def _apply_to_any(op: Op, operands: tuple[Any, ...]) -> Any:
    """Apply a row to operands of any kind: Values, numbers, or another kind of Number."""
    numbers: list[float] = []
    recorded = False
    for x in operands:
        if type(x) is Value:
            numbers.append(x.data)
            recorded = True
        elif type(x) is float:
            numbers.append(x)
        elif isinstance(x, Value):
            own = _state.tracing and contexts.is_tracing()
            numbers.append(_own_data(x) if own else x.data)
            recorded = True
        elif isinstance(x, Number):
            return x.apply(op, *operands)
        else:
            numbers.append(number(x))
    try:
        data: Any = op.forward(*numbers)
    except UNDEFINED as error:
        raise _undefined(op, [*map(_as_value, operands, numbers)], error) from None
    if type(data) is not float:
        data = number(data)
    if not recorded:
        return data
    if op.arity == 2 and op.receives is None:
        a, b = operands
        return _node(data, op, _as_value(a, numbers[0]), _as_value(b, numbers[1]))
    values = tuple(map(_as_value, operands, numbers))
    # a row with a condition keeps its operands in a tuple, too
    return _node(data, op, values[0] if op.arity == 1 and op.receives is None else values)


def _with_constants(
    operands: tuple[Any, ...], numbers: list[float]
) -> tuple[tuple[Any, ...], list[float]]:
    """Return floats beside Values as constants, and all numbers; with another kind, what came.

    It is `constant` for many, written out: most often these are examples beside weights.
    """
    new, kind, mark, zero = _new, Value, CONSTANT, ZERO
    values: list[Value] = []
    found: list[float] = []
    for x in operands:
        if type(x) is kind:
            values.append(x)
            found.append(x.data)
        elif type(x) is float:
            leaf = new(kind)
            leaf.data = x
            leaf.grad = zero
            leaf.label = ""
            leaf._row = leaf._a = leaf._b = None
            leaf._source = mark
            values.append(leaf)
            found.append(x)
        else:
            return operands, numbers
    return tuple(values), found


def _as_value(x: object, data: float) -> Value:
    return x if type(x) is Value or isinstance(x, Value) else constant(data)


def _node(data: float, op: Op, a: Any, b: Value | None = None) -> Value:
    """Return a new node; every recorded operation is born here."""
    if _state.open:
        return _watched_node(data, op, a, b)
    node = _new(Value)
    node.data = data
    node.grad = ZERO
    node.label = ""
    node._row = op
    node._a = a
    node._b = b
    node._source = None
    return node


def remade(
    op: Op | None, inputs: Sequence[Value], data: float, grad: float | None, label: str, source: str
) -> Value:
    """Return a node with these fields, as a copy or a pickle makes it again."""
    node = Value(data, label)
    node.grad = ZERO if grad is None else grad
    node._source = CONSTANT if source == CONSTANT else source or None  # known by identity
    node._row = op
    if op is not None and op.arity in (1, 2) and op.receives is None:
        node._a, node._b = (*inputs, None)[:2]
    elif op is not None:
        node._a = tuple(inputs)
    return node


def _watched_node(data: float, op: Op, a: Any, b: Value | None) -> Value:
    """Return a new node while some block of `contexts` is open."""
    if _state.tracing and (tracer := contexts.tracer.get()) is not None:
        return tracer.node(data, op, a, b)
    node = Value(data)
    if contexts.source_recorded.get() or contexts.anomaly_detected.get():
        node._source = frames.calling_line()
    if contexts.grad_enabled.get():
        node._row, node._a, node._b = op, a, b
    if not math.isfinite(data) and contexts.anomaly_detected.get():
        inputs: Sequence[Value] = (
            cast("tuple[Value, ...]", a) if type(a) is tuple else (a,) if b is None else (a, b)
        )
        raise bad_result(op, data, inputs, node)
    return node


apply: Final = Value.apply


def _undefined(op: Op, operands: Sequence[Value], error: Exception) -> Exception:
    """Return the error of a row that has no result here; whoever records hears of it."""
    explanation = explained(op, operands, error)
    if _state.tracing and (tracer := contexts.tracer.get()) is not None:
        tracer.fails(operands, explanation)
    return explanation


def _mixed(op: Op, a: Any, b: Any) -> Any:
    """Apply a binary row where one operand may be a number, an array or another kind of object."""
    try:
        kind = type(b)
        if kind is int or kind is float or not isinstance(b, Value):
            b = constant(b)
        elif not isinstance(a, Value):
            a = constant(a)
    except TypeError:
        from autograd_mini.arrays import elementwise

        return elementwise(op, a, b)
    try:
        if _state.tracing and contexts.is_tracing():
            data: float = op.forward(_own_data(a), _own_data(b))
        else:
            data = op.forward(a.data, b.data)
    except UNDEFINED as error:
        raise _undefined(op, (a, b), error) from None
    return _node(data, op, a, b)


_own_data: Final[Callable[[Value], float]] = Value.__dict__["data"].__get__


def _seen_while_tracing(operands: Sequence[Any]) -> list[float]:
    """Return the Values' numbers, past the guards of a recording; none if one is not a Value."""
    try:
        return list(map(_own_data, operands))
    except TypeError:
        return []

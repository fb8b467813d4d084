"""Value: a number that remembers how it was computed, and backpropagation over such numbers.

A node knows its operands; no node knows who uses it, so a graph has no cycle and is freed as
soon as nobody holds its root. Nothing here recurses: a graph may be a million operations deep.
"""

# The functions of this module are the Value's own workings, and its operand slots hold a Value, a
# tuple of them or nothing.
# pyright: reportPrivateUsage=false, reportUnknownVariableType=false
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

import math
import operator
import sys
import threading
import weakref
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, SupportsFloat, TextIO, TypeAlias, cast

from autograd_mini import contexts, ops
from autograd_mini.errors import AnomalyError, DivisionError, DomainError, RangeError
from autograd_mini.ops import UNDEFINED, Number, Op
from autograd_mini.symbols import SIGNS

if TYPE_CHECKING:
    from autograd_mini.steps import Step

__all__ = ["Value", "adjoints", "apply", "topological_order"]

Scalar: TypeAlias = "Value | float"

# The one object that every gradient starts as: `grad is ZERO` means not computed.
ZERO: Final = float("0")
CONSTANT: Final = "constant"  # in place of a source line: a number that an operator wrapped
_BEYOND_FLOATS: Final = "is too large for a float, which ends at 1.797e308"
_new = object.__new__
_state = contexts.state


class Value(Number):
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

    def __init__(self, data: SupportsFloat, label: str = "") -> None:
        if type(label) is not str and not isinstance(label, str):  # pyright: ignore[reportUnnecessaryIsInstance]
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
            return cast(tuple[Value, ...], a)
        return (a,) if self._b is None else (a, self._b)

    @property
    def is_leaf(self) -> bool:
        """Whether this Value was given rather than computed."""
        return self._row is None

    @property
    def is_constant(self) -> bool:
        """Whether this is a number that an operator wrapped, such as the 2 of `2 * x`."""
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

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        return f"Value(data={self.data!r}, grad={self.grad!r}{label})"

    def _repr_svg_(self) -> str | None:
        """Show the graph in a notebook, with or without Graphviz."""
        from autograd_mini.drawing import display

        return display(self)

    # As a number.

    def item(self) -> float:
        """Return the data, a float."""
        return float(self)

    def detach(self) -> Value:
        """Return a leaf with the same data and label: gradients stop there."""
        if _state.tracing:
            _refuse_to_bake_in(self, "detach()")
        return Value(self.data, self.label)

    def __float__(self) -> float:
        if _state.tracing:
            _refuse_to_bake_in(self, "float()")
        return self.data

    def __int__(self) -> int:
        if _state.tracing:
            _refuse_to_bake_in(self, "int()")
        return int(self.data)

    def __bool__(self) -> bool:
        if _state.tracing:
            _refuse_to_bake_in(self, "bool()")
        return self.data != 0.0

    def __round__(self, digits: int | None = None) -> float:
        if _state.tracing:
            _refuse_to_bake_in(self, "round()")
        return round(self.data, digits)

    def __format__(self, spec: str) -> str:
        return format(self.data, spec)

    def __lt__(self, other: Scalar) -> bool:
        return _compare(operator.lt, self, other)

    def __le__(self, other: Scalar) -> bool:
        return _compare(operator.le, self, other)

    def __gt__(self, other: Scalar) -> bool:
        return _compare(operator.gt, self, other)

    def __ge__(self, other: Scalar) -> bool:
        return _compare(operator.ge, self, other)

    # Operators. `type(other) is Value` is the common case; everything else goes to `_mixed`.

    def __add__(self, other: Any) -> Any:
        if type(other) is Value:
            return _node(self.data + other.data, ops.ADD, self, other)
        return _mixed(ops.ADD, self, other)

    def __radd__(self, other: Any) -> Any:
        if type(other) is int and other == 0:
            return self  # so that sum(values) has no `0 +` node
        return _mixed(ops.ADD, other, self)

    def __sub__(self, other: Any) -> Any:
        if type(other) is Value:
            return _node(self.data - other.data, ops.SUB, self, other)
        return _mixed(ops.SUB, self, other)

    def __rsub__(self, other: Any) -> Any:
        return _mixed(ops.SUB, other, self)

    def __mul__(self, other: Any) -> Any:
        if type(other) is Value:
            return _node(self.data * other.data, ops.MUL, self, other)
        return _mixed(ops.MUL, self, other)

    def __rmul__(self, other: Any) -> Any:
        return _mixed(ops.MUL, other, self)

    def __truediv__(self, other: Any) -> Any:
        if type(other) is Value and other.data != 0.0:
            return _node(self.data / other.data, ops.DIV, self, other)
        return _mixed(ops.DIV, self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _mixed(ops.DIV, other, self)

    def __pow__(self, other: Any) -> Any:
        return _mixed(ops.POW, self, other)

    def __rpow__(self, other: Any) -> Any:
        return _mixed(ops.POW, other, self)

    def __neg__(self) -> Value:
        return _node(-self.data, ops.NEG, self)

    def __pos__(self) -> Value:
        return self

    def __abs__(self) -> Value:
        return _node(abs(self.data), ops.ABS, self)

    @classmethod
    def apply(cls, op: Op, *operands: Any) -> Any:
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
        if arity is not None and len(operands) != arity:
            raise TypeError(f"{op.name} takes {arity} operands, but got {len(operands)}")
        values: Any = operands
        numbers = [x.data for x in operands if type(x) is Value]
        recorded = bool(numbers)
        if len(numbers) < len(operands):
            for x in operands:
                if isinstance(x, Value):
                    recorded = True
                    break
                if isinstance(x, Number):
                    return x.apply(op, *operands)
            values = tuple([x if isinstance(x, Value) else constant(x) for x in operands])
            numbers = [x.data for x in values]
        try:
            data: Any = op.forward(*numbers)
        except UNDEFINED as error:
            raise explained(op, values, error) from None
        if type(data) is not float:
            data = number(data)
        if not recorded:
            return data
        if arity == 1:
            return _node(data, op, values[0])
        if arity == 2:
            return _node(data, op, values[0], values[1])
        return _node(data, op, values)

    # Differentiation.

    def backward(self, seed: Scalar = 1.0, *, create_graph: bool = False) -> None:
        """Compute the gradient of this Value with respect to everything it was computed from.

        Leaves add up over passes, so that a second `backward()` doubles them exactly; an
        interior gradient is this pass's. If a rule raises, the leaves keep what they had.

        Args:
            seed: The gradient of this Value itself.
            create_graph: Make the gradients Values that can be differentiated again. Until
                `zero_grad()` such gradients and the graph refer to each other.

        Example:
            >>> x = Value(3.0)
            >>> (x * x).backward()
            >>> x.grad
            6.0
        """
        start = seed if type(seed) is float else as_seed(seed)
        if _state.on_backward is not None:
            _state.on_backward(self, start)
        if _state.stepped:
            refuse_second_pass(topological_order(self))
        if create_graph:
            _backward_with_graph(self, seed)
            return
        if _state.open and contexts.anomaly_detected.get():
            propagate = _propagate_and_check
        else:
            propagate = _propagate
        kept: list[tuple[Value, float]] = []
        try:
            order = opened_order(self, kept)
            self.grad = start
            propagate(order)
        except BaseException:
            for node in topological_order(self):
                node.grad = ZERO
            for leaf, before in kept:
                leaf.grad = before
            raise
        for leaf, before in kept:
            leaf.grad += before

    def backward_steps(self, seed: Scalar = 1.0) -> Generator[Step, None, None]:
        """Perform the backward pass one edge at a time: consuming the generator is the pass.

        After each step `step.parent.grad == step.after`. What earlier passes left in the leaves
        is set aside at the start and added at the end, also when the generator is closed
        half-way; interior gradients are then partial. Exhausted, it equals `backward()` bit for
        bit.

        Args:
            seed: The gradient of this Value itself.

        Raises:
            RuntimeError: If another pass over the same leaves is still open.

        Example:
            >>> a = Value(3.0, "a")
            >>> for step in (a * a).backward_steps():
            ...     print(step)
            a.grad: 0.0 + 3.0 * 1.0 = 3.0   (d(a*a)/da = a, argument 0)
            a.grad: 3.0 + 3.0 * 1.0 = 6.0   (d(a*a)/da = a, argument 1)
        """
        from autograd_mini.steps import backward_steps

        return backward_steps(self, seed)

    def debug(
        self,
        seed: Scalar = 1.0,
        *,
        stdin: TextIO | None = None,
        stdout: TextIO | None = None,
        commands: Iterable[str] = (),
    ) -> None:
        """Open the terminal stepper on the backward pass of this Value; `help` lists its commands.

        It only looks: gradients are afterwards what they were before, and `q` returns.

        Args:
            seed: The gradient of this Value itself.
            stdin: Where commands come from.
            stdout: Where answers go.
            commands: What to do before the first prompt.
        """
        from autograd_mini.debugger import debug

        debug(self, seed, stdin=stdin, stdout=stdout, commands=commands)

    def zero_grad(self) -> None:
        """Forget the gradient of this Value and of everything it was computed from."""
        for node in topological_order(self):
            node.grad = ZERO

    def recompute(self) -> None:
        """Run the recorded graph forward again, in place, after a leaf's data has changed.

        Choices such as relu, maximum or where(greater(a, b), ...) are made anew; a plain bool
        given to `where` stays as it was. Gradients are left alone.

        Raises:
            DomainError: If an operation has no real result for the new data; then every node
                keeps the data it had.

        Example:
            >>> x = Value(1.0)
            >>> y = x.exp() * 2
            >>> x.data = 0.0
            >>> y.recompute()
            >>> y.data
            2.0
        """
        order = interior_order(self)
        before = [node.data for node in order]
        checked = bool(_state.open) and contexts.anomaly_detected.get()
        try:
            for node in order:
                op, inputs = cast(Op, node._row), node.inputs
                try:
                    node.data = float(op.forward(*[x.data for x in inputs]))
                except UNDEFINED as error:
                    raise explained(op, inputs, error) from None
                if checked and not math.isfinite(node.data):
                    raise _bad_result(op, node.data, inputs, node)
        except BaseException:
            for node, data in zip(order, before, strict=True):
                node.data = data
            raise

    # Copies and pickles.

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        op = None if self._row is None else self._row.name
        grad = None if self.grad is ZERO else float(self.grad)
        fields = (op, self.inputs, self.data, grad, self.label, self._source)
        if op is None or _already_listed(self):
            return _restore, (None, *fields)
        # Listing everything below first, inputs before their consumers, keeps pickle and
        # deepcopy from descending into the graph: each inner node finds its inputs done.
        below = _Below(topological_order(self)[:-1])
        _listed.references = [r for r in _listed.references if r() is not None]
        _listed.references.append(weakref.ref(below))
        return _restore, (below, *fields)


_MICROGRAD_NAMES: Final = SIGNS | {"relu": "ReLU"}


# The door: how numbers become data.


def number(x: Any) -> float:
    """Return `x` as a float, or say why it is not a number."""
    if type(x) is int:
        try:
            return float(x)
        except OverflowError:
            raise _too_large(x) from None
    if isinstance(x, Value):
        raise TypeError(f"{x!r} is a Value already: use it as it is, or its .data or .detach()")
    if isinstance(x, (str, bytes)):
        raise TypeError(f"a Value holds a number, but got the text {x!r}: convert it with float()")
    kind = getattr(getattr(x, "dtype", None), "kind", "")
    if isinstance(x, complex) or kind == "c":
        raise TypeError(
            f"a Value holds a real number, but got {x!r}: use its .real, .imag or abs()"
        )
    if getattr(x, "ndim", 0):
        shape = x.shape
        raise TypeError(
            f"a Value holds one number, but got an array of shape {shape}: wrap its elements, "
            "as in [Value(element) for element in array]"
        )
    if not hasattr(x, "__float__"):
        raise TypeError(f"a Value holds a number, but got {x!r} of type {type(x).__name__}")
    if kind and kind not in "biuf":  # an array around one object: a Value, a text, a date
        return number(x.item())
    try:
        data = float(x)
    except OverflowError:
        raise _too_large(x) from None
    if math.isinf(data) and x != data:  # float(Decimal("1e400")) is inf without an error
        raise _too_large(x)
    return data


def as_seed(seed: Scalar | SupportsFloat) -> float:
    """Return the gradient that a pass starts with as a float."""
    return number(float(seed) if isinstance(seed, Value) else seed)


def _too_large(x: Any) -> RangeError:
    text = str(x) if not isinstance(x, int) else f"an integer of {x.bit_length()} bits"
    return RangeError(f"{text} {_BEYOND_FLOATS}: scale it first")


def constant(x: Any) -> Value:
    """Return a number that an operator met as a leaf of the graph."""
    kind = type(x)
    leaf = _new(Value)
    try:
        leaf.data = x if kind is float else float(x) if kind is int else number(x)
    except OverflowError:
        raise _too_large(x) from None
    leaf.grad = ZERO
    leaf.label = ""
    leaf._row = None
    leaf._a = None
    leaf._b = None
    leaf._source = CONSTANT
    return leaf


# Building the graph.


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


def _watched_node(data: float, op: Op, a: Any, b: Value | None) -> Value:
    """Return a new node while some block of `contexts` is open."""
    node = Value(data)
    if contexts.source_recorded.get() or contexts.anomaly_detected.get():
        node._source = contexts.calling_line()
    if contexts.grad_enabled.get():
        node._row, node._a, node._b = op, a, b
    if not math.isfinite(data) and contexts.anomaly_detected.get():
        inputs: Any = a if type(a) is tuple else (a,) if b is None else (a, b)
        raise _bad_result(op, data, inputs, node)
    return node


def _bad_result(op: Op, data: float, inputs: Iterable[Value], node: Value) -> AnomalyError:
    """Return the error of a result that is not finite."""
    return AnomalyError(f"{op.name} gives {data}: {described(inputs)}{_made_at(node)}")


apply: Final = Value.apply


def _mixed(op: Op, a: Any, b: Any) -> Any:
    """Apply a binary row where one operand may be a number, an array or foreign to us."""
    try:
        kind = type(b)
        if kind is int or kind is float or not isinstance(b, Value):
            b = constant(b)
        elif not isinstance(a, Value):
            a = constant(a)
    except TypeError:
        return _elementwise(op, a, b)
    try:
        data: float = op.forward(a.data, b.data)
    except UNDEFINED as error:
        raise explained(op, (a, b), error) from None
    return _node(data, op, a, b)


def _elementwise(op: Op, a: Any, b: Any) -> Any:
    """Map an operator over an array; refuse what can never be an operand, with advice."""
    other: Any = b if isinstance(a, Value) else a
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(other, numpy.ndarray):
        return numpy.frompyfunc(op.forward, 2, 1)(*[_boxed(x, numpy) for x in (a, b)])
    if other is None or isinstance(other, (str, bytes, complex)):
        number(other)
    return NotImplemented


def _boxed(x: Any, numpy: Any) -> Any:
    """Return a Value as a 0-d array, which ufuncs accept although Values refuse ufuncs."""
    if not isinstance(x, Value):
        return x
    box = numpy.empty((), dtype=object)
    box[()] = x
    return box


def _compare(symbol: Callable[[Any, Any], Any], x: Value, y: Any) -> Any:
    if _state.tracing and (tracer := contexts.tracer.get()) is not None:
        return tracer.compare(symbol, x, y)
    if isinstance(y, Value):
        return symbol(x.data, y.data)
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(y, numpy.ndarray) and y.ndim:
        return numpy.frompyfunc(symbol, 2, 1)(_boxed(x, numpy), y).astype(bool)
    if numpy is not None and isinstance(y, (numpy.ndarray, numpy.generic)):
        y = y.item()  # NumPy would round x to the type of y
    if not hasattr(y, "__float__"):
        return NotImplemented
    return x.data == x.data and y == y and symbol(x.data, y)  # Decimal raises on NaN


def _refuse_to_bake_in(x: Value, how: str) -> None:
    """While a function is compiled, a number that leaves the graph would be frozen into it."""
    if (tracer := contexts.tracer.get()) is not None:
        tracer.refuse(x, how)


# What went wrong, in the caller's words.


def described(values: Iterable[Value]) -> str:
    """Return operands with their labels, as `x = 2.0, 3.0`."""
    return ", ".join(f"{v.label} = {v.data!r}" if v.label else repr(v.data) for v in values)


def explained(op: Op, operands: Sequence[Value], error: Exception) -> DomainError:
    """Return the error of a row that has no real result: what happened, and what was needed."""
    call = f"{op.name}({', '.join([repr(x.data) for x in operands])})"
    named = "".join([f" and {x.label!r} is {x.data}" for x in operands if x.label])
    named = f",{named}" if named else ""
    need = f"{op.name} needs {op.domain}" if op.domain else f"{op.name} says {error}"
    if isinstance(error, OverflowError):
        bound = f": {need}" if op.arity == 1 else ""  # a power's domain does not bound its size
        return RangeError(f"{call} {_BEYOND_FLOATS}{bound}{named}")
    kind = DivisionError if isinstance(error, ZeroDivisionError) else DomainError
    return kind(f"{call} is not a real number: {need}{named}")


def _made_at(node: Value) -> str:
    return f" (made at {node.source})" if node.source else ""


# Order and propagation.


def topological_order(root: Value) -> list[Value]:
    """Return `root` and all that it was computed from, inputs before their consumers.

    Depth first, inputs left to right, each node once, leaves included; no gradient is touched.

    Example:
        >>> a, b = Value(2.0, "a"), Value(3.0, "b")
        >>> [node.label or node._op for node in topological_order(a * b + a)]
        ['a', 'b', '*', '+']
    """
    order: list[Value] = []
    seen: set[Value] = set()
    stack: list[Any] = [root]
    while stack:
        node = stack.pop()
        if node is None:
            order.append(stack.pop())  # all its inputs are in `order`
        elif node not in seen:
            seen.add(node)
            if node._a is None:
                order.append(node)
            else:
                stack += (node, None, *node.inputs[::-1])
    return order


def interior_order(root: Value) -> list[Value]:
    """Return the computed nodes of `topological_order`: all but the leaves."""
    return [node for node in topological_order(root) if node._row is not None]


def opened_order(root: Value, kept: list[tuple[Value, float]]) -> list[Value]:
    """Return the computed nodes in topological order, every gradient set to 0.

    The first half of a backward pass: `topological_order` without the leaves, unrolled for one
    and two operands; what the leaves held goes to `kept`. There is no set of visited nodes: a
    gradient that is yet to come is one of two fresh zeros, which tell how far the walk is.
    """
    opened = ZERO + 0.0  # its inputs are being visited
    done = ZERO + 0.0  # it is in `order`
    zero = ZERO
    order: list[Value] = []
    if root._row is None:
        if root.grad is not zero:
            kept.append((root, root.grad))
        return order
    stack = [root]
    while stack:
        node = stack.pop()
        if node.grad is opened:
            node.grad = done
            order.append(node)
            continue
        if node.grad is done:
            continue
        while True:  # down along the first inputs
            a = node._a
            b = node._b
            if b is not None:
                if b._row is None:
                    if b.grad is not zero:
                        kept.append((b, b.grad))
                        b.grad = zero
                    b = None
                elif b.grad is done:
                    b = None
            elif type(a) is tuple:
                node.grad = opened
                stack.append(node)
                for x in reversed(a):
                    if x._row is None:
                        if x.grad is not zero:
                            kept.append((x, x.grad))
                            x.grad = zero
                    elif x.grad is not done:
                        stack.append(x)
                break
            if a._row is None:
                if a.grad is not zero:
                    kept.append((a, a.grad))
                    a.grad = zero
            elif a.grad is not done:
                node.grad = opened
                stack.append(node)
                if b is not None:
                    stack.append(b)
                node = a
                continue
            if b is not None:
                node.grad = opened
                stack.append(node)
                node = b
                continue
            node.grad = done
            order.append(node)
            break
    return order


def _propagate(order: list[Value]) -> None:
    """Send gradients from each node to its inputs, last node first.

    This is `for x, local in zip(node.inputs, node.op.local(...)): x.grad += local * node.grad`,
    unrolled for one and two operands, with the rules of add, sub, mul, div and dot written out.
    """
    add, sub, mul, div, dot = ops.ADD, ops.SUB, ops.MUL, ops.DIV, ops.DOT
    a: Any
    b: Any
    for node in reversed(order):
        op: Any = node._row
        a = node._a
        b = node._b
        upstream = node.grad
        if b is not None:
            if op is mul:
                a.grad += b.data * upstream
                b.grad += a.data * upstream
            elif op is add:
                a.grad += upstream
                b.grad += upstream
            elif op is sub:
                a.grad += upstream
                b.grad -= upstream
            elif op is div:
                y = b.data
                a.grad += 1.0 / y * upstream
                b.grad += -node.data / y * upstream
            else:
                f, x, y = node.data, a.data, b.data
                by_x, by_y = op.partials
                a.grad += by_x(f, x, y) * upstream  # chain rule
                b.grad += by_y(f, x, y) * upstream
        elif type(a) is not tuple:
            a.grad += op.partials[0](node.data, a.data) * upstream  # chain rule
        elif op is dot:
            n = len(a) // 2
            ws, xs = a[:n], a[n : 2 * n]
            for w, x in zip(ws, xs):  # noqa: B905 # the halves of one tuple
                w.grad += x.data * upstream
            for w, x in zip(ws, xs):  # noqa: B905
                x.grad += w.data * upstream
            if len(a) % 2:
                a[-1].grad += upstream
        else:
            for x, local in zip(a, op.local(node.data, *[x.data for x in a])):  # noqa: B905
                x.grad += local * upstream  # chain rule


def _propagate_and_check(order: list[Value]) -> None:
    """Do what `_propagate` does, and raise at the first contribution that is not finite."""
    for node in reversed(order):
        op, inputs = cast(Op, node._row), node.inputs
        for x, local in zip(inputs, op.local(node.data, *[x.data for x in inputs]), strict=True):
            contribution = local * node.grad
            x.grad += contribution
            if not math.isfinite(contribution) and not x.is_constant:
                raise anomaly(node, local, node.grad)


def anomaly(node: Value, local: float, upstream: float) -> AnomalyError:
    """Return the error of a contribution that is not finite."""
    return AnomalyError(
        f"the gradient of {cast(Op, node._row).name} is {local * upstream} (local {local} * "
        f"upstream {upstream}): {described(node.inputs)}{_made_at(node)}"
    )


def refuse_second_pass(nodes: Iterable[Value]) -> None:
    """While a `backward_steps()` is under way, no other pass may add to the same leaves."""
    for node in nodes:
        if node in _state.stepped:
            raise RuntimeError(
                f"a backward_steps() over {described([node])} is not finished: exhaust it or "
                "close() it before the next pass over the same leaves"
            )


def adjoints(root: Value, seed: Scalar = 1.0, *, create_graph: bool = False) -> dict[Value, Any]:
    """Return the derivative of `root` with respect to every node below it; touch no `.grad`.

    Args:
        root: Where to start.
        seed: The derivative of the root itself.
        create_graph: Make the derivatives Values that can be differentiated again. Numbers that
            an operator wrapped are then left out.

    Example:
        >>> x = Value(3.0)
        >>> adjoints(x * x)[x]
        6.0
    """
    order = interior_order(root)
    checked = bool(_state.open) and not create_graph and contexts.anomaly_detected.get()
    result: dict[Value, Any] = {root: seed}
    for node in reversed(order):
        op, inputs = cast(Op, node._row), node.inputs
        upstream = result[node]
        if not create_graph:
            locals_ = op.local(node.data, *[x.data for x in inputs])
        else:
            operands = [x.data if x.is_constant else x for x in inputs]
            locals_ = _needed_partials(op, node, operands)
        for x, local in zip(inputs, locals_, strict=True):
            if local is not None:
                contribution = _product(local, upstream)
                if checked and not math.isfinite(contribution) and not x.is_constant:
                    raise anomaly(node, local, upstream)
                result[x] = result[x] + contribution if x in result else contribution
    return result


def _needed_partials(op: Op, node: Value, operands: list[Scalar]) -> list[Any]:
    """Return the partials as Values, and None for each operand that is a plain number."""
    if op.arity is None:
        partials = op.partials(node, *operands)
        return [
            p if isinstance(x, Value) else None for p, x in zip(partials, operands, strict=True)
        ]
    return [
        partial(node, *operands) if isinstance(x, Value) else None
        for partial, x in zip(op.partials, operands, strict=True)
    ]


def _product(local: Any, upstream: Any) -> Any:
    """Return local * upstream, without a node for a factor that is the number 1."""
    if type(local) is float and local == 1.0:
        return upstream
    if type(upstream) is float and upstream == 1.0:
        return local
    return local * upstream


def _backward_with_graph(root: Value, seed: Scalar) -> None:
    with contexts.recording():  # it was asked for by name, also inside no_grad()
        derivatives = adjoints(root, seed, create_graph=True)
        for node, derivative in derivatives.items():
            gradient = derivative if isinstance(derivative, Value) else Value(derivative)
            if node.is_leaf and node.grad is not ZERO:
                gradient = gradient + node.grad
            node.grad = cast(float, gradient)


# Pickling without recursion.


class _Below(list[Value]):
    """The nodes below one that is being pickled; alive as long as the pickler remembers it."""

    __slots__ = ("__weakref__", "ids")

    def __init__(self, nodes: Iterable[Value] = ()) -> None:
        super().__init__(nodes)
        self.ids = {id(node) for node in self}

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return list, (), None, iter(self)


class _Listed(threading.local):
    def __init__(self) -> None:
        self.references: list[weakref.ref[_Below]] = []


_listed = _Listed()


def _already_listed(node: Value) -> bool:
    for reference in _listed.references:
        below = reference()
        if below is not None and id(node) in below.ids:
            return True
    return False


def _restore(
    _below: list[Value] | None,
    name: str | None,
    inputs: tuple[Value, ...],
    data: float,
    grad: float | None,
    label: str,
    source: str | None,
) -> Value:
    value = Value(data, label)
    value.grad = ZERO if grad is None else grad
    value._source = CONSTANT if source == CONSTANT else source
    if name is not None:
        op = value._row = ops.find(name)
        if op.arity in (1, 2):
            value._a, value._b = (*inputs, None)[:2]
        else:
            value._a = inputs
    return value

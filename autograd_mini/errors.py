"""The exceptions of autograd_mini.

```
ValueError
 └─ DomainError               an operation has no real result for these operands
     ├─ DivisionError         (also ZeroDivisionError) a division by zero
     ├─ RangeError            (also OverflowError) a result or a number too large for a float
     └─ AnomalyError          (also FloatingPointError) NaN or infinity inside detect_anomaly()
TypeError
 └─ TraceError                a function that cannot be compiled as it is written
RuntimeError
 └─ RenderError               a picture in a format that no installed program writes
UserWarning
 ├─ DetachedWarning           a function of math, cmath or NumPy has taken the float of a Value
 └─ StaleWarning              the numbers of a graph no longer follow from its leaves
```
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from autograd_mini.ops import Op
    from autograd_mini.value import Value

__all__ = [
    "AnomalyError",
    "DetachedWarning",
    "DivisionError",
    "DomainError",
    "RangeError",
    "RenderError",
    "StaleWarning",
    "TraceError",
]

_NOUNS: Final = ("dividend", "divisor", "base", "exponent")
_BEYOND_FLOATS: Final = "is too large for a float, which ends at 1.797e308"


class DomainError(ValueError):
    """An operation has no real result for the operands it was given.

    Example:
        >>> from autograd_mini import Value
        >>> Value(-4.0, "x").sqrt()
        Traceback (most recent call last):
            ...
        autograd_mini.errors.DomainError: sqrt(-4.0) is not a real number: sqrt needs x >= 0, ...
    """


class DivisionError(DomainError, ZeroDivisionError):
    """A division by zero, or zero raised to a negative power.

    Example:
        >>> from autograd_mini import Value
        >>> try:
        ...     Value(1.0) / Value(0.0)
        ... except ZeroDivisionError as error:
        ...     print(error)
        div(1.0, 0.0) is not a real number: div needs divisor != 0, and the divisor is 0.0
    """


class RangeError(DomainError, OverflowError):
    """A number, or the result of an operation, is too large for a float.

    Sums, differences and products overflow to infinity, as they do for Python's floats.

    Example:
        >>> from autograd_mini import Value
        >>> Value(1000.0).exp()
        Traceback (most recent call last):
            ...
        autograd_mini.errors.RangeError: exp(1000.0) is too large for a float, ...
    """


class AnomalyError(DomainError, FloatingPointError):
    """The first NaN or infinity met inside `detect_anomaly()`, in either direction.

    Example:
        >>> from autograd_mini import Value, detect_anomaly
        >>> with detect_anomaly():
        ...     Value(1e200, "x") * 1e200
        Traceback (most recent call last):
            ...
        autograd_mini.errors.AnomalyError: mul gives inf: x = 1e+200, 1e+200 (made at ...)
    """


class TraceError(TypeError):
    """A function does something that a compiled program cannot repeat for other numbers.

    The message names the line and what to write instead.

    Example:
        >>> from autograd_mini import compile, greater, where
        >>> compile(lambda x: x if x > 0 else 2.0 * x, 1.0)
        Traceback (most recent call last):
            ...
        autograd_mini.errors.TraceError: bool() of the traced number (1.0) at ...
        >>> compile(lambda x: where(greater(x, 0), x, 2.0 * x), 1.0)([1.0, -1.0]).tolist()
        [1.0, -2.0]
    """


class RenderError(RuntimeError):
    """A picture in a format that no installed program writes.

    Attributes:
        source: The DOT document that was to be rendered.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from autograd_mini import Value, save
        >>> path = Path(tempfile.mkdtemp(), "graph.pdf")
        >>> try:
        ...     path = save(Value(2.0, "x"), path)  # needs Graphviz
        ... except RenderError:
        ...     path = save(Value(2.0, "x"), path.with_suffix(".svg"))  # needs nothing
        >>> path.exists()
        True
    """

    def __init__(self, message: str, source: str = "") -> None:
        super().__init__(message)
        self.source = source


class DetachedWarning(UserWarning):
    """A function of math, cmath or NumPy has taken the float of a Value: no gradient flows there.

    It is given once for each place in a program. `float(x)`, which says what it does, is silent.

    Example:
        >>> import math, warnings
        >>> from autograd_mini import Value
        >>> with warnings.catch_warnings(record=True) as said:
        ...     warnings.simplefilter("always")
        ...     y = math.exp(Value(0.0, "k"))
        >>> print(said[0].message)
        math.exp leaves the graph, so 'k' gets no gradient there: use autograd_mini.exp, or ...
    """


class StaleWarning(UserWarning):
    """The numbers of a graph no longer follow from its leaves.

    Example:
        >>> import warnings
        >>> from autograd_mini import Trace, Value
        >>> x = Value(2.0, "x")
        >>> y = x * x
        >>> x.data = 5.0
        >>> with warnings.catch_warnings(record=True) as said:
        ...     warnings.simplefilter("always")
        ...     trace = Trace(y)
        >>> print(said[0].message)
        the graph is stale: mul gave 4.0, but with x = 5.0 it gives 25.0: compute ...
    """


# The words of each error, in the caller's values and labels.


def described(values: Iterable[Value]) -> str:
    """Return operands with their labels, as `x = 2.0, 3.0`."""
    return ", ".join(f"{v.label} = {v.data!r}" if v.label else repr(v.data) for v in values)


def explained(op: Op, operands: Sequence[Value], error: Exception) -> DomainError:
    """Return the error of a row that has no real result: what happened, and what was needed.

    The operands that the domain speaks of are named by their role and label.
    """
    call = f"{op.name}({', '.join([repr(x.data) for x in operands])})"
    if isinstance(error, OverflowError):
        bound = f": {op.name} needs {op.domain}" if op.domain and op.arity == 1 else ""
        return RangeError(f"{call} {_BEYOND_FLOATS}{bound}{_operand_words(op, operands, '')}")
    need = f"{op.name} needs {op.domain}" if op.domain else f"{op.name} says {error}"
    kind = DivisionError if isinstance(error, ZeroDivisionError) else DomainError
    return kind(f"{call} is not a real number: {need}{_operand_words(op, operands, op.domain)}")


def _operand_words(op: Op, operands: Sequence[Value], domain: str) -> str:
    """Return `, and the divisor 'b' is 0.0`: the operands that a domain speaks of, or all."""
    roles = op.roles if len(op.roles) == len(operands) else ("",) * len(operands)
    spoken = [bool(role and re.search(rf"\b{role}\b", domain)) for role in roles]
    if not any(spoken):
        spoken = [bool(x.label) for x in operands]
    texts: list[str] = []
    for x, role, is_meant in zip(operands, roles, spoken, strict=True):
        if is_meant and (x.label or len(operands) > 1):
            role = "" if len(operands) == 1 else f"the {role}" if role in _NOUNS else role
            label = repr(x.label) if x.label else ""
            texts.append(" ".join(filter(None, [role, label, f"is {x.data}"])))
    return f", and {' and '.join(texts)}" if texts else ""


def bad_result(op: Op, data: float, inputs: Iterable[Value], node: Value) -> AnomalyError:
    """Return the error of a result that is not finite."""
    return AnomalyError(f"{op.name} gives {data}: {described(inputs)}{_made_at(node)}")


def anomaly(node: Value, local: float, upstream: float) -> AnomalyError:
    """Return the error of a contribution that is not finite."""
    name = node.op.name if node.op else ""
    return AnomalyError(
        f"the gradient of {name} is {local * upstream} (local {local} * "
        f"upstream {upstream}): {described(node.inputs)}{_made_at(node)}"
    )


def too_large(x: object) -> RangeError:
    """Return the error of a number that is too large for a float."""
    if isinstance(x, int):
        text = f"an integer of {x.bit_length()} bits"
    else:
        try:
            text = str(x)
        except ValueError:  # Python refuses to write an integer of that many digits
            text = ""
        text = text if 0 < len(text) < 60 else f"a {type(x).__name__} of many digits"
    return RangeError(f"{text} {_BEYOND_FLOATS}: scale it first")


def _made_at(node: Value) -> str:
    return f" (made at {node.source})" if node.source else ""


def detached_message(callee: str, names: Sequence[str]) -> str:
    """Return the words of a DetachedWarning."""
    from autograd_mini.guesses import NAMES
    from autograd_mini.ops import OPS

    name = callee.rpartition(".")[2]
    known = f"autograd_mini.{name}" if name in OPS else "autograd_mini's functions"
    ours = NAMES.get(name, known)
    given = names[0] if len(names) == 1 and names[0].isidentifier() else "x"
    who = " and ".join([repr(label) for label in names]) or "the Value"
    return (
        f"{callee} leaves the graph, so {who} {'get' if len(names) > 1 else 'gets'} no gradient "
        f"there: use {ours}, or float({given}) if you mean it"
    )


def stale_message(node: Value, now: float | None) -> str:
    """Return the words of a StaleWarning."""
    name = node.op.name if node.op else ""
    gives = "has no result" if now is None else f"gives {now}"
    inputs = described(dict.fromkeys(node.inputs))  # in `x * x`, x is named once
    return (
        f"the graph is stale: {name} gave {node.data}, but with {inputs} it {gives}: compute it "
        "anew, or call recompute()"
    )

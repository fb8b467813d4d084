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
```
"""

from __future__ import annotations

__all__ = [
    "AnomalyError",
    "DivisionError",
    "DomainError",
    "RangeError",
    "RenderError",
    "TraceError",
]


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
        div(1.0, 0.0) is not a real number: div needs y != 0
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

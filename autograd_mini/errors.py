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
    """An operation has no real result for the operands it was given."""


class DivisionError(DomainError, ZeroDivisionError):
    """A division by zero, or zero raised to a negative power."""


class RangeError(DomainError, OverflowError):
    """A number, or the result of an operation, is too large for a float."""


class AnomalyError(DomainError, FloatingPointError):
    """The first NaN or infinity met inside `detect_anomaly()`, in either direction."""


class TraceError(TypeError):
    """A function does something that a compiled program cannot repeat for other numbers."""


class RenderError(RuntimeError):
    """A picture in a format that no installed program writes.

    Attributes:
        source: The DOT document that was to be rendered.
    """

    def __init__(self, message: str, source: str = "") -> None:
        super().__init__(message)
        self.source = source

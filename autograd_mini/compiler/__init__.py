"""The compiler: one example's scalar graph in, a NumPy program over a batch out.

Each pass is a function whose result prints. `record.record` records the graph, `plan.plan` finds
the arrays and matrices in it, `lower.lower` turns these into statements, forward and backward, and
`emit.emit` writes them in a language. `compiling.compile` makes a program of them, and `jit.jit`
makes one for each shape of arguments.

One meaning: while a function is recorded, a number answers as the plain number would, or raises a
TraceError that says what to write instead (`recorded`). What this cannot see is found when each
text is compared with the function, called as its user calls it (`check`).
"""

from __future__ import annotations

from autograd_mini.compiler.compiling import compile
from autograd_mini.compiler.jit import jit
from autograd_mini.compiler.program import Program

__all__ = ["Program", "compile", "jit"]

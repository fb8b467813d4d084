"""The compiler: one example's scalar graph in, a NumPy program over a batch out.

Passes, each a function whose result prints: `record.record` records the graph, `plan.plan` finds
the arrays and matrices in it, `lower.lower` makes statements of these, forward and backward,
`emit.emit` writes them in a language, `program.compile` runs the program.
"""

from __future__ import annotations

from autograd_mini.compiler.program import Program, compile

__all__ = ["Program", "compile"]

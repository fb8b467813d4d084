"""The compiler: one example's scalar graph in, a NumPy program over a batch out.

Four passes, each a function whose result prints: `record.record` records the graph, `group.plan`
finds the arrays and matrices in it, `emit.emit` writes the program (`scalar.emit_scalar` one in
plain floats, for a single example), `program.compile` runs it.
"""

from __future__ import annotations

from autograd_mini.compiler.program import Program, compile

__all__ = ["Program", "compile"]

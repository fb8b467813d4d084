"""Sums: over the terms, over the batch, and of all that has to be finite."""

from __future__ import annotations

from typing import Final

import numpy as np

from autograd_mini import ops
from autograd_mini.compiler.expressions import Operand, Ref, Term, extent
from autograd_mini.compiler.languages.numpy import functions
from autograd_mini.compiler.languages.numpy.arrays import Arrays
from autograd_mini.compiler.languages.numpy.functions import NumPySymbol
from autograd_mini.compiler.rows import COMPARISONS
from autograd_mini.compiler.statements import Statement
from autograd_mini.ops import Op, is_built_in
from autograd_mini.symbols import ATOM

_MANY: Final = 8  # terms that a product with ones adds faster than a reduction


class Sums(Arrays):
    """The sums of a program over a batch."""

    def operand(self, x: Operand) -> str:
        """Return an operand of a function."""
        raise NotImplementedError

    def product(self, x: Term, shape: tuple[int, ...]) -> str:
        """Write a product, and return the name of an array that holds it until the next one."""
        text = f"np.empty(({', '.join(map(str, shape))}, B), theta.dtype)"
        terms = self.hoist(f"terms{'x'.join(map(str, shape))}", text)
        self.line(f"np.multiply({', '.join(map(self.operand, x.operands))}, out={terms})")
        return terms

    def write_call(self, out: str, call: str, comment: str, *, add: bool) -> None:
        """Write a call that takes `out=`, or add what it returns."""
        text = f"np.add({out}, {call}, out={out})" if add else f"{call[:-1]}, out={out})"
        self.line(text, comment)

    def guard(self, x: Ref) -> str:
        """Return a number that is not finite if one in these rows is not.

        It is their sum, times 0 where they follow one another: a finite sum may overflow.
        """
        flat = self.rows_vector(x)
        if not flat:
            return f"np.add.reduce({self.read(x)}, axis=None)"
        count = len(x.rows)
        zeros = f"zeros{count}" if x.varies else f"zeros_{count}"
        width = f"{count} * B" if x.varies else f"{count}"
        return f"{flat}.dot({self.hoist(zeros, f'np.zeros({width}, theta.dtype)')})"

    def _sum(self, s: Statement) -> None:
        (x,) = s.operands
        if self._by_ones(s, x):
            return
        out = self.read(s.out)
        text, stored = self.summed(s, x)
        if s.add or stored:
            self.write_call(out, text, s.comment, add=s.add)
        else:
            self.line(f"{out}[...] = {text}", s.comment)

    def _by_ones(self, s: Statement, x: Operand) -> bool:
        """Write a sum of many terms for each example as a product with ones, if it can be."""
        shape, varies = extent(x)
        k, *others = shape
        is_one = varies and s.out.varies and s.out.shape in (tuple(others) or (1,), (1, *others))
        out = self.rows_vector(s.out) if is_one and k >= _MANY and not may_be_double(x) else ""
        if not out:
            return False
        ones = self.hoist(f"ones{k}", f"np.ones({k}, theta.dtype)")
        if isinstance(x, Term) and x.op is ops.MUL:
            terms = self.product(x, shape)
            wide = self.hoist(f"{terms}_wide", f"{terms}.reshape({k}, -1)") if others else terms
        elif isinstance(x, Ref):
            wide = self.matrix(x)
        else:
            wide = f"({self.expression(x)})" + (f".reshape({k}, -1)" if others else "")
        self.write_call(out, f"{ones}.dot({wide})", s.comment, add=s.add)
        return True

    def summed(self, s: Statement, x: Operand) -> tuple[str, bool]:
        """Return a sum to the shape of `s.out`, and whether it takes `out=`."""
        shape, varies = extent(x)
        lead = len(shape) - len(s.out.shape)
        target = s.out.shape[max(-lead, 0) :]
        kept = list(zip(shape[max(lead, 0) :], target, strict=True))
        axes = [i for i, (n, m) in enumerate(kept) if m == 1 and n > 1]
        over_batch = varies and not s.out.varies
        fits = target == s.out.shape and all(n == m or m == 1 for n, m in kept)
        term = self.expression(x)
        if lead > 0:  # the terms of sums of several members
            text = f"np.add.reduce({term}, axis=0)"
            if not axes and not over_batch:
                return text, fits
            term = NumPySymbol(text)
        if not axes and over_batch:
            ones = self.hoist("ones", "np.ones((B, 1), theta.dtype)", "to sum over the batch")
            plain = len(kept) == 1 and s.out.span and not may_be_double(x)
            start = f"{term.within(ATOM)}.dot(" if plain else f"np.matmul({term}, "
            return f"{start}{ones})", fits
        factors = x.operands if isinstance(x, Term) and x.op is ops.MUL and not varies else ()
        flat = bool(factors) and axes == [0] and len(kept) == 1
        if flat and all(isinstance(y, Ref) and y.shape == shape for y in factors):
            a, b = [self.expression(y).text for y in factors]
            return f"{a}.T.dot({b})", True
        if not axes and not over_batch:
            return f"np.add({term}, 0.0)", fits
        if over_batch:
            axes.append(len(kept))
        where = str(axes[0]) if len(axes) == 1 else str(tuple(axes))
        return f"np.add.reduce({term}, axis={where}, keepdims=True)", fits


def ufunc_of(op: Op) -> np.ufunc | None:
    """Return the function of NumPy's that computes a row, if it is one."""
    f = functions.FUNCTIONS.get(op.name) if is_built_in(op) else None
    return f if isinstance(f, np.ufunc) else None


def may_be_double(x: Operand) -> bool:
    """Return whether an expression may be of double precision also in a program of single.

    Truth values times numbers, and what our own functions return, are: `dot` does not write
    them into its arrays, np.matmul does.
    """
    stack = [x]
    while stack:
        x = stack.pop()
        if isinstance(x, Term):
            if x.op in COMPARISONS or ufunc_of(x.op) is None:
                return True
            stack += x.operands
    return False

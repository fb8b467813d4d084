"""Native: a program as machine code, one more language over its statements.

operations  nests of loops, products, transposes
loops       statements as these, over one array, for one batch size
vectors     numbers of which NumPy's functions write LLVM's instructions
elementary  exp, log, tanh and log1p of vectors
nests       loops around expressions
products    matrices in tiles that stay in registers
assembly    all of it as one text, each kind of operation once
engine      the text as machine code, by llvmlite
builtin     machine code as a built-in function

It is a faster reading of the same program, and no other program: the text in NumPy is what people
read and step through, and what raises errors. What native code computes counts only if the loss,
the gradient and all that was watched are finite.
"""

# NumPy arrays are Any here.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from autograd_mini.compiler.lower import lower
from autograd_mini.compiler.native.assembly import assembled
from autograd_mini.compiler.native.builtin import SYMBOLS, builtin, wrapper
from autograd_mini.compiler.native.engine import (
    MISSING,
    Processor,
    is_installed,
    machine_code,
    processor,
)
from autograd_mini.compiler.native.loops import Loops
from autograd_mini.compiler.native.operations import NoNativeFormError
from autograd_mini.compiler.plan import GRADIENT, Plan
from autograd_mini.errors import TraceError

__all__ = ["Native", "NoNativeFormError", "native_gradient"]

AGREEMENT: Final = 1e-9  # of the largest number compared, and in single precision 1e-3


def native_gradient(
    plan: Plan,
    batch: Sequence[Any],
    gradient: Callable[..., float],
    arrays: tuple[Any, Any],
) -> Native:
    """Return the machine code of a gradient for batches of a size, compared on one.

    Args:
        plan: What is computed.
        batch: A batch of that size, anything that NumPy reads.
        gradient: Does the same in NumPy.
        arrays: theta and gtheta.

    Raises:
        TraceError: If there is no llvmlite or no native form, or if the numbers differ.
    """
    if not is_installed():
        raise TraceError(MISSING)
    theta, gtheta = arrays
    batch = [np.ascontiguousarray(x, theta.dtype) for x in batch]
    if not batch:
        raise TraceError("machine code is made for a batch of examples, and there is no argument")
    try:
        native = Native(plan, GRADIENT, len(batch[0]), arrays)
    except (NoNativeFormError, LookupError) as error:
        raise TraceError(f"this program has no machine code: {error}") from error
    kept = theta.copy()
    aside = 1e-4 * (1.0 + abs(kept)) * np.sin(np.arange(1.0, len(kept) + 1.0))
    try:
        for shift in (0.0, aside):  # at a kink, rounding decides a slope
            theta[:] = kept + shift
            value = gradient(*batch)
            expected = np.append(gtheta, value)
            found = native.call(*batch)
            numbers = np.append(gtheta, math.nan if found is None else found)
            slack = AGREEMENT if theta.dtype.itemsize == 8 else 1e-3
            if abs(numbers - expected).max() <= slack * abs(expected).max():
                return native
    finally:
        theta[:] = kept
    raise TraceError(
        f"machine code gives a loss of {found!r} where the program gives {value!r}, or "
        "gradients differ: run it in NumPy"
    )


class Native:
    """A program's machine code for batches of one size.

    Attributes:
        call: The built-in: it takes each argument as an array with one example after the other,
            fills `gtheta` and returns the loss (0 for other purposes); None if it was not asked
            for that, or if something is not finite.
    """

    def __init__(
        self,
        plan: Plan,
        purpose: str,
        count: int,
        arrays: tuple[Any, Any],
        target: Processor | None = None,
    ) -> None:
        target = target or processor()
        dtype = arrays[0].dtype
        single = dtype.itemsize == 4
        loops = Loops(lower(plan, purpose), count)
        self._work = _aligned(loops.size, dtype)
        for offset, numbers in loops.constants:
            self._work[offset : offset + len(numbers)] = numbers
        self._table = np.array(loops.table or [0], np.int64)
        self._pointers = np.zeros(4, np.uint64)
        self._results = [
            self._work[offset : offset + rows * count].reshape(rows, count)
            for offset, rows in loops.results
        ]
        lanes = target.bits // (8 * dtype.itemsize)
        text = assembled(loops, single=single, lanes=lanes, registers=target.registers)
        shapes = [(count, *shape) for shape in plan.graph.shapes]
        text += "\n" + wrapper(shapes, self._pointers.ctypes.data, single=single)
        engine, addresses = machine_code(text, SYMBOLS)
        self.text = text
        self.call = builtin(addresses["call"], engine, self._work, self._table, self._pointers)
        self.move(*arrays)

    def move(self, theta: Any, gtheta: Any) -> None:
        """Put the parameters elsewhere."""
        self._arrays = theta, gtheta
        arrays = (theta, gtheta, self._work, self._table)
        self._pointers[:] = [array.ctypes.data for array in arrays]

    def results(self) -> Sequence[Any]:
        """Return what the last call computed: rows with a column for every example."""
        return [rows.copy() for rows in self._results]


def _aligned(size: int, dtype: Any) -> Any:
    """Return zeros that begin where a line of the cache does."""
    whole = np.zeros(size + 64, dtype)
    start = -whole.ctypes.data % 64 // dtype.itemsize
    return whole[start : start + size]

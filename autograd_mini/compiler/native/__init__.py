"""Native: a program as machine code, one more language over its statements.

operations  nests of loops, products, transposes
loops       statements as these, over one array, for one batch size
vectors     numbers of which NumPy's functions write LLVM's instructions
elementary  exp, log, tanh and log1p of vectors
nests       loops around expressions
products    matrices in tiles that stay in registers
assembly    all of it as one text, each kind of operation once
updates     the optimizer's rule, and whole steps
engine      the text as machine code, by llvmlite
builtin     machine code as a built-in function

It is a faster reading of the same program, and no other program: the text in NumPy is what people
read and step through, and what raises errors. What native code computes counts only if the loss,
the gradient and all that was watched are finite.

Nothing is kept on disk: code would be loaded in 3 ms in place of some 150, but only after its text,
by which it is known, was made in 15 to 50, and code is made for thousands of calls to come.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import is_
from typing import Any, Final

import numpy as np

from autograd_mini.compiler.lower import lower
from autograd_mini.compiler.native.assembly import assembled
from autograd_mini.compiler.native.builtin import Argument, Entry, builtin, wrapper
from autograd_mini.compiler.native.engine import (
    MISSING,
    Processor,
    is_installed,
    machine_code,
    processor,
)
from autograd_mini.compiler.native.loops import Loops
from autograd_mini.compiler.native.operations import NoNativeFormError
from autograd_mini.compiler.native.updates import Update, calls, entries, guard, place_names, rule
from autograd_mini.compiler.native.vectors import LLVMModule
from autograd_mini.compiler.parameters import cache_aligned
from autograd_mini.compiler.plan import Plan
from autograd_mini.errors import TraceError

__all__ = ["Native", "NoNativeFormError", "Update", "is_installed", "native"]

SLACK: Final = 1e-9  # of the largest number compared, and in single precision 1e-3


def native(
    plan: Plan,
    purpose: str,
    batch: Sequence[Any],
    run: Callable[..., Any],
    arrays: tuple[Any, Any],
    update: Update | None = None,
) -> Native:
    """Return a program's machine code for batches of a size, compared on one.

    Args:
        plan: Of the program.
        purpose: What is computed.
        batch: A batch of that size, anything that NumPy reads.
        run: Called with (purpose, *batch), it does the same in NumPy and returns one array: the
            gradient and the loss, or all that is computed.
        arrays: theta and gtheta.
        update: What follows the gradient, if anything.

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
        code = Native(plan, purpose, len(batch[0]), arrays, update=update)
    except (NoNativeFormError, LookupError) as error:
        raise TraceError(f"this program has no machine code: {error}") from error
    kept, slopes = theta.copy(), gtheta.copy()
    aside = 1e-4 * (1.0 + abs(kept)) * np.sin(np.arange(1.0, len(kept) + 1.0))
    try:
        for shift in (0.0, aside):  # at a kink, rounding decides a slope
            theta[:] = kept + shift
            expected = run(purpose, *batch)
            found = code.numbers(batch)
            slack = SLACK if theta.dtype.itemsize == 8 else 1e-3
            size = abs(expected).max(initial=0.0)
            if len(found) == len(expected) and (abs(found - expected) <= slack * size).all():
                if update is not None:
                    _compare_update(code, update, batch)
                return code
    finally:
        theta[:], gtheta[:] = kept, slopes
    raise TraceError(
        f"machine code gives {found[-1:]} where the program gives {expected[-1:]}, or other "
        "numbers differ: run it in NumPy"
    )


def _compare_update(native: Native, update: Update, batch: Sequence[Any]) -> None:
    """Compare a step with the optimizer's rule on arrays; nothing stays moved.

    Raises:
        TraceError: If they differ.
    """
    theta, gtheta = update.moved
    before = [array.copy() for array in (theta, *update.moments)]
    given = [
        np.ascontiguousarray(x.argmax(axis=1) if n else x)
        for x, n in zip(batch, update.classes, strict=True)
    ]
    with np.errstate(all="ignore"):
        native.update(*given, *update.rates)
        found = [array.copy() for array in (theta, *update.moments)]
        for array, kept in zip((theta, *update.moments), before, strict=True):
            array[:] = kept
        expected = update.rule(update.rates)(before[0], gtheta, *before[1:])
    if not all(np.array_equal(x, y, equal_nan=True) for x, y in zip(found, expected, strict=True)):
        raise TraceError("machine code moves the parameters differently from the optimizer")


class Native:
    """A program's machine code for batches of one size.

    Attributes:
        call: The built-in: it takes each argument as an array with one example after the other,
            fills `gtheta` and returns the loss (0 for other purposes); None if it was not asked
            for that, or if something is not finite.
        update: With an `Update`: takes the same (classes as integers) and the rates, and moves the
            parameters, too; None, and nothing has moved, also where an argument is refused.
        pick: The same for rows, given by their numbers, of the arrays given to `bind`.
    """

    call: Callable[..., float | None]
    update: Callable[..., float | None]
    pick: Callable[..., float | None]

    def __init__(
        self,
        plan: Plan,
        purpose: str,
        count: int,
        arrays: tuple[Any, Any],
        target: Processor | None = None,
        update: Update | None = None,
    ) -> None:
        target = target or processor()
        dtype = arrays[0].dtype
        element = "float" if dtype.itemsize == 4 else "double"
        lanes = target.bits // (8 * dtype.itemsize)
        module = LLVMModule(element, lanes, target.registers)
        loops = Loops(lower(plan, purpose), count)
        shapes = plan.graph.shapes
        self._count, self._dtype = count, dtype
        self._moments = [] if update is None else [*update.moments]
        places = place_names(len(shapes), len(self._moments))
        arguments = [Argument((count, *shape), dtype.char) for shape in shapes]
        built_in = [Entry("call", arguments, 0, calls(places, "step"))]
        functions: dict[str, Any] = {"step": loops.operations}
        texts: list[str] = []
        if update is not None:
            functions |= {"guard": guard(loops, update), "rule": rule(update)}
            texts, more = entries(module, loops, update, shapes, dtype.char)
            built_in += more
        names = place_names(len(shapes), len(self._moments), "base")
        self._work = cache_aligned(loops.size, dtype)
        for data, offset in loops.constants.items():
            numbers = np.frombuffer(data)
            self._work[offset : offset + len(numbers)] = numbers
        self._table = np.array(loops.table or [0], np.int64)
        self._pointers = np.zeros(len(names), np.uint64)
        self._results = [
            self._work[offset : offset + rows * count].reshape(rows, count)
            for offset, rows in loops.results
        ]
        texts.insert(0, assembled(module, places, **functions))
        texts += [module.text(), wrapper(built_in, names, self._pointers.ctypes.data, element)]
        self.text = "\n".join(texts)
        code, addresses = machine_code(self.text)
        for name, address in addresses.items():
            setattr(self, name, builtin(address, code, self._work, self._table, self._pointers))
        self.move(*arrays)

    def move(self, theta: Any, gtheta: Any) -> None:
        """Put the parameters elsewhere."""
        self._arrays = theta, gtheta, self._work, self._table
        self._pointers[:4] = [array.ctypes.data for array in self._arrays]
        self.remember(self._moments)

    def remember(self, moments: Sequence[Any]) -> None:
        """Keep what an optimizer remembers in these arrays."""
        self._moments = moments
        self._pointers[len(self._pointers) - len(moments) :] = [m.ctypes.data for m in moments]

    def bind(self, *bases: Any) -> None:
        """Take rows from these arrays: numbers, or integers where an argument is a class."""
        self._bases = bases
        self._pointers[4 : 4 + len(bases)] = [base.ctypes.data for base in bases]

    def arrays(self, batch: Sequence[Any]) -> list[Any] | None:
        """Return a batch of other numbers than `call` takes, or lists, as arrays that it takes.

        None for what it has refused for another reason: its size, or that it is no numbers.
        """
        try:
            if len(batch[0]) != self._count:
                return None
            given = [*map(np.asarray, batch)]
        except Exception:  # rows of several lengths, say
            return None
        if not {x.dtype.kind for x in given} <= set("biuf"):
            return None
        arrays = [np.ascontiguousarray(x, self._dtype) for x in given]
        return None if all(map(is_, arrays, batch)) else arrays

    def results(self) -> list[Any]:
        """Return what the last call computed: the values, or each argument's gradients, by rows."""
        return [np.array(rows.T, order="C") for rows in self._results]

    def numbers(self, batch: Sequence[Any]) -> Any:
        """Return all that a call gives as one array, which is empty if it gives nothing."""
        value = self.call(*batch)
        if value is None:
            return np.zeros(0)
        if self._results:
            return np.concatenate([np.ravel(x) for x in self.results()])
        return np.append(self._arrays[1], value)

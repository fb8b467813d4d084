"""Machine code of a program: for batches of one size, asked for or once it has been called often.

What counts is the number of calls, never the time they took: the same calls give the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from autograd_mini import contexts
from autograd_mini.compiler.plan import FORWARD, GRADIENT, Plan
from autograd_mini.frames import is_watched

__all__ = ["OFTEN"]  # to nn

OFTEN: Final = 5_000  # calls that gain what machine code takes to make


class Machine:
    """The machine code of one program, by what it computes.

    Attributes:
        codes: A `native.Native` for each purpose.
        counts: Whether machine code is made for what is called often.
    """

    def __init__(self, plan: Plan) -> None:
        self.codes: dict[str, Any] = {}
        self.counts = True
        self._plan = plan
        self._calls: dict[tuple[str, int], int] = {}
        self._size = 0  # of the batches for which it was asked for

    def run(self, purpose: str, batch: Sequence[Any]) -> Any:
        """Return what machine code gives for a batch, or None: it has to be computed in NumPy."""
        code = self.codes.get(purpose)
        if code is None or contexts.state.tracing or is_watched():
            return None
        loss = code.call(*batch)
        if loss is None and (arrays := code.arrays(batch)):
            loss = code.call(*arrays)
        if purpose == GRADIENT or loss is None:
            return loss
        results = code.results()
        return results[0] if purpose == FORWARD else results

    def note_call(
        self,
        purpose: str,
        count: int,
        batch: Sequence[Any],
        run: Callable[..., Any],
        arrays: Callable[[], tuple[Any, Any]],
    ) -> None:
        """Note a call; make machine code if it was asked for, or after `OFTEN` of this size.

        Args:
            purpose: What was computed.
            count: For how many examples.
            batch: One array for each argument.
            run: Computes it in NumPy, as one array.
            arrays: Returns theta and gtheta.
        """
        key = purpose, count
        calls = self._calls[key] = self._calls.get(key, 0) + 1
        if calls != (1 if count == self._size else OFTEN):
            return
        if not self.counts or not batch or purpose in self.codes:
            return
        from autograd_mini.compiler.native import is_installed

        if is_installed() and not is_watched():
            try:
                self._make(purpose, batch, run, arrays())
            except Exception:  # NumPy has it: whatever fails here is no reason to fail
                self.codes.pop(purpose, None)

    def asked(
        self, batch: Sequence[Any], run: Callable[..., Any], arrays: tuple[Any, Any], update: Any
    ) -> Any:
        """Make machine code of the gradient, now, and of all else when it is first called."""
        self.codes.clear()
        self._calls.clear()
        code = self._make(GRADIENT, batch, run, arrays, update)
        self._size = len(batch[0])
        return code

    def _make(self, purpose: str, *given: Any) -> Any:
        from autograd_mini.compiler.native import native

        code = self.codes[purpose] = native(self._plan, purpose, *given)
        return code

    def move(self, theta: Any, gtheta: Any) -> None:
        """Put the parameters elsewhere."""
        for code in self.codes.values():
            code.move(theta, gtheta)

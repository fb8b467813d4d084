"""Ready: the gradient of arrays like those before, where nothing but the text is to be run."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextvars import Context
from functools import partial
from itertools import zip_longest
from typing import Any, Final

from autograd_mini import contexts
from autograd_mini.compiler.check import Check
from autograd_mini.compiler.load import Texts
from autograd_mini.compiler.plan import GRADIENT
from autograd_mini.compiler.surroundings import Surroundings

SIZES: Final = 2  # of batches: that of most, and that of a short last one


class Ready:
    """The text of a gradient, for batches of one size.

    Args:
        texts: Those of a program.
        count: How many examples the batches have.
        gtheta: Where the gradient comes.
        unread: Which parameters no operation reads.
        around: What the function reads beside its arguments.
        check: What is still to be compared with the function, if anything is.
    """

    def __init__(
        self,
        texts: Texts,
        count: int,
        gtheta: Any,
        unread: Any,
        around: Surroundings,
        check: Check | None,
    ) -> None:
        import numpy as np

        function, self._guarded = texts.bound(GRADIENT, count)

        def run(*columns: Any) -> tuple[Any, Any]:
            found = function(*columns)
            return found, gtheta.dot(gtheta)

        self._function = _silent(run, is_ours=not texts.loaded(GRADIENT).calls_users)
        self._shapes = [(count, *shape) for shape in texts.plan.graph.shapes]
        self._gtheta = gtheta
        self._like: Any = type(gtheta), gtheta.dtype
        self._unread = unread
        self._around = around
        self._array: Any = np.array
        self._check = check
        self.count = count

    def gradient(self, batch: Sequence[Any]) -> float | None:
        """Fill `gtheta` and return the mean; None if it takes a closer look.

        So it does if the arrays are of other shapes or types, if they are to be compared with the
        function, if that reads something else by now, and if anything is not finite.
        """
        kind, dtype = self._like
        columns: list[Any] = []
        for x, shape in zip_longest(batch, self._shapes):
            if type(x) is list:
                try:
                    x: Any = self._array(x)
                except Exception:  # rows of several lengths, say
                    return None
            if type(x) is not kind or x.shape != shape:
                return None
            if x.dtype is not dtype:
                if x.dtype.kind not in "iu":
                    return None
                x = x.astype(dtype)
            columns.append(x.T if x.ndim == 2 else x.reshape(self.count, -1).T)
        if self._check is not None and not self._check.knows(batch, columns):
            return None
        if contexts.state.tracing or not self._around.is_same(resident=True):
            return None
        if self._unread.size:
            self._gtheta[self._unread] = 0.0
        try:
            found, size = self._function(*columns)
        except Exception:  # whatever it is, the long way has the words
            return None
        value, guard = found if self._guarded else (found, 0.0)
        return value if math.isfinite(value + float(guard) + float(size)) else None


def ready_for(kept: dict[int, Ready], batch: Sequence[Any]) -> Ready | None:
    """Return what is ready for batches of this one's size, if anything is."""
    try:
        return kept.get(len(batch[0]))
    except Exception:  # no arguments, or no batch: the long way has the words
        return None


def keep(kept: dict[int, Ready], ready: Ready) -> None:
    """Keep it, beside those for other sizes that were kept last."""
    kept.pop(ready.count, None)
    while len(kept) >= SIZES:
        del kept[next(iter(kept))]
    kept[ready.count] = ready


def _silent(function: Callable[..., Any], *, is_ours: bool) -> Callable[..., Any]:
    """Return a function of arrays of which NumPy says nothing: its results say it all.

    Since NumPy 2 what it says belongs to a context, and to run in another one takes a tenth of the
    time of `errstate`. A Python function of the user's is called in the user's context.
    """
    import numpy as np

    if np.__version__ < "2" or not is_ours:
        return np.errstate(all="ignore")(function)
    context = Context()
    context.run(np.seterr, all="ignore")
    return partial(context.run, function)

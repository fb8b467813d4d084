"""Load: turn a plan into functions, through texts that debuggers can step through."""

from __future__ import annotations

import builtins
import copy
import itertools
import linecache
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

from autograd_mini.compiler.emit import emit
from autograd_mini.compiler.plan import FORWARD, GRADIENT, Plan, flags
from autograd_mini.contexts import collector_paused

KEPT: Final = 4  # workspaces of this many batch sizes are kept

_forgotten: list[str] = []
_numbers: Final = itertools.count(1)


class Texts:
    """The texts of one plan, each written when it is first needed, and their functions."""

    __slots__ = ("__weakref__", "_bound", "_loaded", "_theta", "plan")

    def __init__(self, plan: Plan, theta: Any, gtheta: Any) -> None:
        self.plan = plan
        self._theta = theta, gtheta
        self._loaded: dict[Any, Loaded] = {}
        self._bound: dict[Any, Callable[..., Any]] = {}

    def bound(
        self, purpose: str, count: int, wrt: Sequence[int] | None = None
    ) -> tuple[Callable[..., Any], bool]:
        """Return the function of a batch of `count`, and whether it returns a guard, too."""
        key = purpose, count, wrt
        loaded = self.loaded(purpose, wrt=wrt)
        function = self._bound.pop(key, None) or loaded.function(*self._theta, count)
        self._bound[key] = function  # behind those that were called before
        if len(self._bound) > KEPT:
            del self._bound[next(iter(self._bound))]
        return function, loaded.text.guarded

    def run_in_floats(
        self, purpose: str, columns: Sequence[Any], wrt: Sequence[int] | None = None
    ) -> Any:
        """Run the function of one example, and return what that of a batch of one returns."""
        import numpy as np

        theta, gtheta = self._theta
        arguments = [
            x[0, 0].item() if shape == () else x[:, 0].tolist()
            for x, shape in zip(columns, self.plan.recorded.shapes, strict=True)
        ]
        function = self.loaded(purpose, in_floats=True, wrt=wrt).function
        result = function(theta.tolist(), *arguments)
        if purpose == FORWARD:
            return np.array([result], theta.dtype)
        value, gradients = result
        if purpose == GRADIENT:
            gtheta[:] = gradients
            return float(value)
        ends = np.cumsum([len(x) for x in columns]).tolist()
        row = np.array([gradients], theta.dtype)
        return [row[:, end - len(x) : end] for x, end in zip(columns, ends, strict=True)]

    def move(self, theta: Any, gtheta: Any) -> None:
        """Put the parameters elsewhere."""
        self._theta = theta, gtheta
        self._bound.clear()

    def loaded(
        self, purpose: str, *, in_floats: bool = False, wrt: Sequence[int] | None = None
    ) -> Loaded:
        """Return a text; `wrt` are the arguments whose gradients are asked for, if not all."""
        key = purpose, in_floats, wrt
        if key not in self._loaded:
            plan = self.plan
            if wrt is not None:
                plan = copy.copy(plan)
                plan.flags = flags(plan.graph, wrt)
            with collector_paused():
                text = emit(plan, purpose, "python" if in_floats else "numpy")
            self._loaded[key] = Loaded(self, text, purpose if in_floats else "bind")
        return self._loaded[key]


class Loaded:
    """A text that has been run, and registered where debuggers look for lines."""

    def __init__(self, owner: Any, text: Any, name: str) -> None:
        self.text = text
        self.calls_users = bool(text.namespace)  # which running it fills
        filename = f"<autograd_mini program {next(_numbers)}>"
        lines = text.source.splitlines(keepends=True)
        for _ in range(len(_forgotten)):  # other threads pop, too
            with suppress(IndexError):
                linecache.cache.pop(_forgotten.pop(), None)
        linecache.cache[filename] = (len(text.source), None, lines, filename)
        # A program may be collected while linecache goes through its own cache: the lines of
        # one that is gone are dropped when the next is registered.
        weakref.finalize(owner, _forgotten.append, filename)
        exec(builtins.compile(text.source, filename, "exec"), text.namespace)
        self.function: Callable[..., Any] = text.namespace[name]

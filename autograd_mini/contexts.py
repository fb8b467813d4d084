"""Switches for a block of code: no_grad, record_source, detect_anomaly.

Each is a context manager and a decorator. The setting belongs to the thread or asyncio task that
opened it. `state.open` counts the open blocks of all threads, so that code outside of any block
pays for one test of an integer and nothing more; `state.tracing` counts functions being traced,
which concern numbers that leave the graph, but not the making of nodes.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar, Token
from functools import wraps
from typing import TYPE_CHECKING, Any, ClassVar, Final, ParamSpec, TypeVar, cast

if TYPE_CHECKING:
    from autograd_mini.value import Value

__all__ = ["collector_paused", "detect_anomaly", "is_tracing", "no_grad", "record_source"]

P = ParamSpec("P")
R = TypeVar("R")


class _State:
    """What every operation and every pass looks at.

    Is any block open, does a debugger wait for backward(), and over which leaves is a
    `backward_steps()` under way?
    """

    __slots__ = ("on_backward", "open", "stepped", "tracing")

    def __init__(self) -> None:
        self.open = 0
        self.tracing = 0
        self.on_backward: Callable[[Value, float], None] | None = None
        self.stepped: set[Value] = set()


state: Final = _State()
_count_lock = threading.Lock()

grad_enabled: ContextVar[bool] = ContextVar("grad_enabled", default=True)
source_recorded: ContextVar[bool] = ContextVar("source_recorded", default=False)
anomaly_detected: ContextVar[bool] = ContextVar("anomaly_detected", default=False)
tracer: ContextVar[Any] = ContextVar("tracer", default=None)


class Setting:
    """A block in which one context variable has another value."""

    __slots__ = ("_tokens", "_value", "_variable")

    def __init__(self, variable: ContextVar[Any], value: Any) -> None:
        self._variable = variable
        self._value = value
        self._tokens: list[Token[Any]] = []

    def __enter__(self) -> None:
        token = self._variable.set(self._value)
        with _count_lock:
            self._tokens.append(token)
            self._count(1)

    def __exit__(self, *exception: object) -> None:
        with _count_lock:
            mine = len(self._tokens) - 1
            while mine >= 0 and not self._is_reset_by(self._tokens[mine]):
                mine -= 1  # another thread or task has opened this block in the meantime
            # Found none (-1)? Then an abandoned generator is being closed by another task.
            self._tokens.pop(mine)
            self._count(-1)

    def _is_reset_by(self, token: Token[object]) -> bool:
        """Reset the variable, and return whether the token belongs to this thread or task."""
        try:
            self._variable.reset(token)
        except ValueError:
            return False
        return True

    def _count(self, by: int) -> None:
        state.open += by
        if self._variable is tracer:
            state.tracing += by

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Return `function`, which may be a coroutine, with every call inside such a block.

        Raises:
            TypeError: If it is a generator, which runs only when the call is over.
        """
        flags = getattr(getattr(function, "__code__", None), "co_flags", 0)
        if flags & _GENERATOR:
            raise TypeError(
                f"{function.__name__!r} is a generator: it runs when the call of it is over; "
                "open the block inside of it, between two yields"
            )
        if flags & _COROUTINE:

            @wraps(function)
            async def awaited(*args: P.args, **kwargs: P.kwargs) -> Any:
                with Setting(self._variable, self._value):
                    return await cast(Any, function)(*args, **kwargs)

            return cast(Any, awaited)

        @wraps(function)
        def inside(*args: P.args, **kwargs: P.kwargs) -> R:
            with Setting(self._variable, self._value):
                return function(*args, **kwargs)

        return inside


_COROUTINE: Final = 0x80  # flags of a code object: inspect's CO_COROUTINE,
_GENERATOR: Final = 0x20 | 0x200  # CO_GENERATOR and CO_ASYNC_GENERATOR


def no_grad() -> Setting:
    """Return a block in which operations give plain leaves: nothing is recorded.

    Example:
        >>> from autograd_mini import Value, no_grad
        >>> with no_grad():
        ...     y = Value(2.0) * 3
        >>> y.is_leaf
        True
    """
    return Setting(grad_enabled, False)


def recording() -> AbstractContextManager[None]:
    """Return a block in which operations are recorded, also inside `no_grad()`."""
    return nullcontext() if grad_enabled.get() else Setting(grad_enabled, True)


def record_source() -> Setting:
    """Return a block in which every new node remembers the file and line that made it.

    Example:
        >>> from autograd_mini import Value, record_source
        >>> with record_source():
        ...     y = Value(2.0) * 3
        >>> y.source is not None
        True
    """
    return Setting(source_recorded, True)


def detect_anomaly() -> Setting:
    """Return a block in which the first NaN or infinity raises, forward or backward.

    The AnomalyError names the node, its inputs and the source line that made it. It covers
    what is computed and differentiated inside the block. A slope towards a constant, such as
    the 2 of `x ** 2`, does not count.

    Example:
        >>> from autograd_mini import Value, detect_anomaly
        >>> with detect_anomaly():
        ...     Value(1e200, label="x") * 1e200
        Traceback (most recent call last):
            ...
        autograd_mini.errors.AnomalyError: mul gives inf: x = 1e+200, 1e+200 (made at ...)
    """
    return Setting(anomaly_detected, True)


def is_tracing() -> bool:
    """Return whether a function is being traced for compilation.

    What it computes then stands for numbers still to come, so that checks of the data at hand
    have nothing to say.

    Example:
        >>> is_tracing()
        False
    """
    return tracer.get() is not None


class collector_paused:
    """A block in which the cyclic garbage collector rests; blocks nest, in any thread.

    Graphs have no cycles and are freed without it, so pausing it around one step is safe, and
    spares it counting every node.

    Example:
        >>> with collector_paused():
        ...     gc.isenabled()
        False
    """

    depth: ClassVar[int] = 0  # of all blocks
    was_enabled: ClassVar[bool] = True  # before the first

    def __enter__(self) -> None:
        blocks = collector_paused
        with _count_lock:
            if blocks.depth == 0:
                blocks.was_enabled = gc.isenabled()
                gc.disable()
            blocks.depth += 1

    def __exit__(self, *exception: object) -> None:
        blocks = collector_paused
        with _count_lock:
            blocks.depth -= 1
            if blocks.depth == 0 and blocks.was_enabled:
                gc.enable()

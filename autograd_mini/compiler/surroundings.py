"""Surroundings: what a function reads that is neither an argument nor a parameter.

Such numbers, functions and lists are recorded as they are. So they are looked at before a program
runs: where one is another by then, the function is recorded anew, and refused if it has become
another program. A generator of random numbers that every run moves is refused at once.
"""

# What a function refers to is Any here.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import os
import pickle
import random
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial
from operator import attrgetter, is_
from types import (
    BuiltinMethodType,
    CodeType,
    FunctionType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any, Final

from autograd_mini.compiler.recorded import is_ours
from autograd_mini.value import Value

MOST: Final = 300  # objects that are looked at, the nearest first
DEPTH: Final = 3  # names between dots
SHORT: Final = 64  # entries of a list, a dictionary or an array that are compared
_LIBRARY: Final = os.path.dirname(os.__file__) + os.sep
_PLAIN: Final = (int, float, complex, str, bytes, type(None), Value)
_CACHED: Final = type(lru_cache(len))
_ABSENT: Final = object()


class Surroundings:
    """What a function refers to, as it was when it was recorded.

    Args:
        f: The function.

    Attributes:
        is_random: Whether the last run moved a generator of random numbers.
        values: The Values that it can read, some of which may be no parameters of its program.

    Example:
        >>> scale = [2.0]
        >>> around = Surroundings(lambda x: scale[0] * x)
        >>> around.is_same()
        True
        >>> scale[0] = 3.0
        >>> around.is_same(), around.change()
        (False, "'scale' became [3.0]")
    """

    __slots__ = (
        "_contents",
        "_f",
        "_names",
        "_own",
        "_rows",
        "_states",
        "is_random",
        "values",
    )

    def __init__(self, f: Callable[..., Any]) -> None:
        self._f = f
        self._own: set[str] = set()  # the names of what the function itself changes
        self.is_random = False
        self._look()

    def settle(self) -> None:
        """Take what is there after a run of the function for granted.

        What the run has changed is its own doing.
        """
        self._own.update(name for name, _ in self._changes())
        before = self._states
        self._look()
        self.is_random = any(before.get(key, x) != x for key, x in self._states.items())

    def is_same(self, *, resident: bool = False) -> bool:
        """Return whether everything is as it was.

        Args:
            resident: Whether Values are not looked at now, nor lists of nothing else.
        """
        for space, name, x in self._names:  # before every call of a program
            if space.get(name, _ABSENT) is not x:
                return not self.change()
        return all(map(_is_as_it_was, self._contents)) and (
            resident or all(map(_is_as_it_was, self._rows))
        )

    def change(self) -> str:
        """Return what has changed, in words, or nothing."""
        return " and ".join([f"{name!r} became {now!r:.60}" for name, now in self._changes()][:3])

    def _changes(self) -> Iterator[tuple[str, Any]]:
        for space, name, x in self._names:
            now = space.get(name, _ABSENT)
            if now is not x and not _is_the_same_number(x, now):
                yield name, now
        for noted in (*self._contents, *self._rows):
            if not _is_as_it_was(noted):
                yield noted[:2]

    def _look(self) -> None:
        """Note the names that the function refers to, and what short lists contain."""
        self._names: list[tuple[Any, str, Any]] = []
        self._contents: list[tuple[str, Any, Any]] = []
        self._rows: list[tuple[str, Any, Any]] = []  # the same, of Values alone: a row of weights
        self._states: dict[int, bytes] = {}
        self.values: set[Value] = set()
        queue: deque[tuple[str, Any]] = deque([("", self._f)])
        seen: set[int] = set()
        while queue and len(seen) < MOST:
            name, x = queue.popleft()
            if id(x) in seen:
                continue
            seen.add(id(x))
            state = _state(x)
            if state is not None:
                self._states[id(x)] = state
                continue
            if _is_short(x):
                if name and name not in self._own and not isinstance(x, tuple):
                    noted = self._rows if _is_row(x) else self._contents
                    noted.append((name, x, _contents(x)))
                items: Iterable[Any] = x.values() if isinstance(x, dict) else x
                self.values.update([y for y in items if isinstance(y, Value)])
                queue.extend([(name, y) for y in items if not isinstance(y, _PLAIN)])
                continue
            for space, key, y, is_users in _references(x):
                if is_users and key not in self._own:
                    self._names.append((space, key, y))
                if isinstance(y, Value):
                    self.values.add(y)
                elif not isinstance(y, _PLAIN):
                    queue.append((key if is_users else "", y))


class _Space:
    """What has names but is no dictionary, read like one: a closure's cell, slots."""

    __slots__ = ("_of", "_read")

    def __init__(self, read: Callable[[Any], Any], of: Any) -> None:
        self._read = read
        self._of = of

    def get(self, name: str, default: Any) -> Any:
        try:
            return self._read(self._of)
        except (ValueError, AttributeError):  # not assigned yet
            return default


def _references(x: Any) -> Iterator[tuple[Any, str, Any, bool]]:
    """Return what an object refers to: where it stands, its name, and whether it is the user's."""
    if isinstance(x, FunctionType):
        is_users = _is_users(x.__code__.co_filename)
        for name, cell in zip(x.__code__.co_freevars, x.__closure__ or (), strict=True):
            space = _Space(attrgetter("cell_contents"), cell)
            yield space, name, space.get(name, _ABSENT), is_users
        if is_users:
            yield from _named(x.__globals__, {*_names_in(x.__code__)}, is_users=True)
        parts: Iterable[Any] = (*(x.__defaults__ or ()), *(x.__kwdefaults__ or {}).values())
    elif isinstance(x, MethodType):
        parts = x.__func__, x.__self__
    elif isinstance(x, partial):
        parts = x.func, *x.args, *x.keywords.values()
    elif isinstance(x, type):
        parts = ()
        if _is_users(_file_of(x)):
            for name, y in vars(x).items():
                if isinstance(y, FunctionType) or not name.startswith("__"):
                    yield vars(x), name, y, True
    elif isinstance(x, (staticmethod, classmethod)):
        parts = (x.__func__,)
    elif isinstance(x, property):
        parts = (x.fget,)
    elif isinstance(x, _CACHED):
        parts = (x.__wrapped__,)
    elif isinstance(x, BuiltinMethodType):
        parts = () if isinstance(x.__self__, ModuleType) else (x.__self__,)
    else:
        kind = type(x)
        is_users = _is_users(_file_of(kind))
        parts = (kind,) if is_users else ()
        if is_users or is_ours(_file_of(kind)):
            space = getattr(x, "__dict__", {})
            for name, y in space.items():
                yield space, name, y, is_users
            for name, slot in [pair for base in kind.__mro__ for pair in _slots(base)]:
                space = _Space(slot.__get__, x)
                yield space, name, space.get(name, None), is_users
    for y in parts:
        yield {}, "", y, False


def _named(
    space: dict[str, Any], names: set[str], *, is_users: bool, depth: int = 0
) -> Iterator[tuple[Any, str, Any, bool]]:
    """Return those of the names that stand in a module, or in a module that stands there."""
    for name in names:
        y = space.get(name, _ABSENT)
        if y is _ABSENT and is_users:
            y = sys.modules.get(name)  # imported inside of the function, perhaps
        elif y is not _ABSENT:
            yield space, name, y, is_users
        if isinstance(y, ModuleType) and depth < DEPTH:
            yield from _named(vars(y), names, is_users=_is_users(_file(y)), depth=depth + 1)


def _names_in(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from _names_in(part)


def _slots(kind: type) -> Iterable[tuple[str, Any]]:
    spaces = vars(kind) if "__slots__" in vars(kind) else {}
    return [(name, y) for name, y in spaces.items() if isinstance(y, MemberDescriptorType)]


def _is_users(file: str) -> bool:
    """Return whether code is neither ours nor of an installed library."""
    is_library = file.startswith((_LIBRARY, "<frozen")) or "site-packages" in file
    return bool(file) and not is_library and not is_ours(file)


def _file_of(kind: type) -> str:
    """Return the file of a class, or of a module below; "<text>" where there is none."""
    return _file(sys.modules.get(str(kind.__module__)))


def _file(module: ModuleType | None) -> str:
    is_built_in = getattr(module, "__name__", "") in sys.builtin_module_names
    return getattr(module, "__file__", None) or ("" if is_built_in else "<text>")


def _is_short(x: Any) -> bool:
    if isinstance(x, (list, tuple, dict)):
        return len(x) <= SHORT
    return type(x).__name__ == "ndarray" and x.size <= SHORT


def _is_row(x: Any) -> bool:
    return isinstance(x, list) and {*map(type, x)} == {Value}


def _is_the_same_number(x: Any, now: Any) -> bool:
    """Return whether two plain things are alike; 0.0 is not -0.0, nan is nan, a Value itself."""
    is_plain = isinstance(x, _PLAIN) and not isinstance(x, Value)
    return is_plain and type(x) is type(now) and repr(x) == repr(now)


def _is_as_it_was(noted: tuple[str, Any, Any]) -> bool:
    """Return whether a list, a dictionary or an array still has the contents noted."""
    _, x, contents = noted
    now = x if type(x) is list else _contents(x)
    return len(now) == len(contents) and all(map(is_, now, contents))


def _contents(x: Any) -> Any:
    """Return what is compared of a list, a dictionary or an array: what it holds, or its bytes."""
    if isinstance(x, dict):
        return [*x, *x.values()]
    return list(x) if isinstance(x, (list, tuple)) else x.tobytes()


def _state(x: Any) -> bytes | None:
    """Return the state of a generator of random numbers; None if it is something else."""
    if isinstance(x, random.Random):
        return b"" if isinstance(x, random.SystemRandom) else pickle.dumps(x.getstate())
    if str(type(x).__module__).startswith("numpy.random"):
        if hasattr(x, "bit_generator"):
            return pickle.dumps(x.bit_generator.state)
        if hasattr(x, "get_state"):
            return pickle.dumps(x.get_state(legacy=False))
    return None

"""Surroundings: what a function reads that is neither an argument nor a parameter.

Such numbers, functions and lists are recorded as they are. So they are looked at before a program
runs: where one is another by then, the function is recorded anew, and refused if it has become
another program; if not, the next change is looked at in the same way. A generator of random numbers
that every run moves is refused at once.
"""

# What a function refers to is Any here.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import gc
import pickle
import random
import sys
from array import array
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache, partial
from itertools import chain
from opcode import opmap
from operator import attrgetter, eq, getitem, is_, methodcaller
from types import (
    BuiltinMethodType,
    CodeType,
    FunctionType,
    MappingProxyType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any, Final, TypeAlias
from weakref import ReferenceType

from autograd_mini.compiler.looks import Named, Noted, look_of
from autograd_mini.frames import is_ours, is_pythons
from autograd_mini.value import Value

MOST: Final = 300  # objects that are looked at, the nearest first
DEPTH: Final = 3  # names between dots
SHORT: Final = 1000  # entries of a list or a dictionary that are compared, and
LARGE: Final = 100_000  # those of an array
FEW: Final = 10  # looks before a text is written for them, which takes as long as some fifty
_PLAIN: Final = (int, float, complex, str, bytes, type(None), CodeType, Value)
_LISTS: Final = list, tuple, dict, MappingProxyType, set, frozenset, deque
_BUFFERS: Final = array, bytearray, memoryview
_HOLDERS: Final = *_LISTS, *_BUFFERS
_CACHED: Final = type(lru_cache(len))
_ABSENT: Final = object()
_CLASSES: Final = frozenset(
    ["isinstance", "issubclass", "type", "__class__", "hasattr", "AttributeError", "TypeError"]
)
_BY_ANY_NAME: Final = {"__dict__", "vars", "getattr", "attrgetter", "eval", "exec", "asdict"}
_MATCH_CLASS: Final = opmap["MATCH_CLASS"]
# Whether something is watched: before every run; where Values are read, too; or never.
ALWAYS: Final = 2
CLOSELY: Final = 1
NEVER: Final = 0
_KINDS: Final = ("list", "table", "other", "layer", "row")  # of lists: see `_list_kind`
_OF_MODELS: Final = ("layer", "row")
_Reference: TypeAlias = "tuple[Callable[[], Any], str, Any, int]"


class Surroundings:
    """What a function refers to, as it was when it was recorded.

    Args:
        f: The function, or a list of some.

    Attributes:
        is_random: Whether the last run moved a generator of random numbers.
        values: The Values that it can read, some of which may be no parameters of its program;
            some come more than once.
        asks: Whether it may ask for the class of a number, as `case Value()` does.

    Example:
        >>> scale = [2.0]
        >>> around = Surroundings(lambda x: scale[0] * x)
        >>> around.is_same()
        True
        >>> scale[0] = 3.0
        >>> around.is_same(), around.change()
        (False, "'scale' became [3.0]")
    """

    def __init__(self, f: Any) -> None:
        self._f = f
        self._own: set[str] = set()  # the names of what the function itself changes
        self.is_random = False
        self._look()

    def settle(self) -> None:
        """Take what is there after a run of the function for granted.

        What the run has changed is its own doing.
        """
        self.is_random = any(_state(x) != before for x, before in self._states.values())
        if self.is_random or self.change():
            self._own.update(name for name, _ in self._changes())
            self._look()

    @contextmanager
    def moved(self) -> Generator[None]:
        """Take what is there now for granted, and what a run in this block changes.

        If the run raises, all stays as it was. Another change is seen again, but for an attribute
        of the user's own object that no code reads: a counter beside a method, say.
        """
        before, changed = vars(self).copy(), {name for name, _ in self._changes()}
        self._look()
        try:
            yield
        except BaseException:
            vars(self).update(before)
            raise
        self.settle()
        if unread := changed & self._unread():
            self._own |= unread
            self._look()

    def _unread(self) -> set[str]:
        """Return the attributes of the user's objects that no code reads which a run may reach."""
        read, codes = {*self._spelled}, self._codes
        while reached := [c for name, c in codes if name[:2] == "__" or name in read]:
            codes = [(name, c) for name, c in codes if c not in reached]
            read.update(chain.from_iterable(map(_read_by, reached)))
        return self._attributes - read if _BY_ANY_NAME.isdisjoint(read) else set()

    def rewind(self) -> None:
        """Put all generators of random numbers back to where they were when this was made."""
        for generator, state in self._states.values():
            if state:
                _put_back(generator, pickle.loads(state))

    def is_same(self, *, resident: bool = False) -> bool:
        """Return whether everything is as it was.

        Args:
            resident: Whether Values are not looked at now, nor the models that hold them.
        """
        if self._left:
            self._left -= 1
        else:
            are_same, models_are_same = self._looks or self._write_looks()
            if are_same() and (resident or models_are_same()):
                return True
        return not any(self._changes(resident=resident))

    def change(self) -> str:
        """Return what has changed, in words, or nothing."""
        return " and ".join([f"{name!r} became {now!r:.60}" for name, now in self._changes()][:3])

    def _changes(self, *, resident: bool = False) -> Iterator[tuple[str, Any]]:
        names, found, _ = self._noted
        for name, read, x in chain(names[ALWAYS], () if resident else names[CLOSELY]):
            now = _now(read)
            if now is not x and not _is_the_same_number(x, now):
                yield name, now
        for kind, lists in found.items():
            for noted in () if resident and kind in _OF_MODELS else lists:
                if not _is_as_it_was(noted):
                    yield noted[:2]

    def _look(self) -> None:
        """Note the names that the function refers to, and what short lists contain."""
        names: dict[int, list[Named]] = {ALWAYS: [], CLOSELY: []}
        spaces: dict[int, Any] = {}  # of models
        found: dict[str, list[Noted]] = {kind: [] for kind in _KINDS}
        self._states: dict[int, tuple[Any, bytes]] = {}
        self.values: list[Value] = []
        self.asks = False
        self._attributes: set[str] = set()  # of the user's own objects and classes
        self._codes: list[tuple[str, CodeType]] = []  # and the name by which each is reached
        self._spelled: set[str] = set()  # names that are read and stand in no code
        queue: deque[tuple[str, Any, int]] = deque([("", self._f, NEVER)])
        seen: set[int] = set()
        while queue and len(seen) < MOST:
            name, x, watched = queue.popleft()
            if id(x) in seen:
                continue
            seen.add(id(x))
            if _is_short(x):
                kind = _list_kind(x, watched)
                if watched and name not in self._own and not isinstance(x, tuple):
                    contents = [*x] if kind in ("row", "table") else _contents(x)
                    found[kind].append((name, x, contents))
                if kind == "row":
                    self.values += x
                    continue
                items = _items(x)
                self.values += [y for y in items if isinstance(y, Value)]
                queue.extend([(name, y, watched) for y in items if not isinstance(y, _PLAIN)])
                continue
            state = _state(x)
            if state is not None:
                self._states[id(x)] = x, state
                continue
            if isinstance(x, FunctionType):
                self.asks = self.asks or _asks(x.__code__)
                self._codes.append((name if name in self._attributes else "__", x.__code__))
            elif isinstance(x, (attrgetter, methodcaller)):
                self._spelled.update(*[str(part).split(".") for part in x.__reduce__()[1]])
            elif isinstance(x, type):
                self._spelled.update(getattr(x, "__match_args__", ()))
            for read, key, y, watch in _references(x):
                if watch == ALWAYS and _is_attribute(read, x):
                    self._attributes.add(key)
                if watch and key not in self._own:
                    names[watch].append((key, read, y))
                    if watch == CLOSELY:
                        spaces[id(x)] = vars(x)
                if isinstance(y, Value):
                    self.values.append(y)
                elif not isinstance(y, _PLAIN):
                    queue.append((key or name, y, watch))
        self._noted = names, found, [("", x, dict(x)) for x in spaces.values()]
        self._looks: tuple[Callable[[], bool], Callable[[], bool]] | None = None
        self._left = FEW

    def _write_looks(self) -> tuple[Callable[[], bool], Callable[[], bool]]:
        """Return a look at what is watched always, and one at models and rows of Values."""
        names, found, models = self._noted
        others = [partial(_is_as_it_was, x) for x in found["other"]]
        self._looks = (
            look_of(names[ALWAYS], found["list"], others + _equal(found["table"])),
            look_of([], found["layer"], _equal(models) + _equal(found["row"])),
        )
        return self._looks


def _equal(noted: Sequence[Noted]) -> list[partial[bool]]:
    """Return a look at rows of Values, and the like, as equal.

    It is five times as fast: the very same is equal. A number in the place of a Value that has it
    makes no difference until it moves.
    """
    before = [contents for _, _, contents in noted]
    return [partial(eq, [x for _, x, _ in noted], before)] if noted else []


def _now(read: Callable[[], Any]) -> Any:
    """Return what stands at a name, if anything does."""
    try:
        return read()
    except (LookupError, ValueError, AttributeError):
        return _ABSENT


def _references(x: Any) -> Iterator[_Reference]:
    """Return what an object refers to: how it is read, its name, it, and how it is watched."""
    parts: Iterable[Any] = ()
    if isinstance(x, FunctionType):
        watched = ALWAYS if _is_users(x.__code__.co_filename) else NEVER
        for name, cell in zip(x.__code__.co_freevars, x.__closure__ or (), strict=True):
            read = partial(getattr, cell, "cell_contents")
            yield read, name, _now(read), watched
        if watched:
            yield from _named(x.__globals__, {*_names_in(x.__code__)}, is_users=True)
        yield from _attributes(x, "__defaults__", "__kwdefaults__", "__code__", watched=watched)
        yield from _entries(vars(x), watched)
    elif isinstance(x, MethodType):
        parts = x.__func__, x.__self__
    elif isinstance(x, partial):
        yield from _attributes(x, "func", "args", "keywords", watched=ALWAYS)
    elif isinstance(x, ContextVar):
        yield x.get, x.name, _now(x.get), ALWAYS
    elif isinstance(x, type):
        if _is_users(_file_of(x)):
            parts = *x.__bases__, type(x)
            for name, y in vars(x).items():
                if isinstance(y, FunctionType) or not name.startswith("__"):
                    yield partial(getitem, vars(x), name), name, y, ALWAYS
    elif isinstance(x, (staticmethod, classmethod)):
        parts = (x.__func__,)
    elif isinstance(x, property):
        parts = (x.fget,)
    elif isinstance(x, _CACHED):
        parts = (x.__wrapped__,)
    elif isinstance(x, BuiltinMethodType):
        if not isinstance(x.__self__, ModuleType):
            yield partial(getattr, x, "__self__"), x.__name__, x.__self__, ALWAYS
    elif isinstance(x, ReferenceType):
        parts = (x(),)
    elif not isinstance(x, ModuleType):
        kind = type(x)
        file = _file_of(kind)
        is_users = _is_users(file)
        parts = (kind,) if is_users else _held(x) if is_pythons(file) else ()
        if is_users or is_ours(file) or (hasattr(x, "__dict__") and is_pythons(file)):
            space = getattr(x, "__dict__", {})
            is_model = hasattr(kind, "named_parameters")
            watched = ALWAYS if not is_ours(file) else CLOSELY if is_model else NEVER
            if watched == ALWAYS:  # one that is new may stand before its class's
                yield partial(len, space), f"{kind.__name__}.__dict__", len(space), ALWAYS
            yield from _entries(space, watched)
            for name, slot in [pair for base in kind.__mro__ for pair in _slots(base)]:
                read = partial(slot.__get__, x)
                yield read, name, _now(read), watched
    for y in parts:
        yield list, "", y, NEVER


def _entries(space: dict[str, Any], watched: int) -> Iterator[_Reference]:
    """Return what the attributes of an object are."""
    for name, y in space.items():
        yield partial(getitem, space, name), name, y, watched


def _attributes(x: Any, *names: str, watched: int) -> Iterator[_Reference]:
    """Return what those attributes of an object are that it has."""
    for name in names:
        y = getattr(x, name)
        if y is not None:
            yield partial(getattr, x, name), name.strip("_"), y, watched


def _held(x: Any) -> Iterable[Any]:
    """Return what an object of Python's own holds, an iterator, say."""
    return [y for y in gc.get_referents(x)[:SHORT] if not isinstance(y, (type, ModuleType))]


def _named(
    space: dict[str, Any], names: set[str], *, is_users: bool, depth: int = 0
) -> Iterator[_Reference]:
    """Return those of the names that stand in a module, or in a module that stands there."""
    for name in names:
        y = space.get(name, _ABSENT)
        if y is _ABSENT and is_users:
            y = sys.modules.get(name)  # imported inside of the function, perhaps
        elif y is not _ABSENT:
            yield partial(getitem, space, name), name, y, ALWAYS if is_users else NEVER
        if isinstance(y, ModuleType) and depth < DEPTH:
            yield from _named(vars(y), names, is_users=_is_users(_file(y)), depth=depth + 1)


def _names_in(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for part in code.co_consts:
        if isinstance(part, str):  # getattr(settings, "rate")
            yield part
        if isinstance(part, CodeType):
            yield from _names_in(part)


def _is_attribute(read: Callable[[], Any], x: Any) -> bool:
    """Return whether what is read is an attribute of a class, or of an object of the user's."""
    if isinstance(x, FunctionType) or not isinstance(read, partial) or read.func is not getitem:
        return False
    return isinstance(x, type) or _is_users(_file_of(type(x)))


def _read_by(code: CodeType) -> Iterator[str]:
    """Yield the names and texts that a code reads."""
    from dis import get_instructions

    for step in get_instructions(code):
        if step.opname.startswith(("LOAD_", "IMPORT_")):
            texts: Any = step.argval if isinstance(step.argval, tuple) else (step.argval,)
            yield from [x for x in texts if isinstance(x, str)]
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from _read_by(part)


def _asks(code: CodeType) -> bool:
    """Return whether a user's function may ask for the class of a number."""
    return _is_users(code.co_filename) and (
        _MATCH_CLASS in code.co_code[::2]
        or not _CLASSES.isdisjoint(code.co_names)
        or any(_asks(part) for part in code.co_consts if isinstance(part, CodeType))
    )


def _slots(kind: type) -> Iterable[tuple[str, Any]]:
    spaces = vars(kind) if "__slots__" in vars(kind) else {}
    return [(name, y) for name, y in spaces.items() if isinstance(y, MemberDescriptorType)]


def _is_users(file: str) -> bool:
    """Return whether code is neither ours nor of an installed library."""
    return not (is_pythons(file) or "site-packages" in file or is_ours(file))


def _file_of(kind: type) -> str:
    """Return the file of a class, or of a module below; "<text>" where there is none."""
    return _file(sys.modules.get(str(kind.__module__)))


def _file(module: ModuleType | None) -> str:
    is_built_in = getattr(module, "__name__", "") in sys.builtin_module_names
    return getattr(module, "__file__", None) or ("" if is_built_in else "<text>")


def _is_short(x: Any) -> bool:
    if isinstance(x, _HOLDERS):
        return len(x) <= SHORT
    return _is_array(x) and getattr(x, "size", LARGE + 1) <= LARGE


def _is_array(x: Any) -> bool:
    return type(x).__name__ == "ndarray" or hasattr(type(x), "to_numpy")


def _items(x: Any) -> Iterable[Any]:
    """Return what a list, a dictionary or an array holds that may be no plain number."""
    if isinstance(x, _BUFFERS):
        return ()
    if _is_array(x):
        return x.flat if getattr(getattr(x, "dtype", None), "kind", "") == "O" else ()
    return x.values() if isinstance(x, (dict, MappingProxyType)) else x


def _list_kind(x: Any, watched: int) -> str:
    """Return how a list or the like is compared.

    A "row" of Values and a "table" of rows are compared at once, as equal; what a "list" or a
    "layer" holds is the very same. Rows and layers change only where Values are looked at, too;
    "other" is all that is not a list.
    """
    if _is_row(x):
        return "row"
    if type(x) is not list:
        return "other"
    if watched != ALWAYS:
        return "layer"
    return "table" if all(map(_is_row, x)) else "list"


def _is_row(x: Any) -> bool:
    """Return whether this is a list of Values alone, as a row of weights is."""
    return type(x) is list and bool(x) and all(issubclass(kind, Value) for kind in {*map(type, x)})


def _is_the_same_number(x: Any, now: Any) -> bool:
    """Return whether two plain things are alike; 0.0 is not -0.0, nan is nan, a Value itself."""
    is_plain = isinstance(x, _PLAIN) and not isinstance(x, Value)
    return is_plain and type(x) is type(now) and repr(x) == repr(now)


def _is_as_it_was(noted: Noted) -> bool:
    """Return whether a list, a dictionary or an array still has the contents noted."""
    _, x, contents = noted
    now = x if type(x) is list else _contents(x)
    if type(contents) is not tuple:
        try:
            return now == contents
        except ValueError:  # an array in the place of a row
            return False
    return len(now) == len(contents) and all(map(is_, now, contents))


def _contents(x: Any) -> Any:
    """Return what is compared of a list, a dictionary or an array: what it holds, or its bytes."""
    if isinstance(x, (dict, MappingProxyType)):
        return *x, *x.values()
    if isinstance(x, _LISTS):
        return tuple(x)
    if isinstance(x, _BUFFERS):
        return bytes(x)
    numbers = x if hasattr(x, "tobytes") else x.to_numpy()
    if x is not numbers and numbers.dtype.kind == "O":  # made anew by every look
        return repr(numbers.tolist()).encode()
    return numbers.tobytes()


def _put_back(generator: Any, state: Any) -> None:
    if hasattr(generator, "bit_generator"):
        generator.bit_generator.state = state
    else:
        (generator.setstate if hasattr(generator, "setstate") else generator.set_state)(state)


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

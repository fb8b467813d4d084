"""Parameters of an optimizer: leaves, each once, in a list that may change, and their memory."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from itertools import filterfalse
from operator import attrgetter
from typing import Any

from autograd_mini import Value


class MovedParameters(list[Value]):
    """The parameters that an optimizer moves: a list whose `version` tells that it was changed."""

    version = 0

    def __reduce__(self) -> Any:
        return MovedParameters, ([*self],)


def _counting(name: str) -> Callable[..., Any]:
    """Return a method of lists that counts its calls as changes."""
    method = getattr(list, name)

    @wraps(method)
    def counted(self: MovedParameters, *args: Any, **options: Any) -> Any:
        self.version += 1
        return method(self, *args, **options)

    return counted


for _name in (
    *("__setitem__", "__delitem__", "__iadd__", "__imul__", "append", "clear", "extend"),
    *("insert", "pop", "remove", "reverse", "sort"),
):
    setattr(MovedParameters, _name, _counting(_name))


class Owners:
    """The parameters that an optimizer remembers numbers of, in the order of these."""

    def __init__(self, params: list[Value]) -> None:
        self._owners = [*params]
        self._seen: tuple[Any, int] = params, getattr(params, "version", len(params))

    def have_changed(self, params: list[Value]) -> bool:
        """Return whether these are others, or may be, or stand in another order."""
        known, version = self._seen
        return params is not known or getattr(params, "version", len(params)) != version

    def follow(self, params: list[Value], moments: list[Any]) -> list[list[float]]:
        """Be these from now on, and return their numbers: 0 where they are new."""
        known = [dict(zip(self._owners, map(float, m), strict=True)) for m in moments]
        self.__init__(params)
        return [[m.get(p, 0.0) for p in params] for m in known]


def check_parameters(params: list[Value], who: str) -> None:
    """Raise an error unless there are parameters, all of them leaves, and each of them once."""
    if not params:
        raise ValueError(f"{who} got no parameters: pass model.parameters() or a list of Values")
    # Mostly all are of one class: no loop over what may be hundreds of thousands.
    for kind in {*map(type, params)}:
        if not issubclass(kind, Value):
            p = next(p for p in params if type(p) is kind)
            raise TypeError(f"{who} moves Values, but got {p!r}: pass model.parameters()")
    computed = next(filterfalse(attrgetter("is_leaf"), params), None)
    if computed is not None:
        raise ValueError(f"{who} moves leaves, but {computed!r} was computed by {computed.op}")
    if len(set(params)) != len(params):
        raise ValueError(f"{who} got the same Value twice: pass each parameter once")

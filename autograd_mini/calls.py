"""Wrong calls: an unknown, missing or misplaced argument is answered with what to write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from itertools import count, islice
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

if TYPE_CHECKING:
    from inspect import Parameter

__all__ = ["answered", "argument_text", "nearest_argument", "surplus_arguments"]  # to nn

P = ParamSpec("P")
R = TypeVar("R")
_NOTHING: Final[Mapping[str, str]] = {}


def nearest_argument(name: str, known: Sequence[str]) -> str:
    """Return what to say about an argument that does not exist."""
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=1)
    own = [one for one in known if one != "self"]
    return f": did you mean {near[0]}=?" if near else f": it has {', '.join(own)}"


def surplus_arguments(own: Sequence[str], named: Sequence[str], given: Sequence[object]) -> str:
    """Return what to say about too many arguments: the names that they could have."""
    surplus = given[len(own) :]
    texts = [f"{name}={argument_text(x)}" for name, x in zip(named, surplus, strict=False)]
    advice = f"write {', '.join(texts)}" if texts else f"what is {argument_text(surplus[0])}?"
    return f"takes {', '.join(own)} by position: {advice}"


def answered(
    f: Callable[P, R],
    *,
    meant: Callable[[str, Sequence[str]], str] = nearest_argument,
    needs: Mapping[str, str] = _NOTHING,
    too_many: Callable[[Sequence[str], Sequence[str], Sequence[object]], str] = surplus_arguments,
) -> Callable[P, R]:
    """Make a function answer calls that it cannot take; what it raises itself stays as it is.

    Args:
        f: A function.
        meant: What to say about the name of an argument that it does not have.
        needs: What an argument is, for calls that lack it.
        too_many: What to say about more arguments than it takes by position: called with the
            names of these, the names of others, and what was given.

    Example:
        >>> @answered
        ... def step(model, *, lr=0.1): ...
        >>> step("m", 0.2)
        Traceback (most recent call last):
            ...
        TypeError: step() takes model by position: write lr=0.2
        >>> step(lr=0.2)
        Traceback (most recent call last):
            ...
        TypeError: step() needs model
    """

    def wrong(args: tuple[object, ...], kwargs: Mapping[str, object]) -> str:
        """Return what is wrong with a call; nothing if Python's own message is as good."""
        listed = parameters(f)
        positional = tuple([p.name for p in listed if p.kind < p.VAR_POSITIONAL])
        named = tuple([p.name for p in listed if p.kind == p.KEYWORD_ONLY])
        is_method = positional[:1] == ("self",)
        called = f.__name__
        if is_method and called in ("__init__", "__call__"):
            called = type(args[0]).__name__
        who = called if f.__name__ == "__call__" else f"{called}()"
        known = positional + named
        for name in kwargs:
            if name not in known:
                return f"{who} has no argument {name!r}{meant(name, known)}"
        if len(args) > len(positional):
            return f"{who} {too_many(positional[is_method:], named, args[is_method:])}"
        required = [p.name for p in listed if p.name in known and p.default is p.empty]
        given = {*positional[: len(args)], *kwargs}
        lacking = [name for name in required if name not in given]
        if not lacking:
            return ""
        hints = [f"{name}, {needs[name]}" if name in needs else name for name in lacking]
        return f"{who} needs {'; and '.join(hints)}"

    @wraps(f)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return f(*args, **kwargs)
        except TypeError as error:
            trace = error.__traceback__
            is_inside = trace is None or trace.tb_next is not None
            if is_inside and not kwargs.keys() - {p.name for p in parameters(f)}:
                raise
            raise TypeError(wrong(args, kwargs) or str(error)) from None

    return guarded


def with_options_of(other: Callable[..., object]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function that hands its `**options` on to another one show what these may be.

    A call that it cannot take is answered as by `answered`.

    Example:
        >>> def picture(x, *, width=3, color="red"): ...
        >>> @with_options_of(picture)
        ... def draw(x, *, format="svg", **options): ...
        >>> import inspect
        >>> print(inspect.signature(draw))
        (x, *, format='svg', width=3, color='red')
    """

    def decorate(f: Callable[P, R]) -> Callable[P, R]:
        from inspect import signature

        own = {p.name: p for p in parameters(f) if p.kind != p.VAR_KEYWORD}
        every = [*own.values(), *[p for p in parameters(other) if p.name not in own]]
        vars(f)["__signature__"] = signature(f).replace(parameters=every)
        return answered(f)

    return decorate


def parameters(f: Callable[..., object]) -> list[Parameter]:
    """Return the parameters of a function; none if it is written in C and does not tell."""
    import inspect

    try:
        return [*inspect.signature(f).parameters.values()]
    except (TypeError, ValueError):
        return []


def argument_names(
    f: Callable[..., object], number: int, spare: Iterable[str] | None = None
) -> list[str]:
    """Return the names of a function's first arguments.

    Those that it does not name are called by `spare`, or by its `*xs` and a number.

    Example:
        >>> argument_names(lambda a, *xs: a, 3), argument_names(lambda *xs: 0, 2, "ab")
        (['a', 'xs0', 'xs1'], ['a', 'b'])
    """
    known = parameters(f)
    named = [p.name for p in known if p.kind < p.VAR_POSITIONAL][:number]
    if spare is None:
        star = next((p.name for p in known if p.kind is p.VAR_POSITIONAL), "x")
        spare = (f"{star}{i}" for i in count())
    return [*named, *islice((name for name in spare if name not in named), number - len(named))]


def required_arguments(f: Callable[..., object]) -> list[str]:
    """Return the names of the positional arguments that have no default.

    Example:
        >>> required_arguments(lambda x, y, z=0, *, w=1: x)
        ['x', 'y']
    """
    return [p.name for p in parameters(f) if p.kind < p.VAR_POSITIONAL and p.default is p.empty]


def argument_text(x: object) -> str:
    """Return a short text for an argument: a function's name, a number, a type.

    Example:
        >>> argument_text(len), argument_text(2.0), argument_text([0.0] * 99)
        ('len', '2.0', '<list>')
    """
    text = getattr(x, "__name__", None) or repr(x)
    return text if len(text) <= 30 and "\n" not in text else f"<{type(x).__name__}>"

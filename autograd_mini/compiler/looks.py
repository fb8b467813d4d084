"""Looks: whether names and lists give the very things that they gave when they were noted.

A program looks at its surroundings before every call. After the first few, the look is a text that
is written for them, as in `return x1[x2] is x3 and x4.cell_contents is x5`: a name costs a third of
what it costs in a loop over functions that read one each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from operator import getitem, is_
from typing import Any, Final, TypeAlias

Named: TypeAlias = "tuple[str, Callable[[], Any], Any]"  # a name, what reads it, what stood there
Noted: TypeAlias = "tuple[str, Any, Any]"  # the name of a list or the like, it, its contents
ROOM: Final = 200  # entries of lists that a text names one by one


def look_of(
    names: Iterable[Named], lists: Iterable[Noted], others: Iterable[Callable[[], bool]]
) -> Callable[[], bool]:
    """Return a function that looks at all of them; False where anything raises.

    Args:
        names: Where the very same stands.
        lists: Which hold the very same.
        others: Which return True.
    """
    space: dict[str, Any] = {"is_": is_}

    def of(x: Any) -> str:
        space[name := f"x{id(x)}"] = x
        return name

    looks = [f"{_text(read, of)} is {of(x)}" for _, read, x in names]
    rows: list[str] = []
    left = ROOM
    for _, x, before in lists:
        if left < len(before):
            looks.append(f"len({of(x)}) == {len(before)}")
            looks.append(f"all(map(is_, {of(x)}, {of(before)}))")
            continue
        left -= len(before)
        entries = {f"y{left + k}": entry for k, entry in enumerate(before)}
        rows.append(f"  [{', '.join(entries)}] = {of(x)}")
        looks += [f"{y} is {of(entry)}" for y, entry in entries.items()]
    looks += [f"{of(look)}()" for look in others]
    if not looks:
        return lambda: True
    result = f"  return {' and '.join(dict.fromkeys(looks))}"
    lines = ["def look():", " try:", *rows, result, " except Exception:", "  return False"]
    exec("\n".join(lines), space)
    return space.pop("look")


def _text(read: Callable[[], Any], of: Callable[[Any], str]) -> str:
    """Return an expression for what a call of `read` gives."""
    if isinstance(read, partial):
        if read.func is getitem:
            return f"{of(read.args[0])}[{of(read.args[1])}]"
        if read.func is getattr:
            return f"{of(read.args[0])}.{read.args[1]}"
    return f"{of(read)}()"

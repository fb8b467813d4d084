"""What the commands are called, and how their arguments are read.

A command is a method with `@command`; its docstring is the second half of what `help` tells.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeVar

Method = TypeVar("Method", bound=Callable[..., Any])


class Command(NamedTuple):
    """A command.

    Attributes:
        method: What `do_` is put before.
        names: The short one, the full one, the others.
        usage: Its arguments.
        does: In a few words.
    """

    method: str
    names: tuple[str, ...]
    usage: str
    does: str


GROUPS: Final[dict[str, list[Command]]] = {  # by class, in the order of `help`
    group: [] for group in ("Moving", "Stopping", "Looking", "Debugger")
}
COMMANDS: Final[dict[str, Command]] = {}


def command(names: str, usage: str, does: str) -> Callable[[Method], Method]:
    """Make a command of a method `do_step`; `help step` goes on with its docstring."""

    def register(method: Method) -> Method:
        group, _, name = method.__qualname__.partition(".do_")
        made = Command(name, tuple(names.split()), usage, does)
        GROUPS[group].append(made)
        COMMANDS.update(dict.fromkeys(made.names, made))
        return method

    return register


_QUOTED: Final = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\"""")


class Complaint(Exception):
    """What a command answers when it cannot do what it was asked to do."""


def count(argument: str) -> int:
    """Return how many times a command is to be done; by default once."""
    if not argument:
        return 1
    if not argument.isdigit() or int(argument) < 1:
        raise Complaint(f"how many times? A whole number such as 10, but got {argument!r}")
    return int(argument)


def split_condition(text: str) -> tuple[str, str]:
    """Split *where*, *condition* at the first comma outside brackets and quotes."""
    depth = 0
    plain = _QUOTED.sub(lambda quoted: " " * len(quoted[0]), text)
    for i, character in enumerate(plain):
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            return text[:i].strip(), text[i + 1 :].strip()
    return text.strip(), ""


def parseable(expression: str) -> str:
    """Return an expression, or raise its SyntaxError now rather than at a stop."""
    if expression:
        compile(expression, "<expression>", "eval")
    return expression


def unquoted(text: str) -> str:
    """Return the name in a quoted text, as `'a, b'` for a label with a comma; or the text."""
    return ast.literal_eval(text) if _QUOTED.fullmatch(text) else text

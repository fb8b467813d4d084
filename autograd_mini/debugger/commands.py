"""What the commands are called, and how their arguments are read.

What a command does is `do_` and its method's name in `prompt`; that method's docstring is the
second half of what `help` tells.
"""

from __future__ import annotations

import ast
import re
from typing import Final, NamedTuple


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


GROUPS: Final = {
    "Moving": (
        Command("step", ("s", "step"), "[n]", "go on by one edge, or n"),
        Command("next", ("n", "next"), "[n]", "go on by all edges of a node"),
        Command("reverse_step", ("rs", "reverse-step", "back"), "[n]", "take back one edge, or n"),
        Command("reverse_next", ("rn", "reverse-next"), "[n]", "take back all edges of a node"),
        Command("continue", ("c", "continue", "cont"), "[n]", "go on to the next stop"),
        Command("reverse_continue", ("rc", "reverse-continue"), "[n]", "go back to the last stop"),
        Command("until", ("unt", "until"), "i", "go to the moment with i steps done"),
        Command("return", ("r", "return", "finish"), "", "go on to the end of the pass"),
        Command("restart", ("restart", "run"), "", "go back to the start of the pass"),
    ),
    "Stops": (
        Command("break", ("b", "break"), "[where[, condition]]", "stop there; alone: list"),
        Command("tbreak", ("tbreak",), "where[, condition]", "stop there once"),
        Command("watch", ("watch",), "name", "stop when the gradient of a node changes"),
        Command("condition", ("condition",), "number [expr]", "stop there only if expr is true"),
        Command("ignore", ("ignore",), "number count", "skip its next count hits"),
        Command("disable", ("disable",), "[number...]", "switch stops off"),
        Command("enable", ("enable",), "[number...]", "switch stops on again"),
        Command("clear", ("cl", "clear", "delete"), "[number...]", "delete some stops, or all"),
    ),
    "Looking": (
        Command("p", ("p", "print"), "expr", "print the value of a Python expression"),
        Command("pp", ("pp",), "expr", "the same, pretty-printed"),
        Command("display", ("display",), "[expr]", "print it at each stop where it has changed"),
        Command("undisplay", ("undisplay",), "[expr]", "stop displaying it"),
        Command("where", ("w", "where", "bt", "backtrace"), "", "the path from the root to here"),
        Command("up", ("u", "up"), "[n]", "move along that path, towards the root"),
        Command("down", ("d", "down"), "[n]", "move along that path, away from the root"),
        Command("args", ("a", "args"), "", "the operands of the node, with their derivatives"),
        Command("list", ("l", "list"), "[i]", "the steps around here, or around i"),
        Command(
            "source",
            ("ll", "source", "longlist"),
            "",
            "the line of your program that made the node",
        ),
        Command("info", ("info", "i"), "grads | break", "a table of gradients or of stops"),
        Command("tree", ("tree",), "", "the graph as text, as of this moment"),
        Command("graph", ("graph",), "[path]", "the graph as a drawing, as of this moment"),
        Command("why", ("why",), "[name]", "where a gradient comes from, factor by factor"),
        Command("check", ("check",), "", "the node's rule against a numeric derivative"),
    ),
    "Other": (
        Command("interact", ("interact",), "", "a Python prompt with the names of this moment"),
        Command("help", ("h", "help", "?"), "[command]", "this list, or more about a command"),
        Command("quit", ("q", "quit", "exit", "EOF"), "", "leave; a script ends with status 0"),
    ),
}
COMMANDS: Final = {
    name: command for group in GROUPS.values() for command in group for name in command.names
}


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


def split(text: str) -> tuple[str, str]:
    """Split *where*, *condition* at the first comma outside brackets and quotes."""
    depth = 0
    plain = _QUOTED.sub(lambda quoted: " " * len(quoted[0]), text)
    for i, character in enumerate(plain):
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            return text[:i].strip(), text[i + 1 :].strip()
    return text.strip(), ""


def checked(expression: str) -> str:
    """Return an expression, or raise its SyntaxError now rather than at a stop."""
    if expression:
        compile(expression, "<expression>", "eval")
    return expression


def unquoted(text: str) -> str:
    """Return the name in a quoted text, as `'a, b'` for a label with a comma; or the text."""
    return ast.literal_eval(text) if _QUOTED.fullmatch(text) else text

"""Command lines: options by their beginnings, guesses for wrong ones, help that wraps."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from autograd_mini.cli.screen import refuse, say, wrapped
from autograd_mini.guesses import did_you_mean

__all__ = ["Parser", "chosen", "say_commands"]  # to nn


class Parser(argparse.ArgumentParser):
    """The options of one command: an unknown one is answered with what was probably meant."""

    def __init__(self, prog: str, *, usage: str | None = None, **options: Any) -> None:
        from autograd_mini import __version__

        if usage is not None:
            usage = wrapped(f"usage: {usage % {'prog': prog}}", indent=9)[len("usage: ") :]
        super().__init__(prog, usage, **options)
        version = f"autograd_mini {__version__}"
        does = "print the version and exit"
        self.add_argument("-V", "--version", action="version", version=version, help=does)

    def read(self, arguments: Sequence[str]) -> argparse.Namespace:
        """Return what a command line asks for; end with status 2 if that is not known."""
        asked, unknown = self.parse_known_args(arguments)
        if unknown:
            self.error(self.unknown(unknown))
        return asked

    def full(self, word: str) -> str:
        """Return the option that a word alone begins; any other word as it is."""
        known = self._option_string_actions
        begun = [option for option in known if option.startswith(word)]
        return begun[0] if word[:2] == "--" != word and len(begun) == 1 else word

    def unknown(self, words: Sequence[str]) -> str:
        """Return what to say about words that are neither options nor their arguments."""
        word = next((word for word in words if word.startswith("-")), words[0])
        if not word.startswith("-"):
            return f"there is one argument too many: {word!r}"
        option = word.partition("=")[0]
        known = self._option_string_actions
        near = [name for name in known if name.startswith(option)] if option[:2] == "--" else []
        meant = f": did you mean {near[0]}?" if near else did_you_mean(option, known)
        return f"there is no option {option!r}{meant}"

    def error(self, message: str) -> NoReturn:
        """Print what is wrong, in one line without the usage, and end with status 2."""
        self.exit(refuse(f"{self.prog}: {message} (--help lists the options)"))


def chosen(
    arguments: Sequence[str],
    commands: Mapping[str, str],
    *,
    prog: str,
    help: Callable[[], None],
    noun: str = "command",
) -> str | int:
    """Return the command that a line begins with, or the status of a line that needs none."""
    name = arguments[0]
    if name in commands:
        return name
    if not name.startswith("-"):
        advice = did_you_mean(name.lower(), commands) or f": there are {', '.join(commands)}"
        return refuse(f"no {noun} is called {name!r}{advice}")
    parser = Parser(prog)
    if parser.full(name) in ("-h", "--help"):
        help()
        return 0
    parser.read([name])
    return 0


def say_commands(commands: Mapping[str, str], before: str = "") -> None:
    """Print what each command does, in two columns."""
    width = max(map(len, commands), default=0) + 2
    for name, does in commands.items():
        say(wrapped(f"{before}{name:{width}}{does}", indent=len(before) + width))

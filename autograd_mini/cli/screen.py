"""What commands print on: any console, a reader who leaves early, or nothing at all."""

from __future__ import annotations

import errno
import os
import sys
import unicodedata
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from typing import TextIO

__all__ = ["refuse", "say", "until_enough_is_read", "wrapped"]


@contextmanager
def until_enough_is_read() -> Generator[None]:
    """Let a reader leave early, as `head` does, and Ctrl-C end a command, without a traceback."""
    with ExitStack() as stack:
        for name in ("stdout", "stderr"):
            if not getattr(sys, name):  # pythonw has none, nor has `command >&-`
                nobody = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))
                setattr(sys, name, nobody)
                stack.callback(setattr, sys, name, None)
        try:
            yield
        except BrokenPipeError:
            _drop_what_is_left()
        except KeyboardInterrupt:
            say("stopped by Ctrl-C", sys.stderr)
            raise SystemExit(130) from None
        finally:  # an exit with a status comes by here, too
            try:
                sys.stdout.flush()
            except BrokenPipeError:
                _drop_what_is_left()


def _drop_what_is_left() -> None:
    """Send standard output nowhere, with whatever Python still buffers for it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say(text: str, file: TextIO | None = None) -> None:
    """Print a line, to standard output by default, in characters that the console has."""
    file = file or sys.stdout
    encoding = getattr(file, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = "".join([_spelled(character, encoding) for character in text])
    print(text, file=file)


def refuse(why: str | Exception, before: str = "") -> int:
    """Print on standard error why a command cannot be carried out, and return the status, 2."""
    if isinstance(why, BrokenPipeError):
        raise why
    if isinstance(why, OSError) and why.filename is not None:
        missing = why.strerror == os.strerror(errno.ENOENT)
        reason = "there is no such file" if missing else why.strerror
        why = f"{reason}: {os.fspath(why.filename)!r}"
    say(f"{before}{why}", sys.stderr)
    return 2


def _spelled(character: str, encoding: str) -> str:
    """Return a character as it is, or its closest ASCII form, or its Python escape."""
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        likeness = unicodedata.normalize("NFKD", character).encode("ascii", "ignore")
        return (likeness or character.encode("ascii", "backslashreplace")).decode()
    return character


def wrapped(text: str, indent: int = 0) -> str:
    """Return lines broken to the width of the terminal; a continuation is indented."""
    import shutil
    import textwrap

    width = max(shutil.get_terminal_size().columns - 1, indent + 20)
    return "\n".join(
        textwrap.fill(line, width, subsequent_indent=" " * indent, break_on_hyphens=False)
        for line in text.splitlines()
    )

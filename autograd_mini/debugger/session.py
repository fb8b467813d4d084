"""Session: what all commands share: the moment, the names of its expressions, what is shown."""

from __future__ import annotations

import cmd
import contextlib
import io
import os
import sys
import traceback
from collections.abc import Iterable
from types import CodeType, FrameType
from typing import TextIO

from autograd_mini.debugger import views
from autograd_mini.debugger.moment import Moment
from autograd_mini.debugger.stops import Stop
from autograd_mini.debugger.views import Style
from autograd_mini.steps import Step
from autograd_mini.value import Value


class Session(cmd.Cmd):
    """A conversation about backward passes; the commands are in the subclasses.

    Args:
        stdin: Where commands come from; the terminal by default.
        stdout: Where answers go; the terminal by default.
        commands: What to do before the first prompt.
        follows: Whether another backward() may come after this one.
    """

    moment: Moment

    def __init__(
        self,
        stdin: TextIO | None = None,
        stdout: TextIO | None = None,
        commands: Iterable[str] = (),
        *,
        follows: bool = False,
    ) -> None:
        if stdin is None and _is_gone(sys.stdin):
            stdin = io.StringIO()  # the end of input
        if stdout is None and _is_gone(sys.stdout):
            stdout = io.StringIO()  # which nobody reads
        # input() also serves notebooks, which have no stdin to read from.
        self.use_rawinput = stdin is None
        super().__init__(stdin=stdin, stdout=stdout)
        self.interactive = (
            self.stdin is sys.__stdin__
            and self.stdout is sys.__stdout__
            and self.stdin.isatty()
            and self.stdout.isatty()
        )
        if not self.interactive:
            self.completekey = ""  # no readline
        plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        self.style = Style(
            colored=self.stdout.isatty() and not plain, fits_terminal=self.interactive
        )
        self.follows = follows
        self.passes = 0
        self.stops: dict[int, Stop] = {}
        self._made = 0  # stops so far: a number is not used twice
        self._queue = list(commands)
        self._skip: int | None = 0  # backward() calls to pass by; None: stop at the start of none
        self._displays: dict[str, str] = {}
        self._frame: FrameType | None = None
        self._names: dict[str, object] = {}
        self._path: list[Value] = []
        self._selected: int = 0
        self._listed = -1  # the last step that `list` showed
        self._delimiters = ""

    # What is said.

    def say(self, text: str = "") -> None:
        """Print a line; characters that the stream does not know are escaped."""
        encoding = getattr(self.stdout, "encoding", None) or "utf-8"
        self.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")

    def _say_all(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.say(line)

    # Python.

    def _namespace(self) -> dict[str, object]:
        """Return the caller's names, over them ids and labels, over them `step`, `node`, ..."""
        moment, names = self.moment, self._names
        trace = moment.trace
        if not names:
            names.update(exit=sys.exit, quit=sys.exit)  # those of `site` would close stdin
            if self._frame is not None:
                names.update(self._frame.f_globals)
                names.update(self._frame.f_locals)
            names.update({f"n{i}": node for i, node in enumerate(trace.nodes)})
            names.update({node.label: node for node in trace.nodes if node.label.isidentifier()})
            names.update(root=trace.root, trace=trace)
        event = moment.event
        names.update(
            step=event,
            node=self._path[self._selected] if self._path else moment.node,
            parent=event.parent if isinstance(event, Step) else None,
        )
        return names

    def _value_of(self, expression: str | CodeType) -> object:
        return eval(expression, self._namespace())

    def _execute(self, statement: CodeType) -> None:
        """Run a statement among the names of this moment; the value of an expression is shown.

        What it assigns lasts for this pass; at the top level of a script it is the script's.
        """
        names = self._namespace()
        before, displayhook = dict(names), sys.displayhook
        sys.displayhook = self._show_value
        try:
            with contextlib.redirect_stdout(self.stdout):
                exec(statement, names)
        finally:
            sys.displayhook = displayhook
            frame = self._frame
            if frame is not None and frame.f_locals is frame.f_globals:
                new = {name for name in names if names[name] is not before.get(name, before)}
                frame.f_globals.update({name: names[name] for name in new})

    def _show_value(self, value: object) -> None:
        if value is not None:
            self.say(repr(value))

    # The path from the root.

    def _where(self) -> list[Value]:
        """Return the root, a shortest way to the node of this moment, and its input."""
        if not self._path:
            moment = self.moment
            self._path = moment.path()
            self._selected = len(self._path) - 1
            if isinstance(moment.event, Step):
                self._path.append(moment.event.parent)
        return self._path

    def _chosen(self) -> Value:
        return self._where()[self._selected]

    # Moments.

    def _show(self) -> None:
        """Show what was done last, the line of the program that it belongs to, and displays."""
        moment = self.moment
        self.say(self._line(moment.position))
        if moment.event is not None:
            self._say_source(moment.node.source)
        elif moment.position == moment.start and self._frame is not None:
            self._say_source(f"{self._frame.f_code.co_filename}:{self._frame.f_lineno}")
        if moment.position == moment.end and moment.end:
            self.say(self.style("the pass is done", "dim"))
        for expression in self._displays:
            self._display(expression)

    def _line(self, position: int) -> str:
        return views.line(self.moment, position, self.style)

    def _say_source(self, source: str | None) -> None:
        if source is not None:
            self.say(views.source_line(source, self.style))

    def _display(self, expression: str) -> None:
        try:
            value = repr(self._value_of(expression))
        except Exception as error:
            value = f"*** {error_line(error)}"
        old = self._displays[expression]
        if value != old:
            self.say(f"display {expression}: {value}" + (f"  [old: {old}]" if old else ""))
            self._displays[expression] = value


def _is_gone(stream: TextIO | None) -> bool:
    """Return whether a standard stream was closed, as `command <&-` does."""
    return stream is None or stream.closed


def error_line(error: BaseException) -> str:
    """Return an error in one line."""
    return "".join(traceback.format_exception_only(error)).strip().splitlines()[-1]

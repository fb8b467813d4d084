"""Somebody else's program, run in a process of its own: it may loop, crash, print or exit."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import signal
import sys
import warnings
from collections.abc import Callable
from multiprocessing import Pipe
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

_LOADING: Final = 10.0  # seconds of computing that an import may take
_REUSED: Final = 150  # programs per process: what they leave behind does not pile up


class NoAnswerError(Exception):
    """The program did not end, or ended its process. The text says which."""


class Isolated:
    """A function that answers in a child process, which is replaced when it is lost.

    Where processes cannot fork, it answers in this one, without a limit.

    Args:
        load: Makes the function; called in the child, so that an import happens there.
        seconds: How long an answer may compute.

    Example:
        >>> with Isolated(lambda: lambda x: x + 1) as ask:
        ...     ask(2)
        3
    """

    def __init__(self, load: Callable[[], Callable[[Any], Any]], *, seconds: float = 0.5) -> None:
        self._load = load
        self._seconds = seconds
        self._child = 0
        self._connection: Connection | None = None
        self._asked = 0
        self._here: Callable[[Any], Any] | None = None

    def __enter__(self) -> Isolated:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __call__(self, question: Any) -> Any:
        """Return the answer.

        Raises:
            NoAnswerError: If there is none.
        """
        if not hasattr(os, "fork") or sys.platform in ("emscripten", "wasi"):
            self._here = self._here or self._load()
            said = io.StringIO()
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                return self._here(question)
        if self._asked >= _REUSED:
            self.close()
        connection = self._connection = self._connection or self._start()
        self._asked += 1
        try:
            connection.send(question)
            if not connection.poll(10.0 * self._seconds + _LOADING):
                self.close()
                raise NoAnswerError("does not end: it waits for something")
            fine, answer = connection.recv()
        except (EOFError, OSError):
            raise NoAnswerError(self._post_mortem(self._end(connection))) from None
        if not fine:
            raise answer
        return answer

    def close(self) -> None:
        """End the process; the next question starts another."""
        if self._connection is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._child, signal.SIGKILL)
            self._end(self._connection)

    def _end(self, connection: Connection) -> int:
        """Forget the process, and return the status with which it ended."""
        connection.close()
        self._connection, self._asked = None, 0
        return os.waitpid(self._child, 0)[1]

    def _post_mortem(self, status: int) -> str:
        killed = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        if killed == signal.SIGPROF:
            return f"does not end: stopped after {self._seconds:g} s of computing"
        return "crashes the interpreter" if killed else "ends the process"

    def _start(self) -> Connection:
        ours, theirs = Pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the child runs nothing but the program
            self._child = os.fork()
        if self._child == 0:
            try:
                ours.close()
                self._serve(theirs)
            finally:
                os._exit(0)
        theirs.close()
        return ours

    def _serve(self, connection: Connection) -> None:
        """Answer questions until there are none left: the child's whole life."""
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        sys.stdin, sys.stdout = open(os.devnull), open(os.devnull, "w")  # noqa: SIM115 # as long as the child
        sys.stderr = sys.stdout
        sys.settrace(None)
        gc.freeze()
        warnings.simplefilter("ignore")
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        answer: Callable[[Any], Any] | None = None
        while True:
            question = connection.recv()
            try:
                if answer is None:
                    signal.setitimer(signal.ITIMER_PROF, _LOADING)
                    answer = self._load()
                signal.setitimer(signal.ITIMER_PROF, self._seconds)
                reply = True, answer(question)
            except ValueError as error:
                reply = False, error
            signal.setitimer(signal.ITIMER_PROF, 0.0)
            connection.send(reply)

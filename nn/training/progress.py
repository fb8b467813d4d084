"""A training run at a terminal: its progress bar, and Ctrl-C that lets an update finish."""

from __future__ import annotations

import signal
import sys
import threading
from typing import Any


class CtrlC:
    """A block in which Ctrl-C waits for the update under way; pressed twice, it does not."""

    def __enter__(self) -> CtrlC:
        self.pressed = False
        self._before: Any = None
        if (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        ):
            self._before = signal.signal(signal.SIGINT, self._on_signal)
        return self

    def __exit__(self, *exception: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _on_signal(self, number: int, frame: Any) -> None:
        if self.pressed:
            raise KeyboardInterrupt
        self.pressed = True


def progress_bar(progress: bool | None, epochs: int, done: int, updates: int) -> Any:
    """Return a progress bar over all updates; None where there is nobody to see it."""
    screen: Any = sys.stderr
    if screen is None or screen.closed:  # pythonw, a service
        return None
    if progress is None:
        progress = screen.isatty() or "ipykernel" in sys.modules
    if not progress:
        return None
    from tqdm import tqdm

    return tqdm(total=epochs * updates, initial=done * updates, unit="step", leave=True)

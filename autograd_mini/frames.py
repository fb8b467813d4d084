"""Who is calling, and does a debugger watch."""

from __future__ import annotations

import os
import sys
from types import FrameType
from typing import Any, Final

from autograd_mini.contexts import anomaly_detected, source_recorded, state

__all__ = ["calling_frame", "calling_line", "is_watched"]

_HERE: Final = os.path.dirname(os.path.abspath(__file__)) + os.sep
_OURS: Final = (_HERE, os.path.join(os.path.dirname(os.path.dirname(_HERE)), "nn") + os.sep)


def calling_frame() -> FrameType:
    """Return the frame of the innermost caller outside of this project's packages."""
    frame = sys._getframe(1)  # pyright: ignore[reportPrivateUsage] # the one cheap way to a caller
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_OURS):
        frame = frame.f_back
    return frame


def calling_line() -> str:
    """Return `file:line` of the innermost caller outside of this project's packages."""
    frame = calling_frame()
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def is_watched() -> bool:
    """Say whether somebody looks at single nodes, so that running them as arrays would hide them.

    That is inside `record_source()` and `detect_anomaly()`, while a debugger of this project
    waits for `backward()`, and under pdb and its like; a coverage tool does not count.

    Example:
        >>> from autograd_mini import record_source
        >>> with record_source():
        ...     is_watched()
        True
    """
    if state.on_backward is not None or source_recorded.get() or anomaly_detected.get():
        return True
    monitoring: Any = getattr(sys, "monitoring", None)  # since Python 3.12
    if monitoring is not None and monitoring.get_tool(monitoring.DEBUGGER_ID) is not None:
        return True
    tracing: Any = sys.gettrace()
    owner = type(getattr(tracing, "__self__", tracing)).__module__
    return tracing is not None and not owner.startswith("coverage")

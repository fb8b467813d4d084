"""Running a user's script with a visitor at each backward(): `debug` and `draw` on the shell."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from types import ModuleType

from autograd_mini import contexts
from autograd_mini.value import Value

__all__ = ["run"]


def run(script: str, arguments: Sequence[str], visit: Callable[[Value, float], None]) -> int:
    """Run a script as `__main__`, call `visit` at each backward(), and return the status.

    Args:
        script: The path of a Python file.
        arguments: Its own arguments, `sys.argv[1:]`.
        visit: Called with the root and the seed before each pass; to end the run it raises
            SystemExit.
    """
    try:
        with open(script, "rb") as file:
            source = file.read()
    except OSError as error:
        print(f"cannot run {script}: {error.strerror}", file=sys.stderr)
        return 2
    path = os.path.abspath(script)
    module = ModuleType("__main__")
    module.__dict__.update(__file__=script, __builtins__=__builtins__, __cached__=None)
    before = sys.argv, sys.path[0], sys.modules["__main__"]
    sys.argv = [script, *arguments]
    sys.path[0] = os.path.dirname(os.path.realpath(path))
    sys.modules["__main__"] = module
    contexts.state.on_backward = visit
    try:
        with contexts.record_source():
            exec(compile(source, path, "exec", dont_inherit=True), module.__dict__)
    except SystemExit:
        raise
    except BaseException as error:
        # What Python itself would show, without the frames of this file.
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
            trace = trace.tb_next
        sys.stdout.flush()
        sys.excepthook(type(error), error.with_traceback(trace), trace)
        return 130 if isinstance(error, KeyboardInterrupt) else 1
    finally:
        contexts.state.on_backward = None
        sys.argv, sys.path[0], sys.modules["__main__"] = before
    return 0

"""What the commands on the shell share: running a user's script, finding a name in a module."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from autograd_mini import contexts
from autograd_mini.cli.screen import refuse
from autograd_mini.guesses import did_you_mean
from autograd_mini.value import Value


def run_script(script: str, arguments: Sequence[str], visit: Callable[[Value, float], None]) -> int:
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
        return refuse(error)
    if os.path.splitext(script)[1].lower() not in ("", ".py", ".pyw"):
        return refuse(f"a script is a Python file, such as script.py, but got {script!r}")
    path = os.path.abspath(script)
    module = ModuleType("__main__")
    module.__dict__.update(__file__=path, __builtins__=__builtins__, __cached__=None)
    before = sys.argv, sys.path[0], sys.modules["__main__"]
    sys.argv = [script, *arguments]
    if not sys.flags.safe_path:  # with -P no directory stands there
        sys.path[0] = os.path.dirname(os.path.realpath(path))
    sys.modules["__main__"] = module
    contexts.state.on_backward = visit
    try:
        with contexts.record_source():
            exec(compile(source, path, "exec", dont_inherit=True), module.__dict__)
    except SystemExit:
        raise
    except BaseException as error:
        if isinstance(error, BrokenPipeError):
            print(flush=True)  # raises again if it was the reader of this who left
        # What Python itself would show, without the frames of this file.
        frames = error.__traceback__
        while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
            frames = frames.tb_next
        sys.stdout.flush()
        sys.excepthook(type(error), error.with_traceback(frames), frames)
        return 130 if isinstance(error, KeyboardInterrupt) else 1
    finally:
        contexts.state.on_backward = None
        sys.argv, sys.path[0], sys.modules["__main__"] = before
    return 0


def resolve_name(target: str) -> Any:
    """Return what `module:name` or `path/to/file.py:name` names.

    Raises:
        ValueError: If it is not there, or the module cannot be loaded.
    """
    module_name, _, name = target.rpartition(":")
    if not (module_name and name):
        raise ValueError(f"what is to be checked is given as MODULE:NAME, but got {target!r}")
    module = _file(module_name) if module_name.endswith(".py") else _module(module_name)
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            known = vars(module).items()
            public = [n for n, x in known if n[0] != "_" and not isinstance(x, ModuleType)]
            advice = did_you_mean(part, public) or f": it has {', '.join(public)}"
            raise ValueError(f"{module_name} has no {name!r}{advice}")
        found = getattr(found, part)
    return found


def _file(name: str) -> ModuleType:
    """Return the module that a Python file holds."""
    import importlib.util
    from pathlib import Path

    path = Path(name)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if not path.is_file() or spec is None:
        raise ValueError(f"there is no file {name!r}")
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)
    sys.path.insert(0, str(path.parent.resolve()))
    try:
        # No bytecode kept from a text of the same size and second, as a corrected one may be.
        exec(compile(path.read_bytes(), path, "exec", dont_inherit=True), module.__dict__)
    except Exception as error:
        raise _not_loaded(name, error) from None
    return module


def _module(name: str) -> ModuleType:
    """Return the module of a name, which may lie in the current directory."""
    import importlib

    sys.path.insert(0, os.getcwd())
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise ValueError(f"there is no module {error.name!r} here: {name!r}") from None
    except Exception as error:
        raise _not_loaded(name, error) from None


def _not_loaded(name: str, error: Exception) -> ValueError:
    """Return what went wrong in a module, and on which line."""
    import traceback

    where = traceback.extract_tb(error.__traceback__)[-1]
    place = "" if isinstance(error, SyntaxError) else f" ({where.filename}:{where.lineno})"
    return ValueError(f"{name} cannot be loaded: {type(error).__name__}: {error}{place}")

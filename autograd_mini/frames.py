"""Who is calling, and whether a debugger is watching."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any, Final

from autograd_mini.contexts import anomaly_detected, grad_enabled, source_recorded, state
from autograd_mini.errors import DetachedWarning, detached_message

if TYPE_CHECKING:
    from autograd_mini.value import Value

_HERE: Final = os.path.dirname(os.path.abspath(__file__)) + os.sep
_sys: Final = vars(sys)  # looking for an attribute that is not there takes long
get_frame: Final[Callable[[int], FrameType]] = _sys["_getframe"]  # the one cheap way to a caller
_OURS: Final = (_HERE, os.path.join(os.path.dirname(os.path.dirname(_HERE)), "nn") + os.sep)
_LIBRARY: Final = os.path.dirname(os.__file__) + os.sep


def is_ours(file: str) -> bool:
    """Return whether a file belongs to this project's packages."""
    return file.startswith(_OURS)


def is_pythons(file: str) -> bool:
    """Return whether code is of Python's own library, or built in, which has no file."""
    return not file or (file.startswith((_LIBRARY, "<frozen ")) and "site-packages" not in file)


def calling_frame() -> FrameType:
    """Return the frame of the innermost caller outside of this project's packages."""
    frame = get_frame(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_OURS):
        frame = frame.f_back
    return frame


def calling_line() -> str:
    """Return `file:line` of the innermost caller outside of this project's packages."""
    frame = calling_frame()
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def warn(said: str, kind: type[Warning] = UserWarning, frame: FrameType | None = None) -> None:
    """Warn, and name the line of the innermost caller outside of this project's packages."""
    frame = frame or calling_frame()
    file, line, names = frame.f_code.co_filename, frame.f_lineno, frame.f_globals
    registry = names.setdefault("__warningregistry__", {})
    warnings.warn_explicit(said, kind, file, line, names.get("__name__", "<string>"), registry)


def is_watched() -> bool:
    """Return whether somebody looks at single nodes, which compiled code would hide.

    That is inside `record_source()` and `detect_anomaly()`, while a debugger of this project
    waits for `backward()`, and under pdb and its like; a coverage tool does not count.

    Example:
        >>> from autograd_mini import record_source
        >>> with record_source():
        ...     is_watched()
        True
    """
    is_inside = state.open and (source_recorded.get() or anomaly_detected.get())
    if is_inside or state.on_backward is not None:
        return True
    monitoring: Any = _sys.get("monitoring")  # since Python 3.12
    if monitoring is not None and monitoring.get_tool(monitoring.DEBUGGER_ID) is not None:
        return True
    trace_function: Any = sys.gettrace()
    if trace_function is None:
        return False
    owner = type(getattr(trace_function, "__self__", trace_function)).__module__
    return not owner.startswith("coverage")


_MOST_PLACES: Final = 10_000
_MODULES: Final = ("math", "cmath", "numpy")
_LIBRARIES: Final = ("numpy.", "statistics")  # which call them on what they were given
_SILENT: Final = frozenset(  # no slope is lost, or the conversion is what was asked for
    (
        *("float", "isnan", "isinf", "isfinite", "isclose", "allclose", "array_equal"),
        *("floor", "ceil", "trunc", "rint", "round", "sign", "signbit"),
        *("array", "asarray", "asanyarray", "ascontiguousarray", "full", "full_like", "fromiter"),
    )
)
# Where floats were taken of Values: for the address of a code object, what is called at which
# instruction; the code objects are kept alive, so that no other gets the address.
_places: Final[dict[int, dict[int, str]]] = {}
_codes: Final[list[CodeType]] = []
_PRECALL: Final = 166 if sys.version_info < (3, 12) else -1  # calls built-in functions when warm
_CALL_AFTER: Final = 4  # bytes


def note_float(x: Value) -> None:
    """Warn, once for each place, if it is a function of math, cmath or NumPy that asks."""
    frame = get_frame(2)
    place = _places.get(id(frame.f_code))
    if place is None:
        place = _places_in(frame)
    callee = place.get(frame.f_lasti)
    if callee == "":
        return
    if callee is None:
        callee = place[frame.f_lasti] = _callee(frame)
    if callee and grad_enabled.get():
        user = frame
        while user.f_globals.get("__name__", "").startswith(_LIBRARIES) and user.f_back:
            user = user.f_back
        place, at = _places_in(user), _call_at(user)
        is_new = place.get(at) != ""
        place[at] = place[user.f_lasti] = ""
        if is_new:
            warn(detached_message(callee, _labels_below(x)), DetachedWarning, user)


def _call_at(frame: FrameType) -> int:
    """Return the address of the call that a frame is making, the same before and after warm-up."""
    at = frame.f_lasti
    return at + _CALL_AFTER if frame.f_code.co_code[at] == _PRECALL else at


def _places_in(frame: FrameType) -> dict[int, str]:
    place = _places.get(id(frame.f_code))
    if place is None:
        if len(_codes) > _MOST_PLACES:
            _places.clear()
            _codes.clear()
        _codes.append(frame.f_code)
        place = _places[id(frame.f_code)] = {}
    return place


def note_function(f: object, values: list[Value]) -> None:
    """Warn if a function of math, cmath or NumPy was given these Values and returned none."""
    name = _name_of(f)
    if name:
        warn(detached_message(name, [x.label for x in values if x.label][:3]), DetachedWarning)


def _callee(frame: FrameType) -> str:
    """Return the dotted name of the function of math, cmath or NumPy that a frame is calling.

    The instructions that load the function begin where the call begins. Anything else than names
    and attributes there gives the empty text.
    """
    import dis

    while frame.f_globals.get("__name__", "").startswith("numpy.") and frame.f_back:
        frame = frame.f_back  # NumPy's function is called where it ends
    if frame.f_code.co_filename.startswith(_OURS):
        return ""
    instructions = list(dis.get_instructions(frame.f_code))
    position = next((i for i, step in enumerate(instructions) if step.offset == frame.f_lasti), 0)
    call = instructions[position]
    if not call.opname.startswith(("CALL", "PRECALL")) or call.positions is None:
        return ""
    start = call.positions.lineno, call.positions.col_offset
    found: Any = None
    for step in instructions[:position]:
        if step.positions is None or (step.positions.lineno, step.positions.col_offset) != start:
            continue
        if step.opname.startswith(("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FAST", "LOAD_DEREF")):
            spaces = frame.f_locals, frame.f_globals
            found = next((space[step.argval] for space in spaces if step.argval in space), None)
        elif step.opname.startswith(("LOAD_ATTR", "LOAD_METHOD")):
            found = getattr(found, step.argval, None)
        elif step.opname.startswith("CALL"):
            return ""  # what is called was returned by another call
    return _name_of(found)


def _name_of(found: object) -> str:
    """Return the dotted name of a function of math, cmath or NumPy; "" for anything else."""
    name = getattr(found, "__name__", "")
    module = getattr(found, "__module__", None) or type(found).__module__  # a ufunc has none
    package = str(module).partition(".")[0]
    is_function = not isinstance(found, type) and name.isidentifier() and name not in _SILENT
    return f"{package}.{name}" if package in _MODULES and is_function else ""


def _labels_below(x: Value) -> list[str]:
    """Return the labels that a Value, or else the leaves below it, are known by: three at most."""
    from autograd_mini.graph import topological_order

    if x.label:
        return [x.label]
    return [node.label for node in topological_order(x) if node.is_leaf and node.label][:3]

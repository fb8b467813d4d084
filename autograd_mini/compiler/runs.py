"""Runs: call a function on recorded numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from autograd_mini import contexts
from autograd_mini.compiler.calls import Shape, as_leaves, called, eager, results_of
from autograd_mini.compiler.parameters import write_followers
from autograd_mini.compiler.recorded import Recorded, Recorder
from autograd_mini.compiler.slots import data_of, recomputed
from autograd_mini.contexts import Setting
from autograd_mini.errors import TraceError
from autograd_mini.frames import is_ours
from autograd_mini.nested import mapped
from autograd_mini.ops import UNDEFINED
from autograd_mini.value import Value


class Recording(NamedTuple):
    """What a function returned, and how.

    Attributes:
        roots: The results.
        shape: The shape of the result.
        arguments: The Values that stood for each argument's numbers.
        risky: The operations that may raise, as they came.
        cut: Where it takes a derivative at a plain number that depends on parameters, if it does.
    """

    roots: list[Value]
    shape: Shape
    arguments: list[list[Value]]
    risky: list[Value]
    cut: str


def recording_of(
    f: Callable[..., Any],
    example: Sequence[Any],
    *,
    lines: bool = False,
    shown: Callable[[Value], float] = data_of,
) -> Recording:
    """Call a function on recorded numbers.

    Args:
        f: The function.
        example: Its arguments.
        lines: Whether nodes remember the line that made them.
        shown: A function that gives the number of a hidden Value.

    Raises:
        TraceError: If it does with a recorded number what only a plain one can do.
    """
    write_followers()
    leaves: list[list[Value]] = []
    arguments = [as_leaves(x, leaves, Recorded) for x in example]
    recorder = Recorder(lines=lines, shown=shown)
    with (
        Setting(contexts.grad_enabled, True),
        Setting(contexts.anomaly_detected, False),
        Setting(contexts.tracer, recorder),
    ):
        try:
            roots, shape = results_of(f(*arguments))
        except TraceError:
            raise
        except Exception as error:
            # A refusal in other words, unless it is an operation that has no result.
            if recorder.error is not None and not isinstance(error, UNDEFINED):
                raise recorder.error from error
            caught = error
        else:
            if recorder.error is not None:  # the function has caught it
                raise recorder.error
            return Recording(roots, shape, leaves, recorder.risky, recorder.cut)
    try:
        called(f, example)
    except Exception as own:  # so it does not run without being recorded, either
        refused_here = isinstance(own, TypeError) and is_ours(_lines(own)[-1][0])
        is_ours_alone = Recorded.__name__ in str(caught)  # which no user has heard of
        takes_values = refused_here or isinstance(own, AttributeError)  # or an index
        if takes_values and not is_ours_alone and not _is_own(own, caught, f, example):
            raise caught from None
        raise own from None
    raise TraceError(
        "a recorded number does not answer here as a plain number does: "
        f"{type(caught).__name__}: {caught}{_where(caught)}; compute such a thing "
        "outside and pass it in as an argument, or pick an element with take(values, index)"
    ) from caught


def _lines(error: Exception) -> list[tuple[str, int]]:
    """Return the files and lines through which an error came, the innermost last."""
    from traceback import walk_tb

    return [(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__)]


def _where(error: Exception) -> str:
    """Return ` (file:line)`, where the user's code raised."""
    lines = [f" ({name}:{line})" for name, line in _lines(error) if not is_ours(name)]
    return lines[-1] if lines else ""


def _is_own(
    own: Exception, caught: Exception, f: Callable[..., Any], example: Sequence[Any]
) -> bool:
    """Return whether a function raises the same for Values as for numbers, unlike `caught`."""
    try:
        eager(f, example)
    except Exception as error:
        return type(error) is type(own) is not type(caught)
    return False


def recording_elsewhere(
    f: Callable[..., Any],
    example: Sequence[Any],
    computed: list[Value],
    *,
    lines: bool,
) -> Recording:
    """Record with other arguments and parameters; with the same if those give no result."""
    numbers: dict[Value, float] = {}

    def shown(x: Value) -> float:
        own = data_of(x)
        is_leaf = x.is_leaf and not x.is_constant
        return _nearby(own) if is_leaf else numbers.get(x, own)

    try:
        for node in computed:
            numbers[node] = recomputed(node, shown)
        moved = [mapped(_nearby, x) for x in example]
        return recording_of(f, moved, lines=lines, shown=shown)
    except TraceError:
        raise
    except Exception:  # out of a domain, say
        return recording_of(f, example, lines=lines)


def _nearby(x: Any) -> Any:
    """Return a number nearby; a whole number may be an index, and stays."""
    return x if isinstance(x, int) else float(x) * (1.0 - 1e-7) - 1e-9


def eager_or_recorded(
    f: Callable[..., Any], example: Sequence[Any]
) -> tuple[list[Value], list[list[Value]]]:
    """Run `f` on Values, recorded where it takes plain numbers alone; return results and leaves."""
    try:
        return eager(f, example)
    except AttributeError as error:  # `x.real`, say
        try:
            found = recording_of(f, example)
        except TraceError:
            raise error from None
        return found.roots, found.arguments

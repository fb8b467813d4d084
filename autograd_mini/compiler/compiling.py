"""Compiling: a function of one example becomes a program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from autograd_mini.calls import answered
from autograd_mini.compiler.calls import plain
from autograd_mini.compiler.plan import plan
from autograd_mini.compiler.program import Program
from autograd_mini.compiler.record import Graph, record
from autograd_mini.contexts import collector_paused
from autograd_mini.errors import TraceError
from autograd_mini.nested import mapped

STATEMENTS: Final = 20_000  # more array operations than this do not pay


@answered
def compile(
    f: Callable[..., Any], *example: Any, check: bool = True, float32: bool = False
) -> Program:
    """Return a NumPy program that computes `f` over a batch, with gradients.

    `f` takes one example, numbers or nested sequences of numbers, and returns one number, or a
    list of them for inference only. It is run on the example to record its operations. The
    Values that it closes over are the program's parameters; only they and the arguments vary
    later. What `f` adds that depends on parameters alone, such as a penalty, counts once, since
    the result is a mean.

    Args:
        f: A function of Values.
        example: One example, as `f` takes it.
        check: Compare each text, when it first runs, with `f` called on plain numbers, on
            this example and others; it costs at most 23 calls of `f` for each text.
        float32: Compute in single precision: less exact, less memory.

    Raises:
        TraceError: If `f` branches on a traced number, or if a number would be frozen into the
            program: from `.data`, from a random generator.

    Example:
        >>> from autograd_mini import Value, dot, tanh
        >>> w = [Value(0.5), Value(-1.0)]
        >>> program = compile(lambda x, t: (tanh(dot(w, x)) - t) ** 2, [1.0, 2.0], 0.0)
        >>> loss, gradients = program.value_and_grad([[1.0, 2.0], [0.0, 1.0]], [0.0, 1.0])
        >>> round(loss, 6)
        1.961254
    """
    example = tuple([mapped(plain, x) for x in example])
    with collector_paused():
        graph = record(f, example)
    return program_of(f, example, graph, check=check, float32=float32)


def program_of(
    f: Callable[..., Any],
    example: Sequence[Any],
    graph: Graph,
    *,
    check: bool = True,
    float32: bool = False,
) -> Program:
    """Return the program of a function that has been recorded.

    Raises:
        TraceError: If it would be too long.
    """
    with collector_paused():
        found = plan(graph)
    if len(found.groups) > STATEMENTS:
        raise TraceError(
            f"the {len(graph.ops)} operations of this function do not fall into arrays: the "
            f"program would have {len(found.groups)} statements, and {STATEMENTS} is the limit; "
            "run it eagerly"
        )
    return Program(f, example, found, check=check, float32=float32)

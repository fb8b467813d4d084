"""`python -m autograd_mini check module:function --inputs ...`: a check without a test."""

from __future__ import annotations

import contextlib
import json
import math
import sys
from argparse import Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from autograd_mini.calls import required_arguments
from autograd_mini.cli.parser import Parser
from autograd_mini.cli.screen import refuse, say, until_enough_is_read, wrapped
from autograd_mini.cli.scripts import resolve_name
from autograd_mini.nested import flat

if TYPE_CHECKING:
    from autograd_mini.testing.verdicts import EngineReport

USAGE: Final = """\
%(prog)s MODULE:FUNCTION --inputs NUMBER...
       %(prog)s --vjp MODULE:FORWARD,BACKWARD --inputs ...
       %(prog)s --engine MODULE:CLASS"""
OPTIONS: Final = {  # of each question; all take --json
    "function": ("inputs", "order"),
    "vjp": ("inputs", "points"),
    "engine": ("names", "points"),
}


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says and return the exit status."""
    parser = _parser()
    if not arguments:
        parser.print_help()
        return 2
    words, inputs = _without_inputs(parser, arguments)
    asked, unknown = parser.parse_known_args(words)
    kinds = [kind for kind in OPTIONS if getattr(asked, kind) is not None]
    about = " and ".join([getattr(asked, kind) for kind in kinds])
    try:
        if unknown:
            raise ValueError(parser.unknown(unknown))
        if len(kinds) != 1:
            raise ValueError("one MODULE:FUNCTION is needed, or --vjp, or --engine")
        asked.inputs = [_input(text) for text in inputs] or None
        for option in {*sum(OPTIONS.values(), ())} - {*OPTIONS[kinds[0]]}:
            if getattr(asked, option) is not None:
                question = "a function" if kinds[0] == "function" else f"--{kinds[0]}"
                raise ValueError(f"a check of {question} has no option '--{option}'")
        asked.points = _count(asked.points, "--points", float)
        asked.order = _count(asked.order, "--order", int)
        return {"function": _function, "vjp": _vjp, "engine": _engine}[kinds[0]](asked)
    except ValueError as error:
        if asked.json:
            say(json.dumps({"ok": False, "operations": {}, "error": str(error)}))
        return refuse(f"{about or 'this'} cannot be checked: {error}")


def _parser() -> Parser:
    parser = Parser(
        "python -m autograd_mini check",
        usage=USAGE,
        formatter_class=RawDescriptionHelpFormatter,
        description=wrapped(
            "Check the gradient of a function at a point: every input, every operation, every "
            "rule. Or check a backward pass written by hand, or somebody else's scalar class."
        ),
        epilog=wrapped(
            "The status is 0 if all is right, 1 if a gradient is wrong, 2 if the question was."
        ),
    )
    add = parser.add_argument
    add(
        "function",
        metavar="MODULE:FUNCTION",
        nargs="?",
        help="what to check, as in losses:my_loss or path/to/losses.py:my_loss",
    )
    add(
        "--inputs",
        metavar="NUMBER",
        nargs="+",
        help="its arguments: numbers, or lists of numbers such as '[1,2,3]'",
    )
    add("--order", metavar="N", help="2 checks the gradient's gradient too, 3 its own (default: 1)")
    add(
        "--vjp",
        metavar="MODULE:FORWARD,BACKWARD",
        help="check a backward pass, backward(upstream, *inputs) -> gradients, as in "
        "student.py:forward,backward",
    )
    add("--engine", metavar="MODULE:CLASS", help="check a class, as in student.py:Value")
    add(
        "--names",
        metavar="DATA,GRAD,BACKWARD",
        help="what the class calls its parts (default: data,grad,backward)",
    )
    add("--points", metavar="N", help="points to share among what is checked")
    add("--json", action="store_true", help="print the report as JSON")
    return parser


def _without_inputs(parser: Parser, arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return a command line without its inputs, and these: argparse takes -1e-3 for an option.

    A name with a colon is not an input: it ends them.
    """
    words: list[str] = []
    inputs: list[str] = []
    into = words
    for text in arguments:
        if text.startswith("--"):
            option, equals, first = text.partition("=")
            is_inputs = parser.full(option) == "--inputs"
            into = inputs if is_inputs else words
            if is_inputs and not equals:
                continue
            text = first if is_inputs else text
        elif ":" in text:
            into = words
        into.append(text)
    return words, inputs


def _count(text: str | None, option: str, kind: Callable[[str], float]) -> float | None:
    """Return the number given to an option, if it was given."""
    try:
        count = None if text is None else kind(text)
        if count is None or 0 < count < math.inf:
            return count
    except ValueError:
        pass
    needed = "a whole number from 1 on" if kind is int else "a number above 0"
    raise ValueError(f"{option} needs {needed}, but got {text!r}")


def _input(text: str) -> Any:
    with contextlib.suppress(ValueError, TypeError):
        number = _read(text)
        if all(map(math.isfinite, flat(number))):
            return number
    raise ValueError(
        f"an input is a number or a list such as '[1,2,3]', and finite, but got {text!r}"
    )


def _read(text: str) -> Any:
    with contextlib.suppress(ValueError):
        return float(text)
    return json.loads(text)


def _function(asked: Namespace) -> int:
    """Check a function of Values."""
    from autograd_mini.testing.checker import check_gradients
    from autograd_mini.testing.report import GradientMismatchError

    target: str = asked.function
    inputs: list[Any] = asked.inputs or []
    if ":" not in target:
        raise ValueError("one MODULE:FUNCTION is needed, with a colon")
    with contextlib.redirect_stdout(sys.stderr if asked.json else sys.stdout):
        function = resolve_name(target)
    if isinstance(function, type):
        raise ValueError(f"it is a class: write --engine {target}")
    if not callable(function):
        raise ValueError(f"it is not a function but {function!r}")
    if not inputs and (names := required_arguments(function)):
        raise ValueError(f"--inputs is missing: a number or a list for each of {', '.join(names)}")
    found: dict[str, object] = {"ok": True}
    try:
        with contextlib.redirect_stdout(sys.stderr if asked.json else sys.stdout):
            passed = check_gradients(function, *inputs, order=asked.order or 1)
    except GradientMismatchError as error:
        report = f"GradientMismatchError: {error}"
        mistake = {"ok": False, "mistake": error.kind, "program": error.source}
        found = {"ok": False, "operations": {error.op: mistake}}
    except (TypeError, ValueError, ArithmeticError) as error:
        shown = ", ".join(map(repr, inputs))
        reason = f"{type(error).__name__}: {error}"
        raise ValueError(f"{target}({shown}) fails: {reason}") from None
    else:
        report = str(passed)
        right = {"ok": True, "mistake": "", "program": ""}
        found["operations"] = dict.fromkeys(passed.operations, right)
        found |= {"gradients": passed.leaves, "nodes": passed.nodes, "edges": passed.edges}
        found["notes"] = list(passed.notes)
    return _said(json.dumps(found, indent=2) if asked.json else report, 0 if found["ok"] else 1)


def _engine(asked: Namespace) -> int:
    """Check somebody else's class, in a process of its own."""
    from autograd_mini.testing.engines import engine_report
    from autograd_mini.testing.subject import Terms

    names = [name.strip() for name in (asked.names or "data,grad,backward").split(",")]
    if len(names) != 3:
        raise ValueError(f"--names needs three, DATA,GRAD,BACKWARD, but got {asked.names!r}")
    data, grad, backward = names
    report = engine_report(lambda: resolve_name(asked.engine), names=Terms(backward, data, grad))
    return _reported(report, asked)


def _vjp(asked: Namespace) -> int:
    """Check a backward pass that was written by hand."""
    from autograd_mini.testing.backward import isolated_report

    module, _, functions = asked.vjp.rpartition(":")
    names = [name.strip() for name in functions.split(",")]
    if not module or len(names) != 2:
        raise ValueError(f"--vjp needs MODULE:FORWARD,BACKWARD, but got {asked.vjp!r}")
    if not asked.inputs:
        raise ValueError(
            "--inputs is missing: numbers, or lists of numbers such as '[[1,2],[3,4]]'"
        )

    def load() -> tuple[Any, Any, list[Any]]:
        forward, backward = [resolve_name(f"{module}:{name}") for name in names]
        return forward, backward, _as_arrays(forward, asked.inputs)

    return _reported(isolated_report(load), asked)


def _reported(report: EngineReport, asked: Namespace) -> int:
    points = asked.points
    text = json.dumps(report.as_dict(points), indent=2) if asked.json else report.text(points)
    return _said(text, 0 if report.ok else 1)


def _said(report: str, status: int) -> int:
    """Print a report and return the status, even if the reader leaves early."""
    with until_enough_is_read():
        say(report)
    return status


def _as_arrays(forward: Callable[..., object], inputs: list[object]) -> list[object]:
    """Return lists as NumPy arrays if the function works on arrays and not on lists."""
    try:
        forward(*inputs)
    except Exception:
        uses_numpy = True
    else:
        module = sys.modules.get(forward.__module__)
        uses_numpy = any(getattr(x, "__name__", "") == "numpy" for x in vars(module).values())
    if not uses_numpy:
        return inputs
    try:
        import numpy as np
    except ImportError:
        return inputs
    return [np.array(x, dtype=float) if isinstance(x, list) else x for x in inputs]

"""`python -m autograd_mini check module:function --inputs ...`: a check without a test."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Sequence
from typing import Any

from autograd_mini.cli.scripts import named

__all__ = ["main"]

USAGE = """\
usage: python -m autograd_mini check MODULE:FUNCTION [--inputs NUMBER...] [--order N]
       python -m autograd_mini check --engine MODULE:CLASS [--names DATA,GRAD,BACKWARD]
                                     [--points N] [--json]
       python -m autograd_mini check --vjp MODULE:FORWARD,BACKWARD --inputs NUMBER... [--json]

Check the gradient of a function at a point: every input, every operation, every rule.

  MODULE:FUNCTION  what to check, as in losses:my_loss or path/to/losses.py:my_loss
  --inputs         its arguments: numbers, or lists of numbers such as [1,2,3]
  --order N        2 checks the gradient's gradient too (default: 1)
  --engine         check somebody else's scalar class, as in student.py:Value
  --vjp            check a backward pass, backward(upstream, *inputs) -> gradients, as in
                   student.py:forward,backward
  --names          what it calls its parts (default: data,grad,backward)
  --points N       points to share among its operations
  --json           print the report as JSON

The status is 0 if all is right, 1 if a gradient is wrong, 2 if the question was."""


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says and return the exit status."""
    if not arguments or "-h" in arguments or "--help" in arguments:
        print(USAGE)
        return 0 if arguments else 2
    if any(text.partition("=")[0] == "--engine" for text in arguments):
        return _engine(arguments)
    if any(text.partition("=")[0] == "--vjp" for text in arguments):
        return _vjp(arguments)
    from autograd_mini.testing.checker import check_gradients
    from autograd_mini.testing.report import GradientMismatchError

    try:
        target, inputs, order = _parsed(list(arguments))
        function = named(target)
        if not callable(function):
            raise ValueError(f"{target} is not a function but {function!r}")
    except ValueError as error:
        print(f"{error}\n\n{USAGE.partition(chr(10))[0]}", file=sys.stderr)
        return 2
    try:
        print(check_gradients(function, *inputs, order=order))
    except GradientMismatchError as error:
        print(f"GradientMismatchError: {error}")
        return 1
    except (TypeError, ValueError, ArithmeticError) as error:
        shown = ", ".join(map(repr, inputs))
        print(f"{target}({shown}) fails: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    return 0


def _engine(arguments: Sequence[str]) -> int:
    """Check somebody else's class, in a process of its own, and return the exit status."""
    import argparse

    from autograd_mini.testing.engines import engine_report
    from autograd_mini.testing.subject import Names

    parser = argparse.ArgumentParser("python -m autograd_mini check", usage=USAGE[7:])
    parser.add_argument("--engine", required=True)
    parser.add_argument("--names", default="data,grad,backward")
    parser.add_argument("--points", type=float)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args(arguments)
    try:
        if asked.names.count(",") != 2:
            raise ValueError(f"--names needs three, DATA,GRAD,BACKWARD, but got {asked.names!r}")
        data, grad, backward = [name.strip() for name in asked.names.split(",")]
        report = engine_report(lambda: named(asked.engine), names=Names(backward, data, grad))
    except ValueError as error:
        if asked.json:
            print(json.dumps({"ok": False, "operations": {}, "error": str(error)}))
        print(f"{asked.engine} cannot be checked: {error}", file=sys.stderr)
        return 2
    if asked.json:
        print(json.dumps(report.as_dict(asked.points), indent=2))
    else:
        print(report.text(asked.points))
    return 0 if report.ok else 1


def _vjp(arguments: Sequence[str]) -> int:
    """Check a backward pass that was written by hand, and return the exit status."""
    from autograd_mini.testing.backward import backward_report

    as_json = "--json" in arguments
    try:
        target, inputs, points = _vjp_parsed([text for text in arguments if text != "--json"])
        module, _, functions = target.rpartition(":")
        names = [name.strip() for name in functions.split(",")]
        if not module or len(names) != 2:
            raise ValueError(f"--vjp needs MODULE:FORWARD,BACKWARD, but got {target!r}")
        with contextlib.redirect_stdout(sys.stderr):  # what a student prints is no report
            forward, backward = [named(f"{module}:{name}") for name in names]
            report = backward_report(forward, backward, _as_arrays(forward, inputs))
    except ValueError as error:
        if as_json:
            print(json.dumps({"ok": False, "operations": {}, "error": str(error)}))
        print(f"this cannot be checked: {error}", file=sys.stderr)
        return 2
    if as_json:
        print(json.dumps(report.as_dict(points), indent=2))
    else:
        print(report.text(points))
    return 0 if report.ok else 1


def _vjp_parsed(arguments: list[str]) -> tuple[str, list[Any], float | None]:
    """Return (target, inputs, points)."""
    target, points, into = "", None, ""
    inputs: list[Any] = []
    for text in arguments:
        if text.startswith("--"):
            into, _, attached = text[2:].partition("=")
            if into not in ("vjp", "inputs", "points"):
                raise ValueError(f"there is no option {text!r}")
            if not attached:
                continue
            text = attached
        if into == "vjp" and not target:
            target, into = text, ""
        elif into == "inputs":
            inputs.append(_number(text))
        elif into == "points":
            points, into = float(text), ""
        else:
            raise ValueError(f"{text!r} belongs to no option")
    if not inputs:
        raise ValueError("--inputs is missing: numbers, or lists of numbers such as [[1,2],[3,4]]")
    return target, inputs, points


def _as_arrays(forward: Any, inputs: list[Any]) -> list[Any]:
    """Return lists as NumPy arrays if the function is about arrays: lists are no use to it."""
    try:
        forward(*inputs)
    except Exception:
        try:
            import numpy as np
        except ImportError:
            return inputs
        return [np.array(x, dtype=float) if isinstance(x, list) else x for x in inputs]
    module = sys.modules.get(forward.__module__)
    uses_numpy = any(getattr(x, "__name__", "") == "numpy" for x in vars(module).values())
    if uses_numpy:
        import numpy as np

        return [np.array(x, dtype=float) if isinstance(x, list) else x for x in inputs]
    return inputs


def _parsed(arguments: list[str]) -> tuple[str, list[Any], int]:
    """Return (target, inputs, order); by hand, since argparse takes -1e-3 for an option."""
    targets: list[str] = []
    inputs: list[Any] = []
    order = 1
    into = "target"
    for text in arguments:
        if text.startswith("--"):
            into, _, attached = text[2:].partition("=")
            if into not in ("inputs", "order"):
                raise ValueError(f"there is no option {text!r}")
            if not attached:
                continue
            text = attached
        if into == "inputs":
            inputs.append(_number(text))
        elif into == "order":
            if not text.isdigit() or int(text) < 1:
                raise ValueError(f"--order needs a whole number from 1 on, but got {text!r}")
            order, into = int(text), "target"
        else:
            targets.append(text)
    if len(targets) != 1 or ":" not in targets[0]:
        raise ValueError(f"one MODULE:FUNCTION is needed, but got {' '.join(targets) or 'none'}")
    return targets[0], inputs, order


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return json.loads(text)
    except ValueError:
        raise ValueError(
            f"an input is a number or a list such as [1,2,3] without spaces, but got {text!r}"
        ) from None

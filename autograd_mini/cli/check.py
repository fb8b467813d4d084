"""`python -m autograd_mini check module:function --inputs ...`: a check without a test."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from autograd_mini.cli.scripts import named

__all__ = ["main"]

USAGE = """\
usage: python -m autograd_mini check MODULE:FUNCTION [--inputs NUMBER...] [--order N]

Check the gradient of a function at a point: every input, every operation, every rule.

  MODULE:FUNCTION  what to check, as in losses:my_loss or path/to/losses.py:my_loss
  --inputs         its arguments: numbers, or lists of numbers such as [1,2,3]
  --order N        2 checks the gradient's gradient too (default: 1)

The status is 0 if all is right, 1 if a gradient is wrong, 2 if the question was."""


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says and return the exit status."""
    if not arguments or "-h" in arguments or "--help" in arguments:
        print(USAGE)
        return 0 if arguments else 2
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

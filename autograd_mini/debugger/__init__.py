"""The terminal stepper: `loss.debug()`, and `python -m autograd_mini debug script.py`.

It looks like pdb and knows the graph: it steps along edges, forward and back, stops where a
gradient changes or the first NaN appears, and answers any Python expression about the moment it
stands at.

```
moment    a backward pass at one of its moments: going forward and back
stops     breakpoints and watchpoints: what a *where* means, and whether a moment is there
commands  what the commands are called, and how their arguments are read
views     what they show: lines of text
prompt    Debugger: the prompt, and what each command does
```
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from typing import TextIO

from autograd_mini.debugger.moment import Moment
from autograd_mini.debugger.prompt import Debugger
from autograd_mini.scripts import run
from autograd_mini.value import Value, as_seed

__all__ = ["Debugger", "Moment", "debug", "main"]


def debug(
    root: Value,
    seed: Value | float = 1.0,
    *,
    stdin: TextIO | None = None,
    stdout: TextIO | None = None,
    commands: Iterable[str] = (),
) -> None:
    """Open the stepper on one backward pass; `Value.debug` tells the details."""
    Debugger(stdin, stdout, commands).visit(root, as_seed(seed))


def main(arguments: Sequence[str]) -> int:
    """Run `python -m autograd_mini debug` and return the exit status."""
    parser = argparse.ArgumentParser(
        "python -m autograd_mini debug",
        description="Run a script and step through each backward() of it; `help` at the prompt "
        "lists the commands.",
    )
    parser.add_argument(
        "-c",
        dest="commands",
        metavar="COMMAND",
        action="append",
        default=[],
        help="do this before the first prompt; can be given several times",
    )
    parser.add_argument("script", help="the Python file to run")
    parser.add_argument("args", nargs=argparse.REMAINDER, help="the script's own arguments")
    options = parser.parse_args(arguments)
    debugger = Debugger(commands=options.commands, follows=True)
    status = run(options.script, options.args, debugger.visit)
    if status == 0 and not debugger.passes:
        debugger.say(f"{options.script} ended, and backward() was never called")
    return status

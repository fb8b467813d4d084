"""`python -m autograd_mini debug script.py`: step through each backward() of a script."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from autograd_mini.cli.parser import Parser
from autograd_mini.cli.scripts import run_script
from autograd_mini.debugger import Debugger


def main(arguments: Sequence[str]) -> int:
    """Run `python -m autograd_mini debug` and return the exit status."""
    parser = Parser(
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
    parser.add_argument("script", metavar="SCRIPT", help="the Python file to run")
    rest = parser.add_argument(
        "args",
        metavar="ARGUMENTS",
        nargs=argparse.REMAINDER,
        help="the script's own arguments, as in pdb",
    )
    rest.required = False  # else argparse asks for it beside the script
    options = parser.read(arguments)
    own = options.args[1:] if options.args[:1] == ["--"] else options.args
    debugger = Debugger(commands=options.commands, follows=True)
    status = run_script(options.script, own, debugger.visit)
    if status == 0 and not debugger.passes:
        debugger.say(f"{options.script} ended, and backward() was never called")
    return status

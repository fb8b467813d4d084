"""What several test files use: where things are, labels that break formats, another Python."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import autograd_mini
from autograd_mini.compiler.native import is_installed

ROOT = Path(__file__).parent.parent  # of tests, README.md and demos
PACKAGE = Path(autograd_mini.__file__).parent  # elsewhere, if it is installed
# Whether many examples are tried, as in .ci/run's thorough suite.
THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "ci"
BACKENDS = ["eager", "compiled", *(["native"] if is_installed() else [])]
SVG = "{http://www.w3.org/2000/svg}"

HARD_LABELS = [
    '</script><script>document.title="x"</script>',
    "<b>bold</b>",
    "\"double\" and 'single'",
    "&lt; &amp; &#60; &",
    "<!-- ]]> -->",
    r"\N \G \l \n \\",
    "a final backslash \\",
    "two\nlines",
    "emoji 🎲 and 損失 and e\u0301",
    "# not a heading `code` *bold* [link](http://example.com) #35; {x} a|b",
    "- list",
    "1. list",
    "{record|shape}",
    "port:n",
    "x" * 500,
]


def python(
    *arguments: str, typed: str = "", cwd: Path = ROOT, check: bool = False, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own, which imports the packages and tests from anywhere.

    Args:
        arguments: Of the command line.
        typed: What it reads from stdin.
        cwd: Where it runs.
        check: Whether a status other than 0 is an error.
        environment: Variables to set.
    """
    return subprocess.run(
        [sys.executable, *arguments],
        input=typed,
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=cwd,
        check=check,
        env=os.environ
        | {"PYTHONPATH": f"{PACKAGE.parent}{os.pathsep}{ROOT}", "PYTHONIOENCODING": "utf-8"}
        | environment,
    )

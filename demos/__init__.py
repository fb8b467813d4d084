"""Demos of one screen each: `python -m demos` lists them, `python -m demos NAME` runs one.

A demo is a module of this package. Being here is all it takes to be listed and tested:

- The docstring's first line says what it shows; the command that runs it stands further down.
- `main` does the work. Every parameter has a default, which gives the option its type:
  `main(epochs: int = 100)` is `python -m demos NAME --epochs 20` on the command line.
- `SMALL`, a dictionary of arguments for `main`, makes a test's run a matter of seconds. A demo
  that is quick as it is needs none.
- Files go into `out/` of the current directory, named by `out("moons.png")`.
- The module ends with `if __name__ == "__main__": main()`.
"""

from __future__ import annotations

from pathlib import Path


def out(name: str) -> Path:
    """Return the path `out/name`, with its directory made."""
    path = Path("out", name)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path

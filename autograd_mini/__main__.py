"""`python -m autograd_mini`: see `autograd_mini.cli`."""

from __future__ import annotations

import sys

from autograd_mini.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

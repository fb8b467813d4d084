"""Grade an assignment: find the three mistakes in a student's engine.

The engine, demos/_student.py, was handed in as "my own micrograd". The checker finds its
operations, tries them alone, below one another and with shared operands, and shows for each
wrong one the smallest program that proves it.
Run it:  python -m demos assignment          (a few seconds)
The same from a shell, with points:
    python -m autograd_mini check --engine demos/_student.py:Value --points 40
"""

from __future__ import annotations

from autograd_mini.testing import GradientMismatchError, check_engine
from demos._student import Value


def main() -> None:
    try:
        print(check_engine(Value))
    except GradientMismatchError as error:
        print(error)


if __name__ == "__main__":
    main()

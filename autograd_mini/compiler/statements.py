"""Statements: a program as data, whatever language it will be written in.

A program is a list of `Statement(op, out, operands, comment, add)`: `out` becomes, or where `add`
is set grows by, what the row `op` of the rule table gives for the operands. It prints, and a few
lines evaluate it (`tests/test_compiler_statements.py` does).

- A number lives in a row of a *buffer*: `theta` and the arguments `x0`, `x1`, ... are given,
  `values` and `shared` hold what is computed (`values` for each example of the batch, `shared`
  once for all), `constants` what was known beforehand, `seed` the gradient of the result. The
  gradient of a buffer has the same rows: `g_theta`, `g_values`, ... A buffer that varies has a
  column for every example, any other has one column.
- An operand is a float, a `Ref` (rows of a buffer, as an array of some shape), or a `Term`: a row
  of the table applied to operands. Shapes broadcast as NumPy's do, the columns too.
- A row of any number of operands takes them along the first axis of its one operand, or as many
  operands.
- Beside the rows of the table, the operations of `rows` stand.

The rows of `out` are all different, except where numbers are added to it by `COPY` or `PUT`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from autograd_mini.compiler.expressions import Operand, Ref, row_text
from autograd_mini.ops import Op

THETA, SHARED, VALUES, CONSTANTS, SEED = "theta", "shared", "values", "constants", "seed"
STEADY: Final = frozenset({CONSTANTS, THETA, SHARED})  # with one column for all examples


class Statement(NamedTuple):
    """One step of a program: `out = op(*operands)`, or `out += op(*operands)`."""

    op: Op
    out: Ref
    operands: tuple[Operand, ...]
    comment: str = ""
    add: bool = False

    @property
    def refs(self) -> list[Ref]:
        """The operands of an operation that reads nothing but rows of buffers, as products do."""
        return [x for x in self.operands if isinstance(x, Ref)]

    def __str__(self) -> str:
        text = f"{self.out} {'+=' if self.add else '='} {row_text(self.op, self.operands)}"
        return f"{text}  # {self.comment}" if self.comment else text

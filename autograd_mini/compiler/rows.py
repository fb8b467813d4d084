"""Rows: the operations of whole arrays that statements have beside those of the rule table.

- `COPY` is its operand. `SUM` adds its operand up until it has the shape of `out`: over the axes
  that `out` lacks or has one of, and over the batch where `out` does not vary.
- `MATMUL` is a matrix product `a b`, `MATMUL_NT` is `a bᵀ`, `MATMUL_TN` is `aᵀ b`. All have two
  axes; the columns of a buffer that varies belong to the second.
- The table's `take` has two operands here, `at` and `table`. The table has two axes: as many rows
  as there are places, and a column for each element of `out`, in order. The element becomes what
  its column holds at the place `at` (broadcast to `out`), a whole number. Where that is NaN, so is
  the element; where gradients are computed it may be anything, as the place itself is watched.
- `PUT` is its adjoint, with the operands `at` and `g`: `out` is the table's gradient, and grows
  in the column of each element of `g` by that element, at the place `at`. Where `out` does not
  vary, all examples add to it. `add` is always set.
"""

from __future__ import annotations

from typing import Any, Final, NoReturn

from autograd_mini import ops
from autograd_mini.ops import Op, is_built_in


def _structural(*operands: Any) -> NoReturn:
    raise TypeError("this operation is of arrays: no float is its result")


def _none(f: Any, *operands: Any) -> float:
    return 0.0


def _same(x: Any) -> Any:
    return x


def _at_least(x: float, y: float) -> float:
    return 1.0 if x >= y else 0.0


def _at_most(x: float, y: float) -> float:
    return 1.0 if x <= y else 0.0


COPY: Final = Op("copy", _same, (_none,))
SUM: Final = Op("sum", _structural, (_none,))
MATMUL: Final = Op("matmul", _structural, (_none, _none))
MATMUL_NT: Final = Op("matmul_nt", _structural, (_none, _none))
MATMUL_TN: Final = Op("matmul_tn", _structural, (_none, _none))
PUT: Final = Op("put", _structural, (_none, _none))
PRODUCTS: Final = frozenset({MATMUL, MATMUL_NT, MATMUL_TN})
# What a rule may write and the table does not have: comparisons that hold for equals.
AT_LEAST: Final = Op("at_least", _at_least, (_none, _none))
AT_MOST: Final = Op("at_most", _at_most, (_none, _none))
COMPARISONS: Final = {ops.GREATER: ">", ops.LESS: "<", AT_LEAST: ">=", AT_MOST: "<="}

# Rows whose domain is not about single operands' values.
_TOTAL: Final = {ops.LOGSUMEXP, ops.AMAX, ops.DETACH}


def may_raise(op: Op) -> bool:
    """Return whether a row has no result for some numbers; one of the user's may raise anything.

    Example:
        >>> may_raise(ops.LOG), may_raise(ops.MUL)
        (True, False)
    """
    return (bool(op.domain) or not is_built_in(op)) and op not in _TOTAL

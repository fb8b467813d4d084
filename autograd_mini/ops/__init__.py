"""The rule table, and what its rows are made of.

```
table      THE rule table: one row per primitive, and the functions that rules are written in
op         Op: a row, and OPS, where rows are found by their names
forwards   what rows compute on floats, where that takes more than a line
number     Number: what a rule asks of a number that is not a float
```
"""

from __future__ import annotations

from autograd_mini.ops.number import Number
from autograd_mini.ops.op import OPS, PLAIN, UNDEFINED, Op, Range, Rule, find, function
from autograd_mini.ops.table import *  # noqa: F403 # every row, by its name, and the rules' functions
from autograd_mini.ops.table import is_built_in, register

__all__ = [
    "OPS",
    "PLAIN",
    "UNDEFINED",
    "Number",
    "Op",
    "Range",
    "Rule",
    "find",
    "function",
    "is_built_in",
    "register",
]

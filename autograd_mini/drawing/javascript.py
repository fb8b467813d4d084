"""The rule table as JavaScript, so that a page can run a graph forward and backward itself.

The partial derivatives are the table's rules, run on symbols that write JavaScript. What a row
computes stands in `page/rules.js`; that of a row of one's own is written by running its forward
on symbols too, which plain arithmetic survives and a call of `math` does not.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Any, Final

from autograd_mini.ops import Op
from autograd_mini.symbols import SUM, Symbol
from autograd_mini.value import Value

__all__ = ["JavaScript", "OpaqueError", "functions", "key", "rules"]

_DEFINED: Final = re.compile(r"^F\.(\w+) =", re.MULTILINE)


class OpaqueError(ValueError):
    """An operation that cannot be written as JavaScript, because its Python hides what it does."""


class JavaScript(Symbol):
    """A text of JavaScript that takes part in arithmetic.

    Example:
        >>> from autograd_mini.ops import OPS
        >>> str(OPS["sqrt"].partials[0](JavaScript("f"), JavaScript("x")))
        'F.quotient(0.5, f)'
    """

    __slots__ = ()

    @classmethod
    def literal(cls, x: float) -> str:
        """Return a number; not every one is written as in Python."""
        if math.isfinite(x):
            return repr(x)
        return "NaN" if x != x else "Infinity" if x > 0 else "-Infinity"

    @classmethod
    def call(cls, op: Op, operands: tuple[Symbol, ...]) -> Symbol:
        """Return a call of the page's own function, or what a new row computes."""
        if op.name in _page_functions():
            return cls(f"F.{op.name}({', '.join([x.text for x in operands])})")
        try:
            return cls.of(op.forward(*operands))
        except Exception:
            raise OpaqueError(
                f"{op.name} cannot be written as JavaScript: its forward must be arithmetic and "
                "functions of autograd_mini, without math, if or loops over numbers"
            ) from None

    @classmethod
    def power(cls, base: Symbol, exponent: Symbol) -> Symbol:
        """Return a power; `-x ** 2` is a syntax error in JavaScript."""
        return cls(f"F.pow({base.text}, {exponent.text})")

    @classmethod
    def compare(cls, sign: str, x: Any, y: Any) -> Symbol:
        """Return a comparison as a number, as `greater` and `less` give it."""
        return cls(f"Number({cls.of(x).within(SUM)} {sign} {cls.of(y).within(SUM)})")


def functions() -> str:
    """Return JavaScript that defines F, what each row of the table computes."""
    return (resources.files("autograd_mini.drawing") / "page" / "rules.js").read_text("utf-8")


@cache
def _page_functions() -> frozenset[str]:
    return frozenset(_DEFINED.findall(functions()))


def key(node: Value) -> str:
    """Return what a node's rules are called in the page: the row, and the number of operands.

    Example:
        >>> from autograd_mini import total
        >>> key(total([Value(1.0), Value(2.0)]))
        'total/2'
    """
    return "" if node.op is None else f"{node.op.name}/{len(node.inputs)}"


def rules(nodes: Iterable[Value]) -> str:
    """Return JavaScript that defines RULES: [forward, partials] of every operation among `nodes`.

    Raises:
        OpaqueError: If one of them cannot be written.

    Example:
        >>> print(rules([Value(2.0).tanh()]))
        const RULES = {
        "tanh/1": [(x0) => F.tanh(x0), (f, x0) => [1.0 - f * f]],
        };
    """
    needed = {key(node): node for node in nodes if node.op is not None}
    lines = [_rule(name, node.op, len(node.inputs)) for name, node in needed.items() if node.op]
    return "\n".join(["const RULES = {", *lines, "};"])


def _rule(name: str, op: Op, count: int) -> str:
    names = [f"x{i}" for i in range(count)]
    operands = tuple([JavaScript(x) for x in names])
    forward = JavaScript.call(op, operands)
    try:
        partials = [JavaScript.of(p).text for p in op.local(JavaScript("f"), *operands)]
    except OpaqueError:
        raise
    except Exception:
        raise OpaqueError(
            f"the partials of {op.name} cannot be written as JavaScript: they must be arithmetic "
            "and functions of autograd_mini"
        ) from None
    given = ", ".join(names)
    return f'"{name}": [({given}) => {forward}, (f, {given}) => [{", ".join(partials)}]],'

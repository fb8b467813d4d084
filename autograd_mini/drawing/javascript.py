"""The rule table as JavaScript, so that a page can run a graph forward and backward itself.

The partial derivatives are the table's rules, run on symbols that write JavaScript. What a row
computes stands in the compiler's `rules.js`; that of a user's row is written by running its
forward on expressions too, which plain arithmetic survives and a call of `math` does not.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from autograd_mini import ops
from autograd_mini.compiler.expressions import Operand, Ref, Term, as_expression
from autograd_mini.compiler.languages.javascript import JavaScript, OpaqueError, functions
from autograd_mini.ops import Op
from autograd_mini.value import Value

__all__ = ["JavaScript", "OpaqueError", "functions", "key", "rules"]


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
        OpaqueError: If one of them cannot be written, or two that differ share a name.

    Example:
        >>> print(rules([Value(2.0).tanh()]))
        const RULES = {
        "tanh/1": [(x0) => F.tanh(x0), (f, x0) => [1.0 - f * f]],
        };
    """
    needed = {(key(node), node.op): len(node.inputs) for node in nodes}
    lines: dict[str, str] = {}
    for (name, op), count in needed.items():
        if op is not None:
            line = _rule(name, op, count)
            if lines.setdefault(name, line) != line:
                raise OpaqueError(
                    f"two operations that differ are called {op.name!r}, and a "
                    "page has one rule for a name: give one of them another name"
                )
    return "\n".join(["const RULES = {", *lines.values(), "};"])


def _rule(name: str, op: Op, count: int) -> str:
    names = [f"x{i}" for i in range(count)]
    operands = [Ref(x, [0], (1,), False) for x in names]
    known = op in ops.ELEMENTARY
    forward = 0.0 if known else as_expression(op.formula, *operands)
    partials = as_expression(op.local, Ref("f", [0], (1,), False), *operands)
    for what, found in (("forward", forward), ("partials", partials)):
        if found is None:
            raise OpaqueError(
                f"{op.name} cannot be written as JavaScript: its {what} must be arithmetic and "
                "functions of autograd_mini, without math, if or loops over numbers"
            )
    given = ", ".join(names)
    value: Any = JavaScript.call(op, tuple(map(JavaScript, names))) if known else _text(forward)
    key = json.dumps(name).replace("<", "\\u003c")  # `</script>` would end a script in a page
    slopes = ", ".join([str(_text(p)) for p in partials])
    return f"{key}: [({given}) => {value}, (f, {given}) => [{slopes}]],"


def _text(x: Operand) -> Any:
    """Return an expression as JavaScript; what it reads is a name."""
    if isinstance(x, Ref):
        return JavaScript(x.buffer)
    if isinstance(x, Term):
        return JavaScript.applied(x.op, [_text(y) for y in x.operands])
    return JavaScript.of(float(x))

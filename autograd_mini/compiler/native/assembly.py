"""Assembly: the operations of a program as one module of LLVM's language.

Each operation is a function of the places that it works on, and operations of equal text are one
function: what is compiled grows with the kinds of operations, not with their number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_mini.compiler.native.nests import write_choice, write_nest, write_transpose
from autograd_mini.compiler.native.operations import (
    Access,
    Choice,
    Nest,
    Operation,
    Product,
    rebuilt,
)
from autograd_mini.compiler.native.products import write_product
from autograd_mini.compiler.native.vectors import Function, Module

__all__ = ["assembled"]


def assembled(module: Module, inputs: int, **functions: Sequence[Operation]) -> str:
    """Return functions, called with (theta, gtheta, work, qtable, x0, x1, ...), as one text."""
    names: dict[str, str] = {}
    with np.errstate(all="ignore"):
        texts = [_called(module, names, inputs, *function) for function in functions.items()]
    return "\n".join(
        [*[body.replace("@{}", f"@{name}", 1) for body, name in names.items()], *texts]
    )


def _called(
    module: Module, names: dict[str, str], inputs: int, own: str, operations: Sequence[Operation]
) -> str:
    """Return a function that calls one for each operation, whose texts have `names`."""
    step = Function(module)
    for operation in operations:
        places = _Places()
        body = Function(module)
        _write(body, operation, places.put)
        text = body.text("{}", [f"ptr %{name}" for name in (*places.names, *places.tables)])
        head, _, rest = text.partition("@{}")
        name = names.setdefault(f"{head}@{{}}{rest}", f"f{len(names)}")
        arguments = [step.address(buffer, offset, []) for buffer, offset in places.names.values()]
        arguments += [step.address("qtable", table, []) for table in places.tables.values()]
        step.write(f"call fastcc void @{name}({', '.join([f'ptr {x}' for x in arguments])})")
    given = ["ptr %theta", "ptr %gtheta", "ptr %work", "ptr %qtable"]
    return step.text(own, [*given, *[f"ptr %x{k}" for k in range(inputs)]])


class _Places:
    """The places that an operation works on, as arguments of its function."""

    def __init__(self) -> None:
        self.names: dict[str, tuple[str, int]] = {}
        self.tables: dict[str, int] = {}
        self._known: dict[tuple[str, int], str] = {}

    def put(self, access: Access) -> Access:
        """Return an access relative to an argument."""
        key = access.buffer, access.offset
        if key not in self._known:
            self._known[key] = f"p{len(self._known)}"
            self.names[self._known[key]] = key
        table = -1
        if access.table >= 0:
            known = list(self.tables.values())
            if access.table not in known:
                self.tables[f"q{len(known)}"] = access.table
                known.append(access.table)
            table = known.index(access.table)
        return Access(self._known[key], 0, access.strides, table, access.steps)


def _write(f: Function, operation: Operation, put: Callable[[Access], Access]) -> None:
    """Write one operation."""
    if isinstance(operation, Nest):
        stores = [(put(target), rebuilt(tree, put)) for target, tree in operation.stores]
        write_nest(
            f,
            Nest(operation.dims, stores, operation.fold, operation.reduced, operation.add),
        )
    elif isinstance(operation, Product):
        places: Any = {name: put(getattr(operation, name)) for name in ("out", "a", "b")}
        write_product(f, operation._replace(**places))
    elif isinstance(operation, Choice):
        places = {name: put(getattr(operation, name)) for name in ("at", "table", "whole")}
        write_choice(f, operation._replace(**places))
    else:
        moved = operation._replace(source=put(operation.source), target=put(operation.target))
        write_transpose(f, moved)

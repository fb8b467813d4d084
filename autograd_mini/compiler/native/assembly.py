"""Assembly: the operations of a program as one module of LLVM's language.

Each operation is a function of the places that it works on, and operations of equal text are one
function: what is compiled grows with the kinds of operations, not with their number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from autograd_mini.compiler.native.nests import write_lookup, write_nest, write_transpose
from autograd_mini.compiler.native.operations import Lookup, Nest, Operation, Product, Transpose
from autograd_mini.compiler.native.products import write_product
from autograd_mini.compiler.native.vectors import Function, LLVMModule

WRITERS: Final[dict[type, Callable[[Function, Any], None]]] = {
    Nest: write_nest,
    Product: write_product,
    Lookup: write_lookup,
    Transpose: write_transpose,
}


def assembled(module: LLVMModule, given: Sequence[str], **functions: Sequence[Operation]) -> str:
    """Return functions of the places that are given as one text."""
    names: dict[str, str] = {}
    texts: list[str] = []
    with np.errstate(all="ignore"):
        for own, operations in functions.items():
            whole = Function(module)
            for operation in operations:
                body = Function(module)
                WRITERS[type(operation)](body, operation)
                text = body.text("{}", [f"ptr %{name}" for name in body.places.values()])
                name = names.setdefault(text, f"f{len(names)}")
                places = [f"ptr {whole.address(buffer, at, [])}" for buffer, at in body.places]
                whole.write(f"call fastcc void @{name}({', '.join(places)})")
            texts.append(whole.text(own, [f"ptr %{name}" for name in given], kind=1))
    return "\n".join([*[text.replace("@{}", f"@{name}") for text, name in names.items()], *texts])

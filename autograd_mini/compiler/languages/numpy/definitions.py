"""Definitions: what a program's text needs in order to run by itself, with NumPy alone.

Functions that NumPy lacks (`sigmoid`, `logsumexp`, `erf`) are copied from where they stand, with
all that they refer to; arrays of constants and of indices are written as expressions.
"""

from __future__ import annotations

import ast
import inspect
import pprint
import re
import textwrap
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

import numpy as np

from autograd_mini.compiler.languages.numpy import functions


def defined(needed: Iterable[Callable[..., Any]]) -> list[str]:
    """Return the texts that define functions and what they refer to, each before its users."""
    texts: dict[str, str] = {}

    def define(name: str, thing: Any) -> None:
        if name in texts:
            return
        if inspect.ismodule(thing):
            text = f"import {thing.__name__}" + ("" if thing.__name__ == name else f" as {name}")
        elif callable(thing):
            text, others = _definition(thing)
            for other in others:
                define(other, getattr(functions, other))
        else:
            text = f"{name} = {pprint.pformat(thing, width=96, compact=True)}"
        texts[name] = text

    define("np", np)
    for f in needed:
        define(f.__name__, f)
    return sorted(texts.values(), key=lambda text: (text.startswith("def "), "import" not in text))


@cache
def _definition(f: Callable[..., Any]) -> tuple[str, list[str]]:
    """Return a function's source without its types, and the names that it needs."""
    try:
        source = inspect.getsource(f)
    except OSError:  # an installation without sources
        return f"from {f.__module__} import {f.__name__}", []
    tree = _Untyped().visit(ast.parse(source))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return ast.unparse(tree), sorted(names & functions.__dict__.keys())


class _Untyped(ast.NodeTransformer):
    """Takes the annotations out."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        return ast.arg(node.arg)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        assert node.value is not None
        return ast.copy_location(ast.Assign([node.target], node.value), node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        node.returns = None
        return self.generic_visit(node)


def array_text(numbers: Sequence[float], shape: tuple[int, ...]) -> str:
    """Return an expression for an array of floats.

    Example:
        >>> array_text([1.0, 2.5], (2, 1))
        'np.array([1.0, 2.5], theta.dtype)[..., None]'
    """
    tail = ""
    while len(shape) > 1 and shape[-1] == 1:
        shape, tail = shape[:-1], tail + "[..., None]"
    text = re.sub(r"\b(inf|nan)\b", r"np.\1", repr(np.array(numbers).reshape(shape).tolist()))
    return _folded(f"np.array({text}, theta.dtype){tail}")


def index_text(rows: Sequence[int], shape: tuple[int, ...]) -> str:
    """Return an expression for an array of indices, short where they follow a rule.

    Example:
        >>> index_text([4, 5, 6, 7, 8, 9, 10, 11], (8,)), index_text([3, 1], (2,))
        ('np.arange(4, 12)', 'np.array([3, 1])')
        >>> index_text([0, 1, 2, 2, 3, 4, 4, 5, 6], (3, 3))
        '2 * np.arange(3)[:, None] + np.arange(3)'
    """
    index = np.array(rows).reshape(shape)
    first = int(index.flat[0])
    if index.size >= 8 and 1 not in shape:
        # how far one step leads along each axis
        steps = [int(index[(0,) * axis + (1,)].flat[0]) - first for axis in range(index.ndim)]
        counts = np.indices(shape)
        if np.array_equal(index, first + sum(s * c for s, c in zip(steps, counts, strict=True))):
            return _rule(first, steps, shape)
    for count in range(min(shape[-1], 16), 1, -1):
        if shape[-1] % count:
            continue
        each = index.reshape(-1, count)
        if (each == each[:, :1]).all():
            inner = index_text(each[:, 0].tolist(), (*shape[:-1], shape[-1] // count))
            return f"np.repeat({inner}, {count}, axis=-1)"
    whole = f"np.array({index.tolist()})"
    tail = f".reshape({', '.join(map(str, shape))})" if len(shape) > 1 else ""
    slices = f"np.r_[{', '.join(_slices(index.ravel().tolist()))}]{tail}"
    return _folded(slices if ":" in slices and len(slices) < len(whole) else whole)


def _slices(rows: list[int]) -> Iterable[str]:
    """Return numbers as the slices that NumPy's `r_` takes, where these are shorter."""
    lo = 0
    while lo < len(rows):
        step = rows[lo + 1] - rows[lo] if lo + 1 < len(rows) else 0
        hi = lo + 1
        while step > 0 and hi < len(rows) and rows[hi] == rows[hi - 1] + step:
            hi += 1
        if hi - lo > 2:
            yield f"{rows[lo]}:{rows[hi - 1] + 1}" + (f":{step}" if step > 1 else "")
        else:
            hi = lo + 1
            yield str(rows[lo])
        lo = hi


def _rule(first: int, steps: list[int], shape: tuple[int, ...]) -> str:
    if len(shape) == 1 and steps[0]:
        end = first + steps[0] * shape[0]
        return f"np.arange({first}, {end}{f', {steps[0]}' if steps[0] != 1 else ''})"
    terms = [str(first)] if first else []
    for axis, (step, count) in enumerate(zip(steps, shape, strict=True)):
        column = "[:, None]" if axis < len(shape) - 1 else ""
        terms.append(f"{step} * np.arange({count}){column}".removeprefix("1 * "))
    return " + ".join(terms)


def _folded(text: str) -> str:
    """Return a long text in several lines."""
    lines = textwrap.wrap(text, 88, break_long_words=False, break_on_hyphens=False)
    return "\n        ".join(lines)

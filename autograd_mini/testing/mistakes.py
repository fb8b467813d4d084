"""What a wrong derivative has done: the right rule, changed in one place, that gives its numbers.

Each rule of the catalog is Python text. Here it is changed in one place at a time: a sign
turned, a term or a factor left out, one name in place of another. The change that gives the
numbers that were found, at every point, names the mistake.
"""

from __future__ import annotations

import ast
import copy
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import CodeType
from typing import Any, Final, NamedTuple, TypeAlias

from autograd_mini.testing.catalog import CATALOG, Row
from autograd_mini.testing.forms import NO_VALUE, evaluated

Mistake: TypeAlias = tuple[str, str]  # the kind of a mistake, and what it is in words

_ORDINALS: Final = ("first", "second", "third")
_ROLES: Final = {"x": "the first operand", "y": "the second operand", "f": "the result"}


class Sample(NamedTuple):
    """One derivative at one point.

    Attributes:
        operands: Those of the row.
        result: The operation's value.
        expected: The derivative.
        got: What was found.
    """

    operands: tuple[float, ...]
    result: float
    expected: float
    got: float


_Fits: TypeAlias = Callable[[Callable[[Sample], float]], bool]  # whether a guess is what was got


def close(a: float, b: float, tolerance: float) -> bool:
    """Return whether two numbers agree."""
    return abs(a - b) <= tolerance * max(abs(a), abs(b)) + 1e-9


def rule_mistake(
    row: Row | None, position: int, samples: Sequence[Sample], tolerance: float = 1e-6
) -> Mistake:
    """Return the kind of a mistake and what it is, in words.

    Args:
        row: What is right; None for an operation without a name.
        position: The operand of the row.
        samples: What was found at some points.
        tolerance: How far a number may be from a right one, relative to its size.

    Example:
        >>> from autograd_mini.testing.catalog import CATALOG
        >>> points = [(x, math.tanh(x)) for x in (0.5, 0.7)]
        >>> samples = [Sample((x,), t, 1 - t * t, 1 + t * t) for x, t in points]
        >>> rule_mistake(CATALOG["tanh"], 0, samples)
        ('sign', 'a + should be a -, or the other way round')
    """
    which = "the operand" if len(samples[0].operands) == 1 else f"the {_ORDINALS[position]} operand"

    def fits(guess: Callable[[Sample], float]) -> bool:
        return all(close(guess(s), s.got, tolerance) for s in samples)

    if fits(lambda s: 0.0):
        return "dropped term", f"no gradient reaches {which}"
    if fits(lambda s: -s.expected):
        return "sign", f"the derivative in {which} has the opposite sign"
    ratios = [s.got / s.expected for s in samples if s.expected]
    if ratios and fits(lambda s: ratios[0] * s.expected) and math.isfinite(ratios[0]):
        return "factor", f"the derivative in {which} is {ratios[0]:.6g} times what it should be"
    if row is CATALOG["pow"] and (found := _factor(which, samples, fits)):
        return found  # first: at one exponent, many powers look like another operand
    if row is not None:
        for other, rules in enumerate(row.rules):
            if other != position and fits(lambda s, rule=rules[0]: _value_at(rule, s)):
                return "wrong operand", (
                    f"{which} gets the derivative in the {_ORDINALS[other]}: they are swapped"
                )
        changes = [change for rule in row.rules[position] for change in _changes(rule, row)]
        for kind in ("sign", "wrong operand", "dropped term", "factor"):
            for change in changes:
                if change[0] == kind and fits(lambda s, code=change[2]: _value_at(code, s)):
                    return kind, change[1]
    if row is not CATALOG["pow"] and (found := _factor(which, samples, fits)):
        return found
    return "wrong derivative", f"the rule for {which} is another than the operation's"


def _factor(which: str, samples: Sequence[Sample], fits: _Fits) -> Mistake | None:
    for text in ("x", "y", "f", "x * x", "f * f", "y * y"):
        if "y" in text and len(samples[0].operands) < 2:
            continue
        role = " * ".join([_ROLES[letter] for letter in text.split(" * ")])
        if fits(lambda s, text=text: s.expected * _value_at(text, s)):
            return "factor", f"the derivative in {which} has a factor too many: {role}"
        if fits(lambda s, text=text: s.expected / (_value_at(text, s) or math.nan)):
            return "factor", f"the derivative in {which} lacks a factor: {role}"
    return None


def _value_at(text: str | CodeType, sample: Sample) -> float:
    try:
        return evaluated(text, sample.operands, sample.result)
    except NO_VALUE:
        return math.nan


def _changes(rule: str, row: Row) -> Iterator[tuple[str, str, CodeType]]:
    """Yield (kind, words, code) for each change of a rule in one place."""
    tree = ast.parse(rule, mode="eval")
    names = ["x", "f"] if len(row.rules) == 1 else ["x", "y", "f"]
    for i, node in enumerate(ast.walk(tree)):
        for kind, words, replacement in _replacements(node, names):
            changed = copy.deepcopy(tree)
            target = list(ast.walk(changed))[i]
            changed = _Replacer(target, replacement).visit(changed)
            yield kind, words, _compiled(changed)
    if "y" in names:
        changed = _Renamer({"x": "y", "y": "x"}).visit(copy.deepcopy(tree))
        yield "wrong operand", "the operands stand in each other's place", _compiled(changed)
    for old in names:
        for new in names:
            if old != new and old in rule:
                changed = _Renamer({old: new}).visit(copy.deepcopy(tree))
                words = f"{_ROLES[new]} stands where {_ROLES[old]} should"
                yield "wrong operand", words, _compiled(changed)


def _compiled(tree: ast.Expression) -> CodeType:
    return compile(ast.fix_missing_locations(tree), "<change>", "eval")


def _replacements(node: ast.AST, names: Sequence[str]) -> Iterator[tuple[str, str, ast.expr]]:
    if isinstance(node, ast.Name):
        for other in names:
            if node.id in names and other != node.id:
                words = f"{_ROLES[other]} stands where {_ROLES[node.id]} should"
                yield "wrong operand", words, ast.Name(other, ast.Load())
    elif isinstance(node, ast.UnaryOp):
        yield "sign", "a minus is missing", node.operand
    elif isinstance(node, ast.IfExp):
        condition = ast.unparse(node.test)
        for branch in (node.body, node.orelse):
            yield "factor", f"the condition {condition} plays no part", branch
        swapped = ast.IfExp(node.test, node.orelse, node.body)
        yield "sign", f"the condition {condition} is the wrong way round", swapped
    elif isinstance(node, ast.BinOp):
        left, right = node.left, node.right
        if isinstance(node.op, (ast.Add, ast.Sub)):
            other = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
            words = "a + should be a -, or the other way round"
            yield "sign", words, ast.BinOp(left, other, right)
            yield "sign", words, ast.BinOp(right, ast.Sub(), left)
            yield "dropped term", f"the term {ast.unparse(right)} is missing", left
            rest = right if isinstance(node.op, ast.Add) else ast.UnaryOp(ast.USub(), right)
            yield "dropped term", f"the term {ast.unparse(left)} is missing", rest
        else:
            yield "factor", f"the factor {ast.unparse(right)} is missing", left
            yield "factor", f"the factor {ast.unparse(left)} is missing", right
            if isinstance(node.op, ast.Div):
                product = ast.BinOp(left, ast.Mult(), right)
                yield "factor", "it is multiplied instead of divided", product
                turned = ast.BinOp(right, ast.Div(), left)
                yield "factor", "it is divided the wrong way round", turned
            elif isinstance(node.op, ast.Mult):
                ratio = ast.BinOp(left, ast.Div(), right)
                yield "factor", "it is divided instead of multiplied", ratio


class _Replacer(ast.NodeTransformer):
    def __init__(self, target: ast.AST, replacement: ast.expr) -> None:
        self.target, self.replacement = target, replacement

    def visit(self, node: ast.AST) -> Any:
        return self.replacement if node is self.target else super().visit(node)


class _Renamer(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self.names.get(node.id, node.id), ast.Load())

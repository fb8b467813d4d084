from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_mini import OPS, Op, ops
from autograd_mini.symbols import Symbol

NAMES = [op for op in OPS.values() if op.arity is not None]
FUNCTIONS: dict[str, Any] = {name: op.forward for name, op in OPS.items()}


@pytest.mark.parametrize("op", NAMES, ids=lambda op: op.name)
@settings(max_examples=settings().max_examples // 4)  # the text is the same every time
@given(data=st.data())
def test_a_rule_run_on_names_writes_what_it_computes(op: Op, data: st.DataObject) -> None:
    point = [data.draw(st.floats(*r)) for r in op.smooth_ranges()]
    names = [Symbol(name) for name in "xyz"[: len(point)]]
    f = op.forward(*point)
    scope = {"f": f, **dict(zip("xyz", point, strict=False)), **FUNCTIONS}
    for partial in op.partials:
        text = str(partial(Symbol("f"), *names))
        written = eval(text, {"__builtins__": {}}, scope)
        assert written == pytest.approx(partial(f, *point), rel=1e-15, abs=0)


def test_text_has_the_parentheses_it_needs_and_no_more() -> None:
    a, b, c = Symbol("a"), Symbol("b"), Symbol("c")
    for expression in (
        "a * b + c", "a * (b + c)", "a - (b - c)", "a - b - c", "a / (b * c)", "-a * b", "-(a + b)",
        "a ** -b", "(-a) ** b", "(a * b) ** c", "(a ** b) ** c", "a + (b + c)", "2.0 - a",
        "a * -2.0", "a < b + c", "-a ** 3.0",
    ):  # fmt: skip
        assert str(eval(expression, {"a": a, "b": b, "c": c})) == expression


def test_neutral_elements_leave_no_trace() -> None:
    x = Symbol("x")
    for result in (1.0 * x, x * 1.0, x + 0.0, 0.0 + x, x - 0.0, x / 1.0, x**1.0):
        assert str(result) == "x"
    minus = -1.0 * x
    assert str(minus) == "-x"
    assert str(-minus) == "x"
    assert str(x**2.0) == "x * x"
    assert str(ops.POW.partials[0](Symbol("f"), x, 2.0)) == "2.0 * x"


def test_a_rule_that_branches_on_a_name_is_told_what_to_write() -> None:
    with pytest.raises(TypeError, match=r"where\(\)"):
        bool(Symbol("x") > 0.0)


def test_numbers_are_written_in_full() -> None:
    assert str(Symbol("x") * math.pi) == f"x * {math.pi!r}"
    assert repr(Symbol("x")) == "Symbol('x')"


def test_a_name_is_not_compared_as_if_it_were_a_number() -> None:
    x = Symbol("x")
    for compared in (
        lambda: x == 2.0,
        lambda: 2.0 == x,  # noqa: SIM300 # the other way round is what is tested
        lambda: x != 2.0,
        lambda: x in (1.0, 2.0),
    ):
        with pytest.raises(TypeError, match="a rule cannot compare 'x'"):
            compared()

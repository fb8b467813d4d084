"""Random operands at every public door: they work, or raise a documented error; nothing else.

Wherever a number comes out, it is compared with mpmath's.
"""

from __future__ import annotations

import math
import operator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_mini import (
    OPS,
    DomainError,
    Value,
    apply,
    derivative,
    functions,
    grad,
    hessian,
    hvp,
    jacobian,
    topological_order,
    value_and_grad,
)
from autograd_mini.testing import check_gradients, finite
from autograd_mini.testing.inspection import first_wrong
from autograd_mini.testing.numbers import context, evaluate, precision

reals = (
    st.floats()
    | st.integers(-3, 3)
    | st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5, 1e-300, -1e300, 710.0, -745.5, math.inf])
)
numbers = (
    reals
    | st.booleans()
    | st.sampled_from([10**400, -(10**400), 2**70, 2**53 + 1])
    | st.fractions(max_denominator=100)
    | st.decimals(-1000, 1000)
    | reals.map(np.float64)
    | st.floats(width=32).map(np.float32)
    | st.integers(-100, 100).map(np.int8)
    | finite().map(np.array)
)
strangers = st.sampled_from(
    [
        None,
        "1.0",
        b"1",
        1j,
        np.complex128(1j),
        [1.0],
        (1.0, 2.0),
        {},
        {1.0},
        object(),
        len,
        Decimal("1e400"),
        Fraction(10**400),
        float,
        "x" * 50,
    ]
)
operands = reals.map(Value) | numbers | strangers

BINARY = [
    *[operator.add, operator.sub, operator.mul, operator.truediv, operator.pow],
    *[operator.lt, operator.le, operator.gt, operator.ge],
]
UNARY = [operator.neg, operator.pos, abs, float, int, bool, round, repr, format, str, hash]
METHODS = [name for name in functions.__all__ if hasattr(Value, name)]


def tried(call: Any, *args: Any) -> Any:
    """Return what a call gives, or None if it raises one of the documented errors."""
    said = ""
    try:
        return call(*args)
    except (DomainError, TypeError) as error:  # DivisionError, RangeError, ... are DomainErrors
        said = str(error)
    except ValueError as error:  # int(nan), lists of different lengths
        assert not isinstance(error, ArithmeticError)  # noqa: PT017
        said = str(error)
    assert said
    assert "math domain error" not in said
    assert "math range error" not in said
    return None


def right(result: Any) -> None:
    """Require that a result which is a computed Value holds the number mpmath gives."""
    if not isinstance(result, Value) or result.op is None:
        return
    given = [x.data for x in result.inputs]
    if not all(map(math.isfinite, given)) or "-0.0" in map(str, given):  # mpmath has no -0
        return
    ctx = context()
    exact = [ctx.mpf(x) for x in given]
    with precision(exact):
        expected = evaluate(result.op, exact)
        size = max([abs(expected), *map(abs, exact)]) if len(exact) != 1 else abs(expected)
        if ctx.isfinite(expected) and abs(expected) < 1e308:
            assert abs(result.data - expected) <= 1e-12 * size + 1e-300


@given(st.sampled_from(BINARY), reals, operands, st.booleans())
def test_operators_take_numbers_and_refuse_the_rest(
    f: Any, x: float, other: Any, left: bool
) -> None:
    result = tried(f, *((other, Value(x)) if left else (Value(x), other)))
    assert result is None or isinstance(result, (Value, bool, np.ndarray))
    right(result)


@given(st.sampled_from(UNARY), reals)
def test_python_s_own_functions_act_on_the_data(f: Any, x: float) -> None:
    try:
        expected = f(float(x))
    except (ValueError, OverflowError) as error:  # int(nan), int(inf)
        with pytest.raises(type(error)):
            f(Value(x))
    else:
        result = f(Value(x))
        if f not in (repr, str, hash):
            found = result.data if isinstance(result, Value) else result
            assert found == expected or (found != found and expected != expected)


@given(st.sampled_from(METHODS), reals)
def test_methods_give_a_right_number_or_a_domain_error(name: str, x: float) -> None:
    right(tried(getattr(Value, name), Value(x)))


@given(st.sampled_from(functions.__all__), st.lists(operands, max_size=4), st.booleans())
def test_functions_take_numbers_and_refuse_the_rest(
    name: str, given_: list[Any], as_list: bool
) -> None:
    f = getattr(functions, name)
    if name == "primitive":
        return
    result = tried(f, given_) if as_list else tried(f, *given_)
    assert result is None or isinstance(result, (Value, float))
    right(result)


@given(st.sampled_from(list(OPS.values())), st.lists(operands, max_size=4))
def test_apply_takes_numbers_and_refuses_the_rest(op: Any, given_: list[Any]) -> None:
    result = tried(apply, op, *given_)
    assert result is None or isinstance(result, (Value, float))
    right(result)


@given(operands, st.text(max_size=3) | st.none() | st.integers())
def test_the_constructor_takes_real_numbers_and_refuses_the_rest(x: Any, label: Any) -> None:
    result = tried(Value, x, label)
    if result is not None:
        assert type(result.data) is float
        assert result.data == x or result.data != result.data or result.data == float(x)


@given(st.sampled_from(list(OPS.values())), st.lists(reals, min_size=3, max_size=4))
def test_backward_from_any_point_gives_numbers_or_says_why_not(op: Any, xs: list[float]) -> None:
    leaves = [Value(x) for x in xs[: op.arity or 3]]
    root = tried(apply, op, *leaves)
    if root is not None:
        root.backward()
        assert all(type(x.grad) is float for x in leaves)
        root.zero_grad()
        tried(lambda: root.backward(create_graph=True))


@given(
    st.sampled_from(list(OPS.values())),
    st.lists(finite(-50, 50).filter(lambda x: x == 0 or abs(x) > 1e-6), min_size=3, max_size=3),
)
def test_every_row_is_right_far_outside_of_its_smooth_region(op: Any, xs: list[float]) -> None:
    """Kinks, saturation, poles close by: numbers, rules and sums."""
    root = tried(apply, op, *[Value(x) for x in xs[: op.arity or 3]])
    if root is not None and math.isfinite(root.data) and abs(root.data) < 1e100:
        assert first_wrong(root) is None


@given(st.sampled_from([grad, jacobian, hessian, value_and_grad, derivative]), operands, operands)
def test_transforms_take_numbers_and_refuse_the_rest(transform: Any, x: Any, c: Any) -> None:
    tried(transform(lambda t: t * t * c), x)
    tried(transform(lambda t: c), x)
    tried(hvp(lambda t: t[0] * t[0]), x, c)


@given(st.sampled_from(BINARY[:5]), st.lists(finite(0.5, 2), min_size=1, max_size=4), finite(1, 2))
def test_arrays_are_mapped_over(f: Any, xs: list[float], y: float) -> None:
    result = f(np.array(xs), Value(y))
    assert [v.data for v in result] == [f(x, y) for x in xs]
    back = f(Value(y), np.array([Value(x) for x in xs]))
    assert [v.data for v in back] == [f(y, x) for x in xs]


@given(operands, operands)
def test_the_checker_itself_raises_only_what_it_documents(x: Any, y: Any) -> None:
    def f(a: Any, b: Any) -> Any:
        return (a * 0.5 + b).tanh()

    tried(check_gradients, f, x, y)


@given(st.lists(finite(), min_size=1, max_size=3))
def test_what_is_read_only_stays_so(xs: list[float]) -> None:
    root = functions.total([Value(x) for x in xs])
    for name in ("op", "inputs", "is_leaf", "unheard_of"):
        with pytest.raises(AttributeError):
            setattr(root, name, None)
    assert len(topological_order(root)) == len(xs) + 1

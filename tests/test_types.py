"""What a type checker knows of Values: these statements are checked by pyright."""

from __future__ import annotations

from typing import assert_type

from autograd_mini import Value, exp, logsumexp, tanh, total


def test_a_value_gives_a_value_and_a_number_a_float() -> None:
    x, y = Value(2.0), Value(3.0)
    assert_type(x + y, Value)
    assert_type(x * 2.0, Value)
    assert_type(2.0 * x, Value)
    assert_type(2 - x, Value)
    assert_type(x / y, Value)
    assert_type(1 / x, Value)
    assert_type(x**2, Value)
    assert_type(2.0**x, Value)
    assert_type(-x, Value)
    assert_type(abs(x), Value)
    assert_type(exp(x), Value)
    assert_type(tanh(0.5), float)
    assert_type(total([x, y]), Value)
    assert_type(logsumexp([1.0, 2.0]), float)
    assert_type(x.tanh(), Value)
    assert_type(x.data, float)

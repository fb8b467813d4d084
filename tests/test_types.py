"""What a type checker knows of Values: these statements are checked by pyright."""

from __future__ import annotations

from typing import assert_type

from autograd_mini import (
    Value,
    dot,
    exp,
    huber,
    leaky_relu,
    logsumexp,
    maximum,
    take,
    tanh,
    total,
    where,
)


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


def test_a_value_in_any_place_gives_a_value() -> None:
    x, y = Value(2.0), Value(3.0)
    assert_type(maximum(x, 0.0), Value)
    assert_type(maximum(0.0, x), Value)
    assert_type(maximum(0.0, 1.0), float)
    assert_type(where(x > y, x, 0.0), Value)
    assert_type(where(True, 0.0, y), Value)
    assert_type(where(True, 0.0, 1.0), float)
    assert_type(dot([x, y], [1.0, 2.0]), Value)
    assert_type(dot([1.0, 2.0], [x, y], bias=0.5), Value)
    assert_type(dot([1.0], [2.0], 0.5), float)
    assert_type(huber(x, delta=2.0), Value)
    assert_type(leaky_relu(x, 0.1), Value)
    assert_type(take([x, y], 1), Value)

"""check_engine: other people's scalar classes, right ones and some with a planted mistake."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from autograd_mini import Value
from autograd_mini.testing import GradientMismatchError, check_engine
from tests.shared import python

RIGHT = """
import math
class Value:
    def __init__(self, data, _children=(), _op=""):
        self.data, self.grad, self._prev, self._backward = data, 0, _children, lambda: None
    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data + other.data, (self, other))
        def _backward():
            self.grad += out.grad
            other.grad += out.grad
        out._backward = _backward
        return out
    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data * other.data, (self, other))
        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad
        out._backward = _backward
        return out
    def __pow__(self, n):
        assert isinstance(n, (int, float))
        out = Value(self.data**n, (self,))
        def _backward():
            self.grad += n * self.data ** (n - 1) * out.grad
        out._backward = _backward
        return out
    def tanh(self):
        t = math.tanh(self.data)
        out = Value(t, (self,))
        def _backward():
            self.grad += (1 - t**2) * out.grad
        out._backward = _backward
        return out
    def __neg__(self):
        return self * -1
    def __sub__(self, other):
        return self + -other
    def __rsub__(self, other):
        return -self + other
    def backward(self):
        order, seen = [], set()
        def build(v):
            if v not in seen:
                seen.add(v)
                for p in v._prev:
                    build(p)
                order.append(v)
        build(self)
        self.grad = 1
        for v in reversed(order):
            v._backward()
"""
PLANTED = [
    ("(1 - t**2)", "(1 + t**2)", "tanh", "sign"),
    ("(1 - t**2)", "(1 - self.data**2)", "tanh", "wrong operand"),
    ("(1 - t**2)", "(-(t**2))", "tanh", "dropped term"),
    ("(1 - t**2) * out.grad", "(1 - t**2)", "tanh", "factor"),
    ("(1 - t**2)", "2 * (1 - t**2)", "tanh", "factor"),
    ("self.grad += other.data *", "self.grad += self.data *", "mul", "wrong operand"),
    ("self.grad += other.data *", "self.grad = other.data *", "mul", "overwritten"),
    ("            other.grad += out.grad\n", "", "add", "dropped term"),
    ("n * self.data", "self.data", "pow", "factor"),
    ("return -self + other", "return self + -other", "sub", "constants on the left"),
    ("in reversed(order)", "in order", "backward", "wrong order"),
    ("self.grad = 1\n", "self.grad += 1\n", "backward", "never cleared"),
    (
        "            v._backward()",
        "            v.grad = 0\n            v._backward()",
        "backward",
        "cleared too late",
    ),
    ("t = math.tanh(self.data)", "t = math.tanh(self.dta)", "tanh", "raises"),
]


def checked(tmp_path: Path, source: str, *options: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "student.py").write_text(source)
    command = ("-m", "autograd_mini", "check", "--engine", "student.py:Value", "--json")
    return python(*command, *options, cwd=tmp_path)


@pytest.mark.parametrize(("right", "wrong", "operation", "kind"), PLANTED)
def test_a_planted_mistake_is_named(
    tmp_path: Path, right: str, wrong: str, operation: str, kind: str
) -> None:
    assert right in RIGHT
    run = checked(tmp_path, RIGHT.replace(right, wrong, 1))
    told = json.loads(run.stdout)
    assert run.returncode == 1
    assert not told["ok"]
    assert kind in told["operations"][operation]["mistake"]
    assert "Value(" in told["operations"][operation]["program"]


def test_a_right_engine_passes_and_gets_all_points(tmp_path: Path) -> None:
    run = checked(tmp_path, RIGHT + "\nprint('loaded')\n", "--points", "40")
    told = json.loads(run.stdout)
    assert (run.returncode, told["ok"]) == (0, True)
    assert told["points"] == {"got": 40.0, "of": 40.0}


def test_what_cannot_be_run_is_status_2(tmp_path: Path) -> None:
    assert checked(tmp_path, "Value = 3").returncode == 2
    run = checked(tmp_path, RIGHT, "--names", "value,grad,backward")
    assert run.returncode == 2
    assert "no attribute 'value'" in run.stderr


def test_our_own_engine_is_right_and_an_unknown_operation_is_refused() -> None:
    assert check_engine(Value, ops=["add", "*", "tanh", "pow"]).ok
    with pytest.raises(ValueError, match="no operation 'tahn'"):
        check_engine(Value, ops=["tahn"])


def test_the_error_carries_the_report() -> None:
    space: dict[str, object] = {"__name__": "student"}
    exec(RIGHT.replace("1 - t**2", "t**2 - 1"), space)
    with pytest.raises(GradientMismatchError, match="tanh  sign") as caught:
        check_engine(space["Value"])  # pyright: ignore[reportArgumentType]
    assert (caught.value.op, caught.value.kind) == ("tanh", "sign")

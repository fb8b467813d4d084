"""check_engine: other people's scalar classes, right ones and some with a planted mistake."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from autograd_mini import Value
from autograd_mini.cli.scripts import resolve_name
from autograd_mini.testing import GradientMismatchError, check_engine
from autograd_mini.testing.engines import engine_report
from autograd_mini.testing.isolation import Isolated
from autograd_mini.testing.subject import Terms
from autograd_mini.testing.verdicts import EngineReport
from tests.shared import THOROUGH, python

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
    def __radd__(self, other):
        return self + other
    def __rmul__(self, other):
        return self * other
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
SINGLE = RIGHT.replace("= data, 0,", "= single(data), single(0),")
OF_NUMPY = "from numpy import float32 as single\n"
OF_TORCH = "import torch\ndef single(x): return torch.tensor(float(x))\n"
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
    (
        "    def __mul__(self, other):\n",
        "    def __mul__(self, other):\n        other.data\n",
        "mul",
        "",
    ),
    (
        "    def __radd__(self, other):\n        return self + other\n",
        "",
        "add",
        "constants on the left",
    ),
]


# In other styles: each with its own mistakes.

TAPE = """
import math
tape = []
class Var:
    def __init__(self, value, requires_grad=False):
        self.value, self.derivative = value, None
    def _receive(self, g):
        self.derivative = g if self.derivative is None else self.derivative + g
def record(value, *parts):
    out = Var(value)
    tape.append((out, parts))
    return out
def wrap(x):
    return x if isinstance(x, Var) else Var(x)
def add(a, b):
    return record(a.value + b.value, (a, 1.0), (b, 1.0))
def mul(a, b):
    return record(a.value * b.value, (a, b.value), (b, a.value))
def div(a, b):
    return record(a.value / b.value, (a, 1.0 / b.value), (b, -a.value / b.value**2))
def sin(a):
    return record(math.sin(a.value), (a, math.cos(a.value)))
def sqrt(a):
    return record(math.sqrt(a.value), (a, 0.5 / math.sqrt(a.value)))
def backprop(root):
    for out, _ in tape:
        out.derivative = None
    root._receive(1.0)
    for out, parts in reversed(tape):
        if out.derivative is not None:
            for x, slope in parts:
                x._receive(out.derivative * slope)
    tape.clear()
"""
CLOSURES = """
from math import exp, log
class Node:
    def __init__(self, data, _prev=(), label=""):
        self.data, self.grad, self._prev, self.label = float(data), 0.0, set(_prev), label
        self.back = lambda g: None
    def __radd__(self, c): return self + c
    def __rmul__(self, c): return self * c
    def __add__(self, b):
        b = b if isinstance(b, Node) else Node(b)
        out = Node(self.data + b.data, (self, b))
        out.back = lambda g: (self.pull(g), b.pull(g))
        return out
    def __mul__(self, b):
        b = b if isinstance(b, Node) else Node(b)
        out = Node(self.data * b.data, (self, b))
        out.back = lambda g: (self.pull(b.data * g), b.pull(self.data * g))
        return out
    def __truediv__(self, b):
        return self * b**-1
    def __pow__(self, n):
        out = Node(self.data**n, (self,))
        out.back = lambda g: self.pull(n * self.data ** (n - 1) * g)
        return out
    def exp(self):
        out = Node(exp(self.data), (self,))
        out.back = lambda g: self.pull(out.data * g)
        return out
    def log(self):
        out = Node(log(self.data), (self,))
        out.back = lambda g: self.pull(g / self.data)
        return out
    def relu(self):
        out = Node(max(0.0, self.data), (self,))
        out.back = lambda g: self.pull((self.data > 0) * g)
        return out
    def pull(self, g):
        self.grad += g
        self.back(g)
    def backward(self):
        self.pull(1.0)
"""
TAPE_IN_SINGLE = TAPE.replace(" = value, None", " = single(value), None")
STYLES = {
    "tape": (TAPE, "Var", "value,derivative,backprop"),
    "tape in single precision": (OF_NUMPY + TAPE_IN_SINGLE, "Var", "value,derivative,backprop"),
    "closures": (CLOSURES, "Node", "data,grad,backward"),
    "micrograd": (RIGHT, "Value", "data,grad,backward"),
    "micrograd in single precision": (OF_NUMPY + SINGLE, "Value", "data,grad,backward"),
}
IN_OTHER_STYLES = [
    ("tape", "-a.value / b.value**2", "a.value / b.value**2", "div", "sign"),
    ("tape", "-a.value / b.value**2", "-1.0 / b.value**2", "div", "factor"),
    ("tape", "-a.value / b.value**2", "-b.value / a.value**2", "div", "wrong operand"),
    ("tape", "def mul(a, b):", "def mul(a, b):\n    if b == 3: return a", "mul", "constants"),
    ("tape", "math.cos(a.value)", "-math.cos(a.value)", "sin", "sign"),
    ("tape", "0.5 / math.sqrt", "1.0 / math.sqrt", "sqrt", "factor"),
    ("tape", "(a, b.value), (b, a.value)", "(a, b.value)", "mul", "dropped term"),
    ("tape", "in reversed(tape)", "in tape", "backward", "wrong order"),
    ("closures", "out.data * g", "self.data * g", "exp", "wrong operand"),
    ("closures", "self.pull((self.data > 0) * g)", "self.pull(g)", "relu", "factor"),
    ("closures", "g / self.data", "g * self.data", "log", "factor"),
    ("closures", "self.grad += g", "self.grad = g", "backward", "overwritten"),
    ("closures", "        self.back(g)", "        while True: pass", "backward", "no end"),
]


def checked(tmp_path: Path, source: str, *options: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "student.py").write_text(source)
    command = ("-m", "autograd_mini", "check", "--engine", "student.py:Value", "--json")
    return python(*command, *options, cwd=tmp_path)


@pytest.mark.parametrize("source", [RIGHT, OF_NUMPY + SINGLE], ids=["double", "single"])
@pytest.mark.parametrize(("right", "wrong", "operation", "kind"), PLANTED)
def test_a_planted_mistake_is_named(
    tmp_path: Path, source: str, right: str, wrong: str, operation: str, kind: str
) -> None:
    assert right in source
    report = reported(tmp_path, source.replace(right, wrong, 1), "Value", "data,grad,backward")
    assert not report.ok
    assert kind in report.operations[operation].mistake
    assert "Value(" in report.operations[operation].program


def test_the_command_line_says_what_the_report_does(tmp_path: Path) -> None:
    for right, wrong, operation, kind in PLANTED[:1]:
        source = RIGHT.replace(right, wrong, 1)
        run = checked(tmp_path, source)
        assert run.returncode == 1
        told = json.loads(run.stdout)
        report = reported(tmp_path, source, "Value", "data,grad,backward")
        assert (told["ok"], report.ok) == (False, False)
        assert kind in told["operations"][operation]["mistake"]
        assert {name: found["mistake"] for name, found in told["operations"].items()} == {
            name: found.mistake for name, found in report.operations.items()
        }
        assert "Value(" in told["operations"][operation]["program"]


@pytest.mark.parametrize(("style", "right", "wrong", "operation", "kind"), IN_OTHER_STYLES)
def test_a_planted_mistake_is_named_in_other_styles(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    style: str,
    right: str,
    wrong: str,
    operation: str,
    kind: str,
) -> None:
    source, name, names = STYLES[style]
    assert right in source
    if kind == "no end":  # five programs are waited for
        monkeypatch.setitem(Isolated.__init__.__kwdefaults__ or {}, "seconds", 0.1)
    report = reported(tmp_path, source.replace(right, wrong, 1), name, names)
    found = report.operations
    if kind == "overwritten":  # every operation goes through the one line
        kinds = {r.kind.split(" ")[0] for r in found.values() if not r.ok}
        assert "overwritten" in kinds
        assert kinds <= {"overwritten", "follows"}
        assert found["div"].kind == "follows from mul"  # of several, always the first by name
    else:
        assert kind in found[operation].mistake, str(report)
        assert [n for n, r in found.items() if not r.ok] == [operation]


@pytest.mark.parametrize("style", STYLES)
def test_right_engines_of_each_style_raise_no_alarm(tmp_path: Path, style: str) -> None:
    for seed in range(3 if THOROUGH else 1):
        report = reported(tmp_path, *STYLES[style], seed)
        assert report.ok, str(report)


@pytest.mark.torch
def test_an_engine_of_torch_scalars_is_judged_in_their_precision(tmp_path: Path) -> None:
    pytest.importorskip("torch")  # before the children fork
    right = OF_TORCH + SINGLE
    assert reported(tmp_path, right, "Value", "data,grad,backward").ok
    wrong = right.replace("(1 - t**2)", "1.001 * (1 - t**2)", 1)
    report = reported(tmp_path, wrong, "Value", "data,grad,backward")
    assert report.operations["tanh"].kind == "factor"


def test_where_processes_cannot_fork_an_engine_is_judged_in_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, name, names = STYLES["tape"]
    elsewhere = reported(tmp_path, source.replace("math.cos", "-math.cos", 1), name, names)
    monkeypatch.delattr("os.fork")
    monkeypatch.syspath_prepend(tmp_path)  # forgotten afterwards, as is the module
    here = reported(tmp_path, source.replace("math.cos", "-math.cos", 1), name, names)
    del sys.modules["student"]
    assert str(here) == str(elsewhere)
    assert not here.ok


def reported(tmp_path: Path, source: str, name: str, names: str, seed: int = 0) -> EngineReport:
    (tmp_path / "student.py").write_text(source)
    data, grad, backward = names.split(",")
    return engine_report(
        lambda: resolve_name(f"{tmp_path / 'student.py'}:{name}"),
        names=Terms(backward, data, grad),
        seed=seed,
    )


def test_operands_that_are_swapped_are_named_and_an_order_is_blamed_alone(tmp_path: Path) -> None:
    swapped = RIGHT.replace("return -self + other", "return self + -other")
    report = reported(tmp_path, swapped, "Value", "data,grad,backward")
    assert "the operands are swapped" in report.operations["sub"].mistake
    forward = RIGHT.replace("in reversed(order)", "in order")
    report = reported(tmp_path, forward, "Value", "data,grad,backward")
    assert [n for n, r in report.operations.items() if not r.ok] == ["backward"]


def test_an_order_that_only_shared_results_betray_is_blamed_on_the_pass(tmp_path: Path) -> None:
    met = RIGHT.replace("                order.append(v)\n", "").replace("reversed(order)", "order")
    first = met.replace("seen.add(v)\n", "seen.add(v); order.append(v)\n")
    report = reported(tmp_path, first, "Value", "data,grad,backward")
    assert [n for n, r in report.operations.items() if not r.ok] == ["backward"]
    assert "no topological sort" in report.operations["backward"].mistake
    assert "t2" not in report.operations["backward"].program  # it is shrunk


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


def test_a_backward_pass_without_a_name_may_be_handed_over() -> None:
    assert check_engine(Value, ["mul"], backward=lambda root: root.backward()).ok

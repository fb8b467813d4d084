"""check_backward: backward passes written by hand, right ones and some with a planted mistake."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from autograd_mini.testing import GradientMismatchError, check_backward
from autograd_mini.testing.backward import isolated_report
from tests.shared import python

np = pytest.importorskip("numpy")


class Pass(NamedTuple):
    forward: Callable[..., Any]
    backward: Callable[..., Any]
    shapes: tuple[tuple[int, ...], ...]
    labels: int = 0  # classes, of a last argument with whole numbers

    def inputs(self, seed: int) -> list[Any]:
        rng = np.random.default_rng(seed)
        xs = [rng.normal(size=shape) for shape in self.shapes]
        if self.labels:
            xs.append(rng.integers(0, self.labels, size=self.shapes[0][0]))
        return xs


def softmax(x: Any) -> Any:
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def softmax_back(g: Any, x: Any) -> Any:
    y = softmax(x)
    return y * (g - (g * y).sum(-1, keepdims=True))


def cross_entropy(x: Any, labels: Any) -> Any:
    return -np.log(softmax(x))[np.arange(len(x)), labels].mean()


def cross_entropy_back(g: Any, x: Any, labels: Any) -> Any:
    d = softmax(x)
    d[np.arange(len(x)), labels] -= 1.0
    return g * d / len(x), None


def layer_norm(x: Any, gain: Any, bias: Any) -> Any:
    c = x - x.mean(-1, keepdims=True)
    return c / np.sqrt((c * c).mean(-1, keepdims=True) + 1e-5) * gain + bias


def layer_norm_back(g: Any, x: Any, gain: Any, bias: Any) -> Any:
    c = x - x.mean(-1, keepdims=True)
    s = np.sqrt((c * c).mean(-1, keepdims=True) + 1e-5)
    n, d = c / s, g * gain
    dx = (d - d.mean(-1, keepdims=True) - n * (d * n).mean(-1, keepdims=True)) / s
    return dx, (g * n).sum(0), g.sum(0)


def conv1d(x: Any, w: Any) -> Any:
    return np.array([x[i : i + len(w)] @ w for i in range(len(x) - len(w) + 1)])


def conv1d_back(g: Any, x: Any, w: Any) -> Any:
    return np.convolve(g, w), np.array([x[k : k + len(g)] @ g for k in range(len(w))])


def logsumexp(x: Any) -> Any:
    return np.log(np.exp(x - x.max()).sum()) + x.max()


def attention(q: Any, k: Any, v: Any) -> Any:
    return softmax(q @ k.T / math.sqrt(q.shape[1])) @ v


def attention_back(g: Any, q: Any, k: Any, v: Any) -> Any:
    root = math.sqrt(q.shape[1])
    d = softmax_back(g @ v.T, q @ k.T / root) / root
    return d @ k, d.T @ q, softmax(q @ k.T / root).T @ g


ROWS = np.array([0, 2, 2, 1, 0])


def gather(table: Any) -> Any:
    return table[ROWS]


def gather_back(g: Any, table: Any) -> Any:
    d = np.zeros_like(table)
    np.add.at(d, ROWS, g)
    return d


def gather_overwrites(g: Any, table: Any) -> Any:
    d = np.zeros_like(table)
    d[ROWS] = g
    return d


RIGHT = {
    "softmax": Pass(softmax, softmax_back, ((3, 4),)),
    "cross entropy": Pass(cross_entropy, cross_entropy_back, ((5, 4),), 4),
    "matmul": Pass(lambda a, b: a @ b, lambda g, a, b: (g @ b.T, a.T @ g), ((3, 4), (4, 2))),
    "broadcast": Pass(lambda x, b: x + b, lambda g, x, b: (g, g.sum(0)), ((5, 3), (3,))),
    "mean": Pass(lambda x: x.mean(), lambda g, x: np.full(x.shape, g / x.size), ((3, 4),)),
    "layer norm": Pass(layer_norm, layer_norm_back, ((4, 6), (6,), (6,))),
    "conv1d": Pass(conv1d, conv1d_back, ((9,), (3,))),
    "logsumexp": Pass(logsumexp, lambda g, x: g * softmax(x), ((7,),)),
    "relu": Pass(lambda x: np.maximum(x, 0), lambda g, x: g * (x > 0), ((6, 5),)),
    "linear": Pass(
        lambda x, w, b: np.einsum("nti,oi->nto", x, w) + b,
        lambda g, x, w, b: (g @ w, np.einsum("nto,nti->oi", g, x), g.sum((0, 1))),
        ((2, 3, 4), (5, 4), (5,)),
    ),
    "outer": Pass(np.outer, lambda g, x, y: (g @ y, g.T @ x), ((3,), (4,))),
    "attention": Pass(attention, attention_back, ((3, 4), (5, 4), (5, 2))),
    "gather": Pass(gather, gather_back, ((4, 2),)),
    "tanh": Pass(lambda x: np.tanh(x), lambda g, x: g * (1 - np.tanh(x) ** 2), ((3, 3),)),
    "sigmoid": Pass(
        lambda x: 1 / (1 + np.exp(-x)),
        lambda g, x: g / (1 + np.exp(-x)) / (1 + np.exp(x)),
        ((4, 2),),
    ),
    "square": Pass(lambda x: x @ x.T, lambda g, x: (g + g.T) @ x, ((3, 3),)),
    "product": Pass(lambda x, y: x * y + x, lambda g, x, y: (g * y + g, g * x), ((3,), (3,))),
}


def wrong(name: str, backward: Callable[..., Any]) -> Pass:
    return RIGHT[name]._replace(backward=backward)


def _softmax_without_sum(g: Any, x: Any) -> Any:
    return softmax(x) * g


def _softmax_plus(g: Any, x: Any) -> Any:
    y = softmax(x)
    return y * (g + (g * y).sum(-1, keepdims=True))


def _norm_without_mean(g: Any, x: Any, gain: Any, bias: Any) -> Any:
    s = np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    return g * gain / s, *layer_norm_back(g, x, gain, bias)[1:]


def _no_division(g: Any, x: Any, labels: Any) -> Any:
    return cross_entropy_back(g, x, labels)[0] * len(x), None


PLANTED = {
    "sign": (wrong("matmul", lambda g, a, b: (g @ b.T, -a.T @ g)), "b", "sign"),
    "factor of an axis": (
        wrong("matmul", lambda g, a, b: (2 * g @ b.T, a.T @ g)),
        "a",
        "factor",
    ),
    "factor": (wrong("tanh", lambda g, x: 2 * g * (1 - np.tanh(x) ** 2)), "x", "factor"),
    "transposed": (
        Pass(lambda w, x: w @ x, lambda g, w, x: (np.outer(x, g), w.T @ g), ((3, 3), (3,))),
        "w",
        "transposed",
    ),
    "missing sum": (wrong("broadcast", lambda g, x, b: (g, g)), "b", "missing sum"),
    "first row only": (wrong("broadcast", lambda g, x, b: (g, g[0])), "b", "missing sum"),
    "last row only": (wrong("broadcast", lambda g, x, b: (g, g[-1])), "b", "overwritten"),
    "mean for sum": (wrong("broadcast", lambda g, x, b: (g, g.mean(0))), "b", "factor"),
    "missing 1/N": (wrong("mean", lambda g, x: np.full(x.shape, g)), "x", "missing 1/N"),
    "no 1/N in a loss": (wrong("cross entropy", _no_division), "x", "missing 1/N"),
    "overwritten": (wrong("gather", gather_overwrites), "table", "overwritten"),
    "dropped sum": (wrong("softmax", _softmax_without_sum), "x", "dropped term"),
    "inner sign": (wrong("softmax", _softmax_plus), "x", "sign"),
    "dropped means": (wrong("layer norm", _norm_without_mean), "x", "dropped term"),
    "dropped term": (wrong("product", lambda g, x, y: (g * y, g * x)), "x", "dropped term"),
    "input for output": (
        wrong("tanh", lambda g, x: g * (1 - x**2)),
        "x",
        "saved the wrong tensor",
    ),
    "output for input": (
        wrong("tanh", lambda g, x: g * (1 - np.tanh(np.tanh(x)) ** 2)),
        "x",
        "saved the wrong tensor",
    ),
    "swapped": (
        Pass(lambda x, y: x * y, lambda g, x, y: (g * x, g * y), ((3,), (3,))),
        "x",
        "saved the wrong tensor",
    ),
    "kernel": (
        wrong("conv1d", lambda g, x, w: (np.convolve(g, w), conv1d_back(g, x, w)[1][::-1])),
        "w",
        "reversed",
    ),
    "softmax's diagonal": (
        wrong("softmax", lambda g, x: softmax(x) * (1 - softmax(x)) * g),
        "x",
        "dropped term",
    ),
    "another order": (
        wrong("attention", lambda g, *x: [attention_back(g, *x)[i] for i in (1, 0, 2)])._replace(
            shapes=((4, 3), (4, 3), (4, 2))
        ),
        "q",
        "wrong place",
    ),
    "not reversed on the way back": (
        Pass(lambda x: np.cumsum(x), lambda g, x: np.cumsum(g), ((5,),)),
        "x",
        "transposed",
    ),
    "another matrix is not transposed": (
        wrong("matmul", lambda g, a, b: (g @ b, a.T @ g))._replace(shapes=((2, 3), (3, 3))),
        "a",
        "transposed",
    ),
    "before the exponential": (
        Pass(lambda x, y: np.exp(x) * y, lambda g, x, y: (g * x * y, g * np.exp(x)), ((3,), (3,))),
        "x",
        "saved the wrong tensor",
    ),
    "unflipped": (
        wrong("conv1d", lambda g, x, w: (np.convolve(g, w[::-1]), conv1d_back(g, x, w)[1])),
        "x",
        "reversed",
    ),
    "a term of one number": (
        Pass(lambda a, b: a * b + a / b, lambda g, a, b: (g * b, g * (a - a / b**2)), ((), ())),
        "a",
        "dropped term",
    ),
    "no upstream": (wrong("logsumexp", lambda g, x: softmax(x)), "x", "upstream ignored"),
    "half of it": (wrong("square", lambda g, x: g @ x), "x", ""),
    "all zero": (wrong("relu", lambda g, x: 0 * g), "x", "dropped term"),
    "nan": (wrong("relu", lambda g, x: g * (x > 0) / (x > 0)), "x", "nan"),
    "scale": (
        wrong(
            "attention",
            lambda g, q, k, v: (2 * attention_back(g, q, k, v)[0], *attention_back(g, q, k, v)[1:]),
        ),
        "q",
        "",
    ),
    "shape": (wrong("mean", lambda g, x: np.full(x.T.shape, g / x.size)), "x", "transposed"),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_backward_pass_raises_no_alarm(name: str) -> None:
    case = RIGHT[name]
    for seed in range(10):
        assert check_backward(case.forward, case.backward, *case.inputs(seed)).ok


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_mistake_is_named(name: str) -> None:
    case, argument, kind = PLANTED[name]
    for seed in range(3):
        with pytest.raises(GradientMismatchError) as caught:
            check_backward(case.forward, case.backward, *case.inputs(seed))
        assert caught.value.op == argument
        assert kind in caught.value.kind, str(caught.value)
        report = caught.value.report
        assert report is not None
        others = {n: r.ok for n, r in report.operations.items() if n != argument}
        assert all(others.values()) or name in ("swapped", "another order")


def test_numbers_and_lists_need_no_arrays() -> None:
    report = check_backward(lambda x: math.sin(x), lambda g, x: g * math.cos(x), 0.7)
    assert str(report) == "ok: 1 gradient\n  ok    x"
    with pytest.raises(GradientMismatchError) as caught:
        check_backward(
            lambda xs: sum(x * x for x in xs), lambda g, xs: [g * x for x in xs], [1.0, 2.5]
        )
    error = caught.value
    assert (error.op, error.kind, error.argument) == ("xs", "factor", 0)
    assert error.entry in ("[0]", "[1]")
    assert math.isclose(error.expected, 2.0 * error.got, rel_tol=1e-6)


def test_the_program_of_a_report_can_be_run(capsys: pytest.CaptureFixture[str]) -> None:
    def backward(g: Any, x: Any) -> Any:
        return g * x

    with pytest.raises(GradientMismatchError) as caught:
        check_backward(lambda x: x * x, backward, np.array([1.0, -2.0]))
    exec(caught.value.source, {"backward": backward})
    assert f"{caught.value.got:.4g}"[:4] in capsys.readouterr().out


def test_a_wrong_entry_among_many_is_found_with_few_calls() -> None:
    x = np.random.default_rng(0).normal(size=(50, 80))
    calls = 0

    def forward(x: Any) -> Any:
        nonlocal calls
        calls += 1
        return (x * x).sum()

    assert check_backward(forward, lambda g, x: 2 * g * x, x).ok
    assert calls < 60

    def backward(g: Any, x: Any) -> Any:
        d = 2 * g * x
        d[12, 34] += g
        return d

    with pytest.raises(GradientMismatchError) as caught:
        check_backward(forward, backward, x)
    assert caught.value.entry == "[12, 34]"


def test_what_no_backward_pass_may_do_is_said() -> None:
    def in_place(g: Any, x: Any) -> Any:
        x *= 2
        return g * x

    x = np.array([1.0, 2.0])
    for backward, words in (
        (in_place, "changes x in place"),
        (lambda g, x: (g, g), "2 gradients for 1 input"),
        (lambda g, x: g / 0.0 if isinstance(g, float) else {}["a"], "KeyError"),
        (lambda g, x: np.append(g, 1.0), "wrong shape"),
        (lambda g, x: "seven", "raises"),
    ):
        with pytest.raises(GradientMismatchError, match=words):
            check_backward(lambda x: x * x, backward, x)
    assert list(x) == [1.0, 2.0]
    rng = random.Random(0)
    with pytest.raises(GradientMismatchError, match="two answers"):
        check_backward(lambda x: x * rng.random(), lambda g, x: g, 2.0)


def test_all_zero_proves_nothing() -> None:
    """Where the function is flat, another point is looked at."""

    def forward(x: Any) -> Any:
        return max(x, 0.0)

    report = check_backward(forward, lambda g, x: g * (x > 0), -1.0)
    assert "proves nothing" in str(report)
    with pytest.raises(GradientMismatchError) as caught:
        check_backward(forward, lambda g, x: 0.0, -1.0)
    assert caught.value.kind == "dropped term"
    assert "does not change" in str(check_backward(lambda x: 3.0, lambda g, x: 0.0, 1.0))


def test_four_matrices_of_zeros_are_checked_elsewhere() -> None:
    def wrong_second(g: Any, a: Any, b: Any) -> Any:
        return g @ b.T, 2 * a.T @ g

    zeros = np.zeros((3, 3))
    with pytest.raises(GradientMismatchError) as caught:
        check_backward(lambda a, b: a @ b, wrong_second, zeros, zeros)
    assert (caught.value.op, caught.value.kind) == ("b", "factor")


def test_what_cannot_be_checked_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="forward fails: ZeroDivisionError"):
        check_backward(lambda x: 1 / x, lambda g, x: g, 0.0)
    with pytest.raises(ValueError, match="forward gives nan"):
        check_backward(lambda x: math.nan, lambda g, x: g, 1.0)


JAX_PASSES: dict[str, Callable[[Any], tuple[Any, Any]]] = {
    "sine": lambda jnp: (jnp.sin, lambda g, x: g * jnp.cos(x)),
    "sum of squares": lambda jnp: (lambda x: (x * x).sum(), lambda g, x: 2.0 * g * x),
    "outer product": lambda jnp: (lambda x: jnp.outer(x, x), lambda g, x: g @ x + x @ g),
}


@pytest.mark.parametrize("name", JAX_PASSES)
def test_single_precision_that_rounds_what_it_is_given_is_no_mistake(name: str) -> None:
    jnp = pytest.importorskip("jax.numpy")  # without jax_enable_x64
    forward, backward = JAX_PASSES[name](jnp)
    x = jnp.array([0.3, -1.2, 2.1])
    assert check_backward(forward, backward, x).ok
    with pytest.raises(GradientMismatchError, match="factor") as caught:
        check_backward(forward, lambda g, x: 5.0 * backward(g, x), x)
    script = str(caught.value)
    script = script[script.index("import jax") : script.index("print(")]
    namespace: dict[str, Any] = {}
    exec("\n".join(map(str.strip, script.splitlines())), namespace)
    assert namespace["upstream"].shape == forward(x).shape


@pytest.mark.torch
def test_a_torch_function_is_two_lines() -> None:
    torch = pytest.importorskip("torch")

    class Cube(torch.autograd.Function):
        power = 2

        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (x,) = ctx.saved_tensors
            return 3 * x**Cube.power * g

    def backward(g: Any, x: Any) -> Any:
        x = x.requires_grad_()
        return torch.autograd.grad(Cube.apply(x), x, g)

    x = torch.tensor([0.5, -1.5])
    assert check_backward(Cube.apply, backward, x).ok
    Cube.power = 1
    with pytest.raises(GradientMismatchError, match="factor"):
        check_backward(Cube.apply, backward, x)


STUDENT = """
import numpy as np
print("hello")
def forward(x, w):
    return np.tanh(x @ w)
def backward(g, x, w):
    d = g * (1 - np.tanh(x @ w) ** 2)
    return d @ w.T, x.T @ d
"""


def command(tmp_path: Path, source: str, *options: str) -> Any:
    (tmp_path / "student.py").write_text(source)
    target = ("--vjp", "student.py:forward,backward", *options)
    return python("-m", "autograd_mini", "check", *target, cwd=tmp_path)


def test_the_command_line_checks_a_backward_pass(tmp_path: Path) -> None:
    inputs = ("--inputs", "[[1,-2],[0.5,3]]", "[[0.3],[-0.1]]")
    run = command(tmp_path, STUDENT, *inputs)
    assert (run.returncode, run.stdout) == (0, "ok: 2 gradients\n  ok    x\n  ok    w\n")
    run = command(tmp_path, STUDENT.replace("x.T @ d", "-x.T @ d"), *inputs, "--json")
    told = json.loads(run.stdout)
    assert run.returncode == 1
    assert not told["ok"]
    assert told["operations"]["x"] == {"ok": True, "mistake": "", "program": ""}
    assert told["operations"]["w"]["mistake"].startswith("sign")
    assert "from student import backward" in told["operations"]["w"]["program"]
    run = command(tmp_path, STUDENT, "--json")
    assert run.returncode == 2
    assert "--inputs is missing" in json.loads(run.stdout)["error"]
    run = command(tmp_path, STUDENT.replace("def backward", "def backwards"), *inputs)
    assert run.returncode == 2
    assert "did you mean backwards?" in run.stderr


def test_a_backward_pass_that_loops_exits_or_prints_does_not_break_the_command(
    tmp_path: Path,
) -> None:
    inputs = ("--inputs", "[[1,-2],[0.5,3]]", "[[0.3],[-0.1]]", "--json")
    head, _, body = STUDENT.partition("def backward(")
    first, _, rest = body.partition("\n")

    def told(line: str) -> tuple[int, Any]:
        source = f"{head}def backward({first}\n    {line}\n{rest}"
        run = command(tmp_path, source, *inputs)
        return run.returncode, json.loads(run.stdout)

    assert told("print('noise')")[0] == 0
    status, report = told("raise KeyError('x')")
    assert (status, report["operations"]["backward"]["mistake"][:16]) == (1, "raises: KeyError")
    status, report = told("import os; os._exit(0)")
    assert status == 1
    assert report["operations"]["backward"]["mistake"] == "no answer: it ends the process"


def test_an_endless_backward_pass_is_stopped() -> None:
    def forever(upstream: float, x: float) -> float:
        while True:
            upstream += x

    report = isolated_report(lambda: (lambda x: x * x, forever, [3.0]), seconds=0.2)
    assert "does not end" in report.operations["backward"].mistake
    with pytest.raises(ValueError, match="forward does not end"):
        isolated_report(lambda: (lambda x: forever(x, x), forever, [3.0]), seconds=0.2)


def test_a_product_in_the_wrong_order_is_not_said_to_be_overwritten() -> None:
    def swapped(g: Any, a: Any, b: Any) -> Any:
        return g @ b.T, g @ a.T

    with pytest.raises(GradientMismatchError) as caught:
        check_backward(lambda a, b: a @ b, swapped, np.eye(2) + 1.0, np.arange(4.0).reshape(2, 2))
    assert "only the last contribution" not in str(caught.value)

"""Random programs give the same numbers and gradients in PyTorch and JAX, where installed.

The translation to their functions is written here by hand; both compute in double precision.
"""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_mini import OPS, Value, apply
from autograd_mini.testing import StraightLineProgram, programs

# What both call by a name of their own; None where the function is written out below.
COMMON = [
    *["add", "sub", "mul", "div", "neg", "abs", "pow", "exp", "log", "log1p", "expm1", "sqrt"],
    *["sin", "cos", "tan", "sinh", "cosh", "tanh", "asin", "acos", "atan", "atan2", "hypot"],
    *["erf", "erfc", "maximum", "minimum", "clip", "dot", "total", "product", "logsumexp"],
    *["sigmoid", "softplus", "log_sigmoid", "relu", "leaky_relu", "elu", "silu", "gelu", "mish"],
    *["softsign", "hardtanh", "norm", "amax"],
]


def same_as(lib: dict[str, Any], program: StraightLineProgram, *xs: Any) -> Any:
    """Run a program with the functions of another library."""
    results: list[Any] = []
    for name, operands in program.code:
        given_ = [results[k] if k >= 0 else xs[-k - 1] for k in operands]
        results.append(lib[name](*given_))
    return results[-1]


def arithmetic() -> dict[str, Any]:
    """Return what is spelled alike everywhere."""

    def dot(*operands: Any) -> Any:
        n = len(operands) // 2
        terms = [w * x for w, x in zip(operands[:n], operands[n : 2 * n], strict=True)]
        return sum([*terms, *operands[2 * n :]], start=0.0 * operands[0])

    return {
        "add": lambda x, y: x + y,
        "sub": lambda x, y: x - y,
        "mul": lambda x, y: x * y,
        "div": lambda x, y: x / y,
        "neg": lambda x: -x,
        "dot": dot,
        "total": lambda *xs: sum(xs[1:], start=xs[0]),
        "product": lambda *xs: math.prod(xs[1:], start=xs[0]),
    }


def torch_functions() -> dict[str, Any]:
    import torch
    from torch.nn import functional as F

    same = "pow exp log log1p expm1 sqrt sin cos tan sinh cosh tanh asin acos atan atan2 hypot"
    same += " erf erfc maximum minimum sigmoid relu"
    return {
        **arithmetic(),
        **{name: getattr(torch, name) for name in same.split()},
        "abs": torch.abs,
        "clip": lambda x, low, high: torch.clamp(x, low.detach(), high.detach()),
        "hardtanh": lambda x, low, high: F.hardtanh(x, float(low.detach()), float(high.detach())),
        "logsumexp": lambda *xs: torch.logsumexp(torch.stack(xs), 0),
        "norm": lambda *xs: torch.linalg.vector_norm(torch.stack(xs)),
        "amax": lambda *xs: torch.amax(torch.stack(xs), 0),
        "softplus": lambda x: F.softplus(x, threshold=1e9),
        "log_sigmoid": F.logsigmoid,
        "leaky_relu": lambda x, a: F.leaky_relu(x, float(a.detach())),
        "elu": lambda x, a: F.elu(x, float(a.detach())),
        "silu": F.silu,
        "gelu": F.gelu,
        "mish": F.mish,
        "softsign": F.softsign,
    }


def torch_value_and_gradient(program: StraightLineProgram) -> tuple[float, list[float]]:
    import torch

    xs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in program.inputs]
    y = same_as(torch_functions(), program, *xs)
    gradient = (
        torch.autograd.grad(y, xs, allow_unused=True) if y.requires_grad else [None] * len(xs)
    )
    return y.item(), [0.0 if g is None else float(g) for g in gradient]


def jax_functions() -> dict[str, Any]:
    import jax
    import jax.numpy as jnp

    same = "exp log log1p expm1 sqrt sin cos tan sinh cosh tanh hypot maximum minimum abs clip"
    return {
        **arithmetic(),
        **{name: getattr(jnp, name) for name in same.split()},
        **{name: getattr(jnp, "arc" + name[1:]) for name in ("asin", "acos", "atan", "atan2")},
        "pow": jnp.power,
        "erf": jax.scipy.special.erf,
        "erfc": jax.scipy.special.erfc,
        "hardtanh": jnp.clip,
        "logsumexp": lambda *xs: jax.scipy.special.logsumexp(jnp.stack(xs)),
        "norm": lambda *xs: jnp.linalg.norm(jnp.stack(xs)),
        "amax": lambda *xs: jnp.max(jnp.stack(xs)),
        "softplus": jax.nn.softplus,
        "log_sigmoid": jax.nn.log_sigmoid,
        "relu": jax.nn.relu,
        "leaky_relu": lambda x, a: jnp.where(x > 0, x, a * x),
        "elu": jax.nn.elu,
        "silu": jax.nn.silu,
        "sigmoid": jax.nn.sigmoid,
        "gelu": lambda x: jax.nn.gelu(x, approximate=False),
        "mish": lambda x: x * jnp.tanh(jax.nn.softplus(x)),
        "softsign": jax.nn.soft_sign,
    }


def jax_value_and_gradient(program: StraightLineProgram) -> tuple[float, list[float]]:
    import jax

    with jax.enable_x64(True):
        xs = [jax.numpy.float64(x) for x in program.inputs]
        f = jax.value_and_grad(
            lambda xs: same_as(jax_functions(), program, *xs) + 0.0 * sum(xs), argnums=0
        )
        y, gradient = f(xs)
        return float(y), [float(g) for g in gradient]


def on_a_kink_or_past_a_number(program: StraightLineProgram, *, options: bool) -> bool:
    """Say whether conventions differ there: JAX's at kinks, PyTorch's for options as operands."""
    leaves = [Value(x) for x in program.inputs]
    for (name, operands), result in zip(program.code, program.run(*leaves), strict=True):
        op = OPS[name]
        data = [x.data for x in result.inputs]
        if op.at_kink(*data):
            return True
        if options and name in ("clip", "hardtanh", "leaky_relu", "elu"):
            return True  # their options are no tensors in PyTorch
        if name == "pow" and data[0] <= 0.0 and operands:
            return True  # the exponent's slope is nan, spread over the graph or not
        if name in ("clip", "hardtanh") and data[1] == data[2]:
            return True
    return False


def agree(program: StraightLineProgram, other: tuple[float, list[float]]) -> None:
    report = program.check()
    leaves, root = program.build()
    root.backward()
    assert root.data == pytest.approx(other[0], rel=1e-9, abs=1e-9)
    if not report.notes:  # neither digits lost nor kinks
        size = max([1.0, *[abs(x.grad) for x in leaves]])
        assert [x.grad for x in leaves] == pytest.approx(other[1], rel=1e-7, abs=1e-9 * size)


@pytest.mark.torch
@given(program=programs(COMMON, max_ops=6))
def test_programs_agree_with_pytorch(program: StraightLineProgram) -> None:
    pytest.importorskip("torch")
    if not on_a_kink_or_past_a_number(program, options=True):
        agree(program, torch_value_and_gradient(program))


@settings(max_examples=max(20, settings().max_examples // 3))
@given(program=programs(COMMON, max_ops=6))
def test_programs_agree_with_jax(program: StraightLineProgram) -> None:
    pytest.importorskip("jax")
    if not on_a_kink_or_past_a_number(program, options=False):
        agree(program, jax_value_and_gradient(program))


KINKS = [
    *[("relu", (0.0,)), ("abs", (0.0,)), ("sqrt", (0.0,)), ("asin", (1.0,)), ("acos", (-1.0,))],
    *[("maximum", (2.0, 2.0)), ("minimum", (2.0, 2.0)), ("amax", (1.0, 3.0, 3.0))],
    *[("norm", (0.0, 0.0)), ("softsign", (0.0,)), ("pow", (0.0, 0.0)), ("pow", (0.0, 0.5))],
    *[("pow", (0.0, 1.0)), ("pow", (0.0, 2.0)), ("pow", (-2.0, 3.0)), ("atan2", (0.0, 0.0))],
]


@pytest.mark.torch
@pytest.mark.parametrize(("name", "xs"), KINKS, ids=[f"{name}{xs}" for name, xs in KINKS])
def test_slopes_at_kinks_are_pytorchs(name: str, xs: tuple[float, ...]) -> None:
    torch = pytest.importorskip("torch")
    theirs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in xs]
    ours = [Value(x) for x in xs]
    torch_functions()[name](*theirs).backward()
    apply(OPS[name], *ours).backward()
    assert [x.grad for x in ours] == pytest.approx([float(x.grad) for x in theirs], nan_ok=True)


@pytest.mark.torch
@given(st.floats(-3, 3), st.sampled_from([-1.0, 1.0]))
def test_the_bounds_of_clip_and_hardtanh_are_pytorchs(x: float, bound: float) -> None:
    torch = pytest.importorskip("torch")
    for name in ("clip", "hardtanh"):
        for at in (x, bound):
            theirs = torch.tensor(at, dtype=torch.float64, requires_grad=True)
            low, high = torch.tensor(-1.0), torch.tensor(1.0)
            torch_functions()[name](theirs, low.double(), high.double()).backward()
            ours = Value(at)
            apply(OPS[name], ours, -1.0, 1.0).backward()
            assert ours.grad == float(theirs.grad)

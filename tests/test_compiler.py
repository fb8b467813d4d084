"""Compiled programs agree with the eager engine, for whatever can be recorded."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autograd_mini import (
    DomainError,
    Program,
    Value,
    compile,
    topological_order,
)
from autograd_mini.compiler.run import _near_kink  # pyright: ignore[reportPrivateUsage]
from autograd_mini.testing import programs
from autograd_mini.value import adjoints
from nn import FNN, activations, losses
from nn.losses import mse_loss

BATCHES = (1, 2, 7, 256)
SLACK = 1e-12  # of the sum of the absolute contributions


# The measure: how far rounding alone may lead.


def contributions(root: Value, leaf_of: Sequence[Value]) -> tuple[list[float], list[float]]:
    """Return the leaves' gradients, and the sums of the absolute values of their contributions."""
    sizes: dict[Value, float] = {root: 1.0}
    for node in reversed(topological_order(root)):
        if node.op is not None:
            slopes = node.op.local(node.data, *[x.data for x in node.inputs])
            for x, slope in zip(node.inputs, slopes, strict=True):
                sizes[x] = sizes.get(x, 0.0) + abs(slope) * sizes.get(node, 0.0)
    slopes = adjoints(root)
    return [slopes.get(p, 0.0) for p in leaf_of], [sizes.get(p, 0.0) for p in leaf_of]


def shaken(root: Value, leaves: Sequence[Value], rng: random.Random) -> tuple[float, list[float]]:
    """Return value and gradients with every operation rounded at random: what they are worth."""
    order = topological_order(root)
    before = [node.data for node in order]
    try:
        for node in order:
            if node.op is not None:
                data = node.op.forward(*[x.data for x in node.inputs])
                exact = data in [x.data for x in node.inputs] or data in (0.0, 1.0)
                node.data = data if exact else data * (1.0 + rng.uniform(-4e-16, 4e-16))
        slopes = adjoints(root)
        return root.data, [slopes.get(p, 0.0) for p in leaves]
    except (ValueError, ArithmeticError):  # shaken out of a domain
        return math.nan, [math.nan] * len(leaves)
    finally:
        for node, data in zip(order, before, strict=True):
            node.data = data


def columns(batch: Sequence[Any], n: int) -> list[Any]:
    """Return example n of a batch."""
    return [np.asarray(x)[n].tolist() for x in batch]


def check_agreement(
    f: Callable[..., Any], program: Program, batch: Sequence[Any], count: int
) -> None:
    """Compare values, mean, parameter gradients and input gradients with the eager engine."""
    values = program(*batch)
    mean, gradients = program.value_and_grad(*batch)
    by_input = program.input_grad(*batch)
    assert values.shape == (count,)
    assert len(gradients) == len(program.parameters)
    eager_mean, mean_size = 0.0, 0.0
    summed = [0.0] * len(gradients)
    sizes = [0.0] * len(gradients)
    rng = random.Random(count)
    for n in range(count):
        example = columns(batch, n)
        leaves: list[Value] = []
        root = f(*[wrapped(x, leaves) for x in example])
        wanted = [*program.parameters, *leaves]
        slopes, size = contributions(root, wanted)
        noise, slope_noise = 0.0, [0.0] * len(wanted)
        for _ in range(2):
            value, noisy = shaken(root, wanted, rng)
            if not math.isfinite(value):
                return  # rounding alone leads out of a domain
            noise = max(noise, abs(value - root.data))
            slope_noise = [
                max(old, abs(a - b)) for old, a, b in zip(slope_noise, noisy, slopes, strict=True)
            ]
        slack = SLACK * abs(root.data) + 50.0 * noise
        assert abs(values[n] - root.data) <= slack
        eager_mean += root.data / count
        mean_size += slack / count
        size = [SLACK * s + 50.0 * e for s, e in zip(size, slope_noise, strict=True)]
        k = len(gradients)
        summed = [s + g / count for s, g in zip(summed, slopes[:k], strict=True)]
        sizes = [s + e / count for s, e in zip(sizes, size[:k], strict=True)]
        mine = np.concatenate([np.ravel(g[n]) for g in by_input]) if by_input else np.zeros(0)
        for got, expected, bound in zip(mine, slopes[k:], size[k:], strict=True):
            assert abs(got - expected) <= bound + 1e-300
    assert abs(mean - eager_mean) <= mean_size + 1e-300
    for got, expected, bound in zip(gradients, summed, sizes, strict=True):
        assert abs(got - expected) <= bound + 1e-300


def wrapped(x: Any, leaves: list[Value]) -> Any:
    if isinstance(x, list):
        return [wrapped(row, leaves) for row in x]
    leaves.append(Value(x))
    return leaves[-1]


# Random programs.


@pytest.mark.parametrize("count", BATCHES)
@given(data=st.data())
def test_random_programs_agree_with_eager(count: int, data: st.DataObject) -> None:
    made = data.draw(programs(max_ops=10 if count < 100 else 5))
    point = list(made.inputs)
    free = data.draw(st.integers(0, len(point)))  # so many arguments; the others are parameters
    parameters = [Value(x) for x in point[free:]]

    def f(*xs: Any) -> Any:
        return made(*xs, *parameters)

    rng = random.Random(data.draw(st.integers(0, 99)))
    rows: list[list[float]] = []
    for _ in range(count if free else 1):
        row = [x * (1.0 + 0.01 * rng.random()) for x in point[:free]]
        try:
            root = f(*[Value(x) for x in row])
        except DomainError:
            row, root = point[:free], f(*[Value(x) for x in point[:free]])
        assume(isinstance(root, Value) and not _near_kink(root))
        slopes = adjoints(root).values()
        assume(all(abs(s) < 1e30 for s in slopes))
        rows.append(row)
    batch = [np.array(column) for column in zip(*rows, strict=True)]
    program = compile(f, *rows[0])
    check_agreement(f, program, batch, len(rows))


# Networks.


LOSSES = sorted(losses.LOSSES)
SIGNED = {name for name in LOSSES if "hinge" in name and "one_vs" not in name} - {
    "categorical_hinge"
}
PROBABLE = {"bce", "binary_cross_entropy", "kl", "kl_divergence", "emd", "squared_emd"}


def loss_case(name: str) -> tuple[Callable[..., Any], FNN, list[float], list[list[float]], Any]:
    """Return a network's loss of one example, and a way to draw targets."""
    rng = np.random.default_rng(len(name))
    X = rng.normal(size=(7, 3))
    by_class = losses.get(name) in losses.CLASS_LOSSES
    if by_class:
        output: Any = "softmax" if name in PROBABLE else "log_softmax" if name == "nll" else None
        T: Any = np.eye(4)[rng.integers(0, 4, 7)]
        width = 4
    else:
        output = "sigmoid" if name in PROBABLE else "softplus" if name == "msle" else None
        T = rng.uniform(0.1, 0.9, 7)
        if name in SIGNED:
            T = np.sign(T - 0.5)
        width = 1
    model = FNN([3, 5, width], "tanh", output, seed=1)
    loss = losses.get(name)

    def f(x: Any, t: Any) -> Any:
        return loss([model(x)], [t])

    return f, model, X[0].tolist(), X, T


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_compiles_and_agrees_with_eager(name: str) -> None:
    f, _, _, X, T = loss_case(name)
    program = compile(f, X[0].tolist(), T[0].tolist())
    assert program.matrices == 2
    for count in (7, 1):
        check_agreement(f, program, [X[:count], T[:count]], count)


ELEMENTWISE = sorted(set(activations.ACTIVATIONS) - {"softmax", "log_softmax", "logsumexp"})


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_every_activation_compiles_and_agrees_with_eager(name: str) -> None:
    rng = np.random.default_rng(len(name))
    model = FNN([3, 4, 2], name, seed=2)

    def f(x: Any, t: Any) -> Any:
        return mse_loss([model(x)], [t])

    X, T = rng.normal(size=(7, 3)), rng.normal(size=(7, 2))
    program = compile(f, X[0].tolist(), T[0].tolist())
    assert program.matrices == 2
    check_agreement(f, program, [X, T], 7)
    check_agreement(f, program, [X[:1], T[:1]], 1)

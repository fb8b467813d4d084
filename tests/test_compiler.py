"""Compiled programs agree with the eager engine, for whatever can be recorded."""

from __future__ import annotations

import gc
import itertools
import linecache
import math
import random
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from fractions import Fraction
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from autograd_mini import (
    OPS,
    DivisionError,
    DomainError,
    Op,
    Program,
    RangeError,
    TraceError,
    Value,
    amax,
    apply,
    compile,
    dot,
    exp,
    grad,
    greater,
    hessian,
    hvp,
    jacobian,
    less,
    log,
    logsumexp,
    maximum,
    mean,
    norm,
    ops,
    product,
    register,
    relu,
    sigmoid,
    softplus,
    take,
    tanh,
    topological_order,
    total,
    where,
)
from autograd_mini.backprop import adjoints
from autograd_mini.compiler.kinks import near_kink, rounding_bounds
from autograd_mini.compiler.languages.numpy import definitions
from autograd_mini.compiler.languages.numpy.functions import FUNCTIONS
from autograd_mini.ops import ELEMENTARY
from autograd_mini.testing import finite, programs
from autograd_mini.testing import points as points_of
from nn import FNN, activations, features, losses
from nn.losses import mse_loss
from tests.shared import python

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
            assert got == expected or abs(got - expected) <= bound + 1e-300
    assert abs(mean - eager_mean) <= mean_size + 1e-300
    for got, expected, bound in zip(gradients, summed, sizes, strict=True):
        assert got == expected or abs(got - expected) <= bound + 1e-300


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
        assume(isinstance(root, Value) and not near_kink(topological_order(root)))
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


def loss_case(name: str) -> tuple[Callable[..., Any], Any, Any]:
    """Return a network's loss of one example, and examples with their targets."""
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

    return f, X, T


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_compiles_and_agrees_with_eager(name: str) -> None:
    f, X, T = loss_case(name)
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


# Structures.


def network_values(layers: Sequence[Any], x: Sequence[Any]) -> list[Any]:
    for ws, bs in layers:
        x = [tanh(dot(w, x, b)) for w, b in zip(ws, bs, strict=True)]
    return list(x)


def weights(*shape: int, seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    if len(shape) == 1:
        return [Value(v) for v in rng.normal(size=shape)]
    return [weights(*shape[1:], seed=seed * 31 + i + 1) for i in range(shape[0])]


def attention() -> tuple[Callable[..., Any], int]:
    Q, K, V, v = (weights(3, 3, seed=s) for s in (1, 2, 3, 4))

    def f(xs: Any) -> Any:
        q, k, h = ([[dot(w, x) for w in W] for x in xs] for W in (Q, K, V))
        outputs: list[Any] = []
        for row in q:
            scores = [dot(row, other) for other in k]
            lse = logsumexp(scores)
            shares = [exp(s - lse) for s in scores]
            outputs += [dot(shares, [h[i][j] for i in range(4)]) for j in range(3)]
        return total([dot(v[j], outputs[3 * j : 3 * j + 3]) for j in range(3)])

    return f, 4


def causal() -> tuple[Callable[..., Any], int]:
    """Attention of every position to those before it: sums of one, two, ... terms."""
    Q, K, V, v = (weights(3, 3, seed=s) for s in (31, 32, 33, 34))

    def f(xs: Any) -> Any:
        q, k, h = ([[dot(w, x) for w in W] for x in xs] for W in (Q, K, V))
        outputs: list[Any] = []
        for n, row in enumerate(q, 1):
            scores = [dot(row, other) for other in k[:n]]
            lse = logsumexp(scores)
            shares = [exp(s - lse) for s in scores]
            mixed = [dot(shares, [h[i][j] for i in range(n)]) for j in range(3)]
            outputs.append([tanh(dot(w, mixed)) for w in v])
        return total([total(y) for y in outputs])

    return f, 4


def convolution() -> tuple[Callable[..., Any], int]:
    kernels, biases, readout = weights(2, 3, seed=5), weights(2, seed=6), weights(12, seed=7)

    def f(x: Any) -> Any:
        h = [
            tanh(dot(w, x[i : i + 3], b))
            for w, b in zip(kernels, biases, strict=True)
            for i in range(6)
        ]
        return dot(readout, h)

    return f, 2


def recurrence() -> tuple[Callable[..., Any], int]:
    W, U, b = weights(4, 2, seed=8), weights(4, 4, seed=9), weights(4, seed=10)

    def f(xs: Any) -> Any:
        h: list[Any] = [Value(0.0)] * 4
        for x in xs:
            h = [tanh(dot(W[k], x, b[k]) + dot(U[k], h)) for k in range(4)]
        return total(h)

    return f, 6


def residual() -> tuple[Callable[..., Any], int]:
    layers = [(weights(3, 3, seed=s), weights(3, seed=s + 1)) for s in (11, 13)]

    def f(x: Any) -> Any:
        for layer in layers:
            x = [a + b for a, b in zip(x, network_values([layer], x), strict=True)]
        return norm(x)

    return f, 2


def tied() -> tuple[Callable[..., Any], int]:
    W = weights(2, 3, seed=15)

    def f(x: Any) -> Any:
        h = [tanh(dot(row, x)) for row in W]
        back = [dot([W[i][j] for i in range(2)], h) for j in range(3)]  # W used transposed
        return total([(a - b) ** 2 for a, b in zip(x, back, strict=True)])

    return f, 2


def heads() -> tuple[Callable[..., Any], int]:
    body, one, two = weights(4, 3, seed=16), weights(4, seed=17), weights(2, 4, seed=18)

    def f(x: Any) -> Any:
        h = [sigmoid(dot(w, x)) for w in body]
        classes = [dot(w, h) for w in two]
        return dot(one, h) ** 2 + logsumexp(classes) - classes[0]

    return f, 3


def mixed() -> tuple[Callable[..., Any], int]:
    p = weights(5, seed=19)

    def f(x: Any, s: Any) -> Any:
        a = maximum(x[0] * x[1], p[0]) + product([x[0], p[1], s])
        b = amax([x[1], p[2] * s, 0.25]) * where(x[2] > s, p[3], x[2])
        c = norm([a, p[4], 2.0]) + total([b, a, 1.5, b])
        return c * x[0] - a / (1.0 + b * b) + log(1.0 + exp(p[0] * p[1]))

    return f, 0


def basis() -> tuple[Callable[..., Any], int]:
    w, c = weights(2, seed=20), weights(5, seed=21)

    def f(x: Any) -> Any:
        z = dot(w, x[:2])
        return c[0] * z**1 + c[1] * z**3 + c[2] * tanh(z) + c[3] * sigmoid(z) + c[4] * x[2] ** 0

    return f, 2


def repeats() -> tuple[Callable[..., Any], int]:
    w, c = weights(2, seed=22), weights(2, seed=23)

    def f(x: Any) -> Any:
        twice = [product([x[0], w[0]]) * p for p in c] + [logsumexp([x[1], w[1]]) * p for p in c]
        return total(twice) + total([tanh(dot(w, w) + dot(x[:2], x[:2]) + p) for p in c])

    return f, 0


def one_block_two_shapes() -> tuple[Callable[..., Any], int]:
    w = weights(4, seed=24)

    def f(x: Any) -> Any:
        column, row = [tanh(dot([p], x[:1])) for p in w], tanh(dot(w, [*x, x[0]]))
        square = [tanh(dot(w[:2], x[:2])), tanh(dot(w[2:], x[:2]))]
        return total(column) * row + total(square)

    return f, 3


STRUCTURES = [
    attention,
    causal,
    convolution,
    recurrence,
    residual,
    tied,
    heads,
    mixed,
    basis,
    repeats,
    one_block_two_shapes,
]
SHAPES: dict[str, tuple[tuple[int, ...], ...]] = {
    "attention": ((4, 3),),
    "causal": ((5, 3),),
    "convolution": ((8,),),
    "recurrence": ((3, 2),),
    "mixed": ((3,), ()),
}


@pytest.mark.parametrize("structure", STRUCTURES, ids=attrgetter("__name__"))
@pytest.mark.parametrize("count", BATCHES[:3])
def test_graphs_beyond_plain_layers_agree_with_eager(
    structure: Callable[[], tuple[Callable[..., Any], int]], count: int
) -> None:
    f, matrices = structure()
    rng = np.random.default_rng(count)
    shapes = SHAPES.get(structure.__name__, ((3,),))
    batch = [rng.normal(size=(count, *shape)) for shape in shapes]
    program = compile(f, *[x[0].tolist() for x in batch])
    check_agreement(f, program, batch, count)
    if matrices:
        assert 0 < program.matrices <= matrices, str(program)


@given(data=st.data())
@settings(max_examples=25)
def test_random_sums_of_shared_features_agree_with_eager(data: st.DataObject) -> None:
    """Layers, powers and sums over one another's results: what is read whole, in part and again."""
    parameters = weights(data.draw(st.integers(1, 5)), seed=25)
    one = st.sampled_from([tanh, sigmoid, abs, *[partial(power, exponent=n) for n in range(4)]])
    many = st.sampled_from([total, logsumexp, product, amax])
    index = st.integers(0, 99)
    lines = st.one_of(
        st.tuples(st.just("one"), one, st.lists(index, min_size=1, max_size=3)),
        st.tuples(st.just("many"), many, st.lists(index, min_size=1, max_size=3)),
        st.tuples(st.just("dot"), st.none(), st.lists(index, min_size=2, max_size=6)),
    )
    plan = data.draw(st.lists(lines, min_size=1, max_size=8))

    def f(x: Any) -> Any:
        known: list[Any] = [*x, *parameters]
        for kind, function, indices in cast(list[Any], plan):
            read = [known[i % len(known)] for i in indices]
            if kind == "one":
                known += [function(v) for v in read]
            elif kind == "many":
                known += [function(read), function(read)]
            else:
                half = len(read) // 2
                known += [dot(read[:half], read[half : 2 * half]), dot(read, read)]
        return total([v / (1.0 + v * v) for v in known[-4:]])

    batch = np.random.default_rng(26).uniform(0.1, 1.0, size=(3, 2))
    check_agreement(f, compile(f, batch[0].tolist()), [batch], 3)


def test_equal_operations_join_across_levels_and_lengths() -> None:
    f, _ = causal()
    rng = np.random.default_rng(0)
    counts = [
        compile(f, rng.normal(size=(positions, 3)).tolist()).groups for positions in (5, 6, 9, 14)
    ]
    assert len({*counts}) == 1
    assert counts[0] <= 14


def power(x: Any, exponent: int) -> Any:
    return x**exponent


def check_random_network(data: st.DataObject, count: int, widest: int) -> None:
    """Draw a network, compile its loss and compare a batch of `count` with the eager engine."""
    sizes = data.draw(st.lists(st.integers(1, widest), min_size=2, max_size=4))
    activation = data.draw(st.sampled_from(ELEMENTWISE))
    bias, output_bias = data.draw(st.booleans()), data.draw(st.booleans())
    model = FNN(
        sizes,
        activation,
        bias=bias,
        output_bias=output_bias,
        seed=data.draw(st.integers(0, 9)),
        fused=data.draw(st.booleans()),
    )

    def f(x: Any, t: Any) -> Any:
        return mse_loss([model(x)], [t])

    rng = np.random.default_rng(data.draw(st.integers(0, 9)))
    X = rng.normal(size=(count, sizes[0]))
    T = rng.normal(size=(count, sizes[-1]) if sizes[-1] > 1 else count)
    check_agreement(f, compile(f, X[0].tolist(), T[0].tolist()), [X, T], count)


@pytest.mark.parametrize("count", BATCHES[:3])
@given(data=st.data())
@settings(max_examples=15)
def test_random_networks_agree_with_eager(count: int, data: st.DataObject) -> None:
    check_random_network(data, count, widest=5)


@given(data=st.data())
@settings(max_examples=3)
def test_random_networks_agree_with_eager_over_a_large_batch(data: st.DataObject) -> None:
    check_random_network(data, BATCHES[3], widest=3)


def test_hand_written_sums_and_dot_make_the_same_matrices() -> None:
    ws, bs = weights(5, 3, seed=1), weights(5, seed=2)
    fused = compile(lambda x: [tanh(dot(w, x, b)) for w, b in zip(ws, bs, strict=True)], [1, 2, 3])
    chains = compile(
        lambda x: [
            (w[0] * x[0] + w[1] * x[1] + x[2] * w[2] + b).tanh()
            for w, b in zip(ws, bs, strict=True)
        ],
        [1, 2, 3],
    )
    assert fused.matrices == chains.matrices == 1
    assert fused.groups == chains.groups == 2
    assert [fused.parameters.index(p) for p in chains.parameters] == list(range(20))
    X = np.random.default_rng(0).normal(size=(6, 3))
    assert fused(X) == pytest.approx(chains(X), rel=1e-14)


def test_one_weight_that_is_added_to_many_sums_has_their_number_as_slope() -> None:
    w = Value(2.0)
    for n in (1, 3, 4, 9):
        program = compile(lambda x, n=n: total([dot([0.5 * i], [x], w) for i in range(n)]), 1.0)
        for batch in ([1.0], [1.0, 3.0]):
            value = sum([0.25 * n * (n - 1) * x + 2.0 * n for x in batch]) / len(batch)
            assert program.value_and_grad(batch) == (value, [float(n)])


# Rows.


ROWS = [name for name in OPS if name in FUNCTIONS]
_EITHER_ZERO = {"power_slope"}  # a slope counts -0.0 as 0.0


ENDS = [0.0, -0.0, 1e-300, 1.0, -1.0, 30.0, -30.0, 800.0, -800.0, math.inf, -math.inf, math.nan]


def in_numpy(name: str, operands: Any, **options: Any) -> Any:
    """Apply the NumPy function of a row to its operands, one array each."""
    with np.errstate(all="ignore"):
        arguments = [operands] if OPS[name].arity is None else list(operands)
        return FUNCTIONS[name](*arguments, **options)


def check_forward(name: str, point: Sequence[float], got: float) -> None:
    """Compare a number with what the row's forward gives at a point."""
    try:
        expected = OPS[name].forward(*point)
    except (ValueError, ArithmeticError):
        assert not math.isfinite(got)
        return
    # Next to log(1) both round to a float near 1: there one ulp of 1 is all they can agree to.
    least = math.ulp(1.0) if name == "logsumexp" else 1e-300
    assert got == pytest.approx(expected, rel=1e-12, abs=least, nan_ok=True), point
    if expected == got == 0.0 and name not in _EITHER_ZERO:
        assert math.copysign(1.0, got) == math.copysign(1.0, expected), point


@pytest.mark.parametrize("name", ROWS)
@given(data=st.data())
@settings(max_examples=5)  # of several points each
def test_the_numpy_function_of_a_row_is_its_forward(name: str, data: st.DataObject) -> None:
    op = OPS[name]
    count = op.arity or data.draw(st.integers(1, 5))
    numbers = st.sampled_from(ENDS) | finite(-3, 3)
    point = st.tuples(*[numbers] * count) | points_of(op, count=count)
    points = data.draw(st.lists(point, min_size=3, max_size=6))
    array, out = np.array(points).T, np.empty(len(points))
    got = in_numpy(name, array)
    assert in_numpy(name, array, out=out) is out
    assert np.array_equal(got, out, equal_nan=True)
    for x, y in zip(points, got, strict=True):
        check_forward(name, x, y)


@pytest.mark.parametrize("name", ROWS)
def test_the_numpy_function_of_a_row_is_its_forward_at_zeros_and_infinities(name: str) -> None:
    points = [*itertools.product(ENDS, repeat=OPS[name].arity or 2)]
    for point, got in zip(points, in_numpy(name, np.array(points).T), strict=True):
        check_forward(name, point, got)


@pytest.mark.parametrize("name", [name for name in ROWS if OPS[name].arity == 2])
@pytest.mark.parametrize("second", [*ENDS, 0.5, 1.5, 2.0, 3.0, -0.5])
def test_the_numpy_function_of_a_row_takes_one_second_operand_for_all(
    name: str, second: float
) -> None:
    """NumPy has shorter ways for some, such as a root for a power of a half."""
    for one in (second, np.array(second), np.full((1,), second)):
        for first, got in zip(ENDS, in_numpy(name, (np.array(ENDS), one)), strict=True):
            check_forward(name, (first, second), got)


@given(
    index=st.integers(-6, 6) | finite(-6, 6) | st.sampled_from([0.5, 1.5, *ENDS]),
    count=st.integers(1, 5),
)
def test_the_numpy_function_of_a_place_is_its_forward(index: float, count: int) -> None:
    (got,) = FUNCTIONS["place"](np.array([float(index)]), np.array(float(count)))
    assert np.array_equal(got, ops.PLACE.forward(index, count), equal_nan=True)


def test_every_row_has_a_numpy_function() -> None:
    elementary = {op.name for op in ELEMENTARY}
    assert {*elementary, "detach", "place"} == set(FUNCTIONS)  # which programs alone have


@pytest.mark.parametrize("name", ROWS)
def test_compiled_slopes_of_a_row_are_finite_differences(name: str) -> None:
    op = OPS[name]
    rng = np.random.default_rng(len(name))
    ranges = op.smooth_ranges(4)
    X = np.array([[rng.uniform(lo, hi) for lo, hi in ranges] for _ in range(5)])
    scale = Value(1.5)
    program = compile(lambda x: scale * apply(op, *x), X[0].tolist())
    (slopes,) = program.input_grad(X)
    for n, j in np.ndindex(*X.shape):
        left, right = X[n].copy(), X[n].copy()
        left[j] -= 1e-6
        right[j] += 1e-6
        difference = 1.5 * (op.forward(*right) - op.forward(*left)) / 2e-6
        assert slopes[n, j] == pytest.approx(difference, rel=1e-5, abs=1e-7)


def test_second_slopes_of_every_row_are_compiled_for_a_batch() -> None:
    for name in ROWS:
        op = OPS[name]
        rng = np.random.default_rng(len(name))
        ranges = op.smooth_ranges(3)

        def f(x: Any, op: Op = op) -> Any:
            return apply(op, *x) * (1.5 + x[0])

        def slopes(x: Any, v: Any, f: Any = f) -> Any:
            both = jacobian(lambda x: [f(x), f(x) * x[0]])(x)
            return [*hessian(f)(x), grad(f)(x), hvp(f)(x, v), *both]

        X = np.array([[rng.uniform(lo, hi) for lo, hi in ranges] for _ in range(3)])
        V = rng.normal(size=X.shape)
        got = compile(slopes, X[0].tolist(), V[0].tolist(), check=False)(X, V)
        for x, v, rows in zip(X.tolist(), V.tolist(), got, strict=True):
            expected = np.array(slopes(x, v))
            size = 1e-12 * max(1.0, abs(expected).max())
            assert rows == pytest.approx(expected, rel=1e-9, abs=size), name
        n, k = X.shape[1], len(X)
        shifts = 1e-6 * np.array([*np.eye(n), *-np.eye(n)])
        near = compile(grad(f), X[0].tolist(), check=False)((X[:, None] + shifts).reshape(-1, n))
        up, down = near.reshape(k, 2, n, n).transpose(1, 0, 2, 3)
        hessians = got[:, :n]
        size = 1e-6 * max(1.0, abs(hessians).max())
        assert hessians == pytest.approx((up - down) / 2e-6, rel=1e-4, abs=size), name


def test_a_small_convolution_is_a_matrix_product_in_the_text() -> None:
    kernels = [[Value(0.1 * k - 0.05 * i, f"k{k}.{i}") for i in range(9)] for k in range(4)]

    def f(image: Any) -> Any:
        patches = [
            [image[r + i][c + j] for i in range(3) for j in range(3)]
            for r in range(6)
            for c in range(6)
        ]
        return mean([relu(dot(kernel, patch)) for kernel in kernels for patch in patches])

    images = np.random.default_rng(0).normal(size=(3, 8, 8))
    program = compile(f, images[0].tolist(), check=False)
    lines = [line for line in program.source.splitlines() if line.startswith("        ")]
    assert sum(".dot(" in line or "np.matmul(" in line for line in lines) <= 4
    assert program.matrices == 1
    assert len(lines) < 25
    eager = mean([f(image.tolist()) for image in images])
    eager.backward()
    value, gradients = program.value_and_grad(images)
    assert value == pytest.approx(eager.data, rel=1e-12)
    assert gradients == pytest.approx([p.grad for p in program.parameters], rel=1e-12)


@pytest.fixture
def registered() -> Iterator[Callable[[Op], Op]]:
    names: list[str] = []

    def add(op: Op) -> Op:
        names.append(op.name)
        return register(op)

    yield add
    for name in names:
        OPS.pop(name, None)


@pytest.mark.parametrize(
    "op",
    [
        Op("cube_test", lambda x: x * x * x, (lambda f, x: 3.0 * x * x,)),
        Op(
            "branching_test",
            lambda x: math.sin(x) if x > 0 else x,
            (lambda f, x: math.cos(x) if x > 0 else 1.0,),
        ),
        Op("mean_test", lambda *xs: sum(xs) / len(xs), lambda f, *xs: (1.0 / len(xs),) * len(xs)),
    ],
    ids=attrgetter("name"),
)
def test_a_registered_row_compiles(op: Op, registered: Callable[[Op], Op]) -> None:
    registered(op)
    w = weights(2, 3, seed=4)

    def f(x: Any) -> Any:
        h = [dot(row, x) for row in w]
        return apply(op, *h) if op.arity is None else total([apply(op, z) for z in h])

    X = np.random.default_rng(1).normal(size=(7, 3))
    program = compile(f, X[0].tolist())
    check_agreement(f, program, [X], 7)
    check_agreement(f, program, [X[:1]], 1)


def test_rows_and_numbers_of_one_name_are_told_apart() -> None:
    rows = [
        Op("twin", lambda x, k=k: math.sin(k * x), (lambda f, x, k=k: k * math.cos(k * x),))
        for k in (1.0, 2.0)
    ]
    w = [Value(0.5, "twin"), Value(1.5, "twin_row")]

    def f(x: Any) -> Any:
        return apply(rows[0], w[0] * x) * apply(rows[1], w[1] * x)

    program = compile(f, 1.0)
    for count in (3, 1):
        check_agreement(f, program, [np.linspace(0.2, 1.0, count)], count)


def test_the_source_says_what_it_cannot_bring_along(registered: Callable[[Op], Op]) -> None:
    op = registered(
        Op("branching_alone", lambda x: math.sin(x) if x > 0 else x, (lambda f, x: 1.0,))
    )
    w = Value(1.0)
    source = compile(lambda x: apply(op, w * x), 1.0).source
    assert "# a Python function, which cannot be written here" in source
    with pytest.raises(RuntimeError, match=r"branching_alone_row, .* that you registered"):
        exec(source, {})
    plain = registered(Op("cube_alone", lambda x: x * x * x, (lambda f, x: 3.0 * x * x,)))
    scope: dict[str, Any] = {}
    exec(compile(lambda x: apply(plain, w * x), 1.0).source, scope)
    gtheta = np.zeros(1)
    assert scope["bind"](np.ones(1), gtheta, 1)(np.array([[2.0]])) == 8.0
    assert gtheta == [24.0]


# Refusals.


@pytest.mark.parametrize(
    ("f", "advice"),
    [
        (lambda x: x if x > 0 else -x, "where"),
        (lambda x: x * float(x), "keep the number a Value"),
        (lambda x: x * int(x), "one-hot"),
        (lambda x: x * round(x), "Value"),
        (lambda x: max([x, 2 * x]), "where"),
        (lambda x: [1.0, 2.0][x] * x, "index|indices"),
        (lambda x: x * Value(random.random()), "random"),
        (lambda x: x * random.random(), "random"),
        (lambda x: total([x] * random.randint(1, 50)), "random|same operations"),
    ],
    ids=[
        "if",
        "float",
        "int",
        "round",
        "max",
        "index",
        "random_leaf",
        "random_number",
        "random_length",
    ],
)
def test_what_cannot_be_repeated_is_refused(f: Callable[..., Any], advice: str) -> None:
    random.seed(1)
    with pytest.raises(TraceError, match=advice) as caught:
        compile(f, 1.5)
    if "index" not in advice:
        assert "test_compiler.py:" in str(caught.value)


@pytest.mark.parametrize("places", [(0, 1), (0, 2), (2, 0), (2, 3)])
def test_a_result_that_is_another_number_each_time_is_refused(places: tuple[int, int]) -> None:
    w, calls = [Value(1.0), Value(2.0)], itertools.count()

    def f(x: Any) -> Any:
        return [x[0], [*x, *w][places[next(calls) % 2]]]

    with pytest.raises(TraceError, match=r"two .* gave different"):
        compile(f, [1.0, 2.0])


def test_comparisons_are_conditions_for_where() -> None:
    w = Value(1.0)

    def f(x: Any, y: Any) -> Any:
        return (
            where(x > y, w * x, y)
            + where(x < 0, 1.0, 2.0) * x
            + where(x >= y, w, 0.0)
            + where(x <= w, x, y)
            + greater(x, w) * less(y, w)
        )

    X, Y = np.array([1.0, 2.0, -1.0, 1.0]), np.array([0.5, 3.0, -2.0, 1.0])
    program = compile(f, 1.0, 0.5)
    check_agreement(f, program, [X, Y], 4)


# Errors of the eager engine.


def test_an_example_outside_of_a_domain_raises_the_eager_error() -> None:
    w = Value(1.0, "w")
    program = compile(lambda x: log(w * x), 1.0)
    with pytest.raises(DomainError, match=r"log\(-2.0\) is not a real number: log needs x > 0"):
        program.value_and_grad([1.0, 3.0, -2.0])
    with pytest.raises(DomainError, match=r"log\(-2.0\)"):
        program([-2.0])
    with pytest.raises(DivisionError):
        compile(lambda x: w / x, 1.0)([1.0, 0.0])
    assert program([1.0]) == pytest.approx([0.0])


def test_an_overflow_that_a_later_operation_hides_raises_the_eager_error() -> None:
    w = Value(1.0)
    program = compile(lambda x: tanh(exp(w * x)), 1.0)
    for batch in ([1.0, 1000.0], [1000.0]):
        with pytest.raises(RangeError, match="exp"):
            program.value_and_grad(batch)
        with pytest.raises(RangeError, match="exp"):
            program(batch)


def test_an_infinity_that_eager_allows_is_returned() -> None:
    w = Value(1e200)
    program = compile(lambda x: w * x, 1.0)
    assert program([1.0, 1e200]).tolist() == [1e200, math.inf]
    value, gradients = program.value_and_grad([1.0, 1e200])
    assert value == math.inf
    assert gradients == [5e199]
    assert program([1e200]).tolist() == [math.inf]
    assert program([-1e200, 1e200]).tolist() == [-math.inf, math.inf]
    assert math.isnan(program.value_and_grad([-1e200, 1e200])[0])


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
@pytest.mark.parametrize(
    "f",
    [
        lambda w, x, c: total([w[0] * x[0], c, w[1] * x[1]]),
        lambda w, x, c: dot(w, x, c),
        lambda w, x, c: dot([c, c], [1.0, 2.0]) + dot(w, x) + x[0] * x[1],
        lambda w, x, c: dot([c, c], x) * w[0],
        lambda w, x, c: logsumexp([c, x[0] * w[0], c]),
        lambda w, x, c: total([v * c for v in (w[0] * x[0], w[1] * x[1])]),
    ],
    ids=["total", "bias", "steady_dot", "weights", "logsumexp", "product"],
)
def test_constants_that_are_not_finite_are_written_as_numpy_knows_them(
    f: Callable[..., Any], number: float
) -> None:
    w = weights(2, seed=27)
    X = np.array([[1.0, 2.0], [3.0, 4.0], [-1.0, 0.5]])
    program = compile(lambda x: f(w, x, number), X[0].tolist())
    for leaves, value, slopes in zip(
        [[Value(v) for v in x] for x in X], program(X), program.input_grad(X)[0], strict=True
    ):
        root = f(w, leaves, number)
        expected = adjoints(root)
        assert value == pytest.approx(root.data, rel=1e-12, nan_ok=True)
        assert slopes.tolist() == pytest.approx(
            [expected.get(x, 0.0) for x in leaves], rel=1e-12, nan_ok=True
        )


# Calls.


def linear() -> tuple[Program, Callable[..., Any]]:
    ws, b = weights(2, seed=3), Value(0.5, "b")

    def f(x: Any, t: Any) -> Any:
        return (dot(ws, x, b) - t) ** 2

    return compile(f, [1.0, 2.0], 0.0), f


def test_batches_are_converted_at_the_door() -> None:
    program, f = linear()
    expected = [f([1, 2], 1).data, f([3, 4], 0).data]
    for kind in (list, np.array, lambda x: np.array(x, np.float32), lambda x: np.array(x, int)):
        assert program(kind([[1, 2], [3, 4]]), kind([1, 0])) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("wrong", [None, "1.5", 1j], ids=repr)
def test_what_is_no_real_number_is_refused_in_a_batch_as_a_value_refuses_it(wrong: Any) -> None:
    program, f = linear()
    with pytest.raises(TypeError, match=r"a Value holds a (real )?number, but got"):
        program([[1.0, wrong]], [0.0])
    exact = program([[Fraction(1, 4), Value(2.0)]], [Decimal("0.5")])
    assert exact == pytest.approx([f([0.25, 2.0], 0.5).data], rel=1e-12)


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        (([[1.0, 2.0]],), "takes 2 arguments"),
        (([[1.0, 2.0, 3.0]], [0.0]), r"'x' needs the shape \(B, 2\).*got \(1, 3\)"),
        (([1.0, 2.0], [0.0]), r"'x' needs the shape \(B, 2\)"),
        (([[1.0, 2.0]], [[0.0]]), r"'t' needs the shape \(B,\)"),
        (([[1.0, 2.0]], [0.0, 1.0]), "'x' has 1, but 't' has 2"),
        ((np.zeros((0, 2)), []), "at least one example"),
    ],
)
def test_a_batch_of_the_wrong_shape_is_refused(batch: Any, message: str) -> None:
    program, _ = linear()
    with pytest.raises(ValueError, match=message):
        program.value_and_grad(*batch)


def test_results_are_copies_and_arguments_are_left_alone() -> None:
    program, _ = linear()
    rng = np.random.default_rng(0)
    X, T = rng.normal(size=(5, 2)), rng.normal(size=5)
    before = X.copy(), T.copy()
    values, (by_x, by_t) = program(X, T), program.input_grad(X, T)
    kept = values.copy(), by_x.copy(), by_t.copy()
    program(X + 1, T)
    program.input_grad(X + 1, T)
    program.value_and_grad(X[:2], T[:2])
    for old, new in zip((*before, *kept), (X, T, values, by_x, by_t), strict=True):
        assert np.array_equal(old, new)


def test_a_list_is_for_inference_only() -> None:
    ws = weights(3, 2, seed=1)
    program = compile(lambda x: [*[dot(w, x) for w in ws], 2.0, x[0]], [1.0, 2.0])
    values = program([[1.0, 2.0], [3.0, 4.0]])
    assert values.shape == (2, 5)
    assert values[:, 3:].tolist() == [[2.0, 1.0], [2.0, 3.0]]
    assert program([[1.0, 2.0]]) == pytest.approx(values[:1])
    for method in (program.value_and_grad, program.input_grad, program.gradient):
        with pytest.raises(TypeError, match="returns a list"):
            method([[1.0, 2.0]])


def test_a_penalty_counts_once_and_unreached_parameters_are_not_listed() -> None:
    w, unused = Value(3.0), Value(1.0)
    program = compile(lambda x: w * x + 0.5 * w**2 + 0 * x, 1.0)
    assert unused not in program.parameters
    value, (gradient,) = program.value_and_grad([1.0, 3.0])
    assert (value, gradient) == (2.0 * 3.0 + 4.5, 2.0 + 3.0)


def test_a_function_without_arguments_is_a_batch_of_one() -> None:
    a, b = Value(-41.0), Value(2.0)
    program = compile(lambda: ((a + b) - (a * b + b**3)) ** 2 / 2)
    for _ in range(3):
        assert program.value_and_grad() == (612.5, [-35.0, 1050.0])
    assert program().tolist() == [612.5]
    program.pull()
    assert (a.grad, b.grad) == (-35.0, 1050.0)
    a.data = 0.0
    assert program.value_and_grad()[0] == 18.0
    assert program.theta.tolist() == [0.0, 2.0]


def test_what_a_program_without_arguments_saw_counts_for_its_array_too() -> None:
    w = Value(3.0)
    program = compile(lambda: w * w)
    for _ in range(3):
        program.value_and_grad()
    assert program.gradient() == 9.0
    w.data = 5.0
    assert program.value_and_grad() == (25.0, [10.0])
    assert (program.gradient(), program.gtheta.tolist()) == (25.0, [10.0])


def test_a_program_without_arguments_sees_what_another_array_of_its_values_holds() -> None:
    v, w = Value(1.0), Value(3.0)
    program = compile(lambda: w * w)
    for _ in range(3):
        assert program.value_and_grad() == (9.0, [6.0])
    other = compile(lambda x: v * w * x, 1.0)
    other.theta[:] = 7.0
    assert program.value_and_grad() == (49.0, [14.0])


@pytest.mark.parametrize("float32", [False, True])
def test_what_rounding_leaves_of_a_slope_is_no_disagreement(float32: bool) -> None:
    w = [Value(1.0), Value(-1.0)]

    def f(xs: Any) -> Any:
        return tanh(dot(w, xs))

    def wrong(xs: Any) -> Any:  # where the slope is one
        return tanh(0.01 * dot(w, xs) * (1.0 + 0.1 * (type(xs[0]) is float)))

    for size in (8.0, 14.2, 14.85, 15.25, 15.65, 16.15, 40.0):
        rows = [[size * 2.0, size]] * 2
        program = compile(f, rows[0], float32=float32)
        assert program.value_and_grad(rows)[1] == pytest.approx([0.0, 0.0], abs=1e-5)
        assert program.input_grad(rows)[0] == pytest.approx(np.zeros((2, 2)), abs=1e-5)
        with pytest.raises(TraceError, match="gives"):
            compile(wrong, rows[0], float32=float32).value_and_grad(rows)


SMALL_IN_SINGLE: dict[str, tuple[Any, list[float]]] = {
    "a residual": (lambda z, t: (sigmoid(z) - t) ** 2, [18.0, 1.0]),
    "a tail": (lambda z, t: exp(-z * z) * t, [12.0, 1.0]),
    "a difference": (lambda z, t: softplus(z) - t * z, [20.0, 1.0]),
}


@pytest.mark.parametrize("name", SMALL_IN_SINGLE)
def test_what_single_precision_loses_of_a_small_value_is_no_disagreement(name: str) -> None:
    f, (z, t) = SMALL_IN_SINGLE[name]
    w = Value(0.1)
    program = compile(lambda x, t: f(w * x, t), 10.0 * z, t, float32=True)
    batch = [10.0 * z] * 2, [t] * 2
    assert program(*batch) == pytest.approx([0.0, 0.0], abs=1e-5)
    assert program.value_and_grad(*batch)[0] == pytest.approx(0.0, abs=1e-5)
    large = compile(lambda x, t: (w * x + 1e8) - 1e8 + t, 3.0, 0.0, float32=True)
    with pytest.raises(TraceError, match="gives"):
        large([3.0, 3.0], [0.0, 0.0])


def test_what_cancels_in_a_sum_of_slopes_is_rounding_in_each_of_them() -> None:
    w, xs = [Value(0.1), Value(-0.2), Value(0.3)], [175.0, -167.0, 98.0]
    root = softplus(dot(w, xs)) - 1.0 * dot(w, xs)
    assert min(rounding_bounds(root, w, 2.0**-23)[1:]) > 1e-5


def test_results_that_are_arguments_parameters_or_constants() -> None:
    w = Value(2.0)
    assert compile(lambda x: x, 1.0)([1.0, 5.0]).tolist() == [1.0, 5.0]
    assert compile(lambda x: x, 1.0).input_grad([1.0, 5.0])[0].tolist() == [1.0, 1.0]
    assert compile(lambda x: w, 1.0).value_and_grad([1.0, 5.0]) == (2.0, [1.0])
    assert compile(lambda x: w * w, 1.0).value_and_grad([1.0, 5.0]) == (4.0, [4.0])
    assert compile(lambda x: w * w, 1.0).input_grad([1.0, 5.0])[0].tolist() == [0.0, 0.0]
    assert compile(lambda x: 3.0, 1.0).value_and_grad([1.0, 5.0]) == (3.0, [])
    assert compile(lambda x: x * x, 1.0).input_grad([3.0, 4.0])[0].tolist() == [6.0, 8.0]


def test_values_and_arrays_are_brought_together_by_push_and_pull() -> None:
    program, f = linear()
    X, T = [[1.0, 2.0], [0.5, -1.0]], [1.0, -1.0]
    program.push()
    start = program.gradient(X, T)
    assert [p.grad for p in program.parameters] == [0.0, 0.0, 0.0]
    program.theta -= 0.1 * program.gtheta
    later = program.gradient(X, T)
    assert later < start
    program.pull()
    assert [p.data for p in program.parameters] == program.theta.tolist()
    assert [p.grad for p in program.parameters] == program.gtheta.tolist()
    assert later == pytest.approx(sum(f(x, t).data for x, t in zip(X, T, strict=True)) / 2)
    array = program.theta
    program.theta = [1.0, 2.0, 3.0]
    assert program.theta is array
    assert array.tolist() == [1.0, 2.0, 3.0]
    program.parameters[0].data = 9.0
    assert program.value_and_grad(X, T)[0] != later


def test_single_precision_is_close() -> None:
    _, f = linear()
    program = compile(f, [1.0, 2.0], 0.0, float32=True)
    assert program.theta.dtype == program([[1.0, 2.0]], [0.0]).dtype == np.float32
    X, T = np.random.default_rng(0).normal(size=(7, 2)), np.ones(7)
    exact = compile(f, [1.0, 2.0], 0.0).value_and_grad(X, T)
    value, gradients = program.value_and_grad(X, T)
    assert value == pytest.approx(exact[0], rel=1e-5)
    assert gradients == pytest.approx(exact[1], rel=1e-4)


def test_single_precision_chooses_between_parameters_and_inputs() -> None:
    w = weights(3, seed=27)

    def f(x: Any) -> Any:
        chosen = maximum(w[0], x) + where(greater(x, w[1]), w[2], 0.5 * x)
        return chosen * amax([w[0], x, w[1] * x])

    batch = [-1.5, -0.2, 0.3, 1.1]
    mean, gradients = compile(f, 0.5, float32=True).value_and_grad(batch)
    exact, slopes = compile(f, 0.5).value_and_grad(batch)
    assert mean == pytest.approx(exact, rel=1e-5)
    assert gradients == pytest.approx(slopes, rel=1e-5)


def test_threads_do_not_disturb_each_other() -> None:
    program, _ = linear()
    rng = np.random.default_rng(0)
    batches = [(rng.normal(size=(5, 2)), rng.normal(size=5)) for _ in range(4)]
    expected = [program(*batch) for batch in batches]
    with ThreadPoolExecutor(4) as pool:
        for k, values in pool.map(
            lambda i: (i % 4, program(*batches[i % 4])), range(200), timeout=60
        ):
            assert np.array_equal(values, expected[k])


def test_the_collector_is_as_before() -> None:
    def fail(x: Any) -> Any:
        assert not gc.isenabled()
        raise RuntimeError("stop")

    assert gc.isenabled()
    linear()
    with pytest.raises(RuntimeError, match="stop"):
        compile(fail, 1.0)
    assert gc.isenabled()
    gc.disable()
    try:
        linear()
        assert not gc.isenabled()
    finally:
        gc.enable()


# Text.


def test_the_program_of_a_network_reads_like_the_network() -> None:
    model = FNN([2, 3, 1], output_bias=False, seed=0)
    program = compile(lambda x, t: (model(x) - t) ** 2, [1.0, 2.0], 0.5)
    lines = [line.partition("#")[0].strip() for line in program.source.splitlines()]
    assert "W1, g_W1 = theta[0:6].reshape(3, 2), gtheta[0:6].reshape(3, 2)" in lines
    assert "b1, g_b1 = theta[6:9, None], gtheta[6:9, None]" in lines
    assert "W1.dot(x, out=z1)" in lines
    assert "np.tanh(z1, out=h1)" in lines
    assert "np.multiply(g_h1, 1.0 - h1 * h1, out=g_z1)" in lines
    assert "layers.0.neurons.*.w" in program.source
    assert "9 scalar nodes in 5 groups, 2 of them matrices; 12 parameters" in str(program)


def test_a_penalty_on_all_weights_adds_one_statement_to_the_backward_pass() -> None:
    model = FNN([2, 3, 1], seed=0)
    penalty = losses.l2_penalty(0.1)
    plain = compile(lambda x, t: (model(x) - t) ** 2, [1.0, 2.0], 0.5)
    decayed = compile(lambda x, t: (model(x) - t) ** 2 + penalty(model), [1.0, 2.0], 0.5)
    counts = [p.source.partition("# backward")[2].count("np.") for p in (plain, decayed)]
    assert counts[1] == counts[0] + 1, decayed.source


def test_debuggers_find_the_lines_of_a_program_as_long_as_it_lives() -> None:
    program, _ = linear()
    source = program.source
    names = [name for name in linecache.cache if "".join(linecache.getlines(name)) == source]
    assert len(names) == 1
    compiled_code = [line for line in linecache.getlines(names[0]) if ".dot(" in line]
    assert compiled_code
    del program
    gc.collect()
    linecache.checkcache()  # nothing leaves the cache while the garbage collector runs
    assert names[0] in linecache.cache
    another, _ = linear()
    assert another.source
    assert names[0] not in linecache.cache


DEBUGGED = """
import linecache, pdb, sys
from autograd_mini import Value, compile, dot, tanh

w = [Value(0.5), Value(-1.0)]
program = compile(lambda x, t: (tanh(dot(w, x)) - t) ** 2, [1.0, 2.0], 0.0, check=False)
source = program.source
(name,) = [n for n in linecache.cache if "".join(linecache.getlines(n)) == source]
line = 1 + next(i for i, text in enumerate(source.splitlines()) if "np.tanh" in text)
debugger = pdb.Pdb(readrc=False)
error = debugger.set_break(name, line)
assert error is None, error
print(debugger.runcall(program.value_and_grad, [[1.0, 2.0], [0.0, 1.0]], [0.0, 1.0])[0])
"""


def test_the_source_is_stepped_through_in_pdb() -> None:
    commands = ["continue", "list", "p z1.tolist()", "next", "continue", ""]
    result = python("-c", DEBUGGED, typed="\n".join(commands), check=True)
    at_the_break, listed, printed, stepped, _ = result.stdout.split("(Pdb) ")[1:]
    assert re.search(r"> <autograd_mini program \d+>\(\d+\)loss_and_gradient\(\)", at_the_break)
    assert "-> np.tanh(z1, out=" in at_the_break
    assert re.search(r"B?->\s+np.tanh", listed)
    assert re.search(r"\d+\s+def loss_and_gradient\(x, t\):", listed)
    assert printed.strip() == "[[-1.5, -1.0]]"
    assert "-> np.subtract(" in stepped
    assert "1.96125" in result.stdout


def test_a_graph_that_falls_into_too_many_statements_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("autograd_mini.compiler.compiling.STATEMENTS", 50)

    def f(x: Any) -> Any:
        for _ in range(60):
            x = x.sin()
        return x

    with pytest.raises(TraceError, match="run it eagerly"):
        compile(f, 1.0)


def test_a_program_of_many_groups_prints_the_first_hundred() -> None:
    def chain(x: Any) -> Any:
        for _ in range(1_240):
            x = x * 1.001
        return x

    lines = str(compile(chain, 1.0)).splitlines()
    assert len(lines) == 1 + 100 + 1
    assert lines[-1].strip() == "... 1,140 more groups"


def test_long_chains_do_not_exhaust_the_stack() -> None:
    w = Value(1.0)

    def f(x: Any) -> Any:
        y = w * x
        for _ in range(20_000):
            y = y + x
        return y

    program = compile(f, 1.0)
    value, gradients = program.value_and_grad([1.0, 2.0])
    assert value == pytest.approx(1.5 * 20_001)
    assert gradients == [1.5]


def test_the_readme_shows_the_program_of_its_network() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
    shown = readme.partition("```text\nimport numpy")[2].partition("```")[0]
    model = FNN([2, 3, 1], output_bias=False, seed=0)
    program = compile(lambda x, t: (model(x) - t) ** 2, [0.5, -1.0], 1.0)
    texts = [re.sub(r" +# \w+\.py:\d+", "", text) for text in (shown, program.source)]
    assert "import numpy" + texts[0] == texts[1]


def test_a_network_of_tanh_or_relu_needs_one_import_and_no_helpers() -> None:
    for activation in ("tanh", "relu"):
        model = FNN([2, 3, 1], activation, seed=0)
        program = compile(lambda x, t, model=model: (model(x) - t) ** 2, [1.0, 2.0], 0.5)
        prelude = program.source.partition("def bind")[0]
        assert prelude == "import numpy as np\n\n\n"


def test_an_installation_without_sources_imports_what_it_cannot_copy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_source(thing: Any) -> str:
        raise OSError("could not get source code")

    definitions._definition.cache_clear()  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr("inspect.getsource", no_source)
    w = Value(1.0)
    program = compile(lambda x: sigmoid(w * x), 1.0)
    assert "from autograd_mini.compiler.languages.numpy.functions import sigmoid" in program.source
    assert program([0.0, 0.0]).tolist() == [0.5, 0.5]
    definitions._definition.cache_clear()  # pyright: ignore[reportPrivateUsage]


ALONE = """
import runpy, sys
from pathlib import Path
import numpy as np

sys.modules["autograd_mini"] = sys.modules["nn"] = None  # importing them is an error
for path in sorted(Path(sys.argv[1]).glob("*.py")):
    given = np.load(path.with_suffix(".npz"))
    theta, gtheta = given["theta"], np.zeros_like(given["theta"])
    columns = [given[name] for name in given.files if name != "theta"]
    step = runpy.run_path(path)["bind"](theta, gtheta, columns[0].shape[1])
    with np.errstate(all="ignore"):
        result = step(*columns)
    loss = result[0] if isinstance(result, tuple) else result
    np.savez(path.with_suffix(".result.npz"), loss=loss, gradient=gtheta)
"""


def standalone_cases() -> Iterator[tuple[str, Callable[..., Any], list[Any]]]:
    """Give programs that together need every row, index arrays, and baked-in constants."""
    rng = np.random.default_rng(5)
    for name, op in OPS.items():
        ranges = op.smooth_ranges(4)
        ws = [Value(1.0) for _ in ranges]
        X = np.array([[rng.uniform(lo, hi) for lo, hi in ranges] for _ in range(5)])

        def row(x: Any, op: Op = op, ws: list[Value] = ws) -> Any:
            return apply(op, *[w * v for w, v in zip(ws, x, strict=True)])

        yield f"row_{name}", row, [X]
    for name in LOSSES:
        f, X, T = loss_case(name)
        yield f"loss_{name}", f, [X, T]
    for structure in STRUCTURES:
        f, _ = structure()
        shapes = SHAPES.get(structure.__name__, ((3,),))
        yield structure.__name__, f, [rng.normal(size=(7, *shape)) for shape in shapes]


def test_the_source_runs_by_itself_with_numpy_alone(tmp_path: Path) -> None:
    expected: dict[str, tuple[float, list[float]]] = {}
    for name, f, batch in standalone_cases():
        program = compile(f, *columns(batch, 0), check=False)
        expected[name] = program.value_and_grad(*batch)
        flat = [np.reshape(x, (len(x), -1)).T for x in batch]
        (tmp_path / f"{name}.py").write_text(program.source, "utf-8")
        np.savez(tmp_path / f"{name}.npz", *flat, theta=program.theta)
    assert len(expected) > len(OPS) + len(LOSSES)
    python("-I", "-c", ALONE, str(tmp_path), cwd=tmp_path, check=True)
    for name, (value, gradients) in expected.items():
        got = np.load(tmp_path / f"{name}.result.npz")
        assert np.array_equal(got["loss"], value, equal_nan=True), name
        assert np.array_equal(got["gradient"], gradients, equal_nan=True), name


@pytest.mark.parametrize(
    "penalty", [losses.l1_penalty(0.1), losses.l2_penalty(0.1)], ids=["l1", "l2"]
)
def test_penalties_and_feature_maps_compile(penalty: Callable[[Any], Any]) -> None:
    maps = features.compose(
        features.affine([[1.0, 0.5], [-0.5, 2.0]], [0.1, 0.2]),
        features.polynomial(2),
    )
    centers = features.radial([[0.0, 0.0], [1.0, -1.0]], 0.5)
    width = len(maps([0.0, 0.0])) + 3
    model = FNN([width, 3, 1], "relu", seed=1)

    def f(x: Any, t: Any) -> Any:
        phi = [*maps(x), *centers(x), *features.squared_norm()(x)[-1:]]
        return mse_loss([model(phi)], [t]) + penalty(model)

    rng = np.random.default_rng(0)
    X, T = rng.normal(size=(7, 2)), rng.normal(size=7)
    check_agreement(f, compile(f, X[0].tolist(), T[0]), [X, T], 7)


@pytest.mark.parametrize("make", [grad, hessian, jacobian])
def test_compiled_derivatives_have_the_shape_of_the_eager_ones(make: Callable[..., Any]) -> None:
    def f(x: Any) -> Any:
        y = x[0].exp() * x[1] + (x[1] * x[2]).sin()
        return [y, y * y] if make is jacobian else y

    points = np.random.default_rng(0).uniform(0.1, 1.0, (5, 3))
    program = compile(make(f), [0.5, 0.6, 0.7])
    expected = np.array([make(f)(point.tolist()) for point in points])
    np.testing.assert_allclose(program(points), expected, rtol=1e-12)


def test_a_hessian_times_a_vector_is_compiled_for_a_batch() -> None:
    def f(x: Any) -> Any:
        return (x[0] * x[1]).exp() + x[1] ** 3

    points = np.random.default_rng(1).uniform(0.1, 1.0, (4, 2))
    vectors = np.random.default_rng(2).normal(size=(4, 2))
    program = compile(hvp(f), [0.5, 0.6], [1.0, 2.0])
    expected = [hvp(f)(x.tolist(), v.tolist()) for x, v in zip(points, vectors, strict=True)]
    np.testing.assert_allclose(program(points, vectors), expected, rtol=1e-12)


def test_whatever_is_summed_up_takes_its_gradient_from_the_sums() -> None:
    """Each line's sums run together; what they add up reads one row of their gradient."""
    W, V, t = [weights(12, seed=seed) for seed in (1, 2, 3)]
    p, q = weights(2, seed=4)

    def layer(ws: list[Value], x: Sequence[Any]) -> list[Any]:
        return [dot(ws[i : i + 3], x, ws[0]) for i in range(0, 12, 3)]

    def sums(f: Any, g: Any, x: Any) -> Any:
        a, b = total([f(v) for v in x]), total([g(v) for v in x])
        return a * b + a

    def chosen(x: Any) -> list[Any]:
        return [take([v * x[1] for v in t], where(greater(y, 0.0), 1.0, 2.0)) for y in x]

    def shifted(x: Any) -> list[Any]:
        z = layer(W, x)
        largest = amax(z).detach()
        return [v - largest for v in z]

    for f in (
        lambda x: sums(tanh, exp, layer(W, x)),
        lambda x: sums(lambda v: p + v, lambda v: q * v, x),
        lambda x: sums(lambda v: tanh(p * v), lambda v: exp(q * v), x),
        lambda x: x[0] * sums(tanh, exp, t),
        lambda x: total(layer(W, layer(V, x)[1:])).tanh() * total(layer(V, layer(W, x)[:3])),
        lambda x: total(chosen(x)) * total([exp(v * x[0]) for v in t]),
        lambda x: log(total([exp(v) for v in shifted(x)])) - total(chosen(shifted(x)[:3])),
        lambda x: (lambda e: total(e) * total(e[::-1]).tanh())([tanh(v) for v in layer(W, x)]),
    ):
        program = compile(f, [0.1, 0.2, 0.3])
        check_agreement(f, program, [np.random.default_rng(5).normal(size=(5, 3))], 5)


def test_a_cross_entropy_copies_nothing() -> None:
    W = weights(12, seed=6)

    def f(x: Any, y: Any) -> Any:
        z = [dot(W[i : i + 3], x) for i in range(0, 12, 3)]
        largest = amax(z).detach()
        below = [v - largest for v in z]
        chosen = total([where(c, v, 0.0) for c, v in zip(y, below, strict=True)])
        return log(total([exp(v) for v in below])) - chosen

    program = compile(f, [0.1, 0.2, 0.3], [0.0, 1.0, 0.0, 0.0])
    text = program.source.partition("def loss_and_gradient")[2]
    assert "[...] =" not in text
    assert text.count("np.") <= 15, text


def test_a_detached_number_counts_for_each_example_and_hands_no_gradient_on() -> None:
    w = Value(2.0)

    def f(x: Any) -> Any:
        return w * x * (w * x).detach()

    program = compile(f, 1.0)
    assert program([1.0, 3.0]).tolist() == [4.0, 36.0]
    assert program.value_and_grad([1.0, 3.0]) == (20.0, [10.0])


def test_a_function_of_parameters_alone_is_quick_on_its_arrays_too() -> None:
    a, b = Value(-41.0, "a"), Value(2.0, "b")
    exponent = [2.0]
    program = compile(lambda: (a * b - b) ** exponent[0] / b)
    theta, gtheta = program.theta, program.gtheta
    for x, y in ((-41.0, 2.0), (3.0, 4.0), (5.0, -7.0)):
        theta[:] = [x, y]
        assert program.gradient() == (x * y - y) ** 2 / y
        assert gtheta.tolist() == pytest.approx([2 * (x - 1) * y, (x - 1) ** 2], rel=1e-14)
    exponent[0] = 3.0
    with pytest.raises(TraceError, match=r"'exponent' became \[3.0\]"):
        program.gradient()
    exponent[0] = 2.0
    theta[:] = [1.0, 0.0]
    with pytest.raises(ZeroDivisionError):
        program.gradient()
    program.theta[:] = [3.0, 5.0]
    assert program.value_and_grad() == (20.0, [20.0, 4.0])

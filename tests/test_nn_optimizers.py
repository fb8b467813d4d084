"""Optimizers make PyTorch's steps, on Values and on arrays alike."""

from __future__ import annotations

import copy
import json
import math
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_mini import Value, compile, dot, jit, tanh, total
from nn import FNN, Trainer
from nn.optimizers import SGD, Adam, AdamW, Optimizer, clip_grad_norm, clip_grad_value

START, STEPS = (-1.2, 1.0), 30


def valley(x: Any, y: Any) -> Any:
    """Rosenbrock's function, a little flatter: curved, and no two slopes alike."""
    return (1 - x) ** 2 + 5 * (y - x * x) ** 2


def valley_of(leaves: list[Value]) -> Any:
    return lambda x: valley(*leaves) + 0.0 * x


def walk(optimizer: Optimizer, steps: int = STEPS) -> list[float]:
    for _ in range(steps):
        optimizer.zero_grad()
        valley(*optimizer.params).backward()
        optimizer.step()
    return [p.data for p in optimizer.params]


def start() -> list[Value]:
    return [Value(x) for x in START]


# Where torch.optim of PyTorch 2.13.0 stands after thirty steps in float64.
PYTORCH = [
    (SGD, {"lr": 0.01}, -0.6785426692526878, 0.621015594890558),
    (SGD, {"lr": 0.01, "momentum": 0.9}, 0.9793516123722402, 0.81785288482181),
    (
        SGD,
        {"lr": 0.01, "momentum": 0.9, "dampening": 0.3},
        0.6739959200067797,
        0.6243274365449499,
    ),
    (
        SGD,
        {"lr": 0.01, "momentum": 0.9, "nesterov": True},
        0.8507575707354528,
        0.6918229802696975,
    ),
    (SGD, {"lr": 0.01, "weight_decay": 0.1}, -0.6560776938768534, 0.5916820759153891),
    (
        SGD,
        {"lr": 0.01, "momentum": 0.5, "weight_decay": 0.1, "nesterov": True},
        -0.19087551663077,
        0.14497351247664095,
    ),
    (
        SGD,
        {
            "lr": 0.001,
            "momentum": 0.5,
            "dampening": 0.5,
            "weight_decay": 0.1,
            "maximize": True,
        },
        -6.951243757048349,
        0.0482422797208952,
    ),
    (Adam, {"lr": 0.05}, -0.6423178567400283, 0.5206859308635502),
    (
        Adam,
        {"lr": 0.05, "betas": (0.5, 0.9), "eps": 0.001},
        -0.32673962824358244,
        0.17836751444962481,
    ),
    (Adam, {"lr": 0.05, "weight_decay": 0.1}, -0.6196255661268725, 0.48314730257639293),
    (Adam, {"lr": 0.01, "maximize": True}, -1.5253184770180783, 0.6745379108169195),
    (AdamW, {"lr": 0.05}, -0.6310197210698334, 0.5038699846892428),
    (AdamW, {"lr": 0.05, "weight_decay": 0.5}, -0.18073121913648324, 0.019365443168122717),
    (AdamW, {"lr": 0.05, "weight_decay": 0.0}, -0.6423178567400283, 0.5206859308635502),
    (AdamW, {"lr": 0.01, "maximize": True}, -1.5211657559176703, 0.6720709762867133),
]
SETTINGS = [(kind, settings) for kind, settings, *_ in PYTORCH]


@pytest.mark.parametrize(("kind", "settings", "x", "y"), PYTORCH)
def test_thirty_steps_end_where_pytorch_ends(
    kind: type[Optimizer], settings: dict[str, Any], x: float, y: float
) -> None:
    assert walk(kind(start(), **settings)) == pytest.approx([x, y], rel=1e-11)


rates = st.floats(0.0, 0.02)
fractions = st.floats(0.0, 0.95)


@pytest.mark.torch
@given(
    lr=rates,
    momentum=fractions,
    dampening=fractions,
    weight_decay=rates,
    nesterov=st.booleans(),
    maximize=st.booleans(),
)
def test_sgd_walks_with_pytorch_whatever_its_settings(**settings: Any) -> None:
    torch = pytest.importorskip("torch")
    if settings["nesterov"]:
        settings |= {"momentum": settings["momentum"] or 0.5, "dampening": 0.0}
    if settings["maximize"]:
        settings["lr"] /= 100  # uphill is far
    assert walk(SGD(start(), **settings)) == pytest.approx(
        pytorch_walk(torch, torch.optim.SGD, settings), rel=1e-11
    )


@pytest.mark.torch
@pytest.mark.parametrize("kind", [Adam, AdamW])
@given(
    lr=rates,
    betas=st.tuples(fractions, st.floats(0.5, 0.999)),  # near 0, a step is the sign of rounding
    eps=st.floats(1e-9, 1e-2),
    weight_decay=st.floats(0.0, 0.5),
    maximize=st.booleans(),
)
def test_adam_walks_with_pytorch_whatever_its_settings(
    kind: type[Optimizer], **settings: Any
) -> None:
    torch = pytest.importorskip("torch")
    theirs = pytorch_walk(torch, getattr(torch.optim, kind.__name__), settings)
    assert walk(kind(start(), **settings)) == pytest.approx(theirs, rel=1e-9)


def pytorch_walk(torch: Any, kind: Any, settings: dict[str, Any]) -> list[float]:
    theta = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    optimizer = kind([theta], **settings)
    for _ in range(STEPS):
        optimizer.zero_grad()
        valley(*theta).backward()
        optimizer.step()
    return theta.tolist()


@pytest.mark.parametrize(("kind", "settings"), SETTINGS)
def test_values_and_arrays_move_to_the_same_bits(
    kind: type[Optimizer], settings: dict[str, Any]
) -> None:
    on_values, on_arrays = kind(start(), **settings), kind(start(), **settings)
    theta = np.array(START)
    for _ in range(STEPS):
        on_values.zero_grad()
        valley(*on_values.params).backward()
        grad = np.array([p.grad for p in on_values.params])
        before = grad.copy()
        on_values.step()
        on_arrays.update(theta, grad)
        assert np.array_equal(grad, before)
        assert [p.data for p in on_values.params] == theta.tolist()
    assert on_arrays.state_dict() == on_values.state_dict()


@pytest.mark.parametrize(("kind", "settings"), SETTINGS)
def test_a_state_goes_on_to_the_same_bits_after_json(
    kind: type[Optimizer], settings: dict[str, Any]
) -> None:
    straight = kind(start(), **settings)
    walk(straight, 20)
    first = kind(start(), **settings)
    walk(first, 10)
    second = kind([Value(p.data) for p in first.params], **settings)
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    assert walk(second, 10) == [p.data for p in straight.params]


@given(st.floats(-3, 3), st.floats(0.01, 0.45))
def test_sgd_descends_a_quadratic_when_lr_is_below_two_over_its_curvature(
    x0: float, lr: float
) -> None:
    x = Value(x0)
    optimizer = SGD([x], lr=lr)
    losses = []
    for _ in range(10):
        optimizer.zero_grad()
        loss = 2 * x * x  # curvature 4
        loss.backward()
        losses.append(loss.data)
        optimizer.step()
    assert losses == sorted(losses, reverse=True)


def test_values_as_gradients_are_taken_as_their_numbers() -> None:
    x = Value(3.0)
    optimizer = SGD([x], lr=0.5)
    (x * x).backward(create_graph=True)
    optimizer.step()
    assert x.data == 0.0
    assert type(x.data) is float


def test_a_parameter_the_loss_does_not_reach_still_decays() -> None:
    x, unused = Value(1.0), Value(2.0)
    (x * x).backward()
    SGD([x, unused], lr=0.1, weight_decay=0.5).step()
    assert unused.data == 2.0 - 0.1 * (0.5 * 2.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: SGD(p, lr=-1.0), r"lr must be a number from 0 up, but got -1\.0"),
        (lambda p: SGD(p, lr=math.nan), "lr must be"),
        (lambda p: SGD(p, momentum=-0.1), "momentum must be"),
        (lambda p: SGD(p, nesterov=True), "nesterov=True needs momentum > 0"),
        (lambda p: SGD(p, momentum=0.9, dampening=0.1, nesterov=True), "and dampening=0"),
        (lambda p: Adam(p, betas=(0.9, 1.0)), r"betas must be in \[0, 1\)"),
        (lambda p: Adam(p, betas=(0.9,)), "betas are two"),
        (lambda p: Adam(p, betas=cast(Any, 0.9)), "betas are two, .* but got 0.9"),
        (lambda p: SGD(p, lr=cast(Any, "0.1")), "lr must be a number from 0 up, but got '0.1'"),
        (lambda p: SGD(p, lr=cast(Any, None)), "lr must be a number from 0 up, but got None"),
        (lambda p: Adam(p, eps=-1e-8), "eps must be"),
        (lambda p: AdamW(p, weight_decay=-0.1), "weight_decay must be"),
        (lambda p: SGD([]), r"pass model\.parameters\(\)"),
        (lambda p: SGD([*p, p[0]]), "the same Value twice"),
        (lambda p: SGD([p[0] * 2]), "moves leaves, but .* was computed by"),
    ],
)
def test_settings_that_cannot_work_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(start())


def test_numbers_are_not_parameters() -> None:
    with pytest.raises(TypeError, match=r"moves Values, but got 1\.0"):
        SGD([1.0])  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError, match=r"such as model.parameters\(\), but got Value\("):
        SGD(Value(1.0))  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    "state",
    [
        Adam([Value(1.0)]).state_dict(),
        SGD([Value(1.0)], momentum=0.9).state_dict(),
        SGD([Value(1.0), Value(2.0)]).state_dict(),
    ],
)
def test_a_foreign_state_is_refused_and_changes_nothing(state: dict[str, Any]) -> None:
    optimizer = SGD(start(), momentum=0.9)
    if state == SGD(start(), momentum=0.9).state_dict():
        pytest.fail("the case is not foreign")
    walk(optimizer, 2)
    before = optimizer.state_dict()
    with pytest.raises(ValueError, match="this state"):
        optimizer.load_state_dict(state)
    assert optimizer.state_dict() == before


@pytest.mark.parametrize("way", ["Values", "array"])
def test_momentum_may_be_set_at_any_time(way: str) -> None:
    program = compile(valley_of(leaves := start()), 0.0)
    sgd = SGD(program.parameters if way == "array" else leaves, lr=0.01, dampening=0.3)

    def walk_on(steps: int) -> None:
        if way != "array":
            walk(sgd, steps)
        for _ in range(steps if way == "array" else 0):
            program.gradient([0.0])
            sgd.step()

    walk_on(3)
    here = [p.data for p in leaves]
    sgd.momentum = 0.9
    walk_on(4)
    others = [Value(x) for x in here]
    later = SGD(others, lr=0.01, momentum=0.9, dampening=0.3)
    assert [p.data for p in leaves] == pytest.approx(walk(later, 4), rel=1e-12)
    assert sgd.settings() == later.settings()
    assert sgd.state_dict()["buf"] == pytest.approx(later.state_dict()["buf"], rel=1e-12)
    sgd.momentum = 0.0
    walk_on(2)
    plain = walk(SGD([Value(p.data) for p in others], lr=0.01, dampening=0.3), 2)
    assert [p.data for p in leaves] == pytest.approx(plain, rel=1e-12)
    with pytest.raises(ValueError, match="momentum must be a number from 0 up"):
        sgd.momentum = -0.5


def test_an_optimizer_of_a_program_moves_what_has_been_put_in() -> None:
    program = compile(valley_of(leaves := start()), 0.0)
    sgd = SGD(program.parameters, lr=0.01)
    sgd.params[1] = other = Value(3.0)
    before = leaves[1].data
    program.gradient([0.0])
    (other * 2).backward()
    sgd.step()
    assert (leaves[1].data, other.data) == (before, 2.98)
    assert leaves[0].data != START[0]
    assert type(copy.deepcopy(sgd).params) is type(sgd.params)


gradients = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=5)


@given(gradients, st.floats(0.01, 1e3))
def test_clipping_by_norm_keeps_the_direction_and_bounds_the_norm(
    grads: list[float], max_norm: float
) -> None:
    params = [Value(0.0) for _ in grads]
    for p, g in zip(params, grads, strict=True):
        p.grad = g
    norm = clip_grad_norm(params, max_norm)
    assert norm == pytest.approx(math.sqrt(sum(g * g for g in grads)), rel=1e-12, abs=1e-150)
    clipped = [p.grad for p in params]
    assert math.hypot(*clipped) <= max_norm * (1 + 1e-12)
    factor = min(1.0, max_norm / (norm + 1e-6))
    assert clipped == [g * factor for g in grads]


@given(gradients, st.floats(0.01, 1e3))
def test_clipping_by_value_bounds_each_gradient_and_leaves_small_ones(
    grads: list[float], limit: float
) -> None:
    params = [Value(0.0) for _ in grads]
    for p, g in zip(params, grads, strict=True):
        p.grad = g
    clip_grad_value(params, limit)
    for p, g in zip(params, grads, strict=True):
        assert p.grad == (g if abs(g) <= limit else math.copysign(limit, g))


@pytest.mark.parametrize("clip", [clip_grad_norm, clip_grad_value])
def test_a_limit_for_gradients_is_above_zero(clip: Any) -> None:
    with pytest.raises(ValueError, match="must be above 0, but got 0"):
        clip(start(), 0.0)


@pytest.mark.parametrize("maximize", [False, True])
def test_a_zero_has_its_sign_in_a_value_as_in_an_array(maximize: bool) -> None:
    values, theta, grad = [Value(-0.0), Value(-0.0)], np.array([-0.0, -0.0]), [-0.0, 0.0]
    for p, slope in zip(values, grad, strict=True):
        p.grad = slope
    SGD(values, lr=0.5, maximize=maximize).step()
    SGD(values, lr=0.5, maximize=maximize).update(theta, np.array(grad))
    assert repr([p.data for p in values]) == repr(theta.tolist())


def test_what_is_remembered_stays_with_its_parameter() -> None:
    for make in (lambda ps: SGD(ps, lr=0.1, momentum=0.9), lambda ps: Adam(ps, lr=0.1)):
        a, b, c = Value(1.0, "a"), Value(1.0, "b"), Value(1.0, "c")
        optimizer: Optimizer = make([a, b])
        a.grad, b.grad = 10.0, 0.0
        optimizer.step()
        del optimizer.params[0]
        optimizer.step()
        assert b.data == 1.0
        optimizer.params = [c, b, a]
        before = a.data
        a.grad = 0.0
        optimizer.step()
        assert (b.data, c.data) == (1.0, 1.0)
        assert a.data == before  # what had left has been forgotten
        b.grad = 1.0
        optimizer.step()
        optimizer.params.reverse()
        assert [bool(m[1]) for m in optimizer.moments] == [True] * len(optimizer.moments)
        assert not any(m[0] or m[2] for m in optimizer.moments)
    late = SGD([a, b], lr=0.1)
    late.params.append(c)
    late.momentum = 0.5
    late.step()
    assert [len(m) for m in late.moments] == [3]


@pytest.mark.parametrize("place", [0, -1])
def test_a_parameter_that_leaves_takes_its_momentum_along_however_it_is_trained(
    place: int,
) -> None:
    def trained(backend: Any) -> list[float]:
        model = FNN([2, 3, 1], seed=0)
        adam = Adam(model.parameters(), lr=0.1)
        trainer = Trainer(model, "mse", adam, backend=backend)
        for step in range(8):
            if step == 4:
                del adam.params[place]
            trainer.step([[0.5, 1.0], [1.0, -1.0]], [1.0, 0.0])
        return [p.data for p in model.parameters()]

    assert trained("compiled") == pytest.approx(trained("eager"), rel=1e-9)


def test_a_gradient_of_none_counts_as_none() -> None:
    x, y = Value(2.0), Value(1.0)
    x.grad, y.grad = cast(Any, None), 1.0
    SGD([x, y], lr=0.5).step()
    assert (x.data, y.data) == (2.0, 0.5)
    x.grad = cast(Any, None)
    assert clip_grad_norm([x, y], 10.0) == 1.0
    x.grad = cast(Any, None)
    clip_grad_value([x, y], 0.5)
    assert (x.grad, y.grad) == (0.0, 0.5)


@pytest.mark.parametrize("made_with", ["Values", "a program's parameters"])
@pytest.mark.parametrize("compiled", [compile, jit])
def test_an_optimizer_moves_by_the_gradient_that_was_written_last(
    compiled: Any, made_with: str
) -> None:
    x, t = np.array([[1.0, 2.0], [0.5, -1.0]]), np.array([1.0, -1.0])

    def loss_of(w: list[Value]) -> Any:
        return lambda x, t: (tanh(dot(w[:2], x)) * w[2] - t) ** 2

    def train(steps: str, *, eagerly: bool) -> list[float]:
        w = [Value(0.5), Value(-0.3), Value(2.0)]
        f = loss_of(w)
        program = jit(f, parameters=w) if compiled is jit else compile(f, [1.0, 2.0], 1.0)
        listed = made_with != "Values"
        sgd = SGD(program.parameters if listed and not eagerly else w, lr=0.1, momentum=0.5)

        def backward() -> None:
            total([f(x.tolist(), t) for x, t in zip(x, t.tolist(), strict=True)]).backward(0.5)

        for step in steps:
            if step == "z":
                sgd.zero_grad()
            elif step == "0":
                for p in w:
                    p.grad = 0.0 * p.data
            elif step == "c":
                clip_grad_norm(w, 0.01)
            elif step == "b" or eagerly:
                if step != "b":  # a program leaves its gradient, and adds to none
                    for p in w:
                        p.grad = 0.0
                backward()
            elif step == "v":
                assert program.value_and_grad(x, t)[1] == program.gtheta.tolist()
            else:
                program.gradient(x, t)
            if step in "bvgc":
                sgd.step()
        return [p.data for p in w]

    for steps in ("vvv", "ggg", "zvzvzv", "0v0v0v", "zgzgzg", "vcvcgc", "zbvzbvzb", "vgvg"):
        if made_with == "Values" or "b" not in steps:
            assert train(steps, eagerly=False) == pytest.approx(train(steps, eagerly=True)), steps

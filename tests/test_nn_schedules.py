"""Schedules follow PyTorch's, and their formulas."""

from __future__ import annotations

import json
import warnings
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_mini import Value
from nn.optimizers import SGD
from nn.schedules import (
    CosineAnnealingLR,
    ExponentialLR,
    InverseTimeLR,
    LinearLR,
    PolynomialLR,
    ReduceLROnPlateau,
    Schedule,
    StepLR,
)

LR = 0.8


def rates(kind: Any, settings: dict[str, Any], epochs: int = 10) -> list[float]:
    optimizer = SGD([Value(1.0)], lr=LR)
    schedule = kind(optimizer, **settings)
    result = [optimizer.lr]
    for _ in range(epochs):
        schedule.step()
        result.append(optimizer.lr)
    return result


# fmt: off
# What torch.optim.lr_scheduler of PyTorch 2.13.0 gives for epochs 0 to 10.
PYTORCH = [
    (StepLR, {"step_size": 3, "gamma": 0.5},
     [0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.2, 0.2, 0.2, 0.1, 0.1]),
    (StepLR, {"step_size": 1},
     [0.8, 0.08, 0.008, 8e-4, 8e-5, 8e-6, 8e-7, 8e-8, 8e-9, 8e-10, 8e-11]),
    (ExponentialLR, {"gamma": 0.9},
     [0.8, 0.72, 0.648, 0.5832, 0.52488, 0.472392,
      0.4251528, 0.38263752, 0.344373768, 0.3099363912, 0.27894275208]),
    (CosineAnnealingLR, {"T_max": 8},
     [0.8, 0.769551813005, 0.682842712475, 0.553073372946, 0.4, 0.246926627054,
      0.117157287525, 0.030448186995, 0.0, 0.030448186995, 0.117157287525]),
    (CosineAnnealingLR, {"T_max": 5, "eta_min": 0.1},
     [0.8, 0.733155948031, 0.558155948031, 0.341844051969, 0.166844051969, 0.1,
      0.166844051969, 0.341844051969, 0.558155948031, 0.733155948031, 0.8]),
    (LinearLR, {},
     [0.266666666667, 0.373333333333, 0.48, 0.586666666667, 0.693333333333,
      0.8, 0.8, 0.8, 0.8, 0.8, 0.8]),
    (LinearLR, {"start_factor": 0.1, "end_factor": 0.5, "total_iters": 4},
     [0.08, 0.16, 0.24, 0.32, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4]),
    (PolynomialLR, {}, [0.8, 0.64, 0.48, 0.32, 0.16, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
    (PolynomialLR, {"total_iters": 7, "power": 2.0},
     [0.8, 0.587755102041, 0.408163265306, 0.261224489796,
      0.14693877551, 0.065306122449, 0.016326530612, 0.0, 0.0, 0.0, 0.0]),
]
# fmt: on


@pytest.mark.parametrize(("kind", "settings", "theirs"), PYTORCH)
def test_ten_epochs_have_pytorchs_rates(
    kind: type[Schedule], settings: dict[str, Any], theirs: list[float]
) -> None:
    assert rates(kind, settings) == pytest.approx(theirs, rel=1e-9, abs=1e-12)


@pytest.mark.torch
@pytest.mark.parametrize(
    ("kind", "strategies"),
    [
        (StepLR, {"step_size": st.integers(1, 12), "gamma": st.floats(0.1, 1.1)}),
        (ExponentialLR, {"gamma": st.floats(0.1, 1.1)}),
        (CosineAnnealingLR, {"T_max": st.integers(1, 20), "eta_min": st.floats(0.0, 0.5)}),
        (
            LinearLR,
            {
                "start_factor": st.floats(0.1, 1.0),
                "end_factor": st.floats(0.1, 1.0),
                "total_iters": st.integers(1, 12),
            },
        ),
        (PolynomialLR, {"total_iters": st.integers(1, 12), "power": st.floats(0.5, 3.0)}),
    ],
)
@given(data=st.data())
def test_rates_are_pytorchs_whatever_the_settings(
    kind: type[Schedule], strategies: dict[str, Any], data: st.DataObject
) -> None:
    torch = pytest.importorskip("torch")
    settings = data.draw(st.fixed_dictionaries(strategies))
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=LR)
    theirs = getattr(torch.optim.lr_scheduler, kind.__name__)(optimizer, **settings)
    expected = [optimizer.param_groups[0]["lr"]]
    for _ in range(10):
        optimizer.step()
        theirs.step()
        expected.append(optimizer.param_groups[0]["lr"])
    assert rates(kind, settings) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.torch
@given(
    losses=st.lists(st.floats(0.0, 2.0), min_size=1, max_size=30),
    patience=st.integers(0, 3),
    threshold=st.sampled_from([0.0, 1e-4, 0.1]),
)
def test_a_plateau_is_where_pytorch_sees_one(
    losses: list[float], patience: int, threshold: float
) -> None:
    torch = pytest.importorskip("torch")
    settings = {"factor": 0.5, "patience": patience, "threshold": threshold}
    theirs = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=LR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        their_schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(theirs, eps=0.0, **settings)
    ours = SGD([Value(1.0)], lr=LR)
    our_schedule = ReduceLROnPlateau(ours, **settings)
    for loss in losses:
        their_schedule.step(loss)
        our_schedule.step(loss)
        assert ours.lr == theirs.param_groups[0]["lr"]


def test_a_plateau_is_more_than_patience_epochs_in_a_row_without_a_lower_loss() -> None:
    optimizer = SGD([Value(1.0)], lr=1.0)
    schedule = ReduceLROnPlateau(optimizer, factor=0.1, patience=2)
    for loss in (5.0, 4.0, 4.0, 4.0, 3.9):
        schedule.step(loss)
    assert optimizer.lr == 1.0
    for loss in (3.9, 3.8999, 3.9):  # 3.8999 is not below 3.9·(1 - 1e-4)
        schedule.step(loss)
    assert optimizer.lr == 0.1


def test_inverse_time_is_lr_over_one_plus_kt() -> None:
    assert rates(InverseTimeLR, {"k": 1.0}, 4) == [0.8 / t for t in (1, 2, 3, 4, 5)]


@pytest.mark.parametrize(("kind", "settings", "_"), [*PYTORCH, (ReduceLROnPlateau, {}, None)])
def test_a_state_goes_on_where_it_stood(kind: Any, settings: dict[str, Any], _: object) -> None:
    losses = [3.0, 2.0] + [2.5] * 30
    straight = SGD([Value(1.0)], lr=LR)
    schedule = kind(straight, **settings)
    for loss in losses:
        schedule.step(loss)

    first = SGD([Value(1.0)], lr=LR)
    half = kind(first, **settings)
    for loss in losses[:7]:
        half.step(loss)
    second = SGD([Value(1.0)], lr=LR)
    rest = kind(second, **settings)
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    rest.load_state_dict(json.loads(json.dumps(half.state_dict())))
    for loss in losses[7:]:
        rest.step(loss)
    assert second.lr == straight.lr


def test_a_foreign_state_is_refused() -> None:
    optimizer = SGD([Value(1.0)], lr=LR)
    with pytest.raises(ValueError, match=r"StepLR keeps .* but this state has"):
        StepLR(optimizer, 2).load_state_dict(ExponentialLR(optimizer, 0.9).state_dict())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda o: StepLR(o, 0), "step_size must be 1 or more, but got 0"),
        (lambda o: CosineAnnealingLR(o, 0), "T_max must be 1 or more"),
        (lambda o: StepLR(o, cast(int, 2.5)), "step_size must be a whole number, but got 2.5"),
        (lambda o: LinearLR(o, total_iters=0), "total_iters must be 1 or more"),
        (lambda o: PolynomialLR(o, total_iters=-1), "1 or more, but got -1"),
        (lambda o: ReduceLROnPlateau(o, factor=1.5), "factor must be between 0 and 1"),
        (lambda o: ReduceLROnPlateau(o, patience=-1), "patience must be 0 or more, but got -1"),
        (lambda o: ReduceLROnPlateau(o).step(), r"call step\(loss\)"),
    ],
)
def test_settings_that_cannot_work_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(SGD([Value(1.0)]))


def test_a_schedule_says_what_it_was_told() -> None:
    assert repr(StepLR(SGD([Value(1.0)]), 3)) == "StepLR(step_size=3, gamma=0.1)"


def test_a_schedule_needs_an_optimizer() -> None:
    with pytest.raises(TypeError, match=r"optimizer is an object .*, but got \[Value"):
        StepLR([Value(1.0)], 3)  # pyright: ignore[reportArgumentType]

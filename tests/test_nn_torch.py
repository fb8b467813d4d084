"""Activations and losses against PyTorch in float64: also at extremes and kinks.

PyTorch's numbers are stored in `torch_numbers.json`, so that every machine compares with them;
where PyTorch is installed, the stored numbers themselves are compared with it. To store them
anew:  python tests/test_nn_torch.py
"""

# ruff: noqa: E501 (one case, one line)

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograd_mini import Value
from nn import activations, losses

STORED = Path(__file__).parent / "torch_numbers.json"

POINTS = [-1000, -100, -40, -20, -6, -3, -1.5, -1, -0.5, -0.01, -1e-8, 0, 1e-8, 0.01, 0.5, 1, 1.5]
POINTS += [3, 6, 20, 40, 100, 700]

ACTIVATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "identity": lambda F, x: x * 1,
    "sigmoid": lambda F, x: F.sigmoid(x),
    "tanh": lambda F, x: F.tanh(x),
    "relu": lambda F, x: F.relu(x),
    "leaky_relu": lambda F, x: F.leaky_relu(x),
    "elu": lambda F, x: F.elu(x),
    "selu": lambda F, x: F.selu(x),
    "softplus": lambda F, x: F.softplus(x),
    "softsign": lambda F, x: F.softsign(x),
    "silu": lambda F, x: F.silu(x),
    "gelu": lambda F, x: F.gelu(x),
    "gelu_tanh": lambda F, x: F.gelu(x, approximate="tanh"),
    "mish": lambda F, x: F.mish(x),
    "hardtanh": lambda F, x: F.hardtanh(x),
    "relu6": lambda F, x: F.relu6(x),
    "hardsigmoid": lambda F, x: F.relu6(x + 3) / 6,  # its own slope is a float32
    "hardswish": lambda F, x: F.hardswish(x),
    "log_sigmoid": lambda F, x: F.logsigmoid(x),
    "tanhshrink": lambda F, x: F.tanhshrink(x),
    "softshrink": lambda F, x: F.softshrink(x),
    "abs": lambda F, x: x.abs(),
    "square": lambda F, x: x.square(),
    "sin": lambda F, x: x.sin(),
    "gaussian": lambda F, x: (-x * x).exp(),
    "exp": lambda F, x: x.exp(),
}

R = [0.0, 1.0, -1.0, 0.3, -2.5, 1000.0, -1e6, 2.0]  # predictions of the target Y
Y = [0.0, 0.0, 0.0, 0.3, 1.5, -3.0, 4.0, 0.0]
PAIRS = [[1.0, -2.0, 0.5], [0.0, 3.0, -1.0]]
PAIR_TARGETS = [[0.0, 1.0, 0.5], [2.0, 2.5, 1.0]]
P, B = [0.5, 1e-3, 0.999, 0.2, 1e-9, 0.9], [1.0, 0.0, 1.0, 0.3, 1.0, 0.0]
LOGITS = [0.0, 1.0, -30.0, 1000.0, -1000.0, 5.0, 1000.0]
BITS = [1.0, 0.0, 1.0, 0.0, 1.0, 0.3, 1.0]
SCORES = [2.0, 1.0, -0.3, 0.0, 1.0, -5.0, 30.0]
SIGNS = [1.0, 1.0, 1.0, -1.0, -1.0, 1.0, -1.0]
Z = [[1.0, 2.0, 3.0], [0.0, 0.0, 0.0], [1000.0, -1000.0, 0.0], [-2.0, 0.5, 0.1], [30.0, 0.0, -30.0]]
K = [0, 1, 0, 2, 2]
T = [[0.2, 0.3, 0.5], [1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.1, 0.1, 0.8], [0.0, 0.0, 1.0]]
Q = [[0.2, 0.3, 0.5], [0.1, 0.2, 0.7], [1e-9, 0.5, 0.499999999], [0.3, 0.3, 0.4], [0.25, 0.5, 0.25]]
W = [0.5, 2.0, 1.0]


def _e(t: Any) -> Any:
    import torch

    return torch.nn.functional.one_hot(t, 3).double()


def _others(z: Any, t: Any) -> Any:
    return z.masked_fill(_e(t).bool(), -math.inf).amax(1)


def _right(z: Any, t: Any) -> Any:
    return (z * _e(t)).sum(1)


def _moved(p: Any, t: Any) -> Any:
    return (p - t).cumsum(1)[:, :-1]


# name, options, prediction, target, what PyTorch computes from (F, prediction, target)
LOSSES: list[tuple[str, dict[str, Any], Any, Any, Callable[[Any, Any, Any], Any]]] = [
    ("mse", {}, R, Y, lambda F, p, t: F.mse_loss(p, t)),
    ("mse", {}, PAIRS, PAIR_TARGETS, lambda F, p, t: F.mse_loss(p, t, reduction="sum") / 2),
    ("half_mse", {"reduction": "sum"}, R, Y, lambda F, p, t: F.mse_loss(p, t, reduction="sum") / 2),
    ("mae", {}, R, Y, lambda F, p, t: F.l1_loss(p, t)),
    ("huber", {}, R, Y, lambda F, p, t: F.huber_loss(p, t)),
    ("huber", {"delta": 2.5}, R, Y, lambda F, p, t: F.huber_loss(p, t, delta=2.5)),
    ("smooth_l1", {}, R, Y, lambda F, p, t: F.smooth_l1_loss(p, t)),
    ("smooth_l1", {"beta": 0.5}, R, Y, lambda F, p, t: F.smooth_l1_loss(p, t, beta=0.5)),
    ("smooth_l1", {"beta": 0.0}, R, Y, lambda F, p, t: F.smooth_l1_loss(p, t, beta=0.0)),
    ("log_cosh", {}, R[:5], Y[:5], lambda F, p, t: (p - t).cosh().log().mean()),
    ("msle", {}, [600.0, 1400.0, 1e-3], [1000.0, 1000.0, 5.0],
     lambda F, p, t: F.mse_loss(p.log(), t.log())),
    ("msle", {"log1p": True}, [600.0, 0.0, -0.5], [1000.0, 0.0, 5.0],
     lambda F, p, t: F.mse_loss(p.log1p(), t.log1p())),
    ("gaussian_nll", {"sigma": 1.7}, R[:5], Y[:5],
     lambda F, p, t: F.gaussian_nll_loss(p, t, p.detach() * 0 + 1.7**2, full=True)),
    ("gaussian_nll", {"sigma": 0.5}, PAIRS, PAIR_TARGETS,
     lambda F, p, t: F.gaussian_nll_loss(p, t, p.detach() * 0 + 0.25, full=True, reduction="sum") / 2),
    ("laplace_nll", {"b": 1.7}, R, Y, lambda F, p, t: F.l1_loss(p, t) / 1.7 + math.log(3.4)),
    ("bce", {}, P, B, lambda F, p, t: F.binary_cross_entropy(p, t)),
    ("bce_with_logits", {}, LOGITS, BITS, lambda F, p, t: F.binary_cross_entropy_with_logits(p, t)),
    ("bce_with_logits", {"pos_weight": 3.0}, LOGITS, BITS,
     lambda F, p, t: F.binary_cross_entropy_with_logits(p, t, pos_weight=t.new_tensor(3.0))),
    ("hinge", {}, SCORES, SIGNS, lambda F, p, t: F.relu(1 - t * p).mean()),
    ("squared_hinge", {"margin": 0.5}, SCORES, SIGNS, lambda F, p, t: F.relu(0.5 - t * p).square().mean()),
    ("cubed_hinge", {}, SCORES, SIGNS, lambda F, p, t: F.relu(1 - t * p).pow(3).mean()),
    ("cross_entropy", {}, Z, K, lambda F, p, t: F.cross_entropy(p, t)),
    ("cross_entropy", {}, Z, T, lambda F, p, t: F.cross_entropy(p, t)),
    ("cross_entropy", {"label_smoothing": 0.1}, Z, K, lambda F, p, t: F.cross_entropy(p, t, label_smoothing=0.1)),
    ("cross_entropy", {"weight": W, "reduction": "sum"}, Z, K,
     lambda F, p, t: F.cross_entropy(p, t, weight=p.new_tensor(W), reduction="sum")),
    ("cross_entropy", {"weight": W, "label_smoothing": 0.3}, Z, T,
     lambda F, p, t: F.cross_entropy(p, t, weight=p.new_tensor(W), label_smoothing=0.3)),
    ("cross_entropy", {"from_logits": False}, Q, K, lambda F, p, t: F.nll_loss(p.log(), t)),
    ("nll", {}, [[-0.5, -1.0, -3.0]] * 5, K, lambda F, p, t: F.nll_loss(p, t)),
    ("nll", {"weight": W, "reduction": "sum"}, [[-0.5, -1.0, -3.0]] * 5, K,
     lambda F, p, t: F.nll_loss(p, t, weight=p.new_tensor(W), reduction="sum")),
    ("kl", {}, Q, T, lambda F, p, t: F.kl_div(p.log(), t, reduction="batchmean")),
    ("kl", {"from_logits": True}, Z, T, lambda F, p, t: F.kl_div(F.log_softmax(p, 1), t, reduction="batchmean")),
    ("emd", {}, Q, T, lambda F, p, t: _moved(p, t).abs().sum(1).mean()),
    ("emd", {"from_logits": True}, Z, T, lambda F, p, t: _moved(F.softmax(p, 1), t).abs().sum(1).mean()),
    ("squared_emd", {}, Q, T, lambda F, p, t: _moved(p, t).square().sum(1).mean()),
    ("categorical_hinge", {}, Z, K,
     lambda F, p, t: F.relu(1 + F.relu(_others(p, t)) - _right(p, t)).mean()),
    ("crammer_singer", {}, Z, K, lambda F, p, t: F.relu(1 + _others(p, t) - _right(p, t)).mean()),
    ("multi_margin", {}, Z, K, lambda F, p, t: F.multi_margin_loss(p, t)),
    ("multi_margin", {"p": 2, "margin": 0.5}, Z, K,
     lambda F, p, t: F.multi_margin_loss(p, t, p=2, margin=0.5)),
    ("one_hot_l1", {}, Z, K, lambda F, p, t: (p - _e(t)).abs().sum(1).mean()),
    ("one_hot_l2", {}, Z, K, lambda F, p, t: (p - _e(t)).square().sum(1).mean()),
    ("expectation", {}, Z, K, lambda F, p, t: (F.softmax(p, 1) - _e(t)).abs().sum(1).mean()),
    ("regularized_expectation", {}, Z, K, lambda F, p, t: (F.softmax(p, 1) - _e(t)).square().sum(1).mean()),
    ("chebyshev", {}, Z, K, lambda F, p, t: (1 - _right(F.softmax(p, 1), t)).mean()),
    ("one_vs_all_hinge", {}, Z, K, lambda F, p, t: F.relu(0.5 - (2 * _e(t) - 1) * p).sum(1).mean()),
    ("one_vs_all_squared_hinge", {}, Z, K, lambda F, p, t: F.relu(0.5 - (2 * _e(t) - 1) * p).square().sum(1).mean()),
    ("one_vs_all_cubed_hinge", {}, Z, K, lambda F, p, t: F.relu(0.5 - (2 * _e(t) - 1) * p).pow(3).sum(1).mean()),
    ("squared_log", {}, Z, K, lambda F, p, t: _right(F.log_softmax(p, 1), t).square().mean()),
    ("tanimoto", {}, Z, K, lambda F, p, t: (-_right(F.softmax(p, 1), t) / (F.softmax(p, 1).square().sum(1) + 1 - _right(F.softmax(p, 1), t))).mean()),
    ("cauchy_schwarz", {}, Z, K, lambda F, p, t: ((2 * F.log_softmax(p, 1)).logsumexp(1) / 2 - _right(F.log_softmax(p, 1), t)).mean()),
]  # fmt: skip


def case_name(case: tuple[Any, ...]) -> str:
    """Return a name for a row of LOSSES: the loss, its options and what its target is."""
    name, options, _, target, _ = case
    kind = "pairs" if target is PAIR_TARGETS else "t" if target is T else ""
    return " ".join([name, *[f"{k}={v}" for k, v in options.items()], kind]).strip()


def computed_by_torch() -> dict[str, dict[str, Any]]:
    """Return PyTorch's values and gradients for everything above."""
    import torch

    numbers: dict[str, dict[str, Any]] = {"activations": {}, "losses": {}}
    for name, function in ACTIVATIONS.items():
        x = torch.tensor(POINTS, dtype=torch.float64, requires_grad=True)
        y = function(torch.nn.functional, x)
        y.sum().backward()
        numbers["activations"][name] = [y.tolist(), x.grad.tolist()]  # pyright: ignore[reportOptionalMemberAccess]
    for case in LOSSES:
        _, _, prediction, target, function = case
        p = torch.tensor(prediction, dtype=torch.float64, requires_grad=True)
        t = torch.tensor(target) if target is K else torch.tensor(target, dtype=torch.float64)
        loss = function(torch.nn.functional, p, t)
        loss.backward()
        numbers["losses"][case_name(case)] = [loss.item(), p.grad.tolist()]  # pyright: ignore[reportOptionalMemberAccess]
    return numbers


def leaves(numbers: Any) -> list[float]:
    """Return the numbers in nested lists and dictionaries, in order."""
    if isinstance(numbers, dict):
        numbers = list(numbers.values())
    return [x for part in numbers for x in leaves(part)] if isinstance(numbers, list) else [numbers]


def stored() -> dict[str, dict[str, Any]]:
    return json.loads(STORED.read_text("utf-8"))


@pytest.mark.torch
def test_the_stored_numbers_are_those_of_pytorch() -> None:
    pytest.importorskip("torch")
    theirs, ours = computed_by_torch(), stored()
    for kind in theirs:
        assert list(theirs[kind]) == list(ours[kind])
        for name, numbers in theirs[kind].items():
            close = pytest.approx(leaves(numbers), rel=1e-12, abs=1e-15)
            assert leaves(ours[kind][name]) == close, name


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_and_their_slopes_are_those_of_pytorch(name: str) -> None:
    values, slopes = stored()["activations"][name]
    for point, value, slope in zip(POINTS, values, slopes, strict=True):
        if name == "exp" and point > 709:
            continue
        x = Value(point)
        y = activations.get(name)(x * 1.0)
        y.backward()
        # PyTorch loses the last digits of some tails, which are below the rounding of 1
        assert y.data == pytest.approx(value, rel=1e-13, abs=1e-15), point
        assert x.grad == pytest.approx(slope, rel=1e-12, abs=2e-15), point
        assert activations.get(name)(float(point)) == y.data


@pytest.mark.parametrize("case", LOSSES, ids=case_name)
def test_losses_and_their_gradients_are_those_of_pytorch(case: tuple[Any, ...]) -> None:
    name, options, prediction, target, _ = case
    value, gradient = stored()["losses"][case_name(case)]
    variables = [[Value(x) for x in p] if isinstance(p, list) else Value(p) for p in prediction]
    loss = losses.get(name)(variables, target, **options)
    loss.backward()
    ours = [x.grad for x in leaves(variables)]  # pyright: ignore[reportAttributeAccessIssue]
    assert loss.data == pytest.approx(value, rel=1e-12, abs=1e-15)
    assert ours == pytest.approx(leaves(gradient), rel=1e-12, abs=2e-15)
    assert losses.get(name)(prediction, target, **options) == loss.data


def test_every_loss_and_every_activation_is_compared() -> None:
    compared = {losses.get(case[0]) for case in LOSSES}
    assert compared == set(losses.LOSSES.values())
    vector = {"softmax", "log_softmax", "logsumexp"}  # in the losses above
    assert set(ACTIVATIONS) == activations.ACTIVATIONS.keys() - vector


if __name__ == "__main__":
    kinds = [
        f'"{kind}": {{\n'
        + ",\n".join([f"{json.dumps(k)}: {json.dumps(v)}" for k, v in cases.items()])
        for kind, cases in computed_by_torch().items()
    ]
    STORED.write_text("{\n" + "\n},\n".join(kinds) + "\n}\n}\n", "utf-8")

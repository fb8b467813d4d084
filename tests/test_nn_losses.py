"""Losses: formulas, gradients, reductions, likelihoods, extremes, and what is refused."""

from __future__ import annotations

import math
import pickle
import random
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from autograd_mini import Value, compile, contexts, grad, hessian, maximum, value_and_grad
from autograd_mini.testing import check_gradients
from nn import FNN, activations, losses
from nn.losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    emd_loss,
    expectation_loss,
    gaussian_nll_loss,
    hinge_loss,
    kl_divergence,
    laplace_nll_loss,
    mae_loss,
    mse_loss,
    msle_loss,
    nll_loss,
    rmse,
    rmsle,
    squared_emd_loss,
)

ALL = sorted(losses.LOSSES)
OF_CLASSES = [name for name in ALL if losses.get(name) in losses.CLASS_LOSSES]
OF_COMPONENTS = [name for name in ALL if name not in OF_CLASSES]
PROBABILITIES = ("bce", "binary_cross_entropy", "kl", "kl_divergence", "emd", "squared_emd")
NUMBERS = st.floats(-3.0, 3.0)
SELDOM = settings(max_examples=settings().max_examples // 8)  # each example is a thorough check


def target_of(name: str, rng: random.Random) -> float:
    """Return a target that a loss of components can take."""
    if "hinge" in name:
        return rng.choice((-1.0, 1.0))
    return rng.random() if "bce" in name or "binary" in name or name == "msle" else rng.gauss(0, 1)


def prediction_of(name: str, rng: random.Random) -> float:
    """Return a prediction that a loss of components can take."""
    positive = name == "msle" or name in PROBABILITIES
    return rng.uniform(0.05, 0.95) if positive else rng.gauss(0.0, 1.5)


def class_prediction_of(name: str, rng: random.Random, count: int = 3) -> list[float]:
    """Return a prediction that a loss of classes can take."""
    if name in PROBABILITIES:
        weights = [rng.uniform(0.1, 1.0) for _ in range(count)]
        return [w / sum(weights) for w in weights]
    return [rng.gauss(0.0, 1.5) for _ in range(count)]


# Gradients


@pytest.mark.parametrize("name", OF_COMPONENTS)
@SELDOM
@given(seed=st.integers(0, 10_000))
def test_losses_of_components_have_the_right_gradients(name: str, seed: int) -> None:
    rng = random.Random(seed)
    y = target_of(name, rng)
    check_gradients(lambda f: losses.get(name)(f, y), prediction_of(name, rng))


@pytest.mark.parametrize("name", OF_CLASSES)
@SELDOM
@given(seed=st.integers(0, 10_000))
def test_losses_of_classes_have_the_right_gradients(name: str, seed: int) -> None:
    rng = random.Random(seed)
    y = rng.randrange(3)
    tolerant = name in PROBABILITIES  # moving one entry moves the sum
    z = class_prediction_of(name, rng)
    assume(not tolerant or all(0.01 < p < 0.99 for p in z))
    check_gradients(lambda *zs: losses.get(name)(list(zs), y), *z)


# Batches and reductions


@pytest.mark.parametrize("name", ALL)
def test_reductions_are_sums_over_examples(name: str) -> None:
    rng, loss = random.Random(1), losses.get(name)
    if name in OF_CLASSES:
        prediction = [class_prediction_of(name, rng) for _ in range(4)]
        target: list[Any] = [rng.randrange(3) for _ in range(4)]
    else:
        prediction = [prediction_of(name, rng) for _ in range(4)]
        target = [target_of(name, rng) for _ in range(4)]
    each = [loss(p, t) for p, t in zip(prediction, target, strict=True)]
    assert all(type(x) is float for x in each)
    assert loss(prediction, target, reduction="none") == each
    assert loss(prediction, target, reduction="sum") == pytest.approx(sum(each), rel=1e-14)
    assert loss(prediction, target) == pytest.approx(sum(each) / 4, rel=1e-14)
    assert loss(prediction[:1], target[:1]) == each[0]
    assert loss(prediction[0], target[0], reduction="none") == each[0]
    arrays = loss(np.array(prediction), np.array(target))
    assert arrays == loss(prediction, target)


@pytest.mark.parametrize("name", OF_COMPONENTS)
def test_components_of_an_example_are_summed(name: str) -> None:
    rng, loss = random.Random(2), losses.get(name)
    prediction = [[prediction_of(name, rng) for _ in range(3)] for _ in range(2)]
    target = [[target_of(name, rng) for _ in range(3)] for _ in range(2)]
    each = [
        sum(loss(p, t) for p, t in zip(ps, ts, strict=True))
        for ps, ts in zip(prediction, target, strict=True)
    ]
    assert loss(prediction, target, reduction="none") == pytest.approx(each, rel=1e-14)
    assert loss(prediction, target) == pytest.approx(sum(each) / 2, rel=1e-14)


@pytest.mark.parametrize("name", OF_CLASSES)
def test_an_index_and_its_one_hot_list_are_the_same_target(name: str) -> None:
    loss = losses.get(name)
    for seed in range(5):
        z = class_prediction_of(name, random.Random(seed), count=4)
        for y in range(4):
            one_hot = [float(i == y) for i in range(4)]
            assert loss(z, y) == loss(z, one_hot)
            assert loss(z, np.int64(y)) == loss(z, y)
            unknown = loss([Value(x) for x in z], [Value(x) for x in one_hot])
            assert unknown.data == pytest.approx(loss(z, y), rel=1e-12, abs=1e-14)
            assert grad(lambda *zs, y=y: loss(list(zs), y), argnums=tuple(range(4)))(
                *z
            ) == pytest.approx(
                grad(
                    lambda *zs, e=one_hot: loss(list(zs), [Value(x) for x in e]),
                    argnums=tuple(range(4)),
                )(*z),
                rel=1e-10,
                abs=1e-13,
            )


@pytest.mark.parametrize("name", ALL)
def test_numbers_give_a_float_and_a_value_anywhere_gives_a_value(name: str) -> None:
    rng, loss = random.Random(3), losses.get(name)
    if name in OF_CLASSES:
        p, t = class_prediction_of(name, rng), [0.0, 1.0, 0.0]
        assert type(loss(p, t)) is float
        assert isinstance(loss([Value(p[0]), *p[1:]], t), Value)
        assert isinstance(loss(p, [Value(x) for x in t]), Value)
    else:
        p, t = prediction_of(name, rng), target_of(name, rng)
        assert type(loss(p, t)) is float
        assert isinstance(loss(Value(p), t), Value)
        assert isinstance(loss(p, Value(t)), Value)


def test_a_class_that_counts_nothing_still_gives_a_value() -> None:
    for from_logits in (True, False):
        z = [Value(0.5), Value(0.5)]
        loss = cross_entropy(z, 0, weight=[0.0, 1.0], from_logits=from_logits)
        assert isinstance(loss, Value)
        assert loss.data == 0.0


# The lecture's numbers and its view of losses as likelihoods


def test_the_slide_of_msle() -> None:
    assert rmse(600.0, 1000.0) == rmse(1400.0, 1000.0) == 400.0
    assert round(rmsle(600.0, 1000.0), 4) == 0.5108
    assert round(rmsle(1400.0, 1000.0), 4) == 0.3365
    assert round(rmsle(600.0, 1000.0, log1p=True), 4) == 0.5102
    assert round(rmsle(1400.0, 1000.0, log1p=True), 4) == 0.3362


@given(y=st.floats(0.1, 100.0), share=st.floats(0.01, 0.9))
def test_msle_punishes_underestimates_more(y: float, share: float) -> None:
    assert msle_loss(y * (1.0 - share), y) > msle_loss(y * (1.0 + share), y)


@given(f=st.floats(0.1, 9.0), y=st.floats(0.1, 9.0), scale=st.floats(0.1, 1e6))
def test_msle_sees_ratios_only(f: float, y: float, scale: float) -> None:
    assert msle_loss(scale * f, scale * y) == pytest.approx(msle_loss(f, y), rel=1e-6, abs=1e-12)


def minimizer(loss: Callable[[Value], Value], low: float, high: float) -> float:
    """Return where a unimodal function's slope changes sign, by bisection."""
    for _ in range(80):
        middle = Value((low + high) / 2)
        loss(middle).backward()
        low, high = (low, middle.data) if middle.grad > 0.0 else (middle.data, high)
    return (low + high) / 2


SAMPLE = [0.3, 1.1, 2.0, 4.4, 9.7]


@pytest.mark.parametrize("sigma", [0.5, 1.0, 3.0])
def test_mse_mae_and_msle_minimise_their_likelihoods(sigma: float) -> None:
    def constant(loss: Callable[..., Any], **options: Any) -> Callable[[Value], Value]:
        return lambda f: loss([f] * len(SAMPLE), SAMPLE, **options)

    mean, median = sum(SAMPLE) / 5, sorted(SAMPLE)[2]
    geometric = math.exp(sum(math.log(y) for y in SAMPLE) / 5)
    assert minimizer(constant(mse_loss), 0.0, 10.0) == pytest.approx(mean)
    assert minimizer(constant(gaussian_nll_loss, sigma=sigma), 0.0, 10.0) == pytest.approx(mean)
    assert minimizer(constant(mae_loss), 0.0, 10.0) == pytest.approx(median)
    assert minimizer(constant(laplace_nll_loss, b=sigma), 0.0, 10.0) == pytest.approx(median)
    assert minimizer(constant(msle_loss), 0.1, 10.0) == pytest.approx(geometric)
    logs = [math.log(y) for y in SAMPLE]

    def of_logarithms(f: Value) -> Value:
        return gaussian_nll_loss([f.log()] * 5, logs, sigma=sigma)

    assert minimizer(of_logarithms, 0.1, 10.0) == pytest.approx(geometric)


def test_the_best_noise_level_is_the_mean_error() -> None:
    predictions = [0.5, 1.0, 2.5, 4.0, 9.0]
    errors = [f - y for f, y in zip(predictions, SAMPLE, strict=True)]
    sigma = minimizer(lambda s: gaussian_nll_loss(predictions, SAMPLE, sigma=s), 0.01, 10.0)
    assert sigma**2 == pytest.approx(sum(e * e for e in errors) / 5)
    b = minimizer(lambda b: laplace_nll_loss(predictions, SAMPLE, b=b), 0.01, 10.0)
    assert b == pytest.approx(sum(map(abs, errors)) / 5)


def test_likelihoods_keep_the_normalizer_that_the_slides_drop() -> None:
    step, sigma = 0.01, 0.7
    grid = [i * step for i in range(-1500, 1500)]
    gauss = sum(math.exp(-gaussian_nll_loss(0.3, y, sigma=sigma)) for y in grid) * step
    laplace = sum(math.exp(-laplace_nll_loss(0.3, y, b=sigma)) for y in grid) * step
    assert gauss == pytest.approx(1.0, abs=1e-9)
    assert laplace == pytest.approx(1.0, abs=1e-4)
    pair = gaussian_nll_loss([[1.0, 2.0]], [[0.0, 0.0]], sigma=sigma)
    assert pair == pytest.approx(5.0 / (2 * sigma**2) + 2 * 0.5 * math.log(2 * math.pi * sigma**2))


@given(z=NUMBERS, y=st.sampled_from([0, 1]))
def test_bernoulli_and_categorical_likelihoods_are_the_cross_entropies(z: float, y: int) -> None:
    p = 1.0 / (1.0 + math.exp(-z))
    likelihood = p if y else 1.0 - p
    assert binary_cross_entropy_with_logits(z, y) == pytest.approx(-math.log(likelihood))
    assert binary_cross_entropy(p, y) == pytest.approx(-math.log(likelihood))
    assert cross_entropy([0.0, z], y) == pytest.approx(-math.log(likelihood))


def test_the_half_sum_of_squares_has_the_formula_of_back_propagation() -> None:
    """∂ℒ/∂v = -Σ e h and ∂ℒ/∂w_k = -Σ e v_k σ'(w_kᵀx + b_k) x, as one sum of products."""
    model = FNN([2, 3, 1], "tanh", output_bias=False, seed=1)
    X, y = [[0.5, -1.0], [1.5, 2.0], [-0.3, 0.8]], [1.0, -1.0, 0.5]
    losses.half_mse_loss([model(x) for x in X], y, reduction="sum").backward()
    (last,) = model.layers[1].neurons
    for k, unit in enumerate(model.layers[0].neurons):
        v_gradient, w_gradient, b_gradient = 0.0, [0.0, 0.0], 0.0
        for x, t in zip(X, y, strict=True):
            e = t - model(x).data
            h = unit(x).data
            common = -e * last.w[k].data * (1.0 - h * h)
            v_gradient += -e * h
            b_gradient += common
            w_gradient = [g + common * d for g, d in zip(w_gradient, x, strict=True)]
        assert last.w[k].grad == pytest.approx(v_gradient, rel=1e-12)
        assert [w.grad for w in unit.w] == pytest.approx(w_gradient, rel=1e-12)
        assert unit.b is not None
        assert unit.b.grad == pytest.approx(b_gradient, rel=1e-12)


# Conventions and extremes


def test_zero_probabilities_follow_the_conventions() -> None:
    def slope(loss: Callable[..., Any], p: float, y: float) -> float:
        v = Value(p)
        loss(v, y).backward()
        return v.grad

    assert binary_cross_entropy([0.0, 1.0], [1, 0], reduction="none") == [100.0, 100.0]
    assert slope(binary_cross_entropy, 1.0, 1.0) == -1.0
    assert slope(binary_cross_entropy, 0.0, 0.0) == 1.0
    assert slope(binary_cross_entropy, 0.0, 1.0) == 0.0
    assert slope(binary_cross_entropy, 1e-40, 1.0) == -1e40
    assert slope(binary_cross_entropy, 1e-44, 1.0) == 0.0

    for target in (1, [0.0, 1.0], [Value(0.0), Value(1.0)]):
        p = [Value(0.0), Value(1.0)]
        loss = kl_divergence(p, target)
        loss.backward()
        assert loss.data == 0.0
        assert [x.grad for x in p] == [0.0, -1.0]
        p = [Value(1.0), Value(0.0)]
        loss = kl_divergence(p, target)
        loss.backward()
        assert loss.data == math.inf
        assert p[1].grad == -math.inf
        p = [Value(1.0), Value(0.0)]
        loss = cross_entropy(p, target, from_logits=False)
        loss.backward()
        assert loss.data == 100.0
        assert [x.grad for x in p] == [0.0, 0.0]
        logs = [Value(-math.inf), Value(-0.5)]
        loss = nll_loss(logs, target)
        loss.backward()
        assert loss.data == 0.5
        assert [x.grad for x in logs] == [0.0, -1.0]


def test_logits_of_a_thousand_are_exact() -> None:
    assert cross_entropy([[1000.0, -1000.0]] * 2, [0, 1], reduction="none") == [0.0, 2000.0]
    assert cross_entropy([1000.0, -1000.0], [1.0, 0.0]) == 0.0
    assert binary_cross_entropy_with_logits([1e3, -1e3], [1, 0], reduction="none") == [0.0, 0.0]
    assert losses.log_cosh_loss(1000.0, 0.0) == 1000.0 - math.log(2.0)
    for loss in losses.JANOCHA_CZARNECKI.values():
        for y in (0, 1):
            zs = [Value(1000.0), Value(-1000.0)]
            value = loss(zs, y)
            value.backward()
            assert math.isfinite(value.data)
            assert all(math.isfinite(z.grad) for z in zs)


def test_rmse_has_slope_zero_where_all_is_right() -> None:
    f = [Value(1.0), Value(2.0)]
    root = rmse(f, [1.0, 2.0])
    root.backward()
    assert root.data == 0.0
    assert [v.grad for v in f] == [0.0, 0.0]
    f = Value(3.0)
    rmsle(f, 3.0).backward()
    assert f.grad == 0.0


@given(z=st.lists(NUMBERS, min_size=3, max_size=3), y=st.integers(0, 2))
def test_ways_to_the_same_loss_agree(z: list[float], y: int) -> None:
    from nn.activations import log_softmax, softmax

    loss = cross_entropy(z, y)
    assert nll_loss(log_softmax(z), y) == pytest.approx(loss, abs=1e-13)
    assert cross_entropy(softmax(z), y, from_logits=False) == pytest.approx(loss, abs=1e-13)
    assert kl_divergence(z, y, from_logits=True) == pytest.approx(loss, abs=1e-13)
    assert kl_divergence(softmax(z), y) == pytest.approx(loss, abs=1e-13)
    assert emd_loss(z, y, from_logits=True) == pytest.approx(emd_loss(softmax(z), y), abs=1e-13)
    t = [0.2, 0.3, 0.5]
    entropy = -sum(x * math.log(x) for x in t)
    assert kl_divergence(z, t, from_logits=True) == pytest.approx(cross_entropy(z, t) - entropy)
    smooth = [0.9 * (i == y) + 0.1 / 3 for i in range(3)]
    assert cross_entropy(z, y, label_smoothing=0.1) == pytest.approx(cross_entropy(z, smooth))
    assert hinge_loss(2.0 * z[0], 1) == pytest.approx(max(0.0, 1.0 - 2.0 * z[0]))
    assert losses.multi_margin_loss(z, y) == pytest.approx(
        sum(max(0.0, 1.0 - z[y] + z[j]) for j in range(3) if j != y) / 3
    )


def test_the_earth_movers_distance_is_that_of_scipy() -> None:
    p, t = [0.1, 0.2, 0.3, 0.4], [0.4, 0.3, 0.2, 0.1]
    assert emd_loss(p, t) == pytest.approx(1.0, abs=1e-15)
    assert squared_emd_loss(p, t) == pytest.approx(0.34, abs=1e-15)
    stats = pytest.importorskip("scipy.stats")
    bins = range(4)
    assert emd_loss(p, t) == pytest.approx(stats.wasserstein_distance(bins, bins, p, t))
    assert math.sqrt(2 * squared_emd_loss(p, t)) == pytest.approx(
        stats.energy_distance(bins, bins, p, t)
    )


def test_rounding_in_the_last_bin_does_not_reach_the_gradient() -> None:
    p, t = [Value(0.1), Value(0.2), Value(0.7)], [0.1, 0.2, 0.7]
    emd_loss(p, t).backward()
    assert [v.grad for v in p] == [0.0, 0.0, 0.0]
    assert isinstance(emd_loss([Value(1.0)], [1.0]), Value)


def test_ties_share_the_gradient_evenly_and_the_margin_has_none() -> None:
    for name in ("crammer_singer", "categorical_hinge"):
        z = [Value(1.0), Value(1.0), Value(1.0), Value(0.5)]
        losses.get(name)(z, 3).backward()
        assert [v.grad for v in z] == pytest.approx([1 / 3, 1 / 3, 1 / 3, -1.0])
        at_margin = [Value(2.0), Value(1.0)]
        losses.get(name)(at_margin, 0).backward()
        assert [v.grad for v in at_margin] == [0.0, 0.0]
    z = [Value(-2.0), Value(-1.0)]
    losses.categorical_hinge_loss(z, 1).backward()
    assert [v.grad for v in z] == [0.0, -1.0]  # the inner 0 is larger than M


def test_crammer_singer_is_the_hinge_loss_of_scikit_learn() -> None:
    theirs = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    z, y = rng.normal(size=(20, 4)), rng.integers(0, 4, 20)
    assert losses.crammer_singer_loss(z, y) == pytest.approx(
        theirs.hinge_loss(y, z, labels=[0, 1, 2, 3])
    )


# The twelve losses of Janocha and Czarnecki


def largest_slope(symbol: str) -> float:
    o = [Value(30.0), Value(0.0), Value(-30.0)]
    losses.JANOCHA_CZARNECKI[symbol](o, 2).backward()
    return max(abs(v.grad) for v in o)


def test_the_paper_has_twelve_losses_in_this_order() -> None:
    assert list(losses.JANOCHA_CZARNECKI) == [
        *("L1", "L2", "L1∘σ", "L2∘σ", "L∞∘σ"),
        *("hinge", "hinge²", "hinge³", "log", "log²", "tan", "D_CS"),
    ]


def test_expected_misclassification_goes_flat_when_confidently_wrong() -> None:
    assert largest_slope("L1∘σ") == pytest.approx(2e-26, rel=0.2)
    assert largest_slope("L2∘σ") == pytest.approx(2e-13, rel=0.2)
    assert largest_slope("tan") == pytest.approx(4e-27, rel=0.2)
    assert largest_slope("log") == pytest.approx(1.0)
    assert largest_slope("D_CS") == pytest.approx(1.0)


@given(o=st.lists(NUMBERS, min_size=3, max_size=3), y=st.integers(0, 2))
def test_the_twelve_are_their_formulas(o: list[float], y: int) -> None:
    e = [float(i == y) for i in range(3)]
    p = [math.exp(x) / sum(map(math.exp, o)) for x in o]
    signs = [2 * x - 1 for x in e]
    norm = sum(q * q for q in p)
    hinges = [max(0.0, 0.5 - s * x) for s, x in zip(signs, o, strict=True)]
    expected = {
        "L1": sum(abs(a - b) for a, b in zip(e, o, strict=True)),
        "L2": sum((a - b) ** 2 for a, b in zip(e, o, strict=True)),
        "L1∘σ": sum(abs(a - b) for a, b in zip(e, p, strict=True)),
        "L2∘σ": sum((a - b) ** 2 for a, b in zip(e, p, strict=True)),
        "L∞∘σ": max(abs(a - b) for a, b in zip(e, p, strict=True)),
        "hinge": sum(hinges),
        "hinge²": sum(h**2 for h in hinges),
        "hinge³": sum(h**3 for h in hinges),
        "log": -math.log(p[y]),
        "log²": math.log(p[y]) ** 2,
        "tan": -p[y] / (norm + 1 - p[y]),
        "D_CS": -math.log(p[y] / math.sqrt(norm)),
    }
    for symbol, loss in losses.JANOCHA_CZARNECKI.items():
        assert loss(o, y) == pytest.approx(expected[symbol], rel=1e-9, abs=1e-9), symbol


@given(gap=st.floats(1.0, 600.0))
def test_gradients_of_the_expectation_are_exact_at_both_ends(gap: float) -> None:
    """∂(2(1 - p_y)) is 2 p_y (p - e); with two classes all entries are ± 2 σ(gap) σ(-gap)."""
    exact = 2.0 * math.exp(-gap) / (1.0 + math.exp(-gap)) ** 2
    for y in (0, 1):
        o = [Value(gap), Value(0.0)]
        expectation_loss(o, y).backward()
        assert abs(o[0].grad) == pytest.approx(exact, rel=1e-12)
        assert abs(o[1].grad) == pytest.approx(exact, rel=1e-12)


# Penalties


def test_penalties_are_norms_of_the_weights() -> None:
    model = FNN([2, 3, 1], seed=0)
    for p in model.parameters():
        p.data += 0.5
    ws = [w.data for w in model.weights()]
    assert losses.l1_penalty(0.3)(model).data == pytest.approx(0.3 * sum(map(abs, ws)))
    penalty = losses.l2_penalty(0.3)(model)
    assert penalty.data == pytest.approx(0.15 * sum(w * w for w in ws))
    penalty.backward()
    assert [w.grad for w in model.weights()] == pytest.approx([0.3 * w for w in ws])
    assert all(p.grad == 0.0 for p in model.parameters() if p.label.endswith(".b"))

    class Model:
        def parameters(self) -> list[Value]:
            return [Value(2.0, "w"), Value(-3.0), Value(5.0, "b")]

    assert losses.l1_penalty(0.5)(Model()).data == 2.5
    for penalty in (losses.l1_penalty, losses.l2_penalty):
        with pytest.raises(ValueError, match="strength must be a number from 0 up"):
            penalty(-1.0)


# Names


def test_every_function_has_its_registry_name() -> None:
    named = {
        "binary_cross_entropy": {"bce", "binary_cross_entropy"},
        "binary_cross_entropy_with_logits": {
            "bce_with_logits",
            "binary_cross_entropy_with_logits",
        },
        "cross_entropy": {"cross_entropy"},
        "kl_divergence": {"kl", "kl_divergence"},
        "mae_loss": {"mae", "l1"},
    }
    functions = {
        name for name in losses.__all__ if name.endswith("_loss") and name == getattr(
            getattr(losses, name), "__name__", None
        )
    } | named.keys()  # fmt: skip
    for name in functions:
        function = getattr(losses, name)
        for registered in named.get(name, {name.removesuffix("_loss")}):
            assert losses.get(registered) is function
    assert losses.l1_loss is losses.mae_loss
    assert losses.bce_loss is losses.binary_cross_entropy
    assert losses.bce_with_logits_loss is losses.binary_cross_entropy_with_logits
    assert losses.cross_entropy_loss is losses.cross_entropy
    assert losses.kl_loss is losses.kl_divergence
    options = {
        "regularized_expectation": (expectation_loss, {"p": 2}),
        "chebyshev": (expectation_loss, {"p": math.inf}),
        "one_vs_all_squared_hinge": (losses.one_vs_all_hinge_loss, {"power": 2}),
        "one_vs_all_cubed_hinge": (losses.one_vs_all_hinge_loss, {"power": 3}),
    }
    for name, (function, chosen) in options.items():
        assert losses.get(name)([0.3, 0.1], 0) == function([0.3, 0.1], 0, **chosen)


def test_a_function_is_a_loss_and_an_unknown_name_lists_the_names() -> None:
    assert losses.get(maximum) is maximum
    with pytest.raises(ValueError, match=r"'msee'.*half_mse.*mse.*cauchy_schwarz"):
        losses.get("msee")
    with pytest.raises(TypeError, match="a name or a function"):
        losses.get(None)  # pyright: ignore[reportArgumentType]
    for loss in losses.LOSSES.values():
        assert pickle.loads(pickle.dumps(loss)) is not None


def test_units_that_cannot_be_meant_are_named_with_the_fix() -> None:
    for loss, unit, fix in (
        ("cross_entropy", "softmax", "identity"),
        ("cross_entropy", "sigmoid", "identity"),
        ("bce_with_logits", "sigmoid", 'loss="bce"'),
        ("bce", "identity", "bce_with_logits"),
        ("kl", "identity", "softmax"),
        ("emd", "identity", "softmax"),
        ("msle", "identity", "softplus"),
        ("tanimoto", "softmax", "identity"),
    ):
        message = losses.mismatch(loss, unit)
        assert message is not None
        assert message.startswith(loss)
        assert fix in message
    for loss, unit in (
        ("mse", "identity"),
        ("mse", "sigmoid"),
        ("cross_entropy", "identity"),
        ("bce", "sigmoid"),
        ("kl", "softmax"),
        ("msle", "exp"),
        ("hinge", "identity"),
    ):
        assert losses.mismatch(loss, unit) is None
    assert losses.mismatch(lambda f, y: f - y, "softmax") is None


# What is refused

BAD: list[tuple[str, Any, Any, dict[str, Any], str]] = [
    ("mse", [], [], {}, "prediction is empty"),
    ("mse", [[]], [[]], {}, r"prediction is empty"),
    ("mse", [1.0, 2.0], [1.0], {}, r"shape \(2,\) and shape \(1,\)"),
    ("mse", [1.0], 1.0, {}, r"shape \(1,\) and a number"),
    ("mse", [[1.0], [2.0]], [1.0, 2.0], {}, "nothing is broadcast"),
    ("mse", [[1.0], [2.0, 3.0]], [[1.0], [2.0, 3.0]], {}, "ragged"),
    ("mse", [[[1.0]]], [[[1.0]]], {}, r"\(N, C\)"),
    ("mse", 1.0, 1.0, {"reduction": "average"}, "one of mean, sum, none, but got 'average'"),
    ("msle", 0.0, 1.0, {}, "above 0, but a prediction is 0.0"),
    ("msle", 1.0, -2.0, {}, "above 0, but a target is -2.0"),
    ("msle", 1.0, -1.0, {"log1p": True}, "above -1, but a target is -1.0"),
    ("huber", 1.0, 1.0, {"delta": 0.0}, "delta must be above 0, but got 0.0"),
    ("smooth_l1", 1.0, 1.0, {"beta": -1.0}, "beta must be above 0"),
    ("gaussian_nll", 1.0, 1.0, {"sigma": 0.0}, "sigma must be above 0"),
    ("laplace_nll", 1.0, 1.0, {"b": -1.0}, "b must be above 0"),
    ("bce", 1.1, 1.0, {}, "got 1.1: use a sigmoid"),
    ("bce", math.nan, 1.0, {}, "got nan"),
    ("bce", 0.5, 2.0, {}, r"in \[0, 1\], but got 2.0"),
    ("bce_with_logits", 0.5, -1.0, {}, r"\(y \+ 1\) / 2"),
    ("hinge", 0.5, 0.0, {}, r"but got 0.0: 2\*y - 1"),
    ("squared_hinge", 0.5, 0.5, {}, "-1 or \\+1, but got 0.5"),
    ("cross_entropy", [], 0, {}, "prediction is empty"),
    ("cross_entropy", 1.0, 0, {}, "one number for each class"),
    ("cross_entropy", [1.0, 2.0], 2, {}, "class 2, but there are 2 classes: 0 to 1"),
    ("cross_entropy", [1.0, 2.0], -1, {}, "class -1"),
    ("cross_entropy", [1.0, 2.0], 1.0, {}, "a class is an int"),
    ("cross_entropy", [1.0, 2.0], True, {}, "a class is an int"),
    ("cross_entropy", [1.0, 2.0], Value(1.0), {}, "cannot be a class index"),
    ("cross_entropy", [1.0, 2.0], [0.5, 0.6], {}, "must add up to 1"),
    ("cross_entropy", [1.0, 2.0], [1.5, -0.5], {}, r"in \[0, 1\], but one of them is 1.5"),
    ("cross_entropy", [1.0, 2.0], [1.0, 0.0, 0.0], {}, "each of 2 classes"),
    ("cross_entropy", [[1.0, 2.0]], [0, 1], {}, "got 1 predictions, 2 targets"),
    ("cross_entropy", [[1.0, 2.0]], 0, {}, "one per example"),
    ("cross_entropy", [[1.0, 2.0], [0.0, 0.0]], [0, 5], {}, "target of example 1 is class 5"),
    ("cross_entropy", [1.0, 2.0], 0, {"label_smoothing": 1.5}, "label_smoothing must be in"),
    ("cross_entropy", [1.0, 2.0], 0, {"weight": [1.0]}, "one number for each of 2 classes"),
    ("cross_entropy", [0.5, 0.6], 0, {"from_logits": False}, "the prediction must add up to 1"),
    ("kl", [0.5, 1.5], 0, {}, "one of them is 1.5"),
    ("kl", [0.5, 0.4], 0, {}, "adds up to 0.9"),
    ("emd", [0.5, 0.5], [0.7, 0.7], {}, "the target must add up to 1"),
    ("multi_margin", [0.5, 0.4], 0, {"p": 3}, "p must be one of 1, 2, but got 3"),
    ("expectation", [0.5, 0.4], 0, {"p": 3}, "p must be one of 1, 2, inf, but got 3"),
    ("one_vs_all_hinge", [0.5, 0.4], 0, {"power": 4}, "power must be one of 1, 2, 3"),
    ("crammer_singer", [0.5, 0.4], [0.5, 0.5], {}, "a class index or a one-hot list"),
]


def case_id(case: Any) -> str:
    name, prediction, target, options, _ = case
    return f"{name} {prediction} {type(target).__name__} {target} {options}"


@pytest.mark.parametrize("case", BAD, ids=case_id)
def test_what_makes_no_sense_is_refused_in_the_callers_words(case: tuple[Any, ...]) -> None:
    name, prediction, target, options, said = case
    with pytest.raises(ValueError, match=said):
        losses.get(name)(prediction, target, **options)


class Recorder:
    """Stands for the compiler's recording."""

    def node(self, data: float, op: Any, a: Any, b: Any) -> Value:
        return Value(data)


def test_data_of_values_are_checked_too_but_not_while_tracing() -> None:
    with pytest.raises(ValueError, match="a probability must be in"):
        binary_cross_entropy(Value(1.5), 1.0)
    with pytest.raises(ValueError, match="-1 or"):
        hinge_loss(Value(0.5), Value(0.0))
    with pytest.raises(ValueError, match="add up to 1"):
        kl_divergence([Value(0.5), Value(0.6)], [Value(0.5), Value(0.5)])
    with contexts.Setting(contexts.tracer, Recorder()):
        assert hinge_loss(Value(0.5), Value(0.0)).data == 1.0
        assert kl_divergence([Value(0.5), Value(0.6)], [Value(0.5), Value(0.5)]).data < 0.0


def test_text_is_no_number() -> None:
    with pytest.raises(TypeError, match="the text 'cat'"):
        mse_loss(["cat"], [1.0])
    with pytest.raises(TypeError, match="None"):
        mse_loss([1.0], [None])
    with pytest.raises(TypeError, match="the text 'x'"):
        losses.huber_loss(1.0, 2.0, delta="x")  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError, match="the text 'x'"):
        cross_entropy([1.0, 2.0], 0, label_smoothing="x")  # pyright: ignore[reportArgumentType]
    assert mse_loss([Fraction(1, 2)], np.array([0.25], dtype=np.float32)) == 0.0625


def test_tables_are_read_row_by_row_and_what_has_no_order_is_refused() -> None:
    pandas = pytest.importorskip("pandas")
    f, y = [[0.2, 0.8], [0.6, 0.4], [0.5, 0.5]], [[0.0, 1.0], [1.0, 0.0], [0.3, 0.7]]
    table, targets = pandas.DataFrame(f), pandas.DataFrame(y)  # whose columns are called 0 and 1
    assert losses.mse_loss(table, targets) == losses.mse_loss(f, y)
    assert losses.cross_entropy(table, targets) == losses.cross_entropy(f, y)
    assert losses.cross_entropy(table, pandas.Series([1, 0, 1])) == losses.cross_entropy(
        f, [1, 0, 1]
    )
    for unordered in ({0.2, 0.8}, {0: 1.0, 1: 2.0}):
        with pytest.raises(TypeError, match="a Value holds a number, but got"):
            losses.mse_loss(unordered, [0.0, 1.0])
    with pytest.raises(ValueError, match="one example at a time"):
        FNN([2, 1], seed=0)(table.iloc[:2])


BIG = [0.0, 1.0, -3.0, 1e4, 1e8, 1e16, -1e16, 1e300]


@pytest.mark.parametrize("shift", BIG)
def test_the_normalizer_keeps_its_meaning_at_any_size_of_logit(shift: float) -> None:
    tie = [shift, shift]
    assert activations.softmax(tie) == [0.5, 0.5]
    assert activations.log_softmax(tie) == [-math.log(2.0)] * 2
    for loss in (losses.cross_entropy, partial(losses.kl_divergence, from_logits=True)):
        value, slopes = value_and_grad(lambda z, loss=loss: loss(z, 0))(tie)
        assert (value, slopes) == (math.log(2.0), [-0.5, 0.5])
    assert grad(lambda z: activations.softmax(z)[0])(tie) == [0.25, -0.25]
    assert hessian(lambda z: losses.cross_entropy(z, 0))(tie) == [[0.25, -0.25], [-0.25, 0.25]]
    program = compile(lambda z: losses.cross_entropy(z, 0), tie)
    assert program([tie, [5.0, 5.0]]).tolist() == pytest.approx([math.log(2.0)] * 2)
    assert program.input_grad([tie])[0].tolist() == [[-0.5, 0.5]]


@pytest.mark.parametrize("name", ["cross_entropy", "categorical_hinge", "crammer_singer", "log²"])
def test_a_masked_class_counts_for_nothing_in_a_program_as_eagerly(name: str) -> None:
    loss: Any = losses.JANOCHA_CZARNECKI.get(name) or getattr(losses, f"{name}_loss", None)
    loss = loss or losses.cross_entropy
    w = Value(1.5)

    def f(x: Any, t: Any) -> Any:
        return loss([w * x, -w * x, -math.inf], t)

    eager = f(Value(0.7), [0.0, 1.0, 0.0])
    eager.backward()
    expected = eager.data, w.grad
    program = compile(f, 0.3, [1.0, 0.0, 0.0])
    value, (slope,) = program.value_and_grad([0.7], [[0.0, 1.0, 0.0]])
    assert (value, slope) == pytest.approx(expected)

"""The lecture's models do what it says of them: losses.md's checklist, one test for each line."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from autograd_mini import Value
from demos import linear_svm
from nn import FNN, SGD, Adam, datasets, fit
from nn.features import affine, compose, squared_norm
from nn.losses import half_mse_loss, hinge_loss, l2_penalty
from nn.metrics import accuracy


def test_a_linear_model_trained_by_sgd_reaches_the_least_squares_solution() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 3))
    y = X @ [1.0, -2.0, 0.5] + 0.1 * rng.normal(size=40)
    model = FNN([3, 1], output_bias=False, seed=0)
    fit(model, X, y, loss="mse", optimizer=SGD(model.parameters(), lr=0.3), epochs=200)
    best = np.linalg.lstsq(X, y, rcond=None)[0]
    assert [w.data for w in model.parameters()] == pytest.approx(best.tolist(), abs=1e-9)


def test_the_linear_svm_of_the_demo_is_that_of_libsvm() -> None:
    svm = pytest.importorskip("sklearn.svm")
    strength = 0.01
    X, y, model, _ = linear_svm.trained(n=80, epochs=2000, strength=strength, seed=1)
    theirs = svm.SVC(kernel="linear", C=1.0 / (strength * len(X)), tol=1e-8).fit(X, y)
    w = theirs.coef_[0]
    optimum = strength / 2 * float(w @ w) + hinge_loss(theirs.decision_function(X), y)
    ours = l2_penalty(strength)(model).data + hinge_loss(model.predict(X), y)
    assert optimum - 1e-9 <= ours <= optimum * 1.0002
    assert accuracy(model.predict(X), y) == 1.0
    assert [v.data for v in model.weights()] == pytest.approx(w.tolist(), rel=0.01)


def test_a_feature_map_makes_circles_linear() -> None:
    made = pytest.importorskip("sklearn.datasets").make_circles
    X, y = made(500, noise=0.1, factor=0.5, random_state=0)
    X_train, X_test, y_train, y_test = datasets.split(X, 2 * y - 1)
    scores: list[float] = []
    for phi, width in ((affine([[1.0, 0.0], [0.0, 1.0]], [0.0, 0.0]), 2), (squared_norm(), 3)):
        model = compose(phi, FNN([width, 1], seed=0))
        sgd = SGD(model.parameters(), lr=0.5)
        fit(model, X_train, y_train, loss="hinge", optimizer=sgd, epochs=150, batch_size=50)
        scores.append(accuracy(model.predict(X_test), y_test))
    line, kernel = scores
    assert line < 0.7
    assert kernel >= 0.985


@pytest.mark.parametrize("name", ["moons", "circles"])
def test_compositions_of_absolute_values_find_a_separating_kernel(name: str) -> None:
    X, y = getattr(datasets, name)(80, noise=0.05)
    y = 2 * y - 1
    model = FNN([2, 6, 6, 1], "abs", seed=1)
    adam = Adam(model.parameters(), lr=0.02)
    fit(model, X, y, loss="squared_hinge", optimizer=adam, epochs=120, batch_size=20)
    assert accuracy(model.predict(X), y) == 1.0


def test_a_network_is_the_composition_of_its_layers() -> None:
    model = FNN([3, 5, 4, 2], "sigmoid", seed=0)
    h: list[Value] = [Value(0.3), Value(-1.0), Value(2.0)]
    for layer in model.layers:
        h = layer(h)
    assert [y.data for y in model([0.3, -1.0, 2.0])] == [y.data for y in h]


@pytest.mark.parametrize("share", [0.5, 1.0, 1.9])
def test_gradient_descent_decreases_the_energy_below_the_critical_rate(share: float) -> None:
    X = np.random.default_rng(1).normal(size=(30, 2))
    y = X @ [1.0, -2.0]
    curvature = float(np.linalg.eigvalsh(2 * X.T @ X / len(X)).max())
    model = FNN([2, 1], output_bias=False, seed=1)
    sgd = SGD(model.parameters(), lr=share / curvature)
    losses = fit(model, X, y, loss="mse", optimizer=sgd, epochs=25).loss
    assert all(later < earlier for earlier, later in pairwise(losses))


def test_beyond_the_critical_rate_the_energy_grows() -> None:
    X = np.random.default_rng(1).normal(size=(30, 2))
    y = X @ [1.0, -2.0]
    curvature = float(np.linalg.eigvalsh(2 * X.T @ X / len(X)).max())
    model = FNN([2, 1], output_bias=False, seed=1)
    sgd = SGD(model.parameters(), lr=2.1 / curvature)
    losses = fit(model, X, y, loss="mse", optimizer=sgd, epochs=40).loss
    assert losses[-1] > losses[0]


def test_each_node_is_visited_once_however_many_paths_lead_to_it() -> None:
    x = Value(1.0)
    y = x
    for _ in range(40):
        y = y + y  # 2⁴⁰ paths
    y.backward()
    assert x.grad == 2.0**40


def test_lower_layers_use_the_old_weights_of_the_layers_above() -> None:
    """The slide's "updates, starting from the top" must not mean that v is updated first."""
    model = FNN([1, 1, 1], "tanh", output_bias=False, seed=0)
    (unit,), (last,) = model.layers[0].neurons, model.layers[1].neurons
    w, v, x, t, lr = unit.w[0].data, last.w[0].data, 0.7, 1.0, 0.5
    h = math.tanh(w * x)
    e = t - v * h
    fit(model, [[x]], [t], loss="half_mse", optimizer=SGD(model.parameters(), lr=lr), epochs=1)
    assert last.w[0].data == pytest.approx(v + lr * e * h)
    assert unit.w[0].data == pytest.approx(w + lr * e * v * (1 - h * h) * x)
    assert half_mse_loss(model([x]), t).data < 0.5 * e * e

"""Separate a ring from its inside in the lecture's three steps: shift, bend, separate.

No line separates the two sets. Shift the points so that the ring is around the origin (a linear
map), bend the plane into the paraboloid (x₁, x₂, ‖x‖²) (a nonlinear map φ), and a plane cuts them
apart (a linear model): y = w₂ᵀφ(w₁ᵀx + b₁) + b₂. The machine is a linear SVM behind a feature
map, put together with `nn.features.compose`.
Run it:  python -m demos kernel_svm          (three seconds; writes out/kernel_svm.png)
"""

from __future__ import annotations

import numpy as np

from demos import _plot as plot
from nn import FNN, SGD, datasets, fit
from nn.features import affine, compose, squared_norm
from nn.losses import l2_penalty
from nn.metrics import accuracy


def trained(model: FNN, X: np.ndarray, y: np.ndarray, epochs: int) -> FNN:
    sgd = SGD(model.parameters(), lr=0.5)
    fit(model, X, y, loss="hinge", optimizer=sgd, epochs=epochs, penalty=l2_penalty(1e-3))
    return model


def main(n: int = 160, epochs: int = 250) -> None:
    X, y = datasets.circles(n, noise=0.1, factor=0.45, seed=0)
    X, y = X + np.array([3.0, 2.0]), 2 * y - 1
    center = X.mean(axis=0)
    shift = affine([[1.0, 0.0], [0.0, 1.0]], (-center).tolist())
    bend = squared_norm()
    line = trained(FNN([2, 1], seed=0), X - center, y, epochs)
    features = np.array([bend(shift(x)) for x in X])
    separate = trained(FNN([3, 1], seed=0), features, y, epochs)
    machine = compose(shift, bend, separate)
    print(f"accuracy of a line:           {accuracy(line.predict(X - center), y):.3f}")
    print(f"after shift, bend, separate:  {accuracy(machine.predict(X), y):.3f}")

    figure, (one, two, three) = plot.panels(
        ["1. shift: w₁ᵀx + b₁", "2. bend: φ(x) = (x₁, x₂, ‖x‖²)", "3. separate, seen from above"],
        size=(4.0, 3.8),
    )
    plot.points(one, X - center, y)
    plot.points(one, X, y)
    one.annotate("", (0.4, 0.3), center, arrowprops={"arrowstyle": "->", "color": plot.INK})
    plot.cross(one)
    one.set_aspect("equal")
    plot.points(two, features[:, [0, 2]], y)
    w = [weight.data for weight in separate.weights()]
    b = separate.state_dict()["layers.0.neurons.0.b"]
    xs = np.linspace(-1.4, 1.4, 2)
    two.plot(xs, -(b + w[0] * xs) / w[2], color=plot.INK, lw=1.3)
    two.text(-1.35, -(b - w[0] * 1.35) / w[2] + 0.06, "the separating plane", fontsize=8)
    two.set(xlabel="x₁, shifted", ylabel="‖x‖²")
    plot.regions(three, machine.predict, X)
    plot.points(three, X, y)
    three.set_aspect("equal")
    plot.save(figure, "kernel_svm.png")


SMALL = {"n": 24, "epochs": 10}

if __name__ == "__main__":
    main()

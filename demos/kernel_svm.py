"""Separate a ring from its inside in the lecture's three steps: shift, bend, separate.

No line separates the two sets. Shift the points so that the ring is around the origin (a linear
map) and bend the plane into the paraboloid (z₁, z₂, ‖z‖²) (a nonlinear map φ). Then a plane cuts
them apart (a linear model): y = w₂ᵀφ(w₁ᵀx + b₁) + b₂. The machine is a linear SVM behind a feature
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

    from matplotlib.patches import Patch

    figure, (one, two, three) = plot.panels(
        ["1. shift: z = w₁ᵀx + b₁", "2. bend: φ(z) = (z₁, z₂, ‖z‖²)",
         "3. separate: the cut from above"], size=(4.6, 4.3), solid=[1])  # fmt: skip
    plot.points(one, X - center, y)
    plot.points(one, X, y, names=("outside, y = -1", "inside, y = +1"))
    arrow = {"arrowstyle": "-|>", "color": plot.INK, "lw": 1.6}
    one.annotate("", (0.6, 0.4), center, arrowprops=arrow)
    plot.cross(one)
    one.set(xlabel="x₁, z₁", ylabel="x₂, z₂", aspect="equal")
    radius, angle = np.meshgrid(np.linspace(0.0, 1.3, 9), np.linspace(0.0, 2 * np.pi, 37))
    z1, z2 = radius * np.cos(angle), radius * np.sin(angle)
    *w, b = separate.state_dict().values()
    cut = -(b + w[0] * z1 + w[1] * z2) / w[2]
    two.plot_wireframe(z1, z2, z1**2 + z2**2, color=plot.GREY, lw=0.5, alpha=0.55)
    two.plot_surface(z1, z2, cut, color=plot.GREEN, alpha=0.4, shade=False)
    plot.points(two, features, y, size=22)
    two.set(xlabel="z₁", ylabel="z₂", zlabel="‖z‖²", zlim=(0.0, 1.7),
            xticks=(-1, 0, 1), yticks=(-1, 0, 1))  # fmt: skip
    two.zaxis.set_rotate_label(False)
    two.view_init(elev=13, azim=-60)
    two.set_box_aspect((1, 1, 0.85), zoom=1.0)
    plot.regions(three, machine.predict, X)
    plot.points(three, X, y)
    one.legend(fontsize=9, loc="upper left")
    two.legend(handles=[Patch(color=plot.GREEN, alpha=0.4, label="the plane w₂ᵀφ + b₂ = 0")],
               fontsize=9, loc="upper left")  # fmt: skip
    three.set(xlabel="x₁", ylabel="x₂", aspect="equal")
    plot.save(figure, "kernel_svm.png")


SMALL = {"n": 24, "epochs": 10}

if __name__ == "__main__":
    main()

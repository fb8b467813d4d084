"""Train a linear SVM: the widest street between two sets of points.

The model is sign(wᵀx + b), `FNN([2, 1])`. The lecture gives no objective; this is the usual one,
λ/2 ‖w‖² + mean max(0, 1 - y f). Points on or inside the street are its support vectors (circled):
without the others the answer would be the same. The street is 2/‖w‖ wide.
Run it:  python -m demos linear_svm          (three seconds; writes out/linear_svm.png)
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from demos import _plot as plot
from nn import FNN, SGD, History, InverseTimeLR, datasets, fit
from nn.losses import hinge_loss, l2_penalty


def trained(n: int, epochs: int, strength: float, seed: int) -> tuple[Any, Any, FNN, History]:
    X, y = datasets.blobs(n, centers=[[-1.4, -0.8], [1.2, 1.0]], spread=0.6, seed=seed)
    y = 2 * y - 1
    model = FNN([2, 1], seed=seed)
    sgd = SGD(model.parameters(), lr=1.0)
    history = fit(model, X, y, loss="hinge", optimizer=sgd, epochs=epochs,
                  penalty=l2_penalty(strength), schedule=InverseTimeLR(sgd, 0.01))  # fmt: skip
    return X, y, model, history


def main(n: int = 80, epochs: int = 2000, strength: float = 0.01, seed: int = 1) -> None:
    X, y, model, history = trained(n, epochs, strength, seed)
    f = model.predict(X)
    w = [weight.data for weight in model.weights()]
    norm = math.hypot(*w)
    print(f"errors {int((np.sign(f) != y).sum())} of {n}")
    print(f"objective {history.loss[-1]:.4f} = {strength / 2 * norm**2:.4f} (penalty) "
          f"+ {hinge_loss(f, y):.4f} (hinge)")  # fmt: skip
    print(f"w = ({w[0]:.3f}, {w[1]:.3f}), street {2 / norm:.3f} wide")

    figure, (left, right) = plot.panels(
        [f"a street {2 / norm:.2f} wide: -1 < f(x) < 1", "the objective falls"],
        columns=2, size=(5.4, 4.0))  # fmt: skip
    plot.regions(left, model.predict, X, levels=(-1.0, 0.0, 1.0))
    plot.points(left, X, y, size=26, names=("y = -1", "y = +1"))
    support = X[y * f <= 1.0 + 1e-2]
    left.scatter(*support.T, s=110, fc="none", ec=plot.INK, lw=1.2, label="support vectors")
    b = model.state_dict()["layers.0.neurons.0.b"]
    top = X[:, 1].max() + 0.25
    for level, name, x2 in (  # beside the lines, where no point is
        (-1, "f = -1, margin", top), (0, "f = 0, decision", top), (1, "f = +1, margin", -0.6),
    ):  # fmt: skip
        left.text((level - b - w[1] * x2) / w[0] + 0.1, x2, name, fontsize=9,
                  rotation=math.degrees(math.atan(-w[0] / w[1])), rotation_mode="anchor",
                  transform_rotates_text=True)  # fmt: skip
    left.legend(fontsize=9, loc="upper right", framealpha=1.0)
    left.set(xlabel="x₁", ylabel="x₂", aspect="equal")
    right.plot(range(1, len(history.loss) + 1), history.loss, color=plot.BLUE, lw=1.8)
    right.set(xlabel="epoch", ylabel="λ/2 ‖w‖² + mean hinge loss", xscale="log", yscale="log")
    plot.save(figure, "linear_svm.png")


SMALL = {"n": 20, "epochs": 20}

if __name__ == "__main__":
    main()

"""Ask why deep: what L compositions can do that L units side by side cannot.

Composing the tent 1 - 2|x - ½| with itself doubles the pieces each time: L layers of one |x|
unit make 2^L of them, a single layer needs a unit for every kink. The right panel turns folds
into accuracy: x - Σ tent^s(x)/4^s is x² up to 4^-(L+1) (Yarotsky, "Error bounds for
approximations with deep ReLU networks", 2017), while K units side by side err
by 1/(8(K+1)²) at best.
Run it:  python -m demos depth          (a second; writes out/depth.png)
"""

from __future__ import annotations

import numpy as np

from demos import _plot as plot
from nn import FNN


def tents(depth: int) -> FNN:
    """Return the tent composed with itself, as a network of |x| units, one to a layer."""
    model = FNN([1, *[1] * depth, 1], "abs", init="zeros")
    for i, layer in enumerate(model.layers):
        (unit,) = layer.neurons
        weight, bias = (1.0, -0.5) if i == 0 else (-2.0, 1.0 if i == depth else 0.5)
        unit.load_state_dict({"w.0": weight, "b": bias})
    return model


def pieces(x: np.ndarray, y: np.ndarray) -> int:
    return 1 + int((np.abs(np.diff(np.diff(y) / np.diff(x))) > 1e-6).sum())


def main(deepest: int = 6) -> None:
    x = np.arange(2**12 + 1) / 2**12
    figure, (left, middle, right) = plot.panels(
        ["the tent, composed 1 to 4 times", "straight pieces", "largest error for x² on [0, 1]"]
    )
    depths = range(1, deepest + 1)
    found: list[int] = []
    errors: list[float] = []
    square = x.copy()
    print("layers  parameters  pieces  error for x²  best shallow")
    for depth in depths:
        model = tents(depth)
        y = model.predict(x)
        if depth <= 4:
            left.plot(x, y - 1.25 * depth, color=plot.COLORS[depth - 1], lw=1.3)
        found.append(pieces(x, y))
        square -= y / 4.0**depth
        errors.append(float(np.abs(square - x * x).max()))
        shallow = 1.0 / (8.0 * (depth + 1) ** 2)
        count = len(model.parameters())
        print(f"{depth:6}  {count:10}  {found[-1]:6}  {errors[-1]:12.2e}  {shallow:12.2e}")
    shown = range(1, min(deepest, 4) + 1)
    left.set_yticks([0.5 - 1.25 * depth for depth in shown], [f"L = {depth}" for depth in shown])
    left.set(xlabel="x")
    middle.plot(depths, found, "o-", color=plot.BLUE, label="deep: L layers of one unit")
    middle.plot(depths, [k + 1 for k in depths], "s--", color=plot.ORANGE,
                label="shallow: one layer of L units")  # fmt: skip
    right.plot(depths, errors, "o-", color=plot.BLUE, label="deep: L folds")
    right.plot(depths, [1.0 / (8.0 * (k + 1) ** 2) for k in depths], "s--", color=plot.ORANGE,
               label="best shallow: L kinks")  # fmt: skip
    for ax, base, name in ((middle, 2, "number of pieces"), (right, 10, "error")):
        ax.set_yscale("log", base=base)
        ax.set(xlabel="L", ylabel=name)
        ax.legend(fontsize=8)
    plot.save(figure, "depth.png")


SMALL = {"deepest": 3}

if __name__ == "__main__":
    main()

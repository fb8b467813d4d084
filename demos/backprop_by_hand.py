"""Check the lecture's back-propagation formulas against the engine, number by number.

For y = vᵀσ(Wᵀx + b) with the loss L = ½ Σ e², e = y - vᵀh:

    ∂L/∂v   = -Σ e h                        the errors, weighted by what each unit said
    ∂L/∂w_k = -Σ e v_k σ'(w_kᵀx + b_k) x    the same errors, sent back through v_k and σ'
    ∂L/∂b_k = -Σ e v_k σ'(w_kᵀx + b_k)

The slides print ∂L/∂f_k and ∂f_k/∂w_k as two separate sums over the examples; the product of two
sums is not the gradient. It is one sum of products, as above, and the engine agrees.
Run it:  python -m demos backprop_by_hand          (at once)
"""

from __future__ import annotations

import math
from random import Random

from nn import FNN
from nn.losses import half_mse_loss


def by_hand(model: FNN, X: list[list[float]], y: list[float]) -> dict[str, float]:
    """Return the lecture's gradients for sigmoid units under the names of the parameters."""
    hidden, output = model.layers
    v = [w.data for w in output.neurons[0].w]
    gradient = {name: 0.0 for name, _ in model.named_parameters()}
    for x, target in zip(X, y, strict=True):
        h = []
        for unit in hidden.neurons:
            assert unit.b is not None
            z = sum(w.data * xi for w, xi in zip(unit.w, x, strict=True)) + unit.b.data
            h.append(1 / (1 + math.exp(-z)))
        e = target - sum(vk * hk for vk, hk in zip(v, h, strict=True))
        for k, (vk, hk) in enumerate(zip(v, h, strict=True)):
            back = e * vk * hk * (1 - hk)  # σ' = σ(1 - σ)
            gradient[f"layers.1.neurons.0.w.{k}"] -= e * hk
            gradient[f"layers.0.neurons.{k}.b"] -= back
            for i, xi in enumerate(x):
                gradient[f"layers.0.neurons.{k}.w.{i}"] -= back * xi
    return gradient


def main(examples: int = 20, inputs: int = 2, units: int = 3, seed: int = 0) -> None:
    rng = Random(seed)
    X = [[rng.gauss(0, 1) for _ in range(inputs)] for _ in range(examples)]
    y = [rng.gauss(0, 1) for _ in range(examples)]
    model = FNN([inputs, units, 1], "sigmoid", output_bias=False, seed=seed)

    half_mse_loss([model(x) for x in X], y, reduction="sum").backward()
    formulas = by_hand(model, X, y)

    print(f"{'parameter':24} {'by hand':>22} {'engine':>22} {'difference':>12}")
    worst = 0.0
    for name, parameter in model.named_parameters():
        hand, engine = formulas[name], parameter.grad
        worst = max(worst, abs(hand - engine))
        print(f"{name:24} {hand:22.15f} {engine:22.15f} {hand - engine:12.1e}")
    assert worst < 1e-12
    print(f"the largest difference is {worst:.1e}, below 1e-12")


if __name__ == "__main__":
    main()

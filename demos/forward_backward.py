"""Draw the two passes of back-propagation: values go forward, errors come back.

The network is the lecture's y = vᵀσ(Wᵀx + b) with two inputs and three tanh units, the loss
its ½e² for one example, e = target - y. The backward pass hands down -e to the output, -e·v_k to
unit k, times σ' through the unit; a weight's gradient is what arrives above times what came from
below. The slide multiplies two sums over the examples; right is one sum of such products.
Run it:  python -m demos forward_backward    (a second; writes out/forward_backward.png, .svg)
"""

from __future__ import annotations

from typing import Any

from autograd_mini import Value, save, topological_order
from demos import _plot as plot
from demos import out
from nn import FNN
from nn.losses import half_mse_loss

PLACES = {
    "x0": (0.0, 1.5),
    "x1": (0.0, 0.5),
    **{f"layers.0.neurons.{k}": (1.6, 2.4 - 1.4 * k) for k in range(3)},
    "layers.1.neurons.0": (3.2, 1.0),
    "loss": (4.6, 1.0),
}
NAMES = ("x₁", "x₂", "h₁", "h₂", "h₃", "y", "½e²")


def draw(ax: Any, nodes: dict[str, Value], edges: list[tuple[str, str, Value]], what: str) -> None:
    """Draw units and weights with one of their two numbers."""
    color = plot.BLUE if what == "data" else plot.ORANGE
    for start, end, weight in edges:
        (x0, y0), (x1, y1) = PLACES[start], PLACES[end]
        ends = {"data": ((x1, y1), (x0, y0)), "grad": ((x0, y0), (x1, y1))}[what]
        ax.annotate("", *ends, arrowprops={"arrowstyle": "->", "color": plot.GREY, "lw": 1.1,
                    "shrinkA": 23, "shrinkB": 23})  # fmt: skip
        if weight.label:
            share = {0.9: 0.4, 1.9: 0.74}.get(round(abs(y1 - y0), 1), 0.5)  # side by side
            at = (x0 + share * (x1 - x0), y0 + share * (y1 - y0))
            ax.text(*at, f"{getattr(weight, what):.3f}", fontsize=9, ha="center", va="center",
                    color=color, bbox={"fc": "white", "ec": "none", "pad": 0.8})  # fmt: skip
    for (name, node), text in zip(nodes.items(), NAMES, strict=True):
        x, y = PLACES[name]
        ax.scatter(x, y, s=1750, c="white", ec=color, lw=1.6, zorder=3)
        ax.text(x, y + 0.11, text, ha="center", va="center", fontsize=11, color=plot.INK, zorder=4)
        ax.text(x, y - 0.14, f"{getattr(node, what):.3f}", ha="center", va="center", fontsize=9,
                color=color, zorder=4)  # fmt: skip
    ax.set(xlim=(-0.5, 5.1), ylim=(-1.0, 3.0))
    ax.axis("off")


def main(target: float = 1.0, seed: int = 3) -> None:
    model = FNN([2, 3, 1], "tanh", output_bias=False, seed=seed)
    x = [Value(0.8, "x0"), Value(-0.5, "x1")]
    (loss := half_mse_loss(model(x), target)).backward()
    found = {node.label: node for node in topological_order(loss)} | {"loss": loss}
    nodes = {name: found[name] for name in PLACES}
    edges = [("layers.1.neurons.0", "loss", Value(0.0))]
    for i, layer in enumerate(model.layers):
        for k, unit in enumerate(layer.neurons):
            below = [f"x{d}" for d in range(2)] if i == 0 else list(nodes)[2:5]
            edges += [(b, f"layers.{i}.neurons.{k}", w) for b, w in zip(below, unit.w, strict=True)]
    figure, (forward, backward) = plot.panels(
        ["forward: values and weights", "backward: the gradients of ½e²"], size=(6, 4.2)
    )
    draw(forward, nodes, edges, "data")
    draw(backward, nodes, edges, "grad")
    plot.save(figure, "forward_backward.png")
    save(loss, out("forward_backward.svg"))
    e, v = target - nodes["layers.1.neurons.0"].data, model.layers[1].neurons[0].w
    for k, unit in enumerate(model.layers[0].neurons):
        h = nodes[f"layers.0.neurons.{k}"].data
        print(f"e = {e:.4f}; unit {k}: -e h = {-e * h:.4f}, engine {v[k].grad:.4f};  "
              f"-e v (1 - h²) x₁ = {-e * v[k].data * (1 - h * h) * x[0].data:.4f}, "
              f"engine {unit.w[0].grad:.4f}")  # fmt: skip


if __name__ == "__main__":
    main()

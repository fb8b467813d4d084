"""Draw the graphs of an expression, of a neuron, and of one example in a network.

A computation graph is what backpropagation walks over: each box is a number with its gradient,
each edge an argument. Orange gradients are positive, purple ones negative. Every picture is
written in every format that the machine can write; SVG, HTML, DOT, Mermaid and text need nothing.
Run it:  python -m demos graph          (a few seconds; writes to out/)
"""

from __future__ import annotations

import sys

from autograd_mini import RenderError, Value, save, text_tree
from demos import out
from nn import FNN, Neuron

FORMATS = ("svg", "html", "dot", "mmd", "txt", "png", "pdf")


def expression() -> Value:
    x, w, b = Value(2.0, "x"), Value(-3.0, "w"), Value(6.5, "b")
    y = (w * x + b).tanh()
    y.label = "y"
    return y


def neuron() -> Value:
    unit = Neuron(2, "tanh", fused=False)
    unit.relabel("unit")
    for parameter, number in zip(unit.parameters(), (-3.0, 1.0, 6.88), strict=True):
        parameter.data = number
    o = unit([Value(2.0, "x1"), Value(0.0, "x2")])
    o.label = "o"
    return o


def network(seed: int) -> tuple[FNN, Value]:
    model = FNN([3, 4, 1], seed=seed)
    x = [Value(number, f"x{i}") for i, number in enumerate((0.5, -1.0, 0.25), start=1)]
    loss = (model(x) - 1.0) ** 2
    loss.label = "loss"
    return model, loss


def main(seed: int = 0) -> None:
    model, loss = network(seed)
    pictures = {
        "expression": (expression(), {"partials": True, "rankdir": "TB"}),
        "neuron": (neuron(), {}),
        "network": (loss, {"collapse": "neurons"}),
        "network_layers": (loss, {"collapse": "layers"}),
        "network_full": (loss, {"rankdir": "TB"}),
    }
    missing: dict[str, str] = {}
    for name, (root, options) in pictures.items():
        root.backward()
        for suffix in FORMATS:
            try:
                save(root, out(f"{name}.{suffix}"), **options)
            except RenderError as error:
                missing[suffix] = str(error)
        root.zero_grad()
    model.diagram(out("network_diagram.svg"))
    y = pictures["expression"][0]
    y.backward()
    plain = "utf" not in (sys.stdout.encoding or "utf").lower()
    print(text_tree(y, ascii=plain), end="\n\n")
    written = [suffix for suffix in FORMATS if suffix not in missing]
    print(f"{len(pictures)} graphs as {', '.join(written)} in out/, and a diagram of the network")
    for why in missing.values():
        print(why)


if __name__ == "__main__":
    main()

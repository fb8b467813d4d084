"""Write two pages: backpropagation in one neuron to play, and a training run to look into.

The neuron is the one of micrograd's lecture, h = tanh(x1 w1 + x2 w2 + b), with a squared error
and a penalty on its weights, so that w1 and w2 receive gradients from two sides. Open the page
in any browser, offline: → is a step, Space plays, ? lists the keys.
The second page is a run on two moons: click a point, and its graph opens at any epoch.
Run it:  python -m demos player          (two seconds; writes into out/)
"""

from __future__ import annotations

from autograd_mini import Trace, Value, record_source, tanh
from demos import out
from nn import FNN, SGD, Playback, datasets, fit

SMALL = {"epochs": 3}


def main(target: float = 1.0, penalty: float = 0.1, epochs: int = 200, seed: int = 1) -> None:
    with record_source():
        x1, x2 = Value(2.0, "x1"), Value(0.0, "x2")
        w1, w2, b = Value(-3.0, "w1"), Value(1.0, "w2"), Value(6.8813735870195432, "b")
        z = x1 * w1 + x2 * w2 + b
        h = tanh(z)
        loss = (h - target) ** 2 + penalty * (w1 * w1 + w2 * w2)
    z.label, h.label, loss.label = "z", "h", "loss"

    trace = Trace(loss)
    path = out("player.html")
    trace.to_html(path)
    print(f"{path}: {len(trace.forward)} operations, {len(trace)} backward steps. The last one:")
    print(trace[-1])

    X, y = datasets.moons(100, seed=seed)
    model = FNN([2, 6, 6, 1], seed=seed)
    playback = Playback(X, y)
    sgd = SGD(model.parameters(), lr=0.5, momentum=0.9)
    history = fit(
        model, X, y, loss="bce_with_logits", optimizer=sgd, epochs=epochs,
        seed=seed, callbacks=[playback], progress=False,
    )  # fmt: skip
    page = out("training.html")
    playback.to_html(page)
    print(f"{page}: {len(playback.epochs)} of {epochs} epochs, loss {history.loss[-1]:.2g}")


if __name__ == "__main__":
    main()

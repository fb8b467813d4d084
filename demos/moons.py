"""Train a network to tell two moons apart, and draw what it learned.

No straight line separates two interleaved half circles. A network of two hidden layers bends one
until it does: it trains on three quarters of the points and is judged on the rest.
Run it:  python -m demos moons          (a few seconds; writes four pictures and a page)
"""

from __future__ import annotations

from autograd_mini import save
from demos import out
from nn import FNN, SGD, Playground, datasets, fit, losses, metrics
from nn.plots import plot_decision_boundary

SMALL = {"epochs": 3, "hidden": 4}


def main(epochs: int = 100, hidden: int = 16, lr: float = 0.1, seed: int = 0) -> None:
    X, y = datasets.moons(500, noise=0.2, seed=seed)
    X_train, X_test, y_train, y_test = datasets.split(X, y, test_size=0.25, seed=seed)

    model = FNN([2, hidden, hidden, 1], "relu", seed=seed)
    print(model.summary(), end="\n\n")
    history = fit(
        model,
        X_train,
        y_train,
        loss="bce_with_logits",
        optimizer=SGD(model.parameters(), lr=lr),
        epochs=epochs,
        batch_size=16,
        validation=(X_test, y_test),
        seed=seed,
    )
    print(history, end="\n\n")
    right = metrics.accuracy(model.predict(X_test), y_test, threshold=0.0)
    print(f"accuracy on {len(X_test)} points it has not seen: {right:.3f} ({history.backend})")
    history.plot(out("moons_loss.png"))
    title = f"accuracy {right:.3f} on {len(X_test)} points that it has not seen"
    plot_decision_boundary(model, X_test, y_test, out("moons.png"), threshold=0.0, title=title)
    model.diagram(out("moons_network.svg"))
    loss = losses.bce_with_logits_loss(model(X_test[0]), y_test[0])  # of one example
    loss.backward()
    save(loss, out("moons_graph.svg"), collapse="neurons")
    print(
        "pictures:",
        *[out(f"moons{name}") for name in (".png", "_loss.png", "_network.svg", "_graph.svg")],
    )

    fresh = FNN([2, hidden, hidden, 1], "relu", seed=seed)
    sgd = SGD(fresh.parameters(), lr=lr)
    page = Playground(
        fresh, X_train, y_train, loss="bce_with_logits", optimizer=sgd, batch_size=16, seed=seed
    )
    page.to_html(out("moons.html"))
    print(f"the same training in your hands: open {out('moons.html')}")


if __name__ == "__main__":
    main()

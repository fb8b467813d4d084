"""Foretell how diabetes goes on, and see early stopping keep a network from learning by heart.

442 patients, ten measurements each, and how far the disease had come a year later; the data of
Efron et al. (2004) that scikit-learn ships. Trained on and on, the network fits its own patients
better and others worse. With patience it stops, and takes the best weights back.
Run it:  python -m demos diabetes          (a few seconds; needs scikit-learn)
"""

from __future__ import annotations

from demos import out
from nn import FNN, SGD, datasets, fit, metrics

SMALL = {"epochs": 5}


def main(epochs: int = 300, hidden: int = 8, patience: int = 20, seed: int = 0) -> None:
    X, X_test, y, y_test = datasets.split(*datasets.load("diabetes"), test_size=0.25, seed=0)
    X, X_test = datasets.standardize(X, X_test)
    y, y_test = datasets.standardize(y, y_test)
    X_fit, X_watch, y_fit, y_watch = datasets.split(X, y, test_size=0.2, seed=seed)

    for name, wait in (("to the end", None), ("with patience", patience)):
        model = FNN([10, hidden, 1], "relu", seed=seed)
        history = fit(
            model,
            X_fit,
            y_fit,
            loss="mse",
            optimizer=SGD(model.parameters(), lr=0.01),
            epochs=epochs,
            batch_size=16,
            validation=(X_watch, y_watch),
            patience=wait,
            seed=seed,
        )
        r2 = metrics.r2_score(model.predict(X_test), y_test)
        print(f"{name:14} {history.epochs:4} epochs, R² {r2:.3f} on {len(X_test)} other patients")
        path = out(f"diabetes_{name.replace(' ', '_')}.png")
        history.plot(path)
        print(f"picture: {path}")


if __name__ == "__main__":
    main()

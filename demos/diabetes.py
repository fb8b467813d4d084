"""Foretell how diabetes goes on, and see early stopping keep a network from learning by heart.

442 patients, ten measurements each, and how far the disease had come a year later; the data of
Efron et al. (2004) that scikit-learn ships. Trained on and on, the network fits its own patients
better and others worse. With patience it stops, and takes the best weights back.
Run it:  python -m demos diabetes          (a few seconds; needs scikit-learn)
"""

from __future__ import annotations

from demos import _plot as plot
from nn import FNN, SGD, datasets, fit, metrics

SMALL = {"epochs": 5}


def main(epochs: int = 300, hidden: int = 8, patience: int = 20, seed: int = 0) -> None:
    X, X_test, y, y_test = datasets.split(*datasets.load("diabetes"), test_size=0.25, seed=0)
    X, X_test = datasets.standardize(X, X_test)
    y, y_test = datasets.standardize(y, y_test)
    X_fit, X_watch, y_fit, y_watch = datasets.split(X, y, test_size=0.2, seed=seed)

    names = ("to the end", "with patience")
    figure, axes = plot.panels(names, size=(4.2, 3.8))
    for ax, name, wait in zip(axes, names, (None, patience), strict=True):
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
        ax.plot(history.loss, color=plot.BLUE, lw=1.6, label="its own patients")
        ax.plot(history.val_loss, color=plot.ORANGE, lw=1.6, label="patients it watches")
        ax.axvline(history.best_epoch - 1, color=plot.GREY, lw=1.0, ls="--", label="best epoch")
        ax.set_title(f"{name}: R² {r2:.3f} on others", fontsize=10)
        ax.set(xlabel="epoch", xlim=(0, epochs), ylim=(0.3, 0.8))
        ax.legend(fontsize=8)
    plot.save(figure, "diabetes.png")


if __name__ == "__main__":
    main()

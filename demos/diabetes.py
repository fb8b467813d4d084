"""Predict how diabetes progresses, and see early stopping keep a network from overfitting.

442 patients, ten measurements each, and how far the disease had come a year later; the data of
Efron et al. (2004) that scikit-learn ships. Trained on and on, the network fits its training set
better and other patients worse. With patience it stops, and takes the best weights back.
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
    X_fit, X_val, y_fit, y_val = datasets.split(X, y, test_size=0.2, seed=seed)

    names = ("to the end", "early stopping")
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
            validation=(X_val, y_val),
            patience=wait,
            seed=seed,
        )
        r2 = metrics.r2_score(model.predict(X_test), y_test)
        print(f"{name:14} {history.epochs:4} epochs, R² {r2:.3f} on {len(X_test)} test patients")
        passed = range(1, history.epochs + 1)
        ax.plot(passed, history.loss, color=plot.BLUE, lw=1.6, label="training")
        ax.plot(passed, history.val_loss, color=plot.ORANGE, lw=1.6, label="validation")
        best = history.best_epoch
        ax.plot(
            best, history.val_loss[best - 1], "o", color=plot.ORANGE, label=f"best, epoch {best}"
        )
        ax.set_title(f"{name}: test R² {r2:.3f}", fontsize=10.5)
        ax.set(xlabel="epoch", ylabel="mean squared error", xlim=(0, epochs), ylim=(0.3, 0.8))
        ax.legend(fontsize=8)
    plot.save(figure, "diabetes.png")


if __name__ == "__main__":
    main()

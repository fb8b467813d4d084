"""Read handwritten digits with plain scalar backpropagation.

1797 pictures of 8 by 8 pixels, the UCI digits that scikit-learn ships. Every product and every
gradient is computed one number at a time: the eager engine, no arrays. With --backend compiled
the same graphs run as NumPy programs.
Run it:  python -m demos digits          (about a minute; needs scikit-learn)
"""

from __future__ import annotations

import time

import numpy as np

from demos import out
from nn import FNN, SGD, datasets, fit, metrics

SMALL = {"epochs": 1, "examples": 64}


def main(
    epochs: int = 8, hidden: int = 16, examples: int = 0, backend: str = "eager", seed: int = 0
) -> None:
    X, y = datasets.load("digits")
    X_train, X_test, y_train, y_test = datasets.split(X, y, test_size=0.25, seed=seed)
    X_train, X_test = datasets.standardize(X_train, X_test)
    if examples:
        X_train, y_train = X_train[:examples], y_train[:examples]

    model = FNN([64, hidden, 10], "relu", seed=seed)
    start = time.perf_counter()
    history = fit(
        model,
        X_train,
        y_train,
        loss="cross_entropy",
        optimizer=SGD(model.parameters(), lr=0.1),
        epochs=epochs,
        batch_size=16,
        seed=seed,
        backend=backend,
    )
    seconds = time.perf_counter() - start
    print(history, end="\n\n")

    scores = model.predict(X_test)
    right = metrics.accuracy(scores, y_test)
    print(f"{len(X_train)} pictures, {epochs} epochs, {seconds:.1f} s ({history.backend})")
    print(f"accuracy on {len(X_test)} pictures it has not seen: {right:.3f}")
    print("rows: the digit, columns: what it was taken for")
    print(np.array2string(metrics.confusion_matrix(scores, y_test)))
    history.plot(out("digits_loss.png"))
    print(f"picture: {out('digits_loss.png')}")


if __name__ == "__main__":
    main()

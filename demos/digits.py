"""Read handwritten digits with plain scalar backpropagation.

1797 pictures of 8 by 8 pixels, the UCI digits that scikit-learn ships. Every product and every
gradient is computed one number at a time: the eager engine, no arrays. With --backend compiled
the same graphs run as NumPy programs.
Run it:  python -m demos digits          (half a minute; needs scikit-learn)
"""

from __future__ import annotations

import time

import numpy as np

from demos import _plot as plot
from nn import FNN, SGD, datasets, fit, metrics

SMALL = {"epochs": 1, "examples": 64}


def main(
    epochs: int = 8, hidden: int = 16, examples: int = 0, backend: str = "eager", seed: int = 0
) -> None:
    X, y = datasets.load("digits")
    X, pixels, y, y_test = datasets.split(X, y, test_size=0.25, seed=seed)
    X, X_test = datasets.standardize(X, pixels)
    if examples:
        X, y = X[:examples], y[:examples]

    model = FNN([64, hidden, 10], "relu", seed=seed)
    sgd = SGD(model.parameters(), lr=0.1)
    start = time.perf_counter()
    history = fit(
        model,
        X,
        y,
        loss="cross_entropy",
        optimizer=sgd,
        epochs=epochs,
        batch_size=16,
        seed=seed,
        backend=backend,
    )
    seconds = time.perf_counter() - start
    print(history, end="\n\n")

    scores = model.predict(X_test)
    right = metrics.accuracy(scores, y_test)
    table = metrics.confusion_matrix(scores, y_test)
    print(f"{len(X)} pictures, {epochs} epochs, {seconds:.1f} s ({history.backend})")
    print(f"accuracy on {len(X_test)} pictures it has not seen: {right:.3f}")
    print("rows: the digit, columns: what it was read as")
    print(np.array2string(table))

    figure, (grid, wrong) = plot.panels(
        [f"{right:.1%} of the test digits are right", "mistakes: the digit → what it was read as"],
        size=(4.4, 3.8),
    )
    grid.imshow(np.sqrt(table), cmap="Blues")  # the root, so that single mistakes show
    grid.set(xticks=range(10), yticks=range(10), xlabel="read as", ylabel="the digit written")
    for (i, j), count in np.ndenumerate(table):
        if count:
            grid.text(j, i, count, ha="center", va="center", fontsize=7,
                      color="white" if i == j else plot.INK)  # fmt: skip
    taken = scores.argmax(axis=1)
    mistakes = np.flatnonzero(taken != y_test)[:15]
    wrong.set(xlim=(0, 55), ylim=(36, -3))
    for n, (left, top) in zip(
        mistakes, [(11 * i, 12 * j) for j in range(3) for i in range(5)], strict=False
    ):
        wrong.imshow(pixels[n].reshape(8, 8), cmap="Greys", extent=(left, left + 8, top + 8, top))
        wrong.text(left + 4, top - 1, f"{y_test[n]} → {taken[n]}", ha="center", fontsize=9)
    wrong.axis("off")
    plot.save(figure, "digits.png")


if __name__ == "__main__":
    main()

"""Meet the accuracy goals on eight data sets, beside scikit-learn's MLP on the same split.

Both are trained by plain SGD in batches of 16 from five seeds, ours by `fit` with its default
backend, and judged on the same quarter of the data, which neither saw.
Run it:  python -m demos scoreboard          (a minute or two; needs scikit-learn)
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from nn import FNN, SGD, datasets, fit, losses, metrics

SMALL = {"seeds": 1, "only": "iris"}

# name: (mean score to reach, options of sets that scikit-learn makes, how to train)
TASKS: dict[str, tuple[float, Any, dict[str, Any]]] = {
    "moons": (0.93, {"noise": 0.2}, {"hidden": 16, "epochs": 300, "lr": 0.1}),
    "circles": (0.97, {"noise": 0.1, "factor": 0.5}, {"hidden": 16, "epochs": 100, "lr": 0.1}),
    "iris": (0.94, None, {"hidden": 16, "epochs": 100, "lr": 0.1}),
    "wine": (0.97, None, {"hidden": 16, "epochs": 50, "lr": 0.1}),
    "breast_cancer": (0.95, None, {"hidden": 16, "epochs": 20, "lr": 0.1}),
    "digits": (0.94, None, {"hidden": 16, "epochs": 30, "lr": 0.1}),
    "diabetes": (0.30, None, {"hidden": 8, "epochs": 50, "lr": 0.01}),
    "diabetes decayed": (0.33, None, {"hidden": 8, "epochs": 100, "lr": 0.01, "alpha": 1.0}),
    "friedman1": (0.85, {"noise": 1.0}, {"hidden": 8, "epochs": 300, "lr": 0.01}),
}


def load(name: str, options: Any) -> list[Any]:
    from sklearn import datasets as shipped

    made = options and getattr(shipped, f"make_{name}")
    data = made(500, random_state=0, **options) if made else datasets.load(name.split()[0])
    X, X_test, y, y_test = datasets.split(*data, test_size=0.25, seed=0)
    if y.dtype.kind == "f":
        y, y_test = datasets.standardize(y, y_test)
    return [*datasets.standardize(X, X_test), y, y_test]


def ours(data: Any, seed: int, hidden: int, epochs: int, lr: float, alpha: float = 1e-4) -> float:
    X, X_test, y, y_test = data
    outputs = 1 if y.dtype.kind == "f" else y.max() + 1
    loss, halved = ("mse", 2) if outputs == 1 else ("cross_entropy", 1)  # theirs is ½(f - y)²
    model = FNN([X.shape[1], hidden, outputs], "relu", seed=seed)
    sgd, penalty = SGD(model.parameters(), lr), losses.l2_penalty(halved * alpha / 16)
    options: Any = {"epochs": epochs, "batch_size": 16, "seed": seed, "penalty": penalty}
    fit(model, X, y, loss=loss, optimizer=sgd, **options)
    score = metrics.r2_score if outputs == 1 else metrics.accuracy
    return score(model.predict(X_test), y_test)


def theirs(data: Any, seed: int, hidden: int, epochs: int, lr: float, alpha: float = 1e-4) -> float:
    from sklearn import neural_network

    X, X_test, y, y_test = data
    kind, lr = ("Regressor", 2 * lr) if y.dtype.kind == "f" else ("Classifier", lr)
    options: Any = {"solver": "sgd", "momentum": 0.0, "learning_rate_init": lr, "batch_size": 16}
    options |= {"alpha": alpha, "max_iter": epochs, "hidden_layer_sizes": [hidden]}
    with warnings.catch_warnings(action="ignore"):  # that it could go on
        model = getattr(neural_network, f"MLP{kind}")(random_state=seed, **options).fit(X, y)
    return float(model.score(X_test, y_test))


def main(seeds: int = 5, only: str = "") -> None:
    sets = {name: load(name, task[1]) for name, task in TASKS.items() if only in name}
    print(f"{'data':16} {'test':>4}  {'ours, mean [min, max]':22} {'theirs':22} goal")
    for name, data in sets.items():
        goal, _, training = TASKS[name]
        found = [[f(data, seed, **training) for seed in range(seeds)] for f in (ours, theirs)]
        shown = [f"{np.mean(s):.3f} [{min(s):.3f}, {max(s):.3f}]" for s in found]
        mark = "met" if np.mean(found[0]) >= goal else "MISSED"
        print(f"{name:16} {len(data[1]):4}  {shown[0]:22} {shown[1]:22} {goal:.2f} {mark}")


if __name__ == "__main__":
    main()

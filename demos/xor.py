"""Teach XOR, the problem no single neuron can solve, to a network of five.

Minsky and Papert, "Perceptrons" (1969), showed why one neuron is not enough: no straight line
separates {01, 10} from {00, 11}. A hidden layer bends the line.
Run it:  python -m demos xor          (about a second)
"""

from __future__ import annotations

from nn import FNN, SGD, datasets, fit

X, y = datasets.xor()


def main(epochs: int = 500, seed: int = 0) -> None:
    for name, sizes in (("one neuron", [2, 1]), ("five neurons", [2, 4, 1])):
        model = FNN(sizes, seed=seed)
        optimizer = SGD(model.parameters(), lr=0.2)
        history = fit(model, X, y, loss="mse", optimizer=optimizer, epochs=epochs, seed=seed)
        print(f"{name}: loss {history.loss[0]:.3f} -> {history.loss[-1]:.5f}")
        print(*[f"  {a:.0f} xor {b:.0f} -> {model([a, b]):.2f}" for a, b in X], sep="\n")


if __name__ == "__main__":
    main()

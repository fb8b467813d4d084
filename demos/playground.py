"""Write a page in which a network trains: drag a point, press Train, look into every unit.

The page is one file and needs nothing else. It runs the compiled program as JavaScript, so
that its numbers are those of `fit`. Each unit shows what it says over the plane; a click opens
its scalar nodes, to be stepped through. The weights go back into Python with `nn.load_state`.
Run it:  python -m demos playground          (a second; writes into out/)
"""

from __future__ import annotations

from demos import out
from nn import FNN, Adam, Playground, Trainer, datasets

SMALL = {"points": 20}


def main(points: int = 100, noise: float = 0.12, hidden: int = 8, seed: int = 1) -> None:
    X, y = datasets.moons(points, noise=noise, seed=seed)
    model = FNN([2, hidden, hidden, 1], seed=seed)
    adam = Adam(model.parameters(), lr=0.02)
    page = out("playground.html")
    Playground(model, X, y, loss="bce_with_logits", optimizer=adam).to_html(page)

    trainer = Trainer(model, "bce_with_logits", adam)
    first, *_, last = [trainer.step(X, y) for _ in range(50)]
    print(f"{page}: open it, and press Train; or drag a point first.")
    print(f"As here, its loss goes from {first:.4f} to {last:.4f} in 50 updates.")


if __name__ == "__main__":
    main()

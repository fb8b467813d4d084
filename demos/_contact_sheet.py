"""Put the demos' pictures on one sheet for the README: `python -m demos._contact_sheet`.

It takes what the demos have written to out/ and writes demos/images/contact_sheet.png.
"""

from __future__ import annotations

from pathlib import Path

SHEET = (
    "linear_svm",
    "kernel_svm",
    "depth",
    "activations",
    "abs_kernel",
    "losses",
    "forward_backward",
    "likelihood",
    "msle_vs_mse",
    "energy",
)


def main() -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    pictures = {name: Path("out", f"{name}.png") for name in SHEET}
    missing = [name for name, path in pictures.items() if not path.exists()]
    if missing:
        raise SystemExit(f"run these demos first: {', '.join(missing)}")
    images = {name: plt.imread(path) for name, path in pictures.items()}
    rows: list[list[str]] = [list(SHEET[i : i + 2]) for i in range(0, len(SHEET), 2)]
    width = 15.0
    shapes = [[images[n].shape[1] / images[n].shape[0] for n in row] for row in rows]
    heights = [width / sum(row) + 0.3 for row in shapes]
    figure = plt.figure(figsize=(width, sum(heights)))
    top = 1.0
    for row, ratios, height in zip(rows, shapes, heights, strict=True):
        left, tall = 0.0, (height - 0.3) / sum(heights)
        for name, ratio in zip(row, ratios, strict=True):
            wide = ratio / sum(ratios)
            ax = figure.add_axes((left + 0.005, top - height / sum(heights), wide - 0.01, tall))
            ax.imshow(images[name], aspect="auto", interpolation="antialiased")
            ax.set_title(f"python -m demos {name}", fontsize=11, family="monospace", pad=3)
            ax.axis("off")
            left += wide
        top -= height / sum(heights)
    target = Path(__file__).parent / "images" / "contact_sheet.png"
    target.parent.mkdir(exist_ok=True)
    figure.savefig(target, dpi=80)
    print(f"wrote {target} ({target.stat().st_size // 1024} kB)")


if __name__ == "__main__":
    main()

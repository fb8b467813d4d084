"""Put the demos' pictures on one sheet for the README: `python -m demos._contact_sheet`.

It takes what the demos have written to out/ and writes demos/images/contact_sheet.png.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

ROWS = (  # of pictures about as wide together, so that all are shrunk alike
    ("kernel_svm",),
    ("abs_kernel", "moons"),
    ("energy",),
    ("minimizers", "vanishing"),
)
WIDTH, GAP, TITLE = 15.0, 0.25, 0.42  # inches


def main() -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from PIL import Image

    paths = {name: Path("out", f"{name}.png") for row in ROWS for name in row}
    missing = [name for name, path in paths.items() if not path.exists()]
    if missing:
        raise SystemExit(f"run these demos first: {', '.join(missing)}")
    images: dict[str, Any] = {name: plt.imread(path) for name, path in paths.items()}
    ratios = {name: image.shape[1] / image.shape[0] for name, image in images.items()}
    heights = [(WIDTH - GAP * (len(row) + 1)) / sum(ratios[name] for name in row) for row in ROWS]
    whole = sum(heights) + len(ROWS) * (TITLE + GAP)
    figure = plt.figure(figsize=(WIDTH, whole))
    top = whole
    for row, height in zip(ROWS, heights, strict=True):
        left, top = GAP, top - TITLE - height
        for name in row:
            width = ratios[name] * height
            ax = figure.add_axes((left / WIDTH, top / whole, width / WIDTH, height / whole))
            ax.imshow(images[name], aspect="auto", interpolation="antialiased")
            title = f"python -m demos {name}"
            ax.set_title(title, fontsize=12, family="monospace", weight="bold", loc="left", pad=9)
            ax.axis("off")
            left += width + GAP
        top -= GAP
    target = Path(__file__).parent / "images" / "contact_sheet.png"
    target.parent.mkdir(exist_ok=True)
    figure.savefig(target, dpi=100)
    few = Image.Quantize.MAXCOVERAGE  # 256 colors: a quarter of the size, and none of them missed
    Image.open(target).convert("RGB").quantize(256, few, kmeans=8).save(target, optimize=True)
    print(f"wrote {target} ({target.stat().st_size // 1024} kB)")


if __name__ == "__main__":
    main()

"""Film the pages for the README: `python -m demos._moving_pictures`.

A headless Chromium, driven by Playwright, plays each page through its own `window.autograd`;
Pillow writes what it shows to demos/images/player.gif and playground.gif. The same page gives
the same film.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nn
from autograd_mini import Trace, Value, tanh

IMAGES = Path(__file__).parent / "images"
SMALL = {"width": 1000, "height": 600}
LARGE = {"width": 1280, "height": 720}
WIDTH = 800  # of the film, in pixels

Scene = tuple[str, int]  # JavaScript to run, and how long to look at what it does, in ms


def player(path: Path) -> Iterator[Scene]:
    """One neuron: a pass forward, the pass back, then w is changed and all follows."""
    x, w, b = Value(2.0, "x"), Value(-3.0, "w"), Value(6.5, "b")
    y = tanh(w * x + b)
    y.label = "y"
    trace = Trace(y)
    trace.to_html(path)
    last = len(trace.forward) + len(trace) + 1  # the seed is a step of the page
    for step in range(last + 1):
        yield f"autograd.go({step})", 1500 if step in (0, last) else 650
    for tenth in range(1, 7):
        yield f"autograd.set('w', {-3.0 + tenth / 20})", 350
    yield "autograd.why('w')", 1800
    yield "autograd.reset()", 900


def playground(path: Path) -> Iterator[Scene]:
    """Two moons: a network that trains in the page."""
    X, y = nn.datasets.moons(100, noise=0.12)
    model = nn.FNN([2, 8, 8, 1], "tanh", seed=1)
    adam = nn.Adam(model.parameters(), lr=0.02)
    nn.Playground(model, X, y, loss="bce_with_logits", optimizer=adam).to_html(path)
    yield "0", 1200
    for updates in (1, 2, 3, 5, 8, 12, 16, 20, 25, 30, 35, 40, 45, 50):
        yield f"autograd.train({updates})", 300
    yield "0", 2000


def film(browser: Any, make: Any, target: Path, size: Any) -> None:
    """Write the film of one page."""
    from PIL import Image

    frames: list[Any] = []
    times: list[int] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "page.html")
        scenes = make(path)
        first = next(scenes)  # writes the page
        page = browser.new_page(viewport=size, reduced_motion="reduce", color_scheme="light")
        page.goto(path.as_uri())
        for scene, time in (first, *scenes):
            page.evaluate(f"() => {{ {scene}; }}")
            page.wait_for_timeout(250)
            shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            frames.append(shot.resize((WIDTH, WIDTH * shot.height // shot.width)))
            times.append(time)
        page.close()
    known = Image.new("RGB", (WIDTH, 2 * frames[0].height))
    for k, frame in enumerate((frames[1], frames[-1])):
        known.paste(frame, (0, k * frame.height))
    palette = known.quantize(160, dither=Image.Dither.NONE)  # one for all: nothing flickers
    flat = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    flat[0].save(target, save_all=True, append_images=flat[1:], duration=times, loop=0)
    print(f"wrote {target} ({len(flat)} pictures, {target.stat().st_size // 1024} kB)")


def main() -> None:
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        film(browser, player, IMAGES / "player.gif", SMALL)
        film(browser, playground, IMAGES / "playground.gif", LARGE)
        browser.close()


if __name__ == "__main__":
    main()

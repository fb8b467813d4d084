"""Does the player open in under a second at 300 nodes, and stay smooth at 1,000?

python -m pytest tests/benchmarks/bench_player.py --benchmark-enable
"""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from autograd_mini import Trace, Value, total


def graph(count: int) -> Value:
    """A graph of `count` random operations and leaves in which results are used again."""
    random = Random(count)
    values = [Value(random.uniform(0.5, 1.5), f"v{i}") for i in range(count // 10)]
    while len(values) < count - 1:
        a, b = random.choice(values[-60:]), random.choice(values[-60:])
        kinds = [lambda a, b: a * b, lambda a, b: a + b, lambda a, b: (a - b).tanh()]
        values.append(random.choice(kinds)(a, b))
    used = {x for value in values for x in value.inputs}
    root = total([value for value in values if value not in used])
    root.label = "root"
    return root


@pytest.fixture(scope="module")
def pages(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[int, Path]:
    folder = tmp_path_factory.mktemp("pages")
    share = 1 if request.config.getoption("benchmark_enable") else 10  # a tenth where nobody times
    paths = {count: folder / f"{count}.html" for count in (300, 1_000)}
    for count, path in paths.items():
        Trace(graph(count // share)).to_html(path, max_nodes=2 * count)
    return paths


@pytest.mark.parametrize("count", [300, 1_000])
def test_writing_the_page(benchmark: BenchmarkFixture, count: int, tmp_path: Path) -> None:
    trace = Trace(graph(count))
    path = tmp_path / "player.html"
    benchmark(lambda: trace.to_html(path, max_nodes=2 * count))
    assert path.read_text("utf-8").count('class="node') >= count


@pytest.mark.browser
@pytest.mark.parametrize("count", [300, 1_000])
def test_opening_the_page(
    benchmark: BenchmarkFixture, count: int, pages: dict[int, Path], chromium: Any
) -> None:
    page = chromium.new_page()

    def open_page() -> None:
        page.goto(pages[count].as_uri())
        page.evaluate(
            "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )

    benchmark.pedantic(open_page, rounds=5, warmup_rounds=1)
    assert page.locator("g.node").count() >= count // 10
    page.close()


MOVES = {
    "step": "(i) => Math.floor(last / 2) + (i % 50)",
    "drag": "(i) => Math.round(last * (0.5 + 0.5 * Math.sin(i / 6)))",
    "from end to end": "(i) => (i % 2 ? 0 : last)",
}


@pytest.mark.browser
@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("count", [300, 1_000])
def test_moving_to_another_frame(
    benchmark: BenchmarkFixture, count: int, move: str, pages: dict[int, Path], chromium: Any
) -> None:
    """One frame, from the event to the next picture."""
    page = chromium.new_page()
    page.goto(pages[count].as_uri())
    page.evaluate(
        f"""() => {{
          const slider = document.querySelector("[data-part=slider]");
          const last = Number(slider.max);
          let i = 0;
          window.move = async () => {{
            slider.value = ({MOVES[move]})(i);
            i += 1;
            slider.dispatchEvent(new Event("input", {{ bubbles: true }}));
            await new Promise(requestAnimationFrame);
            return [slider.value, document.querySelector("[data-part=count]").textContent];
          }};
        }}"""
    )
    value, shown = page.evaluate("move()")
    assert shown.startswith(f"{value} / ")
    benchmark.pedantic(lambda: page.evaluate("move()"), rounds=40, warmup_rounds=2)
    page.close()

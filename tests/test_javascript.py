"""The pages' JavaScript passes a type checker and a linter; readers of all kinds can use a page."""

from __future__ import annotations

import functools
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograd_mini import Trace, Value
from nn import FNN, SGD, Playback, Playground, datasets, fit
from tests.shared import PACKAGE, ROOT

CONFIGURATION = Path(__file__).parent / "javascript"
Opener = Callable[..., Any]


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"needs {name}: npm install -g {'typescript' if name == 'tsc' else name}")
    return found


@functools.cache
def axe() -> str:
    """The source of axe-core."""
    npm = program("npm")
    root = subprocess.run([npm, "root", "-g"], capture_output=True, text=True).stdout.strip()
    path = Path(root, "axe-core", "axe.min.js")
    if not path.is_file():
        pytest.skip("needs axe-core: npm install -g axe-core")
    return path.read_text("utf-8")


def run(*command: str) -> None:
    done = subprocess.run(command, cwd=PACKAGE.parent, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(PACKAGE.parent != ROOT, reason="what is installed was checked in its checkout")
def test_a_type_checker_finds_nothing() -> None:
    run(program("tsc"), "--project", str(CONFIGURATION / "jsconfig.json"))


@pytest.mark.skipif(PACKAGE.parent != ROOT, reason="what is installed was checked in its checkout")
def test_a_linter_finds_nothing() -> None:
    run(
        program("eslint"),
        "--config",
        str(CONFIGURATION / "eslint.config.mjs"),
        "autograd_mini",
        "nn",
    )


def findings(page: Any) -> list[str]:
    """What axe finds serious in a page."""
    found = page.evaluate("() => axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{rule['id']}: {rule['help']}: {node['html'][:120]} {node['any'][:1]}"
        for rule in found["violations"]
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]


def assert_accessible(page: Any, *states: str) -> None:
    """Look at each state of a page, light and dark."""
    page.evaluate(axe())
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert not (found := findings(page)), (scheme, found)
        for state in states:
            page.evaluate(state)
            assert not (found := findings(page)), (scheme, state, found)


@pytest.mark.browser
def test_the_player_has_no_serious_fault_in_any_state(open_page: Opener, tmp_path: Path) -> None:
    axe()
    w, x = Value(-3.0, "w"), Value(2.0, "x")
    loss = (w * x + 1.0).tanh() ** 2 - x
    loss.label = "loss"
    Trace(loss).to_html(tmp_path / "player.html")
    page = open_page(tmp_path / "player.html")
    assert_accessible(
        page,
        "autograd.go(7)",
        "(autograd.set('w', -2), document.querySelector('[data-part=pin]').click())",
        "(autograd.set('w', -1), autograd.go(99))",
        "document.querySelector('#n0').dispatchEvent(new FocusEvent('focusin', { bubbles: true }))",
        "document.querySelector('[data-part=why]').click()",
        "document.querySelector('[data-part=quiz]').click()",
        "document.querySelector('[data-part=quiz]').click()",
        "document.querySelector('[data-part=help]').click()",
        "document.querySelector('dialog').close()",
    )


@pytest.mark.browser
def test_playground_and_recorded_run_have_no_serious_fault_in_any_state(
    open_page: Opener, tmp_path: Path
) -> None:
    axe()
    X, y = datasets.moons(20, seed=1)
    model = FNN([2, 3, 1], seed=1)
    sgd = SGD(model.parameters(), lr=0.1)
    Playground(model, X, y, loss="bce_with_logits", optimizer=sgd).to_html(tmp_path / "play.html")
    page = open_page(tmp_path / "play.html")
    states = (
        "autograd.train(5)",
        "playground.settings.take('lr', 'much')",
        "playground.sets.choose('moons', 0.2)",
        "playground.view('graph')",
        "autograd.go(99)",
        "playground.view('network')",
    )
    assert_accessible(page, *states)
    table = FNN([3, 2, 1], seed=1)
    rows, targets = [[0.1, 0.2, 0.3], [1.0, -1.0, 0.0]], [0.5, -0.5]
    playback = Playback(rows, targets)
    sgd = SGD(table.parameters(), lr=0.1)
    fit(
        table, rows, targets, loss="mse", optimizer=sgd, epochs=3,
        callbacks=[playback], progress=False,
    )  # fmt: skip
    playback.to_html(tmp_path / "run.html")
    page = open_page(tmp_path / "run.html")
    assert_accessible(
        page, "playground.run.seek(2)", "playground.pick(1)", "playground.view('network')"
    )

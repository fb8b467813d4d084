"""Every demo is listed, fits on a screen, and runs in a small setting."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import sys
from contextlib import suppress
from inspect import Signature
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest

import nn
from demos.__main__ import found, main
from tests.shared import ROOT

DEMOS = found()


def test_the_list_shows_every_demo_with_its_first_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    listed = capsys.readouterr().out
    assert max(map(len, listed.splitlines())) < 80
    printed = " ".join(listed.split())
    for name, line in DEMOS.items():
        assert f"{name} " in printed
        assert line.endswith((".", "!", "?"))
        assert line in printed


def test_an_unknown_name_gets_the_close_one_suggested(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("demos.__main__.found", lambda: {"moons": "Two moons.", "xor": "XOR."})
    assert main(["mons"]) == 2
    assert "did you mean moons?" in capsys.readouterr().err
    assert main(["waterfall"]) == 2
    assert "there are moons, xor" in capsys.readouterr().err


def test_parameters_of_a_demo_are_options_of_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    got: list[tuple[int, float, bool]] = []

    def demo(epochs: int = 10, learning_rate: float = 0.1, shuffle: bool = True) -> None:
        got.append((epochs, learning_rate, shuffle))

    monkeypatch.setattr("demos.__main__.found", lambda: {"moons": "Two moons."})
    monkeypatch.setitem(sys.modules, "demos.moons", SimpleNamespace(main=demo))
    assert main(["moons"]) == 0
    assert main(["moons", "--epochs", "3", "--learning-rate", "1e-3", "--no-shuffle"]) == 0
    assert got == [(10, 0.1, True), (3, 0.001, False)]


def test_options_that_a_demo_cannot_take_are_refused_in_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def demo(epochs: int = 10, seed: int = 1, rate: float = 0.1) -> None:
        raise ValueError(f"seed {seed}, rate {rate}")

    monkeypatch.setattr("demos.__main__.found", lambda: {"moons": "Two moons."})
    monkeypatch.setitem(sys.modules, "demos.moons", SimpleNamespace(main=demo))
    for count in ("0", "-1", "x"):
        with pytest.raises(SystemExit, match="2"):
            main(["moons", "--epochs", count])
        assert f"--epochs: {count!r} is not a whole number above 0" in capsys.readouterr().err
    assert main(["moons", "--seed", "0", "--rate=-1"]) == 2
    assert capsys.readouterr().err == "error: seed 0, rate -1.0\n"


def test_a_demo_that_needs_a_package_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, said in {
        "sklearn": "this demo needs sklearn: pip install 'autograd_mini[sklearn]'",
        "pytest": "this demo needs pytest: pip install --group test",
        "torch": "No module named 'torch'",
    }.items():
        error = ModuleNotFoundError(f"No module named {name!r}", name=name)
        demo = SimpleNamespace(main=Mock(side_effect=error, __signature__=Signature()))
        monkeypatch.setitem(sys.modules, "demos.moons", demo)
        assert main(["moons"]) == 2
        assert capsys.readouterr().err == f"error: {said}\n"


def test_ctrl_c_ends_a_demo_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def during_fit() -> None:
        demo.fit()
        pytest.fail("the demo goes on")

    def elsewhere() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("demos.__main__.found", lambda: {"moons": "Two moons."})
    for run, said in ((during_fit, ""), (elsewhere, "stopped by Ctrl-C\n")):
        demo = SimpleNamespace(main=run, fit=lambda: SimpleNamespace(stopped="interrupted"))
        monkeypatch.setitem(sys.modules, "demos.moons", demo)
        with pytest.raises(SystemExit, match="130"):
            main(["moons"])
        assert capsys.readouterr().err == said  # of its own runs fit has told


@pytest.mark.parametrize("name", DEMOS)
def test_a_demo_is_one_screen_that_names_its_command(name: str) -> None:
    source = (ROOT / "demos" / f"{name}.py").read_text("utf-8")
    assert f"python -m demos {name}" in source or f"python -m demos.{name}" in source
    assert len(source.splitlines()) <= 80


@pytest.mark.parametrize("name", DEMOS)
def test_a_demo_uses_what_everybody_may_use(name: str) -> None:
    """From our packages, and the modules that they export, it takes names that they list."""
    tree = ast.parse((ROOT / "demos" / f"{name}.py").read_text("utf-8"))
    for node in ast.walk(tree):
        home = node.module or "" if isinstance(node, ast.ImportFrom) else ""
        package, _, module = home.partition(".")
        if package in ("autograd_mini", "nn") and isinstance(node, ast.ImportFrom):
            assert module in ("", "testing") or module in importlib.import_module(package).__all__
            public = importlib.import_module(home).__all__
            assert {alias.name for alias in node.names} <= {*public}


@pytest.mark.parametrize("name", DEMOS)
def test_a_demo_runs_and_prints_what_it_found(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("demos._plot.DPI", 20)
    monkeypatch.setattr("demos._plot.LAYOUT", "none")  # which takes half of the time
    with suppress(ImportError):
        monkeypatch.setitem(importlib.import_module("matplotlib").rcParams, "savefig.dpi", 20)
    try:
        demo = importlib.import_module(f"demos.{name}")
        demo.main(**getattr(demo, "SMALL", {}))
    except ImportError as error:
        if error.name is None or importlib.util.find_spec(error.name) is not None:
            raise
        pytest.skip(f"needs {error.name}")
    assert capsys.readouterr().out.strip()
    assert {path.name for path in tmp_path.iterdir()} <= {"out"}


def test_the_picture_of_a_decision_has_a_scale_and_rings_its_mistakes() -> None:
    pytest.importorskip("matplotlib")
    X, y = nn.datasets.xor(40, noise=0.1)
    figure = nn.plots.plot_decision_boundary(nn.FNN([2, 1], seed=0), X, y, steps=10)
    picture, scale = figure.axes
    assert "boundary is at" in scale.get_ylabel()
    assert any("mistake" in text.get_text() for text in picture.get_legend().get_texts())

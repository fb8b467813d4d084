"""`python -m autograd_mini`: the tour is real, and a wrong command says what was meant."""

from __future__ import annotations

import doctest
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from autograd_mini.__main__ import COMMANDS, TOUR, main

ROOT = Path(__file__).parent.parent


def test_the_tour_prints_what_its_lines_print(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    said = capsys.readouterr().out
    test = doctest.DocTestParser().get_doctest(textwrap.dedent(said), {}, "tour", None, 0)
    assert len(test.examples) == sum(len(lines.strip().splitlines()) for _, lines in TOUR)
    wrong: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test, out=wrong.append)
    assert not wrong, "".join(wrong)
    assert len(said.splitlines()) < 60
    for name in COMMANDS:
        assert f"python -m autograd_mini {name}" in said


def test_the_tour_fits_a_terminal_that_knows_ascii_only() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "autograd_mini"],
        capture_output=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        check=True,
    )
    assert b"text_tree(y, ascii=True)" in run.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        status = main([name, "--help"])
    except SystemExit as end:
        status = end.code
    assert not status
    assert f"python -m autograd_mini {name}" in capsys.readouterr().out


def test_a_wrong_command_says_what_was_meant(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["debgu"]) == 2
    assert "did you mean debug?" in capsys.readouterr().err
    assert main(["waterfall"]) == 2
    assert "there are debug" in capsys.readouterr().err
    assert main(["--help"]) == 0
    assert "usage: python -m autograd_mini" in capsys.readouterr().out

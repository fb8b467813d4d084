"""`python -m autograd_mini`: the tour is real, and a wrong command says what was meant."""

from __future__ import annotations

import doctest
import subprocess
import textwrap
from pathlib import Path

import pytest

from autograd_mini.cli import COMMANDS, main
from autograd_mini.cli.tour import TOUR
from tests.shared import python


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
    run = python("-m", "autograd_mini", check=True, PYTHONIOENCODING="ascii")
    assert "text_tree(y, ascii=True)" in run.stdout


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


SCRIPT = """
import sys
from autograd_mini import Value
a, b = Value(2.0, "a"), Value(-3.0, "b")
for i in range(2):
    y = a * b + i
    y.backward()
print("ended", sys.argv)
"""


def drawn(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "script.py").write_text(SCRIPT)
    return python("-m", "autograd_mini", "draw", *arguments, cwd=tmp_path)


def test_draw_shows_the_graph_that_a_script_differentiates_with_its_gradients(
    tmp_path: Path,
) -> None:
    run = drawn(tmp_path, "script.py")
    assert (run.returncode, run.stderr) == (0, "")
    lines = run.stdout.splitlines()
    assert any("b  data -3  grad 2" in line for line in lines)
    assert any("a  data 2  grad -3" in line for line in lines)
    assert "ended" not in run.stdout
    run = drawn(tmp_path, "-n", "2", "--partials", "-o", "second.dot", "script.py")
    assert run.stdout == "wrote second.dot\n"
    assert "data -5" in (tmp_path / "second.dot").read_text("utf-8")


def test_draw_takes_a_name_of_a_file_as_check_does(tmp_path: Path) -> None:
    run = drawn(tmp_path, "script.py:y")
    assert (run.returncode, run.stderr) == (0, "")
    assert "data -5" in run.stdout
    assert "data -5" in drawn(tmp_path, "script:y").stdout


def test_draw_says_what_is_missing(tmp_path: Path) -> None:
    run = drawn(tmp_path, "-n", "3", "script.py", "x")
    assert run.returncode == 1
    assert run.stdout == "ended ['script.py', 'x']\n"
    assert run.stderr == "script.py ended, and backward() was called 2 times\n"
    run = drawn(tmp_path, "script.py", "-o", "picture.svg")
    assert run.stderr == "-o comes before script.py: what follows are its own arguments\n"
    (tmp_path / "none.py").write_text("")
    run = drawn(tmp_path, "none.py")
    assert (run.returncode, run.stderr) == (1, "none.py ended, and backward() was never called\n")
    run = drawn(tmp_path, "script.py:nothing")
    assert run.returncode == 2
    assert "script.py:nothing cannot be drawn: script.py has no 'nothing'" in run.stderr
    run = drawn(tmp_path, "-o", "picture.xyz", "script.py")
    assert run.returncode == 2
    assert "suffix" in run.stderr
    assert "Traceback" not in run.stderr

"""The README is true: its sessions run, and its two commands are the ones that are tested."""

from __future__ import annotations

import doctest
import os
import pkgutil
import re
import shlex
import shutil
import subprocess
from itertools import groupby
from pathlib import Path

import pytest

import autograd_mini
from nn.__main__ import main
from nn.activations import ACTIVATIONS
from nn.losses import LOSSES
from tests.shared import ROOT, python

README = (ROOT / "README.md").read_text("utf-8")
CI = ROOT / ".ci" / "run"


def sections() -> dict[str, list[tuple[int, str]]]:
    """Return the Python blocks under each heading, with their line numbers."""
    found: list[tuple[str, int, str]] = []
    heading = ""
    for match in re.finditer(
        r"^#+ ([^\n]+)$|^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL
    ):
        heading = match[1] or heading
        if match[2] in ("python", "pycon"):
            found.append((heading, README.count("\n", 0, match.start(3)), match[3]))
    return {
        heading: [(line, block) for _, line, block in blocks]
        for heading, blocks in groupby(found, key=lambda item: item[0])
    }


@pytest.mark.parametrize("heading", sections())
def test_the_python_of_a_section_runs_and_prints_what_the_readme_says(
    heading: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The blocks under one heading are one session, from top to bottom."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "__readme__"}
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    for line, block in sections()[heading]:
        if ">>> " in block:
            test = doctest.DocTestParser().get_doctest(block, names, heading, "README.md", line)
            runner.run(test, out=said.append, clear_globs=False)
            names.update(test.globs)
        else:
            exec(compile("\n" * line + block, "README.md", "exec"), names)
    assert not said, "".join(said)
    if heading == "See":  # the picture is the one that is drawn there
        drawn = autograd_mini.to_svg(names["y"], partials=True, rankdir="TB")  # pyright: ignore
        assert drawn == (ROOT / "demos" / "images" / "expression.svg").read_text("utf-8")


def test_the_readme_is_short_and_names_what_a_newcomer_needs() -> None:
    assert README.count("\n") <= 420
    order = ["Quick start", "See", "Step", "Check", "Train", "The lecture", "Compile", "Speed"]
    order += ["A primitive", "Beside others", "Files", "How to add", "Limits"]
    places = [README.index(f"\n## {heading}") for heading in order]
    assert places == sorted(places)
    for name in ("recompute", "python -m nn train", "python -m nn predict", "FNNClassifier",
                 "history", "record_source", "nn.features", "no_grad", "Haizhao Yang"):  # fmt: skip
        assert name in README
    assert f"{len(ACTIVATIONS)} activations and {len(LOSSES)} losses" in README
    for path in re.findall(r"\]\((?!http)([^)]+)\)", README):
        assert (ROOT / path).exists(), path


def test_what_the_readme_names_is_there() -> None:
    for name in re.findall(r"`((?:autograd_mini|nn)\.\w+(?:\.\w+)*)[`(]", README):
        assert (ROOT / name).exists() or pkgutil.resolve_name(name), name


@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
def test_the_checks_on_the_shell_print_what_the_readme_says(tmp_path: Path) -> None:
    (line, said) = re.findall(
        r"^\$ python (-m autograd_mini check .*)\n((?:.+\n)*?)\.\.\.", README, re.M
    )[0]
    run = python(*line.split())
    assert (run.returncode, run.stdout.startswith(said)) == (1, True), run.stdout
    (tmp_path / "student.py").write_text(
        "def mean(xs): return sum(xs) / len(xs)\ndef mean_backward(g, xs): return [g for x in xs]\n"
    )
    (tmp_path / "losses.py").write_text("def my_loss(x, y): return (x * y).tanh() + x\n")
    for command in re.findall(r"`python (-m autograd_mini check [^`]*)`", README):
        run = python(*shlex.split(command), cwd=tmp_path)
        assert run.returncode == ("mean_backward" in command), run.stdout + run.stderr


def test_the_commands_for_tables_run_as_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data.csv").write_text(
        "a,b,y\n" + "\n".join(f"{n},{n % 3},{n + n % 3}" for n in range(40))
    )
    Path("new.csv").write_text("a,b\n3,1\n")
    commands = re.findall(r"^python -m nn (.*)$", README, re.MULTILINE)
    assert [main(command.split()) for command in commands] == [0, 0]
    assert Path("predictions.csv").read_text().startswith("y\n")


def shell_blocks(text: str) -> list[str]:
    """Return the blocks of shell commands as they are printed."""
    return re.findall(r"^```sh\n(.*?)\n```$", text, re.MULTILINE | re.DOTALL)


def joined(block: str) -> str:
    """Return a command without its line breaks."""
    return " ".join(block.replace("\\\n", " ").split())


def test_the_quick_start_is_two_commands_that_each_make_their_own_environment() -> None:
    quick = README.partition("## Quick start\n")[2].partition("\n## ")[0]
    commands = [joined(block) for block in shell_blocks(quick)]
    assert [command.rpartition(" -m ")[2] for command in commands[:2]] == [
        "demos moons",
        "pytest -n auto",
    ]
    for command in commands[:2]:
        assert command.startswith("[ -d .venv ] || python3 -m venv .venv")


@pytest.mark.skipif(not CI.exists(), reason="an unpacked sdist has no .ci")
@pytest.mark.parametrize("ending", ["-m demos moons", "-m pytest -n auto"])
def test_the_commands_that_ci_runs_are_read_from_the_readme(ending: str) -> None:
    assert f'readme_command "{ending}"' in CI.read_text("utf-8")
    assert sum(joined(block).endswith(ending) for block in shell_blocks(README)) == 1


@pytest.mark.skipif(not CI.exists(), reason="an unpacked sdist has no .ci")
@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_a_command_of_several_lines_runs_as_it_is_printed(tmp_path: Path) -> None:
    text = CI.read_text("utf-8")
    function = "readme_command() {" + text.partition("readme_command() {")[2].partition("\n}\n")[0]
    block = "[ -d none ] ||\\\n  echo one \\\n  two && \\\n  echo -m pytest"
    (tmp_path / "README.md").write_text(f"```sh\n{block}\n```\n\n```sh\nfalse\n```\n", "utf-8")
    script = f'set -eu\n{function}\n}}\nreadme_command "-m pytest"'
    command = ["bash", "-c", script]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.splitlines()[-2:] == ["one two", "-m pytest"], done.stderr

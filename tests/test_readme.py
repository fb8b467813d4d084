"""The README is true: its sessions run, and its two commands are the ones that are tested."""

from __future__ import annotations

import doctest
import re
from itertools import groupby
from pathlib import Path

import pytest

from tests.shared import ROOT

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


def test_the_quick_start_is_two_commands_that_each_make_their_own_environment() -> None:
    quick = README.partition("## Quick start\n")[2].partition("\n## ")[0]
    commands = re.findall(r"^```sh\n(.*?)\n```$", quick, re.MULTILINE | re.DOTALL)
    assert [command.rpartition(" -m ")[2] for command in commands] == ["demos moons", "pytest"]
    for command in commands:
        assert command.startswith("[ -d .venv ] || python3 -m venv .venv && ")
        assert "\n" not in command


@pytest.mark.skipif(not CI.exists(), reason="an unpacked sdist has no .ci")
@pytest.mark.parametrize("ending", ["-m demos moons", "-m pytest"])
def test_the_commands_that_ci_runs_are_read_from_the_readme(ending: str) -> None:
    assert f'readme_command "{ending}"' in CI.read_text("utf-8")
    assert sum(line.endswith(ending) for line in README.splitlines()) == 1

"""`python -m autograd_mini`: the tour is real, and a wrong command says what was meant."""

from __future__ import annotations

import contextlib
import doctest
import io
import json
import os
import shlex
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

import autograd_mini
from autograd_mini.cli import COMMANDS, main
from autograd_mini.cli.tour import TOUR
from demos.__main__ import main as demos
from nn.__main__ import main as networks
from tests.shared import PACKAGE, ROOT, python


def test_the_tour_prints_what_its_lines_print(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    said = capsys.readouterr().out
    test = doctest.DocTestParser().get_doctest(textwrap.dedent(said), {}, "tour", None, 0)
    assert len(test.examples) == sum(len(part.splitlines()) - 1 for part in TOUR.split("\n\n"))
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


@pytest.fixture
def draw(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Draw what script.py differentiates, in this process; return the status and what was said."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "script.py").write_text(SCRIPT)

    def draw(*words: str) -> tuple[int, str, str]:
        try:
            status = main(["draw", *words])
        except SystemExit as end:
            status = end.code
        return status, *capsys.readouterr()  # type: ignore[return-value]

    return draw


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


def test_draw_leaves_parameters_out_and_asks_dot_when_told(
    draw: Callable[..., tuple[int, str, str]],
) -> None:
    Path("network.py").write_text(
        "from nn import FNN\nmodel = FNN([2, 2, 1], seed=0)\ny = model([0.5, 1.0])\n"
    )
    _, whole, _ = draw("network:y")
    _, less, _ = draw("network:y", "--no-parameters")
    assert "layers.0.neurons.0.w.0" in whole
    assert "layers.0.neurons.0.w.0" not in less
    assert "layers.0.neurons.0 = tanh" in less or "layers.0.neurons.0 tanh" in less
    draw("network:y", "-o", "plain.svg")
    draw("network:y", "-o", "ours.svg", "--engine", "built-in")
    assert Path("plain.svg").read_bytes() == Path("ours.svg").read_bytes()
    if shutil.which("dot"):
        draw("network:y", "-o", "dot.svg", "--engine", "dot")
        assert Path("plain.svg").read_bytes() != Path("dot.svg").read_bytes()
    assert draw("network:y", "--engine", "neato")[0] == 2


def test_draw_takes_a_name_of_a_file_as_check_does(tmp_path: Path) -> None:
    run = drawn(tmp_path, "script.py:y")
    assert (run.returncode, run.stderr) == (0, "")
    assert "data -5" in run.stdout
    assert "data -5" in drawn(tmp_path, "script:y").stdout


def test_draw_says_what_is_missing(draw: Callable[..., tuple[int, str, str]]) -> None:
    ended = "script.py ended, and backward() was called 2 times\n"
    assert draw("-n", "3", "script.py", "x") == (1, "ended ['script.py', 'x']\n", ended)
    status, _, complaint = draw("script.py:nothing")
    assert status == 2
    assert "script.py:nothing cannot be drawn: script.py has no 'nothing'" in complaint
    assert draw("none.py") == (2, "", "there is no such file: 'none.py'\n")
    for text in ("", "import sys; sys.exit()", "raise SystemExit(0)"):
        Path("script.py").write_text(text)
        assert draw("script.py") == (1, "", "script.py ended, and backward() was never called\n")
    Path("script.py").write_text("raise SystemExit(3)")
    assert draw("script.py") == (3, "", "")


def test_options_of_draw_stand_on_both_sides_of_the_script_and_its_own_after_two_dashes(
    draw: Callable[..., tuple[int, str, str]],
) -> None:
    for words in (
        ("script.py", "-o", "1.dot", "-n", "2"),
        ("-n", "2", "script.py", "-o", "2.dot"),
        ("script.py", "-n", "2", "x", "-o", "3.dot", "--partials"),
        ("-n", "2", "-o", "4.dot", "--", "script.py", "-o", "y"),
        ("script.py:y", "-o", "5.dot"),
    ):
        (name,) = [word for word in words if word.endswith(".dot")]
        status, said, complaint = draw(*words)
        assert (status, complaint) == (0, ""), words
        assert said.endswith(f"wrote {name}\n")
        assert "data -5" in Path(name).read_text("utf-8")
    said = draw("script.py", "-n", "3", "x", "--", "-o", "y.svg", "--", "-n")[1]
    assert said == "ended ['script.py', 'x', '-o', 'y.svg', '--', '-n']\n"
    assert not Path("y.svg").exists()


def test_a_drawing_that_cannot_be_made_is_refused_before_the_script_runs(
    draw: Callable[..., tuple[int, str, str]],
) -> None:
    for words, why in (
        (("-o", "picture.xyz"), "suffix"),
        (("-o", "none/picture.svg"), "there is no such directory: 'none'"),
        (("-n", "0"), "-n counts from 1, but got 0"),
        (("--show", "dta"), "show lists some of"),
        (("--depth", "-1"), "depth is 0 or more edges"),
        (("--collapse", "layer"), "invalid choice: 'layer'"),
        (("--epochs", "3"), "come after --, as in draw script.py -- --epochs 3"),
    ):
        Path("script.py").write_text("raise RuntimeError")
        status, said, complaint = draw("script.py", *words)
        assert (status, said) == (2, ""), words
        assert why in complaint
        assert "Error" not in complaint


def test_a_drawing_lies_where_the_command_was_called_wherever_the_script_goes(
    draw: Callable[..., tuple[int, str, str]],
) -> None:
    Path("away").mkdir()
    Path("script.py").write_text(
        "import os\nfrom pathlib import Path\nos.chdir('away')\n"
        "assert Path(__file__).parent.joinpath('script.py').exists()\n" + SCRIPT
    )
    assert draw("script.py", "-o", "y.svg") == (0, "wrote y.svg\n", "")
    assert Path("y.svg").exists()


LOSSES = """
def bad(α): return α * α + (α * α).detach()
def scale(xs): return [3.0 * x for x in xs]
def scale_backward(upstream, xs): return [2.0 * g for g in upstream]
"""
COMMANDS_THAT_PRINT = (
    (("autograd_mini",), 0),
    (("autograd_mini", "draw", "shouts.py"), 0),
    (("autograd_mini", "draw", "--help"), 0),
    (("autograd_mini", "debug", "shouts.py"), 0),
    (("autograd_mini", "check", "losses.py:bad", "--inputs", "2"), 1),
    (("autograd_mini", "check", "--vjp", "losses.py:scale,scale_backward", "--inputs=[1,2]"), 1),
    (("demos",), 0),
)


@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
@pytest.mark.parametrize("ending", ["| head -0", ">&- 2>&-"])
def test_a_reader_who_leaves_and_a_closed_screen_are_no_errors(tmp_path: Path, ending: str) -> None:
    (tmp_path / "shouts.py").write_text("print('hello' * 50_000)" + SCRIPT)
    (tmp_path / "losses.py").write_text(LOSSES, "utf-8")
    shell = "set -o pipefail\n"
    for words, _ in COMMANDS_THAT_PRINT:
        command = shlex.join([sys.executable, "-m", *words])
        shell += f"echo | {command} {ending}\necho $? >>statuses\n"
    environment = os.environ | {"PYTHONPATH": f"{PACKAGE.parent}{os.pathsep}{ROOT}"}
    run = subprocess.run(
        ["bash", "-c", shell], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert not run.stderr
    told = [int(status) for status in (tmp_path / "statuses").read_text().split()]
    assert told == [status for _, status in COMMANDS_THAT_PRINT]


def test_json_is_all_that_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("noisy.py").write_text("print(1)\ndef f(x):\n    print(x)\n    return x * x\n" + LOSSES)
    for words, status in (
        (("f", "--inputs", "2"), 0),
        (("bad", "--inputs", "2"), 1),
        (("f", "--inputs", "2", "3"), 2),
        (("g",), 2),
        (("f", "--points", "3"), 2),
    ):
        assert main(["check", f"noisy.py:{words[0]}", *words[1:], "--json"]) == status
        told = json.loads(capsys.readouterr().out)
        assert told["ok"] == (status == 0)
        if status == 0:
            assert told["operations"]["mul"]["ok"]
            assert (told["gradients"], told["nodes"], told["edges"]) == (1, 1, 2)
        assert ("error" in told) == (status == 2)


def test_any_console_shows_a_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "losses.py").write_text(LOSSES, "utf-8")
    for encoding in ("ascii", "cp1252"):
        screen = io.TextIOWrapper(io.BytesIO(), encoding)
        monkeypatch.setattr(sys, "stdout", screen)
        assert main(["check", "losses.py:bad", "--inputs", "2"]) == 1
        screen.seek(0)
        assert "d/d\\u03b1" in screen.read()


def test_every_command_line_knows_options_by_their_beginnings_and_guesses_wrong_ones(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("table.csv").write_text("a,b\n1,2\n")
    table = ("train", "table.csv", "--out", "m", "--target", "b")
    for program, words, status, said in (
        (main, ("--vers",), 0, "autograd_mini "),
        (networks, ("--vers",), 0, "autograd_mini "),
        (demos, ("--vers",), 0, "autograd_mini "),
        (main, ("--hepl",), 2, "no option '--hepl': did you mean --help?"),
        (
            main,
            ("draw", "--maxnodes=3", "s.py"),
            2,
            "no option '--maxnodes': did you mean --ma",
        ),
        (main, ("draw", "table.csv"), 2, "a script is a Python file, such as script.py, but got"),
        (main, ("debug",), 2, "required: SCRIPT ("),
        (networks, ("trian",), 2, "no command is called 'trian': did you mean train?"),
        (networks, (*table, "--hiden", "8"), 2, "nn train: there is no option '--hiden': did you"),
        (networks, (*table, "x"), 2, "there is one argument too many: 'x'"),
        (networks, ("train", "table.csv"), 2, "required: --target, --out ("),
        (networks, (), 0, "python -m nn train "),
        (demos, ("mons",), 2, "no demo is called 'mons': did you mean moons?"),
        (demos, ("xor", "--sed", "3"), 2, "no option '--sed': did you mean --seed?"),
        (demos, ("--help",), 0, "usage: python -m demos"),
    ):
        try:
            ended = program(words)
        except SystemExit as end:
            ended = end.code
        out, err = capsys.readouterr()
        assert (ended, said in (err or out)) == (status, True), (words, out, err)
        assert len(err.splitlines()) < 2


def test_help_fits_the_terminal_and_every_command_tells_its_version(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for width in (60, 80):
        monkeypatch.setenv("COLUMNS", str(width))
        for words in ((), *[(name,) for name in COMMANDS]):
            with contextlib.suppress(SystemExit):
                main([*words, "--help"])
            said = capsys.readouterr().out
            assert max(map(len, said.splitlines())) < (width if words else 80)
            with contextlib.suppress(SystemExit):
                main([*words, "--version"])
            assert capsys.readouterr().out == f"autograd_mini {autograd_mini.__version__}\n"

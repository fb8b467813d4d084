"""The terminal stepper, driven the way people drive it: by lines typed at its prompt."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_mini import Trace, Value, contexts, record_source, topological_order
from autograd_mini.cli.debug import main
from autograd_mini.cli.scripts import run_script
from autograd_mini.debugger import Debugger
from autograd_mini.debugger.commands import COMMANDS, GROUPS, split_condition
from autograd_mini.debugger.views import Style
from tests.shared import PACKAGE, ROOT, python


def graph() -> Value:
    """Return loss = (tanh(w * x + b) - 1)², seven steps; two more edges go to plain numbers."""
    x, w, b = Value(2.0, "x"), Value(-3.0, "w"), Value(6.5, "b")
    h = (w * x + b).tanh()
    h.label = "h"
    loss = (h - 1.0) ** 2
    loss.label = "loss"
    return loss


def session(*lines: str, root: Value | None = None, **options: Any) -> str:
    """Return what `debug()` prints when these lines are piped in."""
    stdout = io.StringIO()
    typed = io.StringIO("".join(f"{line}\n" for line in lines))
    (graph() if root is None else root).debug(stdin=typed, stdout=stdout, **options)
    return stdout.getvalue()


def answers(*lines: str, root: Value | None = None) -> list[str]:
    """Return the answer to each line."""
    parts = re.split(r"^\(grad\) .*\n", session(*lines, root=root), flags=re.MULTILINE)
    return [part.strip() for part in parts[1 : len(lines) + 1]]


def shown(answer: str) -> str:
    """Return the number of the step that an answer shows, such as `2/7` or `forward 2/5`."""
    found = re.findall(r"^\[(.*?)\]", answer, re.MULTILINE)
    return found[-1] if found else "start" if "> backward()" in answer else "none"


def script(
    source: str,
    *lines: str,
    tmp_path: Path,
    options: tuple[str, ...] = (),
    args: tuple[str, ...] = (),
) -> subprocess.CompletedProcess[str]:
    """Run `python -m autograd_mini debug` on a script, with lines piped in."""
    (tmp_path / "script.py").write_text(source, "utf-8")
    command = ["-m", "autograd_mini", "debug", *options, "script.py", *args]
    return python(*command, typed="".join(f"{line}\n" for line in lines), cwd=tmp_path)


ENVIRONMENT = os.environ | {"PYTHONPATH": str(PACKAGE.parent)}
TRAINING = """
import sys
from autograd_mini import Value
x, w = Value(2.0, "x"), Value(-3.0, "w")
for epoch in range(4):
    loss = (w * x).tanh() ** 2
    w.grad = 0.0
    loss.backward()
    w.data -= 0.1 * w.grad
    print("epoch", epoch, sys.argv[1:])
print("ended")
"""


# Moving.


def test_each_step_says_what_it_did_and_the_gradient_is_as_of_that_step() -> None:
    a = Value(3.0, "a")
    said = answers("s", "p a.grad", "s", "p a.grad", root=a * a)
    assert said[0] == "[1/2] a.grad: 0.0 + 3.0 * 1.0 = 3.0   (d(a*a)/da = a, argument 0)"
    assert said[1] == "3.0"
    assert "[2/2] a.grad: 3.0 + 3.0 * 1.0 = 6.0   (d(a*a)/da = a, argument 1)" in said[2]
    assert said[3] == "6.0"


def test_steps_towards_plain_numbers_are_passed_over() -> None:
    assert [shown(answer) for answer in answers("s", "s", "s")] == ["1/7", "2/7", "3/7"]


def test_next_takes_all_edges_of_a_node_and_shows_each() -> None:
    said = answers("n 3", "n", "rn", "rn", "n 2")
    assert [shown(answer) for answer in said] == ["3/7", "5/7", "3/7", "2/7", "5/7"]
    assert re.findall(r"^\[(\d)", said[1], re.MULTILINE) == ["4", "5"]


def test_going_back_undoes_gradients_and_reaches_into_the_forward_pass() -> None:
    said = answers(
        "r", "p w.grad", "rs 2", "p w.grad", "restart", "rs", "p loss.grad", "s 2", "rs 99"
    )
    assert [shown(said[i]) for i in (0, 2, 4, 5, 7)] == [
        "7/7",
        "5/7",
        "start",
        "forward 4/5",
        "1/7",
    ]
    assert (said[1], said[3], said[6]) == ("-1.6920669690965349", "0.0", "0.0")
    assert said[8] == "> forward pass: 5 operations"


@given(moves=st.lists(st.sampled_from(["s", "n", "rs", "rn", "s 3", "rs 4", "r", "restart", "rc"])))
def test_after_any_moves_the_gradients_are_those_of_the_trace_at_that_step(
    moves: list[str],
) -> None:
    root = graph()
    nodes = topological_order(root)
    before = [1.5 + i for i in range(len(nodes))]
    for node, grad in zip(nodes, before, strict=True):
        node.grad = grad
    trace = Trace(root)
    seen: list[bool] = []

    class Watching(Debugger):
        def postcmd(self, stop: bool, line: str) -> bool:
            moment = self.moment
            done = moment.position - moment.start
            steps = [step for step in trace if not step.parent.is_constant]
            expected = {root: 1.0} if done >= 0 else {}
            for step in steps[: max(done, 0)]:
                expected[step.parent] = step.after
            seen.append({n: n.grad for n in nodes if n.grad != 0.0} == expected)
            return stop

    typed = io.StringIO("".join(f"{move}\n" for move in moves))
    Watching(typed, io.StringIO()).visit(root, 1.0)
    assert all(seen)
    assert len(seen) == len(moves) + 1
    assert [node.grad for node in nodes] == before


def test_until_goes_to_a_step_in_either_direction() -> None:
    said = answers("until 5", "unt 2", "until 99", "until", "until 0", "until 7")
    assert [shown(said[i]) for i in (0, 1, 4, 5)] == ["5/7", "2/7", "start", "7/7"]
    assert said[2] == said[3] == "*** until which step? A number from 0 to 7"


def test_moving_on_from_either_end_is_refused_with_what_to_do() -> None:
    assert answers("r", "s")[1] == "*** the pass is done: rs goes back, q leaves"
    assert answers("rs 9", "rs", "rc")[1:] == ["*** this is the beginning: s goes forward"] * 2


def test_an_empty_line_repeats_the_last_command() -> None:
    assert [shown(answer) for answer in answers("s", "", "")] == ["1/7", "2/7", "3/7"]


# Stops.


@pytest.mark.parametrize(
    ("where", "reached"),
    [
        ("tanh", ["3/7"]),
        ("op:tanh", ["3/7"]),
        ("h", ["3/7"]),
        ("label:h", ["3/7"]),
        ("n4", ["4/7"]),
        ("id:n4", ["4/7"]),
        ("w", ["6/7"]),
        ("5", ["5/7"]),
        ("mul", ["6/7"]),
        ("step.local == 1.0", ["2/7", "4/7", "5/7"]),
        ("abs(step.contribution) > 1, node.op.name == 'mul'", ["6/7", "7/7"]),
        ("max(w.grad, x.grad) > 2", ["7/7"]),
    ],
)
def test_continue_halts_where_a_breakpoint_says_and_reverse_continue_finds_it_again(
    where: str, reached: list[str]
) -> None:
    lines = ["c"] * len(reached)
    said = answers(f"b {where}", *lines, "r", "r", "r", *["rc"] * len(reached), "rc")
    assert [shown(answer) for answer in said[1 : 1 + len(reached)]] == reached
    back = [shown(answer) for answer in said[4 + len(reached) :]]
    before_the_end = [number for number in reversed(reached) if number != "7/7"]
    assert back[: len(before_the_end) + 1] == [*before_the_end, "start"]


def test_reverse_continue_evaluates_each_moment_also_after_the_path_was_shown() -> None:
    said = answers("b node is n4", "r", "r", "r", "w", "rc")
    assert [shown(said[i]) for i in (1, 2, 3, 5)] == ["4/7", "5/7", "7/7", "5/7"]


def test_a_label_wins_over_an_operation_of_that_name() -> None:
    x = Value(0.5, "tanh")
    root = x.tanh() * 2.0
    assert answers("b tanh", root=root) == ["Breakpoint 1: label tanh"]
    assert [shown(answer) for answer in answers("b op:tanh", "c", root=root)] == ["none", "2/2"]


def test_a_temporary_breakpoint_halts_once() -> None:
    said = answers("tbreak tanh", "c", "restart", "c", "b")
    assert [shown(said[i]) for i in (1, 3)] == ["3/7", "7/7"]
    assert said[4] == "no stops: b where sets one"


def test_watching_halts_whenever_that_gradient_changes() -> None:
    a = Value(3.0, "a")
    said = answers("watch a", "c", "c", root=a * a + a * 0.0)
    assert [shown(answer) for answer in said[1:]] == ["4/5", "5/5"]
    assert all("Watchpoint 1: a" in answer for answer in said[1:])


def test_conditions_ignore_counts_and_switches_work_as_in_pdb() -> None:
    assert shown(answers("b step.local == 1.0", "condition 1 step.argument == 1", "c")[2]) == "5/7"
    assert shown(answers("b step.local == 1.0", "ignore 1 2", "c")[2]) == "5/7"
    assert shown(answers("b tanh", "disable 1", "c")[2]) == "7/7"
    assert shown(answers("b tanh", "disable", "enable 1", "c")[3]) == "3/7"
    assert shown(answers("b tanh", "clear", "c")[2]) == "7/7"
    said = answers("b tanh, h.data > 0", "tbreak w", "ignore 1 3", "disable 2", "info break")
    assert said[4].splitlines() == [
        "Num  Keep  On   Hits  Where",
        "1    yes   yes  0     op tanh, if h.data > 0  (skipped 3 more times)",
        "2    once  no   0     label w",
    ]


def test_a_condition_without_an_answer_halts_and_says_why() -> None:
    said = answers("b tanh, 1 / 0", "c")
    assert shown(said[1]) == "3/7"
    assert "*** ZeroDivisionError: division by zero: op tanh, if 1 / 0" in said[1]


def test_nan_halts_at_the_first_number_that_is_not_finite_in_the_backward_pass() -> None:
    x = Value(0.0, "x")
    said = answers("b nan", "c", "c", root=x.sqrt() * 3.0 + x)
    assert "x.grad: 1.0 + inf * 3.0 = inf" in said[1]
    assert "Breakpoint" not in said[2]


def test_nan_finds_the_operation_of_the_forward_pass_that_overflowed() -> None:
    x = Value(1e200, "x")
    said = answers("b nan", "c", "c", root=x * x - x * x)
    assert shown(said[1]) == "forward 1/3"
    assert "n1 = x * x = 1e+200 * 1e+200 = inf" in said[1]
    assert shown(said[2]) == "6/6"
    said = answers("b nan", "c", "c", root=x * x)
    assert "Breakpoint 1: nan" in said[1]
    assert "[forward 1/1] n1 = x * x = 1e+200 * 1e+200 = inf" in said[1]
    assert shown(said[2]) == "2/2"


# Looking.


def test_expressions_see_labels_ids_the_step_and_the_callers_names() -> None:
    factor = 7
    root = graph()
    stdout = io.StringIO()
    lines = "until 4\np step.local, node is n4, parent is n2, root is loss\np factor * x.data\n"
    root.debug(stdin=io.StringIO(lines), stdout=stdout)
    assert "(1.0, True, True, True)" in stdout.getvalue()
    assert f"\n{factor * 2.0}\n" in stdout.getvalue()


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("p h.", "SyntaxError"),
        ("p nothing", "NameError: name 'nothing' is not defined"),
        ("p 1 / 0", "ZeroDivisionError"),
        ("p exit()", "SystemExit"),
        ("pp [", "SyntaxError"),
        ("p", "print what?"),
        ("b (", "not a label, operation"),
        ("b tanh, (", "SyntaxError"),
        ("b tanj", "did you mean tanh?"),
        ("b op:tanhh", "did you mean tanh?"),
        ("b n99", "there is no n99: ids are n0 to n9"),
        ("b 0", "there is no step 0"),
        ("b 99", "there is no step 99: they are 1 to 7"),
        ("watch los", "did you mean loss?"),
        ("watch", "watch which node?"),
        ("tbreak", "stop where?"),
        ("condition 3 True", "there is no stop 3"),
        ("ignore 1", "ignore number count"),
        ("clear x", "there is no stop x"),
        ("s -1", "how many times?"),
        ("brek h", "no command is called 'brek': did you mean break?"),
        ("brek", "no command and no name is 'brek': did you mean break?"),
        ("1 / 0", "ZeroDivisionError"),
        ("raise SystemExit", "SystemExit"),
        ("!(", "SyntaxError"),
        ("a == 3", "args takes no argument, but got '== 3'"),
        ("w * x", "is run by  !w * x"),
        ("r 5", "return takes no argument, but got '5'"),
        ("restart 2", "restart takes no argument"),
        ("tree x", "tree takes no argument"),
        ("q now", "quit takes no argument"),
        ("§", "help lists them"),
        ("help brek", "did you mean break?"),
        ("info", "info grads, or info break"),
        ("list x", "list around which step?"),
        ("display (", "SyntaxError"),
        ("undisplay x", "'x' is not displayed"),
        ("graph picture.xyz", "suffix"),
        ("d 9", "the path ends here"),
        ("u 9", "the path starts here"),
    ],
)
def test_whatever_is_typed_the_session_goes_on_and_says_what_was_meant(
    line: str, error: str
) -> None:
    said = answers(line, "p 6 * 7")
    assert said[0].startswith("*** ")
    assert error in said[0]
    assert said[1] == "42"


def test_what_is_no_command_is_python_as_in_pdb() -> None:
    said = answers("w.grad", "a = 5", "!a", "a += 1", "!a * 2", "print(a)", "None", "w[0]")
    said += answers("!w.data * 2", "for i in range(2): print(i)", "n = 1; n", "until 6", "w.grad")
    assert said[:7] == ["0.0", "", "5", "", "12", "6", ""]
    assert "not subscriptable" in said[7]
    assert said[8:11] == ["-6.0", "0\n1", "1"]
    assert said[12] == "-1.6920669690965349"


def test_what_is_assigned_at_the_prompt_is_the_scripts_own(tmp_path: Path) -> None:
    source = TRAINING.replace('print("ended")', 'print("ended with", rate)')
    run = script("rate = 1\n" + source, "rate = rate + 1", "c", "q()", tmp_path=tmp_path)
    assert run.returncode == 0
    run = script("rate = 1\n" + source, "rate = rate + 1", *["c"] * 8, tmp_path=tmp_path)
    assert "ended with 2" in run.stdout


def test_labels_with_commas_and_brackets_are_found_as_they_are_and_in_quotes() -> None:
    x = Value(2.0, "x(0,1)")
    root = x * 3.0 + Value(1.0, "x")
    for where in ("x(0,1)", "'x(0,1)'", "label:x(0,1)", 'label:"x(0,1)"', "x(0,1), node.data > 5"):
        said = answers(f"b {where}", "c", "c", root=root)
        assert "Breakpoint 1: label x(0,1)" in said[0]
        assert "'x(0,1)'.grad: 0.0 + 3.0" in said[1]
        assert "Breakpoint" not in said[2]
    assert "Watchpoint 1: x(0,1)" in answers("watch 'x(0,1)'", root=root)[0]
    assert "grad = 3" in answers("why 'x(0,1)'", root=root)[0]


@pytest.mark.parametrize("closed", ["<&-", "< /dev/null"])
def test_without_input_the_stepper_ends_quietly(closed: str, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(TRAINING)
    line = f"{sys.executable} -m autograd_mini debug script.py {closed}"
    run = subprocess.run(
        line, shell=True, capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert "> backward() of" in run.stdout


def test_a_reader_who_leaves_ends_the_stepper_quietly(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(TRAINING)
    command = [sys.executable, "-m", "autograd_mini", "debug", "script.py"]
    pipe = subprocess.PIPE
    options: Any = {"stdin": pipe, "stdout": pipe, "stderr": pipe, "env": ENVIRONMENT}
    with subprocess.Popen(command, cwd=tmp_path, **options) as run:
        assert run.stdin is not None
        assert run.stdout is not None
        run.stdout.readline()
        run.stdout.close()
        run.stdin.write(b"help\n" * 1000)
        run.stdin.close()
        assert run.stderr is not None
        assert run.stderr.read() == b""
    assert run.returncode == 0


def test_a_display_is_told_again_where_it_has_changed() -> None:
    said = answers("display h.grad", "s", "s", "s", "undisplay h.grad", "restart")
    assert said[0] == "display h.grad: 0.0"
    assert "display" not in said[1] + said[3] + said[5]
    assert said[2].endswith("display h.grad: -1.0757656854799804  [old: 0.0]")


def test_where_is_the_path_from_the_root_and_up_and_down_move_along_it() -> None:
    said = answers("b tanh", "c", "w", "u", "p node is n7", "d 2", "d")
    assert [line[2:].split("  ")[0] for line in f"  {said[2]}".splitlines()] == [
        "loss = n7 ** 2.0",
        "n7 = h - 1.0",
        "h = tanh(n4)",
        "n4 = n2 + b",
    ]
    assert "> h = tanh(n4)" in said[2]
    assert said[3].startswith("> n7 = h - 1.0  data -0.537883  grad -1.07577")
    assert said[4] == "True"
    assert said[5].startswith("> n4 = n2 + b  data 0.5  grad -0.846033")
    assert said[6] == "*** the path ends here"


def test_args_gives_operands_with_their_derivatives_and_check_agrees() -> None:
    said = answers("b mul", "c", "a", "check", "d", "check", "a")
    assert "0  w = -3.0\n     local 2.0: d(w*x)/dw = x\n     contribution 2.0 * -0.846" in said[2]
    assert "1  x = 2.0\n     local -3.0: d(w*x)/dx = w" in said[2]
    assert said[3].splitlines() == [
        "mul, argument 0 (w): rule gives 2.0, the derivative is 2.0: ok",
        "mul, argument 1 (x): rule gives -3.0, the derivative is -3.0: ok",
    ]
    assert said[5] == "*** w is a leaf and has no rule"
    assert said[6] == "w is a leaf: it was given, not computed"


def test_list_marks_the_step_and_goes_on_where_it_ended() -> None:
    a = Value(1.0, "a")
    y = a
    for _ in range(20):
        y = y * a
    said = answers("until 15", "l", "l", "l .", "l 30", root=y)
    assert "\n-> [15/40]" in said[1]
    assert re.findall(r"\[(\d+)/", said[1]) == [str(i) for i in range(10, 21)]
    assert re.findall(r"\[(\d+)/", said[2]) == [str(i) for i in range(21, 32)]
    assert said[3] == said[1]
    assert re.findall(r"\[(\d+)/", said[4]) == [str(i) for i in range(25, 36)]


def test_info_grads_lists_what_has_a_gradient_by_now() -> None:
    said = answers("info grads", "until 4", "info grads")
    assert said[0].splitlines()[1].split() == ["loss", "pow", "0.289318", "1"]
    assert [line.split()[0] for line in said[2].splitlines()[1:]] == ["loss", "n7", "h", "n4", "n2"]


def test_the_line_of_the_program_that_made_the_node_is_shown() -> None:
    with record_source():
        root = Value(2.0, "x").tanh()  # made here
    said = answers("s", "ll", root=root)
    assert "root = Value(2.0" in said[0]
    assert re.search(r"\d+ ->         root = Value\(2.0, \"x\"\).tanh\(\)  # made here", said[1])
    assert "use `with record_source():`" in answers("s", "source")[1]


def test_tree_and_graph_show_the_graph_as_of_this_moment(tmp_path: Path) -> None:
    path = tmp_path / "moment.dot"
    said = answers("until 3", "tree", f"graph {path}")
    assert "loss = n7 ** 2  data 0.2893  grad 1" in said[1]
    assert "-1.076" in said[1]
    assert "not computed yet" in said[1]
    assert said[2] == f"wrote {path}"
    assert "-1.076" in path.read_text("utf-8")


def test_a_python_prompt_opens_on_the_moment_and_comes_back() -> None:
    said = session("until 3", "interact", "h.grad * 2", "1 / 0", "exit()", "p 'back'")
    assert ">>> h.grad * 2\n-2.151531370959961\n" in said
    assert "ZeroDivisionError" in said
    assert "(grad) p 'back'\n'back'\n" in said


def test_help_lists_every_command_and_tells_more_about_each() -> None:
    commands = {name[3:] for name in dir(Debugger) if name.startswith("do_")}
    table = answers("help")[0]
    named: set[str] = set()
    for group in GROUPS.values():
        for command in group:
            named.add(command.method)
            assert command.names[0] in table
            (more,) = answers(f"help {command.names[0]}")
            assert command.usage in more
            assert len(more.splitlines()) > 1
    assert named == commands


def test_every_name_of_the_contract_is_a_command() -> None:
    names = """
        s step n next reverse-step rs back reverse-next rn reverse-continue rc c continue unt until
        r return restart b break tbreak condition ignore disable enable cl clear watch p pp display
        undisplay w where bt u up d down a args l list source ll info tree graph check interact
        h help q quit
    """
    assert set(names.split()) <= set(COMMANDS)


def test_tab_completes_commands_nodes_and_python() -> None:
    found: dict[str, list[str]] = {}

    class Completing(Debugger):
        def precmd(self, line: str) -> str:
            for text, whole in [
                ("reverse-", "reverse-"),
                ("ta", "b ta"),
                ("op:si", "b op:si"),
                ("lo", "watch lo"),
                ("h.gr", "p h.gr"),
                ("g", "info g"),
            ]:
                complete = self.completenames if text == whole else self.completedefault
                found[whole] = complete(text, whole, len(whole) - len(text), len(whole))
            return line

    Completing(io.StringIO("q\n"), io.StringIO()).visit(graph(), 1.0)
    assert found == {
        "reverse-": ["reverse-continue", "reverse-next", "reverse-step"],
        "b ta": ["tanh"],
        "b op:si": ["op:sigmoid", "op:silu", "op:sin", "op:sinh"],
        "watch lo": ["loss"],
        "p h.gr": ["h.grad"],
        "info g": ["grads"],
    }


@pytest.mark.parametrize("columns", [54, 60, 80, 200])
def test_help_breaks_between_words_where_the_terminal_ends(
    columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    whole = answers("help")[0]  # to a pipe
    stdout = io.StringIO()
    stepper = Debugger(io.StringIO(), stdout)
    stepper.style = Style(colored=False, fits_terminal=True)
    stepper.do_help("")
    assert max(map(len, stdout.getvalue().splitlines())) <= columns
    assert stdout.getvalue().split() == whole.split()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("no_color", "colored"), [("", True), ("1", False)])
def test_color_is_for_terminals_and_switched_off_by_no_color(
    no_color: str, colored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)
    stdout = Terminal()
    graph().debug(stdin=io.StringIO("s\nb tanh\nc\nl\nhelp\n"), stdout=stdout)
    assert ("\x1b[" in stdout.getvalue()) is colored
    assert "\x1b[" not in session("s", "b tanh", "c", "l", "help")


def test_debugging_leaves_the_graph_and_the_program_as_they_were() -> None:
    root = graph()
    root.backward()
    before = [(node.data, node.grad, node.label) for node in topological_order(root)]
    session("s 3", "p loss.backward()", "b tanh", "c", "q", root=root)
    assert [(node.data, node.grad, node.label) for node in topological_order(root)] == before
    assert contexts.state.on_backward is None


def test_commands_given_beforehand_come_first() -> None:
    said = session("p h.grad", commands=["b tanh", "c"])
    assert said.index("(grad) b tanh") < said.index("[3/7]") < said.index("(grad) p h.grad")


def test_a_leaf_alone_can_be_looked_at() -> None:
    said = answers("s", "rs", "w", "p root.grad", "c", root=Value(2.0, "x"))
    assert said[0] == "*** the pass is done: rs goes back, q leaves"
    assert said[3] == "1.0"


def test_a_label_cannot_send_escape_sequences_to_the_terminal() -> None:
    assert "\x1b" not in session("s", "w", "info grads", root=Value(1.0, "\x1b[31mred") * 2.0)


# Scripts.


def test_a_script_stops_at_each_backward_and_ends_as_usual(tmp_path: Path) -> None:
    run = script(TRAINING, "c", "c", "c", "c 3", "c", "c", tmp_path=tmp_path, args=("--fast", "2"))
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    assert "    script.py:8  loss.backward()" in run.stdout
    assert run.stdout.count("> backward() of") == 2
    assert "epoch 3 ['--fast', '2']\nended\n" in run.stdout


def test_a_debugged_script_computes_what_it_computes_alone(tmp_path: Path) -> None:
    source = TRAINING + "print(w.data.hex(), x.grad.hex())\n"
    run = script(source, "s 2", "rs", "b w", "c", "cl", "c 9", tmp_path=tmp_path)
    alone = python("script.py", cwd=tmp_path, check=True)
    assert run.stdout.splitlines()[-1] == alone.stdout.splitlines()[-1]


def test_breakpoints_last_from_one_backward_to_the_next(tmp_path: Path) -> None:
    source = """
from autograd_mini import Value
x = Value(1e100, "x")
for epoch in range(9):
    y = x * x
    y.backward()
    x.data *= 1e20
    print("epoch", epoch)
"""
    run = script(source, tmp_path=tmp_path, options=("-c", "b nan", "-c", "c"))
    assert run.returncode == 0
    assert run.stdout.index("epoch 2") < run.stdout.index("[forward 1/1] n1 = x * x")
    assert "epoch 3" not in run.stdout


def test_the_contracts_one_liner_works_from_a_pipe(tmp_path: Path) -> None:
    run = script(TRAINING, "b tanh", "c", "p h.grad", "p n2.grad", "q", tmp_path=tmp_path)
    assert run.returncode == 0
    assert "(grad) b tanh\nBreakpoint 1: op tanh\n(grad) c\n" in run.stdout
    assert "*** NameError: name 'h' is not defined" in run.stdout
    assert "epoch" not in run.stdout
    assert "\x1b" not in run.stdout


def test_an_exception_of_the_script_is_shown_as_python_shows_it(tmp_path: Path) -> None:
    source = "def f(x):\n    return x.missing\n\nf(3)\n"
    run = script(source, tmp_path=tmp_path)
    assert run.returncode == 1
    assert run.stderr.startswith("Traceback (most recent call last):\n  File")
    assert run.stderr.endswith("AttributeError: 'int' object has no attribute 'missing'\n")
    assert "scripts.py" not in run.stderr
    assert "runpy" not in run.stderr


@pytest.mark.parametrize(
    ("source", "status", "said"),
    [
        ("x = (", 1, "SyntaxError: '(' was never closed"),
        ("raise SystemExit(3)", 3, ""),
        ("import sys; sys.exit('no data')", 1, "no data"),
        ("raise KeyboardInterrupt", 130, "KeyboardInterrupt"),
    ],
)
def test_a_script_ends_with_its_own_status(
    source: str, status: int, said: str, tmp_path: Path
) -> None:
    run = script(source, tmp_path=tmp_path)
    assert run.returncode == status
    assert said in run.stderr


def test_a_script_is_main_and_finds_its_neighbors(tmp_path: Path) -> None:
    (tmp_path / "neighbor.py").write_text("name = 'next door'")
    source = """
import pickle, sys, neighbor
class Thing: pass
pickle.dumps(Thing())
print(__name__, neighbor.name, sys.argv, __file__)
"""
    run = script(source, tmp_path=tmp_path, args=("-c", "x"))
    assert f"__main__ next door ['script.py', '-c', 'x'] {tmp_path / 'script.py'}\n" in run.stdout
    assert "script.py ended, and backward() was never called" in run.stdout


def test_running_a_script_leaves_the_process_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("import sys\nsys.argv.append('more')\n")
    before = sys.argv, list(sys.argv), list(sys.path), sys.modules["__main__"]
    assert run_script(str(tmp_path / "script.py"), ["x"], lambda root, seed: None) == 0
    assert (sys.argv, list(sys.argv), list(sys.path), sys.modules["__main__"]) == before
    assert contexts.state.on_backward is None


def test_a_script_that_is_not_there_is_an_error_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        main([])
    assert main([str(tmp_path / "missing.py")]) == 2


# The README.

README = (ROOT / "README.md").read_text("utf-8")


def transcript(command: str) -> tuple[str, list[str]]:
    """Return the README's session that a command starts, and what is typed in it."""
    text = README.partition(f"$ {command}\n")[2].partition("\n```")[0]
    return text, re.findall(r"^\((?:grad|Pdb)\) (.*)$", text, re.MULTILINE)


def neuron() -> str:
    """Return the README's program."""
    return re.findall(r"^```py\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)[0]


def test_the_readmes_stepper_session_is_what_the_stepper_prints(tmp_path: Path) -> None:
    text, typed = transcript("python -m autograd_mini debug neuron.py")
    run = script(neuron(), *typed, tmp_path=tmp_path)
    assert run.stdout.replace("script.py", "neuron.py").rstrip() == text


def test_the_line_number_in_the_readme_is_that_of_the_chain_rule() -> None:
    _, typed = transcript("python -m pdb neuron.py")
    number = int(re.findall(r"steps\.py:(\d+)", typed[0])[0])
    lines = (PACKAGE / "steps.py").read_text("utf-8").splitlines()
    assert lines[number - 1].strip() == "parent.grad += local * upstream  # chain rule"


def test_pdb_stops_on_the_chain_rule_as_the_readme_shows(tmp_path: Path) -> None:
    text, typed = transcript("python -m pdb neuron.py")
    program = neuron().replace("loss.backward()", "for step in loss.backward_steps():\n    pass")
    (tmp_path / "neuron.py").write_text(program)
    lines = "".join(f"{line}\n" for line in typed)
    run = python("-m", "pdb", "neuron.py", typed=lines, cwd=tmp_path)
    said = run.stdout.replace(str(PACKAGE.parent), "...").replace(str(tmp_path.resolve()), "...")
    said_lines = iter(line.removeprefix("(Pdb) ") for line in said.splitlines())
    answers = [line for line in text.splitlines() if not line.startswith("(Pdb) ")]
    assert all(answer in said_lines for answer in answers), said  # each after the one before


@pytest.mark.parametrize("op", ["tanh", "hypot", "logsumexp"])
def test_pdb_stops_on_a_readable_line_inside_backward_too(op: str, tmp_path: Path) -> None:
    """The fast loop of backprop.py has a marked line for one, two and any number of operands."""
    calls = {"tanh": "x.tanh()", "hypot": "hypot(x, 1.0)", "logsumexp": "logsumexp([x, 1.0])"}
    source = (PACKAGE / "backprop.py").read_text("utf-8").splitlines()
    marked = [i for i, line in enumerate(source, 1) if line.endswith("# chain rule")]
    assert len(marked) == 3
    program = f"from autograd_mini import *\nx = Value(2.0, 'x')\n{calls[op]}.backward()\n"
    (tmp_path / "program.py").write_text(program)
    stops = "".join(f"b autograd_mini/backprop.py:{number}\n" for number in marked)
    typed = f"{stops}c\np 'upstream is', upstream, op\nq\n"
    run = python("-m", "pdb", "program.py", typed=typed, cwd=tmp_path)
    assert f"('upstream is', 1.0, Op('{op}'))" in run.stdout
    assert "upstream  # chain rule" in run.stdout


def test_commas_and_brackets_in_quotes_do_not_split_a_breakpoint() -> None:
    assert split_condition('parent.label == "a,1"') == ('parent.label == "a,1"', "")
    assert split_condition("'(' not in parent.label, step.index > 8") == (
        "'(' not in parent.label",
        "step.index > 8",
    )


def test_reverse_continue_goes_back_several_stops() -> None:
    *_, twice = answers("b step.index > 0", "r", "c", "c", "rc", "rc", "restart", "c", "c", "rc 2")
    assert shown(twice) == "start"
    assert answers("print w.data")[0] == "-3.0"

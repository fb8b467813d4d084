"""The terminal stepper: `loss.debug()`, and `python -m autograd_mini debug script.py`.

It looks like pdb and knows the graph: it steps along edges, forward and back, stops where a
gradient changes or the first NaN appears, and answers any Python expression about the moment it
stands at. A moment is a number of events done: first those of the forward pass, then those of the
backward pass, which is where it starts.
"""

from __future__ import annotations

import argparse
import cmd
import code
import contextlib
import importlib
import linecache
import math
import os
import pprint
import re
import shutil
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from types import CodeType, FrameType, ModuleType
from typing import Any, Final, NamedTuple, TextIO, TypeAlias, cast

from autograd_mini import contexts
from autograd_mini.ops import OPS
from autograd_mini.steps import ForwardStep, Step, Trace, shortened
from autograd_mini.value import ZERO, Value

__all__ = ["Debugger", "debug", "main"]

Event: TypeAlias = "ForwardStep | Step"


class _Command(NamedTuple):
    method: str
    names: tuple[str, ...]  # the short one, the full one, the others
    usage: str
    does: str


_GROUPS: Final = {
    "Moving": (
        _Command("step", ("s", "step"), "[n]", "go on by one edge, or n"),
        _Command("next", ("n", "next"), "[n]", "go on by all edges of a node"),
        _Command("reverse_step", ("rs", "reverse-step", "back"), "[n]", "take back one edge, or n"),
        _Command("reverse_next", ("rn", "reverse-next"), "[n]", "take back all edges of a node"),
        _Command("continue", ("c", "continue", "cont"), "[n]", "go on to the next stop"),
        _Command("reverse_continue", ("rc", "reverse-continue"), "", "go back to the last stop"),
        _Command("until", ("unt", "until"), "i", "go to the moment with i steps done"),
        _Command("return", ("r", "return"), "", "go on to the end of the pass"),
        _Command("restart", ("restart", "run"), "", "go back to the start of the pass"),
    ),
    "Stops": (
        _Command("break", ("b", "break"), "[where[, condition]]", "stop there; alone: list"),
        _Command("tbreak", ("tbreak",), "where[, condition]", "stop there once"),
        _Command("watch", ("watch",), "name", "stop when the gradient of a node changes"),
        _Command("condition", ("condition",), "number [expr]", "stop there only if expr is true"),
        _Command("ignore", ("ignore",), "number count", "pass by that often"),
        _Command("disable", ("disable",), "[number...]", "stop there no more"),
        _Command("enable", ("enable",), "[number...]", "stop there again"),
        _Command("clear", ("cl", "clear"), "[number...]", "forget some stops, or all"),
    ),
    "Looking": (
        _Command("p", ("p",), "expr", "print the value of a Python expression"),
        _Command("pp", ("pp",), "expr", "the same, pretty-printed"),
        _Command("display", ("display",), "[expr]", "print it at each stop where it has changed"),
        _Command("undisplay", ("undisplay",), "[expr]", "do so no more"),
        _Command("where", ("w", "where", "bt"), "", "the path from the root to here"),
        _Command("up", ("u", "up"), "[n]", "move along that path, towards the root"),
        _Command("down", ("d", "down"), "[n]", "move along that path, away from the root"),
        _Command("args", ("a", "args"), "", "the operands of the node, with their derivatives"),
        _Command("list", ("l", "list"), "[i]", "the steps around here, or around i"),
        _Command("source", ("ll", "source"), "", "the line of your program that made the node"),
        _Command("info", ("info", "i"), "grads | break", "a table of gradients or of stops"),
        _Command("tree", ("tree",), "", "the graph as text, as of this moment"),
        _Command("graph", ("graph",), "[path]", "the graph as a drawing, as of this moment"),
        _Command("check", ("check",), "", "the node's rule against a numeric derivative"),
    ),
    "Other": (
        _Command("interact", ("interact",), "", "a Python prompt with the names of this moment"),
        _Command("help", ("h", "help", "?"), "[command]", "this list, or more about a command"),
        _Command("quit", ("q", "quit", "exit", "EOF"), "", "leave; a script ends with status 0"),
    ),
}
_COMMANDS: Final = {
    name: command for group in _GROUPS.values() for command in group for name in command.names
}
_NEAR: Final = 5  # steps listed before and after the current one
_MOST_LINES: Final = 200
_ESCAPES: Final = {"bold": "1", "dim": "2", "red": "31", "green": "32", "cyan": "36"}


def debug(
    root: Value,
    seed: Value | float = 1.0,
    *,
    stdin: TextIO | None = None,
    stdout: TextIO | None = None,
    commands: Iterable[str] = (),
) -> None:
    """Open the stepper on one backward pass; `Value.debug` tells the details."""
    Debugger(stdin, stdout, commands).visit(root, float(seed))


def main(arguments: Sequence[str]) -> int:
    """Run `python -m autograd_mini debug` and return the exit status."""
    parser = argparse.ArgumentParser(
        "python -m autograd_mini debug",
        description="Run a script and step through each backward() of it; `help` at the prompt "
        "lists the commands.",
    )
    parser.add_argument(
        "-c",
        dest="commands",
        metavar="COMMAND",
        action="append",
        default=[],
        help="do this before the first prompt; can be given several times",
    )
    parser.add_argument("script", help="the Python file to run")
    parser.add_argument("args", nargs=argparse.REMAINDER, help="the script's own arguments")
    options = parser.parse_args(arguments)
    debugger = Debugger(commands=options.commands, follows=True)
    status = run(options.script, options.args, debugger.visit)
    if status == 0 and not debugger.passes:
        debugger.say(f"{options.script} ended, and backward() was never called")
    return status


def run(script: str, arguments: Sequence[str], visit: Callable[[Value, float], None]) -> int:
    """Run a script as `__main__`, call `visit` at each backward(), and return the status."""
    try:
        with open(script, "rb") as file:
            source = file.read()
    except OSError as error:
        print(f"cannot run {script}: {error.strerror}", file=sys.stderr)
        return 2
    path = os.path.abspath(script)
    module = ModuleType("__main__")
    module.__dict__.update(__file__=script, __builtins__=__builtins__, __cached__=None)
    before = sys.argv, sys.path[0], sys.modules["__main__"]
    sys.argv = [script, *arguments]
    sys.path[0] = os.path.dirname(os.path.realpath(path))
    sys.modules["__main__"] = module
    contexts.state.on_backward = visit
    try:
        with contexts.record_source():
            exec(compile(source, path, "exec", dont_inherit=True), module.__dict__)
    except SystemExit:
        raise
    except BaseException as error:
        # What Python itself would show, without the frames of this file.
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
            trace = trace.tb_next
        sys.stdout.flush()
        sys.excepthook(type(error), error.with_traceback(trace), trace)
        return 130 if isinstance(error, KeyboardInterrupt) else 1
    finally:
        contexts.state.on_backward = None
        sys.argv, sys.path[0], sys.modules["__main__"] = before
    return 0


class Stop:
    """A breakpoint or watchpoint."""

    __slots__ = ("code", "condition", "enabled", "hits", "ignore", "kind", "target", "temporary")

    def __init__(self, kind: str, target: str) -> None:
        self.kind = kind
        self.target = target
        self.temporary = False
        self.enabled = True
        self.hits = 0
        self.ignore = 0
        self.condition = ""
        self.code: CodeType | None = None  # of an expression

    @property
    def noun(self) -> str:
        """What it is called in messages."""
        return "Watchpoint" if self.kind == "watch" else "Breakpoint"

    def __str__(self) -> str:
        if self.kind == "nan":
            text = "nan, the first number that is not finite"
        elif self.kind in ("expression", "watch"):
            text = self.target
        else:
            text = f"{self.kind} {self.target}"
        return text + (f", if {self.condition}" if self.condition else "")


class Moment:
    """A backward pass at one of its moments: the graph's gradients are as of `position`.

    Attributes:
        trace: The events.
        start: The number of forward events: the moment at which the backward pass starts.
        end: The number of all events.
        position: How many events are done.
        looked_back: Whether a NaN of the forward pass has been announced.
    """

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        # What a number that an operator wrapped receives is of interest to nobody.
        steps = [step for step in trace if not step.parent.is_constant]
        self.events: list[Event] = [*trace.forward, *steps]
        self.start = len(trace.forward)
        self.end = len(self.events)
        self.position = 0
        self.looked_back = False
        self._before = [(node, node.grad) for node in trace.nodes]
        self._first_bad: int | None = None
        for node in trace.nodes:
            node.grad = ZERO
        self.go(self.start)
        trace.root.grad = trace.seed

    def restore(self) -> None:
        """Give the graph the gradients it had."""
        for node, grad in self._before:
            node.grad = grad

    def go(self, position: int) -> None:
        """Do or undo events until `position` of them are done."""
        while self.position < position:
            event = self.events[self.position]
            if isinstance(event, Step):
                event.parent.grad = event.after
            self.position += 1
            if self.position == self.start:
                self.trace.root.grad = self.trace.seed
        while self.position > position:
            if self.position == self.start:
                self.trace.root.grad = ZERO
            self.position -= 1
            event = self.events[self.position]
            if isinstance(event, Step):
                event.parent.grad = event.before

    @property
    def event(self) -> Event | None:
        """What was done last; None at the start."""
        return self.events[self.position - 1] if self.position not in (0, self.start) else None

    @property
    def node(self) -> Value:
        """The node of the last event; at the start the root."""
        event = self.event
        return event.node if event is not None else self.trace.root

    @property
    def first_bad(self) -> int:
        """The first moment at which a number is not finite; -1 if all are."""
        if self._first_bad is None:
            bad = (i + 1 for i, event in enumerate(self.events) if not is_finite(event))
            self._first_bad = next(bad, -1)
        return self._first_bad

    @property
    def last_id(self) -> str:
        """The id of the last node."""
        return f"n{len(self.trace.nodes) - 1}"

    def is_called(self, node: Value, kind: str, target: str) -> bool:
        """Say whether a node has this label, operation or id."""
        if kind == "label":
            return node.label == target
        if kind == "op":
            return node.op is not None and node.op.name == target
        return self.trace.id(node) == target

    def find(self, kind: str, target: str) -> list[Value]:
        """Return the nodes with a label, an operation or an id."""
        return [node for node in self.trace.nodes if self.is_called(node, kind, target)]

    def steps_of(self, node: Value) -> list[Step]:
        """Return the steps in which a node hands its gradient on."""
        return [step for step in self.steps if step.node is node]

    def after_step(self, count: int) -> int:
        """Return the moment with `count` steps of the trace done."""
        return self.start + sum(step.index < count for step in self.steps)

    @property
    def steps(self) -> list[Step]:
        """The events of the backward pass."""
        return cast(list[Step], self.events[self.start :])

    def end_of_node(self, position: int) -> int:
        """Return the moment after the last event of the node that comes next."""
        position += 1
        while position < self.end and self._goes_on(position):
            position += 1
        return min(position, self.end)

    def start_of_node(self, position: int) -> int:
        """Return the moment before the first event of the node that was last."""
        position -= 1
        while position > 0 and self._goes_on(position):
            position -= 1
        return max(position, 0)

    def _goes_on(self, position: int) -> bool:
        """Say whether the events before and after a moment are of one node in one direction."""
        same = self.events[position].node is self.events[position - 1].node
        return same and position != self.start


class _Complaint(Exception):
    """What a command answers when it cannot do what it was told."""


class Debugger(cmd.Cmd):
    """The prompt. One debugger serves all passes of a script: its stops last.

    Args:
        stdin: Where commands come from; the terminal by default.
        stdout: Where answers go; the terminal by default.
        commands: What to do before the first prompt.
        follows: Whether another backward() may come after this one.
    """

    prompt = "(grad) "
    identchars = cmd.Cmd.identchars + "-"  # else `reverse-step` would be read as `reverse`
    moment: Moment

    def __init__(
        self,
        stdin: TextIO | None = None,
        stdout: TextIO | None = None,
        commands: Iterable[str] = (),
        *,
        follows: bool = False,
    ) -> None:
        # input() also serves notebooks, which have no stdin to read from.
        self.use_rawinput = stdin is None
        super().__init__(stdin=stdin, stdout=stdout)
        self.interactive = (
            self.stdin is sys.__stdin__
            and self.stdout is sys.__stdout__
            and self.stdin.isatty()
            and self.stdout.isatty()
        )
        if not self.interactive:
            self.completekey = ""  # no readline
        plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        self.colored = self.stdout.isatty() and not plain
        self.follows = follows
        self.passes = 0
        self.stops: dict[int, Stop] = {}
        self._made = 0  # stops so far: a number is not used twice
        self._queue = list(commands)
        self._skip: int | None = 0  # backward() calls to pass by; None: stop at the start of none
        self._displays: dict[str, str] = {}
        self._frame: FrameType | None = None
        self._names: dict[str, Any] = {}
        self._path: list[Value] = []
        self._selected = 0
        self._listed = -1  # the last step that `list` showed
        self._delimiters = ""

    # A pass begins.

    def visit(self, root: Value, seed: float) -> None:
        """Stop in this pass if there is a reason to: every backward() calls this first."""
        self.passes += 1
        stops_here = self._skip == 0
        if self._skip:
            self._skip -= 1
        if not (stops_here or self._has_stops()):
            return
        self.moment = Moment(Trace(root, seed))
        self._frame = contexts.calling_frame()
        self._arrive()
        try:
            if stops_here or self._go_on():
                self._show()
                self._converse()
        finally:
            self.moment.restore()
            self._frame = None
            self._names.clear()

    def _converse(self) -> None:
        waiting, contexts.state.on_backward = contexts.state.on_backward, None
        if self.interactive and self.passes == 1:
            self.say(self._styled("help lists the commands; an empty line repeats one", "dim"))
        try:
            done = False
            while self._queue and not done:
                line = self._queue.pop(0)
                self.say(f"{self.prompt}{line}")
                done = self.onecmd(line)
            while not done:
                try:
                    self.cmdloop()
                    done = True
                except KeyboardInterrupt:
                    self.say("--KeyboardInterrupt--")
        finally:
            contexts.state.on_backward = waiting

    # The prompt.

    def say(self, text: str = "") -> None:
        """Print a line, whatever characters the stream knows."""
        encoding = getattr(self.stdout, "encoding", None) or "utf-8"
        self.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")

    def precmd(self, line: str) -> str:
        """Echo what does not come from a terminal, so that the output reads as a session."""
        if line == "EOF":
            self.say()
        elif not self.interactive and "ipykernel" not in sys.modules:
            self.say(line)
        return line

    def preloop(self) -> None:
        """Let tab complete names such as `reverse-step` and `op:tanh`."""
        if self.interactive:
            import readline

            completer = readline.get_completer()
            importlib.import_module("rlcompleter")  # which puts its own completer in place
            readline.set_completer(completer)
            self._delimiters = readline.get_completer_delims()
            readline.set_completer_delims(re.sub("[-:]", "", self._delimiters))

    def postloop(self) -> None:
        """Give tab its usual meaning back."""
        if self.interactive:
            import readline

            readline.set_completer_delims(self._delimiters)

    def parseline(self, line: str) -> tuple[str | None, str | None, str]:
        """Find the command that a line means, by any of its names."""
        name, argument, line = super().parseline(line)
        if re.match(r"[\w-]+(\.|\s*=(?!=))", line):
            return "", argument, line  # `a.grad` is not the command `a`
        command = _COMMANDS.get(name or "")
        return (command.method if command else name), argument, line

    def onecmd(self, line: str) -> bool:
        """Do what a line says; no error ends the session."""
        try:
            return bool(super().onecmd(line))
        except _Complaint as complaint:
            self.say(f"*** {complaint}")
        except Exception as error:
            self.say(f"*** {_told(error)}")
        return False

    def default(self, line: str) -> None:
        """Say what was meant by a line that is no command."""
        word = line.split()[0]
        near = get_close_matches(word, _COMMANDS, n=1)
        if near:
            advice = f"did you mean {near[0]}?"
        elif _is_expression(line):
            advice = f"the value of an expression is printed by  p {line}"
        else:
            advice = "help lists them"
        raise _Complaint(f"no command is called {word!r}: {advice}")

    def completenames(self, text: str, *ignored: Any) -> list[str]:
        """Complete the name of a command."""
        return sorted(name for name in _COMMANDS if name.startswith(text) and name != "EOF")

    def completedefault(self, *ignored: Any) -> list[str]:
        """Complete an argument: names of nodes and operations, or Python."""
        text, line = cast(str, ignored[0]), cast(str, ignored[1])
        nodes = self.moment.trace.nodes
        command = _COMMANDS.get(line.split()[0])
        method = command.method if command else ""
        words = {node.label for node in nodes if node.label}
        if method in ("break", "tbreak"):
            words |= {node.op.name for node in nodes if node.op} | {"nan"}
            words |= {f"op:{word}" for word in OPS if text.startswith("op:")}
        elif method == "info":
            words = {"grads", "break"}
        elif method != "watch":
            import rlcompleter

            complete = rlcompleter.Completer(self._namespace()).complete
            words = set[str]()
            while (word := complete(text, len(words))) and word not in words:
                words.add(word)
        return sorted(word for word in words if word.startswith(text))

    def _styled(self, text: str, *styles: str) -> str:
        if not self.colored or not styles:
            return text
        return f"\x1b[{';'.join([_ESCAPES[style] for style in styles])}m{text}\x1b[0m"

    # Python expressions.

    def _namespace(self) -> dict[str, Any]:
        """Return the caller's names, over them ids and labels, over them `step`, `node`, ..."""
        moment, names = self.moment, self._names
        trace = moment.trace
        if not names:
            names.update(exit=sys.exit, quit=sys.exit)  # those of `site` would close stdin
            if self._frame is not None:
                names.update(self._frame.f_globals)
                names.update(self._frame.f_locals)
            names.update({f"n{i}": node for i, node in enumerate(trace.nodes)})
            names.update({node.label: node for node in trace.nodes if node.label.isidentifier()})
            names.update(root=trace.root, trace=trace)
        event = moment.event
        names.update(
            step=event,
            node=self._path[self._selected] if self._path else moment.node,
            parent=event.parent if isinstance(event, Step) else None,
        )
        return names

    def _value_of(self, expression: str | CodeType) -> Any:
        return eval(expression, self._namespace())

    def _print(self, expression: str, write: Callable[[Any], str]) -> None:
        if not expression:
            raise _Complaint("print what? An expression, such as  p node.grad")
        try:
            self.say(write(self._value_of(expression)))
        except (SystemExit, KeyboardInterrupt) as error:
            raise _Complaint(_told(error)) from None

    # Moving.

    def _arrive(self) -> None:
        """Forget what belonged to the moment before."""
        self._path = []
        self._listed = -1

    def _advance(self, target: int) -> bool:
        """Go forward to a moment, or to a stop before it; say whether it was a stop."""
        while self.moment.position < target:
            self.moment.go(self.moment.position + 1)
            self._arrive()
            if self._hits():
                return True
        return False

    def _go_on(self) -> bool:
        """Go to the next stop of this pass, or to its end; say whether it was a stop."""
        moment = self.moment
        if (
            moment.position == moment.start
            and not moment.looked_back
            and any(stop.kind == "nan" for stop in self.stops.values())
            and 0 < moment.first_bad <= moment.start
        ):
            moment.looked_back = True
            moment.go(moment.first_bad)  # the forward pass is over, but there it happened
            self._arrive()
            if self._hits("nan"):
                if moment.event is None:  # the last operation, where the backward pass starts
                    self.say(self._sentence(moment.events[moment.start - 1]))
                return True
            moment.go(moment.start)
        return self._advance(moment.end)

    def do_step(self, argument: str) -> None:
        """Each edge is one application of the chain rule: one input receives a contribution."""
        self._forward(self.moment.position + _count(argument))

    def do_next(self, argument: str) -> None:
        """The node's gradient is finished; it hands contributions to all of its inputs."""
        target = self.moment.position
        for _ in range(_count(argument)):
            target = self.moment.end_of_node(target)
        self._forward(target)

    def _forward(self, target: int) -> None:
        """Go forward and show what happens on the way."""
        moment, first = self.moment, self.moment.position
        if first == moment.end:
            more = "c goes on to the next backward(), " if self.follows else ""
            raise _Complaint(f"the pass is done: {more}rs goes back, q leaves")
        self._advance(min(target, moment.end))
        passed = range(first + 1, moment.position)
        for position in passed if len(passed) <= 2 * _NEAR else passed[:_NEAR]:
            self.say(self._line(position))
        if len(passed) > 2 * _NEAR:
            self.say(f"... {len(passed) - _NEAR} more")
        self._show()

    def do_reverse_step(self, argument: str) -> None:
        """Before the first step of the backward pass come the operations of the forward pass."""
        self._back(self.moment.position - _count(argument))

    def do_reverse_next(self, argument: str) -> None:
        """The node has then handed nothing on."""
        target = self.moment.position
        for _ in range(_count(argument)):
            target = self.moment.start_of_node(target)
        self._back(target)

    def _back(self, target: int) -> None:
        if self.moment.position == 0:
            raise _Complaint("nothing has happened before: s goes on")
        self.moment.go(max(target, 0))
        self._arrive()
        self._show()

    def do_continue(self, argument: str) -> bool:
        """Go on to the next stop, or to the end of the pass if there is none.

        While a script has stops that are enabled, continue runs on through later passes until
        one of them is reached. From the end of a pass without any stop it goes to the start of
        the next backward(). `continue n` goes to the start of the n-th next one.
        """
        count = _count(argument) if argument else 0
        moment = self.moment
        was_at_end = moment.position == moment.end
        if not was_at_end and self._go_on():
            self._show()
            return False
        if was_at_end or (self.follows and (count or self._has_stops())):
            self._skip = count - 1 if count else None if self._has_stops() else 0
            return True
        self._show()
        return False

    def do_reverse_continue(self, argument: str) -> None:
        """Without a stop on the way back it is the start of the pass."""
        moment = self.moment
        floor = moment.start if moment.position > moment.start else 0
        if moment.position == 0:
            raise _Complaint("nothing has happened before: s goes on")
        moment.go(moment.position - 1)
        while moment.position > floor and not self._hits(counted=False):
            moment.go(moment.position - 1)
        self._arrive()
        self._show()

    def do_until(self, argument: str) -> None:
        """Forward it halts at stops on the way; going back it does not."""
        steps = len(self.moment.trace)
        if not argument.isdigit() or int(argument) > steps:
            raise _Complaint(f"until which step? A number from 0 to {steps}")
        target = self.moment.after_step(int(argument))
        if target < self.moment.position:
            self._back(target)
        else:
            self._advance(target)
            self._show()

    def do_return(self, argument: str) -> None:
        """It halts at stops on the way."""
        self._advance(self.moment.end)
        self._show()

    def do_restart(self, argument: str) -> None:
        """The forward pass is over, and no edge of the backward pass is done."""
        self.moment.looked_back = False
        self.moment.go(self.moment.start)
        self._arrive()
        self._show()

    # Showing.

    def _show(self) -> None:
        """Show what was done last, the line of the program that it belongs to, and displays."""
        moment = self.moment
        self.say(self._line(moment.position))
        if moment.event is not None:
            self._say_source(moment.node.source)
        elif moment.position == moment.start and self._frame is not None:
            self._say_source(f"{self._frame.f_code.co_filename}:{self._frame.f_lineno}")
        if moment.position == moment.end and moment.end:
            self.say(self._styled("the pass is done", "dim"))
        for expression in self._displays:
            self._display(expression)

    def _line(self, position: int) -> str:
        """Return the sentence of a moment."""
        moment = self.moment
        trace = moment.trace
        if position == moment.start:
            name = f"{trace.name(trace.root)} = {trace.root.data!r}"
            return self._styled(f"> backward() of {name}: {len(trace)} steps", "bold")
        if position == 0:
            return self._styled(f"> forward pass: {moment.start} operations", "bold")
        return self._sentence(moment.events[position - 1])

    def _sentence(self, event: Event) -> str:
        """Return what an event did."""
        count = f"{event.index + 1}/{event.total}]"
        bad = () if is_finite(event) else ("red",)
        if isinstance(event, ForwardStep):
            return f"{self._styled('[forward ' + count, 'dim')} {self._styled(str(event), *bad)}"
        rule = self._styled(f"({event.rule}, argument {event.argument})", "cyan")
        arithmetic = self._styled(event.arithmetic, "bold", *bad)
        room = shutil.get_terminal_size().columns if self.interactive else 1_000
        wide = len(count) + len(event.arithmetic) + len(event.rule) + 25 > room
        gap = "\n    " if wide else "   "
        return f"{self._styled('[' + count, 'dim')} {arithmetic}{gap}{rule}"

    def _say_source(self, source: str | None) -> None:
        if source is not None:
            file, _, line = source.rpartition(":")
            text = linecache.getline(file, int(line)).strip()
            self.say(self._styled(f"    {_short_path(file)}:{line}  {text}".rstrip(), "dim"))

    def _display(self, expression: str) -> None:
        try:
            value = repr(self._value_of(expression))
        except Exception as error:
            value = f"*** {_told(error)}"
        old = self._displays[expression]
        if value != old:
            self.say(f"display {expression}: {value}" + (f"  [old: {old}]" if old else ""))
            self._displays[expression] = value

    # Stops.

    def _has_stops(self) -> bool:
        return any(stop.enabled for stop in self.stops.values())

    def _hits(self, kind: str = "", *, counted: bool = True) -> bool:
        """Announce the stops that this moment is, and say whether there is one."""
        hit = False
        for number, stop in list(self.stops.items()):
            if not stop.enabled or kind not in ("", stop.kind) or not self._is_at(stop):
                continue
            if stop.condition and not self._is_true(stop.condition, stop):
                continue
            if counted:
                stop.hits += 1
                if stop.ignore > 0:
                    stop.ignore -= 1
                    continue
                if stop.temporary:
                    del self.stops[number]
            hit = True
            self.say(self._styled(f"{stop.noun} {number}: {stop}", "green"))
        return hit

    def _is_at(self, stop: Stop) -> bool:
        moment = self.moment
        if stop.kind == "nan":
            return moment.position == moment.first_bad
        event = moment.event
        if event is None:
            return False
        if stop.kind in ("label", "op", "id"):
            if isinstance(event, ForwardStep) or event.argument == 0:
                if moment.is_called(event.node, stop.kind, stop.target):
                    return True
                if isinstance(event, ForwardStep):
                    return False
            return event.parent.is_leaf and moment.is_called(event.parent, stop.kind, stop.target)
        if isinstance(event, ForwardStep):
            return False
        if stop.kind == "step":
            return moment.position == moment.after_step(int(stop.target))
        if stop.kind == "watch":
            kind = "label" if event.parent.label == stop.target else "id"
            changed = repr(event.before) != repr(event.after)
            return changed and moment.is_called(event.parent, kind, stop.target)
        return self._is_true(stop.code or stop.target, stop)

    def _is_true(self, expression: str | CodeType, stop: Stop) -> bool:
        try:
            return bool(self._value_of(expression))
        except Exception as error:  # as in pdb: a condition that has no answer stops
            self.say(f"*** {_told(error)}: {stop}")
            return True

    def _parsed(self, where: str) -> Stop:
        """Return the stop that a *where* means."""
        moment = self.moment
        kind, _, rest = where.partition(":")
        if kind in ("label", "op", "id") and rest:
            if kind == "op" and rest not in OPS:
                raise _Complaint(f"no operation is called {rest!r}{_did_you_mean(rest, OPS)}")
            return Stop(kind, rest)
        labels = {node.label for node in moment.trace.nodes if node.label}
        if where in labels:
            return Stop("label", where)
        if where in OPS:
            return Stop("op", where)
        if where == "nan":
            return Stop("nan", where)
        if where.isdigit():
            if not 0 < int(where) <= len(moment.trace):
                raise _Complaint(f"there is no step {where}: they are 1 to {len(moment.trace)}")
            return Stop("step", where)
        if re.fullmatch(r"n\d+", where):
            if not moment.find("id", where):
                raise _Complaint(f"there is no {where}: ids are n0 to {moment.last_id}")
            return Stop("id", where)
        stop = Stop("expression", where)
        try:
            stop.code = compile(where, "<stop>", "eval")
            self._value_of(stop.code)
        except (SyntaxError, NameError):
            here = {node.op.name for node in moment.trace.nodes if node.op}
            advice = _did_you_mean(where, [*labels, *here, "nan"]) or _did_you_mean(where, OPS)
            raise _Complaint(
                f"{where!r} is no label, operation, id, step number or expression{advice}"
            ) from None
        except Exception:  # it may need a step to look at
            pass
        return stop

    def _add(self, stop: Stop) -> None:
        self._made += 1
        self.stops[self._made] = stop
        here = ""
        if stop.kind in ("label", "op", "id"):
            count = len(self.moment.find(stop.kind, stop.target))
            here = f" ({count} here)" if count != 1 else ""
        self.say(f"{stop.noun} {self._made}: {stop}{here}")

    def do_break(self, argument: str, *, temporary: bool = False) -> None:
        """*where* is a label, an operation, an id such as n7, a step number, an expression or nan.

        A label wins over an operation; label:tanh, op:tanh and id:n7 decide. An operation or a
        computed node stops the pass where it hands its gradient on, a leaf where it receives; nan
        is the first number that is not finite, also of the forward pass. An expression stops
        after each step for which it is true:  b abs(step.contribution) > 1e3
        """
        if not argument:
            if temporary:
                raise _Complaint("stop where? A label, an operation, an id, a step number or nan")
            self._list_stops()
            return
        labels = {node.label for node in self.moment.trace.nodes}
        where, condition = (argument, "") if argument in labels else _split(argument)
        stop = self._parsed(where)
        stop.temporary = temporary
        stop.condition = _checked(condition)
        self._add(stop)

    def do_tbreak(self, argument: str) -> None:
        """The stop is forgotten once it is reached."""
        self.do_break(argument, temporary=True)

    def do_watch(self, argument: str) -> None:
        """The name is a label or an id."""
        moment = self.moment
        if not argument:
            raise _Complaint("watch which node? A label, or an id such as n7")
        if not moment.find("label", argument) and not moment.find("id", argument):
            labels = [node.label for node in moment.trace.nodes if node.label]
            near = _did_you_mean(argument, labels)
            ids = f": a label, please, or an id from n0 to {moment.last_id}"
            raise _Complaint(f"no node is called {argument!r}{near or ids}")
        self._add(Stop("watch", argument))

    def _numbered(self, argument: str) -> list[int]:
        """Return the numbers of stops that a command names; all if it names none."""
        numbers: list[int] = []
        for word in argument.split() or map(str, self.stops):
            if not word.isdigit() or int(word) not in self.stops:
                raise _Complaint(f"there is no stop {word}: info break lists them")
            numbers.append(int(word))
        return numbers

    def do_condition(self, argument: str) -> None:
        """Without an expression the stop has no condition any more."""
        word, _, condition = argument.partition(" ")
        if not word:
            raise _Complaint("the condition of which stop? condition number [expr]")
        (number,) = self._numbered(word)
        self.stops[number].condition = _checked(condition.strip())
        self.say(f"{self.stops[number].noun} {number}: {self.stops[number]}")

    def do_ignore(self, argument: str) -> None:
        """The stop counts each time it is passed by."""
        word, _, count = argument.partition(" ")
        if not count.strip().isdigit():
            raise _Complaint("ignore which stop how often? ignore number count")
        (number,) = self._numbered(word)
        self.stops[number].ignore = int(count)
        self.say(f"{self.stops[number].noun} {number} will be passed by {int(count)} times")

    def do_disable(self, argument: str) -> None:
        """Without a number it means all."""
        for number in self._numbered(argument):
            self.stops[number].enabled = False

    def do_enable(self, argument: str) -> None:
        """Without a number it means all."""
        for number in self._numbered(argument):
            self.stops[number].enabled = True

    def do_clear(self, argument: str) -> None:
        """Without a number it means all."""
        for number in self._numbered(argument):
            stop = self.stops.pop(number)
            self.say(f"Deleted {stop.noun.lower()} {number}: {stop}")

    def _list_stops(self) -> None:
        if not self.stops:
            self.say("no stops: b where sets one")
            return
        self.say("Num  Keep  On   Hits  Where")
        for number, stop in self.stops.items():
            keep, on = ("once" if stop.temporary else "yes"), ("yes" if stop.enabled else "no")
            ignored = f"  (passed by {stop.ignore} times more)" if stop.ignore else ""
            self.say(f"{number:<4} {keep:<5} {on:<4} {stop.hits:<5} {stop}{ignored}")

    # Looking.

    def do_p(self, argument: str) -> None:
        """Labels that are identifiers are names, and so are n7, step, node, parent, root, trace."""
        self._print(argument, repr)

    def do_pp(self, argument: str) -> None:
        """Labels that are identifiers are names, and so are n7, step, node, parent, root, trace."""
        self._print(argument, pprint.pformat)

    def do_display(self, argument: str) -> None:
        """Without an expression, show all again."""
        for expression in [_checked(argument)] if argument else list(self._displays):
            self._displays[expression] = ""
            self._display(expression)

    def do_undisplay(self, argument: str) -> None:
        """Without an expression, all."""
        if argument and argument not in self._displays:
            raise _Complaint(f"{argument!r} is not displayed")
        for expression in [argument] if argument else list(self._displays):
            del self._displays[expression]

    def _where(self) -> list[Value]:
        """Return the root, a shortest way to the node of this moment, and its input."""
        if not self._path:
            moment = self.moment
            self._path = _way(moment.trace.root, moment.node)
            self._selected = len(self._path) - 1
            if isinstance(moment.event, Step):
                self._path.append(moment.event.parent)
        return self._path

    def do_where(self, argument: str) -> None:
        """The node marked > is the one that args, source, check and the name `node` are about."""
        path = self._where()
        half = _MOST_LINES // 2
        hidden = range(half, len(path) - half)
        names = [shortened(self._described(node), 60) for node in path]
        width = max(map(len, names))
        for i, (node, name) in enumerate(zip(path, names, strict=True)):
            if i not in hidden:
                mark = ">" if i == self._selected else " "
                self.say(f"{mark} {name:{width}}  {_numbers(node)}")
            elif i == hidden[0]:
                self.say(f"  ... {len(hidden)} more")

    def _described(self, node: Value) -> str:
        trace = self.moment.trace
        return (
            trace.name(node) if node.is_leaf else f"{trace.name(node)} = {trace.expression(node)}"
        )

    def do_up(self, argument: str) -> None:
        """The root is at the top."""
        self._select(-_count(argument))

    def do_down(self, argument: str) -> None:
        """At the bottom is the input that received."""
        self._select(_count(argument))

    def _select(self, by: int) -> None:
        path = self._where()
        if not 0 <= self._selected + by < len(path):
            raise _Complaint("the path starts here" if by < 0 else "the path ends here")
        self._selected += by
        node = path[self._selected]
        self.say(f"> {self._described(node)}  {_numbers(node)}")
        self._say_source(node.source)

    def _chosen(self) -> Value:
        return self._where()[self._selected]

    def do_args(self, argument: str) -> None:
        """For each operand: its number, the derivative towards it, and what it receives."""
        trace, node = self.moment.trace, self._chosen()
        if node.is_leaf:
            self.say(f"{trace.name(node)} is a leaf: it was given, not computed")
            return
        self.say(f"{self._described(node)}  {_numbers(node)}")
        steps = self.moment.steps_of(node)
        for step in steps[:_MOST_LINES]:
            self.say(f"  {step.argument}  {trace.name(step.parent)} = {step.parent.data!r}")
            self.say(f"     local {step.local!r}: {step.rule}")
            self.say(
                f"     contribution {step.local!r} * {step.upstream!r} = {step.contribution!r}"
            )
        if len(steps) > _MOST_LINES:
            self.say(f"  ... {len(steps) - _MOST_LINES} more")

    def do_list(self, argument: str) -> None:
        """Again without a number it goes on where it ended; `list .` comes back to here."""
        moment = self.moment
        first_of_all, total = moment.start + 1, len(moment.trace)
        if argument.isdigit():
            first = moment.after_step(int(argument)) - _NEAR
        elif not argument and self._listed >= 0:
            first = self._listed + 1
        elif argument in ("", "."):
            first = moment.position - _NEAR
        else:
            raise _Complaint(f"list around which step? A number from 1 to {total}")
        first = max(first, first_of_all)
        shown = range(first, min(first + 2 * _NEAR, moment.end) + 1)
        for position in shown:
            mark = "->" if position == moment.position else "  "
            self.say(f"{mark} {self._line(position)}")
        if not shown:
            self.say("the steps end here: list . comes back")
        self._listed = shown[-1] if shown else moment.end

    def do_source(self, argument: str) -> None:
        """It is recorded in a script that is debugged, and inside record_source()."""
        node = self._chosen()
        name = self.moment.trace.name(node)
        if node.source is None:
            why = "that of a leaf never is" if node.is_leaf else "use `with record_source():`"
            self.say(f"where {name} was made is not recorded: {why}")
            return
        file, _, number = node.source.rpartition(":")
        made = int(number)
        self.say(f"{name} was made at {_short_path(file)}:{made}")
        for i in range(max(made - _NEAR, 1), made + _NEAR + 1):
            if text := linecache.getline(file, i):
                mark = "->" if i == made else "  "
                line = f"{i:4} {mark} {text.rstrip()}".rstrip()
                self.say(self._styled(line, "bold") if i == made else line)

    def do_info(self, argument: str) -> None:
        """`info grads` lists the nodes that have a gradient by now, `info break` the stops."""
        if argument in ("break", "b", "breakpoints"):
            self._list_stops()
            return
        if argument not in ("grads", "g", "gradients"):
            raise _Complaint("info about what? info grads, or info break")
        trace = self.moment.trace
        nodes = [n for n in reversed(trace.nodes) if n.grad is not ZERO and not n.is_constant]
        table = [("name", "op", "data", "grad")]
        for n in nodes[:_MOST_LINES]:
            op = n.op.name if n.op else "leaf"
            table.append((trace.name(n), op, f"{n.data:.6g}", f"{n.grad:.6g}"))
        widths = [max(len(row[i]) for row in table) for i in range(4)]
        for name, op, data, grad in table:
            row = f"{name:{widths[0]}}  {op:{widths[1]}}  {data:>{widths[2]}}  {grad:>{widths[3]}}"
            self.say(row)
        if len(nodes) > _MOST_LINES:
            self.say(f"... {len(nodes) - _MOST_LINES} more")

    def do_tree(self, argument: str) -> None:
        """Gradients are as of this moment."""
        from autograd_mini.drawing import text_tree
        from autograd_mini.drawing.text import needs_ascii

        self.say(text_tree(self.moment.trace.root, ascii=needs_ascii(self.stdout)))

    def do_graph(self, argument: str) -> None:
        """The suffix of the path says the format; without a path it is graph.svg."""
        from autograd_mini.drawing import save

        self.say(f"wrote {save(self.moment.trace.root, argument or 'graph.svg')}")

    def do_check(self, argument: str) -> None:
        """It is about the node of this moment, or the one chosen by up and down."""
        from autograd_mini.testing.inspection import edges_of

        trace, node = self.moment.trace, self._chosen()
        if node.op is None:
            raise _Complaint(f"{trace.name(node)} is a leaf and has no rule")
        for edge in edges_of(node):
            name = trace.name(node.inputs[edge.argument])
            text = f"{node.op.name}, argument {edge.argument} ({name}): rule gives {edge.local!r}"
            if edge.verdict:
                verdict = self._styled(f"WRONG: {edge.verdict}", "red")
            elif edge.expected is None:
                verdict = "not checked, as the numbers are not finite"
            else:
                verdict = self._styled("ok", "green") + (", at a kink" if edge.kink else "")
            expected = "" if edge.expected is None else f", the derivative is {edge.expected!r}"
            self.say(f"{text}{expected}: {verdict}")

    def do_interact(self, argument: str) -> None:
        """Gradients are as of this moment; Ctrl-D comes back."""
        console = _Console(self, dict(self._namespace()))
        with contextlib.redirect_stdout(self.stdout), contextlib.suppress(SystemExit):
            console.interact("*interact*", "")

    def do_help(self, arg: str) -> None:
        """Without a command, list them all."""
        if arg:
            command = _COMMANDS.get(arg)
            if command is None:
                raise _Complaint(f"no command is called {arg!r}{_did_you_mean(arg, _COMMANDS)}")
            names = ", ".join(name for name in command.names if name != "EOF")
            self.say(f"{names} {command.usage}".rstrip())
            self.say(f"    {command.does[0].upper()}{command.does[1:]}.")
            for line in (getattr(self, f"do_{command.method}").__doc__ or "").splitlines():
                self.say(f"    {line.strip()}".rstrip())
            return
        for title, commands in _GROUPS.items():
            self.say(self._styled(title, "bold"))
            for command in commands:
                usage = f"{', '.join(command.names[:2])} {command.usage}"
                self.say(f"  {usage:31} {command.does}")

    def do_quit(self, argument: str) -> bool:
        """Gradients are what they were before."""
        if self.follows:
            raise SystemExit(0)
        return True


class _Console(code.InteractiveConsole):
    """A Python prompt that reads and writes where the stepper does."""

    def __init__(self, debugger: Debugger, names: dict[str, Any]) -> None:
        super().__init__(names)
        self._debugger = debugger

    def raw_input(self, prompt: str = "") -> str:
        debugger = self._debugger
        if debugger.use_rawinput:
            line = input(prompt)
            if not debugger.interactive:
                debugger.say(line)
            return line
        debugger.stdout.write(prompt)
        line = debugger.stdin.readline()
        debugger.say(line.rstrip("\n"))
        if not line:
            raise EOFError
        return line.rstrip("\n")

    def write(self, data: str) -> None:
        self._debugger.stdout.write(data)


def is_finite(event: Event) -> bool:
    """Say whether an event has only finite numbers."""
    if isinstance(event, ForwardStep):
        return math.isfinite(event.value)
    numbers = (event.local, event.contribution, event.after)
    return all(map(math.isfinite, numbers))


def _way(root: Value, node: Value) -> list[Value]:
    """Return a shortest way from the root down to a node."""
    consumer: dict[Value, Value | None] = {root: None}
    level = [root]
    while node not in consumer:
        below: list[Value] = []
        for x in level:
            for y in x.inputs:
                if y not in consumer:
                    consumer[y] = x
                    below.append(y)
        level = below
    way: list[Value] = []
    here: Value | None = node
    while here is not None:
        way.append(here)
        here = consumer[here]
    return way[::-1]


def _count(argument: str) -> int:
    if not argument:
        return 1
    if not argument.isdigit() or int(argument) < 1:
        raise _Complaint(f"how often? A whole number such as 10, but got {argument!r}")
    return int(argument)


def _split(text: str) -> tuple[str, str]:
    """Split *where*, *condition* at the first comma that is not inside of brackets."""
    depth = 0
    for i, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            return text[:i].strip(), text[i + 1 :].strip()
    return text.strip(), ""


def _checked(expression: str) -> str:
    """Return an expression, or raise its SyntaxError now rather than at a stop."""
    if expression:
        compile(expression, "<expression>", "eval")
    return expression


def _is_expression(text: str) -> bool:
    try:
        compile(text, "<line>", "eval")
    except (SyntaxError, ValueError):
        return False
    return True


def _did_you_mean(text: str, words: Iterable[str]) -> str:
    near = get_close_matches(text, list(words), n=1)
    return f": did you mean {near[0]}?" if near else ""


def _told(error: BaseException) -> str:
    return "".join(traceback.format_exception_only(error)).strip().splitlines()[-1]


def _numbers(node: Value) -> str:
    gradient = "not computed yet" if node.grad is ZERO else f"{node.grad:.6g}"
    return f"data {node.data:.6g}  grad {gradient}"


def _short_path(path: str) -> str:
    try:
        relative = os.path.relpath(path)
    except ValueError:  # on another drive
        return path
    return path if relative.startswith("..") else relative

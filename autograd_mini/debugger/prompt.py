"""Debugger: the prompt, and what each command does."""

from __future__ import annotations

import cmd
import code
import contextlib
import importlib
import os
import pprint
import re
import sys
import traceback
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from types import CodeType, FrameType
from typing import Any, TextIO, cast

from autograd_mini import contexts
from autograd_mini.debugger import views
from autograd_mini.debugger.commands import (
    COMMANDS,
    GROUPS,
    Complaint,
    checked,
    count,
    did_you_mean,
    is_expression,
    split,
)
from autograd_mini.debugger.moment import Moment
from autograd_mini.debugger.stops import Stop, parsed
from autograd_mini.debugger.views import NEAR, Style
from autograd_mini.frames import calling_frame
from autograd_mini.guesses import METHODS
from autograd_mini.ops import OPS
from autograd_mini.paths import found, why
from autograd_mini.steps import Step, Trace
from autograd_mini.value import Value

__all__ = ["Debugger"]


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
        self.style = Style(
            colored=self.stdout.isatty() and not plain, fits_terminal=self.interactive
        )
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
        self._frame = calling_frame()
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
            self.say(self.style("help lists the commands; an empty line repeats one", "dim"))
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

    def _say_all(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.say(line)

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
        command = COMMANDS.get(name or "")
        return (command.method if command else name), argument, line

    def onecmd(self, line: str) -> bool:
        """Do what a line says; no error ends the session."""
        try:
            return bool(super().onecmd(line))
        except Complaint as complaint:
            self.say(f"*** {complaint}")
        except Exception as error:
            self.say(f"*** {_told(error)}")
        return False

    def default(self, line: str) -> None:
        """Say what was meant by a line that is no command."""
        word = line.split()[0]
        near = get_close_matches(word, COMMANDS, n=1)
        if near:
            advice = f"did you mean {near[0]}?"
        elif is_expression(line):
            advice = f"the value of an expression is printed by  p {line}"
        else:
            advice = "help lists them"
        raise Complaint(f"no command is called {word!r}: {advice}")

    def completenames(self, text: str, *ignored: Any) -> list[str]:
        """Complete the name of a command."""
        return sorted(name for name in COMMANDS if name.startswith(text) and name != "EOF")

    def completedefault(self, *ignored: Any) -> list[str]:
        """Complete an argument: names of nodes and operations, or Python."""
        text, line = cast(str, ignored[0]), cast(str, ignored[1])
        command = COMMANDS.get(line.split()[0])
        method = command.method if command else ""
        words = self.moment.labels()
        if method in ("break", "tbreak"):
            words |= self.moment.operations() | {"nan"}
            words |= {f"op:{word}" for word in OPS if text.startswith("op:")}
        elif method == "info":
            words = {"grads", "break"}
        elif method not in ("watch", "why"):
            import rlcompleter

            complete = rlcompleter.Completer(self._namespace()).complete
            words = set[str]()
            while (word := complete(text, len(words))) and word not in words:
                words.add(word)
            words = {w for w in words if "." not in w or w.rpartition(".")[2] not in METHODS}
        return sorted(word for word in words if word.startswith(text))

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
            raise Complaint("print what? An expression, such as  p node.grad")
        try:
            self.say(write(self._value_of(expression)))
        except (SystemExit, KeyboardInterrupt) as error:
            raise Complaint(_told(error)) from None

    # Moving.

    def _go(self, position: int) -> None:
        """Go to a moment, and forget what belonged to the one before."""
        self.moment.go(position)
        self._arrive()

    def _arrive(self) -> None:
        self._path = []
        self._listed = -1

    def _advance(self, target: int) -> bool:
        """Go forward to a moment, or to a stop before it; say whether it was a stop."""
        while self.moment.position < target:
            self._go(self.moment.position + 1)
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
            self._go(moment.first_bad)  # the forward pass is over, but there it happened
            if self._hits("nan"):
                if moment.event is None:  # the last operation, where the backward pass starts
                    self.say(views.sentence(moment.events[moment.start - 1], self.style))
                return True
            self._go(moment.start)
        return self._advance(moment.end)

    def do_step(self, argument: str) -> None:
        """Each edge is one application of the chain rule: one input receives a contribution."""
        self._forward(self.moment.position + count(argument))

    def do_next(self, argument: str) -> None:
        """The node's gradient is finished; it hands contributions to all of its inputs."""
        target = self.moment.position
        for _ in range(count(argument)):
            target = self.moment.end_of_node(target)
        self._forward(target)

    def _forward(self, target: int) -> None:
        """Go forward and show what happens on the way."""
        moment, first = self.moment, self.moment.position
        if first == moment.end:
            more = "c goes on to the next backward(), " if self.follows else ""
            raise Complaint(f"the pass is done: {more}rs goes back, q leaves")
        self._advance(min(target, moment.end))
        passed = range(first + 1, moment.position)
        for position in passed if len(passed) <= 2 * NEAR else passed[:NEAR]:
            self.say(self._line(position))
        if len(passed) > 2 * NEAR:
            self.say(f"... {len(passed) - NEAR} more")
        self._show()

    def do_reverse_step(self, argument: str) -> None:
        """Before the first step of the backward pass come the operations of the forward pass."""
        self._back(self.moment.position - count(argument))

    def do_reverse_next(self, argument: str) -> None:
        """The node has then handed nothing on."""
        target = self.moment.position
        for _ in range(count(argument)):
            target = self.moment.start_of_node(target)
        self._back(target)

    def _back(self, target: int) -> None:
        self._refuse_at_the_beginning()
        self._go(max(target, 0))
        self._show()

    def _refuse_at_the_beginning(self) -> None:
        if self.moment.position == 0:
            raise Complaint("nothing has happened before: s goes on")

    def do_continue(self, argument: str) -> bool:
        """Go on to the next stop, or to the end of the pass if there is none.

        While a script has stops that are enabled, continue runs on through later passes until
        one of them is reached. From the end of a pass without any stop it goes to the start of
        the next backward(). `continue n` goes to the start of the n-th next one.
        """
        passes = count(argument) if argument else 0
        moment = self.moment
        was_at_end = moment.position == moment.end
        if not was_at_end and self._go_on():
            self._show()
            return False
        if was_at_end or (self.follows and (passes or self._has_stops())):
            self._skip = passes - 1 if passes else None if self._has_stops() else 0
            return True
        self._show()
        return False

    def do_reverse_continue(self, argument: str) -> None:
        """Without a stop on the way back it is the start of the pass."""
        moment = self.moment
        floor = moment.start if moment.position > moment.start else 0
        self._refuse_at_the_beginning()
        for _ in range(count(argument)):
            self._go(max(moment.position - 1, 0))
            while moment.position > floor and not self._hits(counted=False):
                self._go(moment.position - 1)
            if moment.position <= floor:
                break
        self._show()

    def do_until(self, argument: str) -> None:
        """Forward it halts at stops on the way; going back it does not."""
        steps = len(self.moment.trace)
        if not argument.isdigit() or int(argument) > steps:
            raise Complaint(f"until which step? A number from 0 to {steps}")
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
        self._go(self.moment.start)
        self._show()

    def _show(self) -> None:
        """Show what was done last, the line of the program that it belongs to, and displays."""
        moment = self.moment
        self.say(self._line(moment.position))
        if moment.event is not None:
            self._say_source(moment.node.source)
        elif moment.position == moment.start and self._frame is not None:
            self._say_source(f"{self._frame.f_code.co_filename}:{self._frame.f_lineno}")
        if moment.position == moment.end and moment.end:
            self.say(self.style("the pass is done", "dim"))
        for expression in self._displays:
            self._display(expression)

    def _line(self, position: int) -> str:
        return views.line(self.moment, position, self.style)

    def _say_source(self, source: str | None) -> None:
        if source is not None:
            self.say(views.source_line(source, self.style))

    # Stops.

    def _has_stops(self) -> bool:
        return any(stop.enabled for stop in self.stops.values())

    def _hits(self, kind: str = "", *, counted: bool = True) -> bool:
        """Announce the stops that this moment is, and say whether there is one."""
        hit = False
        for number, stop in list(self.stops.items()):
            if not stop.enabled or kind not in ("", stop.kind) or not self._is_reached(stop):
                continue
            if counted:
                stop.hits += 1
                if stop.ignore > 0:
                    stop.ignore -= 1
                    continue
                if stop.temporary:
                    del self.stops[number]
            hit = True
            self.say(self.style(f"{stop.noun} {number}: {stop}", "green"))
        return hit

    def _is_reached(self, stop: Stop) -> bool:
        def is_true(expression: str | CodeType) -> bool:
            try:
                return bool(self._value_of(expression))
            except Exception as error:  # as in pdb: a condition that has no answer stops
                self.say(f"*** {_told(error)}: {stop}")
                return True

        here = stop.is_at(self.moment, is_true)
        return here and (not stop.condition or is_true(stop.condition))

    def _add(self, stop: Stop) -> None:
        self._made += 1
        self.stops[self._made] = stop
        here = ""
        if stop.kind in ("label", "op", "id"):
            found = len(self.moment.find(stop.kind, stop.target))
            here = f" ({found} here)" if found != 1 else ""
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
                raise Complaint("stop where? A label, an operation, an id, a step number or nan")
            self._say_all(views.stop_table(self.stops))
            return
        is_label = argument in self.moment.labels()
        where, condition = (argument, "") if is_label else split(argument)
        stop = parsed(where, self.moment, self._value_of)
        stop.temporary = temporary
        stop.condition = checked(condition)
        self._add(stop)

    def do_tbreak(self, argument: str) -> None:
        """The stop is forgotten once it is reached."""
        self.do_break(argument, temporary=True)

    def do_watch(self, argument: str) -> None:
        """The name is a label or an id."""
        moment = self.moment
        if not argument:
            raise Complaint("watch which node? A label, or an id such as n7")
        if not moment.find("label", argument) and not moment.find("id", argument):
            near = did_you_mean(argument, moment.labels())
            ids = f": a label, please, or an id from n0 to {moment.last_id}"
            raise Complaint(f"no node is called {argument!r}{near or ids}")
        self._add(Stop("watch", argument))

    def _numbered(self, argument: str) -> list[int]:
        """Return the numbers of stops that a command names; all if it names none."""
        numbers: list[int] = []
        for word in argument.split() or map(str, self.stops):
            if not word.isdigit() or int(word) not in self.stops:
                raise Complaint(f"there is no stop {word}: info break lists them")
            numbers.append(int(word))
        return numbers

    def do_condition(self, argument: str) -> None:
        """Without an expression the stop has no condition any more."""
        word, _, condition = argument.partition(" ")
        if not word:
            raise Complaint("the condition of which stop? condition number [expr]")
        (number,) = self._numbered(word)
        self.stops[number].condition = checked(condition.strip())
        self.say(f"{self.stops[number].noun} {number}: {self.stops[number]}")

    def do_ignore(self, argument: str) -> None:
        """The stop counts each time it is passed by."""
        word, _, times = argument.partition(" ")
        if not times.strip().isdigit():
            raise Complaint("ignore which stop how often? ignore number count")
        (number,) = self._numbered(word)
        self.stops[number].ignore = int(times)
        self.say(f"{self.stops[number].noun} {number} will be passed by {int(times)} times")

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

    # Looking.

    def do_p(self, argument: str) -> None:
        """Labels that are identifiers are names, and so are n7, step, node, parent, root, trace."""
        self._print(argument, repr)

    def do_pp(self, argument: str) -> None:
        """Labels that are identifiers are names, and so are n7, step, node, parent, root, trace."""
        self._print(argument, pprint.pformat)

    def do_display(self, argument: str) -> None:
        """Without an expression, show all again."""
        for expression in [checked(argument)] if argument else list(self._displays):
            self._displays[expression] = ""
            self._display(expression)

    def _display(self, expression: str) -> None:
        try:
            value = repr(self._value_of(expression))
        except Exception as error:
            value = f"*** {_told(error)}"
        old = self._displays[expression]
        if value != old:
            self.say(f"display {expression}: {value}" + (f"  [old: {old}]" if old else ""))
            self._displays[expression] = value

    def do_undisplay(self, argument: str) -> None:
        """Without an expression, all."""
        if argument and argument not in self._displays:
            raise Complaint(f"{argument!r} is not displayed")
        for expression in [argument] if argument else list(self._displays):
            del self._displays[expression]

    def _where(self) -> list[Value]:
        """Return the root, a shortest way to the node of this moment, and its input."""
        if not self._path:
            moment = self.moment
            self._path = moment.way()
            self._selected = len(self._path) - 1
            if isinstance(moment.event, Step):
                self._path.append(moment.event.parent)
        return self._path

    def _chosen(self) -> Value:
        return self._where()[self._selected]

    def do_where(self, argument: str) -> None:
        """The node marked > is the one that args, source, check and the name `node` are about."""
        nodes = self._where()
        self._say_all(views.path(self.moment.trace, nodes, self._selected))

    def do_up(self, argument: str) -> None:
        """The root is at the top."""
        self._select(-count(argument))

    def do_down(self, argument: str) -> None:
        """At the bottom is the input that received."""
        self._select(count(argument))

    def _select(self, by: int) -> None:
        nodes = self._where()
        if not 0 <= self._selected + by < len(nodes):
            raise Complaint("the path starts here" if by < 0 else "the path ends here")
        self._selected += by
        node = self._chosen()
        self.say(f"> {views.described(self.moment.trace, node)}")
        self._say_source(node.source)

    def do_args(self, argument: str) -> None:
        """For each operand: its number, the derivative towards it, and what it receives."""
        self._say_all(views.operands(self.moment, self._chosen()))

    def do_list(self, argument: str) -> None:
        """Again without a number it goes on where it ended; `list .` comes back to here."""
        moment = self.moment
        first_of_all, total = moment.start + 1, len(moment.trace)
        if argument.isdigit():
            first = moment.after_step(int(argument)) - NEAR
        elif not argument and self._listed >= 0:
            first = self._listed + 1
        elif argument in ("", "."):
            first = moment.position - NEAR
        else:
            raise Complaint(f"list around which step? A number from 1 to {total}")
        first = max(first, first_of_all)
        shown = range(first, min(first + 2 * NEAR, moment.end) + 1)
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
        if node.source is not None:
            self._say_all(views.source_around(name, node.source, self.style))
            return
        advice = "that of a leaf never is" if node.is_leaf else "use `with record_source():`"
        self.say(f"where {name} was made is not recorded: {advice}")

    def do_why(self, argument: str) -> None:
        """The name is a label or an id; without one it is about the node of this moment.

        It tells of the whole pass: the strongest paths from the root, and their factors.
        """
        trace = self.moment.trace
        try:
            node = found(trace, argument) if argument else self._chosen()
        except ValueError as error:
            raise Complaint(str(error)) from None
        self._say_all(why(trace, node))

    def do_info(self, argument: str) -> None:
        """`info grads` lists the nodes that have a gradient by now, `info break` the stops."""
        if argument in ("break", "b", "breakpoints"):
            self._say_all(views.stop_table(self.stops))
        elif argument in ("grads", "g", "gradients"):
            self._say_all(views.gradients(self.moment.trace))
        else:
            raise Complaint("info about what? info grads, or info break")

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
        trace, node = self.moment.trace, self._chosen()
        if node.is_leaf:
            raise Complaint(f"{trace.name(node)} is a leaf and has no rule")
        self._say_all(views.checks(trace, node, self.style))

    # Other.

    def do_interact(self, argument: str) -> None:
        """Gradients are as of this moment; Ctrl-D comes back."""
        console = _Console(self, dict(self._namespace()))
        with contextlib.redirect_stdout(self.stdout), contextlib.suppress(SystemExit):
            console.interact("*interact*", "")

    def do_help(self, arg: str) -> None:
        """Without a command, list them all."""
        if arg:
            command = COMMANDS.get(arg)
            if command is None:
                raise Complaint(f"no command is called {arg!r}{did_you_mean(arg, COMMANDS)}")
            names = ", ".join(name for name in command.names if name != "EOF")
            self.say(f"{names} {command.usage}".rstrip())
            self.say(f"    {command.does[0].upper()}{command.does[1:]}.")
            for line in (getattr(self, f"do_{command.method}").__doc__ or "").splitlines():
                self.say(f"    {line.strip()}".rstrip())
            return
        for title, commands in GROUPS.items():
            self.say(self.style(title, "bold"))
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


def _told(error: BaseException) -> str:
    return "".join(traceback.format_exception_only(error)).strip().splitlines()[-1]

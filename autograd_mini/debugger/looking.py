"""The commands that look: at numbers, the path, steps, lines of the program, pictures."""

from __future__ import annotations

import code
import contextlib
import pprint
from collections.abc import Callable

from autograd_mini.debugger import views
from autograd_mini.debugger.commands import Complaint, command, count, parseable, unquoted
from autograd_mini.debugger.session import Session, error_line
from autograd_mini.debugger.views import NEAR
from autograd_mini.paths import node_of, why


class Looking(Session):
    """The commands that show something."""

    def _print(self, expression: str, write: Callable[[object], str]) -> None:
        if not expression:
            raise Complaint("print what? An expression, such as  p node.grad")
        try:
            self.say(write(self._value_of(expression)))
        except (SystemExit, KeyboardInterrupt) as error:
            raise Complaint(error_line(error)) from None

    @command("p print", "expr", "print the value of a Python expression")
    def do_p(self, argument: str) -> None:
        """Labels that are identifiers are names, and so are n7, step, node, parent, root, trace."""
        self._print(argument, repr)

    @command("pp", "expr", "the same, pretty-printed")
    def do_pp(self, argument: str) -> None:
        """Labels that are identifiers are names, and so are n7, step, node, parent, root, trace."""
        self._print(argument, pprint.pformat)

    @command("display", "[expr]", "print it at each stop where it has changed")
    def do_display(self, argument: str) -> None:
        """Without an expression, show all again."""
        for expression in [parseable(argument)] if argument else list(self._displays):
            self._displays[expression] = ""
            self._display(expression)

    @command("undisplay", "[expr]", "stop displaying it")
    def do_undisplay(self, argument: str) -> None:
        """Without an expression, all."""
        if argument and argument not in self._displays:
            raise Complaint(f"{argument!r} is not displayed")
        for expression in [argument] if argument else list(self._displays):
            del self._displays[expression]

    @command("w where bt backtrace", "", "the path from the root to here")
    def do_where(self, argument: str) -> None:
        """The node marked > is the one that args, source, check and the name `node` refer to."""
        nodes = self._where()
        self._say_all(views.path(self.moment.trace, nodes, self._selected))

    @command("u up", "[n]", "move along that path, towards the root")
    def do_up(self, argument: str) -> None:
        """The root is at the top."""
        self._select(-count(argument))

    @command("d down", "[n]", "move along that path, away from the root")
    def do_down(self, argument: str) -> None:
        """The input that received is at the bottom."""
        self._select(count(argument))

    def _select(self, by: int) -> None:
        nodes = self._where()
        if not 0 <= self._selected + by < len(nodes):
            raise Complaint("the path starts here" if by < 0 else "the path ends here")
        self._selected += by
        node = self._chosen()
        self.say(f"> {views.node_line(self.moment.trace, node)}")
        self._say_source(node.source)

    @command("a args", "", "the operands of the node, with their derivatives")
    def do_args(self, argument: str) -> None:
        """For each operand: its number, the derivative towards it, and what it receives."""
        self._say_all(views.operands(self.moment, self._chosen()))

    @command("l list", "[i]", "the steps around here, or around i")
    def do_list(self, argument: str) -> None:
        """Without a number, list again goes on where it ended; `list .` comes back to here."""
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

    @command("ll source longlist", "", "the line of your program that made the node")
    def do_source(self, argument: str) -> None:
        """It is recorded in a script that is debugged, and inside record_source()."""
        node = self._chosen()
        name = self.moment.trace.name(node)
        if node.source is not None:
            self._say_all(views.source_around(name, node.source, self.style))
            return
        advice = "that of a leaf never is" if node.is_leaf else "use `with record_source():`"
        self.say(f"where {name} was made is not recorded: {advice}")

    @command("why", "[name]", "where a gradient comes from, factor by factor")
    def do_why(self, argument: str) -> None:
        """The name is a label or an id; without one, the node of this moment is meant.

        It covers the whole pass: the strongest paths from the root, and their factors.
        """
        trace = self.moment.trace
        try:
            node = node_of(trace, unquoted(argument)) if argument else self._chosen()
        except ValueError as error:
            raise Complaint(str(error)) from None
        self._say_all(why(trace, node))

    @command("info i", "grads | break", "a table of gradients or of stops")
    def do_info(self, argument: str) -> None:
        """`info grads` lists the nodes that have a gradient by now, `info break` the stops."""
        if argument in ("break", "b", "breakpoints"):
            self._say_all(views.stop_table(self.stops))
        elif argument in ("grads", "g", "gradients"):
            self._say_all(views.gradients(self.moment.trace))
        else:
            raise Complaint("info about what? info grads, or info break")

    @command("tree", "", "the graph as text, as of this moment")
    def do_tree(self, argument: str) -> None:
        """Gradients are as of this moment."""
        from autograd_mini.drawing import text_tree
        from autograd_mini.drawing.text import needs_ascii

        self.say(text_tree(self.moment.trace.root, ascii=needs_ascii(self.stdout)))

    @command("graph", "[path]", "the graph as a drawing, as of this moment")
    def do_graph(self, argument: str) -> None:
        """The suffix of the path gives the format; without a path it is graph.svg."""
        from autograd_mini.drawing import save

        self.say(f"wrote {save(self.moment.trace.root, argument or 'graph.svg')}")

    @command("check", "", "the node's rule against a numeric derivative")
    def do_check(self, argument: str) -> None:
        """It checks the node of this moment, or the one chosen by up and down."""
        trace, node = self.moment.trace, self._chosen()
        if node.is_leaf:
            raise Complaint(f"{trace.name(node)} is a leaf and has no rule")
        self._say_all(views.checks(trace, node, self.style))

    @command("interact", "", "a Python prompt with the names of this moment")
    def do_interact(self, argument: str) -> None:
        """Gradients are as of this moment; Ctrl-D comes back."""
        console = _Console(self, dict(self._namespace()))
        with contextlib.redirect_stdout(self.stdout), contextlib.suppress(SystemExit):
            console.interact("*interact*", "")


class _Console(code.InteractiveConsole):
    """A Python prompt that reads and writes where the stepper does."""

    def __init__(self, debugger: Session, names: dict[str, object]) -> None:
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

"""The commands of stops: setting, listing and switching breakpoints and watchpoints."""

from __future__ import annotations

from types import CodeType

from autograd_mini.debugger import views
from autograd_mini.debugger.commands import Complaint, command, parseable, split_condition, unquoted
from autograd_mini.debugger.session import Session, error_line
from autograd_mini.debugger.stops import Stop, parsed
from autograd_mini.graph.names import nodes_called
from autograd_mini.guesses import did_you_mean


class Stopping(Session):
    """The commands about stops, and whether one is reached."""

    def _has_stops(self) -> bool:
        return any(stop.enabled for stop in self.stops.values())

    def _hits(self, kind: str = "", *, counted: bool = True) -> bool:
        """Announce the stops that are at this moment, and return whether there is one."""
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
                self.say(f"*** {error_line(error)}: {stop}")
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

    @command("b break", "[where[, condition]]", "stop there; alone: list")
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
        where, condition = self._where_and_condition(argument)
        stop = parsed(where, self.moment, self._value_of)
        stop.temporary = temporary
        stop.condition = parseable(condition)
        self._add(stop)

    def _where_and_condition(self, argument: str) -> tuple[str, str]:
        """Split *where*, *condition*; a label may have commas of its own."""
        text = argument.removeprefix("label:")
        labels = [x for x in self.moment.labels() if text == x or text.startswith(f"{x},")]
        if not labels:
            return split_condition(argument)
        label = max(labels, key=len)
        return argument[: len(argument) - len(text)] + label, text[len(label) + 1 :].strip()

    @command("tbreak", "where[, condition]", "stop there once")
    def do_tbreak(self, argument: str) -> None:
        """The stop is deleted once it is reached."""
        self.do_break(argument, temporary=True)

    @command("watch", "name", "stop when the gradient of a node changes")
    def do_watch(self, argument: str) -> None:
        """The name is a label or an id."""
        moment, argument = self.moment, unquoted(argument)
        if not argument:
            raise Complaint("watch which node? A label, or an id such as n7")
        if not nodes_called(moment.trace.nodes, argument):
            near = did_you_mean(argument, moment.labels())
            ids = f": give a label, or an id from n0 to {moment.last_id}"
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

    @command("condition", "number [expr]", "stop there only if expr is true")
    def do_condition(self, argument: str) -> None:
        """Without an expression the stop has no condition any more."""
        word, _, condition = argument.partition(" ")
        if not word:
            raise Complaint("the condition of which stop? condition number [expr]")
        (number,) = self._numbered(word)
        self.stops[number].condition = parseable(condition.strip())
        self.say(f"{self.stops[number].noun} {number}: {self.stops[number]}")

    @command("ignore", "number count", "skip its next count hits")
    def do_ignore(self, argument: str) -> None:
        """Skipped hits are counted, too."""
        word, _, times = argument.partition(" ")
        if not times.strip().isdigit():
            raise Complaint("ignore which stop how many times? ignore number count")
        (number,) = self._numbered(word)
        self.stops[number].ignore = int(times)
        self.say(f"{self.stops[number].noun} {number} will be skipped {int(times)} times")

    @command("disable", "[number...]", "switch stops off")
    def do_disable(self, argument: str) -> None:
        """Without a number it means all."""
        for number in self._numbered(argument):
            self.stops[number].enabled = False

    @command("enable", "[number...]", "switch stops on again")
    def do_enable(self, argument: str) -> None:
        """Without a number it means all."""
        for number in self._numbered(argument):
            self.stops[number].enabled = True

    @command("cl clear delete", "[number...]", "delete some stops, or all")
    def do_clear(self, argument: str) -> None:
        """Without a number it means all."""
        for number in self._numbered(argument):
            stop = self.stops.pop(number)
            self.say(f"Deleted {stop.noun.lower()} {number}: {stop}")

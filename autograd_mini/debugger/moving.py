"""The commands that move: forward and back along the edges of a pass."""

from __future__ import annotations

from autograd_mini.debugger import views
from autograd_mini.debugger.commands import Complaint, command, count
from autograd_mini.debugger.stopping import Stopping
from autograd_mini.debugger.views import NEAR


class Moving(Stopping):
    """The commands that go somewhere."""

    def _go(self, position: int) -> None:
        """Go to a moment, and forget what belonged to the one before."""
        self.moment.go(position)
        self._arrive()

    def _arrive(self) -> None:
        self._path = []
        self._listed = -1

    def _advance(self, target: int) -> bool:
        """Go forward to a moment, or to a stop before it; return whether it was a stop."""
        while self.moment.position < target:
            self._go(self.moment.position + 1)
            if self._hits():
                return True
        return False

    def _go_on(self) -> bool:
        """Go to the next stop of this pass, or to its end; return whether it was a stop."""
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

    @command("s step", "[n]", "go on by one edge, or n")
    def do_step(self, argument: str) -> None:
        """Each edge is one application of the chain rule: one input receives a contribution."""
        self._forward(self.moment.position + count(argument))

    @command("n next", "[n]", "go on by all edges of a node")
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

    @command("rs reverse-step back", "[n]", "take back one edge, or n")
    def do_reverse_step(self, argument: str) -> None:
        """Before the first step of the backward pass come the operations of the forward pass."""
        self._back(self.moment.position - count(argument))

    @command("rn reverse-next", "[n]", "take back all edges of a node")
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
            raise Complaint("this is the beginning: s goes forward")

    @command("c continue cont", "[n]", "go on to the next stop")
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

    @command("rc reverse-continue", "[n]", "go back to the last stop")
    def do_reverse_continue(self, argument: str) -> None:
        """Without a stop on the way back, that is the start of the pass."""
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

    @command("unt until", "i", "go to the moment with i steps done")
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

    @command("r return finish", "", "go on to the end of the pass")
    def do_return(self, argument: str) -> None:
        """It halts at stops on the way."""
        self._advance(self.moment.end)
        self._show()

    @command("restart run", "", "go back to the start of the pass")
    def do_restart(self, argument: str) -> None:
        """The forward pass is over, and no edge of the backward pass is done."""
        self.moment.looked_back = False
        self._go(self.moment.start)
        self._show()

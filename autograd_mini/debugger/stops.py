"""Breakpoints and watchpoints: what a *where* means, and whether a moment is there."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from types import CodeType

from autograd_mini.debugger.commands import Complaint, unquoted
from autograd_mini.debugger.moment import Moment
from autograd_mini.guesses import did_you_mean
from autograd_mini.ops import OPS
from autograd_mini.steps import ForwardStep


@dataclass(slots=True, eq=False)
class Stop:
    """A breakpoint or watchpoint.

    Attributes:
        kind: "label", "op", "id", "step", "nan", "expression" or "watch".
        target: Which label, operation, ...
        temporary: Whether it is deleted once it is reached.
        enabled: Whether it stops at all.
        hits: How many times it was reached.
        ignore: How many more times it is to be skipped.
        condition: A Python expression that must be true there, or "".
        code: The compiled target of an expression.
    """

    kind: str
    target: str
    temporary: bool = False
    enabled: bool = True
    hits: int = 0
    ignore: int = 0
    condition: str = ""
    code: CodeType | None = None

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

    def is_at(self, moment: Moment, is_true: Callable[[str | CodeType], bool]) -> bool:
        """Return whether a moment is where this stops, whatever its condition says.

        Args:
            moment: Where the pass stands.
            is_true: Evaluates an expression there.
        """
        if self.kind == "nan":
            return moment.position == moment.first_bad
        event = moment.event
        if event is None:
            return False
        if self.kind in ("label", "op", "id"):
            if isinstance(event, ForwardStep) or event.argument == 0:
                if moment.is_called(event.node, self.kind, self.target):
                    return True
                if isinstance(event, ForwardStep):
                    return False
            return event.parent.is_leaf and moment.is_called(event.parent, self.kind, self.target)
        if isinstance(event, ForwardStep):
            return False
        if self.kind == "step":
            return moment.position == moment.after_step(int(self.target))
        if self.kind == "watch":
            kind = "label" if event.parent.label == self.target else "id"
            changed = repr(event.before) != repr(event.after)
            return changed and moment.is_called(event.parent, kind, self.target)
        return is_true(self.code or self.target)


def parsed(where: str, moment: Moment, value_of: Callable[[CodeType], object]) -> Stop:
    """Return the stop that a *where* means.

    Args:
        where: What was typed.
        moment: Where the pass stands.
        value_of: Evaluates an expression there.

    Raises:
        Complaint: If it means nothing, with what was perhaps meant.
    """
    kind, _, rest = where.partition(":")
    rest = unquoted(rest)
    if kind in ("label", "op", "id") and rest:
        if kind == "op" and rest not in OPS:
            raise Complaint(f"no operation is called {rest!r}{did_you_mean(rest, OPS)}")
        return Stop(kind, rest)
    labels = moment.labels()
    if unquoted(where) in labels:
        return Stop("label", unquoted(where))
    if where in OPS:
        return Stop("op", where)
    if where == "nan":
        return Stop("nan", where)
    if where.isdigit():
        if not 0 < int(where) <= len(moment.trace):
            raise Complaint(f"there is no step {where}: they are 1 to {len(moment.trace)}")
        return Stop("step", where)
    if re.fullmatch(r"n\d+", where):
        if not moment.find("id", where):
            raise Complaint(f"there is no {where}: ids are n0 to {moment.last_id}")
        return Stop("id", where)
    stop = Stop("expression", where)
    try:
        stop.code = compile(where, "<stop>", "eval")
        value_of(stop.code)
    except (SyntaxError, NameError):
        near = [*labels, *moment.operations(), "nan"]
        advice = did_you_mean(where, near) or did_you_mean(where, OPS)
        raise Complaint(
            f"{where!r} is not a label, operation, id, step number or expression{advice}"
        ) from None
    except Exception:  # it may need a step to look at
        pass
    return stop

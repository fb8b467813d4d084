"""Debugger: the prompt, its lines, its help."""

from __future__ import annotations

import importlib
import re
import sys
import warnings
from typing import Final, cast

from autograd_mini.backprop import spared
from autograd_mini.debugger.commands import COMMANDS, GROUPS, Complaint, command
from autograd_mini.debugger.looking import Looking
from autograd_mini.debugger.moment import Moment
from autograd_mini.debugger.moving import Moving
from autograd_mini.debugger.session import Session, error_line
from autograd_mini.errors import StaleWarning
from autograd_mini.frames import calling_frame
from autograd_mini.guesses import METHODS, did_you_mean
from autograd_mini.ops import OPS
from autograd_mini.steps import Trace
from autograd_mini.value import Value

# What is Python although it begins like a command: `a.grad`, `a = 5`, `w += 1`, `n[0]`.
_PYTHON: Final = re.compile(r"[\w-]+(\.\w|\[|\s*([-+*/%@&|^]|//|\*\*|<<|>>)?=(?!=))")


class Debugger(Moving, Looking):
    """The prompt. One debugger serves all passes of a script: its stops last."""

    prompt = "(grad) "
    identchars = Session.identchars + "-"  # else `reverse-step` would be read as `reverse`

    def visit(self, root: Value, seed: float) -> None:
        """Stop in this pass if there is a reason to: every backward() calls this first."""
        self.passes += 1
        stops_here = self._skip == 0
        if self._skip:
            self._skip -= 1
        if not (stops_here or self._has_stops()):
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", StaleWarning)  # the prompt says it
            trace = Trace(root, seed)
        self._frame = calling_frame()
        try:
            with spared(trace.nodes):
                self.moment = Moment(trace)
                self._arrive()
                if stops_here or self._go_on():
                    self._show()
                    if trace.stale:
                        self.say(self.style(trace.stale, "red"))
                    self._converse()
        finally:
            self._frame = None
            self._names.clear()

    def _converse(self) -> None:
        if self.interactive and self.passes == 1:
            self.say(self.style("help lists the commands; an empty line repeats one", "dim"))
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
        command = COMMANDS.get(name or "")
        if command is None or _PYTHON.match(line):  # `a.grad` is not the command `a`
            return "", argument, line
        return command.method, argument, line

    def onecmd(self, line: str) -> bool:
        """Do what a line says; no error ends the session."""
        try:
            self._refuse_idle_argument(line)
            return bool(super().onecmd(line))
        except Complaint as complaint:
            self.say(f"*** {complaint}")
        except Exception as error:
            self.say(f"*** {error_line(error)}")
        return False

    def _refuse_idle_argument(self, line: str) -> None:
        """Refuse what stands after a command that takes nothing: it would be lost."""
        method, argument, line = self.parseline(line)
        command = COMMANDS.get(line.split()[0]) if method else None
        if command is not None and not command.usage and argument and argument != "()":
            name = next(name for name in command.names if len(name) > 1)
            raise Complaint(
                f"{name} takes no argument, but got {argument!r}; Python that begins like a "
                f"command is run by  !{line}"
            )

    def default(self, line: str) -> None:
        """Run a line that is not a command as Python, as pdb does; a `!` before it forces that."""
        statement = line.removeprefix("!").strip()
        word = line.split()[0]
        advice = did_you_mean(word, [*COMMANDS, *self.moment.labels()]) or ": help lists them"
        try:
            code = compile(f"{statement}\n", "<stdin>", "single")
        except (SyntaxError, ValueError):
            if line[0] == "!":
                raise
            raise Complaint(f"no command is called {word!r}{advice}") from None
        try:
            self._execute(code)
        except NameError as error:
            if error.name != word:
                raise
            raise Complaint(f"no command and no name is {word!r}{advice}") from None
        except (SystemExit, KeyboardInterrupt) as error:
            raise Complaint(error_line(error)) from None

    def completenames(self, text: str, *ignored: object) -> list[str]:
        """Complete the name of a command."""
        return sorted(name for name in COMMANDS if name.startswith(text) and name != "EOF")

    def completedefault(self, *ignored: object) -> list[str]:
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

    @command("h help ?", "[command]", "this list, or more about a command")
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
                self.say(self.style.wrapped(f"  {usage:31} {command.does}", indent=34))
        rest = "Any other line is Python, as in pdb: w.grad, a = 5, or !a where `a` is a command."
        self.say(self.style.wrapped(rest))

    @command("q quit exit EOF", "", "leave; a script ends with status 0")
    def do_quit(self, argument: str) -> bool:
        """Gradients are what they were before."""
        if self.follows:
            raise SystemExit(0)
        return True

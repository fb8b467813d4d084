"""Somebody's scalar class, seen from inside the process in which its programs run."""

from __future__ import annotations

import contextlib
import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from types import FrameType
from typing import Any, Final, NamedTuple, TypeAlias

from autograd_mini.calls import parameters, required_arguments
from autograd_mini.testing.catalog import DETACHED, NAMED
from autograd_mini.testing.differences import EPSILON, ridders
from autograd_mini.testing.tensors import precision_of

Operations: TypeAlias = "Iterable[str] | Mapping[str, Callable[..., object]] | None"

_CONSTRUCTORS: Final = ("{}", "{}, requires_grad=True", "{}, ''", "{}, ()", "{}, (), ''")


class Terms(NamedTuple):
    """What the class calls its parts."""

    backward: str | Callable[..., object] = "backward"
    data: str = "data"
    grad: str = "grad"


class Seen(NamedTuple):
    """What a look at the class finds.

    Attributes:
        imports: The line of Python that imports a name from where the class lives, or "".
        constructor: How a Value is made of a number: a text with {} for it.
        backward: How the pass is started: a text with {} for the root.
        zero_grad: Whether a Value clears its own gradient.
        methods: Names of methods that may be operations.
        functions: Names of functions that may be.
    """

    imports: str
    constructor: str
    backward: str
    zero_grad: bool
    methods: tuple[str, ...]
    functions: tuple[str, ...]


class Ran(NamedTuple):
    """What a program left: a number and a gradient for each name, or what it raised.

    Attributes:
        numbers: The two of each name.
        raised: What was raised, or "".
        precision: The rounding error of the numbers, relative to their size.
    """

    numbers: dict[str, tuple[float, float | None]]
    raised: str = ""
    precision: float = EPSILON

    def gradient(self, name: str) -> float:
        """Return the gradient of a name, 0 where there is none."""
        return self.numbers[name][1] or 0.0


class Subject:
    """A class of numbers; it lives in the child.

    Args:
        made: The class, or a function that makes one of its numbers of a float.
        names: What it calls its parts.
        ops: Which operations.
    """

    def __init__(self, made: Any, names: Terms, ops: Operations) -> None:
        if not callable(made):
            raise ValueError(f"a class of numbers is needed, but got {made!r}")
        self.make = made
        self.names = names
        self.name: str = getattr(made, "__name__", "Value")
        self.module = sys.modules.get(getattr(made, "__module__", ""), None)
        self.space: dict[str, Any] = dict(vars(self.module)) if self.module else {}
        self.space[self.name] = made
        self.given: dict[str, Any] = {**ops} if isinstance(ops, Mapping) else {}
        self.space.update(self.given)
        if callable(names.backward):
            self.space.setdefault("backward", names.backward)
            self.space["_backward_of_root"] = names.backward
        self.constructor, self.kind = self._construct()

    def answer(self, question: Any) -> object:
        """Answer ("look",), ("run", text, names) or ("slope", text, operands, which)."""
        what, *rest = question
        return getattr(self, what)(*rest)

    # A look.

    def _construct(self) -> tuple[str, type]:
        problem: Exception = TypeError()
        has_switch = "requires_grad" in [p.name for p in parameters(self.make)]
        for template in _CONSTRUCTORS:
            text = f"{self.name}({template})"
            if "requires_grad" in template and not has_switch:
                continue
            try:
                one = eval(text.format("0.5"), self.space)
            except Exception as error:
                problem = problem if problem.args else error
                continue
            try:
                if self._number(one, self.names.data) != 0.5:
                    raise ValueError(f"{self.name}(0.5).{self.names.data} is not 0.5")
            except AttributeError:
                raise self._lacks(one, "data", self.names.data, "holds the number") from None
            if has_switch:
                text = f"{self.name}({{}}, requires_grad=True)"
            return text, one.__class__
        raise ValueError(f"{self.name}(0.5) fails: {type(problem).__name__}: {problem}")

    def _backward(self) -> str:
        backward = self.names.backward
        if callable(backward):
            name = getattr(backward, "__name__", "")
            called = name if self.space.get(name) is backward else "_backward_of_root"
            return f"{called}({{}})"
        made = eval(self.constructor.format("0.5"), self.space)
        method = getattr(made, backward, None)
        if method is None:
            function = self.space.get(backward)
            if callable(function):
                return f"{backward}({{}})"
            has = [n for n in dir(made) if n[0] != "_" and callable(getattr(made, n, None))]
            raise ValueError(
                f"{self.name} has no method {backward!r}: it has {', '.join(has) or 'none'}; "
                "name the one that starts the pass, backward=..."
            )
        return f"{{}}.{backward}({'1.0' if required_arguments(method) else ''})"

    def look(self) -> Seen:
        """Find out what there is."""
        one = eval(self.constructor.format("0.5"), self.space)
        backward = self._backward()
        methods: list[str] = []
        for name in dir(one):
            hidden = name.startswith("_") and name.replace("__r", "__", 1) not in NAMED
            if hidden or name in DETACHED or not callable(getattr(one, name, None)):
                continue
            if name not in (self.names.data, self.names.grad):
                methods.append(name)
        home = getattr(self.make, "__module__", "")
        local = "<locals>" in getattr(self.make, "__qualname__", "<locals>")
        functions = [
            name
            for name in NAMED
            if inspect.isfunction(function := self.space.get(name)) and function.__module__ == home
        ]
        self._must_have_gradients(backward)
        zero = getattr(one, "zero_grad", None)
        return Seen(
            "" if local or home in ("__main__", "") else f"from {home} import {self.name}",
            self.constructor,
            backward,
            callable(zero) and not parameters(zero),
            tuple(methods),
            tuple(functions) if not self.given else tuple(self.given),
        )

    def _must_have_gradients(self, backward: str) -> None:
        space = dict(self.space)
        exec(f"y = {self.constructor.format('0.5')}", space)
        if not hasattr(space["y"], self.names.grad):
            with contextlib.suppress(Exception):
                exec(backward.format("y"), space)
        if not hasattr(space["y"], self.names.grad):
            raise self._lacks(space["y"], "grad", self.names.grad, "holds the gradient")

    def _lacks(self, made: object, option: str, name: str, does: str) -> ValueError:
        has = ", ".join([n for n in dir(made) if n[0] != "_"]) or "none"
        return ValueError(
            f"{self.name}(0.5) has no attribute {name!r}: it has {has}; name the one that {does}, "
            f"{option}=..."
        )

    # A program.

    def run(self, text: str, wanted: tuple[str, ...]) -> Ran:
        """Run a program and return what its names hold."""
        space = dict(self.space)
        try:
            exec(compile(text, "<program>", "exec"), space)
            numbers = {name: self._pair(space[name]) for name in wanted}
            held = [self._precision(space[name]) for name in wanted]
            return Ran(numbers, precision=max(held, default=EPSILON))
        except RecursionError:
            return Ran({}, "RecursionError: it calls itself without end")
        except BaseException as error:
            return Ran({}, f"{type(error).__name__}: {error}".rstrip(": ")[:200])

    def calls(self, text: str) -> tuple[str, ...]:
        """Return the methods of the class that a program calls: what an operation is built on."""
        called: dict[str, None] = {}
        own = {
            method.__code__: name
            for base in self.kind.__mro__
            for name, method in vars(base).items()
            if inspect.isfunction(method)
        }

        def note(frame: FrameType, event: str, _: object) -> None:
            if event == "call" and frame.f_code in own:
                called[own[frame.f_code]] = None

        sys.setprofile(note)
        try:
            self.run(text, ())
        finally:
            sys.setprofile(None)
        return tuple(called)

    def slope(self, text: str, xs: tuple[float, ...], which: int) -> tuple[float, float]:
        """Return the derivative of an operation from differences of its own numbers."""

        def along(t: float) -> float:
            operands = [x + t * (i == which) for i, x in enumerate(xs)]
            space = dict(self.space)
            made = [self.constructor.format(repr(x)) for x in operands]
            exec(f"y = {text.format(*made)}", space)
            return self._number(space["y"], self.names.data)

        try:
            return ridders(along, step=2.0**-6)
        except Exception:  # an operation without a name is checked where it has a value
            return float("nan"), float("inf")

    def _pair(self, x: object) -> tuple[float, float | None]:
        if not isinstance(x, self.kind):
            raise TypeError(f"the result is a {type(x).__name__}, not a {self.kind.__name__}")
        data = self._number(x, self.names.data)
        grad = getattr(x, self.names.grad, None)
        return data, None if grad is None else float(self._plain(grad))

    def _number(self, x: object, attribute: str) -> float:
        return float(self._plain(getattr(x, attribute)))

    def _precision(self, x: object) -> float:
        held = [self._plain(getattr(x, name, None)) for name in (self.names.data, self.names.grad)]
        return max(map(precision_of, held))

    def _plain(self, x: object) -> Any:
        if isinstance(x, self.kind if hasattr(self, "kind") else ()):
            x = getattr(x, self.names.data)
        if callable(x) and not hasattr(x, "__float__"):
            x = x()
        return x

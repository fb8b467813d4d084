"""Program: `compile` a function of one example, and call it on batches.

Values and arrays: `program(...)`, `value_and_grad` and `input_grad` read the parameters' Values
anew at every call. A training loop that updates the parameters itself stays *resident* instead:

```
program.push()                       # Values -> program.theta, once
for xb, tb in batches:
    loss = program.gradient(xb, tb)  # fills program.gtheta in place
    program.theta -= lr * program.gtheta
program.pull()                       # theta and gtheta -> the Values' data and grad
```

`theta` and `gtheta` are flat arrays, in the order of `program.parameters`. Both stay the same
objects as long as the program lives: change them in place.
"""

# NumPy arrays are Any here: numpy is imported inside the functions that use it.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false

from __future__ import annotations

import builtins
import itertools
import linecache
import math
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from html import escape
from typing import Any, Final, TypeAlias

from autograd_mini.backprop import adjoints
from autograd_mini.compiler import record as recording
from autograd_mini.compiler.plan import FORWARD, GRADIENT, INPUTS, Plan, plan
from autograd_mini.compiler.record import PARAMETER, VARYING, Shape
from autograd_mini.contexts import collector_paused
from autograd_mini.convert import number
from autograd_mini.errors import TraceError
from autograd_mini.graph import topological_order
from autograd_mini.ops import UNDEFINED
from autograd_mini.value import Value

__all__ = ["Program", "compile"]

Array: TypeAlias = Any

STATEMENTS: Final = 20_000  # more array operations than this do not pay
SCALAR_NODES: Final = 20_000  # the longest graph written out for a batch of one
KEPT: Final = 4  # workspaces of so many batch sizes are kept
REPLAYS: Final = 3  # other examples of the first batch that are evaluated eagerly
SUSPECTS: Final = 8  # examples that are replayed when a result is not finite
AGREEMENT: Final = 1e-6  # of the largest number compared: wrong programs differ by far more


def compile(
    f: Callable[..., Any], *example: Any, check: bool = True, float32: bool = False
) -> Program:
    """Return a NumPy program that computes `f` over a batch, with gradients.

    `f` takes one example, numbers or nested sequences of numbers, and returns one number, or a
    list of them for inference only. It is run on the example to record its operations. The
    Values that it closes over are the program's parameters; only they and the arguments vary
    later. What `f` adds that depends on parameters alone, such as a penalty, counts once, since
    the result is a mean.

    Args:
        f: A function of Values.
        example: One example, as `f` takes it.
        check: Evaluate other examples of the first batch eagerly, and compare.
        float32: Compute in single precision: less exact, less memory.

    Raises:
        TraceError: If `f` branches on a traced number, or if a number would be frozen into the
            program: from `.data`, from a random generator.

    Example:
        >>> from autograd_mini import Value, dot, tanh
        >>> w = [Value(0.5), Value(-1.0)]
        >>> program = compile(lambda x, t: (tanh(dot(w, x)) - t) ** 2, [1.0, 2.0], 0.0)
        >>> loss, gradients = program.value_and_grad([[1.0, 2.0], [0.0, 1.0]], [0.0, 1.0])
        >>> round(loss, 6)
        1.961254
    """
    with collector_paused():
        graph = recording.record(f, example)
        found = plan(graph)
    if len(found.groups) > STATEMENTS:
        raise TraceError(
            f"the {len(graph.ops)} operations of this function do not fall into arrays: the "
            f"program would have {len(found.groups)} statements, and {STATEMENTS} is the limit; "
            "run it eagerly"
        )
    return Program(f, example, found, check=check, float32=float32)


class Program:
    """A compiled function: `program(*batch)` is its value for every example.

    Attributes:
        parameters: The Values that the function closes over, in the order of `theta`.
        shapes: The shape of each argument for one example.

    Example:
        >>> from autograd_mini import Value, compile
        >>> w = Value(3.0, "w")
        >>> program = compile(lambda x: w * x * x, 1.0)
        >>> program([1.0, 2.0]).tolist()
        [3.0, 12.0]
        >>> program.value_and_grad([1.0, 2.0])  # d(mean)/dw = (1 + 4)/2
        (7.5, [2.5])
        >>> program.input_grad([1.0, 2.0])[0].tolist()
        [6.0, 12.0]
        >>> w.data = 1.0
        >>> program([1.0, 2.0]).tolist()
        [1.0, 4.0]
    """

    def __init__(
        self,
        f: Callable[..., Any],
        example: Sequence[Any],
        found: Plan,
        *,
        check: bool,
        float32: bool,
    ) -> None:
        import numpy as np

        graph = found.graph
        self.parameters: list[Value] = [graph.parameters[i] for i in found.parameters]
        self.dtype: Any = np.dtype(np.float32 if float32 else np.float64)
        self._theta: Array = np.array([p.data for p in self.parameters], self.dtype)
        self._gtheta: Array = np.zeros(len(self.parameters), self.dtype)
        self.shapes: list[Shape] = graph.shapes
        self._f = f
        self._example = example
        self._plan = found
        self._graph = graph
        self._unchecked = check
        self._traced_with = self._theta.tolist() if check else None
        self._lock = threading.RLock()
        self._texts: dict[tuple[str, bool], _Loaded] = {}
        self._bound: OrderedDict[tuple[str, int], Any] = OrderedDict()
        self._scalar_pays: bool | None = None
        self._quick: Callable[..., Any] | None = None  # value_and_grad() without arguments
        self._late: tuple[list[float], Sequence[float]] | None = None  # what it owes the arrays

    # Calls.

    def __call__(self, *batch: Any) -> Array:
        """Return the function's value for every example, `(B,)`, or `(B, k)` for a list of k."""
        with self._lock:
            self.push()
            columns, count = self._columns(batch)
            self._check(columns, count)
            result, guard = self._run(FORWARD, columns, count)
            if not self._is_finite(result) or not math.isfinite(guard):
                self._replay(columns, count, result)
        return result[:, 0].copy() if self._graph.scalar else result

    def value_and_grad(self, *batch: Any) -> tuple[float, list[float]]:
        """Return the mean over the batch, and its gradient for each of `parameters`.

        Raises:
            TypeError: If the function returns a list.
            DomainError: The eager error of the first example that has one.
        """
        with self._lock:
            if self._quick is not None and not batch:
                data = [p.data for p in self.parameters]
                if self._traced_with in (None, data):
                    try:
                        value, gradients = self._quick(data)
                    except UNDEFINED:  # the way below finds the words
                        value, gradients = math.nan, ()
                    if math.isfinite(value) and math.isfinite(sum(gradients)):
                        self._late = data, gradients
                        return value, list(gradients)
            self.push()
            value = self.gradient(*batch)
            if not self.shapes and self._prefers_scalar():
                self._quick = self._text(GRADIENT, scalar=True).function
            return value, self._gtheta.tolist()

    def gradient(self, *batch: Any) -> float:
        """Return the mean over the batch for the numbers in `theta`, and fill `gtheta`.

        This is the resident form of `value_and_grad`: no Value is read or written.
        """
        self._needs_a_number("gradient")
        with self._lock:
            self._settle()
            columns, count = self._columns(batch)
            self._check(columns, count)
            value, guard = self._run(GRADIENT, columns, count)
            gtheta = self._gtheta
            if not math.isfinite(value + guard) or not math.isfinite(gtheta.dot(gtheta)):
                self._replay(columns, count, None)
            return value

    def input_grad(self, *batch: Any) -> list[Array]:
        """Return each example's own gradient: one array per argument, shaped like the argument.

        Raises:
            TypeError: If the function returns a list.
        """
        self._needs_a_number("input_grad")
        with self._lock:
            self.push()
            columns, count = self._columns(batch)
            self._check(columns, count)
            result, guard = self._run(INPUTS, columns, count)
            if not math.isfinite(guard) or not all(map(self._is_finite, result)):
                self._replay(columns, count, None)
            return [g.reshape(count, *shape) for g, shape in zip(result, self.shapes, strict=True)]

    # Values and arrays.

    @property
    def theta(self) -> Array:
        """The parameters as one flat array, to be changed in place."""
        self._settle()
        return self._theta

    @theta.setter
    def theta(self, numbers: Array) -> None:
        self._settle()
        if numbers is not self._theta:  # `theta -= g` has changed it in place and comes here, too
            self._theta[:] = numbers  # the program's views are of this array

    @property
    def gtheta(self) -> Array:
        """The gradient that `gradient` left, in the order of `theta`."""
        self._settle()
        return self._gtheta

    @gtheta.setter
    def gtheta(self, numbers: Array) -> None:
        self._settle()
        if numbers is not self._gtheta:
            self._gtheta[:] = numbers

    def _settle(self) -> None:
        """Bring the arrays up to date with calls that did without them."""
        if self._late is not None:
            self._theta[:], self._gtheta[:] = self._late
            self._late = None

    def push(self) -> None:
        """Copy the parameters' data from the Values to `theta`."""
        self._settle()
        self._theta[:] = [p.data for p in self.parameters]

    def pull(self) -> None:
        """Copy `theta` and `gtheta` to the Values' data and grad."""
        gradients = self.gtheta.tolist()
        for p, data, gradient in zip(self.parameters, self.theta.tolist(), gradients, strict=True):
            p.data = data
            p.grad = gradient

    # What it is.

    @property
    def source(self) -> str:
        """The NumPy program as text: a module that needs nothing else, and that debuggers show.

        Its `bind(theta, gtheta, B)` returns a function for batches of `B` examples, which takes
        each argument with one column per example, returns the mean and fills `gtheta`. A text
        that calls a Python function of an operation you registered says so, and needs it.
        """
        purpose = GRADIENT if self._graph.scalar else FORWARD
        return self._text(purpose).text.source

    @property
    def groups(self) -> int:
        """How many array statements the forward pass has."""
        return len(self._plan.groups)

    @property
    def matrices(self) -> int:
        """How many of the groups are matrix products."""
        return self._plan.matrices

    @property
    def nodes(self) -> int:
        """How many scalar operations one example has."""
        return sum(kind in (VARYING, PARAMETER) for kind in self._graph.kinds) - len(
            self.parameters
        )

    def __str__(self) -> str:
        from autograd_mini.compiler.names import name_groups

        name_groups(self._plan)
        arguments = ", ".join(
            f"{name} {shape}" if shape else name
            for name, shape in zip(self._graph.names, self.shapes, strict=True)
        )
        head = (
            f"{getattr(self._f, '__name__', 'f').strip('<>')}({arguments}): {self.nodes} scalar "
            f"nodes in {self.groups} groups, {self.matrices} of them matrices; "
            f"{len(self.parameters)} parameters"
        )
        return "\n".join([head, *[f"  {line}" for line in str(self._plan).splitlines()]])

    def __repr__(self) -> str:
        return (
            f"<Program: {self.nodes} scalar nodes, {self.groups} groups, "
            f"{self.matrices} matrices, {len(self.parameters)} parameters>"
        )

    def _repr_html_(self) -> str:
        """Show summary and source in a notebook."""
        return f"<pre>{escape(str(self))}\n\n{escape(self.source)}</pre>"

    # Running.

    def _needs_a_number(self, name: str) -> None:
        if not self._graph.scalar:
            raise TypeError(
                f"{name} needs a function that returns one number, but this one returns a list "
                f"of {len(self._graph.roots)}: compile the loss, or call the program for values"
            )

    def _columns(self, batch: Sequence[Any]) -> tuple[list[Array], int]:
        """Return each argument as a matrix with one column per example, and their number."""
        import numpy as np

        shapes = self.shapes
        if len(batch) != len(shapes):
            names = ", ".join(self._graph.names)
            raise ValueError(
                f"the program takes {len(shapes)} arguments ({names}), but got {len(batch)}"
            )
        if not batch:
            return [], 1
        columns: list[Array] = []
        count = -1
        for k, (x, shape) in enumerate(zip(batch, shapes, strict=True)):
            array = x if type(x) is np.ndarray and x.dtype is self.dtype else self._converted(x)
            if array.ndim != len(shape) + 1 or array.shape[1:] != shape:
                raise ValueError(
                    f"argument {self._graph.names[k]!r} needs the shape (B, "
                    f"{''.join(f'{n}, ' for n in shape)}) for a batch of B examples, but got "
                    f"{array.shape}".replace(", )", ")" if shape else ",)")
                )
            if count not in (-1, len(array)):
                raise ValueError(
                    f"all arguments need as many examples: {self._graph.names[0]!r} has {count}, "
                    f"but {self._graph.names[k]!r} has {len(array)}"
                )
            count = len(array)
            columns.append(array.T if array.ndim == 2 else array.reshape(count, math.prod(shape)).T)
        if count == 0:
            raise ValueError("a batch needs at least one example, but got none")
        return columns, count

    def _converted(self, x: Any) -> Array:
        """Return an argument as an array of the program's precision."""
        import numpy as np

        array = np.asarray(x)
        if array.dtype.kind not in "biuf":  # objects; text and complex numbers are refused
            array = np.frompyfunc(_plain, 1, 1)(array.astype(object))
        return np.asarray(array, self.dtype)

    def _run(self, purpose: str, columns: list[Array], count: int) -> tuple[Any, float]:
        """Run one of the texts; return its result and a number that is finite if all is well."""
        import numpy as np

        if count == 1 and self._prefers_scalar():
            try:
                return self._run_scalar(purpose, columns), 0.0
            except UNDEFINED:
                self._replay(columns, count, None)  # raises what the user should see, if anything
        function, guarded = self._function(purpose, count)
        try:
            with np.errstate(all="ignore"):
                result = function(*columns)
        except UNDEFINED:
            self._replay(columns, count, None)
            raise
        result, guard = result if guarded else (result, 0.0)
        if purpose == FORWARD:
            result = np.ascontiguousarray(result.T)
        elif purpose == INPUTS:
            result = [g.T.copy() for g in result]
        return result, float(guard)

    def _run_scalar(self, purpose: str, columns: list[Array]) -> Any:
        import numpy as np

        function = self._text(purpose, scalar=True).function
        arguments = [
            x[0, 0].item() if shape == () else x[:, 0].tolist()
            for x, shape in zip(columns, self.shapes, strict=True)
        ]
        result = function(self._theta.tolist(), *arguments)
        if purpose == FORWARD:
            return np.array([result], self.dtype)
        value, gradients = result
        if purpose == GRADIENT:
            self._gtheta[:] = gradients
            return float(value)
        found: list[Array] = []
        lo = 0
        for x in columns:
            found.append(np.array([gradients[lo : lo + len(x)]], self.dtype))
            lo += len(x)
        return found

    def _prefers_scalar(self) -> bool:
        """Say whether plain floats beat arrays for one example, by counting operations."""
        pays = self._scalar_pays
        if pays is None:
            graph = self._graph
            work = len(graph.ops) + self._plan.multiplications
            pays = self._scalar_pays = (
                self.dtype.itemsize == 8
                and len(graph.ops) <= SCALAR_NODES
                and work <= 25 * max(len(self._plan.groups), 4)
            )
        return pays

    def _function(self, purpose: str, count: int) -> tuple[Callable[..., Any], bool]:
        """Return the function for a batch size, with its workspace."""
        key = (purpose, count)
        loaded = self._text(purpose)
        if key in self._bound:
            self._bound.move_to_end(key)
        else:
            self._bound[key] = loaded.function(self._theta, self._gtheta, count)
            if len(self._bound) > KEPT:
                self._bound.popitem(last=False)
        return self._bound[key], loaded.text.guarded

    def _text(self, purpose: str, *, scalar: bool = False) -> _Loaded:
        key = (purpose, scalar)
        if key not in self._texts:
            from autograd_mini.compiler.emit import emit

            with collector_paused():
                text = emit(self._plan, purpose, "python" if scalar else "numpy")
            self._texts[key] = _Loaded(self, text, purpose if scalar else "bind")
        return self._texts[key]

    # Safety.

    def _is_finite(self, result: Array) -> bool:
        import numpy as np

        with np.errstate(all="ignore"):
            return math.isfinite(np.add.reduce(result, axis=None))

    def _example_at(self, columns: list[Array], n: int) -> list[Any]:
        return [
            x[:, n].reshape(shape).tolist() if shape else float(x[0, n])
            for x, shape in zip(columns, self.shapes, strict=True)
        ]

    def _replay(self, columns: list[Array], count: int, result: Array | None) -> None:
        """Evaluate suspicious examples eagerly, so that the user gets the eager error."""
        import numpy as np

        suspects = np.arange(count)
        if result is None and self._graph.scalar and count > 1:
            with np.errstate(all="ignore"):
                function, guarded = self._function(FORWARD, count)
                values = function(*columns)
            result = (values[0] if guarded else values).T
        if result is not None:
            bad = ~np.isfinite(result).all(axis=1)
            suspects = np.concatenate([suspects[bad], suspects[~bad]])
        with self._with_theta():
            for n in suspects[:SUSPECTS].tolist():
                results, _ = recording.eager(self._f, self._example_at(columns, n))
                if self._graph.scalar:
                    adjoints(results[0])

    def _with_theta(self) -> _Parameters:
        return _Parameters(self.parameters, self.theta.tolist())

    def _check(self, columns: list[Array], count: int) -> None:
        """Once: compare with the eager engine on other examples; again after the first update."""
        if self._unchecked and count > 1:
            self._unchecked = False
            self._compare(columns, count)
        if self._traced_with is not None and self._traced_with != self._theta.tolist():
            self._traced_with = None
            with self._with_theta():
                recording.record_again(self._f, self._example, self._graph)

    def _compare(self, columns: list[Array], count: int) -> None:
        import numpy as np

        others: list[int] = []
        apart = (count - 1, 0, count // 2)  # neighbours are alike in a table that is sorted
        for n in dict.fromkeys(itertools.chain(apart, range(count))):
            if self._example_at(columns, n) != [_listed(x) for x in self._example]:
                others.append(n)
            if len(others) == REPLAYS:
                break
        if not others:
            return
        gtheta = self.gtheta.copy()
        with self._with_theta(), collector_paused():
            recording.record_again(self._f, self._example_at(columns, others[0]), self._graph)
            for n in others:
                one = [np.ascontiguousarray(x[:, n : n + 1]) for x in columns]
                example = self._example_at(columns, n)
                results, _ = recording.eager(self._f, example)
                values, _ = self._run(FORWARD, one, 1)
                expected = [y.data for y in results]
                unlike = self._unlike(expected, values[0].tolist())
                if unlike:
                    raise _disagreement("value", unlike, example)
                if not self._graph.scalar:
                    continue
                slopes = adjoints(results[0])
                self._run(GRADIENT, one, 1)
                wanted = [float(slopes.get(p, 0.0)) for p in self.parameters]
                unlike = self._unlike(wanted, self.gtheta.tolist())
                if unlike and not _near_kink(results[0]):
                    raise _disagreement("gradient", unlike, example)
        self.gtheta[:] = gtheta

    def _unlike(self, expected: list[float], got: list[float]) -> tuple[float, float] | None:
        """Return the first two numbers that differ by more than rounding."""
        numbers = [abs(x) for x in (*expected, *got) if math.isfinite(x)]
        slack = (AGREEMENT if self.dtype.itemsize == 8 else 1e-2) * max(numbers, default=0.0)
        for x, y in zip(expected, got, strict=True):
            if x != y and math.isfinite(x) and not abs(x - y) <= slack:
                return x, y
        return None


def _disagreement(what: str, unlike: tuple[float, float], example: list[Any]) -> TraceError:
    x, y = unlike
    return TraceError(
        f"the compiled {what} is {y!r}, but running the function on the example "
        f"{_short(example)} gives {x!r}: the function does not do the same operations "
        "for every example; choose with where() instead of if, and keep numbers "
        "Values (not .data); check=False skips this test"
    )


def _plain(x: Any) -> float:
    return x.data if isinstance(x, Value) else number(x)


_forgotten: list[str] = []


class _Loaded:
    """A text that has been run, and registered where debuggers look for lines."""

    def __init__(self, program: Program, text: Any, name: str) -> None:
        self.text = text
        filename = f"<autograd_mini program {next(_numbers)}>"
        lines = text.source.splitlines(keepends=True)
        while _forgotten:
            linecache.cache.pop(_forgotten.pop(), None)
        linecache.cache[filename] = (len(text.source), None, lines, filename)
        # A program may be collected while linecache goes through its own cache: the lines of
        # one that is gone are dropped when the next is registered.
        weakref.finalize(program, _forgotten.append, filename)
        exec(_compile(text.source, filename, "exec"), text.namespace)
        self.function: Callable[..., Any] = text.namespace[name]


class _Parameters:
    """A block in which the Values hold the program's numbers."""

    def __init__(self, parameters: list[Value], data: list[float]) -> None:
        self.parameters = parameters
        self.inside = data

    def __enter__(self) -> None:
        self.outside = [p.data for p in self.parameters]
        self._set(self.inside)

    def __exit__(self, *exception: object) -> None:
        self._set(self.outside)

    def _set(self, data: list[float]) -> None:
        for p, x in zip(self.parameters, data, strict=True):
            p.data = x


_numbers: Final = itertools.count(1)
_compile: Final = builtins.compile


def _listed(x: Any) -> Any:
    return [_listed(row) for row in x] if hasattr(x, "__len__") else float(x)


def _short(example: list[Any]) -> str:
    text = repr(example)
    return text if len(text) < 80 else f"{text[:76]}...]"


def _near_kink(root: Value) -> bool:
    """Say whether rounding alone may decide a slope."""
    for node in topological_order(root):
        op = node.op
        if op is not None and op.kinks:
            xs = [x.data for x in node.inputs]
            size = 1e-9 * max(1.0, *[abs(x) for x in xs])
            for kink in op.kinks:
                distance = kink(*xs) if callable(kink) else xs[0] - kink
                if not abs(distance) > size:
                    return True
    return False

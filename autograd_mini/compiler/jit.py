"""Jit: a program for each shape of arguments, made when the shape first comes, on one vector."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from autograd_mini import contexts
from autograd_mini.compiler.calls import Shape, plain, shape_of
from autograd_mini.compiler.compiling import program_of
from autograd_mini.compiler.intake import examples_of
from autograd_mini.compiler.parameters import OnArray, ParameterList
from autograd_mini.compiler.program import Program
from autograd_mini.compiler.record import PARAMETER, Graph, record
from autograd_mini.compiler.recorded import refuse
from autograd_mini.contexts import collector_paused
from autograd_mini.nested import is_nested, mapped
from autograd_mini.value import Value

Shapes: TypeAlias = tuple[Shape, ...]
_NUMBERS: Final = frozenset({int, float})
_NO_EXAMPLES: Final = frozenset({(), (0,)})  # as an array's first axis
PROGRAMS: Final = 99  # a function with more shapes than this was hardly meant to have them


class jit(OnArray):
    """A compiled function of arguments of any shape: `jit(f)(*batch)` has a value an example.

    It is `compile` without an example. Examples of one shape make a program, when they first
    come; a batch of unequal examples is grouped by shape. All programs read one flat vector of
    parameters, so that an optimizer made with `parameters` moves them all; the parameters that a
    shape does not reach have gradient 0 there.

    Args:
        f: A function of one example, numbers or nested lists of them.
        parameters: The Values that `f` may read. Without them they are found as shapes come.
            Those of another program or jit stay on its vector.
        float32: Compute in single precision.

    Attributes:
        parameters: The Values, in the order of `theta`.
        programs: The program of each tuple of arguments' shapes.

    Example:
        >>> from autograd_mini import Value, dot
        >>> w = [Value(1.0), Value(2.0), Value(3.0)]
        >>> f = jit(lambda x: dot(w[: len(x)], x))
        >>> f([[1.0, 1.0, 1.0], [1.0]]).tolist()
        [6.0, 1.0]
        >>> f.value_and_grad([[1.0, 1.0, 1.0], [1.0]])
        (3.5, [1.0, 0.5, 0.5])
        >>> sorted(f.programs)
        [((1,),), ((3,),)]
    """

    def __init__(
        self,
        f: Callable[..., Any],
        *,
        parameters: Iterable[Value] | None = None,
        float32: bool = False,
    ) -> None:
        import numpy as np

        self._f = f
        self._dtype: Any = np.dtype(np.float32 if float32 else np.float64)
        self._array: Any = np.ndarray
        self._is_complete = parameters is not None
        self._has_order = isinstance(parameters, ParameterList)
        if not callable(f):
            raise TypeError(f"jit takes a function of one example, but got {f!r}")
        values = _checked_leaves(() if parameters is None else parameters)
        self._lock = threading.RLock()
        self._seconds: dict[Shapes, float] = {}
        self.parameters = ParameterList.of(values, self._dtype)
        self.programs: dict[Shapes, Program] = {}

    # Calls.

    def __call__(self, *batch: Any) -> Any:
        """Return the function's value for every example, `(B,)`, or `(B, k)` for a list of k.

        Raises:
            ValueError: If lists of several lengths come out.
        """
        import numpy as np

        parts = self._by_shape(batch)
        found = [program(*part) for program, part, _ in parts]
        if len(parts) == 1:
            return found[0]
        widths = {values.shape[1:] for values in found}
        if len(widths) > 1:
            raise ValueError(
                f"the function returns lists of several lengths, {sorted(widths)}, for these "
                "examples: call it with those of one shape at a time"
            )
        count = sum(len(rows) for _, _, rows in parts)
        result = np.empty((count, *widths.pop()), self._dtype)
        for values, (_, _, rows) in zip(found, parts, strict=True):
            result[rows] = values
        return result

    def value_and_grad(self, *batch: Any) -> tuple[float, list[float]]:
        """Return the mean over the batch, and its gradient for each of `parameters`."""
        with self._lock:
            self.parameters.store.refresh()
            for program in self.programs.values():
                program.follow()
            value = self.gradient(*batch)
            self.parameters.store.left_gradient()
            self.parameters.store.sync()  # what is written to Values from here on is read
            return value, self.gtheta.tolist()

    def gradient(self, *batch: Any) -> float:
        """Return the mean over the batch for the numbers in `theta`, and fill `gtheta`."""
        with self._lock:
            parts = self._by_shape(batch)
            if len(parts) == 1:
                program, part, _ = parts[0]
                return self._gradient(program, part)
            count = sum(len(rows) for _, _, rows in parts)
            mean, total = 0.0, 0.0
            for program, part, rows in parts:
                mean += self._gradient(program, part) * (len(rows) / count)
                total = total + self.gtheta * (len(rows) / count)
            self.gtheta[:] = total
            return mean

    def _gradient(self, program: Program, part: Sequence[Any]) -> float:
        """Return a program's mean; parameters that came later have gradient 0 in it."""
        mean, reached = program.gradient(*part), len(program.parameters)
        if reached < len(self.parameters):
            self.gtheta[reached:] = 0.0
        return mean

    def input_grad(self, *batch: Any, wrt: Any = None) -> Any:
        """Return each example's own gradient, as `Program.input_grad` does.

        Raises:
            ValueError: If the examples have several shapes.
        """
        parts = self._by_shape(batch)
        if len(parts) > 1:
            raise ValueError(
                f"input_grad needs examples of one shape, but got {len(parts)} shapes: call it "
                "with those of one shape at a time"
            )
        program, part, _ = parts[0]
        return program.input_grad(*part, wrt=wrt)

    # Shapes.

    def _by_shape(self, batch: Sequence[Any]) -> list[tuple[Program, Sequence[Any], Sequence[int]]]:
        """Return the programs of a batch, each with its examples and their places."""
        if contexts.state.tracing:
            refuse(None, "a compiled program")
        # One example in lists is common, and arrays are: their program is found at once.
        kinds = {*map(type, batch)}
        if kinds == {list} and {*map(len, batch)} == {1}:
            program = self.programs.get(tuple([_shape(x[0]) for x in batch]))
            if program is not None:
                return [(program, batch, (0,))]
        if kinds == {self._array} and {x.dtype for x in batch} == {self._dtype}:
            program = self.programs.get(tuple([x.shape[1:] for x in batch]))
            counts = {x.shape[:1] for x in batch}
            if program is not None and len(counts) == 1 and counts.isdisjoint(_NO_EXAMPLES):
                return [(program, batch, range(*counts.pop()))]
        batch = list(map(examples_of, batch))
        lengths = {len(x) for x in batch}
        if len(lengths) > 1:
            raise ValueError(
                f"all arguments need as many examples, but got {[len(x) for x in batch]}"
            )
        if lengths == {0}:
            raise ValueError("a batch needs at least one example, but got none")
        rows: dict[Shapes, Any] = {}  # the examples of each
        if all(hasattr(x, "dtype") and x.dtype.kind in "biuf" for x in batch):
            rows[tuple(tuple(x.shape[1:]) for x in batch)] = range(*lengths or (1,))
        else:
            for n in range(*lengths):
                rows.setdefault(tuple([_shape(x[n]) for x in batch]), []).append(n)
        self._make(batch, rows)
        if len(rows) == 1:
            return [(self.programs[shapes], batch, chosen) for shapes, chosen in rows.items()]
        return [
            (self.programs[shapes], [[x[n] for n in chosen] for x in batch], chosen)
            for shapes, chosen in rows.items()
        ]

    def _make(self, batch: Sequence[Any], rows: Mapping[Shapes, Sequence[int]]) -> None:
        """Make the programs of shapes that have none; nothing is changed if one cannot be made."""
        if rows.keys() <= self.programs.keys():
            return
        with self._lock:
            fresh = [shapes for shapes in rows if shapes not in self.programs]
            if len(self.programs) + len(fresh) > PROGRAMS:
                raise ValueError(
                    f"{len(self.programs)} shapes of arguments have a program already, and this "
                    f"batch has {len(fresh)} more, such as {fresh[-1]}, where {PROGRAMS} is the "
                    "limit: give fewer shapes, by cutting or padding the examples, or make "
                    "another jit for others"
                )
            self.parameters.store.sync()
            values, has_order = list(self.parameters), self._has_order
            made: dict[Shapes, tuple[Program, float]] = {}
            for shapes in fresh:
                start = time.perf_counter()
                example = [mapped(plain, _as_list(x[rows[shapes][0]])) for x in batch]
                program = self._made(example, values, has_order)
                made[shapes] = program, time.perf_counter() - start
                values, has_order = list(program.parameters), True
            for shapes, (program, seconds) in made.items():
                self._adopt(program)
                self.programs[shapes], self._seconds[shapes] = program, seconds
            self.parameters.store.sync()  # it may be one that was there before, and not looked at

    def _made(self, example: Sequence[Any], values: Sequence[Value], has_order: bool) -> Program:
        """Return a program of these parameters, and of those that are found now."""
        with collector_paused():
            graph = record(self._f, example)
        known = set(values)
        found = [p for p in graph.parameters.values() if p not in known]
        _lay_out(graph, [*values, *([] if self._is_complete else found)])
        if not has_order:  # the first program says how its matrices lie best
            graph.layout = []
        return program_of(self._f, example, graph, float32=self._dtype.itemsize == 4)

    def _adopt(self, program: Program) -> None:
        """Put a program on the vector of all, or all on one that holds its parameters, too."""
        ours = self.parameters
        if self._has_order and len(program.parameters) == len(ours):
            program.move(ParameterList(program.parameters, ours.store, ours.start))
            return
        self._has_order = True
        found = ParameterList.of(program.parameters, self._dtype)
        ours[:] = program.parameters  # optimizers hold this list
        ours.store, ours.start = found.store, found.start
        for other in (program, *self.programs.values()):
            other.move(ParameterList(other.parameters, found.store, found.start))

    def __repr__(self) -> str:
        name = getattr(self._f, "__name__", "f").strip("<>")
        return f"<jit of {name}: {len(self.programs)} programs, {len(self.parameters)} parameters>"

    def __str__(self) -> str:
        lines = [repr(self).strip("<>")]
        for shapes, program in self.programs.items():
            seconds = self._seconds[shapes]
            lines.append(f"  {', '.join(map(str, shapes))}: {program!r}, made in {seconds:.2f} s")
        return "\n".join(lines)


def _lay_out(graph: Graph, parameters: Sequence[Value]) -> None:
    """Give a graph exactly these parameters, in this order; those it does not read are leaves.

    Raises:
        ValueError: If the graph reads a parameter that is not among them.
    """
    ids = {p: i for i, p in graph.parameters.items()}
    given = set(parameters)
    missing = [p for p in ids if p not in given]
    if missing:
        names = ", ".join([p.label or repr(p.data) for p in missing[:5]])
        raise ValueError(
            f"the function reads {len(missing)} Values that are not among the {len(parameters)} "
            f"parameters it was given ({names}): list them, too, or compute with their numbers"
        )
    for p in parameters:
        if p not in ids:
            ids[p] = graph.add(None, (), PARAMETER, p.data, p.label)
            graph.parameters[ids[p]] = p
            graph.unread.add(ids[p])
    graph.layout = [ids[p] for p in parameters]


def _shape(x: Any) -> Shape:
    row: list[Any] = x
    if type(x) is list and {*map(type, row)} <= _NUMBERS:
        return (len(row),)
    return shape_of(_as_list(x))


def _as_list(x: Any) -> Any:
    return x.tolist() if hasattr(x, "tolist") else list(x) if is_nested(x) else x


def _checked_leaves(parameters: Any) -> list[Value]:
    """Return what is given as parameters: different leaves.

    Raises:
        TypeError: If something else is among them.
        ValueError: If one was computed, or comes twice.
    """
    if not hasattr(parameters, "__iter__"):
        raise TypeError(f"parameters are a list of Values, but got {parameters!r}")
    values: list[Any] = list(parameters)
    for p in values:
        if not isinstance(p, Value):
            raise TypeError(f"parameters are Values, but got {p!r}")
        if not p.is_leaf:
            raise ValueError(f"a parameter is a leaf, but {p!r} was computed")
    if len(set(map(id, values))) < len(values):
        raise ValueError("a parameter comes twice: list each Value once")
    return values

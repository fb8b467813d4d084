"""Program: a compiled function of one example, called on batches.

Values and arrays: a program's numbers stand in one flat array, `theta`, which it shares with all
programs and optimizers over the same Values. What is written to a Value counts at the next call
of `program(...)`, `value_and_grad` or `input_grad`. After a step of an optimizer the Values follow
the array when one is looked at; what else is done to the array is written to them by `pull()`:

```
for xb, tb in batches:
    loss = program.gradient(xb, tb)  # fills program.gtheta in place
    program.theta -= lr * program.gtheta
program.pull()                       # theta and gtheta -> the Values' data and grad
```

`theta` and `gtheta` are in the order of `program.parameters`. Change them in place.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from html import escape
from typing import Any

from autograd_mini import contexts, ops
from autograd_mini.compiler import intake, replay
from autograd_mini.compiler.calls import Shape
from autograd_mini.compiler.check import Check, TextKey
from autograd_mini.compiler.intake import Array
from autograd_mini.compiler.load import Texts
from autograd_mini.compiler.machine import Machine
from autograd_mini.compiler.parameters import OnArray, ParameterList, Within
from autograd_mini.compiler.plan import FORWARD, GRADIENT, INPUTS, Plan
from autograd_mini.compiler.ready import Ready, keep, ready_for
from autograd_mini.compiler.record import PARAMETER, VARYING, record_if_changed
from autograd_mini.compiler.recorded import refuse
from autograd_mini.errors import TraceError
from autograd_mini.ops import UNDEFINED


class Program(OnArray):
    """A compiled function: `program(*batch)` is its value for every example.

    Attributes:
        parameters: The Values that the function closes over, in the order of `theta`.
        shapes: The shape of each argument for one example.
        has_text_of_one: Whether a batch of one example runs a text of its own, in plain floats.
        is_finite: Whether the last mean, its gradient, and the squares of that were finite.

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

        graph = found.recorded
        self.dtype: Any = np.dtype(np.float32 if float32 else np.float64)
        values = [graph.parameters[i] for i in found.parameters]
        self.shapes: list[Shape] = graph.shapes
        self._f = f
        self._plan = found
        self._graph = graph
        self._check = Check(f, example, graph, values, single=float32) if check else None
        unread = graph.unread
        places = [k for k, i in enumerate(found.parameters) if i in unread] if unread else []
        self._unread: Any = np.array(places, np.intp)
        self.has_text_of_one = self.dtype.itemsize == 8 and found.suits_floats
        self._takes = ops.TAKE in graph.ops
        self._quick: Callable[..., Any] | None = None  # gradients without arguments
        self._ready: dict[int, Ready] = {}  # by the size of the batches
        self.is_finite = True
        self._machine = Machine(found)
        self.parameters = ParameterList.of(values, self.dtype)
        self._texts = Texts(found, *self._arrays())

    def _arrays(self) -> tuple[Array, Array]:
        store, mine = self.parameters.store, self.parameters.slice
        return mine(store.array), mine(store.gtheta)

    def move(self, parameters: ParameterList) -> None:
        """Use other arrays, which hold the same Values in the same order."""
        self.parameters = parameters
        self._texts.move(*self._arrays())
        self._machine.move(*self._arrays())
        self._ready.clear()

    # Calls.

    def __call__(self, *batch: Any) -> Array:
        """Return the function's value for every example: `(B,)`, or `(B, k)` for a list of k.

        Rows of numbers, as a Hessian's, give `(B, rows, columns)`.
        """
        with self.parameters.store.lock:
            self.parameters.store.refresh()
            return self._values(batch)

    def evaluate(self, *batch: Any) -> Array:
        """Return what a call of the program returns, for the numbers in `theta`.

        This is the resident form of a call, as `gradient` is that of `value_and_grad`.
        """
        with self.parameters.store.lock:
            self.parameters.store.resident()
            return self._values(batch)

    def _values(self, batch: Sequence[Any]) -> Array:
        result = self._by_machine(FORWARD, batch)
        if result is None:
            columns, count = self._taken_in(batch)
            result, guard = self._checked(FORWARD, batch, columns, count)
            if not intake.all_finite(result) or not math.isfinite(guard):
                self._replay(columns, count, result, FORWARD)
        shape = self._graph.shape
        return result.reshape(len(result), *shape) if len(shape) != 1 else result

    def value_and_grad(self, *batch: Any) -> tuple[float, list[float]]:
        """Return the mean over the batch, and its gradient for each of `parameters`.

        Raises:
            TypeError: If the function returns a list.
            DomainError: The eager error of the first example that has one.
        """
        parameters = self.parameters
        store = parameters.store
        with store.lock:
            quick = None if batch or store.may_have_moved else self._quick
            if quick is not None and self._graph.around.is_same():
                found = _by_floats(quick, [p.data for p in parameters])
                if found is not None:
                    value, gradients = found
                    store.owe(parameters.start, gradients)
                    return value, list(gradients)
            store.refresh()
            return self._gradient(batch), self.gtheta.tolist()

    def gradient(self, *batch: Any) -> float:
        """Return the mean over the batch for the numbers in `theta`, and fill `gtheta`.

        This is the resident form of `value_and_grad`: no Value is written, and what was
        written to Values is read once after they were last brought up to date.
        """
        parameters = self.parameters
        store = parameters.store
        with store.lock:
            theta = store.resident()
            quick = None if batch or self._machine.codes else self._quick
            if quick is not None and self._graph.around.is_same(resident=True):
                found = _by_floats(quick, parameters.slice(theta).tolist())
                if found is not None:
                    value, gradients = found
                    self.gtheta[:] = gradients
                    self.is_finite = True
                    store.left_gradient(seen=store.has_gradient)
                    return value
            return self._gradient(batch, resident=True)

    def _gradient(self, batch: Sequence[Any], *, resident: bool = False) -> float:
        store = self.parameters.store
        _ = store.gtheta  # what is owed to it comes first
        machine = self._machine
        found = self._by_machine(GRADIENT, batch, resident=resident) if machine.codes else None
        if found is None and resident and (ready := ready_for(self._ready, batch)):
            found = ready.gradient(batch)
            if found is not None and machine.counts:
                machine.note_call(GRADIENT, ready.count, batch, self._run_flat, self._arrays)
        if found is not None:
            self.is_finite = True
            store.left_gradient(seen=resident and store.has_gradient)
            return found
        self._needs_a_number("gradient")
        columns, count = self._taken_in(batch, resident=resident)
        value, guard = self._checked(GRADIENT, batch, columns, count)
        self.is_finite = math.isfinite(value + guard)
        if not self.is_finite:
            import numpy as np

            self._replay(columns, count, np.array([[value]]) if count == 1 else None, GRADIENT)
            self._set_right(columns, count)
            if self._takes and not intake.all_finite(self.gtheta):
                self._compare_slopes(GRADIENT, columns, self._own_slopes(columns))
        elif not self.shapes and self.has_text_of_one:
            self._quick = self._texts.loaded(GRADIENT, in_floats=True).function
        elif resident and (self._is_compared if count > 1 else not self.has_text_of_one):
            around = self._graph.around
            ready = Ready(self._texts, count, self.gtheta, self._unread, around, self._check)
            keep(self._ready, ready)
        store.left_gradient(seen=resident and store.has_gradient)
        return value

    def input_grad(self, *batch: Any, wrt: int | str | Sequence[int | str] | None = None) -> Any:
        """Return each example's own gradient: one array per argument, shaped like the argument.

        Args:
            batch: One array for each argument.
            wrt: The argument, by its name or number, whose gradient alone is computed and
                returned; or a list of them. None means all.

        Raises:
            TypeError: If the function returns a list.
            ValueError: If no argument has that name or number.
        """
        self._needs_a_number("input_grad")
        chosen = None if wrt is None else intake.asked_for(wrt, self._graph.names)
        with self.parameters.store.lock:
            self.parameters.store.refresh()
            result = self._by_machine(INPUTS, batch)
            if result is None:
                columns, count = self._taken_in(batch)
                result, guard = self._checked(INPUTS, batch, columns, count, chosen)
                if not math.isfinite(guard) or not all(map(intake.all_finite, result)):
                    self._replay(columns, count, None, INPUTS)
                    if self._takes:
                        self._compare_slopes(INPUTS, columns, zip(*result, strict=True))
        found = [g.reshape(len(g), *shape) for g, shape in zip(result, self.shapes, strict=True)]
        if chosen is None:
            return found
        return found[chosen[0]] if intake.is_one(wrt) else [found[k] for k in chosen]

    # The text, and machine code.

    def to_machine_code(self, *batch: Any, update: Any = None) -> Any:
        """Let the program run as machine code for batches of this one's size.

        Other batches, what is not finite, and all that somebody watches in a debugger run in
        NumPy. Arrays of the program's precision are taken as they are, other numbers turned into
        such. Without being told, a program becomes machine code once it has been called some
        thousand times, where llvmlite is there.

        Args:
            batch: One array for each argument, on which both are compared.
            update: An optimizer's step, a `native.Update`, to be made in one call.

        Returns:
            The machine code.

        Raises:
            TypeError: If the function returns a list.
            TraceError: If there is no llvmlite or no native form, or the numbers differ.
        """
        self._needs_a_number("to_machine_code")
        with self.parameters.store.lock:
            self.parameters.store.resident()
            return self._machine.asked(batch, self._run_flat, self._arrays(), update)

    def trust(self) -> None:
        """Compare no further text with the function: its user does that, or has done it."""
        self._check = None

    def is_current(self, *, resident: bool = True) -> bool:
        """Return whether what the function reads is as it was; see `Surroundings.is_same`."""
        return self._graph.around.is_same(resident=resident)

    def follow(self) -> None:
        """Raise TraceError if what the function reads beside its arguments would change it."""
        record_if_changed(self._f, self._graph)

    def stay(self) -> None:
        """Become machine code when told to, and not by being called often."""
        self._machine.counts = False

    # What it is.

    @property
    def source(self) -> str:
        """The NumPy program as text: a module that needs nothing else, and that debuggers show.

        Its `bind(theta, gtheta, B)` returns a function for batches of `B` examples, which takes
        each argument with one column per example, returns the mean and fills `gtheta`. A text
        that calls a Python function of an operation you registered says so, and needs it.
        """
        purpose = GRADIENT if self._graph.scalar else FORWARD
        return self._texts.loaded(purpose).text.source

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
        count = self._graph.kinds.count
        return count(VARYING) + count(PARAMETER) - len(self.parameters)

    def __str__(self) -> str:
        from autograd_mini.compiler.names import summary

        return summary(self, getattr(self._f, "__name__", "f"), self._plan)

    def __repr__(self) -> str:
        return (
            f"<Program: {self.nodes} scalar nodes, {self.groups} groups, "
            f"{self.matrices} matrices, {len(self.parameters)} parameters>"
        )

    def _repr_html_(self) -> str:
        """Show summary and source in a notebook."""
        return f"<pre>{escape(str(self))}\n\n{escape(self.source)}</pre>"

    # Running.

    def _by_machine(self, purpose: str, batch: Sequence[Any], *, resident: bool = False) -> Any:
        """Return what machine code gives, or None; examples yet to be compared wait for NumPy."""
        if purpose not in self._machine.codes or not self._is_compared:
            return None
        is_same = self._graph.around.is_same(resident=resident)
        return self._machine.run(purpose, batch) if is_same else None

    @property
    def _is_compared(self) -> bool:
        return self._check is None or self._check.is_done

    def _run_flat(self, purpose: str, *batch: Any) -> Array:
        """Return all that a text gives for a batch as one array, nan where its guard is."""
        import numpy as np

        columns, count = self._taken_in(batch)
        result, guard = self._run(purpose, columns, count)
        parts = {GRADIENT: [self.gtheta, result], FORWARD: [result], INPUTS: result}[purpose]
        return np.concatenate([np.ravel(x) for x in parts]) + guard * 0.0

    def _needs_a_number(self, name: str) -> None:
        if not self._graph.scalar:
            raise TypeError(
                f"{name} needs a function that returns one number, but this one returns a list "
                f"of {len(self._graph.roots)}: compile the loss, or call the program for values"
            )

    def _taken_in(self, batch: Sequence[Any], *, resident: bool = False) -> tuple[list[Array], int]:
        if contexts.state.tracing:
            refuse(None, "a compiled program")
        record_if_changed(self._f, self._graph, resident=resident)
        return intake.columns_of(batch, self._graph.names, self.shapes, self.dtype)

    def _checked(
        self,
        purpose: str,
        batch: Sequence[Any],
        columns: list[Array],
        count: int,
        wrt: tuple[int, ...] | None = None,
    ) -> tuple[Any, float]:
        """Run a text that has been compared with the function, or is compared now."""
        check = self._check
        if check is not None:
            fresh = check.choose(batch, columns)
            text = TextKey(purpose, count == 1 and self.has_text_of_one, wrt)
            if check.is_due(text, count, fresh):
                self._compare(check, text, count, fresh)
            found = self._machine.run(purpose, batch)
            if found is not None:
                return found, 0.0
        found = self._run(purpose, columns, count, wrt)
        if count > 1 or not self.has_text_of_one:  # what runs in plain floats has nothing to gain
            self._machine.note_call(purpose, count, batch, self._run_flat, self._arrays)
        return found

    def _compare(self, check: Check, text: TextKey, count: int, fresh: int) -> None:
        purpose, _, wrt = text
        theta, gtheta = self._arrays()
        numbers, gradients = theta.copy(), gtheta.copy()

        def run(examples: list[Any], moved: Array) -> Any:
            theta[:] = moved
            if self.shapes:
                batch, _ = self._taken_in([list(x) for x in zip(*examples, strict=True)])
            else:
                batch = []
            result, _ = self._run(purpose, batch, count, wrt)
            if purpose == GRADIENT:
                self._set_right(batch, count)
                return result, gtheta
            if purpose == INPUTS:
                import numpy as np

                rows = [g.reshape(count, -1) for g in intake.selected(result, wrt)]
                return np.concatenate([np.zeros((count, 0)), *rows], axis=1)
            return result

        try:
            check.compare(text, count, fresh, numbers, run)
        finally:
            theta[:] = numbers
            gtheta[:] = gradients

    def _run(
        self, purpose: str, columns: list[Array], count: int, wrt: tuple[int, ...] | None = None
    ) -> tuple[Any, float]:
        """Run one of the texts; return its result and a number that is finite if all is well."""
        import numpy as np

        if purpose == GRADIENT and self._unread.size:
            self.gtheta[self._unread] = 0.0
        result: Any = None
        guard, in_floats = 0.0, False
        with np.errstate(all="ignore"):
            for in_floats in (True, False)[count > 1 or not self.has_text_of_one :]:
                try:
                    if in_floats:
                        result = self._texts.run_in_floats(purpose, columns, wrt)
                    else:
                        function, guarded = self._texts.bound(purpose, count, wrt)
                        result = function(*columns)
                        result, guard = result if guarded else (result, 0.0)
                    break
                except TraceError:
                    raise
                except Exception as error:
                    # It raises what the user should see, if anything.
                    self._replay(columns, count, None, purpose)
                    if not in_floats:
                        raise TraceError(
                            f"the compiled program raises {type(error).__name__}: {error}, but the "
                            "function has a result for these examples: it does not do the same "
                            "operations for each"
                        ) from error
            if purpose == GRADIENT:
                return result, guard + 0.0 * float(self.gtheta.dot(self.gtheta))
        if in_floats:
            return result, 0.0
        if purpose == FORWARD:
            result = np.ascontiguousarray(result.T)
        elif purpose == INPUTS:
            result = [g.T.copy() for g in result]
        return result, float(guard)

    def _own_slopes(self, columns: list[Array]) -> Iterator[Array]:
        return replay.own_slopes(lambda one: self._run(GRADIENT, one, 1), columns, self.gtheta)

    def _set_right(self, columns: list[Array], count: int) -> None:
        if count > 1 and not intake.all_finite(self.gtheta):
            self.gtheta[:] = replay.mean_of(self._own_slopes(columns), count)

    def _compare_slopes(self, purpose: str, columns: list[Array], slopes: Iterable[Any]) -> None:
        if self._check is not None:
            theta, _ = self._arrays()
            examples = (intake.example_at(columns, self.shapes, n) for n in itertools.count())
            with Within(self.parameters, theta.tolist(), self._graph.computed):
                replay.compare_slopes(self._check, purpose, zip(slopes, examples, strict=False))

    def _replay(self, columns: list[Array], count: int, result: Array | None, purpose: str) -> None:
        """Call the function on suspicious examples, so that the user gets its error."""
        import numpy as np

        shown = result
        if count > 1 and (result is None or intake.all_finite(result)):
            with np.errstate(all="ignore"):
                shown = replay.symptoms(*self._texts.bound(FORWARD, 1), columns)
                function, guarded = self._texts.bound(FORWARD, count)
                with suppress(Exception):
                    values = function(*columns)
                    result = (values[0] if guarded else values).T
        theta, _ = self._arrays()
        with Within(self.parameters, theta.tolist(), self._graph.computed):
            for n in replay.suspects(count, shown):
                example = intake.example_at(columns, self.shapes, n)
                row = None if result is None else result[n]
                replay.replay(self._f, self._graph, self._check, example, row, purpose)


def _by_floats(
    quick: Callable[..., Any], numbers: Sequence[float]
) -> tuple[float, Sequence[float]] | None:
    """Return a mean and its gradient, or None: then the long way finds the words."""
    try:
        value, gradients = found = quick(numbers)
    except UNDEFINED:
        return None
    return found if math.isfinite(value) and math.isfinite(sum(gradients)) else None

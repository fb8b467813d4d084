"""Step, ForwardStep, Trace: backpropagation as a list of events.

`backward()` is a fast loop; `backward_steps()` tells the same pass as one `Step` per edge, equal to
it bit for bit. A `Trace` holds all events of a graph, forward and backward, and touches nothing:
the stepper, the player and the drawings read traces.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from os import PathLike
from typing import Any, NamedTuple, cast, overload

from autograd_mini import contexts
from autograd_mini.backprop import checked, edges, refuse_second_pass, undo
from autograd_mini.convert import as_float
from autograd_mini.errors import StaleWarning
from autograd_mini.frames import warn
from autograd_mini.graph import gradient_order, receiving, stale, topological_order
from autograd_mini.graph.names import Names, abbreviated, number_text
from autograd_mini.ops import Op
from autograd_mini.symbols import written
from autograd_mini.value import ZERO, Value, refuse_to_bake_in

__all__ = ["ForwardStep", "Step", "Trace", "backward_steps"]


class Step(NamedTuple):
    """One edge of a backward pass: the chain rule with numbers.

    Attributes:
        index: The position in the pass, from 0.
        total: The number of steps of the whole pass.
        node: The result whose gradient is finished.
        parent: The input that receives.
        argument: Which argument of `node` the input is.
        local: d node / d parent at this argument.
        upstream: The gradient of `node`.
        contribution: `local * upstream`.
        before: The gradient of `parent` in this pass, before this step.
        after: `before + contribution`.
        names: What the nodes of the graph are called.

    Example:
        >>> a = Value(3.0, "a")
        >>> for step in (a * a).backward_steps():
        ...     print(step)
        a.grad: 0.0 + 3.0 * 1.0 = 3.0   (d(a*a)/da = a, argument 0)
        a.grad: 3.0 + 3.0 * 1.0 = 6.0   (d(a*a)/da = a, argument 1)
    """

    index: int  # pyright: ignore[reportIncompatibleMethodOverride] # a tuple's method, of no use
    total: int
    node: Value
    parent: Value
    argument: int
    local: float
    upstream: float
    contribution: float
    before: float
    after: float
    names: Names | None = None

    @property
    def arithmetic(self) -> str:
        """The sentence without the rule: `a.grad: 0.0 + 3.0 * 1.0 = 3.0`."""
        numbers = self.before, self.local, self.upstream, self.after
        before, local, upstream, after = map(number_text, numbers)
        name = _names(self).of(self.parent)
        return f"{name}.grad: {before} + {local} * {upstream} = {after}"

    @property
    def rule(self) -> str:
        """The local derivative in names: `d(a*a)/da = a`."""
        return _names(self).rule(self.node, self.argument, self.local)

    def __str__(self) -> str:
        return f"{self.arithmetic}   ({self.rule}, argument {self.argument})"

    def __repr__(self) -> str:
        return f"<Step {self.index + 1} of {self.total}: {self.arithmetic}>"


class ForwardStep(NamedTuple):
    """One operation of the forward pass.

    Attributes:
        index: The position in the pass, from 0.
        total: The number of operations.
        node: The result.
        op: The row of the rule table.
        operands: The numbers the operation was applied to; `node.inputs` are their Values.
        value: The number it gave.
        names: What the nodes of the graph are called.

    Example:
        >>> a, b = Value(2.0, "a"), Value(-3.0, "b")
        >>> print(Trace(a * b).forward[0])
        n2 = a * b = 2.0 * -3.0 = -6.0
    """

    index: int  # pyright: ignore[reportIncompatibleMethodOverride] # a tuple's method, of no use
    total: int
    node: Value
    op: Op
    operands: tuple[float, ...]
    value: float
    names: Names | None = None

    @property
    def expression(self) -> str:
        """The operation in names: `a * b`."""
        return _names(self).expression(self.node)

    def __str__(self) -> str:
        numbers = written(self.op, abbreviated(self.operands, number_text))
        name, value = _names(self).of(self.node), number_text(self.value)
        return f"{name} = {self.expression} = {numbers} = {value}"

    def __repr__(self) -> str:
        return f"<ForwardStep {self.index + 1} of {self.total}: {self}>"


def _names(step: Step | ForwardStep) -> Names:
    return step.names or Names(step.node)


class Trace(Sequence[Step]):
    """All events of a graph: its forward steps, and its backward steps as a sequence.

    A trace shows the graph as it is when the trace is made. It reads the data and leaves every
    gradient alone, so that any point of the pass can be looked at, in any order.

    Args:
        root: What to differentiate.
        seed: The gradient of the root itself.

    Attributes:
        root: What is differentiated.
        seed: The gradient of the root itself.
        nodes: The root and all it was computed from, inputs before their consumers; the node at
            position 7 is the one called `n7`.
        stale: What to say if the numbers of the graph no longer follow from its leaves, or "".
        forward: One ForwardStep for every operation, in the order of `nodes`.

    Example:
        >>> a, b = Value(2.0, "a"), Value(-3.0, "b")
        >>> trace = Trace(a * b)
        >>> len(trace), trace[1].parent.label, trace.at(1)[a], a.grad
        (2, 'b', -3.0, 0.0)
    """

    __slots__ = ("_names", "_steps", "forward", "nodes", "root", "seed", "stale")

    def __init__(self, root: Value, seed: Value | float = 1.0) -> None:
        if not isinstance(cast(object, root), Value):
            raise TypeError(
                f"a Trace starts at a Value, but got {root!r} of type {type(root).__name__}"
            )
        refuse_to_bake_in(root, "a Trace")
        self.root = root
        self.seed = as_float(seed)
        self.stale = stale(root)
        if self.stale:
            warn(self.stale, StaleWarning)
        self.nodes = tuple(topological_order(root))
        self._names = names = Names(root)
        computed = [node for node in self.nodes if not node.is_leaf]
        forward: list[ForwardStep] = []
        for i, node in enumerate(computed):
            op, operands = cast(Op, node.op), tuple([x.data for x in node.inputs])
            forward.append(ForwardStep(i, len(computed), node, op, operands, node.data, names))
        self.forward = tuple(forward)
        self._steps = steps = list[Step]()
        order = gradient_order(root)
        total = _step_count(order)
        gradients: dict[Value, float] = {root: self.seed}
        for node, argument, parent, local in edges(order):
            if not parent.is_constant:
                before, upstream = gradients.get(parent, ZERO), gradients[node]
                gradients[parent] = before + local * upstream
                numbers = local, upstream, local * upstream, before, gradients[parent]
                steps.append(Step(len(steps), total, node, parent, argument, *numbers, names))

    def __len__(self) -> int:
        return len(self._steps)

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> list[Step]: ...
    def __getitem__(self, index: int | slice) -> Step | list[Step]:
        if isinstance(index, slice):
            return self._steps[index]
        try:
            return self._steps[index]
        except IndexError:
            raise IndexError(f"there is no step {index}: the pass has {len(self)}") from None

    def __iter__(self) -> Iterator[Step]:
        return iter(self._steps)

    def at(self, index: int) -> dict[Value, float]:
        """Return the gradients with `index` steps done, of the nodes that have one by then.

        Args:
            index: From 0, where only the root has a gradient, the seed, to `len(trace)`.

        Raises:
            IndexError: If there is no such step.
        """
        if not 0 <= index <= len(self):
            raise IndexError(f"the number of steps done is from 0 to {len(self)}, but got {index}")
        return {self.root: self.seed, **{step.parent: step.after for step in self._steps[:index]}}

    def name(self, node: Value) -> str:
        """Return the label of a node of this graph, or its id such as `n7` if it has none."""
        return self._names.of(node)

    def id(self, node: Value) -> str:
        """Return the id of a node of this graph: `n7` for the one at position 7 of `nodes`."""
        return self._names.id(node)

    def why(self, value: Value | str) -> str:
        """Return where the gradient of a node comes from: its paths, and what makes it 0 or nan.

        Args:
            value: A Value of this graph, its label or its id.

        Raises:
            ValueError: If it is not in this graph, or several nodes have the label.

        Example:
            >>> print(Trace(Value(-2.0, "w").relu()).why("w"))
            w.grad = 0, along one edge.
            n1 → w: 0 = 0
              ! the relu n1 is switched off: its input is -2
        """
        from autograd_mini.paths import node_of, why

        return "\n".join(why(self, node_of(self, value)))

    def to_html(self, path: str | PathLike[str], *, max_nodes: int = 300) -> None:
        """Write the player of this trace: one HTML file that steps through it in any browser.

        The file asks for nothing from anywhere, so it opens from a disk as well as from a server.

        Args:
            path: Where to write it.
            max_nodes: How many boxes to draw at most, nearest the root first.

        Example:
            >>> from tempfile import mkdtemp
            >>> Trace(Value(2.0, "a").tanh()).to_html(mkdtemp() + "/player.html")
        """
        from pathlib import Path

        from autograd_mini.player import trace_page

        Path(path).write_text(trace_page(self, max_nodes=max_nodes), "utf-8")

    def show(self, *, path: str | PathLike[str] | None = None, max_nodes: int = 300) -> None:
        """Open the player of this trace in the browser, or show it in the notebook.

        Args:
            path: Where to keep the file; without it, it is a temporary one.
            max_nodes: How many boxes to draw at most, nearest the root first.
        """
        from autograd_mini.player import show

        show(self, path=path, max_nodes=max_nodes)

    def _repr_html_(self) -> str:
        from autograd_mini.player import embedded, trace_page

        return embedded(trace_page(self))

    def expression(self, node: Value) -> str:
        """Return the operation of a computed node in names: `a * b`."""
        return self._names.expression(node)

    def __repr__(self) -> str:
        return (
            f"<Trace of {self.name(self.root)} = {number_text(self.root.data)}: "
            f"{len(self.forward)} operations, {len(self)} backward steps>"
        )


def backward_steps(root: Value, seed: Value | float = 1.0) -> Generator[Step, None, None]:
    """Perform a backward pass step by step; see `Value.backward_steps`."""
    return _pass(root, as_float(seed))


def _pass(root: Value, seed: float) -> Generator[Step, None, None]:
    nodes = topological_order(root)
    order = gradient_order(root)
    leaves = [node for node in nodes if node.is_leaf]
    stepped = contexts.state.stepped
    if stepped:
        refuse_second_pass(leaves)
    # What earlier passes left in the leaves waits until the end, so that sums round as they do
    # in backward(), and a second pass doubles them exactly.
    kept: list[tuple[Value, Any]] = [(leaf, leaf.grad) for leaf in leaves if leaf.grad is not ZERO]
    for node in nodes:
        node.grad = ZERO
    root.grad = seed
    names = Names(root)
    total, index = _step_count(order), 0
    found = edges(order)
    if contexts.anomaly_detected.get():
        found = checked(found, lambda node: node.grad)
    stepped.update(leaves)
    try:
        for node, argument, parent, local in found:
            before, upstream = parent.grad, node.grad
            parent.grad += local * upstream  # chain rule
            numbers = local, upstream, local * upstream, before, parent.grad
            if not parent.is_constant:
                yield Step(index, total, node, parent, argument, *numbers, names)
                index += 1
    except GeneratorExit:  # closed half-way: the steps that were taken count
        raise
    except BaseException:  # as in backward(): the leaves keep what they had
        undo(nodes, kept)
        kept = []
        raise
    finally:
        stepped.difference_update(leaves)
        for leaf, earlier in kept:
            if earlier is not None:
                leaf.grad += earlier


def _step_count(order: Sequence[Value]) -> int:
    """Return how many edges are steps: all but those to constants."""
    return sum([not node.inputs[i].is_constant for node in order for i in receiving(node)])

"""What a Value does as the root of its graph; how it is done stands elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TextIO

from autograd_mini.ops import Number

if TYPE_CHECKING:
    from autograd_mini.steps import Step
    from autograd_mini.value import Value


# The one object that every gradient starts as: `grad is ZERO` means not computed.
ZERO: Final = float("0")


class Root(Number):
    """The root of a graph: passes over it, pictures and copies of it.

    Each method loads what it needs when it is called, so that the engine is small.
    """

    __slots__ = ()

    def backward(self: Any, seed: Value | float = 1.0, *, create_graph: bool = False) -> None:
        """Compute the gradient of this Value with respect to everything it was computed from.

        Leaves add up over passes, so that a second `backward()` doubles them exactly; an
        interior gradient is this pass's. If a rule raises, the leaves keep what they had.

        Args:
            seed: The gradient of this Value itself.
            create_graph: Make the gradients Values that can be differentiated again. Until
                `zero_grad()` such gradients and the graph refer to each other.

        Example:
            >>> from autograd_mini import Value
            >>> x = Value(3.0)
            >>> (x * x).backward()
            >>> x.grad
            6.0
        """
        _backward()(self, seed, create_graph)

    def backward_steps(self: Any, seed: Value | float = 1.0) -> Generator[Step, None, None]:
        """Perform the backward pass one edge at a time: consuming the generator is the pass.

        After each step `step.parent.grad == step.after`. What earlier passes left in the leaves
        is set aside at the start and added at the end, also when the generator is closed
        half-way; interior gradients are then partial. Exhausted, it equals `backward()` bit for
        bit.

        Args:
            seed: The gradient of this Value itself.

        Raises:
            RuntimeError: If another pass over the same leaves is still open.

        Example:
            >>> from autograd_mini import Value
            >>> a = Value(3.0, "a")
            >>> for step in (a * a).backward_steps():
            ...     print(step)
            a.grad: 0.0 + 3.0 * 1.0 = 3.0   (d(a*a)/da = a, argument 0)
            a.grad: 3.0 + 3.0 * 1.0 = 6.0   (d(a*a)/da = a, argument 1)
        """
        from autograd_mini.steps import backward_steps

        return backward_steps(self, seed)

    def debug(
        self: Any,
        seed: Value | float = 1.0,
        *,
        stdin: TextIO | None = None,
        stdout: TextIO | None = None,
        commands: Iterable[str] = (),
    ) -> None:
        """Open the terminal stepper on the backward pass of this Value; `help` lists its commands.

        It only looks: gradients are afterwards what they were before, and `q` returns.

        Args:
            seed: The gradient of this Value itself.
            stdin: Where commands come from.
            stdout: Where answers go.
            commands: What to do before the first prompt.
        """
        from autograd_mini.convert import as_float
        from autograd_mini.debugger import Debugger

        Debugger(stdin, stdout, commands).visit(self, as_float(seed))

    def zero_grad(self: Any) -> None:
        """Forget the gradient of this Value and of everything it was computed from."""
        if self.is_leaf:  # most often a parameter
            self.grad = ZERO
            return
        from autograd_mini.graph import topological_order

        for node in topological_order(self):
            node.grad = ZERO

    def recompute(self: Any) -> None:
        """Run the recorded graph forward again, in place, after a leaf's data has changed.

        Choices such as relu, maximum or where(greater(a, b), ...) are made anew; a plain bool
        given to `where` stays as it was. Gradients are left alone.

        Raises:
            DomainError: If an operation has no real result for the new data; then every node
                keeps the data it had.

        Example:
            >>> from autograd_mini import Value
            >>> x = Value(1.0)
            >>> y = x.exp() * 2
            >>> x.data = 0.0
            >>> y.recompute()
            >>> y.data
            2.0
        """
        from autograd_mini.graph import recompute

        recompute(self)

    # Copies and pickles.

    def __reduce_ex__(self: Any, protocol: object) -> tuple[Any, ...]:
        from autograd_mini.pickling import reduced

        return reduced(self)

    def __copy__(self: Any) -> Value:
        from autograd_mini.pickling import copied

        return copied(self, self.inputs)

    def __deepcopy__(self: Any, memo: dict[int, Any]) -> Value:
        from autograd_mini.pickling import deeply_copied

        return deeply_copied(self, memo)

    # Seeing.

    def _repr_svg_(self: Any) -> str | None:
        """Show the graph in a notebook, with or without Graphviz."""
        from autograd_mini.drawing import display

        return display(self)

    def show(self: Any, *, path: Any = None, max_nodes: int = 300) -> None:
        """Open the player of this graph in the browser, or show it in the notebook.

        Args:
            path: Where to keep the file; without it, it is a temporary one.
            max_nodes: How many boxes to draw at most, nearest the root first.
        """
        from autograd_mini.player import show

        show(self, path=path, max_nodes=max_nodes)


@cache
def _backward() -> Callable[..., None]:
    """Return `backprop.backward`: to look for it at each pass takes as long as a small pass."""
    from autograd_mini.backprop import backward

    return backward

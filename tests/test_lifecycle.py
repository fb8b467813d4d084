"""The life of a graph, lived at random: build, differentiate, change, copy, forget, look.

The model is a dictionary of expected gradients, computed in the order in which nodes came to
life, with no help from the engine's order or its accumulation. Leaves accumulate, a computed node
has the last pass's gradient, and looking changes nothing.
"""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

from hypothesis import note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from autograd_mini import OPS, Value, apply, grad, no_grad, topological_order
from autograd_mini.testing import finite, reference_gradient
from autograd_mini.testing.source import source

OPERATIONS = ["add", "sub", "mul", "tanh", "sin", "relu", "neg", "dot", "maximum", "sigmoid"]


class Life(RuleBasedStateMachine):
    """Values come and go; `expected` says what each gradient must be."""

    nodes = Bundle("nodes")

    def __init__(self) -> None:
        super().__init__()
        self.alive: list[Value] = []
        self.expected: dict[Value, float] = {}
        self.data: dict[Value, float] = {}

    def met(self, x: Value) -> Value:
        """Take note of a node and of the constants below it."""
        for node in topological_order(x):
            if node not in self.expected:
                self.expected[node] = 0.0
                self.data[node] = node.data
                self.alive.append(node)
        return x

    @initialize(target=nodes, x=finite(-2, 2))
    def first(self, x: float) -> Value:
        return self.met(Value(x))

    @rule(target=nodes, x=finite(-2, 2))
    def make_a_leaf(self, x: float) -> Value:
        return self.met(Value(x, "leaf"))

    @rule(target=nodes, name=st.sampled_from(OPERATIONS), a=nodes, b=nodes)
    def apply_an_operation(self, name: str, a: Value, b: Value) -> Value:
        op = OPS[name]
        operands = [a, b, b, a][: op.arity or 4]
        result = apply(op, *operands)
        return self.met(result if abs(result.data) < 1e3 else result.tanh())

    @rule(target=nodes, a=nodes, number=st.integers(-2, 2))
    def mix_with_a_number(self, a: Value, number: int) -> Value:
        return self.met((a * 0.5 + number) - a / 3)

    @rule(target=nodes, a=nodes)
    def work_inside_no_grad(self, a: Value) -> Value:
        with no_grad():
            result = a.tanh() * 2
        assert result.is_leaf
        return self.met(result)

    @rule(target=nodes, a=nodes)
    def detach(self, a: Value) -> Value:
        result = a.detach()
        assert result.is_leaf
        assert result.data == a.data
        return self.met(result)

    @rule(root=nodes, seed=st.sampled_from([1.0, -2.0, 0.5]))
    def go_backward(self, root: Value, seed: float) -> None:
        root.backward(seed)
        self.one_more_pass(root, seed)

    @rule(root=nodes)
    def go_backward_step_by_step(self, root: Value) -> None:
        for step in root.backward_steps():
            assert step.after == step.before + step.contribution
        self.one_more_pass(root, 1.0)

    @rule(root=nodes)
    def go_backward_and_record_it(self, root: Value) -> None:
        root.backward(create_graph=True)
        self.one_more_pass(root, 1.0, constants=False)
        for node in topological_order(root):
            node.grad = float(node.grad)  # the graph of the gradient is let go

    def gradients(self, root: Value, seed: float) -> dict[Value, float]:
        """Return seed * d(root)/d(node): the youngest node hands its gradient on first."""
        gradient = {root: seed}
        for node in reversed(self.alive):
            if node in gradient and node.op is not None:
                local = node.op.local(node.data, *[x.data for x in node.inputs])
                for x, d in zip(node.inputs, local, strict=True):
                    gradient[x] = gradient.get(x, 0.0) + d * gradient[node]
        return gradient

    def one_more_pass(self, root: Value, seed: float, *, constants: bool = True) -> None:
        for node, g in self.gradients(root, seed).items():
            if node.is_constant and not constants:
                continue  # numbers that an operator wrapped are left out of recorded gradients
            self.expected[node] = g + (self.expected[node] if node.is_leaf else 0.0)

    @rule(root=nodes)
    def zero_the_gradients(self, root: Value) -> None:
        root.zero_grad()
        for node in topological_order(root):
            self.expected[node] = 0.0

    @precondition(lambda self: any(n.is_leaf for n in self.alive))
    @rule(root=nodes, k=st.integers(0, 30), x=finite(-2, 2))
    def change_a_leaf_and_recompute(self, root: Value, k: int, x: float) -> None:
        leaves = [n for n in topological_order(root) if n.is_leaf and not n.is_constant]
        leaves[k % len(leaves)].data = x
        for node in self.alive:  # whoever shares the leaf is computed anew, too
            node.recompute()
        self.data = {node: node.data for node in self.alive}
        if all(abs(data) < 1e6 for data in self.data.values()):
            again: dict[str, Any] = {}
            exec(source(root), again)
            name = source(root).splitlines()[-1].removesuffix(".backward()")
            assert again[name].data == root.data

    @rule(root=nodes)
    def copy_and_pickle(self, root: Value) -> None:
        order = topological_order(root)
        for twin in (copy.deepcopy(root), pickle.loads(pickle.dumps(root))):
            same = topological_order(twin)
            assert [(n.data, n.grad, n.label, n.op) for n in same] == [
                (n.data, n.grad, n.label, n.op) for n in order
            ]
            assert not set(same) & set(order)
            twin.backward()  # of no concern to the original

    @rule(root=nodes)
    def look(self, root: Value) -> None:
        assert repr(root).startswith("Value(data=")
        assert float(root) == root.item() == root.data
        assert float(format(root, ".17g")) == root.data
        note(source(root))
        if len(topological_order(root)) < 30:
            from autograd_mini.drawing import text_tree, to_svg

            assert "<svg" in to_svg(root)
            assert text_tree(root)
            exact = reference_gradient(root)
            assert set(exact) == set(topological_order(root))

    @rule(root=nodes)
    def differentiate_as_a_function(self, root: Value) -> None:
        leaf = topological_order(root)[0]
        assert math.isfinite(grad(lambda x: (x * root.data).tanh())(leaf.data))

    @invariant()
    def every_gradient_is_as_expected(self) -> None:
        for node in self.alive:
            size = 1.0 + abs(self.expected[node])
            assert abs(node.grad - self.expected[node]) <= 1e-9 * size

    @invariant()
    def no_number_moves_by_itself(self) -> None:
        for node in self.alive:
            assert node.data == self.data[node] or math.isnan(node.data)


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=max(20, settings().max_examples // 2), stateful_step_count=15, deadline=None
)

"""Every rule of the table is broken, one at a time, and the checker must catch and name it.

A mutant that equals its rule at every point tried is equivalent: it must stand in a list here,
with the reason, so that none escapes unseen.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from autograd_mini import OPS, Op, Value, apply, backprop, dot, topological_order
from autograd_mini.testing import (
    GradientMismatchError,
    StraightLineProgram,
    check_gradients,
    programs,
)
from autograd_mini.testing.numbers import AT_KINKS, context, slopes_at_kink
from autograd_mini.testing.reference import local_slopes

Rule = Callable[..., Any]

EVERY_ROW = pytest.mark.parametrize("op", OPS.values(), ids=attrgetter("name"))

MUTATIONS: dict[str, Callable[[Rule, Rule], Rule]] = {
    "opposite sign": lambda rule, _: lambda f, *xs: -rule(f, *xs),
    "twice": lambda rule, _: lambda f, *xs: 2.0 * rule(f, *xs),
    "half": lambda rule, _: lambda f, *xs: 0.5 * rule(f, *xs),
    "nothing": lambda rule, _: lambda f, *xs: 0.0,
    "a little more": lambda rule, _: lambda f, *xs: rule(f, *xs) + 1e-3,
    "a term more": lambda rule, _: lambda f, *xs: rule(f, *xs) + xs[-1],
    "a factor more": lambda rule, _: lambda f, *xs: rule(f, *xs) * (f + 3.0),
    "the neighbor's": lambda _, neighbor: neighbor,
}

# The mutants that are no mutants: -0 = 2 * 0 = 0, and add's two partials are both 1.
NO_SLOPE = {"opposite sign", "twice", "half", "nothing", "a factor more"}
EQUIVALENT: set[tuple[str, int, str]] = {
    *[(name, i, how) for name in ("greater", "less") for i in (0, 1) for how in NO_SLOPE],
    *[(name, i, "the neighbor's") for name in ("greater", "less", "add", "total") for i in (0, 1)],
    *[("where", 0, how) for how in NO_SLOPE],
}


def partial_of(op: Op, i: int) -> Rule:
    """Return the rule for one operand, also of a row with any number of them."""
    if op.arity is None:
        return lambda f, *xs: op_partials[op.name](f, *xs)[i]
    return op_partials[op.name][i]


op_partials = {op.name: op.partials for op in OPS.values()}


def replaced(op: Op, i: int, rule: Rule) -> Any:
    """Return the partials of a row with one of them replaced."""
    whole = op_partials[op.name]
    if op.arity is None:

        def partials(f: Any, *xs: Any) -> tuple[Any, ...]:
            found = list(whole(f, *xs))
            found[i] = rule(f, *xs)
            return tuple(found)

        return partials
    return (*whole[:i], rule, *whole[i + 1 :])


def arguments(op: Op) -> range:
    return range(op.arity or 2)


def some_points(op: Op) -> Iterator[tuple[float, ...]]:
    """Yield fixed points of a row's domain: where it is smooth, then anywhere."""
    rng = random.Random(op.name)
    count = op.arity or (4 if op.name == "dot" else 3)
    for _ in range(3):
        yield tuple([rng.uniform(*r) for r in op.smooth_ranges(count)])
    if op.name == "where":
        yield 0.0, 5.0, 7.0  # no random condition is false
    found = 0
    for _ in range(500):
        point = tuple([rng.uniform(-3.0, 3.0) for _ in range(count)])
        try:
            data = op.forward(*point)
        except (ValueError, ArithmeticError):
            continue
        if math.isfinite(data):
            yield point
            found += 1
        if found == 20:
            return


def verdict(op: Op, i: int, rule: Rule, point: tuple[float, ...]) -> str:
    """Return "same", "caught" or what the checker said instead."""
    original = partial_of(op, i)
    data = op.forward(*point)
    there, here = float(original(data, *point)), float(rule(data, *point))
    if here == there or math.isnan(there):
        return "same"
    try:
        check_gradients(lambda *xs: apply(op, *xs), *point)
    except GradientMismatchError as error:
        if (error.kind, error.op, error.argument) == ("rule", op.name, i):
            return "caught"
        return f"{error.kind} of {error.op}, argument {error.argument}"
    return f"missed at {point}: {here} for {there}"


@EVERY_ROW
def test_every_broken_rule_is_caught_and_named(op: Op, monkeypatch: pytest.MonkeyPatch) -> None:
    points = list(some_points(op))
    for i in arguments(op):
        rule, neighbor = partial_of(op, i), partial_of(op, (i + 1) % len(arguments(op)))
        for how, mutate in MUTATIONS.items():
            if how == "the neighbor's" and op.arity == 1:
                continue
            mutant = mutate(rule, neighbor)
            monkeypatch.setattr(op, "partials", replaced(op, i, mutant))
            verdicts = (verdict(op, i, mutant, point) for point in points)
            first = next((v for v in verdicts if v != "same"), "same")
            expected = "same" if (op.name, i, how) in EQUIVALENT else "caught"
            assert first == expected, f"{op.name}, argument {i}, {how}"


NO_NUMBER = {"log_or_nan", "quotient", "power_slope"}  # infinite at the kink, or no convention


@pytest.mark.parametrize("name", sorted(AT_KINKS.keys() - NO_NUMBER))
def test_a_wrong_slope_at_a_kink_is_caught_and_named(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also a slope between those on either side: the documented convention is required."""
    op = OPS[name]
    tried = 0
    for point in kinks_of(op):
        convention = slopes_at_kink(name, point)
        for i in arguments(op):
            rule = partial_of(op, i)
            for wrong in {0.25, 0.0, 1.0} - {convention[i]}:

                def mutant(f: Any, *xs: Any, rule: Rule = rule, wrong: float = wrong) -> Any:
                    return wrong if op.at_kink(*xs) else rule(f, *xs)

                monkeypatch.setattr(op, "partials", replaced(op, i, mutant))
                if convention[i] is None or not math.isfinite(op.forward(*point)):
                    continue
                assert verdict(op, i, mutant, point) == "caught", (name, point, i, wrong)
                tried += 1
    assert tried


def kinks_of(op: Op) -> list[tuple[float, ...]]:
    """Return points on the kinks of a row."""
    special = {
        "where": [(0.0, 5.0, 7.0)],
        "clip": [(-1.0, -1.0, 1.0), (1.0, -1.0, 1.0)],
        "hardtanh": [(-1.0, -1.0, 1.0), (1.0, -1.0, 1.0)],
        "pow": [(0.0, 0.5), (0.0, 1.5), (0.0, 2.0)],
        "amax": [(1.0, 1.0, 0.0)],
        "huber": [(1.0, 1.0), (-1.0, 1.0)],
        "softshrink": [(0.5, 0.5), (-0.5, 0.5)],
        "leaky_relu": [(0.0, 0.1)],
        "elu": [(0.0, 1.5)],
        "norm": [(0.0, 0.0)],
        "xlogy": [(0.0, 0.0)],
    }
    if op.name in special:
        return special[op.name]
    if op.arity == 1:
        return [(float(kink),) for kink in op.kinks]  # pyright: ignore[reportArgumentType]
    return [(0.0,) * (op.arity or 2)]


@EVERY_ROW
def test_a_wrong_number_is_caught_and_named(op: Op, monkeypatch: pytest.MonkeyPatch) -> None:
    forward = op.forward
    monkeypatch.setattr(op, "forward", lambda *xs: forward(*xs) * (1 + 1e-9) + 1e-9)
    point = next(some_points(op))
    with pytest.raises(GradientMismatchError) as caught:
        check_gradients(lambda *xs: apply(op, *xs), *point)
    assert (caught.value.kind, caught.value.op) == ("forward", op.name)


# The backward pass itself.


def tangle(x: Any, y: Any) -> Any:
    """Return something in which every node but the last is used more than once."""
    a = x * y + x
    b = (a - y).tanh() * a
    return dot([a, b, x], [b, b, y], a) + b


def edges(order: list[Value]) -> Iterator[tuple[Value, Value, float]]:
    for node in order:
        assert node.op is not None
        local = node.op.local(node.data, *[x.data for x in node.inputs])
        yield from [(node, x, d) for x, d in zip(node.inputs, local, strict=True)]


def overwrite(order: list[Value]) -> None:
    for node, x, local in edges(order[::-1]):
        x.grad = local * node.grad


def skip_the_last_argument(order: list[Value]) -> None:
    for node, x, local in edges(order[::-1]):
        if x is not node.inputs[-1] or len(node.inputs) == 1:
            x.grad += local * node.grad


def forget_the_upstream(order: list[Value]) -> None:
    for _, x, local in edges(order[::-1]):
        x.grad += local


def root_first_then_as_computed(order: list[Value]) -> None:
    for node, x, local in edges([order[-1], *order[:-1]]):
        x.grad += local * node.grad


def each_input_once(order: list[Value]) -> None:
    for node in order[::-1]:
        for x, (_, _, local) in dict(zip(node.inputs, edges([node]), strict=False)).items():
            x.grad += local * node.grad


@pytest.mark.parametrize(
    "sweep",
    [
        overwrite,
        skip_the_last_argument,
        forget_the_upstream,
        root_first_then_as_computed,
        each_input_once,
    ],
)
def test_a_broken_backward_pass_is_caught(
    sweep: Callable[[list[Value]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    check_gradients(tangle, 0.3, -0.7)
    monkeypatch.setattr(backprop, "_chain_rule_fast", sweep)
    with pytest.raises(GradientMismatchError) as caught:
        check_gradients(tangle, 0.3, -0.7)
    assert caught.value.kind == "sum"
    assert caught.value.op == ""
    assert caught.value.source.count("\n") <= 6


def test_a_pass_that_does_not_accumulate_in_leaves_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    backward = Value.backward

    def forgetful(self: Value, *args: Any, **kwargs: Any) -> None:
        self.zero_grad()
        backward(self, *args, **kwargs)

    monkeypatch.setattr(Value, "backward", forgetful)
    with pytest.raises(GradientMismatchError, match=r"after a second backward\(\)") as caught:
        check_gradients(tangle, 0.3, -0.7)
    assert caught.value.kind == "again"


# Shrinking.


def fails(program: StraightLineProgram) -> bool:
    try:
        program.check()
    except GradientMismatchError:
        return True
    return False


def smallest(strategy: st.SearchStrategy[StraightLineProgram]) -> StraightLineProgram:
    phases = [Phase.generate, Phase.shrink]  # explaining takes long
    options = settings(max_examples=300, database=None, deadline=None, phases=phases)
    return find(strategy, fails, settings=options, random=random.Random(0))


def test_an_overwritten_gradient_shrinks_to_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backprop, "_chain_rule_fast", overwrite)
    program = smallest(programs(["add", "mul", "tanh", "dot"], max_ops=8))
    assert len(program.code) == 1
    assert len(program.inputs) == 1


def test_a_wrong_tanh_shrinks_to_one_tanh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OPS["tanh"], "partials", (lambda f, x: 1.0 - f,))
    program = smallest(programs(["sub", "mul", "relu", "tanh", "exp"], max_ops=8))
    assert [name for name, _ in program.code] == ["tanh"]


@settings(max_examples=20)
@given(name=st.sampled_from(sorted(set(OPS) - {"greater", "less"})), data=st.data())
def test_a_broken_rule_is_named_wherever_it_stands_in_a_program(
    name: str, data: st.DataObject
) -> None:
    op = OPS[name]
    program = data.draw(programs(["add", "mul", name], max_ops=6))
    kept = op.partials
    error = None
    try:
        op.partials = replaced(op, 0, lambda f, *xs: 1e3 + partial_of(op, 0)(f, *xs))
        program.check()
    except GradientMismatchError as found:
        error = found
    finally:
        op.partials = kept
    if error is None:
        assert has_no_part(program, name)
    else:
        assert (error.kind, error.op, error.argument) == ("rule", name, 0)


def has_no_part(program: StraightLineProgram, name: str) -> bool:
    """Say whether no operation of that name has a part in the result, or all sit on a kink."""
    root = program.build()[1]
    ctx = context()
    for node in topological_order(root):
        if node.op is not None and node.op.name == name:
            operands = [ctx.mpf(x.data) for x in node.inputs]
            slope = local_slopes(node.op, operands, [True] * len(operands))[0]
            if slope is not None and slope.value is not None and ctx.isfinite(slope.value):
                return False
    return True

"""The rules run in a page as they run here."""

from __future__ import annotations

import itertools
import math
import re
from operator import attrgetter
from random import Random
from typing import Any

import pytest

from autograd_mini import OPS, Op, Value, apply, greater, register, where
from autograd_mini.drawing.javascript import OpaqueError, functions, key, rules
from autograd_mini.ops import ELEMENTARY

SPECIAL = [
    *(0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -2.5, 1e-9, 3.0, 30.0, -30.0, 700.0, -700.0),
    *(math.inf, -math.inf, math.nan),
]


@pytest.fixture(scope="module")
def page(chromium: Any) -> Any:
    return chromium.new_page()


def evaluate(page: Any, nodes: list[Value], calls: list[tuple[str, list[float]]]) -> list[Any]:
    source = functions() + rules(nodes)
    return page.evaluate(
        f"""(calls) => {{
          {source}
          return calls.map(([name, xs]) => {{
            const f = RULES[name][0](...xs);
            return [f, ...RULES[name][1](f, ...xs)];
          }});
        }}""",
        [list(call) for call in calls],
    )


def expected(op: Op, xs: list[float]) -> list[float] | None:
    """What the engine computes, or None outside of the domain."""
    try:
        f = op.forward(*xs)
        return [f, *op.local(f, *xs)]
    except (ValueError, ArithmeticError):
        return None


def agree(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-15) or (a != a and b != b)


@pytest.mark.browser
@pytest.mark.parametrize("op", OPS.values(), ids=attrgetter("name"))
def test_forward_and_partials_agree_with_the_engine(op: Op, page: Any) -> None:
    random = Random(op.name)
    counts = [op.arity] if op.arity is not None else [1, 2, 3, 4]
    nodes: list[Value] = []
    calls: list[tuple[str, list[float]]] = []
    for count in counts:
        if op.arity is None and op.name == "dot" and count == 1:
            continue
        ranges = op.smooth_ranges(count)
        inside = [[random.uniform(*r) for r in ranges] for _ in range(40)]
        node = apply(op, *[Value(x) for x in inside[0]])
        nodes.append(node)
        special = [list(xs) for xs in itertools.product(SPECIAL, repeat=min(count, 2))]
        special = [[*xs, *random.choices(SPECIAL, k=count - len(xs))] for xs in special]
        calls += [(key(node), xs) for xs in inside + special if expected(op, xs) is not None]
    results = evaluate(page, nodes, calls)
    for (name, xs), got in zip(calls, results, strict=True):
        wanted = expected(op, xs)
        assert wanted is not None
        assert all(map(agree, got, wanted)), f"{name} at {xs}: {got}, but Python gives {wanted}"
        if got[0] == wanted[0] == 0.0:
            assert math.copysign(1.0, got[0]) == math.copysign(1.0, wanted[0]), f"{name} at {xs}"


@pytest.mark.browser
def test_the_error_function_keeps_twelve_digits_in_its_tails(page: Any) -> None:
    xs = [i / 64 for i in range(-64 * 6, 64 * 27)]
    nodes = [apply(OPS[name], Value(1.0)) for name in ("erf", "erfc")]
    calls = [(key(node), [x]) for node in nodes for x in xs]
    got = [f for f, _ in evaluate(page, nodes, calls)]
    wanted = [math.erf(x) for x in xs] + [math.erfc(x) for x in xs]
    for (name, at), a, b in zip(calls, got, wanted, strict=True):
        assert math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-307), f"{name} at {at}: {a}, not {b}"


@pytest.mark.browser
def test_a_row_of_ones_own_is_written_from_its_arithmetic(page: Any) -> None:
    cube = register(
        Op(
            "cubed_if_positive",
            lambda x: where(greater(x, 0.0), x**3, -x),
            (lambda f, x: 3.0 * x**2,),
        )
    )
    node = apply(cube, Value(2.0))
    assert evaluate(page, [node], [(key(node), [x]) for x in (-1.5, 2.0)]) == [
        [1.5, 6.75],
        [8.0, 12.0],
    ]


def test_a_row_that_hides_its_arithmetic_is_named() -> None:
    opaque = Op("hidden", lambda x: math.exp(x), (lambda f, x: f,))
    branching = Op("forked", lambda x: x if x > 0 else -x, (lambda f, x: 1.0,))
    for op in (opaque, branching):
        with pytest.raises(OpaqueError, match=f"{op.name} cannot be written as JavaScript"):
            rules([apply(op, Value(2.0))])


def test_two_rows_that_differ_do_not_share_a_rule() -> None:
    double = Op("p", lambda x: 2.0 * x, (lambda f, x: 2.0,))
    again = Op("p", lambda x: 2.0 * x, (lambda f, x: 2.0,))
    triple = Op("p", lambda x: 3.0 * x, (lambda f, x: 3.0,))
    one, other, third = [apply(op, Value(2.0)) for op in (double, again, triple)]
    assert rules([one, other]) == rules([one])
    with pytest.raises(OpaqueError, match="two operations that differ are called 'p'"):
        rules([one, third])


def test_every_elementary_row_is_a_function_of_the_page_and_others_are_written_out() -> None:
    for op in OPS.values():
        middle = [Value((low + high) / 2) for low, high in op.smooth_ranges()]
        text = rules([apply(op, *middle)])
        assert (f"=> F.{op.name}(" in text) is (op in ELEMENTARY)
        assert set(re.findall(r"F\.(\w+)", text)) <= {row.name for row in ELEMENTARY}

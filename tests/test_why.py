"""`Trace.why` and the debugger's `why`: the paths of a gradient, and the factor that bends it."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest
from hypothesis import given

from autograd_mini import Trace, Value
from autograd_mini.functions import greater, maximum, total, where
from autograd_mini.paths import paths
from autograd_mini.testing import programs
from autograd_mini.testing.strategies import StraightLineProgram


def test_the_product_along_a_single_path_is_the_gradient() -> None:
    w = Value(0.3, "w")
    trace = Trace((w.exp() * 3.0).sin(), 2.0)
    (path,) = paths(trace, w)
    assert path.product == path.contribution == trace.at(len(trace))[w]
    assert trace.why(w) == trace.why("w") == trace.why("n0")


@pytest.mark.parametrize(
    ("root", "said"),
    [
        (lambda w: (w - 3.0).relu(), "is switched off: its input is -2"),
        (lambda w: (w * 30.0).tanh(), "is saturated: at 30"),
        (lambda w: w * Value(0.0, "k"), "= mul is 0: k is 0"),
        (lambda w: w * 1e9, "makes it 1e+09 times larger"),
        (lambda w: (w - 1.0).sqrt(), "is infinite here"),
        (lambda w: w - w, "the edges cancel"),
        (lambda w: where(greater(w, 2.0), w, 3.0), "= where takes another number"),
        (lambda w: maximum(w, 3.0), "= maximum takes another number"),
        (lambda w: (w - 1.0) ** 2, "= pow is 0: n2 is 0"),
        (lambda w: where(w, Value(2.0), 3.0), "receives nothing: it decides conditions alone"),
        (lambda w: ((((w * 0.1) * 0.1) * 0.1) * 0.1) * 0.1, "no factor alone does it"),
    ],
)
def test_the_factor_that_bends_a_gradient_is_named(root: Any, said: str) -> None:
    assert said in Trace(root(Value(1.0, "w"))).why("w")


@pytest.mark.parametrize("seed", [0.0, math.nan, math.inf, 1e-12])
def test_a_seed_that_makes_a_gradient_what_it_is_is_named(seed: float) -> None:
    w = Value(1.0, "w")
    assert f"the seed is {seed:.3g}" in Trace(w * 2.0, seed).why(w)


def test_what_is_not_there_is_refused_with_a_guess() -> None:
    trace = Trace(Value(1.0, "weight") * 2.0)
    with pytest.raises(ValueError, match="did you mean weight"):
        trace.why("wieght")
    with pytest.raises(ValueError, match="is not in the graph"):
        trace.why(Value(1.0))
    with pytest.raises(ValueError, match="2 nodes are called 'a'"):
        Trace(Value(1.0, "a") * Value(2.0, "a")).why("a")
    for wrong in (3, None, ["weight"]):
        with pytest.raises(TypeError, match="a Value, a label or an id"):
            trace.why(wrong)  # pyright: ignore[reportArgumentType]
    assert trace.why("n1") == "n1 receives nothing: an operator wrapped it."


def test_large_graphs_are_answered_in_few_lines() -> None:
    w = Value(0.5, "w")
    deep = w
    for _ in range(20_000):
        deep = deep * 1.0
    assert len(Trace(deep).why(w).splitlines()) == 2
    wide = Trace(total([w * float(i) for i in range(5_000)])).why(w)
    assert "the sum over 5000 edges; the strongest 3:" in wide


def test_the_debugger_tells_the_same() -> None:
    w = Value(-1.0, "w")
    out = io.StringIO()
    root = w.relu()
    root.debug(stdin=io.StringIO("why w\nwhy nope\nq\n"), stdout=out)
    assert Trace(root).why(w) in out.getvalue()
    assert "*** no node is called 'nope'" in out.getvalue()


@given(programs(max_ops=6))
def test_the_products_along_all_paths_sum_to_the_gradient(program: StraightLineProgram) -> None:
    _, root = program.build()
    trace = Trace(root, 2.0)

    def ways(node: Value) -> Iterator[tuple[float, ...]]:
        if node is root:
            yield (trace.seed,)
        for step in trace:
            if step.parent is node:
                for way in ways(step.node):
                    yield (*way, step.local)

    for node, gradient in trace.at(len(trace)).items():
        found = list(islice(ways(node), 2_000))
        products = list(map(math.prod, found))
        size = sum(map(abs, products))
        if len(found) < 2_000 and math.isfinite(size):
            assert gradient == pytest.approx(math.fsum(products), rel=1e-12, abs=1e-12 * size)
        if node is not root:
            for path in paths(trace, node):
                factors = (trace.seed, *[step.local for step in path.steps])
                assert path.product == math.prod(factors) or math.isnan(path.product)
                assert len(found) == 2_000 or repr(factors) in map(repr, found)

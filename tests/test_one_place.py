"""An operation is added in one place: whatever reads the rule table knows it at once."""

from __future__ import annotations

import json
import math
import re
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_mini import (
    OPS,
    Op,
    Trace,
    Value,
    apply,
    compile,
    draw,
    primitive,
    register,
    sqrt,
    text_tree,
    to_mermaid,
    to_svg,
)
from autograd_mini.compiler.emit import emit
from autograd_mini.compiler.plan import FORWARD, GRADIENT
from autograd_mini.drawing.javascript import functions, key, rules
from autograd_mini.testing import check_gradients, points
from nn import FNN, SGD, fit
from nn.playback import Playground
from tests.test_one_meaning_javascript import Node, number


def by_primitive() -> Callable[[Any], Any]:
    """Add the bent identity as a user does: a function, and its derivative."""

    @primitive(partials=lambda f, x: 0.5 * x / sqrt(x * x + 1.0) + 1.0)
    def bent(x: Any) -> Any:
        return x + 0.5 * x * x / (sqrt(x * x + 1.0) + 1.0)

    return bent


def by_row() -> Callable[[Any], Any]:
    """Add it as a row of the table."""
    row = Op(
        "bent",
        lambda x: x + 0.5 * x * x / (sqrt(x * x + 1.0) + 1.0),
        (lambda f, x: 0.5 * x / sqrt(x * x + 1.0) + 1.0,),
    )
    return partial(apply, register(row))


def expected(x: float) -> float:
    return x + 0.5 * x * x / (math.sqrt(x * x + 1.0) + 1.0)


def slope(x: float) -> float:
    return 0.5 * x / math.sqrt(x * x + 1.0) + 1.0


@pytest.fixture(params=[by_primitive, by_row])
def bent(request: pytest.FixtureRequest) -> Callable[[Any], Any]:
    return request.param()


def test_a_new_operation_is_drawn(bent: Callable[[Any], Any]) -> None:
    root = bent(Value(2.0, "x"))
    pictures = [draw(root).source, to_svg(root), to_mermaid(root), text_tree(root)]
    assert all("bent" in picture for picture in pictures)


def test_a_new_operation_is_stepped(bent: Callable[[Any], Any]) -> None:
    x = Value(2.0, "x")
    (step,) = bent(x).backward_steps()
    assert x.grad == step.local == slope(2.0)
    assert step.rule == "d(bent(x))/dx = 0.5 * x / sqrt(x * x + 1.0) + 1.0"
    assert str(Trace(bent(x)).forward[0]).startswith("n1 = bent(x) = bent(2.0)")


def test_a_new_operation_is_checked(bent: Callable[[Any], Any]) -> None:
    assert check_gradients(bent, -1.5, order=2)
    row = OPS["bent"]

    @settings(max_examples=5)
    @given(st.data())
    def at_any_point(data: st.DataObject) -> None:
        check_gradients(bent, *data.draw(points(row)))

    at_any_point()
    row.partials = (lambda f, x: 0.5 * x / sqrt(x * x + 1.0),)
    with pytest.raises(AssertionError, match="bent"):
        check_gradients(bent, -1.5)


def test_a_new_operation_is_compiled_to_numpy_and_to_plain_floats(
    bent: Callable[[Any], Any],
) -> None:
    w = Value(1.5, "w")
    program = compile(lambda x: w * bent(x), 2.0)
    X = np.array([-3.0, 0.0, 0.5, 2.0])
    assert program(X) == pytest.approx([1.5 * expected(x) for x in X], rel=1e-14)
    assert program.input_grad(X)[0] == pytest.approx([1.5 * slope(x) for x in X], rel=1e-14)
    assert "np.sqrt(" in program.source
    assert "bent_row" not in program.source  # it is written out, not called
    plan = program._plan  # pyright: ignore[reportPrivateUsage]
    text = emit(plan, GRADIENT, "python")
    assert not text.namespace
    names: dict[str, Any] = {}
    exec(text.source, names)
    value, gradient = names[GRADIENT]([1.5], 2.0)
    assert [value, *gradient] == pytest.approx([1.5 * expected(2.0), expected(2.0)], rel=1e-14)


def test_a_new_operation_is_compiled_to_javascript_and_runs_in_a_page(
    bent: Callable[[Any], Any], tmp_path: Path
) -> None:
    w, x = Value(1.5, "w"), Value(2.0, "x")
    program = compile(lambda x: w * bent(x), 2.0)
    plan = program._plan  # pyright: ignore[reportPrivateUsage]
    assert "F.sqrt(" in emit(plan, FORWARD, "javascript").source
    node = bent(x)
    assert key(node) == "bent/1"
    assert "=> x0 + 0.5 * x0 * x0 / (F.sqrt(x0 * x0 + 1.0) + 1.0)" in rules([node])
    assert "F.bent" not in functions()
    Trace(w * node).to_html(tmp_path / "player.html")
    page = (tmp_path / "player.html").read_text("utf-8")
    assert "F.sqrt(x0 * x0 + 1.0)" in page
    assert re.search(r"bent\(x\)", page)
    if shutil.which("node") is not None:
        browser = Node()
        try:
            values, gradient = browser.program(program, GRADIENT, [[2.0]])
            ((data, local),) = browser.graph(node, [[x]])
        finally:
            browser.process.kill()
            browser.process.communicate()
        assert (values, gradient) == (
            pytest.approx(1.5 * expected(2.0)),
            [pytest.approx(expected(2.0))],
        )
        assert number(data)[-1] == pytest.approx(expected(2.0))
        assert number(local)[-1] == [pytest.approx(slope(2.0))]


def test_a_network_trains_with_a_new_operation_and_its_page_does_too(
    bent: Callable[[Any], Any], tmp_path: Path
) -> None:
    X, y = [[0.0, 1.0], [1.0, 0.5], [0.2, 0.1]], [1.0, 0.0, 0.5]
    losses: dict[str, list[float]] = {}
    for backend in ("eager", "compiled"):
        model = FNN([2, 3, 1], bent, seed=0)
        optimizer = SGD(model.parameters(), lr=0.1)
        history = fit(
            model, X, y, loss="mse", optimizer=optimizer, epochs=5, backend=backend, progress=False
        )
        assert history.backend == backend
        losses[backend] = history.loss
    assert losses["compiled"] == pytest.approx(losses["eager"], rel=1e-12)
    model = FNN([2, 3, 1], bent, seed=0)
    Playground(model, X, y, loss="mse", optimizer=SGD(model.parameters(), lr=0.1)).to_html(
        tmp_path / "page.html"
    )
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "F.sqrt(" in json.dumps(page)
    assert "F.bent(" not in page


def test_an_operation_written_in_another_new_one_is_written_out_too(
    bent: Callable[[Any], Any],
) -> None:
    twice = primitive(
        name="twice", partials=lambda f, x: 2.0 * (1.0 + 0.5 * x / sqrt(x * x + 1.0))
    )(lambda x: 2.0 * bent(x))
    program = compile(twice, 2.0)
    assert program([2.0, 3.0]) == pytest.approx([2.0 * expected(2.0), 2.0 * expected(3.0)])
    assert "_row" not in program.source
    assert "=> 2.0 * (x0 + 0.5 * x0 * x0 / (F.sqrt" in rules([twice(Value(2.0))])

"""A program in JavaScript computes what it computes in NumPy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from autograd_mini import OPS, Op, Value, apply, compile, primitive
from autograd_mini.compiler.emit import emit
from autograd_mini.compiler.languages.javascript import OpaqueError
from autograd_mini.compiler.plan import FORWARD, GRADIENT, INPUTS
from tests.test_compiler_statements import cases

CALL = """([source, theta, columns, B]) => {
  const bind = new Function(source + "return bind;")();
  const gtheta = new Float64Array(theta.length);
  const step = bind(Float64Array.from(theta), gtheta, B);
  const result = step(...columns.map((x) => Float64Array.from(x)));
  const listed = (x) => (x.length === undefined ? x : [...x].map(listed));
  return [listed(result), [...gtheta]];
}"""


@pytest.fixture(scope="module")
def page(chromium: Any) -> Any:
    return chromium.new_page()


def run(page: Any, program: Any, purpose: str, batch: list[Any]) -> Any:
    """Run a program in the browser."""
    plan = program._plan  # pyright: ignore[reportPrivateUsage]
    source = emit(plan, purpose, "javascript").source
    columns = [np.reshape(x, (len(x), -1)).T.ravel().tolist() for x in batch]
    theta = [p.data for p in program.parameters]
    return page.evaluate(CALL, [source, theta, columns, len(batch[0])])


@pytest.mark.browser
@pytest.mark.parametrize("case", cases())
def test_javascript_computes_what_numpy_computes(case: Any, page: Any) -> None:
    f, *batch = case
    program = compile(f, *[x[0].tolist() for x in batch], check=False)
    values, _ = run(page, program, FORWARD, batch)
    assert values == pytest.approx(program(*batch), rel=1e-11)
    mean, slopes = run(page, program, GRADIENT, batch)
    expected, gradients = program.value_and_grad(*batch)
    assert mean == pytest.approx(expected, rel=1e-11)
    size = max([1.0, *map(abs, gradients)])
    assert slopes == pytest.approx(gradients, rel=1e-9, abs=1e-11 * size)
    own, _ = run(page, program, INPUTS, batch)
    for got, g in zip(own, program.input_grad(*batch), strict=True):
        assert got == pytest.approx(np.reshape(g, (len(g), -1)).T.ravel(), rel=1e-9, abs=1e-11)


@pytest.mark.browser
def test_a_mean_outside_of_a_domain_is_nan_in_javascript(page: Any) -> None:
    w = Value(1.0)
    program = compile(lambda x: (w * x).exp().tanh(), 1.0)
    assert run(page, program, GRADIENT, [np.array([1.0, 2.0])])[0] == pytest.approx(
        program.value_and_grad([1.0, 2.0])[0]
    )
    assert math.isnan(run(page, program, GRADIENT, [np.array([1.0, 1000.0])])[0])


def test_an_operation_that_hides_its_arithmetic_is_named() -> None:
    hidden = Op("hidden", lambda x: math.exp(x), (lambda f, x: f,))
    forked = Op("forked", lambda x: x, (lambda f, x: 1.0 if x == 2.0 else 0.5,))
    for op in (hidden, forked):
        program = compile(lambda x, op=op: apply(op, x), 1.0)
        plan = program._plan  # pyright: ignore[reportPrivateUsage]
        with pytest.raises(OpaqueError, match=f"{op.name}.* cannot be written as JavaScript"):
            emit(plan, INPUTS, "javascript")


@pytest.mark.parametrize("name", ["out", "1st", "<lambda>", "float", "x); process.exit(3); ("])
@pytest.mark.parametrize("purpose", [FORWARD, GRADIENT, INPUTS])
def test_an_operation_of_any_number_of_operands_never_puts_its_name_into_the_text(
    name: str, purpose: str
) -> None:
    @primitive(name=name, partials=lambda f, *xs: [float(x == f) for x in xs])
    def largest(*xs: float) -> float:
        return xs[xs.index(max(xs))]

    try:
        program = compile(lambda x, y: largest(x, y), 1.0, 2.0, check=False)
        with pytest.raises(OpaqueError, match="cannot be written as JavaScript"):
            emit(program._plan, purpose, "javascript")
    finally:
        del OPS[name]

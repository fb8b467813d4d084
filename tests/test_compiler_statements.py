"""Statements are the program: a few lines evaluate them without any text."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pytest

from autograd_mini import Value, compile, ops
from autograd_mini.compiler.emit import emit
from autograd_mini.compiler.expressions import Ref, Term
from autograd_mini.compiler.language import Language
from autograd_mini.compiler.languages.numpy.functions import FUNCTIONS, NumPySymbol
from autograd_mini.compiler.lower import Lowered, lower
from autograd_mini.compiler.plan import FORWARD, GRADIENT, INPUTS, plan
from autograd_mini.compiler.record import record
from autograd_mini.compiler.rows import COMPARISONS, COPY, MATMUL, MATMUL_NT, MATMUL_TN, PUT, SUM
from autograd_mini.compiler.statements import Statement
from autograd_mini.ops import Op
from tests.test_compiler import LOSSES, SHAPES, STRUCTURES, loss_case
from tests.test_jit import tables

PRODUCTS: dict[Any, Callable[[Any, Any], Any]] = {
    MATMUL: lambda a, b: a @ b,
    MATMUL_NT: lambda a, b: a @ b.T,
    MATMUL_TN: lambda a, b: a.T @ b,
}


def evaluated(x: Any, buffers: dict[str, Any]) -> Any:
    """Return what an operand is: an array with the columns as its last axis."""
    if isinstance(x, Ref):
        return buffers[x.buffer][np.array(x.rows)].reshape(*x.shape, -1)
    if isinstance(x, Term):
        operands = [evaluated(y, buffers) for y in x.operands]
        if x.op in COMPARISONS:
            return eval(f"a {COMPARISONS[x.op]} b", {"a": operands[0], "b": operands[1]}) * 1.0
        if x.op is COPY:
            return operands[0]
        if x.op.arity is None and len(operands) > 1:
            operands = [np.stack(np.broadcast_arrays(*operands))]
        return FUNCTIONS[x.op.name](*operands)
    return x


def choose(s: Statement, buffers: dict[str, Any]) -> None:
    """Run a statement that takes elements of a table, or adds to them."""
    at, x = s.operands
    whole, table = (s.out, x) if s.op is ops.TAKE else (x, s.out)
    assert isinstance(whole, Ref)
    assert isinstance(table, Ref)
    rows, mine = np.array(table.rows).reshape(table.shape), buffers[whole.buffer]
    where = np.broadcast_to(evaluated(at, buffers), (*whole.shape, mine.shape[1]))
    for m, row in enumerate(whole.rows):
        for b, place in enumerate(where.reshape(len(whole.rows), -1)[m].astype(int)):
            source = buffers[table.buffer]
            column = b if source.shape[1] > 1 else 0
            if s.op is ops.TAKE:
                mine[row, b] = source[rows[place, m], column]
            else:
                source[rows[place, m], column] += mine[row, b]


def run(s: Statement, buffers: dict[str, Any]) -> None:
    """Run one statement."""
    if s.op is PUT or s.op is ops.TAKE:
        choose(s, buffers)
        return
    target = buffers[s.out.buffer]
    shape = (*s.out.shape, target.shape[1])
    if s.op in PRODUCTS:
        a, b = [
            evaluated(x, buffers).reshape(x.shape[0], -1) for x in s.operands if isinstance(x, Ref)
        ]
        found = PRODUCTS[s.op](a, b)
    elif s.op is SUM:
        found = evaluated(s.operands[0], buffers)
        found = found.sum(axis=tuple(range(found.ndim - len(shape))))
        narrow = [i for i, n in enumerate(shape) if n == 1]
        found = found.sum(axis=tuple(narrow), keepdims=True)
    else:
        found = evaluated(Term(s.op, s.operands), buffers)
    found = np.broadcast_to(
        np.reshape(found, shape) if np.size(found) == np.prod(shape) else found, shape
    )
    rows = np.array(s.out.rows)
    if s.add:
        np.add.at(target, rows, found.reshape(len(rows), -1))
    else:
        target[rows] = found.reshape(len(rows), -1)


def new_buffers(program: Lowered, theta: Any, columns: list[Any]) -> dict[str, Any]:
    """Return the buffers that a program starts from."""
    count = columns[0].shape[1]
    seed = 1.0 if program.purpose == INPUTS else 1.0 / count
    buffers: dict[str, Any] = {
        "theta": theta[:, None],
        "g_theta": np.zeros((len(theta), 1)),
        "constants": np.array(program.plan.graph.data)[:, None],
        "seed": np.array([[seed]]),
    }
    for k, x in enumerate(columns):
        buffers[f"x{k}"], buffers[f"g_x{k}"] = x, np.zeros(x.shape)
    for name, (rows, varies) in program.rows.items():
        buffers[name] = np.full((rows, count if varies else 1), np.nan)
    return buffers


def run_all(program: Lowered, theta: Any, columns: list[Any]) -> dict[str, Any]:
    """Run a program; return what all of its buffers hold."""
    buffers = new_buffers(program, theta, columns)
    for statement in program.statements:
        run(statement, buffers)
    return buffers


def cases() -> list[Any]:
    """Give every loss, and the graphs that are no plain layers."""
    rng = np.random.default_rng(0)
    found: list[Any] = [pytest.param(loss_case(name), id=name) for name in LOSSES]
    for structure in STRUCTURES:
        f, _ = structure()
        shapes = SHAPES.get(structure.__name__, ((3,),))
        batch = [rng.normal(size=(5, *shape)) for shape in shapes]
        found.append(pytest.param((f, *batch), id=structure.__name__))
    indices = rng.integers(-3, 3, (2, 5))
    for name, f in tables().items():
        found.append(pytest.param((f, rng.normal(size=(5, 3)), *indices), id=name))
    return found


@pytest.mark.parametrize("case", cases())
def test_statements_compute_without_text_what_the_program_computes(case: Any) -> None:
    f, *batch = case
    program = compile(f, *[x[0].tolist() for x in batch], check=False)
    columns = [np.reshape(x, (len(x), -1)).T for x in batch]
    plan = program._plan  # pyright: ignore[reportPrivateUsage]
    theta = np.array([p.data for p in program.parameters])
    forward = run_all(lower(plan, FORWARD), theta, columns)
    (root,) = plan.results
    values = program(*batch)
    assert forward[root.buffer][root.rows[0]] == pytest.approx(values, rel=1e-12)
    _, gradients = program.value_and_grad(*batch)
    slopes = run_all(lower(plan, GRADIENT), theta, columns)["g_theta"][:, 0]
    size = max(1.0, *map(abs, gradients)) if gradients else 1.0
    assert slopes == pytest.approx(gradients, rel=1e-9, abs=1e-12 * size)
    own = run_all(lower(plan, INPUTS), theta, columns)
    for k, g in enumerate(program.input_grad(*batch)):
        assert own[f"g_x{k}"] == pytest.approx(np.reshape(g, (len(g), -1)).T, rel=1e-9, abs=1e-12)


class Listing(Language):
    """A fourth language: Python over whole arrays, one line for each statement."""

    symbol = NumPySymbol
    spelled: ClassVar[dict[Op, str]] = {
        **{op: f"({{}} {sign} {{}}) * 1.0" for op, sign in COMPARISONS.items()},
        COPY: "{}",
    }

    def read(self, ref: Ref) -> str:
        return f"{ref.buffer}[{list(ref.rows)}].reshape(*{ref.shape}, -1)"

    def term(self, op: Op, operands: tuple[Any, ...]) -> Any:
        texts = [str(self.expression(x)) for x in operands]
        row = self.spelled.get(op) or f"F[{op.name!r}]({', '.join(['{}'] * len(texts))})"
        if op.arity is None and len(texts) > 1:
            row = f"F[{op.name!r}](np.stack(np.broadcast_arrays({', '.join(texts)})))"
        return NumPySymbol(row.format(*texts))

    def line(self, text: str, comment: str = "") -> None:
        self.body += [text] if text else []

    def statement(self, s: Statement) -> None:
        if s.op in PRODUCTS:
            refs = [x for x in s.operands if isinstance(x, Ref)]
            texts = [f"{self.read(x)}.reshape({x.shape[0]}, -1)" for x in refs]
            text = f"F[{s.op.name!r}]({', '.join(texts)})"
        elif s.op is SUM:
            text = str(self.expression(s.operands[0]))
        else:
            text = str(self.term(s.op, s.operands))
        store = f"{s.out.buffer}, {list(s.out.rows)}, {s.out.shape}, {s.add}, {s.op is SUM}"
        self.line(f"store({store}, {text})")

    def text(self) -> str:
        return "\n".join(self.body)


def store(target: Any, rows: list[int], shape: Any, add: bool, is_sum: bool, found: Any) -> None:
    """Write an array to the rows of a buffer, as a statement says."""
    shape = (*shape, target.shape[1])
    if is_sum:
        found = found.sum(axis=tuple(range(np.ndim(found) - len(shape))))
        found = found.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)
    found = np.reshape(found, shape) if np.size(found) == np.prod(shape) else found
    found = np.broadcast_to(found, shape).reshape(len(rows), -1)
    if add:
        np.add.at(target, rows, found)
    else:
        target[rows] = found


@pytest.mark.parametrize("name", LOSSES)
def test_a_language_is_a_class_that_spells_statements(name: str) -> None:
    f, *batch = loss_case(name)
    program = compile(f, *[x[0].tolist() for x in batch], check=False)
    plan = program._plan  # pyright: ignore[reportPrivateUsage]
    theta = np.array([p.data for p in program.parameters])
    columns = [np.reshape(x, (len(x), -1)).T for x in batch]
    buffers = new_buffers(lower(plan, GRADIENT), theta, columns)
    products = {op.name: product for op, product in PRODUCTS.items()}
    exec(
        emit(plan, GRADIENT, Listing).source,
        {"np": np, "store": store, "F": {**FUNCTIONS, **products}, "inf": np.inf, **buffers},
    )
    _, gradients = program.value_and_grad(*batch)
    size = max(1.0, *map(abs, gradients))
    assert buffers["g_theta"][:, 0] == pytest.approx(gradients, rel=1e-9, abs=1e-12 * size)


def test_numbers_without_a_label_are_called_after_their_nodes() -> None:
    a, b = Value(-41.0, "a"), Value(2.0, "b")
    found = plan(record(lambda: (a * b).tanh() - a, []))
    source = emit(found, GRADIENT, "python").source
    names = re.findall(r"^ +(v\d+) = ", source, re.MULTILINE)
    graph = found.graph
    assert names == [f"v{i}" for i, op in enumerate(graph.ops) if op is not None]

"""JavaScript computes what the function computes, or the program says that it cannot be written."""

from __future__ import annotations

import copy
import json
import math
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from autograd_mini import TraceError, Value, asin, compile, dot, topological_order
from autograd_mini.compiler.emit import emit
from autograd_mini.compiler.languages.javascript import OpaqueError, functions
from autograd_mini.compiler.plan import FORWARD, GRADIENT, INPUTS
from autograd_mini.compiler.runs import recording_of
from autograd_mini.drawing.javascript import key, rules
from autograd_mini.graph import gradient_order, receiving
from tests.hostile import Case, Example, cases
from tests.shared import THOROUGH
from tests.test_networks_meaning import for_networks
from tests.test_one_meaning import (
    DisagreementError,
    Eager,
    alike,
    compare_gradients,
    compare_input_gradients,
    compare_values,
    eager,
    graphs,
    on_values,
    slack,
    slopes,
    surroundings,
)

SERVER = """
const text = (x) => (typeof x === "number" || typeof x === "boolean"
  ? (Object.is(x, -0) ? "-0" : String(Number(x))) : Array.from(x, text));
const jobs = {
  graph({ source, graph, leaves }) {
    const compute = new Function(source + "; return compute;")();
    return leaves.map((row) => {
      const { data, local } = compute(graph, row.map(Number));
      return [text(data), text(local)];
    });
  },
  program({ source, theta, columns, count }) {
    const bind = new Function(source + "; return bind;")();
    const gtheta = new Float64Array(theta.length);
    const step = bind(Float64Array.from(theta, Number), gtheta, count);
    const result = step(...columns.map((x) => Float64Array.from(x, Number)));
    return [text(result), text(gtheta)];
  },
};
require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  let answer;
  try {
    const job = JSON.parse(line);
    answer = jobs[job.kind](job);
  } catch (error) {
    answer = String(error);
  }
  process.stdout.write(JSON.stringify(answer) + "\\n");
});
"""


class Node:
    """A running Node.js that computes graphs."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            ["node", "-e", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, **job: Any) -> Any:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if isinstance(answer, str):
            raise DisagreementError(f"JavaScript says {answer}")
        return answer

    def graph(self, root: Value, rows: Sequence[Sequence[Value]]) -> list[Any]:
        """Return data and local derivatives of the graph of `root` for several graphs' leaves."""
        nodes = topological_order(root)
        place = {node: i for i, node in enumerate(nodes)}
        graph = {
            "inputs": [[place[x] for x in node.inputs] for node in nodes],
            "rule": [key(node) for node in nodes],
        }
        leaves = [[text(x.data) for x in row] for row in rows]
        return self.ask(kind="graph", source=functions() + rules(nodes), graph=graph, leaves=leaves)

    def program(self, program: Any, purpose: str, examples: list[Example]) -> tuple[Any, Any]:
        """Return what a compiled program gives for a batch, and the gradient it fills."""
        source = emit(program._plan, purpose, "javascript").source
        count = len(examples)
        columns = [
            np.reshape(np.array([e[k] for e in examples], float), (count, -1)).T.ravel()
            for k in range(len(examples[0]))
        ]
        result, gtheta = self.ask(
            kind="program",
            source=source,
            theta=[text(p.data) for p in program.parameters],
            columns=[[text(x) for x in column] for column in columns],
            count=count,
        )
        return number(result), number(gtheta)


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    if shutil.which("node") is None:
        pytest.skip("needs Node.js")
    server = Node()
    yield server
    server.process.kill()
    server.process.communicate()


def text(x: float) -> str:
    return repr(float(x)).replace("inf", "Infinity").replace("nan", "NaN")


def number(text: Any) -> Any:
    if isinstance(text, list):
        return [number(x) for x in text]
    return float(text.replace("Infinity", "inf"))


def structure(root: Value) -> Any:
    """Return what two graphs share if one is the other run on other numbers."""
    nodes = topological_order(root)
    place = {node: i for i, node in enumerate(nodes)}
    return [
        (node.op, [place[x] for x in node.inputs], repr(node.data) if node.is_constant else "")
        for node in nodes
    ]


def check_javascript(case: Case, node: Node) -> str:
    with surroundings():
        try:
            module = case.load()
        except (ValueError, TypeError):
            return "refused"
        f = module["f"]
        found = [on_values(f, example) for example in (case.example, *case.others)]
        root = found[0][0]
        if root is None or root.is_leaf:
            return "nothing recorded"
        same = [(r, ls) for r, ls in found if r is not None and structure(r) == structure(root)]
        try:
            answers = node.graph(root, [topological_order(r) for r, _ in same if r is not None])
        except OpaqueError:
            return "opaque"
        for (r, leaves), (data, local) in zip(same, answers, strict=True):
            nodes = topological_order(r)
            value = number(data[-1])
            if not alike(r.data, value, lambda: slack(r).value):  # noqa: B023
                raise DisagreementError(
                    f"JavaScript gives {value}, the function {r.data} at {leaves}"
                )
            place: dict[Any, int] = {node: i for i, node in enumerate(nodes)}
            adjoint = [0.0] * len(nodes)
            adjoint[-1] = 1.0
            below: list[Any] = gradient_order(r)
            for x in reversed(below):  # without what is below conditions
                i = place[x]
                for k in receiving(x):
                    adjoint[place[x.inputs[k]]] += number(local[i][k]) * adjoint[i]
            try:
                gradient = slopes(r, leaves)
            except (ValueError, ArithmeticError):  # a rule of the user's
                continue
            for leaf, wanted in zip(leaves, gradient, strict=True):
                got = adjoint[place[leaf]] if leaf in place else 0.0
                if not alike(wanted, got, lambda: slack(r).gradient[leaf]):  # noqa: B023
                    raise DisagreementError(
                        f"JavaScript's gradient is {got}, the function's {wanted} at {leaves}"
                    )
        return "agrees"


def check_program(case: Case, node: Node) -> str:
    """Compare a program's JavaScript with the function, for batches of one, two and seven."""
    with surroundings():
        try:
            module = case.load()
            f, parameters = module["f"], module["parameters"]
            program = compile(f, *copy.deepcopy(case.example))
        except Exception:
            return "not compiled"
        for batch in (case.others[:1], case.others[1:3], case.others):
            wanted = [eager(f, parameters, example) for example in batch]
            if any(e.error for e in wanted):
                continue
            try:
                columns = [[copy.deepcopy(e[k]) for e in batch] for k in range(len(batch[0]))]
                program(*columns)
                values, _ = node.program(program, FORWARD, batch)
                compare_values(f, wanted, np.reshape(values, (-1, len(batch))).T, batch)
                if wanted[0].is_list or any(e.gradient is None for e in wanted):
                    continue
                _ = program.value_and_grad(*columns), program.input_grad(*columns)
                mean, slopes_ = node.program(program, GRADIENT, batch)
                by_inputs, _ = node.program(program, INPUTS, batch)
            except (TraceError, OpaqueError) as error:
                return type(error).__name__
            except (ValueError, ArithmeticError):  # a rule raises
                continue
            if mean != mean and not _is_finite(f, wanted, batch):
                mean = sum(e.values[0] for e in wanted) / len(wanted)  # it says that it cannot
            compare_gradients(f, program, parameters, wanted, (mean, slopes_), batch)
            rows = [np.reshape(x, (-1, len(batch))).T for x in by_inputs]
            compare_input_gradients(f, rows, batch)
        return "agrees"


def _is_finite(f: Any, wanted: list[Eager], batch: list[Example]) -> bool:
    """Return whether every number on the way is finite; if not, one may be outside of a domain."""
    roots = [root for x, e in zip(batch, wanted, strict=True) for root in graphs(f, x, e)]
    nodes = [node for y in roots if isinstance(y, Value) for node in topological_order(y)]
    unread = [node for example in batch for node in recording_of(f, example).risky]
    return all(math.isfinite(float(x)) for x in [*roots, *nodes, *unread])


@pytest.mark.parametrize("xs", [[1.0, -1.0], [1.0, 0.0, -math.inf], [2.0, 1.0], [math.nan, 1.0]])
def test_an_infinite_gradient_in_javascript_is_the_mean_of_the_examples_own(
    node: Node, xs: list[float]
) -> None:
    v, w = Value(2.0), Value(1.0)
    program = compile(lambda x: asin(w) * dot([x, v], [v, x]), 1.0)
    mean, slopes_ = node.program(program, GRADIENT, [[x] for x in xs])
    wanted, gradient = program.value_and_grad(xs)
    assert mean == pytest.approx(wanted, nan_ok=True)
    assert slopes_ == pytest.approx(gradient, nan_ok=True)


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(cases(control=False))
def test_javascript_computes_what_the_function_computes(node: Node, case: Case) -> None:
    check_javascript(case, node)


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(cases())
def test_a_program_in_javascript_computes_what_its_function_computes(
    node: Node, case: Case
) -> None:
    check_program(case, node)


@pytest.mark.parametrize("wild", [False, True])
def test_a_network_in_javascript_computes_what_its_function_computes(
    node: Node, wild: bool
) -> None:
    def check(case: Case) -> None:
        check_javascript(case, node)
        check_program(case, node)

    for_networks(check, 300, 3 if THOROUGH else 1, wild=wild)

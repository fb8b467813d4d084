"""Engine, drawings, stepper, player and checker need no package: they run in a browser."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.shared import ROOT

PROGRAM = """
import io, os, tempfile
from autograd_mini import (
    Trace, Value, derivative, grad, hessian, record_source, save, tanh, text_tree, to_dot,
    to_mermaid, to_svg,
)
from autograd_mini.testing import check_gradients

with record_source():
    x, w, b = Value(2.0, "x"), Value(-3.0, "w"), Value(6.5, "b")
    y = tanh(w * x + b)
y.backward()
assert abs(w.grad - 1.5729) < 1e-4, w.grad
assert grad(lambda x: x * x)(3.0) == 6.0 and hessian(lambda x: x**3)(2.0) == 12.0
assert derivative(lambda x: x**4, 3)(1.0) == 24.0

assert to_svg(y).rstrip().endswith("</svg>") and y._repr_svg_()
assert "digraph" in to_dot(y) and "flowchart" in to_mermaid(y) and "tanh" in text_tree(y)
folder = tempfile.mkdtemp()
for name in ("graph.svg", "graph.dot", "graph.mmd", "graph.txt", "graph.html"):
    assert save(y, os.path.join(folder, name)).stat().st_size

trace = Trace(y)
trace.to_html(os.path.join(folder, "player.html"))
assert "</html>" in open(os.path.join(folder, "player.html"), encoding="utf-8").read()
assert "iframe" in trace._repr_html_() and "w" in str(trace[len(trace) - 1])
said = io.StringIO()
y.debug(stdin=io.StringIO("s\\nwatch w\\nc\\nq\\n"), stdout=said)
assert "n5" in said.getvalue() or "tanh" in said.getvalue(), said.getvalue()

assert check_gradients(lambda x, y: tanh(x * y) / y, 0.5, 2.0)
try:
    check_gradients(lambda x: x * x + (x * x).detach(), 2.0)
except AssertionError:
    pass
else:
    raise SystemExit("a wrong gradient was not noticed")

from autograd_mini.testing import check_backward, check_engine
assert check_backward(lambda x, y: x * y, lambda g, x, y: (g * y, g * x), 2.0, [3.0][0]).ok
try:
    check_backward(lambda xs: xs[0] * xs[1], lambda g, xs: [g * xs[0], g * xs[1]], [2.0, 3.0])
except AssertionError as error:
    assert error.kind == "reversed" and error.op == "xs", error
else:
    raise SystemExit("a wrong backward pass was not noticed")
assert check_engine(Value, ops=["mul", "tanh"]).ok

import nn
model = nn.FNN([2, 3, 1], seed=0)
sgd = nn.SGD(model.parameters(), lr=0.1)
before = nn.losses.mse_loss(model([1.0, 2.0]), 1.0)
before.backward()
sgd.step()
assert nn.losses.mse_loss(model([1.0, 2.0]), 1.0) < before
model.diagram(os.path.join(folder, "network.svg"))
print("all is well")
"""

BLOCKER = """
import sys

class NoPackages:
    def find_spec(self, name, path=None, target=None):
        if path is None and name not in {*sys.stdlib_module_names, "autograd_mini", "nn"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, NoPackages())
"""

IN_NODE = """
const { readFileSync } = require("fs");
const { loadPyodide } = require("pyodide");
loadPyodide().then(async (python) => {
  python.unpackArchive(new Uint8Array(readFileSync(process.argv[1])), "wheel");
  python.runPython(process.argv[2]);
}).catch((error) => { console.error(String(error)); process.exit(1); });
"""


def test_without_any_package_all_but_arrays_works(tmp_path: Path) -> None:
    command = [sys.executable, "-c", BLOCKER + PROGRAM]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout.endswith("all is well\n"), done.stderr


@pytest.mark.parametrize(
    ("expression", "package"),
    [
        ("autograd_mini.draw(autograd_mini.Value(1.0))", "graphviz"),
        ("autograd_mini.compile(lambda x: x, 1.0)", "numpy"),
    ],
)
def test_what_needs_a_package_names_it(expression: str, package: str) -> None:
    program = BLOCKER + textwrap.dedent(f"""
        import autograd_mini
        try:
            {expression}
        except ImportError as error:
            assert {package!r} in str(error)
        else:
            raise SystemExit("it needs none")
    """)
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert not done.returncode, done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("hatchling", reason="needs hatchling")
    if not (ROOT / "autograd_mini").is_dir():
        pytest.skip("the installed package is tested: there is no source to build")
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def node_packages() -> Path:
    """Return the folder of node's packages, Pyodide among them."""
    npm = shutil.which("npm")
    if shutil.which("node") is None or npm is None:
        pytest.skip("needs node")
    packages = subprocess.run([npm, "root", "-g"], capture_output=True, text=True).stdout.strip()
    if not Path(packages, "pyodide").is_dir():
        pytest.skip("needs pyodide: npm install -g pyodide")
    return Path(packages)


def in_node(script: str, *arguments: object) -> str:
    done = subprocess.run(
        ["node", "-e", script, *map(str, arguments)],
        env={**os.environ, "NODE_PATH": str(node_packages())},
        capture_output=True,
        text=True,
        timeout=300,
    )
    return done.stdout if not done.returncode else json.dumps(done.stdout + done.stderr)


def test_the_wheel_runs_in_pyodide(wheel: Path) -> None:
    """As in JupyterLite: CPython compiled to WebAssembly, here under node."""
    said = in_node(IN_NODE, wheel, PROGRAM)
    assert said.endswith("all is well\n"), said


def test_readme_installs_the_wheel_that_is_built(wheel: Path) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    line = f'import micropip; await micropip.install("emfs:{wheel.name}", deps=False)'
    assert f"`{line}`" in text[text.index("## Limits") :]

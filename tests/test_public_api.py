"""What the packages export, what importing them costs, and who may import whom."""

from __future__ import annotations

import ast
import doctest
import importlib
import importlib.util
from collections.abc import Iterator
from contextlib import suppress
from functools import cache, partial
from inspect import isclass, isroutine
from pathlib import Path

import pytest

from tests.shared import python

PACKAGES = {
    name: Path(importlib.import_module(name).__path__[0]) for name in ("autograd_mini", "nn")
}

# A file imports only from files to its left. A new file takes its place here.
ORDER = {
    "autograd_mini": """
        errors guesses calls words ops symbols contexts frames convert nested value graph backprop
        arrays pickling functions transforms paths steps compiler drawing player testing debugger
        cli __init__ __main__
    """,
    "nn": """
        guesses errors arrays initializers activations layers diagram network features losses
        clipping settings rules parameters optimizers schedules metrics datasets plots files
        training playback estimators export tables __init__ __main__
    """,
}
# Where users find names: the packages, and the modules that they are told to import from.
PUBLIC = [
    *("autograd_mini", "autograd_mini.drawing", "autograd_mini.testing"),
    *("nn", "nn.activations", "nn.datasets", "nn.estimators", "nn.features", "nn.files"),
    *("nn.initializers", "nn.losses", "nn.metrics", "nn.plots", "nn.training"),
]
MODULES = [
    pytest.param(package, path, id=f"{package}/{path.relative_to(root).as_posix()}")
    for package, root in PACKAGES.items()
    for path in sorted(root.rglob("*.py"))
]


def imports(tree: ast.AST, *, when_loaded: bool) -> Iterator[tuple[str, str | None]]:
    """Yield (module, name) for each `from module import name`, (module, None) for `import module`.

    With `when_loaded`, only for those that run when the module is imported: not in functions,
    not under `if TYPE_CHECKING`.
    """
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from ((module, alias.name) for alias in node.names)
        elif isinstance(node, ast.expr):
            continue  # in which nothing is imported
        elif when_loaded and (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            or (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test))
        ):
            continue
        else:
            yield from imports(node, when_loaded=when_loaded)


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def imported(path: Path, package: str, *, when_loaded: bool) -> Iterator[tuple[str, str | None]]:
    """`imports` of a file of `package`, with relative modules written out."""
    inside = [package, *path.relative_to(PACKAGES[package]).parts[:-1]]
    for module, name in imports(parsed(path), when_loaded=when_loaded):
        level = len(module) - len(module.lstrip("."))
        if level:
            parts = inside[: len(inside) - level + 1] + ([module[level:]] if module[level:] else [])
            yield ".".join(parts), name
        else:
            yield module, name


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_lists_exactly_the_names_it_imports(package: str) -> None:
    module = importlib.import_module(package)
    tree = ast.parse((PACKAGES[package] / "__init__.py").read_text("utf-8"))
    names = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in PACKAGES
        if node.module != "nn.estimators"  # `from nn import *` works without scikit-learn
        for alias in node.names
    }
    if "*" in names:  # of autograd_mini, where most names stand once, in the file they come from
        parts = {"errors", "functions", "transforms"}
        names -= {"*", *parts}
        names.update(*[getattr(module, part).__all__ for part in parts])
    assert set(module.__all__) == {name for name in names if not name.startswith("_")}
    assert len(module.__all__) == len(set(module.__all__))
    for name in module.__all__:
        assert getattr(module, name).__doc__, f"{package}.{name} has no docstring"


def dotted(package: str, path: Path) -> str:
    """The name of the module that a file of `package` holds."""
    return ".".join([package, *path.relative_to(PACKAGES[package]).with_suffix("").parts])


@cache
def examples() -> set[str | None]:
    """The docstrings with examples that `--doctest-modules` finds and runs."""
    finder = doctest.DocTestFinder()
    found: set[str | None] = set()
    for package, root in PACKAGES.items():
        for path in root.rglob("*.py"):
            with suppress(ImportError):  # it needs an extra
                module = importlib.import_module(dotted(package, path))
                found |= {test.docstring for test in finder.find(module) if test.examples}
    return found


def test_no_file_is_longer_than_500_lines_and_no_function_than_60_besides_its_docstring() -> None:
    long: dict[str, int] = {}
    for package, root in PACKAGES.items():
        for path in root.rglob("*.py"):
            if (lines := path.read_text("utf-8").count("\n")) > 500:
                long[dotted(package, path)] = lines
            for node in ast.walk(parsed(path)):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    first, last = node.body[0], node.end_lineno or 0
                    lines = last - node.lineno + 1
                    if ast.get_docstring(node) is not None:
                        lines -= (first.end_lineno or 0) - first.lineno + 1
                    if lines > 60:
                        long[f"{dotted(package, path)}.{node.name}"] = lines
    assert long == {}


@pytest.mark.parametrize("module", PUBLIC)
def test_every_public_name_has_a_docstring_with_an_example(module: str) -> None:
    if module == "nn.estimators":
        pytest.importorskip("sklearn")
    public = importlib.import_module(module)
    objects = {name: getattr(public, name) for name in public.__all__}
    own = {n: x for n, x in objects.items() if not isinstance(x, partial)}  # some are routines
    explained = {n: x.__doc__ for n, x in own.items() if isroutine(x) or isclass(x)}
    assert explained
    assert {name for name, text in explained.items() if text not in examples()} == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_importing_a_package_loads_nothing_heavy(package: str) -> None:
    script = f"import sys; old = set(sys.modules); import {package}; print(*set(sys.modules) - old)"
    said = python("-c", script, check=True).stdout
    loaded = {name.partition(".")[0] for name in said.split()}
    assert package in loaded
    heavy = {"numpy", "graphviz", "safetensors", "matplotlib", "sklearn", "hypothesis", "mpmath"}
    assert not loaded & heavy
    assert "demos" not in loaded
    if package == "autograd_mini":
        assert not loaded & {"nn", "dataclasses", "inspect"}


@pytest.mark.parametrize(("package", "path"), MODULES)
def test_a_module_imports_or_lacks_an_extra(package: str, path: Path) -> None:
    """Doctests of a module that fails to import are passed over: here it may not pass."""
    try:
        importlib.import_module(dotted(package, path))
    except ImportError as error:
        if error.name is None or importlib.util.find_spec(error.name.partition(".")[0]):
            raise
        pytest.skip(f"needs {error.name}")


@pytest.mark.parametrize("path", sorted(Path(__file__).parent.glob("*.py")), ids=lambda p: p.stem)
def test_a_file_of_tests_imports_or_lacks_an_extra(path: Path) -> None:
    """Pytest passes over a file of tests that fails to import: here it may not pass."""
    try:
        importlib.import_module(f"tests.{path.stem}")
    except ImportError as error:
        if error.name is None or importlib.util.find_spec(error.name.partition(".")[0]):
            raise
        pytest.skip(f"needs {error.name}")
    except pytest.skip.Exception:
        pytest.skip("skips itself")


@pytest.mark.parametrize(("package", "path"), MODULES)
def test_a_file_imports_only_from_files_above_it(package: str, path: Path) -> None:
    here = path.relative_to(PACKAGES[package]).parts[0].removesuffix(".py")
    order = ORDER[package].split()
    assert here in order, f"give {here} its place in ORDER"
    for module, name in imported(path, package, when_loaded=True):
        top, *below = module.split(".")
        if top == package:
            there = below[0] if below else name if name in order else "__init__"
            assert there == here or there in order[: order.index(here)], (
                f"{here} imports {there}, which stands after it"
            )
        assert top != "demos"
        assert (package, top) != ("autograd_mini", "nn")


@pytest.mark.parametrize(("package", "path"), [case for case in MODULES if case.values[0] == "nn"])
def test_nn_uses_only_what_autograd_mini_exports(package: str, path: Path) -> None:
    for module, name in imported(path, package, when_loaded=False):
        if module.partition(".")[0] == "autograd_mini" and name is not None:
            exported = getattr(importlib.import_module(module), "__all__", None)
            is_public = not name.startswith("_") if exported is None else name in exported
            assert is_public, f"{module} does not export {name}"

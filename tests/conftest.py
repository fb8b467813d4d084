"""What every test shares: Hypothesis profiles, plots without a window, doctests of extras."""

from __future__ import annotations

import ast
import importlib.util
import os

import pytest
from hypothesis import settings

os.environ["MPLBACKEND"] = "Agg"

settings.register_profile("dev", max_examples=50, deadline=None)
settings.register_profile("ci", max_examples=500, derandomize=True, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the doctests that import something that is not installed."""
    for item in items:
        if isinstance(item, pytest.DoctestItem) and (missing := _missing_imports(item)):
            item.add_marker(pytest.mark.skip(reason=f"needs {', '.join(missing)}"))


def _missing_imports(item: pytest.DoctestItem) -> list[str]:
    source = "".join(example.source for example in item.dtest.examples if item.dtest)
    try:
        tree = ast.parse(source)
    except SyntaxError:  # an example of an error
        return []
    names = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module]
            if isinstance(node, ast.ImportFrom) and node.module and not node.level
            else []
        )
    }
    return sorted(name for name in names if importlib.util.find_spec(name) is None)

"""What tests share: Hypothesis profiles, plots without a window, a browser, doctests of extras."""

from __future__ import annotations

import ast
import importlib.util
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from autograd_mini import OPS

os.environ["MPLBACKEND"] = "Agg"

settings.register_profile("dev", max_examples=50, deadline=None)
settings.register_profile("quick", max_examples=50, derandomize=True, deadline=None)
settings.register_profile("brief", max_examples=10, derandomize=True, deadline=None)
settings.register_profile("ci", max_examples=500, derandomize=True, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


_CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")  # longer, and its event loop would meet those of other tests
def chromium() -> Iterator[Any]:
    """A headless Chromium; without one, or without Playwright, the test is skipped."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("needs Chromium on PATH")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_CHROMIUM_OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Open files in the browser; afterwards, complain of any message and of any request made."""
    said: list[str] = []
    contexts: list[Any] = []

    def open_page(path: Path, fragment: str = "", **options: Any) -> Any:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        contexts.append(context)
        page = context.new_page()
        address = path.as_uri()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on(
            "request",
            lambda request: (
                None if request.url.startswith((address, "about:")) else said.append(request.url)
            ),
        )
        page.goto(address + fragment)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not said


_BUILT_IN = frozenset(OPS)


@pytest.fixture(autouse=True)
def _forget_new_operations() -> Iterator[None]:
    """Give each test the built-in rule table, whatever primitives others have made."""
    _forget()  # a doctest outside of tests/ leaves its own to whoever comes next
    yield
    _forget()


def _forget() -> None:
    for name in set(OPS) - _BUILT_IN:
        del OPS[name]


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

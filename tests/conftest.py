"""What tests share: Hypothesis profiles, plots without a window, a browser, doctests of extras."""

from __future__ import annotations

import ast
import importlib.util
import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from autograd_mini import OPS
from tests.shared import THOROUGH

os.environ["MPLBACKEND"] = "Agg"

for _set in ("PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"):
    os.environ.pop(_set, None)  # a newcomer's processes have neither

settings.register_profile("dev", max_examples=20, deadline=None)
settings.register_profile("quick", max_examples=20, derandomize=True, deadline=None)
settings.register_profile("brief", max_examples=10, derandomize=True, deadline=None)
settings.register_profile("ci", max_examples=40, derandomize=True, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


_counter = itertools.count()
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
    names = ("chromium-headless-shell", "chromium", "google-chrome")  # the first draws no window
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        pytest.skip("needs Chromium on PATH")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_CHROMIUM_OPTIONS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def _pages(chromium: Any) -> list[tuple[dict[str, Any], Any, list[str]]]:
    """Pages with their options and what they say: a new one costs more than most tests."""
    return []


@pytest.fixture
def open_page(
    chromium: Any, _pages: list[tuple[dict[str, Any], Any, list[str]]]
) -> Iterator[Callable[..., Any]]:
    """Open files in the browser; afterwards, complain of any message and of any request made.

    Options are those of a browser's context, and `clock=True`: then time stands still but for
    `page.clock.run_for`. Nothing moves by itself unless `reduced_motion="no-preference"`.
    """
    opened: list[tuple[Any, str, list[str]]] = []

    def new_page(options: dict[str, Any]) -> tuple[Any, list[str]]:
        context = chromium.new_context(**{k: x for k, x in options.items() if k != "clock"})
        page, said = context.new_page(), []
        if options["clock"]:
            page.clock.install(time=0)
            page.clock.pause_at(1000)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: said.append(request.url))
        _pages.append((options, page, said))
        return page, said

    def open_page(path: Path, fragment: str = "", **options: Any) -> Any:
        options = {
            "viewport": {"width": 1280, "height": 800},
            "color_scheme": "light",
            "reduced_motion": "reduce",
            "clock": False,
        } | options
        taken = [page for page, *_ in opened]
        free = [(page, said) for o, page, said in _pages if o == options and page not in taken]
        page, said = free[0] if free else new_page(options)
        page.set_viewport_size(options["viewport"])
        looks = {key: options[key] for key in ("color_scheme", "reduced_motion")}
        page.emulate_media(media="screen", **looks)
        page.mouse.move(0, 0)
        said.clear()
        opened.append((page, path.as_uri(), said))
        # without the query it might be another fragment of the page that is there, and no more
        page.goto(f"{path.as_uri()}?{next(_counter)}{fragment}")
        return page

    yield open_page
    for _, address, said in opened:
        assert not [text for text in said if not text.startswith((address, "about:"))]


def pytest_configure(config: pytest.Config) -> None:
    """Leave out the doctests of the module that an extra carries, where that is not installed."""
    if importlib.util.find_spec("sklearn") is None:
        module = str(config.rootpath / "nn" / "estimators.py")
        config.option.ignore = [*(config.option.ignore or ()), module]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the benchmarks' answers to the thorough suite and to who names them: they take long."""
    asked = THOROUGH or "benchmarks" in " ".join(config.args)
    return True if collection_path.name == "benchmarks" and not asked else None


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
    """Skip the doctests that import something that is not installed; mark who needs PyTorch."""
    for item in items:
        imported = _imports(item) if isinstance(item, pytest.DoctestItem) else set()
        if missing := sorted(name for name in imported if importlib.util.find_spec(name) is None):
            item.add_marker(pytest.mark.skip(reason=f"needs {', '.join(missing)}"))
        if "torch" in imported or "benchmarks" in item.path.parts:
            item.add_marker(pytest.mark.torch)


def _imports(item: pytest.DoctestItem) -> set[str]:
    source = "".join(example.source for example in item.dtest.examples if item.dtest)
    try:
        tree = ast.parse(source)
    except SyntaxError:  # an example of an error
        return set()
    return {
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

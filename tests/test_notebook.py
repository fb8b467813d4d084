from __future__ import annotations

import ast
import html
import io
import json
import re
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

NOTEBOOK = Path(__file__).parents[1] / "demos" / "tour.ipynb"


def without_places(text: str) -> str:
    """Return the text without the places of code, which differ from run to run."""
    return re.sub(r"# \S*:\d+$", "#", text, flags=re.MULTILINE)


def test_every_cell_of_the_tour_runs_and_prints_what_it_shows() -> None:
    pytest.importorskip("mpmath")
    notebook = json.loads(NOTEBOOK.read_text("utf-8"))
    scope: dict[str, Any] = {}
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert len(cells) > 8
    for cell in cells:
        module = ast.parse("".join(cell["source"]))
        last = module.body[-1]
        printed = io.StringIO()
        with redirect_stdout(printed):
            exec(compile(module, "<cell>", "exec"), scope)
        shown = "".join(
            "".join(output["text"])
            for output in cell["outputs"]
            if output["output_type"] == "stream"
        )
        assert without_places(printed.getvalue()) == without_places(shown)
        if isinstance(last, ast.Expr) and not shown:
            value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), scope)
            display = value._repr_svg_ if hasattr(value, "_repr_svg_") else value._repr_html_
            assert "<" in display()


def test_the_tour_names_no_place_on_a_disk() -> None:
    assert not re.search(r"/(home|root|work|tmp|usr)/", NOTEBOOK.read_text("utf-8"))


def test_a_program_and_a_history_show_themselves() -> None:
    from autograd_mini import Value, compile
    from nn import History

    w = Value(2.0, "<w>")
    page: str = compile(lambda x: w * x, 1.0)._repr_html_()
    assert page.startswith("<pre>")
    assert "np.multiply" in page
    assert "<w>" not in page
    history = History()
    history.loss += [2.0, 1.0]
    pytest.importorskip("matplotlib")
    picture = history._repr_png_()
    assert picture is not None
    assert picture.startswith(b"\x89PNG")


def test_a_playground_and_a_recorded_run_show_their_page(tmp_path: Path) -> None:
    from nn import FNN, SGD, Playback, Playground, fit

    X, y = [[0.0], [1.0]], [0.0, 1.0]
    model = FNN([1, 1], seed=0)
    sgd = SGD(model.parameters(), lr=0.1)
    run = Playback(X, y)
    assert run._repr_html_() is None  # nothing yet: its name
    fit(model, X, y, loss="mse", optimizer=sgd, epochs=2, callbacks=[run])
    for page in (run, Playground(model, X, y, loss="mse", optimizer=sgd)):
        page.to_html(tmp_path / "page.html")
        frame = page._repr_html_() or ""
        shown = re.fullmatch(r'<iframe sandbox="allow-scripts" srcdoc="([^"]*)" .*', frame)
        assert shown is not None
        assert html.unescape(shown[1]) == (tmp_path / "page.html").read_text("utf-8")

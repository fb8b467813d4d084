"""Who renders: with no engine, with dot, with graphviz-pure, and with engines that fail."""

from __future__ import annotations

import html
import os
import pickle
import re
import shutil
import sysconfig
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from autograd_mini import RenderError, Value, draw, save, text_tree, to_dot, to_mermaid, to_svg
from autograd_mini.drawing import display, engines
from autograd_mini.drawing.model import picture
from autograd_mini.drawing.svg import svg
from tests.shared import HARD_LABELS, SVG

SIDE_BY_SIDE = {"partials": True, "rankdir": "TB"}
XLINK = "{http://www.w3.org/1999/xlink}"
PROGRAMS = {
    "none": None,
    "dot": shutil.which("dot"),
    "graphviz-pure": shutil.which("graphviz-pure")
    or shutil.which("graphviz-pure", path=sysconfig.get_path("scripts")),
}


def only(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let programs be found in one folder only."""
    scripts = {"scripts": str(folder)}
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(sysconfig, "get_path", lambda name: scripts[name])


@pytest.fixture(params=PROGRAMS)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Run a test three times: with no engine at all, with dot only, with graphviz-pure only."""
    name: str = request.param
    program = PROGRAMS[name]
    folder = tmp_path / "programs"
    folder.mkdir()
    if program:
        (folder / name).symlink_to(program)
    elif name != "none":
        pytest.skip(f"needs {name}")
    only(monkeypatch, folder)
    return name


@pytest.fixture
def nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No engine is installed; programs put in this folder are found."""
    folder = tmp_path / "programs"
    folder.mkdir()
    only(monkeypatch, folder)
    return folder


def program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def expression() -> Value:
    a, b = Value(2.0, "a"), Value(-3.0, "b")
    root = (a * b + a * a).tanh()
    root.label = "L"
    root.backward()
    return root


def parsed(drawn: str) -> ET.Element:
    return ET.fromstring(drawn)


def titles(drawn: str, kind: str) -> dict[str, str]:
    """id -> title of the groups of a class."""
    return {
        g.attrib["id"]: g.findtext(f"{SVG}title") or ""
        for g in parsed(drawn).iter(f"{SVG}g")
        if g.get("class", "").split()[:1] == [kind]
    }


def hovers(drawn: str, node: str) -> str:
    """What hovering over a node shows, whoever drew it."""
    for g in parsed(drawn).iter(f"{SVG}g"):
        if g.get("id") == node:
            links = [a.attrib[f"{XLINK}title"] for a in g.iter(f"{SVG}a")]
            return links[0] if links else [t.text or "" for t in g.iter(f"{SVG}title")][1]
    raise AssertionError(f"no node {node}")


# Every engine.


@pytest.mark.parametrize(
    "options", [{}, {"partials": True}, {"rankdir": "TB"}, SIDE_BY_SIDE, {"max_nodes": 3}]
)
def test_every_engine_draws_the_same_nodes_and_edges(engine: str, options: dict[str, Any]) -> None:
    root = expression()
    drawn = to_svg(root, engine="dot", **options)
    built_in = svg(picture(root, **options))
    passed_over = engine == "graphviz-pure" and options == SIDE_BY_SIDE
    assert (drawn == built_in) == (engine == "none" or passed_over)
    for kind in ("node", "edge"):
        assert titles(drawn, kind) == titles(built_in, kind)


@pytest.mark.parametrize("label", [*HARD_LABELS, "x" * 10_000])
def test_every_engine_shows_a_label_as_written(engine: str, label: str) -> None:
    root = Value(1.0, label).tanh()
    root.label = label
    drawn = to_svg(root, engine="dot")
    for node in ("n0", "n1"):
        assert hovers(drawn, node).startswith(label + "\n")
    texts = [text.text or "" for text in parsed(drawn).iter(f"{SVG}text")]
    line = label.replace("\n", "↵")
    assert (line if len(line) <= 24 else line[:23] + "…") in [
        text.replace("\xa0", " ") for text in texts
    ]


@pytest.mark.parametrize("label", ["\x00\x1b[31m", "\ud800", " ", "\t", "", "\ufffe", "\u202e"])
def test_every_engine_survives_a_label_that_cannot_be_written(engine: str, label: str) -> None:
    parsed(to_svg(Value(1.0, label), engine="dot"))


def test_a_notebook_shows_a_value_and_a_drawing_with_any_engine(engine: str) -> None:
    root = expression()
    shown = root._repr_svg_()
    assert shown is not None
    parsed(shown)
    bundle = draw(root)._repr_mimebundle_()
    assert list(bundle) == ["image/svg+xml"]
    assert titles(bundle["image/svg+xml"], "node") == titles(shown, "node")
    both = draw(root)._repr_mimebundle_(include=["image/png", "image/svg+xml", "text/html"])
    assert ("image/png" in both) == (engine != "none")


def test_a_suffix_says_how_to_save(engine: str, tmp_path: Path) -> None:
    root = expression()
    written = {
        suffix: save(root, tmp_path / f"graph.{suffix}").read_bytes()
        for suffix in ("svg", "SVG", "html", "dot", "gv", "mmd", "txt")
    }
    parsed(written["svg"].decode())
    assert b"<svg" in written["html"]
    assert written["dot"].decode() == written["gv"].decode() == to_dot(root)
    assert written["mmd"].decode() == to_mermaid(root)
    assert written["txt"].decode() == text_tree(root) + "\n"
    if engine == "none":
        with pytest.raises(RenderError):
            save(root, tmp_path / "graph.png")
        assert not (tmp_path / "graph.png").exists()
    else:
        assert save(root, tmp_path / "graph.png").read_bytes().startswith(b"\x89PNG")
        assert save(root, tmp_path / "graph.jpg").read_bytes().startswith(b"\xff\xd8")
    if engine == "dot":
        assert save(root, tmp_path / "graph.pdf").read_bytes().startswith(b"%PDF")
    else:
        with pytest.raises(RenderError, match="PDF needs Graphviz's `dot`, which is not on PATH"):
            save(root, tmp_path / "graph.pdf")


def test_a_drawing_is_a_digraph_that_pipes_and_renders(engine: str, tmp_path: Path) -> None:
    graphviz = pytest.importorskip("graphviz")
    root = expression()
    drawing = draw(root)
    assert isinstance(drawing, graphviz.Digraph)
    assert drawing.source == to_dot(root)
    parsed(drawing.pipe(encoding="utf-8"))
    assert drawing.pipe() == to_svg(root).encode()
    path = drawing.render(tmp_path / "graph", cleanup=True)
    assert Path(path).read_bytes() == to_svg(root).encode()
    assert [p.name for p in tmp_path.glob("graph*")] == ["graph.svg"]
    path = drawing.render(outfile=tmp_path / "other.svg")
    assert {p.name for p in tmp_path.glob("other*")} == {"other.gv", "other.svg"}
    copied = drawing.copy()
    assert copied.source == drawing.source
    parsed(copied.pipe(encoding="utf-8"))


def test_what_a_user_adds_to_a_drawing_is_drawn_by_graphviz(engine: str) -> None:
    drawing = draw(expression())
    drawing.node("mine", "my node")
    drawing.edge("n0", "mine")
    drawn = drawing.pipe(encoding="utf-8")
    assert "mine" in drawing.source
    assert ("my node" in drawn.replace("\xa0", " ").replace("&#160;", " ")) == (engine != "none")


# No engine, or a broken one.


@pytest.mark.parametrize("suffix", ["png", "jpg", "pdf", "ps"])
def test_without_an_engine_the_error_names_it_and_what_works_now(
    nothing: Path, tmp_path: Path, suffix: str
) -> None:
    root = expression()
    with pytest.raises(RenderError) as caught:
        save(root, tmp_path / f"graph.{suffix}")
    message = str(caught.value)
    for advice in ("apt-get install graphviz", "brew install", "choco install", ".svg or .html"):
        assert advice in message
    assert ("pip install 'autograd_mini[dot]'" in message) == (suffix in ("png", "jpg"))
    assert caught.value.source == to_dot(root)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.source) == (message, caught.value.source)


@pytest.mark.parametrize(
    "script",
    [
        "exit 1",
        "echo not a picture",
        "kill -9 $$",
        "cat >/dev/null; sleep 30",
        "exec 0<&-; exit 3",
    ],
)
def test_an_engine_that_fails_gives_way_to_the_next(
    nothing: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    monkeypatch.setenv("PATH", f"{nothing}{os.pathsep}{os.defpath}")
    monkeypatch.setattr(engines, "PATIENCE", 0.3)
    program(nothing, "dot", script)
    root = expression()
    assert to_svg(root, engine="dot") == svg(picture(root))
    monkeypatch.setattr(engines, "PATIENCE", 20.0)
    program(nothing, "dot", "exit 1")
    program(nothing, "graphviz-pure", 'echo "<svg>of the next</svg>"')
    assert "of the next" in to_svg(root, engine="dot")


def test_a_program_that_cannot_be_started_gives_way_too(nothing: Path) -> None:
    (nothing / "dot").write_bytes(b"\x7fELF no program")
    (nothing / "dot").chmod(0o755)
    assert to_svg(expression(), engine="dot") == svg(picture(expression()))


def test_what_an_engine_says_is_in_the_error(nothing: Path, tmp_path: Path) -> None:
    program(nothing, "dot", 'echo "Format: \\"pdf\\" not recognized." >&2; exit 1')
    with pytest.raises(RenderError, match=r"`dot` could not write PDF: Format: .pdf. not recog"):
        save(expression(), tmp_path / "graph.pdf")


def test_more_than_a_thousand_boxes_go_to_the_built_in_layout(nothing: Path) -> None:
    program(nothing, "dot", 'echo "<svg>of dot</svg>"')
    y = Value(1.0)
    for _ in range(1_001):
        y = y.tanh()
    assert "of dot" in to_svg(y, engine="dot")
    assert "of dot" not in to_svg(y, engine="dot", max_nodes=2_000)


def test_where_many_steps_share_an_input_the_built_in_layout_draws(nothing: Path) -> None:
    """Graphviz puts a node into each column that an edge crosses, and takes over half a minute."""
    program(nothing, "dot", 'echo "<svg>of dot</svg>"')
    x = Value(1.0)
    y = x * 1.0
    for _ in range(40):
        y = y + x
    assert "of dot" in to_svg(y, engine="dot")
    assert "of dot" not in to_svg(y, engine="dot", partials=True)
    for _ in range(40):
        y = y + x
    assert "of dot" not in to_svg(y, engine="dot")


def test_nothing_ever_fails_inside_a_notebook_display(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no picture")

    monkeypatch.setattr("autograd_mini.drawing.picture", broken)
    assert display(Value(1.0)) is None
    assert Value(1.0)._repr_svg_() is None


def test_an_unknown_suffix_says_which_there_are(tmp_path: Path) -> None:
    for name in ("graph.xyz", "graph"):
        with pytest.raises(ValueError, match=rf"\.svg, \.html.*but got '{name}'"):
            save(Value(1.0), tmp_path / name)


def test_a_page_holds_the_drawing_and_asks_for_nothing(tmp_path: Path, nothing: Path) -> None:
    label = '</title><script>document.title="x"</script>'
    page = save(Value(1.0, label), tmp_path / "graph.html").read_text("utf-8")
    assert "default-src 'none'" in page
    assert "<script" not in page
    assert label in html.unescape(page)
    assert re.findall(r"https?://[^\"' >]+", page) == ["http://www.w3.org/2000/svg"]


def test_graphviz_pure_is_passed_over_where_edge_texts_stand_side_by_side(nothing: Path) -> None:
    program(nothing, "graphviz-pure", 'echo "<svg>of graphviz-pure</svg>"')
    y = Value(2.0, "a") * Value(3.0, "b")
    assert "of graphviz-pure" in to_svg(y, engine="dot", partials=True)
    assert "of graphviz-pure" in to_svg(y, engine="dot", rankdir="TB")
    assert "of graphviz-pure" not in to_svg(y, engine="dot", **SIDE_BY_SIDE)
    program(nothing, "dot", 'echo "<svg>of dot</svg>"')
    assert "of dot" in to_svg(y, engine="dot", **SIDE_BY_SIDE)


def test_an_svg_is_the_built_in_layouts_unless_dot_is_asked_for() -> None:
    root = expression()
    assert to_svg(root) == to_svg(root, engine="built-in") == svg(picture(root))
    assert draw(root)._repr_mimebundle_()["image/svg+xml"] == to_svg(root)
    with pytest.raises(ValueError, match="engine is 'built-in' or 'dot'"):
        to_svg(root, engine="neato")

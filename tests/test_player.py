"""The player shows what the engine computes, whatever the labels, in a real browser."""

from __future__ import annotations

import base64
import html
import json
import math
import re
import zlib
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_mini import (
    Value,
    clip,
    dot,
    greater,
    maximum,
    product,
    record_source,
    show,
    total,
    where,
)
from autograd_mini.drawing import style
from autograd_mini.drawing.javascript import functions
from autograd_mini.drawing.labels import clean
from autograd_mini.player import PLAYER, embedded, part, script_json, trace_page
from autograd_mini.steps import Trace
from nn.playback.page import SCRIPTS, page_file

Opener = Callable[..., Any]

NASTY = [
    '</script><script>document.title="x"</script>',
    '"',
    "'",
    "&lt;",
    "<!--",
    "]]>",
    r"\N",
    "a final \\",
    "two\nlines",
    "a\x00b",
    "🦊 损失",
    "{{title}} {{body}}",
    "\ue000\uf001",
    "long " * 2000,
]


def neuron() -> Value:
    """A graph with every kind of edge: shared, doubled, fused, constant, negative."""
    with record_source():
        w, x, b = Value(-3.0, "w"), Value(2.0, "x"), Value(6.88, "b")
        z = w * x + b
        z.label = "z"
        h = z.tanh()
        h.label = "h"
        d = dot([w, h, x], [h, x, w], b) - w**2 / (-x) + total([h, h, w, x, b, z, d2(w), x, x])
        loss = where(d > 0, d * 1e-7, d) * h
        loss.label = "loss"
    return loss


def id_of(trace: Trace, label: str) -> str:
    return next(trace.id(node) for node in trace.nodes if node.label == label)


def d2(x: Value) -> Value:
    return (-x) ** 2 - abs(-x) + where(greater(x, -5.0), x, x * x)


def wide(count: int) -> Value:
    """A loss of about `count` nodes with a label on each leaf."""
    leaves = [Value(0.01 * i, f"layers.0.neurons.{i}.w.0") for i in range(count // 3)]
    loss = total([(w * 0.5).tanh() * leaves[0] for w in leaves])
    loss.label = "loss"
    return loss


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Trace, Path]:
    trace = Trace(neuron(), seed=2.0)
    path = tmp_path_factory.mktemp("player") / "player.html"
    trace.to_html(path)
    return trace, path


# The file.


class _Elements(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_the_page_is_one_file_that_names_no_other() -> None:
    elements = _Elements(trace_page(Trace(neuron()))).found
    for tag, attributes in elements:
        assert tag not in ("link", "img", "iframe", "object")
        assert not {"src", "href", "srcset", "data", "action"} & set(attributes)
    policies = [a["content"] for tag, a in elements if a.get("http-equiv")]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"]


def test_no_two_scripts_of_a_page_define_the_same_name() -> None:
    """They share one scope: a name that is declared twice stops all of them."""
    scripts = [functions(), *map(part, PLAYER), *map(page_file, SCRIPTS)]
    declared = r"^(?:async )?(?:const|let|class|function) (?:/\*.*?\*/ )?(\w+)"
    names = re.findall(declared, "\n".join(scripts), re.MULTILINE)
    assert len(names) > 100
    assert [name for name, count in Counter(names).items() if count > 1] == []


def test_writing_the_page_changes_nothing_and_is_the_same_every_time(tmp_path: Path) -> None:
    loss = neuron()
    trace = Trace(loss)
    before = [(v.data, v.grad, v.label) for v in trace.nodes]
    trace.to_html(tmp_path / "a.html")
    trace.to_html(tmp_path / "b.html")
    assert [(v.data, v.grad, v.label) for v in trace.nodes] == before
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


@given(
    st.recursive(
        st.floats() | st.text() | st.integers(-(2**53), 2**53),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
        max_leaves=8,
    )
)
def test_json_in_a_script_reads_back_and_holds_no_markup(value: Any) -> None:
    text = script_json(value)
    assert not set("<>&") & set(text)

    def compare(read: Any, given: Any) -> None:
        if isinstance(given, dict):
            assert read.keys() == given.keys()
            for key in given:
                compare(read[key], given[key])
        elif isinstance(given, list):
            assert len(read) == len(given)
            for a, b in zip(read, given, strict=True):
                compare(a, b)
        elif isinstance(given, float) and given - given != 0.0:
            assert read == repr(given)
        else:
            assert read == given

    compare(json.loads(text), value)


@pytest.mark.parametrize("label", NASTY)
def test_no_label_adds_an_element_to_the_page(label: str) -> None:
    def elements(name: str) -> list[str]:
        a = Value(2.0, name)
        loss = a * a
        loss.label = name
        return [tag for tag, _ in _Elements(trace_page(Trace(loss))).found if tag != "code"]

    assert elements(label) == elements("a")


def test_three_hundred_nodes_stay_under_600_kilobytes() -> None:
    page = trace_page(Trace(wide(300)))
    assert page.count('class="node') >= 300
    assert len(page.encode()) < 600_000


def test_a_large_graph_is_cut_at_max_nodes_and_the_page_says_so() -> None:
    page = trace_page(Trace(wide(900)), max_nodes=50)
    assert re.search(r"showing \d+ of [\d,]+; max_nodes=\d+ shows more", page)
    assert len(re.findall(r'<g id="n\d+"', page)) <= 50


def test_a_notebook_gets_the_page_in_a_frame_of_its_own() -> None:
    trace = Trace(neuron())
    (found,) = _Elements(trace._repr_html_()).found
    assert found[0] == "iframe"
    assert found[1]["sandbox"] == "allow-scripts"
    assert found[1]["srcdoc"] == trace_page(trace)
    assert html.escape(NASTY[0]) in embedded(NASTY[0])


def test_the_player_paints_gradients_as_the_drawings_do() -> None:
    css, script = part("player.css"), part("scene.js")
    assert f"--up-fill: light-dark({style.POSITIVE}," in css
    assert f"--down-fill: light-dark({style.NEGATIVE}," in css
    assert f"Math.log10(size / scale) / {style.DECADES:g}, {style.PALEST:g}, 1)" in script


# In a browser.

READ_FRAMES = """(isBackwards) => {
  const slider = document.querySelector("[data-part=slider]"), last = Number(slider.max);
  const part = (name) => document.querySelector(`[data-part=${name}]`).textContent;
  const sides = ["x", "y", "width", "height"];
  const place = (rect) => sides.map((name) => Number(rect.getAttribute(name)));
  const boxes = [...document.querySelectorAll("g.node")].map((box) => ({
    id: box.id, place: place(box.querySelector("rect")),
    lines: ["data", "grad"].map((kind) => box.querySelector("text." + kind)),
  }));
  const frames = [];
  for (let k = 0; k <= last; k += 1) {
    slider.value = isBackwards ? last - k : k;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    const badge = document.querySelector(".flow.shown");
    const [x, y] = badge?.getAttribute("transform").match(/-?[\\d.]+/g).map(Number) ?? [];
    const [, , width, height] = badge ? place(badge.querySelector("rect")) : [];
    frames.push({
      phase: part("phase"),
      sentence: part("sentence"),
      spoken: slider.getAttribute("aria-valuetext"),
      boxes: Object.fromEntries(boxes.map(({ id, lines }) =>
        [id, lines.map((line) => line.textContent.slice(4).trim())])),
      covered: boxes.filter(({ place: [left, top, w, h] }) => badge && x < left + w
        && x + width > left && y < top + h && y + height > top).map(({ id }) => id),
    });
  }
  return frames;
}"""


def six(text: str) -> str:
    """A sentence of the trace as the page writes it: numbers of six digits."""
    return re.sub(
        r"(?<![\w.])-?(?:\d+\.\d+(?:e[+-]?\d+)?|\d+e[+-]?\d+)(?![\w.])",
        lambda found: f"{float(found[0]):.6g}",
        text,
    )


def spoken(trace: Trace, step: Any) -> str:
    """A backward step as the page tells it."""
    partial = step.rule.rpartition(" = ")[2]
    rule = f"d {trace.name(step.node)} / d {trace.name(step.parent)} = {partial}"
    return f"{six(step.arithmetic)}   ({rule}, argument {step.argument})"


def shown(trace: Trace, computed: set[Value], gradients: dict[Value, float]) -> dict[str, Any]:
    return {
        trace.id(node): [
            style.short_number(node.data) if node.is_leaf or node in computed else "–",
            style.short_number(gradients[node]) if node in gradients else "–",
        ]
        for node in trace.nodes
        if not node.is_constant
    }


@pytest.mark.browser
def test_every_frame_shows_what_the_trace_says_and_going_back_undoes_each(
    played: tuple[Trace, Path], open_page: Opener
) -> None:
    trace, path = played
    page = open_page(path)
    frames = page.evaluate(READ_FRAMES)
    assert page.evaluate(READ_FRAMES, True)[::-1] == frames
    assert not any(frame["covered"] for frame in frames), "a badge covers a box"
    visible = [step for step in trace if not step.parent.is_constant]
    assert len(frames) == 1 + len(trace.forward) + 1 + len(visible)

    start, *forward = frames[: 1 + len(trace.forward)]
    assert start["boxes"] == shown(trace, set(), {})
    done: set[Value] = set()
    for event, frame in zip(trace.forward, forward, strict=True):
        done.add(event.node)
        name, expression = trace.name(event.node), trace.expression(event.node)
        head = f"{name} = {expression} = "
        assert frame["sentence"] == head + six(str(event).removeprefix(head))
        assert frame["phase"] == f"Forward {event.index + 1} of {event.total}"
        assert frame["boxes"] == shown(trace, done, {})
    seed, *backward = frames[1 + len(trace.forward) :]
    assert seed["sentence"].startswith("loss.grad = 2 ")
    assert seed["boxes"] == shown(trace, done, trace.at(0))
    for place, (event, frame) in enumerate(zip(visible, backward, strict=True), 1):
        assert frame["sentence"] == spoken(trace, event)
        assert frame["phase"] == f"Backward {place} of {len(visible)}"
        assert frame["spoken"] == f"{frame['phase']}: {frame['sentence']}"
        assert frame["boxes"] == shown(trace, done, trace.at(event.index + 1))


@pytest.mark.browser
def test_the_page_writes_numbers_as_python_does(
    played: tuple[Trace, Path], open_page: Opener
) -> None:
    page = open_page(played[1])

    def compare(numbers: list[float]) -> None:
        texts = page.evaluate(
            "(xs) => xs.map((x) => [repr(number(x)), short(number(x))])",
            json.loads(script_json(numbers)),
        )
        assert texts == [[repr(x), style.short_number(x)] for x in numbers]

    compare([0.0, -0.0, 1.0, 0.0001, 0.00001, 1e15, 1e16, 1.0625, 0.00010005, 9999.5, 99995.0])
    compare([5e-324, 1.7976931348623157e308, float("inf"), float("-inf"), float("nan"), 2.5e-5])

    @given(st.lists(st.floats(), max_size=50))
    def every_number(numbers: list[float]) -> None:
        compare(numbers)

    every_number()


def position(page: Any) -> int:
    return int(page.input_value("[data-part=slider]"))


def press(page: Any, key: str, times: int, shift: bool = False) -> list[int]:
    """The steps that a key leads to when it is pressed quickly."""
    return page.evaluate(
        """([key, times, shiftKey]) => Array.from({ length: times }, () => {
          const event = new KeyboardEvent("keydown", { key, shiftKey, bubbles: true });
          document.body.dispatchEvent(event);
          return Number(document.querySelector("[data-part=slider]").value);
        })""",
        [key, times, shift],
    )


@pytest.mark.browser
def test_each_key_and_its_button_do_the_same_and_with_shift_a_whole_node(
    played: tuple[Trace, Path], open_page: Opener
) -> None:
    trace, path = played
    page = open_page(path)
    last = int(page.get_attribute("[data-part=slider]", "max"))
    several = next(k for k in range(len(trace)) if trace[k].argument == 2)  # inside a fused node
    start = len(trace.forward) + 1 + several
    for key, button in {
        "ArrowRight": "next",
        "ArrowLeft": "back",
        "Shift+ArrowRight": "next-node",
        "Shift+ArrowLeft": "back-node",
        "Home": "first",
        "End": "last",
    }.items():
        ends: list[int] = []
        for act in (
            lambda key=key: page.keyboard.press(key),
            lambda button=button: page.click(f"[data-part={button}]"),
        ):
            page.evaluate(f"autograd.go({start})")
            act()
            ends.append(position(page))
        assert ends[0] == ends[1]
        wanted = {"next": start + 1, "back": start - 1, "first": 0, "last": last}
        assert ends[0] == wanted.get(button, ends[0])
        assert (ends[0] > start) == (button in ("next", "next-node", "last"))

    visible = [step for step in trace if not step.parent.is_constant]
    seed = len(trace.forward) + 1
    boundaries = [
        seed + k
        for k in range(len(visible) + 1)
        if k in (0, len(visible)) or visible[k - 1].node is not visible[k].node
    ]
    page.keyboard.press("End")
    assert press(page, "ArrowLeft", len(boundaries) - 1, shift=True) == boundaries[-2::-1]
    assert press(page, "ArrowRight", len(boundaries) - 1, shift=True) == boundaries[1:]


@pytest.mark.browser
def test_playing_stops_where_a_breakpoint_is(played: tuple[Trace, Path], open_page: Opener) -> None:
    trace, path = played
    page = open_page(path, clock=True)
    z = next(node for node in trace.nodes if node.label == "z")
    visible = [step for step in trace if not step.parent.is_constant]
    seed = len(trace.forward) + 1
    stops = [k + 1 for k, event in enumerate(trace.forward) if event.node is z]
    stops += [seed + 1 + k for k, s in enumerate(visible) if z in (s.node, s.parent)]

    page.keyboard.press("b")
    assert "Select a node first" in page.inner_text("[data-part=hint]")
    page.keyboard.press("/")
    page.keyboard.type("z")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    assert page.get_attribute("[data-part=break]", "aria-pressed") == "true"
    page.select_option("[data-part=speed]", "60")
    page.evaluate("document.activeElement.blur()")
    for stop in stops[:3]:
        page.keyboard.press(" ")
        assert page.get_attribute("[data-part=sentence]", "aria-live") == "off"  # it would babble
        page.clock.run_for(1000)
        assert page.get_attribute("[data-part=play]", "aria-label") == "Play"
        assert position(page) == stop
        assert page.get_attribute("[data-part=sentence]", "aria-live") == "polite"
    page.click("[data-part=break]")
    page.click("[data-part=play]")
    page.clock.run_for(2000)
    assert page.get_attribute("[data-part=play]", "aria-label") == "Play"
    assert position(page) == seed + len(visible)


@pytest.mark.browser
def test_search_finds_labels_and_operations(played: tuple[Trace, Path], open_page: Opener) -> None:
    trace, path = played
    page = open_page(path)

    def found(text: str) -> set[str]:
        page.fill("[data-part=search]", text)
        rows = page.query_selector_all("[data-part=rows] tr:not([hidden])")
        lit = page.query_selector_all("g.node.found")
        names = {f"n{row.get_attribute('data-id')}" for row in rows}
        assert not text or names == {box.get_attribute("id") for box in lit}
        return names

    boxes = [node for node in trace.nodes if not node.is_constant]
    assert found("") == {trace.id(node) for node in boxes}
    assert found("TANH") == {trace.id(v) for v in boxes if v.op and v.op.name == "tanh"}
    assert trace.id(trace.root) in found("loss")
    assert found("no such thing") == set()


@pytest.mark.browser
def test_pointing_at_a_node_tells_its_rule_its_source_and_what_it_received(
    played: tuple[Trace, Path], open_page: Opener
) -> None:
    trace, path = played
    page = open_page(path, "#step=999")
    end = trace.at(len(trace))
    heard = page.locator("g.node").evaluate_all(
        "(boxes) => Object.fromEntries(boxes.map((box) => [box.id, box.ariaLabel]))"
    )
    for node in trace.nodes:
        if node.label:
            assert f"data {style.short_number(node.data)}" in heard[trace.id(node)]
            assert f"grad {style.short_number(end[node])}" in heard[trace.id(node)]
    h = next(node for node in trace.nodes if node.label == "h")
    box = f"#{trace.id(h)}"
    received = [step for step in trace if step.parent is h]
    for way in (page.hover, page.focus):
        page.hover("h1")
        page.evaluate("document.activeElement.blur()")
        way(box)
        told = page.inner_text("[data-part=node]")
        assert told.startswith(("h\ntanh", "h tanh"))
        assert "d h / d z = 1.0 - h * h" in told
        assert h.source is not None
        assert Path(h.source).name in told
        assert h.source not in told
        assert repr(trace.at(len(trace))[h]) in told
        for step in received:
            assert f"{step.local!r} * {step.upstream!r} = {step.contribution!r}" in told


@pytest.mark.browser
def test_the_view_zooms_fits_and_moves(played: tuple[Trace, Path], open_page: Opener) -> None:
    page = open_page(played[1])

    def look() -> str:
        return page.evaluate("document.querySelector('#drawing svg').style.transform")

    def scale() -> float:
        return float(look().split("scale(")[1].rstrip(")"))

    first = scale()
    page.keyboard.press("+")
    assert scale() > first
    page.click("[data-part=out]")
    assert scale() == pytest.approx(first)
    page.keyboard.press("0")
    assert scale() == 1.0
    page.keyboard.press("f")
    fitted = look()
    page.mouse.move(300, 300)
    page.mouse.down()
    page.mouse.move(350, 340)
    page.mouse.up()
    assert look() != fitted
    page.click("[data-part=fit]")
    assert look() == fitted
    inside = page.locator("#drawing").bounding_box()
    for box in page.query_selector_all("g.node rect"):
        at = box.bounding_box()
        assert inside["x"] <= at["x"]
        assert at["x"] + at["width"] <= inside["x"] + inside["width"]
    page.keyboard.press("?")
    assert page.is_visible("dialog")
    page.keyboard.press("Escape")
    assert not page.is_visible("dialog")


@pytest.mark.browser
def test_at_any_size_nothing_sticks_out_moves_unasked_or_keeps_a_color_of_the_other_scheme(
    played: tuple[Trace, Path], open_page: Opener
) -> None:
    page = open_page(played[1], "#step=20")
    # What the style says holds also where the page is slower than its animation of 1.5 seconds.
    moving = """[...document.querySelectorAll("*")].map((element) => getComputedStyle(element))
        .filter((look) => look.animationName !== "none" || look.transitionProperty !== "none")
        .map((look) => look.animationName)"""
    assert page.evaluate(moving) == []
    page.emulate_media(reduced_motion="no-preference")
    assert "flow" in page.evaluate(moving)
    page.keyboard.press(" ")
    assert page.get_attribute("[data-part=play]", "aria-label") == "Pause"
    page.emulate_media(reduced_motion="reduce")
    page.wait_for_selector("[data-part=play][aria-label=Play]")
    for width in (1280, 900, 390):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    color = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(color)
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(color) != light
    page.click("[data-part=theme]")
    assert page.evaluate(color) == light


@pytest.mark.browser
def test_without_scripts_the_last_frame_is_there(
    played: tuple[Trace, Path], open_page: Opener
) -> None:
    trace, path = played
    page = open_page(path, java_script_enabled=False)
    assert page.is_visible("#drawing svg")
    assert not page.is_visible("[data-part=play]")
    assert page.is_visible(".final")
    for name, (data, grad) in shown(trace, set(trace.nodes), trace.at(len(trace))).items():
        lines = page.text_content(f"#{name}").replace("\xa0", " ").split()
        assert data in "".join(lines)
        assert grad in "".join(lines)


@pytest.mark.browser
def test_two_players_in_one_notebook_do_not_meet(open_page: Opener, tmp_path: Path) -> None:
    a, b = Value(2.0, "a"), Value(3.0, "b")
    frames = [Trace(x * x)._repr_html_() for x in (a, b)]
    host = tmp_path / "notebook.html"
    host.write_text("<!DOCTYPE html><body>" + "".join(frames), "utf-8")
    page = open_page(host)
    first, second = page.frames[1:]
    first.click("[data-part=last]")
    second.click("[data-part=next]")
    assert "a.grad: 2 + 2 * 1 = 4" in first.inner_text("[data-part=sentence]")
    assert "n1 = b * b" in second.inner_text("[data-part=sentence]")
    assert [position(frame) for frame in (first, second)] == [4, 1]


@pytest.mark.browser
def test_every_label_is_read_back_as_it_was_given(open_page: Opener, tmp_path: Path) -> None:
    leaves = [Value(1.0, label) for label in NASTY]
    trace = Trace(total(leaves))
    path = tmp_path / "nasty.html"
    trace.to_html(path)
    page = open_page(path)
    title = page.title()
    for leaf in leaves:
        page.focus(f"#{trace.id(leaf)}")
        assert page.evaluate(
            "document.querySelector('[data-part=node] h2').firstChild.data"
        ) == clean(leaf.label)
    assert page.title() == title
    page.evaluate("autograd.go(1)")
    sentence = page.text_content("[data-part=sentence]")
    assert sentence.startswith(
        clean(f"{trace.name(trace.root)} = {trace.expression(trace.root)} = ")
    )


@pytest.mark.browser
def test_numbers_that_are_no_numbers_are_shown_as_such(open_page: Opener, tmp_path: Path) -> None:
    x, y = Value(1e300, "x"), Value(float("nan"), "y")
    loss = x * x * 0.0 + x * x + y
    trace = Trace(loss)
    path = tmp_path / "odd.html"
    trace.to_html(path)
    page = open_page(path)
    assert page.evaluate(READ_FRAMES)[-1]["boxes"] == shown(
        trace, set(trace.nodes), trace.at(len(trace))
    )
    assert "inf" in page.text_content("#drawing")
    assert "nan" in page.text_content("#drawing")


# What if.


@pytest.mark.browser
def test_an_edited_leaf_gives_what_recompute_and_backward_give(
    played: tuple[Trace, Path], open_page: Opener
) -> None:
    page = open_page(played[1])

    @given(st.sampled_from(["w", "x", "b"]), st.floats(-5, 5), st.floats(0.1, 5))
    def every_number(label: str, a: float, x: float) -> None:
        loss = neuron()
        leaves = {node.label: node for node in Trace(loss).nodes if node.is_leaf and node.label}
        edits = {"x": x, label: a if label != "x" else x}
        for name, number in edits.items():
            leaves[name].data = number
        loss.recompute()
        loss.backward(2.0)
        named = ("w", "x", "b", "z", "h", "loss")
        found = page.evaluate(
            """([edits, names]) => {
              autograd.reset();
              for (const [name, x] of Object.entries(edits)) autograd.set(name, x);
              autograd.go(1e9);
              return Object.fromEntries(names.map((name) => [name, autograd.value(name)]));
            }""",
            [edits, named],
        )
        sizes: dict[Value, float] = {}
        for step in Trace(loss, 2.0):
            sizes[step.parent] = sizes.get(step.parent, 0.0) + abs(step.contribution)
        for node in Trace(loss).nodes:
            if node.label in named:
                got = found[node.label]
                assert got["data"] == pytest.approx(node.data, rel=1e-12, abs=1e-12)
                size = sizes.get(node, 0.0)
                assert got["grad"] == pytest.approx(node.grad, rel=1e-12, abs=1e-12 * (1 + size))

    every_number()


@pytest.mark.browser
def test_what_is_packed_is_unpacked_whatever_way_it_was_packed(
    played: tuple[Trace, Path], open_page: Opener
) -> None:
    page = open_page(played[1])
    numbers = " ".join(map(repr, (math.sin(i) for i in range(3000))))
    for text in ("", "a", "ab" * 40_000, numbers, "h = σ(z) 漢字 \U0001f600 \x00 </script>"):
        for level, strategy in ((0, 0), (1, 0), (9, 0), (9, zlib.Z_FIXED), (9, zlib.Z_RLE)):
            deflate = zlib.compressobj(level, zlib.DEFLATED, -15, 9, strategy)
            squeezed = deflate.compress(text.encode("utf-8")) + deflate.flush()
            assert page.evaluate("unpacked", base64.b64encode(squeezed).decode()) == text


@pytest.mark.browser
def test_outside_of_a_domain_the_box_says_so_and_no_nan_spreads(
    open_page: Opener, tmp_path: Path
) -> None:
    x, y = Value(2.0, "x"), Value(3.0, "y")
    z = x.log()
    z.label = "z"
    loss = z * y
    loss.label = "loss"
    Trace(loss).to_html(tmp_path / "log.html")
    page = open_page(tmp_path / "log.html", "#step=99")
    page.evaluate("autograd.set('x', -1)")
    assert page.text_content("#n1").endswith("log needs x > 0")
    assert "It stops here: log needs x > 0, and x = -1" in page.inner_text("[data-part=sentence]")
    assert not page.locator(".flow.shown").count()
    for node in ("#n0", "#n1", "#n3"):
        page.click(f"{node} text.title")
        assert "nan" not in page.inner_text("body").lower()
    assert page.evaluate("autograd.value('loss')") == {"data": None, "grad": None}
    page.evaluate("autograd.set('x', 1)")
    assert page.evaluate("autograd.value('y')") == {"data": 3, "grad": 0}
    assert "log needs" not in page.inner_text("body")


@pytest.mark.browser
def test_keys_fields_and_dragging_change_a_leaf_and_the_page_tells_the_effect(
    played: tuple[Trace, Path], open_page: Opener
) -> None:
    page = open_page(played[1], "#step=99")
    page.focus(f"#{id_of(played[0], 'w')}")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    for key, wanted in {"ArrowUp": -2.9, "Shift+ArrowUp": -1.9, "Alt+ArrowDown": -1.91}.items():
        page.keyboard.press(key)
        assert page.evaluate("autograd.value('w').data") == wanted
    assert "gradient · change" in page.inner_text("[data-part=effect]")
    page.fill("[data-part=field]", "0.5")
    page.keyboard.press("Enter")
    assert page.evaluate("autograd.value('w').data") == 0.5
    page.click("[data-part=node] button:text('reset')")
    assert page.evaluate("autograd.value('w').data") == -3
    assert not page.is_visible("[data-part=effect]")
    data = page.locator(f"#{id_of(played[0], 'w')} text.data")
    data.hover()  # once it stands still
    at = data.bounding_box()
    page.mouse.down()
    page.mouse.move(at["x"] + at["width"] / 2 + 40, at["y"] + at["height"] / 2)
    page.mouse.up()
    assert page.evaluate("autograd.value('w').data") == -2.0


@pytest.mark.browser
def test_where_a_number_is_changed_the_camera_stays(open_page: Opener, tmp_path: Path) -> None:
    Trace(wide(75)).to_html(tmp_path / "wide.html")
    page = open_page(tmp_path / "wide.html", "#step=99")
    look = "document.querySelector('#drawing svg').style.transform"
    page.fill("[data-part=search]", "layers.0.neurons.20.w.0")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    before = page.evaluate(look)
    page.keyboard.press("ArrowUp")
    assert page.evaluate(look) == before
    assert "gradient · change" in page.inner_text("[data-part=effect]")


@pytest.mark.browser
def test_names_from_right_to_left_leave_the_order_around_them(
    open_page: Opener, tmp_path: Path
) -> None:
    w, x = Value(2.0, "שלום"), Value(3.0, "x")
    Trace(w * x).to_html(tmp_path / "hebrew.html")
    page = open_page(tmp_path / "hebrew.html", "#step=99")
    page.evaluate("autograd.set('שלום', 5)")
    left = """(part) => [...document.querySelectorAll(`[data-part=${part}] span`)]
        .map((span) => span.getBoundingClientRect().left)"""
    assert (places := page.evaluate(left, "sentence")) == sorted(places)
    place = """(text) => {
      const [node] = document.querySelector(".edits").childNodes, range = document.createRange();
      range.setStart(node, node.data.indexOf(text));
      range.setEnd(node, node.data.indexOf(text) + 1);
      return range.getBoundingClientRect().left;
    }"""
    assert page.evaluate(place, "ש") < page.evaluate(place, "2") < page.evaluate(place, "5")


@pytest.mark.browser
def test_a_click_into_the_field_of_a_clicked_leaf_types_into_it(
    played: tuple[Trace, Path], open_page: Opener
) -> None:
    page = open_page(played[1], "#step=99")
    page.click(f"#{id_of(played[0], 'w')} text.title")
    page.click("[data-part=field]")
    page.keyboard.press("Control+a")
    page.keyboard.type("-2")
    page.keyboard.press("Enter")
    assert page.evaluate("autograd.value('w').data") == -2.0
    page.keyboard.press("w")
    assert "w.grad = " in page.inner_text("[data-part=node]")
    assert page.evaluate("autograd.value('w').data") == -2.0
    page.click("[data-part=field]")
    page.keyboard.press("End")
    page.keyboard.type("e-1r")  # a number, and the key that takes every change back
    assert page.evaluate("autograd.value('w').data") == -3.0
    assert page.is_hidden("[data-part=effect]")
    page.evaluate("autograd.reset()")
    terms = page.locator("[data-part=node] dt").all_inner_texts()
    assert terms.count("data") == 1, terms


@pytest.mark.browser
def test_the_address_brings_back_the_whole_state(
    played: tuple[Trace, Path], open_page: Opener
) -> None:
    page = open_page(played[1], "#step=8")
    assert position(page) == 8
    page.keyboard.press("ArrowRight")
    assert page.evaluate("location.hash") == "#step=9"
    page.evaluate("autograd.set('w', -2.5)")
    page.keyboard.press("p")
    page.evaluate("autograd.set('w', -2)")
    page.click(f"#{id_of(played[0], 'w')} text.title")
    page.keyboard.press("c")
    state = page.evaluate("autograd.state()")
    assert state == page.evaluate("location.hash")
    page.reload()
    assert page.evaluate("autograd.state()") == state
    assert page.evaluate("autograd.value('w').data") == -2
    assert "data was -2.5" in page.text_content(f"#{id_of(played[0], 'w')}")
    assert page.get_attribute("[data-part=follow]", "aria-pressed") == "false"
    page.evaluate("location.hash = '#step=nonsense'")
    page.wait_for_selector("[data-part=count]:text-matches('^0 /')")
    assert page.evaluate("autograd.value('w').data") == -3
    page.evaluate("location.hash = '#step=1e9'")
    page.wait_for_selector("[data-part=next]:disabled")


@pytest.mark.browser
def test_why_names_the_factor_that_switches_a_gradient_off(
    open_page: Opener, tmp_path: Path
) -> None:
    x, w = Value(-2.0, "x"), Value(3.0, "w")
    h = (x * w).relu()
    h.label = "h"
    loss = h * 2 + x * 0.0001
    loss.label = "loss"
    Trace(loss).to_html(tmp_path / "why.html")
    page = open_page(tmp_path / "why.html", "#step=99")
    assert "the relu h is switched off: its input is -6" in page.evaluate("autograd.why('w')")
    page.click("#n1 text.title")
    assert "switched off" in page.inner_text("[data-part=node]")


@pytest.mark.browser
def test_why_says_what_it_says_in_python(
    played: tuple[Trace, Path], open_page: Opener, tmp_path: Path
) -> None:
    x, w, zero = Value(30.0, "x"), Value(2.0, "w"), Value(0.0, "zero")
    saturated = (x * w).tanh() * 5000.0 + zero * x + (x - x) * w + (w * 1e-4) * 0.5
    saturated = saturated + zero**2 + product([w, zero, x]) + clip(x, 0.0, 1.0) + maximum(x, w)
    chain = Value(1.0, "c")
    deep = chain
    for _ in range(20):
        deep = (deep * 0.5).sin()
    pages = [played[0], Trace(saturated), Trace(deep, seed=3.0), Trace(x * w, seed=1e-6)]
    for number, trace in enumerate(pages):
        trace.to_html(tmp_path / f"{number}.html")
        page = open_page(tmp_path / f"{number}.html")
        nodes = [node for node in trace.nodes if not node.is_constant]
        said = page.evaluate(
            "(ids) => ids.map((id) => autograd.why(id))", [trace.id(node) for node in nodes]
        )
        for node, ours in zip(nodes, said, strict=True):
            assert ours == trace.why(node)


@pytest.mark.browser
def test_a_quiz_says_which_rule_was_missed(open_page: Opener, tmp_path: Path) -> None:
    a, b = Value(3.0, "a"), Value(-2.0, "b")
    loss = (a * b) * a
    loss.label = "loss"
    Trace(loss).to_html(tmp_path / "quiz.html")
    page = open_page(tmp_path / "quiz.html")
    page.keyboard.press("q")
    assert "n2.grad" in page.inner_text("[data-part=question]")
    assert "?" in page.text_content("#n0")

    def answer(text: str) -> str:
        page.fill("[data-part=answer]", text)
        page.keyboard.press("Enter")
        return page.inner_text("[data-part=verdict]")

    assert "the sign is not" in answer("-3")
    assert answer("+").startswith("Right")
    assert "b.grad" in page.inner_text("[data-part=question]")
    assert "local derivative" in answer("3")
    assert answer("9").startswith("Right")
    assert "one contribution of 2" in answer("-6")
    assert answer("-12").startswith("Right")
    assert "found" in page.inner_text("[data-part=question]")


# The view.


@pytest.mark.browser
def test_what_fits_is_never_moved(played: tuple[Trace, Path], open_page: Opener) -> None:
    a, b = Value(2.0, "a"), Value(-3.0, "b")
    path = played[1].with_name("small.html")
    Trace((a * b + a).tanh() * b).to_html(path)
    page = open_page(path, clock=True, reduced_motion="no-preference")
    page.clock.run_for(300)
    look = "document.querySelector('#drawing svg').style.transform"
    before = page.evaluate(look)
    last = int(page.get_attribute("[data-part=slider]", "max"))
    for _ in range(last):
        press(page, "ArrowRight", 1)
        page.clock.run_for(100)
        assert page.evaluate(look) == before
    assert position(page) == last


@pytest.mark.browser
def test_the_active_box_is_in_view_also_after_quick_keys(open_page: Opener, tmp_path: Path) -> None:
    Trace(wide(75)).to_html(tmp_path / "wide.html")
    page = open_page(tmp_path / "wide.html", clock=True, reduced_motion="no-preference")
    for width, height in ((1280, 720), (1400, 900), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        page.clock.run_for(300)
        page.evaluate("autograd.go(0)")
        frame = page.locator("#drawing").bounding_box()
        for _ in range(5):
            press(page, "ArrowRight", 9)  # before the camera has moved at all
            page.clock.fast_forward(400)
            at = page.locator("g.parent-active rect").first.bounding_box()
            assert at["x"] >= frame["x"] - 1
            assert at["y"] >= frame["y"] - 1
            assert at["x"] + at["width"] <= frame["x"] + frame["width"] + 1
            assert at["y"] + at["height"] <= frame["y"] + frame["height"] + 1


@pytest.mark.browser
def test_a_frame_that_was_hidden_is_fitted_when_it_gets_its_size(
    open_page: Opener, tmp_path: Path
) -> None:
    a, b = Value(2.0, "a"), Value(3.0, "b")
    frame = Trace(a * b)._repr_html_()
    host = tmp_path / "notebook.html"
    host.write_text(f"<!DOCTYPE html><body><details><summary>s</summary>{frame}</details>", "utf-8")
    page = open_page(host)
    page.click("summary")
    inner = page.frames[1]
    inner.wait_for_function("() => document.querySelector('#drawing svg').style.transform")
    outer = inner.locator("#drawing").bounding_box()
    drawn = inner.locator("#drawing svg").bounding_box()
    assert outer["x"] - 1 <= drawn["x"]
    assert drawn["x"] + drawn["width"] <= outer["x"] + outer["width"] + 1
    assert max(drawn["width"] / outer["width"], drawn["height"] / outer["height"]) > 0.4


@pytest.mark.browser
def test_on_paper_is_the_whole_graph(open_page: Opener, tmp_path: Path) -> None:
    Trace(wide(120)).to_html(tmp_path / "wide.html")
    page = open_page(tmp_path / "wide.html", "#step=9")
    page.keyboard.press("+")
    page.emulate_media(media="print")
    drawn = page.locator("#drawing svg").bounding_box()
    width = page.evaluate("document.documentElement.clientWidth")
    assert drawn["x"] >= 0
    assert drawn["x"] + drawn["width"] <= width
    assert page.pdf(format="A4").startswith(b"%PDF")
    assert not page.is_visible("[data-part=play]")


@pytest.mark.browser
def test_a_narrow_tall_window_gets_the_graph_from_top_to_bottom(
    played: tuple[Trace, Path], open_page: Opener
) -> None:
    def place(page: Any, name: str) -> dict[str, float]:
        return page.locator(f"{name} rect").first.bounding_box()

    trace, path = played
    root, leaf = f"#{trace.id(trace.root)}", f"#{id_of(trace, 'w')}"
    phone = open_page(path, viewport={"width": 390, "height": 844}, has_touch=True)
    phone.wait_for_function(
        "() => document.querySelector('#drawing svg').viewBox.baseVal.height > innerHeight"
    )
    assert place(phone, root)["y"] > place(phone, leaf)["y"] + 200
    phone.tap("[data-part=next]")
    assert phone.evaluate("autograd.state()") == "#step=1"
    phone.set_viewport_size({"width": 1280, "height": 800})
    phone.wait_for_function(
        "() => document.querySelector('#drawing svg').viewBox.baseVal.height < innerHeight"
    )
    assert place(phone, root)["x"] > place(phone, leaf)["x"] + 200


def test_no_directory_of_the_machine_is_in_a_page() -> None:
    assert str(Path(__file__).parent) not in trace_page(Trace(neuron()))


def test_show_keeps_the_file_and_says_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    a = Value(2.0, "a")
    written = show(a * a, path=tmp_path / "square.html")
    assert written == tmp_path / "square.html"
    assert str(written) in capsys.readouterr().out
    (a * a).show(path=tmp_path / "value.html")
    Trace(a * a).show(path=tmp_path / "trace.html")
    assert (tmp_path / "value.html").read_bytes() == (tmp_path / "trace.html").read_bytes()
    show(a * a)
    where = capsys.readouterr().out.split("open ")[-1].split(" in a")[0]
    assert Path(where).read_text("utf-8").startswith("<!DOCTYPE html>")
    Path(where).unlink()


def test_show_opens_the_browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr("webbrowser.open", lambda address: not opened.append(address))
    show(Value(2.0, "a") * 2, path=tmp_path / "a.html")
    assert opened == [(tmp_path / "a.html").as_uri()]


@pytest.mark.browser
def test_show_in_a_notebook_is_a_page_in_its_cell(open_page: Opener, tmp_path: Path) -> None:
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    cells = [
        "from autograd_mini import Trace, Value, show\nx = Value(2.0, 'x')\ny = x * x\nshow(y)",
        "y.show()",
        "Trace(y).show()",
        "from nn import FNN, SGD, Playground\nmodel = FNN([1, 1], seed=0)\n"
        "sgd = SGD(model.parameters(), lr=0.1)\n"
        "Playground(model, [[1.0]], [2.0], loss='mse', optimizer=sgd).show()",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    outputs = [output for cell in notebook.cells for output in cell.outputs]
    assert [output.output_type for output in outputs] == ["display_data"] * 4, outputs
    host = tmp_path / "notebook.html"
    frames = [output.data["text/html"] for output in outputs]
    host.write_text("<!DOCTYPE html><meta charset=utf-8><body>" + "".join(frames), "utf-8")
    page = open_page(host)
    for frame, leaf in zip(page.frames[1:], ("x", "x", "x", "x1"), strict=True):
        frame.evaluate(f"(autograd.go(99), autograd.set('{leaf}', 3))")
        assert frame.evaluate(f"autograd.value('{leaf}').data") == 3
    page.frames[4].click("[data-part=one-update]")
    assert page.frames[4].inner_text("[data-part=updates]") == "1"
    page.frames[1].click("[data-part=link]")
    page.frames[1].wait_for_function(
        "() => /The state is copied|Copy it: #/.test(document.body.innerText)"
    )

"""A recorded run plays in a browser: any epoch, any point, every edge, to twelve digits."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_mini import Op, Value, apply, register
from autograd_mini.drawing import style
from autograd_mini.steps import Trace
from nn import FNN, SGD, Playback, fit, losses
from nn.playback.recording import MOST_EPOCHS

Opener = Callable[..., Any]

X = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
Y = [0.0, 1.0, 1.0, 0.0]


def trained(
    model: Any, X: Any, y: Any, loss: Any, epochs: int = 6, **options: Any
) -> tuple[Playback, list[list[float]]]:
    """A playback of plain gradient descent, and the weights after each epoch."""
    playback = Playback(X, y, **options)
    history = SimpleNamespace(loss=[], val_loss=[])
    weights: list[list[float]] = []
    for epoch in range(1, epochs + 1):
        total: Any = sum(example_loss(model, loss, x, t) for x, t in zip(X, y, strict=True)) / len(
            X
        )
        for p in model.parameters():
            p.grad = 0.0
        total.backward()
        for p in model.parameters():
            p.data -= 0.3 * p.grad
        history.loss.append(total.data)
        history.val_loss.append(1.1 * total.data)
        weights.append([p.data for p in model.parameters()])
        playback(
            SimpleNamespace(epoch=epoch, model=model, optimizer=None, history=history, loss=loss)
        )
    return playback, weights


def example_loss(model: Any, loss: Any, x: Any, target: Any) -> Any:
    if isinstance(loss, str):
        return losses.get(loss)([model(x)], [target])
    return loss(model(x), target)


def network() -> FNN:
    return FNN([2, 3, 1], output_activation="sigmoid", seed=1)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[FNN, list[list[float]], Path]:
    model = network()
    playback, weights = trained(model, X, Y, "bce")
    path = tmp_path_factory.mktemp("playback") / "training.html"
    playback.to_html(path)
    return model, weights, path


# Recording.


def test_a_second_run_takes_the_place_of_the_first() -> None:
    """In a notebook the cell that trains is run again, with another network perhaps."""
    playback, other = Playback(X, Y), Playback(X, Y)
    for epochs, width in ((300, 2), (150, 3)):
        model = FNN([2, width, 1], seed=width)
        model.zero_grad()
        for epoch in range(1, epochs + 1):
            model.parameters()[0].data = float(epoch)
            playback.record(epoch, model)
            if width == 3:
                other.record(epoch, model)
    assert playback.epochs == other.epochs
    assert playback._weights == other._weights
    assert repr(playback) == "Playback(4 examples, 150 epochs)"
    for epoch in (100, 101):  # a run goes on from a checkpoint
        playback.record(epoch, model)
    assert max(playback.epochs) == 101
    for name in ("mse", "mae"):
        fit(model, X, Y, loss=name, epochs=1, callbacks=[playback, other], backend="eager")
    assert playback._loss == "mae"
    assert playback.epochs == [1]


@pytest.mark.parametrize("wrong", [None, 1.0])
def test_data_that_are_no_list_are_named(wrong: Any) -> None:
    with pytest.raises(
        ValueError, match=f"y is a list, one entry for each example, but got {wrong}"
    ):
        Playback(X, wrong)
    with pytest.raises(ValueError, match="X is a list"):
        Playback(wrong, Y)


@pytest.mark.parametrize("backend", ["eager", "compiled"])
def test_fit_records_every_epoch_and_says_what_it_minimizes(backend: str) -> None:
    model = network()
    playback = Playback(X, Y)
    history = fit(
        model, X, Y, loss="bce", epochs=5, backend=backend, callbacks=[playback], progress=False
    )
    assert playback.epochs == [1, 2, 3, 4, 5]
    assert list(playback._weights[5]) == [p.data for p in model.parameters()]
    page = playback.html()
    assert all(repr(loss) in page for loss in history.loss)


def test_a_model_that_decides_by_numbers_has_its_plane_too(tmp_path: Path) -> None:
    w = Value(0.5, "w")

    def deciding(x: Any) -> Any:
        return w * x[0] if float(x[1]) > 0.5 else w * x[1]

    deciding.parameters = lambda: [w]  # pyright: ignore[reportFunctionMemberAccess]
    playback = Playback(X, Y, loss="mse")
    playback.record(1, deciding)
    assert '"kind":"sides"' in playback.html()


@given(st.integers(1, 4000))
def test_at_most_sixty_epochs_are_kept_the_first_and_the_last_among_them(count: int) -> None:
    model = SimpleNamespace(parameters=list)
    playback = Playback(X, Y)
    for epoch in range(1, count + 1):
        playback.record(epoch, model)
    kept = playback.epochs
    assert kept == sorted(set(kept))
    assert len(kept) <= min(count, MOST_EPOCHS)
    assert (kept[0], kept[-1]) == (1, count)
    if count <= MOST_EPOCHS:
        assert kept == list(range(1, count + 1))
    # even in the logarithm: no gap is larger than a twentieth of the way, or than one epoch
    for a, b in pairwise(kept):
        assert b - a == 1 or math.log(b / a) <= math.log(count) / 20 + 0.02


def test_recording_holds_no_more_than_a_run_needs() -> None:
    model = SimpleNamespace(parameters=lambda: [Value(1.0)])
    playback = Playback(X, Y)
    for epoch in range(1, 20_001):
        playback.record(epoch, model)
    assert len(playback._weights) < 800


def test_writing_the_page_leaves_the_model_as_it_is(tmp_path: Path) -> None:
    model = network()
    playback, _ = trained(model, X, Y, "bce")
    before = [(p.data, p.grad) for p in model.parameters()]
    playback.to_html(tmp_path / "a.html")
    playback.to_html(tmp_path / "b.html")
    assert [(p.data, p.grad) for p in model.parameters()] == before
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_a_page_shows_any_name_of_a_loss_or_an_activation(tmp_path: Path) -> None:
    def mine(f: Any, y: Any) -> Any:
        return (f - y) ** 2

    def bent(z: Any) -> Any:
        return z.tanh()

    mine.__name__ = mine.__qualname__ = bent.__name__ = "<b>\ud800\x00\n"
    playback = Playback([[0.0], [1.0]], [0.0, 1.0])
    model = FNN([1, 2, 1], bent, seed=0)
    fit(model, [[0.0], [1.0]], [0.0, 1.0], loss=mine, epochs=2, callbacks=[playback])
    playback.to_html(tmp_path / "page.html")
    assert "loss &lt;b&gt;" in (tmp_path / "page.html").read_text("utf-8")


def test_what_cannot_be_played_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="got 4 examples, 3 targets"):
        Playback(X, Y[:3])
    playback = Playback(X, Y)
    with pytest.raises(ValueError, match=r"nothing is recorded: pass this Playback to fit"):
        playback.to_html(tmp_path / "page.html")
    playback.record(1, network())
    with pytest.raises(ValueError, match=r"say Playback\(X, y, loss="):
        playback.to_html(tmp_path / "page.html")


# In a browser.


def at(model: Any, weights: list[float], loss: Any, x: list[float], target: Any) -> Trace:
    """The pass over one example with recorded weights, computed by the engine."""
    for p, data in zip(model.parameters(), weights, strict=True):
        p.data = data
    leaves = [Value(number, f"x{i + 1}") for i, number in enumerate(x)]
    if isinstance(target, float):
        target = Value(target, "y")
    root = example_loss(model, loss, leaves, target)
    root.label = "loss"
    return Trace(root)


def assert_equal_runs(page: Any, point: int, epoch: int, trace: Trace) -> None:
    """The page computes a point's pass at a place of the run as the engine does."""
    run = page.evaluate(f"(playground.run.seek({epoch}), playground.example.passOf({point}))")
    position = {node: i for i, node in enumerate(trace.nodes)}
    for node, data in zip(trace.nodes, run["data"], strict=True):
        assert same(data, node.data)
    for step in trace:
        local = run["local"][position[step.node]][step.argument]
        assert same(local, step.local)


def same(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-15) or (a != a and b != b)


def value(page: Any, part: str) -> int:
    return int(page.input_value(f"[data-part={part}]"))


def boxes(page: Any) -> dict[str, str]:
    return page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll("#drawing g.node")].map((box) =>
          [box.id, box.querySelector("text.grad").textContent.slice(4).trim()]))"""
    )


@pytest.mark.browser
def test_the_page_computes_what_the_engine_does_at_every_epoch_and_point(
    played: tuple[FNN, list[list[float]], Path], open_page: Opener
) -> None:
    model, weights, path = played
    page = open_page(path)
    for epoch, at_epoch in enumerate(weights):
        for point, (x, target) in enumerate(zip(X, Y, strict=True)):
            trace = at(model, at_epoch, "bce", x, target)
            assert_equal_runs(page, point, epoch, trace)


@pytest.mark.browser
def test_a_click_on_a_point_opens_its_graph_at_that_epoch(
    played: tuple[FNN, list[list[float]], Path], open_page: Opener
) -> None:
    model, weights, path = played
    page = open_page(path, "#epoch=3")
    page.click("[data-point='2']")
    page.keyboard.press("End")
    trace = at(model, weights[2], "bce", X[2], Y[2])
    end = trace.at(len(trace))
    assert boxes(page) == {
        trace.id(node): style.short_number(end[node])
        for node in trace.nodes
        if not node.is_constant
    }
    told = page.inner_text("[data-part=about]")
    assert told.startswith("point 2: output ")
    assert f"loss {style.short_number(trace.root.data)}" in told
    visible = [step for step in trace if not step.parent.is_constant]
    assert page.inner_text("[data-part=sentence]").startswith(visible[-1].arithmetic[:12])


@pytest.mark.browser
def test_the_address_brings_back_epoch_point_and_step(
    played: tuple[FNN, list[list[float]], Path], open_page: Opener
) -> None:
    page = open_page(played[2], "#epoch=4&point=3&step=7")
    assert (value(page, "epoch"), value(page, "slider")) == (3, 7)
    assert page.get_attribute("[data-point='3']", "aria-pressed") == "true"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("]")
    assert page.evaluate("autograd.state()") == "#epoch=5&point=3&step=8"
    page.wait_for_function("() => location.hash === autograd.state()")
    page.reload()
    assert (value(page, "epoch"), value(page, "slider")) == (4, 8)


@pytest.mark.browser
def test_slider_keys_curve_and_play_move_through_the_epochs(
    played: tuple[FNN, list[list[float]], Path], open_page: Opener
) -> None:
    page = open_page(played[2], "#epoch=6", clock=True)
    last = int(page.get_attribute("[data-part=epoch]", "max"))
    assert value(page, "epoch") == last
    picture = "document.querySelector('canvas').toDataURL()"
    end = page.evaluate(picture)
    page.focus("[data-part=epoch]")
    page.keyboard.press("Home")
    assert value(page, "epoch") == 0
    assert page.evaluate(picture) != end
    assert "loss 0." in page.inner_text("[data-part=epoch-loss]")
    assert "validation 0." in page.inner_text("[data-part=epoch-loss]")
    page.keyboard.press("ArrowRight")
    assert value(page, "epoch") == 1
    box = page.locator("[data-part=curve]").bounding_box()
    page.mouse.click(box["x"] + 0.4 * box["width"], box["y"] + 20)
    assert value(page, "epoch") == 2
    page.click("[data-part=epoch-play]")
    page.clock.run_for(1000)
    assert value(page, "epoch") == last
    assert page.get_attribute("[data-part=epoch-play]", "aria-label") == "Play the epochs"


@pytest.mark.browser
def test_it_opens_at_the_first_epoch_with_the_network_in_the_middle(
    played: tuple[FNN, list[list[float]], Path], open_page: Opener
) -> None:
    model, weights, path = played
    page = open_page(path)
    assert value(page, "epoch") == 0
    assert page.is_visible("[data-part=net] svg")
    assert not page.is_visible("#drawing")
    page.keyboard.press("]")
    page.hover("[data-part=net] line >> nth=3", force=True)
    shown = page.evaluate("[...playground.trainer.theta]")
    assert shown == weights[1]
    units = page.evaluate("[...playground.forward.of([[0.5, -1]])]")
    for p, data in zip(model.parameters(), weights[1], strict=True):
        p.data = data
    assert same(units[-1], model([0.5, -1.0]).data)
    page.click("g.unit >> nth=3")
    assert page.inner_text("[data-part=node] h2").startswith("layers.0.neurons.1")


@pytest.mark.browser
def test_training_goes_on_from_a_recorded_epoch_and_rewinds_to_it(
    played: tuple[FNN, list[list[float]], Path], open_page: Opener, tmp_path: Path
) -> None:
    model = FNN([2, 4, 1], seed=3)
    history, weights = [], []
    playback = Playback(X, Y)
    sgd = SGD(model.parameters(), lr=0.5)
    for epochs in (3, 4):  # in two parts, with the same optimizer
        history += fit(
            model, X, Y, loss="mse", optimizer=sgd, epochs=epochs, progress=False,
            batch_size=4, callbacks=[playback] if epochs == 3 else [],
        ).loss  # fmt: skip
        weights.append([p.data for p in model.parameters()])
        if epochs == 3:
            playback.to_html(tmp_path / "run.html")
    page = open_page(tmp_path / "run.html", "#epoch=3")
    assert page.evaluate("Object.values(autograd.weights())") == weights[0]
    assert same(page.evaluate("autograd.train(4)"), history[-1])
    for ours, theirs in zip(
        page.evaluate("Object.values(autograd.weights())"), weights[1], strict=True
    ):
        assert same(ours, theirs)
    assert page.inner_text("[data-part=epochs]") == "7"
    state = page.evaluate("autograd.state()")
    assert state == "#epoch=3&updates=4"
    page.click("[data-part=rewind]")
    assert page.evaluate("Object.values(autograd.weights())") == weights[0]
    again = open_page(tmp_path / "run.html", state)
    for ours, theirs in zip(
        again.evaluate("Object.values(autograd.weights())"), weights[1], strict=True
    ):
        assert same(ours, theirs)


@pytest.mark.browser
def test_a_model_that_decides_by_numbers_plays_its_plane_and_does_not_train(
    open_page: Opener, tmp_path: Path
) -> None:
    w = Value(0.5, "w")

    def deciding(x: Any) -> Any:
        return w * x[0] if float(x[1]) > 0.5 else w * x[1]

    deciding.parameters = lambda: [w]  # pyright: ignore[reportFunctionMemberAccess]
    playback = Playback(X, Y, loss="mse")
    for epoch, data in enumerate((0.5, 2.0), 1):
        w.data = data
        playback.record(epoch, deciding)
    playback.to_html(tmp_path / "deciding.html")
    page = open_page(tmp_path / "deciding.html")
    assert "does not train on" in page.inner_text(".notes")
    assert not page.is_visible("[data-part=train]")
    for place, data in enumerate((0.5, 2.0)):
        w.data = data
        page.evaluate(f"playground.run.seek({place})")
        low, high, units = page.evaluate(
            """() => {
              const { low, high, columns, count } = playground.card.view.grid;
              return [low, high, [...playground.forward.run(columns, count)]];
            }"""
        )
        for row, column in ((0, 0), (7, 31), (39, 20)):
            x = low[0] + (column + 0.5) / 40 * (high[0] - low[0])
            y = high[1] - (row + 0.5) / 40 * (high[1] - low[1])
            wanted = max(0.0, min(1.0, deciding([x, y]).data))  # as far as colors go
            assert units[row * 40 + column] == pytest.approx(wanted, abs=1 / 254)
    with pytest.raises(Exception, match="plays a run that cannot be trained on"):
        page.evaluate("autograd.train(1)")


@pytest.mark.browser
def test_classes_by_index_have_a_graph_for_each_class(open_page: Opener, tmp_path: Path) -> None:
    model = FNN([2, 3, 3], seed=2)
    targets = [0, 1, 2, 1]
    playback, weights = trained(model, X, targets, "cross_entropy", epochs=3)
    playback.to_html(tmp_path / "classes.html")
    page = open_page(tmp_path / "classes.html")
    assert page.evaluate("playground.scale.kind") == "classes"
    for point, target in enumerate(targets):
        rows = [Value(float(k == target), f"y{k + 1}") for k in range(3)]
        trace = at(model, weights[1], "cross_entropy", X[point], rows)
        assert_equal_runs(page, point, 1, trace)


@pytest.mark.browser
def test_inputs_that_are_not_in_a_plane_are_a_list(open_page: Opener, tmp_path: Path) -> None:
    model = FNN([3, 2, 1], seed=0)
    examples = [[0.1, 0.2, 0.3], [1.0, -1.0, 0.0]]

    def quartic(prediction: Any, target: Any) -> Any:
        return (prediction - target) ** 4

    playback, weights = trained(model, examples, [0.5, -0.5], quartic, epochs=2)
    playback.to_html(tmp_path / "list.html")
    page = open_page(tmp_path / "list.html", "#epoch=1")
    page.click("tr[data-point='1']")
    assert_equal_runs(page, 1, 0, at(model, weights[0], quartic, examples[1], -0.5))
    page.keyboard.press("End")
    assert value(page, "slider") > 10


@pytest.mark.browser
def test_an_operation_without_javascript_plays_stored_numbers(
    open_page: Opener, tmp_path: Path
) -> None:
    hidden = register(Op("hidden_sine", lambda x: math.sin(x), (lambda f, x: math.cos(float(x)),)))
    model = FNN([2, 2, 1], activation=lambda z: apply(hidden, z), seed=3)
    playback, weights = trained(model, X, Y, "mse", epochs=3)
    playback.to_html(tmp_path / "hidden.html")
    trace = at(model, weights[1], "mse", X[3], Y[3])
    page = open_page(tmp_path / "hidden.html", "#epoch=2&point=3")
    assert "hidden_sine cannot be written as JavaScript" in page.inner_text(".notes")
    assert "4 points are stored" in page.inner_text(".notes")
    assert_equal_runs(page, 3, 1, trace)
    page.keyboard.press("End")
    assert boxes(page)[trace.id(trace.root)] == "1"


@pytest.mark.browser
def test_nothing_sticks_out_of_the_window(
    played: tuple[FNN, list[list[float]], Path], open_page: Opener
) -> None:
    page = open_page(played[2])
    for width in (1280, 900, 390):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_tables_are_recorded_row_by_row() -> None:
    pandas = pytest.importorskip("pandas")
    rows, targets = [[0.0, 1.0], [1.0, 0.0], [2.0, 2.0]], [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    playback = Playback(pandas.DataFrame(rows), pandas.DataFrame(targets))
    assert (playback.X, playback.y) == (rows, targets)

"""A playground trains in the browser: the same numbers as Python's, by mouse, keys and touch."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

import nn
from autograd_mini import Op, Value, apply, dot, register, tanh
from autograd_mini.steps import Trace
from nn import (
    FNN,
    SGD,
    Adam,
    AdamW,
    Neuron,
    Playground,
    Trainer,
    activations,
    datasets,
    fit,
    losses,
)
from nn.playback.variants import other_variants, variant

Opener = Callable[..., Any]

X, Y = datasets.moons(20, noise=0.1, seed=3)


def written(tmp_path: Path, model: Any, X: Any, y: Any, **options: Any) -> Path:
    path = tmp_path / "playground.html"
    Playground(model, X, y, **options).to_html(path)
    return path


@pytest.fixture(scope="module")
def moons(tmp_path_factory: pytest.TempPathFactory) -> Path:
    model = FNN([2, 4, 1], seed=1)
    adam = Adam(model.parameters(), lr=0.05)
    directory = tmp_path_factory.mktemp("moons")
    return written(directory, model, X, Y, loss="bce_with_logits", optimizer=adam)


def close(a: float, b: float, rel: float = 1e-9) -> bool:
    return math.isclose(a, b, rel_tol=rel, abs_tol=1e-12)


def text(page: Any, part: str) -> str:
    return page.inner_text(f"[data-part={part}]")


# What it computes.


OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "sgd": lambda p: SGD(p, lr=0.3),
    "decay": lambda p: SGD(p, lr=0.1, weight_decay=0.01),
    "momentum": lambda p: SGD(p, lr=0.1, momentum=0.9, dampening=0.1),
    "nesterov": lambda p: SGD(p, lr=0.05, momentum=0.9, weight_decay=0.01, nesterov=True),
    "uphill": lambda p: SGD(p, lr=0.01, maximize=True),
    "adam": lambda p: Adam(p, lr=0.02, weight_decay=0.01),
    "adamw": lambda p: AdamW(p, lr=0.02, betas=(0.8, 0.99)),
}


def labeled(count: int) -> tuple[list[list[float]], list[int]]:
    return [[i / 5 - 1, (7 * i % 11) / 5 - 1] for i in range(count)], [i % 3 for i in range(count)]


TASKS: dict[str, tuple[Any, list[Any], int]] = {
    "mse": ("mse", [0.1 * i for i in range(13)], 1),
    "two outputs": ("mse", [[0.1 * i, 1.0] for i in range(13)], 2),
    "classes": ("cross_entropy", labeled(13)[1], 3),
    "logits": ("bce_with_logits", [i % 2 for i in range(13)], 1),
    "hinge": ("hinge", [1.0 if i % 2 else -1.0 for i in range(13)], 1),
    "callable": (lambda f, y: (f - y) ** 4, [0.1 * i for i in range(13)], 1),
}


@pytest.mark.browser
@pytest.mark.parametrize(("name", "task"), [*zip(OPTIMIZERS, itertools.cycle(TASKS))])
def test_weights_gradients_and_losses_are_those_of_a_trainer_and_of_fit_with_any_batches(
    name: str, task: str, open_page: Opener, tmp_path: Path
) -> None:
    loss, targets, outputs = TASKS[task]
    inputs = labeled(13)[0]

    def fresh() -> tuple[FNN, Any]:
        model = FNN([2, 5, 3, outputs], "sigmoid", seed=2)
        return model, OPTIMIZERS[name](model.parameters())

    def assert_same(model: FNN) -> None:
        weights, gradients = page.evaluate("[autograd.weights(), autograd.gradients()]")
        assert list(weights) == [name for name, _ in model.named_parameters()]
        for name, p in model.named_parameters():
            assert close(weights[name], p.data), name
            assert close(gradients[name], p.grad), name

    model, optimizer = fresh()
    options: Any = {"loss": loss, "optimizer": optimizer, "batch_size": 13, "seed": 7}
    page = open_page(written(tmp_path, model, inputs, targets, **options))
    trainer = Trainer(model, loss, optimizer)
    for updates in (1, 2, 37):
        losses = [trainer.step(inputs, targets) for _ in range(updates)]
        assert close(page.evaluate(f"autograd.train({updates})"), losses[-1])
        assert_same(model)

    for size in (1, 5, None):
        model, options["optimizer"] = fresh()
        options["batch_size"] = size
        history = fit(model, inputs, targets, epochs=4, progress=False, **options)
        losses = page.evaluate(
            """([size, updates]) => {
              autograd.rewind();
              playground.settings.take("batch", size);
              autograd.train(updates);
              return playground.trainer.losses;
            }""",
            [str(size or ""), 4 * math.ceil(13 / (size or 13))],
        )
        for ours, theirs in zip(losses, history.loss, strict=True):
            assert close(ours, theirs), size
        assert_same(model)


class Squares:
    """A model that is no network: w·x + v·x²."""

    def __init__(self) -> None:
        self.w, self.v = [Value(0.1), Value(-0.2)], Value(0.3, "v")

    def parameters(self) -> list[Value]:
        return [*self.w, self.v]

    def __call__(self, x: Any) -> Any:
        return dot(self.w, x) + self.v * tanh(x[0] * x[1])


@pytest.mark.browser
def test_whatever_compiles_trains_and_some_parameters_may_stand_still(
    open_page: Opener, tmp_path: Path
) -> None:
    model = Squares()
    sgd = SGD(model.parameters()[1:], lr=0.1)
    page = open_page(written(tmp_path, model, X, Y, loss="mse", optimizer=sgd))
    trainer = Trainer(model, "mse", sgd)
    loss = [trainer.step(X, Y) for _ in range(20)][-1]
    assert close(page.evaluate("autograd.train(20)"), loss)
    assert page.evaluate("autograd.weights().p0") == 0.1
    assert close(page.evaluate("autograd.weights().p2"), model.v.data)
    assert page.is_visible("#drawing svg")


@pytest.mark.browser
def test_an_optimizer_that_has_memory_goes_on_with_it(open_page: Opener, tmp_path: Path) -> None:
    model = FNN([2, 3, 1], seed=5)
    trainer = Trainer(model, "mse", Adam(model.parameters(), lr=0.1))
    for _ in range(3):
        trainer.step(X, Y)
    page = open_page(written(tmp_path, model, X, Y, loss="mse", optimizer=trainer.optimizer))
    assert close(page.evaluate("autograd.train(2)"), [trainer.step(X, Y) for _ in range(2)][-1])


@pytest.mark.browser
def test_a_rewind_leads_to_the_very_same_start(open_page: Opener, tmp_path: Path) -> None:
    model = FNN([2, 3, 1], seed=5)
    options: Any = {"loss": "mse", "optimizer": Adam(model.parameters(), lr=0.1), "batch_size": 6}
    page = open_page(written(tmp_path, model, X, Y, **options))
    start = page.evaluate("autograd.weights()")
    assert start == dict(model.state_dict())
    once = page.evaluate("[autograd.train(17), autograd.weights()]")
    page.evaluate("autograd.rewind()")
    assert page.evaluate("autograd.weights()") == start
    assert page.evaluate("[autograd.train(17), autograd.weights()]") == once
    page.evaluate("(autograd.setPoint(3, [0.5, 0.5], 1), autograd.rewind())")
    other = page.evaluate("[autograd.train(17), autograd.weights()]")
    assert other != once
    page.evaluate("(autograd.reset(), autograd.rewind())")
    assert page.evaluate("[autograd.train(17), autograd.weights()]") == once


@pytest.mark.browser
def test_points_are_set_and_the_loss_is_pythons(open_page: Opener, tmp_path: Path) -> None:
    inputs, targets = labeled(9)
    model = FNN([2, 3, 3], seed=5)
    sgd = SGD(model.parameters(), lr=0.1)
    page = open_page(written(tmp_path, model, inputs, targets, loss="cross_entropy", optimizer=sgd))
    page.evaluate("autograd.setPoint(4, [0.25, -1.5], 2)")
    inputs[4], targets[4] = [0.25, -1.5], 2
    trainer = Trainer(model, "cross_entropy", sgd)
    assert close(page.evaluate("autograd.train(1)"), trainer.step(inputs, targets))
    for call, message in (
        ("setPoint(9, [0, 0], 1)", "no example 9: there are 0 to 8"),
        ("setPoint(0, [0], 1)", "x takes 2 finite numbers"),
        ("setPoint(0, [0, 0], 3)", "a class is a whole number from 0 to 2, but got 3"),
        ("train(-1)", "a whole number of updates, but got -1"),
    ):
        with pytest.raises(Exception, match=message):
            page.evaluate(f"autograd.{call}")


@pytest.mark.browser
def test_the_player_shows_the_chosen_example_with_the_weights_of_now(
    open_page: Opener, tmp_path: Path
) -> None:
    model = FNN([2, 3, 1], seed=5)
    sgd = SGD(model.parameters(), lr=0.5)
    page = open_page(written(tmp_path, model, X, Y, loss="mse", optimizer=sgd), "#point=6")
    trainer = Trainer(model, "mse", sgd)
    for _ in range(4):
        trainer.step(X, Y)
    page.evaluate("autograd.train(4)")
    page.evaluate("autograd.go(10000)")

    def loss(x1: float) -> Trace:
        x = [Value(x1, "x1"), Value(float(X[6][1]), "x2")]
        return Trace(nn.losses.get("mse")([model(x)], [Value(float(Y[6]), "y")]))

    def assert_same(trace: Trace) -> None:
        end = trace.at(len(trace))
        assert close(page.evaluate("autograd.value('loss').data"), trace.root.data)
        for node in trace.nodes:
            if node.label:
                found = page.evaluate("name => autograd.value(name)", node.label)
                assert close(found["data"], node.data)
                assert close(found["grad"], end[node])

    assert_same(loss(float(X[6][0])))
    page.evaluate("autograd.set('x1', 2.5)")
    assert_same(loss(2.5))
    assert "loss" in page.evaluate("autograd.why('layers.0.neurons.1.w.0')")
    page.evaluate("autograd.reset()")
    assert_same(loss(float(X[6][0])))


@pytest.mark.browser
def test_a_state_is_a_link(open_page: Opener, moons: Path) -> None:
    page = open_page(moons)
    page.evaluate("autograd.setPoint(2, [0.5, 0.25], 1)")
    loss = page.evaluate("autograd.train(30)")
    page.click("[data-point='5']")
    page.click("[data-part=view-graph]")
    page.evaluate("(autograd.go(12), autograd.set('x1', 0.75))")
    state = page.evaluate("autograd.state()")
    assert state.startswith("#updates=30&point=5&")
    again = open_page(moons, state)
    assert again.evaluate("autograd.state()") == state
    assert again.evaluate("playground.trainer.loss") == loss
    assert again.evaluate("autograd.value('x1').data") == 0.75


@pytest.mark.browser
def test_numbers_that_run_away_stop_it_with_a_reason_and_a_way_back(
    open_page: Opener, tmp_path: Path
) -> None:
    model = FNN([2, 4, 1], "relu", seed=1)
    sgd = SGD(model.parameters(), lr=1e12)
    page = open_page(written(tmp_path, model, X, Y, loss="mse", optimizer=sgd))
    start = page.evaluate("autograd.weights()")
    page.evaluate("autograd.train(1000)")
    said = text(page, "said")
    updates = page.evaluate("playground.trainer.updates")
    assert updates < 1000
    assert f"It stopped at update {updates + 1}: " in said
    assert "Rewind, and take a lower learning rate than 1e+12" in said
    assert all(map(math.isfinite, page.evaluate("autograd.weights()").values()))
    page.click("[data-part=rewind]")
    assert page.evaluate("autograd.weights()") == start
    assert "It stopped" not in text(page, "said")


@pytest.mark.browser
def test_exported_weights_go_back_into_python(
    open_page: Opener, moons: Path, tmp_path: Path
) -> None:
    page = open_page(moons)
    page.evaluate("autograd.train(10)")
    with page.expect_download() as download:
        page.click("[data-part=save]")
    file = tmp_path / "weights.json"
    download.value.save_as(file)
    model = FNN([2, 4, 1], seed=9)
    nn.load_state(model, file)
    assert model.state_dict() == page.evaluate("autograd.weights()")


# In the reader's hands.


@pytest.mark.browser
def test_it_begins_before_the_first_update_and_nothing_plays_by_itself(
    open_page: Opener, moons: Path
) -> None:
    page = open_page(moons)
    frames = (
        "async () => { for (let i = 0; i < 3; i += 1) await new Promise(requestAnimationFrame); }"
    )
    page.evaluate(frames)
    assert text(page, "updates") == "0"
    assert "Nothing is trained yet. Train makes update after update" in text(page, "said")
    page.click("[data-part=one-update]")
    assert text(page, "updates") == "1"
    page.click("[data-part=train]")
    page.wait_for_function("() => playground.trainer.updates > 5")
    assert text(page, "train") == "Pause"
    page.click("[data-part=train]")
    updates = text(page, "updates")
    page.evaluate(frames)
    assert text(page, "updates") == updates


@pytest.mark.browser
def test_points_are_dragged_added_and_deleted_by_mouse(open_page: Opener, moons: Path) -> None:
    page = open_page(moons)
    circle = page.locator("[data-point='4']").bounding_box()
    x, y = circle["x"] + circle["width"] / 2, circle["y"] + circle["height"] / 2
    before = page.evaluate("playground.trainer.X[4]")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 30, y - 20, steps=4)
    page.mouse.up()
    after = page.evaluate("playground.trainer.X[4]")
    assert after[0] > before[0]
    assert after[1] > before[1]
    box = page.locator("[data-part=map]").bounding_box()
    page.select_option("[data-part=brush]", "1")
    page.mouse.click(box["x"] + 8, box["y"] + box["height"] - 8)
    assert page.evaluate("[playground.trainer.count, playground.chosen]") == [21, 20]
    assert page.evaluate("playground.trainer.Y[20]") == [1]
    page.evaluate("autograd.train(3)")
    page.click("[data-part=delete-point]")
    assert page.evaluate("playground.trainer.count") == 20
    page.click("[data-part=restore-data]")
    assert page.evaluate("playground.trainer.X[4]") == before


@pytest.mark.browser
def test_all_of_it_goes_by_keys_alone(open_page: Opener, moons: Path) -> None:
    page = open_page(moons)
    page.keyboard.press("u")
    page.keyboard.press("e")
    assert text(page, "updates") == "2"
    page.keyboard.press("g")
    assert page.get_attribute("[data-part=lines-gradients]", "aria-pressed") == "true"
    page.focus("[data-point='3']")
    before = page.evaluate("playground.trainer.X[3][0]")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("playground.trainer.X[3][0]") > before
    page.keyboard.press("Delete")
    assert page.evaluate("playground.trainer.count") == 19
    page.focus("[data-point='4']")
    page.keyboard.press(".")
    page.keyboard.press(".")
    page.keyboard.press(",")
    assert page.evaluate("[playground.chosen, document.activeElement.dataset.point]") == [5, "5"]
    stops = 'document.querySelectorAll(\'[data-part=map] [tabindex="0"], g.unit[tabindex="0"]\')'
    assert page.evaluate(f"{stops}.length") == 2
    page.focus("g.unit[tabindex='0']")
    for key, where in {"ArrowRight": "h2", "ArrowUp": "h1", "ArrowLeft": "x1"}.items():
        page.keyboard.press(key)
        assert page.evaluate("document.activeElement.querySelector('text').textContent") == where
    page.focus("g.unit >> nth=3")
    page.keyboard.press("Enter")
    assert page.evaluate("document.body.dataset.view") == "graph"
    page.keyboard.press("v")
    page.keyboard.press("t")
    page.wait_for_function("() => playground.trainer.updates > 4")
    page.keyboard.press("t")
    page.keyboard.press("z")
    assert text(page, "updates") == "0"


@pytest.mark.browser
def test_a_click_on_a_unit_opens_its_scalar_nodes(open_page: Opener, moons: Path) -> None:
    page = open_page(moons, "#point=3")
    page.click("g.unit >> nth=4")
    assert page.is_visible("#drawing svg")
    assert page.inner_text("[data-part=node] h2").startswith("layers.0.neurons.2")
    assert "not computed" not in page.inner_text("[data-part=node] dd >> nth=0")
    position = page.evaluate("playground.player.position")
    page.click("[data-part=next]")
    page.click("[data-part=one-update]")
    assert page.evaluate("playground.player.position") == position + 1
    page.evaluate("autograd.set('layers.0.neurons.2.b', 0.5)")
    page.click("[data-part=keep]")
    assert page.evaluate("autograd.weights()['layers.0.neurons.2.b']") == 0.5


@pytest.mark.browser
def test_a_dropped_csv_becomes_the_data(open_page: Opener, moons: Path, tmp_path: Path) -> None:
    page = open_page(moons)
    drop = """text => document.dispatchEvent(Object.assign(new Event("drop"), {
        dataTransfer: { files: [new File([text], "points.csv")] } }))"""
    page.evaluate(drop, "x1,x2,y\n0,1,1\n2.5,3,0\n")
    page.wait_for_function("() => playground.trainer.count === 2")
    assert page.evaluate("playground.trainer.X") == [[0, 1], [2.5, 3]]
    page.evaluate(drop, "0,1\n")
    page.wait_for_function("() => document.body.innerText.includes('row 1 has 2 columns')")
    assert page.evaluate("playground.trainer.count") == 2


@pytest.mark.browser
def test_a_link_holds_loaded_data_and_weights_or_says_that_it_does_not(
    open_page: Opener, moons: Path
) -> None:
    page = open_page(moons)

    def load(rows: int) -> None:
        text = "".join(f"{i / 7},{-i / 3},{i % 2}\\n" for i in range(rows))
        page.evaluate(f"playground.examples.replace(...parseCsv('{text}', playground))")

    def again() -> Any:
        state = page.evaluate("autograd.state()")
        other = open_page(moons, state)
        assert other.evaluate("autograd.state()") == state
        told = "[playground.trainer.X, playground.trainer.Y, autograd.weights()]"
        assert other.evaluate(told) == page.evaluate(told)
        return other

    load(40)
    page.evaluate("autograd.train(3)")
    assert again().evaluate("playground.trainer.updates") == 3
    page.evaluate("(autograd.setPoint(2, [0.1, 0.2], 1), playground.examples.remove(5))")
    page.evaluate("autograd.train(2)")
    other = again()
    assert "Rewind" in text(other, "said")
    other.click("[data-part=rewind]")
    assert other.evaluate("autograd.weights()") == open_page(moons).evaluate("autograd.weights()")
    page.evaluate("playground.player.notify('')")
    assert "optimizer's memory is not" in text(page, "said")
    load(2000)
    page.evaluate("playground.player.notify('')")
    assert "2000 examples are too many for a link" in text(page, "said")
    for cut in ("#theta=AAAA", "#theta=%%%", "#rows=1", "#rows=1+2+3_4"):
        assert open_page(moons, cut).evaluate("playground.trainer.count") in (1, 20)


@pytest.mark.browser
def test_settings_are_changed_and_wrong_ones_named(open_page: Opener, moons: Path) -> None:
    page = open_page(moons)
    page.fill("[data-part=lr]", "0.5")
    page.keyboard.press("Enter")
    page.select_option("[data-part=optimizer]", "SGD")
    page.fill("[data-part=batch]", "7")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.evaluate("autograd.train(3)")
    assert text(page, "epochs") == "1"
    assert page.evaluate("playground.trainer.optimizer.kind") == "SGD"
    assert page.evaluate("playground.trainer.optimizer.lr") == 0.5
    page.fill("[data-part=batch]", "2.5")
    page.keyboard.press("Enter")
    assert "a batch size is a whole number from 1 up" in text(page, "said")
    page.evaluate("autograd.rewind()")
    assert page.input_value("[data-part=lr]") == "0.05"


class Wave(Neuron):
    """A unit that does not ask its activation."""

    def respond(self, xs: Any) -> Any:
        return self.sum(xs).sin()


def test_a_network_with_units_of_another_class_is_offered_no_activation() -> None:
    model = FNN([2, 3, 1], seed=0)
    model.layers[0].neurons[:] = [Wave(2, rng=Random(i)) for i in range(3)]
    loss, X, Y = losses.half_mse_loss, [[0.5, -0.25]], [1.0]
    own = variant(model, loss, X, Y, max_nodes=300)
    assert [name for name, _ in other_variants(model, loss, X, Y, own)] == []


@pytest.mark.browser
def test_every_activation_of_nn_is_offered_and_computes_what_python_does(
    open_page: Opener, moons: Path
) -> None:
    page = open_page(moons, "#point=3")
    names = page.evaluate("playground.activation.names")
    scalar = {name for name, f in activations.ACTIVATIONS.items() if not activations.is_vector(f)}
    assert (names[0], set(names)) == ("tanh", scalar)
    weights = dict(FNN([2, 4, 1], seed=1).state_dict())
    x = [Value(float(x), f"x{i + 1}") for i, x in enumerate(X[3])]
    for name in names[1:]:
        model = FNN([2, 4, 1], name, seed=1)
        model.load_state_dict(weights)
        trainer = Trainer(model, "bce_with_logits", Adam(model.parameters(), lr=0.05))
        losses = [trainer.step(X, Y) for _ in range(2)]
        trace = Trace(nn.losses.get("bce_with_logits")([model(x)], [Value(float(Y[3]), "y")]))
        gradients = trace.at(len(trace))
        nodes = [node for node in trace.nodes if node.label]
        found, loss, titles, wide = page.evaluate(
            """([name, labels]) => {
              autograd.rewind();
              playground.settings.take("activation", name);
              const loss = autograd.train(2);
              playground.view("graph");
              autograd.go(1e9);
              const titles = [...document.querySelectorAll("#drawing text.title")];
              const wide = titles.filter((title) => {
                const box = title.parentNode.querySelector("rect").getBBox();
                const text = title.getBBox();
                return text.x < box.x || text.x + text.width > box.x + box.width;
              });
              return [labels.map(autograd.value), loss, ...[titles, wide].map((found) =>
                found.map((title) => title.textContent))];
            }""",
            [name, [node.label for node in nodes]],
        )
        assert close(loss, losses[-1]), name
        for node, value in zip(nodes, found, strict=True):
            assert close(value["data"], node.data), (name, node)
            assert close(value["grad"], gradients[node]), (name, node)
        assert any(title.endswith(f"= {name}") for title in titles), name
        assert not wide, (name, wide)


@pytest.mark.browser
def test_another_activation_trains_as_a_network_made_with_it(
    open_page: Opener, moons: Path
) -> None:
    page = open_page(moons)
    model = FNN([2, 4, 1], "relu", seed=1)
    for p, (_, data) in zip(
        model.parameters(), FNN([2, 4, 1], seed=1).state_dict().items(), strict=True
    ):
        p.data = data
    page.select_option("[data-part=activation]", "relu")
    trainer = Trainer(model, "bce_with_logits", Adam(model.parameters(), lr=0.05))
    assert close(page.evaluate("autograd.train(9)"), [trainer.step(X, Y) for _ in range(9)][-1])
    assert "relu" in page.inner_text("[data-part=net]")
    page.click("g.unit >> nth=3")
    assert page.inner_text("[data-part=node] h2").startswith("layers.0.neurons.1\nrelu")
    assert "= relu" in page.text_content("#drawing")
    assert "= tanh" not in page.text_content("#drawing")
    state = page.evaluate("autograd.state()")
    assert state.startswith("#activation=relu&updates=9")
    again = open_page(moons, state)
    assert again.evaluate("autograd.weights()") == page.evaluate("autograd.weights()")
    page.evaluate("autograd.rewind()")
    assert page.input_value("[data-part=activation]") == "tanh"
    assert "= relu" not in page.text_content("#drawing")


@pytest.mark.browser
def test_the_data_sets_are_those_of_nn_with_any_noise(open_page: Opener, moons: Path) -> None:
    page = open_page(moons)
    for name in ("moons", "circles", "spirals", "xor", "blobs"):
        page.select_option("[data-part=set]", name)
        page.evaluate("playground.sets.choose(playground.sets.name, 0.25)")
        level = {"spread" if name == "blobs" else "noise": 0.25}
        wanted, kinds = getattr(datasets, name)(20, **level)
        rows, targets = page.evaluate("[playground.trainer.X, playground.trainer.Y]")
        assert rows == wanted.tolist()
        assert targets == [[k] for k in kinds.tolist()]
    page.evaluate("autograd.train(4)")
    page.fill("[data-part=noise]", "0.4")
    assert page.evaluate("playground.trainer.X") == datasets.blobs(20, spread=0.4)[0].tolist()
    page.evaluate("autograd.rewind()")
    page.evaluate("autograd.train(4)")
    again = open_page(moons, page.evaluate("autograd.state()"))
    assert again.evaluate("autograd.weights()") == page.evaluate("autograd.weights()")
    page.click("[data-part=restore-data]")
    assert page.evaluate("playground.trainer.X") == X.tolist()
    assert page.input_value("[data-part=set]") == ""


@pytest.mark.browser
def test_nothing_sticks_out_or_lies_on_another_at_any_size(
    open_page: Opener, moons: Path, tmp_path: Path
) -> None:
    model = Squares()
    sgd = SGD(model.parameters(), lr=0.1)
    pages = [moons, written(tmp_path, model, X, Y, loss="mse", optimizer=sgd)]
    for page, views in [(open_page(path), path == moons) for path in pages]:
        for width, height in ((1280, 720), (1400, 900), (900, 700), (390, 844)):
            page.set_viewport_size({"width": width, "height": height})
            for view in ("network", "graph") if views else ("graph",):
                page.evaluate(f"playground.view('{view}')")
                assert page.evaluate("document.documentElement.scrollWidth") <= width
                overlaps = page.evaluate("""() => {
                    const parts = [...document.querySelectorAll(".stage > *")]
                      .map((part) => [part.className, part.getBoundingClientRect()])
                      .filter(([, box]) => box.width);
                    return parts.flatMap(([a, p], i) => parts.slice(i + 1)
                      .filter(([b, q]) => p.left < q.right - 1 && q.left < p.right - 1 &&
                        p.top < q.bottom - 1 && q.top < p.bottom - 1 && !/transport/.test(a + b))
                      .map(([b]) => [a, b]));
                }""")  # on a phone the transport floats
                assert not overlaps, (width, view)


SIDES = ("top", "right", "bottom", "left")


@pytest.mark.browser
def test_the_network_stays_where_it_is_whatever_is_told_of_it(
    open_page: Opener, moons: Path
) -> None:
    page = open_page(moons)
    for width, height in ((1100, 800), (1280, 720), (1440, 900)):
        page.set_viewport_size({"width": width, "height": height})
        places = page.evaluate("""() => {
          const net = document.querySelector("[data-part=net]"), places = new Set();
          const look = () => places.add(JSON.stringify(net.getBoundingClientRect()));
          const point = (what) => document.querySelector(what).dispatchEvent(
            new PointerEvent("pointerover", { bubbles: true }));
          autograd.rewind();
          for (const lines of ["gradients", "weights"]) {
            document.querySelector(`[data-part=lines-${lines}]`).click();
            for (const updates of [0, 1, 40]) {
              autograd.train(updates);
              look();
            }
            for (const what of ["g.unit circle", ".net line:not([class=''])"]) {
              point(what);
              look();
            }
          }
          return [...places];
        }""")
        assert len(places) == 1, (width, places)


@pytest.mark.browser
def test_on_paper_stand_data_loss_and_network_or_the_graph(open_page: Opener, moons: Path) -> None:
    page = open_page(moons)
    page.evaluate("autograd.train(5)")
    page.emulate_media(media="print")
    seen = {"network": ["map", "curve", "net"], "graph": ["graph"]}
    for view, parts in seen.items():
        page.evaluate(f"playground.view('{view}')")
        for part in ("map", "curve", "net", "graph", "train", "load-csv", "slider", "lr"):
            assert page.is_visible(f"[data-part={part}]") == (part in parts), (view, part)
        for sheet in ({"format": "Letter"}, {"format": "A4", "landscape": True}):
            for margin in ("0", "1cm"):
                paper = page.pdf(**sheet, margin=dict.fromkeys(SIDES, margin))
                assert len(re.findall(rb"/Type /Page\b", paper)) == 1, (view, sheet, margin)


@pytest.mark.browser
def test_a_finger_drags_a_point_taps_the_buttons_and_copies_the_link(
    open_page: Opener, moons: Path
) -> None:
    page = open_page(moons, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page.tap("[data-part=one-update]")
    assert text(page, "updates") == "1"
    page.tap("[data-part=rewind]")
    page.tap("[data-point='7']")
    assert page.evaluate("playground.chosen") == 7
    fingers = page.context.new_cdp_session(page)

    def drag(dx: float) -> None:
        circle = page.locator("[data-point='7']").bounding_box()
        x, y = circle["x"] + circle["width"] / 2, circle["y"] + circle["height"] / 2
        moves = [("Start", 0.0), ("Move", dx / 3), ("Move", dx)]
        for kind, points in [*((k, [{"x": x + d, "y": y}]) for k, d in moves), ("End", [])]:
            event = {"type": f"touch{kind}", "touchPoints": points}
            fingers.send("Input.dispatchTouchEvent", event)

    for flings in range(1, 7):  # the tap after a fling is a click like any other
        before = page.evaluate("playground.trainer.X[7]")
        drag(60 if flings % 2 else -60)
        assert abs(page.evaluate("playground.trainer.X[7][0]") - before[0]) > 0.2
        page.tap("[data-part=one-update]")
        page.wait_for_function(f"() => playground.trainer.updates === {flings}")
    page.tap("[data-part=rewind]")
    after = page.evaluate("playground.trainer.X[7]")
    page.evaluate("autograd.train(5)")
    page.tap("[data-part=link]")
    page.wait_for_function(  # a clipboard that another program holds is said, too
        "() => /link to this state is copied|Copy it: #/.test(document.body.innerText)"
    )
    state, weights = page.evaluate("[autograd.state(), autograd.weights()]")
    page.tap("g.unit >> nth=2")
    assert page.evaluate("document.body.dataset.view") == "graph"
    assert page.evaluate("playground.player.scene.size.height > innerHeight")
    again = open_page(moons, state)
    assert again.evaluate("[playground.trainer.X[7], autograd.weights()]") == [after, weights]


def lecture(tmp_path: Path) -> Path:
    """Two moons, and a relu that is switched off for the first point."""
    model = FNN([2, 3, 1], "relu", seed=1)
    unit = model.layers[0].neurons[0]
    for p, data in zip(unit.parameters(), (-3.0, 0.5, -5.0), strict=True):
        p.data = data
    adam = Adam(model.parameters(), lr=0.05)
    return written(tmp_path, model, X, Y, loss="bce_with_logits", optimizer=adam)


def drag(page: Any, move: Callable[[str, list[tuple[float, float]]], None], i: int, j: int) -> None:
    """Take point i to point j."""
    page.locator("[data-part=map]").scroll_into_view_if_needed()
    boxes = [page.locator(f"[data-point='{k}']").bounding_box() for k in (i, j)]
    (x0, y0), (x1, y1) = [(b["x"] + b["width"] / 2, b["y"] + b["height"] / 2) for b in boxes]
    for kind, *at in (("Start", x0, y0), ("Move", x0 + 9, y0), ("Move", x1 + 1, y1 + 1), ("End",)):
        move(kind, [(at[0], at[1])] if at else [])


def by_mouse(page: Any, other: int) -> None:
    page.click("[data-point='0']")
    page.click("g.unit >> nth=2")
    page.click("[data-part=last]")
    page.click("[data-part=rows] tr >> text=/l.0.n.0.w.0/")
    page.click("[data-part=field]", click_count=3)
    page.keyboard.type("-2")
    page.keyboard.press("Enter")
    assert_told(page)
    page.click("[data-part=keep]")
    page.click("[data-part=view-network]")
    acts = {"Start": page.mouse.down, "Move": lambda: None, "End": page.mouse.up}

    def move(kind: str, at: list[tuple[float, float]]) -> None:
        for x, y in at:
            page.mouse.move(x, y)
        acts[kind]()

    drag(page, move, 0, other)
    page.click("[data-part=train]")
    page.wait_for_function("() => playground.trainer.updates > 5")
    page.click("[data-part=train]")
    page.click("[data-part=link]")


def by_keys(page: Any, other: int) -> None:
    def tab_to(what: str) -> None:
        for _ in range(60):
            if page.evaluate("what => document.activeElement.matches(what)", what):
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"no Tab leads to {what}")

    tab_to("g.unit")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.keyboard.press("End")
    page.keyboard.press("/")
    page.keyboard.type("layers.0.neurons.0.w.0")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    page.keyboard.press("Shift+ArrowUp")
    assert_told(page)
    page.keyboard.press("v")
    tab_to("[data-part=keep]")
    page.keyboard.press("Enter")
    tab_to("[data-part=map] circle")
    (x, y), (wanted_x, wanted_y) = page.evaluate(
        f"[0, {other}].map((i) => playground.trainer.X[i])"
    )
    page.keyboard.press("ArrowRight")
    step = page.evaluate("playground.trainer.X[0][0]") - x
    for _ in range(round(abs(wanted_x - x) / step)):
        page.keyboard.press("ArrowRight" if wanted_x > x else "ArrowLeft")
    page.keyboard.press("ArrowUp")
    step = page.evaluate("playground.trainer.X[0][1]") - y
    for _ in range(round(abs(wanted_y - y) / step)):
        page.keyboard.press("ArrowUp" if wanted_y > y else "ArrowDown")
    page.keyboard.press("t")
    page.wait_for_function("() => playground.trainer.updates > 5")
    page.keyboard.press("t")
    page.keyboard.press("l")


def by_touch(page: Any, other: int) -> None:
    page.tap("[data-point='0']")
    page.tap("g.unit >> nth=2")
    page.tap("[data-part=last]")
    page.fill("[data-part=search]", "layers.0.neurons.0.w.0")
    page.tap("[data-part=rows] tr >> text=/l.0.n.0.w.0/")
    page.tap("[data-part=field]")
    page.fill("[data-part=field]", "-2")
    page.keyboard.press("Enter")
    assert_told(page)
    assert "loss changes by 0" in page.inner_text("[data-part=node]")
    page.tap("[data-part=keep]")
    page.tap("[data-part=view-network]")
    fingers = page.context.new_cdp_session(page)

    def move(kind: str, at: list[tuple[float, float]]) -> None:
        points = [{"x": x, "y": y} for x, y in at]
        fingers.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})

    drag(page, move, 0, other)
    page.tap("[data-part=train]")
    page.wait_for_function("() => playground.trainer.updates > 5")
    page.tap("[data-part=train]")
    page.tap("[data-part=link]")


def assert_told(page: Any) -> None:
    """The weight is changed and seen, the effect on the loss told, and why its gradient is 0."""
    assert page.evaluate("autograd.value('layers.0.neurons.0.w.0')") == {"data": -2, "grad": 0}
    assert page.text_content("[data-part=effect]").startswith("layers.0.neurons.0.w.0 -3 → -2")
    assert "relu layers.0.neurons.0 is switched off" in page.inner_text("[data-part=node]")
    box = page.locator("g.selected rect").first.bounding_box()
    frame = page.locator("#drawing").bounding_box()
    assert frame["x"] - 1 <= box["x"] <= frame["x"] + frame["width"] - box["width"] + 1


@pytest.mark.browser
@pytest.mark.parametrize("way", [by_mouse, by_keys, by_touch], ids=["mouse", "keys", "touch"])
def test_a_lecture_a_number_is_changed_a_point_dragged_the_network_trained_the_link_sent(
    way: Callable[[Any, int], None], open_page: Opener, tmp_path: Path
) -> None:
    path = lecture(tmp_path)
    phone: Any = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    page = open_page(path, **(phone if way is by_touch else {}))
    other = Y.tolist().index(1 - Y[0])
    start = page.evaluate("playground.trainer.X[0]")
    way(page, other)
    x, aim = page.evaluate(f"[0, {other}].map((i) => playground.trainer.X[i])")
    assert math.dist(x, aim) < 0.25 * math.dist(start, aim)
    page.wait_for_function("() => /state is copied|Copy it: #/.test(document.body.innerText)")
    told = "[playground.trainer.X, playground.trainer.Y, autograd.weights()]"
    again = open_page(path, page.evaluate("autograd.state()"))
    assert again.evaluate(told) == page.evaluate(told)


@pytest.mark.browser
def test_a_link_that_cannot_be_copied_is_shown_instead(open_page: Opener, moons: Path) -> None:
    page = open_page(moons, clock=True)
    page.evaluate("""() => {
        document.execCommand = () => false;
        navigator.clipboard.writeText = () => new Promise(() => {}); // it waits for a permission
    }""")
    page.click("[data-part=one-update]")
    page.click("[data-part=link]")
    page.clock.run_for(1001)
    assert "Copy it: #updates=1" in text(page, "said")


@pytest.mark.browser
def test_one_input_is_a_curve_and_many_are_a_list(open_page: Opener, tmp_path: Path) -> None:
    model = FNN([1, 4, 1], seed=0)
    xs = [[i / 5] for i in range(9)]
    sgd = SGD(model.parameters(), lr=0.1)
    page = open_page(
        written(tmp_path, model, xs, [x[0] ** 2 for x in xs], loss="mse", optimizer=sgd)
    )
    assert page.locator(".map .lines path").count() == 1
    assert page.locator(".map .axis").all_text_contents() == ["x →", "↑ y"]
    model = FNN([3, 4, 1], seed=0)
    sgd = SGD(model.parameters(), lr=0.1)
    page = open_page(
        written(
            tmp_path, model, [[x, 1.0, -x] for x in range(5)], range(5), loss="mse", optimizer=sgd
        )
    )
    page.click("tr[data-point='3']")
    assert page.evaluate("playground.chosen") == 3


HOSTILE = [
    "</script><img src=x onerror=hacked=1>",
    '"',
    "{notes} {{body}} ${hacked=1}",
    "\u2028\u202eright to left שלום",
    "W" * 3000,
    "long " * 900,
    "__proto__",
    "a\nb\x00",
    "🦊",
]


class Hostile:
    """A model whose every name is meant to break a page."""

    def __init__(self) -> None:
        self.weights = [Value(0.1 * i, label) for i, label in enumerate(HOSTILE)]

    def parameters(self) -> list[Value]:
        return self.weights

    def __call__(self, x: Any) -> Any:
        return tanh(dot(self.weights[:2], x) + dot(self.weights[2:], self.weights[2:]))


def hostile_loss(f: Any, y: Any) -> Any:
    return (f - y) ** 2


hostile_loss.__name__ = Hostile.__name__ = HOSTILE[0] * 9


@pytest.mark.browser
def test_whatever_names_are_nothing_of_them_runs_and_nothing_sticks_out(
    open_page: Opener, tmp_path: Path
) -> None:
    model, loss = Hostile(), hostile_loss
    sgd = SGD(model.parameters(), lr=0.1)
    written(tmp_path, model, X, Y, loss=loss, optimizer=sgd)
    root = loss(model([0.1, 0.2]), 1.0)
    root.label = HOSTILE[3]
    Trace(root).to_html(tmp_path / "player.html")

    for path in sorted(tmp_path.glob("*.html")):
        page = open_page(path)
        for size in ((1280, 720), (390, 844)):
            page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
            found = page.evaluate("""() => {
              const found = [], root = document.documentElement;
              const look = (what) => {
                if ("hacked" in window || document.images.length) found.push([what, "it runs"]);
                if (root.scrollWidth > innerWidth) found.push([what, root.scrollWidth]);
                if (innerWidth > 860 && root.scrollHeight > innerHeight) {
                  found.push([what, root.scrollHeight]);
                }
              };
              const press = (key, target = document.body) => target.dispatchEvent(
                new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
              if (typeof playground === "object") playground.view("graph");
              autograd.go(1e9);
              for (const box of document.querySelectorAll("g.node.leaf")) {
                box.focus();
                press("Enter", box);
                document.activeElement.blur();
                for (const key of ["ArrowUp", "w"]) press(key);
                look(box.id);
              }
              for (const key of ["p", "ArrowDown", "q"]) press(key);
              const answer = document.querySelector("[data-part=answer]");
              answer.value = "7";
              answer.form.requestSubmit();
              look("quiz");
              press("q");
              autograd.reset();
              return found;
            }""")
            assert not found, (path.name, size)


# In Python.


def test_a_playground_leaves_the_model_as_it_is(tmp_path: Path) -> None:
    model = FNN([2, 3, 1], seed=1)
    adam = Adam(model.parameters(), lr=0.1)
    before = [(p.data, p.grad) for p in model.parameters()]
    playground = Playground(model, X, Y, loss="mse", optimizer=adam)
    playground.to_html(tmp_path / "a.html")
    playground.to_html(tmp_path / "b.html")
    assert [(p.data, p.grad) for p in model.parameters()] == before
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_show_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROWSER", "true")
    model = FNN([2, 2, 1], seed=1)
    sgd = SGD(model.parameters(), lr=0.1)
    path = Playground(model, X, Y, loss="mse", optimizer=sgd).show(tmp_path / "page.html")
    assert path is not None
    assert path == tmp_path / "page.html"
    assert "<title>Playground</title>" in path.read_text("utf-8")


def test_what_cannot_be_played_with_is_refused_with_advice(tmp_path: Path) -> None:
    model = FNN([2, 2, 1], seed=1)
    sgd = SGD(model.parameters(), lr=0.1)
    with pytest.raises(ValueError, match="one target per example"):
        Playground(model, X, Y[:3], loss="mse", optimizer=sgd)
    for size in (0, True, 2.5):
        with pytest.raises(ValueError, match="batch_size must be "):
            Playground(model, X, Y, loss="mse", optimizer=sgd, batch_size=size)  # type: ignore

    class Own(SGD):
        pass

    own = Own(model.parameters(), lr=0.1)
    with pytest.raises(ValueError, match="SGD, Adam and AdamW, but got Own"):
        Playground(model, X, Y, loss="mse", optimizer=own)
    hidden = register(Op("hidden_sine", lambda x: math.sin(x), (lambda f, x: math.cos(float(x)),)))
    model = FNN([2, 2, 1], activation=lambda z: apply(hidden, z), seed=3)
    sgd = SGD(model.parameters(), lr=0.1)
    with pytest.raises(ValueError, match="hidden_sine cannot be written as JavaScript"):
        Playground(model, X, Y, loss="mse", optimizer=sgd).to_html(tmp_path / "page.html")


def test_weights_load_by_name_or_not_at_all(tmp_path: Path) -> None:
    model = Squares()
    nn.load_state(model, {"p0": 1.0, "p1": 2.0, "p2": 3.0})
    assert [p.data for p in model.parameters()] == [1.0, 2.0, 3.0]
    with pytest.raises(ValueError, match="missing: p2; unknown: q"):
        nn.load_state(model, {"p0": 0.0, "p1": 0.0, "q": 0.0})
    path = tmp_path / "weights.json"
    for text in ("[1, 2]", "{", json.dumps({"p0": "a", "p1": 0, "p2": 0})):
        path.write_text(text, "utf-8")
        with pytest.raises(ValueError, match=r"nothing\s+was loaded"):
            nn.load_state(model, path)
    assert [p.data for p in model.parameters()] == [1.0, 2.0, 3.0]

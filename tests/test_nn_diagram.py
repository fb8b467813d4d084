"""The picture of a network: its units, and its weights as width and color."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_mini import Value
from autograd_mini.drawing import style
from nn import FNN, Layer, fit
from nn.diagram import MOST_UNITS, network
from tests.shared import SVG


def lines(picture: str) -> list[tuple[str, float, ET.Element]]:
    """What each line says, how wide it is, and the line."""
    return [
        (line.findtext(f"{SVG}title") or "", float(line.attrib["stroke-width"]), line)
        for line in ET.fromstring(picture).iter(f"{SVG}line")
    ]


def units(weights: list[list[float]], biases: Sequence[float | None], unit: str = "tanh") -> Layer:
    """A layer with these numbers; a unit without a bias has None."""
    layer = Layer(len(weights[0]), len(weights), unit)
    for neuron, row, bias in zip(layer.neurons, weights, biases, strict=True):
        neuron.w, neuron.b = [Value(w) for w in row], None if bias is None else Value(bias)
    return layer


def test_a_network_shows_every_unit_and_every_weight_by_name() -> None:
    model = FNN([3, 5, 2], seed=0)
    picture = model.diagram()
    said = dict(title.split(" = ") for title, _, _ in lines(picture))
    named = {name: value.data for name, value in model.named_parameters() if ".w." in name}
    assert {name: float(value) for name, value in said.items()} == named
    assert picture.count("<circle") == 3 + 5 + 2
    for caption in ("3 inputs", "5 tanh", "2 identity", "layers.0", "layers.1"):
        assert caption in picture


@given(weights=st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=8))
def test_width_tells_the_size_of_a_weight_and_color_its_sign(weights: list[float]) -> None:
    drawn = [
        (float(title.rpartition("= ")[2]), width, line.attrib["stroke"])
        for title, width, line in lines(network([units([weights], [0.0])]))
    ]
    assert sorted(w for w, _, _ in drawn) == sorted(weights)
    by_size = sorted((abs(w), width) for w, width, _ in drawn)
    assert [width for _, width in by_size] == sorted(width for _, width in by_size)
    for w, _, color in drawn:
        assert color == (
            style.POSITIVE_BORDER if w > 0 else style.NEGATIVE_BORDER if w < 0 else style.BORDER
        )


def test_of_a_large_layer_the_first_and_the_last_units_are_drawn() -> None:
    picture = FNN([784, 128, 10], seed=0).diagram()
    assert picture.count("<circle") == 2 * (MOST_UNITS - 2) + 10
    for said in ("770 more", "114 more", "784 inputs", "128 tanh"):
        assert said in picture
    assert "layers.0.neurons.127.w.783 = " in picture


def test_a_bias_is_told_by_the_ring_of_its_unit() -> None:
    root = ET.fromstring(network([units([[1.0]] * 4, [0.5, -0.5, 0.0, None], "relu")]))
    rings = [circle.attrib["stroke"] for circle in root.iter(f"{SVG}circle")][1:]
    assert rings == [style.POSITIVE_BORDER, style.NEGATIVE_BORDER, style.BORDER, style.BORDER]
    said = [g.findtext(f"{SVG}title") for g in root.iter(f"{SVG}g")][1:]
    assert said[0] == "layers.0.neurons.0: relu, b = 0.5"
    assert said[2] == "layers.0.neurons.2: relu, b = 0.0"
    assert said[3] == "layers.0.neurons.3: relu, no bias"


@pytest.mark.parametrize("weights", [[0.0, 0.0], [math.nan, 1.0], [math.inf, -1.0]])
def test_weights_that_went_wrong_are_drawn_too(weights: list[float]) -> None:
    picture = network([units([weights], [math.nan])])
    assert len(lines(picture)) == 2
    assert ("stroke-dasharray" in picture) == (not all(map(math.isfinite, weights)))


def test_a_linear_model_without_bias_is_a_network_too() -> None:
    picture = FNN([1, 1], output_bias=False).diagram()
    assert picture.count("<circle") == 2
    assert "1 input<" in picture
    assert "no bias" in picture


def test_a_network_shows_itself_in_a_notebook_and_is_saved_as_svg(tmp_path: Path) -> None:
    model = FNN([2, 3, 1], seed=0)
    assert model._repr_svg_() == model.diagram(tmp_path / "network.svg")
    assert (tmp_path / "network.svg").read_text("utf-8") == model.diagram()
    with pytest.raises(ValueError, match=r"is an \.svg file, but got .*network\.png"):
        model.diagram(tmp_path / "network.png")


def test_an_activation_is_named_as_written() -> None:
    def wiggle(x):  # noqa: ANN001, ANN202
        return x * x

    wiggle.__name__ = "<wiggle> & co"
    assert "&lt;wiggle&gt; &amp; co" in FNN([1, 2, 1], wiggle).diagram()


def test_a_notebook_shows_what_diagram_and_plot_return() -> None:
    picture = FNN([2, 3, 1], seed=0).diagram()
    assert isinstance(picture, str)
    assert picture._repr_svg_() == picture  # pyright: ignore[reportAttributeAccessIssue]
    pytest.importorskip("matplotlib")
    history = fit(FNN([1, 1], seed=0), [[0.0], [1.0]], [0.0, 1.0], loss="mse", progress=False)
    figure = history.plot()
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert repr(figure).startswith("<Figure size")


def test_the_legend_says_what_colors_and_widths_mean() -> None:
    model = FNN([1, 2, 1], seed=0)
    widest = max(abs(w.data) for name, w in model.named_parameters() if ".w." in name)
    svg = model.diagram()
    assert ">negative</text>" in svg
    assert ">positive</text>" in svg
    assert f">widest: {widest:.4g}</text>" in svg

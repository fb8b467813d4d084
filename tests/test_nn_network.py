"""Neurons, layers and networks: the lecture's formulas, names, and what they refuse."""

from __future__ import annotations

import copy
import math
import pickle
import random
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from micrograd.nn import MLP as MicrogradMLP

from autograd_mini import Value, topological_order
from nn import FNN, MLP, Layer, Neuron, activations, initializers, save, to_torch

NUMBERS = st.floats(-3.0, 3.0)


def tanh_network(state: dict[str, float], x: list[float], hidden: int) -> float:
    """Compute y = vᵀ tanh(Wᵀx + b) + c from named parameters, with plain floats."""
    y = state["layers.1.neurons.0.b"]
    for k in range(hidden):
        z = state[f"layers.0.neurons.{k}.b"]
        z += sum(state[f"layers.0.neurons.{k}.w.{d}"] * x[d] for d in range(len(x)))
        y += state[f"layers.1.neurons.0.w.{k}"] * math.tanh(z)
    return y


@given(x=st.lists(NUMBERS, min_size=3, max_size=3), seed=st.integers(0, 99))
def test_one_hidden_layer_is_the_formula(x: list[float], seed: int) -> None:
    model = FNN([3, 4, 1], seed=seed)
    for p in model.parameters():
        p.data += 0.25  # biases too
    assert model(x).data == pytest.approx(tanh_network(model.state_dict(), x, 4), abs=1e-12)


@given(x=st.lists(NUMBERS, min_size=2, max_size=2), seed=st.integers(0, 99))
def test_the_fused_node_and_the_chain_of_products_agree(x: list[float], seed: int) -> None:
    fused, chain = (FNN([2, 3, 2, 1], "softplus", seed=seed, fused=f) for f in (True, False))
    assert fused(x).data == chain(x).data
    fused(x).backward()
    chain(x).backward()
    assert [p.grad for p in fused.parameters()] == pytest.approx(
        [p.grad for p in chain.parameters()], rel=1e-12, abs=1e-14
    )


@pytest.mark.parametrize("name", sorted(activations.ACTIVATIONS.keys() - {"logsumexp"}))
@pytest.mark.parametrize("fused", [True, False])
def test_predict_gives_the_numbers_of_the_model_without_a_graph(name: str, fused: bool) -> None:
    vector = name in ("softmax", "log_softmax")
    model = FNN([2, 3, 2], "tanh" if vector else name, name, seed=1, fused=fused)
    X = [[0.3, -1.2], [0.0, 2.0], [-1.0, -1.0]]
    assert np.array_equal(model.predict(X), [[y.data for y in model(x)] for x in X])


def test_a_width_of_one_gives_a_value_and_a_flat_array() -> None:
    assert isinstance(FNN([2, 1])([0.0, 0.0]), Value)
    assert isinstance(FNN([2, 2])([0.0, 0.0]), list)
    assert FNN([2, 1]).predict([[0.0, 0.0]]).shape == (1,)
    assert FNN([2, 2]).predict(np.zeros((3, 2))).shape == (3, 2)
    assert FNN([1, 2]).predict([0.0, 1.0, 2.0]).shape == (3, 2)
    assert FNN([2, 2]).predict([]).shape == (0, 2)


def test_inputs_are_wrapped_once_for_all_neurons() -> None:
    model = FNN([3, 5, 1], seed=0)
    leaves = [v for v in topological_order(model([1.0, 2.0, 3.0])) if v.is_leaf]
    assert len(leaves) == 3 + len(model.parameters())


def test_values_as_inputs_get_gradients() -> None:
    x = [Value(0.5), Value(-0.5)]
    FNN([2, 3, 1], seed=0)(x).backward()
    assert all(v.grad != 0.0 for v in x)


def test_units_and_parameters_carry_their_dotted_names() -> None:
    model = FNN([2, 3, 2], output_activation="softmax", seed=0)
    names = [name for name, _ in model.named_parameters()]
    assert names[:3] == [f"layers.0.neurons.0.{x}" for x in ("w.0", "w.1", "b")]
    assert len(names) == len(set(names)) == 3 * 3 + 2 * 4
    assert [p.label for p in model.parameters()] == names
    labels = {v.label for p in model([1.0, 1.0]) for v in topological_order(p)} - set(names)
    assert labels == {
        "",
        *[f"layers.0.neurons.{i}" for i in range(3)],
        *[f"layers.1.neurons.{i}" for i in range(2)],
        *[f"layers.1.softmax.{i}" for i in range(2)],
    }
    assert [name for name, _ in Layer(1, 2).named_parameters()] == [
        "neurons.0.w.0",
        "neurons.0.b",
        "neurons.1.w.0",
        "neurons.1.b",
    ]
    assert [p.label for p in Neuron(2).parameters()] == ["w.0", "w.1", "b"]


def test_the_lecture_forms_have_no_output_bias_and_linear_outputs() -> None:
    model = FNN([2, 3, 1], output_bias=False, seed=0)
    assert "layers.1.neurons.0.b" not in model.state_dict()
    assert len(model.parameters()) == 2 * 3 + 3 + 3
    v = [model.state_dict()[f"layers.1.neurons.0.w.{k}"] for k in range(3)]
    h = [unit.data for unit in model.layers[0]([0.4, -0.7])]
    assert model([0.4, -0.7]).data == pytest.approx(sum(a * b for a, b in zip(v, h, strict=True)))
    assert len(FNN([4, 1], output_bias=False).parameters()) == 4


def test_weights_are_the_parameters_that_are_not_biases() -> None:
    model = FNN([2, 3, 1], seed=0)
    assert len(model.weights()) == 9
    assert not any(p.label.endswith(".b") for p in model.weights())


def test_the_same_seed_gives_the_same_network() -> None:
    assert FNN([2, 3, 1], seed=7).state_dict() == FNN([2, 3, 1], seed=7).state_dict()
    assert FNN([2, 3, 1], seed=7).state_dict() != FNN([2, 3, 1], seed=8).state_dict()
    as_numpy_counts = FNN([2, 3, 1], seed=np.int64(7))  # pyright: ignore[reportArgumentType]
    assert as_numpy_counts.state_dict() == FNN([2, 3, 1], seed=7).state_dict()
    random.seed(3)
    first = FNN([2, 3, 1]).state_dict()
    assert first != FNN([2, 3, 1]).state_dict()
    random.seed(3)
    assert FNN([2, 3, 1]).state_dict() == first


def test_a_state_survives_the_round_trip() -> None:
    model, other = FNN([2, 3, 1], seed=1), FNN([2, 3, 1], seed=2)
    other.load_state_dict(model.state_dict())
    assert other.state_dict() == model.state_dict()
    assert other([0.1, 0.2]).data == model([0.1, 0.2]).data


@pytest.mark.parametrize(
    ("change", "quoted"),
    [
        (lambda s: s.pop("layers.0.neurons.1.b"), "missing: layers.0.neurons.1.b"),
        (lambda s: s.update({"layers.9.b": 1.0}), "unknown: layers.9.b"),
        (lambda s: s.update({9: 1.0}), "unknown: 9"),
        (lambda s: s.update({"layers.0.neurons.0.b": [1.0]}), "layers.0.neurons.0.b = [1.0]"),
        (lambda s: s.update({"layers.0.neurons.0.b": "1"}), "layers.0.neurons.0.b = '1'"),
        (lambda s: s.update({"layers.0.neurons.0.b": np.zeros(2)}), "layers.0.neurons.0.b"),
    ],
)
def test_a_state_that_does_not_fit_is_named_and_not_loaded(change: object, quoted: str) -> None:
    model = FNN([2, 2, 1], seed=1)
    before = model.state_dict()
    state: dict[str, object] = dict.fromkeys(before, 9.0)
    change(state)  # pyright: ignore[reportCallIssue]
    with pytest.raises(ValueError, match="nothing was loaded") as error:
        model.load_state_dict(state)  # pyright: ignore[reportArgumentType]
    assert quoted in str(error.value)
    assert model.state_dict() == before


def test_a_state_is_a_dictionary() -> None:
    with pytest.raises(ValueError, match="a dictionary from names to numbers, but got None"):
        FNN([2, 1]).load_state_dict(None)  # pyright: ignore[reportArgumentType]


def test_models_are_copied_and_pickled_whole() -> None:
    model = FNN([2, 3, 2], "gelu_tanh", "softmax", seed=1)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert twin.state_dict() == model.state_dict()
        assert repr(twin) == repr(model)
        twin.parameters()[0].data += 1.0
        assert twin.state_dict() != model.state_dict()


def test_zero_grad_forgets_all_gradients() -> None:
    model = FNN([2, 3, 1], seed=1)
    model([1.0, 1.0]).backward()
    assert any(p.grad for p in model.parameters())
    model.zero_grad()
    assert not any(p.grad for p in model.parameters())


def test_mlp_is_the_network_of_micrograd() -> None:
    random.seed(42)
    theirs = MicrogradMLP(3, [4, 4, 1])
    random.seed(42)
    ours = MLP(3, [4, 4, 1])
    assert [p.data for p in ours.parameters()] == [p.data for p in theirs.parameters()]
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        p.data += 0.1
        q.data += 0.1
    y = ours([2.0, 3.0, -1.0])
    z: Any = theirs([2.0, 3.0, -1.0])
    assert y.data == pytest.approx(z.data, rel=1e-12)
    y.backward()
    z.backward()
    assert [p.grad for p in ours.parameters()] == pytest.approx(
        [p.grad for p in theirs.parameters()], rel=1e-12
    )


@pytest.mark.parametrize("sizes", [[], [3], [2, 0, 1], [2, -1], [2, 1.5], ["2", 1], [True, 1], 5])
def test_sizes_must_be_whole_numbers_above_zero(sizes: list[int]) -> None:
    with pytest.raises(ValueError, match="but got"):
        FNN(sizes)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp"])
def test_a_vector_activation_belongs_on_an_output_layer(name: str) -> None:
    with pytest.raises(ValueError, match="whole layer"):
        Neuron(2, name)
    with pytest.raises(ValueError, match="output_activation"):
        FNN([2, 3, 1], name)
    if name == "logsumexp":
        with pytest.raises(ValueError, match="softmax"):
            Layer(2, 3, name)


@pytest.mark.parametrize(
    ("x", "advice"),
    [
        ([1.0], "takes 2 numbers for one example, but got 1"),
        ([1.0, 2.0, 3.0], "but got 3"),
        ([[1.0, 2.0], [3.0, 4.0]], "predict"),
        (np.zeros((2, 2)), "predict"),
        (1.0, "but got 1"),
    ],
)
def test_a_wrong_example_is_refused_with_advice(x: object, advice: str) -> None:
    with pytest.raises(ValueError, match="one example") as error:
        FNN([2, 3, 1])(x)
    assert advice in str(error.value)


@pytest.mark.parametrize(
    "X",
    [
        [1.0, 2.0],
        [[1.0]],
        [[[1.0, 2.0]]],
        [[1.0, "a"]],
        [["1", "2"]],
        [[1.0, 2.0 + 1.0j]],
        np.ones((1, 2), complex),
        np.array([[1, "2"]], dtype=object),
        [[1, 10**400]],
        [[1.0], [1.0, 2]],
    ],
    ids=repr,
)
def test_wrong_examples_are_refused_by_predict(X: object) -> None:
    with pytest.raises(ValueError, match="predict takes N examples of 2 numbers"):
        FNN([2, 1]).predict(X)


def test_names_are_checked_when_the_network_is_made() -> None:
    with pytest.raises(ValueError, match=r"'rleu'.*[Tt]here are identity.*relu"):
        FNN([2, 1], "rleu")
    with pytest.raises(ValueError, match=r"'he'.*auto, xavier_uniform"):
        FNN([2, 1], init="he")
    with pytest.raises(TypeError, match="a name or a function"):
        FNN([2, 1], 3)  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError, match="a name or a function"):
        FNN([2, 1], init=3)  # pyright: ignore[reportArgumentType]


def test_a_function_of_ones_own_is_an_activation() -> None:
    def cube(z: Value) -> Value:
        return z * z * z

    model = FNN([1, 1], output_activation=cube, init=initializers.constant(2.0))
    assert model(1.5).data == 27.0
    assert model.predict([1.5]) == [27.0]
    assert "cube" in repr(model)
    assert "cube" in model.summary()


def test_equal_units_in_a_hidden_layer_are_warned_about() -> None:
    for init in ("zeros", "constant", initializers.constant(0.3), initializers.zeros):
        with pytest.warns(UserWarning, match="layers.0 start with equal weights"):
            FNN([2, 3, 1], init=init)  # pyright: ignore[reportArgumentType]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        FNN([2, 3], init="zeros")  # an output layer may start at 0
        FNN([2, 1, 1], init="zeros")  # one unit has no equal
        FNN([2, 3, 1])


def test_reprs_say_how_to_make_it_again() -> None:
    model = FNN([2, 3, 1], "relu", "sigmoid", output_bias=False)
    text = "FNN([2, 3, 1], activation='relu', output_activation='sigmoid', output_bias=False)"
    assert repr(model) == text
    assert repr(eval(text)) == text
    assert repr(model.layers) == "[Layer(2, 3, 'relu'), Layer(3, 1, 'sigmoid', bias=False)]"
    assert repr(model.layers[0].neurons[0]) == "Neuron(2, 'relu')"


BOUNDS = {  # the weights are uniform in ± this, for fan_in 6, fan_out 3
    "xavier_uniform": math.sqrt(6 / 9),
    "kaiming_uniform": 1.0,
    "lecun_uniform": math.sqrt(3 / 6),
    "uniform": 1.0,
}
SPREADS = {
    "xavier_normal": math.sqrt(2 / 9),
    "kaiming_normal": math.sqrt(2 / 6),
    "lecun_normal": math.sqrt(1 / 6),
    "normal": 1.0,
}


@pytest.mark.parametrize("name", [*BOUNDS, *SPREADS])
def test_initializers_have_the_spread_they_promise(name: str) -> None:
    rng = random.Random(0)
    init = initializers.get(name)
    weights = [init(6, 3, rng) for _ in range(20_000)]
    spread = math.sqrt(sum(w * w for w in weights) / len(weights))
    if name in BOUNDS:
        bound = BOUNDS[name]
        assert max(map(abs, weights)) <= bound
        assert spread == pytest.approx(bound / math.sqrt(3), rel=0.03)
    else:
        assert spread == pytest.approx(SPREADS[name], rel=0.03)
        assert max(map(abs, weights)) > 3 * spread


@pytest.mark.parametrize(
    ("activation", "expected"), [("relu", 0.94), ("tanh", 0.05), ("abs", 0.99), ("selu", 1.0)]
)
def test_auto_keeps_signals_alive_through_ten_layers(activation: str, expected: float) -> None:
    rng = random.Random(0)
    init = initializers.get("auto", activation)
    sigma = np.frompyfunc(activations.get(activation), 1, 1)
    x = h = np.random.default_rng(0).normal(size=(8, 128))
    for _ in range(10):
        w = np.array([init(128, 128, rng) for _ in range(128 * 128)]).reshape(128, 128)
        h = sigma(h @ w).astype(float)
    assert float((h * h).mean() / (x * x).mean()) == pytest.approx(expected, rel=0.5)


def test_gains_are_those_of_pytorch() -> None:
    assert initializers.gain("tanh") == 5 / 3
    assert initializers.gain("relu") == math.sqrt(2)
    assert initializers.gain("leaky_relu", 0.2) == math.sqrt(2 / 1.04)
    assert initializers.gain("selu") == 0.75
    assert initializers.gain("sigmoid") == initializers.gain("identity") == 1.0


def test_bad_initializers_say_what_they_need() -> None:
    with pytest.raises(ValueError, match="low <= high"):
        initializers.uniform(1.0, -1.0)
    with pytest.raises(ValueError, match="std must be a number from 0 up"):
        initializers.normal(0.0, -1.0)
    with pytest.raises(ValueError, match="one of fan_in, fan_out"):
        initializers.kaiming_uniform(mode="fan")


def test_a_network_that_does_more_than_its_layers_predicts_so_and_is_not_written_without_it(
    tmp_path: Path,
) -> None:
    class Doubled(FNN):
        def __call__(self, x: Any) -> Any:
            return 2.0 * super().__call__(x)

    model = Doubled([2, 3, 1], seed=0)
    assert model.predict([[0.5, -1.0]]).tolist() == [model([0.5, -1.0]).data]
    assert model.predict([[0.5, -1.0]]) == 2.0 * FNN([2, 3, 1], seed=0).predict([[0.5, -1.0]])
    for write in (lambda: save(model, tmp_path / "model"), lambda: to_torch(model)):
        with pytest.raises(TypeError, match=r"an FNN, but got FNN\(.*\) of Doubled"):
            write()


def test_a_network_that_was_changed_is_written_as_it_computes_or_not_at_all(tmp_path: Path) -> None:
    class Doubled(Layer):
        def respond(self, xs: Any) -> Any:
            return [2.0 * h for h in super().respond(xs)]

    def one_unit(model: FNN) -> None:
        model.layers[0].neurons[1].activation = activations.relu

    def all_units(model: FNN) -> None:
        for unit in model.layers[0].neurons:
            unit.activation = activations.relu

    def under_softmax(model: FNN) -> None:
        model.layers[1].neurons[0].activation = activations.relu

    def words(model: FNN) -> None:
        model.activation = activations.relu

    def another_layer(model: FNN) -> None:
        model.layers[0] = Layer(2, 3, "sin")

    def a_class_of_layers(model: FNN) -> None:
        model.layers[0] = Doubled(2, 3)

    def no_bias(model: FNN) -> None:
        model.layers[0].neurons[1].b = None

    def headless(model: FNN) -> None:
        model.layers.pop()

    rows = np.random.default_rng(0).normal(size=(12, 2))
    path = tmp_path / "model"
    for last in ("identity", "softmax"):
        for change in (
            one_unit, all_units, under_softmax, words, another_layer, a_class_of_layers, no_bias,
            headless,
        ):  # fmt: skip
            model = FNN([2, 3, 2], "tanh", last, seed=0)
            change(model)
            expected = [[h.data for h in model(x)] for x in rows.tolist()]
            assert model.predict(rows) == pytest.approx(np.array(expected)), change.__name__
            with pytest.raises(ValueError, match=r"cannot say what it is"):
                save(model, path)
            assert not path.exists()


@pytest.mark.torch
def test_units_of_one_layer_that_differ_are_not_exported() -> None:
    pytest.importorskip("torch")
    for layer in (0, 1):
        model = FNN([2, 3, 2], "tanh", "softmax", seed=0)
        model.layers[layer].neurons[1].activation = activations.relu
        with pytest.raises(ValueError, match=rf"units of layers.{layer} do not all compute"):
            to_torch(model)


def test_a_seed_in_the_place_of_a_generator_is_refused_with_advice() -> None:
    with pytest.raises(
        TypeError, match=r"rng is a random.Random, but got 3: a seed is Random\(3\)"
    ):
        Neuron(2, rng=3)  # pyright: ignore[reportArgumentType]

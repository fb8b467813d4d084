"""Feature maps, data sets and metrics: formulas, and scikit-learn as the second opinion."""

from __future__ import annotations

import math
from functools import partial
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_mini import Value, dot
from nn import FNN, SGD, Trainer, datasets, fit, metrics, save, to_onnx
from nn.features import affine, compose, polynomial, radial, squared_norm

POINTS = st.lists(st.floats(-3.0, 3.0), min_size=3, max_size=3)


# Feature maps


@given(x=POINTS, degree=st.integers(1, 4))
def test_polynomial_features_are_those_of_scikit_learn(x: list[float], degree: int) -> None:
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    theirs = preprocessing.PolynomialFeatures(degree, include_bias=False).fit_transform([x])[0]
    assert polynomial(degree)(x) == pytest.approx(theirs, rel=1e-12)


def test_a_quadratic_model_is_a_linear_one_on_polynomial_features() -> None:
    x, y = 0.7, -1.3
    value = dot([1.0, 2.0, 3.0, 4.0, 5.0], polynomial(2)([x, y]))
    assert value == pytest.approx(x + 2 * y + 3 * x * x + 4 * x * y + 5 * y * y)


@given(x=POINTS)
def test_the_kernel_trick_inner_products_of_features_are_a_kernel(x: list[float]) -> None:
    """With φ = (√2 x, x_i x_j) an inner product is the polynomial kernel (1 + xᵀy)² - 1."""
    y = [1.0, -2.0, 0.5]
    scale = [math.sqrt(2)] * 3 + [1, math.sqrt(2), math.sqrt(2), 1, math.sqrt(2), 1]
    phi = polynomial(2)
    ours = sum(s * s * a * b for s, a, b in zip(scale, phi(x), phi(y), strict=True))
    assert ours == pytest.approx((1.0 + dot(x, y)) ** 2 - 1.0, rel=1e-9, abs=1e-9)


@given(x=POINTS, gamma=st.floats(0.1, 3.0))
def test_radial_features_are_the_rbf_kernel(x: list[float], gamma: float) -> None:
    pairwise = pytest.importorskip("sklearn.metrics.pairwise")
    centers = [[0.0, 0.0, 0.0], [1.0, -1.0, 2.0]]
    theirs = pairwise.rbf_kernel([x], centers, gamma=gamma)[0]
    assert radial(centers, gamma)(x) == pytest.approx(theirs, rel=1e-9, abs=1e-12)


def test_squared_norm_lifts_circles_apart() -> None:
    X, y = datasets.circles(100, noise=0.0)
    heights = np.array([squared_norm()(x)[-1] for x in X])
    assert heights[y == 0].min() > 0.6 > heights[y == 1].max()


@given(x=POINTS)
def test_compose_is_one_map_after_another(x: list[float]) -> None:
    shift = affine([[1.0, 0.0, 1.0], [0.0, 2.0, 0.0]], [0.5, -1.0])
    assert compose(shift, squared_norm())(x) == squared_norm()(shift(x))
    assert shift(x) == pytest.approx([x[0] + x[2] + 0.5, 2 * x[1] - 1.0])


def test_maps_of_values_are_differentiated() -> None:
    x = [Value(0.5), Value(-1.5)]
    model = FNN([3, 1], init="zeros")
    model.layers[0].neurons[0].w[2].data = 1.0
    compose(squared_norm(), model)(x).backward()
    assert [v.grad for v in x] == [1.0, -3.0]


def test_a_composed_model_has_parameters_and_predicts() -> None:
    model = compose(squared_norm(), FNN([3, 2, 1], seed=0))
    assert next(name for name, _ in model.named_parameters()) == "maps.1.layers.0.neurons.0.w.0"
    assert len(model.parameters()) == 11
    assert len(model.weights()) == 8
    X = [[0.0, 1.0], [2.0, -1.0]]
    assert model.predict(X).tolist() == [model(x).data for x in X]
    assert compose(squared_norm()).predict(X).tolist() == [[0.0, 1.0, 1.0], [2.0, -1.0, 5.0]]
    assert repr(model).startswith("compose(squared_norm, FNN([3, 2, 1]")


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (lambda: polynomial(0), "degree must be 1 or more"),
        (lambda: radial([], 1.0), "centers"),
        (lambda: radial([[0.0], [0.0, 1.0]]), "centers must be numbers in equal rows"),
        (lambda: radial([[0.0]], gamma=0.0), "gamma must be above 0"),
        (lambda: radial([[0.0]], gamma=math.inf), "gamma must be above 0, but got inf"),
        (lambda: radial(cast(Any, [0.0, 1.0])), "a list of centers"),
        (lambda: radial(cast(Any, [["a"]])), "some are text"),
        (lambda: affine([[1.0]], [1.0, 2.0]), "one b for each"),
        (lambda: affine([[1.0, 2.0]], [0.0])([1.0]), "made for 2 numbers, but got 1"),
        (lambda: compose(), "one map or more"),
    ],
)
def test_maps_refuse_what_does_not_fit(bad: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        bad()  # pyright: ignore[reportCallIssue]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_maps_go_through_the_rows_of_a_table_not_its_names(library: str) -> None:
    frame = pytest.importorskip(library).DataFrame
    rows = [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]
    table = frame({"a": [1, 2, 3], "b": [4, 5, 6]})
    model = compose(squared_norm(), FNN([3, 1], seed=0))
    assert model.predict(table).tolist() == model.predict(rows).tolist()
    assert radial(table)([1.0, 4.0]) == radial(rows)([1.0, 4.0])
    assert affine(table, [0, 0, 0])([1.0, 1.0]) == [5.0, 7.0, 9.0]


class Doubled:
    def __call__(self, x: list[float]) -> list[float]:
        return [2.0 * number for number in x]


@pytest.mark.parametrize("nameless", [Doubled(), partial(map, float)])
def test_a_composition_shows_maps_without_a_name_as_they_show_themselves(nameless: Any) -> None:
    assert repr(compose(nameless, squared_norm())) == f"compose({nameless!r}, squared_norm)"


class Scaled:
    """A map or a layer of somebody else's, with one parameter; `ways` are what it calls it by."""

    def __init__(self, ways: str, label: str = "", parameter: Any = None) -> None:
        self.scale = Value(2.0, label) if parameter is None else parameter
        if "named" in ways:
            self.named_parameters = lambda: [("scale", self.scale)]
        if "plain" in ways:
            self.parameters = lambda: [self.scale]

    def __call__(self, x: Any) -> list[Any]:
        return [self.scale * number for number in x]

    respond = __call__


@pytest.mark.parametrize(
    ("ways", "label", "name"),
    [
        ("named", "", "scale"),
        ("plain", "", "p0"),
        ("plain", "s", "s"),
        ("named, plain", "s", "scale"),
    ],
)
@pytest.mark.parametrize("where", ["maps", "layers"])
def test_a_part_of_any_class_is_trained_counted_and_saved_with_the_rest(
    where: str, ways: str, label: str, name: str
) -> None:
    part, rest = Scaled(ways, label), FNN([2, 1], seed=0)
    model = compose(part, rest) if where == "maps" else rest
    if where == "layers":
        rest.layers.insert(0, part)  # pyright: ignore[reportArgumentType]
    named = dict(model.named_parameters())
    assert named[f"{where}.0.{name}"] is part.scale
    assert model.parameters() == [*named.values()]
    assert len(named) == 4
    fit(model, [[1.0, 2.0], [0.5, 1.0]], [3.0, 1.0], loss="mse", epochs=3, progress=False)
    moved = model.state_dict()
    assert moved[f"{where}.0.{name}"] == part.scale.data != 2.0
    part.scale.data = 7.0
    model.load_state_dict(moved)
    assert part.scale.data == moved[f"{where}.0.{name}"]


def test_a_part_whose_parameters_are_no_values_is_not_passed_over() -> None:
    foreign = Scaled("plain", parameter=3.0)
    with pytest.raises(TypeError, match=r"must be Values.* got 3\.0.* lambda x: part\(x\)"):
        fit(compose(foreign, FNN([2, 1])), [[1.0, 2.0]], [3.0], loss="mse", progress=False)
    assert len(compose(lambda x: foreign(x), FNN([2, 1])).parameters()) == 3
    assert len(compose(Scaled(""), FNN([2, 1])).parameters()) == 3


@pytest.mark.parametrize(
    "use",
    [FNN.summary, FNN.diagram, to_onnx, lambda model: save(model, "never.safetensors")],
    ids=["summary", "diagram", "to_onnx", "save"],
)
def test_what_needs_to_know_all_layers_names_one_of_another_class(use: Any) -> None:
    model = FNN([2, 1], seed=0)
    model.layers.insert(0, Scaled("plain"))  # pyright: ignore[reportArgumentType]
    with pytest.raises((TypeError, ValueError), match=r"layers\.0 is <.*Scaled.*not a Layer"):
        use(model)


def test_compose_takes_functions() -> None:
    with pytest.raises(TypeError, match="functions"):
        compose(3)  # pyright: ignore[reportArgumentType]


# Data sets


@pytest.mark.parametrize("name", ["xor", "moons", "circles", "spirals", "blobs"])
def test_toy_data_are_seeded_and_balanced(name: str) -> None:
    make = getattr(datasets, name)
    option = "spread" if name == "blobs" else "noise"
    X, y = make(60, **{option: 0.1}, seed=3)
    again, _ = make(60, **{option: 0.1}, seed=3)
    other, _ = make(60, **{option: 0.1}, seed=4)
    assert X.shape == (60, 2)
    assert np.array_equal(X, again)
    assert not np.array_equal(X, other)
    assert np.bincount(y).tolist() == [30, 30]
    clean, _ = make(60, **{option: 0.0})
    assert 0.05 < (X - clean).std() < 0.15


def test_moons_and_circles_lie_where_those_of_scikit_learn_do() -> None:
    theirs = pytest.importorskip("sklearn.datasets")
    X, y = datasets.moons(50, noise=0.0)
    assert np.allclose(X, theirs.make_moons(50, shuffle=False)[0])
    assert np.array_equal(y, theirs.make_moons(50, shuffle=False)[1])
    X, y = datasets.circles(50, noise=0.0, factor=0.3)
    assert np.allclose(X, theirs.make_circles(50, shuffle=False, factor=0.3)[0])
    assert np.array_equal(y, theirs.make_circles(50, shuffle=False, factor=0.3)[1])


def test_shipped_data_load_by_name() -> None:
    pytest.importorskip("sklearn")
    sizes = {"iris": (150, 4), "wine": (178, 13), "breast_cancer": (569, 30)}
    for name, shape in {**sizes, "digits": (1797, 64), "diabetes": (442, 10)}.items():
        X, y = datasets.load(name)
        assert X.shape == shape
        assert y.shape == shape[:1]
    with pytest.raises(ValueError, match=r"'mnist'.*iris"):
        datasets.load("mnist")


@given(n=st.integers(2, 60), part=st.floats(0.05, 0.95), seed=st.integers(0, 99))
def test_split_chooses_the_rows_of_scikit_learn(n: int, part: float, seed: int) -> None:
    selection = pytest.importorskip("sklearn.model_selection")
    X, y = np.arange(2.0 * n).reshape(n, 2), np.arange(n)
    try:
        ours = datasets.split(X, y, part, seed)
    except ValueError:
        with pytest.raises(ValueError, match="train set will be empty"):
            selection.train_test_split(X, y, test_size=part, random_state=seed)
        return
    theirs = selection.train_test_split(X, y, test_size=part, random_state=seed)
    assert all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_standardized_columns_have_mean_zero_and_variance_one() -> None:
    X = np.random.default_rng(0).normal(3.0, 5.0, size=(50, 3))
    X[:, 2] = 7.0
    train, test = datasets.standardize(X, X[:5])
    assert train.mean(axis=0) == pytest.approx([0.0, 0.0, 0.0], abs=1e-12)
    assert train.std(axis=0) == pytest.approx([1.0, 1.0, 0.0])
    assert np.array_equal(test, train[:5])
    assert datasets.standardize([1.0, 3.0]).tolist() == [-1.0, 1.0]


@pytest.mark.parametrize("value", [0.1, -0.7, 1e9 + 0.1, 3.0, 1e-300, 0.0])
@pytest.mark.parametrize("rows", [1, 62, 1000])
def test_a_constant_column_is_moved_and_its_rounding_not_blown_up(value: float, rows: int) -> None:
    X = np.full((rows, 1), value)
    moved, more = datasets.standardize(X, X + 1.0)
    assert abs(moved).max() <= 1e-12 * abs(value)
    assert more == pytest.approx(np.ones((rows, 1)), abs=1e-6)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (lambda: datasets.moons(0), "n must be 1 or more, but got 0"),
        (lambda: datasets.xor(cast(Any, 2.0)), "n must be a whole number, but got 2.0"),
        (lambda: datasets.blobs(9, True), "centers must be a whole number"),
        (lambda: polynomial(True), "degree must be a whole number"),
        (lambda: datasets.standardize([]), "nothing to standardize"),
        (lambda: datasets.standardize([[1.0, 2.0]], [[1.0]]), "the same columns"),
        (lambda: datasets.standardize([[1.0, np.nan]]), "the variance of column 1 is not finite"),
        (lambda: datasets.standardize([[1e200], [2.0]]), "the variance of column 0 .* 1e154"),
        (lambda: datasets.moons(10, noise=-1.0), "noise must be a number from 0 up"),
        (lambda: datasets.circles(10, factor=1.5), "factor must be"),
        (lambda: datasets.blobs(10, centers=[1.0, 2.0]), "centers must be"),
        (lambda: datasets.split([[1.0]], [1, 2]), "one target per example"),
        (lambda: datasets.split([[1.0], [2.0]], [1, 2], 1.0), "both parts"),
    ],
)
def test_data_sets_refuse_what_makes_no_sense(bad: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        bad()  # pyright: ignore[reportCallIssue]


def test_counts_may_be_numpys_numbers() -> None:
    ten = np.int64(10)
    for toy in (datasets.xor, datasets.moons, datasets.circles, datasets.spirals, datasets.blobs):
        assert np.array_equal(toy(cast(Any, ten))[0], toy(10)[0])
    assert len(datasets.blobs(10, np.int8(3))[0]) == 10
    assert polynomial(cast(Any, np.int32(2)))([1.0, 3.0]) == [1.0, 3.0, 1.0, 3.0, 9.0]


# Metrics


@pytest.mark.filterwarnings("ignore:A single label was found")
@given(labels=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=30))
def test_class_metrics_agree_with_scikit_learn(labels: list[tuple[int, int]]) -> None:
    theirs = pytest.importorskip("sklearn.metrics")
    prediction, target = map(list, zip(*labels, strict=True))
    assert metrics.accuracy(prediction, target) == theirs.accuracy_score(target, prediction)
    assert np.array_equal(
        metrics.confusion_matrix(prediction, target), theirs.confusion_matrix(target, prediction)
    )


NUMBERS = st.lists(st.floats(-9.0, 9.0).map(lambda x: round(x, 3)), min_size=2, max_size=9)


@given(prediction=NUMBERS, constant=st.booleans())
@pytest.mark.filterwarnings("ignore")
def test_regression_metrics_agree_with_scikit_learn(
    prediction: list[float], constant: bool
) -> None:
    theirs = pytest.importorskip("sklearn.metrics")
    target = [1.0 if constant else float(i % 3) for i in range(len(prediction))]
    assert metrics.r2_score(prediction, target) == pytest.approx(
        theirs.r2_score(target, prediction), rel=1e-9, abs=1e-9
    )
    assert metrics.mean_absolute_error(prediction, target) == pytest.approx(
        theirs.mean_absolute_error(target, prediction)
    )
    twice = np.stack([prediction, np.zeros(len(prediction))], axis=1)
    both = np.stack([target, target], axis=1)
    assert metrics.r2_score(twice, both) == pytest.approx(
        theirs.r2_score(both, twice), rel=1e-9, abs=1e-9
    )


def test_r2_knows_numbers_whose_square_is_no_float() -> None:
    for unit in (1e200, 1e-200):
        f, y = [unit, 2 * unit, 4 * unit], [unit, 2 * unit, 3 * unit]
        assert metrics.r2_score(f, y) == pytest.approx(0.5)


def test_scores_become_classes_by_the_largest_or_by_a_threshold() -> None:
    scores = [[0.1, 0.9], [0.8, 0.2]]
    assert metrics.accuracy(scores, [1, 0]) == 1.0
    assert metrics.accuracy(scores, [[0.0, 1.0], [1.0, 0.0]]) == 1.0
    assert metrics.accuracy(scores, [1, [1.0, 0.0]]) == 1.0
    assert metrics.confusion_matrix(scores, [[0.0, 1.0], 1]).tolist() == [[0, 0], [1, 1]]
    assert metrics.accuracy([0.2, 0.8], [0, 1]) == 1.0
    assert metrics.accuracy([-0.2, 0.2], [-1, 1]) == 1.0
    assert metrics.accuracy([-0.2, 0.2], [0, 1]) == 0.5
    assert metrics.accuracy([-0.2, 0.2], [0, 1], threshold=0.0) == 1.0
    assert metrics.accuracy([Value(0.9)], [1]) == 1.0
    assert metrics.accuracy(["a", "b"], ["a", "c"]) == 0.5
    assert metrics.accuracy(iter([1, 0]), map(int, "11")) == 0.5
    assert metrics.confusion_matrix(scores, [1, 1]).tolist() == [[0, 0], [1, 1]]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (lambda: metrics.accuracy([1, 2], [1]), "one target per prediction"),
        (lambda: metrics.accuracy([[0.1, 0.9]] * 2, [2, [0, 1]]), r"target\[0\] is class 2, but"),
        (lambda: metrics.accuracy([0.1, 0.9], [0, [0, 1]]), r"rows of one length, but got \[0, \["),
        (lambda: metrics.accuracy([0.1, [0.9]], [0, 1]), r"rows of one length, but got \[0.1"),
        (lambda: metrics.accuracy([], []), "got shapes"),
        (lambda: metrics.accuracy([[0.9], [0.2]], [1, 0]), r"two columns or more.* ravel\(\)"),
        (lambda: metrics.accuracy([[0.9], [0.2]], [[1], [0]]), "two columns or more"),
        (lambda: metrics.accuracy([[0.1, 0.9]], ["b"]), "the first target 'b'"),
        (lambda: metrics.accuracy(["0", "1"], np.array([0, 1])), "make both texts"),
        (lambda: metrics.accuracy([0.1, math.nan], [1, 0]), r"prediction\[1\] is nan"),
        (lambda: metrics.accuracy([[0.1, math.nan]], [1]), r"prediction\[0, 1\] is nan"),
        (lambda: metrics.mean_absolute_error(["1"], [2.0]), "some are text"),
        (lambda: metrics.accuracy([[0.1, 0.9]], [[0.0, 0.0, 1.0]]), "one-hot targets"),
        (lambda: metrics.accuracy([0.1, 0.9], [2, 3], threshold=0.5), "threshold needs targets"),
        (lambda: metrics.r2_score([1.0], [1.0]), "two examples"),
        (lambda: metrics.r2_score([1.0, 2.0], [[1.0], [2.0]]), "must be equal"),
        (lambda: metrics.mean_absolute_error([1.0], [1.0, 2.0]), "equal and not empty"),
        (lambda: metrics.confusion_matrix([[0.1, 0.9]], [7]), "classes from 0 to 1"),
    ],
)
def test_metrics_refuse_what_does_not_fit(bad: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        bad()  # pyright: ignore[reportCallIssue]


@pytest.mark.parametrize("kind", ["<i8", ">i8", "<u2", "|i1", ">i4"])
def test_classes_of_every_type_are_looked_at_in_every_step(kind: str) -> None:
    model = FNN([2, 3], seed=0)
    trainer = Trainer(model, "cross_entropy", SGD(model.parameters()), backend="compiled")
    X, y = np.eye(2), np.array([0, 2])
    losses = [trainer.step(X, y.astype(kind)) for _ in range(3)]
    assert losses == sorted(losses, reverse=True)
    for wrong in (3, -1) if "i" in kind else (3,):
        with pytest.raises(ValueError, match=rf"y\[1\] is class {wrong}"):
            trainer.step(X, np.array([0, wrong]).astype(kind))

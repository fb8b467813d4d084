"""What people call runs on arrays: predictions, validation, single precision, and searches."""

# NumPy's whole numbers are given where a type checker wants int.
# pyright: reportOptionalMemberAccess=false, reportArgumentType=false

from __future__ import annotations

import copy
import gc
import math
import pickle
import tracemalloc
import weakref
from functools import partial
from typing import Any

import numpy as np
import pytest

from autograd_mini import DomainError, Value, compile, dot, greater, jit, where
from nn import FNN, SGD, Adam, DivergedError, Trainer, datasets, fit, losses
from nn.activations import ACTIVATIONS
from nn.layers import Layer

rng = np.random.default_rng(0)
X = rng.normal(size=(120, 3))
LABELS = rng.integers(0, 3, 120)


def one_by_one(model: FNN, rows: Any) -> Any:
    outputs = [model(row) for row in rows.tolist()]
    return np.array([[float(h) for h in (o if isinstance(o, list) else [o])] for o in outputs])


def test_predictions_of_many_examples_are_those_of_each() -> None:
    for unit in ACTIVATIONS.keys() - {"logsumexp"}:
        if unit in ("softmax", "log_softmax"):
            models = [FNN([3, 4, 3], "tanh", unit, seed=0)]
        else:
            models = [FNN([3, 5, 1], unit, bias=False, seed=0), FNN([3, 4, 4, 3], unit, seed=0)]
        for model in models:
            expected = one_by_one(model, X)
            found = model.predict(X).reshape(expected.shape)
            assert found == pytest.approx(expected, rel=1e-12, abs=1e-12), unit
    mixed = FNN([3, 2, 1], seed=0)
    mixed.layers[0].neurons[0].activation = ACTIVATIONS["relu"]
    assert mixed.predict(X)[:, None] == pytest.approx(one_by_one(mixed, X), rel=1e-12)


def test_predictions_follow_the_values_the_layers_and_their_activations() -> None:
    model = FNN([3, 4, 2], seed=0)
    model.predict(X)
    model.layers[0].neurons[1].w[2].data = 5.0
    assert model.predict(X) == pytest.approx(one_by_one(model, X), rel=1e-12)
    model.layers[1] = Layer(4, 2, "sigmoid")
    assert model.predict(X) == pytest.approx(one_by_one(model, X), rel=1e-12)
    fit(model, X, rng.normal(size=(120, 2)), loss="mse", epochs=2, progress=False)
    assert model.predict(X) == pytest.approx(one_by_one(model, X), rel=1e-12)


def test_a_function_that_branches_predicts_what_it_says() -> None:
    model = FNN([3, 4, 1], lambda z: z if z.data > 0.0 else 0.1 * z, seed=0)
    assert model.predict(X)[:, None] == pytest.approx(one_by_one(model, X), rel=1e-12)


def test_predictions_out_of_range_raise_what_one_example_raises() -> None:
    model = FNN([3, 2, 1], "exp", seed=0)
    model.predict(X)
    model.layers[0].neurons[0].b.data = 1e4
    with pytest.raises(DomainError, match="exp"):
        model.predict(X)


def test_a_model_that_has_predicted_is_copied_pickled_and_freed() -> None:
    model = FNN([3, 4, 1], seed=0)
    expected = model.predict(X)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert (twin.predict(X) == expected).all()
    gone = weakref.ref(model)
    gc.disable()
    try:
        del model
        assert gone() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_validation_and_metrics_write_no_value(dtype: str) -> None:
    model = FNN([3, 4, 3], seed=0)
    trainer = Trainer(model, "cross_entropy", Adam(model.parameters()), backend="compiled",
                      dtype=dtype)  # fmt: skip
    from nn.training.data import Examples

    data = Examples(model, trainer.loss, X, LABELS)
    before = [p.data for p in model.parameters()]
    with trainer:
        trainer.step(X, LABELS)
        loss, outputs = trainer.evaluate(data), trainer.predict(data)
        trainer.step(X, LABELS)
        later = trainer.evaluate(data), trainer.predict(data)
        if dtype == "float64":  # the output program is compiled at the first prediction
            assert trainer.optimizer.moments[0].dtype == np.float64
        held = [p.data for p in model.parameters()]
    after = [p.data for p in model.parameters()]
    assert before == held != after
    rel = 1e-12 if dtype == "float64" else 1e-5
    assert later[1] == pytest.approx(one_by_one(model, X), rel=rel, abs=rel)
    expected = losses.cross_entropy(one_by_one(model, X), LABELS.tolist())
    assert later[0] == pytest.approx(expected, rel=rel)
    assert later[0] < loss
    assert outputs.shape == (120, 3)


def updated(model: FNN, optimizer: Any, steps: int, look: Any = lambda: None) -> Trainer:
    trainer = Trainer(model, "cross_entropy", optimizer, backend="compiled", clip_norm=0.5)
    for _ in range(steps):
        trainer.step(X, LABELS)
        look()
    return trainer


def optimizers(model: FNN) -> list[Any]:
    """Of all parameters, of them in another order, of the last layer, and of one more."""
    params, more = model.parameters(), Value(1.0)
    return [
        Adam(params),
        Adam(params[::-1]),
        SGD(model.layers[1].parameters(), momentum=0.9),
        Adam([more, *params], weight_decay=0.1),
    ]


@pytest.mark.parametrize("which", range(4))
def test_values_follow_whoever_looks_and_however_often(which: int) -> None:
    model, twin = FNN([3, 4, 3], seed=0), FNN([3, 4, 3], seed=0)
    one, other = optimizers(model)[which], optimizers(twin)[which]
    seen: list[Any] = []
    held = updated(model, one, 5)
    updated(
        twin, other, 5, lambda: seen.append((twin([1.0, 2.0, 3.0])[0].data, other.state_dict()))
    )
    assert len({data for data, _ in seen}) == 5
    assert [p.data for p in one.params] == [p.data for p in other.params]
    assert [p.grad for p in model.parameters()] == [p.grad for p in twin.parameters()]
    assert one.state_dict() == other.state_dict() == seen[-1][1]
    assert type(model.parameters()[0]) is Value
    assert held.backend == "compiled"


LOOKS: dict[str, Any] = {
    "copy": copy.deepcopy,
    "pickle": lambda p: pickle.loads(pickle.dumps(p)),
    "itself": lambda p: +p,
    "operator": lambda p: 1.0 * p,
    "function": lambda p: dot([p], [1.0]),
    "detach": lambda p: p.detach(),
    "repr": repr,
    "float": float,
}


@pytest.mark.parametrize("look", LOOKS)
def test_a_value_that_follows_is_like_any_other(look: str) -> None:
    found: list[str] = []
    for is_seen_before in (True, False):
        model = FNN([3, 4, 3], seed=0)
        held = updated(model, SGD(model.parameters(), lr=0.1), 2)
        p = model.parameters()[7]
        assert repr(type(p)) == repr(Value)
        if is_seen_before:
            assert p.data != 0.0
        found.append(f"{LOOKS[look](p)}, {p.data}, {p.grad}")
        assert held.backend == "compiled"
    assert found[0] == found[1]


def test_a_value_is_written_and_a_model_loaded_between_two_steps() -> None:
    model = FNN([3, 4, 3], seed=0)
    trainer = updated(model, SGD(model.parameters(), lr=0.1), 3)
    model.parameters()[0].data = 0.0
    state = [p.data for p in model.parameters()]
    first = trainer.step(X, LABELS)
    trainer.step(X, LABELS)
    for p, data in zip(model.parameters(), state, strict=True):
        p.data = data
    assert trainer.step(X, LABELS) == first


def test_two_trainers_of_one_model_take_turns() -> None:
    model, twin = FNN([3, 4, 3], seed=0), FNN([3, 4, 3], seed=0)
    kinds = ("cross_entropy", "float64"), ("expectation", "float32")

    def trainer(one: FNN, loss: str, **options: Any) -> Trainer:
        return Trainer(one, loss, SGD(one.parameters(), lr=0.1), **options)

    pair = [trainer(model, loss, backend="compiled", dtype=dtype) for loss, dtype in kinds]
    eager = [trainer(twin, loss, backend="eager") for loss, _ in kinds]
    for one, other in [*zip(pair, eager, strict=True)] * 3:
        assert one.step(X, LABELS) == pytest.approx(other.step(X, LABELS), rel=1e-5)
    assert [p.data for p in model.parameters()] == pytest.approx(
        [p.data for p in twin.parameters()], rel=1e-5, abs=1e-6
    )


def test_the_numbers_outlive_the_trainer() -> None:
    model, twin = FNN([3, 4, 3], seed=0), FNN([3, 4, 3], seed=0)
    gc.disable()
    try:
        updated(model, SGD(model.parameters(), lr=0.1), 2)
        assert type(model.parameters()[0]) is Value
    finally:
        gc.enable()
    held = updated(twin, SGD(twin.parameters(), lr=0.1), 2)
    assert [p.data for p in twin.parameters()] == [p.data for p in model.parameters()]
    assert held.backend == "compiled"


def test_what_is_written_to_values_after_a_refused_step_counts() -> None:
    model = FNN([1, 1], seed=0)
    trainer = Trainer(model, "mse", SGD(model.parameters(), lr=0.1), backend="compiled")
    points, targets = np.array([[1.0], [2.0]]), np.array([1.0, 2.0])
    trainer.step(points, targets)
    model.layers[0].neurons[0].w[0].data = 1e300
    with pytest.raises(DivergedError):
        trainer.step(points, targets)
    model.layers[0].neurons[0].w[0].data = 1.0
    model.layers[0].neurons[0].b.data = 0.0
    assert trainer.step(points, targets) == 0.0


def single(epochs: int, path: Any = None, dtype: str = "float32") -> tuple[FNN, Any]:
    model = FNN([3, 8, 3], "relu", seed=1)
    adam = Adam(model.parameters(), lr=0.01)
    history = fit(model, X, LABELS, loss="cross_entropy", optimizer=adam, epochs=epochs,
                  batch_size=32, dtype=dtype, checkpoint=path, validation=(X[:40], LABELS[:40]),
                  progress=False)  # fmt: skip
    return model, history


def test_single_precision_learns_the_same_to_some_six_digits() -> None:
    model, history = single(5)
    _, exact = single(5, dtype="float64")
    assert history.backend == "compiled"
    assert history.loss == pytest.approx(exact.loss, rel=1e-5)
    assert history.val_loss == pytest.approx(exact.val_loss, rel=1e-5)
    assert history.loss != exact.loss
    data = [p.data for p in model.parameters()]
    assert data == np.float32(data).astype(float).tolist()


def test_single_precision_keeps_its_arrays_in_half_the_memory() -> None:
    model = FNN([3, 8, 3], seed=0)
    adam = Adam(model.parameters())
    with Trainer(model, "cross_entropy", adam, backend="compiled", dtype="float32") as trainer:
        trainer.step(X, LABELS)
        assert [m.dtype.itemsize for m in adam.moments] == [4, 4]


def test_a_checkpoint_in_single_precision_resumes_to_the_bit(tmp_path: Any) -> None:
    whole, history = single(6)
    single(3, tmp_path / "run")
    resumed, later = single(6, tmp_path / "run")
    assert later.loss == history.loss
    assert [p.data for p in resumed.parameters()] == [p.data for p in whole.parameters()]


class Masked:
    """Logits of which one class, or one class of some examples, is out of the question."""

    def __init__(self, sometimes: bool) -> None:
        self.network = FNN([3, 3], seed=0)
        self.sometimes = sometimes

    def parameters(self) -> Any:
        return self.network.parameters()

    def __call__(self, x: Any) -> Any:
        a, b, c = self.network(x)
        return [a, b, where(greater(c, 0.0), c, -math.inf) if self.sometimes else -math.inf]


@pytest.mark.parametrize("sometimes", [False, True])
@pytest.mark.parametrize("name", [
    "cross_entropy", "nll", "kl", "categorical_hinge", "crammer_singer", "multi_margin",
    "expectation", "regularized_expectation", "chebyshev", "one_vs_all_hinge",
    "one_vs_all_squared_hinge", "one_vs_all_cubed_hinge", "squared_log", "tanimoto",
    "cauchy_schwarz", "emd", "squared_emd",
])  # fmt: skip
def test_a_masked_class_trains_compiled_as_it_does_eagerly(name: str, sometimes: bool) -> None:
    loss: Any = losses.get(name)
    if name in ("kl", "emd", "squared_emd"):
        loss = partial(loss, from_logits=True)
    y, found = LABELS[:8] % 2, []
    for backend in ("eager", "compiled"):
        model = Masked(sometimes)
        sgd = SGD(model.parameters(), lr=0.1)
        history = fit(model, X[:8], y, loss=loss, optimizer=sgd, epochs=3, batch_size=4,
                      backend=backend, progress=False)  # fmt: skip
        assert history.backend == backend
        found.append(history.loss)
    assert found[1] == pytest.approx(found[0], rel=1e-9)


def searched(n_jobs: int | None) -> Any:
    sklearn = pytest.importorskip("sklearn.model_selection")
    from nn import FNNClassifier

    points, y = datasets.moons(60, noise=0.1, seed=0)
    estimator = FNNClassifier(max_iter=20, random_state=0, batch_size=np.int64(20))
    grid = {"hidden_layer_sizes": np.arange(2, 4), "dtype": ["float64", "float32"]}
    search = sklearn.GridSearchCV(estimator, grid, cv=2, n_jobs=n_jobs, error_score="raise")
    return search.fit(points, y).cv_results_["mean_test_score"].tolist()


def test_a_search_gives_the_same_in_several_processes() -> None:
    assert searched(2) == searched(None)


@pytest.mark.filterwarnings("ignore")  # dask's own
def test_a_search_runs_on_a_dask_cluster() -> None:
    distributed = pytest.importorskip("distributed")
    joblib = pytest.importorskip("joblib")

    with (
        distributed.LocalCluster(
            processes=False, n_workers=1, threads_per_worker=2, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config("dask"),
    ):
        found = searched(-1)
    assert found == searched(None)


def test_whole_numbers_of_numpy_are_whole_numbers() -> None:
    model = FNN(np.array([3, 4, 1]), seed=np.int64(0))
    history = fit(model, X, X[:, 0], loss="mse", epochs=np.int64(3), batch_size=np.int32(50),
                  patience=np.int8(2), seed=np.int64(1), progress=False)  # fmt: skip
    assert history.epochs == 3


def test_what_follows_a_trainer_is_current_for_a_function_compiled_meanwhile() -> None:
    model = FNN([3, 2, 1], seed=0)
    y = X.sum(axis=1)
    trainer = Trainer(model, "mse", SGD(model.parameters(), lr=0.1), backend="compiled")
    trainer.step(X, y)
    program = compile(lambda x: model(x), X[0].tolist())
    weights = [p.data for p in model.parameters()]
    assert program(X)[:, None] == pytest.approx(one_by_one(model, X), rel=1e-12)
    assert [p.data for p in model.parameters()] == weights
    trainer.step(X, y)
    assert program(X)[:, None] == pytest.approx(one_by_one(model, X), rel=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.int16])
def test_a_mapped_file_is_read_batch_by_batch(tmp_path: Any, dtype: Any) -> None:
    rows = np.memmap(tmp_path / "rows", dtype, "w+", shape=(40_000, 60))
    rows[:] = np.random.default_rng(0).integers(-3, 4, rows.shape)
    labels = rows[:, 0].astype(int) % 3
    model = FNN([60, 2, 3], "relu", seed=0)
    options: Any = {"loss": "cross_entropy", "epochs": 1, "batch_size": 2000, "progress": False}
    fit(FNN([60, 2, 3], seed=0), rows[:4000], labels[:4000], **options)  # what is imported once
    model.predict(rows[:2000])
    tracemalloc.start()
    try:
        fit(model, rows, labels, validation=(rows, labels), backend="compiled", **options)
        fitted = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        outputs = model.predict(rows)
        predicted = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert max(fitted, predicted) < rows.size * 8 / 2  # as floats they are twice that
    expected = one_by_one(model, np.array(rows[:20], float))
    assert outputs[:20] == pytest.approx(expected, rel=1e-12, abs=1e-12)


class Labelled(Value):
    """A Value of the user's own, with room for more."""


@pytest.mark.parametrize("backend", ["compiled", "native"])
def test_steps_on_other_arrays_of_the_same_kind_are_those_on_lists(backend: str) -> None:
    if backend == "native":
        pytest.importorskip("llvmlite")
    for targets in (LABELS, np.eye(3)[LABELS]):  # a class, or a number for each
        batches = [(X[n : n + 16], targets[n : n + 16]) for n in (0, 16, 32, 0)] + [(X, targets)]
        told = {}
        for way in ("eager", backend):
            model = FNN([3, 4, 3], "relu", seed=0)
            trainer = Trainer(model, "cross_entropy", SGD(model.parameters(), 0.1), backend=way)
            told[way] = [trainer.step(*batch) for batch in batches]
            told[way] += [p.data for p in model.parameters()]
        assert told[backend] == pytest.approx(told["eager"], rel=1e-9)


@pytest.mark.parametrize("backend", ["compiled", "native"])
def test_steps_of_every_kind_follow_one_another_in_any_order(backend: str) -> None:
    if backend == "native":
        pytest.importorskip("llvmlite")
    counts = np.arange(16.0)
    batches = [
        (X[:16], X[:16, 0], None), (X[:16], X[:16, 0], counts), (X[:1], X[:1, 0], None),
        (X, X[:, 1], None), (X[:16], X[:16, 0], counts), (X[:16], X[:16, 0], None),
    ]  # fmt: skip
    told = {}
    for way in ("eager", backend):
        model = FNN([3, 4, 1], seed=0)
        trainer = Trainer(model, "mse", Adam(model.parameters(), lr=0.1), backend=way)
        losses_ = [trainer.step(*batch) for batch in batches]
        told[way] = [*losses_, *[p.data for p in model.parameters()]]
    assert told[backend] == pytest.approx(told["eager"], rel=1e-9)


def test_a_recording_leaves_values_that_follow_as_they_are() -> None:
    model = FNN([3, 4, 1], seed=0)
    trainer = Trainer(model, "mse", SGD(model.parameters(), lr=0.1), backend="compiled")
    trainer.step(X, X[:, 0])
    recorded = compile(lambda x: model(x), X[0].tolist())(X[:2]).tolist()
    assert recorded == pytest.approx([model(x).data for x in X[:2]], rel=1e-12)
    assert recorded == pytest.approx(model.predict(X[:2]).tolist(), rel=1e-12)


@pytest.mark.parametrize("make", ["compile", "jit"])
def test_values_follow_an_optimizer_that_moves_a_programs_array(make: str) -> None:
    w, twin = Value(2.0, "w"), Value(2.0)

    def loss(x: Any) -> Any:
        return (w * x - 1.0) ** 2

    program: Any = compile(loss, 1.0) if make == "compile" else jit(loss, parameters=[w])
    moved, by_hand = SGD(program.parameters, lr=0.1), SGD([twin], lr=0.1)
    for _ in range(3):
        program.value_and_grad([1.0, 2.0])
        moved.step()
        by_hand.zero_grad()
        (((twin - 1.0) ** 2 + (2.0 * twin - 1.0) ** 2) / 2.0).backward()
        by_hand.step()
        assert (w.data, w.grad) == pytest.approx((twin.data, twin.grad), rel=1e-12)


@pytest.mark.parametrize("backend", ["eager", "compiled"])
def test_a_class_of_values_of_ones_own_stays_and_trains(backend: str) -> None:
    class Line:
        def __init__(self) -> None:
            self.w = Labelled(1.0, "w")

        def parameters(self) -> list[Value]:
            return [self.w]

        def __call__(self, x: Any) -> Any:
            return self.w * x[0]

    model = Line()
    model.w.unit = "meters"  # pyright: ignore[reportAttributeAccessIssue]
    sgd = SGD(model.parameters(), lr=0.5)
    fit(model, X, 3.0 * X[:, 0], loss="mse", optimizer=sgd, epochs=40, backend=backend)
    assert model.w.data == pytest.approx(3.0)
    assert (vars(model.w), type(model.w)) == ({"unit": "meters"}, Labelled)


def test_what_is_written_to_a_value_counts_whoever_used_the_array_before() -> None:
    """Programs, jits and a trainer share an array; each may have read the Values already."""
    rows = np.random.default_rng(0).normal(size=(10, 2))
    targets = rows[:, 0] * rows[:, 1]

    def expected(w: list[float]) -> float:
        return float(np.mean((rows @ w[:2] + w[2] - targets) ** 2))

    for use in ("program", "outputs", "push", "jit", "nothing"):
        for then in ("step", "with", "jit", "program"):
            model = FNN([2, 1], seed=1)
            values = model.parameters()

            def loss(x: Any, t: Any, model: FNN = model) -> Any:
                return (model(x) - t) ** 2

            trainer = Trainer(model, "mse", SGD(values, lr=0.05), backend="compiled")
            program, mapped = compile(loss, [0.5, -1.0], 1.0), jit(loss)
            outputs = compile(lambda x, model=model: model(x), [0.5, -1.0])
            if then in ("step", "with"):
                trainer.step(rows, targets)
            {
                "program": lambda p=program: p.gradient(rows, targets),
                "outputs": lambda p=outputs: p(rows),
                "push": lambda p=program: p.push(),
                "jit": lambda p=mapped: p.value_and_grad(rows, targets),
                "nothing": lambda: None,
            }[use]()
            values[1].data = 3.0
            now = expected([p.data for p in values])
            if then == "step":
                found = trainer.step(rows, targets)
            elif then == "with":
                with trainer:
                    found = trainer.step(rows, targets)
            else:
                found = (mapped if then == "jit" else program).value_and_grad(rows, targets)[0]
            assert found == pytest.approx(now, rel=1e-9), (use, then)

"""Machine code is a faster reading of the same program: the same numbers, or NumPy's."""

from __future__ import annotations

import gc
import math
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from autograd_mini import (
    OPS,
    Op,
    TraceError,
    Value,
    apply,
    compile,
    detect_anomaly,
    exp,
    log,
    log1p,
    record_source,
    take,
    tanh,
)
from autograd_mini.compiler.native import Native, native
from autograd_mini.compiler.native.engine import Processor
from autograd_mini.compiler.plan import FORWARD, GRADIENT, INPUTS
from nn import FNN, SGD, Adam, AdamW, Trainer, datasets, fit
from tests.test_compiler_statements import cases

pytest.importorskip("llvmlite")
BACKENDS = ("compiled", "native")


def row(name: str) -> tuple[Any, int]:
    op = OPS[name]
    n = op.arity or 3
    w = [Value(0.3 + 0.1 * i) for i in range(n)]

    def f(x: Any) -> Any:
        return apply(op, *[w[i] * x[i] * 0.5 + 0.2 * (i + 1) for i in range(n)])

    return compile(f, [0.5] * n), n


@pytest.mark.parametrize("float32", [False, True])
def test_a_network_of_every_depth_and_batch_trains_to_the_same_losses(float32: bool) -> None:
    dtype, rtol = ("float32", 2e-4) if float32 else ("float64", 1e-10)
    X, y = datasets.moons(57, seed=0)
    for size in (1, 2, 7, 32, 100):  # the last batch of 7s and 32s is short
        losses = []
        for backend in BACKENDS:
            model = FNN([2, 9, 5, 1], activation="tanh", seed=1)
            optimizer = SGD(model.parameters(), lr=0.05)
            history = fit(
                model, X, y, loss="bce_with_logits", optimizer=optimizer, epochs=2,
                batch_size=size, backend=backend, dtype=dtype, seed=0,
            )  # fmt: skip
            assert history.backend == backend
            losses.append(history.loss)
        assert losses[0] == pytest.approx(losses[1], rel=rtol)


def test_a_wide_network_trains_to_the_same_losses() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(35, 160)), rng.integers(0, 3, 35)
    found = []
    for backend in BACKENDS:
        model = FNN([160, 28, 3], activation="tanh", seed=0)
        momentum = SGD(model.parameters(), lr=0.01, momentum=0.9)
        history = fit(
            model, X, y, loss="cross_entropy", optimizer=momentum, epochs=3, backend=backend
        )
        found.append([*history.loss, *[p.data for p in model.parameters()]])
    assert found[0] == pytest.approx(found[1], rel=1e-11, abs=1e-14)


def test_updates_of_one_example_are_the_same_eagerly_compiled_and_native() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(11, 3)), rng.integers(0, 3, 11)
    makers: list[Any] = [
        lambda params: SGD(params, lr=0.02, momentum=0.9),
        lambda params: AdamW(params, lr=0.01, weight_decay=0.1),
    ]
    others: list[dict[str, Any]] = [{"shuffle": False}, {"patience": 2}]
    for make, size, more in zip(makers, (1, 4), others, strict=True):
        found = []
        for backend in ("eager", *BACKENDS):
            model = FNN([3, 4, 3], activation="tanh", seed=0)
            optimizer = make(model.parameters())
            history = fit(
                model, X, y, loss="cross_entropy", optimizer=optimizer, epochs=4, batch_size=size,
                validation=(X[::2], y[::2]), metrics=["accuracy"], backend=backend, **more,
            )  # fmt: skip
            assert history.backend == backend
            numbers = [*history.loss, *history.val_loss, *history.metrics["val_accuracy"]]
            found.append([*numbers, *[p.data for p in model.parameters()], *optimizer.moments[0]])
        for other in found[1:]:
            assert other == pytest.approx(found[0], rel=1e-11, abs=1e-14)


def test_the_same_seed_gives_the_same_bits() -> None:
    X, y = datasets.moons(40, seed=0)

    def weights() -> list[float]:
        model = FNN([2, 8, 1], seed=1)
        optimizer = Adam(model.parameters(), lr=0.05)
        fit(model, X, y, loss="mse", optimizer=optimizer, epochs=3, backend="native", seed=0)
        return [p.data for p in model.parameters()]

    assert weights() == weights()


def test_every_row_has_machine_code_that_agrees_with_numpy() -> None:
    rng = np.random.default_rng(0)
    for name in OPS:
        program, n = row(name)
        for count in (1, 7):
            X = rng.uniform(0.1, 0.9, (count, n))
            expected, slopes = program.gradient(X), program.gtheta.copy()
            native = Native(program._plan, GRADIENT, count, program._arrays())
            program.gtheta[:] = math.nan
            assert native.call(X) == pytest.approx(expected, rel=1e-13, abs=1e-15), name
            assert program.gtheta == pytest.approx(slopes, rel=1e-12, abs=1e-15), name


def test_gradients_of_every_structure_and_loss_are_those_of_the_numpy_program() -> None:
    for case in cases():
        f, *batch = case.values[0]
        columns = [np.ascontiguousarray(x, float) for x in batch]
        program = compile(f, *[x[0].tolist() for x in columns], check=False)
        loss, slopes = program.gradient(*columns), program.gtheta.copy()
        code = Native(program._plan, GRADIENT, len(columns[0]), program._arrays())
        program.gtheta[:] = 7.0
        assert code.call(*columns) == pytest.approx(loss, rel=1e-11)
        size = max(1.0, *map(abs, slopes)) if len(slopes) else 1.0
        assert program.gtheta == pytest.approx(slopes, rel=1e-11, abs=1e-11 * size)


def test_a_place_that_a_table_does_not_have_is_left_to_numpy() -> None:
    letters = [Value(float(i)) for i in range(4)]
    program = compile(lambda i: take(letters, i) ** 2.0, 0, check=False)
    program.to_machine_code([0, 3, 3])
    code = program._machine.codes[GRADIENT]
    assert code.call(np.array([0.0, 3.0, 3.0])) == 6.0
    assert program.gtheta.tolist() == [0.0, 0.0, 0.0, 4.0]
    assert code.call(np.array([0.0, -1.0, 0.0])) == 3.0  # the last
    for place in (-5.0, 4.0, 1.5, math.nan, 1e300):
        assert code.call(np.array([0.0, place, 1.0])) is None
        with pytest.raises((IndexError, TypeError, ValueError)):
            program.gradient(np.array([0.0, place, 1.0]))


@pytest.mark.parametrize("bits", [128, 256, 512])
def test_vectors_of_any_width_give_the_same(bits: int) -> None:
    model = FNN([3, 5, 2], activation="tanh", seed=0)
    program = compile(lambda x: sum(f * f for f in model(x)), [0.1, 0.2, 0.3])
    for count in (1, 3, 8, 21):
        X = np.random.default_rng(count).normal(size=(count, 3))
        expected, slopes = program.gradient(X), program.gtheta.copy()
        native = Native(program._plan, GRADIENT, count, program._arrays(), Processor(bits, 16))
        assert native.call(X) == pytest.approx(expected, rel=1e-13)
        assert program.gtheta == pytest.approx(slopes, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("f", [exp, log, log1p, tanh], ids=lambda f: f.__name__)
def test_elementary_functions_are_right_to_two_units_in_the_last_place(f: Any) -> None:
    mpmath = pytest.importorskip("mpmath")
    one = Value(1.0)
    program = compile(lambda x: one * f(x), 0.5)
    native = Native(program._plan, GRADIENT, 1, program._arrays())
    rng = np.random.default_rng(0)
    xs = np.concatenate([rng.uniform(-30, 30, 150), 10.0 ** rng.uniform(-300, 2.8, 150)])
    xs = {log: np.abs(xs), log1p: np.abs(xs)}.get(f, xs)
    with mpmath.workdps(40):
        for x in xs.tolist():
            exact = getattr(mpmath, f.__name__)(mpmath.mpf(x))
            found = native.call(np.array([x]))
            assert abs(mpmath.mpf(found) - exact) <= 2 * math.ulp(float(exact)), x


def test_what_is_not_finite_or_of_another_shape_is_left_to_numpy() -> None:
    w = Value(1.0, "w")
    program = compile(lambda x: log(w * x), 0.5)
    program.to_machine_code(np.array([1.0, 2.0]))
    assert program.gradient([4.0]) == math.log(4.0)
    assert program.gradient(np.array([1, 4])) == pytest.approx(math.log(4.0) / 2)
    with pytest.raises(ValueError, match="log"):
        program.gradient(np.array([1.0, -2.0]))
    assert program.gradient(np.array([1.0, 2.0])) == pytest.approx(math.log(2.0) / 2)


@pytest.mark.parametrize("float32", [False, True])
def test_numbers_of_any_type_are_taken_as_arrays_of_the_programs(float32: bool) -> None:
    w = Value(0.3, "w")
    program = compile(lambda x: tanh(w * x[0]) * x[1], [0.5, 1.0], check=False, float32=float32)
    X = np.arange(8.0).reshape(4, 2)
    program.to_machine_code(X)
    machine, expected = program._machine, program.gradient(X.astype(program.dtype))
    forms = [
        X,
        X.tolist(),
        [*X],
        tuple(X),
        X.astype(int),
        X.astype(np.float32),
        np.asfortranarray(X),
    ]
    for form in [*forms, np.repeat(X, 2, axis=1)[:, ::2]]:
        assert machine.run(GRADIENT, (form,)) == program.gradient(form) == expected
    others: list[Any] = [
        *(X[:3].tolist(), X.astype(complex), X.astype(str), X.astype(object), [[1.0, 2.0], [3.0]]),
        *([[Value(1.0), 2.0]] * 4, X[0], [], 1.0, [[1.0, 2.0, 3.0]] * 4, [[math.inf, 2.0]] * 4),
    ]
    for other in others:
        assert machine.run(GRADIENT, (other,)) is None
    assert machine.run(GRADIENT, ()) is None
    assert program.gradient([[Value(1.0), 2.0]] * 4) == pytest.approx(2.0 * math.tanh(0.3))


def test_what_differs_from_numpy_is_refused_but_at_a_kink_alone() -> None:
    w = Value(0.3)
    program = compile(lambda x: tanh(w * x), 0.5)
    before = program.theta.tolist()
    for wrong, is_refused in ((1, False), (2, True)):  # of the two comparisons
        calls: list[float] = []

        def run(*batch: Any, calls: list[float] = calls, wrong: int = wrong) -> Any:
            calls.append(len(calls) < wrong)
            return program._run_flat(*batch) + calls[-1]

        arguments = (program._plan, GRADIENT, [[1, 2]], run, program._arrays())
        if is_refused:
            with pytest.raises(TraceError, match="machine code gives"):
                native(*arguments)
        else:
            native(*arguments)
        assert len(calls) == 2
        assert program.theta.tolist() == before


def test_any_numbers_turn_it_on_and_a_list_has_no_gradient() -> None:
    w = Value(0.3)
    for batch in ([[1, 2]], [(True, 0.5)], [np.array([3, 4], np.int8)]):
        program = compile(lambda x: tanh(w * x), 1)
        program.to_machine_code(*batch)
        assert program._machine.run(GRADIENT, [np.array([0.5, 1.0])]) is not None
    with pytest.raises(TypeError, match="returns a list"):
        compile(lambda x: [w * x, x], 1.0).to_machine_code([1.0])
    with pytest.raises(TraceError, match="no argument"):
        compile(lambda: w * w).to_machine_code()


def test_who_watches_single_numbers_steps_through_numpys_text() -> None:
    w = Value(2.0)
    program = compile(lambda x: tanh(w * x), 0.5)
    X = np.array([0.1, 0.2])
    program.to_machine_code(X)
    called: list[Any] = []
    code = program._machine.codes[GRADIENT]
    call = code.call
    code.call = lambda *batch: called.append(batch) or call(*batch)
    program.gradient(X)
    assert len(called) == 1
    model = FNN([2, 3, 1], activation="tanh", seed=0)
    sgd = SGD(model.parameters(), lr=0.1)
    with Trainer(model, "mse", sgd, backend="native") as trainer:
        trainer.step([X], [0.5])
        fused: Any = trainer._compiled
        fused.native._code.update = lambda *batch: called.append(batch)
        for looks in (record_source, detect_anomaly, debugged):
            with looks():
                program.gradient(X)
                trainer.step(np.array([X]), np.array([0.5]))
            assert len(called) == 1
        trainer.step(np.array([X]), np.array([0.5]))
        assert len(called) > 1


@contextmanager
def debugged() -> Iterator[None]:
    """As under a debugger that follows every call."""
    before = sys.gettrace()
    sys.settrace(lambda *_: None)
    try:
        yield
    finally:
        sys.settrace(before)


def test_a_program_without_machine_code_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = datasets.moons(20, seed=0)
    cube = Op("cube", lambda x: x * x * x if x else 0.0, (lambda f, x: 3.0 * x * x,))
    w = Value(2.0)
    program = compile(lambda x: apply(cube, w * x), 0.5)
    with pytest.raises(TraceError, match="cube is a Python function"):
        program.to_machine_code(np.array([0.5]))
    cubed = FNN([2, 1], seed=0)
    sgd = SGD(cubed.parameters(), lr=0.1)
    with pytest.raises(TraceError, match="cube is a Python function"):
        fit(cubed, X, y, loss=lambda p, t: apply(cube, p - t), optimizer=sgd, backend="native")
    monkeypatch.setattr("autograd_mini.compiler.native.is_installed", lambda: False)
    model = FNN([2, 3, 1], seed=0)
    before = [p.data for p in model.parameters()]
    sgd = SGD(model.parameters(), lr=0.1)
    with pytest.raises(TraceError, match=r"pip install \"autograd_mini\[native\]\""):
        fit(model, X, y, loss="mse", optimizer=sgd, epochs=1, backend="native")
    assert [p.data for p in model.parameters()] == before


def test_trainers_and_estimators_take_it() -> None:
    estimators = pytest.importorskip("nn.estimators", exc_type=ImportError)
    X, y = datasets.moons(64, seed=0)
    found = []
    for backend in BACKENDS:
        model = FNN([2, 4, 1], seed=0)
        momentum = SGD(model.parameters(), lr=0.1, momentum=0.9)
        trainer = Trainer(model, "bce_with_logits", momentum, backend=backend, clip_norm=1.0)
        with trainer:
            losses = [trainer.step(X, y) for _ in range(5)]
        assert trainer.backend == backend
        found.append([*losses, *[p.data for p in model.parameters()]])
        settings = {"max_iter": 3, "random_state": 0, "backend": backend}
        classifier = estimators.FNNClassifier((4,), **settings).fit(X, y)
        found[-1] += classifier.predict_proba(X).ravel().tolist()
    assert found[0] == pytest.approx(found[1], rel=1e-9)


@pytest.mark.parametrize("momenta", [(0.0, 0.9, 0.0), (0.9, 0.0, 0.9), (0.0, 0.9, 0.5)])
def test_momentum_may_be_set_at_any_time(momenta: tuple[float, ...]) -> None:
    X, y = datasets.moons(20, seed=0)
    found: list[list[float]] = []
    for backend in ("eager", *BACKENDS):
        model = FNN([2, 3, 1], seed=0)
        sgd = SGD(model.parameters(), lr=0.05)
        trainer = Trainer(model, "bce_with_logits", sgd, backend=backend)
        for sgd.momentum in momenta:
            for _ in range(3):
                trainer.step(X, y)
        found.append([p.data for p in model.parameters()])
    for other in found[1:]:
        assert other == pytest.approx(found[0], rel=1e-9)


OPTIMIZERS = {
    "plain": lambda params: SGD(params, lr=0.1),
    "nesterov": lambda params: SGD(params, 0.1, 0.9, weight_decay=0.1, nesterov=True),
    "uphill": lambda params: Adam(params, lr=0.01, weight_decay=0.1, maximize=True),
    "decoupled": lambda params: AdamW(params),
}


@pytest.mark.parametrize("float32", [False, True])
@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_a_step_in_one_call_is_the_gradient_and_the_optimizers_rule_to_the_bit(
    make: Any, float32: bool
) -> None:
    X, y = np.random.default_rng(0).normal(size=(7, 3)), np.arange(7) % 2
    X = X.astype(np.float32) if float32 else X
    model = FNN([3, 5, 2], activation="tanh", seed=0)
    optimizer = make(model.parameters())
    trainer = Trainer(model, "cross_entropy", optimizer, backend="native", dtype=X.dtype)
    with trainer:
        trainer.step(X, y)
        compiled: Any = trainer._compiled
        program, store = compiled.program, compiled.store
        columns = [X, np.eye(2, dtype=X.dtype)[y]]
        after = store.theta
        for _ in range(3):
            theta, moments = store.theta.copy(), [m.copy() for m in optimizer._moments]
            loss = compiled.native.batch(X, y)  # not None: it was made in one call
            found = [store.theta.copy(), *optimizer._moments]
            after = store.theta.copy()
            store.theta[:] = theta
            assert program.gradient(*columns) == loss
            expected = optimizer._rule()(theta, store.gtheta.copy(), *moments)
            store.theta[:] = after
            assert all((a == b).all() for a, b in zip(expected, found, strict=True))
    assert optimizer.steps == 4
    assert [p.data for p in compiled.program.parameters] == after.tolist()


def test_a_step_in_one_call_follows_what_happens_between_the_steps() -> None:
    X, y = datasets.moons(20, seed=0)
    X, y = np.array(X), np.array(y, float)
    found: list[list[float]] = []
    for backend in BACKENDS:
        model = FNN([2, 3, 1], seed=0)
        adam = Adam(model.parameters(), lr=0.1)
        trainer = Trainer(model, "bce_with_logits", adam, backend=backend)
        trainer.step(X, y)
        adam.lr = 0.01
        trainer.step(X, y)
        model.parameters()[0].data = 0.5
        trainer.step(X, y)
        adam.weight_decay = 0.1
        trainer.step(X, y)
        adam.load_state_dict(adam.state_dict() | {"steps": 2})
        trainer.step(X, y)
        trainer.step(X[:5], y[:5])
        found.append([*[p.data for p in model.parameters()], *[p.grad for p in model.parameters()]])
        before = [p.data for p in model.parameters()]
        for data, wrong in (
            ((np.where(X > 1.0, math.nan, X), y), r"X\[\d+, 0\] is nan"),
            ((X, y * 2.0), r"a binary target must be in \[0, 1\], but got 2.0"),
            ((X, y[:5]), "one target per example"),
        ):
            with pytest.raises(ValueError, match=wrong):
                trainer.step(*data)
        assert [p.data for p in model.parameters()] == before
        assert adam.steps == 4
    assert found[0] == pytest.approx(found[1], rel=1e-11, abs=1e-14)


def test_fit_takes_its_batches_by_their_rows_and_says_which_class_there_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(23, 4)), rng.integers(0, 3, 23)
    single = X.astype(np.float32)
    for given, copied in ((X, 99), (single, 99), (np.asfortranarray(X), 99), (single, 0)):
        monkeypatch.setattr("nn.training.native.COPIED", copied)  # what is larger stays as it is
        weights: list[list[float]] = []
        for backend in BACKENDS:
            model = FNN([4, 3, 3], activation="tanh", seed=0)
            momentum = SGD(model.parameters(), lr=0.1, momentum=0.9)
            fit(
                model, given, y, loss="cross_entropy", optimizer=momentum, epochs=2,
                batch_size=5, backend=backend,
            )  # fmt: skip
            weights.append([p.data for p in model.parameters()])
        assert weights[0] == pytest.approx(weights[1], rel=1e-11)
    model = FNN([4, 3, 3], activation="tanh", seed=0)
    momentum = SGD(model.parameters(), lr=0.1, momentum=0.9)
    trainer = Trainer(model, "cross_entropy", momentum, backend="native")
    trainer.step(X, y)
    for wrong in (-1, 3):
        with pytest.raises(ValueError, match=rf"y\[22\] is class {wrong}, but there are 3"):
            trainer.step(X, np.append(y[:-1], wrong))


def test_what_is_done_often_becomes_machine_code_by_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    for place in ("autograd_mini.compiler.machine", "nn.training.trainer"):
        monkeypatch.setattr(f"{place}.OFTEN", 7)
    X, y = datasets.moons(60, seed=0)

    def trained(epochs: int, **options: Any) -> tuple[str, list[float]]:
        model = FNN([2, 3, 1], activation="tanh", seed=0)
        adam = Adam(model.parameters(), lr=0.1)
        history = fit(
            model, X, y, loss="bce_with_logits", optimizer=adam, epochs=epochs, batch_size=16,
            seed=1, **options,
        )  # fmt: skip
        return history.backend, [p.data for p in model.parameters()]

    assert trained(2)[0] == "compiled"  # six full batches, and two short ones
    assert trained(3) == trained(3) == trained(3, backend="native")
    assert trained(3)[1] == pytest.approx(trained(3, backend="compiled")[1], rel=1e-11)
    with record_source():
        assert trained(3)[0] == "eager"
    monkeypatch.setattr("autograd_mini.compiler.native.is_installed", lambda: False)
    assert trained(3) == trained(3, backend="compiled")


def test_a_trainer_and_a_program_switch_after_so_many_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for place in ("autograd_mini.compiler.machine", "nn.training.trainer"):
        monkeypatch.setattr(f"{place}.OFTEN", 6)
    X, y = np.random.default_rng(0).normal(size=(100, 2)), np.arange(100.0) % 2
    model = FNN([2, 3, 1], activation="tanh", seed=0)
    trainer = Trainer(model, "bce_with_logits", SGD(model.parameters(), lr=0.1))
    used: list[str] = []
    for _ in range(8):
        trainer.step(X, y)
        trainer.step(X[:50], y[:50])
        used.append(trainer.backend)
    assert used == ["compiled"] * 6 + ["native"] * 2

    w = Value(0.3)
    program = compile(lambda x: tanh(w * x[0]) * x[1], [0.5, 1.0], check=False)
    calls = [program.gradient, program, program.input_grad]
    expected = [call(X) for call in calls]
    again = expected
    for _ in range(6):
        again = [call(X) for call in calls]
    assert set(program._machine.codes) == {GRADIENT, FORWARD, INPUTS}
    for a, b in zip([*expected[:2], *expected[2]], [*again[:2], *again[2]], strict=True):
        assert np.abs(a - b).max() < 1e-14
    with record_source():
        assert program.gradient(X) == expected[0]


def test_values_and_the_gradients_of_inputs_are_those_of_the_numpy_program() -> None:
    network = FNN([3, 5, 2], activation="tanh", seed=0)
    example = [[0.1, 0.2, 0.3], 0.5, [[1.0, 2.0], [3.0, 4.0]]]
    rng = np.random.default_rng(0)
    functions: list[Any] = [
        lambda x, y, z: (network(x)[0] - y) ** 2 + log(z[1][0]) * z[0][1],
        lambda x, y, z: network(x)[0] ** 2,  # what is not read has no slope
        lambda x, y, z: [*network(x), y * z[1][1]],
    ]
    for function in functions:
        for count in (1, 7):
            batch = [rng.uniform(0.1, 1.0, (count, *np.shape(x))) for x in example]
            program = compile(function, *example, check=False)
            calls = [program, program.input_grad] if function is not functions[2] else [program]
            expected = [call(*batch) for call in calls]
            for purpose, call, wanted in zip(("forward", "inputs"), calls, expected, strict=False):
                purpose = {"forward": FORWARD, "inputs": INPUTS}[purpose]
                program._machine._make(purpose, batch, program._run_flat, program._arrays())
                found = call(*batch)
                for a, b in zip(wanted, found, strict=True):
                    assert np.shape(a) == np.shape(b)
                    assert np.abs(a - b).max(initial=0.0) < 1e-14
                assert found is not call(*batch)


def test_programs_come_and_go_and_threads_do_not_meet() -> None:
    w = Value(2.0)
    program = compile(lambda x: tanh(w * x), 0.5)
    X = np.linspace(0.0, 1.0, 9)
    expected = program.gradient(X)
    for count in range(2, 12):
        Native(program._plan, GRADIENT, count, program._arrays())
        gc.collect()
    answers: list[float | None] = []

    def work() -> None:
        mine = compile(lambda x: tanh(w * x), 0.5)
        native = Native(mine._plan, GRADIENT, len(X), (mine.theta.copy(), mine.gtheta.copy()))
        answers.extend(native.call(X) for _ in range(200))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 800
    assert {round(x or 0.0, 12) for x in answers} == {round(expected, 12)}

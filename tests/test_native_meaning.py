"""Machine code computes what was written: the laws of programs and of training, run natively.

The hostile programs of `tests.test_one_meaning` run as machine code from the second call of each
kind on; rows, losses and optimizers beside NumPy's. Most of it comes in a larger measure in the
thorough suite.
"""

from __future__ import annotations

import ctypes
import gc
import itertools
import math
import multiprocessing
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from autograd_mini import OPS, Value, amax, apply, compile, maximum, minimum, tanh
from autograd_mini.compiler import machine, native
from autograd_mini.compiler.check import Check
from autograd_mini.compiler.native import Native
from autograd_mini.compiler.native.engine import Processor, machine_code, processor
from autograd_mini.compiler.plan import FORWARD, GRADIENT, INPUTS
from nn import FNN, SGD, Adam, AdamW, Trainer, fit, losses
from tests import test_one_meaning
from tests.hostile import Case
from tests.hostile import cases as programs
from tests.shared import THOROUGH
from tests.test_networks_meaning import for_networks
from tests.test_nn_losses import ALL, OF_CLASSES, PROBABILITIES, target_of

pytest.importorskip("llvmlite")
WIDTHS = [128, 256, *([512] if processor().bits == 512 else [])]


@contextmanager
def machine_code_from_the_second_call() -> Iterator[list[str]]:
    """Yield what machine code has computed; the widths of its vectors take turns."""
    ran: list[str] = []
    widths = itertools.cycle(WIDTHS)

    class Told(machine.Machine):
        def run(self, purpose: str, batch: Any) -> Any:
            found = super().run(purpose, batch)
            ran.extend([purpose] * (found is not None))
            return found

    def compiled(*arguments: Any, **options: Any) -> Any:
        program = compile(*arguments, **options)
        program.has_text_of_one = False
        return program

    def column(entries: list[Any], form: str) -> Any:
        try:
            return np.array(entries, float)
        except (ValueError, TypeError, OverflowError):
            return whole_column(entries, form)

    whole_column = test_one_meaning.column
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(machine, "OFTEN", 1)
        patch.setattr(native, "processor", lambda: Processor(next(widths), 16))
        patch.setattr("autograd_mini.compiler.program.Machine", Told)
        patch.setattr(Check, "is_done", True)
        patch.setattr(test_one_meaning, "compile", compiled)
        patch.setattr(test_one_meaning, "column", column)
        yield ran


def test_machine_code_computes_what_the_function_computes() -> None:
    with machine_code_from_the_second_call() as ran:

        @settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
        @given(programs())
        def law(case: Case) -> None:
            test_one_meaning.check(case)

        law()
    assert set(ran) == {FORWARD, GRADIENT, INPUTS} or not THOROUGH


@pytest.mark.parametrize("wild", [False, True])
def test_machine_code_of_a_network_computes_what_its_function_computes(wild: bool) -> None:
    with machine_code_from_the_second_call() as ran:
        check = partial(test_one_meaning.check, may_be_refused=wild)
        for_networks(check, 200, 2 if THOROUGH else 1, wild=wild)
    assert set(ran) == {FORWARD, GRADIENT, INPUTS} or not THOROUGH


@pytest.mark.parametrize("float32", [False, True])
def test_every_row_is_numpys_in_every_width_for_every_purpose(float32: bool) -> None:
    rng = np.random.default_rng(0)
    slack = 1e-4 if float32 else 1e-12
    sizes = zip(itertools.cycle((7, 1, 100, 2, 2)), itertools.cycle(WIDTHS), strict=True)
    for name, op in OPS.items() if THOROUGH else itertools.islice(OPS.items(), 0, None, 20):
        n = op.arity or 3
        w = [Value(0.3 + 0.1 * i) for i in range(n)]

        def f(x: Any, op: Any = op, w: Any = w, n: int = n) -> Any:
            return apply(op, *[w[i] * x[i] * 0.5 + 0.2 * (i + 1) for i in range(n)])

        program = compile(f, [0.5] * n, float32=float32)
        for count, bits in itertools.islice(sizes, 2 if THOROUGH else 1):
            X = rng.uniform(0.1, 0.9, (count, n)).astype(program.dtype)
            for purpose in (FORWARD, GRADIENT, INPUTS):
                expected = program._run_flat(purpose, X)
                target = Processor(bits, 16)
                code = Native(program._plan, purpose, count, program._arrays(), target)
                assert code.numbers([X]) == pytest.approx(expected, rel=slack, abs=slack / 10), name


def test_extremes_of_zeros_are_positive_in_every_width() -> None:
    w = Value(-0.0)
    for f in (maximum, minimum, lambda x, y: amax([y, x, y])):
        program = compile(lambda x, f=f: f(x, w), -0.0)
        for count, bits in zip((1, 2, 7), WIDTHS, strict=False):
            X = -np.zeros(count)
            code = Native(program._plan, FORWARD, count, program._arrays(), Processor(bits, 16))
            assert not np.signbit(code.numbers([X])).any()
            assert np.signbit(X).all()


@pytest.mark.parametrize("bits", [128, 256, 512])
def test_code_for_any_processor_is_made_even_where_it_cannot_run(bits: int) -> None:
    llvm = pytest.importorskip("llvmlite.binding")
    model = FNN([20, 9, 3], activation="tanh", seed=0)
    program = compile(lambda x: sum(f * f for f in model(x)), [0.1] * 20)
    code = Native(program._plan, GRADIENT, 33, program._arrays(), Processor(bits, 32))
    for triple, cpu in (
        ("x86_64-unknown-linux-gnu", {128: "x86-64", 256: "haswell", 512: "skylake-avx512"}[bits]),
        ("aarch64-unknown-linux-gnu", "cortex-a72"),
    ):
        llvm.initialize_all_targets()
        llvm.initialize_all_asmprinters()
        made = llvm.Target.from_triple(triple).create_target_machine(cpu=cpu, opt=1)
        assert len(made.emit_object(llvm.parse_assembly(code.text))) > 4_000


@pytest.mark.parametrize("loss", ALL if THOROUGH else ["huber", "cross_entropy"])
def test_every_loss_and_optimizer_trains_as_in_numpy(loss: str) -> None:
    random = Random(0)
    of_classes = loss in OF_CLASSES
    y = np.arange(23) % 3 if of_classes else np.array([target_of(loss, random) for _ in range(23)])
    unit = {"msle": "softplus", "nll": "log_softmax"}.get(loss, "identity")
    unit = ("softmax" if of_classes else "sigmoid") if loss in PROBABILITIES else unit
    X = np.random.default_rng(0).normal(size=(23, 3))
    weights = np.arange(23) % 3
    everything = {"sample_weight": weights, "penalty": losses.l2_penalty(1e-3), "clip_norm": 1.0}
    makers = (SGD, lambda p, lr: SGD(p, lr, 0.9, nesterov=True), Adam, AdamW)
    options = itertools.product(makers, (1, 2, 7, 23), ("float64", "float32"), ({}, everything))
    step = 16 if THOROUGH else 13
    start = [*losses.LOSSES].index(loss) % step  # all together go through all options
    for make, size, dtype, more in itertools.islice(options, start, None, step):
        found: list[Any] = []
        for backend in ("compiled", "native"):
            model = FNN([3, 4, 3 if of_classes else 1], "gelu", unit, seed=0)
            optimizer = make(model.parameters(), lr=0.01)
            history = fit(
                model, X, y, loss=loss, optimizer=optimizer, epochs=2, batch_size=size,
                backend=backend, dtype=dtype, seed=0, **more,
            )  # fmt: skip
            assert history.backend == backend
            state = optimizer.state_dict().values()
            moments = [x for column in state if isinstance(column, list) for x in column]
            found.append([*history.loss, *[p.data for p in model.parameters()], *moments])
        slack = 1e-10 if dtype == "float64" else 2e-3
        assert found[0] == pytest.approx(found[1], rel=slack, abs=slack)


@pytest.mark.parametrize("name", ["exp", "log", "tanh", "log1p"])
def test_vector_functions_are_right_to_two_units_over_the_whole_range(name: str) -> None:
    mpmath = pytest.importorskip("mpmath")
    rng = np.random.default_rng(0)
    count = 20_000 if THOROUGH else 400
    xs = rng.integers(0, 2**63, count, np.uint64).view(float)
    xs = xs[np.isfinite(xs)]
    xs = np.concatenate([xs, -xs, rng.uniform(-745.2, 709.8, count), rng.uniform(-1.0, 1.0, count)])
    xs = {"log": np.abs(xs), "log1p": xs[xs > -1.0]}.get(name, xs)
    special = np.array([0.0, -0.0, 5e-324, -5e-324, 1e-308, math.inf, -math.inf, math.nan, 710.0])
    code = made(name, len(xs))
    found = code.results()[0][:, 0] if code.call(xs) is not None else unchecked(code)
    with np.errstate(all="ignore"):
        about = getattr(np, name)(xs)
    worst = 0.0
    with mpmath.workdps(40):
        for x, got, near in zip(xs.tolist(), found.tolist(), about.tolist(), strict=True):
            if not math.isfinite(near) or abs(near) < 1e-290:
                assert got == pytest.approx(near, rel=1e-15, abs=5e-324), x
                continue
            exact = getattr(mpmath, name)(mpmath.mpf(x))
            worst = max(worst, float(abs(mpmath.mpf(got) - exact)) / math.ulp(float(exact)))
    assert worst < 2.0
    code = made(name, len(special))
    code.call(special)
    with np.errstate(all="ignore"):
        expected = getattr(np, name)(special)
    got = unchecked(code)
    assert np.array_equal(got, expected, equal_nan=True)
    assert (np.signbit(got) == np.signbit(expected))[~np.isnan(expected)].all()


def made(name: str, count: int) -> Native:
    """Return machine code of one function of one argument."""
    program = compile(lambda x: apply(OPS[name], x), 0.5, check=False)
    return Native(program._plan, FORWARD, count, program._arrays())


def unchecked(code: Native) -> Any:
    """Return what was computed, finite or not."""
    return code.results()[0][:, 0]


def test_eight_threads_and_two_processes_compute_the_same() -> None:
    expected = trained(0)
    found: list[Any] = []
    threads = [
        threading.Thread(target=lambda: found.append(trained(0))) for _ in range(8 * THOROUGH or 2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with multiprocessing.get_context("spawn").Pool(1 + THOROUGH) as pool:
        found += pool.map(trained, [0] * (1 + THOROUGH))
    assert all(weights == expected for weights in found)
    assert len(found) == len(threads) + 1 + THOROUGH


def trained(seed: int) -> list[float]:
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(40, 3)), rng.integers(0, 2, 40)
    model = FNN([3, 5, 2], activation="tanh", seed=0)
    adam = Adam(model.parameters(), lr=0.05)
    fit(
        model, X, y, loss="cross_entropy", optimizer=adam, epochs=20, batch_size=8,
        backend="native", seed=0,
    )  # fmt: skip
    return [p.data for p in model.parameters()]


def test_programs_that_are_gone_leave_no_memory_behind() -> None:
    """What is in use is counted: it is the same however busy the machine is."""
    library = ctypes.CDLL(None)
    if not hasattr(library, "mallinfo2"):
        pytest.skip("only glibc counts what is in use")

    class Counts(ctypes.Structure):
        _fields_ = tuple([(f"n{i}", ctypes.c_size_t) for i in range(10)])

    library.mallinfo2.restype = Counts
    w = Value(2.0)
    program = compile(lambda x: tanh(w * x), 0.5, check=False)

    def growth(make: Callable[[], object], count: int) -> float:
        found: list[int] = []
        for _ in range(2):
            for _ in range(count):
                make()
            gc.collect()
            found.append(library.mallinfo2().n7)
        return (found[1] - found[0]) / count

    arrays, numbers = program._arrays(), itertools.count(1)

    def other() -> object:
        """Code that has addresses in it as no other has."""
        lines = [f"%p{k} = load ptr, ptr inttoptr (i64 {next(numbers)} to ptr)" for k in range(9)]
        return machine_code("\n".join(["define ptr @f() {", *lines, "ret ptr %p0", "}"]))

    def forgotten() -> object:
        """What refers to itself is freed in any order."""
        circle: list[Any] = [other()]
        circle.append(circle)
        return None

    assert growth(other, 60) < 500
    assert growth(forgotten, 30) < 500
    count = 100 if THOROUGH else 10
    assert growth(lambda: Native(program._plan, GRADIENT, 2, arrays), count) < 1_000


@pytest.mark.parametrize("uses_all", [True, False])
def test_numbers_that_show_in_the_gradient_are_not_looked_at_again(uses_all: bool) -> None:
    X, y = np.ones((6, 8)), np.ones(6)
    net: Any = FNN([8, 4, 1], "relu", seed=0)

    class Narrow:
        parameters = net.parameters

        def __call__(self, x: Any) -> Any:
            return net([*x[:7], 1.0])

    model = net if uses_all else Narrow()
    trainer = Trainer(model, "mse", SGD(net.parameters(), lr=0.0), backend="native")
    trainer.step(X, y)
    compiled: Any = trainer._compiled
    text: str = compiled.native._code.text
    guard = text[text.index("@guard(") :].partition("ret void")[0]
    assert guard.count("call") == (2 if uses_all else 3)  # two are for the targets
    for wrong in (math.nan, math.inf, -math.inf):
        for k in range(8):
            data = X.copy()
            data[5, k] = wrong
            assert compiled.native.batch(data, y) is None
            with pytest.raises(ValueError, match=rf"X\[5, {k}\] is {wrong}"):
                trainer.step(data, y)

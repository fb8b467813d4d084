"""Files: models come back to the bit, runs resume to the bit, and bad files change nothing."""

from __future__ import annotations

import json
import os
import random
import signal
import stat
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file
from safetensors.numpy import save as to_bytes

from nn import (
    FNN,
    MLP,
    SGD,
    Adam,
    CosineAnnealingLR,
    History,
    Neuron,
    ReduceLROnPlateau,
    Schedule,
    activations,
    datasets,
    fit,
    load,
    save,
)
from nn.files import tensorfile
from nn.losses import l2_penalty, mse_loss
from nn.training import RunState
from nn.training.data import ExampleLoss
from tests.shared import ROOT

X, Y = datasets.moons(40, noise=0.1, seed=2)
SIGNS = [2 * label - 1 for label in np.asarray(Y).tolist()]


def weights(model: Any) -> list[float]:
    return [p.data for p in model.parameters()]


# Models.

names = st.sampled_from(
    [
        name
        for name, function in activations.ACTIVATIONS.items()
        if function not in activations.VECTOR_ACTIVATIONS
    ]
)


@given(
    sizes=st.lists(st.integers(1, 4), min_size=2, max_size=4),
    activation=names,
    output=st.sampled_from(["identity", "softmax", "sigmoid"]),
    bias=st.booleans(),
    output_bias=st.booleans(),
    fused=st.booleans(),
)
def test_a_model_comes_back_to_the_bit(
    tmp_path_factory: pytest.TempPathFactory,
    sizes: list[int],
    activation: str,
    output: str,
    bias: bool,
    output_bias: bool,
    fused: bool,
) -> None:
    path = tmp_path_factory.mktemp("m") / "model.safetensors"
    model = FNN(sizes, activation, output, bias=bias, output_bias=output_bias, fused=fused, seed=3)
    save(model, path)
    again = load(path)
    assert again.state_dict() == model.state_dict()
    assert repr(again) == repr(model)
    assert again.fused is fused
    x = [0.5] * sizes[0]
    assert np.array_equal(again.predict([x]), model.predict([x]))


def test_an_mlp_comes_back_as_one_and_no_random_number_is_drawn(tmp_path: Path) -> None:
    model = MLP(2, [3, 1])
    save(model, tmp_path / "m")
    before = random.getstate()
    again = load(tmp_path / "m")
    assert random.getstate() == before
    assert type(again) is MLP
    assert again.state_dict() == model.state_dict()


def test_any_safetensors_reader_finds_the_weights_in_pytorchs_layout(tmp_path: Path) -> None:
    model = FNN([2, 3, 1], output_bias=False, seed=0)
    save(model, tmp_path / "m")
    arrays = load_file(tmp_path / "m")
    assert {name: a.shape for name, a in arrays.items()} == {
        "layers.0.weight": (3, 2),
        "layers.0.bias": (3,),
        "layers.1.weight": (1, 3),
    }
    assert arrays["layers.0.weight"][2, 1] == model.layers[0].neurons[2].w[1].data


def test_what_a_file_cannot_describe_is_refused_and_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "m"
    save(FNN([1, 1], seed=0), path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"activation is <function .*lambda.* no name"):
        save(FNN([1, 1, 1], lambda z: z * z, seed=0), path)
    with pytest.raises(TypeError, match="save writes an FNN"):
        save(Neuron(2), path)  # pyright: ignore[reportArgumentType]
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m"
    save(FNN([1, 1], seed=0), path)
    before = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save(FNN([1, 1], seed=1), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


# Bad files.


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    save(FNN([2, 3, 1], seed=0), path)
    return path


def refused(path: Path, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        load(path)
    assert str(path) in str(caught.value)


@given(data=st.data())
def test_no_truncated_lengthened_or_altered_file_is_loaded(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("m") / "model"
    save(FNN([2, 3, 1], seed=0), path)
    whole = path.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    damaged = data.draw(
        st.one_of(
            st.just(whole[:place]),
            st.binary(min_size=1, max_size=9).map(lambda more: whole + more),
            st.integers(1, 255).map(
                lambda bits: whole[:place] + bytes([whole[place] ^ bits]) + whole[place + 1 :]
            ),
        )
    )
    path.write_bytes(damaged)
    try:
        again = load(path)
    except ValueError as error:
        message = str(error)
    else:  # the order of the header's entries, say, means nothing
        message = str(path)
        assert again.state_dict() == FNN([2, 3, 1], seed=0).state_dict()
    assert str(path) in message


@pytest.mark.parametrize("content", [b"", b"hello", b"\x80\x04K\x01.", b"\xff" * 100])
def test_a_file_of_another_kind_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    refused(path, "damaged, or not a safetensors file")


def test_somebody_elses_safetensors_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "theirs"
    path.write_bytes(to_bytes({"weight": np.zeros(3)}, {"format": "pt"}))
    refused(path, "not one of ours")


def rewritten(path: Path, **changes: Any) -> None:
    """Write the file anew with other metadata and a true checksum."""
    arrays, described = tensorfile.read(path, "model")
    tensorfile.write(path, "model", changes.pop("arrays", arrays), described | changes)


def test_a_newer_version_is_refused_with_the_advice(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tensorfile, "VERSION", 2)
    save(FNN([1, 1]), saved)
    monkeypatch.undo()
    refused(saved, "format version 2, but this program reads version 1: .* newer")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sizes": [2, 4, 1]}, r"should hold arrays .*\(4, 2\).* but holds .*\(3, 2\)"),
        ({"sizes": [2, 10**12, 1]}, r"should hold arrays .*\(1000000000000, 2\)"),
        ({"arrays": {"layers.0.weight": np.zeros((3, 2))}}, "should hold arrays"),
        ({"activation": "mystery"}, "describes no network .*mystery"),
        ({"sizes": "wide"}, "describes no network"),
    ],
    ids=["sizes", "huge sizes", "arrays", "activation", "type"],
)
def test_a_description_that_does_not_fit_the_arrays_is_refused(
    saved: Path, changes: dict[str, Any], message: str
) -> None:
    rewritten(saved, **changes)
    refused(saved, message)


def test_a_missing_file_is_pythons_own_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "nowhere")
    with pytest.raises(TypeError):
        load(0)  # pyright: ignore[reportArgumentType] # the number of an open file


# Checkpoints.


def run(path: Path | None, *, epochs: int = 6, **options: Any) -> tuple[FNN, History]:
    model = FNN([2, 4, 1], seed=1)
    kind = options.pop("optimizer", Adam)
    optimizer = kind(model.parameters(), lr=0.02)
    schedule = options.pop("schedule", None)
    defaults: dict[str, Any] = {"loss": "hinge", "batch_size": 8, "backend": "eager"}
    return model, fit(
        model,
        X,
        SIGNS,
        optimizer=optimizer,
        epochs=epochs,
        schedule=None if schedule is None else schedule(optimizer),
        checkpoint=path,
        **(defaults | options),
    )


class Crash(Exception):
    pass


def crash_after(epoch: int) -> Any:
    def callback(state: RunState) -> None:
        if state.epoch == epoch + 1:  # before its checkpoint is written
            raise Crash

    return callback


class ByFunction(Schedule):
    def __init__(self, optimizer: Any, factor: Any, step: Any) -> None:
        self.factor, self.step_size = factor, step
        super().__init__(optimizer)

    def at(self, t: int) -> float:
        return self.base_lr * self.factor(t // self.step_size)


def test_a_schedule_may_hold_a_function_and_numpys_numbers(tmp_path: Path) -> None:
    def half(t: int) -> float:
        return 0.5**t

    options: dict[str, Any] = {"schedule": lambda o: ByFunction(o, half, np.int64(2))}
    run(tmp_path / "run", epochs=2, **options)
    assert weights(run(tmp_path / "run", **options)[0]) == weights(run(None, **options)[0])


def test_a_seed_may_be_numpys(tmp_path: Path) -> None:
    run(tmp_path / "run", epochs=2, seed=np.int64(5))
    model, _ = run(tmp_path / "run", seed=5)
    assert weights(model) == weights(run(None, seed=5)[0])


@pytest.mark.parametrize("crash", [1, 3])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"backend": "compiled"},
        {"backend": "auto"},
        {"optimizer": lambda p, lr: SGD(p, lr, momentum=0.9)},
        {"schedule": lambda o: CosineAnnealingLR(o, 6)},
        {
            "schedule": lambda o: ReduceLROnPlateau(o, patience=1, factor=0.5),
            "validation": (X[::2], SIGNS[::2]),
            "patience": 2,
            "metrics": ["accuracy"],
        },
        {"sample_weight": [n % 4 for n in range(40)], "seed": 7},
        {"loss": partial(mse_loss, reduction="sum")},
    ],
    ids=["adam", "compiled", "auto", "momentum", "cosine", "patience", "weights", "partial"],
)
def test_a_run_that_crashed_resumes_to_the_same_bits(
    tmp_path: Path, options: dict[str, Any], crash: int
) -> None:
    straight, history = run(None, **options)
    path = tmp_path / "run"
    with pytest.raises(Crash):
        run(path, callbacks=[crash_after(crash)], **options)
    resumed, again = run(path, **options)
    assert weights(resumed) == weights(straight)
    assert again.to_dict() == history.to_dict()


def test_a_finished_run_returns_at_once_and_more_epochs_go_on(tmp_path: Path) -> None:
    path = tmp_path / "run"
    model, history = run(path)

    def never(state: RunState) -> None:
        raise AssertionError("an epoch was run")

    again, same = run(path, callbacks=[never])
    assert weights(again) == weights(model)
    assert same.to_dict() == history.to_dict()
    longer, more = run(path, epochs=9)
    straight, whole = run(None, epochs=9)
    assert weights(longer) == weights(straight)
    assert more.to_dict() == whole.to_dict()


def test_a_run_stopped_by_patience_returns_its_best_weights_again(tmp_path: Path) -> None:
    path = tmp_path / "run"
    options: dict[str, Any] = {
        "validation": (X[:5], [-s for s in SIGNS[:5]]),
        "patience": 2,
        "epochs": 30,
    }
    model, history = run(path, **options)
    again, same = run(path, **options)
    assert history.stopped == same.stopped == "patience"
    assert weights(again) == weights(model)


def test_a_loss_has_the_same_name_in_every_process() -> None:
    assert ExampleLoss("mse").name == "mse"
    assert ExampleLoss(partial(mse_loss, reduction="sum")).name == "mse_loss(reduction='sum')"
    assert ExampleLoss(crash_after).name == "crash_after"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 4}, r"differs in batch_size \(8 there, 4 here\)"),
        ({"seed": 1}, "differs in seed"),
        ({"loss": "squared_hinge"}, "differs in loss"),
        ({"optimizer": SGD}, "differs in optimizer"),
        ({"sample_weight": [1.0] * 40}, "differs in data"),
        ({"clip_norm": 1.0}, "differs in clip_norm"),
        ({"schedule": lambda o: CosineAnnealingLR(o, 6)}, "differs in schedule"),
        ({"penalty": l2_penalty(0.1)}, r"differs in penalty \(None there, '_l2\(0.1\)' here"),
        ({"metrics": ["accuracy"]}, "differs in metrics"),
        ({"validation": (X[:5], SIGNS[:5])}, "differs in validation;"),
    ],
    ids=lambda case: case if isinstance(case, str) else ", ".join(case),
)
def test_the_checkpoint_of_another_run_is_refused_and_changes_nothing(
    tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    path = tmp_path / "run"
    run(path, epochs=2)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=message) as caught:
        run(path, **options)
    assert str(path) in str(caught.value)
    assert path.read_bytes() == before


def test_a_schedule_told_otherwise_and_a_network_of_other_units_make_another_run(
    tmp_path: Path,
) -> None:
    path = tmp_path / "run"
    run(path, schedule=lambda o: CosineAnnealingLR(o, 6))
    with pytest.raises(ValueError, match="differs in schedule"):
        run(path, schedule=lambda o: CosineAnnealingLR(o, 7))
    model = FNN([2, 4, 1], "relu", seed=1)
    optimizer = Adam(model.parameters())
    before = weights(model)
    with pytest.raises(ValueError, match="differs in activations"):
        fit(
            model,
            X,
            SIGNS,
            loss="hinge",
            batch_size=8,
            optimizer=optimizer,
            schedule=CosineAnnealingLR(optimizer, 6),
            checkpoint=path,
        )
    assert weights(model) == before


def test_an_interrupt_inside_a_callback_keeps_its_epoch(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def press(state: RunState) -> None:
        if state.epoch == 3:
            raise KeyboardInterrupt

    path = tmp_path / "run"
    run(path, callbacks=[press])
    assert f"{path} holds epoch 3" in capsys.readouterr().err
    assert len(tensorfile.read(path, "checkpoint")[1]["history"]["loss"]) == 3
    assert weights(run(path)[0]) == weights(run(None)[0])


@pytest.mark.skipif(os.name != "posix", reason="needs to ask whether a process lives")
def test_the_drafts_of_killed_processes_are_swept_and_those_of_living_ones_kept(
    tmp_path: Path,
) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    stale = tmp_path / f".run.{gone.pid}-0123abcd.part"
    kept = [
        tmp_path / f".run.{os.getpid()}-0123abcd.part",
        tmp_path / f".other.{gone.pid}-0123abcd.part",
        tmp_path / ".run.notes-1.part",
    ]
    for draft in (stale, *kept):
        draft.write_bytes(b"half")
    run(tmp_path / "run", epochs=1)
    assert not stale.exists()
    assert all(draft.exists() for draft in kept)


def test_a_damaged_checkpoint_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "run"
    run(path, epochs=2)
    damaged = path.read_bytes()[:-3]
    path.write_bytes(damaged)
    model = FNN([2, 4, 1], seed=1)
    optimizer = Adam(model.parameters())
    before, state = weights(model), optimizer.state_dict()
    with pytest.raises(ValueError, match="damaged"):
        fit(model, X, SIGNS, loss="hinge", optimizer=optimizer, checkpoint=path)
    assert weights(model) == before
    assert optimizer.state_dict() == state
    assert path.read_bytes() == damaged


def test_models_and_checkpoints_are_told_apart(tmp_path: Path) -> None:
    run(tmp_path / "run", epochs=1)
    refused(tmp_path / "run", "holds a checkpoint, not a model: pass it to fit")
    save(FNN([2, 4, 1]), tmp_path / "model")
    with pytest.raises(ValueError, match="holds a model, not a checkpoint"):
        run(tmp_path / "model")


SCRIPT = """
import json, sys
from nn import FNN, Adam, datasets, fit
X, y = datasets.moons(40, noise=0.1, seed=2)
model = FNN([2, 4, 1], seed=1)
history = fit(model, X, 2 * y - 1, loss="hinge", optimizer=Adam(model.parameters(), lr=0.02),
              epochs=40, batch_size=8, checkpoint=sys.argv[1], seed=3,
              callbacks=[lambda state: print(state.epoch, flush=True)])
print(json.dumps([[p.data for p in model.parameters()], history.loss]))
"""


def test_a_run_killed_at_any_moment_loses_at_most_an_epoch_and_resumes_to_the_same_bits(
    tmp_path: Path,
) -> None:
    def started(path: Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
        )

    def last_line(process: subprocess.Popen[str]) -> Any:
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        return json.loads(output.splitlines()[-1])

    expected = last_line(started(tmp_path / "straight"))
    path = tmp_path / "killed"
    done = 1
    for delay in (0.0, 0.013):
        process = started(path)
        assert process.stdout is not None
        first = int(process.stdout.readline())
        assert first in (done, done + 1)  # at most the epoch under way was lost
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read().split()
        process.stdout.close()
        process.wait()
        done = int(rest[-1]) if rest else first
    survivor = started(path)
    output, _ = survivor.communicate(timeout=120)
    lines = output.splitlines()
    assert int(lines[0]) in (done, done + 1)
    assert json.loads(lines[-1]) == expected


def test_equal_models_are_equal_bytes(tmp_path: Path) -> None:
    for n in range(6):
        save(FNN([2, 3, 1], seed=0), tmp_path / f"m{n}")
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1


@pytest.mark.skipif(os.name != "posix", reason="links, modes and pipes are POSIX's")
def test_links_are_followed_and_modes_kept(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    file, link = tmp_path / "elsewhere" / "model", tmp_path / "link"
    file.touch()
    file.chmod(0o600)
    link.symlink_to(file)
    save(FNN([1, 1], seed=0), link)
    assert link.is_symlink()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert load(link).sizes == [1, 1]
    assert [path.name for path in file.parent.iterdir()] == ["model"]
    dangling = tmp_path / "dangling"
    dangling.symlink_to(tmp_path / "elsewhere" / "new")
    save(FNN([1, 1], seed=0), dangling)
    assert (tmp_path / "elsewhere" / "new").is_file()


@pytest.mark.skipif(os.name != "posix", reason="links, modes and pipes are POSIX's")
def test_only_files_are_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (tmp_path / "link").symlink_to(pipe)
    for path in (pipe, tmp_path / "link"):
        with pytest.raises(OSError, match="which no file replaces"):
            save(FNN([1, 1], seed=0), path)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    with pytest.raises(OSError, match="which no file replaces"):
        tensorfile.check_place(Path(os.devnull))  # asked only: a failure must not harm the machine

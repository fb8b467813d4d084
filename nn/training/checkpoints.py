"""Checkpoints: a run of `fit` in one file, from which it goes on to the same bits.

A checkpoint holds the parameters, the optimizer's memory, the schedule, the random state and the
history. It names the run that it belongs to; another one is refused.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from random import Random
from typing import Any, Final

from nn.files import tensorfile
from nn.layers import parameter_names, set_data
from nn.training.data import stable_name
from nn.training.history import History
from nn.training.state import Run


def save_run(run: Run, path: Path) -> None:
    """Write how far the run has come, atomically.

    Raises:
        OSError: If the file cannot be written.
    """
    import numpy as np

    optimizer = run.trainer.optimizer.state_dict()
    arrays = {"parameters": np.array([p.data for p in run.trainer.parameters])}
    if run.best is not None:
        arrays["best"] = np.array(run.best)
    for name, value in list(optimizer.items()):
        if isinstance(value, list):
            arrays[f"optimizer.{name}"] = np.array(optimizer.pop(name))
    done = run.history.stopped or run.history.epochs == run.epochs
    tensorfile.write(
        path,
        "checkpoint",
        arrays,
        {
            "run": _description(run),
            "optimizer": optimizer,
            "schedule": None if run.schedule is None else run.schedule.state_dict(),
            "rng": run.rng.getstate(),
            "history": run.history.to_dict() | ({"stopped": "epochs"} if done is True else {}),
            "best_loss": run.best_loss,
            "waited": run.waited,
        },
    )


def resume_run(run: Run, path: Path) -> None:
    """Bring the run to where the checkpoint stands.

    Raises:
        ValueError: If the file is damaged, foreign, or the checkpoint of another run; then
            nothing has been changed.
        OSError: If it cannot be read.
    """
    arrays, described = tensorfile.read(path, "checkpoint")
    schedule = run.schedule
    before = schedule and schedule.state_dict()
    try:
        _check_same_run(run, path, described["run"])
        parameters = arrays["parameters"].tolist()
        state = described["optimizer"] | {
            name.partition(".")[2]: array.tolist()
            for name, array in arrays.items()
            if name.startswith("optimizer.")
        }
        version, internal, gauss = described["rng"]
        rng = Random()
        rng.setstate((version, tuple(internal), gauss))
        history = History.from_dict(described["history"])
        best_loss, waited = float(described["best_loss"]), int(described["waited"])
        if len(parameters) != len(run.trainer.parameters):
            raise ValueError(
                f"{path} holds {len(parameters)} parameters, but the model has "
                f"{len(run.trainer.parameters)}"
            )
        if schedule is not None:
            schedule.load_state_dict(described["schedule"])
        run.trainer.optimizer.load_state_dict(state)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        if schedule is not None and before is not None:
            schedule.load_state_dict(before)  # a refused resume changes nothing
        if isinstance(error, ValueError):
            raise
        raise ValueError(f"{path} is not a checkpoint that this program knows: {error!r}") from None
    run.rng, run.history = rng, history
    run.best_loss, run.waited = best_loss, waited
    run.best = arrays["best"].tolist() if "best" in arrays else None
    set_data(run.trainer.parameters, parameters)


def _check_same_run(run: Run, path: Path, described: dict[str, Any]) -> None:
    for name, here in _description(run).items():
        there = described[name]
        if there != here:
            both = "" if name in _FINGERPRINTS else f" ({there!r} there, {here!r} here)"
            raise ValueError(
                f"{path} is the checkpoint of another run, which differs in "
                f"{_WORDS.get(name, name)}{both}; use another file, or delete this one to start "
                "anew"
            )


_WORDS: Final = {"moved": "the parameters that the optimizer moves"}
_FINGERPRINTS: Final = ("data", "parameters", "moved", "validation")


def _description(run: Run) -> dict[str, Any]:
    """Return what makes it this run, as a file has it: a checkpoint of another one is refused."""
    schedule, task, optimizer = run.schedule, run.trainer.task, run.trainer.optimizer
    place = {p: i for i, p in enumerate(run.trainer.parameters)}
    moved = [place.get(p, -1) for p in optimizer.params]
    settings = optimizer.settings()
    del settings["lr"]  # schedules move it
    layers: list[Any] = getattr(task.model, "layers", [])
    described: dict[str, Any] = {
        "parameters": _fingerprint(parameter_names(task.model)),
        "optimizer": [type(optimizer).__name__, settings],
        "moved": _fingerprint(moved),
        "schedule": schedule and [type(schedule).__name__, schedule.settings()],
        "loss": run.trainer.loss.name,
        "penalty": task.penalty,
        "activations": [getattr(layer, "activation", None) for layer in layers],
        "data": run.data.checksum(),
        "validation": None if run.validation is None else run.validation.checksum(),
        "metrics": list(run.metrics),
        "batch_size": run.batch_size,
        "shuffle": run.shuffle,
        "seed": run.seed,
        "clip_norm": task.clip_norm,
        "clip_value": task.clip_value,
        "dtype": run.trainer.dtype,
    }
    return json.loads(json.dumps(described, default=_as_json))


def _fingerprint(things: list[Any]) -> list[Any]:
    return [len(things), hashlib.sha256(repr(things).encode()).hexdigest()[:16]]


def _as_json(x: Any) -> Any:
    """Return a function as its name, and a number of NumPy's as Python's."""
    return x.tolist() if hasattr(x, "tolist") else stable_name(x)

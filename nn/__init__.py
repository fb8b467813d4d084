"""Feedforward networks, losses, optimizers and training on top of `autograd_mini`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import autograd_mini.guesses as _guesses
from nn import activations, datasets, features, initializers, losses, metrics, plots
from nn import guesses as _ours
from nn.errors import extra_module as _extra_module
from nn.export import from_torch, to_onnx, to_torch
from nn.files import load, save
from nn.layers import Layer, Neuron
from nn.network import FNN, MLP
from nn.optimizers import SGD, Adam, AdamW, Optimizer, clip_grad_norm, clip_grad_value
from nn.playback import Playback, Playground, load_state
from nn.schedules import (
    CosineAnnealingLR,
    ExponentialLR,
    InverseTimeLR,
    LinearLR,
    PolynomialLR,
    ReduceLROnPlateau,
    Schedule,
    StepLR,
)
from nn.training import DivergedError, History, RunState, Trainer, fit

if TYPE_CHECKING:
    from nn.estimators import FNNClassifier as FNNClassifier
    from nn.estimators import FNNRegressor as FNNRegressor

__all__ = [
    "FNN",
    "MLP",
    "SGD",
    "Adam",
    "AdamW",
    "CosineAnnealingLR",
    "DivergedError",
    "ExponentialLR",
    "History",
    "InverseTimeLR",
    "Layer",
    "LinearLR",
    "Neuron",
    "Optimizer",
    "Playback",
    "Playground",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "RunState",
    "Schedule",
    "StepLR",
    "Trainer",
    "activations",
    "clip_grad_norm",
    "clip_grad_value",
    "datasets",
    "features",
    "fit",
    "from_torch",
    "initializers",
    "load",
    "load_state",
    "losses",
    "metrics",
    "plots",
    "save",
    "to_onnx",
    "to_torch",
]

_guesses.answer_imports(__name__, _ours.MODULES)
for _module in (
    *("activations", "datasets", "features", "initializers", "losses", "metrics"),
    *("optimizers", "schedules"),
):
    _guesses.answer(f"nn.{_module}", import_module(f"nn.{_module}").__all__, _ours.NAMES)
for _owner, _guessed in (
    (FNN, _ours.METHODS),
    (Layer, _ours.UNITS),
    (Neuron, _ours.UNITS),
    (Optimizer, _ours.STEPS),
    (Trainer, _ours.RUNS),
    (History, _ours.RECORDS),
):
    _guesses.advise(_owner, _guessed)


def __getattr__(name: str) -> Any:
    """Load the scikit-learn estimators when they are first asked for: they need the extra."""
    if name not in ("FNNClassifier", "FNNRegressor"):
        raise _guesses.missing(__name__, name, _ours.NAMES, __all__)
    why = f"{name} needs scikit-learn"
    return getattr(_extra_module("nn.estimators", why, "'autograd_mini[sklearn]'"), name)

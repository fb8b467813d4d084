"""Feedforward networks, losses, optimizers and training on top of `autograd_mini`."""

from __future__ import annotations

from nn import activations, datasets, features, initializers, losses, metrics
from nn.export import from_torch, to_onnx, to_torch
from nn.files import load, save
from nn.history import History
from nn.layers import Layer, Neuron
from nn.network import FNN, MLP
from nn.optimizers import SGD, Adam, AdamW, Optimizer, clip_grad_norm, clip_grad_value
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
from nn.training import DivergedError, RunState, Trainer, fit

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
    "losses",
    "metrics",
    "save",
    "to_onnx",
    "to_torch",
]

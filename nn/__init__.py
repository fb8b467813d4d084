"""Feedforward networks, losses, optimizers and training on top of `autograd_mini`."""

from __future__ import annotations

from nn import activations, datasets, features, initializers, losses, metrics
from nn.layers import Layer, Neuron
from nn.network import FNN, MLP

__all__ = [
    "FNN",
    "MLP",
    "Layer",
    "Neuron",
    "activations",
    "datasets",
    "features",
    "initializers",
    "losses",
    "metrics",
]

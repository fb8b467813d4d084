"""Feedforward networks, losses, optimizers and training on top of `autograd_mini`."""

from __future__ import annotations

__all__: list[str] = []

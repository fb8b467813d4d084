"""Playback: a recorded run of training, and the page that plays it."""

from __future__ import annotations

from nn.playback.recording import Playback

__all__ = ["Playback"]

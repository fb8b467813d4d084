"""Pages of training: a recorded run that plays, and a playground that trains by itself."""

from __future__ import annotations

from nn.playback.names import load_state
from nn.playback.playground import Playground
from nn.playback.recording import Playback

__all__ = ["Playback", "Playground", "load_state"]

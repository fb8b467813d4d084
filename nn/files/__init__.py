"""Files: `save` and `load` keep a network; `tensorfile` is the format, of checkpoints too."""

from __future__ import annotations

from nn.files.models import load, notes, save

__all__ = ["load", "notes", "save"]

"""Languages: how statements are written as text."""

from __future__ import annotations

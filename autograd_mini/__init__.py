"""A scalar automatic differentiation engine that you can see, step through and trust."""

from __future__ import annotations

__all__: list[str] = []

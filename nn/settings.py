"""Settings: what an optimizer or a schedule was told."""

from __future__ import annotations

from inspect import signature
from typing import Any, ClassVar


class Settings:
    """Something that keeps what its constructor was told, under the same names."""

    _moves: ClassVar[str]  # the argument that is no setting

    def settings(self) -> dict[str, Any]:
        """Return what the constructor was told besides what it moves, by name; `lr` as it is."""
        told, own = signature(type(self)).parameters, vars(self)
        kind = type(self)
        kept = [x for x in told if x in own or isinstance(getattr(kind, x, None), property)]
        return {name: getattr(self, name) for name in kept if name != self._moves}

    def _settings_text(self) -> str:
        return ", ".join(f"{name}={value!r}" for name, value in self.settings().items())

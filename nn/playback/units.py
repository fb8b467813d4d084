"""The units of a network, as a page shows them: what each says, and where it stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd_mini.nested import is_nested
from nn.network import has_layers_only


def units_of(model: Any) -> Callable[[Any], list[Any]]:
    """Return a function of one example: what all units say, or of another model its outputs.

    Example:
        >>> from nn import FNN
        >>> len(units_of(FNN([2, 3, 1], seed=0))([0.5, 1.0]))
        4
    """

    def units(x: Any) -> list[Any]:
        if not has_layers_only(model):
            output: Any = model(x)
            return [*output] if is_nested(output) else [output]
        found: list[Any] = []
        hs: Any = x if is_nested(x) else [x]
        for layer in model.layers:
            hs = layer.respond(hs)
            found += hs
        return found

    return units


def layers(model: Any) -> list[dict[str, Any]]:
    """Return the name and the size of each layer; of another model nothing.

    Example:
        >>> from nn import FNN
        >>> layers(FNN([2, 3], seed=0))
        [{'name': 'layers.0', 'size': 3}]
    """
    if not has_layers_only(model):
        return []
    return [{"name": f"layers.{i}", "size": layer.n_out} for i, layer in enumerate(model.layers)]


def diagram(model: Any) -> str:
    """Return the network's picture; of another model nothing."""
    return str(model.diagram()) if layers(model) else ""

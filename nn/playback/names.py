"""The names of a model's parameters, and weights that come back from a page by these names."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any, cast

from autograd_mini import Program, Value
from nn.layers import Module, parameter_names
from nn.playback.page import packed_floats


def parameter_numbers(model: Any, programs: Iterable[Program]) -> dict[Value, int]:
    """Return a number for each parameter: the model's own first, then others of its programs."""
    others = [p for program in programs for p in program.parameters]
    return {p: i for i, p in enumerate(dict.fromkeys([*model.parameters(), *others]))}


def parameters_json(model: object, programs: Mapping[str, Program]) -> dict[str, Any]:
    """Return the parameters' names and data, and where each of them stands in the programs."""
    number = parameter_numbers(model, programs.values())
    return {
        "names": parameter_names(model),
        "theta": packed_floats([p.data for p in number]),
        "places": {"loss": [], "units": []}
        | {name: [number[p] for p in run.parameters] for name, run in programs.items()},
    }


def load_state(model: Any, path_or_dict: str | PathLike[str] | Mapping[str, float]) -> None:
    """Set a model's parameters from weights that a playground has exported, all or nothing.

    Args:
        model: The model, or one like it.
        path_or_dict: The JSON file, or what is in it: a number for each parameter's name.

    Raises:
        ValueError: If the file is not such JSON, or entries are missing, unknown or not numbers;
            then nothing is changed.

    Example:
        >>> from nn import FNN
        >>> model = FNN([1, 1], seed=0)
        >>> load_state(model, {"layers.0.neurons.0.w.0": 2.0, "layers.0.neurons.0.b": 1.0})
        >>> model(3.0).data
        7.0
    """
    state: Any = path_or_dict
    if not isinstance(path_or_dict, Mapping):
        path = Path(path_or_dict)
        try:
            state = json.loads(path.read_text("utf-8"))
        except ValueError as error:  # JSON's errors and those of UTF-8
            raise ValueError(
                f"{str(path)!r} is not a JSON file of weights, and nothing was loaded: {error}"
            ) from None
        if not isinstance(state, Mapping):
            raise ValueError(
                f"{str(path)!r} holds no weights, a number for each name, but {state!r:.80}; "
                "nothing was loaded"
            )
    if hasattr(model, "load_state_dict"):
        model.load_state_dict(state)
    else:
        _Named(model).load_state_dict(cast(Any, state))


class _Named(Module):
    """Any model's parameters by name."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def named_parameters(self) -> list[tuple[str, Value]]:
        return list(zip(parameter_names(self.model), self.model.parameters(), strict=True))

    def __repr__(self) -> str:
        return type(self.model).__name__

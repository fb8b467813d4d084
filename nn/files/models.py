"""Keeping models: `save` and `load`, one safetensors file each."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

from autograd_mini import Value
from nn import activations
from nn.files import tensorfile
from nn.guesses import keywords
from nn.network import FNN, MLP, OPTIONS, difference_from_settings, has_layers_only, options_of


@keywords
def save(model: FNN, path: str | Path, *, notes: dict[str, Any] | None = None) -> None:
    """Write a network to one safetensors file, atomically.

    The weights are `layers.0.weight` (units × inputs) and `layers.0.bias`, …, as in PyTorch; the
    metadata tells the sizes and activations.

    Args:
        model: The network.
        path: The file to write; an existing one is replaced.
        notes: Anything that JSON can hold, such as the names of the inputs; `notes(path)` reads it.

    Raises:
        ValueError: If an activation is a function without a name in `nn.activations`.
        TypeError: If the model is not an FNN.

    Example:
        >>> import os, tempfile
        >>> from nn import FNN, load, save
        >>> model = FNN([2, 3, 1], seed=0)
        >>> path = os.path.join(tempfile.mkdtemp(), "model.safetensors")
        >>> save(model, path)
        >>> load(path)([1.0, 2.0]).data == model([1.0, 2.0]).data
        True
    """
    if not has_layers_only(model):
        raise TypeError(f"save writes an FNN, but got {_instead(model)}")
    if (reason := difference_from_settings(model)) is not None:
        raise ValueError(f"{reason}, so a file cannot say what it is")
    arrays: dict[str, Any] = {}
    for i, layer in enumerate(model.layers):
        W, b = layer.arrays()
        arrays[f"layers.{i}.weight"] = W.T  # units × inputs, as in PyTorch
        if layer.neurons[0].b is not None:
            arrays[f"layers.{i}.bias"] = b
    description = {
        "class": "MLP" if isinstance(model, MLP) else "FNN",
        "sizes": model.sizes,
        **options_of(model),
        "activation": _name(model.activation, "activation"),
        "output_activation": _name(model.output_activation, "output_activation"),
        "notes": notes or {},
    }
    tensorfile.write(path, "model", arrays, description)


@keywords
def load(path: str | Path) -> FNN:
    """Return the network that `save` wrote, equal to the bit.

    Raises:
        ValueError: If the file is damaged, foreign, of a newer version or not a model's; the
            message names it.
        OSError: If there is no such file, or it cannot be read.

    Example:
        >>> import os, tempfile
        >>> from nn import FNN, load, save
        >>> path = os.path.join(tempfile.mkdtemp(), "model.safetensors")
        >>> save(FNN([2, 3, 1], "relu", seed=0), path)
        >>> load(path)
        FNN([2, 3, 1], activation='relu', output_activation='identity')
    """
    arrays, described = tensorfile.read(path, "model")
    found = {name: array.shape for name, array in arrays.items()}
    try:
        shapes = _shapes(described)
        if found != shapes:  # before memory is taken for what may not be there
            raise ValueError(f"it should hold arrays {shapes}, but holds {found}")
        options = {name: described[name] for name in OPTIONS}
        kind = MLP if described["class"] == "MLP" else FNN
        model = kind.__new__(kind)  # an MLP would draw from the global generator
        # Any initializer will do that is quick: all weights are read next.
        FNN.__init__(model, described["sizes"], init="lecun_uniform", seed=0, **options)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} describes no network that this program knows: {error}") from None
    for i, layer in enumerate(model.layers):
        W = arrays[f"layers.{i}.weight"].T
        layer.set_arrays(W, arrays.get(f"layers.{i}.bias", 0.0 * W[0]))
    return model


def notes(path: str | Path) -> dict[str, Any]:
    """Return the notes that `save` put into a network's file.

    Raises:
        ValueError: If the file is damaged, foreign, of a newer version or not a model's.
        OSError: If there is no such file, or it cannot be read.

    Example:
        >>> import os, tempfile
        >>> from nn import FNN, files
        >>> path = os.path.join(tempfile.mkdtemp(), "model.safetensors")
        >>> files.save(FNN([2, 1]), path, notes={"inputs": ["length", "width"]})
        >>> files.notes(path)
        {'inputs': ['length', 'width']}
    """
    return tensorfile.read(path, "model")[1].get("notes", {})


def _shapes(described: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    """Return the arrays a description promises."""
    sizes = described["sizes"]
    shapes: dict[str, tuple[int, ...]] = {}
    for i, (n_in, n_out) in enumerate(pairwise(sizes)):
        shapes[f"layers.{i}.weight"] = (n_out, n_in)
        if described["output_bias" if i == len(sizes) - 2 else "bias"]:
            shapes[f"layers.{i}.bias"] = (n_out,)
    return shapes


def _instead(model: object) -> str:
    """Return what stands where a network should, and what to write."""
    if isinstance(model, Value):
        return "a Value: autograd_mini.save(value, path) draws its graph"
    kind = type(model).__name__
    if isinstance(model, (dict, str, Path)):
        return f"a {kind}: write save(model, path)"
    return (
        f"{model!r:.200} of {kind}; the numbers of anything else with parameters "
        "are in its state_dict()"
    )


def _name(activation: Any, role: str) -> str:
    name = activations.name_of(activation)
    if name is None:
        raise ValueError(
            f"the model's {role} is {activation!r}, a function that nn.activations has no name "
            f"for, so a file cannot say what it is: use one of its names to save the model"
        )
    return name

"""A scalar automatic differentiation engine that you can see, step through and trust."""

from __future__ import annotations

import importlib
import typing

from autograd_mini import errors, functions, transforms
from autograd_mini.contexts import detect_anomaly, is_tracing, no_grad, record_source
from autograd_mini.errors import *
from autograd_mini.functions import *
from autograd_mini.graph import topological_order
from autograd_mini.ops import OPS, Op, register
from autograd_mini.steps import ForwardStep, Step, Trace
from autograd_mini.transforms import *
from autograd_mini.value import Value, apply

if typing.TYPE_CHECKING:
    from autograd_mini.compiler import Program, compile, jit
    from autograd_mini.drawing import draw, save, text_tree, to_dot, to_mermaid, to_svg
    from autograd_mini.player import show

__version__ = "0.1.0"

__all__ = [
    "OPS",
    "ForwardStep",
    "Op",
    "Program",
    "Step",
    "Trace",
    "Value",
    "apply",
    "compile",
    "detect_anomaly",
    "draw",
    "is_tracing",
    "jit",
    "no_grad",
    "record_source",
    "register",
    "save",
    "show",
    "text_tree",
    "to_dot",
    "to_mermaid",
    "to_svg",
    "topological_order",
]
__all__ += errors.__all__
__all__ += functions.__all__
__all__ += transforms.__all__


_LATER: typing.Final = {  # package: the names that load it when they are first asked for
    "autograd_mini.compiler": ("Program", "compile", "jit"),
    "autograd_mini.drawing": ("draw", "save", "text_tree", "to_dot", "to_mermaid", "to_svg"),
    "autograd_mini.player": ("show",),
}


def __getattr__(name: str) -> object:
    """Load the compiler and the drawings when they are first asked for."""
    for package, names in _LATER.items():
        if name in names:
            found = getattr(importlib.import_module(package), name)
            globals()[name] = found
            return found
    from autograd_mini.guesses import NAMES as _NAMES
    from autograd_mini.guesses import missing as _missing

    raise _missing(__name__, name, _NAMES, __all__)

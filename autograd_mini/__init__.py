"""A scalar automatic differentiation engine that you can see, step through and trust."""

from __future__ import annotations

import importlib
import typing

from autograd_mini.contexts import detect_anomaly, is_tracing, no_grad, record_source
from autograd_mini.errors import (
    AnomalyError,
    DetachedWarning,
    DivisionError,
    DomainError,
    RangeError,
    RenderError,
    StaleWarning,
    TraceError,
)
from autograd_mini.functions import (
    acos,
    amax,
    asin,
    atan,
    atan2,
    clamped_log,
    clamped_log1p,
    clip,
    cos,
    cosh,
    dot,
    elu,
    erf,
    erfc,
    exp,
    expm1,
    gelu,
    greater,
    hardtanh,
    huber,
    hypot,
    leaky_relu,
    less,
    log,
    log1p,
    log_cosh,
    log_or_nan,
    log_sigmoid,
    logsumexp,
    maximum,
    mean,
    minimum,
    mish,
    norm,
    primitive,
    product,
    quotient,
    relu,
    sigmoid,
    silu,
    sin,
    sinh,
    softplus,
    softshrink,
    softsign,
    sqrt,
    take,
    tan,
    tanh,
    tanhshrink,
    total,
    where,
    xlogy,
)
from autograd_mini.graph import topological_order
from autograd_mini.ops import OPS, Op, register
from autograd_mini.steps import ForwardStep, Step, Trace
from autograd_mini.transforms import derivative, grad, hessian, hvp, jacobian, value_and_grad
from autograd_mini.value import Value, apply

if typing.TYPE_CHECKING:
    from autograd_mini.compiler import Program, compile, jit
    from autograd_mini.drawing import draw, save, text_tree, to_dot, to_mermaid, to_svg
    from autograd_mini.player import show

__version__ = "0.1.0"

__all__ = [
    "OPS",
    "AnomalyError",
    "DetachedWarning",
    "DivisionError",
    "DomainError",
    "ForwardStep",
    "Op",
    "Program",
    "RangeError",
    "RenderError",
    "StaleWarning",
    "Step",
    "Trace",
    "TraceError",
    "Value",
    "acos",
    "amax",
    "apply",
    "asin",
    "atan",
    "atan2",
    "clamped_log",
    "clamped_log1p",
    "clip",
    "compile",
    "cos",
    "cosh",
    "derivative",
    "detect_anomaly",
    "dot",
    "draw",
    "elu",
    "erf",
    "erfc",
    "exp",
    "expm1",
    "gelu",
    "grad",
    "greater",
    "hardtanh",
    "hessian",
    "huber",
    "hvp",
    "hypot",
    "is_tracing",
    "jacobian",
    "jit",
    "leaky_relu",
    "less",
    "log",
    "log1p",
    "log_cosh",
    "log_or_nan",
    "log_sigmoid",
    "logsumexp",
    "maximum",
    "mean",
    "minimum",
    "mish",
    "no_grad",
    "norm",
    "primitive",
    "product",
    "quotient",
    "record_source",
    "register",
    "relu",
    "save",
    "show",
    "sigmoid",
    "silu",
    "sin",
    "sinh",
    "softplus",
    "softshrink",
    "softsign",
    "sqrt",
    "take",
    "tan",
    "tanh",
    "tanhshrink",
    "text_tree",
    "to_dot",
    "to_mermaid",
    "to_svg",
    "topological_order",
    "total",
    "value_and_grad",
    "where",
    "xlogy",
]


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

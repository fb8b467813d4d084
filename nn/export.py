"""Take a network elsewhere: ONNX for other programs, PyTorch to train on where this ends.

Both ways the weights stay float64, so that predictions agree to rounding (gelu in ONNX: to seven
digits). An exported network answers a batch (N, D) with a batch (N, n_out).
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any, Final

from nn import activations
from nn.errors import extra_module
from nn.layers import Layer
from nn.network import FNN, foreign_layer, has_layers_only

# How each activation is written in ONNX's text syntax: y from x, in steps a, b, ...
# Compositions are the stable forms of `nn.activations`.
_ONNX: Final = {
    "identity": "y = Identity(x)",
    "sigmoid": "y = Sigmoid(x)",
    "tanh": "y = Tanh(x)",
    "relu": "y = Relu(x)",
    "leaky_relu": "a = Relu(x); b = Min(x, {0.0}); c = Mul(b, {0.01}); y = Add(a, c)",
    "elu": "a = Relu(x); b = Min(x, {0.0}); c = Exp(b); d = Sub(c, {1.0}); y = Add(a, d)",
    "selu": "a = Relu(x); b = Min(x, {0.0}); c = Exp(b); d = Sub(c, {1.0}); "
    "e = Mul(d, {1.6732632423543772}); g = Add(a, e); y = Mul(g, {1.0507009873554805})",
    "softplus": "a = Abs(x); b = Neg(a); c = Exp(b); d = Add(c, {1.0}); e = Log(d); g = Relu(x); "
    "y = Add(g, e)",
    "log_sigmoid": "a = Abs(x); b = Neg(a); c = Exp(b); d = Add(c, {1.0}); e = Log(d); "
    "g = Min(x, {0.0}); y = Sub(g, e)",
    "softsign": "a = Abs(x); b = Add(a, {1.0}); y = Div(x, b)",
    "silu": "a = Sigmoid(x); y = Mul(x, a)",
    # runtimes have Erf in single precision only
    "gelu": "a = Mul(x, {0.7071067811865476}); e = Cast<to = 1>(a); g = Erf(e); "
    "b = Cast<to = 11>(g); c = Add(b, {1.0}); d = Mul(x, c); y = Mul(d, {0.5})",
    "gelu_tanh": "a = Mul(x, x); b = Mul(a, {0.044715}); c = Add(b, {1.0}); d = Mul(x, c); "
    "e = Mul(d, {1.5957691216057308}); g = Sigmoid(e); y = Mul(x, g)",
    "mish": "a = Abs(x); b = Neg(a); c = Exp(b); d = Add(c, {1.0}); e = Log(d); g = Relu(x); "
    "h = Add(g, e); i = Tanh(h); y = Mul(x, i)",
    "hardtanh": "a = Max(x, {-1.0}); y = Min(a, {1.0})",
    "relu6": "a = Relu(x); y = Min(a, {6.0})",
    "hardsigmoid": "a = Div(x, {6.0}); b = Add(a, {0.5}); c = Relu(b); y = Min(c, {1.0})",
    "hardswish": "a = Div(x, {6.0}); b = Add(a, {0.5}); c = Relu(b); d = Min(c, {1.0}); "
    "y = Mul(x, d)",
    "tanhshrink": "a = Tanh(x); y = Sub(x, a)",
    "softshrink": "a = Max(x, {-0.5}); b = Min(a, {0.5}); y = Sub(x, b)",
    "abs": "y = Abs(x)",
    "square": "y = Mul(x, x)",
    "sin": "y = Sin(x)",
    "gaussian": "a = Mul(x, x); b = Neg(a); y = Exp(b)",
    "exp": "y = Exp(x)",
    "softmax": "y = Softmax<axis = 1>(x)",
    "log_softmax": "y = LogSoftmax<axis = 1>(x)",
}

# The PyTorch module of each activation: its class and arguments.
_TORCH: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "identity": ("Identity", {}),
    "sigmoid": ("Sigmoid", {}),
    "tanh": ("Tanh", {}),
    "relu": ("ReLU", {}),
    "leaky_relu": ("LeakyReLU", {"negative_slope": 0.01}),
    "elu": ("ELU", {"alpha": 1.0}),
    "selu": ("SELU", {}),
    "softplus": ("Softplus", {"beta": 1.0, "threshold": 800.0}),  # never PyTorch's straight line
    "log_sigmoid": ("LogSigmoid", {}),
    "softsign": ("Softsign", {}),
    "silu": ("SiLU", {}),
    "gelu": ("GELU", {"approximate": "none"}),
    "gelu_tanh": ("GELU", {"approximate": "tanh"}),
    "mish": ("Mish", {}),
    "hardtanh": ("Hardtanh", {"min_val": -1.0, "max_val": 1.0}),
    "relu6": ("ReLU6", {}),
    "hardsigmoid": ("Hardsigmoid", {}),
    "hardswish": ("Hardswish", {}),
    "tanhshrink": ("Tanhshrink", {}),
    "softshrink": ("Softshrink", {"lambd": 0.5}),
    "softmax": ("Softmax", {"dim": -1}),
    "log_softmax": ("LogSoftmax", {"dim": -1}),
}
# Those that PyTorch has as functions only.
_TORCH_FUNCTIONS: Final = ("abs", "square", "sin", "exp", "gaussian")


def to_onnx(model: FNN, path: str | Path | None = None) -> Any:
    """Return the network as an ONNX model, and write it to a file if there is a path.

    Its input `x` has the shape (N, D), its output `y` (N, n_out); both are float64.

    Args:
        model: A network whose activations have names.
        path: Where to write it, `.onnx`.

    Raises:
        ImportError: If `onnx` is not installed.
        TypeError: If the model is not an FNN.
        ValueError: If an activation is a function of the user's own.

    Example:
        >>> import onnx
        >>> from nn import FNN, to_onnx
        >>> to_onnx(FNN([2, 3, 1], seed=0)).graph.node[0].op_type
        'Gemm'
    """
    model = _checked(model, "to_onnx")
    onnx = extra_module("onnx", "to_onnx needs onnx", "'autograd_mini[export]'")
    tensor = import_module("onnx.numpy_helper").from_array
    lines: list[str] = []
    tensors: list[Any] = []
    for i, layer in enumerate(model.layers):
        W, b = layer.arrays()
        tensors += [tensor(W, f"W{i}"), tensor(b, f"b{i}")]
        before = "x" if i == 0 else f"h{i - 1}"
        after = "y" if i == len(model.layers) - 1 else f"h{i}"
        lines.append(f"z{i} = Gemm({before}, W{i}, b{i})")
        lines += _onnx_activation(_named(layer, i), i, after)
    body = "\n".join(lines)
    exported = onnx.parser.parse_model(
        f'<ir_version: 8, opset_import: ["": 17]>\n'
        f"fnn (double[N, {model.layers[0].n_in}] x) => (double[N, {model.layers[-1].n_out}] y) "
        f"{{\n{body}\n}}"
    )
    exported.graph.initializer.extend(tensors)
    onnx.checker.check_model(exported, full_check=True)
    if path is not None:
        onnx.save(exported, str(path))
    return exported


def to_torch(model: FNN) -> Any:
    """Return the network as a `torch.nn.Sequential` of Linear layers and activations, float64.

    Raises:
        ImportError: If PyTorch is not installed.
        TypeError: If the model is not an FNN.
        ValueError: If an activation is a function of the user's own.

    Example:
        >>> import torch
        >>> from nn import FNN, to_torch
        >>> model = FNN([2, 3, 1], "tanh", seed=0)
        >>> module = to_torch(model)
        >>> [type(part).__name__ for part in module]
        ['Linear', 'Tanh', 'Linear']
        >>> x = [0.5, -1.0]
        >>> abs(module(torch.tensor(x, dtype=torch.float64)).item() - model(x).data) < 1e-12
        True
    """
    model = _checked(model, "to_torch")
    torch = extra_module("torch", "this needs PyTorch", "torch")
    modules: list[Any] = []
    for i, layer in enumerate(model.layers):
        W, b = layer.arrays()
        bias = layer.neurons[0].b is not None
        linear = torch.nn.Linear(layer.n_in, layer.n_out, bias=bias, dtype=torch.float64)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(W.T.copy()))
            if bias:
                linear.bias.copy_(torch.from_numpy(b))
        modules.append(linear)
        if (name := _named(layer, i)) != "identity":
            modules.append(_torch_activation(name, torch))
    return torch.nn.Sequential(*modules)


def from_torch(module: object) -> FNN:
    """Return a plain stack of `torch.nn.Linear` and activations as an FNN.

    Args:
        module: A `torch.nn.Sequential`, such as `to_torch` makes; all hidden activations are
            of one kind.

    Raises:
        ImportError: If PyTorch is not installed.
        ValueError: If it holds anything else; the message names it.

    Example:
        >>> from torch.nn import Linear, ReLU, Sequential
        >>> from nn import from_torch
        >>> from_torch(Sequential(Linear(2, 3), ReLU(), Linear(3, 1)))
        FNN([2, 3, 1], activation='relu', output_activation='identity')
    """
    linears, names = _stack(module, extra_module("torch", "this needs PyTorch", "torch"))
    hidden = set(names[:-1])
    if not linears or len(hidden) > 1:
        raise ValueError(
            "an FNN has Linear layers with one activation for all hidden ones, but this stack "
            f"has {len(linears)} Linear layers and the activations {names}"
        )
    biases = {linear.bias is not None for linear in linears[:-1]}
    if len(biases) > 1:
        raise ValueError("the hidden layers of an FNN must all have a bias, or none of them")
    model = FNN(
        [linears[0].in_features, *[linear.out_features for linear in linears]],
        names[0] if hidden else "identity",
        names[-1],
        bias=biases.pop() if biases else True,
        output_bias=linears[-1].bias is not None,
        seed=0,
    )
    for layer, linear in zip(model.layers, linears, strict=True):
        W = linear.weight.detach().double().T
        layer.set_arrays(W, 0.0 * W[0] if linear.bias is None else linear.bias.detach().double())
    return model


def _stack(module: Any, torch: Any) -> tuple[list[Any], list[str]]:
    """Return the Linear layers of a stack, and the name of the activation after each."""
    linears: list[Any] = []
    names: list[str] = []
    if not isinstance(module, torch.nn.Sequential):
        raise ValueError(f"from_torch reads a torch.nn.Sequential, but got {module!r:.200}")
    for part in module:
        if isinstance(part, torch.nn.Linear):
            if len(names) < len(linears):
                names.append("identity")
            if linears and part.in_features != linears[-1].out_features:
                raise ValueError(f"{part} does not take what {linears[-1]} gives")
            linears.append(part)
        elif len(names) == len(linears) - 1:
            names.append(_name_of_torch(part))
        else:
            raise ValueError(f"each activation follows one Linear layer, but {part} does not")
    return linears, names + ["identity"] * (len(linears) - len(names))


def _named(layer: Layer, i: int) -> str:
    applied = layer.applied()
    if applied is None:
        raise ValueError(
            f"the units of layers.{i} do not all compute {layer!r}, which has no counterpart "
            "elsewhere: a network can be exported if each layer applies one activation"
        )
    name = activations.name_of(applied)
    if name is None or name not in _ONNX:
        raise ValueError(
            f"{applied!r} has no counterpart elsewhere: a network can be exported if "
            f"its activations are among {', '.join(_ONNX)}"
        )
    return name


def _onnx_activation(name: str, i: int, after: str) -> list[str]:
    """Return the lines that compute layer i's activation from z{i}, each name made unique."""
    lines: list[str] = []
    for step in _ONNX[name].split("; "):
        target, call = step.split(" = ", 1)
        head, _, arguments = call.partition("(")
        operands: list[str] = []
        for operand in arguments.rstrip(")").split(", "):
            if operand.startswith("{"):
                constant = f"z{i}_constant{len(lines)}"
                lines.append(f"{constant} = Constant<value = double {operand}>()")
                operands.append(constant)
            else:
                operands.append(f"z{i}" if operand == "x" else f"z{i}_{operand}")
        result = after if target == "y" else f"z{i}_{target}"
        lines.append(f"{result} = {head}({', '.join(operands)})")
    return lines


def _torch_activation(name: str, torch: Any) -> Any:
    if name in _TORCH:
        kind, settings = _TORCH[name]
        return getattr(torch.nn, kind)(**settings)

    def forward(_self: Any, x: Any) -> Any:
        return torch.exp(-x * x) if name == "gaussian" else getattr(torch, name)(x)

    return type(name.capitalize(), (torch.nn.Module,), {"forward": forward})()


def _name_of_torch(part: Any) -> str:
    kind = type(part).__name__
    for name, (known, settings) in _TORCH.items():
        if kind == known and all(
            _is_as_here(key, getattr(part, key, value), value) for key, value in settings.items()
        ):
            return name
    for name in _TORCH_FUNCTIONS:
        if kind == name.capitalize():
            return name
    raise ValueError(
        "from_torch reads Linear layers and activations with PyTorch's default settings, "
        f"not {part}"
    )


def _is_as_here(key: str, theirs: Any, ours: Any) -> bool:
    """Return whether a setting of a PyTorch module means what ours does on a batch (N, D)."""
    if key == "dim":
        return theirs in (1, -1, None)
    if key == "threshold":  # the straight line above PyTorch's 20 differs by 2e-9
        return theirs >= 20.0
    return theirs == ours


def _checked(model: Any, who: str) -> FNN:
    if not has_layers_only(model):
        raise TypeError(f"{who} takes an FNN, but got {model!r:.200} of {type(model).__name__}")
    if (foreign := foreign_layer(model)) is not None:
        raise ValueError(f"{foreign}, so it has no counterpart elsewhere")
    return model

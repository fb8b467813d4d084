"""Names that people bring from PyTorch, JAX, NumPy, Keras and micrograd, and what to write here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NoReturn

__all__ = ["METHODS", "NAMES", "Elsewhere", "advice"]

# fmt: off
NAMES: Final = {  # in the place of `autograd_mini.`
    **dict.fromkeys(("Tensor", "tensor", "Variable", "Parameter", "Scalar", "array"),
                    "Value(2.0)"),
    **dict.fromkeys(("Module", "Linear", "Neuron", "Layer", "MLP", "FNN", "Sequential", "fit"),
                    "import nn: nn.FNN, nn.Layer, nn.Neuron, nn.fit"),
    **dict.fromkeys(("SGD", "Adam", "AdamW", "optim"), "import nn: nn.SGD, nn.Adam, nn.AdamW"),
    **dict.fromkeys(("mse", "mse_loss", "cross_entropy", "bce_loss"), "nn.losses.mse_loss and its kind"),
    "softmax": "nn.activations.softmax(xs)", "log_softmax": "nn.activations.log_softmax(xs)",
    "sum": "total(xs), or Python's sum(xs)", "add": "x + y, or total(xs)", "abs": "abs(x)",
    "absolute": "abs(x)", "prod": "product(xs)", "mul": "x * y", "multiply": "x * y",
    "sub": "x - y", "subtract": "x - y", "div": "x / y", "divide": "x / y", "neg": "-x",
    "negative": "-x", "pow": "x ** y", "power": "x ** y", "square": "x ** 2", "reciprocal": "1 / x",
    "max": "maximum(x, y), or amax(xs)", "min": "minimum(x, y)", "clamp": "clip(x, low, high)",
    "matmul": "dot(ws, xs) for each row", "inner": "dot(ws, xs)", "einsum": "dot(ws, xs)",
    "linear": "dot(ws, xs, bias)", "ln": "log(x)", "log2": "log(x) / math.log(2)",
    "log10": "log(x) / math.log(10)", "arcsin": "asin(x)", "arccos": "acos(x)",
    "arctan": "atan(x)", "arctan2": "atan2(y, x)", "swish": "silu(x)", "expit": "sigmoid(x)",
    "ReLU": "relu(x)", "Tanh": "tanh(x)", "Sigmoid": "sigmoid(x)", "GELU": "gelu(x)",
    "backward": "loss.backward()", "vjp": "y.backward(seed)", "jacrev": "jacobian(f)",
    "jacfwd": "jacobian(f)", "gradient": "grad(f)", "diff": "derivative(f)",
    "gradcheck": "autograd_mini.testing.check_gradients(f, x)", "draw_dot": "draw(root)",
    "check_grads": "autograd_mini.testing.check_gradients(f, x)", "trace": "Trace(root)",
    "plot": "draw(root)", "stop_gradient": "x.detach()", "custom_vjp": "@primitive(partials=...)",
    "Function": "@primitive(partials=...)", "from_numpy": "Value(x) for each number",
    "enable_grad": "no_grad() around what needs none", "set_grad_enabled": "no_grad()",
}

METHODS: Final = {  # in the place of `x.`, for a Value x
    "abs": "abs(x)", "pow": "x ** y", "square": "x ** 2", "reciprocal": "1 / x", "neg": "-x",
    "add": "x + y", "sub": "x - y", "mul": "x * y", "div": "x / y", "matmul": "dot(ws, xs)",
    "dot": "dot(ws, xs)", "sum": "total(xs), or Python's sum(xs)", "mean": "mean(xs)",
    "max": "maximum(x, y)", "min": "minimum(x, y)", "clamp": "clip(x, low, high)",
    "clip": "clip(x, low, high)", "softmax": "nn.activations.softmax(xs)",
    "log_softmax": "nn.activations.log_softmax(xs)", "silu": "silu(x)", "gelu": "gelu(x)",
    "elu": "elu(x)", "erfinv": "erf(x)", "arctan": "atan(x)", "arcsin": "asin(x)",
    "arccos": "acos(x)", "value": "x.data", "val": "x.data", "numpy": "x.data", "tolist": "x.data",
    "gradient": "x.grad", "children": "x.inputs", "prev": "x.inputs", "parents": "x.inputs",
    "grad_fn": "x.op and x.inputs", "name": "x.label", "zero_": "x.grad = 0.0",
    "zero_grad_": "x.zero_grad()", "backprop": "x.backward()", "backwards": "x.backward()",
    "requires_grad": "every Value has a gradient; detach() or no_grad() leave it out",
    "requires_grad_": "every Value has a gradient; detach() or no_grad() leave it out",
    "retain_grad": "x.grad, which every Value keeps", "shape": "a Value is one number: no shape",
    "plot": "draw(x)", "draw": "draw(x)", "to_svg": "to_svg(x)", "trace": "Trace(x)",
}
# fmt: on


class Elsewhere:
    """A method that others' engines have: asking a Value for it says what to write here."""

    __slots__ = ("name", "said")

    def __init__(self, name: str, said: str) -> None:
        self.name = name
        self.said = said

    def __get__(self, x: object, owner: type) -> NoReturn:
        raise AttributeError(
            f"{owner.__name__!r} object has no attribute {self.name!r}: write {self.said}",
            name=self.name,
            obj=x,
        )


def advice(name: str, guesses: Mapping[str, str], known: Iterable[str] = ()) -> str:
    """Return what to say about a name that does not exist: what to write, or which name is near.

    Example:
        >>> advice("clamp", NAMES), advice("tanhh", NAMES, ["tanh"]), advice("qqq", NAMES)
        (': write clip(x, low, high)', ': did you mean tanh?', '')
    """
    if name in guesses:
        return f": write {guesses[name]}"
    if name.startswith("_"):
        return ""
    from difflib import get_close_matches

    near = get_close_matches(name, list(known), n=1, cutoff=0.75)
    return f": did you mean {near[0]}?" if near else ""

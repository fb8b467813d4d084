"""Names that people bring from PyTorch, JAX, NumPy, Keras and micrograd, and what to write here."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.machinery import PathFinder
from opcode import opmap
from types import FrameType
from typing import Final, NoReturn

__all__ = ["advise", "answer", "answer_imports", "missing"]  # to nn

# fmt: off
NAMES: Final = {  # for `autograd_mini.`
    **dict.fromkeys(("Tensor", "tensor", "Variable", "Parameter", "Scalar", "array"),
                    "Value(2.0)"),
    **dict.fromkeys(("Module", "Linear", "Neuron", "Layer", "MLP", "FNN", "Sequential", "fit"),
                    "import nn: nn.FNN, nn.Layer, nn.Neuron, nn.fit"),
    **dict.fromkeys(("SGD", "Adam", "AdamW", "optim"), "import nn: nn.SGD, nn.Adam, nn.AdamW"),
    **dict.fromkeys(("mse", "mse_loss", "cross_entropy", "bce_loss"), "nn.losses.mse_loss and its kind"),
    **{name: f"nn.activations.{name}(x)" for name in (
        "softmax", "log_softmax", "relu6", "selu", "hardsigmoid", "hardswish", "gelu_tanh")},
    "nn": "import nn", "losses": "import nn: nn.losses", "plots": "import nn: nn.plots",
    **dict.fromkeys(("sum", "fsum"), "total(xs), or Python's sum(xs)"), "add": "x + y, or total(xs)", "abs": "abs(x)",
    "absolute": "abs(x)", "fabs": "abs(x)", "fmean": "mean(xs)", "sumprod": "dot(ws, xs)", "prod": "product(xs)", "mul": "x * y", "multiply": "x * y",
    "sub": "x - y", "subtract": "x - y", "div": "x / y", "divide": "x / y", "neg": "-x",
    "negative": "-x", "pow": "x ** y", "power": "x ** y", "square": "x ** 2", "reciprocal": "1 / x",
    "max": "maximum(x, y), or amax(xs)", "min": "minimum(x, y)", "clamp": "clip(x, low, high)",
    "matmul": "dot(ws, xs) for each row", "inner": "dot(ws, xs)", "einsum": "dot(ws, xs)",
    "linear": "dot(ws, xs, bias)", "ln": "log(x)", "log2": "log(x) / math.log(2)",
    "exp2": "2.0 ** x", "rsqrt": "x ** -0.5", "cbrt": "x ** (1 / 3)", "var": "mean of (x - mean(xs)) ** 2",
    "std": "sqrt of the mean of (x - mean(xs)) ** 2", "sign": "where(greater(x, 0), 1.0, -1.0)",
    "argmax": "max(range(len(xs)), key=xs.__getitem__)", "relu_": "relu(x)",
    "argmin": "min(range(len(xs)), key=xs.__getitem__)", "gather": "take(values, index)",
    "randn": "[Value(random.gauss(0.0, 1.0)) for _ in range(n)]", "rand": "[Value(random.random()) for _ in range(n)]",
    "zeros": "[Value(0.0) for _ in range(n)]", "ones": "[Value(1.0) for _ in range(n)]",
    "stack": "a list of Values", "cat": "xs + ys, of two lists", "concatenate": "xs + ys, of two lists",
    "vmap": "compile(f, *example), whose programs take a batch", "jvp": "jacobian(f), or hvp(f)",
    "draw_graph": "draw(root)", "visualize": "draw(root)", "make_dot": "draw(root)", "debug": "loss.debug()",
    "check_gradients": "from autograd_mini.testing import check_gradients",
    "check_engine": "from autograd_mini.testing import check_engine",
    "check_backward": "from autograd_mini.testing import check_backward",
    "load": "import nn: nn.load(path)", "Playground": "import nn: nn.Playground",
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

CHECKS: Final = {  # for `autograd_mini.testing.`
    **dict.fromkeys(("check_grad", "check_grads", "gradient_check", "grad_check", "test_util",
                     "numerical_gradient"), "check_gradients(f, *inputs)"),
    "gradgradcheck": "check_gradients(f, *inputs, order=2)", "check_vjp": "check_backward(f, backward, *inputs)",
    "floats": "finite(low, high)", "integers": "hypothesis.strategies.integers()",
}

METHODS: Final = {  # for `x.`, for a Value x
    **{name: NAMES[name] for name in (
        "abs", "arccos", "arcsin", "arctan", "clamp", "div", "ln", "log10", "log2", "min", "mul", "neg",
        "negative", "pow", "reciprocal", "relu6", "sign", "square", "sub", "sum")},
    **{name: f"{name}(x)" for name in (
        "draw", "elu", "gelu", "leaky_relu", "silu", "text_tree", "to_svg")},
    **dict.fromkeys(("numpy", "tolist", "val", "value"), "x.data"),
    **dict.fromkeys(("_children", "children", "parents", "prev"), "x.inputs"),
    **dict.fromkeys(("backprop", "backwards", "differentiate"), "x.backward()"),
    **dict.fromkeys(("cpu", "cuda", "to"), "nothing: there is one device"),
    **dict.fromkeys(("requires_grad", "requires_grad_"),
                    "nothing: every Value has a gradient; detach() or no_grad() leave it out"),
    **dict.fromkeys(("ndim", "reshape", "shape", "size", "view"), "float(x): a Value is one number"),
    "add": "x + y", "clip": "clip(x, low, high)", "clone": "copy.copy(x)", "dot": "dot(ws, xs)",
    "dtype": "float(x): a Value is a float", "erfinv": "erf(x)", "grad_fn": "x.op and x.inputs",
    "gradient": "x.grad", "is_leaf_": "x.is_leaf", "log_softmax": "nn.activations.log_softmax(xs)",
    "matmul": "dot(ws, xs)", "max": "maximum(x, y)", "mean": "mean(xs)", "name": "x.label",
    "plot": "draw(x)", "render": "save(x, path)", "retain_grad": "x.grad, which every Value keeps",
    "save": "save(x, path)", "softmax": "nn.activations.softmax(xs)", "steps": "x.backward_steps()",
    "t": "x, a single number", "T": "x, a single number", "to_html": "Trace(x).to_html(path)",
    "trace": "Trace(x)", "zero_": "x.grad = 0.0", "zero_grad_": "x.zero_grad()",
    "_backward": "for step in x.backward_steps(), edge by edge; an operation of your own is a @primitive",
}

MODULES: Final = {  # for `import autograd_mini.`
    **dict.fromkeys(("engine", "tensor", "variable", "scalar", "node"), "from autograd_mini import Value"),
    **dict.fromkeys(("functional", "numpy", "math", "operations"), "from autograd_mini import exp, tanh, total"),
    **dict.fromkeys(("viz", "visualize", "graphviz", "plot", "draw"), "from autograd_mini import draw"),
    **dict.fromkeys(("autograd", "grad", "differentiate"), "from autograd_mini import grad"),
    **dict.fromkeys(("test_util", "gradcheck"), "from autograd_mini.testing import check_gradients"),
    **dict.fromkeys(("nn", "layers", "modules", "models"), "from nn import FNN, fit"),
    **dict.fromkeys(("optim", "optimizers"), "from nn import SGD, Adam"),
}
# fmt: on


class Guess:
    """A method that others' engines have: asking for it, or setting it, says what to write here."""

    __slots__ = ("name", "said")

    def __init__(self, name: str, said: str) -> None:
        self.name = name
        self.said = said

    def __get__(self, x: object, owner: type) -> object:
        own = getattr(x, "__dict__", {})
        if self.name in own:
            return own[self.name]
        raise AttributeError(
            f"{owner.__name__!r} object has no attribute {self.name!r}: write {self.said}",
            name=self.name,
            obj=x,
        )

    def __set__(self, x: object, value: object) -> None:
        if not hasattr(x, "__dict__"):
            self.__get__(x, type(x))
        vars(x)[self.name] = value


def advise(owner: type, guesses: Mapping[str, str]) -> None:
    """Let the instances of a class answer methods that they lack with what to write."""
    for name, said in guesses.items():
        setattr(owner, name, Guess(name, said))


class Imports:
    """Asked for a module when no other finder knows it: answers those that others' packages have."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        """Raise ModuleNotFoundError with what to write, if that can be guessed."""
        package, _, module = name.rpartition(".")
        if package in _packages:
            split = [other.rpartition(".") for other in sys.modules]
            known = [other for above, _, other in split if above == package]
            said = advice(module, _packages[package], known)
            # test runners ask each finder with a path of their own
            if said and PathFinder.find_spec(name, sys.modules[package].__path__) is None:
                raise ModuleNotFoundError(f"No module named {name!r}{said}", name=name)


_packages: Final[dict[str, Mapping[str, str]]] = {}


def answer_imports(package: str, guesses: Mapping[str, str]) -> None:
    """Let a package answer an import of a module that it lacks with what to write."""
    _packages[package] = guesses
    if Imports not in sys.meta_path:
        sys.meta_path.append(Imports)


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

    folded = {other.casefold(): other for other in (*guesses, *known)}
    near = get_close_matches(name.casefold(), folded, n=1, cutoff=0.75)
    if not near:
        return ""
    meant = folded[near[0]]
    return f": write {guesses[meant]}" if meant in guesses else f": did you mean {meant}?"


def wrong_argument(name: str, *_: str) -> TypeError:
    """Return the error of an argument of Value() that only others' numbers have."""
    ours = {"name": "label=", "_op": "@primitive", "_children": "@primitive"}
    said = ours.get(name) or METHODS.get(name)
    advice = f"write {said}" if said else "it has data, label"
    return TypeError(f"Value() has no argument {name!r}: {advice}")


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """Return `: did you mean tanh?`, or nothing if no word is near."""
    from difflib import get_close_matches

    near = get_close_matches(word, list(words), n=1)
    return f": did you mean {near[0]}?" if near else ""


def missing(
    module: str, name: str, guesses: Mapping[str, str], known: Iterable[str]
) -> AttributeError | ImportError:
    """Return the error for a name that a module lacks; its `__getattr__` raises it.

    `from module import name` hides what an AttributeError says: it gets an ImportError.
    """
    said = advice(name, guesses, known)
    asker: FrameType = vars(sys)["_getframe"](2)
    if asker.f_code.co_code[asker.f_lasti] == opmap["IMPORT_FROM"]:
        return ImportError(f"cannot import name {name!r} from {module!r}{said}", name=name)
    return AttributeError(f"module {module!r} has no attribute {name!r}{said}")


def answer(module: str, known: Sequence[str], guesses: Mapping[str, str] = NAMES) -> None:
    """Let a module answer names that it lacks with what to write."""

    def __getattr__(name: str) -> NoReturn:
        raise missing(module, name, guesses, known)

    vars(sys.modules[module])["__getattr__"] = __getattr__

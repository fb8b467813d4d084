"""FNN: the lecture's deep feedforward network, a composition of layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any, Final, cast
from weakref import WeakKeyDictionary

from autograd_mini import Program, Value, compile, no_grad
from autograd_mini.contexts import collector_paused
from autograd_mini.frames import is_watched, warn
from autograd_mini.words import aligned, counted
from nn import activations, initializers
from nn.activations import Activation
from nn.arrays import Floats, as_array, as_floats, spans
from nn.errors import whole_number
from nn.guesses import keywords, unlike
from nn.initializers import Initializer
from nn.layers import Layer, Module, Neuron, activation_code, as_inputs, under

OPTIONS: Final = ("activation", "output_activation", "bias", "output_bias", "fused")
WORTH_ARRAYS: Final = 10  # examples from which on matrix products pay
WORTH_COMPILING: Final = 100  # and a program, here and in training
PREDICTED: Final = 2048  # examples that are computed at once
AGREEMENT: Final = 1e-6  # of the numbers compared: wrong programs differ by far more


class FNN(Module):
    """A feedforward network: h¹ = σ(W¹ᵀx + b¹), hˡ = σ(Wˡᵀhˡ⁻¹ + bˡ), y = Vᵀhᴸ + c.

    The lecture's forms are options: `FNN([D, 1])` is a linear model, `FNN([D, K, 1],
    output_bias=False)` is y = vᵀσ(Wᵀx + b), `activation="abs"` composes |x| networks. The lecture
    prints Wx with W of size D×K, and f_L ∘ f_{L-1} ∘ f_1 without the dots; it means Wᵀx and all
    the layers between, which is what this computes. The lecture's L counts the output layer on
    one slide and not on another; `sizes` lists every width.

    Args:
        sizes: [D, K1, ..., KL, n_out]: inputs, hidden layers, outputs.
        activation: σ of the hidden layers: a name or a function of one Value.
        output_activation: The activation of the last layer; softmax and log_softmax, too.
        bias: Whether hidden units have a bias.
        output_bias: Whether output units have one.
        init: "auto", the name of an initializer, or a function (fan_in, fan_out, rng) -> float.
        seed: The seed of the weights; None draws them from the global generator of `random`.
        fused: Compute each wᵀx + b as one `dot` node; False builds products and sums.

    Attributes:
        layers: The layers, hidden ones first.
        sizes: The sizes as given, in a list.

    Raises:
        ValueError: If there are fewer than two sizes, a size is not a whole number above 0, or
            the hidden activation is one for whole layers.

    Example:
        >>> model = FNN([2, 3, 1], seed=0)
        >>> len(model.parameters())
        13
        >>> type(model([0.5, -1.0])).__name__
        'Value'
    """

    @keywords
    def __init__(
        self,
        sizes: Sequence[int],
        activation: str | Activation | None = "tanh",
        output_activation: str | Activation | None = "identity",
        *,
        bias: bool = True,
        output_bias: bool = True,
        init: str | Initializer = "auto",
        seed: int | None = None,
        fused: bool = True,
    ) -> None:
        rng = None if seed is None else Random(initializers.plain_seed(seed))
        self.sizes = _checked_sizes(sizes)
        self.activation = activations.of_units(activation)
        self.output_activation = activations.get(output_activation)
        self.bias, self.output_bias, self.fused = bias, output_bias, fused
        last = len(self.sizes) - 2
        self.layers: list[Layer] = []
        with collector_paused():
            for i, (n_in, n_out) in enumerate(pairwise(self.sizes)):
                sigma = self.output_activation if i == last else self.activation
                with_bias = output_bias if i == last else bias
                layer = Layer(n_in, n_out, sigma, with_bias, init=init, rng=rng, fused=fused)
                layer.relabel(f"layers.{i}.")
                self.layers.append(layer)
                if i < last:
                    _warn_of_equal_units(layer, i)

    @keywords
    def __call__(self, x: Any) -> Any:
        """Return the output for one example: a Value if the last width is 1, else a list.

        Args:
            x: D numbers or Values; for D = 1 also a bare number.

        Raises:
            ValueError: If there are not D of them.
        """
        hs = as_inputs(x, self.sizes[0], "this network")
        for layer in self.layers:
            hs = layer.respond(hs)
        return hs[0] if len(hs) == 1 else hs

    def predict(self, X: Any) -> Floats:
        """Return the outputs for many examples as an array, without building a graph.

        Args:
            X: N examples of D numbers; for D = 1 also a flat list of N numbers.

        Returns:
            An array of shape (N,) if the last width is 1, else (N, n_out).

        Raises:
            ValueError: If X is not N examples of D numbers.

        Example:
            >>> FNN([2, 3, 1], seed=0).predict([[0.0, 0.0], [1.0, 0.0]]).shape
            (2,)
        """
        import numpy as np

        rows = self._as_rows(X)
        outputs = self._by_program(rows)
        if outputs is None:
            listed = self._one_by_one(rows)
            outputs = np.array(listed) if listed else np.empty((0, self.sizes[-1]))
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    def _one_by_one(self, rows: Any) -> list[Any]:
        """Return the outputs for each example as an array of k numbers."""
        import numpy as np

        with no_grad():
            return [np.ravel(as_floats(self(row))) for row in rows.tolist()]

    def _by_program(self, rows: Any) -> Any:
        """Return the outputs for many examples on arrays; None if it does not pay.

        Layers of this package's own are matrix products; of others a program is made, and kept as
        long as they hold the same parameters. Where it fails, or a result is not finite, examples
        are computed one by one, which has the words for it.
        """
        import numpy as np

        is_known = has_known_units(self)
        worth = WORTH_ARRAYS if is_known else WORTH_COMPILING
        if len(rows) < worth or not has_layers_only(self) or is_watched():
            return None
        try:
            run = _product(self.layers) if is_known else self._program(rows)
            if run is None:
                return None
            with np.errstate(all="ignore"):
                parts = [rows[span] for span in spans(len(rows), PREDICTED)]
                outputs = np.concatenate([run(np.asarray(part, float)) for part in parts])
        except Exception:
            if self in _programs:
                _programs[self] = _programs[self][0], None
            return None
        return outputs if np.isfinite(outputs).all() else None

    def _program(self, rows: Any) -> Program | None:
        """Return a program of the outputs; None if it does not give those of three examples."""
        import numpy as np

        layers = list(self.layers)
        state = [
            (layer, [(unit.activation, unit.b, *unit.w) for unit in layer.neurons])
            for layer in layers
        ]
        known = _programs.get(self)
        if known is not None and known[0] == state:
            return known[1]
        _programs[self] = state, None

        def outputs(x: Any) -> Any:
            return reduce(lambda hs, layer: layer.respond(hs), layers, list(x))

        few = np.asarray(rows[[0, len(rows) // 2, -1]], float)
        program = compile(outputs, few[0].tolist())
        if np.allclose(program(few), self._one_by_one(few), AGREEMENT, AGREEMENT):
            _programs[self] = state, program
        return _programs[self][1]

    def _as_rows(self, X: object) -> Any:
        width = self.sizes[0]
        try:
            array = as_array(X)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"predict takes N examples of {width} numbers each, but got {X!r:.200}: {error}"
            ) from None
        if array.ndim == 1 and (width == 1 or not array.size):
            array = array.reshape(-1, width)
        if array.ndim != 2 or array.shape[1] != width:
            advice = ": for one example, predict([x])" if array.shape == (width,) else ""
            raise ValueError(
                f"predict takes N examples of {width} numbers each, shape (N, {width}), but got "
                f"shape {array.shape}{advice}"
            )
        return array

    def parameters(self) -> list[Value]:
        """Return the parameters in the order of their names."""
        if foreign_layer(self) is None:
            return [p for layer in self.layers for p in layer.parameters()]
        return super().parameters()

    def named_parameters(self) -> list[tuple[str, Value]]:
        """Return the parameters as `layers.0.neurons.0.w.0`, …, `layers.0.neurons.0.b`, …."""
        return under("layers", self.layers)

    def summary(self) -> str:
        """Return a table of the layers and their sizes.

        Example:
            >>> print(FNN([2, 3, 1], seed=0).summary())
            layer     inputs  units  activation  parameters
            layers.0       2      3  tanh                 9
            layers.1       3      1  identity             4
            13 parameters
        """
        table = [("layer", "inputs", "units", "activation", "parameters")]
        for i, layer in enumerate(_own_layers(self, "be summed up")):
            name = activations.display_name(layer.activation)
            count = len(layer.parameters())
            table.append((f"layers.{i}", str(layer.n_in), str(layer.n_out), name, str(count)))
        count = len(self.parameters())
        return "\n".join([*aligned(table, "<>><>"), counted(count, "parameter")])

    def diagram(self, path: str | Path | None = None) -> str:
        """Return the network as the lecture draws it, as SVG: units in columns, joined by weights.

        Width tells the size of a weight, color its sign: orange positive, purple negative. A
        layer of more than 16 units shows its first and its last ones.

        Args:
            path: Where to save it; the name ends in `.svg`.

        Raises:
            ValueError: If the path has another suffix.

        Example:
            >>> FNN([2, 3, 1], seed=0).diagram().count("<circle")
            6
        """
        from nn.diagram import network

        picture = network(_own_layers(self, "be drawn"), repr(self))
        if path is not None:
            if Path(path).suffix.lower() != ".svg":
                raise ValueError(f"a network diagram is an .svg file, but got {str(path)!r}")
            Path(path).write_text(picture, "utf-8")
        return picture

    def _repr_svg_(self) -> str:
        """Show the network in a notebook."""
        return self.diagram()

    def __repr__(self) -> str:
        shown = [
            repr(self.sizes),
            f"activation={activation_code(self.activation)}",
            f"output_activation={activation_code(self.output_activation)}",
        ]
        shown += [f"{name}=False" for name in ("bias", "output_bias") if not getattr(self, name)]
        return f"FNN({', '.join(shown)})"


class MLP(FNN):
    """The multilayer perceptron of micrograd 0.1.0: relu inside, a linear last layer.

    Weights are uniform in (-1, 1) from the global generator of `random`, biases are 0, so that
    a script that calls `random.seed` gets the network it knows.

    Args:
        nin: The number of inputs.
        nouts: The number of units of each layer.

    Example:
        >>> MLP(2, [16, 16, 1])
        MLP(2, [16, 16, 1])
    """

    @keywords
    def __init__(self, nin: int, nouts: Sequence[int]) -> None:
        if not hasattr(nouts, "__iter__"):
            raise ValueError(unlike("nouts", nouts))
        super().__init__([nin, *nouts], "relu", init=initializers.uniform(-1.0, 1.0))

    def __repr__(self) -> str:
        return f"MLP({self.sizes[0]}, {self.sizes[1:]})"


_programs: WeakKeyDictionary[FNN, tuple[Any, Program | None]] = WeakKeyDictionary()


def has_layers_only(model: object) -> bool:
    """Return whether a model is an FNN and its layers are all it does: no subclass adds to them."""
    return isinstance(model, FNN) and type(model).__call__ is FNN.__call__


def options_of(model: FNN) -> dict[str, Any]:
    """Return what a network was made with, besides its sizes and its first weights."""
    return {name: getattr(model, name) for name in OPTIONS}


def foreign_layer(model: Any) -> str | None:
    """Return which layer is not a Layer: somebody has put it in. None if all are."""
    for i, layer in enumerate(model.layers):
        if not isinstance(layer, Layer):
            return f"layers.{i} is {layer!r:.200}, which is not a Layer"
    return None


def _own_layers(model: FNN, what: str) -> list[Layer]:
    """Return the layers, or raise TypeError if there is one that nothing is known of."""
    if (foreign := foreign_layer(model)) is not None:
        raise TypeError(f"a network of Layers can {what}, but {foreign}")
    return model.layers


def difference_from_settings(model: FNN) -> str | None:
    """Return where a network is no longer what its settings say; None if nowhere."""
    if (foreign := foreign_layer(model)) is not None:
        return foreign
    held = [(layer.n_in, layer.n_out) for layer in model.layers]
    if held != list(pairwise(model.sizes)):
        return f"{model!r} has layers of (inputs, units) {held} now"
    last = len(model.layers) - 1
    for i, layer in enumerate(model.layers):
        activation = model.output_activation if i == last else model.activation
        bias = model.output_bias if i == last else model.bias
        biases = {unit.b is not None for unit in layer.neurons}
        if layer.applied() is not activation or biases != {bool(bias)}:
            return (
                f"layers.{i} is not as {model!r} says: its units apply another activation, or "
                "have other biases"
            )
    return None


def _product(layers: Sequence[Layer]) -> Callable[[Any], Any]:
    """Return layers of known units, one after another, as a function of many examples."""
    import numpy as np

    # Products of contiguous arrays are faster.
    steps = [(*map(np.ascontiguousarray, layer.arrays()), layer.applied()) for layer in layers]

    def outputs(rows: Any) -> Any:
        for W, b, activation in steps:
            rows = rows @ W
            rows += b
            rows = activations.of_rows(cast(Activation, activation), rows)
        return rows

    return outputs


def has_known_units(model: Any) -> bool:
    """Return whether all that a model computes is this package's own."""
    return has_layers_only(model) and all(
        type(layer) is Layer
        and all(type(unit) is Neuron for unit in layer.neurons)
        and activations.name_of(layer.applied()) is not None
        for layer in model.layers
    )


def _checked_sizes(sizes: Sequence[int]) -> list[int]:
    if not hasattr(sizes, "__iter__"):
        raise ValueError(unlike("sizes", sizes))
    checked = [whole_number(f"sizes[{i}]", n) for i, n in enumerate(sizes)]
    if len(checked) < 2:
        raise ValueError(
            f"a network needs its inputs and its outputs, as in FNN([2, 1]), but got {checked}"
        )
    return checked


def _warn_of_equal_units(layer: Layer, index: int) -> None:
    first, *others = [[w.data for w in neuron.w] for neuron in layer.neurons]
    if others and all(weights == first for weights in others):
        warn(
            f"all {layer.n_out} units of layers.{index} start with equal weights, get equal "
            "gradients and never become different: use a random init"
        )

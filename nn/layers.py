"""Neuron and Layer: weighted sums followed by an activation, h = σ(wᵀx + b)."""

from __future__ import annotations

import random
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from random import Random
from typing import Any, SupportsFloat, cast

from autograd_mini import Value, dot
from autograd_mini.ops import Number
from autograd_mini.words import counted
from nn import activations, initializers
from nn.activations import Activation
from nn.arrays import SCALARS, as_row
from nn.errors import listed, whole_number
from nn.guesses import keywords
from nn.initializers import Initializer


class Module:
    """Something with parameters: what a neuron, a layer and a network have in common."""

    def __init_subclass__(cls) -> None:
        """Give a class that names its parameters these, not the quicker way of its base."""
        if "named_parameters" in vars(cls) and "parameters" not in vars(cls):
            cls.parameters = Module.parameters

    def named_parameters(self) -> list[tuple[str, Value]]:
        """Return each parameter with its dotted name: neuron by neuron, the bias last."""
        raise NotImplementedError

    def parameters(self) -> list[Value]:
        """Return the parameters in the order of their names."""
        return [parameter for _, parameter in self.named_parameters()]

    def weights(self) -> list[Value]:
        """Return the parameters that are not biases: what a penalty shrinks."""
        return [p for name, p in self.named_parameters() if name.rpartition(".")[2] != "b"]

    def zero_grad(self) -> None:
        """Forget the gradient of every parameter."""
        for parameter in self.parameters():
            parameter.zero_grad()

    def state_dict(self) -> dict[str, float]:
        """Return the data of every parameter under its dotted name."""
        return {name: parameter.data for name, parameter in self.named_parameters()}

    def load_state_dict(self, state: Mapping[str, SupportsFloat]) -> None:
        """Set the data of every parameter from such a dictionary, all or nothing.

        Raises:
            ValueError: If entries are missing, unknown or not one number each; it names them,
                and nothing is loaded.
        """
        if not hasattr(state, "keys"):
            raise ValueError(f"a state is a dictionary from names to numbers, but got {state!r}")
        named = dict(self.named_parameters())
        loaded: dict[str, float] = {}
        misshapen: list[str] = []
        for name in named.keys() & state.keys():
            entry = state[name]
            try:
                loaded[name] = entry.data if isinstance(entry, Value) else Value(entry).data
            except (TypeError, ValueError):
                misshapen.append(f"{name} = {entry!r}")
        problems = {
            "missing": [name for name in named if name not in state],
            "unknown": [str(name) for name in state if name not in named],
            "not one number": sorted(misshapen),
        }
        if any(problems.values()):
            found = [f"{what}: {listed(names)}" for what, names in problems.items() if names]
            raise ValueError(
                f"this state does not fit {self!r} with its {len(named)} parameters, and nothing "
                f"was loaded; {'; '.join(found)}"
            )
        set_data(named.values(), [loaded[name] for name in named])


class Neuron(Module):
    """One unit: h = σ(wᵀx + b).

    Args:
        n_in: The number of inputs.
        activation: The name of a scalar activation, or a function of one Value.
        bias: Whether there is a b.
        init: "auto", the name of an initializer, or a function (fan_in, fan_out, rng) -> float.
        rng: Where the weights come from; the global generator of `random` by default.
        fused: Compute wᵀx + b as one `dot` node; False builds the chain of products and sums.

    Attributes:
        w: The weights, Values.
        b: The bias, a Value; None without one.
        activation: The function σ.
        label: The name its output carries in drawings.

    Raises:
        ValueError: If `n_in` is not a whole number above 0, or the activation is one for whole
            layers.

    Example:
        >>> unit = Neuron(2, "relu", init="zeros")
        >>> unit.b.data = 0.5
        >>> unit([1.0, -1.0]).data
        0.5
    """

    @keywords
    def __init__(
        self,
        n_in: int,
        activation: str | Activation | None = "tanh",
        bias: bool = True,
        *,
        init: str | Initializer = "auto",
        rng: Random | None = None,
        fused: bool = True,
    ) -> None:
        self.activation = activations.of_units(activation)
        n_in = whole_number("n_in", n_in)
        init = _initializer(init, self.activation)
        rng = cast(Random, random) if rng is None else rng
        if not hasattr(rng, "uniform"):
            raise TypeError(f"rng is a random.Random, but got {rng!r}: a seed is Random({rng!r})")
        self.w = [Value(init(n_in, 1, rng)) for _ in range(n_in)]
        self.b = Value(0.0) if bias else None
        self.fused = fused
        self.relabel("")

    @property
    def n_in(self) -> int:
        """The number of inputs."""
        return len(self.w)

    @keywords
    def __call__(self, x: Any) -> Any:
        """Return the unit's output for one example, a Value."""
        return self.respond(as_inputs(x, self.n_in, "this neuron"))

    def respond(self, xs: Sequence[Any]) -> Any:
        """Return the output for inputs that have been wrapped and counted already."""
        h = self.activation(self.sum(xs))
        if self.label and isinstance(h, Value):
            h.label = self.label
        return h

    def sum(self, xs: Sequence[Any]) -> Any:
        """Return the pre-activation wᵀx + b of wrapped inputs."""
        if self.fused:
            return dot(self.w, xs, 0.0 if self.b is None else self.b)
        z = self.w[0] * xs[0]
        for w, x in zip(self.w[1:], xs[1:], strict=True):
            z = z + w * x
        return z if self.b is None else z + self.b

    def relabel(self, name: str) -> None:
        """Name the unit, and its parameters after it: `name.w.0`, `name.b`."""
        self.label = name
        prefix = f"{name}." if name else ""
        for own, w in zip(_names(len(self.w)), self.w, strict=True):
            w.label = prefix + own
        if self.b is not None:
            self.b.label = f"{prefix}b"

    def parameters(self) -> list[Value]:
        """Return the weights, and the bias."""
        return [*self.w] if self.b is None else [*self.w, self.b]

    def named_parameters(self) -> list[tuple[str, Value]]:
        """Return the weights as `w.0`, `w.1`, … and the bias as `b`."""
        named = list(zip(_names(len(self.w)), self.w, strict=True))
        return named if self.b is None else [*named, ("b", self.b)]

    def __repr__(self) -> str:
        return (
            f"Neuron({self.n_in}, {activation_code(self.activation)}{_no_bias(self.b is not None)})"
        )


class Layer(Module):
    """Units side by side, all with the same inputs: h = σ(Wᵀx + b).

    With softmax or log_softmax the activation acts on all of them together.

    Args:
        n_in: The number of inputs.
        n_out: The number of units.
        activation: A name or a function, as for `Neuron`.
        bias: Whether every unit has a b.
        init: As for `Neuron`; its fan_out is `n_out`.
        rng: As for `Neuron`.
        fused: As for `Neuron`.

    Attributes:
        neurons: The units.

    Raises:
        ValueError: If a size is not a whole number above 0.

    Example:
        >>> layer = Layer(2, 3, "identity", init="zeros")
        >>> [h.data for h in layer([1.0, 2.0])]
        [0.0, 0.0, 0.0]
    """

    @keywords
    def __init__(
        self,
        n_in: int,
        n_out: int,
        activation: str | Activation | None = "tanh",
        bias: bool = True,
        *,
        init: str | Initializer = "auto",
        rng: Random | None = None,
        fused: bool = True,
    ) -> None:
        self.activation = activations.get(activation)
        if self.activation is activations.logsumexp:
            raise ValueError("logsumexp gives one number for a whole layer: did you mean softmax?")
        n_in, n_out = whole_number("n_in", n_in), whole_number("n_out", n_out)
        initializer = _initializer(init, self.activation)
        self._acts_on_all = activations.is_vector(self.activation)
        own = activations.identity if self._acts_on_all else self.activation

        def weight(_in: int, _out: int, rng: Random) -> float:
            return initializer(n_in, n_out, rng)

        self.neurons = [
            Neuron(n_in, own, bias, init=weight, rng=rng, fused=fused) for _ in range(n_out)
        ]
        self.relabel("")

    @property
    def n_in(self) -> int:
        """The number of inputs."""
        return self.neurons[0].n_in

    @property
    def n_out(self) -> int:
        """The number of units."""
        return len(self.neurons)

    @keywords
    def __call__(self, x: Any) -> list[Any]:
        """Return the outputs of all units for one example, a list of Values."""
        return self.respond(as_inputs(x, self.n_in, "this layer"))

    def respond(self, xs: Sequence[Any]) -> list[Any]:
        """Return the outputs for inputs that have been wrapped and counted already."""
        hs = [neuron.respond(xs) for neuron in self.neurons]
        if not self._acts_on_all:
            return hs
        hs = self.activation(hs)
        for i, h in enumerate(hs):
            if isinstance(h, Value):
                h.label = f"{self._prefix}{self.activation.__name__}.{i}"
        return hs

    def arrays(self) -> tuple[Any, Any]:
        """Return the weights, an array of shape (n_in, n_out), and the biases; 0 for none."""
        import numpy as np

        W = np.array([[w.data for w in neuron.w] for neuron in self.neurons]).T
        return W, np.array([0.0 if n.b is None else n.b.data for n in self.neurons])

    def set_arrays(self, W: Any, b: Any) -> None:
        """Set the weights and the biases to such arrays; the biases of units without one are 0."""
        for neuron, weights, bias in zip(self.neurons, W.T.tolist(), b.tolist(), strict=True):
            set_data(neuron.w, weights)
            if neuron.b is not None:
                neuron.b.data = bias

    def applied(self) -> Activation | None:
        """Return the one activation that acts here; None for several, or a way of its own."""
        own = {id(unit.activation): unit.activation for unit in self.neurons}
        if self._acts_on_all:
            own.pop(id(activations.identity), None)
            own[id(self.activation)] = self.activation
        is_plain = type(self).respond is Layer.respond and all(
            (type(unit).respond, type(unit).sum) == (Neuron.respond, Neuron.sum)
            for unit in self.neurons
        )
        return own.popitem()[1] if is_plain and len(own) == 1 else None

    def relabel(self, prefix: str) -> None:
        """Name the units `neurons.0`, `neurons.1`, … after a prefix such as `layers.0.`."""
        self._prefix = prefix
        for i, neuron in enumerate(self.neurons):
            neuron.relabel(f"{prefix}neurons.{i}")

    def parameters(self) -> list[Value]:
        """Return the parameters of all units, unit by unit."""
        return [p for neuron in self.neurons for p in neuron.parameters()]

    def named_parameters(self) -> list[tuple[str, Value]]:
        """Return the parameters as `neurons.0.w.0`, …, `neurons.0.b`, `neurons.1.w.0`, …."""
        return under("neurons", self.neurons)

    def __repr__(self) -> str:
        bias = _no_bias(self.neurons[0].b is not None)
        return f"Layer({self.n_in}, {self.n_out}, {activation_code(self.activation)}{bias})"


def as_inputs(x: object, n_in: int, who: str) -> list[Any]:
    """Return one example's numbers as Values, wrapped once for all neurons that read them.

    Raises:
        ValueError: If there are not `n_in` numbers.
    """
    xs = as_row(x)
    if not SCALARS.issuperset(map(type, xs)) and any(isinstance(x, (list, tuple)) for x in xs):
        raise ValueError(
            f"{who} takes one example at a time, a list of {n_in} numbers, but got a list of "
            "lists: use predict(X) for many, or [model(x) for x in X]"
        )
    if len(xs) != n_in:
        raise ValueError(
            f"{who} takes {counted(n_in, 'number')} for one example, but got {len(xs)}: "
            f"{listed([repr(x) for x in xs])}"
        )
    return [Value(x) if type(x) is float else x if isinstance(x, Number) else Value(x) for x in xs]


def set_data(parameters: Iterable[Value], numbers: Iterable[float]) -> None:
    """Give each parameter its number."""
    for p, data in zip(parameters, numbers, strict=True):
        p.data = data


@contextmanager
def holding(parameters: Sequence[Value], numbers: Iterable[float]) -> Generator[None]:
    """A block in which parameters hold other numbers, one for each.

    Example:
        >>> w = Value(1.0)
        >>> with holding([w], [2.0]):
        ...     print(w)
        Value(data=2.0, grad=0.0)
        >>> w
        Value(data=1.0, grad=0.0)
    """
    before = [p.data for p in parameters]
    try:
        set_data(parameters, numbers)
        yield
    finally:
        set_data(parameters, before)


def under(what: str, parts: Iterable[object]) -> list[tuple[str, Value]]:
    """Return the parameters of numbered parts: `what.0.…`, `what.1.…`, ….

    Raises:
        TypeError: If a part has parameters that are not Values.
    """
    return [
        (f"{what}.{i}.{name}", parameter)
        for i, part in enumerate(parts)
        for name, parameter in _named(part)
    ]


def parameter_names(model: Any) -> list[str]:
    """Return a name for each of a model's parameters: its own, its label, or p0, p1, ....

    Example:
        >>> parameter_names(Neuron(1))
        ['w.0', 'b']
    """
    if hasattr(model, "named_parameters"):
        return [str(name) for name, _ in model.named_parameters()]
    labels = [p.label for p in model.parameters()]
    unique = all(labels) and len(set(labels)) == len(labels)
    return labels if unique else [f"p{i}" for i in range(len(labels))]


def _named(part: Any) -> list[tuple[str, Value]]:
    """Return the parameters of a layer or a map, of whatever class it is; a function has none."""
    if isinstance(part, Module):
        return part.named_parameters()
    ways = [callable(getattr(part, way, None)) for way in ("named_parameters", "parameters")]
    if isinstance(part, type) or not any(ways):
        return []
    found: list[Any] = [p for _, p in part.named_parameters()] if ways[0] else [*part.parameters()]
    if (other := next((p for p in found if not isinstance(p, Value)), None)) is not None:
        raise TypeError(
            f"the parameters of {part!r:.200} must be Values, to be trained with the rest, but got "
            f"{other!r:.200}: where it is not to be trained, wrap it in a function, as in "
            "lambda x: part(x)"
        )
    return list(zip(parameter_names(part), found, strict=True))


@lru_cache
def _names(count: int) -> list[str]:
    """Return the names of a unit's weights, which those of all units of a layer share."""
    return [f"w.{i}" for i in range(count)]


def _initializer(init: object, activation: Activation) -> Initializer:
    return initializers.get(init, activations.name_of(activation) or "")


def activation_code(activation: Activation) -> str:
    """Return an activation as it is written in code: its name in quotes, or the function's."""
    name = activations.name_of(activation)
    return repr(name) if name else activations.display_name(activation)


def _no_bias(bias: bool) -> str:
    return "" if bias else ", bias=False"

"""Optimizers: SGD, Adam and AdamW with PyTorch's updates; gradient clipping stands beside them.

Each update is written once, in arithmetic that works on a float and on an array alike. With
floats it moves Values one by one; with arrays it moves a compiled network's flat vector of
parameters in place, to the same bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, Final

from autograd_mini import Value
from autograd_mini.compiler.parameters import settle_gradients
from nn.clipping import clip_grad_norm, clip_grad_value
from nn.errors import check_state, from_zero
from nn.guesses import keywords, unlike
from nn.parameters import MovedParameters, Owners, check_parameters
from nn.rules import move_as_floats
from nn.settings import Settings

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "clip_grad_norm", "clip_grad_value"]

MOVED: Final = 1 << 14  # parameters at once: what a step computes of them stays in the cache
TRIED: Final = 3  # updates in which a rule of somebody's own is compared
ZERO: Final = Value(0.0).grad  # the very object backward() knows as "nothing here yet"


class Optimizer(Settings):
    """What all optimizers share; a new one says in `_rule` how one step moves one parameter.

    Args:
        params: The leaves to move, each once.
        lr: The learning rate. It may be set at any time; schedules do.
        weight_decay: λ of the L2 penalty λ/2·θ², whose gradient λθ the update adds.
        maximize: Go uphill.

    Attributes:
        params: The Values it moves.
        lr: The learning rate of the next step.
        steps: How many steps it has made.
        moments: What it remembers of past gradients: one sequence per kind, one number per
            parameter.

    Raises:
        ValueError: If there are no parameters, if one was computed or comes twice, or if a
            setting is below 0 or not finite.
        TypeError: If a parameter is not a Value.

    Example:
        >>> class SignDescent(Optimizer):
        ...     def _rule(self):
        ...         def move(theta, grad):
        ...             theta -= self.lr if grad > 0 else -self.lr
        ...             return (theta,)
        ...         return move
        >>> x = Value(1.0)
        >>> (x * x).backward()
        >>> SignDescent([x], lr=0.25).step()
        >>> x.data
        0.75
    """

    _moves = "params"
    _moment_names: tuple[str, ...] = ()
    _decay_is_decoupled: ClassVar[bool] = False  # from the gradient

    def __init__(
        self,
        params: Iterable[Value],
        lr: float,
        *,
        weight_decay: float = 0.0,
        maximize: bool = False,
    ) -> None:
        if not hasattr(params, "__iter__"):
            raise TypeError(unlike("params", params))
        self._listed: Any = params if hasattr(params, "store") else None  # a program's parameters
        self.params: list[Value] = MovedParameters(params)
        check_parameters(self.params, type(self).__name__)
        self.lr: float = from_zero("lr", lr)
        self.weight_decay: float = from_zero("weight_decay", weight_decay)
        self.maximize: bool = maximize
        self.steps = 0
        self._began = 0  # the step after which it has remembered
        self._moments: list[Any] = self._no_moments()
        self._owners = Owners(self.params)
        self._order: Any = None  # of the moments, if not that of `params`
        self._tried = 0  # updates on arrays that were compared

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.params)} parameters, {self._settings_text()})"

    @property
    def moments(self) -> list[Any]:
        """What it remembers, in the order of `params`."""
        self._arrange(None)
        self._follow_params()
        return self._moments

    @moments.setter
    def moments(self, moments: list[Any]) -> None:
        self._follow_params()
        self._moments, self._order = moments, None

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        settle_gradients(self.params)  # what a program has left is forgotten, too
        zero = ZERO
        for p in self.params:
            p.grad = zero

    def step(self) -> None:
        """Move every parameter once, by its gradient.

        Made with the `parameters` of a compiled program, or of a `jit`, it moves their array in
        place by the gradient that the program left there; Values follow when one is looked at.
        Made with the Values themselves, it moves these, by what was written last: their own
        gradients, or those that a program left.

        Example:
            >>> x = Value(3.0)
            >>> optimizer = SGD([x], lr=0.1)
            >>> (x * x).backward()
            >>> optimizer.step()
            >>> round(x.data, 12)
            2.4
        """
        listed = self._listed
        if listed is not None and getattr(self.params, "version", True):  # no longer the program's
            listed = self._listed = None
        if listed is not None and listed.store.has_gradient:
            if len(listed) != len(self.params):
                raise ValueError(
                    f"{type(self).__name__} moves {len(self.params)} parameters, but the program "
                    f"has found {len(listed)} by now: name them all, as in "
                    "jit(f, parameters=model.parameters())"
                )
            self.update(listed.slice(listed.store.theta), listed.slice(listed.store.gtheta))
            listed.store.follow()
            return
        settle_gradients(self.params)
        self.steps += 1
        rule, moments = self._rule(), self._moments_as_lists()
        thetas, grads = [p.data for p in self.params], [p.grad for p in self.params]
        if not _are_floats(grads):  # None, or a Value that can be differentiated again
            grads = [float(grad or 0.0) for grad in grads]
        moved = zip(*map(rule, thetas, grads, *moments), strict=True)
        thetas, *self.moments = (list(column) for column in moved)
        for p, theta in zip(self.params, thetas, strict=True):
            p.data = theta

    def update(self, theta: Any, grad: Any, order: Any = None) -> None:
        """Move a flat array of all parameters once, in place, as `step` moves Values.

        Who writes it anew writes `step`, or the `_rule` that `step` goes by, beside it: training
        is not compiled where only one of them is there.

        Args:
            theta: The parameters, an array of floats; changed in place.
            grad: Their gradients, an array of the same shape; left as it is.
            order: An array of the place of each in `params`; None if they stand in that order.
        """
        self.steps += 1
        columns = [theta, grad, *self.resident(theta.dtype, order)]
        if type(self) not in OURS:
            try:
                move_as_floats(self._rule, columns, compares=self._tried < TRIED)
            except BaseException:
                self.steps -= 1
                raise
            self._tried += 1
            return
        rule = self._rule()
        if len(theta) <= MOVED:
            rule(*columns)
            return
        for start in range(0, len(theta), MOVED):
            rule(*[column[start : start + MOVED] for column in columns])

    def resident(self, dtype: Any, order: Any = None) -> list[Any]:
        """Return what it remembers as arrays, which it goes on with; `order` is as for `update`."""
        self._follow_params()
        if self._moments:
            import numpy as np

            self._moments = [np.asarray(m, dtype) for m in self._moments]
        if order is not self._order:
            self._arrange(order)
        return self._moments

    def rates(self) -> tuple[float, ...]:
        """Return the numbers of the next rule that may differ from step to step, `lr` first."""
        return (self.lr,)

    def _follow_params(self) -> None:
        """Let what is remembered stay with its parameter where `params` has changed since."""
        if self._owners.have_changed(self.params):
            self._arrange(None)
            self._moments = self._owners.follow(self.params, self._moments)

    def _arrange(self, order: object) -> None:
        """Keep what is remembered in another order: where each entry stands in `params`."""
        if self._order is not None:
            back = self._order.argsort()
            self._moments = [m[back] for m in self._moments]
        if order is not None:
            self._moments = [m[order] for m in self._moments]
        self._order = order

    def state_dict(self) -> dict[str, Any]:
        """Return all that changes while it runs, as numbers and lists."""
        moments = zip(self._moment_names, self._moments_as_lists(), strict=True)
        return {"lr": self.lr, "steps": self.steps, **dict(moments)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where the optimizer that `state` was taken from stood.

        Raises:
            ValueError: If the state is another optimizer's, or for another number of
                parameters; then nothing is changed.
        """
        check_state(self, {"lr", "steps", *self._moment_names}, state)
        for name in self._moment_names:
            if len(state[name]) != len(self.params):
                raise ValueError(
                    f"this state is for {len(state[name])} parameters, "
                    f"but {type(self).__name__} moves {len(self.params)}"
                )
        self.lr, self.steps, self._began = float(state["lr"]), int(state["steps"]), 0
        self.moments = [[float(x) for x in state[name]] for name in self._moment_names]

    def _no_moments(self) -> list[list[float]]:
        return [[0.0] * len(self.params) for _ in self._moment_names]

    def _moments_as_lists(self) -> list[list[float]]:
        return [[*m] if _are_floats(m) else [float(x) for x in m] for m in self.moments]

    def _rule(self) -> Callable[..., tuple[Any, ...]]:
        """Return this step's (theta, grad, *moments) -> (theta, *moments).

        It is written with in-place operators: they give a new float, and change an array where
        it stands, which spares it another one. `grad` belongs to the caller and is not changed.
        """
        raise NotImplementedError

    def _slope_if_any(self) -> Callable[[Any, Any], Any] | None:
        """Return `_slope`; None where it is the gradient itself, which spares a call of it."""
        return self._slope if self.maximize or self.weight_decay else None

    def _slope(self, theta: Any, grad: Any) -> Any:
        """Return the gradient to go down, with the decay of the weights in it."""
        if self.maximize:
            grad = -grad
        is_added = self.weight_decay and not self._decay_is_decoupled
        return grad + self.weight_decay * theta if is_added else grad


class SGD(Optimizer):
    """Gradient descent with momentum: the update of `torch.optim.SGD`.

    With the slope g = grad + weight_decay·θ (−grad when maximizing): without momentum
    θ ← θ − lr·g. With it, buf ← g at the first step and later momentum·buf + (1 − dampening)·g;
    then θ ← θ − lr·buf, or θ ← θ − lr·(g + momentum·buf) with `nesterov`.

    Args:
        params: The leaves to move, each once.
        lr: The learning rate.
        momentum: How much of the last step's direction is kept, from 0; may be set at any time.
        dampening: How much of each new gradient but the first is left out.
        weight_decay: λ of the L2 penalty λ/2·θ².
        nesterov: Look ahead along the direction; needs momentum > 0 and no dampening.
        maximize: Go uphill.

    Raises:
        ValueError: If a setting is below 0 or not finite, or `nesterov` cannot be meant.

    Example:
        >>> x = Value(0.0, "x")
        >>> optimizer = SGD([x], lr=0.1, momentum=0.5)
        >>> for _ in range(60):
        ...     optimizer.zero_grad()
        ...     ((x - 3) ** 2).backward()
        ...     optimizer.step()
        >>> round(x.data, 6)
        3.0

    Reference:
        Sutskever, Martens, Dahl, Hinton, "On the importance of initialization and momentum in
        deep learning", ICML 2013.
    """

    @keywords
    def __init__(
        self,
        params: Iterable[Value],
        lr: float = 0.01,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, weight_decay=weight_decay, maximize=maximize)
        self.momentum = momentum
        self.dampening = float(dampening)
        self.nesterov = nesterov
        if nesterov and not (self.momentum > 0 and self.dampening == 0):
            raise ValueError(
                "nesterov=True needs momentum > 0 and dampening=0, but got "
                f"momentum={momentum} and dampening={dampening}"
            )

    @property
    def momentum(self) -> float:
        """How much of the last step's direction is kept."""
        return self._momentum

    @momentum.setter
    def momentum(self, momentum: float) -> None:
        self._momentum = from_zero("momentum", momentum)
        if self._momentum and not self._moment_names:
            self._moment_names, self._began = ("buf",), self.steps
            self.moments = self._no_moments()

    def rates(self) -> tuple[float, ...]:
        """Return `lr`, and how much of the gradient goes into the buffer: all at the first step."""
        return self.lr, 1.0 if self.steps == self._began + 1 else 1.0 - self.dampening

    def _rule(self, rates: Any = None) -> Callable[..., tuple[Any, ...]]:
        lr, fresh = rates or self.rates()
        momentum, nesterov, slope = self.momentum, self.nesterov, self._slope_if_any()

        def plain(theta: Any, grad: Any) -> tuple[Any, ...]:
            theta -= lr * (grad if slope is None else slope(theta, grad))
            return (theta,)

        def with_momentum(theta: Any, grad: Any, buf: Any) -> tuple[Any, ...]:
            if not momentum:  # what was kept while there was some stays
                return *plain(theta, grad), buf
            grad = grad if slope is None else slope(theta, grad)
            buf *= momentum
            buf += fresh * grad
            theta -= lr * (grad + momentum * buf if nesterov else buf)
            return theta, buf

        return with_momentum if self._moment_names else plain


class Adam(Optimizer):
    """Adam: each parameter's step is scaled by the size of its recent gradients.

    With g as in SGD and t = 1, 2, …: m ← β₁m + (1 − β₁)g; v ← β₂v + (1 − β₂)g²;
    θ ← θ − lr/(1 − β₁ᵗ)·m/(√v/√(1 − β₂ᵗ) + eps).

    Args:
        params: The leaves to move, each once.
        lr: The learning rate: about how far one step moves a parameter.
        betas: β₁ and β₂, how slowly the two averages forget; in [0, 1).
        eps: Keeps the division finite.
        weight_decay: λ of the L2 penalty λ/2·θ².
        maximize: Go uphill.

    Raises:
        ValueError: If a beta is outside of [0, 1), or a setting is below 0 or not finite.

    Example:
        >>> x = Value(1.0)
        >>> optimizer = Adam([x], lr=0.1)
        >>> (x**4).backward()
        >>> optimizer.step()
        >>> round(x.data, 6)
        0.9

    Reference:
        Kingma, Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015.
    """

    _moment_names = ("m", "v")

    @keywords
    def __init__(
        self,
        params: Iterable[Value],
        lr: float = 0.001,
        betas: Sequence[float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        pair = tuple(map(float, betas)) if hasattr(betas, "__iter__") else ()
        if len(pair) != 2:
            raise ValueError(f"betas are two, as (0.9, 0.999), but got {betas!r}")
        if not all(0.0 <= beta < 1.0 for beta in pair):
            raise ValueError(f"betas must be in [0, 1), but got {betas}")
        self.betas: tuple[float, float] = pair
        self.eps: float = from_zero("eps", eps)
        if not self.eps:
            raise ValueError("eps must be above 0: without it no gradient at all is 0 / 0")
        super().__init__(params, lr, weight_decay=weight_decay, maximize=maximize)

    def rates(self) -> tuple[float, ...]:
        """Return `lr` and `eps` such that the averages are unbiased, and what decay takes."""
        beta1, beta2 = self.betas
        lr, t = self.lr, self.steps or 1  # before the first step it is asked for their number
        root = math.sqrt(1.0 - beta2**t)  # √v is not divided by it: the others grow
        return lr * root / (1.0 - beta1**t), self.eps * root, lr * self.weight_decay

    def _rule(self, rates: Any = None) -> Callable[..., tuple[Any, ...]]:
        size, eps, taken = rates or self.rates()
        beta1, beta2 = self.betas
        decoupled, slope = self._decay_is_decoupled, self._slope_if_any()

        def rule(theta: Any, grad: Any, m: Any, v: Any) -> tuple[Any, ...]:
            if decoupled:
                theta -= taken * theta
            grad = grad if slope is None else slope(theta, grad)
            m *= beta1
            m += (1.0 - beta1) * grad
            v *= beta2
            square = (1.0 - beta2) * grad
            square *= grad
            v += square
            spread = _sqrt(v)
            spread += eps
            move = size * m
            move /= spread
            theta -= move
            return theta, m, v

        return rule


class AdamW(Adam):
    """Adam whose weight decay stays out of the averages: first θ ← θ − lr·λθ, then Adam's step.

    Args:
        params: The leaves to move, each once.
        lr: The learning rate.
        betas: β₁ and β₂, how slowly the two averages forget; in [0, 1).
        eps: Keeps the division finite.
        weight_decay: λ, the part of each parameter that a step of lr = 1 would take away.
        maximize: Go uphill.

    Example:
        >>> x = Value(1.0)
        >>> AdamW([x], lr=0.1, weight_decay=0.5).step()  # no gradient: only the decay
        >>> x.data
        0.95

    Reference:
        Loshchilov, Hutter, "Decoupled Weight Decay Regularization", ICLR 2019.
    """

    _decay_is_decoupled = True

    @keywords
    def __init__(
        self,
        params: Iterable[Value],
        lr: float = 0.001,
        betas: Sequence[float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, maximize=maximize)


OURS: Final = (SGD, Adam, AdamW)  # whose rules are written for arrays


def _are_floats(numbers: Iterable[object]) -> bool:
    return {*map(type, numbers)} == {float}


def _sqrt(x: Any) -> Any:
    if isinstance(x, float):
        return math.sqrt(x)
    import numpy as np

    return np.sqrt(x)

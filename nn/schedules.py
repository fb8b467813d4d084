"""Schedules: the learning rate as a function of t, the number of completed epochs.

Each belongs to one optimizer, starts from the rate that optimizer has, and is stepped once after
every epoch; `fit(schedule=...)` does that.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

from nn.errors import check_state, whole_number
from nn.guesses import of_settings, unlike
from nn.optimizers import Optimizer
from nn.settings import Settings

__all__ = [
    "CosineAnnealingLR",
    "ExponentialLR",
    "InverseTimeLR",
    "LinearLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "Schedule",
    "StepLR",
]


@of_settings
class Schedule(Settings):
    """What all schedules share; a new one says in `at` which rate holds after t epochs.

    Args:
        optimizer: Whose learning rate to set; it is set for epoch 0 at once.

    Attributes:
        optimizer: Whose learning rate it sets.
        base_lr: The rate that optimizer had.
        epoch: t, the completed epochs.

    Example:
        >>> from autograd_mini import Value
        >>> from nn import SGD
        >>> class InverseRoot(Schedule):
        ...     def at(self, t):
        ...         return self.base_lr / (1 + t) ** 0.5
        >>> optimizer = SGD([Value(1.0)], lr=1.0)
        >>> schedule = InverseRoot(optimizer)
        >>> for _ in range(3):
        ...     schedule.step()
        >>> optimizer.lr
        0.5
    """

    optimizer: Optimizer
    _moves = "optimizer"
    _counts: ClassVar[tuple[str, ...]] = ()  # settings that are numbers of epochs

    def __post_init__(self) -> None:
        optimizer = self.optimizer
        if not hasattr(optimizer, "lr"):
            raise TypeError(unlike("optimizer", optimizer))
        for name in self._counts:
            whole_number(name, vars(self)[name])
        self.base_lr = optimizer.lr
        self.epoch = 0
        optimizer.lr = self.at(0)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._settings_text()})"

    def at(self, t: int) -> float:
        """Return the learning rate after t completed epochs."""
        raise NotImplementedError

    def step(self, loss: float | None = None) -> None:
        """Count an epoch as completed and set the optimizer's learning rate.

        Args:
            loss: The epoch's (validation) loss; only ReduceLROnPlateau looks at it.
        """
        self.epoch += 1
        self.optimizer.lr = self.at(self.epoch)

    def state_dict(self) -> dict[str, Any]:
        """Return all that changes while it runs, as numbers; a function does not."""
        return {k: v for k, v in vars(self).items() if k != "optimizer" and not callable(v)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where the schedule that `state` was taken from stood.

        Raises:
            ValueError: If the state is of another kind of schedule; then nothing is changed.
        """
        check_state(self, self.state_dict(), state)
        vars(self).update(state)


@of_settings
class StepLR(Schedule):
    """Multiply the rate by `gamma` every `step_size` epochs: lr·γ^⌊t/s⌋.

    Args:
        optimizer: Whose learning rate to set.
        step_size: s, the epochs at one rate.
        gamma: γ, the factor from one rate to the next.

    Raises:
        ValueError: If `step_size` is below 1.

    Example:
        >>> from autograd_mini import Value
        >>> from nn import SGD
        >>> optimizer = SGD([Value(1.0)], lr=1.0)
        >>> schedule = StepLR(optimizer, step_size=2, gamma=0.5)
        >>> [schedule.at(t) for t in range(5)]
        [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    _counts = ("step_size",)
    step_size: int
    gamma: float = 0.1

    def at(self, t: int) -> float:
        """Return the learning rate after t completed epochs."""
        return self.base_lr * self.gamma ** (t // self.step_size)


@of_settings
class ExponentialLR(Schedule):
    """Multiply the rate by `gamma` every epoch: lr·γᵗ.

    Args:
        optimizer: Whose learning rate to set.
        gamma: γ, the factor of one epoch.

    Example:
        >>> from autograd_mini import Value
        >>> from nn import SGD
        >>> schedule = ExponentialLR(SGD([Value(1.0)], lr=1.0), gamma=0.9)
        >>> [round(schedule.at(t), 4) for t in range(4)]
        [1.0, 0.9, 0.81, 0.729]
    """

    gamma: float

    def at(self, t: int) -> float:
        """Return the learning rate after t completed epochs."""
        return self.base_lr * self.gamma**t


@of_settings
class CosineAnnealingLR(Schedule):
    """Down along half a cosine in `T_max` epochs: η + ½(lr − η)(1 + cos(πt/T)), η = eta_min.

    Beyond T_max the cosine goes on, and the rate up again.

    Args:
        optimizer: Whose learning rate to set.
        T_max: T, the epochs from the highest rate to the lowest.
        eta_min: η, the lowest rate.

    Raises:
        ValueError: If `T_max` is below 1.

    Example:
        >>> from autograd_mini import Value
        >>> from nn import SGD
        >>> schedule = CosineAnnealingLR(SGD([Value(1.0)], lr=1.0), T_max=4)
        >>> [round(schedule.at(t), 4) for t in range(5)]
        [1.0, 0.8536, 0.5, 0.1464, 0.0]

    Reference:
        Loshchilov, Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017.
    """

    _counts = ("T_max",)
    T_max: int
    eta_min: float = 0.0

    def at(self, t: int) -> float:
        """Return the learning rate after t completed epochs."""
        swing = 0.5 * (self.base_lr - self.eta_min)
        return self.eta_min + swing * (1.0 + math.cos(math.pi * t / self.T_max))


@of_settings
class LinearLR(Schedule):
    """A warm-up: from start_factor·lr straight to end_factor·lr in `total_iters` epochs.

    With s and e the factors and T = total_iters: lr·(s + (e − s)·min(t, T)/T).

    Args:
        optimizer: Whose learning rate to set.
        start_factor: s, of the first epoch.
        end_factor: e, of epoch T and all that follow.
        total_iters: T, the epochs from the one to the other.

    Raises:
        ValueError: If `total_iters` is below 1.

    Example:
        >>> from autograd_mini import Value
        >>> from nn import SGD
        >>> schedule = LinearLR(SGD([Value(1.0)], lr=1.0), start_factor=0.2, total_iters=4)
        >>> [round(schedule.at(t), 4) for t in range(6)]
        [0.2, 0.4, 0.6, 0.8, 1.0, 1.0]
    """

    _counts = ("total_iters",)
    start_factor: float = 1.0 / 3.0
    end_factor: float = 1.0
    total_iters: int = 5

    def at(self, t: int) -> float:
        """Return the learning rate after t completed epochs."""
        way = min(t, self.total_iters) / self.total_iters
        return self.base_lr * (self.start_factor + (self.end_factor - self.start_factor) * way)


@of_settings
class PolynomialLR(Schedule):
    """Down to 0 in `total_iters` epochs: lr·(1 − min(t, T)/T)^power.

    Args:
        optimizer: Whose learning rate to set.
        total_iters: T, the epoch from which on the rate is 0.
        power: 1 for a straight line; above it the rate falls fast at first.

    Raises:
        ValueError: If `total_iters` is below 1.

    Example:
        >>> from autograd_mini import Value
        >>> from nn import SGD
        >>> schedule = PolynomialLR(SGD([Value(1.0)], lr=1.0), total_iters=4, power=2.0)
        >>> [round(schedule.at(t), 4) for t in range(5)]
        [1.0, 0.5625, 0.25, 0.0625, 0.0]
    """

    _counts = ("total_iters",)
    total_iters: int = 5
    power: float = 1.0

    def at(self, t: int) -> float:
        """Return the learning rate after t completed epochs."""
        way = min(t, self.total_iters) / self.total_iters
        return self.base_lr * (1.0 - way) ** self.power


@of_settings
class InverseTimeLR(Schedule):
    """lr/(1 + kt), the classical decay under which stochastic gradient descent converges.

    Args:
        optimizer: Whose learning rate to set.
        k: How fast it falls: after 1/k epochs the rate is half.

    Example:
        >>> from autograd_mini import Value
        >>> from nn import SGD
        >>> schedule = InverseTimeLR(SGD([Value(1.0)], lr=1.0), k=1.0)
        >>> [round(schedule.at(t), 4) for t in range(4)]
        [1.0, 0.5, 0.3333, 0.25]

    Reference:
        Robbins, Monro, "A Stochastic Approximation Method", Annals of Mathematical
        Statistics 22 (1951).
    """

    k: float

    def at(self, t: int) -> float:
        """Return the learning rate after t completed epochs."""
        return self.base_lr / (1.0 + self.k * t)


@of_settings
class ReduceLROnPlateau(Schedule):
    """Multiply the rate by `factor` after more than `patience` epochs without a lower loss.

    Lower means below best·(1 − threshold). `fit` shows it the validation loss, or the training
    loss without validation data.

    Args:
        optimizer: Whose learning rate to set.
        factor: What the rate is multiplied by, between 0 and 1.
        patience: How many epochs in a row may bring no lower loss.
        threshold: How much lower than the best a loss must be, as a share of the best.

    Raises:
        ValueError: If `factor` is not between 0 and 1.

    Example:
        >>> from autograd_mini import Value
        >>> from nn import SGD
        >>> optimizer = SGD([Value(1.0)], lr=1.0)
        >>> schedule = ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
        >>> for loss in (3.0, 2.0, 2.0, 2.0):
        ...     schedule.step(loss)
        >>> optimizer.lr
        0.5
    """

    factor: float = 0.1
    patience: int = 10
    threshold: float = 1e-4

    def __post_init__(self) -> None:
        if not 0.0 < self.factor < 1.0:
            raise ValueError(f"factor must be between 0 and 1, but got {self.factor}")
        whole_number("patience", self.patience, 0)
        self.best, self.waited = math.inf, 0
        super().__post_init__()

    def at(self, t: int) -> float:
        """Return the learning rate as it is: it goes by the losses, not by t."""
        return self.optimizer.lr

    def step(self, loss: float | None = None) -> None:
        """Count an epoch as completed, and lower the learning rate if its loss says so.

        Args:
            loss: The epoch's loss.

        Raises:
            ValueError: If there is none.
        """
        if loss is None:
            raise ValueError("ReduceLROnPlateau goes by the loss: call step(loss) with it")
        self.epoch += 1
        if loss < self.best * (1.0 - self.threshold):
            self.best, self.waited = loss, 0
        else:
            self.waited += 1
        if self.waited > self.patience:
            self.optimizer.lr *= self.factor
            self.waited = 0

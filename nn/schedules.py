"""Schedules: the learning rate as a function of t, the number of completed epochs.

Each belongs to one optimizer, starts from the rate that optimizer has, and is stepped once after
every epoch; `fit(schedule=...)` does that.
"""

from __future__ import annotations

import math
from typing import Any

from nn.optimizers import Optimizer

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


class Schedule:
    """What all schedules share; a new one says in `at` which rate holds after t epochs.

    Attributes:
        optimizer: Whose learning rate it sets.
        base_lr: The rate that optimizer had.
        epoch: t, the completed epochs.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer
        self.base_lr = optimizer.lr
        self.epoch = 0
        optimizer.lr = self.at(0)

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
        """Return all that changes while it runs, as numbers."""
        return {name: value for name, value in vars(self).items() if name != "optimizer"}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where the schedule that `state` was taken from stood.

        Raises:
            ValueError: If the state is of another kind of schedule; then nothing is changed.
        """
        if set(state) != set(self.state_dict()):
            raise ValueError(
                f"{type(self).__name__} keeps {', '.join(sorted(self.state_dict()))}, "
                f"but this state has {', '.join(sorted(state))}"
            )
        vars(self).update(state)


class StepLR(Schedule):
    """Times `gamma` every `step_size` epochs: lr·γ^⌊t/s⌋.

    Example:
        >>> from autograd_mini import Value
        >>> from nn import SGD
        >>> optimizer = SGD([Value(1.0)], lr=1.0)
        >>> schedule = StepLR(optimizer, step_size=2, gamma=0.5)
        >>> [schedule.at(t) for t in range(5)]
        [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        self.step_size, self.gamma = _at_least_one("step_size", step_size), gamma
        super().__init__(optimizer)

    def at(self, t: int) -> float:
        """Return the learning rate after t completed epochs."""
        return self.base_lr * self.gamma ** (t // self.step_size)


class ExponentialLR(Schedule):
    """Times `gamma` every epoch: lr·γᵗ."""

    def __init__(self, optimizer: Optimizer, gamma: float) -> None:
        self.gamma = gamma
        super().__init__(optimizer)

    def at(self, t: int) -> float:
        """Return the learning rate after t completed epochs."""
        return self.base_lr * self.gamma**t


class CosineAnnealingLR(Schedule):
    """Down along half a cosine in `T_max` epochs: η + ½(lr − η)(1 + cos(πt/T)), η = eta_min.

    Beyond T_max the cosine goes on, and the rate up again.

    Reference:
        Loshchilov, Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017.
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0) -> None:
        self.T_max, self.eta_min = _at_least_one("T_max", T_max), eta_min
        super().__init__(optimizer)

    def at(self, t: int) -> float:
        """Return the learning rate after t completed epochs."""
        swing = 0.5 * (self.base_lr - self.eta_min)
        return self.eta_min + swing * (1.0 + math.cos(math.pi * t / self.T_max))


class LinearLR(Schedule):
    """A warm-up: from start_factor·lr straight to end_factor·lr in `total_iters` epochs."""

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3.0,
        end_factor: float = 1.0,
        total_iters: int = 5,
    ) -> None:
        self.start_factor, self.end_factor = start_factor, end_factor
        self.total_iters = _at_least_one("total_iters", total_iters)
        super().__init__(optimizer)

    def at(self, t: int) -> float:
        """Return the learning rate after t completed epochs."""
        way = min(t, self.total_iters) / self.total_iters
        return self.base_lr * (self.start_factor + (self.end_factor - self.start_factor) * way)


class PolynomialLR(Schedule):
    """Down to 0 in `total_iters` epochs: lr·(1 − min(t, T)/T)^power."""

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0) -> None:
        self.total_iters, self.power = _at_least_one("total_iters", total_iters), power
        super().__init__(optimizer)

    def at(self, t: int) -> float:
        """Return the learning rate after t completed epochs."""
        way = min(t, self.total_iters) / self.total_iters
        return self.base_lr * (1.0 - way) ** self.power


class InverseTimeLR(Schedule):
    """lr/(1 + kt), the classical decay under which stochastic gradient descent converges.

    Reference:
        Robbins, Monro, "A Stochastic Approximation Method", Annals of Mathematical
        Statistics 22 (1951).
    """

    def __init__(self, optimizer: Optimizer, k: float) -> None:
        self.k = k
        super().__init__(optimizer)

    def at(self, t: int) -> float:
        """Return the learning rate after t completed epochs."""
        return self.base_lr / (1.0 + self.k * t)


class ReduceLROnPlateau(Schedule):
    """Times `factor` once more than `patience` epochs in a row bring no lower loss.

    Lower means below best·(1 − threshold). `fit` shows it the validation loss, or the training
    loss without validation data.

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

    def __init__(
        self,
        optimizer: Optimizer,
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
    ) -> None:
        if not 0.0 < factor < 1.0:
            raise ValueError(f"factor must be between 0 and 1, but got {factor}")
        self.factor, self.patience, self.threshold = factor, patience, threshold
        self.best, self.waited = math.inf, 0
        super().__init__(optimizer)

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


def _at_least_one(name: str, x: int) -> int:
    if not x >= 1:
        raise ValueError(f"{name} must be 1 or more, but got {x}")
    return x

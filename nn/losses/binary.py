"""Two classes: losses of a probability, a logit or a score."""

from __future__ import annotations

from typing import Any

from autograd_mini import Value, clamped_log, clamped_log1p, relu, softplus
from nn.activations import Scalar
from nn.losses.batches import of_components
from nn.losses.checks import BINARY_TARGETS, PROBABILITIES, SIGNS
from nn.losses.terms import raised

__all__ = [
    "bce_loss",
    "bce_with_logits_loss",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cubed_hinge_loss",
    "hinge_loss",
    "squared_hinge_loss",
]


def binary_cross_entropy(prediction: object, target: object, *, reduction: str = "mean") -> Any:
    """Return -y ln p - (1 - y) ln(1 - p) for a probability p of the class y = 1.

    Logarithms end at -100, as in PyTorch, so that a wrong certainty costs 100.

    Args:
        prediction: Probabilities in [0, 1], of a sigmoid unit.
        target: Numbers in [0, 1]; 0 and 1 are the classes.
        reduction: As for `mse_loss`.

    Raises:
        ValueError: If a number is outside of [0, 1].

    Example:
        >>> binary_cross_entropy([0.5, 0.0], [1, 1], reduction="none")
        [0.6931471805599453, 100.0]
    """

    def bce(p: Scalar, y: Scalar) -> Scalar:
        return -(y * clamped_log(p)) - (1.0 - y) * clamped_log1p(-p)

    return of_components(bce, prediction, target, reduction, PROBABILITIES)


def binary_cross_entropy_with_logits(
    prediction: object, target: object, *, pos_weight: Scalar = 1.0, reduction: str = "mean"
) -> Any:
    """Return -w y ln σ(z) - (1 - y) ln σ(-z) for a logit z, without overflow.

    Args:
        prediction: Any numbers; no sigmoid unit is needed.
        target: Numbers in [0, 1].
        pos_weight: w, the weight of the class y = 1.
        reduction: As for `mse_loss`.

    Raises:
        ValueError: If a target is outside of [0, 1].

    Example:
        >>> binary_cross_entropy_with_logits([1000.0, -1000.0], [0, 1], reduction="none")
        [1000.0, 1000.0]
    """
    extra = pos_weight - 1.0
    is_even = not isinstance(pos_weight, Value) and extra == 0.0

    def bce(z: Scalar, y: Scalar) -> Scalar:
        above = softplus(-z)
        return (1.0 - y) * z + (above if is_even else (1.0 + extra * y) * above)

    return of_components(bce, prediction, target, reduction, BINARY_TARGETS)


def hinge_loss(
    prediction: object, target: object, *, margin: float = 1.0, reduction: str = "mean"
) -> Any:
    """Return max(0, margin - y f) for a score f and y = ±1: the linear SVM's loss.

    Args:
        prediction: Scores f, any numbers; shapes as for `mse_loss`.
        target: -1 or +1, in the same shape.
        margin: From which y f on the loss, and its slope, is 0.
        reduction: As for `mse_loss`.

    Raises:
        ValueError: If a target is not -1 or +1.

    Example:
        >>> hinge_loss([2.0, 0.5, -1.0], [1, 1, 1], reduction="none")
        [0.0, 0.5, 2.0]

    Reference:
        Cortes, Vapnik, "Support-vector networks", Machine Learning 20 (1995).
    """
    return _hinge(prediction, target, margin, 1, reduction)


def squared_hinge_loss(
    prediction: object, target: object, *, margin: float = 1.0, reduction: str = "mean"
) -> Any:
    """Return max(0, margin - y f)², whose slope has no jump.

    Arguments and errors are those of `hinge_loss`.

    Example:
        >>> squared_hinge_loss(-1.0, 1)
        4.0
    """
    return _hinge(prediction, target, margin, 2, reduction)


def cubed_hinge_loss(
    prediction: object, target: object, *, margin: float = 1.0, reduction: str = "mean"
) -> Any:
    """Return max(0, margin - y f)³, whose curvature has no jump.

    Arguments and errors are those of `hinge_loss`.

    Example:
        >>> cubed_hinge_loss(-1.0, 1)
        8.0
    """
    return _hinge(prediction, target, margin, 3, reduction)


bce_loss = binary_cross_entropy
bce_with_logits_loss = binary_cross_entropy_with_logits


def _hinge(prediction: object, target: object, margin: float, power: int, reduction: str) -> Any:
    def hinge(f: Scalar, y: Scalar) -> Scalar:
        return raised(relu(margin - y * f), power)

    return of_components(hinge, prediction, target, reduction, SIGNS)

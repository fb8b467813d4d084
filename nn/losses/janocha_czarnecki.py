"""The twelve losses of Janocha and Czarnecki: what a classifier can minimize.

o are logits, e is the one-hot target, p = softmax(o), y the true class.

Reference:
    Janocha, Czarnecki, "On loss functions for deep neural networks in classification",
    arXiv 1702.05659.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any, Final

from autograd_mini import logsumexp, relu, sigmoid
from nn import activations
from nn.activations import Scalar, below_largest, log_of_sum, log_softmax, softmax
from nn.errors import one_of
from nn.losses.batches import Loss, of_classes
from nn.losses.classes import cross_entropy
from nn.losses.terms import pairs, raised, squared_error, summed, weighted, wrong_scores

__all__ = [
    "JANOCHA_CZARNECKI",
    "cauchy_schwarz_loss",
    "chebyshev_loss",
    "expectation_loss",
    "one_hot_l1_loss",
    "one_hot_l2_loss",
    "one_vs_all_cubed_hinge_loss",
    "one_vs_all_hinge_loss",
    "one_vs_all_squared_hinge_loss",
    "regularized_expectation_loss",
    "squared_log_loss",
    "tanimoto_loss",
]


def one_hot_l1_loss(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    """Return ‖e - o‖₁: the logits themselves should be the one-hot target e.

    Args:
        prediction: C logits o for each example.
        target: A class index or a one-hot list for each example.
        reduction: As for `mse_loss`.

    Raises:
        ValueError: If a target is not a single class of C.

    Example:
        >>> one_hot_l1_loss([0.0, 3.0], 1)
        2.0

    Reference:
        Janocha, Czarnecki, arXiv 1702.05659.
    """

    def loss(o: list[Scalar], e: list[Scalar]) -> Scalar:
        return summed([abs(s - x) for s, x in pairs(o, e)])

    return of_classes(loss, prediction, target, reduction, one_hot=True)


def one_hot_l2_loss(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    """Return ‖e - o‖₂²; arguments and errors are those of `one_hot_l1_loss`.

    Example:
        >>> one_hot_l2_loss([0.0, 3.0], 1)
        4.0

    Reference:
        Janocha, Czarnecki, arXiv 1702.05659.
    """

    def loss(o: list[Scalar], e: list[Scalar]) -> Scalar:
        return summed([squared_error(s, x) for s, x in pairs(o, e)])

    return of_classes(loss, prediction, target, reduction, one_hot=True)


def expectation_loss(prediction: Any, target: Any, *, p: float = 1, reduction: str = "mean") -> Any:
    """Return ‖e - softmax(o)‖: the expected misclassification, in three norms.

    Its gradient vanishes where the model is confidently wrong, which is the paper's point.

    Args:
        prediction: C logits o for each example.
        target: A class index or a one-hot list for each example.
        p: 1 for ‖·‖₁ = 2(1 - p_y), 2 for ‖·‖₂², math.inf for the maximum 1 - p_y.
        reduction: As for `mse_loss`.

    Raises:
        ValueError: If p is something else, or a target is not a single class of C.

    Example:
        >>> expectation_loss([0.0, 0.0], 0), expectation_loss([0.0, 0.0], 0, p=math.inf)
        (1.0, 0.5)

    Reference:
        Janocha, Czarnecki, arXiv 1702.05659.
    """
    one_of("p", p, (1, 2, math.inf))

    def loss(o: list[Scalar], e: list[Scalar]) -> Scalar:
        miss = _miss(o, e)
        if p == 1:
            return 2.0 * miss
        if p == 2:
            wrong = weighted([1.0 - x for x in e], [q * q for q in softmax(o)])
            return wrong + miss * miss
        return miss

    return of_classes(loss, prediction, target, reduction, one_hot=True)


def one_vs_all_hinge_loss(
    prediction: Any, target: Any, *, power: int = 1, margin: float = 0.5, reduction: str = "mean"
) -> Any:
    """Return Σ max(0, margin - ŷ_j o_j)^power over all classes, ŷ = 2e - 1; the margin is ½.

    The other arguments are those of `one_hot_l1_loss`.

    Raises:
        ValueError: If power is not 1, 2 or 3, or a target is not a single class of C.

    Example:
        >>> one_vs_all_hinge_loss([1.0, 0.0], 0)
        0.5

    Reference:
        Janocha, Czarnecki, arXiv 1702.05659.
    """
    one_of("power", power, (1, 2, 3))

    def loss(o: list[Scalar], e: list[Scalar]) -> Scalar:
        return summed([raised(relu(margin - (2.0 * x - 1.0) * s), power) for s, x in pairs(o, e)])

    return of_classes(loss, prediction, target, reduction, one_hot=True)


def squared_log_loss(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    """Return (ln p_y)². A minus sign in print would make it unbounded below.

    Arguments and errors are those of `one_hot_l1_loss`.

    Example:
        >>> squared_log_loss([0.0, 0.0], 0) == math.log(2) ** 2
        True

    Reference:
        Janocha, Czarnecki, arXiv 1702.05659.
    """

    def loss(o: list[Scalar], e: list[Scalar]) -> Scalar:
        o = below_largest(o)
        surprise: Scalar = log_of_sum(o) - weighted(e, o)
        return activations.square(surprise)

    return of_classes(loss, prediction, target, reduction, one_hot=True)


def tanimoto_loss(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    """Return -p_y / (‖p‖² + 1 - p_y), from -1 where all is right up to 0.

    Arguments and errors are those of `one_hot_l1_loss`.

    Example:
        >>> tanimoto_loss([0.0, 0.0], 0)
        -0.5

    Reference:
        Janocha, Czarnecki, arXiv 1702.05659.
    """

    def loss(o: list[Scalar], e: list[Scalar]) -> Scalar:
        p = softmax(o)
        right = weighted(e, p)
        return -(right / (summed([q * q for q in p]) + _miss(o, e)))

    return of_classes(loss, prediction, target, reduction, one_hot=True)


def cauchy_schwarz_loss(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    """Return -ln(p_y / ‖p‖₂), the Cauchy-Schwarz divergence.

    Arguments and errors are those of `one_hot_l1_loss`.

    Example:
        >>> round(cauchy_schwarz_loss([0.0, 0.0], 0), 12) == round(0.5 * math.log(2), 12)
        True

    Reference:
        Janocha, Czarnecki, arXiv 1702.05659.
    """

    def loss(o: list[Scalar], e: list[Scalar]) -> Scalar:
        logs = log_softmax(o)
        return 0.5 * logsumexp([2.0 * x for x in logs]) - weighted(e, logs)

    return of_classes(loss, prediction, target, reduction, one_hot=True)


regularized_expectation_loss = partial(expectation_loss, p=2)
chebyshev_loss = partial(expectation_loss, p=math.inf)
one_vs_all_squared_hinge_loss = partial(one_vs_all_hinge_loss, power=2)
one_vs_all_cubed_hinge_loss = partial(one_vs_all_hinge_loss, power=3)

JANOCHA_CZARNECKI: Final[dict[str, Loss]] = {  # by the paper's symbols
    "L1": one_hot_l1_loss,
    "L2": one_hot_l2_loss,
    "L1∘σ": expectation_loss,
    "L2∘σ": regularized_expectation_loss,
    "L∞∘σ": chebyshev_loss,
    "hinge": one_vs_all_hinge_loss,
    "hinge²": one_vs_all_squared_hinge_loss,
    "hinge³": one_vs_all_cubed_hinge_loss,
    "log": cross_entropy,
    "log²": squared_log_loss,
    "tan": tanimoto_loss,
    "D_CS": cauchy_schwarz_loss,
}


def _miss(o: list[Scalar], e: list[Scalar]) -> Scalar:
    """Return 1 - p_y, and its gradient, without cancellation at either end."""
    right = weighted(e, o)
    z: Scalar = logsumexp([wrong - right for wrong in wrong_scores(e, o)])
    return sigmoid(z)

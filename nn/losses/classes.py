"""Several classes: losses of logits, scores or a distribution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from autograd_mini import Value, amax, clamped_log, greater, relu, where, xlogy
from nn import activations
from nn.activations import Activation, Scalar, below_largest, log_of_sum, softmax
from nn.arrays import nested
from nn.errors import one_of
from nn.losses.batches import of_classes
from nn.losses.checks import varies
from nn.losses.terms import mass, pairs, raised, scaled, summed, weighted, wrong_scores

__all__ = [
    "categorical_hinge_loss",
    "crammer_singer_loss",
    "cross_entropy",
    "cross_entropy_loss",
    "emd_loss",
    "kl_divergence",
    "kl_loss",
    "multi_margin_loss",
    "nll_loss",
    "squared_emd_loss",
]


def cross_entropy(
    prediction: Any,
    target: Any,
    *,
    weight: Sequence[float] | None = None,
    label_smoothing: float = 0.0,
    from_logits: bool = True,
    reduction: str = "mean",
) -> Any:
    """Return -Σ wᵢ tᵢ ln pᵢ with p = softmax(prediction).

    Args:
        prediction: C logits for each example; probabilities if not `from_logits`.
        target: A class index, a one-hot list or a distribution t for each example.
        weight: One weight for each class. "mean" still divides by the number of examples, where
            PyTorch divides by the sum of the weights for index targets.
        label_smoothing: ε of t ← (1 - ε) t + ε / C.
        from_logits: Whether the predictions are logits. From probabilities, logarithms end
            at -100.
        reduction: As for `mse_loss`.

    Raises:
        ValueError: If a target is not a class of C, entries are not probabilities, `weight` has
            not C entries, or `label_smoothing` is outside of [0, 1].

    Example:
        >>> cross_entropy([1000.0, -1000.0], 0), cross_entropy([1000.0, -1000.0], 1)
        (0.0, 2000.0)
        >>> round(cross_entropy([[0.0, 0.0], [1.0, 1.0]], [0, 1]), 4)  # ln 2, the mean of two
        0.6931

    Reference:
        Label smoothing: Szegedy, Vanhoucke, Ioffe, Shlens, Wojna, "Rethinking the Inception
        Architecture for Computer Vision", CVPR 2016.
    """
    if not 0.0 <= Value(label_smoothing).data <= 1.0:
        raise ValueError(f"label_smoothing must be in [0, 1], but got {label_smoothing}")

    def loss(z: list[Scalar], t: list[Scalar]) -> Scalar:
        if label_smoothing:
            t = [(1.0 - label_smoothing) * x + label_smoothing / len(t) for x in t]
        t = _class_weighted(t, weight)
        if from_logits:
            z = below_largest(z)
            return scaled(mass(t), log_of_sum(z)) - weighted(t, z)
        return -weighted(t, [clamped_log(p) for p in z])

    return of_classes(loss, prediction, target, reduction, probabilities=not from_logits)


def nll_loss(
    prediction: Any, target: Any, *, weight: Sequence[float] | None = None, reduction: str = "mean"
) -> Any:
    """Return -Σ wᵢ tᵢ lᵢ for log-probabilities l, such as log_softmax gives.

    A log-probability of -∞ does no harm where the target has no weight.

    Args:
        prediction: C log-probabilities for each example.
        target: As for `cross_entropy`.
        weight: As for `cross_entropy`.
        reduction: As for `mse_loss`.

    Raises:
        ValueError: If a target is not a class of C, or `weight` has not C entries.

    Example:
        >>> nll_loss([-1.0, float("-inf")], 0)
        1.0
    """

    def loss(logs: list[Scalar], t: list[Scalar]) -> Scalar:
        t = _class_weighted(t, weight)
        finite = [
            where(greater(x, 0.0), log_p, 0.0) if varies(x) else log_p
            for x, log_p in pairs(t, logs)
        ]
        return -weighted(t, finite)

    return of_classes(loss, prediction, target, reduction)


def kl_divergence(
    prediction: Any, target: Any, *, from_logits: bool = False, reduction: str = "mean"
) -> Any:
    """Return KL(target ‖ prediction) = Σ tᵢ ln(tᵢ / pᵢ), with 0 ln 0 = 0.

    Args:
        prediction: C probabilities for each example; logits if `from_logits`.
        target: A distribution t, a one-hot list or a class index for each example.
        from_logits: Whether the predictions are logits.
        reduction: As for `mse_loss`.

    Raises:
        ValueError: If entries are not probabilities, or do not add up to 1.

    Example:
        >>> round(kl_divergence([0.5, 0.5], [0.0, 1.0]), 4)
        0.6931
        >>> kl_divergence([1.0, 0.0], [0.5, 0.5])
        inf

    Reference:
        Kullback, Leibler, "On Information and Sufficiency", Annals of Mathematical
        Statistics 22 (1951).
    """

    def loss(p: list[Scalar], t: list[Scalar]) -> Scalar:
        negative_entropy = summed([xlogy(x, x) for x in t])
        if from_logits:
            p = below_largest(p)
            return negative_entropy + (scaled(mass(t), log_of_sum(p)) - weighted(t, p))
        return negative_entropy - summed([xlogy(x, q) for x, q in pairs(t, p)])

    return of_classes(loss, prediction, target, reduction, probabilities=not from_logits)


def emd_loss(
    prediction: Any, target: Any, *, from_logits: bool = False, reduction: str = "mean"
) -> Any:
    """Return the earth mover's distance Σ |Dᵢ| between two distributions over ordered classes.

    Dᵢ is how much probability must move from the first i classes to the others; classes are one
    unit apart.

    Args:
        prediction: C probabilities for each example; logits if `from_logits`.
        target: A distribution, a one-hot list or a class index for each example.
        from_logits: Whether the predictions are logits.
        reduction: As for `mse_loss`.

    Raises:
        ValueError: If entries are not probabilities, or do not add up to 1.

    Example:
        >>> round(emd_loss([0.1, 0.2, 0.3, 0.4], [0.4, 0.3, 0.2, 0.1]), 12)
        1.0

    Reference:
        Rubner, Tomasi, Guibas, "The Earth Mover's Distance as a Metric for Image Retrieval",
        International Journal of Computer Vision 40 (2000).
    """
    return _earth_moved(abs, prediction, target, from_logits, reduction)


def squared_emd_loss(
    prediction: Any, target: Any, *, from_logits: bool = False, reduction: str = "mean"
) -> Any:
    """Return Σ Dᵢ², the squared earth mover's distance, with Dᵢ as in `emd_loss`.

    Arguments and errors are those of `emd_loss`.

    Example:
        >>> round(squared_emd_loss([0.1, 0.2, 0.3, 0.4], [0.4, 0.3, 0.2, 0.1]), 12)
        0.34

    Reference:
        Hou, Yu, Samaras, "Squared earth mover's distance-based loss for training deep neural
        networks", arXiv 1611.05916.
    """
    return _earth_moved(activations.square, prediction, target, from_logits, reduction)


def categorical_hinge_loss(
    prediction: Any, target: Any, *, margin: float = 1.0, reduction: str = "mean"
) -> Any:
    """Return max(0, margin + max(0, M) - z_y), M the largest score of a wrong class.

    This is Keras's; the inner 0 is the score its formula gives to the true class.

    Args:
        prediction: C scores for each example.
        target: A class index or a one-hot list for each example.
        margin: How far the true class has to be ahead.
        reduction: As for `mse_loss`.

    Raises:
        ValueError: If a target is not a single class of C.

    Example:
        >>> categorical_hinge_loss([2.0, 0.5, -1.0], 1)
        2.5
    """

    def loss(z: list[Scalar], e: list[Scalar]) -> Scalar:
        largest: Scalar = amax(wrong_scores(e, z))
        most: Scalar = relu(largest)
        hinge: Scalar = relu(margin + most - weighted(e, z))
        return hinge

    return of_classes(loss, prediction, target, reduction, one_hot=True)


def crammer_singer_loss(
    prediction: Any, target: Any, *, margin: float = 1.0, reduction: str = "mean"
) -> Any:
    """Return max(0, margin + M - z_y), M the largest score of a wrong class.

    This is scikit-learn's `hinge_loss` for several classes. Arguments and errors are those of
    `categorical_hinge_loss`.

    Example:
        >>> crammer_singer_loss([2.0, 0.5, -1.0], 0)
        0.0

    Reference:
        Crammer, Singer, "On the Algorithmic Implementation of Multiclass Kernel-based Vector
        Machines", Journal of Machine Learning Research 2 (2001).
    """

    def loss(z: list[Scalar], e: list[Scalar]) -> Scalar:
        largest: Scalar = amax(wrong_scores(e, z))
        hinge: Scalar = relu(margin + largest - weighted(e, z))
        return hinge

    return of_classes(loss, prediction, target, reduction, one_hot=True)


def multi_margin_loss(
    prediction: Any, target: Any, *, p: int = 1, margin: float = 1.0, reduction: str = "mean"
) -> Any:
    """Return (1/C) Σ max(0, margin - z_y + z_j)^p over the wrong classes j.

    This is PyTorch's `MultiMarginLoss`. The other arguments are those of `categorical_hinge_loss`.

    Raises:
        ValueError: If p is not 1 or 2, or a target is not a single class of C.

    Example:
        >>> multi_margin_loss([2.0, 1.5, -1.0, 2.0], 0)
        0.375
    """
    one_of("p", p, (1, 2))

    def loss(z: list[Scalar], e: list[Scalar]) -> Scalar:
        gap = margin - weighted(e, z)
        wrong = [(1.0 - x, raised(relu(gap + s), p)) for x, s in pairs(e, z)]
        return weighted([w for w, _ in wrong], [h for _, h in wrong]) / len(z)

    return of_classes(loss, prediction, target, reduction, one_hot=True)


cross_entropy_loss = cross_entropy
kl_loss = kl_divergence


def _class_weighted(t: list[Scalar], weight: Sequence[float] | None) -> list[Scalar]:
    if weight is None:
        return t
    numbers = nested(weight)
    if not isinstance(numbers, list) or len(cast(list[Any], numbers)) != len(t):
        raise ValueError(f"weight needs one number for each of {len(t)} classes, but got {weight}")
    return [w * x for w, x in pairs(cast(list[float], numbers), t)]


def _earth_moved(
    size: Activation, prediction: Any, target: Any, from_logits: bool, reduction: str
) -> Any:
    def loss(p: list[Scalar], t: list[Scalar]) -> Scalar:
        p = softmax(p) if from_logits else p
        moved: list[Scalar] = [p[0] - t[0]]
        for q, x in pairs(p[1:], t[1:]):
            moved.append(moved[-1] + (q - x))
        # the last D is 0 but for rounding, whose sign would reach every class
        return summed([size(d) for d in moved[:-1]]) if len(p) > 1 else 0.0 * moved[0]

    return of_classes(loss, prediction, target, reduction, probabilities=not from_logits)

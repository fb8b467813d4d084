"""Losses: how wrong a prediction is, `loss(prediction, target, *, options, reduction="mean")`.

Numbers in, float out; a Value anywhere, Value out. The loss ℓ of an example is summed over its
components, and "mean" is the lecture's (1/N) Σ ℓ over examples: with C outputs `mse_loss` is C
times PyTorch's, which divides by N·C.

- Losses of components: a number is one example, a flat list is N examples of one output, a list
  of lists is N examples of C outputs. One vector is a batch of one: `mse_loss([y], [t])`.
- Losses of classes: a flat list of C is one example, a list of lists is N examples. The target is
  a class index, a one-hot list or, where a distribution makes sense, a distribution.

Arrays count as nested lists. Shapes match exactly: nothing is broadcast.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Final, TypeAlias, cast

from autograd_mini import (
    Value,
    amax,
    clamped_log,
    clamped_log1p,
    dot,
    greater,
    huber,
    is_tracing,
    log,
    log1p,
    log_cosh,
    logsumexp,
    norm,
    relu,
    sigmoid,
    softplus,
    total,
    where,
    xlogy,
)
from autograd_mini.ops import Number
from nn import activations
from nn.activations import log_softmax, softmax

__all__ = [
    "CLASS_LOSSES",
    "JANOCHA_CZARNECKI",
    "LOSSES",
    "Loss",
    "bce_loss",
    "bce_with_logits_loss",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "categorical_hinge_loss",
    "cauchy_schwarz_loss",
    "crammer_singer_loss",
    "cross_entropy",
    "cross_entropy_loss",
    "cubed_hinge_loss",
    "emd_loss",
    "expectation_loss",
    "gaussian_nll_loss",
    "get",
    "half_mse_loss",
    "hinge_loss",
    "huber_loss",
    "kl_divergence",
    "kl_loss",
    "l1_loss",
    "l1_penalty",
    "l2_penalty",
    "laplace_nll_loss",
    "log_cosh_loss",
    "mae_loss",
    "mismatch",
    "mse_loss",
    "msle_loss",
    "multi_margin_loss",
    "nll_loss",
    "one_hot_l1_loss",
    "one_hot_l2_loss",
    "one_vs_all_hinge_loss",
    "rmse",
    "rmsle",
    "smooth_l1_loss",
    "squared_emd_loss",
    "squared_hinge_loss",
    "squared_log_loss",
    "tanimoto_loss",
]

Loss: TypeAlias = Callable[..., Any]
Scalar: TypeAlias = "Value | float"

_HALF_LOG_2PI: Final = 0.5 * math.log(2.0 * math.pi)
_LOOSE: Final = 1e-3  # how far a sum of probabilities may be off: a checker moves one entry


# Regression: losses of components.


def mse_loss(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    """Return the squared error (f - y)², the loss of Gaussian noise.

    Args:
        prediction: The model's output; a number, N of them, or N lists of C.
        target: What it should have been, in the same shape.
        reduction: "mean" over the examples, "sum", or "none" for a list.

    Raises:
        ValueError: If the shapes differ, or there is no example.

    Example:
        >>> mse_loss([1.0, 2.0], [0.0, 4.0])
        2.5
    """
    return _each(_squared_error, prediction, target, reduction)


def half_mse_loss(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    """Return ½(f - y)², whose gradient is the error itself.

    With reduction="sum" it is the ½ Σ e² of the lecture's back-propagation.

    Example:
        >>> half_mse_loss(3.0, 1.0)
        2.0
    """
    return _each(lambda f, y: 0.5 * _squared_error(f, y), prediction, target, reduction)


def mae_loss(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    """Return the absolute error |f - y|, the loss of Laplace noise; slope 0 at f = y.

    Example:
        >>> mae_loss([1.0, 2.0], [0.0, 4.0])
        1.5
    """
    return _each(_absolute_error, prediction, target, reduction)


def msle_loss(prediction: Any, target: Any, *, log1p: bool = False, reduction: str = "mean") -> Any:
    """Return the squared logarithmic error (ln f - ln y)².

    It sees ratios, not differences, and punishes a prediction that is too low more than one that
    is too high by as much.

    Args:
        prediction: Positive numbers.
        target: Positive numbers.
        log1p: Use ln(1 + ·), as scikit-learn and Keras do; numbers above -1 will then do. The
            lecture's 0.5108 and 0.3365 are those of the plain ln.
        reduction: As for `mse_loss`.

    Raises:
        ValueError: If a number has no logarithm.

    Example:
        >>> round(msle_loss(600.0, 1000.0), 4)
        0.2609
    """
    return _each(
        partial(_squared_log_error, log1p=log1p),
        prediction,
        target,
        reduction,
        partial(_check_logarithms, low=-1.0 if log1p else 0.0),
    )


def huber_loss(prediction: Any, target: Any, *, delta: float = 1.0, reduction: str = "mean") -> Any:
    """Return ½r² for |r| <= delta, else delta (|r| - delta/2): square inside, straight outside.

    Raises:
        ValueError: If delta <= 0.

    Example:
        >>> huber_loss([0.5, 3.0], [0.0, 0.0], reduction="none")
        [0.125, 2.5]
    """
    _check_positive(delta, "delta")
    return _each(lambda f, y: huber(f - y, delta), prediction, target, reduction)


def smooth_l1_loss(
    prediction: Any, target: Any, *, beta: float = 1.0, reduction: str = "mean"
) -> Any:
    """Return huber(delta=beta) / beta; the absolute error for beta = 0.

    Raises:
        ValueError: If beta < 0.

    Example:
        >>> smooth_l1_loss(3.0, 0.0, beta=2.0)
        2.0
    """
    if beta == 0.0:
        return mae_loss(prediction, target, reduction=reduction)
    _check_positive(beta, "beta")
    return _each(lambda f, y: huber(f - y, beta) / beta, prediction, target, reduction)


def log_cosh_loss(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    """Return ln cosh(f - y), a smooth relative of huber.

    Example:
        >>> log_cosh_loss(1000.0, 0.0) == 1000.0 - math.log(2.0)
        True
    """
    return _each(lambda f, y: log_cosh(f - y), prediction, target, reduction)


def gaussian_nll_loss(
    prediction: Any, target: Any, *, sigma: Scalar = 1.0, reduction: str = "mean"
) -> Any:
    """Return -ln p(y) for Gaussian noise: ‖y - f‖² / (2σ²) + m·½ ln(2πσ²), m components.

    The slides print the density without its normaliser; this has it, so that σ, which may be a
    Value, can be learnt: the best σ² is the mean of the squared errors.

    Raises:
        ValueError: If sigma <= 0.

    Example:
        >>> gaussian_nll_loss(1.0, 1.0) == 0.5 * math.log(2 * math.pi)
        True
    """
    _check_positive(sigma, "sigma")
    spread = 2.0 * (sigma * sigma)
    level = log(sigma) + _HALF_LOG_2PI

    def nll(f: Any, y: Any) -> Any:
        return _squared_error(f, y) / spread + level

    return _each(nll, prediction, target, reduction)


def laplace_nll_loss(
    prediction: Any, target: Any, *, b: Scalar = 1.0, reduction: str = "mean"
) -> Any:
    """Return -ln p(y) for Laplace noise: ‖y - f‖₁ / b + m·ln(2b), m components.

    The slides print the normaliser of one component only. `b` may be a Value; the best one is the
    mean of the absolute errors.

    Raises:
        ValueError: If b <= 0.

    Example:
        >>> laplace_nll_loss(1.0, 1.0) == math.log(2)
        True
    """
    _check_positive(b, "b")
    level = log(2.0 * b)

    def nll(f: Any, y: Any) -> Any:
        return _absolute_error(f, y) / b + level

    return _each(nll, prediction, target, reduction)


def rmse(prediction: Any, target: Any) -> Any:
    """Return the root of `mse_loss` over the whole batch; slope 0 where all is right.

    Example:
        >>> rmse(600.0, 1000.0), rmse(1400.0, 1000.0)
        (400.0, 400.0)
    """
    examples, _ = _paired(prediction, target)
    return _root(examples, lambda f, y: f - y)


def rmsle(prediction: Any, target: Any, *, log1p: bool = False) -> Any:
    """Return the root of `msle_loss` over the whole batch; slope 0 where all is right.

    Example:
        >>> round(rmsle(600.0, 1000.0), 4), round(rmsle(1400.0, 1000.0), 4)
        (0.5108, 0.3365)
    """
    examples, _ = _paired(prediction, target)
    _check_all(examples, partial(_check_logarithms, low=-1.0 if log1p else 0.0))
    return _root(examples, partial(_log_error, log1p=log1p))


# Two classes: probabilities, logits and scores.


def binary_cross_entropy(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
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

    def bce(p: Any, y: Any) -> Any:
        return -(y * clamped_log(p)) - (1.0 - y) * clamped_log1p(-p)

    return _each(bce, prediction, target, reduction, _check_probability_pair)


def binary_cross_entropy_with_logits(
    prediction: Any, target: Any, *, pos_weight: Scalar = 1.0, reduction: str = "mean"
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

    def bce(z: Any, y: Any) -> Any:
        return (1.0 - y) * z + (1.0 + extra * y) * softplus(-z)

    return _each(bce, prediction, target, reduction, _check_probability_target)


def hinge_loss(
    prediction: Any, target: Any, *, margin: float = 1.0, reduction: str = "mean"
) -> Any:
    """Return max(0, margin - y f) for a score f and y = ±1: the linear SVM's loss.

    Raises:
        ValueError: If a target is not -1 or +1.

    Example:
        >>> hinge_loss([2.0, 0.5, -1.0], [1, 1, 1], reduction="none")
        [0.0, 0.5, 2.0]
    """
    return _hinge(prediction, target, margin, 1, reduction)


def squared_hinge_loss(
    prediction: Any, target: Any, *, margin: float = 1.0, reduction: str = "mean"
) -> Any:
    """Return max(0, margin - y f)², whose slope has no jump.

    Example:
        >>> squared_hinge_loss(-1.0, 1)
        4.0
    """
    return _hinge(prediction, target, margin, 2, reduction)


def cubed_hinge_loss(
    prediction: Any, target: Any, *, margin: float = 1.0, reduction: str = "mean"
) -> Any:
    """Return max(0, margin - y f)³, whose curvature has no jump.

    Example:
        >>> cubed_hinge_loss(-1.0, 1)
        8.0
    """
    return _hinge(prediction, target, margin, 3, reduction)


# Classes and distributions.


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
        ValueError: If a target is no class of C, entries are not probabilities, `weight` has
            not C entries, or `label_smoothing` is outside of [0, 1].

    Example:
        >>> cross_entropy([1000.0, -1000.0], 0), cross_entropy([1000.0, -1000.0], 1)
        (0.0, 2000.0)
    """
    if not 0.0 <= _plain(label_smoothing) <= 1.0:
        raise ValueError(f"label_smoothing must be in [0, 1], but got {label_smoothing}")

    def loss(z: list[Any], t: list[Any]) -> Any:
        if label_smoothing:
            t = [(1.0 - label_smoothing) * x + label_smoothing / len(t) for x in t]
        t = _class_weighted(t, weight)
        if from_logits:
            return _scaled(_mass(t), logsumexp(z)) - _weighted(t, z)
        return -_weighted(t, [clamped_log(p) for p in z])

    return _classes(loss, prediction, target, reduction, probabilities=not from_logits)


def nll_loss(
    prediction: Any,
    target: Any,
    *,
    weight: Sequence[float] | None = None,
    reduction: str = "mean",
) -> Any:
    """Return -Σ wᵢ tᵢ lᵢ for log-probabilities l, such as log_softmax gives.

    A log-probability of -∞ does no harm where the target has no weight.

    Example:
        >>> nll_loss([-1.0, -math.inf], 0)
        1.0
    """

    def loss(logs: list[Any], t: list[Any]) -> Any:
        t = _class_weighted(t, weight)
        finite = [
            where(greater(x, 0.0), log_p, 0.0) if _varies(x) else log_p
            for x, log_p in _zip(t, logs)
        ]
        return -_weighted(t, finite)

    return _classes(loss, prediction, target, reduction)


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
        >>> kl_divergence([0.5, 0.5], [0.0, 1.0]) == math.log(2)
        True
        >>> kl_divergence([1.0, 0.0], [0.5, 0.5])
        inf
    """

    def loss(p: list[Any], t: list[Any]) -> Any:
        negative_entropy = _sum([xlogy(x, x) for x in t])
        if from_logits:
            return negative_entropy + (_scaled(_mass(t), logsumexp(p)) - _weighted(t, p))
        return negative_entropy - _sum([xlogy(x, q) for x, q in _zip(t, p)])

    return _classes(loss, prediction, target, reduction, probabilities=not from_logits)


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
    """
    return _earth_moved(abs, prediction, target, from_logits, reduction)


def squared_emd_loss(
    prediction: Any, target: Any, *, from_logits: bool = False, reduction: str = "mean"
) -> Any:
    """Return Σ Dᵢ², the squared earth mover's distance, with Dᵢ as in `emd_loss`.

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

    Example:
        >>> categorical_hinge_loss([2.0, 0.5, -1.0], 1)
        2.5
    """

    def loss(z: list[Any], e: list[Any]) -> Any:
        return relu(margin + relu(amax(_others(e, z))) - _weighted(e, z))

    return _classes(loss, prediction, target, reduction, one_hot=True)


def crammer_singer_loss(
    prediction: Any, target: Any, *, margin: float = 1.0, reduction: str = "mean"
) -> Any:
    """Return max(0, margin + M - z_y), M the largest score of a wrong class.

    This is scikit-learn's `hinge_loss` for several classes.

    Example:
        >>> crammer_singer_loss([2.0, 0.5, -1.0], 0)
        0.0
    """

    def loss(z: list[Any], e: list[Any]) -> Any:
        return relu(margin + amax(_others(e, z)) - _weighted(e, z))

    return _classes(loss, prediction, target, reduction, one_hot=True)


def multi_margin_loss(
    prediction: Any, target: Any, *, p: int = 1, margin: float = 1.0, reduction: str = "mean"
) -> Any:
    """Return (1/C) Σ max(0, margin - z_y + z_j)^p over the wrong classes j.

    Raises:
        ValueError: If p is not 1 or 2.

    Example:
        >>> multi_margin_loss([2.0, 1.5, -1.0, 2.0], 0)
        0.375
    """
    _check_choice(p, (1, 2), "p")

    def loss(z: list[Any], e: list[Any]) -> Any:
        gap = margin - _weighted(e, z)
        wrong = [(1.0 - x, _power(relu(gap + s), p)) for x, s in _zip(e, z)]
        return _weighted([w for w, _ in wrong], [h for _, h in wrong]) / len(z)

    return _classes(loss, prediction, target, reduction, one_hot=True)


# The twelve losses of Janocha and Czarnecki, "On loss functions for deep neural networks in
# classification", arXiv 1702.05659; o are logits, e is the one-hot target, p = softmax(o).


def one_hot_l1_loss(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    """Return ‖e - o‖₁: the logits themselves should be the one-hot target.

    Example:
        >>> one_hot_l1_loss([0.0, 3.0], 1)
        2.0
    """
    return _one_hot(
        lambda o, e: _sum([abs(s - x) for s, x in _zip(o, e)]), prediction, target, reduction
    )


def one_hot_l2_loss(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    """Return ‖e - o‖₂².

    Example:
        >>> one_hot_l2_loss([0.0, 3.0], 1)
        4.0
    """
    return _one_hot(
        lambda o, e: _sum([_squared_error(s, x) for s, x in _zip(o, e)]),
        prediction,
        target,
        reduction,
    )


def expectation_loss(prediction: Any, target: Any, *, p: float = 1, reduction: str = "mean") -> Any:
    """Return ‖e - softmax(o)‖: the expected misclassification, in three norms.

    Its gradient vanishes where the model is confidently wrong, which is the paper's point.

    Args:
        prediction: Logits o.
        target: A class index or a one-hot list.
        p: 1 for ‖·‖₁ = 2(1 - p_y), 2 for ‖·‖₂², math.inf for the maximum 1 - p_y.
        reduction: As for `mse_loss`.

    Raises:
        ValueError: If p is something else.

    Example:
        >>> expectation_loss([0.0, 0.0], 0), expectation_loss([0.0, 0.0], 0, p=math.inf)
        (1.0, 0.5)
    """
    _check_choice(p, (1, 2, math.inf), "p")

    def loss(o: list[Any], e: list[Any]) -> Any:
        miss = _miss(o, e)
        if p == 1:
            return 2.0 * miss
        if p == 2:
            wrong = _weighted([1.0 - x for x in e], [q * q for q in softmax(o)])
            return wrong + miss * miss
        return miss

    return _one_hot(loss, prediction, target, reduction)


def one_vs_all_hinge_loss(
    prediction: Any, target: Any, *, power: int = 1, margin: float = 0.5, reduction: str = "mean"
) -> Any:
    """Return Σ max(0, margin - ŷ_j o_j)^power over all classes, ŷ = 2e - 1; the margin is ½.

    Raises:
        ValueError: If power is not 1, 2 or 3.

    Example:
        >>> one_vs_all_hinge_loss([1.0, 0.0], 0)
        0.5
    """
    _check_choice(power, (1, 2, 3), "power")

    def loss(o: list[Any], e: list[Any]) -> Any:
        return _sum([_power(relu(margin - (2.0 * x - 1.0) * s), power) for s, x in _zip(o, e)])

    return _one_hot(loss, prediction, target, reduction)


def squared_log_loss(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    """Return (ln p_y)². A minus sign in print would make it unbounded below.

    Example:
        >>> squared_log_loss([0.0, 0.0], 0) == math.log(2) ** 2
        True
    """
    return _one_hot(
        lambda o, e: activations.square(logsumexp(o) - _weighted(e, o)),
        prediction,
        target,
        reduction,
    )


def tanimoto_loss(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    """Return -p_y / (‖p‖² + 1 - p_y), from -1 where all is right up to 0.

    Example:
        >>> tanimoto_loss([0.0, 0.0], 0)
        -0.5
    """

    def loss(o: list[Any], e: list[Any]) -> Any:
        p = softmax(o)
        right = _weighted(e, p)
        return -(right / (_sum([q * q for q in p]) + _miss(o, e)))

    return _one_hot(loss, prediction, target, reduction)


def cauchy_schwarz_loss(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    """Return -ln(p_y / ‖p‖₂), the Cauchy-Schwarz divergence.

    Example:
        >>> round(cauchy_schwarz_loss([0.0, 0.0], 0), 12) == round(0.5 * math.log(2), 12)
        True
    """

    def loss(o: list[Any], e: list[Any]) -> Any:
        logs = log_softmax(o)
        return 0.5 * logsumexp([2.0 * x for x in logs]) - _weighted(e, logs)

    return _one_hot(loss, prediction, target, reduction)


# Penalties: model -> Value, for fit(penalty=...).


def l1_penalty(strength: float) -> Callable[[Any], Any]:
    """Return the penalty strength · Σ|w| over a model's weights; biases are free.

    Raises:
        ValueError: If strength < 0.

    Example:
        >>> from nn import FNN
        >>> l1_penalty(0.1)(FNN([2, 1], init="zeros")).data
        0.0
    """
    _check_not_negative(strength, "strength")

    def penalty(model: Any) -> Any:
        return strength * total([abs(w) for w in _weights(model)])

    return penalty


def l2_penalty(strength: float) -> Callable[[Any], Any]:
    """Return the penalty strength/2 · Σw² over a model's weights; biases are free.

    Raises:
        ValueError: If strength < 0.

    Example:
        >>> from nn import FNN
        >>> l2_penalty(0.1)(FNN([2, 1], init="zeros")).data
        0.0
    """
    _check_not_negative(strength, "strength")

    def penalty(model: Any) -> Any:
        ws = _weights(model)
        return (0.5 * strength) * dot(ws, ws)

    return penalty


def _weights(model: Any) -> list[Value]:
    """Return what a penalty shrinks; a model of one's own says so in `weights()` or by labels."""
    if hasattr(model, "weights"):
        return model.weights()
    return [p for p in model.parameters() if p.label.rpartition(".")[2] != "b"]


# Names.

l1_loss = mae_loss
bce_loss = binary_cross_entropy
bce_with_logits_loss = binary_cross_entropy_with_logits
cross_entropy_loss = cross_entropy
kl_loss = kl_divergence

_regularized_expectation_loss = partial(expectation_loss, p=2)
_chebyshev_loss = partial(expectation_loss, p=math.inf)
_one_vs_all_squared_hinge_loss = partial(one_vs_all_hinge_loss, power=2)
_one_vs_all_cubed_hinge_loss = partial(one_vs_all_hinge_loss, power=3)

LOSSES: Final[dict[str, Loss]] = {
    "mse": mse_loss,
    "half_mse": half_mse_loss,
    "mae": mae_loss,
    "l1": mae_loss,
    "msle": msle_loss,
    "huber": huber_loss,
    "smooth_l1": smooth_l1_loss,
    "log_cosh": log_cosh_loss,
    "gaussian_nll": gaussian_nll_loss,
    "laplace_nll": laplace_nll_loss,
    "bce": binary_cross_entropy,
    "binary_cross_entropy": binary_cross_entropy,
    "bce_with_logits": binary_cross_entropy_with_logits,
    "binary_cross_entropy_with_logits": binary_cross_entropy_with_logits,
    "hinge": hinge_loss,
    "squared_hinge": squared_hinge_loss,
    "cubed_hinge": cubed_hinge_loss,
    "cross_entropy": cross_entropy,
    "nll": nll_loss,
    "kl": kl_divergence,
    "kl_divergence": kl_divergence,
    "emd": emd_loss,
    "squared_emd": squared_emd_loss,
    "categorical_hinge": categorical_hinge_loss,
    "crammer_singer": crammer_singer_loss,
    "multi_margin": multi_margin_loss,
    "one_hot_l1": one_hot_l1_loss,
    "one_hot_l2": one_hot_l2_loss,
    "expectation": expectation_loss,
    "regularized_expectation": _regularized_expectation_loss,
    "chebyshev": _chebyshev_loss,
    "one_vs_all_hinge": one_vs_all_hinge_loss,
    "one_vs_all_squared_hinge": _one_vs_all_squared_hinge_loss,
    "one_vs_all_cubed_hinge": _one_vs_all_cubed_hinge_loss,
    "squared_log": squared_log_loss,
    "tanimoto": tanimoto_loss,
    "cauchy_schwarz": cauchy_schwarz_loss,
}

JANOCHA_CZARNECKI: Final[dict[str, Loss]] = {
    "L1": one_hot_l1_loss,
    "L2": one_hot_l2_loss,
    "L1∘σ": expectation_loss,
    "L2∘σ": _regularized_expectation_loss,
    "L∞∘σ": _chebyshev_loss,
    "hinge": one_vs_all_hinge_loss,
    "hinge²": _one_vs_all_squared_hinge_loss,
    "hinge³": _one_vs_all_cubed_hinge_loss,
    "log": cross_entropy,
    "log²": squared_log_loss,
    "tan": tanimoto_loss,
    "D_CS": cauchy_schwarz_loss,
}

CLASS_LOSSES: Final[frozenset[Loss]] = frozenset(
    (
        cross_entropy,
        nll_loss,
        kl_divergence,
        emd_loss,
        squared_emd_loss,
        categorical_hinge_loss,
        crammer_singer_loss,
        multi_margin_loss,
        *JANOCHA_CZARNECKI.values(),
    )
)


def get(name: str | Loss) -> Loss:
    """Return a loss by its name; a function is returned as it is.

    Raises:
        ValueError: If the name is not known; the message lists the names.
        TypeError: If it is neither a name nor a function.

    Example:
        >>> get("mse")(3.0, 1.0)
        4.0
    """
    if callable(name):
        return name
    if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"a loss is a name or a function of (prediction, target), not {name!r}")
    if name not in LOSSES:
        raise ValueError(f"no loss is called {name!r}: there are {', '.join(LOSSES)}")
    return LOSSES[name]


_SQUASHED: Final = ("sigmoid", "softmax", "log_sigmoid", "log_softmax")
_FIXES: Final[dict[Loss, tuple[tuple[str, ...], str]]] = {  # outputs that cannot be meant; the fix
    binary_cross_entropy: (
        ("identity",),
        'takes probabilities: use output_activation="sigmoid" or loss="bce_with_logits"',
    ),
    kl_divergence: (("identity",), 'takes probabilities: use output_activation="softmax"'),
    emd_loss: (("identity",), 'takes probabilities: use output_activation="softmax"'),
    squared_emd_loss: (("identity",), 'takes probabilities: use output_activation="softmax"'),
    msle_loss: (("identity",), 'takes positive numbers: use output_activation="softplus"'),
    nll_loss: (
        ("identity", "sigmoid", "softmax"),
        'takes log-probabilities: use output_activation="log_softmax" or loss="cross_entropy"',
    ),
    binary_cross_entropy_with_logits: (
        _SQUASHED,
        'takes logits: use output_activation="identity" or loss="bce"',
    ),
    cross_entropy: (_SQUASHED, 'takes logits: use output_activation="identity"'),
    **{
        loss: (("sigmoid", "softmax"), 'takes logits: use output_activation="identity"')
        for loss in JANOCHA_CZARNECKI.values()
        if loss is not cross_entropy
    },
}


def mismatch(loss: str | Loss, output_activation: str) -> str | None:
    """Return what is wrong with a loss behind an output unit, and the fix; None if all is well.

    Example:
        >>> mismatch("bce", "identity")
        'bce takes probabilities: use output_activation="sigmoid" or loss="bce_with_logits"'
        >>> mismatch("mse", "identity") is None
        True
    """
    function = get(loss)
    name = next((name for name, known in LOSSES.items() if known is function), None)
    if name is None:
        return None
    wrong, fix = _FIXES.get(function, ((), ""))
    return f"{name} {fix}" if output_activation in wrong else None


# One component.


def _squared_error(f: Any, y: Any) -> Any:
    r = f - y
    return r * r


def _absolute_error(f: Any, y: Any) -> Any:
    return abs(f - y)


def _log_error(f: Any, y: Any, *, log1p: bool) -> Any:
    logarithm = _log1p if log1p else log
    return logarithm(f) - logarithm(y)


def _squared_log_error(f: Any, y: Any, *, log1p: bool) -> Any:
    return activations.square(_log_error(f, y, log1p=log1p))


_log1p = log1p  # where an option has the function's name


def _power(h: Any, p: float) -> Any:
    return h if p == 1 else h * h if p == 2 else h * h * h


def _hinge(prediction: Any, target: Any, margin: float, power: int, reduction: str) -> Any:
    return _each(
        lambda f, y: _power(relu(margin - y * f), power),
        prediction,
        target,
        reduction,
        _check_sign,
    )


# One example of several classes. Weights that are plain zeros leave no trace in the graph.


def _weighted(cs: Sequence[Any], xs: Sequence[Any]) -> Any:
    """Return Σ c x; terms whose c is the plain number 0 are left out."""
    kept = [(c, x) for c, x in _zip(cs, xs) if _varies(c) or c != 0.0]
    if len(kept) == 1:
        return _scaled(*kept[0])
    if all(_is_one(c) for c, _ in kept):
        return total([x for _, x in kept])
    return dot([c for c, _ in kept], [x for _, x in kept])


def _scaled(c: Any, x: Any) -> Any:
    return x if _is_one(c) else c * x


def _is_one(c: Any) -> bool:
    return not _varies(c) and c == 1.0


def _varies(x: Any) -> bool:
    """Say whether this is more than a plain number: a Value, whose data may change."""
    return isinstance(x, Number)


def _sum(xs: Sequence[Any]) -> Any:
    return xs[0] if len(xs) == 1 else total(xs)


def _mass(t: Sequence[Any]) -> Any:
    """Return Σ t, usually the plain number 1."""
    return math.fsum(t) if not any(_varies(x) for x in t) else total(t)


def _zip(xs: Sequence[Any], ys: Sequence[Any]) -> Iterable[tuple[Any, Any]]:
    return zip(xs, ys, strict=True)


def _class_weighted(t: list[Any], weight: Sequence[float] | None) -> list[Any]:
    if weight is None:
        return t
    weight = cast(list[float], _nested(weight))
    if not isinstance(weight, list) or len(weight) != len(t):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ValueError(f"weight needs one number for each of {len(t)} classes, but got {weight}")
    return [w * x for w, x in _zip(weight, t)]


def _others(e: list[Any], z: list[Any]) -> list[Any]:
    """Return the scores of the wrong classes; a target of unknown data hides the true one."""
    others = [
        where(greater(x, 0.5), -math.inf, s) if _varies(x) else s
        for x, s in _zip(e, z)
        if _varies(x) or x < 0.5
    ]
    return others or [-math.inf]


def _miss(o: list[Any], e: list[Any]) -> Any:
    """Return 1 - p_y, and its gradient, without cancellation at either end."""
    return sigmoid(logsumexp(_others(e, o)) - _weighted(e, o))


def _earth_moved(
    size: Callable[[Any], Any], prediction: Any, target: Any, from_logits: bool, reduction: str
) -> Any:
    def loss(p: list[Any], t: list[Any]) -> Any:
        p = softmax(p) if from_logits else p
        moved: list[Any] = [p[0] - t[0]]
        for q, x in _zip(p[1:], t[1:]):
            moved.append(moved[-1] + (q - x))
        # the last D is 0 but for rounding, whose sign would reach every class
        return _sum([size(d) for d in moved[:-1]]) if len(p) > 1 else 0.0 * moved[0]

    return _classes(loss, prediction, target, reduction, probabilities=not from_logits)


# Examples: taking batches apart and putting losses together.


def _each(
    loss: Callable[[Any, Any], Any],
    prediction: Any,
    target: Any,
    reduction: str,
    check: Callable[[Any, Any], None] | None = None,
) -> Any:
    """Apply a loss of components."""
    examples, single = _paired(prediction, target)
    if check is not None:
        _check_all(examples, check)
    return _reduced(
        [_sum([loss(f, y) for f, y in _zip(fs, ys)]) for fs, ys in examples],
        single,
        reduction,
    )


def _one_hot(
    loss: Callable[[list[Any], list[Any]], Any], prediction: Any, target: Any, reduction: str
) -> Any:
    return _classes(loss, prediction, target, reduction, one_hot=True)


def _classes(
    loss: Callable[[list[Any], list[Any]], Any],
    prediction: Any,
    target: Any,
    reduction: str,
    *,
    probabilities: bool = False,
    one_hot: bool = False,
) -> Any:
    """Apply a loss of classes; each target becomes a list of C numbers."""
    predictions = _nested(prediction)
    shape = _shape(predictions, "prediction")
    single = len(shape) == 1
    if len(shape) not in (1, 2):
        raise ValueError(
            f"prediction needs one number for each class, shape (C,) or (N, C), but has shape "
            f"{shape}"
        )
    if single:
        predictions, targets = [predictions], [target]
    else:
        targets = _listed(target)
        if len(targets) != len(predictions):
            raise ValueError(
                f"one target per prediction, please: got {len(predictions)} predictions and "
                f"{len(targets)} targets"
            )
    losses: list[Any] = []
    for n, (p, t) in enumerate(zip(predictions, targets, strict=True)):
        place = "" if single else f" of example {n}"
        distribution = _as_distribution(t, len(p), place)
        if not is_tracing():
            _check_distribution(distribution, f"the target{place}", one_hot=one_hot)
            if probabilities:
                _check_distribution(p, f"the prediction{place}", one_hot=False)
        value = loss(p, distribution)
        if not _varies(value) and any(_varies(x) for x in p):
            value = Value(value)  # every term was left out
        losses.append(value)
    return _reduced(losses, single, reduction)


def _as_distribution(target: Any, count: int, place: str) -> list[Any]:
    """Return a class target as a list of C numbers."""
    if isinstance(target, Number):
        raise ValueError(
            f"the target{place} is a Value, which cannot be a class index: use an int, or a "
            "one-hot list where the function is compiled"
        )
    if hasattr(target, "tolist"):
        target = target.tolist()
    if hasattr(target, "__index__") and not isinstance(target, bool):
        index = target.__index__()
        if not 0 <= index < count:
            raise ValueError(
                f"the target{place} is class {index}, but there are {count} classes: 0 to "
                f"{count - 1}"
            )
        return [1.0 if i == index else 0.0 for i in range(count)]
    entries = _nested(target)
    if not isinstance(entries, list):
        raise ValueError(
            f"the target{place} must be an int, the index of a class, or a list of {count} "
            f"numbers, but got {target!r}"
        )
    entries = cast(list[Any], entries)
    if len(entries) != count or any(isinstance(x, list) for x in entries):
        raise ValueError(
            f"the target{place} needs one number for each of {count} classes, but has shape "
            f"{_shape(entries, 'target')}"
        )
    return entries


def _paired(prediction: Any, target: Any) -> tuple[list[tuple[list[Any], list[Any]]], bool]:
    """Return (components, targets) for each example, and whether it is one bare number."""
    fs, ys = _nested(prediction), _nested(target)
    shape, other = _shape(fs, "prediction"), _shape(ys, "target")
    if shape != other:
        raise ValueError(
            f"prediction and target need the same shape, and nothing is broadcast: got "
            f"{_described(shape)} and {_described(other)}"
        )
    if len(shape) > 2:
        raise ValueError(
            f"prediction needs shape (), (N,) or (N, C), N examples of C outputs, but has {shape}"
        )
    if not shape:
        return [([fs], [ys])], True
    if len(shape) == 1:
        fs, ys = [[f] for f in fs], [[y] for y in ys]
    return list(zip(fs, ys, strict=True)), False


def _nested(x: Any) -> Any:
    """Return nested lists of floats and Values; arrays and other sequences become lists."""
    if isinstance(x, (Number, float)):
        return x
    if hasattr(x, "tolist"):
        x = x.tolist()
    if isinstance(x, Iterable) and not isinstance(x, (str, bytes)):
        return [_nested(element) for element in cast(Iterable[Any], x)]
    return (
        x if isinstance(x, Number) else Value(cast(Any, x)).data
    )  # the door for numbers, and its errors


def _listed(target: Any) -> list[Any]:
    if hasattr(target, "tolist"):
        target = target.tolist()
    if isinstance(target, Number) or not isinstance(target, Iterable):
        raise ValueError(f"a batch needs a list of targets, one per example, but got {target!r}")
    return list(cast(Iterable[Any], target))


def _shape(x: Any, name: str) -> tuple[int, ...]:
    """Return the shape of nested lists; empty and ragged ones are refused."""
    if not isinstance(x, list):
        return ()
    rows = cast(list[Any], x)
    if not rows:
        raise ValueError(f"{name} is empty: a loss needs at least one number")
    first, *others = [_shape(row, name) for row in rows]
    for i, other in enumerate(others, start=1):
        if other != first:
            raise ValueError(
                f"{name} is ragged: {name}[0] has shape {first} and {name}[{i}] has {other}"
            )
    return (len(rows), *first)


def _described(shape: tuple[int, ...]) -> str:
    return f"shape {shape}" if shape else "a number"


def _reduced(losses: list[Any], single: bool, reduction: str) -> Any:
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"reduction must be 'mean', 'sum' or 'none', but got {reduction!r}")
    if single:
        return losses[0]
    if reduction == "none":
        return losses
    whole = _sum(losses)
    return whole / len(losses) if reduction == "mean" and len(losses) > 1 else whole


def _root(examples: list[tuple[list[Any], list[Any]]], error: Callable[[Any, Any], Any]) -> Any:
    errors = [error(f, y) for fs, ys in examples for f, y in _zip(fs, ys)]
    return norm(errors) / math.sqrt(len(examples))


# What is refused: the data of numbers and Values alike, but not while tracing.


def _plain(x: Any) -> float:
    """Return an option as a float; text and the like are refused at the door for numbers."""
    return Value(x).data


def _known(x: Any) -> float | None:
    return x.data if isinstance(x, Value) else None if isinstance(x, Number) else x


def _check_all(
    examples: list[tuple[list[Any], list[Any]]], check: Callable[[Any, Any], None]
) -> None:
    if is_tracing():
        return
    for fs, ys in examples:
        for f, y in _zip(fs, ys):
            check(_known(f), _known(y))


def _check_logarithms(f: float | None, y: float | None, *, low: float) -> None:
    for x, name in ((f, "prediction"), (y, "target")):
        if x is not None and x <= low:
            advice = "" if low else ", or log1p=True for numbers above -1"
            raise ValueError(
                f"msle needs numbers above {low:g}, but a {name} is {x}: use a positive output "
                f"unit such as softplus or exp{advice}"
            )


def _check_probability_target(_z: float | None, y: float | None) -> None:
    if y is not None and not 0.0 <= y <= 1.0:
        advice = ": (y + 1) / 2 turns -1 and +1 into 0 and 1" if y == -1.0 else ""
        raise ValueError(f"a binary target must be in [0, 1], but got {y}{advice}")


def _check_probability_pair(p: float | None, y: float | None) -> None:
    _check_probability_target(p, y)
    if p is not None and not 0.0 <= p <= 1.0:
        raise ValueError(
            f"a probability must be in [0, 1], but got {p}: use a sigmoid output unit, or "
            "bce_with_logits for logits"
        )


def _check_sign(_f: float | None, y: float | None) -> None:
    if y is not None and y not in (-1.0, 1.0):
        advice = ": 2*y - 1 turns 0 and 1 into -1 and +1" if y == 0.0 else ""
        raise ValueError(f"a hinge target must be -1 or +1, but got {y}{advice}")


def _check_distribution(entries: list[Any], what: str, *, one_hot: bool) -> None:
    known = [_known(x) for x in entries]
    numbers = [x for x in known if x is not None]
    if one_hot and any(min(abs(x), abs(x - 1.0)) > _LOOSE or x != x for x in numbers):
        raise ValueError(f"{what} must be a class index or a one-hot list, but got {known}")
    for x in numbers:
        if not -_LOOSE * one_hot <= x <= 1.0 + _LOOSE * one_hot:
            raise ValueError(
                f"the entries of {what} are probabilities, in [0, 1], but one of them is {x}"
            )
    if len(numbers) == len(known) and abs(sum(numbers) - 1.0) > _LOOSE:
        raise ValueError(f"{what} must add up to 1, but adds up to {sum(numbers)}: {known}")


def _check_positive(x: Any, name: str) -> None:
    known = None if is_tracing() else _known(x if _varies(x) else _plain(x))
    if known is not None and not known > 0.0:
        raise ValueError(f"{name} must be above 0, but got {known}")


def _check_not_negative(x: float, name: str) -> None:
    if not _plain(x) >= 0.0:
        raise ValueError(f"{name} must not be below 0, but got {x}")


def _check_choice(x: Any, choices: tuple[Any, ...], name: str) -> None:
    if x not in choices:
        raise ValueError(f"{name} must be one of {', '.join(map(str, choices))}, but got {x!r}")

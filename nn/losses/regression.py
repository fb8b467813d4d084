"""Regression: losses of the difference, or the ratio, of prediction and target."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

from autograd_mini import huber, log, log1p, log_cosh
from nn.activations import Scalar, square
from nn.losses.batches import of_components, root_mean
from nn.losses.checks import check_positive, having_logarithms
from nn.losses.terms import squared_error

__all__ = [
    "gaussian_nll_loss",
    "half_mse_loss",
    "huber_loss",
    "l1_loss",
    "laplace_nll_loss",
    "log_cosh_loss",
    "mae_loss",
    "mse_loss",
    "msle_loss",
    "rmse",
    "rmsle",
    "smooth_l1_loss",
]

_HALF_LOG_2PI: Final = 0.5 * math.log(2.0 * math.pi)
_log1p = log1p  # where an option has the function's name


def mse_loss(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    """Return the squared error (f - y)², the loss of Gaussian noise.

    Args:
        prediction: The model's output f; a number, N of them, or N lists of C.
        target: y, what it should have been, in the same shape.
        reduction: "mean" over the examples, "sum", or "none" for a list.

    Raises:
        ValueError: If the shapes differ, or there is no example.

    Example:
        >>> mse_loss([1.0, 2.0], [0.0, 4.0])
        2.5
        >>> mse_loss([[1.0, 2.0]], [[0.0, 4.0]])  # one example of two outputs: their sum
        5.0
    """
    return of_components(squared_error, prediction, target, reduction)


def half_mse_loss(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    """Return ½(f - y)², whose gradient is the error itself.

    With reduction="sum" it is the ½ Σ e² of the lecture's back-propagation.

    Shapes and `reduction` are those of `mse_loss`.

    Example:
        >>> half_mse_loss(3.0, 1.0)
        2.0
    """
    return of_components(lambda f, y: 0.5 * squared_error(f, y), prediction, target, reduction)


def mae_loss(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    """Return the absolute error |f - y|, the loss of Laplace noise; slope 0 at f = y.

    Shapes and `reduction` are those of `mse_loss`.

    Example:
        >>> mae_loss([1.0, 2.0], [0.0, 4.0])
        1.5
    """
    return of_components(lambda f, y: abs(f - y), prediction, target, reduction)


def msle_loss(prediction: Any, target: Any, *, log1p: bool = False, reduction: str = "mean") -> Any:
    """Return the squared logarithmic error (ln f - ln y)².

    It sees ratios, not differences, and punishes a prediction that is too low more than one that
    is too high by as much.

    Args:
        prediction: Positive numbers.
        target: Positive numbers.
        log1p: Use ln(1 + ·), as scikit-learn and Keras do; then numbers above -1 are allowed. The
            lecture's 0.5108 and 0.3365 are those of the plain ln.
        reduction: As for `mse_loss`.

    Raises:
        ValueError: If a number has no logarithm.

    Example:
        >>> round(msle_loss(600.0, 1000.0), 4)
        0.2609
    """
    error, refusal = _log_error(log1p), having_logarithms(log1p)
    return of_components(lambda f, y: square(error(f, y)), prediction, target, reduction, refusal)


def huber_loss(prediction: Any, target: Any, *, delta: float = 1.0, reduction: str = "mean") -> Any:
    """Return ½r² for |r| <= delta, else delta (|r| - delta/2): square inside, straight outside.

    Args:
        prediction: f of r = f - y, as for `mse_loss`.
        target: y, in the same shape.
        delta: Where the two parts meet; the slope is clip(r, -delta, delta).
        reduction: As for `mse_loss`.

    Raises:
        ValueError: If delta <= 0.

    Example:
        >>> huber_loss([0.5, 3.0], [0.0, 0.0], reduction="none")
        [0.125, 2.5]

    Reference:
        Huber, "Robust Estimation of a Location Parameter", Annals of Mathematical
        Statistics 35 (1964).
    """
    check_positive("delta", delta)
    return of_components(lambda f, y: huber(f - y, delta), prediction, target, reduction)


def smooth_l1_loss(
    prediction: Any, target: Any, *, beta: float = 1.0, reduction: str = "mean"
) -> Any:
    """Return huber(delta=beta) / beta: slope ±1 outside; the absolute error for beta = 0.

    Shapes and `reduction` are those of `mse_loss`.

    Raises:
        ValueError: If beta < 0.

    Example:
        >>> smooth_l1_loss(3.0, 0.0, beta=2.0)
        2.0

    Reference:
        Girshick, "Fast R-CNN", ICCV 2015.
    """
    if beta == 0.0:
        return mae_loss(prediction, target, reduction=reduction)
    check_positive("beta", beta)
    return of_components(lambda f, y: huber(f - y, beta) / beta, prediction, target, reduction)


def log_cosh_loss(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    """Return ln cosh(f - y), a smooth relative of huber, without overflow.

    Shapes and `reduction` are those of `mse_loss`.

    Example:
        >>> log_cosh_loss(1000.0, 0.0) == 1000.0 - math.log(2.0)
        True
    """

    def error(f: Scalar, y: Scalar) -> Scalar:
        return log_cosh(f - y)

    return of_components(error, prediction, target, reduction)


def gaussian_nll_loss(
    prediction: Any, target: Any, *, sigma: Scalar = 1.0, reduction: str = "mean"
) -> Any:
    """Return -ln p(y) for Gaussian noise: ‖y - f‖² / (2σ²) + m·½ ln(2πσ²), m components.

    The slides print the density without its normalizer; this has it, so that σ, which may be a
    Value, can be learned: the best σ² is the mean of the squared errors.

    Args:
        prediction: f, the mean of the noise around it; shapes as for `mse_loss`.
        target: y, in the same shape.
        sigma: σ, the standard deviation of each component, in the unit of y.
        reduction: As for `mse_loss`.

    Raises:
        ValueError: If sigma <= 0.

    Example:
        >>> gaussian_nll_loss(1.0, 1.0) == 0.5 * math.log(2 * math.pi)
        True
    """
    check_positive("sigma", sigma)
    spread = 2.0 * (sigma * sigma)
    level = log(sigma) + _HALF_LOG_2PI
    return of_components(
        lambda f, y: squared_error(f, y) / spread + level, prediction, target, reduction
    )


def laplace_nll_loss(
    prediction: Any, target: Any, *, b: Scalar = 1.0, reduction: str = "mean"
) -> Any:
    """Return -ln p(y) for Laplace noise: ‖y - f‖₁ / b + m·ln(2b), m components.

    The slides print the normalizer of one component only. `b` may be a Value; the best one is the
    mean of the absolute errors.

    Args:
        prediction: f, the median of the noise around it; shapes as for `mse_loss`.
        target: y, in the same shape.
        b: The scale of each component, in the unit of y.
        reduction: As for `mse_loss`.

    Raises:
        ValueError: If b <= 0.

    Example:
        >>> laplace_nll_loss(1.0, 1.0) == math.log(2)
        True
    """
    check_positive("b", b)
    level = log(2.0 * b)
    return of_components(lambda f, y: abs(f - y) / b + level, prediction, target, reduction)


def rmse(prediction: Any, target: Any) -> Any:
    """Return the root of `mse_loss` over the whole batch; slope 0 where all is right.

    It has the unit of the targets; shapes are those of `mse_loss`.

    Example:
        >>> rmse(600.0, 1000.0), rmse(1400.0, 1000.0)
        (400.0, 400.0)
    """
    return root_mean(lambda f, y: f - y, prediction, target)


def rmsle(prediction: Any, target: Any, *, log1p: bool = False) -> Any:
    """Return the root of `msle_loss` over the whole batch; slope 0 where all is right.

    Args:
        prediction: Positive numbers, in a shape of `mse_loss`.
        target: Positive numbers, in the same shape.
        log1p: Use ln(1 + ·); then numbers above -1 are allowed.

    Raises:
        ValueError: If a number has no logarithm.

    Example:
        >>> round(rmsle(600.0, 1000.0), 4), round(rmsle(1400.0, 1000.0), 4)
        (0.5108, 0.3365)
    """
    return root_mean(_log_error(log1p), prediction, target, having_logarithms(log1p))


l1_loss = mae_loss


def _log_error(log1p: bool) -> Callable[[Scalar, Scalar], Scalar]:
    logarithm = _log1p if log1p else log
    return lambda f, y: logarithm(f) - logarithm(y)

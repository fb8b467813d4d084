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

from functools import partial
from typing import Any, Final

from nn.errors import unknown_name
from nn.losses.batches import FORMULA, Formula, Loss
from nn.losses.binary import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cubed_hinge_loss,
    hinge_loss,
    squared_hinge_loss,
)
from nn.losses.classes import (
    categorical_hinge_loss,
    crammer_singer_loss,
    cross_entropy,
    emd_loss,
    kl_divergence,
    multi_margin_loss,
    nll_loss,
    squared_emd_loss,
)
from nn.losses.janocha_czarnecki import (
    JANOCHA_CZARNECKI,
    cauchy_schwarz_loss,
    chebyshev_loss,
    expectation_loss,
    one_hot_l1_loss,
    one_hot_l2_loss,
    one_vs_all_cubed_hinge_loss,
    one_vs_all_hinge_loss,
    one_vs_all_squared_hinge_loss,
    regularized_expectation_loss,
    squared_log_loss,
    tanimoto_loss,
)
from nn.losses.penalties import l1_penalty, l2_penalty
from nn.losses.regression import (
    gaussian_nll_loss,
    half_mse_loss,
    huber_loss,
    laplace_nll_loss,
    log_cosh_loss,
    mae_loss,
    mse_loss,
    msle_loss,
    rmse,
    rmsle,
    smooth_l1_loss,
)

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
    "formula",
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

l1_loss = mae_loss
bce_loss = binary_cross_entropy
bce_with_logits_loss = binary_cross_entropy_with_logits
cross_entropy_loss = cross_entropy
kl_loss = kl_divergence

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
    "regularized_expectation": regularized_expectation_loss,
    "chebyshev": chebyshev_loss,
    "one_vs_all_hinge": one_vs_all_hinge_loss,
    "one_vs_all_squared_hinge": one_vs_all_squared_hinge_loss,
    "one_vs_all_cubed_hinge": one_vs_all_cubed_hinge_loss,
    "squared_log": squared_log_loss,
    "tanimoto": tanimoto_loss,
    "cauchy_schwarz": cauchy_schwarz_loss,
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


_KINDS: Final = tuple(
    {id(k): k for k in (getattr(loss, "func", loss) for loss in LOSSES.values())}.values()
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
        raise unknown_name("loss", name, LOSSES)
    return LOSSES[name]


def formula(loss: Loss) -> Formula | None:
    """Return the function of one example of a loss of this package; None for another function.

    Example:
        >>> formula(mse_loss).example(3.0, 1.0)
        4.0
    """
    kind: Any = loss
    while isinstance(kind, partial):
        kind = kind.func
    return loss(FORMULA, FORMULA) if any(kind is known for known in _KINDS) else None


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
    if name is None:  # a function of the user's, which may have no hash
        return None
    wrong, fix = _FIXES.get(function, ((), ""))
    return f"{name} {fix}" if output_activation in wrong else None

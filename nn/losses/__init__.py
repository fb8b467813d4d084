"""Losses: how wrong a prediction is, `loss(prediction, target, *, options, reduction="mean")`.

Numbers in, float out; a Value anywhere, Value out. The loss ℓ of an example is summed over its
components, and "mean" is the lecture's (1/N) Σ ℓ over examples: with C outputs `mse_loss` is C
times PyTorch's, which divides by N·C.

- Losses of components: a number is one example, a flat list is N examples of one output, a list
  of lists is N examples of C outputs. One vector is a batch of one: `mse_loss([y], [t])`.
- Losses of classes: a flat list of C is one example, a list of lists is N examples. The target is
  a class index, a one-hot list or, where a distribution makes sense, a distribution.

Arrays count as nested lists. Shapes match exactly: nothing is broadcast.

`fit` knows a loss by the name that its file exports, without `_loss`.
"""

from __future__ import annotations

from functools import partial
from types import ModuleType
from typing import Any, Final

from nn.errors import function_of
from nn.losses import binary, classes, janocha_czarnecki, penalties, regression
from nn.losses.batches import FORMULA, Formula, Loss
from nn.losses.binary import *
from nn.losses.classes import *
from nn.losses.janocha_czarnecki import *
from nn.losses.penalties import *
from nn.losses.regression import *

__all__ = ["CLASS_LOSSES", "LOSSES", "Loss", "formula", "get", "mismatch"]
__all__ += binary.__all__
__all__ += classes.__all__
__all__ += janocha_czarnecki.__all__
__all__ += penalties.__all__
__all__ += regression.__all__

_OF_BATCHES: Final = ("rmse", "rmsle")  # no mean of examples' losses, so nothing to train on


def _exported(*files: ModuleType) -> dict[str, Loss]:
    """Return the losses of some files by the names that `fit` knows."""
    named = [(name, vars(file)[name]) for file in files for name in file.__all__]
    return {
        name.removesuffix("_loss"): loss
        for name, loss in named
        if callable(loss) and name not in _OF_BATCHES
    }


_OF_CLASSES: Final = _exported(classes, janocha_czarnecki)
CLASS_LOSSES: Final = frozenset(_OF_CLASSES.values())
LOSSES: Final = _exported(regression, binary) | _OF_CLASSES


def get(name: str | Loss) -> Loss:
    """Return a loss by its name; a function is returned as it is.

    Raises:
        ValueError: If the name is not known; the message lists the names.
        TypeError: If it is neither a name nor a function.

    Example:
        >>> get("mse")(3.0, 1.0)
        4.0
    """
    return function_of("loss", name, LOSSES)


def formula(loss: Loss) -> Formula | None:
    """Return the function of one example of a loss of this package; None for another function.

    Example:
        >>> formula(mse_loss).example(3.0, 1.0)
        4.0
    """
    kind = without_options(loss)
    return loss(FORMULA, FORMULA) if any(kind is known for known in LOSSES.values()) else None


def without_options(loss: Any) -> Any:
    """Return a function without the options that `functools.partial` binds."""
    return without_options(loss.func) if isinstance(loss, partial) else loss


_SQUASHED: Final = ("sigmoid", "softmax", "log_sigmoid", "log_softmax")
_TAKES_LOGITS: Final = 'takes logits: use output_activation="identity"'
_FIXES: Final[dict[Loss, tuple[tuple[str, ...], str]]] = {  # outputs that cannot be meant; the fix
    **dict.fromkeys(JANOCHA_CZARNECKI.values(), (("sigmoid", "softmax"), _TAKES_LOGITS)),
    binary_cross_entropy: (
        ("identity",),
        'takes probabilities: use output_activation="sigmoid" or loss="bce_with_logits"',
    ),
    **dict.fromkeys(
        (kl_divergence, emd_loss, squared_emd_loss),
        (("identity",), 'takes probabilities: use output_activation="softmax"'),
    ),
    msle_loss: (("identity",), 'takes positive numbers: use output_activation="softplus"'),
    nll_loss: (
        ("identity", "sigmoid", "softmax"),
        'takes log-probabilities: use output_activation="log_softmax" or loss="cross_entropy"',
    ),
    binary_cross_entropy_with_logits: (_SQUASHED, f'{_TAKES_LOGITS} or loss="bce"'),
    cross_entropy: (_SQUASHED, _TAKES_LOGITS),
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

"""Functions of any number of numbers: each is one node."""

from __future__ import annotations

from collections.abc import Iterable

from autograd_mini import ops
from autograd_mini.errors import DivisionError
from autograd_mini.functions.signatures import Scalar, many, of_pairs
from autograd_mini.nested import elements
from autograd_mini.ops import Number
from autograd_mini.value import apply_to

__all__ = ["amax", "dot", "logsumexp", "mean", "norm", "product", "total"]


@many
def total(xs: Iterable[Scalar]) -> Scalar:
    """Return the sum of numbers as one node; 0.0 for none.

    Example:
        >>> total([1.0, 2.0, 3.0])
        6.0
    """
    return apply_to(ops.TOTAL, tuple(elements(xs)))


@many
def mean(xs: Iterable[Scalar]) -> Scalar:
    """Return the mean of numbers: their sum, one node, divided by their count.

    Raises:
        DivisionError: If `xs` is empty.

    Example:
        >>> mean([1.0, 2.0, 6.0])
        3.0
    """
    xs = tuple(elements(xs))
    if not xs:
        raise DivisionError("the mean of no numbers is not a number: mean needs one or more")
    return total(xs) / float(len(xs))


@many
def product(xs: Iterable[Scalar]) -> Scalar:
    """Return the product of numbers as one node, exact at zeros; 1.0 for none.

    Example:
        >>> product([2.0, 3.0])
        6.0
    """
    return apply_to(ops.PRODUCT, tuple(elements(xs)))


@many
def norm(xs: Iterable[Scalar]) -> Scalar:
    """Return the Euclidean norm √Σx² without overflow; its slope at 0 is 0.

    Example:
        >>> norm([3.0, 4.0])
        5.0
    """
    return apply_to(ops.NORM, tuple(elements(xs)))


@many
def logsumexp(xs: Iterable[Scalar]) -> Scalar:
    """Return ln Σ exp(x) as one node, without overflow.

    The largest x is taken out first, as a constant: no gradient flows through it. The partial
    with respect to each x is exp(x - f), the softmax.

    Args:
        xs: One number or more. Without a Value among them the answer is a float.

    Raises:
        DomainError: If `xs` is empty.

    Example:
        >>> logsumexp([1000.0, 1000.0])
        1000.6931471805599

    Reference:
        Blanchard, Higham, Higham, "Accurately computing the log-sum-exp and softmax functions",
        IMA Journal of Numerical Analysis 41 (2021).
    """
    return apply_to(ops.LOGSUMEXP, tuple(elements(xs)))


@many
def amax(xs: Iterable[Scalar]) -> Scalar:
    """Return the largest of numbers as one node, never -0.0; ties share the slope evenly.

    Raises:
        DomainError: If `xs` is empty.

    Example:
        >>> amax([1.0, 3.0, 2.0])
        3.0
    """
    return apply_to(ops.AMAX, tuple(elements(xs)))


@of_pairs
def dot(ws: Iterable[Scalar], xs: Iterable[Scalar], bias: Scalar = 0.0) -> Scalar:
    """Return Σ w x + bias as one node, added from left to right, the bias last.

    The operands of the node are the ws, then the xs, then the bias; a bias that is the number
    0 adds no leaf.

    Raises:
        ValueError: If the numbers of ws and xs differ.

    Example:
        >>> dot([1.0, 2.0], [3.0, 4.0], 0.5)
        11.5
    """
    ws, xs = tuple(elements(ws)), tuple(elements(xs))
    if len(ws) != len(xs):
        raise ValueError(f"dot needs as many xs as ws, but got {len(ws)} ws and {len(xs)} xs")
    if isinstance(bias, Number) or bias != 0.0:
        return apply_to(ops.DOT, (*ws, *xs, bias))
    return apply_to(ops.DOT, ws + xs)

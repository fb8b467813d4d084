"""Functions on Values or plain numbers: a Value gives a node of the graph, numbers give a float.

Every function here applies one row of the rule table. The unary ones are methods of Value, too,
which also lets NumPy's functions work on object arrays of Values.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast, overload

from autograd_mini import contexts, ops
from autograd_mini.convert import as_seed
from autograd_mini.errors import DivisionError
from autograd_mini.nested import is_nested
from autograd_mini.ops import Number, Op, Range, Rule
from autograd_mini.value import Value, apply

if TYPE_CHECKING:
    from inspect import Signature

Scalar: TypeAlias = "Value | float"

__all__ = [
    "acos",
    "amax",
    "asin",
    "atan",
    "atan2",
    "clamped_log",
    "clamped_log1p",
    "clip",
    "cos",
    "cosh",
    "dot",
    "elu",
    "erf",
    "erfc",
    "exp",
    "expm1",
    "gelu",
    "greater",
    "hardtanh",
    "huber",
    "hypot",
    "leaky_relu",
    "less",
    "log",
    "log1p",
    "log_cosh",
    "log_or_nan",
    "log_sigmoid",
    "logsumexp",
    "maximum",
    "mean",
    "minimum",
    "mish",
    "norm",
    "primitive",
    "product",
    "quotient",
    "relu",
    "sigmoid",
    "silu",
    "sin",
    "sinh",
    "softplus",
    "softshrink",
    "softsign",
    "sqrt",
    "take",
    "tan",
    "tanh",
    "tanhshrink",
    "total",
    "where",
    "xlogy",
]


class _Unary(Protocol):
    @overload
    def __call__(self, x: Value, /) -> Value: ...
    @overload
    def __call__(self, x: float, /) -> float: ...
    @overload
    def __call__(self, x: Any, /) -> Any: ...


class _Many(Protocol):
    @overload
    def __call__(self, xs: Iterable[Value], /) -> Value: ...
    @overload
    def __call__(self, xs: Iterable[float], /) -> float: ...
    @overload
    def __call__(self, xs: Iterable[Any], /) -> Any: ...


def _unary(function: Callable[..., Any]) -> _Unary:
    """Tell a type checker that a Value gives a Value, and a number a float."""
    return cast(_Unary, function)


def _many(function: Callable[..., Any]) -> _Many:
    """Tell a type checker that Values give a Value, and numbers a float."""
    return cast(_Many, function)


@_unary
def exp(x: Scalar) -> Any:
    """Return eˣ.

    Raises:
        RangeError: If x > 709.78.

    Example:
        >>> exp(0.0)
        1.0
    """
    return apply(ops.EXP, x)


@_unary
def log(x: Scalar) -> Any:
    """Return the natural logarithm ln x.

    Raises:
        DomainError: If x <= 0.

    Example:
        >>> log(1.0)
        0.0
    """
    return apply(ops.LOG, x)


@_unary
def log1p(x: Scalar) -> Any:
    """Return ln(1 + x), exact for small x.

    Raises:
        DomainError: If x <= -1.

    Example:
        >>> log1p(0.0)
        0.0
    """
    return apply(ops.LOG1P, x)


@_unary
def expm1(x: Scalar) -> Any:
    """Return eˣ - 1, exact for small x.

    Raises:
        RangeError: If x > 709.78.

    Example:
        >>> expm1(0.0)
        0.0
    """
    return apply(ops.EXPM1, x)


@_unary
def sqrt(x: Scalar) -> Any:
    """Return the square root; its slope at 0 is infinite.

    Raises:
        DomainError: If x < 0.

    Example:
        >>> sqrt(9.0)
        3.0
    """
    return apply(ops.SQRT, x)


@_unary
def sin(x: Scalar) -> Any:
    """Return the sine of an angle in radians.

    Raises:
        DomainError: If x is infinite.

    Example:
        >>> sin(0.0)
        0.0
    """
    return apply(ops.SIN, x)


@_unary
def cos(x: Scalar) -> Any:
    """Return the cosine of an angle in radians.

    Raises:
        DomainError: If x is infinite.

    Example:
        >>> cos(0.0)
        1.0
    """
    return apply(ops.COS, x)


@_unary
def tan(x: Scalar) -> Any:
    """Return the tangent of an angle in radians.

    Raises:
        DomainError: If x is infinite.

    Example:
        >>> tan(0.0)
        0.0
    """
    return apply(ops.TAN, x)


@_unary
def sinh(x: Scalar) -> Any:
    """Return the hyperbolic sine.

    Raises:
        RangeError: If |x| > 710.47.

    Example:
        >>> sinh(0.0)
        0.0
    """
    return apply(ops.SINH, x)


@_unary
def cosh(x: Scalar) -> Any:
    """Return the hyperbolic cosine.

    Raises:
        RangeError: If |x| > 710.47.

    Example:
        >>> cosh(0.0)
        1.0
    """
    return apply(ops.COSH, x)


@_unary
def tanh(x: Scalar) -> Any:
    """Return the hyperbolic tangent.

    Example:
        >>> tanh(0.0)
        0.0
    """
    return apply(ops.TANH, x)


@_unary
def asin(x: Scalar) -> Any:
    """Return the angle in radians whose sine is x; slope ∞ at ±1.

    Raises:
        DomainError: If |x| > 1.

    Example:
        >>> asin(0.0)
        0.0
    """
    return apply(ops.ASIN, x)


@_unary
def acos(x: Scalar) -> Any:
    """Return the angle in radians whose cosine is x; slope -∞ at ±1.

    Raises:
        DomainError: If |x| > 1.

    Example:
        >>> acos(1.0)
        0.0
    """
    return apply(ops.ACOS, x)


@_unary
def atan(x: Scalar) -> Any:
    """Return the angle in radians, in (-π/2, π/2), whose tangent is x.

    Example:
        >>> atan(0.0)
        0.0
    """
    return apply(ops.ATAN, x)


@_unary
def erf(x: Scalar) -> Any:
    """Return the error function (2/√π) ∫₀ˣ exp(-t²) dt.

    Example:
        >>> erf(0.0)
        0.0
    """
    return apply(ops.ERF, x)


@_unary
def erfc(x: Scalar) -> Any:
    """Return 1 - erf(x), exact for large x.

    Example:
        >>> erfc(0.0)
        1.0
    """
    return apply(ops.ERFC, x)


@_unary
def sigmoid(x: Scalar) -> Any:
    """Return 1 / (1 + e⁻ˣ), in (0, 1), for any x.

    Example:
        >>> sigmoid(0.0)
        0.5
    """
    return apply(ops.SIGMOID, x)


@_unary
def relu(x: Scalar) -> Any:
    """Return max(x, 0); its slope at 0 is 0.

    Example:
        >>> relu(-1.0)
        0.0
    """
    return apply(ops.RELU, x)


@_unary
def softplus(x: Scalar) -> Any:
    """Return ln(1 + eˣ), a smooth relu, for any x.

    Example:
        >>> softplus(-800.0)
        0.0
    """
    return apply(ops.SOFTPLUS, x)


@_unary
def log_sigmoid(x: Scalar) -> Any:
    """Return ln sigmoid(x) = -softplus(-x), for any x.

    Example:
        >>> log_sigmoid(800.0)
        -0.0
    """
    return apply(ops.LOG_SIGMOID, x)


@_unary
def silu(x: Scalar) -> Any:
    """Return x sigmoid(x), also called swish.

    Example:
        >>> silu(0.0)
        0.0
    """
    return apply(ops.SILU, x)


@_unary
def gelu(x: Scalar) -> Any:
    """Return x Φ(x), with Φ the distribution function of the standard normal.

    Example:
        >>> gelu(0.0)
        0.0
    """
    return apply(ops.GELU, x)


@_unary
def mish(x: Scalar) -> Any:
    """Return x tanh(softplus(x)).

    Example:
        >>> mish(0.0)
        0.0
    """
    return apply(ops.MISH, x)


@_unary
def softsign(x: Scalar) -> Any:
    """Return x / (1 + |x|), smooth at 0.

    Example:
        >>> softsign(1.0)
        0.5
    """
    return apply(ops.SOFTSIGN, x)


@_unary
def tanhshrink(x: Scalar) -> Any:
    """Return x - tanh x, without cancellation at small x.

    Example:
        >>> tanhshrink(0.0)
        0.0
    """
    return apply(ops.TANHSHRINK, x)


@_unary
def log_cosh(x: Scalar) -> Any:
    """Return ln cosh x, for any x.

    Example:
        >>> log_cosh(0.0)
        0.0
    """
    return apply(ops.LOG_COSH, x)


@_unary
def log_or_nan(x: Scalar) -> Any:
    """Return ln x, -∞ at 0 and NaN below: for rules, which must not raise.

    Example:
        >>> log_or_nan(1.0)
        0.0
    """
    return apply(ops.LOG_OR_NAN, x)


@_unary
def clamped_log(x: Scalar) -> Any:
    """Return max(ln x, -100), also at 0, and NaN below; its slope is 0 up to e⁻¹⁰⁰.

    Example:
        >>> clamped_log(0.0)
        -100.0
    """
    return apply(ops.CLAMPED_LOG, x)


@_unary
def clamped_log1p(x: Scalar) -> Any:
    """Return max(ln(1 + x), -100), also at -1, and NaN below; its slope is 0 at -1.

    Example:
        >>> clamped_log1p(-1.0)
        -100.0
    """
    return apply(ops.CLAMPED_LOG1P, x)


def atan2(y: Scalar, x: Scalar) -> Any:
    """Return the angle in radians of the point (x, y), in [-π, π]; slopes at the origin are 0.

    Example:
        >>> atan2(0.0, 1.0)
        0.0
    """
    return apply(ops.ATAN2, y, x)


def hypot(x: Scalar, y: Scalar) -> Any:
    """Return √(x² + y²) without overflow; slopes at the origin are 0.

    Example:
        >>> hypot(3.0, 4.0)
        5.0
    """
    return apply(ops.HYPOT, x, y)


def maximum(x: Scalar, y: Scalar) -> Any:
    """Return the larger of two; at a tie each has slope ½.

    Example:
        >>> maximum(2.0, 3.0)
        3.0
    """
    return apply(ops.MAXIMUM, x, y)


@_many
def amax(xs: Iterable[Scalar]) -> Any:
    """Return the largest of numbers as one node; ties share the slope evenly.

    Raises:
        DomainError: If `xs` is empty.

    Example:
        >>> amax([1.0, 3.0, 2.0])
        3.0
    """
    return apply(ops.AMAX, *xs)


def minimum(x: Scalar, y: Scalar) -> Any:
    """Return the smaller of two; at a tie each has slope ½.

    Example:
        >>> minimum(2.0, 3.0)
        2.0
    """
    return apply(ops.MINIMUM, x, y)


def greater(x: Scalar, y: Scalar) -> Any:
    """Return 1.0 where x > y, else 0.0: a condition that is part of the graph.

    Example:
        >>> greater(2.0, 3.0)
        0.0
    """
    return apply(ops.GREATER, x, y)


def less(x: Scalar, y: Scalar) -> Any:
    """Return 1.0 where x < y, else 0.0: a condition that is part of the graph.

    Example:
        >>> less(2.0, 3.0)
        1.0
    """
    return apply(ops.LESS, x, y)


def where(cond: Scalar, a: Scalar, b: Scalar) -> Any:
    """Return `a` where the condition holds, else `b`; both have been computed.

    A plain bool is a constant; a condition made by `greater` or `less` is decided anew by
    `recompute()` and in compiled programs.

    Example:
        >>> where(2.0 > 1.0, 5.0, 7.0)
        5.0
    """
    return apply(ops.WHERE, cond, a, b)


def clip(x: Scalar, low: Scalar, high: Scalar) -> Any:
    """Return x, or the bound it is beyond; the slope at the bounds is 1.

    Raises:
        DomainError: If low > high.

    Example:
        >>> clip(5.0, -1.0, 1.0)
        1.0
    """
    return apply(ops.CLIP, x, low, high)


def hardtanh(x: Scalar, low: Scalar = -1.0, high: Scalar = 1.0) -> Any:
    """Return x, or the bound it is beyond; the slope at the bounds is 0.

    Raises:
        DomainError: If low > high.

    Example:
        >>> hardtanh(5.0)
        1.0
    """
    return apply(ops.HARDTANH, x, low, high)


def leaky_relu(x: Scalar, negative_slope: Scalar = 0.01) -> Any:
    """Return x for x > 0, else negative_slope x, which is its slope at 0 as well.

    Example:
        >>> leaky_relu(-2.0, 0.5)
        -1.0
    """
    return apply(ops.LEAKY_RELU, x, negative_slope)


def elu(x: Scalar, alpha: Scalar = 1.0) -> Any:
    """Return x for x > 0, else alpha (eˣ - 1); its slope at 0 is alpha.

    Example:
        >>> elu(3.0)
        3.0
    """
    return apply(ops.ELU, x, alpha)


def softshrink(x: Scalar, lambd: Scalar = 0.5) -> Any:
    """Return x moved towards 0 by lambd, and 0 where |x| <= lambd.

    Raises:
        DomainError: If lambd < 0.

    Example:
        >>> softshrink(2.0)
        1.5
    """
    return apply(ops.SOFTSHRINK, x, lambd)


def huber(r: Scalar, delta: Scalar = 1.0) -> Any:
    """Return ½r² where |r| <= delta, else delta (|r| - delta/2).

    Raises:
        DomainError: If delta < 0.

    Example:
        >>> huber(3.0)
        2.5
    """
    return apply(ops.HUBER, r, delta)


def xlogy(x: Scalar, y: Scalar) -> Any:
    """Return x ln y, with 0 ln 0 = 0 and slope 0 there; NaN for y < 0.

    Example:
        >>> xlogy(0.0, 0.0)
        0.0
    """
    return apply(ops.XLOGY, x, y)


def quotient(a: Scalar, b: Scalar) -> Any:
    """Return IEEE division: a / 0 is infinite and 0 / 0 is NaN, for rules, which must not raise.

    Example:
        >>> quotient(1.0, 0.0)
        inf
    """
    return apply(ops.QUOTIENT, a, b)


@_many
def total(xs: Iterable[Scalar]) -> Any:
    """Return the sum of numbers as one node; 0.0 for none.

    Example:
        >>> total([1.0, 2.0, 3.0])
        6.0
    """
    return apply(ops.TOTAL, *xs)


@_many
def mean(xs: Iterable[Scalar]) -> Any:
    """Return the mean of numbers: their sum, one node, over how many they are.

    Raises:
        DivisionError: If `xs` is empty.

    Example:
        >>> mean([1.0, 2.0, 6.0])
        3.0
    """
    xs = tuple(xs)
    if not xs:
        raise DivisionError("the mean of no numbers is not a number: mean needs one or more")
    return total(xs) / float(len(xs))


def take(values: Sequence[Any], index: Any) -> Any:
    """Return the element of a sequence at an integer: a Value, a number, or a row of them.

    Args:
        values: What to choose from.
        index: A whole number; a float or a Value that holds one will do. As everywhere in
            Python, -1 is the last.

    Raises:
        IndexError: If there is no such element.
        TypeError: If `index` is not a whole number.

    Example:
        >>> take([10.0, 20.0, 30.0], 1.0)
        20.0
    """
    if contexts.state.tracing and isinstance(index, Value) and not _is_known(index):
        return _taken(values, index)
    number = as_seed(index)
    if number % 1.0 != 0.0:  # NaN and infinity, too
        raise TypeError(f"take needs a whole number as index, but got {index!r}")
    if not -len(values) <= number < len(values):
        raise IndexError(
            f"take found no element {number:.0f}: there are {len(values)}, numbered from 0"
        )
    return values[int(number)]


def _is_known(index: Value) -> bool:
    tracer = contexts.tracer.get()
    return tracer is None or tracer.is_known(index)


def _taken(values: Sequence[Any], index: Value) -> Any:
    """Return the element at an index that is not known yet: a sum over all, of which one counts.

    Where no element has that index the sum is NaN: the program then calls the function, whose
    error tells the index.
    """
    place = index + float(len(values)) * less(index, 0.0)
    hits = [
        (1.0 - greater(place, float(i))) * (1.0 - less(place, float(i))) for i in range(len(values))
    ]
    found = greater(total(hits), 0.5)

    def one_of(column: Sequence[Any]) -> Any:
        if is_nested(column[0]):
            return [one_of(part) for part in zip(*column, strict=True)]
        if all(isinstance(x, Value) and x.is_leaf for x in column):  # parameters: a matrix
            return where(found, dot(column, hits), math.nan)
        return where(
            found,
            total([where(hit, x, 0.0) for hit, x in zip(hits, column, strict=True)]),
            math.nan,
        )

    return one_of(values) if values else where(found, 0.0, math.nan)


@_many
def product(xs: Iterable[Scalar]) -> Any:
    """Return the product of numbers as one node, exact at zeros; 1.0 for none.

    Example:
        >>> product([2.0, 3.0])
        6.0
    """
    return apply(ops.PRODUCT, *xs)


@_many
def norm(xs: Iterable[Scalar]) -> Any:
    """Return the Euclidean norm √Σx² without overflow; its slope at 0 is 0.

    Example:
        >>> norm([3.0, 4.0])
        5.0
    """
    return apply(ops.NORM, *xs)


@_many
def logsumexp(xs: Iterable[Scalar]) -> Any:
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
    return apply(ops.LOGSUMEXP, *xs)


def dot(ws: Iterable[Scalar], xs: Iterable[Scalar], bias: Scalar = 0.0) -> Any:
    """Return Σ w x + bias as one node, added from left to right, the bias last.

    The operands of the node are the ws, then the xs, then the bias; a bias that is the number
    0 adds no leaf.

    Raises:
        ValueError: If there are not as many ws as xs.

    Example:
        >>> dot([1.0, 2.0], [3.0, 4.0], 0.5)
        11.5
    """
    ws, xs = tuple(ws), tuple(xs)
    if len(ws) != len(xs):
        raise ValueError(f"dot needs as many xs as ws, but got {len(ws)} ws and {len(xs)} xs")
    if isinstance(bias, Number) or bias != 0.0:
        return apply(ops.DOT, *ws, *xs, bias)
    return apply(ops.DOT, *ws, *xs)


def primitive(
    *,
    partials: Sequence[Rule] | Rule,
    name: str | None = None,
    domain: str = "",
    smooth: Range | tuple[Range, ...] = (-3.0, 3.0),
    kinks: Sequence[float | Callable[..., Any]] = (),
) -> Callable[[Callable[..., float]], Callable[..., Any]]:
    """Make a function of floats into an operation of its own: a new row of the rule table.

    The operation is at once drawn, stepped, checked and compiled like any other.

    Args:
        partials: One function `(f, *operands)` for each argument, written in plain arithmetic
            and the functions of this package; or, for a function of any number of arguments,
            one function that returns the tuple of all partials. A function of one argument may
            give its rule as it is.
        name: The row's name; the function's own by default.
        domain: In words, where the function has a real result.
        smooth: A range of arguments without kinks, one for all or one for each.
        kinks: Where the slope jumps, as in `Op`.

    Raises:
        ValueError: If a built-in row has that name.
        TypeError: If there is not one partial for each argument, or one takes something else
            than the result and the arguments.

    Example:
        >>> @primitive(partials=(lambda f, x: 3.0 * x**2,))
        ... def cube(x):
        ...     return x**3
        >>> x = Value(2.0)
        >>> cube(x).backward()
        >>> x.grad
        12.0
        >>> cube(2.0)
        8.0
    """
    import inspect

    def decorate(forward: Callable[..., float]) -> Callable[..., Any]:
        try:
            signature = inspect.signature(forward)
        except (TypeError, ValueError):  # a function written in C may not tell
            signature = inspect.Signature(
                [inspect.Parameter("xs", inspect.Parameter.VAR_POSITIONAL)]
            )
        takes = [p.kind for p in signature.parameters.values()]
        is_unary = takes in (
            [inspect.Parameter.POSITIONAL_OR_KEYWORD],
            [inspect.Parameter.POSITIONAL_ONLY],
        )
        rules = (_only(partials),) if callable(partials) and is_unary else partials
        row = Op(
            name or forward.__name__, forward, rules, domain=domain, smooth=smooth, kinks=kinks
        )
        if row.arity is not None:
            _check_signatures(row, signature)
        ops.register(row)

        def operation(*operands: Scalar, **named: Scalar) -> Any:
            if named or (row.arity is not None and len(operands) < row.arity):
                bound = signature.bind(*operands, **named)
                bound.apply_defaults()
                operands = bound.args
            return apply(row, *operands)

        operation.__name__ = operation.__qualname__ = row.name
        operation.__doc__ = forward.__doc__
        operation.__module__ = forward.__module__
        operation.__wrapped__ = forward  # pyright: ignore[reportFunctionMemberAccess] # as functools.wraps does
        return operation

    return decorate


def _only(rule: Rule) -> Rule:
    """Return the rule of one operand, which may give its partial alone or as a tuple of one."""

    def slope(f: Any, x: Any) -> Any:
        found: Any = rule(f, x)
        return cast(Any, found)[0] if isinstance(found, tuple) else found

    return slope


def _check_signatures(row: Op, signature: Signature) -> None:
    """Refuse partials that are not as many, or do not take as much, as the function says."""
    import inspect

    operands = [0.0] * cast(int, row.arity)
    needed = f"{row.name} has {len(operands)} partials, one for each argument, but cannot be called"
    try:
        signature.bind(*operands)
        needed = f"a partial of {row.name} takes the result f, then every argument"
        for rule in row.partials:
            inspect.signature(rule).bind(0.0, *operands)
    except TypeError as error:
        raise TypeError(f"{needed}: {error}") from None
    except ValueError:  # a function written in C may not tell
        pass

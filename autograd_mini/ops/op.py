"""Op: one row of the rule table, and OPS, where rows are found by their names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import methodcaller
from typing import Any, Final, TypeAlias, cast

Rule: TypeAlias = Callable[..., Any]
Range: TypeAlias = tuple[float, float]

UNDEFINED: Final = (ValueError, ArithmeticError)  # what a forward raises outside of its domain
PLAIN = (float, int)  # what `math` computes with; float first, since it nearly always is one


class Op:
    """One primitive operation: a row of the rule table.

    Attributes:
        name: What it is called, unique in the table.
        forward: The value for float operands. Outside of the domain it raises ValueError,
            ZeroDivisionError or OverflowError.
        formula: The forward as it was written, for any kind of number where it is plain
            arithmetic and functions of rules: programs and pages write it out.
        partials: One function `(f, *operands)` per operand, or, for any number of operands,
            one function that returns the tuple of all partials. None in place of a function
            says that the operand is a condition: nothing flows into it, not even 0 times
            something.
        arity: The number of operands; None for any number.
        roles: What the operands are called in the rules: a domain speaks of them by these names.
        receives: The positions of the operands into which gradients flow; None for all.
        domain: In words, the operands that have a real result; empty where all have one.
        smooth: A box without kinks in which the row is well conditioned: one range for all
            operands, or one range for each.
        kinks: Where the slope, or the slope's slope, jumps: numbers for the first operand, or
            functions of the operands that are 0 there.

    Example:
        >>> cube = Op("cube", lambda x: x * x * x, (lambda f, x: 3.0 * x * x,))
        >>> cube.local(8.0, 2.0)
        (12.0,)
    """

    def __init__(
        self,
        name: str,
        forward: Callable[..., float],
        partials: Sequence[Rule | None] | Rule,
        *,
        domain: str = "",
        smooth: Range | tuple[Range, ...] = (-3.0, 3.0),
        kinks: Sequence[float | Callable[..., Any]] = (),
    ) -> None:
        rules = (partials,) if callable(partials) else tuple(partials)
        if not rules or not all(rule is None or callable(rule) for rule in rules):
            raise TypeError(
                f"{name}: partials are functions (f, *operands), one for each operand, or one "
                f"function that returns them all, but got {partials!r}"
            )
        self.name = name
        self.forward = self.formula = forward
        self.partials: Any = (
            partials if callable(partials) else tuple([rule or _nothing for rule in rules])
        )
        self.arity = None if callable(partials) else len(rules)
        self.receives: tuple[int, ...] | None = None
        named = getattr(next((rule for rule in rules if rule), None), "__code__", None)
        self.roles: tuple[str, ...] = (
            named.co_varnames[1 : named.co_argcount] if named is not None else ()
        )
        if None in rules:
            self.receives = tuple([i for i, rule in enumerate(rules) if rule is not None])
        self.domain = domain
        self.smooth = smooth
        self.kinks = tuple(kinks)

    def local(self, f: Any, *operands: Any) -> tuple[Any, ...]:
        """Return the partial derivative with respect to every operand, in argument order."""
        if self.arity is None:
            return self.partials(f, *operands)
        return tuple([partial(f, *operands) for partial in self.partials])

    def smooth_ranges(self, count: int | None = None) -> tuple[Range, ...]:
        """Return a range for each operand in which the row is smooth.

        Args:
            count: The number of operands of a row that takes any number of them: it may list
                fewer ranges, or more.
        """
        if not isinstance(self.smooth[0], tuple):
            return (cast(Range, self.smooth),) * (self.arity or count or 3)
        ranges = cast(tuple[Range, ...], self.smooth)
        return tuple([ranges[i % len(ranges)] for i in range(self.arity or count or len(ranges))])

    def at_kink(self, *operands: float) -> bool:
        """Return whether exactly these operands are a kink."""
        return any(
            kink(*operands) == 0.0 if callable(kink) else operands[0] == kink for kink in self.kinks
        )

    def __repr__(self) -> str:
        return f"Op({self.name!r})"

    def __reduce__(self) -> str | tuple[Any, ...]:
        return find, (self.name,)  # pickles store rows by name


def _nothing(_f: Any, *_operands: Any) -> float:
    """Return the slope towards a condition."""
    return 0.0


OPS: dict[str, Op] = {}  # the rule table


def find(name: str) -> Op:
    """Return the row with this name.

    Raises:
        ValueError: If there is none, with what to do.
    """
    try:
        return OPS[name]
    except KeyError:
        raise ValueError(
            f"no operation is called {name!r}: define it again with @primitive (or register it) "
            "before its graphs are loaded"
        ) from None


def function(op: Op, *, is_method: bool = False) -> Callable[..., Any]:
    """Return a row as a function for rules: plain numbers are computed, any other is asked.

    Args:
        op: The row.
        is_method: Whether a number has a method of this name, which is then called.

    Example:
        >>> double = function(Op("double", lambda x: x + x, (lambda f, x: 2.0,)))
        >>> double(3.0)
        6.0
    """
    forward, ask = op.forward, methodcaller(op.name)

    def of_one(x: Any) -> Any:
        if x.__class__ is float or isinstance(x, PLAIN):  # nearly always the former
            return forward(x)
        return ask(x) if is_method else x.apply(op, x)

    def of_two(x: Any, y: Any) -> Any:
        if x.__class__ is float or isinstance(x, PLAIN):
            return forward(x, y) if isinstance(y, PLAIN) else y.apply(op, x, y)
        return x.apply(op, x, y)

    def of_any(*operands: Any) -> Any:
        for x in operands:
            if x.__class__ is not float and not isinstance(x, PLAIN):
                return x.apply(op, *operands)
        return forward(*operands)

    chosen = of_one if op.arity == 1 else of_two if op.arity == 2 else of_any
    chosen.__name__ = chosen.__qualname__ = op.name
    return chosen

"""Symbol: a number that is only a name. A rule run on symbols writes itself as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final

from autograd_mini import ops
from autograd_mini.ops import Number, Op

# How tightly a text binds, loosest first; a truth value in parentheses is not yet a float.
COMPARISON, SUM, PRODUCT, SIGN, POWER, ATOM, TRUTH = range(7)

_INFIX: Final = {  # sign, level, and the operand on the left, on the right, that changes nothing
    ops.ADD: ("+", SUM, 0.0, 0.0),
    ops.SUB: ("-", SUM, None, 0.0),
    ops.MUL: ("*", PRODUCT, 1.0, 1.0),
    ops.DIV: ("/", PRODUCT, None, 1.0),
    ops.POW: ("**", POWER, None, 1.0),
}
_SHORT: Final = 24  # characters: a longer base of a square is not written twice
SIGNS: Final = {op.name: sign for op, (sign, *_) in _INFIX.items()}  # add: +, sub: -, ...


class Symbol(Number):
    """A text that takes part in arithmetic, with the parentheses it needs and no more.

    Multiplying by 1, adding 0 and raising to the power 1 leave no trace. A subclass that writes
    another language overrides `call`, `power` or `compare`.

    Example:
        >>> from autograd_mini.ops import TANH
        >>> str(TANH.partials[0](Symbol("h"), Symbol("z")))
        '1.0 - h * h'
    """

    __slots__ = ("level", "text")

    words: ClassVar[dict[str, str]] = {}  # how numbers that are not finite are written

    def __init__(self, text: str, level: int = ATOM) -> None:
        self.text = text
        self.level = level

    @classmethod
    def of(cls, x: Any) -> Symbol:
        """Return `x` as a symbol: a number becomes its own text."""
        if isinstance(x, Symbol):
            return x
        text = cls.literal(x)
        return cls(text, SIGN if text.startswith("-") else ATOM)

    @classmethod
    def literal(cls, x: float) -> str:
        """Return the text of a plain number."""
        text = repr(x if type(x) is int else float(x))
        return cls.words.get(text, text)

    @classmethod
    def call(cls, op: Op, operands: tuple[Symbol, ...]) -> Symbol:
        """Return the text of a row that has no operator of its own."""
        return cls(f"{op.name}({', '.join(x.text for x in operands)})")

    @classmethod
    def power(cls, base: Symbol, exponent: Symbol) -> Symbol:
        """Return the text of a power."""
        return cls(f"{base.within(ATOM)} ** {exponent.within(SIGN)}", POWER)

    @classmethod
    def compare(cls, sign: str, x: object, y: object) -> Symbol:
        """Return the text of a comparison."""
        return cls(f"{cls.of(x).within(SUM)} {sign} {cls.of(y).within(SUM)}", COMPARISON)

    @classmethod
    def apply(cls, op: Op, *operands: Any) -> Any:
        """Return the text of a row applied to symbols and numbers."""
        if op is ops.NEG:
            (x,) = operands
            if x.level == SIGN:
                return cls(x.text[1:], POWER)  # -(-x) -> x
            return cls(f"-{x.within(PRODUCT + 1)}", SIGN)
        if op not in _INFIX:
            return cls.call(op, tuple([cls.of(x) for x in operands]))
        a, b = operands
        sign, level, on_the_left, on_the_right = _INFIX[op]
        if _is(a, on_the_left):
            return b  # 0 + x, 1 * x -> x
        if _is(b, on_the_right):
            return a  # x + 0, x - 0, x * 1, x / 1, x ** 1 -> x
        if op is ops.MUL and _is(a, -1.0):
            return -b  # -1 * x -> -x
        if op is ops.MUL and _is(b, -1.0):
            return -a  # x * -1 -> -x
        if op is ops.POW and _is(b, 2.0) and a.level == ATOM and len(a.text) < _SHORT:
            return a * a  # x ** 2 -> x * x
        if op is ops.POW:
            return cls.power(cls.of(a), cls.of(b))
        # the right operand is bracketed even under + and *: floats do not associate
        return cls(f"{cls.of(a).within(level)} {sign} {cls.of(b).within(level + 1)}", level)

    def within(self, level: int) -> str:
        """Return the text, in parentheses if it binds less tightly than `level`."""
        return self.text if self.level >= level else f"({self.text})"

    def __lt__(self, other: object) -> Symbol:
        return self.compare("<", self, other)

    def __gt__(self, other: object) -> Symbol:
        return self.compare(">", self, other)

    def __le__(self, other: object) -> Symbol:
        return self.compare("<=", self, other)

    def __ge__(self, other: object) -> Symbol:
        return self.compare(">=", self, other)

    def __bool__(self) -> bool:
        raise TypeError(
            f"a rule cannot branch on {self.text!r}, whose value is not known: use where(), "
            "greater() or less() in the rule"
        )

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        raise TypeError(
            f"a rule cannot compare {self.text!r}, whose value is not known, with {other!r}: use "
            "greater() or less() in the rule"
        )

    __hash__ = object.__hash__

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Symbol({self.text!r})"


def _is(x: object, number: float | None) -> bool:
    return isinstance(x, (int, float)) and x == number


def written(op: Op, operands: Sequence[str], *, space: str = " ") -> str:
    """Return an operation as its user wrote it, on operands that are texts; nothing is simplified.

    Example:
        >>> written(ops.MUL, ["1.0", "a"]), written(ops.NEG, ["a"]), written(ops.TANH, ["z"])
        ('1.0 * a', '-a', 'tanh(z)')
    """
    if sign := SIGNS.get(op.name):
        a, b = operands
        a = f"({a})" if sign == "**" and a.startswith("-") else a
        return f"{a}{space}{sign}{space}{b}"
    if op.name == "neg":
        (a,) = operands
        return f"-({a})" if a.startswith("-") else f"-{a}"
    return f"{op.name}({', '.join(operands)})"

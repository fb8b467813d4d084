"""Strategies for programs as people write them: any Python, any name, any number.

A program is the text of a module that defines `f`, a function of one example, and `parameters`,
the Values it closes over. It is text so that a failure prints as a script that runs. The text
calls the package `am`, math `m_` and NumPy `np_`: no argument is ever called that.
"""

# ruff: noqa: E501 # a program of the tables is one line

from __future__ import annotations

import itertools
import math
import string
import unicodedata
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from tests.idioms import DEFINITIONS, EXPRESSIONS, MODULES, STATEMENTS, WRAPPERS

Example: TypeAlias = list[Any]

# Names that meet those a program makes up, in Python, in NumPy's text or in JavaScript.
ARGUMENTS = (
    *("x", "t", "y", "μ_x", "σ", "ß", "x_T", "x0", "x1", "_", "__", "g_x", "g_g_x", "g_t", "x_g"),
    *("theta", "gtheta", "np", "math", "B", "U", "V", "G", "GU", "ones", "seed", "out", "average"),
    *("bind", "loss", "value", "values", "gradient", "inputs", "forward", "backward", "result"),
    *("inf", "nan", "float", "pow", "sum", "min", "max", "abs", "int", "range", "len", "type"),
    *("exp", "log", "dot", "tanh", "sigmoid", "where", "greater", "total", "OPS", "Value", "erf"),
    *("z1", "h1", "W1", "b1", "g_W1", "p0", "p1", "v0", "v1", "v2", "v3", "d1", "sum1", "mul1"),
    *("F", "RULES", "Math", "Infinity", "NaN", "Number", "undefined", "null", "true", "this"),
    *("function", "var", "let", "const", "new", "delete", "typeof", "void", "switch", "case"),
    *("default", "enum", "arguments", "eval", "export", "static", "super", "match", "print"),
    *("self", "np_", "numpy", "globals", "locals", "one", "w", "columns", "axis", "dtype", "K"),
)

# Texts that would break out of a comment, a string, a page, a file; those that run raise.
LABELS = (
    *("", "w", "x", "theta", "g_x", "np", "class", "layers.0.neurons.2.w.1", "μ", "a b", "1x", "*"),
    *("x\n    raise SystemExit('a label ran') #", "x\r    raise SystemExit('a label ran') #"),
    *(
        "x\u2028raise SystemExit('a label ran')",
        "x\x85raise SystemExit(1)",
        "x\x0craise SystemExit",
    ),
    *('"""\nraise SystemExit("a label ran")\n"""', "'''", '"', "\\", "\\N", "\\u00", "x\\\n", "#"),
    *("*/ throw 'a label ran' /*", "</script><script>throw 1</script>", "`${process.exit()}`"),
    *(
        "{",
        "}",
        "{0}",
        "%s",
        "%(x)s",
        "\x00",
        "\ud800",
        "\t",
        "w" * 3000,
        "lambda: 0",
        "None",
        "😀",
    ),
    *(
        "g_h1",
        "h1",
        "z1",
        "loss",
        "v3",
        "B",
        "__import__('os')._exit(3)",
        "coding: utf-7",
        "\ufeff",
    ),
)

OPERATIONS = (
    *("bump", "soft-clip", "class", "ReLU\n", "<lambda>", "a b", "π", "1st", "np", "theta", "x"),
    *("__proto__", "constructor", "toString", "F", "x'); raise SystemExit(1) #", '"', "\\", "*/"),
    *("None", "lambda", "def", "B", "exp2", "dot2", "mul1", "float", "\u2028", "math", "out", "*"),
)

UNARY = (
    *("exp", "log", "log1p", "expm1", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "asin"),
    *("acos", "atan", "erf", "erfc", "sigmoid", "relu", "softplus", "log_sigmoid", "silu", "gelu"),
    *("mish", "softsign", "tanhshrink", "log_cosh", "clamped_log", "clamped_log1p", "hardtanh"),
    *("leaky_relu", "elu", "softshrink", "huber", "log_or_nan"),
)
BINARY = ("atan2", "hypot", "maximum", "minimum", "greater", "less", "xlogy", "quotient")
OPTIONS = ("hardtanh($a, $l, $h)", "leaky_relu($a, $k)", "elu($a, $k)", "softshrink($a, $k)")
MANY = ("total", "product", "norm", "logsumexp", "amax")

# $a to $d are numbers of any kind, $x an argument, $n an integer argument, $xs a list argument,
# $rows one of two rows of two, $k a constant, $t the new number.
ARITHMETIC = (
    *("$a + $b", "$a * $b", "$a - $b", "$a / $b", "-$a", "+$a", "abs($a)", "$a ** 2", "$a * $a"),
    *("$a ** -1", "$a ** 3", "$a ** 0.5", "$a ** $k", "$a ** $b", "$k ** $a", "$k - $a", "$k / $a"),
    *("$k * $a", "$a * $k", "$a - $a", "$a / $a", "-$a * -$b", "$a + $b + $c + $d", "2 - -$a"),
    *("($a + $b) - ($c + $d)", "$a * $b + $c * $d", "sum([$a, $b, $c])", "sum($xs)"),
    *[f"am.{name}($a)" for name in UNARY],
    *[f"am.{name}($a, $b)" for name in BINARY],
    *[f"am.{name}($a, $k)" for name in BINARY],
    *[f"am.{name}($k, $a)" for name in BINARY],
    *[f"am.{text}" for text in OPTIONS],
    *("am.clip($a, $l, $h)", "am.clip($a, $b, $c)", "am.huber($a, $k)"),
    *[f"am.{name}([$a, $b, $c])" for name in MANY],
    *[f"am.{name}([$a, $k])" for name in MANY],
    *[f"am.{name}($xs)" for name in MANY],
    *("am.dot($xs, $xs)", "am.dot([$a, $b], [$c, $d])", "am.dot([$a, $k], [$b, $c], $d)"),
    *("am.where(am.greater($a, $b), $c, $d)", "am.where(am.less($a, $k), $b, $k)", "am.total([])"),
    *("am.where($x, $a, $b)", "am.where(am.sqrt($x), $a, $b)", "am.where(True, $a, $b)"),
    *("am.where(1.0 - am.greater($x, $k), $a, $b)", "am.where($x > $k, $a, $b)"),
    *("am.where($x <= $k, $a, $b)", "am.where($x >= $x, $a, $b)", "labeled($a + $b, $s)"),
    *(
        "labeled(am.tanh($a), $s)",
        "[$a * $k for _ in range(2)][1]",
        "am.dot($xs, [1.0] * len($xs))",
    ),
)

# What nobody reads; $p is a parameter, if there is one.
UNREAD = (
    *("1 / $p", "am.log($p)", "am.sqrt($p)", "$p ** 0.5", "$p ** -1", "am.asin($p)", "$k / $p"),
    *("am.log($p * $a)", "$a / $p", "am.exp(am.exp($p * $a))", "($p * $a) ** 2", "1 / $a"),
    *("am.log($a)", "am.take([$a, $b], $n)", "am.sin($a / $p)", "am.log(am.exp($p) - $k)"),
)

# Python that looks at a number: what it decides for one example, it must not decide for all.
CONTROL = (
    *("$a if $x == $k else $b", "$a if $x != $k else $b", "$a if $k == $x else $b"),
    *(
        "$a if $x > $k else $b",
        "$a if $k >= $x else $b",
        "$a if $x <= $x else $b",
        "$a if $x else $b",
    ),
    *("$a if not $x else $b", "$x and $a", "$x or $a", "$a if $x in (0, 1, 2) else $b"),
    *("$a if $x not in [1.0] else $b", "$a if $x in {1, 2.0} else $b", "$a if $n == 1 else $b"),
    *("$a if $n in range(2) else $b", "$a if $n % 2 else $b", "$a if $n % 2 == 0 else $b"),
    *("$n % 3 * $a", "$n // 2 + $a", "$x % 1 + $a", "$x // 1 + $a", "divmod($x, 2)[0] * $a"),
    *(
        "5 % $n + $a",
        "7 // $n + $a",
        "$a + ($n & 1)",
        "$a + ($n | 2)",
        "$a + ($n ^ 1)",
        "$a + (~$n)",
    ),
    *("$a + ($n << 1)", "$a + (1 << $n)", "$a + ($n >> 1)", "[$a, $b, $c][$n]", "($a, $b)[$n]"),
    *("$xs[$n]", "$a * $xs[-$n]", "{0: $a, 1: $b, 2: $c}[$n]", "{1: $a}.get($x, $b)"),
    *(
        "{$x: $a}.get(1.0, $b)",
        "sum($a for _ in range($n))",
        "sum([$a] * $n)",
        "$a * len([0] * $n)",
    ),
    *("$a if isinstance($x, float) else $b", "$a if isinstance($n, int) else $b"),
    *("$a if isinstance($x, (int, float)) else $b", "$a if isinstance($x, am.Value) else $b"),
    *("$a if isinstance($x, numbers.Real) else $b", "$a if type($x) is float else $b"),
    *(
        "$a if type($n) is int else $b",
        "$a if hasattr($x, 'data') else $b",
        "getattr($x, 'data', $x)",
    ),
    *("$a * getattr($x, 'data', $x)", "$a if hasattr($x, 'backward') else $b", "$x.real * $a"),
    *(
        "$a if callable(getattr($x, 'is_integer', None)) else $b",
        "$a if float($x).is_integer() else $b",
    ),
    *("float($x) * $a", "int($x) + $a", "round($x) + $a", "round($x, 1) * $a", "bool($x) + $a"),
    *("m_.floor($x) + $a", "m_.ceil($x) * $a", "m_.trunc($x) + $a", "m_.exp($x) * $a"),
    *(
        "m_.sin($x) + $a",
        "m_.sqrt(abs($x)) + $a",
        "m_.copysign(1.0, $x) * $a",
        "m_.hypot(*$xs) + $a",
    ),
    *("m_.fsum($xs) * $a", "m_.prod($xs) * $a", "m_.isnan($x) * 1.0 + $a", "m_.fabs($x) + $a"),
    *(
        "$a if m_.isclose($x, 1.0) else $b",
        "$a if m_.isfinite($x) else $b",
        "m_.fmod($x, 2.0) + $a",
    ),
    *("m_.factorial($n) * $a", "m_.comb(3, $n) * $a", "m_.ldexp($a, $n)", "m_.pow($x, 2) + $a"),
    *(
        "np_.exp($x) * $a",
        "np_.sign($x) * $a",
        "float(np_.sum($xs)) * $a",
        "np_.dot($xs, $xs) + $a",
    ),
    *(
        "np_.maximum($x, 0.0) + $a",
        "np_.array($xs).mean() * $a",
        "np_.where($x > 0, 1.0, 2.0) * $a",
    ),
    *("np_.float64($x) * $a", "np_.abs($x) + $a", "np_.argmax($xs) + $a", "np_.sort($xs)[0] * $a"),
    *("np_.clip($x, 0, 1) * $a", "np_.asarray($x).item() * $a", "float(np_.isnan($x)) + $a"),
    *("max($xs) * $a", "min($xs) + $a", "max($x, $k) * $a", "max($a, $b)", "sorted($xs)[0] * $a"),
    *(
        "sorted($xs, reverse=True)[0] + $a",
        "$xs.index(1) + $a",
        "$xs.count(1) + $a",
        "$xs.count($x) + $a",
    ),
    *("$a if $x in $xs else $b", "$a if 1.0 in $xs else $b", "$a if $xs == sorted($xs) else $b"),
    *("$a if $xs == [1.0, 2.0] else $b", "$a if $xs < [1.0] else $b", "len(set($xs)) * $a"),
    *(
        "len({*$xs, 1.0}) + $a",
        "len(dict.fromkeys($xs)) * $a",
        "$a if any(v > 0 for v in $xs) else $b",
    ),
    *(
        "$a if all($xs) else $b",
        "sum(v for v in $xs if v > 0) + $a",
        "list(filter(None, $xs))[0] + $a",
    ),
    *(
        "$a if hash($x) == hash(1) else $b",
        "$a if str($x) == '1.0' else $b",
        "$a if f'{$n}' == '1' else $b",
    ),
    *("$a if repr($x).startswith('-') else $b", "len(f'{$x}') * $a", "len('%g' % $x) + $a"),
    *(
        "float(format($x, '.1f')) + $a",
        "int(str($n)) * $a",
        "float(repr($x)) * $a",
        "$x.__float__() + $a",
    ),
    *("$a if $x.__eq__(1.0) is True else $b", "$a if ($x > 0) is True else $b", "$a * ($x > $k)"),
    *(
        "$a * ($x == $k)",
        "($x != 0) + $a",
        "[$a, $b][$x > 0]",
        "[$a, $b][$x == 1]",
        "$a + ($x > 0) * 2",
    ),
    *("$a if ($x > 0) == True else $b", "$a if ($x > 0) != ($x < 2) else $b", "-($x > 0) + $a"),
    *("$a if 0 < $x < 2 else $b", "$a if operator.eq($x, 1) else $b", "operator.index($n) + $a"),
    *(
        "bisect.bisect([0.5, 1.5], $x) + $a",
        "heapq.nlargest(1, $xs)[0] * $a",
        "statistics.mean($xs) + $a",
    ),
    *(
        "statistics.median($xs) * $a",
        "Counter($xs).most_common(1)[0][1] + $a",
        "Fraction($x) * 1.0 + $a",
    ),
    *("float(Decimal($x)) + $a", "abs(complex($x)) + $a", "$x.as_integer_ratio()[0] + $a"),
    *(
        "random.Random($n).random() + $a",
        "$a if math_of($x) else $b",
        "table($n) * $a",
        "cached($x) * $a",
    ),
    *("$a * sum(copy.deepcopy($xs))", "$a + copy.copy($x)", "pickle.loads(pickle.dumps($x)) * $a"),
    *(
        "$a + list(reversed($xs))[0]",
        "$a * $xs[::-1][0]",
        "$a + list(itertools.accumulate($xs))[-1]",
    ),
    *(
        "functools.reduce(lambda u, v: u if u > v else v, $xs) + $a",
        "np_.array([$x, 1.0]) @ [1.0, 2.0] + $a",
    ),
    *("$a * int($x == 1)", "$a + ($a == $b)", "$a if $a == $k else $b", "$a if $a > $b else $c"),
    *(
        "$a * $a.data if hasattr($a, 'data') else $a",
        "item($a) * $b",
        "detached($a) * $b",
        "$a if $a else $b",
    ),
    *(
        "am.take([$a, $b, $c], $n)",
        "am.where($n, $a, $b)",
        "am.where($x == $k, $a, $b)",
        "am.where(not $x, $a, $b)",
    ),
    *(
        "gradient_of($x) * $a",
        "quiet($x) + $a",
        "inner($x) + $a",
        "$a if struct.pack('d', $x)[7] else $b",
    ),
    *EXPRESSIONS,
)

BLOCKS = (
    "match $x:\n    case 0 | 1:\n        $t = $a\n    case 2.0:\n        $t = $b\n    case _:\n        $t = $c",
    "match $n:\n    case int():\n        $t = $a\n    case _:\n        $t = $b",
    "match $xs:\n    case [1.0, *_]:\n        $t = $a\n    case _:\n        $t = $b",
    "$t = $x\nwhile 1.0 < $t < m_.inf:\n    $t = $t / 2\n$t = $t * $a",
    "$t = $a\nfor _ in range($n):\n    $t = $t * $b",
    "$t = $a\nfor i, v in enumerate($xs):\n    if v == 1:\n        $t = $t + i * v",
    "try:\n    $t = $a / $x\nexcept ZeroDivisionError:\n    $t = $b",
    "try:\n    $t = am.log($x) * $a\nexcept ValueError:\n    $t = $b",
    "try:\n    $t = [$a, $b][$n]\nexcept IndexError:\n    $t = $c",
    "try:\n    $t = {1: $a}[$x]\nexcept KeyError:\n    $t = $b",
    "try:\n    $t = $xs.index(2.0) + $a\nexcept ValueError:\n    $t = $b",
    "$xs.sort()\n$t = $xs[0] * $a",
    "$xs.sort(key=lambda v: -v)\n$t = $xs[0] + $a",
    "$xs.reverse()\n$t = $xs[0] - $a",
    "$xs[0] = $xs[0] * 2\n$t = $xs[0] + $a",
    "$t = $xs.pop() * $a",
    "$xs.append($a)\n$t = am.total($xs)",
    "$xs += [$a]\n$t = sum($xs)",
    "$xs.insert($n, 1.0)\n$t = $xs[0] * $a",
    "$xs.remove($xs[0])\n$t = $a + len($xs)",
    "del $xs[0]\n$t = $a * len($xs)",
    "box[0] = $x\n$t = box[0] * $a",
    "calls.append(1)\n$t = $a",
    "calls.append($x)\n$t = $a * calls[-1]",
    "with am.no_grad():\n    $t = am.exp($a)\n$t = $t * $b",
    "with am.no_grad():\n    w_ = am.tanh(am.Value(0.5) * $x)\n$t = w_ * $a",
    "$t = am.Value($k, $s) * $a",
    "assert $x == $x\n$t = $a",
    "if $x > 1:\n    return $a\n$t = $b",
    "if $n == 2:\n    return $a * 2\n$t = $b",
    "if $x != $x:\n    return 0.0\n$t = $a",
    *STATEMENTS,
)

HELPERS = """
def labeled(v, text):
    if isinstance(v, am.Value):
        v.label = text
    return v

def math_of(v):
    return m_.floor(v) % 2 == 0

def table(n):
    return [1.0, 2.0, 4.0][n]

@functools.lru_cache
def cached(v):
    return v * 2

def item(v):
    return v.item() if isinstance(v, am.Value) else v

def detached(v):
    return v.detach() if isinstance(v, am.Value) else v

def gradient_of(v):
    u = am.Value(v.data if isinstance(v, am.Value) else v)
    (u * u).backward()
    return u.grad

def quiet(v):
    with am.no_grad():
        return am.Value(1.0) * v

def inner(v):
    return am.grad(lambda u: u * u * u)(v)

calls = []
box = [0.0]
"""
HEAD = (
    "import bisect, copy, functools, heapq, itertools, numbers, operator, pickle, random\n"
    "import statistics, struct\n"
    f"{MODULES}"
    "import math as m_\nfrom collections import Counter\nfrom decimal import Decimal\n"
    "from fractions import Fraction\n\nimport numpy as np_\n\nimport autograd_mini as am\n"
)

# Forward, partials; `f` the result. The number of operands is that of the forward's arguments.
PRIMITIVES: dict[str, tuple[tuple[str, str], ...]] = {
    "x": (
        ("x * x", "lambda f, x: 2.0 * x"),
        ("x * x", "lambda f, x: (2.0 * x,)"),
        ("m_.exp(-x * x)", "lambda f, x: -2.0 * x * f"),
        ("m_.atan(x)", "lambda f, x: 1 / (1 + x * x)"),
        ("x * am.sigmoid(x)", "lambda f, x: am.sigmoid(x) * (1.0 + x * am.sigmoid(-x))"),
        ("am.log(1.0 + am.exp(x))", "lambda f, x: am.sigmoid(x)"),
        (
            "am.where(am.greater(x, 0.0), x, am.expm1(x))",
            "lambda f, x: am.where(am.greater(x, 0.0), 1.0, f + 1.0)",
        ),
        ("am.maximum(x, -x)", "lambda f, x: am.greater(x, 0.0) - am.less(x, 0.0)"),
        ("am.total([x, x * x, 1.0])", "lambda f, x: 1.0 + 2.0 * x"),
        ("am.softplus(x) ** 2", "lambda f, x: 2.0 * am.softplus(x) * am.sigmoid(x)"),
        ("x + 1.0 if x == 2.0 else x", "lambda f, x: 1.0"),
        ("x if x != 1.0 else 7.0", "lambda f, x: 1.0"),
        ("x if x > 0.0 else 0.1 * x", "lambda f, x: am.where(am.greater(x, 0.0), 1.0, 0.1)"),
        ("x if x > 0.0 else 0.1 * x", "lambda f, x: 1.0 if x > 0.0 else 0.1"),
        ("x if x > 0.0 else 0.1 * x", "lambda f, x: [1.0 if x > 0.0 else 0.1][0]"),
        ("x if 0 < x < 2 else 0.0", "lambda f, x: 1.0 if f else 0.0"),
        ("max(x, 0.0)", "lambda f, x: float(f > 0.0)"),
        ("max(x, 0)", "lambda f, x: f > 0.0"),
        ("min(max(x, -1), 1)", "lambda f, x: (x > -1) * (x < 1)"),
        ("abs(x)", "lambda f, x: m_.copysign(1.0, x)"),
        ("m_.copysign(1.0, x)", "lambda f, x: 0.0"),
        ("m_.floor(x)", "lambda f, x: 0"),
        ("round(x)", "lambda f, x: 1.0"),
        ("int(x)", "lambda f, x: 0.0"),
        ("x > 0", "lambda f, x: 0.0"),
        ("x % 1.0", "lambda f, x: 1.0"),
        ("x // 1.0", "lambda f, x: 0.0"),
        ("x * (x > 0)", "lambda f, x: 1.0 * (x > 0)"),
        ("x * (x == 1.0)", "lambda f, x: 1.0 * (x == 1.0)"),
        ("{1.0: 5.0}.get(x, x)", "lambda f, x: {1.0: 0.0}.get(x, 1.0)"),
        ("x if x in (0.0, 1.0) else 2.0 * x", "lambda f, x: 2.0"),
        ("x and x * x", "lambda f, x: 2.0 * x"),
        ("x or 3.0", "lambda f, x: 1.0"),
        ("not x", "lambda f, x: 0.0"),
        ("sum(x**k for k in range(4))", "lambda f, x: sum(k * x ** (k - 1) for k in range(1, 4))"),
        ("functools.reduce(lambda u, v: u * x + v, [1.0, 2.0, 3.0])", "lambda f, x: 2.0 * x + 2.0"),
        ("np_.tanh(x)", "lambda f, x: 1.0 - f * f"),
        ("float(np_.sign(x))", "lambda f, x: np_.float64(0.0)"),
        ("np_.where(x > 0, x, 0.0)", "lambda f, x: np_.where(x > 0, 1.0, 0.0)"),
        ("Fraction(x) + 1 if m_.isfinite(x) else x", "lambda f, x: 1"),
        ("x.real", "lambda f, x: 1.0"),
        ("m_.sqrt(x)", "lambda f, x: 0.5 / f"),
        ("m_.log(x)", "lambda f, x: 1.0 / x"),
        ("1.0 / x", "lambda f, x: -f * f"),
        ("x**-2", "lambda f, x: -2.0 * x**-3"),
        ("m_.inf * x", "lambda f, x: m_.inf"),
        ("m_.nan", "lambda f, x: m_.nan"),
        ("5.0", "lambda f, x: 0.0"),
        ("x", "lambda f, x: -0.0"),
        ("-x", "lambda f, x: -1"),
        ("looped(x)", "lambda f, x: 1.0"),
        ("guarded(x)", "lambda f, x: 1.0 / x if x > 0.0 else 0.0"),
        ("2.0 * am.relu(x)", "lambda f, x: 2.0 * am.greater(f, 0.0)"),
        ("am.sqrt(x * x)", "lambda f, x: am.quotient(x, f)"),
        ("am.norm([x, 1.0])", "lambda f, x: x / f"),
        ("am.clip(x, -1.0, 1.0)", "lambda f, x: am.where(am.less(abs(x), 1.0), 1.0, 0.0)"),
        ("am.erf(x) + am.erfc(x)", "lambda f, x: 0.0"),
        ("am.xlogy(x, x)", "lambda f, x: am.log_or_nan(x) + 1.0"),
        ("am.dot([x, 2.0], [x, x])", "lambda f, x: 2.0 * x + 2.0"),
        ("am.logsumexp([x, 0.0])", "lambda f, x: am.exp(x - f)"),
        ("am.hardtanh(x) + am.elu(x)", "lambda f, x: 1.0"),
    ),
    "x, y": (
        ("x * y", "(lambda f, x, y: y, lambda f, x, y: x)"),
        (
            "x if x > y else y",
            "(lambda f, x, y: am.greater(x, y), lambda f, x, y: 1.0 - am.greater(x, y))",
        ),
        (
            "x if x > y else y",
            "(lambda f, x, y: 1.0 if x > y else 0.0, lambda f, x, y: 0.0 if x > y else 1.0)",
        ),
        (
            "x + y if x == y else x - y",
            "(lambda f, x, y: 1.0, lambda f, x, y: 1.0 if x == y else -1.0)",
        ),
        ("max(x, y)", "(lambda f, x, y: float(f == x), lambda f, x, y: float(f == y))"),
        (
            "m_.atan2(x, y)",
            "(lambda f, x, y: y / (x * x + y * y), lambda f, x, y: -x / (x * x + y * y))",
        ),
        ("m_.copysign(x, y)", "(lambda f, x, y: m_.copysign(1.0, y), lambda f, x, y: 0.0)"),
        ("m_.fmod(x, y)", "(lambda f, x, y: 1.0, lambda f, x, y: -m_.trunc(x / y))"),
        ("am.hypot(x, y)", "(lambda f, x, y: x / f, lambda f, x, y: y / f)"),
        (
            "am.where(x > y, x, y)",
            "(lambda f, x, y: am.where(x > y, 1.0, 0.0), lambda f, x, y: am.where(x > y, 0.0, 1.0))",
        ),
        ("am.atan2(x, y)", "(lambda f, x, y: 1.0, lambda f, x, y: 2.0)"),
        ("x**y", "(lambda f, x, y: y * x ** (y - 1.0), lambda f, x, y: 0.0)"),
        ("x % y", "(lambda f, x, y: 1.0, lambda f, x, y: -(x // y))"),
        ("am.maximum(x, y) - am.minimum(x, y)", "(lambda f, x, y: 1.0, lambda f, x, y: -1.0)"),
        ("x / y", "(lambda f, x, y: 1.0 / y, lambda f, x, y: -f / y)"),
        ("x", "(lambda f, x, y: 1.0, lambda f, x, y: 0.0)"),
    ),
    "x, y=0.5": (
        (
            "x if x > 0.0 else y * x",
            "(lambda f, x, y: 1.0 if x > 0 else y, lambda f, x, y: min(x, 0.0))",
        ),
        (
            "am.where(am.less(x, y), 0.0, x)",
            "(lambda f, x, y: 1.0 - am.less(x, y), lambda f, x, y: 0.0)",
        ),
    ),
    "*xs": (
        ("sum(xs) / len(xs)", "lambda f, *xs: [1 / len(xs)] * len(xs)"),
        ("max(xs)", "lambda f, *xs: [1.0 if x == f else 0.0 for x in xs]"),
        ("max(xs)", "lambda f, *xs: tuple([float(x == f) for x in xs])"),
        (
            "sum([x for x in xs if x > 0.0])",
            "lambda f, *xs: tuple([1.0 if x > 0.0 else 0.0 for x in xs])",
        ),
        (
            "sum([x for x in xs if x > 0.0])",
            "lambda f, *xs: tuple([am.greater(x, 0.0) for x in xs])",
        ),
        ("sorted(xs)[len(xs) // 2]", "lambda f, *xs: [1.0 if x == f else 0.0 for x in xs]"),
        ("m_.fsum(xs)", "lambda f, *xs: (1.0,) * len(xs)"),
        ("m_.prod(xs)", "lambda f, *xs: tuple([f / x for x in xs])"),
        ("xs[0] - xs[-1]", "lambda f, *xs: (1.0, *[0.0] * (len(xs) - 2), -1.0)"),
        ("am.logsumexp(xs)", "lambda f, *xs: tuple([am.exp(x - f) for x in xs])"),
        ("am.total([x * x for x in xs])", "lambda f, *xs: tuple([2.0 * x for x in xs])"),
        ("am.norm(xs)", "lambda f, *xs: tuple([x / f if f else 0.0 for x in xs])"),
        ("len(xs)", "lambda f, *xs: tuple([0 for _ in xs])"),
        ("xs.index(max(xs))", "lambda f, *xs: (0.0,) * len(xs)"),
        ("float(np_.median(xs))", "lambda f, *xs: tuple(np_.ones(len(xs)))"),
        (
            "0.0 if any(x < 0 for x in xs) else xs[0]",
            "lambda f, *xs: tuple([1.0 if i == 0 and min(xs) >= 0 else 0.0 for i, x in enumerate(xs)])",
        ),
        ("am.dot(xs, xs)", "lambda f, *xs: tuple([x + x for x in xs])"),
        ("am.amax(xs)", "lambda f, *xs: tuple([am.greater(x, f - 1e-9) for x in xs])"),
    ),
}
PRIMITIVE_HELPERS = """
def looped(x):
    while 1.0 < abs(x) < m_.inf:
        x = x / 2.0
    return x

def guarded(x):
    try:
        return m_.log(x)
    except ValueError:
        return -100.0
"""

PRIMITIVES_AT_MOST = 2
MODERATE = (1.0, 2.0, 0.5, -1.0, 3.0, -2.5, 0.0, 0.1, 1.5, -0.3, -0.0)
WILD = (math.inf, -math.inf, math.nan, 1e300, -1e300, 1e-300, 5e-324, 1e16, -1e16, 710.0, 1e-9)


def numbers(*, wild: bool) -> SearchStrategy[float]:
    """Numbers that meet in comparisons, and some that do not."""
    drawn = st.sampled_from(MODERATE) | st.floats(-3, 3).map(lambda x: round(x, 6))
    return drawn | st.sampled_from(WILD) if wild else drawn


class Case(NamedTuple):
    """A program, the example it is recorded on, and seven others."""

    text: str
    example: Example
    others: list[Example]
    forms: list[str]  # how a batch of each argument is given
    moved: list[float]  # what the parameters become
    order: list[str]  # the calls
    dtypes: list[str]

    def __repr__(self) -> str:
        return (
            f"{self.text}\nexample = {self.example!r}\nothers = {self.others!r}\n"
            f"# forms {self.forms}, parameters moved to {self.moved}, calls {self.order}"
        )

    def load(self) -> dict[str, Any]:
        """Return the module; a fresh one each time."""
        filename = f"<hostile {next(_count)}>"
        namespace: dict[str, Any] = {"__name__": "hostile"}
        exec(compile(self.text, filename, "exec", dont_inherit=True), namespace)
        return namespace


_count = itertools.count()


@st.composite
def cases(draw: DrawFn, *, control: bool | None = None) -> Case:
    """Draw a program and examples."""
    wild = draw(st.sampled_from([False, False, True]))
    number = numbers(wild=wild)
    names = draw(
        st.lists(
            st.sampled_from(ARGUMENTS),
            min_size=1,
            max_size=3,
            unique_by=lambda name: unicodedata.normalize("NFKC", name),
        )
    )
    kinds = [draw(st.sampled_from(["x", "n", "xs1", "xs2", "xs3", "rows"])) for _ in names]
    writer = _Writer(draw, number, list(zip(names, kinds, strict=True)))
    text = writer.module(control=control)
    values = {"x": number | st.integers(-1, 3), "n": st.integers(0, 2) | st.integers(-1, 3)}
    values |= {f"xs{i}": st.lists(number, min_size=i, max_size=i) for i in (1, 2, 3)}
    values["rows"] = st.lists(st.lists(number, min_size=2, max_size=2), min_size=2, max_size=2)
    values["x"] = number if draw(st.booleans()) else st.sampled_from([0, 1, 2, -1, 3])
    rows = st.tuples(*[values[kind] for kind in kinds]).map(list)
    pool = draw(st.lists(rows, min_size=2, max_size=5))
    others = [draw(st.sampled_from(pool)) for _ in range(7)]
    forms = [draw(st.sampled_from(FORMS)) for _ in names]
    moved = [draw(st.sampled_from(MODERATE)) for _ in range(writer.parameters)]
    order = draw(st.permutations(["one", "two", "seven"]))
    return Case(text, pool[0], others, forms, moved, list(order), kinds)


FORMS = ("list", "tuple", "array", "fortran", "object", "strided", "readonly", "float32")


class _Writer:
    """Writes a module line by line."""

    def __init__(self, draw: DrawFn, number: Any, arguments: Sequence[tuple[str, str]]) -> None:
        self.draw, self.number, self.arguments = draw, number, arguments
        self.parameters = 0
        self.operands: list[str] = []  # texts of numbers, the newest last
        self.raw = [name for name, kind in arguments if kind in "xn"]
        self.integers = [name for name, kind in arguments if kind == "n"]
        self.lists = [name for name, kind in arguments if kind.startswith("xs")]
        for name in self.lists:
            self.raw.append(f"{name}[0]")
        self.tables = [name for name, kind in arguments if kind == "rows"]
        for name in self.tables:
            self.raw.append(f"{name}[0][1]")
            self.lists.append(f"{name}[1]")
        self.operands += self.raw

    def module(self, *, control: bool | None) -> str:
        draw = self.draw
        labels = draw(st.lists(st.sampled_from(LABELS), max_size=2))
        self.parameters = len(labels)
        starts = [draw(self.number) for _ in labels]
        values = ", ".join(
            f"am.Value({literal(x)}, {label!r})" for x, label in zip(starts, labels, strict=True)
        )
        head = [HEAD, HELPERS, DEFINITIONS, PRIMITIVE_HELPERS, f"parameters = [{values}]"]
        self.operands += [f"parameters[{i}]" for i in range(len(labels))]
        made = draw(st.lists(self._primitive(), max_size=PRIMITIVES_AT_MOST))
        calls: list[str] = []
        for i, (arguments, (forward, partials), name) in enumerate(made):
            head.append(
                f"prim{i} = am.primitive(name={name!r}, partials={partials})"
                f"(lambda {arguments}: {forward})"
            )
            count = {
                "x": 1,
                "x, y": 2,
                "x, y=0.5": draw(st.integers(1, 2)),
                "*xs": draw(st.integers(2, 3)),
            }[arguments]
            calls.append(f"prim{i}({', '.join('$' + c for c in 'abc'[:count])})")
        if control is None:
            control = draw(st.booleans())
        plain = st.sampled_from(ARITHMETIC).map(lambda text: f"$t = {text}")
        choices = (
            [plain, st.sampled_from(calls).map(lambda text: f"$t = {text}")] if calls else [plain]
        )
        if control:
            choices += [
                st.sampled_from(CONTROL).map(lambda text: f"$t = {text}"),
                st.sampled_from(BLOCKS),
            ]
        lines = draw(st.lists(st.one_of(choices), min_size=1, max_size=5))
        if calls and not any("prim" in line for line in lines):
            lines.append(f"$t = {calls[0]}")
        body = [] if self.lists else [f"xs_ = [{self.raw[0]}, 1.0]"]
        self.lists = self.lists or ["xs_"]
        if not self.tables:
            body.append(f"rows_ = [[1.0, {self.raw[0]}], [{self.raw[-1]}, 0.5]]")
            self.tables = ["rows_"]
        body += [self._filled(line, f"t{i}_") for i, line in enumerate(lines)]
        unread = draw(st.lists(st.sampled_from(UNREAD), max_size=1))
        body += [self._filled(line, "") for line in unread]
        body.append(f"return {self._answer(chr(10).join(body))}")
        flat = "\n".join(body).splitlines()
        signature = ", ".join(name for name, _ in self.arguments)
        head.append(f"def f({signature}):\n" + "\n".join(f"    {line}" for line in flat))
        head.append(draw(st.sampled_from(WRAPPERS)))
        return "\n".join(head) + "\n"

    def _answer(self, body: str) -> str:
        """Return what uses all that was computed, most often: what nobody reads raises, too."""
        made = [x for x in self.operands if x.endswith("_")]
        if len(made) > 1 and self.draw(st.integers(0, 2)) == 0:
            made.remove(self.draw(st.sampled_from(made)))
        unused = [x for x in made if body.count(x) == body.count(f"{x} = ")] or made[-1:]
        if self.draw(st.integers(0, 5)) == 0:
            return f"[{', '.join(made)}]"
        answer = " + ".join(unused)
        return (
            f"({answer}) * parameters[0]"
            if self.parameters and self.draw(st.booleans())
            else answer
        )

    def _primitive(self) -> Any:
        return st.sampled_from(list(PRIMITIVES)).flatmap(
            lambda arguments: st.tuples(
                st.just(arguments),
                st.sampled_from(PRIMITIVES[arguments]),
                st.sampled_from(OPERATIONS),
            )
        )

    def _filled(self, line: str, target: str) -> str:
        draw = self.draw
        wanted = {name for _, name, _, _ in string.Formatter().parse("") if name} or set(
            string.Template(line).get_identifiers()
        )
        filled: dict[str, str] = {"t": target}
        for key in sorted(wanted - {"t"}):
            if key in "abcd":
                back = draw(st.integers(0, len(self.operands) - 1))
                filled[key] = self.operands[-1 - back]
            elif key == "p":
                own = [f"parameters[{i}]" for i in range(self.parameters)]
                filled[key] = draw(st.sampled_from(own or self.operands))
            elif key == "x":
                filled[key] = draw(st.sampled_from(self.raw))
            elif key == "n":
                filled[key] = draw(st.sampled_from(self.integers or self.raw))
            elif key == "xs":
                filled[key] = draw(st.sampled_from(self.lists))
            elif key == "rows":
                filled[key] = draw(st.sampled_from(self.tables))
            elif key == "s":
                filled[key] = repr(draw(st.sampled_from(LABELS)))
            else:
                filled[key] = literal(
                    abs(x)
                    if (x := draw(self.number)) and key == "h"
                    else -abs(x)
                    if key == "l"
                    else x
                )
        if target:
            self.operands.append(target)
        return string.Template(line).substitute(filled)


def literal(x: float) -> str:
    """Return the text of a number in a module that knows math as m_."""
    text = repr(x) if math.isfinite(x) else "m_.nan" if x != x else "m_.inf" if x > 0 else "-m_.inf"
    return f"({text})" if text.startswith("-") else text

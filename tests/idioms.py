"""Texts of Python as people write it, for `tests.hostile`: what its tables leave out.

They use the same names: $a to $d are numbers of any kind, $x an argument, $n an integer argument,
$xs a list argument, $rows one of two rows of two, $k a constant, $t the new number.
"""

# ruff: noqa: E501 # a program of the tables is one line

from __future__ import annotations

EXPRESSIONS = (
    # Keys, orders and searches.
    "sorted($xs, key=lambda v: -v)[0] * $a",
    "sorted($xs, key=abs)[0] + $a",
    "sorted([$a, $b, $c])[1]",
    "sorted([($xs[0], 1.0), (1.0, 2.0)])[0][1] * $a",
    "min($xs, key=abs) * $a",
    "max($xs, key=lambda v: (v - 1) ** 2) * $a",
    "min(enumerate($xs), key=lambda p: p[1])[0] + $a",
    "max([$a, $b], key=lambda v: v)",
    "min([], default=$a)",
    "next((v for v in $xs if v > 0), $a)",
    "next(iter($xs)) * $a",
    "bisect.insort([0.5, 1.5], $x) or $a",
    "heapq.merge([$a], [$b]).__next__()",
    "$a if any(v == 1 for v in $xs) else $b",
    "$a if all(v <= 2 for v in $xs) else $b",
    "$a if any(map(m_.isnan, $xs)) else $b",
    "$a if 0 <= $x <= $k else $b",
    "$a if $k < $x != 1 else $b",
    "$a if $x == $x == 1 else $b",
    "$a if not $x == $k else $b",
    "$a if $x < $k or $x > 2 else $b",
    "$a if $x > 0 and $n else $b",
    # Folds.
    "sum($xs, $a)",
    "sum([[$a], [$b]], [])[1]",
    "sum((v * v for v in $xs), start=$k) + $a",
    "functools.reduce(operator.mul, $xs, $a)",
    "functools.reduce(operator.add, [$a, $b, $c])",
    "functools.reduce(lambda s, v: am.tanh(s + v), $xs, $a)",
    "functools.partial(operator.mul, $a)($b)",
    "list(itertools.accumulate([$a, $b, $c], operator.mul))[-1]",
    "list(itertools.accumulate($xs, max))[-1] * $a",
    "list(itertools.accumulate($xs, initial=$a))[-1]",
    "[p * q for p, q in zip($xs, [$a, $b, $c])][-1]",
    "sum(p * q for p, q in itertools.product($xs, [$a, $b]))",
    "sum(map(operator.mul, $xs, [$a, $b, $c]))",
    "[*map(lambda v: v * $a, $xs)][0]",
    "sum(itertools.compress([$a, $b], [$x, 1]))",
    "[*itertools.takewhile(lambda v: v < 1, $xs), $a][0]",
    "sum(p - q for p, q in itertools.pairwise([$a, $b, $c]))",
    "sum(itertools.islice(itertools.cycle([$a, $b]), 3))",
    "sum(itertools.repeat($a, 2))",
    "m_.dist([$x], [1.0]) * $a",
    "m_.sumprod($xs, $xs) + $a if hasattr(m_, 'sumprod') else $a",
    # Containers.
    "[[v] for v in $xs][0][0] * $a",
    "{i: v for i, v in enumerate([$a, $b])}[0]",
    "{v: $a for v in $xs}[$xs[0]]",
    "{str($n): $a}.get('1', $b)",
    "dict(zip('ab', [$a, $b]))['b']",
    "{'a': $a, 'b': $b}['a' if $x else 'b']",
    "{True: $a, False: $b}[$x > 0]",
    "{True: $a, False: $b}[$x == 1]",
    "($b, $a)[$x > $k]",
    "($xs + [$a])[-1]",
    "($xs * 2)[1] + $a",
    "$xs[-1:][0] * $a",
    "$xs[::2][0] - $a",
    "$xs[len($xs) - 1] * $a",
    "$xs[slice(0, 1)][0] * $a",
    "$xs.copy()[0] * $a",
    "[*$xs, $a][-1]",
    "tuple($xs)[-1] + $a",
    "len($xs) and $a",
    "not $xs or $a",
    "$a if $xs else $b",
    "$a if $xs == $xs[::-1] else $b",
    "$a if [$x] == [1.0] else $b",
    "$a if ($x, $n) == (1, 1) else $b",
    "$a if $x in {*$xs} else $b",
    "sum({*$xs}) + $a",
    "len({round(v) for v in $xs}) * $a",
    "$a if {$n} & {1, 2} else $b",
    "$a if {$x} <= {0.0, 1.0} else $b",
    "max({*$xs, $k}) * $a",
    "$rows[0][1] * $a",
    "$rows[1][$n] + $a",
    "sum(map(sum, $rows)) * $a",
    "sum(u * v for u, v in zip(*$rows)) + $a",
    "[am.dot(row, [$a, $b]) for row in $rows][1]",
    "[*zip(*$rows)][1][0] - $a",
    "am.total([am.total(row) for row in $rows]) * $a",
    "am.dot($rows[0], $rows[1]) + $a",
    "max(map(max, $rows)) * $a",
    "np_.array($rows).sum() * $a",
    "(np_.array($rows) @ np_.array([$a, $b]))[0]",
    "np_.trace($rows) + $a",
    "np_.transpose($rows)[0][1] * $a",
    "len($rows) * $a + len($rows[0])",
    "am.take($rows, $n)[0] * $a",
    "am.take($rows[0], $n) * $a",
    # Rounding, remainders and powers.
    "round(-0.5 * $x) + $a",
    "round($n / 2) + $a",
    "round($a, 2) * $b",
    "m_.copysign(1.0, -$x // 2.0) * $a",
    "divmod($n, 2)[1] * $a",
    "divmod(-$x, 1.0)[1] + $a",
    "-$x % 2.0 + $a",
    "$x // -2.0 * $a",
    "$x % -1 + $a",
    "m_.remainder($x, 2.0) + $a",
    "m_.modf($x)[0] * $a",
    "m_.frexp($x)[1] + $a",
    "m_.log2(abs($x) + 1.0) * $a",
    "m_.nextafter($x, 5.0) * $a",
    "m_.isqrt(abs($n)) + $a",
    "m_.gcd($n, 4) + $a",
    "m_.degrees($x) + $a",
    "m_.atan2($x, $k) * $a",
    "m_.erf($x) * $a",
    "pow($x, 2) * $a",
    "pow($n, 2, 5) + $a",
    "pow($a, $n)",
    "$a ** $n",
    "$n ** $n + $a",
    "$x ** $n * $a",
    "2 ** $n * $a",
    "(-1) ** $n * $a",
    "0.0 ** $n + $a",
    "$x ** 0 * $a",
    "abs($n) * $a",
    "-$n * $a",
    "+$x + $a",
    "1e308 * 10 * $x + $a",
    "0 * $a",
    "0 + $a",
    "0.0 + $a",
    "$a - 0",
    "$a * 1",
    "$a * 1.0 / 1",
    "-0.0 - $a",
    "True * $a",
    "$a + False",
    "$a ** True",
    "$a * Fraction(1, 3)",
    "Fraction(1, 2) + $a",
    "am.Value(1.0) * $a + Decimal('0.1')",
    "$a if $a > Fraction(1, 2) else $b",
    "abs(1j * $x) + $a",
    "(1j * $x).imag * $a",
    # Texts.
    "float(f'{$x:.2f}') * $a",
    "$a if f'{$x!r}' == '1.0' else $b",
    "float('%.1f' % $x) + $a",
    "float('{:.1f}'.format($x)) + $a",
    "len(str($x)) + $a",
    "$a if f'{$x:g}'.isdigit() else $b",
    "eval('1 + 1') * $a",
    "ast.literal_eval(repr($x)) * $a",
    "json.loads(json.dumps($xs))[0] * $a",
    "struct.unpack('d', struct.pack('d', $x))[0] * $a",
    "array.array('d', $xs)[0] * $a",
    "float.fromhex($x.hex()) * $a",
    # Types.
    "$a if $x.__class__ is float else $b",
    "$a if type($x) in (int, float) else $b",
    "$a if type($x) == type(1.0) else $b",
    "$a if type($x).__name__ == 'float' else $b",
    "$a if issubclass(type($x), float) else $b",
    "$a if type($a) is am.Value else $b",
    "$a if isinstance($a, am.Value) else $b",
    "type($x)(2) * $a",
    "$a if 'data' in dir($x) else $b",
    "len(dir($x)) * $a",
    "$a if hasattr($x, '__index__') else $b",
    "$a if hasattr($x, 'is_integer') else $b",
    "$a if hasattr($x, '__len__') else $b",
    "$a if $x is None else $b",
    "$a if $x is not None else $b",
    "$a if callable($x) else $b",
    "float.__add__($x, 1.0) * $a",
    "$x.__round__() + $a",
    "$a if $x.__gt__(1.0) else $b",
    "kind_of($x) * $a",
    # Operators as functions.
    "operator.add($x, $a)",
    "operator.truediv($a, $b)",
    "operator.neg($x) * $a",
    "operator.gt($x, 1) * $a",
    "operator.not_($x) + $a",
    "operator.contains($xs, 1.0) * $a",
    "operator.itemgetter(0)($xs) * $a",
    "operator.itemgetter($n)([$a, $b, $c])",
    "operator.attrgetter('real')($x) * $a",
    "operator.iadd($x, $a)",
    "operator.floordiv($x, 2) + $a",
    "operator.methodcaller('__abs__')($a)",
    # Functions of the user's.
    "(lambda v, k=$k: v * k)($a)",
    "(lambda *vs, **ks: vs[0] * ks['k'])($a, k=$b)",
    "(lambda v: (lambda u: u * v)($a))($b)",
    "scaled($a)",
    "scaled($a, by=$b)",
    "counted($a)",
    "counting($a)",
    "collected($a)",
    "remembered($x) * $a",
    "nth($n)($a)",
    "fib($n) * $a",
    "recursive($a, 3)",
    "poly($x, [$a, $b, $c])",
    "bounded($x) * $a",
    "signed($x) * $a",
    "either($x, $a)",
    "sum(evens([$a, $b, $c]))",
    "Neuron($a)($b)",
    "Neuron($k).twice * $a",
    "Pair($a, $b).first * $c",
    "Pair($a, $b) == Pair($a, $b) and $a",
    "Polar($a, $b).squared",
    "Unit.TWO.value * $a",
    "settings['scale'] * $a",
    "[g($a) for g in pipeline][1]",
    "functools.reduce(lambda v, g: g(v), pipeline, $a)",
    "single($x) * $a",
    # NumPy.
    "np_.float64($k) * $a",
    "$a * np_.float64($k)",
    "np_.float64($k) - $a",
    "np_.float32(0.1) * (am.Value(1.0) * $a)",
    "np_.int64(2) * $a",
    "$a / np_.int64(2)",
    "$a ** np_.int64(2)",
    "np_.bool_(True) * $a",
    "$a if np_.float64($x) > $k else $b",
    "$a if $x > np_.float64($k) else $b",
    "$a if np_.float64(1.0) == $x else $b",
    "am.where(np_.float64($k) > $x, $a, $b)",
    "am.where(np_.bool_(True), $a, $b)",
    "np_.array([$a, $b], dtype=object).sum()",
    "np_.array([$a, $b], dtype=object) @ np_.array([1.0, $k])",
    "(np_.array([$a, $b], dtype=object) * np_.array([1.0, $k]))[1]",
    "(np_.array([1.0, $k]) * np_.array([$a, $b], dtype=object))[0]",
    "np_.array([[1.0, 2.0], [3.0, $k]])[1] @ np_.array([$a, $b], dtype=object)",
    "np_.array([$a, $b], dtype=object).max()",
    "np_.array([$a, $b], dtype=object).prod()",
    "np_.mean(np_.array([$a, $b], dtype=object))",
    "np_.dot(np_.array([$a, $b], dtype=object), np_.array([$b, $c], dtype=object))",
    "np_.sum([$a, $b])",
    "np_.cumsum([$a, $b])[1]",
    "np_.stack([$a, $b])[0]",
    "np_.where(True, $a, $b).item()",
    "np_.asarray($xs)[0] * $a",
    "(np_.array($xs) * $a)[0]",
    "(np_.array($xs) + np_.array([$a]))[0]",
    "np_.add.reduce([$a, $b])",
    "np_.linspace(0, 1, 3)[1] * $a",
    "np_.zeros(2)[0] + $a",
    "np_.ones(2) @ np_.array([$a, $b], object)",
    "np_.array($xs).tolist()[0] * $a",
    "np_.array($xs).dtype.itemsize * $a",
    "$a if np_.asarray($x).dtype == float else $b",
    "$a if np_.isscalar($x) else $b",
    "np_.ndim($x) + $a",
    "np_.shape($xs)[0] * $a",
    "np_.array([$x]).astype(int)[0] + $a",
    "np_.array([$x], float)[0] * $a",
    "np_.round($x, 1) * $a",
    "np_.floor($x) + $a",
    "np_.full(2, $x).sum() * $a",
    "np_.polyval([1.0, $k], $x) + $a",
    "np_.interp($x, [0.0, 1.0], [0.0, 2.0]) * $a",
    "np_.isclose($x, 1.0) * $a",
    "np_.array_equal($xs, [1.0]) + $a",
    "np_.searchsorted([0.0, 1.0], $x) + $a",
    "np_.unique($xs).size + $a",
    "np_.median($xs) + $a",
    "np_.linalg.norm($xs) * $a",
    "np_.exp(np_.array($xs))[0] * $a",
    "np_.maximum.reduce($xs) * $a",
    "np_.square($x) * $a",
    "np_.power($x, 2) + $a",
    "np_.negative($a) + $b",
    "np_.add($a, $b)",
    "np_.multiply($x, $a)",
    "np_.vectorize(lambda v: v * 2.0)($xs)[0] * $a",
    "table_of[0] * $a",
    "table_of[$n] * $a",
    "am.dot(table_of, [$a, $b, $c])",
    "am.take(table_of, $n) * $a",
    "(table_of @ np_.array([$a, $b, $c], object)) + $k",
    # Statistics.
    "statistics.fmean($xs) * $a",
    "statistics.pstdev($xs) + $a",
    "statistics.mode($xs) + $a",
    "$a if m_.isclose($x, $k, rel_tol=0.5) else $b",
    # The package.
    "am.take($xs, $n) * $a",
    "am.take([$a, $b], -1)",
    "am.take([[$a, $b], [$c, $d]], $n)[1]",
    "am.mean([$a, $b])",
    "am.mean($xs) * $a",
    "am.where($a, $b, $c)",
    "am.where(am.where($a, $b, $c), $c, $d)",
    "am.total(v * v for v in $xs)",
    "am.total(np_.array($xs)) * $a",
    "am.dot($xs, $xs[::-1])",
    "am.dot(tuple($xs), $xs, $a)",
    "am.norm(tuple($xs)) + $a",
    "am.logsumexp([$a] * 2)",
    "am.product([$a, $a, $b])",
    "am.amax([$a, $a])",
    "am.grad(lambda u: u * $a * u)($b)",
    "am.grad(am.tanh)($a)",
    "am.derivative(lambda u: u**3 * $a, 2)($b)",
    "am.value_and_grad(lambda u: am.sin(u) * $b)($a)[1]",
    "sum(am.grad(lambda us: us[0] * us[1])([$a, $b]))",
    "am.hessian(lambda us: us[0] * us[1] * us[0])([$a, $b])[0][1]",
    "am.Value($x) * $a",
    "am.Value(2.0) ** $a",
    "am.Value(1.0).exp() * $a",
    "am.apply(am.OPS['tanh'], $a)",
    "am.quotient($a, 0.0) if hasattr(am, 'quotient') else $a",
    "(am.Value(1.0) * $a).detach() * $b",
    "(am.Value(1.0) * $a).tanh()",
    "am.Value(2.0) * np_.array([$x, 1.0])[0]",
)

STATEMENTS = (
    # Loops, and what they gather.
    "acc_ = []\nfor v in $xs:\n    acc_.append(v * $a)\n$t = sum(acc_)",
    "state_ = {'h': $a}\nfor v in $xs:\n    state_['h'] = am.tanh(state_['h'] + v)\n$t = state_['h']",
    "$t = $a\ndef go_(v):\n    nonlocal $t\n    $t = $t * v\nfor v in $xs:\n    go_(v)",
    "def gen_():\n    for v in $xs:\n        yield v * $a\n$t = sum(gen_())",
    "gen_ = (v for v in $xs)\n$t = next(gen_) * $a",
    "for v in $xs:\n    if v > 0:\n        break\nelse:\n    v = $k\n$t = v * $a",
    "$t = $a\nfor v in $xs:\n    if v < 0:\n        continue\n    $t = $t + v",
    "$t = $a\nfor i in range(len($xs)):\n    $t = $t * $xs[i] + i",
    "$t = $a\nfor v in $xs[:2]:\n    $t += v * $b",
    "$t = $a\nfor row in $rows:\n    for v in row:\n        $t = $t + v * v",
    "$rows[0][0] = $a\n$t = am.total($rows[0])",
    "$rows.append([$a, $b])\n$t = $rows[-1][0] * len($rows)",
    "$rows[0], $rows[1] = $rows[1], $rows[0]\n$t = $rows[0][0] * $a",
    "while len($xs) > 1:\n    $xs.pop()\n$t = $xs[0] * $a",
    "grid_ = [[0.0] * 2 for _ in range(2)]\ngrid_[0][1] = $a\n$t = grid_[0][1] + grid_[1][0]",
    "mutable_ = [$a]\nalias_ = mutable_\nalias_[0] = alias_[0] * 2.0\n$t = mutable_[0]",
    "fs_ = [lambda v, i=i: v * i for i in range(3)]\n$t = fs_[2]($a)",
    "fs_ = [lambda v: v * i for i in range(3)]\n$t = fs_[0]($a)",
    # Assignment.
    "$t = $a\n$t += $b\n$t *= $c",
    "$t = $a\n$t -= $x\n$t /= 2",
    "$t = $a\n$t **= 2",
    "$t = $x\n$t //= 2\n$t = $t + $a",
    "$t = $x\n$t %= 2\n$t = $t * $a",
    "$t = $x\n$t += 1\n$t = $t * $a",
    "first_, *rest_ = $xs\n$t = first_ * $a + len(rest_)",
    "(one_,) = $xs[:1]\n$t = one_ * $a",
    "$xs[0], $xs[-1] = $xs[-1], $xs[0]\n$t = $xs[0] * $a",
    "$xs[:] = [$a]\n$t = $xs[0]",
    "$xs.extend([$a, $b])\n$t = $xs[-1] - $xs[0]",
    "$xs.clear()\n$t = $a",
    "$xs.sort(reverse=True)\n$t = $xs[0] * $a",
    "del $xs[-1:]\n$t = $a + len($xs)",
    "$xs *= 2\n$t = am.total($xs) * $a",
    "for i in range(len($xs)):\n    $xs[i] = $xs[i] * 2\n$t = sum($xs) * $a",
    "if (now_ := $x) > 0:\n    $t = now_ * $a\nelse:\n    $t = $b",
    "$t = (now_ := $a * 2) + now_",
    "bump()\n$t = $a",
    "keep($x)\n$t = last_ * $a",
    "box[0] = $a\n$t = box[0] * $b",
    "counts['f'] = counts.get('f', 0) + 1\n$t = $a",
    "$t = memo.setdefault('k', 2.0) * $a",
    "$t = memo.setdefault('x', $x) * $a",
    "if $x not in memo:\n    memo[$x] = $a\n$t = $b",
    "settings['scale'] = 2.0\n$t = settings['scale'] * $a",
    # Errors.
    "try:\n    $t = m_.log($x) + $a\nexcept ValueError:\n    $t = $b",
    "try:\n    $t = am.sqrt($a)\nexcept am.DomainError:\n    $t = $b",
    "try:\n    $t = am.sqrt($x) * $a\nexcept ValueError as error:\n    $t = $b + len(error.args)",
    "try:\n    $t = $a ** $b\nexcept Exception:\n    $t = $c",
    "try:\n    $t = $a / $b\nfinally:\n    calls.append(1)",
    "try:\n    $t = $a / $x\nexcept ArithmeticError:\n    $t = $b\nelse:\n    $t = $t + 1.0",
    "try:\n    $t = float($x) * $a\nexcept TypeError:\n    $t = $b",
    "try:\n    $t = $x.foo\nexcept AttributeError:\n    $t = $a",
    "try:\n    $t = $xs[5]\nexcept IndexError:\n    $t = $a",
    "try:\n    $t = int($x) * $a\nexcept (ValueError, OverflowError):\n    $t = $b",
    "try:\n    $t = $a if $x > 0 else $b\nexcept BaseException:\n    $t = $c",
    "try:\n    raise ValueError($x)\nexcept ValueError as error:\n    $t = error.args[0] * $a",
    "with contextlib.suppress(ZeroDivisionError):\n    $t = $a\n    $t = $t / $x",
    "with contextlib.suppress(Exception):\n    $t = $a\n    $t = $t * {1: 2.0}[$n]",
    "if $x < -2:\n    raise ValueError(f'too small: {$x}')\n$t = $a",
    "if not $x >= -2:\n    raise ValueError('too small')\n$t = $a",
    "assert $x > -2, 'too small'\n$t = $a",
    "assert isinstance($x, (int, float))\n$t = $a",
    "assert len($xs) < 3\n$t = $a",
    # Patterns.
    "match $xs:\n    case [p]:\n        $t = p * $a\n    case [p, q]:\n        $t = p * q\n    case _:\n        $t = $b",
    "match $x:\n    case float():\n        $t = $a\n    case int():\n        $t = $b",
    "match $x:\n    case p if p > 0:\n        $t = $a\n    case _:\n        $t = $b",
    "match ($x, $n):\n    case (0, _):\n        $t = $a\n    case (_, 1 | 2):\n        $t = $b\n    case _:\n        $t = $c",
    "match {'k': $x}:\n    case {'k': 1}:\n        $t = $a\n    case _:\n        $t = $b",
    "match Pair($x, $n):\n    case Pair(first=1):\n        $t = $a\n    case Pair():\n        $t = $b",
    "match $a:\n    case am.Value():\n        $t = $a * 2.0\n    case _:\n        $t = $b",
    # Classes and functions inside.
    "neuron_ = Neuron($a)\nneuron_.w = neuron_.w * 2.0\n$t = neuron_($b)",
    "class Local_:\n    scale = 2.0\n    def __call__(self, v):\n        return v * self.scale\n$t = Local_()($a)",
    "def inner_(v, seen=[]):\n    seen.append(v)\n    return seen[0] * len(seen)\n$t = inner_($a) + inner_($b)",
    "def fact_(i):\n    return 1 if i < 2 else i * fact_(i - 1)\n$t = fact_(3) * $a",
    "def fact_(i):\n    return 1 if i < 2 else i * fact_(i - 1)\n$t = fact_($n) * $a",
    "pair_ = Pair($a, $b)\n$t = pair_.first * pair_.second",
    "cell_ = Memory()\nfor v in $xs:\n    cell_.add(v * $a)\n$t = cell_.state",
    "shared_memory.seen = 1\n$t = $a",
    # The package.
    "u_ = am.Value($k)\nv_ = u_ * u_\nv_.backward()\n$t = u_.grad * $a",
    "with am.record_source():\n    $t = $a * 2.0",
    "u_ = am.Value(1.0, 'u')\n$t = (u_ * $a + u_) * $b",
    "import math\n$t = math.pi * $a",
    "from math import exp as exp_\n$t = exp_($x) + $a",
)

# What follows the definition of f.
WRAPPERS = (
    *("",) * 6,
    "f = functools.partial(f)\n",
    "f = wrapped(f)\n",
    "f = Called(f)\n",
    "f = Called(f).method\n",
)

MODULES = "import array, ast, contextlib, dataclasses, enum, json\n"

DEFINITIONS = """
count_ = 0
last_ = 0.0
counts = {}
memo = {}
settings = {"scale": 0.5}
table_of = np_.array([1.0, 0.5, -2.0])
pipeline = [am.tanh, lambda v: 2.0 * v, abs]

def scaled(v, by=0.5, *, shift=0.25):
    return v * by + shift

def counted(v):
    global count_
    count_ += 1
    return v * 1.0

def bump():
    global count_
    count_ += 1

def keep(v):
    global last_
    last_ = v

def counting(v):
    global count_
    count_ += 1
    return v * count_

def collected(v, into=[]):
    into.append(v)
    return into[-1]

def remembered(v):
    if v not in memo:
        memo[v] = v * v
    return memo[v]

def nth(n):
    return [am.tanh, am.sin, am.exp][n]

def fib(n):
    return n if n < 2 or n > 9 else fib(n - 1) + fib(n - 2)

def recursive(v, depth):
    return v if depth == 0 else am.tanh(recursive(v, depth - 1) * 1.5)

def poly(v, coefficients):
    result = 0.0
    for c in coefficients:
        result = result * v + c
    return result

def bounded(v, low=-1.0, high=1.0):
    return low if v < low else high if v > high else v

def signed(v):
    return (v > 0) - (v < 0)

def either(v, other):
    return v if v else other

def evens(vs):
    for i, v in enumerate(vs):
        if i % 2 == 0:
            yield v

@functools.singledispatch
def kind_of(v):
    return 1.0

@kind_of.register
def _(v: int):
    return 2.0

@kind_of.register
def _(v: float):
    return 3.0

@functools.cache
def single(v):
    return v + 0.5

class Neuron:
    def __init__(self, w):
        self.w = w

    def __call__(self, v):
        return am.tanh(self.w * v)

    @property
    def twice(self):
        return 2.0 * self.w

@dataclasses.dataclass
class Pair:
    first: float
    second: float

class Polar:
    __slots__ = ("r", "theta")

    def __init__(self, r, theta):
        self.r, self.theta = r, theta

    @functools.cached_property
    def never(self):
        return self.r

    @property
    def squared(self):
        return self.r * self.r

class Unit(enum.Enum):
    ONE = 1.0
    TWO = 2.0

class Memory:
    def __init__(self):
        self.state = 0.0

    def add(self, v):
        self.state = self.state + v

shared_memory = Memory()

def wrapped(g):
    @functools.wraps(g)
    def call(*args, **kwargs):
        return g(*args, **kwargs)
    return call

class Called:
    def __init__(self, g):
        self.g = g

    def __call__(self, *args):
        return self.g(*args)

    def method(self, *args):
        return self.g(*args)
"""

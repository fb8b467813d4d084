"""A strategy for networks as people write them: layers of all kinds, one after the other.

A network is a `tests.hostile.Case`: the text of a module that defines `f`, a function of one
example, and `parameters`, of which it takes new ones for most layers, and some that others have.
"""

from __future__ import annotations

import math
import string
from collections.abc import Callable
from textwrap import indent
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from tests.hostile import Case, literal

HEAD = "import math as m_\nimport autograd_mini as am\n\n"
ACTIVATIONS = (
    *("v", "am.tanh(v)", "am.relu(v)", "am.sigmoid(v)", "am.softplus(v)", "abs(v)", "v * v"),
    *("am.exp(v)", "am.maximum(v, 0.25)", "am.clip(v, -1.0, 1.0)", "v / (1 + abs(v))", "-v"),
    *("am.where(am.greater(v, 0.0), v, 0.1 * v)", "am.where(am.less(v, 0.5), v, 1.0)", "v**3"),
    *("am.sin(v)", "am.erf(v)", "am.minimum(v, 0.3)", "am.atan2(v, 1.0)", "am.hypot(v, 2.0)"),
    *("v * am.sigmoid(v)", "am.log(1 + v * v)", "am.sqrt(v * v + 1e-3)", "am.elu(v)", "am.gelu(v)"),
)
NORMALIZED = """\
mean = am.total(h) / len(h)
h = [v - mean for v in h]
scale = am.sqrt(am.total([v * v for v in h]) / len(h) + 1e-3)
"""
ATTENTION = """\
q = [[a * v for v in h[:2]] for a in $m_row]
scores = [[0.5 * am.dot(a, b) for b in q] for a in q]
sizes = [am.logsumexp(row) for row in scores]
shares = [[am.exp(s - z) for s in row] for row, z in zip(scores, sizes)]
h = [am.total([s * b[0] for s, b in zip(row, q)]) for row in shares]"""
TREE = """\
while len(h) > 1:
    h = [a * b + a for a, b in zip(h[::2], h[1::2])] + h[len(h) - len(h) % 2 :]"""
RECURRENT = """\
z = 0.0
for i, v in enumerate(h):
    z = h[i] = act($p * v + $q * z + $r)"""
LSTM = """\
z, cell = 0.0, 0.0
for i, v in enumerate(h):
    gate = am.sigmoid($p * v + $q * z)
    cell = gate * cell + (1 - gate) * am.tanh($r * v + z)
    z = h[i] = act(cell) * gate"""

# Of $n numbers h, others. $m of them, or as many, where not said; $row, $row2 and $m_row are
# weights, $rows $m rows of them, $p, $q and $r weights, $c and $constants numbers.
LAYERS: dict[str, str] = {
    "dense": "h = [act(am.dot(u, h, b)) for u, b in zip($rows, $m_row)]",
    "summed": "h = [act(sum(a * v for a, v in zip(u, h)) + b) for u, b in zip($rows, $m_row)]",
    "convolution": "h = [act(am.dot($kernel, h[i : i + $k])) for i in range(len(h) - $k + 1)]",
    "ragged": "h = [act(am.dot(u, h[: len(u)], $c)) for u in $ragged]",
    "units": "h = [g(a * v) for g, a, v in zip($acts, $row, h)]",
    "elementwise": "h = [act(v) * a + b for v, a, b in zip(h, $row, $row2)]",
    "attention": ATTENTION,
    "recurrent": RECURRENT,
    "lstm": LSTM,
    "normalization": NORMALIZED + "h = [v / scale for v in h]",
    "affine": NORMALIZED + "h = [a * v / scale + b for v, a, b in zip(h, $row, $row2)]",
    "softmax": "z = am.logsumexp(h)\nh = [am.exp(v - z) for v in h]",
    "residual": "h = [v + act(am.dot(u, h)) for v, u in zip(h, $square)]",
    "gate": "h = [v * am.sigmoid(am.dot(u, h)) for v, u in zip(h, $square)]",
    "embedding": "h = [v * e for v, e in zip(h, am.take($table, $i))]",
    "chosen": "h = [am.take([v, $p * v, $q], $i) for v in h]",
    "pairs": "h = [a * b for a in h for b in h][:5]",
    "sums": "h = [sum(h[: i + 1]) for i in range(len(h))]",
    "products": "h = [am.product([v, $p, *h[:i]]) for i, v in enumerate(h)]",
    "tree": TREE,
    "constants": "h = [am.dot(u, h, $p) for u in $constants]",
    "mixed": "h = [am.dot([$p, $c, h[-1], *h][: len(h)], h) for _ in range($m)]",
    "repeated": "h = [act(am.dot($row, h) * (i + 1)) for i in range($m)]",
    "masked": "h = [am.where(am.greater(v, $p), am.dot($row, h), v) for v in h]",
    "outer": "h = [am.total([a * v for v in h]) for a in $m_row]",
    "ends": "h = [a * h[0] + $p * h[-1] for a in $m_row]",
    "scalar": "h = [$p * v - $p / (1.5 + v * v) for v in h]",
    "maxima": "h = [am.amax([*h[i:], $p]) for i in range(len(h))]",
    "pooled": "h = [am.amax(h[i : i + 2]) for i in range(len(h))]",
    "normed": "z = am.norm([*h, 1.0])\nh = [act(v / z) for v in h]",
}
WIDTHS: dict[str, Callable[[int, int], int]] = {
    "convolution": lambda n, m: n - min(n, m) + 1,
    "pairs": lambda n, m: min(n * n, 5),
    "tree": lambda n, m: 1,
    **dict.fromkeys(("dense", "summed", "ragged", "attention"), lambda n, m: m),
    **dict.fromkeys(("constants", "mixed", "repeated", "outer", "ends"), lambda n, m: m),
}
# Sums of normalized numbers are 0 or 1 but for what rounding leaves: they are drawn often.
OFTEN = ("dense", "dense", *("normalization", "softmax", "outer") * 3)
SUMS = ("sum(h)", "am.total(h)", "$p * am.total(h) / len(h)")
NUMBERS = (
    *SUMS * 3,
    *("am.total([a * v for a, v in zip($row, h)])", "h[0] * $p", "(am.dot($row, h) - $c) ** 2"),
    *("am.softplus(am.dot($row, h, $p))", "am.logsumexp(h) - am.take((h * 3)[:3], $i)"),
    *("am.norm([*h, 1.0])", "am.product(h) + $p"),
    "am.total([v * v for v in h]) + 0.1 * am.total([p * p for p in w])",
)
LISTS = ("h", "h[:2]", "[v * $p for v in h]")
# Signatures, what h is at first and how many, and the sizes of arguments: a list of two numbers,
# a table of two by two.
ARGUMENTS: tuple[tuple[str, str, int, list[list[int]]], ...] = (
    *[("xs", "[*xs]", size, [[size]]) for size in (1, 2, 3, 5)],
    ("a", "[a]", 1, [[]]),
    ("a, b", "[a, b]", 2, [[], []]),
    ("xs, t", "[*xs, t]", 3, [[2], []]),
    ("rows", "[v for row in rows for v in row]", 4, [[2, 2]]),
    ("rows, xs", "[am.dot(row, xs) for row in rows]", 3, [[3, 2], [2]]),
)
WILD = (math.inf, -math.inf, 1e300, -1e300, 1e-300, 1e16, -1e16, math.nan)
FORMS = ("list", "list", "array", "tuple", "fortran", "strided", "readonly", "float32")


@st.composite
def networks(draw: DrawFn, *, wild: bool) -> Case:
    """Draw a network and examples, with infinite and huge numbers among them if `wild`."""
    fine = st.integers(-1500, 1500).map(lambda k: k / 1000)
    inputs = st.sampled_from([1.0, 0.5, -1.0, 0.0, -0.0, 2.0]) | fine | fine
    weights = fine
    if wild:
        inputs |= st.sampled_from(WILD)
        weights = st.integers(0, 9).flatmap(lambda k: inputs if k == 9 else fine)
    signature, start, width, shapes = draw(st.sampled_from(ARGUMENTS))
    columns: list[SearchStrategy[Any]] = []
    for shape in shapes:
        column: SearchStrategy[Any] = inputs
        for size in reversed(shape):
            column = st.lists(column, min_size=size, max_size=size)
        columns.append(column)
    forms = [draw(st.sampled_from(FORMS)) for _ in shapes]
    has_index = draw(st.booleans())
    if has_index:
        signature += ", n"
        columns.append(st.sampled_from([0, 1, 2, -1]))
        forms.append(draw(st.sampled_from(["list", "array", "tuple"])))
    writer = _Writer(draw, has_index)
    body = writer.body(start, width)
    label = draw(st.sampled_from(["", "w", "layers.0.neurons.{}.w.0"]))
    numbers = [literal(draw(weights)) for _ in range(writer.count)]
    values = ", ".join(f"am.Value({x}, {label.format(i)!r})" for i, x in enumerate(numbers))
    pool = draw(st.lists(st.tuples(*columns).map(list), min_size=2, max_size=5))
    return Case(
        f"{HEAD}parameters = w = [{values}]\n\ndef f({signature}):\n{indent(body, '    ')}\n",
        pool[0],
        [draw(st.sampled_from(pool)) for _ in range(7)],
        forms,
        [draw(weights) for _ in range(writer.count)],
        draw(st.permutations(["one", "two", "seven"])),
        [],
    )


class _Writer:
    """Writes a network layer by layer."""

    def __init__(self, draw: DrawFn, has_index: bool) -> None:
        self.draw, self.has_index = draw, has_index
        self.count = 0  # of parameters

    def body(self, start: str, width: int) -> str:
        lines = [f"h = {start}"]
        kinds = [k for k in (*LAYERS, *OFTEN) if self.has_index or "$i" not in LAYERS[k]]
        for kind in self.draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=4)):
            size = self.draw(st.integers(1, 4))
            if "act(" in LAYERS[kind]:
                lines.append(f"act = lambda v: {self._activation()}")
            lines.append(self._filled(LAYERS[kind], width, size))
            width = WIDTHS.get(kind, lambda n, m: n)(width, size)
        answers = LISTS if self.draw(st.integers(0, 4)) == 4 else NUMBERS
        answers = [text for text in answers if self.has_index or "$i" not in text]
        lines.append(f"return {self._filled(self.draw(st.sampled_from(answers)), width, 1)}")
        return "\n".join(lines)

    def _filled(self, text: str, n: int, m: int) -> str:
        k = min(n, m)
        made: dict[str, Callable[[], object]] = {
            "m": lambda: m,
            "k": lambda: k,
            "i": lambda: "n",
            "c": self._constant,
            "row": lambda: self._row(n),
            "row2": lambda: self._row(n),
            "m_row": lambda: self._row(m),
            "kernel": lambda: self._row(k),
            "rows": lambda: self._rows([n] * m),
            "square": lambda: self._rows([n] * n),
            "table": lambda: self._rows([n] * 3),
            "ragged": lambda: self._rows([i % n + 1 for i in range(m)]),
            "constants": lambda: _listed([self._constants(n) for _ in range(m)]),
            "acts": lambda: _listed([f"lambda v: {self._activation()}" for _ in range(n)]),
            **dict.fromkeys("pqr", self._one),
        }
        template = string.Template(text)
        return template.substitute({key: made[key]() for key in template.get_identifiers()})

    def _constant(self) -> str:
        return literal(self.draw(st.sampled_from([0.5, 1.0, 0.0, -1.0, -0.0, 0.7])))

    def _constants(self, count: int) -> str:
        return _listed([self._constant() for _ in range(count)])

    def _activation(self) -> str:
        return self.draw(st.sampled_from(ACTIVATIONS))

    def _rows(self, sizes: list[int]) -> str:
        return _listed([self._row(size) for size in sizes])

    def _row(self, size: int) -> str:
        """Return new weights, or some that others have."""
        if not self.count or self.draw(st.integers(0, 4)) < 4:
            self.count += size
            return f"w[{self.count - size}:{self.count}]"
        return _listed([self._one() for _ in range(size)])

    def _one(self) -> str:
        place = self.draw(st.integers(0, self.count))
        self.count += place == self.count
        return f"w[{place}]"


def _listed(texts: list[str]) -> str:
    return f"[{', '.join(texts)}]"

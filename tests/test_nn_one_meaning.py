"""`fit` trains the same model however it runs, whatever Python its loss and model are written in.

Random losses and models, written as people write them, train eagerly, by default and compiled:
the same losses and weights, or, where compiled was asked for, TraceError.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from autograd_mini import TraceError, Value
from nn import FNN, SGD, Trainer, fit
from tests.hostile import HEAD, HELPERS
from tests.test_one_meaning import DisagreementError, surroundings

# f is the prediction, y the target: numbers.
NUMBERS = (
    *(
        "(f - y) ** 2",
        "am.softplus(-f) if y == 1 else am.softplus(f)",
        "am.huber(f - y)",
        "f * f * y",
    ),
    *(
        "(f - y) ** 2 * (2.0 if y > 0 else 1.0)",
        "(f - y) ** 2 if y != 0 else 3 * f * f",
        "abs(f - y)",
    ),
    *(
        "(f - [0.0, 1.0, 3.0][y]) ** 2",
        "(f - {0: -1.0, 1: 1.0}.get(y, 2.0)) ** 2",
        "(f - y % 2) ** 2",
    ),
    *(
        "(f - y // 2) ** 2",
        "sum((f - i) ** 2 for i in range(y)) + f * f",
        "(f - divmod(y, 2)[1]) ** 2",
    ),
    *(
        "(f - y) ** 2 if isinstance(y, int) else 2 * f * f",
        "(f - y) ** 2 if isinstance(y, float) else f * f",
    ),
    *(
        "(f - y) ** 2 if type(y) is int else f * f",
        "(f - y) ** 2 * abs(f.data)",
        "(f - y) ** 2 * float(f)",
    ),
    *("(f - y) ** 2 if f > y else 0.1 * (f - y) ** 2", "max(0.0, 1 - f * y)", "max(f - y, y - f)"),
    *(
        "abs(f - y) if abs(f - y) > 1 else 0.5 * (f - y) ** 2",
        "(f - math.exp(-y)) ** 2",
        "(f - y) ** 2 * f.item()",
    ),
    *(
        "(f - np.exp(-y)) ** 2",
        "(f - np.sign(y)) ** 2",
        "-f if y else f * f",
        "(f - y) ** 2 if y in (1, 2) else f * f",
    ),
    *(
        "(f - y) ** 2 if str(y) in ('1', '1.0') else f * f",
        "(f - len(str(y))) ** 2",
        "(f - int(y)) ** 2",
        "0.5 if y == 2 else f * f",
    ),
    *(
        "(f - round(y)) ** 2",
        "(f - y) ** 2 if hash(y) == 1 else f * f",
        "(f - y.real) ** 2",
        "(f - (y == 1)) ** 2",
    ),
    *(
        "(f.detach() - y) * f",
        "matched(f, y)",
        "(f - y) ** 2 + 0 * total_of(y)",
        "y * 1.0",
        "(f - (y > 0)) ** 2",
    ),
    *(
        "sorted([(f - y) ** 2, f * f], key=float)[0]",
        "(f - y) ** 2 if f.data == f.data else f",
        "f * f if y is True else (f - y) ** 2",
    ),
    *(
        "(f - float(format(y, '.1f'))) ** 2",
        "(f - math.floor(y)) ** 2",
        "am.where(y, f * f, (f - 1) ** 2)",
        "(f - sum([1] * y)) ** 2",
    ),
    *(
        "(f - float(y)) ** 2",
        "(f - y.__class__(1)) ** 2",
        "(f - bool(y)) ** 2",
        "(f - (not y)) ** 2",
        "(f - np.float32(y)) ** 2",
    ),
    *(
        "(f - np.where(y > 0, 1.0, -1.0)) ** 2",
        "(f - min(y, 1)) ** 2",
        "(f - (y and 2.0)) ** 2",
        "(f - (0 < y < 2)) ** 2",
    ),
    *(
        "quiet_loss(f, y)",
        "(f - y) ** 2 if not math.isclose(y, 1) else f * f",
        "inner_loss(f, y)",
        "remembered(f, y)",
    ),
    *(
        "(f - [*range(3)].index(y)) ** 2",
        "(f - [0, 1, 2].count(y)) ** 2",
        "(f - am.take([0.0, 1.0, 4.0], y)) ** 2",
    ),
)
# ... of several outputs and a class index y
CLASSES = (
    *(
        "am.logsumexp(f) - f[y]",
        "-am.log(am.sigmoid(f[y]))",
        "sum((a - (i == y)) ** 2 for i, a in enumerate(f))",
    ),
    *(
        "max(f) - f[y]",
        "dict(enumerate(f))[y] ** 2",
        "sum(a * a for i, a in enumerate(f) if i != y)",
        "am.logsumexp(f) - am.take(f, y)",
    ),
    *(
        "(f[y] - 1) ** 2 if f.index(max(f)) == y else f[0] ** 2",
        "f[int(y)] ** 2",
        "f[y - 1] ** 2",
        "f[-y] ** 2",
        "f[:y + 1][-1] ** 2",
    ),
    *(
        "am.total([am.relu(1 + a - f[y]) for a in f])",
        "f.pop(y) ** 2",
        "(f[0] - y) ** 2 + f[1] ** 2",
        "am.norm(f) - f[y]",
    ),
    *(
        "np.array(f)[y] ** 2",
        "sum(f[:y]) ** 2 + f[0] ** 2",
        "min(f) ** 2 + f[y]",
        "sorted(f, key=float)[y] ** 2",
    ),
)
# ... of several outputs and a row y
ROWS = (
    *(
        "sum((a - b) ** 2 for a, b in zip(f, y))",
        "am.logsumexp(f) - f[y.index(1)]",
        "sum(a * a for a, b in zip(f, y) if b)",
    ),
    *(
        "f[0] ** 2 if y == [1, 0] else f[1] ** 2",
        "f[0] ** 2 * sum(y)",
        "f[y.index(max(y))] ** 2",
        "f[y.count(1)] ** 2",
    ),
    *(
        "(y.sort(), f[0] * y[0] + f[1] ** 2)[1]",
        "(f[0] - y.pop()) ** 2",
        "(f[0] - y[-1]) ** 2 + f[1] ** 2",
        "f[int(np.argmax(y))] ** 2",
    ),
    *(
        "(f[0] - len(y)) ** 2",
        "f[0] ** 2 if 1 in y else f[1] ** 2",
        "f[0] ** 2 if any(y) else f[1]",
        "am.dot(f, y) ** 2",
    ),
    *(
        "f[0] ** 2 if y > [0, 1] else f[1] ** 2",
        "f[int(np.dot(y, [0, 1]))] ** 2",
        "am.total(f) * statistics.mean(y)",
    ),
)
MODELS = (
    *(
        "net(x)",
        "net(x)",
        "net(x)",
        "net(sorted(x))",
        "net(x) if x[0] > 0 else net([0.0, 0.0])",
        "(x.sort(), net(x))[1]",
    ),
    *(
        "(x.reverse(), net(x))[1]",
        "(x.__setitem__(0, x[0] * 2), net(x))[1]",
        "net([abs(v) for v in x])",
        "net([v % 1 for v in x])",
    ),
    *(
        "net([x[0], x[0] == 1])",
        "net([max(x), min(x)])",
        "net([math.tanh(v) for v in x])",
        "net(np.tanh(x).tolist())",
    ),
    *(
        "net([float(v) for v in x])",
        "net([round(v) for v in x])",
        "net(x if isinstance(x, list) else [0.0, 0.0])",
    ),
    *(
        "net([v if isinstance(v, float) else 0.0 for v in x])",
        "(x.append(1.0), net(x[:2]))[1]",
        "net([x[0], x.count(1)])",
    ),
)
EXTRA = """
import math, statistics
import numpy as np

seen = []
table = {}

def counted(f, y):
    seen.append(y)
    return (f - y) ** 2 * (1 + len(seen) % 2)

def matched(f, y):
    match y:
        case 0:
            return f * f
        case 1 | 2:
            return (f - 1) ** 2
        case _:
            return abs(f)

def total_of(y):
    return sum([y, y])

def quiet_loss(f, y):
    with am.no_grad():
        w = am.Value(2.0) * y
    return (f - w) ** 2

def inner_loss(f, y):
    return (f - am.grad(lambda u: u * u)(y)) ** 2

def remembered(f, y):
    return (f - table.setdefault(y, len(table))) ** 2
"""


class Training(NamedTuple):
    """A model, a loss and data."""

    sizes: list[int]
    model: str
    loss: str
    X: Any
    y: Any
    batch_size: int | None
    through: str

    def run(self, backend: str) -> tuple[list[float], list[float]]:
        """Train a fresh model; return the losses and the weights."""
        namespace: dict[str, Any] = {}
        exec(HEAD + HELPERS + EXTRA, namespace)
        net = FNN(self.sizes, seed=1)
        namespace["net"] = net
        model = Model(net, eval(f"lambda x: {self.model}", namespace))
        loss = eval(f"lambda f, y: {self.loss}", namespace)
        sgd = SGD(net.parameters(), lr=0.01)
        X, y = copy.deepcopy(self.X), copy.deepcopy(self.y)
        if self.through == "trainer":
            trainer = Trainer(model, loss, sgd, backend=backend)
            losses = [trainer.step(X, y) for _ in range(120 // len(X))]
        else:
            losses = fit(
                model, X, y, loss=loss, optimizer=sgd, epochs=120 // len(X), progress=False,
                batch_size=self.batch_size, backend=backend,
                validation=(X, y) if self.through == "validation" else None,
            ).loss  # fmt: skip
        assert repr(X) == repr(self.X), "the data have changed"
        assert repr(y) == repr(self.y), "the targets have changed"
        return losses, [p.data for p in net.parameters()]


class Model:
    """A network and what is done with its input."""

    def __init__(self, net: FNN, call: Callable[..., Any]) -> None:
        self.net, self.call = net, call

    def parameters(self) -> list[Value]:
        return self.net.parameters()

    def __call__(self, x: Any) -> Any:
        return self.call(x)


@st.composite
def trainings(draw: DrawFn) -> Training:
    kind = draw(st.sampled_from([NUMBERS, NUMBERS, CLASSES, ROWS]))
    outputs = 1 if kind is NUMBERS else draw(st.sampled_from([2, 3]))
    hidden = draw(st.sampled_from([[], [3]]))
    count = draw(st.sampled_from([4, 6, 10]))
    number = st.sampled_from([0.0, 1.0, -1.0, 0.5, 2.0]) | st.floats(-2, 2).map(
        lambda x: round(x, 3)
    )
    X: Any = draw(
        st.lists(st.lists(number, min_size=2, max_size=2), min_size=count, max_size=count)
    )
    if draw(st.booleans()):
        X = np.array(X)
    target: Any = st.integers(0, 2 if outputs != 2 else 1)
    if kind is ROWS:
        outputs = 2
        target = st.sampled_from([[0, 1], [1, 0]])
    elif kind is NUMBERS:
        target = draw(st.sampled_from([target, number, st.booleans(), st.sampled_from([-1, 1])]))
    y: Any = draw(st.lists(target, min_size=count, max_size=count))
    form = draw(st.sampled_from(["list", "array", "object", "float32", "tuple"]))
    if form == "array":
        y = np.array(y)
    elif form == "float32" and kind is not CLASSES:
        y = np.array(y, np.float32)
    elif form == "object":
        y = np.array(y, object)
    elif form == "tuple":
        y = tuple(y)
    through = draw(st.sampled_from(["fit", "trainer", "validation"]))
    return Training(
        [2, *hidden, outputs], draw(st.sampled_from(MODELS)), draw(st.sampled_from(kind)), X, y,
        draw(st.sampled_from([None, 1, 2, 3])), through,
    )  # fmt: skip


def outcome(training: Training, backend: str) -> tuple[Any, Exception | None]:
    with surroundings():
        try:
            return training.run(backend), None
        except Exception as error:
            return None, error


def check_training(training: Training) -> str:
    (wanted, error) = outcome(training, "eager")
    for backend in ("auto", "compiled"):
        (got, said) = outcome(training, backend)
        if backend == "compiled" and isinstance(said, TraceError):
            return f"{type(error).__name__} and TraceError" if error else "TraceError"
        if (error is None) != (said is None):
            raise DisagreementError(
                f"eager: {wanted or repr(error)}; {backend}: {got or repr(said)}"
            )
        if error is not None:
            if not (isinstance(said, type(error)) or isinstance(error, type(said))):
                raise DisagreementError(f"eager raises {error!r}; {backend} raises {said!r}")
            continue
        for what, xs, ys in zip(("losses", "weights"), wanted, got, strict=True):
            size = max(map(abs, xs), default=0.0)
            if not all(
                abs(a - b) <= 1e-9 * size or (math.isnan(a) and math.isnan(b))
                for a, b in zip(xs, ys, strict=True)
            ):
                raise DisagreementError(
                    f"the {what} are {xs} eagerly, {ys} with backend={backend!r}"
                )
    return "agrees" if error is None else type(error).__name__


@settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    max_examples=max(10, settings().max_examples // 5),
)
@given(trainings())
def test_fit_trains_alike_however_it_runs(training: Training) -> None:
    check_training(training)

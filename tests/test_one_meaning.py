"""Whatever runs a function computes what was written, or says that it cannot.

Random programs, written as people write Python (`tests.hostile`), are called with plain numbers
and lists, and compiled. The compiled program gives the same numbers on batches of one (plain
floats), two and seven (arrays), or raises TraceError; so does JavaScript.

Two numbers are the same if they differ by no more than 5000 ulps of S, the sum of the absolute
contributions, or by what the graph itself makes of noise in the last places of its numbers.
"""

from __future__ import annotations

import builtins
import copy
import functools
import itertools
import math
import operator
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from random import Random
from typing import Any, NamedTuple, cast
from unittest import mock

import numpy as np
from hypothesis import HealthCheck, given, settings

from autograd_mini import (
    OPS,
    DomainError,
    TraceError,
    Value,
    atan2,
    compile,
    dot,
    minimum,
    topological_order,
    total,
)
from autograd_mini.graph import receiving
from tests.hostile import Case, Example, cases


class Precision(NamedTuple):
    """How numbers are rounded."""

    ulp: float
    largest: float  # beyond, the order of factors decides what is left
    smallest: float
    whole: float  # what is below this in steps of the next is exact, and so are sums of it
    step: float
    rounds_leaves: bool


DOUBLE = Precision(2.0**-52, 1e280, 1e-280, 2.0**30, 2.0**-20, False)
SINGLE = Precision(2.0**-23, 1e30, 1e-30, 2.0**13, 2.0**-10, True)  # the function's is double
precision = DOUBLE  # of programs
_BUILT_IN = frozenset(OPS)
_SUMS = OPS["add"], OPS["total"], OPS["dot"]


class DisagreementError(AssertionError):
    """A path that gives other numbers than the function."""


# What the function gives.


class Eager(NamedTuple):
    """What a function gives for one example, called as its user calls it."""

    error: Exception | None
    values: list[float]
    is_list: bool
    roots: list[Any]
    gradient: list[float] | None  # of one number by the parameters; None where a rule raises


def eager(f: Callable[..., Any], parameters: Sequence[Value], example: Example) -> Eager:
    try:
        result = f(*copy.deepcopy(example))
        is_list = isinstance(result, list)
        results = result if is_list else [result]
        values = [real(y) for y in results]
        if is_list:
            return Eager(None, values, True, results, [])
    except Exception as error:
        return Eager(error, [], False, [], [])
    try:
        return Eager(None, values, False, results, slopes(results[0], parameters))
    except (ValueError, ArithmeticError):
        return Eager(None, values, False, results, None)


def real(y: Any) -> float:
    if np.iscomplexobj(y):  # NumPy's leaves its imaginary part behind with a warning
        raise TypeError(f"{y} is no real number")
    return float(y)


def slopes(root: Any, leaves: Sequence[Value]) -> list[float]:
    """Return the gradient by leaves, whose own are left at 0."""
    if not isinstance(root, Value):
        return [0.0 for _ in leaves]
    for leaf in leaves:
        leaf.grad = 0.0
    root.backward()
    found = [leaf.grad for leaf in leaves]
    for leaf in leaves:
        leaf.grad = 0.0
    return found


class _Argument(Value):
    """A Value whose copy is itself, as a number's is."""

    __slots__ = ()

    def __copy__(self) -> Value:
        return self

    def __deepcopy__(self, memo: object) -> Value:
        return self


def _sum(xs: Any, start: Any = 0) -> Any:
    """Add up as Values are: from the first term, and not from 0, which makes 0.0 of -0.0."""
    xs = [*xs] if type(start) is int and not start else [start, *xs]
    return functools.reduce(operator.add, xs) if xs else start


def all_on_values(f: Callable[..., Any], example: Example) -> tuple[list[Value], list[Value]]:
    """Return the function's results on Values, and those; no results if it gives other numbers."""
    leaves: list[Value] = []

    def leaf(x: Any) -> Any:
        if isinstance(x, list):
            return [leaf(y) for y in x]
        leaves.append(_Argument(x))
        return leaves[-1]

    def listed(y: Any) -> list[Any]:
        return y if isinstance(y, list) else [y]

    try:
        with mock.patch.object(builtins, "sum", _sum):
            plain = [float(y) for y in listed(f(*copy.deepcopy(example)))]
        results = listed(f(*[leaf(x) for x in example]))
        results = [y if isinstance(y, Value) else Value(y) for y in results]
    except Exception:
        return [], leaves
    is_same = list(map(repr, plain)) == [repr(y.data) for y in results]
    return (results if is_same else []), leaves


def on_values(f: Callable[..., Any], example: Example) -> tuple[Value | None, list[Value]]:
    """Return the same for a function of one number."""
    results, leaves = all_on_values(f, example)
    return (results[0] if len(results) == 1 else None), leaves


# How far apart numbers may be.


class Slack(NamedTuple):
    """How far a value and its gradients may be from exact ones."""

    value: float
    gradient: dict[Value, float]


def slack(root: Value) -> Slack:
    nodes = topological_order(root)
    run = _run(nodes)
    if run is None:  # a rule raises
        return Slack(math.inf, dict.fromkeys(nodes, math.inf))
    data, adjoint = run
    size, weight = _sizes(nodes, data)
    noisy = [_run(nodes, seed) for seed in range(4)]
    if _is_near_the_end(nodes, data, adjoint) or any(run is None for run in noisy):
        return Slack(math.inf, dict.fromkeys(nodes, math.inf))
    value = 5000 * precision.ulp * size + 100 * max(abs(run[0][-1] - data[-1]) for run in noisy)
    gradient = {
        node: 5000 * precision.ulp * weight[i]
        + 100 * max(abs(run[1][i] - adjoint[i]) for run in noisy)
        for i, node in enumerate(nodes)
        if node.is_leaf
    }
    return Slack(_bound(value), {node: _bound(x) for node, x in gradient.items()})


def _bound(x: float) -> float:
    return x if x == x else 0.0  # without finite neighbors numbers must be alike


class _Terms(NamedTuple):
    """What a number is the sum of; itself, if it is no sum."""

    size: float  # of all of them
    are_exact: bool  # in any order


def _run(nodes: list[Value], seed: int | None = None) -> Any:
    """Return data and adjoints, with noise in the last places of what is not exact.

    Of a sum, that is in the last places of its terms: in another order it rounds other numbers. If
    it is zero, it has either sign: the products of matrices, in NumPy and in JavaScript, start
    from 0.0, and additions from their first term. Of a nan, either sign is as good.
    """
    random = Random(seed)

    def noisy(x: float, size: float) -> float:
        if seed is None or math.isinf(x):
            return x
        if x != x:
            return math.copysign(x, random.choice((-1, 1)))
        return x + random.choice((-4, -1, 1, 4)) * precision.ulp * size

    place = {node: i for i, node in enumerate(nodes)}
    data: list[float] = []
    terms: list[_Terms] = []
    adjoint = [0.0] * len(nodes)
    adjoint[-1] = 1.0
    try:
        for node in nodes:
            at = [place[x] for x in node.inputs]
            xs = [data[i] for i in at]
            x = float(node.data if node.op is None else node.op.forward(*xs))
            terms.append(_terms(node, x, xs, [terms[i] for i in at]))
            if (node.op is not None or precision.rounds_leaves) and not terms[-1].are_exact:
                x = noisy(x, terms[-1].size)
            elif x == 0.0 and node.op in _SUMS and seed is not None:
                x = -x if not seed or random.getrandbits(1) else x
            data.append(x)
        for i in range(len(nodes) - 1, -1, -1):
            node = nodes[i]
            if node.op is not None:
                xs = [data[place[x]] for x in node.inputs]
                local = node.op.local(data[i], *xs)
                for k in receiving(node):  # nothing flows into a condition
                    part = float(local[k]) * adjoint[i]
                    adjoint[place[node.inputs[k]]] += (
                        part if _is_exact(part) else noisy(part, abs(part))
                    )
    except Exception:  # noise has left a domain
        return None
    return data, adjoint


def _is_exact(x: float) -> bool:
    return abs(x) < precision.whole and (x / precision.step).is_integer()


def _terms(node: Value, x: float, xs: list[float], below: list[_Terms]) -> _Terms:
    """Return what a node is the sum of, sums among its terms included."""
    if node.op is OPS["dot"]:
        n = len(xs) // 2
        products = [a * b for a, b in zip(xs[:n], xs[n : 2 * n], strict=True)]
        below = [*[_Terms(abs(p), _is_exact(p)) for p in products], *below[2 * n :]]
    elif node.op not in _SUMS:
        return _Terms(abs(x), _is_exact(x))
    size = sum([t.size for t in below])
    return _Terms(size, size < precision.whole and all(t.are_exact for t in below))


def _sizes(nodes: list[Value], data: list[float]) -> tuple[float, list[float]]:
    """Return the sums of absolute contributions to the value and to each adjoint."""
    place = {node: i for i, node in enumerate(nodes)}
    locals_ = [
        []
        if node.op is None
        else [float(d) for d in node.op.local(data[i], *[x.data for x in node.inputs])]
        for i, node in enumerate(nodes)
    ]
    size = [abs(x) for x in data]
    weight = [0.0] * len(nodes)
    weight[-1] = 1.0
    for i, node in enumerate(nodes):
        parts = [abs(d) * size[place[x]] for x, d in zip(node.inputs, locals_[i], strict=True)]
        size[i] += sum(part for part in parts if math.isfinite(part))
    for i in range(len(nodes) - 1, -1, -1):
        for x, local in zip(nodes[i].inputs, locals_[i], strict=True):
            part = abs(local) * weight[i]
            weight[place[x]] += part if math.isfinite(part) else 0.0
    return size[-1], weight


def _is_near_the_end(nodes: list[Value], data: list[float], adjoint: list[float]) -> bool:
    """Return whether a number is so large or small that the order of operations decides."""
    for i, node in enumerate(nodes):
        if node.op is None:
            continue
        inputs = [x.data for x in node.inputs]
        numbers = [data[i], adjoint[i], *inputs, *node.op.local(data[i], *inputs)]
        sizes = [abs(float(x)) for x in numbers]
        if any(0.0 < x < precision.smallest or precision.largest < x < math.inf for x in sizes):
            return True
        if math.isinf(data[i]) and all(map(math.isfinite, inputs)):
            return True
    return False


def alike(wanted: float, got: float, bound: Callable[[], float]) -> bool:
    if wanted == got or (wanted != wanted and got != got):
        return True
    return abs(wanted - got) <= 5 * precision.ulp * abs(wanted) or _within(wanted, got, bound())


def _within(wanted: float, got: float, bound: float) -> bool:
    return bound == math.inf or abs(wanted - got) <= bound + 1e-300


# What a program gives.


def column(entries: list[Any], form: str) -> Any:
    """Return a batch of one argument in one of the forms in which people have it."""
    if form == "list":
        return entries
    if form == "tuple":
        return tuple(entries)
    if form == "object":
        made = np.empty(np.shape(entries), object)
        for place in itertools.product(*map(range, made.shape)):
            made[place] = functools.reduce(operator.getitem, place, entries)
        return made
    array = np.array(entries)
    if form == "fortran":
        return np.asfortranarray(array)
    if form == "strided":
        return np.repeat(array, 2, axis=0)[::2]
    if form == "readonly":
        array.flags.writeable = False
    return array.astype(np.float32) if form == "float32" else array


def rounded(case: Case) -> Case:
    """Return the case with examples that are exact in the forms they are given in."""

    def as_given(x: Any, form: str) -> Any:
        if form != "float32":
            return x
        with np.errstate(over="ignore"):
            return np.array(x).astype(np.float32).tolist()

    examples = [
        [as_given(x, form) for x, form in zip(e, case.forms, strict=True)] for e in case.others
    ]
    return case._replace(others=examples)


@contextmanager
def surroundings() -> Iterator[None]:
    """Keep warnings and the rule table to the case at hand."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            for name in set(OPS) - _BUILT_IN:
                del OPS[name]


def check(case: Case, *, may_be_refused: bool = True) -> str:
    """Compare a program with its function; return what became of it.

    Raises:
        DisagreementError: If it gives other numbers.
        TraceError: If there is none, and it may not be refused.
    """
    with surroundings():
        case = rounded(case)
        try:
            module = case.load()
        except (ValueError, TypeError) as error:
            if "primitive(" in case.text:  # an operation that is refused when it is made
                return f"refused: {type(error).__name__}"
            raise
        f, parameters = module["f"], module["parameters"]
        recorded = eager(f, parameters, case.example)
        try:
            program = compile(f, *copy.deepcopy(case.example))
        except BaseException as error:
            if isinstance(error, TraceError) and not may_be_refused:
                raise
            _excused(f, "compile", error, [recorded], [case.example])
            return f"{type(error).__name__}"
        try:
            for turn in range(2):
                for name in case.order:
                    lo, hi = {"one": (0, 1), "two": (1, 3), "seven": (0, 7)}[name]
                    _compare(case, program, f, parameters, case.others[lo:hi])
                for p, data in zip(parameters, case.moved, strict=True):
                    if not turn:
                        p.data = data
        except TraceError:
            if not may_be_refused:
                raise
            return "TraceError in a call"
        return "agrees"


def _excused(
    f: Any, what: str, error: BaseException, found: Sequence[Eager], examples: Any
) -> None:
    """Raise unless an error is TraceError or says what the function itself says."""
    if isinstance(error, TraceError):
        return
    own = [e.error for e in found if e.error is not None]
    if not own or not isinstance(error, Exception):
        raise DisagreementError(
            f"{what} raises {error!r}, but the function gives "
            f"{[e.values for e in found]} for {examples}"
        ) from error
    if isinstance(error, DomainError) or any(
        isinstance(error, type(e)) or isinstance(e, type(error)) for e in own
    ):
        return
    if all(isinstance(e, AttributeError) for e in own):  # the function is for Values
        on_values = [_error_on_values(f, example) for example in examples]
        if any(isinstance(error, type(e)) for e in on_values if e is not None):
            return
    raise DisagreementError(f"{what} raises {error!r}, but the function {own}") from error


def _error_on_values(f: Any, example: Example) -> Exception | None:
    """Return what the function raises for Values in place of numbers."""

    def leaf(x: Any) -> Any:
        return list(map(leaf, x)) if isinstance(x, list) else Value(x)

    try:
        results = f(*map(leaf, copy.deepcopy(example)))
        for root in results if isinstance(results, list) else [results]:
            slopes(root, [])
    except Exception as error:
        return error
    return None


def _compare(
    case: Case, program: Any, f: Any, parameters: list[Value], examples: list[Example]
) -> None:
    wanted = [eager(f, parameters, example) for example in examples]
    columns = [
        column([copy.deepcopy(e[k]) for e in examples], form) for k, form in enumerate(case.forms)
    ]
    before = repr(columns)

    def call(name: str) -> Any:
        try:
            return getattr(program, name)(*columns)
        except TraceError:
            raise
        except BaseException as error:
            _excused(f, name, error, wanted, examples)
            return None
        finally:
            assert repr(columns) == before, f"{name} changed what the caller gave"

    values = call("__call__")
    errors = [e.error for e in wanted if e.error is not None]
    if values is not None:
        if errors and not _asks_for_the_class(case, f, examples):
            raise DisagreementError(
                f"a batch of {len(examples)} gives {values.tolist()}, but the function raises "
                f"{errors[0]!r} for one of {examples}"
            )
        if not errors:
            compare_values(f, wanted, values, examples)
    if errors or wanted[0].is_list:
        return
    gradients = [e.gradient for e in wanted]
    try:
        answer = call("value_and_grad")
    except DisagreementError:
        if None not in gradients:
            raise
        return
    if None in gradients:  # a rule raises eagerly, perhaps for a slope that nobody needs
        return
    if answer is not None:
        try:
            compare_gradients(f, program, parameters, wanted, answer, examples)
        except DisagreementError:
            if not (_asks_for_the_class(case, f, examples) and _hide_others(gradients)):
                raise
    try:
        by_inputs = call("input_grad")
    except DisagreementError as error:
        if all(_has_slopes(f, example, error.__cause__) for example in examples):
            raise
        return
    if by_inputs is not None:
        compare_input_gradients(f, by_inputs, examples)


def _asks_for_the_class(case: Case, f: Any, examples: list[Example]) -> bool:
    """Return whether a function does something else with Values, and that raises nothing.

    A program does what it did with Values; of what nobody reads no comparison sees more.
    """
    is_asking = "case am.Value()" in case.text.split("def f(")[1]
    return is_asking and all(_error_on_values(f, example) is None for example in examples)


def _hide_others(gradients: Sequence[Any]) -> bool:
    """Return whether slopes are so large that the comparison takes those near 1 for noise."""
    return any(1e9 < abs(x) < math.inf for gradient in gradients for x in gradient)


def compare_values(f: Any, wanted: list[Eager], values: Any, examples: list[Example]) -> None:
    rows = values.reshape(len(wanted), -1).tolist()
    for e, row, example in zip(wanted, rows, examples, strict=True):
        if len(row) != len(e.values):
            raise DisagreementError(f"at {example}: {row}, but the function gives {e.values}")
        for i, (x, y) in enumerate(zip(e.values, row, strict=True)):
            if not alike(x, y, lambda: _value_slack(f, example, e, i)):  # noqa: B023
                raise DisagreementError(
                    f"the value at {example} in a batch of {len(wanted)} is {y}, "
                    f"but the function gives {x}"
                )


def graphs(f: Any, example: Example, e: Eager) -> list[Any]:
    """Return the results as graphs of all that was computed, if the function takes Values."""
    return all_on_values(f, example)[0] or e.roots


def _value_slack(f: Any, example: Example, e: Eager, i: int) -> float:
    root = graphs(f, example, e)[i]
    return slack(root).value if isinstance(root, Value) else 500 * precision.ulp * abs(e.values[i])


def compare_gradients(
    f: Any,
    program: Any,
    parameters: list[Value],
    wanted: list[Eager],
    answer: Any,
    examples: list[Example],
) -> None:
    value, gradient = answer
    count = len(wanted)

    def mean_slack(p: Value | None) -> float:
        roots = [graphs(f, x, e)[0] for x, e in zip(examples, wanted, strict=True)]
        found = [slack(root) for root in roots if isinstance(root, Value)]
        parts = [s.value if p is None else s.gradient.get(p, 0.0) for s in found]
        sizes = [
            e.values[0] if p is None else cast(Any, e.gradient)[parameters.index(p)] for e in wanted
        ]
        if any(precision.largest < abs(x) < math.inf for x in sizes):
            return math.inf
        size = sum(abs(x) for x in sizes if math.isfinite(x))
        return (sum(parts) + 5000 * precision.ulp * size) / count

    mean = sum(e.values[0] for e in wanted) / count
    if not alike(mean, value, lambda: mean_slack(None)):
        raise DisagreementError(
            f"the mean over {examples} is {value}, but the function's is {mean}"
        )
    got = dict(zip(program.parameters, gradient, strict=True))
    for i, p in enumerate(parameters):
        mean = sum(cast(Any, e.gradient)[i] for e in wanted) / count
        if not alike(mean, got.get(p, 0.0), lambda: mean_slack(p)):  # noqa: B023
            raise DisagreementError(
                f"the gradient of parameters[{i}] over {examples} is {got.get(p, 0.0)}, but the "
                f"function's is {mean}"
            )


def _has_slopes(f: Any, example: Example, error: BaseException | None) -> bool:
    """Return whether eager gradients contradict an error of a program's."""
    root, leaves = on_values(f, example)
    if root is None and isinstance(error, (ValueError, ArithmeticError)):
        return False  # a rule may raise for numbers that it sees nowhere else
    try:
        slopes(root, leaves)
    except (ValueError, ArithmeticError):
        return False
    return True


def compare_input_gradients(f: Any, by_inputs: list[Any], examples: list[Example]) -> None:
    for n, example in enumerate(examples):
        root, leaves = on_values(f, example)
        if root is None:
            continue
        try:
            wanted = slopes(root, leaves)
        except (ValueError, ArithmeticError):
            continue
        got = [x for g in by_inputs for x in np.ravel(g[n]).tolist()]
        for leaf, x, y in zip(leaves, wanted, got, strict=True):
            if not alike(x, y, lambda: slack(cast(Value, root)).gradient.get(leaf, 0.0)):  # noqa: B023
                raise DisagreementError(
                    f"the input gradient at {example} in a batch of {len(examples)} is {got}, "
                    f"but the function's is {wanted}"
                )


def test_what_the_order_of_a_sum_decides_is_excused_and_nothing_else_is() -> None:
    def flow(*xs: float) -> float:
        leaves = list(map(Value, xs))
        return slack(minimum(total(leaves), 3.0) * 5.0).gradient[leaves[0]]

    assert flow(1e16, -1e16, 3.0) > 1.0  # a tie, unless 1e16 + 3 comes first
    assert flow(0.1, -0.1, 3.0) > 1.0
    assert flow(4.0, -4.0, 3.0) < 1e-9  # in any order
    assert flow(0.1, -0.1, 2.5) < 1e-9


def test_the_sign_of_a_sum_of_zeros_is_excused_and_no_other_is() -> None:
    def angle(y: Value) -> float:
        return slack(atan2(y, -1.0)).value

    zeros = [Value(-0.0), Value(-0.0)]
    assert angle(total(zeros)) > 1.0
    assert angle(dot(zeros, zeros)) > 1.0
    assert angle(zeros[0] + zeros[1]) > 1.0
    assert angle(zeros[0] * 2.0) < 1e-9
    assert angle(zeros[0]) < 1e-9


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(cases())
def test_a_compiled_program_computes_what_its_function_computes(case: Case) -> None:
    check(case)

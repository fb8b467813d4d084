"""No text of a user's is code, and no operation of a user's is guessed at."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_mini import (
    OPS,
    DomainError,
    Op,
    TraceError,
    Value,
    amax,
    apply,
    asin,
    atan2,
    clip,
    compile,
    dot,
    exp,
    expm1,
    greater,
    hypot,
    jit,
    less,
    log,
    maximum,
    minimum,
    norm,
    primitive,
    sigmoid,
    sqrt,
    take,
    tanh,
    total,
    where,
)
from autograd_mini.compiler.emit import LANGUAGES, emit
from autograd_mini.compiler.plan import FORWARD, GRADIENT, INPUTS
from autograd_mini.value import Value as Number


@pytest.fixture(autouse=True)
def _rows_of_this_test() -> Iterator[None]:
    before = set(OPS)
    yield
    for name in set(OPS) - before:
        del OPS[name]


def both(f: Callable[..., Any], *batch: Any) -> None:
    """Compare a program, in arrays and example by example, with the function itself."""
    program = compile(f, *[np.asarray(x)[0].tolist() for x in batch], check=False)
    examples = [np.asarray(x)[n].tolist() for n in range(len(batch[0])) for x in batch]
    assert examples
    for size in (len(batch[0]), 1):
        part = [x[:size] for x in batch]
        values, own = program(*part), program.input_grad(*part)
        for n in range(size):
            leaves = [Number(float(np.asarray(x)[n])) for x in part]
            y = f(*leaves)
            y.backward()
            assert values[n] == pytest.approx(y.data, nan_ok=True, rel=1e-12)
            for leaf, g in zip(leaves, own, strict=True):
                assert g[n] == pytest.approx(leaf.grad, nan_ok=True, rel=1e-12)


# Operations of the user's.


def test_partials_that_branch_on_every_operand_are_asked_for_every_example_and_member() -> None:
    pos = primitive(
        name="pos", partials=lambda f, *xs: tuple([1.0 if x > 0.0 else 0.0 for x in xs])
    )(lambda *xs: sum(max(x, 0.0) for x in xs))
    a = [Value(x) for x in (1.0, -2.0, 3.0)]
    program = compile(lambda x: pos(*[w * x for w in a]), 1.0)
    assert program.value_and_grad([1.0, 2.0])[1] == [1.5, 0.0, 1.5]
    assert program.value_and_grad([2.0])[1] == [2.0, 0.0, 2.0]


@pytest.mark.parametrize(
    "forward",
    [
        lambda x: x + 1.0 if x == 2.0 else x,
        lambda x: x if x != 2.0 else 3.0,
        lambda x: 3.0 if x in (2.0, 5.0) else x,
        lambda x: {2.0: 3.0}.get(x, x),
        lambda x: x + 1.0 if [x].count(2.0) else x,
        lambda x: (x if not x - 2.0 else x - 1.0) + 1.0,
        lambda x: caught(x),
    ],
    ids=["==", "!=", "in", "get", "count", "not", "except"],
)
def test_a_forward_that_looks_at_its_operand_is_mapped_over_the_elements(forward: Any) -> None:
    bump = primitive(name="bump", partials=(lambda f, x: 1.0,))(forward)
    assert compile(bump, 1.0)([0.0, 2.0, 4.0]).tolist() == [0.0, 3.0, 4.0]
    assert compile(bump, 1.0)([2.0]).tolist() == [3.0]


def caught(x: Any) -> Any:
    try:
        return x + 1.0 if float(x) == 2.0 else x
    except Exception:
        return x


def test_a_partial_that_compares_is_mapped_over_the_elements() -> None:
    step = primitive(name="step", partials=(lambda f, x: 5.0 if x == 2.0 else 1.0,))(lambda x: x)
    assert compile(step, 1.0).input_grad([1.0, 2.0])[0].tolist() == [1.0, 5.0]


def test_a_row_written_in_the_packages_functions_is_written_in_them() -> None:
    swish = primitive(
        name="swish_of_mine",
        partials=(lambda f, x: sigmoid(x) + x * sigmoid(x) * (1.0 - sigmoid(x)),),
    )(lambda x: x * sigmoid(x))
    w = Value(0.7)
    both(lambda x: swish(w * x), [0.5, -1.0, 2.0])
    program = compile(lambda x: swish(w * x), 1.0)
    plan = program._plan  # pyright: ignore[reportPrivateUsage]
    for language in LANGUAGES:
        assert "sigmoid" in emit(plan, GRADIENT, language).source
        assert not emit(plan, GRADIENT, language).namespace


def test_names_of_operations_are_no_code() -> None:
    for name in ("soft-clip", "print('x')", "np", "a\nb", "*/", "</script>", "σ"):
        op = primitive(name=name, partials=(lambda f, x: math.cos(x),))(lambda x: math.sin(x))
        both(lambda x, op=op: op(x) * 2.0, [0.5, -1.0])


# Texts of the user's.

NASTY = [
    "x\n    raise RuntimeError('a label ran as code') #",
    "x\r    raise RuntimeError('a label ran as code') #",
    *[f"x{c}    raise RuntimeError('a label ran') #" for c in "\x0b\x0c\x1c\x85\u2028\u2029"],
    '"""', "'''", "\\", "*/ alert(1) /*", "</script><script>", "\x00", "\ud800", "g_h1", "g_z1",
    "values", "theta", "np", "lambda", "W1", "g_W1", "seed", "bind", "B", "ones", "F", "sum",
]  # fmt: skip


@pytest.mark.parametrize("label", NASTY, ids=ascii)
def test_labels_are_no_code(label: str) -> None:
    w, v = Value(2.0, label), Value(3.0, f"{label}!")

    def f(x: Any) -> Any:
        h = w * x
        h.label = label
        y = h.tanh() * v
        y.label = f"g_{label}"
        return y * y + h

    both(f, [1.0, 2.0, -0.5])
    plan = compile(f, 1.0)._plan  # pyright: ignore[reportPrivateUsage]
    for purpose in (FORWARD, GRADIENT, INPUTS):
        text = emit(plan, purpose, "javascript").source
        assert "</script" not in text
        assert "<!--" not in text
        for language in ("numpy", "python"):
            for line in emit(plan, purpose, language).source.splitlines():
                assert not line.strip().startswith("raise RuntimeError('a label")


@settings(max_examples=settings().max_examples // 4)  # each is compiled
@given(labels=st.lists(st.text(), min_size=2, max_size=8))
def test_any_label_is_no_code(labels: list[str]) -> None:
    weights = [Value(2.0, label) for label in labels]
    program = compile(lambda x: sum([(w * x).tanh() * w for w in weights]), 1.0)
    value, gradients = program.value_and_grad([0.5, 0.25])
    assert value == pytest.approx(len(labels) * (math.tanh(1.0) + math.tanh(0.5)))
    assert len(gradients) == len(labels)


def test_names_of_arguments_keep_apart() -> None:
    both(lambda x, g_x: x * x * g_x, [1.0, 2.0], [3.0, 4.0])
    both(lambda μ_x, σ_x: μ_x * μ_x * σ_x, [1.0, 2.0], [3.0, 4.0])
    both(lambda theta, values, np, B, seed: theta * values * np * B * seed, *[[1.0, 2.0]] * 5)
    both(lambda out, zero, i1, c1, t1: out * zero * i1 - c1 * t1, *[[1.5, 2.0]] * 5)


# Numbers.


def test_a_zero_written_to_a_parameter_brings_its_sign() -> None:
    w = Value(0.0)
    program = compile(lambda x: atan2(w, x), -1.0)
    for zero in (0.0, -0.0, 0.0):
        w.data = zero
        for batch in ([-1.0], [-1.0, -2.0]):
            assert program(batch)[0] == math.atan2(zero, -1.0)
    program.theta[:] = -0.0
    program.pull()
    assert math.copysign(1.0, w.data) == -1.0
    program.theta[:] = 0.0
    program.parameters.store.sync()
    assert math.copysign(1.0, w.data) == 1.0


def test_a_copy_of_an_argument_is_the_argument() -> None:
    w = Value(2.0)
    program = compile(lambda x, xs: w * copy.copy(x) + copy.deepcopy(xs)[0], 3, [1])
    for batch in ([3, 1], [[1], [2]]), ([4], [[5]]):
        wanted = [2.0 * x + y for x, (y,) in zip(*batch, strict=True)]
        assert program(*batch).tolist() == wanted


def test_an_operation_outside_of_its_domain_raises_whoever_reads_it() -> None:
    count = primitive(name="how_many", partials=lambda f, *xs: tuple([0.0 for _ in xs]))(
        lambda *xs: len(xs)
    )
    w = Value(0.5)
    program = compile(lambda x: w * x + count(asin(w), x), 1.0)
    w.data = 2.0
    for batch in ([1.0], [1.0, 2.0]):
        with pytest.raises(DomainError, match=r"asin\(2.0\)"):
            program(batch)


def test_numbers_that_are_one_have_adjoints_of_their_own() -> None:
    first = primitive(name="first", partials=(lambda f, x, y: 1.0, lambda f, x, y: 0.0))(
        lambda x, y: x
    )

    def f(x: Any) -> Any:
        once = first(x, x)
        return first(once, once) + tanh(first(once, once))

    program = compile(f, 0.5)
    slope = 2.0 - math.tanh(0.5) ** 2
    for batch in ([0.5], [0.5, 0.5]):
        assert program.input_grad(batch)[0] == pytest.approx(slope)


def test_large_numbers_that_are_watched_are_not_taken_for_infinite_ones() -> None:
    w = Value(1.0)
    program = compile(lambda x: w / exp(x), 1.0)
    for x in (709.5, 709.6):
        assert program.gradient([x, x]) == pytest.approx(math.exp(-x))
        assert program.is_finite  # though e**x + e**x is more than the largest float


@pytest.mark.parametrize("count", [1, 2, 70])
def test_what_is_not_finite_is_seen_among_many_terms(count: int) -> None:
    w = [Value(0.5) for _ in range(9)]
    program = compile(lambda xs: total([exp(a * x) for a, x in zip(w, xs, strict=True)]), [1.0] * 9)
    batch = [[1.0] * 9 for _ in range(count)]
    assert program.gradient(batch) == pytest.approx(9.0 * math.exp(0.5))
    batch[-1][4] = 2000.0
    with pytest.raises((DomainError, OverflowError)):
        program.gradient(batch)


def test_zero_times_infinity_is_nan_in_products_of_any_shape() -> None:
    w = Value(0.0)
    program = compile(lambda x, y: norm([dot([w, w], [x, y]), 1.0]), 1.0, 2.0)
    for batch in ([math.inf, 1.0], [math.inf]):
        assert np.isnan(program(batch, batch)).any()
        assert np.isnan(program.input_grad(batch, batch)[0]).any()


@pytest.mark.parametrize("count", [1, 2])
def test_zero_times_infinity_is_nan_in_a_layer_of_one_unit(count: int) -> None:
    units = [Value(0.01) for _ in range(200)]
    layers = [[Value(0.01) for _ in range(5)] for _ in range(40)]

    def one(xs: Any) -> Any:
        return sigmoid(dot(units, xs))

    def two(xs: Any) -> Any:
        return sigmoid(dot(units[:40], [tanh(dot(w, xs)) for w in layers]))

    for f, example in ((one, [math.inf, *[1.0] * 199]), (two, [1.0] * 5)):
        program = compile(f, [1.0] * len(example), check=False)
        units[0].data = math.inf if f is two else 0.01
        _, slopes = program.value_and_grad([example] * count)
        for p in program.parameters:
            p.grad = 0.0
        f(example).backward()
        wanted = [p.grad for p in program.parameters]
        assert any(map(math.isnan, wanted))
        assert [*slopes] == pytest.approx(wanted, nan_ok=True)


@pytest.mark.parametrize("xs", [[1.0, -1.0], [1.0, 0.0], [2.0, 1.0]])
def test_an_infinite_gradient_is_the_mean_of_the_examples_own(xs: list[float]) -> None:
    w = Value(1.0)
    program = compile(lambda x: asin(w) * x, 1.0)
    _, (slope,) = program.value_and_grad(xs)
    slopes: list[float] = []
    for x in xs:
        root = asin(w) * x
        w.grad = 0.0
        root.backward()
        slopes.append(w.grad)
    assert slope == pytest.approx(sum(slopes) / len(xs), nan_ok=True)


def test_a_value_that_plain_numbers_lead_to_is_missed_by_no_gradient() -> None:
    w = Value(0.0)
    program = compile(lambda x: 2.0 * x if isinstance(x, Number) else w + 2.0 * x, 1.0)
    for batch in ([1.0], [1.0, 2.0]):
        with pytest.raises(TraceError, match=r"reads the Value 0\.0"):
            program.value_and_grad(batch)
    assert w.grad == 0.0
    made = compile(lambda x: Value(3.0) * x, 1.0)
    assert made.value_and_grad([1.0, 2.0]) == (4.5, [])


def test_a_python_function_gets_floats_from_comparisons() -> None:
    kinds: set[type] = set()

    def seen(x: float) -> float:
        kinds.add(type(x))
        return math.ceil(x) + 0.0  # no symbol goes through

    watching = primitive(name="watching", partials=(lambda f, x: 1.0,))(seen)
    program = compile(lambda x: watching(less(x, 0.5)) + watching(less(x, 0.5) + less(x, 2.0)), 1.0)
    for batch in ([0.0], [0.0, 1.0]):
        assert program(batch)[0] == 3.0
    assert bool not in kinds
    assert int not in kinds


def test_an_error_in_a_text_is_the_function_s_own_or_says_that_they_differ() -> None:
    floor = primitive(name="floor_of", partials=(lambda f, x: 0.0,))(lambda x: math.floor(x) + 0.0)
    w = Value(1.0)
    with pytest.raises(DomainError, match=r"log\(0.0\)"):
        compile(lambda x: floor(x * log(x)) + w, 1.0)([1.0, 0.0, 2.0])

    def caught(x: Any) -> Any:
        try:
            return floor(log(x) * x) + w
        except ValueError:
            return w * 2.0

    program = compile(caught, 1.0)
    for batch in ([1.0, 0.0, 2.0], [0.0]):
        with pytest.raises(TraceError):
            program(batch)


@pytest.mark.parametrize(
    ("forward", "partial", "outside", "calls"),
    [
        (lambda x: where(x > 0.0, log(x), 0.0), lambda f, x: 1.0, -1.0, ["__call__", "input_grad"]),
        (
            lambda x: where(x > 0.0, x, expm1(x)),
            lambda f, x: 1.0,
            711.0,
            ["__call__", "input_grad"],
        ),
        (lambda x: maximum(1.0, 0.5 - sqrt(x)), lambda f, x: 1.0, -1.0, ["__call__", "input_grad"]),
        (lambda x: x * x, lambda f, x: where(x > 0.0, 2.0 * x, asin(x)), 2.0, ["input_grad"]),
    ],
    ids=["chosen", "too large", "not the largest", "in the slope"],
)
def test_what_a_row_of_the_user_s_asks_for_and_does_not_use_raises_too(
    forward: Any, partial: Any, outside: float, calls: list[str]
) -> None:
    row = primitive(name="own", partials=partial)(forward)
    program = compile(lambda x: row(x), 0.5)
    seen = [0.5, 0.25, 0.125, 0.75, 0.875]
    for _ in range(70):  # until no example is compared
        for batch in (seen, [0.5]):
            program(batch)
            program.input_grad(batch)
    for batch in ([outside], [0.5, outside]):
        for call in calls:
            with pytest.raises(DomainError):
                getattr(program, call)(batch)


def test_what_the_slope_of_many_operands_asks_for_and_does_not_use_raises_too() -> None:
    row = Op(
        "own",
        cast(Any, lambda *xs: total([x * x for x in xs])),
        lambda f, *xs: tuple([where(x > 0.0, 2.0 * x, asin(x)) for x in xs]),
    )
    listed = compile(lambda xs: apply(row, *xs), [0.5, 0.25])
    apart = compile(lambda x, y: apply(row, x, y), 0.5, 0.25)
    for _ in range(70):  # until no example is compared
        for seen in ([0.5, 0.25, 0.125, 0.75, 0.875], [0.5]):
            listed.input_grad([[x, 0.5] for x in seen])
            apart.input_grad(seen, [0.5] * len(seen))
    for batch in ([2.0], [0.5, 2.0]):
        with pytest.raises(DomainError, match="asin"):
            listed.input_grad([[x, 0.5] for x in batch])
        with pytest.raises(DomainError, match="asin"):
            apart.input_grad(batch, [0.5] * len(batch))


def test_a_function_that_has_no_result_for_plain_numbers_says_so_itself() -> None:
    power = primitive(
        name="power_of", partials=(lambda f, x, y: y * x ** (y - 1.0), lambda f, x, y: 0.0)
    )(lambda x, y: x**y)
    with pytest.raises(DomainError, match=r"power_of\(0.0, -0.5\)"):  # and nothing of 1j
        compile(lambda x: power(0.0 if type(x) is float else -2.0, x), -0.5)


def test_what_raises_for_plain_numbers_alone_is_not_excused_by_values() -> None:
    def f(x: Any, low: Any, high: Any) -> Any:
        bound = high if type(x) is int else low
        return where(x > 0.0, clip(x, low, bound), x)

    program = compile(f, 0.0, -2.5, 1)
    with pytest.raises(DomainError, match=r"low is 2.5 and high is -1"):
        program([0], [2.5], [-1])


@pytest.mark.parametrize(
    "f",
    [
        lambda x: where(sqrt(x), 1.0, 2.0) + sqrt(x),
        lambda x: sqrt(x).detach() + sqrt(x),
        lambda x: where(dot([x, x], [math.inf, 1.0]), 1.0, 2.0) + dot([x, x], [1.0, 1.0]),
    ],
    ids=["condition", "detached", "sum"],
)
def test_what_no_gradient_reaches_is_not_computed_with_what_one_reaches(f: Any) -> None:
    w = Value(1.0)
    program = compile(lambda x: f(x) * w, 1.0)
    xs = [4.0, 0.0, 1.0]
    ((got,),) = [program.input_grad(xs)]
    for x, slope in zip(xs, got.ravel(), strict=True):
        leaf = Value(x)
        (f(leaf) * w).backward()
        assert leaf.grad == pytest.approx(slope, nan_ok=True)


def test_an_infinite_result_is_not_taken_for_another_way_through_the_function() -> None:
    v, w = Value(1.5), Value(math.inf)

    def f(x: Any) -> Any:
        try:
            quotient = v / x
        except ZeroDivisionError:
            quotient = w * 1.0
        return quotient * v  # its slope by v is infinite on both ways

    program = compile(f, 2.0)
    assert program.value_and_grad([2.0]) == (1.125, [1.5])
    for batch in ([0.0], [2.0, 0.0]):
        with pytest.raises(TraceError, match=r"goes on after an error|reads the Value inf"):
            program.value_and_grad(batch)


def test_zeros_keep_their_signs() -> None:
    program = compile(lambda x: [atan2(0.0, x), atan2(-0.0, x)], -1.0)
    for batch in ([-1.0, -1.0], [-1.0]):
        assert program(batch)[0].tolist() == [math.pi, -math.pi]
    minus = primitive(name="sign_of_zero", partials=(lambda f, x: 1.0,))(lambda x: x + 0.0)
    assert math.copysign(1.0, compile(lambda x: minus(x), 1.0)([-0.0, -0.0])[0]) == 1.0


@pytest.mark.parametrize("f", [maximum, minimum, lambda x, y: amax([y, x])])
def test_of_zeros_that_differ_in_sign_the_larger_and_the_smaller_are_positive(f: Any) -> None:
    w = Value(-0.0)
    assert [math.copysign(1.0, f(x, y)) for x in (0.0, -0.0) for y in (0.0, -0.0)] == [1.0] * 4
    program = compile(lambda x: atan2(f(x, w), -1.0) + atan2(f(w, x), -1.0), -0.0)
    for size in range(1, 20):  # processors take several at once, then the rest
        xs = np.zeros(size)
        xs[::3] = -0.0
        for batch in (xs, xs.tolist(), np.repeat(xs, 2)[::2]):
            assert program(batch).tolist() == [2.0 * math.pi] * size


def test_infinite_constants_are_spelled_in_every_language() -> None:
    w = Value(0.5)
    for number in (math.inf, -math.inf, math.nan):
        program = compile(lambda x, number=number: w * number * x, 1.0)
        for batch in ([1.0, 2.0], [1.0]):
            value, (slope,) = program.value_and_grad(batch)
            assert (value, slope) == pytest.approx((number, number), nan_ok=True)


def test_a_list_of_no_results_has_no_columns() -> None:
    try:
        program = compile(lambda x: [], 1.0)
    except TraceError:
        return
    assert program([1.0, 2.0]).shape == (2, 0)
    assert program([1.0]).shape == (1, 0)


@pytest.mark.parametrize("f", [hypot, atan2, lambda x, y: norm([x, y])])
def test_slopes_of_what_is_nan_are_nan(f: Any) -> None:
    both(f, [1.0, 3.0, math.nan], [math.nan, 4.0, 2.0])


def test_zero_times_infinity_is_what_eager_makes_of_it() -> None:
    both(lambda x, y: x * y, [0.0, 1.0], [-math.inf, 2.0])
    both(lambda x, y: total([x * y, x, 0.0 * y, y, x]), [0.0, 1.0], [-math.inf, 2.0])
    both(lambda x, y: where(x > 0.5, y, x), [0.0, 1.0], [-math.inf, 2.0])


def test_nothing_flows_into_a_condition() -> None:
    w = Value(1.0)
    both(lambda x: where(less(sqrt((x - w) * (x - w)), 1e-3), 2.0 * x, x), [1.0, 2.0])
    program = compile(lambda x: where(greater(w, x), w * x, x), 0.5)
    assert program.value_and_grad([0.5, 2.0]) == (1.25, [0.25])


def test_an_example_that_raised_is_not_asked_for_by_later_calls() -> None:
    program = compile(lambda x: asin(x) + x, 0.0)
    with pytest.raises(DomainError, match=r"asin\(3.0\)"):
        program([3.0])
    assert program([0.0, 0.5]) == pytest.approx([0.0, math.asin(0.5) + 0.5])
    w = Value(-1.0)
    shifted = compile(lambda x: log(x - w), 0.0)
    w.data = 1.0  # the recorded example lies outside of the domain now
    assert shifted([2.0, 3.0]) == pytest.approx([0.0, math.log(2.0)])


def test_where_one_example_is_huge_another_is_compared_at_its_own_size() -> None:
    w = Value(1.0)

    def doubled_if_a_value(x: Any, y: Any) -> Any:
        match y:
            case Value():
                return (x + y * 2.0) * w
            case _:
                return (x + y) * w

    program = compile(doubled_if_a_value, 1e300, 2.0)
    with pytest.raises(TraceError, match=r"is 7\.0, .* gives 4\.0"):
        program([1e300, 1.0], [2.0, 3.0])


def test_a_whole_number_that_comes_as_a_float_is_another_example() -> None:
    w = Value(3.0)
    program = compile(lambda x: (x if type(x) is float else 0.0) * w, 2)
    step = jit(lambda x: (x[0] if type(x[0]) is float else 0.0) * w, parameters=[w])
    for _ in range(2):
        assert program([2, 2]).tolist() == [0.0, 0.0]
        assert step.gradient([[2]]) == 0.0
        for batch in ([2.0], [2, 2.0], [2.0, 2.0], np.array([2.0])):
            with pytest.raises(TraceError, match=r"is 0\.0, .* gives 6\.0"):
                program(batch)
        with pytest.raises(TraceError, match=r"is 0\.0, .* gives 6\.0"):
            step.gradient([[2.0]])


def test_what_disagreed_once_disagrees_whenever_it_is_asked_for_again() -> None:
    w = Value(1.0)
    program = compile(lambda x: w * x if isinstance(x, Value) or x < 3.0 else w, 1.0)
    assert program([1.0, 2.0]).tolist() == [1.0, 2.0]
    assert program([1.0]).tolist() == [1.0]
    for batch in ([5.0], [5.0], [5.0, 1.0], np.array([1.0, 5.0]), [5.0]):
        for call in (program, program.value_and_grad, program.gradient):
            with pytest.raises(TraceError):
                call(batch)
    assert program([2.0]).tolist() == [2.0]


def test_an_unused_element_without_an_index_raises_also_for_the_recorded_example() -> None:
    w = Value(1.0)

    def unused(x: Any) -> Any:
        take([1.0, 2.0], x)
        return x * w

    program = compile(unused, 0.5)
    for _ in range(2):
        with pytest.raises(TypeError, match="take needs a whole number as index"):
            program([0.5])
    assert program([1.0]).tolist() == [1.0]


@pytest.mark.parametrize("index", [-2.5, -0.5, 0.5, 1.5, 2.5])
def test_half_an_index_raises_in_any_batch(index: float) -> None:
    w = Value(1.0)
    program = compile(lambda x, n: take([x, w], n) * w, 3.0, 0.0)
    for batch in ([index], [0.0, index], [0.0, 1.0, index, *[1.0] * 4]):
        for call in (program, program.value_and_grad, program.gradient, program.input_grad):
            for x in (1.0, 2.0, 3.0, 4.0):  # until it has been compared with the function
                call([x] * len(batch), [0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0][: len(batch)])
            with pytest.raises((TypeError, IndexError), match=r"^take"):
                call([2.0] * len(batch), batch)


def test_of_two_errors_the_one_is_raised_that_the_function_raises() -> None:
    def reaches_no_array(np: Any, x: Any) -> Any:
        return take(np, x) + np.ones(2)

    with pytest.raises(TypeError, match="take needs a whole number as index"):
        compile(reaches_no_array, [1.0, 2.0], -2.5)

    def reaches_no_element(x: Any) -> Any:
        return pow(x, 2, 5) + take([1.0, x], 2)

    with pytest.raises(IndexError, match="take found no element 2"):
        compile(reaches_no_element, 3)


def test_a_square_that_is_too_large_raises_wherever_it_is_hidden() -> None:
    w = Value(1.0)
    program = compile(lambda x: w * tanh(x**2), 1.0)
    assert program([1.0, 2.0]).tolist() == [math.tanh(1.0), math.tanh(4.0)]
    for batch in ([1e300], [1.0, 1e300]):
        with pytest.raises(OverflowError):
            program(batch)
        with pytest.raises(OverflowError):
            program.value_and_grad(batch)


def test_the_further_classes_of_a_function_for_values_alone_are_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A float has no `exp()`: that is no reason not to train."""
    for limit in ("SMALL", "LARGE"):
        monkeypatch.setattr(f"autograd_mini.compiler.check.{limit}", 1)
    w = Value(0.5)
    program = compile(lambda x, t: (w * x.exp() - t) ** 2, 0.1, 1)
    xs, classes = [0.1 * n for n in range(20)], [n % 10 for n in range(20)]
    wanted = [(0.5 * math.exp(x) - t) ** 2 for x, t in zip(xs, classes, strict=True)]
    assert program.gradient(xs, classes) == pytest.approx(sum(wanted) / 20)


def test_finite_numbers_whose_squares_are_too_large_are_computed_once() -> None:
    calls: list[float] = []

    def f(x: Any) -> Any:
        calls.append(1.0)
        return 2.0 * x

    program = compile(f, 1.0)
    batch = [1e200, -1e200, 3.0]
    assert program(batch).tolist() == [2e200, -2e200, 6.0]
    calls.clear()
    for _ in range(3):
        program(batch)
    assert not calls  # no example looked wrong, so that it had to be computed again


@pytest.mark.parametrize("count", [1, 2, 12])
def test_an_element_that_is_not_taken_gives_no_gradient_or_a_trace_error(count: int) -> None:
    p = Value(1.7)
    ordinary = [1.0 + i for i in range(count)], [i % 2 for i in range(count)]
    program = compile(lambda x, n: take([p * (x * x) * x, p * 2.0], n), 1.0, 0)
    for _ in range(2):
        program.value_and_grad(*ordinary)
        program.input_grad(*ordinary)
    huge = [1e200] * count
    assert program(huge, [1] * count) == pytest.approx(3.4)
    with pytest.raises(TraceError, match="compiled gradient is nan"):
        program.value_and_grad(huge, [1] * count)
    with pytest.raises(TraceError, match="compiled gradient is nan"):
        program.input_grad(huge, [1] * count)
    # Where it is chosen, the infinities are the function's own.
    assert program.value_and_grad(huge, [0] * count) == (math.inf, [math.inf])
    assert np.isinf(program.input_grad(huge, [0] * count)[0]).all()

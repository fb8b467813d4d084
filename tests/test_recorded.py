"""While a function is recorded, a number answers as the plain number would, or raises."""

from __future__ import annotations

import copy
import itertools
import math
import numbers
import pickle
import struct
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from autograd_mini import (
    OPS,
    DomainError,
    Trace,
    TraceError,
    Value,
    amax,
    compile,
    derivative,
    dot,
    exp,
    grad,
    greater,
    hypot,
    less,
    log,
    logsumexp,
    maximum,
    no_grad,
    primitive,
    relu,
    sigmoid,
    take,
    text_tree,
    to_dot,
    to_mermaid,
    to_svg,
    topological_order,
    total,
    where,
)
from autograd_mini.compiler.kinks import near_kink
from autograd_mini.testing import reference_gradient

PARAMETER = Value(2.0, "parameter")


def branching(x: Any) -> Any:
    match x:
        case 1:
            return PARAMETER * x
        case _:
            return x


def without_gradient(x: Any) -> Any:
    with no_grad():
        y = PARAMETER * x
    return y * PARAMETER


def with_a_pass_inside(x: Any) -> Any:
    y = PARAMETER * x
    y.backward()
    return y * PARAMETER.grad


def assigning(x: Any) -> Any:
    x.data = 1.0
    return x * PARAMETER


PROGRAM = compile(lambda x: PARAMETER * x, 1.0)
ANSWERS: dict[str, Callable[[Any], Any]] = {
    "equal": lambda x: PARAMETER * x if x == 1 else x,
    "unequal": lambda x: PARAMETER * (x != 1),
    "itself": lambda x: PARAMETER * x if x == x else x,
    "in": lambda x: PARAMETER * x if x in (1, 2) else x,
    "match": branching,
    "dictionary": lambda x: {0: -1.0, 1: 1.0}[x] * PARAMETER,
    "set": lambda x: len({x, 1.0}) * PARAMETER,
    "isinstance": lambda x: PARAMETER * x if isinstance(x, float) else x,
    "abstract": lambda x: PARAMETER * x if isinstance(x, numbers.Real) else x,
    "remainder": lambda x: PARAMETER * (x % 2),
    "remainder_of": lambda x: PARAMETER * (2 % x),
    "floor": lambda x: PARAMETER * (x // 1),
    "divmod": lambda x: PARAMETER * divmod(x, 2)[0],
    "and": lambda x: where((x > 0) & (x < 1), x, PARAMETER),
    "index": lambda x: [PARAMETER, 1.0][x] * x,
    "range": lambda x: sum([PARAMETER for _ in range(x)]),
    "count": lambda x: [1, 2].count(x) * PARAMETER,
    "position": lambda x: [1, 2].index(x) * PARAMETER,
    "sort": lambda x: sorted([x, 2.0])[0] * PARAMETER,
    "largest": lambda x: max(x, 0.0) * PARAMETER,
    "numpy": lambda x: np.exp(x) * PARAMETER,
    "math": lambda x: math.exp(x) * PARAMETER,
    "method": lambda x: x.is_integer() * PARAMETER,
    "whether it has a method": lambda x: PARAMETER * x if hasattr(x, "is_integer") else x,
    "a method or none": lambda x: PARAMETER * x if getattr(x, "hex", None) else x,
    "data": lambda x: PARAMETER * x.data,
    "data_inside": lambda x: PARAMETER * x * (x * 2).data,
    "data_of_a_parameter": lambda x: PARAMETER * x * PARAMETER.data,
    "choice_by_data": lambda x: PARAMETER * x if x.data > 0 else x,
    "choice_by_a_parameter": lambda x: PARAMETER * x if PARAMETER.data > 0 else x,
    "value_of_data": lambda x: PARAMETER * Value(x.data),
    "grad": lambda x: PARAMETER * x.grad,
    "text": lambda x: PARAMETER * len(str(x)),
    "format": lambda x: PARAMETER * float(f"{x:.2f}"),
    "copy": lambda x: copy.deepcopy([PARAMETER])[0] * PARAMETER * x,
    "copy of one": lambda x: copy.copy(PARAMETER) * PARAMETER * x,
    "bytes": lambda x: PARAMETER * struct.pack("d", x)[7],
    "pickle": lambda x: PARAMETER * pickle.loads(pickle.dumps(x)),
    "no_grad": without_gradient,
    "backward": with_a_pass_inside,
    "assignment": assigning,
    "program": lambda x: PARAMETER * PROGRAM([x])[0],
    "program_of_numbers": lambda x: x * PROGRAM([1.0])[0],
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_recorded_number_answers_as_the_plain_number_would_or_says_what_to_write(
    name: str,
) -> None:
    before = PARAMETER.data, PARAMETER.grad
    with pytest.raises(TraceError, match=r"test_recorded\.py:") as caught:
        compile(ANSWERS[name], 1.0)
    assert len(str(caught.value)) > 80
    assert (PARAMETER.data, PARAMETER.grad) == before
    assert type(PARAMETER) is Value


def test_comparisons_with_nan_are_false_as_those_of_plain_numbers_are() -> None:
    program = compile(lambda x: [where(x >= 1.0, 1.0, 2.0), where(x <= 1.0, 1.0, 2.0)], 1.0)
    for batch in ([math.nan, 1.0, 0.0, 2.0], [math.nan]):
        expected = [[1.0 if x >= 1.0 else 2.0, 1.0 if x <= 1.0 else 2.0] for x in batch]
        assert program(batch).tolist() == expected


def test_a_recorded_number_is_its_own_real_part() -> None:
    for batch in ([3.0, -2.0], [4.0]):
        program = compile(lambda x: PARAMETER * x.real.conjugate() + x.imag, 1.0)
        assert program.input_grad(batch)[0].tolist() == [PARAMETER.data] * len(batch)
        assert program(batch).tolist() == [PARAMETER.data * x for x in batch]


def test_what_runs_on_plain_numbers_alone_is_refused_whatever_else_it_does() -> None:
    def quiet(x: Any) -> Any:
        with no_grad():
            return PARAMETER * x

    with pytest.raises(TraceError, match="does not answer here as a plain number does"):
        compile(lambda x: abs(1j * x) + quiet(x), 1.0)


def test_what_does_not_run_at_all_raises_its_own_error() -> None:
    with pytest.raises(KeyError):
        compile(lambda x: {}["missing"] * x, 1.0)
    with pytest.raises(TypeError, match=r"use its \.real"):
        compile(lambda x: PARAMETER * (x.real * 1j), 1.0)


def test_a_batch_outside_of_a_domain_leaves_a_program_as_it_was() -> None:
    w = Value(1.0)
    program = compile(lambda x: (w * x).log(), 1.0)
    for batch in ([1.0, 3.0, -2.0], [-2.0]):
        with pytest.raises(ValueError, match="log"):
            program(batch)
    assert program([1.0, 1.0]).tolist() == [0.0, 0.0]
    w.data = -1.0  # the recorded example is outside now, the batch is not
    assert program([-1.0]).tolist() == [0.0]
    assert program.value_and_grad([-1.0]) == (0.0, [-1.0])


def test_gradients_of_some_arguments_are_compared_with_theirs_alone() -> None:
    program = compile(lambda x, y: PARAMETER * x * y, 1.0, 2.0)
    assert program.input_grad([3.0, 1.0], [2.0, 5.0], wrt="y").tolist() == [6.0, 2.0]
    assert [g.tolist() for g in program.input_grad([3.0], [2.0])] == [[4.0], [6.0]]
    assert compile(lambda: PARAMETER * 2.0).input_grad() == []


def test_a_value_is_given_where_only_its_slope_cannot_be() -> None:
    length = primitive(name="length", partials=(lambda f, x, y: x / f, lambda f, x, y: y / f))(
        lambda x, y: math.hypot(x, y)
    )
    program = compile(lambda x, y: length(x, y), 3.0, 4.0)
    for count in (1, 7):
        assert program([0.0] * count, [0.0] * count).tolist() == [0.0] * count
        with pytest.raises(ZeroDivisionError):
            program.input_grad([0.0] * count, [0.0] * count)


def test_an_example_that_is_refused_makes_room_for_another_of_its_class() -> None:
    def f(x: Any, k: Any) -> Any:
        return log(x) + (3.0 * x if type(k) is int and k == 2 else x)

    program = compile(f, 1.0, 0)
    with pytest.raises(DomainError):
        program([1.0, 2.0, 3.0, 4.0, -1.0], [0, 1, 0, 1, 2])
    with pytest.raises(TraceError, match="the function does not do the same operations"):
        program([1.0, 2.0], [1, 2])


def test_numbers_that_floats_hardly_hold_are_not_compared_digit_by_digit() -> None:
    program = compile(lambda x: x * 1e-320 / 3.0, 1.0)
    assert program([1.0, 3.0, 2.0])[1] == 1e-320


def test_a_slope_that_a_comparison_chooses_is_compared() -> None:
    x, k = Value(0.5), Value(1.0)
    chosen = [
        where(greater(x, 1.0), x * x, x),
        where(1.0 - less(x, 1.0) * greater(k, 0.5), x * x, x),
        take([x, 2.0 * x, 3.0 * x], k),
        relu(Value(0.0)),  # what was given is exact
        (x + 1.0) ** -1e16,  # the size of an exponent moves no base to 0
        where(greater(x, 0.5), x, 2.0),
    ]
    assert not any(near_kink(topological_order(y)) for y in chosen)
    undecided = [where(greater(2.0 * x, 1.0), x, 2.0), where(x - 0.5, x, 2.0), relu(x - 0.5)]
    assert all(near_kink(topological_order(y)) for y in undecided)


def test_a_comparison_leaves_gradients_alone() -> None:
    w = Value(2.0)
    v = w * w
    w.grad, v.grad, v.inputs[0].grad = 3.0, 4.0, 3.0
    compile(lambda x: v * x, 1.0)([1.0, 2.0])
    assert (w.grad, v.grad) == (3.0, 4.0)


def test_a_function_that_goes_on_after_an_error_is_refused_or_followed() -> None:
    def careful(x: Any) -> Any:
        try:
            return PARAMETER * log(x)
        except ValueError:
            return PARAMETER * x

    def lenient(x: Any) -> Any:
        try:
            return PARAMETER * float(x)
        except TypeError:
            return PARAMETER

    def dividing(x: Any) -> Any:
        try:
            return PARAMETER / x
        except ZeroDivisionError:
            return PARAMETER * 7.0

    for f, example in ((careful, -1.0), (lenient, 1.0), (dividing, 0.0)):
        with pytest.raises(TraceError):
            compile(f, example)
    for f in (careful, dividing):
        program = compile(f, 1.0)
        assert program([2.0, 3.0, 4.0]) == pytest.approx(
            [f(x).data for x in (2.0, 3.0, 4.0)], 1e-15
        )
        for batch in ([0.0], [2.0, 3.0, 4.0, 5.0, 0.0, 6.0]):  # beyond those compared
            for call in (program, program.value_and_grad):
                with pytest.raises(TraceError):
                    call(batch)


def test_examples_that_are_compared_differ_from_one_another() -> None:
    def f(x: Any) -> Any:
        return PARAMETER * (5.0 if type(x) is float and x == 4.0 else x)

    program = compile(f, 1.0)
    assert program([2.0] * 5).tolist() == [4.0] * 5
    with pytest.raises(TraceError):
        program([2.0, 2.0, 2.0, 4.0, 2.0])


def test_no_gradient_of_a_parameter_flows_through_a_derivative_at_a_plain_number() -> None:
    w = Value(710.0, "w")
    grown = primitive(name="grown", partials=lambda f, x: sigmoid(x))(lambda x: log(1.0 + exp(x)))

    def at_plain(x: Any) -> Any:  # its slope is 0 where w is large
        return grown(derivative(lambda u: w * u**3, 2)(x)) * w

    def at_value(x: Any) -> Any:
        return derivative(lambda u: w * u**3, 2)(x * w) + derivative(lambda u: u**3)(x) * w

    program = compile(at_plain, -3.0)
    w.data = -0.3
    assert program([-3.0]).tolist() == [at_plain(-3.0).data]
    with pytest.raises(TraceError, match="a derivative at a plain number"):
        program.value_and_grad([-3.0])
    assert program.input_grad([-3.0])[0].shape == (1,)
    root = at_value(-3.0)
    root.backward()
    assert compile(at_value, -3.0).value_and_grad([-3.0])[1] == pytest.approx([w.grad])


def test_a_small_difference_between_numbers_and_values_is_seen_on_any_example() -> None:
    w = Value(1.0, "w")

    def f(x: Any) -> Any:  # 1e-9 beside 2
        return (x if type(x) is float else 2.0 * x) + 2.0 * w

    for name, batch in itertools.product(("__call__", "value_and_grad"), ([1e-9], [1e-9] * 2)):
        with pytest.raises(TraceError, match=r"gives 2\.0{8}1:"):
            getattr(compile(f, 1e-9), name)(batch)


def test_a_late_example_and_a_late_digit_tell_that_a_class_is_asked_for() -> None:
    def late(x: Any) -> Any:
        match x:
            case Value():
                return maximum(2.0 * x, 50.0)
            case _:
                return maximum(x, 50.0)

    def small(x: Any) -> Any:
        return 1.0 + (4e-12 * x if isinstance(x, Value) else x * 0.0)

    w = Value(-9.0, "w")

    def above(x: Any) -> Any:  # hidden as long as w is large
        return maximum(hypot(w, 2.0), -x if isinstance(x, Value) else x)

    for f, rows in (
        *[(f, [float(n) for n in range(40)]) for f in (late, partial(late), lambda x: late(x))],
        *[(small, [1.0, 2.0]), (above, [1.0, 5.0])],
    ):
        with pytest.raises(TraceError, match="gives"):
            compile(f, rows[0])(rows)


def test_a_sum_that_python_rounds_otherwise_is_no_small_difference() -> None:
    """`sum` of floats is exact from Python 3.12 on, and that of Values rounds term by term."""
    w = Value(1.0, "w")

    def f(xs: Any) -> Any:
        whole = math.fsum(xs) if type(xs[0]) is float else xs[0] + xs[1] + xs[2]
        return w / whole

    batch = [[1.0, 1e-9, -1.0]] * 2  # 8e-8 of the quotient is rounding
    program = compile(f, batch[0])
    assert program(batch).tolist() == pytest.approx([1e9, 1e9], rel=1e-6)
    assert program.value_and_grad(batch)[0] == pytest.approx(1e9, rel=1e-6)


def test_what_is_the_same_at_the_first_parameters_is_compared_at_others_too() -> None:
    v, w = Value(0.0, "v"), Value(0.5, "w")
    same_sign = primitive(
        name="same_sign",
        partials=(lambda f, x, y: math.copysign(1.0, y), lambda f, x, y: 0.0),
    )(lambda x, y: math.copysign(x, y))
    cases = (
        lambda x: v * v * x if type(x) is float else 3.0 * v * v * x,
        lambda x: v * x if type(x) is float else same_sign(v, w) * x,
    )
    try:
        for f, v.data in itertools.product(cases, (0.0, 5e-324, math.inf)):
            before = v.data
            for name, batch in itertools.product(
                ("__call__", "value_and_grad"), ([1.0], [1.0] * 2)
            ):
                with pytest.raises(TraceError, match="at other parameters"):
                    getattr(compile(f, 1.0), name)(batch)
            assert (v.data, w.data) == (before, 0.5)
    finally:
        del OPS["same_sign"]


def test_what_a_class_decides_far_from_the_first_parameters_is_seen() -> None:
    w = Value(0.5, "w")

    def match(x: Any) -> Any:
        match x:
            case Value():
                return w * x + relu(w - 100.0)
            case _:
                return w * x

    def tried(x: Any) -> Any:
        try:
            return w * float.__add__(x, 0.0)
        except TypeError:
            return w * x + relu(w - 100.0)

    functions: list[Any] = [match, tried]
    functions += [
        lambda x: w * x + (relu(w - 100.0) if isinstance(x, Value) else 0.0),
        lambda x: w * x + (relu(-100.0 - w) if isinstance(x, Value) else 0.0),
        lambda x: w * x + (relu(w - 100.0) if hasattr(x, "detach") else 0.0),
    ]
    for f in functions:
        for name, batch in itertools.product(("__call__", "value_and_grad"), ([1.0], [1.0, 3.0])):
            with pytest.raises(TraceError, match="at other parameters"):
                getattr(compile(f, 1.0), name)(batch)
    program = compile(lambda x: w * (exp(x) if isinstance(x, Value) else math.exp(x)), 1.0)
    assert program([2.0]).tolist() == [0.5 * math.exp(2.0)]


def test_an_example_that_shows_something_is_compared_at_other_parameters() -> None:
    v = Value(0.0, "v")

    def f(x: Any) -> Any:
        return v * v * x if type(x) is float else 3.0 * v * v * x

    for name, batch in itertools.product(("__call__", "value_and_grad"), ([1.0], [1.0] * 2)):
        program = compile(f, math.nan)
        with pytest.raises(TraceError, match=r"at other parameters, .* gives"):
            getattr(program, name)(batch)


def test_an_example_outside_of_the_domain_at_other_parameters_is_not_asked_there() -> None:
    w = Value(math.inf, "w")
    program = compile(lambda x: (x if type(x) is float else 2.0 * x) ** w, -0.25)
    with pytest.raises(TraceError, match="at other parameters"):
        program([2.0])


def test_what_rounding_leaves_of_an_exact_fit_is_no_disagreement() -> None:
    rng = np.random.default_rng(0)
    w = [Value(x) for x in rng.normal(size=40)]
    X = rng.normal(size=(20, 40)).tolist()
    y = [dot([p.data for p in w], x) for x in X]
    for f in (lambda x, t: dot(w, x) - t, lambda x, t: (dot(w, x) - t) ** 2):
        program = compile(f, X[0], y[0])
        assert program(X, y) == pytest.approx(np.zeros(20), abs=1e-13)
        mean, gradient = program.value_and_grad(X, y)
        assert abs(mean) < 1e-14
        assert program.input_grad(X, y)[1].shape == (20,)
        assert len(gradient) == 40


def test_what_rounding_leaves_of_what_is_always_0_is_no_disagreement() -> None:
    rng = np.random.default_rng(0)
    w = [Value(x) for x in rng.normal(size=6)]
    X = rng.normal(size=(8, 5)).tolist()

    def normalized(xs: Any) -> Any:
        centered = [x - total(xs) / 5 for x in xs]
        scale = (total([x * x for x in centered]) / 5 + 1e-3) ** 0.5
        return total([total([p * x / scale for x in centered]) for p in w])  # the value is 0

    def shares(xs: Any) -> Any:
        largest = [amax([x, p]) * q for x, p, q in zip(xs, w[:5], w[1:], strict=True)]
        return total([exp(z - logsumexp(largest)) for z in largest])  # each slope is 0

    for f, batch in itertools.product((normalized, shares), (X, X[:2], X[:1])):
        program = compile(f, X[0])
        value = 0.0 if f is normalized else 1.0
        assert program(batch) == pytest.approx(np.full(len(batch), value), abs=1e-12)
        mean, slopes = program.value_and_grad(batch)
        assert [mean, *slopes] == pytest.approx([value, *[0.0] * len(slopes)], abs=1e-12)
        assert program.input_grad(batch)[0] == pytest.approx(np.zeros((len(batch), 5)), abs=1e-12)


def test_other_parameters_that_have_no_result_are_no_disagreement() -> None:
    w = Value(0.01, "w")
    program = compile(lambda x: w.log() * x, 1.0)
    mean, (slope,) = program.value_and_grad([2.0, 4.0])
    assert (mean, slope) == pytest.approx((3.0 * math.log(0.01), 300.0))
    assert w.data == 0.01


def test_the_sign_of_what_is_not_a_number_is_0_in_every_text() -> None:
    def f(x: Any) -> Any:
        return abs(x) * 2.0

    program = compile(f, 1.0)
    for batch in ([math.nan], [math.nan, 1.0, -1.0, 0.0]):
        assert program.input_grad(batch)[0].tolist() == [grad(f)(x) for x in batch]


def test_a_recorded_number_has_nothing_of_the_graph_that_a_plain_one_lacks() -> None:
    w = Value(2.0, "w")
    names = ("backward", "backward_steps", "zero_grad", "recompute", "debug", "data", "grad")
    for name in (*names, "op", "inputs", "is_leaf", "is_constant", "source", "show", "_prev"):

        def asks(x: Any, name: str = name) -> Any:
            return 3.0 * x * w if hasattr(x, name) else x * w

        with pytest.raises(TraceError):
            compile(asks, 1.0)
    with pytest.raises(TraceError, match=r"dir\(\) of the traced number"):
        compile(lambda x: x * w if len(dir(x)) > 100 else 3.0 * w, 1.0)
    program = compile(lambda x: x * w if hasattr(w, "backward") else w, 1.0)  # w is a Value
    assert program([3.0]).tolist() == [6.0]


def test_only_the_gradients_that_are_asked_for_are_computed() -> None:
    program = compile(lambda x, y, z: x * y + z.exp() * y, 1.0, 2.0, 3.0)
    batch = [3.0, 1.0], [2.0, 5.0], [0.5, 0.25]
    every = program.input_grad(*batch)
    for wrt, wanted in (("y", 1), (2, 2), (-3, 0)):
        assert np.array_equal(program.input_grad(*batch, wrt=wrt), every[wanted])
        text = program._texts.loaded("input_gradient", wrt=(wanted,)).text.source
        others = {f"out=g_{name}" for k, name in enumerate("xyz") if k != wanted}
        assert not any(f"{other})" in text for other in others)
    both = program.input_grad(*batch, wrt=["z", 0])
    assert [g.tolist() for g in both] == [every[2].tolist(), every[0].tolist()]


def test_no_gradient_of_one_argument_goes_through_detach() -> None:
    program = compile(lambda x, t: x.sqrt().detach() + t * x, 4.0, 1.0)
    batch = [4.0, 0.0], [1.0, 2.0]
    every = program.input_grad(*batch)
    assert program.input_grad(*batch, wrt="x").tolist() == every[0].tolist() == [1.0, 2.0]


def test_what_is_seen_of_a_graph_is_not_baked_into_a_program() -> None:
    """Steps, pictures and exact gradients are plain numbers and texts of this very moment."""
    w = Value(2.0, "w")
    for look in (
        lambda: sum(step.contribution for step in Trace(w * w)),
        lambda: Trace(w * w).at(1)[w],
        lambda: float(text_tree(w * 1.0).split()[3]),
        lambda: len(to_svg(w * w)),
        lambda: len(to_mermaid(w * w)),
        lambda: len(to_dot(w * w)),
        lambda: reference_gradient(w * w)[w],
    ):
        with pytest.raises(TraceError, match="look at the number where the function runs eagerly"):
            compile(lambda x, look=look: x * look(), 1.0)


class Plain(Value):
    __slots__ = ()


class Noted(Value):
    def __init__(self, data: float) -> None:
        super().__init__(data)
        self.note = "a user's"

    def __mul__(self, other: Any) -> Any:  # pyright: ignore[reportIncompatibleVariableOverride]
        return super().__mul__(other) * 2.0


@pytest.mark.parametrize("kind", [Plain, Noted])
def test_the_number_of_a_value_of_the_users_own_class_is_not_baked_in(kind: type[Value]) -> None:
    w: Any = kind(2.0)
    for f in (
        lambda x: x * w.data,
        lambda x: w * x if w.data < 3.0 else x,
        lambda x: x + w.grad,
        lambda x: x * len(repr(w)),
    ):
        with pytest.raises(TraceError, match="would be decided once and for all"):
            compile(f, 1.0)
        assert type(w) is kind
    program = compile(lambda x: w * x, 1.0)
    for w.data in 2.0, 5.0:
        assert program([1.0, 3.0]).tolist() == [(w * 1.0).data, (w * 3.0).data]
    assert type(w) is kind

"""Values and the arrays of programs over them: whoever changes one side, the other follows."""

from __future__ import annotations

import gc
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_mini import TraceError, Value
from autograd_mini.compiler.parameters import ParameterList, ParameterStore, Within, sync
from autograd_mini.compiler.record import record
from autograd_mini.compiler.recorded import elsewhere


def made(count: int = 3) -> tuple[list[Value], ParameterStore]:
    values = [Value(float(i)) for i in range(count)]
    return values, ParameterStore(values)


@given(
    changes=st.lists(
        st.tuples(
            st.sampled_from(["value", "array", "sync", "refresh", "push", "pull"]),
            st.integers(0, 2),
            st.floats(allow_nan=False),
        ),
        max_size=12,
    )
)
def test_both_sides_hold_what_was_written_last_wherever_it_was_written(
    changes: list[tuple[str, int, float]],
) -> None:
    values, store = made()
    theta = store.theta
    expected = [p.data for p in values]
    for what, i, x in changes:
        store.sync()  # somebody looks between any two changes
        if what == "value":
            values[i].data = expected[i] = x
        elif what == "array":
            theta[i] = expected[i] = x
        elif what in ("push", "pull"):
            getattr(store, what)()
        else:
            getattr(store, what)()
    store.sync()
    assert [p.data for p in values] == theta.tolist() == expected
    assert store.theta is theta


def test_arrays_begin_where_a_line_of_the_cache_does() -> None:
    for dtype in ("float32", "float64"):
        stores = [ParameterStore([Value(1.0)] * count, dtype) for count in range(1, 9)]
        arrays = [array for x in stores for array in (x.theta, x.gtheta)]
        assert [array.ctypes.data % 64 for array in arrays] == [0] * 16


def test_no_value_is_written_before_somebody_looks() -> None:
    values, store = made()
    store.theta[:] += 1.0
    assert [p.data for p in values] == [0.0, 1.0, 2.0]
    sync(values[:1])
    assert [p.data for p in values] == [1.0, 2.0, 3.0]


def test_where_both_have_changed_the_value_counts_and_the_others_keep_the_array() -> None:
    values, store = made()
    store.theta[:] = [7.0, 8.0, 9.0]
    values[1].data = -1.0
    store.sync()
    assert [p.data for p in values] == store.theta.tolist() == [7.0, -1.0, 9.0]


def test_a_nan_is_a_number_like_others() -> None:
    values, store = made()
    values[0].data = math.nan
    assert np.isnan(store.refresh()[0])
    store.theta[0] = 1.0
    store.sync()
    assert values[0].data == 1.0


def test_arrays_over_some_of_the_same_values_follow_one_another() -> None:
    values, one = made(4)
    two = ParameterStore(values[:1:-1])
    one.theta[2] = 20.0
    assert two.refresh().tolist() == [3.0, 20.0]
    two.theta[0] = 30.0
    assert one.refresh().tolist() == [0.0, 1.0, 20.0, 30.0]
    assert ParameterStore([values[3]]).theta.tolist() == [30.0]


def test_values_that_follow_one_another_share_the_array() -> None:
    values, store = made(4)
    some = ParameterList.of(values[1:3], np.dtype(float))
    assert some.store is store
    some.slice(store.theta)[:] = 5.0
    store.sync()
    assert [p.data for p in values] == [0.0, 5.0, 5.0, 3.0]
    assert ParameterList.of(values[::-1], np.dtype(float)).store is not store
    assert ParameterList.of(values, np.dtype(np.float32)).store is not store


def test_an_array_lives_as_long_as_somebody_holds_it() -> None:
    values, store = made()
    del store
    gc.collect()
    again = ParameterList.of(values, np.dtype(float)).store
    assert again.theta.tolist() == [0.0, 1.0, 2.0]


def test_single_precision_is_written_back_only_where_it_moved() -> None:
    values = [Value(0.1), Value(0.2)]
    store = ParameterStore(values, np.float32)
    store.sync()
    assert [p.data for p in values] == [0.1, 0.2]
    store.theta[1] = 0.5
    store.sync()
    assert [p.data for p in values] == [0.1, 0.5]


def test_inside_of_a_block_values_hold_other_numbers_and_computed_ones_follow() -> None:
    w = Value(2.0)
    doubled = w * 2
    with Within([w], [5.0], [doubled]):
        assert (w.data, doubled.data) == (5.0, 10.0)
    assert (w.data, doubled.data) == (2.0, 4.0)
    broken = w.log()
    with (
        pytest.raises(ValueError, match=r"domain|positive"),
        Within([w], [-1.0], [broken]),
    ):
        pass
    assert (w.data, broken.data) == (2.0, math.log(2.0))


def test_a_value_that_holds_another_number_for_a_check_is_guarded_once_it_is_recorded() -> None:
    w = Value(2.0)
    with elsewhere([w], [3.0], []):
        w.grad = 5.0
        assert (w.data, w.grad) == (3.0, 5.0)
        with pytest.raises(TraceError, match="would be decided once and for all"):
            record(lambda x: x * w.grad, [1.0])
        assert (w.data, w.grad) == (3.0, 5.0)
    assert (type(w), w.data, w.grad) == (Value, 2.0, 5.0)


def test_a_gradient_that_is_left_wakes_no_values_that_follow() -> None:
    w = Value(1.0)
    store = ParameterStore([w])
    store.follow()
    store.gtheta[:] = 3.0
    store.left_gradient()
    assert store.is_followed
    assert (w.grad, store.is_followed) == (3.0, False)

"""A compiled network computes what was written, and none is refused.

Random networks (`tests.networks`) go through the law of `tests.test_one_meaning`: they are called
as their users call them, and give the same values and both kinds of gradients as the function, on
batches of one, two and seven. Machine code and JavaScript: `tests.test_native_meaning` and
`tests.test_one_meaning_javascript`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, seed, settings

from autograd_mini import compile
from tests import test_one_meaning
from tests.hostile import Case
from tests.networks import networks
from tests.shared import THOROUGH


def for_networks(check: Callable[[Case], object], start: int, tens: int, *, wild: bool) -> None:
    """Check tens of networks: from the eleventh on Hypothesis mostly varies those it has had."""

    @settings(
        max_examples=10, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
    )
    @given(networks(wild=wild))
    def law(case: Case) -> None:
        check(case)

    for i in range(start, start + tens):
        seed(i)(law)()


TEXTS = ("floats", "arrays", "single", "wild", "wild arrays")


@pytest.mark.parametrize("texts", TEXTS)
def test_a_network_computes_what_its_function_computes(texts: str) -> None:
    """Without infinite and huge numbers there is no reason to refuse one."""

    def compiled(*arguments: Any, **options: Any) -> Any:
        program = compile(*arguments, **options, float32=texts == "single")
        if texts != "wild":
            program.has_text_of_one = texts == "floats"  # for batches of one
        return program

    precision = test_one_meaning.SINGLE if texts == "single" else test_one_meaning.DOUBLE
    wild = texts.startswith("wild")
    start, tens = 1000 * TEXTS.index(texts), (8 if texts in TEXTS[:2] else 3) if THOROUGH else 1
    with (
        mock.patch.object(test_one_meaning, "compile", compiled),
        mock.patch.object(test_one_meaning, "precision", precision),
    ):
        for_networks(partial(test_one_meaning.check, may_be_refused=wild), start, tens, wild=wild)

"""Is this gradient right? A checker that names the wrong rule, and strategies to feed it.

```
check_gradients(f, 0.3, -2.0)              # one point; GradientMismatchError carries the report

@gradcheck(x=finite(-3, 3), y=nonzero())   # a ready property test; the body is the function
def test_my_loss(x, y): return (x / y).tanh() + x

@given(programs(max_ops=8))
def test_engine(program): program.check()
```

Hypothesis loads this module whenever it is imported (see `_hypothesis_setup_hook`), so it
imports nothing: each name is fetched when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from autograd_mini.testing.backward import check_backward
    from autograd_mini.testing.checker import Report, check_gradients
    from autograd_mini.testing.engines import check_engine
    from autograd_mini.testing.properties import gradcheck
    from autograd_mini.testing.reference import reference_gradient
    from autograd_mini.testing.report import GradientMismatchError
    from autograd_mini.testing.strategies import (
        Program,
        StraightLineProgram,
        finite,
        nonzero,
        points,
        positive,
        programs,
        values,
    )

__all__ = [
    "GradientMismatchError",
    "Program",
    "Report",
    "StraightLineProgram",
    "check_backward",
    "check_engine",
    "check_gradients",
    "finite",
    "gradcheck",
    "nonzero",
    "points",
    "positive",
    "programs",
    "reference_gradient",
    "values",
]

_HOMES: Final = {
    "GradientMismatchError": "report",
    "Report": "checker",
    "check_backward": "backward",
    "check_engine": "engines",
    "check_gradients": "checker",
    "gradcheck": "properties",
    "reference_gradient": "reference",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        from autograd_mini.guesses import CHECKS, missing

        raise missing(__name__, name, CHECKS, __all__)
    home = f"{__name__}.{_HOMES.get(name, 'strategies')}"
    try:
        return getattr(importlib.import_module(home), name)
    except ModuleNotFoundError as error:
        if error.name not in ("hypothesis", "mpmath"):
            raise
        raise ImportError(
            f"{name} needs {error.name}: pip install 'autograd_mini[check]'", name=error.name
        ) from error


def __dir__() -> list[str]:
    return sorted(__all__)


def _hypothesis_setup_hook() -> None:  # pyright: ignore[reportUnusedFunction] # the entry point
    """Teach Hypothesis what a Value is, so that `from_type(Value)` and `@given(...)` draw them."""
    from hypothesis import strategies as st

    from autograd_mini.value import Value

    def from_type(_type: object) -> Any:
        return __getattr__("values")()

    st.register_type_strategy(Value, from_type)

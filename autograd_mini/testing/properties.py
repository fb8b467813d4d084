"""gradcheck: a function is made into a property test of its own gradient."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, Final

from autograd_mini.calls import argument_text
from autograd_mini.testing.checker import check_gradients

_SETTINGS: Final = "_hypothesis_internal_use_settings"  # where @settings leaves what it was given


def gradcheck(
    _f: Callable[..., object] | None = None, *point: object, order: int = 1, **inputs: object
) -> Any:
    """Return a decorator that makes a function into a property test of its own gradient.

    The body of the test is the function to be checked; Hypothesis draws its arguments and
    shrinks a failure.

    Args:
        *point: Nothing: it belongs to `check_gradients`.
        order: As in `check_gradients`.
        inputs: A strategy for each argument. An argument without one is a pytest fixture.

    Raises:
        TypeError: If a strategy belongs to no argument, or is none.

    Example:
        >>> from autograd_mini.testing import finite, gradcheck, nonzero
        >>> @gradcheck(x=finite(-3, 3), y=nonzero())
        ... def test_my_loss(x, y):
        ...     return (x / y).tanh() + x
        >>> test_my_loss()
    """
    if point:
        arguments = ", ".join(map(argument_text, point))
        raise TypeError(
            "gradcheck decorates a function, as in @gradcheck(x=finite(-3, 3)): at one point "
            f"write check_gradients({argument_text(_f)}, {arguments})"
        )
    from hypothesis import given
    from hypothesis.strategies import SearchStrategy

    def decorate(f: Callable[..., object]) -> Callable[..., object]:
        signature = inspect.signature(f)
        for name, strategy in inputs.items():
            if name not in signature.parameters:
                raise TypeError(
                    f"{f.__name__} has no argument {name!r}: "
                    f"it has {', '.join(signature.parameters)}"
                )
            if not isinstance(strategy, SearchStrategy):
                raise TypeError(
                    f"{name} needs a strategy such as finite(-3, 3), but got {strategy!r}"
                )

        ours = [name for name in signature.parameters if name in inputs]

        def test(*args: object, **kwargs: object) -> None:
            arguments = signature.bind(*args, **kwargs).arguments
            others = {name: x for name, x in arguments.items() if name not in inputs}

            def body(*xs: object) -> Any:
                return f(**dict(zip(ours, xs, strict=True)), **others)

            named = [signature.parameters[name] for name in ours]
            vars(body)["__signature__"] = inspect.Signature(named)
            check_gradients(body, *[arguments[name] for name in ours], order=order)

        functools.update_wrapper(test, f)
        vars(test)["__signature__"] = signature  # for Hypothesis
        return _without_deadline(given(**inputs)(test)) if inputs else test

    return decorate if _f is None else decorate(_f)


def _without_deadline(test: Any) -> Any:
    """Return a Hypothesis test without a deadline, unless the user sets one.

    What takes long is the check, not the function. A deadline other than Hypothesis' default
    is the user's.
    """
    from hypothesis import settings

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> Any:
        chosen: Any = getattr(run, _SETTINGS, None) or settings.default
        usual: Any = settings.get_profile("default")
        if chosen.deadline == usual.deadline:
            chosen = settings(chosen, deadline=None)
        setattr(test, _SETTINGS, chosen)
        return test(*args, **kwargs)

    vars(run)["__signature__"] = inspect.signature(test)  # for pytest
    return run

"""check_backward where numbers are rounded: single precision, and what cancels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from autograd_mini.testing import GradientMismatchError, check_backward

np = pytest.importorskip("numpy")

A = np.random.default_rng(0).normal(size=(3, 4))
OTHER = np.random.default_rng(1).normal(size=(3, 4))
KINKS = np.array([[0.0, 1.5, -0.7], [0.3, 0.0, -2.0]])


class Pass(NamedTuple):
    """A function in any precision, its backward pass, and the point."""

    forward: Callable[..., Any]
    backward: Callable[..., Any]
    inputs: tuple[Any, ...]


def in_single(x: Any) -> Any:
    return x.astype("float32")


def log_softmax(z: Any) -> Any:
    return z - np.log(np.exp(z).sum(-1, keepdims=True))


RIGHT = {
    "kink": Pass(lambda x: np.maximum(in_single(x), 0), lambda g, x: g * (x > 0), (KINKS,)),
    "gradient": Pass(np.sin, lambda g, x: in_single(g * np.cos(x)), (A,)),
    "gradient of a number": Pass(np.sin, lambda g, x: np.float32(g * np.cos(x)), (0.7,)),
    "half a gradient": Pass(np.sin, lambda g, x: (g * np.cos(x)).astype("float16"), (A,)),
    "cancellation": Pass(
        lambda x: (1000 * x).sum() - (999 * x).sum(), lambda g, x: g * np.ones_like(x), (OTHER,)
    ),
}

# a function of jax.numpy's, a point, and a factor that is found: at a kink many slopes fit
JAX: dict[str, tuple[Callable[[Any], Callable[..., Any]], Any, float]] = {
    "relu": (lambda jnp: lambda x: jnp.where(x > 0, x, 0 * x), KINKS, 3.0),
    "abs": (lambda jnp: jnp.abs, KINKS, 3.0),
    "offset": (lambda jnp: lambda x: x - 1000, A + 1000, 1.02),
    "product": (lambda jnp: lambda x: (x - 1000) * x, A + 1000, 1.02),
    "std": (lambda jnp: lambda x: x.std(0), A + 100, 1.02),
    "steep": (lambda jnp: lambda x: jnp.exp(30 * x) / jnp.exp(30 * x).sum(), A, 1.5),
}


def by_jax(forward: Callable[..., Any], factor: float = 1.0) -> Callable[..., Any]:
    jax = pytest.importorskip("jax")
    return lambda g, *xs: [factor * dx for dx in jax.vjp(forward, *xs)[1](g)]


@pytest.mark.parametrize("name", RIGHT)
def test_rounding_is_no_mistake(name: str) -> None:
    case = RIGHT[name]
    assert check_backward(case.forward, case.backward, *case.inputs).ok
    with pytest.raises(GradientMismatchError):
        check_backward(case.forward, lambda g, x: 3 * case.backward(g, x), *case.inputs)


@pytest.mark.parametrize("name", JAX)
def test_rounding_of_what_jax_computes_in_single_precision_is_no_mistake(name: str) -> None:
    jnp = pytest.importorskip("jax.numpy")
    make, at, factor = JAX[name]
    forward, x = make(jnp), jnp.asarray(at, "float32")
    assert check_backward(forward, by_jax(forward), x).ok
    with pytest.raises(GradientMismatchError):
        check_backward(forward, by_jax(forward, factor), x)


def test_nearly_equal_arrays_that_cancel_are_checked_in_single_precision() -> None:
    jnp = pytest.importorskip("jax.numpy")
    x = jnp.asarray(A, "float32")

    def forward(x: Any, y: Any) -> Any:
        return jnp.sum((x - y) ** 2)

    assert check_backward(forward, by_jax(forward), x, 1.0001 * x).ok
    with pytest.raises(GradientMismatchError):
        check_backward(forward, lambda g, x, y: (2 * g * x, -2 * g * y), x, 1.0001 * x)


def test_a_wrong_slope_at_a_kink_is_found_in_single_precision() -> None:
    def backward(g: Any, x: Any) -> Any:
        return g * np.where(x == 0, 3.0, x > 0)

    with pytest.raises(GradientMismatchError) as caught:
        check_backward(RIGHT["kink"].forward, backward, KINKS)
    assert caught.value.entry in ("[0, 0]", "[1, 1]")


def cross_entropy(z: Any, labels: Any) -> Any:
    return -log_softmax(z)[np.arange(3), labels].mean()


def test_labels_in_a_list_stay_what_they_are() -> None:
    def backward(g: Any, z: Any, labels: Any) -> Any:
        return g * (np.exp(log_softmax(z)) - np.eye(4)[labels]) / 3

    assert str(check_backward(cross_entropy, backward, A, [0, 2, 3])) == "ok: 1 gradient\n  ok    z"
    with pytest.raises(GradientMismatchError, match="labels = "):
        check_backward(cross_entropy, lambda g, z, y: 2 * backward(g, z, y), A, [0, 2, 3])
    squares = check_backward(lambda xs: sum(x * x for x in xs), lambda g, xs: [4 * g], [2])
    assert squares.ok  # a list of whole numbers that can be moved is moved


@pytest.mark.parametrize("mask", [A > 0, (A > 0).tolist()], ids=["array", "list"])
def test_a_mask_stays_what_it_is(mask: Any) -> None:
    def forward(x: Any, mask: Any) -> Any:
        return np.where(mask, x * x, 0.0)

    assert check_backward(forward, lambda g, x, mask: np.where(mask, 2 * g * x, 0.0), A, mask).ok
    with pytest.raises(GradientMismatchError, match="mask = "):
        check_backward(forward, lambda g, x, mask: 2 * g * x, A, mask)


@pytest.mark.torch
def test_torch_weights_in_single_precision_are_checked_in_that() -> None:
    torch = pytest.importorskip("torch")
    w, x = torch.tensor(A.T, dtype=torch.float32), torch.tensor(A, dtype=torch.float32)

    def forward(x: Any) -> Any:
        return x @ w

    assert check_backward(forward, lambda g, x: g @ w.T, x).ok
    with pytest.raises(GradientMismatchError, match=r"(?s)sign.*dtype=torch.float32"):
        check_backward(forward, lambda g, x: -g @ w.T, x)
    with pytest.raises(GradientMismatchError):
        check_backward(forward, lambda g, x: 1.02 * g @ w.T, x)


@pytest.mark.torch
def test_torch_weights_that_are_too_coarse_for_differences_are_refused() -> None:
    torch = pytest.importorskip("torch")
    w = torch.tensor(A.T, dtype=torch.bfloat16)
    with pytest.raises(ValueError, match="forward fails: RuntimeError"):
        check_backward(lambda x: x @ w, lambda g, x: g @ w.T, torch.tensor(A).bfloat16())

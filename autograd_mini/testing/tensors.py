"""Numbers, nested lists and arrays of any library, as flat lists of floats and back."""

from __future__ import annotations

import importlib
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol, SupportsFloat, TypeAlias, TypeGuard, cast

from autograd_mini.testing.differences import EPSILON

Shape: TypeAlias = "tuple[int, ...] | None"


class _Array(Protocol):
    """What the arrays of all libraries have."""

    @property
    def shape(self) -> Sequence[int]: ...
    def reshape(self, shape: int, /) -> _Array: ...
    def tolist(self) -> Any: ...


def flattened(
    x: object, *, is_own: bool = False
) -> tuple[list[float], Callable[[Sequence[float]], Any]]:
    """Return the numbers of `x`, and a function that lays others out in the same way.

    Arrays come back in double precision, or, where asked to, those of PyTorch and JAX in their own.

    Raises:
        TypeError: If there is something else than real numbers in `x`.

    Example:
        >>> flat, laid_out = flattened([[1, 2], [3, 4]])
        >>> flat, laid_out([5.0, 6.0, 7.0, 8.0])
        ([1.0, 2.0, 3.0, 4.0], [[5.0, 6.0], [7.0, 8.0]])
    """
    if is_list(x):
        parts = [flattened(part, is_own=is_own) for part in x]

        def join(flat: Sequence[float]) -> object:
            made: list[object] = []
            start = 0
            for part, laid_out in parts:
                made.append(laid_out(flat[start : start + len(part)]))
                start += len(part)
            return tuple(made) if isinstance(x, tuple) else made

        return [number for part, _ in parts for number in part], join
    if _is_array(x):
        flat: list[float] = getattr(x, "detach", lambda: x)().reshape(-1).tolist()
        if flat and type(flat[0]) is not float:  # most arrays hold floats, sometimes a million
            flat = list(map(_real, flat))
        return flat, lambda numbers: _array(x, numbers, is_own)
    return [_real(x)], lambda numbers: numbers[0]


def is_list(x: object) -> TypeGuard[Sequence[object]]:
    """Return whether `x` is a list or a tuple."""
    return isinstance(x, (list, tuple))


def _is_array(x: object) -> TypeGuard[_Array]:
    return hasattr(x, "shape") and hasattr(x, "reshape") and hasattr(x, "tolist")


def _real(x: object) -> float:
    if isinstance(x, (str, bytes, complex)):
        raise TypeError(f"a real number is needed, but got {x!r}")
    try:
        return float(cast(SupportsFloat, x))
    except (TypeError, ValueError):
        raise TypeError(f"a number, a list or an array is needed, but got {x!r}") from None


def _library(x: object) -> str:
    return type(x).__module__.partition(".")[0]


def _array(like: _Array, numbers: Sequence[float], is_own: bool) -> Any:
    library, own = _library(like), getattr(like, "dtype", None)
    is_own = is_own and "float" in str(own)
    if library == "torch":
        torch = importlib.import_module("torch")
        device = getattr(like, "device", None)
        dtype = own if is_own else torch.float64
        made = torch.tensor(list(numbers), dtype=dtype, device=device)
    elif library in ("jax", "jaxlib"):
        made = importlib.import_module("jax.numpy").asarray(
            list(numbers), dtype=own if is_own else float
        )
    else:
        import numpy as np

        made: Any = np.array(numbers, dtype=float)
    return made.reshape(tuple(like.shape))[()]  # a number of NumPy's stays one


def precision_of(x: object) -> float:
    """Return the rounding error of the numbers of `x`, relative to their size."""
    if is_list(x):
        return max(map(precision_of, x), default=EPSILON)
    name = str(getattr(x, "dtype", ""))
    return 2.0**-8 if "16" in name else 2.0**-23 if name.endswith("32") else EPSILON


def shape_of(x: object) -> Shape:
    """Return the shape: () for a number, None for a list that is not an array.

    Example:
        >>> shape_of([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), shape_of([1.0, [2.0]])
        ((2, 3), None)
    """
    if not is_list(x):
        return tuple([int(n) for n in x.shape]) if _is_array(x) else ()
    shapes = {shape_of(part) for part in x}
    if len(shapes) > 1 or None in shapes:
        return None
    inner = shapes.pop() if shapes else ()
    return (len(x), *(inner or ()))


def entry(shape: Shape, i: int) -> str:
    """Return where number i is: "[1, 2]", or "" for a single number."""
    if not shape:
        return "" if shape == () else f"[{i}]"
    places = [i // stride % n for n, stride in zip(shape, _strides(shape), strict=True)]
    return f"[{', '.join(map(str, places))}]"


def _strides(shape: Sequence[int]) -> list[int]:
    return [math.prod(shape[k + 1 :]) for k in range(len(shape))]


def _offsets(axes: Iterable[tuple[int, int]]) -> Iterator[int]:
    """Return the offsets of an array's numbers, from the sizes and strides of its axes."""
    return map(sum, itertools.product(*[[k * stride for k in range(n)] for n, stride in axes]))


def permuted(flat: Sequence[float], shape: Sequence[int], axes: Sequence[int]) -> list[float]:
    """Return the numbers of a transposed array.

    Example:
        >>> permuted([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], (2, 3), (1, 0))
        [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]
    """
    strides = _strides(shape)
    return [flat[i] for i in _offsets([(shape[a], strides[a]) for a in axes])]


def unbroadcast(xs: Sequence[float], shape: Sequence[int], to: Sequence[int]) -> list[float] | None:
    """Return the sum over the axes along which `to` was broadcast; None if it was not.

    Example:
        >>> unbroadcast([1.0, 2.0, 3.0, 4.0], (2, 2), (2,))
        [4.0, 6.0]
    """
    padded = (*(1,) * (len(shape) - len(to)), *to)
    if len(padded) != len(shape) or any(
        b not in (1, n) for n, b in zip(shape, padded, strict=True)
    ):
        return None
    strides = [stride * (b > 1) for stride, b in zip(_strides(padded), padded, strict=True)]
    sums = [0.0] * math.prod(to)
    for x, i in zip(xs, _offsets(zip(shape, strides, strict=True)), strict=True):
        sums[i] += x
    return sums


def literal(x: object) -> str:
    """Return Python for numbers, lists or an array."""
    library = _library(x)
    if _is_array(x) and (x.shape != () or library in ("torch", "jax", "jaxlib")):
        made, dtype = repr(x.tolist()), getattr(x, "dtype", None)
        if library == "torch":
            return f"torch.tensor({made}, dtype={dtype})"
        if library in ("jax", "jaxlib"):
            is_usual = importlib.import_module("jax.numpy").zeros(0).dtype == dtype
            return f"jax.numpy.array({made}{'' if is_usual else f', dtype={str(dtype)!r}'})"
        return f"np.array({made})"
    return repr(x)

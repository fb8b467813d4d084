"""Parameters: some Values and one flat array of their numbers, kept together.

Programs over the same Values share one array. It is filled from the Values once; afterwards a
Value that somebody has written is taken over when an array is next needed, and a Value is written
only when somebody looks: at `sync()`, or, after `follow()`, at the moment when any of them is read
or written. Where both have changed, what was written to a Value counts.

A loop that trains on the array never touches a Value:

```
step = compile(loss, x, t)
for xb, tb in batches:
    step.gradient(xb, tb)               # fills gtheta in place
    step.theta -= lr * step.gtheta      # or an optimizer made with step.parameters
step.pull()                             # now the Values follow
```
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from itertools import compress, count, repeat
from operator import is_, not_
from typing import Any, Final

from autograd_mini.compiler.slots import each, own_class, own_data, own_grad, recomputed
from autograd_mini.value import Value

_grad_of: Final[Callable[[Value], Any]] = own_grad.__get__


class ParameterStore:
    """Values, and the arrays `theta` and `gtheta` that hold their numbers and gradients.

    Attributes:
        values: The Values, in the order of the arrays.
        theta: The numbers, one flat array, to be changed in place.
        gtheta: The gradients that a program's `gradient` left.
        lock: Programs that share the arrays run one after the other.
        is_exposed: Whether somebody has the array and may change it without a word.
        has_gradient: Whether `gtheta` holds a gradient of these numbers, so that an optimizer
            may move `theta` by it. The Values' own may have been written later.
        is_followed: Whether the Values are written when one of them is next looked at.

    Example:
        >>> w = Value(1.0)
        >>> store = ParameterStore([w])
        >>> store.theta[:] += 1.0
        >>> w.data  # nobody has looked
        1.0
        >>> store.sync()
        >>> w.data
        2.0
        >>> w.data = 5.0
        >>> store.refresh().tolist()
        [5.0]
    """

    def __init__(self, values: Iterable[Value], dtype: Any = float) -> None:
        self.values: list[Value] = list(values)
        self._remember([p.data for p in self.values])
        self._theta: Any = cache_aligned(len(self.values), dtype)
        self._theta[:] = self._seen
        self._agreed: Any = self._theta.copy()  # the array, when both were last the same
        self._gtheta: Any = cache_aligned(len(self.values), dtype)
        self._late: tuple[int, Sequence[float]] | None = None
        self.lock = threading.RLock()
        self.is_exposed = False
        self.is_followed = False
        self.has_gradient = False
        self._slopes: list[float] = []  # the Values' own, when a program left one
        self._looked = True
        self._kin: weakref.WeakSet[ParameterStore] = weakref.WeakSet()
        with _registry:
            for other in list(_stores):
                if not other.place.keys().isdisjoint(self.place):
                    other.write()
                    other._kin.add(self)
                    self._kin.add(other)
            _stores.add(self)
        if self._kin:
            self.refresh()

    @cached_property
    def place(self) -> dict[Value, int]:
        """Where each Value stands."""
        return dict(zip(self.values, count()))

    def __len__(self) -> int:
        return len(self.values)

    def _remember(self, seen: list[float]) -> None:
        """Remember what the Values hold, and where it is 0.0, which is equal to -0.0."""
        self._seen = seen
        self._zeros = [*compress(count(), map(not_, seen))]

    @property
    def theta(self) -> Any:
        """The array, up to date with what was written to the Values before the last look."""
        array = self.resident()
        self.is_exposed = True
        return array

    @property
    def gtheta(self) -> Any:
        """The gradients, one flat array."""
        if self._late is not None:
            start, gradients = self._late
            self._gtheta[start : start + len(gradients)] = gradients
            self._late = None
        return self._gtheta

    def owe(self, start: int, gradients: Sequence[float]) -> None:
        """Remember gradients that are written to `gtheta` when somebody asks for it."""
        late = self._late
        if late is not None and (late[0] != start or len(late[1]) != len(gradients)):
            _ = self.gtheta  # what is owed to other places
        self._late = start, gradients
        self._looked = True  # at the Values: what they hold counts for the array, too
        if not self.has_gradient:
            self.left_gradient()

    def left_gradient(self, *, seen: bool = False) -> None:
        """Note that a program has left a gradient, and what the Values' own are by then.

        Args:
            seen: Whether those that were noted before will do.
        """
        if not seen:
            # Three times as fast, where no Value has a guard.
            values, guarded = self.values, self.is_followed
            self._slopes = [*map(_grad_of, values)] if guarded else [p.grad for p in values]
        self.has_gradient = True

    def settle_gradient(self) -> None:
        """Write the gradient that a program left to the Values, if none was written to them since.

        From then on, the Values' own count.
        """
        with self.lock:
            if self.has_gradient and all(map(is_, self._slopes, map(_grad_of, self.values))):
                each(own_grad.__set__, self.values, self.gtheta.tolist())
            self.has_gradient = False

    @property
    def may_have_moved(self) -> bool:
        """Whether this array, or another of some of the Values, may hold what these do not."""
        return self.is_exposed or (bool(self._kin) and any(x.is_exposed for x in self._kin))

    @property
    def array(self) -> Any:
        """The array as it is, for those who do not change it."""
        return self._theta

    def refresh(self) -> Any:
        """Take over what has been written to Values since the last time; return the array."""
        if self.is_followed:
            return self._theta
        self._looked = True
        for other in self._kin:
            other.write()
        now = [p.data for p in self.values]
        seen = self._seen
        if now != seen or any(now[i] is not seen[i] for i in self._zeros):
            changed = [i for i, x in enumerate(now) if x is not seen[i]]
            self._theta[changed] = self._agreed[changed] = [now[i] for i in changed]
            self._remember(now)
        return self._theta

    def resident(self) -> Any:
        """Return the array for a loop that stays on it: Values are read once after each look."""
        if self._looked:
            self.refresh()
            self._looked = False
        return self._theta

    def write(self) -> None:
        """Write the numbers that have changed in the array to their Values."""
        if self.is_followed:
            self._let_go()
        if not self.is_exposed:
            return
        import numpy as np

        bits = f"i{self._theta.itemsize}"  # a zero has a sign
        moved = np.flatnonzero(self._theta.view(bits) != self._agreed.view(bits))
        if not len(moved):
            return
        for i, x in zip(moved.tolist(), self._theta[moved].tolist(), strict=True):
            self.values[i].data = self._seen[i] = x
        self._remember(self._seen)
        self._agreed[moved] = self._theta[moved]

    def sync(self) -> None:
        """Bring the Values' data up to date, for somebody who looks at them."""
        with self.lock:
            self.refresh()
            self.write()
            self._looked = True

    def follow(self) -> None:
        """Let the Values follow: whenever one is read, they are what the arrays then hold.

        It costs nothing until somebody looks; then all are written, data and gradients, and
        stand on their own again.

        Example:
            >>> w = Value(1.0)
            >>> store = ParameterStore([w])
            >>> store.follow()
            >>> store.theta[:] = 2.0
            >>> store.gtheta[:] = -1.0
            >>> w.data, w.grad
            (2.0, -1.0)
        """
        if self.is_followed:
            return
        with self.lock:
            self.refresh()
            if {*map(type, self.values)} - {Value}:  # a class of the user's stays
                self.pull()
                return
            for other in self._kin:
                other._looked = True
            each(own_class.__set__, self.values, repeat(Following))
            self.is_followed = True

    def _let_go(self) -> None:
        """Write the Values that follow."""
        with self.lock:
            if not self.is_followed:
                return
            self._remember(self._theta.tolist())
            each(own_data.__set__, self.values, self._seen)
            self._slopes = self.gtheta.tolist()
            each(own_grad.__set__, self.values, self._slopes)
            each(own_class.__set__, self.values, repeat(Value))
            self._agreed[:] = self._theta
            self.is_followed, self._looked = False, True

    def __del__(self) -> None:
        if getattr(self, "is_followed", False):
            self._let_go()

    def push(self) -> None:
        """Copy the Values' data to the array, whatever the array holds."""
        with self.lock:
            if self.is_followed:
                return
            self._remember([p.data for p in self.values])
            self._theta[:] = self._seen
            self._agreed[:] = self._theta
            self._looked = False

    def pull(self) -> None:
        """Copy the array to the Values' data, and `gtheta` to their gradients."""
        with self.lock:
            self.write()
            self._remember(self._theta.tolist())
            self._slopes = self.gtheta.tolist()
            for p, x, gradient in zip(self.values, self._seen, self._slopes, strict=True):
                p.data = x
                p.grad = gradient
            self._agreed[:] = self._theta
            self._looked = True

    def __repr__(self) -> str:
        return f"<ParameterStore: {len(self)} numbers, {self._theta.dtype}>"


def write_followers() -> None:
    """Write all Values that follow an array, for somebody who reads them past their guard."""
    if _stores:
        with _registry:
            stores = [store for store in _stores if store.is_followed]
        for store in stores:
            store.write()


def _written_first(own: Any) -> Any:
    """Return one of a Value's places, before which all Values that follow are written."""

    def read(value: Value) -> Any:
        _catch_up(value)
        return own.__get__(value)

    def write(value: Value, x: Any) -> None:
        _catch_up(value)
        own.__set__(value, x)

    return property(read, write)


class Following(Value):
    """A Value whose numbers stand in an array: it is written when somebody looks.

    A Value has no room for this, and reading one must stay as fast as it is: so its class is
    exchanged for as long as nobody looks.
    """

    __slots__ = ()
    data: float = _written_first(own_data)
    grad: float = _written_first(own_grad)


Following.__name__ = Following.__qualname__ = "Value"  # what `type(w)` shows
Following.__module__ = Value.__module__


def _catch_up(value: Value) -> None:
    with _registry:
        stores = [store for store in _stores if store.is_followed and value in store.place]
    for store in stores:
        store.write()


class ParameterList(list[Value]):
    """The Values of a program in the order of its `theta`; an optimizer finds the array here.

    Attributes:
        store: The arrays that hold their numbers.
        start: Where the first of them stands there.
    """

    __slots__ = ("start", "store")

    def __init__(self, values: Iterable[Value], store: ParameterStore, start: int = 0) -> None:
        super().__init__(values)
        self.store = store
        self.start = start

    @classmethod
    def of(cls, values: Sequence[Value], dtype: Any) -> ParameterList:
        """Return the Values on the array that holds them already, or on one of their own.

        An array is shared if the Values follow one another there.
        """
        with _registry:
            candidates = [store for store in _stores if store.array.dtype == dtype]
        for store in candidates:
            start = store.place.get(values[0], -1) if values else -1
            if start >= 0 and store.values[start : start + len(values)] == list(values):
                return cls(values, store, start)
        return cls(values, ParameterStore(values, dtype))

    def beside(self, values: Iterable[Value]) -> ParameterList:
        """Return the same list on an array that holds other Values, too."""
        others = [p for p in dict.fromkeys(values) if p not in self.store.place]
        if not others:
            return self
        return ParameterList(self, ParameterStore([*self, *others], self.store.array.dtype))

    def slice(self, array: Any) -> Any:
        """Return the part of one of the store's arrays that holds these Values."""
        if len(array) == len(self):
            return array
        return array[self.start : self.start + len(self)]


class OnArray:
    """What computes on the array of its parameters, whichever that is by then."""

    parameters: ParameterList

    @property
    def theta(self) -> Any:
        """The parameters as one flat array, to be changed in place."""
        return self.parameters.slice(self.parameters.store.theta)

    @theta.setter
    def theta(self, numbers: Any) -> None:
        _assign(self.theta, numbers)

    @property
    def gtheta(self) -> Any:
        """The gradient that `gradient` left, in the order of `theta`."""
        return self.parameters.slice(self.parameters.store.gtheta)

    @gtheta.setter
    def gtheta(self, numbers: Any) -> None:
        _assign(self.gtheta, numbers)

    def push(self) -> None:
        """Copy the parameters' data from the Values to `theta`, whatever stands there."""
        self.parameters.store.push()

    def pull(self) -> None:
        """Copy `theta` and `gtheta` to the Values' data and grad."""
        self.parameters.store.pull()


def _assign(array: Any, numbers: Any) -> None:
    if numbers is not array:  # `theta -= g` has changed it in place and comes here, too
        array[:] = numbers


class Within:
    """A block in which the Values hold other numbers, and what was computed from them follows.

    Args:
        values: Leaves.
        numbers: What they are inside of the block.
        computed: Nodes above them, inputs before consumers, that are recomputed.
    """

    def __init__(
        self, values: Sequence[Value], numbers: Sequence[float], computed: Sequence[Value] = ()
    ) -> None:
        self.values = values
        self.inside = numbers
        self.computed = computed

    def __enter__(self) -> None:
        self.outside = [p.data for p in self.values]
        self.before = [node.data for node in self.computed]
        try:
            each(own_data.__set__, self.values, self.inside)
            for node in self.computed:
                node.data = recomputed(node)
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *exception: object) -> None:
        each(own_data.__set__, self.values, self.outside)
        each(own_data.__set__, self.computed, self.before)


def sync(values: Iterable[Value]) -> None:
    """Bring Values up to date with the arrays that hold their numbers, if there are any.

    Whoever hands out a model's Values calls this first.

    Example:
        >>> w = Value(1.0)
        >>> store = ParameterStore([w])
        >>> store.theta[:] = 2.0
        >>> sync([w])
        >>> w.data
        2.0
    """
    for store in _holding(values):
        store.sync()


def settle_gradients(values: Iterable[Value]) -> None:
    """Bring Values and their gradients up to date with what programs have left for them.

    Example:
        >>> w = Value(1.0)
        >>> store = ParameterStore([w])
        >>> store.gtheta[:] = 2.0
        >>> store.left_gradient()
        >>> settle_gradients([w])
        >>> w.grad
        2.0
    """
    for store in _holding(values):
        store.sync()
        store.settle_gradient()


def _holding(values: Iterable[Value]) -> list[ParameterStore]:
    """Return the arrays that hold numbers of some of these Values."""
    if not _stores:
        return []
    known = list(values)
    with _registry:
        return [store for store in _stores if any(map(store.place.__contains__, known))]


_registry: Final = threading.RLock()
_stores: Final[weakref.WeakSet[ParameterStore]] = weakref.WeakSet()


def cache_aligned(size: int, dtype: Any) -> Any:
    """Return zeros that begin where a line of the cache does: vectors do not stand in two."""
    import numpy as np

    whole = np.zeros(size + 64, dtype)
    start = -whole.ctypes.data % 64 // whole.itemsize
    return whole[start : start + size]

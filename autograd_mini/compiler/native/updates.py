"""Updates: a whole step of training in one call, from the examples to the moved parameters.

The optimizer's own rule, which is run on floats and on arrays elsewhere, is written as loops. It
moves nothing unless the loss, the gradient and the examples are finite, and no target is one that
the loss refuses.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from autograd_mini.compiler.native.builtin import RATES, Argument, Entry
from autograd_mini.compiler.native.loops import CHECK, Loops
from autograd_mini.compiler.native.nests import pieces
from autograd_mini.compiler.native.operations import Access, Apply, Load, Nest, Stack
from autograd_mini.compiler.native.vectors import Function, Module

__all__ = ["Update", "entries", "given", "guard", "helpers", "rule"]

WHOLE: Final = np.dtype(np.int64).char


class Update(NamedTuple):
    """What follows the gradient.

    Attributes:
        rule: Returns an optimizer's (theta, gradient, *moments) -> (theta, *moments) for rates,
            numbers that may differ from step to step.
        rates: The numbers of the next step.
        moved: theta and gtheta, and what follows them in their arrays if that is moved, too.
        moments: What the optimizer remembers, arrays like theta.
        classes: For each argument, how many classes there are where it comes as indices of them,
            else 0.
        refused: For each argument a function that tells which of its numbers are refused, or None.
    """

    rule: Callable[..., Callable[..., tuple[Any, ...]]]
    rates: tuple[float, ...]
    moved: tuple[Any, Any]
    moments: Sequence[Any]
    classes: Sequence[int]
    refused: Sequence[Callable[[Any], Any] | None]


def guard(loops: Loops, update: Update) -> list[Nest]:
    """Return loops that leave something else than 0 in `work[CHECK]` if an argument is refused."""
    found: list[Nest] = []
    goal = Access("work", CHECK, (0,))
    for k, (width, refused) in enumerate(zip(loops.inputs, update.refused, strict=True)):
        x = Load(Access(f"x{k}", 0, (1,)))
        trees = [Apply(np.multiply, x, 0.0)]
        if refused is not None:
            trees.append(Apply(_nan_where(refused), x))
        found += [
            Nest([width * loops.count], [(goal, tree)], np.add, 1, True) for tree in trees if width
        ]
    return found


def rule(update: Update) -> list[Nest]:
    """Return loops that move theta."""
    moments = [f"m{k}" for k in range(len(update.moments))]
    places = [Access(name, 0, (1,)) for name in ("theta", "gtheta", *moments)]
    rates = [Stack(Load(Access("work", RATES + k, (0,)))) for k in range(len(update.rates))]
    found = update.rule(rates)(*[Stack(Load(place)) for place in places])
    del places[1]
    stores = [(place, x.tree) for place, x in zip(places, found, strict=True)]
    return [Nest([len(update.moved[0])], stores)]


def _nan_where(refused: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: np.where(refused(x), math.nan, 0.0)


def helpers(module: Module, loops: Loops, update: Update) -> list[str]:
    """Return the functions that the entries call."""
    identity = ", ".join([f"i64 {i}" for i in range(loops.count)])
    found = [f"@identity = internal constant [{loops.count} x i64] [{identity}]"]
    for k, width in enumerate(loops.inputs):
        write, source = (_one_hot, "qx") if update.classes[k] else (_gathered, "x")
        rows = write(module, loops.count, width)
        found.append(rows.text(f"rows{k}", [f"ptr %{source}", "ptr %qrows", "ptr %out"]))
    pointers = ", ".join(given(len(loops.inputs), len(update.moments)))
    found += [
        f"define internal fastcc i1 @whole({pointers}) #1 {{",
        f"call fastcc void @step({pointers})",
        f"call fastcc void @guard({pointers})",
        *checked(module.single),
        "br i1 %fine, label %move, label %end",
        "move:",
        f"call fastcc void @rule({pointers})",
        "br label %end",
        "end:",
        "ret i1 %fine",
        "}",
    ]
    return found


def given(inputs: int, moments: int) -> list[str]:
    """Return what every function is given: places, as arguments in LLVM's words."""
    xs, ms = [f"x{k}" for k in range(inputs)], [f"m{k}" for k in range(moments)]
    return [f"ptr %{name}" for name in ("theta", "gtheta", "work", "qtable", *xs, *ms)]


def checked(single: bool) -> list[str]:
    """Return lines that come to `%fine`."""
    element = "float" if single else "double"
    return [
        f"%place = getelementptr {element}, ptr %work, i64 {CHECK}",
        f"%check = load {element}, ptr %place",
        f"%fine = fcmp oeq {element} %check, 0.0",
    ]


def _row(f: Function, i: str) -> str:
    return f.named(f"load i64, ptr {f.address('qrows', 0, [(i, 1)])}, align 8")


def _gathered(module: Module, count: int, width: int) -> Function:
    """Write chosen rows one after the other."""
    f = Function(module)
    with f.loop(count) as i:
        row = _row(f, i)
        for start, end, lanes in pieces(width, module.lanes):
            with f.loop(end, lanes, start) as j:
                x = f.load(f.address("x", 0, [(row, width), (j, 1)]), lanes)
                f.store(f.address("out", 0, [(i, width), (j, 1)]), x, lanes)
    return f


def _one_hot(module: Module, count: int, width: int) -> Function:
    """Write 1 at the class of each chosen row, nan for what is no class, and 0 elsewhere."""
    f = Function(module)
    for start, end, lanes in pieces(count * width, module.lanes):
        with f.loop(end, lanes, start) as j:
            f.store(f.address("out", 0, [(j, 1)]), 0.0, lanes)
    with f.loop(count) as i:
        place = f.address("qx", 0, [(_row(f, i), 1)])
        index = f.named(f"load i64, ptr {place}, align 8")
        is_class = f.named(f"icmp ult i64 {index}, {width}")
        index = f.named(f"select i1 {is_class}, i64 {index}, i64 0")
        one, nan = f.typed(1.0, 1), f.typed(math.nan, 1)
        found = f.value(f"select i1 {is_class}, {one}, {nan}", 1)
        f.store(f.address("out", 0, [(i, width), (index, 1)]), found, 1)
    return f


def entries(
    loops: Loops, update: Update, shapes: Sequence[tuple[int, ...]], letter: str, element: str
) -> list[Entry]:
    """Return `update`, which takes a batch, and `pick`, which takes the rows of one."""
    count = loops.count
    rooms = [loops.allocate(count * width) for width in loops.inputs]
    arguments = [
        Argument((count,), WHOLE) if classes else Argument((count, *shape), letter)
        for shape, classes in zip(shapes, update.classes, strict=True)
    ]

    def body(source: str, rows: str, copied: Iterable[int]) -> list[str]:
        lines: list[str] = []
        places = given(len(shapes), len(update.moments))
        for k in copied:
            places[4 + k] = f"ptr %room{k}"
            lines.append(f"%room{k} = getelementptr {element}, ptr %work, i64 {rooms[k]}")
            lines.append(f"call fastcc void @rows{k}(ptr %{source}{k}, {rows}, ptr %room{k})")
        return [*lines, f"%fine = call fastcc i1 @whole({', '.join(places)})"]

    every = range(len(shapes))
    ours = body("x", "ptr @identity", [k for k in every if update.classes[k]])
    theirs = body("base", "ptr %x0", every)
    rates = len(update.rates)
    return [
        Entry("update", arguments, rates, ours),
        Entry("pick", [Argument((count,), WHOLE)], rates, theirs),
    ]

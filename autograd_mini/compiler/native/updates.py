"""Updates: a whole step of training in one call, from the examples to the moved parameters.

The optimizer's own rule, which is run on floats and on arrays elsewhere, is written as loops. It
moves nothing unless the loss, the gradient and the examples are finite, and no target is one that
the loss refuses.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd_mini.compiler.native.builtin import CHECK, RATES, Argument, Entry, integers
from autograd_mini.compiler.native.loops import Loops
from autograd_mini.compiler.native.nests import covered, halves
from autograd_mini.compiler.native.operations import Access, Load, Nest, Product, Stack
from autograd_mini.compiler.native.vectors import Function, LLVMModule


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


def place_names(inputs: int, moments: int, letter: str = "x") -> list[str]:
    """Return the names of what every function is given."""
    xs, ms = [f"{letter}{k}" for k in range(inputs)], [f"m{k}" for k in range(moments)]
    return ["theta", "gtheta", "work", "qtable", *xs, *ms]


def calls(places: Sequence[str], *names: str) -> list[str]:
    """Return lines that call functions of the places of these names."""
    arguments = ", ".join([f"ptr %{place}" for place in places])
    return [f"call fastcc void @{name}({arguments})" for name in names]


def entries(
    module: LLVMModule, loops: Loops, update: Update, shapes: Sequence[tuple[int, ...]], letter: str
) -> tuple[list[str], list[Entry]]:
    """Return `update`, which takes a batch, and `pick`, which takes the rows of one.

    The texts of functions that write an argument from rows come first.
    """
    count, element = loops.count, module.element
    texts = [integers("identity", range(count))]
    rooms: list[int] = []
    for k, (width, classes) in enumerate(zip(loops.inputs, update.classes, strict=True)):
        write, source = (_one_hot, "qx") if classes else (_gathered, "x")
        rows = write(module, count, width)
        texts.append(rows.text(f"rows{k}", [f"ptr %{source}", "ptr %qrows", "ptr %out"]))
        rooms.append(loops.allocate(count * width))

    def entry(name: str, arguments: list[Argument], sources: Sequence[str], rows: str) -> Entry:
        """Return an entry that first writes each argument that has a source from its rows."""
        lines: list[str] = []
        places = place_names(len(shapes), len(update.moments))
        for k, source in enumerate(sources):
            if source:
                places[4 + k] = f"room{k}"
                lines.append(f"%room{k} = getelementptr {element}, ptr %work, i64 {rooms[k]}")
                lines.append(f"call fastcc void @rows{k}(ptr %{source}, ptr {rows}, ptr %room{k})")
        lines += calls(places, "step", "guard")
        return Entry(name, arguments, len(update.rates), lines, calls(places, "rule"))

    indices = Argument((count,), np.dtype(np.int64).char)
    batch = [
        indices if classes else Argument((count, *shape), letter)
        for shape, classes in zip(shapes, update.classes, strict=True)
    ]
    ours = [f"x{k}" if classes else "" for k, classes in enumerate(update.classes)]
    theirs = [f"base{k}" for k in range(len(shapes))]
    return texts, [
        entry("update", batch, ours, "@identity"),
        entry("pick", [indices], theirs, "%x0"),
    ]


def guard(loops: Loops, update: Update) -> list[Nest]:
    """Return loops that leave something other than 0 in `work[CHECK]` if an argument is refused."""
    found: list[Nest] = []
    goal = Access("work", CHECK, (0,))
    for k, (width, refused) in enumerate(zip(loops.inputs, update.refused, strict=True)):
        n, x = width * loops.count, Stack(Load(Access(f"x{k}", 0, (1,))))
        checks: list[Any] = [] if _shows(loops, k, width) else [x * 0.0]
        checks += [np.where(refused(x), math.nan, 0.0)] if refused is not None else []
        found += [Nest([n], [(goal, check.tree)], np.add, 1, True) for check in checks if n]
    return found


def _shows(loops: Loops, k: int, width: int) -> bool:
    """Return whether a gradient is sums of each number of an argument times another.

    Then it is not finite where the argument is not: nothing is finite times inf or nan.
    """
    whole = loops.count, width, Access(f"x{k}", 0, (width, 1))
    return any(
        isinstance(op, Product) and op.out.buffer == "gtheta" and (op.k, op.n, op.b) == whole
        for op in loops.operations
    )


def rule(update: Update) -> list[Nest]:
    """Return loops that move theta."""
    moments = [f"m{k}" for k in range(len(update.moments))]
    places = [Access(name, 0, (1,)) for name in ("theta", "gtheta", *moments)]
    rates = [Stack(Load(Access("work", RATES + k, (0,)))) for k in range(len(update.rates))]
    found = update.rule(rates)(*[Stack(Load(place)) for place in places])
    del places[1]
    stores = [(place, x.tree) for place, x in zip(places, found, strict=True)]
    return [Nest([len(update.moved[0])], stores)]


def _row(f: Function, i: str) -> str:
    return f.named(f"load i64, ptr {f.address('qrows', 0, [(i, 1)])}, align 8")


def _gathered(module: LLVMModule, count: int, width: int) -> Function:
    """Write chosen rows one after the other."""
    f = Function(module)
    with f.loop(count) as i:
        row = _row(f, i)
        for start, end, lanes in covered(width, *halves(module.lanes)):
            with f.loop(end, lanes, start) as j:
                x = f.load(f.address("x", 0, [(row, width), (j, 1)]), lanes)
                f.store(f.address("out", 0, [(i, width), (j, 1)]), x, lanes)
    return f


def _one_hot(module: LLVMModule, count: int, width: int) -> Function:
    """Write 1 at the class of each chosen row, nan for what is not a class, and 0 elsewhere."""
    f = Function(module)
    for start, end, lanes in covered(count * width, *halves(module.lanes)):
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

"""Emit: write a plan as the text of a NumPy program, a module that runs by itself.

The text is written by the rows themselves: a forward by its spelling, a derivative by calling the
row's rule on symbols, times the upstream gradient.
"""

from __future__ import annotations

from typing import Any, Final

from autograd_mini.compiler.backward import Backward
from autograd_mini.compiler.group import FORWARD, GRADIENT, INPUTS, ROWS, STEADY, Plan
from autograd_mini.compiler.prelude import definitions
from autograd_mini.compiler.record import VARYING

__all__ = ["Text", "emit"]


class Text:
    """A program's text: a whole module.

    Attributes:
        source: The text; running it defines `bind` (or the function itself, for one example).
        namespace: The user's own functions that the text calls; without any it runs by itself.
        guarded: Whether the function also returns a number that is not finite if an operand may
            have been outside of its row's domain.
    """

    __slots__ = ("guarded", "namespace", "source")

    def __init__(self, source: str, namespace: dict[str, Any], *, guarded: bool) -> None:
        self.source = source
        self.namespace = namespace
        self.guarded = guarded


def emit(plan: Plan, purpose: str) -> Text:
    """Return the NumPy program of a plan for a batch."""
    return _Program(plan, purpose).text()


class _Program(Backward):
    def text(self) -> Text:
        plan, graph = self.plan, self.graph
        forward = [self._forward(group) for group in plan.groups]
        watched = [name for name in forward if name]
        if self.purpose == GRADIENT:
            self._line("", comment="backward")
            self._backward()
            answer = self._mean()
        elif self.purpose == INPUTS:
            self._line("", comment="backward")
            self._backward()
            answer = f"({', '.join(f'g_{name}' for name in self.arguments)},)"
        else:
            answer = self._results()
        if watched:
            answer += f", {' + '.join(f'{name}.sum()' for name in watched)}"
            self._line("", comment="with a number that is finite if all domains were kept to")
        shapes = ", ".join(
            f"{name} ({len(ids)}, B)"
            for name, ids in zip(self.arguments, graph.inputs, strict=True)
        )
        what = {FORWARD: "", GRADIENT: ", averaged over a batch of B", INPUTS: ", by its inputs"}
        title = "loss" if graph.scalar else "outputs"
        lines = [
            *self._prelude(),
            "",
            "",
            "def bind(theta, gtheta, B):",
            f'    """{title}({", ".join(self.arguments)}){what[self.purpose]}: {len(plan.groups)} '
            f'groups, {plan.matrices} of them matrices."""',
            *self._workspace(),
            *[f"    {line}" for line in self._head()],
            "",
            f"    def {self.purpose}({', '.join(self.arguments)}):"
            + (f"  # {shapes}" if shapes else ""),
            *[f"        {line}" for line in self.body],
            f"        return {answer}",
            "",
            f"    return {self.purpose}",
            "",
        ]
        return Text("\n".join(lines), self.foreign, guarded=bool(watched))

    def _prelude(self) -> list[str]:
        """Return the imports, and the definitions of functions that NumPy lacks."""
        lines: list[str] = []
        for text in definitions(self.helpers.values()):
            lines += ["", "", text] if text.startswith("def ") else [text]
        for name in self.foreign:
            lines += [
                "",
                f"if {name!r} not in globals():  # a Python function, which cannot be written here",
                f"    raise RuntimeError({_FOREIGN.format(name)!r})",
            ]
        return lines

    def _workspace(self) -> list[str]:
        lines: list[str] = []
        kinds = [(ROWS, "G", "B", VARYING), (STEADY, "GU", "1", "p")]
        for buffer, gradient, columns, kind in kinds:
            if self.plan.rows[kind]:
                shape = f"({self.plan.rows[kind]}, {columns})"
                lines.append(f"    {buffer} = np.empty({shape}, theta.dtype)")
                if self.flag:
                    lines.append(f"    {gradient} = np.empty({shape}, theta.dtype)")
        if self.purpose == INPUTS:
            for name, ids in zip(self.arguments, self.graph.inputs, strict=True):
                lines.append(f"    g_{name} = np.zeros(({len(ids)}, B), theta.dtype)")
        return lines


_FOREIGN: Final = (
    "this program calls {}, a Python function of an operation that you registered: run it through "
    "the program that it was compiled for, or define the function first"
)

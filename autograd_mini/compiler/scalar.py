"""Scalar: write the recorded graph as plain Python on floats, for a single example."""

# Symbols are Any to the type checker.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any, Final

from autograd_mini import ops
from autograd_mini.compiler.emit import Text
from autograd_mini.compiler.group import FLAGS, FORWARD, INPUTS, Plan
from autograd_mini.compiler.names import Names, identifier
from autograd_mini.compiler.record import CONSTANT
from autograd_mini.compiler.spelling import MathSymbol
from autograd_mini.ops import Op
from autograd_mini.symbols import Symbol

__all__ = ["emit_scalar"]

_OPERATORS: Final = {ops.ADD, ops.SUB, ops.MUL, ops.DIV, ops.NEG, ops.POW, ops.WHERE}


def emit_scalar(plan: Plan, purpose: str) -> Text:
    """Return straight-line Python of the recorded graph, for a single example."""
    return _ScalarWriter(plan, purpose).text()


class _ScalarWriter:
    def __init__(self, plan: Plan, purpose: str) -> None:
        self.plan, self.graph, self.purpose = plan, plan.graph, purpose
        self.flag = FLAGS[purpose]
        arguments = [identifier(name) or f"x{k}" for k, name in enumerate(self.graph.names)]
        self.names = Names([*ops.OPS, *{op.name for op in self.graph.ops if op}])
        self.arguments = [self.names.new(name) for name in arguments]
        self.functions: dict[str, tuple[Op, str]] = {}  # the rows' functions that are called
        self.imports: list[str] = []  # and the lines that define them
        self.namespace: dict[str, Any] = {}  # or themselves, where no line can define them
        self.lines: list[str] = []
        self.symbols: dict[int, Any] = {}
        self.gradients: dict[int, list[Any]] = {}

    def text(self) -> Text:
        graph, plan = self.graph, self.plan
        for i in plan.parameters:
            self.symbols[i] = self._name(i, "p")
        self._unpack("theta", plan.parameters)
        for name, ids, shape in zip(self.arguments, graph.inputs, graph.shapes, strict=True):
            if shape == ():
                self.symbols[ids[0]] = MathSymbol(name)
                continue
            for j, i in enumerate(ids):
                self.symbols[i] = MathSymbol(self.names.new(f"{name}{j}"))
            self._unpack(name, ids)
        for i, op in enumerate(graph.ops):
            if graph.kinds[i] == CONSTANT:
                self.symbols[i] = graph.data[i]
            elif op is not None:
                self._forward(i, op)
        results = [str(MathSymbol.of(self.symbols[root])) for root in graph.roots]
        if self.purpose == FORWARD:
            answer = f"{', '.join(results)},"
        else:
            wanted = plan.parameters
            if self.purpose == INPUTS:
                wanted = [i for ids in graph.inputs for i in ids]
            self._backward()
            tuple_text = ", ".join(str(MathSymbol.of(self._gradient(i))) for i in wanted)
            answer = f"{results[0]}, ({tuple_text}{',' if wanted else ''})"
        body = [f"    {line}" for line in [*self.lines, f"return {answer}"]]
        if any("pow(" in line for line in body):
            self._function(ops.POW, "forward")
        lines = [
            *self._head(),
            f"def {self.purpose}({', '.join(['theta', *self.arguments])}):",
            '    """One example, in plain floats."""',
            *body,
            "",
        ]
        return Text("\n".join(lines), self.namespace, guarded=False)

    def _head(self) -> list[str]:
        lines = sorted(self.imports, key=lambda line: not line.startswith("from"))
        if any("OPS[" in line for line in lines):
            lines.insert(0, "from autograd_mini import OPS")
        return [*lines, "", ""] if lines else []

    def _name(self, i: int, letter: str = "v") -> MathSymbol:
        return MathSymbol(self.names.new(identifier(self.graph.labels[i]) or f"{letter}{i}"))

    def _unpack(self, source: str, ids: Sequence[int]) -> None:
        if ids:
            names = ", ".join(str(self.symbols[i]) for i in ids)
            self.lines.append(f"{names}{',' if len(ids) == 1 else ''} = {source}")

    def _function(self, op: Op, what: str) -> str:
        """Return the name of one of a row's functions: "forward", "partials" or "partials[0]"."""
        name = op.name if what == "forward" else identifier(f"{op.name}_{what}")
        if op is ops.ABS or self.functions.get(name) == (op, what):
            return name
        if name in self.functions:  # another row has this name
            name = self.names.new(name)
        self.functions[name] = op, what
        self.names.taken.add(name)
        f = op.forward
        if what == "forward" and getattr(f, "__module__", "") == "math":
            alias = f" as {name}" if f.__name__ != name else ""
            self.imports.append(f"from math import {f.__name__}{alias}")
        elif ops.OPS.get(op.name) is op:
            self.imports.append(f"{name} = OPS[{op.name!r}].{what}")
        else:
            self.namespace[name] = eval(f"op.{what}", {"op": op})
        return name

    def _forward(self, i: int, op: Op) -> None:
        args = self.graph.args[i]
        operands = [self.symbols[x] for x in args]
        if op is ops.DOT or op is ops.TOTAL:
            n = len(operands) // 2 if op is ops.DOT else 0
            terms = [
                MathSymbol.of(w) * x for w, x in zip(operands[:n], operands[n : 2 * n], strict=True)
            ]
            terms += operands[2 * n :]
            text: Any = MathSymbol.of(terms[0])
            for term in terms[1:]:
                text = text + term
        elif op in _OPERATORS:
            text = MathSymbol.apply(op, *[MathSymbol.of(x) for x in operands])
            if op is ops.POW:
                text = MathSymbol.apply(op, MathSymbol.of(operands[0]), operands[1])
        else:
            name = self._function(op, "forward")
            text = f"{name}({', '.join(MathSymbol.of(x).text for x in operands)})"
        if op is ops.DIV and self.symbols[args[1]] == 0.0:
            text = f"{operands[0]} / 0.0"
        name = self._name(i)
        self.symbols[i] = name
        source = self.graph.sources[i]
        where = f"  # {os.path.basename(source)}" if source and len(self.lines) < 500 else ""
        self.lines.append(f"{name} = {text}{where}")

    def _needed(self, i: int) -> bool:
        return bool(self.plan.flags[i] & self.flag)

    def _backward(self) -> None:
        graph = self.graph
        (root,) = graph.roots
        self.gradients[root] = [1.0]
        for i in range(len(graph.ops) - 1, -1, -1):
            op = graph.ops[i]
            if op is None or i not in self.gradients or not self._needed(i):
                continue
            upstream = self._gradient(i)
            args = graph.args[i]
            operands = [self.symbols[x] for x in args]
            if op.arity is None and op not in (ops.DOT, ops.TOTAL):
                slopes = self.names.new("d", numbered=True)
                name = self._function(op, "partials")
                texts = [MathSymbol.of(x).text for x in (self.symbols[i], *operands)]
                self.lines.append(f"{slopes} = {name}({', '.join(texts)})")
                locals_: list[Any] = [MathSymbol(f"{slopes}[{j}]") for j in range(len(args))]
            else:
                locals_ = self._locals(i, op, operands)
            for x, local in zip(args, locals_, strict=True):
                if local is not None and not (isinstance(local, float) and local == 0.0):
                    self.gradients.setdefault(x, []).append(upstream * local)

    def _locals(self, i: int, op: Op, operands: list[Any]) -> list[Any]:
        args = self.graph.args[i]
        if op.arity is None:
            partials = op.partials(self.symbols[i], *operands)
            return [p if self._needed(x) else None for p, x in zip(partials, args, strict=True)]
        return [
            self._local(op, j, self.symbols[i], operands) if self._needed(x) else None
            for j, x in enumerate(args)
        ]

    def _local(self, op: Op, j: int, out: Symbol, operands: list[Any]) -> Any:
        try:
            local = op.partials[j](out, *operands)
            if not isinstance(local, Symbol):
                return float(local)
        except TypeError:
            name = self._function(op, f"partials[{j}]")
            texts = [MathSymbol.of(x).text for x in (out, *operands)]
            return MathSymbol(f"{name}({', '.join(texts)})")
        for called in re.findall(r"(?<![\w.])([a-z_]\w*)\(", local.text):
            if called in ops.OPS and called != "pow":
                self._function(ops.OPS[called], "forward")
        return local

    def _gradient(self, i: int) -> Any:
        """Return the sum of the contributions; a name, unless it is a name or number already."""
        terms = self.gradients.get(i)
        if not terms:
            return 0.0
        if len(terms) > 1 or not (isinstance(terms[0], float) or terms[0].text.isidentifier()):
            total: Any = terms[0] if isinstance(terms[0], Symbol) else MathSymbol.of(terms[0])
            for term in terms[1:]:
                total = total + term
            name = MathSymbol(self.names.new(f"g_{self.symbols[i]}"))
            self.lines.append(f"{name} = {total}")
            self.gradients[i] = [name]
        return self.gradients[i][0]

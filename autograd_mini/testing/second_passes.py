"""Second passes through graphs of somebody else's class: what does an earlier one leave behind?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from autograd_mini.testing.combinations import Combinations
from autograd_mini.testing.forms import Snippet
from autograd_mini.testing.mistakes import close
from autograd_mini.testing.trials import Wrong


class SecondPasses(Combinations):
    """Passes after passes."""

    def _again(self) -> None:
        """Check what an earlier pass leaves behind."""
        program = next(self._deep(), None)
        if program is None or self.silent:
            return
        shallow = Snippet(program.leaves[:1] * program.lines[0][0].arity, program.lines[:1])
        again = self.seen.backward.format("y")
        cleared = [f"{name}.{self.names.grad} = 0.0" for name in program.names]
        anew = self._later(program, "\n".join([*cleared, again]), self._multiples(program, 1.0))
        if anew is not None and not any(anew.got[: len(program.leaves)]):
            self.notes.append("a second backward() through the same graph gives nothing")
            self._two_roots(program)
            return
        if anew is not None:
            self._is_kept(
                anew,
                "after all gradients were set to 0, a second pass gives other ones: something of "
                "the first pass is kept",
            )
            return
        if wrong := self._later(shallow, again, self._multiples(shallow, 1.0, 2.0)):
            self._is_kept(wrong, "a second backward() counts what the first one left")
            return
        self._two_roots(program)
        if self.seen.zero_grad and "backward" not in self.found:
            self._zero_grad(program)
        once_or_twice = self._multiples(program, 1.0, 2.0)
        if "backward" not in self.found and self._later(program, again, once_or_twice):
            self.notes.append(
                "a second backward() through the same graph counts the gradients of computed "
                "numbers twice, as micrograd does: they are never cleared"
            )

    def _is_kept(self, wrong: Wrong, words: str) -> None:
        self._blame("backward", wrong, "never cleared", words)

    def _deep(self) -> Iterator[Snippet]:
        for form in self.right:
            if root := next((f for f in self._roots(form) if f.key != form.key), None):
                for program in self._below(root, form):
                    if program.truth(self._unknown) is not None:
                        yield program

    def _gradients(self, program: Snippet) -> list[float]:
        """Return the true gradients of the leaves."""
        truth = program.truth(self._unknown)
        return truth.grad[: len(program.leaves)] if truth is not None else []

    def _multiples(self, program: Snippet, *factors: float) -> list[list[float]]:
        return [[factor * g for factor in factors] for g in self._gradients(program)]

    def _later(
        self, program: Snippet, after: str, allowed: Sequence[Sequence[float]]
    ) -> Wrong | None:
        """Return what is wrong after more lines, if anything is.

        Args:
            program: What is run first.
            after: Lines of Python.
            allowed: For each leaf, or leaf and line, the gradients that are right, the best last.
        """
        ran = self._run(program, after)
        if ran.raised:
            return Wrong(program, "raises", ran.raised, after=after)
        got = [ran.gradient(name) for name in program.names]
        for i, gradients in enumerate(allowed):
            if not any(close(got[i], g) for g in gradients):
                words = self._words(program, i, got[i], gradients[-1])
                return Wrong(program, "gradient", words, i, got, after=after)
        return None

    def _two_roots(self, program: Snippet) -> None:
        """Check a new graph over leaves that have been through a pass."""
        form, operands = program.lines[0]
        called = form.text.format(*[program.names[k] for k in operands])
        after = f"z = {called}\n{self.seen.backward.format('z')}"
        first = self._gradients(program)
        then = self._gradients(Snippet(program.leaves, program.lines[:1]))
        allowed = [[b, *[a] * (b == 0.0), a + b] for a, b in zip(first, then, strict=True)]
        wrong = self._later(program, after, allowed)
        if wrong is not None and wrong.kind == "gradient":
            self._is_kept(
                wrong,
                "a second graph over the same numbers gets more than its own gradient: "
                "something of the first pass is kept",
            )

    def _zero_grad(self, program: Snippet) -> None:
        after = "\n".join([f"{name}.zero_grad()" for name in program.names])
        wrong = self._later(program, after, [[0.0]] * len(program.names))
        if wrong is not None and wrong.kind == "gradient":
            self._is_kept(wrong, "zero_grad() leaves the gradient as it is")

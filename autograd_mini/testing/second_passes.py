"""Second passes through graphs of somebody else's class: what does an earlier one leave behind?"""

from __future__ import annotations

from collections.abc import Iterator

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
        start = self.seen.backward.format
        names, grad = program.names, self.names.grad
        cleared = "\n".join([f"{name}.{grad} = 0.0" for name in names])
        plain = self._second(program, f"{cleared}\n{start('y')}")
        once = plain is not None and not any(plain[0].got[: len(program.leaves)])
        if once:
            self.notes.append("a second backward() through the same graph gives nothing")
            self._two_roots(program)
            return
        if plain is not None and plain[1] != "raises":
            self._is_kept(
                plain[0],
                "after all gradients were set to 0, a second pass gives other ones: something of "
                "the first pass is kept",
            )
            return
        if (found := self._second(shallow, start("y"), factors=(1.0, 2.0))) is not None:
            self._is_kept(found[0], "a second backward() counts what the first one left")
            return
        self._two_roots(program)
        if self.seen.zero_grad and "backward" not in self.found:
            self._zero_grad(program)
        if "backward" not in self.found and self._second(program, start("y"), factors=(1.0, 2.0)):
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

    def _second(
        self, program: Snippet, after: str, factors: tuple[float, ...] = (1.0,)
    ) -> tuple[Wrong, str] | None:
        """Return what is wrong after more lines: gradients that are no allowed multiple."""
        truth = program.truth(self._unknown)
        ran = self._run(program.text(self.seen), program, after)
        if truth is None:
            return None
        if ran.raised:
            return Wrong(program, "raises", ran.raised, after=after), "raises"
        got = [ran.numbers[name][1] or 0.0 for name in program.names]
        for i in range(len(program.leaves)):
            if not any(close(got[i], factor * truth.grad[i]) for factor in factors):
                words = self._words(program, i, got[i], factors[-1] * truth.grad[i])
                return Wrong(program, "gradient", words, i, got, truth, after), "gradient"
        return None

    def _two_roots(self, program: Snippet) -> None:
        """Check a new graph over leaves that have been through a pass."""
        form, operands = program.lines[0]
        other = Snippet(program.leaves, program.lines[:1])
        first, then = program.truth(self._unknown), other.truth(self._unknown)
        if first is None or then is None:
            return
        called = form.text.format(*[program.names[k] for k in operands])
        after = f"z = {called}\n{self.seen.backward.format('z')}"
        ran = self._run(program.text(self.seen), program, after)
        if ran.raised:
            return
        for i, name in enumerate(program.names[: len(program.leaves)]):
            got = ran.numbers[name][1] or 0.0
            both = first.grad[i] + then.grad[i]
            if not (close(got, both) or close(got, then.grad[i])):
                if then.grad[i] == 0.0 and close(got, first.grad[i]):
                    continue
                words = self._words(program, i, got, both)
                wrong = Wrong(program, "gradient", words, i, [got], first, after)
                self._is_kept(
                    wrong,
                    "a second graph over the same numbers gets more than its own gradient: "
                    "something of the first pass is kept",
                )
                return

    def _zero_grad(self, program: Snippet) -> None:
        after = "\n".join([f"{name}.zero_grad()" for name in program.names])
        ran = self._run(program.text(self.seen), program, after)
        left = [name for name in program.names if not ran.raised and ran.numbers[name][1]]
        if left:
            words = f"{left[0]}.{self.names.grad} is {ran.numbers[left[0]][1]:.6g}, expected 0"
            wrong = Wrong(program, "gradient", words, after=after)
            self._is_kept(wrong, "zero_grad() leaves the gradient as it is")

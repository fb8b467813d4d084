"""Groups: the nodes that one statement computes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from autograd_mini.compiler.expressions import Ref
from autograd_mini.compiler.record import VARYING
from autograd_mini.compiler.statements import SHARED, VALUES
from autograd_mini.compiler.sums import Sum
from autograd_mini.ops import Op


class Part(NamedTuple):
    """One term of a sum of products, for all members of its group.

    A "matrix" part is weights (rows, columns) times inputs (columns, positions); a "products"
    part is the sum over the first axis of `left * right`; a "total" part that of `left`; an
    "add" part is `left` itself.
    """

    kind: str
    left: Ref
    right: Ref | None = None

    @property
    def sides(self) -> list[Ref]:
        """What it reads."""
        return [self.left] if self.right is None else [self.left, self.right]

    @property
    def varies(self) -> bool:
        """Whether it is another for each example."""
        return any(side.varies for side in self.sides)

    def __str__(self) -> str:
        return " ".join(map(str, (self.kind, *self.sides)))


class Group:
    """Nodes that one statement computes.

    Attributes:
        op: The row, or None for a sum of products.
        kind: "v" or "p".
        members: The nodes.
        lo: The first member's row in the workspace of its kind.
        operands: Of a row: what it reads.
        parts: Of a sum of products: its terms.
        positions: How many inputs share the weights of a matrix.
        sums: Of a sum of products, until it has its place: each member's terms.
    """

    __slots__ = ("kind", "lo", "members", "name", "op", "operands", "parts", "positions", "sums")

    def __init__(
        self, op: Op | None, kind: str, members: Sequence[int] | Sequence[Sum], positions: int = 1
    ) -> None:
        self.op = op
        self.kind = kind
        self.sums = [x for x in members if isinstance(x, Sum)]
        self.members = [x.node if isinstance(x, Sum) else x for x in members]
        self.positions = positions
        self.lo = 0
        self.name = ""
        self.operands: list[Ref] = []
        self.parts: list[Part] = []

    @property
    def out(self) -> Ref:
        """What the statement writes."""
        varies = self.kind == VARYING
        rows = range(self.lo, self.lo + len(self.members))
        return Ref(VALUES if varies else SHARED, rows, (len(rows),), varies, self.members)

    @property
    def is_matrix(self) -> bool:
        """Whether this is a matrix product."""
        return bool(self.parts) and self.parts[0].kind == "matrix"  # these come first

    @property
    def refs(self) -> list[Ref]:
        """All that the statement reads."""
        return [*self.operands, *[side for part in self.parts for side in part.sides]]

    def __str__(self) -> str:
        what = self.op.name if self.op else " + ".join(map(str, self.parts))
        reads = " ".join(map(str, self.operands))
        name = self.name or (VALUES if self.kind == VARYING else SHARED)
        return f"{name}[{self.lo}:{self.lo + len(self.members)}] = {what} {reads}".rstrip()

"""Drawing: a `graphviz.Digraph` that can always be shown.

Loaded by the first `draw`, because it needs the graphviz package.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograd_mini.drawing import engines
from autograd_mini.drawing.dot import lines
from autograd_mini.drawing.picture import Picture
from autograd_mini.drawing.svg import svg

if TYPE_CHECKING:

    class _Digraph:  # graphviz ships no types
        _copy_kwargs: Any
        pipe: Any
        render: Any

        def __init__(self, *args: Any, **kwargs: Any) -> None: ...
        def __getattr__(self, name: str) -> Any: ...
else:
    from graphviz import Digraph as _Digraph


class Drawing(_Digraph):
    """A graph's DOT document, which can always be shown.

    Everything a Digraph does works: add nodes and edges, change `body`, read `source`. Only
    without any Graphviz, the built-in layout draws what `draw` was given.
    """

    def __init__(self, *args: Any, picture: Picture | None = None, **kwargs: Any) -> None:
        if picture is not None and "body" not in kwargs:
            kwargs["body"] = lines(picture)
        super().__init__(*args, **kwargs)
        self.picture = picture

    def __repr__(self) -> str:
        if self.picture is None:
            return f"<Drawing: {len(self.body)} lines of DOT>"
        counts = len(self.picture.boxes), len(self.picture.edges)
        name = self.picture.title.partition(":")[0].removeprefix("computation graph of ")
        return f"<Drawing of {name}: {counts[0]} boxes, {counts[1]} edges>"

    def _copy_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        return super()._copy_kwargs(**kwargs) | {"picture": self.picture}

    def pipe(self, format: str | None = None, *args: Any, **kwargs: Any) -> Any:
        """Return the rendered graph as bytes, or as text if `encoding` is given.

        The arguments are those of `graphviz.Digraph.pipe`; one that asks for a certain program
        (`engine`, `renderer`, …) is left to Graphviz.

        Raises:
            RenderError: If no engine that is installed can write the format.
        """
        encoding = kwargs.pop("encoding", None)
        if args or {name for name in kwargs if name != "quiet"}:
            return super().pipe(format, *args, encoding=encoding, **kwargs)
        rendered = self._rendered(format or self.format)
        return rendered.decode(encoding) if encoding else rendered

    def render(
        self,
        filename: Any = None,
        directory: Any = None,
        view: bool = False,
        cleanup: bool = False,
        format: str | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> str:
        """Write the DOT source and the picture; return the picture's path.

        The arguments are those of `graphviz.Digraph.render`.

        Raises:
            RenderError: If no engine that is installed can write the format.
        """
        outfile = kwargs.pop("outfile", None)
        if args or set(kwargs) - {"quiet", "quiet_view"}:
            return super().render(
                filename, directory, view, cleanup, format, *args, outfile=outfile, **kwargs
            )
        if outfile is not None:
            path = Path(outfile) if directory is not None else Path(self.directory, outfile)
            kind: str = format or path.suffix.lstrip(".").lower() or self.format
            rendered = self._rendered(kind)
            source = self.save(filename or path.with_suffix(".gv"), directory=directory)
        else:
            kind = format or self.format
            rendered = self._rendered(kind)
            source = self.save(filename, directory=directory)
            path = Path(f"{source}.{kind}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(rendered)
        if cleanup:
            Path(source).unlink()
        if view or kwargs.get("quiet_view"):
            self._view(str(path), format=kind, quiet=kwargs.get("quiet_view", False))
        return str(path)

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None, **_: Any
    ) -> dict[str, Any]:
        """Show the graph in a notebook, with or without Graphviz."""
        wanted = set(include) if include is not None else {"image/svg+xml"}
        bundle: dict[str, Any] = {}
        for kind in sorted(wanted - set(exclude or ())):
            format = {"image/svg+xml": "svg", "image/png": "png", "image/jpeg": "jpeg"}.get(kind)
            if format is None:
                continue
            try:
                rendered = self._rendered(format)
            except engines.RenderError:
                continue  # a notebook shows what there is, and the text otherwise
            bundle[kind] = rendered.decode() if format == "svg" else rendered
        return bundle

    def _rendered(self, format: str) -> bytes:
        if format != "svg":
            return engines.render(self.source, format)
        if self.picture is not None and self.body == lines(self.picture) and self._is_plain():
            return engines.render_svg(self.picture).encode()
        try:
            return engines.render(self.source, "svg")
        except engines.RenderError:
            if self.picture is None:
                raise
            return svg(self.picture).encode()

    def _is_plain(self) -> bool:
        return not (self.graph_attr or self.node_attr or self.edge_attr or self.strict)

"""Pictures of computation graphs: DOT, SVG, Mermaid and text, with or without Graphviz."""

from __future__ import annotations

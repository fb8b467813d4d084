"""Untyped: NumPy for numbers that are Any, and LLVM, of which a type checker knows nothing."""

from __future__ import annotations

from importlib import import_module
from typing import Any

np: Any = import_module("numpy")


def llvm() -> Any:
    """Return llvmlite's module, which only machine code needs."""
    return import_module("llvmlite.binding")

"""Engine: LLVM's language to machine code, by llvmlite."""

from __future__ import annotations

import ctypes
import os
import struct
import threading
import weakref
from functools import cache
from importlib.util import find_spec
from typing import Any, NamedTuple

from autograd_mini.compiler.untyped import llvm

MISSING = 'machine code needs llvmlite: pip install "autograd_mini[native]"'
_lock = threading.Lock()  # LLVM's own tables are no thread's


@cache
def is_installed() -> bool:
    """Return whether machine code can be made here."""
    return find_spec("llvmlite") is not None and struct.calcsize("P") == 8


class Processor(NamedTuple):
    """What code is written for: the bits of a vector, and how many vectors stay in registers."""

    bits: int
    registers: int


@cache
def processor() -> Processor:
    """Return what this machine has."""
    features = llvm().get_host_cpu_features()
    if features.get("avx512f"):
        return Processor(512, 32)
    if features.get("avx"):
        return Processor(256, 16)
    return Processor(128, 32 if features.get("neon") else 16)


def _target(binding: Any) -> Any:
    """Return a target of its own for an engine, which owns it and frees it."""
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    cpu, features = binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten()
    default = binding.Target.from_default_triple()
    return default.create_target_machine(cpu=cpu, features=features, opt=1, jit=True)


@cache
def _address(name: str) -> int:
    """Return where a function of Python or of the C library is.

    Raises:
        LookupError: If this machine does not have it.
    """
    library = ctypes.CDLL("ucrtbase" if os.name == "nt" else None)
    function = getattr(ctypes.pythonapi if name.startswith("Py") else library, name, None)
    if function is None:
        raise LookupError(f"this machine has no function {name}")
    return ctypes.cast(function, ctypes.c_void_p).value or 0


class Code:
    """What machine code lives as long as."""


def machine_code(text: str) -> tuple[Code, dict[str, int]]:
    """Return what owns the code, and the addresses of the text's public functions.

    Nothing is optimized before instructions are chosen: the text is in vectors already.

    Args:
        text: In LLVM's language.

    Raises:
        LookupError: If the text calls a function that this machine does not have.
    """
    binding = llvm()
    with _lock:
        target = _target(binding)
        context = binding.create_context()  # it keeps all numbers and addresses it has ever seen
        module = binding.parse_assembly(text, context)
        module.triple = target.triple
        module.data_layout = str(target.target_data)
        public: list[str] = []
        for function in module.functions:
            if not function.is_declaration and function.linkage == binding.Linkage.external:
                public.append(function.name)
            elif function.is_declaration and not function.name.startswith("llvm."):
                binding.add_symbol(function.name, _address(function.name))
        engine = binding.create_mcjit_compiler(module, target)
        engine.finalize_object()
        code = Code()
        weakref.finalize(code, _close, engine, context).atexit = False
        return code, {name: engine.get_function_address(name) for name in public}


def _close(*owned: Any) -> None:
    """Free what is in a context, and then the context: the garbage collector has no order."""
    for x in owned:
        x.close()

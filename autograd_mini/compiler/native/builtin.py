"""Builtin: machine code as a built-in function of Python's, made at run time.

It takes a program's arguments as arrays, through the buffer protocol, and answers with the loss, or
with None: that it was asked for something else (another shape, another type), or that a number is
not finite. Whoever asks then goes another way. A call costs a tenth of a microsecond.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["SYMBOLS", "builtin", "wrapper"]

_FLAGS = 0x3C  # contiguous, with shape and format
_PROTOTYPES = {
    "PyObject_GetBuffer": "i32 @PyObject_GetBuffer(ptr, ptr, i32)",
    "PyBuffer_Release": "void @PyBuffer_Release(ptr)",
    "PyErr_Clear": "void @PyErr_Clear()",
    "PyFloat_FromDouble": "ptr @PyFloat_FromDouble(double)",
    "PyFloat_AsDouble": "double @PyFloat_AsDouble(ptr)",
    "Py_IncRef": "void @Py_IncRef(ptr)",
}
SYMBOLS = {
    name: int(ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value or 0)
    for name in _PROTOTYPES
}
# Whether an argument is an array of this type and shape; then its buffer is held.
_HELD = """
define internal i1 @held(ptr %x, ptr %b, i8 %format, i32 %ndim, ptr %shape) {{
  %r = call i32 @PyObject_GetBuffer(ptr %x, ptr %b, i32 {flags})
  %failed = icmp ne i32 %r, 0
  br i1 %failed, label %error, label %got
error:
  call void @PyErr_Clear()
  ret i1 false
got:
  %pf = getelementptr i8, ptr %b, i64 40
  %f = load ptr, ptr %pf
  %f0 = load i8, ptr %f
  %f1p = getelementptr i8, ptr %f, i64 1
  %f1 = load i8, ptr %f1p
  %pn = getelementptr i8, ptr %b, i64 36
  %n = load i32, ptr %pn
  %ps = getelementptr i8, ptr %b, i64 48
  %s = load ptr, ptr %ps
  %w0 = icmp eq i8 %f0, %format
  %w1 = icmp eq i8 %f1, 0
  %w2 = icmp eq i32 %n, %ndim
  %w3 = and i1 %w0, %w1
  %w4 = and i1 %w3, %w2
  br i1 %w4, label %axes, label %wrong
axes:
  %i = phi i32 [ 0, %got ], [ %next, %axis ]
  %all = icmp eq i32 %i, %ndim
  br i1 %all, label %right, label %axis
axis:
  %pa = getelementptr i64, ptr %s, i32 %i
  %a = load i64, ptr %pa
  %pe = getelementptr i64, ptr %shape, i32 %i
  %e = load i64, ptr %pe
  %same = icmp eq i64 %a, %e
  %next = add i32 %i, 1
  br i1 %same, label %axes, label %wrong
right:
  ret i1 true
wrong:
  call void @PyBuffer_Release(ptr %b)
  ret i1 false
}}"""


def wrapper(shapes: Sequence[tuple[int, ...]], pointers: int, *, single: bool) -> str:
    """Return the text of the built-in, which calls `step`.

    Args:
        shapes: The shape of each argument, with the batch.
        pointers: Where the pointers to theta, gtheta, work and table stand.
        single: Whether numbers are of single precision.
    """
    count, element = len(shapes), "float" if single else "double"
    lines = [f"declare {text}" for text in _PROTOTYPES.values()]
    for k, shape in enumerate(shapes):
        axes = ", ".join([f"i64 {n}" for n in shape])
        lines.append(f"@shape{k} = internal constant [{len(shape)} x i64] [{axes}]")
    lines += [
        _HELD.format(flags=_FLAGS),
        "define ptr @call(ptr %self, ptr %arguments, i64 %count) {",
        "entry:",
        *[f"  %b{k} = alloca [96 x i8], align 16" for k in range(count)],
        f"  %fits = icmp eq i64 %count, {count}",
        "  br i1 %fits, label %take0, label %none",
    ]
    for k, shape in enumerate(shapes):
        back = f"release{k - 1}" if k else "none"
        lines += [
            f"take{k}:",
            f"  %p{k} = getelementptr ptr, ptr %arguments, i64 {k}",
            f"  %o{k} = load ptr, ptr %p{k}",
            f"  %h{k} = call i1 @held(ptr %o{k}, ptr %b{k}, i8 {ord('f' if single else 'd')}, "
            f"i32 {len(shape)}, ptr @shape{k})",
            f"  br i1 %h{k}, label %take{k + 1}, label %{back}",
        ]
    lines.append(f"take{count}:")
    for k, name in enumerate(("theta", "gtheta", "work", "table")):
        lines.append(f"  %{name} = load ptr, ptr inttoptr (i64 {pointers + 8 * k} to ptr)")
    lines += [f"  %x{k} = load ptr, ptr %b{k}" for k in range(count)]
    inputs = "".join([f", ptr %x{k}" for k in range(count)])
    lines += [
        f"  call fastcc void @step(ptr %theta, ptr %gtheta, ptr %work, ptr %table{inputs})",
        *[f"  call void @PyBuffer_Release(ptr %b{k})" for k in range(count)],
        f"  %loss = load {element}, ptr %work",
        f"  %pc = getelementptr {element}, ptr %work, i64 1",
        f"  %check = load {element}, ptr %pc",
        f"  %fine = fcmp oeq {element} %check, 0.0",
        "  br i1 %fine, label %answer, label %none",
        "answer:",
        "  %wide = fpext float %loss to double" if single else "  %wide = fadd double %loss, -0.0",
        "  %result = call ptr @PyFloat_FromDouble(double %wide)",
        "  ret ptr %result",
    ]
    for k in range(count - 1, -1, -1):
        back = f"release{k - 1}" if k else "none"
        lines += [
            f"release{k}:",
            f"  call void @PyBuffer_Release(ptr %b{k})",
            f"  br label %{back}",
        ]
    nothing = f"ptr inttoptr (i64 {id(None)} to ptr)"
    lines += ["none:", f"  call void @Py_IncRef({nothing})", f"  ret {nothing}", "}"]
    return "\n".join(lines)


class _Method(ctypes.Structure):
    """CPython's PyMethodDef."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


class _Owner:
    """What must live as long as the function does."""

    def __init__(self, method: _Method, *others: Any) -> None:
        self.method = method
        self.others = others


_new = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p)(
    ("PyCFunction_NewEx", ctypes.pythonapi)
)


def builtin(address: int, *owned: Any) -> Callable[..., float | None]:
    """Return the function at an address, which keeps alive what it needs."""
    method = _Method(b"native", address, 0x80, None)  # METH_FASTCALL
    return _new(ctypes.addressof(method), _Owner(method, *owned), None)

"""Builtin: machine code as a built-in function of Python's, made at run time.

It takes a program's arguments as arrays, through the buffer protocol, and answers with the loss, or
with None: that it was asked for something else (another shape, another type), or that a number is
not finite. Whoever asks then goes another way. A call costs a tenth of a microsecond.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

CHECK, RATES = 1, 2  # in `work`, after the loss: what is 0 if all is finite, and numbers

# Whether an argument is an array of this type and shape; then its buffer is held.
_HELD = """
declare i32 @PyObject_GetBuffer(ptr, ptr, i32)
declare void @PyBuffer_Release(ptr)
declare void @PyErr_Clear()
declare ptr @PyErr_Occurred()
declare ptr @PyFloat_FromDouble(double)
declare double @PyFloat_AsDouble(ptr)
declare void @Py_IncRef(ptr)
declare i32 @memcmp(ptr, ptr, i64)
define internal i1 @held(ptr %x, ptr %b, i16 %format, i32 %ndim, ptr %shape) #1 {
  %r = call i32 @PyObject_GetBuffer(ptr %x, ptr %b, i32 60)  ; contiguous, its shape and format
  %got = icmp eq i32 %r, 0
  br i1 %got, label %type, label %no
type:
  %pf = getelementptr i8, ptr %b, i64 40
  %f = load ptr, ptr %pf
  %letter = load i16, ptr %f, align 1
  %pn = getelementptr i8, ptr %b, i64 36
  %n = load i32, ptr %pn
  %same_letter = icmp eq i16 %letter, %format
  %same_ndim = icmp eq i32 %n, %ndim
  %alike = and i1 %same_letter, %same_ndim
  br i1 %alike, label %axes, label %no
axes:
  %ps = getelementptr i8, ptr %b, i64 48
  %s = load ptr, ptr %ps
  %bytes = mul i32 %ndim, 8
  %size = zext i32 %bytes to i64
  %differ = call i32 @memcmp(ptr %s, ptr %shape, i64 %size)
  %same = icmp eq i32 %differ, 0
  ret i1 %same
no:
  ret i1 false
}"""


class Argument(NamedTuple):
    """What a call is given in one place: its shape, with the batch, and the letter of its type."""

    shape: tuple[int, ...]
    letter: str


class Entry(NamedTuple):
    """A function that Python calls: arrays, and numbers after them.

    Attributes:
        name: Its name.
        arguments: The arrays it takes.
        numbers: How many numbers follow; they are stored from `work[RATES]` on.
        body: Lines that read `%x0`, `%x1`, ... and leave 0 in `work[CHECK]` if all is finite.
        after: Lines that are run only if it is.
    """

    name: str
    arguments: Sequence[Argument]
    numbers: int
    body: Sequence[str]
    after: Sequence[str] = ()


def integers(name: str, numbers: Sequence[int]) -> str:
    """Return the text of a constant array of integers."""
    listed = ", ".join([f"i64 {n}" for n in numbers])
    return f"@{name} = internal constant [{len(numbers)} x i64] [{listed}]"


def wrapper(entries: Sequence[Entry], pointers: Sequence[str], at: int, element: str) -> str:
    """Return the text of built-in functions.

    Args:
        entries: What each of them does.
        pointers: Names of the pointers that a body may use, which stand in a row
        at: at this address; `work` is one of them, and a loss is left there.
        element: What numbers are, "float" or "double".
    """
    loads = [
        f"%{name} = load ptr, ptr inttoptr (i64 {at + 8 * k} to ptr)"
        for k, name in enumerate(pointers)
    ]
    return "\n".join([_HELD, *[line for x in entries for line in _entry(x, loads, element)]])


def _entry(entry: Entry, loads: Sequence[str], element: str) -> list[str]:
    name, arguments, numbers, body, after = entry
    held = range(len(arguments))
    widen = "fpext" if element == "float" else "bitcast"
    nothing = f"inttoptr (i64 {id(None)} to ptr)"
    return [
        *[integers(f"{name}{k}", shape) for k, (shape, _) in enumerate(arguments)],
        f"define ptr @{name}(ptr %self, ptr %arguments, i64 %count) #1 {{",
        *loads,
        *[f"%b{k} = alloca [96 x i8], align 16" for k in held],
        *[f"%o{k} = getelementptr i8, ptr %b{k}, i64 8" for k in held],
        *[f"store ptr null, ptr %o{k}" for k in held],  # a buffer of no object needs no release
        f"%fits = icmp eq i64 %count, {len(held) + numbers}",
        "br i1 %fits, label %take0, label %none",
        *_taken(entry, element),
        "%error = call ptr @PyErr_Occurred()",
        "%right = icmp eq ptr %error, null",
        "br i1 %right, label %run, label %none",
        "run:",
        *[f"%x{k} = load ptr, ptr %b{k}" for k in held],
        *body,
        f"%place = getelementptr {element}, ptr %work, i64 {CHECK}",
        f"%check = load {element}, ptr %place",
        f"%fine = fcmp oeq {element} %check, 0.0",
        "br i1 %fine, label %answer, label %none",
        "answer:",
        *after,
        f"%loss = load {element}, ptr %work",
        f"%wide = {widen} {element} %loss to double",
        "%number = call ptr @PyFloat_FromDouble(double %wide)",
        "br label %end",
        "none:",
        "call void @PyErr_Clear()",
        f"call void @Py_IncRef(ptr {nothing})",
        "br label %end",
        "end:",
        f"%result = phi ptr [ %number, %answer ], [ {nothing}, %none ]",
        *[f"call void @PyBuffer_Release(ptr %b{k})" for k in held],
        "ret ptr %result",
        "}",
    ]


def _taken(entry: Entry, element: str) -> list[str]:
    """Return lines that hold the arrays, and put the numbers into the working memory."""
    lines: list[str] = []
    held = len(entry.arguments)
    for k, (shape, letter) in enumerate(entry.arguments):
        lines += [
            f"take{k}:",
            *_argument(k),
            f"%h{k} = call i1 @held(ptr %a{k}, ptr %b{k}, i16 {ord(letter)}, i32 {len(shape)}, "
            f"ptr @{entry.name}{k})",
            f"br i1 %h{k}, label %take{k + 1}, label %none",
        ]
    lines.append(f"take{held}:")
    narrow = "fptrunc" if element == "float" else "bitcast"
    for k in range(held, held + entry.numbers):
        lines += [
            *_argument(k),
            f"%d{k} = call double @PyFloat_AsDouble(ptr %a{k})",
            f"%n{k} = {narrow} double %d{k} to {element}",
            f"%r{k} = getelementptr {element}, ptr %work, i64 {RATES + k - held}",
            f"store {element} %n{k}, ptr %r{k}",
        ]
    return lines


def _argument(k: int) -> list[str]:
    return [f"%p{k} = getelementptr ptr, ptr %arguments, i64 {k}", f"%a{k} = load ptr, ptr %p{k}"]


class _Method(ctypes.Structure):
    """CPython's PyMethodDef."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


_new = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p)(
    ("PyCFunction_NewEx", ctypes.pythonapi)
)


def builtin(address: int, *owned: Any) -> Callable[..., float | None]:
    """Return the function at an address, which keeps alive what it needs."""
    method = _Method(b"native", address, 0x80, None)  # METH_FASTCALL
    return _new(ctypes.addressof(method), (method, *owned), None)

"""One file of named arrays with a description, in the safetensors format.

The description is JSON in the file's metadata, beside a checksum of everything. A file is written
beside its place and moved there in one step, so that readers see the old one or the new one.
"""

from __future__ import annotations

import errno
import glob
import hashlib
import json
import os
import secrets
import stat
from pathlib import Path
from typing import Any, Final

VERSION: Final = 1


def write(path: str | Path, kind: str, arrays: dict[str, Any], description: dict[str, Any]) -> None:
    """Write float64 arrays and a description, atomically.

    Args:
        path: The file to write; an existing one is replaced.
        kind: What it holds, "model" or "checkpoint".
        arrays: The arrays by name.
        description: Anything that JSON can hold.
    """
    from safetensors.numpy import save

    text = json.dumps(description, default=_as_python)
    metadata = {
        "format": "autograd_mini",
        "version": str(VERSION),
        "kind": kind,
        "description": text,
        "sha256": _checksum(kind, arrays, text),
    }
    _replace(Path(path), _in_order(save(arrays, metadata)))


def read(path: str | Path, kind: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the arrays and the description of a file that `write` wrote.

    Raises:
        ValueError: If the file is damaged, of another kind or version, or not ours.
        OSError: If there is no such file, or it cannot be read.
    """
    from safetensors import SafetensorError, safe_open

    path = os.fspath(path)  # a number would be an open file of somebody else's
    with open(path, "rb"):  # a missing or unreadable file has Python's own error
        pass
    try:
        opened: Any = safe_open(path, framework="numpy")
        with opened as file:
            metadata: dict[str, str] = file.metadata() or {}
            arrays: dict[str, Any] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        raise ValueError(f"{path} is damaged, or not a safetensors file: {error}") from None
    if metadata.get("format") != "autograd_mini":
        raise ValueError(
            f"{path} is a safetensors file, but not one of ours: it does not say what it describes"
        )
    version = metadata.get("version", "")
    if version != str(VERSION):
        raise ValueError(
            f"{path} has format version {version}, but this program reads version {VERSION}: "
            "a newer autograd_mini wrote it: install that one"
        )
    text = metadata.get("description", "")
    found = metadata.get("kind", "")
    if metadata.get("sha256") != _checksum(found, arrays, text):
        raise ValueError(f"{path} is damaged: its contents do not match its checksum")
    if found != kind:
        raise ValueError(f"{path} holds a {found}, not a {kind}{_ADVICE.get(found, '')}")
    return arrays, json.loads(text)


def check_place(path: Path) -> None:
    """Raise OSError if no file can be written at `path`: better before hours of work than after."""
    path = _target(path)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "this is a directory, not a file", str(path))
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "there is no such directory", str(path.parent))
    if os.path.lexists(path) and not path.is_file():
        raise FileExistsError(
            errno.EEXIST, "this is a device, a pipe or the like, which no file replaces", str(path)
        )


def sweep(path: Path) -> None:
    """Remove the drafts of `path` that processes which were killed left behind."""
    if os.name != "posix":
        return  # elsewhere a process cannot be asked whether it lives without harm
    path = _target(path)
    for draft in path.parent.glob(f".{glob.escape(path.name)}.*-*.part"):
        process = draft.name.removeprefix(f".{path.name}.").partition("-")[0]
        if process.isdecimal() and not _lives(int(process)):
            draft.unlink(missing_ok=True)


def _as_python(x: Any) -> Any:
    """Return a NumPy number or array as Python's numbers."""
    if not hasattr(x, "tolist"):
        raise TypeError(f"a file keeps numbers and texts, but this is {x!r:.200}")
    return x.tolist()


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True  # somebody else's, or not the number of a process at all
    return True


_ADVICE: Final = {
    "checkpoint": ": pass it to fit(checkpoint=...), which resumes the run",
    "model": ": load(path) reads it",
}


def _checksum(kind: str, arrays: dict[str, Any], text: str) -> str:
    digest = hashlib.sha256(f"{kind}\n{text}".encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"\n{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _target(path: Path) -> Path:
    """Return the file that `path` stands for: where its symbolic links lead."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def _in_order(data: bytes) -> bytes:
    """Return a safetensors file with its metadata in order: equal models, equal bytes."""
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # numbers begin at a multiple of 8
    return len(text).to_bytes(8, "little") + text + data[8 + size :]


def _replace(path: Path, data: bytes) -> None:
    """Write a file beside `path`, make sure it is on the disk, and move it to `path`.

    Links stay links, and a file that is replaced passes its mode on.
    """
    check_place(path)
    path = _target(path)
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else None
    draft = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        with open(os.open(draft, flags, 0o666 if mode is None else 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            os.chmod(draft, mode)
        os.replace(draft, path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    if hasattr(os, "O_DIRECTORY"):  # so that the new name survives a power cut, too
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

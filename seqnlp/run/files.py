"""Atomic writes, and reading of files with clear errors."""

from __future__ import annotations

import errno
import json
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from seqnlp.errors import DataError, RunError

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
LEFTOVERS = ".*.tmp"
"""Pattern of the temporary files of `write_bytes`."""


@contextmanager
def saving(path: Path, activity: str = "saving") -> Iterator[None]:
    """Convert an `OSError` while writing `path` into a `DataError`."""
    try:
        yield
    except OSError as error:
        reason = "no space left" if error.errno in FULL else (error.strerror or str(error)).lower()
        raise DataError(f"{reason} while {activity}", path) from error


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file atomically: at every instant it is either the old one or the new one.

    Raises:
        seqnlp.errors.DataError: the disk is full or the folder cannot be written; the old file is kept.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with saving(path):
            with open(temporary, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
            sync_folder(path.parent)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write a JSON object atomically, indented."""
    # a lone surrogate can come in through an escape in somebody's JSON; json.loads reads it back
    write_bytes(path, (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode("utf-8", "surrogatepass"))


def sync_folder(folder: Path) -> None:
    """Sync the entries of a folder to disk; Windows does so by itself."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def remove_leftovers(folder: Path) -> None:
    """Delete temporary files that a killed process has left in a folder."""
    for file in folder.glob(LEFTOVERS):
        file.unlink(missing_ok=True)


def read_bytes(path: Path) -> bytes:
    """Read a file.

    Raises:
        seqnlp.errors.RunError: it is missing, or cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise RunError("missing", path) from error
    except OSError as error:
        raise RunError(f"cannot be read: {(error.strerror or str(error)).lower()}", path) from error


def read_text(path: Path) -> str:
    """Read a text file in UTF-8.

    Raises:
        seqnlp.errors.RunError: it is missing, cannot be read or is not UTF-8.
    """
    try:
        return read_bytes(path).decode()
    except UnicodeDecodeError as error:
        raise RunError("damaged: not UTF-8 text", path) from error


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        seqnlp.errors.RunError: it is missing, cannot be read or holds no JSON object.
    """
    try:
        value = json.loads(read_bytes(path))
    except (ValueError, RecursionError) as error:
        raise RunError(f"damaged: not JSON ({error})", path) from error
    if not isinstance(value, dict):
        raise RunError(f"damaged: expected a JSON object, found {type(value).__name__}", path)
    return value


def without_infinities(value: Any) -> Any:
    """Copy of a value with `None` for NaN and infinities: standard JSON has neither."""
    if isinstance(value, dict):
        return {key: without_infinities(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_infinities(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

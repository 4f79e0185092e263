"""Files that are written whole or not at all, and JSON that is read with care."""

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
"""What the temporary files of `write_bytes` are called."""


@contextmanager
def saving(path: Path, activity: str = "saving; the last good checkpoint is kept") -> Iterator[None]:
    """Turn what the operating system says against writing `path` into a `DataError`."""
    try:
        yield
    except OSError as error:
        reason = "no space left" if error.errno in FULL else (error.strerror or str(error)).lower()
        raise DataError(f"{reason} while {activity}", path) from error


def write_bytes(path: Path, data: bytes) -> None:
    """Put `data` into the file `path`, which at every instant is either the old one or the new one.

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
    """Write a JSON object as `write_bytes` does, indented."""
    # a lone surrogate can come in through an escape in somebody's JSON; json.loads reads it back
    write_bytes(path, (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode("utf-8", "surrogatepass"))


def sync_folder(folder: Path) -> None:
    """Make the names in a folder safe on disk; Windows does so by itself."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def remove_leftovers(folder: Path) -> None:
    """Delete the temporary files that a killed process has left in a folder."""
    for file in folder.glob(LEFTOVERS):
        file.unlink(missing_ok=True)


def read_bytes(path: Path) -> bytes:
    """The content of a file.

    Raises:
        seqnlp.errors.RunError: it is not there, or cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise RunError("missing", path) from error
    except OSError as error:
        raise RunError(f"cannot be read: {(error.strerror or str(error)).lower()}", path) from error


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        seqnlp.errors.RunError: it is not there, cannot be read or is no UTF-8.
    """
    try:
        return read_bytes(path).decode()
    except UnicodeDecodeError as error:
        raise RunError("damaged: not UTF-8 text", path) from error


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file.

    Raises:
        seqnlp.errors.RunError: it is not there, cannot be read or holds no JSON object.
    """
    try:
        value = json.loads(read_bytes(path))
    except (ValueError, RecursionError) as error:
        raise RunError(f"damaged: not JSON ({error})", path) from error
    if not isinstance(value, dict):
        raise RunError(f"damaged: expected a JSON object, found {type(value).__name__}", path)
    return value


def without_infinities(value: Any) -> Any:
    """The same value with `None` for every number that standard JSON cannot hold (NaN and the infinities)."""
    if isinstance(value, dict):
        return {key: without_infinities(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_infinities(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

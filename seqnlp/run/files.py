"""Atomic writes, and reading of files with clear errors."""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from seqnlp.errors import DataError, RunError
from seqnlp.json_text import to_json
from seqnlp.json_types import MAX_DEPTH, JsonObject, is_deep
from seqnlp.run.digests import DIGEST, ZEROS, seal, sealed_digest

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
LEFTOVERS = ".*.tmp"
"""Pattern of the temporary files of `replacing`."""


@contextmanager
def saving(path: Path, activity: str = "saving") -> Iterator[None]:
    """Convert an `OSError` while writing `path` into a `DataError`."""
    try:
        yield
    except OSError as error:
        reason = "no space left" if error.errno in FULL else (error.strerror or str(error)).lower()
        raise DataError(f"{reason} while {activity}", path) from error


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that takes the place of `path` at the end.

    An error in the block, or the end of the process, leaves the old file.

    Raises:
        seqnlp.errors.DataError: the disk is full or the folder cannot be written; the old file is kept.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with saving(path):
            temporary.unlink(missing_ok=True)
            with open(temporary, "xb") as file:  # never through a link that waits under this name
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
            sync_folder(path.parent)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file atomically: at every instant it is either the old one or the new one.

    Raises:
        seqnlp.errors.DataError: the disk is full or the folder cannot be written; the old file is kept.
    """
    with replacing(path) as file:
        file.write(data)


def json_bytes(value: dict[str, Any]) -> bytes:
    """Serialize a JSON object, indented; standard JSON has no NaN and infinities, which become null."""
    # a lone surrogate can come in through an escape in somebody's JSON; json.loads reads it back
    return (to_json(value, indent=2) + "\n").encode("utf-8", "surrogatepass")


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write a JSON object atomically, indented."""
    write_bytes(path, json_bytes(value))


def write_sealed_json(path: Path, value: dict[str, Any]) -> None:
    """Write a JSON object atomically, with its digest as the first key."""
    write_bytes(path, seal(json_bytes({DIGEST: ZEROS, **value})))


def sync_folder(folder: Path) -> None:
    """Sync the entries of a folder to disk; Windows does so by itself."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def make_folder(path: Path) -> None:
    """Make a folder and its parents, and sync their entries to disk.

    Without that a loss of power may take the folder away with all that was synced in it.
    """
    missing = [each for each in (path, *path.parents) if not each.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for each in missing:
        sync_folder(each.parent)


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
        if not stat.S_ISREG(os.stat(path).st_mode):  # a pipe would be waited for, a device has no end
            raise RunError("cannot be read: expected a file", path)
        return path.read_bytes()
    except MemoryError as error:
        raise RunError("cannot be read: larger than the memory", path) from error
    except FileNotFoundError as error:
        raise RunError("missing", path) from error
    except OSError as error:
        raise RunError(f"cannot be read: {(error.strerror or str(error)).lower()}", path) from error


def decode_text(content: bytes, path: Path) -> str:
    """Decode a text file in UTF-8.

    Raises:
        seqnlp.errors.RunError: it is not UTF-8.
    """
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise RunError("damaged: not UTF-8 text", path) from error


def read_json(path: Path) -> JsonObject:
    """Read a JSON object.

    Raises:
        seqnlp.errors.RunError: it is missing, cannot be read or holds no JSON object.
    """
    return parse_json(read_bytes(path), path)


def read_sealed_json(path: Path, sealed: bool = False, sealed_with: str = DIGEST) -> dict[str, Any]:
    """Read a JSON object of `write_sealed_json`, without its digest.

    Args:
        path: The file.
        sealed: It must carry a digest; those of earlier versions do not.
        sealed_with: It must carry one if it has this key.

    Raises:
        seqnlp.errors.RunError: it is missing, cannot be read, holds no JSON object, or is not as it was written.
    """
    content = read_bytes(path)
    value = parse_json(content, path)
    check_seal(content, path, sealed or DIGEST in value or sealed_with in value)
    value.pop(DIGEST, None)
    return value


def check_seal(content: bytes | memoryview, path: Path, sealed: bool, end: int | None = None) -> None:
    """Check a file against the digest that it carries.

    Args:
        content: The content of the file.
        path: The file.
        sealed: It must carry one; those of earlier versions do not.
        end: The digest stands before this byte.

    Raises:
        seqnlp.errors.RunError: it is not as it was written.
    """
    digests = sealed_digest(content, end)
    if digests is None and sealed:
        raise RunError("damaged: it has lost its digest", path)
    if digests is not None and digests[0] != digests[1]:
        raise RunError(f"damaged: not as it was written (its digest is {digests[1]}, not {digests[0]})", path)


def parse_json(content: bytes, path: Path) -> JsonObject:
    """Parse a JSON object.

    Raises:
        seqnlp.errors.RunError: it is none.
    """
    try:
        value = decode_json(content)
    except (ValueError, RecursionError, MemoryError) as error:
        raise RunError(f"damaged: not JSON ({str(error)[:120] or type(error).__name__})", path) from error
    if not isinstance(value, dict):
        raise RunError(f"damaged: expected a JSON object, found {type(value).__name__}", path)
    return JsonObject(value, path)


def decode_json(data: bytes, finite: bool = True) -> Any:
    """Parse JSON in which no key is there twice.

    Args:
        data: The text.
        finite: Refuse NaN and infinities, which standard JSON lacks.

    Raises:
        ValueError: it is something else.
        RecursionError: it is nested too deeply.
    """
    value = (_DECODER if finite else _LOOSE_DECODER).decode(data.decode(json.detect_encoding(data), "surrogatepass"))
    brackets = data.count(b"[") + data.count(b"{")  # counted in no time, while a long list takes a while to walk
    if brackets > MAX_DEPTH and isinstance(value, dict | list) and is_deep(value):
        raise ValueError("nested too deeply")
    return value


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def _table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {next(name for name in names if names.count(name) > 1)!r:.40} is there twice")
    return table


_DECODER = json.JSONDecoder(parse_constant=_no_number, object_pairs_hook=_table)
_LOOSE_DECODER = json.JSONDecoder(object_pairs_hook=_table)


def check_own(path: Path) -> None:
    """Check that a part of a run is no link; it may be missing.

    Raises:
        seqnlp.errors.RunError: it is a link, a device, a pipe or a socket.
    """
    try:
        mode = path.lstat().st_mode
    except OSError:  # whoever wants to read it will say why not
        return
    if stat.S_ISLNK(mode):
        raise RunError(
            "this is a link, and the parts of a run are files of its own: put a copy in its place (cp -rL makes one)",
            path,
        )
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise RunError("this is neither a file nor a folder", path)

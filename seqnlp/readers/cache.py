"""Cache of tables, tokens, columns and states: an entry is a folder that says which files it was made from.

It holds our own entries alone, in folders of their own: `seqnlp` in the cache of `datasets`, and `tokens`, `columns`
and `states` in the user's cache folder. An entry that a process has opened is locked until that process ends, and is
not removed before.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import xxhash

from seqnlp.cache import cache_folder

LOCKS = find_spec("fcntl") is not None
"""True where files can be locked; on Windows an open file cannot be removed anyway."""

VERSION = 4
"""Part of the key of a table: to be raised when any reader returns something else for the same file."""

TABLE = "table.arrow"
ENTRY = "entry.json"
LOCK = "in_use.lock"
DIGESTS = "digests.json"
"""File of a table with the digests of its others."""
MOST_HELD = 64
"""Locks of a process, at most: the oldest are let go."""

_held: dict[Path, int] = {}


@dataclass(frozen=True)
class CacheEntry:
    """Table, tokens of a text, encoded column, or states of a corpus."""

    path: Path
    kind: str
    """`table`, `tokens`, `columns` or `states`; `unfinished` if its process was killed or is at work."""
    files: dict[str, str]
    """SHA-256 of the files that it was made from, by their paths."""
    version: int
    size: int
    """Bytes on disk."""
    used: float
    """Time of the last use, in seconds since 1970."""


def table_folder() -> Path:
    """Folder of the tables: in the cache of `datasets`, which `HF_DATASETS_CACHE` places."""
    from datasets import config

    return Path(config.HF_DATASETS_CACHE) / "seqnlp"


def token_folder() -> Path:
    """Folder of the tokens of large texts."""
    return cache_folder() / "tokens"


def column_folder() -> Path:
    """Folder of the encoded columns of large corpora."""
    return cache_folder() / "columns"


def state_folder() -> Path:
    """Folder of the states of frozen networks."""
    return cache_folder() / "states"


def entries(*folders: Path) -> Iterator[CacheEntry]:
    """Yield the entries of folders; by default of all those that there are."""
    for folder in folders or (table_folder(), token_folder(), column_folder(), state_folder()):
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if path.is_dir() and not path.is_symlink():
                with suppress(OSError):  # another process has just removed it
                    yield read_entry(path)
    for path in () if folders else sorted(cache_folder().glob("*.npy")):  # of earlier versions
        status = path.stat()
        yield CacheEntry(path, "tokens", {}, 0, status.st_size, status.st_mtime)


def read_entry(path: Path) -> CacheEntry:
    """Read the description of an entry; `unfinished` without a valid one."""
    size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    try:
        said: Any = json.loads((path / ENTRY).read_bytes())
        files = {str(name): str(digest) for name, digest in said["files"].items()}
        return CacheEntry(path, str(said["kind"]), files, int(said["version"]), size, (path / ENTRY).stat().st_mtime)
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return CacheEntry(path, "unfinished", {}, 0, size, path.stat().st_mtime)


def hold(path: Path) -> None:
    """Lock an entry until the process ends; other processes may hold it, too, but not remove it."""
    while LOCKS and path not in _held:
        import fcntl

        path.mkdir(parents=True, exist_ok=True)
        handle = os.open(path / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_SH)
            if is_same_file(handle, path / LOCK):
                _held[path] = handle
                break
        finally:
            if path not in _held:  # it was being removed
                os.close(handle)
    while len(_held) > MOST_HELD:
        release(next(iter(_held)))


def try_lock(handle: int) -> bool:
    """Lock an open file until it is closed, or its process ends; False if another has it locked, or nothing can be."""
    if not LOCKS:
        return False
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def remove_leftovers(files: Iterable[Path], idle: float = 0.0) -> None:
    """Remove files that nobody is writing any more: no process has them locked.

    Args:
        files: The files, which their writers lock.
        idle: Seconds for which a file must not have changed: a new one may not be locked yet.
    """
    for path in files:
        with suppress(OSError), path.open("rb") as file:
            if time.time() - os.fstat(file.fileno()).st_mtime >= idle and try_lock(file.fileno()):
                path.unlink()


def is_same_file(handle: int, path: Path) -> bool:
    """True if an open file is still the one with this name."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def release(path: Path) -> None:
    """Let go of an entry."""
    if (handle := _held.pop(path, None)) is not None:
        os.close(handle)


def record(path: Path, kind: str, files: Mapping[str, str]) -> None:
    """Record the files and the last use of an entry.

    Entries of what those files held before are removed.

    Args:
        path: The entry, complete.
        kind: `table`, `tokens`, `columns` or `states`.
        files: SHA-256 of each file by its path.
    """
    before = read_entry(path)
    known = before.files if before.version == VERSION else {}
    if before.version == VERSION and known.items() >= files.items():
        os.utime(path / ENTRY)
        return
    write_entry(path, kind, {**known, **files}, VERSION)
    for entry in entries(path.parent):
        if entry.path != path and entry.kind == kind:
            drop_old(entry, files)


def is_whole(path: Path) -> bool:
    """True for an entry with a table whose writing has ended; one without digests may have been cut by a crash."""
    return (path / TABLE).exists() and ((path / DIGESTS).exists() or not os.access(path, os.W_OK))


def seal_table(path: Path) -> None:
    """Record the digests of the files of a table, once."""
    if not (path / DIGESTS).exists():
        temporary = path / f"{DIGESTS}.{os.getpid()}"
        temporary.write_text(json.dumps({str(file.relative_to(path)): _digest(file) for file in _table_files(path)}))
        temporary.replace(path / DIGESTS)


def damaged_file(path: Path) -> Path | None:
    """Find a damaged file of a table; None also if no digests are recorded, or none can be read."""
    try:
        recorded = json.loads((path / DIGESTS).read_bytes())
        found = {str(file.relative_to(path)): _digest(file) for file in _table_files(path)}
    except OSError:  # whoever reads the table next tells
        return None
    except ValueError:
        return path / DIGESTS
    if not isinstance(recorded, dict):
        return path / DIGESTS
    return next((path / name for name in {**recorded, **found} if recorded.get(name) != found.get(name)), None)


def _table_files(path: Path) -> list[Path]:
    return sorted(path.glob("*.arrow"))


def _digest(path: Path) -> str:
    digest = xxhash.xxh3_128()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def drop_old(entry: CacheEntry, files: Mapping[str, str]) -> None:
    """Remove an entry of earlier contents of files.

    It stays if other files have these contents still.
    """
    old = {
        name
        for name, digest in entry.files.items()
        if name in files and (entry.version != VERSION or files[name] != digest)
    }
    kept = {name: digest for name, digest in entry.files.items() if name not in old and Path(name).exists()}
    if old and kept:
        write_entry(entry.path, entry.kind, kept, entry.version, entry.used)
    elif old:
        remove(entry.path)


def write_entry(path: Path, kind: str, files: Mapping[str, str], version: int, used: float | None = None) -> None:
    """Write `entry.json` atomically."""
    temporary = path / f"{ENTRY}.{os.getpid()}"
    temporary.write_text(json.dumps({"kind": kind, "version": version, "files": dict(files)}, indent=1))
    if used is not None:
        os.utime(temporary, (used, used))
    temporary.replace(path / ENTRY)


def remove(path: Path) -> bool:
    """Remove an entry; False if another process has it open, or it cannot be removed."""
    release(path)
    try:
        if path.is_file():
            path.unlink()
            return True
        if not LOCKS:
            shutil.rmtree(path)
            return True
        import fcntl

        handle = os.open(path / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path)
        finally:
            os.close(handle)
    except OSError:
        return False
    return True


def make_room(newest: Path, most: int) -> None:
    """Remove the least recently used entries beyond `most` bytes; the newest one stays."""
    total = 0
    for entry in sorted(entries(newest.parent), key=lambda entry: -entry.used):
        total += entry.size
        if total > most and entry.path != newest:
            remove(entry.path)


def clear() -> tuple[list[CacheEntry], list[CacheEntry]]:
    """Remove all entries.

    Returns:
        Those that were removed, and those that are in use or cannot be removed.
    """
    removed: list[CacheEntry] = []
    kept: list[CacheEntry] = []
    for entry in list(entries()):
        (removed if remove(entry.path) else kept).append(entry)
    return removed, kept

"""Arrays of an encoded corpus, kept as memory-mapped files of the cache.

A file is named by a digest of its content, so that both change in one rename; `arrays.json`, which is written last,
names the files of an entry. What is damaged is made again.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.lib.format import header_data_from_array_1_0, write_array_header_1_0
from numpy.typing import NDArray

from seqnlp.arrays import BLOCK, smallest
from seqnlp.notes import note
from seqnlp.readers import cache
from seqnlp.run.digests import DIGEST, ZEROS, digest_of, seal, sealed_digest
from seqnlp.units import file_size
from seqnlp.version import VERSION

LARGE = 1 << 24
"""Bytes of text from which on what is encoded is kept: less is encoded again sooner than it is looked for."""

MOST_BYTES = 20 * 10**9
"""Size of all encoded columns in the cache, at most: the least recently used go first."""

_keeps: ContextVar[bool] = ContextVar("keeps", default=True)

INDEX = "arrays.json"
TEMPORARY = ".tmp"
"""End of the name of a file that is being written."""


@contextmanager
def nothing_kept() -> Iterator[None]:
    """Keep nothing in the cache of what is encoded in this block."""
    token = _keeps.set(False)
    try:
        yield
    finally:
        _keeps.reset(token)


def may_keep() -> bool:
    """True if the cache may be written now."""
    return _keeps.get()


def is_kept(size: int) -> bool:
    """True if a text of so many bytes is kept."""
    return size >= LARGE and may_keep()


@dataclass(frozen=True)
class KeptArrays:
    """Content of an entry."""

    arrays: Mapping[str, NDArray[Any]]
    """Memory-mapped arrays by name."""
    data: Any
    """Whatever else belongs to them, as parsed JSON."""


@final
class ArrayFile:
    """A `.npy` file that grows. Its integers get wider as larger ones come."""

    def __init__(self, folder: Path, stem: str, kind: Any) -> None:
        """Open a file under a temporary name, which no other process takes; those of killed processes are removed."""
        self.folder, self.stem, self.kind, self.total = folder, stem, np.dtype(kind), 0
        cache.remove_leftovers(folder.glob(f"{stem}.*{TEMPORARY}"))
        self._file = tempfile.NamedTemporaryFile(suffix=TEMPORARY, prefix=f"{stem}.", dir=folder, delete=False)  # noqa: SIM115
        self.path = Path(self._file.name)
        cache.try_lock(self._file.fileno())
        try:
            self._header_ends = self._write_header()
        except BaseException:
            self.discard()
            raise

    def _write_header(self) -> int:
        """Write the header; numpy pads all to one length, which is returned."""
        shape = np.broadcast_to(np.zeros((), self.kind), self.total)
        self._file.seek(0)
        write_array_header_1_0(self._file, {**header_data_from_array_1_0(shape), "fortran_order": False})
        self._file.flush()
        return self._file.tell()

    def append(self, values: NDArray[Any]) -> None:
        """Append to the array.

        Raises:
            OSError: the disk is full.
        """
        if self.kind.kind == "i" and len(values):
            needed = smallest(np.array([values.min(), values.max()])).dtype
            if needed.itemsize > self.kind.itemsize:
                self._widen(needed)
        self._file.write(np.ascontiguousarray(values, self.kind).data)
        self.total += len(values)

    def _widen(self, kind: np.dtype[Any]) -> None:
        """Write all over again in a wider type, block by block."""
        wider = ArrayFile(self.folder, self.stem, kind)
        try:
            self._file.seek(self._header_ends)
            while content := self._file.read(BLOCK * self.kind.itemsize):
                wider.append(np.frombuffer(content, self.kind))
        except BaseException:
            wider.discard()
            raise
        self.discard()
        self.path, self._file, self.kind = wider.path, wider._file, kind

    def finish(self) -> Path:
        """Complete the file and give it its name."""
        self._write_header()
        self._file.close()
        path = self.folder / digest_name(self.path, self.stem)
        self.path.replace(path)
        return path

    def discard(self) -> None:
        """Remove the file, unless it is finished."""
        with suppress(OSError):  # what is still in the buffer may not fit on the disk
            self._file.close()
        self.path.unlink(missing_ok=True)


def digest_name(path: Path, stem: str) -> str:
    """Name of a file with a digest of its content."""
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        return f"{stem}-{digest_of(memoryview(content))}.npy"


def map_array(path: Path) -> NDArray[Any]:
    """Map an array into memory.

    Raises:
        ValueError: the file is damaged.
    """
    stem, _, _ = path.name.rpartition("-")
    if digest_name(path, stem) != path.name:
        raise ValueError(f"{path} is damaged")
    mapped: NDArray[Any] = np.load(path, mmap_mode="r")
    return mapped


@final
class Arrays:
    """Arrays of an entry that is being written."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.files = folder, dict[str, ArrayFile]()

    def array(self, name: str, kind: Any) -> ArrayFile:
        """Begin an array; integers grow as wide as they need to be."""
        self.files[name] = ArrayFile(self.folder, name, kind)
        return self.files[name]


def keep_arrays(key: Sequence[str], what: str, make: Callable[[Arrays], Any]) -> KeptArrays | None:
    """Take arrays from the cache, or make them and keep them there.

    Args:
        key: All that the arrays depend on; versions of seqnlp have their own.
        what: Name of what is encoded, in messages.
        make: Writes the arrays; returns what else belongs to them, for JSON.

    Returns:
        The arrays; None, with a note, if the cache can't be written.

    Raises:
        seqnlp.errors.DataError: what `make` raises.
    """
    digest = hashlib.sha256(json.dumps([cache.VERSION, VERSION, *key]).encode())
    folder = cache.column_folder() / digest.hexdigest()[:32]
    with suppress(OSError):  # a cache that can only be read has no locks
        cache.hold(folder)
    try:
        found = _read(folder) or _write(folder, what, make)
    except OSError as error:
        cause = error.strerror or error
        note(f"{what} is encoded in memory: can't write {folder.parent} ({cause}); XDG_CACHE_HOME names another place")
        return None
    with suppress(OSError):
        cache.record(folder, "columns", {})
        cache.make_room(folder, MOST_BYTES)
    return found


def _read(folder: Path) -> KeptArrays | None:
    """Read an entry; None if there is none. A damaged one is removed, with a note."""
    try:
        content = (folder / INDEX).read_bytes()
    except FileNotFoundError:
        return None
    try:
        digests = sealed_digest(content)
        if digests is None or digests[0] != digests[1]:
            raise ValueError(f"{INDEX} is damaged")
        said = json.loads(content)
        return KeptArrays(
            {name: map_array(folder / Path(file).name) for name, file in said["files"].items()}, said["data"]
        )
    except (ValueError, LookupError, TypeError, AttributeError, FileNotFoundError):
        note(f"{folder}: damaged; it is encoded anew")
        for path in [folder / INDEX, *folder.glob("*.npy")]:
            path.unlink(missing_ok=True)
        return None


def _write(folder: Path, what: str, make: Callable[[Arrays], Any]) -> KeptArrays:
    """Write an entry. Processes that do so at the same time write the same files."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = Arrays(folder)
    try:
        data = make(arrays)
        paths = {name: file.finish() for name, file in arrays.files.items()}
    finally:
        for file in arrays.files.values():
            file.discard()
    index = {DIGEST: ZEROS, "files": {name: path.name for name, path in paths.items()}, "data": data}
    with tempfile.NamedTemporaryFile(suffix=TEMPORARY, prefix=INDEX, dir=folder, delete=False) as written:
        try:
            written.write(seal(json.dumps(index).encode()))
            written.close()
            Path(written.name).replace(folder / INDEX)
        finally:
            Path(written.name).unlink(missing_ok=True)
    size = file_size(sum(path.stat().st_size for path in paths.values()))
    note(f"{what} is encoded once, and kept in the cache ({size}); data.keep_in_memory = true does without")
    return KeptArrays({name: np.load(path, mmap_mode="r") for name, path in paths.items()}, data)

"""Text files as lines: strict UTF-8, gzip decompressed, one clear line about any error."""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import IO, Any, cast, final

from seqnlp.errors import DataError
from seqnlp.lines import line_limit, long_line
from seqnlp.spelling import nearest

BOM = "\ufeff"
GZIP = b"\x1f\x8b"
UTF16 = (b"\xff\xfe", b"\xfe\xff")

BLOCK = 1 << 16
"""Bytes that are read at once."""

LEAST, RATIO = 100_000_000, 200
"""Limits against gzip bombs: decompressed bytes that any file may hold, and the largest compression ratio beyond."""


def open_text(path: Path) -> Iterator[str]:
    """Yield the lines of a file without their ends (LF or CR LF); a byte order mark is dropped.

    A file that is compressed with gzip is read as if it were not, whatever it is called.

    Raises:
        seqnlp.errors.DataError: no such file, a folder, a binary file, or, with its line, what is not UTF-8 or too
            long.
    """
    for line in raw_lines(path):
        yield line.rstrip("\r\n")


def read_text(path: Path) -> str:
    """Read a whole file, with LF at the end of lines. The same errors as `open_text`."""
    return "".join(raw_lines(path)).replace("\r\n", "\n")


def raw_lines(path: Path, keep_mark: bool = False) -> Iterator[str]:
    """Yield the lines of a file unchanged, with their ends; the same errors as `open_text`."""
    with open_bytes(path) as file:
        for number, raw in enumerate(chain.from_iterable(_blocks_of_lines(file, path)), 1):
            if number == 1 and raw.startswith(UTF16):
                raise DataError("this is UTF-16 text; expected UTF-8", path)
            if b"\0" in raw:
                raise DataError("a NUL byte: this is a binary file; expected UTF-8 text", path, number)
            try:
                line = raw.decode()
            except UnicodeDecodeError as error:
                byte = f"byte 0x{raw[error.start]:02x} in column {error.start + 1}"
                raise DataError(f"{byte} is not UTF-8; convert the file to UTF-8", path, number) from None
            yield line.removeprefix(BOM) if number == 1 and not keep_mark else line


def _blocks_of_lines(file: IO[bytes], path: Path) -> Iterator[list[bytes]]:
    """Lines of a file with their ends, block by block."""
    limit, number = line_limit(), 0
    while block := file.read(min(BLOCK, limit)):
        if not block.endswith(b"\n"):
            block += file.readline(limit + len("\r\n"))
        lines = io.BytesIO(block).readlines()
        number += len(lines)
        last = lines[-1].rstrip(b"\r\n")  # no other one can be longer than a block
        if len(last) > limit and b"\0" not in last:
            raise long_line(path, number)
        yield lines


@contextmanager
def open_bytes(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for reading, decompressed if it is gzip.

    Raises:
        seqnlp.errors.DataError: if it cannot be opened or is broken.
    """
    check_file(path)
    try:
        with path.open("rb") as file:
            compressed = file.read(len(GZIP)) == GZIP
            file.seek(0)
            yield cast(IO[bytes], io.BufferedReader(_Inflated(file, path), 1 << 16)) if compressed else file
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"a broken gzip file: {error}", path) from None
    except OSError as error:
        raise DataError(error.strerror or str(error), path) from None


@final
class _Inflated(io.RawIOBase):
    """Bytes of a gzip file; refused if far more than its size."""

    def __init__(self, file: IO[bytes], path: Path) -> None:
        self._bytes, self._path, self._size, self._read = gzip.GzipFile(fileobj=file), path, path.stat().st_size, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._bytes.readinto(buffer)
        self._read += count
        if self._read > max(LEAST, RATIO * self._size):
            raise DataError(
                f"a gzip file of {self._size:,} bytes that holds more than {RATIO} times as many", self._path
            )
        return count


def check_file(path: Path) -> None:
    """Check that a file exists.

    Raises:
        seqnlp.errors.DataError: naming the nearest file that there is.
    """
    if path.is_dir():
        raise DataError("this is a folder; expected a file", path)
    if not path.exists():
        beside = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
        close = nearest(path.name, beside)
        raise DataError("no such file" + (f"; did you mean {path.parent / close}?" if close else ""), path)
    if not path.is_file():
        raise DataError("not a regular file", path)


def suffix_of(path: Path) -> str:
    """Ending of the name of a file; of one that is compressed with gzip, that before `.gz`."""
    return Path(path.name.removesuffix(".gz")).suffix


def sha256(paths: Iterable[Path]) -> str:
    """SHA-256 of files, one after the other; of a single file that of `sha256sum`.

    Raises:
        seqnlp.errors.DataError: if one cannot be read.
    """
    digest = hashlib.sha256()
    for path in paths:
        check_file(path)
        try:
            with path.open("rb") as file:
                hashlib.file_digest(file, lambda: digest)
        except OSError as error:
            raise DataError(error.strerror or str(error), path) from None
    return digest.hexdigest()

"""Text files as lines: strictly decoded, gzip decompressed, one clear line about any error."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import os
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from fnmatch import fnmatchcase
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import IO, Any, cast, final

from seqnlp.errors import DataError
from seqnlp.lines import line_limit, long_line
from seqnlp.notes import note
from seqnlp.readers.encodings import CONTROLS, UTF8, is_utf8, likely_encoding, wide_encoding
from seqnlp.spelling import nearest
from seqnlp.units import count_of

BOM = "\ufeff"
GZIP = b"\x1f\x8b"
UTF16 = (b"\xff\xfe", b"\xfe\xff")

WITH_LF, OLD_MAC = re.compile(r"\n"), re.compile(r"\r\n?|\n")
"""Ends of lines."""

COLUMNS = 10_000
"""Columns that are counted in messages."""

BLOCK = 1 << 16
"""Bytes that are read at once."""

LEAST, RATIO = 100_000_000, 200
"""Limits against gzip bombs: decompressed bytes that any file may hold, and the largest compression ratio beyond."""


def open_text(path: Path, encoding: str | None = None) -> Iterator[str]:
    """Yield the lines of a file without their ends; a byte order mark is dropped.

    Lines end with LF or CR LF; with CR where the file begins with many of these and no LF, as of old Macs.
    A file that is compressed with gzip is read as if it were not, whatever it is called.

    Args:
        path: The file.
        encoding: That of `data.reader.encoding`; None: UTF-8, and no setting could change it.

    Raises:
        seqnlp.errors.DataError: no such file, a folder, a binary file, or, with its line, what is not in this
            encoding or too long.
    """
    for line in raw_lines(path, encoding=encoding):
        yield line.rstrip("\r\n")


def read_text(path: Path, encoding: str | None = None) -> str:
    """Read a whole file, with LF at the end of lines. The same errors as `open_text`."""
    return "".join(raw_lines(path, encoding=encoding)).replace("\r\n", "\n").replace("\r", "\n")


def raw_lines(path: Path, keep_mark: bool = False, encoding: str | None = None) -> Iterator[str]:
    """Yield the lines of a file unchanged, with their ends; the same errors as `open_text`."""
    with open_bytes(path) as file:
        first = file.read(BLOCK)
    with open_bytes(path) as file:
        if (encoding is None or is_utf8(encoding)) and not _ends_with_cr(first):
            lines = _utf8_lines(file, path, encoding)
        else:
            lines = _decoded_lines(file, path, encoding)
        for number, line in enumerate(lines, 1):
            yield line.removeprefix(BOM) if number == 1 and not keep_mark else line


def _ends_with_cr(first: bytes) -> bool:
    """True for the beginning of lines that end with CR."""
    return b"\r" in first.rstrip(b"\r\n") and b"\n" not in first and b"\0" not in first


def _utf8_lines(file: IO[bytes], path: Path, encoding: str | None) -> Iterator[str]:
    """Lines of UTF-8 that end with LF."""
    for number, raw in enumerate(chain.from_iterable(_blocks_of_lines(file, path)), 1):
        if b"\0" in raw or (number == 1 and raw.startswith(UTF16)):
            raise _binary(path, number, encoding)
        try:
            yield raw.decode()
        except UnicodeDecodeError as error:
            byte = f"byte 0x{raw[error.start]:02x} in column {error.start + 1}"
            raise _undecodable(path, number, byte, encoding) from None


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


def _binary(path: Path, line: int, encoding: str | None) -> DataError:
    """Error about zeros in a file: text in UTF-16 or UTF-32, or no text."""
    with open_bytes(path) as file:
        found = wide_encoding(file.read(BLOCK))
    if found is None:
        return DataError("a NUL byte: this is a binary file; expected UTF-8 text", path, line)
    name = found.upper().replace("-LE", "").replace("-BE", "")
    return DataError(f"this is {name} text; expected {_expected(encoding)}", path, hint=_hint(found, encoding))


def _undecodable(path: Path, line: int, found: str, encoding: str | None) -> DataError:
    """Error about bytes of another encoding, with the likeliest one."""
    with open_bytes(path) as file:
        likely = likely_encoding(iter(lambda: file.read(BLOCK), b""))
    return DataError(f"{found} is not {_expected(encoding)}", path, line, _hint(likely, encoding))


def _expected(encoding: str | None) -> str:
    """Name of an encoding for people."""
    return "UTF-8" if encoding is None or is_utf8(encoding) else encoding


def _hint(likely: str, encoding: str | None) -> str:
    """Way to read a file of another encoding."""
    if encoding is None:
        return f"convert the file to UTF-8 (it looks like {likely})"
    if likely == encoding:
        return ""
    return f'data.reader.encoding = "{likely}" reads it'


def decoded(path: Path, encoding: str, size: int = BLOCK) -> Iterator[str]:
    """Yield the text of a file in pieces, cut anywhere. A byte order mark is dropped.

    Args:
        path: The file.
        encoding: Its encoding.
        size: Bytes that are read at once.

    Raises:
        seqnlp.errors.DataError: as `open_text`, but for the length of lines.
    """
    with open_bytes(path) as file:
        first = True
        for text in _pieces(file, path, encoding, size):
            yield text.removeprefix(BOM) if first else text
            first = first and not text


def _pieces(file: IO[bytes], path: Path, encoding: str | None, size: int) -> Iterator[str]:
    """Characters of an open file in pieces, cut anywhere."""
    decoder = codecs.getincrementaldecoder(encoding or UTF8)()
    lines, begun = 1, ""
    first = True
    while True:
        block = file.read(size)
        if first:
            if block.startswith(UTF16) and is_utf8(encoding or UTF8):
                raise _binary(path, 1, encoding)
            _doubt(block, path, encoding or UTF8)
            first = False
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            raw, start = bytes(error.object), error.start
            before = raw[:start].decode(encoding or UTF8, "replace")
            line = lines + before.count("\n")
            if error.reason == "unexpected end of data" and not block:
                raise DataError("the file ends in the middle of a character", path, line) from None
            column = len((begun + before).rpartition("\n")[2]) + 1
            byte = f"byte 0x{raw[start]:02x} in column {column}"
            raise _undecodable(path, line, byte, encoding) from None
        except UnicodeError as error:
            raise _undecodable(path, lines, f"this ({error})", encoding) from None
        if "\0" in text:
            raise _binary(path, lines + text[: text.index("\0")].count("\n"), encoding)
        lines += text.count("\n")
        begun = (begun + text).rpartition("\n")[2][-COLUMNS:]
        if text:
            yield text
        if not block:
            return


def _doubt(block: bytes, path: Path, encoding: str) -> None:
    """Note bytes that another encoding fits better, though this one takes any."""
    if is_utf8(encoding) or wide_encoding(block):
        return
    with suppress(UnicodeDecodeError):
        cut = block.rstrip(bytes(range(0x80, 0x100))) or block  # the last character may be cut
        if any(byte > 0x7F for byte in cut) and cut.decode():
            note(f'{path}: read as {encoding}, but its bytes are UTF-8; data.reader.encoding = "utf-8" reads them')
            return
    with suppress(UnicodeDecodeError):
        if CONTROLS.search(block.decode(encoding)) and not CONTROLS.search(block.decode("cp1252")):
            hint = 'data.reader.encoding = "cp1252" has quotes and the euro sign there'
            note(f"{path}: read as {encoding}, it has control characters; {hint}")


def _decoded_lines(file: IO[bytes], path: Path, encoding: str | None) -> Iterator[str]:
    """Lines of any encoding, with their ends."""
    limit, rest, number = line_limit(), "", 0
    ends: re.Pattern[str] | None = None
    for text in _pieces(file, path, encoding, BLOCK):
        if ends is None:
            ends = OLD_MAC if "\r" in text.rstrip("\r\n") and "\n" not in text else WITH_LF
        whole = rest + text
        held = whole.endswith("\r")  # perhaps half of a line end
        begin = 0
        for end in ends.finditer(whole, 0, len(whole) - held):
            line, begin = whole[begin : end.end()], end.end()
            number += 1
            if len(line) > limit and len(line.rstrip("\r\n")) > limit:
                raise long_line(path, number)
            yield line
        rest = whole[begin:]
        if len(rest) > limit + len("\r"):
            raise long_line(path, number + 1)
    if rest:
        yield rest


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


def locate_files(source: str, find: Callable[[str], Path]) -> Path:
    """Locate a file, or the folder of a pattern such as `books/*.txt`.

    Args:
        source: A path as in a recipe; `*` stands for any characters, `?` for one, in names but not in folders.
        find: Resolves a path; one of a folder ends with `/`.

    Returns:
        The path, the pattern still in it.
    """
    if not _has_wildcard(source):
        return find(source)
    with suppress(DataError):  # a file of this very name
        return find(source)
    folder, name = os.path.split(source)
    return find(f"{folder or '.'}/") / name


def matching_files(path: Path) -> list[Path]:
    """Files that a pattern names, sorted by name; a path without one is returned as it is.

    Raises:
        seqnlp.errors.DataError: no file matches; a link that does leads nowhere.
    """
    if not _has_wildcard(path.name) or path.is_file():
        return [path]
    beside = path.parent.iterdir() if path.parent.is_dir() else []
    named = sorted(file for file in beside if fnmatchcase(file.name, path.name.replace("[", "[[]")))
    if lost := [file for file in named if not file.exists()]:  # left out, a part of the corpus would be missing
        raise DataError("this link leads to no file", lost[0])
    found = [file for file in named if file.is_file()]
    folders = [file.name for file in named if file.is_dir() and not file.name.startswith(".")]
    if not found:
        hint = f"; but the folder {folders[0]} does: name the files in it" if folders else ""
        raise DataError(f"no file matches this pattern{hint}", path)
    if folders:
        note(f"{path}: this pattern matches {count_of(folders, 'folder')}, too, whose files are left out")
    return found


def _has_wildcard(name: str) -> bool:
    return "*" in name or "?" in name


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


@lru_cache(256)
def _sha256_of(path: Path, device: int, inode: int, size: int, modified: int, changed: int) -> str:
    return sha256([path])


def sha256_once(path: Path) -> str:
    """SHA-256 of a file, read once.

    It is read again where its times or its size are others.

    Raises:
        seqnlp.errors.DataError: if it cannot be read.
    """
    check_file(path)
    stat = path.stat()
    return _sha256_of(path.absolute(), stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)


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

"""Files of pretrained word vectors: text, binaries of word2vec and fastText, arrays beside a list of words."""

from __future__ import annotations

import gzip
import json
import mmap
import struct
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast, final

import numpy as np
from numpy.typing import NDArray

from seqnlp.codecs.text import composed
from seqnlp.errors import DataError

Matrix = NDArray[np.float32]

GZIP, NPY, ZIP, FASTTEXT = b"\x1f\x8b", b"\x93NUMPY", b"PK\x03\x04", struct.pack("<i", 793712314)
PICKLES = tuple(b"\x80" + bytes([protocol]) for protocol in range(2, 6))

WORD = 0
"""Type of the entries of fastText's dictionary that are no labels."""

WORD_LISTS = (".words", ".vocab", ".txt", ".json", ".parquet")
"""Endings of a list of words beside an array of the same name."""


class VectorFile(ABC):
    """Words and their vectors; those that are kept are copied."""

    path: Path
    size: int
    """Numbers of a vector."""

    @abstractmethod
    def select(self, most: int, looked_up: Callable[[str], bool]) -> tuple[list[str], Matrix]:
        """Copy the first words, and those beyond that are looked up.

        Returns:
            Words in composed form (NFC), and their vectors; shape (words, size).
        """

    def subwords(self) -> SubwordVectors | None:
        """Vectors of character n-grams, in fastText's binaries."""
        return None


def open_vectors(path: Path, words: Path | None = None) -> VectorFile:
    """Open a file of vectors, whose format its first bytes tell.

    Args:
        path: The file.
        words: List of words of an array; by default the file beside it with the same name and another ending.

    Raises:
        seqnlp.errors.DataError: it can't be read, or is no file of vectors.
    """
    with _opened(path) as file:
        start = file.read(16)
    if start.startswith(NPY):
        return ArrayFile(path, _npy(path), words)
    if path.suffix == ".safetensors":
        return ArrayFile(path, _safetensors(path), words)
    if words is not None:
        raise DataError("carries its words itself, but a list of words is given, too", path)
    if start.startswith(FASTTEXT):
        return FastTextFile(path)
    if start.startswith(PICKLES):
        raise DataError("a pickle, which is never read; save the vectors in word2vec's format", path)
    if start.startswith(ZIP):
        raise DataError("a zip archive; unpack it and name the file of vectors in it", path)
    return Word2VecFile(path) if _is_word2vec_binary(path) else TextFile(path)


@final
class TextFile(VectorFile):
    """Text: a word and its numbers a line; gzip or not.

    The first line may be a header of two numbers.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        parts = next((parts for _, parts in self._rows()), None)
        if parts is None:
            raise DataError("no vectors in it", path)
        self.size = len(parts) - 1

    def select(self, most: int, looked_up: Callable[[str], bool]) -> tuple[list[str], Matrix]:
        size, words, rows = self.size, list[str](), list[Matrix]()
        for line, parts in self._rows():
            if not 0 < size < len(parts):
                expected = f"expected {size or 'some'} numbers after the word {parts[0][:40]!r}"
                raise DataError(f"{expected}, found {len(parts) - 1}", self.path, line)
            word, numbers = composed(" ".join(parts[:-size])), parts[-size:]  # a few words of GloVe hold blanks
            if len(words) < most or looked_up(word):
                try:
                    rows.append(np.array(numbers, np.float32))
                except ValueError:
                    raise DataError(f"not a number after the word {word[:40]!r}", self.path, line) from None
                if not np.isfinite(rows[-1]).all():
                    raise DataError(f"an infinite number, or none, after the word {word[:40]!r}", self.path, line)
                words.append(word)
        return words, np.stack(rows)

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        with _opened(self.path) as file:
            for number, raw in enumerate(file, start=1):
                line = raw.decode(errors="replace")
                header = number == 1 and _header(line) is not None
                if not header and line.strip():
                    yield number, line.rstrip().split(" ")


@final
class Word2VecFile(VectorFile):
    """Binary of word2vec: a header, then each word, a blank, and its numbers."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._bytes = _mapped(path)
        start = self._bytes.find(b"\n") + 1
        header = _header(bytes(self._bytes[:start]).decode())
        assert header is not None
        self._count, self.size = header
        self._start = start

    def select(self, most: int, looked_up: Callable[[str], bool]) -> tuple[list[str], Matrix]:
        words, places = list[str](), list[int]()
        for word, place in self._places():
            if len(words) < most or looked_up(word):
                words.append(word)
                places.append(place)
        matrix = np.empty((len(words), self.size), np.float32)
        for row, place in enumerate(places):
            matrix[row] = np.frombuffer(self._bytes, "<f4", self.size, place)
        return words, _finite(matrix, words, self.path)

    def _places(self) -> Iterator[tuple[str, int]]:
        at, width = self._start, 4 * self.size
        for number in range(self._count):
            blank = self._bytes.find(b" ", at, at + 10_000)
            if blank < 0 or blank + 1 + width > len(self._bytes):
                raise DataError(f"it ends within word {number + 1:,} of {self._count:,}", self.path)
            yield composed(self._bytes[at:blank].strip().decode(errors="replace")), blank + 1
            at = blank + 1 + width


@final
class ArrayFile(VectorFile):
    """Memory-mapped array with a row a word, and their list."""

    def __init__(self, path: Path, array: NDArray[Any], words: Path | None) -> None:
        self.path, self._array = path, array
        if array.ndim != 2 or array.dtype.kind not in "fV" or not array.size:
            raise DataError(f"expected a matrix of floats, found {array.dtype} of shape {array.shape}", path)
        self.size = array.shape[1]
        found = words if words is not None else _word_list(path)
        self._words = read_words(found)
        if len(self._words) != len(array):
            raise DataError(f"{len(array):,} vectors, but {found} has {len(self._words):,} words", path)

    def select(self, most: int, looked_up: Callable[[str], bool]) -> tuple[list[str], Matrix]:
        numbers = [number for number, word in enumerate(self._words) if number < most or looked_up(word)]
        words = [self._words[number] for number in numbers]
        return words, _finite(_floats(self._array[numbers]), words, self.path)


@final
class FastTextFile(VectorFile):
    """Binary of fastText: words and character n-grams in one matrix; a word's vector is the mean of its rows."""

    def __init__(self, path: Path) -> None:
        self.path = path
        reader = _Reader(_mapped(path), path)
        reader.skip(4)
        version, dim, *_, bucket, minn, maxn, _rate = reader.numbers("<13i")
        reader.skip(8)
        if version != 12:
            raise DataError(f"format {version} of fastText; expected 12", path)
        size, count, _labels, _tokens, pruned = reader.numbers("<iiiqq")
        entries = [(reader.text(), reader.numbers("<qb")[1]) for _ in range(size)]
        reader.skip(8 * max(pruned, 0))
        if reader.numbers("<b") != (0,) or pruned >= 0:
            raise DataError("a quantised model of fastText; expected the .bin that it was made of", path)
        rows, self.size = reader.numbers("<qq")
        if self.size != dim or not count <= rows <= count + bucket:
            raise DataError(f"damaged: {rows:,} rows of {self.size} numbers, but {count:,} words of {dim}", path)
        self._raw = [word for word, kind in entries if kind == WORD]
        self._words = [composed(word) for word in self._raw]
        self._matrix = reader.matrix(rows, self.size)
        ngrams = Ngrams(minn, maxn, bucket if maxn > 0 else 0)
        self._subwords = SubwordVectors(ngrams, self._matrix[count:]) if ngrams.buckets else None

    def select(self, most: int, looked_up: Callable[[str], bool]) -> tuple[list[str], Matrix]:
        numbers = [number for number, word in enumerate(self._words) if number < most or looked_up(word)]
        matrix = np.empty((len(numbers), self.size), np.float32)
        for row, number in enumerate(numbers):
            parts = self._matrix[number][None]
            if self._subwords is not None and self._raw[number] != "</s>":
                parts = np.concatenate([parts, self._subwords.rows(self._raw[number])])
            matrix[row] = parts.mean(0)
        words = [self._words[number] for number in numbers]
        return words, _finite(matrix, words, self.path)

    def subwords(self) -> SubwordVectors | None:
        return self._subwords


@dataclass(frozen=True)
class Ngrams:
    """Character n-grams of a word between `<` and `>`, hashed into buckets (Bojanowski et al., 2017)."""

    shortest: int
    longest: int
    buckets: int

    def of(self, word: str) -> list[int]:
        """Bucket of each n-gram.

        Hashed by FNV-1a over UTF-8 bytes as signed numbers, as in fastText.
        """
        letters = [letter.encode(errors="replace") for letter in f"<{word}>"]
        found = []
        for start in range(len(letters)):
            value = 2166136261
            for stop in range(start, min(len(letters), start + self.longest)):
                for byte in letters[stop]:
                    signed = byte | 0xFFFFFF00 if byte > 127 else byte
                    value = (value ^ signed) * 16777619 & 0xFFFFFFFF
                length = stop - start + 1
                alone = length == 1 and (start == 0 or stop == len(letters) - 1)
                if length >= self.shortest and not alone:
                    found.append(value % self.buckets)
        return found


@dataclass(frozen=True)
class SubwordVectors:
    """Vectors of the buckets of n-grams, mapped into memory."""

    ngrams: Ngrams
    matrix: NDArray[Any]
    """Shape (buckets, size)."""

    def rows(self, word: str) -> NDArray[Any]:
        """Vectors of the n-grams of a word; shape (n-grams, size)."""
        return self.matrix[self.ngrams.of(word)]


def read_words(path: Path) -> list[str]:
    """Read a list of words in composed form: a word a line, a JSON list, or the text column of a parquet file.

    Raises:
        seqnlp.errors.DataError: it can't be read, or is no such list.
    """
    if path.suffix == ".parquet":
        words = _parquet_words(path)
    elif path.suffix == ".json":
        with _opened(path) as file:
            try:
                words = json.loads(file.read())
            except ValueError as error:
                raise DataError(f"not JSON: {error}", path) from None
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise DataError("expected a JSON list of words", path)
    else:
        with _opened(path) as file:
            words = [line.decode(errors="replace").rstrip("\r\n") for line in file]
    return [composed(word) for word in words]


def _parquet_words(path: Path) -> list[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"not a parquet file: {error}", path) from None
    kinds = (pa.string(), pa.large_string())
    texts = [field.name for field in table.schema if field.type in kinds]
    if len(texts) != 1:
        raise DataError(f"expected one column of text, found {', '.join(texts) or 'none'}", path)
    words = table.column(texts[0]).to_pylist()
    return [word or "" for word in words]


def _word_list(path: Path) -> Path:
    """List of words beside an array: of the same name, else the only one in its folder."""
    named = [path.with_suffix(ending) for ending in WORD_LISTS]
    others = sorted(file for file in path.parent.iterdir() if file.suffix in WORD_LISTS)
    found = [file for file in named if file.is_file()][:1] or others
    if len(found) != 1:
        problem = (
            f"several lists of words beside it ({', '.join(file.name for file in found)[:200]})"
            if found
            else (f"no list of its words beside it, as {named[0].name}")
        )
        raise DataError(problem, path, hint="name the list with embedding.vectors.words")
    return found[0]


def _npy(path: Path) -> NDArray[Any]:
    try:
        return cast(NDArray[Any], np.load(path, mmap_mode="r", allow_pickle=False))
    except (ValueError, OSError, EOFError) as error:
        raise DataError(f"no array that can be read: {error}", path) from None


def _safetensors(path: Path) -> NDArray[Any]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "numpy") as file:
            shapes = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118
            matrices = [name for name, shape in shapes.items() if len(shape) == 2]
            if len(matrices) != 1:
                found = ", ".join(f"{name} {shape}" for name, shape in shapes.items()) or "none"
                raise DataError(f"expected one matrix, found {found[:200]}", path)
            return cast(NDArray[Any], file.get_tensor(matrices[0]))
    except (SafetensorError, OSError, TypeError) as error:
        raise DataError(f"no safetensors file that can be read: {error}", path) from None


def _floats(array: NDArray[Any]) -> Matrix:
    return np.ascontiguousarray(array, np.float32)


def _finite(matrix: Matrix, words: Sequence[str], path: Path) -> Matrix:
    wrong = np.flatnonzero(~np.isfinite(matrix).all(1))
    if len(wrong):
        raise DataError(f"an infinite number, or none, in the vector of {words[int(wrong[0])][:40]!r}", path)
    return matrix


def _header(line: str) -> tuple[int, int] | None:
    """Numbers of words and of dimensions in a header; else None."""
    parts = line.split()
    return (int(parts[0]), int(parts[1])) if len(parts) == 2 and all(map(_is_number, parts)) else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _is_word2vec_binary(path: Path) -> bool:
    """Test for a header that no line of text follows."""
    with _opened(path) as file:
        first = file.readline(100)
        try:
            header = _header(first.decode())
        except UnicodeDecodeError:
            return False
        if header is None or not first.endswith(b"\n") or header[1] < 1:
            return False
        record = file.readline(10_000_000)
    if not record.strip():
        return False
    try:
        list(map(float, record.split()[-header[1] :]))
    except ValueError:
        return True
    return len(record.split()) <= header[1]


def _mapped(path: Path) -> mmap.mmap:
    try:
        with path.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:
        raise DataError(str(error), path) from None


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a file, decompressed if it is gzip."""
    try:
        with path.open("rb") as file:
            compressed = file.read(2) == GZIP
            file.seek(0)
            yield cast(IO[bytes], gzip.GzipFile(fileobj=file)) if compressed else file
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise DataError(f"a broken gzip file: {error}", path) from None
    except OSError as error:
        raise DataError(error.strerror or str(error), path) from None


@final
class _Reader:
    """Cursor over the bytes of a file of fastText."""

    def __init__(self, data: mmap.mmap, path: Path) -> None:
        self._data, self.path, self._at = data, path, 0

    def skip(self, count: int) -> None:
        self._at += count

    def numbers(self, layout: str) -> tuple[int, ...]:
        size = struct.calcsize(layout)
        if self._at + size > len(self._data):
            raise self._ended()
        found = struct.unpack_from(layout, self._data, self._at)
        self._at += size
        return found

    def text(self) -> str:
        stop = self._data.find(b"\0", self._at)
        if stop < 0:
            raise self._ended()
        text = self._data[self._at : stop].decode(errors="replace")
        self._at = stop + 1
        return text

    def matrix(self, rows: int, size: int) -> NDArray[Any]:
        if self._at + 4 * rows * size > len(self._data):
            raise self._ended()
        return np.frombuffer(self._data, "<f4", rows * size, self._at).reshape(rows, size)

    def _ended(self) -> DataError:
        return DataError(f"damaged: it ends after {len(self._data):,} bytes", self.path)

"""Contract of records that are read, and written again with columns added."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, Any, Generic, TypeVar, final

from seqnlp.errors import DataError
from seqnlp.json_text import to_json
from seqnlp.records.columns import Added, Values, check_distinct, check_free, named

BLOCK = 1024
"""Records that are handed on at once, at most."""

Lines = Iterator[list[str]]
"""Lines with their ends, a block as it arrives."""


class Block(ABC):
    """Some records."""

    texts: list[Any]
    """Cells of the column of texts: a string, a list of words, or None."""
    size: float
    """Part of the input, in its unit of progress."""

    @abstractmethod
    def rows(self) -> list[dict[str, Any]]:
        """Columns of each record, by name."""


B = TypeVar("B", bound=Block)


class Records(ABC, Generic[B]):
    """Records of an input with a column of texts."""

    source: str
    """Name of the input in messages."""
    column: str
    """Column of the texts."""
    format: str
    """Name of its format; empty for lines of text."""
    unit: str = "record"
    """Name of a record in messages."""
    total: float | None = None
    """Size of the input, in the unit of `Block.size`; None if unknown."""
    encoding: str = "utf-8"
    """Encoding of a text file."""

    @property
    def columns(self) -> Sequence[str]:
        """Columns that are known before the first record is read."""
        return []

    @abstractmethod
    def blocks(self) -> Iterator[B]:
        """Read the records, once.

        Raises:
            seqnlp.errors.DataError: what is wrong with the input, and where.
        """

    @abstractmethod
    def writer(self, out: IO[bytes], added: Sequence[Added]) -> Writer[B]:
        """Writer of the same format: what was there stays as it is, byte for byte.

        Raises:
            seqnlp.errors.DataError: the name of an added column is taken.
        """


class Writer(ABC, Generic[B]):
    """Writer of records with columns added."""

    @abstractmethod
    def write(self, block: B, values: Sequence[Values]) -> None:
        """Write some records with their added values."""

    @abstractmethod
    def close(self) -> None:
        """Write what follows the last record."""

    def abandon(self) -> None:
        """Release what is held for a file that stays incomplete."""


@final
class JsonLinesWriter(Writer[Block]):
    """Writer of JSON Lines: an object a record with its columns and the added ones."""

    def __init__(self, records: Records[Any], out: IO[bytes], added: Sequence[Added]) -> None:
        self._records, self._out, self._added, self._written = records, out, added, 0
        check_distinct(records.columns, records.source)
        check_free([column.name for column in added], records.columns, records.source)

    def write(self, block: Block, values: Sequence[Values]) -> None:
        for row, own in zip(block.rows(), values, strict=True):
            self._written += 1
            source = f"{self._records.source}, {self._records.unit} {self._written:,}"
            check_free([column.name for column in self._added], row, source)
            try:
                line = to_json({**row, **named(self._added, own)}, default=_text_of_other)
            except TypeError as error:
                raise DataError(str(error), source) from None
            self._out.write(line.encode("utf-8", "backslashreplace") + b"\n")
        self._out.flush()

    def close(self) -> None:
        self._out.flush()


def _text_of_other(value: Any) -> str:
    """Text of a value that JSON lacks, such as a date."""
    if isinstance(value, bytes | bytearray | memoryview):
        raise TypeError("bytes, which JSON cannot hold; a file of the input's own format keeps them")
    return str(value)


def text_cell(value: Any, source: str, place: str, column: str) -> Any:
    """Check the cell of a text.

    Returns:
        A text, a list of words, or None.

    Raises:
        seqnlp.errors.DataError: it is something else, or has half of a surrogate pair.
    """
    if value is None:
        return None
    words = value if isinstance(value, list) else [value]
    if not all(isinstance(word, str) for word in words):
        raise DataError(f"{column!r} is {to_json(value, default=str)[:40]}; expected text", f"{source}{place}")
    try:
        "".join(words).encode()
    except UnicodeEncodeError:
        problem = f"{column!r} has half of a surrogate pair, which is no character"
        raise DataError(problem, f"{source}{place}") from None
    return value


@final
class Feed:
    """Lines one after the other, which remembers those that were taken."""

    def __init__(self, arriving: Lines) -> None:
        self.arriving = arriving
        self.waiting: list[str] = []
        """Lines that have arrived, the next one last."""
        self.taken: list[str] = []
        self.number = 0
        """Number of the last line that was taken."""

    def __iter__(self) -> Iterator[str]:
        while True:
            if not self.waiting:
                block = next(self.arriving, None)
                if block is None:
                    return
                self.waiting = block[::-1]
                continue
            line = self.waiting.pop()
            self.number += 1
            self.taken.append(line)
            yield line

    def take(self) -> str:
        """Text of the lines taken since the last call."""
        text = "".join(self.taken)
        self.taken = []
        return text


R = TypeVar("R")


def in_blocks(records: Iterable[R], must_wait: Callable[[], bool]) -> Iterator[list[R]]:
    """Group records as they arrive: a slow writer gets answers at once.

    Args:
        records: The records.
        must_wait: True if the next one may not have arrived.
    """
    block: list[R] = []
    for record in records:
        block.append(record)
        if len(block) == BLOCK or must_wait():
            yield block
            block = []
    if block:
        yield block


def file_lines(path: Path, encoding: str = "utf-8") -> Lines:
    """Lines of a file with their ends, decompressed if it is gzip; the errors of `raw_lines`."""
    from seqnlp.readers.files import raw_lines

    lines = raw_lines(path, True, encoding)
    while block := list(islice(lines, BLOCK)):
        yield block

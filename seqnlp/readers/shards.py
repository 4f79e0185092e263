"""Shards of a streamed split: files that are read block by block."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from seqnlp.errors import DataError
from seqnlp.lines import with_line_limit
from seqnlp.readers.files import sha256
from seqnlp.readers.rows import Row, RowStream, features_of
from seqnlp.spelling import nearest_or_all

if TYPE_CHECKING:
    from datasets import Dataset, Features

PIECE = 1000
"""Rows that are Python values at once: an Arrow table has a small part of their size."""

Signature = list[tuple[int, int, int]]
"""Size, time of change and inode of files."""


class Shard(ABC):
    """File, or group of files, of a split."""

    def __init__(self, name: str, place: str, digest: str) -> None:
        """Store its names and digest.

        Args:
            name: Name that tells it from the others.
            place: Its name in messages.
            digest: Digest of its content.
        """
        self.name, self.place, self.digest = name, place, digest

    @abstractmethod
    def place_of(self, row: int, item: int) -> str:
        """Place of a row, or an item of it, in messages."""

    @abstractmethod
    def pieces(self, columns: Collection[str], first: int = 0) -> Iterator[Dataset]:
        """Read rows from number `first` on as small tables of these columns.

        Raises:
            seqnlp.errors.DataError: it can't be read; a column that is missing.
        """

    @abstractmethod
    def check(self) -> None:
        """Check that it is what it was when it was listed.

        Raises:
            seqnlp.errors.DataError: it is gone, or another.
        """


def signature_of(files: Sequence[Path]) -> Signature | None:
    """Signature of files; None if one is gone."""
    try:
        return [(found.st_size, found.st_mtime_ns, found.st_ino) for found in (path.stat() for path in files)]
    except OSError:
        return None


@final
class FileWatch:
    """Watch over files whose content must stay."""

    def __init__(self, files: Sequence[Path]) -> None:
        """Hash the files.

        Raises:
            seqnlp.errors.DataError: one can't be read.
        """
        self.files = files
        self._signature = signature_of(files)
        self.digest = sha256(files)

    def check(self) -> None:
        """Check that the content is the same; it is hashed only where size or time differ."""
        found = signature_of(self.files)
        if found == self._signature and found is not None:
            return
        if (gone := next((path for path in self.files if not path.exists()), None)) is not None:
            raise DataError("this shard of train is gone; put it back, and resume", gone)
        if sha256(self.files) != self.digest:
            changed = "this shard of train has changed since the training began; put the old one back, and resume"
            raise DataError(changed, self.files[0])
        self._signature = found


@final
class FileShard(Shard):
    """Shard of a reader of files."""

    def __init__(
        self,
        files: Sequence[Path],
        opened: Callable[[Collection[str]], RowStream],
        place_of: Callable[[int, int], str],
        max_line: int,
    ) -> None:
        """Hash the files.

        Args:
            files: The files.
            opened: Opens them for some columns.
            place_of: As the method of this name.
            max_line: Longest line that is read, in bytes.
        """
        self._watch = FileWatch(files)
        super().__init__(files[0].name, str(files[0]), self._watch.digest)
        self._opened, self._place_of, self._max_line = opened, place_of, max_line

    def place_of(self, row: int, item: int) -> str:
        with with_line_limit(self._max_line):
            return self._place_of(row, item)

    def check(self) -> None:
        self._watch.check()

    def pieces(self, columns: Collection[str], first: int = 0) -> Iterator[Dataset]:
        with with_line_limit(self._max_line):
            stream = self._opened(columns)
        known = list(stream.kinds)
        for name in columns:
            if name not in known:
                raise DataError(f"no column {name!r}: {nearest_or_all(name, known)}", self.place)
        features = features_of({name: stream.kinds[name] for name in columns})
        rows = islice(stream.rows(), first, None)
        while piece := self._next(rows):
            yield table_of(piece, features)

    def _next(self, rows: Iterator[Row]) -> list[Row]:
        """Take some rows; the limit of lines holds where they are read, not where they are used."""
        with with_line_limit(self._max_line):
            return list(islice(rows, PIECE))


def table_of(rows: Sequence[Row], features: Features) -> Dataset:
    """Make a table in memory of rows."""
    import pyarrow as pa

    columns = {name: [row[name] for row in rows] for name in features}
    return in_memory(pa.Table.from_pydict(columns, schema=features.arrow_schema), features)


def in_memory(table: Any, features: Features) -> Dataset:
    """Wrap an Arrow table."""
    import datasets

    # a fingerprint would be a hash of the rows, which nobody asks for
    return datasets.Dataset(table, info=datasets.DatasetInfo(features=features), fingerprint="streamed")

"""Streamed train: blocks of rows, one in memory at a time, and a sample."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import numpy as np
from numpy.typing import NDArray

from seqnlp.codecs.label_columns import label_texts
from seqnlp.errors import DataError
from seqnlp.notes import note, progress
from seqnlp.readers.base import Reader
from seqnlp.readers.empties import Need, empty_cells, empty_item
from seqnlp.readers.shards import Shard, in_memory

if TYPE_CHECKING:
    from datasets import Dataset, Features

MOST_LABELS = 1000
"""Labels of a column of which each is in the sample; classes are fewer, and other labels are found in any sample."""


@dataclass(frozen=True)
class Empty:
    """Rows of a block that are left out for an empty column."""

    count: int
    row: int
    """The first of them; rows are counted in the shard."""
    item: int
    """Number of the empty item of its list."""


@dataclass(frozen=True)
class Block:
    """Rows of a shard, one after the other."""

    shard: int
    first: int
    """Row of the shard that it begins with; blocks of a shard begin at multiples of their size."""
    rows: int
    """Rows of the shard in it."""
    table: Dataset
    """Its rows that have a value in each column."""
    empty: Mapping[str, Empty]
    """Rows that are left out, by column."""


@dataclass(frozen=True)
class Sample:
    """Rows of a stream on which codecs are fitted."""

    table: Dataset
    total: int
    """Rows of the stream."""

    @property
    def is_whole(self) -> bool:
        """True if it holds all rows of the stream."""
        return len(self.table) == self.total


@final
class Stream:
    """Split whose rows are read block by block."""

    def __init__(
        self, reader: Reader, source: str, find: Callable[[str], Path], needs: Mapping[str, Need], block_rows: int
    ) -> None:
        """List the shards, and hash them.

        Args:
            reader: Reader of the split.
            source: The split in a recipe.
            find: Resolves a path in the project.
            needs: Columns that are needed, by their new names; rows where one is empty are left out.
            block_rows: Rows of a block.

        Raises:
            seqnlp.errors.DataError: a shard that is missing, or can't be read.
        """
        self.shards: Sequence[Shard] = reader.shards(source, find)
        self._reader, self._source, self._needs, self._size = reader, source, needs, block_rows
        self._features: Features | None = None

    def blocks(self, shard: int, first: int = 0) -> Iterator[Block]:
        """Read the blocks of a shard in order, from row `first` on.

        Raises:
            seqnlp.errors.DataError: a row that can't be read; a shard that is gone, or has changed.
        """
        import pyarrow as pa

        at = self.shards[shard]
        at.check()
        asked = [self._reader.columns.get(name, name) for name in self._needs]
        held: list[Any] = []
        features: Features | None = None
        count = 0
        for piece in at.pieces(asked, first):
            named = self._reader.rename_columns(piece, at.place, asked)
            features = features or named.features
            held.append(named.data.table)
            count += len(named)
            while count >= self._size:
                whole = pa.concat_tables(held)
                held, count = [whole.slice(self._size)], count - self._size
                at.check()
                yield self._block(shard, first, whole.slice(0, self._size), features)
                first += self._size
        at.check()
        if count and features is not None:
            yield self._block(shard, first, pa.concat_tables(held), features)

    def _block(self, shard: int, first: int, table: Any, features: Features) -> Block:
        """Leave out rows without a value in a column."""
        at, count, rows = self.shards[shard], len(table), np.arange(len(table))
        empty: dict[str, Empty] = {}
        for name, need in self._needs.items():
            if name not in table.column_names or not len(table):
                continue
            try:
                mask = empty_cells(table.column(name), need)
            except UnicodeDecodeError as error:
                byte = f"byte 0x{error.object[error.start]:02x}"
                raise DataError(f"column {name!r}: {byte} in it is not UTF-8", at.place) from None
            if mask.any():
                place = int(mask.argmax())
                item = empty_item(table.column(name)[place].as_py())
                empty[name] = Empty(int(mask.sum()), first + int(rows[place]), item)
                table, rows = table.take(np.flatnonzero(~mask)), rows[~mask]
        found = in_memory(table.combine_chunks(), features)
        if len(found):
            self._check_kinds(found, at.place)
        return Block(shard, first, count, found, empty)

    def _check_kinds(self, table: Dataset, place: str) -> None:
        """Check that columns hold what they hold in the first block."""
        if self._features is None:
            self._features = table.features
        for name, kind in self._features.items():
            if table.features.get(name) != kind:
                found = f"column {name!r} holds {told(table.features.get(name))}"
                raise DataError(f"{found}; expected {told(kind)}, as in the shards before", place)

    def all_blocks(self, activity: str) -> Iterator[Block]:
        """Read all shards in the order of their names; `activity` is told as progress."""
        for number in range(len(self.shards)):
            yield from self.blocks(number)
            progress(activity, (number + 1) / len(self.shards))

    def sample(self, size: int, seed: int, labels: Collection[str] = ()) -> Sample:
        """Draw a sample in one pass over the stream; notes tell of rows that are left out.

        Args:
            size: Rows to draw, of all with the same probability; more are never in memory than twice as many.
            seed: Decides which.
            labels: Columns of whose labels each is to be in the sample, the first `MOST_LABELS` of them.

        Raises:
            seqnlp.errors.DataError: no row is left.
        """
        drawn, empties, counts = _Reservoir(size, seed), dict[str, tuple[int, str]](), [0] * len(self.shards)
        known: dict[str, set[str]] = {name: set() for name in labels}
        total = 0
        for block in self.all_blocks("reading the stream"):
            at = self.shards[block.shard]
            counts[block.shard] += block.rows
            for name, found in block.empty.items():
                before, where = empties.get(name, (0, ""))
                empties[name] = before + found.count, where or at.place_of(found.row, found.item)
            total += len(block.table)
            pinned = [_first_seen(block.table, name, seen) for name, seen in known.items()]
            drawn.add(block.table, np.unique(np.concatenate([np.empty(0, np.int64), *pinned])))
        read = sum(counts)
        for shard, count in zip(self.shards, counts, strict=True):
            if not count and read:
                note(f"{shard.place}: no rows in it")
        for name, (count, where) in empties.items():
            if not total:
                raise DataError(f"{where}: {name!r} is empty, as in all {read:,} rows: nothing is left")
            note(f"{where}: {name!r} is empty; left out {count:,} of {read:,} rows for that")
        if not total:
            raise DataError("no sequences in it", self._reader.name_of(self._source))
        return Sample(drawn.table(), total)


def told(kind: Any) -> str:
    """Name of the type of a column in messages."""
    import datasets

    if isinstance(kind, datasets.List | datasets.LargeList):
        return f"lists of {told(kind.feature)}"
    return str(getattr(kind, "dtype", kind))


def _first_seen(table: Dataset, name: str, known: set[str]) -> NDArray[np.int64]:
    """Rows with a label that no row before has; they become known."""
    if len(known) >= MOST_LABELS or not len(table):
        return np.empty(0, np.int64)
    column = label_texts(table, name)
    codes, places = np.unique(column.codes.values, return_index=True)
    seen = np.array([column.distinct[code] in known for code in codes.tolist()], bool)
    known.update(column.distinct)
    rows: NDArray[np.int64] = np.searchsorted(column.codes.offsets, places[~seen], "right") - 1
    return rows


@final
class _Reservoir:
    """Reservoir sampling of rows: those with the smallest random keys."""

    def __init__(self, size: int, seed: int) -> None:
        self._size, self._random = size, np.random.default_rng([seed, len("sample")])
        self._tables: list[Any] = []
        self._keys: list[NDArray[np.float64]] = []
        self._largest, self._pinned = np.inf, 0
        self._features: Features | None = None

    def add(self, table: Dataset, pinned: NDArray[np.int64]) -> None:
        """Add rows; those that are pinned are kept for certain."""
        if not len(table):
            return
        keys = self._random.random(len(table))
        keys[pinned] = -1
        self._pinned += len(pinned)
        rows = np.flatnonzero(keys <= self._largest)
        self._features = table.features
        arrow: Any = table.data.table
        self._tables.append(arrow if len(rows) == len(arrow) else arrow.take(rows))
        self._keys.append(keys[rows])
        if sum(map(len, self._keys)) > 2 * max(self._size, self._pinned):
            self._prune()

    def _prune(self) -> None:
        """Drop all but the rows with the smallest keys; the others stay in their order."""
        import pyarrow as pa

        keys, number = np.concatenate(self._keys), max(self._size, self._pinned)
        if len(keys) > number:
            rows = np.sort(np.argpartition(keys, number - 1)[:number])
            self._tables, self._keys = [pa.concat_tables(self._tables).take(rows)], [keys[rows]]
            self._largest = float(keys[rows].max())

    def table(self) -> Dataset:
        """The drawn rows, in the order of the stream."""
        import pyarrow as pa

        self._prune()
        assert self._features is not None
        return in_memory(pa.concat_tables(self._tables).combine_chunks(), self._features)

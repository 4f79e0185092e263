"""Contract of a reader, and the tables that it makes."""

from __future__ import annotations

import hashlib
import json
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Protocol, final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from seqnlp.errors import DataError, error_context
from seqnlp.lines import MAX_LINE, with_line_limit
from seqnlp.notes import note
from seqnlp.readers import cache
from seqnlp.readers.drawn import Drawn, Fold, Size, Strata, draw, draw_folds
from seqnlp.readers.empties import Need, leave_out
from seqnlp.readers.encodings import UTF8, check_encoding
from seqnlp.readers.files import locate_files, matching_files, sha256, sha256_once
from seqnlp.readers.rows import Kind, Row, RowStream, write_table
from seqnlp.readers.shards import FileShard, Shard
from seqnlp.readers.slices import rows_of, split_slice
from seqnlp.spec import Family
from seqnlp.spelling import nearest_or_all

if TYPE_CHECKING:
    from datasets import Dataset


class Reader(Family, ABC):
    """Reader of the splits of a corpus: a table with one row per sequence.

    A split that is a file may be a slice of it: `train.txt[:95%]` is the first 95 of each 100 sequences in the order
    of the file, `train.txt[95%:]` the rest, `train.txt[:500]` the first 500, `train.txt[-500:]` the last.
    """

    reads_files: ClassVar[bool] = True
    """True if a split is named by a file, looked up in the project; if not, by an expression."""
    streams: ClassVar[bool] = False
    """True if train can be streamed: its files read block by block, without a table of them on the disk."""

    max_line: Annotated[int, Field(ge=1)] = MAX_LINE
    """Longest line of a file that is read, in bytes."""
    columns: dict[str, str] = {}
    """New names of columns, each with its name in the corpus. The rest keep their names."""

    @abstractmethod
    def read(self, source: str | Path) -> Dataset:
        """Read a split, with the columns named as in the corpus.

        Raises:
            seqnlp.errors.DataError: naming file and line, for anything wrong with the file.
        """

    def read_columns(self, source: str | Path, columns: Collection[str]) -> Dataset:
        """Read a split for a task that needs only these columns.

        They are named as in the corpus. A table leaves the others alone, whatever is in them; formats with columns of
        their own read all.

        Raises:
            seqnlp.errors.DataError: what `read` raises, and a column that is missing.
        """
        return self.read(source)

    def stream(self, source: str | Path, columns: Collection[str]) -> Iterator[Row]:
        """Yield rows of these columns, named as in the corpus."""
        yield from self.read_columns(source, columns)

    def row_stream(self, source: str | Path, columns: Collection[str]) -> RowStream:
        """Open a split for reading row by row. The columns are named as in the corpus.

        Raises:
            seqnlp.errors.DataError: what `read_columns` raises; this reader has tables only.
        """
        raise DataError(f"the reader {type(self).__name__.lower()} can't stream it", source)

    def shards(self, source: str, find: Callable[[str], Path]) -> list[Shard]:
        """List the shards of a split, in the order of their names.

        Args:
            source: The split in a recipe: a file, or a pattern such as `part-*.jsonl`.
            find: Resolves a path in the project; raises `DataError` when there is no such file.

        Raises:
            seqnlp.errors.DataError: no such file; a slice of one.
        """
        whole, part = self.split_slice(source)
        if part:
            raise DataError(f"a slice, {part}, can't be streamed: name whole files, or leave out streaming", whole)
        places = self.shard_places(self.locate_shards(whole, find))
        return [
            FileShard(self.files_of(str(at)), partial(self.row_stream, at), partial(self.place_of, at), self.max_line)
            for at in places
        ]

    def locate_shards(self, source: str, find: Callable[[str], Path]) -> Path:
        """Locate the shards of a split: a file, or a pattern in its folder."""
        return locate_files(source, find)

    def shard_places(self, located: Path) -> list[Path]:
        """Place of each shard, as `read` takes it."""
        return matching_files(located)

    def line_of(self, source: str | Path, row: int, item: int = 0) -> int | None:
        """Line of a row, and of an item of its lists; None without lines.

        Rows are counted in the whole file, without a slice.
        """
        return None

    def documents(self, source: str | Path) -> Sequence[int] | None:
        """Number of the document of each row of a whole file; None where the file tells none."""
        return None

    @final
    def load(self, source: str | Path, needs: Mapping[str, Need] | None = None) -> Dataset:
        """Read a split and rename its columns; see `load_rows`."""
        return self.load_rows(source, needs)[0]

    @final
    def load_rows(
        self, source: str | Path, needs: Mapping[str, Need] | None = None
    ) -> tuple[Dataset, NDArray[np.int64]]:
        """Read a split and rename its columns.

        Args:
            source: Path of the split, as `locate` returns it.
            needs: Columns that are needed, by their new names; rows where one is empty are left out with a note. None
                for all columns as they are.

        Returns:
            The table, and the row of the file of each of its rows.

        Raises:
            seqnlp.errors.DataError: what `read` raises; no sequences; a column to rename that is missing.
        """
        whole, part = self.split_slice(str(source)) if self.reads_files else (source, "")
        asked = None if needs is None else [self.columns.get(name, name) for name in needs]
        with with_line_limit(self.max_line):
            dataset = self.read(whole) if asked is None else self.read_columns(whole, asked)
        rows = np.arange(len(dataset))
        if part:
            rows = np.asarray(self.slice_rows(dataset, part, str(whole)), np.int64)
            if not len(rows):
                raise DataError(f"no sequences in the slice {part} of {len(dataset):,}", whole)
            dataset = dataset.select(rows)
        if len(dataset) == 0:
            raise DataError("no sequences in it", self.name_of(source))
        dataset = self.rename_columns(dataset, self.name_of(source), asked)

        def place(row: int, item: int) -> str:
            return self.place_of(whole, row, item)

        for name, need in (needs or {}).items():
            if name in dataset.column_names:
                try:
                    dataset, rows = leave_out(dataset, name, need, place, rows)
                except UnicodeDecodeError as error:
                    byte = f"byte 0x{error.object[error.start]:02x}"
                    raise DataError(f"column {name!r}: {byte} in it is not UTF-8", self.name_of(source)) from None
        return dataset, rows

    def place_of(self, source: str | Path, row: int, item: int = 0) -> str:
        """Place of a row, or of an item in it, in messages."""
        line = self.line_of(source, row, item)
        return f"{source}:{line}" if line else f"{self.name_of(source)}, row {row + 1}"

    def name_of(self, source: str | Path) -> str:
        """Name of a split in messages."""
        return str(source)

    @final
    def rename_columns(self, dataset: Dataset, source: str, asked: Collection[str] | None) -> Dataset:
        """Give the columns of a table their new names; `asked` are those that were read, None for all."""
        if not self.columns:
            return dataset
        return dataset.rename_columns(self._renamings(dataset.column_names, source, asked))

    def _renamings(
        self, present: list[str], source: str | Path, asked: Collection[str] | None = None
    ) -> dict[str, str]:
        """Map columns of the corpus to their new names.

        With `asked`, columns that are neither present nor asked for are left out.
        """
        unread = set() if asked is None else set(self.columns.values()) - set(asked) - set(present)
        wanted = {new: old for new, old in self.columns.items() if old not in unread}
        for new, old in wanted.items():
            if old not in present:
                raise DataError(f"no column {old!r} to call {new!r}: {nearest_or_all(old, present)}", source)
            if new in present and new not in self.columns.values():
                raise DataError(f"{old!r} cannot be called {new!r}: there is such a column already", source)
        renamings = {old: new for new, old in wanted.items()}
        if len(renamings) < len(wanted):
            raise DataError(f"a column cannot have two new names: columns = {self.columns}", source)
        return renamings

    @final
    def locate(self, source: str, find: Callable[[str], Path]) -> str | Path:
        """Locate the split that a recipe calls `source`.

        Args:
            source: A path, maybe with a slice, or whatever else names a split for this reader.
            find: Resolves a path in the project; raises `DataError` when there is no such file.
        """
        if not self.reads_files:
            return source
        whole, part = self.split_slice(source)
        return Path(f"{self.locate_file(whole, find)}{part}")

    def split_slice(self, source: str) -> tuple[str, str]:
        """Split a source into file and slice; the slice is empty if there is none."""
        return split_slice(source)

    def slice_rows(self, dataset: Dataset, part: str, source: str) -> Sequence[int]:
        """Row numbers of a slice of a table; `source` is its name in messages."""
        return rows_of(part, len(dataset))

    def locate_file(self, source: str, find: Callable[[str], Path]) -> Path:
        """Locate the file of a split, or its files' common prefix."""
        return find(source)

    @final
    def files(self, source: str | Path) -> list[Path]:
        """Files of a located split; none if they are not the user's own."""
        return self.files_of(self.split_slice(str(source))[0]) if self.reads_files else []

    def files_of(self, source: str) -> list[Path]:
        """Files of a split without a slice."""
        return [Path(source)]


class TextReader(Reader, ABC):
    """Reader of text files."""

    encoding: str = UTF8
    """Encoding of the files, any text encoding of Python: `utf-8`, `cp1252` (Windows, western Europe), `latin-1`,
    `utf-16`, `gb18030`, ..."""

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, encoding: str) -> str:
        return check_encoding(encoding)


class Source(Protocol):
    """Sources of the splits in a recipe."""

    @property
    def reader(self) -> Reader:
        """Reader of the splits."""

    @property
    def splits(self) -> Mapping[str, str]:
        """Source of each split by its name."""


@final
@dataclass(frozen=True)
class Sources:
    """Some of the splits of a recipe."""

    reader: Reader
    splits: Mapping[str, str]


@dataclass(frozen=True)
class Corpus:
    """Splits of a corpus: tables with one row per sequence and the same columns."""

    splits: dict[str, Any]
    """Tables `train`, `dev` and, if there is one, `test`."""
    hashes: dict[str, str]
    """SHA-256 of the files of each split, or of its rows if they are not the user's own files; of what is drawn from
    train also of the numbers of its rows."""
    documents: NDArray[np.int64] | None = None
    """Document of each row of train, where these were asked for and the reader knows them."""
    shards: Mapping[str, str] | None = None
    """Digest of each shard of train by its name, where train is streamed."""


def draw_corpus(
    corpus: Corpus,
    sizes: Mapping[str, Size],
    seed: int,
    strata: Strata | None = None,
    unit: str = "rows",
    select: Callable[[Any, NDArray[np.int64]], Any] = lambda table, rows: table.select(rows),
    fold: Fold | None = None,
) -> Corpus:
    """Draw splits from train, which then lacks their rows; notes tell how many.

    Args:
        corpus: Splits, train among them.
        sizes: Share or number of rows of each split to draw; with a fold, of the rows that it leaves.
        seed: Decides what is drawn.
        strata: Classes of the rows of train.
        unit: Name of the rows in messages.
        select: Takes rows of a split.
        fold: The fold of train that is test.

    Raises:
        seqnlp.errors.DataError: a split without rows; none that are left for train; fewer rows than folds.
    """
    if fold is not None:
        corpus, strata = _hold_out(corpus, fold, seed, strata, unit, select)
    if not sizes:
        return corpus
    train = corpus.splits["train"]
    with error_context("train"):
        drawn = draw(sizes, len(train), seed, strata, corpus.documents, unit)
    for name in drawn.notes:
        note(f"train: {name}")
    for name, size in sizes.items():
        found = f"{len(drawn.rows[name]):,} of {len(train):,} {unit} of train"
        note(f"{name}: {found}, drawn by seed {seed}{drawn.manner[name]}; data.{name} = {size:g}")
    splits = {name: select(train, rows) for name, rows in drawn.rows.items()}
    hashes = {name: drawn.digest(name, corpus.hashes["train"]) for name in splits}
    return Corpus({**corpus.splits, **splits}, {**corpus.hashes, **hashes})


def _hold_out(
    corpus: Corpus,
    fold: Fold,
    seed: int,
    strata: Strata | None,
    unit: str,
    select: Callable[[Any, NDArray[np.int64]], Any],
) -> tuple[Corpus, Strata | None]:
    """Make a fold of train the test split; also gives the classes of the rows that are left."""
    train = corpus.splits["train"]
    with error_context("train"):
        folds, manner, notes = draw_folds(fold.count, len(train), seed, strata, corpus.documents, unit)
    for line in notes:
        note(f"train: {line}")
    held = folds == fold.number - 1
    drawn = Drawn({"train": np.flatnonzero(~held), "test": np.flatnonzero(held)}, {})
    found = f"{len(drawn.rows['test']):,} of {len(train):,} {unit} of train"
    note(f"test: {fold}, {found}, drawn by seed {seed}{manner}")
    splits = {name: select(train, rows) for name, rows in drawn.rows.items()}
    hashes = {name: drawn.digest(name, corpus.hashes["train"]) for name in splits}
    left = drawn.rows["train"]
    documents = None if corpus.documents is None else corpus.documents[left]
    rest = Corpus({**corpus.splits, **splits}, {**corpus.hashes, **hashes}, documents)
    return rest, None if strata is None else replace(strata, codes=strata.codes[left])


def read_corpus(
    data: Source, find: Callable[[str], Path], needs: Mapping[str, Need] | None = None, documents: bool = False
) -> Corpus:
    """Read the splits that a recipe names.

    Args:
        data: The reader and its sources.
        find: Resolves a path in the project; raises `DataError` when there is no such file.
        needs: Columns that are needed; None for all.
        documents: Also look for the documents of train.

    Raises:
        seqnlp.errors.DataError: what the reader raises, and splits with different columns.
    """
    places = {split: data.reader.locate(source, find) for split, source in data.splits.items()}
    loaded = {split: data.reader.load_rows(place, needs) for split, place in places.items()}
    splits = {split: dataset for split, (dataset, _) in loaded.items()}
    expected = set(next(iter(splits.values())).column_names)  # train, unless it is streamed
    for split, dataset in splits.items():
        if needs is None and (differing := expected ^ set(dataset.column_names)):
            name = min(differing)
            which = "no column" if name in expected else "a column that train lacks:"
            raise DataError(f"{split} has {which} {name!r}", data.reader.name_of(places[split]))
    hashes = {split: split_hash(data.reader, place, splits[split]) for split, place in places.items()}
    found = None
    if documents:
        of_file = data.reader.documents(data.reader.split_slice(str(places["train"]))[0])
        found = None if of_file is None else np.asarray(of_file, np.int64)[loaded["train"][1]]
    return Corpus(splits, hashes, found)


def split_hash(reader: Reader, place: str | Path, table: Any) -> str:
    """SHA-256 of the files of a located split; of its rows where these are not the user's own."""
    files = reader.files(place)
    if len(files) == 1:
        return sha256_once(files[0])
    return sha256(files) if files else content_hash(table)


HASHED = 1000
"""Rows that are hashed at once."""


def content_hash(dataset: Dataset) -> str:
    """SHA-256 of the names, types and rows of a table.

    It depends neither on where the table is stored nor on its chunks.
    """
    digest = hashlib.sha256(repr([(name, str(kind)) for name, kind in sorted(dataset.features.items())]).encode())
    for table in dataset.with_format("arrow").iter(HASHED):
        for name in sorted(table.column_names):
            digest.update(json.dumps(table.column(name).to_pylist(), default=repr).encode())
    return digest.hexdigest()


def tabulate(
    reader: Reader, files: Sequence[Path], kinds: Mapping[str, Kind], rows: Callable[[], Iterator[Row]]
) -> Dataset:
    """Write rows to the cache of `datasets`, if missing, and memory-map them.

    Args:
        reader: The reader; its settings are part of the cache key.
        files: The files of the rows; their contents are part of the cache key, their names are not.
        kinds: Kind of each column by name.
        rows: Reads the files; called only if the cache has no such table.

    Raises:
        seqnlp.errors.DataError: what `rows` raises; no rows at all; files that change meanwhile; a cache that cannot be
            written.
    """
    import datasets

    digests = [sha256_once(file) for file in files]
    key = [cache.VERSION, reader.model_dump(exclude={"columns", "max_line"}), dict(kinds), digests]
    fingerprint = hashlib.sha256(json.dumps(key).encode()).hexdigest()[:32]
    entry = cache.table_folder() / fingerprint
    with suppress(OSError):  # a cache that can only be read has no locks
        cache.hold(entry)
    if (damaged := cache.damaged_file(entry)) is not None:
        note(f"{damaged}: damaged; {files[0]} is read anew")
        if not cache.remove(entry):
            raise DataError("damaged, and it can't be removed; HF_DATASETS_CACHE names another place", damaged)
        with suppress(OSError):
            cache.hold(entry)
    try:
        if not cache.is_whole(entry):
            entry.mkdir(parents=True, exist_ok=True)
            write_table(entry / cache.TABLE, kinds, unchanged(some(rows(), files), files, digests))
        table = datasets.Dataset.from_file(str(entry / cache.TABLE))
    except OSError as error:
        cache.remove(entry)
        cause = os.strerror(error.errno) if error.errno else error
        problem = f"cannot write the cache: {cause}; HF_DATASETS_CACHE names another place"
        raise DataError(problem, datasets.config.HF_DATASETS_CACHE) from None
    except BaseException:  # a fault in the files, or an interrupt: the entry has no table
        cache.remove(entry)
        raise
    with suppress(OSError):
        cache.seal_table(entry)
        cache.record(entry, "table", dict(zip(map(os.path.abspath, files), digests, strict=True)))
    return table


def some(rows: Iterator[Row], files: Sequence[Path]) -> Iterator[Row]:
    """Yield rows unchanged; raise `DataError` if there are none."""
    empty = True
    for row in rows:
        empty = False
        yield row
    if empty:
        raise DataError("no sequences in it: the file is empty", files[0])


def unchanged(rows: Iterator[Row], files: Sequence[Path], digests: Sequence[str]) -> Iterator[Row]:
    """Yield rows; raise `DataError` if the files are others at the end than at the beginning."""
    yield from rows
    for file, digest in zip(files, digests, strict=True):
        if sha256([file]) != digest:
            raise DataError("it has changed while it was read: begin again", file)


@contextmanager
def quiet_datasets(bars: bool = False) -> Iterator[None]:
    """Silence the log of `datasets` and its progress bars: they would be drawn over ours."""
    from datasets.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars, logging

    verbosity, had_bars = logging.get_verbosity(), not are_progress_bars_disabled()
    logging.set_verbosity(logging.CRITICAL)
    if had_bars and not bars:
        disable_progress_bars()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if had_bars:
            enable_progress_bars()

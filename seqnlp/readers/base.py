"""Contract of a reader, and the tables that it makes."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Protocol, final

from pydantic import Field

from seqnlp.errors import DataError, SeqnlpError
from seqnlp.lines import MAX_LINE, with_line_limit
from seqnlp.readers.files import sha256
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

    @final
    def load(self, source: str | Path) -> Dataset:
        """Read a split and rename its columns.

        Args:
            source: Path of the split, as `locate` returns it.

        Raises:
            seqnlp.errors.DataError: what `read` raises; no sequences; a column to rename that is missing.
        """
        whole, part = self.split_slice(str(source)) if self.reads_files else (source, "")
        with with_line_limit(self.max_line):
            dataset = self.read(whole)
        if part:
            rows = self.slice_rows(dataset, part, str(whole))
            if not len(rows):
                raise DataError(f"no sequences in the slice {part} of {len(dataset):,}", whole)
            dataset = dataset.select(rows)
        if len(dataset) == 0:
            raise DataError("no sequences in it", source)
        return dataset.rename_columns(self._renamings(dataset.column_names, source)) if self.columns else dataset

    def _renamings(self, present: list[str], source: str | Path) -> dict[str, str]:
        """Map columns of the corpus to their new names."""
        for new, old in self.columns.items():
            if old not in present:
                raise DataError(f"no column {old!r} to call {new!r}: {nearest_or_all(old, present)}", source)
            if new in present and new not in self.columns.values():
                raise DataError(f"{old!r} cannot be called {new!r}: there is such a column already", source)
        renamings = {old: new for new, old in self.columns.items()}
        if len(renamings) < len(self.columns):
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


class Source(Protocol):
    """Sources of the splits in a recipe."""

    @property
    def reader(self) -> Reader:
        """Reader of the splits."""

    @property
    def splits(self) -> Mapping[str, str]:
        """Source of each split by its name."""


@dataclass(frozen=True)
class Corpus:
    """Splits of a corpus: tables with one row per sequence and the same columns."""

    splits: dict[str, Any]
    """Tables `train`, `dev` and, if there is one, `test`."""
    hashes: dict[str, str]
    """SHA-256 of the file of each split; none for a split without its own file."""


def read_corpus(data: Source, find: Callable[[str], Path]) -> Corpus:
    """Read the splits that a recipe names.

    Args:
        data: The reader and its sources.
        find: Resolves a path in the project; raises `DataError` when there is no such file.

    Raises:
        seqnlp.errors.DataError: what the reader raises, and splits with different columns.
    """
    places = {split: data.reader.locate(source, find) for split, source in data.splits.items()}
    splits = {split: data.reader.load(place) for split, place in places.items()}
    expected = set(splits["train"].column_names)
    for split, dataset in splits.items():
        if differing := expected ^ set(dataset.column_names):
            name = min(differing)
            which = "no column" if name in expected else "a column that train lacks:"
            raise DataError(f"{split} has {which} {name!r}", places[split])
    files = {split: data.reader.files(place) for split, place in places.items()}
    return Corpus(splits, {split: sha256(paths) for split, paths in files.items() if paths})


Kind = Literal["text", "texts", "whole", "number", "numbers"]
"""Kind of the cells of a column: a string, a list of strings, an int64, a float64, or a list of float64."""

Row = dict[str, Any]

VERSION = 2
"""Part of the cache key: to be raised when any reader returns something else for the same file."""


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
        seqnlp.errors.DataError: what `rows` raises; no rows at all; a cache that cannot be written.
    """
    import datasets
    from datasets.exceptions import DatasetGenerationError

    text, whole, number = (datasets.Value(kind) for kind in ("string", "int64", "float64"))
    lists = {"texts": datasets.List(text), "numbers": datasets.List(number)}
    cells = {"text": text, "whole": whole, "number": number} | lists
    features = datasets.Features({name: cells[kind] for name, kind in kinds.items()})
    key = [VERSION, reader.model_dump(exclude={"columns", "max_line"}), dict(kinds), [sha256([file]) for file in files]]
    fingerprint = hashlib.sha256(json.dumps(key).encode()).hexdigest()[:32]
    try:
        with quiet_datasets():
            return datasets.Dataset.from_generator(lambda: some(rows(), files), features, fingerprint=fingerprint)
    except (DatasetGenerationError, OSError) as error:
        cause = error.__cause__ or error
        if isinstance(cause, SeqnlpError):
            raise cause from None
        if isinstance(cause, OSError):
            place = datasets.config.HF_DATASETS_CACHE
            problem = f"cannot write the cache: {cause.strerror or cause}; HF_DATASETS_CACHE names another place"
            raise DataError(problem, place) from None
        raise


def some(rows: Iterator[Row], files: Sequence[Path]) -> Iterator[Row]:
    """Yield rows unchanged; raise `DataError` if there are none."""
    empty = True
    for row in rows:
        empty = False
        yield row
    if empty:
        raise DataError("no sequences in it: the file is empty", files[0])


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

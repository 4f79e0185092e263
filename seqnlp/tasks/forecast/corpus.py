"""Split of a forecaster's corpus: a file of series, and the period to forecast."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seqnlp.errors import DataError, error_context
from seqnlp.notes import note
from seqnlp.readers.drawn import Fold, Size, block_bounds, check_folds, counts_of, end_spans
from seqnlp.readers.files import sha256
from seqnlp.readers.held import is_memory
from seqnlp.readers.series import Series, SeriesTable
from seqnlp.readers.slices import period_of
from seqnlp.readers.time_axis import Times
from seqnlp.readers.timestamps import texts_of
from seqnlp.spelling import nearest_or_all


@dataclass(frozen=True)
class SeriesSplit:
    """Rows of a file and a period. Horizons lie in the period; look-backs may lie before it."""

    path: Path
    whole: SeriesTable
    slice: str = ""
    """Period as in a recipe; empty for all."""
    part: str = ""
    """Part of that period, `train` or one of `cuts`; empty for all."""
    cuts: tuple[tuple[str, Size], ...] = ()
    """Names and sizes of the parts that are cut off at its end."""
    in_memory: bool = False
    """True for series that are in no file."""
    fold: Fold | None = None
    """Fold whose block of the period is `test`; the other parts are of what stands before."""

    @classmethod
    def read(cls, place: str | Path, reader: Series) -> "SeriesSplit":
        """Read a table or a file, cached, and check the period.

        Args:
            place: The table or file and its period, as `reader.locate` returns them.
            reader: The reader.

        Raises:
            seqnlp.errors.DataError: for what is wrong with the file or the period.
        """
        file, period = reader.split_slice(str(place))
        path = Path(file)
        if is_memory(file):
            split = cls(Path(reader.name_of(file)), reader.read_series(path), period, in_memory=True)
        else:
            stat = path.stat()
            split = cls(path, _read(reader.model_dump_json(), path, stat.st_mtime_ns, stat.st_size), period)
        for number in range(len(split.names)):
            split.period(number)
        return split

    def keep(self, numbers: Sequence[int]) -> "SeriesSplit":
        """Select series by their index."""
        if list(numbers) == list(range(len(self.names))):
            return self
        whole = self.whole
        spans = [slice(*whole.offsets[number : number + 2].tolist()) for number in numbers]
        offsets = np.cumsum([0, *(span.stop - span.start for span in spans)]).astype(np.int64)
        times, values = (np.concatenate([table[span] for span in spans]) for table in (whole.times, whole.values))
        names = [whole.names[number] for number in numbers]
        return replace(self, whole=replace(whole, names=names, values=values, times=times, offsets=offsets))

    def in_zone(self, time_zone: str | None) -> "SeriesSplit":
        """Move to the time zone of train."""
        whole = self.whole.in_zone(time_zone)
        return self if whole is self.whole else replace(self, whole=whole)

    @property
    def name(self) -> str:
        """Name in messages."""
        return f"{self.path}{self.slice}{f' ({self.part})' if self.part else ''}"

    @property
    def digest(self) -> str:
        """SHA-256 of the file; of the series themselves where there is none."""
        return self.whole.digest() if self.in_memory else sha256([self.path])

    @property
    def names(self) -> list[str]:
        """Names of the series."""
        return self.whole.names

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return self.whole.columns

    @property
    def times(self) -> Times:
        """Timestamps of the rows, or integer time steps; shape (rows,)."""
        return self.whole.times

    @property
    def offsets(self) -> NDArray[np.int64]:
        """First row of each series, and the end of the last one."""
        return self.whole.offsets

    def period(self, number: int) -> tuple[int, int]:
        """First row of a series' period, and the row after its last. Both count from the first row of all."""
        first, last = self.offsets[number : number + 2].tolist()
        start, end = period_of(self.slice, self.whole.local_times[first:last], str(self.path))
        if self.part:
            origin, until = rolling_origin(self.fold, end - start)
            spans = {**end_spans(dict(self.cuts), origin), **({} if self.fold is None else {"test": (origin, until)})}
            begin, stop = spans[self.part]
            start, end = start + begin, start + stop
        return first + start, first + end

    def table(self, number: int, columns: list[str], in_period: bool = False) -> NDArray[np.float64]:
        """Values of a series in some columns; shape (rows, columns).

        Raises:
            seqnlp.errors.DataError: a column that does not exist.
        """
        for name in columns:
            if name not in self.columns:
                raise DataError(f"no column {name!r} of numbers: {nearest_or_all(name, self.columns)}", self.path)
        first, last = self.period(number) if in_period else self.offsets[number : number + 2].tolist()
        return self.whole.values[first:last, [self.columns.index(name) for name in columns]]

    def at(self, row: int) -> str:
        """Name of a row in messages."""
        number = int(np.searchsorted(self.offsets, row, "right")) - 1
        moment = texts_of(self.times[row : row + 1], self.whole.time_zone)[0]
        return f"series {self.names[number]!r}, {moment} (row {row - int(self.offsets[number]) + 1})"


def rolling_origin(fold: Fold | None, rows: int) -> tuple[int, int]:
    """Bounds of a fold's test block in a series.

    Without a fold, both are the end.

    Of as many blocks as folds and one more, the first n are learnt from in fold n, and the next is its test.
    """
    if fold is None:
        return rows, rows
    bounds = block_bounds(fold.count + 1, rows)
    return bounds[fold.number], bounds[fold.number + 1]


def cut_series(whole: SeriesSplit, sizes: Mapping[str, Size], fold: Fold | None = None) -> dict[str, SeriesSplit]:
    """Cut parts off at the end of each series; notes tell their sizes.

    Args:
        whole: The series.
        sizes: Share or number of rows of each series, by the name of the part.
        fold: The fold whose block of each series is test, cut off first, together with all that comes after it.

    Returns:
        The parts, and what is left as `train`.

    Raises:
        seqnlp.errors.DataError: a part without rows; none that are left.
    """
    spans = [whole.period(number) for number in range(len(whole.names))]
    longest = max(end - start for start, end in spans)
    with error_context("train"):
        if fold is not None:
            check_folds(fold.count + 1, longest, "rows of its longest series")
            longest = rolling_origin(fold, longest)[0]
        counts_of(sizes, longest, "rows of its longest series")
    names = ["train", *sizes, *([] if fold is None else ["test"])]
    parts = {name: replace(whole, part=name, cuts=tuple(sizes.items()), fold=fold) for name in names}
    total = sum(end - start for start, end in spans)
    for name in names[1:]:
        rows = sum(end - start for start, end in map(parts[name].period, range(len(whole.names))))
        of = "" if len(spans) == 1 else f" of each of {len(spans):,} series"
        if name in sizes:
            where = f"at its end{of}" if not of else f"at the end{of}"
            note(f"{name}: {rows:,} of {total:,} rows of train, {where}; data.{name} = {sizes[name]:g}")
        else:
            note(f"test: {fold}, {rows:,} of {total:,} rows of train, after those learnt from{of} (rolling origin)")
    return parts


@lru_cache(maxsize=2)
def _read(reader: str, path: Path, changed: int, size: int) -> SeriesTable:
    """Read a file; the other arguments are the key of the cache."""
    return Series.model_validate_json(reader).read_series(path)

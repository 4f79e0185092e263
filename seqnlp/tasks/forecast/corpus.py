"""A split of a forecaster's corpus: a file of series, and the period of it that is to be forecast."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seqnlp.errors import DataError
from seqnlp.readers.series import Series
from seqnlp.readers.series_table import SeriesTable
from seqnlp.readers.slices import period_of
from seqnlp.spelling import nearest_or_all


@dataclass(frozen=True)
class SeriesSplit:
    """All rows of a file. What is forecast lies in the period; what it is forecast from may lie before it."""

    path: Path
    whole: SeriesTable
    slice: str = ""
    """The period as a recipe says it; empty for all."""

    @classmethod
    def read(cls, place: str | Path, reader: Series) -> "SeriesSplit":
        """Read a file, unless it was read just before, and remember the period.

        Args:
            place: The file and its period, as `reader.locate` returns them.
            reader: How to read it.

        Raises:
            seqnlp.errors.DataError: for what is wrong with the file or the period.
        """
        file, period = reader.cut(str(place))
        path = Path(file)
        stat = path.stat()
        split = cls(path, _read(reader.model_dump_json(), path, stat.st_mtime_ns, stat.st_size), period)
        for number in range(len(split.names)):
            split.period(number)
        return split

    @property
    def name(self) -> str:
        """What to call it in messages."""
        return f"{self.path}{self.slice}"

    @property
    def names(self) -> list[str]:
        """Of its series."""
        return self.whole.names

    @property
    def columns(self) -> list[str]:
        """Of the numbers that each series has."""
        return self.whole.columns

    @property
    def times(self) -> NDArray[np.datetime64]:
        """When each row was; shape (rows,)."""
        return self.whole.times

    @property
    def offsets(self) -> NDArray[np.int64]:
        """Where each series begins among the rows, and where the last one ends."""
        return self.whole.offsets

    def period(self, number: int) -> tuple[int, int]:
        """The first row of a series' period, and the row after its last, among the rows of all series."""
        first, last = self.offsets[number : number + 2].tolist()
        start, end = period_of(self.slice, self.times[first:last], str(self.path))
        return first + start, first + end

    def table(self, number: int, columns: list[str], in_period: bool = False) -> NDArray[np.float64]:
        """The numbers of a series in some columns; shape (rows, columns).

        Raises:
            seqnlp.errors.DataError: a column that there is not.
        """
        for name in columns:
            if name not in self.columns:
                raise DataError(f"no column {name!r} of numbers: {nearest_or_all(name, self.columns)}", self.path)
        first, last = self.period(number) if in_period else self.offsets[number : number + 2].tolist()
        return self.whole.values[first:last, [self.columns.index(name) for name in columns]]

    def at(self, row: int) -> str:
        """What to call a row of all in messages."""
        number = int(np.searchsorted(self.offsets, row, "right")) - 1
        return f"series {self.names[number]!r}, {self.times[row]} (row {row - int(self.offsets[number]) + 1})"


@lru_cache(maxsize=2)
def _read(reader: str, path: Path, changed: int, size: int) -> SeriesTable:
    """Read a file; the other arguments say whether what was read before is still what it says."""
    return Series.model_validate_json(reader).read_series(path)

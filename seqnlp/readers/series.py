"""Time series in columns or the long format, and their table."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, final

import numpy as np
from numpy.typing import NDArray
from pydantic import field_validator

from seqnlp.errors import DataError
from seqnlp.readers.csv import number_or_nan
from seqnlp.readers.files import check_file, open_text, suffix_of
from seqnlp.readers.held import TableReader, is_memory
from seqnlp.readers.slices import period_of, split_period
from seqnlp.readers.time_axis import Step, Times, TimestampError, parse_times
from seqnlp.spelling import nearest_or_all

if TYPE_CHECKING:
    from datasets import Dataset

TIMES = ("ds", "date", "datetime", "timestamp", "time")
"""Default names of the column of timestamps; without one it is the first column."""
SERIES, TIME = "unique_id", "ds"
"""Columns of the long format: name of the series, and timestamp."""
UNNAMED = "series"
"""Name of the only series of a table in memory that names none."""
LARGEST = 1e100
"""Largest magnitude; squares of larger numbers are infinite."""
MISSING = ("", "na", "n/a", "nan", "null", "none")
"""Texts of a missing value, in upper or lower case."""

Gaps = Literal["refuse", "fill", "ignore"]
Rows = NDArray[np.int64]

MOST_FILLED = 20
"""Most rows to fill per row that is there: more are a mistake in a date."""


@final
class Series(TableReader):
    """Time series: csv, tsv or parquet with a header, or a table in memory.

    Each column of numbers is a channel; a column `unique_id` tells several series in the same file apart.
    """

    renamed = {"numbers": "numeric_columns"}

    kind: Literal["series"] = "series"
    time: str | None = None
    """Column of timestamps, ISO 8601, or of integer time steps; left out: `ds`, `date`, `datetime`, `timestamp` or
    `time`, else the first."""
    series: str | None = None
    """Column with the name of each row's series; left out: `unique_id`, if there is one."""
    numeric_columns: list[str] = []
    """Columns of numbers; left out: all others."""
    freq: str | None = None
    """Frequency of the rows: `h`, `15min`, `D`, `B` (business days), `W`, `M`, `Q`, `Y`; left out: the most common
    one. Integers of four digits are time steps, with `Y` years."""
    gaps: Gaps = "refuse"
    """Treatment of gaps in time: refuse, fill (with missing values), or ignore."""

    @field_validator("freq")
    @classmethod
    def _a_step(cls, freq: str | None) -> str | None:
        if freq is not None:
            Step.parse(freq)
        return freq

    def read(self, source: str | Path) -> Dataset:
        """Read a file as a table with one row per step; forecasters use `read_series`."""
        import pyarrow as pa
        from datasets import Dataset

        table = self._read(Path(source))
        codes = np.repeat(np.arange(len(table.names)), np.diff(table.offsets))
        names = pa.DictionaryArray.from_arrays(codes, table.names).cast(pa.string())
        numbers = {name: pa.array(table.values[:, place]) for place, name in enumerate(table.columns)}
        return Dataset(pa.table({SERIES: names, TIME: pa.array(table.times), **numbers}))

    def split_slice(self, source: str) -> tuple[str, str]:
        return split_period(source)

    def slice_rows(self, dataset: Dataset, part: str, source: str) -> Sequence[int]:
        """Row numbers of a period, counted in each series."""
        table = dataset.with_format("arrow")[:]
        times, series = table.column(TIME).to_numpy(), rows_of_series(table.column(SERIES).to_numpy())
        spans = [(first, *period_of(part, times[first:last], source)) for first, last in series]
        return [row for first, start, end in spans for row in range(first + start, first + end)]

    def read_series(self, path: Path) -> SeriesTable:
        """Read a file.

        Raises:
            seqnlp.errors.DataError: naming file, line and series, for whatever is wrong with it: text in a column of
                numbers, infinities; timestamps that are not, go back or occur twice; gaps.
        """
        table = self._read(path)
        renamed = self._renamings(table.columns, self.name_of(path)) if self.columns else {}
        return replace(table, columns=[renamed.get(name, name) for name in table.columns])

    def _read(self, path: Path) -> SeriesTable:
        """Read a file, with the columns named as in the file."""
        if is_memory(path):
            return self._of_memory(path)
        check_file(path)
        return self._parse(path, *(_parquet(path) if path.suffix == ".parquet" else _text(path)))

    def _of_memory(self, source: Path) -> SeriesTable:
        """Read a table in memory, with a row a step."""
        table = self.table(source)
        arrow = table.read().with_format("arrow")[:]
        cells = {name: arrow.column(name).to_pylist() for name in arrow.column_names}
        try:
            return self._parse(Path(table.name), arrow.column_names, cells, np.arange(1, arrow.num_rows + 1), UNNAMED)
        except DataError as error:
            place = table.name if error.line is None else table.place(error.line - 1)
            raise DataError(error.problem, place, hint=error.hint) from None

    def _parse(
        self, path: Path, names: list[str], cells: Cells, lines: NDArray[np.int64], only: str = ""
    ) -> SeriesTable:
        """Parse the columns of a table; `only` is the name of a series without one."""
        if not len(lines):
            raise DataError("no rows in it", path)
        time = self._column(self.time, [name for name in TIMES if name in names] + names, names, path)
        given = self.series or (SERIES if SERIES in names else None)
        series = None if given is None else self._column(given, [given], names, path)
        for name in self.numeric_columns:
            self._column(name, [name], names, path)
        chosen = self.numeric_columns or [name for name in names if name not in (time, series)]
        if not chosen:
            hint = "; expected commas between columns" if ";" in time or "\t" in time else ""
            raise DataError(f"no columns of numbers beside {time!r}{hint}", path)
        if series is None:
            of_row = [only or path.name.removesuffix(".gz").rpartition(".")[0] or path.name] * len(lines)
        else:
            of_row = ["" if name is None else str(name) for name in cells[series]]
            if "" in of_row:
                raise DataError(f"no name of a series in the column {series!r}", path, int(lines[of_row.index("")]))
        values = np.stack([_numbers(cells[name], name, of_row, path, lines) for name in chosen], 1)
        freq = self.step
        times = _times(cells[time], time, of_row, path, lines, freq is not None and freq.unit == "months")
        if freq is not None and times.dtype.kind != "M":
            found = f"freq = {self.freq!r} is for timestamps; the column {time!r} has integers such as {times[0]}"
            raise DataError(found, path)
        return lay_out(Records(path, chosen, of_row, times, values, lines), self.gaps, freq)

    @property
    def step(self) -> Step | None:
        """Step between rows as `freq` says; None if it is left out."""
        return None if self.freq is None else Step.parse(self.freq)

    def _column(self, name: str | None, likely: list[str], names: list[str], path: Path) -> str:
        if name is not None and name not in names:
            raise DataError(f"no column {name!r}: {nearest_or_all(name, names)}", path)
        return name or likely[0]


def rows_of_series(names: NDArray[np.object_]) -> list[tuple[int, int]]:
    """First row of each series, and the row after its last."""
    return list(pairwise([0, *(np.flatnonzero(names[1:] != names[:-1]) + 1).tolist(), len(names)]))


def looks_like_series(path: Path) -> bool:
    """True for a table whose first row is a timestamp and numbers."""
    if suffix_of(path) not in (".csv", ".tsv"):
        return False
    delimiter = "\t" if ".tsv" in path.suffixes else ","
    try:
        header, first = (next(csv.reader([line], delimiter=delimiter)) for line in islice(open_text(path), 2))
        row = dict(zip(header, first, strict=True))
        time = next(name for name in TIMES if name in row)
        parse_times([row.pop(time)])
    except (DataError, TimestampError, ValueError, StopIteration, csv.Error):
        return False
    row.pop(SERIES, None)
    return bool(row) and all(_is_missing(cell) or np.isfinite(number_or_nan(cell)) for cell in row.values())


Cells = dict[str, Sequence[Any]]


def _text(path: Path) -> tuple[list[str], Cells, NDArray[np.int64]]:
    """Read the columns of a csv file; also the line of each row."""
    tab = path.name.removesuffix(".gz").endswith(".tsv")
    reader = csv.reader((line + "\n" for line in open_text(path)), delimiter="\t" if tab else ",", strict=True)
    lines, rows = [], []
    try:
        header = next(reader, [])
        if "" in header or len(set(header)) < len(header) or not header:
            found = ", ".join(map(repr, header)) or "an empty file"
            raise DataError(f"column names must differ and not be empty, found {found}", path, 1)
        for row in reader:
            if len(row) != len(header) and row:
                raise DataError(
                    f"{len(row)} columns; expected {len(header)} ({', '.join(header)})", path, reader.line_num
                )
            if row:
                rows.append(row)
                lines.append(reader.line_num)
    except csv.Error as error:
        raise DataError(str(error), path, reader.line_num) from None
    return header, dict(zip(header, zip(*rows, strict=True), strict=True)) if rows else {}, np.array(lines, np.int64)


def _parquet(path: Path) -> tuple[list[str], Cells, NDArray[np.int64]]:
    """Read the columns of a parquet file; also the number of each row."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"not a parquet file: {' '.join(str(error).split())[:100]}", path) from None
    cells = {name: table.column(name).to_pylist() for name in table.column_names}
    return table.column_names, cells, np.arange(1, table.num_rows + 1)


def _numbers(
    cells: Sequence[Any], name: str, of_row: Sequence[str], path: Path, lines: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Parse a column of numbers; NaN where one is missing."""
    try:
        numbers = np.array(cells, np.float64)
        wrong = np.zeros(len(cells), bool)
    except (ValueError, TypeError):
        numbers = np.array([number_or_nan(cell) for cell in cells])
        wrong = np.isnan(numbers) & ~np.array([_is_missing(cell) for cell in cells])
    faults: list[tuple[NDArray[np.bool_], Callable[[int], str], str]] = [
        (wrong, lambda row: repr(cells[row]), ""),
        (np.isinf(numbers), lambda row: "an infinity", ""),
        (np.abs(numbers) > LARGEST, lambda row: f"{numbers[row]:g}", f" of at most {LARGEST:g}"),
    ]
    for rows, found, bound in faults:
        if rows.any():
            row = int(rows.argmax())
            problem = f"series {of_row[row]!r}: {found(row)} in the column {name!r}; expected a number{bound}"
            raise DataError(problem, path, int(lines[row]))
    return numbers


def _is_missing(cell: Any) -> bool:
    return cell is None or str(cell).strip().lower() in MISSING


def _times(
    cells: Sequence[Any], name: str, of_row: Sequence[str], path: Path, lines: NDArray[np.int64], years: bool
) -> Times:
    """Parse a column of times: timestamps in seconds, or integers; `years` takes four digits for a year."""
    texts = [cell.isoformat() if isinstance(cell, date) else "" if cell is None else str(cell) for cell in cells]
    try:
        return parse_times(texts, years)
    except TimestampError as error:
        problem = f"series {of_row[error.index]!r}, column {name!r}: {error.problem}"
        raise DataError(problem, path, int(lines[error.index])) from None


@dataclass(frozen=True)
class SeriesTable:
    """Series with the same columns of numbers, laid end to end."""

    names: list[str]
    """Names of the series."""
    columns: list[str]
    """Names of the columns."""
    values: NDArray[np.float64]
    """Values, shape (rows, columns); NaN where one is missing."""
    times: Times
    """Timestamps of the rows, in seconds, or integer time steps; shape (rows,)."""
    offsets: NDArray[np.int64]
    """Start of each series, and the end of the last one; shape (series + 1,)."""

    def digest(self) -> str:
        """SHA-256 of names, times and values."""
        digest = hashlib.sha256(repr([self.names, self.columns, self.times.dtype.str]).encode())
        for array in (self.values, self.times, self.offsets):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class Records:
    """Rows of a file in their order."""

    path: Path
    columns: list[str]
    series: list[str]
    """Name of each row's series."""
    times: Times
    values: NDArray[np.float64]
    lines: NDArray[np.int64]
    """Line of each row."""


def lay_out(records: Records, gaps: Gaps, freq: Step | None = None) -> SeriesTable:
    """Group the rows by series, and check that they are evenly spaced.

    Args:
        records: Rows in any order of series; within a series in order of time.
        gaps: Treatment of missing steps: refuse, fill with missing values, or ignore.
        freq: Step between rows; left out: the most common one.

    Raises:
        seqnlp.errors.DataError: naming file, line and series: timestamps that go back or occur twice; gaps.
    """
    codes: dict[str, int] = {}
    of_row = np.array([codes.setdefault(name, len(codes)) for name in records.series], np.int64)
    borders = np.cumsum(np.bincount(of_row, minlength=len(codes)))
    rows_of = dict(zip(codes, np.split(np.argsort(of_row, kind="stable"), borders[:-1]), strict=True))
    for name, rows in rows_of.items():
        _check_rising(records, name, rows)
    step = Step.infer([records.times[rows] for rows in rows_of.values()])
    if step and freq:
        step = freq.of_month_ends(step)
    parts = [(records.times[rows], records.values[rows]) for rows in rows_of.values()]
    if step and gaps != "ignore":
        parts = [_evenly(records, name, rows, step, gaps) for name, rows in rows_of.items()]
    offsets = np.cumsum([0, *(len(times) for times, _ in parts)]).astype(np.int64)
    times, values = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return SeriesTable(list(codes), records.columns, values, times, offsets)


def _check_rising(records: Records, name: str, rows: Rows) -> None:
    times = records.times[rows]
    falling = np.flatnonzero(np.diff(times).astype(np.int64) <= 0)
    if not len(falling):
        return
    place = int(falling[0]) + 1
    line, moment = int(records.lines[rows[place]]), times[place]
    same = np.flatnonzero(times[:place] == moment)
    if len(same):
        first = int(records.lines[rows[same[0]]])
        raise DataError(f"series {name!r}: {moment} occurs twice, first in line {first}", records.path, line)
    problem = f"series {name!r}: {moment} after {times[place - 1]}; expected rows in order of time"
    raise DataError(problem, records.path, line)


def _evenly(records: Records, name: str, rows: Rows, step: Step, gaps: Gaps) -> tuple[Times, NDArray[np.float64]]:
    """Timestamps and values of a series, a row at every step."""
    times, values = records.times[rows], records.values[rows]
    places, exact = step.positions(times)
    wrong = np.flatnonzero(~exact)
    if len(wrong):
        _refuse(records, name, rows, int(wrong[0]), f'expected steps of {step}; gaps = "ignore" takes rows as they are')
    jumps = np.flatnonzero(np.diff(places) != 1)
    if not len(jumps):
        return times, values
    first, missing = int(jumps[0]) + 1, int(places[-1]) + 1 - len(places)
    if gaps == "refuse":
        here = int(places[first] - places[first - 1]) - 1
        steps = f"1 step of {step} is missing" if here == 1 else f"{here:,} steps of {step} are missing"
        problem = steps + (f", {missing:,} in all" if missing > here else "")
        _refuse(records, name, rows, first, f'{problem}; gaps = "fill" puts missing values there')
    if missing > MOST_FILLED * len(rows):
        problem = f"to fill its gaps takes {missing:,} rows for {len(rows):,} that are there; steps of {step}"
        raise DataError(f"series {name!r}: {problem}", records.path)
    whole = np.full((int(places[-1]) + 1, values.shape[1]), np.nan)
    whole[places] = values
    return step.after(times[0], np.arange(len(whole))), whole


def _refuse(records: Records, name: str, rows: Rows, place: int, problem: str) -> None:
    """Raise an error about a row and its predecessor in the series."""
    between = f"{records.times[rows[place]]} after {records.times[rows[place - 1]]}"
    raise DataError(f"series {name!r}: {between}: {problem}", records.path, int(records.lines[rows[place]]))

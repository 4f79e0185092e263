"""Time series in columns or the long format, and their table."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from itertools import islice, pairwise
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, final

import numpy as np
from numpy.typing import NDArray
from pydantic import field_validator, model_validator

from seqnlp.errors import DataError
from seqnlp.lines import with_line_limit
from seqnlp.notes import note
from seqnlp.readers.delimited import UNNAMED as SKIPPED
from seqnlp.readers.delimited import Delimited, key, ways
from seqnlp.readers.files import check_file
from seqnlp.readers.held import TableReader, is_memory
from seqnlp.readers.numbers import FORMATS, NumberFormat, is_missing, likely_format
from seqnlp.readers.slices import period_of, split_period
from seqnlp.readers.time_axis import Step, Times
from seqnlp.readers.timestamps import (
    Stamps,
    TimestampError,
    TimeUnit,
    check_date_format,
    check_time_zone,
    likely_unit,
    local_times,
    parse_times,
    texts_of,
    to_utc,
    way_to_read,
    zone_of_change,
    zone_of_offsets,
)
from seqnlp.spelling import nearest_or_all
from seqnlp.units import count_of

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

Gaps = Literal["refuse", "fill", "ignore"]
Rows = NDArray[np.int64]

MOST_FILLED = 20
"""Most rows to fill per row that is there: more are a mistake in a date."""


@final
class Series(Delimited, TableReader):
    """Time series: csv, tsv or parquet with a header, or a table in memory.

    Each column of numbers is a channel; a column `unique_id` tells several series in the same file apart.
    """

    renamed = {"numbers": "numeric_columns"}
    tab_quote: ClassVar[str] = '"'

    kind: Literal["series"] = "series"
    time: str | None = None
    """Column of timestamps, ISO 8601, or of integers; left out: `ds`, `date`, `datetime`, `timestamp` or `time`, else
    the first."""
    date_format: str | None = None
    """Format of the timestamps, as for `strptime`: `%d.%m.%Y %H:%M` for 31.12.2025 18:30; left out: ISO 8601."""
    time_unit: TimeUnit | None = None
    """Unit of integer times since 1970: `s`, `ms`, `us` or `ns`; left out: integers are time steps."""
    time_zone: str | None = None
    """Time zone of the rows, such as `Europe/Berlin`: timestamps that tell no distance from UTC are local times there,
    with daylight saving, and calendar features and forecasts are in it. Left out: distances from UTC are dropped, but
    for one that changes within a day's rows, where all is read as UTC."""
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

    @field_validator("date_format")
    @classmethod
    def _a_format(cls, date_format: str | None) -> str | None:
        if date_format is not None:
            check_date_format(date_format)
        return date_format

    @field_validator("time_zone")
    @classmethod
    def _a_zone(cls, time_zone: str | None) -> str | None:
        if time_zone is not None:
            check_time_zone(time_zone)
        return time_zone

    @model_validator(mode="after")
    def _texts_or_integers(self) -> Self:
        if self.date_format is not None and self.time_unit is not None:
            raise ValueError("date_format is for texts, time_unit for integers: leave out one of them")
        return self

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
        with with_line_limit(self.max_line):
            table = self._read(path)
        renamed = self._renamings(table.columns, self.name_of(path)) if self.columns else {}
        return replace(table, columns=[renamed.get(name, name) for name in table.columns])

    def _read(self, path: Path) -> SeriesTable:
        """Read a file, with the columns named as in the file."""
        if is_memory(path):
            return self._of_memory(path)
        check_file(path)
        return self._parse(path, *(_parquet(path) if path.suffix == ".parquet" else self._text(path)))

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
        others = [name for name in names if name not in (time, series)]
        unnamed = [] if only else [name for name in others if name in self.unnamed(path, names)]
        if unnamed and not self.numeric_columns and len(unnamed) < len(others):
            note(f"{path}: left out, as they have no name: {count_of(unnamed, 'column')}")
            others = [name for name in others if name not in unnamed]
        chosen = self.numeric_columns or others
        if not chosen:
            way = "" if only or path.suffix == ".parquet" else self.way(path)
            raise DataError(f"no columns of numbers beside {time!r}", path, hint=way)
        if series is None:
            of_row = [only or path.name.removesuffix(".gz").rpartition(".")[0] or path.name] * len(lines)
        else:
            of_row = ["" if name is None else str(name) for name in cells[series]]
            if "" in of_row:
                raise DataError(f"no name of a series in the column {series!r}", path, int(lines[of_row.index("")]))
        place = Place(path, of_row, lines)
        repeated = len(set(cells[time])) < len(cells[time])
        columns = [self._numbers(cells, name, chosen, place, repeated and series is None) for name in chosen]
        freq = self.step
        stamps = self._times(cells[time], time, place, freq is not None and freq.unit == "months")
        if freq is not None and stamps.times.dtype.kind != "M":
            found = (
                f"freq = {self.freq!r} is for timestamps; the column {time!r} has integers such as {stamps.times[0]}"
            )
            raise DataError(found, path)
        times, zone = self._axis(stamps, time, place)
        records = Records(path, chosen, of_row, times, np.stack(columns, 1), lines, zone)
        table = lay_out(records, self.gaps, freq)
        distances = set() if stamps.offsets is None else set(stamps.offsets.tolist())
        return replace(table, time_zone=zone, offset=distances.pop() if len(distances) == 1 else None)

    def unnamed(self, path: Path, names: Sequence[str]) -> list[str]:
        """Names that stand for empty ones of the header."""
        if self.names or path.suffix == ".parquet":
            return []
        header = self.header(path)
        return [name for name, found in zip(names, header, strict=True) if not found.strip()]

    @property
    def step(self) -> Step | None:
        """Step between rows as `freq` says; None if it is left out."""
        return None if self.freq is None else Step.parse(self.freq)

    def _column(self, name: str | None, likely: list[str], names: list[str], path: Path) -> str:
        if name is not None and name not in names:
            way = "" if path.suffix == ".parquet" else self.way(path, [name])
            raise DataError(f"no column {name!r}: {nearest_or_all(name, names)}", path, hint=way)
        return name or likely[0]

    def _text(self, path: Path) -> tuple[list[str], Cells, NDArray[np.int64]]:
        """Read the columns of a csv file; also the line of each row."""
        header = self.header(path)
        names = [name if name.strip() else f"column{number}" for number, name in enumerate(header, 1)]
        kept = [name for name in names if name != SKIPPED or not self.names]
        if len(set(kept)) < len(kept):
            found = ", ".join(map(repr, header))
            raise DataError(f"column names must differ, found {found}", path, None if self.names else 1)
        lines, rows = [], []
        for number, row in islice(self.records(path), 0 if self.names else 1, None):
            if len(row) != len(names):
                raise self.uneven(row, names, path, number)
            rows.append(row)
            lines.append(number)
        columns = zip(names, zip(*rows, strict=True), strict=True) if rows else ()
        return kept, {name: cells for name, cells in columns if name in kept}, np.array(lines, np.int64)

    def _numbers(
        self, cells: Cells, name: str, chosen: Sequence[str], place: Place, repeated: bool
    ) -> NDArray[np.float64]:
        """Parse a column of numbers; NaN where one is missing.

        Args:
            cells: Cells of all columns.
            name: The column.
            chosen: Columns of numbers.
            place: Places of the rows.
            repeated: Times occur more than once, and no column names the series.
        """
        own = cells[name]
        numbers = self.number_format.parse_all(own)
        wrong = np.isnan(numbers)
        if wrong.any():
            wrong[wrong] = [not is_missing(own[row], self.na_values) for row in np.flatnonzero(wrong).tolist()]
        if wrong.any():
            row = int(wrong.argmax())
            problem = f"{own[row]!r} in the column {name!r}; expected a number"
            raise place.error(row, problem, self._way_to_numbers(cells, name, chosen, place.path, repeated))
        faults: list[tuple[NDArray[np.bool_], Callable[[int], str], str]] = [
            (np.isinf(numbers), lambda row: "an infinity", ""),
            (np.abs(numbers) > LARGEST, lambda row: f"{numbers[row]:g}", f" of at most {LARGEST:g}"),
        ]
        for rows, found, bound in faults:
            if rows.any():
                row = int(rows.argmax())
                raise place.error(row, f"{found(row)} in the column {name!r}; expected a number{bound}")
        return numbers

    def _way_to_numbers(self, cells: Cells, name: str, chosen: Sequence[str], path: Path, repeated: bool) -> str:
        """Settings that would read a column as numbers."""
        texts = [str(cell).strip() for cell in cells[name] if not is_missing(cell, self.na_values)]
        delimiter = "," if path.suffix == ".parquet" else self.delimiter_in(path)
        present = self.number_format
        found = likely_format([texts], delimiter)
        if found is None:  # beside texts of missing values
            like_numbers = [text for text in texts if any(not isnan(each.parse(text)) for each in FORMATS)]
            odd = sorted(set(texts) - set(like_numbers))
            if 2 * len(like_numbers) > len(texts) and len(odd) <= ODD and all(len(text) <= LONG for text in odd):
                found = likely_format([like_numbers], delimiter) or present
                return self._keys(found, [*self.na_values, *odd])
            others = [each for each in chosen if each != name and likely_format([cells[each]], delimiter)]
            if repeated and len(set(texts)) < len(texts):
                return f"{key('series', name)}, if it names the series of each row"
            return f"{key('numeric_columns', others)} leaves it out" if others else ""
        return self._keys(found, self.na_values)

    def _keys(self, found: NumberFormat, na_values: list[str]) -> str:
        settings: dict[str, Any] = {}
        if found.decimal != self.decimal:
            settings["decimal"] = found.decimal
        if found.thousands is not None and found.thousands != self.thousands:
            settings["thousands"] = found.thousands
        if na_values != self.na_values:
            settings["na_values"] = na_values
        return ways(settings)

    def _times(self, cells: Sequence[Any], name: str, place: Place, years: bool) -> Stamps:
        """Parse a column of times; `years` takes four digits for a year."""
        texts = [cell.isoformat() if isinstance(cell, date) else "" if cell is None else str(cell) for cell in cells]
        own = any(isinstance(cell, date) for cell in cells)  # parquet has times that need no format
        try:
            stamps = parse_times(texts, years, None if own else self.date_format, None if own else self.time_unit)
        except TimestampError as error:
            problem = f"column {name!r}: {error.problem}"
            hint = way_to_read(texts, None if own else self.date_format) if error.of_format else ""
            raise place.error(error.index, problem, hint) from None
        if stamps.times.dtype.kind != "M" and (unit := likely_unit(texts)):
            way = f"{key('time_unit', unit)} reads them as timestamps"
            note(f"{place.path}: times such as {texts[0]} look like {UNITS[unit]} since 1970; {way}")
        return stamps

    def _axis(self, stamps: Stamps, name: str, place: Place) -> tuple[Times, str | None]:
        """Times without the leaps of daylight saving: in UTC with their zone, or as they are with None."""
        times, offsets, zone = stamps.times, stamps.offsets, self.time_zone
        if times.dtype.kind != "M":
            if zone is not None:
                problem = f"time_zone = {zone!r} is for timestamps; the column {name!r} has integers such as {times[0]}"
                raise DataError(problem, place.path, hint='data.reader.time_unit = "s" for seconds since 1970')
            return times, None
        if self.time_unit is not None:
            offsets = np.zeros(len(times), np.int64)
        if offsets is None:
            if zone is None or stamps.is_daily:
                return times, None
            order, starts = place.by_series
            try:
                utc = to_utc(times[order], zone, starts)
            except TimestampError as error:
                raise place.error(int(order[error.index]), f"column {name!r}: {error.problem}") from None
            result = utc.copy()
            result[order] = utc
            return result, zone
        utc = times - offsets.astype("timedelta64[s]")
        if zone is not None:
            local = local_times(utc, zone)
            return (local, None) if Stamps(local).is_daily else (utc, zone)
        if len(distances := np.unique(offsets)) == 1 or stamps.is_daily:
            return times, None
        several = " and ".join(_distance(each) for each in distances.tolist())
        way = f"{key('time_zone', zone_of_offsets(times, offsets) or 'UTC')} has them in local time"
        note(f"{place.path}: distances from UTC change ({several}), so all times are read as UTC; {way}")
        return utc, "UTC"


ODD, LONG = 3, 12
"""Texts that may stand for missing values: different ones, at most, and their characters."""
UNITS: dict[TimeUnit, str] = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}


def _distance(seconds: int) -> str:
    """Distance from UTC for people."""
    hours, minutes = divmod(abs(seconds) // 60, 60)
    return f"{'-' if seconds < 0 else '+'}{hours:02}:{minutes:02}"


@final
@dataclass(frozen=True)
class Place:
    """Places of the rows of a file."""

    path: Path
    series: list[str]
    """Name of each row's series."""
    lines: NDArray[np.int64]

    def error(self, row: int, problem: str, hint: str = "") -> DataError:
        """Error about a row."""
        sign = "," if problem.startswith("column") else ":"
        return DataError(f"series {self.series[row]!r}{sign} {problem}", self.path, int(self.lines[row]), hint)

    @property
    def by_series(self) -> tuple[Rows, list[int]]:
        """Order of the rows by series, and first row of each."""
        codes: dict[str, int] = {}
        of_row = np.array([codes.setdefault(name, len(codes)) for name in self.series], np.int64)
        order = np.argsort(of_row, kind="stable")
        return order, np.flatnonzero(np.diff(of_row[order], prepend=-1)).tolist()


def rows_of_series(names: NDArray[np.object_]) -> list[tuple[int, int]]:
    """First row of each series, and the row after its last."""
    return list(pairwise([0, *(np.flatnonzero(names[1:] != names[:-1]) + 1).tolist(), len(names)]))


Cells = dict[str, Sequence[Any]]


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
    time_zone: str | None = None
    """Zone of timestamps that are kept in UTC; None for those in their own local time."""
    offset: int | None = None
    """Distance from UTC that the file tells for all rows, in seconds; None for several or none."""

    @cached_property
    def local_times(self) -> Times:
        """Times of the rows by the clocks of their zone."""
        return local_times(self.times, self.time_zone)

    def in_zone(self, time_zone: str | None) -> SeriesTable:
        """Move to the UTC of another file; unchanged for integers."""
        if time_zone is None or self.time_zone is not None or self.times.dtype.kind != "M":
            return self
        utc = (self.times.astype("datetime64[s]") - np.timedelta64(self.offset or 0, "s")).astype("datetime64[s]")
        return replace(self, times=utc, time_zone=time_zone)

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
    time_zone: str | None = None
    """Zone of timestamps in UTC."""

    def text(self, row: int) -> str:
        """Time of a row as the file has it."""
        return texts_of(self.times[row : row + 1], self.time_zone)[0]

    def daylight(self, moment: Any) -> str:
        """Setting for times that leap with the clocks; empty for others."""
        if self.time_zone is not None or self.times.dtype.kind != "M" or not (zone := zone_of_change(moment)):
            return ""
        return f"{key('time_zone', zone)} (or another with daylight saving) if clocks were put forward or back"


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
    row, line = int(rows[place]), int(records.lines[rows[place]])
    same = np.flatnonzero(times[:place] == times[place])
    if len(same):
        first = int(records.lines[rows[same[0]]])
        problem = f"series {name!r}: {records.text(row)} occurs twice, first in line {first}"
        raise DataError(problem, records.path, line, records.daylight(times[place]) or _way_to_series(records, rows))
    problem = f"series {name!r}: {records.text(row)} after {records.text(int(rows[place - 1]))}"
    hint = "" if records.time_zone else records.daylight(times[place])
    raise DataError(f"{problem}; expected rows in order of time", records.path, line, hint)


def _way_to_series(records: Records, rows: Rows) -> str:
    """Setting for a column that names series by numbers; empty for none."""
    if len(set(records.series)) > 1 or len(records.columns) < 2:
        return ""
    for place, column in enumerate(records.columns):
        numbers = records.values[rows, place]
        whole = bool((numbers == np.floor(numbers)).all())
        pairs = set(zip(records.times[rows].tolist(), numbers.tolist(), strict=True))
        if whole and len(pairs) == len(rows) and 2 * len(set(numbers.tolist())) <= len(rows):
            return f"{key('series', column)}, if it names the series of each row"
    return ""


def _evenly(records: Records, name: str, rows: Rows, step: Step, gaps: Gaps) -> tuple[Times, NDArray[np.float64]]:
    """Timestamps and values of a series, a row at every step."""
    times, values = records.times[rows], records.values[rows]
    places, exact = step.positions(times)
    wrong = np.flatnonzero(~exact)
    if len(wrong):
        hint = 'data.reader.gaps = "ignore" takes rows as they are'
        _refuse(records, name, rows, int(wrong[0]), f"expected steps of {step}; {hint}")
    jumps = np.flatnonzero(np.diff(places) != 1)
    if not len(jumps):
        return times, values
    first, missing = int(jumps[0]) + 1, int(places[-1]) + 1 - len(places)
    if gaps == "refuse":
        here = int(places[first] - places[first - 1]) - 1
        steps = f"1 step of {step} is missing" if here == 1 else f"{here:,} steps of {step} are missing"
        problem = steps + (f", {missing:,} in all" if missing > here else "")
        skipped = step.after(times[0], places[first - 1 : first] + 1)[0]
        way = f"{zone}, or " if (zone := records.daylight(skipped)) else ""
        _refuse(records, name, rows, first, f'{problem}; {way}data.reader.gaps = "fill" puts missing values there')
    if missing > MOST_FILLED * len(rows):
        problem = f"to fill its gaps takes {missing:,} rows for {len(rows):,} that are there; steps of {step}"
        raise DataError(f"series {name!r}: {problem}", records.path)
    whole = np.full((int(places[-1]) + 1, values.shape[1]), np.nan)
    whole[places] = values
    return step.after(times[0], np.arange(len(whole))), whole


def _refuse(records: Records, name: str, rows: Rows, place: int, problem: str) -> None:
    """Raise an error about a row and its predecessor in the series."""
    between = f"{records.text(int(rows[place]))} after {records.text(int(rows[place - 1]))}"
    raise DataError(f"series {name!r}: {between}: {problem}", records.path, int(records.lines[rows[place]]))

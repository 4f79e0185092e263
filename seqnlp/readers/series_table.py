"""Table of series laid end to end, checked for even time steps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from seqnlp.errors import DataError
from seqnlp.readers.time_axis import Step

Gaps = Literal["refuse", "fill", "ignore"]
Times = NDArray[np.datetime64]
Rows = NDArray[np.int64]

MOST_FILLED = 20
"""Most rows to fill per row that is there: more are a mistake in a date."""


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
    """Timestamps of the rows, in seconds; shape (rows,)."""
    offsets: NDArray[np.int64]
    """Start of each series, and the end of the last one; shape (series + 1,)."""


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
    if step and freq:  # a month may be from its last day to the next one's
        step = replace(freq, unit="month ends") if (freq.unit, step.unit) == ("months", "month ends") else freq
    parts = [(records.times[rows], records.values[rows]) for rows in rows_of.values()]
    if step and gaps != "ignore":
        parts = [_evenly(records, name, rows, step, gaps) for name, rows in rows_of.items()]
    offsets = np.cumsum([0, *(len(times) for times, _ in parts)]).astype(np.int64)
    times, values = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return SeriesTable(list(codes), records.columns, values, times, offsets)


def _check_rising(records: Records, name: str, rows: Rows) -> None:
    times = records.times[rows]
    falling = np.flatnonzero(np.diff(times) <= np.timedelta64(0, "s"))
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

"""Time axis of a series: the step between its rows, and later times."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from seqnlp.errors import DataError

Ints = NDArray[np.int64]
Times = NDArray[np.datetime64] | Ints
"""Timestamps in seconds, or integer time steps."""

RECENT = 25
"""Rows at the end of a series that must be evenly spaced to extend it."""

SECONDS = {"W": 604800, "D": 86400, "h": 3600, "min": 60, "s": 1}
MONTHS = {"Y": 12, "Q": 3, "M": 1}
WORDS = {
    "s": "second",
    "min": "minute",
    "h": "hour",
    "D": "day",
    "W": "week",
    "M": "month",
    "Q": "quarter",
    "Y": "year",
    "B": "business day",
}

_STEP = re.compile(r"(\d*)([a-zA-Z]+)")

Unit = Literal["seconds", "months", "month ends", "weekdays", "integers"]

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
BUSINESS_DAYS = "1111100"
"""Monday to Friday, as a weekmask of numpy."""
WEEKS = 6
"""Weeks from which days off are inferred: in six, steps of 2 to 6 days reach every day of the week."""


@dataclass(frozen=True)
class Step:
    """Distance between the rows of a series: a number of seconds, calendar months, weekdays or integers."""

    count: int
    unit: Unit
    """`month ends`: months, the day counted from the end of the month. `weekdays`: days of the weekmask."""
    weekmask: str = ""
    """Days of the week with rows, Monday first: `1111100` are business days."""

    @classmethod
    def parse(cls, text: str) -> Step:
        """Parse `h`, `15min`, `D`, `B`, `W`, `M`, `Q` or `Y`.

        Raises:
            ValueError: for anything else.
        """
        match = _STEP.fullmatch(text.strip())
        count = int(match[1] or 1) if match else 0
        if match and count and match[2] in SECONDS:
            return cls(count * SECONDS[match[2]], "seconds")
        if match and count and match[2] in MONTHS:
            return cls(count * MONTHS[match[2]], "months")
        if match and count and match[2] == "B":
            return cls(count, "weekdays", BUSINESS_DAYS)
        raise ValueError(f"Input should be a number and one of {', '.join(WORDS)}, for instance h or 15min")

    @classmethod
    def infer(cls, series: list[Times]) -> Step | None:
        """Most common step of some series, gaps or not; None if no series has two rows.

        Args:
            series: The times of each; rising, timestamps in seconds.
        """
        seconds = np.concatenate([np.diff(times).astype(np.int64) for times in series])
        if not len(seconds):
            return None
        usual = _most_common(seconds)
        if series[0].dtype.kind != "M":
            return cls(usual, "integers")
        uneven = bool((seconds != usual).any())
        if uneven and usual % SECONDS["D"] == 0 and usual < 7 * SECONDS["D"]:
            weekmask = _weekmask([times for times in series if len(times)])
            if weekmask:
                return cls(1, "weekdays", weekmask)
        if usual < 28 * SECONDS["D"]:
            return cls(usual, "seconds")
        units: list[Unit] = ["months", "month ends"]
        for unit in units:
            parts = [_in_calendar(times, unit) for times in series if len(times)]
            if all(same.all() for _, same in parts):
                return cls(_most_common(np.concatenate([np.diff(months) for months, _ in parts])), unit)
        return cls(usual, "seconds")

    def of_month_ends(self, found: Step | None) -> Step:
        """Replace months by month ends if these were found."""
        ends = (self.unit, found.unit if found else "") == ("months", "month ends")
        return replace(self, unit="month ends") if ends else self

    def positions(self, times: Times) -> tuple[Ints, NDArray[np.bool_]]:
        """Whole steps from the first timestamp to each; also, if they are exact.

        Args:
            times: Timestamps in seconds or integers, one or more; shape (rows,).
        """
        if (self.unit == "integers") != (times.dtype.kind != "M"):
            return np.zeros(len(times), np.int64), np.arange(len(times)) == 0
        if self.unit in ("seconds", "integers"):
            apart = (times - times[0]).astype(np.int64)
            return apart // self.count, apart % self.count == 0
        if self.unit == "weekdays":
            days = times.astype("datetime64[D]")
            same = np.is_busday(days, self.weekmask) & (times - days == times[0] - days[0])
            between = np.busday_count(days[0], days, self.weekmask)
            return between // self.count, (between % self.count == 0) & same
        months, same = _in_calendar(times, self.unit)
        apart = months - months[0]
        return apart // self.count, (apart % self.count == 0) & same

    def after(self, start: np.datetime64 | np.int64, positions: Ints) -> Times:
        """Timestamps that are a number of steps after one of a series.

        Args:
            start: A timestamp in seconds, or an integer.
            positions: The numbers of steps; shape (rows,).

        Raises:
            ValueError: after the year 9999, for a step of months.
        """
        if not isinstance(start, np.datetime64):
            return np.asarray(start + positions * self.count)
        if self.unit == "seconds":
            return np.asarray(start + (positions * self.count).astype("timedelta64[s]"))
        if self.unit == "weekdays":
            day = start.astype("datetime64[D]")
            days = np.busday_offset(day, positions * self.count, "backward", self.weekmask)
            return np.asarray(days + (start - day))
        import pandas as pd

        first = pd.Timestamp(start)
        offset = pd.DateOffset(months=self.count) if self.unit == "months" else pd.offsets.MonthEnd(self.count)
        to_end = pd.Timedelta(days=first.days_in_month - first.day if self.unit == "month ends" else 0)
        moved = [first + to_end + number * offset - to_end for number in positions.tolist()]
        return np.array(moved, "datetime64[s]")

    def __str__(self) -> str:
        if self.unit == "integers":
            return f"{self.count}"
        if self.unit == "weekdays" and self.weekmask == BUSINESS_DAYS:
            return "1 business day" if self.count == 1 else f"{self.count} business days"
        if self.unit == "weekdays":
            return "1 day of " + ", ".join(day for day, on in zip(DAYS, self.weekmask, strict=True) if on == "1")
        table = SECONDS if self.unit == "seconds" else MONTHS
        unit, size = next((unit, size) for unit, size in table.items() if self.count % size == 0)
        count = self.count // size
        return f"{count} {WORDS[unit]}" + ("s" if count > 1 else "")


def _in_calendar(times: Times, unit: Unit) -> tuple[Ints, NDArray[np.bool_]]:
    """Month number of each timestamp; also, if all have the first one's day and time of day."""
    import pandas as pd

    index = pd.DatetimeIndex(times)
    day = index.day - index.days_in_month if unit == "month ends" else index.day
    of_day = index - index.normalize()
    months: Ints = index.year.to_numpy().astype(np.int64) * 12 + index.month.to_numpy()
    return months, np.asarray((day == day[0]) & (of_day == of_day[0]))


def _weekmask(series: list[Times]) -> str | None:
    """Infer the weekmask of series with days off; None for other series.

    Args:
        series: The timestamps of each, one or more.
    """
    days = [times.astype("datetime64[D]") for times in series]
    of_day = {moment for times, each in zip(series, days, strict=True) for moment in (times - each).astype(int)}
    # 1970-01-01 was a Thursday; Monday is 0
    present = {day for each in days for day in ((each.astype(np.int64) + 3) % 7).tolist()}
    if len(of_day) > 1 or not 1 < len(present) < 7:
        return None
    weekmask = "".join("1" if day in present else "0" for day in range(7))
    between = np.concatenate([np.busday_count(each[:-1], each[1:], weekmask) for each in days])
    apart = np.concatenate([np.diff(each).astype(int) for each in days])
    if weekmask == BUSINESS_DAYS:
        told = _most_common(apart) == 1
    else:
        told = max(int((each[-1] - each[0]).astype(int)) for each in days) >= 7 * WEEKS
    mostly = 2 * int((between == 1).sum()) > len(between)  # else the days with rows are chance
    return weekmask if told and mostly else None


def _most_common(numbers: Ints) -> int:
    values, counts = np.unique(numbers, return_counts=True)
    return int(values[counts.argmax()])


def times_after(times: Times, steps: int, series: str, path: Path, freq: Step | None = None) -> Times:
    """Times of the steps after the last row of a series.

    Args:
        times: Times of its rows, two or more; shape (rows,).
        steps: Number of steps.
        series: Name of the series, for messages.
        path: The file that it is from.
        freq: Step between rows; left out: that of the last rows, which must be evenly spaced, but for days on which
            a series of weekdays has no row (holidays).

    Raises:
        seqnlp.errors.DataError: if the last rows are not evenly spaced, or it would go on after the year 9999.
    """
    recent = times[-RECENT:]
    step = Step.infer([times])  # free days of the week take more than the last rows to tell
    if step is None or step.unit != "weekdays":
        step = Step.infer([recent])
    step = freq.of_month_ends(step) if freq else step
    if step is not None:
        positions, exact = step.positions(recent)
        even = bool((np.diff(positions) == 1).all()) or step.unit == "weekdays" or freq is not None
        if exact.all() and even:
            try:
                return step.after(recent[-1], np.arange(1, steps + 1))
            except ValueError:
                raise DataError(f"series {series!r}: {steps} steps of {step} go past the year 9999", path) from None
    hint = "" if freq else '; data.reader.freq, such as "D" or "B", tells the step between rows'
    raise DataError(
        f"series {series!r}: its last rows are not evenly spaced, so no later ones can be dated{hint}", path
    )

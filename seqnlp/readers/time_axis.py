"""Time axis of a series: its timestamps and the step between them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from seqnlp.errors import DataError

Times = NDArray[np.datetime64]
Ints = NDArray[np.int64]

EXPECTED = "expected a timestamp such as 2016-07-31, 2016-07-31 23:00 or 2016-07-31T23:00:00Z"
RECENT = 25
"""Rows at the end of a series that must be evenly spaced to extend it."""

_TIMESTAMP = re.compile(
    r"(?P<date>\d{4}(?:-\d\d(?:-\d\d)?)?)(?:[T ](?P<time>\d\d:\d\d(?::\d\d)?)(?:\.0+)?(?P<zone>Z|[+-]\d\d:?\d\d)?)?"
)


class TimestampError(ValueError):
    """A text that is not a timestamp."""

    def __init__(self, index: int, problem: str) -> None:
        super().__init__(problem)
        self.index, self.problem = index, problem


def parse_timestamps(texts: Sequence[str]) -> Times:
    """Parse ISO 8601 timestamps to the second, in their own local time.

    A distance from UTC is dropped; all texts must have the same, or none.

    Raises:
        TimestampError: with the index of the first text that is not a timestamp, or has another distance from UTC.
    """
    plain: list[str] = []
    first_zone: str | None = None
    for index, text in enumerate(texts):
        match = _TIMESTAMP.fullmatch(text.strip())
        if match is None:
            raise TimestampError(index, f"{text!r} is not a timestamp; {EXPECTED}")
        zone = (match["zone"] or "").replace(":", "").replace("Z", "+0000")
        if index == 0:
            first_zone = zone
        elif zone != first_zone:
            found, expected = (each or "no time zone" for each in (zone, first_zone))
            problem = f"{text!r} has {found}, the first row {expected}: mixed time zones; write all of them in UTC"
            raise TimestampError(index, problem)
        plain.append(f"{match['date']}T{match['time']}" if match["time"] else match["date"])
    try:
        return np.array(plain, "datetime64[s]")
    except ValueError:
        index = next(index for index, text in enumerate(plain) if not _exists(text))
        raise TimestampError(index, f"{texts[index]!r}: there is no such day or hour") from None


def _exists(text: str) -> bool:
    try:
        np.datetime64(text, "s")
    except ValueError:
        return False
    return True


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
}

_STEP = re.compile(r"(\d*)([a-zA-Z]+)")

Unit = Literal["seconds", "months", "month ends"]


@dataclass(frozen=True)
class Step:
    """Distance between the rows of a series: a number of seconds or of calendar months."""

    count: int
    unit: Unit
    """`month ends`: months, the day counted from the end of the month."""

    @classmethod
    def parse(cls, text: str) -> Step:
        """Parse `h`, `15min`, `D`, `W`, `M`, `Q` or `Y`.

        Raises:
            ValueError: for anything else.
        """
        match = _STEP.fullmatch(text.strip())
        count = int(match[1] or 1) if match else 0
        if match and count and match[2] in SECONDS:
            return cls(count * SECONDS[match[2]], "seconds")
        if match and count and match[2] in MONTHS:
            return cls(count * MONTHS[match[2]], "months")
        raise ValueError(f"Input should be a number and one of {', '.join(WORDS)}, for instance h or 15min")

    @classmethod
    def infer(cls, series: list[Times]) -> Step | None:
        """Most common step of some series, gaps or not; None if no series has two rows.

        Args:
            series: The timestamps of each; rising, in seconds.
        """
        seconds = np.concatenate([np.diff(times).astype(np.int64) for times in series])
        if not len(seconds):
            return None
        usual = _most_common(seconds)
        if usual < 28 * SECONDS["D"]:
            return cls(usual, "seconds")
        units: list[Unit] = ["months", "month ends"]
        for unit in units:
            parts = [_in_calendar(times, unit) for times in series if len(times)]
            if all(same.all() for _, same in parts):
                return cls(_most_common(np.concatenate([np.diff(months) for months, _ in parts])), unit)
        return cls(usual, "seconds")

    def positions(self, times: Times) -> tuple[Ints, NDArray[np.bool_]]:
        """Whole steps from the first timestamp to each; also, if they are exact.

        Args:
            times: In seconds, one or more; shape (rows,).
        """
        if self.unit == "seconds":
            apart = (times - times[0]).astype(np.int64)
            return apart // self.count, apart % self.count == 0
        months, same = _in_calendar(times, self.unit)
        apart = months - months[0]
        return apart // self.count, (apart % self.count == 0) & same

    def after(self, start: np.datetime64, positions: Ints) -> Times:
        """Timestamps that are a number of steps after one of a series.

        Args:
            start: In seconds.
            positions: The numbers of steps; shape (rows,).

        Raises:
            ValueError: after the year 9999, for a step of months.
        """
        if self.unit == "seconds":
            return np.asarray(start + (positions * self.count).astype("timedelta64[s]"))
        import pandas as pd

        first = pd.Timestamp(start)
        offset = pd.DateOffset(months=self.count) if self.unit == "months" else pd.offsets.MonthEnd(self.count)
        to_end = pd.Timedelta(days=first.days_in_month - first.day if self.unit == "month ends" else 0)
        moved = [first + to_end + number * offset - to_end for number in positions.tolist()]
        return np.array(moved, "datetime64[s]")

    def __str__(self) -> str:
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


def _most_common(numbers: Ints) -> int:
    values, counts = np.unique(numbers, return_counts=True)
    return int(values[counts.argmax()])


def times_after(times: Times, steps: int, series: str, path: Path) -> Times:
    """Timestamps of the steps after the last row of a series.

    Args:
        times: Timestamps of its rows, two or more; shape (rows,).
        steps: Number of steps.
        series: Name of the series, for messages.
        path: The file that it is from.

    Raises:
        seqnlp.errors.DataError: if the last rows are not evenly spaced, or it would go on after the year 9999.
    """
    recent = times[-RECENT:].astype("datetime64[s]")
    step = Step.infer([recent])
    if step is not None:
        positions, exact = step.positions(recent)
        if exact.all() and (np.diff(positions) == 1).all():
            try:
                return step.after(recent[-1], np.arange(1, steps + 1))
            except ValueError:
                raise DataError(f"series {series!r}: {steps} steps of {step} go past the year 9999", path) from None
    raise DataError(f"series {series!r}: its last rows are not evenly spaced, so no later ones can be dated", path)

"""The step of a series: so many seconds, or so many months."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.datetime64]
Places = NDArray[np.int64]
Unit = Literal["seconds", "months", "month ends"]

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


@dataclass(frozen=True)
class Step:
    """How far apart the rows of a series are."""

    count: int
    unit: Unit

    @classmethod
    def parse(cls, text: str) -> Step:
        """What `h`, `15min`, `D`, `W`, `M`, `Q` or `Y` means.

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
        """The step that most rows of some series are apart; None if no two of any are.

        Args:
            series: The times of each; rising, in seconds.
        """
        seconds = np.concatenate([np.diff(times).astype(np.int64) for times in series])
        if not len(seconds):
            return None
        usual = _most_common(seconds)
        if usual < 28 * SECONDS["D"]:
            return cls(usual, "seconds")
        units: list[Unit] = ["months", "month ends"]
        for unit in units:
            parts = [_months(times, unit) for times in series if len(times)]
            if all((into == into[0]).all() for _, into in parts):
                return cls(_most_common(np.concatenate([np.diff(months) for months, _ in parts])), unit)
        return cls(usual, "seconds")

    def places(self, times: Times) -> tuple[Places, NDArray[np.bool_]]:
        """How many steps each moment is after the first one, and whether it is that exactly.

        Args:
            times: In seconds, one or more; shape (rows,).
        """
        if self.unit == "seconds":
            apart = (times - times[0]).astype(np.int64)
            return apart // self.count, apart % self.count == 0
        months, into = _months(times, self.unit)
        apart = months - months[0]
        return apart // self.count, (apart % self.count == 0) & (into == into[0])

    def after(self, start: np.datetime64, places: Places) -> Times:
        """The moments so many steps after one of a series.

        Args:
            start: In seconds.
            places: How many steps; shape (rows,).
        """
        if self.unit == "seconds":
            return np.asarray(start + (places * self.count).astype("timedelta64[s]"))
        month, into = _months(np.array([start]), self.unit)
        border = month[0] + places * self.count + int(self.unit == "month ends")
        return np.asarray(border.astype("datetime64[M]").astype("datetime64[s]") + into[0].astype("timedelta64[s]"))

    def __str__(self) -> str:
        table = SECONDS if self.unit == "seconds" else MONTHS
        unit, size = next((unit, size) for unit, size in table.items() if self.count % size == 0)
        count = self.count // size
        return f"{count} {WORDS[unit]}" + ("s" if count > 1 else "")


def _months(times: Times, unit: Unit) -> tuple[Places, Places]:
    """The month of each moment, and the seconds since it began, or, below 0, until it ends."""
    months = times.astype("datetime64[M]")
    border = months + int(unit == "month ends")
    return months.astype(np.int64), (times.astype("datetime64[s]") - border.astype("datetime64[s]")).astype(np.int64)


def _most_common(numbers: Places) -> int:
    values, counts = np.unique(numbers, return_counts=True)
    return int(values[counts.argmax()])

"""Moments written in text: ISO 8601, to the second."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

EXPECTED = "expected a moment such as 2016-07-31, 2016-07-31 23:00 or 2016-07-31T23:00:00Z"

_MOMENT = re.compile(
    r"(?P<date>\d{4}(?:-\d\d(?:-\d\d)?)?)(?:[T ](?P<time>\d\d:\d\d(?::\d\d)?)(?:\.0+)?(?P<zone>Z|[+-]\d\d:?\d\d)?)?"
)


class MomentError(ValueError):
    """A text that is no moment."""

    def __init__(self, index: int, problem: str) -> None:
        super().__init__(problem)
        self.index, self.problem = index, problem


def parse_moments(texts: Sequence[str]) -> NDArray[np.datetime64]:
    """The moments that texts mean, in seconds, on the clock that they were written by.

    A distance from UTC is dropped; all texts must have the same, or none.

    Raises:
        MomentError: with the index of the first text that is no moment, or has another distance from UTC.
    """
    plain: list[str] = []
    first_zone: str | None = None
    for index, text in enumerate(texts):
        match = _MOMENT.fullmatch(text.strip())
        if match is None:
            raise MomentError(index, f"{text!r} is no moment; {EXPECTED}")
        zone = (match["zone"] or "").replace(":", "").replace("Z", "+0000")
        if index == 0:
            first_zone = zone
        elif zone != first_zone:
            found, expected = (each or "no time zone" for each in (zone, first_zone))
            problem = f"{text!r} has {found}, the first row {expected}: mixed time zones; write all of them in UTC"
            raise MomentError(index, problem)
        plain.append(f"{match['date']}T{match['time']}" if match["time"] else match["date"])
    try:
        return np.array(plain, "datetime64[s]")
    except ValueError:
        index = next(index for index, text in enumerate(plain) if not _exists(text))
        raise MomentError(index, f"{texts[index]!r}: there is no such day or hour") from None


def _exists(text: str) -> bool:
    try:
        np.datetime64(text, "s")
    except ValueError:
        return False
    return True

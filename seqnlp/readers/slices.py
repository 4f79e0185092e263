"""Slices of a split, and periods of a file of series.

In the syntax of `datasets`: `train.txt[:95%]`, `train.txt[-500:]`. Periods are counted in each series:
`load.csv[0:8640]`, `load.csv[2017-07-01:2017-11-01]`.
"""

from __future__ import annotations

import re

import numpy as np

from seqnlp.errors import DataError
from seqnlp.readers.time_axis import Times

SLICE = re.compile(r"\[(-?\d+%?)?:(-?\d+%?)?\]$")


def split_slice(source: str) -> tuple[str, str]:
    """Split a source into file and slice; the slice is empty if there is none."""
    match = SLICE.search(source)
    return (source[: match.start()], match[0]) if match else (source, "")


def rows_of(slice_: str, total: int) -> range:
    """Rows of a slice: from the first bound up to, and without, the second one.

    Args:
        slice_: `[a:b]`. A bound counts rows or, with `%`, hundredths of all rows, rounded to the nearest row; a
            negative one counts from the end.
        total: Number of rows.
    """
    match = SLICE.fullmatch(slice_)
    if match is None:
        return range(total)
    start, stop = (None if bound is None else _row(bound, total) for bound in match.groups())
    return range(total)[start:stop]


def _row(bound: str, total: int) -> int:
    return round(int(bound[:-1]) * total / 100) if bound.endswith("%") else int(bound)


BOUND = r"-?\d+%?|\d{4}-\d{2}-\d{2}"
PERIOD = re.compile(rf"\[({BOUND})?:({BOUND})?\]$")


def split_period(source: str) -> tuple[str, str]:
    """Split a source into file and period; the period is empty if there is none.

    Raises:
        seqnlp.errors.DataError: brackets at the end that hold no period.
    """
    match = PERIOD.search(source)
    if match is None:
        if source.endswith("]"):
            raise DataError(
                "expected a period such as [:70%], [0:8640] or [2017-07-01:2017-11-01] in the brackets", source
            )
        return source, ""
    return source[: match.start()], match[0]


def period_of(period: str, times: Times, name: str) -> tuple[int, int]:
    """Rows of a period of a series: from the first bound up to, and without, the second one.

    Args:
        period: `[a:b]`, or empty for all. A bound is a row, with `%` a hundredth of all rows, or a day, which stands
            for its beginning.
        times: Timestamps or integer time steps of the rows of the series; rising.
        name: Name of the file, for messages.

    Returns:
        The first row, and the one after the last.

    Raises:
        seqnlp.errors.DataError: a day that does not exist, or that integer time steps do not tell.
    """
    match = PERIOD.fullmatch(period)
    if match is None:
        return 0, len(times)
    bounds = []
    for bound in match.groups():
        if bound is None or "-" not in bound[1:]:
            bounds.append(bound or "")
            continue
        try:
            day = np.datetime64(bound, "s")
        except ValueError:
            raise DataError(f"{bound} in {period} is not a day", name) from None
        if times.dtype.kind != "M":
            problem = "its times are integers; count rows in the period, such as [:70%] or [-24:]"
            raise DataError(f"{bound} in {period} is a day, but {problem}", name)
        bounds.append(str(int(np.searchsorted(times.astype("datetime64[s]"), day))))
    rows = rows_of(f"[{bounds[0]}:{bounds[1]}]", len(times))
    return rows.start, max(rows.stop, rows.start)

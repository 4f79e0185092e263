"""Periods of a file of series: `load.csv[:70%]`, `[0:8640]`, `[2017-07-01:2017-11-01]`, counted in each series."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from seqnlp.errors import DataError
from seqnlp.readers.slices import rows_of

BOUND = r"-?\d+%?|\d{4}-\d{2}-\d{2}"
PERIOD = re.compile(rf"\[({BOUND})?:({BOUND})?\]$")


def cut_period(source: str) -> tuple[str, str]:
    """Part a source from the period at its end; the period is empty if there is none.

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


def period_of(period: str, times: NDArray[np.datetime64], name: str) -> tuple[int, int]:
    """The rows of a series that a period means: from the first bound up to, and without, the second one.

    Args:
        period: `[a:b]`, or empty for all. A bound is a row, with `%` a hundredth of all rows, or a day, which stands
            for its beginning.
        times: When each row of the series was; rising.
        name: What the file is called in messages.

    Returns:
        The first row, and the one after the last.

    Raises:
        seqnlp.errors.DataError: a day that there is not.
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
            raise DataError(f"{bound} in {period} is no day", name) from None
        bounds.append(str(int(np.searchsorted(times.astype("datetime64[s]"), day))))
    rows = rows_of(f"[{bounds[0]}:{bounds[1]}]", len(times))
    return rows.start, max(rows.stop, rows.start)

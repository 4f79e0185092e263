"""Statistics of series: length, step, missing values and range."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from seqnlp.readers.series import SERIES, TIME
from seqnlp.readers.time_axis import Step

if TYPE_CHECKING:
    from datasets import Dataset


@dataclass(frozen=True)
class SeriesDescription:
    """Statistics of one column of one series."""

    series: str
    column: str
    rows: int
    missing: int
    """Number of rows without a value."""
    first: str
    """Timestamp of the first row, ISO 8601."""
    last: str
    step: str | None
    """Step between rows; None for a single row."""
    minimum: float | None
    """Minimum of the values; None if all are missing."""
    mean: float | None
    deviation: float | None
    """Standard deviation."""
    maximum: float | None


def describe_series(dataset: Dataset) -> list[SeriesDescription]:
    """Describe each column of each series in a table of time series."""
    table = dataset.with_format("arrow")[:]
    names, times = (table.column(name).to_numpy() for name in (SERIES, TIME))
    borders = [0, *(np.flatnonzero(names[1:] != names[:-1]) + 1).tolist(), len(names)]
    found = []
    for begin, end in pairwise(borders):
        moments = times[begin:end].astype("datetime64[s]")
        step = Step.infer([moments])
        for column in table.column_names:
            if column in (SERIES, TIME):
                continue
            values = table.column(column).to_numpy()[begin:end]
            present = values[~np.isnan(values)]
            measures = (present.min(), present.mean(), present.std(), present.max()) if len(present) else (None,) * 4
            numbers = [None if measure is None else float(measure) for measure in measures]
            found.append(
                SeriesDescription(
                    str(names[begin]),
                    column,
                    len(values),
                    len(values) - len(present),
                    str(moments[0]),
                    str(moments[-1]),
                    None if step is None else str(step),
                    *numbers,
                )
            )
    return found

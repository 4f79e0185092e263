"""When the steps after the end of a series will be."""

from pathlib import Path

import numpy as np
import pytest

from seqnlp.errors import DataError
from seqnlp.tasks.forecast.times import times_after


@pytest.mark.parametrize(
    ("rows", "coming"),
    [
        (["2020-01-31 22:00", "2020-01-31 23:00"], ["2020-02-01T00:00:00", "2020-02-01T01:00:00"]),
        (["2020-02-14", "2020-02-21"], ["2020-02-28T00:00:00", "2020-03-06T00:00:00"]),
        (["2020-11-05", "2020-12-05"], ["2021-01-05T00:00:00", "2021-02-05T00:00:00"]),
        (["2019-11-30", "2019-12-31"], ["2020-01-31T00:00:00", "2020-02-29T00:00:00"]),
        (["2020-07-01", "2020-10-01"], ["2021-01-01T00:00:00", "2021-04-01T00:00:00"]),
        (["2019", "2020"], ["2021-01-01T00:00:00", "2022-01-01T00:00:00"]),
    ],
)
def test_a_series_goes_on_with_its_step(rows: list[str], coming: list[str]) -> None:
    times = np.array([row.replace(" ", "T") for row in rows], "datetime64[s]")
    assert times_after(times, 2, "s", Path("s.csv")).astype(str).tolist() == coming


@pytest.mark.parametrize("rows", [["2020-01-01"], ["2020-01-01", "2020-01-02", "2020-01-04"]])
def test_rows_without_a_step_have_none_after_them(rows: list[str]) -> None:
    with pytest.raises(DataError, match=r"s\.csv: series 's': its last rows are not evenly apart"):
        times_after(np.array(rows, "datetime64[s]"), 2, "s", Path("s.csv"))

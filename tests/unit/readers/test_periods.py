"""Periods of a file of series."""

import numpy as np
import pytest

from seqnlp.errors import DataError
from seqnlp.readers.slices import period_of, split_period

TIMES = np.datetime64("2020-02-27T00:00:00") + np.arange(100) * np.timedelta64(1, "h")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a.csv", ("a.csv", "")),
        ("a.csv[:70%]", ("a.csv", "[:70%]")),
        ("a.csv[0:8640]", ("a.csv", "[0:8640]")),
        ("a.csv[-24:]", ("a.csv", "[-24:]")),
        ("b/a.csv[2020-02-28:2020-03-01]", ("b/a.csv", "[2020-02-28:2020-03-01]")),
    ],
)
def test_a_source_is_parted_from_its_period(source: str, expected: tuple[str, str]) -> None:
    assert split_period(source) == expected


@pytest.mark.parametrize("source", ["a.csv[x:]", "a.csv[]", "a.csv[1]", "a.csv[1:2:3]"])
def test_brackets_that_hold_no_period_are_refused(source: str) -> None:
    with pytest.raises(DataError, match="expected a period"):
        split_period(source)


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ("", (0, 100)),
        ("[:70%]", (0, 70)),
        ("[70%:]", (70, 100)),
        ("[10:20]", (10, 20)),
        ("[-24:]", (76, 100)),
        ("[90:500]", (90, 100)),
        ("[50:20]", (50, 50)),
        ("[2020-02-28:2020-02-29]", (24, 48)),
        ("[2020-03-01:]", (72, 100)),
        ("[:2021-01-01]", (0, 100)),
        ("[2019-01-01:-10]", (0, 90)),
    ],
)
def test_a_period_means_rows(period: str, expected: tuple[int, int]) -> None:
    assert period_of(period, TIMES, "a.csv") == expected


def test_a_day_that_there_is_not_is_told() -> None:
    with pytest.raises(DataError, match=r"a.csv: 2020-02-30 in \[2020-02-30:\] is not a day"):
        period_of("[2020-02-30:]", TIMES, "a.csv")

"""Files of series with time zones, steps, periods and names of many kinds."""

import gzip
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from pydantic import ValidationError

from seqnlp.errors import DataError
from seqnlp.readers import Series


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize(
    ("lines", "settings", "problem"),
    [
        (
            ["2020-01-01T00:00Z,1", "2020-01-01T01:00+01:00,2"],
            {},
            ":3: series 's': 2020-01-01T00:00:00+00:00 occurs twice, first in line 2",
        ),
        (
            ["2020-01-01,1", "2020-01-02,2", "2020-01-03,3", "2020-01-03 12:00,3"],
            {},
            ":5: series 's': 2020-01-03T12:00:00 after 2020-01-03T00:00:00: expected steps of 1 day; "
            'data.reader.gaps = "ignore" takes rows as they are',
        ),
        (
            ["2020-01-01,1", "2020-01-02,2", "2020-01-04,3", "2020-01-06,3"],
            {"freq": "D"},
            ":4: series 's': 2020-01-04T00:00:00 after 2020-01-02T00:00:00: 1 step of 1 day is missing, 2 in all; "
            'data.reader.gaps = "fill" puts missing values there',
        ),
        (
            ["2020-01-01,1", "2020-01-02,2"],
            {"freq": "h"},
            ":3: series 's': 2020-01-02T00:00:00 after 2020-01-01T00:00:00: 23 steps of 1 hour are missing; "
            'data.reader.gaps = "fill" puts missing values there',
        ),
        (
            ["2020-01-01 00:00,1", "2020-01-01 00:01,2", "2021-01-01 00:00,3"],
            {"gaps": "fill"},
            ": series 's': to fill its gaps takes 527,038 rows for 3 that are there; steps of 1 minute",
        ),
    ],
)
def test_bad_series_files_are_refused(tmp_path: Path, lines: list[str], settings: dict[str, Any], problem: str) -> None:
    file = write(tmp_path / "s.csv", "ds,y", *lines)
    with pytest.raises(DataError) as caught:
        Series(**settings).read_series(file)
    assert str(caught.value) == f"{file}{problem}"


def test_the_ends_of_months_are_filled_with_ends_of_months(tmp_path: Path) -> None:
    file = write(tmp_path / "s.csv", "ds,y", "2020-01-31,1", "2020-02-29,2", "2020-05-31,5", "2020-06-30,6")
    table = Series(gaps="fill", freq="M").read_series(file)
    days = ["2020-01-31", "2020-02-29", "2020-03-31", "2020-04-30", "2020-05-31", "2020-06-30"]
    assert table.times.astype("datetime64[D]").astype(str).tolist() == days
    np.testing.assert_array_equal(table.values[:, 0], [1, 2, np.nan, np.nan, 5, 6])


def test_series_may_take_turns_and_gaps_are_those_of_each(tmp_path: Path) -> None:
    lines = ["a,2020-01-01,1", "b,2020-01-01,10", "a,2020-01-02,2", "a,2020-01-03,3", "b,2020-01-03,30"]
    file = write(tmp_path / "s.csv", "unique_id,ds,y", *lines)
    with pytest.raises(DataError, match=r"s\.csv:6: series 'b': .* 1 step of 1 day is missing; data.reader.gaps"):
        Series().read_series(file)
    table = Series(gaps="fill").read_series(file)
    np.testing.assert_array_equal(table.values[:, 0], [1, 2, 3, 10, np.nan, 30])
    assert table.offsets.tolist() == [0, 3, 6]


def test_a_series_without_a_name_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path / "s.csv", "unique_id,ds,y", "a,2020-01-01,1", ",2020-01-01,10")
    with pytest.raises(DataError, match=r"s\.csv:3: no name of a series in the column 'unique_id'"):
        Series().read_series(file)


def test_impossible_settings_are_refused() -> None:
    for wrong in ({"freq": "hourly"}, {"gaps": "jump"}):
        with pytest.raises(ValidationError):
            Series.model_validate(wrong)


@pytest.mark.parametrize("kind", ["date", "datetime", "text", "utc"])
def test_parquet_has_times_of_many_kinds(tmp_path: Path, kind: str) -> None:
    days = [date(2020, 1, 1) + timedelta(days=number) for number in range(3)]
    moments = [datetime(day.year, day.month, day.day, tzinfo=UTC if kind == "utc" else None) for day in days]
    times: list[Any] = days if kind == "date" else moments
    times = [str(day) for day in days] if kind == "text" else times
    path = tmp_path / "p.parquet"
    parquet.write_table(pa.table({"ds": times, "y": [1, None, 3], "x": [1.5, 2.5, float("nan")]}), path)
    table = Series().read_series(path)
    assert table.times.astype("datetime64[D]").astype(str).tolist() == [str(day) for day in days]
    np.testing.assert_array_equal(table.values, [[1, 1.5], [np.nan, 2.5], [3, np.nan]])


def test_a_copy_under_another_name_is_another_series(tmp_path: Path) -> None:
    for name in ("one", "two"):
        file = write(tmp_path / f"{name}.csv", "ds,y", "2020-01-01,1", "2020-01-02,2")
        assert set(Series().load(file)["unique_id"]) == {name}
    packed = tmp_path / "three.csv.gz"
    packed.write_bytes(gzip.compress(file.read_bytes()))
    assert Series().read_series(packed).names == ["three"]


def test_a_table_has_a_row_a_step_and_periods_are_those_of_each_series(tmp_path: Path) -> None:
    days = [f"2020-01-{day:02}" for day in range(1, 11)]
    lines = [f"{name},{day},{number}" for name in "ab" for number, day in enumerate(days)]
    file = write(tmp_path / "s.csv", "unique_id,ds,y", *lines)
    reader = Series(columns={"sales": "y"})
    whole = reader.load(file)
    assert whole.column_names == ["unique_id", "ds", "sales"]
    assert whole[9] == {"unique_id": "a", "ds": datetime(2020, 1, 10), "sales": 9.0}
    for part, numbers in {"[:20%]": [0, 1], "[-1:]": [9], "[2020-01-04:2020-01-06]": [3, 4]}.items():
        place = reader.locate(f"s.csv{part}", tmp_path.joinpath)
        assert reader.load(place)["sales"][:] == numbers * 2
        assert reader.files(place) == [file]
    with pytest.raises(DataError, match=r"no sequences in the slice \[2021-01-01:\] of 20"):
        reader.load(f"{file}[2021-01-01:]")

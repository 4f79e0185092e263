"""Series of numbers, read from csv and parquet."""

from pathlib import Path

import numpy as np
import pytest

from seqnlp.errors import DataError
from seqnlp.readers import Series


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


def test_columns_are_channels_of_one_series(tmp_path: Path) -> None:
    file = write(
        tmp_path / "load.csv", "date,x,y", "2020-01-01 00:00,1,2", "2020-01-01 01:00,,-3e2", "2020-01-01 02:00,5,NaN"
    )
    table = Series().read_series(file)
    assert (table.names, table.columns, table.offsets.tolist()) == (["load"], ["x", "y"], [0, 3])
    np.testing.assert_array_equal(table.values, [[1, 2], [np.nan, -300], [5, np.nan]])
    assert table.times.astype(str).tolist() == ["2020-01-01T00:00:00", "2020-01-01T01:00:00", "2020-01-01T02:00:00"]
    assert Series(numeric_columns=["y"]).read_series(file).columns == ["y"]
    assert Series(columns={"z": "y"}).read_series(file).columns == ["x", "z"]


@pytest.mark.parametrize("parquet", [False, True])
def test_the_long_form_is_sorted_by_series(tmp_path: Path, parquet: bool) -> None:
    rows = [("b", "2020-02-01", 1), ("a", "2020-01-01", 2), ("b", "2020-03-01", 3), ("a", "2020-02-01", 4)]
    if parquet:
        import pyarrow as pa
        from pyarrow import parquet as files

        file = tmp_path / "long.parquet"
        files.write_table(pa.table(dict(zip(("unique_id", "ds", "y"), zip(*rows, strict=True), strict=True))), file)
    else:
        file = write(tmp_path / "long.csv", "unique_id,ds,y", *(",".join(map(str, row)) for row in rows))
    table = Series().read_series(file)
    assert table.names == ["b", "a"]
    assert table.offsets.tolist() == [0, 2, 4]
    assert table.values[:, 0].tolist() == [1, 3, 2, 4]
    assert Series().load(file).column_names == ["unique_id", "ds", "y"]


@pytest.mark.parametrize(
    "days",
    [
        ["2020-01-31", "2020-02-01", "2020-02-02", "2020-02-05"],
        ["2020-01-01", "2020-02-01", "2020-03-01", "2020-06-01"],
    ],
)
def test_gaps_are_refused_filled_or_ignored(tmp_path: Path, days: list[str]) -> None:
    file = write(tmp_path / "s.csv", "ds,y", *(f"{day},{number}" for number, day in enumerate(days)))
    with pytest.raises(DataError, match=r"s.csv:5: series 's': .* after .*: 2 steps of 1 (day|month) are missing"):
        Series().read_series(file)
    np.testing.assert_array_equal(Series(gaps="fill").read_series(file).values[:, 0], [0, 1, 2, np.nan, np.nan, 3])
    assert len(Series(gaps="ignore").read_series(file).values) == 4


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (["ds,y", "2020-01-01,1", "2020-01-02,oh"], r":3: series 's': 'oh' in the column 'y'; expected a number"),
        (["ds,y", "2020-01-01,1", "2020-01-02,inf"], r":3: series 's': an infinity"),
        (["ds,y", "2020-01-02,1", "2020-01-01,2"], r":3: series 's': 2020-01-01T00:00:00 after 2020-01-02T00:00:00"),
        (
            ["ds,y", "2020-01-02,1", "2020-01-02,2"],
            r":3: series 's': 2020-01-02T00:00:00 occurs twice, first in line 2",
        ),
        (["ds,y", "soon,1"], r":2: series 's', column 'ds': 'soon' is not a timestamp; expected"),
        (["ds,y", "2020-02-30,1"], r":2: series 's', column 'ds': '2020-02-30': there is no such day"),
        (["ds,y", "2020-01-01,1,2"], r":2: 3 columns; expected 2"),
        (["ds,ds", "2020-01-01,1"], "column names must differ"),
        (["ds", "2020-01-01"], "no columns of numbers"),
        (["ds,y"], "no rows in it"),
    ],
)
def test_bad_series_are_refused_with_their_line(tmp_path: Path, lines: list[str], problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        Series().read_series(write(tmp_path / "s.csv", *lines))


def test_columns_that_are_not_there_are_told(tmp_path: Path) -> None:
    file = write(tmp_path / "s.csv", "ds,price", "2020-01-01,1")
    for reader in (Series(time="when"), Series(series="shop"), Series(numeric_columns=["prize"])):
        with pytest.raises(DataError, match="no column"):
            reader.read_series(file)
    broken = write(tmp_path / "s.parquet", "no parquet")
    with pytest.raises(DataError, match="not a parquet file"):
        Series().read_series(broken)

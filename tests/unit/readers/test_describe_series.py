"""What series are like."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from seqnlp.cli.corpora import app
from seqnlp.readers import Series
from seqnlp.readers.describe import SeriesDescription, describe_series
from seqnlp.readers.local import open_corpus
from seqnlp.readers.table_settings import looks_like_series

LINES = ["unique_id,ds,y", "a,2020-01-01,1", "a,2020-01-02,", "a,2020-01-03,5", "b,2020-01-01,7"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "shops.csv"
    path.write_text("\n".join(LINES) + "\n")
    return path


def test_each_series_is_described_by_itself(file: Path) -> None:
    first, last = "2020-01-01T00:00:00", "2020-01-03T00:00:00"
    assert describe_series(Series().load(file)) == [
        SeriesDescription("a", "y", 3, 1, first, last, "1 day", 1.0, 3.0, 2.0, 5.0),
        SeriesDescription("b", "y", 1, 0, first, first, None, 7.0, 7.0, 0.0, 7.0),
    ]


def test_a_column_without_numbers_has_no_range(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("ds,y\n2020-01-01,\n2020-01-02,NA\n")
    (found,) = describe_series(Series().load(tmp_path / "x.csv"))
    assert (found.rows, found.missing, found.minimum, found.mean, found.maximum) == (2, 2, None, None, None)


def test_stats_tell_of_series(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    told = CliRunner().invoke(app, ["stats", str(file)])
    assert told.exit_code == 0, told.output
    lines = [line.split() for line in told.stdout.splitlines()]
    assert lines[2][1:] == ["a", "y", "1", "day", "2020-01-01T00:00:00", "2020-01-03T00:00:00", *"31132", "5"]
    told = CliRunner().invoke(app, ["stats", str(file), "--json"])
    assert json.loads(told.stdout)["splits"]["shops.csv"][1]["maximum"] == 7


def test_what_ships_and_etth1_are_read_as_series() -> None:
    assert isinstance(open_corpus("series", Path("nowhere")).reader, Series)


@pytest.mark.parametrize(
    ("lines", "is_series"),
    [
        (LINES, True),
        (["date,a,b", "2016-07-01 00:00:00,1.5,"], True),
        (["date,a", "2016-07-01,tall"], False),
        (["date,a", "yesterday,1"], False),
        (["text,label", "2016-07-01,1"], False),
        (["date", "2016-07-01"], False),
        (["date,a"], False),
        ([""], False),
    ],
)
def test_series_are_told_from_other_tables(tmp_path: Path, lines: list[str], is_series: bool) -> None:
    (tmp_path / "x.csv").write_text("\n".join(lines) + "\n")
    assert looks_like_series(tmp_path / "x.csv") == is_series

"""A forecaster as a user meets it: its series, its chart, its exit codes."""

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Program = Callable[..., "CompletedProcess[str]"]
TINY = ["training.epochs=1", "training.threads=1", "training.stride=16", "encoder.size=8", "data.lookback=48"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, seqnlp: Program) -> Path:
    out = tmp_path_factory.mktemp("runs") / "series"
    settings = [part for setting in TINY for part in ("-s", setting)]
    done = seqnlp("train", "recipes/series_gru.toml", "--out", out, *settings)
    assert done.returncode == 0, done.stderr
    assert "(seasonal naive)" in done.stderr
    return out


def test_forecast_is_written_and_drawn(run: Path, seqnlp: Program) -> None:
    told = seqnlp("forecast", run, "corpora/series/series.csv", "--series", "tram", "--series", "pool")
    assert told.returncode == 0, told.stderr
    lines = told.stdout.splitlines()
    assert lines[0] == "unique_id,ds,forecast,lo_80,hi_80"
    assert [line.split(",")[0] for line in lines[1:]] == ["pool"] * 24 + ["tram"] * 24
    assert lines[1].split(",")[1] == "2024-03-11T00:00:00"
    drawn = seqnlp("forecast", run, "corpora/series/series.csv[:2024-03-01]", "--series", "tram", "--plot")
    assert "tram, from 2024-03-01T00:00:00" in drawn.stdout


def test_forecast_is_drawn_into_a_file(run: Path, seqnlp: Program, tmp_path: Path) -> None:
    picture = tmp_path / "tram.svg"
    told = seqnlp("forecast", run, "corpora/series/series.csv", "--series", "tram", "--svg", picture, "--json")
    assert (told.returncode, len(told.stdout.splitlines())) == (0, 1), told.stderr
    assert picture.read_text().count("80 % interval") == 1
    told = seqnlp("forecast", run, "corpora/series/series.csv", "--svg", tmp_path / "tram.pdf")
    assert told.returncode == 2
    assert "expected a file that ends in .svg or .png" in told.stderr


def test_a_run_can_be_scored_and_shown(run: Path, seqnlp: Program) -> None:
    told = seqnlp("evaluate", run, "--split", "dev")
    assert told.returncode == 0, told.stderr
    assert "mase" in told.stdout
    assert "(linear map (DLinear))" in told.stdout
    assert seqnlp("runs", "show", run).returncode == 0
    assert "time-series-forecasting" in (run / "README.md").read_text()


HEADER = "date,bakery,ferry,library,lift,pool,tram\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"{HEADER}2024-01-01,1,1,1,1,1,1\n", "series 'given': 1 rows with values are fewer than data.lookback = 48"),
        (f"{HEADER}2024-01-01,x,1,1,1,1,1\n", ":2: series 'given': 'x' in the column 'bakery'; expected a number"),
        (f"{HEADER}2024-01-01,1,1\n", ":2: 3 columns; expected 7"),
        ("date,bakery\n2024-01-01,1\n", "no column 'ferry' of numbers"),
        ("", "the file is empty"),
    ],
)
def test_bad_data_ends_in_one_line_and_code_4(
    run: Path, seqnlp: Program, tmp_path: Path, text: str, problem: str
) -> None:
    (tmp_path / "given.csv").write_text(text)
    told = seqnlp("forecast", run, tmp_path / "given.csv")
    assert (told.returncode, told.stdout) == (4, "")
    assert len(told.stderr.splitlines()) == 1
    assert problem in told.stderr

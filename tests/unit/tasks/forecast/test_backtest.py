"""Backtests: what came, beside what was forecast from every point."""

import csv
import io
import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from seqnlp import api
from seqnlp.cli.app import app
from seqnlp.errors import UsageError
from seqnlp.nn.distributions import QuantileGrid
from seqnlp.plots.svg_charts import backtest_svg
from seqnlp.plots.terminal import backtest_chart
from seqnlp.results import BacktestSeries, SeriesForecast
from seqnlp.tasks.forecast.backtest import backtest_report, forecast_rows

RUN = Path(__file__).parents[3] / "data" / "run_v2" / "forecast"
SVG = "{http://www.w3.org/2000/svg}"
ask: Callable[..., Any] = partial(CliRunner().invoke, app)


def test_what_came_is_what_the_file_has() -> None:
    with Path("corpora/series/series.csv").open(encoding="utf-8", newline="") as lines:
        table = {row.pop(next(iter(row))): row for row in csv.DictReader(lines)}
    times = {time.replace(" ", "T"): row for time, row in table.items()}
    rows = list(forecast_rows(api.backtest(RUN, stride=24, series=["tram", "pool"])))
    assert {row["series"] for row in rows} == {"tram", "pool"}
    for row in rows:
        moment = next(time for time in times if str(row["time"]).startswith(time))
        assert float(times[moment][str(row["series"])]) == pytest.approx(row["actual"], rel=1e-5)
    origins = sorted({str(row["origin"]) for row in rows})
    assert len(origins) == 10
    assert [row["step"] for row in rows[:25]] == [*range(1, 25), 1]
    assert np.array(origins, "datetime64[s]")[1] - np.array(origins, "datetime64[s]")[0] == np.timedelta64(24, "h")
    assert np.array(rows[0]["time"], "datetime64[s]") - np.array(rows[0]["origin"], "datetime64[s]") == 3600


def test_steps_add_up_to_the_scores() -> None:
    scores = api.evaluate(RUN)["scores"]
    report = backtest_report(RUN, "test", api.backtest(RUN), 8)
    assert len(report.steps) == 24
    for name, expected in (("mae", "mae"), ("mae_units", "mae_units")):
        assert np.mean([getattr(step, name) for step in report.steps]) == pytest.approx(scores[expected], rel=1e-5)
    squares = [(step.rmse_units or 0) ** 2 for step in report.steps]
    assert np.mean(squares) == pytest.approx(scores["mse_units"], rel=1e-5)
    covered = np.mean([step.coverage for step in report.steps])
    assert covered == pytest.approx(scores["coverage_80"], abs=2e-3)


def test_pictured_windows_follow_each_other_and_end_with_the_last() -> None:
    report = backtest_report(RUN, "test", api.backtest(RUN, series=["tram"]), 3)
    (series,) = report.series
    assert series.begins == [0, 24, 48]
    assert len(series.actual) == len(series.times) == 72
    assert series.times[-1] == "2024-03-10T23:00:00"
    assert None not in series.actual
    assert series.forecasts[1].times == series.times[24:48]


def test_a_wider_level_gives_wider_intervals() -> None:
    narrow, wide = (api.backtest(RUN, stride=48, level=level) for level in (50, 80))
    assert narrow.low is not None
    assert narrow.high is not None
    assert wide.low is not None
    assert wide.high is not None
    assert (narrow.high - narrow.low).mean() < (wide.high - wide.low).mean()
    np.testing.assert_array_equal(narrow.point, wide.point)


def test_a_level_that_is_asked_for_is_not_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QuantileGrid, "covers", lambda grid, probability: 0.2 < probability < 0.8)
    assert api.backtest(RUN, stride=48).level is None  # by default there is an interval only if the model reaches it
    with pytest.raises(UsageError, match=r"level 80: the model's quantiles do not reach 0\.1 and 0\.9"):
        api.backtest(RUN, stride=48, level=80)


def test_the_command_writes_csv_charts_pictures_and_json(tmp_path: Path) -> None:
    plain = ask(["forecast", str(RUN), "--backtest", "--stride", "24", "--series", "tram"])
    assert plain.exit_code == 0, plain.output
    table = list(csv.DictReader(io.StringIO(plain.stdout)))
    assert len(table) == 240
    assert list(table[0]) == ["series", "origin", "step", "time", "actual", "predicted", "error", "low_80", "high_80"]
    picture = tmp_path / "backtest.svg"
    drawn = ask(["forecast", str(RUN), "--backtest", "--series", "tram", "--plot", "--svg", str(picture)])
    assert drawn.exit_code == 0, drawn.output
    assert "inside 80 %" in drawn.stdout
    assert "tram, from 2024-03-03T00:00:00 to 2024-03-10T23:00:00" in drawn.stdout
    root = ET.fromstring(picture.read_text(encoding="utf-8"))
    assert len([path for path in root.iter(f"{SVG}path") if path.get("fill-opacity")]) == 8
    found = json.loads(ask(["forecast", str(RUN), "--backtest", "--series", "tram", "--json"]).stdout)
    assert found["windows"] == 229
    assert len(found["steps"]) == 24
    assert found["series"][0]["name"] == "tram"
    assert ask(["forecast", str(RUN), "corpora/series/series.csv[90%:]", "--backtest", "--json"]).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([str(RUN)], "expected a file of series"),
        ([str(RUN), "corpora/series/series.csv", "--stride", "3"], "--stride is for --backtest"),
        ([str(RUN), "corpora/series/series.csv", "--split", "dev"], "--split is for --backtest"),
        ([str(RUN), "corpora/series/series.csv", "--split", "dev", "--backtest"], "--split and a file"),
        ([str(RUN), "--backtest", "--reader", '{kind="series"}'], "--reader is for a file"),
        ([str(RUN), "corpora/series/series.csv", "--reader", "csv"], "expected settings of the kind series"),
        ([str(RUN), "--backtest", "--horizon", "9"], "--horizon and --backtest"),
        ([str(RUN), "--backtest", "--series", "trma"], "did you mean 'tram'"),
        ([str(RUN), "--backtest", "--level", "99.9"], "quantiles do not reach"),
        ([str(RUN.parent / "tag"), "--backtest"], "a backtest is of a forecaster"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ask(["forecast", *arguments], standalone_mode=False, catch_exceptions=False)


def test_another_split_and_a_file_in_another_format(tmp_path: Path) -> None:
    dev = ask(["forecast", str(RUN), "--backtest", "--split", "dev", "--series", "tram", "--stride", "24"])
    assert dev.exit_code == 0, dev.output
    own = Path("corpora/series/series.csv")
    other = tmp_path / "other.csv"
    other.write_text(own.read_text(encoding="utf-8").replace(",", ";").replace(".", ","), encoding="utf-16")
    reader = '{kind="series", encoding="utf-16", delimiter=";", decimal=","}'
    for options in ([], ["--backtest", "--stride", "48"]):
        plain = ask(["forecast", str(RUN), str(own), *options])
        told = ask(["forecast", str(RUN), str(other), "--reader", reader, *options])
        assert told.exit_code == 0, told.output
        assert told.stdout == plain.stdout != ""


GAPPY: Any = [1.0, None, 3.0, 2.0, 4.0, 5.0]


def test_charts_with_gaps_without_intervals_and_in_ascii() -> None:
    pieces: Any = [(0, [1.0, 2.0, 3.0], None, None), (3, [2.0, 3.0, 4.0], None, None)]
    text = str(backtest_chart(GAPPY, pieces, labels=("a", "z"), width=40, height=10, title="s", plain=True))
    lines = text.splitlines()
    assert len(lines) == 10
    assert lines[0] == "s"
    assert "actual" in lines[1]
    assert "interval" not in text
    assert "*" in text
    assert "+" in text
    assert "nothing to draw yet" in str(backtest_chart([None], [], title="s"))
    forecasts = [SeriesForecast("s", ["1", "2", "3"], [1.0, 2.0, 3.0])]
    svg = backtest_svg("t", [BacktestSeries("a < b", list("123456"), GAPPY, [0], forecasts)])
    assert "a &lt; b" in "".join(svg)
    assert ET.fromstring(svg) is not None

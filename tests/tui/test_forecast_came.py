"""What came beside what was forecast: another beginning, the values of a step, the mean error."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import seqnlp
from seqnlp.plots.terminal import ACTUAL, CURSOR, forecast_chart
from seqnlp.service.requests.forecast import forecast
from seqnlp.tasks.forecast.predictor import Forecaster
from seqnlp.tui.panels.forecast import mean_error, moved_end
from seqnlp.tui.widgets.forecast_view import ForecastView
from tests.tui.test_forecast import asked, opened, waves

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("source", "steps", "moved"),
    [
        ("load.csv", -24, "load.csv[:-24]"),
        ("load.csv[:-24]", -24, "load.csv[:-48]"),
        ("load.csv[:-24]", 24, "load.csv"),
        ("load.csv[:-24]", 99, "load.csv"),
        ("load.csv[85%:]", -24, "load.csv[85%:-24]"),
        ("load.csv[85%:-24]", 24, "load.csv[85%:]"),
        ("load.csv[2017-07-01:]", -1, "load.csv[2017-07-01:-1]"),
        ("load.csv[70%:85%]", -24, None),
        ("load.csv[:2017-11-01]", -24, None),
        ("load.csv[x]", -24, None),
        ("", -24, None),
    ],
)
def test_the_end_of_a_slice_moves(source: str, steps: int, moved: str | None) -> None:
    assert moved_end(source, steps) == moved


def test_the_mean_error_is_over_what_came() -> None:
    assert mean_error([1.0, 2.0, 3.0], [2.0, math.nan, 5.0]) == "1.5 off on average"
    assert mean_error([1.0], []) == mean_error([1.0], [math.nan]) == ""


def test_the_chart_draws_what_came_and_the_cursor() -> None:
    found = forecast_chart([1.0, 2.0], [3.0, 3.0, 3.0], actual=[1.0, 9.0, 1.0], cursor=1, width=60)
    assert "━━ what came" in str(found)
    drawn = {number for row in found.rows for _, number in row}
    assert {ACTUAL, CURSOR} <= drawn
    assert "10 ┤" in str(found)  # the axis reaches what came
    assert "what came" not in str(forecast_chart([1.0, 2.0], [3.0], width=60))


def test_the_values_that_came_are_those_after_the_slice() -> None:
    forecaster = seqnlp.load("tests/data/run_v2/forecast")
    assert isinstance(forecaster, Forecaster)
    run, file = "tests/data/run_v2/forecast", "tests/data/run_v2/series.csv"
    whole = forecast(forecaster, run, file, 6, None, 2.0)
    assert whole["actual"] == {}
    early = forecast(forecaster, run, f"{file}[:-4]", 6, None, 2.0)
    for name, values in early["actual"].items():
        assert values[:4] == whole["history"][name][-4:]
        assert all(map(math.isnan, values[4:]))
    assert early["actual"].keys() == whole["history"].keys()


def came(settings: Mapping[str, Any]) -> list[Any]:
    (found,) = waves(settings)
    if not settings["file"].endswith("]") or settings["file"].endswith(":]"):
        return [found]
    return [{**found, "actual": {each["name"]: [value + 2 for value in each["values"]] for each in found["forecasts"]}}]


async def test_a_beginning_in_the_past_and_a_cursor(
    runs: Path, fake: Any, shows: Any, hides: Any, settled: Any, notes: Any
) -> None:
    app = opened(fake, runs, came)
    async with app.run_test(size=(120, 35)) as pilot:
        await settled(pilot)
        await hides(app, "what came")
        await pilot.press("b")
        await settled(pilot)
        assert asked(app)["file"] == "load.csv[85%:-24]"
        await shows(app, "━━ what came")
        await shows(app, "2 off on average")
        await pilot.press(">", ">")
        await shows(app, "2024-03-01 01:00")
        await shows(app, "error −2")
        await pilot.press("<", "<")
        await shows(app, "2 off on average")
        view = app.screen.query_one(ForecastView)
        await pilot.click(ForecastView, offset=(view.size.width - 1, 8))
        await shows(app, "2024-03-01 21:00: ")
        await shows(app, "error −2")
        await pilot.press("n")
        await settled(pilot)
        assert asked(app)["file"] == "load.csv[85%:]"
        await hides(app, "what came")
        view.screen.query_one("#text").value = "load.csv[:50%]"  # type: ignore[attr-defined]
        await pilot.press("b")
        await settled(pilot)
        assert any("has an end of its own" in note for note in notes(app))

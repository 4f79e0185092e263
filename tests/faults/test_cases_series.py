"""Series that were read wrongly or refused as a whole: business days, integer times, constants, short ones."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import seqnlp
from seqnlp import api
from seqnlp.errors import DataError
from seqnlp.metrics.forecasts import seasonal_error
from seqnlp.readers.series import Series
from seqnlp.readers.time_axis import Step, times_after
from seqnlp.readers.timestamps import parse_times
from seqnlp.recipe import find_recipe

TINY = [
    "data.calendar=[]",
    "data.lookback=10",
    "data.horizon=5",
    "data.season_length=5",
    "training.threads=1",
    "training.epochs=1",
]
Row = tuple[str, object, object]


def write(path: Path, rows: Iterable[Row]) -> Path:
    path.write_text("unique_id,ds,y\n" + "".join(f"{name},{time},{value}\n" for name, time, value in rows))
    return path


def noisy(name: str, rows: int, start: int = 0) -> list[Row]:
    values = np.random.default_rng(len(name)).normal(10, 1, rows).round(3).tolist()
    return [(name, datetime(2020, 1, 1) + timedelta(days=start + day), value) for day, value in enumerate(values)]


def train(file: Path, out: Path, *settings: str) -> list[str]:
    """Train one epoch; returns the notes, without advice about so small a corpus."""
    notes: list[str] = []
    splits = [f"data.train={file}[:60%]", f"data.dev={file}[60%:80%]", f"data.test={file}[80%:]"]
    for _ in api.train(find_recipe("series_gru"), [*TINY, *splits, *settings], out, notify=notes.append):
        pass
    return [line for line in notes if "try " not in line]


def scores(run: Path) -> dict[str, Any]:
    return json.loads((run / "scores.json").read_text())["test"]  # type: ignore[no-any-return]


def test_a_perfectly_seasonal_series_has_no_mase(tmp_path: Path) -> None:
    noise = noisy("noisy", 150)
    sine = [("sine", time, np.sin(2 * np.pi * step / 5) + 0.1) for step, (_, time, _) in enumerate(noise)]
    file = write(tmp_path / "panel.csv", [*noise, *sine])
    train(file, tmp_path / "run")
    measured, again = scores(tmp_path / "run"), api.evaluate(tmp_path / "run")["scores"]
    for found in (measured, again):
        assert 0 < found["mase"] < 10
        assert found["mase"] == found["series"]["noisy"]["mase"]
        assert "mase" not in found["series"]["sine"]


@given(st.integers(1, 12), st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.booleans())
def test_rounding_is_no_seasonal_error(season: int, shift: float, size: float, single: bool) -> None:
    steps = np.arange(10 * season)
    exact = np.cos(2 * np.pi * steps / season) * size + shift
    values = exact.astype(np.float32).astype(np.float64) if single and abs(shift) < size else exact
    assert seasonal_error(values, season) == 0
    assert seasonal_error(values + np.where(steps == 2, 0.01 * size + 1e-4 * abs(shift), 0), season) > 0


@pytest.mark.parametrize("gaps", ["refuse", "ignore", "fill"])
def test_business_days_are_a_frequency(tmp_path: Path, gaps: str) -> None:
    days = pd.bdate_range("2020-01-01", periods=120)
    file = write(tmp_path / "b.csv", [("b", day.date(), 10 + 0.1 * (n % 5)) for n, day in enumerate(days)])
    train(file, tmp_path / "run", f"data.reader={{kind='series', gaps='{gaps}'}}")
    found = seqnlp.load(tmp_path / "run").forecast(file)[0]
    assert found.times == [f"{day.date()}T00:00:00" for day in pd.bdate_range(days[-1], periods=6)[1:]]


def test_a_holiday_is_a_gap_of_one_business_day(tmp_path: Path) -> None:
    days = [day for day in pd.bdate_range("2020-11-02", periods=60) if day != pd.Timestamp("2020-12-25")]
    file = write(tmp_path / "b.csv", [("b", day.date(), n) for n, day in enumerate(days)])
    with pytest.raises(DataError, match=r"b.csv:\d+: .*: 1 step of 1 business day is missing"):
        Series().read_series(file)
    assert len(Series(gaps="fill").read_series(file).values) == 60
    with pytest.raises(DataError, match="expected steps of 1 business day"):
        Series(freq="B").read_series(write(tmp_path / "d.csv", noisy("daily", 20)))
    times = np.array([str(day) for day in days[:40]], "datetime64[s]")  # Christmas is among them
    assert times_after(times, 1, "b", file).tolist() == [days[40].to_pydatetime()]


@given(
    st.sampled_from(["1111100", "1111110", "1111001", "1010100", "0111111"]),
    st.dates(datetime(1900, 1, 1).date(), datetime(2100, 1, 1).date()),
    st.integers(0, 23),
    st.integers(50, 80),
)
def test_weekmasks_are_inferred_and_continued(weekmask: str, start: Any, hour: int, rows: int) -> None:
    days = np.busday_offset(np.datetime64(start), np.arange(rows + 7), "forward", weekmask)
    times: Any = days.astype("datetime64[s]") + np.timedelta64(hour, "h")
    step = Step.infer([times[:rows]])
    assert step == Step(1, "weekdays", weekmask)
    positions, exact = step.positions(times)
    assert exact.all()
    assert positions.tolist() == list(range(rows + 7))
    assert times_after(times[:rows], 7, "s", Path("f")).tolist() == times[rows:].tolist()


@given(st.integers(1, 20), st.integers(2, 60), st.dates(datetime(1900, 1, 1).date(), datetime(2100, 1, 1).date()))
def test_even_days_are_no_weekdays(days: int, rows: int, start: Any) -> None:
    times = (np.datetime64(start) + np.arange(rows) * days).astype("datetime64[s]")
    assert Step.infer([times]) == Step(86400 * days, "seconds") or days >= 28


def test_integers_are_time_steps(tmp_path: Path) -> None:
    file = write(tmp_path / "steps.csv", [("s", 995 + 5 * n, n % 5 + 0.01 * n) for n in range(120)])
    train(file, tmp_path / "run")
    assert seqnlp.load(tmp_path / "run").forecast(file)[0].times == ["1595", "1600", "1605", "1610", "1615"]
    with pytest.raises(DataError, match=r"times are integers such as 995; data.calendar needs timestamps"):
        train(file, tmp_path / "calendar", "data.calendar=['hour']")
    with pytest.raises(DataError, match=r"2020-01-01 in .* is a day, but its times are integers"):
        train(file, tmp_path / "day", f"data.dev='{file}[2020-01-01:]'")
    with pytest.raises(DataError, match=r"freq = 'h' is for timestamps; the column 'ds' has integers such as 995"):
        Series(freq="h").read_series(file)
    gap = write(tmp_path / "gap.csv", [("s", n + (n > 5), n) for n in range(20)])
    with pytest.raises(DataError, match=r"gap.csv:8: series 's': 7 after 5: 1 step of 1 is missing"):
        Series().read_series(gap)


def test_years_are_years_where_the_recipe_says_so() -> None:
    assert parse_times(["1999", "2000"]).times.tolist() == [1999, 2000]
    assert parse_times(["1999", "2000"], years=True).times.astype(str).tolist() == [
        "1999-01-01T00:00:00",
        "2000-01-01T00:00:00",
    ]
    assert parse_times(["20160731", "20160801"]).times.astype("datetime64[D]").astype(str).tolist() == [
        "2016-07-31",
        "2016-08-01",
    ]
    assert parse_times(["20160731", "20160732"]).times.tolist() == [20160731, 20160732]


def test_a_constant_series_is_scaled_with_a_note(tmp_path: Path) -> None:
    zeros: list[Row] = [("zero", datetime(2020, 1, 1) + timedelta(days=day), 0) for day in range(100)]
    file = write(tmp_path / "const.csv", [*noisy("a", 100), *zeros])
    assert train(file, tmp_path / "run") == ["train: constant, so scaled with the deviation 1: 1 series (zero)"]
    assert np.isfinite(list(scores(tmp_path / "run")["series"]["zero"].values())).all()
    found = seqnlp.load(tmp_path / "run").forecast(file)
    assert [each.name for each in found] == ["a", "zero"]
    assert np.isfinite(found[1].values).all()


def test_short_and_unknown_series_are_left_out_with_a_note(tmp_path: Path) -> None:
    file = write(tmp_path / "short.csv", [*noisy("a", 100), *noisy("brief", 9), *noisy("c", 100)])
    notes = train(file, tmp_path / "run")
    expected = "too short for data.lookback = 10 and data.horizon = 5, so left out: 1 series (brief)"
    assert notes == [f"{split}: {expected}" for split in ("train", "dev", "test")]
    assert list(scores(tmp_path / "run")["series"]) == ["a", "c"]
    forecaster = seqnlp.load(tmp_path / "run")
    assert forecaster.too_short(forecaster.read(file)) == ["brief"]
    assert [each.name for each in forecaster.forecast(file)] == ["a", "c"]
    with pytest.raises(DataError, match=r"series 'brief': 9 rows with values are fewer than data.lookback = 10"):
        forecaster.forecast(write(tmp_path / "brief.csv", noisy("brief", 9)))

    more = write(tmp_path / "more.csv", [*noisy("a", 60), *noisy("foreign", 60)])
    said: list[str] = []
    api.evaluate(tmp_path / "run", data=more, notify=said.append)
    assert said == [f"{more}: not in train, so left out: 1 series (foreign)"]
    with pytest.raises(DataError, match="series 'foreign' is not in train"):
        api.evaluate(tmp_path / "run", data=write(tmp_path / "foreign.csv", noisy("foreign", 60)))

"""Series of odd files end to end: German numbers and dates, daylight saving, short, constant and unseen series."""

import csv
import io
import json
import math
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from typer.testing import CliRunner

import seqnlp
from seqnlp import api
from seqnlp.cli.app import app
from seqnlp.errors import DataError
from seqnlp.notes import notes_to
from seqnlp.tasks.forecast.backtest import forecast_rows
from seqnlp.tasks.forecast.predictor import Forecaster

RECIPE = """\
task = "forecast"
decoder = {decoder}
encoder = {encoder}
[data]
train = "{file}"
dev = 0.2
lookback = 14
horizon = 3
season_length = 7
missing = "mask"
{more}
[training]
epochs = 1
threads = 1
batch_tokens = 512
"""
GRU = '{ kind = "gru", size = 4, bidirectional = false }'
DECODERS = {
    "direct": ('{ kind = "direct", output = "quantiles", calibrate = true }', GRU, "calibration"),
    "segments": ('{ kind = "segments", segment_length = 3, size = 4 }', GRU, "embedding of the series"),
    "linear": ('{ kind = "linear", individual = true }', '"none"', "linear map"),
}


def rows(name: str, count: int, value: Callable[[int], object]) -> list[str]:
    return [f"{name},{date(2024, 1, 1) + timedelta(days=day)},{value(day)}" for day in range(count)]


def wave(size: float, shift: float) -> Callable[[int], float]:
    return lambda day: shift + size * math.sin(day / 7 * 2 * math.pi)


def write(path: Path, *series: list[str]) -> Path:
    path.write_text("\n".join(["unique_id,ds,y", *(row for each in series for row in each)]) + "\n")
    return path


def trained(folder: Path, file: Path, decoder: str = "direct", more: str = "") -> tuple[Path, list[str]]:
    of_decoder, encoder, _ = DECODERS[decoder]
    recipe = folder / f"{decoder}.toml"
    recipe.write_text(RECIPE.format(decoder=of_decoder, encoder=encoder, file=file.name, more=more))
    told: list[str] = []
    for _ in api.train(recipe, out=folder / decoder, notify=told.append):
        pass
    return folder / decoder, told


def opened(run: Path) -> Forecaster:
    forecaster = seqnlp.load(run)
    assert isinstance(forecaster, Forecaster)
    return forecaster


@pytest.mark.parametrize("decoder", DECODERS)
def test_short_constant_empty_and_unseen_series(decoder: str, tmp_path: Path) -> None:
    series = [rows("a", 60, wave(5, 10)), rows("b", 60, wave(50, 100)), rows("flat", 60, lambda _: 7)]
    run, told = trained(
        tmp_path, write(tmp_path / "t.csv", *series, rows("tiny", 3, int), rows("gone", 60, lambda _: "")), decoder
    )
    need = "too short for data.lookback = 14 and data.horizon = 3, so left out: 1 series (tiny)"
    assert [line for line in told if line.startswith(("train:", "dev:")) and "data.dev" not in line] == [
        "train: no numbers in a column, so left out: 1 series (gone)",
        "train: constant, so scaled with the deviation 1: 1 series (flat)",
        f"train: {need}",
        f"dev: {need}",
    ]
    scores = json.loads((run / "scores.json").read_text())["dev"]
    assert np.isfinite([number for number in scores.values() if isinstance(number, float)]).all()
    new = [rows("a", 40, wave(5, 10)), rows("new", 40, wave(5000, 1e6)), rows("still", 40, lambda _: 3)]
    forecaster = opened(run)
    heard: list[str] = []
    with notes_to(heard.append):
        found = forecaster.forecast(write(tmp_path / "new.csv", *new, rows("short", 4, int)))
    assert heard[0].startswith("not in train, so scaled by their own mean and deviation: 2 series (new, still)")
    assert DECODERS[decoder][2] in heard[0]
    assert [each.name for each in found] == ["a", "new", "still"]
    for each, middle, wide in zip(found, (10, 1e6, 3), (50, 50_000, 10), strict=True):
        assert np.abs(np.array(each.values) - middle).max() < wide
    # a known series is forecast as if it were alone, and so is a new one
    alone = forecaster.forecast(write(tmp_path / "alone.csv", new[0]))
    np.testing.assert_allclose(found[0].values, alone[0].values, rtol=1e-4)
    both = forecaster.forecast(write(tmp_path / "both.csv", new[1], rows("flat", 40, lambda _: 7)))
    np.testing.assert_allclose(found[1].values, both[0].values, rtol=1e-4)
    split = forecaster.read(tmp_path / "new.csv")
    assert forecaster.history(split, 2)["new"] == pytest.approx([wave(5000, 1e6)(38), wave(5000, 1e6)(39)])


def test_a_series_that_differs_by_its_scale_alone_is_forecast_alike(tmp_path: Path) -> None:
    run, _ = trained(tmp_path, write(tmp_path / "t.csv", rows("a", 60, wave(5, 10)), rows("b", 60, wave(50, 100))))
    seen = [rows("x", 42, wave(1, 0)), rows("y", 42, wave(1000, 500))]
    first, second = opened(run).forecast(write(tmp_path / "n.csv", *seen))
    np.testing.assert_allclose(np.array(first.values) * 1000 + 500, second.values, rtol=1e-3, atol=1)


def test_nothing_but_constants_is_trained_and_forecast(tmp_path: Path) -> None:
    file = write(tmp_path / "t.csv", rows("flat", 60, lambda _: 7), rows("zero", 60, lambda _: 0))
    run, _ = trained(tmp_path, file)
    found = opened(run).forecast(file)
    assert np.isfinite([each.values for each in found]).all()
    assert "NaN" not in (run / "scores.json").read_text()


def test_series_that_are_all_too_short_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"series 'a': \d rows .*are too short for data.lookback = 14"):
        trained(tmp_path, write(tmp_path / "t.csv", rows("a", 9, int), rows("b", 9, int)))


def test_a_german_file_is_trained_and_forecast_without_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines = ["Datum;Größe in €"]
    for day in range(60):
        number = f"{1234.5 + 100 * math.sin(day / 7 * 2 * math.pi):,.2f}"
        number = number.replace(",", "T").replace(".", ",").replace("T", ".")
        lines.append(f"{date(2024, 12, 1) + timedelta(days=day):%d.%m.%Y};{number}")
    Path("umsatz.csv").write_bytes("\r\n".join(lines).encode("cp1252"))
    runner = CliRunner()
    assert runner.invoke(app, ["init", "umsatz.csv"]).exit_code == 0
    done = runner.invoke(app, ["train", "umsatz.toml", "-s", "training.epochs=1", "-s", "encoder.size=4"])
    assert done.exit_code == 0, done.output
    told = runner.invoke(app, ["forecast", "runs/umsatz", "umsatz.csv"])
    assert told.exit_code == 0, told.output
    found = list(csv.DictReader(io.StringIO(told.stdout)))
    assert found[0]["ds"] == "2025-01-30T00:00:00"
    assert 900 < float(found[0]["forecast"]) < 1600


def hours(first: datetime, count: int) -> list[datetime]:
    return [(first + timedelta(hours=hour)).astimezone(ZoneInfo("Europe/Berlin")) for hour in range(count)]


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_forecasts_go_on_over_the_change_of_clocks(zone: str | None, tmp_path: Path) -> None:
    october = hours(datetime(2024, 10, 24, tzinfo=UTC), 144)
    text = "".join(f"{moment.isoformat()},{moment.hour}\n" for moment in october)
    (tmp_path / "t.csv").write_text(f"ds,y\n{text}")
    setting = f', time_zone = "{zone}"' if zone else ""
    more = f'reader = {{ kind = "series"{setting} }}\ncalendar = ["hour"]'
    forecaster = opened(trained(tmp_path, tmp_path / "t.csv", more=more)[0])
    assert forecaster.scaler.time_zone == (zone or "UTC")
    march = hours(datetime(2025, 3, 29, 1, tzinfo=UTC), 24)
    text = "".join(f"{moment.isoformat()},{moment.hour}\n" for moment in march)
    (tmp_path / "n.csv").write_text(f"ds,y\n{text}")
    times = [datetime.fromisoformat(text) for text in forecaster.forecast(tmp_path / "n.csv")[0].times]
    after = hours(datetime(2025, 3, 30, 1, tzinfo=UTC), 3)
    assert times == after
    assert [moment.utcoffset() for moment in times] == [moment.utcoffset() if zone else timedelta() for moment in after]
    cut = forecaster.read(f"{tmp_path / 'n.csv'}[:2025-03-30]")
    local = str(cut.whole.local_times[cut.period(0)[1]])
    assert local == "2025-03-30T00:00:00"
    found = api.backtest(tmp_path / "direct", tmp_path / "n.csv")
    told = [datetime.fromisoformat(str(row[key])) for row in forecast_rows(found) for key in ("origin", "time")]
    assert {moment.utcoffset() for moment in told} == {timedelta(hours=1 if zone else 0)}
    assert set(told) <= set(march)

"""Many series of different lengths in the long form, with covariates, from csv and parquet, end to end."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from pyarrow import csv, parquet

import seqnlp
from seqnlp import api
from seqnlp.errors import UsageError

ROWS = {"north": 150, "south": 110, "west": 200}
RECIPE = """\
task = "forecast"
[data]
reader = "series"
train = "{file}[:60%]"
dev = "{file}[60%:80%]"
test = "{file}[80%:]"
past_covariates = ["rain"]
future_covariates = ["price"]
lookback = 14
horizon = 7
season_length = 7
[encoder]
size = 8
bidirectional = false
[decoder]
kind = "direct"
output = "gaussian"
[training]
epochs = 1
threads = 1
batch_tokens = 256
"""


def write(path: Path, ahead: int = 0, price: float = 0.0) -> Path:
    """Sales with a week, moved by yesterday's rain and today's price; at the end, days with nothing but a price."""
    lines = ["unique_id,ds,y,rain,price"]
    for number, (name, rows) in enumerate(ROWS.items()):
        random = np.random.default_rng(number)
        rain, prices = random.random(rows), random.integers(0, 2, rows)
        sales = 10 * number + np.sin(np.arange(rows) * 2 * np.pi / 7) - 2 * prices - np.roll(rain, 1)
        days = [date(2023, 1, 1) + timedelta(days=day) for day in range(rows + ahead)]
        lines += [
            f"{name},{day},{y:.3f},{wet:.3f},{cost}"
            for day, y, wet, cost in zip(days, sales.tolist(), rain.tolist(), prices.tolist(), strict=False)
        ]
        lines += [f"{name},{day},,,{price}" for day in days[rows:]]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs, of the same numbers in csv and in parquet."""
    folder = tmp_path_factory.mktemp("many")
    parquet.write_table(csv.read_csv(write(folder / "sales.csv")), folder / "sales.parquet")
    for kind in ("csv", "parquet"):
        recipe = folder / f"{kind}.toml"
        recipe.write_text(RECIPE.format(file=folder / f"sales.{kind}"))
        for _ in api.train(recipe, out=folder / kind):
            pass
    return folder


def test_parquet_is_read_like_csv(folder: Path) -> None:
    left, right = ((folder / kind / "model.safetensors").read_bytes() for kind in ("csv", "parquet"))
    assert left == right


def test_every_series_goes_on_after_its_own_last_value(folder: Path) -> None:
    found = seqnlp.load(folder / "parquet").forecast(write(folder / "ahead.csv", ahead=7))
    assert [each.name for each in found] == list(ROWS)
    for each, rows in zip(found, ROWS.values(), strict=True):
        assert each.times[0] == f"{date(2023, 1, 1) + timedelta(days=rows)}T00:00:00"
        assert all(low < value < high for low, value, high in zip(each.low, each.values, each.high, strict=True))


def test_known_covariates_move_the_forecast(folder: Path) -> None:
    forecaster = seqnlp.load(folder / "csv")
    cheap, dear = (forecaster.forecast(write(folder / "ahead.csv", 7, price)) for price in (0.0, 1.0))
    assert all(a.values != b.values for a, b in zip(cheap, dear, strict=True))


def test_past_the_trained_horizon_the_past_covariates_are_not_known(folder: Path) -> None:
    with pytest.raises(UsageError, match="past 7 steps the model would have to know 'rain'"):
        seqnlp.load(folder / "csv").forecast(write(folder / "ahead.csv", 14), horizon=14)

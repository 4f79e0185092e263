"""The recipes of forecasters, end to end in a few steps, and the commands that take what they leave behind."""

import csv
import io
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from typer.testing import CliRunner, Result

import seqnlp
from seqnlp import api
from seqnlp.cli.app import app
from seqnlp.codecs.series import SeriesScaler
from seqnlp.decoders.forecast import ForecastModule
from seqnlp.errors import DataError, RecipeError, UsageError
from seqnlp.recipe import find_recipe, load_recipe
from seqnlp.tasks.forecast.corpus import SeriesSplit
from seqnlp.tasks.forecast.dataset import NEXT
from seqnlp.tasks.forecast.predictor import Forecaster
from seqnlp.tasks.forecast.recipe import ForecastRecipe
from seqnlp.tasks.forecast.task import ForecastTask

SMALL = ["training.threads=1", "training.epochs=1", "data.lookback=24", "data.horizon=6", "data.season_length=6"]
SEGMENTS = ["embedding.segment_length=6", "decoder.segment_length=3"]
SEGRNN = [*SEGMENTS, "embedding.size=8", "encoder.size=8", "decoder.size=8"]
BATCH = "training.batch_tokens=1200"
ROWS = 240


def wave(rows: int = ROWS, columns: int = 2) -> np.ndarray:
    steps = np.arange(rows)[:, None] + np.arange(columns) * 3
    noise = np.random.default_rng(0).normal(0, 0.1, (rows, columns))
    return np.asarray(np.sin(steps * 2 * np.pi / 6) * 2 + 10 + noise)


def write(path: Path, values: np.ndarray, names: str = "ab") -> Path:
    """A csv file with a row an hour."""
    with path.open("w") as file:
        writer = csv.writer(file)
        writer.writerow(["date", *names[: values.shape[1]]])
        for hour, numbers in enumerate(values.tolist()):
            moment = datetime(2020, 1, 1) + timedelta(hours=hour)
            writer.writerow([moment, *("" if np.isnan(number) else number for number in numbers)])
    return path


def splits(path: Path) -> list[str]:
    return [f"data.train='{path}[0:140]'", f"data.dev='{path}[140:190]'", f"data.test='{path}[190:]'"]


def train(recipe: str, file: Path, out: Path, *settings: str) -> Path:
    for _ in api.train(find_recipe(recipe), [*SMALL, *splits(file), BATCH, *settings], out):
        pass
    return out


def scores(run: Path) -> dict[str, Any]:
    return json.loads((run / "scores.json").read_text())  # type: ignore[no-any-return]


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("series") / "wave.csv", wave())


@pytest.fixture(scope="module")
def quantiles(file: Path) -> Path:
    calibrated = ["decoder.calibrate=true", "data.calendar=['hour']"]
    return train("etth1_quantiles", file, file.parent / "quantiles", *SEGRNN, *calibrated, "training.epochs=2")


def test_the_scores_are_kept_beside_those_of_the_forecasts_to_beat(quantiles: Path) -> None:
    for split in ("dev", "test"):
        found = scores(quantiles)[split]
        plain = {"crps", "mse", "mae", "mse_units", "mae_units", "mase", "smape", "pinball", "coverage_80", "width_80"}
        assert plain | {"series", "baselines"} <= set(found)
        assert set(found["series"]) == {"a", "b"}
        assert np.mean([row["mse"] for row in found["series"].values()]) == pytest.approx(found["mse"])
        baselines = found["baselines"]
        assert set(baselines) == {"naive", "seasonal naive", "linear map (DLinear)"}
        assert baselines["seasonal naive"]["mse"] < 0.2 < baselines["naive"]["mse"]
        assert baselines["seasonal naive"]["mase"] == pytest.approx(1, abs=0.3)
    assert (
        json.loads(call("evaluate", quantiles, "--json").stdout)["scores"]["crps"] == scores(quantiles)["test"]["crps"]
    )
    assert scores(quantiles)["dev"]["coverage_80"] == pytest.approx(0.8, abs=0.05)  # it was calibrated there


@pytest.mark.parametrize(
    ("recipe", "settings"),
    [
        (
            "etth1_24",
            [*SEGRNN, 'data.instance_norm="standard"', 'data.channels="joint"', "data.calendar=['hour', 'weekday']"],
        ),
        ("etth1_dlinear", []),
        ("etth1_dlinear", ["decoder.individual=true", 'data.instance_norm="standard"', "data.affine=true"]),
        ("etth1_dlinear", ["decoder.individual=true", 'data.channels="joint"', 'decoder.output="gaussian"']),
        ("etth1_quantiles", [*SEGRNN, "data.affine=true", 'data.channels="joint"', "decoder.calibrate=true"]),
        ("etth1", [*SEGRNN, 'decoder={kind="direct", output="gaussian"}', "data.future_covariates=['b']"]),
        (
            "etth1",
            [
                "embedding.segment_length=1",
                "encoder.size=8",
                'decoder={kind="recursive", size=8}',
                "data.past_covariates=['b']",
            ],
        ),
        ("etth1", [*SEGRNN, 'encoder={kind="lstm", size=8}', 'data.targets=["b"]', "training.stride=4"]),
    ],
)
def test_every_kind_trains_and_forecasts(recipe: str, settings: list[str], file: Path, tmp_path: Path) -> None:
    run = train(recipe, file, tmp_path / "run", *settings)
    assert 0 < scores(run)["test"]["mse"] < 5
    forecaster = seqnlp.load(run)
    assert isinstance(forecaster, Forecaster)
    data = f"{file}[:200]" if "data.future_covariates=['b']" in settings else file
    found = forecaster.forecast(data)
    assert all(len(each.values) == len(each.times) == 6 for each in found)
    assert found[0].times[0] == ("2020-01-09T08:00:00" if data != file else "2020-01-11T00:00:00")


@pytest.mark.parametrize("affine", ["false", "true"])
def test_a_recipe_learns_one_batch_by_heart(affine: str, file: Path) -> None:
    settings = [*SEGRNN, "decoder.dropout=0", f"data.affine={affine}"]
    recipe = load_recipe(find_recipe("etth1"), [*SMALL, *splits(file), *settings, BATCH])
    assert isinstance(recipe, ForecastRecipe)
    split = recipe.split(recipe.data.train, Path)
    torch.manual_seed(0)
    task = ForecastTask.fit(recipe, split, Path)
    examples, model = task.encode(split, 1200), task.build()
    batch = examples.batch(np.arange(8))
    optimizer = torch.optim.AdamW(model.parameters(), 0.02)
    losses = []
    for _ in range(150):
        optimizer.zero_grad()
        loss = model.loss(batch)[0]
        (loss.total / loss.items).backward()
        optimizer.step()
        losses.append(loss.total.item() / loss.items)
    assert losses[-1] < losses[0] / 10


@pytest.mark.parametrize(
    ("recipe", "settings"),
    [("etth1", [*SEGRNN, "decoder.output='gaussian'"]), ("etth1_dlinear", ["decoder.individual=true"])],
)
def test_a_learned_map_of_windows_is_kept_with_the_run(
    recipe: str, settings: list[str], file: Path, tmp_path: Path
) -> None:
    affine = ['data.instance_norm="standard"', "data.affine=true", "training.epochs=2", "optimizer.lr=0.01"]
    run = train(recipe, file, tmp_path / "run", *settings, *affine)
    loaded: Any = seqnlp.load(run)
    decoder, embedding = loaded.model.decoder(NEXT, ForecastModule), loaded.model.embedding
    assert decoder.affine is embedding.affine
    for learned in (decoder.affine.log_gamma, decoder.affine.beta):
        assert learned.shape == (2, 1)  # each column is a series of its own
        assert learned.abs().min() > 1e-4
    told = json.loads(call("evaluate", run, "--json").stdout)
    assert told["scores"]["mse"] == scores(run)["test"]["mse"]
    plain = train(recipe, file, tmp_path / "plain", *settings, *affine, "data.affine=false")
    assert scores(plain)["dev"]["mse"] != scores(run)["dev"]["mse"]


def test_individual_maps_learn_what_no_shared_one_can(tmp_path: Path) -> None:
    """One column comes again after 6 steps, the other one with its sign turned."""
    random = np.random.default_rng(0)
    values = np.zeros((ROWS, 2))
    values[:6] = random.normal(size=(6, 2))
    for row in range(6, ROWS):
        values[row] = values[row - 6] * [0.98, -0.98] + random.normal(0, 0.3, 2)
    file = write(tmp_path / "turned.csv", values)
    settings = ["training.epochs=20", "training.patience=20", "optimizer.lr=0.01"]
    found = {
        individual: scores(
            train("etth1_dlinear", file, tmp_path / individual, *settings, f"decoder.individual={individual}")
        )["dev"]["mse"]
        for individual in ("false", "true")
    }
    assert found["true"] < 0.6 * found["false"]


def test_the_future_changes_neither_scaler_nor_model(tmp_path: Path) -> None:
    values = wave()
    other = values.copy()
    other[190:] = other[190:] * 50 - 7
    left, right = (
        train("etth1", write(tmp_path / f"{n}.csv", numbers), tmp_path / f"run{n}", *SEGRNN)
        for n, numbers in enumerate((values, other))
    )
    assert (left / "codecs" / "series.json").read_text() == (right / "codecs" / "series.json").read_text().replace(
        '"1"', '"0"'
    )
    assert (left / "model.safetensors").read_bytes() == (right / "model.safetensors").read_bytes()
    assert scores(left)["dev"] == scores(right)["dev"]
    assert scores(left)["test"]["mse"] != scores(right)["test"]["mse"]
    scaler = json.loads((left / "codecs" / "series.json").read_text())
    np.testing.assert_allclose(scaler["mean"], [values[:140].mean(0)], rtol=1e-6)
    np.testing.assert_allclose(scaler["deviation"], [values[:140].std(0)], rtol=1e-6)


def test_dev_and_test_look_back_over_their_border(file: Path) -> None:
    recipe = load_recipe(find_recipe("etth1"), [*SMALL, *splits(file), *SEGRNN])
    assert isinstance(recipe, ForecastRecipe)
    task = ForecastTask.fit(recipe, recipe.split(recipe.data.train, Path), Path)
    counts = [len(task.encode(recipe.split(each, Path), 1200).starts) for each in splits_of(recipe)]
    assert counts == [140 - 24 - 6 + 1, 50 - 6 + 1, 50 - 6 + 1]


def test_split_reads_what_locate_finds(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = load_recipe(find_recipe("etth1"), [*SMALL, *splits(file), *SEGRNN])
    assert isinstance(recipe, ForecastRecipe)
    monkeypatch.setattr(ForecastRecipe, "locate", lambda self, source, find: Path(f"{file}[5:9]"))
    split = recipe.split("elsewhere.csv[50%:]", Path)
    assert (split.path, split.period(0)) == (file, (5, 9))


def test_advice_about_what_can_not_be_scaled_is_kept(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise DataError("too wild", hint="take logarithms")

    recipe = load_recipe(find_recipe("etth1"), [*SMALL, *splits(file), *SEGRNN])
    assert isinstance(recipe, ForecastRecipe)
    monkeypatch.setattr(SeriesScaler, "fit", refuse)
    with pytest.raises(DataError, match=r"\]: too wild; take logarithms$"):
        ForecastTask.fit(recipe, recipe.split(recipe.data.train, Path), Path)


def splits_of(recipe: ForecastRecipe) -> list[str]:
    assert recipe.data.test is not None
    return [*recipe.data.splits.values()]


def test_forecast_writes_rows_and_json(quantiles: Path, file: Path) -> None:
    told = call("forecast", quantiles, file, "--horizon", 4)
    assert told.exit_code == 0, told.output
    rows = list(csv.DictReader(io.StringIO(told.stdout)))
    assert [row["unique_id"] for row in rows] == ["a"] * 4 + ["b"] * 4
    assert rows[0]["ds"] == "2020-01-11T00:00:00"
    assert all(float(row["lo_80"]) <= float(row["forecast"]) <= float(row["hi_80"]) for row in rows)
    (one,) = [
        json.loads(line)
        for line in call("forecast", quantiles, f"{file}[:2020-01-05]", "--series", "b", "--json").stdout.splitlines()
    ]
    assert one["name"] == "b"
    assert one["times"][0] == "2020-01-05T00:00:00"
    assert one["level"] == 80
    assert [call("predict", quantiles, file).stdout.count("\n")] == [13]


def test_plot_draws_every_series(quantiles: Path, file: Path) -> None:
    told = call("forecast", quantiles, file, "--plot")
    assert told.exit_code == 0, told.output
    for name in ("a", "b"):
        assert f"{name}, from 2020-01-11T00:00:00" in told.stdout
    assert "history" in told.stdout
    assert "80 % interval" in told.stdout
    assert seqnlp.load(quantiles).history(seqnlp.load(quantiles).read(file), 3)["b"] == wave()[-3:, 1].tolist()


def test_a_longer_horizon_goes_on_from_its_own_forecasts(quantiles: Path, file: Path, tmp_path: Path) -> None:
    told = call("forecast", quantiles, file, "--horizon", 12)
    assert "trained for 6 steps" in told.stderr
    forecaster = seqnlp.load(quantiles)
    whole = forecaster.forecast(file, 12)
    first = forecaster.forecast(file)
    longer = np.concatenate([wave(), np.array([each.values for each in first]).T])
    second = forecaster.forecast(write(tmp_path / "longer.csv", longer))
    for each, early, late in zip(whole, first, second, strict=True):
        np.testing.assert_allclose(each.values, early.values + late.values, rtol=1e-4)


def test_missing_values_are_refused_or_masked(file: Path, tmp_path: Path) -> None:
    values = wave()
    values[[30, 31, 150, 200], 1] = np.nan
    holes = write(tmp_path / "holes.csv", values)
    with pytest.raises(DataError, match=r"holes.csv.*series 'holes', 2020-01-02T06:00:00 \(row 31\).*'b' is missing"):
        train("etth1", holes, tmp_path / "refused", *SEGRNN)
    run = train("etth1", holes, tmp_path / "run", *SEGRNN, 'data.missing="mask"')
    assert np.isfinite(scores(run)["test"]["mse"])
    assert len(seqnlp.load(run).forecast(holes)) == 2


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({(5, 0): "oops"}, r"bad.csv:7: series 'bad': 'oops' in the column 'a'; expected a number"),
        (
            {(5, 1): "1e300"},
            r"bad.csv:7: series 'bad': 1e\+300 in the column 'b'; expected a number of at most 1e\+100",
        ),
        ({(5, 1): "-inf"}, r"bad.csv:7: series 'bad': an infinity in the column 'b'"),
        (
            {(9, -1): "2020-01-01 08:00:00"},
            r"bad.csv:11: series 'bad': 2020-01-01T08:00:00 occurs twice, first in line 10",
        ),
        ({(9, -1): "2020-01-01 03:30:00"}, r"bad.csv:11: series 'bad': 2020-01-01T03:30:00 after 2020-01-01T08:00:00"),
        ({(9, -1): "yesterday"}, r"bad.csv:11: series 'bad', column 'date': 'yesterday' is not a timestamp"),
    ],
)
def test_bad_files_are_told_in_a_line(change: dict[Any, str], problem: str, tmp_path: Path) -> None:
    rows = list(csv.reader(io.StringIO(write(tmp_path / "bad.csv", wave()).read_text())))
    for (row, column), text in change.items():
        rows[row + 1][column + 1] = text
    (tmp_path / "bad.csv").write_text("\n".join(map(",".join, rows)) + "\n")
    with pytest.raises(DataError, match=problem) as error:
        train("etth1", tmp_path / "bad.csv", tmp_path / "run", *SEGRNN)
    assert error.value.code == 4
    assert "\n" not in str(error.value)


def test_gaps_and_short_series_are_told(file: Path, tmp_path: Path) -> None:
    lines = file.read_text().splitlines()
    gap = tmp_path / "gap.csv"
    gap.write_text("\n".join(lines[:50] + lines[53:]) + "\n")
    with pytest.raises(DataError, match=r"gap.csv:51: series 'gap': .*3 steps of 1 hour are missing"):
        train("etth1", gap, tmp_path / "run", *SEGRNN)
    filled = ['data.reader={kind="series", gaps="fill"}', 'data.missing="mask"']
    assert train("etth1", gap, tmp_path / "run", *SEGRNN, *filled)
    with pytest.raises(DataError, match=r"\[190:\]: series 'short': 4 rows and 190 before them are too short"):
        train("etth1", write(tmp_path / "short.csv", wave(194)), tmp_path / "short", *SEGRNN)


@pytest.mark.parametrize(
    ("arguments", "expected", "problem"),
    [
        (
            ["forecast", "RUN", "FILE", "--level", "95"],
            UsageError,
            "level 95: the model's quantiles do not reach 0.025",
        ),
        (["forecast", "RUN", "FILE", "--level", "0"], UsageError, "between 0 and 100"),
        (["forecast", "RUN", "FILE", "--horizon", "0"], UsageError, "expected a whole number from 1 to"),
        (["forecast", "RUN", "FILE", "--horizon", "999999"], UsageError, "horizon 999,999: .*,000 or less"),
        (["forecast", "RUN", "FILE", "--series", "c"], UsageError, "no series 'c' is forecast"),
        (["forecast", "RUN", "FILE[:20]"], DataError, "20 rows with values are fewer than data.lookback = 24"),
        (["forecast", "RUN", "FILE[:x]"], DataError, "expected a period"),
        (["forecast", "RUN", "FILE[2020-13-01:]"], DataError, "2020-13-01 in .* is not a day"),
        (["forecast", "RUN", "FILE", "--plot", "--json"], UsageError, "contradict"),
        (["predict", "RUN"], UsageError, "expected a file of series"),
        (["tag", "RUN"], UsageError, "this run is a forecaster; use `seqnlp forecast "),
    ],
)
def test_commands_refuse_impossible_requests(
    quantiles: Path, file: Path, arguments: list[str], expected: type[Exception], problem: str
) -> None:
    named = [
        word.replace("FILE", str(file)) if "FILE" in word else str(quantiles) if word == "RUN" else word
        for word in arguments
    ]
    result = call(*named)
    assert isinstance(result.exception, expected)
    with pytest.raises(expected, match=problem):
        raise result.exception


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        (["embedding.segment_length=7"], "data.lookback"),
        (["decoder.segment_length=500"], "decoder.segment_length"),
        (['decoder="linear"'], "encoder"),
        (["data.past_covariates=['a']", "data.future_covariates=['a']"], "data.future_covariates"),
        (['data.instance_norm="none"', "data.affine=true"], "data.affine"),
        (['data.reader="csv"'], "data.reader"),
        (['encoder="none"'], "encoder"),
        (['decoder={kind="direct", output={kind="quantiles", levels=[0.9, 0.5]}}'], "levels"),
    ],
)
def test_settings_that_make_no_sense_are_faults(settings: list[str], key: str) -> None:
    with pytest.raises(RecipeError) as error:
        load_recipe(find_recipe("etth1"), settings)
    assert any(key in fault.key for fault in error.value.faults)


def test_long_form_has_several_series(tmp_path: Path) -> None:
    values = wave()
    rows = ["unique_id,ds,y"]
    for number, name in enumerate(("north", "south")):
        rows += [f"{name},{datetime(2020, 1, 1) + timedelta(days=n)},{y}" for n, y in enumerate(values[:, number])]
    file = tmp_path / "long.csv"
    file.write_text("\n".join(rows) + "\n")
    run = train("etth1", file, tmp_path / "run", *SEGRNN)
    assert set(scores(run)["test"]["series"]) == {"north", "south"}
    found = seqnlp.load(run).forecast(file)
    assert [each.name for each in found] == ["north", "south"]
    assert found[1].times[0] == "2020-08-28T00:00:00"
    split = SeriesSplit.read(f"{file}[:2020-01-11]", load_recipe(find_recipe("etth1")).data.reader)  # type: ignore[arg-type]
    assert [split.period(number) for number in range(2)] == [(0, 10), (240, 250)]

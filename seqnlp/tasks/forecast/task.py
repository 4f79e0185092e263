"""Forecasting with a fitted scaler."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Self, final

import numpy as np
import torch

from seqnlp.codecs import Codec
from seqnlp.codecs.saved import damaged
from seqnlp.codecs.series import SeriesScaler, is_constant
from seqnlp.decoders.forecast import ForecastModule, ForecastShape, LinearMap
from seqnlp.embeddings import PathResolver
from seqnlp.errors import DataError
from seqnlp.metrics.forecasts import seasonal_error
from seqnlp.metrics.significance import ItemScores
from seqnlp.model import SequenceModel
from seqnlp.nn.device import to_numpy
from seqnlp.nn.distributions import Distribution, QuantileGrid
from seqnlp.nn.window_affine import WindowAffine
from seqnlp.notes import note
from seqnlp.optimizers import AdamW
from seqnlp.tasks.base import Codecs, ItemRow, Part, Scores, Task, plain_scores
from seqnlp.tasks.forecast.backtest import RollingForecasts, forecast_rows
from seqnlp.tasks.forecast.baselines import linear_map, naive
from seqnlp.tasks.forecast.corpus import SeriesSplit
from seqnlp.tasks.forecast.dataset import NEXT, Windows, window_starts
from seqnlp.tasks.forecast.encoder import SeriesEncoder
from seqnlp.tasks.forecast.predictor import Forecaster, predict_windows
from seqnlp.tasks.forecast.preview import preview
from seqnlp.tasks.forecast.recipe import ForecastRecipe
from seqnlp.tasks.forecast.scores import Truth, block_scores, interval_scores, point_scores
from seqnlp.training import Metric, Preview, Trainer, Training
from seqnlp.units import count_of

INTERVAL = 0.8
"""Interval whose coverage is scored."""


@final
class ForecastTask(Task):
    """Forecasting with a fitted scaler."""

    recipe_class = ForecastRecipe
    items_name = "values"

    def __init__(self, recipe: ForecastRecipe, scaler: SeriesScaler) -> None:
        """Store the scaler; its columns are targets, past covariates, future covariates."""
        self.recipe, self.scaler = recipe, scaler
        self.encoder = SeriesEncoder(recipe, scaler)
        self.targets, self.window = self.encoder.targets, self.encoder.window
        self.output: Distribution = recipe.decoder.output.build()
        self.metric = Metric("crps" if self.output.covers(0.5) else "mse", higher_is_better=False)

    @classmethod
    def fit(cls, recipe: ForecastRecipe, train: SeriesSplit, find: PathResolver) -> Self:
        """Measure the series of train, in its period alone."""
        data = recipe.data
        covariates = [*data.past_covariates, *data.future_covariates]
        targets = data.targets or [name for name in train.columns if name not in covariates]
        if not targets:
            raise DataError("all its columns are covariates; there is nothing to forecast", train.path)
        columns = [*targets, *covariates]
        periods = [train.period(number) for number in range(len(train.names))]
        with_rows = [number for number, (start, end) in enumerate(periods) if start < end]
        if not with_rows:
            raise DataError(f"series {train.names[0]!r}: it has no rows in the period", train.name)
        train = train.keep(with_rows)
        values = [train.table(number, columns, in_period=True) for number in range(len(train.names))]
        filled = [number for number, rows in enumerate(values) if not np.isnan(rows).all(0).any()]
        if 0 < len(filled) < len(values):
            empty = [name for number, name in enumerate(train.names) if number not in filled]
            note(f"train: no numbers in a column, so left out: {count_of(empty, 'series')}")
            train, values = train.keep(filled), [values[number] for number in filled]
        try:
            season = np.stack([seasonal_error(rows, data.season_length) for rows in values])
            scaler = SeriesScaler.fit(train.names, columns, values, season, train.whole.time_zone)
        except DataError as error:
            raise error.replace(path=train.name) from None
        task = cls(recipe, scaler)
        constant = [
            name if len(columns) == 1 else f"{name}, column {column}"
            for name, rows in zip(train.names, values, strict=True)
            for place, column in enumerate(columns)
            if is_constant(rows[:, place])
        ]
        if constant:
            found = count_of(constant, "series" if len(columns) == 1 else "column")
            note(f"train: constant, so scaled with the deviation 1: {found}")
        return task

    @classmethod
    def restore(cls, recipe: ForecastRecipe, codecs: Codecs) -> Self:
        data, saved = recipe.data, codecs["series"]
        scaler = SeriesScaler.from_json(saved)
        covariates = [*data.past_covariates, *data.future_covariates]
        targets = scaler.columns[: max(len(scaler.columns) - len(covariates), 0)]
        if not targets or scaler.columns != [*(data.targets or targets), *covariates]:
            raise damaged(saved, "expected the targets and the covariates of the recipe", "columns")
        return cls(recipe, scaler)

    @classmethod
    def placeholder(cls, recipe: ForecastRecipe, size: int) -> Self:
        data = recipe.data
        targets = data.targets or [f"column {number}" for number in range(size)]
        columns = [*targets, *data.past_covariates, *data.future_covariates]
        values = [np.arange(2.0 * len(columns)).reshape(2, -1)] * size
        season = np.ones((size, len(columns)))
        return cls(recipe, SeriesScaler.fit([str(number) for number in range(size)], columns, values, season))

    def codecs(self) -> dict[str, Codec]:
        return {"series": self.scaler}

    def parts(self) -> dict[str, Part]:
        recipe = self.recipe
        return {
            "embedding.series": Part("embedding.", recipe.embedding),
            "encoder": Part("encoder.", recipe.encoder),
            "decoder.values": Part("heads.0.", recipe.decoder),
        }

    def encode(self, split: SeriesSplit, batch_tokens: int) -> Windows:
        """Encode a split: its windows are those whose horizon lies in its period."""
        data = self.recipe.data
        known = self.encoder.keep_known(split.in_zone(self.scaler.time_zone))
        need = f"data.lookback = {data.lookback} and data.horizon = {data.horizon}"
        short: dict[int, str] = {}
        for number, name in enumerate(known.names):
            start, end = known.period(number)
            rows = end - max(start, int(known.offsets[number]) + data.lookback)
            if rows < data.horizon:
                before = start - int(known.offsets[number])
                found = f"{end - start:,} rows" + (f" and {before:,} before them" if before else "")
                short[number] = f"series {name!r}: {found} are too short for {need}"
        if len(short) == len(known.names):
            raise DataError(short[0], split.name)
        long = known.keep([number for number in range(len(known.names)) if number not in short])
        periods = [long.period(number) for number in range(len(long.names))]
        starts = window_starts(long.offsets[:-1].tolist(), periods, data.lookback, data.horizon)
        windows = Windows(self.encoder.encode(long), starts, self.window, batch_tokens, self.recipe.training.stride)
        windows.times, windows.time_zone = long.times, long.whole.time_zone
        foreign = [
            name
            for number, name in enumerate(split.names)
            if name not in known.names and not np.isnan(split.table(number, self.targets)).all()
        ]
        if foreign:
            windows.left_out.append(f"not in train, so left out: {count_of(foreign, 'series')}")
        if short:
            names = [known.names[number] for number in short]
            windows.left_out.append(f"too short for {need}, so left out: {count_of(names, 'series')}")
        return windows

    def notices(self, examples: Windows) -> list[str]:
        missing = ~examples.encoded.observed
        share = f"{int(missing.sum()):,} of its values are missing ({missing.mean():.2%})"
        return [*examples.left_out, *([share] if missing.any() else [])]

    def build(self) -> SequenceModel:
        recipe = self.recipe
        embedding = recipe.embedding.build(self._step_width())
        encoder = recipe.encoder.build(embedding.width)
        shape = self._shape(encoder.width, recipe.encoder.reads_ahead)
        decoder = recipe.decoder.build(shape)
        if recipe.data.affine:
            embedding.affine = decoder.affine = WindowAffine(shape.series, shape.channels)
        return SequenceModel(embedding, encoder, {NEXT: decoder})

    def _step_width(self) -> int:
        """Features of a step of the look-back."""
        data = self.recipe.data
        channels = 1 if self.window.independent else len(self.targets)
        return channels * (2 if self.window.flags else 1) + len(data.past_covariates) + self._known_width()

    def _known_width(self) -> int:
        return 2 * len(self.recipe.data.calendar) + len(self.recipe.data.future_covariates)

    def _shape(self, width: int, reads_ahead: bool) -> ForecastShape:
        parts = len(self.targets) if self.window.independent else 1
        return ForecastShape(
            width=width,
            reads_ahead=reads_ahead,
            lookback=self.window.lookback,
            horizon=self.window.horizon,
            channels=len(self.targets) // parts,
            future_covariates=self._known_width(),
            series=len(self.scaler.series) * parts,
        )

    def score(self, model: SequenceModel, examples: Windows) -> Scores:
        """Errors and interval scores of all windows (rolling origin)."""
        return self._scores(model, examples, self.output, table=True)

    def item_scores(self, model: SequenceModel, examples: Windows) -> ItemScores:
        """Errors by block of windows: those of neighbouring windows, which overlap, are not independent."""
        length = max(self.window.horizon, self.recipe.data.season_length)
        truth = Truth.of(examples, self.scaler, self.encoder.names)
        blocks, unit = examples.blocks(length), f"blocks of {length} windows"
        return block_scores(truth, self.output, predict_windows(model, examples), blocks, unit)

    def _scores(self, model: SequenceModel, examples: Windows, output: Distribution, table: bool = False) -> Scores:
        parameters = predict_windows(model, examples)
        truth = Truth.of(examples, self.scaler, self.encoder.names)
        scores = point_scores(truth, to_numpy(output.point(parameters)), table)
        if output.covers(0.5):
            scores |= interval_scores(truth, output, parameters, INTERVAL)
        return scores

    def calibrate(self, model: SequenceModel, dev: Windows) -> dict[str, float]:
        """Calibrate quantiles on dev by shifts, if `decoder.calibrate` asks for it.

        For every series and step of the horizon by itself, in units of the window's scale: split conformal
        prediction, each quantile on its own (Romano et al., 2019).
        """
        decoder = model.decoder(NEXT, ForecastModule)
        if not self.recipe.decoder.calibrate or not isinstance(self.output, QuantileGrid):
            return {}
        decoder.shifts.zero_()
        parameters = to_numpy(predict_windows(model, dev))
        rows = np.arange(len(dev))
        values, observed = dev.values(rows)
        look = dev.shape.lookback
        series, scale = dev.series_of(rows), dev.scales(rows)
        apart = (values[:, look:, :, None] - parameters) / scale[:, None, :, None]
        for number in np.unique(series).tolist():
            own = apart[series == number]
            own[~observed[series == number][:, look:]] = np.nan
            shifts = [np.nanquantile(own[..., n], level, axis=0) for n, level in enumerate(self.output.levels)]
            decoder.shifts[number] = decoder.shifts.new_tensor(np.nan_to_num(np.stack(shifts, -1)))
        return {NEXT: float(decoder.shifts.abs().mean())}

    def baselines(self, splits: Mapping[str, Windows], training: Training, seed: int) -> dict[str, dict[str, Scores]]:
        """Naive, seasonal naive, and a linear map of the look-back."""
        plain = {name: examples.seen(1, "none") for name, examples in splits.items()}
        found = {name: self._trivial(examples) for name, examples in plain.items() if name != "train"}
        if isinstance(self.recipe.decoder, LinearMap):
            return found  # it would be beside itself
        width = self._step_width()
        torch.manual_seed(seed)
        model = linear_map(self._shape(width, False), width)
        score = partial(self._linear_scores, examples=plain["dev"])
        settings = Training(epochs=8, threads=training.threads, precision="fp32")
        metric = Metric("mse", higher_is_better=False)
        Trainer(model, plain["train"], score, metric, AdamW(lr=1e-3), settings, seed, "values").fit()
        for name in found:
            found[name]["linear map (DLinear)"] = self._linear_scores(model, plain[name])
        return found

    def _linear_scores(self, model: SequenceModel, examples: Windows) -> dict[str, float]:
        return plain_scores(self._scores(model, examples, model.decoder(NEXT, ForecastModule).output))

    def _trivial(self, examples: Windows) -> dict[str, Scores]:
        truth, horizon = Truth.of(examples, self.scaler, self.encoder.names), examples.shape.horizon
        values, observed = examples.values(np.arange(len(examples)))
        look, there = values[:, : examples.shape.lookback], observed[:, : examples.shape.lookback]
        season = self.recipe.data.season_length
        seasons = {"naive": 1} | ({"seasonal naive": season} if 1 < season <= examples.shape.lookback else {})
        return {
            name: plain_scores(point_scores(truth, naive(look, there, horizon, of))) for name, of in seasons.items()
        }

    def item_rows(self, model: SequenceModel, dataset: Windows, table: SeriesSplit) -> Iterator[ItemRow]:
        """Each step of each window: what came beside what was forecast."""
        yield from forecast_rows(self.rolling(model, dataset))

    def rolling(
        self, model: SequenceModel, dataset: Windows, level: float | None = None, names: Sequence[str] = ()
    ) -> RollingForecasts:
        """Forecast every window of a split, with intervals if there are any.

        Args:
            model: The trained model.
            dataset: The windows.
            level: Nominal coverage of the intervals, in percent; None: 80, if the model reaches that.
            names: Only these series; all if there is none.
        """
        truth = Truth.of(dataset, self.scaler, self.encoder.names)
        return RollingForecasts.of(truth, dataset, self.output, predict_windows(model, dataset), level, names)

    def preview(self, dev: SeriesSplit, seed: int) -> Preview:
        return preview(self.encode(dev, 1), seed, self.scaler, self.output)

    def predictor(self, model: SequenceModel) -> Forecaster:
        return Forecaster(model, self.scaler, self.recipe)

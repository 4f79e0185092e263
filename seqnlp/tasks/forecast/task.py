"""Forecasting with a fitted scaler: the task behind a recipe."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Self, final

import numpy as np
import torch
from numpy.typing import NDArray

from seqnlp.codecs import Codec
from seqnlp.codecs.series import SeriesScaler, calendar_features
from seqnlp.decoders.forecast import ForecastModule, ForecastShape, LinearMap
from seqnlp.errors import DataError
from seqnlp.metrics.forecasts import seasonal_error
from seqnlp.model import SequenceModel
from seqnlp.nn.device import to_numpy
from seqnlp.nn.distributions import Distribution, QuantileGrid
from seqnlp.nn.window_affine import WindowAffine
from seqnlp.spelling import nearest_or_all
from seqnlp.tasks import shown
from seqnlp.tasks.base import Scores, Task
from seqnlp.tasks.forecast.baselines import linear_map, naive, train_linear_map
from seqnlp.tasks.forecast.corpus import SeriesSplit
from seqnlp.tasks.forecast.dataset import NEXT, EncodedSeries, Windows, WindowShape, window_starts
from seqnlp.tasks.forecast.predictor import Forecaster
from seqnlp.tasks.forecast.scores import Truth, interval_scores, point_scores
from seqnlp.training import Metric, Preview, Training
from seqnlp.training.inference import in_parallel

if TYPE_CHECKING:
    from seqnlp.tasks.forecast.recipe import Forecast

INTERVAL = 0.8
"""The interval whose coverage is told."""


@final
class ForecastTask(Task):
    """Forecasting with a fitted scaler."""

    verb: ClassVar[str] = "forecast"
    items_name: ClassVar[str] = "values"

    def __init__(self, recipe: "Forecast", scaler: SeriesScaler) -> None:
        """Take the scaler; its columns are the targets, then the past covariates, then the known ones."""
        self.recipe, self.scaler = recipe, scaler
        data = recipe.data
        covariates = len(data.past) + len(data.known)
        self.targets = scaler.columns[: len(scaler.columns) - covariates]
        self.output: Distribution = recipe.decoder.output.build()
        self.metric = Metric("crps" if self.output.covers(0.5) else "mse", higher_is_better=False)
        self.window = WindowShape(
            data.look_back,
            data.horizon,
            data.channels == "independent",
            data.window,
            data.missing == "mask",
            recipe.embedding.segment,
        )

    @classmethod
    def fit(cls, recipe: "Forecast", train: SeriesSplit) -> Self:
        """Measure the series of train, in its period alone."""
        data = recipe.data
        covariates = [*data.past, *data.known]
        targets = data.targets or [name for name in train.columns if name not in covariates]
        if not targets:
            raise DataError("all its columns are covariates; there is nothing to forecast", train.path)
        columns = [*targets, *covariates]
        values = [train.table(number, columns, in_period=True) for number in range(len(train.names))]
        for number, rows in enumerate(values):
            if not len(rows):
                raise DataError(f"series {train.names[number]!r}: there is nothing of it in the period", train.name)
        try:
            season = np.stack([seasonal_error(rows, data.season) for rows in values])
            scaler = SeriesScaler.fit(train.names, columns, values, season)
        except DataError as error:
            raise error.replace(path=train.name) from None
        return cls(recipe, scaler)

    @classmethod
    def restore(cls, recipe: "Forecast", data: dict[str, Any]) -> Self:
        """Take the scaler that a run has saved."""
        return cls(recipe, SeriesScaler.from_json(data))

    def codecs(self) -> dict[str, Codec]:
        """What must be saved with a model."""
        return {"series": self.scaler}

    @property
    def lanes(self) -> list[str]:
        """The names of the series that a forecast is made for: of each series, or of its columns."""
        if len(self.scaler.series) == 1 and len(self.targets) > 1:
            return self.targets
        if len(self.targets) == 1:
            return self.scaler.series
        return [f"{series}.{target}" for series in self.scaler.series for target in self.targets]

    def encode(self, split: SeriesSplit) -> EncodedSeries:
        """Scale a table.

        Raises:
            seqnlp.errors.DataError: a series or a column that train did not have; values that are missing, where
                the recipe refuses that.
        """
        scaler, data = self.scaler, self.recipe.data
        values = np.concatenate([split.table(number, scaler.columns) for number in range(len(split.names))])
        codes = [self.code(split, name) for name in split.names]
        series = np.repeat(np.array(codes, np.int64), np.diff(split.offsets))
        missing = np.isnan(values)
        targets, known = len(self.targets), len(self.targets) + len(data.past)
        self._check_missing(split, missing)
        scaled = np.where(missing, np.float32(0), scaler.encode(series, np.where(missing, 0, values)))
        ahead = np.concatenate([calendar_features(split.times, data.calendar), scaled[:, known:]], 1)
        return EncodedSeries(
            np.ascontiguousarray(scaled[:, :targets].T),
            np.ascontiguousarray(~missing[:, :targets].T),
            scaled[:, targets:known],
            ahead,
            series,
        )

    def code(self, split: SeriesSplit, name: str) -> int:
        """The number of a series in train."""
        if name in self.scaler.series:
            return self.scaler.series.index(name)
        if len(self.scaler.series) == 1 and len(split.names) == 1:
            return 0  # a table without names for its series, from another file
        raise DataError(f"series {name!r} is not in train: {nearest_or_all(name, self.scaler.series)}", split.path)

    def _check_missing(self, split: SeriesSplit, missing: NDArray[np.bool_]) -> None:
        if self.recipe.data.missing == "mask" or not missing.any():
            return
        row, column = (int(found) for found in np.argwhere(missing)[0])
        problem = f"{split.at(row)}: the value of {self.scaler.columns[column]!r} is missing"
        raise DataError(f'{problem}, {int(missing.sum()):,} in all; data.missing = "mask" allows that', split.path)

    def examples(self, split: SeriesSplit, batch_tokens: int) -> Windows:
        """Encode a split: its windows are those whose horizon lies in its period."""
        data = self.recipe.data
        for number, name in enumerate(split.names):
            start, end = split.period(number)
            rows = end - max(start, int(split.offsets[number]) + data.look_back)
            if rows < data.horizon:
                need = f"data.look_back = {data.look_back} and data.horizon = {data.horizon}"
                before = start - int(split.offsets[number])
                found = f"{end - start:,} rows" + (f" and {before:,} before them" if before else "")
                raise DataError(f"series {name!r}: {found} are too short for {need}", split.name)
        periods = [split.period(number) for number in range(len(split.names))]
        starts = window_starts(split.offsets[:-1].tolist(), periods, data.look_back, data.horizon)
        return Windows(self.encode(split), starts, self.window, batch_tokens, self.recipe.training.stride)

    def notices(self, examples: Windows) -> list[str]:
        """How many values are missing."""
        missing = ~examples.encoded.observed
        return [f"{int(missing.sum()):,} of its values are missing ({missing.mean():.2%})"] if missing.any() else []

    def build(self) -> SequenceModel:
        """Make the model, with fresh random weights."""
        recipe = self.recipe
        embedding = recipe.embedding.build(self._step_width())
        encoder = recipe.encoder.build(embedding.width)
        shape = self._shape(encoder.width, recipe.encoder.reads_ahead)
        decoder = recipe.decoder.build(shape)
        if recipe.data.affine:
            embedding.affine = decoder.affine = WindowAffine(shape.lanes, shape.channels)
        return SequenceModel(embedding, encoder, {NEXT: decoder})

    def _step_width(self) -> int:
        """Features of a step of the look-back."""
        data = self.recipe.data
        channels = 1 if self.window.independent else len(self.targets)
        return channels * (2 if self.window.flags else 1) + len(data.past) + self._known_width()

    def _known_width(self) -> int:
        return 2 * len(self.recipe.data.calendar) + len(self.recipe.data.known)

    def _shape(self, width: int, reads_ahead: bool) -> ForecastShape:
        parts = len(self.targets) if self.window.independent else 1
        return ForecastShape(
            width=width,
            reads_ahead=reads_ahead,
            lookback=self.window.lookback,
            horizon=self.window.horizon,
            channels=len(self.targets) // parts,
            known=self._known_width(),
            lanes=len(self.scaler.series) * parts,
        )

    def score(self, model: SequenceModel, examples: Windows) -> Scores:
        """Errors of all windows, one after the other (a rolling origin), scaled and in original units; intervals."""
        return self._scores(model, examples, self.output, table=True)

    def _scores(self, model: SequenceModel, examples: Windows, output: Distribution, table: bool = False) -> Scores:
        parameters = self.predict(model, examples)
        truth = Truth.of(examples, self.scaler, self.lanes)
        scores = point_scores(truth, to_numpy(output.point(parameters)), table)
        if output.covers(0.5):
            scores |= interval_scores(truth, output, parameters, INTERVAL)
        return scores

    def predict(self, model: SequenceModel, examples: Windows) -> torch.Tensor:
        """The parameters of the forecast of every window.

        Returns:
            Scaled values; shape (rows, horizon, channels, size).
        """
        decoder = decoder_of(model)

        def work(rows: NDArray[np.int64]) -> torch.Tensor:
            batch = examples.batch(rows).to(model.device)
            return decoder.predict(model.encode(batch.inputs), batch.targets[NEXT].ahead)

        return torch.cat(list(in_parallel(work, examples.in_order(), model.device)))

    def calibrate(self, model: SequenceModel, dev: Windows) -> dict[str, float]:
        """Shift quantiles so that on dev the right share of values is under each, if `decoder.calibrate` asks for it.

        For every series and step of the horizon by itself, in units of the window's scale: split conformal
        prediction, each quantile on its own (Romano et al., 2019).
        """
        decoder = decoder_of(model)
        if not self.recipe.decoder.calibrate or not isinstance(self.output, QuantileGrid):
            return {}
        decoder.shifts.zero_()
        parameters = to_numpy(self.predict(model, dev))
        rows = np.arange(len(dev))
        values, observed = dev.values(rows)
        look = dev.shape.lookback
        lanes, scale = dev.lanes(rows), dev.scales(rows)
        apart = (values[:, look:, :, None] - parameters) / scale[:, None, :, None]
        for lane in np.unique(lanes).tolist():
            of_lane = apart[lanes == lane]
            of_lane[~observed[lanes == lane][:, look:]] = np.nan
            shifts = [np.nanquantile(of_lane[..., n], level, axis=0) for n, level in enumerate(self.output.levels)]
            decoder.shifts[lane] = decoder.shifts.new_tensor(np.nan_to_num(np.stack(shifts, -1)))
        return {NEXT: float(decoder.shifts.abs().mean())}

    def baselines(self, splits: Mapping[str, Windows], training: Training, seed: int) -> dict[str, dict[str, Scores]]:
        """The last value, the last season, and a linear map of the look-back."""
        plain = {name: examples.seen(1, "none") for name, examples in splits.items()}
        found = {name: self._trivial(examples) for name, examples in plain.items() if name != "train"}
        if isinstance(self.recipe.decoder, LinearMap):
            return found  # it would be beside itself
        width = self._step_width()
        torch.manual_seed(seed)
        model = linear_map(self._shape(width, False), width)
        score = partial(self._linear_scores, examples=plain["dev"])
        train_linear_map(model, plain["train"], score, training.threads, seed)
        for name in found:
            found[name]["linear map (DLinear)"] = self._linear_scores(model, plain[name])
        return found

    def _linear_scores(self, model: SequenceModel, examples: Windows) -> dict[str, float]:
        return _plain(self._scores(model, examples, decoder_of(model).output))

    def _trivial(self, examples: Windows) -> dict[str, Scores]:
        truth, horizon = Truth.of(examples, self.scaler, self.lanes), examples.shape.horizon
        values, observed = examples.values(np.arange(len(examples)))
        look, there = values[:, : examples.shape.lookback], observed[:, : examples.shape.lookback]
        season = self.recipe.data.season
        seasons = {"naive": 1} | ({"seasonal naive": season} if 1 < season <= examples.shape.lookback else {})
        return {name: _plain(point_scores(truth, naive(look, there, horizon, of))) for name, of in seasons.items()}

    def show(self, dev: SeriesSplit, seed: int) -> Preview:
        """Pick a few examples."""
        return shown.forecasts(self, dev, seed)

    def predictor(self, model: SequenceModel) -> Forecaster:
        """Wrap a trained model."""
        return Forecaster(self, model)


def decoder_of(model: SequenceModel) -> ForecastModule:
    """The decoder of a forecaster."""
    decoder = model.decoders[NEXT]
    assert isinstance(decoder, ForecastModule)
    return decoder


def _plain(scores: Scores) -> Scores:
    return {name: score for name, score in scores.items() if isinstance(score, float)}

"""A trained forecaster."""

from collections.abc import Iterable, Iterator
from copy import deepcopy
from math import ceil
from pathlib import Path
from typing import Any, ClassVar, final

import numpy as np
import torch
from numpy.typing import NDArray

from seqnlp.codecs.series import SeriesScaler
from seqnlp.decoders.forecast import ForecastModule
from seqnlp.errors import DataError, UsageError
from seqnlp.limits import HORIZON
from seqnlp.model import SequenceModel
from seqnlp.nn.device import to_numpy
from seqnlp.notes import note
from seqnlp.readers.held import PREFIX
from seqnlp.readers.series import Series, SeriesTable
from seqnlp.readers.tables import DATA, GivenTable, Table
from seqnlp.readers.time_axis import Times, times_after
from seqnlp.readers.timestamps import local_times, texts_of
from seqnlp.results import Result, SeriesForecast
from seqnlp.tasks.base import Predictor
from seqnlp.tasks.columns import Columns
from seqnlp.tasks.forecast.backtest import LEVEL
from seqnlp.tasks.forecast.corpus import SeriesSplit
from seqnlp.tasks.forecast.dataset import NEXT, EncodedSeries, Windows
from seqnlp.tasks.forecast.encoder import SeriesEncoder
from seqnlp.tasks.forecast.recipe import ForecastRecipe
from seqnlp.training.inference import in_parallel
from seqnlp.units import count_of

FURTHEST = 1_000
"""Longest forecast, in trained horizons."""


@final
class Forecaster(Predictor):
    """A trained forecaster: `for series in forecaster.forecast("load.csv"): print(series.times, series.values)`."""

    task: ClassVar[str] = "forecast"

    def __init__(self, model: SequenceModel, scaler: SeriesScaler, recipe: ForecastRecipe) -> None:
        """Store a model and its codecs.

        Args:
            model: The trained model.
            scaler: Scale of each series of train.
            recipe: The recipe that the model was trained with.
        """
        self.model, self.scaler, self.recipe = model.eval(), scaler, recipe
        self.encoder = SeriesEncoder(recipe, scaler)
        self.output = recipe.decoder.output.build()

    def predict(self, lines: Iterable[str]) -> Iterator[Result]:
        """Refuse: series come in files, not line by line."""
        raise UsageError("a forecast is made from a file of series: use `seqnlp forecast RUN FILE`")

    def predict_columns(self, columns: Columns, column: str | None) -> dict[str, list[Any]]:
        """Refuse: the rows of a forecast are not those of its input."""
        raise UsageError("a forecast has rows of its own: model.forecast(table)")

    @property
    def horizon(self) -> int:
        """Steps that the model was trained to forecast."""
        return self.encoder.window.horizon

    @property
    def has_intervals(self) -> bool:
        """True if the model forecasts a distribution, so that intervals exist."""
        return self.output.covers(0.5)

    def read(self, file: str | Path | Table, reader: Series | None = None) -> SeriesSplit:
        """Open a file of series, a period of it (`load.csv[:-24]`), or a table.

        Args:
            file: Its path, or the table.
            reader: Reader of the file; left out, that of training.
        """
        reader = reader or self._reader
        if not isinstance(file, str | Path):
            return SeriesSplit.read(f"{PREFIX}{DATA}", reader.holding({DATA: GivenTable(DATA, file)}))
        return SeriesSplit.read(reader.locate(str(file), Path), reader)

    @property
    def _reader(self) -> Series:
        reader = self.recipe.data.reader
        assert isinstance(reader, Series)
        return reader

    def history(self, split: SeriesSplit, steps: int) -> dict[str, list[float]]:
        """Last values before a forecast; NaN where one is missing.

        Args:
            split: The series before the forecast.
            steps: Values of each series, at most.

        Returns:
            Values by the name of their forecast.
        """
        found = {}
        encoder = self._shared_with(split).encoder
        for number, name in enumerate(split.names):
            table, first = self._given(split, number)
            place = encoder.code(split, name) * len(encoder.targets)
            for column in range(len(encoder.targets)):
                found[encoder.names[place + column]] = table[max(first - steps, 0) : first, column].tolist()
        return found

    def actual(self, split: SeriesSplit, steps: int) -> dict[str, list[float]]:
        """Values that came over the horizon; NaN where one is missing.

        They stand in the rows of the file after the period.

        Args:
            split: The series before the forecast.
            steps: Steps of the forecast.

        Returns:
            `steps` values by the name of their forecast; nothing for a series without any.
        """
        found = {}
        encoder = self._shared_with(split).encoder
        for number, name in enumerate(split.names):
            table, first = self._given(split, number)
            place = encoder.code(split, name) * len(encoder.targets)
            for column in range(len(encoder.targets)):
                values = table[first : first + steps, column]
                if not np.isnan(values).all():
                    padded = np.concatenate([values, np.full(steps - len(values), np.nan)])
                    found[encoder.names[place + column]] = padded.tolist()
        return found

    def _shared_with(self, split: SeriesSplit) -> "Forecaster":
        """Forecaster of series that train may lack: it scales each by its own values.

        What the model has learned for each series alone is for these the mean over the series of train.
        """
        unseen = self.encoder.unseen(split)
        if not unseen:
            return self
        values = []
        for number, name in enumerate(split.names):
            if name in unseen:
                table, first = self._given(split, number)
                values.append(table[: max(first, 1)])
        covariates = slice(len(self.encoder.targets), None)
        for name, table in zip(unseen, values, strict=True):
            empty = np.asarray(np.isnan(table).all(0))
            if empty[covariates].any():
                number = int(np.flatnonzero(empty[covariates])[0]) + len(self.encoder.targets)
                problem = f"series {name!r}: there are no numbers in the column {self.scaler.columns[number]!r}"
                raise DataError(problem, split.path)
            table[:, empty] = 0
        model = deepcopy(self.model)
        model.decoder(NEXT, ForecastModule).add_series(len(unseen), len(self.scaler.series))
        return Forecaster(model, self.scaler.with_series(unseen, values), self.recipe)

    def unseen_note(self, split: SeriesSplit) -> str:
        """Treatment of series that train lacks, in a line; empty if it had all."""
        unseen = self.encoder.unseen(split)
        if not unseen:
            return ""
        own = dict.fromkeys(name for name, _, _ in self.model.decoder(NEXT, ForecastModule).of_series())
        means = f"; what was learned for each series ({', '.join(own)}) is the mean over those of train" if own else ""
        return f"not in train, so scaled by their own mean and deviation: {count_of(unseen, 'series')}{means}"

    def _given(self, split: SeriesSplit, number: int) -> tuple[NDArray[np.float64], int]:
        """Rows of a series; also the number of rows before the forecast."""
        table = split.table(number, self.scaler.columns)
        before = table[: split.period(number)[1] - int(split.offsets[number]), : len(self.encoder.targets)]
        rows = np.flatnonzero((~np.isnan(before)).any(1))
        return table, int(rows[-1]) + 1 if len(rows) else 0

    def forecast(
        self,
        data: str | Path | SeriesTable | SeriesSplit | Table,
        horizon: int | None = None,
        level: float | None = None,
    ) -> list[SeriesForecast]:
        """Forecast the continuation of series.

        A horizon longer than the trained one is reached in several strides; each reads the earlier forecasts as if
        observed. Intervals then hold for the error of the last stride alone, and are too narrow.

        Args:
            data: A file, or the series themselves: a data frame, columns by name, rows as dictionaries. What is
                forecast comes after the last row that has a value to forecast; rows after that tell the covariates
                that are known.
            horizon: Steps to forecast; left out: as many as the model was trained for.
            level: The share of values that is to lie in the intervals, in percent; left out: 80, if the model
                forecasts a distribution.

        Returns:
            One forecast for each series, or for each column that is forecast; none for series that are too short.
            A series that train lacks is scaled by its own mean and deviation; a note tells that.

        Raises:
            seqnlp.errors.DataError: for what is wrong with the data, for instance series that are all too short.
            seqnlp.errors.UsageError: for a horizon or a level that the model can't give.
        """
        steps = self.horizon if horizon is None else horizon
        if steps < 1:
            raise UsageError(f"horizon {steps}: expected 1 or more")
        HORIZON.check(horizon=steps)
        if steps > FURTHEST * self.horizon:
            problem = f"expected {FURTHEST * self.horizon:,} or less, {FURTHEST:,} times the horizon it was trained for"
            raise UsageError(f"horizon {steps:,}: {problem}")
        ends = self._ends(level)
        if isinstance(data, SeriesTable):
            split = SeriesSplit(Path("series"), data)
        else:
            split = data if isinstance(data, SeriesSplit) else self.read(data)
        split = split.in_zone(self.scaler.time_zone)
        short = self.too_short(split)
        split = split.keep([number for number, name in enumerate(split.names) if name not in short])
        if told := self.unseen_note(split):
            note(told)
        return self._shared_with(split)._forecast(split, steps, ends, level)

    def _forecast(self, split: SeriesSplit, steps: int, ends: list[float], level: float | None) -> list[SeriesForecast]:
        """Forecast series that are long enough."""
        strides = ceil(steps / self.horizon)
        if strides > 1 and self.recipe.data.past_covariates:
            names = ", ".join(map(repr, self.recipe.data.past_covariates))
            raise UsageError(f"horizon {steps}: past {self.horizon} steps the model would have to know {names}")
        windows, times = self._windows(split, strides * self.horizon)
        found = [self._stride(windows, number, ends) for number in range(strides)]
        numbers = np.concatenate(found, 1)[:, :steps]
        return self._results(split, windows, times, numbers, level or LEVEL if ends else None)

    def _ends(self, level: float | None) -> list[float]:
        """Quantile levels at the ends of the interval; empty without one."""
        output = self.output
        if level is not None and not 0 < level < 100:
            raise UsageError(f"level {level:g}: expected a share in percent, between 0 and 100")
        if level is None and not output.covers(0.5):
            return []
        share = (LEVEL if level is None else level) / 100
        ends = [(1 - share) / 2, (1 + share) / 2]
        if all(map(output.covers, ends)):
            return ends
        if level is None:
            return []
        if not output.covers(0.5):
            raise UsageError('the model forecasts points, without intervals; train with output = "quantiles"')
        raise UsageError(f"level {level:g}: the model's quantiles do not reach {ends[0]:g} and {ends[1]:g}")

    def too_short(self, split: SeriesSplit) -> list[str]:
        """Names of series with fewer rows than the look-back; they get no forecast.

        Raises:
            seqnlp.errors.DataError: all of them are too short.
        """
        look = self.encoder.window.lookback
        rows = {name: self._given(split, number)[1] for number, name in enumerate(split.names)}
        short = [name for name, found in rows.items() if found < look]
        if len(short) == len(rows):
            problem = f"series {short[0]!r}: {rows[short[0]]:,} rows with values are fewer than data.lookback = {look}"
            raise DataError(problem, split.name)
        return short

    def _windows(self, split: SeriesSplit, steps: int) -> tuple[Windows, list[Times]]:
        """Last lookback of each series, followed by empty steps; also the times of both."""
        look, scaler = self.encoder.window.lookback, self.scaler
        length = look + steps
        values = np.full((len(split.names), length, len(scaler.columns)), np.nan)
        moments: Any = np.empty((len(split.names), length), split.times.dtype)
        freq = self._reader.step
        for number, name in enumerate(split.names):
            table, first = self._given(split, number)
            begin = int(split.offsets[number])
            past = split.times[begin : begin + first]
            moments[number] = np.concatenate([past[first - look :], times_after(past, steps, name, split.path, freq)])
            there = table[first - look : first + steps]
            values[number, : len(there)] = there
            values[number, look:, : len(table[0]) - len(self.recipe.data.future_covariates)] = np.nan
        encoded = self._encode(split, values, moments, look)
        starts = np.arange(len(split.names)) * length + look
        return Windows(encoded, starts, self.encoder.window, 1), list(moments[:, look:])

    def _encode(self, split: SeriesSplit, values: NDArray[np.float64], moments: Times, look: int) -> EncodedSeries:
        _, length, columns = values.shape
        known = columns - len(self.recipe.data.future_covariates)
        missing = np.isnan(values)
        for column in range(columns):
            window = missing[:, look:, column] if column >= known else missing[:, :look, column]
            gap = window if column >= known else window & (self.recipe.data.missing == "refuse")
            if gap.any():
                number, step = (int(place) for place in np.argwhere(gap)[0])
                moment = moments[number, step + (look if column >= known else 0)]
                problem = (
                    f"series {split.names[number]!r}, {moment}: the value of {self.scaler.columns[column]!r} is missing"
                )
                hint = "; it must be known for all steps to forecast" if column >= known else ""
                raise DataError(problem + hint, split.path)
        series = np.repeat(self.encoder.codes(split), length)
        local = local_times(moments.ravel(), split.whole.time_zone)
        return self.encoder.encode_rows(values.reshape(-1, columns), series, local, split.path)

    def _stride(self, windows: Windows, number: int, ends: list[float]) -> NDArray[np.float32]:
        """Forecast one horizon and write it into the windows as if observed.

        Returns:
            The point and the interval's ends, scaled; shape (rows, horizon, channels, 1 or 3).
        """
        moved = Windows(windows.encoded, windows.starts + number * self.horizon, windows.shape, 1)
        parameters = predict_windows(self.model, moved)
        output = self.output
        point = output.point(parameters)
        series = len(windows.starts)
        # independent channels are rows of their own: (series, channels, horizon), else (series, horizon, channels)
        parts = to_numpy(point).reshape(series, -1, self.horizon, point.shape[2])
        by_channel = parts.transpose(1, 3, 0, 2).reshape(windows.channels, series, self.horizon)
        where = moved.starts[:, None] + np.arange(self.horizon)
        windows.encoded.values[:, where] = by_channel
        windows.encoded.observed[:, where] = True
        interval = [output.quantiles(parameters, ends)] if ends else []
        return to_numpy(torch.cat([point[..., None], *interval], -1))

    def _results(
        self,
        split: SeriesSplit,
        windows: Windows,
        times: list[Times],
        numbers: NDArray[np.float32],
        level: float | None,
    ) -> list[SeriesForecast]:
        channels, names = windows.channels, self.encoder.names
        results = []
        steps = numbers.shape[1]
        for row in range(len(numbers)):
            series = int(windows.series_of(np.array([row]))[0])
            for channel in range(numbers.shape[2]):
                place = series * numbers.shape[2] + channel
                code, column = divmod(place, channels)
                scale, shift = self.scaler.deviation[code, column], self.scaler.mean[code, column]
                units = numbers[row, :, channel].astype(np.float64) * scale + shift
                results.append(
                    SeriesForecast(
                        name=names[place],
                        times=texts_of(times[row // windows.parts][:steps], split.whole.time_zone),
                        values=units[:, 0].tolist(),
                        low=units[:, 1].tolist() if level else None,
                        high=units[:, 2].tolist() if level else None,
                        level=level,
                    )
                )
        return results


def predict_windows(model: SequenceModel, dataset: Windows) -> torch.Tensor:
    """Predict the parameters of every window's distribution.

    Returns:
        Scaled values; shape (rows, horizon, channels, size).
    """
    decoder = model.decoder(NEXT, ForecastModule)

    def work(rows: NDArray[np.int64]) -> torch.Tensor:
        batch = dataset.batch(rows).to(model.device)
        return decoder.predict(model.encode(batch.inputs), batch.targets[NEXT].future)

    return torch.cat(list(in_parallel(work, dataset.in_order(), model.device)))

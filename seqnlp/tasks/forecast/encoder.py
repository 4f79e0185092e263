"""Tables of series scaled by a fitted scaler, as a recipe asks."""

from pathlib import Path
from typing import final

import numpy as np
from numpy.typing import NDArray

from seqnlp.codecs.series import SeriesScaler, calendar_features
from seqnlp.errors import DataError
from seqnlp.readers.time_axis import Times
from seqnlp.spelling import nearest_or_all
from seqnlp.tasks.forecast.corpus import SeriesSplit
from seqnlp.tasks.forecast.dataset import EncodedSeries, WindowShape
from seqnlp.tasks.forecast.recipe import ForecastRecipe


@final
class SeriesEncoder:
    """Scales targets and covariates, and adds calendar features."""

    def __init__(self, recipe: ForecastRecipe, scaler: SeriesScaler) -> None:
        """Store the scaler; its columns are targets, past covariates, future covariates."""
        data = recipe.data
        self.data, self.scaler = data, scaler
        self.targets = scaler.columns[: len(scaler.columns) - len(data.past_covariates) - len(data.future_covariates)]
        self.window = WindowShape(
            data.lookback,
            data.horizon,
            data.channels == "independent",
            data.instance_norm,
            data.missing == "mask",
            recipe.embedding.segment_length,
        )

    @property
    def names(self) -> list[str]:
        """Names of the forecasts: series names, column names, or `series.column`."""
        if len(self.scaler.series) == 1 and len(self.targets) > 1:
            return self.targets
        if len(self.targets) == 1:
            return self.scaler.series
        return [f"{series}.{target}" for series in self.scaler.series for target in self.targets]

    def encode(self, split: SeriesSplit) -> EncodedSeries:
        """Scale all rows of a table.

        Raises:
            seqnlp.errors.DataError: a series or a column that train did not have; values that are missing, where
                the recipe refuses that.
        """
        columns = self.scaler.columns
        values = np.concatenate([split.table(number, columns) for number in range(len(split.names))])
        series = np.repeat(self.codes(split), np.diff(split.offsets))
        self._check_missing(split, np.isnan(values))
        return self.encode_rows(values, series, split.whole.local_times, split.path)

    def encode_rows(
        self, values: NDArray[np.float64], series: NDArray[np.int64], times: Times, path: Path
    ) -> EncodedSeries:
        """Scale rows, whose missing values become 0.

        Args:
            values: In the units of the file, NaN where missing; shape (rows, columns).
            series: The number of each row's series; shape (rows,).
            times: Local time of each row.
            path: The file that they are from.

        Raises:
            seqnlp.errors.DataError: integer time steps, where the recipe asks for calendar features.
        """
        missing = np.isnan(values)
        calendar = self.data.calendar
        if calendar and times.dtype.kind != "M":
            hint = 'data.reader.time_unit = "s" reads seconds since 1970'
            raise DataError(
                f"its times are integers such as {times[0]}; data.calendar needs timestamps", path, hint=hint
            )
        targets, known = len(self.targets), len(self.targets) + len(self.data.past_covariates)
        scaled = np.where(missing, np.float32(0), self.scaler.encode(series, np.where(missing, 0, values)))
        return EncodedSeries(
            np.ascontiguousarray(scaled[:, :targets].T),
            np.ascontiguousarray(~missing[:, :targets].T),
            scaled[:, targets:known],
            np.concatenate([calendar_features(times.astype("datetime64[s]"), calendar), scaled[:, known:]], 1),
            series,
        )

    def keep_known(self, split: SeriesSplit) -> SeriesSplit:
        """Leave out series that train did not have.

        Raises:
            seqnlp.errors.DataError: train had none of them.
        """
        known = [number for number, name in enumerate(split.names) if name in self.scaler.series]
        if not known:
            self.codes(split)
        return split.keep(known) if known else split

    def unseen(self, split: SeriesSplit) -> list[str]:
        """Names of series that train did not have."""
        if len(self.scaler.series) == 1 and len(split.names) == 1:
            return []  # a table without names for its series, from another file
        return [name for name in split.names if name not in self.scaler.series]

    def codes(self, split: SeriesSplit) -> NDArray[np.int64]:
        """Index in train of each series of a split."""
        return np.array([self.code(split, name) for name in split.names], np.int64)

    def code(self, split: SeriesSplit, name: str) -> int:
        """Index of a series in train."""
        if name in self.scaler.series:
            return self.scaler.series.index(name)
        if len(self.scaler.series) == 1 and len(split.names) == 1:
            return 0  # a table without names for its series, from another file
        raise DataError(f"series {name!r} is not in train: {nearest_or_all(name, self.scaler.series)}", split.path)

    def _check_missing(self, split: SeriesSplit, missing: NDArray[np.bool_]) -> None:
        if self.data.missing == "mask" or not missing.any():
            return
        row, column = (int(found) for found in np.argwhere(missing)[0])
        problem = f"{split.at(row)}: the value of {self.scaler.columns[column]!r} is missing"
        raise DataError(f'{problem}, {int(missing.sum()):,} in all; data.missing = "mask" allows that', split.path)

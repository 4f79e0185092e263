"""Scaling of series and of windows of them; calendar features."""

from typing import Annotated, Any, Literal, Self, final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from seqnlp.codecs.saved import Distinct, SavedCodec
from seqnlp.codecs.text import Codec
from seqnlp.errors import DataError

Calendar = Literal["minute", "hour", "weekday", "day", "month", "yearday"]
WindowScale = Literal["none", "last", "standard"]
Floats = NDArray[np.float64]
Array = NDArray[np.float32]

EVEN = 1e-9
"""Share of the mean below which a standard deviation is that of a constant, rounded."""
SMALLEST = 1e-5
"""Added to the variance of a window, so that a constant one can be scaled."""


Names = Annotated[Distinct, Field(min_length=1)]


class SavedScaler(SavedCodec):
    """JSON of a scaler: tables with a row for each series and a number for each column."""

    series: Names
    columns: Names
    mean: list[list[float]]
    deviation: list[list[Annotated[float, Field(gt=0)]]]
    season: list[list[Annotated[float, Field(ge=0)] | None]]
    time_zone: str | None = None

    @model_validator(mode="after")
    def _shapes_agree(self) -> Self:
        rows, columns = len(self.series), len(self.columns)
        for name, table in (("mean", self.mean), ("deviation", self.deviation), ("season", self.season)):
            if len(table) != rows or any(len(row) != columns for row in table):
                raise ValueError(f"{name}: expected {columns} numbers for each of {rows} series")
        return self


@final
class SeriesScaler(Codec):
    """Standardizes each series by its mean and standard deviation in train."""

    def __init__(
        self,
        series: list[str],
        columns: list[str],
        mean: Floats,
        deviation: Floats,
        season: Floats,
        time_zone: str | None = None,
    ) -> None:
        """Store the statistics.

        Args:
            series: The names of the series.
            columns: The columns of numbers that each of them has.
            mean: Shape (series, columns).
            deviation: The standard deviations, of the same shape.
            season: The mean absolute difference from the value a season before, in original units, of the same
                shape: the scale of MASE. NaN where train is no longer than a season.
            time_zone: Zone of the timestamps where these are kept in UTC; None for local times.
        """
        self.series, self.columns, self.time_zone = series, columns, time_zone
        self.mean, self.deviation, self.season = mean, deviation, season

    @classmethod
    def fit(
        cls, series: list[str], columns: list[str], values: list[Floats], season: Floats, time_zone: str | None = None
    ) -> Self:
        """Fit mean and standard deviation on train.

        Args:
            series: Their names.
            columns: The names of their columns.
            values: The numbers of each series, shape (rows, columns); NaN where one is missing.
            season: The scale of MASE, see `__init__`.
            time_zone: As there.

        A constant has the deviation 1, so that it can be scaled.

        Raises:
            seqnlp.errors.DataError: a series that has no numbers.
        """
        shape = (len(series), len(columns))
        mean, deviation = np.zeros(shape), np.ones(shape)
        for number, rows in enumerate(values):
            for column, name in enumerate(columns):
                known = rows[~np.isnan(rows[:, column]), column]
                where = f"series {series[number]!r}, column {name!r}"
                if not len(known):
                    raise DataError(f"{where}: there are no numbers in it")
                mean[number, column] = known.mean()
                if not is_constant(known):
                    deviation[number, column] = known.std()
        return cls(series, columns, mean, deviation, season, time_zone)

    def with_series(self, names: list[str], values: list[Floats]) -> Self:
        """Copy with further series, each scaled by its own mean and deviation.

        Args:
            names: Their names.
            values: Numbers of each, shape (rows, columns).
        """
        others = type(self).fit(names, self.columns, values, np.full((len(names), len(self.columns)), np.nan))
        pairs = ((self.mean, others.mean), (self.deviation, others.deviation), (self.season, others.season))
        mean, deviation, season = (np.concatenate(pair) for pair in pairs)
        return type(self)([*self.series, *names], self.columns, mean, deviation, season, self.time_zone)

    def encode(self, series: NDArray[np.int64], values: Floats) -> NDArray[np.float32]:
        """Scale numbers.

        Args:
            series: The number of the series that each row is of; shape (rows,).
            values: Shape (rows, columns).
        """
        return ((values - self.mean[series]) / self.deviation[series]).astype(np.float32)

    def decode(self, series: NDArray[np.int64], values: NDArray[np.floating[Any]]) -> Floats:
        """Inverse of `encode`."""
        return values.astype(np.float64) * self.deviation[series] + self.mean[series]

    def to_json(self) -> dict[str, Any]:
        """Means and standard deviations, by series and column."""

        def table(numbers: Floats) -> list[list[float | None]]:
            return [[None if np.isnan(number) else number for number in row] for row in numbers.tolist()]

        return {
            "series": self.series,
            "columns": self.columns,
            "mean": table(self.mean),
            "deviation": table(self.deviation),
            "season": table(self.season),
            **({} if self.time_zone is None else {"time_zone": self.time_zone}),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        saved = SavedScaler.read(data)
        tables = (saved.mean, saved.deviation, saved.season)
        mean, deviation, season = (np.array(table, np.float64) for table in tables)
        return cls(saved.series, saved.columns, mean, deviation, season, saved.time_zone)


def is_constant(values: Floats) -> bool:
    """True for values that differ by rounding alone; NaN is left out."""
    known = values[~np.isnan(values)]
    return not len(known) or bool(known.std() <= EVEN * max(abs(known.mean()), 1e-300))


def calendar_features(times: NDArray[np.datetime64], names: list[Calendar]) -> NDArray[np.float32]:
    """Cyclical calendar features: sine and cosine of the place in the hour, day, week, month and year.

    Args:
        times: The moments; shape (rows,).
        names: The cycles.

    Returns:
        The sine and the cosine for each name, side by side; shape (rows, 2 * names).
    """
    moments = times.astype("datetime64[s]")
    days, months, years = (moments.astype(f"datetime64[{unit}]") for unit in "DMY")
    seconds = (moments - days).astype(np.int64)
    of_month, of_year = (days - months).astype(np.int64), (days - years).astype("timedelta64[D]").astype(np.int64)
    of_day = seconds / 86400
    places = {
        "minute": seconds % 3600 / 3600,
        "hour": of_day,
        "weekday": ((days.astype(np.int64) + 3) % 7 + of_day) / 7,  # 1970 began on a Thursday; Monday is 0
        "day": (of_month + of_day) / 31,
        "month": (months.astype(np.int64) % 12 + of_month / 31) / 12,
        "yearday": (of_year + of_day) / 366,
    }
    circles = [circle(2 * np.pi * places[name]) for name in names for circle in (np.sin, np.cos)]
    return np.stack(circles, 1).astype(np.float32) if circles else np.zeros((len(times), 0), np.float32)


def window_scale(values: Array, observed: NDArray[np.bool_], kind: WindowScale) -> tuple[Array, Array]:
    """Shift and scale of windows.

    Args:
        values: Windows, time first but for the batch: shape (batch, time, channels).
        observed: False where a value is missing; of the same shape.
        kind: `none`: 0 and 1. `last`: the last observed value, and 1 (NLinear; Zeng et al., 2023).
            `standard`: mean and standard deviation, as in reversible instance normalisation (Kim et al., 2022),
            without its learned map (`seqnlp.nn.window_affine`).

    Returns:
        Two arrays of shape (batch, channels). A window without a single value has 0 and 1.
    """
    batch, time, channels = values.shape
    shift, scale = np.zeros((batch, channels), np.float32), np.ones((batch, channels), np.float32)
    if kind == "last":
        return last_value(values, observed), scale
    if kind == "standard":
        whole = observed.all()
        count = np.full_like(shift, time) if whole else np.maximum(observed.sum(1), 1).astype(np.float32)
        shift = (values if whole else np.where(observed, values, 0)).sum(1, dtype=np.float32) / count
        apart = values - shift[:, None]
        squares = np.square(apart if whole else np.where(observed, apart, 0)).sum(1, dtype=np.float32)
        scale = np.sqrt(squares / count + np.float32(SMALLEST))
        if not whole:
            scale = np.where(observed.any(1), scale, 1).astype(np.float32)
    return shift, scale


def last_value(values: Array, observed: NDArray[np.bool_]) -> Array:
    """Last observed value of each window, or else 0; shape (batch, channels)."""
    if observed[:, -1].all():
        return values[:, -1]
    place = values.shape[1] - 1 - observed[:, ::-1].argmax(1)
    found = np.take_along_axis(values, place[:, None], 1)[:, 0]
    return np.where(observed.any(1), found, 0).astype(np.float32)

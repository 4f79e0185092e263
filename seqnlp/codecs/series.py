"""Standard scaling of series of real numbers, and calendar features."""

from typing import Any, Literal, Self, final

import numpy as np
from numpy.typing import NDArray

from seqnlp.codecs.base import Codec
from seqnlp.errors import DataError

Calendar = Literal["minute", "hour", "weekday", "day", "month", "yearday"]
Floats = NDArray[np.float64]

EVEN = 1e-9
"""Share of the mean below which a standard deviation is that of a constant."""


@final
class SeriesScaler(Codec):
    """Standardizes each series by its mean and standard deviation in train."""

    def __init__(self, series: list[str], columns: list[str], mean: Floats, deviation: Floats, season: Floats) -> None:
        """Take the statistics.

        Args:
            series: The names of the series.
            columns: The columns of numbers that each of them has.
            mean: Shape (series, columns).
            deviation: The standard deviations, of the same shape.
            season: The mean absolute difference from the value a season before, in original units, of the same
                shape: the scale of MASE. NaN where train is no longer than a season.
        """
        self.series, self.columns = series, columns
        self.mean, self.deviation, self.season = mean, deviation, season

    @classmethod
    def fit(cls, series: list[str], columns: list[str], values: list[Floats], season: Floats) -> Self:
        """Fit mean and standard deviation on train.

        Args:
            series: Their names.
            columns: The names of their columns.
            values: The numbers of each series, shape (rows, columns); NaN where one is missing.
            season: The scale of MASE, see `__init__`.

        Raises:
            seqnlp.errors.DataError: a series that is constant, or has no numbers.
        """
        shape = (len(series), len(columns))
        mean, deviation = np.zeros(shape), np.ones(shape)
        for number, rows in enumerate(values):
            for column, name in enumerate(columns):
                known = rows[~np.isnan(rows[:, column]), column]
                where = f"series {series[number]!r}, column {name!r}"
                if not len(known):
                    raise DataError(f"{where}: there are no numbers in it")
                mean[number, column], deviation[number, column] = known.mean(), known.std()
                if deviation[number, column] <= EVEN * max(abs(mean[number, column]), 1e-300):
                    raise DataError(f"{where}: it is {known[0]:g} in all of train; a constant can't be scaled")
        return cls(series, columns, mean, deviation, season)

    def encode(self, series: NDArray[np.int64], values: Floats) -> NDArray[np.float32]:
        """Scale numbers.

        Args:
            series: The number of the series that each row is of; shape (rows,).
            values: Shape (rows, columns).
        """
        return ((values - self.mean[series]) / self.deviation[series]).astype(np.float32)

    def decode(self, series: NDArray[np.int64], values: NDArray[np.floating[Any]]) -> Floats:
        """The inverse of `encode`."""
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
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The inverse of `to_json`."""
        numbers = (np.array(data[name], np.float64) for name in ("mean", "deviation", "season"))
        return cls(list(data["series"]), list(data["columns"]), *numbers)


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

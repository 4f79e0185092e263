"""Backtest: forecasts from rolling origins, beside what came."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from seqnlp.errors import UsageError
from seqnlp.nn.device import to_numpy
from seqnlp.nn.distributions import Distribution
from seqnlp.readers.time_axis import Times
from seqnlp.readers.timestamps import texts_of
from seqnlp.results import BacktestReport, BacktestSeries, SeriesForecast, StepScore
from seqnlp.spelling import did_you_mean
from seqnlp.tasks.base import ItemRow
from seqnlp.tasks.forecast.dataset import Windows
from seqnlp.tasks.forecast.scores import Truth

Units = NDArray[np.float64]


@final
@dataclass(frozen=True)
class RollingForecasts:
    """Forecasts of windows in original units; arrays have shape (windows, horizon), series one after the other."""

    names: list[str]
    """Names of the series that are forecast."""
    series: NDArray[np.int64]
    """Index of the series of each window; shape (windows,)."""
    starts: NDArray[np.int64]
    """Row of the encoded series at which each horizon begins; shape (windows,)."""
    times: Times
    """Timestamps of those rows."""
    actual: Units
    """NaN where a value is missing."""
    point: Units
    low: Units | None
    """Lower ends of the intervals; None for a model of points alone."""
    high: Units | None
    level: float | None
    """Nominal coverage of the intervals, in percent."""
    deviation: NDArray[np.float64]
    """Standard deviation of each window's series in train; shape (windows, 1)."""
    time_zone: str | None = None
    """Zone of timestamps in UTC."""

    @classmethod
    def of(
        cls,
        truth: Truth,
        windows: Windows,
        output: Distribution,
        parameters: Tensor,
        level: float | None,
        chosen: Sequence[str] = (),
    ) -> "RollingForecasts":
        """Convert the parameters of distributions, scaled, shape (rows, horizon, channels, size).

        Without a `level` it is 80, if the model's quantiles reach that far.

        Raises:
            seqnlp.errors.UsageError: the model's quantiles do not reach the level; no such series.
        """
        share = LEVEL if level is None else level
        ends = [(1 - share / 100) / 2, (1 + share / 100) / 2]
        has_ends = all(map(output.covers, ends))
        if not has_ends and output.covers(0.5) and level is not None:
            raise UsageError(f"level {level:g}: the model's quantiles do not reach {ends[0]:g} and {ends[1]:g}")

        def in_units(scaled: NDArray[np.floating]) -> Units:
            units = scaled.astype(np.float64) * truth.deviation + truth.mean
            return units.transpose(0, 2, 1).reshape(-1, scaled.shape[1])

        bounds = to_numpy(output.quantiles(parameters, ends)) if has_ends else None
        actual = in_units(np.where(truth.observed, truth.values, np.nan))
        channels = truth.values.shape[2]
        series = truth.series[:, 0].ravel()
        rows = np.repeat(np.arange(len(truth.values)), channels)
        starts = windows.starts[rows // windows.parts]
        assert windows.times is not None
        order = np.lexsort((starts, series))
        if chosen:
            order = order[np.isin(series[order], [_index(name, truth.names) for name in chosen])]
        return cls(
            names=truth.names,
            series=series[order],
            starts=starts[order],
            times=windows.times,
            actual=actual[order],
            point=in_units(to_numpy(output.point(parameters)))[order],
            low=None if bounds is None else in_units(bounds[..., 0])[order],
            high=None if bounds is None else in_units(bounds[..., 1])[order],
            level=share if has_ends else None,
            deviation=truth.deviation[:, 0].reshape(-1)[order][:, None],
            time_zone=windows.time_zone,
        )

    def moments(self, first: int, end: int) -> list[str]:
        """Timestamps of some rows as texts, in their zone."""
        return texts_of(self.times[first:end], self.time_zone)

    def __len__(self) -> int:
        return len(self.starts)


LEVEL = 80.0
"""Default level of the intervals, in percent."""


def _index(name: str, names: Sequence[str]) -> int:
    if name not in names:
        hint = did_you_mean(name, names, "'") or f"there are {', '.join(map(repr, names[:10]))}"
        raise UsageError(f"no series {name!r} is forecast; {hint}")
    return list(names).index(name)


def forecast_rows(found: RollingForecasts) -> Iterator[ItemRow]:
    """Describe each step of each window; the ends of the interval are left out by a model of points alone."""
    horizon = found.point.shape[1]
    for number in range(len(found)):
        start = int(found.starts[number])
        origin, *moments = found.moments(start - 1, start + horizon)
        for step in range(horizon):
            actual, point = float(found.actual[number, step]), float(found.point[number, step])
            row: ItemRow = {
                "series": found.names[int(found.series[number])],
                "origin": origin,
                "step": step + 1,
                "time": moments[step],
                "actual": None if np.isnan(actual) else actual,
                "predicted": point,
                "error": None if np.isnan(actual) else point - actual,
            }
            if found.low is not None and found.high is not None:
                row[f"low_{found.level:g}"] = float(found.low[number, step])
                row[f"high_{found.level:g}"] = float(found.high[number, step])
            yield row


def backtest_report(run: str | Path, split: str, found: RollingForecasts, windows: int) -> BacktestReport:
    """Score each step of the horizon, and pick windows for a picture.

    They are the last windows of each series that do not overlap.

    Args:
        run: The run directory.
        split: Name of the split or the file.
        found: The forecasts.
        windows: Windows of a series that are picked, at most.
    """
    return BacktestReport(
        run=str(run),
        split=split,
        windows=len(found),
        level=found.level,
        steps=[_step_score(found, step) for step in range(found.point.shape[1])],
        series=[_picked(found, number, windows) for number in np.unique(found.series).tolist()],
    )


def _step_score(found: RollingForecasts, step: int) -> StepScore:
    error = found.point[:, step] - found.actual[:, step]
    there = ~np.isnan(error)
    known = error[there]
    coverage = None
    if found.low is not None and found.high is not None and there.any():
        actual = found.actual[there, step]
        coverage = float(((found.low[there, step] <= actual) & (actual <= found.high[there, step])).mean())
    if not len(known):
        return StepScore(step + 1, 0, None, None, None, None, coverage)
    scaled = np.abs(known / found.deviation[there, 0])
    return StepScore(
        step=step + 1,
        count=len(known),
        mae=float(scaled.mean()),
        mae_units=float(np.abs(known).mean()),
        rmse_units=float(np.sqrt(np.square(known).mean())),
        bias_units=float(known.mean()),
        coverage=coverage,
    )


def _picked(found: RollingForecasts, number: int, most: int) -> BacktestSeries:
    """Last windows of a series without overlap, and the values that came."""
    horizon = found.point.shape[1]
    own = np.flatnonzero(found.series == number)
    chosen: list[int] = []
    for place in own[::-1].tolist():
        if not chosen or found.starts[place] + horizon <= found.starts[chosen[-1]]:
            chosen.append(place)
        if len(chosen) == most:
            break
    chosen.reverse()
    first, end = int(found.starts[chosen[0]]), int(found.starts[chosen[-1]]) + horizon
    actual = np.full(end - first, np.nan)
    for place in own.tolist():
        begin = int(found.starts[place]) - first
        if begin + horizon > 0 and begin < len(actual):
            steps = np.arange(max(begin, 0), min(begin + horizon, len(actual)))
            actual[steps] = found.actual[place, steps - begin]
    return BacktestSeries(
        name=found.names[number],
        times=found.moments(first, end),
        actual=[None if np.isnan(value) else float(value) for value in actual],
        begins=[int(found.starts[place]) - first for place in chosen],
        forecasts=[
            SeriesForecast(
                name=found.names[number],
                times=found.moments(int(found.starts[place]), int(found.starts[place]) + horizon),
                values=found.point[place].tolist(),
                low=None if found.low is None else found.low[place].tolist(),
                high=None if found.high is None else found.high[place].tolist(),
                level=found.level,
            )
            for place in chosen
        ],
    )

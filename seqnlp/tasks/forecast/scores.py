"""Forecast errors: scaled, as in the literature, and in original units."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from seqnlp.codecs.series import SeriesScaler
from seqnlp.metrics import forecasts
from seqnlp.metrics.significance import ItemScore, ItemScores, digest, ratio
from seqnlp.nn.device import to_numpy
from seqnlp.nn.distributions import Distribution, Gaussian
from seqnlp.tasks.base import Scores
from seqnlp.tasks.forecast.dataset import Windows

Floats = NDArray[np.float32]

TABLE_SERIES = 50
"""Most series for a table of the scores of each."""


@dataclass(frozen=True)
class Truth:
    """Ground truth with its scale; arrays broadcast to (rows, horizon, channels)."""

    values: Floats
    """Scaled."""
    observed: NDArray[np.bool_]
    deviation: NDArray[np.float64]
    """Standard deviation of each series in train: an error of 1 in original units; shape (rows, 1, channels)."""
    mean: NDArray[np.float64]
    season: NDArray[np.float64]
    """Mean error of the seasonal-naive forecast in train, in original units; shape (rows, 1, channels)."""
    series: NDArray[np.int64]
    """Index of the series of each value's row and channel; shape (rows, 1, channels)."""
    names: list[str]
    """Names of those series."""

    @classmethod
    def of(cls, examples: Windows, scaler: SeriesScaler, names: list[str]) -> "Truth":
        """Gather the horizons of all windows."""
        rows = np.arange(len(examples))
        values, observed = examples.values(rows)
        look, channels, width = examples.shape.lookback, examples.channels, values.shape[2]
        series = examples.series_of(rows)[:, None, None] * width + np.arange(width)
        where = np.divmod(series, channels)
        return cls(
            values[:, look:],
            observed[:, look:],
            scaler.deviation[where],
            scaler.mean[where],
            scaler.season[where],
            series,
            names,
        )


def point_scores(truth: Truth, point: Floats, table: bool = False) -> Scores:
    """Score one number per value.

    Args:
        truth: Ground truth.
        point: The forecasts, scaled; shape (rows, horizon, channels).
        table: Add a table, `series`, with the scores of each series.

    Returns:
        `mse` and `mae` of scaled values; `mse_units`, `mae_units`, `mase` and `smape` (0 to 2) of original ones.
        Series without a seasonal error in train (constant, perfectly seasonal, short) count in no `mase`; if there
        are no others, it is left out.
    """
    actual, forecast = truth.values * truth.deviation + truth.mean, point * truth.deviation + truth.mean

    def measured(observed: NDArray[np.bool_]) -> Scores:
        mase = forecasts.mase(actual, forecast, truth.season, observed)
        return {
            "mse": forecasts.mse(truth.values, point, observed),
            "mae": forecasts.mae(truth.values, point, observed),
            "mse_units": forecasts.mse(actual, forecast, observed),
            "mae_units": forecasts.mae(actual, forecast, observed),
            **({} if np.isnan(mase) and not np.isnan(forecast).any() else {"mase": mase}),
            "smape": forecasts.smape(actual, forecast, observed),
        }

    scores = measured(truth.observed)
    if table and 1 < len(truth.names) <= TABLE_SERIES:
        own = {name: truth.observed & (truth.series == number) for number, name in enumerate(truth.names)}
        scores["series"] = {name: measured(mask) for name, mask in own.items() if mask.any()}
    return scores


def interval_scores(truth: Truth, output: Distribution, parameters: Tensor, interval: float) -> Scores:
    """Score probabilistic forecasts.

    Args:
        truth: Ground truth.
        output: The forecast distribution.
        parameters: Its parameters, scaled; shape (rows, horizon, channels, size).
        interval: The share of values that is to lie in the interval, for instance 0.8.

    Returns:
        `crps` (of a normal distribution exactly; else about, from the quantiles at 0.05, 0.1, ..., 0.95 that the
        output covers) and `pinball` (the mean over the interval's ends and the median) of scaled values;
        `coverage_80`, the share of values inside the interval, and `width_80`, its mean width, scaled.
    """
    quantile = quantiles_of(output, parameters)
    if isinstance(output, Gaussian):
        mean, deviation = map(to_numpy, parameters.unbind(-1))
        crps = forecasts.crps_gaussian(truth.values, mean, deviation, truth.observed)
    else:
        crps = forecasts.crps_quantiles(truth.values, quantile, _grid(output), truth.observed)
    ends = [(1 - interval) / 2, (1 + interval) / 2]
    if not all(map(output.covers, ends)):
        return {"crps": crps}
    levels = (ends[0], 0.5, ends[1])
    low, middle, high = map(quantile, levels)
    losses = [
        forecasts.pinball_loss(truth.values, each, level, truth.observed)
        for each, level in zip((low, middle, high), levels, strict=True)
    ]
    name = f"{100 * interval:g}"
    return {
        "crps": crps,
        "pinball": float(np.mean(losses)),
        f"coverage_{name}": forecasts.coverage(truth.values, low, high, truth.observed),
        f"width_{name}": forecasts.width(low, high, truth.observed),
    }


def quantiles_of(output: Distribution, parameters: Tensor) -> Callable[[float], Floats]:
    """Quantiles of a distribution by their level; shape (rows, horizon, channels)."""
    return lambda level: to_numpy(output.quantiles(parameters, [level])[..., 0])


def _grid(output: Distribution) -> list[float]:
    """Levels 0.05, 0.1, ..., 0.95 that an output covers."""
    return [level / 20 for level in range(1, 20) if output.covers(level / 20)]


def block_scores(
    truth: Truth, output: Distribution, parameters: Tensor, blocks: NDArray[np.int64], unit: str
) -> ItemScores:
    """Errors of scaled values by block of windows; of a distribution also the ranked probability score.

    Args:
        truth: Ground truth.
        output: The forecast distribution.
        parameters: Its parameters, scaled; shape (rows, horizon, channels, size).
        blocks: Block of each row; shape (rows,).
        unit: Plural noun of the blocks.
    """
    observed = np.broadcast_to(truth.observed, truth.values.shape)
    error = truth.values.astype(np.float64) - to_numpy(output.point(parameters))
    losses = {"mse": np.square(error), "mae": np.abs(error)}
    if isinstance(output, Gaussian):
        mean, deviation = map(to_numpy, parameters.unbind(-1))
        losses["crps"] = forecasts.crps_gaussian_losses(truth.values, mean, deviation)
    elif output.covers(0.5):
        losses["crps"] = forecasts.crps_quantile_losses(truth.values, quantiles_of(output, parameters), _grid(output))
    number = np.bincount(blocks, observed.sum((1, 2)))
    basis = digest(np.where(observed, truth.values, 0), observed)
    return ItemScores(
        unit,
        {
            name: ItemScore(np.stack([np.bincount(blocks, (loss * observed).sum((1, 2))), number], 1), ratio, basis)
            for name, loss in losses.items()
        },
    )

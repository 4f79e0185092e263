"""Errors of point and probabilistic forecasts; missing values count in none.

Arrays broadcast against each other. `observed` is true where a value counts, by default where it is not NaN; the
mean over no values at all is NaN.
"""

from collections.abc import Callable, Sequence
from math import erf, pi, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_] | None

OF_SPREAD, OF_SIZE = 1e-6, 1e-9
"""Shares of a series' spread and size: seasonal errors no larger are residues of rounding, in 32 bits too."""

_erf = np.frompyfunc(erf, 1, 1)  # numpy has no error function


def mse(truth: Floats, forecast: Floats, observed: Mask = None) -> float:
    """Mean squared error."""
    return _mean(np.square(_error(truth, forecast)), truth, observed)


def mae(truth: Floats, forecast: Floats, observed: Mask = None) -> float:
    """Mean absolute error."""
    return _mean(np.abs(_error(truth, forecast)), truth, observed)


def smape(truth: Floats, forecast: Floats, observed: Mask = None) -> float:
    """Symmetric mean absolute percentage error, from 0 to 2 (in M4 from 0 to 200).

    The mean of `2 |truth - forecast| / (|truth| + |forecast|)`; where both are 0 the error is 0.
    """
    error = np.abs(_error(truth, forecast))
    size = np.abs(np.asarray(truth, np.float64)) + np.abs(np.asarray(forecast, np.float64))
    return _mean(2 * error / np.where(size == 0, 1, size), truth, observed)


def seasonal_error(history: Floats, season: int, observed: Mask = None) -> NDArray[np.float64]:
    """Mean absolute error of the seasonal-naive forecast in train: the scale of MASE.

    Args:
        history: Training data, in the order of time; shape (steps, *series).
        season: Season length in steps; 1 for none.
        observed: True where a value is observed; of the same shape. A pair counts if both are.

    Returns:
        Shape (*series); NaN for a series without a single pair; 0 for one that repeats its season but for rounding.
    """
    history = np.asarray(history, np.float64)
    there = ~np.isnan(history) if observed is None else observed & ~np.isnan(history)
    pairs = there[season:] & there[:-season]
    apart = np.where(pairs, np.abs(history[season:] - history[:-season]), 0)
    count = pairs.sum(0)
    error = apart.sum(0) / np.maximum(count, 1)
    return np.where(count > 0, np.where(error > _residue(history, there), error, 0), np.nan)


def _residue(history: Floats, there: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Largest seasonal error that rounding can make; shape (*series)."""
    values = np.where(there, history, 0)
    mean = values.sum(0) / np.maximum(there.sum(0), 1)
    spread = np.abs(np.where(there, history - mean, 0)).max(0, initial=0)
    return np.asarray(np.maximum(OF_SPREAD * spread, OF_SIZE * np.abs(values).max(0, initial=0)))


def mase(truth: Floats, forecast: Floats, scale: Floats | float, observed: Mask = None) -> float:
    """Mean absolute scaled error (Hyndman and Koehler, 2006): that of the seasonal-naive forecast is 1.

    Args:
        truth: Ground truth.
        forecast: The forecast.
        scale: `seasonal_error` of the training data of each series. Series whose scale is 0 or NaN have no
            such error and are left out.
        observed: True where a value is observed.
    """
    scale = np.asarray(scale, np.float64)
    usable = scale > 0  # NaN is not
    there = _observed(truth, observed) & usable
    return _mean(np.abs(_error(truth, forecast)) / np.where(usable, scale, 1), truth, there)


def pinball_loss(truth: Floats, quantile: Floats, level: float, observed: Mask = None) -> float:
    """Pinball loss: `level` times the excess over a quantile, or `1 - level` times the shortfall, on average.

    Args:
        truth: Ground truth.
        quantile: The quantile of that level (Koenker and Bassett, 1978).
        level: From 0 to 1.
        observed: True where a value is observed.
    """
    return _mean(pinball_losses(truth, quantile, level), truth, observed)


def pinball_losses(truth: Floats, quantile: Floats, level: float) -> NDArray[np.float64]:
    """Pinball loss of each value, missing ones included."""
    over = _error(truth, quantile)
    return np.maximum(level * over, (level - 1) * over)


def crps_quantiles(
    truth: Floats, quantile: Callable[[float], Floats], levels: Sequence[float], observed: Mask = None
) -> float:
    """Approximate continuous ranked probability score of distributions known by quantiles.

    It is twice the integral of the pinball loss over all levels (Gneiting and Raftery, 2007), taken here as a mean
    over the levels at hand, each weighted by the distance between its neighbours; of evenly spaced levels, the plain
    mean. It ignores the tails beyond the outermost levels.

    Args:
        truth: Ground truth.
        quantile: Gives the quantile of a level; called for one level after the other: all at once take
            much memory.
        levels: Rising.
        observed: True where a value is observed.
    """
    losses = [pinball_loss(truth, quantile(level), level, observed) for level in levels]
    return 2 * float(np.average(losses, weights=_level_weights(levels)))


def crps_quantile_losses(
    truth: Floats, quantile: Callable[[float], Floats], levels: Sequence[float]
) -> NDArray[np.float64]:
    """Approximate score of each value, missing ones included; the arguments are those of `crps_quantiles`."""
    weights = _level_weights(levels)
    total = np.zeros(())
    for level, weight in zip(levels, weights / weights.sum(), strict=True):
        total = total + 2 * weight * pinball_losses(truth, quantile(level), level)
    return np.asarray(total)


def _level_weights(levels: Sequence[float]) -> NDArray[np.float64]:
    """Distance between the neighbours of each level."""
    return np.gradient(np.asarray(levels, np.float64)) if len(levels) > 1 else np.ones(1)


def crps_gaussian(truth: Floats, mean: Floats, deviation: Floats, observed: Mask = None) -> float:
    """Continuous ranked probability score of normal distributions (Gneiting et al., 2005, equation 5).

    Args:
        truth: Ground truth.
        mean: Of the distributions.
        deviation: Their standard deviations, over 0.
        observed: True where a value is observed.
    """
    return _mean(crps_gaussian_losses(truth, mean, deviation), truth, observed)


def crps_gaussian_losses(truth: Floats, mean: Floats, deviation: Floats) -> NDArray[np.float64]:
    """Score of each value, missing ones included; the arguments are those of `crps_gaussian`."""
    z = _error(truth, mean) / deviation
    under = (1 + np.asarray(_erf(z / sqrt(2)), np.float64)) / 2
    density = np.exp(-np.square(z) / 2) / sqrt(2 * pi)
    return np.asarray(deviation * (z * (2 * under - 1) + 2 * density - 1 / sqrt(pi)))


def coverage(truth: Floats, low: Floats, high: Floats, observed: Mask = None) -> float:
    """Share of values inside their intervals, ends included."""
    inside = (np.asarray(truth) >= low) & (np.asarray(truth) <= high)
    return _mean(inside.astype(np.float64), truth, observed)


def width(low: Floats, high: Floats, observed: Mask = None) -> float:
    """Mean width of intervals."""
    return _mean(_error(high, low), np.zeros(()), observed)


def _error(truth: Floats, forecast: Floats) -> NDArray[np.float64]:
    return np.asarray(truth, np.float64) - np.asarray(forecast, np.float64)


def _mean(errors: NDArray[np.float64], truth: Floats, observed: Mask) -> float:
    """Mean over the observed values. A forecast of NaN is no missing value: it makes the mean NaN."""
    chosen = errors[np.broadcast_to(_observed(truth, observed), errors.shape)]
    return float(chosen.mean()) if chosen.size else float("nan")


def _observed(truth: Floats, observed: Mask) -> NDArray[np.bool_]:
    return np.asarray(~np.isnan(np.asarray(truth)) if observed is None else observed)

import math
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.metrics.forecasts import (
    coverage,
    crps_gaussian,
    crps_quantiles,
    mae,
    mase,
    mse,
    pinball_loss,
    seasonal_error,
    smape,
    width,
)

NUMBER = st.floats(-1e3, 1e3).map(lambda number: round(number, 3))
STEPS = 40_001
PAIRS = st.lists(st.tuples(NUMBER | st.just(math.nan), NUMBER), min_size=1, max_size=12)


def average(numbers: list[float]) -> float:
    return sum(numbers) / len(numbers) if numbers else math.nan


def same(found: float, expected: float) -> bool:
    return found == pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True)


@given(PAIRS)
def test_point_errors_are_those_of_the_equations(pairs: list[tuple[float, float]]) -> None:
    truth, forecast = (np.array(column) for column in zip(*pairs, strict=True))
    there = [(y, said) for y, said in pairs if not math.isnan(y)]
    assert same(mse(truth, forecast), average([(y - said) ** 2 for y, said in there]))
    assert same(mae(truth, forecast), average([abs(y - said) for y, said in there]))
    relative = [2 * abs(y - said) / (abs(y) + abs(said)) if y or said else 0.0 for y, said in there]
    assert same(smape(truth, forecast), average(relative))
    assert math.isnan(smape(truth, forecast)) or 0 <= smape(truth, forecast) <= 2 + 1e-12
    for level in (0.1, 0.5, 0.9):
        losses = [level * (y - q) if y >= q else (1 - level) * (q - y) for y, q in there]
        assert same(pinball_loss(truth, forecast, level), average(losses))


def test_a_mask_hides_what_is_there() -> None:
    truth, forecast, mask = np.array([1.0, 2.0, 4.0]), np.array([1.0, 3.0, 9.0]), np.array([True, True, False])
    assert mse(truth, forecast, mask) == 0.5
    assert mae(truth, forecast, mask) == 0.5
    assert smape(truth, forecast, mask) == pytest.approx(0.2)
    assert math.isnan(mse(truth, forecast, np.zeros(3, bool)))


def test_a_forecast_that_is_no_number_is_not_forgiven() -> None:
    assert math.isnan(mae(np.array([1.0, 2.0]), np.array([1.0, math.nan])))
    assert math.isnan(width(np.array([1.0, 2.0]), np.array([2.0, math.nan])))


def test_smape_ends_at_2() -> None:
    assert smape(np.array([5.0]), np.array([0.0])) == 2
    assert smape(np.array([5.0]), np.array([-3.0])) == 2
    assert smape(np.array([0.0]), np.array([0.0])) == 0


@given(st.lists(NUMBER | st.just(math.nan), min_size=2, max_size=12), st.integers(1, 4))
def test_the_seasonal_error_counts_pairs_that_are_there(history: list[float], season: int) -> None:
    pairs = zip(history[season:], history, strict=False)
    apart = [abs(y - before) for y, before in pairs if not (math.isnan(y) or math.isnan(before))]
    assert same(float(seasonal_error(np.array(history), season)), average(apart))


def test_mase_by_hand() -> None:
    # in-sample with season 2: |3-1|, |6-2|, |7-3| = 2, 4, 4; out of sample: errors 1 and 2
    scale = seasonal_error(np.array([1.0, 2.0, 3.0, 6.0, 7.0]), 2)
    assert scale == pytest.approx(10 / 3)
    assert mase(np.array([8.0, 9.0]), np.array([7.0, 11.0]), scale) == pytest.approx(1.5 / (10 / 3))


def test_mase_of_several_series_leaves_out_those_without_a_scale() -> None:
    history = np.array([[1.0, 5.0], [3.0, 5.0], [2.0, 5.0]])
    scale = seasonal_error(history, 1)
    assert scale.tolist() == [1.5, 0.0]
    truth, forecast = np.array([[3.0, 5.0], [5.0, 6.0]]), np.array([[4.0, 5.0], [2.0, 9.0]])
    assert mase(truth, forecast, scale) == pytest.approx((1 + 3) / 2 / 1.5)
    assert math.isnan(mase(truth, forecast, math.nan))


def test_the_seasonal_naive_forecast_of_its_own_history_has_a_mase_of_1() -> None:
    history = np.random.default_rng(1).normal(size=(50, 3)).cumsum(0)
    assert mase(history[7:], history[:-7], seasonal_error(history, 7)) == pytest.approx(1)


def crps_by_integral(y: float, cumulative: Any, low: float, high: float) -> float:
    """The definition: the integral of the squared difference between the distribution and a step at `y`."""
    places = np.linspace(low, high, STEPS)
    apart = cumulative(places) - (places >= y)
    return float(np.trapezoid(apart**2, places))


@given(st.floats(-4, 4), st.floats(-2, 2), st.floats(0.2, 2))
def test_the_closed_form_of_a_normal_distribution_is_the_integral(y: float, mean: float, deviation: float) -> None:
    coarse = np.linspace(-15, 15, 1501)
    rising = np.array([NormalDist(mean, deviation).cdf(place) for place in coarse])
    expected = crps_by_integral(y, lambda places: np.interp(places, coarse, rising), -15, 15)
    found = crps_gaussian(np.array(y), np.array(mean), np.array(deviation))
    assert found == pytest.approx(expected, abs=1e-3)


def test_quantiles_come_near_the_closed_form() -> None:
    levels = ((np.arange(400) + 0.5) / 400).tolist()
    truth = np.array([NormalDist().inv_cdf(level) for level in levels])  # a sample as even as can be
    exact = crps_gaussian(truth, np.zeros(400), np.ones(400))
    assert exact == pytest.approx(1 / math.sqrt(math.pi), rel=0.005)
    found = crps_quantiles(truth, lambda level: np.full(400, NormalDist().inv_cdf(level)), levels)
    assert found == pytest.approx(exact, rel=0.005)


def test_the_median_alone_scores_its_absolute_error() -> None:
    truth, median = np.array([1.0, 4.0]), np.array([2.0, 2.0])
    assert crps_quantiles(truth, lambda _: median, [0.5]) == mae(truth, median)


def test_even_levels_count_the_same_and_uneven_ones_by_their_neighbours() -> None:
    truth, quantiles = np.array([1.0, math.nan]), np.array([[0.0, 0.5, 3.0]] * 2)
    losses = [pinball_loss(truth, quantiles[:, n], level) for n, level in enumerate((0.1, 0.5, 0.9))]
    found = crps_quantiles(truth, lambda level: quantiles[:, (0.1, 0.5, 0.9).index(level)], [0.1, 0.5, 0.9])
    assert found == pytest.approx(2 * average(losses))
    losses = [pinball_loss(truth, quantiles[:, n], level) for n, level in enumerate((0.1, 0.2, 0.8))]
    weights = np.array([0.1, 0.35, 0.6])  # at the ends the distance to the neighbour, else half that between both
    found = crps_quantiles(truth, lambda level: quantiles[:, (0.1, 0.2, 0.8).index(level)], [0.1, 0.2, 0.8])
    assert found == pytest.approx(2 * float(np.dot(weights, losses) / weights.sum()))


def test_coverage_and_width() -> None:
    truth = np.array([1.0, 2.0, 3.0, math.nan])
    low, high = np.array([1.0, 2.5, 0.0, 0.0]), np.array([2.0, 3.0, 2.0, 4.0])
    assert coverage(truth, low, high) == pytest.approx(1 / 3)
    assert width(low, high) == pytest.approx((1 + 0.5 + 2 + 4) / 4)
    assert width(low, high, ~np.isnan(truth)) == pytest.approx(3.5 / 3)

"""The scores of a forecast that says how sure it is."""

import numpy as np
import pytest
import torch

from seqnlp.metrics import forecasts
from seqnlp.nn.distributions import Gaussian, QuantileGrid
from seqnlp.tasks.forecast.scores import Truth, interval_scores, point_scores


def truth_of(values: np.ndarray, observed: np.ndarray) -> Truth:
    """Two series, the second with a deviation of 10 around 100."""
    deviation, mean = np.array([1.0, 10.0]), np.array([0.0, 100.0])
    rows = len(values)
    deviations, means, errors = (np.tile(each, (rows, 1, 1)) for each in (deviation, mean, np.array([0.5, 5.0])))
    series = np.tile(np.arange(2), (rows, 1, 1))
    return Truth(values, observed, deviations, means, errors, series, ["a", "b"])


def drawn() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    return random.normal(size=(40, 3, 2)).astype(np.float32), random.random((40, 3, 2)) < 0.7


def test_a_normal_distribution_has_the_exact_score_and_quantiles_come_near_it() -> None:
    values, observed = drawn()
    parameters = torch.tensor([0.0, 1.0]).expand(40, 3, 2, 2)
    gaussian = interval_scores(truth_of(values, observed), Gaussian(), parameters, 0.8)
    exact = forecasts.crps_gaussian(values, np.zeros(()), np.ones(()), observed)
    assert gaussian["crps"] == pytest.approx(exact)
    assert gaussian["width_80"] == pytest.approx(2 * 1.28155, rel=1e-4)
    inside = np.abs(values[observed]) <= 1.28155
    assert gaussian["coverage_80"] == pytest.approx(inside.mean())
    levels = [0.1, 0.5, 0.9]
    quantiles = Gaussian().quantiles(parameters, levels)
    grid = interval_scores(truth_of(values, observed), QuantileGrid(levels), quantiles, 0.8)
    assert {name: grid[name] for name in ("coverage_80", "width_80", "pinball")} == pytest.approx(
        {name: gaussian[name] for name in ("coverage_80", "width_80", "pinball")}
    )
    assert grid["crps"] == pytest.approx(exact, rel=0.3)  # without the tails


def test_missing_values_count_in_no_score() -> None:
    values, observed = drawn()
    point = np.zeros_like(values)
    other = np.where(observed, values, 1e6).astype(np.float32)
    scores = point_scores(truth_of(values, observed), point, table=True)
    assert scores == point_scores(truth_of(other, observed), point, table=True)
    assert scores["mae_units"] == pytest.approx(np.abs(values * [1, 10])[observed].mean(), rel=1e-5)
    assert scores["series"]["b"]["mase"] == pytest.approx(np.abs(values[..., 1])[observed[..., 1]].mean() * 2, rel=1e-5)

"""The scaler of series, and the calendar."""

import json
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.codecs.series import SeriesScaler, calendar_features
from seqnlp.errors import DataError


def table(rows: int, seed: int, columns: int = 2) -> np.ndarray:
    return np.random.default_rng(seed).normal(5, 3, (rows, columns))


@given(st.integers(4, 60), st.integers(0, 5), st.floats(1e-3, 1e6))
def test_decoding_gives_back_what_was_encoded(rows: int, seed: int, size: float) -> None:
    values = [table(rows, seed) * size, table(rows + 3, seed + 1) * size]
    scaler = SeriesScaler.fit(["a", "b"], ["x", "y"], values, np.ones((2, 2)))
    scaler = SeriesScaler.from_json(json.loads(json.dumps(scaler.to_json())))
    for number, numbers in enumerate(values):
        series = np.full(len(numbers), number)
        scaled = scaler.encode(series, numbers)
        np.testing.assert_allclose(scaled.mean(0), 0, atol=1e-4)
        np.testing.assert_allclose(scaled.std(0), 1, atol=1e-4)
        np.testing.assert_allclose(scaler.decode(series, scaled), numbers, rtol=1e-4, atol=size * 1e-4)


def test_missing_values_count_in_no_statistic() -> None:
    values = table(20, 0, 1)
    holes = values.copy()
    holes[[3, 11]] = np.nan
    scaler = SeriesScaler.fit(["a"], ["x"], [holes], np.full((1, 1), np.nan))
    kept = np.delete(values, [3, 11])
    assert scaler.mean[0, 0] == pytest.approx(kept.mean())
    assert scaler.deviation[0, 0] == pytest.approx(kept.std())
    assert np.isnan(SeriesScaler.from_json(json.loads(json.dumps(scaler.to_json()))).season[0, 0])


@pytest.mark.parametrize("value", [7.25, 0.0, 0.1, 1e12])
def test_a_constant_is_scaled_with_deviation_1(value: float) -> None:
    values = np.full((9, 1), value)
    scaler = SeriesScaler.fit(["a"], ["x"], [values], np.ones((1, 1)))
    assert scaler.deviation.tolist() == [[1.0]]
    scaled = scaler.encode(np.zeros(9, np.int64), values + 2)
    assert scaled == pytest.approx(2, abs=1e-3)
    assert scaler.decode(np.zeros(9, np.int64), scaled) == pytest.approx(value + 2)


def test_scaler_refuses_empty_series() -> None:
    values, problem = np.full((9, 1), np.nan), "no numbers in it"
    with pytest.raises(DataError, match=problem):
        SeriesScaler.fit(["a"], ["x"], [values], np.ones((1, 1)))


def test_the_calendar_is_that_of_the_standard_library() -> None:
    moments = [datetime(2016, 2, 27, 5, 30) + timedelta(hours=7 * n) for n in range(60)]
    times = np.array(moments, "datetime64[s]")
    names = ["minute", "hour", "weekday", "day", "month", "yearday"]
    features = calendar_features(times, names)  # type: ignore[arg-type]
    assert features.shape == (60, 12)
    for row, moment in zip(features, moments, strict=True):
        day = (moment.hour * 3600 + moment.minute * 60) / 86400
        places = [
            moment.minute / 60,
            day,
            (moment.weekday() + day) / 7,
            (moment.day - 1 + day) / 31,
            (moment.month - 1 + (moment.day - 1) / 31) / 12,
            (moment.timetuple().tm_yday - 1 + day) / 366,
        ]
        expected = [circle(2 * np.pi * place) for place in places for circle in (np.sin, np.cos)]
        np.testing.assert_allclose(row, expected, atol=1e-5)

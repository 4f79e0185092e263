import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.metrics.calibration import COLDEST, HOTTEST, calibration_error, fit_temperature, reliability

SURE = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40)


@given(SURE)
def test_reliability_and_its_error_by_the_definition(items: list[tuple[float, bool]]) -> None:
    confidence, right = np.array([sure for sure, _ in items]), np.array([good for _, good in items])
    table = reliability(confidence, right)
    expected = 0.0
    for row in table:
        inside = [(c, r) for c, r in items if min(int(c * 10), 9) == round(row["low"] * 10)]
        assert row["count"] == len(inside)
        assert row["confidence"] == pytest.approx(sum(c for c, _ in inside) / len(inside))
        assert row["accuracy"] == pytest.approx(sum(r for _, r in inside) / len(inside))
        expected += len(inside) / len(items) * abs(row["confidence"] - row["accuracy"])
    assert sum(row["count"] for row in table) == len(items)
    assert calibration_error(table) == pytest.approx(expected)


def test_calibration_error_of_nothing_is_zero() -> None:
    assert reliability(np.array([]), np.array([], bool)) == []
    assert calibration_error([]) == 0.0


def loss(logits: np.ndarray, gold: np.ndarray, temperature: float) -> float:
    scaled = logits / temperature
    scaled -= scaled.max(1, keepdims=True)
    return float(-(scaled[np.arange(len(gold)), gold] - np.log(np.exp(scaled).sum(1))).mean())


@given(st.integers(0, 10_000), st.floats(0.2, 8))
def test_no_other_temperature_gives_less_loss(seed: int, sureness: float) -> None:
    random = np.random.default_rng(seed)
    logits = random.normal(size=(30, 4)) * sureness
    gold = random.integers(0, 4, 30)
    found = fit_temperature(logits, gold)
    least = loss(logits, gold, found)
    assert COLDEST <= found <= HOTTEST
    for other in np.geomspace(COLDEST, HOTTEST, 40):
        assert least <= loss(logits, gold, other) + 1e-9


def test_temperature_undoes_a_factor() -> None:
    random = np.random.default_rng(1)
    logits = random.normal(size=(4000, 3))
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    gold = np.array([random.choice(3, p=row) for row in p])
    assert fit_temperature(logits * 5, gold) == pytest.approx(5, rel=0.1)


def test_yes_or_no_is_a_choice_between_two() -> None:
    random = np.random.default_rng(3)
    logits, gold = random.normal(size=50), random.integers(0, 2, 50)
    assert fit_temperature(logits, gold) == pytest.approx(fit_temperature(np.stack([0 * logits, logits], 1), gold))


def test_unknown_answers_are_left_out() -> None:
    logits, gold = np.array([[2.0, 0.0], [0.0, 1.0], [9.0, 0.0], [0.5, 0.0]]), np.array([0, 1, -1, 1])
    kept = gold >= 0
    assert fit_temperature(logits, gold) == fit_temperature(logits[kept], gold[kept])
    assert fit_temperature(logits, np.full(4, -1)) == 1.0

"""Filters against their definitions, written out token by token."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.errors import UsageError
from seqnlp.nn.sampling import (
    Floats,
    Sampler,
    Sampling,
    log_probabilities,
    min_p,
    probabilities,
    repetition_penalty,
    top_k,
    top_p,
)

Rows = st.lists(st.lists(st.floats(-20, 20), min_size=6, max_size=6), min_size=1, max_size=3).map(np.array)


def softmax(row: list[float]) -> list[float]:
    powers = [math.exp(value - max(row)) for value in row]
    return [power / sum(powers) for power in powers]


def kept_by_top_k(row: list[float], k: int) -> set[int]:
    least = sorted(row, reverse=True)[k - 1]
    return {token for token, value in enumerate(row) if value >= least}


def kept_by_top_p(row: list[float], p: float) -> set[int]:
    shares, kept, total = softmax(row), set(), 0.0
    for token in sorted(range(len(row)), key=lambda token: -row[token]):
        if total >= p:
            break
        kept.add(token)
        total += shares[token]
    return kept


def kept_by_min_p(row: list[float], p: float) -> set[int]:
    shares = softmax(row)
    return {token for token, share in enumerate(shares) if share >= p * max(shares)}


@pytest.mark.parametrize(
    ("fast", "naive", "setting"),
    [
        *((top_k, kept_by_top_k, k) for k in (1, 2, 5)),
        *((top_p, kept_by_top_p, p) for p in (0.0123, 0.5, 0.9)),
        *((min_p, kept_by_min_p, p) for p in (0.0123, 0.31)),
    ],
)
@given(logits=Rows)
def test_filters(
    fast: Callable[[Floats, float], Floats],
    naive: Callable[[list[float], float], set[int]],
    setting: float,
    logits: Floats,
) -> None:
    filtered = fast(logits, setting)
    for row, found in zip(logits.tolist(), filtered, strict=True):
        assert set(np.flatnonzero(np.isfinite(found)).tolist()) == naive(row, setting)
        assert np.array_equal(found[np.isfinite(found)], np.array(row)[np.isfinite(found)])


def test_a_filter_that_keeps_all_changes_nothing() -> None:
    logits = np.array([[1.0, 2.0, 3.0]])
    assert top_k(logits, 9) is logits
    assert np.array_equal(top_p(logits, 1.0), logits)


@given(logits=Rows, penalty=st.floats(0.5, 3))
def test_repetition_penalty(logits: Floats, penalty: float) -> None:
    seen = np.zeros(logits.shape, bool)
    seen[:, ::2] = True
    found = repetition_penalty(logits, seen, penalty)
    for row, new in zip(logits.tolist(), found.tolist(), strict=True):
        for token, value in enumerate(row):
            expected = (value / penalty if value > 0 else value * penalty) if token % 2 == 0 else value
            assert new[token] == pytest.approx(expected)


@given(logits=Rows)
def test_probabilities(logits: Floats) -> None:
    for row, shares, logs in zip(logits.tolist(), probabilities(logits), log_probabilities(logits), strict=True):
        assert shares.tolist() == pytest.approx(softmax(row))
        assert np.exp(logs).tolist() == pytest.approx(softmax(row))


def draw(logits: list[float], times: int, **settings: float | int) -> list[float]:
    sampler = Sampler(Sampling(**settings), 1, times, len(logits))  # type: ignore[arg-type]
    chosen = sampler.choose(np.tile(np.array(logits, np.float32), (times, 1)))
    shares: list[float] = (np.bincount(chosen, minlength=len(logits)) / times).tolist()
    return shares


def test_draws_follow_the_distribution() -> None:
    logits = [0.0, 1.0, 2.0, -1.0]
    assert draw(logits, 40_000) == pytest.approx(softmax(logits), abs=0.01)
    halved = [value / 0.5 for value in logits]
    assert draw(logits, 40_000, temperature=0.5) == pytest.approx(softmax(halved), abs=0.01)


def test_what_is_filtered_is_never_drawn() -> None:
    shares = draw([0.0, 1.0, 2.0, -1.0], 10_000, top_k=2)
    assert shares[0] == shares[3] == 0
    assert draw([0.0, 1.0, 2.0, -np.inf], 10_000, min_p=1e-9)[3] == 0


def test_temperature_0_and_almost_0_take_the_likeliest() -> None:
    assert draw([0.0, 1.0, 2.0, -1.0], 10, temperature=0.0) == [0, 0, 1, 0]
    assert draw([0.0, 1.0, 2.0, -1.0], 10, temperature=1e-40) == [0, 0, 1, 0]


def test_the_same_seed_makes_the_same_choices() -> None:
    logits = np.zeros((2, 50), np.float32)
    first, second, other = (Sampler(Sampling(), seed, 2, 50) for seed in (1, 1, 2))
    ours = [first.choose(logits).tolist() for _ in range(200)]
    assert ours == [second.choose(logits).tolist() for _ in range(200)]
    assert ours != [other.choose(logits).tolist() for _ in range(200)]
    assert len({tuple(pair) for pair in ours}) > 50


def test_a_text_draws_from_a_stream_of_its_own() -> None:
    """Its choices depend on seed and index alone, through several blocks of random numbers."""
    tokens, steps = 700, 60
    runs = {}
    for texts in (1, 2, 5):
        sampler = Sampler(Sampling(), 7, texts, tokens)
        logits = np.zeros((texts, tokens), np.float32)
        runs[texts] = np.array([sampler.choose(logits) for _ in range(steps)])
    assert (runs[1] == runs[2][:, :1]).all()
    assert (runs[2] == runs[5][:, :2]).all()
    assert len({tuple(column) for column in runs[5].T.tolist()}) == 5
    other = Sampler(Sampling(), 8, 1, tokens)  # no stream is that of the next seed
    alone = np.array([other.choose(np.zeros((1, tokens), np.float32)) for _ in range(steps)])
    assert not (alone == runs[5]).all(0).any()


def test_what_was_chosen_is_punished_next_time() -> None:
    sampler = Sampler(Sampling(repetition_penalty=10.0, temperature=0.0), 1, 1, 3)
    sampler.saw(np.array([2]))
    logits = np.array([[2.0, 1.0, 3.0]])
    assert [sampler.choose(logits).tolist() for _ in range(2)] == [[0], [1]]


@pytest.mark.parametrize(
    "settings",
    [
        {"temperature": -1.0},
        {"temperature": float("nan")},
        {"top_k": 0},
        {"top_p": 0.0},
        {"top_p": 1.5},
        {"min_p": -0.1},
        {"repetition_penalty": 0.0},
        {"temperature": 0.0, "top_p": 0.9},
    ],
)
def test_settings_out_of_range(settings: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        Sampling(**settings)  # type: ignore[arg-type]

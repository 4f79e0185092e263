from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.nn.viterbi import best_paths

LENGTHS = st.lists(st.integers(1, 4), min_size=1, max_size=3)


@given(LENGTHS, st.integers(1, 3), st.sampled_from([0.0, 0.3, 0.9]), st.integers(1, 6), st.integers(0, 1000))
def test_the_best_paths_are_the_first_of_all_paths(
    lattice: Any, lengths: list[int], labels: int, forbidden: float, best: int, seed: int
) -> None:
    known = lattice.random(lengths, labels, forbidden, 3.0, seed)
    found = best_paths(known.emissions, known.transitions, known.mask, best)
    for row, length in enumerate(lengths):
        expected = known.paths(row)[:best]
        for rank, (score, path) in enumerate(expected):
            assert found.scores[row, rank].item() == pytest.approx(score, abs=1e-9)
            assert tuple(found.labels[row, rank, :length].tolist()) == path
            assert not found.labels[row, rank, length:].any()
        assert torch.all(found.scores[row, len(expected) :] == -torch.inf)


def test_more_paths_than_there_are_labels(lattice: Any) -> None:
    known = lattice.random([3, 1], 2, 0.0, 1.0, seed=3)
    found = best_paths(known.emissions, known.transitions, known.mask, 10)
    assert [int(scores.isfinite().sum()) for scores in found.scores] == [8, 2]
    expected = [path for _, path in known.paths(0)]
    assert [tuple(path) for path in found.labels[0, :8].tolist()] == expected


def test_under_bf16_scores_are_added_up_in_full(lattice: Any) -> None:
    known = lattice.random([9], 4, 0.3, 1.0, seed=3)
    found = best_paths(known.emissions.bfloat16(), known.transitions, known.mask)
    assert found.scores.dtype == torch.float32

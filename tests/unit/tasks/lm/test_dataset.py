from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.tasks.lm.dataset import StreamDataset


def streams(tokens: int, streams: int, window: int, random: bool = False) -> StreamDataset:
    return StreamDataset(np.arange(tokens, dtype=np.uint16), tokens, streams, window, random)


@given(st.integers(2, 400), st.integers(1, 9), st.integers(1, 40), st.booleans(), st.integers(0, 3))
def test_an_epoch_reads_every_lane_once_and_in_order(
    tokens: int, number: int, window: int, random: bool, epoch: int
) -> None:
    examples = streams(tokens, number, window, random)
    plan = examples.plan(7, epoch)
    read: list[list[int]] = [[] for _ in range(examples.streams)]
    for rows in plan:
        batch = examples.batch(rows)
        assert np.array_equal(batch.targets["next"], batch.inputs.index + 1)
        assert batch.items == examples.items_in(rows) == batch.inputs.mask.sum()
        for stream, values in zip(read, batch.inputs.index.tolist(), strict=True):
            stream += values
    length = (tokens - 1) // examples.streams
    assert read == [list(range(stream * length, (stream + 1) * length)) for stream in range(examples.streams)]
    assert [rows.tolist() for rows in plan] == [rows.tolist() for rows in examples.plan(7, epoch)]


def test_windows_are_made_when_they_are_asked_for() -> None:
    plan = streams(1000, 4, 10).plan(1, 0)
    assert len(plan) == 25
    assert [rows.tolist() for rows in plan[3:5]] == [plan[3].tolist(), plan[4].tolist()]
    assert len(plan[24:30]) == 1
    assert len(plan[30:40]) == 0
    with pytest.raises(IndexError):
        plan[25]


def test_random_windows_differ_from_epoch_to_epoch() -> None:
    examples = streams(3000, 2, 40, random=True)
    first, second = (examples.plan(1, epoch).cuts.tolist() for epoch in (0, 1))
    assert first != second
    assert np.mean(np.diff(first)) == pytest.approx(40, abs=8)


@pytest.mark.parametrize("replicas", [1, 3])
def test_states_are_reset_by_seed_epoch_and_place_alone(replicas: int) -> None:
    examples = StreamDataset(np.arange(20_001, dtype=np.uint16), 20_001, 10, 20, False, state_reset=0.2)
    plan = examples.plan(3, 0)
    assert [rows.tolist() for rows in plan[7:9]] == [plan[7].tolist(), plan[8].tolist()]
    resets = np.stack([rows[:, 2] for rows in plan])
    assert resets.mean() == pytest.approx(0.2, abs=0.05)
    assert not np.array_equal(resets, np.stack([rows[:, 2] for rows in examples.plan(3, 1)]))
    rows = next(rows for rows in plan if rows[:, 2].any())
    for share in examples.shares(rows, replicas):
        first, second = torch.randn(len(share), 4), torch.randn(len(share), 2, 3)
        begun = examples.carried(share, [first, second])
        for before, after in zip((first, second), begun, strict=True):
            for reset, old, new in zip(share[:, 2], before, after, strict=True):
                assert torch.equal(new, torch.zeros_like(old) if reset else old)


def test_replicas_share_the_streams_and_keep_their_own() -> None:
    examples = streams(100, 4, 10)
    plan = examples.plan(1, 0)
    for before, after in pairwise(plan):
        for replica in range(3):
            ours, next_ours = (examples.shares(rows, 3)[replica] for rows in (before, after))
            assert (ours[:, 0] + ours[:, 1]).tolist() == next_ours[:, 0].tolist()


def test_a_text_is_cut_from_the_streams_that_fit(examples: Callable[..., StreamDataset]) -> None:
    made = examples()
    assert made.streams == 4
    assert streams(10, 4, 16).streams == 1
    assert streams(10, 4, 16).window == 9


def test_in_order_reads_the_text_as_one_lane() -> None:
    examples = streams(25, 4, 10)
    assert np.concatenate([examples.batch(rows).inputs.index[0] for rows in examples.in_order()]).tolist() == list(
        range(24)
    )

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from seqnlp.training.dataset import in_order, plan

LENGTHS = st.lists(st.integers(0, 60), max_size=80).map(lambda lengths: np.array(lengths, np.int64))
BUDGETS = st.integers(1, 300)
SEEDS = st.integers(0, 2**63 - 1)


def padded_steps(lengths: NDArray[np.int64], batch: NDArray[np.int64]) -> int:
    return int(lengths[batch].max()) * len(batch)


@given(LENGTHS, BUDGETS, SEEDS, st.integers(0, 1000))
def test_every_row_that_has_steps_once_and_never_too_many(
    lengths: NDArray[np.int64], budget: int, seed: int, epoch: int
) -> None:
    batches = plan(lengths, budget, seed, epoch)
    assert sorted(row for batch in batches for row in batch) == lengths.nonzero()[0].tolist()
    for batch in batches:
        assert len(batch) > 0
        assert padded_steps(lengths, batch) <= budget or len(batch) == 1


@given(LENGTHS, BUDGETS, SEEDS, st.integers(0, 1000))
def test_plan_is_a_function_of_its_arguments(lengths: NDArray[np.int64], budget: int, seed: int, epoch: int) -> None:
    first = plan(lengths, budget, seed, epoch)
    np.random.seed(0)
    plan(lengths, budget, seed + 1, epoch)
    again = plan(lengths.copy(), budget, seed, epoch)
    assert [batch.tolist() for batch in first] == [batch.tolist() for batch in again]


def test_epochs_and_seeds_differ() -> None:
    lengths = np.random.default_rng(1).integers(1, 40, 500)
    plans = [plan(lengths, 200, seed, epoch) for seed in range(3) for epoch in range(4)]
    assert len({tuple(tuple(batch) for batch in batches) for batches in plans}) == 12
    members = [frozenset(frozenset(batch.tolist()) for batch in batches) for batches in plans]
    assert all(len(one & other) < len(one) / 4 for one in members for other in members if one is not other)


def test_batches_come_in_no_order_of_length() -> None:
    lengths = np.random.default_rng(1).integers(1, 40, 500)
    longest = [lengths[batch].max() for batch in plan(lengths, 200, 1, 0)]
    falls = sum(after < before for before, after in itertools.pairwise(longest))
    assert 0.3 < falls / len(longest) < 0.7


def test_little_is_padding() -> None:
    lengths = np.random.default_rng(1).geometric(1 / 15, 3000).clip(max=100)
    batches = plan(lengths, 1000, 1, 0)
    assert lengths.sum() / sum(padded_steps(lengths, batch) for batch in batches) > 0.85
    assert np.mean([padded_steps(lengths, batch) for batch in batches]) > 800


@given(LENGTHS, BUDGETS)
def test_for_evaluation_the_longest_come_first(lengths: NDArray[np.int64], budget: int) -> None:
    batches = in_order(lengths, budget)
    rows = [row for batch in batches for row in batch]
    assert rows == sorted(lengths.nonzero()[0], key=lambda row: (-lengths[row], row))
    for batch in batches:
        assert padded_steps(lengths, batch) <= budget or len(batch) == 1

"""Significance tests against brute force, and their calibration under the null hypothesis."""

from collections.abc import Sequence
from itertools import combinations, product

import numpy as np
import pytest

from seqnlp.metrics.significance import Counts, Formula, ItemScore, compare_systems, f1, permutation_p, ratio


def system(random: np.random.Generator, items: int, formula: Formula = ratio) -> ItemScore:
    counts = random.integers(0, 4, (items, 2 if formula is ratio else 3)).astype(float)
    if formula is ratio:
        counts[:, 1] += counts[:, 0]
    else:
        counts[:, 1:] += counts[:, :1]
    return ItemScore(counts, formula)


def brute_force(first: Sequence[ItemScore], second: Sequence[ItemScore]) -> float:
    """P-value over all swaps, item by item, pair of runs by pair of runs."""
    formula = first[0].formula

    def difference(swap: Sequence[int]) -> float:
        chosen = np.array(swap, bool)[:, None]
        found = [
            formula(np.where(chosen, one.counts, two.counts).sum(0))
            - formula(np.where(chosen, two.counts, one.counts).sum(0))
            for one in first
            for two in second
        ]
        return float(np.mean(found))

    items = len(first[0].counts)
    observed = abs(difference([0] * items))
    return float(np.mean([abs(difference(swap)) >= observed - 1e-12 for swap in product([0, 1], repeat=items)]))


@pytest.mark.parametrize("formula", [ratio, f1])
@pytest.mark.parametrize(("ours", "theirs"), [(1, 1), (2, 2), (1, 3)])
def test_few_items_are_enumerated_as_by_brute_force(formula: Formula, ours: int, theirs: int) -> None:
    for seed in range(4):
        random = np.random.default_rng(seed)
        first = [system(random, 7, formula) for _ in range(ours)]
        second = [system(random, 7, formula) for _ in range(theirs)]
        found = compare_systems(first, second, 200, 1)
        assert found.exact
        assert found.p == pytest.approx(brute_force(first, second), abs=1e-12)
        assert found.first == pytest.approx(np.mean([run.value for run in first]))
        assert found.second == pytest.approx(np.mean([run.value for run in second]))


def test_sampled_swaps_come_near_all_swaps() -> None:
    random = np.random.default_rng(3)
    first, second = system(random, 12, f1), system(random, 12, f1)
    exact = compare_systems([first], [second], 5000, 1)
    sampled = compare_systems([first], [second], 4000, 1)
    assert (exact.exact, sampled.exact) == (True, False)
    assert exact.differing <= 12
    assert sampled.p == pytest.approx(exact.p, abs=4 * np.sqrt(exact.p * (1 - exact.p) / 4000) + 1e-3)


def test_items_without_a_difference_change_no_p_value() -> None:
    random = np.random.default_rng(5)
    first, second, same = (system(random, 8).counts for _ in range(3))
    alone = compare_systems([ItemScore(first, ratio)], [ItemScore(second, ratio)], 300, 1)
    counts = [np.concatenate([each, same]) for each in (first, second)]
    assert alone.exact
    together = compare_systems([ItemScore(counts[0], ratio)], [ItemScore(counts[1], ratio)], 300, 1)
    assert together.exact
    assert (together.items, together.differing) == (16, alone.differing)
    assert together.p == pytest.approx(brute_force_means(counts), abs=1e-12)


def brute_force_means(counts: list[Counts]) -> float:
    """The same over all swaps of all 16 items, vectorized."""
    one, two = counts
    masks = (np.arange(2 ** len(one))[:, None] >> np.arange(len(one))) & 1
    ours, theirs = (ratio(a.sum(0) + masks @ (b - a)) for a, b in ((one, two), (two, one)))
    observed = abs(float(ratio(two.sum(0)) - ratio(one.sum(0))))
    return float((np.abs(theirs - ours) >= observed - 1e-12).mean())


@pytest.mark.parametrize("items", [9, 200])
def test_exchanging_the_systems_changes_only_the_sign(items: int) -> None:
    random = np.random.default_rng(6)
    first, second = [system(random, items, f1)], [system(random, items, f1) for _ in range(3)]
    one, two = compare_systems(first, second, 600, 4), compare_systems(second, first, 600, 4)
    assert one.p == two.p
    assert one.difference == -two.difference
    assert (one.low, one.high) == pytest.approx((-two.high, -two.low), abs=1e-12)
    assert one == compare_systems(first, second, 600, 4)  # by the seed alone
    assert one.low != compare_systems(first, second, 600, 5).low


def test_equal_systems_do_not_differ() -> None:
    one = system(np.random.default_rng(7), 50)
    found = compare_systems([one], [one], 500, 1)
    assert (found.difference, found.low, found.high, found.p, found.differing) == (0, 0, 0, 1, 0)


def test_p_values_are_uniform_under_the_null_hypothesis_and_intervals_cover() -> None:
    """Systems of equal accuracy whose answers agree on most items, as those of two seeds do."""
    random = np.random.default_rng(8)
    p_values, covered = [], 0
    for _ in range(300):
        level = random.random((400, 1))  # harder and easier items
        right = (random.random((400, 2)) * 0.5 + 0.5 * random.random((400, 1)) < level).astype(float)
        first, second = (ItemScore(np.stack([right[:, n], np.ones(400)], 1), ratio) for n in (0, 1))
        found = compare_systems([first], [second], 300, 1)
        p_values.append(found.p - random.random() / 300)
        covered += found.low <= 0 <= found.high
    for size in (0.05, 0.1, 0.3):
        share = np.mean(np.array(p_values) <= size)
        assert share <= size + 3 * np.sqrt(size * (1 - size) / 300)  # ties make the test a little conservative
        assert share >= size / 2
    assert 0.91 <= covered / 300 <= 0.985


def test_a_true_difference_is_found() -> None:
    random = np.random.default_rng(9)
    first, second = ((random.random(1000) < share).astype(float) for share in (0.8, 0.9))
    scores = [ItemScore(np.stack([each, np.ones(1000)], 1), ratio) for each in (first, second)]
    found = compare_systems(scores[:1], scores[1:], 2000, 1)
    assert found.p == 1 / 2001
    assert 0 < found.low < found.difference < found.high
    deviation = float(np.std(second - first) / np.sqrt(1000))
    assert found.high - found.low == pytest.approx(2 * 1.96 * deviation, rel=0.1)


def test_formulas_where_nothing_was_counted() -> None:
    assert np.isnan(ratio(np.zeros(2)))
    assert f1(np.zeros(3)) == 0


def test_permutations_of_runs_are_those_of_brute_force() -> None:
    first, second = [0.90, 0.91, 0.93, 0.90], [0.92, 0.94, 0.95]
    scores = first + second
    observed, larger = abs(np.mean(first) - np.mean(second)), 0
    for chosen in combinations(range(7), 4):
        ours = [scores[place] for place in chosen]
        theirs = [score for place, score in enumerate(scores) if place not in chosen]
        larger += abs(np.mean(ours) - np.mean(theirs)) >= observed - 1e-12
    assert 1 < larger < 35
    assert permutation_p(first, second, 1000, 1) == larger / 35
    assert permutation_p(second, first, 1000, 1) == larger / 35
    assert permutation_p(first, first, 1000, 1) == 1.0
    assert permutation_p(first, second, 34, 1) == pytest.approx(larger / 35, abs=0.2)

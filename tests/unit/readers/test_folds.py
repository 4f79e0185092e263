"""Folds: every row is the test of one of them, and what they share is shared evenly."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from seqnlp.errors import DataError
from seqnlp.notes import notes_to
from seqnlp.readers.base import Corpus, draw_corpus
from seqnlp.readers.drawn import Fold, Strata, block_bounds, draw_folds
from seqnlp.tasks.forecast.corpus import rolling_origin

counts = st.integers(2, 12)
seeds = st.integers(0, 2**63 - 1)


class Numbers(list[int]):
    """Table of rows that are numbers."""

    def select(self, rows: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> "Numbers":
        return Numbers([self[row] for row in rows.tolist()])


@given(counts, st.integers(2, 150), seeds)
def test_folds_of_rows_are_a_partition_into_equal_parts(count: int, total: int, seed: int) -> None:
    assume(total >= count)
    folds, _, notes = draw_folds(count, total, seed)
    sizes = np.bincount(folds, minlength=count)
    assert (len(folds), len(sizes), notes) == (total, count, [])
    assert sizes.max() - sizes.min() <= 1
    assert np.array_equal(folds, draw_folds(count, total, seed)[0])


@given(counts, st.lists(st.integers(0, 5), min_size=2, max_size=150), seeds)
def test_each_class_is_spread_evenly(count: int, labels: list[int], seed: int) -> None:
    assume(len(labels) >= count)
    distinct, codes = np.unique(labels, return_inverse=True)
    folds, manner, notes = draw_folds(
        count, len(labels), seed, Strata("label", codes, [str(each) for each in distinct])
    )
    assert manner == " in proportion to 'label'"
    for chosen in [np.ones(len(codes), bool), *(codes == code for code in range(len(distinct)))]:
        sizes = np.bincount(folds[chosen], minlength=count)
        assert sizes.max() - sizes.min() <= 1
    assert bool(notes) == (min(Counter(labels).values()) < count)


@given(counts, st.lists(st.integers(1, 9), min_size=1, max_size=60), seeds)
def test_documents_stay_whole_or_a_note_says_that_they_do_not(count: int, lengths: list[int], seed: int) -> None:
    documents = np.repeat(np.arange(len(lengths)), lengths)
    assume(len(documents) >= count)
    folds, _, notes = draw_folds(count, len(documents), seed, documents=documents)
    sizes = np.bincount(folds, minlength=count)
    assert sizes.min() >= len(documents) / count / 2 or sizes.max() - sizes.min() <= 1
    whole = all(len(set(folds[documents == document].tolist())) == 1 for document in range(len(lengths)))
    assert whole or notes or len(lengths) == 1


@given(counts, st.integers(2, 80), seeds, st.sampled_from([{}, {"dev": 1}, {"dev": 0.2}]))
def test_every_row_is_tested_once_and_never_learnt_from(
    count: int, total: int, seed: int, sizes: dict[str, int | float]
) -> None:
    assume(total >= count + 4 and total * (count - 1) / count * 0.2 >= 1)
    corpus = Corpus({"train": Numbers(range(total))}, {"train": "x"}, np.arange(total) // 3)
    parts = [draw_corpus(corpus, sizes, seed, fold=Fold(number, count)) for number in range(1, count + 1)]
    assert sorted(row for part in parts for row in part.splits["test"]) == list(range(total))
    for part in parts:
        assert sorted(row for split in part.splits.values() for row in split) == list(range(total))
        assert list(part.hashes) == list(part.splits)
    assert len({part.hashes["test"] for part in parts}) == count


@given(counts, st.integers(3, 300))
def test_rolling_origins_test_the_blocks_after_those_learnt_from(count: int, rows: int) -> None:
    assume(rows > count)
    blocks = [rolling_origin(Fold(number, count), rows) for number in range(1, count + 1)]
    assert all(0 < origin < end for origin, end in blocks)
    assert [origin for origin, _ in blocks[1:]] == [end for _, end in blocks[:-1]]
    assert blocks[-1][1] == rows
    lengths = np.diff(block_bounds(count + 1, rows))
    assert lengths.max() - lengths.min() <= 1
    assert rolling_origin(None, rows) == (rows, rows)


def test_the_same_folds_are_drawn_for_ever() -> None:
    """Runs say only seed and number: other rows in a later version would test on what was learnt."""
    assert draw_folds(3, 12, 1)[0].tolist() == EVER["rows"]
    assert draw_folds(3, 12, 1, Strata("label", np.arange(12) % 2, ["a", "b"]))[0].tolist() == EVER["classes"]
    assert draw_folds(3, 12, 1, documents=np.arange(12) // 2)[0].tolist() == EVER["documents"]


EVER = {
    "rows": [2, 1, 0, 0, 1, 2, 0, 1, 2, 1, 0, 2],
    "classes": [1, 2, 0, 1, 1, 0, 0, 0, 2, 1, 2, 2],
    "documents": [2, 2, 1, 1, 1, 1, 0, 0, 0, 0, 2, 2],
}


def test_too_few_rows_and_rare_classes_are_told() -> None:
    with pytest.raises(DataError, match=r"data.folds = 5 of 3 rows leaves a fold empty; 3 folds or fewer"):
        draw_folds(5, 3, 1)
    told: list[str] = []
    corpus = Corpus({"train": Numbers(range(9))}, {"train": "x"})
    strata = Strata("label", np.array([0] * 8 + [1]), ["good", "odd"])
    with notes_to(told.append):
        draw_corpus(corpus, {}, 1, strata, fold=Fold(2, 3))
    assert told == [
        "train: 'label' 'odd' has fewer rows than there are folds: some test none of them",
        "test: fold 2 of 3, 3 of 9 rows of train, drawn by seed 1 in proportion to 'label'",
    ]

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.arrays import Ragged
from seqnlp.codecs import Tokenizer
from seqnlp.codecs.sentences import BEGIN, END, Sentences
from seqnlp.errors import DataError
from seqnlp.tasks.translate.corpus import Pairs
from seqnlp.tasks.translate.dataset import TARGET, LengthFilter, TranslateDataset, joined

ANY = LengthFilter(1, 100, None)
MakePairs = Callable[..., Pairs]
LENGTHS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=20)


def encode(pairs: Pairs, lengths: LengthFilter = ANY, budget: int = 20) -> TranslateDataset:
    texts = [text for side in (pairs.sources(), pairs.targets()) for part in side for text in part]
    codec = Sentences.fit(texts, Tokenizer.parse("words"))
    return TranslateDataset.encode(pairs, codec, codec, lengths, budget)


@given(LENGTHS, st.integers(1, 4), st.integers(5, 12), st.none() | st.floats(1, 4))
def test_pairs_of_odd_lengths_are_counted(
    pairs: list[tuple[int, int]], shortest: int, longest: int, ratio: float | None
) -> None:
    source, target = np.array(pairs).T
    kept, reasons = LengthFilter(shortest, longest, ratio).kept(source, target)
    expected = [
        shortest <= min(pair) and max(pair) <= longest and (ratio is None or max(pair) <= ratio * min(pair))
        for pair in pairs
    ]
    assert kept.tolist() == expected
    assert sum(int(reason.split()[0]) for reason in reasons) == expected.count(False)


@given(LENGTHS, st.integers(4, 40), st.integers(0, 3))
def test_an_epoch_has_every_pair_once_within_the_budget(
    pairs: MakePairs, lengths: list[tuple[int, int]], budget: int, epoch: int
) -> None:
    sides = [" ".join("a" * source) for source, _ in lengths], [" ".join("b" * target) for _, target in lengths]
    examples = encode(pairs(*sides), budget=budget)
    batches = examples.plan(1, epoch)
    assert sorted(row for batch in batches for row in batch.tolist()) == list(range(len(lengths)))
    assert [batch.tolist() for batch in batches] == [batch.tolist() for batch in examples.plan(1, epoch)]
    for batch in batches:
        longest = max(max(lengths[row][0], lengths[row][1] + 1) for row in batch)
        assert len(batch) == 1 or longest * len(batch) <= budget
        assert sorted(np.concatenate(examples.shares(batch, 2)).tolist()) == sorted(batch.tolist())
    assert sum(map(examples.items_in, batches)) == examples.items == sum(target + 1 for _, target in lengths)


def test_a_batch_is_padded_and_marked(pairs: MakePairs) -> None:
    examples = encode(pairs(["a b", "c"], ["x", "y z w"]))
    batch = examples.batch(np.array([1, 0]))
    assert batch.inputs.mask.tolist() == [[True, False], [True, True]]
    assert batch.inputs.index[0, 1] == 0
    target = batch.targets[TARGET]
    assert target.shape == (2, 5)
    assert target[:, 0].tolist() == [BEGIN, BEGIN]
    assert target[0, 4] == END
    assert target[1].tolist()[2:] == [END, 0, 0]
    assert batch.items == 6


def test_only_training_leaves_pairs_out(pairs: MakePairs) -> None:
    sides: tuple[Any, Any] = (["a", "", "a b c", "a"], ["x", "y", "z", ""])
    scored = encode(pairs(*sides), LengthFilter(1, 2, None))
    assert (len(scored.rows), scored.left_out) == (4, "")
    assert sorted(row for batch in scored.in_order() for row in batch.tolist()) == [0, 2, 3], "1 has no source"
    trained = encode(pairs(*sides, training=True), LengthFilter(1, 2, None))
    assert trained.rows.tolist() == [0]
    assert trained.left_out == "3 of 4 pairs are left out: 2 with an empty side, 1 longer than 2 tokens"
    with pytest.raises(DataError, match="4 of 4 pairs are left out"):
        encode(pairs(*sides, training=True), LengthFilter(5, 9, None))


@given(st.lists(st.lists(st.integers(3, 9), max_size=4), min_size=1, max_size=6))
def test_rows_are_joined(rows: list[list[int]]) -> None:
    whole = joined([Ragged.from_rows(rows[:2]), Ragged.from_rows(rows[2:])])
    assert [row.tolist() for row in whole] == rows

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.codecs import Tokenizer
from seqnlp.codecs.sentences import BEGIN, END, Sentences
from seqnlp.errors import DataError
from seqnlp.notes import notes_to
from seqnlp.tasks import kept_arrays
from seqnlp.tasks.translate import corpus
from seqnlp.tasks.translate.corpus import Pairs
from seqnlp.tasks.translate.dataset import TARGET, LengthFilter, TranslateDataset

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
    assert sum(reasons.values()) == expected.count(False)


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


def test_a_large_split_is_mapped_and_the_same(
    pairs: MakePairs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(corpus, "CHUNK", 2)
    sides = [["a", "", "a b c", "a", "c c"], ["x", "y", "z", "", "x y"]]
    for training in (True, False):
        split = pairs(*sides, training=training)
        expected = encode(split, LengthFilter(1, 2, None))
        with monkeypatch.context() as patch:
            patch.setattr(kept_arrays, "LARGE", 1)
            notes: list[str] = []
            with notes_to(notes.append):
                found = [encode(split, LengthFilter(1, 2, None)) for _ in range(2)]
                other = encode(split, LengthFilter(1, 9, None))
            assert len(notes) == (2 if training else 1), "a split that is scored is not filtered"
        assert len(other.rows) == (3 if training else 5)
        for each in found:
            assert isinstance(each.source.values, np.memmap)
            assert each.source.values.dtype == expected.source.values.dtype
            for ours, theirs in ((each.source, expected.source), (each.target, expected.target)):
                assert [row.tolist() for row in ours] == [row.tolist() for row in theirs]
            assert (each.rows.tolist(), each.left_out) == (expected.rows.tolist(), expected.left_out)
            assert (each.too_long, each.usual_length) == (expected.too_long, expected.usual_length)

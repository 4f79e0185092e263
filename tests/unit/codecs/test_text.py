from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.codecs import Characters, Column, Vocabulary
from seqnlp.codecs.text import Text

ROWS = st.lists(st.lists(st.text("abcü", max_size=5), max_size=6), min_size=1, max_size=6)


@given(ROWS, st.data())
def test_a_batch_equals_its_sentences_encoded_word_by_word(rows: list[list[str]], data: st.DataObject) -> None:
    counts = Counter(word for row in rows for word in row)
    codecs = {"words": Vocabulary.fit(counts, min_count=2), "chars": Characters.fit(counts, longest=4)}
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1), min_size=1, max_size=6))
    batch = Text.encode(Column.from_rows(rows), codecs).batch(np.array(chosen))

    longest = max(len(rows[row]) for row in chosen)
    assert batch.index.shape == batch.mask.shape == (len(chosen), longest)
    assert batch.mask.sum(1).tolist() == [len(rows[row]) for row in chosen]
    assert len(batch.features["words"]) == len({word for row in chosen for word in rows[row]})
    for place, row in enumerate(chosen):
        words = rows[row]
        assert batch.mask[place].tolist() == [step < len(words) for step in range(longest)]
        index = batch.index[place, : len(words)]
        assert list(batch.features["words"][index]) == list(codecs["words"].encode(words))
        for spelling, expected in zip(batch.features["chars"][index], codecs["chars"].encode(words), strict=True):
            assert spelling[: len(expected)].tolist() == expected.tolist()
            assert not spelling[len(expected) :].any()


def test_steps_that_are_padding_point_at_some_word() -> None:
    text = Text.encode(Column.from_rows([["x"], ["y", "z"]]), {"words": Vocabulary.fit({"x": 1, "y": 1, "z": 1})})
    batch = text.batch(np.array([0, 1]))
    assert batch.index.tolist() == [[0, 0], [1, 2]]
    assert batch.index.max() < len(batch.features["words"])

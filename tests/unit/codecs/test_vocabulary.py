import json
from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.codecs import Vocabulary
from seqnlp.codecs.vocabulary import UNKNOWN

WORDS = st.lists(st.text(max_size=8), max_size=30)


@given(WORDS, st.booleans())
def test_words_of_train_come_back(words: list[str], lowercase: bool) -> None:
    vocabulary = Vocabulary.fit(Counter(words), lowercase=lowercase)
    numbers = vocabulary.encode(words)
    assert vocabulary.decode(numbers) == [word.lower() if lowercase else word for word in words]
    assert all(word in vocabulary for word in words)
    assert len(vocabulary) == len({word.lower() if lowercase else word for word in words}) + 1
    assert numbers.dtype == np.int64


@given(WORDS, WORDS, st.integers(1, 4))
def test_rare_and_new_words_are_unknown(train: list[str], other: list[str], min_count: int) -> None:
    counts = Counter(train)
    vocabulary = Vocabulary.fit(counts, min_count)
    for word, number in zip(train + other, vocabulary.encode(train + other), strict=True):
        assert (number == UNKNOWN) == (counts[word] < min_count) == (word not in vocabulary)


@given(WORDS, st.booleans())
def test_frequent_words_come_first_with_their_counts(words: list[str], lowercase: bool) -> None:
    vocabulary = Vocabulary.fit(Counter(words), lowercase=lowercase)
    counts = Counter(word.lower() for word in words) if lowercase else Counter(words)
    assert vocabulary.counts.tolist() == [0, *(counts[word] for word in vocabulary.words)]
    assert vocabulary.words == sorted(counts, key=lambda word: (-counts[word], word))


@given(WORDS, WORDS, st.booleans())
def test_a_saved_vocabulary_is_equal(words: list[str], other: list[str], lowercase: bool) -> None:
    vocabulary = Vocabulary.fit(Counter(words), lowercase=lowercase)
    again = Vocabulary.from_json(json.loads(json.dumps(vocabulary.to_json())))
    assert again.to_json() == vocabulary.to_json()
    assert again.encode(words + other).tolist() == vocabulary.encode(words + other).tolist()
    assert again.counts.tolist() == vocabulary.counts.tolist()


def test_the_order_of_the_corpus_does_not_matter() -> None:
    one, other = Counter(["b", "a", "b", "c", "a"]), Counter(["c", "a", "a", "b", "b"])
    assert Vocabulary.fit(one).words == Vocabulary.fit(other).words == ["a", "b", "c"]


def test_unknown_words_are_written_as_asked() -> None:
    assert Vocabulary.fit({"a": 1}).decode([0, 1]) == ["<unk>", "a"]
    assert Vocabulary.fit({"a": 1}).decode([0, 1], unknown="?") == ["?", "a"]

import json
from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.codecs import Characters
from seqnlp.codecs.characters import END, PADDING, SPECIAL, START, UNKNOWN

WORDS = st.lists(st.text(max_size=12), max_size=12)


@given(WORDS)
def test_words_of_train_come_back(words: list[str]) -> None:
    characters = Characters.fit(Counter(words))
    rows = characters.encode(words)
    assert len(rows) == len(words)
    for word, row in zip(words, rows, strict=True):
        assert (row[0], row[-1], len(row)) == (START, END, len(word) + 2)
        assert characters.decode(row) == word
    padded, _ = rows.pad(np.arange(len(words)))
    assert [characters.decode(row) for row in padded] == words


@given(WORDS, WORDS, st.integers(1, 3))
def test_rare_and_new_characters_are_unknown(train: list[str], other: list[str], min_count: int) -> None:
    characters = Characters.fit(Counter(train), min_count)
    counts = Counter("".join(train))
    for word, row in zip(train + other, characters.encode(train + other), strict=True):
        assert [number == UNKNOWN for number in row[1:-1]] == [counts[c] < min_count for c in word]
        assert characters.decode(row, "?") == "".join(c if counts[c] >= min_count else "?" for c in word)
    assert len(characters) == sum(count >= min_count for count in counts.values()) + SPECIAL


@given(st.text(min_size=1, max_size=40), st.integers(4, 12))
def test_long_words_keep_both_ends(word: str, longest: int) -> None:
    characters = Characters.fit({word: 1}, max_length=longest)
    (row,) = characters.encode([word])
    spelled = characters.decode(row)
    if len(word) <= longest:
        assert spelled == word
    else:
        assert spelled == word[: longest // 2] + word[-(longest // 2) :]
        assert len(row) <= longest + 2


@given(WORDS, WORDS)
def test_saved_characters_are_equal(words: list[str], other: list[str]) -> None:
    characters = Characters.fit(Counter(words), max_length=6)
    again = Characters.from_json(json.loads(json.dumps(characters.to_json())))
    assert again.to_json() == characters.to_json()
    both = words + other
    assert again.encode(both).values.tolist() == characters.encode(both).values.tolist()


def test_a_word_counts_as_often_as_it_occurs() -> None:
    assert Characters.fit({"ab": 2, "bc": 1}, min_count=2).characters == ["a", "b"]
    assert Characters.fit({"aa": 1, "b": 1}, min_count=2).characters == ["a"]


def test_padding_spells_nothing() -> None:
    assert Characters(["x"]).decode([START, SPECIAL, END, PADDING, PADDING]) == "x"

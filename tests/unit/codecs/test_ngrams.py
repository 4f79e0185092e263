import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.arrays import Ragged
from seqnlp.codecs import Column, NGrams
from seqnlp.codecs.ngrams import log_count_ratios

WORDS = st.text("abB", min_size=1, max_size=4)
TEXTS = st.lists(st.lists(WORDS, min_size=1, max_size=5), min_size=1, max_size=5)


def naive(text: list[str], words: int, chars: tuple[int, int] | None, lowercase: bool) -> Counter[str]:
    """Every n-gram of a text, found in the plainest way."""
    folded = [word.lower() if lowercase else word for word in text]
    found: Counter[str] = Counter()
    for word in folded:
        marked = "<" + word + ">"
        parts = {marked}
        for start in range(len(marked)):
            for end in range(start + 1, len(marked) + 1):
                if chars and chars[0] <= end - start <= chars[1]:
                    parts.add(marked[start:end])
        found.update(parts)
    for start in range(len(folded)):
        for end in range(start + 2, min(start + words, len(folded)) + 1):
            found[" ".join(folded[start:end])] += 1
    return found


def encoded(codec: NGrams, texts: list[list[str]]) -> list[Counter[str]]:
    """The n-grams of each text by name, as the codec has them."""
    column = Column.from_rows(texts)
    inside, phrases = codec.inside(column.distinct), codec.phrases(column)
    found = []
    for row in range(len(texts)):
        numbers = [number for code in column.codes[row] for number in inside[code]]
        numbers += [number for each in phrases.values() for number in each[row] if number]
        found.append(Counter(codec.grams[number - 1] for number in numbers))
    return found


@given(
    TEXTS, TEXTS, st.integers(1, 3), st.sampled_from([None, (1, 1), (2, 3), (2, 5)]), st.integers(1, 2), st.booleans()
)
def test_ngrams_are_those_of_a_plain_search(
    train: list[list[str]],
    texts: list[list[str]],
    words: int,
    chars: tuple[int, int] | None,
    least: int,
    lowercase: bool,
) -> None:
    codec = NGrams.fit(Column.from_rows(train), words, chars or [], least, lowercase)
    counts = sum((naive(text, words, chars, lowercase) for text in train), Counter[str]())
    assert set(codec.grams) == {gram for gram, count in counts.items() if count >= least}
    assert [counts[gram] for gram in codec.grams] == sorted((counts[gram] for gram in codec.grams), reverse=True)
    for text, found in zip(texts, encoded(codec, texts), strict=True):
        known = naive(text, words, chars, lowercase)
        assert found == Counter({gram: known[gram] for gram in known if gram in codec.grams})


def test_a_phrase_is_found_at_its_last_word_and_never_goes_from_text_to_text() -> None:
    texts = [["not", "at", "all"], ["not", "at"]]
    codec = NGrams.fit(Column.from_rows(texts), 3, [], 1, True)
    phrases = codec.phrases(Column.from_rows(texts))
    names = {
        length: [["-" if not number else codec.grams[number - 1] for number in each[row]] for row in range(2)]
        for length, each in phrases.items()
    }
    assert names == {2: [["-", "not at", "at all"], ["-", "not at"]], 3: [["-", "-", "not at all"], ["-", "-"]]}


def test_a_saved_codec_is_equal() -> None:
    column = Column.from_rows([["Un", "fair"], ["un", "kind"]])
    codec = NGrams.fit(column, 2, [2, 3], 1, True)
    again = NGrams.from_json(json.loads(json.dumps(codec.to_json())))
    assert again.to_json() == codec.to_json()
    assert again.inside(["unkind"]).values.tolist() == codec.inside(["unkind"]).values.tolist()
    assert len(again) == len(codec) == len(codec.grams) + 1


@given(TEXTS, st.data())
def test_log_ratios_are_those_of_the_paper(texts: list[list[str]], data: st.DataObject) -> None:
    """Equation r = log((p / |p|_1) / (q / |q|_1)) with p and q counts plus 1, over a dense matrix of counts."""
    gold = [data.draw(st.sets(st.integers(0, 2), max_size=3)) for _ in texts]
    codec = NGrams.fit(Column.from_rows(texts), 2, [2, 3], 1, True)
    matrix = np.array([[each[gram] for gram in codec.grams] for each in encoded(codec, texts)], float)
    labels = Ragged.from_rows([sorted(each) for each in gold])
    ratios = log_count_ratios(codec, Column.from_rows(texts), labels, 3)
    assert (ratios[0] == 0).all()
    for label in range(3):
        has = np.array([label in each for each in gold])
        p, q = 1 + matrix[has].sum(0), 1 + matrix[~has].sum(0)
        assert ratios[1:, label] == pytest.approx(np.log((p / p.sum()) / (q / q.sum())), abs=1e-5)

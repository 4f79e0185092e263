"""Texts as rows of numbered tokens: the same numbers as in running text, each line by itself."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.codecs import Column, RunningText, TokenizedText
from seqnlp.codecs.running_text import CharacterText, SubwordText, WordText
from seqnlp.codecs.text import IDS
from seqnlp.codecs.tokens import NumberedTokens, shown_pieces, tokenize
from seqnlp.errors import DataError, RunError

CORPUS = "A fine film, don't you think?\nZoë laughed and laughed.\n" * 20
CODECS: list[RunningText] = [CharacterText.fit([CORPUS]), WordText.fit([CORPUS]), SubwordText.fit([CORPUS], 300)]
TEXTS = st.lists(st.text("aefilmn Zoëx\n\r\u2028,'", max_size=12), max_size=5)


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: type(codec).__name__)
@given(texts=TEXTS)
def test_tokens_are_those_of_running_text(codec: RunningText, texts: list[str]) -> None:
    found = tokenize(texts, codec)
    assert len(found.codes) == len(texts)
    assert len(found.distinct) == len(codec)
    for row, text in enumerate(texts):
        lines = [codec.encode(line) for line in text.splitlines(keepends=True)]
        assert found.codes[row].tolist() == (np.concatenate(lines).tolist() if lines else [])
    ids = NumberedTokens(len(codec)).features(TokenizedText(found)).words[IDS]
    assert isinstance(ids, np.ndarray)
    assert ids.tolist() == list(range(len(codec)))


def test_tokens_are_shown_plainly() -> None:
    characters, words, subwords = CODECS
    assert shown_pieces(words, words.split("a fine film")) == ["a", "fine", "film"]
    assert shown_pieces(characters, characters.split("a f")) == ["a", "▁", "f"]
    assert "".join(shown_pieces(subwords, subwords.split("a fine film"))) == "a▁fine▁film"


def test_texts_by_another_vocabulary_are_refused() -> None:
    with pytest.raises(DataError, match="2 tokens in the vocabulary of a text; expected 3"):
        NumberedTokens(3).features(TokenizedText(Column.from_rows([["a", "b"]])))
    assert NumberedTokens.from_json(NumberedTokens(3).to_json()).tokens == 3
    with pytest.raises(RunError, match="tokens"):
        NumberedTokens.from_json({"tokens": 0})

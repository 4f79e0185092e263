import json
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.codecs import Tokenizer
from seqnlp.codecs.sentences import BEGIN, END, PADDING, UNKNOWN, Sentences, clean

TEXTS = ["Ein Mann fährt Rad , ja .", "Ein Hund läuft .", "Zwei Männer fahren", "Größe ist nicht alles !"] * 3
KINDS = ["characters", "words", "bpe", "unigram"]


@cache
def fitted(kind: str, at_blanks: bool = False, lowercase: bool = False) -> Sentences:
    subwords = {"kind": "subwords", "vocab_size": 320, "model": kind}
    tokenizer = Tokenizer.parse(subwords if kind in ("bpe", "unigram") else kind)
    return Sentences.fit(TEXTS, tokenizer, lowercase, at_blanks=at_blanks)


def spaced() -> st.SearchStrategy[str]:
    words = sorted({word for text in TEXTS for word in text.split()})
    return st.lists(st.sampled_from(words), max_size=9).map(" ".join)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("at_blanks", [False, True])
@given(text=spaced())
def test_known_text_comes_back(kind: str, at_blanks: bool, text: str) -> None:
    codec = fitted(kind, at_blanks)
    numbers = codec.encode([text])[0]
    assert codec.decode(numbers) == text
    assert not np.isin(numbers, [PADDING, BEGIN, END, UNKNOWN]).any()
    assert codec.join(codec.split(text)) == text
    assert len(codec.split(text)) == len(numbers)


@pytest.mark.parametrize("kind", ["bpe", "unigram"])
@given(text=st.text(st.characters(codec="utf-8"), max_size=30))
def test_subwords_spell_any_clean_text(kind: str, text: str) -> None:
    codec = fitted(kind)
    assert codec.decode(codec.encode([text])[0]) == clean(text)
    assert codec.unknown_in(text) == []


@given(st.text(max_size=30))
def test_clean_text_is_one_line_and_stays_as_it_is(text: str) -> None:
    cleaned = clean(text, lowercase=False)
    assert clean(cleaned) == cleaned
    assert cleaned.splitlines() in ([], [cleaned])
    assert "  " not in cleaned


def test_cleaning_brings_into_a_normal_form() -> None:
    assert clean(" A\u0301\t B\n", lowercase=True, form="nfc") == "á b"
    assert clean("n'est pas\u00a0?") == "n'est pas\u00a0?", "blanks that do not break lines stay"


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_codec_is_the_same(kind: str) -> None:
    codec = fitted(kind, at_blanks=True, lowercase=True)
    again = Sentences.from_json(json.loads(json.dumps(codec.to_json())))
    assert again.pieces == codec.pieces
    assert again.encode(["Ein Hund , ja ."]).values.tolist() == codec.encode(["ein hund , ja ."]).values.tolist()


@pytest.mark.parametrize("kind", ["words", "bpe"])
def test_the_first_word_is_the_same_token_as_later_ones(kind: str) -> None:
    first, second = fitted(kind).encode(["Hund Hund"])[0]
    assert first == second


def test_unseen_words_are_unknown() -> None:
    words, characters = fitted("words"), fitted("characters")
    assert words.encode(["Ein Elefant"])[0][1] == UNKNOWN
    assert words.unknown_in("Ein Elefant") == ["Elefant"]
    assert words.split("Ein Elefant") == [b" Ein", b" Elefant"]
    assert characters.unknown_in("日本") == ["日", "本"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("at_blanks", [False, True])
@given(text=spaced())
def test_tokens_know_the_word_that_they_belong_to(kind: str, at_blanks: bool, text: str) -> None:
    codec = fitted(kind, at_blanks)
    pieces = codec.split(text)
    words: dict[int, bytes] = {}
    for piece, word in zip(pieces, codec.words(pieces), strict=True):
        words[word] = words.get(word, b"") + piece
    assert [words[number].decode().strip(" ") for number in range(len(words))] == text.split()


def test_words_that_are_parted_already_are_not_split_again() -> None:
    assert len(fitted("words", at_blanks=True).split("a.b &apos;s")) == 2
    assert len(fitted("words").split("a.b &apos;s")) > 2
    both = Sentences.fit(["x &apos;s"] * 9, Tokenizer.parse({"kind": "subwords", "vocab_size": 300}), at_blanks=True)
    assert both.split("x &apos;s") == [b" x", b" &apos;s"]


def test_tokens_are_shown_without_bytes_that_are_no_text() -> None:
    assert fitted("words").shown([b" Ein", b",", b" Hund"]) == ["Ein", ",", "Hund"]
    assert fitted("bpe").shown([b" Ein", b"\xc3"]) == ["▁Ein", "\N{REPLACEMENT CHARACTER}"]


@pytest.mark.parametrize("kind", KINDS)
@given(text=spaced())
def test_a_sentence_is_spelled_by_its_numbers(kind: str, text: str) -> None:
    codec = fitted(kind)
    for each in (text, text + " naïve Œuvre"):
        assert codec.spelled(each, codec.encode([each])[0].tolist()) == codec.split(each)


def test_half_a_letter_is_left_out() -> None:
    whole = " Größe".encode()
    assert fitted("bpe").join([whole, " fä".encode()[:-1]]) == "Größe f"
    assert fitted("bpe").join([whole[:4], whole[5:]]) == "Grße"

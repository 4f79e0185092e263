import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.codecs import RunningText, Tokenizer
from seqnlp.codecs.running_text import UNKNOWN, CharacterText, SubwordText, WordText, text_decoder

PROSE = (Path(__file__).parents[3] / "corpora/prose/dev.txt").read_text(encoding="utf-8")
CODECS: dict[str, RunningText] = {
    "characters": CharacterText.fit([PROSE]),
    "words": WordText.fit([PROSE]),
    "subwords": SubwordText.fit([PROSE], 500),
}
EACH = pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)


@EACH
def test_nothing_of_the_text_is_lost(codec: RunningText) -> None:
    numbers = codec.encode(PROSE)
    assert codec.decode(numbers.tolist()) == PROSE
    assert UNKNOWN not in numbers
    assert numbers.max() < len(codec)
    assert codec.unknown_in(PROSE) == []


@EACH
def test_a_saved_codec_is_the_same(codec: RunningText) -> None:
    again = type(codec).from_json(codec.to_json())
    assert again.pieces == codec.pieces
    assert again.encode(PROSE[:500]).tolist() == codec.encode(PROSE[:500]).tolist()


@EACH
def test_chunks_that_end_with_lines_are_as_good_as_the_whole(codec: RunningText) -> None:
    parts = [codec.encode(line) for line in PROSE.splitlines(keepends=True)]
    assert np.concatenate(parts).tolist() == codec.encode(PROSE).tolist()


@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_any_text_comes_back_from_subwords_and_from_words_that_know_it(text: str) -> None:
    subwords = CODECS["subwords"]
    assert subwords.decode(subwords.encode(text).tolist()) == text
    words = WordText.fit([text])
    assert words.decode(words.encode(text).tolist()) == text


def test_a_character_spread_over_pieces_comes_with_the_last_of_them() -> None:
    codec, decoder = CODECS["subwords"], text_decoder()
    spelled = [decoder.decode(codec.pieces[number]) for number in codec.encode("☃")]
    assert spelled == ["", "", "☃"]


def test_unknown_characters_and_words() -> None:
    characters, words = CharacterText.fit(["abcabcab"], min_count=3), WordText.fit(["the cat the"], max_words=1)
    assert characters.characters == ["a", "b"]
    assert characters.encode("a☃cb").tolist() == [1, UNKNOWN, UNKNOWN, 2]
    assert characters.unknown_in("a☃c☃b") == ["☃", "c"]
    assert words.unknown_in("the dog dog") == ["the", "dog"]
    assert WordText.fit(["a a b"]).encode(" a b").tolist() == [1, 2]


def test_words_keep_marks_together() -> None:
    codec = WordText.fit(["<eos> don't stop-gap, N <unk>\n"])
    numbers = codec.encode("<eos> don't stop-gap, N <unk>\n")
    assert [codec.pieces[number] for number in numbers] == [
        b"<eos>",
        b" don't",
        b" stop-gap",
        b",",
        b" N",
        b" <unk>",
        b"\n",
    ]


def test_a_text_is_taken_to_begin_after_a_line_break() -> None:
    assert CharacterText(["a", "\n"]).start == 2
    assert CharacterText(["a"]).start == 1


def test_units_are_named_by_their_kind() -> None:
    tokenizer = Tokenizer.parse({"kind": "words", "min_count": 2})
    codec = tokenizer.fit(["a b a a"])
    assert len(codec) == 2
    assert tokenizer.restore(codec.to_json()).pieces == codec.pieces
    assert [Tokenizer.parse(kind).plural for kind in CODECS] == list(CODECS)


@pytest.mark.parametrize("blank", ["\t", " ", "\u00a0", "\r", "<", "<a", "'", "-"])
@pytest.mark.parametrize("end", ["x", " x", "\n", ""])
def test_runs_of_blanks_and_signs_take_no_squared_time(blank: str, end: str) -> None:
    codec = WordText.fit(["the table\n"])
    text = f"the table{blank * 100_000}{end}"
    begun = time.perf_counter()
    pieces = codec.split(text)
    codec.encode(text)
    assert time.perf_counter() - begun < 3
    assert b"".join(pieces).decode() == text

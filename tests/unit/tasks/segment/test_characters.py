"""Characters of a stream, and windows over them: where chunks are cut has no influence."""

import random
from itertools import pairwise

import numpy as np
import pytest

from seqnlp.tasks.segment.characters import (
    CATEGORIES,
    MARGIN,
    WINDOW,
    Characters,
    CharacterStream,
    categories,
    continues,
    lowered,
    paragraph_windows,
)

TEXT = " \n\nOne  two\u00a0three.\r\n\r\n \nfour\nfive\t\n \n\u0301x \U0001f469\u200d\U0001f469 end\n"


def fields(characters: Characters) -> list[list[object]]:
    return [getattr(characters, name).tolist() for name in ("codes", "offsets", "blank_after", "paragraph_end")]


def test_characters_of_a_text() -> None:
    found = Characters.of("Hi  you\nthere.\n \nBye")
    text = "Hi  you\nthere.\n \nBye"
    assert "".join(map(chr, found.codes.tolist())) == "Hiyouthere.Bye"
    assert "".join(text[place] for place in found.offsets.tolist()) == "Hiyouthere.Bye"
    assert np.flatnonzero(found.blank_after).tolist() == [1, 4, 10, 13]
    assert np.flatnonzero(found.paragraph_end).tolist() == [10, 13]


@pytest.mark.parametrize("seed", range(20))
def test_chunks_have_no_influence(seed: int) -> None:
    draw = random.Random(seed)
    cuts = sorted({0, len(TEXT), *draw.choices(range(len(TEXT)), k=draw.randrange(12))})
    stream, found = CharacterStream(), Characters.empty()
    for start, end in pairwise(cuts):
        found = found.joined(stream.feed(TEXT[start:end]))
    assert fields(found.joined(stream.end())) == fields(Characters.of(TEXT))


def test_text_without_characters() -> None:
    assert len(Characters.of("")) == len(Characters.of(" \n\n\t")) == 0


@pytest.mark.parametrize("length", [1, WINDOW, WINDOW + MARGIN, WINDOW + MARGIN + 1, 5 * WINDOW + 7])
def test_windows_label_every_character_once(length: int) -> None:
    windows = list(paragraph_windows(10, 10, 10 + length, is_whole=True))
    assert [place for each in windows for place in range(each.first, each.last)] == list(range(10, 10 + length))
    for each in windows:
        assert each.start == max(10, each.first - MARGIN)
        assert each.end == 10 + length or each.end == each.last + MARGIN


@pytest.mark.parametrize("length", [3 * WINDOW, 3 * WINDOW + MARGIN + 1])
def test_windows_of_a_paragraph_that_goes_on_are_those_of_the_whole(length: int) -> None:
    whole = list(paragraph_windows(0, 0, 10 * WINDOW, is_whole=True))
    begun = list(paragraph_windows(0, 0, length, is_whole=False))
    assert begun == whole[: len(begun)]
    assert list(paragraph_windows(0, begun[-1].last, 10 * WINDOW, is_whole=True)) == whole[len(begun) :]


def test_categories_and_case() -> None:
    codes = np.array([ord(each) for each in "Aa1. \U0001f469\u0130"], np.uint32)
    assert [CATEGORIES[number] for number in categories(codes)] == ["Lu", "Ll", "Nd", "Po", "Zs", "So", "Lu"]
    assert [chr(code) for code in lowered(codes).tolist()] == ["a", "a", "1", ".", " ", "\U0001f469", "\u0130"]


def test_no_token_ends_before_a_mark_or_beside_a_joiner() -> None:
    found = continues(Characters.of("e\u0301x e \u0301 \U0001f469\u200d\U0001f469"))
    assert found.tolist() == [True, False, False, False, False, True, True, False]

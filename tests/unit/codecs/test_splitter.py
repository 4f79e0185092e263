import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.codecs.splitter import split_words, words_of


@given(st.text())
def test_nothing_but_blanks_is_lost(text: str) -> None:
    spans = list(split_words(text))
    assert [text[start:end] for start, end in spans] == words_of(text)
    assert "".join(words_of(text)) == "".join(text.split())
    assert all(start < end for start, end in spans)
    assert spans == sorted(spans)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The cat sat.", ["The", "cat", "sat", "."]),
        ("I don't know, she's out!", ["I", "do", "n't", "know", ",", "she", "'s", "out", "!"]),
        ("It’s 10:30 on 1,234.5 days...", ["It", "’s", "10:30", "on", "1,234.5", "days", "..."]),
        ("Dr. Who of the U.S. left", ["Dr.", "Who", "of", "the", "U.S.", "left"]),
        (
            "See https://a.org/b?c=d, or write to x.y@z.org.",
            ["See", "https://a.org/b?c=d", ",", "or", "write", "to", "x.y@z.org", "."],
        ),
        ("Größe: 5 €; Привет, мир!", ["Größe", ":", "5", "€", ";", "Привет", ",", "мир", "!"]),
        ("", []),
        (" \t\n", []),
    ],
)
def test_words_and_signs_stand_alone(text: str, words: list[str]) -> None:
    assert words_of(text) == words


@pytest.mark.parametrize("piece", ["1+", "a-b.", "a", "n't", "http://.", "x@", "U.S.", "-", "'s", "é"])
def test_a_long_line_takes_no_squared_time(piece: str) -> None:
    begun = time.perf_counter()
    words_of(piece * 40_000)
    assert time.perf_counter() - begun < 2

import time
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.codecs.splitter import split_words, words_of

SCRIPTS = st.text(
    st.one_of(
        st.characters(codec="utf-8"),
        st.sampled_from("aeino AEI .,:;'’-+@/<>=!?\n019"),
        st.sampled_from("\u0301\u0302\u0323\u0338\u0307\u0345\u093c\u09be\u0bbe\u3099\u20e3"),  # marks that compose
        st.sampled_from("\u200d\u200c\ufe0f\u00ad\u200b\u2060\ufeff\u200f"),
        st.sampled_from("कितেোகொ한ᄒ\u1161\u11abがé\u0958\u212b\u2126\u1e9b\ufb1d"),
        st.sampled_from("😀👍🏽👩🇩🇪🏳⚕❤\U000e0067\U0001d165\U00011100"),
    )
)


@given(SCRIPTS)
def test_nothing_that_is_seen_is_lost(text: str) -> None:
    spans = list(split_words(text))
    assert [text[start:end] for start, end in spans] == words_of(text)
    assert all(start < end for start, end in spans)
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))
    rest = "".join(text[end:start] for (_, end), (start, _) in pairwise([(0, 0), *spans, (len(text), len(text))]))
    assert all(map(unseen, rest)), ascii(rest)
    assert not any(all(map(unseen, word)) for word in words_of(text))


def unseen(character: str) -> bool:
    """White space, controls, format characters, variation selectors and fillers."""
    hidden = unicodedata.category(character) in ("Cc", "Cf") and character not in "\u0600\u0601\u06dd"
    named = ("VARIATION SELECTOR", "FILLER", "GRAPHEME JOINER", "INHERENT")
    return character.isspace() or hidden or any(part in unicodedata.name(character, "") for part in named)


@given(SCRIPTS)
def test_composed_and_decomposed_text_have_the_same_words(text: str) -> None:
    forms = [[*map(in_nfc, words_of(unicodedata.normalize(form, text)))] for form in ("NFC", "NFD")]
    assert forms[0] == forms[1] == [*map(in_nfc, words_of(text))]


def in_nfc(word: str) -> str:
    return unicodedata.normalize("NFC", word)


@pytest.mark.parametrize(
    "words",
    [
        ["cafe\u0301", "nai\u0308f"],
        ["हिन्दी", "विकिपीडिया", "में"],
        ["தமிழ்", "কষ্ট", "ภาษาไทย", "مُحَمَّد", "שָׁלוֹם", "가각"],
        ["می\u200cخواهم", "ශ්\u200dරී", "co\u00adope\u00adrate", "葛\U000e0100"],
        [
            "👍🏽",
            "👩\u200d⚕\ufe0f",
            "👨\u200d👩\u200d👧\u200d👦",
            "🏳\ufe0f\u200d🌈",
            "❤\ufe0f",
            "1\ufe0f\u20e3",
            "#\ufe0f\u20e3",
        ],
        ["🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "🇩🇪"],
        ["E\u0301.T.", "x\u0302y", "n\u0303", "a\u0308@b.de", "http://x.y/e\u0301"],
    ],
)
def test_marks_joiners_and_emoji_belong_to_their_word(words: list[str]) -> None:
    text = " ".join(words)
    assert words_of(text) == words
    assert [text[start:end] for start, end in split_words(text)] == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("👍🏽👍🏿", ["👍🏽", "👍🏿"]),
        ("🇩🇪🇫🇷", ["🇩🇪", "🇫🇷"]),
        ("1\ufe0f\u20e32\ufe0f\u20e3", ["1\ufe0f\u20e3", "2\ufe0f\u20e3"]),
        ("a \u200b \u200d \ufe0f \u00ad \u3164 \x07 b", ["a", "b"]),
        ("\ufeffa\u200bb\u200f!", ["a", "b\u200f", "!"]),
        ("don't n\u0303't it's 's\u0307", ["do", "n't", "n\u0303", "'", "t", "it", "'s", "'", "s\u0307"]),
    ],
)
def test_invisible_characters_are_no_words(text: str, words: list[str]) -> None:
    assert words_of(text) == words


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


@pytest.mark.parametrize(
    "piece",
    [
        "1+",
        "a-b.",
        "a",
        "n't",
        "http://.",
        "x@",
        "U.S.",
        "-",
        "'s",
        "é",
        "e\u0301",
        "कि",
        "😀\u200d",
        "\u200d",
        "1\u0301.",
        "é@",
    ],
)
def test_a_long_line_takes_no_squared_time(piece: str) -> None:
    begun = time.perf_counter()
    words_of(piece * 40_000)
    assert time.perf_counter() - begun < 2

"""How much of a long text is looked at."""

from seqnlp.tui.panels.tokens import MAX_CHARACTERS, MAX_WORDS, beginning, left_out


def test_a_text_that_is_not_too_long_is_looked_at_whole() -> None:
    for text in ("", "  two\n words ", "word " * MAX_WORDS, "x" * MAX_CHARACTERS):
        assert beginning(text).strip() == text.strip()
        assert left_out(text) == ""


def test_of_more_words_the_first_are_looked_at_as_they_stand() -> None:
    text = "one,\n two  " * MAX_WORDS
    assert beginning(text) == ("one,\n two  " * (MAX_WORDS // 2)).rstrip()
    assert left_out(text) == "only the first 2,000 words are looked at"


def test_a_text_without_blanks_has_an_end_too() -> None:
    assert len(beginning("水" * 2 * MAX_CHARACTERS)) == MAX_CHARACTERS
    assert left_out("水" * 2 * MAX_CHARACTERS) == "only the first 20,000 characters are looked at"

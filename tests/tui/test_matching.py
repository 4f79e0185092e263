"""Filters: which items match, and in which order."""

import pytest

from seqnlp.tui.matching import best_matches

NAMES = ["word_lstm", "my-lstm", "LSTM", "lstm", "lstm_2", "lst_m", "alstmb", "gru"]


def found(query: str, names: list[str], other: str = "") -> list[str]:
    return best_matches(query, names, lambda name: (name, other))


def test_exact_then_prefix_then_word_start_then_substring() -> None:
    assert found("lstm", NAMES) == ["lstm", "LSTM", "lstm_2", "word_lstm", "my-lstm", "alstmb"]
    assert found("LSTM", NAMES)[:2] == ["LSTM", "lstm"]


def test_letters_in_order_count_where_nothing_better_is() -> None:
    assert found("wlm", NAMES) == ["word_lstm"]
    assert found("mtsl", NAMES) == []


@pytest.mark.parametrize(
    ("query", "first"),
    [("pos", "pos_gru"), ("upos", "ewt_upos"), ("gru", "pos_gru"), ("ewt up", "ewt_upos"), ("os", "ewt_upos")],
)
def test_the_first_one(query: str, first: str) -> None:
    assert found(query, ["ewt_upos", "pos_gru"])[0] == first


def test_names_come_before_what_is_said_about_them() -> None:
    about = {"first": "a lstm, for words", "my_lstm_run": "nothing", "other": "also lstm"}
    assert best_matches("lstm", about, lambda name: (name, about[name])) == ["my_lstm_run", "first", "other"]
    assert best_matches("lstm words", about, lambda name: (name, about[name])) == ["first"]


def test_a_name_of_several_words_is_exact_as_a_whole() -> None:
    assert found("my run", ["my run 2", "run my", "my run"])[0] == "my run"


def test_signs_of_patterns_and_accents_are_text() -> None:
    assert found("a.c", ["abc", "a.c"]) == ["a.c"]
    assert found("e\u0301te", ["\u00e9t\u00e9", "\u00c9te"]) == ["\u00c9te"]


def test_without_words_all_stay_as_they_are() -> None:
    assert found("  ", NAMES) == NAMES
